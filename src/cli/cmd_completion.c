/* SPDX-License-Identifier: Apache-2.0 */
/* `sidepod completion SHELL`: the script that a shell loads. */
#include "cli/cli_internal.h"

static int run(struct sp_cli *cli, int argc, char **argv)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf b = {0};

	if (!sp_complete_script(argv[0], &b))
		return sp_cli_usage(cli, "no completion for '%s'; there is bash, zsh and fish",
				    argv[0]);
	return sp_cli_print(cli, &b);
}

static void complete(struct sp_cli *cli, struct sp_buf *out)
{
	sp_buf_puts(out, "bash\t\nzsh\t\nfish\t\n");
}

const struct sp_command sp_command_completion = {
	.name = "completion",
	.summary = "Print the completion script of a shell",
	.args = "bash|zsh|fish",
	.about = "Print a script that makes the shell complete commands, flags, pods, containers, "
		 "runs, rules and scenes. It asks sidepod itself, so it never gets out of date.",
	.examples = {{"completion bash > /etc/bash_completion.d/sidepod", "for everybody"},
		     {"completion zsh > \"${fpath[1]}/_sidepod\"", "for zsh"},
		     {"completion fish > ~/.config/fish/completions/sidepod.fish", "for fish"}},
	.min_args = 1,
	.max_args = 1,
	.completes = SP_COMPLETE_OWN,
	.complete = complete,
	.run = run,
};
