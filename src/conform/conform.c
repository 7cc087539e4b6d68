/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All scenarios of some files, several pods at a time: waits dominate, so a file takes little
 * longer than its longest scenario.
 */
#include "conform/conform_internal.h"

#include "conform/pace.h"
#include "loop/loop.h"
#include "sim/snapshot.h"
#include "supervisor/bundle.h"
#include "sys/fd.h"
#include "sys/sys.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#define PARALLEL_MAX 64
#define STARTING_MAX 2 /* set-up is work: more at a time would only disturb the clocks */
#define PODS_PER_CPU 8
#define SLOW         (20 * SP_MSEC)  /* for a process with nothing to do: usually it takes 3 ms */
#define CROWDED      4               /* a machine where processes wait that part of the time */
#define TRIES_MAX    4               /* on a slow machine; the last verdict stands */
#define FINEST       (100 * SP_MSEC) /* what a busy machine still keeps apart */
#define END_LATE     (5 * SP_SEC)    /* a pod that has not ended so long after its time is told */

/* One line of the result: a scenario, or a file that could not be read. */
struct entry {
	struct conform_run *run; /* NULL: `text` is the line */
	struct sp_buf text;
	struct sp_tally tally; /* of `text` */
};

struct conform {
	struct conform_world w;
	struct sp_arena arena;
	struct entry *entries;
	uint32_t n, cap, told;
	uint32_t active, starting;
	bool ending; /* nothing is begun any more */
	struct conform_pace pace;
};

/* ---- the world ------------------------------------------------------------------------------- */

/* Run the worker, which puts the demo image into our store and tells about it. */
static int get_image(struct conform_world *w, struct sp_error *err)
{
	const char *argv[] = {w->options->worker,   "image", "ensure", "--store", w->top, "--json",
			      "sidepod.local/demo", NULL};
	SP_CLEANUP(sp_buf_done) struct sp_buf out = {0};
	struct sp_bundle_image image = {0};
	struct sp_node *doc = NULL;
	siginfo_t si = {0};
	char mem[4096];
	int fds[2];
	ssize_t n;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return sp_fail_errno(err, errno, "pipe");
	pid = fork();
	if (pid == 0) {
		if (dup2(fds[1], STDOUT_FILENO) >= 0)
			execv(argv[0], (char *const *)(uintptr_t)argv);
		_exit(127);
	}
	sp_close(fds[1]);
	while (pid > 0 && ((n = read(fds[0], mem, sizeof(mem))) > 0 || (n < 0 && errno == EINTR)))
		if (n > 0)
			sp_buf_add(&out, mem, (size_t)n);
	sp_close(fds[0]);
	if (pid < 0)
		return sp_fail_errno(err, errno, "start '%s'", argv[0]);
	(void)sys_waitid(P_PID, (id_t)pid, &si, WEXITED); /* our child */
	if (si.si_code != CLD_EXITED || si.si_status != 0 || out.failed ||
	    sp_node_from_json(&w->arena, out.len ? out.ptr : "", out.len, &doc, err) < 0 ||
	    sp_image_parse(&w->arena, doc, &image, err) < 0)
		return sp_fail(err, SP_E_UNAVAILABLE, "'%s' did not provide the demo image",
			       argv[0]);
	w->image = image.image;
	if (w->image.n_layers == 0)
		return sp_fail(err, SP_E_CORRUPT, "the demo image is empty");
	w->applets = sp_arena_printf(&w->arena, "%s/bin/demo", w->image.layers[0]);
	return w->applets ? 0 : sp_fail(err, SP_E_NO_MEMORY, "demo image");
}

static int open_world(struct conform_world *w, const struct sp_conform_options *o,
		      struct sp_error *err)
{
	w->options = o;
	snprintf(w->top, sizeof(w->top), "/tmp/sidepod-conform-XXXXXX");
	if (o->records && mkdir(o->records, 0777) < 0 && errno != EEXIST)
		return sp_fail_errno(err, errno, "create '%s'", o->records);
	if (!mkdtemp(w->top) || chmod(w->top, 0755) < 0)
		return sp_fail_errno(err, errno, "create '%s'", w->top);
	snprintf(w->cgroup, sizeof(w->cgroup), "sidepod-conform-%d", (int)getpid());
	return get_image(w, err);
}

/* A mount of ours, or a cgroup of ours in any hierarchy. Return: true, and what in @b. */
static bool left_behind(const struct conform_world *w, struct sp_buf *b)
{
	SP_CLEANUP(sp_fclosep) FILE *f = fopen("/proc/self/mountinfo", "re");
	char line[4096], point[1024];

	while (f && fgets(line, sizeof(line), f)) {
		const char *type = strstr(line, " - ");

		if (sscanf(line, "%*s %*s %*s %*s %1023s", point) != 1 || !type)
			continue;
		sp_buf_clear(b);
		sp_buf_puts(b, point);
		if (strncmp(point, w->top, strlen(w->top)) == 0)
			return true;
		sp_buf_printf(b, "/%s", w->cgroup);
		if (strncmp(type, " - cgroup", 9) == 0 && access(b->ptr, F_OK) == 0)
			return true;
	}
	return false;
}

/* Everything goes; what does not is told. */
static int close_world(struct conform_world *w, struct sp_error *err)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf b = {0};
	int n, ret = 0;

	if (left_behind(w, &b))
		ret = sp_fail(err, SP_E_INTERNAL, "left behind: '%s'", b.ptr);
	n = ret == 0 ? sys_remove_tree(AT_FDCWD, w->top) : 0;
	if (n < 0)
		ret = sp_fail_errno(err, -n, "remove '%s'", w->top);
	sp_arena_done(&w->arena);
	return ret;
}

/* ---- from scenarios to runs ------------------------------------------------------------------ */

static struct entry *add_entry(struct conform *c)
{
	if (c->n == c->cap) {
		uint32_t cap = c->cap ? c->cap * 2 : 64;
		struct entry *v = reallocarray(c->entries, cap, sizeof(*v));

		if (!v)
			return NULL;
		c->entries = v;
		c->cap = cap;
	}
	c->entries[c->n] = (struct entry){0};
	return &c->entries[c->n++];
}

static void skip(struct conform_run *r, const char *why)
{
	r->verdict.skipped = why;
	r->state = CONFORM_DONE;
}

/* Look where the status stands still: at the given instant, everything of it has to have happened,
 * and nothing of the next one. */
static sp_time look_delay(const struct conform_run *r, sp_time at)
{
	const struct sp_conform_options *o = r->w->options;
	sp_time delay = o->tolerance * 3 / 5;

	for (size_t i = 0; i < r->simulated.n; i++)
		if (r->simulated.lines[i].at > at)
			return SP_MIN(delay, (r->simulated.lines[i].at - at) / o->time_scale / 2);
	return delay;
}

/* A stimulus finds the containers of its own instant launched, which takes a moment in reality. */
static sp_time stimulus_delay(const struct conform_run *r, sp_time at)
{
	for (size_t i = 0; i < r->simulated.n && r->simulated.lines[i].at <= at; i++) {
		const struct sp_sim_line *l = &r->simulated.lines[i];

		if (l->at == at && l->kind == SP_SIM_FACT && l->act.fact == SP_FACT_START)
			return r->w->options->tolerance / 3;
	}
	return 0;
}

/* While the engine is away nobody hears what is said to it: it is heard when the engine is back. */
static sp_time heard_at(const struct sp_sim_plan *plan, sp_time at)
{
	for (uint32_t i = 0; i < plan->n_stimuli; i++) {
		const struct sp_sim_stimulus *s = &plan->stimuli[i];

		if (s->kind == SP_SIM_ENGINE_RESTART && at > s->at && at < s->at + s->takes)
			return s->at + s->takes;
	}
	return at;
}

/* A moment late, so that what was due in the instant of its return is missed, too. */
static sp_time return_delay(const struct conform_run *r)
{
	return r->w->options->tolerance / 3;
}

/* Nobody can be told anything in that instant before the engine is back. */
static sp_time after_return(const struct conform_run *r, sp_time at, sp_time delay)
{
	const struct sp_sim_plan *plan = &r->pod.plan;

	for (uint32_t i = 0; i < plan->n_stimuli; i++)
		if (plan->stimuli[i].kind == SP_SIM_ENGINE_RESTART &&
		    heard_at(plan, plan->stimuli[i].at) + plan->stimuli[i].takes == at)
			delay = SP_MAX(delay, return_delay(r) + 1);
	return delay;
}

static int by_time(const void *a, const void *b)
{
	const struct conform_item *x = a, *y = b;

	if (x->at != y->at)
		return x->at < y->at ? -1 : 1;
	if (x->delay != y->delay)
		return x->delay < y->delay ? -1 : 1;
	return x->act != y->act ? (int)x->act - (int)y->act : (int)x->index - (int)y->index;
}

static int make_agenda(struct conform_run *r, struct sp_error *err)
{
	const struct sp_sim_plan *plan = &r->pod.plan;
	size_t max = (size_t)plan->n_stimuli * 2 + r->pod.spec.n_ctrs + r->times.n_looks + 1;
	struct conform_item *v = sp_arena_array(&r->arena, max, sizeof(*v));
	uint32_t n = 0;

	r->looks = sp_arena_array(&r->arena, r->times.n_looks + 1u, sizeof(struct sp_pod_status *));
	if (!v || !r->looks)
		return sp_fail(err, SP_E_NO_MEMORY, "scenario %s", r->scenario->id);
	for (uint32_t i = 0; i < plan->n_stimuli; i++) {
		const struct sp_sim_stimulus *s = &plan->stimuli[i];
		sp_time at = heard_at(plan, s->at);

		v[n++] = (struct conform_item){.at = at,
					       .delay = after_return(r, at, stimulus_delay(r, at)),
					       .act = CONFORM_STIMULUS,
					       .index = i};
		if (s->kind == SP_SIM_ENGINE_RESTART)
			v[n++] = (struct conform_item){.at = at + s->takes,
						       .delay = return_delay(r),
						       .act = CONFORM_BACK,
						       .index = i};
	}
	for (uint16_t i = 0; i < r->pod.spec.n_ctrs; i++)
		if (plan->ctrs[i].config_error && plan->ctrs[i].config_error_until != SP_NEVER) {
			sp_time at = heard_at(plan, plan->ctrs[i].config_error_until);

			v[n++] = (struct conform_item){
				.at = at, .delay = after_return(r, at, 0), .act = CONFORM_OBJECTS};
		}
	for (uint32_t i = 0; i < r->times.n_looks; i++)
		v[n++] = (struct conform_item){.at = r->times.looks[i],
					       .delay = look_delay(r, r->times.looks[i]),
					       .act = CONFORM_LOOK,
					       .index = i};
	v[n] = (struct conform_item){.at = sp_sim_now(r->sim), .act = CONFORM_END};
	v[n++].delay = sp_sim_finished(r->sim) ? END_LATE : r->w->options->tolerance;
	qsort(v, n, sizeof(*v), by_time);
	r->agenda = v;
	r->n_agenda = n;
	return conform_cut(r, err);
}

/* Read the pod, simulate it, decide whether it can be performed. */
static int plan_run(struct conform_run *r, struct sp_error *err)
{
	const struct sp_conform_options *o = r->w->options;
	const char *why;
	sp_time need;

	if (sp_scenario_pod(&r->arena, r->scenario, o->kube_minor, &r->pod, err) < 0 ||
	    sp_expect_times(&r->arena, r->scenario, &r->pod, &r->times, err) < 0)
		return -1;
	why = geteuid() != 0 ? "needs root" : conform_cannot(&r->pod);
	if (why) {
		skip(r, why);
		return 0;
	}
	r->sim = sp_sim_new(&r->pod.spec, &r->pod.plan);
	if (!r->sim)
		return sp_fail(err, SP_E_NO_MEMORY, "scenario %s", r->scenario->id);
	if (sp_sim_run(r->sim, r->times.horizon, err) < 0)
		return -1;
	if (sp_happened_read(&r->arena, r->sim, &r->simulated) < 0 ||
	    conform_finest(r, &r->finest) < 0)
		return sp_fail(err, SP_E_NO_MEMORY, "scenario %s", r->scenario->id);
	if (o->time_scale > 1 && r->finest / o->time_scale < FINEST) {
		why = sp_arena_printf(&r->arena, "instants %g s apart would be %g s apart",
				      (double)r->finest / (double)SP_SEC,
				      (double)r->finest / o->time_scale / (double)SP_SEC);
		skip(r, why ? why : "its instants would be too close");
		return 0;
	}
	need = sp_sim_now(r->sim) / o->time_scale;
	if (need > o->limit) {
		why = sp_arena_printf(&r->arena, "needs %g s of real time",
				      (double)need / (double)SP_SEC);
		skip(r, why ? why : "needs too much time");
		return 0;
	}
	return make_agenda(r, err);
}

static int add_scenario(struct conform *c, const struct sp_scenario *s)
{
	struct conform_run *r = calloc(1, sizeof(*r));
	struct entry *e = r ? add_entry(c) : NULL;

	if (!e) {
		free(r);
		return -1;
	}
	e->run = r;
	r->verdict.tell_all = c->w.options->all_differences;
	r->w = &c->w;
	r->scenario = s;
	r->sup.pidfd = r->sup.control_fd = -EBADF;
	snprintf(r->uid, sizeof(r->uid), "conform-%d-%u", (int)getpid(), c->n);
	if (s->fault) {
		r->verdict.failed = sp_fail(&r->err, SP_E_INVALID, "%s", s->fault) < 0;
		r->state = CONFORM_DONE;
	} else if (s->kind != SP_SCN_POD) {
		skip(r, "no pod scenario: `simulate --check` computes it");
	} else if (plan_run(r, &r->err) < 0) {
		r->verdict.failed = true;
		r->state = CONFORM_DONE;
	}
	return 0;
}

static int add_source(struct conform *c, const struct sp_source *src)
{
	struct sp_diags diags;
	struct sp_scenario *v;
	uint32_t n;

	sp_diags_init(&diags, &c->arena);
	if (sp_scenarios_read(&c->arena, src, &diags, &v, &n) < 0) {
		struct entry *e = add_entry(c);

		if (!e)
			return -1;
		sp_check_unreadable(src, &diags, &e->text, &e->tally);
		return 0;
	}
	for (uint32_t i = 0; i < n; i++)
		if ((!c->w.options->only || sp_expect_glob(c->w.options->only, v[i].id)) &&
		    add_scenario(c, &v[i]) < 0)
			return -1;
	return 0;
}

/* ---- running --------------------------------------------------------------------------------- */

/* Everything of the first try is gone from the machine; now from here. */
static void start_over(struct conform_run *r)
{
	sp_buf_clear(&r->verdict.why);
	r->verdict.failed = false;
	r->err = (struct sp_error){0};
	r->state = CONFORM_WAITING;
	r->tries++;
	r->resumed = r->over = false;
	r->before = r->final = NULL;
	r->next = 0;
	r->slow = 0;
	memset(r->looks, 0, (r->times.n_looks + 1u) * sizeof(struct sp_pod_status *));
	r->happened = (struct sp_happened){0};
}

/* A machine that stands still proves nothing. Return: there is to be another try. */
static bool not_proven(const struct conform *c, struct conform_run *r, bool differs)
{
	int32_t scale = r->w->options->time_scale;
	const char *why;

	bool slow = r->slow > SP_MIN(SLOW, r->finest / scale / 16);
	bool crowded =
		(conform_pace_pressure() - r->pressure) * CROWDED > sp_clock_mono() - r->started;

	if (!r->verdict.failed || !(slow || crowded) || c->ending)
		return false;
	if (r->tries + 1 < TRIES_MAX)
		return true;
	if (!slow || !differs || scale == 1)
		return false;
	why = sp_arena_printf(
		&r->arena,
		"this machine is too slow for the scale: a process with nothing to do "
		"took %.0f ms",
		(double)r->slow / (double)SP_MSEC);
	r->verdict.skipped = why ? why : "this machine is too slow for the scale";
	return false;
}

static void finish(struct conform *c, struct conform_run *r)
{
	struct sp_error err = {0};
	bool differs = false;

	if (r->sup.pidfd >= 0)
		conform_gone(r);
	if (!r->verdict.failed) {
		if (conform_read(r, &r->err) < 0 || conform_judge(r, &r->err) < 0)
			r->verdict.failed = true;
		else
			differs = r->verdict.failed;
	}
	if (conform_sweep(r, &err) < 0) {
		sp_diff_add(&(struct sp_diff){.out = &r->verdict.why, .max = 1}, "%s", err.text);
		r->verdict.failed = true;
		differs = false;
	}
	c->starting -= r->state == CONFORM_STARTING;
	c->active--;
	r->state = CONFORM_DONE;
	if (not_proven(c, r, differs))
		start_over(r);
	else
		r->sim = sp_sim_free(r->sim);
}

static void start_next(struct conform *c, uint32_t parallel)
{
	for (uint32_t i = 0; i < c->n; i++) {
		struct conform_run *r = c->entries[i].run;

		if (c->active >= parallel || c->starting >= STARTING_MAX)
			return;
		if (!r || r->state != CONFORM_WAITING)
			continue;
		c->active++;
		r->pressure = conform_pace_pressure();
		if (conform_start(r, &r->err) < 0) {
			if (r->err.code == SP_E_INVALID)
				r->verdict.skipped = r->err.text;
			r->verdict.failed = true;
			finish(c, r);
		} else {
			c->starting++;
		}
	}
}

/* Results are told in the order of the files, as soon as all before them are there. */
static void tell(struct conform *c, struct sp_tally *tally)
{
	const struct sp_conform_options *o = c->w.options;

	for (; c->told < c->n; c->told++) {
		struct entry *e = &c->entries[c->told];
		SP_CLEANUP(sp_buf_done) struct sp_buf out = {0};

		if (!e->run) {
			tally->failed += e->tally.failed;
			o->emit(o->arg, &e->text);
			continue;
		}
		if (e->run->state != CONFORM_DONE)
			return;
		sp_verdict_tell(e->run->scenario, &e->run->verdict, &e->run->err, &out, tally);
		o->emit(o->arg, &out);
		sp_arena_done(&e->run->arena);
	}
}

static int wait_some(struct conform *c, sp_time until, struct sp_error *err)
{
	struct conform_run *runs[PARALLEL_MAX];
	struct pollfd fds[PARALLEL_MAX + 1];
	sp_time now = sp_clock_mono(), left, slow;
	struct timespec ts;
	uint32_t n = 0;

	if (c->active > 0)
		conform_pace_go(&c->pace, c->w.applets, now);
	/* one on its way is waited for by its descriptor */
	until = SP_MIN(until, c->active > 0 && c->pace.pidfd < 0 ? c->pace.next : now + SP_SEC);
	until = SP_MAX(until, now);
	left = until - now;

	for (uint32_t i = 0; i < c->n && n < PARALLEL_MAX; i++) {
		struct conform_run *r = c->entries[i].run;

		if (!r || (r->state != CONFORM_STARTING && r->state != CONFORM_RUNNING))
			continue;
		runs[n] = r;
		fds[n++] = (struct pollfd){.fd = r->sup.pidfd, .events = POLLIN};
	}
	fds[n] = (struct pollfd){.fd = c->pace.pidfd, .events = POLLIN}; /* none: passed over */
	ts = (struct timespec){.tv_sec = left / SP_SEC, .tv_nsec = left % SP_SEC};
	if (ppoll(fds, n + 1, &ts, NULL) < 0 && errno != EINTR)
		return sp_fail_errno(err, errno, "wait for pods");
	now = sp_clock_mono();
	slow = SP_MAX(conform_pace_took(&c->pace, now), now - until); /* woken too late */
	for (uint32_t i = 0; i < n; i++)
		runs[i]->slow = SP_MAX(runs[i]->slow, slow);
	if (fds[n].revents)
		conform_pace_end(&c->pace);
	for (uint32_t i = 0; i < n; i++)
		if (fds[i].revents)
			finish(c, runs[i]);
	return 0;
}

static int run_all(struct conform *c, struct sp_tally *tally, struct sp_error *err)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	uint32_t parallel = c->w.options->parallel;

	if (!parallel)
		parallel = (uint32_t)SP_MAX(cores, 1) * PODS_PER_CPU;
	parallel = SP_MIN(parallel, (uint32_t)PARALLEL_MAX);
	for (;;) {
		sp_time next = SP_NEVER, now;

		if (c->w.options->stop && *c->w.options->stop)
			return sp_fail(err, SP_E_UNAVAILABLE, "interrupted");
		start_next(c, parallel);
		tell(c, tally);
		if (c->told == c->n)
			return 0;
		for (uint32_t i = 0; i < c->n; i++) {
			struct conform_run *r = c->entries[i].run;
			bool starting = r && r->state == CONFORM_STARTING;

			if (!starting && (!r || r->state != CONFORM_RUNNING))
				continue;
			now = sp_clock_mono();
			next = SP_MIN(next, conform_progress(r, now));
			c->starting -= starting && r->state != CONFORM_STARTING;
		}
		if (wait_some(c, next, err) < 0)
			return -1;
	}
}

/* Ended early: pods that still run are killed. */
static void abandon(struct conform *c)
{
	c->ending = true;
	for (uint32_t i = 0; i < c->n; i++) {
		struct conform_run *r = c->entries[i].run;

		if (!r || (r->state != CONFORM_STARTING && r->state != CONFORM_RUNNING))
			continue;
		(void)sys_pidfd_send_signal(r->sup.pidfd, SIGKILL); /* ends, or has */
		r->verdict.failed = true;
		finish(c, r);
	}
}

static void done(struct conform *c)
{
	for (uint32_t i = 0; i < c->n; i++) {
		struct conform_run *r = c->entries[i].run;

		sp_buf_done(&c->entries[i].text);
		if (!r)
			continue;
		sp_sim_free(r->sim);
		sp_buf_done(&r->verdict.why);
		sp_arena_done(&r->arena);
		free(r);
	}
	free(c->entries);
	sp_arena_done(&c->arena);
}

int sp_conform(const struct sp_conform_options *o, const struct sp_source *v, uint32_t n,
	       struct sp_tally *tally, struct sp_error *err)
{
	struct conform c = {.pace = CONFORM_PACE_NONE};
	int ret = 0;

	if (geteuid() == 0)
		ret = open_world(&c.w, o, err);
	c.w.options = o;
	for (uint32_t i = 0; i < n && ret == 0; i++)
		if (add_source(&c, &v[i]) < 0)
			ret = sp_fail(err, SP_E_NO_MEMORY, "read '%s'", v[i].name);
	if (ret == 0)
		ret = run_all(&c, tally, err);
	conform_pace_end(&c.pace);
	abandon(&c);
	done(&c);
	if (c.w.top[0] && close_world(&c.w, ret == 0 ? err : NULL) < 0)
		ret = -1;
	return ret;
}
