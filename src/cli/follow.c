/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/follow.h"

#include "base/text.h"
#include "cli/interrupt.h"
#include "cli/pods.h"
#include "supervisor/spawn.h"
#include "sys/fd.h"
#include "sys/sys.h"

#include <poll.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>

#define FRAME (100 * SP_MSEC)

/* ---- opening --------------------------------------------------------------------------------- */

int sp_follow_init(struct sp_follow *f, struct sp_cli *cli, const struct sp_place *place,
		   uint32_t n, struct sp_error *err)
{
	sigset_t set;

	*f = (struct sp_follow){.cli = cli,
				.place = place,
				.watch_fd = -EBADF,
				.signal_fd = -EBADF,
				.timer_fd = -EBADF,
				.prefix = true};
	f->v = sp_arena_array(&cli->arena, n, sizeof(*f->v));
	f->runs = sp_arena_array(&cli->arena, n, sizeof(struct sp_run *));
	f->shown = sp_arena_array(&cli->arena, n, sizeof(struct sp_run *));
	f->now = sp_arena_array(&cli->arena, n, sizeof(*f->now));
	f->polls = sp_arena_array(&cli->arena, 3 + 2 * (size_t)n, sizeof(*f->polls));
	if (!f->v || !f->runs || !f->shown || !f->now || !f->polls)
		return sp_fail(err, SP_E_NO_MEMORY, "follow pods");
	f->watch_fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (f->watch_fd < 0)
		return sp_fail_errno(err, errno, "watch records");
	sp_interrupt_set(&set);
	sigaddset(&set, SIGWINCH);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return sp_fail_errno(err, errno, "block signals");
	f->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	f->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (f->signal_fd < 0 || f->timer_fd < 0)
		return sp_fail_errno(err, errno, "watch signals");
	return 0;
}

static void close_logs(struct sp_follow *f, struct sp_watched *w)
{
	if (!w->logs_open)
		return;
	if (w->logs.unread)
		sp_cli_warn(f->cli, "'%s' could not be decompressed; its lines are missing",
			    w->logs.unread);
	sp_podlogs_done(&w->logs);
	w->logs_open = false;
}

void sp_follow_done(struct sp_follow *f)
{
	for (uint32_t i = 0; i < f->n; i++) {
		sp_tail_done(&f->v[i].record);
		sp_run_done(&f->v[i].run);
		close_logs(f, &f->v[i]);
	}
	f->watch_fd = sp_close(f->watch_fd);
	f->signal_fd = sp_close(f->signal_fd);
	f->timer_fd = sp_close(f->timer_fd);
	f->n = 0;
}

int sp_follow_add(struct sp_follow *f, const char *name, const char *ns, const char *uid,
		  int end_fd, bool is_socket, struct sp_error *err)
{
	struct sp_watched *w = &f->v[f->n];
	const char *dir =
		sp_arena_printf(&f->cli->arena, "%s/pods/%s", f->place->engine.run_dir, uid);

	*w = (struct sp_watched){.name = name, .ns = ns, .uid = uid, .end_fd = end_fd};
	w->end_events = is_socket ? POLLRDHUP : POLLIN;
	w->record = sp_tail_init(SP_RECORD_LINE_MAX);
	w->start_wall_ns = sp_now_wall();
	sp_run_init(&w->run);
	w->run.header.pod = name;
	w->record_path = dir ? sp_arena_printf(&f->cli->arena, "%s/record.jsonl", dir) : NULL;
	f->runs[f->n++] = &w->run;
	if (!w->record_path)
		return sp_fail(err, SP_E_NO_MEMORY, "follow pod '%s'", name);
	/* the directory: the record may not be there yet */
	if (inotify_add_watch(f->watch_fd, dir, IN_CREATE | IN_MODIFY | IN_ONLYDIR) < 0)
		return sp_fail_errno(err, errno, "watch '%s'", dir);
	return 0;
}

void sp_follow_retire(struct sp_follow *f, struct sp_watched *w)
{
	sp_progress_erase(&f->progress);
	sp_tail_done(&w->record);
	close_logs(f, w);
	w->retired = true;
}

/* ---- logs ------------------------------------------------------------------------------------ */

static bool role_wanted(const struct sp_follow *f, enum sp_role role)
{
	static const char *const words[SP_ROLES] = {
		[SP_ROLE_INIT] = "inits", [SP_ROLE_SIDECAR] = "sidecars", [SP_ROLE_APP] = "apps"};

	return !f->only || sp_streq(f->only, words[role]);
}

static int open_logs(struct sp_follow *f, struct sp_watched *w, struct sp_error *err)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf dir = {0};

	sp_buf_printf(&dir, "%s/pods/", f->place->engine.log_dir);
	sp_pod_log_name(w->ns, w->name, w->uid, &dir);
	w->log_rows =
		sp_arena_array(&f->cli->arena, w->run.header.n_ctrs + 1, sizeof(*w->log_rows));
	if (!w->log_rows || dir.failed)
		return sp_fail(err, SP_E_NO_MEMORY, "read logs");
	if (sp_podlogs_init(&w->logs, dir.ptr, true, err) < 0)
		return -1;
	w->logs_open = true;
	for (uint32_t i = 0; i < w->run.header.n_ctrs; i++) {
		const struct sp_row *row = &w->run.rows[i];
		size_t cols = sp_utf8_columns(row->name);

		if (!role_wanted(f, row->role))
			continue;
		w->log_rows[w->logs.n_files] = i;
		if (sp_podlogs_add(&w->logs, row->name, 0, err) < 0)
			return -1;
		if (f->n > 1)
			cols += 1 + sp_utf8_columns(w->name);
		f->prefix_cols = SP_MAX(f->prefix_cols, SP_MIN(cols, (size_t)32));
	}
	return 0;
}

struct log_sink {
	struct sp_follow *f;
	struct sp_watched *w;
	struct sp_buf out;
};

static void take_log(void *arg, const struct sp_log_line *l)
{
	struct log_sink *s = arg;
	const char *ctr = s->w->run.rows[s->w->log_rows[l->ctr]].name;
	char mem[320];
	struct sp_buf name = sp_buf_fixed(mem, sizeof(mem));

	if (s->f->n > 1)
		sp_buf_printf(&name, "%s/", s->w->name);
	sp_buf_puts(&name, ctr);
	sp_log_print(mem, s->f->prefix ? s->f->prefix_cols : 0, l, s->f->timestamps,
		     s->f->cli->out_look.tty, &s->f->cli->out_look, &s->out);
}

static int show_logs(struct sp_follow *f, struct sp_error *err)
{
	f->more_logs = false;
	for (uint32_t i = 0; i < f->n; i++) {
		struct log_sink s = {f, &f->v[i], {0}};
		int r;

		if (!f->v[i].logs_open)
			continue;
		r = sp_podlogs_read(&f->v[i].logs, false, take_log, &s, err);
		if (s.out.len) {
			sp_progress_erase(&f->progress);
			(void)sp_cli_print(f->cli, &s.out); /* told once there; the pod goes on */
		}
		sp_buf_done(&s.out);
		if (r < 0)
			return -1;
		f->more_logs |= r > 0;
	}
	return 0;
}

/* ---- records --------------------------------------------------------------------------------- */

static int take_line(struct sp_follow *f, struct sp_watched *w, struct sp_str text,
		     struct sp_error *err)
{
	struct sp_record_line l;

	f->changed = true;
	if (f->events) {
		(void)fwrite(text.ptr, 1, text.len, f->events); /* checked when it is closed */
		(void)fputc('\n', f->events);
	}
	if (sp_run_add(&w->run, text.ptr, text.len, &l, err) < 0)
		return sp_wrap(err, "record of pod '%s'", w->name);
	if (l.is_header) {
		if (l.header.start_wall_ns)
			w->start_wall_ns = l.header.start_wall_ns;
		return f->show_logs ? open_logs(f, w, err) : 0;
	}
	sp_progress_fact(&f->progress, &w->run, &l.fact);
	return 0;
}

static int read_records(struct sp_follow *f, struct sp_error *err)
{
	char drain[4096];

	while (read(f->watch_fd, drain, sizeof(drain)) > 0)
		; /* which one it was does not matter: all are looked at */
	for (uint32_t i = 0; i < f->n; i++) {
		struct sp_watched *w = &f->v[i];
		struct sp_str text;
		int r;

		if (w->retired)
			continue;
		r = sp_tail_open(&w->record, w->record_path, err);
		if (r < 0)
			return -1;
		while (r > 0 && (r = sp_tail_line(&w->record, &text, err)) > 0)
			if (text.len && take_line(f, w, text, err) < 0)
				return -1;
		if (r < 0)
			return -1;
	}
	return 0;
}

/* ---- the user -------------------------------------------------------------------------------- */

static void note(struct sp_follow *f, const char *text)
{
	snprintf(f->progress.note, sizeof(f->progress.note), "%s", text);
	if (f->progress.mode == SP_PROGRESS_PLAIN)
		fprintf(f->cli->err, "%s\n", text);
}

static void stop_all(struct sp_follow *f, int64_t grace_s)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf request = {0};

	sp_pod_delete_request(grace_s, &request);
	for (uint32_t i = 0; i < f->n; i++) {
		struct sp_error err;

		if (f->v[i].over)
			continue;
		if (sp_pod_ask(f->place, f->v[i].uid, request.ptr, &err) < 0 &&
		    err.code != SP_E_NOT_FOUND)
			sp_cli_warn(f->cli, "stop pod '%s': %s", f->v[i].name, err.text);
	}
}

/* A supervisor's death takes its containers along; nothing gentler is left to try. */
static void kill_all(struct sp_follow *f)
{
	for (uint32_t i = 0; i < f->n; i++)
		if (!f->v[i].over && f->v[i].end_events == POLLIN)
			(void)sys_pidfd_send_signal(f->v[i].end_fd, SIGKILL); /* gone: as wanted */
}

static void take_press(struct sp_follow *f, int sig)
{
	if (!f->owner) {
		f->left = true;
		f->signal_number = sig;
		return;
	}
	f->presses++;
	f->changed = true;
	if (f->presses == 1) {
		f->signal_number = sig;
		f->progress.block = true;
		f->progress.waterfall = true;
		note(f, "stopping in order; Ctrl-C again: at most 2 seconds more, then kill");
		stop_all(f, -1);
	} else if (f->presses == 2) {
		note(f, "2 seconds, then kill; Ctrl-C again: kill now");
		stop_all(f, 2);
	} else {
		note(f, "killed");
		kill_all(f);
	}
}

static void read_signals(struct sp_follow *f)
{
	struct signalfd_siginfo s;

	while (read(f->signal_fd, &s, sizeof(s)) == sizeof(s))
		if (s.ssi_signo != SIGWINCH)
			take_press(f, (int)s.ssi_signo);
}

/* ---- waiting --------------------------------------------------------------------------------- */

static bool reached(const struct sp_follow *f, enum sp_until until)
{
	if (until == SP_UNTIL_CHANGE)
		return f->changed;
	for (uint32_t i = 0; i < f->n; i++) {
		const struct sp_watched *w = &f->v[i];

		if (w->over)
			continue;
		if (until == SP_UNTIL_OVER || (until == SP_UNTIL_READY && !w->run.ready_now))
			return false;
		if (until == SP_UNTIL_COMPLETE && !sp_streq(w->run.phase, "Succeeded") &&
		    !sp_streq(w->run.phase, "Failed"))
			return false;
	}
	return true;
}

/* The pods that have something to show, and their ages. Return: how many */
static uint32_t gather(struct sp_follow *f)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < f->n; i++) {
		struct sp_watched *w = &f->v[i];

		if (!w->run.has_header || w->retired)
			continue;
		f->now[n] = w->run.finished ? w->run.end : sp_now_wall() - w->start_wall_ns;
		f->shown[n++] = &w->run;
	}
	return n;
}

static bool any_working(const struct sp_follow *f)
{
	for (uint32_t i = 0; i < f->n; i++)
		if (!f->v[i].over && sp_progress_working(f->runs[i]))
			return true;
	return false;
}

/* Is there a pod whose record says nothing yet? */
static bool any_silent(const struct sp_follow *f)
{
	for (uint32_t i = 0; i < f->n; i++)
		if (!f->v[i].run.has_header && !f->v[i].retired)
			return true;
	return false;
}

static void paint(struct sp_follow *f)
{
	uint32_t n = gather(f);

	if (n == 0 || !f->progress.block)
		return;
	/* all is up: from here on the logs have the terminal; the end brings the block back */
	if (!any_silent(f) && !any_working(f) && f->show_logs && f->presses == 0)
		sp_progress_leave(&f->progress, f->shown, n, f->now);
	else
		sp_progress_paint(&f->progress, f->shown, n, f->now);
}

static bool any_stopping(const struct sp_follow *f)
{
	for (uint32_t i = 0; i < f->n; i++)
		if (f->v[i].run.stop_at >= 0 && !f->v[i].run.finished && !f->v[i].retired)
			return true;
	return false;
}

/* The timer turns the spinner while something is under way, and knows the deadline. */
static void arm(struct sp_follow *f, sp_time deadline)
{
	sp_time now = sp_now_mono(), next = deadline;
	struct itimerspec t = {0};

	if (f->progress.mode == SP_PROGRESS_TTY && f->progress.block && any_working(f))
		next = SP_MIN(next, now + FRAME);
	if (next != SP_NEVER) {
		next = SP_MAX(next, 1);
		t.it_value = (struct timespec){next / SP_SEC, next % SP_SEC};
	}
	(void)timerfd_settime(f->timer_fd, TFD_TIMER_ABSTIME, &t, NULL); /* valid by construction */
}

static int wait_once(struct sp_follow *f, sp_time deadline, struct sp_error *err)
{
	struct pollfd *v = f->polls;
	uint32_t n = 0, first_end;
	uint64_t ticks;

	arm(f, deadline);
	v[n++] = (struct pollfd){.fd = f->watch_fd, .events = POLLIN};
	v[n++] = (struct pollfd){.fd = f->signal_fd, .events = POLLIN};
	v[n++] = (struct pollfd){.fd = f->timer_fd, .events = POLLIN};
	first_end = n;
	for (uint32_t i = 0; i < f->n; i++)
		v[n++] = (struct pollfd){.fd = f->v[i].over ? -1 : f->v[i].end_fd,
					 .events = f->v[i].end_events};
	for (uint32_t i = 0; i < f->n; i++)
		if (f->v[i].logs_open)
			v[n++] = (struct pollfd){.fd = f->v[i].logs.watch_fd, .events = POLLIN};
	if (poll(v, n, f->more_logs ? 0 : -1) < 0 && errno != EINTR)
		return sp_fail_errno(err, errno, "wait for pods");
	if (read(f->timer_fd, &ticks, sizeof(ticks)) < 0 && errno != EAGAIN)
		return sp_fail_errno(err, errno, "read the timer");
	for (uint32_t i = 0; i < f->n; i++) {
		if (!(v[first_end + i].revents & (POLLIN | POLLRDHUP | POLLHUP | POLLERR)))
			continue;
		f->v[i].over = true;
		f->changed = true;
	}
	read_signals(f);
	return 0;
}

int sp_follow_wait(struct sp_follow *f, enum sp_until until, sp_time deadline, struct sp_error *err)
{
	bool stopping = false;

	for (;;) {
		bool done, late;

		/* the end first, then what was written before it */
		done = until != SP_UNTIL_CHANGE && reached(f, SP_UNTIL_OVER);
		do {
			if (read_records(f, err) < 0 || show_logs(f, err) < 0)
				return -1;
		} while (done && f->more_logs);
		if (!stopping && any_stopping(f)) { /* by whomever: it is worth seeing */
			stopping = true;
			f->progress.block = true;
			f->progress.waterfall = true;
		}
		late = sp_now_mono() >= deadline;
		if (done || reached(f, until) || f->left || late) {
			uint32_t n = gather(f);

			if (n && !(f->stay && (late || until == SP_UNTIL_CHANGE)))
				sp_progress_leave(&f->progress, f->shown, n, f->now);
			f->timed_out = late && !done && !reached(f, until);
			f->changed = false;
			return 0;
		}
		paint(f);
		if (wait_once(f, deadline, err) < 0)
			return -1;
	}
}

int sp_follow_exit_code(const struct sp_follow *f)
{
	if (f->signal_number)
		return SP_EXIT_SIGNAL + f->signal_number;
	for (uint32_t i = 0; i < f->n; i++)
		if (!sp_streq(f->v[i].run.phase, "Succeeded"))
			return SP_EXIT_FAILED;
	return SP_EXIT_OK;
}
