/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arithmetic of resources (section 17): what a pod with sidecars asks for, its QoS class, the
 * values of its cgroups and its OOM scores.
 */
#include "core/resources.h"

static const char *const qos_names[] = {"Guaranteed", "Burstable", "BestEffort"};
_Static_assert(SP_ARRAY_LEN(qos_names) == SP_QOS_BEST_EFFORT + 1, "a name for each class");

const char *sp_qos_name(enum sp_qos qos)
{
	return qos_names[qos];
}

static int64_t add(int64_t a, int64_t b)
{
	int64_t r;

	return __builtin_add_overflow(a, b, &r) ? INT64_MAX : r;
}

static int64_t or_zero(int64_t v)
{
	return v == SP_RES_UNSET ? 0 : v;
}

static bool positive(int64_t v)
{
	return v != SP_RES_UNSET && v > 0;
}

static int64_t value(const struct sp_res_values *v, enum sp_res r, bool limit)
{
	return or_zero(limit ? v->lim[r] : v->req[r]);
}

/* RES-2 over the containers alone. */
static int64_t aggregate(const struct sp_res_pod *p, enum sp_res r, bool limit,
			 enum sp_res_term *term, uint16_t *at)
{
	int64_t sidecars = 0, peak = 0, run = 0;
	uint16_t peak_at = 0;

	for (uint16_t i = 0; i < p->n_init; i++) {
		int64_t v = value(&p->ctrs[i], r, limit), here;

		if (p->roles[i] == SP_ROLE_SIDECAR)
			here = sidecars = add(sidecars, v);
		else
			here = add(v, sidecars);
		if (here > peak) {
			peak = here;
			peak_at = i;
		}
	}
	for (uint16_t i = p->n_init; i < p->n_ctrs; i++)
		run = add(run, value(&p->ctrs[i], r, limit));
	run = add(run, sidecars);
	if (term)
		*term = peak > run ? SP_TERM_INIT : SP_TERM_RUNNING;
	if (at)
		*at = peak_at;
	return SP_MAX(peak, run);
}

int64_t sp_res_request(const struct sp_res_pod *p, enum sp_res r, enum sp_res_term *term,
		       uint16_t *at)
{
	int64_t v = aggregate(p, r, false, term, at);

	if (p->pod.req[r] != SP_RES_UNSET) {
		v = p->pod.req[r];
		if (term)
			*term = SP_TERM_POD_LEVEL;
	}
	return add(v, p->overhead[r]);
}

int64_t sp_res_limit(const struct sp_res_pod *p, enum sp_res r, enum sp_res_term *term,
		     uint16_t *at)
{
	int64_t v = aggregate(p, r, true, term, at);

	if (p->pod.lim[r] != SP_RES_UNSET) {
		v = p->pod.lim[r];
		if (term)
			*term = SP_TERM_POD_LEVEL;
	}
	return v ? add(v, p->overhead[r]) : 0; /* RES-3 */
}

/* CG-3: a sidecar without a limit passes behind one that has a limit */
bool sp_res_limit_declared(const struct sp_res_pod *p, enum sp_res r)
{
	int64_t sidecars = 0;

	if (positive(p->pod.lim[r]))
		return true;
	for (uint16_t i = 0; i < p->n_ctrs; i++) {
		int64_t v = value(&p->ctrs[i], r, true);

		if (i < p->n_init) {
			if (p->roles[i] == SP_ROLE_SIDECAR)
				v = sidecars = add(sidecars, v);
			else
				v = add(v, sidecars);
		}
		if (v <= 0)
			return false;
	}
	return true;
}

/* ---- QoS class ------------------------------------------------------------------------------- */

/* QOS-1 over @n values: all of them count together, each one needs its limits. */
static enum sp_qos qos(const struct sp_res_values *v, uint16_t n)
{
	static const enum sp_res kinds[] = {SP_RES_CPU, SP_RES_MEMORY};
	bool any = false, guaranteed = true;

	for (size_t k = 0; k < SP_ARRAY_LEN(kinds); k++) {
		enum sp_res r = kinds[k];
		int64_t req = 0, lim = 0;

		for (uint16_t i = 0; i < n; i++) {
			if (positive(v[i].req[r]))
				req = add(req, v[i].req[r]);
			if (positive(v[i].lim[r]))
				lim = add(lim, v[i].lim[r]);
			else
				guaranteed = false;
		}
		any |= req > 0 || lim > 0;
		if (req != lim)
			guaranteed = false;
	}
	if (!any)
		return SP_QOS_BEST_EFFORT;
	return guaranteed ? SP_QOS_GUARANTEED : SP_QOS_BURSTABLE;
}

enum sp_qos sp_res_qos(const struct sp_res_pod *p)
{
	for (int r = 0; r < SP_RES_KINDS; r++)
		if (p->pod.req[r] != SP_RES_UNSET || p->pod.lim[r] != SP_RES_UNSET)
			return qos(&p->pod, 1);
	return qos(p->ctrs, p->n_ctrs);
}

/* ---- cgroup values --------------------------------------------------------------------------- */

enum { SHARES_MIN = 2, SHARES_MAX = 262144, QUOTA_MIN_US = 1000, PERIOD_US = 100000 };

uint64_t sp_cg_shares(int64_t milli)
{
	if (milli <= 0)
		return SHARES_MIN;
	if (milli >= (int64_t)SHARES_MAX * 1000 / 1024)
		return SHARES_MAX;
	return SP_MAX((uint64_t)milli * 1024 / 1000, (uint64_t)SHARES_MIN);
}

int64_t sp_cg_quota_us(int64_t milli, int64_t period_us)
{
	int64_t us;

	if (milli <= 0)
		return -1;
	if (__builtin_mul_overflow(milli, period_us, &us))
		us = INT64_MAX;
	return SP_MAX(us / 1000, QUOTA_MIN_US);
}

uint64_t sp_cg_weight_pod(uint64_t shares)
{
	if (shares <= SHARES_MIN)
		return 1;
	if (shares >= SHARES_MAX)
		return 10000;
	return 1 + (shares - 2) * 9999 / 262142;
}

/*
 * Fixed point with 40 binary digits for CG-23. Its errors stay below 2^-30; the formula meets
 * whole numbers only at powers of two, where rounding must not lift the result to the next one.
 */
#define FIX_BITS 40
#define FIX_ONE  ((__int128)1 << FIX_BITS)

static __int128 fix_mul(__int128 a, __int128 b)
{
	return (a * b) >> FIX_BITS;
}

/* Digit by digit: squaring doubles the logarithm. */
static __int128 fix_log2(uint64_t v)
{
	int whole = 63 - __builtin_clzll(v);
	__int128 m = ((__int128)v << FIX_BITS) >> whole, r = (__int128)whole << FIX_BITS;

	for (int i = 1; i <= FIX_BITS; i++) {
		m = fix_mul(m, m);
		if (m >= 2 * FIX_ONE) {
			m >>= 1;
			r += FIX_ONE >> i;
		}
	}
	return r;
}

/* e^x for small x >= 0 by its series. */
static __int128 fix_exp(__int128 x)
{
	__int128 term = FIX_ONE, sum = FIX_ONE;

	for (int n = 1; n < 64 && term; n++) {
		term = fix_mul(term, x) / n;
		sum += term;
	}
	return sum;
}

uint64_t sp_cg_weight_container(uint64_t shares)
{
	const __int128 ln10 = (__int128)2531719083691; /* ln 10 · 2^40 */
	__int128 l, x;

	if (shares <= SHARES_MIN)
		return 1;
	if (shares >= SHARES_MAX)
		return 10000;
	l = fix_log2(shares);
	x = (fix_mul(l, l) + 125 * l) / 612 - 7 * FIX_ONE / 34;
	x = fix_exp(fix_mul(x, ln10));
	return (uint64_t)((x + FIX_ONE - 1 - (FIX_ONE >> 20)) >> FIX_BITS);
}

void sp_cg_pod_values(const struct sp_res_pod *p, struct sp_cg_values *ret)
{
	enum sp_qos class = sp_res_qos(p);
	bool always = class == SP_QOS_GUARANTEED;

	*ret = (struct sp_cg_values){
		.cpu_shares = SHARES_MIN,
		.cpu_quota_us = -1,
		.cpu_period_us = PERIOD_US,
		.memory_bytes = -1,
	};
	if (class != SP_QOS_BEST_EFFORT) /* CG-1 */
		ret->cpu_shares = sp_cg_shares(sp_res_request(p, SP_RES_CPU, NULL, NULL));
	if (always || sp_res_limit_declared(p, SP_RES_CPU)) /* CG-2 */
		ret->cpu_quota_us =
			sp_cg_quota_us(sp_res_limit(p, SP_RES_CPU, NULL, NULL), PERIOD_US);
	if (always || sp_res_limit_declared(p, SP_RES_MEMORY)) /* CG-4 */
		ret->memory_bytes = sp_res_limit(p, SP_RES_MEMORY, NULL, NULL);
	for (uint16_t i = 0; i < p->n_huge; i++) /* CG-7 */
		ret->huge[ret->n_huge++] = (struct sp_cg_huge){
			p->huge[i], sp_res_request(p, (enum sp_res)(SP_RES_HUGE + i), NULL, NULL)};
}

void sp_cg_ctr_values(const struct sp_res_pod *p, uint16_t ctr, struct sp_cg_values *ret)
{
	const struct sp_res_values *v = &p->ctrs[ctr];
	int64_t cpu = v->req[SP_RES_CPU];

	if (cpu == SP_RES_UNSET)
		cpu = or_zero(v->lim[SP_RES_CPU]); /* CG-1 */
	*ret = (struct sp_cg_values){
		.cpu_shares = sp_cg_shares(cpu),
		.cpu_quota_us = sp_cg_quota_us(or_zero(v->lim[SP_RES_CPU]), PERIOD_US),
		.cpu_period_us = PERIOD_US,
		.memory_bytes = -1,
	};
	if (positive(v->lim[SP_RES_MEMORY]))
		ret->memory_bytes = v->lim[SP_RES_MEMORY];
	else if (positive(p->pod.lim[SP_RES_MEMORY]))
		ret->memory_bytes = p->pod.lim[SP_RES_MEMORY];
	for (uint16_t i = 0; i < p->n_huge; i++) { /* CG-7 */
		int64_t own = v->lim[SP_RES_HUGE + i];

		ret->huge[ret->n_huge++] = (struct sp_cg_huge){
			p->huge[i],
			or_zero(own != SP_RES_UNSET ? own : p->pod.lim[SP_RES_HUGE + i])};
	}
}

int64_t sp_cg_huge_bytes(const struct sp_cg_values *v, int64_t page_bytes)
{
	for (uint16_t i = 0; i < v->n_huge; i++)
		if (v->huge[i].page_bytes == page_bytes)
			return v->huge[i].bytes;
	return 0;
}

/* ---- OOM score ------------------------------------------------------------------------------- */

static int64_t score(int64_t request, int64_t machine_bytes)
{
	return 1000 - (int64_t)((__int128)1000 * request / machine_bytes);
}

int sp_oom_score_adj(const struct sp_res_pod *p, uint16_t ctr, int64_t machine_bytes)
{
	int64_t extra = 0, adj;

	switch (sp_res_qos(p)) { /* OOM-1 */
	case SP_QOS_GUARANTEED:
		return -997;
	case SP_QOS_BEST_EFFORT:
		return 1000;
	case SP_QOS_BURSTABLE:
		break;
	}
	if (machine_bytes <= 0)
		return 999;
	if (p->pod.req[SP_RES_MEMORY] != SP_RES_UNSET)
		extra = (p->pod.req[SP_RES_MEMORY] -
			 aggregate(p, SP_RES_MEMORY, false, NULL, NULL)) /
			p->n_ctrs;
	adj = score(add(value(&p->ctrs[ctr], SP_RES_MEMORY, false), extra), machine_bytes);
	if (p->roles[ctr] == SP_ROLE_SIDECAR) { /* OOM-3 */
		int64_t least = INT64_MAX;

		for (uint16_t i = p->n_init; i < p->n_ctrs; i++)
			least = SP_MIN(least, value(&p->ctrs[i], SP_RES_MEMORY, false));
		adj = SP_MIN(adj, score(add(least, extra), machine_bytes));
	}
	if (adj < 3)
		adj = 3;
	return adj == 1000 ? 999 : (int)adj;
}
