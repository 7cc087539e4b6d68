/* SPDX-License-Identifier: Apache-2.0 */
/* `sidepod run`: start what the manifests hold, follow it until it is done, clean up. */
#include "cli/workload.h"

static int run(struct sp_cli *cli, int argc, char **argv)
{
	struct sp_session s = {.keep = sp_flag_bool(cli, "keep")};
	const char *attach = sp_flag_text(cli, "attach");
	int r;

	sp_launch_init(&s.launch, cli);
	sp_session_flags(&s, cli);
	s.now = sp_flag_bool(cli, "now");
	s.watch = sp_flag_bool(cli, "watch");
	s.until = sp_flag_text(cli, "until");
	if (attach && argc > 0) {
		r = sp_cli_usage(cli, "--attach follows one pod that runs; it takes no FILE");
	} else if (attach) {
		r = sp_session_check(&s, cli);
		if (r == 0)
			r = sp_session_attach(&s, attach);
	} else {
		r = sp_session_check(&s, cli);
		if (r == 0)
			r = sp_launch_load(&s.launch, argc, argv);
		if (r == 0)
			r = sp_workload_run(&s);
	}
	sp_launch_done(&s.launch);
	return r;
}

static const struct sp_flag flags[] = {
	SP_LAUNCH_FLAGS,
	SP_SESSION_FLAGS,
	{.name = "attach",
	 .kind = SP_FLAG_TEXT,
	 .arg = "POD",
	 .help = "Follow a pod that runs already, as if it had been started here",
	 .completes = SP_COMPLETE_POD},
	{.name = "now",
	 .kind = SP_FLAG_BOOL,
	 .help = "Run each CronJob once, at once, and end with its verdict"},
	{.name = "until",
	 .kind = SP_FLAG_TEXT,
	 .arg = "[job/|pod/]NAME",
	 .help = "When this Job or Pod is over stop everything, and end with its verdict"},
	{.name = "watch",
	 .letter = 'w',
	 .kind = SP_FLAG_BOOL,
	 .help = "Apply the files again whenever one of them changes"},
	{.name = "keep",
	 .kind = SP_FLAG_BOOL,
	 .help = "Leave logs and status of finished pods for logs, ps and describe"},
	{0},
};

const struct sp_command sp_command_run = {
	.name = "run",
	.summary = "Start pods and follow them until they are done",
	.args = "FILE…",
	.about =
		"Start the pods of the manifests in the order that Kubernetes gives them, show "
		"their progress and their logs, and stop them in order when Ctrl-C is pressed: "
		"once for the whole grace period, twice for two more seconds, three times to kill "
		"at once. SIGTERM and a closed terminal do the same.\n\n"
		"The manifests may hold every kind that makes pods, with the ConfigMaps, Secrets, "
		"claims and Services that they need. Pods and Jobs are followed to their end: what "
		"failed is tried again until backoffLimit or activeDeadlineSeconds says stop. A "
		"Deployment, a set or a CronJob stays until Ctrl-C, which ends all of it in order; "
		"with --watch a file that is changed is applied again, and a Deployment rolls over "
		"to its new template. Objects that are taken out of the files are deleted. --until "
		"names the Job or Pod that all the rest is there for.\n\n"
		"Services have addresses, names and variables as in a cluster, for the pods of the "
		"run and for this machine, as long as the run lasts; with --watch also those that "
		"come later.\n\n"
		"FILE is a file, a directory, or - for standard input. All findings are told before "
		"anything starts, and so is every field that is not acted on. Killing this command "
		"does not hurt the pods; `sidepod ps` finds them.",
	.examples = {{"run pod.yaml --timeline run.svg", "start, follow, draw what happened"},
		     {"run app.yaml --watch", "whole applications; apply every change"},
		     {"run job.yaml --exit-code app", "in CI: exit as the app did"}},
	.flags = flags,
	.max_args = -1,
	.completes = SP_COMPLETE_FILE,
	.run = run,
};
