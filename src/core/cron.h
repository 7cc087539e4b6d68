/* SPDX-License-Identifier: Apache-2.0 */
/* Cron schedules as CronJobs write them: five fields, macros, "@every". Grammar only; pure. */
#ifndef SP_CORE_CRON_H
#define SP_CORE_CRON_H

#include "base/error.h"

/* Bit n of a set: value n matches. */
struct sp_cron {
	sp_time every; /* "@every": the period in whole seconds; 0: the fields below count */
	uint64_t minute, hour, dom, month, dow; /* 0–59, 0–23, 1–31, 1–12, 0–6 (Sunday is 0) */
	bool dom_any, dow_any; /* the field holds an unrestricted member (CRON-3) */
};

/**
 * sp_cron_parse() - Read a schedule
 * @text: borrowed
 * @err:  SP_E_INVALID; the text is that of a Kubernetes API server
 *
 * Source: lifecycle rules CRON-1, CRON-2, CRON-4; day 7, "@reboot", seconds and time zones in the
 * schedule are errors.
 */
int sp_cron_parse(const char *text, struct sp_cron *ret, struct sp_error *err);

/** sp_cron_day_matches() - CRON-3 for one day. @month 1–12, @dom 1–31, @dow 0–6 */
bool sp_cron_day_matches(const struct sp_cron *c, int month, int dom, int dow);

#endif
