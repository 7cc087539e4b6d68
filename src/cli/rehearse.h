/* SPDX-License-Identifier: Apache-2.0 */
/* Real probes against a real server on loopback, for the probe tables of scenario files. */
#ifndef SP_CLI_REHEARSE_H
#define SP_CLI_REHEARSE_H

#include "sim/tables.h"

/**
 * sp_rehearse() - Start a server that answers as told, probe it once, end it
 *
 * The `probe` of struct sp_table_prober; @arg is the release as const int * (User-Agent). Needs
 * loopback and sidepod-worker, no rights.
 */
int sp_rehearse(void *arg, const struct sp_table_answer *answer, bool https, enum sp_outcome *ret,
		struct sp_buf *text, struct sp_error *err);

#endif
