/* SPDX-License-Identifier: Apache-2.0 */
/* Time zones of this machine, by name. */
#ifndef SP_CLI_ZONE_H
#define SP_CLI_ZONE_H

#include "cli/cli.h"
#include "control/zone.h"

/**
 * sp_cli_zone() - Read one zone
 * @name: IANA name; NULL: the machine's own, UTC when it has none
 * @err: SP_E_INVALID when there is no such zone here
 */
int sp_cli_zone(struct sp_cli *cli, const char *name, struct sp_zone *ret, struct sp_error *err);

/**
 * sp_zone_known() - For struct sp_load_options: is there such a zone? @arg is not used
 *
 * A machine without zones believes all names.
 */
bool sp_zone_known(void *arg, const char *name);

/* Those that were asked for, kept: zero is none. */
struct sp_zones {
	struct sp_cli *cli;
	struct sp_zone_entry *first; /* heap */
};
/** sp_zones_get() - For struct sp_manager_env: @arg is a struct sp_zones */
const struct sp_zone *sp_zones_get(void *arg, const char *name);
void sp_zones_done(struct sp_zones *z);

#endif
