/* SPDX-License-Identifier: Apache-2.0 */
/* `sidepod version`: of the program, of the Kubernetes behaviour, of the formats. */
#include "cli/cli_internal.h"

#include <sys/utsname.h>

static int run(struct sp_cli *cli, int argc, char **argv)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf b = {0};
	struct utsname u;

	if (uname(&u) < 0) /* cannot happen with a valid pointer; the version still stands */
		memset(&u, 0, sizeof(u));
	if (sp_flag_is(cli, "output", "json")) {
		sp_buf_puts(&b, "{\"version\":");
		sp_buf_json(&b, SP_VERSION);
		sp_buf_puts(&b, ",\"kubeVersion\":\"1.36\",\"kubeVersions\":\"1.28-1.37\","
				"\"recordFormat\":\"sidepod.run/v1\",\"kernel\":");
		sp_buf_json(&b, u.release);
		sp_buf_puts(&b, ",\"machine\":");
		sp_buf_json(&b, u.machine);
		sp_buf_puts(&b, "}\n");
	} else {
		sp_buf_printf(&b,
			      "sidepod %s\npods behave as in Kubernetes 1.36 (1.28 to 1.37 on "
			      "request)\nLinux %s %s\n",
			      SP_VERSION, u.release, u.machine);
	}
	return sp_cli_print(cli, &b);
}

const struct sp_command sp_command_version = {
	.name = "version",
	.summary = "Show the version",
	.flags = sp_flags_text_or_json,
	.examples = {{"version", "for people"}, {"version -o json", "for scripts"}},
	.run = run,
};
