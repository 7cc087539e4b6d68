/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a line of a run record: they may come from other people. */
#include "record/record.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sp_arena a = {.limit_bytes = 64u << 20};
	struct sp_record_line l;
	struct sp_error err;

	if (sp_record_parse_line(&a, (const char *)data, size, &l, &err) == 0 && !l.is_header) {
		/* strings are there, and a name that is known leads back to itself */
		assert(l.fact.event && l.fact.ctr && l.fact.reason && l.fact.message);
		if (l.fact.known && l.fact.fact != SP_FACT_PHASE && l.fact.fact != SP_FACT_COND) {
			char mem[64];
			struct sp_buf b = sp_buf_fixed(mem, sizeof(mem));
			struct sp_action act = {
				.kind = SP_ACT_FACT, .fact = l.fact.fact, .probe = l.fact.probe};

			sp_fact_print(&act, &b);
			assert(sp_streq(mem, l.fact.event));
		}
	}
	sp_arena_done(&a);
	return 0;
}
