/* SPDX-License-Identifier: Apache-2.0 */
#include "net/nft.h"

#include "net/nft_rule.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/icmp.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter_ipv4.h>

#define TABLE "sidepod"

#define BATCH_PORTS 64 /* elements per transaction */

static void add_dnat_rules(struct sp_nl *n, const char *chain)
{
	for (int with_address = 1; with_address >= 0; with_address--) {
		size_t r = sp_nft_rule(n, TABLE, chain);

		sp_nft_dst_is_local(n);
		sp_nft_key(n, with_address);
		sp_nft_lookup(n, with_address ? "ports_ip" : "ports", 0, NFT_REG_1);
		sp_nft_dnat(n);
		sp_nl_nest_end(n, r);
	}
}

static void add_guard_rules(struct sp_nl *n, const char *bridge)
{
	static const uint32_t offsets[] = {SP_IP_DADDR, SP_IP_SADDR};

	for (size_t i = 0; i < SP_ARRAY_LEN(offsets); i++) {
		size_t r = sp_nft_rule(n, TABLE, "guard");

		sp_nft_ifname(n, NFT_META_IIFNAME, NFT_CMP_EQ, bridge);
		sp_nft_within(n, offsets[i], htonl(INADDR_LOOPBACK), htonl(0xff000000));
		sp_nft_drop(n);
		sp_nl_nest_end(n, r);
	}
}

/* Ports that are not published are for this machine and its pods, not for its neighbours. */
static void add_forward_rules(struct sp_nl *n, const char *bridge)
{
	size_t r = sp_nft_rule(n, TABLE, "forward");

	sp_nft_ifname(n, NFT_META_IIFNAME, NFT_CMP_NEQ, bridge);
	sp_nft_ifname(n, NFT_META_OIFNAME, NFT_CMP_EQ, bridge);
	sp_nft_ct(n, NFT_CT_STATE,
		  NF_CT_STATE_INVALID_BIT | NF_CT_STATE_BIT(IP_CT_NEW) | NF_CT_STATE_UNTRACKED_BIT,
		  true);
	sp_nft_ct(n, NFT_CT_STATUS, IPS_DST_NAT, false);
	sp_nft_drop(n);
	sp_nl_nest_end(n, r);
}

static void add_quiet_rule(struct sp_nl *n, const char *bridge)
{
	size_t r = sp_nft_rule(n, TABLE, "quiet");

	sp_nft_ifname(n, NFT_META_OIFNAME, NFT_CMP_EQ, bridge);
	sp_nft_meta(n, NFT_META_L4PROTO, NFT_REG_1);
	sp_nft_cmp(n, NFT_CMP_EQ, &(uint8_t){IPPROTO_ICMP}, 1);
	sp_nft_payload(n, NFT_PAYLOAD_TRANSPORT_HEADER, 0, 1, NFT_REG_1);
	sp_nft_cmp(n, NFT_CMP_EQ, &(uint8_t){ICMP_REDIRECT}, 1);
	sp_nft_drop(n);
	sp_nl_nest_end(n, r);
}

static void add_masquerade_rules(struct sp_nl *n, const char *bridge, uint32_t subnet,
				 uint32_t mask)
{
	size_t r = sp_nft_rule(n, TABLE, "postrouting");

	sp_nft_within(n, SP_IP_SADDR, subnet, mask);
	sp_nft_ifname(n, NFT_META_OIFNAME, NFT_CMP_NEQ, bridge);
	sp_nft_masquerade(n);
	sp_nl_nest_end(n, r);

	r = sp_nft_rule(n, TABLE, "postrouting");
	sp_nft_within(n, SP_IP_SADDR, subnet, mask);
	sp_nft_ifname(n, NFT_META_OIFNAME, NFT_CMP_EQ, bridge);
	sp_nft_is_dnat(n);
	sp_nft_masquerade(n);
	sp_nl_nest_end(n, r);

	r = sp_nft_rule(n, TABLE, "postrouting");
	sp_nft_within(n, SP_IP_SADDR, htonl(INADDR_LOOPBACK), htonl(0xff000000));
	sp_nft_ifname(n, NFT_META_OIFNAME, NFT_CMP_EQ, bridge);
	sp_nft_masquerade(n);
	sp_nl_nest_end(n, r);
}

int sp_nft_present(int fd)
{
	_Alignas(8) uint8_t mem[64];
	struct sp_nl n;
	int r;

	sp_nl_init(&n, mem, sizeof(mem));
	sp_nft_table(&n, NFT_MSG_GETTABLE, 0, TABLE);
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
	sp_nft_mark(&n, NFNL_MSG_BATCH_BEGIN);
	sp_nft_table(&n, NFT_MSG_NEWTABLE, NLM_F_CREATE,
		     TABLE); /* so that there is one to delete */
	sp_nft_table(&n, NFT_MSG_DELTABLE, 0, TABLE);
	sp_nft_table(&n, NFT_MSG_NEWTABLE, NLM_F_CREATE, TABLE);
	sp_nft_map(&n, TABLE,
		   &(struct sp_nft_map){.name = "ports",
					.id = 1,
					.key_type = SP_NFT_TYPE_PROTO_PORT,
					.key_len = 8,
					.data_type = SP_NFT_TYPE_ADDRESS_PORT,
					.data_len = 8});
	sp_nft_map(&n, TABLE,
		   &(struct sp_nft_map){.name = "ports_ip",
					.id = 2,
					.key_type = SP_NFT_TYPE_PROTO_ADDRESS_PORT,
					.key_len = 12,
					.data_type = SP_NFT_TYPE_ADDRESS_PORT,
					.data_len = 8});
	sp_nft_chain(&n, TABLE, "guard", "filter", NF_INET_PRE_ROUTING, NF_IP_PRI_RAW);
	add_guard_rules(&n, bridge);
	sp_nft_chain(&n, TABLE, "quiet", "filter", NF_INET_LOCAL_OUT, NF_IP_PRI_FILTER);
	add_quiet_rule(&n, bridge);
	sp_nft_chain(&n, TABLE, "prerouting", "nat", NF_INET_PRE_ROUTING, NF_IP_PRI_NAT_DST);
	add_dnat_rules(&n, "prerouting");
	sp_nft_chain(&n, TABLE, "output", "nat", NF_INET_LOCAL_OUT, NF_IP_PRI_NAT_DST);
	add_dnat_rules(&n, "output");
	sp_nft_chain(&n, TABLE, "forward", "filter", NF_INET_FORWARD, NF_IP_PRI_FILTER);
	add_forward_rules(&n, bridge);
	sp_nft_chain(&n, TABLE, "postrouting", "nat", NF_INET_POST_ROUTING, NF_IP_PRI_NAT_SRC);
	add_masquerade_rules(&n, bridge, subnet.s_addr, mask);
	sp_nft_mark(&n, NFNL_MSG_BATCH_END);
	return sp_nl_talk(fd, &n, NULL, NULL, NULL);
}

int sp_nft_teardown(int fd)
{
	return sp_nft_table_remove(fd, TABLE);
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

	sp_nft_begin(n, msg, flags);
	sp_nl_str(n, NFTA_SET_ELEM_LIST_TABLE, TABLE);
	sp_nl_str(n, NFTA_SET_ELEM_LIST_SET, any ? "ports" : "ports_ip");
	list = sp_nl_nest(n, NFTA_SET_ELEM_LIST_ELEMENTS);
	elem = sp_nl_nest(n, NFTA_LIST_ELEM);
	sp_nft_value(n, NFTA_SET_ELEM_KEY, key, any ? 8 : 12);
	if (with_data)
		sp_nft_value(n, NFTA_SET_ELEM_DATA, value, sizeof(value));
	sp_nl_nest_end(n, elem);
	sp_nl_nest_end(n, list);
}

/* One transaction for up to BATCH_PORTS elements: add, or remove and add, or remove. */
static int change(int fd, const struct sp_nft_port *ports, int n_ports, bool remove, bool add)
{
	_Alignas(8) uint8_t mem[BATCH_PORTS * 256 + 128];
	struct sp_nl n;

	sp_nl_init(&n, mem, sizeof(mem));
	sp_nft_mark(&n, NFNL_MSG_BATCH_BEGIN);
	for (int i = 0; i < n_ports; i++) {
		if (remove)
			put_element(&n, NFT_MSG_DELSETELEM, 0, &ports[i], false);
		if (add)
			put_element(&n, NFT_MSG_NEWSETELEM, NLM_F_CREATE | NLM_F_EXCL, &ports[i],
				    true);
	}
	sp_nft_mark(&n, NFNL_MSG_BATCH_END);
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
