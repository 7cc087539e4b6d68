/* SPDX-License-Identifier: Apache-2.0 */
/* Scenarios of controllers: the real controller, pods simulated by the core, one virtual clock. */
#ifndef SP_SIM_CHECK_CONTROL_H
#define SP_SIM_CHECK_CONTROL_H

#include "sim/scenario.h"
#include "spec/types.h"

/**
 * sp_check_job(), sp_check_cron_job(), sp_check_deployment() - Run a scenario of that kind
 * @why: receives the differences, one per line
 *
 * Return: number of differences, or -1 and *err when the scenario cannot be understood.
 */
int sp_check_job(struct sp_arena *a, const struct sp_scenario *s, int kube_minor,
		 struct sp_buf *why, struct sp_error *err);
int sp_check_cron_job(struct sp_arena *a, const struct sp_scenario *s,
		      const struct sp_scn_outside *outside, struct sp_buf *why,
		      struct sp_error *err);
int sp_check_deployment(struct sp_arena *a, const struct sp_scenario *s, int kube_minor,
			struct sp_buf *why, struct sp_error *err);

#endif
