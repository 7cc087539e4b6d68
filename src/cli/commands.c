/* SPDX-License-Identifier: Apache-2.0 */
/* The list of commands: one line each, in the order of `sidepod --help`. */
#include "cli/cli_internal.h"

extern const struct sp_command sp_command_completion;
extern const struct sp_command sp_command_conform;
extern const struct sp_command sp_command_demo;
extern const struct sp_command sp_command_describe;
extern const struct sp_command sp_command_diff;
extern const struct sp_command sp_command_doctor;
extern const struct sp_command sp_command_down;
extern const struct sp_command sp_command_events;
extern const struct sp_command sp_command_exec;
extern const struct sp_command sp_command_explain;
extern const struct sp_command sp_command_get;
extern const struct sp_command sp_command_help;
extern const struct sp_command sp_command_https_check;
extern const struct sp_command sp_command_look_up;
extern const struct sp_command sp_command_compress;
extern const struct sp_command sp_command_image;
extern const struct sp_command sp_command_internal;
extern const struct sp_command sp_command_lint;
extern const struct sp_command sp_command_logs;
extern const struct sp_command sp_command_migrate;
extern const struct sp_command sp_command_ps;
extern const struct sp_command sp_command_resources;
extern const struct sp_command sp_command_run;
extern const struct sp_command sp_command_simulate;
extern const struct sp_command sp_command_timeline;
extern const struct sp_command sp_command_top;
extern const struct sp_command sp_command_up;
extern const struct sp_command sp_command_version;
extern const struct sp_command sp_command_wait;

/* One line each, so that additions do not meet. */
/* clang-format off */
const struct sp_command *const sp_commands[] = {
	&sp_command_run,
	&sp_command_up,
	&sp_command_down,
	&sp_command_ps,
	&sp_command_get,
	&sp_command_describe,
	&sp_command_logs,
	&sp_command_exec,
	&sp_command_events,
	&sp_command_top,
	&sp_command_wait,
	&sp_command_timeline,
	&sp_command_lint,
	&sp_command_migrate,
	&sp_command_resources,
	&sp_command_simulate,
	&sp_command_conform,
	&sp_command_diff,
	&sp_command_explain,
	&sp_command_image,
	&sp_command_demo,
	&sp_command_doctor,
	&sp_command_completion,
	&sp_command_version,
	&sp_command_help,
	&sp_command_internal,
	&sp_command_https_check,
	&sp_command_look_up,
	&sp_command_compress,
	NULL,
};
/* clang-format on */
