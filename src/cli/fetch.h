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

/* How to fetch; borrowed for the call. */
struct sp_fetch {
	struct sp_cli *cli;
	const char *progress; /* --progress of the worker: "auto", "plain", "json", "quiet" */
};

/* An image that is to be made present. */
struct sp_fetch_want {
	const char *reference, *policy;
	int auth_fd; /* pull secrets, as sp_pull_secrets_open() gives them; -EBADF none */
	struct sp_bundle_image *ret; /* the image, or with `fail` why there is none */
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
 * sp_fetch_images() - Ask sidepod-worker to make images present by their pull policies, several
 * side by side
 *
 * Return: 0; -1 when the worker itself is missing or broken, or a signal told us to stop.
 */
int sp_fetch_images(const struct sp_fetch *f, struct sp_fetch_want *v, uint32_t n,
		    struct sp_error *err);

/** sp_fetch_image() - One of them, without pull secrets */
int sp_fetch_image(const struct sp_fetch *f, const char *reference, const char *policy,
		   struct sp_bundle_image *ret, struct sp_error *err);

#endif
