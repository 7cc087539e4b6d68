/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The outer tar of an image archive, taken apart by a confined child: its files land in a flat
 * temporary directory under numbers, their names and digests in a table. Names are data here, never
 * paths.
 */
#ifndef SP_IMAGE_OUTER_H
#define SP_IMAGE_OUTER_H

#include "base/arena.h"
#include "base/error.h"
#include "image/digest.h"

#define SP_OUTER_FILES_MAX 10000

struct sp_outer_file {
	const char *name;   /* as in the archive, "./" removed */
	const char *target; /* symbolic or hard link to this name; NULL a file */
	char number[12];    /* file name in the directory */
	char digest[SP_DIGEST_SIZE];
	uint64_t size;
};

struct sp_outer {
	struct sp_outer_file *v;
	uint32_t n;
};

/** sp_outer_unpack() - @dir_fd: empty directory. @fd: tar, plain or compressed. Table in @a */
int sp_outer_unpack(struct sp_arena *a, int dir_fd, int fd, struct sp_outer *ret,
		    struct sp_error *err);

/** sp_outer_find() - By name, links followed within the table (a bounded number of times). Return:
 * NULL absent */
const struct sp_outer_file *sp_outer_find(const struct sp_outer *o, const char *name);

#endif
