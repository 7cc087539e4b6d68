/* SPDX-License-Identifier: Apache-2.0 */
/* Any text as a cron schedule: what is one has only times that exist, and fires at them. */
#include "control/schedule.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct sp_zone utc;
	struct sp_schedule s = {.zone = &utc};
	const struct sp_cron *c = &s.cron;
	struct sp_error err;
	char text[256];
	int64_t at = 1772366400, next; /* 2026-03-01T12:00:00Z */

	if (size >= sizeof(text))
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	if (sp_cron_parse(text, &s.cron, &err) < 0) {
		assert(err.code == SP_E_INVALID);
		return 0;
	}
	if (c->every) {
		assert(c->every >= SP_SEC && c->every % SP_SEC == 0);
	} else {
		assert(c->minute >> 60 == 0 && c->hour >> 24 == 0 && c->dom >> 32 == 0);
		assert(c->month >> 13 == 0 && c->dow >> 7 == 0 && !(c->dom & 1) && !(c->month & 1));
	}
	for (int i = 0; i < 3; i++, at = next) {
		next = sp_schedule_next(&s, at);
		if (next == SP_SCHEDULE_NEVER)
			break;
		assert(c->every || (c->minute && c->hour && c->month)); /* "," matches nothing */
		assert(next > at);
		if (!c->every)
			assert(next % 60 == 0 && c->minute >> (next / 60 % 60) & 1 &&
			       c->hour >> (next / 3600 % 24) & 1);
	}
	return 0;
}
