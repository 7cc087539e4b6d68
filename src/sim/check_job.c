/* SPDX-License-Identifier: Apache-2.0 */
/* Job scenarios: the job controller with pods that the core simulates. */
#include "sim/check_control.h"

#include "base/text.h"
#include "control/job.h"
#include "control/make.h"
#include "sim/expect.h"
#include "sim/fleet.h"
#include "sim/story.h"
#include "sim/workload.h"

#include <stdlib.h>

#define HORIZON_DEFAULT (200 * SP_SEC)
#define ROUNDS_MAX      1000 /* looks within one instant */
#define SEED            1

struct world {
	struct sp_scn_reader r;
	const struct sp_node *stimuli;
	const struct sp_node *told; /* the map `job` */
	const struct sp_node *expect;
	int kube_minor;
	const char *main; /* name of the regular container */
	struct sp_k_job *job;
	struct sp_job *state;
	struct sp_ctl *ctl;
	struct sp_fleet fleet;
	struct sp_story story;
	bool cond_told[SP_JOB_CONDS], finish_told[SP_FLEET_MAX];
	const struct sp_node **made; /* trees of the pods, by number */
	sp_time wake, now;
	bool gone;
	uint32_t next_stimulus;
};

/* ---- building ------------------------------------------------------------------------------- */

static const char *const own_keys[] = {"restartPolicy",
				       "pods",
				       "index",
				       "allIndexes",
				       "sidecars",
				       "initContainers",
				       "name",
				       "terminationGracePeriodSeconds",
				       NULL};

static int build(struct world *w)
{
	struct sp_scn_tree t = {.a = w->r.arena};
	struct sp_node *root = sp_scn_map(&t), *meta, *spec;
	const struct sp_node *pods = sp_node_get(w->told, "pods");
	struct sp_object o;

	w->main = "main";
	for (uint32_t i = 0; pods && pods->kind == SP_NODE_LIST && i < pods->n; i++)
		w->main = sp_node_str(sp_node_get(pods->items[i], "container"), w->main);
	sp_scn_put_text(&t, root, "apiVersion", "batch/v1");
	sp_scn_put_text(&t, root, "kind", "Job");
	meta = sp_scn_put(&t, root, "metadata", sp_scn_map(&t));
	sp_scn_put_text(&t, meta, "name", sp_node_str(sp_node_get(w->told, "name"), "j"));
	sp_scn_put_text(&t, meta, "uid", "00000000-0000-4000-8000-000000000002");
	spec = sp_scn_put(&t, root, "spec", sp_scn_map(&t));
	sp_scn_copy(&t, spec, w->told, own_keys);
	sp_scn_put(&t, spec, "template",
		   sp_scn_template(&t, w->told, w->main, "registry.example/app:1"));
	if (sp_scn_object(&w->r, w->told, t.failed ? NULL : root, w->kube_minor, &o) < 0)
		return -1;
	w->job = o.job;
	return sp_job_check(w->job, w->r.err);
}

static const struct sp_node *nth(const struct sp_node *list, uint32_t n)
{
	if (!list || list->kind != SP_NODE_LIST || list->n == 0)
		return NULL;
	return list->items[SP_MIN(n, list->n - 1)];
}

/* How the next pod behaves: by number, or by index and attempt. */
static const struct sp_node *behaviour_of(const struct world *w, int64_t index)
{
	const struct sp_node *of_index, *all = sp_node_get(w->told, "allIndexes");
	uint32_t attempt = 0;
	char key[24];
	struct sp_buf b = sp_buf_fixed(key, sizeof(key));

	if (index < 0)
		return nth(sp_node_get(w->told, "pods"), w->fleet.n);
	for (uint32_t i = 0; i < w->fleet.n; i++)
		attempt += w->fleet.children[i].index == index;
	sp_buf_printf(&b, "%lld", (long long)index);
	of_index = sp_node_get(sp_node_get(w->told, "index"), key);
	if (!of_index && !all) /* an Indexed job told pod by pod */
		return nth(sp_node_get(w->told, "pods"), w->fleet.n);
	return nth(of_index ? of_index : all, attempt);
}

/* ---- performing ----------------------------------------------------------------------------- */

static void tell_pod(struct world *w, uint32_t i, const char *what)
{
	sp_story_add(&w->story, w->r.arena, w->now, "p%u.%s", i, what);
	if (w->fleet.children[i].index >= 0)
		sp_story_add(&w->story, w->r.arena, w->now, "index%lld.%s",
			     (long long)w->fleet.children[i].index, what);
}

static int create(struct world *w, const struct sp_ctl_action *a)
{
	const char *name = sp_arena_strdup(w->r.arena, a->text);
	const struct sp_node *tree = sp_make_job_pod(w->r.arena, w->job, a);
	struct sp_scn_pod pod;

	if (!name || !tree)
		return sp_fail(w->r.err, SP_E_NO_MEMORY, "simulate a job");
	if (sp_scn_template_pod(&w->r, w->told, w->main, behaviour_of(w, a->index), w->kube_minor,
				&pod) < 0)
		return -1;
	if (sp_fleet_add(&w->fleet, a, name, &pod.spec, &pod.plan, w->now, w->r.err) < 0)
		return -1;
	w->made[w->fleet.n - 1] = tree;
	tell_pod(w, w->fleet.n - 1, "create");
	return 0;
}

static void remove_job(struct world *w)
{
	if (w->state->deleting) {
		sp_story_add(&w->story, w->r.arena, w->now, "job.gone");
		w->gone = true;
		return;
	}
	sp_story_add(&w->story, w->r.arena, w->now, "job.deleted");
	w->state->deleting = true;
	for (uint32_t i = 0; i < w->fleet.n; i++)
		if (!w->fleet.children[i].deleting)
			sp_fleet_delete(&w->fleet, i, w->now);
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
			sp_fleet_delete(&w->fleet, a->child, w->now);
			tell_pod(w, a->child, "delete");
			break;
		case SP_CTL_EVENT:
			sp_story_event(&w->story, w->r.arena, w->now, a->warning, a->reason,
				       a->text);
			break;
		case SP_CTL_REMOVE:
			remove_job(w);
			break;
		case SP_CTL_STATUS:
		case SP_CTL_SCALE:
		case SP_CTLS:
			break;
		}
	}
	return 0;
}

static void tell_changes(struct world *w)
{
	for (uint32_t i = 0; i < w->fleet.n; i++)
		if (!w->finish_told[i] && sp_child_terminal(&w->fleet.children[i])) {
			w->finish_told[i] = true;
			tell_pod(w, i, "finish");
		}
	for (int c = 0; c < SP_JOB_CONDS; c++) {
		bool is = w->state->conds[c].status == SP_COND_TRUE;

		if (is && !w->cond_told[c])
			sp_story_add(&w->story, w->r.arena, w->now, "job.%s",
				     sp_job_cond_name((enum sp_job_cond)c));
		w->cond_told[c] = is;
	}
}

/* ---- stimuli -------------------------------------------------------------------------------- */

static int pod_number(const struct world *w, const struct sp_node *n, uint32_t *ret)
{
	const char *text = sp_node_str(n, "");
	int64_t v;

	if (text[0] != 'p' || sp_parse_i64(text + 1, 0, SP_FLEET_MAX, &v) < 0 || v >= w->fleet.n)
		return sp_scn_fail(&w->r, n, "'%s' is no pod that exists then", text);
	*ret = (uint32_t)v;
	return 0;
}

static int apply(struct world *w, const struct sp_node *st)
{
	static const char *const keys[] = {"at",           "suspend",        "delete_pod",
					   "delete_job",   "parallelism",    "completions",
					   "backoffLimit", "fail_to_create", NULL};
	static const char *const numbers[] = {"parallelism", "completions", "backoffLimit"};
	struct sp_opt_int *const fields[] = {&w->job->spec->parallelism, &w->job->spec->completions,
					     &w->job->spec->backoff_limit};
	const struct sp_node *v;
	uint32_t i;

	if (sp_scn_keys(&w->r, st, "stimulus", keys, NULL) < 0)
		return -1;
	v = sp_node_get(st, "suspend");
	w->job->spec->suspend.set |= v != NULL;
	if (v && sp_scn_bool(&w->r, v, "suspend", &w->job->spec->suspend.v) < 0)
		return -1;
	for (size_t k = 0; k < SP_ARRAY_LEN(numbers); k++) {
		v = sp_node_get(st, numbers[k]);
		fields[k]->set |= v != NULL;
		if (v && sp_scn_int(&w->r, v, numbers[k], &fields[k]->v) < 0)
			return -1;
	}
	v = sp_node_get(st, "delete_pod");
	if (v) {
		if (pod_number(w, v, &i) < 0)
			return -1;
		sp_fleet_delete(&w->fleet, i, w->now);
		tell_pod(w, i, "delete");
	}
	if (sp_node_get(st, "delete_job")) {
		w->state->deleting = true;
		sp_story_add(&w->story, w->r.arena, w->now, "job.deleted");
	}
	v = sp_node_get(st, "fail_to_create");
	if (v) {
		sp_job_create_failed(w->state, sp_node_str(v, ""), w->now, w->ctl);
		return perform(w);
	}
	return 0;
}

static int stimulus_at(const struct world *w, sp_time *ret)
{
	const struct sp_node *list = w->stimuli;

	*ret = SP_NEVER;
	if (!list || list->kind != SP_NODE_LIST || w->next_stimulus >= list->n)
		return 0;
	return sp_scn_seconds(&w->r, sp_node_get(list->items[w->next_stimulus], "at"), ret);
}

static int apply_due(struct world *w)
{
	const struct sp_node *list = w->stimuli;
	sp_time at;

	for (;;) {
		if (stimulus_at(w, &at) < 0)
			return -1;
		if (at > w->now)
			return 0;
		if (apply(w, list->items[w->next_stimulus++]) < 0)
			return -1;
	}
}

/* ---- time ----------------------------------------------------------------------------------- */

/* Everything of the instant w->now. */
static int settle(struct world *w)
{
	for (int round = 0; round < ROUNDS_MAX; round++) {
		if (sp_fleet_run(&w->fleet, w->now, w->r.err) < 0)
			return -1;
		if (w->gone)
			return 0;
		tell_changes(w);
		sp_job_step(w->job, w->state, w->fleet.children, w->fleet.n, w->now, w->ctl);
		w->wake = w->ctl->wake;
		if (perform(w) < 0)
			return -1;
		tell_changes(w);
		if (w->ctl->n == 0 && sp_fleet_next(&w->fleet) > w->now)
			return w->story.failed ? sp_fail(w->r.err, SP_E_NO_MEMORY, "simulate a job")
					       : 0;
	}
	return sp_fail(w->r.err, SP_E_INTERNAL, "the job does not come to rest at %g s",
		       (double)w->now / (double)SP_SEC);
}

static int run_until(struct world *w, sp_time until)
{
	for (;;) {
		sp_time next = SP_MIN(sp_fleet_next(&w->fleet), w->gone ? SP_NEVER : w->wake), at;

		if (stimulus_at(w, &at) < 0)
			return -1;
		next = SP_MIN(next, at);
		if (next > until)
			break;
		w->now = SP_MAX(w->now, next);
		if (sp_fleet_run(&w->fleet, w->now, w->r.err) < 0 || apply_due(w) < 0 ||
		    settle(w) < 0)
			return -1;
	}
	w->now = until;
	return sp_fleet_run(&w->fleet, until, w->r.err);
}

/* ---- expectations --------------------------------------------------------------------------- */

static bool known(const char *name)
{
	static const char *const of_pods[] = {"create", "delete", "finish"};
	const char *dot = strrchr(name, '.');

	if (!dot)
		return false;
	if (strncmp(name, "job.", 4) == 0) {
		for (int c = 0; c < SP_JOB_CONDS; c++)
			if (sp_streq(dot + 1, sp_job_cond_name((enum sp_job_cond)c)))
				return true;
		return sp_streq(dot + 1, "deleted") || sp_streq(dot + 1, "gone");
	}
	if (name[0] != 'p' && strncmp(name, "index", 5) != 0)
		return false;
	for (size_t i = 0; i < SP_ARRAY_LEN(of_pods); i++)
		if (sp_streq(dot + 1, of_pods[i]))
			return true;
	return false;
}

static void compare_text(struct sp_diff *d, const char *when, const char *key, const char *want,
			 const char *got)
{
	if (!sp_expect_text(want, got))
		sp_diff_add(d, "%s: %s: expected \"%s\", got \"%s\"", when, key, want, got);
}

static int check_state(struct world *w, const struct sp_node *want, const char *when,
		       struct sp_diff *d)
{
	static const char *const keys[] = {"at",
					   "condition",
					   "reason",
					   "message",
					   "messagePattern",
					   "active",
					   "ready",
					   "terminating",
					   "succeeded",
					   "failed",
					   "completedIndexes",
					   "failedIndexes",
					   "startTime",
					   "completionTime",
					   "statusColumn",
					   "completionsColumn",
					   "durationColumn",
					   NULL};
	const struct sp_job *j = w->state;
	const struct sp_number numbers[] = {{"active", j->active},
					    {"ready", j->ready},
					    {"terminating", j->terminating},
					    {"succeeded", j->succeeded},
					    {"failed", j->failed}};
	SP_CLEANUP(sp_buf_done) struct sp_buf done = {0}, failed = {0}, status = {0};
	SP_CLEANUP(sp_buf_done) struct sp_buf completions = {0}, duration = {0};
	const struct {
		const char *key;
		struct sp_buf *b;
	} texts[] = {{"completedIndexes", &done},
		     {"failedIndexes", &failed},
		     {"statusColumn", &status},
		     {"completionsColumn", &completions},
		     {"durationColumn", &duration}};
	const char *cond = sp_node_str(sp_node_get(want, "condition"), NULL);
	const struct sp_ctl_cond *c = NULL;

	if (sp_scn_keys(&w->r, want, "status", keys, NULL) < 0)
		return -1;
	if (sp_diff_numbers(d, &w->r, want, when, numbers, SP_ARRAY_LEN(numbers)) < 0)
		return -1;
	sp_indexes_print(&j->completed, SP_INDEXES_MAX, &done);
	sp_indexes_print(&j->failed_indexes, SP_INDEXES_MAX, &failed);
	sp_job_columns(w->job, j, w->now, &status, &completions, &duration);
	for (size_t i = 0; i < SP_ARRAY_LEN(texts); i++) {
		const struct sp_node *n = sp_node_get(want, texts[i].key);

		if (n)
			compare_text(d, when, texts[i].key, n->text ? n->text : "",
				     texts[i].b->len ? texts[i].b->ptr : "");
	}
	if (sp_node_get(want, "startTime"))
		compare_text(d, when, "startTime", sp_node_get(want, "startTime")->text,
			     j->started_at < 0 ? "none" : "set");
	if (sp_node_get(want, "completionTime"))
		compare_text(d, when, "completionTime", sp_node_get(want, "completionTime")->text,
			     j->completed_at < 0 ? "none" : "set");
	if (!cond)
		return 0;
	for (int i = 0; i < SP_JOB_CONDS; i++)
		if (sp_streq(cond, sp_job_cond_name((enum sp_job_cond)i)))
			c = &j->conds[i];
	if (!c)
		return sp_scn_fail(&w->r, want, "a job has no condition '%s'", cond);
	if (c->status != SP_COND_TRUE) {
		sp_diff_add(d, "%s: condition %s: expected True, got %s", when, cond,
			    c->status == SP_COND_ABSENT ? "none" : "False");
		return 0;
	}
	compare_text(d, when, "reason", sp_node_str(sp_node_get(want, "reason"), c->reason),
		     c->reason);
	compare_text(d, when, "message", sp_node_str(sp_node_get(want, "message"), c->message),
		     c->message);
	compare_text(d, when, "message",
		     sp_node_str(sp_node_get(want, "messagePattern"), c->message), c->message);
	return 0;
}

/* ---- facts about one pod object ------------------------------------------------------------- */

/* "<job>" stands for the job's name, ? for one character */
static bool name_matches(const struct world *w, const char *pattern, const char *name)
{
	size_t n = strlen(w->job->meta->name);

	for (; *pattern; pattern++) {
		if (strncmp(pattern, "<job>", 5) == 0) {
			if (strncmp(name, w->job->meta->name, n) != 0)
				return false;
			name += n;
			pattern += 4;
		} else if (!*name || (*pattern != '?' && *pattern != *name)) {
			return false;
		} else {
			name++;
		}
	}
	return !*name;
}

static const char *env_source(const struct sp_node *ctr, const char *name)
{
	const struct sp_node *env = sp_node_get(ctr, "env");

	for (uint32_t i = 0; env && i < env->n; i++)
		if (sp_streq(sp_node_str(sp_node_get(env->items[i], "name"), ""), name))
			return sp_node_str(
				sp_node_at(env->items[i], "valueFrom.fieldRef.fieldPath"),
				sp_node_str(sp_node_get(env->items[i], "value"), ""));
	return NULL;
}

static const struct sp_node *find_ctr(const struct sp_node *pod, const char *name)
{
	static const char *const lists[] = {"spec.initContainers", "spec.containers"};

	for (size_t l = 0; l < SP_ARRAY_LEN(lists); l++) {
		const struct sp_node *v = sp_node_at(pod, lists[l]);

		for (uint32_t i = 0; v && i < v->n; i++)
			if (sp_streq(sp_node_str(sp_node_get(v->items[i], "name"), ""), name))
				return v->items[i];
	}
	return NULL;
}

/* A value that comes from an annotation is looked up there, as the pod's start would. */
static const char *env_value(const struct sp_node *pod, const char *source)
{
	static const char from[] = "metadata.annotations['";
	const struct sp_node *all = sp_node_at(pod, "metadata.annotations");
	size_t n = sizeof(from) - 1;

	if (strncmp(source, from, n) != 0)
		return source;
	for (uint32_t i = 0; all && i < all->n; i++)
		if (strncmp(all->pairs[i].key, source + n, strlen(all->pairs[i].key)) == 0)
			return sp_node_str(all->pairs[i].value, "");
	return "";
}

static void check_env(const struct sp_node *pod, const struct sp_node *env,
		      const struct sp_node *ctrs, struct sp_diff *d)
{
	for (uint32_t i = 0; env && i < env->n; i++)
		for (uint32_t k = 0; ctrs && k < ctrs->n; k++) {
			const char *ctr = sp_node_str(ctrs->items[k], "");
			const char *source = env_source(find_ctr(pod, ctr), env->pairs[i].key);
			const char *want = sp_node_str(env->pairs[i].value, "");

			if (!source || !sp_streq(env_value(pod, source), want))
				sp_diff_add(d, "env %s of %s: expected \"%s\", got %s",
					    env->pairs[i].key, ctr, want,
					    source ? env_value(pod, source) : "nothing");
		}
}

static void check_tags(const struct sp_node *pod, const char *path, const struct sp_node *want,
		       struct sp_diff *d)
{
	const struct sp_node *all = sp_node_at(pod, path);

	for (uint32_t i = 0; want && i < want->n; i++) {
		const char *got = sp_node_str(sp_node_get(all, want->pairs[i].key), NULL);
		const char *text = sp_node_str(want->pairs[i].value, "");

		if (!got || !sp_expect_text(text, got))
			sp_diff_add(d, "%s: %s: expected \"%s\", got %s", path, want->pairs[i].key,
				    text, got ? got : "nothing");
	}
}

static int check_facts(struct world *w, const struct sp_node *want, struct sp_diff *d)
{
	static const char *const keys[] = {"pod",   "namePattern", "hostname",    "env",
					   "envIn", "labels",      "annotations", NULL};
	const char *pattern = sp_node_str(sp_node_get(want, "namePattern"), NULL);
	const char *hostname = sp_node_str(sp_node_get(want, "hostname"), NULL);
	const struct sp_node *pod;
	uint32_t i = 0;

	if (sp_scn_keys(&w->r, want, "podFacts", keys, NULL) < 0)
		return -1;
	if (sp_node_get(want, "pod") && pod_number(w, sp_node_get(want, "pod"), &i) < 0)
		return -1;
	if (w->fleet.n == 0)
		return sp_scn_fail(&w->r, want, "podFacts: there is no pod");
	pod = w->made[i];
	if (pattern && !name_matches(w, pattern, w->fleet.children[i].name))
		sp_diff_add(d, "name: expected %s, got %s", pattern, w->fleet.children[i].name);
	if (hostname &&
	    !name_matches(w, hostname, sp_node_str(sp_node_at(pod, "spec.hostname"), "")))
		sp_diff_add(d, "hostname: expected %s, got %s", hostname,
			    sp_node_str(sp_node_at(pod, "spec.hostname"), "nothing"));
	check_env(pod, sp_node_get(want, "env"), sp_node_get(want, "envIn"), d);
	check_tags(pod, "metadata.labels", sp_node_get(want, "labels"), d);
	check_tags(pod, "metadata.annotations", sp_node_get(want, "annotations"), d);
	return 0;
}

/* ---- the whole ------------------------------------------------------------------------------ */

static int check_all(struct world *w, struct sp_diff *events, struct sp_diff *states)
{
	static const char *const keys[] = {"status", "final", "podFacts", NULL};
	const struct sp_node *list = sp_node_get(w->expect, "status");
	const struct sp_node *final = sp_node_get(w->expect, "final");
	const struct sp_node *facts = sp_node_get(w->expect, "podFacts");
	const struct sp_node *n = sp_node_get(w->expect, "horizon");
	sp_time horizon = HORIZON_DEFAULT, last = 0;

	if (sp_scn_keys(&w->r, w->expect, "expect", keys, sp_story_keys) < 0 ||
	    (n && sp_scn_seconds(&w->r, n, &horizon) < 0))
		return -1;
	for (uint32_t i = 0; list && list->kind == SP_NODE_LIST && i < list->n; i++) {
		char when[32];
		struct sp_buf b = sp_buf_fixed(when, sizeof(when));
		sp_time at;

		if (sp_scn_seconds(&w->r, sp_node_get(list->items[i], "at"), &at) < 0)
			return -1;
		if (at < last)
			return sp_scn_fail(&w->r, list, "status: snapshots are given in order");
		last = at;
		sp_buf_printf(&b, "at %g s", (double)at / (double)SP_SEC);
		if (run_until(w, at) < 0 || check_state(w, list->items[i], when, states) < 0)
			return -1;
	}
	if (run_until(w, SP_MAX(horizon, last)) < 0 ||
	    (final && check_state(w, final, "at the end", states) < 0) ||
	    (facts && check_facts(w, facts, states) < 0))
		return -1;
	return sp_story_check(&w->r, &w->story, w->expect, known, SP_MSEC, events);
}

static void world_done(struct world *w)
{
	sp_fleet_done(&w->fleet);
	sp_story_done(&w->story);
	free(w->state);
	free(w->ctl);
}

int sp_check_job(struct sp_arena *a, const struct sp_scenario *s, int kube_minor,
		 struct sp_buf *why, struct sp_error *err)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf state_text = {0};
	struct sp_diff events = {.out = why, .max = 20}, states = {.out = &state_text, .max = 20};
	struct world *w = sp_arena_alloc(a, sizeof(*w));
	int r = -1;

	if (!w)
		return sp_fail(err, SP_E_NO_MEMORY, "check a scenario");
	w->r = (struct sp_scn_reader){.arena = a, .file = s->file, .err = err};
	w->stimuli = sp_node_get(s->node, "stimuli");
	w->kube_minor = kube_minor;
	w->told = sp_node_get(s->node, "job");
	w->expect = sp_node_get(s->node, "expect");
	w->state = calloc(1, sizeof(*w->state));
	w->ctl = calloc(1, sizeof(*w->ctl));
	w->made = sp_arena_array(a, SP_FLEET_MAX, sizeof(*w->made));
	if (!w->state || !w->ctl || !w->made) {
		sp_fail(err, SP_E_NO_MEMORY, "check a scenario");
	} else if (!w->told || !w->expect) {
		sp_scn_fail(&w->r, s->node, "a job scenario needs 'job' and 'expect'");
	} else if (sp_scn_entry_keys(&w->r, s, "job") == 0 && build(w) == 0) {
		sp_job_init(w->state, SEED);
		w->state->kube_minor = w->kube_minor;
		r = check_all(w, &events, &states);
	}
	world_done(w);
	if (r == 0 && state_text.len)
		sp_buf_add(why, state_text.ptr, state_text.len);
	return r < 0 ? -1 : (int)(events.n + states.n);
}
