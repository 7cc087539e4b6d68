/* SPDX-License-Identifier: Apache-2.0 */
/* `run` of a Job: the loop around its controller; see workload.h. */
#include "cli/workload.h"

#include "base/text.h"
#include "cli/pods.h"
#include "control/job.h"
#include "control/make.h"
#include "sys/fd.h"

#include <stdlib.h>
#include <sys/random.h>

#define HANGS_AFTER (3 * SP_SEC) /* a regular container goes on this long after another's end */

struct workload {
	struct sp_session *s;
	struct sp_cli *cli;
	const struct sp_k_job *spec;
	const struct sp_object *object;
	struct sp_follow f;    /* row k is the k-th pod created, here and in the next two */
	struct sp_child *pods; /* heap */
	struct sp_job *job;    /* heap */
	struct sp_ctl *ctl;    /* heap */
	sp_time wall_ns;       /* added to the monotonic clock: the controller's axis */
	sp_time told_wake;
	int code;      /* why it was given up; 0 it was not */
	bool removed;  /* the controller is done with a deleted job */
	bool told_end; /* why it does not end */
};

static sp_time now_of(const struct workload *w)
{
	return sp_now_mono() + w->wall_ns;
}

static bool talks(const struct workload *w)
{
	return w->f.progress.mode != SP_PROGRESS_QUIET && w->f.progress.mode != SP_PROGRESS_JSON;
}

/* ---- what is seen ---------------------------------------------------------------------------- */

static enum sp_phase phase_of(const struct sp_run *r)
{
	for (int p = 0; p < SP_PHASES; p++)
		if (sp_streq(r->phase, sp_phase_name((enum sp_phase)p)))
			return (enum sp_phase)p;
	return SP_PHASE_PENDING;
}

static bool ended(const struct sp_row *row)
{
	return row->n_exits > 0 && !row->running && !*row->waiting;
}

static int observe_ctrs(struct workload *w, const struct sp_watched *v, struct sp_child *c)
{
	uint32_t n = v->run.header.n_ctrs;
	struct sp_child_ctr *ctrs = (struct sp_child_ctr *)(uintptr_t)c->ctrs;

	if (!ctrs)
		ctrs = sp_arena_array(&w->cli->arena, n + 1, sizeof(*ctrs));
	if (!ctrs)
		return sp_cli_error(w->cli, SP_EXIT_ENVIRONMENT, "out of memory");
	c->ctrs = ctrs;
	c->n_ctrs = (uint16_t)n;
	c->restarts = 0;
	for (uint32_t i = 0; i < n; i++) {
		const struct sp_row *row = &v->run.rows[i];
		const struct sp_exit_mark *last =
			row->n_exits ? &row->exits[row->n_exits - 1] : NULL;

		ctrs[i] = (struct sp_child_ctr){.name = row->name, .role = row->role};
		c->restarts += row->attempt > 0 ? (uint32_t)row->attempt : 0;
		if (!last || !ended(row))
			continue;
		ctrs[i].terminated = true;
		ctrs[i].code = last->code;
		ctrs[i].finished_at = v->start_wall_ns + last->at;
	}
	return 0;
}

/* Take over what the records say; pods that are over are told and cleaned up. */
static int observe(struct workload *w)
{
	int r = 0;

	for (uint32_t i = 0; i < w->f.n; i++) {
		struct sp_watched *v = &w->f.v[i];
		struct sp_child *c = &w->pods[i];

		if (v->retired)
			continue;
		if (v->run.has_header && observe_ctrs(w, v, c) != 0)
			return SP_EXIT_ENVIRONMENT;
		c->phase = phase_of(&v->run);
		if (c->ready != v->run.ready_now)
			c->ready_changed_at = now_of(w);
		c->ready = v->run.ready_now;
		if (!v->over)
			continue;
		/* a supervisor that was killed leaves no last phase */
		c->gone = c->deleting || !sp_child_terminal(c);
		sp_follow_retire(&w->f, v);
		r = sp_session_pod_over(w->s, &w->f, v, r);
		w->s->launch.pods[i].supervisor.pidfd =
			sp_close(w->s->launch.pods[i].supervisor.pidfd);
		w->s->launch.pods[i].supervisor.control_fd =
			sp_close(w->s->launch.pods[i].supervisor.control_fd);
		v->end_fd = -EBADF;
	}
	return r;
}

static bool all_over(const struct workload *w)
{
	for (uint32_t i = 0; i < w->f.n; i++)
		if (!w->f.v[i].retired)
			return false;
	return true;
}

/* ---- what is done ---------------------------------------------------------------------------- */

/* The pod that the action asks for, as if it had been read from a manifest. */
static struct sp_object *make_pod(struct workload *w, const struct sp_ctl_action *act)
{
	struct sp_manifest *m = &w->s->launch.manifest;
	struct sp_object *o = sp_arena_alloc(&m->arena, sizeof(*o));
	struct sp_node *tree = sp_make_job_pod(&m->arena, w->spec, act);

	if (!o || !tree ||
	    sp_object_decode(&m->arena, tree, w->object->source, &m->options, NULL, NULL, o) < 0 ||
	    sp_object_default(&m->arena, o, &m->options) < 0)
		return NULL;
	return o;
}

static int create(struct workload *w, const struct sp_ctl_action *act)
{
	struct sp_launch *l = &w->s->launch;
	const struct sp_launched *p;
	const struct sp_object *o;
	struct sp_error err;
	int r;

	if (w->f.n == SP_WORKLOAD_PODS_MAX)
		return sp_cli_error(w->cli, SP_EXIT_FAILED,
				    "job '%s' started %d pods; no more are started",
				    w->object->meta->name, SP_WORKLOAD_PODS_MAX);
	o = make_pod(w, act);
	if (!o)
		return sp_cli_error(w->cli, SP_EXIT_ENVIRONMENT, "make pod '%s'", act->text);
	r = sp_launch_pod(l, o);
	if (r != 0)
		return r;
	p = &l->pods[l->n_pods - 1];
	w->pods[w->f.n] = (struct sp_child){.name = p->name,
					    .created_at = now_of(w),
					    .ready_changed_at = now_of(w),
					    .index = act->index,
					    .index_failures = act->index_failures,
					    .index_ignored = act->index_ignored};
	if (sp_follow_add(&w->f, p->name, p->ns, p->uid, p->supervisor.pidfd, false, &err) < 0)
		return sp_cli_fail(w->cli, &err);
	/* a start is shown as the first one was */
	w->f.progress.block = true;
	w->f.progress.waterfall = w->f.presses > 0;
	return 0;
}

static void delete_pod(struct workload *w, uint32_t i)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf request = {0};
	struct sp_error err;

	if (!w->pods[i].deleting) {
		w->pods[i].deleting = true;
		w->pods[i].deleted_at = now_of(w);
	}
	if (w->f.v[i].over)
		return;
	sp_pod_delete_request(-1, &request);
	if (sp_pod_ask(&w->s->launch.place, w->f.v[i].uid, request.ptr, &err) < 0 &&
	    err.code != SP_E_NOT_FOUND)
		sp_cli_warn(w->cli, "stop pod '%s': %s", w->pods[i].name, err.text);
}

/* The job is to go: pods that the user's Ctrl-C has stopped already are only marked. */
static void delete_job(struct workload *w)
{
	w->job->deleting = true;
	for (uint32_t i = 0; w->f.presses && i < w->f.n; i++) {
		if (w->pods[i].deleting)
			continue;
		w->pods[i].deleting = true;
		w->pods[i].deleted_at = now_of(w);
	}
}

/* The end is told by the verdict, and what could not be done by its error. */
static void tell_event(struct workload *w, const struct sp_ctl_action *act)
{
	if (w->f.progress.mode == SP_PROGRESS_PLAIN && w->code == 0 && !sp_job_finished(w->job))
		fprintf(w->cli->err, "  job/%s  %s%s  %s\n", w->object->meta->name,
			act->warning ? "Warning " : "", act->reason, act->text);
}

static void perform(struct workload *w)
{
	for (uint32_t i = 0; i < w->ctl->n; i++) {
		const struct sp_ctl_action *act = &w->ctl->items[i];

		switch (act->kind) {
		case SP_CTL_CREATE:
			if (w->code != 0)
				break; /* given up: what was asked for is not wanted any more */
			w->code = create(w, act);
			if (w->code != 0)
				w->job->deleting = true;
			break;
		case SP_CTL_DELETE:
			delete_pod(w, act->child);
			break;
		case SP_CTL_EVENT:
			tell_event(w, act);
			break;
		case SP_CTL_REMOVE:
			w->removed = true;
			break;
		case SP_CTL_STATUS: /* nobody else looks at it */
		case SP_CTL_SCALE:  /* a job has no replica sets */
		case SP_CTLS:
			break;
		}
	}
}

/* ---- telling --------------------------------------------------------------------------------- */

/* Between two pods nothing moves: say for how long. */
static void tell_pause(struct workload *w, sp_time now)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf b = {0};

	if (w->ctl->wake == SP_NEVER || w->ctl->wake - now < SP_SEC || !all_over(w) ||
	    w->ctl->wake == w->told_wake || !talks(w))
		return;
	w->told_wake = w->ctl->wake;
	sp_buf_printf(&b, "job/%s waits ", w->object->meta->name);
	sp_format_elapsed(&b, w->ctl->wake - now);
	sp_buf_puts(&b, " before it tries again\n");
	if (!b.failed)
		fputs(b.ptr, w->cli->err);
}

/*
 * A regular container that goes on after another one has ended keeps the pod, and so the job, from
 * ending. Return: when to look again; SP_NEVER
 */
static sp_time tell_hanging(struct workload *w, const struct sp_watched *v, sp_time now)
{
	const struct sp_row *done = NULL, *goes_on = NULL;
	sp_time at;

	for (uint32_t i = 0; i < v->run.header.n_ctrs; i++) {
		const struct sp_row *row = &v->run.rows[i];

		if (row->role != SP_ROLE_APP)
			continue;
		if (row->running)
			goes_on = row;
		else if (!ended(row)) /* it starts again, or did not start yet */
			return SP_NEVER;
		else if (!done || row->gone_at > done->gone_at)
			done = row;
	}
	if (!done || !goes_on || v->run.stop_at >= 0)
		return SP_NEVER;
	at = v->start_wall_ns + done->gone_at + HANGS_AFTER;
	if (now < at)
		return at;
	w->told_end = true;
	sp_progress_erase(&w->f.progress);
	sp_cli_warn(w->cli,
		    "job '%s' does not end: '%s' has ended, but '%s' is a regular container too, "
		    "and the pod waits for it",
		    w->object->meta->name, done->name, goes_on->name);
	sp_cli_hint(w->cli,
		    "if '%s' only helps, `sidepod migrate %s` makes it a native sidecar, which is "
		    "stopped when the app has ended; Ctrl-C ends this run",
		    goes_on->name, w->object->source->name);
	return SP_NEVER;
}

static sp_time look_for_hanging(struct workload *w, sp_time now)
{
	sp_time next = SP_NEVER;

	for (uint32_t i = 0; i < w->f.n && !w->told_end; i++)
		if (!w->f.v[i].retired && w->f.v[i].run.has_header) {
			sp_time at = tell_hanging(w, &w->f.v[i], now);

			next = SP_MIN(next, at);
		}
	return next;
}

static void tell_verdict(struct workload *w, sp_time began)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf b = {0};
	SP_CLEANUP(sp_buf_done) struct sp_buf status = {0};
	SP_CLEANUP(sp_buf_done) struct sp_buf counts = {0};
	SP_CLEANUP(sp_buf_done) struct sp_buf age = {0};
	const struct sp_ctl_cond *failed = &w->job->conds[SP_JOB_FAILED];

	if (w->s->quiet_end || !talks(w))
		return;
	sp_job_columns(w->spec, w->job, now_of(w), &status, &counts, &age);
	if (status.failed || counts.failed)
		return; /* out of memory: the exit code tells it */
	sp_buf_printf(&b, "job/%s %s %s in ", w->object->meta->name,
		      sp_job_finished(w->job) ? status.ptr : "stopped", counts.ptr);
	sp_format_elapsed(&b, now_of(w) - began);
	if (failed->status == SP_COND_TRUE)
		sp_buf_printf(&b, ": %s: %s", failed->reason, failed->message);
	sp_buf_putc(&b, '\n');
	if (!b.failed)
		fputs(b.ptr, w->cli->err);
}

/* ---- the loop -------------------------------------------------------------------------------- */

/* Return: 0, or an exit code when following itself fails */
static int follow(struct workload *w)
{
	struct sp_error err;

	for (;;) {
		sp_time now, wake;
		int r = observe(w), before;

		if (r != 0 && w->code == 0)
			w->code = r; /* told; the pods are followed to their end all the same */
		if (w->f.presses || w->code)
			delete_job(w);
		now = now_of(w);
		sp_job_step(w->spec, w->job, w->pods, w->f.n, now, w->ctl);
		before = w->code;
		perform(w);
		if (w->code != before)
			continue; /* given up just now */
		if (all_over(w) && (sp_job_finished(w->job) || w->removed))
			return 0;
		tell_pause(w, now);
		wake = sp_job_finished(w->job) ? SP_NEVER : w->ctl->wake; /* ttl: not ours */
		wake = SP_MIN(wake, look_for_hanging(w, now));
		if (sp_follow_wait(&w->f, SP_UNTIL_CHANGE,
				   wake == SP_NEVER ? SP_NEVER : wake - w->wall_ns, &err) < 0)
			return sp_cli_fail(w->cli, &err);
	}
}

static int exit_code(const struct workload *w)
{
	int code =
		w->job->conds[SP_JOB_COMPLETE].status == SP_COND_TRUE ? SP_EXIT_OK : SP_EXIT_FAILED;

	if (w->f.signal_number)
		return SP_EXIT_SIGNAL + w->f.signal_number;
	if (w->code)
		return w->code;
	return w->s->code_of_app ? sp_session_code_of_app(&w->f, code) : code;
}

static int run(struct workload *w)
{
	struct sp_error err;
	sp_time began;
	int r;

	if (sp_session_follow(w->cli, &w->s->launch.place, SP_WORKLOAD_PODS_MAX, true, &w->f,
			      &err) < 0) {
		sp_follow_done(&w->f);
		return sp_cli_fail(w->cli, &err);
	}
	sp_session_begin(w->s, &w->f);
	w->f.stay = true;
	w->wall_ns = sp_now_wall() - sp_now_mono();
	began = now_of(w);
	r = follow(w);
	if (r == 0) {
		tell_verdict(w, began);
		r = exit_code(w);
	}
	return sp_session_end(w->s, &w->f, r);
}

static int prepare(struct workload *w)
{
	struct sp_launch *l = &w->s->launch;
	uint64_t seed;

	if (w->spec->spec->suspend.v) {
		(void)sp_cli_error(w->cli, SP_EXIT_FAILED,
				   "job '%s' is suspended: it would never start a pod",
				   w->object->meta->name);
		sp_cli_hint(w->cli, "take spec.suspend out of '%s'", w->object->source->name);
		return SP_EXIT_FAILED;
	}
	w->object->meta->uid = sp_launch_uid(l, w->object);
	w->pods = calloc(SP_WORKLOAD_PODS_MAX, sizeof(*w->pods));
	w->job = calloc(1, sizeof(*w->job));
	w->ctl = calloc(1, sizeof(*w->ctl));
	if (!w->object->meta->uid || !w->pods || !w->job || !w->ctl)
		return sp_cli_error(w->cli, SP_EXIT_ENVIRONMENT, "out of memory");
	if (getrandom(&seed, sizeof(seed), 0) < 0)
		seed = (uint64_t)sp_now_wall(); /* names need to differ, not to be secret */
	sp_job_init(w->job, seed);
	return sp_launch_room(l, SP_WORKLOAD_PODS_MAX);
}

int sp_workload_run(struct sp_session *s)
{
	struct workload w = {.s = s,
			     .cli = s->launch.cli,
			     .spec = s->launch.job->job,
			     .object = s->launch.job,
			     .told_wake = SP_NEVER};
	int r = prepare(&w);

	if (r == 0 && sp_flag_bool(w.cli, "dry-run"))
		fprintf(w.cli->err, "would start job/%s\n", w.object->meta->name);
	else if (r == 0)
		r = run(&w);
	free(w.pods);
	free(w.job);
	free(w.ctl);
	return r;
}
