/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/status_read.h"

#include "base/text.h"

static int64_t wall_of(const struct sp_node *n, const char *key)
{
	const char *text = sp_node_str(sp_node_get(n, key), NULL);
	int64_t t = 0;

	return text && sp_parse_rfc3339(text, &t) == 0 ? t : 0;
}

static int64_t int_of(const struct sp_node *n, const char *key)
{
	const struct sp_node *v = sp_node_get(n, key);

	return v && v->kind == SP_NODE_INT ? v->i : 0;
}

static bool bool_of(const struct sp_node *n, const char *key)
{
	const struct sp_node *v = sp_node_get(n, key);

	return v && v->kind == SP_NODE_BOOL && v->b;
}

static const char *text_of(const struct sp_node *n, const char *key)
{
	return sp_node_str(sp_node_get(n, key), "");
}

static void read_terminated(const struct sp_node *n, struct sp_terminated *t)
{
	*t = (struct sp_terminated){
		.set = n != NULL,
		.code = (int32_t)int_of(n, "exitCode"),
		.reason = text_of(n, "reason"),
		.message = text_of(n, "message"),
		.started_wall_ns = wall_of(n, "startedAt"),
		.finished_wall_ns = wall_of(n, "finishedAt"),
	};
}

static void read_ctr(const struct sp_node *n, struct sp_ctr_status *c)
{
	const struct sp_node *state = sp_node_get(n, "state");
	const struct sp_node *waiting = sp_node_get(state, "waiting");
	const struct sp_node *running = sp_node_get(state, "running");

	c->state = sp_node_get(state, "terminated") ? SP_CTR_TERMINATED
		   : running                        ? SP_CTR_RUNNING
						    : SP_CTR_WAITING;
	c->reason = text_of(waiting, "reason");
	c->message = text_of(waiting, "message");
	c->started_wall_ns = wall_of(running, "startedAt");
	read_terminated(sp_node_get(state, "terminated"), &c->term);
	read_terminated(sp_node_at(n, "lastState.terminated"), &c->last);
	c->ready = bool_of(n, "ready");
	c->started = bool_of(n, "started");
	c->restart_count = (uint32_t)int_of(n, "restartCount");
	c->has_run = sp_node_get(n, "containerID") != NULL;
	c->image = text_of(n, "image");
}

static void read_conds(const struct sp_node *list, struct sp_pod_status *st)
{
	for (uint32_t i = 0; list && list->kind == SP_NODE_LIST && i < list->n; i++) {
		const struct sp_node *n = list->items[i];
		const char *status = text_of(n, "status");

		for (int t = 0; t < SP_COND_TYPES && st->n_conds < SP_COND_TYPES; t++)
			if (sp_streq(sp_cond_name((enum sp_cond_type)t), text_of(n, "type")))
				st->conds[st->n_conds++] = (struct sp_condition){
					.type = (enum sp_cond_type)t,
					.status = sp_streq(status, "True")    ? SP_COND_TRUE
						  : sp_streq(status, "False") ? SP_COND_FALSE
									      : SP_COND_UNKNOWN,
					.reason = text_of(n, "reason"),
					.message = text_of(n, "message"),
					.transition_wall_ns = wall_of(n, "lastTransitionTime"),
				};
	}
}

const struct sp_node *sp_status_ctr(const struct sp_node *doc, const char *name)
{
	static const char *const lists[] = {"status.initContainerStatuses",
					    "status.containerStatuses"};

	for (size_t l = 0; l < SP_ARRAY_LEN(lists); l++) {
		const struct sp_node *list = sp_node_at(doc, lists[l]);

		for (uint32_t i = 0; list && list->kind == SP_NODE_LIST && i < list->n; i++)
			if (sp_streq(text_of(list->items[i], "name"), name))
				return list->items[i];
	}
	return NULL;
}

void sp_status_read(const struct sp_pod_spec *spec, const struct sp_node *doc,
		    struct sp_pod_status *ret)
{
	const struct sp_node *meta = sp_node_get(doc, "metadata");
	const struct sp_node *status = sp_node_get(doc, "status");

	memset(ret, 0, sizeof(*ret));
	for (int i = 0; i < SP_PHASES; i++)
		if (sp_streq(sp_phase_name((enum sp_phase)i), text_of(status, "phase")))
			ret->phase = (enum sp_phase)i;
	ret->reason = text_of(status, "reason");
	ret->message = text_of(status, "message");
	ret->pod_ip = text_of(status, "podIP");
	ret->start_wall_ns = wall_of(status, "startTime");
	ret->deleting = sp_node_get(meta, "deletionTimestamp") != NULL;
	ret->deletion_wall_ns = wall_of(meta, "deletionTimestamp");
	ret->deletion_grace_s = int_of(meta, "deletionGracePeriodSeconds");
	read_conds(sp_node_get(status, "conditions"), ret);
	for (uint16_t i = 0; i < spec->n_ctrs; i++) {
		ret->ctrs[i].ctr = i;
		read_ctr(sp_status_ctr(doc, spec->ctrs[i].name), &ret->ctrs[i]);
	}
}
