/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Validation of one container: names, image, ports, environment, resources, security, probes, hooks
 * and restart rules (VAL-11 to VAL-19, VAL-30 to VAL-52, VAL-62 to VAL-67).
 */
#include "spec/validate_internal.h"

#define RELEASE_CONTAINER_RESTART 35
#define RELEASE_RESTART_ALL       36
#define RELEASE_SLEEP_ZERO        33
#define RELEASE_ENV_RELAXED       32

#define RULES_MAX      20
#define RULE_CODES_MAX 255
#define ID_MAX         INT32_MAX

static const char *const no_init_msg =
	"may not be set for init containers without restartPolicy=Always";

bool v_is_sidecar(const struct sp_k_container *c)
{
	return c->restart_policy && sp_streq(c->restart_policy, "Always");
}

/* ---- ports ------------------------------------------------------------------------------------
 */

static void port_number(struct sp_v *v, const struct sp_vp *p, const char *rule, int64_t port)
{
	if (port < 1 || port > 65535)
		v_invalid_int(v, p, rule, port, "must be between 1 and 65535, inclusive");
}

static void ports(struct sp_v *v, const struct sp_vp *list, const struct sp_k_container *c)
{
	static const char *const protocols[] = {"SCTP", "TCP", "UDP", NULL};

	for (uint32_t i = 0; i < c->ports.n; i++) {
		const struct sp_k_port *port = &c->ports.v[i];
		const struct sp_vp *p = VP_ITEM(list, i, port->node);
		struct sp_name_msgs msgs = {0};

		if (!v_empty(port->name)) {
			sp_name_port(port->name, &msgs);
			v_msgs(v, VP_FIELD(p, "name"), "VAL-30", port->name, &msgs);
			for (uint32_t k = 0; k < i && msgs.n == 0; k++) {
				if (!c->ports.v[k].name ||
				    !sp_streq(c->ports.v[k].name, port->name))
					continue;
				v_duplicate(v, VP_FIELD(p, "name"), "VAL-31", port->name);
				break;
			}
		}
		if (!port->container_port.set || port->container_port.v == 0)
			v_required(v, VP_FIELD(p, "containerPort"), "VAL-32", NULL);
		else
			port_number(v, VP_FIELD(p, "containerPort"), "VAL-32",
				    port->container_port.v);
		if (port->host_port.set && port->host_port.v != 0)
			port_number(v, VP_FIELD(p, "hostPort"), "VAL-32", port->host_port.v);
		v_one_of(v, VP_FIELD(p, "protocol"), "VAL-33", port->protocol, protocols);
		if (!v_empty(port->host_ip))
			v_name(v, VP_FIELD(p, "hostIP"), "VAL-34", port->host_ip, sp_name_ip);
	}
}

static bool same_text(const char *a, const char *b)
{
	return sp_streq(a ? a : "", b ? b : "");
}

static bool host_port_taken(const struct sp_k_container *ctrs, uint32_t ctr, uint32_t index)
{
	const struct sp_k_port *mine = &ctrs[ctr].ports.v[index];

	for (uint32_t i = 0; i <= ctr; i++)
		for (uint32_t k = 0; k < (i == ctr ? index : ctrs[i].ports.n); k++) {
			const struct sp_k_port *o = &ctrs[i].ports.v[k];

			if (o->host_port.v == mine->host_port.v &&
			    same_text(o->protocol, mine->protocol) &&
			    same_text(o->host_ip, mine->host_ip))
				return true;
		}
	return false;
}

/*
 * Conflicts among @ctrs. For one init container alone the path says index 0, whatever its place:
 * the API server passes it as a list of one (VAL-34). The line is the right one.
 */
void v_host_ports(struct sp_v *v, const struct sp_vp *p, const struct sp_k_container *ctrs,
		  uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		for (uint32_t k = 0; k < ctrs[i].ports.n; k++) {
			const struct sp_k_port *port = &ctrs[i].ports.v[k];
			const struct sp_vp *list = VP_FIELD(VP_ITEM(p, i, ctrs[i].node), "ports");

			if (!port->host_port.v || !host_port_taken(ctrs, i, k))
				continue;
			v_duplicate(v, VP_FIELD(VP_ITEM(list, k, port->node), "hostPort"), "VAL-34",
				    sp_arena_printf(v->a, "%s/%s/%lld",
						    port->protocol ? port->protocol : "",
						    port->host_ip ? port->host_ip : "",
						    (long long)port->host_port.v));
		}
}

/* ---- environment ------------------------------------------------------------------------------
 */

static void env_name(struct sp_v *v, const struct sp_vp *p, const char *rule, const char *name)
{
	bool relaxed = v->minor >= RELEASE_ENV_RELAXED;
	struct sp_name_msgs msgs, relaxed_msgs;

	sp_name_env(name, relaxed, &msgs);
	for (uint32_t i = 0; i < msgs.n; i++) {
		struct sp_diag *d = v_invalid(v, p, rule, name, "%s", msgs.v[i]);

		sp_name_env(name, true, &relaxed_msgs);
		if (!relaxed && relaxed_msgs.n == 0)
			d->why = sp_arena_printf(
				v->a, "such names are legal from Kubernetes 1.%d on; this is 1.%d",
				RELEASE_ENV_RELAXED, v->minor);
	}
}

void v_field_ref(struct sp_v *v, const struct sp_vp *p, const struct sp_k_field_ref *f, bool env)
{
	static const char *const known[] = {
		"metadata.annotations", "metadata.labels",
		"metadata.name",        "metadata.namespace",
		"metadata.uid",         "spec.nodeName",
		"spec.restartPolicy",   "spec.serviceAccountName",
		"spec.schedulerName",   "spec.hostNetwork",
		"status.phase",         "status.hostIP",
		"status.hostIPs",       "status.nominatedNodeName",
		"status.podIP",         "status.podIPs",
	};
	static const char *const in_env[] = {"metadata.name",
					     "metadata.namespace",
					     "metadata.uid",
					     "spec.nodeName",
					     "spec.serviceAccountName",
					     "status.hostIP",
					     "status.hostIPs",
					     "status.podIP",
					     "status.podIPs",
					     NULL};
	static const char *const in_volume[] = {"metadata.annotations", "metadata.labels",
						"metadata.name",        "metadata.namespace",
						"metadata.uid",         NULL};
	const struct sp_vp *path = VP_FIELD(p, "fieldPath");
	const char *open, *near;
	struct sp_diag *d;

	if (v_empty(f->field_path)) {
		v_required(v, path, "VAL-63", NULL);
		return;
	}
	open = strstr(f->field_path, "['");
	if (open) {
		size_t n = strlen(f->field_path), before = (size_t)(open - f->field_path);
		const char *key;

		if (n < before + 4 || strcmp(f->field_path + n - 2, "']") != 0) {
			v_invalid(v, path, "VAL-63", f->field_path,
				  "error converting fieldPath: field label not supported: %s",
				  f->field_path);
			return;
		}
		if (strncmp(f->field_path, "metadata.labels[", before + 1) != 0 &&
		    strncmp(f->field_path, "metadata.annotations[", before + 1) != 0) {
			v_invalid(v, path, "VAL-63", f->field_path, "does not support subscript");
			return;
		}
		key = sp_arena_strndup(v->a, open + 2, n - before - 4);
		if (key)
			v_name(v, path, "VAL-63", key, sp_name_qualified);
		return;
	}
	for (size_t i = 0; i < SP_ARRAY_LEN(known); i++)
		if (sp_streq(known[i], f->field_path)) {
			if (!v_one_of(v, path, "VAL-63", f->field_path, env ? in_env : in_volume))
				return;
			return;
		}
	d = v_invalid(v, path, "VAL-63", f->field_path,
		      "error converting fieldPath: field label not supported: %s", f->field_path);
	near = sp_nearest(f->field_path, known, SP_ARRAY_LEN(known), 3);
	if (near)
		d->fix = sp_arena_printf(v->a, "write %s", near);
}

/* "limits.hugepages-2Mi" */
static bool names_huge(const char *resource)
{
	static const char *const of[] = {"limits.", "requests."};

	for (size_t i = 0; resource && i < SP_ARRAY_LEN(of); i++)
		if (strncmp(resource, of[i], strlen(of[i])) == 0)
			return sp_res_is_huge(resource + strlen(of[i]));
	return false;
}

void v_resource_ref(struct sp_v *v, const struct sp_vp *p, const struct sp_k_res_field_ref *f,
		    bool env)
{
	static const char *const resources[] = {"limits.cpu",
						"limits.ephemeral-storage",
						"limits.memory",
						"requests.cpu",
						"requests.ephemeral-storage",
						"requests.memory",
						NULL};
	static const char *const size_divisors[] = {"1",   "1k",  "1M",  "1G",  "1T",  "1P", "1E",
						    "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei"};
	const char *name = f->resource ? strchr(f->resource, '.') : NULL;

	if (!env && v_empty(f->container))
		v_required(v, VP_FIELD(p, "containerName"), "VAL-63", NULL);
	if (v_empty(f->resource)) {
		v_required(v, VP_FIELD(p, "resource"), "VAL-63", NULL);
		return;
	}
	if (!names_huge(f->resource) &&
	    !v_one_of(v, VP_FIELD(p, "resource"), "VAL-63", f->resource, resources))
		return;
	if (v_empty(f->divisor) || sp_streq(f->divisor, "0"))
		return;
	if (name && sp_streq(name, ".cpu")) {
		if (!sp_streq(f->divisor, "1m") && !sp_streq(f->divisor, "1"))
			v_invalid(v, VP_FIELD(p, "divisor"), "VAL-63", f->divisor,
				  "only divisor's values 1m and 1 are supported with the cpu "
				  "resource");
		return;
	}
	for (size_t i = 0; i < SP_ARRAY_LEN(size_divisors); i++)
		if (sp_streq(f->divisor, size_divisors[i]))
			return;
	v_invalid(v, VP_FIELD(p, "divisor"), "VAL-63", f->divisor,
		  "only divisor's values 1, 1k, 1M, 1G, 1T, 1P, 1E, 1Ki, 1Mi, 1Gi, 1Ti, 1Pi, 1Ei "
		  "are supported with the %s resource",
		  name ? name + 1 : f->resource);
}

static void key_ref(struct sp_v *v, const struct sp_vp *p, const struct sp_k_key_ref *r)
{
	if (v_empty(r->name))
		v_required(v, VP_FIELD(p, "name"), "VAL-62", NULL);
	else
		v_name(v, VP_FIELD(p, "name"), "VAL-62", r->name, sp_name_subdomain);
	if (v_empty(r->key))
		v_required(v, VP_FIELD(p, "key"), "VAL-62", NULL);
	else
		v_name(v, VP_FIELD(p, "key"), "VAL-62", r->key, sp_name_config_key);
}

static void env_source(struct sp_v *v, const struct sp_vp *p, const struct sp_k_env *e)
{
	const struct sp_k_env_source *s = e->from;
	bool refused = v_has(s->node, "fileKeyRef");
	int n = !!s->field + !!s->resource + !!s->config_map + !!s->secret + refused;

	if (s->field)
		v_field_ref(v, VP_FIELD(p, "fieldRef"), s->field, true);
	if (s->resource)
		v_resource_ref(v, VP_FIELD(p, "resourceFieldRef"), s->resource, true);
	if (s->config_map)
		key_ref(v, VP_FIELD(p, "configMapKeyRef"), s->config_map);
	if (s->secret)
		key_ref(v, VP_FIELD(p, "secretKeyRef"), s->secret);
	v_refuse(v, p, SP_REFUSED_ENV_SOURCE, s->node);
	if (n == 0)
		v_invalid(v, p, "VAL-62", "",
			  "must specify one of: `fieldRef`, `resourceFieldRef`, "
			  "`configMapKeyRef`, `secretKeyRef` or `fileKeyRef`");
	else if (!v_empty(e->value))
		v_invalid(v, p, "VAL-62", "", "may not be specified when `value` is not empty");
	else if (n > 1)
		v_invalid(v, p, "VAL-62", "",
			  "may not have more than one field specified at a time");
}

static void env(struct sp_v *v, const struct sp_vp *list, const struct sp_k_container *c)
{
	for (uint32_t i = 0; i < c->env.n; i++) {
		const struct sp_k_env *e = &c->env.v[i];
		const struct sp_vp *p = VP_ITEM(list, i, e->node);

		if (v_empty(e->name))
			v_required(v, VP_FIELD(p, "name"), "VAL-62", NULL);
		else
			env_name(v, VP_FIELD(p, "name"), "VAL-62", e->name);
		if (e->from)
			env_source(v, VP_FIELD(p, "valueFrom"), e);
	}
}

static void env_from(struct sp_v *v, const struct sp_vp *list, const struct sp_k_container *c)
{
	for (uint32_t i = 0; i < c->env_from.n; i++) {
		const struct sp_k_env_from *e = &c->env_from.v[i];
		const struct sp_vp *p = VP_ITEM(list, i, e->node);

		if (!v_empty(e->prefix))
			env_name(v, VP_FIELD(p, "prefix"), "VAL-64", e->prefix);
		if (e->config_map && v_empty(e->config_map->name))
			v_required(v, VP_FIELD(VP_FIELD(p, "configMapRef"), "name"), "VAL-64",
				   NULL);
		if (e->secret && v_empty(e->secret->name))
			v_required(v, VP_FIELD(VP_FIELD(p, "secretRef"), "name"), "VAL-64", NULL);
		if (!e->config_map && !e->secret)
			v_invalid(v, p, "VAL-64", "",
				  "must specify one of: `configMapRef` or `secretRef`");
		else if (e->config_map && e->secret)
			v_invalid(v, p, "VAL-64", "",
				  "may not have more than one field specified at a time");
	}
}

/* ---- resources --------------------------------------------------------------------------------
 */

void v_quantity_text(const struct sp_quantity *q, struct sp_buf *out)
{
	size_t n = q->text ? strlen(q->text) : 0;

	sp_quantity_print(q->nano, n > 0 && q->text[n - 1] == 'i', out);
}

static const char *quantity_text(struct sp_v *v, const struct sp_quantity *q)
{
	char mem[80];
	struct sp_buf b = sp_buf_fixed(mem, sizeof(mem));

	v_quantity_text(q, &b);
	return sp_arena_strdup(v->a, mem);
}

static bool is_extended(const char *name)
{
	return strchr(name, '/') && !strstr(name, "kubernetes.io/");
}

static void resource_name(struct sp_v *v, const struct sp_vp *p, const char *name, bool pod_level)
{
	static const char *const plain[] = {"cpu", "memory", "ephemeral-storage", NULL};
	static const char *const of_pod[] = {"cpu", SP_HUGE_PREFIX, "memory", NULL};
	bool huge = sp_res_is_huge(name);
	struct sp_name_msgs msgs;
	struct sp_diag *d;
	const char *near;

	if (pod_level) {
		if (!huge)
			v_one_of(v, p, "VAL-66", name, of_pod);
		return;
	}
	sp_name_qualified(name, &msgs);
	if (msgs.n > 0) {
		v_msgs(v, p, "VAL-65", name, &msgs);
		return;
	}
	if (huge || sp_streq(name, plain[0]) || sp_streq(name, plain[1]) ||
	    sp_streq(name, plain[2]))
		return;
	if (!strchr(name, '/')) {
		d = v_invalid(v, p, "VAL-65", name, "must be a standard resource for containers");
		near = sp_nearest(name, plain, 3, 2);
		if (near)
			d->fix = sp_arena_printf(v->a, "write \"%s\"", near);
	} else if (strstr(name, "kubernetes.io/") == name || strncmp(name, "requests.", 9) == 0) {
		v_invalid(v, p, "VAL-65", name, "doesn't follow extended resource name standard");
	}
}

/* Whole pages of a size that can be read. */
static bool is_pages(const struct sp_res_item *r)
{
	int64_t page = sp_huge_size(r->name + strlen(SP_HUGE_PREFIX));

	return page > 0 && sp_quantity_ceil(&r->q) % page == 0;
}

static void resource_list(struct sp_v *v, const struct sp_vp *p, const struct sp_res_list *l,
			  bool pod_level)
{
	const char *rule = pod_level ? "VAL-66" : "VAL-65";

	for (uint32_t i = 0; i < l->n; i++) {
		const struct sp_res_item *r = &l->v[i];
		const struct sp_vp *at = VP_KEY(p, r->name);

		resource_name(v, at, r->name, pod_level);
		if (r->q.nano < 0)
			v_invalid(v, at, rule, quantity_text(v, &r->q),
				  "must be greater than or equal to 0");
		else if (is_extended(r->name) && r->q.nano % 1000000000 != 0)
			v_invalid(v, at, rule, quantity_text(v, &r->q), "must be an integer");
		else if (sp_res_is_huge(r->name) && !is_pages(r))
			v_invalid(v, at, rule, quantity_text(v, &r->q),
				  "%s is not positive integer multiple of %s",
				  quantity_text(v, &r->q), r->name);
	}
}

/* Which of the two groups the list names. */
static void note_names(const struct sp_res_list *l, bool *huge, bool *cpu_or_memory)
{
	for (uint32_t i = 0; i < l->n; i++) {
		*huge |= sp_res_is_huge(l->v[i].name);
		*cpu_or_memory |= sp_streq(l->v[i].name, "cpu") || sp_streq(l->v[i].name, "memory");
	}
}

void v_resources(struct sp_v *v, const struct sp_vp *p, const struct sp_k_resources *r,
		 bool pod_level)
{
	const char *rule = pod_level ? "VAL-66" : "VAL-65";
	const struct sp_vp *requests = VP_FIELD(p, "requests");
	bool huge = false, cpu_or_memory = false;

	resource_list(v, VP_FIELD(p, "limits"), &r->limits, pod_level);
	resource_list(v, requests, &r->requests, pod_level);
	for (uint32_t i = 0; i < r->requests.n; i++) {
		const struct sp_res_item *req = &r->requests.v[i];
		const struct sp_quantity *lim = sp_res_get(&r->limits, req->name);
		bool fixed = is_extended(req->name) || sp_res_is_huge(req->name);
		/* The path is the map; the place is the entry. */
		const struct sp_vp at = {
			.up = requests->up,
			.field = requests->field,
			.node = sp_node_get(sp_node_get(r->node, "requests"), req->name)};

		if (!lim) {
			if (fixed)
				v_required(v, VP_KEY(VP_FIELD(p, "limits"), req->name), rule,
					   "Limit must be set for non overcommitable resources");
			continue;
		}
		if (fixed && sp_quantity_cmp(&req->q, lim) != 0)
			v_invalid(v, &at, rule, quantity_text(v, &req->q),
				  "must be equal to %s limit of %s", req->name,
				  quantity_text(v, lim));
		else if (!fixed && sp_quantity_cmp(&req->q, lim) > 0)
			v_invalid(v, &at, rule, quantity_text(v, &req->q),
				  "must be less than or equal to %s limit of %s", req->name,
				  quantity_text(v, lim));
	}
	note_names(&r->limits, &huge, &cpu_or_memory);
	note_names(&r->requests, &huge, &cpu_or_memory);
	if (huge && !cpu_or_memory)
		v_forbidden(v, p, rule, "HugePages require cpu or memory");
}

static void resize_policy(struct sp_v *v, const struct sp_vp *list, const struct sp_node *n,
			  bool plain_init)
{
	static const char *const all[] = {"NotRequired", "RestartContainer", NULL};
	static const char *const init[] = {"NotRequired", NULL};

	for (uint32_t i = 0; n && n->kind == SP_NODE_LIST && i < n->n; i++) {
		const char *policy = sp_node_str(sp_node_get(n->items[i], "restartPolicy"), NULL);

		v_one_of(v, VP_FIELD(VP_AT(list, i), "restartPolicy"), "VAL-14", policy,
			 plain_init ? init : all);
	}
}

/* ---- security ---------------------------------------------------------------------------------
 */

void v_id(struct sp_v *v, const struct sp_vp *p, const struct sp_opt_int *id)
{
	v_range(v, p, "VAL-67", id, 0, ID_MAX);
}

void v_seccomp(struct sp_v *v, const struct sp_vp *p, const struct sp_k_seccomp *s)
{
	static const char *const types[] = {"Localhost", "RuntimeDefault", "Unconfined", NULL};
	const struct sp_vp *profile = VP_FIELD(p, "localhostProfile");

	if (v_empty(s->type)) {
		v_required(v, VP_FIELD(p, "type"), "VAL-67",
			   "type is required when seccompProfile is set");
		return;
	}
	if (!v_one_of(v, VP_FIELD(p, "type"), "VAL-67", s->type, types))
		return;
	if (sp_streq(s->type, "Localhost")) {
		if (v_empty(s->localhost_profile))
			v_required(v, profile, "VAL-67",
				   "must be set when seccomp type is Localhost");
		else
			v_name(v, profile, "VAL-67", s->localhost_profile, sp_name_relative);
	} else if (s->localhost_profile) {
		v_invalid(v, profile, "VAL-67", s->localhost_profile,
			  "can only be set when seccomp type is Localhost");
	}
}

static bool adds_sys_admin(const struct sp_k_caps *caps)
{
	for (uint32_t i = 0; caps && i < caps->add.n; i++)
		if (sp_streq(caps->add.v[i], "CAP_SYS_ADMIN"))
			return true;
	return false;
}

static void security(struct sp_v *v, const struct sp_vp *p, const struct sp_k_security *s)
{
	static const char *const proc_mounts[] = {"Default", "Unmasked", NULL};

	v_id(v, VP_FIELD(p, "runAsUser"), &s->run_as_user);
	v_id(v, VP_FIELD(p, "runAsGroup"), &s->run_as_group);
	v_one_of(v, VP_FIELD(p, "procMount"), "VAL-67", s->proc_mount, proc_mounts);
	if (s->seccomp)
		v_seccomp(v, VP_FIELD(p, "seccompProfile"), s->seccomp);
	if (!s->allow_escalation.set || s->allow_escalation.v)
		return;
	if (s->privileged.set && s->privileged.v)
		v_invalid_node(v, p, "VAL-67", s->node,
			       "cannot set `allowPrivilegeEscalation` to false and `privileged` to "
			       "true");
	if (adds_sys_admin(s->caps))
		v_invalid_node(v, p, "VAL-67", s->node,
			       "cannot set `allowPrivilegeEscalation` to false and "
			       "`capabilities.Add` CAP_SYS_ADMIN");
}

/* ---- handlers, probes, hooks ------------------------------------------------------------------
 */

static void handler_port(struct sp_v *v, const struct sp_vp *p, const struct sp_int_or_str *port)
{
	struct sp_name_msgs msgs;
	struct sp_diag *d;
	int64_t n;

	if (!port->set) {
		v_invalid_int(v, p, "VAL-41", 0, "must be between 1 and 65535, inclusive")->fix =
			"add port";
		return;
	}
	if (!port->str) {
		port_number(v, p, "VAL-41", port->num);
		return;
	}
	sp_name_port(port->str, &msgs);
	for (uint32_t i = 0; i < msgs.n; i++) {
		d = v_invalid(v, p, "VAL-41", port->str, "%s", msgs.v[i]);
		if (sp_parse_i64(port->str, 1, 65535, &n) == 0) {
			d->why = "text in quotes is the name of a port";
			d->fix = sp_arena_printf(v->a, "write %lld without quotes", (long long)n);
		}
	}
}

static void exec_handler(struct sp_v *v, const struct sp_vp *p, const struct sp_k_exec *e)
{
	if (e->command.n == 0)
		v_required(v, VP_FIELD(p, "command"), "VAL-41", NULL);
}

static void http_handler(struct sp_v *v, const struct sp_vp *p, const struct sp_k_http_get *h)
{
	static const char *const schemes[] = {"HTTP", "HTTPS", NULL};
	const struct sp_vp *list = VP_FIELD(p, "httpHeaders");

	if (h->path && !*h->path)
		v_required(v, VP_FIELD(p, "path"), "VAL-41", NULL);
	handler_port(v, VP_FIELD(p, "port"), &h->port);
	v_one_of(v, VP_FIELD(p, "scheme"), "VAL-41", h->scheme, schemes);
	for (uint32_t i = 0; i < h->headers.n; i++)
		v_name(v, VP_FIELD(VP_ITEM(list, i, h->headers.v[i].node), "name"), "VAL-41",
		       h->headers.v[i].name ? h->headers.v[i].name : "", sp_name_header);
}

/* True when this handler is the first one and is to be checked. */
static bool first_handler(struct sp_v *v, const struct sp_vp *p, const char *rule,
			  const char *handler, const void *set, int *n)
{
	if (!set)
		return false;
	if ((*n)++ == 0)
		return true;
	v_forbidden(v, VP_FIELD(p, handler), rule, "may not specify more than 1 handler type");
	return false;
}

enum probe_kind { PROBE_LIVENESS, PROBE_READINESS, PROBE_STARTUP };

static void probe(struct sp_v *v, const struct sp_vp *p, const struct sp_k_probe *pr,
		  enum probe_kind kind)
{
	const struct sp_vp *grace = VP_FIELD(p, "terminationGracePeriodSeconds");
	int n = 0;

	if (!pr)
		return;
	if (first_handler(v, p, "VAL-40", "exec", pr->exec, &n))
		exec_handler(v, VP_FIELD(p, "exec"), pr->exec);
	if (first_handler(v, p, "VAL-40", "httpGet", pr->http, &n))
		http_handler(v, VP_FIELD(p, "httpGet"), pr->http);
	if (first_handler(v, p, "VAL-40", "tcpSocket", pr->tcp, &n))
		handler_port(v, VP_FIELD(VP_FIELD(p, "tcpSocket"), "port"), &pr->tcp->port);
	if (first_handler(v, p, "VAL-40", "grpc", pr->grpc, &n))
		port_number(v, VP_FIELD(VP_FIELD(p, "grpc"), "port"), "VAL-41",
			    pr->grpc->port.set ? pr->grpc->port.v : 0);
	if (n == 0)
		v_required(v, p, "VAL-40", "must specify a handler type")->fix =
			"add exec, httpGet, tcpSocket or grpc";

	v_non_negative(v, VP_FIELD(p, "initialDelaySeconds"), "VAL-42", &pr->initial_delay_s);
	v_non_negative(v, VP_FIELD(p, "timeoutSeconds"), "VAL-42", &pr->timeout_s);
	v_non_negative(v, VP_FIELD(p, "periodSeconds"), "VAL-42", &pr->period_s);
	v_non_negative(v, VP_FIELD(p, "successThreshold"), "VAL-42", &pr->success_threshold);
	v_non_negative(v, VP_FIELD(p, "failureThreshold"), "VAL-42", &pr->failure_threshold);

	if (kind != PROBE_READINESS && pr->success_threshold.set && pr->success_threshold.v > 1)
		v_invalid_int(v, VP_FIELD(p, "successThreshold"), "VAL-43", pr->success_threshold.v,
			      "must be 1");
	if (!pr->grace_s.set)
		return;
	if (kind == PROBE_READINESS)
		v_invalid_int(v, grace, "VAL-44", pr->grace_s.v,
			      "must not be set for readinessProbes")
			->why = "a failing readiness probe stops nothing";
	else if (pr->grace_s.v <= 0)
		v_invalid_int(v, grace, "VAL-44", pr->grace_s.v, "must be greater than 0");
}

static void sleep_handler(struct sp_v *v, const struct sp_vp *p, const struct sp_k_sleep *s,
			  const struct sp_k_pod_spec *spec)
{
	int64_t seconds = s->seconds.set ? s->seconds.v : 0;
	int64_t grace = spec->grace_s.set ? spec->grace_s.v : 30;

	if (seconds == 0 && v->minor < RELEASE_SLEEP_ZERO)
		v_invalid_int(v, p, "VAL-51", seconds,
			      "must be greater than 0 and less than terminationGracePeriodSeconds "
			      "(%lld); zero needs Kubernetes 1.%d or later",
			      (long long)grace, RELEASE_SLEEP_ZERO);
	else if (seconds < 0 || seconds > grace)
		v_invalid_int(v, p, "VAL-51", seconds,
			      "must be non-negative and less than terminationGracePeriodSeconds "
			      "(%lld)",
			      (long long)grace)
			->fix = "sleep less, or raise terminationGracePeriodSeconds";
}

static void hook(struct sp_v *v, const struct sp_vp *p, const struct sp_k_handler *h,
		 const struct sp_k_pod_spec *spec)
{
	int n = 0;

	if (!h)
		return;
	if (first_handler(v, p, "VAL-50", "exec", h->exec, &n))
		exec_handler(v, VP_FIELD(p, "exec"), h->exec);
	if (first_handler(v, p, "VAL-50", "httpGet", h->http, &n))
		http_handler(v, VP_FIELD(p, "httpGet"), h->http);
	if (first_handler(v, p, "VAL-50", "tcpSocket", h->tcp, &n))
		handler_port(v, VP_FIELD(VP_FIELD(p, "tcpSocket"), "port"), &h->tcp->port);
	if (first_handler(v, p, "VAL-50", "sleep", h->sleep, &n))
		sleep_handler(v, VP_FIELD(p, "sleep"), h->sleep, spec);
	if (n == 0)
		v_required(v, p, "VAL-50", "must specify a handler type")->fix =
			"add exec, httpGet or sleep";
}

static void stop_signal(struct sp_v *v, const struct sp_vp *p, const struct sp_k_lifecycle *l,
			const struct sp_k_pod_spec *spec)
{
	const struct sp_vp *at = VP_FIELD(p, "stopSignal");

	if (v_empty(sp_node_str(sp_node_at(spec->node, "os.name"), NULL)))
		v_forbidden(v, at, "VAL-52",
			    "may not be set for containers with empty `spec.os.name`");
	else if (!sp_signal_name_valid(l->stop_signal))
		v_invalid(v, at, "VAL-52", l->stop_signal, "must be the name of a Linux signal");
	else
		v_refuse(v, p, SP_REFUSED_LIFECYCLE, l->node);
}

static void probes_and_hooks(struct sp_v *v, const struct sp_vp *p, const struct sp_k_pod_spec *s,
			     const struct sp_k_container *c)
{
	if (c->lifecycle) {
		const struct sp_vp *l = VP_FIELD(p, "lifecycle");

		hook(v, VP_FIELD(l, "postStart"), c->lifecycle->post_start, s);
		hook(v, VP_FIELD(l, "preStop"), c->lifecycle->pre_stop, s);
		if (!v_empty(c->lifecycle->stop_signal))
			stop_signal(v, l, c->lifecycle, s);
	}
	probe(v, VP_FIELD(p, "livenessProbe"), c->liveness, PROBE_LIVENESS);
	probe(v, VP_FIELD(p, "readinessProbe"), c->readiness, PROBE_READINESS);
	probe(v, VP_FIELD(p, "startupProbe"), c->startup, PROBE_STARTUP);
}

static void not_on_init(struct sp_v *v, const struct sp_vp *p, const char *field, const void *set)
{
	struct sp_diag *d;

	if (!set)
		return;
	d = v_forbidden(v, VP_FIELD(p, field), "VAL-14", "%s", no_init_msg);
	d->why = "a plain init container runs to its end before the next one starts";
	d->fix = "add restartPolicy: Always if it is a sidecar, else remove the field";
}

/* ---- restart policy ---------------------------------------------------------------------------
 */

static void restart_rules(struct sp_v *v, const struct sp_vp *list, const struct sp_k_container *c)
{
	static const char *const actions[] = {"Restart", "RestartAllContainers", NULL};
	static const char *const first_actions[] = {"Restart", NULL};
	static const char *const operators[] = {"In", "NotIn", NULL};

	if (c->restart_rules.n > RULES_MAX)
		v_too_many(v, list, "VAL-17", c->restart_rules.n, RULES_MAX);
	for (uint32_t i = 0; i < c->restart_rules.n; i++) {
		const struct sp_k_restart_rule *r = &c->restart_rules.v[i];
		const struct sp_vp *p = VP_ITEM(list, i, r->node);
		const struct sp_vp *codes = VP_FIELD(p, "exitCodes");
		const char *action = r->action ? r->action : "";

		if (sp_streq(action, actions[1]) && v->minor < RELEASE_RESTART_ALL)
			v_unsupported(v, VP_FIELD(p, "action"), "VAL-17", action, first_actions)
				->why = sp_arena_printf(
				v->a,
				"RestartAllContainers needs Kubernetes 1.%d or later, this is 1.%d",
				RELEASE_RESTART_ALL, v->minor);
		else
			v_one_of(v, VP_FIELD(p, "action"), "VAL-17", action, actions);
		if (!r->exit_codes) {
			v_required(v, codes, "VAL-17", "must be specified");
			continue;
		}
		v_one_of(v, VP_FIELD(codes, "operator"), "VAL-17",
			 r->exit_codes->op ? r->exit_codes->op : "", operators);
		if (r->exit_codes->values.n > RULE_CODES_MAX)
			v_too_many(v, VP_FIELD(codes, "values"), "VAL-17", r->exit_codes->values.n,
				   RULE_CODES_MAX);
	}
}

static void restart_policy(struct sp_v *v, const struct sp_vp *p, const struct sp_k_container *c,
			   enum v_list list)
{
	static const char *const policies[] = {"Always", "Never", "OnFailure", NULL};
	const struct sp_vp *policy = VP_FIELD(p, "restartPolicy");
	bool known = v_one_of(v, policy, "VAL-15", c->restart_policy, policies);

	if (v->minor < RELEASE_CONTAINER_RESTART) {
		if (known && c->restart_policy && list == V_REGULAR)
			v_too_new(v, policy, "VAL-15", "restartPolicy of a regular container",
				  RELEASE_CONTAINER_RESTART)
				->fix = "remove it; a sidecar stands in initContainers";
		else if (known && c->restart_policy && !v_is_sidecar(c))
			v_too_new(v, policy, "VAL-15",
				  "a restartPolicy other than Always on an init container",
				  RELEASE_CONTAINER_RESTART);
		return;
	}
	if (c->restart_rules.n == 0)
		return;
	if (!c->restart_policy)
		v_required(v, policy, "VAL-16",
			   "must specify restartPolicy when restart rules are used");
	restart_rules(v, VP_FIELD(p, "restartPolicyRules"), c);
}

/* ---- the container ----------------------------------------------------------------------------
 */

static bool is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static void common(struct sp_v *v, const struct sp_vp *p, const struct sp_k_pod_spec *s,
		   const struct sp_k_container *c, bool plain_init)
{
	static const char *const pulls[] = {"Always", "IfNotPresent", "Never", NULL};
	static const char *const messages[] = {"File", "FallbackToLogsOnError", NULL};

	if (v_empty(c->name))
		v_required(v, VP_FIELD(p, "name"), "VAL-11", NULL);
	else
		v_name(v, VP_FIELD(p, "name"), "VAL-11", c->name, sp_name_label);
	if (v_empty(c->image))
		v_required(v, VP_FIELD(p, "image"), "VAL-13", NULL);
	else if (!v->is_template &&
		 (is_blank(c->image[0]) || is_blank(c->image[strlen(c->image) - 1])))
		v_invalid(v, VP_FIELD(p, "image"), "VAL-13", c->image,
			  "must not have leading or trailing whitespace");
	v_one_of(v, VP_FIELD(p, "terminationMessagePolicy"), "VAL-19",
		 c->termination_message_policy, messages);
	ports(v, VP_FIELD(p, "ports"), c);
	env(v, VP_FIELD(p, "env"), c);
	env_from(v, VP_FIELD(p, "envFrom"), c);
	v_mounts(v, VP_FIELD(p, "volumeMounts"), s, c);
	v_one_of(v, VP_FIELD(p, "imagePullPolicy"), "VAL-19", c->image_pull_policy, pulls);
	if (c->resources)
		v_resources(v, VP_FIELD(p, "resources"), c->resources, false);
	resize_policy(v, VP_FIELD(p, "resizePolicy"), sp_node_get(c->node, "resizePolicy"),
		      plain_init);
	if (c->security)
		security(v, VP_FIELD(p, "securityContext"), c->security);
	v_refuse(v, p, SP_REFUSED_CONTAINER, c->node);
}

void v_container(struct sp_v *v, const struct sp_vp *p, const struct sp_k_pod_spec *s,
		 const struct sp_k_container *c, enum v_list list, bool duplicate_name)
{
	bool plain_init = list == V_INIT && !v_is_sidecar(c);

	common(v, p, s, c, plain_init);
	if (list == V_INIT)
		restart_policy(v, p, c, list);
	if (duplicate_name)
		v_duplicate(v, VP_FIELD(p, "name"), "VAL-12", c->name);
	if (plain_init) {
		not_on_init(v, p, "lifecycle", c->lifecycle);
		not_on_init(v, p, "livenessProbe", c->liveness);
		not_on_init(v, p, "readinessProbe", c->readiness);
		not_on_init(v, p, "startupProbe", c->startup);
	} else {
		probes_and_hooks(v, p, s, c);
	}
	if (list == V_REGULAR)
		restart_policy(v, p, c, list);
}
