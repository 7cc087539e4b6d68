/* SPDX-License-Identifier: Apache-2.0 */
/* `sidepod lint`: what in manifests will not do what its author thinks. */
#include "cli/judge.h"

#include "base/diff.h"
#include "base/text.h"
#include "lint/lint.h"

struct job {
	struct sp_cli *cli;
	struct sp_lint lint;
	struct sp_lint_options opt;
	struct sp_catalogue *catalogue;
	bool text_is_result; /* stdout holds a fixed manifest: findings go to stderr */
};

static void job_done(struct job *j)
{
	sp_lint_done(&j->lint);
	sp_catalogue_free(j->catalogue);
}

/* Fix one source; its bytes are those of the result afterwards. */
static int fix_file(struct job *j, const char *path, struct sp_source *src, struct sp_error *err)
{
	SP_CLEANUP(sp_lint_fixed_done) struct sp_lint_fixed fixed = {0};
	SP_CLEANUP(sp_buf_done) struct sp_buf diff = {0};
	bool from_stdin = sp_streq(path, "-"), dry = sp_flag_bool(j->cli, "dry-run");
	bool human = sp_flag_is(j->cli, "output", "human") && !(from_stdin && !dry);
	const struct sp_look *look = human ? &j->cli->out_look : &j->cli->err_look;
	const char *bytes;

	if (sp_lint_fix(src, &j->opt,
			sp_flag_is(j->cli, "fix", "all") ? SP_FIX_SUGGEST : SP_FIX_SAFE, &fixed,
			err) < 0)
		return -1;
	if (from_stdin && !dry) /* the text itself is the result */
		(void)fwrite(fixed.text.ptr, 1, fixed.text.len, j->cli->out);
	if (fixed.n_fixes == 0)
		return 0;
	bytes = sp_arena_strndup(&j->cli->arena, fixed.text.ptr, fixed.text.len);
	if (!bytes)
		return sp_fail(err, SP_E_NO_MEMORY, "fix '%s'", path);
	sp_text_diff(src->name, src->bytes, src->len, bytes, fixed.text.len, look->color, &diff);
	if (diff.ptr)
		(void)fputs(diff.ptr, human ? j->cli->out : j->cli->err);
	if (!from_stdin && !dry && sp_cli_write(path, bytes, fixed.text.len, err) < 0)
		return -1;
	for (uint32_t i = 0; i < fixed.n_fixes && !sp_flag_bool(j->cli, "quiet"); i++)
		(void)fprintf(j->cli->err, "%s: %s: %s %s\n", src->name,
			      dry ? "would fix" : "fixed", fixed.rules[i]->id,
			      fixed.rules[i]->name);
	src->bytes = bytes;
	src->len = fixed.text.len;
	return 0;
}

static int add_file(void *arg, const char *path, const struct sp_source *src, struct sp_error *err)
{
	struct job *j = arg;
	const char *name = sp_flag_text(j->cli, "stdin-name");
	struct sp_source now = *src;

	if (sp_streq(path, "-") && name)
		now.name = name;
	if (sp_flag_given(j->cli, "fix") && fix_file(j, path, &now, err) < 0)
		return -1;
	if (sp_lint_add(&j->lint, now.name, now.bytes, now.len) < 0)
		return sp_fail(err, SP_E_NO_MEMORY, "read '%s'", path);
	if (sp_streq(path, "-") && sp_flag_given(j->cli, "fix") && !sp_flag_bool(j->cli, "dry-run"))
		j->text_is_result = true;
	return 0;
}

/* --rule SP2, --rule wait-loop; a leading ! leaves it out. */
static int read_rules(struct job *j, struct sp_error *err)
{
	uint32_t n, n_without;
	const char *const *v = sp_flag_list(j->cli, "rule", &n);
	const char *const *without = sp_flag_list(j->cli, "exclude", &n_without);
	const char **only = sp_arena_array(&j->cli->arena, (size_t)n + 1, sizeof(*only));
	const char **except =
		sp_arena_array(&j->cli->arena, (size_t)n + n_without + 1, sizeof(*except));

	if (!only || !except)
		return sp_fail(err, SP_E_NO_MEMORY, "read --rule");
	for (uint32_t i = 0; i < n; i++)
		if (*v[i] == '!')
			except[j->opt.n_except++] = v[i] + 1;
		else
			only[j->opt.n_only++] = v[i];
	for (uint32_t i = 0; i < n_without; i++)
		except[j->opt.n_except++] = without[i];
	for (uint32_t i = 0; i < j->opt.n_only + j->opt.n_except; i++) {
		const char *id = i < j->opt.n_only ? only[i] : except[i - j->opt.n_only];
		bool known = sp_lint_rule_find(id) || strncmp(id, "VAL-", 4) == 0;

		for (size_t k = 0; k < sp_lint_rules_n && !known; k++)
			known = *id && strncasecmp(sp_lint_rules[k].id, id, strlen(id)) == 0;
		if (!known)
			return sp_fail(err, SP_E_INVALID,
				       "there is no rule '%s'; 'sidepod lint --list-rules' lists "
				       "them",
				       id);
	}
	j->opt.only = only;
	j->opt.except = except;
	return 0;
}

static int read_node(struct job *j, struct sp_error *err)
{
	int64_t v[SP_RES_KINDS];

	if (sp_cli_amounts(j->cli, "node", v, err) < 0)
		return -1;
	j->opt.node_milli = v[SP_RES_CPU] == SP_RES_UNSET ? -1 : v[SP_RES_CPU];
	j->opt.node_bytes = v[SP_RES_MEMORY] == SP_RES_UNSET ? -1 : v[SP_RES_MEMORY];
	return 0;
}

static enum sp_severity severity_of(const char *word)
{
	return sp_streq(word, "error")     ? SP_SEV_ERROR
	       : sp_streq(word, "warning") ? SP_SEV_WARNING
					   : SP_SEV_INFO;
}

static enum sp_lint_format format_of(const char *word)
{
	const char *names = sp_lint_format_names;
	int n = 0;

	for (const char *p = names; *p; p += strcspn(p, "|"), p += *p == '|', n++)
		if (strcspn(p, "|") == strlen(word) && strncmp(p, word, strlen(word)) == 0)
			return (enum sp_lint_format)n;
	return SP_LINT_HUMAN;
}

static int verdict(struct job *j)
{
	const char *fail_on = sp_flag_text(j->cli, "fail-on");
	bool all = sp_flag_bool(j->cli, "all");

	if (j->lint.n_broken)
		return SP_EXIT_MANIFEST;
	for (uint32_t i = 0; i < j->lint.n_findings && !sp_streq(fail_on, "never"); i++)
		if (sp_finding_shown(&j->lint.findings[i], severity_of(fail_on), all))
			return SP_EXIT_FAILED;
	return SP_EXIT_OK;
}

static int report(struct job *j)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf out = {0};
	const struct sp_lint_report r = {
		.format = format_of(sp_flag_text(j->cli, "output")),
		.threshold = severity_of(sp_flag_text(j->cli, "severity")),
		.all = sp_flag_bool(j->cli, "all"),
		.color = j->cli->out_look.color,
		.ascii = j->cli->out_look.ascii,
		.quiet = sp_flag_bool(j->cli, "quiet"),
		.verbose = sp_flag_bool(j->cli, "verbose"),
	};
	int told;

	sp_buf_puts(&out, "");
	sp_lint_print(&j->lint, &r, &out);
	if (j->text_is_result) {
		(void)fputs(out.ptr ? out.ptr : "", j->cli->err); /* nowhere else to tell it */
		return fflush(j->cli->out) ? SP_EXIT_FAILED : verdict(j);
	}
	told = sp_cli_print(j->cli, &out);
	return told != SP_EXIT_OK ? told : verdict(j);
}

static int list_rules(struct sp_cli *cli)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf out = {0};

	sp_lint_rules_print(sp_flag_is(cli, "output", "markdown"), &out);
	return sp_cli_print(cli, &out);
}

static int explain(struct sp_cli *cli, const char *id)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf out = {0};
	const struct sp_lint_rule *r = sp_lint_rule_find(id);

	if (!r)
		return sp_cli_usage(cli, "there is no rule '%s'", id);
	sp_lint_rule_text(r, &out);
	return sp_cli_print(cli, &out);
}

static int run(struct sp_cli *cli, int argc, char **argv)
{
	SP_CLEANUP(job_done) struct job j = {.cli = cli};
	struct sp_error err;

	if (sp_flag_bool(cli, "list-rules"))
		return list_rules(cli);
	if (sp_flag_text(cli, "explain"))
		return explain(cli, sp_flag_text(cli, "explain"));
	if (argc == 0)
		return sp_cli_usage(cli, "which file? '-' reads standard input");
	if (sp_cli_kube_minor(cli, SP_LINT_MINOR_OLDEST, &j.opt.kube_minor, &err) < 0 ||
	    read_rules(&j, &err) < 0 || read_node(&j, &err) < 0)
		return sp_cli_usage(cli, "%s", err.text);
	j.opt.closed = sp_flag_bool(cli, "closed");
	j.opt.catalogue = j.catalogue = sp_cli_catalogue(cli, &err);
	if (!j.catalogue)
		return sp_cli_fail(cli, &err);
	sp_lint_init(&j.lint, &j.opt);
	if (sp_cli_visit_files(cli, (const char *const *)argv, (uint32_t)argc, add_file, &j, &err) <
		    0 ||
	    sp_lint_run(&j.lint, &err) < 0)
		return sp_cli_fail_input(cli, &err);
	return report(&j);
}

static void complete_rules(struct sp_cli *cli, struct sp_buf *out)
{
	for (size_t i = 0; i < sp_lint_rules_n; i++)
		sp_buf_printf(out, "%s\t%s\n", sp_lint_rules[i].id, sp_lint_rules[i].name);
}

static const struct sp_flag flags[] = {
	{.name = "output",
	 .letter = 'o',
	 .kind = SP_FLAG_CHOICE,
	 .arg = "FORMAT",
	 .choices = "human|json|sarif|junit|github|tap|markdown",
	 .standard = "human",
	 .help = "Print findings as; markdown is for --list-rules"},
	{.name = "severity",
	 .kind = SP_FLAG_CHOICE,
	 .arg = "LEVEL",
	 .choices = "error|warning|info",
	 .standard = "info",
	 .help = "Leave out findings that are less severe"},
	{.name = "fail-on",
	 .kind = SP_FLAG_CHOICE,
	 .arg = "LEVEL",
	 .choices = "error|warning|info|never",
	 .standard = "warning",
	 .help = "Exit with 1 when there is a finding of this severity or worse"},
	{.name = "all",
	 .kind = SP_FLAG_BOOL,
	 .help = "Also findings that are no more than a guess"},
	{.name = "rule",
	 .kind = SP_FLAG_LIST,
	 .arg = "ID",
	 .completes = SP_COMPLETE_OWN,
	 .help = "Only these rules: SP202, wait-loop, SP3 for a family; !ID leaves one out"},
	{.name = "exclude",
	 .kind = SP_FLAG_LIST,
	 .arg = "ID",
	 .completes = SP_COMPLETE_OWN,
	 .help = "Leave these rules out"},
	{.name = "fix",
	 .kind = SP_FLAG_CHOICE,
	 .arg = "WHICH",
	 .choices = "safe|all",
	 .if_bare = "safe",
	 .help = "Apply fixes that change nothing but what was meant, or all that are known; the "
		 "change is shown as a diff"},
	SP_FLAG_DRY_RUN,
	{.name = "explain",
	 .kind = SP_FLAG_TEXT,
	 .arg = "ID",
	 .completes = SP_COMPLETE_OWN,
	 .help = "Say what a rule looks for, why, and what to do"},
	{.name = "list-rules", .kind = SP_FLAG_BOOL, .help = "List all rules"},
	SP_FLAG_CATALOGUE,
	{.name = "closed",
	 .kind = SP_FLAG_BOOL,
	 .help = "The files are all there is: a missing ConfigMap or Secret is an error"},
	SP_FLAG_NODE,
	{.name = "stdin-name",
	 .kind = SP_FLAG_TEXT,
	 .arg = "NAME",
	 .help = "What standard input is called in findings"},
	{.name = "quiet", .letter = 'q', .kind = SP_FLAG_BOOL, .help = "No summary"},
	{.name = "verbose",
	 .letter = 'v',
	 .kind = SP_FLAG_BOOL,
	 .help = "Also tell which products were recognised, and where and when each fact about "
		 "them was read"},
	{.name = "kube-version",
	 .kind = SP_FLAG_TEXT,
	 .arg = "1.N",
	 .standard = "1.36",
	 .help = "Judge by the rules of this Kubernetes release, 1.20 to 1.37; before 1.28 there "
		 "are no sidecars, and fields are those of 1.28"},
	{0},
};

const struct sp_command sp_command_lint = {
	.name = "lint",
	.summary = "Find what in manifests will not do what it seems to",
	.args = "FILE…",
	.about =
		"Reads Pods and everything with a pod template, also in lists, in rendered Helm or "
		"Kustomize output, and in broken files. Needs no cluster and no root. Grace "
		"periods and start gates are judged by simulating the pod.\n\n"
		"A finding that is meant to be is silenced by a comment on its line or the line "
		"above, '# sidepod:ignore SP202 reason', or for a whole object by the annotation "
		"'sidepod.dev/ignore: SP202,SP401'.\n\n"
		"Exit codes: 0 nothing found, 1 findings, 2 wrong command line, 4 a file that "
		"cannot be read as YAML.",
	.flags = flags,
	.min_args = 0,
	.max_args = -1,
	.completes = SP_COMPLETE_FILE,
	.complete = complete_rules,
	.examples = {{"lint k8s/", "all manifests of a directory"},
		     {"lint --fix deploy.yaml", "apply the fixes that are safe"},
		     {"lint -o sarif - < rendered.yaml", "for code scanning"}},
	.run = run,
};
