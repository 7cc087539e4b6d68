/* SPDX-License-Identifier: Apache-2.0 */
/* A further process in a running container: probes, hooks, `sidepod exec`. */
#include "container/container_internal.h"
#include "sys/fd.h"
#include "sys/sys.h"

#include <linux/magic.h>
#include <sys/vfs.h>

/* The caller's descriptor, or a pipe whose read end goes to @ret. */
static int output(struct sp_ctr_tmp *t, int given, int *ret_child, int *ret, struct sp_error *err)
{
	int fd;

	if (given < 0)
		return sp_tmp_pipe(t, ret_child, ret, err);
	fd = fcntl(given, F_DUPFD_CLOEXEC, 3);
	if (fd < 0)
		return sp_fail_errno(err, errno, "standard output");
	*ret_child = fd;
	return sp_tmp_add(t, fd, err) < 0 ? -1 : 0;
}

/*
 * The container's own devpts, so that ttyname(3) finds the terminal in it. Through its mount
 * namespace and not through /proc/<pid>/root: our /proc may be that of another PID namespace, where
 * the number is somebody else.
 */
static int open_devpts(const struct sp_ctr *c, int pidfd)
{
	struct statfs fs;
	int r = sys_setns(pidfd, CLONE_NEWNS), fd;

	if (r < 0)
		return r;
	fd = sys_openat2(AT_FDCWD, "/dev/pts", O_PATH | O_DIRECTORY, 0,
			 RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS);
	sp_sandbox_return(c->s);
	/* a privileged container may have put anything there */
	if (fd >= 0 && (fstatfs(fd, &fs) < 0 || fs.f_type != DEVPTS_SUPER_MAGIC)) {
		(void)sp_close(fd);
		return -ENOTTY;
	}
	return fd;
}

static int terminal(struct sp_ctr_tmp *t, const struct sp_ctr *c, struct sp_plan *plan,
		    struct sp_exec_fds *fds, struct sp_error *err)
{
	SP_CLEANUP(sp_closep) int pts = open_devpts(c, plan->enter_fd);
	int slave;

	if (pts < 0)
		return sp_fail_errno(err, -pts, "open the container's /dev/pts");
	fds->stdout_fd = sp_tmp_terminal(t, pts, &slave, err);
	if (fds->stdout_fd < 0)
		return -1;
	plan->stdio[0] = plan->stdio[1] = plan->stdio[2] = slave;
	plan->tty = true;
	return 0;
}

static int prepare(struct sp_ctr *c, const struct sp_exec_params *p, struct sp_plan *plan,
		   struct sp_arena *a, struct sp_ctr_tmp *t, struct sp_exec_fds *fds,
		   struct sp_error *err)
{
	/* what the container was started with, but for its root file system and its process */
	plan->oom_score_adj = c->plan.oom_score_adj;
	plan->nofile = c->plan.nofile;
	plan->caps = c->plan.caps;
	plan->no_new_privs = c->plan.no_new_privs;
	plan->seccomp = c->plan.seccomp;
	plan->rootless = c->plan.rootless;
	plan->death_signal = c->plan.death_signal;
	plan->cwd = c->plan.cwd;
	plan->identity = &c->shared->id;
	plan->argv = p->argv;
	plan->gate_fd = -EBADF;
	if (sp_plan_env(p->env ? p->env : (const char *const *)c->plan.env, a, plan, err) < 0)
		return -1;
	plan->enter_fd = sys_pidfd_open(c->pid, 0);
	if (plan->enter_fd < 0)
		return sp_fail_errno(err, -plan->enter_fd, "find container '%s'", c->name);
	if (sp_tmp_add(t, plan->enter_fd, err) < 0 ||
	    sp_tmp_pipe(t, &plan->report_fd, &fds->report_fd, err) < 0)
		return -1;
	if (p->tty)
		return terminal(t, c, plan, fds, err);
	plan->stdio[0] = sp_tmp_stdin(t, p->stdin_fd, err);
	if (plan->stdio[0] < 0 ||
	    output(t, p->stdout_fd, &plan->stdio[1], &fds->stdout_fd, err) < 0 ||
	    output(t, p->stderr_fd, &plan->stdio[2], &fds->stderr_fd, err) < 0)
		return -1;
	return 0;
}

int sp_ctr_exec(struct sp_ctr *c, const struct sp_exec_params *p, struct sp_exec_fds *ret,
		pid_t *ret_pid, struct sp_error *err)
{
	struct sp_exec_fds fds = {-EBADF, -EBADF, -EBADF, -EBADF};
	struct sp_ctr_tmp tmp = {.n = 0};
	struct sp_arena arena = {0};
	struct sp_plan plan = {.enter_fd = -EBADF};
	int r, into;
	pid_t pid = -1;

	if (c->pid <= 0 || !c->shared->resolved || c->gate_fd >= 0)
		return sp_fail(err, SP_E_NOT_FOUND, "container '%s' is not running", c->name);
	r = prepare(c, p, &plan, &arena, &tmp, &fds, err);
	if (r >= 0) {
		into = sp_ctr_join(c, &plan);
		r = sp_plan_close(&plan, err);
		if (r >= 0) {
			pid = sp_sandbox_clone(c->s, c->s->p->host_pid ? -EBADF : plan.enter_fd, 0,
					       into, &fds.pidfd);
			if (pid == 0)
				sp_plan_apply(&plan);
			if (pid < 0)
				r = sp_fail_errno(err, -pid, "enter container '%s'", c->name);
		}
	}
	sp_tmp_done(&tmp);
	sp_arena_done(&arena);
	if (r < 0) {
		(void)sp_close(fds.stdout_fd);
		(void)sp_close(fds.stderr_fd);
		(void)sp_close(fds.report_fd);
		return -1;
	}
	*ret = fds;
	*ret_pid = pid;
	return 0;
}
