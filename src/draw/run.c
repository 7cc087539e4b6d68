/* SPDX-License-Identifier: Apache-2.0 */
/* From lines of a record to bands and instants. */
#include "draw/run.h"

#include <stdlib.h>

static const char *const band_names[] = {
	[SP_BAND_WAITING] = "waiting", [SP_BAND_BACKOFF] = "back-off",  [SP_BAND_INIT] = "init",
	[SP_BAND_GATE] = "gate",       [SP_BAND_RUNNING] = "running",   [SP_BAND_READY] = "ready",
	[SP_BAND_PRESTOP] = "preStop", [SP_BAND_STOPPING] = "stopping", [SP_BAND_DONE] = "done",
};
_Static_assert(SP_ARRAY_LEN(band_names) == SP_BANDS, "a name for each band");

const char *sp_band_name(enum sp_band band)
{
	return band_names[band];
}

void sp_run_init(struct sp_run *r)
{
	*r = (struct sp_run){.ready_at = -1, .stop_at = -1, .phase = "Pending", .stop_reason = ""};
}

void sp_run_done(struct sp_run *r)
{
	for (uint32_t i = 0; r->rows && i < r->header.n_ctrs; i++) {
		free(r->rows[i].spans);
		free(r->rows[i].exits);
	}
	free(r->instants);
	sp_arena_done(&r->arena);
	sp_run_init(r);
}

/* Room for one more element; false when memory ran out. */
static bool grow(void **v, uint32_t n, uint32_t *cap, size_t size)
{
	uint32_t more = *cap ? *cap * 2 : 8;
	void *p;

	if (n < *cap)
		return true;
	if (more < *cap)
		return false;
	p = reallocarray(*v, more, size);
	if (!p)
		return false;
	*v = p;
	*cap = more;
	return true;
}

#define GROW(v, n, cap)                                                                            \
	({                                                                                         \
		void *grown_ = (v);                                                                \
		bool ok_ = grow(&grown_, (n), &(cap), sizeof(*(v)));                               \
		(v) = grown_;                                                                      \
		ok_;                                                                               \
	})

struct sp_row *sp_run_row(struct sp_run *r, const char *name)
{
	for (uint32_t i = 0; i < r->header.n_ctrs; i++)
		if (sp_streq(r->rows[i].name, name))
			return &r->rows[i];
	return NULL;
}

sp_time sp_run_span_end(const struct sp_run *r, const struct sp_span *s)
{
	return s->to == SP_NEVER ? SP_MAX(r->end, s->from) : s->to;
}

/* The row does something else from @at on. */
static bool enter(struct sp_row *row, enum sp_band band, sp_time at)
{
	struct sp_span *last = row->n_spans ? &row->spans[row->n_spans - 1] : NULL;

	if (last && last->band == band && last->attempt == row->attempt)
		return true;
	if (last && last->from == at) { /* took no time: as if it had never been */
		last->band = band;
		last->attempt = row->attempt;
		return true;
	}
	if (!GROW(row->spans, row->n_spans, row->cap_spans))
		return false;
	if (row->n_spans)
		row->spans[row->n_spans - 1].to = at;
	row->spans[row->n_spans++] =
		(struct sp_span){.band = band, .from = at, .to = SP_NEVER, .attempt = row->attempt};
	return true;
}

static bool take_header(struct sp_run *r, const struct sp_record_header *h)
{
	r->header = *h;
	r->grace_s = h->grace_s;
	r->rows = sp_arena_array(&r->arena, h->n_ctrs ? h->n_ctrs : 1, sizeof(*r->rows));
	if (!r->rows)
		return false;
	for (uint32_t i = 0; i < h->n_ctrs; i++) {
		struct sp_row *row = &r->rows[i];

		row->name = h->ctrs[i].name;
		row->image = h->ctrs[i].image;
		row->gate = h->ctrs[i].gate;
		row->role = h->ctrs[i].role;
		row->attempt = -1;
		row->launched_at = row->open_at = row->ready_at = row->launched_again_at = -1;
		row->prestop_at = row->prestop_end_at = row->sigterm_at = -1;
		row->sigkill_at = row->gone_at = row->first_probe_at = row->newest_probe_at = -1;
		row->waiting = row->probe_text = "";
		if (!enter(row, SP_BAND_WAITING, 0))
			return false;
	}
	r->has_header = true;
	return true;
}

static enum sp_band newest_band(const struct sp_row *row)
{
	return row->spans[row->n_spans - 1].band;
}

static bool being_stopped(const struct sp_row *row)
{
	return newest_band(row) == SP_BAND_PRESTOP || newest_band(row) == SP_BAND_STOPPING;
}

static bool take_launch(struct sp_row *row, const struct sp_record_fact *f)
{
	row->attempt = f->attempt >= 0 ? f->attempt : row->attempt + 1;
	if (row->launched_at < 0)
		row->launched_at = f->t_ns;
	row->launched_again_at = f->t_ns;
	row->prestop_at = row->prestop_end_at = row->sigterm_at = -1;
	row->sigkill_at = row->gone_at = row->first_probe_at = -1;
	row->n_startup_probes = 0;
	row->probe_text = "";
	row->waiting = "";
	row->running = true;
	return enter(row, row->role == SP_ROLE_INIT ? SP_BAND_INIT : SP_BAND_GATE, f->t_ns);
}

static bool take_exit(struct sp_run *r, struct sp_row *row, const struct sp_record_fact *f)
{
	if (!GROW(row->exits, row->n_exits, row->cap_exits))
		return false;
	row->exits[row->n_exits++] = (struct sp_exit_mark){
		.at = f->t_ns,
		.attempt = row->attempt,
		.code = f->code,
		.killed = row->sigkill_at >= 0 || sp_streq(f->reason, "OOMKilled"),
		.reason = f->reason,
	};
	row->running = row->ready = false;
	row->gone_at = f->t_ns;
	if (row->role == SP_ROLE_INIT && f->code == 0 && row->open_at < 0)
		row->open_at = f->t_ns;
	return enter(row, SP_BAND_DONE, f->t_ns);
}

/* Why a container waits is shown until it is launched. */
static bool take_trouble(struct sp_row *row, const struct sp_record_fact *f, const char *word)
{
	row->waiting = word;
	return enter(row, row->attempt < 0 ? SP_BAND_WAITING : SP_BAND_BACKOFF, f->t_ns);
}

static bool take_ctr_fact(struct sp_run *r, struct sp_row *row, const struct sp_record_fact *f)
{
	switch (f->fact) {
	case SP_FACT_START:
		return take_launch(row, f);
	case SP_FACT_STARTED:
		if (row->open_at < 0 && row->role != SP_ROLE_INIT)
			row->open_at = f->t_ns;
		return being_stopped(row) || row->role == SP_ROLE_INIT ||
		       enter(row, row->ready ? SP_BAND_READY : SP_BAND_RUNNING, f->t_ns);
	case SP_FACT_READY:
		row->ready = true;
		if (row->ready_at < 0)
			row->ready_at = f->t_ns;
		return being_stopped(row) || row->role == SP_ROLE_INIT || !row->running ||
		       enter(row, SP_BAND_READY, f->t_ns);
	case SP_FACT_NOTREADY:
		row->ready = false;
		return being_stopped(row) || row->role == SP_ROLE_INIT || !row->running ||
		       enter(row, SP_BAND_RUNNING, f->t_ns);
	case SP_FACT_EXIT:
		return take_exit(r, row, f);
	case SP_FACT_SIGTERM:
		row->sigterm_at = f->t_ns;
		return enter(row, SP_BAND_STOPPING, f->t_ns);
	case SP_FACT_SIGKILL:
		row->sigkill_at = f->t_ns;
		return true;
	case SP_FACT_PRESTOP_BEGIN:
		row->prestop_at = f->t_ns;
		return enter(row, SP_BAND_PRESTOP, f->t_ns);
	case SP_FACT_PRESTOP_END:
		row->prestop_end_at = f->t_ns;
		/* its turn has not come: it runs on as before */
		return !row->running || newest_band(row) != SP_BAND_PRESTOP ||
		       enter(row, row->ready ? SP_BAND_READY : SP_BAND_RUNNING, f->t_ns);
	case SP_FACT_BACKOFF:
		return take_trouble(row, f, "CrashLoopBackOff");
	case SP_FACT_PULLFAIL:
		return take_trouble(row, f, "ErrImagePull");
	case SP_FACT_STARTERROR:
		return take_trouble(row, f, "StartError");
	case SP_FACT_PROBE:
		if (f->probe == SP_PROBE_STARTUP) {
			if (row->n_startup_probes++ == 0)
				row->first_probe_at = f->t_ns;
			row->newest_probe_at = f->t_ns;
		}
		return true;
	case SP_FACT_PROBE_DONE:
		row->probe_text = *f->message ? f->message : f->reason;
		return true;
	case SP_FACT_KILL:
	case SP_FACT_POSTSTART_BEGIN:
	case SP_FACT_POSTSTART_END:
	case SP_FACT_SANDBOX_READY:
	case SP_FACT_SANDBOX_LOST:
	case SP_FACT_POD_ACCEPTED:
	case SP_FACT_POD_DELETE:
	case SP_FACT_POD_DEADLINE:
	case SP_FACT_POD_TERMINATING:
	case SP_FACT_POD_FINISHED:
	case SP_FACT_PHASE:
	case SP_FACT_COND:
	case SP_FACTS:
		break;
	}
	return true;
}

static void take_pod_fact(struct sp_run *r, const struct sp_record_fact *f)
{
	if (f->fact == SP_FACT_POD_TERMINATING && r->stop_at < 0) {
		r->stop_at = f->t_ns;
		r->stop_reason = f->reason;
		if (f->grace_s >= 0)
			r->grace_s = f->grace_s;
	} else if (f->fact == SP_FACT_POD_FINISHED) {
		r->finished = true;
		if (*f->reason)
			r->phase = f->reason;
	} else if (f->fact == SP_FACT_PHASE) {
		r->phase = f->value;
	} else if (f->fact == SP_FACT_COND) {
		if (sp_streq(f->value, "Ready=True")) {
			r->ready_now = true;
			if (r->ready_at < 0)
				r->ready_at = f->t_ns;
		} else if (sp_streq(f->value, "Ready=False")) {
			r->ready_now = false;
		}
	}
}

static bool take_fact(struct sp_run *r, const struct sp_record_fact *f)
{
	bool probe = f->known && (f->fact == SP_FACT_PROBE || f->fact == SP_FACT_PROBE_DONE);
	struct sp_row *row;

	r->n_facts++;
	r->end = SP_MAX(r->end, f->t_ns);
	if (!probe && !f->is_event &&
	    (r->n_instants == 0 || r->instants[r->n_instants - 1] != f->t_ns)) {
		if (!GROW(r->instants, r->n_instants, r->cap_instants))
			return false;
		r->instants[r->n_instants++] = f->t_ns;
	}
	if (!f->known)
		return true;
	if (!*f->ctr) {
		take_pod_fact(r, f);
		return true;
	}
	row = sp_run_row(r, f->ctr);
	return !row || take_ctr_fact(r, row, f);
}

int sp_run_add(struct sp_run *r, const char *line, size_t len, struct sp_record_line *ret_line,
	       struct sp_error *err)
{
	struct sp_record_line l;
	bool ok;

	if (sp_record_parse_line(&r->arena, line, len, &l, err) < 0)
		return -1;
	if (l.is_header == r->has_header)
		return sp_fail(err, SP_E_CORRUPT,
			       r->has_header ? "a second header" : "not a run record: no header");
	ok = l.is_header ? take_header(r, &l.header) : take_fact(r, &l.fact);
	if (!ok)
		return sp_fail(err, SP_E_NO_MEMORY, "read a run record");
	if (ret_line)
		*ret_line = l;
	return 0;
}

int sp_run_read(struct sp_run *r, const char *bytes, size_t len, struct sp_error *err)
{
	size_t at = 0, n_line = 0;

	while (at < len) {
		const char *nl = memchr(bytes + at, '\n', len - at);
		size_t n = nl ? (size_t)(nl - bytes) - at : 0;

		if (!nl)
			break;
		n_line++;
		if (n && sp_run_add(r, bytes + at, n, NULL, err) < 0)
			return sp_wrap(err, "line %zu", n_line);
		at += n + 1;
	}
	return r->has_header ? 0 : sp_fail(err, SP_E_INVALID, "not a run record: it is empty");
}
