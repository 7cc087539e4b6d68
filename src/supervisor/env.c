/* SPDX-License-Identifier: Apache-2.0 */
/* Command line and environment of a container; the downward API. Volume files are in
 * volume_content.c. */
#include "supervisor/env.h"

#include "base/text.h"

#include <stdlib.h>

static const char default_path[] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

static int no_memory(struct sp_error *err)
{
	return sp_fail(err, SP_E_NO_MEMORY, "environment");
}

/* ---- expansion ------------------------------------------------------------------------------ */

void sp_expand(const char *in, sp_expand_lookup lookup, const void *ctx, struct sp_buf *out)
{
	while (*in) {
		const char *end, *value;
		size_t plain = strcspn(in, "$");

		sp_buf_add(out, in, plain);
		in += plain;
		if (!*in)
			break;
		if (in[1] == '$') {
			sp_buf_putc(out, '$');
			in += 2;
			continue;
		}
		end = in[1] == '(' ? strchr(in, ')') : NULL;
		if (!end) { /* "$x", a last "$", or "$(" without its end: as written */
			sp_buf_putc(out, '$');
			in++;
			continue;
		}
		value = lookup(ctx, in + 2, (size_t)(end - in - 2));
		if (value)
			sp_buf_puts(out, value);
		else
			sp_buf_add(out, in, (size_t)(end + 1 - in));
		in = end + 1;
	}
}

static const char *expand_in(struct sp_arena *a, const char *in, sp_expand_lookup lookup,
			     const void *ctx)
{
	struct sp_buf b = {0};
	const char *r = NULL;

	if (!strchr(in, '$'))
		return in;
	sp_expand(in, lookup, ctx, &b);
	if (!b.failed)
		r = sp_arena_strndup(a, b.ptr ? b.ptr : "", b.len);
	sp_buf_done(&b);
	return r;
}

static const char *find_var(const void *ctx, const char *name, size_t len)
{
	const struct sp_env *e = ctx;

	for (uint32_t i = 0; i < e->n; i++)
		if (strlen(e->v[i].name) == len && memcmp(e->v[i].name, name, len) == 0)
			return e->v[i].value;
	return NULL;
}

/* Literal values of the manifest, unexpanded; the last of a name wins. */
static const char *find_literal(const void *ctx, const char *name, size_t len)
{
	const struct sp_k_container *c = ctx;

	for (uint32_t i = c->env.n; i > 0; i--) {
		const struct sp_k_env *e = &c->env.v[i - 1];

		if (!e->from && strlen(e->name) == len && memcmp(e->name, name, len) == 0)
			return e->value ? e->value : "";
	}
	return NULL;
}

/* ---- lookups -------------------------------------------------------------------------------- */

const struct sp_k_config_map *sp_bundle_config_map(const struct sp_bundle *b, const char *name)
{
	for (uint32_t i = 0; name && i < b->n_config_maps; i++)
		if (b->config_maps[i]->meta && b->config_maps[i]->meta->name &&
		    sp_streq(b->config_maps[i]->meta->name, name))
			return b->config_maps[i];
	return NULL;
}

const struct sp_k_secret *sp_bundle_secret(const struct sp_bundle *b, const char *name)
{
	for (uint32_t i = 0; name && i < b->n_secrets; i++)
		if (b->secrets[i]->meta && b->secrets[i]->meta->name &&
		    sp_streq(b->secrets[i]->meta->name, name))
			return b->secrets[i];
	return NULL;
}

const struct sp_k_container *sp_pod_container_at(const struct sp_k_pod_spec *p, uint16_t ctr)
{
	return ctr < p->init_containers.n ? &p->init_containers.v[ctr]
					  : &p->containers.v[ctr - p->init_containers.n];
}

const struct sp_k_container *sp_pod_container(const struct sp_k_pod_spec *p, const char *name)
{
	uint32_t n = p->init_containers.n + p->containers.n;

	for (uint32_t i = 0; i < n; i++) {
		const struct sp_k_container *c = sp_pod_container_at(p, (uint16_t)i);

		if (sp_streq(c->name, name))
			return c;
	}
	return NULL;
}

/* ---- downward API --------------------------------------------------------------------------- */

static int by_key(const void *x, const void *y)
{
	const struct sp_kv *const *a = x, *const *b = y;

	return strcmp((*a)->key, (*b)->key);
}

/* DAPI-3: key="quoted value" lines, keys sorted, no newline at the end. */
static const char *format_map(struct sp_arena *a, const struct sp_map *m)
{
	const struct sp_kv **sorted = sp_arena_array(a, SP_MAX(m->n, 1u), sizeof(const void *));
	struct sp_buf b = {0};
	const char *r = NULL;

	if (!sorted)
		return NULL;
	for (uint32_t i = 0; i < m->n; i++)
		sorted[i] = &m->v[i];
	qsort(sorted, m->n, sizeof(const void *), by_key);
	for (uint32_t i = 0; i < m->n; i++) {
		if (i)
			sp_buf_putc(&b, '\n');
		sp_buf_puts(&b, sorted[i]->key);
		sp_buf_putc(&b, '=');
		sp_buf_quote(&b, sorted[i]->value);
	}
	if (!b.failed)
		r = sp_arena_strndup(a, b.ptr ? b.ptr : "", b.len);
	sp_buf_done(&b);
	return r;
}

/* "metadata.labels['k']" with prefix "metadata.labels": the key, in @a; NULL when it is no
 * subscript. */
static const char *subscript(struct sp_arena *a, const char *path, const char *prefix)
{
	size_t n = strlen(prefix), len = strlen(path);

	if (len < n + 4 || strncmp(path, prefix, n) != 0 || strncmp(path + n, "['", 2) != 0 ||
	    !sp_streq(path + len - 2, "']"))
		return NULL;
	return sp_arena_strndup(a, path + n + 2, len - n - 4);
}

static const char *or_empty(const char *s)
{
	return s ? s : "";
}

/* Up to the first comma: status.podIP is the first of status.podIPs. */
static const char *first_of(struct sp_arena *a, const char *list)
{
	return sp_arena_strndup(a, list, strcspn(list, ","));
}

int sp_field_value(struct sp_arena *a, const struct sp_world *w, const char *path, const char **ret,
		   struct sp_error *err)
{
	const struct sp_k_meta *m = w->bundle->pod->meta;
	const struct sp_k_pod_spec *spec = w->bundle->pod->spec;
	const char *key, *v = NULL;

	if (sp_streq(path, "metadata.name"))
		v = or_empty(m->name);
	else if (sp_streq(path, "metadata.namespace"))
		v = or_empty(m->ns);
	else if (sp_streq(path, "metadata.uid"))
		v = or_empty(m->uid);
	else if (sp_streq(path, "metadata.labels"))
		v = format_map(a, &m->labels);
	else if (sp_streq(path, "metadata.annotations"))
		v = format_map(a, &m->annotations);
	else if ((key = subscript(a, path, "metadata.labels")))
		v = or_empty(sp_map_get(&m->labels, key));
	else if ((key = subscript(a, path, "metadata.annotations")))
		v = or_empty(sp_map_get(&m->annotations, key));
	else if (sp_streq(path, "spec.nodeName"))
		v = or_empty(spec->node_name);
	else if (sp_streq(path, "spec.serviceAccountName"))
		v = or_empty(spec->service_account);
	else if (sp_streq(path, "status.podIP"))
		v = first_of(a, w->pod_ips);
	else if (sp_streq(path, "status.podIPs"))
		v = w->pod_ips;
	else if (sp_streq(path, "status.hostIP"))
		v = first_of(a, w->host_ips);
	else if (sp_streq(path, "status.hostIPs"))
		v = w->host_ips;
	else
		return sp_fail(err, SP_E_INVALID, "unsupported fieldPath: %s", path);
	if (!v)
		return no_memory(err);
	*ret = v;
	return 0;
}

/* The machine's share of a resource whose limit nobody set. */
static __int128 machine_nano(const struct sp_world *w, const char *name)
{
	const __int128 whole = 1000000000;

	if (sp_streq(name, "cpu"))
		return w->machine_cpu_milli * (whole / 1000);
	if (sp_streq(name, "memory"))
		return w->machine_memory_bytes * whole;
	if (sp_streq(name, "ephemeral-storage"))
		return w->machine_storage_bytes * whole;
	return 0;
}

int sp_resource_value(struct sp_arena *a, const struct sp_world *w,
		      const struct sp_k_res_field_ref *r, const struct sp_k_container *self,
		      const char **ret, struct sp_error *err)
{
	const struct sp_k_pod_spec *spec = w->bundle->pod->spec;
	const struct sp_k_container *c = self;
	const struct sp_quantity *q = NULL;
	struct sp_quantity divisor = {.nano = 1000000000};
	const char *name, *dot = r->resource ? strchr(r->resource, '.') : NULL;
	bool limit;
	__int128 nano = 0;

	if (r->container && r->container[0])
		c = sp_pod_container(spec, r->container);
	if (!c)
		return sp_fail(err, SP_E_INVALID, "container %s not found", or_empty(r->container));
	limit = dot && strncmp(r->resource, "limits.", 7) == 0;
	if (!dot || (!limit && strncmp(r->resource, "requests.", 9) != 0))
		return sp_fail(err, SP_E_INVALID, "unsupported container resource : %s",
			       or_empty(r->resource));
	name = dot + 1;
	if (r->divisor && (sp_quantity_parse(r->divisor, &divisor) < 0 || divisor.nano <= 0))
		divisor.nano = 1000000000; /* "0" stands for the default, 1 */
	if (c->resources)
		q = sp_res_get(limit ? &c->resources->limits : &c->resources->requests, name);
	if (!q && limit && spec->resources)
		q = sp_res_get(&spec->resources->limits, name);
	if (q)
		nano = q->nano;
	else if (limit)
		nano = machine_nano(w, name);
	*ret = sp_arena_printf(a, "%lld", (long long)((nano + divisor.nano - 1) / divisor.nano));
	return *ret ? 0 : no_memory(err);
}

/* ---- environment ---------------------------------------------------------------------------- */

static int set_var(struct sp_arena *a, struct sp_env *e, const char *name, const char *value,
		   struct sp_error *err)
{
	if (!name || !value)
		return no_memory(err);
	for (uint32_t i = 0; i < e->n; i++) {
		if (sp_streq(e->v[i].name, name)) {
			e->v[i].value = value;
			return 0;
		}
	}
	if (e->n == e->cap) {
		uint32_t cap = SP_MAX(e->cap * 2, 16u);
		struct sp_env_var *v = sp_arena_array(a, cap, sizeof(*v));

		if (!v)
			return no_memory(err);
		if (e->n)
			memcpy(v, e->v, e->n * sizeof(*v));
		e->v = v;
		e->cap = cap;
	}
	e->v[e->n++] = (struct sp_env_var){name, value};
	return 0;
}

static int add_from(struct sp_arena *a, const struct sp_world *w, const struct sp_k_env_from *f,
		    struct sp_env *e, struct sp_error *err)
{
	const struct sp_k_key_ref *ref = f->config_map ? f->config_map : f->secret;
	const struct sp_map *data = NULL;

	if (!ref)
		return 0;
	if (f->config_map) {
		const struct sp_k_config_map *m = sp_bundle_config_map(w->bundle, ref->name);

		data = m ? &m->data : NULL;
	} else {
		const struct sp_k_secret *s = sp_bundle_secret(w->bundle, ref->name);

		data = s ? &s->data : NULL;
	}
	if (!data) {
		if (ref->optional.set && ref->optional.v)
			return 0;
		return sp_fail(err, SP_E_INVALID, "%s \"%s\" not found",
			       f->config_map ? "configmap" : "secret", or_empty(ref->name));
	}
	for (uint32_t i = 0; i < data->n; i++) {
		const char *name = data->v[i].key;

		if (f->prefix && f->prefix[0])
			name = sp_arena_printf(a, "%s%s", f->prefix, data->v[i].key);
		if (set_var(a, e, name, data->v[i].value, err) < 0)
			return -1;
	}
	return 0;
}

/* A key of a ConfigMap or Secret. *ret NULL: optional and missing. */
static int key_value(const struct sp_world *w, const struct sp_k_key_ref *ref, bool secret,
		     const char **ret, struct sp_error *err)
{
	bool optional = ref->optional.set && ref->optional.v;
	const char *name = or_empty(ref->name), *key = or_empty(ref->key);
	const struct sp_k_config_map *m = secret ? NULL : sp_bundle_config_map(w->bundle, name);
	const struct sp_k_secret *s = secret ? sp_bundle_secret(w->bundle, name) : NULL;

	*ret = NULL;
	if (!m && !s)
		return optional ? 0
				: sp_fail(err, SP_E_INVALID, "%s \"%s\" not found",
					  secret ? "secret" : "configmap", name);
	*ret = sp_map_get(m ? &m->data : &s->data, key);
	if (!*ret && !optional)
		return sp_fail(err, SP_E_INVALID, "couldn't find key %s in %s %s/%s", key,
			       secret ? "Secret" : "ConfigMap", or_empty(w->bundle->pod->meta->ns),
			       name);
	return 0;
}

/* ENV-10: what is defined earlier, and the variables of Services. */
struct known {
	const struct sp_env *env, *services;
};

static const char *find_known(const void *ctx, const char *name, size_t len)
{
	const struct known *k = ctx;
	const char *v = find_var(k->env, name, len);

	return v ? v : find_var(k->services, name, len);
}

static int add_var(struct sp_arena *a, const struct sp_world *w, const struct sp_k_container *c,
		   const struct sp_k_env *v, const struct sp_env *services, struct sp_env *e,
		   struct sp_error *err)
{
	const struct known known = {e, services};
	const struct sp_k_env_source *from = v->from;
	const char *value = NULL;

	if (!from) {
		value = expand_in(a, or_empty(v->value), find_known, &known);
		return set_var(a, e, v->name, value, err);
	}
	if (from->field) {
		if (sp_field_value(a, w, or_empty(from->field->field_path), &value, err) < 0)
			return -1;
	} else if (from->resource) {
		if (sp_resource_value(a, w, from->resource, c, &value, err) < 0)
			return -1;
	} else if (from->config_map) {
		if (key_value(w, from->config_map, false, &value, err) < 0)
			return -1;
	} else if (from->secret) {
		if (key_value(w, from->secret, true, &value, err) < 0)
			return -1;
	}
	/* ENV-3: an optional key that is missing leaves the variable alone. */
	return value ? set_var(a, e, v->name, value, err) : 0;
}

/* "my-web" → "MY_WEB" */
static const char *variable_name(struct sp_arena *a, const char *name)
{
	char *s = sp_arena_strdup(a, name);

	for (char *p = s; p && *p; p++)
		*p = *p == '-' ? '_' : (char)(*p >= 'a' && *p <= 'z' ? *p - 'a' + 'A' : *p);
	return s;
}

/* The four that each port of a Service has; the first one is the Service's too. */
static int add_service_port(struct sp_arena *a, const char *service, const char *ip,
			    const struct sp_bundle_service_port *p, bool first, struct sp_env *e,
			    struct sp_error *err)
{
	const char *proto = p->udp ? "udp" : "tcp";
	const char *number = sp_arena_printf(a, "%d", p->port);
	const char *url = sp_arena_printf(a, "%s://%s:%d", proto, ip, p->port);
	const char *base =
		sp_arena_printf(a, "%s_PORT_%d_%s", service, p->port, p->udp ? "UDP" : "TCP");

	if (!base)
		return no_memory(err);
	if (first && set_var(a, e, sp_arena_printf(a, "%s_PORT", service), url, err) < 0)
		return -1;
	if (set_var(a, e, base, url, err) < 0 ||
	    set_var(a, e, sp_arena_printf(a, "%s_PROTO", base), proto, err) < 0 ||
	    set_var(a, e, sp_arena_printf(a, "%s_PORT", base), number, err) < 0)
		return -1;
	return set_var(a, e, sp_arena_printf(a, "%s_ADDR", base), ip, err);
}

/* ENV-1: what containers are told about one Service. */
static int add_service(struct sp_arena *a, const struct sp_bundle_service *s, struct sp_env *e,
		       struct sp_error *err)
{
	const char *name = variable_name(a, s->name);

	if (!name)
		return no_memory(err);
	if (set_var(a, e, sp_arena_printf(a, "%s_SERVICE_HOST", name), s->ip, err) < 0)
		return -1;
	for (uint32_t i = 0; i < s->n_ports; i++) {
		const struct sp_bundle_service_port *p = &s->ports[i];
		const char *number = sp_arena_printf(a, "%d", p->port);
		const char *port_name = p->name ? variable_name(a, p->name) : NULL;

		if (!i &&
		    set_var(a, e, sp_arena_printf(a, "%s_SERVICE_PORT", name), number, err) < 0)
			return -1;
		if (port_name && port_name[0] &&
		    set_var(a, e, sp_arena_printf(a, "%s_SERVICE_PORT_%s", name, port_name), number,
			    err) < 0)
			return -1;
		if (add_service_port(a, name, s->ip, p, !i, e, err) < 0)
			return -1;
	}
	return 0;
}

static bool links_services(const struct sp_bundle *b)
{
	return b->n_services &&
	       (!b->pod->spec->enable_service_links.set || b->pod->spec->enable_service_links.v);
}

int sp_env_build(struct sp_arena *a, const struct sp_world *w, const struct sp_k_container *c,
		 struct sp_env *ret, struct sp_error *err)
{
	struct sp_env e = {0}, services = {0};

	if (links_services(w->bundle))
		for (uint32_t i = 0; i < w->bundle->n_services; i++)
			if (add_service(a, &w->bundle->services[i], &services, err) < 0)
				return -1;
	for (uint32_t i = 0; i < c->env_from.n; i++)
		if (add_from(a, w, &c->env_from.v[i], &e, err) < 0)
			return -1;
	for (uint32_t i = 0; i < c->env.n; i++)
		if (add_var(a, w, c, &c->env.v[i], &services, &e, err) < 0)
			return -1;
	for (uint32_t i = 0; i < services.n; i++)
		if (!find_var(&e, services.v[i].name, strlen(services.v[i].name)) &&
		    set_var(a, &e, services.v[i].name, services.v[i].value, err) < 0)
			return -1;
	*ret = e;
	return 0;
}

const char *const *sp_env_list(struct sp_arena *a, const struct sp_world *w,
			       const struct sp_k_container *c, const struct sp_image *image,
			       const struct sp_env *env)
{
	struct sp_env all = {0};
	const char **list;

	for (uint32_t i = 0; i < image->n_env; i++) {
		const char *eq = strchr(image->env[i], '=');

		if (!eq) /* a name alone means nothing */
			continue;
		if (set_var(a, &all,
			    sp_arena_strndup(a, image->env[i], (size_t)(eq - image->env[i])),
			    eq + 1, NULL) < 0)
			return NULL;
	}
	if (set_var(a, &all, "HOSTNAME", w->hostname, NULL) < 0)
		return NULL;
	if (c->tty.set && c->tty.v && set_var(a, &all, "TERM", "xterm", NULL) < 0)
		return NULL;
	for (uint32_t i = 0; i < env->n; i++)
		if (set_var(a, &all, env->v[i].name, env->v[i].value, NULL) < 0)
			return NULL;
	if (!find_var(&all, "PATH", 4) && set_var(a, &all, "PATH", default_path, NULL) < 0)
		return NULL;
	list = sp_arena_array(a, all.n + 1u, sizeof(*list));
	if (!list)
		return NULL;
	for (uint32_t i = 0; i < all.n; i++) {
		list[i] = sp_arena_printf(a, "%s=%s", all.v[i].name, all.v[i].value);
		if (!list[i])
			return NULL;
	}
	return list;
}

/* ---- command line --------------------------------------------------------------------------- */

const char *const *sp_argv_build(struct sp_arena *a, const struct sp_k_container *c,
				 const struct sp_image *image, const struct sp_env *env)
{
	uint32_t n_max = c->command.n + c->args.n + image->n_entrypoint + image->n_cmd, n = 0;
	const char **argv = sp_arena_array(a, n_max + 1u, sizeof(*argv));

	if (!argv)
		return NULL;
	for (uint32_t i = 0; i < c->command.n; i++)
		if (!(argv[n++] = expand_in(a, c->command.v[i], find_var, env)))
			return NULL;
	if (!c->command.n)
		for (uint32_t i = 0; i < image->n_entrypoint; i++)
			argv[n++] = image->entrypoint[i];
	for (uint32_t i = 0; i < c->args.n; i++)
		if (!(argv[n++] = expand_in(a, c->args.v[i], find_var, env)))
			return NULL;
	if (!c->command.n && !c->args.n)
		for (uint32_t i = 0; i < image->n_cmd; i++)
			argv[n++] = image->cmd[i];
	return argv;
}

const char *const *sp_probe_argv(struct sp_arena *a, const struct sp_k_container *c,
				 const struct sp_strs *command)
{
	const char **argv = sp_arena_array(a, command->n + 1u, sizeof(*argv));

	for (uint32_t i = 0; argv && i < command->n; i++)
		if (!(argv[i] = expand_in(a, command->v[i], find_literal, c)))
			return NULL;
	return argv;
}

/* ---- subPath -------------------------------------------------------------------------------- */

struct strict {
	const struct sp_env *env;
	struct sp_buf *missing; /* the first name without a value */
};

static const char *find_strict(const void *ctx, const char *name, size_t len)
{
	const struct strict *s = ctx;
	const char *v = find_var(s->env, name, len);

	if ((!v || !v[0]) && !s->missing->len)
		sp_buf_add(s->missing, name, len);
	return v;
}

/* Relative and without "..": what VAL-61 asks of a literal subPath. */
static bool stays_below(const char *path)
{
	if (path[0] == '/')
		return false;
	for (const char *p = path; *p; p += strspn(p, "/")) {
		size_t n = strcspn(p, "/");

		if (n == 2 && p[0] == '.' && p[1] == '.')
			return false;
		p += n;
	}
	return true;
}

int sp_sub_path(struct sp_arena *a, const struct sp_k_mount *m, const struct sp_env *env,
		const char **ret, struct sp_error *err)
{
	char missing_mem[128];
	struct sp_buf missing = sp_buf_fixed(missing_mem, sizeof(missing_mem));
	const struct strict ctx = {env, &missing};
	const char *path = m->sub_path;

	if (m->sub_path_expr && m->sub_path_expr[0]) {
		path = expand_in(a, m->sub_path_expr, find_strict, &ctx);
		if (!path)
			return no_memory(err);
		if (missing.len || missing.failed)
			return sp_fail(err, SP_E_INVALID, "missing value for %s", missing_mem);
		if (!stays_below(path))
			return sp_fail(err, SP_E_INVALID,
				       "unable to provision SubPath `%s`: must be a relative path "
				       "without '..'",
				       path);
	}
	*ret = path && path[0] ? path : NULL;
	return 0;
}
