/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random lives, kept seeds, the enumeration and the benchmark of the core.
 *
 *   random_pods lives N [SEED]   N random lives; a failure prints its seed and the shortest trace
 *   random_pods seeds FILE       the kept seeds, one per line, # begins a comment
 *   random_pods all DEPTH        every sequence of DEPTH events on pods of two containers
 *   random_pods bench            time of a step, of a life, of a ten hour crash loop
 */
#include "enumerate.h"
#include "life.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static struct life life;

static int tell(void)
{
	life_shrink(&life);
	life_print(&life);
	return 1;
}

static int lives(uint64_t n, uint64_t seed)
{
	for (uint64_t i = 0; i < n; i++)
		if (!life_run(&life, seed + i * 0x9e3779b97f4a7c15))
			return tell();
	printf("%llu lives, seed=0x%llx\n", (unsigned long long)n, (unsigned long long)seed);
	return 0;
}

static int seeds(const char *path)
{
	FILE *f = fopen(path, "re");
	char line[128];
	int n = 0, ret = 0;

	if (!f) {
		perror(path);
		return 1;
	}
	while (!ret && fgets(line, sizeof(line), f)) {
		if (line[0] == '#' || line[0] == '\n')
			continue;
		n++;
		if (!life_run(&life, strtoull(line, NULL, 0)))
			ret = tell();
	}
	(void)fclose(f); /* only read */
	printf("%d kept seeds\n", n);
	return ret;
}

/* ---- benchmark ------------------------------------------------------------------------------- */

static double now_us(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts); /* cannot fail */
	return (double)ts.tv_sec * 1e6 + (double)ts.tv_nsec / 1e3;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* The steps of many lives again, each timed. */
static void bench_steps(void)
{
	static double us[400000];
	size_t n = 0;

	for (uint64_t seed = 1; n + LIFE_EVENTS < SP_ARRAY_LEN(us); seed++) {
		if (!life_run(&life, seed))
			break;
		sp_pod_init(&life.spec, &life.pod, 0, 0);
		for (size_t i = 0; i < life.n_trace; i++) {
			double begin = now_us();

			sp_pod_step(&life.spec, &life.pod, &life.trace[i].ev, life.trace[i].now,
				    &life.out);
			us[n++] = now_us() - begin;
		}
	}
	qsort(us, n, sizeof(us[0]), by_value);
	printf("step: p50 %.2f us, p99 %.2f us, of %zu\n", us[n / 2], us[n * 99 / 100], n);
}

/* Ten hours of a container that ends after one second, with a probe each second beside it. */
static void bench_crash_loop(void)
{
	static const struct sp_ctr_spec ctrs[] = {
		{.name = "s",
		 .image = "i",
		 .role = SP_ROLE_SIDECAR,
		 .restart_policy = SP_RESTART_ALWAYS,
		 .probes = {[SP_PROBE_LIVENESS] = {.set = true,
						   .period_s = 1,
						   .success_threshold = 1,
						   .failure_threshold = 3,
						   .grace_s = -1}}},
		{.name = "a", .image = "i", .role = SP_ROLE_APP},
	};
	static const struct sp_pod_spec spec = {.name = "p",
						.ns = "n",
						.uid = "u",
						.restart_policy = SP_RESTART_ALWAYS,
						.grace_s = 30,
						.active_deadline_s = -1,
						.ctrs = ctrs,
						.n_init = 1,
						.n_ctrs = 2,
						.kube_minor = 36};
	struct sp_event queue[64] = {{.kind = SP_EV_TICK}};
	sp_time exit_at = SP_NEVER, now = 0;
	uint32_t attempt = 0, steps = 0;
	size_t n = 1;
	double begin = now_us();

	sp_pod_init(&spec, &life.pod, 0, 0);
	while (now < 36000 * SP_SEC) {
		struct sp_event ev = {.kind = SP_EV_TICK};

		if (n) {
			ev = queue[0];
			memmove(queue, queue + 1, --n * sizeof(queue[0]));
		} else {
			now = SP_MIN(sp_pod_deadline(&spec, &life.pod), exit_at);
			if (now == exit_at) {
				ev = (struct sp_event){.kind = SP_EV_EXITED,
						       .ctr = 1,
						       .attempt = attempt,
						       .code = 1};
				exit_at = SP_NEVER;
			}
		}
		sp_pod_step(&spec, &life.pod, &ev, now, &life.out);
		steps++;
		for (uint32_t i = 0; i < life.out.n; i++) {
			const struct sp_action *a = &life.out.items[i];
			struct sp_event reply = {.ctr = a->ctr, .attempt = a->attempt};

			if (a->kind == SP_ACT_SANDBOX_START) {
				reply.kind = SP_EV_SANDBOX_READY;
			} else if (a->kind == SP_ACT_IMAGE_ENSURE) {
				reply.kind = SP_EV_IMAGE_PRESENT;
			} else if (a->kind == SP_ACT_CTR_START) {
				reply.kind = SP_EV_STARTED;
				if (a->ctr == 1) {
					attempt = a->attempt;
					exit_at = now + SP_SEC;
				}
			} else if (a->kind == SP_ACT_PROBE_RUN) {
				reply.kind = SP_EV_PROBE_RESULT;
				reply.probe = a->probe;
			} else {
				continue;
			}
			queue[n++] = reply;
		}
	}
	printf("ten hours of a crash loop: %.1f ms, %u steps, %u restarts\n",
	       (now_us() - begin) / 1e3, steps, attempt);
}

static int bench(void)
{
	double begin = now_us();
	int ret;

	ret = lives(100000, 1);
	printf("life: %.1f us\n", (now_us() - begin) / 100000);
	bench_steps();
	bench_crash_loop();
	printf("state: %zu bytes\n", sp_pod_size());
	return ret;
}

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "";

	if (sp_streq(mode, "lives") && argc > 2)
		return lives(strtoull(argv[2], NULL, 0),
			     argc > 3 ? strtoull(argv[3], NULL, 0) : (uint64_t)time(NULL));
	if (sp_streq(mode, "seeds") && argc > 2)
		return seeds(argv[2]);
	if (sp_streq(mode, "all") && argc > 2)
		return enumerate_pods(atoi(argv[2]));
	if (sp_streq(mode, "bench"))
		return bench();
	(void)fprintf(stderr,
		      "usage: random_pods lives N [SEED] | seeds FILE | all DEPTH | bench\n");
	return 2;
}
