/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How fast the core and the simulator are: ten simulated hours of crash loops (to take less than
 * 50 ms), of probes every second, of thirty containers; and how long one step of the core takes,
 * measured at each step of these lives (99 of 100 are to take less than 5 µs).
 *
 * The linker puts __wrap_sp_pod_step() between the simulator and the core.
 */
#include "sim/scenario.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define BUCKETS 2000 /* of 50 ns; the last one takes the rest */
#define BUCKET  50

static const struct {
	const char *name;
	int copies; /* of the regular container */
	const char *keys, *inits;
} pods[] = {
	{"crash loops", 2, "run: [{exit_after: 1, code: 1}]", ""},
	{"crash loops with sidecars", 1, "run: [{exit_after: 1, code: 1}]",
	 "{name: s1, restartPolicy: Always, run: [{exit_after: 2, code: 1}], startupProbe: "
	 "{periodSeconds: 1, result: {after: 1}}}, {name: s2, restartPolicy: Always}"},
	{"probes every second", 1,
	 "livenessProbe: {periodSeconds: 1}, readinessProbe: {periodSeconds: 1}", ""},
	{"thirty containers", 30, "run: [{exit_after: 40, code: 1}]", ""},
};

static uint64_t steps[BUCKETS], n_steps;

static int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * SP_SEC + t.tv_nsec;
}

/* the names are the linker's */
/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */
void __real_sp_pod_step(const struct sp_pod_spec *spec, struct sp_pod *pod,
			const struct sp_event *ev, sp_time now, struct sp_actions *ret);
void __wrap_sp_pod_step(const struct sp_pod_spec *spec, struct sp_pod *pod,
			const struct sp_event *ev, sp_time now, struct sp_actions *ret);

void __wrap_sp_pod_step(const struct sp_pod_spec *spec, struct sp_pod *pod,
			const struct sp_event *ev, sp_time now, struct sp_actions *ret)
{
	int64_t t0 = now_ns(), took;

	__real_sp_pod_step(spec, pod, ev, now, ret);
	took = now_ns() - t0;
	steps[SP_MIN(took / BUCKET, BUCKETS - 1)]++;
	n_steps++;
}

/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

static double percentile_us(double share)
{
	uint64_t left = (uint64_t)((double)n_steps * share);

	for (int i = 0; i < BUCKETS; i++) {
		if (steps[i] > left)
			return (double)(i + 1) * BUCKET / 1e3;
		left -= steps[i];
	}
	return BUCKETS * BUCKET / 1e3;
}

static void print_pod(size_t i, struct sp_buf *out)
{
	sp_buf_printf(out, "scenarios: [{id: x, pod: {initContainers: [%s], containers: [",
		      pods[i].inits);
	for (int k = 0; k < pods[i].copies; k++)
		sp_buf_printf(out, "%s{name: c%d, %s}", k ? ", " : "", k, pods[i].keys);
	sp_buf_puts(out, "]}}]");
}

static int live(size_t i)
{
	SP_CLEANUP(sp_arena_done) struct sp_arena a = {0};
	SP_CLEANUP(sp_buf_done) struct sp_buf text = {0};
	struct sp_scenario *v;
	struct sp_source src = {.name = "bench"};
	struct sp_diags diags;
	struct sp_scn_pod p;
	struct sp_error err;
	struct sp_sim *sim;
	uint32_t n;
	size_t lines;
	int64_t t0;

	sp_diags_init(&diags, &a);
	print_pod(i, &text);
	src.bytes = text.ptr;
	src.len = text.len;
	if (sp_scenarios_read(&a, &src, &diags, &v, &n) < 0 ||
	    sp_scenario_pod(&a, v, 36, &p, &err) < 0)
		return -1;
	memset(steps, 0, sizeof(steps));
	n_steps = 0;
	t0 = now_ns();
	sim = sp_sim_new(&p.spec, &p.plan);
	if (!sim || sp_sim_run(sim, 36000 * SP_SEC, &err) < 0)
		return -1;
	sp_sim_lines(sim, &lines);
	printf("10 h of %-26s %8.2f ms, %7zu facts, %7llu steps: median %5.2f µs, p99 %5.2f µs\n",
	       pods[i].name, (double)(now_ns() - t0) / 1e6, lines, (unsigned long long)n_steps,
	       percentile_us(0.5), percentile_us(0.99));
	sp_sim_free(sim);
	return 0;
}

int main(void)
{
	for (size_t i = 0; i < SP_ARRAY_LEN(pods); i++)
		if (live(i) < 0)
			return 1;
	return 0;
}
