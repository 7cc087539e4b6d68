/* SPDX-License-Identifier: Apache-2.0 */
/* One look of the job controller: what its parts share. */
#ifndef SP_CONTROL_JOB_INTERNAL_H
#define SP_CONTROL_JOB_INTERNAL_H

#include "control/job.h"

struct job_look {
	const struct sp_k_job *job;
	const struct sp_k_job_spec *spec;
	struct sp_job *j;
	struct sp_child *pods;
	uint32_t n_pods;
	sp_time now;
	struct sp_ctl *ctl;

	bool indexed, suspended;
	bool only_failed;    /* podReplacementPolicy Failed: what terminates is neither failed nor
				replaced (JOB-31) */
	int64_t completions; /* -1: a work queue */
	int64_t parallelism;
	int64_t limit_per_index; /* backoffLimitPerIndex, -1 none */
	uint32_t budget;         /* pods that may still be created or deleted in this look */
	bool changed;            /* the status did */
	bool fail_job;           /* a FailJob rule matched; fail_text says which */
	char fail_text[SP_CTL_MESSAGE_MAX];
};

/* ---- job_policy.c --------------------------------------------------------------------------- */

enum job_verdict { JOB_COUNT, JOB_IGNORE, JOB_FAIL_INDEX, JOB_FAIL_JOB };

/* What podFailurePolicy says of a pod that failed; why: the message of JOB-45 (NULL: unwanted). */
enum job_verdict job_failure_verdict(const struct sp_k_job *job, const struct sp_child *pod,
				     struct sp_buf *why);

/* Index of the matching successPolicy rule, -1 none. */
int64_t job_success_rule(const struct sp_k_job_spec *spec, const struct sp_indexes *completed,
			 int64_t completions);

/* ---- job_count.c ---------------------------------------------------------------------------- */

/* Did the failure of this pod count against its index, or was it ignored? It did happen. */
bool job_pod_failed(const struct sp_child *pod);

void job_count_ends(struct job_look *l);
/* The job has failed: so have all pods that are still there (JOB-34). */
void job_count_rest_failed(struct job_look *l);
/* active, ready, terminating. Return: sum of restarts of Pending and Running pods (JOB-43) */
int64_t job_count_living(struct job_look *l);

/* ---- job_manage.c --------------------------------------------------------------------------- */

enum job_removal {
	JOB_REMOVE_FAILED, /* it counts as failed, or has been counted */
	JOB_REMOVE_SPARED, /* its failure is none; a success still is one */
	JOB_REMOVE_QUIET   /* its end means nothing */
};
void job_delete_active(struct job_look *l, enum job_removal how);
void job_manage(struct job_look *l);

#endif
