/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pods of one controller, each simulated by the core with a clock of its own, seen as the
 * controller sees them.
 */
#ifndef SP_SIM_FLEET_H
#define SP_SIM_FLEET_H

#include "control/control.h"
#include "sim/world.h"

#define SP_FLEET_MAX 4096 /* pods that one controller may have made in a simulation */

struct sp_fleet_pod {
	struct sp_pod_spec spec;
	struct sp_sim_plan plan;
	struct sp_sim *sim;
	sp_time born;
	struct sp_child_ctr ctrs[SP_CONTAINERS_MAX];
};

/* Zero is an empty fleet. Rows are never taken out: number k is the k-th pod created. */
struct sp_fleet {
	struct sp_fleet_pod **pods;
	struct sp_child *children; /* one per pod, for the controller */
	uint32_t n;
	struct sp_pod_status *status; /* scratch */
};
void sp_fleet_done(struct sp_fleet *f);

/**
 * sp_fleet_add() - A pod accepted at @now
 * @action: the SP_CTL_CREATE that asked for it
 * @spec, @plan: copied; what they point to is kept
 */
int sp_fleet_add(struct sp_fleet *f, const struct sp_ctl_action *action, const char *name,
		 const struct sp_pod_spec *spec, const struct sp_sim_plan *plan, sp_time now,
		 struct sp_error *err);

/** sp_fleet_delete() - Ask for the graceful deletion of pod @i; the fleet has been run to @now */
void sp_fleet_delete(struct sp_fleet *f, uint32_t i, sp_time now);

/** sp_fleet_run() - Let everything happen up to @now, take over what is seen of it */
int sp_fleet_run(struct sp_fleet *f, sp_time now, struct sp_error *err);

/** sp_fleet_next() - When something happens next in one of the pods; SP_NEVER */
sp_time sp_fleet_next(const struct sp_fleet *f);

#endif
