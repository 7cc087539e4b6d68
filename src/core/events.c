/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Telling: actions, API events and facts of one step, and the texts in them (section 16). Texts
 * are joined from pieces, not formatted: a step is to take microseconds.
 */
#include "core/pod_internal.h"

#include <stdarg.h>

static const char *const role_names[] = {"init", "sidecar", "app"};
static const char *const probe_names[] = {"startup", "readiness", "liveness"};
static const char *const phase_names[] = {"Pending", "Running", "Succeeded", "Failed"};
static const char *const fact_names[] = {
	"start",         "started",       "ready",           "notready",
	"exit",          "kill",          "sigterm",         "sigkill",
	"prestop.begin", "prestop.end",   "poststart.begin", "poststart.end",
	"backoff",       "pullfail",      "starterror",      "probe",
	"probe",         "sandbox.ready", "sandbox.lost",    "pod.accepted",
	"pod.delete",    "pod.deadline",  "pod.terminating", "pod.finished",
	"pod.phase",     "pod.cond",
};
static const char *const exit_names[] = {
	"Completed",
	"Error",
	"OOMKilled",
	"StartError",
	"ContainerStatusUnknown",
	"RestartingAllContainers",
};
static const char *const image_fail_names[] = {
	"ErrImagePull",      "ErrImageNeverPull",   "InvalidImageName",
	"ImageInspectError", "RegistryUnavailable", "SignatureValidationFailed",
};

_Static_assert(SP_ARRAY_LEN(role_names) == SP_ROLES, "a name for each role");
_Static_assert(SP_ARRAY_LEN(probe_names) == SP_PROBES, "a name for each probe");
_Static_assert(SP_ARRAY_LEN(phase_names) == SP_PHASES, "a name for each phase");
_Static_assert(SP_ARRAY_LEN(fact_names) == SP_FACTS, "a name for each fact");
_Static_assert(SP_ARRAY_LEN(exit_names) == SP_EXIT_RESTART_ALL + 1, "a name for each reason");
_Static_assert(SP_ARRAY_LEN(image_fail_names) == SP_IMG_SIGNATURE + 1, "a name for each failure");

const char *sp_role_name(enum sp_role role)
{
	return role_names[role];
}

const char *sp_probe_name(enum sp_probe_kind kind)
{
	return probe_names[kind];
}

const char *sp_phase_name(enum sp_phase phase)
{
	return phase_names[phase];
}

const char *sp_fact_name(enum sp_fact fact)
{
	return fact_names[fact];
}

const char *sp_exit_reason_name(enum sp_exit_reason reason)
{
	return exit_names[reason];
}

const char *sp_image_fail_name(enum sp_image_fail fail)
{
	return image_fail_names[fail];
}

void sp_fact_print(const struct sp_action *fact, struct sp_buf *b)
{
	sp_buf_puts(b, fact_names[fact->fact]);
	if (fact->fact == SP_FACT_PROBE || fact->fact == SP_FACT_PROBE_DONE) {
		sp_buf_putc(b, '.');
		sp_buf_puts(b, probe_names[fact->probe]);
		if (fact->fact == SP_FACT_PROBE_DONE)
			sp_buf_puts(b, ".done");
	} else if (fact->fact == SP_FACT_PHASE || fact->fact == SP_FACT_COND) {
		sp_buf_putc(b, '.');
		sp_buf_puts(b, fact->text);
	}
}

const char *sp_say_n(struct sp_step *s, const char *text, size_t n)
{
	struct sp_actions *out = s->out;
	char *at = out->texts + out->n_text;
	size_t room = sizeof(out->texts) - out->n_text;

	/* The last byte stays free: a full store gives cut texts, never broken ones. */
	if (room < 2)
		return "";
	n = SP_MIN(n, room - 1);
	memcpy(at, text, n);
	at[n] = '\0';
	out->n_text += (uint32_t)n + 1;
	return at;
}

const char *sp_say(struct sp_step *s, const char *first, ...)
{
	struct sp_actions *out = s->out;
	char *at = out->texts + out->n_text;
	size_t room = sizeof(out->texts) - out->n_text, len = 0;
	va_list ap;

	if (room < 2)
		return "";
	va_start(ap, first);
	for (const char *t = first; t; t = va_arg(ap, const char *)) {
		size_t n = SP_MIN(strlen(t), room - 1 - len);

		memcpy(at + len, t, n);
		len += n;
	}
	va_end(ap);
	at[len] = '\0';
	out->n_text += (uint32_t)len + 1;
	return at;
}

struct sp_action *sp_act(struct sp_step *s, enum sp_act_kind kind)
{
	struct sp_action *a;

	assert(s->out->n < SP_ACTIONS_MAX);
	a = &s->out->items[s->out->n++];
	*a = (struct sp_action){.kind = kind, .ctr = SP_NO_CTR, .reason = "", .text = ""};
	return a;
}

struct sp_action *sp_act_ctr(struct sp_step *s, enum sp_act_kind kind, uint16_t ctr,
			     uint32_t attempt)
{
	struct sp_action *a = sp_act(s, kind);

	a->ctr = ctr;
	a->attempt = attempt;
	return a;
}

void sp_event_out(struct sp_step *s, uint16_t ctr, bool warning, const char *reason,
		  const char *text)
{
	struct sp_action *a = sp_act(s, SP_ACT_EVENT);

	a->ctr = ctr;
	a->warning = warning;
	a->reason = reason;
	a->text = text;
	if (ctr != SP_NO_CTR)
		a->attempt = s->pod->ctrs[ctr].cur.attempt;
}

/* A container fact carries the number of its newest instance. */
struct sp_action *sp_fact_out(struct sp_step *s, enum sp_fact fact, uint16_t ctr, const char *text)
{
	struct sp_action *a = sp_act(s, SP_ACT_FACT);

	a->fact = fact;
	a->ctr = ctr;
	a->text = text;
	if (ctr != SP_NO_CTR)
		a->attempt = s->pod->ctrs[ctr].cur.attempt;
	return a;
}

const char *sp_wait_reason(const struct sp_pod_spec *spec, const struct sp_ctr *c)
{
	switch ((enum sp_wait)c->wait) {
	case SP_WAIT_CRASH:
		return "CrashLoopBackOff";
	case SP_WAIT_IMAGE:
		return image_fail_names[c->image_fail];
	case SP_WAIT_IMAGE_BACKOFF:
		return "ImagePullBackOff";
	case SP_WAIT_CONFIG:
		return "CreateContainerConfigError";
	case SP_WAIT_CREATE:
		return "CreateContainerError";
	case SP_WAIT_RUN:
		return "RunContainerError";
	case SP_WAIT_POST_START:
		return "PostStartHookError";
	case SP_WAIT_NONE:
		break;
	}
	return spec->n_init ? "PodInitializing" : "ContainerCreating"; /* STAT-10, STAT-11 */
}

void sp_detail_set(struct sp_step *s, uint16_t i, const char *text)
{
	size_t slot = sp_detail_slot(s->spec), n = SP_MIN(strlen(text), slot - 1);
	char *at = s->pod->details + i * slot;

	memcpy(at, text, n);
	at[n] = '\0';
	s->pod->ctrs[i].detail_len = (uint16_t)n;
}
