/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the name server's process: how it begins, and its loop. Starting it is server.c's. */
#ifndef SP_DNS_SERVE_H
#define SP_DNS_SERVE_H

#include "dns/dns.h"

#include <netinet/in.h>

#define SP_DNS_UPSTREAMS_MAX 3 /* what the C library looks at too */

struct sp_dns_serve {
	int udp_fd, tcp_fd; /* bound, the second listening */
	int control_fd;     /* SOCK_SEQPACKET: each message brings a descriptor of a table's text */
	struct sockaddr_in6 upstreams[SP_DNS_UPSTREAMS_MAX]; /* IPv4 ones mapped */
	uint32_t n_upstreams;
	sp_time timeout; /* of one question to one of them */
};

/** sp_dns_upstreams() - Name servers of a resolv.conf's text. Return: how many */
uint32_t sp_dns_upstreams(const char *text, struct sockaddr_in6 ret[SP_DNS_UPSTREAMS_MAX]);

/* Descriptors that the process finds open, behind the three that everybody has: UDP, TCP, control.
 */
#define SP_DNS_FIRST_FD 3
#define SP_DNS_FDS      3

/**
 * sp_dns_main() - The process: `sidepod-worker names STARTER TIMEOUT_MS [ADDRESS…]`
 * @argv: pid of the starter, with whom it dies; how long a resolver is waited for; IPv6 addresses
 *of resolvers, IPv4 ones mapped
 *
 * Becomes an unprivileged user. Return: exit status.
 */
int sp_dns_main(int argc, char **argv);

/** sp_dns_serve() - Serve until the other end of control_fd is closed. Return: exit status */
int sp_dns_serve(const struct sp_dns_serve *p);

#endif
