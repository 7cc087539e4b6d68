/* SPDX-License-Identifier: Apache-2.0 */
/* What a run of workloads tells: their numbers, their events, the verdicts of Jobs, and why one
 * does not end. */
#include "cli/workload_internal.h"

#include "base/json.h"
#include "base/text.h"
#include "control/schedule.h"
#include "spec/tree.h"

#include <stdlib.h>

#define HANGS_AFTER (3 * SP_SEC) /* a regular container goes on this long after another's end */

/* A pod that may have to be told about. */
struct wl_hanging {
	struct wl_hanging *next;
	struct sp_agent_pod *pod;
	sp_time at;
};

bool wl_talks(const struct workload *w)
{
	return w->follow.progress.mode != SP_PROGRESS_QUIET &&
	       w->follow.progress.mode != SP_PROGRESS_JSON;
}

/* "deployment" for Deployment */
static void put_word(struct sp_buf *b, const char *kind)
{
	for (; *kind; kind++)
		sp_buf_putc(b, *kind >= 'A' && *kind <= 'Z' ? (char)(*kind + 'a' - 'A') : *kind);
}

static void put_name(struct sp_buf *b, const char *kind, const char *name)
{
	put_word(b, kind);
	sp_buf_printf(b, "/%s", name);
}

static void tell(struct workload *w, const struct sp_buf *b)
{
	if (b->failed)
		return; /* a lost line is not worth an end */
	sp_progress_erase(&w->follow.progress);
	fputs(b->ptr, w->cli->err);
}

/* ---- numbers --------------------------------------------------------------------------------- */

static int64_t number(const struct sp_node *n, const char *key)
{
	return sp_node_int(sp_node_get(n, key), 0);
}

static const struct sp_node *cond_of(const struct sp_node *status, const char *type)
{
	const struct sp_node *list = sp_node_get(status, "conditions");

	for (uint32_t i = 0; list && i < list->n; i++)
		if (sp_streq(sp_node_str(sp_node_get(list->items[i], "type"), ""), type) &&
		    sp_streq(sp_node_str(sp_node_get(list->items[i], "status"), ""), "True"))
			return list->items[i];
	return NULL;
}

static void see_job(struct wl_entry *e, const struct sp_node *node)
{
	const struct sp_node *spec = sp_node_get(node, "spec"),
			     *status = sp_node_get(node, "status");
	const struct sp_node *failed = cond_of(status, "Failed");
	const struct sp_node *want = sp_node_get(spec, "completions");
	int64_t parallelism = sp_node_int(sp_node_get(spec, "parallelism"), 1);
	struct sp_buf b = sp_buf_fixed(e->counts, sizeof(e->counts));

	sp_buf_printf(&b, "%lld/", (long long)number(status, "succeeded"));
	if (want)
		sp_buf_printf(&b, "%lld", (long long)want->i);
	else if (parallelism > 1)
		sp_buf_printf(&b, "1 of %lld", (long long)parallelism);
	else
		sp_buf_putc(&b, '1');
	e->good = cond_of(status, "Complete") != NULL;
	e->ended = e->good || failed;
	e->settled = sp_node_bool(sp_node_get(spec, "suspend"), false) ||
		     (number(status, "active") > 0 &&
		      number(status, "ready") == number(status, "active"));
	b = sp_buf_fixed(e->reason, sizeof(e->reason));
	if (failed)
		sp_buf_printf(&b, "%s: %s", sp_node_str(sp_node_get(failed, "reason"), ""),
			      sp_node_str(sp_node_get(failed, "message"), ""));
}

static bool has_failed_to_progress(const struct sp_node *status)
{
	const struct sp_node *list = sp_node_get(status, "conditions");

	for (uint32_t i = 0; list && i < list->n; i++)
		if (sp_streq(sp_node_str(sp_node_get(list->items[i], "reason"), ""),
			     "ProgressDeadlineExceeded"))
			return true;
	return false;
}

/* Deployments and sets: how many there are to be, are ready, are of the newest template. */
static void see_set(struct wl_entry *e, const struct sp_node *node, int64_t generation)
{
	const struct sp_node *status = sp_node_get(node, "status");
	bool daemon = e->kind == SP_KIND_DAEMON_SET;

	e->want = daemon ? 1 : sp_node_int(sp_node_at(node, "spec.replicas"), 1);
	e->have = number(status, daemon ? "numberReady" : "readyReplicas");
	e->fresh = e->kind == SP_KIND_REPLICA_SET
			   ? e->have
			   : number(status, daemon ? "updatedNumberScheduled" : "updatedReplicas");
	e->settled = number(status, "observedGeneration") >= generation && e->have == e->want &&
		     e->fresh == e->want && (daemon || number(status, "replicas") == e->want);
	e->stuck = !e->settled && has_failed_to_progress(status);
}

/* How many of its jobs run, and when the next one is due. */
static void see_cron(struct workload *w, struct wl_entry *e, const struct sp_node *node)
{
	const struct sp_node *spec = sp_node_get(node, "spec");
	const struct sp_node *active = sp_node_at(node, "status.active");
	const struct sp_zone *zone =
		sp_zones_get(&w->zones, sp_node_str(sp_node_get(spec, "timeZone"), NULL));
	struct sp_schedule schedule = {.zone = zone};
	struct sp_buf b = sp_buf_fixed(e->counts, sizeof(e->counts));
	int64_t next = SP_SCHEDULE_NEVER;
	struct sp_error err;

	e->have = active ? active->n : 0;
	if (zone && sp_cron_parse(sp_node_str(sp_node_get(spec, "schedule"), ""), &schedule.cron,
				  &err) == 0)
		next = sp_schedule_next(&schedule, sp_now_wall() / SP_SEC);
	if (sp_node_bool(sp_node_get(spec, "suspend"), false)) {
		sp_buf_puts(&b, "suspended");
	} else if (next == SP_SCHEDULE_NEVER) {
		sp_buf_puts(&b, "never");
	} else {
		sp_buf_puts(&b, "next ");
		sp_zone_rfc3339(zone, next, &b);
	}
}

static void see(struct workload *w, struct wl_entry *e, const struct sp_stored *o)
{
	if (e->kind == SP_KIND_JOB)
		see_job(e, o->node);
	else if (e->kind == SP_KIND_CRON_JOB)
		see_cron(w, e, o->node);
	else if (wl_makes_pods(e->kind) && e->kind != SP_KIND_POD)
		see_set(e, o->node, o->generation);
}

static void describe(const struct wl_entry *e, struct sp_buf *b)
{
	if (e->kind == SP_KIND_JOB)
		sp_buf_printf(b, "%s %s", e->ended ? (e->good ? "Complete" : "Failed") : "Running",
			      e->counts);
	else if (e->kind == SP_KIND_CRON_JOB && e->have)
		sp_buf_printf(b, "%lld active", (long long)e->have);
	else if (e->kind == SP_KIND_CRON_JOB)
		sp_buf_puts(b, e->counts);
	else
		sp_buf_printf(b, "%lld/%lld ready", (long long)e->have, (long long)e->want);
	if (e->kind != SP_KIND_JOB && e->kind != SP_KIND_CRON_JOB && e->fresh < e->want &&
	    e->have >= e->want)
		sp_buf_printf(b, ", %lld updated", (long long)e->fresh);
}

static void tell_json(struct workload *w, const char *kind, const char *name, const char *event,
		      const char *reason, const char *message)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf b = {0}, object = {0};
	char mem[48];
	struct sp_buf t = sp_buf_fixed(mem, sizeof(mem));

	sp_format_rfc3339(&t, sp_now_wall(), 9);
	put_name(&object, kind, name);
	sp_buf_putc(&b, '{');
	sp_json_str(&b, "t", mem);
	sp_json_str(&b, "object", object.failed ? "" : object.ptr);
	sp_json_str(&b, "event", event);
	if (*reason)
		sp_json_str(&b, "reason", reason);
	sp_json_str(&b, "msg", message);
	sp_buf_puts(&b, "}\n");
	tell(w, &b);
}

/* Deployments and sets have a line whenever their numbers change; Jobs have their verdict. */
static void tell_numbers(struct workload *w, struct wl_entry *e)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf b = {0};
	char text[64];
	struct sp_buf t = sp_buf_fixed(text, sizeof(text));

	describe(e, &t);
	if (sp_streq(text, e->shown))
		return;
	memcpy(e->shown, text, sizeof(text));
	if (e->kind == SP_KIND_JOB)
		return;
	if (w->follow.progress.mode == SP_PROGRESS_JSON) {
		tell_json(w, sp_kind_name(e->kind), e->name,
			  e->kind == SP_KIND_CRON_JOB ? "schedule" : "replicas", "", text);
	} else if (w->follow.progress.mode == SP_PROGRESS_PLAIN) {
		put_name(&b, sp_kind_name(e->kind), e->name);
		sp_buf_printf(&b, "  %s\n", text);
		tell(w, &b);
	}
}

static void make_board(struct workload *w)
{
	sp_buf_clear(&w->board);
	w->follow.progress.board = NULL;
	if (w->presses)
		return; /* the numbers are those before the stop */
	for (const struct wl_entry *e = w->first; e; e = e->next) {
		SP_CLEANUP(sp_buf_done) struct sp_buf name = {0};

		if (!wl_makes_pods(e->kind) || e->kind == SP_KIND_POD || e->taken)
			continue;
		put_name(&name, sp_kind_name(e->kind), e->name);
		if (!name.failed)
			sp_progress_line(name.ptr, e->shown,
					 e->settled || e->ended ? -1 : sp_now_mono() - e->began,
					 &w->cli->err_look, &w->board);
	}
	w->follow.progress.board = w->board.len ? &w->board : NULL;
}

/* ---- events ---------------------------------------------------------------------------------- */

static bool job_has_ended(struct workload *w, const struct sp_node *about)
{
	struct sp_stored *o =
		sp_store_get(w->store, "Job", sp_node_str(sp_node_get(about, "namespace"), ""),
			     sp_node_str(sp_node_get(about, "name"), ""));
	const struct sp_node *status = o ? sp_node_get(o->node, "status") : NULL;
	bool ended = cond_of(status, "Complete") || cond_of(status, "Failed");

	(void)sp_stored_unref(o);
	return ended;
}

/* The end of a Job is told by its verdict, and what the user's Ctrl-C does is plain to see. */
static void tell_event(struct workload *w, const struct sp_node *ev)
{
	const struct sp_node *about = sp_node_get(ev, "involvedObject");
	const char *kind = sp_node_str(sp_node_get(about, "kind"), "");
	const char *name = sp_node_str(sp_node_get(about, "name"), "");
	const char *reason = sp_node_str(sp_node_get(ev, "reason"), "");
	const char *message = sp_node_str(sp_node_get(ev, "message"), "");
	bool warning = sp_streq(sp_node_str(sp_node_get(ev, "type"), ""), "Warning");
	SP_CLEANUP(sp_buf_done) struct sp_buf b = {0};

	if (w->follow.progress.mode == SP_PROGRESS_JSON) {
		tell_json(w, kind, name, "event", reason, message);
		return;
	}
	if (w->follow.progress.mode != SP_PROGRESS_PLAIN || w->code || w->presses ||
	    (sp_streq(kind, "Job") && job_has_ended(w, about)))
		return;
	sp_buf_puts(&b, "  ");
	put_name(&b, kind, name);
	sp_buf_printf(&b, "  %s%s  %s\n", warning ? "Warning " : "", reason, message);
	tell(w, &b);
}

/* ---- the watch ------------------------------------------------------------------------------- */

static enum sp_kind kind_of(const struct sp_stored *o)
{
	for (int k = SP_KIND_UNKNOWN + 1; k < SP_KINDS; k++)
		if (sp_streq(sp_kind_name((enum sp_kind)k), o->kind))
			return (enum sp_kind)k;
	return SP_KIND_UNKNOWN;
}

static void take(struct workload *w, const struct sp_store_event *ev)
{
	const struct sp_stored *o = ev->object;
	enum sp_kind kind;
	struct wl_entry *e;

	if (sp_streq(o->kind, "Event")) {
		if (ev->type == SP_STORE_ADDED)
			tell_event(w, o->node);
		return;
	}
	if (w->detached && ev->type == SP_STORE_DELETED && sp_streq(o->kind, "Pod") &&
	    !sp_uids_get(&w->agent.by_uid, o->uid))
		sp_session_finish(w->cli, &w->s->launch.place, o->name, o->ns, o->uid);
	kind = kind_of(o);
	e = kind == SP_KIND_POD ? NULL : wl_find(w, kind, o->ns, o->name);
	if (e && ev->type != SP_STORE_DELETED)
		see(w, e, o);
}

int wl_show(struct workload *w, struct sp_error *err)
{
	bool verdicts = !w->presses && !w->code, any_deleted = false;
	struct sp_store_event ev;
	int r;

	while ((r = sp_store_watch_next(w->store, &w->watch, &ev, err)) > 0) {
		any_deleted |= ev.type == SP_STORE_DELETED;
		take(w, &ev);
	}
	if (r < 0 && err->code == SP_E_EXPIRED) /* events are lost, numbers are not */
		w->watch.version = sp_store_version(w->store);
	else if (r < 0)
		return -1;
	if (any_deleted || r < 0)
		wl_see_lost(w);
	for (struct wl_entry *e = w->first; e; e = e->next) {
		if (!wl_makes_pods(e->kind) || e->kind == SP_KIND_POD || e->taken)
			continue;
		tell_numbers(w, e);
		if (verdicts && e->kind == SP_KIND_JOB && e->ended && !e->n_living &&
		    !e->told_verdict)
			wl_tell_verdict(w, e);
	}
	if (w->follow.progress.mode == SP_PROGRESS_TTY)
		make_board(w);
	return 0;
}

/* ---- words ----------------------------------------------------------------------------------- */

void wl_tell_pause(struct workload *w, sp_time wake)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf b = {0};
	const struct wl_entry *waiting = NULL;
	sp_time now = sp_now_mono();

	if (wake == SP_NEVER || wake - now < SP_SEC || w->agent.n || wake == w->told_wake ||
	    !wl_talks(w) || w->presses)
		return;
	for (const struct wl_entry *e = w->first; e && !waiting; e = e->next)
		if (e->kind == SP_KIND_JOB && !e->ended)
			waiting = e;
	if (!waiting)
		return;
	w->told_wake = wake;
	put_name(&b, "Job", waiting->name);
	sp_buf_puts(&b, " waits ");
	sp_format_elapsed(&b, wake - now);
	sp_buf_puts(&b, " before it tries again\n");
	tell(w, &b);
}

void wl_tell_unserved(struct workload *w, const char *why)
{
	if (w->told_unserved)
		return;
	w->told_unserved = true;
	sp_progress_erase(&w->follow.progress);
	sp_cli_warn(w->cli, "Services are not served: %s", why);
}

void wl_tell_verdict(struct workload *w, struct wl_entry *e)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf b = {0};

	e->told_verdict = true;
	if (w->s->quiet_end || !wl_talks(w))
		return;
	put_name(&b, "Job", e->name);
	sp_buf_printf(&b, " %s %s in ", e->ended ? (e->good ? "Complete" : "Failed") : "stopped",
		      e->counts);
	sp_format_elapsed(&b, sp_now_mono() - e->began);
	if (e->ended && !e->good)
		sp_buf_printf(&b, ": %s", e->reason);
	sp_buf_putc(&b, '\n');
	tell(w, &b);
}

/* ---- what does not end ----------------------------------------------------------------------- */

static bool ended(const struct sp_row *row)
{
	return row->n_exits > 0 && !row->running && !*row->waiting;
}

/* A regular container that goes on after another one has ended keeps the pod, and so the Job, from
 * ending. Return: the one that goes on, NULL there is none */
static const struct sp_row *hangs(const struct sp_run *r, const struct sp_row **ret_done)
{
	const struct sp_row *done = NULL, *goes_on = NULL;

	if (!r->has_header || r->stop_at >= 0)
		return NULL;
	for (uint32_t i = 0; i < r->header.n_ctrs; i++) {
		const struct sp_row *row = &r->rows[i];

		if (row->role != SP_ROLE_APP)
			continue;
		if (row->running)
			goes_on = row;
		else if (!ended(row)) /* it starts again, or did not start yet */
			return NULL;
		else if (!done || row->gone_at > done->gone_at)
			done = row;
	}
	*ret_done = done;
	return done ? goes_on : NULL;
}

void wl_forget_hanging(struct workload *w, const struct sp_agent_pod *p)
{
	for (struct wl_hanging **at = &w->hanging; *at; at = &(*at)->next)
		if ((*at)->pod == p) {
			struct wl_hanging *h = *at;

			*at = h->next;
			free(h);
			return;
		}
}

void wl_note_hanging(struct workload *w, struct sp_agent_pod *p)
{
	const struct wl_entry *e = p->owner;
	const struct sp_row *done;
	struct wl_hanging *h;

	if (!e || e->told_hanging || (e->kind != SP_KIND_JOB && e->kind != SP_KIND_CRON_JOB))
		return;
	wl_forget_hanging(w, p);
	if (!hangs(&p->watched->run, &done))
		return;
	h = calloc(1, sizeof(*h));
	if (!h)
		return; /* a hint less */
	*h = (struct wl_hanging){.next = w->hanging,
				 .pod = p,
				 .at = p->watched->start_wall_ns + done->gone_at + HANGS_AFTER -
				       w->wall_ns};
	w->hanging = h;
}

static void tell_hanging(struct workload *w, struct sp_agent_pod *p)
{
	struct wl_entry *e = p->owner;
	const struct sp_row *done, *goes_on = hangs(&p->watched->run, &done);
	SP_CLEANUP(sp_buf_done) struct sp_buf word = {0};

	if (!e || !goes_on || e->told_hanging)
		return;
	e->told_hanging = true;
	put_word(&word, sp_kind_name(e->kind));
	sp_progress_erase(&w->follow.progress);
	sp_cli_warn(w->cli,
		    "%s '%s' does not end: '%s' has ended, but '%s' is a regular container too, "
		    "and the pod waits for it",
		    word.failed ? "job" : word.ptr, e->name, done->name, goes_on->name);
	sp_cli_hint(w->cli,
		    "if '%s' only helps, `sidepod migrate %s` makes it a native sidecar, which is "
		    "stopped when the app has ended; Ctrl-C ends this run",
		    goes_on->name, e->file);
}

void wl_look_for_hanging(struct workload *w, sp_time *wake)
{
	sp_time now = sp_now_mono();
	struct wl_hanging *next;

	for (struct wl_hanging *h = w->hanging; h; h = next) {
		struct sp_agent_pod *p = h->pod;

		next = h->next;
		if (now < h->at) {
			*wake = SP_MIN(*wake, h->at);
			continue;
		}
		wl_forget_hanging(w, p);
		tell_hanging(w, p);
	}
}
