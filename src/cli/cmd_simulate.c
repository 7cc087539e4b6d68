/* SPDX-License-Identifier: Apache-2.0 */
/* `sidepod simulate`: what a pod will do, without running it; and checks of scenario files. */
#include "cli/cli_internal.h"
#include "cli/files.h"
#include "cli/rehearse.h"
#include "cli/simulate_crew.h"
#include "cli/zone.h"

#include "base/text.h"
#include "draw/draw.h"
#include "record/record.h"
#include "sim/check.h"
#include "sim/what.h"

#include <stdlib.h>

#define NAME_COLUMNS       20
#define FACT_COLUMNS       36 /* of a line: its time and what happened */
#define DELETE_AFTER_READY (10 * SP_SEC)

/* ---- --check -------------------------------------------------------------------------------- */

static int check_files(struct sp_cli *cli, int kube_minor, int argc, char **argv)
{
	const struct sp_table_prober prober = {.arg = &kube_minor, .probe = sp_rehearse};
	SP_CLEANUP(sp_zones_done) struct sp_zones zones = {.cli = cli};
	const struct sp_scn_outside outside = {.kube_minor = kube_minor,
					       .prober = &prober,
					       .zone = sp_zones_get,
					       .zone_arg = &zones};
	struct sp_tally tally = {0};

	for (int i = 0; i < argc; i++) {
		SP_CLEANUP(sp_buf_done) struct sp_buf out = {0};
		struct sp_source src;
		struct sp_error err;

		if (sp_cli_read(cli, argv[i], &src, &err) < 0 ||
		    sp_check_source(&src, &outside, &out, &tally, &err) < 0)
			return sp_cli_fail_input(cli, &err);
		if (sp_cli_print(cli, &out) != SP_EXIT_OK)
			return SP_EXIT_FAILED;
	}
	SP_CLEANUP(sp_buf_done) struct sp_buf end = {0};

	sp_check_end(&tally, &end);
	if (sp_cli_print(cli, &end) != SP_EXIT_OK)
		return SP_EXIT_FAILED;
	return tally.failed ? SP_EXIT_FAILED : SP_EXIT_OK;
}

/* ---- one pod -------------------------------------------------------------------------------- */

struct job {
	struct sp_cli *cli;
	struct sp_what what;
	struct sp_scn_pod pod;
	int kube_minor;
	sp_time horizon;
	bool told_short;
	struct sp_sim *sim;
	struct sp_buf record;
	const char *hint; /* beside an error; NULL none */
};

static void job_done(struct job *j)
{
	sp_sim_free(j->sim);
	sp_buf_done(&j->record);
}

static int apply_flags(struct job *j, struct sp_error *err)
{
	struct sp_cli *cli = j->cli;
	uint32_t n;
	const char *const *v = sp_flag_list(cli, "scenario", &n);

	for (uint32_t i = 0; i < n; i++) {
		struct sp_source src;

		if (sp_cli_read(cli, v[i], &src, err) < 0 || sp_what_file(&j->what, &src, err) < 0)
			return -1;
	}
	v = sp_flag_list(cli, "set", &n);
	for (uint32_t i = 0; i < n; i++)
		if (sp_what_set(&j->what, v[i], err) < 0)
			return -1;
	v = sp_flag_list(cli, "what-if", &n);
	for (uint32_t i = 0; i < n; i++)
		if (sp_what_if(&j->what, v[i], err) < 0) {
			j->hint = "'sidepod simulate --list-what-if' lists the sentences";
			return -1;
		}
	return 0;
}

/* What is to happen is watched, however late it comes, unless --for says how long. */
static void look_far_enough(struct job *j)
{
	const struct sp_sim_plan *p = &j->pod.plan;
	sp_time last = -1;

	for (uint32_t i = 0; i < p->n_stimuli; i++)
		last = SP_MAX(last, p->stimuli[i].at);
	if (last < j->horizon)
		return;
	if (!sp_flag_given(j->cli, "for")) {
		j->horizon = sp_time_add(last, j->horizon);
	} else if (!j->told_short) {
		j->told_short = true;
		sp_cli_warn(j->cli, "--for %s ends before all has happened that was asked for",
			    sp_flag_text(j->cli, "for"));
	}
}

/* Build and run; the simulation is left in j->sim. */
static int simulate(struct job *j, const struct sp_k_meta *meta, const struct sp_k_pod_spec *spec,
		    struct sp_error *err)
{
	struct sp_pod_spec real;

	j->sim = sp_sim_free(j->sim);
	if (sp_what_pod(&j->what, j->kube_minor, &j->pod, err) < 0 ||
	    sp_pod_spec_core(&j->cli->arena, meta, spec, j->kube_minor, &real, err) < 0)
		return -1;
	j->pod.spec = real;
	look_far_enough(j);
	j->sim = sp_sim_new(&j->pod.spec, &j->pod.plan);
	if (!j->sim)
		return sp_fail(err, SP_E_NO_MEMORY, "simulate a pod");
	return sp_sim_run(j->sim, j->horizon, err);
}

/* When the pod became Ready; -1 when it did not. */
static sp_time ready_at(const struct sp_sim *sim)
{
	size_t n;
	const struct sp_sim_line *v = sp_sim_lines(sim, &n);

	for (size_t i = 0; i < n; i++)
		if (v[i].kind == SP_SIM_FACT && v[i].act.fact == SP_FACT_COND &&
		    sp_streq(v[i].act.text, "Ready=True"))
			return v[i].at;
	return -1;
}

/* Is a container started again at any time? Then there is enough to see without a deletion. */
static bool restarts(const struct sp_sim *sim)
{
	size_t n;
	const struct sp_sim_line *v = sp_sim_lines(sim, &n);

	for (size_t i = 0; i < n; i++)
		if (v[i].kind == SP_SIM_FACT && v[i].act.fact == SP_FACT_START &&
		    v[i].act.attempt > 0)
			return true;
	return false;
}

static void write_record(struct job *j)
{
	size_t n;
	const struct sp_sim_line *v = sp_sim_lines(j->sim, &n);

	sp_record_header_print(&j->record, &j->pod.spec, SP_RECORD_SIMULATED, 0);
	for (size_t i = 0; i < n; i++)
		sp_record_fact_print(&j->record, &j->pod.spec, &v[i].act, v[i].at, 0);
}

/* ---- telling -------------------------------------------------------------------------------- */

/* A pod that is alive at the end is drawn as long as it was watched. */
static int read_run(const struct job *j, struct sp_run *ret, struct sp_error *err)
{
	int r = sp_run_read(ret, j->record.ptr, j->record.len, err);

	if (r == 0 && !sp_sim_finished(j->sim))
		ret->end = SP_MAX(ret->end, sp_sim_now(j->sim));
	return r;
}

static void print_assumptions(const struct job *j, struct sp_buf *out)
{
	if (j->what.n_assumed == 0)
		return;
	sp_buf_puts(out, "Assumed (change with --set, --what-if or --scenario):\n");
	for (uint32_t i = 0; i < j->what.n_assumed; i++) {
		sp_buf_puts(out, "  ");
		sp_wrap_text(out, j->what.assumed[i].text, 2, 4,
			     (size_t)SP_MAX(j->cli->out_look.columns, 60));
	}
	sp_buf_putc(out, '\n');
}

static bool worth_a_line(const struct sp_action *a)
{
	if (a->fact == SP_FACT_PROBE)
		return false;
	if (a->fact == SP_FACT_PROBE_DONE)
		return a->outcome != SP_OUT_SUCCESS;
	if (a->fact == SP_FACT_COND)
		return sp_streq(a->text, "Ready=True") || sp_streq(a->text, "Initialized=True");
	return true;
}

static void print_event(const struct sp_pod_spec *spec, const struct sp_sim_line *l, int width,
			size_t columns, bool ascii, struct sp_buf *out)
{
	const struct sp_action *a = &l->act;
	const char *name = a->ctr == SP_NO_CTR ? "pod" : spec->ctrs[a->ctr].name;
	size_t from = out->len, used;

	sp_buf_printf(out, "%9.3f  ", (double)l->at / (double)SP_SEC);
	used = sp_cut_text(out, name, columns - FACT_COLUMNS, ascii ? "~" : "…");
	sp_buf_fill(out, ' ', (size_t)width > used ? (size_t)width - used + 2 : 2);
	sp_fact_print(a, out);
	if (a->ctr != SP_NO_CTR && a->attempt > 0)
		sp_buf_printf(out, " (restart %u)", a->attempt);
	if (a->fact == SP_FACT_EXIT)
		sp_buf_printf(out, " %d", a->code);
	if (a->text && *a->text && a->fact != SP_FACT_PHASE && a->fact != SP_FACT_COND) {
		size_t col = out->len - from, indent = 11 + (size_t)width + 4;

		if (col + 2 + strcspn(a->text, " ") > columns) {
			sp_buf_putc(out, '\n');
			sp_buf_fill(out, ' ', indent);
			col = indent;
		} else {
			sp_buf_puts(out, "  ");
			col += 2;
		}
		sp_wrap_text(out, a->text, col, indent, columns);
	} else {
		sp_buf_putc(out, '\n');
	}
}

static void print_events(const struct job *j, struct sp_buf *out)
{
	size_t n;
	const struct sp_sim_line *v = sp_sim_lines(j->sim, &n);
	size_t columns = (size_t)SP_MAX(j->cli->out_look.columns, 60);
	int width = 3;

	for (uint16_t i = 0; i < j->pod.spec.n_ctrs; i++)
		width = SP_MAX(width, (int)strlen(j->pod.spec.ctrs[i].name));
	width = SP_MIN(width, NAME_COLUMNS); /* longer ones push their line to the right */
	for (size_t i = 0; i < n; i++)
		if (v[i].kind == SP_SIM_FACT && worth_a_line(&v[i].act))
			print_event(&j->pod.spec, &v[i], width, columns, j->cli->out_look.ascii,
				    out);
}

static void print_end(const struct job *j, struct sp_pod_status *st, struct sp_buf *out)
{
	char status_mem[96], ready_mem[24], phase_mem[64];
	struct sp_buf status = sp_buf_fixed(status_mem, sizeof(status_mem));
	struct sp_buf ready = sp_buf_fixed(ready_mem, sizeof(ready_mem));
	struct sp_buf phase = sp_buf_fixed(phase_mem, sizeof(phase_mem));
	size_t from = out->len;
	uint32_t restarts;
	bool fits;

	sp_sim_status(j->sim, st);
	sp_pod_column(&j->pod.spec, st, &status, &ready, &restarts);
	sp_buf_printf(out, "pod/%s  %s  ready %s  restarts %u", j->pod.spec.name, status_mem,
		      ready_mem, restarts);
	sp_buf_printf(&phase, "phase %s at ", sp_phase_name(st->phase));
	sp_format_elapsed(&phase, sp_sim_now(j->sim));
	sp_buf_puts(&phase, sp_sim_finished(j->sim) ? "" : ", still alive");
	fits = out->len - from + 2 + phase.len <= (size_t)SP_MAX(j->cli->out_look.columns, 60);
	sp_buf_printf(out, "%s%s\n", fits ? "  " : "\n  ", phase_mem);
}

static int print_text(struct job *j, struct sp_pod_status *st, struct sp_error *err)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf out = {0}, why = {0};
	const struct sp_draw draw = {.columns = SP_MAX(j->cli->out_look.columns, 60),
				     .ascii = j->cli->out_look.ascii,
				     .color = j->cli->out_look.color,
				     .version = SP_VERSION};
	struct sp_run run;
	int r;

	sp_run_init(&run);
	r = read_run(j, &run, err);
	if (r == 0) {
		print_assumptions(j, &out);
		print_events(j, &out);
		sp_buf_putc(&out, '\n');
		sp_draw_gantt_text(&run, &draw, &out);
		sp_buf_putc(&out, '\n');
		sp_draw_waterfall_text(&run, &draw, &out);
		sp_buf_putc(&out, '\n');
		sp_draw_path_text(&run, &draw, &out);
		if (sp_run_why(&run, &why))
			sp_wrap_text(&out, why.ptr, 0, 2, (size_t)draw.columns);
		print_end(j, st, &out);
	}
	sp_run_done(&run);
	return r < 0 ? sp_cli_fail(j->cli, err) : sp_cli_print(j->cli, &out);
}

static int print_picture(struct job *j, bool svg, struct sp_error *err)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf out = {0};
	const struct sp_draw draw = {.columns = 100, .version = SP_VERSION};
	struct sp_run run;
	int r;

	sp_run_init(&run);
	r = read_run(j, &run, err);
	if (r == 0 && svg)
		sp_draw_svg(&run, &draw, &out);
	else if (r == 0)
		sp_draw_gantt_mermaid(&run, &out);
	sp_run_done(&run);
	return r < 0 ? sp_cli_fail(j->cli, err) : sp_cli_print(j->cli, &out);
}

static int tell(struct job *j, struct sp_error *err)
{
	const char *format = sp_flag_text(j->cli, "output");
	struct sp_pod_status *st;
	int r;

	write_record(j);
	if (j->record.failed)
		return sp_cli_error(j->cli, SP_EXIT_FAILED, "out of memory");
	if (sp_streq(format, "json"))
		return sp_cli_print(j->cli, &j->record);
	if (sp_streq(format, "svg") || sp_streq(format, "mermaid"))
		return print_picture(j, sp_streq(format, "svg"), err);
	if (sp_streq(format, "scenario")) {
		SP_CLEANUP(sp_buf_done) struct sp_buf out = {0};

		if (sp_what_print(&j->what, j->sim, &out, err) < 0)
			return sp_cli_fail(j->cli, err);
		return sp_cli_print(j->cli, &out);
	}
	st = calloc(1, sizeof(*st));
	if (!st)
		return sp_cli_error(j->cli, SP_EXIT_FAILED, "out of memory");
	r = print_text(j, st, err);
	free(st);
	return r;
}

/* The controller with all its pods. Return: 0 told, -1. */
static int tell_crew(struct job *j, struct sp_object *o, const struct sp_k_pod_spec *spec,
		     struct sp_error *err)
{
	const char *format = sp_flag_text(j->cli, "output");
	struct sp_scn_pod pod;
	struct sp_pod_spec real;

	if (sp_streq(format, "scenario")) {
		j->hint = "'--show pod' writes one for a single pod of its template";
		return sp_fail(err, SP_E_INVALID,
			       "a scenario of a %s cannot be written from a manifest",
			       sp_kind_name(o->kind));
	}
	if (sp_what_pod(&j->what, j->kube_minor, &pod, err) < 0 ||
	    sp_pod_spec_core(&j->cli->arena, o->meta, spec, j->kube_minor, &real, err) < 0)
		return -1;
	pod.spec = real;
	return sp_cli_crew(j->cli, o, &pod, sp_flag_given(j->cli, "for") ? j->horizon : -1, format,
			   err);
}

/* What is shown of a workload: all its pods, one of them in detail, or both. */
static void choose(const struct sp_cli *cli, const struct sp_object *o, bool *ret_pods,
		   bool *ret_pod)
{
	const char *show = sp_flag_text(cli, "show");
	bool text = sp_streq(sp_flag_text(cli, "output"), "text");

	*ret_pods = sp_crew_kind(o->kind) && !(show && sp_streq(show, "pod")) &&
		    (text || show || o->kind != SP_KIND_JOB);
	*ret_pod = !*ret_pods || (text && !show);
}

static int simulate_object(struct sp_cli *cli, struct sp_object *o,
			   const struct sp_k_pod_spec *spec, int kube_minor)
{
	SP_CLEANUP(job_done) struct job j = {.cli = cli, .kube_minor = kube_minor};
	bool pods, pod;
	struct sp_error err;
	sp_time ready;

	choose(cli, o, &pods, &pod);
	j.horizon = sp_flag_time(cli, "for", 0);
	if (sp_what_init(&cli->arena, o->meta && o->meta->name ? o->meta->name : "pod", spec,
			 &j.what, &err) < 0 ||
	    apply_flags(&j, &err) < 0 || (pods && tell_crew(&j, o, spec, &err) < 0) ||
	    (pod && simulate(&j, o->meta, spec, &err) < 0)) {
		int r = sp_cli_fail(cli, &err);

		if (j.hint)
			sp_cli_hint(cli, "%s", j.hint);
		return r;
	}
	if (!pod)
		return SP_EXIT_OK;
	if (pods) {
		SP_CLEANUP(sp_buf_done) struct sp_buf out = {0};

		sp_buf_puts(&out, "\nOne of its pods:\n\n");
		if (sp_cli_print(cli, &out) != SP_EXIT_OK)
			return SP_EXIT_FAILED;
	}
	/* A pod that would run for ever shows nothing of its end: delete it. */
	ready = ready_at(j.sim);
	if (!sp_what_has_stimuli(&j.what) && !sp_sim_finished(j.sim) && ready >= 0 &&
	    !restarts(j.sim) && ready + DELETE_AFTER_READY < j.horizon) {
		if (sp_what_delete_at(&j.what, ready + DELETE_AFTER_READY,
				      ", ten seconds after it became Ready", &err) < 0 ||
		    simulate(&j, o->meta, spec, &err) < 0)
			return sp_cli_fail(cli, &err);
	}
	return tell(&j, &err);
}

static int simulate_manifests(struct sp_cli *cli, int kube_minor, int argc, char **argv)
{
	const struct sp_load_options opt = {.validate = SP_VALIDATE_WARN,
					    .kube_minor = kube_minor,
					    .zone_known = sp_zone_known};
	const char *wanted = sp_flag_text(cli, "pod");
	struct sp_manifest m;
	struct sp_error err;
	int r = SP_EXIT_OK, n = 0;

	sp_manifest_init(&m, &opt);
	if (sp_cli_load(cli, (const char *const *)argv, (uint32_t)argc, &m, &err) < 0) {
		r = sp_cli_fail_input(cli, &err);
	} else {
		sp_cli_tell_findings(cli, &m);
		if (m.diags.n_errors)
			r = SP_EXIT_MANIFEST;
	}
	for (uint32_t i = 0; r == SP_EXIT_OK && i < m.n_objects; i++) {
		const struct sp_k_pod_spec *spec = sp_cli_pod_spec(&m.objects[i]);
		const char *name = m.objects[i].meta ? m.objects[i].meta->name : NULL;

		if (!spec || (wanted && (!name || !sp_streq(wanted, name))))
			continue;
		n++;
		r = simulate_object(cli, &m.objects[i], spec, kube_minor);
	}
	if (r == SP_EXIT_OK && n == 0)
		r = wanted ? sp_cli_error(cli, SP_EXIT_MANIFEST, "no pod '%s' in these manifests",
					  wanted)
			   : sp_cli_error(cli, SP_EXIT_MANIFEST, "no pod in these manifests");
	sp_manifest_done(&m);
	return r;
}

static int run(struct sp_cli *cli, int argc, char **argv)
{
	const char *at = sp_flag_text(cli, "at");
	struct sp_error err;
	int64_t begin;
	int kube_minor;

	if (at && sp_parse_rfc3339(at, &begin) < 0)
		return sp_cli_usage(cli, "--at: '%s' is no time like 2026-03-01T10:02:30Z", at);
	if (sp_cli_kube_minor(cli, SP_KUBE_MINOR_OLDEST, &kube_minor, &err) < 0)
		return sp_cli_usage(cli, "%s", err.text);
	if (sp_flag_bool(cli, "list-what-if")) {
		SP_CLEANUP(sp_buf_done) struct sp_buf out = {0};

		sp_what_if_list(&out);
		return sp_cli_print(cli, &out);
	}
	if (argc == 0)
		return sp_cli_usage(cli, "which file?");
	return sp_flag_bool(cli, "check") ? check_files(cli, kube_minor, argc, argv)
					  : simulate_manifests(cli, kube_minor, argc, argv);
}

static const struct sp_flag flags[] = {
	{.name = "check",
	 .kind = SP_FLAG_BOOL,
	 .help = "The files are scenarios: run each and compare with what it expects"},
	{.name = "scenario",
	 .kind = SP_FLAG_LIST,
	 .arg = "FILE",
	 .help = "How containers behave and what happens to the pod",
	 .completes = SP_COMPLETE_FILE},
	{.name = "set",
	 .kind = SP_FLAG_LIST,
	 .arg = "KEY=VALUE",
	 .help = "One fact about a container: app.exit_after=5, app.code=1, app.ready_after=3, "
		 "app.sigterm=ignore, app.preStop.takes=2"},
	{.name = "what-if",
	 .kind = SP_FLAG_LIST,
	 .arg = "SENTENCE",
	 .help = "The same in words: 'app ignores SIGTERM', 'proxy crashes at 3s', "
		 "'delete at 20s grace 10'"},
	{.name = "list-what-if",
	 .kind = SP_FLAG_BOOL,
	 .help = "List the sentences; C is a container, T and U time spans, N a number"},
	{.name = "for",
	 .kind = SP_FLAG_DURATION,
	 .arg = "TIME",
	 .standard = "5m",
	 .help = "How long to watch what does not end"},
	{.name = "pod",
	 .kind = SP_FLAG_TEXT,
	 .arg = "NAME",
	 .help = "Only the object of this name, where files hold several"},
	{.name = "show",
	 .kind = SP_FLAG_CHOICE,
	 .arg = "WHAT",
	 .choices = "pod|pods",
	 .help = "Of a workload: all its pods, or one pod of its template in detail. Without it "
		 "text shows both, other formats the pod of a Job and the pods of all others"},
	{.name = "at",
	 .kind = SP_FLAG_TEXT,
	 .arg = "TIME",
	 .help = "When a CronJob is created, like 2026-03-01T10:02:30Z; now by default"},
	{.name = "output",
	 .letter = 'o',
	 .kind = SP_FLAG_CHOICE,
	 .arg = "FORMAT",
	 .choices = "text|json|svg|mermaid|scenario",
	 .standard = "text",
	 .help = "Print it as; json is a run record (of several pods: lines of events), scenario a "
		 "file for --check"},
	SP_FLAG_KUBE_VERSION,
	{0},
};

const struct sp_command sp_command_simulate = {
	.name = "simulate",
	.summary = "Show what a pod will do, without running it",
	.args = "FILE…",
	.about = "The same rules that run pods are driven in virtual time. What a manifest does "
		 "not say - how long programs run, how they react - is assumed, and every "
		 "assumption is told first. Workloads run under their controllers with all "
		 "their pods: a Job to its verdict, a CronJob over three times of its schedule, a "
		 "Deployment or set until it is complete and through one change of its template.",
	.flags = flags,
	.min_args = 0,
	.max_args = -1,
	.completes = SP_COMPLETE_FILE,
	.examples = {{"simulate pod.yaml", "events, a picture, what the start waited for"},
		     {"simulate pod.yaml --what-if 'app ignores SIGTERM'", "what would change"},
		     {"simulate --check tests/*.yaml", "check scenario files"}},
	.run = run,
};
