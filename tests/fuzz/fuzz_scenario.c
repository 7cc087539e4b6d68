/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes as a scenario file: read, run for a simulated minute, compare. Besides the reader this
 * drives the core with pods and worlds that nobody would write.
 */
#include "sim/expect.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void run_one(struct sp_arena *a, const struct sp_scenario *s)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf why = {0};
	struct sp_scn_pod p;
	struct sp_error err;
	struct sp_sim *sim;

	if (s->kind != SP_SCN_POD || sp_scenario_pod(a, s, 36, &p, &err) < 0)
		return;
	sim = sp_sim_new(&p.spec, &p.plan);
	/* Short of memory or of rest is an answer; a crash or a failed assertion is not. */
	if (sim)
		(void)sp_sim_run(sim, 60 * SP_SEC, &err);
	sp_sim_free(sim);
	/* The horizon is the file's: only small ones are worth a fuzzer's time. */
	if (p.expect && !sp_node_get(p.expect, "horizon") && !sp_node_get(p.expect, "status"))
		(void)sp_expect_pod(s, &p, &why, &err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	SP_CLEANUP(sp_arena_done) struct sp_arena a = {.limit_bytes = 64u << 20};
	const struct sp_source src = {"input", (const char *)data, size};
	struct sp_scenario *v;
	struct sp_diags diags;
	uint32_t n;

	if (size > 64 * 1024)
		return 0;
	sp_diags_init(&diags, &a);
	if (sp_scenarios_read(&a, &src, &diags, &v, &n) < 0)
		return 0;
	for (uint32_t i = 0; i < SP_MIN(n, 4u); i++)
		run_one(&a, &v[i]);
	return 0;
}
