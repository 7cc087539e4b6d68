/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel's connection tracker remembers, over ctnetlink. */
#ifndef SP_NET_CONNTRACK_H
#define SP_NET_CONNTRACK_H

#include "base/base.h"

#include <netinet/in.h>

/**
 * sp_conntrack_forget_udp() - Forget UDP flows that were sent on to @ip:@port
 * @fd: nfnetlink
 * @vip: destination that the clients used, with @vip_port
 * @node_port: flows to this port of any address too; 0 none
 *
 * The next datagram of such a flow is looked at like a first one. A leaf: 0 or -errno.
 */
int sp_conntrack_forget_udp(int fd, struct in_addr vip, uint16_t vip_port, uint16_t node_port,
			    struct in_addr ip, uint16_t port);

#endif
