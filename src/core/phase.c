/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Phase (section 12), conditions (section 13) and the final status (14.4); telling every change.
 */
#include "core/pod_internal.h"

/* ---- phase ---------------------------------------------------------------------------------- */

struct tally {
	bool failed_init, pending_init, pending_sidecar, has_run;
	uint16_t waiting, running, stopped, succeeded, final;
};

/* 12.1 */
static void tally_init(const struct sp_pod_spec *spec, const struct sp_pod *pod, uint16_t i,
		       struct sp_view v, struct tally *t)
{
	bool ended = v.state == SP_CTR_TERMINATED || (v.state == SP_CTR_WAITING && v.last);

	if (!ended)
		t->pending_init = true;
	else if (!sp_init_failed(&pod->ctrs[i]))
		return;
	else if (sp_will_restart(spec, pod, i))
		t->pending_init = true;
	else
		t->failed_init = true;
}

static void tally_sidecar(struct sp_view v, struct tally *t)
{
	if (v.state == SP_CTR_RUNNING) {
		t->running++;
		t->pending_sidecar |= !v.started;
	} else if (v.state == SP_CTR_WAITING && !v.last) {
		t->pending_sidecar = true;
		t->waiting++;
	}
}

static void tally_regular(const struct sp_pod_spec *spec, const struct sp_pod *pod, uint16_t i,
			  struct sp_view v, struct tally *t)
{
	const struct sp_ctr *c = &pod->ctrs[i];

	t->has_run |=
		c->next_attempt && c->rec_sandbox == pod->sandbox_attempt && c->rec != SP_REC_NONE;
	if (v.state == SP_CTR_RUNNING) {
		t->running++;
		return;
	}
	if (v.state == SP_CTR_WAITING && !v.last) {
		t->waiting++;
		return;
	}
	t->stopped++;
	if (v.state == SP_CTR_TERMINATED && c->cur.code == 0)
		t->succeeded++;
	if (c->rec == SP_REC_EXITED && !sp_will_restart(spec, pod, i))
		t->final++;
}

/**
 * sp_phase_compute() - 12.2, first match wins
 * @terminated: every container is gone for good (PHASE-10)
 */
enum sp_phase sp_phase_compute(const struct sp_pod_spec *spec, const struct sp_pod *pod,
			       bool terminated)
{
	struct tally t = {0};

	for (uint16_t i = 0; i < spec->n_ctrs; i++) {
		struct sp_view v = sp_view(spec, pod, i);

		switch (spec->ctrs[i].role) {
		case SP_ROLE_INIT:
			tally_init(spec, pod, i, v, &t);
			break;
		case SP_ROLE_SIDECAR:
			tally_sidecar(v, &t);
			break;
		case SP_ROLE_APP:
		case SP_ROLES:
			tally_regular(spec, pod, i, v, &t);
			break;
		}
	}
	if (t.failed_init)
		return SP_PHASE_FAILED; /* PHASE-1 */
	if (t.pending_init)
		return SP_PHASE_PENDING; /* PHASE-2 */
	if (t.pending_sidecar && !t.has_run)
		return SP_PHASE_PENDING; /* PHASE-3 */
	if (t.waiting)
		return SP_PHASE_PENDING; /* PHASE-4 */
	if (t.running)
		return SP_PHASE_RUNNING; /* PHASE-5 */
	if (!t.stopped)
		return SP_PHASE_PENDING; /* PHASE-13 */
	if (!terminated && t.stopped != t.final)
		return SP_PHASE_RUNNING; /* PHASE-11 */
	return t.stopped == t.succeeded ? SP_PHASE_SUCCEEDED : SP_PHASE_FAILED;
}

/* ---- conditions ------------------------------------------------------------------------------ */

/* COND-11: a regular container that runs or has ended keeps the pod initialised */
static bool regular_has_run(const struct sp_pod_spec *spec, const struct sp_pod *pod)
{
	for (uint16_t i = spec->n_init; i < spec->n_ctrs; i++) {
		struct sp_view v = sp_view(spec, pod, i);

		if (v.state != SP_CTR_WAITING || v.last)
			return true;
	}
	return false;
}

static bool init_complete(const struct sp_pod_spec *spec, const struct sp_pod *pod)
{
	for (uint16_t i = 0; i < spec->n_init; i++)
		if (spec->ctrs[i].role == SP_ROLE_SIDECAR ? !sp_ctr_started(spec, pod, i)
							  : !sp_ctr_ready(spec, pod, i))
			return false;
	return true;
}

static bool containers_ready(const struct sp_pod_spec *spec, const struct sp_pod *pod)
{
	for (uint16_t i = 0; i < spec->n_ctrs; i++)
		if (spec->ctrs[i].role != SP_ROLE_INIT && !sp_ctr_ready(spec, pod, i))
			return false;
	return true;
}

static bool gates_open(const struct sp_pod_spec *spec, const struct sp_pod *pod)
{
	for (uint16_t g = 0; g < spec->n_gates; g++)
		if (pod->gates[g] != SP_COND_TRUE)
			return false;
	return true;
}

static enum sp_cond_status truth(bool b)
{
	return b ? SP_COND_TRUE : SP_COND_FALSE;
}

enum sp_cond_status sp_cond_compute(const struct sp_pod_spec *spec, const struct sp_pod *pod,
				    enum sp_cond_type type)
{
	bool over = pod->terminal; /* Succeeded and Failed are never ready (COND-4) */

	switch (type) {
	case SP_COND_READY_TO_START:
		if (spec->kube_minor < 29)
			return SP_COND_ABSENT;
		return truth(pod->sandbox == SP_SBX_READY && !over);
	case SP_COND_INITIALIZED:
		/* RESTART-21: stays True while everything starts again */
		return truth(pod->phase == SP_PHASE_SUCCEEDED || init_complete(spec, pod) ||
			     regular_has_run(spec, pod) ||
			     (pod->restarted_all &&
			      pod->conds[SP_COND_INITIALIZED].status == SP_COND_TRUE));
	case SP_COND_READY:
		return truth(!over && containers_ready(spec, pod) && gates_open(spec, pod));
	case SP_COND_CONTAINERS_READY:
		return truth(!over && containers_ready(spec, pod));
	case SP_COND_SCHEDULED:
		return SP_COND_TRUE;
	case SP_COND_ALL_RESTARTING:
		return sp_has_restart_all(spec) ? truth(pod->restarting_all) : SP_COND_ABSENT;
	case SP_COND_TYPES:
		break;
	}
	return SP_COND_ABSENT;
}

/* ---- the end --------------------------------------------------------------------------------- */

/* A record for a container of which nothing is known (STAT-31, STAT-32). */
static void make_up(struct sp_step *s, uint16_t i)
{
	struct sp_ctr *c = &s->pod->ctrs[i];

	c->cur = (struct sp_instance){
		.set = true, .code = 137, .reason = SP_EXIT_UNKNOWN, .attempt = c->cur.attempt};
	c->rec = SP_REC_EXITED;
	c->never_ran = true;
}

static void final_records(struct sp_step *s)
{
	const struct sp_pod_spec *spec = s->spec;
	struct sp_pod *pod = s->pod;
	bool initialised = init_complete(spec, pod) || regular_has_run(spec, pod) ||
			   pod->conds[SP_COND_INITIALIZED].status == SP_COND_TRUE;
	uint16_t last = 0;

	for (uint16_t i = 0; i < spec->n_init; i++)
		if (pod->ctrs[i].next_attempt)
			last = i;
	for (uint16_t i = 0; i < spec->n_ctrs; i++) {
		struct sp_ctr *c = &pod->ctrs[i];

		c->stage = SP_STAGE_IDLE;
		if (c->cur.set && c->rec == SP_REC_NONE)
			c->rec = SP_REC_EXITED; /* STAT-30: what it last did */
		if (c->rec == SP_REC_EXITED)
			c->wait = SP_WAIT_NONE;
		else if (spec->n_init && i < spec->n_init ? i <= last : initialised)
			make_up(s, i);
	}
}

/**
 * sp_finalise() - Everything that ran is gone: the terminal phase (PHASE-24, PHASE-25)
 *
 * A passed deadline wins over whatever the exit codes say (TERM-41).
 */
void sp_finalise(struct sp_step *s)
{
	struct sp_pod *pod = s->pod;
	enum sp_phase phase;

	final_records(s);
	phase = sp_phase_compute(s->spec, pod, true);
	if (pod->deadline_hit || phase < SP_PHASE_SUCCEEDED)
		phase = SP_PHASE_FAILED;
	pod->phase = (uint8_t)phase;
	pod->terminal = true;
	s->again = s->dirty = true;
}

/* ---- telling --------------------------------------------------------------------------------- */

/* sp_observe() - Facts about started and ready (PROBE-40, PROBE-41) */
void sp_observe(struct sp_step *s, uint16_t i)
{
	struct sp_ctr *c = &s->pod->ctrs[i];
	bool started = sp_ctr_started(s->spec, s->pod, i);
	bool ready = sp_spec(s, i)->role != SP_ROLE_INIT && sp_ctr_ready(s->spec, s->pod, i);

	if (started && !c->was_started)
		sp_fact_out(s, SP_FACT_STARTED, i, "");
	if (ready != c->was_ready)
		sp_fact_out(s, ready ? SP_FACT_READY : SP_FACT_NOTREADY, i, "");
	s->dirty |= started != c->was_started || ready != c->was_ready;
	c->was_started = started;
	c->was_ready = ready;
}

static void publish_phase(struct sp_step *s)
{
	struct sp_pod *pod = s->pod;
	enum sp_phase phase = (enum sp_phase)pod->phase;

	if (!pod->terminal) {
		phase = sp_phase_compute(s->spec, pod, false);
		if (phase >= SP_PHASE_SUCCEEDED) /* PHASE-24: not before everything is gone */
			phase = pod->phase_told ? (enum sp_phase)(pod->phase_told - 1)
						: SP_PHASE_PENDING;
	}
	pod->phase = (uint8_t)phase;
	if (pod->phase_told == phase + 1)
		return;
	pod->phase_told = (uint8_t)(phase + 1);
	s->dirty = true;
	sp_fact_out(s, SP_FACT_PHASE, SP_NO_CTR, sp_phase_name(phase));
}

/* sp_publish() - Phase and conditions changed? Then say so, once per step */
void sp_publish(struct sp_step *s)
{
	static const char *const values[] = {"", "=False", "=True", "=Unknown"};
	struct sp_pod *pod = s->pod;

	publish_phase(s);
	for (int t = 0; t < SP_COND_TYPES; t++) {
		struct sp_pod_cond *cond = &pod->conds[t];
		enum sp_cond_status status = sp_cond_compute(s->spec, pod, (enum sp_cond_type)t);

		if (cond->status == status)
			continue;
		*cond = (struct sp_pod_cond){.at = s->now, .wall_ns = s->wall_ns, .status = status};
		s->dirty = true;
		sp_fact_out(
			s, SP_FACT_COND, SP_NO_CTR,
			sp_say(s, sp_cond_name((enum sp_cond_type)t), values[status], SP_TEXT_END));
	}
	if (s->dirty)
		sp_act(s, SP_ACT_STATUS);
}
