/* SPDX-License-Identifier: Apache-2.0 */
/* The evaluation of a job, in the order of section 19.4, and what `get jobs` shows of it. */
#include "control/job.h"

#include "base/text.h"
#include "control/job_internal.h"

#define CREATE_RETRY (10 * SP_SEC)

static const char *const cond_names[] = {"Suspended", "FailureTarget", "SuccessCriteriaMet",
					 "Failed", "Complete"};
_Static_assert(SP_ARRAY_LEN(cond_names) == SP_JOB_CONDS, "one name per condition");

const char *sp_job_cond_name(enum sp_job_cond cond)
{
	return cond_names[cond];
}

void sp_job_init(struct sp_job *j, uint64_t seed)
{
	memset(j, 0, sizeof(*j));
	j->chance = seed;
	j->started_at = j->completed_at = -1;
	j->last_success_at = j->last_failure_at = INT64_MIN;
	j->retry_at = INT64_MIN;
}

bool sp_job_is_indexed(const struct sp_k_job *job)
{
	return job->spec->completion_mode && sp_streq(job->spec->completion_mode, "Indexed");
}

int sp_job_check(const struct sp_k_job *job, struct sp_error *err)
{
	if (sp_job_is_indexed(job) && job->spec->completions.v > SP_INDEXES_MAX)
		return sp_fail(err, SP_E_UNSUPPORTED,
			       "job '%s': %lld completions: an Indexed job has at most %d here",
			       job->meta->name, (long long)job->spec->completions.v,
			       SP_INDEXES_MAX);
	return 0;
}

static bool is_true(const struct sp_job *j, enum sp_job_cond cond)
{
	return j->conds[cond].status == SP_COND_TRUE;
}

bool sp_job_finished(const struct sp_job *j)
{
	return is_true(j, SP_JOB_COMPLETE) || is_true(j, SP_JOB_FAILED);
}

bool sp_job_may_forget(const struct sp_k_job *job, const struct sp_job *j,
		       const struct sp_child *pod)
{
	if (!pod->gone || !pod->counted)
		return false;
	/* The delay and the counts of the next pod of an index come from its last failure. */
	return !job->spec->backoff_limit_per_index.set || !job_pod_failed(pod) ||
	       sp_job_finished(j);
}

static void set_cond(struct job_look *l, enum sp_job_cond cond, bool value, const char *reason,
		     const char *message)
{
	l->changed |= sp_ctl_cond_set(&l->j->conds[cond], value, reason, message, l->now);
}

/* ---- verdicts ------------------------------------------------------------------------------- */

/* JOB-43 */
static bool too_many_restarts(const struct job_look *l, int64_t restarts)
{
	const char *policy = l->spec->template->spec->restart_policy;
	int64_t limit = l->spec->backoff_limit.v;

	if (!policy || !sp_streq(policy, "OnFailure"))
		return false;
	return limit == 0 ? restarts > 0 : restarts >= limit;
}

/* JOB-44; a suspended job has no clock (JOB-71) */
static bool past_deadline(struct job_look *l)
{
	sp_time end;

	if (!l->spec->active_deadline_s.set || l->suspended || l->j->started_at < 0)
		return false;
	end = sp_time_add(l->j->started_at, l->spec->active_deadline_s.v * SP_SEC);
	if (l->now >= end)
		return true;
	sp_ctl_wake(l->ctl, end);
	return false;
}

static void fail(struct job_look *l, const char *reason, const char *message)
{
	set_cond(l, SP_JOB_FAILURE_TARGET, true, reason, message);
	job_count_rest_failed(l);
}

/* Steps 1 to 8. Return: true when the end of the job is decided */
static bool decide(struct job_look *l, int64_t restarts)
{
	struct sp_job *j = l->j;
	int64_t failed_indexes = sp_indexes_count(&j->failed_indexes, l->completions), rule;
	char text[48];
	struct sp_buf message = sp_buf_fixed(text, sizeof(text));

	if (is_true(j, SP_JOB_SUCCESS_CRITERIA_MET) || is_true(j, SP_JOB_FAILURE_TARGET))
		return true;
	if (l->fail_job) {
		fail(l, "PodFailurePolicy", l->fail_text);
	} else if (j->failed > l->spec->backoff_limit.v || too_many_restarts(l, restarts)) {
		fail(l, "BackoffLimitExceeded", "Job has reached the specified backoff limit");
	} else if (past_deadline(l)) {
		fail(l, "DeadlineExceeded", "Job was active longer than specified deadline");
	} else if (l->spec->max_failed_indexes.set &&
		   failed_indexes > l->spec->max_failed_indexes.v) {
		fail(l, "MaxFailedIndexesExceeded",
		     "Job has exceeded the specified maximal number of failed indexes");
	} else if (failed_indexes > 0 && failed_indexes + j->succeeded >= l->completions) {
		fail(l, "FailedIndexes", "Job has failed indexes");
	} else {
		rule = job_success_rule(l->spec, &j->completed, l->completions);
		if (rule < 0)
			return false;
		sp_buf_printf(&message, "Matched rules at index %lld", (long long)rule);
		set_cond(l, SP_JOB_SUCCESS_CRITERIA_MET, true, "SuccessPolicy", text);
	}
	return true;
}

/* JOB-50: the final condition, once nothing of the job runs any more */
static void finish(struct job_look *l)
{
	struct sp_job *j = l->j;
	const struct sp_ctl_cond *failure = &j->conds[SP_JOB_FAILURE_TARGET];
	const struct sp_ctl_cond *success = &j->conds[SP_JOB_SUCCESS_CRITERIA_MET];

	if (failure->status == SP_COND_TRUE) {
		set_cond(l, SP_JOB_FAILED, true, failure->reason, failure->message);
		sp_ctl_event(l->ctl, true, failure->reason, "%s", failure->message);
		return;
	}
	if (success->status == SP_COND_TRUE)
		set_cond(l, SP_JOB_COMPLETE, true, success->reason, success->message);
	else
		set_cond(l, SP_JOB_COMPLETE, true, "CompletionsReached",
			 "Reached expected number of succeeded pods");
	j->completed_at = l->now;
	sp_ctl_event(l->ctl, false, "Completed", "Job completed");
}

static bool complete_by_count(struct job_look *l)
{
	struct sp_job *j = l->j;

	if (l->completions < 0)
		return j->succeeded > 0 && j->active == 0;
	if (j->succeeded > l->completions && !j->told_too_many) {
		j->told_too_many = true;
		sp_ctl_event(l->ctl, true, "TooManySucceededPods",
			     "Too many succeeded pods running after completion count reached");
	}
	return j->succeeded >= l->completions && j->active == 0;
}

/* JOB-70, JOB-71 */
static void suspend_or_resume(struct job_look *l)
{
	struct sp_job *j = l->j;

	if (l->suspended) {
		if (!is_true(j, SP_JOB_SUSPENDED))
			sp_ctl_event(l->ctl, false, "Suspended", "Job suspended");
		set_cond(l, SP_JOB_SUSPENDED, true, "JobSuspended", "Job suspended");
		if (!j->kube_minor || j->kube_minor >= 36)
			j->started_at = -1;
		return;
	}
	if (is_true(j, SP_JOB_SUSPENDED)) {
		j->started_at = -1;
		set_cond(l, SP_JOB_SUSPENDED, false, "JobResumed", "Job resumed");
		sp_ctl_event(l->ctl, false, "Resumed", "Job resumed");
	}
	if (j->started_at < 0) {
		j->started_at = l->now;
		l->changed = true;
	}
}

/* ---- the step ------------------------------------------------------------------------------- */

static void remove_job(struct job_look *l)
{
	if (l->j->removed)
		return;
	l->j->removed = true;
	sp_ctl_add(l->ctl, SP_CTL_REMOVE);
}

/* JOB-73 */
static void go_away(struct job_look *l)
{
	job_delete_active(l, JOB_REMOVE_QUIET);
	if (l->j->active == 0 && l->j->terminating == 0)
		remove_job(l);
}

/* JOB-72 */
static void live_on(struct job_look *l)
{
	const struct sp_job *j = l->j;
	sp_time end;

	if (!l->spec->ttl_s.set)
		return;
	end = j->conds[is_true(j, SP_JOB_COMPLETE) ? SP_JOB_COMPLETE : SP_JOB_FAILED].changed_at;
	end = sp_time_add(end, l->spec->ttl_s.v * SP_SEC);
	if (l->now >= end)
		remove_job(l);
	else
		sp_ctl_wake(l->ctl, end);
}

static void evaluate(struct job_look *l)
{
	struct sp_job *j = l->j;
	int64_t restarts;

	job_count_ends(l);
	restarts = job_count_living(l);
	if (j->deleting) {
		go_away(l);
		return;
	}
	suspend_or_resume(l);
	if (decide(l, restarts)) {
		job_delete_active(l, is_true(j, SP_JOB_FAILURE_TARGET) ? JOB_REMOVE_FAILED
								       : JOB_REMOVE_SPARED);
		if (j->active == 0 && j->terminating == 0)
			finish(l);
		return;
	}
	job_manage(l);
	if (complete_by_count(l) && j->terminating == 0)
		finish(l);
}

void sp_job_step(const struct sp_k_job *job, struct sp_job *j, struct sp_child *pods,
		 uint32_t n_pods, sp_time now, struct sp_ctl *ret)
{
	const struct sp_k_job_spec *spec = job->spec;
	struct job_look l = {.job = job,
			     .spec = spec,
			     .j = j,
			     .pods = pods,
			     .n_pods = n_pods,
			     .now = now,
			     .ctl = ret,
			     .indexed = sp_job_is_indexed(job),
			     .suspended = spec->suspend.v,
			     .completions = spec->completions.set ? spec->completions.v : -1,
			     .parallelism = spec->parallelism.v,
			     .limit_per_index = spec->backoff_limit_per_index.set
							? spec->backoff_limit_per_index.v
							: -1,
			     .budget = SP_CTL_BATCH_MAX};

	l.only_failed = spec->replacement_policy && sp_streq(spec->replacement_policy, "Failed");
	sp_ctl_begin(ret);
	if (!sp_job_finished(j))
		evaluate(&l);
	else if (j->deleting)
		remove_job(&l);
	if (sp_job_finished(j) && !j->deleting)
		live_on(&l);
	if (l.changed)
		sp_ctl_add(ret, SP_CTL_STATUS);
}

void sp_job_create_failed(struct sp_job *j, const char *error, sp_time now, struct sp_ctl *ret)
{
	j->retry_at = sp_time_add(now, CREATE_RETRY);
	sp_ctl_begin(ret);
	sp_ctl_event(ret, true, "FailedCreate", "Error creating: %s", error);
	sp_ctl_wake(ret, j->retry_at);
}

/* ---- columns -------------------------------------------------------------------------------- */

static const char *status_word(const struct sp_job *j)
{
	static const enum sp_job_cond order[] = {SP_JOB_SUSPENDED, SP_JOB_FAILURE_TARGET,
						 SP_JOB_SUCCESS_CRITERIA_MET};

	if (sp_job_finished(j))
		return cond_names[is_true(j, SP_JOB_COMPLETE) ? SP_JOB_COMPLETE : SP_JOB_FAILED];
	if (j->deleting)
		return "Terminating";
	for (size_t i = 0; i < SP_ARRAY_LEN(order); i++)
		if (is_true(j, order[i]))
			return cond_names[order[i]];
	return "Running";
}

void sp_job_columns(const struct sp_k_job *job, const struct sp_job *j, sp_time now,
		    struct sp_buf *status, struct sp_buf *completions, struct sp_buf *duration)
{
	const struct sp_k_job_spec *spec = job->spec;

	sp_buf_puts(status, status_word(j));
	sp_buf_printf(completions, "%lld/", (long long)j->succeeded);
	if (spec->completions.set)
		sp_buf_printf(completions, "%lld", (long long)spec->completions.v);
	else if (spec->parallelism.v > 1)
		sp_buf_printf(completions, "1 of %lld", (long long)spec->parallelism.v);
	else
		sp_buf_putc(completions, '1');
	if (j->started_at >= 0)
		sp_format_age(duration,
			      (j->completed_at >= 0 ? j->completed_at : now) - j->started_at);
}
