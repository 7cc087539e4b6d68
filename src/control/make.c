/* SPDX-License-Identifier: Apache-2.0 */
/* Trees of the children of controllers; see make.h. */
#include "control/make.h"

#include "base/text.h"
#include "spec/tables.h"

#include <stdlib.h>

#define JOB_LABEL   "batch.kubernetes.io/job-name"
#define UID_LABEL   "batch.kubernetes.io/controller-uid"
#define INDEX_LABEL "batch.kubernetes.io/job-completion-index"
#define HASH_LABEL  "pod-template-hash"

/* One object under construction; the first failure sticks. */
struct maker {
	struct sp_arena *a;
	struct sp_node *root, *meta;
	bool failed;
};

static struct sp_node *child_map(struct maker *m, struct sp_node *map, const char *key)
{
	const struct sp_pair *p = map ? sp_node_pair(map, key) : NULL;
	struct sp_node *v;

	if (p && p->value->kind == SP_NODE_MAP)
		return p->value;
	v = sp_node_new(m->a, SP_NODE_MAP);
	m->failed |= !map || !v || sp_node_set(m->a, map, key, v) < 0;
	return v;
}

static void set(struct maker *m, struct sp_node *map, const char *key, struct sp_node *value)
{
	m->failed |= !map || !value || sp_node_set(m->a, map, key, value) < 0;
}

static void set_text(struct maker *m, struct sp_node *map, const char *key, const char *text)
{
	struct sp_node *n = text ? sp_node_new_str(m->a, text) : NULL;

	if (text)
		set(m, map, key, n);
}

static void set_int(struct maker *m, struct sp_node *map, const char *key, int64_t v)
{
	set(m, map, key, sp_node_new_int(m->a, v));
}

/* Label or annotation. */
static void tag(struct maker *m, const char *group, const char *key, const char *value)
{
	set_text(m, child_map(m, m->meta, group), key, value ? value : "");
}

/* What a template says of metadata: labels, annotations, finalizers. */
static void begin(struct maker *m, const char *api_version, const char *kind, const char *name,
		  const struct sp_k_meta *owner, const struct sp_node *template)
{
	static const char *const kept[] = {"labels", "annotations", "finalizers"};

	m->root = sp_node_new(m->a, SP_NODE_MAP);
	set_text(m, m->root, "apiVersion", api_version);
	set_text(m, m->root, "kind", kind);
	m->meta = child_map(m, m->root, "metadata");
	set_text(m, m->meta, "name", name);
	set_text(m, m->meta, "namespace", owner->ns);
	for (size_t i = 0; i < SP_ARRAY_LEN(kept); i++) {
		const struct sp_node *v = sp_node_get(sp_node_get(template, "metadata"), kept[i]);

		if (v)
			set(m, m->meta, kept[i], sp_node_clone(m->a, v));
	}
}

static void own(struct maker *m, const char *api_version, const char *kind,
		const struct sp_k_meta *owner)
{
	struct sp_node *list = sp_node_new(m->a, SP_NODE_LIST);
	struct sp_node *ref = sp_node_new(m->a, SP_NODE_MAP);

	set_text(m, ref, "apiVersion", api_version);
	set_text(m, ref, "kind", kind);
	set_text(m, ref, "name", owner->name);
	set_text(m, ref, "uid", owner->uid ? owner->uid : "");
	set(m, ref, "controller", sp_node_new_bool(m->a, true));
	set(m, ref, "blockOwnerDeletion", sp_node_new_bool(m->a, true));
	m->failed |= !list || !ref || sp_node_push(m->a, list, ref) < 0;
	set(m, m->meta, "ownerReferences", list);
}

static struct sp_node *copy_spec(struct maker *m, const struct sp_node *template)
{
	const struct sp_node *spec = sp_node_get(template, "spec");
	struct sp_node *copy = spec ? sp_node_clone(m->a, spec) : sp_node_new(m->a, SP_NODE_MAP);

	set(m, m->root, "spec", copy);
	return copy;
}

static struct sp_node *made(struct maker *m)
{
	return m->failed ? NULL : m->root;
}

/* ---- pods of jobs --------------------------------------------------------------------------- */

static bool defines(const struct sp_node *env, const char *name)
{
	for (uint32_t i = 0; env && i < env->n; i++)
		if (sp_streq(sp_node_str(sp_node_get(env->items[i], "name"), ""), name))
			return true;
	return false;
}

/* JOB-22 */
static void add_index_env(struct maker *m, struct sp_node *ctr)
{
	static const char name[] = "JOB_COMPLETION_INDEX";
	const struct sp_pair *p = sp_node_pair(ctr, "env");
	struct sp_node *env = p ? p->value : NULL, *var, *field;

	if (defines(env, name))
		return;
	if (!env) {
		env = sp_node_new(m->a, SP_NODE_LIST);
		set(m, ctr, "env", env);
	}
	var = sp_node_new(m->a, SP_NODE_MAP);
	set_text(m, var, "name", name);
	field = child_map(m, child_map(m, var, "valueFrom"), "fieldRef");
	set_text(m, field, "apiVersion", "v1");
	set_text(m, field, "fieldPath", "metadata.annotations['" INDEX_LABEL "']");
	m->failed |= !env || !var || sp_node_push(m->a, env, var) < 0;
}

static void add_index(struct maker *m, const struct sp_k_job *job, const struct sp_ctl_action *act,
		      struct sp_node *spec)
{
	static const char *const lists[] = {"initContainers", "containers"};
	const char *index = sp_arena_printf(m->a, "%lld", (long long)act->index);

	tag(m, "labels", INDEX_LABEL, index);
	tag(m, "annotations", INDEX_LABEL, index);
	set_text(m, spec, "hostname",
		 sp_arena_printf(m->a, "%s-%s", job->meta->name, index ? index : ""));
	for (size_t l = 0; l < SP_ARRAY_LEN(lists); l++) {
		const struct sp_node *v = sp_node_get(spec, lists[l]);

		for (uint32_t i = 0; v && i < v->n; i++)
			add_index_env(m, v->items[i]);
	}
	if (!job->spec->backoff_limit_per_index.set)
		return;
	tag(m, "annotations", "batch.kubernetes.io/job-index-failure-count",
	    sp_arena_printf(m->a, "%u", act->index_failures));
	if (act->index_ignored)
		tag(m, "annotations", "batch.kubernetes.io/job-index-ignored-failure-count",
		    sp_arena_printf(m->a, "%u", act->index_ignored));
}

struct sp_node *sp_make_job_pod(struct sp_arena *a, const struct sp_k_job *job,
				const struct sp_ctl_action *act)
{
	struct maker m = {.a = a};
	const struct sp_node *template = job->spec->template->node;
	struct sp_node *spec;

	begin(&m, "v1", "Pod", act->text, job->meta, template);
	tag(&m, "labels", JOB_LABEL, job->meta->name);
	tag(&m, "labels", "job-name", job->meta->name);
	tag(&m, "labels", UID_LABEL, job->meta->uid);
	tag(&m, "labels", "controller-uid", job->meta->uid);
	own(&m, "batch/v1", "Job", job->meta);
	spec = copy_spec(&m, template);
	if (act->index >= 0)
		add_index(&m, job, act, spec);
	return made(&m);
}

/* ---- jobs of cron jobs ---------------------------------------------------------------------- */

struct sp_node *sp_make_cron_job(struct sp_arena *a, const struct sp_k_cron_job *cron,
				 const struct sp_zone *zone, const struct sp_ctl_action *act)
{
	struct maker m = {.a = a};
	const struct sp_node *template = cron->spec->job_template->node;
	char text[40];
	struct sp_buf when = sp_buf_fixed(text, sizeof(text));

	begin(&m, "batch/v1", "Job", act->text, cron->meta, template);
	sp_zone_rfc3339(zone, act->time / SP_SEC, &when);
	tag(&m, "annotations", "batch.kubernetes.io/cronjob-scheduled-timestamp", text);
	own(&m, "batch/v1", "CronJob", cron->meta);
	(void)copy_spec(&m, template);
	return made(&m);
}

/* ---- replica sets --------------------------------------------------------------------------- */

static int by_key(const void *a, const void *b)
{
	const struct sp_pair *const *x = a, *const *y = b;

	return strcmp((*x)->key, (*y)->key);
}

/* Equal trees give equal texts, whatever the order of their keys. Return: -1 without memory */
static int canonical(const struct sp_node *n, bool labels, struct sp_buf *b)
{
	const struct sp_pair **order;

	if (n->kind == SP_NODE_LIST) {
		sp_buf_putc(b, '[');
		for (uint32_t i = 0; i < n->n; i++) {
			if (canonical(n->items[i], false, b) < 0)
				return -1;
			sp_buf_putc(b, ',');
		}
		sp_buf_putc(b, ']');
		return 0;
	}
	if (n->kind != SP_NODE_MAP) {
		sp_node_json(n, -1, b);
		return 0;
	}
	order = calloc(n->n + 1u, sizeof(*order));
	if (!order)
		return -1;
	for (uint32_t i = 0; i < n->n; i++)
		order[i] = &n->pairs[i];
	qsort(order, n->n, sizeof(struct sp_pair *), by_key);
	sp_buf_putc(b, '{');
	for (uint32_t i = 0; i < n->n; i++) {
		if (labels && sp_streq(order[i]->key, HASH_LABEL))
			continue;
		sp_buf_json(b, order[i]->key);
		sp_buf_putc(b, ':');
		if (canonical(order[i]->value, sp_streq(order[i]->key, "labels"), b) < 0) {
			free(order);
			return -1;
		}
		sp_buf_putc(b, ',');
	}
	sp_buf_putc(b, '}');
	free(order);
	return 0;
}

int sp_make_hash(const struct sp_node *pod_template, uint32_t collisions, char ret[SP_HASH_MAX])
{
	SP_CLEANUP(sp_buf_done) struct sp_buf text = {0};
	struct sp_buf digits = sp_buf_fixed(ret, SP_HASH_MAX);
	uint32_t h = 2166136261u; /* FNV-1a */

	if (canonical(pod_template, false, &text) < 0)
		return -1;
	sp_buf_printf(&text, "%u", collisions);
	if (text.failed)
		return -1;
	for (size_t i = 0; i < text.len; i++)
		h = (h ^ (uint8_t)text.ptr[i]) * 16777619u;
	sp_buf_printf(&digits, "%u", h);
	for (size_t i = 0; i < digits.len; i++)
		ret[i] = SP_NAME_ALPHABET[(uint8_t)ret[i] % 27];
	return 0;
}

struct sp_node *sp_make_replica_set(struct sp_arena *a, const struct sp_k_workload *d,
				    const char *hash, int64_t replicas, int64_t revision)
{
	struct maker m = {.a = a};
	const struct sp_node *selector = sp_node_get(d->spec->node, "selector");
	struct sp_node *spec, *template, *labels;

	begin(&m, "apps/v1", "ReplicaSet", sp_arena_printf(a, "%s-%s", d->meta->name, hash),
	      d->meta, d->spec->template->node);
	tag(&m, "labels", HASH_LABEL, hash);
	tag(&m, "annotations", "deployment.kubernetes.io/revision",
	    sp_arena_printf(a, "%lld", (long long)revision));
	own(&m, "apps/v1", "Deployment", d->meta);
	spec = child_map(&m, m.root, "spec");
	set_int(&m, spec, "replicas", replicas);
	if (d->spec->min_ready_s.v)
		set_int(&m, spec, "minReadySeconds", d->spec->min_ready_s.v);
	if (selector)
		set(&m, spec, "selector", sp_node_clone(a, selector));
	labels = child_map(&m, child_map(&m, spec, "selector"), "matchLabels");
	set_text(&m, labels, HASH_LABEL, hash);
	template = sp_node_clone(a, d->spec->template->node);
	set(&m, spec, "template", template);
	labels = child_map(&m, child_map(&m, template, "metadata"), "labels");
	set_text(&m, labels, HASH_LABEL, hash);
	return made(&m);
}

struct sp_node *sp_make_pod(struct sp_arena *a, enum sp_kind kind, const struct sp_k_workload *set_,
			    const struct sp_ctl_action *act)
{
	struct maker m = {.a = a};
	const struct sp_node *template = set_->spec->template->node;
	struct sp_node *spec;

	begin(&m, "v1", "Pod", act->text, set_->meta, template);
	own(&m, sp_kind_api_version(kind), sp_kind_name(kind), set_->meta);
	spec = copy_spec(&m, template);
	if (kind != SP_KIND_STATEFUL_SET)
		return made(&m);
	tag(&m, "labels", "statefulset.kubernetes.io/pod-name", act->text);
	tag(&m, "labels", "apps.kubernetes.io/pod-index",
	    sp_arena_printf(a, "%lld", (long long)act->index));
	set_text(&m, spec, "hostname", act->text);
	set_text(&m, spec, "subdomain", set_->spec->service_name);
	return made(&m);
}
