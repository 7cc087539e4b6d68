/* SPDX-License-Identifier: Apache-2.0 */
/* A registries.conf, and where it sends a few names. */
#include "registry/conf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = {"nginx", "q.io/team/app:1", "a/b", "x.wild.io/c"};
	struct sp_arena a = {.limit_bytes = 16u << 20};
	struct sp_registries conf = {0};
	struct sp_error err;

	if (sp_registries_parse(&a, (const char *)data, size, &conf, &err) == 0) {
		for (size_t i = 0; i < SP_ARRAY_LEN(names); i++) {
			struct sp_reference ref;
			struct sp_source *v = NULL;
			uint32_t n = 0;

			if (sp_reference_parse(&a, names[i], &ref, &err) < 0 ||
			    sp_registries_sources(&a, &conf, &ref, &v, &n, &err) < 0)
				continue;
			for (uint32_t k = 0; k < n; k++)
				assert(v[k].host && v[k].repo && v[k].name && *v[k].host);
		}
	}
	sp_arena_done(&a);
	return 0;
}
