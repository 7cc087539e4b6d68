/* SPDX-License-Identifier: Apache-2.0 */
/* The table of names as its process gets it: what is one prints as itself, and answers a query. */
#include "dns/dns.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t query[] = "\0\1\1\0\0\1\0\0\0\0\0\0\3web\2ns\3svc\1a\1b\0\0\1\0\1";
	static uint8_t answer[SP_DNS_MESSAGE_MAX];
	struct sp_arena a = {.limit_bytes = 64u << 20};
	struct sp_buf first = {0}, second = {0};
	char *text = sp_arena_strndup(&a, (const char *)data, size), *again;
	struct sp_dns_table t;
	struct sp_error err;
	size_t len = 0;

	if (text && sp_dns_table_parse(&a, text, &t, &err) == 0) {
		assert(sp_dns_table_check(&t, &err) == 0);
		(void)sp_dns_answer(&t, query, sizeof(query) - 1, false, 3, answer, &len);
		assert(len <= SP_DNS_UDP_MAX);
		sp_dns_table_print(&t, &first);
		again = sp_arena_strndup(&a, first.ptr, first.len);
		assert(again && sp_dns_table_parse(&a, again, &t, &err) == 0);
		sp_dns_table_print(&t, &second);
		assert(first.len == second.len && memcmp(first.ptr, second.ptr, first.len) == 0);
	}
	sp_buf_done(&first);
	sp_buf_done(&second);
	sp_arena_done(&a);
	return 0;
}
