/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of launching share. */
#ifndef SP_CLI_LAUNCH_INTERNAL_H
#define SP_CLI_LAUNCH_INTERNAL_H

#include "cli/launch.h"

/** sp_launch_secrets() - Pull secrets of what an object runs, for `image ensure`; one that is
 * missing is told, the pull may work without it. *ret_fd: -EBADF none */
int sp_launch_secrets(struct sp_launch *l, const struct sp_object *o, int *ret_fd,
		      struct sp_error *err);

/** sp_launch_make_room() - A pod of this name that is there already: swept when it is over, stopped
 * with --replace, else SP_E_EXISTS */
int sp_launch_make_room(struct sp_launch *l, const char *ns, const char *name,
			struct sp_error *err);

/** sp_launch_huge_pages() - Has this machine the huge pages that each pod asks for? Warns when it
 * has too few for all of them. Return: 0, or an exit status after telling */
int sp_launch_huge_pages(struct sp_launch *l);

#endif
