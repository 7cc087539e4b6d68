/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Probe workers (section 8): when a probe is due, how outcomes are counted, what a result is. What
 * a result causes is decided in start.c.
 */
#include "core/pod_internal.h"

static const char *const titles[] = {"Startup", "Readiness", "Liveness"};
_Static_assert(SP_ARRAY_LEN(titles) == SP_PROBES, "a title for each probe");

/* PROBE-1, PROBE-2: every instance begins with fresh workers */
void sp_probes_reset(struct sp_step *s, uint16_t i)
{
	static const uint8_t initial[SP_PROBES] = {
		[SP_PROBE_STARTUP] = SP_RESULT_UNKNOWN,
		[SP_PROBE_READINESS] = SP_RESULT_FAILURE,
		[SP_PROBE_LIVENESS] = SP_RESULT_SUCCESS,
	};

	for (int k = 0; k < SP_PROBES; k++)
		s->pod->ctrs[i].workers[k] = (struct sp_worker){.result = initial[k]};
}

void sp_probes_stop(struct sp_ctr *c, bool readiness_too)
{
	for (int k = 0; k < SP_PROBES; k++)
		if (k != SP_PROBE_READINESS || readiness_too)
			c->workers[k].on = c->workers[k].in_flight = false;
}

static sp_time period(const struct sp_probe_spec *p)
{
	return SP_MAX(p->period_s, 1) * SP_SEC;
}

/* PROBE-3: not before S + initialDelaySeconds, not before @gate */
static void worker_begin(struct sp_step *s, uint16_t i, enum sp_probe_kind kind)
{
	struct sp_ctr *c = &s->pod->ctrs[i];
	const struct sp_probe_spec *p = &sp_spec(s, i)->probes[kind];

	if (!p->set || sp_spec(s, i)->role == SP_ROLE_INIT)
		return;
	c->workers[kind].on = true;
	c->workers[kind].next =
		SP_MAX(sp_time_add(c->cur.started_at, p->initial_delay_s * SP_SEC), s->now);
	s->again = true;
}

/* sp_probes_visible() - The instance became visibly running; PROBE-5 gates the other two */
void sp_probes_visible(struct sp_step *s, uint16_t i)
{
	if (sp_spec(s, i)->probes[SP_PROBE_STARTUP].set && sp_spec(s, i)->role != SP_ROLE_INIT) {
		worker_begin(s, i, SP_PROBE_STARTUP);
		return;
	}
	worker_begin(s, i, SP_PROBE_READINESS);
	worker_begin(s, i, SP_PROBE_LIVENESS);
}

static void probe_run(struct sp_step *s, uint16_t i, enum sp_probe_kind kind)
{
	sp_act_ctr(s, SP_ACT_PROBE_RUN, i, s->pod->ctrs[i].cur.attempt)->probe = kind;
}

/* sp_probes_tick() - Run what is due; missed ticks but one are dropped (PROBE-4) */
void sp_probes_tick(struct sp_step *s, uint16_t i)
{
	struct sp_ctr *c = &s->pod->ctrs[i];

	for (int k = 0; k < SP_PROBES; k++) {
		struct sp_worker *w = &c->workers[k];
		sp_time p;

		if (!w->on || w->in_flight || s->now < w->next)
			continue;
		p = period(&sp_spec(s, i)->probes[k]);
		w->next = sp_time_add(w->next, ((s->now - w->next) / p + 1) * p);
		w->in_flight = true;
		w->tries = 1;
		sp_fact_out(s, SP_FACT_PROBE, i, "")->probe = (enum sp_probe_kind)k;
		probe_run(s, i, (enum sp_probe_kind)k);
	}
}

sp_time sp_probes_deadline(const struct sp_ctr *c)
{
	sp_time at = SP_NEVER;

	for (int k = 0; k < SP_PROBES; k++)
		if (c->workers[k].on && !c->workers[k].in_flight)
			at = SP_MIN(at, c->workers[k].next);
	return at;
}

/* PROBE-6, 8.2: a result acts only when it changes */
static void result_changed(struct sp_step *s, uint16_t i, enum sp_probe_kind kind, uint8_t result)
{
	struct sp_ctr *c = &s->pod->ctrs[i];

	c->workers[kind].result = result;
	s->again = s->dirty = true;
	if (kind == SP_PROBE_STARTUP || (kind == SP_PROBE_LIVENESS && result == SP_RESULT_FAILURE))
		c->workers[kind].on = false;
	if (kind == SP_PROBE_STARTUP && result == SP_RESULT_SUCCESS) {
		worker_begin(s, i, SP_PROBE_READINESS);
		worker_begin(s, i, SP_PROBE_LIVENESS);
	}
}

static void count(struct sp_step *s, uint16_t i, enum sp_probe_kind kind, uint8_t outcome)
{
	struct sp_worker *w = &s->pod->ctrs[i].workers[kind];
	const struct sp_probe_spec *p = &sp_spec(s, i)->probes[kind];

	if (outcome != w->last) {
		w->last = outcome;
		w->run = 0;
	}
	if (w->run < INT32_MAX)
		w->run++;
	if (w->run < (outcome == SP_RESULT_SUCCESS ? p->success_threshold : p->failure_threshold))
		return;
	if (w->result != outcome)
		result_changed(s, i, kind, outcome);
}

/* sp_probe_result() - The answer to a PROBE_RUN of the newest instance */
void sp_probe_result(struct sp_step *s, const struct sp_event *ev)
{
	uint16_t i = ev->ctr;
	struct sp_ctr *c = &s->pod->ctrs[i];
	struct sp_worker *w = &c->workers[ev->probe];
	const char *text = ev->text ? ev->text : "", *title = titles[ev->probe];
	struct sp_action *fact;

	if (!w->in_flight)
		return;
	if (ev->outcome == SP_OUT_ERROR && w->tries < 3) { /* PROBE-9 */
		w->tries++;
		probe_run(s, i, ev->probe);
		return;
	}
	w->in_flight = false;
	text = sp_say(s, text, SP_TEXT_END);
	fact = sp_fact_out(s, SP_FACT_PROBE_DONE, i, text);
	fact->probe = ev->probe;
	fact->outcome = ev->outcome;
	switch (ev->outcome) {
	case SP_OUT_ERROR:
		sp_event_out(s, i, true, "Unhealthy",
			     sp_say(s, title, " probe errored and resulted in unknown state: ",
				    text, SP_TEXT_END));
		break;
	case SP_OUT_FAILURE:
		sp_event_out(s, i, true, "Unhealthy",
			     sp_say(s, title, " probe failed: ", text, SP_TEXT_END));
		count(s, i, ev->probe, SP_RESULT_FAILURE);
		break;
	case SP_OUT_WARNING:
		sp_event_out(s, i, true, "ProbeWarning",
			     sp_say(s, title, " probe warning: ", text, SP_TEXT_END));
		count(s, i, ev->probe, SP_RESULT_SUCCESS);
		break;
	case SP_OUT_SUCCESS:
		count(s, i, ev->probe, SP_RESULT_SUCCESS);
		break;
	}
}
