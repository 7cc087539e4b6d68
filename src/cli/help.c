/* SPDX-License-Identifier: Apache-2.0 */
/* Help texts and man pages, printed from the tables of commands and flags; 80 columns. */
#include "cli/cli_internal.h"

#include "base/text.h"

#define WIDTH 80
#define ABOUT                                                                                      \
	"sidepod runs Kubernetes pods with native sidecars on plain Linux: the manifest that you " \
	"deploy, with the order, the probes and the shutdown of a cluster, and without a cluster."

void sp_wrap_text(struct sp_buf *out, const char *text, size_t col, size_t indent, size_t width)
{
	bool first = true;

	while (*text) {
		size_t n = strcspn(text, " \n");
		char word[256];
		struct sp_buf w = sp_buf_fixed(word, sizeof(word));
		size_t cols;

		sp_buf_add(&w, text, n);
		cols = sp_utf8_columns(word);
		if (!first && col + 1 + cols > width) {
			sp_buf_putc(out, '\n');
			sp_buf_fill(out, ' ', indent);
			col = indent;
		} else if (!first) {
			sp_buf_putc(out, ' ');
			col++;
		}
		sp_buf_add(out, text, n);
		col += cols;
		first = false;
		text += n;
		while (*text == ' ' || (*text == '\n' && text[1] != '\n'))
			text++;
		if (*text == '\n') { /* an empty line: next paragraph */
			sp_buf_puts(out, "\n\n");
			sp_buf_fill(out, ' ', indent);
			col = indent;
			first = true;
			text += 2;
		}
	}
	sp_buf_putc(out, '\n');
}

/* "-g, --grace SECONDS" */
static void flag_usage(const struct sp_flag *f, struct sp_buf *out)
{
	if (f->letter)
		sp_buf_printf(out, "-%c, --%s", f->letter, f->name);
	else
		sp_buf_printf(out, "    --%s", f->name);
	if (f->kind == SP_FLAG_BOOL)
		return;
	sp_buf_printf(out, f->if_bare ? "[=%s]" : " %s", f->arg);
}

/* The sentence, what values there are and which one stands when none is given. */
static void flag_text(const struct sp_flag *f, struct sp_buf *out)
{
	sp_buf_puts(out, f->help);
	if (f->kind == SP_FLAG_CHOICE) {
		sp_buf_puts(out, ": ");
		for (const char *p = f->choices; *p; p++)
			if (*p == '|')
				sp_buf_puts(out, ", ");
			else
				sp_buf_putc(out, *p);
	}
	if (f->standard)
		sp_buf_printf(out, " (default %s)", f->standard);
}

static void print_flags(const char *title, const struct sp_flag *f, const struct sp_flag *hide,
			struct sp_buf *out)
{
	enum { TEXT_COL = 28 };

	if (!f || !f->name)
		return;
	sp_buf_printf(out, "\n%s:\n", title);
	for (; f->name; f++) {
		char mem[512];
		struct sp_buf left = sp_buf_fixed(mem, sizeof(mem));
		char text[1024];
		struct sp_buf right = sp_buf_fixed(text, sizeof(text));
		const struct sp_flag *h;

		for (h = hide; h && h->name && !sp_streq(h->name, f->name); h++)
			;
		if (h && h->name)
			continue; /* the command has its own flag of this name */
		sp_buf_puts(&left, "  ");
		flag_usage(f, &left);
		flag_text(f, &right);
		sp_buf_puts(out, mem);
		if (left.len + 2 > TEXT_COL) {
			sp_buf_putc(out, '\n');
			sp_buf_fill(out, ' ', TEXT_COL);
		} else {
			sp_buf_fill(out, ' ', TEXT_COL - left.len);
		}
		sp_wrap_text(out, text, TEXT_COL, TEXT_COL, WIDTH);
	}
}

static void print_usage(const struct sp_command *c, const char *path, struct sp_buf *out)
{
	sp_buf_printf(out, "sidepod %s", path);
	if (c->flags && c->flags->name)
		sp_buf_puts(out, " [flags]");
	if (c->args)
		sp_buf_printf(out, " %s", c->args);
}

static void print_examples(const struct sp_command *c, struct sp_buf *out)
{
	size_t widest = 0;

	if (!c->examples[0].line)
		return;
	for (size_t i = 0; i < SP_ARRAY_LEN(c->examples); i++)
		if (c->examples[i].line)
			widest = SP_MAX(widest, strlen(c->examples[i].line));
	sp_buf_puts(out, "Examples:\n");
	for (size_t i = 0; i < SP_ARRAY_LEN(c->examples) && c->examples[i].line; i++) {
		size_t n = strlen(c->examples[i].line);
		size_t col = 12 + widest;

		sp_buf_printf(out, "  sidepod %s", c->examples[i].line);
		if (col > 48) { /* long lines: the explanation stands below */
			sp_buf_puts(out, "\n      ");
			sp_wrap_text(out, c->examples[i].what, 6, 6, WIDTH);
			continue;
		}
		sp_buf_fill(out, ' ', widest - n + 2);
		sp_wrap_text(out, c->examples[i].what, col, col, WIDTH);
	}
}

void sp_help_command(const struct sp_command *c, const char *path, struct sp_buf *out)
{
	print_examples(c, out);
	sp_buf_printf(out, "%sUsage: ", c->examples[0].line ? "\n" : "");
	print_usage(c, path, out);
	sp_buf_puts(out, "\n\n");
	sp_wrap_text(out, c->about ? c->about : c->summary, 0, 0, WIDTH);
	if (c->subs) {
		sp_buf_puts(out, "\nCommands:\n");
		for (const struct sp_command *const *s = c->subs; *s; s++)
			if (!(*s)->hidden)
				sp_buf_printf(out, "  %-12s %s\n", (*s)->name, (*s)->summary);
	}
	print_flags("Flags", c->flags, NULL, out);
	print_flags("Flags of every command", sp_global_flags, c->flags, out);
}

void sp_help_overview(const struct sp_command *const *commands, struct sp_buf *out)
{
	sp_buf_puts(out, "Examples:\n"
			 "  sidepod demo             see a pod with a sidecar start and stop\n"
			 "  sidepod run pod.yaml     start a pod and follow it until it is done\n"
			 "  sidepod lint pod.yaml    find sidecar mistakes\n"
			 "\nUsage: sidepod COMMAND [flags] [arguments]\n\n");
	sp_wrap_text(out, ABOUT, 0, 0, WIDTH);
	sp_buf_puts(out, "\nCommands:\n");
	for (; *commands; commands++)
		if (!(*commands)->hidden)
			sp_buf_printf(out, "  %-12s %s\n", (*commands)->name, (*commands)->summary);
	print_flags("Flags of every command", sp_global_flags, NULL, out);
	sp_buf_puts(out, "\nEvery flag has an environment twin: --dry-run is SIDEPOD_DRY_RUN.\n"
			 "`sidepod COMMAND --help` says more; so does `man sidepod-COMMAND`.\n");
}

/* ---- man pages ------------------------------------------------------------------------------- */

/* Text with roff's special characters made harmless. */
void sp_help_roff(struct sp_buf *out, const char *s)
{
	bool start = true;

	for (; *s; s++) {
		if (start && (*s == '.' || *s == '\''))
			sp_buf_puts(out, "\\&");
		if (*s == '\\')
			sp_buf_puts(out, "\\e");
		else if (*s == '-')
			sp_buf_puts(out, "\\-");
		else if (*s == '\n' && s[1] == '\n')
			sp_buf_puts(out, "\n.PP");
		else
			sp_buf_putc(out, *s);
		start = *s == '\n';
	}
}

static void man_flags(const char *title, const struct sp_flag *f, struct sp_buf *out)
{
	if (!f || !f->name)
		return;
	sp_buf_printf(out, ".SH %s\n", title);
	for (; f->name; f++) {
		char mem[512];
		struct sp_buf b = sp_buf_fixed(mem, sizeof(mem));

		sp_buf_puts(out, ".TP\n.B ");
		flag_usage(f, &b);
		sp_help_roff(out, mem + (f->letter ? 0 : 4));
		sp_buf_putc(out, '\n');
		b = sp_buf_fixed(mem, sizeof(mem));
		flag_text(f, &b);
		sp_help_roff(out, mem);
		sp_buf_puts(out, ". Environment: ");
		sp_flag_env_name(f->name, out);
		sp_buf_puts(out, ".\n");
	}
}

static void man_exit_codes(struct sp_buf *out)
{
	static const struct {
		const char *code, *text;
	} codes[] = {
		{"0", "success: the pod Succeeded, the Job is Complete, nothing was found"},
		{"1", "the work failed: the pod or Job Failed, there are findings"},
		{"2", "wrong command line"},
		{"3", "manual steps remain, or waiting timed out"},
		{"4", "the manifest is invalid or unsupported; nothing was started"},
		{"5", "this machine cannot: permission, kernel feature, missing image"},
		{"125, 126, 127", "exec: engine error, not executable, not found"},
		{"128+n", "interrupted by signal n, after an orderly stop"},
	};

	sp_buf_puts(out, ".SH EXIT STATUS\n");
	for (size_t i = 0; i < SP_ARRAY_LEN(codes); i++) {
		sp_buf_printf(out, ".TP\n.B %s\n", codes[i].code);
		sp_help_roff(out, codes[i].text);
		sp_buf_puts(out, ".\n");
	}
}

static void man_commands(const struct sp_command *const *list, const char *path, struct sp_buf *out)
{
	sp_buf_puts(out, ".SH COMMANDS\n");
	for (; *list; list++) {
		if ((*list)->hidden)
			continue;
		sp_buf_puts(out, ".TP\n.BR sidepod\\-");
		if (*path)
			sp_buf_printf(out, "%s\\-", path);
		sp_buf_printf(out, "%s (1)\n", (*list)->name);
		sp_help_roff(out, (*list)->summary);
		sp_buf_puts(out, ".\n");
	}
}

void sp_help_man(const struct sp_command *const *commands, const struct sp_command *c,
		 const char *path, struct sp_buf *out)
{
	char mem[96];
	struct sp_buf name = sp_buf_fixed(mem, sizeof(mem));

	sp_buf_puts(&name, "sidepod");
	if (c) {
		sp_buf_putc(&name, '-');
		for (const char *p = path; *p; p++)
			sp_buf_putc(&name, *p == ' ' ? '-' : *p);
	}
	sp_buf_puts(out, ".TH \"");
	for (const char *p = mem; *p; p++)
		sp_buf_putc(out, *p >= 'a' && *p <= 'z' ? (char)(*p - 'a' + 'A') : *p);
	sp_buf_printf(out, "\" 1 \"\" \"sidepod %s\" \"sidepod manual\"\n.SH NAME\n", SP_VERSION);
	sp_help_roff(out, mem);
	sp_buf_puts(out, " \\- ");
	sp_help_roff(out,
		     c ? c->summary : "run Kubernetes pods with native sidecars on plain Linux");
	sp_buf_puts(out, "\n.SH SYNOPSIS\n");
	if (c)
		print_usage(c, path, out);
	else
		sp_buf_puts(out, "sidepod COMMAND [flags] [arguments]");
	sp_buf_puts(out, "\n.SH DESCRIPTION\n");
	sp_help_roff(out, c ? (c->about ? c->about : c->summary) : ABOUT);
	sp_buf_puts(out, "\n");
	if (!c)
		man_commands(commands, "", out);
	else if (c->subs)
		man_commands(c->subs, path, out);
	if (c)
		man_flags("FLAGS", c->flags, out);
	man_flags("FLAGS OF EVERY COMMAND", sp_global_flags, out);
	if (c && c->examples[0].line) {
		sp_buf_puts(out, ".SH EXAMPLES\n");
		for (size_t i = 0; i < SP_ARRAY_LEN(c->examples) && c->examples[i].line; i++) {
			sp_buf_puts(out, ".TP\n.B sidepod ");
			sp_help_roff(out, c->examples[i].line);
			sp_buf_putc(out, '\n');
			sp_help_roff(out, c->examples[i].what);
			sp_buf_putc(out, '\n');
		}
	}
	man_exit_codes(out);
	sp_buf_puts(out, ".SH SEE ALSO\n.BR sidepod (1),\n.BR sidepod\\-lifecycle (7),\n"
			 ".BR sidepod\\-manifest (5)\n");
}
