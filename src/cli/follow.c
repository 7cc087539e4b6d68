/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/follow.h"

#include "base/text.h"
#include "cli/interrupt.h"
#include "cli/pods.h"
#include "supervisor/spawn.h"
#include "sys/fd.h"
#include "sys/sys.h"

#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/resource.h>

#define FRAME          (100 * SP_MSEC)
#define PREFIX_COLUMNS 32 /* of "pod/container" before a log line, at most */

enum { SOURCE_WATCH = 1, SOURCE_END, SOURCE_OTHER }; /* kinds in the loop */

/* ---- opening --------------------------------------------------------------------------------- */

/* A few descriptors per pod; what containers get is set for each of them. */
static void raise_limit(void)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) < 0 || r.rlim_cur == r.rlim_max)
		return;
	r.rlim_cur = r.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &r); /* with fewer there is room for fewer pods */
}

int sp_follow_init(struct sp_follow *f, struct sp_cli *cli, const struct sp_place *place,
		   struct sp_error *err)
{
	sigset_t set;

	*f = (struct sp_follow){.cli = cli, .place = place, .watch_fd = -EBADF, .prefix = true};
	raise_limit();
	sp_interrupt_set(&set);
	sigaddset(&set, SIGWINCH);
	if (sp_loop_open(&f->loop, &set, err) < 0)
		return -1;
	f->watch_fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (f->watch_fd < 0 || !sp_loop_add(&f->loop, f->watch_fd, SOURCE_WATCH, 0, EPOLLIN))
		return sp_fail_errno(err, errno, "watch records");
	return 0;
}

static void close_files(struct sp_watched *w)
{
	sp_tail_done(&w->record);
	if (w->logs_open)
		sp_podlogs_done(&w->logs);
	w->logs_open = false;
}

static void free_watched(struct sp_watched *w)
{
	close_files(w);
	sp_run_done(&w->run);
	sp_arena_done(&w->arena);
	free(w);
}

void sp_follow_done(struct sp_follow *f)
{
	for (uint32_t i = 0; i < f->n; i++)
		if (f->v[i])
			free_watched(f->v[i]);
	free(f->v);
	free(f->refs);
	free(f->shown);
	free(f->now);
	f->v = NULL;
	f->refs = NULL;
	f->shown = NULL;
	f->now = NULL;
	f->n = f->cap = f->n_refs = f->cap_refs = f->cap_shown = 0;
	f->watch_fd = sp_close(f->watch_fd);
	if (f->cli) /* it was initialised */
		sp_loop_close(&f->loop);
}

/* ---- pods ------------------------------------------------------------------------------------ */

static void look_at(struct sp_follow *f, struct sp_watched *w, bool record, bool logs, bool status)
{
	if (w->retired)
		return;
	w->record_due |= record;
	w->logs_due |= logs;
	w->status_due |= status;
	if (w->due)
		return;
	w->due = true;
	w->next_due = f->due;
	f->due = w;
}

/* Watches are numbered upwards: the table stays sorted by itself. */
static uint32_t find_ref(const struct sp_follow *f, int wd)
{
	uint32_t low = 0, high = f->n_refs;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (f->refs[mid].wd < wd)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static int add_ref(struct sp_follow *f, struct sp_watched *w, int wd)
{
	uint32_t at = find_ref(f, wd);

	if (at < f->n_refs && f->refs[at].wd == wd) {
		f->refs[at].w = w;
		return 0;
	}
	if (f->n_refs == f->cap_refs) {
		uint32_t cap = f->cap_refs ? f->cap_refs * 2 : 64;
		struct sp_watch_ref *v = reallocarray(f->refs, cap, sizeof(*v));

		if (!v)
			return -1;
		f->refs = v;
		f->cap_refs = cap;
	}
	memmove(&f->refs[at + 1], &f->refs[at], (f->n_refs - at) * sizeof(*f->refs));
	f->refs[at] = (struct sp_watch_ref){wd, w};
	f->n_refs++;
	return 0;
}

static void drop_refs(struct sp_follow *f, const struct sp_watched *w)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < f->n_refs; i++) {
		if (f->refs[i].w == w)
			(void)inotify_rm_watch(f->watch_fd, f->refs[i].wd); /* gone: as wanted */
		else
			f->refs[kept++] = f->refs[i];
	}
	f->n_refs = kept;
}

static int take_slot(struct sp_follow *f, struct sp_watched *w)
{
	uint32_t cap = f->cap ? f->cap * 2 : 16, at = 0;
	struct sp_watched **v;

	while (at < f->n && f->v[at])
		at++;
	if (at == f->cap) {
		v = reallocarray(f->v, cap, sizeof(struct sp_watched *));
		if (!v)
			return -1;
		f->v = v;
		f->cap = cap;
	}
	f->v[at] = w;
	f->n = SP_MAX(f->n, at + 1);
	w->slot = at;
	return 0;
}

static int watch_pod(struct sp_follow *f, struct sp_watched *w, struct sp_error *err)
{
	int wd;

	/* the directory: the record may not be there yet */
	wd = inotify_add_watch(f->watch_fd, w->dir,
			       IN_CREATE | IN_MODIFY | IN_MOVED_TO | IN_ONLYDIR);
	if (wd < 0)
		return errno == ENOENT ? sp_fail(err, SP_E_NOT_FOUND, "pod '%s' is over", w->name)
				       : sp_fail_errno(err, errno, "watch '%s'", w->dir);
	if (add_ref(f, w, wd) < 0)
		return sp_fail(err, SP_E_NO_MEMORY, "follow pod '%s'", w->name);
	w->end = sp_loop_add(&f->loop, w->end_fd, SOURCE_END, w->slot,
			     w->is_socket ? EPOLLRDHUP : EPOLLIN);
	return w->end ? 0 : sp_fail_errno(err, errno, "follow pod '%s'", w->name);
}

int sp_follow_add(struct sp_follow *f, const char *name, const char *ns, const char *uid,
		  int end_fd, bool is_socket, struct sp_watched **ret, struct sp_error *err)
{
	struct sp_watched *w = calloc(1, sizeof(*w));

	if (!w)
		return sp_fail(err, SP_E_NO_MEMORY, "follow pod '%s'", name);
	w->name = sp_arena_strdup(&w->arena, name);
	w->ns = sp_arena_strdup(&w->arena, ns);
	w->uid = sp_arena_strdup(&w->arena, uid);
	w->dir = sp_arena_printf(&w->arena, "%s/pods/%s", f->place->engine.run_dir, uid);
	w->record_path = w->dir ? sp_arena_printf(&w->arena, "%s/record.jsonl", w->dir) : NULL;
	w->end_fd = end_fd;
	w->is_socket = is_socket;
	w->record = sp_tail_init(SP_RECORD_LINE_MAX);
	w->start_wall_ns = sp_now_wall();
	sp_run_init(&w->run);
	w->run.header.pod = w->name;
	if (!w->name || !w->ns || !w->uid || !w->record_path || take_slot(f, w) < 0) {
		free_watched(w);
		return sp_fail(err, SP_E_NO_MEMORY, "follow pod '%s'", name);
	}
	f->n_living++;
	f->many |= f->n > 1;
	look_at(f, w, true, true, true);
	if (watch_pod(f, w, err) < 0) {
		sp_follow_forget(f, w);
		return -1;
	}
	if (ret)
		*ret = w;
	return 0;
}

void sp_follow_retire(struct sp_follow *f, struct sp_watched *w)
{
	sp_progress_erase(&f->progress);
	drop_refs(f, w);
	sp_loop_del(&f->loop, &w->end);
	if (!w->over)
		f->n_living--;
	w->over = true;
	close_files(w);
	w->retired = true;
}

void sp_follow_forget(struct sp_follow *f, struct sp_watched *w)
{
	struct sp_watched **at = &f->due;

	sp_follow_retire(f, w);
	while (*at && *at != w)
		at = &(*at)->next_due;
	if (*at)
		*at = w->next_due;
	f->v[w->slot] = NULL;
	while (f->n && !f->v[f->n - 1])
		f->n--;
	free_watched(w);
}

int sp_follow_source(struct sp_follow *f, int fd, struct sp_error *err)
{
	return sp_loop_add(&f->loop, fd, SOURCE_OTHER, 0, EPOLLIN)
		       ? 0
		       : sp_fail_errno(err, errno, "wait for a descriptor");
}

/* ---- logs ------------------------------------------------------------------------------------ */

static bool role_wanted(const struct sp_follow *f, enum sp_role role)
{
	static const char *const words[SP_ROLES] = {
		[SP_ROLE_INIT] = "inits", [SP_ROLE_SIDECAR] = "sidecars", [SP_ROLE_APP] = "apps"};

	return !f->only || sp_streq(f->only, words[role]);
}

struct new_watch {
	struct sp_follow *f;
	struct sp_watched *w;
};

static void take_watch(void *arg, int wd)
{
	struct new_watch *n = arg;

	(void)add_ref(n->f, n->w, wd); /* without memory the next fact of the pod shows its logs */
}

/* Whose line it is. Of a pod's long name the end is what tells it from its sisters. */
static void log_name(const struct sp_follow *f, const struct sp_watched *w, const char *ctr,
		     struct sp_buf *ret)
{
	size_t n = strlen(w->name), of_ctr = SP_MIN(strlen(ctr), (size_t)PREFIX_COLUMNS - 8);
	size_t room = PREFIX_COLUMNS - of_ctr - 1;

	if (f->many && n > room)
		sp_buf_printf(ret, "%s%s/", f->cli->out_look.ascii ? "~" : "…",
			      w->name + n - (room - 1));
	else if (f->many)
		sp_buf_printf(ret, "%s/", w->name);
	sp_buf_puts(ret, ctr);
}

static int open_logs(struct sp_follow *f, struct sp_watched *w, struct sp_error *err)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf dir = {0};
	struct new_watch *watch = sp_arena_alloc(&w->arena, sizeof(*watch));

	sp_buf_printf(&dir, "%s/pods/", f->place->engine.log_dir);
	sp_pod_log_name(w->ns, w->name, w->uid, &dir);
	w->log_rows = sp_arena_array(&w->arena, w->run.header.n_ctrs + 1, sizeof(*w->log_rows));
	if (!watch || !w->log_rows || dir.failed)
		return sp_fail(err, SP_E_NO_MEMORY, "read logs");
	if (sp_podlogs_init(&w->logs, dir.ptr, false, err) < 0)
		return -1;
	*watch = (struct new_watch){f, w};
	sp_podlogs_share(&w->logs, f->watch_fd, take_watch, watch);
	w->logs_open = true;
	look_at(f, w, false, true, false);
	for (uint32_t i = 0; i < w->run.header.n_ctrs; i++) {
		const struct sp_row *row = &w->run.rows[i];
		char mem[320];
		struct sp_buf name = sp_buf_fixed(mem, sizeof(mem));

		if (!role_wanted(f, row->role))
			continue;
		w->log_rows[w->logs.n_files] = i;
		if (sp_podlogs_add(&w->logs, row->name, 0, err) < 0)
			return -1;
		log_name(f, w, row->name, &name);
		f->prefix_cols = SP_MAX(f->prefix_cols,
					SP_MIN(sp_utf8_columns(mem), (size_t)PREFIX_COLUMNS));
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

	log_name(s->f, s->w, ctr, &name);
	sp_log_print(mem, s->f->prefix ? s->f->prefix_cols : 0, l, s->f->timestamps,
		     s->f->cli->out_look.tty, &s->f->cli->out_look, &s->out);
}

/* Return: 0, 1 there may be more at once, -1 */
static int show_logs(struct sp_follow *f, struct sp_watched *w, struct sp_error *err)
{
	struct log_sink s = {f, w, {0}};
	int r = sp_podlogs_read(&w->logs, false, take_log, &s, err);

	if (s.out.len) {
		sp_progress_erase(&f->progress);
		(void)sp_cli_print(f->cli, &s.out); /* told once there; the pod goes on */
	}
	sp_buf_done(&s.out);
	return r;
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

static int read_record(struct sp_follow *f, struct sp_watched *w, struct sp_error *err)
{
	struct sp_str text;
	int r = sp_tail_open(&w->record, w->record_path, err);

	while (r > 0 && (r = sp_tail_line(&w->record, &text, err)) > 0)
		if (text.len && take_line(f, w, text, err) < 0)
			return -1;
	f->stopping |= w->run.stop_at >= 0 && !w->run.finished;
	return r;
}

/* Everything that is due, pod by pod. */
static int look_at_due(struct sp_follow *f, struct sp_error *err)
{
	struct sp_watched *list = f->due, *w;

	f->due = NULL;
	while ((w = list) != NULL) {
		bool record = w->record_due, logs = w->logs_due, status = w->status_due;
		int more = 0;

		list = w->next_due;
		w->due = w->record_due = w->logs_due = w->status_due = false;
		if (w->retired)
			continue;
		if (record && read_record(f, w, err) < 0)
			return -1;
		if ((logs || w->logs_due) && w->logs_open) { /* the header opens them */
			w->logs_due = false;
			more = show_logs(f, w, err);
		}
		if (more < 0)
			return -1;
		if (more > 0)
			look_at(f, w, false, true, false);
		f->changed |= w->over; /* with the last of its logs its end is to be acted upon */
		if (f->told)
			f->told(f->arg, w, status, record);
	}
	return 0;
}

static void look_at_all(struct sp_follow *f)
{
	for (uint32_t i = 0; i < f->n; i++)
		if (f->v[i])
			look_at(f, f->v[i], true, true, true);
}

static void take_watch_event(struct sp_follow *f, const struct inotify_event *ev)
{
	uint32_t at = find_ref(f, ev->wd);
	struct sp_watched *w = at < f->n_refs && f->refs[at].wd == ev->wd ? f->refs[at].w : NULL;
	const char *name = ev->len ? ev->name : "";

	if (ev->mask & IN_Q_OVERFLOW)
		look_at_all(f);
	else if (!w)
		; /* a watch that was given up, whose last events were under way */
	else if (sp_streq(name, "record.jsonl"))
		look_at(f, w, true, false, false);
	else if (sp_streq(name, "status.json"))
		look_at(f, w, false, false, true);
	else if (strncmp(name, "status.json", 11) != 0)
		look_at(f, w, false, true, false);
}

static void read_watch(struct sp_follow *f)
{
	_Alignas(struct inotify_event) char mem[16384];
	ssize_t n = read(f->watch_fd, mem, sizeof(mem));

	for (ssize_t at = 0; at < n;) {
		const struct inotify_event *ev = (const void *)(mem + at);

		take_watch_event(f, ev);
		at += (ssize_t)(sizeof(*ev) + ev->len);
	}
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

		if (!f->v[i] || f->v[i]->over)
			continue;
		if (sp_pod_ask(f->place, f->v[i]->uid, request.ptr, &err) < 0 &&
		    err.code != SP_E_NOT_FOUND)
			sp_cli_warn(f->cli, "stop pod '%s': %s", f->v[i]->name, err.text);
	}
}

void sp_follow_kill(struct sp_follow *f)
{
	for (uint32_t i = 0; i < f->n; i++)
		if (f->v[i] && !f->v[i]->over && !f->v[i]->is_socket)
			(void)sys_pidfd_send_signal(f->v[i]->end_fd, SIGKILL); /* gone: as wanted */
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
		if (!f->quiet_stop)
			stop_all(f, -1);
	} else if (f->presses == 2) {
		note(f, "2 seconds, then kill; Ctrl-C again: kill now");
		if (!f->quiet_stop)
			stop_all(f, 2);
	} else {
		note(f, "killed");
		sp_follow_kill(f);
	}
}

static void read_signals(struct sp_follow *f)
{
	int sig;

	while ((sig = sp_loop_signal(&f->loop)) != 0)
		if (sig != SIGWINCH)
			take_press(f, sig);
}

/* ---- waiting --------------------------------------------------------------------------------- */

static bool reached(const struct sp_follow *f, enum sp_until until)
{
	if (until == SP_UNTIL_CHANGE)
		return f->changed;
	if (until == SP_UNTIL_OVER)
		return f->n_living == 0;
	for (uint32_t i = 0; i < f->n; i++) {
		const struct sp_watched *w = f->v[i];

		if (!w || w->over)
			continue;
		if (until == SP_UNTIL_READY && !w->run.ready_now)
			return false;
		if (until == SP_UNTIL_COMPLETE && !sp_streq(w->run.phase, "Succeeded") &&
		    !sp_streq(w->run.phase, "Failed"))
			return false;
	}
	return true;
}

static bool make_scratch(struct sp_follow *f)
{
	struct sp_run **shown;
	sp_time *now;

	if (f->cap_shown >= f->n)
		return true;
	shown = reallocarray(f->shown, f->cap, sizeof(struct sp_run *));
	if (shown)
		f->shown = shown;
	now = reallocarray(f->now, f->cap, sizeof(*now));
	if (now)
		f->now = now;
	if (!shown || !now)
		return false;
	f->cap_shown = f->cap;
	return true;
}

/* The pods that have something to show, and their ages. Return: how many */
static uint32_t gather(struct sp_follow *f)
{
	uint32_t n = 0;

	for (uint32_t i = 0; make_scratch(f) && i < f->n; i++) {
		struct sp_watched *w = f->v[i];

		if (!w || !w->run.has_header || w->retired)
			continue;
		f->now[n] = w->run.finished ? w->run.end : sp_now_wall() - w->start_wall_ns;
		f->shown[n++] = &w->run;
	}
	return n;
}

/* Is there a pod that is under way, or whose record says nothing yet? */
static bool any_working(const struct sp_follow *f)
{
	for (uint32_t i = 0; i < f->n; i++) {
		const struct sp_watched *w = f->v[i];

		if (w && !w->retired &&
		    (!w->run.has_header || (!w->over && sp_progress_working(&w->run))))
			return true;
	}
	return false;
}

static bool is_painted(const struct sp_follow *f)
{
	return f->progress.mode == SP_PROGRESS_TTY && f->progress.block;
}

static void paint(struct sp_follow *f)
{
	uint32_t n;

	if (!is_painted(f))
		return;
	n = gather(f);
	if (n == 0 && !f->progress.board)
		return;
	/* all is up: from here on the logs have the terminal; the end brings the block back */
	if (!any_working(f) && f->show_logs && f->presses == 0)
		sp_progress_leave(&f->progress, f->shown, n, f->now);
	else
		sp_progress_paint(&f->progress, f->shown, n, f->now);
}

static void take_end(struct sp_follow *f, uint32_t slot)
{
	struct sp_watched *w = f->v[slot];

	sp_loop_del(&f->loop, &w->end);
	w->over = true;
	f->n_living--;
	f->changed = true;
	look_at(f, w, true, true, true); /* what was written before it */
}

static int wait_once(struct sp_follow *f, sp_time deadline, struct sp_error *err)
{
	struct sp_ready ready[SP_LOOP_BATCH];
	int n;

	/* the spinner turns while something is under way */
	if (is_painted(f) && any_working(f))
		deadline = SP_MIN(deadline, sp_now_mono() + FRAME);
	n = sp_loop_wait(&f->loop, f->due ? 0 : deadline, ready);
	if (n < 0)
		return sp_fail_errno(err, errno, "wait for pods");
	for (int i = 0; i < n; i++) {
		if (!sp_loop_alive(&f->loop, ready[i].source))
			continue;
		if (ready[i].kind == SP_LOOP_SIGNAL)
			read_signals(f);
		else if (ready[i].kind == SOURCE_WATCH)
			read_watch(f);
		else if (ready[i].kind == SOURCE_END)
			take_end(f, ready[i].owner);
		else
			f->changed = true;
	}
	return 0;
}

int sp_follow_wait(struct sp_follow *f, enum sp_until until, sp_time deadline, struct sp_error *err)
{
	bool was_stopping = f->stopping;

	for (;;) {
		bool late;

		if (look_at_due(f, err) < 0)
			return -1;
		if (!was_stopping && f->stopping) { /* by whomever: it is worth seeing */
			was_stopping = true;
			f->progress.block = true;
			f->progress.waterfall = true;
		}
		late = sp_now_mono() >= deadline;
		if ((reached(f, until) && (!f->due || until == SP_UNTIL_CHANGE)) || f->left ||
		    late) {
			uint32_t n = is_painted(f) ? gather(f) : 0;

			if (n && !(f->stay && (late || until == SP_UNTIL_CHANGE)))
				sp_progress_leave(&f->progress, f->shown, n, f->now);
			f->timed_out = late && !reached(f, until);
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
		if (f->v[i] && !sp_streq(f->v[i]->run.phase, "Succeeded"))
			return SP_EXIT_FAILED;
	return SP_EXIT_OK;
}
