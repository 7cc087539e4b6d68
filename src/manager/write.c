/* SPDX-License-Identifier: Apache-2.0 */
/* What the manager puts into the store. */
#include "manager/manager_internal.h"

#include <stdlib.h>

#define EVENT_LIFE (3600 * SP_SEC)

static const struct sp_source made_here = {.name = "<controller>"};

int mgr_create(struct sp_manager *m, struct sp_arena *a, struct sp_node *tree,
	       struct sp_stored **ret, struct sp_error *err)
{
	struct sp_object o;

	if (!tree || sp_object_decode(a, tree, &made_here, &m->options, NULL, NULL, &o) < 0 ||
	    sp_object_default(a, &o, &m->options) < 0)
		return sp_fail(err, SP_E_NO_MEMORY, "make an object");
	return sp_store_create(m->store, tree, ret, err);
}

/* Gone, or changed by somebody else, meanwhile: the watch tells what to do instead. */
static int settled(int r, const struct sp_error *err)
{
	return r < 0 && (err->code == SP_E_NOT_FOUND || err->code == SP_E_CONFLICT) ? 0 : r;
}

static struct sp_node *head(struct sp_tree *t, const struct sp_stored *o)
{
	struct sp_node *root = sp_tree_map(t), *meta;

	sp_tree_copy(t, root, "apiVersion", sp_node_get(o->node, "apiVersion"));
	sp_tree_text(t, root, "kind", o->kind);
	meta = sp_tree_put(t, root, "metadata", sp_tree_map(t));
	sp_tree_text(t, meta, "name", o->name);
	sp_tree_text(t, meta, "namespace", o->ns);
	sp_tree_text(t, meta, "uid", o->uid);
	return root;
}

int mgr_put_status(struct sp_manager *m, struct sp_arena *a, const struct sp_stored *o,
		   struct sp_node *status, struct sp_error *err)
{
	struct sp_tree t = {.a = a};
	struct sp_node *root = head(&t, o);

	sp_tree_put(&t, root, "status", status);
	if (t.failed)
		return sp_fail(err, SP_E_NO_MEMORY, "status of '%s'", o->name);
	return settled(sp_store_update(m->store, SP_STORE_STATUS, root, NULL, err), err);
}

/* The newest version without its resourceVersion, to be changed: what others wrote stays. */
static struct sp_node *to_change(struct sp_manager *m, struct sp_tree *t, const struct sp_stored *o)
{
	struct sp_stored *now = sp_store_get(m->store, o->kind, o->ns, o->name);
	struct sp_node *copy =
		now && sp_streq(now->uid, o->uid) ? sp_node_clone(t->a, now->node) : NULL;

	(void)sp_stored_unref(now);
	return copy;
}

int mgr_annotate(struct sp_manager *m, const struct sp_stored *o, const char *key,
		 const char *value, struct sp_error *err)
{
	SP_CLEANUP(sp_arena_done) struct sp_arena a = {0};
	struct sp_tree t = {.a = &a};
	struct sp_node *root = to_change(m, &t, o), *meta, *notes;

	if (!root)
		return 0; /* gone meanwhile */
	meta = sp_tree_child(&t, root, "metadata", SP_NODE_MAP);
	notes = sp_tree_child(&t, meta, "annotations", SP_NODE_MAP);
	if (sp_streq(sp_node_str(sp_node_get(notes, key), ""), value))
		return 0;
	sp_tree_text(&t, notes, key, value);
	if (t.failed)
		return sp_fail(err, SP_E_NO_MEMORY, "annotate '%s'", o->name);
	return settled(sp_store_update(m->store, SP_STORE_OBJECT, root, NULL, err), err);
}

int mgr_scale(struct sp_manager *m, const struct sp_stored *o, int64_t replicas,
	      struct sp_error *err)
{
	SP_CLEANUP(sp_arena_done) struct sp_arena a = {0};
	struct sp_tree t = {.a = &a};
	struct sp_node *root = to_change(m, &t, o);

	if (!root)
		return 0; /* gone meanwhile */
	sp_tree_int(&t, sp_tree_child(&t, root, "spec", SP_NODE_MAP), "replicas", replicas);
	if (t.failed)
		return sp_fail(err, SP_E_NO_MEMORY, "scale '%s'", o->name);
	return settled(sp_store_update(m->store, SP_STORE_OBJECT, root, NULL, err), err);
}

int mgr_delete(struct sp_manager *m, const struct sp_stored *o, struct sp_error *err)
{
	struct sp_store_delete opt = {
		.propagation = SP_STORE_BACKGROUND, .grace_s = -1, .uid = o->uid};

	return settled(sp_store_delete(m->store, o->kind, o->ns, o->name, &opt, NULL, err), err);
}

/* ---- events ---------------------------------------------------------------------------------- */

static int remember_event(struct sp_manager *m, const struct sp_stored *o)
{
	struct mgr_event_ref *e;

	if (m->n_events == m->cap_events) {
		uint32_t cap = m->cap_events ? m->cap_events * 2 : 64;
		struct mgr_event_ref *v = calloc(cap, sizeof(*v));

		if (!v)
			return -1;
		for (uint32_t i = 0; i < m->n_events; i++)
			v[i] = m->events[(m->first_event + i) % m->cap_events];
		free(m->events);
		m->events = v;
		m->cap_events = cap;
		m->first_event = 0;
	}
	e = &m->events[(m->first_event + m->n_events) % m->cap_events];
	*e = (struct mgr_event_ref){.ns = strdup(o->ns), .name = strdup(o->name), .at = m->now};
	m->n_events++; /* also a half-made one: it is freed with the others */
	return e->ns && e->name ? 0 : -1;
}

int mgr_event(struct sp_manager *m, const struct sp_stored *o, const char *component, bool warning,
	      const char *reason, const char *text, struct sp_error *err)
{
	SP_CLEANUP(sp_arena_done) struct sp_arena a = {0};
	struct sp_tree t = {.a = &a};
	struct sp_node *root = sp_tree_map(&t), *meta, *about;
	struct sp_stored *made;
	int r;

	sp_tree_text(&t, root, "apiVersion", "v1");
	sp_tree_text(&t, root, "kind", "Event");
	meta = sp_tree_put(&t, root, "metadata", sp_tree_map(&t));
	sp_tree_text(&t, meta, "name",
		     sp_arena_printf(&a, "%s.%llx%04llx", o->name, (unsigned long long)m->now,
				     (unsigned long long)(++m->event_number & 0xffff)));
	sp_tree_text(&t, meta, "namespace", o->ns);
	about = sp_tree_put(&t, root, "involvedObject", sp_tree_map(&t));
	sp_tree_copy(&t, about, "apiVersion", sp_node_get(o->node, "apiVersion"));
	sp_tree_text(&t, about, "kind", o->kind);
	sp_tree_text(&t, about, "name", o->name);
	sp_tree_text(&t, about, "namespace", o->ns);
	sp_tree_text(&t, about, "uid", o->uid);
	sp_tree_text(&t, root, "reason", reason);
	sp_tree_text(&t, root, "message", text);
	sp_tree_text(&t, root, "type", warning ? "Warning" : "Normal");
	sp_tree_int(&t, root, "count", 1);
	sp_tree_time(&t, root, "firstTimestamp", m->now);
	sp_tree_time(&t, root, "lastTimestamp", m->now);
	sp_tree_text(&t, sp_tree_put(&t, root, "source", sp_tree_map(&t)), "component", component);
	if (t.failed)
		return sp_fail(err, SP_E_NO_MEMORY, "tell an event");
	r = sp_store_create(m->store, root, &made, err);
	if (r < 0)
		return err->code == SP_E_EXISTS ? 0 : -1; /* told within the same nanosecond */
	if (remember_event(m, made) < 0)
		r = sp_fail(err, SP_E_NO_MEMORY, "tell an event");
	(void)sp_stored_unref(made);
	return r;
}

int mgr_forget_events(struct sp_manager *m, sp_time *wake, struct sp_error *err)
{
	while (m->n_events) {
		struct mgr_event_ref *e = &m->events[m->first_event];

		if (e->at + EVENT_LIFE > m->now) {
			*wake = SP_MIN(*wake, e->at + EVENT_LIFE);
			return 0;
		}
		if (e->name &&
		    settled(sp_store_delete(m->store, "Event", e->ns, e->name, NULL, NULL, err),
			    err) < 0)
			return -1;
		free(e->ns);
		free(e->name);
		m->first_event = (m->first_event + 1) % m->cap_events;
		m->n_events--;
	}
	return 0;
}
