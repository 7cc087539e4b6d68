/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel's answers over netlink: links, firewalls of others, flows. The first byte chooses the
 * question; then datagrams follow, each behind two bytes of its length. A length of 0 ends the
 * answer to one question and begins that to the next. What lies behind a datagram in the buffer is
 * poisoned, so that a step too far is seen.
 */
#include "net/conntrack.h"
#include "net/link.h"
#include "net/netlink.h"
#include "net/nft_forward.h"

#include <errno.h>
#include <netinet/in.h>
#include <sanitizer/asan_interface.h>
#include <stdlib.h>
#include <sys/socket.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Linked in the place of the C library's. */
ssize_t __wrap_recv(int fd, void *buf, size_t len, int flags);
ssize_t __wrap_sendto(int fd, const void *buf, size_t len, int flags, const struct sockaddr *to,
		      socklen_t to_len);

static const uint8_t *next, *end;

ssize_t __wrap_recv(int fd, void *buf, size_t len, int flags)
{
	size_t n = end - next >= 2 ? (size_t)next[0] | (size_t)next[1] << 8 : 0;

	ASAN_UNPOISON_MEMORY_REGION(buf, len);
	next += SP_MIN(end - next, 2);
	if (!n) {
		errno = EAGAIN;
		return -1;
	}
	n = SP_MIN(n, SP_MIN((size_t)(end - next), len));
	memcpy(buf, next, n);
	next += n;
	ASAN_POISON_MEMORY_REGION((uint8_t *)buf + n, len - n);
	return (ssize_t)n;
}

ssize_t __wrap_sendto(int fd, const void *buf, size_t len, int flags, const struct sockaddr *to,
		      socklen_t to_len)
{
	assert(len > 0 && to);
	return (ssize_t)len;
}

/* Attributes found are inside the message, and those of a nest inside the nest. */
static void find_attributes(const uint8_t *data, size_t size)
{
	static const size_t heads[] = {0, 4, 16, 40};
	struct nlmsghdr *h = size < 1 + sizeof(*h) ? NULL : malloc(size - 1);

	if (!h)
		return;
	memcpy(h, data + 1, size - 1);
	h->nlmsg_len = (uint32_t)(size - 1);
	for (size_t i = 0; i < SP_ARRAY_LEN(heads); i++) {
		const struct nlattr *a = sp_nl_find(h, heads[i], data[0]), *in;

		assert(!a || (const uint8_t *)a + a->nla_len <= (const uint8_t *)h + h->nlmsg_len);
		in = a ? sp_nl_find_in(a, 1) : NULL;
		assert(!in || (const uint8_t *)in + in->nla_len <= (const uint8_t *)a + a->nla_len);
	}
	free(h);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct in_addr vip = {htonl(0x0a600001)}, ip = {htonl(0x0a580002)};
	char chain[SP_NFT_CHAIN_NAME];
	struct sp_link link = {0};

	if (size < 1)
		return 0;
	next = data + 1;
	end = data + size;
	switch (data[0]) {
	case 'l':
		assert(sp_link_get(-1, "sidepod0", &link) < 0 || link.index);
		break;
	case 'a':
		(void)sp_nft_forward_allow(-1, "sidepod0");
		break;
	case 'f':
		(void)sp_nft_forward_forget(-1);
		break;
	case 'b':
		if (sp_nft_forward_blocker(-1, "sidepod0", chain) == 1)
			assert(strnlen(chain, sizeof(chain)) < sizeof(chain) && chain[0]);
		break;
	case 'i':
		(void)sp_nft_input_blocker(-1, "sidepod0", chain);
		break;
	case 'c':
		(void)sp_conntrack_forget_udp(-1, vip, 53, 30053, ip, 5353);
		break;
	default:
		find_attributes(data, size);
	}
	return 0;
}
