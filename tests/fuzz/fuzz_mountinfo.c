/* SPDX-License-Identifier: Apache-2.0 */
/* /proc/self/mountinfo and /proc/self/cgroup: others name mounts and cgroups. */
#include "container/cgroup.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	struct sp_cg_layout l;
	struct sp_str path;
	uint32_t seen = 0;

	if (!text)
		return 0;
	if (size)
		memcpy(text, data, size);
	text[size] = '\0';
	sp_cg_layout_parse(text, &l);
	assert(l.n <= SP_CG_TREES_MAX);
	sp_cg_layout_select(&l, true);
	for (uint32_t i = 0; i < l.n; i++) {
		assert(!(l.mounts[i].ctls & seen)); /* a controller is used in one place */
		seen |= l.mounts[i].ctls;
		assert(i == 0 || !l.mounts[i].v2);
	}
	path = sp_cg_self_path(text, SP_CG_MEMORY);
	assert(path.len <= size);
	free(text);
	return 0;
}
