/* SPDX-License-Identifier: Apache-2.0 */
/* A file that appears whole or not at all, in the place of what was there. */
#ifndef SP_SYS_REPLACE_H
#define SP_SYS_REPLACE_H

#include "base/error.h"

#include <limits.h>
#include <sys/types.h>

struct sp_replace {
	int fd; /* to be written */
	int dir_fd;
	const char *path;          /* kept */
	char beside[NAME_MAX + 1]; /* where it waits; "" it has no name yet */
	bool direct;               /* a device or a pipe cannot be replaced: written in place */
};

/**
 * sp_replace_open() - Begin to write @path
 * @path: kept; it is looked at when the whole is there
 * @mode: of the new file, less the umask
 *
 * What is not a regular file (a pipe, a terminal, a symbolic link) is written in place.
 */
int sp_replace_open(const char *path, mode_t mode, struct sp_replace *ret, struct sp_error *err);
/** sp_replace_commit() - All is written: give it its name */
int sp_replace_commit(struct sp_replace *r, struct sp_error *err);
/** sp_replace_done() - Close; what was not committed is gone, and what was there before stays */
void sp_replace_done(struct sp_replace *r);
/** sp_replace_sweep() - Remove from a directory what processes left that were killed while they
 * wrote there */
void sp_replace_sweep(int dir_fd);

#endif
