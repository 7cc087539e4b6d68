/* SPDX-License-Identifier: Apache-2.0 */
/* The machine's resolv.conf and hosts: what a pod gets of them stays within the resolver's limits.
 */
#include "dns/serve.h"
#include "net/net.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t lines(const char *text, const char *key)
{
	size_t n = 0, len = strlen(key);

	for (const char *s = text; s && *s; s = strchr(s, '\n') ? strchr(s, '\n') + 1 : NULL)
		n += strncmp(s, key, len) == 0;
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const policies[] = {"ClusterFirst", "ClusterFirstWithHostNet", "Default",
					       "None"};
	struct sp_dns d = {.ns = "default", .domain = "cluster.local"};
	struct sp_hosts h = {.host_network = true, .ip = "10.0.0.2", .hostname = "web"};
	char *text = strndup((const char *)data, size);
	struct sockaddr_in6 upstreams[SP_DNS_UPSTREAMS_MAX];
	uint32_t n;

	if (!text)
		return 0;
	d.machine_conf = h.host_file = text;
	n = sp_dns_upstreams(text, upstreams);
	assert(n <= SP_DNS_UPSTREAMS_MAX && n <= lines(text, "") + 1);
	for (uint32_t i = 0; i < n; i++)
		assert(upstreams[i].sin6_family == AF_INET6);
	for (size_t i = 0; i < SP_ARRAY_LEN(policies) * 4; i++) {
		struct sp_buf b = {0};

		d.policy = policies[i / 4];
		d.host_network = i & 1;
		d.cluster_ip = i & 2 ? "10.96.0.10" : NULL;
		(void)sp_resolv_print(&d, &b);
		assert(!b.failed && lines(b.ptr, "nameserver ") <= 3);
		assert(lines(b.ptr, "search ") <= 1 && lines(b.ptr, "options ") <= 1);
		sp_buf_clear(&b);
		h.host_network = i & 1;
		sp_hosts_print(&h, &b);
		assert(!b.failed && b.len > 0);
		sp_buf_done(&b);
	}
	free(text);
	return 0;
}
