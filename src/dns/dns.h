/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of Services and their pods: a table, and the pure function that answers queries from it.
 *
 *	<service>.<ns>.svc.<domain>                A: the virtual address; headless: every endpoint
 *	<endpoint>.<service>.<ns>.svc.<domain>     A: one endpoint of a headless service: its
 *	                                           hostname, else its address with dashes
 *	<service>.<ns>.svc.<domain>                CNAME, for one that stands for another name, with
 *	                                           what that name has: from the table, or looked up
 *	_<port>._<proto>.<service>.<ns>.svc.<domain>  SRV: named ports
 *	d-d-d-d.<ns>.pod.<domain>                  A: that address
 *	d.c.b.a.in-addr.arpa                       PTR: of what stands in the table
 *
 * All other names of the domain do not exist; all names outside of it are somebody else's. The
 * server that asks here, and forwards what is not ours, is dns/server.h.
 */
#ifndef SP_DNS_DNS_H
#define SP_DNS_DNS_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"

#include <netinet/in.h>

#define SP_DNS_SERVICES_MAX  4096 /* of a table */
#define SP_DNS_PORTS_MAX     64   /* of a service */
#define SP_DNS_ENDPOINTS_MAX 1024 /* of a service */
#define SP_DNS_TTL           5    /* seconds; backends change */
#define SP_DNS_UDP_MAX       1232 /* of ours in a datagram, when the client takes that much */
#define SP_DNS_MESSAGE_MAX   65535

/* A port of a Service. Unnamed ones have no SRV record. */
struct sp_dns_port {
	const char *name; /* NULL: unnamed */
	bool udp;
	uint16_t port; /* the Service's; of a headless one: the pods' (targetPort) */
};

struct sp_dns_endpoint {
	struct in_addr ip;
	const char *hostname; /* spec.hostname of a pod whose spec.subdomain is the service; NULL:
				 none */
};

struct sp_dns_service {
	const char *name, *ns;
	struct in_addr cluster_ip; /* 0.0.0.0: headless */
	const struct sp_dns_port *ports;
	uint32_t n_ports;
	/* Of a headless service: ready pods, with publishNotReadyAddresses all. Others: none. */
	const struct sp_dns_endpoint *endpoints;
	uint32_t n_endpoints;
	const char *external; /* ExternalName: the name that it stands for, without a dot at the
				 end, and nothing of the above; NULL: none */
};

struct sp_dns_table {
	const char *domain; /* "cluster.local", without a dot at the end */
	const struct sp_dns_service *services;
	uint32_t n_services;
};

enum sp_dns_verdict {
	SP_DNS_ANSWER,  /* *ret is the answer */
	SP_DNS_FORWARD, /* a good query for a name outside of the domain */
	SP_DNS_CHASE, /* the name stands for one outside of the domain: *ret is a query for that one
		       */
	SP_DNS_DROP,  /* not a query: say nothing */
};

/**
 * sp_dns_answer() - Answer a query
 * @query: any bytes
 * @tcp: else an answer that is too long for the client is cut and says so (TC)
 * @rotation: the A and SRV records of a headless service start with that endpoint, modulo their
 *	number: count it up from query to query
 * @ret: room for SP_DNS_MESSAGE_MAX bytes; @ret_len: how many there are
 */
enum sp_dns_verdict sp_dns_answer(const struct sp_dns_table *t, const uint8_t *query, size_t len,
				  bool tcp, uint32_t rotation, uint8_t *ret, size_t *ret_len);

/**
 * sp_dns_answer_chased() - The answer to a query whose verdict was SP_DNS_CHASE
 * @found: what came to the query that *ret was then; it may hold anything
 * @found_len: 0: nothing came. Then the name is told alone
 *
 * The table may be another one meanwhile. Return: bytes at @ret, 0: there is no answer any more.
 */
size_t sp_dns_answer_chased(const struct sp_dns_table *t, const uint8_t *query, size_t len,
			    bool tcp, const uint8_t *found, size_t found_len, uint8_t *ret);

/** sp_dns_refuse() - An answer that only has an error code: SERVFAIL for a query that could not be
 * forwarded. @rcode: of arpa/nameser.h. Return: bytes at @ret, room for 512; 0: @query is none */
size_t sp_dns_refuse(const uint8_t *query, size_t len, int rcode, uint8_t ret[512]);

/** sp_dns_same_question() - Is @answer one to @query? For what a resolver sent; ids are the
 * caller's to compare */
bool sp_dns_same_question(const uint8_t *query, size_t query_len, const uint8_t *answer,
			  size_t answer_len);

/** sp_dns_table_check() - Limits, and names that are made of labels */
int sp_dns_table_check(const struct sp_dns_table *t, struct sp_error *err);

/** sp_dns_table_print() - As text, one object a line; what goes to the server */
void sp_dns_table_print(const struct sp_dns_table *t, struct sp_buf *out);
/** sp_dns_table_parse() - Inverse, and checked; texts are borrowed from @text, which is changed,
 * arrays are in @a */
int sp_dns_table_parse(struct sp_arena *a, char *text, struct sp_dns_table *ret,
		       struct sp_error *err);

#endif
