/* SPDX-License-Identifier: Apache-2.0 */
/* The status of a pod as a supervisor wrote or sent it, and what commands show of it. */
#include "supervisor/status_read.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct sp_ctr_spec ctrs[] = {{.name = "init", .role = SP_ROLE_INIT},
					    {.name = "proxy", .role = SP_ROLE_SIDECAR},
					    {.name = "app", .role = SP_ROLE_APP}};
	static const struct sp_pod_spec spec = {
		.kube_minor = 36, .ctrs = ctrs, .n_ctrs = SP_ARRAY_LEN(ctrs), .n_init = 2};
	static struct sp_pod_status st;
	struct sp_arena a = {.limit_bytes = 16u << 20};
	struct sp_buf status = {0}, ready = {0};
	struct sp_node *doc;
	struct sp_error err;
	uint32_t restarts;

	if (sp_node_from_json(&a, (const char *)data, size, &doc, &err) == 0) {
		sp_status_read(&spec, doc, &st);
		assert(st.n_conds <= SP_COND_TYPES);
		sp_pod_column(&spec, &st, &status, &ready, &restarts);
		assert(status.ptr && *status.ptr && ready.ptr && !status.failed && !ready.failed);
	}
	sp_buf_done(&status);
	sp_buf_done(&ready);
	sp_arena_done(&a);
	return 0;
}
