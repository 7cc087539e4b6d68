/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sessions: the lease of a block, the table made from what the caller said, and a memory of that,
 * to tell what changes.
 */
#include "net/service.h"

#include "base/text.h"
#include "net/conntrack.h"
#include "net/link.h"
#include "net/net_internal.h"
#include "net/nft_forward.h"
#include "net/nft_rule.h"
#include "net/nft_service.h"
#include "net/pool.h"
#include "sys/fd.h"
#include "sys/sys.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#define LEASES    "services" /* name of their file */
#define OWNER     "run-"     /* then the process of the run */
#define ORPHAN_NS 1000000000 /* of a run that another PID namespace has we know nothing */

#define BLOCK_LEN  24 /* prefix of a block */
#define BLOCK_MASK htonl(UINT32_MAX << (32 - BLOCK_LEN))
#define FIRST_VIP  2 /* .1 is the name server's */

#define NODE_PORT_FIRST 30000
#define NODE_PORT_LAST  32767

struct vport {
	struct sp_svc_port p;
	uint32_t chain, old;             /* numbers of its chain and the one before; 0 none */
	struct sp_svc_backend *backends; /* heap */
	uint32_t n;
	int node_fd; /* bound to the node port: nobody else gets it */
};

struct sp_svc {
	struct sp_net_host h;
	int leases_fd, slot;
	struct in_addr block, gateway;
	int bridge; /* index of the link */
	char bridge_name[16];
	struct sp_net_lease machine;
	char table[32];
	struct vport ports[SP_SVC_PORTS_MAX];
	uint32_t n_ports, last_chain;
};

void sp_svc_config_default(struct sp_svc_config *c)
{
	*c = (struct sp_svc_config){.subnet.s_addr = htonl(0x0a540000), .prefix_len = 16};
}

bool sp_svc_possible(const struct sp_net_host *h)
{
	return h->nft_fd >= 0 && sp_nft_service_probe(h->nft_fd) == 0;
}

/* ---- leases ---------------------------------------------------------------------------------- */

static void unlock_leasesp(int *fd)
{
	if (*fd >= 0)
		sp_pool_unlock(*fd);
}

/* Has the run that took this lease ended? Its parent may not have taken note of that yet. */
static bool is_orphan(int leases_fd, int slot)
{
	SP_CLEANUP(sp_closep) int pidfd = -EBADF;
	char owner[SP_POOL_UID];
	struct pollfd p;
	int64_t pid;

	if (sp_pool_uid(leases_fd, slot, owner) < 0 || strncmp(owner, OWNER, strlen(OWNER)) != 0 ||
	    sp_parse_i64(owner + strlen(OWNER), 1, INT32_MAX, &pid) < 0)
		return false;
	pidfd = sys_pidfd_open((pid_t)pid, 0);
	p = (struct pollfd){.fd = pidfd, .events = POLLIN};
	return pidfd == -ESRCH || (pidfd >= 0 && poll(&p, 1, 0) > 0);
}

/* A run that was killed while it began its name server leaves a child that holds the lease until it
 * has run for a moment. */
static int is_held(int leases_fd, int slot, int64_t *waited_ns)
{
	int r = sp_pool_held(leases_fd, slot);

	while (r > 0 && is_orphan(leases_fd, slot) && sys_pause(waited_ns, ORPHAN_NS))
		r = sp_pool_held(leases_fd, slot);
	return r;
}

/* With the lock held. Tables went with their sockets; routes go with the bridge, or are replaced by
 * the block's next owner. */
static int sweep(int leases_fd, struct sp_error *err)
{
	int alive = 0, slot, r;
	int64_t waited = 0;

	for (slot = sp_pool_next(leases_fd, 0); slot >= 0;
	     slot = sp_pool_next(leases_fd, slot + 1)) {
		r = is_held(leases_fd, slot, &waited);
		if (r > 0) {
			alive++;
			continue;
		}
		if (r == 0)
			r = sp_pool_release(leases_fd, slot);
		if (r < 0)
			return sp_fail_errno(err, -r,
					     "remove what a dead run left of its services");
	}
	if (slot != -ENOENT)
		return sp_fail_errno(err, -slot, "look for dead runs with services");
	return alive;
}

int sp_svc_sweep(const struct sp_net_config *c, struct sp_net_host *h, struct sp_error *err)
{
	SP_CLEANUP(sp_closep) int fd = sp_net_open_pool(c, LEASES, h->rtnl_fd, false);
	SP_CLEANUP(unlock_leasesp) int locked = -EBADF;
	int r;

	if (fd == -ENOENT) /* there never was a session */
		return 0;
	r = fd < 0 ? fd : sp_pool_lock(fd);
	if (r < 0)
		return sp_fail_errno(err, -r, "lock the leases of services");
	locked = fd;
	return sweep(fd, err);
}

/* A block for this session. */
static int lease(struct sp_svc *s, const struct sp_svc_config *c, struct sp_error *err)
{
	SP_CLEANUP(unlock_leasesp) int locked = -EBADF;
	char owner[SP_POOL_UID];
	int n_blocks = 1 << (BLOCK_LEN - c->prefix_len);
	int r = sp_pool_lock(s->leases_fd);

	if (r < 0)
		return sp_fail_errno(err, -r, "lock the leases of services");
	locked = s->leases_fd;
	if (sweep(s->leases_fd, err) < 0)
		return -1;
	(void)snprintf(owner, sizeof(owner), OWNER "%d", (int)getpid()); /* fits */
	r = sp_pool_claim(s->leases_fd, n_blocks, owner, "");
	if (r == -ENOSPC)
		return sp_fail(err, SP_E_NO_SPACE, "%d runs with services: no more are possible",
			       n_blocks);
	if (r >= 0) {
		s->slot = r;
		r = sp_pool_hold(s->leases_fd, s->slot);
	}
	return r < 0 ? sp_fail_errno(err, -r, "lease addresses for services") : 0;
}

/* ---- the session ----------------------------------------------------------------------------- */

static int fail_nft(int r, struct sp_error *err)
{
	if (r == -ENOENT || r == -EOPNOTSUPP)
		return sp_fail(err, SP_E_UNSUPPORTED,
			       "this kernel lacks a part of nftables that Services need: NAT, "
			       "connection tracking, fib, reject, numgen or hash");
	return sp_fail_errno(err, -r, "change the nftables table of the services");
}

static int check_config(const struct sp_net_config *net, const struct sp_svc_config *c,
			struct sp_error *err)
{
	uint32_t mask = htonl(UINT32_MAX << (32 - SP_MIN(net->prefix_len, c->prefix_len)));

	if (c->prefix_len < 16 || c->prefix_len > BLOCK_LEN)
		return sp_fail(err, SP_E_INVALID,
			       "service subnet: prefix length %d is not in 16 to %d", c->prefix_len,
			       BLOCK_LEN);
	if (ntohl(c->subnet.s_addr) & (UINT32_MAX >> c->prefix_len))
		return sp_fail(err, SP_E_INVALID,
			       "service subnet: bits are set beyond the prefix /%d", c->prefix_len);
	if (((net->subnet.s_addr ^ c->subnet.s_addr) & mask) == 0)
		return sp_fail(err, SP_E_INVALID, "service subnet: it overlaps that of the pods");
	return 0;
}

static int open_session(struct sp_svc *s, const struct sp_net_config *net,
			const struct sp_svc_config *c, struct sp_error *err)
{
	struct sp_link bridge;
	int r;

	if (check_config(net, c, err) < 0 || sp_net_host_open(net, &s->h, err) < 0)
		return -1;
	if (s->h.nft_fd < 0)
		return sp_fail(err, SP_E_UNSUPPORTED,
			       "Services need nftables, which this machine "
			       "does not have");
	s->leases_fd = sp_net_open_pool(net, LEASES, s->h.rtnl_fd, true);
	if (s->leases_fd < 0)
		return sp_fail_errno(err, -s->leases_fd, "open the leases in '%s'", net->state_dir);
	if (lease(s, c, err) < 0 || sp_net_machine_up(net, &s->h, &bridge, &s->machine, err) < 0)
		return -1;
	s->bridge = bridge.index;
	(void)snprintf(s->bridge_name, sizeof(s->bridge_name), "%s", net->bridge); /* checked */
	s->gateway.s_addr = htonl(ntohl(net->subnet.s_addr) + 1);
	s->block.s_addr = htonl(ntohl(c->subnet.s_addr) + ((uint32_t)s->slot << (32 - BLOCK_LEN)));
	(void)snprintf(s->table, sizeof(s->table), "sidepod-svc%d", s->slot); /* fits */
	r = sp_nft_service_setup(s->h.nft_fd, s->table, s->block, BLOCK_MASK);
	if (r < 0)
		return fail_nft(r, err);
	/* for the machine itself; the packets of pods find their way without */
	r = sp_link_route(s->h.rtnl_fd, s->bridge, s->block, BLOCK_LEN, true);
	return r < 0 ? sp_fail_errno(err, -r, "make a route to the services") : 0;
}

int sp_svc_open(const struct sp_net_config *net, const struct sp_svc_config *c, struct sp_svc **ret,
		struct sp_error *err)
{
	SP_CLEANUP(sp_svc_closep) struct sp_svc *s = calloc(1, sizeof(*s));

	if (!s)
		return sp_fail(err, SP_E_NO_MEMORY, "services");
	s->h = (struct sp_net_host){-EBADF, -EBADF, -EBADF};
	s->leases_fd = -EBADF;
	s->slot = -1;
	if (open_session(s, net, c, err) < 0)
		return sp_wrap(err, "services");
	*ret = sp_take_ptr(&s);
	return 0;
}

static void drop_vport(struct vport *v)
{
	free(v->backends);
	(void)sp_close(v->node_fd);
}

struct sp_svc *sp_svc_forget(struct sp_svc *s)
{
	if (!s)
		return NULL;
	for (uint32_t i = 0; i < s->n_ports; i++)
		drop_vport(&s->ports[i]);
	(void)sp_close(s->leases_fd);
	sp_net_host_close(&s->h);
	free(s);
	return NULL;
}

struct sp_svc *sp_svc_close(struct sp_svc *s)
{
	if (!s || s->slot < 0)
		return sp_svc_forget(s);
	/* what cannot be removed now is removed by the next session: the lease is free then */
	if (s->table[0] && sp_nft_table_remove(s->h.nft_fd, s->table) >= 0 &&
	    sp_link_route(s->h.rtnl_fd, s->bridge, s->block, BLOCK_LEN, false) >= 0 &&
	    sp_pool_lock(s->leases_fd) >= 0) {
		(void)sp_pool_release(s->leases_fd, s->slot);
		sp_pool_unlock(s->leases_fd);
	}
	return sp_svc_forget(s);
}

void sp_svc_closep(struct sp_svc **s)
{
	*s = sp_svc_close(*s);
}

struct in_addr sp_svc_vip(const struct sp_svc *s, uint32_t i)
{
	return (struct in_addr){htonl(ntohl(s->block.s_addr) + FIRST_VIP + i)};
}

struct in_addr sp_svc_dns_vip(const struct sp_svc *s)
{
	return (struct in_addr){htonl(ntohl(s->block.s_addr) + 1)};
}

struct in_addr sp_svc_gateway(const struct sp_svc *s)
{
	return s->gateway;
}

const struct sp_net_lease *sp_svc_machine(const struct sp_svc *s)
{
	return &s->machine;
}

bool sp_svc_names_blocker(const struct sp_svc *s, struct sp_net_blocker *ret)
{
	char chain[SP_NFT_CHAIN_NAME];

	/* what cannot be read is not known to block */
	if (sp_nft_input_blocker(s->h.nft_fd, s->bridge_name, chain) <= 0)
		return false;
	/* both are cut when a table has a very long name */
	(void)snprintf(ret->what, sizeof(ret->what), "chain %s", chain);
	(void)snprintf(ret->fix, sizeof(ret->fix), "nft insert rule %s iifname %s accept", chain,
		       s->bridge_name);
	return true;
}

/* ---- virtual ports --------------------------------------------------------------------------- */

static struct vport *find(struct sp_svc *s, const struct sp_svc_port *p)
{
	for (uint32_t i = 0; i < s->n_ports; i++) {
		const struct sp_svc_port *q = &s->ports[i].p;

		if (q->vip.s_addr == p->vip.s_addr && q->udp == p->udp && q->port == p->port)
			return &s->ports[i];
	}
	return NULL;
}

static bool has(const struct sp_svc_backend *list, uint32_t n, const struct sp_svc_backend *b)
{
	for (uint32_t i = 0; i < n; i++)
		if (list[i].ip.s_addr == b->ip.s_addr && list[i].port == b->port)
			return true;
	return false;
}

static bool same_backends(const struct vport *v, const struct sp_svc_backend *b, uint32_t n)
{
	if (v->n != n)
		return false;
	for (uint32_t i = 0; i < n; i++)
		if (v->backends[i].ip.s_addr != b[i].ip.s_addr || v->backends[i].port != b[i].port)
			return false;
	return true;
}

/* A pod may have published it: that is no socket, the pool knows. Return: 1, 0, -errno */
static int is_host_port(const struct sp_svc *s, bool udp, uint16_t port)
{
	struct sp_pool_port *all = NULL;
	int n = sp_pool_lock(s->h.pool_fd), r = 0;

	if (n < 0)
		return n;
	n = sp_pool_ports(s->h.pool_fd, &all);
	for (int i = 0; r == 0 && i < n; i++)
		if (all[i].slot && (all[i].udp != 0) == udp && all[i].host_port == port)
			r = sp_pool_held(s->h.pool_fd, all[i].slot - 1);
	sp_pool_unlock(s->h.pool_fd);
	free(all);
	return n < 0 ? n : r;
}

/* Bound, never listening: programs, pods and other runs find it taken. Return: descriptor, -errno
 */
static int take_node_port(const struct sp_svc *s, bool udp, uint16_t port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};
	int fd, r = is_host_port(s, udp, port);

	if (r != 0)
		return r < 0 ? r : -EADDRINUSE;
	fd = socket(AF_INET, (udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0) {
		r = -errno;
		(void)sp_close(fd);
		return r;
	}
	return fd;
}

uint16_t sp_svc_node_port(struct sp_svc *s, bool udp)
{
	for (uint16_t port = NODE_PORT_FIRST; port <= NODE_PORT_LAST; port++) {
		int fd = take_node_port(s, udp, port);

		(void)sp_close(fd);
		if (fd >= 0)
			return port;
	}
	return 0;
}

static int check_port(const struct sp_svc *s, const struct sp_svc_port *p, uint32_t n,
		      struct sp_error *err)
{
	char ip[INET_ADDRSTRLEN];

	if ((p->vip.s_addr & BLOCK_MASK) != s->block.s_addr)
		return sp_fail(err, SP_E_INVALID, "%s is no address of this run's services",
			       inet_ntop(AF_INET, &p->vip, ip, sizeof(ip)));
	if (!p->port)
		return sp_fail(err, SP_E_INVALID, "a service port is 0");
	if (n > SP_SVC_BACKENDS_MAX)
		return sp_fail(err, SP_E_INVALID, "%u backends; at most %d are possible", n,
			       SP_SVC_BACKENDS_MAX);
	return 0;
}

/* UDP flows of backends that left. */
static int forget_flows(struct sp_svc *s, const struct vport *v, const struct sp_svc_backend *keep,
			uint32_t n_keep, struct sp_error *err)
{
	for (uint32_t i = 0; v->p.udp && i < v->n; i++) {
		int r;

		if (has(keep, n_keep, &v->backends[i]))
			continue;
		r = sp_conntrack_forget_udp(s->h.nft_fd, v->p.vip, v->p.port, v->p.node_port,
					    v->backends[i].ip, v->backends[i].port);
		if (r < 0)
			return sp_fail_errno(err, -r, "forget UDP flows of a backend that left");
	}
	return 0;
}

/* In the kernel, from what @v is to @p with @backends; @v's chains follow. */
static int replace(struct sp_svc *s, struct vport *v, const struct sp_svc_port *p,
		   const struct sp_svc_backend *backends, uint32_t n, struct sp_error *err)
{
	const struct sp_nft_service_keys was = {v->chain, v->p.node_port};
	struct sp_nft_service_keys is = {0, p->node_port};
	int r;

	if (n) {
		is.chain = ++s->last_chain;
		r = sp_nft_service_make(s->h.nft_fd, s->table, is.chain, p->client_ip, backends, n,
					v->old);
	} else {
		r = sp_nft_service_drop(s->h.nft_fd, s->table, v->old);
	}
	if (r < 0)
		return fail_nft(r, err);
	v->old = 0;
	r = sp_nft_service_point(s->h.nft_fd, s->table, p, was, is);
	if (r < 0) {
		v->old = is.chain; /* it never was in use */
		return fail_nft(r, err);
	}
	v->old = v->chain;
	v->chain = is.chain;
	return 0;
}

static int set_port(struct sp_svc *s, struct vport *v, const struct sp_svc_port *p,
		    const struct sp_svc_backend *backends, uint32_t n, struct sp_error *err)
{
	SP_CLEANUP(sp_closep) int node_fd = -EBADF;
	struct sp_svc_backend *copy = n ? calloc(n, sizeof(*copy)) : NULL;
	bool new_node = v->p.node_port != p->node_port;

	if (n && !copy)
		return sp_fail(err, SP_E_NO_MEMORY, "services");
	if (n)
		memcpy(copy, backends, n * sizeof(*copy));
	if (new_node && p->node_port) {
		node_fd = take_node_port(s, p->udp, p->node_port);
		if (node_fd < 0) {
			free(copy);
			if (node_fd == -EADDRINUSE)
				return sp_fail(err, SP_E_EXISTS,
					       "nodePort %d/%s is in use on this machine",
					       p->node_port, p->udp ? "UDP" : "TCP");
			return sp_fail_errno(err, -node_fd, "nodePort %d", p->node_port);
		}
	}
	if (replace(s, v, p, backends, n, err) < 0) {
		free(copy);
		return -1;
	}
	if (new_node) {
		(void)sp_close(v->node_fd);
		v->node_fd = sp_take_fd(&node_fd);
	}
	struct vport was = *v;

	v->p = *p;
	v->backends = copy;
	v->n = n;
	int r = forget_flows(s, &was, backends, n, err);

	free(was.backends);
	return r;
}

int sp_svc_set(struct sp_svc *s, const struct sp_svc_port *p, const struct sp_svc_backend *backends,
	       uint32_t n, struct sp_error *err)
{
	struct vport *v = find(s, p);
	int r;

	if (check_port(s, p, n, err) < 0)
		return -1;
	if (v && v->p.node_port == p->node_port && v->p.client_ip == p->client_ip &&
	    same_backends(v, backends, n))
		return 0;
	if (v)
		return set_port(s, v, p, backends, n, err);
	if (s->n_ports == SP_SVC_PORTS_MAX)
		return sp_fail(err, SP_E_NO_SPACE, "more than %d ports of services",
			       SP_SVC_PORTS_MAX);
	v = &s->ports[s->n_ports];
	*v = (struct vport){.node_fd = -EBADF};
	r = set_port(s, v, p, backends, n, err);
	if (r == 0 || v->backends) /* it is there, whatever failed afterwards */
		s->n_ports++;
	return r;
}

int sp_svc_unset(struct sp_svc *s, const struct sp_svc_port *p, struct sp_error *err)
{
	struct vport *v = find(s, p);
	struct sp_svc_port key;
	int r;

	if (!v)
		return 0;
	key = v->p;
	if (set_port(s, v, &key, NULL, 0, err) < 0)
		return -1;
	r = sp_nft_service_drop(s->h.nft_fd, s->table, v->old);
	if (r < 0)
		return fail_nft(r, err);
	drop_vport(v);
	*v = s->ports[--s->n_ports];
	return 0;
}
