/* SPDX-License-Identifier: Apache-2.0 */
#include "cmocka_all.h"

#include "core_world.h"

#include "core/pod_state.h"

#include <stdio.h>
#include <stdlib.h>

struct pending {
	sp_time at;
	int rank;
	uint64_t seq;
	struct sp_event ev;
};

static struct {
	struct cw_story *story;
	struct sp_pod pod;
	struct sp_actions actions;
	struct sp_pod_status status;
	struct pending queue[4096];
	size_t n_queue;
	uint64_t seq;
	sp_time now;
	struct {
		bool alive;
		uint32_t attempt;
		sp_time launched;
		bool post_exec, pre_exec;
	} live[8];
	char log[256 * 1024];
	size_t n_log;
	char cols[128];
} w;

static sp_time secs(double s)
{
	return (sp_time)(s * 1e9 + (s < 0 ? -0.5 : 0.5));
}

/* LAT-22: launches, exits, answers, probe results; requests by the user before all of them. */
static int rank(enum sp_ev_kind kind)
{
	if (kind == SP_EV_PROBE_RESULT)
		return 4;
	if (kind == SP_EV_EXITED)
		return 2;
	if (kind == SP_EV_STARTED)
		return 1;
	return kind == SP_EV_DELETE ? 0 : 3;
}

static void later(double after, struct sp_event ev)
{
	assert_true(w.n_queue < SP_ARRAY_LEN(w.queue));
	w.queue[w.n_queue++] = (struct pending){
		.at = w.now + secs(after), .rank = rank(ev.kind), .seq = w.seq++, .ev = ev};
}

/* Forget what was to come from an instance that is gone. */
static void forget(uint16_t ctr, uint32_t attempt, enum sp_ev_kind kind)
{
	size_t k = 0;

	for (size_t i = 0; i < w.n_queue; i++)
		if (w.queue[i].ev.kind != kind || w.queue[i].ev.ctr != ctr ||
		    w.queue[i].ev.attempt != attempt)
			w.queue[k++] = w.queue[i];
	w.n_queue = k;
}

static void say(const char *fmt, ...) SP_PRINTF(1, 2);
static void say(const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(w.log + w.n_log, sizeof(w.log) - w.n_log, fmt, ap);
	va_end(ap);
	assert_true(n >= 0 && (size_t)n < sizeof(w.log) - w.n_log);
	w.n_log += (size_t)n;
}

static const struct cw_run *run_of(uint16_t ctr, uint32_t attempt)
{
	static const struct cw_run forever = {.after = NEVER};
	const struct cw_ctr *c = &w.story->world[ctr];

	if (!c->n_runs)
		return &forever;
	return &c->runs[SP_MIN(attempt, (uint32_t)c->n_runs - 1)];
}

static void start(uint16_t ctr, uint32_t attempt)
{
	const struct cw_ctr *c = &w.story->world[ctr];
	const struct cw_run *run = run_of(ctr, attempt);
	struct sp_event ev = {.ctr = ctr, .attempt = attempt};

	assert_false(w.live[ctr].alive);
	if (w.now < secs(c->config_error_until)) {
		ev.kind = SP_EV_CREATE_FAILED;
		ev.config = !c->create_error;
		ev.text = "configmap \"settings\" not found";
		return later(0, ev);
	}
	if (run->launch_error) {
		ev.kind = SP_EV_START_FAILED;
		ev.text = "exec: no such file";
		return later(0, ev);
	}
	w.live[ctr].alive = true;
	w.live[ctr].attempt = attempt;
	w.live[ctr].launched = w.now;
	ev.kind = SP_EV_STARTED;
	later(0, ev);
	if (run->after >= 0) {
		ev.kind = SP_EV_EXITED;
		ev.code = run->code;
		ev.oom = run->oom;
		ev.text = run->message;
		later(run->after, ev);
	}
}

static void signal_ctr(uint16_t ctr, uint32_t attempt, bool kill)
{
	const struct cw_ctr *c = &w.story->world[ctr];
	struct sp_event ev = {.kind = SP_EV_EXITED, .ctr = ctr, .attempt = attempt};

	if (!w.live[ctr].alive || w.live[ctr].attempt != attempt)
		return;
	if (kill) {
		forget(ctr, attempt, SP_EV_EXITED);
		ev.code = 137;
		return later(0, ev);
	}
	if (c->ignores_term)
		return;
	ev.code = c->term_code ? SP_MAX(c->term_code, 0) : 143;
	later(c->term_after, ev);
}

static void hook(const struct sp_action *a)
{
	const struct cw_hook *h = a->hook == SP_HOOK_POST_START ? &w.story->world[a->ctr].post_start
								: &w.story->world[a->ctr].pre_stop;

	if (h->takes >= 0)
		later(h->takes, (struct sp_event){.kind = SP_EV_HOOK_DONE,
						  .ctr = a->ctr,
						  .attempt = a->attempt,
						  .hook = a->hook,
						  .ok = !h->fails});
}

static void probe(const struct sp_action *a)
{
	const struct cw_ctr *c = &w.story->world[a->ctr];
	int k = a->attempt && c->n_probes[a->probe] > 1;
	const struct cw_answer *p = &c->probes[a->probe][k];
	sp_time age = w.now - w.live[a->ctr].launched;
	bool ok = !p->never && age >= secs(p->from) && (p->until <= 0 || age < secs(p->until));

	later(p->takes, (struct sp_event){.kind = SP_EV_PROBE_RESULT,
					  .ctr = a->ctr,
					  .attempt = a->attempt,
					  .probe = a->probe,
					  .text = "no answer",
					  .outcome = p->error     ? SP_OUT_ERROR
						     : p->warning ? SP_OUT_WARNING
						     : ok         ? SP_OUT_SUCCESS
								  : SP_OUT_FAILURE});
}

static void ensure(const struct sp_action *a)
{
	const struct cw_ctr *c = &w.story->world[a->ctr];
	struct sp_event ev = {.ctr = a->ctr};

	if (w.now < secs(c->bad_image_until) && sp_streq(a->text, "img")) {
		ev.kind = SP_EV_IMAGE_FAILED;
		ev.image_fail = c->image_fail;
		ev.text = "not found";
		return later(0, ev);
	}
	if (!c->pulled && c->pull_takes <= 0) {
		ev.kind = SP_EV_IMAGE_PRESENT;
		return later(0, ev);
	}
	ev.kind = SP_EV_IMAGE_PULLING;
	later(0, ev);
	ev.kind = SP_EV_IMAGE_PULLED;
	ev.text = "Successfully pulled image \"img\" in 1s (1s including waiting). Image size: 5 "
		  "bytes.";
	later(c->pull_takes, ev);
}

static void show(const struct sp_action *a)
{
	const char *name = a->ctr == SP_NO_CTR ? "" : w.story->ctrs[a->ctr].name;
	char text[256];
	struct sp_buf b = sp_buf_fixed(text, sizeof(text));

	if (a->kind == SP_ACT_EVENT) {
		if (w.story->show & CW_EVENTS)
			say("[%g] %s%s%s %s: %s\n", (double)w.now / 1e9, name, *name ? " " : "",
			    a->warning ? "Warning" : "Normal", a->reason, a->text);
		return;
	}
	if (w.story->show & CW_NO_FACTS)
		return;
	if ((a->fact == SP_FACT_PROBE || a->fact == SP_FACT_PROBE_DONE) &&
	    !(w.story->show & CW_PROBES))
		return;
	if ((a->fact == SP_FACT_COND || a->fact == SP_FACT_READY || a->fact == SP_FACT_NOTREADY) &&
	    !(w.story->show & CW_CONDS))
		return;
	if (a->fact == SP_FACT_POD_ACCEPTED ||
	    (a->fact == SP_FACT_SANDBOX_READY && a->attempt == 0))
		return;
	sp_fact_print(a, &b);
	say("[%g] ", (double)w.now / 1e9);
	if (*name)
		a->attempt ? say("%s#%u ", name, a->attempt) : say("%s ", name);
	say("%s", text);
	if (a->fact == SP_FACT_EXIT)
		say(" %d %s", a->code, a->text);
	else if (a->fact == SP_FACT_POD_TERMINATING)
		say(" %s %ds", a->text, a->code);
	else if (a->fact == SP_FACT_POD_DELETE)
		say(" %ds", a->code);
	else if (a->fact == SP_FACT_POD_FINISHED || a->fact == SP_FACT_STARTERROR ||
		 a->fact == SP_FACT_PULLFAIL || a->fact == SP_FACT_KILL)
		say(" %s", a->text);
	else if (a->fact == SP_FACT_PROBE_DONE)
		say(" %d", a->outcome);
	say("\n");
}

static void perform(const struct sp_action *a)
{
	struct sp_event ev = {.attempt = a->attempt};

	switch (a->kind) {
	case SP_ACT_SANDBOX_START:
		ev.kind = w.now < secs(w.story->sandbox_fails_until) ? SP_EV_SANDBOX_FAILED
								     : SP_EV_SANDBOX_READY;
		ev.step = w.story->sandbox_step;
		ev.text = ev.kind == SP_EV_SANDBOX_FAILED ? "no bridge" : "10.0.0.2";
		later(0, ev);
		break;
	case SP_ACT_SANDBOX_STOP:
		ev.kind = SP_EV_SANDBOX_GONE;
		later(0, ev);
		break;
	case SP_ACT_IMAGE_ENSURE:
		ensure(a);
		break;
	case SP_ACT_CTR_START:
		start(a->ctr, a->attempt);
		break;
	case SP_ACT_CTR_SIGNAL:
		signal_ctr(a->ctr, a->attempt, false);
		break;
	case SP_ACT_CTR_KILL:
		signal_ctr(a->ctr, a->attempt, true);
		break;
	case SP_ACT_HOOK_RUN:
		hook(a);
		break;
	case SP_ACT_PROBE_RUN:
		probe(a);
		break;
	case SP_ACT_EVENT:
	case SP_ACT_FACT:
		show(a);
		break;
	case SP_ACT_STATUS:
	case SP_ACT_FINISHED:
	case SP_ACTS:
		break;
	}
}

static void step(const struct sp_event *ev)
{
	if (ev->kind == SP_EV_EXITED) {
		if (!w.live[ev->ctr].alive || w.live[ev->ctr].attempt != ev->attempt)
			return; /* killed meanwhile */
		w.live[ev->ctr].alive = false;
		forget(ev->ctr, ev->attempt, SP_EV_PROBE_RESULT);
	}
	if (ev->kind == SP_EV_SANDBOX_LOST)
		for (uint16_t i = 0; i < w.story->spec.n_ctrs; i++)
			w.live[i].alive = false;
	sp_pod_step(&w.story->spec, &w.pod, ev, w.now, &w.actions);
	for (uint32_t i = 0; i < w.actions.n; i++)
		perform(&w.actions.items[i]);
}

static size_t next_pending(void)
{
	size_t best = 0;

	for (size_t i = 1; i < w.n_queue; i++) {
		const struct pending *a = &w.queue[i], *b = &w.queue[best];

		if (a->at < b->at || (a->at == b->at && (a->rank < b->rank ||
							 (a->rank == b->rank && a->seq < b->seq))))
			best = i;
	}
	return best;
}

static void complete_ctr(struct sp_ctr_spec *c)
{
	if (!c->image)
		c->image = "img";
	for (int k = 0; k < SP_PROBES; k++) {
		struct sp_probe_spec *p = &c->probes[k];

		p->period_s = p->period_s ? p->period_s : 10;
		p->timeout_s = p->timeout_s ? p->timeout_s : 1;
		p->success_threshold = p->success_threshold ? p->success_threshold : 1;
		p->failure_threshold = p->failure_threshold ? p->failure_threshold : 3;
		p->grace_s = p->grace_s ? p->grace_s : -1;
	}
}

static void complete_spec(struct cw_story *story)
{
	struct sp_pod_spec *spec = &story->spec;

	if (!spec->name) {
		spec->name = "p";
		spec->ns = "default";
		spec->uid = "u1";
	}
	if (!spec->restart_policy)
		spec->restart_policy = SP_RESTART_ALWAYS;
	if (!spec->grace_s)
		spec->grace_s = 30;
	if (spec->grace_s == -1)
		spec->grace_s = 0;
	if (!spec->active_deadline_s)
		spec->active_deadline_s = -1;
	if (!spec->kube_minor)
		spec->kube_minor = 36;
	spec->ctrs = story->ctrs;
	spec->n_init = spec->n_ctrs = 0;
	for (size_t i = 0; i < SP_ARRAY_LEN(story->ctrs) && story->ctrs[i].name; i++) {
		complete_ctr(&story->ctrs[i]);
		spec->n_ctrs++;
		spec->n_init += story->ctrs[i].role != SP_ROLE_APP;
	}
}

const char *cw_play(struct cw_story *story)
{
	sp_time horizon = secs(story->horizon > 0 ? story->horizon : 1000);

	memset(&w, 0, sizeof(w));
	memset(&w.pod, 0xa5, sizeof(w.pod)); /* any content will do */
	w.story = story;
	w.log[0] = '\0';
	complete_spec(story);
	for (size_t i = 0; i < SP_ARRAY_LEN(story->stimuli) && story->stimuli[i].kind; i++) {
		const struct cw_stimulus *st = &story->stimuli[i];

		later(st->at, (struct sp_event){.kind = st->kind,
						.ctr = st->ctr,
						.grace_s = st->grace_s,
						.gate = st->gate,
						.gate_status = st->gate_status,
						.forget_records = st->forget,
						.text = st->text});
	}
	sp_pod_init(&story->spec, &w.pod, 0, 0);
	step(&(struct sp_event){.kind = SP_EV_TICK});
	while (!sp_pod_finished(&w.pod)) {
		sp_time due = sp_pod_deadline(&story->spec, &w.pod);
		size_t k = next_pending();

		if (w.n_queue && w.queue[k].at <= due) {
			struct pending p = w.queue[k];

			if (p.at > horizon)
				break;
			w.queue[k] = w.queue[--w.n_queue];
			w.now = SP_MAX(w.now, p.at);
			if (p.ev.kind == SP_EV_SANDBOX_LOST)
				p.ev.attempt = w.pod.sandbox_attempt;
			step(&p.ev);
		} else if (due == SP_NEVER || due > horizon) {
			break;
		} else {
			assert_true(due > w.now || !w.now); /* never a wakeup for nothing */
			w.now = due;
			step(&(struct sp_event){.kind = SP_EV_TICK});
		}
	}
	sp_pod_status(&story->spec, &w.pod, w.now, &w.status);
	return w.log;
}

const struct sp_pod_status *cw_status(void)
{
	return &w.status;
}

const struct sp_pod *cw_pod(void)
{
	return &w.pod;
}

const char *cw_columns(const struct cw_story *story)
{
	char a[64], b[32];
	struct sp_buf status = sp_buf_fixed(a, sizeof(a)), ready = sp_buf_fixed(b, sizeof(b));
	uint32_t restarts;

	sp_pod_column(&story->spec, &w.status, &status, &ready, &restarts);
	(void)snprintf(w.cols, sizeof(w.cols), "%s %s %u", a, b, restarts);
	return w.cols;
}

void cw_expect(struct cw_story *story, const char *expected)
{
	const char *log = cw_play(story);

	if (!sp_streq(log, expected))
		(void)fprintf(stderr, "--- expected\n%s--- got\n%s---\n", expected, log);
	assert_true(sp_streq(log, expected));
}
