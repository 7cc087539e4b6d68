/* SPDX-License-Identifier: Apache-2.0 */
/* Any text as a quantity: what is one prints in canonical form, which reads as the same value. */
#include "spec/quantity.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sp_quantity q, again;
	char text[256], mem[256];

	if (size >= sizeof(text))
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	if (sp_quantity_parse(text, &q) < 0)
		return 0;
	for (int binary = 0; binary < 2; binary++) {
		struct sp_buf b = sp_buf_fixed(mem, sizeof(mem));

		sp_quantity_print(q.nano, binary, &b);
		if (b.failed || sp_quantity_parse(mem, &again) < 0)
			__builtin_trap();
		/* beyond the digits that are kept, reading rounds away from zero */
		if (q.nano < (__int128)INT64_MAX && q.nano > -(__int128)INT64_MAX &&
		    sp_quantity_cmp(&q, &again) != 0)
			__builtin_trap();
	}
	(void)sp_quantity_ceil(&q); /* must not overflow */
	(void)sp_quantity_milli(&q);
	return 0;
}
