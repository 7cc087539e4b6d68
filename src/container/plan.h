/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a container's first process does between clone and execve, as data. The supervisor computes
 * it (plan.c); the child applies it (apply.c) with system calls alone: no allocation, no stdio, no
 * parsing but the image's user files. An exec into a running container is a plan, too.
 */
#ifndef SP_CONTAINER_PLAN_H
#define SP_CONTAINER_PLAN_H

#include "base/arena.h"
#include "container/cgroup.h"
#include "container/user.h"

#include <sys/resource.h>
#include <sys/types.h>

enum sp_step_kind {
	SP_STEP_MOUNT,     /* a new file system; the directory is made when missing */
	SP_STEP_TREE,      /* attach the detached mount `fd`; its target is made when missing */
	SP_STEP_MASK_FILE, /* hide behind /dev/null; nothing when it does not exist */
	SP_STEP_MASK_DIR,  /* hide behind an empty directory; nothing when it does not exist */
	SP_STEP_READ_ONLY, /* nothing when it does not exist */
	SP_STEP_DIR,
	SP_STEP_NODE,
	SP_STEP_LINK,
	SP_STEPS,
};

/* One step, done after pivot_root: every path is the container's own. */
struct sp_step {
	enum sp_step_kind kind;
	const char *target;
	const char *source; /* of a mount; text of a link */
	const char *fs, *data;
	unsigned long flags; /* MS_… */
	int fd;
	mode_t mode; /* of directories and nodes; S_IFDIR or S_IFREG: kind of a tree's root */
	dev_t dev;
};
#define SP_STEPS_MAX 4096

/* What the child tells the supervisor; a page shared by both. */
struct sp_shared {
	struct sp_identity id;
	bool resolved;
};

struct sp_fd_range {
	unsigned first, last;
};
#define SP_PLAN_FDS_MAX 256

struct sp_plan {
	/* where it runs */
	int enter_fd; /* pidfd of the container to enter; -EBADF: build a new one */
	int task_fds[SP_CG_TREES_MAX]; /* cgroup directories to be joined by the child itself */
	const char *task_files[SP_CG_TREES_MAX];
	uint32_t n_tasks;
	const char *oom_score_adj; /* text */
	struct rlimit nofile;      /* the hard limit instead when it may not be raised */

	/* root file system */
	const char *root_dir;        /* where it is mounted before pivot_root */
	const char *overlay_options; /* NULL: too long for mount(2), then the paths below */
	const char *const *layers;
	uint32_t n_layers;
	const char *upper, *work;
	bool userxattr;
	unsigned long root_flags; /* MS_NODEV where the kernel cannot restrict devices otherwise */
	struct sp_step *steps;
	uint32_t n_steps;
	bool read_only_root;

	/* who */
	struct sp_user_request user;
	const struct sp_identity *identity; /* known already (exec); else resolved from `user` */
	uint64_t caps;
	bool no_new_privs;
	const struct sp_seccomp *seccomp; /* NULL: unconfined */
	bool rootless;
	int death_signal; /* 0 none */

	/* what */
	const char *cwd;
	const char *const *argv;
	const char **env;
	uint32_t home_slot; /* index in env for HOME=…, UINT32_MAX when it is set */
	const char *path;   /* value of PATH */
	int stdio[3];
	bool tty;
	int report_fd, gate_fd;                        /* gate_fd -EBADF: do not wait */
	struct sp_fd_range close[SP_PLAN_FDS_MAX + 1]; /* everything inherited that is not needed */
	uint32_t n_close;
	struct sp_shared *shared;
};

struct sp_plan_params {
	const struct sp_ctr_params *ctr;
	const char *dir; /* absolute: <pod_dir>/<container>/<attempt> */
	bool privileged, rootless, read_only_root;
	bool restricted; /* devices are restricted by a cgroup */
	bool host_network;
	const struct sp_cgroup *cg; /* for the container's view of /sys/fs/cgroup; NULL none */
	const int *cg_fds; /* detached mounts of its directories, per tree; -EBADF: mount it anew */
	int shm_fd, pts_fd;        /* detached mounts; -EBADF none */
	const char *console;       /* path of the terminal in the container; NULL none */
	const int *mount_fds;      /* detached mount of each ctr->mounts[] */
	const mode_t *mount_modes; /* S_IFDIR or not, of each */
	const int *device_fds;     /* detached mounts of sp_plan_devices[]; NULL: make nodes */
	const struct sp_step *host_devices; /* privileged: nodes of the machine */
	uint32_t n_host_devices;
};

/* Devices of every container, in the order of sp_plan_params.device_fds. */
struct sp_plan_device {
	const char *path;
	unsigned maj, min;
};
extern const struct sp_plan_device sp_plan_devices[];
extern const uint32_t sp_plan_n_devices;

/** sp_plan_rootfs() - Root file system part: overlay and steps. Pure; memory from @a */
int sp_plan_rootfs(const struct sp_plan_params *p, struct sp_arena *a, struct sp_plan *ret,
		   struct sp_error *err);

/** sp_plan_env() - Copy of @env into @a with room for HOME; finds PATH. Pure */
int sp_plan_env(const char *const *env, struct sp_arena *a, struct sp_plan *ret,
		struct sp_error *err);

/** sp_plan_close() - Ranges between the descriptors that the plan needs. Pure */
int sp_plan_close(struct sp_plan *p, struct sp_error *err);

/** sp_plan_seccomp() - The filter for @caps, see struct sp_seccomp. Return: NULL when there is
 * none. Pure */
const struct sp_seccomp *sp_plan_seccomp(const struct sp_seccomp *all, uint32_t n, uint64_t caps);
/** sp_plan_seccomp_profile() - The filter made from a profile for @caps, NULL none */
const struct sp_seccomp *sp_plan_seccomp_profile(const struct sp_seccomp *all, uint32_t n,
						 const char *profile, uint64_t caps);

/** sp_plan_apply() - In the child; ends in execve, or in _exit after a report */
_Noreturn void sp_plan_apply(const struct sp_plan *p);

#endif
