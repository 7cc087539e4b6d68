/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the name server's process: its loop. Starting it is server.c's. */
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

/** sp_dns_serve() - Serve until the other end of control_fd is closed. Return: exit status */
int sp_dns_serve(const struct sp_dns_serve *p);

#endif
