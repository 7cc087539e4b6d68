/* SPDX-License-Identifier: Apache-2.0 */
#include "net/netlink.h"

#include "sys/fd.h"

#include <arpa/inet.h>
#include <sys/socket.h>

void sp_nl_init(struct sp_nl *n, void *mem, size_t size)
{
	*n = (struct sp_nl){.mem = mem, .size = size};
}

/* Zeroed, aligned room at the end of the open message; its length follows. NULL: full. */
static void *grow(struct sp_nl *n, size_t len)
{
	size_t padded = NLMSG_ALIGN(len);
	struct nlmsghdr *h;
	uint8_t *p;

	if (n->failed || padded > n->size - n->len) {
		n->failed = true;
		return NULL;
	}
	p = n->mem + n->len;
	memset(p, 0, padded);
	n->len += padded;
	h = (void *)(n->mem + n->msg);
	h->nlmsg_len = (uint32_t)(n->len - n->msg);
	return p;
}

void sp_nl_begin(struct sp_nl *n, uint16_t type, uint16_t flags, const void *hdr, size_t hdr_len)
{
	struct nlmsghdr *h;
	void *p;

	n->msg = n->len;
	h = grow(n, sizeof(*h));
	if (!h)
		return;
	h->nlmsg_type = type;
	h->nlmsg_flags = flags | NLM_F_REQUEST;
	h->nlmsg_seq = ++n->seq;
	p = grow(n, hdr_len);
	if (p)
		memcpy(p, hdr, hdr_len);
}

void sp_nl_attr(struct sp_nl *n, uint16_t type, const void *data, size_t len)
{
	struct nlattr *a = grow(n, NLA_HDRLEN + len);

	if (!a)
		return;
	a->nla_type = type;
	a->nla_len = (uint16_t)(NLA_HDRLEN + len);
	if (len)
		memcpy(a + 1, data, len);
}

void sp_nl_u32(struct sp_nl *n, uint16_t type, uint32_t v)
{
	sp_nl_attr(n, type, &v, sizeof(v));
}

void sp_nl_be32(struct sp_nl *n, uint16_t type, uint32_t v)
{
	sp_nl_u32(n, type, htonl(v));
}

void sp_nl_str(struct sp_nl *n, uint16_t type, const char *s)
{
	sp_nl_attr(n, type, s, strlen(s) + 1);
}

void sp_nl_raw(struct sp_nl *n, const void *data, size_t len)
{
	void *p = grow(n, len);

	if (p)
		memcpy(p, data, len);
}

size_t sp_nl_nest(struct sp_nl *n, uint16_t type)
{
	size_t at = n->len;

	sp_nl_attr(n, type | NLA_F_NESTED, NULL, 0);
	return at;
}

void sp_nl_nest_end(struct sp_nl *n, size_t at)
{
	if (!n->failed)
		((struct nlattr *)(void *)(n->mem + at))->nla_len = (uint16_t)(n->len - at);
}

int sp_nl_open(int protocol)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol), one = 1;

	if (fd < 0)
		return -errno;
	/* answers need not carry our question back; older kernels do it anyway */
	(void)setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &one, sizeof(one));
	return fd;
}

static int send_all(int fd, const struct sp_nl *n)
{
	struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
	ssize_t r;

	do
		r = sendto(fd, n->mem, n->len, 0, (struct sockaddr *)&kernel, sizeof(kernel));
	while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : 0;
}

/* One datagram of answers; an error goes to its message's place, the first one also to *first. */
static void take_answers(const struct sp_nl *n, const void *buf, size_t len, int *errs,
			 uint32_t *first_seq, int *first, sp_nl_answer *answer, void *arg)
{
	const uint8_t *p = buf;
	size_t step;

	for (; len >= NLMSG_HDRLEN; p += step, len -= step) {
		const struct nlmsghdr *h = (const void *)p;
		const struct nlmsgerr *e = sp_nl_payload(h);

		if (h->nlmsg_len < NLMSG_HDRLEN || h->nlmsg_len > len)
			return;
		step = SP_MIN(NLMSG_ALIGN((size_t)h->nlmsg_len), len);
		if (h->nlmsg_seq < 1 || h->nlmsg_seq > n->seq)
			continue;
		if (h->nlmsg_type != NLMSG_ERROR) {
			if (answer && h->nlmsg_type >= NLMSG_MIN_TYPE)
				answer(arg, h);
			continue;
		}
		if (h->nlmsg_len < NLMSG_LENGTH(sizeof(*e)) || !e->error)
			continue;
		if (errs && !errs[h->nlmsg_seq - 1])
			errs[h->nlmsg_seq - 1] = e->error;
		if (h->nlmsg_seq < *first_seq) {
			*first_seq = h->nlmsg_seq;
			*first = e->error;
		}
	}
}

int sp_nl_talk(int fd, const struct sp_nl *n, int *errs, sp_nl_answer *answer, void *arg)
{
	_Alignas(struct nlmsghdr) char buf[8192];
	uint32_t first_seq = UINT32_MAX;
	int r, first = 0;

	if (n->failed)
		return -ENOBUFS;
	if (errs)
		memset(errs, 0, n->seq * sizeof(*errs));
	r = send_all(fd, n);
	if (r < 0)
		return r;
	for (;;) {
		ssize_t len = recv(fd, buf, sizeof(buf), MSG_DONTWAIT);

		if (len < 0 && errno == EINTR)
			continue;
		if (len < 0)
			return errno == EAGAIN ? first : -errno;
		take_answers(n, buf, (size_t)len, errs, &first_seq, &first, answer, arg);
	}
}

/* Among the attributes from @p on, which are the kernel's word but are not trusted to fit. */
static const struct nlattr *find(const uint8_t *p, const uint8_t *end, uint16_t type)
{
	while (p + NLA_HDRLEN <= end) {
		const struct nlattr *a = (const void *)p;

		if (a->nla_len < NLA_HDRLEN || a->nla_len > (size_t)(end - p))
			return NULL;
		if ((a->nla_type & NLA_TYPE_MASK) == type)
			return a;
		p += NLA_ALIGN(a->nla_len);
	}
	return NULL;
}

const struct nlattr *sp_nl_find(const struct nlmsghdr *h, size_t hdr_len, uint16_t type)
{
	return find((const uint8_t *)h + NLMSG_HDRLEN + NLMSG_ALIGN(hdr_len),
		    (const uint8_t *)h + h->nlmsg_len, type);
}

const struct nlattr *sp_nl_find_in(const struct nlattr *nest, uint16_t type)
{
	return find((const uint8_t *)nest + NLA_HDRLEN, (const uint8_t *)nest + nest->nla_len,
		    type);
}
