/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/services.h"

#include "dns/server.h"
#include "net/service.h"
#include "spec/tree.h"

#include <arpa/inet.h>
#include <stdlib.h>

/* A virtual port that is served. */
struct served {
	struct sp_svc_port p;
	uint16_t refused; /* node port that was not to be had; told */
	bool wanted;      /* by the newest reading */
};

struct sp_services {
	struct sp_cli *cli;
	struct sp_svc *svc;
	struct sp_dns_server *dns;
	struct in_addr gateway;
	char dns_text[INET_ADDRSTRLEN];
	const char *domain;
	struct sp_store_watch services, slices; /* what was read */
	bool read;
	struct served *ports; /* heap */
	uint32_t n_ports, cap_ports;
};

/* ---- the run --------------------------------------------------------------------------------- */

static int start_names(struct sp_services *s, struct sp_error *err)
{
	const struct sp_dns_params p = {.listen = s->gateway, .svc = s->svc};

	return sp_dns_start(&p, &s->dns, err);
}

/* What opening it did to the machine; pods that come later find it done and do not tell. */
static void tell_machine(struct sp_cli *cli, const struct sp_net_lease *m)
{
	if (m->forwarding)
		sp_cli_warn(cli, "net.ipv4.ip_forward of this machine was off; it is on now, for "
				 "pods reach the outside through it");
	if (m->allowed)
		sp_cli_warn(cli, "packets of the pods would not pass the chain FORWARD of "
				 "iptables; it has rules for their bridge now");
	if (m->blocked.what[0]) {
		sp_cli_warn(cli, "the machine's firewall drops packets of pods, %s",
			    m->blocked.what);
		sp_cli_hint(cli, "%s", m->blocked.fix);
	}
}

int sp_services_open(struct sp_cli *cli, const struct sp_engine *e, struct sp_services **ret,
		     struct sp_error *err)
{
	struct sp_services *s = calloc(1, sizeof(*s));
	struct sp_net_config net;
	struct sp_svc_config conf;
	struct sp_net_blocker blocker;
	struct in_addr dns;

	if (!s)
		return sp_fail(err, SP_E_NO_MEMORY, "services");
	s->cli = cli;
	s->domain = e->cluster_domain ? e->cluster_domain : "cluster.local";
	s->services.kind = "Service";
	s->slices.kind = "EndpointSlice";
	sp_svc_config_default(&conf);
	if (sp_engine_net_config(&cli->arena, e, &net, err) < 0 ||
	    sp_svc_open(&net, &conf, &s->svc, err) < 0) {
		(void)sp_services_close(s);
		return -1;
	}
	s->gateway = sp_svc_gateway(s->svc);
	dns = sp_svc_dns_vip(s->svc);
	(void)inet_ntop(AF_INET, &dns, s->dns_text, sizeof(s->dns_text)); /* fits */
	tell_machine(cli, sp_svc_machine(s->svc));
	if (sp_svc_names_blocker(s->svc, &blocker)) {
		sp_cli_warn(cli,
			    "the machine's firewall may drop what pods ask their name server, "
			    "%s",
			    blocker.what);
		sp_cli_hint(cli, "%s", blocker.fix);
	}
	if (start_names(s, err) < 0) {
		(void)sp_services_close(s);
		return -1;
	}
	*ret = s;
	return 0;
}

struct sp_services *sp_services_close(struct sp_services *s)
{
	if (!s)
		return NULL;
	s->dns = sp_dns_stop(s->dns);
	s->svc = sp_svc_close(s->svc);
	free(s->ports);
	free(s);
	return NULL;
}

void sp_services_range(const struct sp_services *s, uint32_t *first, uint32_t *last)
{
	*first = ntohl(sp_svc_vip(s->svc, 0).s_addr);
	*last = ntohl(sp_svc_vip(s->svc, SP_SVC_VIPS - 1).s_addr);
}

const char *sp_services_dns(const struct sp_services *s)
{
	return s->dns_text;
}

/* ---- reading the store ----------------------------------------------------------------------- */

static const char *text_at(const struct sp_node *n, const char *path)
{
	return sp_node_str(sp_node_at(n, path), "");
}

static uint32_t list_len(const struct sp_node *n)
{
	return n && n->kind == SP_NODE_LIST ? n->n : 0;
}

static bool is_headless(const struct sp_stored *o)
{
	return sp_streq(text_at(o->node, "spec.clusterIP"), "None");
}

/* Its own address. Return: false when it has none */
static bool address_of(const struct sp_stored *o, struct in_addr *ret)
{
	return inet_pton(AF_INET, text_at(o->node, "spec.clusterIP"), ret) == 1;
}

static uint16_t port_number(const struct sp_node *n)
{
	int64_t v = sp_node_int(n, 0);

	return v > 0 && v <= UINT16_MAX ? (uint16_t)v : 0;
}

/* Of a port of a Service or a slice. Return: 0 TCP, 1 UDP, -1 another one */
static int is_udp(const struct sp_node *port)
{
	const char *p = sp_node_str(sp_node_get(port, "protocol"), "TCP");

	return sp_streq(p, "TCP") ? 0 : sp_streq(p, "UDP") ? 1 : -1;
}

/* The slices of a Service, in order: next after @at. */
static const struct sp_stored *next_slice(struct sp_store *store, const struct sp_stored *service,
					  const struct sp_stored *at)
{
	while ((at = sp_store_next(store, "EndpointSlice", service->ns, at)) != NULL) {
		const struct sp_node *labels =
			sp_node_get(sp_node_get(at->node, "metadata"), "labels");
		const char *of = sp_node_str(sp_node_get(labels, "kubernetes.io/service-name"), "");

		if (sp_streq(of, service->name))
			break;
	}
	return at;
}

static bool is_ready(const struct sp_node *endpoint)
{
	return sp_node_bool(sp_node_at(endpoint, "conditions.ready"), true);
}

static bool ip_of(const struct sp_node *endpoint, struct in_addr *ret)
{
	return inet_pton(AF_INET, text_at(endpoint, "addresses[0]"), ret) == 1;
}

/* A slice's number for the Service's port of that name and protocol; 0 it has none. */
static uint16_t slice_port(const struct sp_stored *slice, const struct sp_node *port)
{
	const struct sp_node *list = sp_node_get(slice->node, "ports");
	const char *name = sp_node_str(sp_node_get(port, "name"), "");

	for (uint32_t i = 0; i < list_len(list); i++)
		if (sp_streq(sp_node_str(sp_node_get(list->items[i], "name"), ""), name) &&
		    is_udp(list->items[i]) == is_udp(port))
			return port_number(sp_node_get(list->items[i], "port"));
	return 0;
}

/* Who serves a port of a Service now. Return: how many, at most SP_SVC_BACKENDS_MAX */
static uint32_t read_backends(struct sp_store *store, const struct sp_stored *o,
			      const struct sp_node *port,
			      struct sp_svc_backend ret[SP_SVC_BACKENDS_MAX])
{
	uint32_t n = 0;

	for (const struct sp_stored *s = next_slice(store, o, NULL); s;
	     s = next_slice(store, o, s)) {
		const struct sp_node *list = sp_node_get(s->node, "endpoints");
		uint16_t number = slice_port(s, port);

		for (uint32_t i = 0; number && i < list_len(list); i++) {
			struct sp_svc_backend b = {.port = number};

			if (n < SP_SVC_BACKENDS_MAX && is_ready(list->items[i]) &&
			    ip_of(list->items[i], &b.ip))
				ret[n++] = b;
		}
	}
	return n;
}

/* ---- addresses ------------------------------------------------------------------------------- */

static struct served *find_served(struct sp_services *s, const struct sp_svc_port *p)
{
	for (uint32_t i = 0; i < s->n_ports; i++) {
		const struct sp_svc_port *q = &s->ports[i].p;

		if (q->vip.s_addr == p->vip.s_addr && q->udp == p->udp && q->port == p->port)
			return &s->ports[i];
	}
	return NULL;
}

static struct served *add_served(struct sp_services *s, const struct sp_svc_port *p)
{
	struct served *v = find_served(s, p);

	if (v)
		return v;
	if (s->n_ports == s->cap_ports) {
		uint32_t cap = SP_MAX(s->cap_ports * 2, 16u);

		v = reallocarray(s->ports, cap, sizeof(*v));
		if (!v)
			return NULL;
		s->ports = v;
		s->cap_ports = cap;
	}
	v = &s->ports[s->n_ports++];
	*v = (struct served){.p = *p};
	return v;
}

static int serve_port(struct sp_services *s, const struct sp_stored *o, struct sp_svc_port p,
		      const struct sp_svc_backend *backends, uint32_t n, struct sp_error *err)
{
	struct served *v = add_served(s, &p);

	if (!v)
		return sp_fail(err, SP_E_NO_MEMORY, "services");
	v->wanted = true;
	v->p = p;
	if (sp_svc_set(s->svc, &p, backends, n, err) == 0) {
		v->refused = 0;
		return 0;
	}
	if (err->code != SP_E_EXISTS || !p.node_port)
		return sp_wrap(err, "service '%s'", o->name);
	if (v->refused != p.node_port)
		sp_cli_warn(s->cli, "service '%s': %s; it is not reached there", o->name,
			    err->text);
	v->refused = p.node_port;
	p.node_port = 0;
	return sp_svc_set(s->svc, &p, backends, n, err) < 0 ? sp_wrap(err, "service '%s'", o->name)
							    : 0;
}

static bool has_node_ports(const struct sp_stored *o)
{
	const char *type = text_at(o->node, "spec.type");

	return sp_streq(type, "NodePort") || sp_streq(type, "LoadBalancer");
}

static int serve_service(struct sp_services *s, struct sp_store *store, const struct sp_stored *o,
			 struct sp_svc_backend *backends, struct sp_error *err)
{
	const struct sp_node *list = sp_node_at(o->node, "spec.ports");
	struct sp_svc_port p = {
		.client_ip = sp_streq(text_at(o->node, "spec.sessionAffinity"), "ClientIP")};

	if (o->deleting || !address_of(o, &p.vip))
		return 0;
	for (uint32_t i = 0; i < list_len(list); i++) {
		const struct sp_node *port = list->items[i];

		p.port = port_number(sp_node_get(port, "port"));
		p.udp = is_udp(port) == 1;
		p.node_port = has_node_ports(o) ? port_number(sp_node_get(port, "nodePort")) : 0;
		if (!p.port || is_udp(port) < 0)
			continue;
		if (serve_port(s, o, p, backends, read_backends(store, o, port, backends), err) < 0)
			return -1;
	}
	return 0;
}

static int serve_all(struct sp_services *s, struct sp_store *store, struct sp_error *err)
{
	struct sp_svc_backend *backends = calloc(SP_SVC_BACKENDS_MAX, sizeof(*backends));
	const struct sp_stored *o = NULL;
	int r = 0;

	if (!backends)
		return sp_fail(err, SP_E_NO_MEMORY, "services");
	for (uint32_t i = 0; i < s->n_ports; i++)
		s->ports[i].wanted = false;
	while (r == 0 && (o = sp_store_next(store, "Service", NULL, o)) != NULL)
		r = serve_service(s, store, o, backends, err);
	for (uint32_t i = 0; r == 0 && i < s->n_ports;) {
		if (s->ports[i].wanted) {
			i++;
			continue;
		}
		r = sp_svc_unset(s->svc, &s->ports[i].p, err);
		s->ports[i] = s->ports[--s->n_ports];
	}
	free(backends);
	return r;
}

/* ---- node ports that are left open ----------------------------------------------------------- */

/* Return: 1 the Service was written, 0, -1 */
static int choose_node_ports(struct sp_services *s, struct sp_store *store,
			     const struct sp_stored *o, struct sp_error *err)
{
	SP_CLEANUP(sp_arena_done) struct sp_arena a = {0};
	struct sp_tree t = {.a = &a};
	const struct sp_node *list = sp_node_at(o->node, "spec.ports"), *open = NULL;
	struct sp_node *copy, *ports;
	uint32_t at = 0;
	uint16_t number;

	if (o->deleting || !has_node_ports(o))
		return 0;
	for (; at < list_len(list) && !open; at++)
		if (is_udp(list->items[at]) >= 0 && !sp_node_get(list->items[at], "nodePort"))
			open = list->items[at];
	number = open ? sp_svc_node_port(s->svc, is_udp(open) == 1) : 0;
	if (!number)
		return 0;
	copy = sp_node_clone(&a, o->node);
	ports = copy ? sp_tree_child(&t, sp_tree_child(&t, copy, "spec", SP_NODE_MAP), "ports",
				     SP_NODE_LIST)
		     : NULL;
	if (!ports)
		return sp_fail(err, SP_E_NO_MEMORY, "service '%s'", o->name);
	sp_tree_int(&t, ports->items[at - 1], "nodePort", number);
	if (t.failed)
		return sp_fail(err, SP_E_NO_MEMORY, "service '%s'", o->name);
	return sp_store_update(store, SP_STORE_OBJECT, copy, NULL, err) < 0 ? -1 : 1;
}

/* One after the other, and each is served before the next number is looked for. */
static int choose_all(struct sp_services *s, struct sp_store *store, struct sp_error *err)
{
	const struct sp_stored *o = NULL;

	while ((o = sp_store_next(store, "Service", NULL, o)) != NULL) {
		int r = choose_node_ports(s, store, o, err);

		if (r < 0 || (r > 0 && serve_all(s, store, err) < 0))
			return -1;
		if (r > 0)
			o = NULL; /* what was read is old */
	}
	return 0;
}

/* ---- names ----------------------------------------------------------------------------------- */

static int name_endpoints(struct sp_arena *a, struct sp_store *store, const struct sp_stored *o,
			  struct sp_dns_service *ret)
{
	struct sp_dns_endpoint *v = sp_arena_array(a, SP_DNS_ENDPOINTS_MAX, sizeof(*v));

	if (!v)
		return -1;
	ret->endpoints = v;
	for (const struct sp_stored *s = next_slice(store, o, NULL); s;
	     s = next_slice(store, o, s)) {
		const struct sp_node *list = sp_node_get(s->node, "endpoints");

		for (uint32_t i = 0; i < list_len(list) && ret->n_endpoints < SP_DNS_ENDPOINTS_MAX;
		     i++) {
			struct sp_dns_endpoint *e = &v[ret->n_endpoints];

			e->hostname = sp_node_str(sp_node_get(list->items[i], "hostname"), NULL);
			if (is_ready(list->items[i]) && ip_of(list->items[i], &e->ip))
				ret->n_endpoints++;
		}
	}
	return 0;
}

static int name_ports(struct sp_arena *a, struct sp_store *store, const struct sp_stored *o,
		      struct sp_dns_service *ret)
{
	const struct sp_node *list = sp_node_at(o->node, "spec.ports");
	uint32_t n = SP_MIN(list_len(list), (uint32_t)SP_DNS_PORTS_MAX);
	struct sp_dns_port *v = sp_arena_array(a, n + 1u, sizeof(*v));

	if (!v)
		return -1;
	ret->ports = v;
	for (uint32_t i = 0; i < n; i++) {
		struct sp_dns_port *p = &v[ret->n_ports];
		const struct sp_stored *s = is_headless(o) ? next_slice(store, o, NULL) : NULL;

		p->name = sp_node_str(sp_node_get(list->items[i], "name"), NULL);
		p->udp = is_udp(list->items[i]) == 1;
		p->port = s ? slice_port(s, list->items[i]) : 0;
		if (!p->port)
			p->port = port_number(sp_node_get(list->items[i], "port"));
		if (p->name && p->name[0] && is_udp(list->items[i]) >= 0)
			ret->n_ports++;
	}
	return 0;
}

static bool is_external(const struct sp_stored *o)
{
	return sp_streq(text_at(o->node, "spec.type"), "ExternalName");
}

static const char *without_dot(struct sp_arena *a, const char *name)
{
	size_t n = strlen(name);

	return sp_arena_strndup(a, name, n - (n > 0 && name[n - 1] == '.'));
}

static int make_names(struct sp_arena *a, struct sp_store *store, struct sp_dns_table *t)
{
	const struct sp_stored *o = NULL;
	struct sp_dns_service *v;
	uint32_t n = 0;

	while ((o = sp_store_next(store, "Service", NULL, o)) != NULL)
		n++;
	v = sp_arena_array(a, n + 1u, sizeof(*v));
	if (!v)
		return -1;
	t->services = v;
	while ((o = sp_store_next(store, "Service", NULL, o)) != NULL) {
		struct sp_dns_service *s = &v[t->n_services];

		*s = (struct sp_dns_service){.name = o->name, .ns = o->ns};
		if (o->deleting)
			continue;
		if (is_external(o)) {
			s->external = without_dot(a, text_at(o->node, "spec.externalName"));
			if (!s->external)
				return -1;
			t->n_services++;
			continue;
		}
		if (!is_headless(o) && !address_of(o, &s->cluster_ip))
			continue;
		if (name_ports(a, store, o, s) < 0 ||
		    (is_headless(o) && name_endpoints(a, store, o, s) < 0))
			return -1;
		t->n_services++;
	}
	return 0;
}

static int publish(struct sp_services *s, struct sp_store *store, struct sp_error *err)
{
	SP_CLEANUP(sp_arena_done) struct sp_arena a = {0};
	struct sp_dns_table t = {.domain = s->domain};

	if (make_names(&a, store, &t) < 0)
		return sp_fail(err, SP_E_NO_MEMORY, "services");
	if (sp_dns_publish(s->dns, &t, err) == 0)
		return 0;
	if (err->code != SP_E_UNAVAILABLE)
		return -1;
	/* it died or hangs: another one takes its place, at the same address for the pods */
	s->dns = sp_dns_stop(s->dns);
	return start_names(s, err) < 0 ? -1 : sp_dns_publish(s->dns, &t, err);
}

/* ---- turns ----------------------------------------------------------------------------------- */

static int any_event(struct sp_store *store, struct sp_store_watch *w, bool *any,
		     struct sp_error *err)
{
	struct sp_store_event ev;
	int r;

	while ((r = sp_store_watch_next(store, w, &ev, err)) > 0)
		*any = true;
	if (r == 0 || err->code != SP_E_EXPIRED)
		return r;
	w->version = sp_store_version(store); /* everything is read anew in any case */
	*any = true;
	return 0;
}

int sp_services_turn(struct sp_services *s, struct sp_store *store, struct sp_error *err)
{
	bool any = !s->read;

	if (any_event(store, &s->services, &any, err) < 0 ||
	    any_event(store, &s->slices, &any, err) < 0)
		return -1;
	if (!any)
		return 0;
	if (serve_all(s, store, err) < 0 || choose_all(s, store, err) < 0 ||
	    publish(s, store, err) < 0)
		return -1;
	s->read = true;
	return 0;
}

int sp_services_of(struct sp_arena *a, struct sp_store *store, const char *ns,
		   struct sp_bundle_service **ret)
{
	const struct sp_stored *o = NULL;
	uint32_t n = 0, max = 0;

	while ((o = sp_store_next(store, "Service", ns, o)) != NULL)
		max++;
	*ret = sp_arena_array(a, max + 1u, sizeof(**ret));
	if (!*ret)
		return -1;
	while ((o = sp_store_next(store, "Service", ns, o)) != NULL) {
		const struct sp_node *list = sp_node_at(o->node, "spec.ports");
		struct sp_bundle_service_port *ports =
			sp_arena_array(a, list_len(list) + 1u, sizeof(*ports));
		struct sp_bundle_service *s = &(*ret)[n];
		struct in_addr ip;

		if (!ports)
			return -1;
		if (o->deleting || !address_of(o, &ip))
			continue;
		*s = (struct sp_bundle_service){
			.name = o->name, .ip = text_at(o->node, "spec.clusterIP"), .ports = ports};
		for (uint32_t i = 0; i < list_len(list); i++)
			if (is_udp(list->items[i]) >= 0)
				ports[s->n_ports++] = (struct sp_bundle_service_port){
					.name = sp_node_str(sp_node_get(list->items[i], "name"),
							    NULL),
					.udp = is_udp(list->items[i]) == 1,
					.port = port_number(sp_node_get(list->items[i], "port"))};
		n++;
	}
	return (int)n;
}
