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

/** sp_write_all() - Write @n bytes, however many calls it takes. Return: 0 or -errno */
static inline int sp_write_all(int fd, const void *bytes, size_t n)
{
	const char *p = bytes;

	while (n > 0) {
		ssize_t k = write(fd, p, n);

		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0)
			return -errno;
		p += k;
		n -= (size_t)k;
	}
	return 0;
}

/** sp_read_all() - Up to @n bytes or the end, however many calls it takes. Return: how many, -errno
 */
static inline ssize_t sp_read_all(int fd, void *bytes, size_t n)
{
	size_t have = 0;

	while (have < n) {
		ssize_t k = read(fd, (char *)bytes + have, n - have);

		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0)
			return -errno;
		if (k == 0)
			break;
		have += (size_t)k;
	}
	return (ssize_t)have;
}

#endif
