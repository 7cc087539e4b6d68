/* SPDX-License-Identifier: Apache-2.0 */
#include "net/nft_forward.h"

#include "net/nft_rule.h"

#include <endian.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdio.h>

#define TABLE "filter"
#define CHAIN "FORWARD"

/* How nft and iptables keep the comment of a rule: kind 0, length, text. Ours are known by it. */
static const uint8_t comment[] = {0, sizeof("sidepod"), 's', 'i', 'd', 'e', 'p', 'o', 'd', 0};

#define OURS_MAX 8 /* two, and a few that a race may have left */

struct chain { /* what the kernel says about iptables' chain */
	bool drops;
	bool rules;
	uint64_t ours[OURS_MAX]; /* handles, as they came */
	uint32_t n_ours;
};

static const void *data_of(const struct nlattr *a)
{
	return (const uint8_t *)a + NLA_HDRLEN;
}

static size_t length_of(const struct nlattr *a)
{
	return a->nla_len - (size_t)NLA_HDRLEN;
}

static bool is_u32(const struct nlattr *a, uint32_t want)
{
	uint32_t v;

	if (!a || length_of(a) < sizeof(v))
		return false;
	memcpy(&v, data_of(a), sizeof(v));
	return be32toh(v) == want;
}

static bool is_text(const struct nlattr *a, const char *want)
{
	return a && length_of(a) == strlen(want) + 1 && memcmp(data_of(a), want, length_of(a)) == 0;
}

static const struct nlattr *find(const struct nlmsghdr *h, uint16_t type)
{
	return sp_nl_find(h, sizeof(struct nfgenmsg), type);
}

/* ---- the chain of iptables ------------------------------------------------------------------- */

static void take_chain(void *arg, const struct nlmsghdr *h)
{
	struct chain *c = arg;
	const struct nlattr *handle = find(h, NFTA_RULE_HANDLE), *data;

	switch (h->nlmsg_type & 0xff) {
	case NFT_MSG_NEWCHAIN:
		c->drops |= is_u32(find(h, NFTA_CHAIN_POLICY), NF_DROP);
		break;
	case NFT_MSG_NEWRULE:
		data = find(h, NFTA_RULE_USERDATA);
		if (!data || length_of(data) < sizeof(comment) ||
		    memcmp(data_of(data), comment, sizeof(comment)) != 0)
			c->rules = true;
		else if (handle && length_of(handle) == sizeof(c->ours[0]) && c->n_ours < OURS_MAX)
			memcpy(&c->ours[c->n_ours++], data_of(handle), sizeof(c->ours[0]));
		break;
	default:
		break;
	}
}

/* Return: 1, 0 there is no such chain, -errno */
static int look(int fd, struct chain *ret)
{
	_Alignas(8) uint8_t mem[256];
	struct sp_nl n;
	int r;

	*ret = (struct chain){0};
	sp_nl_init(&n, mem, sizeof(mem));
	sp_nft_begin(&n, NFT_MSG_GETCHAIN, 0);
	sp_nl_str(&n, NFTA_CHAIN_TABLE, TABLE);
	sp_nl_str(&n, NFTA_CHAIN_NAME, CHAIN);
	r = sp_nl_talk(fd, &n, NULL, take_chain, ret);
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	sp_nl_init(&n, mem, sizeof(mem));
	sp_nft_begin(&n, NFT_MSG_GETRULE, NLM_F_DUMP);
	sp_nl_str(&n, NFTA_RULE_TABLE, TABLE);
	sp_nl_str(&n, NFTA_RULE_CHAIN, CHAIN);
	r = sp_nl_talk(fd, &n, NULL, take_chain, ret);
	return r < 0 ? r : 1;
}

int sp_nft_forward_allow(int fd, const char *bridge)
{
	static const uint32_t ends[] = {NFT_META_OIFNAME, NFT_META_IIFNAME};
	_Alignas(8) uint8_t mem[1024];
	struct chain c;
	struct sp_nl n;
	int r = look(fd, &c);

	if (r <= 0 || c.n_ours || !(c.drops || c.rules))
		return r < 0 ? r : 0;
	sp_nl_init(&n, mem, sizeof(mem));
	sp_nft_mark(&n, NFNL_MSG_BATCH_BEGIN);
	for (size_t i = 0; i < SP_ARRAY_LEN(ends); i++) {
		size_t rule = sp_nft_rule_first(&n, TABLE, CHAIN);

		sp_nft_ifname(&n, ends[i], NFT_CMP_EQ, bridge);
		sp_nft_counter(&n);
		sp_nft_accept(&n);
		sp_nl_nest_end(&n, rule);
		sp_nl_attr(&n, NFTA_RULE_USERDATA, comment, sizeof(comment));
	}
	sp_nft_mark(&n, NFNL_MSG_BATCH_END);
	r = sp_nl_talk(fd, &n, NULL, NULL, NULL);
	return r < 0 ? r : 1;
}

int sp_nft_forward_forget(int fd)
{
	_Alignas(8) uint8_t mem[1024];
	struct chain c;
	struct sp_nl n;
	int r = look(fd, &c);

	if (r <= 0 || !c.n_ours)
		return r;
	sp_nl_init(&n, mem, sizeof(mem));
	sp_nft_mark(&n, NFNL_MSG_BATCH_BEGIN);
	for (uint32_t i = 0; i < c.n_ours; i++) {
		sp_nft_begin(&n, NFT_MSG_DELRULE, 0);
		sp_nl_str(&n, NFTA_RULE_TABLE, TABLE);
		sp_nl_str(&n, NFTA_RULE_CHAIN, CHAIN);
		sp_nl_attr(&n, NFTA_RULE_HANDLE, &c.ours[i], sizeof(c.ours[i]));
	}
	sp_nft_mark(&n, NFNL_MSG_BATCH_END);
	return sp_nl_talk(fd, &n, NULL, NULL, NULL);
}

/* ---- all chains ------------------------------------------------------------------------------ */

#define BLOCKERS_MAX 8
#define CHAIN_PART   64

struct blockers {
	uint8_t family[BLOCKERS_MAX];
	char table[BLOCKERS_MAX][CHAIN_PART], chain[BLOCKERS_MAX][CHAIN_PART];
	uint32_t n, hook;
	const char *bridge;
	bool about_bridge; /* a rule names it */
};

/* A name as the kernel gave it; cut where it is longer than ours. */
static void copy_name(char ret[static CHAIN_PART], const struct nlattr *a)
{
	size_t n = strnlen(data_of(a), SP_MIN(length_of(a), (size_t)CHAIN_PART - 1));

	memcpy(ret, data_of(a), n);
	ret[n] = '\0';
}

static const char *family_name(uint8_t family)
{
	return family == NFPROTO_IPV4 ? "ip" : family == NFPROTO_INET ? "inet" : "bridge";
}

static void take_blocker(void *arg, const struct nlmsghdr *h)
{
	struct blockers *b = arg;
	const struct nfgenmsg *g = sp_nl_payload(h);
	const struct nlattr *hook = find(h, NFTA_CHAIN_HOOK), *table = find(h, NFTA_CHAIN_TABLE),
			    *name = find(h, NFTA_CHAIN_NAME);

	if ((h->nlmsg_type & 0xff) != NFT_MSG_NEWCHAIN || h->nlmsg_len < NLMSG_LENGTH(sizeof(*g)) ||
	    !hook || !table || !name || b->n == BLOCKERS_MAX)
		return;
	if (g->nfgen_family != NFPROTO_IPV4 && g->nfgen_family != NFPROTO_INET &&
	    g->nfgen_family != NFPROTO_BRIDGE)
		return;
	/* that one is sp_nft_forward_allow()'s */
	if (g->nfgen_family == NFPROTO_IPV4 && is_text(table, TABLE) && is_text(name, CHAIN))
		return;
	/* IPv4's hooks and the bridge's have the same numbers */
	if (!is_u32(sp_nl_find_in(hook, NFTA_HOOK_HOOKNUM), b->hook) ||
	    !is_u32(find(h, NFTA_CHAIN_POLICY), NF_DROP) ||
	    !is_text(find(h, NFTA_CHAIN_TYPE), "filter"))
		return;
	b->family[b->n] = g->nfgen_family;
	copy_name(b->table[b->n], table);
	copy_name(b->chain[b->n], name);
	b->n++;
}

/* Whoever names the bridge in a rule has thought about it. */
static void take_rule(void *arg, const struct nlmsghdr *h)
{
	struct blockers *b = arg;

	b->about_bridge |= (h->nlmsg_type & 0xff) == NFT_MSG_NEWRULE &&
			   memmem(h, h->nlmsg_len, b->bridge, strlen(b->bridge) + 1);
}

static int find_blocker(int fd, uint32_t hook, const char *bridge, char ret[SP_NFT_CHAIN_NAME])
{
	struct nfgenmsg any = {.version = NFNETLINK_V0};
	struct blockers b = {.bridge = bridge, .hook = hook};
	_Alignas(8) uint8_t mem[256];
	struct sp_nl n;
	int r;

	sp_nl_init(&n, mem, sizeof(mem));
	sp_nl_begin(&n, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETCHAIN, NLM_F_DUMP, &any,
		    sizeof(any));
	r = sp_nl_talk(fd, &n, NULL, take_blocker, &b);
	for (uint32_t i = 0; r >= 0 && i < b.n; i++) {
		any.nfgen_family = b.family[i];
		b.about_bridge = false;
		sp_nl_init(&n, mem, sizeof(mem));
		sp_nl_begin(&n, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETRULE, NLM_F_DUMP, &any,
			    sizeof(any));
		sp_nl_str(&n, NFTA_RULE_TABLE, b.table[i]);
		sp_nl_str(&n, NFTA_RULE_CHAIN, b.chain[i]);
		r = sp_nl_talk(fd, &n, NULL, take_rule, &b);
		if (r >= 0 && !b.about_bridge) {
			(void)snprintf(ret, SP_NFT_CHAIN_NAME, "%s %s %s", family_name(b.family[i]),
				       b.table[i], b.chain[i]); /* fits */
			return 1;
		}
	}
	return r;
}

int sp_nft_forward_blocker(int fd, const char *bridge, char ret[SP_NFT_CHAIN_NAME])
{
	return find_blocker(fd, NF_INET_FORWARD, bridge, ret);
}

int sp_nft_input_blocker(int fd, const char *bridge, char ret[SP_NFT_CHAIN_NAME])
{
	return find_blocker(fd, NF_INET_LOCAL_IN, bridge, ret);
}
