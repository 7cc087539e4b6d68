/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SP_CONTAINER_CONTAINER_INTERNAL_H
#define SP_CONTAINER_CONTAINER_INTERNAL_H

#include "container/plan.h"
#include "container/sandbox_internal.h"

/* One instance. */
struct sp_ctr {
	struct sp_sandbox *s; /* kept */
	struct sp_arena arena;
	struct sp_plan plan;
	struct sp_cgroup_ctr cgroup;
	const char *name;
	char attempt[16]; /* directory below <pod_dir>/<name> */
	pid_t pid;        /* 0: reaped, or never there */
	int gate_fd;      /* write end; -EBADF once released */
	int stop_signal;
	bool own_pid_ns;
	struct sp_exit exit;
	struct sp_shared *shared;
};

/* Open files of the plan's making, to be closed in the supervisor after the clone. */
struct sp_ctr_tmp {
	int fds[SP_PLAN_FDS_MAX];
	uint32_t n;
};
/** sp_tmp_add() - Take @fd (also on failure). Return: @fd, or -1 and *err; negative @fd: -1 alone
 */
int sp_tmp_add(struct sp_ctr_tmp *t, int fd, struct sp_error *err);
void sp_tmp_done(struct sp_ctr_tmp *t);

/** sp_tmp_pipe() - Close-on-exec pipe; the child's end, which writes, goes to @t, the other to @ret
 */
int sp_tmp_pipe(struct sp_ctr_tmp *t, int *ret_child, int *ret, struct sp_error *err);

/** sp_tmp_stdin() - /dev/null, or a copy of @fd that is not a standard descriptor */
int sp_tmp_stdin(struct sp_ctr_tmp *t, int fd, struct sp_error *err);

/** sp_tmp_terminal() - A terminal of a devpts instance
 * @pts_fd: root of the instance
 * @ret_slave: the child's, in @t
 *
 * Return: master, or -1.
 */
int sp_tmp_terminal(struct sp_ctr_tmp *t, int pts_fd, int *ret_slave, struct sp_error *err);

/** sp_ctr_join() - How the child gets into its cgroups: fills the plan's task_fds. Return: the v2
 * directory for clone3, -EBADF none */
int sp_ctr_join(const struct sp_ctr *c, struct sp_plan *plan);

#endif
