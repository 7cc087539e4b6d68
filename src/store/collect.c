/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The end of objects: marks, finalizers, and the dependents that follow their owners.
 *
 * An end can have consequences of any depth, so they are noted as uids and carried out one by one.
 */
#include "store/store_internal.h"

#include "base/text.h"

#include <stdlib.h>

#define FOREGROUND "foregroundDeletion"

/* ---- who belongs to whom --------------------------------------------------------------------- */

static struct sp_version *by_uid(const struct sp_store *s, const char *uid)
{
	return sp_uids_get(&s->by_uid, uid);
}

static const struct sp_store_owner *owner_of(const struct sp_version *v, const char *uid)
{
	for (uint32_t i = 0; i < v->n_owners; i++)
		if (sp_streq(v->owners[i].uid, uid))
			return &v->owners[i];
	return NULL;
}

/* An owner that keeps its dependents: it is there, and does not wait for their end. */
static bool keeps(const struct sp_store *s, const char *uid)
{
	const struct sp_version *v = by_uid(s, uid);

	return v && !(v->pub.deleting && v->foreground);
}

static bool has_dependents(const struct sp_store *s, const char *uid, bool blocking)
{
	for (uint32_t i = 0; i < s->n; i++) {
		const struct sp_store_owner *o = owner_of(s->v[i], uid);

		if (o && (o->blocks || !blocking))
			return true;
	}
	return false;
}

/* Do owners wait for each other in a circle? Then one of them has to go first. */
static bool is_waited_for_by_dependent(const struct sp_store *s, const char *uid)
{
	for (uint32_t i = 0; i < s->n; i++)
		if (owner_of(s->v[i], uid) && s->v[i]->pub.deleting && s->v[i]->foreground)
			return true;
	return false;
}

static bool has_content(const struct sp_store *s, const char *ns)
{
	for (uint32_t i = 0; i < s->n; i++)
		if (sp_streq(s->v[i]->pub.ns, ns))
			return true;
	return false;
}

/* Is an object that is to go kept by something other than its grace? */
static bool is_held(const struct sp_store *s, const struct sp_version *v)
{
	return v->n_finalizers > 0 ||
	       (sp_streq(v->pub.kind, "Namespace") && has_content(s, v->pub.name));
}

static bool has_grace(const struct sp_version *v)
{
	const struct sp_node *grace = sp_node_get(v->meta, "deletionGracePeriodSeconds");

	return grace && grace->i > 0;
}

/* ---- what is to be looked at ----------------------------------------------------------------- */

int sp_store_note(struct sp_store *s, const char *uid, struct sp_error *err)
{
	uint32_t cap = s->cap_todo ? s->cap_todo * 2 : 16;
	char *copy;

	if (s->n_todo == s->cap_todo) {
		char **todo = realloc(s->todo, cap * sizeof(*todo));

		if (!todo)
			return sp_fail(err, SP_E_NO_MEMORY, "look for dependents");
		s->todo = todo;
		s->cap_todo = cap;
	}
	copy = strdup(uid);
	if (!copy)
		return sp_fail(err, SP_E_NO_MEMORY, "look for dependents");
	s->todo[s->n_todo++] = copy;
	return 0;
}

int sp_store_adopt(struct sp_store *s, const struct sp_version *v, struct sp_error *err)
{
	for (uint32_t i = 0; i < v->n_owners; i++)
		if (!by_uid(s, v->owners[i].uid))
			return sp_store_note(s, v->owners[i].uid, err);
	return 0;
}

/* ---- one object ------------------------------------------------------------------------------ */

static bool is_terminal(const struct sp_version *v)
{
	const char *phase = sp_node_str(sp_node_get(v->status_node, "phase"), "");

	return sp_streq(phase, "Succeeded") || sp_streq(phase, "Failed");
}

/* Seconds that a pod gets for its end; 0: nobody runs it, or nobody waits. */
static int64_t grace_of(const struct sp_version *v, const struct sp_store_delete *opt)
{
	const struct sp_node *spec = sp_node_get(v->pub.node, "spec");
	const struct sp_node *own = sp_node_get(spec, "terminationGracePeriodSeconds");
	int64_t grace_s = opt->grace_s >= 0 ? opt->grace_s : own ? own->i : 30;

	if (!sp_streq(v->pub.kind, "Pod") || is_terminal(v) ||
	    !*sp_node_str(sp_node_get(spec, "nodeName"), ""))
		return 0;
	return grace_s < 0 ? 1 : grace_s;
}

/* The status of a namespace that is on its way out. */
static const struct sp_node *terminating(struct sp_arena *a)
{
	struct sp_node *status = sp_node_new(a, SP_NODE_MAP);
	struct sp_node *phase = sp_node_new_str(a, "Terminating");

	return status && phase && sp_node_set(a, status, "phase", phase) == 0 ? status : NULL;
}

/* Note that an object is to go, and what it waits for. A later wish may only shorten the grace. */
static int mark(struct sp_store *s, const struct sp_version *v, int64_t grace_s,
		const char *finalizer, struct sp_error *err)
{
	SP_CLEANUP(sp_arena_done) struct sp_arena a = {0};
	struct sp_version_facts f = sp_version_facts_of(v);
	struct sp_version_parts p = {.base = v};
	bool shorter = v->pub.deleting && grace_s < f.grace_s;
	struct sp_version *marked;
	char when[32];
	struct sp_buf b = sp_buf_fixed(when, sizeof(when));
	int r;

	if (finalizer && !sp_version_has_finalizer(v, finalizer))
		p.add_finalizer = finalizer;
	if (v->pub.deleting && !shorter && !p.add_finalizer)
		return 0;
	if (!v->pub.deleting || shorter) {
		sp_format_rfc3339(
			&b, sp_time_add(s->env->now_wall(s->env->arg), sp_seconds(grace_s)), 0);
		f.deleted = when;
		f.grace_s = grace_s;
		f.generation += f.generation > 0;
	}
	f.version = s->version + 1;
	if (sp_streq(v->pub.kind, "Namespace")) {
		p.status = terminating(&a);
		if (!p.status)
			return sp_fail(err, SP_E_NO_MEMORY, "delete %s '%s'", v->pub.kind,
				       v->pub.name);
	}
	marked = sp_version_new(&f, &p);
	if (!marked)
		return sp_fail(err, SP_E_NO_MEMORY, "delete %s '%s'", v->pub.kind, v->pub.name);
	r = sp_store_put(s, marked, err);
	(void)sp_stored_unref(&marked->pub);
	return r;
}

static int without(struct sp_store *s, const struct sp_version *v, const char *owner,
		   const char *finalizer, struct sp_error *err)
{
	struct sp_version_facts f = sp_version_facts_of(v);
	struct sp_version_parts p = {.base = v, .drop_owner = owner, .drop_finalizer = finalizer};
	struct sp_version *next;
	int r;

	f.version = s->version + 1;
	next = sp_version_new(&f, &p);
	if (!next)
		return sp_fail(err, SP_E_NO_MEMORY, "update %s '%s'", v->pub.kind, v->pub.name);
	r = sp_store_put(s, next, err);
	(void)sp_stored_unref(&next->pub);
	return r;
}

static struct sp_version *now_of(const struct sp_store *s, const struct sp_version *v)
{
	int64_t at = sp_store_find(s, v->pub.kind, v->pub.ns, v->pub.name);

	return at >= 0 && sp_streq(s->v[at]->pub.uid, v->pub.uid) ? s->v[at] : NULL;
}

static int end_held(struct sp_store *s, const struct sp_version *v,
		    enum sp_store_propagation propagation, const struct sp_store_delete *opt,
		    struct sp_stored **ret, struct sp_error *err)
{
	bool foreground = propagation == SP_STORE_FOREGROUND;
	int64_t grace_s = grace_of(v, opt);
	const struct sp_version *now;

	if (grace_s == 0 && !foreground && !is_held(s, v))
		return sp_store_drop(s, v, ret, err);
	if (mark(s, v, grace_s, foreground ? FOREGROUND : NULL, err) < 0)
		return -1;
	now = now_of(s, v);
	if (ret)
		*ret = sp_stored_ref(&now->pub);
	return sp_store_note(s, now->pub.uid, err);
}

static int end_one(struct sp_store *s, struct sp_version *v, enum sp_store_propagation propagation,
		   const struct sp_store_delete *opt, struct sp_stored **ret, struct sp_error *err)
{
	int r;

	v->refs++; /* its place in the table goes to others */
	r = end_held(s, v, propagation, opt, ret, err);
	(void)sp_stored_unref(&v->pub);
	return r;
}

/* ---- many objects ---------------------------------------------------------------------------- */

struct few { /* versions that are held while the table changes */
	struct sp_version **v;
	uint32_t n;
};

static void few_done(struct few *f)
{
	for (uint32_t i = 0; i < f->n; i++)
		(void)sp_stored_unref(&f->v[i]->pub);
	free(f->v);
}

/* Those that belong to an owner, or lie in a namespace. */
static int pick(const struct sp_store *s, const char *owner, const char *ns, struct few *ret,
		struct sp_error *err)
{
	ret->v = malloc((s->n + 1) * sizeof(*ret->v));
	if (!ret->v)
		return sp_fail(err, SP_E_NO_MEMORY, "look for dependents");
	for (uint32_t i = 0; i < s->n; i++) {
		if (owner ? !owner_of(s->v[i], owner) : !ns || !sp_streq(s->v[i]->pub.ns, ns))
			continue;
		ret->v[ret->n++] = s->v[i];
		s->v[i]->refs++;
	}
	return 0;
}

static int orphan(struct sp_store *s, const char *uid, struct sp_error *err)
{
	SP_CLEANUP(few_done) struct few deps = {0};

	if (pick(s, uid, NULL, &deps, err) < 0)
		return -1;
	for (uint32_t i = 0; i < deps.n; i++)
		if (without(s, deps.v[i], uid, NULL, err) < 0)
			return -1;
	return 0;
}

/* One owner is gone, or waits for this dependent's end. */
static int follow(struct sp_store *s, struct sp_version *v, const char *uid, bool waits,
		  struct sp_error *err)
{
	static const struct sp_store_delete own = {.grace_s = -1};
	bool deeper = waits && has_dependents(s, v->pub.uid, false) &&
		      !is_waited_for_by_dependent(s, v->pub.uid);

	for (uint32_t i = 0; i < v->n_owners; i++)
		if (keeps(s, v->owners[i].uid))
			return without(s, v, uid, NULL, err); /* somebody else wants it */
	if (v->pub.deleting)
		return 0;
	return end_one(s, v, deeper ? SP_STORE_FOREGROUND : SP_STORE_BACKGROUND, &own, NULL, err);
}

static int end_dependents(struct sp_store *s, const char *uid, bool waits, struct sp_error *err)
{
	SP_CLEANUP(few_done) struct few deps = {0};

	if (pick(s, uid, NULL, &deps, err) < 0)
		return -1;
	for (uint32_t i = 0; i < deps.n; i++) {
		struct sp_version *v = now_of(s, deps.v[i]);

		if (v && follow(s, v, uid, waits, err) < 0)
			return -1;
	}
	return 0;
}

static int end_content(struct sp_store *s, const char *ns, struct sp_error *err)
{
	static const struct sp_store_delete own = {.grace_s = -1};
	SP_CLEANUP(few_done) struct few content = {0};

	if (pick(s, NULL, ns, &content, err) < 0)
		return -1;
	for (uint32_t i = 0; i < content.n; i++) {
		struct sp_version *v = now_of(s, content.v[i]);

		if (v && !v->pub.deleting &&
		    end_one(s, v, SP_STORE_BACKGROUND, &own, NULL, err) < 0)
			return -1;
	}
	return 0;
}

/* An object that may be gone, may wait, may have an owner that is gone. */
static int look_at(struct sp_store *s, const char *uid, struct sp_error *err)
{
	const struct sp_version *v = by_uid(s, uid);

	if (v && !v->pub.deleting && sp_store_adopt(s, v, err) < 0)
		return -1;
	if (!keeps(s, uid) && end_dependents(s, uid, v != NULL, err) < 0)
		return -1;
	v = by_uid(s, uid);
	if (!v || !v->pub.deleting)
		return 0;
	if (sp_streq(v->pub.kind, "Namespace") && end_content(s, v->pub.name, err) < 0)
		return -1;
	v = by_uid(s, uid);
	if (v->foreground && !has_dependents(s, uid, true)) {
		if (without(s, v, NULL, FOREGROUND, err) < 0)
			return -1;
		v = by_uid(s, uid);
	}
	return is_held(s, v) || has_grace(v) ? 0 : sp_store_drop(s, v, NULL, err);
}

int sp_store_collect(struct sp_store *s, struct sp_error *err)
{
	while (s->n_todo > 0) {
		char *uid = s->todo[--s->n_todo];
		int r = look_at(s, uid, err);

		if (r < 0) {
			s->todo[s->n_todo++] = uid; /* there is room: it was there */
			return -1;
		}
		free(uid);
	}
	return 0;
}

/* ---- for callers ----------------------------------------------------------------------------- */

int sp_store_delete(struct sp_store *s, const char *kind, const char *ns, const char *name,
		    const struct sp_store_delete *opt, struct sp_stored **ret, struct sp_error *err)
{
	static const struct sp_store_delete own = {.grace_s = -1};
	int64_t at = sp_store_find(s, kind, ns, name);
	struct sp_version *v;

	if (at < 0)
		return sp_fail(err, SP_E_NOT_FOUND, "there is no %s '%s'", kind, name);
	if (!opt)
		opt = &own;
	v = s->v[at];
	if ((opt->uid && !sp_streq(opt->uid, v->pub.uid)) ||
	    (opt->version && opt->version != v->pub.version))
		return sp_fail(err, SP_E_CONFLICT, "%s '%s' is not the one that was to be deleted",
			       kind, name);
	if (opt->propagation == SP_STORE_ORPHAN && orphan(s, v->pub.uid, err) < 0)
		return -1;
	v = s->v[at]; /* an object may call itself its owner; nothing was added or removed */
	if (end_one(s, v, opt->propagation, opt, ret, err) < 0)
		return -1;
	return sp_store_collect(s, err);
}

int sp_store_remove(struct sp_store *s, const char *kind, const char *ns, const char *name,
		    const char *uid, struct sp_error *err)
{
	static const struct sp_store_delete at_once = {.grace_s = 0};
	int64_t at = sp_store_find(s, kind, ns, name);

	if (at < 0 || (uid && !sp_streq(s->v[at]->pub.uid, uid)))
		return sp_fail(err, SP_E_NOT_FOUND, "there is no %s '%s'", kind, name);
	if (end_one(s, s->v[at], SP_STORE_BACKGROUND, &at_once, NULL, err) < 0)
		return -1;
	return sp_store_collect(s, err);
}
