/* SPDX-License-Identifier: Apache-2.0 */
/* Paths inside trees that others may change while we look: resolved by the kernel, never by text.
 */
#ifndef SP_CONTAINER_PATH_H
#define SP_CONTAINER_PATH_H

#include "base/base.h"

#include <sys/types.h>

enum sp_path_kind { SP_PATH_DIR, SP_PATH_FILE };

/**
 * sp_path_ensure() - Open @path below @root_fd, making what is missing
 * @path: leading slashes do not matter
 * @kind: what the last element becomes when it is made; what exists is taken as it is
 * @mode: of everything that is made, under the caller's umask
 * @resolve: RESOLVE_IN_ROOT or RESOLVE_BENEATH, with what else is to be refused
 *
 * Return: O_PATH descriptor, or -errno. Allocates nothing.
 */
int sp_path_ensure(int root_fd, const char *path, enum sp_path_kind kind, mode_t mode,
		   uint64_t resolve);

#endif
