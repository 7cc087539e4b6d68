/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading the archive of a layer: what each entry is about, before anything is done for it. No
 * files but the archive are touched here (image/unpack.h does that).
 * Source: OCI image-spec v1.1, layer.md ("Whiteouts", "Opaque Whiteout").
 */
#ifndef SP_IMAGE_LAYER_H
#define SP_IMAGE_LAYER_H

#include "base/error.h"
#include "image/digest.h"

#include <archive.h>
#include <archive_entry.h>

#define SP_ENTRY_PATH_MAX 4096

enum sp_entry_kind {
	SP_ENTRY_FILE,     /* a file, directory, link, pipe … to be written */
	SP_ENTRY_WHITEOUT, /* hides @path of the layers below */
	SP_ENTRY_OPAQUE,   /* hides all that the layers below have in @path, "" is the root */
	SP_ENTRY_DEVICE,   /* is not made */
	SP_ENTRY_NOTE,     /* of an old union file system: nothing to do */
};

struct sp_entry {
	enum sp_entry_kind kind;
	char path[SP_ENTRY_PATH_MAX];   /* relative, without "." and ".."; "" is the layer's root */
	bool hard_link;                 /* to @target */
	char target[SP_ENTRY_PATH_MAX]; /* like @path, never the root */
};

/** sp_entry_judge() - What @e is about. Return: 0; -1 it leaves the image, or makes no sense */
int sp_entry_judge(struct archive_entry *e, struct sp_entry *ret, struct sp_error *err);

/* An archive under way; zero at first. */
struct sp_layer_reader {
	struct archive *tar, *raw;
	struct sp_sha256 *hash;
	unsigned char *block;
};

/** sp_layer_open() - @fd: tar, plain or compressed, read from its current offset on; kept. To be
 * ended by sp_layer_close(), also after a failure */
int sp_layer_open(struct sp_layer_reader *r, int fd, struct sp_error *err);

/** sp_layer_next() - *ret is valid until the next call. Return: 1, 0 there is none, -1 */
int sp_layer_next(struct sp_layer_reader *r, struct archive_entry **ret, struct sp_error *err);

/** sp_layer_data() - Next piece of the entry's content. Return: 1, 0 that was all, -1 */
int sp_layer_data(struct sp_layer_reader *r, const char *path, const void **ret, size_t *size,
		  int64_t *offset, struct sp_error *err);

/** sp_layer_digest() - After the last entry: the digest of the uncompressed bytes */
int sp_layer_digest(struct sp_layer_reader *r, char ret[static SP_DIGEST_SIZE],
		    struct sp_error *err);

void sp_layer_close(struct sp_layer_reader *r);

/** sp_archive_fail() - libarchive's code says where the fault lies: the disk's errno, or the
 * archive. Return: -1 */
int sp_archive_fail(struct archive *a, struct sp_error *err, const char *what, const char *path);

#endif
