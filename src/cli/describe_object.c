/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/describe_object.h"

#include "base/text.h"
#include "cli/object_table.h"
#include "spec/tree.h"

#define WIDTH 24

static const char *text(const struct sp_node *n, const char *path)
{
	return sp_node_str(sp_node_at(n, path), "");
}

static int64_t number(const struct sp_node *n, const char *path, int64_t def)
{
	return sp_node_int(sp_node_at(n, path), def);
}

static uint32_t length(const struct sp_node *list)
{
	return list && list->kind == SP_NODE_LIST ? list->n : 0;
}

static void wide_title(struct sp_buf *out, const char *word, size_t width)
{
	sp_buf_printf(out, "%s:", word);
	sp_buf_fill(out, ' ', width - SP_MIN(strlen(word) + 1, width - 1));
}

static void title(struct sp_buf *out, const char *word)
{
	wide_title(out, word, WIDTH);
}

void sp_describe_map(struct sp_buf *out, const char *word, size_t width, const struct sp_node *map)
{
	wide_title(out, word, width);
	if (!map || map->kind != SP_NODE_MAP || map->n == 0) {
		sp_buf_puts(out, "<none>\n");
		return;
	}
	for (uint32_t i = 0; i < map->n; i++) {
		sp_buf_fill(out, ' ', i ? width : 0);
		sp_buf_printf(out, "%s=%s\n", map->pairs[i].key,
			      sp_node_str(map->pairs[i].value, ""));
	}
}

/* ---- single values --------------------------------------------------------------------------- */

/* Any scalar; lists with commas between. */
static void value(struct sp_buf *out, const struct sp_node *n)
{
	if (n->kind == SP_NODE_STR)
		sp_buf_puts(out, n->text);
	else if (n->kind == SP_NODE_BOOL)
		sp_buf_puts(out, n->b ? "true" : "false");
	else if (n->kind == SP_NODE_LIST)
		for (uint32_t i = 0; i < n->n; i++) {
			sp_buf_puts(out, i ? ", " : "");
			value(out, n->items[i]);
		}
	else
		sp_node_json(n, -1, out);
}

/* What is worth a line, by kind, in order; left out when it is not there and has no @otherwise. */
static const struct line {
	const char *kind, *word, *path, *otherwise;
} lines[] = {
	{"Deployment", "Strategy", "spec.strategy.type", NULL},
	{"Deployment", "Max unavailable", "spec.strategy.rollingUpdate.maxUnavailable", NULL},
	{"Deployment", "Max surge", "spec.strategy.rollingUpdate.maxSurge", NULL},
	{"Deployment", "Min ready seconds", "spec.minReadySeconds", "0"},
	{"Deployment", "Paused", "spec.paused", NULL},
	{"StatefulSet", "Service", "spec.serviceName", NULL},
	{"StatefulSet", "Pod management", "spec.podManagementPolicy", NULL},
	{"StatefulSet", "Update strategy", "spec.updateStrategy.type", NULL},
	{"DaemonSet", "Update strategy", "spec.updateStrategy.type", NULL},
	{"Job", "Parallelism", "spec.parallelism", NULL},
	{"Job", "Completions", "spec.completions", "<unset>"},
	{"Job", "Completion mode", "spec.completionMode", NULL},
	{"Job", "Suspend", "spec.suspend", "false"},
	{"Job", "Backoff limit", "spec.backoffLimit", NULL},
	{"Job", "Active deadline", "spec.activeDeadlineSeconds", NULL},
	{"Job", "TTL after finish", "spec.ttlSecondsAfterFinished", NULL},
	{"Job", "Start time", "status.startTime", NULL},
	{"Job", "Completed at", "status.completionTime", NULL},
	{"Job", "Completed indexes", "status.completedIndexes", NULL},
	{"Job", "Failed indexes", "status.failedIndexes", NULL},
	{"CronJob", "Schedule", "spec.schedule", NULL},
	{"CronJob", "Time zone", "spec.timeZone", "<none>"},
	{"CronJob", "Concurrency policy", "spec.concurrencyPolicy", NULL},
	{"CronJob", "Suspend", "spec.suspend", "false"},
	{"CronJob", "Starting deadline", "spec.startingDeadlineSeconds", "<unset>"},
	{"CronJob", "Successful jobs kept", "spec.successfulJobsHistoryLimit", NULL},
	{"CronJob", "Failed jobs kept", "spec.failedJobsHistoryLimit", NULL},
	{"CronJob", "Last schedule", "status.lastScheduleTime", "<unset>"},
	{"CronJob", "Last success", "status.lastSuccessfulTime", NULL},
	{"Service", "Type", "spec.type", NULL},
	{"Service", "External name", "spec.externalName", NULL},
	{"Service", "IP", "spec.clusterIP", "<none>"},
	{"Service", "Session affinity", "spec.sessionAffinity", "None"},
	{"PersistentVolumeClaim", "Status", "status.phase", NULL},
	{"PersistentVolumeClaim", "Volume", "spec.volumeName", "<none>"},
	{"PersistentVolumeClaim", "Capacity", "status.capacity.storage", NULL},
	{"PersistentVolumeClaim", "Access modes", "status.accessModes", NULL},
	{"PersistentVolumeClaim", "Storage class", "spec.storageClassName", "<none>"},
	{"PersistentVolumeClaim", "Volume mode", "spec.volumeMode", NULL},
	{"Secret", "Type", "type", NULL},
	{"ConfigMap", "Immutable", "immutable", NULL},
	{"Namespace", "Status", "status.phase", NULL},
	{"EndpointSlice", "Address type", "addressType", NULL},
	{"Event", "Type", "type", NULL},
	{"Event", "Reason", "reason", NULL},
	{"Event", "Message", "message", NULL},
	{"Event", "Count", "count", NULL},
	{"Event", "About", "involvedObject.kind", NULL},
	{"Event", "Name of that", "involvedObject.name", NULL},
};

static void put_lines(const struct sp_node *o, struct sp_buf *out)
{
	for (size_t i = 0; i < SP_ARRAY_LEN(lines); i++) {
		const struct sp_node *n = sp_node_at(o, lines[i].path);

		if (!sp_streq(lines[i].kind, text(o, "kind")) || (!n && !lines[i].otherwise))
			continue;
		title(out, lines[i].word);
		if (n)
			value(out, n);
		else
			sp_buf_puts(out, lines[i].otherwise);
		sp_buf_putc(out, '\n');
	}
}

/* ---- numbers of pods ------------------------------------------------------------------------- */

static void put_replicas(const struct sp_node *o, struct sp_buf *out)
{
	const char *kind = text(o, "kind");
	long long want = number(o, "spec.replicas", 1), all = number(o, "status.replicas", 0);
	long long ready = number(o, "status.readyReplicas", 0);
	long long available = number(o, "status.availableReplicas", 0);
	long long updated = number(o, "status.updatedReplicas", 0);

	if (sp_streq(kind, "Deployment")) {
		title(out, "Replicas");
		sp_buf_printf(out,
			      "%lld desired | %lld updated | %lld total | %lld available | %lld "
			      "unavailable\n",
			      want, updated, all, available, SP_MAX(want - available, 0LL));
	} else if (sp_streq(kind, "ReplicaSet")) {
		title(out, "Replicas");
		sp_buf_printf(out, "%lld current / %lld desired, %lld ready\n", all, want, ready);
	} else if (sp_streq(kind, "StatefulSet")) {
		title(out, "Replicas");
		sp_buf_printf(out, "%lld desired | %lld total | %lld ready | %lld updated\n", want,
			      all, ready, updated);
	} else if (sp_streq(kind, "DaemonSet")) {
		title(out, "Pods");
		sp_buf_printf(out, "%lld desired | %lld current | %lld ready | %lld up-to-date\n",
			      (long long)number(o, "status.desiredNumberScheduled", 0),
			      (long long)number(o, "status.currentNumberScheduled", 0),
			      (long long)number(o, "status.numberReady", 0),
			      (long long)number(o, "status.updatedNumberScheduled", 0));
	}
}

static void put_job(const struct sp_described *d, struct sp_buf *out)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf duration = {0};

	sp_object_job_duration(d->object, d->now_wall, &duration);
	if (duration.len) {
		title(out, "Duration");
		sp_buf_printf(out, "%s\n", duration.ptr);
	}
	title(out, "Pods");
	sp_buf_printf(out, "%lld active (%lld ready) / %lld succeeded / %lld failed\n",
		      (long long)number(d->object, "status.active", 0),
		      (long long)number(d->object, "status.ready", 0),
		      (long long)number(d->object, "status.succeeded", 0),
		      (long long)number(d->object, "status.failed", 0));
}

static void put_active(const struct sp_node *o, struct sp_buf *out)
{
	const struct sp_node *list = sp_node_at(o, "status.active");

	title(out, "Active jobs");
	for (uint32_t i = 0; i < length(list); i++)
		sp_buf_printf(out, "%s%s", i ? ", " : "", text(list->items[i], "name"));
	sp_buf_puts(out, length(list) ? "\n" : "<none>\n");
}

/* ---- services -------------------------------------------------------------------------------- */

static bool is_slice_of(const struct sp_node *slice, const struct sp_node *service)
{
	const struct sp_node *labels = sp_node_at(slice, "metadata.labels");

	return sp_streq(sp_node_str(sp_node_get(labels, "kubernetes.io/service-name"), ""),
			text(service, "metadata.name"));
}

/* Who serves a port: ready addresses, with the slice's number for it. */
static void put_endpoints(const struct sp_described *d, const char *port, struct sp_buf *out)
{
	bool any = false;

	title(out, "  endpoints");
	for (uint32_t i = 0; i < d->n_slices; i++) {
		const struct sp_node *ports = sp_node_get(d->slices[i], "ports");
		const struct sp_node *list = sp_node_get(d->slices[i], "endpoints");
		int64_t number_there = 0;

		if (!is_slice_of(d->slices[i], d->object))
			continue;
		for (uint32_t k = 0; k < length(ports); k++)
			if (sp_streq(text(ports->items[k], "name"), port))
				number_there = number(ports->items[k], "port", 0);
		for (uint32_t k = 0; number_there && k < length(list); k++) {
			if (!sp_node_bool(sp_node_at(list->items[k], "conditions.ready"), true))
				continue;
			sp_buf_printf(out, "%s%s:%lld", any ? ", " : "",
				      text(list->items[k], "addresses[0]"),
				      (long long)number_there);
			any = true;
		}
	}
	sp_buf_puts(out, any ? "\n" : "<none>\n");
}

static void put_service(const struct sp_described *d, struct sp_buf *out)
{
	const struct sp_node *list = sp_node_at(d->object, "spec.ports");

	for (uint32_t i = 0; i < length(list); i++) {
		const struct sp_node *p = list->items[i], *target = sp_node_get(p, "targetPort");

		title(out, "Port");
		if (*text(p, "name"))
			sp_buf_printf(out, "%s  ", text(p, "name"));
		sp_buf_printf(out, "%lld/%s", (long long)number(p, "port", 0),
			      sp_node_str(sp_node_get(p, "protocol"), "TCP"));
		if (target) {
			sp_buf_puts(out, " → ");
			value(out, target);
		}
		if (number(p, "nodePort", 0))
			sp_buf_printf(out, ", node port %lld", (long long)number(p, "nodePort", 0));
		sp_buf_putc(out, '\n');
		put_endpoints(d, text(p, "name"), out);
	}
}

/* ---- data ------------------------------------------------------------------------------------ */

static void put_secret(const struct sp_node *o, struct sp_buf *out)
{
	const struct sp_node *data = sp_node_get(o, "data");

	sp_buf_puts(out, "Data:\n");
	for (uint32_t i = 0; data && data->kind == SP_NODE_MAP && i < data->n; i++) {
		const struct sp_node *v = data->pairs[i].value;
		size_t n = v->kind == SP_NODE_STR ? v->len / 4 * 3 : 0;

		for (size_t k = v->len; n && k > 0 && v->text[k - 1] == '='; k--)
			n--;
		sp_buf_printf(out, "  %s: %zu bytes\n", data->pairs[i].key, n);
	}
}

static void put_config_map(const struct sp_node *o, struct sp_buf *out)
{
	const struct sp_node *data = sp_node_get(o, "data");

	sp_buf_puts(out, "Data:\n");
	for (uint32_t i = 0; data && data->kind == SP_NODE_MAP && i < data->n; i++) {
		const char *v = sp_node_str(data->pairs[i].value, "");

		sp_buf_printf(out, "  %s:\n", data->pairs[i].key);
		while (*v) {
			size_t n = strcspn(v, "\n");

			sp_buf_puts(out, "    ");
			sp_buf_add(out, v, n);
			sp_buf_putc(out, '\n');
			v += n + (v[n] == '\n');
		}
	}
}

/* ---- pods that would be ---------------------------------------------------------------------- */

static void put_words(const char *word, const struct sp_node *list, struct sp_buf *out)
{
	if (!length(list))
		return;
	sp_buf_fill(out, ' ', 6);
	sp_buf_printf(out, "%-18s", word);
	for (uint32_t i = 0; i < list->n; i++) {
		sp_buf_puts(out, i ? " " : "");
		value(out, list->items[i]);
	}
	sp_buf_putc(out, '\n');
}

static void put_containers(const char *word, const struct sp_node *list, struct sp_buf *out)
{
	if (length(list))
		sp_buf_printf(out, "  %s:\n", word);
	for (uint32_t i = 0; i < length(list); i++) {
		const struct sp_node *c = list->items[i], *ports = sp_node_get(c, "ports");
		bool sidecar = sp_streq(text(c, "restartPolicy"), "Always");

		sp_buf_printf(out, "    %s%s\n", text(c, "name"), sidecar ? " (sidecar)" : "");
		sp_buf_printf(out, "      %-18s%s\n", "Image:", text(c, "image"));
		put_words("Command:", sp_node_get(c, "command"), out);
		put_words("Args:", sp_node_get(c, "args"), out);
		for (uint32_t k = 0; k < length(ports); k++)
			sp_buf_printf(out, "      %-18s%lld/%s %s\n", k ? "" : "Ports:",
				      (long long)number(ports->items[k], "containerPort", 0),
				      sp_node_str(sp_node_get(ports->items[k], "protocol"), "TCP"),
				      text(ports->items[k], "name"));
	}
}

static void put_template(const struct sp_node *o, struct sp_buf *out)
{
	const struct sp_node *t = sp_node_at(o, sp_streq(text(o, "kind"), "CronJob")
							? "spec.jobTemplate.spec.template"
							: "spec.template");

	if (!t)
		return;
	sp_buf_puts(out, "Pod template:\n");
	sp_describe_map(out, "  Labels", WIDTH, sp_node_at(t, "metadata.labels"));
	put_containers("Init containers", sp_node_at(t, "spec.initContainers"), out);
	put_containers("Containers", sp_node_at(t, "spec.containers"), out);
}

/* ---- conditions and events ------------------------------------------------------------------- */

static void put_conditions(struct sp_arena *a, const struct sp_node *o, struct sp_buf *out)
{
	static const char *const headers[] = {"  TYPE", "STATUS", "REASON", "MESSAGE"};
	const struct sp_node *list = sp_node_at(o, "status.conditions");
	struct sp_table t;

	if (!length(list))
		return;
	sp_table_init(&t, a, headers, SP_ARRAY_LEN(headers));
	for (uint32_t i = 0; i < list->n; i++) {
		sp_table_addf(&t, "  %s", text(list->items[i], "type"));
		sp_table_add(&t, text(list->items[i], "status"));
		sp_table_add(&t, text(list->items[i], "reason"));
		sp_table_add(&t, text(list->items[i], "message"));
	}
	sp_buf_puts(out, "Conditions:\n");
	sp_table_print(&t, true, out);
}

static void put_events(struct sp_arena *a, const struct sp_described *d, struct sp_buf *out)
{
	static const char *const headers[] = {"  AGE", "TYPE", "REASON", "MESSAGE"};
	const char *uid = text(d->object, "metadata.uid");
	struct sp_table t;
	uint32_t n = 0;

	sp_table_init(&t, a, headers, SP_ARRAY_LEN(headers));
	for (uint32_t i = 0; i < d->n_events; i++) {
		const struct sp_node *e = d->events[i];
		char mem[32];
		struct sp_buf age = sp_buf_fixed(mem, sizeof(mem));

		if (!*uid || !sp_streq(text(e, "involvedObject.uid"), uid))
			continue;
		sp_format_age(&age, d->now_wall - sp_node_time(sp_node_at(e, "lastTimestamp"),
							       d->now_wall));
		sp_table_addf(&t, "  %s", mem);
		sp_table_add(&t, text(e, "type"));
		sp_table_add(&t, text(e, "reason"));
		sp_table_add(&t, text(e, "message"));
		n++;
	}
	if (n) {
		sp_buf_puts(out, "Events:\n");
		sp_table_print(&t, true, out);
		return;
	}
	title(out, "Events");
	sp_buf_puts(out, "<none>\n");
}

void sp_describe_object(struct sp_arena *a, const struct sp_described *d, struct sp_buf *out)
{
	const struct sp_node *o = d->object;
	const struct sp_node *owner = sp_node_at(o, "metadata.ownerReferences[0]");
	const struct sp_node *selector = sp_node_at(o, "spec.selector");
	const char *kind = text(o, "kind");

	title(out, "Name");
	sp_buf_printf(out, "%s\n", text(o, "metadata.name"));
	if (*text(o, "metadata.namespace")) {
		title(out, "Namespace");
		sp_buf_printf(out, "%s\n", text(o, "metadata.namespace"));
	}
	title(out, "UID");
	sp_buf_printf(out, "%s\n", text(o, "metadata.uid"));
	title(out, "Created");
	sp_buf_printf(out, "%s\n", text(o, "metadata.creationTimestamp"));
	sp_describe_map(out, "Labels", WIDTH, sp_node_at(o, "metadata.labels"));
	sp_describe_map(out, "Annotations", WIDTH, sp_node_at(o, "metadata.annotations"));
	if (owner) {
		title(out, "Controlled by");
		sp_buf_printf(out, "%s/%s\n", text(owner, "kind"), text(owner, "name"));
	}
	if (selector) {
		title(out, "Selector");
		sp_object_selector(selector, out);
		sp_buf_putc(out, '\n');
	}
	put_replicas(o, out);
	put_lines(o, out);
	if (sp_streq(kind, "Job"))
		put_job(d, out);
	else if (sp_streq(kind, "CronJob"))
		put_active(o, out);
	else if (sp_streq(kind, "Service"))
		put_service(d, out);
	else if (sp_streq(kind, "Secret"))
		put_secret(o, out);
	else if (sp_streq(kind, "ConfigMap"))
		put_config_map(o, out);
	put_template(o, out);
	put_conditions(a, o, out);
	put_events(a, d, out);
}
