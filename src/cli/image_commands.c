/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/image_commands.h"

#include "cli/place.h"
#include "cli/progress.h"
#include "image/store.h"

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
	{.name = "one-of-several",
	 .kind = SP_FLAG_BOOL,
	 .help = "Others are pulled at the same time: every line says which image it is about"},
	SP_FLAG_PROGRESS,
	AUTH_FD_FLAG,
	{0},
};

const char *sp_image_dir(struct sp_cli *cli, struct sp_error *err)
{
	const char *root, *dir;

	if (sp_state_root(cli, &root, err) < 0)
		return NULL;
	dir = root ? sp_arena_printf(&cli->arena, "%s/lib/images", root)
		   : "/var/lib/sidepod/images";
	if (!dir)
		sp_fail(err, SP_E_NO_MEMORY, "image store");
	return dir;
}

int sp_image_open(struct sp_cli *cli, struct sp_image_store **ret, struct sp_error *err)
{
	const char *dir = sp_image_dir(cli, err);

	return dir ? sp_image_store_open(dir, ret, err) : -1;
}
