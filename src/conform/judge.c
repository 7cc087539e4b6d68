/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the record of a real pod says, against the expectations of its scenario and against the
 * simulation of the same scenario.
 *
 * Against the simulation: every fact of one is in the other, at the same time within the tolerance.
 * Facts of different instants keep their order, facts of one container always do; and within one
 * instant what the engine does to one container never comes before the fact about another that
 * caused it.
 */
#include "conform/conform_internal.h"

#include "sim/snapshot.h"
#include "supervisor/status_read.h"
#include "sys/fd.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#define DIFFERENCES_MAX 20

static double seconds(sp_time t)
{
	return (double)t / (double)SP_SEC;
}

/* ---- reading --------------------------------------------------------------------------------- */

static char *read_all(struct sp_arena *a, const char *path, size_t *ret_len)
{
	SP_CLEANUP(sp_fclosep) FILE *f = path ? fopen(path, "re") : NULL;
	SP_CLEANUP(sp_buf_done) struct sp_buf b = {0};
	char mem[16 * 1024];
	size_t n;

	if (!f)
		return NULL;
	while ((n = fread(mem, 1, sizeof(mem), f)) > 0)
		sp_buf_add(&b, mem, n);
	*ret_len = b.len;
	return b.failed ? NULL : sp_arena_strndup(a, b.len ? b.ptr : "", b.len);
}

static void take_fact(const struct conform_run *r, const struct sp_record_fact *f,
		      struct sp_sim_line *l)
{
	l->at = f->t_ns;
	l->kind = f->is_event ? SP_SIM_EVENT : SP_SIM_FACT;
	l->act = (struct sp_action){
		.kind = f->is_event ? SP_ACT_EVENT : SP_ACT_FACT,
		.ctr = *f->ctr ? sp_scn_ctr(&r->pod.spec, f->ctr) : SP_NO_CTR,
		.attempt = f->attempt < 0 ? 0 : (uint32_t)f->attempt,
		.probe = f->probe,
		.fact = f->fact,
		.warning = f->warning,
		.code = f->has_code ? f->code : 0,
		.reason = f->reason,
		.text = *f->message ? f->message
			: *f->value ? f->value
				    : f->reason,
	};
	if (f->is_event)
		l->act.text = f->message;
}

/* From the time of the record to that of the scenario, in which set-up takes no time. */
static void shift(struct conform_run *r)
{
	struct sp_happened *h = &r->happened;
	sp_time simulated = 0;
	size_t i;

	for (i = 0; i < r->simulated.n; i++)
		if (r->simulated.names[i] && sp_streq(r->simulated.names[i], "sandbox.ready"))
			break;
	if (i < r->simulated.n)
		simulated = r->simulated.lines[i].at;
	for (i = 0; i < h->n; i++)
		if (h->names[i] && sp_streq(h->names[i], "sandbox.ready"))
			break;
	r->offset = i < h->n ? h->lines[i].at - simulated : 0;
	for (i = 0; i < h->n; i++) {
		struct sp_sim_line *l = (struct sp_sim_line *)(uintptr_t)&h->lines[i];

		l->at = SP_MAX(l->at - r->offset, (sp_time)0);
	}
	while (h->n && h->lines[h->n - 1].at > r->cut)
		h->n--;
}

static int keep(const struct conform_run *r, const char *text, size_t len, struct sp_error *err)
{
	SP_CLEANUP(sp_arena_done) struct sp_arena a = {0};
	const char *path =
		sp_arena_printf(&a, "%s/%s.jsonl", r->w->options->records, r->scenario->id);
	SP_CLEANUP(sp_closep)
	int fd = path ? open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644) : -1;
	int w = fd < 0 ? -errno : sp_write_all(fd, text, len);

	return w < 0 ? sp_fail_errno(err, -w, "write '%s'", path ? path : "a record") : 0;
}

static int read_record(struct conform_run *r, struct sp_error *err)
{
	struct sp_arena *a = &r->arena;
	size_t len = 0, n = 0;
	char *text = read_all(
		a, sp_arena_printf(a, "%s/pods/%s/record.jsonl", r->engine.run_dir, r->uid), &len);
	struct sp_sim_line *lines;

	if (!text)
		return sp_fail(err, SP_E_NOT_FOUND, "there is no record");
	for (const char *p = text; (p = strchr(p, '\n')); p++)
		n++;
	if (r->w->options->records && keep(r, text, len, err) < 0)
		return -1;
	lines = sp_arena_array(a, n + 1, sizeof(*lines));
	r->happened.names = sp_arena_array(a, n + 1, sizeof(*r->happened.names));
	if (!lines || !r->happened.names)
		return sp_fail(err, SP_E_NO_MEMORY, "read the record");
	r->happened.lines = lines;
	r->happened.spec = &r->pod.spec;
	for (char *p = text, *nl; (nl = strchr(p, '\n')); p = nl + 1) {
		struct sp_record_line l;

		if (sp_record_parse_line(a, p, (size_t)(nl - p), &l, err) < 0)
			return -1;
		/* a simulation measures nothing; what is unknown is of a later version */
		if (l.is_header || (!l.fact.is_event && !l.fact.known))
			continue;
		if (!l.fact.is_event)
			r->happened.names[r->happened.n] = l.fact.event;
		take_fact(r, &l.fact, &lines[r->happened.n++]);
	}
	shift(r);
	return 0;
}

int conform_read(struct conform_run *r, struct sp_error *err)
{
	struct sp_arena *a = &r->arena;
	const char *run = sp_arena_printf(a, "%s/pods/%s", r->engine.run_dir, r->uid);
	struct sp_node *doc = NULL;
	size_t len = 0;
	char *text;

	if (!run)
		return sp_fail(err, SP_E_NO_MEMORY, "read the record");
	text = read_all(a, sp_arena_printf(a, "%s/supervisor.log", run), &len);
	if (text && len) {
		text[strcspn(text, "\n")] = '\0';
		return sp_fail(err, SP_E_INTERNAL, "the supervisor says: %s", text);
	}
	if (read_record(r, err) < 0)
		return -1;
	if (r->final)
		return 0;
	if (!r->over)
		return sp_fail(err, SP_E_INTERNAL, "the supervisor died");
	text = read_all(a, sp_arena_printf(a, "%s/status.json", run), &len);
	r->final = sp_arena_alloc(a, sizeof(*r->final));
	if (!text || !r->final || sp_node_from_json(a, text, len, &doc, err) < 0)
		return sp_fail(err, SP_E_NOT_FOUND, "there is no last status");
	sp_status_read(&r->pod.spec, sp_node_get(doc, "pod"), r->final);
	return 0;
}

/* ---- against the expectations ---------------------------------------------------------------- */

static int look_real(void *arg, sp_time at, struct sp_pod_status *ret, struct sp_error *err)
{
	const struct conform_run *r = arg;
	const struct sp_pod_status *st = r->final;

	for (uint32_t i = 0; i < r->times.n_looks; i++)
		if (r->times.looks[i] == at && r->looks[i])
			st = r->looks[i];
	memcpy(ret, st, sizeof(*ret));
	return 0;
}

static int end_real(void *arg, sp_time horizon, struct sp_arena *a, struct sp_happened *ret,
		    struct sp_pod_status *status, struct sp_error *err)
{
	const struct conform_run *r = arg;

	memcpy(status, r->final, sizeof(*status));
	*ret = r->happened;
	return 0;
}

/* ---- against the simulation ------------------------------------------------------------------ */

/* One side of the comparison: facts that both sides must have, in their order. */
struct side {
	const struct sp_happened *h;
	const char **names; /* as in h; NULL what is not compared */
	uint32_t *nth;      /* of equal facts: which one this is */
	size_t *other;      /* its partner in the other side; SIZE_MAX none */
};

static bool same_fact(const struct side *a, size_t i, const struct side *b, size_t k)
{
	const struct sp_action *x = &a->h->lines[i].act, *y = &b->h->lines[k].act;

	return a->names[i] && b->names[k] && x->ctr == y->ctr && x->attempt == y->attempt &&
	       sp_streq(a->names[i], b->names[k]);
}

/* "Ready=True" and "Ready=False" are about one condition. */
static bool same_condition(const struct side *s, size_t i, size_t k)
{
	const char *x = s->names[i], *y = s->names[k];
	size_t n = x ? strcspn(x, "=") : 0;

	return x && y && s->h->lines[k].act.fact == SP_FACT_COND && strncmp(x, y, n + 1) == 0;
}

/* The next line about the same condition; h->n: there is none. */
static size_t next_turn(const struct side *s, size_t i)
{
	size_t k = i + 1;

	while (k < s->h->n && !same_condition(s, i, k))
		k++;
	return k;
}

/* Where several things happen at once a condition may turn and turn back, or not: chance. The
 * shortest go first: between two flickers it may also stay for little longer. */
static void drop_flickers(struct side *s, sp_time tolerance)
{
	for (;;) {
		sp_time shortest = SP_NEVER;
		size_t first = 0, then = 0;

		for (size_t i = 0; i < s->h->n && shortest > 0; i++) {
			size_t k = s->h->n;

			if (s->names[i] && s->h->lines[i].act.fact == SP_FACT_COND)
				k = next_turn(s, i);
			if (k == s->h->n || s->h->lines[k].at - s->h->lines[i].at >= shortest)
				continue;
			shortest = s->h->lines[k].at - s->h->lines[i].at;
			first = i;
			then = k;
		}
		if (shortest > tolerance)
			return;
		s->names[first] = s->names[then] = NULL;
	}
}

/* Half the shortest time for which a condition stays as it is: what is shorter is a flicker. */
static sp_time steady(const struct side *s)
{
	sp_time shortest = SP_NEVER;

	for (size_t i = 0; i < s->h->n; i++) {
		if (!s->names[i] || s->h->lines[i].act.fact != SP_FACT_COND)
			continue;
		size_t k = next_turn(s, i);

		if (k < s->h->n)
			shortest = SP_MIN(shortest, s->h->lines[k].at - s->h->lines[i].at);
	}
	return shortest / 2;
}

/* @flicker: conditions that last no longer do not count */
static int side_init(struct sp_arena *a, struct side *s, const struct sp_happened *h,
		     sp_time flicker)
{
	s->h = h;
	s->names = sp_arena_array(a, h->n + 1, sizeof(*s->names));
	s->nth = sp_arena_array(a, h->n + 1, sizeof(*s->nth));
	s->other = sp_arena_array(a, h->n + 1, sizeof(*s->other));
	if (!s->names || !s->nth || !s->other)
		return -1;
	memcpy(s->names, h->names, h->n * sizeof(*s->names));
	drop_flickers(s, flicker);
	for (size_t i = 0; i < h->n; i++) {
		s->other[i] = SIZE_MAX;
		for (size_t k = i; k-- > 0;)
			if (same_fact(s, k, s, i)) {
				s->nth[i] = s->nth[k] + 1;
				break;
			}
	}
	return 0;
}

static void pair_up(struct side *a, struct side *b)
{
	for (size_t i = 0; i < a->h->n; i++)
		for (size_t k = 0; k < b->h->n && a->names[i]; k++)
			if (a->nth[i] == b->nth[k] && same_fact(a, i, b, k)) {
				a->other[i] = k;
				b->other[k] = i;
				break;
			}
}

static bool is_probe(const struct sp_action *a)
{
	return a->fact == SP_FACT_PROBE || a->fact == SP_FACT_PROBE_DONE;
}

/* A probe that is due in the instant in which its container is stopped or ends may begin or not. */
static bool is_last_probe(const struct side *s, size_t i, sp_time tolerance)
{
	const struct sp_sim_line *l = &s->h->lines[i];

	if (!is_probe(&l->act))
		return false;
	for (size_t k = 0; k < s->h->n; k++) {
		const struct sp_sim_line *o = &s->h->lines[k];
		bool end = o->act.fact == SP_FACT_EXIT || o->act.fact == SP_FACT_KILL ||
			   o->act.fact == SP_FACT_SIGTERM || o->act.fact == SP_FACT_PRESTOP_BEGIN;
		bool all = o->act.fact == SP_FACT_POD_TERMINATING ||
			   o->act.fact == SP_FACT_SANDBOX_LOST;

		if (s->names[k] && o->at >= l->at - tolerance && o->at <= l->at + tolerance &&
		    (all || (end && o->act.ctr == l->act.ctr)))
			return true;
	}
	return false;
}

static const char *name_of(const struct sp_happened *h, size_t i, char *mem, size_t size)
{
	const struct sp_action *a = &h->lines[i].act;
	struct sp_buf b = sp_buf_fixed(mem, size);

	if (a->ctr != SP_NO_CTR)
		sp_buf_puts(&b, h->spec->ctrs[a->ctr].name);
	if (a->ctr != SP_NO_CTR && a->attempt)
		sp_buf_printf(&b, "#%u", a->attempt);
	if (a->ctr != SP_NO_CTR)
		sp_buf_putc(&b, '.');
	sp_buf_puts(&b, h->names[i]);
	return mem;
}

static void lacks(const struct side *has, sp_time until, sp_time tolerance, const char *who,
		  const char *whom, struct sp_diff *d)
{
	char mem[160];

	for (size_t i = 0; i < has->h->n; i++)
		if (has->names[i] && has->other[i] == SIZE_MAX && has->h->lines[i].at <= until &&
		    !is_last_probe(has, i, tolerance))
			sp_diff_add(d, "%s: %s has it at %g s, %s does not",
				    name_of(has->h, i, mem, sizeof(mem)), who,
				    seconds(has->h->lines[i].at), whom);
}

/*
 * Waits that follow each other add up their errors: each step may be late by the tolerance, beyond
 * what all before it were late together. Return: how late the latest was.
 */
static sp_time compare_times(const struct side *sim, const struct side *real, sp_time tolerance,
			     struct sp_diff *d)
{
	sp_time late = 0;
	char mem[160];

	for (size_t i = 0; i < sim->h->n; i++) {
		const struct sp_sim_line *s = &sim->h->lines[i], *r;

		if (sim->other[i] == SIZE_MAX)
			continue;
		r = &real->h->lines[sim->other[i]];
		if (r->at < s->at - tolerance || r->at > s->at + late + tolerance)
			sp_diff_add(d, "%s: simulated at %g s, really at %g s",
				    name_of(sim->h, i, mem, sizeof(mem)), seconds(s->at),
				    seconds(r->at));
		else
			late = SP_MAX(late, r->at - s->at);
		if (s->act.fact == SP_FACT_EXIT && s->act.code != r->act.code)
			sp_diff_add(d, "%s: simulated with code %d, really with %d",
				    name_of(sim->h, i, mem, sizeof(mem)), s->act.code, r->act.code);
	}
	return late;
}

/* Facts that come from outside, and may let the engine act on others. */
static bool is_cause(const struct sp_action *a)
{
	return a->fact == SP_FACT_EXIT || a->fact == SP_FACT_STARTED ||
	       a->fact == SP_FACT_PRESTOP_END || a->fact == SP_FACT_POSTSTART_END ||
	       a->fact == SP_FACT_PROBE_DONE || a->fact == SP_FACT_STARTERROR;
}

static bool is_deed(const struct sp_action *a)
{
	return a->fact == SP_FACT_START || a->fact == SP_FACT_SIGTERM ||
	       a->fact == SP_FACT_SIGKILL || a->fact == SP_FACT_PRESTOP_BEGIN ||
	       a->fact == SP_FACT_KILL;
}

/* Is container @ctr the only one to which something happened in that instant before line @i? */
static bool only_cause(const struct sp_happened *h, size_t i, uint16_t ctr)
{
	for (size_t k = i; k-- > 0 && h->lines[k].at == h->lines[i].at;)
		if (h->names[k] && h->lines[k].act.ctr != ctr && is_cause(&h->lines[k].act))
			return false;
	return true;
}

static bool keeps_order(const struct sp_happened *h, size_t first, size_t then)
{
	const struct sp_sim_line *a = &h->lines[first], *b = &h->lines[then];

	if (a->at != b->at || a->act.ctr == SP_NO_CTR || b->act.ctr == SP_NO_CTR)
		return a->at != b->at;
	if (a->act.ctr == b->act.ctr) /* a probe's end and its process' are chance */
		return !is_probe(&a->act) && !is_probe(&b->act);
	return is_cause(&a->act) && is_deed(&b->act) && only_cause(h, then, a->act.ctr);
}

static void compare_order(const struct side *sim, sp_time tolerance, struct sp_diff *d)
{
	char first[160], then[160];

	for (size_t i = 0; i < sim->h->n; i++) {
		if (sim->other[i] == SIZE_MAX)
			continue;
		for (size_t k = i + 1; k < sim->h->n; k++) {
			/* what is further apart is judged by its time */
			if (sim->h->lines[k].at > sim->h->lines[i].at + 2 * tolerance)
				break;
			if (sim->other[k] == SIZE_MAX || sim->other[k] > sim->other[i] ||
			    !keeps_order(sim->h, i, k))
				continue;
			sp_diff_add(d, "%s and %s: simulated in this order, really in the other",
				    name_of(sim->h, i, first, sizeof(first)),
				    name_of(sim->h, k, then, sizeof(then)));
		}
	}
}

/* *ret_late: how late the real pod became, step by step. */
static int compare(struct conform_run *r, sp_time tolerance, struct sp_diff *d, sp_time *ret_late,
		   struct sp_error *err)
{
	struct side sim, real;
	sp_time until;

	if (side_init(&r->arena, &sim, &r->simulated, 0) < 0 ||
	    side_init(&r->arena, &real, &r->happened, SP_MIN(tolerance, steady(&sim))) < 0)
		return sp_fail(err, SP_E_NO_MEMORY, "compare with the simulation");
	pair_up(&sim, &real);
	*ret_late = compare_times(&sim, &real, tolerance, d);
	until = r->times.horizon - tolerance - *ret_late;
	lacks(&sim, until, tolerance, "the simulation", "the real pod", d);
	lacks(&real, until, tolerance, "the real pod", "the simulation", d);
	compare_order(&sim, tolerance, d);
	return 0;
}

/* Of the scenario's time. A step is at most the end of one process and the start of another. A
 * machine that was too slow for the last try may be it again; what is wrong stays wrong by more. */
static sp_time tolerance_of(const struct conform_run *r)
{
	const struct sp_conform_options *o = r->w->options;

	return ((o->tolerance << SP_MIN(r->tries, 2u)) + 2 * r->slow) * o->time_scale;
}

int conform_judge(struct conform_run *r, struct sp_error *err)
{
	sp_time tolerance = tolerance_of(r), late = 0;
	SP_CLEANUP(sp_buf_done) struct sp_buf text = {0};
	struct sp_diff d = {.out = &text, .max = DIFFERENCES_MAX};
	struct sp_expect_run run = {.arg = r, .look = look_real, .end = end_real};
	int n;

	if (compare(r, tolerance, &d, &late, err) < 0)
		return -1;
	run.tolerance = tolerance + late;
	n = sp_expect_check(r->scenario, &r->pod, &run, &r->verdict.why, err);
	if (n < 0)
		return -1;
	/* What the scenario says comes first: it is nearer to the rule. */
	if (text.len)
		sp_buf_add(&r->verdict.why, text.ptr, text.len);
	r->verdict.failed = n + (int)d.n > 0;
	return 0;
}
