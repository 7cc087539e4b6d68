/* SPDX-License-Identifier: Apache-2.0 */
/* What controllers show of their objects, as the API has it. */
#include "manager/manager_internal.h"

static void put_cond(struct sp_tree *t, struct sp_node *list, const char *type,
		     const struct sp_ctl_cond *c)
{
	struct sp_node *cond;

	if (c->status == SP_COND_ABSENT)
		return;
	cond = sp_tree_push(t, list, sp_tree_map(t));
	sp_tree_text(t, cond, "type", type);
	sp_tree_text(t, cond, "status",
		     c->status == SP_COND_TRUE    ? "True"
		     : c->status == SP_COND_FALSE ? "False"
						  : "Unknown");
	sp_tree_time(t, cond, "lastTransitionTime", c->changed_at);
	sp_tree_text(t, cond, "reason", c->reason);
	sp_tree_text(t, cond, "message", c->message);
}

/* The API leaves zeros out of most counters. */
static void put_count(struct sp_tree *t, struct sp_node *map, const char *key, int64_t n)
{
	if (n)
		sp_tree_int(t, map, key, n);
}

static void put_indexes(struct sp_tree *t, struct sp_node *map, const char *key,
			const struct sp_indexes *s, int64_t limit)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf b = {0};

	sp_indexes_print(s, limit, &b);
	t->failed |= b.failed;
	if (b.len)
		sp_tree_text(t, map, key, b.ptr);
}

struct sp_node *mgr_job_status(struct sp_tree *t, const struct mgr_ctl *c)
{
	const struct sp_job *j = c->job;
	const struct sp_k_job_spec *spec = c->typed.job->spec;
	struct sp_node *st = sp_tree_map(t), *conds = sp_tree_list(t);

	for (int i = 0; i < SP_JOB_CONDS; i++)
		put_cond(t, conds, sp_job_cond_name((enum sp_job_cond)i), &j->conds[i]);
	if (conds && conds->n)
		sp_tree_put(t, st, "conditions", conds);
	sp_tree_time(t, st, "startTime", j->started_at);
	sp_tree_time(t, st, "completionTime", j->completed_at);
	put_count(t, st, "active", j->active);
	sp_tree_int(t, st, "ready", j->ready);
	sp_tree_int(t, st, "terminating", j->terminating);
	put_count(t, st, "succeeded", j->succeeded);
	put_count(t, st, "failed", j->failed);
	if (sp_job_is_indexed(c->typed.job)) {
		put_indexes(t, st, "completedIndexes", &j->completed, spec->completions.v);
		if (spec->backoff_limit_per_index.set)
			put_indexes(t, st, "failedIndexes", &j->failed_indexes,
				    spec->completions.v);
	}
	sp_tree_put(t, st, "uncountedTerminatedPods", sp_tree_map(t));
	return st;
}

struct sp_node *mgr_set_status(struct sp_tree *t, const struct mgr_ctl *c)
{
	const struct sp_set *s = &c->set;
	struct sp_node *st = sp_tree_map(t);

	sp_tree_int(t, st, "observedGeneration", c->seen->generation);
	if (c->kind == SP_KIND_DAEMON_SET) {
		sp_tree_int(t, st, "currentNumberScheduled", s->replicas);
		sp_tree_int(t, st, "desiredNumberScheduled", 1);
		sp_tree_int(t, st, "numberMisscheduled", 0);
		sp_tree_int(t, st, "numberReady", s->ready);
		put_count(t, st, "numberAvailable", s->available);
		put_count(t, st, "numberUnavailable", 1 - SP_MIN(s->available, 1));
		put_count(t, st, "updatedNumberScheduled", s->updated);
		return st;
	}
	sp_tree_int(t, st, "replicas", s->replicas);
	if (c->kind == SP_KIND_REPLICA_SET) {
		put_count(t, st, "fullyLabeledReplicas", s->replicas);
		put_count(t, st, "readyReplicas", s->ready);
		put_count(t, st, "availableReplicas", s->available);
		put_count(t, st, "terminatingReplicas", s->terminating);
		return st;
	}
	put_count(t, st, "readyReplicas", s->ready);
	sp_tree_int(t, st, "availableReplicas", s->available);
	put_count(t, st, "currentReplicas", s->updated);
	put_count(t, st, "updatedReplicas", s->updated);
	sp_tree_text(t, st, "updateRevision", c->hash);
	sp_tree_int(t, st, "collisionCount", 0);
	return st;
}

struct sp_node *mgr_deployment_status(struct sp_tree *t, const struct mgr_ctl *c)
{
	static const char *const names[] = {"Available", "Progressing"};
	const struct sp_deployment *d = &c->deployment;
	struct sp_node *st = sp_tree_map(t), *conds;

	_Static_assert(SP_ARRAY_LEN(names) == SP_DEPLOYMENT_CONDS, "one name per condition");
	sp_tree_int(t, st, "observedGeneration", d->observed_generation);
	put_count(t, st, "replicas", d->replicas);
	put_count(t, st, "updatedReplicas", d->updated);
	put_count(t, st, "readyReplicas", d->ready);
	put_count(t, st, "availableReplicas", d->available);
	put_count(t, st, "unavailableReplicas", d->unavailable);
	put_count(t, st, "collisionCount", c->collisions);
	conds = sp_tree_list(t);
	for (int i = 0; i < SP_DEPLOYMENT_CONDS; i++)
		put_cond(t, conds, names[i], &d->conds[i]);
	if (conds && conds->n)
		sp_tree_put(t, st, "conditions", conds);
	return st;
}

struct sp_node *mgr_cron_status(struct sp_tree *t, const struct mgr_ctl *c)
{
	struct sp_node *st = sp_tree_map(t), *active = sp_tree_list(t);

	for (uint32_t i = 0; i < c->n; i++) {
		const struct sp_stored *o = c->children[i].seen;
		struct sp_node *ref;

		if (!sp_cron_child_active(&c->jobs[i]))
			continue;
		ref = sp_tree_push(t, active, sp_tree_map(t));
		sp_tree_text(t, ref, "apiVersion", "batch/v1");
		sp_tree_text(t, ref, "kind", "Job");
		sp_tree_text(t, ref, "name", o->name);
		sp_tree_text(t, ref, "namespace", o->ns);
		sp_tree_text(t, ref, "uid", o->uid);
	}
	if (active && active->n)
		sp_tree_put(t, st, "active", active);
	sp_tree_time(t, st, "lastScheduleTime", c->cron.scheduled_at);
	sp_tree_time(t, st, "lastSuccessfulTime", c->cron.succeeded_at);
	return st;
}
