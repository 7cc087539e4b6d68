/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Validation of a pod as a whole: its lists of containers, host namespaces, DNS, security and
 * deadlines, pod templates, and updates of a live pod. Problems come in the order of VAL-4.
 */
#include "core/resources.h"
#include "spec/validate_internal.h"

#define NAMESERVERS_MAX  3
#define SEARCHES_MAX     32
#define SEARCH_CHARS_MAX 2048
#define DEADLINE_MAX_S   INT32_MAX

/* ---- containers -------------------------------------------------------------------------------
 */

/* Names that were seen, by their hash: a pod may be told to have thousands of containers. */
struct names {
	const char **v;
	size_t mask;
};

static struct names *names_new(struct sp_arena *a, size_t n)
{
	struct names *s = sp_arena_alloc(a, sizeof(*s));
	size_t cap = 16;

	while (cap < 2 * n)
		cap *= 2;
	if (!s)
		return NULL;
	s->v = sp_arena_array(a, cap, sizeof(*s->v));
	s->mask = cap - 1;
	return s->v ? s : NULL;
}

/* Return: was it there already? An empty name is nobody's. */
static bool name_taken(struct names *s, const char *name)
{
	size_t i = 5381;

	if (!s || v_empty(name))
		return false;
	for (const char *p = name; *p; p++)
		i = i * 33 + (unsigned char)*p;
	for (i &= s->mask; s->v[i]; i = (i + 1) & s->mask)
		if (sp_streq(s->v[i], name))
			return true;
	s->v[i] = name;
	return false;
}

static void containers(struct sp_v *v, const struct sp_vp *spec, const struct sp_k_pod_spec *s,
		       struct names *names)
{
	const struct sp_vp *list = VP_FIELD(spec, "containers");

	if (s->containers.n == 0) {
		struct sp_diag *d = v_required(v, list, "VAL-10", NULL);

		if (s->init_containers.n > 0)
			d->why = "init containers and sidecars alone are no pod";
	}
	for (uint32_t i = 0; i < s->containers.n; i++) {
		const struct sp_k_container *c = &s->containers.v[i];

		v_container(v, VP_ITEM(list, i, c->node), s, c, V_REGULAR,
			    name_taken(names, c->name));
	}
	v_host_ports(v, list, s->containers.v, s->containers.n);
}

/* After the others: a name of both lists is told here. */
static void init_containers(struct sp_v *v, const struct sp_vp *spec, const struct sp_k_pod_spec *s,
			    struct names *names)
{
	const struct sp_vp *list = VP_FIELD(spec, "initContainers");

	for (uint32_t i = 0; i < s->init_containers.n; i++) {
		const struct sp_k_container *c = &s->init_containers.v[i];

		v_container(v, VP_ITEM(list, i, c->node), s, c, V_INIT, name_taken(names, c->name));
		v_host_ports(v, list, c, 1);
	}
}

/* ---- pod-level resources ----------------------------------------------------------------------
 */

static const char *amount(struct sp_v *v, int64_t value, enum sp_res r)
{
	char mem[80];
	struct sp_buf b = sp_buf_fixed(mem, sizeof(mem));

	sp_quantity_print((__int128)value * (r == SP_RES_CPU ? 1000000 : 1000000000),
			  r != SP_RES_CPU, &b);
	return sp_arena_strdup(v->a, mem);
}

/* What the containers ask for of one resource must fit into what the pod has. */
static void fits_pod(struct sp_v *v, const struct sp_vp *spec, const struct sp_k_pod_spec *s,
		     const struct sp_res_pod *sums, enum sp_res r, const char *name)
{
	const struct sp_vp *p = VP_FIELD(spec, "resources");
	const struct sp_vp *list = VP_FIELD(spec, "containers");
	int64_t req = sums->pod.req[r], lim = sums->pod.lim[r], sum;
	struct sp_res_pod of_containers = *sums;

	of_containers.pod.req[r] = SP_RES_UNSET;
	of_containers.overhead[r] = 0;
	sum = sp_res_request(&of_containers, r, NULL, NULL);
	if (req != SP_RES_UNSET && sum > req)
		v_invalid(v, VP_KEY(VP_FIELD(p, "requests"), name), "VAL-66", amount(v, req, r),
			  "must be greater than or equal to aggregate container requests of %s",
			  amount(v, sum, r));
	for (uint32_t k = 0; k < s->containers.n && lim != SP_RES_UNSET; k++) {
		const struct sp_k_container *c = &s->containers.v[k];
		int64_t own = sums->ctrs[s->init_containers.n + k].lim[r];
		const struct sp_vp *limits =
			VP_FIELD(VP_FIELD(VP_ITEM(list, k, c->node), "resources"), "limits");

		if (own != SP_RES_UNSET && own > lim)
			v_invalid(v, VP_KEY(limits, name), "VAL-66", amount(v, own, r),
				  "must be less than or equal to pod limits of %s",
				  amount(v, lim, r));
	}
}

/* "hugepages-2Mi" */
static const char *huge_name(struct sp_v *v, int64_t page_bytes)
{
	return sp_arena_printf(v->a, SP_HUGE_PREFIX "%s", amount(v, page_bytes, SP_RES_HUGE));
}

static void pod_resources(struct sp_v *v, const struct sp_vp *spec, const struct sp_k_pod_spec *s)
{
	struct sp_res_pod sums;

	if (!s->resources)
		return;
	v_resources(v, VP_FIELD(spec, "resources"), s->resources, true);
	if (sp_pod_resources(s, &sums) < 0)
		return;
	fits_pod(v, spec, s, &sums, SP_RES_CPU, "cpu");
	fits_pod(v, spec, s, &sums, SP_RES_MEMORY, "memory");
	for (uint16_t i = 0; i < sums.n_huge; i++)
		fits_pod(v, spec, s, &sums, (enum sp_res)(SP_RES_HUGE + i),
			 huge_name(v, sums.huge[i]));
}

/* ---- the rest of the spec ---------------------------------------------------------------------
 */

static bool is_true(const struct sp_opt_bool *b)
{
	return b->set && b->v;
}

static void host_network(struct sp_v *v, const struct sp_vp *spec, const struct sp_k_pod_spec *s)
{
	for (uint32_t i = 0; i < s->containers.n && is_true(&s->host_network); i++) {
		const struct sp_k_container *c = &s->containers.v[i];
		const struct sp_vp *list =
			VP_FIELD(VP_ITEM(VP_FIELD(spec, "containers"), i, c->node), "ports");

		for (uint32_t k = 0; k < c->ports.n; k++) {
			const struct sp_k_port *port = &c->ports.v[k];

			if (port->host_port.v != 0 && port->host_port.v != port->container_port.v)
				v_invalid_int(
					v, VP_FIELD(VP_ITEM(list, k, port->node), "hostPort"),
					"VAL-35", port->host_port.v,
					"must match `containerPort` when `hostNetwork` is true");
		}
	}
	if (is_true(&s->share_pid) && is_true(&s->host_pid))
		v_invalid_node(v, VP_FIELD(spec, "shareProcessNamespace"), "VAL-68",
			       sp_node_get(s->node, "shareProcessNamespace"),
			       "ShareProcessNamespace and HostPID cannot both be enabled");
}

static void pod_security(struct sp_v *v, const struct sp_vp *p, const struct sp_k_pod_security *s)
{
	static const char *const change[] = {"Always", "OnRootMismatch", NULL};
	static const char *const groups[] = {"Merge", "Strict", NULL};
	const struct sp_vp *list = VP_FIELD(p, "supplementalGroups");
	const struct sp_vp *sysctls = VP_FIELD(p, "sysctls");

	v_id(v, VP_FIELD(p, "fsGroup"), &s->fs_group);
	v_id(v, VP_FIELD(p, "runAsUser"), &s->run_as_user);
	v_id(v, VP_FIELD(p, "runAsGroup"), &s->run_as_group);
	for (uint32_t i = 0; i < s->supplemental_groups.n; i++)
		v_id(v, VP_AT(list, i), &(struct sp_opt_int){true, s->supplemental_groups.v[i]});
	for (uint32_t i = 0; i < s->sysctls.n; i++) {
		const char *name = s->sysctls.v[i].name;
		const struct sp_vp *at =
			VP_FIELD(VP_ITEM(sysctls, i, s->sysctls.v[i].node), "name");

		if (v_empty(name)) {
			v_required(v, at, "VAL-67", NULL);
			continue;
		}
		v_name(v, at, "VAL-67", name, sp_name_sysctl);
		for (uint32_t k = 0; k < i; k++)
			if (s->sysctls.v[k].name && sp_streq(s->sysctls.v[k].name, name)) {
				v_duplicate(v, at, "VAL-67", name);
				break;
			}
	}
	v_one_of(v, VP_FIELD(p, "fsGroupChangePolicy"), "VAL-67", s->fs_group_change_policy,
		 change);
	v_one_of(v, VP_FIELD(p, "supplementalGroupsPolicy"), "VAL-67",
		 s->supplemental_groups_policy, groups);
	if (s->seccomp)
		v_seccomp(v, VP_FIELD(p, "seccompProfile"), s->seccomp);
}

static void search_path(struct sp_v *v, const struct sp_vp *p, const char *search)
{
	size_t n = strlen(search);
	struct sp_name_msgs msgs;
	char *plain;

	/* "." alone is the root, and a fully qualified name may end with a dot. */
	if (sp_streq(search, "."))
		return;
	plain = sp_arena_strndup(v->a, search, n > 1 && search[n - 1] == '.' ? n - 1 : n);
	if (!plain)
		return;
	sp_name_subdomain(plain, &msgs);
	v_msgs(v, p, "VAL-69", search, &msgs);
}

static void dns(struct sp_v *v, const struct sp_vp *spec, const struct sp_k_pod_spec *s)
{
	const struct sp_vp *p = VP_FIELD(spec, "dnsConfig");
	const struct sp_vp *servers = VP_FIELD(p, "nameservers"),
			   *searches = VP_FIELD(p, "searches");
	const struct sp_vp *options = VP_FIELD(p, "options");
	const struct sp_k_dns_config *c = s->dns_config;
	bool none = s->dns_policy && sp_streq(s->dns_policy, "None");
	size_t chars = 0;

	if (!c) {
		if (none)
			v_required(v, p, "VAL-69",
				   "must provide `dnsConfig` when `dnsPolicy` is None");
		return;
	}
	if (none && c->nameservers.n == 0)
		v_required(v, servers, "VAL-69",
			   "must provide at least one DNS nameserver when `dnsPolicy` is None");
	if (c->nameservers.n > NAMESERVERS_MAX)
		v_invalid_node(v, servers, "VAL-69", sp_node_get(c->node, "nameservers"),
			       "must not have more than %d nameservers", NAMESERVERS_MAX);
	for (uint32_t i = 0; i < c->nameservers.n; i++)
		v_name(v, VP_AT(servers, i), "VAL-69", c->nameservers.v[i], sp_name_ip);
	for (uint32_t i = 0; i < c->searches.n; i++)
		chars += strlen(c->searches.v[i]) + (i > 0);
	if (c->searches.n > SEARCHES_MAX)
		v_invalid_node(v, searches, "VAL-69", sp_node_get(c->node, "searches"),
			       "must not have more than %d search paths", SEARCHES_MAX);
	else if (chars > SEARCH_CHARS_MAX)
		v_invalid_node(v, searches, "VAL-69", sp_node_get(c->node, "searches"),
			       "must not have more than %d characters (including spaces) in the "
			       "search list",
			       SEARCH_CHARS_MAX);
	for (uint32_t i = 0; i < c->searches.n; i++)
		search_path(v, VP_AT(searches, i), c->searches.v[i]);
	for (uint32_t i = 0; i < c->options.n; i++)
		if (v_empty(c->options.v[i].name))
			v_required(v, VP_ITEM(options, i, c->options.v[i].node), "VAL-69",
				   "must not be empty");
}

static void names_of_spec(struct sp_v *v, const struct sp_vp *p, const struct sp_k_pod_spec *s)
{
	const struct {
		const char *field, *value;
		void (*check)(const char *, struct sp_name_msgs *);
	} names[] = {
		{"hostname", s->hostname, sp_name_label},
		{"subdomain", s->subdomain, sp_name_label},
		{"serviceAccountName", s->service_account, sp_name_subdomain},
		{"nodeName", s->node_name, sp_name_subdomain},
		{"runtimeClassName", s->runtime_class_name, sp_name_subdomain},
	};

	for (size_t i = 0; i < SP_ARRAY_LEN(names); i++)
		if (!v_empty(names[i].value))
			v_name(v, VP_FIELD(p, names[i].field), "VAL-20", names[i].value,
			       names[i].check);
}

static void host_aliases(struct sp_v *v, const struct sp_vp *spec, const struct sp_k_pod_spec *s)
{
	const struct sp_vp *list = VP_FIELD(spec, "hostAliases");

	for (uint32_t i = 0; i < s->host_aliases.n; i++) {
		const struct sp_k_host_alias *h = &s->host_aliases.v[i];
		const struct sp_vp *p = VP_ITEM(list, i, h->node);
		const struct sp_vp *hosts = VP_FIELD(p, "hostnames");

		v_name(v, VP_FIELD(p, "ip"), "VAL-69", h->ip ? h->ip : "", sp_name_ip);
		for (uint32_t k = 0; k < h->hostnames.n; k++)
			v_name(v, VP_AT(hosts, k), "VAL-69", h->hostnames.v[k], sp_name_subdomain);
	}
}

static void gates(struct sp_v *v, const struct sp_vp *spec, const struct sp_k_pod_spec *s)
{
	const struct sp_vp *list = VP_FIELD(spec, "readinessGates");

	for (uint32_t i = 0; i < s->readiness_gates.n; i++) {
		const struct sp_k_gate *g = &s->readiness_gates.v[i];

		v_name(v, VP_FIELD(VP_ITEM(list, i, g->node), "conditionType"), "VAL-20",
		       g->condition_type ? g->condition_type : "", sp_name_qualified);
	}
}

void v_pod_spec(struct sp_v *v, const struct sp_vp *p, const struct sp_k_pod_spec *s)
{
	static const char *const restarts[] = {"Always", "OnFailure", "Never", NULL};
	static const char *const dns_policies[] = {"ClusterFirst", "ClusterFirstWithHostNet",
						   "Default", "None", NULL};
	const struct sp_node *ephemeral = sp_node_get(s->node, "ephemeralContainers");
	const char *os = sp_node_str(sp_node_at(s->node, "os.name"), NULL);
	struct names *names = names_new(v->a, (size_t)s->containers.n + s->init_containers.n);

	v_volumes(v, VP_FIELD(p, "volumes"), s);
	containers(v, p, s, names);
	init_containers(v, p, s, names);
	if (ephemeral && ephemeral->kind == SP_NODE_LIST && ephemeral->n > 0)
		v_forbidden(v, VP_FIELD(p, "ephemeralContainers"), "VAL-21",
			    "cannot be set on create")
			->fix = "use sidepod exec to look into a running pod";
	pod_resources(v, p, s);
	host_network(v, p, s);
	if (!v->is_template) /* what makes pods has a narrower set of its own */
		v_one_of(v, VP_FIELD(p, "restartPolicy"), "VAL-18", s->restart_policy, restarts);
	v_one_of(v, VP_FIELD(p, "dnsPolicy"), "VAL-69", s->dns_policy, dns_policies);
	if (s->security)
		pod_security(v, VP_FIELD(p, "securityContext"), s->security);
	dns(v, p, s);
	names_of_spec(v, p, s);
	if (s->active_deadline_s.set &&
	    (s->active_deadline_s.v < 1 || s->active_deadline_s.v > DEADLINE_MAX_S))
		v_invalid_int(v, VP_FIELD(p, "activeDeadlineSeconds"), "VAL-54",
			      s->active_deadline_s.v, "must be between 1 and %d, inclusive",
			      DEADLINE_MAX_S);
	host_aliases(v, p, s);
	gates(v, p, s);
	if (os && !sp_streq(os, "linux") && !v->for_cluster)
		v_forbidden(v, VP_FIELD(VP_FIELD(p, "os"), "name"), "OPT-7",
			    "sidepod runs Linux pods only");
	v_refuse(v, p, SP_REFUSED_POD, s->node);
}

void v_pod_template(struct sp_v *v, const struct sp_vp *p, const struct sp_k_pod_template *t)
{
	bool outer = v->is_template;

	if (!t || !t->spec) {
		v_required(v, VP_FIELD(VP_FIELD(p, "spec"), "containers"), "VAL-10", NULL);
		return;
	}
	v->is_template = true;
	v_meta(v, VP_FIELD(p, "metadata"), t->meta, false, NULL);
	v_pod_spec(v, VP_FIELD(p, "spec"), t->spec);
	v->is_template = outer;
}

/* ---- updates ----------------------------------------------------------------------------------
 */

static const char update_msg[] =
	"pod updates may not change fields other than "
	"`spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,"
	"`spec.tolerations` (only additions to existing "
	"tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was "
	"previously negative)";

/* Lines "-path: old" and "+path: new" for every leaf that differs, at most @left of them. */
static void diff(const struct sp_node *was, const struct sp_node *is, const char *path, int *left,
		 struct sp_buf *out)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf sub = {0};

	/* null and absent mean the same */
	was = was && was->kind == SP_NODE_NULL ? NULL : was;
	is = is && is->kind == SP_NODE_NULL ? NULL : is;
	if (*left <= 0 || (!was && !is) || (was && is && sp_node_equal(was, is)))
		return;
	if (was && is && was->kind == SP_NODE_MAP && is->kind == SP_NODE_MAP) {
		for (uint32_t i = 0; i < was->n + is->n; i++) {
			bool second = i >= was->n;
			const char *key = second ? is->pairs[i - was->n].key : was->pairs[i].key;

			if (second && sp_node_get(was, key))
				continue;
			sp_buf_clear(&sub);
			sp_buf_printf(&sub, "%s.%s", path, key);
			if (!sub.failed)
				diff(sp_node_get(was, key), sp_node_get(is, key), sub.ptr, left,
				     out);
		}
		return;
	}
	if (was && is && was->kind == SP_NODE_LIST && is->kind == SP_NODE_LIST) {
		for (uint32_t i = 0; i < SP_MAX(was->n, is->n); i++) {
			sp_buf_clear(&sub);
			sp_buf_printf(&sub, "%s[%u]", path, i);
			if (!sub.failed)
				diff(i < was->n ? was->items[i] : NULL,
				     i < is->n ? is->items[i] : NULL, sub.ptr, left, out);
		}
		return;
	}
	(*left)--;
	if (was) {
		sp_buf_printf(out, "\n-%s: ", path);
		sp_node_json(was, -1, out);
	}
	if (is) {
		sp_buf_printf(out, "\n+%s: ", path);
		sp_node_json(is, -1, out);
	}
}

/* Put what may change from @live into @copy, so that what still differs may not. */
static int same_images(struct sp_arena *a, const struct sp_node *live, struct sp_node *copy,
		       const char *list)
{
	const struct sp_node *was = sp_node_get(live, list), *is = sp_node_get(copy, list);

	if (!was || !is || was->kind != SP_NODE_LIST || is->kind != SP_NODE_LIST)
		return 0;
	for (uint32_t i = 0; i < SP_MIN(was->n, is->n); i++) {
		const struct sp_node *image = sp_node_get(was->items[i], "image");
		struct sp_node *mine;

		if (!image || !sp_node_get(is->items[i], "image"))
			continue;
		mine = sp_node_clone(a, image);
		if (!mine || sp_node_set(a, is->items[i], "image", mine) < 0)
			return -1;
	}
	return 0;
}

static int take_live(struct sp_arena *a, const struct sp_node *live, struct sp_node *copy,
		     const char *field)
{
	const struct sp_node *was = sp_node_get(live, field);
	struct sp_node *mine = was ? sp_node_clone(a, was) : sp_node_new(a, SP_NODE_NULL);

	return mine ? sp_node_set(a, copy, field, mine) : -1;
}

/* Every toleration of @was is among those of @is. */
static bool only_additions(const struct sp_node *was, const struct sp_node *is)
{
	for (uint32_t i = 0; was && was->kind == SP_NODE_LIST && i < was->n; i++) {
		bool found = false;

		for (uint32_t k = 0; is && is->kind == SP_NODE_LIST && k < is->n && !found; k++)
			found = sp_node_equal(was->items[i], is->items[k]);
		if (!found)
			return false;
	}
	return true;
}

static void deadline_change(struct sp_v *v, const struct sp_vp *p, const struct sp_k_pod_spec *was,
			    const struct sp_k_pod_spec *is)
{
	const struct sp_vp *at = VP_FIELD(p, "activeDeadlineSeconds");
	const struct sp_opt_int *o = &was->active_deadline_s, *n = &is->active_deadline_s;

	if (n->set && o->set && n->v > o->v)
		v_invalid_int(v, at, "VAL-80", n->v,
			      "must be less than or equal to previous value");
	else if (o->set && !n->set)
		v_required(v, at, "VAL-80", "must not update from a positive integer to nil value");
}

static void immutable_meta(struct sp_v *v, const char *field, const char *was, const char *is)
{
	if (!v_empty(is) && !sp_streq(was ? was : "", is))
		v_invalid(v, VP_FIELD(VP_ROOT("metadata", NULL), field), "VAL-80", is,
			  "field is immutable");
}

void sp_pod_update_validate(struct sp_arena *a, const struct sp_object *live,
			    const struct sp_object *wanted, struct sp_diags *diags)
{
	const struct sp_k_pod_spec *was = live->pod->spec, *is = wanted->pod->spec;
	struct sp_v v = {.a = a,
			 .diags = diags,
			 .minor = SP_KUBE_MINOR,
			 .first = diags->n,
			 .at = wanted->node ? wanted->node->at : (struct sp_mark){0, 0},
			 .file = wanted->source ? wanted->source->name : NULL};
	const struct sp_vp *p = VP_ROOT("spec", is ? is->node : NULL);
	SP_CLEANUP(sp_buf_done) struct sp_buf lines = {0};
	struct sp_node *copy;
	int left = 10;

	if (live->meta && wanted->meta) {
		immutable_meta(&v, "name", live->meta->name, wanted->meta->name);
		immutable_meta(&v, "namespace", live->meta->ns, wanted->meta->ns);
		immutable_meta(&v, "uid", live->meta->uid, wanted->meta->uid);
	}
	if (!was || !is)
		return;
	deadline_change(&v, p, was, is);
	copy = sp_node_clone(a, is->node);
	if (!copy || same_images(a, was->node, copy, "containers") < 0 ||
	    same_images(a, was->node, copy, "initContainers") < 0)
		return;
	if ((was->active_deadline_s.set || is->active_deadline_s.set) &&
	    take_live(a, was->node, copy, "activeDeadlineSeconds") < 0)
		return;
	if (was->grace_s.set && was->grace_s.v < 0 && is->grace_s.set && is->grace_s.v == 1 &&
	    take_live(a, was->node, copy, "terminationGracePeriodSeconds") < 0)
		return;
	if (only_additions(sp_node_get(was->node, "tolerations"),
			   sp_node_get(is->node, "tolerations")) &&
	    v_has(is->node, "tolerations") && take_live(a, was->node, copy, "tolerations") < 0)
		return;
	diff(was->node, copy, "spec", &left, &lines);
	if (lines.len > 0 && !lines.failed)
		v_forbidden(&v, p, "VAL-80", "%s%s", update_msg, lines.ptr)->fix =
			"stop the pod and start it anew with the changed manifest";
}
