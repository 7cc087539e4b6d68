/* SPDX-License-Identifier: Apache-2.0 */
#include "net/nft_service.h"

#include "net/nft_rule.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter_ipv4.h>
#include <stdio.h>
#include <stdlib.h>

#define CHOICE "__map%d" /* the kernel puts a number there */

/* One message of choices holds so many bytes; a length in netlink has 16 bits. */
#define CHOICE_BYTES 32
_Static_assert(SP_SVC_BACKENDS_MAX *CHOICE_BYTES < UINT16_MAX, "all choices fit into one message");

/* Looked up twice: a lookup that began before a key was pointed elsewhere, and ends after it, may
 * find neither the old element nor the new one. The next one finds the new one. */
static void add_entrance(struct sp_nl *n, const char *table, const char *chain)
{
	size_t r;

	for (int i = 0; i < 2; i++) {
		r = sp_nft_rule(n, table, chain);
		sp_nft_key(n, true);
		sp_nft_lookup(n, "services", 0, NFT_REG_VERDICT);
		sp_nl_nest_end(n, r);
	}
	r = sp_nft_rule(n, table, chain);
	sp_nft_dst_is_local(n);
	sp_nft_key(n, false);
	sp_nft_lookup(n, "nodeports", 0, NFT_REG_VERDICT);
	sp_nl_nest_end(n, r);
}

static void add_refusal(struct sp_nl *n, const char *table, const char *chain, struct in_addr block,
			uint32_t mask)
{
	size_t r = sp_nft_rule(n, table, chain);

	sp_nft_within(n, SP_IP_DADDR, block.s_addr, mask);
	sp_nft_meta(n, NFT_META_L4PROTO, NFT_REG_1);
	sp_nft_cmp(n, NFT_CMP_EQ, &(uint8_t){IPPROTO_TCP}, 1);
	sp_nft_refuse(n, true);
	sp_nl_nest_end(n, r);

	r = sp_nft_rule(n, table, chain);
	sp_nft_within(n, SP_IP_DADDR, block.s_addr, mask);
	sp_nft_refuse(n, false);
	sp_nl_nest_end(n, r);
}

static void put_setup(struct sp_nl *n, const char *table, struct in_addr block, uint32_t mask)
{
	sp_nft_table(n, NFT_MSG_NEWTABLE, NLM_F_CREATE | NLM_F_EXCL, table);
	sp_nl_be32(n, NFTA_TABLE_FLAGS, NFT_TABLE_F_OWNER);
	sp_nft_map(n, table,
		   &(struct sp_nft_map){.name = "services",
					.id = 1,
					.key_type = SP_NFT_TYPE_PROTO_ADDRESS_PORT,
					.key_len = 12,
					.data_type = NFT_DATA_VERDICT});
	sp_nft_map(n, table,
		   &(struct sp_nft_map){.name = "nodeports",
					.id = 2,
					.key_type = SP_NFT_TYPE_PROTO_PORT,
					.key_len = 8,
					.data_type = NFT_DATA_VERDICT});
	sp_nft_chain(n, table, "prerouting", "nat", NF_INET_PRE_ROUTING, NF_IP_PRI_NAT_DST - 5);
	add_entrance(n, table, "prerouting");
	sp_nft_chain(n, table, "output", "nat", NF_INET_LOCAL_OUT, NF_IP_PRI_NAT_DST - 5);
	add_entrance(n, table, "output");
	sp_nft_chain(n, table, "refuse_prerouting", "filter", NF_INET_PRE_ROUTING,
		     NF_IP_PRI_NAT_DST + 10);
	add_refusal(n, table, "refuse_prerouting", block, mask);
	sp_nft_chain(n, table, "refuse_output", "filter", NF_INET_LOCAL_OUT,
		     NF_IP_PRI_NAT_DST + 10);
	add_refusal(n, table, "refuse_output", block, mask);
}

int sp_nft_service_setup(int fd, const char *table, struct in_addr block, uint32_t mask)
{
	_Alignas(8) uint8_t mem[4096];
	struct sp_nl n;

	sp_nl_init(&n, mem, sizeof(mem));
	sp_nft_mark(&n, NFNL_MSG_BATCH_BEGIN);
	put_setup(&n, table, block, mask);
	sp_nft_mark(&n, NFNL_MSG_BATCH_END);
	return sp_nl_talk(fd, &n, NULL, NULL, NULL);
}

/* ---- one virtual port ------------------------------------------------------------------------ */

/* A number as a concatenated key has it: in network order, alone in its 4 bytes. */
static uint32_t key_port(uint16_t port)
{
	uint16_t be = htons(port);
	uint32_t v = 0;

	memcpy(&v, &be, sizeof(be));
	return v;
}

static const char *chain_name(uint32_t number, char ret[16])
{
	(void)snprintf(ret, 16, "p%u", number); /* 11 of 15 */
	return ret;
}

/* The element for the virtual port, or with @node the one for the machine's; @chain: 0 for its
 * removal. */
static void put_element(struct sp_nl *n, const char *table, const struct sp_svc_port *p,
			uint16_t node, uint32_t chain)
{
	const uint8_t protocol = p->udp ? IPPROTO_UDP : IPPROTO_TCP;
	uint32_t key[3] = {0};
	size_t list, elem;
	char name[16];

	memcpy(&key[0], &protocol, sizeof(protocol));
	key[1] = node ? key_port(node) : p->vip.s_addr;
	key[2] = key_port(p->port);

	sp_nft_begin(n, chain ? NFT_MSG_NEWSETELEM : NFT_MSG_DELSETELEM, chain ? NLM_F_CREATE : 0);
	sp_nl_str(n, NFTA_SET_ELEM_LIST_TABLE, table);
	sp_nl_str(n, NFTA_SET_ELEM_LIST_SET, node ? "nodeports" : "services");
	list = sp_nl_nest(n, NFTA_SET_ELEM_LIST_ELEMENTS);
	elem = sp_nl_nest(n, NFTA_LIST_ELEM);
	sp_nft_value(n, NFTA_SET_ELEM_KEY, key, node ? 8 : 12);
	if (chain)
		sp_nft_goto(n, NFTA_SET_ELEM_DATA, chain_name(chain, name));
	sp_nl_nest_end(n, elem);
	sp_nl_nest_end(n, list);
}

/* The map from a number to a backend. */
static void put_choices(struct sp_nl *n, const char *table, uint32_t id,
			const struct sp_svc_backend *backends, uint32_t count)
{
	size_t list, elem;

	sp_nft_map(n, table,
		   &(struct sp_nft_map){.name = CHOICE,
					.id = id,
					.flags = NFT_SET_ANONYMOUS | NFT_SET_CONSTANT,
					.key_type = SP_NFT_TYPE_INTEGER,
					.key_len = 4,
					.data_type = SP_NFT_TYPE_ADDRESS_PORT,
					.data_len = 8,
					.size = count});
	sp_nft_begin(n, NFT_MSG_NEWSETELEM, NLM_F_CREATE);
	sp_nl_str(n, NFTA_SET_ELEM_LIST_TABLE, table);
	sp_nl_str(n, NFTA_SET_ELEM_LIST_SET, CHOICE);
	sp_nl_be32(n, NFTA_SET_ELEM_LIST_SET_ID, id);
	list = sp_nl_nest(n, NFTA_SET_ELEM_LIST_ELEMENTS);
	for (uint32_t i = 0; i < count; i++) {
		uint32_t value[2] = {backends[i].ip.s_addr, key_port(backends[i].port)};

		elem = sp_nl_nest(n, NFTA_LIST_ELEM);
		sp_nft_value(n, NFTA_SET_ELEM_KEY, &i, sizeof(i)); /* as numgen and hash have it */
		sp_nft_value(n, NFTA_SET_ELEM_DATA, value, sizeof(value));
		sp_nl_nest_end(n, elem);
	}
	sp_nl_nest_end(n, list);
}

/* Its rules first: a chain that still has some cannot go. */
static void put_drop(struct sp_nl *n, const char *table, uint32_t chain)
{
	char name[16];

	if (!chain)
		return;
	sp_nft_begin(n, NFT_MSG_DELRULE, 0);
	sp_nl_str(n, NFTA_RULE_TABLE, table);
	sp_nl_str(n, NFTA_RULE_CHAIN, chain_name(chain, name));
	sp_nft_begin(n, NFT_MSG_DELCHAIN, 0);
	sp_nl_str(n, NFTA_CHAIN_TABLE, table);
	sp_nl_str(n, NFTA_CHAIN_NAME, name);
}

/* A chain whose choice is that of a whole port. @id: of its map, in this transaction */
static void put_chain(struct sp_nl *n, const char *table, const char *name, uint32_t id,
		      bool client_ip, const struct sp_svc_backend *backends, uint32_t count)
{
	size_t r;

	sp_nft_begin(n, NFT_MSG_NEWCHAIN, NLM_F_CREATE);
	sp_nl_str(n, NFTA_CHAIN_TABLE, table);
	sp_nl_str(n, NFTA_CHAIN_NAME, name);
	put_choices(n, table, id, backends, count);
	r = sp_nft_rule(n, table, name);
	if (client_ip)
		sp_nft_hash_client(n, count);
	else
		sp_nft_random(n, count);
	sp_nft_lookup(n, CHOICE, id, NFT_REG_1);
	sp_nft_dnat(n);
	sp_nl_nest_end(n, r);
}

int sp_nft_service_make(int fd, const char *table, uint32_t chain, bool client_ip,
			const struct sp_svc_backend *backends, uint32_t count, uint32_t old)
{
	size_t size = 2048 + (size_t)count * CHOICE_BYTES;
	void *mem = malloc(size);
	char name[16];
	struct sp_nl n;
	int result;

	if (!mem)
		return -ENOMEM;
	sp_nl_init(&n, mem, size);
	sp_nft_mark(&n, NFNL_MSG_BATCH_BEGIN);
	put_drop(&n, table, old);
	put_chain(&n, table, chain_name(chain, name), 1, client_ip, backends, count);
	sp_nft_mark(&n, NFNL_MSG_BATCH_END);
	result = sp_nl_talk(fd, &n, NULL, NULL, NULL);
	free(mem);
	return result;
}

int sp_nft_service_drop(int fd, const char *table, uint32_t chain)
{
	_Alignas(8) uint8_t mem[512];
	struct sp_nl n;

	if (!chain)
		return 0;
	sp_nl_init(&n, mem, sizeof(mem));
	sp_nft_mark(&n, NFNL_MSG_BATCH_BEGIN);
	put_drop(&n, table, chain);
	sp_nft_mark(&n, NFNL_MSG_BATCH_END);
	return sp_nl_talk(fd, &n, NULL, NULL, NULL);
}

int sp_nft_service_point(int fd, const char *table, const struct sp_svc_port *port,
			 struct sp_nft_service_keys was, struct sp_nft_service_keys is)
{
	_Alignas(8) uint8_t mem[1024];
	struct sp_nl n;

	sp_nl_init(&n, mem, sizeof(mem));
	sp_nft_mark(&n, NFNL_MSG_BATCH_BEGIN);
	if (was.chain)
		put_element(&n, table, port, 0, 0);
	if (was.chain && was.node_port)
		put_element(&n, table, port, was.node_port, 0);
	if (is.chain)
		put_element(&n, table, port, 0, is.chain);
	if (is.chain && is.node_port)
		put_element(&n, table, port, is.node_port, is.chain);
	sp_nft_mark(&n, NFNL_MSG_BATCH_END);
	return sp_nl_talk(fd, &n, NULL, NULL, NULL);
}

int sp_nft_service_probe(int fd)
{
	static const char table[] = "sidepod-probe";
	const struct in_addr block = {htonl(0x0a540000)};
	const struct sp_svc_backend backend = {block, 1};
	_Alignas(8) uint8_t mem[8192];
	int errs[64] = {0};
	struct sp_nl n;

	sp_nl_init(&n, mem, sizeof(mem));
	sp_nft_mark(&n, NFNL_MSG_BATCH_BEGIN);
	put_setup(&n, table, block, UINT32_MAX);
	put_chain(&n, table, "random", 3, false, &backend, 1);
	put_chain(&n, table, "hash", 4, true, &backend, 1);
	/* what is not there cannot be removed, so all of the above is taken back */
	sp_nft_table(&n, NFT_MSG_DELTABLE, 0, "sidepod-no-such-table");
	assert(n.seq < SP_ARRAY_LEN(errs));
	sp_nft_mark(&n, NFNL_MSG_BATCH_END);
	(void)sp_nl_talk(fd, &n, errs, NULL, NULL); /* fails: the question is where */
	for (uint32_t i = 0; i + 2 < n.seq; i++)
		if (errs[i])
			return errs[i];
	return errs[n.seq - 2] == -ENOENT ? 0 : -EIO;
}
