/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Building nftables transactions: tables, chains, maps, and rules instruction by instruction, in
 * the words of `nft --debug=netlink`. A rule is a program for a small register machine in the
 * kernel. Register 1 holds 16 bytes and overlaps the 4-byte registers 8 to 11, which is how a
 * concatenated key is put together.
 *
 *	sp_nft_mark(n, NFNL_MSG_BATCH_BEGIN);
 *	r = sp_nft_rule(n, table, chain);
 *	sp_nft_meta(n, …);            one instruction after the other
 *	sp_nl_nest_end(n, r);
 *	sp_nft_mark(n, NFNL_MSG_BATCH_END);
 *
 * Source: linux/netfilter/nf_tables.h, net/netfilter/nft_*.c.
 */
#ifndef SP_NET_NFT_RULE_H
#define SP_NET_NFT_RULE_H

#include "net/netlink.h"

#include <linux/netfilter/nf_tables.h>

/* Where things stand in an IPv4 header, and the port in TCP's and UDP's. */
#define SP_IP_SADDR 12
#define SP_IP_DADDR 16
#define SP_TH_DPORT 2

/* What `nft list` needs to print sets in words: its own type numbers, six bits each. */
#define SP_NFT_TYPE_INTEGER 4u
#define SP_NFT_TYPE_IPV4    7u
#define SP_NFT_TYPE_PROTO   12u
#define SP_NFT_TYPE_SERVICE 13u
/* protocol . port; protocol . address . port; address . port. Each part fills 4 bytes */
#define SP_NFT_TYPE_PROTO_PORT (SP_NFT_TYPE_PROTO << 6 | SP_NFT_TYPE_SERVICE)
#define SP_NFT_TYPE_PROTO_ADDRESS_PORT                                                             \
	(SP_NFT_TYPE_PROTO << 12 | SP_NFT_TYPE_IPV4 << 6 | SP_NFT_TYPE_SERVICE)
#define SP_NFT_TYPE_ADDRESS_PORT (SP_NFT_TYPE_IPV4 << 6 | SP_NFT_TYPE_SERVICE)

/** sp_nft_mark() - NFNL_MSG_BATCH_BEGIN or _END: what stands between is done as a whole or not at
 * all */
void sp_nft_mark(struct sp_nl *n, uint16_t type);
/** sp_nft_begin() - Open a message about IPv4 things. @msg: NFT_MSG_ */
void sp_nft_begin(struct sp_nl *n, int msg, uint16_t flags);
/** sp_nft_table() - A message about a table, open for more attributes */
void sp_nft_table(struct sp_nl *n, int msg, uint16_t flags, const char *table);

/** sp_nft_chain() - A base chain. @type: "filter", "nat"; @hook: NF_INET_ */
void sp_nft_chain(struct sp_nl *n, const char *table, const char *name, const char *type,
		  uint32_t hook, int priority);

struct sp_nft_map {
	const char *name; /* with NFT_SET_ANONYMOUS a pattern, "__map%d" */
	uint32_t id;      /* within the transaction */
	uint32_t flags;   /* besides NFT_SET_MAP */
	uint32_t key_type, key_len;
	uint32_t data_type, data_len; /* NFT_DATA_VERDICT and 0: verdicts */
	uint32_t size;                /* of one that is constant; else 0 */
};
/** sp_nft_map() - Make it; the message stays open */
void sp_nft_map(struct sp_nl *n, const char *table, const struct sp_nft_map *m);

/** sp_nft_rule() - Open a rule at the end of a chain. Return: for sp_nl_nest_end() */
size_t sp_nft_rule(struct sp_nl *n, const char *table, const char *chain);
/** sp_nft_rule_first() - The same at its beginning */
size_t sp_nft_rule_first(struct sp_nl *n, const char *table, const char *chain);

/** sp_nft_value() - Bytes in a data attribute, as keys, values and masks are */
void sp_nft_value(struct sp_nl *n, uint16_t type, const void *bytes, size_t len);
/** sp_nft_goto() - The verdict "goto @chain" in a data attribute */
void sp_nft_goto(struct sp_nl *n, uint16_t type, const char *chain);

/* Instructions. */
void sp_nft_meta(struct sp_nl *n, uint32_t key, uint32_t reg);
void sp_nft_payload(struct sp_nl *n, uint32_t base, uint32_t offset, uint32_t len, uint32_t reg);
/** sp_nft_cmp() - Go on when register 1 compares like this. @op: NFT_CMP_ */
void sp_nft_cmp(struct sp_nl *n, uint32_t op, const void *bytes, size_t len);
void sp_nft_mask(struct sp_nl *n, uint32_t mask);
/** sp_nft_within() - ip saddr or daddr (by @offset) within @addr/@mask; both in network order */
void sp_nft_within(struct sp_nl *n, uint32_t offset, uint32_t addr, uint32_t mask);
void sp_nft_ifname(struct sp_nl *n, uint32_t key, uint32_t op, const char *name);
/** sp_nft_dst_is_local() - The destination is an address of the machine */
void sp_nft_dst_is_local(struct sp_nl *n);
/** sp_nft_ct() - Any, or none, of @bits in a word of the connection. @key: NFT_CT_STATE, _STATUS */
void sp_nft_ct(struct sp_nl *n, uint32_t key, uint32_t bits, bool any);
/** sp_nft_is_dnat() - Of a connection whose destination was changed */
void sp_nft_is_dnat(struct sp_nl *n);
/** sp_nft_key() - protocol . [ip daddr .] destination port into register 1 */
void sp_nft_key(struct sp_nl *n, bool with_address);
/** sp_nft_random() - A number below @modulus into register 1 */
void sp_nft_random(struct sp_nl *n, uint32_t modulus);
/** sp_nft_hash_client() - One that is always the same for a client's address */
void sp_nft_hash_client(struct sp_nl *n, uint32_t modulus);
/** sp_nft_lookup() - Register 1 through a map, into @reg: NFT_REG_1, NFT_REG_VERDICT. @id: of a map
 * of this transaction; 0: by name alone */
void sp_nft_lookup(struct sp_nl *n, const char *map, uint32_t id, uint32_t reg);
/** sp_nft_dnat() - To the address in register 1 and the port 4 bytes on */
void sp_nft_dnat(struct sp_nl *n);
void sp_nft_masquerade(struct sp_nl *n);
void sp_nft_counter(struct sp_nl *n);
void sp_nft_accept(struct sp_nl *n);
void sp_nft_drop(struct sp_nl *n);
/** sp_nft_refuse() - Reset for TCP, port unreachable for all others */
void sp_nft_refuse(struct sp_nl *n, bool tcp);

/** sp_nft_table_remove() - A transaction of its own. Return: 0, also when there is no such table;
 * -errno */
int sp_nft_table_remove(int fd, const char *table);

#endif
