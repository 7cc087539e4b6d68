/* SPDX-License-Identifier: Apache-2.0 */
/* `sidepod help [COMMAND…]`: the same as --help. */
#include "cli/cli_internal.h"

static int run(struct sp_cli *cli, int argc, char **argv)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf b = {0}, path = {0};
	const struct sp_command *const *list = sp_commands;
	const struct sp_command *c = NULL;

	for (int i = 0; i < argc; i++) {
		c = list ? sp_command_find(list, argv[i]) : NULL;
		if (!c)
			return sp_cli_usage(cli, "no help for '%s'", argv[i]);
		sp_buf_printf(&path, "%s%s", i ? " " : "", c->name);
		list = c->subs;
	}
	if (c)
		sp_help_command(c, path.ptr, &b);
	else
		sp_help_overview(sp_commands, &b);
	return sp_cli_print(cli, &b);
}

const struct sp_command sp_command_help = {
	.name = "help",
	.summary = "Show the help of a command",
	.args = "[COMMAND]",
	.max_args = -1,
	.completes = SP_COMPLETE_COMMAND,
	.run = run,
};
