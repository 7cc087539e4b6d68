/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An image from a registry into the store: manifest, configuration, layers side by side, unpacked,
 * named. What was downloaded before a fault or a kill is kept and continued the next time.
 */
#ifndef SP_REGISTRY_PULL_H
#define SP_REGISTRY_PULL_H

#include "image/store.h"
#include "registry/auth.h"
#include "registry/conf.h"

#define SP_PULL_PARALLEL 3 /* layers downloaded at a time, as docker does */

enum sp_layer_state {
	SP_LAYER_WAITING,
	SP_LAYER_ELSEWHERE, /* another process downloads the same one */
	SP_LAYER_DOWNLOADING,
	SP_LAYER_RETRYING, /* after a fault, until the delay is over */
	SP_LAYER_DOWNLOADED,
	SP_LAYER_UNPACKING,
	SP_LAYER_DONE,
	SP_LAYER_STATES,
};

struct sp_pull_layer {
	const char *digest;
	uint64_t size_bytes, done_bytes;
	enum sp_layer_state state;
};

struct sp_pull {
	struct sp_auth_sources auth;
	/* told often while layers move; may be NULL */
	void (*progress)(void *arg, const struct sp_pull_layer *v, uint32_t n);
	void (*warn)(void *arg, const char *text); /* may be NULL */
	void *arg;
};

struct sp_pulled {
	const char *ref;    /* normalised name */
	const char *digest; /* of the image manifest */
	uint64_t received_bytes;
	bool changed; /* false: the store had exactly this already */
};

/**
 * sp_image_pull() - Make what the registry has by this name the image of this name
 * @text: reference as a user writes it; with a digest the content is pinned
 * @ret:  texts in @a
 *
 * @err: SP_E_INVALID (name), SP_E_NOT_FOUND, SP_E_DENIED (credentials, TLS, blocked),
 * SP_E_UNAVAILABLE and SP_E_TIMEOUT (after retries; with errnum ECONNREFUSED nobody listens there),
 * SP_E_CORRUPT (nothing of it is kept), SP_E_NO_SPACE, SP_E_UNSUPPORTED (not for this machine).
 * Source: OCI distribution-spec v1.1, "Pull"; Docker image manifest v2, schema 2.
 */
int sp_image_pull(struct sp_image_store *s, struct sp_arena *a, const char *text,
		  const struct sp_pull *p, struct sp_pulled *ret, struct sp_error *err);

#endif
