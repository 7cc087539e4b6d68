/* SPDX-License-Identifier: Apache-2.0 */
#include "pod_check.h"

#include "core/pod_internal.h"

#include <stdio.h>

void pod_check_init(struct pod_check *k, const struct sp_pod_spec *spec)
{
	memset(k, 0, offsetof(struct pod_check, ctrs));
	memset(k->ctrs, 0, spec->n_ctrs * sizeof(k->ctrs[0]));
	k->spec = spec;
	k->accepted = k->terminating = k->finished = k->done = k->forgot = k->rerun = false;
	k->term_at = 0;
	k->term_deadline = SP_NEVER;
	k->phase = -1;
	k->sandbox = 0;
	k->what[0] = '\0';
}

/* The first broken rule is the one to tell. */
static void broken(struct pod_check *k, uint16_t ctr, const char *rule)
{
	if (k->what[0])
		return;
	if (ctr == SP_NO_CTR)
		(void)snprintf(k->what, sizeof(k->what), "%s", rule);
	else
		(void)snprintf(k->what, sizeof(k->what), "%s: %s", k->spec->ctrs[ctr].name, rule);
}

static void require(struct pod_check *k, bool holds, uint16_t ctr, const char *rule)
{
	if (!holds)
		broken(k, ctr, rule);
}

static void ended(struct pod_check_ctr *c)
{
	c->live = c->launched = c->startup_ok = false;
}

/* What an event means for the processes, in the order in which the core is to believe it. */
static void event(struct pod_check *k, const struct sp_pod *pod, const struct sp_event *ev,
		  sp_time now)
{
	struct pod_check_ctr *c;

	if (ev->kind == SP_EV_SANDBOX_LOST && ev->attempt == k->sandbox &&
	    pod->sandbox != SP_SBX_READY) {
		for (uint16_t i = 0; i < k->spec->n_ctrs; i++) {
			ended(&k->ctrs[i]);
			k->ctrs[i].ever = false;
		}
	}
	if (ev->kind == SP_EV_DELETE && k->terminating) {
		int64_t grace = ev->grace_s < 0 ? k->spec->grace_s : ev->grace_s;

		k->term_deadline =
			SP_MIN(k->term_deadline, sp_time_add(now, SP_MAX(grace, 1) * SP_SEC));
	}
	if (ev->kind == SP_EV_ENGINE_RESTARTED)
		k->forgot |= ev->forget_records;
	if (ev->ctr >= k->spec->n_ctrs)
		return;
	c = &k->ctrs[ev->ctr];
	if (ev->kind == SP_EV_STARTED && c->create_failed && ev->attempt == c->attempt &&
	    sp_alive(&pod->ctrs[ev->ctr]) && pod->ctrs[ev->ctr].cur.attempt == ev->attempt)
		c->live = true;
	if (ev->kind == SP_EV_STARTED && c->live && ev->attempt == c->attempt && !c->launched) {
		c->launched = c->ever = true;
		c->killed = false; /* that was the launch, not the process */
	}
	if (c->live && ev->attempt == c->attempt &&
	    (ev->kind == SP_EV_EXITED || (!c->launched && (ev->kind == SP_EV_START_FAILED ||
							   ev->kind == SP_EV_CREATE_FAILED)))) {
		c->ever |= ev->kind == SP_EV_EXITED;
		ended(c);
		c->create_failed = ev->kind == SP_EV_CREATE_FAILED;
	}
	if (ev->kind == SP_EV_PROBE_RESULT && ev->probe == SP_PROBE_STARTUP && c->launched &&
	    ev->attempt == c->attempt &&
	    (ev->outcome == SP_OUT_SUCCESS || ev->outcome == SP_OUT_WARNING))
		c->startup_ok = true;
}

/* START-1, START-3: whatever stands before it in the init list was launched in this sandbox. */
static void check_order(struct pod_check *k, uint16_t i)
{
	uint16_t before = SP_MIN(i, k->spec->n_init);

	if (k->forgot || k->ctrs[i].ever)
		return;
	for (uint16_t j = 0; j < before; j++)
		require(k, k->ctrs[j].ever, i, "started before one that stands ahead of it");
}

static void start(struct pod_check *k, const struct sp_action *a)
{
	struct pod_check_ctr *c = &k->ctrs[a->ctr];
	bool rel1 = k->spec->restart_sidecars_on_termination &&
		    k->spec->ctrs[a->ctr].role == SP_ROLE_SIDECAR;

	require(k, !c->live, a->ctr, "second process of one container");
	require(k, !c->tries || a->attempt == c->attempt || a->attempt == c->attempt + 1, a->ctr,
		"attempt numbers go up by one");
	require(k, !k->terminating || rel1, a->ctr, "started during the termination (TERM-2)");
	check_order(k, a->ctr);
	c->live = true;
	c->create_failed = c->launched = c->startup_ok = c->signalled = c->killed = false;
	c->attempt = a->attempt;
	c->tries++;
}

static void phase(struct pod_check *k, const char *name)
{
	require(k, k->phase < SP_PHASE_SUCCEEDED, SP_NO_CTR, "left a terminal phase (VOC-6)");
	for (int p = 0; p < SP_PHASES; p++)
		if (sp_streq(name, sp_phase_name((enum sp_phase)p)))
			k->phase = p;
	if (k->phase >= SP_PHASE_SUCCEEDED)
		for (uint16_t i = 0; i < k->spec->n_ctrs; i++)
			require(k, !k->ctrs[i].live, i, "terminal phase while it lives (PHASE-24)");
}

static void fact(struct pod_check *k, const struct sp_action *a, sp_time now)
{
	struct pod_check_ctr *c = a->ctr == SP_NO_CTR ? NULL : &k->ctrs[a->ctr];

	if (a->fact == SP_FACT_STARTED) {
		require(k, c->launched, a->ctr, "started without a process");
		require(k,
			!k->spec->ctrs[a->ctr].probes[SP_PROBE_STARTUP].set ||
				k->spec->ctrs[a->ctr].role == SP_ROLE_INIT || c->startup_ok,
			a->ctr, "started before its startup probe (PROBE-40)");
		c->started = true;
	} else if (a->fact == SP_FACT_READY) {
		require(k, c->started && c->launched && !c->ready, a->ctr,
			"ready before started (PROBE-41)");
		c->ready = true;
	} else if (a->fact == SP_FACT_NOTREADY) {
		require(k, c->ready, a->ctr, "notready without ready");
		c->ready = false;
	} else if (a->fact == SP_FACT_EXIT) {
		c->started = false;
	} else if (a->fact == SP_FACT_KILL) {
		require(k, !k->terminating, a->ctr, "killed singly during the termination");
	} else if (a->fact == SP_FACT_POD_ACCEPTED) {
		require(k, !k->accepted, SP_NO_CTR, "accepted twice");
		k->accepted = true;
	} else if (a->fact == SP_FACT_POD_TERMINATING) {
		require(k, !k->terminating, SP_NO_CTR, "terminated twice (TERM-1)");
		k->terminating = true;
		k->term_at = now;
		k->term_deadline = sp_time_add(now, a->code * SP_SEC);
	} else if (a->fact == SP_FACT_PHASE) {
		phase(k, a->text);
	} else if (a->fact == SP_FACT_POD_FINISHED) {
		require(k, !k->finished && k->phase >= SP_PHASE_SUCCEEDED, SP_NO_CTR,
			"finished twice or not in a terminal phase");
		k->finished = true;
	}
}

static void action(struct pod_check *k, const struct sp_action *a, sp_time now)
{
	struct pod_check_ctr *c = a->ctr < k->spec->n_ctrs ? &k->ctrs[a->ctr] : NULL;

	require(k, a->ctr == SP_NO_CTR || c, SP_NO_CTR,
		"action for a container that does not exist");
	require(k, a->reason && a->text, SP_NO_CTR, "text missing");
	if (k->what[0])
		return;
	switch (a->kind) {
	case SP_ACT_SANDBOX_START:
		require(k, !k->terminating, SP_NO_CTR, "sandbox during the termination");
		k->sandbox = a->attempt;
		break;
	case SP_ACT_CTR_START:
		start(k, a);
		break;
	case SP_ACT_CTR_SIGNAL:
		require(k, c->live && c->launched && a->attempt == c->attempt && !c->signalled,
			a->ctr, "stop signal to nobody, or twice");
		c->signalled = true;
		c->signalled_at = now;
		break;
	case SP_ACT_CTR_KILL:
		require(k, c->live && a->attempt == c->attempt && !c->killed, a->ctr,
			"SIGKILL to nobody, or twice");
		require(k, !c->launched || (c->signalled && now - c->signalled_at >= 2 * SP_SEC),
			a->ctr, "SIGKILL less than two seconds after the stop signal (KILL-4)");
		c->killed = true;
		break;
	case SP_ACT_HOOK_RUN:
	case SP_ACT_PROBE_RUN:
		require(k, c->live && c->launched && a->attempt == c->attempt, a->ctr,
			"hook or probe without a process");
		break;
	case SP_ACT_FACT:
		fact(k, a, now);
		break;
	case SP_ACT_FINISHED:
		require(k, k->finished && !k->done, SP_NO_CTR, "cleaned up too early or twice");
		k->done = true;
		break;
	case SP_ACT_SANDBOX_STOP:
	case SP_ACT_IMAGE_ENSURE:
	case SP_ACT_EVENT:
	case SP_ACT_STATUS:
	case SP_ACTS:
		break;
	}
}

/* Times that the pod keeps by itself. */
static void check_times(struct pod_check *k, const struct sp_pod *pod, sp_time now)
{
	sp_time due = sp_pod_deadline(k->spec, pod);

	require(k, due > now, SP_NO_CTR, "wants to be woken in the past");
	require(k, !k->done || due == SP_NEVER, SP_NO_CTR, "wants to be woken after its end");
	if (!k->terminating || now < sp_time_add(k->term_deadline, 2 * SP_SEC))
		return;
	for (uint16_t i = 0; i < k->spec->n_ctrs; i++) {
		const struct pod_check_ctr *c = &k->ctrs[i];
		bool given_time = c->signalled && now < sp_time_add(c->signalled_at, 2 * SP_SEC);

		require(k, !c->live || c->killed || given_time, i,
			"alive two seconds after the deadline (TERM-16)");
	}
}

static void check_bounds(struct pod_check *k, const struct sp_pod *pod)
{
	require(k, pod->images_len <= sizeof(pod->images) && pod->n_pulls <= SP_PULL_ENTRIES,
		SP_NO_CTR, "a store overflows");
	for (uint16_t i = 0; i < k->spec->n_ctrs; i++) {
		const struct sp_ctr *c = &pod->ctrs[i];
		sp_time max = k->spec->backoff_max ? k->spec->backoff_max : 300 * SP_SEC;

		require(k, c->backoff_delay >= 0 && c->backoff_delay <= max, i,
			"back-off beyond its maximum (BACK-1)");
		require(k, c->image_off <= pod->images_len, i, "image beyond the store");
	}
}

const char *pod_check_step(struct pod_check *k, const struct sp_pod *pod, const struct sp_event *ev,
			   sp_time now, const struct sp_actions *out)
{
	event(k, pod, ev, now);
	require(k, !k->done || sp_pod_finished(pod), SP_NO_CTR, "not finished any more");
	require(k, out->n <= SP_ACTIONS_MAX && out->n_text <= SP_ACTION_TEXT_MAX, SP_NO_CTR,
		"too many actions");
	for (uint32_t i = 0; i < out->n && !k->what[0]; i++)
		action(k, &out->items[i], now);
	check_times(k, pod, now);
	check_bounds(k, pod);
	/* at any moment somebody may kill us, and the next one is to go on from here */
	require(k, sp_pod_valid(k->spec, pod), SP_NO_CTR, "a state that no supervisor would take");
	return k->what[0] ? k->what : NULL;
}

const char *pod_check_status(struct pod_check *k, const struct sp_pod *pod, sp_time now,
			     struct sp_pod_status *st)
{
	char a[96], b[32];
	struct sp_buf status = sp_buf_fixed(a, sizeof(a)), ready = sp_buf_fixed(b, sizeof(b));
	uint32_t restarts;

	sp_pod_status(k->spec, pod, now, st);
	require(k, (int)st->phase == SP_MAX(k->phase, 0), SP_NO_CTR, "shows another phase");
	for (uint16_t i = 0; i < k->spec->n_ctrs; i++) {
		const struct sp_ctr_status *c = &st->ctrs[i];
		bool init = k->spec->ctrs[i].role == SP_ROLE_INIT;

		require(k, !c->started || c->state == SP_CTR_RUNNING, i,
			"started but not running (PROBE-42)");
		require(k, !c->ready || c->started || (init && c->state == SP_CTR_TERMINATED), i,
			"ready but not started (PROBE-42)");
		require(k, c->state != SP_CTR_WAITING || *c->reason, i, "waits without a reason");
		require(k, c->state != SP_CTR_TERMINATED || c->term.set, i,
			"ended without a record");
		require(k, st->phase < SP_PHASE_SUCCEEDED || c->state != SP_CTR_RUNNING, i,
			"runs in a terminal phase");
	}
	sp_pod_column(k->spec, st, &status, &ready, &restarts);
	require(k, status.len > 0 && ready.len >= 3 && !status.failed && !ready.failed, SP_NO_CTR,
		"empty columns");
	return k->what[0] ? k->what : NULL;
}

/* ---- telling --------------------------------------------------------------------------------- */

static const char *const event_names[] = {
	"tick",          "sandbox ready", "sandbox failed", "sandbox lost", "sandbox gone",
	"image present", "image pulling", "image pulled",   "image failed", "create failed",
	"started",       "start failed",  "exited",         "hook done",    "probe result",
	"delete",        "set image",     "objects",        "gate",         "engine restarted",
};
_Static_assert(SP_ARRAY_LEN(event_names) == SP_EVS, "a name for each event");

static void tell_actions(const struct sp_pod_spec *spec, const struct sp_actions *out)
{
	for (uint32_t i = 0; i < out->n; i++) {
		const struct sp_action *a = &out->items[i];
		char text[128];
		struct sp_buf b = sp_buf_fixed(text, sizeof(text));

		if (a->kind == SP_ACT_FACT) {
			sp_fact_print(a, &b);
			printf("    %s%s%s #%u\n",
			       a->ctr == SP_NO_CTR ? "" : spec->ctrs[a->ctr].name,
			       a->ctr == SP_NO_CTR ? "" : ".", text, a->attempt);
		} else if (a->kind == SP_ACT_CTR_START || a->kind == SP_ACT_CTR_SIGNAL ||
			   a->kind == SP_ACT_CTR_KILL) {
			printf("    wants %s of %s #%u\n",
			       a->kind == SP_ACT_CTR_START    ? "start"
			       : a->kind == SP_ACT_CTR_SIGNAL ? "stop signal"
							      : "SIGKILL",
			       spec->ctrs[a->ctr].name, a->attempt);
		}
	}
}

void pod_check_tell(const struct sp_pod_spec *spec, const struct sp_event *ev, sp_time now,
		    const struct sp_actions *out)
{
	printf("  [%.3f] %s %s #%u code %d ok %d outcome %d\n", (double)now / 1e9,
	       event_names[ev->kind], ev->ctr < spec->n_ctrs ? spec->ctrs[ev->ctr].name : "?",
	       ev->attempt, ev->code, ev->ok, ev->outcome);
	tell_actions(spec, out);
}
