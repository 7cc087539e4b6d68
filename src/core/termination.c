/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pod termination (section 11): once, in order, with one common deadline.
 */
#include "core/pod_internal.h"

static const char *const cause_names[] = {"", "DELETE", "FINISHED", "DEADLINE"};
_Static_assert(SP_ARRAY_LEN(cause_names) == SP_CAUSE_DEADLINE + 1, "a name for each cause");

/* Has everything of the container @i that the order waits for come to its end? */
static bool stopped(const struct sp_pod *pod, uint16_t i)
{
	return !pod->ctrs[i].in_termination || pod->ctrs[i].stopped;
}

/**
 * sp_turn() - TERM-12: may container @i get its stop signal, as far as the order goes?
 *
 * A sidecar waits for all regular containers and for the sidecar behind it in the list, the
 * immediate one only (TERM-21). Nobody waits for plain init containers (TERM-13).
 */
bool sp_turn(const struct sp_pod_spec *spec, const struct sp_pod *pod, uint16_t i, sp_time now)
{
	if (!pod->ordered || now >= pod->term_deadline || spec->ctrs[i].role != SP_ROLE_SIDECAR)
		return true;
	for (uint16_t k = spec->n_init; k < spec->n_ctrs; k++)
		if (!stopped(pod, k))
			return false;
	for (uint16_t k = (uint16_t)(i + 1); k < spec->n_init; k++)
		if (spec->ctrs[k].role == SP_ROLE_SIDECAR)
			return stopped(pod, k);
	return true;
}

/**
 * sp_terminate() - Begin the termination: T0 is now, D is now + @grace_s (TERM-10)
 *
 * Containers that run, that are being killed already (TERM-4) and whose launch is under way
 * (TERM-3) take part; all others count as gone (TERM-14).
 */
void sp_terminate(struct sp_step *s, enum sp_cause cause, int64_t grace_s)
{
	struct sp_pod *pod = s->pod;
	struct sp_action *fact;
	sp_time grace = SP_MAX(sp_seconds(grace_s), 0);

	pod->cause = (uint8_t)cause;
	pod->term_at = s->now;
	pod->term_deadline = sp_time_add(s->now, grace);
	pod->ordered = grace > 0 && s->spec->kube_minor >= 29; /* TERM-17, REL-2 */
	pod->restarting_all = false;
	s->again = s->dirty = true;
	fact = sp_fact_out(s, SP_FACT_POD_TERMINATING, SP_NO_CTR, cause_names[cause]);
	fact->code = (int32_t)SP_MIN(grace / SP_SEC, INT32_MAX);

	for (uint16_t i = 0; i < s->spec->n_ctrs; i++) {
		struct sp_ctr *c = &pod->ctrs[i];

		if (c->stage == SP_STAGE_IMAGE)
			c->stage = SP_STAGE_IDLE;
		c->in_termination =
			sp_alive(c) || c->kill != SP_KILL_NONE || c->stage == SP_STAGE_CREATE;
		if (c->rec == SP_REC_EXITED && c->post_start == SP_HOOK_RUNNING)
			c->post_start = SP_HOOK_ABANDONED; /* HOOK-3 */
		if (!c->in_termination)
			continue;
		if (c->kill != SP_KILL_NONE)
			c->kill_deadline = SP_MIN(c->kill_deadline, pod->term_deadline);
		else if (sp_alive(c))
			sp_kill_begin(s, i, SP_KILL_POD, grace);
		else {
			c->kill = SP_KILL_POD; /* its Killing event comes with the launch */
			c->kill_deadline = pod->term_deadline;
			c->signalled = c->killed = false;
		}
	}
}

/**
 * sp_termination_adopt() - A launch was told after T0: that instance is stopped like the others
 */
void sp_termination_adopt(struct sp_step *s, uint16_t i)
{
	struct sp_pod *pod = s->pod;
	struct sp_ctr *c = &pod->ctrs[i];

	c->in_termination = true;
	c->stopped = false;
	sp_kill_begin(s, i, SP_KILL_POD, pod->term_deadline - s->now);
	c->kill_deadline = pod->term_deadline;
}

/*
 * REL-1: a sidecar that exited before its turn runs again, bare, when the termination has more
 * than a second.
 */
static void restart_sidecar(struct sp_step *s, uint16_t i)
{
	struct sp_pod *pod = s->pod;
	struct sp_ctr *c = &pod->ctrs[i];

	if (!s->spec->restart_sidecars_on_termination || !pod->ordered ||
	    s->spec->ctrs[i].role != SP_ROLE_SIDECAR || pod->sandbox != SP_SBX_READY ||
	    pod->term_deadline - pod->term_at <= SP_SEC || !c->in_termination || c->stopped ||
	    c->signalled || c->rec != SP_REC_EXITED)
		return;
	if (sp_turn(s->spec, pod, i, s->now)) {
		if (c->stage == SP_STAGE_IMAGE)
			c->stage = SP_STAGE_IDLE;
		return;
	}
	sp_ctr_restart_bare(s, i);
}

/* sp_termination_step() - Section 11.2 until everything that ran at T0 is gone */
void sp_termination_step(struct sp_step *s)
{
	bool gone = true;

	for (uint16_t i = 0; i < s->spec->n_ctrs; i++) {
		restart_sidecar(s, i);
		sp_kill_advance(s, i);
		gone &= stopped(s->pod, i);
	}
	if (gone)
		sp_finalise(s);
}

static int64_t delete_grace(const struct sp_pod_spec *spec, int64_t grace_s)
{
	return SP_MAX(grace_s < 0 ? spec->grace_s : grace_s, 1); /* 11.1, TERM-31 */
}

/**
 * sp_delete() - The first request begins the termination, a later one may only shorten it
 * (TERM-30)
 */
void sp_delete(struct sp_step *s, int64_t grace_s)
{
	struct sp_pod *pod = s->pod;
	int64_t grace = delete_grace(s->spec, grace_s);
	sp_time deadline = sp_time_add(s->now, sp_seconds(grace));
	struct sp_action *fact;

	fact = sp_fact_out(s, SP_FACT_POD_DELETE, SP_NO_CTR, "");
	fact->code = (int32_t)SP_MIN(grace, INT32_MAX);
	s->again = s->dirty = true;
	if (!pod->delete_requested) {
		pod->delete_requested = true;
		pod->delete_grace_s = grace;
		pod->delete_wall_ns = s->wall_ns;
	}
	if (pod->cause == SP_CAUSE_NONE || pod->terminal || deadline >= pod->term_deadline)
		return;
	pod->delete_grace_s = SP_MIN(pod->delete_grace_s, grace);
	pod->term_deadline = deadline;
	for (uint16_t i = 0; i < s->spec->n_ctrs; i++)
		pod->ctrs[i].kill_deadline = SP_MIN(pod->ctrs[i].kill_deadline, deadline);
}
