/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/image_commands.h"

#include "cli/progress.h"

#include <stdlib.h>
#include <unistd.h>

/* Pull secrets never stand in arguments or the environment, where other processes may read them. */
#define AUTH_FD_FLAG                                                                               \
	{                                                                                          \
		.name = "auth-fd", .kind = SP_FLAG_INT, .arg = "FD", .min = 3, .max = 1024,        \
		.help = "Read pull secrets, a JSON list of objects with name and config, from "    \
			"this descriptor",                                                         \
	}

const struct sp_flag sp_image_pull_flags[] = {
	{.name = "quiet", .letter = 'q', .kind = SP_FLAG_BOOL, .help = "Print names only"},
	SP_FLAG_PROGRESS,
	AUTH_FD_FLAG,
	{0},
};
const struct sp_flag sp_image_load_flags[] = {
	{.name = "name",
	 .kind = SP_FLAG_TEXT,
	 .arg = "NAME",
	 .help = "Name for the image of the archive"},
	{.name = "quiet", .letter = 'q', .kind = SP_FLAG_BOOL, .help = "Print names only"},
	{0},
};
const struct sp_flag sp_image_save_flags[] = {
	{.name = "output",
	 .letter = 'o',
	 .kind = SP_FLAG_TEXT,
	 .arg = "FILE",
	 .help = "Write here instead of standard output",
	 .completes = SP_COMPLETE_FILE},
	{0},
};
const struct sp_flag sp_image_ls_flags[] = {
	{.name = "output",
	 .letter = 'o',
	 .kind = SP_FLAG_CHOICE,
	 .arg = "FORMAT",
	 .choices = "table|wide|name|json",
	 .standard = "table",
	 .help = "Print it as"},
	{.name = "no-headers", .kind = SP_FLAG_BOOL, .help = "Leave the first line out"},
	{0},
};
const struct sp_flag sp_image_inspect_flags[] = {
	{0},
};
const struct sp_flag sp_image_rm_flags[] = {
	{0},
};
const struct sp_flag sp_image_prune_flags[] = {
	{0},
};
const struct sp_flag sp_image_ensure_flags[] = {
	{.name = "policy",
	 .kind = SP_FLAG_CHOICE,
	 .arg = "POLICY",
	 .choices = "Always|IfNotPresent|Never",
	 .standard = "IfNotPresent",
	 .help = "When the registry is asked"},
	{.name = "json",
	 .kind = SP_FLAG_BOOL,
	 .help = "Answer with one JSON object on the last line"},
	{.name = "store",
	 .kind = SP_FLAG_TEXT,
	 .arg = "DIR",
	 .help = "Directory that holds images/, instead of the one of --root"},
	SP_FLAG_PROGRESS,
	AUTH_FD_FLAG,
	{0},
};

const char *sp_image_dir(struct sp_cli *cli)
{
	const char *root = sp_flag_text(cli, "root");
	char *real;

	if (!root)
		return "/var/lib/sidepod/images";
	if (root[0] == '/')
		return sp_arena_printf(&cli->arena, "%s/lib/images", root);
	real = getcwd(NULL, 0); /* the store wants an absolute path */
	root = sp_arena_printf(&cli->arena, "%s/%s/lib/images", real ? real : "", root);
	free(real);
	return root;
}
