/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a time zone file: what is one has an offset at every time, and time goes on. */
#include "control/schedule.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int64_t times[] = {-4000000000, 0, 1000000000, 1774746000, 4102444800};
	static struct sp_zone zone;
	struct sp_schedule s = {.zone = &zone};
	struct sp_error err;

	if (sp_zone_read(data, size, &zone, &err) < 0)
		return 0;
	if (sp_cron_parse("30 2 * * *", &s.cron, &err) < 0)
		__builtin_trap();
	for (size_t i = 0; i < SP_ARRAY_LEN(times); i++) {
		if (sp_zone_at(&zone, times[i]).until_s <= times[i])
			__builtin_trap();
		if (sp_schedule_next(&s, times[i]) <= times[i])
			__builtin_trap();
	}
	return 0;
}
