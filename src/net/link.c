/* SPDX-License-Identifier: Apache-2.0 */
#include "net/link.h"

#include "net/netlink.h"

#include <errno.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/ip.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>

#define LO_INDEX 1 /* the loopback of every network namespace */

void sp_link_mac(struct in_addr ip, uint8_t ret[SP_MAC_LEN])
{
	ret[0] = 0x02; /* locally administered */
	ret[1] = 0x5d;
	memcpy(ret + 2, &ip.s_addr, 4);
}

static void begin_link(struct sp_nl *n, uint16_t type, uint16_t flags, int index, bool up)
{
	struct ifinfomsg i = {.ifi_index = index};

	if (up)
		i.ifi_flags = i.ifi_change = IFF_UP;
	sp_nl_begin(n, type, flags | NLM_F_ACK, &i, sizeof(i));
}

/*
 * No IPv6 address of its own: then no duplicate address detection and no multicast reports, which
 * every port of the bridge would have to carry. IPv6 itself stays, for "::" listeners.
 */
static void put_no_ipv6(struct sp_nl *n)
{
	uint8_t none = IN6_ADDR_GEN_MODE_NONE;
	size_t spec = sp_nl_nest(n, IFLA_AF_SPEC), six = sp_nl_nest(n, AF_INET6);

	sp_nl_attr(n, IFLA_INET6_ADDR_GEN_MODE, &none, 1);
	sp_nl_nest_end(n, six);
	sp_nl_nest_end(n, spec);
}

/* -EEXIST: somebody made it before; -EAFNOSUPPORT: a machine without IPv6 has nothing to quieten */
static int forgive(int r, int forgiven)
{
	return r == forgiven ? 0 : r;
}

static int first_error(const int *errs, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (errs[i])
			return errs[i];
	return 0;
}

static void take_link(void *arg, const struct nlmsghdr *h)
{
	const struct ifinfomsg *i = sp_nl_payload(h);
	const struct nlattr *peer;
	struct sp_link *l = arg;

	if (h->nlmsg_type != RTM_NEWLINK || h->nlmsg_len < NLMSG_LENGTH(sizeof(*i)))
		return;
	l->index = i->ifi_index;
	l->flags = i->ifi_flags;
	peer = sp_nl_find(h, sizeof(*i), IFLA_LINK);
	if (peer && peer->nla_len >= NLA_HDRLEN + sizeof(l->peer))
		memcpy(&l->peer, peer + 1, sizeof(l->peer));
}

static void put_get(struct sp_nl *n, const char *name)
{
	struct ifinfomsg i = {0};

	sp_nl_begin(n, RTM_GETLINK, 0, &i, sizeof(i));
	sp_nl_str(n, IFLA_IFNAME, name);
	sp_nl_u32(n, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
}

int sp_link_get(int fd, const char *name, struct sp_link *ret)
{
	_Alignas(8) uint8_t mem[128];
	struct sp_link l = {0};
	struct sp_nl n;
	int r;

	sp_nl_init(&n, mem, sizeof(mem));
	put_get(&n, name);
	r = sp_nl_talk(fd, &n, NULL, take_link, &l);
	if (r < 0)
		return r;
	if (!l.index)
		return -EPROTO;
	*ret = l;
	return 0;
}

static void put_addr(struct sp_nl *n, int index, struct in_addr ip, int prefix_len)
{
	struct ifaddrmsg a = {.ifa_family = AF_INET,
			      .ifa_prefixlen = (uint8_t)prefix_len,
			      .ifa_index = (uint32_t)index};

	sp_nl_begin(n, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK, &a, sizeof(a));
	sp_nl_attr(n, IFA_LOCAL, &ip, sizeof(ip));
	sp_nl_attr(n, IFA_ADDRESS, &ip, sizeof(ip));
}

static int make_bridge(int fd, const char *name, struct in_addr ip)
{
	_Alignas(8) uint8_t mem[256];
	uint8_t mac[SP_MAC_LEN];
	struct sp_nl n;
	size_t info;

	sp_link_mac(ip, mac);
	sp_nl_init(&n, mem, sizeof(mem));
	begin_link(&n, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, 0, false);
	sp_nl_str(&n, IFLA_IFNAME, name);
	/* without one of its own it takes that of a port, and changes it when ports come and go */
	sp_nl_attr(&n, IFLA_ADDRESS, mac, sizeof(mac));
	info = sp_nl_nest(&n, IFLA_LINKINFO);
	sp_nl_str(&n, IFLA_INFO_KIND, "bridge");
	sp_nl_nest_end(&n, info);
	return forgive(sp_nl_talk(fd, &n, NULL, NULL, NULL), -EEXIST);
}

int sp_link_bridge(int fd, const char *name, struct in_addr ip, int prefix_len, bool ipv6)
{
	_Alignas(8) uint8_t mem[512];
	size_t spec, four, conf;
	struct sp_link l;
	struct sp_nl n;
	int errs[4], r;

	r = make_bridge(fd, name, ip);
	if (r < 0)
		return r;
	r = sp_link_get(fd, name, &l);
	if (r < 0)
		return r;
	sp_nl_init(&n, mem, sizeof(mem));
	put_addr(&n, l.index, ip, prefix_len);
	begin_link(&n, RTM_SETLINK, 0, l.index, false);
	if (!ipv6)
		put_no_ipv6(&n);
	begin_link(&n, RTM_SETLINK, 0, l.index, false);
	spec = sp_nl_nest(&n, IFLA_AF_SPEC);
	four = sp_nl_nest(&n, AF_INET);
	conf = sp_nl_nest(&n, IFLA_INET_CONF);
	sp_nl_u32(&n, IPV4_DEVCONF_ROUTE_LOCALNET, 1);
	sp_nl_nest_end(&n, conf);
	sp_nl_nest_end(&n, four);
	sp_nl_nest_end(&n, spec);
	begin_link(&n, RTM_SETLINK, 0, l.index, true);
	r = sp_nl_talk(fd, &n, errs, NULL, NULL);
	if (r < 0 && n.failed)
		return r;
	errs[0] = forgive(errs[0], -EEXIST);
	errs[1] = forgive(errs[1], -EAFNOSUPPORT);
	return first_error(errs, SP_ARRAY_LEN(errs));
}

/* A change of the link @name, of itself or as a port of its bridge. */
static void begin_named(struct sp_nl *n, const char *name)
{
	begin_link(n, RTM_NEWLINK, 0, 0, false);
	sp_nl_str(n, IFLA_IFNAME, name);
}

static void put_hairpin(struct sp_nl *n)
{
	size_t info = sp_nl_nest(n, IFLA_LINKINFO), data;
	uint8_t on = 1;

	sp_nl_str(n, IFLA_INFO_SLAVE_KIND, "bridge");
	data = sp_nl_nest(n, IFLA_INFO_SLAVE_DATA);
	sp_nl_attr(n, IFLA_BRPORT_MODE, &on, 1);
	sp_nl_nest_end(n, data);
	sp_nl_nest_end(n, info);
}

int sp_link_veth(int fd, const char *name, int master, pid_t pid, const uint8_t mac[SP_MAC_LEN],
		 bool ipv6)
{
	_Alignas(8) uint8_t mem[512];
	struct ifinfomsg bare = {0}; /* a peer cannot be made up: the pair is not whole yet */
	size_t info, data, peer;
	struct sp_nl n;
	int errs[3], r;

	sp_nl_init(&n, mem, sizeof(mem));
	begin_link(&n, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, 0, true);
	sp_nl_str(&n, IFLA_IFNAME, name);
	sp_nl_u32(&n, IFLA_MASTER, (uint32_t)master);
	info = sp_nl_nest(&n, IFLA_LINKINFO);
	sp_nl_str(&n, IFLA_INFO_KIND, "veth");
	data = sp_nl_nest(&n, IFLA_INFO_DATA);
	peer = sp_nl_nest(&n, VETH_INFO_PEER);
	sp_nl_raw(&n, &bare, sizeof(bare));
	sp_nl_str(&n, IFLA_IFNAME, "eth0");
	sp_nl_attr(&n, IFLA_ADDRESS, mac, SP_MAC_LEN);
	sp_nl_u32(&n, IFLA_NET_NS_PID, (uint32_t)pid);
	sp_nl_nest_end(&n, peer);
	sp_nl_nest_end(&n, data);
	sp_nl_nest_end(&n, info);
	/* in time: without its peer being up the port has no carrier and did nothing yet */
	if (!ipv6) {
		begin_named(&n, name);
		put_no_ipv6(&n);
	}
	begin_named(&n, name);
	put_hairpin(&n);
	r = sp_nl_talk(fd, &n, errs, NULL, NULL);
	if (r < 0 && n.failed)
		return r;
	if (!ipv6)
		errs[1] = forgive(errs[1], -EAFNOSUPPORT);
	return first_error(errs, n.seq);
}

static void put_get_index(struct sp_nl *n, int index)
{
	struct ifinfomsg i = {.ifi_index = index};

	sp_nl_begin(n, RTM_GETLINK, 0, &i, sizeof(i));
	sp_nl_u32(n, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
}

int sp_link_settle(int fd, int port, int bridge, const uint8_t mac[SP_MAC_LEN])
{
	/* static: a learned one is refused before the port has its carrier; goes with the port */
	struct ndmsg d = {.ndm_family = AF_BRIDGE,
			  .ndm_ifindex = port,
			  .ndm_state = NUD_NOARP,
			  .ndm_flags = NTF_MASTER};
	_Alignas(8) uint8_t mem[256];
	struct sp_nl n;

	sp_nl_init(&n, mem, sizeof(mem));
	sp_nl_begin(&n, RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE | NLM_F_ACK, &d, sizeof(d));
	sp_nl_attr(&n, NDA_LLADDR, mac, SP_MAC_LEN);
	put_get_index(&n, port);
	put_get_index(&n, bridge);
	return sp_nl_talk(fd, &n, NULL, NULL, NULL);
}

int sp_link_route(int fd, int index, struct in_addr net, int prefix_len, bool add)
{
	struct rtmsg route = {.rtm_family = AF_INET,
			      .rtm_dst_len = (uint8_t)prefix_len,
			      .rtm_table = RT_TABLE_MAIN,
			      .rtm_protocol = RTPROT_STATIC,
			      .rtm_scope = add ? RT_SCOPE_LINK : RT_SCOPE_NOWHERE,
			      .rtm_type = add ? RTN_UNICAST : RTN_UNSPEC};
	_Alignas(8) uint8_t mem[128];
	struct sp_nl n;

	sp_nl_init(&n, mem, sizeof(mem));
	sp_nl_begin(&n, add ? RTM_NEWROUTE : RTM_DELROUTE,
		    NLM_F_ACK | (add ? NLM_F_CREATE | NLM_F_REPLACE : 0), &route, sizeof(route));
	sp_nl_attr(&n, RTA_DST, &net, sizeof(net));
	sp_nl_u32(&n, RTA_OIF, (uint32_t)index);
	return forgive(sp_nl_talk(fd, &n, NULL, NULL, NULL), add ? 0 : -ESRCH);
}

int sp_link_delete(int fd, const char *name)
{
	_Alignas(8) uint8_t mem[128];
	struct sp_nl n;

	sp_nl_init(&n, mem, sizeof(mem));
	begin_link(&n, RTM_DELLINK, 0, 0, false);
	sp_nl_str(&n, IFLA_IFNAME, name);
	return forgive(sp_nl_talk(fd, &n, NULL, NULL, NULL), -ENODEV);
}

int sp_link_lo_up(int fd)
{
	_Alignas(8) uint8_t mem[64];
	struct sp_nl n;

	sp_nl_init(&n, mem, sizeof(mem));
	begin_link(&n, RTM_SETLINK, 0, LO_INDEX, true);
	return sp_nl_talk(fd, &n, NULL, NULL, NULL);
}

int sp_link_lo_and_eth0(int fd, struct sp_link *ret_eth0)
{
	_Alignas(8) uint8_t mem[128];
	struct sp_link l = {0};
	struct sp_nl n;
	int r;

	sp_nl_init(&n, mem, sizeof(mem));
	begin_link(&n, RTM_SETLINK, 0, LO_INDEX, true);
	put_get(&n, "eth0");
	r = sp_nl_talk(fd, &n, NULL, take_link, &l);
	if (r < 0)
		return r;
	if (!l.index)
		return -EPROTO;
	*ret_eth0 = l;
	return 0;
}

int sp_link_pod(int fd, int index, struct in_addr ip, int prefix_len, struct in_addr gateway,
		bool ipv6)
{
	struct rtmsg route = {.rtm_family = AF_INET,
			      .rtm_table = RT_TABLE_MAIN,
			      .rtm_protocol = RTPROT_STATIC,
			      .rtm_scope = RT_SCOPE_UNIVERSE,
			      .rtm_type = RTN_UNICAST};
	_Alignas(8) uint8_t mem[512];
	struct sp_nl n;
	int errs[4], r;

	sp_nl_init(&n, mem, sizeof(mem));
	begin_link(&n, RTM_SETLINK, 0, index, false);
	if (!ipv6)
		put_no_ipv6(&n);
	put_addr(&n, index, ip, prefix_len);
	begin_link(&n, RTM_SETLINK, 0, index, true);
	sp_nl_begin(&n, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_ACK, &route, sizeof(route));
	sp_nl_attr(&n, RTA_GATEWAY, &gateway, sizeof(gateway));
	r = sp_nl_talk(fd, &n, errs, NULL, NULL);
	if (r < 0 && n.failed)
		return r;
	errs[0] = forgive(errs[0], -EAFNOSUPPORT);
	return first_error(errs, SP_ARRAY_LEN(errs));
}
