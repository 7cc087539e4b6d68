/* SPDX-License-Identifier: Apache-2.0 */
/* `sidepod diff`: two records of the same pod side by side, real or simulated. */
#include "cli/files.h"

#include "base/text.h"
#include "draw/draw.h"
#include "record/record.h"

/* One fact with its place in the sequence of facts of that name. */
struct fact {
	sp_time at;
	const char *ctr, *event;
	int64_t attempt;
	uint32_t nth;
	bool matched;
};

struct facts {
	struct fact *v;
	uint32_t n;
};

/* Facts that say what the pod did; probes and API events say how it was seen. */
static bool is_compared(const struct sp_record_fact *f)
{
	return f->known && !f->is_event && f->fact != SP_FACT_PROBE &&
	       f->fact != SP_FACT_PROBE_DONE && f->fact != SP_FACT_COND;
}

static bool same_fact(const struct fact *a, const struct fact *b)
{
	return a->attempt == b->attempt && sp_streq(a->event, b->event) && sp_streq(a->ctr, b->ctr);
}

static int add_line(struct sp_cli *cli, const char *line, size_t len, struct facts *ret,
		    struct sp_error *err)
{
	struct sp_record_line l;
	struct fact *f;

	if (sp_record_parse_line(&cli->arena, line, len, &l, err) < 0)
		return -1;
	if (l.is_header || !is_compared(&l.fact))
		return 0;
	f = &ret->v[ret->n];
	*f = (struct fact){.at = l.fact.t_ns,
			   .ctr = l.fact.ctr,
			   .event = l.fact.event,
			   .attempt = l.fact.attempt,
			   .nth = 1};
	for (uint32_t i = 0; i < ret->n; i++)
		f->nth += same_fact(&ret->v[i], f);
	ret->n++;
	return 0;
}

static int read_facts(struct sp_cli *cli, const struct sp_source *src, struct facts *ret,
		      struct sp_error *err)
{
	size_t lines = 1;

	for (size_t i = 0; i < src->len; i++)
		lines += src->bytes[i] == '\n';
	ret->n = 0;
	ret->v = sp_arena_array(&cli->arena, lines, sizeof(*ret->v));
	if (!ret->v)
		return sp_fail(err, SP_E_NO_MEMORY, "read '%s'", src->name);
	for (const char *p = src->bytes, *end = p + src->len; p < end;) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));

		if (!nl) /* a line that is still being written */
			break;
		if (add_line(cli, p, (size_t)(nl - p), ret, err) < 0)
			return sp_wrap(err, "%s", src->name);
		p = nl + 1;
	}
	return 0;
}

static struct fact *counterpart(const struct facts *in, const struct fact *f)
{
	for (uint32_t i = 0; i < in->n; i++)
		if (!in->v[i].matched && in->v[i].nth == f->nth && same_fact(&in->v[i], f))
			return &in->v[i];
	return NULL;
}

static void print_name(struct sp_buf *out, const struct fact *f)
{
	if (*f->ctr)
		sp_buf_puts(out, f->ctr);
	if (*f->ctr && f->attempt > 0)
		sp_buf_printf(out, "#%lld", (long long)f->attempt);
	sp_buf_printf(out, "%s%s", *f->ctr ? "." : "", f->event);
	if (f->nth > 1)
		sp_buf_printf(out, "@%u", f->nth);
}

static void print_only(struct sp_buf *out, const struct fact *f, const char *where)
{
	sp_buf_puts(out, "  ");
	print_name(out, f);
	sp_buf_printf(out, "  only in %s, at %.3f s\n", where, (double)f->at / (double)SP_SEC);
}

/* Return: number of differences beyond @tolerance. */
static uint32_t compare(const struct facts *a, const struct facts *b, const char *a_name,
			const char *b_name, sp_time tolerance, struct sp_buf *out)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < a->n; i++) {
		struct fact *f = &a->v[i], *g = counterpart(b, f);

		if (!g) {
			print_only(out, f, a_name);
			n++;
			continue;
		}
		g->matched = true;
		if (g->at - f->at <= tolerance && f->at - g->at <= tolerance)
			continue;
		sp_buf_puts(out, "  ");
		print_name(out, f);
		sp_buf_printf(out, "  %.3f s and %.3f s, %+.3f s\n", (double)f->at / (double)SP_SEC,
			      (double)g->at / (double)SP_SEC,
			      (double)(g->at - f->at) / (double)SP_SEC);
		n++;
	}
	for (uint32_t i = 0; i < b->n; i++)
		if (!b->v[i].matched) {
			print_only(out, &b->v[i], b_name);
			n++;
		}
	return n;
}

static int draw(struct sp_cli *cli, const struct sp_source src[2], struct sp_buf *out,
		struct sp_error *err)
{
	const struct sp_draw d = {.columns = SP_MAX(cli->out_look.columns, 60),
				  .ascii = cli->out_look.ascii,
				  .color = cli->out_look.color,
				  .version = SP_VERSION};
	struct sp_run runs[2];
	int r = 0;

	for (int i = 0; i < 2; i++)
		sp_run_init(&runs[i]);
	for (int i = 0; i < 2 && r == 0; i++) {
		r = sp_run_read(&runs[i], src[i].bytes, src[i].len, err);
		if (r < 0)
			sp_wrap(err, "%s", src[i].name);
	}
	if (r == 0 && sp_flag_is(cli, "output", "svg"))
		sp_draw_overlay_svg(&runs[0], &runs[1], &d, out);
	else if (r == 0)
		sp_draw_overlay_text(&runs[0], &runs[1], &d, out);
	for (int i = 0; i < 2; i++)
		sp_run_done(&runs[i]);
	return r;
}

static int run(struct sp_cli *cli, int argc, char **argv)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf out = {0}, list = {0};
	sp_time tolerance = sp_flag_time(cli, "tolerance", 0);
	struct sp_source src[2];
	struct facts facts[2];
	struct sp_error err;
	uint32_t n;

	for (int i = 0; i < 2; i++)
		if (sp_cli_read(cli, argv[i], &src[i], &err) < 0 ||
		    read_facts(cli, &src[i], &facts[i], &err) < 0)
			return sp_cli_fail(cli, &err);
	n = compare(&facts[0], &facts[1], argv[0], argv[1], tolerance, &list);
	if (draw(cli, src, &out, &err) < 0)
		return sp_cli_fail(cli, &err);
	if (!sp_flag_is(cli, "output", "svg")) {
		if (n)
			sp_buf_printf(&out, "\n%u differences:\n%s", n, list.ptr);
		else
			sp_buf_puts(&out, "\nno difference\n");
	}
	if (sp_cli_print(cli, &out) != SP_EXIT_OK)
		return SP_EXIT_FAILED;
	return n ? SP_EXIT_FAILED : SP_EXIT_OK;
}

static const struct sp_flag flags[] = {
	{.name = "tolerance",
	 .kind = SP_FLAG_DURATION,
	 .arg = "TIME",
	 .standard = "250ms",
	 .help = "How far apart two times may be"},
	{.name = "output",
	 .letter = 'o',
	 .kind = SP_FLAG_CHOICE,
	 .arg = "FORMAT",
	 .choices = "text|svg",
	 .standard = "text",
	 .help = "Draw it as"},
	{0},
};

const struct sp_command sp_command_diff = {
	.name = "diff",
	.summary = "Compare two runs of a pod, real or simulated",
	.args = "RECORD RECORD",
	.about =
		"Both are run records (sidepod.run/v1), as kept by 'run' and printed by 'simulate "
		"-o json'. What happened in one of them alone, or at another time, is listed; then "
		"the exit code is 1.",
	.flags = flags,
	.min_args = 2,
	.max_args = 2,
	.completes = SP_COMPLETE_FILE,
	.examples = {{"diff run.jsonl simulated.jsonl", "did it do what was expected?"},
		     {"diff -o svg before.jsonl after.jsonl", "one above the other, as a picture"}},
	.run = run,
};
