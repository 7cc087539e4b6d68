/* SPDX-License-Identifier: Apache-2.0 */
/* Counting the pods of a job: each end exactly once (JOB-30 to JOB-34, JOB-52). */
#include "control/job_internal.h"

bool job_pod_failed(const struct sp_child *pod)
{
	return pod->counted && !pod->spared && pod->phase != SP_PHASE_SUCCEEDED;
}

static void count_success(struct job_look *l, struct sp_child *pod)
{
	struct sp_job *j = l->j;
	sp_time at = sp_child_finished_at(pod);

	pod->counted = true;
	l->changed = true;
	if (l->indexed)
		sp_indexes_add(&j->completed, pod->index);
	else
		j->succeeded++;
	j->last_success_at = SP_MAX(j->last_success_at, at);
	if (at >= j->last_failure_at)
		j->failures_in_row = 0;
}

/* JOB-55: the row of failures that the next creation has to wait for */
static void note_failure(struct sp_job *j, sp_time at)
{
	if (at <= j->last_success_at)
		return;
	j->failures_in_row++;
	j->last_failure_at = SP_MAX(j->last_failure_at, at);
}

static void count_failure(struct job_look *l, struct sp_child *pod)
{
	struct sp_job *j = l->j;
	char text[SP_CTL_MESSAGE_MAX];
	struct sp_buf why = sp_buf_fixed(text, sizeof(text));
	enum job_verdict verdict;

	pod->counted = true;
	l->changed = true;
	if (pod->spared)
		return;
	verdict = job_failure_verdict(l->job, pod, &why);
	note_failure(j, sp_child_finished_at(pod));
	if (verdict == JOB_IGNORE)
		return;
	j->failed++;
	if (verdict == JOB_FAIL_JOB && !l->fail_job) {
		l->fail_job = true;
		memcpy(l->fail_text, text, sizeof(text));
	}
	if (l->limit_per_index >= 0 &&
	    (verdict == JOB_FAIL_INDEX || pod->index_failures >= l->limit_per_index))
		sp_indexes_add(&j->failed_indexes, pod->index);
}

void job_count_ends(struct job_look *l)
{
	struct sp_job *j = l->j;

	for (uint32_t i = 0; i < l->n_pods; i++)
		if (!l->pods[i].counted && l->pods[i].phase == SP_PHASE_SUCCEEDED)
			count_success(l, &l->pods[i]);
	for (uint32_t i = 0; i < l->n_pods; i++) {
		struct sp_child *p = &l->pods[i];

		if (!p->counted && (p->phase == SP_PHASE_FAILED || p->gone ||
				    (p->deleting && !l->only_failed && !p->spared)))
			count_failure(l, p);
	}
	if (l->indexed)
		j->succeeded = sp_indexes_count(&j->completed, l->completions);
}

void job_count_rest_failed(struct job_look *l)
{
	for (uint32_t i = 0; i < l->n_pods; i++) {
		if (l->pods[i].counted || l->pods[i].spared)
			continue;
		l->pods[i].counted = true;
		l->j->failed++;
	}
}

int64_t job_count_living(struct job_look *l)
{
	int64_t restarts = 0, active = 0, ready = 0, terminating = 0;
	struct sp_job *j = l->j;

	for (uint32_t i = 0; i < l->n_pods; i++) {
		const struct sp_child *p = &l->pods[i];

		active += sp_child_active(p);
		ready += sp_child_active(p) && p->ready;
		terminating += sp_child_terminating(p);
		if (!sp_child_terminal(p) && !p->gone)
			restarts += p->restarts;
	}
	l->changed |= active != j->active || ready != j->ready || terminating != j->terminating;
	j->active = active;
	j->ready = ready;
	j->terminating = terminating;
	return restarts;
}
