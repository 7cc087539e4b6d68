/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sandbox (section 3.2): made before anything else, made anew when it was lost, and what a
 * restart of the engine alone means.
 */
#include "core/pod_internal.h"

static bool any_record(const struct sp_step *s, uint16_t from)
{
	for (uint16_t i = from; i < s->spec->n_ctrs; i++)
		if (s->pod->ctrs[i].next_attempt)
			return true;
	return false;
}

/* SBX-2: finished under OnFailure, so it has no part in a new sandbox */
static bool is_done(const struct sp_step *s, uint16_t i)
{
	const struct sp_ctr *c = &s->pod->ctrs[i];

	return c->rec == SP_REC_EXITED && c->cur.code == 0 &&
	       sp_effective_policy(s->spec, i) == SP_RESTART_ON_FAILURE;
}

/* Is a lost sandbox to be replaced at all? */
static bool recreate(const struct sp_step *s)
{
	bool todo = false;

	if (s->spec->restart_policy == SP_RESTART_NEVER && any_record(s, 0))
		return false;
	for (uint16_t i = s->spec->n_init; i < s->spec->n_ctrs && !todo; i++)
		todo = !is_done(s, i);
	return todo || !any_record(s, s->spec->n_init);
}

/* The records of the init list are forgotten, regular containers have to run again (SBX-3). */
static void forget(struct sp_step *s)
{
	for (uint16_t i = 0; i < s->spec->n_ctrs; i++) {
		struct sp_ctr *c = &s->pod->ctrs[i];

		c->restart_intent = c->backoff_passed = c->forgotten = false;
		c->lane_done = false;
		c->asked = 0;
		c->retry_at = 0;
		if (i < s->spec->n_init) {
			c->rec = SP_REC_NONE;
			c->wait = SP_WAIT_NONE;
			c->prev_counts = false;
		} else if (c->rec == SP_REC_EXITED) {
			c->old_sandbox = !is_done(s, i);
		}
	}
}

/**
 * sp_sandbox_keep() - sandbox_decision() of SBX-2
 *
 * Return: true when a ready sandbox is there; otherwise what is to be done about it was asked for.
 */
bool sp_sandbox_keep(struct sp_step *s)
{
	struct sp_pod *pod = s->pod;

	if (pod->sandbox == SP_SBX_READY)
		return true;
	if (pod->sandbox != SP_SBX_NONE || s->now < pod->sandbox_retry_at)
		return false;
	if (pod->sandbox_lost) {
		if (!recreate(s))
			return false;
		if (pod->sandbox_had)
			sp_event_out(s, SP_NO_CTR, false, "SandboxChanged",
				     "Pod sandbox changed, it will be killed and re-created.");
		forget(s);
		pod->sandbox_lost = false;
		pod->sandbox_attempt++;
	}
	pod->sandbox = SP_SBX_STARTING;
	sp_act(s, SP_ACT_SANDBOX_START)->attempt = pod->sandbox_attempt;
	s->again = s->dirty = true;
	return false;
}

static void sandbox_ready(struct sp_step *s, const char *ip)
{
	struct sp_pod *pod = s->pod;
	size_t n = SP_MIN(strlen(ip), sizeof(pod->ip) - 1);

	memcpy(pod->ip, ip, n);
	pod->ip[n] = '\0';
	pod->sandbox = SP_SBX_READY;
	pod->sandbox_had = true;
	pod->sandbox_retry_at = 0;
	s->again = s->dirty = true;
	sp_fact_out(s, SP_FACT_SANDBOX_READY, SP_NO_CTR, "")->attempt = pod->sandbox_attempt;
}

static void sandbox_failed(struct sp_step *s, const struct sp_event *ev)
{
	struct sp_pod *pod = s->pod;
	const char *text = ev->text ? ev->text : "";

	pod->sandbox = SP_SBX_NONE;
	pod->sandbox_retry_at = sp_time_add(s->now, SP_RETRY);
	s->again = true;
	switch (ev->step) {
	case SP_SBX_STEP_SANDBOX:
		sp_event_out(s, SP_NO_CTR, true, "FailedCreatePodSandBox",
			     sp_say(s, "Failed to create pod sandbox: ", text, SP_TEXT_END));
		break;
	case SP_SBX_STEP_MOUNT: /* the text names the volume */
		sp_event_out(s, SP_NO_CTR, true, "FailedMount", sp_say(s, text, SP_TEXT_END));
		break;
	case SP_SBX_STEP_CGROUP:
		sp_event_out(
			s, SP_NO_CTR, true, "FailedCreatePodContainer",
			sp_say(s, "unable to ensure pod container exists: ", text, SP_TEXT_END));
		break;
	}
}

/*
 * VOC-5: losing the sandbox ends every instance in it. One that was still being made, or being
 * removed, when the engine died may be told lost too: what was asked for then is asked for again.
 */
static void sandbox_lost(struct sp_step *s)
{
	struct sp_pod *pod = s->pod;

	if (pod->sandbox == SP_SBX_READY)
		sp_fact_out(s, SP_FACT_SANDBOX_LOST, SP_NO_CTR, "")->attempt = pod->sandbox_attempt;
	pod->sandbox_lost |= pod->sandbox != SP_SBX_STOPPING;
	pod->sandbox = SP_SBX_STOPPING;
	pod->ip[0] = '\0';
	s->again = s->dirty = true;
	for (uint16_t i = 0; i < s->spec->n_ctrs; i++) {
		struct sp_ctr *c = &pod->ctrs[i];

		if (c->stage == SP_STAGE_CREATE) /* it may have been launched: its number is used */
			sp_started(s, i, true);
		c->stage = SP_STAGE_IDLE;
		if (sp_alive(c))
			sp_exited(s, i, 137, SP_EXIT_UNKNOWN, "");
		/* hooks of any kind end with it */
		if (c->post_start == SP_HOOK_RUNNING)
			c->post_start = SP_HOOK_ABANDONED;
		if (c->pre_stop == SP_HOOK_RUNNING)
			c->pre_stop = SP_HOOK_ABANDONED;
		if (pod->cause == SP_CAUSE_NONE)
			c->kill = SP_KILL_NONE;
	}
	pod->restarting_all = false;
	sp_act(s, SP_ACT_SANDBOX_STOP)->attempt = pod->sandbox_attempt;
}

/* sp_sandbox_event() - READY, FAILED, LOST or GONE; anything about another attempt is stale */
void sp_sandbox_event(struct sp_step *s, const struct sp_event *ev)
{
	struct sp_pod *pod = s->pod;
	bool wanted = pod->cause == SP_CAUSE_NONE && !pod->sandbox_lost;

	if (ev->attempt != pod->sandbox_attempt)
		return;
	if (ev->kind == SP_EV_SANDBOX_READY) {
		/* also when a repeated failure answer had made it look gone */
		if (wanted && (pod->sandbox == SP_SBX_STARTING ||
			       (pod->sandbox == SP_SBX_NONE && pod->sandbox_retry_at)))
			sandbox_ready(s, ev->text ? ev->text : "");
	} else if (ev->kind == SP_EV_SANDBOX_FAILED) {
		if (pod->sandbox == SP_SBX_STARTING)
			sandbox_failed(s, ev);
	} else if (ev->kind == SP_EV_SANDBOX_LOST) {
		if (pod->sandbox != SP_SBX_NONE)
			sandbox_lost(s);
	} else if (pod->sandbox == SP_SBX_STOPPING) {
		pod->sandbox = SP_SBX_NONE;
		s->again = s->dirty = true;
	}
}

/**
 * sp_engine_restarted() - SBX-6: nothing is restarted
 *
 * Records of completed init containers may be lost. Releases before 1.35 forgot readiness.
 */
void sp_engine_restarted(struct sp_step *s, bool forget_records)
{
	for (uint16_t i = 0; i < s->spec->n_ctrs; i++) {
		struct sp_ctr *c = &s->pod->ctrs[i];

		if (forget_records && sp_spec(s, i)->role == SP_ROLE_INIT && sp_settled(c) &&
		    !sp_init_failed(c))
			c->forgotten = true;
		if (s->spec->kube_minor < 35 && sp_alive(c)) {
			struct sp_worker *w = &c->workers[SP_PROBE_READINESS];

			w->result = SP_RESULT_FAILURE;
			w->last = SP_RESULT_UNKNOWN;
			w->run = 0;
		}
	}
	s->again = s->dirty = true;
}
