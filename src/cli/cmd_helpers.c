/* SPDX-License-Identifier: Apache-2.0 */
/* What supervisors ask of sidepod-worker: one HTTPS probe or hook, one name lookup,
 * one rotated log. */
#include "cli/cli_internal.h"

const struct sp_command sp_command_https_check = {
	.name = "https-check",
	.summary = "One HTTPS request for the supervisor: JSON in, outcome out",
	.run = sp_cli_run_worker,
	.hidden = true,
};

const struct sp_command sp_command_look_up = {
	.name = "look-up",
	.summary = "Addresses of a name for the supervisor",
	.args = "HOST",
	.min_args = 1,
	.max_args = 1,
	.run = sp_cli_run_worker,
	.hidden = true,
};

const struct sp_command sp_command_compress = {
	.name = "compress",
	.summary = "Put FILE.gz in the place of FILE, for the supervisor",
	.args = "FILE",
	.min_args = 1,
	.max_args = 1,
	.run = sp_cli_run_worker,
	.hidden = true,
};
