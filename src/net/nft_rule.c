/* SPDX-License-Identifier: Apache-2.0 */
#include "net/nft_rule.h"

#include <errno.h>

#include <arpa/inet.h>
#include <linux/icmp.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/rtnetlink.h>

static void begin(struct sp_nl *n, int msg, uint16_t flags, uint8_t family)
{
	struct nfgenmsg g = {.nfgen_family = family, .version = NFNETLINK_V0};

	sp_nl_begin(n, (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | msg), flags, &g, sizeof(g));
}

void sp_nft_begin(struct sp_nl *n, int msg, uint16_t flags)
{
	begin(n, msg, flags, NFPROTO_IPV4);
}

void sp_nft_mark(struct sp_nl *n, uint16_t type)
{
	struct nfgenmsg g = {.version = NFNETLINK_V0, .res_id = htons(NFNL_SUBSYS_NFTABLES)};

	sp_nl_begin(n, type, 0, &g, sizeof(g));
}

void sp_nft_table(struct sp_nl *n, int msg, uint16_t flags, const char *table)
{
	sp_nft_begin(n, msg, flags);
	sp_nl_str(n, NFTA_TABLE_NAME, table);
}

void sp_nft_chain(struct sp_nl *n, const char *table, const char *name, const char *type,
		  uint32_t hook, int priority)
{
	size_t nest;

	sp_nft_begin(n, NFT_MSG_NEWCHAIN, NLM_F_CREATE);
	sp_nl_str(n, NFTA_CHAIN_TABLE, table);
	sp_nl_str(n, NFTA_CHAIN_NAME, name);
	nest = sp_nl_nest(n, NFTA_CHAIN_HOOK);
	sp_nl_be32(n, NFTA_HOOK_HOOKNUM, hook);
	sp_nl_be32(n, NFTA_HOOK_PRIORITY, (uint32_t)priority);
	sp_nl_nest_end(n, nest);
	sp_nl_str(n, NFTA_CHAIN_TYPE, type);
}

void sp_nft_map(struct sp_nl *n, const char *table, const struct sp_nft_map *m)
{
	size_t desc;

	sp_nft_begin(n, NFT_MSG_NEWSET, NLM_F_CREATE);
	sp_nl_str(n, NFTA_SET_TABLE, table);
	sp_nl_str(n, NFTA_SET_NAME, m->name);
	sp_nl_be32(n, NFTA_SET_ID, m->id);
	sp_nl_be32(n, NFTA_SET_FLAGS, NFT_SET_MAP | m->flags);
	sp_nl_be32(n, NFTA_SET_KEY_TYPE, m->key_type);
	sp_nl_be32(n, NFTA_SET_KEY_LEN, m->key_len);
	sp_nl_be32(n, NFTA_SET_DATA_TYPE, m->data_type);
	if (m->data_len)
		sp_nl_be32(n, NFTA_SET_DATA_LEN, m->data_len);
	if (!m->size)
		return;
	desc = sp_nl_nest(n, NFTA_SET_DESC);
	sp_nl_be32(n, NFTA_SET_DESC_SIZE, m->size);
	sp_nl_nest_end(n, desc);
}

static size_t new_rule(struct sp_nl *n, const char *table, const char *chain, uint16_t where)
{
	sp_nft_begin(n, NFT_MSG_NEWRULE, NLM_F_CREATE | where);
	sp_nl_str(n, NFTA_RULE_TABLE, table);
	sp_nl_str(n, NFTA_RULE_CHAIN, chain);
	return sp_nl_nest(n, NFTA_RULE_EXPRESSIONS);
}

size_t sp_nft_rule(struct sp_nl *n, const char *table, const char *chain)
{
	return new_rule(n, table, chain, NLM_F_APPEND);
}

size_t sp_nft_rule_first(struct sp_nl *n, const char *table, const char *chain)
{
	return new_rule(n, table, chain, 0);
}

void sp_nft_value(struct sp_nl *n, uint16_t type, const void *bytes, size_t len)
{
	size_t nest = sp_nl_nest(n, type);

	sp_nl_attr(n, NFTA_DATA_VALUE, bytes, len);
	sp_nl_nest_end(n, nest);
}

/* @chain: NULL for verdicts without one */
static void put_verdict(struct sp_nl *n, uint16_t type, int code, const char *chain)
{
	size_t data = sp_nl_nest(n, type), verdict = sp_nl_nest(n, NFTA_DATA_VERDICT);

	sp_nl_be32(n, NFTA_VERDICT_CODE, (uint32_t)code);
	if (chain)
		sp_nl_str(n, NFTA_VERDICT_CHAIN, chain);
	sp_nl_nest_end(n, verdict);
	sp_nl_nest_end(n, data);
}

void sp_nft_goto(struct sp_nl *n, uint16_t type, const char *chain)
{
	put_verdict(n, type, NFT_GOTO, chain);
}

/* ---- instructions ---------------------------------------------------------------------------- */

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

void sp_nft_meta(struct sp_nl *n, uint32_t key, uint32_t reg)
{
	size_t d, e = expr(n, "meta", &d);

	sp_nl_be32(n, NFTA_META_KEY, key);
	sp_nl_be32(n, NFTA_META_DREG, reg);
	expr_end(n, e, d);
}

void sp_nft_payload(struct sp_nl *n, uint32_t base, uint32_t offset, uint32_t len, uint32_t reg)
{
	size_t d, e = expr(n, "payload", &d);

	sp_nl_be32(n, NFTA_PAYLOAD_DREG, reg);
	sp_nl_be32(n, NFTA_PAYLOAD_BASE, base);
	sp_nl_be32(n, NFTA_PAYLOAD_OFFSET, offset);
	sp_nl_be32(n, NFTA_PAYLOAD_LEN, len);
	expr_end(n, e, d);
}

void sp_nft_cmp(struct sp_nl *n, uint32_t op, const void *bytes, size_t len)
{
	size_t d, e = expr(n, "cmp", &d);

	sp_nl_be32(n, NFTA_CMP_SREG, NFT_REG_1);
	sp_nl_be32(n, NFTA_CMP_OP, op);
	sp_nft_value(n, NFTA_CMP_DATA, bytes, len);
	expr_end(n, e, d);
}

void sp_nft_mask(struct sp_nl *n, uint32_t mask)
{
	size_t d, e = expr(n, "bitwise", &d);
	uint32_t zero = 0;

	sp_nl_be32(n, NFTA_BITWISE_SREG, NFT_REG_1);
	sp_nl_be32(n, NFTA_BITWISE_DREG, NFT_REG_1);
	sp_nl_be32(n, NFTA_BITWISE_LEN, sizeof(mask));
	sp_nft_value(n, NFTA_BITWISE_MASK, &mask, sizeof(mask));
	sp_nft_value(n, NFTA_BITWISE_XOR, &zero, sizeof(zero));
	expr_end(n, e, d);
}

void sp_nft_within(struct sp_nl *n, uint32_t offset, uint32_t addr, uint32_t mask)
{
	uint32_t net = addr & mask;

	sp_nft_payload(n, NFT_PAYLOAD_NETWORK_HEADER, offset, 4, NFT_REG_1);
	sp_nft_mask(n, mask);
	sp_nft_cmp(n, NFT_CMP_EQ, &net, sizeof(net));
}

void sp_nft_ifname(struct sp_nl *n, uint32_t key, uint32_t op, const char *name)
{
	char padded[16] = "";

	memcpy(padded, name, strnlen(name, sizeof(padded) - 1));
	sp_nft_meta(n, key, NFT_REG_1);
	sp_nft_cmp(n, op, padded, sizeof(padded));
}

void sp_nft_dst_is_local(struct sp_nl *n)
{
	size_t d, e = expr(n, "fib", &d);
	uint32_t local = RTN_LOCAL;

	sp_nl_be32(n, NFTA_FIB_DREG, NFT_REG_1);
	sp_nl_be32(n, NFTA_FIB_RESULT, NFT_FIB_RESULT_ADDRTYPE);
	sp_nl_be32(n, NFTA_FIB_FLAGS, NFTA_FIB_F_DADDR);
	expr_end(n, e, d);
	sp_nft_cmp(n, NFT_CMP_EQ, &local, sizeof(local));
}

void sp_nft_ct(struct sp_nl *n, uint32_t key, uint32_t bits, bool any)
{
	size_t d, e = expr(n, "ct", &d);
	uint32_t zero = 0;

	sp_nl_be32(n, NFTA_CT_KEY, key);
	sp_nl_be32(n, NFTA_CT_DREG, NFT_REG_1);
	expr_end(n, e, d);
	sp_nft_mask(n, bits);
	sp_nft_cmp(n, any ? NFT_CMP_NEQ : NFT_CMP_EQ, &zero, sizeof(zero));
}

void sp_nft_is_dnat(struct sp_nl *n)
{
	sp_nft_ct(n, NFT_CT_STATUS, IPS_DST_NAT, true);
}

void sp_nft_key(struct sp_nl *n, bool with_address)
{
	uint32_t reg = NFT_REG32_00;

	sp_nft_meta(n, NFT_META_L4PROTO, reg++);
	if (with_address)
		sp_nft_payload(n, NFT_PAYLOAD_NETWORK_HEADER, SP_IP_DADDR, 4, reg++);
	sp_nft_payload(n, NFT_PAYLOAD_TRANSPORT_HEADER, SP_TH_DPORT, 2, reg);
}

void sp_nft_random(struct sp_nl *n, uint32_t modulus)
{
	size_t d, e = expr(n, "numgen", &d);

	sp_nl_be32(n, NFTA_NG_DREG, NFT_REG_1);
	sp_nl_be32(n, NFTA_NG_MODULUS, modulus);
	sp_nl_be32(n, NFTA_NG_TYPE, NFT_NG_RANDOM);
	expr_end(n, e, d);
}

void sp_nft_hash_client(struct sp_nl *n, uint32_t modulus)
{
	size_t d, e;

	sp_nft_payload(n, NFT_PAYLOAD_NETWORK_HEADER, SP_IP_SADDR, 4, NFT_REG_2);
	e = expr(n, "hash", &d);
	sp_nl_be32(n, NFTA_HASH_SREG, NFT_REG_2);
	sp_nl_be32(n, NFTA_HASH_DREG, NFT_REG_1);
	sp_nl_be32(n, NFTA_HASH_LEN, 4);
	sp_nl_be32(n, NFTA_HASH_MODULUS, modulus);
	sp_nl_be32(n, NFTA_HASH_SEED, 0x51de90d); /* else a random one for each rule */
	sp_nl_be32(n, NFTA_HASH_TYPE, NFT_HASH_JENKINS);
	expr_end(n, e, d);
}

void sp_nft_lookup(struct sp_nl *n, const char *map, uint32_t id, uint32_t reg)
{
	size_t d, e = expr(n, "lookup", &d);

	sp_nl_str(n, NFTA_LOOKUP_SET, map);
	if (id)
		sp_nl_be32(n, NFTA_LOOKUP_SET_ID, id);
	sp_nl_be32(n, NFTA_LOOKUP_SREG, NFT_REG_1);
	sp_nl_be32(n, NFTA_LOOKUP_DREG, reg);
	expr_end(n, e, d);
}

void sp_nft_dnat(struct sp_nl *n)
{
	size_t d, e = expr(n, "nat", &d);

	sp_nl_be32(n, NFTA_NAT_TYPE, NFT_NAT_DNAT);
	sp_nl_be32(n, NFTA_NAT_FAMILY, NFPROTO_IPV4);
	sp_nl_be32(n, NFTA_NAT_REG_ADDR_MIN, NFT_REG_1);
	sp_nl_be32(n, NFTA_NAT_REG_PROTO_MIN, NFT_REG32_01);
	expr_end(n, e, d);
}

void sp_nft_masquerade(struct sp_nl *n)
{
	size_t d, e = expr(n, "masq", &d);

	expr_end(n, e, d);
}

void sp_nft_counter(struct sp_nl *n)
{
	size_t d, e = expr(n, "counter", &d);

	expr_end(n, e, d);
}

static void immediate(struct sp_nl *n, int code)
{
	size_t d, e = expr(n, "immediate", &d);

	sp_nl_be32(n, NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
	put_verdict(n, NFTA_IMMEDIATE_DATA, code, NULL);
	expr_end(n, e, d);
}

void sp_nft_accept(struct sp_nl *n)
{
	immediate(n, NF_ACCEPT);
}

void sp_nft_drop(struct sp_nl *n)
{
	immediate(n, NF_DROP);
}

void sp_nft_refuse(struct sp_nl *n, bool tcp)
{
	uint8_t code = ICMP_PORT_UNREACH;
	size_t d, e = expr(n, "reject", &d);

	sp_nl_be32(n, NFTA_REJECT_TYPE, tcp ? NFT_REJECT_TCP_RST : NFT_REJECT_ICMP_UNREACH);
	sp_nl_attr(n, NFTA_REJECT_ICMP_CODE, &code, sizeof(code)); /* read for ICMP alone */
	expr_end(n, e, d);
}

int sp_nft_table_remove(int fd, const char *table)
{
	_Alignas(8) uint8_t mem[256];
	struct sp_nl n;
	int r;

	sp_nl_init(&n, mem, sizeof(mem));
	sp_nft_mark(&n, NFNL_MSG_BATCH_BEGIN);
	sp_nft_table(&n, NFT_MSG_DELTABLE, 0, table);
	sp_nft_mark(&n, NFNL_MSG_BATCH_END);
	r = sp_nl_talk(fd, &n, NULL, NULL, NULL);
	return r == -ENOENT ? 0 : r;
}
