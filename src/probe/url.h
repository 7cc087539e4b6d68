/* SPDX-License-Identifier: Apache-2.0 */
/* The few things about URLs that probes need: show one, and follow a Location. Pure. */
#ifndef SP_PROBE_URL_H
#define SP_PROBE_URL_H

#include "base/buf.h"

#define SP_URL_HOST   256
#define SP_URL_TARGET 4096

struct sp_url {
	bool https;
	char host[SP_URL_HOST]; /* without brackets */
	uint16_t port;
	bool port_given;
	char target[SP_URL_TARGET]; /* path and query, percent-encoded; starts with '/' */
};

/**
 * sp_url_make() - Of a manifest's fields
 * @path: may carry a query; what a URL may not contain is percent-encoded
 *
 * Return: 0, -1 when something is too long.
 */
int sp_url_make(struct sp_url *u, bool https, const char *host, uint16_t port, const char *path);

/**
 * sp_url_follow() - Resolve @location (absolute or relative) against *u, into *u
 *
 * Return: 1 it had a host of its own, 0 it was relative, -1 it is no http(s) URL or too long (*u
 * is as before).
 * Source: RFC 3986, section 5.2.
 */
int sp_url_follow(struct sp_url *u, const char *location);

/** sp_url_print_host() - "host:port" as in a Host header; brackets around IPv6 */
void sp_url_print_host(const struct sp_url *u, struct sp_buf *out);
void sp_url_print(const struct sp_url *u, struct sp_buf *out);

#endif
