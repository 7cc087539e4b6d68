/* SPDX-License-Identifier: Apache-2.0 */
/* `sidepod up`: start pods that stay after the command. */
#include "cli/pods.h"
#include "cli/session.h"

static int start_alone(struct sp_launch *l)
{
	int r = sp_launch_start(l);
	struct sp_error err;

	for (uint32_t i = 0; i < l->n_pods; i++) {
		const struct sp_launched *p = &l->pods[i];

		if (sp_pod_wait_shown(l->cli, &l->place, p->uid, p->supervisor.pidfd, &err) < 0) {
			r = sp_cli_error(l->cli, SP_EXIT_ENVIRONMENT,
					 "pod '%s' could not begin: %s", p->name, err.text);
		} else {
			fprintf(l->cli->out, "pod/%s\n", p->name);
		}
	}
	return r;
}

static int run(struct sp_cli *cli, int argc, char **argv)
{
	struct sp_session s = {.keep = true};
	const char *wait = sp_flag_text(cli, "wait");
	int r;

	sp_launch_init(&s.launch, cli);
	sp_session_flags(&s, cli);
	r = sp_session_check_picture(cli, s.timeline);
	if (r == 0)
		r = sp_launch_load(&s.launch, argc, argv);
	if (r != 0)
		;
	else if (wait)
		r = sp_session_wait(&s,
				    sp_streq(wait, "Complete") ? SP_UNTIL_COMPLETE : SP_UNTIL_READY,
				    sp_flag_time(cli, "timeout", 0));
	else if (sp_flag_bool(cli, "detach"))
		r = start_alone(&s.launch);
	else
		r = sp_session_run(&s);
	sp_launch_done(&s.launch);
	return r;
}

static const struct sp_flag flags[] = {
	{.name = "detach",
	 .letter = 'd',
	 .kind = SP_FLAG_BOOL,
	 .help = "Start the pods and leave them running"},
	{.name = "wait",
	 .kind = SP_FLAG_CHOICE,
	 .arg = "FOR",
	 .choices = "Ready|Complete",
	 .if_bare = "Ready",
	 .help = "Wait until the pods are, then leave them running"},
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
	.summary = "Start pods that outlive this command",
	.args = "FILE…",
	.about = "Like run, but what finished stays visible until `sidepod down`. With -d the pods "
		 "are left running at once, with --wait as soon as they are Ready or complete.",
	.examples = {{"up -d pod.yaml", "start and return"},
		     {"up --wait --timeout 30s pod.yaml", "return when Ready, or with code 3"},
		     {"up --wait=Complete job.yaml", "return when it is done"}},
	.flags = flags,
	.max_args = -1,
	.completes = SP_COMPLETE_FILE,
	.run = run,
};
