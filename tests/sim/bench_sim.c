/* SPDX-License-Identifier: Apache-2.0 */
/* How fast the simulator is: ten hours of a crash loop, and ten hours of probes every second. */
#include "sim/scenario.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static const struct {
	const char *name, *pod;
} pods[] = {
	{"crash loops", "{containers: [{name: a, run: [{exit_after: 1, code: 1}]}, {name: b, run: "
			"[{exit_after: 2, code: 0}]}]}"},
	{"probes every second",
	 "{containers: [{name: a, livenessProbe: {periodSeconds: 1}, readinessProbe: "
	 "{periodSeconds: 1}}]}"},
};

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

int main(void)
{
	for (size_t i = 0; i < SP_ARRAY_LEN(pods); i++) {
		SP_CLEANUP(sp_arena_done) struct sp_arena a = {0};
		SP_CLEANUP(sp_buf_done) struct sp_buf text = {0};
		struct sp_scenario *v;
		struct sp_diags diags;
		struct sp_scn_pod p;
		struct sp_error err;
		struct sp_sim *sim;
		uint32_t n;
		size_t lines;
		double t0;

		sp_diags_init(&diags, &a);
		sp_buf_printf(&text, "scenarios: [{id: x, pod: %s}]", pods[i].pod);
		const struct sp_source src = {"bench", text.ptr, text.len};

		if (sp_scenarios_read(&a, &src, &diags, &v, &n) < 0 ||
		    sp_scenario_pod(&a, v, 36, &p, &err) < 0)
			return 1;
		t0 = now_ms();
		sim = sp_sim_new(&p.spec, &p.plan);
		if (!sim || sp_sim_run(sim, 36000 * SP_SEC, &err) < 0)
			return 1;
		sp_sim_lines(sim, &lines);
		printf("10 h of %-20s %8.2f ms, %zu facts\n", pods[i].name, now_ms() - t0, lines);
		sp_sim_free(sim);
	}
	return 0;
}
