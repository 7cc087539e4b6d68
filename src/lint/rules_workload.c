/* SPDX-License-Identifier: Apache-2.0 */
/* SP8xx: what controllers make of the pod. Costs of parallel Jobs (SP809) are in rules_resources.c.
 */
#include "lint/lint_internal.h"

#include "base/text.h"

#define SLOW_STOP_S 10

static const struct sp_k_cron_job_spec *cron(const struct lpod *p)
{
	return p->obj->o.kind == SP_KIND_CRON_JOB && p->obj->o.any ? p->obj->o.cron_job->spec
								   : NULL;
}

static bool has_deadline(const struct lpod *p)
{
	return (p->obj->job && p->obj->job->active_deadline_s.set) ||
	       p->spec->active_deadline_s.set;
}

static const struct lctr *gated(const struct lpod *p)
{
	EACH_SIDECAR(p, c)
	{
		if (c->k->startup)
			return c;
	}
	return NULL;
}

static void cron_jobs(struct lpod *p)
{
	const struct sp_k_cron_job_spec *s = cron(p);
	const char *policy = s && s->concurrency_policy ? s->concurrency_policy : "Allow";

	if (!s)
		return;
	if (p->never_ends && sp_streq(policy, "Allow"))
		hit(p, "SP801", SP_LIKELY, NULL, node_of(s->node, "concurrencyPolicy"),
		    "a stuck run adds one pod every '%s'", s->schedule ? s->schedule : "?");
	if (sp_streq(policy, "Forbid") && !has_deadline(p) && (p->never_ends || gated(p))) {
		struct sp_finding *f = hit(
			p, "SP802", SP_LIKELY, NULL, node_of(s->node, "concurrencyPolicy"),
			"one stuck run stops the schedule (concurrencyPolicy Forbid, no deadline)");

		if (p->obj->job)
			fix_set_int(p, f, p->obj->job->node, "activeDeadlineSeconds", 3600);
	}
}

static void job_deadline(struct lpod *p)
{
	const struct lctr *g = gated(p);

	if (!p->obj->job || !g || has_deadline(p))
		return;
	fix_set_int(p,
		    hit(p, "SP803", SP_CERTAIN, g, g->k->startup->node,
			"if %s never starts, this Job stays in Init for ever", g->name),
		    p->obj->job->node, "activeDeadlineSeconds", 3600);
}

static void job_policy(struct lpod *p)
{
	const char *policy = p->spec->restart_policy;

	if (!p->obj->job || (policy && !sp_streq(policy, "Always")))
		return;
	fix_set(p,
		hit(p, "SP804", SP_CERTAIN, NULL,
		    policy ? sp_node_get(p->spec->node, "restartPolicy") : p->spec->node,
		    "a Job's restartPolicy must be OnFailure or Never%s",
		    policy ? "" : "; it is not set, which means Always"),
		p->spec->node, "restartPolicy", sp_node_new_str(&p->l->arena, "OnFailure"), NULL);
}

static void failure_policy(struct lpod *p)
{
	const struct sp_k_failure_policy *f = p->obj->job ? p->obj->job->failure_policy : NULL;

	for (uint32_t i = 0; f && i < f->rules.n; i++) {
		const struct sp_k_failure_codes *codes = f->rules.v[i].codes;

		EACH_SIDECAR(p, c)
		{
			if (codes && codes->container && sp_streq(codes->container, c->name))
				hit(p, "SP805", SP_CERTAIN, c,
				    node_of(codes->node, "containerName"),
				    "%s is a sidecar: its exit codes never decide the Job",
				    c->name);
		}
	}
}

static void rollout(struct lpod *p)
{
	const struct sp_k_workload_spec *s =
		p->obj->o.kind == SP_KIND_DEPLOYMENT ? p->obj->o.workload->spec : NULL;
	int64_t sum, deadline;

	if (!s)
		return;
	sum = lpod_gates(p) + (s->min_ready_s.set ? s->min_ready_s.v : 0);
	deadline = lpod_progress_deadline(p);
	if (deadline < sum)
		hit(p, "SP806", SP_CERTAIN, NULL, node_of(s->node, "progressDeadlineSeconds"),
		    "rollout is declared failed after %lld s, but starting may take %lld s",
		    (long long)deadline, (long long)sum);
	if (s->strategy && s->strategy->type && sp_streq(s->strategy->type, "Recreate") &&
	    p->needed_s > SLOW_STOP_S)
		hit(p, "SP810", SP_LIKELY, NULL, s->strategy->node,
		    "Recreate: about %lld s without service on each rollout",
		    (long long)SP_MIN(p->needed_s, p->grace_s + 2));
}

static void ttl(struct lpod *p)
{
	if (p->obj->o.kind == SP_KIND_JOB && p->obj->job && !p->obj->job->ttl_s.set)
		fix_set_int(p,
			    hit(p, "SP807", SP_CERTAIN, NULL, NULL,
				"the finished Job and its pods stay until deleted"),
			    p->obj->job->node, "ttlSecondsAfterFinished", 86400);
}

static void selector(struct lpod *p)
{
	enum sp_kind k = p->obj->o.kind;
	const struct sp_k_selector *sel;

	if (k != SP_KIND_DEPLOYMENT && k != SP_KIND_REPLICA_SET && k != SP_KIND_STATEFUL_SET &&
	    k != SP_KIND_DAEMON_SET)
		return;
	sel = p->obj->o.workload->spec->selector;
	for (uint32_t i = 0; sel && i < sel->labels.n; i++) {
		const struct sp_kv *kv = &sel->labels.v[i];
		const char *has = p->obj->meta ? sp_map_get(&p->obj->meta->labels, kv->key) : NULL;

		if (!has || !sp_streq(has, kv->value))
			hit(p, "SP808", SP_CERTAIN, NULL,
			    sp_node_get(sp_node_get(sel->node, "matchLabels"), kv->key),
			    "selector does not match the template's labels (%s: %s in the selector, "
			    "%s in the template)",
			    kv->key, kv->value, has ? has : "absent");
	}
}

void rules_workload(struct lpod *p)
{
	cron_jobs(p);
	job_deadline(p);
	job_policy(p);
	failure_policy(p);
	rollout(p);
	ttl(p);
	selector(p);
}
