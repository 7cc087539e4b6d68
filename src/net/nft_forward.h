/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What other programs' firewalls do to packets that the machine forwards. A packet passes only if
 * every base chain at the hook lets it, so accepting it in a table of our own helps nothing: where
 * somebody drops by policy, as Docker does, the rule must stand in that chain.
 *
 * `ip filter FORWARD`, the chain of iptables, is where programs put such rules by custom, Docker
 * and flannel among them; so do we, in the form that iptables itself writes and can list. Other
 * chains belong to whoever wrote them, and what they drop can only be told.
 */
#ifndef SP_NET_NFT_FORWARD_H
#define SP_NET_NFT_FORWARD_H

#include "base/base.h"

/**
 * sp_nft_forward_allow() - Rules for @bridge at the head of iptables' chain FORWARD
 *
 * Only where the chain exists and is not plainly open: a policy of drop, or rules.
 * Return: 1 they were added now, 0 there already or not needed, -errno.
 */
int sp_nft_forward_allow(int fd, const char *bridge);

/** sp_nft_forward_forget() - Remove them. Return: 0, -errno; also 0 when there are none */
int sp_nft_forward_forget(int fd);

#define SP_NFT_CHAIN_NAME 144

/**
 * sp_nft_forward_blocker() - Another chain whose policy drops forwarded packets, without a rule
 * about @bridge
 * @ret: "inet filter forward"
 *
 * Return: 1 found, 0 none, -errno.
 */
int sp_nft_forward_blocker(int fd, const char *bridge, char ret[SP_NFT_CHAIN_NAME]);

/** sp_nft_input_blocker() - The same for packets to the machine itself, iptables' INPUT included */
int sp_nft_input_blocker(int fd, const char *bridge, char ret[SP_NFT_CHAIN_NAME]);

/**
 * sp_xtables_forward_blocks() - Is it the chain FORWARD of the older iptables (not nftables) that
 * drops by policy, without a rule about @bridge?
 *
 * In the network namespace of the caller. Return: 1 yes, 0 no, -errno.
 */
int sp_xtables_forward_blocks(const char *bridge);

#endif
