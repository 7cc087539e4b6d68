/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Images for pods: what the store has, and what sidepod-worker gets from registries before the pods
 * start (START-5). What cannot be had now is for the pod to show and to try again.
 */
#ifndef SP_CLI_FETCH_H
#define SP_CLI_FETCH_H

#include "cli/cli.h"
#include "supervisor/bundle.h"

struct sp_image_store;

#define SP_WORKER_WORDS 14

/**
 * sp_worker_run() - Let sidepod-worker do something; its own words, progress and warnings, go to
 * stderr
 * @words: its command line, at most SP_WORKER_WORDS, ended by NULL
 * @keep_fd: a descriptor that it inherits; -EBADF none
 * @answer: what it printed
 *
 * Return: 0, however it ended; -1: SP_E_UNAVAILABLE when a signal told us to stop.
 */
int sp_worker_run(const char *const *words, int keep_fd, struct sp_buf *answer,
		  struct sp_error *err);

/* How to fetch; borrowed for the call. */
struct sp_fetch {
	struct sp_cli *cli;
	const char *progress; /* --progress of the worker: "auto", "plain", "json", "quiet" */
	int auth_fd;          /* pull secrets, as sp_pull_secrets_open() gives them; -EBADF none */
};

/**
 * sp_fetch_stored() - Look into the store alone
 * @ret: in the arena of cli; `fresh` for the built-in image, which no registry has
 *
 * Return: 1 there, 0 not there (or not a name), -1
 */
int sp_fetch_stored(struct sp_cli *cli, struct sp_image_store *s, const char *reference,
		    struct sp_bundle_image *ret, struct sp_error *err);

/**
 * sp_fetch_image() - Ask sidepod-worker to make an image present by its pull policy
 * @ret: the image, or with `fail` why there is none
 *
 * Return: 0; -1 when the worker itself is missing or broken.
 */
int sp_fetch_image(const struct sp_fetch *f, const char *reference, const char *policy,
		   struct sp_bundle_image *ret, struct sp_error *err);

/** sp_fetch_by_policy() - From the store when the policy lets us, else sp_fetch_image() */
int sp_fetch_by_policy(const struct sp_fetch *f, struct sp_image_store *s, const char *reference,
		       const char *policy, struct sp_bundle_image *ret, struct sp_error *err);

#endif
