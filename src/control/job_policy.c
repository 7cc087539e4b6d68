/* SPDX-License-Identifier: Apache-2.0 */
/* podFailurePolicy and successPolicy (JOB-12, JOB-13, JOB-60 to JOB-64). */
#include "control/job_internal.h"

static bool listed(const struct sp_ints *v, int64_t code)
{
	for (uint32_t i = 0; i < v->n; i++)
		if (v->v[i] == code)
			return true;
	return false;
}

static bool code_matches(const struct sp_k_failure_codes *want, const struct sp_child_ctr *c)
{
	if (!c->terminated || c->code == 0)
		return false;
	if (want->container && !sp_streq(want->container, c->name))
		return false;
	return listed(&want->values, c->code) != sp_streq(want->op, "NotIn");
}

/* JOB-61: the regular containers first, then the init list. */
static const struct sp_child_ctr *match_codes(const struct sp_k_failure_codes *want,
					      const struct sp_child *pod)
{
	for (int init = 0; init < 2; init++)
		for (uint16_t i = 0; i < pod->n_ctrs; i++)
			if ((pod->ctrs[i].role != SP_ROLE_APP) == (init == 1) &&
			    code_matches(want, &pod->ctrs[i]))
				return &pod->ctrs[i];
	return NULL;
}

/* JOB-62 */
static const char *match_conditions(const struct sp_k_failure_rule *rule,
				    const struct sp_child *pod)
{
	for (uint32_t i = 0; i < rule->conditions.n; i++)
		for (uint16_t k = 0; k < pod->n_conds; k++) {
			const struct sp_k_failure_condition *want = &rule->conditions.v[i];

			if (sp_streq(want->type, pod->conds[k].type) &&
			    sp_streq(want->status ? want->status : "True", pod->conds[k].status))
				return want->type;
		}
	return NULL;
}

static enum job_verdict verdict_of(const char *action)
{
	if (sp_streq(action, "FailJob"))
		return JOB_FAIL_JOB;
	if (sp_streq(action, "FailIndex"))
		return JOB_FAIL_INDEX;
	return sp_streq(action, "Ignore") ? JOB_IGNORE : JOB_COUNT;
}

enum job_verdict job_failure_verdict(const struct sp_k_job *job, const struct sp_child *pod,
				     struct sp_buf *why)
{
	const struct sp_k_failure_policy *policy = job->spec->failure_policy;

	if (!policy || pod->phase != SP_PHASE_FAILED)
		return JOB_COUNT;
	for (uint32_t i = 0; i < policy->rules.n; i++) {
		const struct sp_k_failure_rule *rule = &policy->rules.v[i];
		const struct sp_child_ctr *c = rule->codes ? match_codes(rule->codes, pod) : NULL;
		const char *cond = rule->codes ? NULL : match_conditions(rule, pod);

		if (c && why)
			sp_buf_printf(why,
				      "Container %s for pod %s/%s failed with exit code %d "
				      "matching %s rule at index %u",
				      c->name, job->meta->ns, pod->name, c->code, rule->action, i);
		else if (cond && why)
			sp_buf_printf(why,
				      "Pod %s/%s has condition %s matching %s rule at index %u",
				      job->meta->ns, pod->name, cond, rule->action, i);
		if (c || cond)
			return verdict_of(rule->action);
	}
	return JOB_COUNT;
}

/* ---- success -------------------------------------------------------------------------------- */

static bool rule_met(const struct sp_k_success_rule *rule, const struct sp_indexes *completed,
		     int64_t completions)
{
	const char *text = rule->indexes;
	int64_t first, last, wanted = 0, met = 0;

	if (!text)
		return sp_indexes_count(completed, completions) >= rule->count.v;
	while (sp_indexes_next(&text, &first, &last)) {
		last = SP_MIN(last, completions - 1);
		for (int64_t i = first; i <= last; i++) {
			wanted++;
			met += sp_indexes_has(completed, i);
		}
	}
	return met >= (rule->count.set ? rule->count.v : wanted);
}

int64_t job_success_rule(const struct sp_k_job_spec *spec, const struct sp_indexes *completed,
			 int64_t completions)
{
	if (!spec->success_policy)
		return -1;
	for (uint32_t i = 0; i < spec->success_policy->rules.n; i++)
		if (rule_met(&spec->success_policy->rules.v[i], completed, completions))
			return i;
	return -1;
}
