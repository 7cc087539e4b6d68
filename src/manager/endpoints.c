/* SPDX-License-Identifier: Apache-2.0 */
#include "manager/endpoints.h"

#include "spec/tree.h"

/* One slice under construction, and the numbers its pods have in common. */
struct group {
	int64_t ports[SP_ENDPOINT_PORTS_MAX];
	struct sp_node *root, *endpoints;
};

struct maker {
	struct sp_tree t;
	const struct sp_k_service *service;
	uint32_t n_ports;
	bool all_ready; /* publishNotReadyAddresses */
	struct group *groups;
	uint32_t n;
};

bool sp_endpoints_selected(const struct sp_k_service *service, const struct sp_stored *pod)
{
	const struct sp_map *want = &service->spec->selector;
	const struct sp_node *labels = sp_node_get(sp_node_get(pod->node, "metadata"), "labels");

	for (uint32_t i = 0; i < want->n; i++)
		if (!sp_streq(sp_node_str(sp_node_get(labels, want->v[i].key), "\n"),
			      want->v[i].value))
			return false;
	return want->n > 0; /* without a selector its endpoints are somebody else's */
}

static int64_t named_port(const struct sp_node *spec, const char *name, const char *protocol)
{
	const struct sp_node *ctrs = sp_node_get(spec, "containers");

	for (uint32_t i = 0; ctrs && i < ctrs->n; i++) {
		const struct sp_node *ports = sp_node_get(ctrs->items[i], "ports");

		for (uint32_t k = 0; ports && k < ports->n; k++) {
			const struct sp_node *p = ports->items[k];

			if (sp_streq(sp_node_str(sp_node_get(p, "name"), ""), name) &&
			    sp_streq(sp_node_str(sp_node_get(p, "protocol"), "TCP"), protocol))
				return sp_node_int(sp_node_get(p, "containerPort"), 0);
		}
	}
	return 0;
}

static int64_t target_of(const struct sp_k_service_port *p, const struct sp_stored *pod)
{
	if (!p->target.set)
		return p->port.v;
	if (!p->target.str)
		return p->target.num;
	return named_port(sp_node_get(pod->node, "spec"), p->target.str,
			  p->protocol ? p->protocol : "TCP");
}

static void put_ports(struct maker *m, struct group *g)
{
	struct sp_node *list = sp_tree_put(&m->t, g->root, "ports", sp_tree_list(&m->t));

	for (uint32_t i = 0; i < m->n_ports; i++) {
		const struct sp_k_service_port *p = &m->service->spec->ports.v[i];
		struct sp_node *port;

		if (g->ports[i] == 0)
			continue; /* these pods do not have it */
		port = sp_tree_push(&m->t, list, sp_tree_map(&m->t));
		sp_tree_text(&m->t, port, "name", p->name ? p->name : "");
		sp_tree_text(&m->t, port, "protocol", p->protocol ? p->protocol : "TCP");
		sp_tree_int(&m->t, port, "port", g->ports[i]);
		sp_tree_text(&m->t, port, "appProtocol", p->app_protocol);
	}
}

static void begin(struct maker *m, struct group *g)
{
	const struct sp_k_meta *owner = m->service->meta;
	struct sp_tree *t = &m->t;
	struct sp_node *meta, *labels, *ref;

	g->root = sp_tree_map(t);
	sp_tree_text(t, g->root, "apiVersion", "discovery.k8s.io/v1");
	sp_tree_text(t, g->root, "kind", "EndpointSlice");
	meta = sp_tree_put(t, g->root, "metadata", sp_tree_map(t));
	sp_tree_text(t, meta, "name", sp_arena_printf(t->a, "%s-%u", owner->name, m->n));
	sp_tree_text(t, meta, "namespace", owner->ns);
	labels = sp_tree_put(t, meta, "labels", sp_tree_map(t));
	sp_tree_text(t, labels, "kubernetes.io/service-name", owner->name);
	sp_tree_text(t, labels, "endpointslice.kubernetes.io/managed-by",
		     "endpointslice-controller.k8s.io");
	ref = sp_tree_push(t, sp_tree_put(t, meta, "ownerReferences", sp_tree_list(t)),
			   sp_tree_map(t));
	sp_tree_text(t, ref, "apiVersion", "v1");
	sp_tree_text(t, ref, "kind", "Service");
	sp_tree_text(t, ref, "name", owner->name);
	sp_tree_text(t, ref, "uid", owner->uid);
	sp_tree_bool(t, ref, "controller", true);
	sp_tree_bool(t, ref, "blockOwnerDeletion", true);
	sp_tree_text(t, g->root, "addressType", "IPv4");
	g->endpoints = sp_tree_put(t, g->root, "endpoints", sp_tree_list(t));
	put_ports(m, g);
}

static bool is_ready(const struct sp_stored *pod)
{
	const struct sp_node *list = sp_node_at(pod->node, "status.conditions");

	for (uint32_t i = 0; list && i < list->n; i++)
		if (sp_streq(sp_node_str(sp_node_get(list->items[i], "type"), ""), "Ready"))
			return sp_streq(sp_node_str(sp_node_get(list->items[i], "status"), ""),
					"True");
	return false;
}

static bool has_ended(const struct sp_stored *pod)
{
	const char *phase = sp_node_str(sp_node_at(pod->node, "status.phase"), "");

	return sp_streq(phase, "Succeeded") || sp_streq(phase, "Failed");
}

static void add(struct maker *m, struct group *g, const struct sp_stored *pod, const char *ip)
{
	const struct sp_node *spec = sp_node_get(pod->node, "spec");
	const char *subdomain = sp_node_str(sp_node_get(spec, "subdomain"), "");
	bool ready = is_ready(pod);
	struct sp_tree *t = &m->t;
	struct sp_node *e = sp_tree_push(t, g->endpoints, sp_tree_map(t)), *map;

	sp_tree_push(t, sp_tree_put(t, e, "addresses", sp_tree_list(t)), sp_node_new_str(t->a, ip));
	map = sp_tree_put(t, e, "conditions", sp_tree_map(t));
	sp_tree_bool(t, map, "ready", m->all_ready || (ready && !pod->deleting));
	sp_tree_bool(t, map, "serving", ready);
	sp_tree_bool(t, map, "terminating", pod->deleting);
	if (sp_streq(subdomain, m->service->meta->name))
		sp_tree_text(t, e, "hostname", sp_node_str(sp_node_get(spec, "hostname"), NULL));
	map = sp_tree_put(t, e, "targetRef", sp_tree_map(t));
	sp_tree_text(t, map, "kind", "Pod");
	sp_tree_text(t, map, "name", pod->name);
	sp_tree_text(t, map, "namespace", pod->ns);
	sp_tree_text(t, map, "uid", pod->uid);
}

static struct group *group_of(struct maker *m, const int64_t *ports)
{
	struct group *g;

	for (uint32_t i = 0; i < m->n; i++)
		if (memcmp(m->groups[i].ports, ports, m->n_ports * sizeof(*ports)) == 0)
			return &m->groups[i];
	g = &m->groups[m->n];
	memcpy(g->ports, ports, m->n_ports * sizeof(*ports));
	begin(m, g);
	m->n++;
	return g;
}

int sp_endpoints_make(struct sp_arena *a, const struct sp_k_service *service,
		      const struct sp_stored *const *pods, uint32_t n_pods, struct sp_node ***ret,
		      uint32_t *ret_n)
{
	struct maker m = {.t = {.a = a}, .service = service};
	const struct sp_node *publish =
		sp_node_get(service->spec->node, "publishNotReadyAddresses");
	int64_t ports[SP_ENDPOINT_PORTS_MAX] = {0};
	struct sp_node **trees;

	m.n_ports = SP_MIN(service->spec->ports.n, (uint32_t)SP_ENDPOINT_PORTS_MAX);
	m.all_ready = sp_node_bool(publish, false);
	m.groups = sp_arena_array(a, n_pods + 1, sizeof(*m.groups));
	trees = sp_arena_array(a, n_pods + 1, sizeof(*trees));
	if (!m.groups || !trees)
		return -1;
	for (uint32_t i = 0; i < n_pods && !m.t.failed; i++) {
		const char *ip = sp_node_str(sp_node_at(pods[i]->node, "status.podIP"), "");

		if (!*ip || has_ended(pods[i]) || !sp_endpoints_selected(service, pods[i]))
			continue;
		for (uint32_t k = 0; k < m.n_ports; k++)
			ports[k] = target_of(&service->spec->ports.v[k], pods[i]);
		add(&m, group_of(&m, ports), pods[i], ip);
	}
	if (m.n == 0) {
		for (uint32_t k = 0; k < m.n_ports; k++) {
			const struct sp_k_service_port *p = &service->spec->ports.v[k];

			ports[k] = p->target.set && !p->target.str ? p->target.num : p->port.v;
		}
		(void)group_of(&m, ports);
	}
	for (uint32_t i = 0; i < m.n; i++)
		trees[i] = m.groups[i].root;
	*ret = trees;
	*ret_n = m.n;
	return m.t.failed ? -1 : 0;
}
