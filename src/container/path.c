/* SPDX-License-Identifier: Apache-2.0 */
#include "container/path.h"

#include "sys/fd.h"
#include "sys/sys.h"

#include <limits.h>

static int make_file(int dir_fd, const char *name, mode_t mode)
{
	int fd = openat(dir_fd, name, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, mode);

	if (fd < 0)
		return -errno;
	(void)sp_close(fd);
	return 0;
}

int sp_path_ensure(int root_fd, const char *path, enum sp_path_kind kind, mode_t mode,
		   uint64_t resolve)
{
	char prefix[PATH_MAX];
	SP_CLEANUP(sp_closep) int parent = -EBADF;
	size_t n, from, to;
	int fd, r;

	while (*path == '/')
		path++;
	fd = sys_openat2(root_fd, *path ? path : ".", O_PATH, 0, resolve);
	if (fd != -ENOENT)
		return fd;
	n = strlen(path);
	if (n >= sizeof(prefix))
		return -ENAMETOOLONG;
	while (n && path[n - 1] == '/')
		n--;
	parent = sys_openat2(root_fd, ".", O_PATH | O_DIRECTORY, 0, resolve);
	if (parent < 0)
		return parent;
	for (from = 0; from < n; from = to) {
		while (path[from] == '/')
			from++;
		for (to = from; to < n && path[to] != '/';)
			to++;
		memcpy(prefix, path, to);
		prefix[to] = '\0';
		fd = sys_openat2(root_fd, prefix, O_PATH, 0, resolve);
		if (fd == -ENOENT) {
			r = to == n && kind == SP_PATH_FILE
				    ? make_file(parent, prefix + from, mode)
				    : (mkdirat(parent, prefix + from, mode) < 0 ? -errno : 0);
			/* somebody else made it meanwhile, or a symlink points nowhere: the open
			 * tells */
			if (r < 0 && r != -EEXIST)
				return r;
			fd = sys_openat2(root_fd, prefix, O_PATH, 0, resolve);
		}
		if (fd < 0)
			return fd;
		(void)sp_close(parent);
		parent = fd;
	}
	return sp_take_fd(&parent);
}
