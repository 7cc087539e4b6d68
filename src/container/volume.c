/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Volumes on the machine's side, and what of them a container sees. Volumes of the pod live below
 * <pod_dir>/volumes/<name>; memory-backed ones are mounted there, in the supervisor's mount
 * namespace, and vanish with it.
 */
#include "base/text.h"
#include "container/path.h"
#include "container/sandbox_internal.h"
#include "sys/fd.h"
#include "sys/sys.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#define VOLUME_NAME_MAX 253
#define DATA_LINK       "..data"
#define DATA_LINK_NEW   "..data_tmp"

/* The file modes that fsGroup adds: kubelet's read-only mask for content volumes. */
#define FS_GROUP_FILE 0440
#define FS_GROUP_DIR  (S_ISGID | 0550)

static bool name_ok(const char *name)
{
	return name[0] && name[0] != '.' && strlen(name) <= VOLUME_NAME_MAX && !strchr(name, '/');
}

/* A file system in memory for a volume. */
struct medium {
	int64_t page_bytes; /* of huge pages; 0: tmpfs */
	int64_t size_bytes; /* most that goes into it; -1 no limit */
};

static int mount_medium(const struct medium *m, const char *path)
{
	const char *fs = m->page_bytes ? "hugetlbfs" : "tmpfs";
	char data[96];
	struct sp_buf b = sp_buf_fixed(data, sizeof(data));

	sp_buf_puts(&b, "mode=0777");
	if (m->page_bytes)
		sp_buf_printf(&b, ",pagesize=%lld", (long long)m->page_bytes);
	if (m->size_bytes >= 0)
		sp_buf_printf(&b, ",size=%lld", (long long)m->size_bytes);
	return sys_mount(fs, path, fs, MS_NOSUID | MS_NODEV, data);
}

/* <pod_dir>/volumes/<name>, made when missing; @medium, unless NULL, is mounted on it once. */
static int open_volume_dir(struct sp_sandbox *s, const char *name, const struct medium *medium,
			   mode_t mode, int64_t fs_group, struct sp_error *err)
{
	SP_CLEANUP(sp_closep) int fd = -EBADF;
	char path[4096];
	struct stat st, parent;
	mode_t old;
	int r;

	if (!name_ok(name))
		return sp_fail(err, SP_E_INVALID, "volume name '%s' is not usable", name);
	old = umask(0);
	r = mkdirat(s->volume_fd, name, mode) < 0 ? -errno : 0;
	(void)umask(old);
	if (r < 0 && r != -EEXIST)
		return sp_fail_errno(err, -r, "make volume '%s'", name);
	fd = openat(s->volume_fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0 || fstat(s->volume_fd, &parent) < 0)
		return sp_fail_errno(err, errno, "open volume '%s'", name);
	if (medium && st.st_dev == parent.st_dev) {
		if ((size_t)snprintf(path, sizeof(path), "%s/volumes/%s", s->p->pod_dir, name) >=
		    sizeof(path))
			return sp_fail(err, SP_E_INVALID, "'%s' is too long", s->p->pod_dir);
		r = mount_medium(medium, path);
		if (r < 0)
			return sp_fail_errno(err, -r, "mount volume '%s'", name);
		fd = sp_close(fd);
		fd = openat(s->volume_fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (fd < 0)
			return sp_fail_errno(err, errno, "open volume '%s'", name);
	}
	if (fs_group >= 0 && !s->p->rootless) {
		/* by descriptor: containers may already be using it */
		(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		if (chown(path, (uid_t)-1, (gid_t)fs_group) < 0 || chmod(path, mode | S_ISGID) < 0)
			return sp_fail_errno(err, errno, "give volume '%s' to group %lld", name,
					     (long long)fs_group);
	}
	return sp_take_fd(&fd);
}

int sp_volume_empty_dir(struct sp_sandbox *s, const char *name, bool memory,
			int64_t size_limit_bytes, int64_t fs_group, struct sp_volume *ret,
			struct sp_error *err)
{
	const struct medium tmpfs = {.size_bytes = size_limit_bytes};
	int fd = open_volume_dir(s, name, memory ? &tmpfs : NULL, 0777, fs_group, err);

	if (fd < 0)
		return -1;
	*ret = (struct sp_volume){.name = name, .fd = fd, .memory = memory, .mode = 0777};
	return 0;
}

int sp_volume_huge_pages(struct sp_sandbox *s, const char *name, int64_t page_bytes,
			 int64_t size_limit_bytes, int64_t fs_group, struct sp_volume *ret,
			 struct sp_error *err)
{
	const struct medium huge = {.page_bytes = page_bytes, .size_bytes = size_limit_bytes};
	int fd = open_volume_dir(s, name, &huge, 0777, fs_group, err);

	if (fd < 0)
		return -1;
	*ret = (struct sp_volume){.name = name, .fd = fd, .memory = true, .mode = 0777};
	return 0;
}

/* ---- hostPath ---------------------------------------------------------------------------------
 */

static const struct {
	const char *type, *expected;
	mode_t fmt; /* 0: anything */
} host_types[] = {
	{"", "", 0},
	{"Directory", "a directory", S_IFDIR},
	{"DirectoryOrCreate", "a directory", S_IFDIR},
	{"File", "a file", S_IFREG},
	{"FileOrCreate", "a file", S_IFREG},
	{"Socket", "a socket", S_IFSOCK},
	{"CharDevice", "a character device", S_IFCHR},
	{"BlockDevice", "a block device", S_IFBLK},
};

/* Return: 0 or -errno; an existing thing of whatever kind is left for the check. */
static int create_host_path(const char *path, const char *type)
{
	mode_t old = umask(0);
	int r = 0, fd;

	if (sp_streq(type, "DirectoryOrCreate")) {
		fd = sp_path_ensure(AT_FDCWD, path, SP_PATH_DIR, 0755, RESOLVE_IN_ROOT);
		r = fd < 0 ? fd : (sp_close(fd), 0);
	} else if (sp_streq(type, "FileOrCreate")) {
		fd = open(path, O_CREAT | O_EXCL | O_WRONLY | O_NOCTTY | O_CLOEXEC, 0644);
		r = fd < 0 ? (errno == EEXIST ? 0 : -errno) : (sp_close(fd), 0);
	}
	(void)umask(old);
	return r;
}

int sp_volume_host_path(struct sp_sandbox *s, const char *name, const char *path, const char *type,
			struct sp_volume *ret, struct sp_error *err)
{
	SP_CLEANUP(sp_closep) int fd = -EBADF;
	struct stat st = {0};
	size_t k = 0;
	bool host;
	int r;

	while (k < SP_ARRAY_LEN(host_types) && !sp_streq(host_types[k].type, type))
		k++;
	if (k == SP_ARRAY_LEN(host_types))
		return sp_fail(err, SP_E_INVALID, "hostPath type '%s' is not known", type);
	if (path[0] != '/')
		return sp_fail(err, SP_E_INVALID, "hostPath '%s' is not absolute", path);
	host = sp_host_enter(s);
	/* entering changed root and cwd to the machine's "/" */
	if (chdir("/") < 0)
		r = -errno;
	else
		r = create_host_path(path, type);
	if (r >= 0) {
		fd = open(path, O_PATH | O_CLOEXEC);
		r = fd < 0 || fstat(fd, &st) < 0 ? -errno : 0;
	}
	/* upstream's type "" is served by the container runtime, which makes a directory */
	if (r == -ENOENT && !type[0]) {
		r = create_host_path(path, "DirectoryOrCreate");
		if (r >= 0) {
			fd = open(path, O_PATH | O_CLOEXEC);
			r = fd < 0 || fstat(fd, &st) < 0 ? -errno : 0;
		}
	}
	if (host)
		sp_sandbox_return(s);
	if (r < 0)
		return sp_fail_errno(err, -r, "volume '%s': hostPath '%s'", name, path);
	if (host_types[k].fmt && (st.st_mode & S_IFMT) != host_types[k].fmt)
		return sp_fail(err, SP_E_INVALID, "hostPath type check failed: %s is not %s", path,
			       host_types[k].expected);
	*ret = (struct sp_volume){
		.name = name, .fd = sp_take_fd(&fd), .mode = st.st_mode & 0777, .host = host};
	return 0;
}

/* ---- files, written atomically -----------------------------------------------------------------
 */

static bool path_ok(const char *path)
{
	size_t n;

	if (!path[0] || path[0] == '/' || strncmp(path, "..", 2) == 0)
		return false;
	for (const char *s = path; *s; s += n + (s[n] == '/')) {
		n = strcspn(s, "/");
		if (n == 0 || (n == 2 && memcmp(s, "..", 2) == 0) || (n == 1 && s[0] == '.'))
			return false;
	}
	return true;
}

/* Write one file, with its directories, into the new content directory. */
static int write_file(int dir_fd, const struct sp_volume_file *f, int64_t gid, struct sp_error *err)
{
	SP_CLEANUP(sp_closep) int parent = -EBADF;
	SP_CLEANUP(sp_closep) int fd = -EBADF;
	const char *base = strrchr(f->path, '/');
	char dir[4096];
	size_t done = 0;
	ssize_t n;

	if (!path_ok(f->path) || strlen(f->path) >= sizeof(dir))
		return sp_fail(err, SP_E_INVALID, "file name '%s' is not usable", f->path);
	memcpy(dir, f->path, base ? (size_t)(base - f->path) : 0);
	dir[base ? (size_t)(base - f->path) : 0] = '\0';
	parent = sp_path_ensure(dir_fd, dir, SP_PATH_DIR, 0755, RESOLVE_BENEATH);
	if (parent < 0)
		return sp_fail_errno(err, -parent, "make directory of '%s'", f->path);
	fd = openat(parent, base ? base + 1 : f->path,
		    O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return sp_fail_errno(err, errno, "make '%s'", f->path);
	while (done < f->len) {
		n = write(fd, f->data + done, f->len - done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return sp_fail_errno(err, errno, "write '%s'", f->path);
		done += (size_t)n;
	}
	if ((gid >= 0 && fchown(fd, (uid_t)-1, (gid_t)gid) < 0) ||
	    fchmod(fd, f->mode | (gid >= 0 ? FS_GROUP_FILE : 0)) < 0)
		return sp_fail_errno(err, errno, "set owner and mode of '%s'", f->path);
	return 0;
}

/* Give the directories of the new content to fsGroup. */
static int own_dirs(int dir_fd, gid_t gid)
{
	SP_CLEANUP(sp_closep) int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct dirent *e;
	int r = 0, sub;
	DIR *d;

	if (fd < 0 || fchown(fd, (uid_t)-1, gid) < 0 || fchmod(fd, 0755 | FS_GROUP_DIR) < 0)
		return -errno;
	d = fdopendir(fd);
	if (!d)
		return -errno;
	(void)sp_take_fd(&fd); /* closedir closes it */
	while (r >= 0 && (e = readdir(d)))
		if (e->d_type == DT_DIR && !sp_streq(e->d_name, ".") &&
		    !sp_streq(e->d_name, "..")) {
			sub = openat(dirfd(d), e->d_name, O_PATH | O_DIRECTORY | O_CLOEXEC);
			r = sub < 0 ? -errno : own_dirs(sub, gid);
			(void)sp_close(sub);
		}
	(void)closedir(d); /* read-only */
	return r;
}

/* The first path element of each file is a link into ..data; others are left from older content. */
static int link_names(int dir_fd, const struct sp_volume_file *files, uint32_t n,
		      struct sp_error *err)
{
	char name[256], target[sizeof(name) + sizeof(DATA_LINK) + 1];
	struct dirent *e;
	size_t len;
	DIR *d;
	int fd;

	for (uint32_t i = 0; i < n; i++) {
		len = strcspn(files[i].path, "/");
		if (len >= sizeof(name))
			return sp_fail(err, SP_E_INVALID, "file name '%s' is too long",
				       files[i].path);
		memcpy(name, files[i].path, len);
		name[len] = '\0';
		(void)snprintf(target, sizeof(target), DATA_LINK "/%s", name);
		if (symlinkat(target, dir_fd, name) < 0 && errno != EEXIST)
			return sp_fail_errno(err, errno, "link '%s'", name);
	}
	fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	d = fd >= 0 ? fdopendir(fd) : NULL;
	if (!d) {
		int saved = errno;

		(void)sp_close(fd);
		return sp_fail_errno(err, saved, "read volume");
	}
	while ((e = readdir(d))) {
		bool used = strncmp(e->d_name, "..", 2) == 0 || sp_streq(e->d_name, ".");

		for (uint32_t i = 0; !used && i < n; i++) {
			len = strcspn(files[i].path, "/");
			used = strlen(e->d_name) == len &&
			       memcmp(e->d_name, files[i].path, len) == 0;
		}
		if (!used) /* a link to nothing, at worst */
			(void)unlinkat(dir_fd, e->d_name, 0);
	}
	(void)closedir(d); /* read-only */
	return 0;
}

int sp_volume_files(struct sp_sandbox *s, const char *name, bool secret,
		    const struct sp_volume_file *files, uint32_t n_files, int64_t fs_group,
		    struct sp_volume *ret, struct sp_error *err)
{
	SP_CLEANUP(sp_closep) int fd = -EBADF;
	SP_CLEANUP(sp_closep) int content = -EBADF;
	char old[32], next[32];
	const struct medium tmpfs = {.size_bytes = -1};
	int64_t gid = s->p->rootless ? -1 : fs_group, version = 0;
	ssize_t n;
	int r;

	fd = open_volume_dir(s, name, secret ? &tmpfs : NULL, 0777, gid, err);
	if (fd < 0)
		return -1;
	/* "..<n>": content directories are numbered, so names never come twice */
	n = readlinkat(fd, DATA_LINK, old, sizeof(old) - 1);
	old[n > 0 ? n : 0] = '\0';
	if (n > 2 && sp_parse_i64(old + 2, 0, INT64_MAX - 1, &version) == 0)
		version++;
	(void)snprintf(next, sizeof(next), "..%lld", (long long)version);
	r = sys_remove_tree(fd, next); /* of an update that failed in the middle */
	if (r >= 0)
		r = mkdirat(fd, next, 0755) < 0 ? -errno : 0;
	if (r < 0)
		return sp_fail_errno(err, -r, "volume '%s': make '%s'", name, next);
	content = openat(fd, next, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (content < 0)
		return sp_fail_errno(err, errno, "volume '%s': open '%s'", name, next);
	for (uint32_t i = 0; i < n_files; i++)
		if (write_file(content, &files[i], gid, err) < 0)
			goto failed;
	r = gid >= 0 ? own_dirs(content, (gid_t)gid) : 0;
	if (r >= 0)
		r = unlinkat(fd, DATA_LINK_NEW, 0) < 0 && errno != ENOENT ? -errno : 0;
	if (r >= 0)
		r = symlinkat(next, fd, DATA_LINK_NEW) < 0 ? -errno : 0;
	if (r >= 0)
		r = renameat(fd, DATA_LINK_NEW, fd, DATA_LINK) < 0 ? -errno : 0;
	if (r < 0) {
		(void)sp_fail_errno(err, -r, "switch to the new content");
		goto failed;
	}
	if (link_names(fd, files, n_files, err) < 0)
		return sp_wrap(err, "volume '%s'", name);
	if (old[0] && !strchr(old, '/'))
		(void)sys_remove_tree(fd, old); /* nobody resolves to it any more */
	*ret = (struct sp_volume){.name = name,
				  .fd = sp_take_fd(&fd),
				  .read_only = true,
				  .memory = secret,
				  .mode = 0755};
	return 0;
failed:
	(void)sys_remove_tree(fd, next); /* the error is told already */
	return sp_wrap(err, "volume '%s'", name);
}

/* ---- what a container sees --------------------------------------------------------------------
 */

static int open_source(const struct sp_ctr_mount *m)
{
	int fd = m->volume ? m->volume->fd : m->source_fd;
	mode_t old;

	if (!m->sub_path || !m->sub_path[0]) {
		fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
		return fd < 0 ? -errno : fd;
	}
	old = umask(0);
	/* links in the volume are followed as long as they stay in it; absolute ones leave it */
	fd = sp_path_ensure(fd, m->sub_path, SP_PATH_DIR, m->volume ? m->volume->mode : 0755,
			    RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS);
	(void)umask(old);
	return fd;
}

static int clone_tree(const struct sp_ctr_mount *m, int source, bool nodev)
{
	static const uint64_t propagation[] = {
		[SP_PROPAGATE_NONE] = MS_PRIVATE,
		[SP_PROPAGATE_FROM_HOST] = MS_SLAVE,
		[SP_PROPAGATE_BOTH] = MS_SHARED,
	};
	bool ro = m->read_only || (m->volume && m->volume->read_only), all = m->recursive_read_only;
	SP_CLEANUP(sp_closep) int tree = -EBADF;
	uint64_t attrs = nodev ? MOUNT_ATTR_NODEV : 0;
	int r;

	tree = sys_open_tree(source, "", OPEN_TREE_CLONE | AT_EMPTY_PATH | AT_RECURSIVE);
	if (tree < 0)
		return tree;
	r = sys_mount_setattr(tree, "", AT_EMPTY_PATH | AT_RECURSIVE,
			      attrs | (ro && all ? MOUNT_ATTR_RDONLY : 0), 0,
			      propagation[m->propagation]);
	if (r >= 0 && ro && !all)
		r = sys_mount_setattr(tree, "", AT_EMPTY_PATH, MOUNT_ATTR_RDONLY, 0, 0);
	return r < 0 ? r : sp_take_fd(&tree);
}

int sp_volume_tree(const struct sp_sandbox *s, const struct sp_ctr_mount *m, bool nodev,
		   mode_t *ret_mode, struct sp_error *err)
{
	SP_CLEANUP(sp_closep) int source = -EBADF;
	bool host = m->volume && m->volume->host && sp_host_enter(s);
	struct stat st;
	int r;

	source = open_source(m);
	r = source < 0 ? source : (fstat(source, &st) < 0 ? -errno : 0);
	if (r >= 0)
		r = clone_tree(m, source, nodev);
	if (host)
		sp_sandbox_return(s);
	if (r == -EXDEV && m->sub_path && m->sub_path[0])
		return sp_fail(err, SP_E_INVALID, "mount '%s': subPath '%s' leaves the volume",
			       m->target, m->sub_path);
	if (r < 0)
		return sp_fail_errno(err, -r, "mount '%s'%s%s", m->target,
				     m->sub_path ? ": subPath " : "",
				     m->sub_path ? m->sub_path : "");
	*ret_mode = st.st_mode & S_IFMT;
	return r;
}
