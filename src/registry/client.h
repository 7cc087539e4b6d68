/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One repository of one registry: who we are to it (none, basic, bearer token), which scheme it
 * speaks, and exchanges with it that survive redirects, expired tokens and bad moments.
 * Source: OCI distribution-spec v1.1; distribution, "Token Authentication Specification".
 */
#ifndef SP_REGISTRY_CLIENT_H
#define SP_REGISTRY_CLIENT_H

#include "registry/auth.h"
#include "registry/conf.h"
#include "registry/http.h"

struct sp_endpoint {
	struct sp_http *http;
	struct sp_arena *arena;
	struct sp_source source;
	const struct sp_auth_sources *auth;
	void (*warn)(void *arg, const char *text); /* may be NULL */
	void *arg;
	/* private; zero at first */
	const char *host; /* that answers: registry-1.docker.io for docker.io */
	bool plain;       /* http */
	bool looked;      /* credentials have been collected */
	struct sp_credentials creds;
	uint32_t next; /* credential to try next; n: none at all, n + 1: all were tried */
	const char *authorization;
	uint32_t serial; /* counts values of authorization */
	bool accepted;   /* the current one has worked */
	uint64_t chance; /* state of the jitter */
};

void sp_endpoint_init(struct sp_endpoint *e);

enum sp_verdict {
	SP_VERDICT_OK,    /* 2xx */
	SP_VERDICT_AGAIN, /* start it again at once */
	SP_VERDICT_LATER, /* start it again at `not_before` */
	SP_VERDICT_FAIL,  /* *err says why */
};

struct sp_exchange {
	struct sp_request request;
	const char *path; /* "manifests/latest", "blobs/sha256:…": below /v2/<repo>/ */
	sp_time not_before;
	/* private; zero at first */
	const char *elsewhere; /* a redirect leads there */
	uint32_t serial;
	unsigned faults, hops, logins;
};

/** sp_exchange_start() - Send it, or send it again after AGAIN and LATER */
int sp_exchange_start(struct sp_endpoint *e, struct sp_exchange *x, struct sp_error *err);

/** sp_exchange_judge() - The request is done: what now? May talk to a token server meanwhile */
enum sp_verdict sp_exchange_judge(struct sp_endpoint *e, struct sp_exchange *x,
				  struct sp_error *err);

/** sp_exchange_run() - Until it succeeds or fails for good. Return: 0 or -1 */
int sp_exchange_run(struct sp_endpoint *e, struct sp_exchange *x, struct sp_error *err);

/** sp_exchange_end() - Free what it holds */
void sp_exchange_end(struct sp_endpoint *e, struct sp_exchange *x);

/** sp_http_now() - Monotonic */
sp_time sp_http_now(void);

#endif
