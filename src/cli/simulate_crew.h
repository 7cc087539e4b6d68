/* SPDX-License-Identifier: Apache-2.0 */
/* `simulate` for workloads: the controller and all its pods. */
#ifndef SP_CLI_SIMULATE_CREW_H
#define SP_CLI_SIMULATE_CREW_H

#include "cli/cli.h"
#include "sim/crew.h"

/**
 * sp_cli_crew() - Simulate @o and print it
 * @pod: what every pod is and does
 * @horizon: end of observation; -1: what is enough for the kind
 * @format: "text", "json", "svg" or "mermaid"
 */
int sp_cli_crew(struct sp_cli *cli, struct sp_object *o, const struct sp_scn_pod *pod,
		sp_time horizon, const char *format, struct sp_error *err);

#endif
