/* SPDX-License-Identifier: Apache-2.0 */
/* Runs scenario files and tells the results as TAP; see check.h. */
#include "sim/check.h"

#include "sim/check_control.h"
#include "sim/expect.h"
#include "sim/tables.h"

static void check_pod(struct sp_arena *a, const struct sp_scenario *s, int kube_minor,
		      struct sp_verdict *v, struct sp_error *err)
{
	struct sp_scn_pod p;
	int n;

	if (sp_scenario_pod(a, s, kube_minor, &p, err) < 0)
		n = -1;
	else
		n = sp_expect_pod(s, &p, &v->why, err);
	v->failed = n != 0;
}

static void check_table(struct sp_arena *a, const struct sp_scenario *s,
			const struct sp_scn_outside *outside, struct sp_verdict *v,
			struct sp_error *err)
{
	struct sp_scn_reader r = {.arena = a, .file = s->file, .err = err, .outside = outside};
	struct sp_diff diff = {.out = &v->why, .max = 20};
	enum sp_table_result result = SP_TABLE_CHECKED;
	int n = s->kind == SP_SCN_CALC ? sp_table_calc(&r, s, &diff, &result, &v->skipped)
				       : sp_table_validation(&r, s, &diff, &result, &v->skipped);

	if (result == SP_TABLE_CHECKED)
		v->skipped = NULL;
	v->failed = n < 0 || diff.n > 0;
}

static void check_probes(struct sp_arena *a, const struct sp_scenario *s,
			 const struct sp_table_prober *prober, struct sp_verdict *v,
			 struct sp_error *err)
{
	const struct sp_scn_reader r = {.arena = a, .file = s->file, .err = err};
	struct sp_diff diff = {.out = &v->why, .max = 20};

	if (!prober)
		v->skipped = "there is nothing to probe here";
	else
		v->failed = sp_table_probe(&r, s, prober, &diff) < 0 || diff.n > 0;
}

static void check_one(struct sp_arena *a, const struct sp_scenario *s,
		      const struct sp_scn_outside *outside, struct sp_verdict *v,
		      struct sp_error *err)
{
	int kube_minor = outside->kube_minor;

	if (s->fault) {
		v->failed = sp_fail(err, SP_E_INVALID, "%s", s->fault) < 0;
		return;
	}
	switch (s->kind) {
	case SP_SCN_POD:
		check_pod(a, s, kube_minor, v, err);
		break;
	case SP_SCN_CALC:
	case SP_SCN_VALIDATION:
		check_table(a, s, outside, v, err);
		break;
	case SP_SCN_JOB:
		v->failed = sp_check_job(a, s, kube_minor, &v->why, err) != 0;
		break;
	case SP_SCN_CRON_JOB:
		v->failed = sp_check_cron_job(a, s, outside, &v->why, err) != 0;
		break;
	case SP_SCN_DEPLOYMENT:
		v->failed = sp_check_deployment(a, s, kube_minor, &v->why, err) != 0;
		break;
	case SP_SCN_PROBE:
		check_probes(a, s, outside->prober, v, err);
		break;
	case SP_SCN_KINDS:
		v->failed = true;
		break;
	}
}

/* The first difference, on a comment line of its own. */
static void explain(const struct sp_scenario *s, const struct sp_verdict *v,
		    const struct sp_error *err, struct sp_buf *out)
{
	const char *text = v->why.len ? v->why.ptr : err->text;
	size_t n = strcspn(text, "\n"), more = 0;

	for (const char *p = text + n; *p; p++)
		more += *p == '\n' && p[1];
	while (v->tell_all && more > 0) {
		sp_buf_printf(out, "#   %.*s\n", (int)n, text);
		text += n + 1;
		n = strcspn(text, "\n");
		more--;
	}
	sp_buf_puts(out, "#   ");
	sp_buf_add(out, text, n);
	if (*s->rules)
		sp_buf_printf(out, " (%s)", s->rules);
	if (more)
		sp_buf_printf(out, ", and %zu more", more);
	sp_buf_putc(out, '\n');
}

void sp_verdict_tell(const struct sp_scenario *s, const struct sp_verdict *v,
		     const struct sp_error *err, struct sp_buf *out, struct sp_tally *tally)
{
	uint32_t number = tally->passed + tally->failed + tally->skipped + 1;
	bool failed = v->failed && !v->skipped;

	sp_buf_printf(out, "%s %u - %s", failed ? "not ok" : "ok", number, s->id);
	for (const char *t = *s->title ? s->title : NULL; t && *t; t++) {
		if (t == s->title)
			sp_buf_putc(out, ' ');
		if (*t == '#') /* would be read as a directive */
			sp_buf_putc(out, '\\');
		sp_buf_putc(out, *t == '\n' ? ' ' : *t);
	}
	if (v->skipped)
		sp_buf_printf(out, " # SKIP %s", v->skipped);
	sp_buf_putc(out, '\n');
	if (v->skipped) {
		tally->skipped++;
	} else if (failed) {
		tally->failed++;
		explain(s, v, err, out);
	} else {
		tally->passed++;
	}
}

void sp_check_unreadable(const struct sp_source *src, const struct sp_diags *diags,
			 struct sp_buf *out, struct sp_tally *tally)
{
	tally->failed++;
	sp_buf_printf(out, "not ok %u - %s is no scenario file\n",
		      tally->passed + tally->failed + tally->skipped, src->name);
	if (diags->n)
		sp_buf_printf(out, "#   %s:%u: %s\n", src->name, diags->v[0].at.line,
			      diags->v[0].message);
}

int sp_check_source(const struct sp_source *src, const struct sp_scn_outside *outside,
		    struct sp_buf *out, struct sp_tally *tally, struct sp_error *err)
{
	SP_CLEANUP(sp_arena_done) struct sp_arena file_arena = {0};
	struct sp_diags diags;
	struct sp_scenario *v;
	uint32_t n;

	sp_diags_init(&diags, &file_arena);
	if (sp_scenarios_read(&file_arena, src, &diags, &v, &n) < 0) {
		sp_check_unreadable(src, &diags, out, tally);
		return 0;
	}
	for (uint32_t i = 0; i < n; i++) {
		SP_CLEANUP(sp_arena_done) struct sp_arena arena = {0};
		struct sp_verdict verdict = {0};
		struct sp_error why = {0};

		check_one(&arena, &v[i], outside, &verdict, &why);
		sp_verdict_tell(&v[i], &verdict, &why, out, tally);
		sp_buf_done(&verdict.why);
	}
	return out->failed ? sp_fail(err, SP_E_NO_MEMORY, "check %s", src->name) : 0;
}

void sp_check_end(const struct sp_tally *tally, struct sp_buf *out)
{
	sp_buf_printf(out, "1..%u\n%u passed, %u failed, %u skipped\n",
		      tally->passed + tally->failed + tally->skipped, tally->passed, tally->failed,
		      tally->skipped);
}
