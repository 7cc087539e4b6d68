/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The machine's nftables table `ip sidepod`, over nfnetlink. In nft's own words:
 *
 * table ip sidepod {
 *	map ports    { type inet_proto . inet_service : ipv4_addr . inet_service; }
 *	map ports_ip { type inet_proto . ipv4_addr . inet_service : ipv4_addr . inet_service; }
 *	chain guard {                           # 127.0.0.1 is for the machine alone
 *		type filter hook prerouting priority raw;
 *		iifname <bridge> ip daddr 127.0.0.0/8 drop
 *		iifname <bridge> ip saddr 127.0.0.0/8 drop
 *	}
 *	chain quiet {                           # a pod told to go to a changed destination directly
 *		type filter hook output priority filter;   # would come past the change
 *		oifname <bridge> icmp type redirect drop
 *	}
 *	chain prerouting {                      # published ports, from elsewhere
 *		type nat hook prerouting priority dstnat;
 *		fib daddr type local dnat to meta l4proto . ip daddr . th dport map @ports_ip
 *		fib daddr type local dnat to meta l4proto . th dport map @ports
 *	}
 *	chain output { … the same, from the machine itself, 127.0.0.1 included … }
 *	chain forward {                         # nobody's neighbours reach other ports
 *		type filter hook forward priority filter;
 *		iifname != <bridge> oifname <bridge> ct state invalid,new,untracked ct status ! dnat
 *drop
 *	}
 *	chain postrouting {
 *		type nat hook postrouting priority srcnat;
 *		ip saddr <subnet> oifname != <bridge> masquerade
 *		ip saddr <subnet> oifname <bridge> ct status dnat masquerade   # pod → own port
 *		ip saddr 127.0.0.0/8 oifname <bridge> masquerade
 *	}
 * }
 *
 * A published port is one map element, so rules do not grow with pods. All functions are leaves.
 */
#ifndef SP_NET_NFT_H
#define SP_NET_NFT_H

#include "base/base.h"

#include <netinet/in.h>

struct sp_nft_port { /* one map element */
	bool udp;
	struct in_addr host_ip; /* 0.0.0.0: all */
	uint16_t host_port;
	struct in_addr ip;
	uint16_t ctr_port;
};

/** sp_nft_present() - Return: 1 the table exists, 0 not, -errno */
int sp_nft_present(int fd);
/** sp_nft_setup() - All of the above in one transaction, in place of what may be there */
int sp_nft_setup(int fd, const char *bridge, struct in_addr subnet, int prefix_len);
/** sp_nft_teardown() - Remove the table; also 0 when there is none */
int sp_nft_teardown(int fd);

/** sp_nft_publish() - Add elements; one with the same key is replaced (the pool knows better) */
int sp_nft_publish(int fd, const struct sp_nft_port *ports, int n);
/** sp_nft_unpublish() - Remove elements; missing ones are fine, a missing table too */
int sp_nft_unpublish(int fd, const struct sp_nft_port *ports, int n);

#endif
