/* SPDX-License-Identifier: Apache-2.0 */
/* Any text as an image reference: what is one reads again as itself. */
#include "image/reference.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sp_arena a = {.limit_bytes = 1u << 20};
	struct sp_reference r, again;
	struct sp_error err;
	char *text = sp_arena_strndup(&a, (const char *)data, size);

	if (text && sp_reference_parse(&a, text, &r, &err) == 0) {
		assert(*r.host && *r.repo && (r.tag || r.digest));
		assert(!r.digest || sp_digest_valid(r.digest));
		assert(!strstr(r.repo, "..") && r.repo[0] != '/'); /* it becomes a path */
		if (sp_reference_parse(&a, r.full, &again, &err) < 0 ||
		    !sp_streq(again.full, r.full))
			__builtin_trap();
	}
	sp_arena_done(&a);
	return 0;
}
