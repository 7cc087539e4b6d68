/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The name server of a run: a small process without privileges that answers the pods from a table,
 * and asks the machine's own resolvers about everything else.
 *
 * It listens on the bridge's address, UDP and TCP, on a port that the kernel chooses; pods reach it
 * at the session's DNS address, port 53 (sp_svc_set()), so several runs do not meet. It ends with
 * the process that started it. Pods live on then, their connections too; names are gone.
 *
 * In a run, in this order:
 *
 *	sp_svc_open(&net, &conf, &svc, err);
 *	sp_dns_start(&(struct sp_dns_params){.listen = sp_svc_gateway(svc), .svc = svc}, &dns, err);
 *	sp_dns_publish(dns, &table, err);          … again whenever something changed
 *	engine.cluster_dns = text of sp_svc_dns_vip(svc);
 */
#ifndef SP_DNS_SERVER_H
#define SP_DNS_SERVER_H

#include "dns/dns.h"

struct sp_svc; /* net/service.h */

struct sp_dns_params {
	struct in_addr listen; /* sp_svc_gateway() */
	/* The session: its DNS address is pointed at the server. NULL: it is not (tests) */
	struct sp_svc *svc;
	const char *program;     /* sidepod-worker; NULL: that of this installation */
	const char *resolv_conf; /* whose name servers are asked; NULL: /etc/resolv.conf */
	int timeout_ms;          /* for one question to one of them; 0: 2000 */
};

struct sp_dns_server; /* the starter's side */

/**
 * sp_dns_start() - Start the process
 *
 * It is a program of its own, so it has nothing of the caller's memory, and none of the descriptors
 * but its own; it becomes nobody, and dies with the calling thread.
 */
int sp_dns_start(const struct sp_dns_params *p, struct sp_dns_server **ret, struct sp_error *err);

/** sp_dns_port() - UDP and TCP port that it listens on */
uint16_t sp_dns_port(const struct sp_dns_server *d);

/** sp_dns_publish() - Answer from this table from now on; before the first one every query is
 * answered with SERVFAIL. Never waits for the server. Errors: SP_E_UNAVAILABLE it is gone */
int sp_dns_publish(struct sp_dns_server *d, const struct sp_dns_table *t, struct sp_error *err);

/** sp_dns_stop() - End it and reap it; NULL is fine. Return: NULL */
struct sp_dns_server *sp_dns_stop(struct sp_dns_server *d);
void sp_dns_stopp(struct sp_dns_server **d);

#endif
