/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules are programs for a small register machine in the kernel; each helper below adds one
 * instruction, in the words of `nft --debug=netlink`. Register 1 holds 16 bytes and overlaps the
 * 4-byte registers 8 to 11, which is how a concatenated key is put together.
 * Source: linux/netfilter/nf_tables.h, net/netfilter/nft_*.c.
 */
#include "net/nft.h"

#include "net/netlink.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter_ipv4.h>
#include <linux/rtnetlink.h>

#define TABLE "sidepod"

/* Where things stand in an IPv4 header, and the port in TCP's and UDP's. */
#define IP_SADDR 12
#define IP_DADDR 16
#define TH_DPORT 2

/* What `nft list` needs to print the maps in words: its own type numbers, six bits each. */
#define NFT_TYPE_IPV4    7u
#define NFT_TYPE_PROTO   12u
#define NFT_TYPE_SERVICE 13u

#define BATCH_PORTS 64 /* elements per transaction */

static void begin(struct sp_nl *n, int msg, uint16_t flags, uint8_t family)
{
	struct nfgenmsg g = {.nfgen_family = family, .version = NFNETLINK_V0};

	sp_nl_begin(n, (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | msg), flags, &g, sizeof(g));
}

/* Batch markers: what stands between them is done as a whole or not at all. */
static void mark(struct sp_nl *n, uint16_t type)
{
	struct nfgenmsg g = {.version = NFNETLINK_V0, .res_id = htons(NFNL_SUBSYS_NFTABLES)};

	sp_nl_begin(n, type, 0, &g, sizeof(g));
}

static size_t expr(struct sp_nl *n, const char *name, size_t *ret_data)
{
	size_t elem = sp_nl_nest(n, NFTA_LIST_ELEM);

	sp_nl_str(n, NFTA_EXPR_NAME, name);
	*ret_data = sp_nl_nest(n, NFTA_EXPR_DATA);
	return elem;
}

static void expr_end(struct sp_nl *n, size_t elem, size_t data)
{
	sp_nl_nest_end(n, data);
	sp_nl_nest_end(n, elem);
}

static void put_value(struct sp_nl *n, uint16_t type, const void *bytes, size_t len)
{
	size_t nest = sp_nl_nest(n, type);

	sp_nl_attr(n, NFTA_DATA_VALUE, bytes, len);
	sp_nl_nest_end(n, nest);
}

static void e_meta(struct sp_nl *n, uint32_t key, uint32_t reg)
{
	size_t d, e = expr(n, "meta", &d);

	sp_nl_be32(n, NFTA_META_KEY, key);
	sp_nl_be32(n, NFTA_META_DREG, reg);
	expr_end(n, e, d);
}

static void e_payload(struct sp_nl *n, uint32_t base, uint32_t offset, uint32_t len, uint32_t reg)
{
	size_t d, e = expr(n, "payload", &d);

	sp_nl_be32(n, NFTA_PAYLOAD_DREG, reg);
	sp_nl_be32(n, NFTA_PAYLOAD_BASE, base);
	sp_nl_be32(n, NFTA_PAYLOAD_OFFSET, offset);
	sp_nl_be32(n, NFTA_PAYLOAD_LEN, len);
	expr_end(n, e, d);
}

static void e_cmp(struct sp_nl *n, uint32_t op, const void *bytes, size_t len)
{
	size_t d, e = expr(n, "cmp", &d);

	sp_nl_be32(n, NFTA_CMP_SREG, NFT_REG_1);
	sp_nl_be32(n, NFTA_CMP_OP, op);
	put_value(n, NFTA_CMP_DATA, bytes, len);
	expr_end(n, e, d);
}

static void e_mask(struct sp_nl *n, uint32_t mask)
{
	size_t d, e = expr(n, "bitwise", &d);
	uint32_t zero = 0;

	sp_nl_be32(n, NFTA_BITWISE_SREG, NFT_REG_1);
	sp_nl_be32(n, NFTA_BITWISE_DREG, NFT_REG_1);
	sp_nl_be32(n, NFTA_BITWISE_LEN, sizeof(mask));
	put_value(n, NFTA_BITWISE_MASK, &mask, sizeof(mask));
	put_value(n, NFTA_BITWISE_XOR, &zero, sizeof(zero));
	expr_end(n, e, d);
}

/* ip saddr or daddr within addr/mask; both in network order */
static void e_within(struct sp_nl *n, uint32_t offset, uint32_t addr, uint32_t mask)
{
	uint32_t net = addr & mask;

	e_payload(n, NFT_PAYLOAD_NETWORK_HEADER, offset, 4, NFT_REG_1);
	e_mask(n, mask);
	e_cmp(n, NFT_CMP_EQ, &net, sizeof(net));
}

static void e_ifname(struct sp_nl *n, uint32_t key, uint32_t op, const char *name)
{
	char padded[16] = "";

	memcpy(padded, name, strnlen(name, sizeof(padded) - 1));
	e_meta(n, key, NFT_REG_1);
	e_cmp(n, op, padded, sizeof(padded));
}

static void e_dst_is_local(struct sp_nl *n)
{
	size_t d, e = expr(n, "fib", &d);
	uint32_t local = RTN_LOCAL;

	sp_nl_be32(n, NFTA_FIB_DREG, NFT_REG_1);
	sp_nl_be32(n, NFTA_FIB_RESULT, NFT_FIB_RESULT_ADDRTYPE);
	sp_nl_be32(n, NFTA_FIB_FLAGS, NFTA_FIB_F_DADDR);
	expr_end(n, e, d);
	e_cmp(n, NFT_CMP_EQ, &local, sizeof(local));
}

static void e_is_dnat(struct sp_nl *n)
{
	size_t d, e = expr(n, "ct", &d);
	uint32_t zero = 0;

	sp_nl_be32(n, NFTA_CT_KEY, NFT_CT_STATUS);
	sp_nl_be32(n, NFTA_CT_DREG, NFT_REG_1);
	expr_end(n, e, d);
	e_mask(n, IPS_DST_NAT);
	e_cmp(n, NFT_CMP_NEQ, &zero, sizeof(zero));
}

static void e_masquerade(struct sp_nl *n)
{
	size_t d, e = expr(n, "masq", &d);

	expr_end(n, e, d);
}

static void e_drop(struct sp_nl *n)
{
	size_t d, e = expr(n, "immediate", &d), data, verdict;

	sp_nl_be32(n, NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
	data = sp_nl_nest(n, NFTA_IMMEDIATE_DATA);
	verdict = sp_nl_nest(n, NFTA_DATA_VERDICT);
	sp_nl_be32(n, NFTA_VERDICT_CODE, NF_DROP);
	sp_nl_nest_end(n, verdict);
	sp_nl_nest_end(n, data);
	expr_end(n, e, d);
}

/* dnat to <key in register 1> map @map: the address lands in register 1, the port 4 bytes on */
static void e_dnat_map(struct sp_nl *n, const char *map)
{
	size_t d, e = expr(n, "lookup", &d);

	sp_nl_str(n, NFTA_LOOKUP_SET, map);
	sp_nl_be32(n, NFTA_LOOKUP_SREG, NFT_REG_1);
	sp_nl_be32(n, NFTA_LOOKUP_DREG, NFT_REG_1);
	expr_end(n, e, d);
	e = expr(n, "nat", &d);
	sp_nl_be32(n, NFTA_NAT_TYPE, NFT_NAT_DNAT);
	sp_nl_be32(n, NFTA_NAT_FAMILY, NFPROTO_IPV4);
	sp_nl_be32(n, NFTA_NAT_REG_ADDR_MIN, NFT_REG_1);
	sp_nl_be32(n, NFTA_NAT_REG_PROTO_MIN, NFT_REG32_01);
	expr_end(n, e, d);
}

static size_t rule(struct sp_nl *n, const char *chain)
{
	begin(n, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND, NFPROTO_IPV4);
	sp_nl_str(n, NFTA_RULE_TABLE, TABLE);
	sp_nl_str(n, NFTA_RULE_CHAIN, chain);
	return sp_nl_nest(n, NFTA_RULE_EXPRESSIONS);
}

static void add_chain(struct sp_nl *n, const char *name, const char *type, uint32_t hook,
		      int priority)
{
	size_t nest;

	begin(n, NFT_MSG_NEWCHAIN, NLM_F_CREATE, NFPROTO_IPV4);
	sp_nl_str(n, NFTA_CHAIN_TABLE, TABLE);
	sp_nl_str(n, NFTA_CHAIN_NAME, name);
	nest = sp_nl_nest(n, NFTA_CHAIN_HOOK);
	sp_nl_be32(n, NFTA_HOOK_HOOKNUM, hook);
	sp_nl_be32(n, NFTA_HOOK_PRIORITY, (uint32_t)priority);
	sp_nl_nest_end(n, nest);
	sp_nl_str(n, NFTA_CHAIN_TYPE, type);
}

static void add_map(struct sp_nl *n, const char *name, uint32_t id, uint32_t key_type,
		    uint32_t key_len)
{
	begin(n, NFT_MSG_NEWSET, NLM_F_CREATE, NFPROTO_IPV4);
	sp_nl_str(n, NFTA_SET_TABLE, TABLE);
	sp_nl_str(n, NFTA_SET_NAME, name);
	sp_nl_be32(n, NFTA_SET_ID, id);
	sp_nl_be32(n, NFTA_SET_FLAGS, NFT_SET_MAP);
	sp_nl_be32(n, NFTA_SET_KEY_TYPE, key_type);
	sp_nl_be32(n, NFTA_SET_KEY_LEN, key_len);
	sp_nl_be32(n, NFTA_SET_DATA_TYPE, NFT_TYPE_IPV4 << 6 | NFT_TYPE_SERVICE);
	sp_nl_be32(n, NFTA_SET_DATA_LEN, 8);
}

static void add_dnat_rules(struct sp_nl *n, const char *chain)
{
	size_t r = rule(n, chain);

	e_dst_is_local(n);
	e_meta(n, NFT_META_L4PROTO, NFT_REG32_00);
	e_payload(n, NFT_PAYLOAD_NETWORK_HEADER, IP_DADDR, 4, NFT_REG32_01);
	e_payload(n, NFT_PAYLOAD_TRANSPORT_HEADER, TH_DPORT, 2, NFT_REG32_02);
	e_dnat_map(n, "ports_ip");
	sp_nl_nest_end(n, r);

	r = rule(n, chain);
	e_dst_is_local(n);
	e_meta(n, NFT_META_L4PROTO, NFT_REG32_00);
	e_payload(n, NFT_PAYLOAD_TRANSPORT_HEADER, TH_DPORT, 2, NFT_REG32_01);
	e_dnat_map(n, "ports");
	sp_nl_nest_end(n, r);
}

static void add_guard_rules(struct sp_nl *n, const char *bridge)
{
	static const uint32_t offsets[] = {IP_DADDR, IP_SADDR};

	for (size_t i = 0; i < SP_ARRAY_LEN(offsets); i++) {
		size_t r = rule(n, "guard");

		e_ifname(n, NFT_META_IIFNAME, NFT_CMP_EQ, bridge);
		e_within(n, offsets[i], htonl(INADDR_LOOPBACK), htonl(0xff000000));
		e_drop(n);
		sp_nl_nest_end(n, r);
	}
}

static void add_masquerade_rules(struct sp_nl *n, const char *bridge, uint32_t subnet,
				 uint32_t mask)
{
	size_t r = rule(n, "postrouting");

	e_within(n, IP_SADDR, subnet, mask);
	e_ifname(n, NFT_META_OIFNAME, NFT_CMP_NEQ, bridge);
	e_masquerade(n);
	sp_nl_nest_end(n, r);

	r = rule(n, "postrouting");
	e_within(n, IP_SADDR, subnet, mask);
	e_ifname(n, NFT_META_OIFNAME, NFT_CMP_EQ, bridge);
	e_is_dnat(n);
	e_masquerade(n);
	sp_nl_nest_end(n, r);

	r = rule(n, "postrouting");
	e_within(n, IP_SADDR, htonl(INADDR_LOOPBACK), htonl(0xff000000));
	e_ifname(n, NFT_META_OIFNAME, NFT_CMP_EQ, bridge);
	e_masquerade(n);
	sp_nl_nest_end(n, r);
}

static void put_table(struct sp_nl *n, int msg, uint16_t flags)
{
	begin(n, msg, flags, NFPROTO_IPV4);
	sp_nl_str(n, NFTA_TABLE_NAME, TABLE);
}

int sp_nft_present(int fd)
{
	_Alignas(8) uint8_t mem[64];
	struct sp_nl n;
	int r;

	sp_nl_init(&n, mem, sizeof(mem));
	put_table(&n, NFT_MSG_GETTABLE, 0);
	r = sp_nl_talk(fd, &n, NULL, NULL, NULL);
	if (r == -ENOENT)
		return 0;
	return r < 0 ? r : 1;
}

int sp_nft_setup(int fd, const char *bridge, struct in_addr subnet, int prefix_len)
{
	uint32_t mask = htonl(prefix_len ? UINT32_MAX << (32 - prefix_len) : 0);
	_Alignas(8) uint8_t mem[8192];
	struct sp_nl n;

	sp_nl_init(&n, mem, sizeof(mem));
	mark(&n, NFNL_MSG_BATCH_BEGIN);
	put_table(&n, NFT_MSG_NEWTABLE, NLM_F_CREATE); /* so that there is one to delete */
	put_table(&n, NFT_MSG_DELTABLE, 0);
	put_table(&n, NFT_MSG_NEWTABLE, NLM_F_CREATE);
	add_map(&n, "ports", 1, NFT_TYPE_PROTO << 6 | NFT_TYPE_SERVICE, 8);
	add_map(&n, "ports_ip", 2, NFT_TYPE_PROTO << 12 | NFT_TYPE_IPV4 << 6 | NFT_TYPE_SERVICE,
		12);
	add_chain(&n, "guard", "filter", NF_INET_PRE_ROUTING, NF_IP_PRI_RAW);
	add_guard_rules(&n, bridge);
	add_chain(&n, "prerouting", "nat", NF_INET_PRE_ROUTING, NF_IP_PRI_NAT_DST);
	add_dnat_rules(&n, "prerouting");
	add_chain(&n, "output", "nat", NF_INET_LOCAL_OUT, NF_IP_PRI_NAT_DST);
	add_dnat_rules(&n, "output");
	add_chain(&n, "postrouting", "nat", NF_INET_POST_ROUTING, NF_IP_PRI_NAT_SRC);
	add_masquerade_rules(&n, bridge, subnet.s_addr, mask);
	mark(&n, NFNL_MSG_BATCH_END);
	return sp_nl_talk(fd, &n, NULL, NULL, NULL);
}

int sp_nft_teardown(int fd)
{
	_Alignas(8) uint8_t mem[256];
	struct sp_nl n;
	int r;

	sp_nl_init(&n, mem, sizeof(mem));
	mark(&n, NFNL_MSG_BATCH_BEGIN);
	put_table(&n, NFT_MSG_DELTABLE, 0);
	mark(&n, NFNL_MSG_BATCH_END);
	r = sp_nl_talk(fd, &n, NULL, NULL, NULL);
	return r == -ENOENT ? 0 : r;
}

/* One element of the map that fits the port: its key, and with @with_data what it maps to. */
static void put_element(struct sp_nl *n, int msg, uint16_t flags, const struct sp_nft_port *p,
			bool with_data)
{
	/* each part of a concatenation fills whole 4-byte registers */
	uint32_t proto = 0, host_port = 0, value[2] = {p->ip.s_addr, 0}, key[3];
	uint16_t be_host = htons(p->host_port), be_ctr = htons(p->ctr_port);
	bool any = p->host_ip.s_addr == htonl(INADDR_ANY);
	size_t list, elem;

	memcpy(&proto, &(uint8_t){p->udp ? IPPROTO_UDP : IPPROTO_TCP}, 1);
	memcpy(&host_port, &be_host, 2);
	memcpy(&value[1], &be_ctr, 2);
	key[0] = proto;
	key[1] = any ? host_port : p->host_ip.s_addr;
	key[2] = host_port;

	begin(n, msg, flags, NFPROTO_IPV4);
	sp_nl_str(n, NFTA_SET_ELEM_LIST_TABLE, TABLE);
	sp_nl_str(n, NFTA_SET_ELEM_LIST_SET, any ? "ports" : "ports_ip");
	list = sp_nl_nest(n, NFTA_SET_ELEM_LIST_ELEMENTS);
	elem = sp_nl_nest(n, NFTA_LIST_ELEM);
	put_value(n, NFTA_SET_ELEM_KEY, key, any ? 8 : 12);
	if (with_data)
		put_value(n, NFTA_SET_ELEM_DATA, value, sizeof(value));
	sp_nl_nest_end(n, elem);
	sp_nl_nest_end(n, list);
}

/* One transaction for up to BATCH_PORTS elements: add, or remove and add, or remove. */
static int change(int fd, const struct sp_nft_port *ports, int n_ports, bool remove, bool add)
{
	_Alignas(8) uint8_t mem[BATCH_PORTS * 256 + 128];
	struct sp_nl n;

	sp_nl_init(&n, mem, sizeof(mem));
	mark(&n, NFNL_MSG_BATCH_BEGIN);
	for (int i = 0; i < n_ports; i++) {
		if (remove)
			put_element(&n, NFT_MSG_DELSETELEM, 0, &ports[i], false);
		if (add)
			put_element(&n, NFT_MSG_NEWSETELEM, NLM_F_CREATE | NLM_F_EXCL, &ports[i],
				    true);
	}
	mark(&n, NFNL_MSG_BATCH_END);
	return sp_nl_talk(fd, &n, NULL, NULL, NULL);
}

/* One by one, for when a transaction met a leftover or missed an element. */
static int change_each(int fd, const struct sp_nft_port *ports, int n_ports, bool add)
{
	for (int i = 0; i < n_ports; i++) {
		int r = change(fd, ports + i, 1, !add, add);

		if (add && (r == -EEXIST || r == -EBUSY))
			r = change(fd, ports + i, 1, true, true);
		if (r < 0 && (add || r != -ENOENT))
			return r;
	}
	return 0;
}

static int change_all(int fd, const struct sp_nft_port *ports, int n_ports, bool add)
{
	for (int at = 0; at < n_ports; at += BATCH_PORTS) {
		int n = SP_MIN(n_ports - at, BATCH_PORTS);
		int r = change(fd, ports + at, n, !add, add);

		if (add ? r == -EEXIST || r == -EBUSY : r == -ENOENT)
			r = change_each(fd, ports + at, n, add);
		if (r < 0)
			return r;
	}
	return 0;
}

int sp_nft_publish(int fd, const struct sp_nft_port *ports, int n)
{
	return change_all(fd, ports, n, true);
}

int sp_nft_unpublish(int fd, const struct sp_nft_port *ports, int n)
{
	return change_all(fd, ports, n, false);
}
