/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/replace.h"

#include "sys/fd.h"

#include <fcntl.h>
#include <libgen.h>
#include <sys/stat.h>

/* A file without a name goes with this process; not every file system has them. */
static int open_beside(struct sp_replace *r, mode_t mode, struct sp_error *err)
{
	r->fd = openat(r->dir_fd, ".", O_WRONLY | O_TMPFILE | O_CLOEXEC, mode);
	if (r->fd >= 0)
		return 0;
	(void)snprintf(r->beside, sizeof(r->beside), ".sidepod-%d", (int)getpid()); /* fits */
	r->fd = openat(r->dir_fd, r->beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	if (r->fd >= 0)
		return 0;
	r->beside[0] = '\0';
	return sp_fail_errno(err, errno, "create '%s'", r->path);
}

int sp_replace_open(const char *path, mode_t mode, struct sp_replace *ret, struct sp_error *err)
{
	char mem[PATH_MAX];
	struct stat st;

	*ret = (struct sp_replace){.fd = -EBADF, .dir_fd = -EBADF, .path = path};
	if (strlen(path) >= sizeof(mem))
		return sp_fail(err, SP_E_INVALID, "'%s' is too long", path);
	ret->direct = lstat(path, &st) == 0 && !S_ISREG(st.st_mode);
	if (ret->direct) {
		ret->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
		return ret->fd < 0 ? sp_fail_errno(err, errno, "open '%s'", path) : 0;
	}
	memcpy(mem, path, strlen(path) + 1);
	ret->dir_fd = open(dirname(mem), O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (ret->dir_fd < 0)
		return sp_fail_errno(err, errno, "create '%s'", path);
	if (open_beside(ret, mode, err) == 0)
		return 0;
	sp_replace_done(ret);
	return -1;
}

int sp_replace_commit(struct sp_replace *r, struct sp_error *err)
{
	char mem[PATH_MAX], link[64];

	if (!r->direct) {
		memcpy(mem, r->path, strlen(r->path) + 1); /* checked above */
		if (!r->beside[0]) {
			(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", r->fd);
			(void)snprintf(r->beside, sizeof(r->beside), ".sidepod-%d", (int)getpid());
			if (linkat(AT_FDCWD, link, r->dir_fd, r->beside, AT_SYMLINK_FOLLOW) < 0) {
				r->beside[0] = '\0';
				return sp_fail_errno(err, errno, "create '%s'", r->path);
			}
		}
		if (renameat(r->dir_fd, r->beside, r->dir_fd, basename(mem)) < 0)
			return sp_fail_errno(err, errno, "create '%s'", r->path);
		r->beside[0] = '\0';
	}
	if (close(r->fd) < 0) { /* a file system that reports late */
		r->fd = -EBADF;
		return sp_fail_errno(err, errno, "write '%s'", r->path);
	}
	r->fd = -EBADF;
	return 0;
}

void sp_replace_done(struct sp_replace *r)
{
	if (r->beside[0])
		(void)unlinkat(r->dir_fd, r->beside, 0); /* nothing more can be done about it */
	r->beside[0] = '\0';
	r->fd = sp_close(r->fd);
	r->dir_fd = sp_close(r->dir_fd);
}
