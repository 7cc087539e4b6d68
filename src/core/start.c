/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starting containers: the init order (section 4), the lane of the regular ones (START-4), the way
 * of one instance from image to launch and postStart (section 7, HOOK-1 to HOOK-5), and its exit.
 */
#include "core/pod_internal.h"

/* ---- who is to run -------------------------------------------------------------------------- */

static uint64_t bit(uint16_t i)
{
	return UINT64_C(1) << i;
}

/* An exited or missing record tells nothing about the pod being initialised (START-12). */
static bool any_regular_running(const struct sp_step *s)
{
	for (uint16_t i = s->spec->n_init; i < s->spec->n_ctrs; i++) {
		const struct sp_ctr *c = &s->pod->ctrs[i];

		if (sp_alive(c) || c->stage == SP_STAGE_CREATE ||
		    (c->rec == SP_REC_EXITED && !c->old_sandbox && !sp_settled(c)))
			return true;
	}
	return false;
}

/* A running sidecar of the init order: kills it may need. Return: is it started? */
static bool sidecar_running(struct sp_step *s, uint16_t i, struct sp_plan *plan)
{
	struct sp_ctr *c = &s->pod->ctrs[i];
	enum sp_kill cause = SP_KILL_NONE;
	bool started = true;

	if (sp_spec(s, i)->probes[SP_PROBE_STARTUP].set) {
		started = c->workers[SP_PROBE_STARTUP].result == SP_RESULT_SUCCESS;
		if (c->workers[SP_PROBE_STARTUP].result == SP_RESULT_FAILURE)
			cause = SP_KILL_STARTUP;
	}
	if (started && c->image_changed)
		cause = SP_KILL_IMAGE;
	else if (started && c->workers[SP_PROBE_LIVENESS].result == SP_RESULT_FAILURE)
		cause = SP_KILL_LIVENESS;
	if (c->kill == SP_KILL_NONE)
		plan->kills[i] = (uint8_t)cause;
	return started;
}

/**
 * sp_init_actions() - Section 4.2: from the last init-list container with a record downwards
 *
 * Everything below that one is either a sidecar, which is kept running (START-10), or an init
 * container that is finished.
 * Return: is the pod initialised, so that regular containers may be looked at?
 */
bool sp_init_actions(struct sp_step *s, struct sp_plan *plan, bool *ret_kill_pod)
{
	uint16_t n = s->spec->n_init;
	bool initialised, prev_done;

	*ret_kill_pod = false;
	if (!n)
		return true;
	initialised = prev_done = any_regular_running(s);
	for (uint16_t i = n; i-- > 0;) {
		struct sp_ctr *c = &s->pod->ctrs[i];
		bool sidecar = sp_spec(s, i)->role == SP_ROLE_SIDECAR, done = false;

		if (!sp_here(c) || c->forgotten) {
			if (prev_done && sidecar)
				plan->starts |= bit(i);
			continue;
		}
		if (prev_done && !sidecar)
			continue;
		if (sp_visible(c)) {
			done = sidecar && sidecar_running(s, i, plan);
		} else if (sp_settled(c)) {
			if (sidecar) {
				plan->starts |= bit(i); /* RESTART-5 */
			} else if (!sp_init_failed(c)) {
				done = true;
			} else if (sp_will_restart(s->spec, s->pod, i)) {
				plan->starts |= bit(i);
			} else {
				plan->starts = 0; /* INIT-1 */
				*ret_kill_pod = true;
				return false;
			}
		}
		if (done && i == n - 1)
			initialised = true;
		else if (done && !prev_done)
			plan->starts |= bit(i + 1); /* unlock the next one */
		prev_done = true;
	}
	if (!prev_done)
		plan->starts |= bit(0);
	return initialised;
}

/* RESTART-6: in this order of precedence */
static enum sp_kill regular_kill(const struct sp_ctr *c)
{
	if (c->image_changed)
		return SP_KILL_IMAGE;
	if (c->workers[SP_PROBE_LIVENESS].result == SP_RESULT_FAILURE)
		return SP_KILL_LIVENESS;
	if (c->workers[SP_PROBE_STARTUP].result == SP_RESULT_FAILURE)
		return SP_KILL_STARTUP;
	return SP_KILL_NONE;
}

/* Does a killed regular container run again afterwards? RESTART-3, RESTART-7 */
static bool restarts_after(const struct sp_step *s, uint16_t i, enum sp_kill cause)
{
	return cause == SP_KILL_IMAGE || sp_effective_policy(s->spec, i) != SP_RESTART_NEVER;
}

/**
 * sp_regular_actions() - Sections 3.1 and 5 for the regular containers of an initialised pod
 *
 * Return: false when nothing is kept and nothing is to be started, so the pod is over (RUN-2).
 */
bool sp_regular_actions(struct sp_step *s, struct sp_plan *plan)
{
	bool lives = false;

	for (uint16_t i = s->spec->n_init; i < s->spec->n_ctrs; i++) {
		struct sp_ctr *c = &s->pod->ctrs[i];

		if (c->kill != SP_KILL_NONE) { /* goes on; RESTART-10 waits for the code */
			lives |= c->restart_intent || c->kill == SP_KILL_POST_START;
		} else if (sp_visible(c)) {
			enum sp_kill cause = regular_kill(c);

			plan->kills[i] = (uint8_t)cause;
			lives |= cause == SP_KILL_NONE || restarts_after(s, i, cause);
		} else if (sp_alive(c) || c->stage != SP_STAGE_IDLE) {
			lives = true; /* start sequence under way */
		} else if (c->rec == SP_REC_EXITED && !sp_settled(c)) {
			lives = true; /* exit acted upon after its hook (HOOK-5) */
		} else if (!sp_here(c) || sp_will_restart(s->spec, s->pod, i)) {
			plan->starts |= bit(i);
			lives = true; /* RUN-1: also while it is held back */
		} else {
			c->lane_done = true;
		}
		if (plan->kills[i] != SP_KILL_NONE)
			c->restart_intent = restarts_after(s, i, plan->kills[i]);
	}
	return lives;
}

/**
 * sp_regular_starts() - Start what is due; first starts in a sandbox go through one lane (START-4)
 */
void sp_regular_starts(struct sp_step *s, uint64_t starts)
{
	bool taken = false;

	for (uint16_t i = s->spec->n_init; i < s->spec->n_ctrs; i++) {
		struct sp_ctr *c = &s->pod->ctrs[i];

		if (!c->lane_done && taken)
			continue;
		if (starts & bit(i))
			sp_ctr_start(s, i);
		if (c->lane_done)
			continue;
		if (c->stage != SP_STAGE_IDLE || sp_alive(c) || c->kill != SP_KILL_NONE ||
		    (c->rec == SP_REC_EXITED && c->post_start == SP_HOOK_RUNNING))
			taken = true;
		else if (starts & bit(i))
			c->lane_done = true; /* held back: the others do not wait for it */
	}
}

/* ---- image ---------------------------------------------------------------------------------- */

const char *sp_pod_image(const struct sp_pod_spec *spec, const struct sp_pod *pod, uint16_t ctr)
{
	uint16_t off = pod->ctrs[ctr].image_off;

	return off ? pod->images + off - 1 : spec->ctrs[ctr].image;
}

static void ensure_image(struct sp_step *s, uint16_t i)
{
	struct sp_ctr *c = &s->pod->ctrs[i];

	c->stage = SP_STAGE_IMAGE;
	c->image_again = false;
	sp_act_ctr(s, SP_ACT_IMAGE_ENSURE, i, c->next_attempt)->text =
		sp_pod_image(s->spec, s->pod, i);
	s->again = true;
}

/* IMG-2: the second half of a waiting period */
static void image_backoff(struct sp_step *s, uint16_t i)
{
	struct sp_ctr *c = &s->pod->ctrs[i];

	c->wait = SP_WAIT_IMAGE_BACKOFF;
	c->switch_at = SP_NEVER;
	s->dirty = true;
	sp_event_out(s, i, false, "BackOff",
		     sp_say(s, "Back-off pulling image \"", sp_pod_image(s->spec, s->pod, i), "\"",
			    SP_TEXT_END));
	sp_event_out(s, i, true, "Failed", "Error: ImagePullBackOff");
}

/* sp_image_tick() - ErrImagePull turns into ImagePullBackOff after a second */
void sp_image_tick(struct sp_step *s, uint16_t i)
{
	struct sp_ctr *c = &s->pod->ctrs[i];

	if (c->wait == SP_WAIT_IMAGE && s->now >= c->switch_at)
		image_backoff(s, i);
}

/* Begin the start sequence of the next instance, unless something holds it back. */
static void start_unless_held(struct sp_step *s, uint16_t i)
{
	struct sp_ctr *c = &s->pod->ctrs[i];
	sp_time until;

	if (sp_backoff_hold(s, i))
		return;
	if (c->wait != SP_WAIT_CRASH && s->now < c->retry_at)
		return; /* LAT-4 */
	until = sp_pull_hold(s, i);
	if (until) {
		if (c->wait != SP_WAIT_IMAGE && c->wait != SP_WAIT_IMAGE_BACKOFF) {
			c->detail_len = 0; /* another container met the failure */
			image_backoff(s, i);
		}
		c->retry_at = until;
		return;
	}
	ensure_image(s, i);
}

/**
 * sp_ctr_start() - The container is to run
 *
 * Does nothing while it runs, is being killed or is being started already.
 */
void sp_ctr_start(struct sp_step *s, uint16_t i)
{
	struct sp_ctr *c = &s->pod->ctrs[i];

	if (!sp_alive(c) && c->stage == SP_STAGE_IDLE && c->kill == SP_KILL_NONE &&
	    c->post_start != SP_HOOK_RUNNING)
		start_unless_held(s, i);
}

/* sp_ctr_restart_bare() - REL-1: again during the termination, without hooks and probes */
void sp_ctr_restart_bare(struct sp_step *s, uint16_t i)
{
	struct sp_ctr *c = &s->pod->ctrs[i];

	if (sp_alive(c) || c->stage != SP_STAGE_IDLE || c->pre_stop == SP_HOOK_RUNNING)
		return;
	c->bare = true;
	start_unless_held(s, i);
}

static const char *error_event(struct sp_step *s, const char *text)
{
	return sp_say(s, "Error: ", text, SP_TEXT_END);
}

/* Every failure before an instance exists: waiting, try again later (section 7). */
static void start_waits(struct sp_step *s, uint16_t i, enum sp_wait wait, const char *text)
{
	struct sp_ctr *c = &s->pod->ctrs[i];

	c->stage = SP_STAGE_IDLE;
	c->wait = (uint8_t)wait;
	c->retry_at = sp_time_add(s->now, SP_RETRY);
	c->lane_done = true;
	sp_detail_set(s, i, text);
	s->again = s->dirty = true;
}

static void image_failed(struct sp_step *s, uint16_t i, enum sp_image_fail fail, const char *text)
{
	struct sp_ctr *c = &s->pod->ctrs[i];
	const char *image = sp_pod_image(s->spec, s->pod, i);

	c->image_fail = (uint8_t)fail;
	c->switch_at = SP_NEVER;
	if (fail == SP_IMG_NEVER_PULL)
		text = sp_say(s, "Container image \"", image,
			      "\" is not present with pull policy of Never", SP_TEXT_END);
	start_waits(s, i, SP_WAIT_IMAGE, text);
	sp_fact_out(s, SP_FACT_PULLFAIL, i, sp_say(s, text, SP_TEXT_END))->attempt =
		c->next_attempt;
	switch (fail) {
	case SP_IMG_NEVER_PULL:
		sp_event_out(s, i, true, "ErrImageNeverPull", text);
		break;
	case SP_IMG_INVALID_NAME:
		sp_event_out(s, i, true, "InspectFailed",
			     sp_say(s, "Failed to apply default image tag \"", image, "\": ", text,
				    SP_TEXT_END));
		break;
	case SP_IMG_INSPECT:
		sp_event_out(
			s, i, true, "InspectFailed",
			sp_say(s, "Failed to inspect image \"", image, "\": ", text, SP_TEXT_END));
		break;
	case SP_IMG_PULL_FAILED:
	case SP_IMG_UNAVAILABLE:
	case SP_IMG_SIGNATURE:
		sp_event_out(
			s, i, true, "Failed",
			sp_say(s, "Failed to pull image \"", image, "\": ", text, SP_TEXT_END));
		sp_pull_failed(s, i);
		c->retry_at = sp_pull_hold(s, i);
		c->switch_at = sp_time_add(s->now, SP_PULL_SHOWN);
		break;
	}
	sp_event_out(s, i, true, "Failed", error_event(s, sp_image_fail_name(fail)));
}

static const char *present_text(struct sp_step *s, uint16_t i)
{
	return sp_say(s, "Container image \"", sp_pod_image(s->spec, s->pod, i),
		      s->spec->kube_minor >= 35
			      ? "\" already present on machine and can be accessed by the pod"
			      : "\" already present on machine",
		      SP_TEXT_END);
}

/* sp_image_event() - What became of an IMAGE_ENSURE; ignored when nobody waits for it */
void sp_image_event(struct sp_step *s, const struct sp_event *ev)
{
	struct sp_ctr *c = &s->pod->ctrs[ev->ctr];
	const char *text = ev->text ? ev->text : "";

	if (c->stage != SP_STAGE_IMAGE)
		return;
	if (ev->kind == SP_EV_IMAGE_PULLING) {
		sp_event_out(s, ev->ctr, false, "Pulling",
			     sp_say(s, "Pulling image \"", sp_pod_image(s->spec, s->pod, ev->ctr),
				    "\"", SP_TEXT_END));
		return;
	}
	if (c->image_again) { /* RESTART-7: this answer is about the image before the change */
		ensure_image(s, ev->ctr);
		return;
	}
	if (ev->kind == SP_EV_IMAGE_FAILED) {
		image_failed(s, ev->ctr, ev->image_fail, text);
		return;
	}
	sp_event_out(s, ev->ctr, false, "Pulled",
		     ev->kind == SP_EV_IMAGE_PRESENT ? present_text(s, ev->ctr)
						     : sp_say(s, text, SP_TEXT_END));
	c->stage = SP_STAGE_CREATE;
	c->asked = c->next_attempt + 1;
	c->image_changed = false; /* this one has the newest */
	sp_act_ctr(s, SP_ACT_CTR_START, ev->ctr, c->next_attempt);
	s->again = true;
}

/* Changed references stand in one small store; the newest ones win their place by closing up. */
static void images_drop(struct sp_step *s, uint16_t i)
{
	struct sp_pod *pod = s->pod;
	uint16_t off = pod->ctrs[i].image_off, len;

	if (!off)
		return;
	len = (uint16_t)(strlen(pod->images + off - 1) + 1);
	memmove(pod->images + off - 1, pod->images + off - 1 + len,
		pod->images_len - (size_t)(off - 1) - len);
	pod->images_len = (uint16_t)(pod->images_len - len);
	pod->ctrs[i].image_off = 0;
	for (uint16_t k = 0; k < s->spec->n_ctrs; k++)
		if (pod->ctrs[k].image_off > off)
			pod->ctrs[k].image_off = (uint16_t)(pod->ctrs[k].image_off - len);
}

/**
 * sp_set_image() - RESTART-7; without effect during a termination
 *
 * A reference that is too long, or one too many for the store, is not taken: the old image stays.
 */
void sp_set_image(struct sp_step *s, uint16_t i, const char *image)
{
	struct sp_pod *pod = s->pod;
	struct sp_ctr *c = &pod->ctrs[i];
	size_t n = strlen(image) + 1, old;

	if (pod->cause != SP_CAUSE_NONE || sp_streq(image, sp_pod_image(s->spec, pod, i)))
		return;
	old = c->image_off ? strlen(pod->images + c->image_off - 1) + 1 : 0;
	if (n == 1 || n > SP_IMAGE_TEXT_MAX || pod->images_len - old + n > sizeof(pod->images))
		return;
	images_drop(s, i);
	if (!sp_streq(image, sp_spec(s, i)->image)) {
		memcpy(pod->images + pod->images_len, image, n);
		c->image_off = (uint16_t)(pod->images_len + 1);
		pod->images_len = (uint16_t)(pod->images_len + n);
	}
	c->backoff_delay = 0; /* section 6: the entry belongs to the image */
	c->retry_at = 0;
	c->image_again = c->stage == SP_STAGE_IMAGE;
	/* a plain init container is not restarted for it (START-8) */
	c->image_changed =
		sp_spec(s, i)->role != SP_ROLE_INIT && (sp_alive(c) || c->stage == SP_STAGE_CREATE);
	s->again = s->dirty = true;
}

/* ---- one instance --------------------------------------------------------------------------- */

/* A new record: what was newest becomes the one before. */
static void new_instance(struct sp_step *s, uint16_t i)
{
	struct sp_ctr *c = &s->pod->ctrs[i];

	if (c->cur.set) {
		c->prev = c->cur;
		c->prev_counts = c->rec == SP_REC_EXITED && !c->forgotten;
		c->msg_slot ^= 1;
	}
	c->cur = (struct sp_instance){.set = true, .attempt = c->next_attempt};
	c->next_attempt++;
	c->rec_sandbox = s->pod->sandbox_attempt;
	c->stage = SP_STAGE_IDLE;
	c->kill = SP_KILL_NONE;
	c->post_start = c->pre_stop = SP_HOOK_IDLE;
	c->retry_at = 0;
	c->switch_at = SP_NEVER;
	c->old_sandbox = c->forgotten = false;
	c->restart_intent = c->backoff_passed = false;
	c->signalled = c->killed = false;
	s->again = s->dirty = true;
	sp_event_out(s, i, false, "Created",
		     s->spec->kube_minor >= 34
			     ? "Container created"
			     : sp_say(s, "Created container: ", sp_spec(s, i)->name, SP_TEXT_END));
}

static void set_message(struct sp_step *s, uint16_t i, const char *text)
{
	struct sp_ctr *c = &s->pod->ctrs[i];
	size_t n = strlen(text), room = sp_message_room(s->spec);
	char *at;

	if (!n)
		return; /* leave the page untouched */
	n = SP_MIN(n, room);
	at = s->pod->messages + sp_message_at(s->spec, c, i, false);
	memcpy(at, text, n);
	at[n] = '\0';
	c->cur.msg_len = (uint16_t)n;
}

static void become_visible(struct sp_step *s, uint16_t i)
{
	struct sp_ctr *c = &s->pod->ctrs[i];

	c->wait = SP_WAIT_NONE;
	c->lane_done = true;
	s->again = s->dirty = true;
	if (!c->bare && s->pod->cause == SP_CAUSE_NONE)
		sp_probes_visible(s, i);
}

/* HOOK-1: directly after the launch */
static void post_start_begin(struct sp_step *s, uint16_t i)
{
	struct sp_ctr *c = &s->pod->ctrs[i];
	const struct sp_hook_spec *hook = &sp_spec(s, i)->post_start;

	c->post_start = SP_HOOK_RUNNING;
	sp_fact_out(s, SP_FACT_POSTSTART_BEGIN, i, "");
	switch (hook->kind) {
	case SP_HOOK_EXEC:
	case SP_HOOK_HTTP:
		sp_act_ctr(s, SP_ACT_HOOK_RUN, i, c->cur.attempt)->hook = SP_HOOK_POST_START;
		c->post_until = SP_NEVER;
		break;
	case SP_HOOK_SLEEP:
		c->post_until = sp_time_add(s->now, sp_seconds(hook->sleep_s));
		break;
	case SP_HOOK_TCP: /* HOOK-9: cannot be run */
	case SP_HOOK_NONE:
		sp_post_start_done(s, i, false);
		break;
	}
}

/* A new instance that nobody has to stop any more: its part in a termination goes on (TERM-5). */
static void keep_termination(struct sp_step *s, uint16_t i)
{
	struct sp_ctr *c = &s->pod->ctrs[i];

	if (s->pod->cause == SP_CAUSE_NONE || !c->in_termination)
		return;
	c->kill = SP_KILL_POD;
	c->kill_deadline = s->pod->term_deadline;
}

/**
 * sp_started() - The process of the next instance was launched
 * @gone: and it is gone already, its exit is told next
 */
void sp_started(struct sp_step *s, uint16_t i, bool gone)
{
	struct sp_pod *pod = s->pod;
	struct sp_ctr *c = &pod->ctrs[i];
	bool bare = pod->cause != SP_CAUSE_NONE && c->in_termination && c->bare;

	new_instance(s, i);
	c->rec = SP_REC_RUNNING;
	c->bare = bare;
	c->cur.started_at = s->now;
	c->cur.started_wall_ns = s->wall_ns;
	sp_probes_reset(s, i);
	sp_event_out(s, i, false, "Started",
		     s->spec->kube_minor >= 34
			     ? "Container started"
			     : sp_say(s, "Started container ", sp_spec(s, i)->name, SP_TEXT_END));
	sp_fact_out(s, SP_FACT_START, i, "");
	keep_termination(s, i);
	if (gone)
		return;
	if (sp_spec(s, i)->role != SP_ROLE_INIT && !bare &&
	    sp_spec(s, i)->post_start.kind != SP_HOOK_NONE)
		post_start_begin(s, i);
	else
		become_visible(s, i);
	if (pod->cause != SP_CAUSE_NONE && !bare)
		sp_termination_adopt(s, i);
	else if (pod->restarting_all)
		sp_kill_begin(s, i, SP_KILL_ALL, 0);
}

/* sp_post_start_done() - The hook of the newest instance ended (HOOK-4, HOOK-5) */
void sp_post_start_done(struct sp_step *s, uint16_t i, bool ok)
{
	struct sp_ctr *c = &s->pod->ctrs[i];

	if (c->post_start != SP_HOOK_RUNNING)
		return;
	c->post_start = ok ? SP_HOOK_OK : SP_HOOK_FAILED;
	c->post_until = SP_NEVER;
	s->again = s->dirty = true;
	sp_fact_out(s, SP_FACT_POSTSTART_END, i, "");
	if (!ok)
		sp_event_out(s, i, true, "FailedPostStartHook", "PostStartHook failed");
	if (c->rec == SP_REC_EXITED) {
		c->wait = ok ? SP_WAIT_NONE : SP_WAIT_POST_START;
		c->detail_len = 0;
		sp_exit_acted(s, i);
	} else if (ok) {
		become_visible(s, i);
	} else {
		c->wait = SP_WAIT_POST_START;
		c->detail_len = 0;
		if (c->kill == SP_KILL_NONE)
			sp_kill_begin(s, i, SP_KILL_POST_START,
				      sp_kill_grace(s->spec, i, SP_KILL_POST_START));
	}
}

void sp_create_failed(struct sp_step *s, const struct sp_event *ev)
{
	const char *text = ev->text ? ev->text : "";

	start_waits(s, ev->ctr, ev->config ? SP_WAIT_CONFIG : SP_WAIT_CREATE, text);
	sp_event_out(s, ev->ctr, true, "Failed", error_event(s, text));
}

/* sp_start_failed() - Created but not launched: an exited record with code 128 (IMG-7, BACK-12) */
void sp_start_failed(struct sp_step *s, const struct sp_event *ev)
{
	struct sp_ctr *c = &s->pod->ctrs[ev->ctr];
	const char *text = ev->text ? ev->text : "";

	new_instance(s, ev->ctr);
	c->rec = SP_REC_EXITED;
	c->cur.code = 128;
	c->cur.reason = SP_EXIT_START_ERROR;
	c->cur.finished_at = s->now;
	c->cur.finished_wall_ns = s->wall_ns;
	c->lane_done = true;
	set_message(s, ev->ctr, text);
	c->wait = SP_WAIT_RUN;
	sp_detail_set(s, ev->ctr, text);
	sp_event_out(s, ev->ctr, true, "Failed", error_event(s, text));
	sp_fact_out(s, SP_FACT_STARTERROR, ev->ctr, sp_say(s, text, SP_TEXT_END))->code = 128;
	keep_termination(s, ev->ctr);
	sp_exit_acted(s, ev->ctr);
}

/* sp_exit_acted() - From here on the exit counts: RestartAllContainers looks at it (RESTART-20) */
void sp_exit_acted(struct sp_step *s, uint16_t i)
{
	struct sp_pod *pod = s->pod;

	if (pod->cause == SP_CAUSE_NONE && !pod->delete_requested && !pod->restarting_all &&
	    sp_rule_restarts_all(s->spec, i, pod->ctrs[i].cur.code))
		sp_restart_all_begin(s);
}

/* sp_exited() - The newest instance is gone, with all its processes */
void sp_exited(struct sp_step *s, uint16_t i, int32_t code, enum sp_exit_reason reason,
	       const char *text)
{
	struct sp_ctr *c = &s->pod->ctrs[i];
	struct sp_action *fact;

	c->rec = SP_REC_EXITED;
	c->cur.code = code;
	c->cur.reason = (uint8_t)reason;
	c->cur.finished_at = s->now;
	c->cur.finished_wall_ns = s->wall_ns;
	c->image_changed = false;
	set_message(s, i, text);
	sp_probes_stop(c, true);
	if (c->wait != SP_WAIT_POST_START)
		c->wait = SP_WAIT_NONE;
	s->again = s->dirty = true;
	fact = sp_fact_out(s, SP_FACT_EXIT, i, sp_exit_reason_name(reason));
	fact->code = code;

	/* an exec hook dies with its container; others run on, which no termination waits for */
	if (c->post_start == SP_HOOK_RUNNING) {
		if (sp_spec(s, i)->post_start.kind == SP_HOOK_EXEC) {
			sp_post_start_done(s, i, false);
			return sp_kill_gone(s, i);
		}
		if (s->pod->cause != SP_CAUSE_NONE || c->kill != SP_KILL_NONE) {
			c->post_start = SP_HOOK_ABANDONED;
			sp_fact_out(s, SP_FACT_POSTSTART_END, i, "");
		}
	}
	sp_kill_gone(s, i);
	if (sp_settled(c))
		sp_exit_acted(s, i);
}
