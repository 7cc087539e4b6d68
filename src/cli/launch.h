/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From files to running pods: read manifests, tell what is wrong with them, find images, make
 * bundles, start supervisors. Nothing is started unless everything can be.
 */
#ifndef SP_CLI_LAUNCH_H
#define SP_CLI_LAUNCH_H

#include "cli/place.h"
#include "spec/load.h"
#include "supervisor/spawn.h"

struct sp_launch {
	struct sp_cli *cli;
	struct sp_place place;
	struct sp_manifest manifest;
	const char *progress; /* how pulls are shown, by --progress; NULL: auto */
	const char **paths;   /* that were read */
	uint32_t n_paths;
	struct sp_bundle_image *images; /* that were asked for, present or not */
	uint32_t n_images, cap_images;
	sp_time images_at; /* when */
};

/* Flags of every command that starts pods; @network is the one it uses when none is named. */
#define SP_LAUNCH_OPTIONS(network)                                                                 \
	SP_FLAG_VALIDATE, SP_FLAG_KUBE_VERSION, SP_FLAG_DRY_RUN,                                   \
		{.name = "net",                                                                    \
		 .kind = SP_FLAG_CHOICE,                                                           \
		 .arg = "MODE",                                                                    \
		 .choices = "bridge|lo|host",                                                      \
		 .standard = (network),                                                            \
		 .help = "Network of the pods; for other users than root lo in place of bridge"},  \
		{.name = "seccomp-default",                                                        \
		 .kind = SP_FLAG_CHOICE,                                                           \
		 .arg = "MODE",                                                                    \
		 .choices = "on|off",                                                              \
		 .standard = "on",                                                                 \
		 .help = "Filter system calls of containers without a seccompProfile"},            \
		{.name = "seccomp-root",                                                           \
		 .kind = SP_FLAG_TEXT,                                                             \
		 .arg = "DIR",                                                                     \
		 .help = "Where the files of localhostProfile are (default: seccomp below the "    \
			 "state directory)",                                                       \
		 .completes = SP_COMPLETE_DIR},                                                    \
		{.name = "publish",                                                                \
		 .letter = 'p',                                                                    \
		 .kind = SP_FLAG_LIST,                                                             \
		 .arg = "[IP:]HOST:PORT[/udp]",                                                    \
		 .help = "Forward a port of the machine to the pod"},                              \
	{                                                                                          \
		.name = "replace", .kind = SP_FLAG_BOOL,                                           \
		.help = "Stop and remove pods of the same names first"                             \
	}
#define SP_LAUNCH_FLAGS SP_FLAG_FILENAME, SP_LAUNCH_OPTIONS("bridge")

void sp_launch_init(struct sp_launch *l, struct sp_cli *cli);
void sp_launch_done(struct sp_launch *l);

/**
 * sp_launch_load() - Read the manifests named by the arguments and --filename
 *
 * All findings are told at once, then the fields that are known but not acted on.
 * Return: 0, or an exit code.
 */
int sp_launch_load(struct sp_launch *l, int argc, char **argv);

/** sp_launch_load_text() - The same for a text that we bring along */
int sp_launch_load_text(struct sp_launch *l, const char *name, const char *text);

/** sp_launch_ready() - Read the flags for sp_launch_pod(). Return: 0, or an exit code */
int sp_launch_ready(struct sp_launch *l);

/** sp_launch_images() - Ask for the images of everything that the manifests would run (START-5).
 * Return: 0, or an exit code */
int sp_launch_images(struct sp_launch *l);

/** sp_launch_check() - Tell the findings of l->manifest, and what cannot be run. Return: 0, or an
 * exit code */
int sp_launch_check(struct sp_launch *l);

/** sp_launch_name_free() - Sweep a pod of that name that is over. Return: 0, or an exit code: one
 * runs, which has been told */
int sp_launch_name_free(struct sp_launch *l, const char *ns, const char *name);

/* A pod to be started, complete as the API has it; everything is borrowed for the call. */
struct sp_launch_pod {
	const struct sp_node *doc;
	const char *ns, *name, *uid;
	const struct sp_node *const *config_maps; /* of its namespace */
	uint32_t n_config_maps;
	const struct sp_node *const *secrets;
	uint32_t n_secrets;
	const struct sp_bundle_service *services;
	uint32_t n_services;
};

/**
 * sp_launch_pod() - Start one pod that stands in no manifest
 * @ret: its descriptors are the caller's
 *
 * Images that are not in the store are left to the pod's supervisor: nobody waits here. Errors:
 * SP_E_EXISTS a pod of that name runs.
 */
int sp_launch_pod(struct sp_launch *l, const struct sp_launch_pod *p, struct sp_supervisor *ret,
		  struct sp_error *err);

/** sp_launch_engine() - Read the flags into the engine's options, tell what the pods will not have.
 * Errors: SP_E_INVALID for wrong usage */
int sp_launch_engine(struct sp_launch *l, struct sp_error *err);

/**
 * sp_launch_profiles() - Compile the seccomp profiles of a pod that are not compiled yet
 *
 * Return: 0, or an exit code, and the reason has been told.
 */
int sp_launch_profiles(struct sp_launch *l, const struct sp_object *o);

/** sp_publish_parse() - "8080:80", "127.0.0.1:53:53/udp" */
int sp_publish_parse(const char *text, struct sp_net_port *ret, struct sp_error *err);

#endif
