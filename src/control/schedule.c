/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finding times of a schedule. Between two changes of the zone's offset, local time runs evenly:
 * inside such a stretch the search jumps by months, days and hours, and at its end it begins again
 * with the next offset. That gives skipped and doubled hours their meaning without a special case.
 */
#include "control/schedule.h"

#define MINUTE     60
#define HOUR       3600
#define DAY        86400
#define YEARS_FIVE (5 * 366 * (int64_t)DAY)

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

static int64_t floor_to(int64_t a, int64_t unit)
{
	return floor_div(a, unit) * unit;
}

struct date {
	int month, dom, dow;
};

/* Days since 1970 → month, day, weekday; years of 400 repeat (Howard Hinnant's civil days). */
static struct date date_of(int64_t days)
{
	int64_t z = days + 719468; /* since 0000-03-01 */
	int64_t doe = z - floor_div(z, 146097) * 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int64_t mp = (5 * doy + 2) / 153;
	int64_t dow = (days + 4) % 7; /* 1970-01-01 was a Thursday */

	return (struct date){.month = (int)(mp < 10 ? mp + 3 : mp - 9),
			     .dom = (int)(doy - (153 * mp + 2) / 5 + 1),
			     .dow = (int)(dow < 0 ? dow + 7 : dow)};
}

/* First match at or after @local (a whole minute), before @end; SP_SCHEDULE_NEVER none. */
static int64_t search(const struct sp_cron *c, int64_t local, int64_t end)
{
	while (local < end) {
		int64_t day = floor_div(local, DAY);
		struct date d = date_of(day);

		if (!sp_cron_day_matches(c, d.month, d.dom, d.dow)) {
			local = (day + 1) * DAY;
			continue;
		}
		if (!(c->hour >> ((local - day * DAY) / HOUR) & 1)) {
			local = floor_to(local, HOUR) + HOUR;
			continue;
		}
		if (c->minute >> (floor_div(local, MINUTE) % 60 + 60) % 60 & 1)
			return local;
		local += MINUTE;
	}
	return SP_SCHEDULE_NEVER;
}

int64_t sp_schedule_next(const struct sp_schedule *s, int64_t after)
{
	int64_t t = after + 1, end = after + YEARS_FIVE;

	if (s->cron.every)
		return after + s->cron.every / SP_SEC;
	while (t < end) {
		struct sp_zone_span span = sp_zone_at(s->zone, t);
		int64_t until = SP_MIN(span.until_s, end);
		int64_t local = floor_to(t + span.offset_s + MINUTE - 1, MINUTE);
		int64_t found = search(&s->cron, local, until + span.offset_s);

		if (found != SP_SCHEDULE_NEVER)
			return found - span.offset_s;
		t = until;
	}
	return SP_SCHEDULE_NEVER;
}

static int64_t last_of_period(int64_t every, int64_t after, int64_t now, int64_t cap,
			      int64_t *ret_missed)
{
	int64_t n = (now - after) / every;

	*ret_missed = SP_MIN(n, cap);
	return n > 0 ? after + n * every : SP_SCHEDULE_NEVER;
}

int64_t sp_schedule_last(const struct sp_schedule *s, int64_t after, int64_t now, int64_t cap,
			 int64_t *ret_missed)
{
	int64_t t = after, last = SP_SCHEDULE_NEVER, n = 0, from = now;

	if (now <= after) {
		*ret_missed = 0;
		return SP_SCHEDULE_NEVER;
	}
	if (s->cron.every)
		return last_of_period(s->cron.every / SP_SEC, after, now, cap, ret_missed);
	while (n < cap && (t = sp_schedule_next(s, t)) <= now) {
		last = t;
		n++;
	}
	*ret_missed = n;
	/* Many: look for the latest one in growing windows before now. */
	for (int64_t window = HOUR; n == cap; window *= 24) {
		from = SP_MAX(now - window, last);
		t = sp_schedule_next(s, from);
		if (from == last || t <= now)
			break;
	}
	for (t = from; n == cap && (t = sp_schedule_next(s, t)) <= now;)
		last = t;
	return last;
}
