/* SPDX-License-Identifier: Apache-2.0 */
/* A simulation as a scenario file: what it was told, and what it showed as expectations. */
#include "sim/what.h"

#include <stdlib.h>

/* Facts that are expected at their time; probes and conditions would only make the file long. */
static bool is_expected(const struct sp_sim_line *l)
{
	static const enum sp_fact facts[] = {
		SP_FACT_START,           SP_FACT_STARTED,       SP_FACT_READY,
		SP_FACT_NOTREADY,        SP_FACT_EXIT,          SP_FACT_KILL,
		SP_FACT_SIGTERM,         SP_FACT_SIGKILL,       SP_FACT_PRESTOP_BEGIN,
		SP_FACT_PRESTOP_END,     SP_FACT_BACKOFF,       SP_FACT_PULLFAIL,
		SP_FACT_STARTERROR,      SP_FACT_POSTSTART_END, SP_FACT_POD_DEADLINE,
		SP_FACT_POD_TERMINATING, SP_FACT_POD_FINISHED,
	};

	for (size_t i = 0; l->kind == SP_SIM_FACT && i < SP_ARRAY_LEN(facts); i++)
		if (l->act.fact == facts[i])
			return true;
	return false;
}

static struct sp_node *number(struct sp_arena *a, sp_time t)
{
	struct sp_node *n = sp_node_new(a, SP_NODE_FLOAT);

	if (!n)
		return NULL;
	n->f = (double)t / (double)SP_SEC;
	n->text = sp_arena_printf(a, "%.9g", n->f);
	n->len = n->text ? strlen(n->text) : 0;
	return n->text ? n : NULL;
}

static int expect_times(struct sp_arena *a, const struct sp_sim *sim, struct sp_node *at)
{
	const struct sp_pod_spec *spec = sp_sim_spec(sim);
	size_t n;
	const struct sp_sim_line *v = sp_sim_lines(sim, &n);

	for (size_t i = 0; i < n; i++) {
		const struct sp_action *act = &v[i].act;
		char mem[160];
		struct sp_buf b = sp_buf_fixed(mem, sizeof(mem));
		const char *key;
		struct sp_node *time;

		if (!is_expected(&v[i]))
			continue;
		if (act->ctr != SP_NO_CTR)
			sp_buf_puts(&b, spec->ctrs[act->ctr].name);
		if (act->ctr != SP_NO_CTR && act->attempt)
			sp_buf_printf(&b, "#%u", act->attempt);
		if (act->ctr != SP_NO_CTR)
			sp_buf_putc(&b, '.');
		sp_fact_print(act, &b);
		if (b.failed || sp_node_get(at, mem)) /* the first of its name stands for it */
			continue;
		key = sp_arena_strdup(a, mem);
		time = number(a, v[i].at);
		if (!key || !time || sp_node_set(a, at, key, time) < 0)
			return -1;
	}
	return 0;
}

static int add_expect(struct sp_arena *a, const struct sp_sim *sim, struct sp_node *entry)
{
	struct sp_node *expect = sp_node_new(a, SP_NODE_MAP), *at = sp_node_new(a, SP_NODE_MAP);
	struct sp_node *final = sp_node_new(a, SP_NODE_MAP);
	struct sp_node *horizon = number(a, sp_sim_now(sim));
	struct sp_pod_status *st = calloc(1, sizeof(*st));
	int r = -1;

	if (st && expect && at && final && horizon) {
		sp_sim_status(sim, st);
		r = sp_node_set(a, final, "phase", sp_node_new_str(a, sp_phase_name(st->phase)));
	}
	free(st);
	if (r < 0 || expect_times(a, sim, at) < 0 ||
	    sp_node_set(a, expect, "horizon", horizon) < 0 ||
	    sp_node_set(a, expect, "at", at) < 0 || sp_node_set(a, expect, "final", final) < 0)
		return -1;
	return sp_node_set(a, entry, "expect", expect);
}

int sp_what_print(const struct sp_what *w, const struct sp_sim *sim, struct sp_buf *out,
		  struct sp_error *err)
{
	struct sp_node *entry = sp_node_clone(w->arena, w->entry);
	struct sp_node *doc = sp_node_new(w->arena, SP_NODE_MAP);
	struct sp_node *list = sp_node_new(w->arena, SP_NODE_LIST);

	if (!entry || !doc || !list || add_expect(w->arena, sim, entry) < 0 ||
	    sp_node_push(w->arena, list, entry) < 0 ||
	    sp_node_set(w->arena, doc, "scenarios", list) < 0)
		return sp_fail(err, SP_E_NO_MEMORY, "print a scenario");
	sp_node_yaml(doc, out);
	return out->failed ? sp_fail(err, SP_E_NO_MEMORY, "print a scenario") : 0;
}
