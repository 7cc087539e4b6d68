/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of a file that somebody else is still writing. */
#ifndef SP_CLI_TAIL_H
#define SP_CLI_TAIL_H

#include "base/buf.h"
#include "base/error.h"

struct sp_tail {
	int fd;             /* -EBADF until the file is there */
	struct sp_buf rest; /* read, not yet handed out */
	size_t at;          /* of it */
	size_t max;         /* longest line; a longer one is cut into pieces */
};

struct sp_tail sp_tail_init(size_t max_line);
void sp_tail_done(struct sp_tail *t);

/** sp_tail_open() - @path may be missing yet. Return: 1 open, 0 not there, -1 */
int sp_tail_open(struct sp_tail *t, const char *path, struct sp_error *err);

/**
 * sp_tail_line() - The next complete line, without its newline
 * @ret: borrowed until the next call
 *
 * Return: 1 a line, 0 nothing more for now, -1.
 */
int sp_tail_line(struct sp_tail *t, struct sp_str *ret, struct sp_error *err);

#endif
