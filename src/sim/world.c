/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The world's engine: a queue of future facts, one virtual clock, the core in the middle.
 *
 * A process is a row in `ctrs`: alive or not, which attempt, launched when. Facts about it carry
 * the attempt they were queued for, so what was planned for an instance that is gone falls away
 * when its time comes; nothing is ever taken out of the queue.
 */
#include "sim/world.h"

#include "base/text.h"

#include <stdlib.h>

/* Steps within one instant after which the pod counts as going round in circles. */
#define STEPS_PER_INSTANT_MAX 20000

/* What comes first within one instant. */
enum rank { RANK_UP, RANK_ANSWER, RANK_REQUEST, RANK_EXIT, RANK_DONE, RANK_PROBE };

enum entry_kind {
	ENTRY_EVENT,    /* hand `ev` to the core */
	ENTRY_LAUNCH,   /* CTR_START has come through: the process lives */
	ENTRY_STIMULUS, /* plan->stimuli[index] */
};

struct entry {
	sp_time at;
	enum rank rank;
	uint64_t seq;
	enum entry_kind kind;
	uint32_t index;
	struct sp_event ev;
};

struct hook_run {
	bool running;
	uint32_t attempt;
};

struct ctr {
	bool alive, starting;
	bool stop_pending; /* signalled before the launch came through */
	uint32_t attempt;
	sp_time launched_at;
	struct hook_run hooks[2];
	struct sp_sim_image image;
	const char *image_name;
};

struct sp_sim {
	const struct sp_pod_spec *spec;
	const struct sp_sim_plan *plan;
	struct sp_arena arena;
	struct sp_pod *pod;
	struct sp_actions *acts;
	sp_time now;
	bool begun, failed;
	sp_time engine_up_at; /* facts wait until then while the engine is away */
	bool engine_down;
	uint32_t sandbox_attempt;

	struct entry *heap;
	size_t n_heap, cap_heap;
	uint64_t seq;

	struct sp_sim_line *lines;
	size_t n_lines, cap_lines;

	struct ctr ctrs[SP_CONTAINERS_MAX];
};

/* ---- queue ---------------------------------------------------------------------------------- */

static bool entry_before(const struct entry *a, const struct entry *b)
{
	if (a->at != b->at)
		return a->at < b->at;
	if (a->rank != b->rank)
		return a->rank < b->rank;
	return a->seq < b->seq;
}

static void push_entry(struct sp_sim *s, struct entry e)
{
	size_t i;

	if (e.at == SP_NEVER)
		return;
	if (s->n_heap == s->cap_heap) {
		size_t cap = s->cap_heap ? s->cap_heap * 2 : 64;
		struct entry *heap = realloc(s->heap, cap * sizeof(*heap));

		if (!heap) {
			s->failed = true;
			return;
		}
		s->heap = heap;
		s->cap_heap = cap;
	}
	i = s->n_heap++;
	while (i > 0 && entry_before(&e, &s->heap[(i - 1) / 2])) {
		s->heap[i] = s->heap[(i - 1) / 2];
		i = (i - 1) / 2;
	}
	s->heap[i] = e;
}

static struct entry pop_entry(struct sp_sim *s)
{
	struct entry top = s->heap[0], last = s->heap[--s->n_heap];
	size_t i = 0;

	for (;;) {
		size_t k = 2 * i + 1;

		if (k >= s->n_heap)
			break;
		if (k + 1 < s->n_heap && entry_before(&s->heap[k + 1], &s->heap[k]))
			k++;
		if (!entry_before(&s->heap[k], &last))
			break;
		s->heap[i] = s->heap[k];
		i = k;
	}
	s->heap[i] = last;
	return top;
}

static void queue_event(struct sp_sim *s, sp_time at, enum rank rank, struct sp_event ev)
{
	push_entry(s,
		   (struct entry){
			   .at = at, .rank = rank, .seq = s->seq++, .kind = ENTRY_EVENT, .ev = ev});
}

/* ---- the log -------------------------------------------------------------------------------- */

static const char *keep_text(struct sp_sim *s, const char *text)
{
	char *copy;

	if (!text || !*text)
		return "";
	copy = sp_arena_strdup(&s->arena, text);
	if (!copy) {
		s->failed = true;
		return "";
	}
	return copy;
}

static void log_action(struct sp_sim *s, const struct sp_action *a)
{
	struct sp_sim_line *line;

	if (s->n_lines == s->cap_lines) {
		size_t cap = s->cap_lines ? s->cap_lines * 2 : 256;
		struct sp_sim_line *lines = realloc(s->lines, cap * sizeof(*lines));

		if (!lines) {
			s->failed = true;
			return;
		}
		s->lines = lines;
		s->cap_lines = cap;
	}
	line = &s->lines[s->n_lines++];
	line->at = s->now;
	line->kind = a->kind == SP_ACT_EVENT ? SP_SIM_EVENT : SP_SIM_FACT;
	line->act = *a;
	line->act.text = keep_text(s, a->text);
}

/* ---- processes ------------------------------------------------------------------------------ */

static const struct sp_sim_run *planned_run(const struct sp_sim *s, uint16_t i, uint32_t attempt)
{
	const struct sp_sim_ctr *c = &s->plan->ctrs[i];

	if (c->n_runs == 0)
		return NULL;
	return &c->runs[SP_MIN(attempt, c->n_runs - 1)];
}

static void queue_exit(struct sp_sim *s, uint16_t i, sp_time at, int32_t code, bool oom)
{
	queue_event(s, at, RANK_EXIT,
		    (struct sp_event){.kind = SP_EV_EXITED,
				      .ctr = i,
				      .attempt = s->ctrs[i].attempt,
				      .code = code,
				      .oom = oom,
				      .text = ""});
}

static void signal_ctr(struct sp_sim *s, uint16_t i)
{
	const struct sp_sim_ctr *plan = &s->plan->ctrs[i];

	if (s->ctrs[i].starting)
		s->ctrs[i].stop_pending = true;
	else if (s->ctrs[i].alive && plan->sigterm_takes != SP_NEVER)
		queue_exit(s, i, sp_time_add(s->now, plan->sigterm_takes), plan->sigterm_code,
			   false);
}

static void kill_ctr(struct sp_sim *s, uint16_t i)
{
	struct ctr *c = &s->ctrs[i];

	if (c->starting) { /* cut off before the launch: it counts as a process that was killed */
		c->starting = false;
		c->alive = true;
	}
	if (c->alive)
		queue_exit(s, i, s->now, 137, false);
}

static void start_ctr(struct sp_sim *s, const struct sp_action *a)
{
	const struct sp_sim_ctr *plan = &s->plan->ctrs[a->ctr];
	const struct sp_sim_run *run = planned_run(s, a->ctr, a->attempt);
	sp_time at = sp_time_add(s->now, plan->start_takes);

	if (plan->config_error_until > s->now) {
		queue_event(s, s->now, RANK_ANSWER,
			    (struct sp_event){.kind = SP_EV_CREATE_FAILED,
					      .ctr = a->ctr,
					      .attempt = a->attempt,
					      .config = true,
					      .text = plan->config_error});
		return;
	}
	if (run && run->launch_error) {
		queue_event(s, at, RANK_ANSWER,
			    (struct sp_event){.kind = SP_EV_START_FAILED,
					      .ctr = a->ctr,
					      .attempt = a->attempt,
					      .text = run->launch_error});
		return;
	}
	s->ctrs[a->ctr].starting = true;
	s->ctrs[a->ctr].stop_pending = false;
	s->ctrs[a->ctr].attempt = a->attempt;
	push_entry(s, (struct entry){
			      .at = at,
			      .rank = RANK_ANSWER,
			      .seq = s->seq++,
			      .kind = ENTRY_LAUNCH,
			      .ev = {.kind = SP_EV_STARTED, .ctr = a->ctr, .attempt = a->attempt}});
}

/* The process is there now. Return: false when its start was called off meanwhile. */
static bool launch_ctr(struct sp_sim *s, const struct sp_event *ev)
{
	struct ctr *c = &s->ctrs[ev->ctr];
	const struct sp_sim_run *run = planned_run(s, ev->ctr, ev->attempt);

	if (!c->starting || c->attempt != ev->attempt)
		return false;
	c->starting = false;
	c->alive = true;
	c->launched_at = s->now;
	if (run && run->exit_after != SP_NEVER)
		queue_exit(s, ev->ctr, sp_time_add(s->now, run->exit_after), run->code, run->oom);
	if (c->stop_pending)
		signal_ctr(s, ev->ctr);
	return true;
}

/* An exec hook dies with its container (HOOK-5, KILL-7). */
static void end_exec_hooks(struct sp_sim *s, uint16_t i)
{
	const struct sp_ctr_spec *spec = &s->spec->ctrs[i];

	for (int h = 0; h < 2; h++) {
		const struct sp_hook_spec *hs =
			h == SP_HOOK_POST_START ? &spec->post_start : &spec->pre_stop;
		struct hook_run *run = &s->ctrs[i].hooks[h];

		if (!run->running || hs->kind != SP_HOOK_EXEC)
			continue;
		queue_event(s, s->now, RANK_DONE,
			    (struct sp_event){.kind = SP_EV_HOOK_DONE,
					      .ctr = i,
					      .attempt = run->attempt,
					      .hook = (enum sp_hook)h,
					      .text = "the container is gone"});
	}
}

static void run_hook(struct sp_sim *s, const struct sp_action *a)
{
	const struct sp_sim_hook *plan = &s->plan->ctrs[a->ctr].hooks[a->hook];
	struct hook_run *run = &s->ctrs[a->ctr].hooks[a->hook];

	run->running = true;
	run->attempt = a->attempt;
	queue_event(
		s, sp_time_add(s->now, plan->takes), RANK_DONE,
		(struct sp_event){.kind = SP_EV_HOOK_DONE,
				  .ctr = a->ctr,
				  .attempt = a->attempt,
				  .hook = a->hook,
				  .ok = !plan->fails,
				  .text = plan->fails ? "the hook ended with exit code 1" : ""});
}

static bool answers_at(const struct sp_sim_answers *w, sp_time since_launch)
{
	for (uint32_t i = 0; i < w->n; i++)
		if (since_launch >= w->v[i].from && since_launch < w->v[i].to)
			return true;
	return false;
}

static void run_probe(struct sp_sim *s, const struct sp_action *a)
{
	static const struct sp_sim_window for_ever = {0, SP_NEVER};
	static const struct sp_sim_answers always = {.v = &for_ever, .n = 1};
	const struct sp_sim_probe *plan = &s->plan->ctrs[a->ctr].probes[a->probe];
	const struct sp_sim_answers *answers =
		plan->n ? &plan->v[SP_MIN(a->attempt, plan->n - 1)] : &always;
	sp_time timeout = s->spec->ctrs[a->ctr].probes[a->probe].timeout_s * SP_SEC;
	struct sp_event ev = {.kind = SP_EV_PROBE_RESULT,
			      .ctr = a->ctr,
			      .attempt = a->attempt,
			      .probe = a->probe};

	if (answers->error) {
		ev.outcome = SP_OUT_ERROR;
		ev.text = "the probe cannot be carried out";
	} else if (plan->takes > timeout) {
		ev.outcome = SP_OUT_FAILURE;
		ev.text = "no answer within the timeout";
	} else if (answers_at(answers, s->now - s->ctrs[a->ctr].launched_at)) {
		ev.outcome = answers->warning ? SP_OUT_WARNING : SP_OUT_SUCCESS;
		ev.text = "";
	} else {
		ev.outcome = SP_OUT_FAILURE;
		ev.text = "simulated failure";
	}
	queue_event(s, sp_time_add(s->now, SP_MIN(plan->takes, timeout)), RANK_PROBE, ev);
}

/* ---- images and sandboxes ------------------------------------------------------------------- */

static void ensure_image(struct sp_sim *s, const struct sp_action *a)
{
	struct ctr *c = &s->ctrs[a->ctr];
	struct sp_event ev = {.ctr = a->ctr, .attempt = a->attempt, .text = ""};
	struct sp_buf b = {0};
	sp_time done = sp_time_add(s->now, c->image.pull_takes);

	if (c->image.present && c->image.policy != SP_SIM_PULL_ALWAYS) {
		ev.kind = SP_EV_IMAGE_PRESENT;
		queue_event(s, s->now, RANK_ANSWER, ev);
		return;
	}
	ev.kind = SP_EV_IMAGE_FAILED;
	if (c->image.policy == SP_SIM_PULL_NEVER) {
		ev.image_fail = SP_IMG_NEVER_PULL;
		queue_event(s, s->now, RANK_ANSWER, ev);
		return;
	}
	if (c->image.broken && c->image.fail != SP_IMG_PULL_FAILED) {
		ev.image_fail = c->image.fail;
		ev.text = "the image cannot be used";
		queue_event(s, s->now, RANK_ANSWER, ev);
		return;
	}
	queue_event(s, s->now, RANK_ANSWER,
		    (struct sp_event){
			    .kind = SP_EV_IMAGE_PULLING, .ctr = a->ctr, .attempt = a->attempt});
	if (c->image.broken) {
		ev.image_fail = SP_IMG_PULL_FAILED;
		ev.text = "the registry does not have this image";
	} else {
		ev.kind = SP_EV_IMAGE_PULLED;
		sp_buf_puts(&b, "Successfully pulled image ");
		sp_buf_quote(&b, c->image_name);
		for (int i = 0; i < 2; i++) {
			sp_buf_puts(&b, i ? " (" : " in ");
			sp_format_go_duration(&b, c->image.pull_takes);
		}
		sp_buf_puts(&b, " including waiting). Image size: 0 bytes.");
		ev.text = b.failed ? "" : keep_text(s, b.ptr);
		s->failed |= b.failed;
		sp_buf_done(&b);
	}
	queue_event(s, done, RANK_ANSWER, ev);
}

static void start_sandbox(struct sp_sim *s, const struct sp_action *a)
{
	struct sp_event ev = {.attempt = a->attempt};

	s->sandbox_attempt = a->attempt;
	if (s->plan->sandbox_error_until > s->now) {
		ev.kind = SP_EV_SANDBOX_FAILED;
		ev.step = s->plan->sandbox_error_step;
		ev.text = s->plan->sandbox_error;
		queue_event(s, s->now, RANK_ANSWER, ev);
		return;
	}
	ev.kind = SP_EV_SANDBOX_READY;
	ev.text = "10.88.0.2";
	queue_event(s, sp_time_add(s->now, s->plan->sandbox_takes), RANK_ANSWER, ev);
}

static void forget_processes(struct sp_sim *s)
{
	for (uint16_t i = 0; i < s->spec->n_ctrs; i++) {
		s->ctrs[i].alive = s->ctrs[i].starting = false;
		for (int h = 0; h < 2; h++)
			s->ctrs[i].hooks[h].running = false;
	}
}

static void stop_sandbox(struct sp_sim *s, const struct sp_action *a)
{
	for (uint16_t i = 0; i < s->spec->n_ctrs; i++)
		kill_ctr(s, i);
	/* After the exits of the same instant. */
	queue_event(s, s->now, RANK_PROBE,
		    (struct sp_event){.kind = SP_EV_SANDBOX_GONE, .attempt = a->attempt});
}

/* ---- the core in the middle ----------------------------------------------------------------- */

static void perform(struct sp_sim *s)
{
	for (uint32_t i = 0; i < s->acts->n; i++) {
		const struct sp_action *a = &s->acts->items[i];

		switch (a->kind) {
		case SP_ACT_SANDBOX_START:
			start_sandbox(s, a);
			break;
		case SP_ACT_SANDBOX_STOP:
			stop_sandbox(s, a);
			break;
		case SP_ACT_IMAGE_ENSURE:
			ensure_image(s, a);
			break;
		case SP_ACT_CTR_START:
			start_ctr(s, a);
			break;
		case SP_ACT_CTR_SIGNAL:
			if (s->ctrs[a->ctr].attempt == a->attempt)
				signal_ctr(s, a->ctr);
			break;
		case SP_ACT_CTR_KILL:
			if (s->ctrs[a->ctr].attempt == a->attempt)
				kill_ctr(s, a->ctr);
			break;
		case SP_ACT_HOOK_RUN:
			run_hook(s, a);
			break;
		case SP_ACT_PROBE_RUN:
			run_probe(s, a);
			break;
		case SP_ACT_EVENT:
		case SP_ACT_FACT:
			log_action(s, a);
			break;
		case SP_ACT_STATUS:
		case SP_ACT_FINISHED:
		case SP_ACTS:
			break;
		}
	}
}

static void step(struct sp_sim *s, const struct sp_event *ev)
{
	sp_pod_step(s->spec, s->pod, ev, s->now, s->acts);
	perform(s);
}

/* Update the world for a fact about to be told. Return: false when it is no longer true. */
static bool fact_holds(struct sp_sim *s, const struct sp_event *ev)
{
	struct ctr *c = &s->ctrs[ev->ctr];

	if (ev->kind == SP_EV_EXITED) {
		if (!c->alive || c->attempt != ev->attempt)
			return false;
		c->alive = false;
		end_exec_hooks(s, ev->ctr);
	} else if (ev->kind == SP_EV_HOOK_DONE) {
		/* Either the planned end, or the early one after an exit; whichever is first. */
		if (!c->hooks[ev->hook].running || c->hooks[ev->hook].attempt != ev->attempt)
			return false;
		c->hooks[ev->hook].running = false;
	} else if (ev->kind == SP_EV_IMAGE_PULLED) {
		c->image.present = true;
	}
	return true;
}

static void apply_stimulus(struct sp_sim *s, const struct sp_sim_stimulus *st)
{
	struct ctr *c = &s->ctrs[st->ctr];

	switch (st->kind) {
	case SP_SIM_DELETE:
		step(s, &(struct sp_event){.kind = SP_EV_DELETE, .grace_s = st->grace_s});
		break;
	case SP_SIM_SET_IMAGE:
		c->image = (struct sp_sim_image){.present = !sp_streq(st->text, "bad"),
						 .broken = sp_streq(st->text, "bad")};
		c->image_name = st->text;
		step(s,
		     &(struct sp_event){.kind = SP_EV_SET_IMAGE, .ctr = st->ctr, .text = st->text});
		break;
	case SP_SIM_IMAGE_STATE:
		c->image.broken = !st->flag;
		c->image.fail = SP_IMG_PULL_FAILED;
		c->image.present = st->flag && c->image.present;
		if (st->has_policy)
			c->image.policy = st->policy;
		break;
	case SP_SIM_SANDBOX_LOST:
		forget_processes(s);
		step(s,
		     &(struct sp_event){.kind = SP_EV_SANDBOX_LOST, .attempt = s->sandbox_attempt});
		break;
	case SP_SIM_ENGINE_RESTART:
		s->engine_down = true;
		s->engine_up_at = sp_time_add(s->now, st->takes);
		queue_event(s, s->engine_up_at, RANK_UP,
			    (struct sp_event){.kind = SP_EV_ENGINE_RESTARTED,
					      .forget_records = st->flag});
		break;
	case SP_SIM_SET_GATE:
		step(s, &(struct sp_event){.kind = SP_EV_SET_GATE,
					   .gate = st->gate,
					   .gate_status = st->gate_status});
		break;
	case SP_SIM_OOM:
		if (c->alive)
			queue_exit(s, st->ctr, s->now, 137, true);
		break;
	case SP_SIM_CRASH:
		if (c->alive)
			queue_exit(s, st->ctr, s->now, st->code, false);
		break;
	case SP_SIM_OBJECTS_CHANGED:
		step(s, &(struct sp_event){.kind = SP_EV_OBJECTS_CHANGED});
		break;
	}
}

static void take_entry(struct sp_sim *s, const struct entry *e)
{
	if (s->engine_down && !(e->kind == ENTRY_EVENT && e->ev.kind == SP_EV_ENGINE_RESTARTED)) {
		struct entry later = *e; /* nobody listens; the order stays */

		later.at = s->engine_up_at;
		push_entry(s, later);
		return;
	}
	if (e->kind == ENTRY_STIMULUS) {
		apply_stimulus(s, &s->plan->stimuli[e->index]);
		return;
	}
	if (e->kind == ENTRY_LAUNCH ? !launch_ctr(s, &e->ev) : !fact_holds(s, &e->ev))
		return;
	if (e->ev.kind == SP_EV_ENGINE_RESTARTED)
		s->engine_down = false;
	step(s, &e->ev);
}

/* ---- public --------------------------------------------------------------------------------- */

static void queue_plan(struct sp_sim *s)
{
	for (uint32_t i = 0; i < s->plan->n_stimuli; i++)
		push_entry(s, (struct entry){.at = s->plan->stimuli[i].at,
					     .rank = RANK_REQUEST,
					     .seq = s->seq++,
					     .kind = ENTRY_STIMULUS,
					     .index = i});
	for (uint16_t i = 0; i < s->spec->n_ctrs; i++) {
		const struct sp_sim_ctr *c = &s->plan->ctrs[i];

		s->ctrs[i].image = c->image;
		s->ctrs[i].image_name = s->spec->ctrs[i].image;
		if (c->config_error_until > 0) /* the missing object appears */
			queue_event(s, c->config_error_until, RANK_REQUEST,
				    (struct sp_event){.kind = SP_EV_OBJECTS_CHANGED});
	}
	if (s->plan->sandbox_error_until > 0 &&
	    s->plan->sandbox_error_step == SP_SBX_STEP_MOUNT) /* so does this one */
		queue_event(s, s->plan->sandbox_error_until, RANK_REQUEST,
			    (struct sp_event){.kind = SP_EV_OBJECTS_CHANGED});
}

struct sp_sim *sp_sim_new(const struct sp_pod_spec *spec, const struct sp_sim_plan *plan)
{
	struct sp_sim *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->spec = spec;
	s->plan = plan;
	s->pod = calloc(1, sp_pod_size());
	s->acts = calloc(1, sizeof(*s->acts));
	if (!s->pod || !s->acts)
		return sp_sim_free(s);
	sp_pod_init(spec, s->pod, 0, 0);
	queue_plan(s);
	return s;
}

struct sp_sim *sp_sim_free(struct sp_sim *s)
{
	if (!s)
		return NULL;
	sp_arena_done(&s->arena);
	free(s->heap);
	free(s->lines);
	free(s->acts);
	free(s->pod);
	free(s);
	return NULL;
}

/* When the next thing happens, and whether it is a queued fact (else: time itself). */
static sp_time next_at(const struct sp_sim *s, bool *ret_queued)
{
	sp_time fact = s->n_heap ? s->heap[0].at : SP_NEVER;
	sp_time tick = s->begun ? sp_pod_deadline(s->spec, s->pod) : 0;

	if (s->engine_down)
		tick = SP_NEVER;
	if (tick != SP_NEVER && tick < s->now)
		tick = s->now;
	*ret_queued = fact <= tick && s->begun;
	return SP_MIN(fact, tick);
}

int sp_sim_run(struct sp_sim *s, sp_time until, struct sp_error *err)
{
	uint32_t steps = 0;

	while (!s->failed && !sp_pod_finished(s->pod)) {
		bool queued;
		sp_time at = next_at(s, &queued);

		if (at == SP_NEVER || at > until)
			break;
		steps = at > s->now ? 0 : steps + 1;
		if (steps > STEPS_PER_INSTANT_MAX)
			return sp_fail(err, SP_E_INTERNAL, "the pod does not come to rest at %g s",
				       (double)at / (double)SP_SEC);
		s->now = at;
		if (queued) {
			struct entry e = pop_entry(s);

			take_entry(s, &e);
		} else {
			s->begun = true;
			step(s, &(struct sp_event){.kind = SP_EV_TICK});
		}
	}
	if (s->failed)
		return sp_fail(err, SP_E_NO_MEMORY, "simulate a pod");
	if (!sp_pod_finished(s->pod) && until != SP_NEVER)
		s->now = until;
	return 0;
}

bool sp_sim_finished(const struct sp_sim *s)
{
	return sp_pod_finished(s->pod);
}

sp_time sp_sim_now(const struct sp_sim *s)
{
	return s->now;
}

void sp_sim_delete(struct sp_sim *s, int64_t grace_s)
{
	s->begun = true;
	step(s, &(struct sp_event){.kind = SP_EV_DELETE, .grace_s = grace_s});
}

sp_time sp_sim_next(const struct sp_sim *s)
{
	bool queued;

	return sp_sim_finished(s) ? SP_NEVER : next_at(s, &queued);
}

bool sp_sim_idle(const struct sp_sim *s)
{
	return sp_sim_next(s) == SP_NEVER;
}

const struct sp_pod_spec *sp_sim_spec(const struct sp_sim *s)
{
	return s->spec;
}

void sp_sim_status(const struct sp_sim *s, struct sp_pod_status *ret)
{
	sp_pod_status(s->spec, s->pod, s->now, ret);
}

const struct sp_sim_line *sp_sim_lines(const struct sp_sim *s, size_t *ret_n)
{
	*ret_n = s->n_lines;
	return s->lines;
}
