/* SPDX-License-Identifier: Apache-2.0 */
/* `sidepod migrate`: sidecars of the old way become native ones, and what that changes. */
#include "cli/cli_internal.h"
#include "cli/judge.h"

#include "base/diff.h"
#include "base/json.h"
#include "lint/lint.h"
#include "migrate/migrate.h"

struct job {
	struct sp_cli *cli;
	struct sp_catalogue *catalogue;
	struct sp_mig_options opt;
	struct sp_buf out, report; /* stdout, stderr */
	uint32_t n_files, n_changed, n_steps, n_manual;
	bool invalid;
};

static void job_done(struct job *j)
{
	sp_catalogue_free(j->catalogue);
	sp_buf_done(&j->out);
	sp_buf_done(&j->report);
}

/* ---- telling ----------------------------------------------------------------------------------
 */

#define ITEM_COL 7 /* where the text of a list stands: "  M1   " */

static void who(const char *object, const char *container, struct sp_buf *b)
{
	sp_buf_printf(b, "%s%s%s", object, container ? " " : "", container ? container : "");
}

/* "  M5   Job/x app: what", wrapped below its beginning. */
static void print_item(const char *rule, const char *object, const char *container,
		       const char *text, int columns, struct sp_buf *b)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf line = {0};

	who(object, container, &line);
	sp_buf_printf(&line, ": %s", text);
	sp_buf_printf(b, "  %-4s ", rule);
	b->failed |= line.failed;
	if (!line.failed)
		sp_wrap_text(b, line.ptr, ITEM_COL, ITEM_COL, (size_t)columns);
	if (b->len && b->ptr[b->len - 1] != '\n')
		sp_buf_putc(b, '\n');
}

static void print_steps(const struct sp_migration *m, int columns, struct sp_buf *b)
{
	for (int manual = 0; manual < 2; manual++) {
		bool first = true;

		for (uint32_t i = 0; i < m->n_steps; i++) {
			const struct sp_mig_step *s = &m->steps[i];

			if (s->manual != manual)
				continue;
			if (first)
				sp_buf_puts(b,
					    manual ? "\nLeft for you (comments in the manifest):\n"
						   : "\nSteps:\n");
			first = false;
			print_item(s->rule, s->object, s->container, s->text, columns, b);
		}
	}
	for (uint32_t i = 0; i < m->n_hazards; i++) {
		const struct sp_mig_hazard *h = &m->hazards[i];

		if (i == 0)
			sp_buf_puts(b, "\nLook out for:\n");
		print_item(h->rule, h->object, h->container, h->text, columns, b);
	}
}

/* Both columns side by side, or one below the other where they do not fit. */
static void print_rows(const struct sp_migration *m, int columns, struct sp_buf *b)
{
	size_t before = 6, after = 5;
	const char *object = "";
	bool beside;

	for (uint32_t i = 0; i < m->n_rows; i++) {
		before = SP_MAX(before, strlen(m->rows[i].before));
		after = SP_MAX(after, strlen(m->rows[i].after));
	}
	beside = 20 + before + after <= (size_t)columns;
	for (uint32_t i = 0; i < m->n_rows; i++) {
		const struct sp_mig_row *r = &m->rows[i];

		if (!sp_streq(r->object, object)) {
			sp_buf_printf(b, "\n%s, simulated\n", r->object);
			if (beside)
				sp_buf_printf(b, "%-16s  %-*s  AFTER\n", "", (int)before, "BEFORE");
		}
		object = r->object;
		if (beside) {
			sp_buf_printf(b, "%-16s  %-*s  %s\n", r->what, (int)before, r->before,
				      r->after);
			continue;
		}
		for (int k = 0; k < 2; k++) {
			sp_buf_printf(b, "%-16s  %s  ", k ? "" : r->what, k ? "after " : "before");
			sp_wrap_text(b, k ? r->after : r->before, 26, 26, (size_t)columns);
			if (b->len && b->ptr[b->len - 1] != '\n')
				sp_buf_putc(b, '\n');
		}
	}
}

static void json_member(struct sp_buf *b, const char *rule, const char *object,
			const char *container, const char *text)
{
	sp_json_next(b);
	sp_buf_putc(b, '{');
	sp_json_str(b, "rule", rule);
	sp_json_str(b, "object", object);
	sp_json_str(b, "container", container);
	sp_json_str(b, "text", text);
}

static void print_json(const struct sp_source *src, const struct sp_migration *m, struct sp_buf *b)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf diff = {0};

	sp_text_diff(src->name, src->bytes, src->len, m->text.ptr, m->text.len, false, &diff);
	b->failed |= diff.failed;
	sp_json_next(b);
	sp_buf_putc(b, '{');
	sp_json_str(b, "file", src->name);
	sp_json_bool(b, "changed", m->changed);
	sp_json_int(b, "manual", m->n_manual);
	sp_json_key(b, "steps");
	sp_buf_putc(b, '[');
	for (uint32_t i = 0; i < m->n_steps; i++) {
		const struct sp_mig_step *s = &m->steps[i];

		json_member(b, s->rule, s->object, s->container, s->text);
		sp_json_bool(b, "manual", s->manual);
		sp_buf_putc(b, '}');
	}
	sp_buf_putc(b, ']');
	sp_json_key(b, "hazards");
	sp_buf_putc(b, '[');
	for (uint32_t i = 0; i < m->n_hazards; i++) {
		const struct sp_mig_hazard *h = &m->hazards[i];

		json_member(b, h->rule, h->object, h->container, h->text);
		sp_buf_putc(b, '}');
	}
	sp_buf_putc(b, ']');
	sp_json_key(b, "behaviour");
	sp_buf_putc(b, '[');
	for (uint32_t i = 0; i < m->n_rows; i++) {
		const struct sp_mig_row *r = &m->rows[i];

		sp_json_next(b);
		sp_buf_putc(b, '{');
		sp_json_str(b, "object", r->object);
		sp_json_str(b, "what", r->what);
		sp_json_str(b, "before", r->before);
		sp_json_str(b, "after", r->after);
		sp_buf_putc(b, '}');
	}
	sp_buf_putc(b, ']');
	sp_json_str(b, "diff", diff.ptr ? diff.ptr : "");
	sp_json_str(b, "text", m->text.ptr);
	sp_buf_putc(b, '}');
}

/* ---- one file ---------------------------------------------------------------------------------
 */

static void lint(const struct job *j, const char *name, const char *bytes, size_t len,
		 struct sp_lint *l)
{
	const struct sp_lint_options o = {.kube_minor = j->opt.kube_minor,
					  .node_milli = -1,
					  .node_bytes = -1,
					  .catalogue = j->catalogue};
	struct sp_error err;

	sp_lint_init(l, &o);
	if (sp_lint_add(l, name, bytes, len) == 0)
		(void)sp_lint_run(l, &err); /* only memory may be missing: then less is told */
}

/* The same thing about the same container, wherever it stands now. */
static bool was_found(const struct sp_lint *old, const struct sp_finding *f)
{
	for (uint32_t i = 0; i < old->n_findings; i++) {
		const struct sp_finding *o = &old->findings[i];

		if (sp_streq(o->id, f->id) &&
		    sp_streq(o->container ? o->container : "", f->container ? f->container : "") &&
		    sp_streq(o->name ? o->name : "", f->name ? f->name : ""))
			return true;
	}
	return false;
}

/* What lint says about the result, and did not say before. */
static void print_lint(struct job *j, const struct sp_source *src, const struct sp_migration *m)
{
	struct sp_lint old, new;
	uint32_t n = 0;

	if (!m->changed)
		return;
	lint(j, src->name, src->bytes, src->len, &old);
	lint(j, src->name, m->text.ptr, m->text.len, &new);
	for (uint32_t i = 0; i < new.n_findings; i++) {
		const struct sp_finding *f = &new.findings[i];

		if (!sp_finding_shown(f, SP_SEV_WARNING, false) || was_found(&old, f))
			continue;
		if (n++ == 0)
			sp_buf_puts(&j->report, "\nLint says of the result:\n");
		print_item(f->id, f->name ? f->name : "", f->container, f->message,
			   j->cli->err_look.columns, &j->report);
	}
	sp_lint_done(&old);
	sp_lint_done(&new);
}

static int tell(struct job *j, const char *path, const struct sp_source *src,
		const struct sp_migration *m, struct sp_error *err)
{
	struct sp_cli *cli = j->cli;

	if (sp_flag_bool(cli, "write") && m->changed) {
		if (sp_streq(path, "-"))
			return sp_fail(err, SP_E_INVALID, "--write needs a file, not stdin");
		if (!sp_flag_bool(cli, "dry-run") &&
		    sp_cli_write(path, m->text.ptr, m->text.len, err) < 0)
			return -1;
	}
	if (sp_flag_is(cli, "output", "json")) {
		print_json(src, m, &j->out);
		return 0;
	}
	if (sp_flag_bool(cli, "patch")) {
		const struct sp_source after = {src->name, m->text.ptr, m->text.len};
		SP_CLEANUP(sp_buf_done) struct sp_buf patch = {0};

		if (sp_migrate_patch(src, &after, &patch, err) < 0)
			return -1;
		if (patch.len && j->out.len)
			sp_buf_puts(&j->out, "---\n");
		sp_buf_add(&j->out, patch.ptr ? patch.ptr : "", patch.len);
		print_steps(m, cli->err_look.columns, &j->report);
		return 0;
	}
	if (sp_flag_bool(cli, "check")) {
		if (m->changed)
			sp_buf_printf(&j->out, "%s\n", src->name);
		return 0;
	}
	if (!sp_flag_bool(cli, "write"))
		sp_text_diff(src->name, src->bytes, src->len, m->text.ptr, m->text.len,
			     cli->out_look.color, &j->out);
	print_rows(m, cli->err_look.columns, &j->report);
	print_steps(m, cli->err_look.columns, &j->report);
	print_lint(j, src, m);
	return 0;
}

static int visit(void *arg, const char *path, const struct sp_source *src, struct sp_error *err)
{
	struct job *j = arg;
	struct sp_diags diags;
	struct sp_migration m;
	int r;

	sp_diags_init(&diags, &j->cli->arena);
	r = sp_migrate(src, &j->opt, &diags, &m, err);
	for (uint32_t i = 0; i < diags.n; i++)
		sp_diag_print(&diags.v[i], src->bytes, src->len, j->cli->err_look.color,
			      j->cli->err_look.ascii, &j->report);
	j->invalid |= diags.n_errors > 0;
	if (r < 0 && diags.n_errors) {
		r = 0; /* told */
	} else if (r == 0) {
		j->n_files++;
		j->n_changed += m.changed;
		j->n_steps += m.n_steps - m.n_manual;
		j->n_manual += m.n_manual;
		r = tell(j, path, src, &m, err);
	}
	sp_migration_done(&m);
	return r;
}

static void summary(struct job *j)
{
	const char *done = sp_flag_bool(j->cli, "write") && !sp_flag_bool(j->cli, "dry-run")
				   ? "changed"
				   : "would change";

	if (j->n_steps + j->n_manual == 0 && !j->invalid)
		sp_buf_printf(&j->report, "nothing to migrate in %u file%s\n", j->n_files,
			      j->n_files == 1 ? "" : "s");
	else if (j->n_files)
		sp_buf_printf(&j->report, "\n%u of %u file%s %s: %u step%s, %u left for you\n",
			      j->n_changed, j->n_files, j->n_files == 1 ? "" : "s", done,
			      j->n_steps, j->n_steps == 1 ? "" : "s", j->n_manual);
}

static int finish(struct job *j)
{
	bool json = sp_flag_is(j->cli, "output", "json");

	if (json)
		sp_buf_puts(&j->out, "]}\n");
	else if (!sp_flag_bool(j->cli, "check"))
		summary(j);
	if (j->report.ptr && !j->report.failed)
		(void)fputs(j->report.ptr, j->cli->err); /* nowhere else to tell it */
	if (sp_cli_print(j->cli, &j->out) != SP_EXIT_OK)
		return SP_EXIT_FAILED;
	if (j->invalid)
		return SP_EXIT_MANIFEST;
	if (sp_flag_bool(j->cli, "check"))
		return j->n_changed ? SP_EXIT_FAILED : SP_EXIT_OK;
	return j->n_manual ? SP_EXIT_INCOMPLETE : SP_EXIT_OK;
}

static int run(struct sp_cli *cli, int argc, char **argv)
{
	SP_CLEANUP(job_done) struct job j = {.cli = cli};
	struct sp_error err;

	if (sp_flag_bool(cli, "check") && sp_flag_bool(cli, "write"))
		return sp_cli_usage(cli, "--check changes nothing; --write does");
	if (sp_cli_kube_minor(cli, SP_KUBE_MINOR_OLDEST, &j.opt.kube_minor, &err) < 0)
		return sp_cli_usage(cli, "%s", err.text);
	if (j.opt.kube_minor < 29)
		return sp_cli_error(cli, SP_EXIT_MANIFEST,
				    "Kubernetes 1.28 has native sidecars only as an alpha feature: "
				    "keep the old form, or raise --kube-version");
	j.opt.only = sp_flag_text(cli, "only");
	j.opt.catalogue = j.catalogue = sp_cli_catalogue(cli, &err);
	if (!j.catalogue)
		return sp_cli_fail(cli, &err);
	if (sp_flag_is(cli, "output", "json"))
		sp_buf_puts(&j.out, "{\"schema\":\"sidepod.migrate/v1\",\"files\":[");
	if (sp_cli_visit_files(cli, (const char *const *)argv, (uint32_t)argc, visit, &j, &err) < 0)
		return sp_cli_fail_input(cli, &err);
	return finish(&j);
}

static const struct sp_flag flags[] = {
	{.name = "write", .letter = 'w', .kind = SP_FLAG_BOOL, .help = "Change the files"},
	{.name = "patch",
	 .kind = SP_FLAG_BOOL,
	 .help = "Print strategic merge patches, for kubectl patch and kustomize"},
	{.name = "check",
	 .kind = SP_FLAG_BOOL,
	 .help = "Only name the files that would change, and exit with 1 when there are any"},
	{.name = "only",
	 .kind = SP_FLAG_TEXT,
	 .arg = "NAME",
	 .help = "Only this container, even when its product is not known"},
	SP_FLAG_CATALOGUE,
	SP_FLAG_TEXT_OR_JSON,
	SP_FLAG_DRY_RUN,
	SP_FLAG_KUBE_VERSION,
	{0},
};

const struct sp_command sp_command_migrate = {
	.name = "migrate",
	.summary = "Turn old companions into native sidecars",
	.args = "FILE…",
	.about = "Known sidecars that run as regular containers become init containers with "
		 "restartPolicy: Always, and what they needed before goes: quit calls, wait loops, "
		 "wrappers, watchers, hooks. The diff is printed; comments and everything else in "
		 "the files stay as they are. Both forms are simulated, and the table tells what "
		 "changes. What it is not sure about is left as a comment and listed; then the "
		 "exit code is 3.",
	.flags = flags,
	.min_args = 1,
	.max_args = -1,
	.completes = SP_COMPLETE_FILE,
	.examples = {{"migrate job.yaml", "a diff, and what it changes"},
		     {"migrate --write k8s/", "change the files of a directory"},
		     {"migrate --only worker pod.yaml", "a container that is not known"}},
	.run = run,
};
