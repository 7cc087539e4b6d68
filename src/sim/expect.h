/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a pod scenario and compares what happened with what it expects. */
#ifndef SP_SIM_EXPECT_H
#define SP_SIM_EXPECT_H

#include "sim/scenario.h"

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
