/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Deployments: replica sets, one per template, and the way from the old ones to the new one.
 *
 * Source: lifecycle rules DEPLOY-1 to DEPLOY-35.
 */
#ifndef SP_CONTROL_DEPLOYMENT_H
#define SP_CONTROL_DEPLOYMENT_H

#include "control/control.h"
#include "spec/types.h"

/* A replica set of a deployment; the caller keeps the first part up to date. */
struct sp_rs_child {
	const char *name;
	bool current; /* its template equals the deployment's (DEPLOY-4) */
	sp_time created_at;
	int64_t size;                       /* spec.replicas: changed by SP_CTL_SCALE */
	int64_t replicas, ready, available; /* its status */
	int64_t living; /* pods that are neither gone nor terminal (DEPLOY-22) */
	bool deleting, gone;
	/* note: the annotation deployment.kubernetes.io/revision; of a new row the action's index
	 */
	int64_t revision;
};

enum sp_deployment_cond { SP_DEPLOYMENT_AVAILABLE, SP_DEPLOYMENT_PROGRESSING, SP_DEPLOYMENT_CONDS };

struct sp_deployment {
	/* status */
	int64_t replicas, updated, ready, available, unavailable, observed_generation;
	struct sp_ctl_cond conds[SP_DEPLOYMENT_CONDS];
	/* memory */
	int64_t sized_for, sized_most; /* replicas, and with surge, at the last look; -1 none */
	int64_t old_replicas;
	sp_time progress_at;
	bool deleting; /* set by the caller: the object is being deleted */
	bool removed;
};

void sp_deployment_init(struct sp_deployment *d, sp_time now);

/**
 * sp_deployment_bounds() - maxSurge and maxUnavailable as numbers (DEPLOY-2)
 * @r: NULL: the defaults
 */
void sp_deployment_bounds(const struct sp_k_rolling_update *r, int64_t replicas, int64_t *ret_surge,
			  int64_t *ret_unavailable);

/**
 * sp_deployment_step() - Look at the replica sets, decide one round
 * @hash: of the template now; names a new replica set
 * @ret: SP_CTL_CREATE (text = name, size, index = revision), SP_CTL_SCALE (child, size),
 *	 SP_CTL_DELETE (child); overwritten
 *
 * One round changes one direction only (DEPLOY-20); step again after performing it.
 */
void sp_deployment_step(const struct sp_k_workload *deployment, const char *hash,
			struct sp_deployment *d, struct sp_rs_child *sets, uint32_t n_sets,
			sp_time now, struct sp_ctl *ret);

/** sp_deployment_complete() - DEPLOY-30 */
bool sp_deployment_complete(const struct sp_k_workload *deployment, const struct sp_deployment *d);

/** sp_deployment_columns() - READY, UP-TO-DATE, AVAILABLE (DEPLOY-35) */
void sp_deployment_columns(const struct sp_k_workload *deployment, const struct sp_deployment *d,
			   struct sp_buf *ready, struct sp_buf *updated, struct sp_buf *available);

#endif
