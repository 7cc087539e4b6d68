/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See crew.h. A team is a controller of pods with its pods; above the teams of a CronJob or a
 * Deployment stands a chief, which makes and scales them. Everything is looked at again until an
 * instant brings nothing new.
 */
#include "sim/crew.h"

#include "control/cronjob.h"
#include "control/deployment.h"
#include "control/job.h"
#include "control/make.h"
#include "control/set.h"
#include "sim/fleet.h"

#include <stdlib.h>

#define TEAMS_MAX  512
#define ROUNDS_MAX 1000 /* looks within one instant */
#define RESTARTED  "kubectl.kubernetes.io/restartedAt"

/* A Job, or a set of pods. */
struct team {
	enum sp_kind kind;
	const char *name;
	struct sp_k_job job;
	struct sp_job *job_state;
	struct sp_k_workload set;
	struct sp_k_workload_spec set_spec;
	struct sp_set set_state;
	struct sp_fleet fleet;
	uint32_t *rows; /* of each pod, in the result */
	sp_time wake;
	bool gone;
};

struct world {
	struct sp_arena *a;
	const struct sp_crew_plan *plan;
	struct sp_object *o;
	struct sp_crew *out;
	struct sp_error *err;
	struct sp_ctl *ctl;
	struct team *teams;
	uint32_t n;
	sp_time now, wake; /* wake: the chief's */
	/* the chief, if there is one */
	struct sp_cron_job cron;
	struct sp_cron_child *jobs; /* parallel to teams */
	struct sp_deployment deployment;
	struct sp_rs_child *sets; /* parallel to teams */
	char hash[SP_HASH_MAX];
	sp_time update_at; /* SP_NEVER: not yet known, or over */
	bool failed;       /* memory ran out */
};

bool sp_crew_kind(enum sp_kind kind)
{
	return kind == SP_KIND_JOB || kind == SP_KIND_CRON_JOB || kind == SP_KIND_DEPLOYMENT ||
	       kind == SP_KIND_REPLICA_SET || kind == SP_KIND_STATEFUL_SET ||
	       kind == SP_KIND_DAEMON_SET;
}

static const char *kind_word(enum sp_kind kind)
{
	return kind == SP_KIND_JOB            ? "job"
	       : kind == SP_KIND_CRON_JOB     ? "cronjob"
	       : kind == SP_KIND_DEPLOYMENT   ? "deployment"
	       : kind == SP_KIND_STATEFUL_SET ? "statefulset"
	       : kind == SP_KIND_DAEMON_SET   ? "daemonset"
					      : "replicaset";
}

static int no_memory(struct world *w)
{
	return sp_fail(w->err, SP_E_NO_MEMORY, "simulate %s", w->out->object);
}

/* ---- telling --------------------------------------------------------------------------------- */

static struct sp_crew_line *add_line(struct world *w, const char *object)
{
	static struct sp_crew_line nowhere;
	struct sp_crew *c = w->out;

	if (c->n_lines == c->cap_lines) {
		uint32_t cap = c->cap_lines ? c->cap_lines * 2 : 256;
		struct sp_crew_line *v = sp_arena_array(w->a, cap, sizeof(*v));

		if (!v) {
			w->failed = true;
			return &nowhere;
		}
		if (c->n_lines)
			memcpy(v, c->lines, c->n_lines * sizeof(*v));
		c->lines = v;
		c->cap_lines = cap;
	}
	c->lines[c->n_lines] = (struct sp_crew_line){.at = w->now, .object = object};
	return &c->lines[c->n_lines++];
}

static const char *object_name(struct world *w, const char *kind, const char *name)
{
	const char *s = sp_arena_printf(w->a, "%s/%s", kind, name);

	w->failed |= !s;
	return s ? s : "";
}

static void say(struct world *w, const char *kind, const char *name, const char *what)
{
	add_line(w, object_name(w, kind, name))->what = what;
}

static void say_event(struct world *w, const char *kind, const char *name,
		      const struct sp_ctl_action *a)
{
	struct sp_crew_line *l = add_line(w, object_name(w, kind, name));

	l->warning = a->warning;
	l->reason = a->reason;
	l->message = sp_arena_strdup(w->a, a->text ? a->text : "");
	w->failed |= !l->message;
}

/* ---- pods ------------------------------------------------------------------------------------ */

static int add_pod(struct world *w, struct team *t, const struct sp_ctl_action *a)
{
	struct sp_crew *c = w->out;
	const char *name = sp_arena_strdup(w->a, a->text);

	if (c->n_pods == c->cap_pods) {
		uint32_t cap = c->cap_pods ? c->cap_pods * 2 : 64;
		struct sp_crew_pod *v = sp_arena_array(w->a, cap, sizeof(*v));

		if (!v)
			return no_memory(w);
		if (c->n_pods)
			memcpy(v, c->pods, c->n_pods * sizeof(*v));
		c->pods = v;
		c->cap_pods = cap;
	}
	if (!t->rows)
		t->rows = sp_arena_array(w->a, SP_FLEET_MAX, sizeof(*t->rows));
	if (!name || !t->rows)
		return no_memory(w);
	if (sp_fleet_add(&t->fleet, a, name, &w->plan->pod->spec, &w->plan->pod->plan, w->now,
			 w->err) < 0)
		return -1;
	t->rows[t->fleet.n - 1] = c->n_pods;
	c->pods[c->n_pods++] = (struct sp_crew_pod){.name = name,
						    .owner = t->name,
						    .born = w->now,
						    .running_at = -1,
						    .ready_at = -1,
						    .unready_at = -1,
						    .deleted_at = -1,
						    .gone_at = -1};
	say(w, "pod", name, "created");
	return 0;
}

/* What became of a team's pods since the last look. */
static void look_at_pods(struct world *w, struct team *t)
{
	for (uint32_t i = 0; i < t->fleet.n; i++) {
		const struct sp_child *c = &t->fleet.children[i];
		struct sp_crew_pod *p = &w->out->pods[t->rows[i]];
		bool ready = c->ready && !sp_child_terminal(c) && !c->gone;

		if (p->gone_at >= 0)
			continue;
		if (c->phase == SP_PHASE_RUNNING && p->running_at < 0)
			p->running_at = w->now;
		if (ready && !p->ready) {
			say(w, "pod", p->name, p->ready_at < 0 ? "ready" : "ready again");
			p->ready_at = p->ready_at < 0 ? w->now : p->ready_at;
		}
		if (!ready && p->ready) {
			p->unready_at = w->now;
			if (!sp_child_terminal(c) && !c->deleting)
				say(w, "pod", p->name, "not ready");
		}
		p->ready = ready;
		if (c->deleting && p->deleted_at < 0) {
			p->deleted_at = w->now;
			if (!sp_child_terminal(c) && !c->gone)
				say(w, "pod", p->name, "is being deleted");
		}
		if (p->phase != c->phase && sp_child_terminal(c))
			say(w, "pod", p->name, sp_phase_name(c->phase));
		p->phase = c->phase;
		if (c->gone || sp_child_terminal(c)) {
			p->gone_at = w->now;
			if (c->gone)
				say(w, "pod", p->name, "gone");
		}
	}
}

static bool pods_left(const struct team *t)
{
	for (uint32_t i = 0; i < t->fleet.n; i++)
		if (!t->fleet.children[i].gone && !sp_child_terminal(&t->fleet.children[i]))
			return true;
	return false;
}

/* ---- teams ----------------------------------------------------------------------------------- */

static struct team *add_team(struct world *w, enum sp_kind kind, const char *name)
{
	struct team *t = &w->teams[w->n];

	if (w->n == TEAMS_MAX) {
		sp_fail(w->err, SP_E_UNSUPPORTED, "a simulation holds at most %d of its parts",
			TEAMS_MAX);
		return NULL;
	}
	t->kind = kind;
	t->name = sp_arena_strdup(w->a, name);
	if (kind == SP_KIND_JOB)
		t->job_state = calloc(1, sizeof(*t->job_state));
	if (!t->name || (kind == SP_KIND_JOB && !t->job_state)) {
		free(t->job_state);
		no_memory(w);
		return NULL;
	}
	if (kind == SP_KIND_JOB) {
		sp_job_init(t->job_state, w->n + 1);
		t->job_state->kube_minor = w->plan->pod->spec.kube_minor;
	} else {
		sp_set_init(&t->set_state, w->n + 1);
	}
	w->n++;
	return t;
}

static int add_job(struct world *w, const char *name, struct sp_k_job_spec *spec)
{
	struct team *t = add_team(w, SP_KIND_JOB, name);
	struct sp_k_meta *meta = sp_arena_alloc(w->a, sizeof(*meta));

	if (!t || !meta)
		return t ? no_memory(w) : -1;
	meta->name = t->name;
	t->job = (struct sp_k_job){.meta = meta, .spec = spec};
	return sp_job_check(&t->job, w->err);
}

static int add_set(struct world *w, enum sp_kind kind, const char *name, int64_t size)
{
	struct team *t = add_team(w, kind, name);
	struct sp_k_meta *meta = sp_arena_alloc(w->a, sizeof(*meta));

	if (!t || !meta)
		return t ? no_memory(w) : -1;
	*meta = *w->o->workload->meta;
	meta->name = t->name;
	t->set_spec = *w->o->workload->spec;
	t->set_spec.replicas = (struct sp_opt_int){.set = true, .v = size};
	t->set = (struct sp_k_workload){.meta = meta, .spec = &t->set_spec};
	return 0;
}

static void delete_team(struct world *w, struct team *t)
{
	if (t->job_state)
		t->job_state->deleting = true;
	t->set_state.deleting = true;
	for (uint32_t i = 0; t->kind == SP_KIND_JOB && i < t->fleet.n; i++)
		if (!t->fleet.children[i].deleting)
			sp_fleet_delete(&t->fleet, i, w->now);
}

static void remove_team(struct world *w, struct team *t)
{
	bool asked = t->job_state ? t->job_state->deleting : t->set_state.deleting;

	if (!asked) { /* of itself, in the end: JOB-72 */
		delete_team(w, t);
		return;
	}
	t->gone = true;
	say(w, kind_word(t->kind), t->name, "gone");
}

static int step_team(struct world *w, struct team *t, uint32_t *ret_actions)
{
	bool was_over = t->job_state && sp_job_finished(t->job_state);

	if (t->gone)
		return 0;
	if (sp_fleet_run(&t->fleet, w->now, w->err) < 0)
		return -1;
	look_at_pods(w, t);
	if (t->kind == SP_KIND_JOB)
		sp_job_step(&t->job, t->job_state, t->fleet.children, t->fleet.n, w->now, w->ctl);
	else if (t->kind == SP_KIND_STATEFUL_SET)
		sp_stateful_set_step(&t->set, &t->set_state, t->fleet.children, t->fleet.n, w->now,
				     w->ctl);
	else if (t->kind == SP_KIND_DAEMON_SET)
		sp_daemon_set_step(&t->set, &t->set_state, t->fleet.children, t->fleet.n, w->now,
				   w->ctl);
	else
		sp_replica_set_step(&t->set, &t->set_state, t->fleet.children, t->fleet.n, w->now,
				    w->ctl);
	t->wake = w->ctl->wake;
	*ret_actions += w->ctl->n;
	for (uint32_t i = 0; i < w->ctl->n; i++) {
		const struct sp_ctl_action *a = &w->ctl->items[i];

		if (a->kind == SP_CTL_CREATE && add_pod(w, t, a) < 0)
			return -1;
		if (a->kind == SP_CTL_DELETE)
			sp_fleet_delete(&t->fleet, a->child, w->now);
		if (a->kind == SP_CTL_REMOVE)
			remove_team(w, t);
		if (a->kind == SP_CTL_EVENT && !sp_streq(a->reason, "SuccessfulCreate") &&
		    !sp_streq(a->reason, "SuccessfulDelete")) /* told as pods */
			say_event(w, kind_word(t->kind), t->name, a);
	}
	if (sp_fleet_run(&t->fleet, w->now, w->err) < 0)
		return -1;
	look_at_pods(w, t);
	if (t->job_state && !was_over && sp_job_finished(t->job_state))
		say(w, "job", t->name,
		    t->job_state->conds[SP_JOB_COMPLETE].status == SP_COND_TRUE ? "Complete"
										: "Failed");
	return 0;
}

/* ---- chiefs ---------------------------------------------------------------------------------- */

static int step_cron(struct world *w, uint32_t *ret_actions)
{
	const struct sp_k_cron_job *cron = w->o->cron_job;

	for (uint32_t i = 0; i < w->n; i++) {
		const struct sp_job *j = w->teams[i].job_state;

		w->jobs[i].finished = sp_job_finished(j);
		w->jobs[i].complete = j->conds[SP_JOB_COMPLETE].status == SP_COND_TRUE;
		w->jobs[i].started_at = j->started_at;
		w->jobs[i].completed_at = j->completed_at;
		w->jobs[i].deleting = j->deleting;
		w->jobs[i].gone = w->teams[i].gone;
	}
	sp_cron_job_step(cron, &w->cron, w->plan->zone, w->jobs, w->n, w->now, w->ctl);
	w->wake = w->ctl->wake;
	*ret_actions += w->ctl->n;
	for (uint32_t i = 0; i < w->ctl->n; i++) {
		const struct sp_ctl_action *a = &w->ctl->items[i];

		if (a->kind == SP_CTL_CREATE) {
			w->jobs[SP_MIN(w->n, TEAMS_MAX - 1u)] =
				(struct sp_cron_child){.created_at = w->now, .ours = true};
			if (add_job(w, a->text, cron->spec->job_template->spec) < 0)
				return -1;
			w->jobs[w->n - 1].name = w->teams[w->n - 1].name;
			say(w, "job", w->teams[w->n - 1].name, "created");
		}
		if (a->kind == SP_CTL_DELETE) {
			say(w, "job", w->teams[a->child].name, "is being deleted");
			delete_team(w, &w->teams[a->child]);
		}
		if (a->kind == SP_CTL_EVENT &&
		    (a->warning || sp_streq(a->reason, "JobAlreadyActive")))
			say_event(w, "cronjob", cron->meta->name, a);
	}
	return 0;
}

static int step_deployment(struct world *w, uint32_t *ret_actions)
{
	const struct sp_k_workload *d = w->o->workload;

	for (uint32_t i = 0; i < w->n; i++) {
		struct sp_rs_child *row = &w->sets[i];
		const struct team *t = &w->teams[i];

		row->replicas = t->set_state.replicas;
		row->ready = t->set_state.ready;
		row->available = t->set_state.available;
		row->gone = t->gone;
		row->living = 0;
		for (uint32_t k = 0; k < t->fleet.n; k++)
			row->living += !t->fleet.children[k].gone &&
				       !sp_child_terminal(&t->fleet.children[k]);
	}
	sp_deployment_step(d, w->hash, &w->deployment, w->sets, w->n, w->now, w->ctl);
	w->wake = w->ctl->wake;
	*ret_actions += w->ctl->n;
	for (uint32_t i = 0; i < w->ctl->n; i++) {
		const struct sp_ctl_action *a = &w->ctl->items[i];

		if (a->kind == SP_CTL_CREATE) {
			if (add_set(w, SP_KIND_REPLICA_SET, a->text, a->size) < 0)
				return -1;
			w->sets[w->n - 1] = (struct sp_rs_child){.name = w->teams[w->n - 1].name,
								 .current = true,
								 .created_at = w->now,
								 .size = a->size,
								 .revision = a->index};
		}
		if (a->kind == SP_CTL_SCALE)
			w->teams[a->child].set_spec.replicas.v = a->size;
		if (a->kind == SP_CTL_DELETE)
			delete_team(w, &w->teams[a->child]);
		if (a->kind == SP_CTL_EVENT)
			say_event(w, "deployment", d->meta->name, a);
	}
	return 0;
}

/* ---- updates --------------------------------------------------------------------------------- */

/* Everything wanted is there and serves. */
static bool complete(const struct world *w)
{
	const struct sp_set *s = &w->teams[0].set_state;
	int64_t want = w->o->kind == SP_KIND_DAEMON_SET ? 1 : w->o->workload->spec->replicas.v;

	if (w->o->kind == SP_KIND_DEPLOYMENT)
		return sp_deployment_complete(w->o->workload, &w->deployment);
	return s->available == want && s->replicas == want;
}

/* A template that differs in nothing but an annotation, as `rollout restart` makes it. */
static int update(struct world *w)
{
	struct sp_k_workload_spec *spec = w->o->workload->spec;
	struct sp_k_pod_template *t = sp_arena_alloc(w->a, sizeof(*t));
	struct sp_node *node = sp_node_clone(w->a, spec->template->node), *meta, *notes;

	if (!t || !node)
		return no_memory(w);
	meta = (struct sp_node *)(uintptr_t)sp_node_get(node, "metadata");
	if (!meta) {
		meta = sp_node_new(w->a, SP_NODE_MAP);
		if (!meta || sp_node_set(w->a, node, "metadata", meta) < 0)
			return no_memory(w);
	}
	notes = (struct sp_node *)(uintptr_t)sp_node_get(meta, "annotations");
	if (!notes) {
		notes = sp_node_new(w->a, SP_NODE_MAP);
		if (!notes || sp_node_set(w->a, meta, "annotations", notes) < 0)
			return no_memory(w);
	}
	if (sp_node_set(w->a, notes, RESTARTED, sp_node_new_str(w->a, "simulated")) < 0)
		return no_memory(w);
	*t = *spec->template;
	t->node = node;
	spec->template = t;
	w->o->workload->meta->generation =
		(struct sp_opt_int){.set = true, .v = w->o->workload->meta->generation.v + 1};
	w->out->updated_at = w->now;
	w->update_at = SP_NEVER;
	say(w, kind_word(w->o->kind), w->o->workload->meta->name, "gets a new template");
	if (w->o->kind != SP_KIND_DEPLOYMENT)
		for (uint32_t i = 0; i < w->teams[0].fleet.n; i++)
			w->teams[0].fleet.children[i].outdated = true;
	for (uint32_t i = 0; i < w->n; i++)
		w->sets[i].current = false;
	return sp_make_hash(node, 0, w->hash) < 0 ? no_memory(w) : 0;
}

static void plan_update(struct world *w)
{
	bool updates = w->o->kind == SP_KIND_DEPLOYMENT || w->o->kind == SP_KIND_STATEFUL_SET ||
		       w->o->kind == SP_KIND_DAEMON_SET;

	if (updates && w->plan->update_after != SP_NEVER && w->update_at == SP_NEVER &&
	    w->out->updated_at < 0 && complete(w))
		w->update_at = sp_time_add(w->now, w->plan->update_after);
}

/* ---- time ------------------------------------------------------------------------------------ */

/* Everything of the instant w->now. */
static int settle(struct world *w)
{
	for (int round = 0; round < ROUNDS_MAX; round++) {
		uint32_t actions = 0;

		for (uint32_t i = 0; i < w->n; i++)
			if (step_team(w, &w->teams[i], &actions) < 0)
				return -1;
		if (w->o->kind == SP_KIND_CRON_JOB && step_cron(w, &actions) < 0)
			return -1;
		if (w->o->kind == SP_KIND_DEPLOYMENT && step_deployment(w, &actions) < 0)
			return -1;
		if (w->failed)
			return no_memory(w);
		if (actions == 0)
			return 0;
	}
	return sp_fail(w->err, SP_E_INTERNAL, "%s does not come to rest at %g s", w->out->object,
		       (double)w->now / (double)SP_SEC);
}

static sp_time next_instant(const struct world *w)
{
	sp_time next = SP_MIN(w->wake, w->update_at);

	for (uint32_t i = 0; i < w->n; i++) {
		next = SP_MIN(next, sp_fleet_next(&w->teams[i].fleet));
		if (!w->teams[i].gone)
			next = SP_MIN(next, w->teams[i].wake);
	}
	return next;
}

/* Has the cron job shown enough of itself? */
static bool seen_enough(const struct world *w)
{
	if (w->o->kind != SP_KIND_CRON_JOB || !w->plan->fires || w->n < w->plan->fires)
		return false;
	for (uint32_t i = 0; i < w->plan->fires; i++)
		if ((!sp_job_finished(w->teams[i].job_state) && !w->teams[i].gone) ||
		    pods_left(&w->teams[i]))
			return w->n > w->plan->fires + 2;
	return true;
}

static int run(struct world *w)
{
	sp_time start = w->now, until = sp_time_add(start, w->plan->horizon), next;

	for (;;) {
		if (settle(w) < 0)
			return -1;
		plan_update(w);
		next = next_instant(w);
		if (next == SP_NEVER || next > until || seen_enough(w))
			break;
		w->now = SP_MAX(w->now, next);
		for (uint32_t i = 0; i < w->n; i++)
			if (sp_fleet_run(&w->teams[i].fleet, w->now, w->err) < 0)
				return -1;
		if (w->update_at <= w->now && update(w) < 0)
			return -1;
	}
	/* what still happens counts; what only lives on does not */
	if (next != SP_NEVER && next > until)
		w->now = until;
	w->out->end = w->now - start;
	for (uint32_t i = 0; i < w->out->n_lines; i++)
		w->out->lines[i].at -= start;
	for (uint32_t i = 0; i < w->out->n_pods; i++) {
		struct sp_crew_pod *p = &w->out->pods[i];
		sp_time *const times[] = {&p->born,       &p->running_at, &p->ready_at,
					  &p->unready_at, &p->deleted_at, &p->gone_at};

		for (size_t k = 0; k < SP_ARRAY_LEN(times); k++)
			*times[k] = *times[k] < 0 ? -1 : *times[k] - start;
	}
	if (w->out->updated_at >= 0)
		w->out->updated_at -= start;
	return 0;
}

/* ---- the end --------------------------------------------------------------------------------- */

static void print_job(struct world *w, const struct team *t, sp_time now, struct sp_buf *out)
{
	const struct sp_ctl_cond *c = &t->job_state->conds[SP_JOB_COMPLETE];
	SP_CLEANUP(sp_buf_done) struct sp_buf status = {0}, completions = {0}, duration = {0};

	sp_job_columns(&t->job, t->job_state, now, &status, &completions, &duration);
	if (c->status != SP_COND_TRUE)
		c = &t->job_state->conds[SP_JOB_FAILED];
	sp_buf_printf(out, "%s  completions %s  duration %s", status.len ? status.ptr : "-",
		      completions.len ? completions.ptr : "-", duration.len ? duration.ptr : "-");
	if (c->status == SP_COND_TRUE) {
		w->out->reason = sp_arena_printf(w->a, "%s: %s", c->reason, c->message);
		w->failed |= !w->out->reason;
	}
}

static int print_standing(struct world *w)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf b = {0}, ready = {0}, updated = {0}, available = {0};
	const struct sp_set *s = &w->teams[0].set_state;

	if (w->o->kind == SP_KIND_JOB) {
		print_job(w, &w->teams[0], w->now, &b);
	} else if (w->o->kind == SP_KIND_CRON_JOB) {
		sp_buf_printf(&b, "jobs started %u  active %lld", w->n, (long long)w->cron.active);
	} else if (w->o->kind == SP_KIND_DEPLOYMENT) {
		sp_deployment_columns(w->o->workload, &w->deployment, &ready, &updated, &available);
		sp_buf_printf(&b, "ready %s  up-to-date %s  available %s",
			      ready.len ? ready.ptr : "-", updated.len ? updated.ptr : "-",
			      available.len ? available.ptr : "-");
	} else {
		int64_t want =
			w->o->kind == SP_KIND_DAEMON_SET ? 1 : w->teams[0].set_spec.replicas.v;

		sp_buf_printf(&b, "ready %lld/%lld  available %lld", (long long)s->ready,
			      (long long)want, (long long)s->available);
	}
	w->out->standing = b.len && !b.failed ? sp_arena_strndup(w->a, b.ptr, b.len) : NULL;
	return w->out->standing ? 0 : no_memory(w);
}

static int begin(struct world *w)
{
	const struct sp_k_workload *set = w->o->workload;

	assert(w->o->meta); /* what is valid has a name */
	switch ((int)w->o->kind) {
	case SP_KIND_JOB:
		return add_job(w, w->o->meta->name, w->o->job->spec);
	case SP_KIND_CRON_JOB:
		w->now = w->plan->start_wall_ns;
		sp_cron_job_init(&w->cron, w->now);
		return 0;
	case SP_KIND_DEPLOYMENT:
		sp_deployment_init(&w->deployment, w->now);
		return sp_make_hash(set->spec->template->node, 0, w->hash) < 0 ? no_memory(w) : 0;
	default:
		return add_set(w, w->o->kind, set->meta->name, set->spec->replicas.v);
	}
}

int sp_crew_simulate(struct sp_arena *a, struct sp_object *o, const struct sp_crew_plan *plan,
		     struct sp_crew *ret, struct sp_error *err)
{
	struct world *w = sp_arena_alloc(a, sizeof(*w));
	int r = -1;

	*ret = (struct sp_crew){.object = "a workload", .updated_at = -1};
	if (!w)
		return sp_fail(err, SP_E_NO_MEMORY, "simulate a workload");
	*w = (struct world){.a = a, .plan = plan, .o = o, .out = ret, .err = err};
	w->wake = w->update_at = SP_NEVER;
	ret->object =
		object_name(w, kind_word(o->kind), o->meta && o->meta->name ? o->meta->name : "");
	w->ctl = calloc(1, sizeof(*w->ctl));
	w->teams = calloc(TEAMS_MAX, sizeof(*w->teams));
	w->jobs = sp_arena_array(a, TEAMS_MAX, sizeof(*w->jobs));
	w->sets = sp_arena_array(a, TEAMS_MAX, sizeof(*w->sets));
	if (!w->ctl || !w->teams || !w->jobs || !w->sets)
		no_memory(w);
	else if (begin(w) == 0 && run(w) == 0)
		r = print_standing(w);
	for (uint32_t i = 0; w->teams && i < w->n; i++) {
		sp_fleet_done(&w->teams[i].fleet);
		free(w->teams[i].job_state);
	}
	free(w->teams);
	free(w->ctl);
	return r;
}
