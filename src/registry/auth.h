/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Credentials for registries: the files of docker and podman, their helper programs, and what pull
 * secrets carry. A credential never appears in a message; its origin does.
 */
#ifndef SP_REGISTRY_AUTH_H
#define SP_REGISTRY_AUTH_H

#include "base/arena.h"
#include "base/error.h"

#define SP_AUTH_MAX_BYTES (1024u * 1024) /* of one file or secret */

struct sp_credential {
	const char *user, *password; /* NULL with a token */
	const char *identity_token;  /* to be exchanged; NULL none */
	const char *from;            /* where it was found, for messages */
	size_t covers;               /* how much of host/repo its key names */
};

struct sp_credentials {
	struct sp_credential *v;
	uint32_t n, cap;
};

/* What one document says about a repository. */
struct sp_auth_entry {
	bool found; /* `credential` is filled in */
	struct sp_credential credential;
	const char *helper; /* ask docker-credential-<helper> for `server`; NULL none */
	const char *server;
};

/**
 * sp_auth_parse() - Look a repository up in one document
 * @json: config.json of docker, auth.json of podman (`auths`, `credHelpers`, `credsStore`), or the
 *        older map from host to `auth`
 * @host, @repo: "quay.io", "team/app"; the entry with the longest matching path wins
 *
 * @err: SP_E_INVALID; the text holds nothing of the document.
 * Source: docker CLI configuration file; containers-auth.json(5).
 */
int sp_auth_parse(struct sp_arena *a, const char *json, size_t len, const char *host,
		  const char *repo, struct sp_auth_entry *ret, struct sp_error *err);

/** sp_auth_answer() - What a credential helper says: Username and Secret. @err: as above */
int sp_auth_answer(struct sp_arena *a, const char *json, size_t len, struct sp_credential *ret,
		   struct sp_error *err);

/* A pull secret: its document, and what messages call it. */
struct sp_auth_secret {
	const char *name, *config;
};

/* Where to look. Everything is borrowed for the call. */
struct sp_auth_sources {
	const char *(*env)(const char *name); /* getenv, or a test's */
	const struct sp_auth_secret *secrets; /* in the order in which they are tried */
	uint32_t n_secrets;
};

/**
 * sp_auth_find() - All credentials for a repository, in the order in which they are to be tried
 *
 * As the kubelet: every entry of the pull secrets that matches, the more specific ones first, those
 * of one key in the order of the secrets. Then the machine's own: $REGISTRY_AUTH_FILE alone when
 * set, otherwise $XDG_RUNTIME_DIR/containers/auth.json, /etc/containers/auth.json,
 * ~/.docker/config.json; of each file the best entry. @warn receives one line per source that
 * cannot be used (may be NULL).
 */
int sp_auth_find(struct sp_arena *a, const struct sp_auth_sources *src, const char *host,
		 const char *repo, struct sp_credentials *ret, void (*warn)(void *, const char *),
		 void *arg, struct sp_error *err);

#endif
