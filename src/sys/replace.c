/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/replace.h"

#include "sys/fd.h"

#include <dirent.h>
#include <fcntl.h>
#include <libgen.h>
#include <sys/file.h>
#include <sys/stat.h>

#define BESIDE ".sidepod-" /* then a process id */

/* What nobody writes any more: a killed process's locks are gone. */
void sp_replace_sweep(int dir_fd)
{
	int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;

	if (!d)
		sp_close(fd);
	while (d && (e = readdir(d)) != NULL) {
		SP_CLEANUP(sp_closep) int file_fd = -EBADF;

		if (strncmp(e->d_name, BESIDE, strlen(BESIDE)) != 0)
			continue;
		file_fd = openat(dir_fd, e->d_name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
		if (file_fd >= 0 && flock(file_fd, LOCK_EX | LOCK_NB) == 0)
			(void)unlinkat(dir_fd, e->d_name, 0); /* it may stay, it is only litter */
	}
	if (d)
		(void)closedir(d); /* was read only */
}

/* A file without a name goes with this process; not every file system has them. */
static int open_beside(struct sp_replace *r, mode_t mode, struct sp_error *err)
{
	r->fd = openat(r->dir_fd, ".", O_WRONLY | O_TMPFILE | O_CLOEXEC, mode);
	if (r->fd < 0) {
		sp_replace_sweep(r->dir_fd); /* process ids come again */
		(void)snprintf(r->beside, sizeof(r->beside), BESIDE "%d", (int)getpid()); /* fits */
		r->fd = openat(r->dir_fd, r->beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	}
	if (r->fd >= 0) {
		(void)flock(r->fd, LOCK_EX | LOCK_NB); /* where there are no locks, none is found */
		return 0;
	}
	r->beside[0] = '\0';
	return sp_fail_errno(err, errno, "create '%s'", r->path);
}

/* Give the file without a name this one, when it is free. Return: 0, -errno */
static int name_it(const struct sp_replace *r, const char *name)
{
	char link[64];

	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", r->fd); /* fits */
	return linkat(AT_FDCWD, link, r->dir_fd, name, AT_SYMLINK_FOLLOW) < 0 ? -errno : 0;
}

/* In one step where nothing was before. */
static int put_in_place(struct sp_replace *r, const char *name)
{
	int ret;

	if (!r->beside[0]) {
		ret = name_it(r, name);
		if (ret != -EEXIST)
			return ret;
		sp_replace_sweep(r->dir_fd);
		(void)snprintf(r->beside, sizeof(r->beside), BESIDE "%d", (int)getpid()); /* fits */
		ret = name_it(r, r->beside);
		if (ret < 0) {
			r->beside[0] = '\0';
			return ret;
		}
	}
	if (renameat(r->dir_fd, r->beside, r->dir_fd, name) < 0)
		return -errno;
	r->beside[0] = '\0';
	return 0;
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
	char mem[PATH_MAX];
	int ret;

	if (!r->direct) {
		memcpy(mem, r->path, strlen(r->path) + 1); /* checked above */
		ret = put_in_place(r, basename(mem));
		if (ret < 0)
			return sp_fail_errno(err, -ret, "create '%s'", r->path);
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
