/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The story of a workload, in words, as lines of JSON, and as a picture with a row per pod. The
 * picture is that of a run whose containers are pods.
 */
#include "cli/simulate_crew.h"

#include "base/json.h"
#include "base/text.h"
#include "cli/cli_internal.h"
#include "cli/files.h"
#include "cli/place.h"
#include "cli/zone.h"
#include "draw/draw.h"
#include "record/record.h"

#include <stdlib.h>

#define HORIZON      (300 * SP_SEC)
#define FIRES        3
#define UPDATE_AFTER (10 * SP_SEC)
#define ROWS_MAX     40 /* of the picture; what comes after them is counted */

/* ---- the clock of a CronJob ------------------------------------------------------------------ */

static int64_t begin_of_time(struct sp_cli *cli)
{
	const char *at = sp_flag_text(cli, "at"); /* can be read, the command has looked */
	int64_t begin = sp_now_wall() / SP_SEC * SP_SEC;

	return at && sp_parse_rfc3339(at, &begin) < 0 ? 0 : begin;
}

/* ---- words ----------------------------------------------------------------------------------- */

static void print_time(const struct sp_crew_plan *plan, bool wall, sp_time at, struct sp_buf *out)
{
	if (wall)
		sp_format_rfc3339(out, plan->start_wall_ns + at, 0);
	else
		sp_buf_printf(out, "%9.3f", (double)at / (double)SP_SEC);
}

/* As it is when it fits; else with its words wrapped. */
static void put_text(const struct sp_buf *text, size_t col, size_t columns, struct sp_buf *out)
{
	const char *s = text->ptr ? text->ptr : "";

	if (col + sp_utf8_columns(s) <= columns)
		sp_buf_printf(out, "%s\n", s);
	else
		sp_wrap_text(out, s, col, col + 2, columns);
}

static void print_text(struct sp_cli *cli, const struct sp_crew *c, const struct sp_crew_plan *plan,
		       enum sp_kind kind, struct sp_buf *out)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf text = {0};
	size_t columns = (size_t)SP_MAX(cli->out_look.columns, 60);
	bool wall = kind == SP_KIND_CRON_JOB;

	if (wall) {
		sp_buf_puts(out, "The CronJob is created at ");
		sp_format_rfc3339(out, plan->start_wall_ns, 0);
		sp_buf_puts(out, plan->fires ? ";\nits first three jobs are watched (change with "
					       "--at and --for).\n\n"
					     : " (change with --at).\n\n");
	}
	if (c->updated_at >= 0) {
		sp_buf_puts(out, "The template changes ");
		sp_format_elapsed(out, UPDATE_AFTER);
		sp_buf_puts(out, " after all pods were available,\nso that an update is seen.\n\n");
	}
	for (uint32_t i = 0; i < c->n_lines; i++) {
		const struct sp_crew_line *l = &c->lines[i];
		size_t from = out->len;

		sp_buf_clear(&text);
		if (l->what)
			sp_buf_printf(&text, "%s  %s", l->object, l->what);
		else
			sp_buf_printf(&text, "%s  %s%s: %s", l->object,
				      l->warning ? "Warning " : "", l->reason, l->message);
		print_time(plan, wall, l->at, out);
		sp_buf_puts(out, "  ");
		put_text(&text, out->len - from, columns, out);
	}
	sp_buf_printf(out, "\n%s  %s\n", c->object, c->standing);
	if (c->reason) {
		sp_buf_puts(out, "  ");
		sp_wrap_text(out, c->reason, 2, 4, columns);
	}
}

static void print_json(const struct sp_crew *c, const struct sp_crew_plan *plan, enum sp_kind kind,
		       struct sp_buf *out)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf start = {0};

	sp_buf_putc(out, '{');
	sp_json_str(out, "format", "sidepod.workload/v1");
	sp_json_str(out, "mode", "simulated");
	sp_json_str(out, "object", c->object);
	if (kind == SP_KIND_CRON_JOB) {
		sp_format_rfc3339(&start, plan->start_wall_ns, 0);
		sp_json_str(out, "startTime", start.ptr);
	}
	sp_json_int(out, "endNs", c->end);
	sp_json_str(out, "end", c->standing);
	if (c->reason)
		sp_json_str(out, "reason", c->reason);
	sp_buf_puts(out, "}\n");
	for (uint32_t i = 0; i < c->n_lines; i++) {
		const struct sp_crew_line *l = &c->lines[i];

		sp_buf_putc(out, '{');
		sp_json_int(out, "tNs", l->at);
		sp_json_str(out, "object", l->object);
		sp_json_str(out, "event", l->what ? l->what : "event");
		if (!l->what) {
			sp_json_str(out, "type", l->warning ? "Warning" : "Normal");
			sp_json_str(out, "reason", l->reason);
			sp_json_str(out, "message", l->message);
		}
		sp_buf_puts(out, "}\n");
	}
}

/* ---- the picture ----------------------------------------------------------------------------- */

struct fact {
	sp_time at;
	uint32_t seq; /* what was first stays first */
	struct sp_action act;
};

struct facts {
	struct fact *v;
	uint32_t n;
	uint32_t attempt; /* of the pod whose facts are being added */
};

static void add_fact(struct facts *f, sp_time at, uint16_t pod, enum sp_fact fact, int32_t code)
{
	if (at < 0)
		return;
	f->v[f->n] = (struct fact){
		.at = at,
		.seq = f->n,
		.act = {.kind = SP_ACT_FACT,
			.ctr = pod,
			.attempt = f->attempt,
			.fact = fact,
			.code = code,
			.reason = fact == SP_FACT_EXIT ? (code ? "Failed" : "Succeeded") : NULL}};
	f->n++;
}

static int by_time(const void *a, const void *b)
{
	const struct fact *x = a, *y = b;

	if (x->at != y->at)
		return x->at < y->at ? -1 : 1;
	return x->seq < y->seq ? -1 : 1;
}

/* One row per name: a StatefulSet makes its pods again under the old ones. Return: rows; the pods
 * from *ret_left on have none. */
static uint16_t name_rows(const struct sp_crew *c, struct sp_ctr_spec *ctrs, uint16_t *row_of,
			  uint32_t *attempt_of, uint32_t *ret_left)
{
	uint16_t n = 0;
	uint32_t i;

	for (i = 0; i < c->n_pods; i++) {
		uint16_t k = 0;

		while (k < n && !sp_streq(ctrs[k].name, c->pods[i].name))
			k++;
		if (k == ROWS_MAX)
			break;
		attempt_of[i] = 0;
		for (uint32_t b = i; k < n && b-- > 0;)
			if (row_of[b] == k) {
				attempt_of[i] = attempt_of[b] + 1;
				break;
			}
		if (k == n)
			ctrs[n++] = (struct sp_ctr_spec){.name = c->pods[i].name,
							 .image = c->pods[i].owner,
							 .role = SP_ROLE_APP};
		row_of[i] = k;
	}
	*ret_left = c->n_pods - i;
	return n;
}

static void add_pod(struct facts *f, const struct sp_crew_pod *p, uint16_t row)
{
	add_fact(f, p->born, row, SP_FACT_START, 0);
	add_fact(f, p->running_at, row, SP_FACT_STARTED, 0);
	add_fact(f, p->ready_at, row, SP_FACT_READY, 0);
	if (p->deleted_at >= 0 && p->deleted_at != p->gone_at)
		add_fact(f, p->deleted_at, row, SP_FACT_SIGTERM, 0);
	add_fact(f, p->gone_at, row, SP_FACT_EXIT, p->phase == SP_PHASE_FAILED);
}

/* The picture ends a little after the last thing that happens. */
static sp_time picture_end(const struct sp_crew *c)
{
	sp_time last = c->n_lines ? c->lines[c->n_lines - 1].at : 0;

	return SP_MIN(c->end, last + last / 16 + SP_SEC / 10);
}

/* A record of a run whose containers are the pods. */
static int write_record(struct sp_cli *cli, const struct sp_crew *c, struct sp_buf *record,
			uint32_t *ret_left, struct sp_error *err)
{
	struct sp_arena *a = &cli->arena;
	struct sp_ctr_spec *ctrs = sp_arena_array(a, ROWS_MAX + 1, sizeof(*ctrs));
	uint16_t *row_of = sp_arena_array(a, c->n_pods + 1u, sizeof(*row_of));
	uint32_t *attempt_of = sp_arena_array(a, c->n_pods + 1u, sizeof(*attempt_of));
	struct facts f = {.v = sp_arena_array(a, c->n_pods * 5u + 2, sizeof(*f.v))};
	struct sp_pod_spec spec = {.name = c->object, .ns = "", .uid = ""};
	struct sp_action phase = {.kind = SP_ACT_FACT,
				  .fact = SP_FACT_PHASE,
				  .ctr = SP_NO_CTR,
				  .text = sp_phase_name(SP_PHASE_RUNNING)};

	if (!ctrs || !row_of || !attempt_of || !f.v)
		return sp_fail(err, SP_E_NO_MEMORY, "draw a workload");
	spec.ctrs = ctrs;
	spec.n_ctrs = name_rows(c, ctrs, row_of, attempt_of, ret_left);
	for (uint32_t i = 0; i < c->n_pods - *ret_left; i++) {
		f.attempt = attempt_of[i];
		add_pod(&f, &c->pods[i], row_of[i]);
	}
	qsort(f.v, f.n, sizeof(f.v[0]), by_time);
	sp_record_header_print(record, &spec, SP_RECORD_SIMULATED, 0);
	sp_record_fact_print(record, &spec, &phase, 0, 0);
	for (uint32_t i = 0; i < f.n; i++)
		sp_record_fact_print(record, &spec, &f.v[i].act, f.v[i].at, 0);
	sp_record_fact_print(record, &spec, &phase, picture_end(c), 0);
	return record->failed ? sp_fail(err, SP_E_NO_MEMORY, "draw a workload") : 0;
}

static int draw(struct sp_cli *cli, const struct sp_crew *c, const char *format, struct sp_buf *out,
		struct sp_error *err)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf record = {0};
	bool text = sp_streq(format, "text");
	const struct sp_draw how = {.columns = text ? SP_MAX(cli->out_look.columns, 60) : 100,
				    .ascii = text && cli->out_look.ascii,
				    .color = text && cli->out_look.color,
				    .version = SP_VERSION,
				    .pods = true};
	struct sp_run run;
	uint32_t left;
	int r;

	if (c->n_pods == 0)
		return text ? 0
			    : sp_fail(err, SP_E_NOT_FOUND, "%s makes no pod in that time",
				      c->object);
	if (write_record(cli, c, &record, &left, err) < 0)
		return -1;
	sp_run_init(&run);
	r = sp_run_read(&run, record.ptr, record.len, err);
	if (r == 0 && text)
		sp_draw_gantt_text(&run, &how, out);
	else if (r == 0 && sp_streq(format, "svg"))
		sp_draw_svg(&run, &how, out);
	else if (r == 0)
		sp_draw_gantt_mermaid(&run, out);
	if (r == 0 && text && left)
		sp_buf_printf(out, "… and %u more pods\n", left);
	sp_run_done(&run);
	return r;
}

int sp_cli_crew(struct sp_cli *cli, struct sp_object *o, const struct sp_scn_pod *pod,
		sp_time horizon, const char *format, struct sp_error *err)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf out = {0};
	struct sp_crew_plan plan = {.pod = pod,
				    .horizon = horizon,
				    .fires = horizon < 0 ? FIRES : 0,
				    .update_after = UPDATE_AFTER};
	struct sp_crew crew;
	int r;

	if (o->kind == SP_KIND_CRON_JOB) {
		struct sp_zone *zone = sp_arena_alloc(&cli->arena, sizeof(*zone));

		if (!zone)
			return sp_fail(err, SP_E_NO_MEMORY, "time zone");
		if (sp_cli_zone(cli, o->cron_job->spec->time_zone, zone, err) < 0)
			return -1;
		plan.start_wall_ns = begin_of_time(cli);
		plan.zone = zone;
	}
	if (horizon < 0)
		plan.horizon = o->kind == SP_KIND_CRON_JOB ? SP_NEVER : HORIZON;
	if (sp_crew_simulate(&cli->arena, o, &plan, &crew, err) < 0)
		return -1;
	if (sp_streq(format, "json")) {
		print_json(&crew, &plan, o->kind, &out);
	} else {
		if (sp_streq(format, "text"))
			print_text(cli, &crew, &plan, o->kind, &out);
		if (sp_streq(format, "text") && crew.n_pods)
			sp_buf_putc(&out, '\n');
		if (draw(cli, &crew, format, &out, err) < 0)
			return -1;
	}
	r = sp_cli_print(cli, &out);
	return r == SP_EXIT_OK ? 0 : sp_fail(err, SP_E_IO, "write the simulation");
}
