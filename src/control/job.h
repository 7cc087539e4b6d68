/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Jobs: run pods until enough of them succeeded, or too many failed.
 *
 * What a job remembers beside its status is small, because everything else is seen in its pods:
 * a pod is counted when its published phase is terminal, once, and notes that in its row. The
 * caller may drop the row of a pod that is gone once sp_job_may_forget() says so.
 *
 * Source: lifecycle rules JOB-1 to JOB-75.
 */
#ifndef SP_CONTROL_JOB_H
#define SP_CONTROL_JOB_H

#include "control/control.h"
#include "control/indexes.h"
#include "spec/types.h"

enum sp_job_cond {
	SP_JOB_SUSPENDED,
	SP_JOB_FAILURE_TARGET,
	SP_JOB_SUCCESS_CRITERIA_MET,
	SP_JOB_FAILED,
	SP_JOB_COMPLETE,
	SP_JOB_CONDS,
};
const char *sp_job_cond_name(enum sp_job_cond cond); /* "FailureTarget", … */

/* State and status of one job, plain bytes but for the static reasons. Big: on the heap. */
struct sp_job {
	/* status */
	int64_t active, ready, terminating, succeeded, failed;
	sp_time started_at, completed_at; /* -1: unset */
	struct sp_ctl_cond conds[SP_JOB_CONDS];
	struct sp_indexes completed, failed_indexes;

	/* memory */
	uint64_t chance;
	uint32_t failures_in_row; /* since the last success (JOB-55) */
	sp_time last_success_at, last_failure_at;
	sp_time retry_at; /* creation failed: not before */
	bool deleting;    /* set by the caller: the object is being deleted */
	int kube_minor;   /* set by the caller: release, 0 the newest (JOB-70) */
	bool told_too_many, removed;
	struct sp_indexes scratch;
};

/**
 * sp_job_init() - A job just created
 * @seed: chance for the names of its pods
 */
void sp_job_init(struct sp_job *j, uint64_t seed);

/**
 * sp_job_check() - Has the engine room for it?
 * @err: SP_E_UNSUPPORTED: an Indexed job of more than SP_INDEXES_MAX completions
 */
int sp_job_check(const struct sp_k_job *job, struct sp_error *err);

/**
 * sp_job_step() - Look at the pods, decide everything that follows
 * @job: defaults applied, valid; its mutable fields may differ from the last step
 * @pods: all rows, in any order
 * @ret: overwritten
 */
void sp_job_step(const struct sp_k_job *job, struct sp_job *j, struct sp_child *pods,
		 uint32_t n_pods, sp_time now, struct sp_ctl *ret);

/** sp_job_create_failed() - A pod could not be made; tried again in ten seconds */
void sp_job_create_failed(struct sp_job *j, const char *error, sp_time now, struct sp_ctl *ret);

/** sp_job_may_forget() - Nothing depends on the row of this pod any more */
bool sp_job_may_forget(const struct sp_k_job *job, const struct sp_job *j,
		       const struct sp_child *pod);

/** sp_job_finished() - Complete or Failed */
bool sp_job_finished(const struct sp_job *j);

/** sp_job_is_indexed() - completionMode Indexed */
bool sp_job_is_indexed(const struct sp_k_job *job);

/** sp_job_columns() - STATUS, COMPLETIONS and DURATION of `get jobs` (JOB-74) */
void sp_job_columns(const struct sp_k_job *job, const struct sp_job *j, sp_time now,
		    struct sp_buf *status, struct sp_buf *completions, struct sp_buf *duration);

#endif
