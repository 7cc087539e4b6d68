/* SPDX-License-Identifier: Apache-2.0 */
/* The table of the older iptables, as the kernel hands it out (sp_xtables_forward_blocks()). */
#ifndef SP_NET_XTABLES_H
#define SP_NET_XTABLES_H

#include "base/base.h"

#include <net/if.h>
#include <netinet/in.h>

#include <linux/netfilter_ipv4/ip_tables.h> /* after libc's words for the same things */

/**
 * sp_xtables_chain_blocks() - Does the chain FORWARD drop by policy, without a rule about @bridge?
 * @info:	its size and where its chains begin and end; need not fit together
 * @table:	the entries, info->size bytes
 *
 * From the head of the chain to its policy, which is its last entry.
 */
bool sp_xtables_chain_blocks(const struct ipt_getinfo *info, const uint8_t *table,
			     const char *bridge);

#endif
