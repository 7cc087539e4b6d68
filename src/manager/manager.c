/* SPDX-License-Identifier: Apache-2.0 */
/* The manager's turn: what the watch tells goes to the controllers it concerns, then each of them
 * that has something to do does it. */
#include "manager/manager_internal.h"

#include "manager/restore.h"
#include "spec/tables.h"

#include <stdlib.h>

#define ROUNDS_MAX 64 /* of one step; the rest follows at once in the next */

static const struct sp_source from_store = {.name = "<store>"};

/* ---- controllers ------------------------------------------------------------------------------
 */

void mgr_touch(struct mgr_ctl *c)
{
	c->dirty = true;
}

struct mgr_ctl *mgr_ctl_of(struct sp_manager *m, const char *uid)
{
	return uid ? sp_uids_get(&m->ctls, uid) : NULL;
}

static bool has_controller(enum sp_kind kind)
{
	return kind == SP_KIND_JOB || kind == SP_KIND_CRON_JOB || kind == SP_KIND_DEPLOYMENT ||
	       kind == SP_KIND_REPLICA_SET || kind == SP_KIND_STATEFUL_SET ||
	       kind == SP_KIND_DAEMON_SET;
}

static enum sp_kind kind_of(const struct sp_stored *o)
{
	return sp_kind_find(sp_node_str(sp_node_get(o->node, "apiVersion"), ""), o->kind);
}

static void ctl_free(struct sp_manager *m, struct mgr_ctl *c)
{
	while (c->n)
		mgr_drop_row(m, c, c->n - 1);
	if (c->kind == SP_KIND_JOB)
		free(c->job);
	sp_uids_remove(&m->ctls, c->seen->uid);
	(void)sp_stored_unref(c->seen);
	sp_arena_done(&c->arena);
	free(c->children);
	free(c->rows);
	free(c);
}

static const struct sp_k_pod_template *template_of(const struct mgr_ctl *c)
{
	return c->kind == SP_KIND_JOB || c->kind == SP_KIND_CRON_JOB
		       ? NULL
		       : c->typed.workload->spec->template;
}

/* The typed object again, from a version whose spec is new. */
static int ctl_decode(struct sp_manager *m, struct mgr_ctl *c, struct sp_error *err)
{
	struct sp_arena a = {0};
	struct sp_node *copy = sp_node_clone(&a, c->seen->node);
	struct sp_object o;

	if (!copy || sp_object_decode(&a, copy, &from_store, &m->options, NULL, NULL, &o) < 0 ||
	    sp_object_default(&a, &o, &m->options) < 0) {
		sp_arena_done(&a);
		return sp_fail(err, SP_E_INVALID, "%s '%s' cannot be read", c->seen->kind,
			       c->seen->name);
	}
	sp_arena_done(&c->arena);
	c->arena = a;
	c->typed = o;
	c->status_due = c->kind != SP_KIND_CRON_JOB; /* observedGeneration */
	mgr_touch(c);
	if (!template_of(c))
		return 0;
	if (sp_make_hash(template_of(c)->node, c->collisions, c->hash) < 0)
		return sp_fail(err, SP_E_NO_MEMORY, "hash a template");
	mgr_mark_outdated(c);
	return 0;
}

/* Can the controller work with it? What is stored was validated; this is about what is missing. */
static bool is_usable(const struct sp_object *o)
{
	if (o->kind == SP_KIND_JOB)
		return o->job->spec && o->job->spec->template && o->job->spec->template->spec;
	if (o->kind == SP_KIND_CRON_JOB)
		return o->cron_job->spec && o->cron_job->spec->schedule &&
		       o->cron_job->spec->job_template && o->cron_job->spec->job_template->spec;
	return o->workload->spec && o->workload->spec->template;
}

static int ctl_init(struct sp_manager *m, struct mgr_ctl *c, struct sp_error *err)
{
	const struct sp_stored *o = c->seen;
	sp_time created = sp_node_time(sp_node_at(o->node, "metadata.creationTimestamp"), m->now);

	c->wake = SP_NEVER;
	if (c->kind == SP_KIND_JOB) {
		c->job = malloc(sizeof(*c->job));
		if (!c->job)
			return sp_fail(err, SP_E_NO_MEMORY, "job '%s'", o->name);
		sp_job_init(c->job, sp_ctl_random(&m->chance));
		mgr_restore_job(o, m->now, c->job);
		c->job->kube_minor = m->options.kube_minor;
	} else if (c->kind == SP_KIND_CRON_JOB) {
		sp_cron_job_init(&c->cron, created);
		mgr_restore_cron(o, &c->cron);
	} else if (c->kind == SP_KIND_DEPLOYMENT) {
		sp_deployment_init(&c->deployment, m->now);
	} else {
		sp_set_init(&c->set, sp_ctl_random(&m->chance));
	}
	return 0;
}

/* Children that were there before their controller was known. */
static int adopt_children(struct sp_manager *m, struct mgr_ctl *c, struct sp_error *err)
{
	const char *kind = c->kind == SP_KIND_DEPLOYMENT ? "ReplicaSet"
			   : c->kind == SP_KIND_CRON_JOB ? "Job"
							 : "Pod";
	const struct sp_stored *o = NULL;

	while ((o = sp_store_next(m->store, kind, c->seen->ns, o)) != NULL) {
		const char *owner = mgr_owner_uid(o);

		if (owner && sp_streq(owner, c->seen->uid) && mgr_see(m, c, o, err) < 0)
			return -1;
	}
	return 0;
}

static int ctl_add(struct sp_manager *m, enum sp_kind kind, const struct sp_stored *o,
		   struct sp_error *err)
{
	struct mgr_ctl *c = calloc(1, sizeof(*c));

	if (!c)
		return sp_fail(err, SP_E_NO_MEMORY, "%s '%s'", o->kind, o->name);
	c->kind = kind;
	c->seen = sp_stored_ref(o);
	if (ctl_init(m, c, err) < 0 || ctl_decode(m, c, err) < 0 || !is_usable(&c->typed) ||
	    sp_uids_set(&m->ctls, o->uid, c) < 0) {
		ctl_free(m, c);
		return -1;
	}
	*m->last = c;
	m->last = &c->next;
	/* a new object has none, and looking through all pods for each would add up */
	return sp_node_get(o->node, "status") ? adopt_children(m, c, err) : 0;
}

static void ctl_remove(struct sp_manager *m, struct mgr_ctl *c)
{
	struct mgr_ctl **at = &m->first;

	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	if (m->last == &c->next)
		m->last = at;
	ctl_free(m, c);
}

/* ---- the watch ------------------------------------------------------------------------------- */

static int ctl_changed(struct sp_manager *m, struct mgr_ctl *c, const struct sp_stored *o,
		       struct sp_error *err)
{
	bool new_spec = o->generation != c->seen->generation;
	struct sp_stored *old = c->seen;

	if (o->deleting && !old->deleting)
		mgr_touch(c);
	c->seen = sp_stored_ref(o);
	(void)sp_stored_unref(old);
	return new_spec ? ctl_decode(m, c, err) : 0;
}

static int take_owned(struct sp_manager *m, const struct sp_store_event *ev, struct sp_error *err)
{
	struct mgr_ctl *c;

	if (ev->type == SP_STORE_DELETED) {
		c = sp_uids_get(&m->children, ev->object->uid);
		if (c)
			mgr_lose(m, c, ev->object);
		return 0;
	}
	c = mgr_ctl_of(m, mgr_owner_uid(ev->object));
	return c ? mgr_see(m, c, ev->object, err) : 0;
}

static int take_object(struct sp_manager *m, enum sp_kind kind, const struct sp_store_event *ev,
		       struct sp_error *err)
{
	struct mgr_ctl *c = mgr_ctl_of(m, ev->object->uid);

	if (ev->type == SP_STORE_DELETED) {
		if (c)
			ctl_remove(m, c);
		return 0;
	}
	return c ? ctl_changed(m, c, ev->object, err) : ctl_add(m, kind, ev->object, err);
}

static int take(struct sp_manager *m, const struct sp_store_event *ev, struct sp_error *err)
{
	enum sp_kind kind = kind_of(ev->object);

	if (kind == SP_KIND_POD || kind == SP_KIND_SERVICE)
		m->services_dirty = true;
	if (kind == SP_KIND_PVC)
		m->claims_dirty = true;
	if ((kind == SP_KIND_POD || kind == SP_KIND_REPLICA_SET || kind == SP_KIND_JOB) &&
	    take_owned(m, ev, err) < 0)
		return -1;
	if (!has_controller(kind) || take_object(m, kind, ev, err) == 0)
		return 0;
	/* one object that nobody can read does not keep the others from running */
	return err->code == SP_E_INVALID ? 0 : -1;
}

static int see_all(struct sp_manager *m, const char *kind, struct sp_error *err)
{
	struct sp_store_event ev = {.type = SP_STORE_MODIFIED};

	while ((ev.object = sp_store_next(m->store, kind, NULL, ev.object)) != NULL)
		if (take(m, &ev, err) < 0)
			return -1;
	return 0;
}

static bool is_there(struct sp_manager *m, const struct sp_stored *o)
{
	struct sp_stored *now = sp_store_get(m->store, o->kind, o->ns, o->name);
	bool same = now && sp_streq(now->uid, o->uid);

	(void)sp_stored_unref(now);
	return same;
}

/* The history does not reach back to where we were: look at everything. */
static int look_anew(struct sp_manager *m, struct sp_error *err)
{
	static const char *const kinds[] = {"CronJob",     "Job",       "Deployment", "ReplicaSet",
					    "StatefulSet", "DaemonSet", "Pod"};

	m->watch.version = sp_store_version(m->store);
	m->services_dirty = m->claims_dirty = true;
	for (struct mgr_ctl *c = m->first, *next; c; c = next) {
		next = c->next;
		if (!is_there(m, c->seen))
			ctl_remove(m, c);
		for (uint32_t i = c->n; i-- > 0;)
			if (!is_there(m, c->children[i].seen))
				mgr_lose(m, c, c->children[i].seen);
	}
	for (size_t i = 0; i < SP_ARRAY_LEN(kinds); i++)
		if (see_all(m, kinds[i], err) < 0)
			return -1;
	return 0;
}

static int read_watch(struct sp_manager *m, struct sp_error *err)
{
	struct sp_store_event ev;
	int r;

	while ((r = sp_store_watch_next(m->store, &m->watch, &ev, err)) > 0) {
		/* kept while it is looked at: what follows may write */
		struct sp_stored *o = sp_stored_ref(ev.object);

		ev.object = o;
		r = take(m, &ev, err);
		(void)sp_stored_unref(o);
		if (r < 0)
			return -1;
	}
	if (r < 0 && err->code == SP_E_EXPIRED)
		return look_anew(m, err);
	return r;
}

/* ---- the turn -------------------------------------------------------------------------------- */

static int run_one(struct sp_manager *m, struct mgr_ctl *c, struct sp_error *err)
{
	if (c->kind == SP_KIND_DEPLOYMENT)
		return mgr_run_deployment(m, c, err);
	if (c->kind == SP_KIND_CRON_JOB)
		return mgr_run_cron(m, c, err);
	return mgr_run_pods(m, c, err);
}

/* Return: 1 somebody had something to do, 0 nobody, -1 */
static int run_due(struct sp_manager *m, struct sp_error *err)
{
	int worked = 0;

	/* steps write to the store alone: the list changes when the watch is read */
	for (struct mgr_ctl *c = m->first; c; c = c->next) {
		if (!c->dirty && c->wake > m->now)
			continue;
		worked = 1;
		if (run_one(m, c, err) < 0)
			return -1;
	}
	if (m->claims_dirty) {
		m->claims_dirty = false;
		worked = 1;
		if (mgr_run_claims(m, err) < 0)
			return -1;
	}
	if (m->services_dirty) {
		m->services_dirty = false;
		worked = 1;
		if (mgr_run_services(m, err) < 0)
			return -1;
	}
	return worked;
}

int sp_manager_step(struct sp_manager *m, sp_time now, sp_time *ret_wake, struct sp_error *err)
{
	int r = 1;

	m->now = SP_MAX(now, m->now); /* a clock that was set back makes nothing undone */
	*ret_wake = SP_NEVER;
	for (int round = 0; r > 0 && round < ROUNDS_MAX; round++) {
		if (read_watch(m, err) < 0)
			return -1;
		r = run_due(m, err);
	}
	if (r < 0 || mgr_forget_events(m, ret_wake, err) < 0)
		return -1;
	for (const struct mgr_ctl *c = m->first; c; c = c->next)
		*ret_wake = SP_MIN(*ret_wake, c->dirty ? m->now : c->wake);
	if (r > 0)
		*ret_wake = m->now;
	return 0;
}

int sp_manager_open(struct sp_store *s, const struct sp_manager_env *env, struct sp_manager **ret,
		    struct sp_error *err)
{
	struct sp_manager *m = calloc(1, sizeof(*m));

	if (m)
		m->ctl = calloc(1, sizeof(*m->ctl));
	if (!m || !m->ctl) {
		free(m);
		return sp_fail(err, SP_E_NO_MEMORY, "start the controllers");
	}
	m->store = s;
	m->env = env;
	m->options.kube_minor = env->kube_minor;
	m->chance = env->seed;
	m->last = &m->first;
	m->watch.version = -1;
	*ret = m;
	if (look_anew(m, err) == 0)
		return 0;
	*ret = sp_manager_close(m);
	return -1;
}

struct sp_manager *sp_manager_close(struct sp_manager *m)
{
	if (!m)
		return NULL;
	while (m->first)
		ctl_remove(m, m->first);
	for (uint32_t i = 0; i < m->n_events; i++) {
		struct mgr_event_ref *e = &m->events[(m->first_event + i) % m->cap_events];

		free(e->ns);
		free(e->name);
	}
	free(m->events);
	sp_uids_done(&m->ctls);
	sp_uids_done(&m->children);
	free(m->ctl);
	free(m);
	return NULL;
}

int sp_manager_event(struct sp_manager *m, const struct sp_stored *about, const char *component,
		     bool warning, const char *reason, const char *text, struct sp_error *err)
{
	return mgr_event(m, about, component, warning, reason, text, err);
}
