/* SPDX-License-Identifier: Apache-2.0 */
/* The machine's own name servers, as resolv.conf(5) names them. */
#include "dns/serve.h"

#include <arpa/inet.h>

uint32_t sp_dns_upstreams(const char *text, struct sockaddr_in6 ret[SP_DNS_UPSTREAMS_MAX])
{
	static const char key[] = "nameserver";
	uint32_t n = 0;

	while (*text && n < SP_DNS_UPSTREAMS_MAX) {
		const char *p = text + strspn(text, " \t");
		char word[INET6_ADDRSTRLEN + 7] = "::ffff:"; /* IPv4 as IPv6 writes it */
		size_t len;

		text += strcspn(text, "\n");
		text += *text == '\n';
		if (strncmp(p, key, sizeof(key) - 1) != 0)
			continue;
		p += sizeof(key) - 1;
		p += strspn(p, " \t");
		len = strcspn(p, " \t\r\n");
		if (len >= INET6_ADDRSTRLEN)
			continue;
		memcpy(word + 7, p, len);
		ret[n] = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = htons(53)};
		if (inet_pton(AF_INET6, word, &ret[n].sin6_addr) == 1 ||
		    inet_pton(AF_INET6, word + 7, &ret[n].sin6_addr) == 1)
			n++;
	}
	return n;
}
