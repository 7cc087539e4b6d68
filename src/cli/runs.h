/* SPDX-License-Identifier: Apache-2.0 */
/* Kept run records: the last SP_RUNS_KEPT of this machine, newest first. */
#ifndef SP_CLI_RUNS_H
#define SP_CLI_RUNS_H

#include "cli/place.h"

struct sp_kept_run {
	const char *name, *path; /* "web-20260102-030405" */
	int64_t wall_ns;
};

int sp_runs_list(struct sp_cli *cli, const struct sp_place *place, struct sp_kept_run **ret,
		 uint32_t *ret_n, struct sp_error *err);

/** sp_runs_keep() - Copy a finished record, forget the oldest. @ret_name: may be NULL */
int sp_runs_keep(struct sp_cli *cli, const struct sp_place *place, const char *pod,
		 const char *record_path, const char **ret_name, struct sp_error *err);

/**
 * sp_runs_find() - A record by the name of a kept run, of a pod, or of a file; NULL: the newest
 * @ret_path: in the arena
 */
int sp_runs_find(struct sp_cli *cli, const struct sp_place *place, const char *name,
		 const char **ret_path, struct sp_error *err);

#endif
