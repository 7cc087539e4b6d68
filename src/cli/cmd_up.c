/* SPDX-License-Identifier: Apache-2.0 */
/* `sidepod up`: start what stays after the command. */
#include "cli/workload.h"

static int run(struct sp_cli *cli, int argc, char **argv)
{
	struct sp_session s = {.keep = true};
	const char *wait = sp_flag_text(cli, "wait");
	int r;

	sp_launch_init(&s.launch, cli);
	sp_session_flags(&s, cli);
	r = sp_session_check(&s, cli);
	if (wait)
		s.leave = sp_streq(wait, "Complete") ? SP_LEAVE_COMPLETE : SP_LEAVE_READY;
	else if (sp_flag_bool(cli, "detach"))
		s.leave = SP_LEAVE_STARTED;
	if (wait)
		s.leave_timeout = sp_flag_time(cli, "timeout", 0);
	if (s.leave) /* of what goes on there is no picture yet; `timeline` draws it later */
		s.timeline = s.events = NULL;
	if (r == 0)
		r = sp_launch_load(&s.launch, argc, argv);
	if (r == 0)
		r = sp_workload_run(&s);
	sp_launch_done(&s.launch);
	return r;
}

static const struct sp_flag flags[] = {
	{.name = "detach",
	 .letter = 'd',
	 .kind = SP_FLAG_BOOL,
	 .help = "Start and leave it running"},
	{.name = "wait",
	 .kind = SP_FLAG_CHOICE,
	 .arg = "FOR",
	 .choices = "Ready|Complete",
	 .if_bare = "Ready",
	 .help = "Wait until all is, then leave it running"},
	{.name = "timeout",
	 .kind = SP_FLAG_DURATION,
	 .arg = "TIME",
	 .help = "With --wait: give up after this time, exit code 3"},
	SP_LAUNCH_FLAGS,
	SP_SESSION_FLAGS,
	{0},
};

const struct sp_command sp_command_up = {
	.name = "up",
	.summary = "Start what outlives this command",
	.args = "FILE…",
	.about =
		"Like run, but what finished stays visible until `sidepod down`. With -d all is left "
		"running at once, with --wait as soon as it is Ready or complete.\n\n"
		"Pods need nobody to go on. Deployments, Jobs, Services and all else that is "
		"controlled are kept by a session in the background, which `get`, `describe` and "
		"`down` ask; it ends when `down` has taken the last of it. Ready is a Deployment or a "
		"set with all replicas ready, and a Job whose pods are, or that has ended; complete, "
		"for Pods and Jobs, is their end. One that failed makes the exit code 1.",
	.examples = {{"up -d app.yaml", "start and return"},
		     {"up --wait --timeout 30s app.yaml", "return when Ready, or with code 3"},
		     {"up --wait=Complete job.yaml", "return when it is done"}},
	.flags = flags,
	.max_args = -1,
	.completes = SP_COMPLETE_FILE,
	.run = run,
};
