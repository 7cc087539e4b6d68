/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The image store: blobs by digest, unpacked layers by diff ID, names.
 *
 *   <images>/blobs/sha256/<hex>      manifests, configs, layers as received
 *   <images>/layers/<hex>/           an unpacked layer, ready for overlayfs; locked by who uses it
 *   <images>/layers/<hex>.ok         it is complete and on disk
 *   <images>/partial/<hex>           a blob being downloaded, or to be continued (src/registry)
 *   <images>/refs/<name>-<hash>.json one file per name
 *   <images>/tmp/, locks/, lock      work in progress; `lock` is held shared by users, exclusively
 * by prune
 *
 * A name is written last, after everything it leads to is on disk: whatever is killed when, an
 * image is there completely or not at all. Several processes may work at once; a layer is unpacked
 * once.
 */
#ifndef SP_IMAGE_STORE_H
#define SP_IMAGE_STORE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "image/digest.h"
#include "image/image.h"

#define SP_MANIFEST_MAX_BYTES (4u * 1024 * 1024)
#define SP_CONFIG_MAX_BYTES   (8u * 1024 * 1024)
#define SP_LAYERS_MAX         500 /* of one image; what overlayfs stacks */

struct sp_image_store {
	char *dir; /* absolute path of <images> */
	int dir_fd, blobs_fd, layers_fd, refs_fd, tmp_fd, locks_fd;
	int lock_fd; /* <images>/lock, held shared */
};

/** sp_image_store_open() - @dir is made when it does not exist */
int sp_image_store_open(const char *dir, struct sp_image_store **ret, struct sp_error *err);
struct sp_image_store *sp_image_store_close(struct sp_image_store *s);
static inline void sp_image_store_closep(struct sp_image_store **s)
{
	*s = sp_image_store_close(*s);
}

/**
 * sp_image_store_get() - The image of a name, a digest or an id
 * @err: SP_E_NOT_FOUND when it is not there, SP_E_INVALID for a bad reference, SP_E_CORRUPT
 */
int sp_image_store_get(struct sp_image_store *s, struct sp_arena *a, const char *ref,
		       struct sp_image *ret, struct sp_error *err);

struct sp_image_info {
	const char *ref, *digest, *id;
	uint64_t size_bytes; /* of the blobs */
	int64_t loaded_wall_ns;
};
/** sp_image_store_list() - All names, sorted */
int sp_image_store_list(struct sp_image_store *s, struct sp_arena *a, struct sp_image_info **ret,
			uint32_t *n, struct sp_error *err);

/** sp_image_store_has_blob() - Is it there? What is there was checked when it was put there */
bool sp_image_store_has_blob(const struct sp_image_store *s, const char *digest);
/** sp_image_store_open_blob() - Return: descriptor or -1 */
int sp_image_store_open_blob(const struct sp_image_store *s, const char *digest,
			     struct sp_error *err);
/** sp_image_store_read_blob() - A small one, whole, into the arena, NUL-terminated. Its digest is
 * not looked at again: sp_image_store_read_checked() does that. Return: NULL with *err:
 * SP_E_CORRUPT when it is over @max bytes */
char *sp_image_store_read_blob(const struct sp_image_store *s, struct sp_arena *a,
			       const char *digest, size_t max, size_t *len, struct sp_error *err);

/** sp_image_store_remove() - Forget a name; the bytes go with sp_image_store_prune() */
int sp_image_store_remove(struct sp_image_store *s, const char *ref, struct sp_error *err);

/** sp_image_store_sweep() - Remove the unfinished work of processes that died */
void sp_image_store_sweep(struct sp_image_store *s);

/* ---- adding and pruning: for sidepod-worker, which has the libraries for it ---- */

/**
 * sp_image_store_prune() - Remove blobs and layers that no name leads to and no pod uses,
 * and what interrupted downloads left
 * @freed_bytes:  of blobs
 * @kept_in_use:  layers that stay for pods alone
 * @err:          SP_E_UNAVAILABLE when somebody else has the store open
 *
 * A pod uses a layer while its supervisor holds a shared lock (flock) on the layer's directory.
 */
int sp_image_store_prune(struct sp_image_store *s, uint64_t *freed_bytes, uint32_t *kept_in_use,
			 struct sp_error *err);

/** sp_image_store_read_checked() - Like sp_image_store_read_blob(); SP_E_CORRUPT when the digest is
 * not its content's */
char *sp_image_store_read_checked(const struct sp_image_store *s, struct sp_arena *a,
				  const char *digest, size_t max, size_t *len,
				  struct sp_error *err);

/**
 * sp_image_store_put() - Copy bytes from @fd into the store
 * @want_digest, @want_size: checked when not NULL / not negative; SP_E_CORRUPT on a mismatch,
 * nothing stays
 */
int sp_image_store_put(struct sp_image_store *s, int fd, const char *want_digest, int64_t want_size,
		       char digest[static SP_DIGEST_SIZE], uint64_t *size, struct sp_error *err);
/** sp_image_store_put_bytes() - The same for a block in memory; @digest receives its digest */
int sp_image_store_put_bytes(struct sp_image_store *s, const void *bytes, size_t n,
			     char digest[static SP_DIGEST_SIZE], struct sp_error *err);
/** sp_image_store_adopt() - A file of ours, already hashed, becomes a blob by a link; no copy */
int sp_image_store_adopt(struct sp_image_store *s, int dir_fd, const char *name, const char *digest,
			 struct sp_error *err);

/* Told while an image is committed: layer k of n is being unpacked. May be NULL. */
typedef void (*sp_image_progress_fn)(void *arg, const char *digest, uint32_t k, uint32_t n);

/**
 * sp_image_store_commit() - All blobs of a manifest are there: unpack its layers, then write the
 * names
 * @manifest: digest of an image manifest (not of an index)
 * @refs: normalised names
 */
int sp_image_store_commit(struct sp_image_store *s, const char *manifest, const char *const *refs,
			  uint32_t n_refs, sp_image_progress_fn progress, void *arg,
			  struct sp_error *err);

#endif
