/* SPDX-License-Identifier: Apache-2.0 */
/* Where things are on this machine: directories, by --root or the machine's own. */
#ifndef SP_CLI_PLACE_H
#define SP_CLI_PLACE_H

#include "cli/cli.h"
#include "supervisor/bundle.h"

#define SP_RUNS_KEPT 20

struct sp_place {
	struct sp_engine engine;
	const char *runs_dir; /* <engine.root>/runs: kept run records */
};

/**
 * sp_state_root() - Directory below which all state is: that of --root, or for ordinary users one
 * of their own
 * @ret: absolute, in cli->arena; NULL: the machine's places
 */
int sp_state_root(struct sp_cli *cli, const char **ret, struct sp_error *err);

/** sp_place_open() - Nothing is created. Strings are in cli->arena */
int sp_place_open(struct sp_cli *cli, struct sp_place *ret, struct sp_error *err);

/** sp_dirs_make() - A directory and what is missing above it */
int sp_dirs_make(const char *path, struct sp_error *err);

/** sp_file_write() - Create or replace @path, whole or not at all; "-": standard output */
int sp_file_write(const char *path, const void *bytes, size_t n, struct sp_error *err);

/** sp_now_wall(), sp_now_mono() - Nanoseconds */
int64_t sp_now_wall(void);
sp_time sp_now_mono(void);

#endif
