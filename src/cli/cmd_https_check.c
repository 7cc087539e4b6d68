/* SPDX-License-Identifier: Apache-2.0 */
/* `sidepod https-check`: one HTTPS probe or hook, for the supervisor; sidepod-worker has the TLS.
 */
#include "cli/cli_internal.h"

const struct sp_command sp_command_https_check = {
	.name = "https-check",
	.summary = "One HTTPS request for the supervisor: JSON in, outcome out",
	.run = sp_cli_run_worker,
	.hidden = true,
};
