/* SPDX-License-Identifier: Apache-2.0 */
/* `sidepod`: find the command, hand it its flags, give its exit code back. */
#include "cli/cli_internal.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static const char *from_environment(const char *name)
{
	return getenv(name);
}

/* Descriptors 0 to 2 are ours: a file opened in their place would receive messages. */
static void fill_standard_fds(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	while (fd >= 0 && fd <= 2);
	if (fd > 2)
		close(fd);
}

static int help(struct sp_cli *cli, const struct sp_parsed *p)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf b = {0};

	if (p->command)
		sp_help_command(p->command, cli->path, &b);
	else
		sp_help_overview(sp_commands, &b);
	return sp_cli_print(cli, &b);
}

int main(int argc, char **argv)
{
	struct sp_cli cli = {.out = stdout, .err = stderr, .env = from_environment, .words = argv};
	struct sp_parsed parsed;
	struct sp_error err;
	const char *color;
	char *version[] = {(char[]){"version"}};
	bool ascii;
	int r;

	fill_standard_fds();
	(void)signal(SIGPIPE, SIG_IGN);
	if (argc == 2 && sp_streq(argv[1], "--version"))
		r = sp_cli_parse(&cli, sp_commands, 1, version, &parsed, &err);
	else
		r = sp_cli_parse(&cli, sp_commands, argc > 0 ? argc - 1 : 0, argv + 1, &parsed,
				 &err);
	color = cli.n_values ? sp_flag_text(&cli, "color") : "auto";
	ascii = cli.n_values && sp_flag_bool(&cli, "ascii");
	cli.out_look = sp_look_open(STDOUT_FILENO, color, ascii, cli.env);
	cli.err_look = sp_look_open(STDERR_FILENO, color, ascii, cli.env);
	if (r < 0)
		r = sp_cli_usage(&cli, "%s", err.text);
	else if (parsed.help)
		r = help(&cli, &parsed);
	else if (!parsed.command)
		r = sp_help_first(&cli);
	else
		r = parsed.command->run(&cli, parsed.argc, parsed.argv);
	sp_arena_done(&cli.arena);
	return r;
}
