/* SPDX-License-Identifier: Apache-2.0 */
/* For tests of checks: servers on loopback that say what they are told, and the loop that drives a
 * check. */
#ifndef SP_TESTS_PROBE_WORLD_H
#define SP_TESTS_PROBE_WORLD_H

#include "probe/probe.h"

#include <sys/types.h>

struct reply {
	const char *bytes;
	size_t len; /* 0: strlen */
	bool hang;  /* stays open afterwards */
	bool reset; /* closes with a reset instead of an orderly end */
};

struct server {
	pid_t pid;
	uint16_t port;
	int seen_fd; /* what clients sent */
};

/* A listening socket on a free port of loopback */
int listen_any(uint16_t *port);
/* A process that gives one reply per connection */
struct server start_server(const struct reply *replies, size_t n);
/* @seen: what clients sent, NULL not wanted */
void stop_server(struct server *s, char *seen, size_t size);
/* A check until its end */
struct sp_check *run(const struct sp_check_spec *spec);
/* Run a check and compare */
void expect(const struct sp_check_spec *spec, enum sp_outcome outcome, const char *text);

#endif
