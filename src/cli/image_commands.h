/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `sidepod image …`: flags and subcommands, shared by two programs. `sidepod` does what only reads
 * the store; what needs the libraries for archives, digests and downloads it hands to
 * `sidepod-worker` with the same words, so that ordinary commands start without loading them.
 */
#ifndef SP_CLI_IMAGE_COMMANDS_H
#define SP_CLI_IMAGE_COMMANDS_H

#include "cli/cli.h"

struct sp_image_store; /* image/store.h */

extern const struct sp_flag sp_image_load_flags[], sp_image_save_flags[], sp_image_ls_flags[],
	sp_image_inspect_flags[], sp_image_rm_flags[], sp_image_prune_flags[],
	sp_image_ensure_flags[], sp_image_pull_flags[];

#define SP_IMAGE_PULL_COMMAND(fn)                                                                  \
	{                                                                                          \
		.name = "pull", .summary = "Get images from a registry", .args = "IMAGE…",         \
		.flags = sp_image_pull_flags, .min_args = 1, .max_args = -1,                       \
		.about =                                                                           \
			"Credentials come from $REGISTRY_AUTH_FILE, or from the files of podman "  \
			"and docker. Mirrors and short names follow registries.conf, "             \
			"certificates certs.d, proxies HTTPS_PROXY and NO_PROXY. A download that " \
			"was interrupted continues where it stopped.",                             \
		.examples = {{"image pull nginx:1.25", "from Docker Hub"},                         \
			     {"image pull quay.io/team/app@sha256:…", "exactly that content"},     \
			     {"image pull -q localhost:5000/app:1", "print the name only"}},       \
		.run = (fn)                                                                        \
	}
#define SP_IMAGE_LOAD_COMMAND(fn)                                                                  \
	{                                                                                          \
		.name = "load", .summary = "Add images from an archive or an OCI layout",          \
		.args = "FILE", .flags = sp_image_load_flags, .min_args = 1, .max_args = 1,        \
		.about = "FILE is an OCI layout (folder or tar) or the tar that `docker save` "    \
			 "writes, plain or compressed; - reads standard input.",                   \
		.examples = {{"image load app.tar", "with the names in the archive"},              \
			     {"image load layout/ --name web:1", "give it a name"},                \
			     {"image load - --quiet", "from a pipe: docker save web:1 | …"}},      \
		.completes = SP_COMPLETE_FILE, .run = (fn)                                         \
	}
#define SP_IMAGE_SAVE_COMMAND(fn)                                                                  \
	{                                                                                          \
		.name = "save", .summary = "Write images to an OCI layout tar", .args = "IMAGE…",  \
		.flags = sp_image_save_flags, .min_args = 1, .max_args = -1,                       \
		.examples = {{"image save web:1 --output web.tar", "one image"},                   \
			     {"image save web:1 db:2 | gzip > both.tar.gz",                        \
			      "several, compressed"}},                                             \
		.run = (fn)                                                                        \
	}
#define SP_IMAGE_PRUNE_COMMAND(fn)                                                                 \
	{                                                                                          \
		.name = "prune", .summary = "Remove what no name leads to and no pod uses",        \
		.flags = sp_image_prune_flags, .examples = {{"image prune", "after image rm"}},    \
		.run = (fn)                                                                        \
	}
#define SP_IMAGE_ENSURE_COMMAND(fn)                                                                \
	{                                                                                          \
		.name = "ensure", .summary = "Make an image present by its pull policy",           \
		.args = "IMAGE", .flags = sp_image_ensure_flags, .min_args = 1, .max_args = 1,     \
		.examples = {{"image ensure nginx:1.25 --policy IfNotPresent", "as a pod would"}}, \
		.hidden = true, .run = (fn)                                                        \
	}

/** sp_image_dir() - Directory of the image store (cli/place.h), in cli->arena. Return: NULL on
 * failure */
const char *sp_image_dir(struct sp_cli *cli, struct sp_error *err);
/** sp_image_open() - Open the image store */
int sp_image_open(struct sp_cli *cli, struct sp_image_store **ret, struct sp_error *err);

#endif
