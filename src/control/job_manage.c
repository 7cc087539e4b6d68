/* SPDX-License-Identifier: Apache-2.0 */
/* Which pods a job creates and deletes (section 19.5, JOB-20 to JOB-24, JOB-46, JOB-53 to JOB-58).
 */
#include "control/job_internal.h"

#define DELAY_FIRST (10 * SP_SEC)
#define DELAY_MOST  (600 * SP_SEC)

/* ---- deletion ------------------------------------------------------------------------------- */

static void delete_pod(struct job_look *l, uint32_t i, enum job_removal how)
{
	struct sp_child *p = &l->pods[i];

	if (l->budget == 0) {
		sp_ctl_wake(l->ctl, l->now);
		return;
	}
	l->budget--;
	p->spared |= how != JOB_REMOVE_FAILED;
	p->counted |= how == JOB_REMOVE_QUIET;
	p->deleting = true;
	p->deleted_at = l->now;
	sp_ctl_add(l->ctl, SP_CTL_DELETE)->child = i;
	sp_ctl_event(l->ctl, false, "SuccessfulDelete", "Deleted pod: %s", p->name);
	l->j->active--;
	l->j->ready -= p->ready;
	l->j->terminating++;
	l->changed = true;
}

void job_delete_active(struct job_look *l, enum job_removal how)
{
	for (uint32_t i = 0; i < l->n_pods; i++)
		if (sp_child_active(&l->pods[i]))
			delete_pod(l, i, how);
}

/* Among the first @n rows; index -1: any. */
static uint32_t first_to_go(const struct job_look *l, uint32_t n, int64_t index)
{
	uint32_t best = SP_NO_CHILD;

	for (uint32_t i = 0; i < n; i++) {
		const struct sp_child *p = &l->pods[i];

		if (!sp_child_active(p) || (index >= 0 && p->index != index))
			continue;
		if (best == SP_NO_CHILD || sp_child_rank(p, &l->pods[best]) < 0)
			best = i;
	}
	return best;
}

/* JOB-24, JOB-46: indexes beyond the end, and the second pod of an index. Return: how many */
static uint32_t delete_surplus_indexes(struct job_look *l)
{
	struct sp_indexes *seen = &l->j->scratch;
	uint32_t before = l->budget;

	memset(seen, 0, sizeof(*seen));
	for (uint32_t i = 0; i < l->n_pods; i++) {
		int64_t index = l->pods[i].index;

		if (!sp_child_active(&l->pods[i]))
			continue;
		if (index >= l->completions)
			delete_pod(l, i, JOB_REMOVE_QUIET);
		else if (sp_indexes_has(seen, index))
			delete_pod(l, first_to_go(l, i + 1, index), JOB_REMOVE_QUIET);
		sp_indexes_add(seen, index);
	}
	return before - l->budget;
}

/* ---- creation ------------------------------------------------------------------------------- */

static sp_time delay_after(uint32_t failures)
{
	sp_time d = DELAY_FIRST;

	if (failures == 0)
		return 0;
	for (uint32_t i = 1; i < failures && d < DELAY_MOST; i++)
		d *= 2;
	return SP_MIN(d, DELAY_MOST);
}

static void create_pod(struct job_look *l, int64_t index, uint32_t failures, uint32_t ignored)
{
	const char *base = l->job->meta->name;
	struct sp_ctl_action *a;
	const char *name;

	if (index >= 0)
		base = sp_ctl_text(l->ctl, "%s-%lld", base, (long long)index);
	name = sp_ctl_name(l->ctl, &l->j->chance, base, l->pods, l->n_pods);
	a = sp_ctl_add(l->ctl, SP_CTL_CREATE);
	a->text = name;
	a->index = index;
	a->index_failures = failures;
	a->index_ignored = ignored;
	sp_ctl_event(l->ctl, false, "SuccessfulCreate", "Created pod: %s", name);
	l->j->active++;
	l->changed = true;
}

/* The failure of an index that its next pod follows; NULL: there was none. */
static const struct sp_child *last_failure(const struct job_look *l, int64_t index)
{
	const struct sp_child *last = NULL;

	for (uint32_t i = 0; i < l->n_pods; i++) {
		const struct sp_child *p = &l->pods[i];

		if (p->index != index || !job_pod_failed(p))
			continue;
		if (!last || p->index_failures + p->index_ignored >
				     last->index_failures + last->index_ignored)
			last = p;
	}
	return last;
}

/* JOB-57, JOB-58. Return: false while the index is in back-off */
static bool create_after(struct job_look *l, int64_t index)
{
	const struct sp_child *last = last_failure(l, index);
	uint32_t failures, ignored;
	sp_time at;

	if (!last) {
		create_pod(l, index, 0, 0);
		return true;
	}
	failures = last->index_failures;
	ignored = last->index_ignored;
	if (job_failure_verdict(l->job, last, NULL) == JOB_IGNORE)
		ignored++;
	else
		failures++;
	at = sp_time_add(sp_child_finished_at(last), delay_after(failures + ignored));
	if (at > l->now) {
		sp_ctl_wake(l->ctl, at);
		return false;
	}
	create_pod(l, index, failures, ignored);
	return true;
}

/* JOB-23: the lowest ones that nobody works on; those in back-off keep their place (JOB-57) */
static void create_indexes(struct job_look *l, int64_t want)
{
	struct sp_indexes *busy = &l->j->scratch;

	memset(busy, 0, sizeof(*busy));
	for (uint32_t i = 0; i < l->n_pods; i++)
		if (sp_child_active(&l->pods[i]) ||
		    (l->only_failed && sp_child_terminating(&l->pods[i])))
			sp_indexes_add(busy, l->pods[i].index);
	for (int64_t i = 0; i < l->completions && want > 0; i++) {
		if (sp_indexes_has(&l->j->completed, i) || sp_indexes_has(busy, i) ||
		    sp_indexes_has(&l->j->failed_indexes, i))
			continue;
		want--;
		if (l->limit_per_index >= 0)
			(void)create_after(l, i);
		else
			create_pod(l, i, 0, 0);
	}
}

static void create_pods(struct job_look *l, int64_t want)
{
	struct sp_job *j = l->j;
	sp_time at = j->retry_at;

	if (l->limit_per_index < 0 && j->failures_in_row > 0)
		at = SP_MAX(at, sp_time_add(j->last_failure_at, delay_after(j->failures_in_row)));
	if (at > l->now) {
		sp_ctl_wake(l->ctl, at);
		return;
	}
	if (want > l->budget) {
		want = l->budget;
		sp_ctl_wake(l->ctl, l->now);
	}
	if (l->indexed)
		create_indexes(l, want);
	else
		while (want-- > 0)
			create_pod(l, -1, 0, 0);
}

/* ---- both ----------------------------------------------------------------------------------- */

static int64_t wanted(const struct job_look *l)
{
	const struct sp_job *j = l->j;

	if (l->completions < 0)
		return j->succeeded == 0 ? l->parallelism : SP_MIN(j->active, l->parallelism);
	return SP_MAX(SP_MIN(l->parallelism, l->completions - j->succeeded), 0);
}

void job_manage(struct job_look *l)
{
	struct sp_job *j = l->j;
	int64_t want;

	if (l->suspended) {
		job_delete_active(l, JOB_REMOVE_QUIET);
		return;
	}
	if (l->indexed && delete_surplus_indexes(l) > 0)
		return;
	want = wanted(l);
	if (j->active > want) {
		for (int64_t n = j->active - want; n > 0 && l->budget > 0; n--)
			delete_pod(l, first_to_go(l, l->n_pods, -1), JOB_REMOVE_QUIET);
		if (j->active > want)
			sp_ctl_wake(l->ctl, l->now);
		return;
	}
	want -= j->active + (l->only_failed ? j->terminating : 0);
	if (want > 0)
		create_pods(l, want);
}
