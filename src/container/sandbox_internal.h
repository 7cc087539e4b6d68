/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of this folder share about the pod. */
#ifndef SP_CONTAINER_SANDBOX_INTERNAL_H
#define SP_CONTAINER_SANDBOX_INTERNAL_H

#include "container/cgroup.h"
#include "container/container.h"

struct sp_sandbox {
	const struct sp_sandbox_params *p; /* kept */
	struct sp_cgroup *cg;
	enum sp_qos qos;
	/* namespaces in which we were started; -EBADF: still in it, or not ours to return to */
	int host_mnt_fd, host_net_fd, host_ipc_fd, host_uts_fd;
	int mnt_fd;     /* our own mount namespace, for the way back */
	int pod_fd;     /* pod_dir */
	int volume_fd;  /* pod_dir/volumes */
	int shm_fd;     /* root of the pod's /dev/shm */
	int pid_fd;     /* our own PID namespace, for the way back */
	pid_t init_pid; /* shareProcessNamespace: its first process */
	int init_fd;
	uint64_t caps; /* what we may give away */
	bool orphans;  /* containers do not die with our PID namespace */
};

/** sp_host_enter() - Look at the machine's mounts for a moment. Return: was it possible? Then
 * sp_sandbox_return() must follow */
bool sp_host_enter(const struct sp_sandbox *s);
/** sp_sandbox_return() - Back to the pod's mount namespace. Failing would leave the supervisor
 * among foreign mounts: it ends the process */
void sp_sandbox_return(const struct sp_sandbox *s);

/**
 * sp_volume_tree() - A detached mount of what a container is to see at one of its mount points
 * @nodev: devices in it are to be dead
 * @ret_mode: kind of its root (S_IFMT)
 *
 * Makes a missing subPath (VOL-4). Return: descriptor, or -1 and *err.
 */
int sp_volume_tree(const struct sp_sandbox *s, const struct sp_ctr_mount *m, bool nodev,
		   mode_t *ret_mode, struct sp_error *err);

/**
 * sp_sandbox_clone() - clone3 for a container or an exec into one
 * @pid_ns_fd: pidfd of a process whose PID namespace the child is to join; -EBADF none
 * @flags: CLONE_NEW…; CLONE_PIDFD is added
 * @cgroup_fd: v2 directory of the child, -EBADF none
 *
 * Return: pid (0 in the child), or -errno.
 */
pid_t sp_sandbox_clone(const struct sp_sandbox *s, int pid_ns_fd, uint64_t flags, int cgroup_fd,
		       int *ret_pidfd);

#endif
