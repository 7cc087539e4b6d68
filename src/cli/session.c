/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/session.h"

#include "base/text.h"
#include "cli/interrupt.h"
#include "cli/pods.h"
#include "cli/runs.h"
#include "cli/tidy.h"
#include "draw/draw.h"
#include "supervisor/spawn.h"
#include "sys/fd.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

void sp_session_flags(struct sp_session *s, struct sp_cli *cli)
{
	s->launch.progress = sp_flag_text(cli, "progress");
	s->timeline = sp_flag_text(cli, "timeline");
	s->events = sp_flag_text(cli, "events");
	s->code_of_app = sp_flag_is(cli, "exit-code", "app");
}

static bool ends_in(const char *path, const char *end)
{
	size_t n = strlen(path), k = strlen(end);

	return n > k && sp_streq(path + n - k, end);
}

int sp_session_check_picture(struct sp_cli *cli, const char *path)
{
	static const char *const endings[] = {".svg", ".mmd", ".md", ".txt"};
	bool known = !path || sp_streq(path, "-");

	for (size_t i = 0; i < SP_ARRAY_LEN(endings); i++)
		known = known || ends_in(path, endings[i]);
	return known ? 0
		     : sp_cli_usage(cli,
				    "--timeline: '%s' ends in none of .svg, .mmd, .md, .txt; - is "
				    "the terminal",
				    path);
}

/* Could @path be written? Return: 0, or the exit code, told */
static int check_file(struct sp_cli *cli, const char *path)
{
	char mem[PATH_MAX];
	struct stat st;
	int r;

	if (!path || sp_streq(path, "-"))
		return 0;
	if (strlen(path) >= sizeof(mem))
		return sp_cli_error(cli, SP_EXIT_ENVIRONMENT, "'%s' is too long", path);
	if (stat(path, &st) == 0) {
		errno = S_ISDIR(st.st_mode) ? EISDIR : 0;
		r = errno ? -1 : access(path, W_OK);
	} else {
		memcpy(mem, path, strlen(path) + 1);
		r = access(dirname(mem), W_OK | X_OK);
	}
	return r == 0 ? 0
		      : sp_cli_error(cli, SP_EXIT_ENVIRONMENT, "create '%s': %s", path,
				     strerrordesc_np(errno));
}

int sp_session_check(struct sp_session *s, struct sp_cli *cli)
{
	int r = sp_session_check_picture(cli, s->timeline);

	if (r == 0)
		r = check_file(cli, s->timeline);
	return r ? r : check_file(cli, s->events);
}

int sp_session_draw(struct sp_cli *cli, const struct sp_run *r, const char *path,
		    struct sp_error *err)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf b = {0};
	const struct sp_look *look = &cli->out_look;
	bool screen = sp_streq(path, "-");
	struct sp_draw d = {.columns = screen ? SP_MIN(look->columns, 120) : 80,
			    .ascii = screen && look->ascii,
			    .color = screen && look->color,
			    .version = SP_VERSION};

	if (ends_in(path, ".svg")) {
		sp_draw_svg(r, &d, &b);
	} else if (ends_in(path, ".mmd") || ends_in(path, ".md")) {
		bool fence = ends_in(path, ".md");

		sp_buf_puts(&b, fence ? "```mermaid\n" : "");
		sp_draw_gantt_mermaid(r, &b);
		sp_buf_puts(&b, fence ? "```\n" : "");
	} else {
		sp_draw_gantt_text(r, &d, &b);
		if (r->stop_at >= 0) {
			sp_buf_putc(&b, '\n');
			sp_draw_waterfall_text(r, &d, &b);
		}
	}
	if (b.failed)
		return sp_fail(err, SP_E_NO_MEMORY, "draw the run");
	if (screen) {
		(void)sp_cli_print(cli, &b); /* told once there */
		return 0;
	}
	return sp_file_write(path, b.ptr, b.len, err);
}

void sp_session_tell_end(struct sp_cli *cli, const struct sp_run *r)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf b = {0};

	sp_buf_printf(&b, "pod/%s %s after ", r->header.pod, r->finished ? r->phase : "killed");
	sp_format_elapsed(&b, r->end);
	if (r->ready_at >= 0) {
		sp_buf_puts(&b, ", Ready at ");
		sp_format_elapsed(&b, r->ready_at);
	}
	if (r->stop_at >= 0) {
		sp_buf_puts(&b, ", stopped in ");
		sp_format_elapsed(&b, r->end - r->stop_at);
	}
	sp_buf_putc(&b, '\n');
	if (sp_run_why(r, &b))
		sp_buf_putc(&b, '\n');
	if (b.ptr)
		fputs(b.ptr, cli->err);
}

bool sp_session_finish(struct sp_cli *cli, const struct sp_place *place, const char *name,
		       const char *ns, const char *uid)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf logs = {0};
	struct sp_cli own = *cli; /* memory of its own: a session may finish pods for weeks */
	const char *record;
	struct sp_error err;

	own.arena = (struct sp_arena){0};
	record = sp_arena_printf(&own.arena, "%s/pods/%s/record.jsonl", place->engine.run_dir, uid);
	if (record && sp_runs_keep(&own, place, name, record, NULL, &err) < 0 &&
	    err.code != SP_E_NOT_FOUND)
		sp_cli_warn(cli, "keep the record of pod '%s': %s", name, err.text);
	sp_arena_done(&own.arena);
	sp_pod_log_name(ns, name, uid, &logs);
	sp_name_free(place, ns, name, uid);
	/* who holds the lock now is another command that waited for the same end, and sweeps */
	do
		if (sp_pod_wait_gone(place, uid, &err) == 0 &&
		    sp_pod_sweep(&place->engine, uid, true, logs.ptr, &err) == 0)
			return true;
	while (err.code == SP_E_EXISTS);
	sp_cli_warn(cli, "clean up after pod '%s': %s", name, err.text);
	return false;
}

int sp_session_follow(struct sp_cli *cli, const struct sp_place *place, bool logs,
		      struct sp_follow *f, struct sp_error *err)
{
	if (sp_follow_init(f, cli, place, err) < 0)
		return -1;
	sp_progress_init(&f->progress, cli, sp_progress_flag(cli));
	f->show_logs = logs;
	if (logs) {
		f->timestamps = sp_flag_bool(cli, "timestamps");
		f->prefix = !sp_flag_bool(cli, "no-prefix");
		f->only = sp_flag_text(cli, "only");
		f->show_logs = !sp_flag_bool(cli, "no-logs");
	}
	return 0;
}

static int code_of_app(const struct sp_follow *f, int otherwise)
{
	const struct sp_row *app = NULL;

	if (f->n != 1)
		return otherwise;
	for (uint32_t i = 0; i < f->v[0]->run.header.n_ctrs; i++) {
		const struct sp_row *row = &f->v[0]->run.rows[i];

		if (row->role != SP_ROLE_APP)
			continue;
		if (app)
			return otherwise;
		app = row;
	}
	return app && app->n_exits ? app->exits[app->n_exits - 1].code : otherwise;
}

static bool is_full(const char *dir)
{
	struct statvfs fs;

	return statvfs(dir, &fs) == 0 && fs.f_bavail == 0;
}

int sp_session_pod_over(struct sp_session *s, struct sp_follow *f, struct sp_watched *w, int code)
{
	struct sp_cli *cli = s->launch.cli;
	struct sp_error err;

	if (!w->run.has_header) {
		(void)sp_cli_error(cli, SP_EXIT_ENVIRONMENT, "pod '%s' could not begin: %s",
				   w->name, sp_pod_last_words(cli, &s->launch.place, w->uid));
		code = f->signal_number ? code : SP_EXIT_ENVIRONMENT;
	} else if (!w->run.finished && is_full(s->launch.place.engine.run_dir)) {
		(void)sp_cli_error(
			cli, SP_EXIT_ENVIRONMENT,
			"pod '%s' is over; how it ended could not be written, no space is "
			"left in '%s'",
			w->name, s->launch.place.engine.run_dir);
		code = f->signal_number ? code : SP_EXIT_ENVIRONMENT;
	} else if (!s->quiet_end && f->progress.mode != SP_PROGRESS_QUIET &&
		   f->progress.mode != SP_PROGRESS_JSON)
		sp_session_tell_end(cli, &w->run);
	if (s->timeline && w->run.has_header &&
	    sp_session_draw(cli, &w->run, s->timeline, &err) < 0)
		code = sp_cli_fail(cli, &err);
	if (!s->keep)
		(void)sp_session_finish(cli, &s->launch.place, w->name, w->ns,
					w->uid); /* the code is the pod's */
	return code;
}

static int end_of_run(struct sp_session *s, struct sp_follow *f)
{
	int code = sp_follow_exit_code(f);

	for (uint32_t i = 0; i < f->n; i++)
		code = sp_session_pod_over(s, f, f->v[i], code);
	return s->code_of_app ? code_of_app(f, code) : code;
}

void sp_session_begin(struct sp_session *s, struct sp_follow *f)
{
	f->owner = true;
	f->progress.drawn_later = s->timeline && sp_streq(s->timeline, "-");
	if (!s->events)
		return;
	f->events = fopen(s->events, "we");
	if (!f->events)
		sp_cli_warn(s->launch.cli, "create '%s': %s", s->events, strerrordesc_np(errno));
	else /* others follow the file while the pod runs */
		(void)setvbuf(f->events, NULL, _IOLBF, 0);
}

int sp_session_end(struct sp_session *s, struct sp_follow *f, int code)
{
	bool lost = f->events && ferror(f->events);

	if (f->events && (fclose(f->events) != 0 || lost))
		code = sp_cli_error(s->launch.cli, SP_EXIT_FAILED, "write '%s'", s->events);
	sp_follow_done(f);
	sp_tidy(s->launch.cli, &s->launch.place);
	return code;
}

/* Stay with the pods of @f to their end. */
static int stay(struct sp_session *s, struct sp_follow *f)
{
	struct sp_error err;
	int code;

	sp_session_begin(s, f);
	code = sp_follow_wait(f, SP_UNTIL_OVER, SP_NEVER, &err);
	code = code < 0 ? sp_cli_fail(s->launch.cli, &err) : end_of_run(s, f);
	return sp_session_end(s, f, code);
}

int sp_session_attach(struct sp_session *s, const char *name)
{
	struct sp_cli *cli = s->launch.cli;
	SP_CLEANUP(sp_closep) int control = -EBADF;
	struct sp_follow f = {0};
	struct sp_pod_entry pod;
	struct sp_error err;

	if (sp_place_open(cli, &s->launch.place, &err) < 0 ||
	    sp_pods_find(cli, &s->launch.place, name, &pod, &err) < 0)
		return sp_cli_fail(cli, &err);
	if (!pod.alive) {
		(void)sp_cli_error(cli, SP_EXIT_FAILED, "pod '%s' is over", pod.name);
		sp_cli_hint(cli, "`sidepod timeline %s` draws its run", pod.name);
		return SP_EXIT_FAILED;
	}
	control = sp_supervisor_connect(s->launch.place.engine.run_dir, pod.uid, &err);
	if (control < 0 || sp_session_follow(cli, &s->launch.place, true, &f, &err) < 0 ||
	    sp_follow_add(&f, pod.name, pod.ns, pod.uid, control, true, NULL, &err) < 0) {
		sp_follow_done(&f);
		return sp_cli_fail(cli, &err);
	}
	return stay(s, &f);
}
