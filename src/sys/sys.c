/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/sys.h"

#include "sys/fd.h"

#include <dirent.h>
#include <limits.h>
#include <linux/filter.h>
#include <linux/keyctl.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>

#define DEPTH_MAX  64 /* directories that are open at a time */
#define MOVE_TRIES 1000

#define PAUSE_FIRST_NS (int64_t)50000
#define PAUSE_MAX_NS   (int64_t)20000000

static long ret_of(long r)
{
	return r < 0 ? -errno : r;
}

pid_t sys_clone3(struct clone_args *args)
{
	return (pid_t)ret_of(syscall(SYS_clone3, args, sizeof(*args)));
}

int sys_pidfd_open(pid_t pid, unsigned flags)
{
	return (int)ret_of(syscall(SYS_pidfd_open, pid, flags));
}

int sys_pidfd_send_signal(int pidfd, int sig)
{
	return (int)ret_of(syscall(SYS_pidfd_send_signal, pidfd, sig, NULL, 0));
}

int sys_waitid(int idtype, id_t id, siginfo_t *ret, int options)
{
	return (int)ret_of(syscall(SYS_waitid, idtype, id, ret, options, NULL));
}

int sys_openat2(int dir_fd, const char *path, uint64_t flags, mode_t mode, uint64_t resolve)
{
	struct open_how how = {
		.flags = flags | O_CLOEXEC, .mode = flags & O_CREAT ? mode : 0, .resolve = resolve};

	return (int)ret_of(syscall(SYS_openat2, dir_fd, path, &how, sizeof(how)));
}

int sys_open_tree(int dir_fd, const char *path, unsigned flags)
{
	return (int)ret_of(syscall(SYS_open_tree, dir_fd, path, flags | O_CLOEXEC));
}

int sys_move_mount(int from_fd, const char *from, int to_fd, const char *to, unsigned flags)
{
	return (int)ret_of(syscall(SYS_move_mount, from_fd, from, to_fd, to, flags));
}

int sys_fsopen(const char *fs)
{
	return (int)ret_of(syscall(SYS_fsopen, fs, FSOPEN_CLOEXEC));
}

int sys_fsconfig(int fd, unsigned cmd, const char *key, const void *value, int aux)
{
	return (int)ret_of(syscall(SYS_fsconfig, fd, cmd, key, value, aux));
}

int sys_fsmount(int fd, unsigned attrs)
{
	return (int)ret_of(syscall(SYS_fsmount, fd, FSMOUNT_CLOEXEC, attrs));
}

int sys_mount_setattr(int dir_fd, const char *path, unsigned flags, uint64_t attr_set,
		      uint64_t attr_clr, uint64_t propagation)
{
	struct mount_attr attr = {
		.attr_set = attr_set, .attr_clr = attr_clr, .propagation = propagation};

	return (int)ret_of(syscall(SYS_mount_setattr, dir_fd, path, flags, &attr, sizeof(attr)));
}

int sys_mount(const char *source, const char *target, const char *fs, unsigned long flags,
	      const char *data)
{
	return (int)ret_of(mount(source, target, fs, flags, data));
}

int sys_pivot_root(const char *new_root, const char *put_old)
{
	return (int)ret_of(syscall(SYS_pivot_root, new_root, put_old));
}

int sys_setns(int fd, int flags)
{
	return (int)ret_of(syscall(SYS_setns, fd, flags));
}

int sys_unshare(int flags)
{
	return (int)ret_of(syscall(SYS_unshare, flags));
}

int sys_close_range(unsigned first, unsigned last, unsigned flags)
{
	return (int)ret_of(syscall(SYS_close_range, first, last, flags));
}

int sys_bpf(int cmd, void *attr, size_t size)
{
	return (int)ret_of(syscall(SYS_bpf, cmd, attr, size));
}

int sys_seccomp_filter(const void *filter, uint16_t n, uint32_t flags)
{
	/* the kernel only reads the program */
	struct sock_fprog prog = {.len = n, .filter = (struct sock_filter *)(uintptr_t)filter};

	return (int)ret_of(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &prog));
}

int sys_default_signal(int sig)
{
	/* struct sigaction of the kernel: all zero is SIG_DFL without flags and mask */
	const uint64_t none[4] = {0};

	return (int)ret_of(syscall(SYS_rt_sigaction, sig, none, NULL, sizeof(uint64_t)));
}

int sys_join_new_keyring(void)
{
	return (int)ret_of(syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL));
}

int sys_write_file(int dir_fd, const char *path, const char *text)
{
	int fd = openat(dir_fd, path, O_WRONLY | O_CLOEXEC | O_NOCTTY), r = 0;
	size_t n = strlen(text);
	ssize_t done;

	if (fd < 0)
		return -errno;
	do
		done = write(fd, text, n);
	while (done < 0 && errno == EINTR);
	if (done < 0)
		r = -errno;
	else if ((size_t)done != n)
		r = -EIO;
	(void)sp_close(fd); /* files of the kernel report at write */
	return r;
}

ssize_t sys_read_file(int dir_fd, const char *path, char *buf, size_t size)
{
	int fd = openat(dir_fd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	size_t have = 0;
	ssize_t n = 1;

	if (fd < 0)
		return -errno;
	while (have < size - 1 && n != 0) {
		n = read(fd, buf + have, size - 1 - have);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			n = -errno;
			(void)sp_close(fd);
			return n;
		}
		have += (size_t)n;
	}
	(void)sp_close(fd);
	buf[have] = '\0';
	return (ssize_t)have;
}

/* One removal. What lies deeper than the descriptors of a process reach is moved up first. */
struct removal {
	int top_fd;     /* the directory that is being removed; while it is gone through */
	unsigned moved; /* into it, in this round; also makes their names differ */
};

static int remove_entry(struct removal *t, int dir_fd, const char *name, int depth);

static int open_below(int dir_fd, const char *name)
{
	return sys_openat2(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0,
			   RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS);
}

static int remove_listed(struct removal *t, int dir_fd, const struct dirent *e, int depth)
{
	int r = -EISDIR;

	if (e->d_type != DT_DIR)
		r = unlinkat(dir_fd, e->d_name, 0) < 0 ? -errno : 0;
	/* also on file systems that do not tell types */
	return r == -EISDIR ? remove_entry(t, dir_fd, e->d_name, depth + 1) : r;
}

static int remove_below(struct removal *t, int dir_fd, int depth)
{
	int r = 0, k;
	DIR *d = fdopendir(dir_fd);
	struct dirent *e;

	if (!d) {
		r = -errno;
		(void)sp_close(dir_fd);
		return r;
	}
	while ((e = readdir(d))) {
		if (sp_streq(e->d_name, ".") || sp_streq(e->d_name, ".."))
			continue;
		k = remove_listed(t, dirfd(d), e, depth);
		/* a container, or an image, may have denied it to its owner */
		if (k == -EACCES && fchmod(dirfd(d), 0700) == 0)
			k = remove_listed(t, dirfd(d), e, depth);
		if (k < 0 && k != -ENOENT && r == 0)
			r = k;
	}
	(void)closedir(d); /* read-only */
	return r;
}

/* Take it out of the depth; the next round finds it. Return: 0, -errno */
static int move_up(struct removal *t, int dir_fd, const char *name)
{
	char fresh[32];
	int r = -1;

	for (int i = 0; i < MOVE_TRIES && r < 0; i++) {
		(void)snprintf(fresh, sizeof(fresh), ".sidepod-%u", t->moved++); /* fits */
		r = renameat(dir_fd, name, t->top_fd, fresh);
		/* moving it changes what is in it, its ".." */
		if (r < 0 && errno == EACCES && fchmodat(dir_fd, name, 0700, 0) == 0)
			continue;
		if (r < 0 && errno != ENOTEMPTY && errno != EEXIST && errno != ENOTDIR)
			break;
	}
	return r < 0 ? -errno : 0;
}

/* @name: one path element */
static int remove_entry(struct removal *t, int dir_fd, const char *name, int depth)
{
	int fd, r, k;

	if (unlinkat(dir_fd, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
		return 0;
	if (errno == ENOTDIR)
		return unlinkat(dir_fd, name, 0) < 0 && errno != ENOENT ? -errno : 0;
	if (errno != ENOTEMPTY && errno != EEXIST)
		return -errno;
	if (depth == DEPTH_MAX)
		return move_up(t, dir_fd, name);
	fd = open_below(dir_fd, name);
	/* a directory of our own without permissions, as overlayfs leaves them to ordinary users */
	if (fd == -EACCES && fchmodat(dir_fd, name, 0700, 0) == 0)
		fd = open_below(dir_fd, name);
	if (fd < 0)
		return fd;
	if (depth == 0)
		t->top_fd = fd;
	r = remove_below(t, fd, depth);
	k = unlinkat(dir_fd, name, AT_REMOVEDIR) < 0 && errno != ENOENT ? -errno : 0;
	return r < 0 ? r : k;
}

static int remove_whole(int dir_fd, const char *name)
{
	struct removal t;
	int r;

	do {
		t = (struct removal){.top_fd = -EBADF};
		r = remove_entry(&t, dir_fd, name, 0);
	} while (r == -ENOTEMPTY && t.moved);
	return r;
}

int sys_remove_tree(int dir_fd, const char *path)
{
	const char *base = strrchr(path, '/');
	char parent[PATH_MAX];
	int fd, r;

	if (!base)
		return remove_whole(dir_fd, path);
	if ((size_t)(base - path) >= sizeof(parent) - 1)
		return -ENAMETOOLONG;
	/* the way to it may cross mounts and links; from there on nothing does */
	memcpy(parent, path, (size_t)(base - path) + 1);
	parent[base - path + 1] = '\0';
	fd = openat(dir_fd, parent, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	r = remove_whole(fd, base + 1);
	(void)sp_close(fd);
	return r;
}

bool sys_pause(int64_t *waited_ns, int64_t limit_ns)
{
	struct timespec t = {.tv_nsec = SP_MIN(SP_MAX(*waited_ns, PAUSE_FIRST_NS), PAUSE_MAX_NS)};

	if (*waited_ns >= limit_ns)
		return false;
	(void)nanosleep(&t, NULL); /* an early return only means one more try */
	*waited_ns += t.tv_nsec;
	return true;
}

/* "<interface> <destination> …" */
static bool has_route4(void)
{
	FILE *f = fopen("/proc/net/route", "re");
	char name[64], to[16];
	bool found = false;

	while (f && !found && fscanf(f, "%63s %15s %*[^\n]", name, to) == 2)
		found = strcmp(to, "00000000") == 0 && strcmp(name, "lo") != 0;
	if (f)
		(void)fclose(f); /* was read only */
	return found;
}

/* "<destination> <prefix length> … <interface>", ten fields */
static bool has_route6(void)
{
	static const char any[] = "00000000000000000000000000000000";
	FILE *f = fopen("/proc/net/ipv6_route", "re");
	char to[40], len[8], name[64];
	bool found = false;

	while (f && !found &&
	       fscanf(f, "%39s %7s %*s %*s %*s %*s %*s %*s %*s %63s", to, len, name) == 3)
		found = strcmp(to, any) == 0 && strcmp(len, "00") == 0 && strcmp(name, "lo") != 0;
	if (f)
		(void)fclose(f); /* was read only */
	return found;
}

int sys_send_with_fds(int sock, const void *bytes, size_t n, const int *fds, uint32_t n_fds,
		      int flags)
{
	union {
		struct cmsghdr head;
		char mem[CMSG_SPACE(SYS_FDS_MAX * sizeof(int))];
	} control = {0};
	struct iovec iov = {.iov_base = (void *)(uintptr_t)bytes, .iov_len = n};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};

	assert(n_fds <= SYS_FDS_MAX);
	if (n_fds) {
		struct cmsghdr *c;

		msg.msg_control = control.mem;
		msg.msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
		c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(n_fds * sizeof(int));
		memcpy(CMSG_DATA(c), fds, n_fds * sizeof(int));
	}
	while (sendmsg(sock, &msg, MSG_NOSIGNAL | flags) < 0)
		if (errno != EINTR)
			return -errno;
	return 0;
}

uint32_t sys_received_fds(struct msghdr *msg, int *ret, uint32_t max)
{
	uint32_t n = 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		size_t came = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < came; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(int));
			if (n < max)
				ret[n++] = fd;
			else
				(void)sp_close(fd);
		}
	}
	return n;
}

bool sys_has_route(void)
{
	return has_route4() || has_route6();
}
