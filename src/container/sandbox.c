/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pod around its containers: cgroup, network, IPC, UTS and mount namespace of the supervisor,
 * /dev/shm, sysctls, and the first process of a shared PID namespace.
 */
#include "container/sandbox_internal.h"
#include "sys/fd.h"
#include "sys/sys.h"

#include <dirent.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#define SHM_DATA "mode=1777,size=65536k"

/* ---- looking at the machine -------------------------------------------------------------------
 */

bool sp_host_enter(const struct sp_sandbox *s)
{
	return s->host_mnt_fd >= 0 && sys_setns(s->host_mnt_fd, CLONE_NEWNS) >= 0;
}

void sp_sandbox_return(const struct sp_sandbox *s)
{
	if (sys_setns(s->mnt_fd, CLONE_NEWNS) < 0)
		abort();
}

int sp_sandbox_enter_host(const struct sp_sandbox *s, struct sp_error *err)
{
	const struct {
		int fd, flag;
		const char *name;
	} ns[] = {
		{s->host_net_fd, CLONE_NEWNET, "network"},
		{s->host_ipc_fd, CLONE_NEWIPC, "IPC"},
		{s->host_uts_fd, CLONE_NEWUTS, "UTS"},
		{s->host_mnt_fd, CLONE_NEWNS, "mount"},
	};

	for (size_t i = 0; i < SP_ARRAY_LEN(ns); i++) {
		int r = ns[i].fd >= 0 ? sys_setns(ns[i].fd, ns[i].flag) : 0;

		/* The machine's namespaces belong to the machine's root: a user's child stays
		 * among the pod's, where local images are as good, and registries cannot be
		 * reached. */
		if (r < 0 && !(r == -EPERM && s->p->rootless))
			return sp_fail_errno(err, -r, "return to the machine's %s namespace",
					     ns[i].name);
	}
	return 0;
}

/* ---- first process of a shared PID namespace ---------------------------------------------------
 */

/* Nothing to see for containers that look at /proc/1: an empty root, no descriptors, no rights.
 * @ready: told when that is so, but for the descriptors, of which it is one */
static _Noreturn void pod_init(const struct sp_sandbox *s, int ready)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[2] = {0};
	const struct sigaction dfl = {.sa_handler = SIG_DFL};
	sigset_t set;

	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 || prctl(PR_SET_NAME, "pod-init", 0, 0, 0) < 0 ||
	    sys_mount("tmpfs", s->p->pod_dir, "tmpfs", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC,
		      "mode=555") < 0 ||
	    chdir(s->p->pod_dir) < 0 || sys_pivot_root(".", ".") < 0 ||
	    umount2(".", MNT_DETACH) < 0 || chdir("/") < 0 || setsid() < 0)
		_exit(1);
	for (int i = 1; i < 32; i++)
		(void)sigaction(i, &dfl, NULL); /* SIGKILL and SIGSTOP cannot be set */
	(void)sigfillset(&set);                 /* cannot fail */
	if (sigprocmask(SIG_SETMASK, &set, NULL) < 0 || syscall(SYS_capset, &head, none) < 0 ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    (s->orphans && prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0) ||
	    write(ready, "", 1) != 1 || sys_close_range(0, ~0U, 0) < 0)
		_exit(1);
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGCHLD);
	for (;;) {
		(void)sigwaitinfo(&set, NULL); /* any return means: look */
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
	}
}

pid_t sp_sandbox_clone(const struct sp_sandbox *s, int pid_ns_fd, uint64_t flags, int cgroup_fd,
		       int *ret_pidfd)
{
	int fd = -EBADF, r;
	struct clone_args args = {
		.flags = flags | CLONE_PIDFD,
		.pidfd = (uintptr_t)&fd,
		.exit_signal = SIGCHLD,
	};
	pid_t pid;

	if (cgroup_fd >= 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (uint64_t)cgroup_fd;
	}
	if (pid_ns_fd >= 0) {
		r = sys_setns(pid_ns_fd, CLONE_NEWPID);
		if (r < 0)
			return r;
	}
	pid = sys_clone3(&args);
	if (pid_ns_fd >= 0 && pid != 0 && sys_setns(s->pid_fd, CLONE_NEWPID) < 0)
		abort(); /* later children would land among the containers */
	if (pid > 0)
		*ret_pidfd = fd;
	return pid;
}

/* No container is to meet the first process while it still has what is ours. */
static int start_init(struct sp_sandbox *s, struct sp_error *err)
{
	SP_CLEANUP(sp_closep) int ready = -EBADF;
	int fds[2], n_ready = 0;
	ssize_t n;
	pid_t pid;
	char c;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return sp_fail_errno(err, errno, "start the shared PID namespace");
	ready = fds[0];
	pid = sp_sandbox_clone(s, -EBADF, CLONE_NEWPID | CLONE_NEWNS, -EBADF, &s->init_fd);
	if (pid == 0)
		pod_init(s, fds[1]);
	(void)sp_close(fds[1]);
	if (pid < 0)
		return sp_fail_errno(err, -pid, "start the shared PID namespace");
	s->init_pid = pid;
	/* it ends when its descriptors are closed */
	while ((n = read(ready, &c, 1)) > 0 || (n < 0 && errno == EINTR))
		n_ready += n > 0;
	return n_ready == 1 ? 0
			    : sp_fail(err, SP_E_UNAVAILABLE,
				      "the first process of the shared PID namespace has ended");
}

/* ---- opening ----------------------------------------------------------------------------------
 */

static int write_sysctls(const struct sp_sandbox_params *p, struct sp_error *err)
{
	/* what a pod's own namespaces hold; everything else is the machine's */
	static const struct {
		const char *prefix;
		bool net;
	} own[] = {
		{"net.", true},        {"kernel.shm", false}, {"kernel.msg", false},
		{"kernel.sem", false}, {"fs.mqueue.", false},
	};
	char path[256];

	for (uint32_t i = 0; i < p->n_sysctls; i++) {
		const char *name = p->sysctl_names[i];
		bool known = false;
		int r;

		if (strlen(name) + sizeof("/proc/sys/") > sizeof(path) || strstr(name, ".."))
			return sp_fail(err, SP_E_INVALID, "sysctl '%s' is not a usable name", name);
		(void)snprintf(path, sizeof(path), "/proc/sys/%s", name);
		/* both notations are legal: net.ipv4.x and net/ipv4/x */
		for (char *c = path + strlen("/proc/sys/"); *c; c++)
			if (*c == '.' && !strchr(name, '/'))
				*c = '/';
		for (size_t k = 0; k < SP_ARRAY_LEN(own); k++) {
			size_t n = strlen(own[k].prefix);
			bool same = true;

			for (size_t c = 0; c < n && same; c++)
				same = name[c] == own[k].prefix[c] ||
				       (own[k].prefix[c] == '.' && name[c] == '/');
			known |= same && !(own[k].net ? p->host_network : p->host_ipc);
		}
		if (!known)
			return sp_fail(err, SP_E_INVALID,
				       "sysctl '%s' does not belong to the pod's own namespaces",
				       name);
		r = sys_write_file(AT_FDCWD, path, p->sysctl_values[i]);
		if (r < 0)
			return sp_fail_errno(err, -r, "sysctl '%s' = '%s'", name,
					     p->sysctl_values[i]);
	}
	return 0;
}

static int open_ns(const char *name, struct sp_error *err)
{
	char path[40];
	int fd;

	(void)snprintf(path, sizeof(path), "/proc/self/ns/%s", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? sp_fail_errno(err, errno, "open '%s'", path) : fd;
}

static int own_caps(uint64_t *ret)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &head, data) < 0)
		return -errno;
	*ret = data[0].permitted | ((uint64_t)data[1].permitted << 32);
	return 0;
}

/* Where the pod's directories are: 0700, since layers may hold set-user-id programs. */
static int open_dirs(struct sp_sandbox *s, struct sp_error *err)
{
	s->pod_fd = open(s->p->pod_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (s->pod_fd < 0)
		return sp_fail_errno(err, errno, "open '%s'", s->p->pod_dir);
	if (mkdirat(s->pod_fd, "volumes", 0755) < 0 && errno != EEXIST)
		return sp_fail_errno(err, errno, "make '%s/volumes'", s->p->pod_dir);
	s->volume_fd = openat(s->pod_fd, "volumes", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (s->volume_fd < 0)
		return sp_fail_errno(err, errno, "open '%s/volumes'", s->p->pod_dir);
	return 0;
}

static int open_shm(struct sp_sandbox *s, struct sp_error *err)
{
	char path[4096];
	int r;

	if (s->p->host_ipc) {
		s->shm_fd = open("/dev/shm", O_PATH | O_DIRECTORY | O_CLOEXEC);
		return s->shm_fd < 0 ? sp_fail_errno(err, errno, "open '/dev/shm'") : 0;
	}
	if (mkdirat(s->pod_fd, "shm", 0700) < 0 && errno != EEXIST)
		return sp_fail_errno(err, errno, "make '%s/shm'", s->p->pod_dir);
	if ((size_t)snprintf(path, sizeof(path), "%s/shm", s->p->pod_dir) >= sizeof(path))
		return sp_fail(err, SP_E_INVALID, "'%s' is too long", s->p->pod_dir);
	r = sys_mount("shm", path, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, SHM_DATA);
	if (r < 0)
		return sp_fail_errno(err, -r, "mount '%s'", path);
	s->shm_fd = openat(s->pod_fd, "shm", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return s->shm_fd < 0 ? sp_fail_errno(err, errno, "open '%s'", path) : 0;
}

static int open_namespaces(struct sp_sandbox *s, struct sp_error *err)
{
	const struct sp_sandbox_params *p = s->p;
	int flags = CLONE_NEWNS, r;

	if ((s->host_mnt_fd = open_ns("mnt", err)) < 0)
		return -1;
	if (!p->host_network) {
		flags |= CLONE_NEWNET | CLONE_NEWUTS;
		if ((s->host_net_fd = open_ns("net", err)) < 0 ||
		    (s->host_uts_fd = open_ns("uts", err)) < 0)
			return -1;
	}
	if (!p->host_ipc) {
		flags |= CLONE_NEWIPC;
		if ((s->host_ipc_fd = open_ns("ipc", err)) < 0)
			return -1;
	}
	if ((s->pid_fd = open_ns("pid", err)) < 0)
		return -1;
	r = sys_unshare(flags);
	if (r < 0)
		return sp_fail_errno(err, -r, "new namespaces");
	if ((s->mnt_fd = open_ns("mnt", err)) < 0)
		return -1;
	/* neither the machine's later mounts nor ours cross the border */
	r = sys_mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
	if (r < 0)
		return sp_fail_errno(err, -r, "make mounts private");
	if (!p->host_network && p->hostname && sethostname(p->hostname, strlen(p->hostname)) < 0)
		return sp_fail_errno(err, errno, "set hostname '%s'", p->hostname);
	return 0;
}

static int set_up(struct sp_sandbox *s, struct sp_error *err)
{
	const struct sp_sandbox_params *p = s->p;
	struct sp_cgroup_params cg = {
		.root = p->cgroup_root,
		.uid = p->uid,
		.pids_limit = p->pids_limit,
		.lenient = p->rootless,
	};
	int r = own_caps(&s->caps);

	if (r < 0)
		return sp_fail_errno(err, -r, "read own capabilities");
	s->qos = cg.qos = sp_res_qos(p->res);
	sp_cg_pod_values(p->res, &cg.values);
	cg.cpu_request_milli = sp_res_request(p->res, SP_RES_CPU, NULL, NULL);
	if (sp_cgroup_open(&cg, &s->cg, err) < 0 || open_namespaces(s, err) < 0 ||
	    open_dirs(s, err) < 0 || open_shm(s, err) < 0 || write_sysctls(p, err) < 0)
		return -1;
	/* keys of the session that started us are not the pod's */
	r = sys_join_new_keyring();
	if (r < 0 && r != -ENOSYS)
		return sp_fail_errno(err, -r, "new session keyring");
	return p->share_pid ? start_init(s, err) : 0;
}

int sp_sandbox_open(const struct sp_sandbox_params *p, struct sp_sandbox **ret,
		    struct sp_error *err)
{
	struct sp_sandbox *s = calloc(1, sizeof(*s));

	if (!s)
		return sp_fail(err, SP_E_NO_MEMORY, "sandbox");
	s->p = p;
	s->host_mnt_fd = s->host_net_fd = s->host_ipc_fd = s->host_uts_fd = -EBADF;
	s->mnt_fd = s->pod_fd = s->volume_fd = s->shm_fd = s->init_fd = s->pid_fd = -EBADF;
	s->orphans = p->host_pid || getpid() != 1;
	if (set_up(s, err) < 0) {
		(void)sp_sandbox_close(s);
		return -1;
	}
	*ret = s;
	return 0;
}

void sp_sandbox_unenforced(const struct sp_sandbox *s, struct sp_buf *out)
{
	static const struct {
		uint32_t ctl;
		const char *name;
	} names[] = {{SP_CG_MEMORY, "memory"}, {SP_CG_CPU, "cpu"}, {SP_CG_HUGETLB, "huge pages"}};
	uint32_t ctls = 0;

	for (uint16_t i = 0; i < s->p->res->n_ctrs; i++) {
		struct sp_cg_values v;

		sp_cg_ctr_values(s->p->res, i, &v);
		ctls |= sp_cgroup_unenforced(s->cg, &v);
	}
	for (size_t i = 0; i < SP_ARRAY_LEN(names); i++)
		if (ctls & names[i].ctl)
			sp_buf_printf(out, "%s%s", out->len ? ", " : "", names[i].name);
}

struct sp_sandbox *sp_sandbox_close(struct sp_sandbox *s)
{
	if (!s)
		return NULL;

	int *const fds[] = {&s->host_mnt_fd, &s->host_net_fd, &s->host_ipc_fd, &s->host_uts_fd,
			    &s->mnt_fd,      &s->pod_fd,      &s->volume_fd,   &s->shm_fd,
			    &s->init_fd,     &s->pid_fd};

	if (s->init_pid > 0) {
		/* takes every process of the namespace along */
		(void)kill(s->init_pid, SIGKILL);
		(void)waitpid(s->init_pid, NULL, 0);
	}
	s->cg = sp_cgroup_close(s->cg);
	for (size_t i = 0; i < SP_ARRAY_LEN(fds); i++)
		*fds[i] = sp_close(*fds[i]);
	free(s);
	return NULL;
}

/* Everything in @path but the volumes. Return: 0 or the first -errno */
static int remove_all_but_volumes(const char *path)
{
	DIR *d = opendir(path);
	struct dirent *e;
	int r, ret = 0;

	if (!d)
		return errno == ENOENT ? 0 : -errno;
	while ((e = readdir(d))) {
		if (sp_streq(e->d_name, ".") || sp_streq(e->d_name, "..") ||
		    sp_streq(e->d_name, "volumes"))
			continue;
		r = sys_remove_tree(dirfd(d), e->d_name);
		ret = ret < 0 ? ret : r;
	}
	(void)closedir(d); /* was read only */
	return ret;
}

int sp_sandbox_clean(const char *uid, const char *pod_dir, const char *cgroup_root,
		     bool keep_volumes, struct sp_error *err)
{
	int r;

	if (sp_cgroup_clean(cgroup_root, uid, err) < 0)
		return -1;
	r = keep_volumes ? remove_all_but_volumes(pod_dir) : sys_remove_tree(AT_FDCWD, pod_dir);
	return r < 0 ? sp_fail_errno(err, -r, "remove '%s'", pod_dir) : 0;
}
