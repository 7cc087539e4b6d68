/* SPDX-License-Identifier: Apache-2.0 */
/* The table of objects, the history behind the watches, creating and updating. */
#include "store/store_internal.h"

#include "base/text.h"

#include <stdlib.h>

#define NAME_TRIES 8

static const char *const cluster_kinds[] = {
	"Namespace",   "Node",          "PersistentVolume",   "StorageClass",
	"ClusterRole", "PriorityClass", "ClusterRoleBinding", "RuntimeClass",
};

static bool has_namespace(const char *kind)
{
	for (size_t i = 0; i < SP_ARRAY_LEN(cluster_kinds); i++)
		if (sp_streq(kind, cluster_kinds[i]))
			return false;
	return true;
}

/* ---- table and history ----------------------------------------------------------------------- */

static int by_key(const struct sp_stored *o, const char *kind, const char *ns, const char *name)
{
	int r = strcmp(o->kind, kind);

	if (r == 0)
		r = strcmp(o->ns, ns);
	return r ? r : strcmp(o->name, name);
}

int64_t sp_store_find(const struct sp_store *s, const char *kind, const char *ns, const char *name)
{
	uint32_t lo = 0, hi = s->n;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;
		int r = by_key(&s->v[mid]->pub, kind, ns, name);

		if (r == 0)
			return mid;
		if (r < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return -(int64_t)lo - 1;
}

static int grow(struct sp_store *s, struct sp_error *err)
{
	uint32_t cap = s->cap ? s->cap * 2 : 64;
	struct sp_version **v;

	if (s->n < s->cap)
		return 0;
	v = realloc(s->v, (size_t)cap * sizeof(*v));
	if (!v)
		return sp_fail(err, SP_E_NO_MEMORY, "store an object");
	s->v = v;
	s->cap = cap;
	return 0;
}

/* Make a version part of the table; without taking a reference. */
static int add(struct sp_store *s, int64_t at, struct sp_version *v, struct sp_error *err)
{
	if (grow(s, err) < 0)
		return -1;
	if (sp_uids_set(&s->by_uid, v->pub.uid, v) < 0)
		return sp_fail(err, SP_E_NO_MEMORY, "store an object");
	memmove(&s->v[at + 1], &s->v[at], (s->n - (size_t)at) * sizeof(*s->v));
	s->v[at] = v;
	s->n++;
	return 0;
}

static void take_out(struct sp_store *s, int64_t at)
{
	sp_uids_remove(&s->by_uid, s->v[at]->pub.uid);
	s->n--;
	memmove(&s->v[at], &s->v[at + 1], (s->n - (size_t)at) * sizeof(*s->v));
}

static void remember(struct sp_store *s, enum sp_store_event_type type, struct sp_version *v)
{
	size_t k = (size_t)(v->pub.version % SP_STORE_HISTORY);

	s->version = v->pub.version;
	if (s->history[k].object)
		s->first = s->version - SP_STORE_HISTORY + 1;
	(void)sp_stored_unref(s->history[k].object ? &s->history[k].object->pub : NULL);
	s->history[k].type = type;
	s->history[k].object = v;
	v->refs++;
}

int sp_store_put(struct sp_store *s, struct sp_version *v, struct sp_error *err)
{
	int64_t at = sp_store_find(s, v->pub.kind, v->pub.ns, v->pub.name);
	struct sp_version *before = at >= 0 ? s->v[at] : NULL;

	assert(v->pub.version == s->version + 1);
	if (!before && add(s, -at - 1, v, err) < 0)
		return -1;
	if (s->backend && s->backend->keep(s->backend->arg, &v->pub, false, err) < 0) {
		if (!before)
			take_out(s, -at - 1);
		return sp_wrap(err, "keep %s '%s'", v->pub.kind, v->pub.name);
	}
	if (before) {
		s->v[at] = v;
		(void)sp_uids_set(&s->by_uid, v->pub.uid, v); /* it is there: no memory is needed */
		(void)sp_stored_unref(&before->pub);
	}
	v->refs++;
	remember(s, before ? SP_STORE_MODIFIED : SP_STORE_ADDED, v);
	return 0;
}

int sp_store_drop(struct sp_store *s, const struct sp_version *v, struct sp_stored **ret,
		  struct sp_error *err)
{
	int64_t at = sp_store_find(s, v->pub.kind, v->pub.ns, v->pub.name);
	struct sp_version_facts f = sp_version_facts_of(v);
	struct sp_version_parts p = {.base = v};
	struct sp_version *last;
	int r = 0;

	assert(at >= 0);
	f.version = s->version + 1;
	last = sp_version_new(&f, &p);
	if (!last)
		return sp_fail(err, SP_E_NO_MEMORY, "remove %s '%s'", v->pub.kind, v->pub.name);
	if (s->backend && s->backend->keep(s->backend->arg, &last->pub, true, err) < 0) {
		(void)sp_stored_unref(&last->pub);
		return sp_wrap(err, "remove %s '%s'", v->pub.kind, v->pub.name);
	}
	remember(s, SP_STORE_DELETED, last);
	v = s->v[at];
	take_out(s, at);
	(void)sp_stored_unref(&v->pub);
	for (uint32_t i = 0; i < last->n_owners && r == 0; i++)
		r = sp_store_note(s, last->owners[i].uid, err);
	if (r == 0)
		r = sp_store_note(s, last->pub.uid, err);
	if (r == 0 && *last->pub.ns) {
		at = sp_store_find(s, "Namespace", "", last->pub.ns);
		if (at >= 0 && s->v[at]->pub.deleting)
			r = sp_store_note(s, s->v[at]->pub.uid, err);
	}
	if (ret && r == 0)
		*ret = sp_stored_ref(&last->pub);
	(void)sp_stored_unref(&last->pub);
	return r;
}

/* ---- opening --------------------------------------------------------------------------------- */

static int restore(void *arg, const struct sp_node *node)
{
	struct sp_store *s = arg;
	const struct sp_node *meta = sp_node_get(node, "metadata");
	const struct sp_node *grace = sp_node_get(meta, "deletionGracePeriodSeconds");
	const struct sp_node *generation = sp_node_get(meta, "generation");
	struct sp_version_facts f = {
		.ns = sp_node_str(sp_node_get(meta, "namespace"), ""),
		.name = sp_node_str(sp_node_get(meta, "name"), ""),
		.uid = sp_node_str(sp_node_get(meta, "uid"), ""),
		.created = sp_node_str(sp_node_get(meta, "creationTimestamp"), ""),
		.generation = generation ? generation->i : 0,
		.deleted = sp_node_str(sp_node_get(meta, "deletionTimestamp"), NULL),
		.grace_s = grace ? grace->i : -1,
	};
	struct sp_version_parts p = {
		.meta = meta, .rest = node, .status = sp_node_get(node, "status")};
	const char *kind = sp_node_str(sp_node_get(node, "kind"), "");
	struct sp_version *v;
	struct sp_error err;
	int64_t at;

	if (!*kind || !*f.name || !*f.uid ||
	    sp_parse_i64(sp_node_str(sp_node_get(meta, "resourceVersion"), ""), 1, INT64_MAX / 2,
			 &f.version) < 0)
		return -1;
	at = sp_store_find(s, kind, f.ns, f.name);
	if (at >= 0 || sp_uids_get(&s->by_uid, f.uid))
		return -1;
	v = sp_version_new(&f, &p);
	if (!v)
		return -1;
	if (add(s, -at - 1, v, &err) < 0) { /* with its reference */
		(void)sp_stored_unref(&v->pub);
		return -1;
	}
	s->version = SP_MAX(s->version, f.version);
	return 0;
}

int sp_store_open(const struct sp_store_env *env, const struct sp_store_backend *backend,
		  struct sp_store **ret, struct sp_error *err)
{
	struct sp_store *s = calloc(1, sizeof(*s));
	int r = 0;

	if (!s)
		return sp_fail(err, SP_E_NO_MEMORY, "open the store");
	s->env = env;
	s->backend = backend;
	/* never below what an earlier life gave, should its last versions not have been kept */
	s->version = env->now_wall(env->arg) / SP_USEC;
	if (backend)
		r = backend->load(backend->arg, restore, s, err);
	s->first = s->version + 1;
	for (uint32_t i = 0; i < s->n && r == 0; i++) {
		r = sp_store_adopt(s, s->v[i], err);
		if (r == 0 && s->v[i]->pub.deleting)
			r = sp_store_note(s, s->v[i]->pub.uid, err);
	}
	if (r == 0)
		r = sp_store_collect(s, err);
	if (r < 0) {
		(void)sp_store_close(s);
		return sp_wrap(err, "open the store");
	}
	*ret = s;
	return 0;
}

struct sp_store *sp_store_close(struct sp_store *s)
{
	if (!s)
		return NULL;
	for (uint32_t i = 0; i < s->n; i++)
		(void)sp_stored_unref(&s->v[i]->pub);
	for (size_t i = 0; i < SP_STORE_HISTORY; i++)
		if (s->history[i].object)
			(void)sp_stored_unref(&s->history[i].object->pub);
	for (uint32_t i = 0; i < s->n_todo; i++)
		free(s->todo[i]);
	free(s->todo);
	sp_uids_done(&s->by_uid);
	free(s->v);
	free(s);
	return NULL;
}

/* ---- creating -------------------------------------------------------------------------------- */

/* The name of the manifest, or one that nobody has, made from generateName. */
static int make_name(struct sp_store *s, const char *kind, const char *ns,
		     const struct sp_node *meta, struct sp_buf *ret, struct sp_error *err)
{
	const char *name = sp_node_str(sp_node_get(meta, "name"), "");
	const char *base = sp_node_str(sp_node_get(meta, "generateName"), "");

	if (*name || !*base) {
		sp_buf_puts(ret, name);
		if (ret->failed)
			return sp_fail(err, SP_E_NO_MEMORY, "create %s '%s'", kind, name);
		return *name ? 0
			     : sp_fail(err, SP_E_INVALID,
				       "%s: metadata.name: Required value: name or generateName is required",
				       kind);
	}
	for (int k = 0; k < NAME_TRIES; k++) {
		uint8_t r[5];

		s->env->random(s->env->arg, r, sizeof(r));
		ret->len = 0;
		sp_buf_printf(ret, "%.58s", base);
		for (size_t i = 0; i < sizeof(r); i++)
			sp_buf_putc(ret, SP_NAME_ALPHABET[r[i] % (sizeof(SP_NAME_ALPHABET) - 1)]);
		if (ret->failed)
			return sp_fail(err, SP_E_NO_MEMORY, "create %s", kind);
		if (sp_store_find(s, kind, ns, ret->ptr) < 0)
			return 0;
	}
	return sp_fail(err, SP_E_EXISTS, "%s: no free name from generateName '%s'", kind, base);
}

static int check_new(const struct sp_store *s, const char *kind, const char *ns, const char *name,
		     const struct sp_node *meta, struct sp_error *err)
{
	int64_t at;

	if (*sp_node_str(sp_node_get(meta, "resourceVersion"), ""))
		return sp_fail(
			err, SP_E_INVALID,
			"%s '%s': resourceVersion should not be set on objects to be created", kind,
			name);
	if (sp_store_find(s, kind, ns, name) >= 0)
		return sp_fail(err, SP_E_EXISTS, "%s '%s' exists already", kind, name);
	at = *ns ? sp_store_find(s, "Namespace", "", ns) : -1;
	if (at >= 0 && s->v[at]->pub.deleting)
		return sp_fail(err, SP_E_DENIED, "%s '%s': namespace '%s' is being terminated",
			       kind, name, ns);
	return 0;
}

/* What the API shows before a controller has looked. NULL: no status; false: no memory */
static bool first_status(struct sp_arena *a, const char *kind, struct sp_node **ret)
{
	const char *phase = sp_streq(kind, "Pod")         ? "Pending"
			    : sp_streq(kind, "Namespace") ? "Active"
							  : NULL;
	struct sp_node *text;

	*ret = sp_node_new(a, SP_NODE_MAP);
	if (!*ret || !phase)
		return *ret != NULL;
	text = sp_node_new_str(a, phase);
	return text && sp_node_set(a, *ret, "phase", text) == 0;
}

int sp_store_create(struct sp_store *s, const struct sp_node *node, struct sp_stored **ret,
		    struct sp_error *err)
{
	const char *kind = sp_node_str(sp_node_get(node, "kind"), "");
	const struct sp_node *meta = sp_node_get(node, "metadata");
	const char *ns =
		has_namespace(kind) ? sp_node_str(sp_node_get(meta, "namespace"), "default") : "";
	SP_CLEANUP(sp_buf_done) struct sp_buf name = {0};
	SP_CLEANUP(sp_arena_done) struct sp_arena a = {0};
	struct sp_version_parts p = {.meta = meta, .rest = node};
	struct sp_node *status;
	struct sp_version *v;
	uint8_t chance[16];
	char uid[SP_UID_SIZE], now[32];
	struct sp_buf created = sp_buf_fixed(now, sizeof(now));
	int r;

	if (!*kind)
		return sp_fail(err, SP_E_INVALID, "an object without kind");
	if (!meta || meta->kind != SP_NODE_MAP)
		return sp_fail(err, SP_E_INVALID, "%s: metadata: Required value", kind);
	if (make_name(s, kind, ns, meta, &name, err) < 0 ||
	    check_new(s, kind, ns, name.ptr, meta, err) < 0)
		return -1;
	s->env->random(s->env->arg, chance, sizeof(chance));
	sp_format_uid(chance, uid);
	sp_format_rfc3339(&created, s->env->now_wall(s->env->arg), 0);
	v = NULL;
	if (first_status(&a, kind, &status)) {
		p.status = status;
		v = sp_version_new(
			&(struct sp_version_facts){.ns = ns,
						   .name = name.ptr,
						   .uid = uid,
						   .created = now,
						   .version = s->version + 1,
						   .generation = sp_node_get(node, "spec") != NULL},
			&p);
	}
	if (!v)
		return sp_fail(err, SP_E_NO_MEMORY, "create %s '%s'", kind, name.ptr);
	r = sp_store_put(s, v, err);
	if (r == 0 && ret)
		*ret = sp_stored_ref(&v->pub);
	if (r == 0)
		r = sp_store_adopt(s, v, err);
	(void)sp_stored_unref(&v->pub);
	return r < 0 ? -1 : sp_store_collect(s, err);
}

/* ---- updating -------------------------------------------------------------------------------- */

static int check_current(const struct sp_version *v, const struct sp_node *meta,
			 struct sp_error *err)
{
	const char *uid = sp_node_str(sp_node_get(meta, "uid"), "");
	const char *version = sp_node_str(sp_node_get(meta, "resourceVersion"), "");
	const char *stored = sp_node_str(sp_node_get(v->meta, "resourceVersion"), "");

	if ((*uid && !sp_streq(uid, v->pub.uid)) || (*version && !sp_streq(version, stored)))
		return sp_fail(err, SP_E_CONFLICT,
			       "%s '%s': the object has been modified; please apply your changes "
			       "to the latest version and try again",
			       v->pub.kind, v->pub.name);
	return 0;
}

/* While an object is being deleted, finalizers only get fewer. */
static int check_finalizers(const struct sp_version *v, const struct sp_node *meta,
			    struct sp_error *err)
{
	const struct sp_node *list = sp_node_get(meta, "finalizers");

	for (uint32_t i = 0; v->pub.deleting && list && i < list->n; i++)
		if (!sp_version_has_finalizer(v, sp_node_str(list->items[i], "")))
			return sp_fail(err, SP_E_INVALID,
				       "%s '%s': metadata.finalizers: Forbidden: no new finalizers "
				       "can be added if the object is being deleted",
				       v->pub.kind, v->pub.name);
	return 0;
}

static int replace(struct sp_store *s, const struct sp_version *old, struct sp_version *v,
		   struct sp_stored **ret, struct sp_error *err)
{
	if (sp_version_same(old, v)) {
		if (ret)
			*ret = sp_stored_ref(&old->pub);
		return 0;
	}
	if (sp_store_put(s, v, err) < 0)
		return -1;
	if (ret)
		*ret = sp_stored_ref(&v->pub);
	if ((v->pub.deleting || v->n_owners) && sp_store_note(s, v->pub.uid, err) < 0)
		return -1;
	return sp_store_collect(s, err);
}

int sp_store_update(struct sp_store *s, enum sp_store_part part, const struct sp_node *node,
		    struct sp_stored **ret, struct sp_error *err)
{
	static const struct sp_node nothing = {.kind = SP_NODE_MAP};
	const char *kind = sp_node_str(sp_node_get(node, "kind"), "");
	const struct sp_node *meta = sp_node_get(node, "metadata");
	const char *name = sp_node_str(sp_node_get(meta, "name"), "");
	int64_t at = sp_store_find(
		s, kind,
		has_namespace(kind) ? sp_node_str(sp_node_get(meta, "namespace"), "default") : "",
		name);
	struct sp_version_parts p = {0};
	struct sp_version_facts f;
	struct sp_version *v;
	int r;

	if (at < 0)
		return sp_fail(err, SP_E_NOT_FOUND, "there is no %s '%s'", *kind ? kind : "object",
			       name);
	p.base = s->v[at];
	if (check_current(p.base, meta, err) < 0)
		return -1;
	f = sp_version_facts_of(p.base);
	f.version = s->version + 1;
	if (part == SP_STORE_STATUS) {
		p.status = sp_node_get(node, "status");
		if (!p.status || p.status->kind != SP_NODE_MAP)
			p.status = &nothing;
	} else {
		if (check_finalizers(p.base, meta, err) < 0)
			return -1;
		p.meta = meta;
		p.rest = sp_version_rest_same(p.base, node) ? NULL : node;
		if (p.rest && sp_node_get(node, "spec") &&
		    !sp_node_equal(sp_node_get(node, "spec"),
				   sp_node_get(p.base->pub.node, "spec")))
			f.generation++;
	}
	v = sp_version_new(&f, &p);
	if (!v)
		return sp_fail(err, SP_E_NO_MEMORY, "update %s '%s'", kind, name);
	r = replace(s, p.base, v, ret, err);
	(void)sp_stored_unref(&v->pub);
	return r;
}

/* ---- reading --------------------------------------------------------------------------------- */

struct sp_stored *sp_store_get(struct sp_store *s, const char *kind, const char *ns,
			       const char *name)
{
	int64_t at = sp_store_find(s, kind, ns, name);

	return at < 0 ? NULL : sp_stored_ref(&s->v[at]->pub);
}

int64_t sp_store_version(const struct sp_store *s)
{
	return s->version;
}

const struct sp_stored *sp_store_next(struct sp_store *s, const char *kind, const char *ns,
				      const struct sp_stored *after)
{
	int64_t at = after ? sp_store_find(s, after->kind, after->ns, after->name)
			   : sp_store_find(s, kind, ns ? ns : "", "");
	const struct sp_stored *o;

	at = at < 0 ? -at - 1 : at + 1;
	if (at >= s->n)
		return NULL;
	o = &s->v[at]->pub;
	return sp_streq(o->kind, kind) && (!ns || sp_streq(o->ns, ns)) ? o : NULL;
}

int sp_store_watch_next(struct sp_store *s, struct sp_store_watch *w, struct sp_store_event *ret,
			struct sp_error *err)
{
	if (w->version < s->first - 1)
		return sp_fail(err, SP_E_EXPIRED, "too old resource version: %lld (%lld)",
			       (long long)w->version, (long long)s->first);
	while (w->version < s->version) {
		size_t k = (size_t)(++w->version % SP_STORE_HISTORY);
		const struct sp_stored *o = &s->history[k].object->pub;

		if ((w->kind && !sp_streq(w->kind, o->kind)) || (w->ns && !sp_streq(w->ns, o->ns)))
			continue;
		*ret = (struct sp_store_event){.type = s->history[k].type, .object = o};
		return 1;
	}
	return 0;
}
