/* SPDX-License-Identifier: Apache-2.0 */
/* Completion of names that only this machine knows. */
#include "cli/cli_internal.h"

void sp_complete_objects(struct sp_cli *cli, const struct sp_command *c, enum sp_completes what,
			 const char *first_arg, struct sp_buf *out)
{
	switch (what) {
	case SP_COMPLETE_FILE:
		sp_buf_puts(out, ":file\n");
		break;
	case SP_COMPLETE_DIR:
		sp_buf_puts(out, ":dir\n");
		break;
	case SP_COMPLETE_OWN:
		c->complete(cli, out);
		break;
	case SP_COMPLETE_NONE:
	case SP_COMPLETE_COMMAND:
	case SP_COMPLETE_NAMESPACE:
	case SP_COMPLETE_POD:
	case SP_COMPLETE_CONTAINER:
	case SP_COMPLETE_RUN:
		break;
	}
}
