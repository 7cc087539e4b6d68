/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Leaving alone what was started (`sidepod up -d`, `--wait`). Pods need nobody: the command goes.
 * All that has a controller, or an address, needs the session: a process of its own keeps it, and
 * tells the command when it may go.
 */
#include "cli/workload_internal.h"

#include "cli/interrupt.h"
#include "sys/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/wait.h>

bool wl_needs_session(const struct sp_manifest *m)
{
	for (uint32_t i = 0; i < m->n_objects; i++)
		if (m->objects[i].kind != SP_KIND_POD && m->objects[i].kind != SP_KIND_CONFIG_MAP &&
		    m->objects[i].kind != SP_KIND_SECRET && m->objects[i].kind != SP_KIND_NAMESPACE)
			return true;
	return false;
}

/* ---- may it go? ------------------------------------------------------------------------------ */

static bool is_shown(const struct sp_agent_pod *p)
{
	char path[PATH_MAX];

	(void)snprintf(path, sizeof(path), "%s/status.json", p->watched->dir);
	return access(path, F_OK) == 0;
}

/* Others can see all pods that there are. */
static bool all_started(const struct workload *w)
{
	for (const struct sp_agent_pod *p = w->agent.first; p; p = p->next)
		if (!p->watched || !is_shown(p))
			return false;
	return true;
}

static bool is_ready(const struct workload *w, const struct wl_entry *e)
{
	bool any = false;

	if (e->kind != SP_KIND_POD)
		return e->settled || e->ended || e->stuck || e->kind == SP_KIND_CRON_JOB;
	for (const struct sp_agent_pod *p = w->agent.first; p; p = p->next) {
		if (p->owner != e)
			continue;
		if (!p->watched->run.ready_now)
			return false;
		any = true;
	}
	return any || e->ended;
}

static bool is_complete(const struct workload *w, const struct wl_entry *e)
{
	return e->kind == SP_KIND_POD || e->kind == SP_KIND_JOB ? e->ended : is_ready(w, e);
}

static bool is_reached(const struct workload *w)
{
	if (w->s->leave == SP_LEAVE_STARTED)
		return all_started(w);
	for (const struct wl_entry *e = w->first; e; e = e->next)
		if (wl_makes_pods(e->kind) && !e->taken &&
		    !(w->s->leave == SP_LEAVE_READY ? is_ready(w, e) : is_complete(w, e)))
			return false;
	return w->agent.n_waiting == 0;
}

static int code_of(const struct workload *w)
{
	if (w->s->leave == SP_LEAVE_STARTED)
		return SP_EXIT_OK;
	for (const struct wl_entry *e = w->first; e; e = e->next)
		if (wl_makes_pods(e->kind) && ((e->ended && !e->good) || e->stuck))
			return SP_EXIT_FAILED;
	return SP_EXIT_OK;
}

/* Return: exit code of the command, -1: it has to stay */
static int may_leave(struct workload *w, sp_time *wake)
{
	if (w->follow.left)
		return SP_EXIT_SIGNAL + w->follow.signal_number;
	if (w->code)
		return w->code;
	if (is_reached(w))
		return code_of(w);
	if (sp_now_mono() >= w->leave_by)
		return sp_cli_error(w->cli, SP_EXIT_INCOMPLETE,
				    "timed out; the pods go on, `sidepod ps` shows them");
	*wake = SP_MIN(*wake, w->leave_by);
	return -1;
}

/* ---- the session of its own ------------------------------------------------------------------ */

/* What stands on the terminal stays, and nothing is added to it. */
static void leave_terminal(struct workload *w)
{
	struct sp_error err; /* a look without a wait: nothing depends on it */

	w->follow.stay = false;
	(void)sp_follow_wait(&w->follow, SP_UNTIL_CHANGE, 0, &err);
	w->follow.stay = true;
}

/* Nobody reads what is told from here on, but in the session's log. */
static void go_quiet(struct workload *w)
{
	struct sp_error err;
	SP_CLEANUP(sp_closep) int fd = w->channel ? sp_channel_log(w->channel, &err) : -EBADF;

	if (fd < 0)
		fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	(void)fflush(w->cli->err);
	if (fd >= 0)
		(void)dup2(fd, STDERR_FILENO); /* of open ones: cannot fail */
	w->cli->err_look = (struct sp_look){.columns = 80, .rows = 24};
	w->follow.progress.mode = SP_PROGRESS_QUIET;
	w->follow.progress.block = false;
}

static void report(struct workload *w, int code)
{
	const char byte = (char)code;

	leave_terminal(w);
	go_quiet(w);
	(void)sp_write_all(w->report_fd, &byte, 1); /* the command was killed: nobody waits */
	w->report_fd = sp_close(w->report_fd);
}

bool wl_leave(struct workload *w, sp_time *wake)
{
	int code;

	if (w->s->leave == SP_LEAVE_NEVER || (w->detached && w->report_fd < 0))
		return false;
	if (w->detached && w->code)
		return false; /* it takes all down, and ends with that code */
	code = may_leave(w, wake);
	if (code < 0)
		return false;
	if (w->detached) {
		report(w, code);
		return false;
	}
	leave_terminal(w);
	w->code = code;
	return true;
}

static int become_session(struct workload *w, int report_fd, struct sp_error *err)
{
	SP_CLEANUP(sp_closep) int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	w->report_fd = report_fd;
	w->detached = true;
	/* the command's output is whole when it ends, not when we do */
	if (null_fd < 0 || dup2(null_fd, STDIN_FILENO) < 0 || dup2(null_fd, STDOUT_FILENO) < 0 ||
	    setsid() < 0 || chdir("/") < 0)
		return sp_fail_errno(err, errno, "begin the session");
	return 0;
}

/* Until the session says that we may go, or has ended. */
static int wait_for_report(struct workload *w, int fd, pid_t pid)
{
	struct sp_error err;
	int signal_number = sp_interrupt_wait(fd, POLLIN, &err), status;
	char byte;
	ssize_t n;

	if (signal_number > 0)
		return SP_EXIT_SIGNAL + signal_number; /* it goes on */
	if (signal_number < 0)
		return sp_cli_fail(w->cli, &err);
	n = sp_read_all(fd, &byte, 1);
	if (n == 1)
		return (unsigned char)byte;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return sp_cli_error(w->cli, SP_EXIT_ENVIRONMENT, "the session is gone");
	if (WIFEXITED(status) && WEXITSTATUS(status))
		return WEXITSTATUS(status); /* told */
	return sp_cli_error(w->cli, SP_EXIT_ENVIRONMENT, "the session ended too early");
}

int wl_background(struct workload *w, struct sp_error *err)
{
	SP_CLEANUP(sp_closep) int read_fd = -EBADF, write_fd = -EBADF;
	int pipes[2];
	pid_t pid;

	if (pipe2(pipes, O_CLOEXEC) < 0)
		return sp_fail_errno(err, errno, "begin the session");
	read_fd = pipes[0];
	write_fd = pipes[1];
	(void)fflush(NULL); /* once, not by both */
	pid = fork();
	if (pid < 0)
		return sp_fail_errno(err, errno, "begin the session");
	if (pid == 0)
		return become_session(w, sp_take_fd(&write_fd), err);
	write_fd = sp_close(write_fd);
	w->code = wait_for_report(w, read_fd, pid);
	return 0;
}
