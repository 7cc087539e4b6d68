/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CronJobs: make a job for each time of a schedule, keep a few of those that ended.
 *
 * Source: lifecycle rules CRON-1 to CRON-21.
 */
#ifndef SP_CONTROL_CRONJOB_H
#define SP_CONTROL_CRONJOB_H

#include "control/control.h"
#include "control/zone.h"
#include "spec/types.h"

/* A job that belongs to a cron job; the caller keeps all but the notes up to date. */
struct sp_cron_child {
	const char *name;
	sp_time created_at, started_at; /* started_at -1: not yet */
	bool finished, complete;        /* complete: Complete, otherwise Failed */
	sp_time completed_at;
	bool deleting; /* deletion was requested */
	bool gone;
	bool ours; /* this controller created it: set when the row is added for its action */
	/* note */
	bool told; /* its end or its loss was told in an event */
};

struct sp_cron_job {
	/* status */
	int64_t active;
	sp_time scheduled_at, succeeded_at; /* lastScheduleTime, lastSuccessfulTime; -1 unset */
	/* memory */
	sp_time created_at;
	/* schedule times that something was told about; -1 none */
	sp_time told_many_at, told_missed_at, told_active_at;
	bool deleting; /* set by the caller: the object is being deleted */
	bool told_bad, told_never, removed;
};

void sp_cron_job_init(struct sp_cron_job *c, sp_time created_at);

/**
 * sp_cron_job_step() - Look at the clock and at the jobs, decide what follows
 * @zone: of spec.timeZone, or the machine's; NULL: there is no such zone
 * @jobs: all rows, in any order
 * @ret: SP_CTL_CREATE has the name and the scheduled time of a job; overwritten
 */
void sp_cron_job_step(const struct sp_k_cron_job *cron, struct sp_cron_job *c,
		      const struct sp_zone *zone, struct sp_cron_child *jobs, uint32_t n_jobs,
		      sp_time now, struct sp_ctl *ret);

static inline bool sp_cron_child_active(const struct sp_cron_child *j)
{
	return !j->finished && !j->deleting && !j->gone;
}

#endif
