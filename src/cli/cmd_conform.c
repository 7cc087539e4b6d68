/* SPDX-License-Identifier: Apache-2.0 */
/* `sidepod conform`: scenarios with real pods. */
#include "cli/files.h"

#include "conform/conform.h"
#include "sys/self.h"

#include <limits.h>

static volatile sig_atomic_t stopped;

static void stop(int sig)
{
	stopped = 1;
}

struct out {
	struct sp_cli *cli;
	int code;
};

static void emit(void *arg, const struct sp_buf *lines)
{
	struct out *o = arg;

	if (sp_cli_print(o->cli, lines) != SP_EXIT_OK)
		o->code = SP_EXIT_FAILED;
	(void)fflush(o->cli->out); /* whoever waits sees each result; the last print tells errors */
}

static int run(struct sp_cli *cli, int argc, char **argv)
{
	struct sp_source *v = sp_arena_array(&cli->arena, (size_t)argc, sizeof(*v));
	SP_CLEANUP(sp_buf_done) struct sp_buf end = {0};
	struct sp_conform_options o = {.emit = emit};
	const struct sigaction action = {.sa_handler = stop};
	struct out out = {.cli = cli};
	struct sp_tally tally = {0};
	struct sp_error err;
	char worker[PATH_MAX];
	int r;

	o.arg = &out;
	o.worker = worker;
	o.only = sp_flag_text(cli, "only");
	o.supervisor = sp_flag_text(cli, "supervisor");
	o.records = sp_flag_text(cli, "records");
	o.all_differences = sp_flag_bool(cli, "differences");
	o.time_scale = (int32_t)sp_flag_int(cli, "time-scale", 1);
	o.parallel = (uint32_t)sp_flag_int(cli, "parallel", 0);
	o.tolerance = sp_flag_time(cli, "tolerance", SP_CONFORM_TOLERANCE);
	o.limit =
		sp_flag_bool(cli, "all") ? SP_NEVER : sp_flag_time(cli, "limit", SP_CONFORM_LIMIT);
	if (sp_cli_kube_minor(cli, SP_KUBE_MINOR_OLDEST, &o.kube_minor, &err) < 0)
		return sp_cli_usage(cli, "%s", err.text);
	if (sp_self_sibling("sidepod-worker", worker, sizeof(worker), &err) < 0)
		return sp_cli_fail(cli, &err);
	for (int i = 0; i < argc; i++)
		if (!v || sp_cli_read(cli, argv[i], &v[i], &err) < 0)
			return v ? sp_cli_fail_input(cli, &err)
				 : sp_cli_error(cli, SP_EXIT_FAILED, "out of memory");
	o.stop = &stopped;
	(void)sigaction(SIGINT, &action, NULL); /* these two can be caught */
	(void)sigaction(SIGTERM, &action, NULL);
	r = sp_conform(&o, v, (uint32_t)argc, &tally, &err);
	sp_check_end(&tally, &end);
	if (sp_cli_print(cli, &end) != SP_EXIT_OK)
		return SP_EXIT_FAILED;
	if (r < 0)
		return sp_cli_fail(cli, &err);
	return tally.failed ? SP_EXIT_FAILED : out.code;
}

static const struct sp_flag flags[] = {
	{.name = "all",
	 .kind = SP_FLAG_BOOL,
	 .help = "Also scenarios that need more time than --limit"},
	{.name = "limit",
	 .kind = SP_FLAG_DURATION,
	 .arg = "TIME",
	 .standard = "15s",
	 .help = "Real time that one scenario may need"},
	{.name = "time-scale",
	 .kind = SP_FLAG_INT,
	 .arg = "N",
	 .standard = "1",
	 .min = 1,
	 .max = 100,
	 .help = "Make every wait N times shorter"},
	{.name = "tolerance",
	 .kind = SP_FLAG_DURATION,
	 .arg = "TIME",
	 .standard = "250ms",
	 .help = "How far a real event may be from its time"},
	{.name = "parallel",
	 .kind = SP_FLAG_INT,
	 .arg = "N",
	 .min = 1,
	 .max = 64,
	 .help = "Pods at a time; eight per processor by default"},
	{.name = "only",
	 .kind = SP_FLAG_TEXT,
	 .arg = "PATTERN",
	 .help = "Only scenarios with such an id; * stands for anything"},
	{.name = "differences",
	 .kind = SP_FLAG_BOOL,
	 .help = "Tell all differences of a scenario, not the first alone"},
	{.name = "records",
	 .kind = SP_FLAG_TEXT,
	 .arg = "DIR",
	 .help = "Keep the run record of each scenario there, as ID.jsonl",
	 .completes = SP_COMPLETE_DIR},
	{.name = "supervisor",
	 .kind = SP_FLAG_TEXT,
	 .arg = "PATH",
	 .help = "Program to run pods with, instead of the one beside this command",
	 .completes = SP_COMPLETE_FILE},
	SP_FLAG_KUBE_VERSION,
	{0},
};

const struct sp_command sp_command_conform = {
	.name = "conform",
	.summary = "Run scenarios with real pods and compare",
	.args = "FILE…",
	.about =
		"The pod of each scenario runs for real, played by programs of the built-in image. "
		"Its record is compared with what the scenario expects and with the simulation of "
		"the same scenario: order always, times within a tolerance. Results are TAP; "
		"nothing is left on the machine.",
	.flags = flags,
	.min_args = 1,
	.max_args = -1,
	.completes = SP_COMPLETE_FILE,
	.examples = {{"conform scenarios.yaml", "those that need at most 15 s"},
		     {"conform --all --time-scale 5 scenarios.yaml", "all, five times faster"}},
	.run = run,
};
