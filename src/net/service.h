/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Virtual addresses: what a client of a Service connects to, and how its connections find a pod.
 *
 * Each run has a *session*: a block of 256 addresses of the service subnet that no other run on
 *this machine has, and an nftables table of its own, named after the block. In nft's own words:
 *
 * table ip sidepod-svc7 {
 *	flags owner                             # goes when the session's socket closes
 *	map services  { type inet_proto . ipv4_addr . inet_service : verdict; }
 *	map nodeports { type inet_proto . inet_service : verdict; }
 *	chain prerouting {                      # from pods, and from elsewhere
 *		type nat hook prerouting priority dstnat - 5;
 *		meta l4proto . ip daddr . th dport vmap @services   # twice
 *		fib daddr type local meta l4proto . th dport vmap @nodeports
 *	}
 *	chain output { … the same, from the machine itself … }
 *	chain refuse_prerouting {               # what nobody serves is refused at once
 *		type filter hook prerouting priority dstnat + 10;
 *		ip daddr <block> meta l4proto tcp reject with tcp reset
 *		ip daddr <block> reject
 *	}
 *	chain refuse_output { … the same … }
 *	chain p3 {                              # backends of one virtual port; others get p4
 *		dnat to numgen random mod 2 map { 0 : 10.83.0.2 . 8080, 1 : 10.83.0.5 . 8080 }
 *	}
 * }
 *
 * Existing connections are the connection tracker's: they go on when their pod leaves the set, new
 * ones never go to it. A session ends with its process, whatever ended that: the kernel removes an
 * owned table with its owner's socket, and nobody else can change it, `nft flush ruleset` included.
 * The block's lease is a lock in a file (net/pool.h), so it ends too.
 *
 * Clients on the pods' bridge are seen by the backends with the bridge's address (their packets
 * have to come back the same way); others, that is those of node ports, with their own.
 */
#ifndef SP_NET_SERVICE_H
#define SP_NET_SERVICE_H

#include "net/net.h"

#define SP_SVC_SUBNET       "10.84.0.0/16" /* default; a /16 has 256 blocks */
#define SP_SVC_VIPS         253            /* for services in a block: .2 to .254 */
#define SP_SVC_PORTS_MAX    1024           /* virtual ports of a session */
#define SP_SVC_BACKENDS_MAX 1024           /* of one virtual port */

struct sp_svc_config {
	struct in_addr subnet; /* of all blocks of the machine; 10.84.0.0 */
	int prefix_len;        /* 16 to 24 */
};
void sp_svc_config_default(struct sp_svc_config *c);

/** sp_svc_possible() - Has this kernel what Services need? Changes nothing; needs privilege */
bool sp_svc_possible(const struct sp_net_host *h);

struct sp_svc; /* a session */

/* One virtual port: what a client may connect to. Its key is vip, protocol and port. */
struct sp_svc_port {
	struct in_addr vip; /* of the session's block */
	bool udp;           /* else TCP */
	uint16_t port;
	uint16_t node_port; /* the machine's addresses have it under this number too; 0: they do
			       not */
	bool client_ip;     /* sessionAffinity ClientIP: a client stays with its backend as long as
			       the set of backends is the same */
};
struct sp_svc_backend {
	struct in_addr ip;
	uint16_t port;
};

/**
 * sp_svc_open() - Lease a block and make the session's table
 * @net, @c: borrowed for the call; @net as the pods of the run have it
 *
 * Call in the machine's network namespace. Bridge, forwarding and the pods' table are made when
 * they are not there yet, and stay as long as the session is open. Descriptors are close-on-exec; a
 * child that is forked without exec calls sp_svc_forget(), else it keeps the session alive.
 *
 * Errors: SP_E_UNSUPPORTED no nftables, or a kernel without a part that is needed; SP_E_DENIED;
 * SP_E_NO_SPACE all blocks are leased. Nothing is left behind then.
 */
int sp_svc_open(const struct sp_net_config *net, const struct sp_svc_config *c, struct sp_svc **ret,
		struct sp_error *err);

/** sp_svc_machine() - What opening it changed on the machine, and what blocks pods there: to be
 * told. The first pod does not tell it then: it finds all of it made */
const struct sp_net_lease *sp_svc_machine(const struct sp_svc *s);

/** sp_svc_names_blocker() - Does a firewall of this machine drop what pods send to it, so to their
 * name server? Return: true, and by what and what helps in *ret */
bool sp_svc_names_blocker(const struct sp_svc *s, struct sp_net_blocker *ret);

/** sp_svc_close() - Remove all of it; NULL is fine. Return: NULL */
struct sp_svc *sp_svc_close(struct sp_svc *s);
void sp_svc_closep(struct sp_svc **s);

/** sp_svc_forget() - In a child: let go without removing anything. Return: NULL */
struct sp_svc *sp_svc_forget(struct sp_svc *s);

/** sp_svc_vip() - Address number @i of the block, 0 to SP_SVC_VIPS - 1. Which service has which is
 * the caller's to keep; the same name should keep its number as long as the session lives */
struct in_addr sp_svc_vip(const struct sp_svc *s, uint32_t i);

/** sp_svc_dns_vip() - The block's address for the run's name server (dns/server.h): what pods have
 * in resolv.conf. Is set like any virtual port, UDP and TCP 53 */
struct in_addr sp_svc_dns_vip(const struct sp_svc *s);

/** sp_svc_gateway() - The bridge's address: where a name server for the pods listens */
struct in_addr sp_svc_gateway(const struct sp_svc *s);

/**
 * sp_svc_set() - This virtual port is served by these backends from now on
 * @p: a port with the same key is replaced, node port and affinity included
 * @backends: @n of them, at most SP_SVC_BACKENDS_MAX; 0: connections are refused (TCP reset, ICMP
 *	port unreachable). The order matters only for affinity: keep it steady
 *
 * At once and as a whole: there is no moment without backends, none with half of them. Does nothing
 * when nothing changed. UDP has no connections: what the tracker remembers for backends that left
 * is deleted, so that the next datagram finds another one.
 *
 * Errors, nothing changed: SP_E_INVALID an address not of the block, port 0, too many backends;
 * SP_E_EXISTS the node port is taken, by a program of the machine or another port of the session;
 * SP_E_NO_SPACE more than SP_SVC_PORTS_MAX.
 */
int sp_svc_set(struct sp_svc *s, const struct sp_svc_port *p, const struct sp_svc_backend *backends,
	       uint32_t n, struct sp_error *err);

/** sp_svc_unset() - Forget a virtual port; by its key alone. Fine when there is none */
int sp_svc_unset(struct sp_svc *s, const struct sp_svc_port *p, struct sp_error *err);

/** sp_svc_node_port() - A number of 30000 to 32767 that is free now, for a Service that names none.
 * Return: 0 none */
uint16_t sp_svc_node_port(struct sp_svc *s, bool udp);

#endif
