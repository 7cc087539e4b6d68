/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses of a host, non-blocking connections to them, and what went wrong in Go's words. */
#ifndef SP_PROBE_DIAL_H
#define SP_PROBE_DIAL_H

#include "base/buf.h"

#include <netinet/in.h>

#define SP_ADDRS_MAX 8

union sp_addr {
	struct sockaddr sa;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
};

/** sp_addrs_numeric() - Of a literal address or "localhost". Return: how many; 0: a name to be
 * looked up */
int sp_addrs_numeric(const char *host, union sp_addr ret[SP_ADDRS_MAX]);

void sp_addr_set_port(union sp_addr *a, uint16_t port);

/** sp_dial() - Begin to connect. Return: descriptor, -errno */
int sp_dial(const union sp_addr *a);

/** sp_dial_result() - Once it is writable. Return: 0 connected, -errno */
int sp_dial_result(int fd);

/** sp_put_addr() - "10.0.0.1:80", "[::1]:80" */
void sp_put_addr(struct sp_buf *out, const union sp_addr *a);
/** sp_put_host_port() - The same for a host as text */
void sp_put_host_port(struct sp_buf *out, const char *host, uint16_t port);

/** sp_put_ends() - "10.0.0.2:41234->10.0.0.1:80" of a socket and whom it was
 * connected to: after a reset the kernel does not know any more */
void sp_put_ends(struct sp_buf *out, int fd, const union sp_addr *peer);

/** sp_errno_text() - "connection refused": as Go prints it */
const char *sp_errno_text(int errnum);

#endif
