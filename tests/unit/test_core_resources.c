/* SPDX-License-Identifier: Apache-2.0 */
/* Arithmetic of resources (section 17): every example of the rules, as tables. */
#include "cmocka_all.h"

#include "core/resources.h"

#define GI ((int64_t)1 << 30)
#define N  SP_RES_UNSET

struct item {
	char role; /* 'i', 's', 'r'; 0 ends the list */
	int64_t cpu, memory, cpu_lim, memory_lim;
};

static struct sp_res_pod make(const struct item *items)
{
	struct sp_res_pod p = {0};

	for (int r = 0; r < SP_RES_ALL; r++)
		p.pod.req[r] = p.pod.lim[r] = SP_RES_UNSET;
	for (; items->role; items++) {
		struct sp_res_values *v = &p.ctrs[p.n_ctrs];

		for (int r = 0; r < SP_RES_ALL; r++)
			v->req[r] = v->lim[r] = SP_RES_UNSET;
		v->req[SP_RES_CPU] = items->cpu;
		v->req[SP_RES_MEMORY] = items->memory;
		v->lim[SP_RES_CPU] = items->cpu_lim;
		v->lim[SP_RES_MEMORY] = items->memory_lim;
		p.roles[p.n_ctrs] = items->role == 'i'   ? SP_ROLE_INIT
				    : items->role == 's' ? SP_ROLE_SIDECAR
							 : SP_ROLE_APP;
		p.n_init += items->role != 'r';
		p.n_ctrs++;
	}
	return p;
}

#define CPU(r, m)                                                                                  \
	{                                                                                          \
		r, m, N, N, N                                                                      \
	}

/* RES-1, RES-2 */
static void test_requests(void **state)
{
	static const struct {
		struct item items[6];
		int64_t overhead, expect;
		enum sp_res_term term;
		uint16_t at;
	} cases[] = {
		{{CPU('i', 500), CPU('r', 200)}, 0, 500, SP_TERM_INIT, 0},
		{{CPU('i', 500), CPU('s', 100), CPU('r', 200)}, 0, 500, SP_TERM_INIT, 0},
		{{CPU('s', 100), CPU('i', 500), CPU('r', 200)}, 0, 600, SP_TERM_INIT, 1},
		{{CPU('s', 100), CPU('i', 500), CPU('s', 300), CPU('r', 200)},
		 0,
		 600,
		 SP_TERM_RUNNING,
		 1},
		{{CPU('s', 100), CPU('i', 500), CPU('s', 300), CPU('r', 250)},
		 0,
		 650,
		 SP_TERM_RUNNING,
		 1},
		{{CPU('i', 1000), CPU('s', 200), CPU('i', 700), CPU('r', 300), CPU('r', 300)},
		 50,
		 1050,
		 SP_TERM_INIT,
		 0},
		{{CPU('s', 0), CPU('i', 300), CPU('r', 0)}, 0, 300, SP_TERM_INIT, 1},
		{{CPU('r', 100), CPU('r', 250)}, 0, 350, SP_TERM_RUNNING, 0},
		{{CPU('r', N)}, 7, 7, SP_TERM_RUNNING, 0},
	};

	for (size_t i = 0; i < SP_ARRAY_LEN(cases); i++) {
		struct sp_res_pod p = make(cases[i].items);
		enum sp_res_term term;
		uint16_t at;

		p.overhead[SP_RES_CPU] = cases[i].overhead;
		assert_int_equal(sp_res_request(&p, SP_RES_CPU, &term, &at), cases[i].expect);
		assert_int_equal(term, cases[i].term);
		if (term == SP_TERM_INIT)
			assert_int_equal(at, cases[i].at);
		p.pod.req[SP_RES_CPU] = 4000;
		assert_int_equal(sp_res_request(&p, SP_RES_CPU, &term, NULL),
				 4000 + cases[i].overhead);
		assert_int_equal(term, SP_TERM_POD_LEVEL);
	}
}

/* RES-3, CG-3: overhead only on a limit that is there; who counts as declared */
static void test_limits(void **state)
{
	static const struct item unlimited[] = {{'r', 100, N, N, N}, {0}};
	static const struct item behind[] = {
		{'s', N, N, 100, N}, {'s', N, N, N, N}, {'r', N, N, 200, N}, {0}};
	static const struct item before[] = {
		{'s', N, N, N, N}, {'s', N, N, 100, N}, {'r', N, N, 200, N}, {0}};
	struct sp_res_pod p = make(unlimited);

	p.overhead[SP_RES_CPU] = 50;
	assert_int_equal(sp_res_limit(&p, SP_RES_CPU, NULL, NULL), 0);
	assert_false(sp_res_limit_declared(&p, SP_RES_CPU));
	p.pod.lim[SP_RES_CPU] = 500;
	assert_int_equal(sp_res_limit(&p, SP_RES_CPU, NULL, NULL), 550);
	assert_true(sp_res_limit_declared(&p, SP_RES_CPU));
	p = make(behind);
	assert_true(sp_res_limit_declared(&p, SP_RES_CPU));
	assert_int_equal(sp_res_limit(&p, SP_RES_CPU, NULL, NULL), 300);
	p = make(before);
	assert_false(sp_res_limit_declared(&p, SP_RES_CPU));
}

/* QOS-1, QOS-2 */
static void test_qos(void **state)
{
	static const struct {
		struct item items[4];
		enum sp_qos expect;
	} cases[] = {
		{{{'r', N, N, N, N}}, SP_QOS_BEST_EFFORT},
		{{{'r', 100, N, N, N}}, SP_QOS_BURSTABLE},
		{{{'r', 100, 64, 100, 64}}, SP_QOS_GUARANTEED},
		{{{'r', 100, 64, 100, 64}, {'r', N, N, N, N}}, SP_QOS_BURSTABLE},
		{{{'s', 50, 32, 50, 32}, {'r', 100, 64, 100, 64}}, SP_QOS_GUARANTEED},
		{{{'s', N, N, N, N}, {'r', 100, 64, 100, 64}}, SP_QOS_BURSTABLE},
		{{{'i', N, N, N, N}, {'r', 100, 64, 100, 64}}, SP_QOS_BURSTABLE},
		{{{'r', 0, N, N, N}}, SP_QOS_BEST_EFFORT},
		{{{'r', 50, 64, 100, 64}}, SP_QOS_BURSTABLE},
		{{{'r', 100, N, 100, N}}, SP_QOS_BURSTABLE},
	};
	struct sp_res_pod p;

	for (size_t i = 0; i < SP_ARRAY_LEN(cases); i++) {
		p = make(cases[i].items);
		assert_int_equal(sp_res_qos(&p), cases[i].expect);
	}
	/* pod-level values alone decide when there are any */
	p = make(cases[0].items);
	p.pod.req[SP_RES_CPU] = p.pod.lim[SP_RES_CPU] = 1000;
	p.pod.req[SP_RES_MEMORY] = p.pod.lim[SP_RES_MEMORY] = GI;
	assert_string_equal(sp_qos_name(sp_res_qos(&p)), "Guaranteed");
}

/* CG-20, CG-21, CG-22, CG-23 */
static void test_cgroup_formulas(void **state)
{
	static const struct {
		int64_t milli;
		uint64_t shares;
		int64_t quota;
		uint64_t pod, ctr;
	} cases[] = {
		{0, 2, -1, 1, 1},
		{1, 2, 1000, 1, 1},
		{5, 5, 1000, 1, 2},
		{100, 102, 10000, 4, 17},
		{500, 512, 50000, 20, 59},
		{1000, 1024, 100000, 39, 100},
		{2000, 2048, 200000, 79, 174},
		{256000, 262144, 25600000, 10000, 10000},
		{10000000, 262144, 1000000000, 10000, 10000},
	};

	for (size_t i = 0; i < SP_ARRAY_LEN(cases); i++) {
		assert_int_equal(sp_cg_shares(cases[i].milli), cases[i].shares);
		assert_int_equal(sp_cg_quota_us(cases[i].milli, 100000), cases[i].quota);
		assert_int_equal(sp_cg_weight_pod(cases[i].shares), cases[i].pod);
		assert_int_equal(sp_cg_weight_container(cases[i].shares), cases[i].ctr);
	}
	for (uint64_t s = 2; s < 262144; s++) /* never smaller for more shares */
		assert_true(sp_cg_weight_container(s) <= sp_cg_weight_container(s + 1));
}

/* CG-1, CG-2, CG-4 */
static void test_cgroup_values(void **state)
{
	static const struct item burstable[] = {
		{'s', 100, GI, N, N}, {'r', N, N, 500, 2 * GI}, {0}};
	static const struct item guaranteed[] = {{'r', 500, GI, 500, GI}, {0}};
	static const struct item best_effort[] = {{'r', N, N, N, N}, {0}};
	struct sp_cg_values v;
	struct sp_res_pod p = make(burstable);

	sp_cg_pod_values(&p, &v);
	assert_int_equal(v.cpu_shares, 102);
	assert_int_equal(v.cpu_quota_us, -1);
	assert_int_equal(v.memory_bytes, -1);
	sp_cg_ctr_values(&p, 1, &v);
	assert_int_equal(v.cpu_shares, 512);
	assert_int_equal(v.cpu_quota_us, 50000);
	assert_int_equal(v.memory_bytes, 2 * GI);
	sp_cg_ctr_values(&p, 0, &v);
	assert_int_equal(v.memory_bytes, -1);
	p.pod.lim[SP_RES_MEMORY] = 3 * GI;
	sp_cg_ctr_values(&p, 0, &v);
	assert_int_equal(v.memory_bytes, 3 * GI);
	p = make(guaranteed);
	sp_cg_pod_values(&p, &v);
	assert_int_equal(v.cpu_shares, 512);
	assert_int_equal(v.cpu_quota_us, 50000);
	assert_int_equal(v.memory_bytes, GI);
	p = make(best_effort);
	sp_cg_pod_values(&p, &v);
	assert_int_equal(v.cpu_shares, 2);
}

/* CG-7: the pod gets what its containers request at once, a container its own limit, else the
 * pod's; pages of other sizes nobody gets. */
static void test_huge_pages(void **state)
{
	static const struct item items[] = {
		{'i', N, N, N, N}, {'s', N, N, N, N}, {'r', N, N, N, N}, {'r', N, N, N, N}, {0}};
	const int64_t small = 2 << 20;
	struct sp_res_pod p = make(items);
	struct sp_cg_values v;

	sp_cg_pod_values(&p, &v);
	assert_int_equal(v.n_huge, 0);
	assert_int_equal(sp_cg_huge_bytes(&v, small), 0);
	p.n_huge = 2;
	p.huge[0] = small;
	p.huge[1] = GI;
	for (int i = 0; i < 3; i++) /* init 3 pages, sidecar 1, app 1 */
		p.ctrs[i].req[SP_RES_HUGE] = p.ctrs[i].lim[SP_RES_HUGE] = small * (i == 0 ? 3 : 1);
	p.ctrs[3].req[SP_RES_HUGE + 1] = p.ctrs[3].lim[SP_RES_HUGE + 1] = GI;
	sp_cg_pod_values(&p, &v);
	assert_int_equal(sp_cg_huge_bytes(&v, small), 3 * small);
	assert_int_equal(sp_cg_huge_bytes(&v, GI), GI);
	assert_int_equal(sp_cg_huge_bytes(&v, 64 << 10), 0);
	sp_cg_ctr_values(&p, 2, &v);
	assert_int_equal(sp_cg_huge_bytes(&v, small), small);
	assert_int_equal(sp_cg_huge_bytes(&v, GI), 0);
	p.pod.req[SP_RES_HUGE] = p.pod.lim[SP_RES_HUGE] = 8 * small;
	sp_cg_pod_values(&p, &v);
	assert_int_equal(sp_cg_huge_bytes(&v, small), 8 * small);
	sp_cg_ctr_values(&p, 2, &v);
	assert_int_equal(sp_cg_huge_bytes(&v, small), small);
	sp_cg_ctr_values(&p, 3, &v);
	assert_int_equal(sp_cg_huge_bytes(&v, small), 8 * small);
	assert_int_equal(sp_cg_huge_bytes(&v, GI), GI);
	assert_int_equal(sp_res_qos(&p), SP_QOS_BEST_EFFORT); /* only cpu and memory count */
}

/* OOM-1, OOM-2, OOM-3, OOM-4 */
static void test_oom(void **state)
{
	static const struct {
		struct item items[4];
		uint16_t ctr;
		int expect;
	} cases[] = {
		{{{'r', 100, GI, 100, GI}}, 0, -997},
		{{{'r', N, N, N, N}}, 0, 1000},
		{{{'r', N, GI, N, N}}, 0, 875},
		{{{'r', 100, N, N, N}}, 0, 999},
		{{{'s', N, N, N, N}, {'r', N, 2 * GI, N, N}, {'r', N, GI, N, N}}, 0, 875},
		{{{'s', N, 4 * GI, N, N}, {'r', N, 2 * GI, N, N}}, 0, 500},
		{{{'s', N, GI, N, N}, {'r', N, 4 * GI, N, N}, {'r', N, N, N, N}}, 0, 875},
		{{{'i', N, N, N, N}, {'r', N, 2 * GI, N, N}}, 0, 999},
		{{{'r', N, 8 * GI, N, N}}, 0, 3},
	};
	struct sp_res_pod p;

	for (size_t i = 0; i < SP_ARRAY_LEN(cases); i++) {
		p = make(cases[i].items);
		assert_int_equal(sp_oom_score_adj(&p, cases[i].ctr, 8 * GI), cases[i].expect);
	}
	/* what the pod asks for beyond its containers is shared out equally */
	p = make(cases[4].items);
	p.pod.req[SP_RES_MEMORY] = 6 * GI;
	assert_int_equal(sp_oom_score_adj(&p, 1, 8 * GI), 1000 - 375);
	assert_int_equal(sp_oom_score_adj(&p, 1, 0), 999);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_requests),      cmocka_unit_test(test_limits),
		cmocka_unit_test(test_qos),           cmocka_unit_test(test_cgroup_formulas),
		cmocka_unit_test(test_cgroup_values), cmocka_unit_test(test_oom),
		cmocka_unit_test(test_huge_pages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
