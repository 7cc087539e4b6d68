/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Links, addresses and routes over rtnetlink: just what a pod on a bridge needs. All functions are
 * leaves: 0 or -errno.
 */
#ifndef SP_NET_LINK_H
#define SP_NET_LINK_H

#include "base/base.h"

#include <netinet/in.h>

#define SP_MAC_LEN 6

/* What the kernel says about a link. */
struct sp_link {
	int index;
	unsigned int flags; /* IFF_ */
	int peer;           /* IFLA_LINK: of a veth, the other end's index in the other namespace */
};

/** sp_link_mac() - The fixed hardware address that belongs to @ip: neighbours that remember it stay
 * right when an address is given to the next pod */
void sp_link_mac(struct in_addr ip, uint8_t ret[SP_MAC_LEN]);

/** sp_link_get() - Return: 0; -ENODEV when there is none of that name */
int sp_link_get(int fd, const char *name, struct sp_link *ret);

/**
 * sp_link_bridge() - Bridge @name with @ip/@prefix_len, up; parts that exist are kept
 * @ipv6: else no IPv6 address is made for it, so it says nothing in IPv6
 *
 * Up comes last: a bridge that is up is complete. Packets between it and 127.0.0.1 are routed
 * (route_localnet), for published ports; nft.c drops those that pods invent.
 */
int sp_link_bridge(int fd, const char *name, struct in_addr ip, int prefix_len, bool ipv6);

/**
 * sp_link_veth() - Pair: @name on the bridge @master and up, "eth0" in the namespace of process
 * @pid. One message: moving an end later costs 15 to 30 ms.
 *
 * Packets of the pod may come back to it: a pod may be behind the service that it uses, or meet its
 * own published port, on a machine where bridged packets pass nftables (br_netfilter).
 */
int sp_link_veth(int fd, const char *name, int master, pid_t pid, const uint8_t mac[SP_MAC_LEN],
		 bool ipv6);

/**
 * sp_link_settle() - Make the bridge carry packets to and from a port at once; when the pod is up
 *
 * Tells it which port has @mac, so that the first packet cannot go to the dying port of the pod
 * that had this address before. And asks for both links: that is when newer kernels (6.8) act on
 * the carrier that just came; else a worker does so a moment later, and packets sent until then
 * are lost, which costs a second of TCP retry.
 */
int sp_link_settle(int fd, int port, int bridge, const uint8_t mac[SP_MAC_LEN]);

/** sp_link_route() - Route to @net/@prefix_len over a link, in place of one that may be there;
 * @add false: remove it, also 0 when there is none */
int sp_link_route(int fd, int index, struct in_addr net, int prefix_len, bool add);

/** sp_link_delete() - Return: also 0 when it does not exist */
int sp_link_delete(int fd, const char *name);

/** sp_link_lo_up() - @fd: of the namespace whose loopback is meant, as in the next */
int sp_link_lo_up(int fd);

/** sp_link_lo_and_eth0() - Loopback up, and look eth0 up; one round trip */
int sp_link_lo_and_eth0(int fd, struct sp_link *ret_eth0);

/** sp_link_pod() - Address, up and default route of eth0 in the pod */
int sp_link_pod(int fd, int index, struct in_addr ip, int prefix_len, struct in_addr gateway,
		bool ipv6);

#endif
