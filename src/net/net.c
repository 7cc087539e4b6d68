/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A pod's network from its parts: pool (who has what), link (rtnetlink), nft (published ports),
 * nft_forward (firewalls of others).
 * The pool's lock is held while leases, ports, bridge or table change, not while the veth is made,
 * which is the slow part and concerns nobody else.
 */
#include "net/net.h"

#include "net/link.h"
#include "net/net_internal.h"
#include "net/netlink.h"
#include "net/nft.h"
#include "net/nft_forward.h"
#include "net/pool.h"
#include "sys/fd.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>

#define VETH_TRIES 8

/* One call's surroundings. */
struct ctx {
	const struct sp_net_config *c;
	struct sp_net_host *h;
	struct sp_error *err;
};

static void free_portsp(struct sp_pool_port **p)
{
	free(*p);
}

static void unlock_poolp(int *fd)
{
	if (*fd >= 0)
		sp_pool_unlock(*fd);
}

void sp_net_config_default(struct sp_net_config *c)
{
	*c = (struct sp_net_config){
		.state_dir = "/run/sidepod/net",
		.bridge = "sidepod0",
		.subnet.s_addr = htonl(0x0a530000), /* 10.83.0.0 */
		.prefix_len = 16,
	};
}

/* ---- host side ------------------------------------------------------------------------------- */

/* Network namespaces by a socket that was made in them: no /proc needed. */
static int netns_of(int sock)
{
	int fd = ioctl(sock, SIOCGSKNS);

	return fd < 0 ? -errno : fd;
}

int sp_net_open_pool(const struct sp_net_config *c, const char *what, int sock, bool make)
{
	SP_CLEANUP(sp_closep) int ns = netns_of(sock);
	struct stat st;
	char name[48];

	if (ns < 0)
		return ns;
	if (fstat(ns, &st) < 0)
		return -errno;
	(void)snprintf(name, sizeof(name), "%s.%llu", what,
		       (unsigned long long)st.st_ino); /* fits */
	if (!make) {
		SP_CLEANUP(sp_closep)
		int dir_fd = open(c->state_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);

		if (dir_fd < 0 || faccessat(dir_fd, name, F_OK, 0) < 0)
			return -errno;
	}
	return sp_pool_open(c->state_dir, name);
}

int sp_net_host_open(const struct sp_net_config *c, struct sp_net_host *ret, struct sp_error *err)
{
	SP_CLEANUP(sp_closep) int rtnl_fd = -EBADF;
	SP_CLEANUP(sp_closep) int nft_fd = -EBADF;
	int pool_fd;

	rtnl_fd = sp_nl_open(NETLINK_ROUTE);
	if (rtnl_fd < 0)
		return sp_fail_errno(err, -rtnl_fd, "open rtnetlink");
	nft_fd = sp_nl_open(NETLINK_NETFILTER);
	if (nft_fd == -EPROTONOSUPPORT)
		nft_fd = -EBADF;
	else if (nft_fd < 0)
		return sp_fail_errno(err, -nft_fd, "open nfnetlink");
	pool_fd = sp_net_open_pool(c, "pool", rtnl_fd, true);
	if (pool_fd < 0)
		return sp_fail_errno(err, -pool_fd, "open the address pool in '%s'", c->state_dir);
	*ret = (struct sp_net_host){
		.rtnl_fd = sp_take_fd(&rtnl_fd), .nft_fd = sp_take_fd(&nft_fd), .pool_fd = pool_fd};
	return 0;
}

void sp_net_host_close(struct sp_net_host *h)
{
	h->rtnl_fd = sp_close(h->rtnl_fd);
	h->nft_fd = sp_close(h->nft_fd);
	h->pool_fd = sp_close(h->pool_fd);
}

/* Do @fn in the machine's namespace and come back. @pod_sock: a socket of the current one. */
static int in_machine(struct ctx *x, int pod_sock, int (*fn)(struct ctx *x, void *arg), void *arg)
{
	SP_CLEANUP(sp_closep) int machine = netns_of(x->h->rtnl_fd);
	SP_CLEANUP(sp_closep) int back = netns_of(pod_sock);
	int r;

	if (machine < 0 || back < 0)
		return sp_fail_errno(x->err, machine < 0 ? -machine : -back,
				     "find the network namespace");
	if (setns(machine, CLONE_NEWNET) < 0)
		return sp_fail_errno(x->err, errno, "enter the machine's network namespace");
	r = fn(x, arg);
	if (setns(back, CLONE_NEWNET) < 0)
		return sp_fail_errno(x->err, errno, "return to the pod's network namespace");
	return r;
}

static struct in_addr host_number(const struct sp_net_config *c, uint32_t n)
{
	return (struct in_addr){htonl(ntohl(c->subnet.s_addr) + n)};
}

/* Slot 0 has the second address: the first is the bridge's. */
static struct in_addr slot_ip(const struct sp_net_config *c, int slot)
{
	return host_number(c, (uint32_t)slot + 2);
}

/* Without network address, bridge and broadcast. */
static int n_slots(const struct sp_net_config *c)
{
	uint32_t addresses = c->prefix_len >= 31 ? 0 : 1u << (32 - SP_MAX(c->prefix_len, 8));

	return (int)SP_MIN(addresses, (uint32_t)SP_POOL_SLOTS + 3) - 3;
}

static struct sp_nft_port nft_port(const struct sp_net_config *c, const struct sp_pool_port *p)
{
	return (struct sp_nft_port){.udp = p->udp,
				    .host_ip = p->host_ip,
				    .host_port = p->host_port,
				    .ip = slot_ip(c, p->slot - 1),
				    .ctr_port = p->ctr_port};
}

/* Add or remove in nftables all ports of @slot (-1: of all slots) that the pool knows. */
static int change_ports(struct ctx *x, int slot, bool add)
{
	SP_CLEANUP(free_portsp) struct sp_pool_port *all = NULL;
	struct sp_nft_port some[64];
	int n = sp_pool_ports(x->h->pool_fd, &all), r = SP_MIN(n, 0), m = 0;

	for (int i = 0; r >= 0 && i < n; i++) {
		if (all[i].slot && (slot < 0 || all[i].slot == slot + 1))
			some[m++] = nft_port(x->c, &all[i]);
		if (m && (m == SP_ARRAY_LEN(some) || i == n - 1)) {
			r = add ? sp_nft_publish(x->h->nft_fd, some, m)
				: sp_nft_unpublish(x->h->nft_fd, some, m);
			m = 0;
		}
	}
	return r;
}

/* Ports first, the address last: whoever is interrupted leaves the lease for the next one. */
static int drop_slot(struct ctx *x, int slot)
{
	int r = x->h->nft_fd >= 0 ? change_ports(x, slot, false) : 0;

	if (r >= 0)
		r = sp_pool_drop_ports(x->h->pool_fd, slot);
	if (r >= 0)
		r = sp_pool_release(x->h->pool_fd, slot);
	return r < 0 ? sp_fail_errno(x->err, -r, "give back address and ports") : 0;
}

/* Clear what dead supervisors left. Return: how many leases are alive, -1 */
static int drop_stale(struct ctx *x)
{
	int alive = 0, fd = x->h->pool_fd, slot;

	for (slot = sp_pool_next(fd, 0); slot >= 0; slot = sp_pool_next(fd, slot + 1)) {
		int held = sp_pool_held(fd, slot);

		if (held < 0)
			return sp_fail_errno(x->err, -held, "look for dead leases");
		if (held)
			alive++;
		else if (drop_slot(x, slot) < 0)
			return -1;
	}
	if (slot != -ENOENT)
		return sp_fail_errno(x->err, -slot, "look for dead leases");
	return alive;
}

/* ---- the machine's part ---------------------------------------------------------------------- */

/* Bridge and table away; the pool is empty. */
static int remove_machine(struct ctx *x)
{
	int r = sp_link_delete(x->h->rtnl_fd, x->c->bridge);

	if (r < 0)
		return sp_fail_errno(x->err, -r, "remove the bridge '%s'", x->c->bridge);
	r = x->h->nft_fd >= 0 ? sp_nft_teardown(x->h->nft_fd) : 0;
	if (r >= 0 && x->h->nft_fd >= 0)
		r = sp_nft_forward_forget(x->h->nft_fd);
	if (r < 0)
		return sp_fail_errno(x->err, -r, "remove the nftables rules");
	r = sp_pool_forget_net(x->h->pool_fd);
	return r < 0 ? sp_fail_errno(x->err, -r, "clear the address pool") : 0;
}

/* The pool, the bridge and the table are those of this configuration. */
static int check_net(struct ctx *x)
{
	struct sp_pool_net net = {.subnet = x->c->subnet, .prefix_len = x->c->prefix_len};
	int r, fd = x->h->pool_fd, alive;

	(void)snprintf(net.bridge, sizeof(net.bridge), "%s", x->c->bridge); /* length checked */
	r = sp_pool_check_net(fd, &net);
	if (r == 0) {
		alive = drop_stale(x);
		if (alive < 0)
			return -1;
		if (alive > 0)
			return sp_fail(x->err, SP_E_EXISTS,
				       "%d pods run on another bridge or subnet with the leases "
				       "of '%s'",
				       alive, x->c->state_dir);
		if (remove_machine(x) < 0)
			return -1;
		r = sp_pool_check_net(fd, &net);
	}
	return r < 0 ? sp_fail_errno(x->err, -r, "read the address pool in '%s'", x->c->state_dir)
		     : 0;
}

/* arg: bool, set when it was off */
static int enable_forwarding(struct ctx *x, void *arg)
{
	static const char path[] = "/proc/sys/net/ipv4/ip_forward";
	SP_CLEANUP(sp_closep) int fd = open(path, O_RDWR | O_CLOEXEC);
	bool *changed = arg;
	char c = 0;

	if (fd < 0 || pread(fd, &c, 1, 0) != 1)
		return sp_fail_errno(x->err, errno, "read '%s'", path);
	if (c != '0')
		return 0;
	if (pwrite(fd, "1", 1, 0) != 1)
		return sp_fail_errno(x->err, errno, "switch on '%s'", path);
	*changed = true;
	return 0;
}

static void blocked_by_chain(const struct sp_net_config *c, const char *chain,
			     struct sp_net_blocker *ret)
{
	struct sp_buf what = sp_buf_fixed(ret->what, sizeof(ret->what));
	struct sp_buf fix = sp_buf_fixed(ret->fix, sizeof(ret->fix));

	/* both are cut when a table has a very long name */
	sp_buf_printf(&what, "chain %s", chain);
	sp_buf_printf(&fix,
		      "nft insert rule %s iifname %s accept; nft insert rule %s oifname %s accept",
		      chain, c->bridge, chain, c->bridge);
}

/* In the machine's namespace. */
static int find_blocker(const struct sp_net_config *c, const struct sp_net_host *h,
			struct sp_net_blocker *ret)
{
	char chain[SP_NFT_CHAIN_NAME];
	int r = 0;

	*ret = (struct sp_net_blocker){0};
	if (h->nft_fd >= 0)
		r = sp_nft_forward_blocker(h->nft_fd, c->bridge, chain);
	if (r > 0) {
		blocked_by_chain(c, chain, ret);
		return 0;
	}
	if (r == 0)
		r = sp_xtables_forward_blocks(c->bridge);
	if (r <= 0)
		return r;
	(void)snprintf(ret->what, sizeof(ret->what), "chain FORWARD of iptables-legacy"); /* fits */
	(void)snprintf(ret->fix, sizeof(ret->fix),
		       "iptables-legacy -I FORWARD -i %s -j ACCEPT; "
		       "iptables-legacy -I FORWARD -o %s -j ACCEPT",
		       c->bridge, c->bridge); /* fits */
	return 0;
}

int sp_net_find_blocker(const struct sp_net_config *c, const struct sp_net_host *h,
			struct sp_net_blocker *ret, struct sp_error *err)
{
	int r = find_blocker(c, h, ret);

	return r < 0 ? sp_fail_errno(err, -r, "read the machine's firewall") : 0;
}

/* arg: the blocker. What cannot be read is not known to block, and no reason to refuse a pod. */
static int look_for_blocker(struct ctx *x, void *arg)
{
	(void)find_blocker(x->c, x->h, arg);
	return 0;
}

/* The table, and the rules in iptables' chain, which others may have flushed since. */
static int firewall_up(struct ctx *x, struct sp_net_lease *l)
{
	int r = sp_nft_present(x->h->nft_fd);

	if (r < 0)
		return sp_fail_errno(x->err, -r, "look for the nftables table");
	if (!r) {
		r = sp_nft_setup(x->h->nft_fd, x->c->bridge, x->c->subnet, x->c->prefix_len);
		if (r >= 0)
			r = change_ports(x, -1, true);
		if (r < 0)
			return sp_fail_errno(x->err, -r, "make the nftables table");
	}
	r = sp_nft_forward_allow(x->h->nft_fd, x->c->bridge);
	l->allowed = r > 0;
	if (r < 0) /* pods reach each other all the same: told, no error */
		blocked_by_chain(x->c, "ip filter FORWARD", &l->blocked);
	return 0;
}

static int check_config(const struct sp_net_config *c, struct sp_error *err)
{
	uint32_t rest;

	if (c->prefix_len < 8 || c->prefix_len > 29)
		return sp_fail(err, SP_E_INVALID, "subnet: prefix length %d is not in 8 to 29",
			       c->prefix_len);
	rest = ntohl(c->subnet.s_addr) & (UINT32_MAX >> c->prefix_len);
	if (rest)
		return sp_fail(err, SP_E_INVALID, "subnet: bits are set beyond the prefix /%d",
			       c->prefix_len);
	if (!c->bridge[0] || strlen(c->bridge) >= IFNAMSIZ)
		return sp_fail(err, SP_E_INVALID, "bridge: '%s' is no name for a link", c->bridge);
	return 0;
}

/* With the lock held. A bridge that is up is complete (sp_link_bridge()). */
static int machine_up(struct ctx *x, int pod_sock, struct sp_link *ret, struct sp_net_lease *l)
{
	int r = sp_link_get(x->h->rtnl_fd, x->c->bridge, ret);

	if (r < 0 && r != -ENODEV)
		return sp_fail_errno(x->err, -r, "look for the bridge '%s'", x->c->bridge);
	if (x->h->nft_fd >= 0 && firewall_up(x, l) < 0)
		return -1;
	if (r == 0 && ret->flags & IFF_UP)
		return 0;
	if (in_machine(x, pod_sock, enable_forwarding, &l->forwarding) < 0 ||
	    (!l->blocked.what[0] && in_machine(x, pod_sock, look_for_blocker, &l->blocked) < 0))
		return -1;
	r = sp_link_bridge(x->h->rtnl_fd, x->c->bridge, host_number(x->c, 1), x->c->prefix_len,
			   x->c->ipv6);
	if (r >= 0)
		r = sp_link_get(x->h->rtnl_fd, x->c->bridge, ret);
	return r < 0 ? sp_fail_errno(x->err, -r, "make the bridge '%s'", x->c->bridge) : 0;
}

int sp_net_machine_up(const struct sp_net_config *c, struct sp_net_host *h, struct sp_link *bridge,
		      struct sp_net_lease *ret, struct sp_error *err)
{
	struct ctx x = {.c = c, .h = h, .err = err};
	SP_CLEANUP(unlock_poolp) int locked = -EBADF;
	struct sp_net_lease l = {0};
	int r;

	if (check_config(c, err) < 0)
		return -1;
	r = sp_pool_lock(h->pool_fd);
	if (r < 0)
		return sp_fail_errno(err, -r, "lock the address pool");
	locked = h->pool_fd;
	if (check_net(&x) < 0 || machine_up(&x, h->rtnl_fd, bridge, &l) < 0)
		return -1;
	*ret = l;
	return 0;
}

int sp_net_machine_down(const struct sp_net_config *c, struct sp_net_host *h, struct sp_error *err)
{
	struct ctx x = {.c = c, .h = h, .err = err};
	SP_CLEANUP(unlock_poolp) int locked = -EBADF;
	int r = sp_pool_lock(h->pool_fd);

	if (r < 0)
		return sp_fail_errno(err, -r, "lock the address pool");
	locked = h->pool_fd;
	r = drop_stale(&x);
	if (r == 0)
		r = sp_svc_sweep(c, h, err);
	if (r != 0)
		return r < 0 ? -1 : 0;
	return remove_machine(&x) < 0 ? -1 : 1;
}

/* ---- ports ----------------------------------------------------------------------------------- */

/* "10.0.0.1:8080/TCP", "8080/UDP" */
static const char *port_name(const struct sp_net_port *p, char ret[32])
{
	char ip[INET_ADDRSTRLEN] = "";

	if (p->host_ip.s_addr)
		(void)inet_ntop(AF_INET, &p->host_ip, ip, sizeof(ip)); /* always fits */
	(void)snprintf(ret, 32, "%s%s%d/%s", ip, ip[0] ? ":" : "", p->host_port,
		       p->udp ? "UDP" : "TCP");
	return ret;
}

/* In the machine's namespace: could a program bind it? arg: the port */
static int bind_port(struct ctx *x, void *arg)
{
	const struct sp_net_port *p = arg;
	SP_CLEANUP(sp_closep)
	int fd = socket(AF_INET, (p->udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC, 0);
	struct sockaddr_in a = {
		.sin_family = AF_INET, .sin_port = htons(p->host_port), .sin_addr = p->host_ip};
	char name[32];
	int one = 1;

	if (fd < 0)
		return sp_fail_errno(x->err, errno, "hostPort %s", port_name(p, name));
	/* connections of a server that is gone are no conflict, one that listens is */
	if (!p->udp)
		(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&a, sizeof(a)) == 0)
		return 0;
	if (errno == EADDRINUSE)
		return sp_fail(x->err, SP_E_EXISTS,
			       "hostPort %s is in use by a program of this machine",
			       port_name(p, name));
	if (errno == EADDRNOTAVAIL) /* an address that may come later; nothing arrives until then */
		return 0;
	return sp_fail_errno(x->err, errno, "hostPort %s", port_name(p, name));
}

static bool ports_collide(const struct sp_net_port *a, const struct sp_pool_port *b)
{
	return b->slot && a->udp == (b->udp != 0) && a->host_port == b->host_port &&
	       (!a->host_ip.s_addr || !b->host_ip.s_addr || a->host_ip.s_addr == b->host_ip.s_addr);
}

/* Another pod's port; one of a dead pod is cleared away instead. */
static int check_other_pods(struct ctx *x, const struct sp_net_port *p,
			    const struct sp_pool_port *all, int n)
{
	char name[32], owner[SP_POOL_NAME];

	for (int i = 0; i < n; i++) {
		int slot = all[i].slot - 1, held;

		if (!ports_collide(p, &all[i]))
			continue;
		held = sp_pool_held(x->h->pool_fd, slot);
		if (held < 0 || sp_pool_name(x->h->pool_fd, slot, owner) < 0)
			return sp_fail(x->err, SP_E_IO, "read the address pool");
		if (held)
			return sp_fail(x->err, SP_E_EXISTS, "hostPort %s is taken by pod %s",
				       port_name(p, name), owner);
		if (drop_slot(x, slot) < 0)
			return -1;
	}
	return 0;
}

/* With the lock held; the slot has no ports yet. */
static int publish(struct ctx *x, int pod_sock, const struct sp_net_pod *pod, int slot)
{
	SP_CLEANUP(free_portsp) struct sp_pool_port *all = NULL;
	struct sp_pool_port mine[SP_NET_PORTS_MAX];
	int r, n;

	if (pod->n_ports > SP_NET_PORTS_MAX)
		return sp_fail(x->err, SP_E_INVALID, "more than %d host ports", SP_NET_PORTS_MAX);
	if (x->h->nft_fd < 0)
		return sp_fail(x->err, SP_E_UNSUPPORTED,
			       "hostPort %d: this machine has no nftables",
			       pod->ports[0].host_port);
	n = sp_pool_ports(x->h->pool_fd, &all);
	if (n < 0)
		return sp_fail_errno(x->err, -n, "read the address pool");
	for (uint32_t i = 0; i < pod->n_ports; i++) {
		struct sp_net_port p = pod->ports[i];

		if (check_other_pods(x, &p, all, n) < 0 ||
		    in_machine(x, pod_sock, bind_port, &p) < 0)
			return -1;
		mine[i] = (struct sp_pool_port){.host_ip = p.host_ip,
						.host_port = p.host_port,
						.ctr_port = p.ctr_port,
						.slot = (uint16_t)(slot + 1),
						.udp = p.udp};
		for (uint32_t j = 0; j < i; j++)
			if (ports_collide(&p, &mine[j]))
				return sp_fail(x->err, SP_E_EXISTS,
					       "hostPort %d is wanted twice by the pod",
					       p.host_port);
	}
	r = sp_pool_add_ports(x->h->pool_fd, mine, (int)pod->n_ports);
	if (r >= 0)
		r = change_ports(x, slot, true);
	return r < 0 ? sp_fail_errno(x->err, -r, "publish host ports") : 0;
}

/* ---- a pod ----------------------------------------------------------------------------------- */

/* With the lock held. The one it had, after a dead supervisor; else the lowest free one. */
static int claim(struct ctx *x, const struct sp_net_pod *pod)
{
	const char *uid = pod->uid, *name = pod->name ? pod->name : "";
	int fd = x->h->pool_fd, slot = sp_pool_find(fd, uid), r;

	if (slot >= 0) {
		r = sp_pool_held(fd, slot);
		if (r > 0)
			return sp_fail(x->err, SP_E_EXISTS, "pod %s has a network already", uid);
		if (r < 0)
			return sp_fail_errno(x->err, -r, "look at the lease of pod %s", uid);
		if (drop_slot(x, slot) < 0)
			return -1;
	}
	slot = sp_pool_claim(fd, n_slots(x->c), uid, name);
	if (slot == -ENOSPC) {
		if (drop_stale(x) < 0)
			return -1;
		slot = sp_pool_claim(fd, n_slots(x->c), uid, name);
	}
	if (slot == -ENOSPC)
		return sp_fail(x->err, SP_E_NO_SPACE, "no address is left: %d pods have one",
			       n_slots(x->c));
	if (slot < 0)
		return sp_fail_errno(x->err, -slot, "take an address");
	r = sp_pool_hold(fd, slot);
	return r < 0 ? sp_fail_errno(x->err, -r, "take an address") : slot;
}

/* All that needs the lock. Return: the slot, -1; it is given back on failure. */
static int lease(struct ctx *x, int pod_sock, const struct sp_net_pod *pod, struct sp_link *bridge,
		 struct sp_net_lease *l)
{
	SP_CLEANUP(unlock_poolp) int locked = -EBADF;
	struct ctx quiet = {.c = x->c, .h = x->h}; /* the first error is the one to tell */
	int r = sp_pool_lock(x->h->pool_fd), slot;

	if (r < 0)
		return sp_fail_errno(x->err, -r, "lock the address pool");
	locked = x->h->pool_fd;
	if (check_net(x) < 0)
		return -1;
	slot = claim(x, pod);
	if (slot < 0)
		return -1;
	if (machine_up(x, pod_sock, bridge, l) < 0 ||
	    (pod->n_ports && publish(x, pod_sock, pod, slot) < 0)) {
		(void)drop_slot(&quiet, slot); /* else it is stale when this process ends */
		return -1;
	}
	l->ip = slot_ip(x->c, slot);
	l->nft = pod->n_ports > 0;
	return slot;
}

/* The pair; its name is random since that of a pod that died may still be there for a moment. */
static int make_veth(struct ctx *x, int bridge, const uint8_t mac[SP_MAC_LEN], char ret[16])
{
	int r = -EEXIST;

	for (int i = 0; i < VETH_TRIES && r == -EEXIST; i++) {
		uint64_t random;

		if (getrandom(&random, sizeof(random), GRND_INSECURE) != sizeof(random))
			return -errno;
		(void)snprintf(ret, 16, "sp%012llx",
			       (unsigned long long)(random & 0xffffffffffff)); /* 14 of 15 */
		r = sp_link_veth(x->h->rtnl_fd, ret, bridge, getpid(), mac, x->c->ipv6);
	}
	return r;
}

static int wire(struct ctx *x, int pod_sock, int bridge, struct sp_net_lease *l)
{
	uint8_t mac[SP_MAC_LEN];
	struct sp_link eth0;
	int r;

	sp_link_mac(l->ip, mac);
	r = make_veth(x, bridge, mac, l->veth);
	if (r < 0)
		return sp_fail_errno(x->err, -r, "make a veth pair on '%s'", x->c->bridge);
	r = sp_link_lo_and_eth0(pod_sock, &eth0);
	if (r >= 0)
		r = sp_link_pod(pod_sock, eth0.index, l->ip, x->c->prefix_len, host_number(x->c, 1),
				x->c->ipv6);
	if (r >= 0)
		r = sp_link_settle(x->h->rtnl_fd, eth0.peer, bridge, mac);
	return r < 0 ? sp_fail_errno(x->err, -r, "configure eth0") : 0;
}

int sp_net_pod_up(const struct sp_net_config *c, struct sp_net_host *h,
		  const struct sp_net_pod *pod, struct sp_net_lease *ret, struct sp_error *err)
{
	struct ctx x = {.c = c, .h = h, .err = err};
	SP_CLEANUP(sp_closep) int sock = -EBADF;
	struct sp_net_lease l = {0};
	struct sp_link bridge;
	int r;

	if (pod->mode == SP_NET_HOST) {
		*ret = l;
		return 0;
	}
	sock = sp_nl_open(NETLINK_ROUTE);
	if (sock < 0)
		return sp_fail_errno(err, -sock, "open rtnetlink");
	if (pod->mode == SP_NET_LO) {
		if (pod->n_ports)
			return sp_fail(err, SP_E_UNSUPPORTED,
				       "hostPort %d: a pod without a network cannot publish ports",
				       pod->ports[0].host_port);
		r = sp_link_lo_up(sock);
		if (r < 0)
			return sp_fail_errno(err, -r, "bring loopback up");
		*ret = l;
		return 0;
	}
	if (check_config(c, err) < 0 || lease(&x, sock, pod, &bridge, &l) < 0)
		return -1;
	if (wire(&x, sock, bridge.index, &l) < 0) {
		(void)sp_net_pod_down(c, h, pod->uid, NULL); /* the first error is told */
		return -1;
	}
	*ret = l;
	return 0;
}

int sp_net_pod_down(const struct sp_net_config *c, struct sp_net_host *h, const char *uid,
		    struct sp_error *err)
{
	struct ctx x = {.c = c, .h = h, .err = err};
	SP_CLEANUP(unlock_poolp) int locked = -EBADF;
	int r = sp_pool_lock(h->pool_fd), slot;

	if (r < 0)
		return sp_fail_errno(err, -r, "lock the address pool");
	locked = h->pool_fd;
	slot = sp_pool_find(h->pool_fd, uid);
	if (slot == -ENOENT)
		return 0;
	if (slot < 0)
		return sp_fail_errno(err, -slot, "look for the lease of pod %s", uid);
	r = sp_pool_held(h->pool_fd, slot);
	if (r > 0)
		return sp_fail(err, SP_E_UNAVAILABLE, "the supervisor of pod %s still runs", uid);
	if (r < 0)
		return sp_fail_errno(err, -r, "look at the lease of pod %s", uid);
	return drop_slot(&x, slot);
}
