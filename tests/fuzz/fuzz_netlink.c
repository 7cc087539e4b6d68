/* SPDX-License-Identifier: Apache-2.0 */
/* A netlink answer: every attribute that is found lies inside it. The first byte is the type. */
#include "net/netlink.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const size_t heads[] = {0, 4, 16, 40};
	struct nlmsghdr *h;

	if (size < 1 + sizeof(*h))
		return 0;
	h = malloc(size - 1); /* of its own, so that a step too far is seen */
	if (!h)
		return 0;
	memcpy(h, data + 1, size - 1);
	h->nlmsg_len = (uint32_t)(size - 1);
	for (size_t i = 0; i < SP_ARRAY_LEN(heads); i++) {
		const struct nlattr *a = sp_nl_find(h, heads[i], data[0]);

		assert(!a || (const uint8_t *)a + a->nla_len <= (const uint8_t *)h + h->nlmsg_len);
	}
	free(h);
	return 0;
}
