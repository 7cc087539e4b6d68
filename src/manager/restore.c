/* SPDX-License-Identifier: Apache-2.0 */
/* What a controller remembers, from the status that an earlier manager wrote: a finished job is not
 * run again, a time of a schedule not twice. Counters come from the pods, which are still there. */
#include "manager/restore.h"

static const char *known_reason(const char *text)
{
	static const char *const reasons[] = {
		"CompletionsReached", "SuccessPolicy",    "BackoffLimitExceeded",
		"DeadlineExceeded",   "PodFailurePolicy", "MaxFailedIndexesExceeded",
		"FailedIndexes",      "JobSuspended",     "JobResumed",
	};

	for (size_t i = 0; i < SP_ARRAY_LEN(reasons); i++)
		if (sp_streq(reasons[i], text))
			return reasons[i];
	return "";
}

static void restore_cond(const struct sp_node *n, sp_time now, struct sp_ctl_cond *c)
{
	const char *status = sp_node_str(sp_node_get(n, "status"), "");
	struct sp_buf b = sp_buf_fixed(c->message, sizeof(c->message));

	c->status = sp_streq(status, "True")    ? SP_COND_TRUE
		    : sp_streq(status, "False") ? SP_COND_FALSE
						: SP_COND_UNKNOWN;
	c->reason = known_reason(sp_node_str(sp_node_get(n, "reason"), ""));
	c->changed_at = sp_node_time(sp_node_get(n, "lastTransitionTime"), now);
	sp_buf_puts(&b, sp_node_str(sp_node_get(n, "message"), ""));
}

void mgr_restore_job(const struct sp_stored *o, sp_time now, struct sp_job *j)
{
	const struct sp_node *status = sp_node_get(o->node, "status");
	const struct sp_node *conds = sp_node_get(status, "conditions");

	j->started_at = sp_node_time(sp_node_get(status, "startTime"), -1);
	j->completed_at = sp_node_time(sp_node_get(status, "completionTime"), -1);
	for (uint32_t i = 0; conds && conds->kind == SP_NODE_LIST && i < conds->n; i++)
		for (int k = 0; k < SP_JOB_CONDS; k++)
			if (sp_streq(sp_job_cond_name((enum sp_job_cond)k),
				     sp_node_str(sp_node_get(conds->items[i], "type"), "")))
				restore_cond(conds->items[i], now, &j->conds[k]);
	if (!sp_job_finished(j))
		return;
	/* nothing is counted any more: the numbers are those it ended with */
	j->succeeded = sp_node_int(sp_node_get(status, "succeeded"), 0);
	j->failed = sp_node_int(sp_node_get(status, "failed"), 0);
}

void mgr_restore_cron(const struct sp_stored *o, struct sp_cron_job *c)
{
	const struct sp_node *status = sp_node_get(o->node, "status");

	c->scheduled_at = sp_node_time(sp_node_get(status, "lastScheduleTime"), -1);
	c->succeeded_at = sp_node_time(sp_node_get(status, "lastSuccessfulTime"), -1);
}
