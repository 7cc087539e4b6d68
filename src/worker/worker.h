/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of `sidepod-worker` share. */
#ifndef SP_WORKER_WORKER_H
#define SP_WORKER_WORKER_H

#include "cli/cli_internal.h"
#include "image/store.h"

/** sp_worker_open_store() - Open and sweep; @dir NULL: @err is told already */
int sp_worker_open_store(struct sp_cli *cli, const char *dir, struct sp_image_store **ret,
			 struct sp_error *err);

/** sp_worker_pull() - `image pull IMAGE…` */
int sp_worker_pull(struct sp_cli *cli, int argc, char **argv);

/** sp_worker_ensure() - `image ensure IMAGE`: present by its pull policy, for pods */
int sp_worker_ensure(struct sp_cli *cli, int argc, char **argv);

#endif
