/* SPDX-License-Identifier: Apache-2.0 */
/* What the commands that judge manifests without running them (lint, migrate, resources) share. */
#ifndef SP_CLI_JUDGE_H
#define SP_CLI_JUDGE_H

#include "cli/files.h"
#include "core/resources.h"
#include "lint/catalogue.h"

#define SP_FLAG_CATALOGUE                                                                          \
	{                                                                                          \
		.name = "catalogue", .kind = SP_FLAG_LIST, .arg = "FILE",                          \
		.completes = SP_COMPLETE_FILE,                                                     \
		.help = "More known sidecars, asked before the built-in ones",                     \
	}
#define SP_FLAG_NODE                                                                               \
	{                                                                                          \
		.name = "node", .kind = SP_FLAG_TEXT, .arg = "LIST",                               \
		.help = "Free capacity, cpu=4,memory=16Gi: what fits",                             \
	}

/** sp_cli_catalogue() - The built-in catalogue with the records of --catalogue
 * Return: NULL and *err; freed by the caller */
struct sp_catalogue *sp_cli_catalogue(struct sp_cli *cli, struct sp_error *err);

/**
 * sp_cli_amounts() - Value of a flag like --node cpu=4,memory=16Gi
 * @ret: by kind of resource, in milli-CPU and bytes; SP_RES_UNSET where nothing is said
 * @err: SP_E_INVALID
 */
int sp_cli_amounts(struct sp_cli *cli, const char *flag, int64_t ret[SP_RES_KINDS],
		   struct sp_error *err);
/** sp_cli_prices() - The same for --price cpu=0.03,memory=0.004; -1 where nothing is said */
int sp_cli_prices(struct sp_cli *cli, const char *flag, double ret[SP_RES_KINDS],
		  struct sp_error *err);

/** sp_cli_res_name() - "cpu", "memory", "ephemeral-storage" */
const char *sp_cli_res_name(enum sp_res r);

#endif
