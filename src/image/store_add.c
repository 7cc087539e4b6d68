/* SPDX-License-Identifier: Apache-2.0 */
/* Into the store: blobs checked by digest, layers unpacked once, names last. */
#include "image/store_internal.h"

#include "image/manifest.h"
#include "image/unpack.h"
#include "sys/fd.h"
#include "sys/sys.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#define COPY_BYTES (256 * 1024)

static int64_t wall_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * SP_SEC + t.tv_nsec;
}

/* A file of our own in tmp/, locked while we live. */
static int tmp_file(struct sp_image_store *s, char name[static SP_STORE_NAME], struct sp_error *err)
{
	static unsigned count;
	int fd;

	(void)snprintf(name, SP_STORE_NAME, "b-%d-%u", (int)getpid(), count++);
	fd = openat(s->tmp_fd, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return sp_fail_errno(err, errno, "image store: make a temporary file");
	(void)flock(fd, LOCK_EX); /* nobody else knows the name yet */
	return fd;
}

/* ---- blobs ---- */

static int finish_blob(struct sp_image_store *s, int fd, const char *tmp, const char *digest,
		       struct sp_error *err)
{
	if (fsync(fd) < 0)
		return sp_fail_errno(err, errno, "blob %s", digest);
	if (renameat(s->tmp_fd, tmp, s->blobs_fd, sp_hex_of(digest)) < 0)
		return sp_fail_errno(err, errno, "blob %s", digest);
	return 0;
}

static int copy_hashed(int from, int to, struct sp_sha256 *hash, uint64_t *size,
		       struct sp_error *err)
{
	char *block = malloc(COPY_BYTES);
	int r = 0;

	if (!block)
		return sp_fail(err, SP_E_NO_MEMORY, "copy blob");
	for (;;) {
		ssize_t n = read(from, block, COPY_BYTES);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			r = sp_fail_errno(err, errno, "read");
		if (n <= 0)
			break;
		sp_sha256_add(hash, block, (size_t)n);
		*size += (uint64_t)n;
		r = sp_write_all(to, block, (size_t)n);
		if (r < 0) {
			r = sp_fail_errno(err, -r, "write to the image store");
			break;
		}
	}
	free(block);
	return r;
}

int sp_image_store_put(struct sp_image_store *s, int fd, const char *want_digest, int64_t want_size,
		       char digest[static SP_DIGEST_SIZE], uint64_t *size, struct sp_error *err)
{
	SP_CLEANUP(sp_sha256_freep) struct sp_sha256 *hash = sp_sha256_new();
	SP_CLEANUP(sp_closep) int out = -EBADF;
	char tmp[SP_STORE_NAME];
	uint64_t n = 0;
	int r = -1;

	if (!hash)
		return sp_fail(err, SP_E_NO_MEMORY, "image store");
	out = tmp_file(s, tmp, err);
	if (out < 0)
		return -1;
	if (copy_hashed(fd, out, hash, &n, err) < 0)
		goto out;
	sp_sha256_text(hash, digest);
	if (want_size >= 0 && n != (uint64_t)want_size) {
		(void)sp_fail(err, SP_E_CORRUPT, "blob has %llu bytes, its descriptor says %lld",
			      (unsigned long long)n, (long long)want_size);
		goto out;
	}
	if (want_digest && !sp_streq(want_digest, digest)) {
		(void)sp_fail(err, SP_E_CORRUPT, "content is %s, not %s", digest, want_digest);
		goto out;
	}
	r = finish_blob(s, out, tmp, digest, err);
	if (r == 0 && size)
		*size = n;
out:
	if (r < 0)
		(void)unlinkat(s->tmp_fd, tmp, 0); /* swept later when this fails */
	return r;
}

int sp_image_store_put_bytes(struct sp_image_store *s, const void *bytes, size_t n,
			     char digest[static SP_DIGEST_SIZE], struct sp_error *err)
{
	SP_CLEANUP(sp_closep) int out = -EBADF;
	char tmp[SP_STORE_NAME];
	int r;

	if (sp_sha256_bytes(bytes, n, digest) < 0)
		return sp_fail(err, SP_E_NO_MEMORY, "image store");
	if (sp_image_store_has_blob(s, digest))
		return 0;
	out = tmp_file(s, tmp, err);
	if (out < 0)
		return -1;
	r = sp_write_all(out, bytes, n);
	if (r < 0)
		r = sp_fail_errno(err, -r, "write to the image store");
	else
		r = finish_blob(s, out, tmp, digest, err);
	if (r < 0)
		(void)unlinkat(s->tmp_fd, tmp, 0); /* swept later when this fails */
	return r;
}

int sp_image_store_adopt(struct sp_image_store *s, int dir_fd, const char *name, const char *digest,
			 struct sp_error *err)
{
	SP_CLEANUP(sp_closep) int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0 || fsync(fd) < 0)
		return sp_fail_errno(err, errno, "blob %s", digest);
	if (linkat(dir_fd, name, s->blobs_fd, sp_hex_of(digest), 0) < 0 && errno != EEXIST)
		return sp_fail_errno(err, errno, "blob %s", digest);
	return 0;
}

char *sp_image_store_read_checked(const struct sp_image_store *s, struct sp_arena *a,
				  const char *digest, size_t max, size_t *len, struct sp_error *err)
{
	char *p = sp_image_store_read_blob(s, a, digest, max, len, err);
	char have[SP_DIGEST_SIZE];

	if (p && (sp_sha256_bytes(p, *len, have) < 0 || !sp_streq(have, digest))) {
		(void)sp_fail(err, SP_E_CORRUPT,
			      "blob %s is damaged; remove the image and get it again", digest);
		return NULL;
	}
	return p;
}

/* ---- layers ---- */

static int unpack_into(struct sp_image_store *s, const char *blob, const char *diff_id,
		       const char *tmp, struct sp_error *err)
{
	SP_CLEANUP(sp_closep) int dir = -EBADF, fd = -EBADF;

	if (mkdirat(s->tmp_fd, tmp, 0755) < 0)
		return sp_fail_errno(err, errno, "layer %s", diff_id);
	dir = openat(s->tmp_fd, tmp, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (dir < 0)
		return sp_fail_errno(err, errno, "layer %s", diff_id);
	(void)flock(dir, LOCK_EX); /* keeps sp_image_store_sweep() of others away */
	fd = sp_image_store_open_blob(s, blob, err);
	if (fd < 0 || sp_layer_unpack(dir, fd, diff_id, NULL, NULL, err) < 0)
		return sp_wrap(err, "layer %s", blob);
	/* one flush of the file system; a flush per file would take many times as long */
	if (syncfs(dir) < 0)
		return sp_fail_errno(err, errno, "layer %s", diff_id);
	/* an unmarked directory is the work of somebody who died before marking it */
	if (sys_remove_tree(s->layers_fd, sp_hex_of(diff_id)) < 0 ||
	    renameat(s->tmp_fd, tmp, s->layers_fd, sp_hex_of(diff_id)) < 0)
		return sp_fail_errno(err, errno, "layer %s", diff_id);
	return 0;
}

static int unpack_layer(struct sp_image_store *s, const char *blob, const char *diff_id,
			struct sp_error *err)
{
	SP_CLEANUP(sp_closep) int lock = -EBADF, ok_fd = -EBADF;
	char tmp[SP_STORE_NAME], ok[SP_STORE_NAME];

	if (sp_store_layer_complete(s, diff_id))
		return 0;
	lock = openat(s->locks_fd, sp_hex_of(diff_id), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (lock < 0)
		return sp_fail_errno(err, errno, "layer %s: lock", diff_id);
	while (flock(lock, LOCK_EX) < 0)
		if (errno != EINTR)
			return sp_fail_errno(err, errno, "layer %s: lock", diff_id);
	if (sp_store_layer_complete(s, diff_id)) /* another process did it while we waited */
		return 0;
	(void)snprintf(tmp, sizeof(tmp), "l-%d-%.16s", (int)getpid(), sp_hex_of(diff_id));
	if (unpack_into(s, blob, diff_id, tmp, err) < 0) {
		(void)sys_remove_tree(s->tmp_fd, tmp); /* swept later when this fails */
		return -1;
	}
	sp_store_layer_mark(diff_id, ok);
	ok_fd = openat(s->layers_fd, ok, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (ok_fd < 0 || fsync(s->layers_fd) < 0)
		return sp_fail_errno(err, errno, "layer %s", diff_id);
	return 0;
}

/* ---- names ---- */

static int write_ref(struct sp_image_store *s, const char *ref, const char *manifest,
		     const char *config, uint64_t size, struct sp_error *err)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf b = {0};
	SP_CLEANUP(sp_closep) int fd = -EBADF;
	char name[SP_STORE_NAME], tmp[SP_STORE_NAME];
	int r;

	sp_store_ref_file(ref, name);
	sp_buf_puts(&b, "{\"ref\":");
	sp_buf_json(&b, ref);
	sp_buf_printf(
		&b, ",\"digest\":\"%s\",\"id\":\"%s\",\"sizeBytes\":%llu,\"loadedWallNs\":%lld}\n",
		manifest, config, (unsigned long long)size, (long long)wall_now());
	if (b.failed)
		return sp_fail(err, SP_E_NO_MEMORY, "image store");
	fd = tmp_file(s, tmp, err);
	if (fd < 0)
		return -1;
	r = sp_write_all(fd, b.ptr, b.len);
	if (r == 0 && (fsync(fd) < 0 || renameat(s->tmp_fd, tmp, s->refs_fd, name) < 0 ||
		       fsync(s->refs_fd) < 0))
		r = -errno;
	if (r < 0) {
		(void)unlinkat(s->tmp_fd, tmp, 0); /* swept later when this fails */
		return sp_fail_errno(err, -r, "image store: write the name '%s'", ref);
	}
	return 0;
}

int sp_image_store_commit(struct sp_image_store *s, const char *manifest, const char *const *refs,
			  uint32_t n_refs, sp_image_progress_fn progress, void *arg,
			  struct sp_error *err)
{
	SP_CLEANUP(sp_arena_done) struct sp_arena a = {0};
	struct sp_image_config config;
	struct sp_manifest_doc doc;
	uint64_t size = 0;
	size_t len;
	char *json;

	json = sp_image_store_read_checked(s, &a, manifest, SP_MANIFEST_MAX_BYTES, &len, err);
	if (!json || sp_manifest_doc_parse(&a, json, len, &doc, err) < 0)
		return -1;
	if (doc.kind != SP_DOC_MANIFEST)
		return sp_fail(err, SP_E_INTERNAL, "%s is an index, not an image", manifest);
	size += len;
	json = sp_image_store_read_checked(s, &a, doc.config.digest, SP_CONFIG_MAX_BYTES, &len,
					   err);
	if (!json || sp_image_config_parse(&a, json, len, &config, err) < 0)
		return -1;
	size += len;
	if (config.n_diff_ids != doc.n_layers)
		return sp_fail(err, SP_E_CORRUPT,
			       "manifest has %u layers, the image configuration %u", doc.n_layers,
			       config.n_diff_ids);
	if (config.os && !sp_streq(config.os, "linux"))
		return sp_fail(err, SP_E_UNSUPPORTED, "the image is made for %s, not for linux",
			       config.os);
	if (config.arch && !sp_streq(config.arch, sp_platform_arch()))
		return sp_fail(err, SP_E_UNSUPPORTED,
			       "the image is made for %s, this machine is %s", config.arch,
			       sp_platform_arch());
	for (uint32_t i = 0; i < doc.n_layers; i++) {
		size += (uint64_t)doc.layers[i].size;
		if (progress)
			progress(arg, doc.layers[i].digest, i + 1, doc.n_layers);
		if (unpack_layer(s, doc.layers[i].digest, config.diff_ids[i], err) < 0)
			return -1;
	}
	for (uint32_t i = 0; i < n_refs; i++)
		if (write_ref(s, refs[i], manifest, doc.config.digest, size, err) < 0)
			return -1;
	return 0;
}
