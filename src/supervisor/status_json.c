/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/status_json.h"

#include "base/json.h"
#include "base/text.h"

#define OBSERVED_GENERATION_MINOR 34 /* first release that tells it for pods (STAT-3) */

/* FNV-1a; four of them with different beginnings make an id. */
static uint64_t fnv(uint64_t h, const char *s)
{
	for (; *s; s++)
		h = (h ^ (uint8_t)*s) * 0x100000001b3;
	return (h ^ '/') * 0x100000001b3;
}

void sp_container_id(const char *uid, const char *ctr, uint32_t attempt,
		     char ret[SP_CONTAINER_ID_LEN + 1])
{
	struct sp_buf b = sp_buf_fixed(ret, SP_CONTAINER_ID_LEN + 1);

	for (uint64_t i = 0; i < 4; i++) {
		uint64_t h = fnv(fnv(0xcbf29ce484222325 + i, uid), ctr);

		h = (h ^ attempt) * 0x100000001b3;
		h ^= h >> 32; /* the last factors alone leave the low bits too regular */
		h *= 0x9e3779b97f4a7c15;
		sp_buf_printf(&b, "%016llx", (unsigned long long)(h ^ h >> 29));
	}
}

/* A time of the API: whole seconds. 0: nothing. */
static void put_time(struct sp_buf *b, const char *key, int64_t wall_ns)
{
	if (!wall_ns)
		return;
	sp_json_key(b, key);
	sp_buf_putc(b, '"');
	sp_format_rfc3339(b, wall_ns, 0);
	sp_buf_putc(b, '"');
}

/* Where the API has no way to leave a time out: unknown is null. */
static void put_time_or_null(struct sp_buf *b, const char *key, int64_t wall_ns)
{
	put_time(b, key, wall_ns);
	if (!wall_ns) {
		sp_json_key(b, key);
		sp_buf_puts(b, "null");
	}
}

/* Left out when empty, as the API does. */
static void put_text(struct sp_buf *b, const char *key, const char *value)
{
	if (value && value[0])
		sp_json_str(b, key, value);
}

static void put_id(struct sp_buf *b, const struct sp_status_view *v, uint16_t ctr, uint32_t attempt)
{
	char id[SP_CONTAINER_ID_LEN + 1];

	sp_container_id(v->spec->uid, v->spec->ctrs[ctr].name, attempt, id);
	sp_json_key(b, "containerID");
	sp_buf_printf(b, "\"sidepod://%s\"", id);
}

static void put_terminated(struct sp_buf *b, const struct sp_status_view *v, uint16_t ctr,
			   const struct sp_terminated *t)
{
	sp_json_key(b, "terminated");
	sp_buf_putc(b, '{');
	sp_json_int(b, "exitCode", t->code);
	put_text(b, "reason", t->reason);
	put_text(b, "message", t->message);
	put_time_or_null(b, "startedAt", t->started_wall_ns);
	put_time_or_null(b, "finishedAt", t->finished_wall_ns);
	put_id(b, v, ctr, t->attempt);
	sp_buf_putc(b, '}');
}

static void put_state(struct sp_buf *b, const struct sp_status_view *v,
		      const struct sp_ctr_status *c)
{
	sp_json_key(b, "state");
	sp_buf_putc(b, '{');
	switch (c->state) {
	case SP_CTR_RUNNING:
		sp_buf_puts(b, "\"running\":{");
		put_time(b, "startedAt", c->started_wall_ns);
		sp_buf_putc(b, '}');
		break;
	case SP_CTR_TERMINATED:
		put_terminated(b, v, c->ctr, &c->term);
		break;
	case SP_CTR_WAITING:
	case SP_CTR_STATES:
		sp_buf_puts(b, "\"waiting\":{");
		put_text(b, "reason", c->reason);
		put_text(b, "message", c->message);
		sp_buf_putc(b, '}');
		break;
	}
	sp_buf_putc(b, '}');
}

static void put_ctr(struct sp_buf *b, const struct sp_status_view *v, const struct sp_ctr_status *c)
{
	const char *image_id = v->image_ids ? v->image_ids[c->ctr] : NULL;

	sp_json_next(b);
	sp_buf_putc(b, '{');
	sp_json_str(b, "name", v->spec->ctrs[c->ctr].name);
	put_state(b, v, c);
	sp_json_key(b, "lastState");
	sp_buf_putc(b, '{');
	if (c->last.set)
		put_terminated(b, v, c->ctr, &c->last);
	sp_buf_putc(b, '}');
	sp_json_bool(b, "ready", c->ready);
	sp_json_int(b, "restartCount", c->restart_count);
	sp_json_str(b, "image", c->image ? c->image : "");
	sp_json_str(b, "imageID", c->has_run && image_id ? image_id : "");
	if (c->has_run)
		put_id(b, v, c->ctr, c->restart_count);
	sp_json_bool(b, "started", c->started);
	sp_buf_putc(b, '}');
}

static void put_ctrs(struct sp_buf *b, const struct sp_status_view *v)
{
	uint16_t n_init = v->spec->n_init, n = v->spec->n_ctrs, order[SP_CONTAINERS_MAX];

	if (n_init) {
		sp_json_key(b, "initContainerStatuses");
		sp_buf_putc(b, '[');
		for (uint16_t i = 0; i < n_init; i++)
			put_ctr(b, v, &v->st->ctrs[i]);
		sp_buf_putc(b, ']');
	}
	/* STAT-1: the regular ones by name. At most SP_CONTAINERS_MAX: insertion is enough. */
	for (uint16_t i = n_init; i < n; i++) {
		uint16_t at = i;

		for (; at > n_init &&
		       strcmp(v->spec->ctrs[order[at - 1]].name, v->spec->ctrs[i].name) > 0;
		     at--)
			order[at] = order[at - 1];
		order[at] = i;
	}
	sp_json_key(b, "containerStatuses");
	sp_buf_putc(b, '[');
	for (uint16_t i = n_init; i < n; i++)
		put_ctr(b, v, &v->st->ctrs[order[i]]);
	sp_buf_putc(b, ']');
}

static const char *cond_text(enum sp_cond_status s)
{
	return s == SP_COND_TRUE ? "True" : s == SP_COND_FALSE ? "False" : "Unknown";
}

static bool tell_generation(const struct sp_status_view *v)
{
	return v->meta->generation.set && v->spec->kube_minor >= OBSERVED_GENERATION_MINOR;
}

static void put_cond(struct sp_buf *b, const struct sp_status_view *v, const char *type,
		     enum sp_cond_status status, const struct sp_condition *c)
{
	sp_json_next(b);
	sp_buf_putc(b, '{');
	sp_json_str(b, "type", type);
	sp_json_str(b, "status", cond_text(status));
	if (tell_generation(v))
		sp_json_int(b, "observedGeneration", v->meta->generation.v);
	sp_buf_puts(b, ",\"lastProbeTime\":null");
	if (c) {
		put_time(b, "lastTransitionTime", c->transition_wall_ns);
		put_text(b, "reason", c->reason);
		put_text(b, "message", c->message);
	}
	sp_buf_putc(b, '}');
}

static void put_ips(struct sp_buf *b, const char *one, const char *list, const char *ips)
{
	if (!ips || !ips[0])
		return;
	sp_json_key(b, one);
	sp_buf_json_n(b, ips, strcspn(ips, ","));
	sp_json_key(b, list);
	sp_buf_putc(b, '[');
	while (*ips) {
		size_t n = strcspn(ips, ",");

		sp_json_next(b);
		sp_buf_puts(b, "{\"ip\":");
		sp_buf_json_n(b, ips, n);
		sp_buf_putc(b, '}');
		ips += n + (ips[n] == ',');
	}
	sp_buf_putc(b, ']');
}

void sp_pod_status_print(const struct sp_status_view *v, struct sp_buf *b)
{
	const struct sp_pod_status *st = v->st;

	sp_buf_putc(b, '{');
	if (tell_generation(v))
		sp_json_int(b, "observedGeneration", v->meta->generation.v);
	sp_json_str(b, "phase", sp_phase_name(st->phase));
	sp_json_key(b, "conditions");
	sp_buf_putc(b, '[');
	for (uint16_t i = 0; i < st->n_conds; i++)
		put_cond(b, v, sp_cond_name(st->conds[i].type), st->conds[i].status, &st->conds[i]);
	for (uint16_t i = 0; v->gates && i < v->spec->n_gates; i++)
		if (v->gates[i] != SP_COND_ABSENT)
			put_cond(b, v, v->spec->gates[i], v->gates[i], NULL);
	sp_buf_putc(b, ']');
	put_text(b, "message", st->message);
	put_text(b, "reason", st->reason);
	put_ips(b, "hostIP", "hostIPs", v->host_ip);
	put_ips(b, "podIP", "podIPs", st->pod_ip);
	put_time(b, "startTime", st->start_wall_ns);
	put_ctrs(b, v);
	sp_json_str(b, "qosClass", sp_qos_name(v->qos));
	sp_buf_putc(b, '}');
}

void sp_metadata_print(const struct sp_status_view *v, struct sp_buf *b)
{
	const struct sp_node *n = v->meta->node;

	sp_buf_putc(b, '{');
	for (uint32_t i = 0; n && n->kind == SP_NODE_MAP && i < n->n; i++) {
		if (sp_streq(n->pairs[i].key, "deletionTimestamp") ||
		    sp_streq(n->pairs[i].key, "deletionGracePeriodSeconds"))
			continue;
		sp_json_key(b, n->pairs[i].key);
		sp_node_json(n->pairs[i].value, -1, b);
	}
	if (v->st->deleting) {
		put_time(b, "deletionTimestamp", v->st->deletion_wall_ns);
		sp_json_int(b, "deletionGracePeriodSeconds", v->st->deletion_grace_s);
	}
	sp_buf_putc(b, '}');
}

void sp_status_print(const struct sp_status_view *v, struct sp_buf *b)
{
	sp_buf_puts(b, "{\"metadata\":");
	sp_metadata_print(v, b);
	sp_buf_puts(b, ",\"status\":");
	sp_pod_status_print(v, b);
	sp_buf_putc(b, '}');
}
