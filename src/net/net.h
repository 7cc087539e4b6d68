/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pod's network: addresses from a local pool, a veth into the bridge, published ports; and the
 * three identity files (hosts, hostname, resolv.conf). rtnetlink and nftables netlink by hand: no
 * helper process stands on the start path, and the supervisor links nothing for it.
 */
#ifndef SP_NET_NET_H
#define SP_NET_NET_H

#include "base/buf.h"
#include "base/error.h"

#include <netinet/in.h>

enum sp_net_mode {
	SP_NET_BRIDGE, /* own namespace, veth into the bridge */
	SP_NET_LO,     /* own namespace, loopback only */
	SP_NET_HOST,   /* the machine's */
};

struct sp_net_port {            /* one published port */
	bool udp;               /* else TCP */
	struct in_addr host_ip; /* 0.0.0.0: all */
	uint16_t host_port, ctr_port;
};
#define SP_NET_PORTS_MAX 256

/* What the machine provides; from engine options. */
struct sp_net_config {
	const char *state_dir; /* leases of addresses and ports live here, one file per machine (its
				  network namespace). Everyone on a machine must use the same
				  folder, whatever --root says: two pools of one subnet would give
				  an address twice */
	const char *bridge;    /* "sidepod0" */
	struct in_addr subnet; /* 10.83.0.0 */
	int prefix_len;        /* 16; the first address is the bridge's */
	bool ipv6;             /* off unless asked for: it is quadratic on a bridge */
};
void sp_net_config_default(struct sp_net_config *c);

/*
 * Host side: descriptors opened before the supervisor enters the pod's network namespace. It also
 * is what keeps the pod's lease: the supervisor has it open as long as the pod lives, and when it
 * dies, even by kill -9, the kernel's lock on the lease goes with it and the lease may be taken.
 */
struct sp_net_host {
	int rtnl_fd; /* rtnetlink of the machine's namespace */
	int nft_fd;  /* nfnetlink of the machine's namespace; -EBADF when there is none */
	int pool_fd; /* net/pool.h */
};

/** sp_net_host_open() - Call in the machine's network namespace */
int sp_net_host_open(const struct sp_net_config *c, struct sp_net_host *ret, struct sp_error *err);
void sp_net_host_close(struct sp_net_host *h);

struct sp_net_pod {
	enum sp_net_mode mode;
	const char *uid;  /* names the lease; up to 63 characters */
	const char *name; /* told to whoever wants a port of this pod, "default/web"; NULL: uid */
	const struct sp_net_port *ports;
	uint32_t n_ports;
};
/* A firewall of the machine that drops what pods send to the outside, and get from there. */
struct sp_net_blocker {
	char what[160]; /* "chain inet filter forward"; "" none is known */
	char fix[320];  /* commands that add rules for the bridge */
};

struct sp_net_lease {
	struct in_addr ip; /* the pod's address; 0 for lo */
	char veth[16];     /* host end; "" none */
	bool nft;          /* ports were published */
	bool forwarding;   /* this call switched net.ipv4.ip_forward of the machine on; tell it */
	bool allowed;      /* it added rules for the bridge to iptables' chain FORWARD; tell it */
	struct sp_net_blocker blocked; /* what drops the pods' packets all the same; looked for when
					  the bridge is made */
};

/**
 * sp_net_find_blocker() - Look at the firewalls of the machine, in whose network namespace we are
 *
 * iptables' chain FORWARD of nftables is passed over: each pod sees to it that it lets pods pass.
 */
int sp_net_find_blocker(const struct sp_net_config *c, const struct sp_net_host *h,
			struct sp_net_blocker *ret, struct sp_error *err);

/**
 * sp_net_pod_up() - Bring the current network namespace up for a pod
 *
 * The caller already is in the new namespace (for the bridge: as a single thread, it visits the
 * machine's when something has to be made or ports are to be published). Bridge, forwarding and
 * the nftables table of the machine are made on first use and are kept; a table that somebody
 * flushed comes back with all ports. SP_NET_HOST does nothing: ports are the machine's anyway.
 *
 * Errors: SP_E_EXISTS a host port is taken, by another pod or by a program of the machine, or the
 * pool is in use for another subnet; SP_E_NO_SPACE no address is left; SP_E_UNSUPPORTED ports
 * without the bridge or without nftables; SP_E_DENIED. Nothing is left behind then.
 */
int sp_net_pod_up(const struct sp_net_config *c, struct sp_net_host *h,
		  const struct sp_net_pod *pod, struct sp_net_lease *ret, struct sp_error *err);

/**
 * sp_net_pod_down() - Give address and ports back; idempotent; also for a pod whose supervisor died
 * @uid: enough to find what is left; the veth goes with the namespace
 *
 * Bridge and table stay: removing a bridge costs 10 to 30 ms, and the next pod wants it.
 * Errors: SP_E_UNAVAILABLE when another process holds the lease, that is, its supervisor lives.
 */
int sp_net_pod_down(const struct sp_net_config *c, struct sp_net_host *h, const char *uid,
		    struct sp_error *err);

struct sp_link; /* net/link.h */

/**
 * sp_net_machine_up() - Make bridge, forwarding and table of the machine, or find them made
 *
 * Call in the machine's namespace. They stay only as long as somebody has a lease.
 * @ret: without an address or a link: what this call changed on the machine, and what blocks
 */
int sp_net_machine_up(const struct sp_net_config *c, struct sp_net_host *h, struct sp_link *bridge,
		      struct sp_net_lease *ret, struct sp_error *err);

/**
 * sp_net_machine_down() - Remove bridge and table when no living pod has a lease
 *
 * Nor a living session (net/service.h) its services. What dead ones left is cleared on the way.
 * ip_forward stays as it is: others may have come to rely on it. May be called from the machine's
 * namespace or a pod's. Return: 1 removed, 0 still used, -1.
 */
int sp_net_machine_down(const struct sp_net_config *c, struct sp_net_host *h, struct sp_error *err);

/* NET-2: content of /etc/hosts */
struct sp_hosts_alias {
	const char *ip;
	const char *const *names;
	uint32_t n_names;
};
struct sp_hosts {
	bool host_network;
	const char *host_file; /* content of the machine's /etc/hosts; for host_network */
	const char *ip, *hostname, *subdomain, *ns, *domain; /* subdomain NULL: none */
	const struct sp_hosts_alias *aliases;
	uint32_t n_aliases;
};
void sp_hosts_print(const struct sp_hosts *h, struct sp_buf *out);

/* NET-3 … NET-6: content of /etc/resolv.conf */
struct sp_dns {
	const char *policy; /* ClusterFirst, ClusterFirstWithHostNet, Default, None */
	bool host_network;
	const char *cluster_ip; /* engine's DNS, NULL none */
	const char *ns, *domain;
	const char *machine_conf; /* content of the machine's resolv.conf; loopback servers in it
				     are left out for pods with an own network */
	const char *const *nameservers, *const *searches;
	uint32_t n_nameservers, n_searches;
	const char *const *option_names, *const *option_values; /* value NULL: name alone */
	uint32_t n_options;
};
/** sp_resolv_print() - Return: true when MissingClusterDNS is to be told (NET-6) */
bool sp_resolv_print(const struct sp_dns *d, struct sp_buf *out);

/** sp_pod_hostname() - NET-1: @spec_hostname or @pod_name, cut to 63, trailing '-' and '.' removed
 */
void sp_pod_hostname(const char *spec_hostname, const char *pod_name, struct sp_buf *out);

#endif
