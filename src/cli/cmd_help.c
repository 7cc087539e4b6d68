/* SPDX-License-Identifier: Apache-2.0 */
/* `sidepod help [COMMAND…]`: the same as --help. */
#include "cli/cli_internal.h"
#include "cli/doctor.h"

/* `sidepod` alone: what it is, whether it works here, what to try. */
int sp_help_first(struct sp_cli *cli)
{
	static const char *const verdicts[] = {
		[SP_HEALTH_OK] = "This machine can run pods.",
		[SP_HEALTH_LIMITED] =
			"This machine can run pods, with limits: see `sidepod doctor`.",
		[SP_HEALTH_MISSING] =
			"Pods cannot run here yet: `sidepod doctor` says what is missing.",
	};
	SP_CLEANUP(sp_buf_done) struct sp_buf b = {0};
	struct sp_place place;
	struct sp_doctor d;
	struct sp_error err;

	if (sp_place_open(cli, &place, &err) < 0)
		return sp_cli_fail(cli, &err);
	sp_doctor_examine(cli, &place, &d);
	sp_buf_printf(
		&b,
		"sidepod %s runs Kubernetes pods with native sidecars on plain Linux.\n"
		"%s\n\n"
		"Try:\n"
		"  sidepod demo             a pod with sidecars, run for real and drawn\n"
		"  sidepod run pod.yaml     your manifest, started in order and followed\n"
		"  sidepod lint pod.yaml    sidecar mistakes in it\n\n"
		"All commands: sidepod --help. The manual: man sidepod, man sidepod-lifecycle.\n",
		SP_VERSION, verdicts[sp_doctor_worst(&d)]);
	return sp_cli_print(cli, &b);
}

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
