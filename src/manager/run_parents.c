/* SPDX-License-Identifier: Apache-2.0 */
/* Controllers that make other controllers' objects: Deployment → ReplicaSet, CronJob → Job. */
#include "manager/manager_internal.h"

#define REVISION_TAG "deployment.kubernetes.io/revision"

static int tell(struct sp_manager *m, const struct mgr_ctl *c, const struct sp_ctl_action *act,
		struct sp_error *err)
{
	return mgr_event(m, c->seen,
			 c->kind == SP_KIND_DEPLOYMENT ? "deployment-controller"
						       : "cronjob-controller",
			 act->warning, act->reason, act->text, err);
}

/* ---- deployments ----------------------------------------------------------------------------- */

static int create_set(struct sp_manager *m, struct mgr_ctl *c, const struct sp_ctl_action *act,
		      struct sp_error *err)
{
	SP_CLEANUP(sp_arena_done) struct sp_arena a = {0};
	struct sp_node *set =
		sp_make_replica_set(&a, c->typed.workload, c->hash, act->size, act->index);
	struct sp_stored *made;
	int r;

	if (!set)
		return sp_fail(err, SP_E_NO_MEMORY, "make replica set '%s'", act->text);
	r = mgr_create(m, &a, set, &made, err);
	if (r < 0 && err->code == SP_E_EXISTS) {
		/* the name is another template's (DEPLOY-3): the next look has another hash */
		c->collisions++;
		c->dirty = true;
		return sp_make_hash(c->typed.workload->spec->template->node, c->collisions,
				    c->hash) < 0
			       ? sp_fail(err, SP_E_NO_MEMORY, "name a replica set")
			       : 0;
	}
	if (r < 0)
		return -1;
	r = mgr_see(m, c, made, err);
	(void)sp_stored_unref(made);
	return r;
}

/* A template that came back has a new number (DEPLOY-4); the deployment shows the newest. */
static int put_revisions(struct sp_manager *m, struct mgr_ctl *c, struct sp_error *err)
{
	char text[24];

	for (uint32_t i = 0; i < c->n; i++) {
		struct sp_buf b = sp_buf_fixed(text, sizeof(text));

		if (!c->sets[i].current || c->sets[i].deleting)
			continue;
		sp_buf_printf(&b, "%lld", (long long)c->sets[i].revision);
		if (mgr_annotate(m, c->children[i].seen, REVISION_TAG, text, err) < 0 ||
		    mgr_annotate(m, c->seen, REVISION_TAG, text, err) < 0)
			return -1;
	}
	return 0;
}

static int put_deployment_status(struct sp_manager *m, struct mgr_ctl *c, struct sp_error *err)
{
	SP_CLEANUP(sp_arena_done) struct sp_arena a = {0};
	struct sp_tree t = {.a = &a};
	struct sp_node *st = mgr_deployment_status(&t, c);

	if (t.failed)
		return sp_fail(err, SP_E_NO_MEMORY, "status of '%s'", c->seen->name);
	return mgr_put_status(m, &a, c->seen, st, err);
}

int mgr_run_deployment(struct sp_manager *m, struct mgr_ctl *c, struct sp_error *err)
{
	bool status = false;

	c->dirty = false;
	c->deployment.deleting = c->seen->deleting;
	sp_deployment_step(c->typed.workload, c->hash, &c->deployment, c->sets, c->n, m->now,
			   m->ctl);
	c->wake = m->ctl->wake;
	/* what it asks of rows that exist, before a new one comes */
	for (uint32_t i = 0; i < m->ctl->n; i++) {
		const struct sp_ctl_action *act = &m->ctl->items[i];
		int r = 0;

		if (act->kind == SP_CTL_SCALE)
			r = mgr_scale(m, c->children[act->child].seen, act->size, err);
		else if (act->kind == SP_CTL_DELETE)
			r = mgr_delete(m, c->children[act->child].seen, err);
		else if (act->kind == SP_CTL_EVENT)
			r = tell(m, c, act, err);
		status |= act->kind == SP_CTL_STATUS;
		/* DEPLOY-20: rounds follow each other, until one has nothing to say */
		c->dirty |= act->kind != SP_CTL_EVENT && act->kind != SP_CTL_REMOVE;
		if (r < 0)
			return -1;
	}
	for (uint32_t i = 0; i < m->ctl->n; i++)
		if (m->ctl->items[i].kind == SP_CTL_CREATE &&
		    create_set(m, c, &m->ctl->items[i], err) < 0)
			return -1;
	if (put_revisions(m, c, err) < 0)
		return -1;
	return status ? put_deployment_status(m, c, err) : 0;
}

/* ---- cron jobs ------------------------------------------------------------------------------- */

static int create_job(struct sp_manager *m, struct mgr_ctl *c, const struct sp_zone *zone,
		      const struct sp_ctl_action *act, struct sp_error *err)
{
	SP_CLEANUP(sp_arena_done) struct sp_arena a = {0};
	struct sp_node *job = sp_make_cron_job(&a, c->typed.cron_job, zone, act);
	struct sp_stored *made;
	int r;

	if (!job)
		return sp_fail(err, SP_E_NO_MEMORY, "make job '%s'", act->text);
	r = mgr_create(m, &a, job, &made, err);
	if (r < 0) /* a job of this name that is not ours keeps the time from being run */
		return err->code == SP_E_EXISTS ? 0 : -1;
	r = mgr_see(m, c, made, err);
	if (r == 0)
		c->jobs[c->n - 1].ours = true;
	(void)sp_stored_unref(made);
	return r;
}

static int put_cron_status(struct sp_manager *m, struct mgr_ctl *c, struct sp_error *err)
{
	SP_CLEANUP(sp_arena_done) struct sp_arena a = {0};
	struct sp_tree t = {.a = &a};
	struct sp_node *st = mgr_cron_status(&t, c);

	if (t.failed)
		return sp_fail(err, SP_E_NO_MEMORY, "status of '%s'", c->seen->name);
	return mgr_put_status(m, &a, c->seen, st, err);
}

int mgr_run_cron(struct sp_manager *m, struct mgr_ctl *c, struct sp_error *err)
{
	const struct sp_zone *zone =
		m->env->zone ? m->env->zone(m->env->arg, c->typed.cron_job->spec->time_zone) : NULL;
	bool status = false;

	c->dirty = false;
	c->cron.deleting = c->seen->deleting;
	sp_cron_job_step(c->typed.cron_job, &c->cron, zone, c->jobs, c->n, m->now, m->ctl);
	c->wake = m->ctl->wake;
	for (uint32_t i = 0; i < m->ctl->n; i++) {
		const struct sp_ctl_action *act = &m->ctl->items[i];
		int r = 0;

		if (act->kind == SP_CTL_DELETE)
			r = mgr_delete(m, c->children[act->child].seen, err);
		else if (act->kind == SP_CTL_EVENT)
			r = tell(m, c, act, err);
		status |= act->kind == SP_CTL_STATUS;
		if (r < 0)
			return -1;
	}
	for (uint32_t i = 0; i < m->ctl->n; i++)
		if (m->ctl->items[i].kind == SP_CTL_CREATE &&
		    create_job(m, c, zone, &m->ctl->items[i], err) < 0)
			return -1;
	for (uint32_t i = c->n; i-- > 0;)
		if (c->jobs[i].gone && (c->jobs[i].told || c->jobs[i].deleting))
			mgr_drop_row(m, c, i);
	return status ? put_cron_status(m, c, err) : 0;
}

/* ---- once, now ------------------------------------------------------------------------------- */

static void drop_key(struct sp_node *map, const char *key)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < map->n; i++)
		if (!sp_streq(map->pairs[i].key, key))
			map->pairs[kept++] = map->pairs[i];
	map->n = kept;
}

int sp_manager_job_now(struct sp_arena *a, const struct sp_object *cron, sp_time now,
		       const struct sp_zone *zone, struct sp_node **ret, struct sp_error *err)
{
	static const struct sp_zone utc;
	static const struct sp_source made_here = {.name = "<controller>"};
	struct sp_tree t = {.a = a};
	struct sp_ctl_action act = {.kind = SP_CTL_CREATE, .time = now};
	struct sp_node *job, *meta;
	struct sp_object o;

	act.text = sp_arena_printf(a, "%s-%lld", cron->meta->name, (long long)(now / SP_SEC / 60));
	job = act.text ? sp_make_cron_job(a, cron->cron_job, zone ? zone : &utc, &act) : NULL;
	if (!job)
		return sp_fail(err, SP_E_NO_MEMORY, "make a job");
	meta = sp_tree_child(&t, job, "metadata", SP_NODE_MAP);
	drop_key(meta, "ownerReferences"); /* there is no cron job that would own it */
	sp_tree_text(&t, sp_tree_child(&t, meta, "annotations", SP_NODE_MAP),
		     "cronjob.kubernetes.io/instantiate", "manual");
	if (t.failed || sp_object_decode(a, job, &made_here, NULL, NULL, NULL, &o) < 0 ||
	    sp_object_default(a, &o, NULL) < 0)
		return sp_fail(err, SP_E_NO_MEMORY, "make a job");
	*ret = job;
	return 0;
}
