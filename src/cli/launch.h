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

/* A pod that was started. */
struct sp_launched {
	const char *name, *ns, *uid;
	const struct sp_k_pod *pod;
	struct sp_supervisor supervisor; /* descriptors are the owner's of the struct */
};

struct sp_launch {
	struct sp_cli *cli;
	struct sp_place place;
	struct sp_manifest manifest;
	struct sp_launched *pods;
	uint32_t n_pods;
	const char *progress;        /* how pulls are shown, by --progress; NULL: auto */
	bool jobs;                   /* set by the command: it can follow a Job */
	const struct sp_object *job; /* the Job of the manifests; NULL: Pods */
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

/**
 * sp_launch_start() - Start every pod of the manifests
 *
 * Return: 0, or an exit code; then pods that had been started are in l->pods all the same.
 */
int sp_launch_start(struct sp_launch *l);

/**
 * sp_launch_room() - Get ready for sp_launch_pod(), at most @max times
 *
 * Return: 0, or an exit code.
 */
int sp_launch_room(struct sp_launch *l, uint32_t max);

/**
 * sp_launch_pod() - Start one pod that stands in no manifest; it becomes the last of l->pods
 * @o: decoded, defaults applied; lives as long as @l
 *
 * Return: 0, or an exit code, and the reason has been told.
 */
int sp_launch_pod(struct sp_launch *l, const struct sp_object *o);

/** sp_launch_uid() - A new uid for @o, with the rest of what the API adds to metadata. Return: the
 * uid in the manifest's arena, or NULL without memory */
const char *sp_launch_uid(struct sp_launch *l, const struct sp_object *o);

/** sp_object_pod() - The pod that an object is, or makes; NULL for what makes none */
const struct sp_k_pod_spec *sp_object_pod(const struct sp_object *o);

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
