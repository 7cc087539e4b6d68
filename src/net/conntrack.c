/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A flow has two tuples: what the client sends (original) and what it gets back (reply); for a
 * flow that was sent on to another destination, the reply's source is that destination.
 * Source: linux/netfilter/nfnetlink_conntrack.h, net/netfilter/nf_conntrack_netlink.c.
 */
#include "net/conntrack.h"

#include "net/netlink.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <stdlib.h>

/* Which parts of a tuple the kernel compares for us (5.8); the numbers stand in no header. */
#define COMPARE_SOURCE      (1u << 0)
#define COMPARE_PROTOCOL    (1u << 3)
#define COMPARE_SOURCE_PORT (1u << 4)

#define TUPLE_MAX 128 /* bytes of a tuple in IPv4 with UDP, and room */

struct tuple {
	uint32_t src, dst;
	uint16_t sport, dport; /* host order */
	uint8_t proto;
};

/* A flow to forget: its original tuple as the kernel wrote it, and its number. */
struct flow {
	uint8_t tuple[TUPLE_MAX];
	size_t len;
	uint8_t id[4];
};

struct search {
	struct in_addr vip, ip;
	uint16_t vip_port, node_port, port;
	struct flow *flows;
	size_t n, cap;
	bool failed;
};

/* Copy an attribute's value; missing or shorter ones leave *ret alone. */
static void take(const struct nlattr *nest, uint16_t type, void *ret, size_t len)
{
	const struct nlattr *a = sp_nl_find_in(nest, type);

	if (a && a->nla_len >= NLA_HDRLEN + len)
		memcpy(ret, a + 1, len);
}

static bool read_tuple(const struct nlmsghdr *h, uint16_t type, struct tuple *ret)
{
	const struct nlattr *t = sp_nl_find(h, sizeof(struct nfgenmsg), type);
	const struct nlattr *ip = t ? sp_nl_find_in(t, CTA_TUPLE_IP) : NULL;
	const struct nlattr *proto = t ? sp_nl_find_in(t, CTA_TUPLE_PROTO) : NULL;

	if (!ip || !proto)
		return false;
	*ret = (struct tuple){0};
	take(ip, CTA_IP_V4_SRC, &ret->src, 4);
	take(ip, CTA_IP_V4_DST, &ret->dst, 4);
	take(proto, CTA_PROTO_NUM, &ret->proto, 1);
	take(proto, CTA_PROTO_SRC_PORT, &ret->sport, 2);
	take(proto, CTA_PROTO_DST_PORT, &ret->dport, 2);
	ret->sport = ntohs(ret->sport);
	ret->dport = ntohs(ret->dport);
	return true;
}

static bool wanted(const struct search *s, const struct tuple *orig, const struct tuple *reply)
{
	if (reply->proto != IPPROTO_UDP || reply->src != s->ip.s_addr || reply->sport != s->port)
		return false;
	if (orig->dst == s->vip.s_addr && orig->dport == s->vip_port)
		return true;
	return s->node_port && orig->dport == s->node_port && orig->dst != reply->src;
}

static void look(void *arg, const struct nlmsghdr *h)
{
	const struct nlattr *t = sp_nl_find(h, sizeof(struct nfgenmsg), CTA_TUPLE_ORIG);
	const struct nlattr *id = sp_nl_find(h, sizeof(struct nfgenmsg), CTA_ID);
	struct search *s = arg;
	struct tuple orig, reply;
	struct flow *f;

	if (!read_tuple(h, CTA_TUPLE_ORIG, &orig) || !read_tuple(h, CTA_TUPLE_REPLY, &reply) ||
	    !wanted(s, &orig, &reply) || !id || id->nla_len < NLA_HDRLEN + 4 ||
	    t->nla_len - NLA_HDRLEN > TUPLE_MAX)
		return;
	if (s->n == s->cap) {
		size_t cap = SP_MAX(s->cap * 2, (size_t)16);
		struct flow *more = realloc(s->flows, cap * sizeof(*more));

		if (!more) {
			s->failed = true;
			return;
		}
		s->flows = more;
		s->cap = cap;
	}
	f = &s->flows[s->n++];
	f->len = t->nla_len - (size_t)NLA_HDRLEN;
	memcpy(f->tuple, t + 1, f->len);
	memcpy(f->id, id + 1, sizeof(f->id));
}

static void begin(struct sp_nl *n, int msg, uint16_t flags)
{
	struct nfgenmsg g = {.nfgen_family = NFPROTO_IPV4, .version = NFNETLINK_V0};

	sp_nl_begin(n, (uint16_t)(NFNL_SUBSYS_CTNETLINK << 8 | msg), flags, &g, sizeof(g));
}

/* Only flows that answer from the backend; older kernels ignore that and tell all. */
static int list_flows(int fd, struct search *s)
{
	_Alignas(8) uint8_t mem[256];
	uint16_t be_port = htons(s->port);
	uint8_t udp = IPPROTO_UDP;
	size_t nest, in;
	struct sp_nl n;

	sp_nl_init(&n, mem, sizeof(mem));
	begin(&n, IPCTNL_MSG_CT_GET, NLM_F_DUMP);
	nest = sp_nl_nest(&n, CTA_TUPLE_REPLY);
	in = sp_nl_nest(&n, CTA_TUPLE_IP);
	sp_nl_attr(&n, CTA_IP_V4_SRC, &s->ip.s_addr, 4);
	sp_nl_nest_end(&n, in);
	in = sp_nl_nest(&n, CTA_TUPLE_PROTO);
	sp_nl_attr(&n, CTA_PROTO_NUM, &udp, 1);
	sp_nl_attr(&n, CTA_PROTO_SRC_PORT, &be_port, 2);
	sp_nl_nest_end(&n, in);
	sp_nl_nest_end(&n, nest);
	nest = sp_nl_nest(&n, CTA_FILTER);
	sp_nl_u32(&n, CTA_FILTER_ORIG_FLAGS, 0);
	sp_nl_u32(&n, CTA_FILTER_REPLY_FLAGS,
		  COMPARE_SOURCE | COMPARE_PROTOCOL | COMPARE_SOURCE_PORT);
	sp_nl_nest_end(&n, nest);
	return sp_nl_talk(fd, &n, NULL, look, s);
}

static int forget(int fd, const struct flow *f)
{
	_Alignas(8) uint8_t mem[256];
	struct sp_nl n;
	size_t nest;
	int r;

	sp_nl_init(&n, mem, sizeof(mem));
	begin(&n, IPCTNL_MSG_CT_DELETE, NLM_F_ACK);
	nest = sp_nl_nest(&n, CTA_TUPLE_ORIG);
	sp_nl_raw(&n, f->tuple, f->len);
	sp_nl_nest_end(&n, nest);
	sp_nl_attr(&n, CTA_ID, f->id, sizeof(f->id));
	r = sp_nl_talk(fd, &n, NULL, NULL, NULL);
	return r == -ENOENT ? 0 : r; /* it timed out, or another flow has its place */
}

int sp_conntrack_forget_udp(int fd, struct in_addr vip, uint16_t vip_port, uint16_t node_port,
			    struct in_addr ip, uint16_t port)
{
	struct search s = {
		.vip = vip, .vip_port = vip_port, .node_port = node_port, .ip = ip, .port = port};
	int r = list_flows(fd, &s);

	if (r >= 0 && s.failed)
		r = -ENOMEM;
	for (size_t i = 0; r >= 0 && i < s.n; i++)
		r = forget(fd, &s.flows[i]);
	free(s.flows);
	return r;
}
