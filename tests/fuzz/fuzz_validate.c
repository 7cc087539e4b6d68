/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a manifest: read, decoded, defaulted, validated, findings printed. The first byte
 * chooses the release. What is accepted must be accepted again, without a finding, when its tree is
 * printed as YAML.
 */
#include "spec/load.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_again(const struct sp_object *o, const struct sp_load_options *opt)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf yaml = {0};
	struct sp_manifest m;

	sp_node_yaml(o->node, &yaml);
	if (yaml.failed)
		return;
	sp_manifest_init(&m, opt);
	if (sp_manifest_add(&m, "again.yaml", yaml.ptr, yaml.len) == 0 && m.diags.n_errors > 0)
		abort();
	sp_manifest_done(&m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf text = {0};
	struct sp_load_options opt = {0};
	struct sp_manifest m;

	if (size < 1)
		return 0;
	if (data[0] >= 28 && data[0] <= 37)
		opt.kube_minor = data[0];
	sp_manifest_init(&m, &opt);
	if (sp_manifest_add(&m, "fuzz.yaml", (const char *)data + 1, size - 1) == 0) {
		for (uint32_t i = 0; i < m.diags.n; i++)
			sp_diag_print(&m.diags.v[i], (const char *)data + 1, size - 1, false, true,
				      &text);
		for (uint32_t i = 0; i < m.n_objects && m.diags.n_errors == 0; i++)
			check_again(&m.objects[i], &opt);
	}
	sp_manifest_done(&m);
	return 0;
}
