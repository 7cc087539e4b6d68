/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/tail.h"

#include "sys/fd.h"

#include <fcntl.h>

struct sp_tail sp_tail_init(size_t max_line)
{
	return (struct sp_tail){.fd = -EBADF, .max = max_line};
}

void sp_tail_done(struct sp_tail *t)
{
	t->fd = sp_close(t->fd);
	sp_buf_done(&t->rest);
	t->at = 0;
}

int sp_tail_open(struct sp_tail *t, const char *path, struct sp_error *err)
{
	if (t->fd >= 0)
		return 1;
	t->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (t->fd < 0)
		return errno == ENOENT ? 0 : sp_fail_errno(err, errno, "open '%s'", path);
	return 1;
}

int sp_tail_line(struct sp_tail *t, struct sp_str *ret, struct sp_error *err)
{
	for (;;) {
		const char *from = t->rest.ptr + t->at;
		size_t have = t->rest.len - t->at;
		const char *nl = have ? memchr(from, '\n', have) : NULL;
		char mem[16384];
		ssize_t n;

		if (nl || have >= t->max) {
			size_t len = nl ? (size_t)(nl - from) : have;

			*ret = (struct sp_str){from, len};
			t->at += len + (nl != NULL);
			return 1;
		}
		if (t->fd < 0)
			return 0;
		/* forget what was handed out before reading on */
		if (t->at) {
			memmove(t->rest.ptr, from, have);
			t->rest.len = have;
			t->at = 0;
		}
		n = read(t->fd, mem, sizeof(mem));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return sp_fail_errno(err, errno, "read");
		if (n == 0)
			return 0;
		sp_buf_add(&t->rest, mem, (size_t)n);
		if (t->rest.failed)
			return sp_fail(err, SP_E_NO_MEMORY, "read");
	}
}
