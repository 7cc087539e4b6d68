/* SPDX-License-Identifier: Apache-2.0 */
/* What commands and supervisors leave when they are killed, at whatever moment. */
#ifndef SP_CLI_TIDY_H
#define SP_CLI_TIDY_H

#include "cli/place.h"

/**
 * sp_tidy() - Remove what belongs to no pod any more
 *
 * Pods whose supervisor died keep status, record and logs, to be looked at. What was begun and
 * never was a pod goes as a whole; so do bridge and packet filter when no pod has an address. What
 * cannot be removed is told as a warning.
 */
void sp_tidy(struct sp_cli *cli, const struct sp_place *place);

#endif
