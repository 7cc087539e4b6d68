/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether and when a container runs again: policy and rules (section 5), crash back-off
 * (section 6), pull back-off (IMG-2) and RestartAllContainers (5.2).
 */
#include "core/pod_internal.h"

#include "base/text.h"

/* Container-level policies of plain init and regular containers came with 1.35 (section 22). */
static bool own_policy(const struct sp_pod_spec *spec, const struct sp_ctr_spec *c)
{
	return c->restart_policy != SP_RESTART_UNSET &&
	       (c->role == SP_ROLE_SIDECAR || spec->kube_minor >= 35);
}

/* RESTART-1 */
enum sp_restart_policy sp_effective_policy(const struct sp_pod_spec *spec, uint16_t i)
{
	const struct sp_ctr_spec *c = &spec->ctrs[i];

	if (c->role == SP_ROLE_SIDECAR)
		return SP_RESTART_ALWAYS; /* RESTART-5 */
	return own_policy(spec, c) ? c->restart_policy : spec->restart_policy;
}

static const struct sp_restart_rule *matching_rule(const struct sp_pod_spec *spec, uint16_t i,
						   int32_t code)
{
	const struct sp_ctr_spec *c = &spec->ctrs[i];

	if (spec->kube_minor < 35 || c->restart_policy == SP_RESTART_UNSET)
		return NULL;
	for (uint8_t r = 0; r < c->n_rules; r++) {
		const struct sp_restart_rule *rule = &c->rules[r];
		bool in = false;

		for (uint16_t k = 0; k < rule->n_codes && !in; k++)
			in = rule->codes[k] == code;
		if (in != rule->not_in)
			return rule;
	}
	return NULL;
}

/* RESTART-2: by the first matching rule, then by the policy */
bool sp_should_restart(const struct sp_pod_spec *spec, uint16_t i, int32_t code)
{
	enum sp_restart_policy policy = sp_effective_policy(spec, i);

	if (spec->ctrs[i].role != SP_ROLE_SIDECAR && matching_rule(spec, i, code))
		return true;
	return policy == SP_RESTART_ALWAYS || (policy == SP_RESTART_ON_FAILURE && code != 0);
}

/* START-9: an OOM kill is a failure whatever the code */
bool sp_init_failed(const struct sp_ctr *c)
{
	return c->cur.code != 0 || c->cur.reason == SP_EXIT_OOM;
}

/* Is an exited container to run again (as far as its own record tells)? */
bool sp_will_restart(const struct sp_pod_spec *spec, const struct sp_pod *pod, uint16_t i)
{
	const struct sp_ctr *c = &pod->ctrs[i];

	switch (spec->ctrs[i].role) {
	case SP_ROLE_SIDECAR:
		return true;
	case SP_ROLE_INIT:
		if (!sp_init_failed(c))
			return false;
		if (c->cur.code == 0) /* OOM-killed with code 0: START-9 */
			return sp_effective_policy(spec, i) != SP_RESTART_NEVER;
		return sp_should_restart(spec, i, c->cur.code);
	case SP_ROLE_APP:
	case SP_ROLES:
		break;
	}
	return c->restart_intent || sp_should_restart(spec, i, c->cur.code);
}

/* ---- crash back-off ------------------------------------------------------------------------- */

static sp_time backoff_max(const struct sp_pod_spec *spec)
{
	return spec->backoff_max > 0 ? spec->backoff_max : 300 * SP_SEC;
}

static sp_time backoff_initial(const struct sp_pod_spec *spec)
{
	sp_time initial = spec->backoff_initial > 0 ? spec->backoff_initial : 10 * SP_SEC;

	return SP_MIN(initial, backoff_max(spec)); /* BACK-11 */
}

/* BACK-2 for a record that ended at @ended: held back now? */
static bool backoff_holds(const struct sp_step *s, const struct sp_ctr *c, sp_time ended)
{
	return c->backoff_delay && ended - c->backoff_updated <= SP_FORGET &&
	       s->now - ended < c->backoff_delay;
}

static void backoff_pass(struct sp_step *s, struct sp_ctr *c, sp_time ended)
{
	if (!c->backoff_delay || ended - c->backoff_updated > SP_FORGET)
		c->backoff_delay = backoff_initial(s->spec);
	else
		c->backoff_delay = SP_MIN(2 * c->backoff_delay, backoff_max(s->spec));
	c->backoff_updated = s->now;
	c->backoff_passed = true;
}

/**
 * sp_backoff_hold() - BACK-2 for a container that is to be started
 *
 * Decided once per record: a pull that fails afterwards does not make the delay longer (BACK-12).
 * Return: true while it has to wait; retry_at then says until when.
 */
bool sp_backoff_hold(struct sp_step *s, uint16_t i)
{
	struct sp_ctr *c = &s->pod->ctrs[i];

	if (c->backoff_passed || c->forgotten || c->rec != SP_REC_EXITED)
		return false;
	if (!backoff_holds(s, c, c->cur.finished_at)) {
		backoff_pass(s, c, c->cur.finished_at);
		return false;
	}
	if (c->wait != SP_WAIT_CRASH) {
		const struct sp_pod_spec *spec = s->spec;
		char d[32];
		struct sp_buf b = sp_buf_fixed(d, sizeof(d));

		c->wait = SP_WAIT_CRASH;
		s->dirty = true;
		sp_format_go_duration(&b, c->backoff_delay);
		sp_fact_out(s, SP_FACT_BACKOFF, i,
			    sp_say(s, "back-off ", d, " restarting failed container=",
				   spec->ctrs[i].name, " pod=", spec->name, "_", spec->ns, "(",
				   spec->uid, ")", SP_TEXT_END));
		sp_event_out(s, i, true, "BackOff", /* BACK-10 */
			     sp_say(s, "Back-off restarting failed container ", spec->ctrs[i].name,
				    " in pod ", spec->name, "_", spec->ns, "(", spec->uid, ")",
				    SP_TEXT_END));
	}
	c->retry_at = sp_time_add(c->cur.finished_at, c->backoff_delay);
	return true;
}

/**
 * sp_backoff_after_kill() - BACK-6: kill-and-restart looks at the record before the killed one
 *
 * If that one is still in back-off nothing is decided here, and BACK-2 applies to the instance
 * that was just killed.
 */
void sp_backoff_after_kill(struct sp_step *s, uint16_t i)
{
	struct sp_ctr *c = &s->pod->ctrs[i];

	if (!c->prev.set || !c->prev_counts)
		c->backoff_passed = true;
	else if (!backoff_holds(s, c, c->prev.finished_at))
		backoff_pass(s, c, c->prev.finished_at);
}

/* ---- pull back-off: one entry per image of the pod (IMG-2) ----------------------------------- */

static uint64_t image_hash(const char *image)
{
	uint64_t h = 0xcbf29ce484222325; /* FNV-1a */

	for (; *image; image++)
		h = (h ^ (unsigned char)*image) * 0x100000001b3;
	return h;
}

static bool pull_forgotten(const struct sp_step *s, const struct sp_pull_entry *e)
{
	return s->now - e->updated_at > SP_FORGET;
}

/* Another container fetches the same image right now. */
static bool pull_in_flight(const struct sp_step *s, uint16_t i)
{
	const char *image = sp_pod_image(s->spec, s->pod, i);

	for (uint16_t k = 0; k < s->spec->n_ctrs; k++)
		if (k != i && s->pod->ctrs[k].stage == SP_STAGE_IMAGE &&
		    sp_streq(sp_pod_image(s->spec, s->pod, k), image))
			return true;
	return false;
}

/**
 * sp_pull_hold() - When the image of @i may be pulled again
 *
 * Return: 0 at once; a time; SP_NEVER while another container tries the image that failed before,
 * so that one failure counts once.
 */
sp_time sp_pull_hold(const struct sp_step *s, uint16_t i)
{
	uint64_t h;

	if (!s->pod->n_pulls)
		return 0;
	h = image_hash(sp_pod_image(s->spec, s->pod, i));
	for (uint16_t k = 0; k < s->pod->n_pulls; k++) {
		const struct sp_pull_entry *e = &s->pod->pulls[k];

		if (e->image != h || pull_forgotten(s, e))
			continue;
		if (s->now < e->updated_at + e->delay)
			return e->updated_at + e->delay;
		return pull_in_flight(s, i) ? SP_NEVER : 0;
	}
	return 0;
}

void sp_pull_failed(struct sp_step *s, uint16_t i)
{
	struct sp_pod *pod = s->pod;
	uint64_t h = image_hash(sp_pod_image(s->spec, pod, i));
	struct sp_pull_entry *e = NULL;

	for (uint16_t k = 0; k < pod->n_pulls && !e; k++)
		if (pod->pulls[k].image == h)
			e = &pod->pulls[k];
	if (!e && pod->n_pulls < SP_PULL_ENTRIES) {
		e = &pod->pulls[pod->n_pulls++];
		*e = (struct sp_pull_entry){.image = h};
	}
	if (!e) { /* all taken by images of the past: the longest untouched one goes */
		e = &pod->pulls[0];
		for (uint16_t k = 1; k < pod->n_pulls; k++)
			if (pod->pulls[k].updated_at < e->updated_at)
				e = &pod->pulls[k];
		*e = (struct sp_pull_entry){.image = h};
	}
	if (!e->delay || pull_forgotten(s, e))
		e->delay = SP_PULL_FIRST;
	else
		e->delay = SP_MIN(2 * e->delay, SP_PULL_MAX);
	e->updated_at = s->now;
}

/* ---- RestartAllContainers (5.2) -------------------------------------------------------------- */

/* The action came into effect by default with 1.36. */
bool sp_rule_restarts_all(const struct sp_pod_spec *spec, uint16_t i, int32_t code)
{
	const struct sp_restart_rule *rule = matching_rule(spec, i, code);

	return spec->kube_minor >= 36 && rule && rule->action == SP_RULE_RESTART_ALL;
}

bool sp_has_restart_all(const struct sp_pod_spec *spec)
{
	if (spec->kube_minor < 36)
		return false;
	for (uint16_t i = 0; i < spec->n_ctrs; i++)
		for (uint8_t r = 0; r < spec->ctrs[i].n_rules; r++)
			if (spec->ctrs[i].rules[r].action == SP_RULE_RESTART_ALL)
				return true;
	return false;
}

/* RESTART-20: everything that runs is killed, without order, without preStop */
void sp_restart_all_begin(struct sp_step *s)
{
	s->pod->restarting_all = s->pod->restarted_all = true;
	s->again = s->dirty = true;
	for (uint16_t i = 0; i < s->spec->n_ctrs; i++) {
		struct sp_ctr *c = &s->pod->ctrs[i];

		if (c->stage == SP_STAGE_IMAGE)
			c->stage = SP_STAGE_IDLE;
		if (c->kill != SP_KILL_NONE) {
			c->kill_deadline = SP_MIN(c->kill_deadline, s->now);
			c->kill = SP_KILL_ALL;
			sp_kill_advance(s, i);
		} else if (sp_alive(c)) {
			sp_kill_begin(s, i, SP_KILL_ALL, 0);
		}
	}
}

/* RESTART-21: once all are gone every record is dropped and the pod starts anew */
void sp_restart_all_step(struct sp_step *s)
{
	struct sp_pod *pod = s->pod;
	bool gone = true;

	for (uint16_t i = 0; i < s->spec->n_ctrs; i++) {
		struct sp_ctr *c = &pod->ctrs[i];

		sp_kill_advance(s, i);
		gone &= !sp_alive(c) && c->kill == SP_KILL_NONE && c->stage != SP_STAGE_CREATE;
	}
	if (!gone)
		return;
	for (uint16_t i = 0; i < s->spec->n_ctrs; i++) {
		struct sp_ctr *c = &pod->ctrs[i];

		if (c->rec != SP_REC_NONE) {
			c->prev = c->cur;
			c->prev.code = 137;
			c->prev.reason = SP_EXIT_RESTART_ALL;
			c->prev.msg_len = 0;
			c->cur.set = false;
		}
		c->rec = SP_REC_NONE;
		c->wait = SP_WAIT_NONE;
		c->post_start = c->pre_stop = SP_HOOK_IDLE;
		c->retry_at = 0;
		c->prev_counts = c->old_sandbox = c->forgotten = false;
		c->restart_intent = c->backoff_passed = c->image_changed = c->lane_done = false;
	}
	pod->restarting_all = false;
	s->again = s->dirty = true;
}
