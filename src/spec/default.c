/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The defaults of pods (rules DEF-1 to DEF-20), set in the typed structs and in the tree alike, so
 * that the tree prints as the complete Kubernetes object. Doing it twice changes nothing.
 * Other kinds: default_objects.c.
 */
#include "spec/default_internal.h"

/* The tree of an object belongs to whoever holds the object; its struct only looks at it. */
struct sp_node *sp_default_own(const struct sp_node *n)
{
	return (struct sp_node *)(uintptr_t)n;
}

void sp_default_node(struct defaulter *d, const struct sp_node *map, const char *key,
		     struct sp_node *value)
{
	if (!value || sp_node_set(d->arena, sp_default_own(map), key, value) < 0)
		d->failed = true;
}

void sp_default_str(struct defaulter *d, const struct sp_node *map, const char *key,
		    const char **field, const char *value)
{
	if (*field && **field)
		return;
	*field = value;
	sp_default_node(d, map, key, sp_node_new_str(d->arena, value));
}

void sp_default_int(struct defaulter *d, const struct sp_node *map, const char *key,
		    struct sp_opt_int *field, int64_t value)
{
	if (field->set)
		return;
	*field = (struct sp_opt_int){true, value};
	sp_default_node(d, map, key, sp_node_new_int(d->arena, value));
}

void sp_default_bool(struct defaulter *d, const struct sp_node *map, const char *key,
		     struct sp_opt_bool *field, bool value)
{
	if (field->set)
		return;
	*field = (struct sp_opt_bool){true, value};
	sp_default_node(d, map, key, sp_node_new_bool(d->arena, value));
}

void *sp_default_object(struct defaulter *d, const struct sp_node *map, const char *key,
			size_t size)
{
	struct sp_node *n = sp_node_new(d->arena, SP_NODE_MAP);
	void *p = sp_arena_alloc(d->arena, size);

	if (!n || !p) {
		d->failed = true;
		return NULL;
	}
	sp_default_node(d, map, key, n);
	*(const struct sp_node **)p = n;
	return p;
}

/* ---- containers ----------------------------------------------------------------------------- */

/* DEF-6. The tag stands behind the last colon that is behind the last slash. */
static const char *pull_policy(const char *image)
{
	const char *slash = strrchr(image, '/'), *colon, *digest = strchr(image, '@');

	colon = strchr(slash ? slash : image, ':');
	if (colon && (!digest || colon < digest)) {
		size_t len = digest ? (size_t)(digest - colon - 1) : strlen(colon + 1);

		return len == 6 && strncmp(colon + 1, "latest", 6) == 0 ? "Always" : "IfNotPresent";
	}
	return digest ? "IfNotPresent" : "Always";
}

/* 0 and absent are the same for the numbers of probes (DEF-10). */
static void probe_number(struct defaulter *d, const struct sp_k_probe *p, const char *key,
			 struct sp_opt_int *field, int64_t value)
{
	if (field->set && field->v == 0)
		field->set = false;
	sp_default_int(d, p->node, key, field, value);
}

static void default_http(struct defaulter *d, struct sp_k_http_get *http)
{
	if (!http)
		return;
	sp_default_str(d, http->node, "path", &http->path, "/");        /* DEF-11 */
	sp_default_str(d, http->node, "scheme", &http->scheme, "HTTP"); /* DEF-11 */
}

static void default_probe(struct defaulter *d, struct sp_k_probe *p)
{
	if (!p)
		return;
	probe_number(d, p, "timeoutSeconds", &p->timeout_s, 1);
	probe_number(d, p, "periodSeconds", &p->period_s, 10);
	probe_number(d, p, "successThreshold", &p->success_threshold, 1);
	probe_number(d, p, "failureThreshold", &p->failure_threshold, 3);
	if (!p->initial_delay_s.set)
		p->initial_delay_s.set = true; /* 0; Kubernetes does not print it */
	default_http(d, p->http);
	if (p->grpc && !p->grpc->service) { /* DEF-12 */
		p->grpc->service = "";
		sp_default_node(d, p->grpc->node, "service", sp_node_new_str(d->arena, ""));
	}
}

static void default_handler(struct defaulter *d, struct sp_k_handler *h)
{
	if (h)
		default_http(d, h->http);
}

static void default_field_ref(struct defaulter *d, struct sp_k_field_ref *f)
{
	if (f)
		sp_default_str(d, f->node, "apiVersion", &f->api_version, "v1"); /* DEF-18 */
}

/* One more entry of a resource list, with the text of @q. */
static void add_resource(struct defaulter *d, const struct sp_k_resources *r,
			 struct sp_res_list *list, const char *key, const char *name,
			 const struct sp_quantity *q)
{
	const struct sp_node *map = sp_node_get(r->node, key);
	struct sp_res_item *v = sp_arena_array(d->arena, list->n + 1, sizeof(*v));

	if (!v) {
		d->failed = true;
		return;
	}
	if (list->n)
		memcpy(v, list->v, list->n * sizeof(*v));
	list->v = v;
	list->v[list->n++] = (struct sp_res_item){.name = name, .q = *q};
	if (!map || map->kind != SP_NODE_MAP) {
		sp_default_node(d, r->node, key, sp_node_new(d->arena, SP_NODE_MAP));
		map = sp_node_get(r->node, key);
	}
	if (map)
		sp_default_node(d, map, name, sp_node_new_str(d->arena, q->text));
}

/* DEF-13 */
static void default_requests(struct defaulter *d, struct sp_k_resources *r)
{
	for (uint32_t i = 0; r && i < r->limits.n; i++) {
		const struct sp_res_item *limit = &r->limits.v[i];

		if (!sp_res_get(&r->requests, limit->name))
			add_resource(d, r, &r->requests, "requests", limit->name, &limit->q);
	}
}

static void default_ports(struct defaulter *d, struct sp_k_container *c, bool host_network)
{
	for (uint32_t i = 0; i < c->ports.n; i++) {
		struct sp_k_port *p = &c->ports.v[i];

		sp_default_str(d, p->node, "protocol", &p->protocol, "TCP"); /* DEF-8 */
		if (!host_network || !p->container_port.set)
			continue;
		if (p->host_port.set && p->host_port.v == 0)
			p->host_port.set = false;
		sp_default_int(d, p->node, "hostPort", &p->host_port,
			       p->container_port.v); /* DEF-9 */
	}
}

static void default_container(struct defaulter *d, struct sp_k_container *c, bool host_network)
{
	if (c->image)
		sp_default_str(d, c->node, "imagePullPolicy", &c->image_pull_policy,
			       pull_policy(c->image));
	sp_default_str(d, c->node, "terminationMessagePath", &c->termination_message_path,
		       "/dev/termination-log"); /* DEF-7 */
	sp_default_str(d, c->node, "terminationMessagePolicy", &c->termination_message_policy,
		       "File"); /* DEF-7 */
	default_ports(d, c, d->is_pod && host_network);
	for (uint32_t i = 0; i < c->env.n; i++)
		if (c->env.v[i].from)
			default_field_ref(d, c->env.v[i].from->field);
	if (d->is_pod)
		default_requests(d, c->resources);
	default_probe(d, c->startup);
	default_probe(d, c->liveness);
	default_probe(d, c->readiness);
	if (c->lifecycle) {
		default_handler(d, c->lifecycle->post_start);
		default_handler(d, c->lifecycle->pre_stop);
	}
}

/* ---- volumes -------------------------------------------------------------------------------- */

#define DEFAULT_MODE 0644

static void default_mode(struct defaulter *d, const struct sp_node *n, struct sp_opt_int *mode)
{
	sp_default_int(d, n, "defaultMode", mode, DEFAULT_MODE); /* DEF-16 */
}

static void default_downward(struct defaulter *d, struct sp_k_downward *v)
{
	for (uint32_t i = 0; i < v->items.n; i++)
		default_field_ref(d, v->items.v[i].field);
}

static void default_projected(struct defaulter *d, struct sp_k_projected *v)
{
	default_mode(d, v->node, &v->default_mode);
	for (uint32_t i = 0; i < v->sources.n; i++) {
		const struct sp_k_projection *s = &v->sources.v[i];
		const struct sp_node *token = sp_node_get(s->node, "serviceAccountToken");

		if (s->downward)
			default_downward(d, s->downward);
		if (token && token->kind == SP_NODE_MAP &&
		    !sp_node_get(token, "expirationSeconds")) /* DEF-19 */
			sp_default_node(d, token, "expirationSeconds",
					sp_node_new_int(d->arena, 3600));
	}
}

/* Has the volume a source, known to the structs or not? All fields but the name are sources. */
static bool has_source(const struct sp_node *n)
{
	for (uint32_t i = 0; i < n->n; i++)
		if (!sp_streq(n->pairs[i].key, "name") && n->pairs[i].value->kind != SP_NODE_NULL)
			return true;
	return false;
}

static void default_volume(struct defaulter *d, struct sp_k_volume *v)
{
	if (!has_source(v->node)) /* DEF-15 */
		v->empty_dir = sp_default_object(d, v->node, "emptyDir", sizeof(*v->empty_dir));
	if (v->config_map)
		default_mode(d, v->config_map->node, &v->config_map->default_mode);
	if (v->secret)
		default_mode(d, v->secret->node, &v->secret->default_mode);
	if (v->downward) {
		default_mode(d, v->downward->node, &v->downward->default_mode);
		default_downward(d, v->downward);
	}
	if (v->projected)
		default_projected(d, v->projected);
	if (v->host_path && !v->host_path->type) { /* DEF-17 */
		v->host_path->type = "";
		sp_default_node(d, v->host_path->node, "type", sp_node_new_str(d->arena, ""));
	}
}

/* ---- the pod as a whole --------------------------------------------------------------------- */

static bool is_pod_resource(const char *name)
{
	return sp_streq(name, "cpu") || sp_streq(name, "memory") || sp_res_is_huge(name);
}

static __int128 request_of(const struct sp_k_container *c, const char *name, bool *any)
{
	const struct sp_quantity *q =
		c->resources ? sp_res_get(&c->resources->requests, name) : NULL;

	*any |= q != NULL;
	return q ? q->nano : 0;
}

/* RES-2 for any resource: what the containers request together. */
static __int128 aggregate_request(const struct sp_k_pod_spec *s, const char *name, bool *any)
{
	__int128 sidecars = 0, peak = 0, running = 0;

	for (uint32_t i = 0; i < s->init_containers.n; i++) {
		const struct sp_k_container *c = &s->init_containers.v[i];
		__int128 v = request_of(c, name, any);

		if (c->restart_policy && sp_streq(c->restart_policy, "Always")) {
			sidecars += v;
			v = 0;
		}
		peak = SP_MAX(peak, sidecars + v);
	}
	for (uint32_t i = 0; i < s->containers.n; i++)
		running += request_of(&s->containers.v[i], name, any);
	return SP_MAX(peak, running + sidecars);
}

static void default_pod_request(struct defaulter *d, struct sp_k_pod_spec *s, const char *name)
{
	bool any = false;
	__int128 nano;
	struct sp_quantity q;
	struct sp_buf b;
	char mem[64];
	const char *text;

	if (!is_pod_resource(name) || sp_res_get(&s->resources->requests, name))
		return;
	nano = aggregate_request(s, name, &any);
	if (!any)
		return;
	b = sp_buf_fixed(mem, sizeof(mem));
	sp_quantity_print(nano, !sp_streq(name, "cpu"), &b);
	text = sp_arena_strdup(d->arena, mem);
	if (!text || sp_quantity_parse(text, &q) < 0) {
		d->failed = true;
		return;
	}
	add_resource(d, s->resources, &s->resources->requests, "requests", name, &q);
}

static void default_pod_requests_of(struct defaulter *d, struct sp_k_pod_spec *s,
				    const struct sp_k_container *v, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		for (uint32_t k = 0; v[i].resources && k < v[i].resources->requests.n; k++)
			default_pod_request(d, s, v[i].resources->requests.v[k].name);
}

/* DEF-14 */
static void default_pod_resources(struct defaulter *d, struct sp_k_pod_spec *s)
{
	struct sp_k_resources *r = s->resources;

	if (!r || !r->limits.n)
		return;
	default_pod_requests_of(d, s, s->containers.v, s->containers.n);
	default_pod_requests_of(d, s, s->init_containers.v, s->init_containers.n);
	for (uint32_t i = 0; i < r->limits.n; i++) {
		const struct sp_res_item *limit = &r->limits.v[i];

		if (is_pod_resource(limit->name) && !sp_res_get(&r->requests, limit->name))
			add_resource(d, r, &r->requests, "requests", limit->name, &limit->q);
	}
}

void sp_default_pod_spec(struct defaulter *d, struct sp_k_pod_spec *s)
{
	bool host_network = s->host_network.set && s->host_network.v;

	for (uint32_t i = 0; i < s->volumes.n; i++)
		default_volume(d, &s->volumes.v[i]);
	for (uint32_t i = 0; i < s->init_containers.n; i++)
		default_container(d, &s->init_containers.v[i], host_network);
	for (uint32_t i = 0; i < s->containers.n; i++)
		default_container(d, &s->containers.v[i], host_network);

	sp_default_str(d, s->node, "restartPolicy", &s->restart_policy, "Always");    /* DEF-1 */
	sp_default_int(d, s->node, "terminationGracePeriodSeconds", &s->grace_s, 30); /* DEF-2 */
	sp_default_str(d, s->node, "dnsPolicy", &s->dns_policy, "ClusterFirst");      /* DEF-3 */
	if (!s->security)                                                             /* DEF-4 */
		s->security =
			sp_default_object(d, s->node, "securityContext", sizeof(*s->security));
	if (!d->is_pod)
		return;
	sp_default_bool(d, s->node, "enableServiceLinks", &s->enable_service_links,
			true); /* DEF-5 */
	default_pod_resources(d, s);
}
