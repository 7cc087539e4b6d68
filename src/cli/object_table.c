/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/object_table.h"

#include "base/text.h"
#include "spec/tree.h"

#define NONE "<none>"

struct row {
	const struct sp_node *n;
	const struct sp_object_rows *o;
	struct sp_table *t;
};

/* A column: its header, and what puts its cell. @arg: a path, for those that need one. */
struct column {
	const char *header;
	void (*put)(const struct row *r, const char *arg);
	const char *arg;
	bool wide;
};

/* ---- cells ----------------------------------------------------------------------------------- */

static int64_t number(const struct sp_node *n, const char *path, int64_t def)
{
	return sp_node_int(sp_node_at(n, path), def);
}

static const char *text(const struct sp_node *n, const char *path)
{
	return sp_node_str(sp_node_at(n, path), "");
}

static void put(const struct row *r, const struct sp_buf *b)
{
	r->t->failed |= b->failed;
	sp_table_add(r->t, b->ptr ? b->ptr : "");
}

static void put_name(const struct row *r, const char *arg)
{
	sp_table_addf(r->t, "%s%s", r->o->prefix ? r->o->prefix : "", text(r->n, "metadata.name"));
}

static void put_since(const struct row *r, const char *path, const char *otherwise)
{
	int64_t t = sp_node_time(sp_node_at(r->n, path), -1);
	char mem[32];
	struct sp_buf b = sp_buf_fixed(mem, sizeof(mem));

	if (t < 0) {
		sp_table_add(r->t, otherwise);
		return;
	}
	sp_format_age(&b, r->o->now_wall - t);
	put(r, &b);
}

static void put_age(const struct row *r, const char *arg)
{
	put_since(r, "metadata.creationTimestamp", "<unknown>");
}

static void put_time_ago(const struct row *r, const char *path)
{
	put_since(r, path, NONE);
}

static void put_number(const struct row *r, const char *path)
{
	sp_table_addf(r->t, "%lld", (long long)number(r->n, path, 0));
}

static void put_text(const struct row *r, const char *path)
{
	sp_table_add(r->t, text(r->n, path));
}

static void put_text_or_none(const struct row *r, const char *path)
{
	sp_table_add(r->t, *text(r->n, path) ? text(r->n, path) : NONE);
}

static void put_bool(const struct row *r, const char *path)
{
	sp_table_add(r->t, sp_node_bool(sp_node_at(r->n, path), false) ? "True" : "False");
}

static void put_length(const struct row *r, const char *path)
{
	const struct sp_node *n = sp_node_at(r->n, path);

	sp_table_addf(r->t, "%u", n ? n->n : 0);
}

/* Both maps of a ConfigMap. */
static void put_data(const struct row *r, const char *arg)
{
	const struct sp_node *a = sp_node_get(r->n, "data"), *b = sp_node_get(r->n, "binaryData");

	sp_table_addf(r->t, "%u", (a ? a->n : 0) + (b ? b->n : 0));
}

static void put_ready_of_replicas(const struct row *r, const char *arg)
{
	sp_table_addf(r->t, "%lld/%lld", (long long)number(r->n, "status.readyReplicas", 0),
		      (long long)number(r->n, "spec.replicas", 1));
}

static void put_replicas(const struct row *r, const char *arg)
{
	sp_table_addf(r->t, "%lld", (long long)number(r->n, "spec.replicas", 1));
}

void sp_object_selector(const struct sp_node *selector, struct sp_buf *out)
{
	const struct sp_node *labels = sp_node_get(selector, "matchLabels");
	const struct sp_node *rules = sp_node_get(selector, "matchExpressions");
	bool any = false;

	if (!labels && !rules)
		labels = selector;
	for (uint32_t i = 0; labels && labels->kind == SP_NODE_MAP && i < labels->n; i++) {
		sp_buf_printf(out, "%s%s=%s", any ? "," : "", labels->pairs[i].key,
			      sp_node_str(labels->pairs[i].value, ""));
		any = true;
	}
	for (uint32_t i = 0; rules && rules->kind == SP_NODE_LIST && i < rules->n; i++) {
		const struct sp_node *rule = rules->items[i], *values = sp_node_get(rule, "values");
		const char *op = text(rule, "operator"), *key = text(rule, "key");

		sp_buf_puts(out, any ? "," : "");
		any = true;
		if (!values || values->kind != SP_NODE_LIST) {
			sp_buf_printf(out, "%s%s", sp_streq(op, "DoesNotExist") ? "!" : "", key);
			continue;
		}
		sp_buf_printf(out, "%s %s (", key, sp_streq(op, "NotIn") ? "notin" : "in");
		for (uint32_t k = 0; k < values->n; k++)
			sp_buf_printf(out, "%s%s", k ? "," : "", sp_node_str(values->items[k], ""));
		sp_buf_putc(out, ')');
	}
	if (!any)
		sp_buf_puts(out, NONE);
}

static void put_selector(const struct row *r, const char *path)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf b = {0};

	sp_object_selector(sp_node_at(r->n, path), &b);
	put(r, &b);
}

/* Of every container one field, joined by commas. @template: where the pod's specification is */
static void put_containers(const struct row *r, const char *template, const char *field)
{
	const struct sp_node *pod = sp_node_at(r->n, template);
	const struct sp_node *list = sp_node_get(pod, "containers");
	SP_CLEANUP(sp_buf_done) struct sp_buf b = {0};

	for (uint32_t i = 0; list && list->kind == SP_NODE_LIST && i < list->n; i++)
		sp_buf_printf(&b, "%s%s", i ? "," : "", text(list->items[i], field));
	put(r, &b);
}

static void put_container_names(const struct row *r, const char *template)
{
	put_containers(r, template, "name");
}

static void put_images(const struct row *r, const char *template)
{
	put_containers(r, template, "image");
}

/* ---- jobs ------------------------------------------------------------------------------------ */

static bool has_condition(const struct sp_node *n, const char *type)
{
	const struct sp_node *list = sp_node_at(n, "status.conditions");

	for (uint32_t i = 0; list && list->kind == SP_NODE_LIST && i < list->n; i++)
		if (sp_streq(text(list->items[i], "type"), type) &&
		    sp_streq(text(list->items[i], "status"), "True"))
			return true;
	return false;
}

static void put_job_status(const struct row *r, const char *arg)
{
	static const char *const before[] = {"Complete", "Failed"};
	static const char *const behind[] = {"Suspended", "FailureTarget", "SuccessCriteriaMet"};

	for (size_t i = 0; i < SP_ARRAY_LEN(before); i++)
		if (has_condition(r->n, before[i])) {
			sp_table_add(r->t, before[i]);
			return;
		}
	if (*text(r->n, "metadata.deletionTimestamp")) {
		sp_table_add(r->t, "Terminating");
		return;
	}
	for (size_t i = 0; i < SP_ARRAY_LEN(behind); i++)
		if (has_condition(r->n, behind[i])) {
			sp_table_add(r->t, behind[i]);
			return;
		}
	sp_table_add(r->t, "Running");
}

static void put_completions(const struct row *r, const char *arg)
{
	const struct sp_node *want = sp_node_at(r->n, "spec.completions");
	int64_t parallelism = number(r->n, "spec.parallelism", 1);
	int64_t have = number(r->n, "status.succeeded", 0);

	if (want && want->kind == SP_NODE_INT)
		sp_table_addf(r->t, "%lld/%lld", (long long)have, (long long)want->i);
	else if (parallelism > 1)
		sp_table_addf(r->t, "%lld/1 of %lld", (long long)have, (long long)parallelism);
	else
		sp_table_addf(r->t, "%lld/1", (long long)have);
}

void sp_object_job_duration(const struct sp_node *job, int64_t now_wall, struct sp_buf *out)
{
	int64_t from = sp_node_time(sp_node_at(job, "status.startTime"), -1);
	int64_t to = sp_node_time(sp_node_at(job, "status.completionTime"), -1);

	if (from >= 0)
		sp_format_age(out, (to >= 0 ? to : now_wall) - from);
}

static void put_duration(const struct row *r, const char *arg)
{
	char mem[32];
	struct sp_buf b = sp_buf_fixed(mem, sizeof(mem));

	sp_object_job_duration(r->n, r->o->now_wall, &b);
	put(r, &b);
}

/* ---- services -------------------------------------------------------------------------------- */

static void put_list(struct sp_buf *b, const struct sp_node *list, const char *path)
{
	for (uint32_t i = 0; list && list->kind == SP_NODE_LIST && i < list->n; i++)
		sp_buf_printf(b, "%s%s", b->len ? "," : "",
			      path ? text(list->items[i], path) : sp_node_str(list->items[i], ""));
}

static void put_cluster_ip(const struct row *r, const char *arg)
{
	const char *ip = text(r->n, "spec.clusterIP");

	sp_table_add(r->t, *ip ? ip : NONE);
}

static void put_external_ip(const struct row *r, const char *arg)
{
	const char *type = text(r->n, "spec.type");
	SP_CLEANUP(sp_buf_done) struct sp_buf b = {0};

	if (sp_streq(type, "ExternalName"))
		sp_buf_puts(&b, text(r->n, "spec.externalName"));
	if (sp_streq(type, "LoadBalancer"))
		put_list(&b, sp_node_at(r->n, "status.loadBalancer.ingress"), "ip");
	put_list(&b, sp_node_at(r->n, "spec.externalIPs"), NULL);
	if (!b.len)
		sp_buf_puts(&b, sp_streq(type, "LoadBalancer") ? "<pending>" : NONE);
	put(r, &b);
}

static void put_ports(const struct row *r, const char *path)
{
	const struct sp_node *list = sp_node_at(r->n, path);
	SP_CLEANUP(sp_buf_done) struct sp_buf b = {0};

	for (uint32_t i = 0; list && list->kind == SP_NODE_LIST && i < list->n; i++) {
		const struct sp_node *port = list->items[i];
		int64_t node = number(port, "nodePort", 0);

		sp_buf_printf(&b, "%s%lld", i ? "," : "", (long long)number(port, "port", 0));
		if (node)
			sp_buf_printf(&b, ":%lld", (long long)node);
		sp_buf_printf(&b, "/%s", sp_node_str(sp_node_get(port, "protocol"), "TCP"));
	}
	if (!b.len)
		sp_buf_puts(&b, NONE);
	put(r, &b);
}

static void put_slice_ports(const struct row *r, const char *arg)
{
	const struct sp_node *list = sp_node_get(r->n, "ports");
	SP_CLEANUP(sp_buf_done) struct sp_buf b = {0};

	for (uint32_t i = 0; list && list->kind == SP_NODE_LIST && i < list->n; i++)
		sp_buf_printf(&b, "%s%lld", i ? "," : "",
			      (long long)number(list->items[i], "port", 0));
	if (!b.len)
		sp_buf_puts(&b, "<unset>");
	put(r, &b);
}

static void put_endpoints(const struct row *r, const char *arg)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf b = {0};

	put_list(&b, sp_node_get(r->n, "endpoints"), "addresses[0]");
	if (!b.len)
		sp_buf_puts(&b, "<unset>");
	put(r, &b);
}

/* ---- claims, events -------------------------------------------------------------------------- */

/* "RWO,ROX" */
static void put_access_modes(const struct row *r, const char *path)
{
	static const char *const words[][2] = {{"ReadWriteOnce", "RWO"},
					       {"ReadOnlyMany", "ROX"},
					       {"ReadWriteMany", "RWX"},
					       {"ReadWriteOncePod", "RWOP"}};
	const struct sp_node *list = sp_node_at(r->n, path);
	SP_CLEANUP(sp_buf_done) struct sp_buf b = {0};

	for (uint32_t i = 0; list && list->kind == SP_NODE_LIST && i < list->n; i++)
		for (size_t k = 0; k < SP_ARRAY_LEN(words); k++)
			if (sp_streq(sp_node_str(list->items[i], ""), words[k][0]))
				sp_buf_printf(&b, "%s%s", b.len ? "," : "", words[k][1]);
	put(r, &b);
}

static void put_involved(const struct row *r, const char *arg)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf b = {0};

	for (const char *p = text(r->n, "involvedObject.kind"); *p; p++)
		sp_buf_putc(&b, *p >= 'A' && *p <= 'Z' ? (char)(*p + 'a' - 'A') : *p);
	sp_buf_printf(&b, "/%s", text(r->n, "involvedObject.name"));
	put(r, &b);
}

static void put_last_seen(const struct row *r, const char *arg)
{
	put_since(r,
		  sp_node_at(r->n, "lastTimestamp") ? "lastTimestamp"
						    : "metadata.creationTimestamp",
		  "<unknown>");
}

/* ---- kinds ----------------------------------------------------------------------------------- */

#define NAME                                                                                       \
	{                                                                                          \
		"NAME", put_name                                                                   \
	}
#define AGE                                                                                        \
	{                                                                                          \
		"AGE", put_age                                                                     \
	}
#define CONTAINERS(template)                                                                       \
	{"CONTAINERS", put_container_names, template, true},                                       \
	{                                                                                          \
		"IMAGES", put_images, template, true                                               \
	}
#define SELECTOR(path)                                                                             \
	{                                                                                          \
		"SELECTOR", put_selector, path, true                                               \
	}
#define TEMPLATE "spec.template.spec"

static const struct column deployment[] = {
	NAME,
	{"READY", put_ready_of_replicas},
	{"UP-TO-DATE", put_number, "status.updatedReplicas"},
	{"AVAILABLE", put_number, "status.availableReplicas"},
	AGE,
	CONTAINERS(TEMPLATE),
	SELECTOR("spec.selector"),
	{0},
};
static const struct column replica_set[] = {
	NAME,
	{"DESIRED", put_replicas},
	{"CURRENT", put_number, "status.replicas"},
	{"READY", put_number, "status.readyReplicas"},
	AGE,
	CONTAINERS(TEMPLATE),
	SELECTOR("spec.selector"),
	{0},
};
static const struct column stateful_set[] = {
	NAME, {"READY", put_ready_of_replicas}, AGE, CONTAINERS(TEMPLATE), {0},
};
static const struct column daemon_set[] = {
	NAME,
	{"DESIRED", put_number, "status.desiredNumberScheduled"},
	{"CURRENT", put_number, "status.currentNumberScheduled"},
	{"READY", put_number, "status.numberReady"},
	{"UP-TO-DATE", put_number, "status.updatedNumberScheduled"},
	{"AVAILABLE", put_number, "status.numberAvailable"},
	{"NODE SELECTOR", put_selector, "spec.template.spec.nodeSelector"},
	AGE,
	CONTAINERS(TEMPLATE),
	SELECTOR("spec.selector"),
	{0},
};
static const struct column job[] = {
	NAME,
	{"STATUS", put_job_status},
	{"COMPLETIONS", put_completions},
	{"DURATION", put_duration},
	AGE,
	CONTAINERS(TEMPLATE),
	SELECTOR("spec.selector"),
	{0},
};
static const struct column cron_job[] = {
	NAME,
	{"SCHEDULE", put_text, "spec.schedule"},
	{"TIMEZONE", put_text_or_none, "spec.timeZone"},
	{"SUSPEND", put_bool, "spec.suspend"},
	{"ACTIVE", put_length, "status.active"},
	{"LAST SCHEDULE", put_time_ago, "status.lastScheduleTime"},
	AGE,
	CONTAINERS("spec.jobTemplate.spec.template.spec"),
	SELECTOR("spec.jobTemplate.spec.selector"),
	{0},
};
static const struct column service[] = {
	NAME,
	{"TYPE", put_text, "spec.type"},
	{"CLUSTER-IP", put_cluster_ip},
	{"EXTERNAL-IP", put_external_ip},
	{"PORT(S)", put_ports, "spec.ports"},
	AGE,
	SELECTOR("spec.selector"),
	{0},
};
static const struct column claim[] = {
	NAME,
	{"STATUS", put_text, "status.phase"},
	{"VOLUME", put_text, "spec.volumeName"},
	{"CAPACITY", put_text, "status.capacity.storage"},
	{"ACCESS MODES", put_access_modes, "status.accessModes"},
	{"STORAGECLASS", put_text, "spec.storageClassName"},
	{"VOLUMEATTRIBUTESCLASS", put_text_or_none, "spec.volumeAttributesClassName"},
	AGE,
	{"VOLUMEMODE", put_text, "spec.volumeMode", true},
	{0},
};
static const struct column config_map[] = {NAME, {"DATA", put_data}, AGE, {0}};
static const struct column secret[] = {
	NAME, {"TYPE", put_text, "type"}, {"DATA", put_length, "data"}, AGE, {0},
};
static const struct column namespace[] = {NAME, {"STATUS", put_text, "status.phase"}, AGE, {0}};
static const struct column slice[] = {
	NAME,
	{"ADDRESSTYPE", put_text, "addressType"},
	{"PORTS", put_slice_ports},
	{"ENDPOINTS", put_endpoints},
	AGE,
	{0},
};
static const struct column event[] = {
	{"LAST SEEN", put_last_seen},
	{"TYPE", put_text, "type"},
	{"REASON", put_text, "reason"},
	{"OBJECT", put_involved},
	{"MESSAGE", put_text, "message"},
	{"NAME", put_name, NULL, true},
	{0},
};

static const struct {
	const char *kind;
	const struct column *columns;
} kinds[] = {
	{"Deployment", deployment},
	{"ReplicaSet", replica_set},
	{"StatefulSet", stateful_set},
	{"DaemonSet", daemon_set},
	{"Job", job},
	{"CronJob", cron_job},
	{"Service", service},
	{"PersistentVolumeClaim", claim},
	{"ConfigMap", config_map},
	{"Secret", secret},
	{"Namespace", namespace},
	{"EndpointSlice", slice},
	{"Event", event},
};

static const struct column *columns_of(const struct sp_resource *r)
{
	for (size_t i = 0; i < SP_ARRAY_LEN(kinds); i++)
		if (sp_streq(kinds[i].kind, r->kind))
			return kinds[i].columns;
	return NULL;
}

bool sp_object_table(const struct sp_resource *r, const struct sp_object_rows *o,
		     struct sp_arena *a, struct sp_table *ret)
{
	const struct column *c = columns_of(r);
	const char *headers[SP_COLUMNS_MAX];
	uint32_t n = 0;

	if (!c)
		return false;
	if (o->namespaces)
		headers[n++] = "NAMESPACE";
	for (; c->header; c++)
		if (o->wide || !c->wide) {
			assert(n < SP_COLUMNS_MAX); /* our own tables */
			headers[n++] = c->header;
		}
	sp_table_init(ret, a, headers, n);
	return true;
}

void sp_object_row(const struct sp_resource *r, const struct sp_object_rows *o,
		   const struct sp_node *n, struct sp_table *t)
{
	const struct column *c = columns_of(r);
	const struct row row = {n, o, t};

	assert(c); /* there is a table of its kind */
	if (o->namespaces)
		sp_table_add(t, text(n, "metadata.namespace"));
	for (; c->header; c++)
		if (o->wide || !c->wide)
			c->put(&row, c->arg);
}
