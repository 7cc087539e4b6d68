/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How close to each other the instants of a scenario are. Made shorter by a time scale they may be
 * nearer than a real machine can keep apart.
 */
#include "conform/conform_internal.h"

#include <stdlib.h>

static int ascending(const void *a, const void *b)
{
	const sp_time *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

int conform_finest(struct conform_run *r, sp_time *ret)
{
	const struct sp_happened *h = &r->simulated;
	const struct sp_sim_plan *plan = &r->pod.plan;
	size_t n = 0, max = h->n + plan->n_stimuli + r->times.n_looks;
	sp_time *v = sp_arena_array(&r->arena, max + 1, sizeof(*v));

	if (!v)
		return -1;
	for (size_t i = 0; i < h->n; i++)
		v[n++] = h->lines[i].at;
	for (uint32_t i = 0; i < plan->n_stimuli; i++)
		v[n++] = plan->stimuli[i].at;
	for (uint32_t i = 0; i < r->times.n_looks; i++)
		v[n++] = r->times.looks[i];
	qsort(v, n, sizeof(*v), ascending);
	*ret = SP_NEVER;
	for (size_t i = 1; i < n; i++)
		if (v[i] > v[i - 1])
			*ret = SP_MIN(*ret, v[i] - v[i - 1]);
	return 0;
}

int conform_cut(struct conform_run *r, struct sp_error *err)
{
	sp_time horizon = r->times.horizon;
	sp_time late = r->w->options->tolerance * r->w->options->time_scale;
	struct sp_sim *sim = sp_sim_new(&r->pod.spec, &r->pod.plan);
	struct sp_happened h = {0};
	int ret = sim ? sp_sim_run(sim, sp_time_add(horizon, 2 * late), err)
		      : sp_fail(err, SP_E_NO_MEMORY, "scenario %s", r->scenario->id);

	if (ret == 0 && sp_happened_read(&r->arena, sim, &h) < 0)
		ret = sp_fail(err, SP_E_NO_MEMORY, "scenario %s", r->scenario->id);
	for (size_t i = 0; i < h.n; i++)
		if (h.lines[i].at > horizon)
			late = SP_MIN(late, (h.lines[i].at - horizon) / 2);
	r->cut = sp_time_add(horizon, late);
	sp_sim_free(sim);
	return ret;
}
