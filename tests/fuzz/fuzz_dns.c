/* SPDX-License-Identifier: Apache-2.0 */
/* Queries from pods: an answer is a well-formed message that is no longer than it may be. */
#include "dns/dns.h"

#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct sp_dns_port ports[] = {{"http", false, 80}, {"dns", true, 53}};
	static struct sp_dns_endpoint endpoints[80];
	static const struct sp_dns_service services[] = {
		{"web", "ns", {0x0200540a}, ports, 2, NULL, 0},
		{"db", "ns", {0}, ports, 2, endpoints, SP_ARRAY_LEN(endpoints), NULL},
		{"out", "ns", {0}, NULL, 0, NULL, 0, "a.c"},
	};
	static const struct sp_dns_table table = {"a.b", services, SP_ARRAY_LEN(services)};
	static const uint8_t out_query[] = "\1\2\1\0\0\1\0\0\0\0\0\0\3out\2ns\3svc\1a\1b\0\0\1\0";
	static uint8_t answer[SP_DNS_MESSAGE_MAX];
	uint8_t refused[512];
	size_t len = 0;
	ns_msg m;
	ns_rr rr;

	for (uint32_t i = 0; i < SP_ARRAY_LEN(endpoints); i++)
		endpoints[i] =
			(struct sp_dns_endpoint){{htonl(0x0a530000 + i)}, i % 2 ? "host" : NULL};
	for (int tcp = 0; tcp < 2; tcp++) {
		if (sp_dns_answer(&table, data, size, tcp, 7, answer, &len) != SP_DNS_ANSWER)
			continue;
		if (len > (tcp ? SP_DNS_MESSAGE_MAX : SP_DNS_UDP_MAX) ||
		    ns_initparse(answer, (int)len, &m) < 0)
			abort();
		for (int s = 0; s < ns_s_max; s++)
			for (int i = 0; i < ns_msg_count(m, s); i++)
				if (ns_parserr(&m, s, i, &rr) < 0)
					abort();
	}
	/* the input as what a resolver says about another name */
	len = sp_dns_answer_chased(&table, out_query, sizeof(out_query), false, data, size, answer);
	if (len > SP_DNS_UDP_MAX || ns_initparse(answer, (int)len, &m) < 0)
		abort();
	for (int i = 0; i < ns_msg_count(m, ns_s_an); i++)
		if (ns_parserr(&m, ns_s_an, i, &rr) < 0)
			abort();
	len = sp_dns_refuse(data, size, ns_r_servfail, refused);
	if (len && ns_initparse(refused, (int)len, &m) < 0)
		abort();
	(void)sp_dns_same_question(data, size / 2, data + size / 2, size - size / 2);
	return 0;
}
