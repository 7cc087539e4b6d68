/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs the readers of foreign archives in a child that can hurt nobody: the target directory is its
 * root, it has no network, few capabilities, bounded memory and descriptors, and it ends with us.
 * A path, link or name in an archive cannot reach anything outside, because for that process there
 * is no outside.
 */
#ifndef SP_IMAGE_CONFINE_H
#define SP_IMAGE_CONFINE_H

#include "base/error.h"

/* What the child does. Writes its result to @out_fd. Return: 0, or -1 and *err */
typedef int (*sp_confined_fn)(void *arg, int out_fd, struct sp_error *err);

struct sp_confine {
	int root_fd;       /* directory that becomes "/" of the child */
	int in_fd;         /* kept open in the child; -EBADF none */
	sp_confined_fn fn; /* runs in the child */
	void *arg;
	/* called in the parent with each piece the child wrote to out_fd; may be NULL. Return: 0 or
	 * -1 to stop */
	int (*on_output)(void *arg, const char *bytes, size_t n, struct sp_error *err);
	uint64_t memory_bytes; /* address space limit; 0: 1 GiB */
};

/** sp_confine_run() - Fork, confine, run, wait. Return: 0, or -1 with the child's error */
int sp_confine_run(const struct sp_confine *c, struct sp_error *err);

#endif
