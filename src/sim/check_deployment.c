/* SPDX-License-Identifier: Apache-2.0 */
/* Deployment scenarios: deployment, replica sets and pods, all real but for the processes. */
#include "sim/check_control.h"

#include "control/deployment.h"
#include "control/make.h"
#include "control/set.h"
#include "sim/expect.h"
#include "sim/fleet.h"
#include "sim/story.h"
#include "sim/workload.h"

#include <stdio.h>
#include <stdlib.h>

#define SETS_MAX        64
#define STEPS_MAX       1024
#define ROUNDS_MAX      1000
#define HORIZON_DEFAULT (200 * SP_SEC)

/* One replica set with its pods. */
struct set {
	struct sp_k_workload *typed;
	struct sp_set state;
	struct sp_fleet fleet;
	const char *template; /* "A" */
	char hash[SP_HASH_MAX];
	sp_time wake;
};

struct step {
	sp_time at;
	int64_t new_size, old_size;
};

struct world {
	struct sp_scn_reader r;
	const struct sp_scenario *scenario;
	const struct sp_node *told, *expect; /* the map `deployment` */
	int kube_minor;
	struct sp_k_workload *deployment;
	const char *template;
	char hash[SP_HASH_MAX];
	struct sp_deployment state;
	struct sp_ctl *ctl;
	struct sp_story story;
	struct set sets[SETS_MAX];
	struct sp_rs_child rows[SETS_MAX];
	uint32_t n;
	struct step steps[STEPS_MAX];
	uint32_t n_steps;
	sp_time now, wake;
	uint32_t next_stimulus;
	int64_t most_pods, least_available; /* since it was complete for the first time */
	bool was_complete, gone;
};

/* ---- building ------------------------------------------------------------------------------- */

static struct sp_node *template_of(struct world *w, struct sp_scn_tree *t, const char *letter)
{
	char image[96];
	struct sp_buf b = sp_buf_fixed(image, sizeof(image));

	sp_buf_printf(&b, "registry.example/app-%s:1", letter);
	return sp_scn_template(t, w->told, "app", image);
}

static int load(struct world *w, const char *letter, struct sp_object *ret)
{
	static const char *const own_keys[] = {"name",
					       "readyAfter",
					       "update_at",
					       "updates",
					       "sidecars",
					       "app",
					       "strategy",
					       "maxSurge",
					       "maxUnavailable",
					       "initContainers",
					       "terminationGracePeriodSeconds",
					       NULL};
	static const char *const bounds[] = {"maxSurge", "maxUnavailable"};
	struct sp_scn_tree t = {.a = w->r.arena};
	struct sp_node *root = sp_scn_map(&t), *meta, *spec, *n, *rolling;
	const char *strategy = sp_node_str(sp_node_get(w->told, "strategy"), "RollingUpdate");

	sp_scn_put_text(&t, root, "apiVersion", "apps/v1");
	sp_scn_put_text(&t, root, "kind", "Deployment");
	meta = sp_scn_put(&t, root, "metadata", sp_scn_map(&t));
	sp_scn_put_text(&t, meta, "name", sp_node_str(sp_node_get(w->told, "name"), "d"));
	sp_scn_put_text(&t, meta, "uid", "00000000-0000-4000-8000-000000000004");
	spec = sp_scn_put(&t, root, "spec", sp_scn_map(&t));
	sp_scn_copy(&t, spec, w->told, own_keys);
	n = sp_scn_put(&t, spec, "selector", sp_scn_map(&t));
	sp_scn_put_text(&t, sp_scn_put(&t, n, "matchLabels", sp_scn_map(&t)), "app", "a");
	n = sp_scn_put(&t, spec, "strategy", sp_scn_map(&t));
	sp_scn_put_text(&t, n, "type", strategy);
	if (sp_streq(strategy, "RollingUpdate")) {
		rolling = sp_scn_put(&t, n, "rollingUpdate", sp_scn_map(&t));
		for (size_t i = 0; i < SP_ARRAY_LEN(bounds); i++)
			if (sp_node_get(w->told, bounds[i]))
				sp_scn_put(&t, rolling, bounds[i],
					   sp_node_clone(t.a, sp_node_get(w->told, bounds[i])));
	}
	sp_scn_put(&t, spec, "template", template_of(w, &t, letter));
	return sp_scn_object(&w->r, w->told, t.failed ? NULL : root, w->kube_minor, ret);
}

/* The deployment's template becomes the one called @letter. */
static int set_template(struct world *w, const char *letter)
{
	struct sp_object o;

	if (load(w, letter, &o) < 0)
		return -1;
	if (!w->deployment)
		w->deployment = o.workload;
	else
		w->deployment->spec->template = o.workload->spec->template;
	w->template = letter;
	w->deployment->meta->generation =
		(struct sp_opt_int){.set = true, .v = w->deployment->meta->generation.v + 1};
	if (sp_make_hash(w->deployment->spec->template->node, 0, w->hash) < 0)
		return sp_fail(w->r.err, SP_E_NO_MEMORY, "simulate a deployment");
	for (uint32_t i = 0; i < w->n; i++)
		w->rows[i].current = sp_streq(w->sets[i].hash, w->hash);
	return 0;
}

/* How the pods of a template behave: `app`, and `readyAfter` as a readiness probe each second. */
static const struct sp_node *behaviour_of(struct world *w, struct sp_scn_tree *t,
					  const char *letter)
{
	const struct sp_node *ready = sp_node_get(w->told, "readyAfter");
	struct sp_node *app = sp_scn_map(t), *probe, *result;

	sp_scn_copy(t, app, sp_node_get(w->told, "app"), NULL);
	if (ready && ready->kind == SP_NODE_MAP)
		ready = sp_node_get(ready, letter);
	if (!ready)
		return app;
	probe = sp_scn_put(t, app, "readinessProbe", sp_scn_map(t));
	sp_scn_put(t, probe, "periodSeconds", sp_node_new_int(t->a, 1));
	if (ready->kind == SP_NODE_STR) {
		sp_scn_put_text(t, probe, "result", ready->text);
		return app;
	}
	result = sp_scn_put(t, probe, "result", sp_scn_map(t));
	sp_scn_put(t, result, "after", sp_node_clone(t->a, ready));
	return app;
}

/* ---- performing ----------------------------------------------------------------------------- */

static int create_set(struct world *w, const struct sp_ctl_action *a)
{
	struct set *s = &w->sets[w->n];
	struct sp_object o;
	const char *name = sp_arena_strdup(w->r.arena, a->text);

	if (w->n == SETS_MAX || !name)
		return sp_fail(w->r.err, SP_E_NO_MEMORY, "simulate a deployment");
	if (sp_scn_object(
		    &w->r, w->told,
		    sp_make_replica_set(w->r.arena, w->deployment, w->hash, a->size, a->index),
		    w->kube_minor, &o) < 0)
		return -1;
	s->typed = o.workload;
	s->template = w->template;
	memcpy(s->hash, w->hash, sizeof(s->hash));
	sp_set_init(&s->state, w->n + 1);
	w->rows[w->n] = (struct sp_rs_child){.name = name,
					     .current = true,
					     .created_at = w->now,
					     .size = a->size,
					     .revision = a->index};
	w->n++;
	return 0;
}

static int create_pod(struct world *w, struct set *s, const struct sp_ctl_action *a)
{
	struct sp_scn_tree t = {.a = w->r.arena};
	const struct sp_node *behaviour = behaviour_of(w, &t, s->template);
	const char *name = sp_arena_strdup(w->r.arena, a->text);
	struct sp_scn_pod pod;
	struct sp_object o;

	if (t.failed || !name)
		return sp_fail(w->r.err, SP_E_NO_MEMORY, "simulate a deployment");
	if (sp_scn_object(&w->r, w->told, sp_make_pod(w->r.arena, SP_KIND_REPLICA_SET, s->typed, a),
			  w->kube_minor, &o) < 0 ||
	    sp_scn_template_pod(&w->r, w->told, "app", behaviour, w->kube_minor, &pod) < 0)
		return -1;
	return sp_fleet_add(&s->fleet, a, name, &pod.spec, &pod.plan, w->now, w->r.err);
}

static void record_step(struct world *w)
{
	struct step *st = &w->steps[SP_MIN(w->n_steps, STEPS_MAX - 1u)];

	*st = (struct step){.at = w->now};
	for (uint32_t i = 0; i < w->n; i++)
		if (!w->rows[i].gone)
			*(w->rows[i].current ? &st->new_size : &st->old_size) += w->rows[i].size;
	w->n_steps = SP_MIN(w->n_steps + 1, STEPS_MAX);
}

/* Actions of the deployment itself (@s NULL) or of one of its sets. */
static int perform(struct world *w, struct set *s)
{
	bool sized = false;

	for (uint32_t i = 0; i < w->ctl->n; i++) {
		const struct sp_ctl_action *a = &w->ctl->items[i];
		int r = 0;

		switch (a->kind) {
		case SP_CTL_CREATE:
			r = s ? create_pod(w, s, a) : create_set(w, a);
			sized |= !s;
			break;
		case SP_CTL_SCALE:
			w->sets[a->child].typed->spec->replicas.v = a->size;
			sized = true;
			break;
		case SP_CTL_DELETE:
			if (s)
				sp_fleet_delete(&s->fleet, a->child, w->now);
			else
				w->sets[a->child].state.deleting = true;
			break;
		case SP_CTL_REMOVE:
			if (s)
				w->rows[s - w->sets].gone = true;
			else
				w->gone = true;
			break;
		case SP_CTL_EVENT:
			sp_story_event(&w->story, w->r.arena, w->now, a->warning, a->reason,
				       a->text);
			break;
		case SP_CTL_STATUS:
		case SP_CTLS:
			break;
		}
		if (r < 0)
			return -1;
	}
	if (sized)
		record_step(w);
	return 0;
}

/* ---- stimuli -------------------------------------------------------------------------------- */

static int stimulus_at(const struct world *w, const struct sp_node **ret, sp_time *ret_at)
{
	const struct sp_node *list = sp_node_get(w->scenario->node, "stimuli");

	if (!list)
		list = sp_node_get(w->told, "updates");
	*ret_at = SP_NEVER;
	*ret = list && list->kind == SP_NODE_LIST && w->next_stimulus < list->n
		       ? list->items[w->next_stimulus]
		       : NULL;
	if (*ret)
		return sp_scn_seconds(&w->r, sp_node_get(*ret, "at"), ret_at);
	*ret = sp_node_get(w->told, "update_at");
	if (!*ret || w->next_stimulus > 0 || list)
		return 0;
	return sp_scn_seconds(&w->r, *ret, ret_at);
}

static int apply(struct world *w, const struct sp_node *st)
{
	static const char *const keys[] = {"at", "template", "replicas", "paused", "delete", NULL};
	const struct sp_node *v;

	if (st->kind != SP_NODE_MAP) /* update_at */
		return set_template(w, "B");
	if (sp_scn_keys(&w->r, st, "stimulus", keys, NULL) < 0)
		return -1;
	v = sp_node_get(st, "template");
	if (v && set_template(w, sp_node_str(v, "B")) < 0)
		return -1;
	v = sp_node_get(st, "replicas");
	if (v && sp_scn_int(&w->r, v, "replicas", &w->deployment->spec->replicas.v) < 0)
		return -1;
	v = sp_node_get(st, "paused");
	w->deployment->spec->paused.set |= v != NULL;
	if (v && sp_scn_bool(&w->r, v, "paused", &w->deployment->spec->paused.v) < 0)
		return -1;
	w->state.deleting |= sp_node_get(st, "delete") != NULL;
	return 0;
}

/* ---- time ----------------------------------------------------------------------------------- */

static void watch_bounds(struct world *w)
{
	int64_t pods = 0, available = 0;

	for (uint32_t i = 0; i < w->n; i++) {
		pods += w->sets[i].state.replicas;
		available += w->sets[i].state.available;
	}
	w->was_complete |= sp_deployment_complete(w->deployment, &w->state);
	w->most_pods = SP_MAX(w->most_pods, pods);
	if (w->was_complete)
		w->least_available = SP_MIN(w->least_available, available);
}

static int step_set(struct world *w, uint32_t i, uint32_t *ret_actions)
{
	struct set *s = &w->sets[i];
	struct sp_rs_child *row = &w->rows[i];

	if (row->gone)
		return 0;
	sp_replica_set_step(s->typed, &s->state, s->fleet.children, s->fleet.n, w->now, w->ctl);
	s->wake = w->ctl->wake;
	*ret_actions += w->ctl->n;
	row->replicas = s->state.replicas;
	row->ready = s->state.ready;
	row->available = s->state.available;
	if (perform(w, s) < 0)
		return -1;
	row->living = 0;
	for (uint32_t k = 0; k < s->fleet.n; k++)
		row->living +=
			!s->fleet.children[k].gone && !sp_child_terminal(&s->fleet.children[k]);
	return sp_fleet_run(&s->fleet, w->now, w->r.err);
}

static int settle(struct world *w)
{
	for (int round = 0; round < ROUNDS_MAX && !w->gone; round++) {
		uint32_t actions = 0;

		for (uint32_t i = 0; i < w->n; i++)
			if (sp_fleet_run(&w->sets[i].fleet, w->now, w->r.err) < 0 ||
			    step_set(w, i, &actions) < 0)
				return -1;
		watch_bounds(w);
		sp_deployment_step(w->deployment, w->hash, &w->state, w->rows, w->n, w->now,
				   w->ctl);
		w->wake = w->ctl->wake;
		actions += w->ctl->n;
		if (perform(w, NULL) < 0)
			return -1;
		if (actions == 0)
			return 0;
	}
	return w->gone ? 0
		       : sp_fail(w->r.err, SP_E_INTERNAL,
				 "the deployment does not come to rest at %g s",
				 (double)w->now / (double)SP_SEC);
}

static int run_until(struct world *w, sp_time until)
{
	while (!w->gone) {
		sp_time next = w->wake, at;
		const struct sp_node *st;

		for (uint32_t i = 0; i < w->n; i++) {
			next = SP_MIN(next, sp_fleet_next(&w->sets[i].fleet));
			if (!w->rows[i].gone)
				next = SP_MIN(next, w->sets[i].wake);
		}
		if (stimulus_at(w, &st, &at) < 0)
			return -1;
		next = SP_MIN(next, at);
		if (next > until)
			break;
		w->now = SP_MAX(w->now, next);
		for (uint32_t i = 0; i < w->n; i++)
			if (sp_fleet_run(&w->sets[i].fleet, w->now, w->r.err) < 0)
				return -1;
		if (at <= w->now) {
			w->next_stimulus++;
			if (apply(w, st) < 0)
				return -1;
		}
		if (settle(w) < 0)
			return -1;
	}
	w->now = until;
	for (uint32_t i = 0; i < w->n; i++)
		if (sp_fleet_run(&w->sets[i].fleet, until, w->r.err) < 0)
			return -1;
	return 0;
}

/* ---- expectations --------------------------------------------------------------------------- */

static bool known(const char *name)
{
	return false; /* deployments are told by steps and events */
}

/* Sizes in the order they were set, from the time of the first one that is expected. */
static int check_steps(struct world *w, const struct sp_node *list, struct sp_diff *d)
{
	static const char *const keys[] = {"at", "new", "old", NULL};
	uint32_t k = 0;
	sp_time at;

	for (uint32_t i = 0; i < list->n; i++, k++) {
		const struct sp_node *want = list->items[i];
		const struct sp_node *new = sp_node_get(want, "new"),
				     *old = sp_node_get(want, "old");
		const struct step *st = &w->steps[k];
		int64_t n_new = 0, n_old = 0;

		if (sp_scn_keys(&w->r, want, "steps", keys, NULL) < 0 ||
		    sp_scn_seconds(&w->r, sp_node_get(want, "at"), &at) < 0 ||
		    (new &&sp_scn_int(&w->r, new, "new", &n_new) < 0) ||
		    (old && sp_scn_int(&w->r, old, "old", &n_old) < 0))
			return -1;
		while (i == 0 && k < w->n_steps && w->steps[k].at < at)
			st = &w->steps[++k];
		if (k >= w->n_steps) {
			sp_diff_add(d, "step %u: expected at %g s, got no more", i + 1,
				    (double)at / (double)SP_SEC);
			return 0;
		}
		if (st->at != at || (new &&n_new != st->new_size) || (old && n_old != st->old_size))
			sp_diff_add(d, "step %u: got new %lld, old %lld at %g s", i + 1,
				    (long long)st->new_size, (long long)st->old_size,
				    (double)st->at / (double)SP_SEC);
	}
	if (k < w->n_steps)
		sp_diff_add(d, "steps: got %u more, the first at %g s", w->n_steps - k,
			    (double)w->steps[k].at / (double)SP_SEC);
	return 0;
}

static struct sp_rs_child *row_of(struct world *w, const char *letter)
{
	for (uint32_t i = w->n; i-- > 0;)
		if (sp_streq(w->sets[i].template, letter))
			return &w->rows[i];
	return NULL;
}

/* Template → number: revisions, or sizes. */
static int check_sets(struct world *w, const struct sp_node *map, bool revisions, struct sp_diff *d)
{
	for (uint32_t i = 0; map && i < map->n; i++) {
		const struct sp_rs_child *row = row_of(w, map->pairs[i].key);
		int64_t got = !row || row->gone ? -1 : revisions ? row->revision : row->size;
		int64_t want;

		if (sp_scn_int(&w->r, map->pairs[i].value, map->pairs[i].key, &want) < 0)
			return -1;
		if (want != got)
			sp_diff_add(d, "%s of template %s: expected %lld, got %lld",
				    revisions ? "revision" : "size", map->pairs[i].key,
				    (long long)want, (long long)got);
	}
	return 0;
}

static int check_status(struct world *w, const struct sp_node *want, struct sp_diff *d)
{
	static const char *const keys[] = {"at",        "replicas",    "updated",     "ready",
					   "available", "unavailable", "progressing", "message",
					   "minimum",   "columns",     "complete",    NULL};
	const struct sp_deployment *s = &w->state;
	const struct sp_number numbers[] = {{"replicas", s->replicas},
					    {"updated", s->updated},
					    {"ready", s->ready},
					    {"available", s->available},
					    {"unavailable", s->unavailable}};
	const struct sp_ctl_cond *p = &s->conds[SP_DEPLOYMENT_PROGRESSING];
	const struct sp_ctl_cond *m = &s->conds[SP_DEPLOYMENT_AVAILABLE];
	SP_CLEANUP(sp_buf_done) struct sp_buf columns = {0}, updated = {0}, available = {0};
	const struct sp_node *complete = sp_node_get(want, "complete");
	double at = (double)w->now / (double)SP_SEC;
	char when[32];
	bool whole = false;
	struct {
		const char *key, *got;
	} texts[] = {{"progressing", p->status ? p->reason : "none"},
		     {"message", p->message},
		     {"minimum", m->status ? m->reason : "none"},
		     {"columns", NULL}};

	if (sp_scn_keys(&w->r, want, "status", keys, NULL) < 0)
		return -1;
	sp_deployment_columns(w->deployment, s, &columns, &updated, &available);
	sp_buf_printf(&columns, " %s %s", updated.ptr, available.ptr);
	texts[3].got = columns.ptr;
	(void)snprintf(when, sizeof(when), "at %g s", at);
	if (sp_diff_numbers(d, &w->r, want, when, numbers, SP_ARRAY_LEN(numbers)) < 0)
		return -1;
	for (size_t i = 0; i < SP_ARRAY_LEN(texts); i++) {
		const char *t = sp_node_str(sp_node_get(want, texts[i].key), NULL);

		if (t && !sp_expect_text(t, texts[i].got))
			sp_diff_add(d, "at %g s: %s: expected %s, got %s", at, texts[i].key, t,
				    texts[i].got);
	}
	if (complete && sp_scn_bool(&w->r, complete, "complete", &whole) < 0)
		return -1;
	if (complete && whole != sp_deployment_complete(w->deployment, s))
		sp_diff_add(d, "at %g s: expected it %scomplete", at, whole ? "" : "not ");
	return 0;
}

static int check_bounds(const struct world *w, const struct sp_node *want, struct sp_diff *d)
{
	static const char *const keys[] = {"maxPods", "minAvailable", NULL};
	const struct sp_node *most = sp_node_get(want, "maxPods");
	const struct sp_node *least = sp_node_get(want, "minAvailable");
	int64_t n;

	if (want && sp_scn_keys(&w->r, want, "invariant", keys, NULL) < 0)
		return -1;
	if (most && sp_scn_int(&w->r, most, "maxPods", &n) < 0)
		return -1;
	if (most && w->most_pods > n)
		sp_diff_add(d, "pods: expected at most %lld, got %lld", (long long)n,
			    (long long)w->most_pods);
	if (least && sp_scn_int(&w->r, least, "minAvailable", &n) < 0)
		return -1;
	if (least && (!w->was_complete || w->least_available < n))
		sp_diff_add(d, "available pods: expected at least %lld, got %lld", (long long)n,
			    (long long)w->least_available);
	return 0;
}

static int check_all(struct world *w, struct sp_diff *d)
{
	static const char *const keys[] = {"steps", "invariant", "replicaSets", "revisions",
					   "final", "status",    NULL};
	const struct sp_node *list = sp_node_get(w->expect, "status");
	const struct sp_node *steps = sp_node_get(w->expect, "steps");
	const struct sp_node *sets = sp_node_get(w->expect, "replicaSets");
	const struct sp_node *n = sp_node_get(w->expect, "horizon");
	sp_time horizon = HORIZON_DEFAULT;
	int64_t here = 0, want_sets;

	if (sp_scn_keys(&w->r, w->expect, "expect", keys, sp_story_keys) < 0 ||
	    (n && sp_scn_seconds(&w->r, n, &horizon) < 0))
		return -1;
	for (uint32_t i = 0; list && list->kind == SP_NODE_LIST && i < list->n; i++) {
		sp_time at;

		if (sp_scn_seconds(&w->r, sp_node_get(list->items[i], "at"), &at) < 0)
			return -1;
		if (at < w->now)
			return sp_scn_fail(&w->r, list->items[i],
					   "status: snapshots are given in order");
		if (run_until(w, at) < 0 || check_status(w, list->items[i], d) < 0)
			return -1;
	}
	if (run_until(w, SP_MAX(horizon, w->now)) < 0 || (steps && check_steps(w, steps, d) < 0) ||
	    check_sets(w, sp_node_get(w->expect, "revisions"), true, d) < 0 ||
	    check_sets(w, sp_node_get(w->expect, "final"), false, d) < 0)
		return -1;
	for (uint32_t i = 0; i < w->n; i++)
		here += !w->rows[i].gone;
	if (sets && sp_scn_int(&w->r, sets, "replicaSets", &want_sets) < 0)
		return -1;
	if (sets && want_sets != here)
		sp_diff_add(d, "replica sets: expected %lld, got %lld", (long long)want_sets,
			    (long long)here);
	if (check_bounds(w, sp_node_get(w->expect, "invariant"), d) < 0)
		return -1;
	if (w->story.failed)
		return sp_fail(w->r.err, SP_E_NO_MEMORY, "check a scenario");
	return sp_story_check(&w->r, &w->story, w->expect, known, SP_MSEC, d);
}

static void world_done(struct world *w)
{
	for (uint32_t i = 0; i < w->n; i++)
		sp_fleet_done(&w->sets[i].fleet);
	sp_story_done(&w->story);
	free(w->ctl);
}

int sp_check_deployment(struct sp_arena *a, const struct sp_scenario *s, int kube_minor,
			struct sp_buf *why, struct sp_error *err)
{
	struct sp_diff d = {.out = why, .max = 20};
	struct world *w = sp_arena_alloc(a, sizeof(*w));
	int r = -1;

	if (!w)
		return sp_fail(err, SP_E_NO_MEMORY, "check a scenario");
	w->r = (struct sp_scn_reader){.arena = a, .file = s->file, .err = err};
	w->scenario = s;
	w->kube_minor = kube_minor;
	w->told = sp_node_get(s->node, "deployment");
	w->expect = sp_node_get(s->node, "expect");
	w->least_available = INT64_MAX;
	w->ctl = calloc(1, sizeof(*w->ctl));
	if (!w->ctl) {
		sp_fail(err, SP_E_NO_MEMORY, "check a scenario");
	} else if (!w->told || !w->expect) {
		sp_scn_fail(&w->r, s->node,
			    "a deployment scenario needs 'deployment' and 'expect'");
	} else if (sp_scn_entry_keys(&w->r, s, "deployment") == 0 && set_template(w, "A") == 0) {
		sp_deployment_init(&w->state, 0);
		r = check_all(w, &d);
	}
	world_done(w);
	return r < 0 ? -1 : (int)d.n;
}
