/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an httpGet handler asks, and where redirects lead: shared by the plain-text machine and the
 * HTTPS child. Pure.
 * Source: PROBE-21, HOOK-9.
 */
#ifndef SP_PROBE_REQUEST_H
#define SP_PROBE_REQUEST_H

#include "probe/probe.h"
#include "probe/url.h"

#define SP_REDIRECTS_MAX 10

struct sp_request {
	const struct sp_check_spec *spec; /* kept; headers and who asks */
	struct sp_url url;                /* now */
	char first_host[SP_URL_HOST];     /* redirects stay on this host */
	unsigned int redirects;           /* followed so far */
	bool drop_host;                   /* a redirect named a host: the manifest's Host is off */
	bool drop_authorization;          /* HTTPS hook that goes on in plain text */
	char referer[SP_URL_HOST + SP_URL_TARGET + 32]; /* "" none */
};

/** sp_request_init() - Return: 0; -1 and a text for the event when it cannot be sent at all */
int sp_request_init(struct sp_request *r, const struct sp_check_spec *spec, struct sp_buf *text);

/** sp_request_print() - The request, ready to be sent */
void sp_request_print(const struct sp_request *r, struct sp_buf *out);

/** sp_request_error() - 'Get "<url>": <cause>' */
void sp_request_error(const struct sp_request *r, const char *cause, struct sp_buf *text);

enum sp_redirect {
	SP_REDIRECT_NONE,   /* the response is final */
	SP_REDIRECT_FOLLOW, /* url is the next one */
	SP_REDIRECT_ERROR,  /* text says why */
};
/** sp_request_redirect() - After the head of a response. @location: NULL none */
enum sp_redirect sp_request_redirect(struct sp_request *r, int status, const char *location,
				     struct sp_buf *text);

/** sp_request_verdict() - Of a final response, body read. Return: outcome; @text for the event */
enum sp_outcome sp_request_verdict(const struct sp_request *r, int status, const char *body,
				   struct sp_buf *text);

#endif
