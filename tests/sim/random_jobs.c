/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random lives of jobs and deployments in a world without the core: pods change as they like, and
 * after every look the promises that hold for any history are checked.
 *
 *   random_jobs N [SEED]     a failure prints the seed and the moment
 */
#include "control/deployment.h"
#include "control/job.h"
#include "control/set.h"

#include <stdio.h>
#include <stdlib.h>

#define PODS_MAX 3000
#define STEPS    200

static uint64_t chance, first_seed;
static struct sp_ctl ctl;
static const char *failure;

static uint32_t below(uint32_t n)
{
	return (uint32_t)(sp_ctl_random(&chance) % n);
}

#define PROMISE(what)                                                                              \
	do {                                                                                       \
		if (!(what) && !failure)                                                           \
			failure = #what;                                                           \
	} while (0)

/* ---- pods ----------------------------------------------------------------------------------- */

struct herd {
	struct sp_child rows[PODS_MAX];
	char names[PODS_MAX][80];
	struct sp_child_ctr ctrs[PODS_MAX];
	uint32_t n;
};

static void herd_add(struct herd *h, const struct sp_ctl_action *a, sp_time now)
{
	uint32_t i = h->n++;
	struct sp_buf b = sp_buf_fixed(h->names[i], sizeof(h->names[i]));

	assert(i < PODS_MAX);
	sp_buf_puts(&b, a->text);
	for (uint32_t k = 0; k < i; k++)
		PROMISE(h->rows[k].gone || !sp_streq(h->names[k], h->names[i]));
	h->ctrs[i] = (struct sp_child_ctr){.name = "main", .role = SP_ROLE_APP};
	h->rows[i] = (struct sp_child){.name = h->names[i],
				       .created_at = now,
				       .ready_changed_at = now,
				       .ctrs = &h->ctrs[i],
				       .n_ctrs = 1,
				       .index = a->index,
				       .index_failures = a->index_failures,
				       .index_ignored = a->index_ignored};
}

static void herd_delete(struct herd *h, uint32_t i, sp_time now)
{
	PROMISE(i < h->n);
	h->rows[i].deleting = true;
	if (h->rows[i].deleted_at == 0)
		h->rows[i].deleted_at = now;
}

static void set_ready(struct sp_child *c, bool ready, sp_time now)
{
	if (c->ready != ready)
		c->ready_changed_at = now;
	c->ready = ready;
}

/* Something happens to one pod that still lives. */
static void herd_happen(struct herd *h, sp_time now, bool may_end)
{
	uint32_t i = h->n ? below(h->n) : 0;
	struct sp_child *c = &h->rows[i];

	if (h->n == 0 || c->gone)
		return;
	if (sp_child_terminal(c)) {
		c->gone = c->deleting;
		return;
	}
	switch (below(may_end ? 5 : 3)) {
	case 0:
		c->phase = SP_PHASE_RUNNING;
		set_ready(c, true, now);
		break;
	case 1:
		set_ready(c, c->phase == SP_PHASE_RUNNING && below(4) == 0, now);
		c->restarts += below(8) == 0;
		break;
	case 2:
		if (!c->deleting)
			break;
		c->phase = below(2) ? SP_PHASE_FAILED : SP_PHASE_SUCCEEDED;
		c->gone = below(2);
		set_ready(c, false, now);
		break;
	default:
		c->phase = below(3) ? SP_PHASE_SUCCEEDED : SP_PHASE_FAILED;
		h->ctrs[i].terminated = true;
		h->ctrs[i].code = c->phase == SP_PHASE_FAILED ? 1 + (int32_t)below(3) : 0;
		h->ctrs[i].finished_at = now;
		set_ready(c, false, now);
		break;
	}
}

/* ---- jobs ----------------------------------------------------------------------------------- */

static struct herd herd;
static struct sp_job job;

static void perform_job(sp_time now)
{
	for (uint32_t i = 0; i < ctl.n; i++) {
		if (ctl.items[i].kind == SP_CTL_CREATE)
			herd_add(&herd, &ctl.items[i], now);
		else if (ctl.items[i].kind == SP_CTL_DELETE)
			herd_delete(&herd, ctl.items[i].child, now);
	}
}

static void check_job(const struct sp_k_job *k, int64_t succeeded_before, bool finished_before,
		      bool suspended)
{
	const struct sp_k_job_spec *spec = k->spec;
	int64_t active = 0, terminating = 0, succeeded = 0;
	bool created = false;

	for (uint32_t i = 0; i < ctl.n; i++)
		created |= ctl.items[i].kind == SP_CTL_CREATE;
	for (uint32_t i = 0; i < herd.n; i++) {
		active += sp_child_active(&herd.rows[i]);
		terminating += sp_child_terminating(&herd.rows[i]);
		succeeded += herd.rows[i].phase == SP_PHASE_SUCCEEDED;
		for (uint32_t m = 0; m < i && sp_job_is_indexed(k); m++)
			PROMISE(!sp_child_active(&herd.rows[i]) ||
				!sp_child_active(&herd.rows[m]) ||
				herd.rows[i].index != herd.rows[m].index);
	}
	PROMISE(job.active == active && job.terminating == terminating);
	PROMISE(active <= spec->parallelism.v);
	PROMISE(!created || (!suspended && !finished_before && !job.deleting));
	PROMISE(job.succeeded >= succeeded_before && job.succeeded <= succeeded);
	PROMISE(!sp_job_finished(&job) || (active == 0 && terminating == 0) || finished_before);
	PROMISE((job.conds[SP_JOB_COMPLETE].status != SP_COND_TRUE) ||
		(job.conds[SP_JOB_FAILED].status != SP_COND_TRUE));
	PROMISE((job.completed_at >= 0) == (job.conds[SP_JOB_COMPLETE].status == SP_COND_TRUE));
	PROMISE(!sp_job_is_indexed(k) ||
		sp_indexes_count(&job.completed, SP_INDEXES_MAX) == job.succeeded);
}

static void live_job(void)
{
	static int64_t codes[] = {1};
	struct sp_k_meta meta = {.name = "j", .ns = "default"};
	struct sp_k_pod_spec pod = {.restart_policy = below(4) ? "Never" : "OnFailure"};
	struct sp_k_pod_template template = {.spec = &pod};
	struct sp_k_failure_codes match = {.op = "In", .values = {codes, 1}};
	struct sp_k_failure_rule rule = {.action = below(2) ? "Ignore" : "FailJob",
					 .codes = &match};
	struct sp_k_failure_policy policy = {.rules = {&rule, 1}};
	struct sp_k_job_spec spec = {.parallelism = {true, below(6)},
				     .completions = {below(4) > 0, below(8)},
				     .backoff_limit = {true, below(5)},
				     .template = &template};
	struct sp_k_job k = {.meta = &meta, .spec = &spec};
	sp_time now = 0;

	if (spec.completions.set && below(2)) {
		spec.completion_mode = "Indexed";
		if (below(2)) {
			spec.backoff_limit_per_index = (struct sp_opt_int){true, below(3)};
			spec.backoff_limit.v = INT32_MAX;
		}
	}
	if (below(3) == 0)
		spec.replacement_policy = "Failed";
	if (below(3) == 0 && pod.restart_policy[0] == 'N') {
		spec.failure_policy = &policy;
		spec.replacement_policy = "Failed";
	}
	if (below(4) == 0)
		spec.active_deadline_s = (struct sp_opt_int){true, below(300)};
	sp_job_init(&job, sp_ctl_random(&chance));
	herd.n = 0;
	for (int i = 0; i < STEPS && !failure; i++) {
		int64_t succeeded = job.succeeded;
		bool finished = sp_job_finished(&job);

		if (below(40) == 0)
			spec.suspend = (struct sp_opt_bool){true, !spec.suspend.v};
		if (below(60) == 0)
			spec.parallelism.v = below(6);
		if (below(150) == 0)
			job.deleting = true;
		if (herd.n && below(30) == 0)
			herd_delete(&herd, below(herd.n), now);
		sp_job_step(&k, &job, herd.rows, herd.n, now, &ctl);
		PROMISE(ctl.wake > now || ctl.n > 0);
		perform_job(now);
		check_job(&k, succeeded, finished, spec.suspend.v);
		/* What was decided stands: a second look at the same world adds nothing. */
		sp_job_step(&k, &job, herd.rows, herd.n, now, &ctl);
		for (uint32_t m = 0; m < ctl.n; m++)
			PROMISE(ctl.items[m].kind != SP_CTL_CREATE || spec.parallelism.v > 0);
		perform_job(now);
		if (below(3) == 0 && ctl.wake != SP_NEVER)
			now = SP_MAX(now, ctl.wake);
		else
			now += below(20) * SP_SEC / 4;
		herd_happen(&herd, now, true);
	}
}

/* ---- deployments ---------------------------------------------------------------------------- */

#define SETS_MAX 40

static struct {
	struct herd herd;
	struct sp_set state;
	struct sp_k_meta meta;
	struct sp_k_workload_spec spec;
	struct sp_k_workload k;
	char name[80];
	uint32_t template;
} sets[SETS_MAX];
static struct sp_rs_child rows[SETS_MAX];

static int64_t sum_available(uint32_t n)
{
	int64_t sum = 0;

	for (uint32_t i = 0; i < n; i++)
		sum += rows[i].gone ? 0 : rows[i].available;
	return sum;
}

static int64_t sum_size(uint32_t n)
{
	int64_t sum = 0;

	for (uint32_t i = 0; i < n; i++)
		sum += rows[i].gone || rows[i].deleting ? 0 : rows[i].size;
	return sum;
}

static void step_sets(uint32_t n, sp_time now)
{
	for (uint32_t i = 0; i < n; i++) {
		struct herd *h = &sets[i].herd;

		if (rows[i].gone)
			continue;
		sp_replica_set_step(&sets[i].k, &sets[i].state, h->rows, h->n, now, &ctl);
		for (uint32_t a = 0; a < ctl.n; a++) {
			if (ctl.items[a].kind == SP_CTL_CREATE)
				herd_add(h, &ctl.items[a], now);
			else if (ctl.items[a].kind == SP_CTL_DELETE)
				herd_delete(h, ctl.items[a].child, now);
			else if (ctl.items[a].kind == SP_CTL_REMOVE)
				rows[i].gone = true;
		}
		if (!sets[i].state.deleting)
			PROMISE(sets[i].state.replicas == sets[i].spec.replicas.v);
		rows[i].replicas = sets[i].state.replicas;
		rows[i].ready = sets[i].state.ready;
		rows[i].available = sets[i].state.available;
		rows[i].living = 0;
		for (uint32_t p = 0; p < h->n; p++)
			rows[i].living += !h->rows[p].gone && !sp_child_terminal(&h->rows[p]);
	}
}

static void add_set(uint32_t i, const struct sp_ctl_action *a, uint32_t template, sp_time now)
{
	struct sp_buf b = sp_buf_fixed(sets[i].name, sizeof(sets[i].name));

	sp_buf_puts(&b, a->text);
	sets[i].herd.n = 0;
	sets[i].template = template;
	sets[i].meta = (struct sp_k_meta){.name = sets[i].name};
	sets[i].spec = (struct sp_k_workload_spec){.replicas = {true, a->size}};
	sets[i].k = (struct sp_k_workload){.meta = &sets[i].meta, .spec = &sets[i].spec};
	sp_set_init(&sets[i].state, sp_ctl_random(&chance));
	rows[i] = (struct sp_rs_child){.name = sets[i].name,
				       .current = true,
				       .created_at = now,
				       .size = a->size,
				       .revision = a->index};
}

static void live_deployment(void)
{
	struct sp_k_meta meta = {.name = "d"};
	struct sp_k_rolling_update rolling = {.max_surge = {true, below(4), NULL},
					      .max_unavailable = {true, below(4), NULL}};
	struct sp_k_strategy strategy = {.type = below(4) ? "RollingUpdate" : "Recreate",
					 .rolling = &rolling};
	struct sp_k_workload_spec spec = {.replicas = {true, below(7)},
					  .revision_history = {true, below(4)},
					  .progress_deadline_s = {true, 60},
					  .strategy = &strategy};
	struct sp_k_workload k = {.meta = &meta, .spec = &spec};
	bool recreates = strategy.type[2] == 'c';
	struct sp_deployment d;
	uint32_t n = 0, template = 0;
	sp_time now = 0;

	sp_deployment_init(&d, now);
	for (int i = 0; i < STEPS && !failure && n < SETS_MAX - 1; i++) {
		char hash[8] = {(char)('b' + (char)template), 0};
		int64_t surge, unavailable, available, size, before = d.sized_for;

		if (below(40) == 0)
			template = below(5);
		hash[0] = (char)('b' + (char)template);
		if (below(60) == 0)
			spec.replicas.v = below(7);
		if (below(80) == 0)
			spec.paused = (struct sp_opt_bool){true, !spec.paused.v};
		for (uint32_t s = 0; s < n; s++)
			rows[s].current = sets[s].template == template;
		step_sets(n, now);
		sp_deployment_bounds(&rolling, spec.replicas.v, &surge, &unavailable);
		available = sum_available(n);
		size = sum_size(n);
		sp_deployment_step(&k, hash, &d, rows, n, now, &ctl);
		for (uint32_t a = 0; a < ctl.n; a++) {
			const struct sp_ctl_action *act = &ctl.items[a];

			if (act->kind == SP_CTL_CREATE) {
				for (uint32_t s = 0; s < n; s++)
					PROMISE(rows[s].gone || rows[s].deleting ||
						sets[s].template != template);
				add_set(n++, act, template, now);
			} else if (act->kind == SP_CTL_SCALE) {
				PROMISE(act->size >= 0);
				sets[act->child].spec.replicas.v = act->size;
			} else if (act->kind == SP_CTL_DELETE) {
				PROMISE(rows[act->child].size == 0);
				sets[act->child].state.deleting = true;
			}
		}
		if (!recreates && before == spec.replicas.v) {
			/* DEPLOY-21: sizes stay below the surge, and nothing that serves is taken
			 * below the minimum. */
			PROMISE(sum_size(n) <= SP_MAX(size, spec.replicas.v + surge));
			PROMISE(ctl.n == 0 ||
				sum_size(n) >= SP_MIN(size, spec.replicas.v - unavailable));
		}
		step_sets(n, now);
		if (!recreates && before == spec.replicas.v)
			PROMISE(sum_available(n) >=
				SP_MIN(available, spec.replicas.v - unavailable));
		now += (sp_time)below(8) * SP_SEC;
		for (uint32_t s = 0; s < n; s++)
			for (int times = 0; times < 3; times++)
				herd_happen(&sets[s].herd, now, false);
	}
}

int main(int argc, char **argv)
{
	uint64_t n = argc > 1 ? strtoull(argv[1], NULL, 0) : 1000;

	first_seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;
	for (uint64_t i = 0; i < n; i++) {
		uint64_t seed = first_seed + i;

		chance = seed;
		if (i % 2)
			live_deployment();
		else
			live_job();
		if (failure) {
			printf("seed=0x%llx: broken: %s\n", (unsigned long long)seed, failure);
			return 1;
		}
		if (n == 1)
			printf("seed=0x%llx holds\n", (unsigned long long)seed);
	}
	printf("%llu lives, seed=0x%llx\n", (unsigned long long)n, (unsigned long long)first_seed);
	return 0;
}
