/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `sidepod internal page`: the man pages that belong to no command, made from the same tables as
 * the behaviour: sidepod-lifecycle(7) from the rules, sidepod-manifest(5) from the fields.
 */
#include "base/text.h"
#include "cli/cli_internal.h"
#include "explain/explain.h"
#include "spec/tables.h"

static void head(const char *title, int section, const char *what, struct sp_buf *out)
{
	sp_buf_printf(out,
		      ".TH \"%s\" %d \"\" \"sidepod %s\" \"sidepod manual\"\n.SH NAME\n%s \\- %s\n",
		      title, section, SP_VERSION, title, what);
}

/* "TERM-12\ttext" lines; a new section for each group. */
static void lifecycle_page(struct sp_buf *out)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf rules = {0};
	struct sp_str group = SP_STR("");

	head("sidepod-lifecycle", 7, "how pods live in sidepod, rule by rule", out);
	sp_buf_puts(out, ".SH DESCRIPTION\nThe rules that pods follow, with the names that\n"
			 ".B sidepod explain\nand the reports of\n.B sidepod lint\nuse.\n");
	sp_explain_rules(&rules);
	for (char *line = rules.ptr, *next; line && *line; line = next) {
		char *tab = strchr(line, '\t'), *dash = strchr(line, '-');

		next = strchr(line, '\n');
		if (!next || !tab)
			return;
		*next++ = *tab = '\0';
		if (dash) {
			struct sp_str of = {line, (size_t)(dash - line)};

			if (!sp_str_eq(of, group))
				sp_buf_printf(out, ".SH " SP_STR_FMT "\n", SP_STR_ARG(of));
			group = of;
		}
		sp_buf_puts(out, ".TP\n.B ");
		sp_help_roff(out, line);
		sp_buf_putc(out, '\n');
		sp_help_roff(out, tab + 1);
		sp_buf_putc(out, '\n');
	}
}

static void field(const struct sp_field *f, struct sp_buf *out)
{
	sp_buf_puts(out, ".TP\n.B ");
	sp_help_roff(out, sp_field_name(f));
	sp_buf_printf(out, "\n<%s>", sp_field_kind_name(f));
	if (f->type)
		sp_buf_printf(out, " of type %s", sp_type_get((enum sp_type_id)f->type)->name);
	if (f->act == SP_ACT_NO)
		sp_buf_puts(out, ", not acted on");
	sp_buf_puts(out, ".\n");
	if (*sp_field_doc(f)) {
		sp_help_roff(out, sp_field_doc(f));
		sp_buf_putc(out, '\n');
	}
	if (sp_field_default(f)) {
		sp_buf_puts(out, "Default: ");
		sp_help_roff(out, sp_field_default(f));
		sp_buf_puts(out, ".\n");
	}
	if (sp_field_values(f)) {
		sp_buf_puts(out, "Values: ");
		sp_help_roff(out, sp_field_values(f));
		sp_buf_puts(out, ".\n");
	}
}

static void manifest_page(struct sp_buf *out)
{
	head("sidepod-manifest", 5, "the manifests that sidepod reads", out);
	sp_buf_puts(out,
		    ".SH DESCRIPTION\nManifests are those of Kubernetes, as YAML or JSON, with\n"
		    "several documents in a file. Each section below is one type; the fields\n"
		    "of a pod begin at\n.BR Pod .\n");
	for (int id = SP_T_NONE + 1; id < SP_TYPES; id++) {
		const struct sp_type *t = sp_type_get((enum sp_type_id)id);

		if (!t->fields || !t->fields->text)
			continue;
		sp_buf_printf(out, ".SH %s\n", t->name);
		for (const struct sp_field *f = t->fields; f->text; f++)
			field(f, out);
	}
}

static int run_page(struct sp_cli *cli, int argc, char **argv)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf b = {0};

	if (sp_streq(argv[0], "lifecycle"))
		lifecycle_page(&b);
	else if (sp_streq(argv[0], "manifest"))
		manifest_page(&b);
	else
		return sp_cli_usage(cli, "no page '%s'; there are lifecycle and manifest", argv[0]);
	sp_buf_puts(&b, ".SH SEE ALSO\n.BR sidepod (1),\n.BR sidepod\\-explain (1)\n");
	return sp_cli_print(cli, &b);
}

const struct sp_command sp_command_page = {
	.name = "page",
	.summary = "A man page that belongs to no command",
	.args = "lifecycle|manifest",
	.min_args = 1,
	.max_args = 1,
	.run = run_page,
};
