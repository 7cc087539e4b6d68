/* SPDX-License-Identifier: Apache-2.0 */
/* A user's file of sidecar records, and a container looked up in it. */
#include "lint/catalogue_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct sp_source src = {"fuzz", (const char *)data, size};
	struct sp_arena a = {.limit_bytes = 64u << 20};
	struct sp_cat_entry *v;
	struct sp_error err;
	uint32_t n;

	if (sp_cat_read(&a, &src, &v, &n, &err) == 0) {
		assert(n <= SP_CAT_RECORDS_MAX);
		for (uint32_t i = 0; i < n; i++)
			assert(v[i].id && *v[i].id);
	}
	sp_arena_done(&a);
	return 0;
}
