/* SPDX-License-Identifier: Apache-2.0 */
/* Controllers that make pods: Job, ReplicaSet, StatefulSet, DaemonSet. */
#include "manager/manager_internal.h"

#define RETRY_AFTER (10 * SP_SEC)

static const char *component(enum sp_kind kind)
{
	return kind == SP_KIND_JOB            ? "job-controller"
	       : kind == SP_KIND_REPLICA_SET  ? "replicaset-controller"
	       : kind == SP_KIND_STATEFUL_SET ? "statefulset-controller"
					      : "daemonset-controller";
}

/* The tree of the pod that the action asks for. */
static struct sp_node *make_pod(struct sp_manager *m, struct sp_tree *t, const struct mgr_ctl *c,
				const struct sp_ctl_action *act, struct sp_error *err)
{
	bool is_set = c->kind == SP_KIND_STATEFUL_SET || c->kind == SP_KIND_DAEMON_SET;
	struct sp_node *pod = c->kind == SP_KIND_JOB
				      ? sp_make_job_pod(t->a, c->typed.job, act)
				      : sp_make_pod(t->a, c->kind, c->typed.workload, act);
	struct sp_node *spec, *labels;

	if (!pod)
		return NULL;
	spec = sp_tree_child(t, pod, "spec", SP_NODE_MAP);
	sp_tree_text(t, spec, "nodeName", m->env->node_name);
	if (is_set) {
		labels = sp_tree_child(t, sp_tree_child(t, pod, "metadata", SP_NODE_MAP), "labels",
				       SP_NODE_MAP);
		sp_tree_text(t, labels, "controller-revision-hash", c->hash);
	}
	if (c->kind == SP_KIND_STATEFUL_SET && mgr_claims_of(m, t, c, pod, act->index, err) < 0)
		return NULL;
	return pod;
}

/* Return: 1 created, 0 refused by the store (*err), -1 */
static int create_pod(struct sp_manager *m, struct mgr_ctl *c, const struct sp_ctl_action *act,
		      struct sp_error *err)
{
	SP_CLEANUP(sp_arena_done) struct sp_arena a = {0};
	struct sp_tree t = {.a = &a};
	struct sp_stored *made;
	struct sp_node *pod;
	int r;

	sp_fail(err, SP_E_NO_MEMORY, "make pod '%s'", act->text);
	pod = make_pod(m, &t, c, act, err);
	if (!pod || t.failed)
		return -1;
	r = mgr_create(m, &a, pod, &made, err);
	if (r < 0)
		return err->code == SP_E_NO_MEMORY ? -1 : 0;
	r = mgr_see(m, c, made, err);
	(void)sp_stored_unref(made);
	return r < 0 ? -1 : 1;
}

static void step(struct sp_manager *m, struct mgr_ctl *c)
{
	const struct sp_k_workload *w = c->typed.workload;

	if (c->kind == SP_KIND_JOB) {
		c->job->deleting = c->seen->deleting;
		sp_job_step(c->typed.job, c->job, c->pods, c->n, m->now, m->ctl);
		return;
	}
	c->set.deleting = c->seen->deleting;
	if (c->kind == SP_KIND_REPLICA_SET)
		sp_replica_set_step(w, &c->set, c->pods, c->n, m->now, m->ctl);
	else if (c->kind == SP_KIND_STATEFUL_SET)
		sp_stateful_set_step(w, &c->set, c->pods, c->n, m->now, m->ctl);
	else
		sp_daemon_set_step(w, &c->set, c->pods, c->n, m->now, m->ctl);
}

/* Rows change while actions are performed; what a DELETE means is its pod. */
static int delete_pods(struct sp_manager *m, struct mgr_ctl *c, struct sp_error *err)
{
	for (uint32_t i = 0; i < m->ctl->n; i++) {
		const struct sp_ctl_action *act = &m->ctl->items[i];

		if (act->kind == SP_CTL_DELETE &&
		    mgr_delete(m, c->children[act->child].seen, err) < 0)
			return -1;
	}
	return 0;
}

static int put_status(struct sp_manager *m, struct mgr_ctl *c, struct sp_error *err)
{
	SP_CLEANUP(sp_arena_done) struct sp_arena a = {0};
	struct sp_tree t = {.a = &a};
	struct sp_node *st = c->kind == SP_KIND_JOB ? mgr_job_status(&t, c) : mgr_set_status(&t, c);

	c->status_due = false;
	if (t.failed)
		return sp_fail(err, SP_E_NO_MEMORY, "status of '%s'", c->seen->name);
	return mgr_put_status(m, &a, c->seen, st, err);
}

/* A pod could not be made: told, and tried again later. */
static int create_failed(struct sp_manager *m, struct mgr_ctl *c, const struct sp_error *why,
			 struct sp_error *err)
{
	char text[600];
	struct sp_buf b = sp_buf_fixed(text, sizeof(text));

	sp_buf_printf(&b, "Error creating: %s", why->text);
	c->wake = SP_MIN(c->wake, m->now + RETRY_AFTER);
	if (c->kind == SP_KIND_JOB)
		c->job->retry_at = m->now + RETRY_AFTER;
	return mgr_event(m, c->seen, component(c->kind), true, "FailedCreate", text, err);
}

static bool names_pod_refused(const struct sp_ctl_action *act, const char *refused)
{
	size_t n = strlen(act->text), k = strlen(refused);

	return sp_streq(act->reason, "SuccessfulCreate") && n >= k &&
	       sp_streq(act->text + n - k, refused);
}

static int perform(struct sp_manager *m, struct mgr_ctl *c, bool *ret_status, bool *ret_removed,
		   struct sp_error *err)
{
	const char *refused = NULL; /* the first pod that could not be made; the rest is left out */
	struct sp_error why;

	for (uint32_t i = 0; i < m->ctl->n; i++) {
		const struct sp_ctl_action *act = &m->ctl->items[i];
		int r = 0;

		switch (act->kind) {
		case SP_CTL_CREATE:
			if (refused)
				break;
			r = create_pod(m, c, act, err);
			if (r == 0) {
				refused = act->text;
				why = *err;
				r = create_failed(m, c, &why, err);
			}
			break;
		case SP_CTL_EVENT:
			if (!refused || !names_pod_refused(act, refused))
				r = mgr_event(m, c->seen, component(c->kind), act->warning,
					      act->reason, act->text, err);
			break;
		case SP_CTL_STATUS:
			*ret_status = true;
			break;
		case SP_CTL_REMOVE:
			*ret_removed = true;
			break;
		case SP_CTL_DELETE: /* done before */
		case SP_CTL_SCALE:  /* these have no sets */
		case SP_CTLS:
			break;
		}
		if (r < 0)
			return -1;
	}
	return 0;
}

/* Pods that are gone and whose end has been counted. */
static void forget_pods(struct sp_manager *m, struct mgr_ctl *c)
{
	for (uint32_t i = c->n; c->kind == SP_KIND_JOB && i-- > 0;)
		if (sp_job_may_forget(c->typed.job, c->job, &c->pods[i]))
			mgr_drop_row(m, c, i);
}

int mgr_run_pods(struct sp_manager *m, struct mgr_ctl *c, struct sp_error *err)
{
	bool status = c->status_due, removed = false;

	c->dirty = false;
	step(m, c);
	c->wake = m->ctl->wake;
	if (delete_pods(m, c, err) < 0 || perform(m, c, &status, &removed, err) < 0)
		return -1;
	forget_pods(m, c);
	if (status && put_status(m, c, err) < 0)
		return -1;
	/* JOB-72; an object that is being deleted goes by itself when its pods have gone */
	return removed && !c->seen->deleting ? mgr_delete(m, c->seen, err) : 0;
}
