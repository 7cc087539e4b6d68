/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When a cron schedule fires in a time zone. A time that does not exist on the day of a clock
 * change is skipped, one that exists twice fires twice (CRON-7). Seconds since 1970 throughout.
 */
#ifndef SP_CONTROL_SCHEDULE_H
#define SP_CONTROL_SCHEDULE_H

#include "control/zone.h"
#include "core/cron.h"

#define SP_SCHEDULE_NEVER INT64_MAX

struct sp_schedule {
	struct sp_cron cron;
	const struct sp_zone *zone;
};

/**
 * sp_schedule_next() - First time after @after
 *
 * Return: SP_SCHEDULE_NEVER when there is none within five years (CRON-8).
 */
int64_t sp_schedule_next(const struct sp_schedule *s, int64_t after);

/**
 * sp_schedule_last() - Latest time in (@after, @now]
 * @ret_missed: how many there are, at most @cap
 *
 * Return: SP_SCHEDULE_NEVER when there is none.
 */
int64_t sp_schedule_last(const struct sp_schedule *s, int64_t after, int64_t now, int64_t cap,
			 int64_t *ret_missed);

#endif
