/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP requests side by side, over libcurl's multi interface: started, pumped, looked at. Redirects
 * are reported, not followed, so that their caller decides what goes along to another host.
 */
#ifndef SP_REGISTRY_HTTP_H
#define SP_REGISTRY_HTTP_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"

#define SP_HTTP_ERROR_BYTES 4096 /* kept of the body of a failed request */

struct sp_http;

struct sp_request {
	/* what to ask; borrowed until it is done */
	const char *url;
	bool head;
	const char *form;          /* POST this body; NULL: GET or HEAD */
	const char *authorization; /* whole value of the header; NULL none */
	const char *accept;        /* NULL: anything */
	uint64_t range_from;       /* > 0: only what stands from here on */
	bool unverified;           /* any certificate will do */
	int64_t limit_s;           /* longest time for all of it; 0: only too slow a flow ends it */
	/* called with pieces of a 2xx body; 0 or -1 and *err (in `fault`) to stop */
	int (*sink)(void *arg, struct sp_request *r, const char *bytes, size_t n);
	void *arg;

	/* what came of it, when done */
	bool started, done;
	struct sp_error fault;   /* code SP_OK: there was an answer */
	bool tls_fault, refused; /* of the fault: no TLS there; no such place, nobody listens */
	long status;
	struct sp_buf body;      /* of an answer that is not 2xx, the beginning */
	char location[8192];     /* of a redirect, absolute; "" none */
	char digest[128];        /* Docker-Content-Digest, "" none */
	char challenge[2][2048]; /* WWW-Authenticate */
	unsigned n_challenges;
	int64_t retry_after_s; /* -1 none */
	int64_t range_start;   /* of Content-Range; -1 none */

	/* private */
	void *easy;
	void *headers;
	char error[256]; /* libcurl's words */
	struct sp_buf ca;
};

/** sp_http_new() - @env: getenv, for certs.d of the user; kept */
struct sp_http *sp_http_new(const char *(*env)(const char *name), struct sp_error *err);
struct sp_http *sp_http_free(struct sp_http *h);
static inline void sp_http_freep(struct sp_http **h)
{
	*h = sp_http_free(*h);
}

/** sp_http_start() - Begin; @r stays where it is until sp_request_end() */
int sp_http_start(struct sp_http *h, struct sp_request *r, struct sp_error *err);

/** sp_http_pump() - Work on everything for at most @timeout_ms, or until something happened */
int sp_http_pump(struct sp_http *h, int timeout_ms, struct sp_error *err);

/** sp_http_run() - Begin and pump until @r is done; its fault is not an error of this call */
int sp_http_run(struct sp_http *h, struct sp_request *r, struct sp_error *err);

/** sp_request_end() - Stop when it runs, free what it holds; it may be started again */
void sp_request_end(struct sp_http *h, struct sp_request *r);

/** sp_url_host() - "https://a.b:5000/x" → "a.b:5000"; for messages and for comparing */
void sp_url_host(const char *url, char *ret, size_t size);

/** sp_host_is_loopback() - "localhost", 127.0.0.0/8 and ::1, with or without a port */
bool sp_host_is_loopback(const char *host);

#endif
