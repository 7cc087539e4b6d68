/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shell completion. The scripts are thin: they hand the words typed so far to
 * `sidepod internal complete`, which answers from the same tables as the parser.
 */
#include "cli/cli_internal.h"

static const char bash_script[] =
	"# bash completion of sidepod; load it with: source <(sidepod completion bash)\n"
	"_sidepod() {\n"
	"\tlocal IFS=$'\\n' line words=(\"${COMP_WORDS[@]:1:COMP_CWORD}\") found=()\n"
	"\tmapfile -t found < <(sidepod internal complete -- \"${words[@]}\" 2>/dev/null)\n"
	"\tCOMPREPLY=()\n"
	"\tcase ${found[0]} in\n"
	"\t:file) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- \"$2\"); return ;;\n"
	"\t:dir) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -d -- \"$2\"); return ;;\n"
	"\tesac\n"
	"\tfor line in \"${found[@]}\"; do\n"
	"\t\tCOMPREPLY+=(\"${line%%$'\\t'*}\")\n"
	"\tdone\n"
	"\t[[ ${#COMPREPLY[@]} == 1 && ${COMPREPLY[0]} == *= ]] && compopt -o nospace\n"
	"}\n"
	"complete -F _sidepod sidepod\n";

static const char zsh_script[] =
	"#compdef sidepod\n"
	"# zsh completion of sidepod; load it with: source <(sidepod completion zsh)\n"
	"_sidepod() {\n"
	"\tlocal -a found plain\n"
	"\tlocal line\n"
	"\tfound=(\"${(@f)$(sidepod internal complete -- \"${(@)words[2,CURRENT]}\" "
	"2>/dev/null)}\")\n"
	"\tcase $found[1] in\n"
	"\t:file) _files; return ;;\n"
	"\t:dir) _files -/; return ;;\n"
	"\tesac\n"
	"\tfor line in $found; do\n"
	"\t\t[[ -n $line ]] && plain+=(\"${${line%%$'\\t'*}//:/\\\\:}:${line#*$'\\t'}\")\n"
	"\tdone\n"
	"\t_describe sidepod plain\n"
	"}\n"
	"compdef _sidepod sidepod\n";

static const char fish_script[] =
	"# fish completion of sidepod; load it with: sidepod completion fish | source\n"
	"function __sidepod_complete\n"
	"\tset -l words (commandline -opc) (commandline -ct)\n"
	"\tset -l found (sidepod internal complete -- $words[2..-1] 2>/dev/null)\n"
	"\tswitch \"$found[1]\"\n"
	"\t\tcase :file\n"
	"\t\t\t__fish_complete_path (commandline -ct)\n"
	"\t\tcase :dir\n"
	"\t\t\t__fish_complete_directories (commandline -ct)\n"
	"\t\tcase '*'\n"
	"\t\t\tprintf '%s\\n' $found\n"
	"\tend\n"
	"end\n"
	"complete -c sidepod -f -a '(__sidepod_complete)'\n";

bool sp_complete_script(const char *shell, struct sp_buf *out)
{
	static const struct {
		const char *shell, *text;
	} scripts[] = {{"bash", bash_script}, {"zsh", zsh_script}, {"fish", fish_script}};

	for (size_t i = 0; i < SP_ARRAY_LEN(scripts); i++)
		if (sp_streq(scripts[i].shell, shell)) {
			sp_buf_puts(out, scripts[i].text);
			return true;
		}
	return false;
}

static void candidate(struct sp_buf *out, const char *start, const char *word, const char *what)
{
	if (strncmp(word, start, strlen(start)) == 0)
		sp_buf_printf(out, "%s\t%s\n", word, what);
}

static void commands_of(const struct sp_command *const *list, const char *start, struct sp_buf *out)
{
	for (; *list; list++)
		if (!(*list)->hidden)
			candidate(out, start, (*list)->name, (*list)->summary);
}

static void flags_of(const struct sp_flag *f, const char *start, struct sp_buf *out)
{
	for (; f && f->name; f++) {
		char mem[80];
		struct sp_buf b = sp_buf_fixed(mem, sizeof(mem));

		sp_buf_printf(&b, "--%s", f->name);
		candidate(out, start, mem, f->help);
	}
}

static const struct sp_flag *flag_named(const struct sp_flag *f, const char *word, size_t n)
{
	for (; f && f->name; f++) {
		if (n > 2 && strlen(f->name) == n - 2 && memcmp(word + 2, f->name, n - 2) == 0)
			return f;
		if (n == 2 && f->letter && word[1] == f->letter)
			return f;
	}
	return NULL;
}

/* Lines of @own that begin with @start, each behind @prefix. */
static void filter(const struct sp_buf *own, const char *prefix, const char *start,
		   struct sp_buf *out)
{
	const char *p = own->len ? own->ptr : "";

	while (*p) {
		size_t n = strcspn(p, "\n");

		if (strncmp(p, start, strlen(start)) == 0 || *p == ':') {
			sp_buf_puts(out, *p == ':' ? "" : prefix);
			sp_buf_add(out, p, n);
			sp_buf_putc(out, '\n');
		}
		p += n + (p[n] == '\n');
	}
}

static void values_of(struct sp_cli *cli, const struct sp_command *c, const struct sp_flag *f,
		      const char *first_arg, const char *prefix, const char *start,
		      struct sp_buf *out)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf own = {0};

	if (f->choices) {
		const char *p = f->choices;

		while (*p) {
			size_t n = strcspn(p, "|");

			sp_buf_add(&own, p, n);
			sp_buf_putc(&own, '\n');
			p += n + (p[n] == '|');
		}
	} else {
		sp_complete_objects(cli, c, f->completes, first_arg, &own);
	}
	filter(&own, prefix, start, out);
}

void sp_complete_words(struct sp_cli *cli, const struct sp_command *const *commands, int n,
		       char **words, struct sp_buf *out)
{
	const struct sp_command *const *list = commands;
	const struct sp_command *c = NULL;
	const struct sp_flag *pending = NULL; /* its value is the next word */
	const struct sp_flag *newest = NULL;  /* the word before was this flag */
	const char *first_arg = NULL, *last = n > 0 ? words[n - 1] : "";
	bool raw = false;

	for (int i = 0; i + 1 < n; i++) {
		const char *w = words[i];
		const struct sp_flag *f = newest;

		newest = NULL;
		if (f && sp_streq(w, "=")) { /* bash takes --flag=value apart */
			pending = f;
		} else if (pending) {
			pending = NULL;
		} else if (!raw && sp_streq(w, "--")) {
			raw = true;
		} else if (!raw && w[0] == '-' && w[1]) {
			f = c ? flag_named(c->flags, w, strlen(w)) : NULL;
			f = f ? f : flag_named(sp_global_flags, w, strlen(w));
			newest = f;
			if (f && f->kind != SP_FLAG_BOOL && !f->if_bare)
				pending = f;
		} else if (!raw && list) {
			c = sp_command_find(list, w);
			if (!c)
				return;
			list = c->subs;
		} else if (!first_arg) {
			first_arg = w;
		}
	}
	if (newest && sp_streq(last, "=")) {
		values_of(cli, c, newest, first_arg, "", "", out);
	} else if (pending) {
		values_of(cli, c, pending, first_arg, "", last, out);
	} else if (!raw && last[0] == '-') {
		const char *eq = strchr(last, '=');
		size_t len = eq ? (size_t)(eq - last) : 0;
		const struct sp_flag *f = eq && c ? flag_named(c->flags, last, len) : NULL;

		f = f || !eq ? f : flag_named(sp_global_flags, last, len);
		if (f) {
			char mem[80];
			struct sp_buf prefix = sp_buf_fixed(mem, sizeof(mem));

			sp_buf_add(&prefix, last, len + 1);
			values_of(cli, c, f, first_arg, mem, eq + 1, out);
			return;
		}
		if (c)
			flags_of(c->flags, last, out);
		flags_of(sp_global_flags, last, out);
	} else if (list) {
		commands_of(list, last, out);
	} else if (c && !raw) {
		SP_CLEANUP(sp_buf_done) struct sp_buf own = {0};
		enum sp_completes what = c->completes;

		/* `logs POD CONTAINER`, `wait pod/NAME`: the second word belongs to the first */
		if (what == SP_COMPLETE_POD && first_arg)
			what = c->max_args == 1 ? SP_COMPLETE_NONE : SP_COMPLETE_CONTAINER;
		if (what == SP_COMPLETE_COMMAND)
			commands_of(commands, last, out);
		else
			sp_complete_objects(cli, c, what, first_arg, &own);
		filter(&own, "", last, out);
	}
}
