/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stopping one container (section 10): preStop, the turn, the stop signal, SIGKILL. The pod
 * termination uses the same machine for every container (termination.c).
 */
#include "core/pod_internal.h"

static const char *kill_text(struct sp_step *s, uint16_t i, enum sp_kill cause)
{
	static const char *const what[] = {
		[SP_KILL_IMAGE] = " definition changed",
		[SP_KILL_LIVENESS] = " failed liveness probe",
		[SP_KILL_STARTUP] = " failed startup probe",
	};
	const char *name = sp_spec(s, i)->name;

	switch (cause) {
	case SP_KILL_POST_START:
		return "FailedPostStartHook";
	case SP_KILL_ALL:
		return "killing"; /* RESTART-20 */
	case SP_KILL_POD:
		return sp_say(s, "Stopping container ", name, SP_TEXT_END);
	case SP_KILL_IMAGE:
	case SP_KILL_LIVENESS:
	case SP_KILL_STARTUP:
	case SP_KILL_NONE:
		break;
	}
	if (sp_spec(s, i)->role != SP_ROLE_APP)
		return sp_say(s, "Init container ", name, what[cause], SP_TEXT_END);
	return sp_say(s, "Container ", name, what[cause],
		      s->pod->ctrs[i].restart_intent ? ", will be restarted" : "", SP_TEXT_END);
}

/* sp_kill_grace() - KILL-2 */
sp_time sp_kill_grace(const struct sp_pod_spec *spec, uint16_t i, enum sp_kill cause)
{
	int64_t grace_s = spec->grace_s;

	if (cause == SP_KILL_LIVENESS && spec->ctrs[i].probes[SP_PROBE_LIVENESS].grace_s >= 0)
		grace_s = spec->ctrs[i].probes[SP_PROBE_LIVENESS].grace_s;
	if (cause == SP_KILL_STARTUP && spec->ctrs[i].probes[SP_PROBE_STARTUP].grace_s >= 0)
		grace_s = spec->ctrs[i].probes[SP_PROBE_STARTUP].grace_s;
	return sp_seconds(grace_s);
}

/* HOOK-6, TERM-10 */
static void pre_stop_begin(struct sp_step *s, uint16_t i)
{
	struct sp_ctr *c = &s->pod->ctrs[i];
	const struct sp_hook_spec *hook = &sp_spec(s, i)->pre_stop;

	c->pre_stop = SP_HOOK_RUNNING;
	c->hook_until = SP_NEVER;
	sp_fact_out(s, SP_FACT_PRESTOP_BEGIN, i, "");
	switch (hook->kind) {
	case SP_HOOK_EXEC:
	case SP_HOOK_HTTP:
		sp_act_ctr(s, SP_ACT_HOOK_RUN, i, c->cur.attempt)->hook = SP_HOOK_PRE_STOP;
		break;
	case SP_HOOK_SLEEP:
		c->hook_until = sp_time_add(s->now, sp_seconds(hook->sleep_s));
		break;
	case SP_HOOK_TCP: /* HOOK-9: cannot be run */
	case SP_HOOK_NONE:
		sp_pre_stop_done(s, i, false);
		break;
	}
}

/**
 * sp_kill_begin() - Begin to stop a running container (or one whose launch is under way)
 * @grace: for hook and stop signal together; 0 or less: no hook (KILL-4)
 */
void sp_kill_begin(struct sp_step *s, uint16_t i, enum sp_kill cause, sp_time grace)
{
	struct sp_ctr *c = &s->pod->ctrs[i];
	const char *text = kill_text(s, i, cause);

	c->kill = (uint8_t)cause;
	c->kill_deadline = sp_time_add(s->now, SP_MAX(grace, 0));
	c->signalled = c->killed = false;
	c->pre_stop = SP_HOOK_IDLE;
	s->again = s->dirty = true;
	sp_event_out(s, i, false, "Killing", text);
	if (cause != SP_KILL_POD && cause != SP_KILL_ALL)
		sp_fact_out(s, SP_FACT_KILL, i, text);
	sp_probes_stop(c, false); /* PROBE-30, PROBE-33 */
	if (sp_alive(c) && grace > 0 && cause != SP_KILL_ALL && !c->bare &&
	    sp_spec(s, i)->role != SP_ROLE_INIT && sp_spec(s, i)->pre_stop.kind != SP_HOOK_NONE)
		pre_stop_begin(s, i);
}

/**
 * sp_pre_stop_done() - The hook ended (HOOK-8)
 *
 * Also for one that nobody waits for any more: its failure is still told.
 */
void sp_pre_stop_done(struct sp_step *s, uint16_t i, bool ok)
{
	struct sp_ctr *c = &s->pod->ctrs[i];

	if (c->pre_stop != SP_HOOK_RUNNING && c->pre_stop != SP_HOOK_ABANDONED)
		return;
	c->pre_stop = ok ? SP_HOOK_OK : SP_HOOK_FAILED;
	s->again = true;
	sp_fact_out(s, SP_FACT_PRESTOP_END, i, "");
	if (!ok)
		sp_event_out(s, i, true, "FailedPreStopHook", "PreStopHook failed");
}

static sp_time kill_at(const struct sp_ctr *c)
{
	return SP_MAX(sp_time_add(c->signalled_at, SP_KILL_MIN), c->kill_deadline); /* KILL-4 */
}

static void sigkill(struct sp_step *s, uint16_t i, uint32_t attempt)
{
	s->pod->ctrs[i].killed = true;
	sp_act_ctr(s, SP_ACT_CTR_KILL, i, attempt);
	sp_fact_out(s, SP_FACT_SIGKILL, i, "")->attempt = attempt;
}

static void kill_finished(struct sp_step *s, uint16_t i)
{
	struct sp_ctr *c = &s->pod->ctrs[i];
	enum sp_kill cause = (enum sp_kill)c->kill;

	s->again = s->dirty = true;
	if (s->pod->cause != SP_CAUSE_NONE) {
		c->stopped = true;
		return;
	}
	c->kill = SP_KILL_NONE;
	if (cause == SP_KILL_IMAGE || cause == SP_KILL_LIVENESS || cause == SP_KILL_STARTUP)
		sp_backoff_after_kill(s, i);
	if (cause == SP_KILL_POST_START)
		sp_exit_acted(s, i); /* RESTART-10 */
}

/* sp_kill_advance() - The next stage of a kill in flight, when its time or its turn has come */
void sp_kill_advance(struct sp_step *s, uint16_t i)
{
	struct sp_ctr *c = &s->pod->ctrs[i];
	bool over, turn, own;

	if (c->kill == SP_KILL_NONE || c->stopped)
		return;
	if (c->pre_stop == SP_HOOK_RUNNING && s->now >= c->hook_until)
		sp_pre_stop_done(s, i, true);
	if (c->pre_stop == SP_HOOK_RUNNING && s->now >= c->kill_deadline) {
		c->pre_stop = SP_HOOK_ABANDONED;
		if (sp_spec(s, i)->pre_stop.kind == SP_HOOK_SLEEP) {
			c->pre_stop = SP_HOOK_OK;
			sp_fact_out(s, SP_FACT_PRESTOP_END, i, "");
		}
	}
	over = c->pre_stop != SP_HOOK_RUNNING;
	turn = s->pod->cause == SP_CAUSE_NONE || sp_turn(s->spec, s->pod, i, s->now);
	own = c->kill != SP_KILL_POD; /* TERM-4: a kill from before T0 keeps its own pace */

	if (c->stage == SP_STAGE_CREATE) {
		/* TERM-3: no launch was reported so far; the end of the termination is kept anyway
		 */
		if (!c->killed && s->now >= sp_time_add(c->kill_deadline, SP_KILL_MIN))
			sigkill(s, i, c->next_attempt);
		return;
	}
	if (sp_alive(c) && over && (turn || own) && !c->signalled) {
		c->signalled = true;
		c->signalled_at = s->now;
		sp_act_ctr(s, SP_ACT_CTR_SIGNAL, i, c->cur.attempt);
		sp_fact_out(s, SP_FACT_SIGTERM, i, "");
	}
	if (sp_alive(c) && c->signalled && !c->killed && s->now >= kill_at(c))
		sigkill(s, i, c->cur.attempt);
	if (!sp_alive(c) && over && turn)
		kill_finished(s, i); /* KILL-7, TERM-5 */
}

/* sp_kill_gone() - KILL-7: what becomes of a preStop hook whose container is gone */
void sp_kill_gone(struct sp_step *s, uint16_t i)
{
	if (sp_spec(s, i)->pre_stop.kind == SP_HOOK_EXEC)
		sp_pre_stop_done(s, i, false);
}

/* sp_kill_deadline() - When a kill in flight needs to be looked at; turns come by events or at D */
sp_time sp_kill_deadline(const struct sp_pod *pod, const struct sp_ctr *c)
{
	if (c->kill == SP_KILL_NONE || c->stopped)
		return SP_NEVER;
	if (c->stage == SP_STAGE_CREATE)
		return c->killed ? SP_NEVER : sp_time_add(c->kill_deadline, SP_KILL_MIN);
	if (c->pre_stop == SP_HOOK_RUNNING)
		return SP_MIN(c->hook_until, c->kill_deadline);
	if (sp_alive(c) && c->signalled)
		return c->killed ? SP_NEVER : kill_at(c);
	return pod->cause == SP_CAUSE_NONE ? SP_NEVER : pod->term_deadline;
}
