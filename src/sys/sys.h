/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One thin wrapper per system call that the C library lacks or hides behind errno: the result is
 * >= 0 or -errno, and there is no policy. Also small files of /proc, /sys and cgroups.
 */
#ifndef SP_SYS_SYS_H
#define SP_SYS_SYS_H

#include "base/base.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/wait.h>

/* Flags that older C libraries do not name. */
#ifndef OPEN_TREE_CLONE
#define OPEN_TREE_CLONE 1
#endif
#ifndef P_PIDFD
#define P_PIDFD 3
#endif

/** sys_clone3() - Return: pid in the parent, 0 in the child */
pid_t sys_clone3(struct clone_args *args);
int sys_pidfd_open(pid_t pid, unsigned flags);
int sys_pidfd_send_signal(int pidfd, int sig);
/** sys_waitid() - @idtype: P_PID, P_PIDFD …; @options as for waitid(2) */
int sys_waitid(int idtype, id_t id, siginfo_t *ret, int options);
/** sys_openat2() - O_CLOEXEC is added; @mode only counts with O_CREAT */
int sys_openat2(int dir_fd, const char *path, uint64_t flags, mode_t mode, uint64_t resolve);
/** sys_open_tree() - OPEN_TREE_CLOEXEC is added */
int sys_open_tree(int dir_fd, const char *path, unsigned flags);
int sys_move_mount(int from_fd, const char *from, int to_fd, const char *to, unsigned flags);
int sys_fsopen(const char *fs);
int sys_fsconfig(int fd, unsigned cmd, const char *key, const void *value, int aux);
int sys_fsmount(int fd, unsigned attrs);
int sys_mount_setattr(int dir_fd, const char *path, unsigned flags, uint64_t attr_set,
		      uint64_t attr_clr, uint64_t propagation);
int sys_mount(const char *source, const char *target, const char *fs, unsigned long flags,
	      const char *data);
int sys_pivot_root(const char *new_root, const char *put_old);
int sys_setns(int fd, int flags);
int sys_unshare(int flags);
int sys_close_range(unsigned first, unsigned last, unsigned flags);
int sys_bpf(int cmd, void *attr, size_t size);
/** sys_seccomp_filter() - Install @n struct sock_filter for this thread and its children. @flags:
 * SECCOMP_FILTER_FLAG_ */
int sys_seccomp_filter(const void *filter, uint16_t n, uint32_t flags);
/** sys_default_signal() - Default action for @sig, also for the two that the C library keeps to
 * itself */
int sys_default_signal(int sig);
/** sys_join_new_keyring() - A fresh anonymous session keyring */
int sys_join_new_keyring(void);

/** sys_write_file() - Open an existing file for writing, write @text in one call, close */
int sys_write_file(int dir_fd, const char *path, const char *text);
/** sys_read_file() - At most @size - 1 bytes, NUL added. Return: bytes read */
ssize_t sys_read_file(int dir_fd, const char *path, char *buf, size_t size);

/**
 * sys_pause() - Sleep between two tries of what will work soon
 * @waited_ns: how long it was so far, 0 at first
 *
 * 50 microseconds, then as long again as all before, at most 20 milliseconds. Return: false when
 * @limit_ns is used up, without sleep.
 */
bool sys_pause(int64_t *waited_ns, int64_t limit_ns);

struct msghdr;

#define SYS_FDS_MAX 8 /* that one message takes along */
/**
 * sys_send_with_fds() - A message of a Unix socket, with descriptors
 * @fds: borrowed; NULL with @n_fds 0, which is at most SYS_FDS_MAX
 * @flags: MSG_DONTWAIT or 0. There is never a SIGPIPE
 *
 * Return: 0, -errno.
 */
int sys_send_with_fds(int sock, const void *bytes, size_t n, const int *fds, uint32_t n_fds,
		      int flags);
/**
 * sys_received_fds() - Descriptors that came with a message
 * @ret: up to @max of them, now the caller's; the others are closed, however many they are (room
 *       for one is room for two)
 *
 * Return: how many.
 */
uint32_t sys_received_fds(struct msghdr *msg, int *ret, uint32_t max);

/** sys_has_route() - Is there a way to other machines: a default route that is not the loopback's?
 */
bool sys_has_route(void);

/**
 * sys_remove_tree() - Remove @path and everything below it
 *
 * Below it no symlink is followed and no other mount is entered; it may be deeper than this process
 * may have descriptors. Return: 0 (also when it was not
 * there), or the first -errno; the rest is removed all the same.
 */
int sys_remove_tree(int dir_fd, const char *path);

#endif
