/* SPDX-License-Identifier: Apache-2.0 */
/* Measured use of containers, from a run record or from what `sidepod top` printed. */
#ifndef SP_CLI_OBSERVED_H
#define SP_CLI_OBSERVED_H

#include "cli/cli.h"

struct sp_use {
	const char *ctr;
	int64_t cpu_milli;    /* on average; -1 not known */
	int64_t memory_bytes; /* the peak; -1 not known */
};

/**
 * sp_observed_read() - Use by container
 * @name: a file ("-": stdin) with a run record, the JSON of `top` or the text of `top
 *        --containers`; or a kept run or a pod, as `timeline` takes them
 * @ret:  in the arena; of instances of one name the peak counts, and the average over all
 * @err:  SP_E_INVALID when nothing measured is in it
 */
int sp_observed_read(struct sp_cli *cli, const char *name, struct sp_use **ret, uint32_t *ret_n,
		     struct sp_error *err);

#endif
