/* SPDX-License-Identifier: Apache-2.0 */
/* `sidepod internal …`: what the build, the shells and the supervisor ask for. Not for people. */
#include "cli/cli_internal.h"

static int run_man(struct sp_cli *cli, int argc, char **argv)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf b = {0}, path = {0};
	const struct sp_command *const *list = sp_commands;
	const struct sp_command *c = NULL;

	for (int i = 0; i < argc; i++) {
		c = list ? sp_command_find(list, argv[i]) : NULL;
		if (!c)
			return sp_cli_usage(cli, "no command '%s'", argv[i]);
		sp_buf_printf(&path, "%s%s", i ? " " : "", c->name);
		list = c->subs;
	}
	sp_help_man(sp_commands, c, c ? path.ptr : "", &b);
	return sp_cli_print(cli, &b);
}

static int run_complete(struct sp_cli *cli, int argc, char **argv)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf b = {0};

	sp_complete_words(cli, sp_commands, argc, argv, &b);
	return sp_cli_print(cli, &b);
}

static int run_commands(struct sp_cli *cli, int argc, char **argv)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf b = {0};

	for (const struct sp_command *const *c = sp_commands; *c; c++) {
		if ((*c)->hidden)
			continue;
		sp_buf_printf(&b, "%s\n", (*c)->name);
		for (const struct sp_command *const *s = (*c)->subs; s && *s; s++)
			if (!(*s)->hidden)
				sp_buf_printf(&b, "%s %s\n", (*c)->name, (*s)->name);
	}
	return sp_cli_print(cli, &b);
}

static const struct sp_command man = {
	.name = "man",
	.summary = "Man page of a command, or of sidepod itself",
	.args = "[COMMAND]",
	.max_args = 2,
	.completes = SP_COMPLETE_COMMAND,
	.run = run_man,
};
static const struct sp_command complete = {
	.name = "complete",
	.summary = "Candidates for the last of these words",
	.args = "-- WORD…",
	.max_args = -1,
	.run = run_complete,
};
static const struct sp_command commands = {
	.name = "commands",
	.summary = "Names of all commands and subcommands",
	.run = run_commands,
};

extern const struct sp_command sp_command_page;
static const struct sp_command *const subs[] = {&man, &sp_command_page, &complete, &commands, NULL};

const struct sp_command sp_command_internal = {
	.name = "internal",
	.summary = "For the build, the shells and the supervisor",
	.args = "man|page|complete|commands",
	.subs = subs,
	.hidden = true,
};
