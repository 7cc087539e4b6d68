/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside the core: what the files of one step share. A step is one struct that is passed around;
 * every function that changes something another decision may depend on says so with `again`.
 */
#ifndef SP_CORE_POD_INTERNAL_H
#define SP_CORE_POD_INTERNAL_H

#include "core/pod_state.h"

#define SP_KILL_MIN   (2 * SP_SEC)   /* KILL-4 */
#define SP_RETRY      (10 * SP_SEC)  /* LAT-4 */
#define SP_FORGET     (600 * SP_SEC) /* BACK-1 */
#define SP_PULL_FIRST (10 * SP_SEC)  /* IMG-2 */
#define SP_PULL_MAX   (300 * SP_SEC)
#define SP_PULL_SHOWN SP_SEC /* ErrImagePull is shown for so long */

#define SP_DEADLINE_TEXT "Pod was active on the node longer than the specified deadline"
#define SP_UNKNOWN_TEXT  "The container could not be located when the pod was terminated"

struct sp_step {
	const struct sp_pod_spec *spec;
	struct sp_pod *pod;
	sp_time now;
	int64_t wall_ns;
	struct sp_actions *out;
	bool again; /* something changed: decide once more */
	bool dirty; /* the visible status may have changed */
};

/* What a round of decisions wants (section 3.1). */
struct sp_plan {
	uint64_t starts;                  /* bit per container */
	uint8_t kills[SP_CONTAINERS_MAX]; /* enum sp_kill */
};

/* ---- events.c: telling ---- */
#define SP_TEXT_END ((const char *)NULL)
/* Join strings up to SP_TEXT_END in the texts of this step. */
const char *sp_say(struct sp_step *s, const char *first, ...) __attribute__((sentinel));
/* A copy of at most @n bytes of @text. */
const char *sp_say_n(struct sp_step *s, const char *text, size_t n);
struct sp_action *sp_act(struct sp_step *s, enum sp_act_kind kind);
struct sp_action *sp_act_ctr(struct sp_step *s, enum sp_act_kind kind, uint16_t ctr,
			     uint32_t attempt);
void sp_event_out(struct sp_step *s, uint16_t ctr, bool warning, const char *reason,
		  const char *text);
struct sp_action *sp_fact_out(struct sp_step *s, enum sp_fact fact, uint16_t ctr, const char *text);
const char *sp_wait_reason(const struct sp_pod_spec *spec, const struct sp_ctr *c);
const char *sp_exit_reason_name(enum sp_exit_reason reason);
const char *sp_image_fail_name(enum sp_image_fail fail);
void sp_detail_set(struct sp_step *s, uint16_t i, const char *text);

/* ---- restart.c: policy and back-off, sections 5 and 6 ---- */
enum sp_restart_policy sp_effective_policy(const struct sp_pod_spec *spec, uint16_t i);
bool sp_should_restart(const struct sp_pod_spec *spec, uint16_t i, int32_t code);
bool sp_init_failed(const struct sp_ctr *c);
bool sp_will_restart(const struct sp_pod_spec *spec, const struct sp_pod *pod, uint16_t i);
bool sp_rule_restarts_all(const struct sp_pod_spec *spec, uint16_t i, int32_t code);
bool sp_has_restart_all(const struct sp_pod_spec *spec);
bool sp_backoff_hold(struct sp_step *s, uint16_t i);
void sp_backoff_after_kill(struct sp_step *s, uint16_t i);
sp_time sp_pull_hold(const struct sp_step *s, uint16_t i);
void sp_pull_failed(struct sp_step *s, uint16_t i);
void sp_restart_all_begin(struct sp_step *s);
void sp_restart_all_step(struct sp_step *s);

/* ---- start.c: sections 4 and 7 ---- */
bool sp_init_actions(struct sp_step *s, struct sp_plan *plan, bool *ret_kill_pod);
bool sp_regular_actions(struct sp_step *s, struct sp_plan *plan);
void sp_regular_starts(struct sp_step *s, uint64_t starts);
void sp_ctr_start(struct sp_step *s, uint16_t i);
void sp_ctr_restart_bare(struct sp_step *s, uint16_t i);
void sp_image_tick(struct sp_step *s, uint16_t i);
void sp_exit_acted(struct sp_step *s, uint16_t i);
void sp_image_event(struct sp_step *s, const struct sp_event *ev);
void sp_create_failed(struct sp_step *s, const struct sp_event *ev);
void sp_start_failed(struct sp_step *s, const struct sp_event *ev);
void sp_started(struct sp_step *s, uint16_t i, bool gone);
void sp_exited(struct sp_step *s, uint16_t i, int32_t code, enum sp_exit_reason reason,
	       const char *text);
void sp_post_start_done(struct sp_step *s, uint16_t i, bool ok);
void sp_set_image(struct sp_step *s, uint16_t i, const char *image);

/* ---- probe.c: section 8 ---- */
void sp_probes_reset(struct sp_step *s, uint16_t i);
void sp_probes_stop(struct sp_ctr *c, bool readiness_too);
void sp_probes_visible(struct sp_step *s, uint16_t i);
void sp_probes_tick(struct sp_step *s, uint16_t i);
void sp_probe_result(struct sp_step *s, const struct sp_event *ev);
sp_time sp_probes_deadline(const struct sp_ctr *c);

/* ---- kill.c: sections 9, 10; termination.c: section 11 ---- */
void sp_kill_begin(struct sp_step *s, uint16_t i, enum sp_kill cause, sp_time grace);
void sp_kill_advance(struct sp_step *s, uint16_t i);
void sp_kill_gone(struct sp_step *s, uint16_t i); /* its container is gone */
void sp_pre_stop_done(struct sp_step *s, uint16_t i, bool ok);
sp_time sp_kill_deadline(const struct sp_pod *pod, const struct sp_ctr *c);
sp_time sp_kill_grace(const struct sp_pod_spec *spec, uint16_t i, enum sp_kill cause);
void sp_terminate(struct sp_step *s, enum sp_cause cause, int64_t grace_s);
void sp_termination_step(struct sp_step *s);
void sp_termination_adopt(struct sp_step *s, uint16_t i);
bool sp_turn(const struct sp_pod_spec *spec, const struct sp_pod *pod, uint16_t i, sp_time now);
void sp_delete(struct sp_step *s, int64_t grace_s);

/* ---- sandbox.c: section 3.2 ---- */
bool sp_sandbox_keep(struct sp_step *s);
void sp_sandbox_event(struct sp_step *s, const struct sp_event *ev);
void sp_engine_restarted(struct sp_step *s, bool forget_records);

/* ---- status.c, phase.c: sections 12 to 14 ---- */
struct sp_view {
	enum sp_ctr_state state;
	bool last; /* lastState.terminated counts */
	bool started, ready;
};
struct sp_view sp_view(const struct sp_pod_spec *spec, const struct sp_pod *pod, uint16_t i);
bool sp_visible(const struct sp_ctr *c);
bool sp_ctr_started(const struct sp_pod_spec *spec, const struct sp_pod *pod, uint16_t i);
bool sp_ctr_ready(const struct sp_pod_spec *spec, const struct sp_pod *pod, uint16_t i);
enum sp_phase sp_phase_compute(const struct sp_pod_spec *spec, const struct sp_pod *pod,
			       bool terminated);
void sp_observe(struct sp_step *s, uint16_t i);
void sp_finalise(struct sp_step *s);
void sp_publish(struct sp_step *s);
enum sp_cond_status sp_cond_compute(const struct sp_pod_spec *spec, const struct sp_pod *pod,
				    enum sp_cond_type type);

/* ---- small looks ---- */
static inline const struct sp_ctr_spec *sp_spec(const struct sp_step *s, uint16_t i)
{
	return &s->spec->ctrs[i];
}

/* The process exists as far as the core knows. */
static inline bool sp_alive(const struct sp_ctr *c)
{
	return c->rec == SP_REC_RUNNING;
}

/* A record that counts in the current sandbox (RESTART-2, SBX-2). */
static inline bool sp_here(const struct sp_ctr *c)
{
	return c->rec != SP_REC_NONE && !c->old_sandbox;
}

/* An exit that may be acted upon: no kill, no postStart hook holds it back (KILL-7, HOOK-5). */
static inline bool sp_settled(const struct sp_ctr *c)
{
	return c->rec == SP_REC_EXITED && c->kill == SP_KILL_NONE &&
	       c->post_start != SP_HOOK_RUNNING;
}

/* Longest termination message kept: the pod's budget is shared out equally, as upstream. */
static inline size_t sp_message_room(const struct sp_pod_spec *spec)
{
	return SP_MIN((size_t)SP_MESSAGE_MAX, (size_t)SP_MESSAGES_BYTES / spec->n_ctrs - 1);
}

/* Where the message of the newest (or, @prev, the one before) instance of @i stands. */
static inline size_t sp_message_at(const struct sp_pod_spec *spec, const struct sp_ctr *c,
				   uint16_t i, bool prev)
{
	return (2u * i + (c->msg_slot ^ prev)) * (sp_message_room(spec) + 1);
}

static inline size_t sp_detail_slot(const struct sp_pod_spec *spec)
{
	return SP_MIN((size_t)SP_DETAIL_MAX, (size_t)SP_DETAILS_BYTES / spec->n_ctrs);
}

#endif
