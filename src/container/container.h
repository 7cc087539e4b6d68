/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sandbox and containers of one pod, as the supervisor uses them. The supervisor itself lives in
 * the pod's namespaces: it is PID 1 of a PID namespace (its death is the death of everything in
 * the pod), and after sp_sandbox_open() it is in the pod's network, IPC, UTS and in a small mount
 * namespace of its own, so nothing it mounts can outlive it.
 *
 * A container is made in two steps: prepare (clone, cgroup, rootfs, mounts … up to the execve) and
 * release (let it go). The set-up is a plan computed as data before the clone.
 */
#ifndef SP_CONTAINER_CONTAINER_H
#define SP_CONTAINER_CONTAINER_H

#include "base/error.h"
#include "core/resources.h"
#include "image/image.h"
#include "spec/types.h"

#include <sys/types.h>

/* ---- sandbox -------------------------------------------------------------------------------- */

/*
 * A system call filter as made by container/seccomp_default.h, for containers whose capabilities
 * masked with SP_SECCOMP_CAPS are @caps. Some calls (mount, ptrace, clock_settime …) are only
 * allowed together with the capability that they need.
 */
struct sp_seccomp {
	const char *profile; /* localhostProfile: made from it, for just these capabilities; NULL:
				the default */
	uint64_t caps;
	uint32_t flags;  /* SECCOMP_FILTER_FLAG_ */
	const void *bpf; /* struct sock_filter[] */
	uint32_t n;
};

struct sp_sandbox_params {
	const char *uid;
	const char *pod_text; /* for messages: "name_namespace(uid)" */
	const char *pod_dir;  /* on disk: <root>/pods/<uid>; rootfs upper layers, volumes, identity
				 files; exists */
	const char *run_dir;  /* /run/sidepod/pods/<uid>; exists */
	const char *hostname; /* set unless host_network */
	bool host_network, host_ipc, host_pid, share_pid;
	bool rootless; /* in a user namespace: no mknod, no v1 cgroups, single id mapped */
	const struct sp_res_pod *res;
	int64_t pids_limit;      /* -1 none (CG-6) */
	int64_t machine_bytes;   /* memory, for oom_score_adj */
	const char *cgroup_root; /* "sidepod": name below each hierarchy's root */
	const char *const *sysctl_names, *const *sysctl_values;
	uint32_t n_sysctls;
	/* Filters; borrowed for the sandbox's life. The first of the default ones is for the
	 * default capabilities; a container with others takes the best one that does not allow more
	 * than its capabilities. None: no container is filtered. */
	const struct sp_seccomp *seccomp;
	uint32_t n_seccomp;
	bool seccomp_if_named; /* containers without a profile are not filtered (SEC-6) */
};

struct sp_sandbox;

/**
 * sp_sandbox_open() - Pod cgroup and namespaces; the network is brought up by the caller afterwards
 * (net/net.h)
 * @p: kept, with everything it points to
 *
 * One per process: the calling process moves into the namespaces. Sysctls are written here; the
 * process gets a session keyring of its own.
 */
int sp_sandbox_open(const struct sp_sandbox_params *p, struct sp_sandbox **ret,
		    struct sp_error *err);
/** sp_sandbox_unenforced() - Limits of the pod's containers that this machine, or this user, cannot
 * set: "memory, cpu"; nothing is added when all are enforced */
void sp_sandbox_unenforced(const struct sp_sandbox *s, struct sp_buf *out);
/** sp_sandbox_close() - Kill what is left, remove cgroups; mounts and namespaces go with the
 * process. Containers are to be freed before. Return: NULL */
struct sp_sandbox *sp_sandbox_close(struct sp_sandbox *s);
/**
 * sp_sandbox_enter_host() - For a child that was just forked: back to the namespaces (mount,
 * network, IPC, UTS) in which the supervisor was started
 *
 * For programs of the machine that a supervisor starts (image pulls, HTTPS checks): they need the
 * machine's resolver, certificates and network.
 */
int sp_sandbox_enter_host(const struct sp_sandbox *s, struct sp_error *err);
/**
 * sp_sandbox_clean() - For another process: remove what a dead supervisor left (cgroups, pod_dir)
 * @keep_volumes: a next supervisor goes on with the pod: its emptyDirs survive (VOL-1), but for
 *		  those in memory, which died with the supervisor
 *
 * Idempotent.
 */
int sp_sandbox_clean(const char *uid, const char *pod_dir, const char *cgroup_root,
		     bool keep_volumes, struct sp_error *err);
/** sp_sandbox_usage() - Of one container or (name NULL) the pod: cpu time, memory, peak, oom kills,
 * throttling */
struct sp_usage {
	uint64_t cpu_ns, memory_bytes, memory_peak_bytes, pids, oom_kills, throttled_ns;
};
int sp_sandbox_usage(const struct sp_sandbox *s, const char *ctr, struct sp_usage *ret,
		     struct sp_error *err);

/* ---- volumes -------------------------------------------------------------------------------- */

/* A volume that is set up: a directory (or file, for hostPath) in the supervisor's mount namespace.
 */
struct sp_volume {
	const char *name;
	int fd; /* O_PATH */
	bool read_only;
	bool memory; /* tmpfs or huge pages */
	bool host;   /* `fd` belongs to the mount namespace in which the supervisor was started */
	mode_t mode; /* for subPath directories made in it (VOL-4) */
};

/* Content that is not on disk yet: files of configMap, secret, downwardAPI and projected volumes.
 */
struct sp_volume_file {
	const char *path; /* relative, checked */
	const char *data;
	size_t len;
	mode_t mode;
};

/** sp_volume_empty_dir() - VOL-1. @size_limit_bytes: -1 none; only tmpfs enforces it here */
int sp_volume_empty_dir(struct sp_sandbox *s, const char *name, bool memory,
			int64_t size_limit_bytes, int64_t fs_group, struct sp_volume *ret,
			struct sp_error *err);
/**
 * sp_volume_huge_pages() - An empty hugetlbfs: what a program maps of its files are huge pages
 * @page_bytes: a size that the machine has
 * @size_limit_bytes: most that goes into it, in whole pages; -1 none
 */
int sp_volume_huge_pages(struct sp_sandbox *s, const char *name, int64_t page_bytes,
			 int64_t size_limit_bytes, int64_t fs_group, struct sp_volume *ret,
			 struct sp_error *err);
/** sp_volume_host_path() - VOL-2 */
int sp_volume_host_path(struct sp_sandbox *s, const char *name, const char *path, const char *type,
			struct sp_volume *ret, struct sp_error *err);
/** sp_volume_files() - VOL-3: written through a ..data symlink; @secret: on tmpfs. Call again to
 * update atomically */
int sp_volume_files(struct sp_sandbox *s, const char *name, bool secret,
		    const struct sp_volume_file *files, uint32_t n_files, int64_t fs_group,
		    struct sp_volume *ret, struct sp_error *err);

/* ---- containers ------------------------------------------------------------------------------ */

struct sp_ctr_mount {
	const struct sp_volume *volume; /* NULL: `source` */
	int source_fd;        /* O_PATH file or directory (identity files, termination log) */
	const char *sub_path; /* expanded; NULL none */
	const char *target;   /* absolute, in the container */
	bool read_only, recursive_read_only;
	enum { SP_PROPAGATE_NONE, SP_PROPAGATE_FROM_HOST, SP_PROPAGATE_BOTH } propagation;
};

struct sp_ctr_params {
	const char *name; /* container name: cgroup directory */
	uint16_t ctr;     /* index, for sp_res_pod */
	uint32_t attempt;
	const struct sp_image *image;
	const struct sp_k_security *security;         /* container level, may be NULL */
	const struct sp_k_pod_security *pod_security; /* may be NULL */
	const char *const *argv;                      /* complete; NULL-terminated */
	const char *const *env;                       /* complete, "NAME=value"; NULL-terminated */
	const char *working_dir;                      /* absolute */
	const struct sp_ctr_mount *mounts;
	uint32_t n_mounts;
	bool tty, stdin_open;
	int stdin_fd; /* used when stdin_open; -EBADF: /dev/null */
};

struct sp_ctr;

/* Descriptors that the caller owns after prepare. */
struct sp_ctr_fds {
	int pidfd;
	int stdout_fd, stderr_fd; /* read ends; with tty stdout_fd is the terminal's master and
				     stderr_fd -EBADF */
	int report_fd; /* readable with a struct sp_error when set-up or execve failed; end of file
			  = execve worked */
};

/**
 * sp_ctr_prepare() - Plan and clone; the child sets itself up and then waits before execve
 *
 * Errors here are CreateContainerError (or CreateContainerConfigError: code SP_E_INVALID, SEC-4
 * texts). Errors of the child come through report_fd.
 */
int sp_ctr_prepare(struct sp_sandbox *s, const struct sp_ctr_params *p, struct sp_ctr **ret,
		   struct sp_ctr_fds *ret_fds, struct sp_error *err);
/** sp_ctr_release() - Let it execve. May be called before the set-up is done */
int sp_ctr_release(struct sp_ctr *c, struct sp_error *err);
/** sp_ctr_signal() - To the main process */
int sp_ctr_signal(struct sp_ctr *c, int sig);
/** sp_ctr_kill() - SIGKILL to every process of it */
int sp_ctr_kill(struct sp_ctr *c);
/** sp_ctr_stop_signal() - The image's, else SIGTERM */
int sp_ctr_stop_signal(const struct sp_ctr *c);

struct sp_exit {
	int code;              /* 128+n for signal n */
	bool oom;              /* the kernel's OOM killer hit this instance's cgroup */
	struct sp_usage usage; /* of the whole instance; zeros where there is no cgroup */
};
/**
 * sp_ctr_reap() - After pidfd became readable: collect the exit, kill the rest, remove the cgroup
 *
 * Return: 0; 1 when processes of the container are still dying (call again soon: on v2 when
 * cgroup.events says so; *ret is filled already); -1.
 */
int sp_ctr_reap(struct sp_ctr *c, struct sp_exit *ret, struct sp_error *err);
/** sp_ctr_free() - Remove its rootfs layer and forget it; the process must be reaped. Return: NULL
 */
struct sp_ctr *sp_ctr_free(struct sp_ctr *c);

/* ---- exec in a running container: probes, hooks, `sidepod exec` -------------------------------
 */

struct sp_exec_params {
	const char *const *argv;
	const char *const *env; /* NULL: the container's */
	bool tty;
	int stdin_fd, stdout_fd,
		stderr_fd; /* -EBADF: /dev/null for stdin, a pipe made here for the others */
};
struct sp_exec_fds {
	int pidfd;
	int stdout_fd, stderr_fd; /* as for a container; -EBADF when the caller gave descriptors */
	int report_fd;
};
/** sp_ctr_exec() - With the container's user, cwd, environment, namespaces, cgroup, capabilities
 * and seccomp */
int sp_ctr_exec(struct sp_ctr *c, const struct sp_exec_params *p, struct sp_exec_fds *ret,
		pid_t *ret_pid, struct sp_error *err);

#endif
