/* SPDX-License-Identifier: Apache-2.0 */
/* Cron job scenarios: the controller on a virtual wall clock, with jobs that are mere durations. */
#include "sim/check_control.h"

#include "base/text.h"
#include "control/cronjob.h"
#include "control/make.h"
#include "sim/story.h"
#include "sim/workload.h"

#include <stdlib.h>

#define JOBS_MAX   4096
#define ROUNDS_MAX 1000

struct world {
	struct sp_scn_reader r;
	const struct sp_scenario *scenario;
	const struct sp_node *told, *expect; /* the map `cronjob` */
	int kube_minor;
	struct sp_k_cron_job *cron;
	struct sp_cron_job state;
	const struct sp_zone *zone;
	struct sp_ctl *ctl;
	struct sp_story story;
	struct sp_cron_child *jobs;
	const struct sp_node **made;
	sp_time *ends; /* of each job, SP_NEVER: none */
	uint32_t n;
	sp_time now, wake;
	uint32_t next_stimulus;
	bool gone;
};

/* ---- building ------------------------------------------------------------------------------- */

static int read_instant(const struct world *w, const struct sp_node *at, const char *text,
			sp_time *ret)
{
	if (!text || sp_parse_rfc3339(text, ret) < 0)
		return sp_scn_fail(&w->r, at, "'%s' is no instant like 2026-03-01T10:05:00Z",
				   text ? text : "");
	return 0;
}

static int build(struct world *w)
{
	static const char *const own_keys[] = {"name",         "created",  "lastScheduleTime",
					       "engineStarts", "jobRuns",  "jobDurations",
					       "jobOutcomes",  "zoneRule", NULL};
	struct sp_scn_tree t = {.a = w->r.arena};
	struct sp_node *root = sp_scn_map(&t), *job_pod = sp_scn_map(&t), *meta, *spec, *job;
	struct sp_object o;

	sp_scn_put_text(&t, root, "apiVersion", "batch/v1");
	sp_scn_put_text(&t, root, "kind", "CronJob");
	meta = sp_scn_put(&t, root, "metadata", sp_scn_map(&t));
	sp_scn_put_text(&t, meta, "name", sp_node_str(sp_node_get(w->told, "name"), "c"));
	sp_scn_put_text(&t, meta, "uid", "00000000-0000-4000-8000-000000000003");
	spec = sp_scn_put(&t, root, "spec", sp_scn_map(&t));
	sp_scn_copy(&t, spec, w->told, own_keys);
	sp_scn_put_text(&t, job_pod, "restartPolicy", "Never");
	job = sp_scn_put(&t, sp_scn_put(&t, spec, "jobTemplate", sp_scn_map(&t)), "spec",
			 sp_scn_map(&t));
	sp_scn_put(&t, job, "template",
		   sp_scn_template(&t, job_pod, "main", "registry.example/app:1"));
	if (sp_scn_object(&w->r, w->told, t.failed ? NULL : root, w->kube_minor, &o) < 0)
		return -1;
	w->cron = o.cron_job;
	return sp_scn_zone(&w->r, w->told, NULL, &w->zone);
}

/* When the world begins, and what the cron job remembers then. */
static int read_begin(struct world *w)
{
	const char *created = sp_node_str(sp_node_get(w->told, "created"), NULL);
	const char *last = sp_node_str(sp_node_get(w->told, "lastScheduleTime"), NULL);
	const char *starts = sp_node_str(sp_node_get(w->told, "engineStarts"), NULL);
	sp_time t;

	if (read_instant(w, w->told, created ? created : last, &t) < 0)
		return -1;
	sp_cron_job_init(&w->state, t);
	w->now = t;
	if (last && read_instant(w, w->told, last, &w->state.scheduled_at) < 0)
		return -1;
	return starts ? read_instant(w, w->told, starts, &w->now) : 0;
}

static const struct sp_node *nth(const struct sp_node *list, uint32_t n)
{
	if (!list || list->kind != SP_NODE_LIST || list->n == 0)
		return NULL;
	return list->items[SP_MIN(n, list->n - 1)];
}

/* ---- performing ----------------------------------------------------------------------------- */

static int create(struct world *w, const struct sp_ctl_action *a)
{
	const struct sp_node *runs = nth(sp_node_get(w->told, "jobDurations"), w->n);
	const struct sp_node *outcome = nth(sp_node_get(w->told, "jobOutcomes"), w->n);
	struct sp_cron_child *j = &w->jobs[w->n];
	sp_time span = SP_NEVER;

	if (w->n == JOBS_MAX)
		return sp_fail(w->r.err, SP_E_UNSUPPORTED, "a simulation holds at most %d jobs",
			       JOBS_MAX);
	if (!runs)
		runs = sp_node_get(w->told, "jobRuns");
	if (runs && sp_scn_seconds(&w->r, runs, &span) < 0)
		return -1;
	*j = (struct sp_cron_child){.name = sp_arena_strdup(w->r.arena, a->text),
				    .created_at = w->now,
				    .started_at = w->now,
				    .complete = !sp_streq(sp_node_str(outcome, "ok"), "fail"),
				    .ours = true};
	w->made[w->n] = sp_make_cron_job(w->r.arena, w->cron, w->zone, a);
	w->ends[w->n] = sp_time_add(w->now, span);
	if (!j->name || !w->made[w->n])
		return sp_fail(w->r.err, SP_E_NO_MEMORY, "simulate a cron job");
	w->n++;
	sp_story_add(&w->story, w->r.arena, w->now, "create %s", a->text);
	return 0;
}

static int perform(struct world *w)
{
	for (uint32_t i = 0; i < w->ctl->n; i++) {
		const struct sp_ctl_action *a = &w->ctl->items[i];

		switch (a->kind) {
		case SP_CTL_CREATE:
			if (create(w, a) < 0)
				return -1;
			break;
		case SP_CTL_DELETE:
			w->jobs[a->child].gone = true;
			sp_story_add(&w->story, w->r.arena, w->now, "delete %s",
				     w->jobs[a->child].name);
			break;
		case SP_CTL_EVENT:
			sp_story_event(&w->story, w->r.arena, w->now, a->warning, a->reason,
				       a->text);
			break;
		case SP_CTL_REMOVE:
			w->gone = true;
			sp_story_add(&w->story, w->r.arena, w->now, "cronjob.gone");
			break;
		case SP_CTL_STATUS:
		case SP_CTL_SCALE:
		case SP_CTLS:
			break;
		}
	}
	return 0;
}

/* ---- stimuli -------------------------------------------------------------------------------- */

static struct sp_cron_child *job_called(struct world *w, const char *name)
{
	for (uint32_t i = 0; i < w->n; i++)
		if (sp_streq(w->jobs[i].name, name))
			return &w->jobs[i];
	return NULL;
}

static int apply(struct world *w, const struct sp_node *st)
{
	static const char *const keys[] = {"at",     "suspend", "schedule", "concurrencyPolicy",
					   "delete", "lose",    "add",      NULL};
	struct sp_k_cron_job_spec *spec = w->cron->spec;
	const struct sp_node *v;
	struct sp_cron_child *j;

	if (sp_scn_keys(&w->r, st, "stimulus", keys, NULL) < 0)
		return -1;
	v = sp_node_get(st, "suspend");
	spec->suspend.set |= v != NULL;
	if (v && sp_scn_bool(&w->r, v, "suspend", &spec->suspend.v) < 0)
		return -1;
	spec->schedule = sp_node_str(sp_node_get(st, "schedule"), spec->schedule);
	spec->concurrency_policy =
		sp_node_str(sp_node_get(st, "concurrencyPolicy"), spec->concurrency_policy);
	w->state.deleting |= sp_node_get(st, "delete") != NULL;
	v = sp_node_get(st, "lose"); /* somebody else deletes the job */
	if (v) {
		j = job_called(w, sp_node_str(v, ""));
		if (!j)
			return sp_scn_fail(&w->r, v, "no job '%s' at that time",
					   sp_node_str(v, ""));
		j->gone = true;
	}
	v = sp_node_get(st, "add"); /* somebody else made a job with this owner */
	if (v && w->n < JOBS_MAX) {
		w->jobs[w->n] = (struct sp_cron_child){
			.name = sp_node_str(v, ""), .created_at = w->now, .started_at = w->now};
		w->ends[w->n++] = SP_NEVER;
	}
	return 0;
}

static int stimulus_at(const struct world *w, const struct sp_node **ret, sp_time *ret_at)
{
	const struct sp_node *list = sp_node_get(w->scenario->node, "stimuli");

	*ret_at = SP_NEVER;
	*ret = list && list->kind == SP_NODE_LIST && w->next_stimulus < list->n
		       ? list->items[w->next_stimulus]
		       : NULL;
	return *ret ? read_instant(w, *ret, sp_node_str(sp_node_get(*ret, "at"), NULL), ret_at) : 0;
}

/* ---- time ----------------------------------------------------------------------------------- */

static void end_jobs(struct world *w)
{
	for (uint32_t i = 0; i < w->n; i++)
		if (w->ends[i] <= w->now && !w->jobs[i].finished && !w->jobs[i].gone) {
			w->jobs[i].finished = true;
			w->jobs[i].completed_at = w->now;
		}
}

static int settle(struct world *w)
{
	for (int round = 0; round < ROUNDS_MAX && !w->gone; round++) {
		end_jobs(w);
		sp_cron_job_step(w->cron, &w->state, w->zone, w->jobs, w->n, w->now, w->ctl);
		w->wake = w->ctl->wake;
		if (perform(w) < 0)
			return -1;
		if (w->ctl->n == 0)
			return 0;
	}
	return w->gone ? 0 : sp_fail(w->r.err, SP_E_INTERNAL, "the cron job does not come to rest");
}

static int run_until(struct world *w, sp_time until)
{
	while (!w->gone) {
		sp_time next = w->wake, at;
		const struct sp_node *st;

		for (uint32_t i = 0; i < w->n; i++)
			if (!w->jobs[i].finished && !w->jobs[i].gone)
				next = SP_MIN(next, w->ends[i]);
		if (stimulus_at(w, &st, &at) < 0)
			return -1;
		next = SP_MIN(next, at);
		if (next > until)
			break;
		w->now = SP_MAX(w->now, next);
		if (st && at <= w->now) {
			w->next_stimulus++;
			if (apply(w, st) < 0)
				return -1;
		}
		if (settle(w) < 0)
			return -1;
	}
	w->now = SP_MAX(w->now, until);
	return 0;
}

/* ---- expectations --------------------------------------------------------------------------- */

static bool known(const char *name)
{
	return strncmp(name, "create ", 7) == 0 || strncmp(name, "delete ", 7) == 0 ||
	       sp_streq(name, "cronjob.gone");
}

static void check_kept(const struct world *w, const char *when, const struct sp_node *want,
		       struct sp_diff *d)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < w->n; i++) {
		const char *name = w->jobs[i].name;
		bool wanted = false;

		if (w->jobs[i].gone)
			continue;
		n++;
		for (uint32_t k = 0; k < want->n; k++)
			wanted |= sp_streq(name, sp_node_str(want->items[k], ""));
		if (!wanted)
			sp_diff_add(d, "%s: %s: expected to be gone, got it kept", when, name);
	}
	if (n != want->n)
		sp_diff_add(d, "%s: expected %u jobs, got %u", when, want->n, n);
}

static int check_number(const struct world *w, const char *when, const char *what,
			const struct sp_node *want, int64_t got, struct sp_diff *d)
{
	int64_t v;

	if (sp_scn_int(&w->r, want, what, &v) < 0)
		return -1;
	if (v != got)
		sp_diff_add(d, "%s: %s: expected %lld, got %lld", when, what, (long long)v,
			    (long long)got);
	return 0;
}

static void check_instant(const char *when, const char *what, const struct sp_node *want,
			  sp_time got, struct sp_diff *d)
{
	char text[40];
	struct sp_buf b = sp_buf_fixed(text, sizeof(text));

	if (!want)
		return;
	if (got < 0)
		sp_buf_puts(&b, "none");
	else
		sp_format_rfc3339(&b, got, 0);
	if (!sp_streq(want->text ? want->text : "", text))
		sp_diff_add(d, "%s: %s: expected %s, got %s", when, what,
			    want->text ? want->text : "?", text);
}

static int look_active(struct world *w, const char *when, const struct sp_node *want,
		       struct sp_diff *d)
{
	int64_t n = 0;

	for (uint32_t i = 0; i < w->n; i++)
		n += sp_cron_child_active(&w->jobs[i]);
	return check_number(w, when, "active jobs", want, n, d) < 0
		       ? -1
		       : check_number(w, when, "status.active", want, w->state.active, d);
}

static int look_kept(struct world *w, const char *when, const struct sp_node *want,
		     struct sp_diff *d)
{
	if (want->kind != SP_NODE_LIST)
		return sp_scn_fail(&w->r, want, "keptAt: a list of jobs is needed");
	check_kept(w, when, want, d);
	return 0;
}

static int look_created(struct world *w, const char *when, const struct sp_node *want,
			struct sp_diff *d)
{
	return check_number(w, when, "jobs created", want, w->n, d);
}

static int look_status(struct world *w, const char *when, const struct sp_node *want,
		       struct sp_diff *d)
{
	static const char *const keys[] = {"lastScheduleTime", "lastSuccessfulTime", NULL};

	if (sp_scn_keys(&w->r, want, "statusAt", keys, NULL) < 0)
		return -1;
	check_instant(when, "lastScheduleTime", sp_node_get(want, "lastScheduleTime"),
		      w->state.scheduled_at, d);
	check_instant(when, "lastSuccessfulTime", sp_node_get(want, "lastSuccessfulTime"),
		      w->state.succeeded_at, d);
	return 0;
}

static const struct {
	const char *key;
	int (*look)(struct world *w, const char *when, const struct sp_node *want,
		    struct sp_diff *d);
} looks[] = {
	{"activeAt", look_active},
	{"keptAt", look_kept},
	{"jobsBy", look_created},
	{"statusAt", look_status},
};

/* The next instant after @after that an expectation looks at; SP_NEVER. */
static int next_look(const struct world *w, sp_time after, sp_time *ret)
{
	*ret = SP_NEVER;
	for (size_t i = 0; i < SP_ARRAY_LEN(looks) + 1; i++) {
		const char *key = i < SP_ARRAY_LEN(looks) ? looks[i].key : "at";
		const struct sp_node *map = sp_node_get(w->expect, key);

		if (map && map->kind != SP_NODE_MAP)
			return sp_scn_fail(&w->r, map, "%s: a map of instants is needed", key);
		for (uint32_t k = 0; map && k < map->n; k++) {
			sp_time t;

			if (read_instant(w, map, map->pairs[k].key, &t) < 0)
				return -1;
			if (t > after)
				*ret = SP_MIN(*ret, t);
		}
	}
	return 0;
}

static int look_at(struct world *w, sp_time t, struct sp_diff *d)
{
	for (size_t i = 0; i < SP_ARRAY_LEN(looks); i++) {
		const struct sp_node *map = sp_node_get(w->expect, looks[i].key);
		sp_time at;

		for (uint32_t k = 0; map && k < map->n; k++)
			if (sp_parse_rfc3339(map->pairs[k].key, &at) == 0 && at == t &&
			    looks[i].look(w, map->pairs[k].key, map->pairs[k].value, d) < 0)
				return -1;
	}
	return 0;
}

/* `at` of cron jobs: instant → what happens then */
static void check_at(struct world *w, struct sp_diff *d)
{
	const struct sp_node *map = sp_node_get(w->expect, "at");

	for (uint32_t k = 0; map && k < map->n; k++) {
		const char *want = sp_node_str(map->pairs[k].value, "");
		const struct sp_story_line *l = sp_story_find(&w->story, want, 1);
		sp_time at;

		if (!l)
			sp_diff_add(d, "%s: expected at %s, got no such event", want,
				    map->pairs[k].key);
		else if (sp_parse_rfc3339(map->pairs[k].key, &at) == 0 && l->at != at)
			sp_diff_add(d, "%s: expected at %s, got it %g s off", want,
				    map->pairs[k].key, (double)(l->at - at) / (double)SP_SEC);
	}
}

static void check_annotation(struct world *w, const struct sp_node *want, struct sp_diff *d)
{
	const struct sp_node *all = w->n ? sp_node_at(w->made[0], "metadata.annotations") : NULL;

	for (uint32_t i = 0; want && i < want->n; i++) {
		const char *got = sp_node_str(sp_node_get(all, want->pairs[i].key), "nothing");

		if (!sp_streq(sp_node_str(want->pairs[i].value, ""), got))
			sp_diff_add(d, "annotation %s: expected %s, got %s", want->pairs[i].key,
				    sp_node_str(want->pairs[i].value, "?"), got);
	}
}

static int check_all(struct world *w, struct sp_diff *d)
{
	static const char *const keys[] = {"activeAt", "keptAt",     "jobsBy", "statusAt",
					   "firstJob", "annotation", "until",  NULL};
	static const char *const own[] = {"at", NULL};
	struct sp_scn_tree t = {.a = w->r.arena};
	struct sp_node *shared = sp_scn_map(&t);
	const char *first = sp_node_str(sp_node_get(w->expect, "firstJob"), NULL);
	const char *until = sp_node_str(sp_node_get(w->expect, "until"), NULL);
	sp_time look = w->now - 1;

	if (sp_scn_keys(&w->r, w->expect, "expect", keys, sp_story_keys) < 0)
		return -1;
	w->wake = w->now;
	for (;;) {
		if (next_look(w, look, &look) < 0)
			return -1;
		if (look == SP_NEVER)
			break;
		if (run_until(w, look) < 0 || look_at(w, look, d) < 0)
			return -1;
	}
	if (until && (read_instant(w, w->expect, until, &look) < 0 || run_until(w, look) < 0))
		return -1;
	check_at(w, d);
	check_annotation(w, sp_node_get(w->expect, "annotation"), d);
	if (first && (w->n == 0 || !sp_streq(first, w->jobs[0].name)))
		sp_diff_add(d, "first job: expected %s, got %s", first,
			    w->n ? w->jobs[0].name : "none");
	sp_scn_copy(&t, shared, w->expect, own);
	if (t.failed || w->story.failed)
		return sp_fail(w->r.err, SP_E_NO_MEMORY, "check a scenario");
	return sp_story_check(&w->r, &w->story, shared, known, SP_MSEC, d);
}

int sp_check_cron_job(struct sp_arena *a, const struct sp_scenario *s,
		      const struct sp_scn_outside *outside, struct sp_buf *why,
		      struct sp_error *err)
{
	struct sp_diff d = {.out = why, .max = 20};
	struct world *w = sp_arena_alloc(a, sizeof(*w));
	int r = -1;

	if (!w)
		return sp_fail(err, SP_E_NO_MEMORY, "check a scenario");
	w->r = (struct sp_scn_reader){.arena = a, .file = s->file, .err = err, .outside = outside};
	w->scenario = s;
	w->kube_minor = outside->kube_minor;
	w->told = sp_node_get(s->node, "cronjob");
	w->expect = sp_node_get(s->node, "expect");
	w->ctl = calloc(1, sizeof(*w->ctl));
	w->jobs = sp_arena_array(a, JOBS_MAX, sizeof(*w->jobs));
	w->made = sp_arena_array(a, JOBS_MAX, sizeof(*w->made));
	w->ends = sp_arena_array(a, JOBS_MAX, sizeof(*w->ends));
	if (!w->ctl || !w->jobs || !w->made || !w->ends)
		sp_fail(err, SP_E_NO_MEMORY, "check a scenario");
	else if (!w->told || !w->expect)
		sp_scn_fail(&w->r, s->node, "a cron job scenario needs 'cronjob' and 'expect'");
	else if (sp_scn_entry_keys(&w->r, s, "cronjob") == 0 && build(w) == 0 && read_begin(w) == 0)
		r = check_all(w, &d);
	sp_story_done(&w->story);
	free(w->ctl);
	return r < 0 ? -1 : (int)d.n;
}
