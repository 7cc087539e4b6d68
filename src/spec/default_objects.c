/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Defaults of objects other than pods: Secret, Job (JOB-1 to JOB-6), CronJob (CRON-10), Deployment
 * and the sets (DEPLOY-1), Service, claims; and the namespace of all (DEF-20).
 */
#include "spec/default_internal.h"

#include "base/text.h"

/* ---- secrets -------------------------------------------------------------------------------- */

/* Among the first @n entries. */
static struct sp_kv *find(struct sp_map *m, uint32_t n, const char *key)
{
	for (uint32_t i = 0; i < n; i++)
		if (sp_streq(m->v[i].key, key))
			return &m->v[i];
	return NULL;
}

static void remove_pair(struct sp_node *map, const char *key)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < map->n; i++)
		if (!sp_streq(map->pairs[i].key, key))
			map->pairs[kept++] = map->pairs[i];
	map->n = kept;
}

static void set_base64(struct defaulter *d, const struct sp_node *map, const struct sp_kv *kv,
		       bool is_new)
{
	struct sp_node *text;
	struct sp_buf b = {0};

	sp_base64_encode(kv->value, kv->len, &b);
	text = b.failed ? NULL : sp_node_new_str(d->arena, b.ptr ? b.ptr : "");
	sp_buf_done(&b);
	if (!is_new)
		sp_default_node(d, map, kv->key, text);
	else if (sp_node_append(d->arena, sp_default_own(map), kv->key, kv->at, text) < 0)
		d->failed = true;
}

/* stringData is write-only: it ends up in data, where it wins. */
static void merge_string_data(struct defaulter *d, struct sp_k_secret *s)
{
	const struct sp_node *map = sp_node_get(s->node, "data");
	uint32_t n_data = s->data.n;
	struct sp_kv *v;

	if (!s->string_data.n)
		return;
	v = sp_arena_array(d->arena, s->data.n + s->string_data.n, sizeof(*v));
	if (!map || map->kind != SP_NODE_MAP) {
		sp_default_node(d, s->node, "data", sp_node_new(d->arena, SP_NODE_MAP));
		map = sp_node_get(s->node, "data");
	}
	if (!v || !map) {
		d->failed = true;
		return;
	}
	if (s->data.n)
		memcpy(v, s->data.v, s->data.n * sizeof(*v));
	s->data.v = v;
	for (uint32_t i = 0; i < s->string_data.n; i++) {
		const struct sp_kv *kv = &s->string_data.v[i];
		struct sp_kv *old = find(&s->data, n_data, kv->key); /* keys are unique */

		set_base64(d, map, kv, !old);
		if (old)
			*old = *kv;
		else
			s->data.v[s->data.n++] = *kv;
	}
	s->string_data = (struct sp_map){0};
	remove_pair(sp_default_own(s->node), "stringData");
}

static void default_secret(struct defaulter *d, struct sp_k_secret *s)
{
	sp_default_str(d, s->node, "type", &s->type, "Opaque");
	merge_string_data(d, s);
}

/* ---- jobs ----------------------------------------------------------------------------------- */

static void default_template(struct defaulter *d, struct sp_k_pod_template *t)
{
	if (t && t->spec)
		sp_default_pod_spec(d, t->spec);
}

static void default_job_spec(struct defaulter *d, struct sp_k_job_spec *s)
{
	bool both_absent = !s->parallelism.set && !s->completions.set;

	sp_default_int(d, s->node, "parallelism", &s->parallelism, 1); /* JOB-1 */
	if (both_absent)
		sp_default_int(d, s->node, "completions", &s->completions, 1);           /* JOB-2 */
	sp_default_str(d, s->node, "completionMode", &s->completion_mode, "NonIndexed"); /* JOB-3 */
	sp_default_int(d, s->node, "backoffLimit", &s->backoff_limit,
		       s->backoff_limit_per_index.set ? INT32_MAX : 6); /* JOB-4 */
	sp_default_bool(d, s->node, "suspend", &s->suspend, false);     /* JOB-5 */
	sp_default_str(d, s->node, "podReplacementPolicy", &s->replacement_policy,
		       s->failure_policy ? "Failed" : "TerminatingOrFailed"); /* JOB-6 */
	for (uint32_t i = 0; s->failure_policy && i < s->failure_policy->rules.n; i++) {
		struct sp_k_failure_rule *r = &s->failure_policy->rules.v[i];

		for (uint32_t k = 0; k < r->conditions.n; k++)
			sp_default_str(d, r->conditions.v[k].node, "status",
				       &r->conditions.v[k].status, "True");
	}
	default_template(d, s->template);
}

static void default_cron_job_spec(struct defaulter *d, struct sp_k_cron_job_spec *s)
{
	sp_default_str(d, s->node, "concurrencyPolicy", &s->concurrency_policy, "Allow");
	sp_default_bool(d, s->node, "suspend", &s->suspend, false);
	sp_default_int(d, s->node, "successfulJobsHistoryLimit", &s->successful_history, 3);
	sp_default_int(d, s->node, "failedJobsHistoryLimit", &s->failed_history, 1);
	if (s->job_template && s->job_template->spec)
		default_job_spec(d, s->job_template->spec);
}

/* ---- deployments and sets ------------------------------------------------------------------- */

static void default_int_or_str(struct defaulter *d, const struct sp_node *n, const char *key,
			       struct sp_int_or_str *field, const char *str, int64_t num)
{
	if (field->set)
		return;
	*field = (struct sp_int_or_str){true, num, str};
	sp_default_node(d, n, key,
			str ? sp_node_new_str(d->arena, str) : sp_node_new_int(d->arena, num));
}

static struct sp_k_rolling_update *rolling_of(struct defaulter *d, struct sp_k_workload_spec *s,
					      const char *key)
{
	if (!s->strategy)
		s->strategy = sp_default_object(d, s->node, key, sizeof(*s->strategy));
	if (!s->strategy)
		return NULL;
	sp_default_str(d, s->strategy->node, "type", &s->strategy->type, "RollingUpdate");
	if (!sp_streq(s->strategy->type, "RollingUpdate"))
		return NULL;
	if (!s->strategy->rolling)
		s->strategy->rolling = sp_default_object(d, s->strategy->node, "rollingUpdate",
							 sizeof(*s->strategy->rolling));
	return s->strategy->rolling;
}

static void default_workload(struct defaulter *d, enum sp_kind kind, struct sp_k_workload_spec *s)
{
	struct sp_k_rolling_update *r;

	if (kind != SP_KIND_DAEMON_SET)
		sp_default_int(d, s->node, "replicas", &s->replicas, 1);
	if (kind != SP_KIND_REPLICA_SET)
		sp_default_int(d, s->node, "revisionHistoryLimit", &s->revision_history, 10);
	if (!s->min_ready_s.set)
		s->min_ready_s.set = true; /* 0; Kubernetes does not print it */
	if (kind == SP_KIND_DEPLOYMENT) {
		sp_default_int(d, s->node, "progressDeadlineSeconds", &s->progress_deadline_s, 600);
		r = rolling_of(d, s, "strategy");
		if (r) {
			default_int_or_str(d, r->node, "maxUnavailable", &r->max_unavailable, "25%",
					   0);
			default_int_or_str(d, r->node, "maxSurge", &r->max_surge, "25%", 0);
		}
	} else if (kind == SP_KIND_STATEFUL_SET) {
		sp_default_str(d, s->node, "podManagementPolicy", &s->pod_management,
			       "OrderedReady");
		r = rolling_of(d, s, "updateStrategy");
		if (r)
			sp_default_int(d, r->node, "partition", &r->partition, 0);
	} else if (kind == SP_KIND_DAEMON_SET) {
		r = rolling_of(d, s, "updateStrategy");
		if (r) {
			default_int_or_str(d, r->node, "maxUnavailable", &r->max_unavailable, NULL,
					   1);
			default_int_or_str(d, r->node, "maxSurge", &r->max_surge, NULL, 0);
		}
	}
	default_template(d, s->template);
}

/* ---- the rest ------------------------------------------------------------------------------- */

static void default_service(struct defaulter *d, struct sp_k_service_spec *s)
{
	sp_default_str(d, s->node, "type", &s->type, "ClusterIP");
	for (uint32_t i = 0; i < s->ports.n; i++) {
		struct sp_k_service_port *p = &s->ports.v[i];

		sp_default_str(d, p->node, "protocol", &p->protocol, "TCP");
		if (p->port.set)
			default_int_or_str(d, p->node, "targetPort", &p->target, NULL, p->port.v);
	}
}

static void default_spec(struct defaulter *d, struct sp_object *o)
{
	switch (o->kind) {
	case SP_KIND_POD:
		d->is_pod = true;
		if (o->pod->spec)
			sp_default_pod_spec(d, o->pod->spec);
		return;
	case SP_KIND_SECRET:
		default_secret(d, o->secret);
		return;
	case SP_KIND_JOB:
		if (o->job->spec)
			default_job_spec(d, o->job->spec);
		return;
	case SP_KIND_CRON_JOB:
		if (o->cron_job->spec)
			default_cron_job_spec(d, o->cron_job->spec);
		return;
	case SP_KIND_DEPLOYMENT:
	case SP_KIND_REPLICA_SET:
	case SP_KIND_STATEFUL_SET:
	case SP_KIND_DAEMON_SET:
		if (o->workload->spec)
			default_workload(d, o->kind, o->workload->spec);
		return;
	case SP_KIND_SERVICE:
		if (o->service->spec)
			default_service(d, o->service->spec);
		return;
	case SP_KIND_PVC:
		if (o->pvc->spec)
			sp_default_str(d, o->pvc->spec->node, "volumeMode",
				       &o->pvc->spec->volume_mode, "Filesystem");
		return;
	case SP_KIND_UNKNOWN:
	case SP_KIND_CONFIG_MAP:
	case SP_KIND_NAMESPACE:
	case SP_KINDS:
		return;
	}
}

/* Nulls are absent fields; the API server does not keep them. */
static void drop_nulls(struct sp_node *n)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; n->kind == SP_NODE_LIST && i < n->n; i++)
		drop_nulls(n->items[i]);
	if (n->kind != SP_NODE_MAP)
		return;
	for (uint32_t i = 0; i < n->n; i++) {
		if (n->pairs[i].value->kind == SP_NODE_NULL)
			continue;
		drop_nulls(n->pairs[i].value);
		n->pairs[kept++] = n->pairs[i];
	}
	n->n = kept;
}

int sp_object_default(struct sp_arena *a, struct sp_object *o, const struct sp_load_options *opt)
{
	struct defaulter d = {.arena = a};
	struct sp_k_meta *meta;

	if (!o->any)
		return -1;
	drop_nulls(sp_default_own(o->node));
	if (!o->meta) {
		meta = sp_default_object(&d, o->node, "metadata", sizeof(*meta));
		if (!meta)
			return -1;
		((struct sp_k_pod *)o->any)->meta = meta; /* the same place in every kind */
		o->meta = meta;
	}
	if (o->kind != SP_KIND_NAMESPACE) /* DEF-20 */
		sp_default_str(&d, o->meta->node, "namespace", &o->meta->ns,
			       opt && opt->default_ns ? opt->default_ns : "default");
	default_spec(&d, o);
	return d.failed ? -1 : 0;
}
