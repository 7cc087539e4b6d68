/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a pod scenario and compares what happened with what it expects. */
#ifndef SP_SIM_EXPECT_H
#define SP_SIM_EXPECT_H

#include "sim/names.h"

/* A run to be judged: the status at some instants, then what happened in all. */
struct sp_expect_run {
	void *arg;
	/* Called with rising times; after the end of the pod the last status counts. */
	int (*look)(void *arg, sp_time at, struct sp_pod_status *ret, struct sp_error *err);
	/* At the horizon, or when the pod has finished. */
	int (*end)(void *arg, sp_time horizon, struct sp_arena *a, struct sp_happened *ret,
		   struct sp_pod_status *status, struct sp_error *err);
	sp_time tolerance; /* of times, at least; what the scenario says may be more */
};

/* When a scenario wants to look, rising, and when it ends. In the arena. */
struct sp_expect_times {
	sp_time *looks, horizon;
	uint32_t n_looks;
};
int sp_expect_times(struct sp_arena *a, const struct sp_scenario *s, const struct sp_scn_pod *p,
		    struct sp_expect_times *ret, struct sp_error *err);

/**
 * sp_expect_check() - Check every expectation of @p on @run
 *
 * Results as of sp_expect_pod().
 */
int sp_expect_check(const struct sp_scenario *s, const struct sp_scn_pod *p,
		    const struct sp_expect_run *run, struct sp_buf *why, struct sp_error *err);

/**
 * sp_expect_pod() - Run @p in virtual time and check every expectation
 * @why: receives the differences, one per line, the first one first; untouched when there are none
 * @err: SP_E_INVALID when an expectation cannot be understood (unknown key, event or container),
 *	 SP_E_NO_MEMORY, SP_E_INTERNAL
 *
 * Times are compared to the millisecond: the simulated engine takes no time for its own work.
 *
 * Return: number of differences, or -1.
 */
int sp_expect_pod(const struct sp_scenario *s, const struct sp_scn_pod *p, struct sp_buf *why,
		  struct sp_error *err);

/** sp_expect_text() - Does @text equal @want, where each `<...>` in @want stands for some text? */
bool sp_expect_text(const char *want, const char *text);

/** sp_expect_glob() - Does @text match @pattern, where `*` stands for any text, also none? */
bool sp_expect_glob(const char *pattern, const char *text);

#endif
