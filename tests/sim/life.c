/* SPDX-License-Identifier: Apache-2.0 */
#include "life.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- chance --------------------------------------------------------------------------------- */

static uint64_t chance(struct life *l)
{
	uint64_t z = (l->rng += 0x9e3779b97f4a7c15); /* splitmix64 */

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

static uint32_t below(struct life *l, uint32_t n)
{
	return (uint32_t)((chance(l) >> 32) * n >> 32);
}

static bool one_in(struct life *l, uint32_t n)
{
	return below(l, n) == 0;
}

/* ---- a spec ---------------------------------------------------------------------------------- */

static const char *const names[] = {"a", "b", "c", "d", "e"};

static struct sp_hook_spec random_hook(struct life *l)
{
	struct sp_hook_spec h = {SP_HOOK_NONE};

	if (one_in(l, 4)) {
		h.kind = (enum sp_hook_kind)(SP_HOOK_EXEC + below(l, 4));
		h.sleep_s = below(l, 4);
	}
	return h;
}

static void random_ctr(struct life *l, uint16_t i, uint16_t n_init)
{
	struct sp_ctr_spec *c = &l->ctrs[i];

	*c = (struct sp_ctr_spec){.name = names[i], .image = one_in(l, 2) ? "one" : "two"};
	c->role = i >= n_init ? SP_ROLE_APP : one_in(l, 3) ? SP_ROLE_INIT : SP_ROLE_SIDECAR;
	if (c->role == SP_ROLE_SIDECAR)
		c->restart_policy = SP_RESTART_ALWAYS;
	else if (one_in(l, 5))
		c->restart_policy = (enum sp_restart_policy)(SP_RESTART_ALWAYS + below(l, 3));
	if (c->restart_policy != SP_RESTART_UNSET && one_in(l, 4)) {
		c->rules = &l->rule;
		c->n_rules = 1;
	}
	if (c->role == SP_ROLE_INIT)
		return;
	for (int k = 0; k < SP_PROBES; k++)
		c->probes[k] = (struct sp_probe_spec){
			.set = one_in(l, 3),
			.initial_delay_s = (int32_t)below(l, 3),
			.period_s = 1 + (int32_t)below(l, 5),
			.timeout_s = 1,
			.success_threshold = k == SP_PROBE_READINESS ? 1 + (int32_t)below(l, 2) : 1,
			.failure_threshold = 1 + (int32_t)below(l, 3),
			.grace_s = one_in(l, 4) ? 1 + (int64_t)below(l, 5) : -1,
		};
	c->post_start = random_hook(l);
	c->pre_stop = random_hook(l);
}

static void random_spec(struct life *l)
{
	uint16_t n_init = (uint16_t)below(l, 3), n_app = (uint16_t)(1 + below(l, 2));

	l->code = 3;
	l->rule = (struct sp_restart_rule){
		.action = one_in(l, 2) ? SP_RULE_RESTART : SP_RULE_RESTART_ALL,
		.codes = &l->code,
		.n_codes = 1,
	};
	l->spec = (struct sp_pod_spec){
		.name = "p",
		.ns = "n",
		.uid = "u",
		.restart_policy = (enum sp_restart_policy)(SP_RESTART_ALWAYS + below(l, 3)),
		.grace_s = below(l, 8),
		.active_deadline_s = one_in(l, 8) ? 1 + (int64_t)below(l, 60) : -1,
		.ctrs = l->ctrs,
		.n_init = n_init,
		.n_ctrs = (uint16_t)(n_init + n_app),
		.kube_minor = one_in(l, 4) ? 28 + (int32_t)below(l, 10) : 36,
		.backoff_max = one_in(l, 6) ? SP_SEC : 0,
		.restart_sidecars_on_termination = one_in(l, 6),
	};
	for (uint16_t i = 0; i < l->spec.n_ctrs; i++)
		random_ctr(l, i, n_init);
}

/* ---- a world --------------------------------------------------------------------------------- */

struct pending {
	sp_time at;
	uint64_t order;
	struct sp_event ev;
};

struct world {
	struct pending queue[64];
	size_t n;
	uint64_t order;
	sp_time now;
	bool alive[LIFE_CTRS]; /* a process exists */
	uint32_t attempt[LIFE_CTRS];
	bool sandbox;
	uint32_t sandbox_attempt;
	bool lossy; /* hooks, probes and pulls may never answer, answers may be repeated */
};

static sp_time some_delay(struct life *l)
{
	static const sp_time delays[] = {0,      0,         0, 0, 20 * SP_MSEC, 300 * SP_MSEC,
					 SP_SEC, 4 * SP_SEC};

	return delays[below(l, SP_ARRAY_LEN(delays))];
}

static void later(struct world *w, sp_time after, const struct sp_event *ev)
{
	if (w->n < SP_ARRAY_LEN(w->queue)) /* a full queue loses what is least needed: repeats */
		w->queue[w->n++] =
			(struct pending){.at = w->now + after, .order = w->order++, .ev = *ev};
}

static void answer(struct life *l, struct world *w, const struct sp_event *ev)
{
	later(w, some_delay(l), ev);
	if (w->lossy && one_in(l, 8))
		later(w, some_delay(l), ev);
}

static void dies(struct life *l, struct world *w, uint16_t i, sp_time after, int32_t code)
{
	struct sp_event ev = {.kind = SP_EV_EXITED,
			      .ctr = i,
			      .attempt = w->attempt[i],
			      .code = code,
			      .oom = one_in(l, 12)};

	later(w, after, &ev);
}

static void starts(struct life *l, struct world *w, const struct sp_action *a)
{
	struct sp_event ev = {.ctr = a->ctr, .attempt = a->attempt, .text = "no"};
	sp_time delay = some_delay(l);

	if (one_in(l, 8)) {
		ev.kind = one_in(l, 2) ? SP_EV_START_FAILED : SP_EV_CREATE_FAILED;
		ev.config = one_in(l, 2);
		later(w, delay, &ev);
		return;
	}
	w->alive[a->ctr] = true;
	w->attempt[a->ctr] = a->attempt;
	ev.kind = SP_EV_STARTED;
	later(w, delay, &ev);
	if (w->lossy && one_in(l, 8))
		later(w, delay + some_delay(l), &ev);
	if (!one_in(l, 4)) { /* ends by itself, now and then before its launch is told */
		static const sp_time lives[] = {0, SP_SEC, 3 * SP_SEC, 20 * SP_SEC};
		sp_time life = lives[below(l, SP_ARRAY_LEN(lives))];

		dies(l, w, a->ctr, one_in(l, 16) ? life / 2 : delay + life,
		     one_in(l, 2) ? 0 : (int32_t)below(l, 4));
	}
}

static void ensures(struct life *l, struct world *w, const struct sp_action *a)
{
	struct sp_event ev = {.kind = SP_EV_IMAGE_PRESENT, .ctr = a->ctr, .text = "pulled"};

	if (one_in(l, 8)) {
		ev.kind = SP_EV_IMAGE_PULLING;
		later(w, 0, &ev);
		ev.kind = SP_EV_IMAGE_PULLED;
	} else if (one_in(l, 10)) {
		ev.kind = SP_EV_IMAGE_FAILED;
		ev.image_fail = (enum sp_image_fail)below(l, SP_IMG_SIGNATURE + 1);
	}
	if (!w->lossy || !one_in(l, 30))
		answer(l, w, &ev);
}

static void probes(struct life *l, struct world *w, const struct sp_action *a)
{
	struct sp_event ev = {.kind = SP_EV_PROBE_RESULT,
			      .ctr = a->ctr,
			      .attempt = a->attempt,
			      .probe = a->probe,
			      .text = "out",
			      .outcome = SP_OUT_SUCCESS};

	if (one_in(l, 4))
		ev.outcome = (enum sp_outcome)below(l, SP_OUT_WARNING + 1);
	if (!w->lossy || !one_in(l, 20))
		answer(l, w, &ev);
}

static void hooks(struct life *l, struct world *w, const struct sp_action *a)
{
	struct sp_event ev = {.kind = SP_EV_HOOK_DONE,
			      .ctr = a->ctr,
			      .attempt = a->attempt,
			      .hook = a->hook,
			      .ok = !one_in(l, 4)};

	if (!w->lossy || !one_in(l, 10))
		answer(l, w, &ev);
}

static void perform(struct life *l, struct world *w, const struct sp_action *a)
{
	struct sp_event ev = {.attempt = a->attempt, .text = "10.0.0.2"};

	switch (a->kind) {
	case SP_ACT_SANDBOX_START:
		ev.kind = one_in(l, 8) ? SP_EV_SANDBOX_FAILED : SP_EV_SANDBOX_READY;
		w->sandbox = ev.kind == SP_EV_SANDBOX_READY;
		w->sandbox_attempt = a->attempt;
		answer(l, w, &ev);
		break;
	case SP_ACT_SANDBOX_STOP:
		w->sandbox = false;
		ev.kind = SP_EV_SANDBOX_GONE;
		answer(l, w, &ev);
		break;
	case SP_ACT_IMAGE_ENSURE:
		ensures(l, w, a);
		break;
	case SP_ACT_CTR_START:
		starts(l, w, a);
		break;
	case SP_ACT_CTR_SIGNAL:
		if (!one_in(l, 4))
			dies(l, w, a->ctr, some_delay(l), one_in(l, 2) ? 0 : 143);
		break;
	case SP_ACT_CTR_KILL:
		if (w->alive[a->ctr]) {
			dies(l, w, a->ctr, 0, 137);
		} else { /* nothing was launched: the answer to the start says so */
			ev.kind = SP_EV_CREATE_FAILED;
			ev.ctr = a->ctr;
			later(w, 0, &ev);
		}
		break;
	case SP_ACT_HOOK_RUN:
		hooks(l, w, a);
		break;
	case SP_ACT_PROBE_RUN:
		probes(l, w, a);
		break;
	case SP_ACT_EVENT:
	case SP_ACT_FACT:
	case SP_ACT_STATUS:
	case SP_ACT_FINISHED:
	case SP_ACTS:
		break;
	}
}

/* Something that nobody asked for. */
static void surprise(struct life *l, struct world *w)
{
	struct sp_event ev = {.ctr = (uint16_t)below(l, l->spec.n_ctrs)};

	switch (below(l, 12)) {
	case 0:
		ev.kind = SP_EV_DELETE;
		ev.grace_s = (int64_t)below(l, 8) - 1;
		break;
	case 1:
		ev.kind = SP_EV_SET_IMAGE;
		ev.text = one_in(l, 2) ? "new" : "newer";
		break;
	case 2:
		ev.kind = SP_EV_ENGINE_RESTARTED;
		ev.forget_records = one_in(l, 2);
		break;
	case 3:
		ev.kind = SP_EV_OBJECTS_CHANGED;
		break;
	case 4:
		if (!w->sandbox)
			return;
		ev.kind = SP_EV_SANDBOX_LOST;
		ev.attempt = w->sandbox_attempt;
		break;
	default:
		return;
	}
	later(w, some_delay(l), &ev);
}

/* ---- a life ---------------------------------------------------------------------------------- */

static void feed(struct life *l, const struct sp_event *ev, sp_time now)
{
	if (l->n_trace < LIFE_EVENTS)
		l->trace[l->n_trace++] = (struct life_event){*ev, now};
	sp_pod_step(&l->spec, &l->pod, ev, now, &l->out);
	l->wrong = pod_check_step(&l->check, &l->pod, ev, now, &l->out);
	if (!l->wrong && l->n_trace % 16 == 0)
		l->wrong = pod_check_status(&l->check, &l->pod, now, &l->status);
}

static size_t soonest(const struct world *w)
{
	size_t best = 0;

	for (size_t i = 1; i < w->n; i++)
		if (w->queue[i].at < w->queue[best].at ||
		    (w->queue[i].at == w->queue[best].at &&
		     w->queue[i].order < w->queue[best].order))
			best = i;
	return best;
}

/* The world's own truth about an event that is due; false when it came to nothing. */
static bool happens(struct world *w, const struct sp_event *ev)
{
	if (ev->kind == SP_EV_EXITED) {
		if (!w->alive[ev->ctr] || w->attempt[ev->ctr] != ev->attempt)
			return false;
		w->alive[ev->ctr] = false;
	}
	if (ev->kind == SP_EV_SANDBOX_LOST && ev->attempt == w->sandbox_attempt) {
		w->sandbox = false;
		memset(w->alive, 0, sizeof(w->alive));
	}
	return true;
}

static void step(struct life *l, struct world *w, const struct sp_event *ev)
{
	feed(l, ev, w->now);
	for (uint32_t i = 0; i < l->out.n && !l->wrong; i++)
		perform(l, w, &l->out.items[i]);
}

bool life_run(struct life *l, uint64_t seed)
{
	struct world w;

	l->seed = l->rng = seed;
	l->n_trace = 0;
	l->wrong = NULL;
	w.n = 0;
	w.order = 0;
	w.now = 0;
	memset(w.alive, 0, sizeof(w.alive));
	w.sandbox = false;
	random_spec(l);
	w.lossy = one_in(l, 2);
	sp_pod_init(&l->spec, &l->pod, 0, 0);
	pod_check_init(&l->check, &l->spec);
	step(l, &w, &(struct sp_event){.kind = SP_EV_TICK});
	while (!l->wrong && !sp_pod_finished(&l->pod)) {
		sp_time due = sp_pod_deadline(&l->spec, &l->pod);
		size_t k = soonest(&w);

		if (l->n_trace == LIFE_EVENTS) {
			l->wrong = "does not come to its end";
		} else if (l->n_trace == 60) {
			step(l, &w, &(struct sp_event){.kind = SP_EV_DELETE, .grace_s = 3});
		} else if (w.n && w.queue[k].at <= due) {
			struct pending p = w.queue[k];

			w.queue[k] = w.queue[--w.n];
			w.now = p.at;
			if (happens(&w, &p.ev))
				step(l, &w, &p.ev);
		} else if (due == SP_NEVER) { /* nothing will ever happen: somebody gives up */
			step(l, &w, &(struct sp_event){.kind = SP_EV_DELETE, .grace_s = 1});
			if (l->out.n == 0)
				l->wrong = "sleeps for ever";
		} else {
			w.now = due;
			step(l, &w, &(struct sp_event){.kind = SP_EV_TICK});
		}
		if (!l->wrong && one_in(l, 8))
			surprise(l, &w);
	}
	return !l->wrong;
}

/* ---- after a failure ------------------------------------------------------------------------- */

/* Does the trace without [from, from + n) break the same rule? */
static bool still_wrong(struct life *l, size_t from, size_t n, const char *wrong)
{
	const char *now_wrong = NULL;

	sp_pod_init(&l->spec, &l->pod, 0, 0);
	pod_check_init(&l->check, &l->spec);
	for (size_t i = 0; i < l->n_trace && !now_wrong; i++) {
		const struct life_event *t = &l->trace[i];

		if (i >= from && i < from + n)
			continue;
		sp_pod_step(&l->spec, &l->pod, &t->ev, t->now, &l->out);
		now_wrong = pod_check_step(&l->check, &l->pod, &t->ev, t->now, &l->out);
		if (!now_wrong)
			now_wrong = pod_check_status(&l->check, &l->pod, t->now, &l->status);
	}
	return now_wrong && sp_streq(now_wrong, wrong);
}

void life_shrink(struct life *l)
{
	char wrong[sizeof(l->check.what)];

	(void)snprintf(wrong, sizeof(wrong), "%s", l->wrong);
	if (!still_wrong(l, 0, 0, wrong))
		return; /* about the end of the life, not about one step */
	for (size_t n = l->n_trace / 2; n > 0; n = n == 1 ? 0 : n / 2)
		for (size_t from = 0; from + n <= l->n_trace;)
			if (still_wrong(l, from, n, wrong)) {
				memmove(&l->trace[from], &l->trace[from + n],
					(l->n_trace - from - n) * sizeof(l->trace[0]));
				l->n_trace -= n;
			} else {
				from++;
			}
	(void)still_wrong(l, 0, 0, wrong); /* leaves the story in place */
	l->wrong = l->check.what;
}

void life_print(struct life *l)
{
	printf("seed=0x%llx: %s\n", (unsigned long long)l->seed, l->wrong ? l->wrong : "all well");
	printf("  policy %d, grace %lld, deadline %lld, 1.%d%s\n", l->spec.restart_policy,
	       (long long)l->spec.grace_s, (long long)l->spec.active_deadline_s, l->spec.kube_minor,
	       l->spec.restart_sidecars_on_termination ? ", REL-1" : "");
	for (uint16_t i = 0; i < l->spec.n_ctrs; i++) {
		const struct sp_ctr_spec *c = &l->ctrs[i];

		printf("  %s: %s policy %d rules %d hooks %d %d probes %d%d%d\n", c->name,
		       sp_role_name(c->role), c->restart_policy, c->n_rules, c->post_start.kind,
		       c->pre_stop.kind, c->probes[0].set, c->probes[1].set, c->probes[2].set);
	}
	sp_pod_init(&l->spec, &l->pod, 0, 0);
	for (size_t i = 0; i < l->n_trace; i++) {
		const struct life_event *t = &l->trace[i];

		sp_pod_step(&l->spec, &l->pod, &t->ev, t->now, &l->out);
		pod_check_tell(&l->spec, &t->ev, t->now, &l->out);
	}
}
