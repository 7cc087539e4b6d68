/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One container instance from prepare to free: everything that can be decided or opened beforehand
 * happens here, in the supervisor, and ends up in the plan; the child only applies it.
 */
#include "container/container_internal.h"

#include "container/caps.h"
#include "sys/fd.h"
#include "sys/sys.h"

#include <dirent.h>
#include <limits.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/sysmacros.h>
#include <termios.h>

#define NOFILE_MAX       1048576 /* what container engines give */
#define GROUPS_EXTRA_MAX 64

/* ---- descriptors ------------------------------------------------------------------------------
 */

int sp_tmp_add(struct sp_ctr_tmp *t, int fd, struct sp_error *err)
{
	if (fd < 0)
		return -1;
	if (t->n == SP_PLAN_FDS_MAX) {
		(void)sp_close(fd);
		return sp_fail(err, SP_E_INVALID, "more than %d mounts", SP_PLAN_FDS_MAX);
	}
	t->fds[t->n++] = fd;
	return fd;
}

void sp_tmp_done(struct sp_ctr_tmp *t)
{
	while (t->n)
		(void)sp_close(t->fds[--t->n]);
}

/* The child puts standard descriptors in their places one after the other: none may be lower. */
static int above_stdio(int fd)
{
	int moved;

	if (fd < 0 || fd > 2)
		return fd;
	moved = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	if (moved < 0)
		moved = -errno;
	(void)sp_close(fd);
	return moved;
}

int sp_tmp_pipe(struct sp_ctr_tmp *t, int *ret_child, int *ret, struct sp_error *err)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return sp_fail_errno(err, errno, "pipe");
	fds[1] = above_stdio(fds[1]);
	if (fds[1] < 0 || sp_tmp_add(t, fds[1], err) < 0) {
		(void)sp_close(fds[0]);
		return fds[1] < 0 ? sp_fail_errno(err, -fds[1], "pipe") : -1;
	}
	*ret_child = fds[1];
	*ret = fds[0];
	return 0;
}

/* A socket and not a pipe: letting go a child that died is no SIGPIPE. */
static int make_gate(struct sp_ctr_tmp *t, int *ret_child, int *ret, struct sp_error *err)
{
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
		return sp_fail_errno(err, errno, "gate");
	*ret = fds[0];
	fds[1] = above_stdio(fds[1]);
	if (fds[1] < 0)
		return sp_fail_errno(err, -fds[1], "gate");
	*ret_child = fds[1];
	return sp_tmp_add(t, fds[1], err) < 0 ? -1 : 0;
}

int sp_tmp_stdin(struct sp_ctr_tmp *t, int fd, struct sp_error *err)
{
	if (fd >= 0)
		fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	else
		fd = above_stdio(open("/dev/null", O_RDWR | O_CLOEXEC));
	if (fd < 0)
		return sp_fail_errno(err, errno, "standard input");
	return sp_tmp_add(t, fd, err);
}

int sp_tmp_terminal(struct sp_ctr_tmp *t, int pts_fd, int *ret_slave, struct sp_error *err)
{
	SP_CLEANUP(sp_closep) int master = -EBADF;
	int unlock = 0, slave;

	master = openat(pts_fd, "ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (master < 0 || ioctl(master, TIOCSPTLCK, &unlock) < 0)
		return sp_fail_errno(err, errno, "open terminal");
	slave = above_stdio(ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC));
	if (slave < 0)
		return sp_fail_errno(err, errno, "open terminal");
	if (sp_tmp_add(t, slave, err) < 0)
		return -1;
	*ret_slave = slave;
	return sp_take_fd(&master);
}

/* ---- plan: who --------------------------------------------------------------------------------
 */

static int plan_user(const struct sp_sandbox *s, const struct sp_ctr_params *p, struct sp_ctr *c,
		     struct sp_error *err)
{
	const struct sp_k_security *sec = p->security;
	const struct sp_k_pod_security *pod = p->pod_security;
	struct sp_user_request *u = &c->plan.user;
	bool non_root = false;
	int64_t *extra;

	u->uid = u->gid = -1;
	if (pod) {
		u->uid = pod->run_as_user.set ? pod->run_as_user.v : -1;
		u->gid = pod->run_as_group.set ? pod->run_as_group.v : -1;
		non_root = pod->run_as_non_root.set && pod->run_as_non_root.v;
		u->strict = pod->supplemental_groups_policy &&
			    sp_streq(pod->supplemental_groups_policy, "Strict");
		extra = sp_arena_array(&c->arena, pod->supplemental_groups.n + 1, sizeof(*extra));
		if (!extra)
			return sp_fail(err, SP_E_NO_MEMORY, "groups");
		for (uint32_t i = 0; i < pod->supplemental_groups.n; i++)
			extra[u->n_extra++] = pod->supplemental_groups.v[i];
		if (pod->fs_group.set)
			extra[u->n_extra++] = pod->fs_group.v;
		u->extra = extra;
	}
	if (sec) {
		u->uid = sec->run_as_user.set ? sec->run_as_user.v : u->uid;
		u->gid = sec->run_as_group.set ? sec->run_as_group.v : u->gid;
		non_root = sec->run_as_non_root.set ? sec->run_as_non_root.v : non_root;
	}
	u->image_user = sp_arena_strdup(&c->arena, p->image->user ? p->image->user : "");
	if (!u->image_user)
		return sp_fail(err, SP_E_NO_MEMORY, "user");
	return non_root ? sp_user_check_non_root(u, s->p->pod_text, p->name, err) : 0;
}

static int plan_security(const struct sp_sandbox *s, const struct sp_ctr_params *p, bool privileged,
			 bool restricted, struct sp_plan *plan, struct sp_error *err)
{
	const struct sp_k_security *sec = p->security;
	const struct sp_k_caps *k = sec ? sec->caps : NULL;
	const struct sp_k_seccomp *f = sec ? sec->seccomp : NULL;
	bool filter = !privileged;
	uint64_t declared;

	if (sp_caps_resolve(k ? k->add.v : NULL, k ? k->add.n : 0, k ? k->drop.v : NULL,
			    k ? k->drop.n : 0, privileged, s->caps, &plan->caps, err) < 0)
		return -1;
	/* On machines that restrict devices neither by eBPF nor by the v1 controller, a container
	 * must not be able to make a node, and nodes in what it mounts are dead (MS_NODEV). */
	if (!restricted)
		plan->caps &= ~SP_CAP(CAP_MKNOD);
	if (!f && p->pod_security)
		f = p->pod_security->seccomp;
	if (f && f->type && sp_streq(f->type, "Unconfined"))
		filter = false;
	if ((!f || !f->type) && s->p->seccomp_if_named)
		filter = false;
	if (filter && f && f->type && sp_streq(f->type, "Localhost")) {
		const char *name = f->localhost_profile ? f->localhost_profile : "";

		if (sp_caps_declared(sec, &declared, err) < 0)
			return -1;
		plan->seccomp =
			sp_plan_seccomp_profile(s->p->seccomp, s->p->n_seccomp, name, declared);
		if (!plan->seccomp)
			return sp_fail(err, SP_E_INVALID, "seccomp profile '%s' was not compiled",
				       name);
		filter = false;
	}
	if (filter)
		plan->seccomp = sp_plan_seccomp(s->p->seccomp, s->p->n_seccomp,
						plan->caps & sp_caps_seccomp);
	plan->no_new_privs =
		sec && sec->allow_escalation.set && !sec->allow_escalation.v; /* SEC-3 */
	return 0;
}

/* ---- plan: what it sees -----------------------------------------------------------------------
 */

/* Nodes of the machine for a privileged container, except those it has anyway. */
static int list_devices(struct sp_arena *a, int dir_fd, const char *prefix, int depth,
			struct sp_step *steps, uint32_t max, uint32_t *n, struct sp_error *err)
{
	static const char *const skip[] = {
		"null", "zero",   "full", "random", "urandom", "tty",    "ptmx",    "pts",
		"shm",  "mqueue", "fd",   "stdin",  "stdout",  "stderr", "console", "core"};
	DIR *d = fdopendir(dir_fd);
	struct dirent *e;
	struct stat st;
	int r = 0;

	if (!d) {
		(void)sp_close(dir_fd);
		return sp_fail_errno(err, errno, "read '%s'", prefix);
	}
	while (r == 0 && (e = readdir(d)) && *n < max) {
		bool known = e->d_name[0] == '.';
		struct sp_step s = {.fd = -1};

		for (size_t i = 0; depth == 0 && i < SP_ARRAY_LEN(skip); i++)
			known |= sp_streq(e->d_name, skip[i]);
		if (known || fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		s.kind = S_ISDIR(st.st_mode) ? SP_STEP_DIR : SP_STEP_NODE;
		if (s.kind == SP_STEP_NODE && !S_ISCHR(st.st_mode) && !S_ISBLK(st.st_mode))
			continue;
		s.mode = S_ISDIR(st.st_mode) ? 0755 : st.st_mode;
		s.dev = st.st_rdev;
		s.target = sp_arena_printf(a, "%s/%s", prefix, e->d_name);
		if (!s.target) {
			r = sp_fail(err, SP_E_NO_MEMORY, "devices");
			break;
		}
		steps[(*n)++] = s;
		if (s.kind == SP_STEP_DIR && depth < 4) {
			int sub = openat(dirfd(d), e->d_name,
					 O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

			if (sub >= 0)
				r = list_devices(a, sub, s.target, depth + 1, steps, max, n, err);
		}
	}
	(void)closedir(d); /* read-only */
	return r;
}

static int host_devices(struct sp_ctr *c, struct sp_plan_params *pp, struct sp_error *err)
{
	const uint32_t max = SP_STEPS_MAX / 2;
	struct sp_step *steps = sp_arena_array(&c->arena, max, sizeof(*steps));
	int fd = open("/dev", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (!steps || fd < 0) {
		(void)sp_close(fd);
		return sp_fail(err, SP_E_NO_MEMORY, "devices of the machine");
	}
	pp->host_devices = steps;
	return list_devices(&c->arena, fd, "/dev", 0, steps, max, &pp->n_host_devices, err);
}

static int open_tree_of(struct sp_ctr_tmp *t, int dir_fd, const char *path, const char *what,
			struct sp_error *err)
{
	int fd = sys_open_tree(dir_fd, path, OPEN_TREE_CLONE | AT_EMPTY_PATH);

	return fd < 0 ? sp_fail_errno(err, -fd, "%s", what) : sp_tmp_add(t, fd, err);
}

static int make_pts(const struct sp_sandbox *s, struct sp_ctr_tmp *t, struct sp_error *err)
{
	SP_CLEANUP(sp_closep) int fs = sys_fsopen("devpts");
	int r = fs;

	if (r >= 0)
		r = sys_fsconfig(fs, FSCONFIG_SET_STRING, "ptmxmode", "0666", 0);
	if (r >= 0)
		r = sys_fsconfig(fs, FSCONFIG_SET_STRING, "mode", "0620", 0);
	if (r >= 0 && !s->p->rootless)
		r = sys_fsconfig(fs, FSCONFIG_SET_STRING, "gid", "5", 0);
	if (r >= 0)
		r = sys_fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0);
	if (r >= 0)
		r = sys_fsmount(fs, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);
	return r < 0 ? sp_fail_errno(err, -r, "make devpts") : sp_tmp_add(t, r, err);
}

/* The container's v1 directories, to be attached; see plan_cgroups(). A user's child cannot. */
static int open_cgroups(const struct sp_sandbox *s, const struct sp_ctr *c, bool privileged,
			struct sp_ctr_tmp *t, int ret[SP_CG_TREES_MAX], struct sp_error *err)
{
	const uint64_t flags = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC |
			       (privileged ? 0 : MOUNT_ATTR_RDONLY);
	char path[1024];

	for (uint32_t i = 0; i < SP_CG_TREES_MAX; i++) {
		int r;

		ret[i] = -EBADF;
		if (i >= s->cg->n || s->cg->trees[i].v2 || s->p->rootless)
			continue;
		if (sp_cgroup_ctr_path(&c->cgroup, i, path, sizeof(path)) < 0)
			return sp_fail(err, SP_E_INVALID, "path of the cgroup is too long");
		ret[i] = open_tree_of(t, AT_FDCWD, path, path, err);
		if (ret[i] < 0)
			return -1;
		r = sys_mount_setattr(ret[i], "", AT_EMPTY_PATH, flags, 0, 0);
		if (r < 0)
			return sp_fail_errno(err, -r, "flags of '%s'", path);
	}
	return 0;
}

/* Directory of the instance, with a fresh layer in it. */
static int make_dirs(struct sp_sandbox *s, struct sp_ctr *c, struct sp_error *err)
{
	SP_CLEANUP(sp_closep) int ctr = -EBADF;
	SP_CLEANUP(sp_closep) int dir = -EBADF;
	int r;

	r = mkdirat(s->pod_fd, c->name, 0700) < 0 && errno != EEXIST ? -errno : 0;
	if (r >= 0)
		r = ctr = sys_openat2(s->pod_fd, c->name, O_PATH | O_DIRECTORY | O_NOFOLLOW, 0,
				      RESOLVE_BENEATH);
	if (r >= 0)
		r = mkdirat(ctr, c->attempt, 0700) < 0 ? -errno : 0;
	if (r == -EEXIST) { /* of a supervisor that died */
		r = sys_remove_tree(ctr, c->attempt);
		if (r >= 0)
			r = mkdirat(ctr, c->attempt, 0700) < 0 ? -errno : 0;
	}
	if (r >= 0)
		r = dir = openat(ctr, c->attempt, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	/* the upper directory's mode is that of the container's "/" */
	if (r < 0 || mkdirat(dir, "upper", 0755) < 0 || mkdirat(dir, "work", 0700) < 0)
		return sp_fail_errno(err, r < 0 && r != -1 ? -r : errno, "make layer '%s/%s/%s'",
				     s->p->pod_dir, c->name, c->attempt);
	return 0;
}

static int plan_rootfs(struct sp_sandbox *s, const struct sp_ctr_params *p, struct sp_ctr *c,
		       bool privileged, bool restricted, struct sp_ctr_tmp *t,
		       struct sp_ctr_fds *fds, struct sp_error *err)
{
	int device_fds[8], cg_fds[SP_CG_TREES_MAX], *mount_fds;
	mode_t *modes;
	struct sp_plan_params pp = {
		.ctr = p,
		.privileged = privileged,
		.restricted = restricted,
		.rootless = s->p->rootless,
		.read_only_root = p->security && p->security->read_only_rootfs.set &&
				  p->security->read_only_rootfs.v,
		.host_network = s->p->host_network,
		.cg = s->cg,
		.pts_fd = -EBADF,
	};
	int slave, n;

	assert(sp_plan_n_devices <= SP_ARRAY_LEN(device_fds));
	pp.dir = sp_arena_printf(&c->arena, "%s/%s/%s", s->p->pod_dir, c->name, c->attempt);
	mount_fds = sp_arena_array(&c->arena, p->n_mounts, sizeof(*mount_fds));
	modes = sp_arena_array(&c->arena, p->n_mounts, sizeof(*modes));
	if (!pp.dir || !mount_fds || !modes)
		return sp_fail(err, SP_E_NO_MEMORY, "plan");
	for (uint32_t i = 0; i < p->n_mounts; i++) {
		mount_fds[i] = sp_tmp_add(
			t, sp_volume_tree(s, &p->mounts[i], !restricted, &modes[i], err), err);
		if (mount_fds[i] < 0)
			return -1;
	}
	pp.mount_fds = mount_fds;
	pp.mount_modes = modes;
	if (open_cgroups(s, c, privileged, t, cg_fds, err) < 0)
		return -1;
	pp.cg_fds = cg_fds;
	pp.shm_fd = open_tree_of(t, s->shm_fd, "", "share /dev/shm", err);
	if (pp.shm_fd < 0)
		return -1;
	if (s->p->rootless) { /* nodes cannot be made in a user namespace */
		for (uint32_t i = 0; i < sp_plan_n_devices; i++) {
			device_fds[i] = open_tree_of(t, AT_FDCWD, sp_plan_devices[i].path,
						     sp_plan_devices[i].path, err);
			if (device_fds[i] < 0)
				return -1;
		}
		pp.device_fds = device_fds;
	} else if (privileged && host_devices(c, &pp, err) < 0) {
		return -1;
	}
	if (p->tty) {
		pp.pts_fd = make_pts(s, t, err);
		if (pp.pts_fd < 0)
			return -1;
		fds->stdout_fd = sp_tmp_terminal(t, pp.pts_fd, &slave, err);
		if (fds->stdout_fd < 0)
			return -1;
		c->plan.stdio[0] = c->plan.stdio[1] = c->plan.stdio[2] = slave;
		c->plan.tty = true;
		if (ioctl(fds->stdout_fd, TIOCGPTN, &n) < 0)
			return sp_fail_errno(err, errno, "number of the terminal");
		pp.console = sp_arena_printf(&c->arena, "/dev/pts/%d", n);
		if (!pp.console)
			return sp_fail(err, SP_E_NO_MEMORY, "path of the terminal");
	}
	return sp_plan_rootfs(&pp, &c->arena, &c->plan, err);
}

/* ---- plan: the process ------------------------------------------------------------------------
 */

static const char *const *copy_strs(struct sp_arena *a, const char *const *v, struct sp_error *err)
{
	size_t n = 0;
	const char **copy;

	while (v[n])
		n++;
	copy = sp_arena_array(a, n + 1, sizeof(*copy));
	for (size_t i = 0; copy && i < n; i++) {
		copy[i] = sp_arena_strdup(a, v[i]);
		if (!copy[i])
			copy = NULL;
	}
	if (!copy)
		(void)sp_fail(err, SP_E_NO_MEMORY, "arguments");
	return copy;
}

static int plan_process(struct sp_sandbox *s, const struct sp_ctr_params *p, struct sp_ctr *c,
			struct sp_ctr_tmp *t, struct sp_ctr_fds *fds, struct sp_error *err)
{
	struct sp_plan *plan = &c->plan;

	plan->argv = copy_strs(&c->arena, p->argv, err);
	plan->cwd = sp_arena_strdup(&c->arena,
				    p->working_dir && p->working_dir[0] ? p->working_dir : "/");
	plan->oom_score_adj = sp_arena_printf(
		&c->arena, "%d", sp_oom_score_adj(s->p->res, p->ctr, s->p->machine_bytes));
	if (!plan->argv)
		return -1;
	if (!plan->cwd || !plan->oom_score_adj)
		return sp_fail(err, SP_E_NO_MEMORY, "process");
	if (!plan->argv[0])
		return sp_fail(err, SP_E_INVALID, "no command specified");
	if (sp_plan_env(p->env, &c->arena, plan, err) < 0)
		return -1;
	plan->rootless = s->p->rootless;
	plan->death_signal = s->orphans ? SIGKILL : 0;
	plan->nofile = (struct rlimit){NOFILE_MAX, NOFILE_MAX};
	if (sp_tmp_pipe(t, &plan->report_fd, &fds->report_fd, err) < 0 ||
	    make_gate(t, &plan->gate_fd, &c->gate_fd, err) < 0)
		return -1;
	if (p->tty)
		return 0;
	plan->stdio[0] = sp_tmp_stdin(t, p->stdin_open ? p->stdin_fd : -EBADF, err);
	if (plan->stdio[0] < 0 || sp_tmp_pipe(t, &plan->stdio[1], &fds->stdout_fd, err) < 0 ||
	    sp_tmp_pipe(t, &plan->stdio[2], &fds->stderr_fd, err) < 0)
		return -1;
	return 0;
}

int sp_ctr_join(const struct sp_ctr *c, struct sp_plan *plan)
{
	int into = -EBADF;

	for (uint32_t i = 0; c->cgroup.cg && i < c->cgroup.cg->n; i++) {
		if (c->cgroup.cg->trees[i].v2) {
			into = c->cgroup.fds[i];
			continue;
		}
		plan->task_fds[plan->n_tasks] = c->cgroup.fds[i];
		plan->task_files[plan->n_tasks++] = "tasks";
	}
	return into;
}

/* ---- prepare and release ----------------------------------------------------------------------
 */

static int launch(struct sp_sandbox *s, struct sp_ctr *c, struct sp_ctr_fds *fds,
		  struct sp_error *err)
{
	uint64_t flags = CLONE_NEWNS | (c->own_pid_ns ? CLONE_NEWPID : 0);
	int into = sp_ctr_join(c, &c->plan);
	pid_t pid;

	if (sp_plan_close(&c->plan, err) < 0)
		return -1;
	pid = sp_sandbox_clone(s, s->p->share_pid ? s->init_fd : -EBADF, flags, into, &fds->pidfd);
	if (pid == 0)
		sp_plan_apply(&c->plan);
	if (pid < 0)
		return sp_fail_errno(err, -pid, "clone");
	c->pid = pid;
	return 0;
}

static int prepare(struct sp_sandbox *s, const struct sp_ctr_params *p, struct sp_ctr *c,
		   struct sp_ctr_tmp *t, struct sp_ctr_fds *fds, struct sp_error *err)
{
	bool privileged = p->security && p->security->privileged.set && p->security->privileged.v;
	struct sp_cg_values values;
	bool restricted;

	c->name = sp_arena_strdup(&c->arena, p->name);
	if (!c->name)
		return sp_fail(err, SP_E_NO_MEMORY, "container");
	(void)snprintf(c->attempt, sizeof(c->attempt), "%u", p->attempt);
	if (plan_user(s, p, c, err) < 0)
		return -1;
	c->shared = mmap(NULL, sizeof(*c->shared), PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (c->shared == MAP_FAILED) {
		c->shared = NULL;
		return sp_fail_errno(err, errno, "shared page");
	}
	c->plan.shared = c->shared;
	sp_cg_ctr_values(s->p->res, p->ctr, &values);
	if (make_dirs(s, c, err) < 0 || sp_cgroup_ctr_open(s->cg, c->name, &values, privileged,
							   &c->cgroup, &restricted, err) < 0)
		return -1;
	if (plan_security(s, p, privileged, restricted, &c->plan, err) < 0 ||
	    plan_process(s, p, c, t, fds, err) < 0 ||
	    plan_rootfs(s, p, c, privileged, restricted, t, fds, err) < 0)
		return -1;
	return launch(s, c, fds, err);
}

static int signal_number(const char *name)
{
	static const struct {
		const char *name;
		int n;
	} names[] = {
		{"HUP", SIGHUP},     {"INT", SIGINT},       {"QUIT", SIGQUIT},
		{"ABRT", SIGABRT},   {"KILL", SIGKILL},     {"USR1", SIGUSR1},
		{"USR2", SIGUSR2},   {"PIPE", SIGPIPE},     {"ALRM", SIGALRM},
		{"TERM", SIGTERM},   {"CHLD", SIGCHLD},     {"CONT", SIGCONT},
		{"STOP", SIGSTOP},   {"TSTP", SIGTSTP},     {"TTIN", SIGTTIN},
		{"TTOU", SIGTTOU},   {"URG", SIGURG},       {"XCPU", SIGXCPU},
		{"XFSZ", SIGXFSZ},   {"VTALRM", SIGVTALRM}, {"PROF", SIGPROF},
		{"WINCH", SIGWINCH}, {"IO", SIGIO},         {"PWR", SIGPWR},
		{"SYS", SIGSYS},     {"TRAP", SIGTRAP},     {"STKFLT", SIGSTKFLT},
		{"BUS", SIGBUS},     {"FPE", SIGFPE},       {"ILL", SIGILL},
		{"SEGV", SIGSEGV},   {"POLL", SIGPOLL},
	};
	char *end;
	long n;

	if (!name || !name[0])
		return SIGTERM;
	n = strtol(name, &end, 10);
	if (*end == '\0')
		return n > 0 && n <= SIGRTMAX ? (int)n : SIGTERM;
	if (strncmp(name, "SIG", 3) == 0)
		name += 3;
	if (strncmp(name, "RTMIN+", 6) == 0) {
		n = strtol(name + 6, &end, 10);
		return *end == '\0' && n >= 0 && SIGRTMIN + n <= SIGRTMAX ? SIGRTMIN + (int)n
									  : SIGTERM;
	}
	for (size_t i = 0; i < SP_ARRAY_LEN(names); i++)
		if (sp_streq(names[i].name, name))
			return names[i].n;
	return SIGTERM;
}

int sp_ctr_prepare(struct sp_sandbox *s, const struct sp_ctr_params *p, struct sp_ctr **ret,
		   struct sp_ctr_fds *ret_fds, struct sp_error *err)
{
	struct sp_ctr_fds fds = {-EBADF, -EBADF, -EBADF, -EBADF};
	struct sp_ctr_tmp tmp = {.n = 0};
	struct sp_ctr *c = calloc(1, sizeof(*c));
	int r;

	if (!c)
		return sp_fail(err, SP_E_NO_MEMORY, "container '%s'", p->name);
	c->s = s;
	c->gate_fd = -EBADF;
	c->plan.enter_fd = -EBADF;
	c->stop_signal = signal_number(p->image->stop_signal);
	c->own_pid_ns = !s->p->share_pid && !s->p->host_pid;
	for (uint32_t i = 0; i < SP_CG_TREES_MAX; i++)
		c->cgroup.fds[i] = -EBADF;
	r = prepare(s, p, c, &tmp, &fds, err);
	sp_tmp_done(&tmp);
	if (r < 0) {
		(void)sp_close(fds.pidfd);
		(void)sp_close(fds.stdout_fd);
		(void)sp_close(fds.stderr_fd);
		(void)sp_close(fds.report_fd);
		(void)sp_ctr_free(c);
		return -1;
	}
	*ret = c;
	*ret_fds = fds;
	return 0;
}

int sp_ctr_release(struct sp_ctr *c, struct sp_error *err)
{
	ssize_t n;

	if (c->gate_fd < 0)
		return 0;
	n = send(c->gate_fd, "", 1, MSG_NOSIGNAL);
	if (n < 0 && errno != EPIPE) /* it died before: the exit tells */
		return sp_fail_errno(err, errno, "release container '%s'", c->name);
	c->gate_fd = sp_close(c->gate_fd);
	return 0;
}

/* ---- signals and the end ----------------------------------------------------------------------
 */

int sp_ctr_signal(struct sp_ctr *c, int sig)
{
	/* a child that was not waited for keeps its number */
	if (c->pid <= 0)
		return -ESRCH;
	return kill(c->pid, sig) < 0 ? -errno : 0;
}

int sp_ctr_kill(struct sp_ctr *c)
{
	int r;

	/* the first process of a PID namespace takes all others along, those of execs too */
	if (c->own_pid_ns)
		return sp_ctr_signal(c, SIGKILL);
	r = sp_cgroup_ctr_kill(&c->cgroup);
	return r < 0 ? sp_ctr_signal(c, SIGKILL) : r;
}

int sp_ctr_stop_signal(const struct sp_ctr *c)
{
	return c->stop_signal;
}

int sp_ctr_reap(struct sp_ctr *c, struct sp_exit *ret, struct sp_error *err)
{
	siginfo_t info = {.si_pid = 0};
	int r;

	if (c->pid > 0) {
		r = sys_waitid(P_PID, (id_t)c->pid, &info, WEXITED | WNOHANG);
		if (r < 0)
			return sp_fail_errno(err, -r, "wait for container '%s'", c->name);
		if (info.si_pid == 0)
			return sp_fail(err, SP_E_UNAVAILABLE, "container '%s' still runs", c->name);
		c->pid = 0;
		c->exit.code = info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
		c->exit.oom = sp_cgroup_ctr_oom_kills(&c->cgroup) > 0;
		sp_cgroup_ctr_usage(&c->cgroup, &c->exit.usage); /* it goes with the cgroup */
		c->gate_fd = sp_close(c->gate_fd);
		/* KILL-5; with an own PID namespace the kernel did it before we could wait */
		if (!c->own_pid_ns)
			(void)sp_cgroup_ctr_kill(&c->cgroup); /* the removal tells */
	}
	*ret = c->exit;
	return sp_cgroup_ctr_remove(&c->cgroup);
}

struct sp_ctr *sp_ctr_free(struct sp_ctr *c)
{
	int ctr;

	if (!c)
		return NULL;
	if (c->pid > 0) { /* given up before it was reaped */
		(void)sp_ctr_kill(c);
		(void)waitpid(c->pid, NULL, 0);
	}
	(void)sp_close(c->gate_fd);
	(void)sp_cgroup_ctr_remove(&c->cgroup); /* else the pod's removal takes it along */
	ctr = c->name ? openat(c->s->pod_fd, c->name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
		      : -EBADF;
	if (ctr >= 0) {
		/* left-overs go with the pod's directory */
		(void)sys_remove_tree(ctr, c->attempt);
		(void)unlinkat(c->s->pod_fd, c->name, AT_REMOVEDIR); /* stays with other attempts */
		(void)sp_close(ctr);
	}
	if (c->shared)
		(void)munmap(c->shared, sizeof(*c->shared));
	sp_arena_done(&c->arena);
	free(c);
	return NULL;
}

int sp_sandbox_usage(const struct sp_sandbox *s, const char *ctr, struct sp_usage *ret,
		     struct sp_error *err)
{
	struct sp_cgroup_ctr c = {.cg = s->cg, .name = ctr};
	bool found = false;

	if (!ctr) {
		sp_cgroup_usage(s->cg, ret);
		return 0;
	}
	for (uint32_t i = 0; i < s->cg->n; i++) {
		c.fds[i] = openat(s->cg->trees[i].pod_fd, ctr,
				  O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		found |= c.fds[i] >= 0;
	}
	sp_cgroup_ctr_usage(&c, ret);
	for (uint32_t i = 0; i < s->cg->n; i++)
		(void)sp_close(c.fds[i]);
	return found ? 0 : sp_fail(err, SP_E_NOT_FOUND, "container '%s' has no cgroup", ctr);
}
