/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Netlink messages by hand: several are built one after the other in the caller's memory, sent as
 * one datagram, and answered before send() returns (both rtnetlink and nfnetlink work in the
 * sender's context), so nothing here ever waits.
 */
#ifndef SP_NET_NETLINK_H
#define SP_NET_NETLINK_H

#include "base/base.h"

#include <linux/netlink.h>

/* Messages under construction. */
struct sp_nl {
	uint8_t *mem;
	size_t size, len;
	size_t msg;   /* offset of the open message */
	uint32_t seq; /* of the open message; the first one has 1 */
	bool failed;  /* did not fit */
};

/** sp_nl_init() - Start in @mem, 4-byte aligned, kept */
void sp_nl_init(struct sp_nl *n, void *mem, size_t size);

/**
 * sp_nl_begin() - Open the next message; the one before is complete
 * @flags: NLM_F_REQUEST is added
 * @hdr: the family's fixed header, @hdr_len bytes
 */
void sp_nl_begin(struct sp_nl *n, uint16_t type, uint16_t flags, const void *hdr, size_t hdr_len);

void sp_nl_attr(struct sp_nl *n, uint16_t type, const void *data, size_t len);
void sp_nl_u32(struct sp_nl *n, uint16_t type, uint32_t v);  /* host byte order */
void sp_nl_be32(struct sp_nl *n, uint16_t type, uint32_t v); /* given in host order, sent in
								network order */
void sp_nl_str(struct sp_nl *n, uint16_t type, const char *s);

/** sp_nl_raw() - Bytes without an attribute header, for formats that put a struct into a nest */
void sp_nl_raw(struct sp_nl *n, const void *data, size_t len);

/** sp_nl_nest() - Open a nested attribute. Return: its offset for sp_nl_nest_end() */
size_t sp_nl_nest(struct sp_nl *n, uint16_t type);
void sp_nl_nest_end(struct sp_nl *n, size_t at);

/** sp_nl_open() - Socket of a netlink family in the current network namespace. Return: fd, -errno
 */
int sp_nl_open(int protocol);

/* Called for each answer that is not an acknowledgement. */
typedef void sp_nl_answer(void *arg, const struct nlmsghdr *h);

/**
 * sp_nl_talk() - Send all messages, collect what comes back
 * @errs: results per message (index seq - 1), 0 or -errno; NULL when the first error is enough.
 *	At least as long as there are messages
 * @answer: may be NULL
 *
 * Return: 0, or the first -errno, in order of the messages.
 */
int sp_nl_talk(int fd, const struct sp_nl *n, int *errs, sp_nl_answer *answer, void *arg);

/** sp_nl_payload() - What stands behind the header; @h->nlmsg_len bytes with it */
static inline const void *sp_nl_payload(const struct nlmsghdr *h)
{
	return (const uint8_t *)h + NLMSG_HDRLEN;
}

/** sp_nl_find() - Attribute @type among those after a fixed header of @hdr_len. Return: NULL none
 */
const struct nlattr *sp_nl_find(const struct nlmsghdr *h, size_t hdr_len, uint16_t type);
/** sp_nl_find_in() - The same among those within the nested attribute @nest */
const struct nlattr *sp_nl_find_in(const struct nlattr *nest, uint16_t type);

#endif
