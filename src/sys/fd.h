/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptors as locals: they start at -EBADF and close themselves. */
#ifndef SP_SYS_FD_H
#define SP_SYS_FD_H

#include "base/base.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

/** sp_close() - Close when open; errno is kept. Return: -EBADF, so that `fd = sp_close(fd)` reads
 * well */
static inline int sp_close(int fd)
{
	int saved = errno;

	if (fd >= 0)
		(void)close(
			fd); /* nothing to be done about it: the descriptor is gone either way */
	errno = saved;
	return -EBADF;
}

static inline void sp_closep(int *fd)
{
	*fd = sp_close(*fd);
}

/* SP_CLEANUP(sp_fclosep) FILE *f */
static inline void sp_fclosep(FILE **f)
{
	if (*f)
		(void)fclose(*f); /* read-only streams, or checked by the owner before */
	*f = NULL;
}

#endif
