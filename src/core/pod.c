/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The step: one fact goes in, then the order of decisions (section 3.1) is run through until
 * nothing changes any more, and every change is told.
 */
#include "core/pod_internal.h"

size_t sp_pod_size(void)
{
	return sizeof(struct sp_pod);
}

void sp_pod_init(const struct sp_pod_spec *spec, struct sp_pod *pod, sp_time now, int64_t wall_ns)
{
	assert(spec->n_ctrs > spec->n_init && spec->n_ctrs <= SP_CONTAINERS_MAX);
	assert(spec->n_gates <= SP_GATES_MAX);
	/* what stands behind the containers is valid with its lengths at 0 and stays untouched */
	memset(pod, 0, offsetof(struct sp_pod, ctrs));
	memset(pod->ctrs, 0, spec->n_ctrs * sizeof(pod->ctrs[0]));
	pod->magic = SP_POD_MAGIC;
	pod->n_ctrs = spec->n_ctrs;
	pod->start_at = pod->last_now = now;
	pod->start_wall_ns = wall_ns;
	for (uint16_t i = 0; i < spec->n_ctrs; i++) {
		pod->ctrs[i].switch_at = SP_NEVER;
		sp_probes_reset(&(struct sp_step){.spec = spec, .pod = pod}, i);
	}
}

/* ---- facts in -------------------------------------------------------------------------------- */

/* The answer to a CTR_START that is under way, or that was taken for failed by mistake. */
static bool launch_expected(const struct sp_step *s, const struct sp_event *ev)
{
	const struct sp_ctr *c = &s->pod->ctrs[ev->ctr];

	return ev->attempt == c->next_attempt && c->asked == ev->attempt + 1 && !sp_alive(c) &&
	       !s->pod->terminal && s->pod->sandbox == SP_SBX_READY &&
	       (c->stage == SP_STAGE_CREATE || c->kill == SP_KILL_NONE);
}

static void ctr_exited(struct sp_step *s, const struct sp_event *ev)
{
	struct sp_ctr *c = &s->pod->ctrs[ev->ctr];
	enum sp_exit_reason reason = ev->oom    ? SP_EXIT_OOM
				     : ev->code ? SP_EXIT_ERROR
						: SP_EXIT_COMPLETED;

	/* LAT-22: an exit that overtook its launch */
	if (c->stage == SP_STAGE_CREATE && launch_expected(s, ev))
		sp_started(s, ev->ctr, true);
	if (sp_alive(c) && ev->attempt == c->cur.attempt)
		sp_exited(s, ev->ctr, ev->code, reason, ev->text ? ev->text : "");
}

/* IMG-6: what waited for an object is tried again at once */
static void objects_changed(struct sp_step *s)
{
	struct sp_pod *pod = s->pod;

	pod->sandbox_retry_at = SP_MIN(pod->sandbox_retry_at, s->now);
	for (uint16_t i = 0; i < s->spec->n_ctrs; i++)
		if (pod->ctrs[i].wait == SP_WAIT_CONFIG)
			pod->ctrs[i].retry_at = 0;
}

/* The hook, the probe or the process of the newest instance, as far as it is the one meant. */
static bool about_newest(const struct sp_step *s, const struct sp_event *ev)
{
	const struct sp_ctr *c = &s->pod->ctrs[ev->ctr];

	return c->rec != SP_REC_NONE && ev->attempt == c->cur.attempt;
}

static bool about_container(enum sp_ev_kind kind)
{
	return (kind >= SP_EV_IMAGE_PRESENT && kind <= SP_EV_PROBE_RESULT) ||
	       kind == SP_EV_SET_IMAGE;
}

static void hook_done(struct sp_step *s, const struct sp_event *ev)
{
	if (!about_newest(s, ev))
		return;
	if (ev->hook == SP_HOOK_POST_START)
		sp_post_start_done(s, ev->ctr, ev->ok);
	else
		sp_pre_stop_done(s, ev->ctr, ev->ok);
}

static void set_gate(struct sp_step *s, const struct sp_event *ev)
{
	if (ev->gate < s->spec->n_gates && s->pod->gates[ev->gate] != ev->gate_status) {
		s->pod->gates[ev->gate] = (uint8_t)ev->gate_status;
		s->dirty = true;
	}
}

static void take(struct sp_step *s, const struct sp_event *ev)
{
	bool known = ev->ctr < s->spec->n_ctrs;
	const struct sp_ctr *c = &s->pod->ctrs[known ? ev->ctr : 0];

	if (about_container(ev->kind) && !known)
		return;
	switch (ev->kind) {
	case SP_EV_TICK:
	case SP_EVS:
		break;
	case SP_EV_SANDBOX_READY:
	case SP_EV_SANDBOX_FAILED:
	case SP_EV_SANDBOX_LOST:
	case SP_EV_SANDBOX_GONE:
		sp_sandbox_event(s, ev);
		break;
	case SP_EV_IMAGE_PRESENT:
	case SP_EV_IMAGE_PULLING:
	case SP_EV_IMAGE_PULLED:
	case SP_EV_IMAGE_FAILED:
		sp_image_event(s, ev);
		break;
	case SP_EV_CREATE_FAILED:
		if (c->stage == SP_STAGE_CREATE && ev->attempt == c->next_attempt)
			sp_create_failed(s, ev);
		break;
	case SP_EV_STARTED:
		if (launch_expected(s, ev))
			sp_started(s, ev->ctr, false);
		break;
	case SP_EV_START_FAILED:
		if (c->stage == SP_STAGE_CREATE && launch_expected(s, ev))
			sp_start_failed(s, ev);
		break;
	case SP_EV_EXITED:
		ctr_exited(s, ev);
		break;
	case SP_EV_HOOK_DONE:
		hook_done(s, ev);
		break;
	case SP_EV_PROBE_RESULT:
		if (about_newest(s, ev) && sp_alive(c))
			sp_probe_result(s, ev);
		break;
	case SP_EV_DELETE:
		sp_delete(s, ev->grace_s);
		break;
	case SP_EV_SET_IMAGE:
		if (ev->text)
			sp_set_image(s, ev->ctr, ev->text);
		break;
	case SP_EV_OBJECTS_CHANGED:
		objects_changed(s);
		break;
	case SP_EV_SET_GATE:
		set_gate(s, ev);
		break;
	case SP_EV_ENGINE_RESTARTED:
		sp_engine_restarted(s, ev->forget_records);
		break;
	}
}

/* ---- decisions ------------------------------------------------------------------------------- */

static sp_time active_deadline(const struct sp_pod_spec *spec, const struct sp_pod *pod)
{
	if (spec->active_deadline_s < 0 || pod->deadline_hit || pod->terminal)
		return SP_NEVER; /* TERM-42 */
	return sp_time_add(pod->start_at, sp_seconds(spec->active_deadline_s));
}

static int64_t at_least_one(int64_t grace_s)
{
	return SP_MAX(grace_s, 1);
}

/* TERM-40, TERM-41: armed until the final status stands, but a termination is not begun twice */
static void check_deadline(struct sp_step *s)
{
	struct sp_pod *pod = s->pod;

	if (s->now < active_deadline(s->spec, pod))
		return;
	pod->deadline_hit = true;
	s->dirty = true;
	sp_fact_out(s, SP_FACT_POD_DEADLINE, SP_NO_CTR, "");
	sp_event_out(s, SP_NO_CTR, false, "DeadlineExceeded", SP_DEADLINE_TEXT);
	if (pod->cause == SP_CAUSE_NONE && !pod->delete_requested)
		sp_terminate(s, SP_CAUSE_DEADLINE, at_least_one(s->spec->grace_s));
}

/* RUN-4: decided from the regular containers alone */
static bool regular_over(const struct sp_step *s)
{
	for (uint16_t i = s->spec->n_init; i < s->spec->n_ctrs; i++) {
		const struct sp_ctr *c = &s->pod->ctrs[i];

		if (!sp_settled(c) || !sp_here(c) || c->stage != SP_STAGE_IDLE ||
		    sp_will_restart(s->spec, s->pod, i))
			return false;
	}
	return true;
}

static void carry_out(struct sp_step *s, const struct sp_plan *plan)
{
	for (uint16_t i = 0; i < s->spec->n_ctrs; i++)
		if (plan->kills[i] != SP_KILL_NONE) {
			enum sp_kill cause = (enum sp_kill)plan->kills[i];

			sp_kill_begin(s, i, cause, sp_kill_grace(s->spec, i, cause));
		}
	for (uint16_t i = 0; i < s->spec->n_init; i++)
		if (plan->starts >> i & 1)
			sp_ctr_start(s, i);
	sp_regular_starts(s, plan->starts);
}

/* Section 3.1, from the phase on. */
static void reconcile(struct sp_step *s)
{
	struct sp_plan plan = {0};
	bool kill_pod, initialised;

	if (sp_phase_compute(s->spec, s->pod, false) >= SP_PHASE_SUCCEEDED) {
		sp_terminate(s, SP_CAUSE_FINISHED, at_least_one(s->spec->grace_s));
		return;
	}
	if (!sp_sandbox_keep(s))
		return;
	if (regular_over(s)) {
		sp_terminate(s, SP_CAUSE_FINISHED, s->spec->grace_s);
		return;
	}
	initialised = sp_init_actions(s, &plan, &kill_pod);
	if (kill_pod) {
		sp_terminate(s, SP_CAUSE_FINISHED, at_least_one(s->spec->grace_s));
		return;
	}
	if (initialised && !sp_regular_actions(s, &plan)) {
		sp_terminate(s, SP_CAUSE_FINISHED, s->spec->grace_s); /* RUN-2, KILL-9 */
		return;
	}
	carry_out(s, &plan);
}

/* What only needs time to pass. */
static void advance(struct sp_step *s)
{
	for (uint16_t i = 0; i < s->spec->n_ctrs; i++) {
		struct sp_ctr *c = &s->pod->ctrs[i];

		if (c->post_start == SP_HOOK_RUNNING && s->now >= c->post_until)
			sp_post_start_done(s, i, true);
		sp_observe(s, i);
		sp_probes_tick(s, i);
		sp_image_tick(s, i);
		if (s->pod->cause == SP_CAUSE_NONE && !s->pod->restarting_all)
			sp_kill_advance(s, i);
	}
}

/* The sandbox goes once the final status stands; then the pod is finished. */
static void clean_up(struct sp_step *s)
{
	struct sp_pod *pod = s->pod;

	if (!pod->finished_told) {
		pod->finished_told = true;
		sp_fact_out(s, SP_FACT_POD_FINISHED, SP_NO_CTR,
			    sp_phase_name((enum sp_phase)pod->phase));
	}
	if (pod->sandbox == SP_SBX_READY || pod->sandbox == SP_SBX_STARTING) {
		pod->sandbox = SP_SBX_STOPPING;
		sp_act(s, SP_ACT_SANDBOX_STOP)->attempt = pod->sandbox_attempt;
	}
	if (pod->sandbox == SP_SBX_NONE && !pod->finished) {
		pod->finished = true;
		sp_act(s, SP_ACT_FINISHED);
	}
}

static void decide(struct sp_step *s)
{
	struct sp_pod *pod = s->pod;

	advance(s);
	check_deadline(s);
	if (pod->cause == SP_CAUSE_NONE && pod->delete_requested)
		sp_terminate(s, SP_CAUSE_DELETE, pod->delete_grace_s);
	if (pod->cause != SP_CAUSE_NONE)
		sp_termination_step(s);
	else if (pod->restarting_all)
		sp_restart_all_step(s);
	else
		reconcile(s);
}

void sp_pod_step(const struct sp_pod_spec *spec, struct sp_pod *pod, const struct sp_event *ev,
		 sp_time now, struct sp_actions *ret)
{
	struct sp_step s = {
		.spec = spec,
		.pod = pod,
		.now = SP_MAX(now, pod->last_now),
		.wall_ns = ev->wall_ns,
		.out = ret,
	};
	int rounds = 0;

	ret->n = ret->n_text = 0;
	pod->last_now = s.now;
	if (!pod->accepted) {
		pod->accepted = true;
		sp_fact_out(&s, SP_FACT_POD_ACCEPTED, SP_NO_CTR, "");
	}
	take(&s, ev);
	while (!pod->terminal) {
		s.again = false;
		decide(&s);
		if (!s.again)
			break;
		/* every round moves some container on; none has that many stages */
		rounds++;
		assert(rounds < 16 * SP_CONTAINERS_MAX);
	}
	sp_publish(&s);
	if (pod->terminal)
		clean_up(&s);
}

/* ---- time ------------------------------------------------------------------------------------ */

/* A start that is held back; what is held back by something else than time has its time behind. */
static sp_time start_deadline(const struct sp_pod *pod, const struct sp_ctr *c)
{
	sp_time at = c->wait == SP_WAIT_IMAGE ? c->switch_at : SP_NEVER;

	if (!sp_alive(c) && c->stage == SP_STAGE_IDLE && c->retry_at > pod->last_now)
		at = SP_MIN(at, c->retry_at);
	return at;
}

sp_time sp_pod_deadline(const struct sp_pod_spec *spec, const struct sp_pod *pod)
{
	sp_time at = SP_NEVER;

	if (pod->terminal)
		return SP_NEVER;
	if (!pod->accepted)
		return pod->start_at;
	at = SP_MIN(at, active_deadline(spec, pod));
	if (pod->sandbox == SP_SBX_NONE && pod->sandbox_retry_at > pod->last_now)
		at = SP_MIN(at, pod->sandbox_retry_at);
	for (uint16_t i = 0; i < spec->n_ctrs; i++) {
		const struct sp_ctr *c = &pod->ctrs[i];

		at = SP_MIN(at, sp_probes_deadline(c));
		at = SP_MIN(at, sp_kill_deadline(pod, c));
		at = SP_MIN(at, start_deadline(pod, c));
		if (c->post_start == SP_HOOK_RUNNING)
			at = SP_MIN(at, c->post_until);
	}
	return at;
}

bool sp_pod_finished(const struct sp_pod *pod)
{
	return pod->finished;
}
