/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of the controllers' tables from the objects that others write. */
#include "manager/manager_internal.h"

#include "base/text.h"

#include <stdlib.h>

#define REVISION_LABEL "controller-revision-hash"
#define INDEX_TAG      "batch.kubernetes.io/job-completion-index"
#define ORDINAL_LABEL  "apps.kubernetes.io/pod-index"
#define COST_TAG       "controller.kubernetes.io/pod-deletion-cost"
#define REVISION_TAG   "deployment.kubernetes.io/revision"

/* The API tells whole seconds. What was seen to happen has happened then, not up to a second
 * before. */
#define SECOND_SEEN (2 * SP_SEC)

const char *mgr_owner_uid(const struct sp_stored *o)
{
	const struct sp_node *list =
		sp_node_get(sp_node_get(o->node, "metadata"), "ownerReferences");

	for (uint32_t i = 0; list && list->kind == SP_NODE_LIST && i < list->n; i++)
		if (sp_node_bool(sp_node_get(list->items[i], "controller"), false))
			return sp_node_str(sp_node_get(list->items[i], "uid"), NULL);
	return NULL;
}

static const char *tag_of(const struct sp_stored *o, const char *group, const char *key)
{
	const struct sp_node *meta = sp_node_get(o->node, "metadata");

	return sp_node_str(sp_node_get(sp_node_get(meta, group), key), NULL);
}

static int64_t int_tag(const struct sp_stored *o, const char *group, const char *key, int64_t def)
{
	const char *text = tag_of(o, group, key);
	int64_t v;

	return text && sp_parse_i64(text, INT32_MIN, INT32_MAX, &v) == 0 ? v : def;
}

/* A time told in whole seconds, of something that came to our eyes @now. */
static sp_time seen_at(sp_time told, sp_time now)
{
	return told < 0 || (now >= told && now - told < SECOND_SEEN) ? now : told;
}

static sp_time created_at(const struct sp_stored *o, sp_time now)
{
	return seen_at(sp_node_time(sp_node_at(o->node, "metadata.creationTimestamp"), -1), now);
}

/* ---- pods ------------------------------------------------------------------------------------ */

static const struct sp_node *list_at(const struct sp_node *n, const char *key)
{
	const struct sp_node *list = sp_node_get(n, key);

	return list && list->kind == SP_NODE_LIST ? list : NULL;
}

static const struct sp_node *named(const struct sp_node *list, const char *name)
{
	for (uint32_t i = 0; list && i < list->n; i++)
		if (sp_streq(sp_node_str(sp_node_get(list->items[i], "name"), ""), name))
			return list->items[i];
	return NULL;
}

static void see_ctr(const struct sp_node *spec, const struct sp_node *status, bool is_init,
		    sp_time now, struct sp_child_ctr *c)
{
	const struct sp_node *end = sp_node_get(sp_node_get(status, "state"), "terminated");
	bool sidecar =
		is_init && sp_streq(sp_node_str(sp_node_get(spec, "restartPolicy"), ""), "Always");
	bool ended_before = c->terminated;

	c->name = sp_node_str(sp_node_get(spec, "name"), "");
	c->role = sidecar ? SP_ROLE_SIDECAR : is_init ? SP_ROLE_INIT : SP_ROLE_APP;
	c->terminated = end != NULL;
	c->code = (int32_t)sp_node_int(sp_node_get(end, "exitCode"), 0);
	if (end && !ended_before)
		c->finished_at = seen_at(sp_node_time(sp_node_get(end, "finishedAt"), -1), now);
}

static int see_ctrs(struct mgr_child *child, struct sp_child *c, sp_time now)
{
	const struct sp_node *spec = sp_node_get(child->seen->node, "spec");
	const struct sp_node *status = sp_node_get(child->seen->node, "status");
	const struct sp_node *lists[] = {list_at(spec, "initContainers"),
					 list_at(spec, "containers")};
	const struct sp_node *told[] = {list_at(status, "initContainerStatuses"),
					list_at(status, "containerStatuses")};
	uint32_t n = (lists[0] ? lists[0]->n : 0) + (lists[1] ? lists[1]->n : 0), k = 0;

	if (n > UINT16_MAX)
		return -1;
	if (n != child->n_ctrs) { /* a pod's containers do not change: only the first time */
		free(child->ctrs);
		child->ctrs = calloc(n + 1, sizeof(*child->ctrs));
		child->n_ctrs = child->ctrs ? n : 0;
		if (!child->ctrs)
			return -1;
	}
	c->restarts = 0;
	for (int l = 0; l < 2; l++)
		for (uint32_t i = 0; lists[l] && i < lists[l]->n; i++, k++) {
			const struct sp_node *ctr = lists[l]->items[i];
			const struct sp_node *st =
				named(told[l], sp_node_str(sp_node_get(ctr, "name"), ""));

			see_ctr(ctr, st, l == 0, now, &child->ctrs[k]);
			c->restarts += (uint32_t)sp_node_int(sp_node_get(st, "restartCount"), 0);
		}
	c->ctrs = child->ctrs;
	c->n_ctrs = (uint16_t)n;
	return 0;
}

static enum sp_phase phase_of(const struct sp_node *status)
{
	const char *text = sp_node_str(sp_node_get(status, "phase"), "");

	for (int p = 0; p < SP_PHASES; p++)
		if (sp_streq(sp_phase_name((enum sp_phase)p), text))
			return (enum sp_phase)p;
	return SP_PHASE_PENDING;
}

static void see_ready(struct sp_child *c, const struct sp_node *status, bool first, sp_time now)
{
	const struct sp_node *list = list_at(status, "conditions"), *cond = NULL;
	bool ready;

	for (uint32_t i = 0; list && i < list->n && !cond; i++)
		if (sp_streq(sp_node_str(sp_node_get(list->items[i], "type"), ""), "Ready"))
			cond = list->items[i];
	ready = sp_streq(sp_node_str(sp_node_get(cond, "status"), ""), "True");
	if (first)
		c->ready_changed_at =
			cond ? seen_at(sp_node_time(sp_node_get(cond, "lastTransitionTime"), -1),
				       now)
			     : c->created_at;
	else if (ready != c->ready)
		c->ready_changed_at = now;
	c->ready = ready;
}

static bool is_outdated(const struct mgr_ctl *ctl, const struct sp_stored *o)
{
	const char *revision = tag_of(o, "labels", REVISION_LABEL);

	return (ctl->kind == SP_KIND_STATEFUL_SET || ctl->kind == SP_KIND_DAEMON_SET) && revision &&
	       !sp_streq(revision, ctl->hash);
}

static int see_pod(struct sp_manager *m, struct mgr_ctl *ctl, uint32_t i, bool first)
{
	struct mgr_child *child = &ctl->children[i];
	struct sp_child *c = &ctl->pods[i];
	const struct sp_stored *o = child->seen;
	const struct sp_node *status = sp_node_get(o->node, "status");

	c->name = o->name;
	if (first) {
		c->created_at = created_at(o, m->now);
		c->index = int_tag(o, "annotations", INDEX_TAG,
				   int_tag(o, "labels", ORDINAL_LABEL, -1));
		c->index_failures = (uint32_t)int_tag(
			o, "annotations", "batch.kubernetes.io/job-index-failure-count", 0);
		c->index_ignored = (uint32_t)int_tag(
			o, "annotations", "batch.kubernetes.io/job-index-ignored-failure-count", 0);
	}
	c->deletion_cost = int_tag(o, "annotations", COST_TAG, 0);
	c->outdated = is_outdated(ctl, o);
	if (o->deleting && !c->deleting) {
		c->deleting = true;
		c->deleted_at = m->now;
	}
	c->phase = phase_of(status);
	see_ready(c, status, first, m->now);
	return see_ctrs(child, c, m->now);
}

/* ---- replica sets and jobs ------------------------------------------------------------------- */

/* Pods of a replica set that are neither gone nor terminal (DEPLOY-22). */
static int64_t living(struct sp_manager *m, const struct sp_stored *set)
{
	const struct mgr_ctl *c = mgr_ctl_of(m, set->uid);
	int64_t n = 0;

	for (uint32_t i = 0; c && i < c->n; i++)
		n += !c->pods[i].gone && !sp_child_terminal(&c->pods[i]);
	return n;
}

static void see_set(struct sp_manager *m, struct mgr_ctl *ctl, uint32_t i, bool first)
{
	struct sp_rs_child *c = &ctl->sets[i];
	const struct sp_stored *o = ctl->children[i].seen;
	const struct sp_node *status = sp_node_get(o->node, "status");
	const char *hash = tag_of(o, "labels", "pod-template-hash");

	c->name = o->name;
	if (first) {
		c->created_at = created_at(o, m->now);
		c->revision = int_tag(o, "annotations", REVISION_TAG, 0);
	}
	c->current = hash && sp_streq(hash, ctl->hash);
	c->size = sp_node_int(sp_node_at(o->node, "spec.replicas"), 1);
	c->replicas = sp_node_int(sp_node_get(status, "replicas"), 0);
	c->ready = sp_node_int(sp_node_get(status, "readyReplicas"), 0);
	c->available = sp_node_int(sp_node_get(status, "availableReplicas"), 0);
	c->living = living(m, o);
	c->deleting |= o->deleting;
}

static bool cond_true(const struct sp_node *status, const char *type)
{
	const struct sp_node *list = list_at(status, "conditions");

	for (uint32_t i = 0; list && i < list->n; i++)
		if (sp_streq(sp_node_str(sp_node_get(list->items[i], "type"), ""), type))
			return sp_streq(sp_node_str(sp_node_get(list->items[i], "status"), ""),
					"True");
	return false;
}

static void see_job(struct sp_manager *m, struct mgr_ctl *ctl, uint32_t i, bool first)
{
	struct sp_cron_child *c = &ctl->jobs[i];
	const struct sp_stored *o = ctl->children[i].seen;
	const struct sp_node *status = sp_node_get(o->node, "status");

	c->name = o->name;
	if (first)
		c->created_at = created_at(o, m->now);
	c->started_at = sp_node_time(sp_node_get(status, "startTime"), -1);
	c->completed_at = sp_node_time(sp_node_get(status, "completionTime"), -1);
	c->complete = cond_true(status, "Complete");
	c->finished = c->complete || cond_true(status, "Failed");
	c->deleting |= o->deleting;
}

/* ---- the table ------------------------------------------------------------------------------- */

static size_t row_size(const struct mgr_ctl *c)
{
	return c->kind == SP_KIND_DEPLOYMENT ? sizeof(*c->sets)
	       : c->kind == SP_KIND_CRON_JOB ? sizeof(*c->jobs)
					     : sizeof(*c->pods);
}

static int add_row(struct mgr_ctl *c)
{
	uint32_t cap = c->cap ? c->cap * 2 : 4;
	struct mgr_child *children;
	void *rows;

	if (c->n == c->cap) {
		children = reallocarray(c->children, cap, sizeof(*children));
		if (!children)
			return -1;
		c->children = children;
		rows = reallocarray(c->rows, cap, row_size(c));
		if (!rows)
			return -1;
		c->rows = rows;
		c->cap = cap;
	}
	c->children[c->n] = (struct mgr_child){0};
	memset((char *)c->rows + c->n * row_size(c), 0, row_size(c));
	c->n++;
	return 0;
}

static uint32_t row_of(const struct mgr_ctl *c, const char *uid)
{
	for (uint32_t i = 0; i < c->n; i++)
		if (sp_streq(c->children[i].seen->uid, uid))
			return i;
	return SP_NO_CHILD;
}

int mgr_see(struct sp_manager *m, struct mgr_ctl *c, const struct sp_stored *o,
	    struct sp_error *err)
{
	uint32_t i = row_of(c, o->uid);
	bool first = i == SP_NO_CHILD;
	struct sp_stored *old;
	int r = 0;

	if (first) {
		if (sp_uids_set(&m->children, o->uid, c) < 0 || add_row(c) < 0)
			return sp_fail(err, SP_E_NO_MEMORY, "look at '%s'", o->name);
		i = c->n - 1;
	}
	old = c->children[i].seen;
	c->children[i].seen = sp_stored_ref(o);
	if (c->kind == SP_KIND_DEPLOYMENT)
		see_set(m, c, i, first);
	else if (c->kind == SP_KIND_CRON_JOB)
		see_job(m, c, i, first);
	else
		r = see_pod(m, c, i, first);
	(void)sp_stored_unref(old);
	mgr_touch(c);
	return r < 0 ? sp_fail(err, SP_E_NO_MEMORY, "look at '%s'", o->name) : 0;
}

void mgr_drop_row(struct sp_manager *m, struct mgr_ctl *c, uint32_t i)
{
	size_t size = row_size(c);

	sp_uids_remove(&m->children, c->children[i].seen->uid);
	(void)sp_stored_unref(c->children[i].seen);
	free(c->children[i].ctrs);
	c->n--;
	/* in order: equally old rows keep theirs */
	memmove(&c->children[i], &c->children[i + 1], (c->n - i) * sizeof(*c->children));
	memmove((char *)c->rows + i * size, (char *)c->rows + (i + 1) * size, (c->n - i) * size);
}

void mgr_lose(struct sp_manager *m, struct mgr_ctl *c, const struct sp_stored *o)
{
	uint32_t i = row_of(c, o->uid);

	if (i == SP_NO_CHILD)
		return;
	mgr_touch(c);
	/* a job counts the end of a pod that is gone, a cron job tells of it: then they forget */
	if (c->kind == SP_KIND_JOB)
		c->pods[i].gone = true;
	else if (c->kind == SP_KIND_CRON_JOB)
		c->jobs[i].gone = true;
	else
		mgr_drop_row(m, c, i);
}

void mgr_mark_outdated(struct mgr_ctl *c)
{
	for (uint32_t i = 0; i < c->n; i++) {
		const struct sp_stored *o = c->children[i].seen;
		const char *hash = tag_of(o, "labels", "pod-template-hash");

		if (c->kind == SP_KIND_DEPLOYMENT)
			c->sets[i].current = hash && sp_streq(hash, c->hash);
		else if (c->kind != SP_KIND_CRON_JOB)
			c->pods[i].outdated = is_outdated(c, o);
	}
}
