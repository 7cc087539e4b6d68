/* SPDX-License-Identifier: Apache-2.0 */
/* Simulated pods of one controller; see fleet.h. */
#include "sim/fleet.h"

#include <stdlib.h>

void sp_fleet_done(struct sp_fleet *f)
{
	for (uint32_t i = 0; i < f->n; i++) {
		sp_sim_free(f->pods[i]->sim);
		free(f->pods[i]);
	}
	free(f->pods);
	free(f->children);
	free(f->status);
	*f = (struct sp_fleet){0};
}

static int make_room(struct sp_fleet *f, struct sp_error *err)
{
	if (!f->pods)
		f->pods = calloc(SP_FLEET_MAX, sizeof(struct sp_fleet_pod *));
	if (!f->children)
		f->children = calloc(SP_FLEET_MAX, sizeof(*f->children));
	if (!f->status)
		f->status = calloc(1, sizeof(*f->status));
	if (!f->pods || !f->children || !f->status)
		return sp_fail(err, SP_E_NO_MEMORY, "simulate pods");
	if (f->n == SP_FLEET_MAX)
		return sp_fail(err, SP_E_UNSUPPORTED, "a simulation holds at most %d pods",
			       SP_FLEET_MAX);
	return 0;
}

int sp_fleet_add(struct sp_fleet *f, const struct sp_ctl_action *action, const char *name,
		 const struct sp_pod_spec *spec, const struct sp_sim_plan *plan, sp_time now,
		 struct sp_error *err)
{
	struct sp_fleet_pod *p;

	if (make_room(f, err) < 0)
		return -1;
	p = calloc(1, sizeof(*p));
	if (!p)
		return sp_fail(err, SP_E_NO_MEMORY, "simulate pods");
	p->spec = *spec;
	p->spec.name = name;
	p->plan = *plan;
	p->born = now;
	p->sim = sp_sim_new(&p->spec, &p->plan);
	if (!p->sim) {
		free(p);
		return sp_fail(err, SP_E_NO_MEMORY, "simulate pods");
	}
	f->children[f->n] = (struct sp_child){.name = name,
					      .created_at = now,
					      .ready_changed_at = now,
					      .index = action->index,
					      .index_failures = action->index_failures,
					      .index_ignored = action->index_ignored};
	f->pods[f->n++] = p;
	return 0;
}

static void observe(struct sp_fleet *f, uint32_t i)
{
	struct sp_fleet_pod *p = f->pods[i];

	sp_sim_status(p->sim, f->status);
	sp_child_observe(&p->spec, f->status, p->born, p->ctrs, &f->children[i]);
	f->children[i].gone = f->children[i].deleting && sp_sim_finished(p->sim);
}

void sp_fleet_delete(struct sp_fleet *f, uint32_t i, sp_time now)
{
	struct sp_child *c = &f->children[i];

	c->deleting = true;
	c->deleted_at = now;
	if (!sp_sim_finished(f->pods[i]->sim))
		sp_sim_delete(f->pods[i]->sim, -1);
	observe(f, i);
}

int sp_fleet_run(struct sp_fleet *f, sp_time now, struct sp_error *err)
{
	for (uint32_t i = 0; i < f->n; i++) {
		if (f->children[i].gone)
			continue;
		if (sp_sim_run(f->pods[i]->sim, now - f->pods[i]->born, err) < 0)
			return -1;
		observe(f, i);
	}
	return 0;
}

sp_time sp_fleet_next(const struct sp_fleet *f)
{
	sp_time next = SP_NEVER;

	for (uint32_t i = 0; i < f->n; i++)
		next = SP_MIN(next, sp_time_add(sp_sim_next(f->pods[i]->sim), f->pods[i]->born));
	return next;
}
