/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long stopping takes, who is cut short, and when a start gate gives up: asked of the pod core
 * itself, in virtual time, with the times that the model knows or assumes.
 */
#include "lint/lint_internal.h"

#include "sim/world.h"

#include <stdlib.h>

#define AMPLE_S 10000000 /* a grace period that nothing exceeds */

/* A pod whose containers all run at once: only its end is looked at. */
static bool build(const struct lpod *p, struct sp_pod_spec *spec, struct sp_sim_ctr **ret)
{
	struct sp_arena *a = &p->l->arena;
	static const struct sp_sim_run ends = {.exit_after = 0};
	struct sp_ctr_spec *ctrs;
	struct sp_sim_ctr *sim;
	struct sp_error err;

	if (!p->obj->defaulted || p->n > SP_CONTAINERS_MAX ||
	    sp_pod_spec_core(a, p->obj->defaulted_meta, p->obj->defaulted, p->minor, spec, &err) <
		    0)
		return false;
	ctrs = sp_arena_array(a, spec->n_ctrs, sizeof(*ctrs));
	sim = sp_arena_array(a, spec->n_ctrs, sizeof(*sim));
	if (!ctrs || !sim || spec->n_ctrs != p->n)
		return false;
	memcpy(ctrs, spec->ctrs, spec->n_ctrs * sizeof(*ctrs));
	for (uint32_t i = 0; i < p->n; i++) {
		const struct lctr *c = &p->c[i];

		memset(ctrs[i].probes, 0, sizeof(ctrs[i].probes));
		ctrs[i].post_start = (struct sp_hook_spec){0};
		sim[i] = (struct sp_sim_ctr){.sigterm_takes = c->stop_s * SP_SEC,
					     .image = {.present = true}};
		sim[i].hooks[SP_HOOK_PRE_STOP].takes = c->pre_s * SP_SEC;
		if (ctrs[i].role == SP_ROLE_INIT) {
			sim[i].runs = &ends;
			sim[i].n_runs = 1;
		}
	}
	spec->ctrs = ctrs;
	spec->active_deadline_s = -1;
	*ret = sim;
	return true;
}

/* When it was all over; from T0 in seconds, rounded up. -1: not at all. */
static int64_t stop(const struct lpod *p, struct sp_pod_spec *spec, const struct sp_sim_ctr *ctrs,
		    int64_t grace_s, struct sp_sim **ret)
{
	const struct sp_sim_stimulus del = {.at = SP_SEC, .kind = SP_SIM_DELETE, .grace_s = -1};
	const struct sp_sim_plan plan = {.ctrs = ctrs, .stimuli = &del, .n_stimuli = 1};
	struct sp_error err;
	struct sp_sim *s;
	int64_t end;

	spec->grace_s = grace_s;
	s = sp_sim_new(spec, &plan);
	*ret = s;
	if (!s) {
		p->l->no_memory = true;
		return -1;
	}
	if (sp_sim_run(s, (sp_time)AMPLE_S * SP_SEC, &err) < 0 || !sp_sim_finished(s))
		return -1;
	end = sp_sim_now(s) - SP_SEC;
	return (end + SP_SEC - 1) / SP_SEC;
}

static const struct lctr *first_killed(const struct lpod *p, const struct sp_sim *s)
{
	size_t n;
	const struct sp_sim_line *v = sp_sim_lines(s, &n);

	for (size_t i = 0; i < n; i++)
		if (v[i].kind == SP_SIM_FACT && v[i].act.fact == SP_FACT_SIGKILL &&
		    v[i].act.ctr < p->n)
			return &p->c[v[i].act.ctr];
	return NULL;
}

/* "app 45 + 5, fluent-bit 20": who takes how long, in the order of stopping. */
static const char *breakdown(const struct lpod *p)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf b = {0};
	const struct lctr *slowest = NULL;

	EACH_APP(p, c)
	{
		if (!slowest || c->pre_s + c->stop_s > slowest->pre_s + slowest->stop_s)
			slowest = c;
	}
	for (uint32_t turn = 0; turn <= p->n_init; turn++) {
		const struct lctr *c = turn == 0 ? slowest : &p->c[p->n_init - turn];

		if (!c || (turn && c->role != SP_ROLE_SIDECAR))
			continue;
		sp_buf_printf(&b, "%s%s ", b.len ? ", then " : "", c->name);
		if (c->pre_s)
			sp_buf_printf(&b, "%lld + ", (long long)c->pre_s);
		sp_buf_printf(&b, "%lld", (long long)c->stop_s);
		if (*c->stop_by == 'a' && c->stop_by[1] == 's')
			sp_buf_puts(&b, " (assumed)");
	}
	return say(p->l, "%s", b.ptr && !b.failed ? b.ptr : "");
}

/* What is left of the grace period when the turn of each comes, 2 s at least. */
static void read_budgets(struct lpod *p, const struct sp_sim *s)
{
	size_t n;
	const struct sp_sim_line *v = sp_sim_lines(s, &n);

	for (size_t i = 0; i < n; i++)
		if (v[i].kind == SP_SIM_FACT && v[i].act.fact == SP_FACT_SIGTERM &&
		    v[i].act.ctr < p->n && p->c[v[i].act.ctr].stop_budget_s < 0)
			p->c[v[i].act.ctr].stop_budget_s =
				SP_MAX((int64_t)2, p->grace_s - (v[i].at - SP_SEC) / SP_SEC);
}

static void simulate_stop(struct lpod *p)
{
	struct sp_pod_spec spec;
	struct sp_sim_ctr *ctrs;
	struct sp_sim *s = NULL;

	if (!build(p, &spec, &ctrs))
		return;
	p->needed_s = stop(p, &spec, ctrs, AMPLE_S / 4, &s);
	s = sp_sim_free(s);
	(void)stop(p, &spec, ctrs, p->grace_s, &s);
	if (s)
		read_budgets(p, s);
	if (s && p->needed_s > p->grace_s) {
		p->victim = first_killed(p, s);
		p->breakdown = breakdown(p);
	}
	sp_sim_free(s);
}

/* A sidecar with an app behind it, whose startup probe never succeeds: until it is killed for that.
 */
static int64_t gate_budget(const struct lpod *p, const struct sp_pod_spec *whole, uint32_t at)
{
	static const struct sp_sim_answers never = {.n = 0};
	const struct sp_sim_ctr sim[] = {
		{.probes[SP_PROBE_STARTUP] = {.v = &never, .n = 1}, .image = {.present = true}},
		{.image = {.present = true}}};
	const struct sp_sim_plan plan = {.ctrs = sim};
	struct sp_ctr_spec ctrs[] = {whole->ctrs[at], {.name = "app", .role = SP_ROLE_APP}};
	struct sp_pod_spec spec = *whole;
	sp_time start = -1, end = -1;
	const struct sp_sim_line *v;
	struct sp_error err;
	struct sp_sim *s;
	size_t n;

	ctrs[0].pre_stop = ctrs[0].post_start = (struct sp_hook_spec){0};
	spec.ctrs = ctrs;
	spec.n_init = 1;
	spec.n_ctrs = 2;
	spec.active_deadline_s = -1;
	s = sp_sim_new(&spec, &plan);
	if (!s) {
		p->l->no_memory = true;
		return -1;
	}
	(void)sp_sim_run(
		s, SP_MIN(lprobe_budget(p->c[at].probe[SP_PROBE_STARTUP]) + 5, 1000000) * SP_SEC,
		&err); /* what it did until then tells */
	v = sp_sim_lines(s, &n);
	for (size_t i = 0; i < n && end < 0; i++) {
		if (v[i].kind != SP_SIM_FACT)
			continue;
		if (v[i].act.fact == SP_FACT_START && start < 0)
			start = v[i].at;
		if (v[i].act.fact == SP_FACT_KILL)
			end = v[i].at;
	}
	sp_sim_free(s);
	return start >= 0 && end >= 0 ? (end - start + SP_SEC - 1) / SP_SEC : -1;
}

void lint_simulate(struct lpod *p)
{
	struct sp_pod_spec spec;
	struct sp_error err;
	bool built = false;

	if (p->n_sidecars == 0 && p->n_apps == 0)
		return;
	EACH_SIDECAR(p, c)
	{
		const struct sp_k_probe *g = c->probe[SP_PROBE_STARTUP];

		if (!g || !p->obj->defaulted || p->n > SP_CONTAINERS_MAX ||
		    lprobe_budget(g) > 100000)
			continue;
		if (!built && sp_pod_spec_core(&p->l->arena, p->obj->defaulted_meta,
					       p->obj->defaulted, p->minor, &spec, &err) < 0)
			break;
		built = true;
		c->budget_s = gate_budget(p, &spec, c->at);
	}
	simulate_stop(p);
}
