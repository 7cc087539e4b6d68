/* SPDX-License-Identifier: Apache-2.0 */
/* The object store: versions, watches, ends and what follows from them. */
#include "cmocka_all.h"

#include "base/text.h"
#include "store/store.h"

#include <stdio.h>
#include <stdlib.h>

struct world {
	struct sp_store *s;
	struct sp_store_env env;
	struct sp_arena arena;
	int64_t now;
	uint8_t chance;
	/* a disk: objects by uid, as text */
	struct kept {
		char uid[40], *text;
	} kept[64];
	uint32_t n_kept;
	bool disk_full;
};

static int64_t now_wall(void *arg)
{
	return ((struct world *)arg)->now;
}

static void chance(void *arg, void *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		((uint8_t *)bytes)[i] = ((struct world *)arg)->chance++;
}

static void open_store(struct world *w, const struct sp_store_backend *backend)
{
	struct sp_error err;

	w->env = (struct sp_store_env){.now_wall = now_wall, .random = chance, .arg = w};
	if (!w->now)
		w->now = 1700000000 * SP_SEC;
	if (sp_store_open(&w->env, backend, &w->s, &err) < 0)
		fail_msg("%s", err.text);
}

static void close_store(struct world *w)
{
	w->s = sp_store_close(w->s);
	sp_arena_done(&w->arena);
	for (uint32_t i = 0; i < w->n_kept; i++)
		free(w->kept[i].text);
}

static const struct sp_node *json(struct world *w, const char *text)
{
	struct sp_node *n = NULL;
	struct sp_error err;

	if (sp_node_from_json(&w->arena, text, strlen(text), &n, &err) < 0)
		fail_msg("%s: %s", text, err.text);
	return n;
}

/* "Kind name", with more metadata and more fields; owners are named by their objects */
static const struct sp_node *object(struct world *w, const char *kind, const char *name,
				    const char *meta, const char *more)
{
	return json(w, sp_arena_printf(&w->arena,
				       "{\"apiVersion\":\"v1\",\"kind\":\"%s\",\"metadata\":"
				       "{\"name\":\"%s\"%s%s},%s}",
				       kind, name, *meta ? "," : "", meta,
				       *more ? more : "\"data\":{}"));
}

static struct sp_stored *create(struct world *w, const struct sp_node *n)
{
	struct sp_stored *o = NULL;
	struct sp_error err;

	if (sp_store_create(w->s, n, &o, &err) < 0)
		fail_msg("%s", err.text);
	return o;
}

static const char *owned_by(struct world *w, const char *const *uids, size_t n, bool blocks)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf b = {0};

	sp_buf_puts(&b, "\"ownerReferences\":[");
	for (size_t i = 0; i < n; i++)
		sp_buf_printf(&b, "%s{\"kind\":\"X\",\"name\":\"x\",\"uid\":\"%s\"%s}",
			      i ? "," : "", uids[i], blocks ? ",\"blockOwnerDeletion\":true" : "");
	sp_buf_putc(&b, ']');
	return sp_arena_strdup(&w->arena, b.ptr);
}

/* Create a map that belongs to @owner; return its uid. */
static const char *create_dependent(struct world *w, const char *name, const char *owner,
				    bool blocks)
{
	struct sp_stored *o =
		create(w, object(w, "ConfigMap", name, owned_by(w, &owner, 1, blocks), ""));
	const char *uid = sp_arena_strdup(&w->arena, o->uid);

	(void)sp_stored_unref(o);
	return uid;
}

static void end(struct world *w, const char *kind, const char *name,
		enum sp_store_propagation propagation)
{
	struct sp_store_delete opt = {.propagation = propagation, .grace_s = -1};
	struct sp_error err;

	if (sp_store_delete(w->s, kind, sp_streq(kind, "Namespace") ? "" : "default", name, &opt,
			    NULL, &err) < 0)
		fail_msg("%s", err.text);
}

static bool there(struct world *w, const char *kind, const char *name)
{
	struct sp_stored *o =
		sp_store_get(w->s, kind, sp_streq(kind, "Namespace") ? "" : "default", name);
	bool yes = o != NULL;

	(void)sp_stored_unref(o);
	return yes;
}

/* "+a ~b -c": what a watch tells from @from on */
static void assert_events(struct world *w, struct sp_store_watch *watch, const char *expected)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf b = {0};
	struct sp_store_event e;
	struct sp_error err;
	int r;

	sp_buf_puts(&b, "");
	while ((r = sp_store_watch_next(w->s, watch, &e, &err)) > 0)
		sp_buf_printf(&b, "%s%c%s", b.len ? " " : "", "+~-"[e.type], e.object->name);
	assert_int_equal(r, 0);
	assert_string_equal(b.ptr, expected);
}

/* ---- one object ------------------------------------------------------------------------------ */

static void test_create(void **state)
{
	struct world w = {0};
	struct sp_stored *o, *p;
	struct sp_error err;

	open_store(&w, NULL);
	o = create(&w,
		   object(&w, "Pod", "a",
			  "\"uid\":\"mine\",\"creationTimestamp\":\"2000-01-01T00:00:00Z\","
			  "\"labels\":{\"x\":\"y\"},\"managedFields\":[]",
			  "\"spec\":{\"unheard\":[1,2.5,null]},\"status\":{\"phase\":\"Failed\"}"));
	assert_string_equal(o->ns, "default");
	assert_int_equal(o->generation, 1);
	assert_string_not_equal(o->uid, "mine");
	assert_int_equal(strlen(o->uid), 36);
	assert_string_equal(sp_node_str(sp_node_at(o->node, "metadata.creationTimestamp"), ""),
			    "2023-11-14T22:13:20Z");
	assert_string_equal(sp_node_str(sp_node_at(o->node, "metadata.labels.x"), ""), "y");
	assert_null(sp_node_at(o->node, "metadata.managedFields"));
	assert_string_equal(sp_node_str(sp_node_at(o->node, "status.phase"), ""), "Pending");
	assert_int_equal(sp_node_at(o->node, "spec.unheard")->n, 3);

	assert_int_equal(sp_store_create(w.s, object(&w, "Pod", "a", "", ""), NULL, &err), -1);
	assert_int_equal(err.code, SP_E_EXISTS);
	assert_int_equal(sp_store_create(w.s, object(&w, "Pod", "", "", ""), NULL, &err), -1);
	assert_int_equal(err.code, SP_E_INVALID);
	assert_int_equal(sp_store_create(w.s,
					 object(&w, "Pod", "b", "\"resourceVersion\":\"3\"", ""),
					 NULL, &err),
			 -1);
	assert_int_equal(err.code, SP_E_INVALID);

	p = create(&w, object(&w, "ConfigMap", "", "\"generateName\":\"g-\"", ""));
	assert_int_equal(strlen(p->name), 7);
	assert_int_equal(p->generation, 0); /* it has no spec */
	assert_int_equal(p->version, o->version + 1);
	assert_int_equal(sp_store_version(w.s), p->version);
	(void)sp_stored_unref(o);
	(void)sp_stored_unref(p);
	close_store(&w);
}

static void test_update(void **state)
{
	struct world w = {0};
	struct sp_stored *o, *p, *q;
	struct sp_error err;
	const char *stale;

	open_store(&w, NULL);
	o = create(&w, object(&w, "Deployment", "d", "", "\"spec\":{\"replicas\":1}"));
	stale = sp_arena_printf(&w.arena, "\"resourceVersion\":\"%lld\"", (long long)o->version);

	/* the status alone */
	assert_int_equal(sp_store_update(w.s, SP_STORE_STATUS,
					 object(&w, "Deployment", "d", "\"labels\":{\"no\":\"no\"}",
						"\"spec\":{\"replicas\":7},\"status\":{\"n\":1}"),
					 &p, &err),
			 0);
	assert_int_equal(sp_node_at(p->node, "spec.replicas")->i, 1);
	assert_int_equal(sp_node_at(p->node, "status.n")->i, 1);
	assert_null(sp_node_at(p->node, "metadata.labels"));
	assert_int_equal(p->generation, 1);
	assert_int_equal(p->version, o->version + 1);
	assert_null(sp_node_at(o->node, "status")); /* the old one stands as it was */

	/* a change of the spec leaves the status alone */
	assert_int_equal(
		sp_store_update(w.s, SP_STORE_OBJECT,
				object(&w, "Deployment", "d", "", "\"spec\":{\"replicas\":2}"), &q,
				&err),
		0);
	assert_int_equal(q->generation, 2);
	assert_int_equal(sp_node_at(q->node, "status.n")->i, 1);
	assert_string_equal(q->uid, o->uid);
	(void)sp_stored_unref(p);

	/* the same again is nothing */
	assert_int_equal(
		sp_store_update(w.s, SP_STORE_OBJECT,
				object(&w, "Deployment", "d", "", "\"spec\":{\"replicas\":2}"), &p,
				&err),
		0);
	assert_ptr_equal(p, q);
	assert_int_equal(sp_store_version(w.s), q->version);

	assert_int_equal(sp_store_update(w.s, SP_STORE_OBJECT,
					 object(&w, "Deployment", "d", stale, "\"spec\":{}"), NULL,
					 &err),
			 -1);
	assert_int_equal(err.code, SP_E_CONFLICT);
	assert_int_equal(sp_store_update(w.s, SP_STORE_OBJECT,
					 object(&w, "Deployment", "e", "", "\"spec\":{}"), NULL,
					 &err),
			 -1);
	assert_int_equal(err.code, SP_E_NOT_FOUND);
	(void)sp_stored_unref(o);
	(void)sp_stored_unref(p);
	(void)sp_stored_unref(q);
	close_store(&w);
}

static void test_list(void **state)
{
	static const char *const names[] = {"c", "a", "b"};
	struct world w = {0};
	SP_CLEANUP(sp_buf_done) struct sp_buf b = {0};
	const struct sp_stored *o = NULL;

	open_store(&w, NULL);
	for (size_t i = 0; i < SP_ARRAY_LEN(names); i++) {
		(void)sp_stored_unref(create(&w, object(&w, "Pod", names[i], "", "")));
		(void)sp_stored_unref(
			create(&w, object(&w, "Pod", names[i], "\"namespace\":\"aa\"", "")));
		(void)sp_stored_unref(create(&w, object(&w, "Secret", names[i], "", "")));
	}
	while ((o = sp_store_next(w.s, "Pod", NULL, o)) != NULL)
		sp_buf_printf(&b, "%s/%s ", o->ns, o->name);
	assert_string_equal(b.ptr, "aa/a aa/b aa/c default/a default/b default/c ");
	b.len = 0;
	while ((o = sp_store_next(w.s, "Pod", "default", o)) != NULL)
		sp_buf_printf(&b, "%s ", o->name);
	assert_string_equal(b.ptr, "a b c ");
	assert_null(sp_store_next(w.s, "Job", NULL, NULL));
	close_store(&w);
}

/* ---- watching -------------------------------------------------------------------------------- */

static void test_watch(void **state)
{
	struct world w = {0};
	struct sp_store_watch all, pods;
	struct sp_store_event e;
	struct sp_error err;

	open_store(&w, NULL);
	all.kind = all.ns = pods.ns = NULL;
	pods.kind = "Pod";
	all.version = pods.version = sp_store_version(w.s);
	(void)sp_stored_unref(create(&w, object(&w, "Pod", "p", "", "")));
	(void)sp_stored_unref(create(&w, object(&w, "Secret", "s", "", "")));
	assert_int_equal(
		sp_store_update(w.s, SP_STORE_STATUS,
				object(&w, "Pod", "p", "", "\"status\":{\"phase\":\"Running\"}"),
				NULL, &err),
		0);
	end(&w, "Pod", "p", SP_STORE_BACKGROUND);
	assert_events(&w, &pods, "+p ~p -p");
	assert_events(&w, &pods, "");
	assert_events(&w, &all, "+p +s ~p -p");

	/* who sleeps for too long has to list anew */
	for (int i = 0; i <= SP_STORE_HISTORY; i++)
		assert_int_equal(sp_store_update(w.s, SP_STORE_STATUS,
						 object(&w, "Secret", "s", "",
							i % 2 ? "\"status\":{\"a\":1}"
							      : "\"status\":{\"a\":2}"),
						 NULL, &err),
				 0);
	assert_int_equal(sp_store_watch_next(w.s, &all, &e, &err), -1);
	assert_int_equal(err.code, SP_E_EXPIRED);
	all.version = sp_store_version(w.s);
	assert_events(&w, &all, "");
	close_store(&w);
}

/* ---- ends ------------------------------------------------------------------------------------ */

static void test_pod_end(void **state)
{
	struct world w = {0};
	struct sp_store_delete opt = {.grace_s = -1};
	struct sp_stored *o;
	struct sp_error err;

	open_store(&w, NULL);
	(void)sp_stored_unref(create(
		&w, object(&w, "Pod", "p", "",
			   "\"spec\":{\"nodeName\":\"n\",\"terminationGracePeriodSeconds\":20}")));
	assert_int_equal(sp_store_delete(w.s, "Pod", "default", "p", &opt, &o, &err), 0);
	assert_true(o->deleting);
	assert_string_equal(sp_node_str(sp_node_at(o->node, "metadata.deletionTimestamp"), ""),
			    "2023-11-14T22:13:40Z");
	assert_int_equal(sp_node_at(o->node, "metadata.deletionGracePeriodSeconds")->i, 20);
	assert_int_equal(o->generation, 2);
	(void)sp_stored_unref(o);

	opt.grace_s = 60; /* longer: it stays as it was */
	assert_int_equal(sp_store_delete(w.s, "Pod", "default", "p", &opt, &o, &err), 0);
	assert_int_equal(sp_node_at(o->node, "metadata.deletionGracePeriodSeconds")->i, 20);
	(void)sp_stored_unref(o);
	opt.grace_s = 5;
	assert_int_equal(sp_store_delete(w.s, "Pod", "default", "p", &opt, &o, &err), 0);
	assert_int_equal(sp_node_at(o->node, "metadata.deletionGracePeriodSeconds")->i, 5);

	assert_int_equal(sp_store_remove(w.s, "Pod", "default", "p", "another", &err), -1);
	assert_int_equal(err.code, SP_E_NOT_FOUND);
	assert_int_equal(sp_store_remove(w.s, "Pod", "default", "p", o->uid, &err), 0);
	(void)sp_stored_unref(o);
	assert_false(there(&w, "Pod", "p"));

	/* one that has ended needs nobody's leave */
	(void)sp_stored_unref(
		create(&w, object(&w, "Pod", "q", "", "\"spec\":{\"nodeName\":\"n\"}")));
	assert_int_equal(
		sp_store_update(w.s, SP_STORE_STATUS,
				object(&w, "Pod", "q", "", "\"status\":{\"phase\":\"Succeeded\"}"),
				NULL, &err),
		0);
	end(&w, "Pod", "q", SP_STORE_BACKGROUND);
	assert_false(there(&w, "Pod", "q"));

	opt.uid = "not this one";
	(void)sp_stored_unref(create(&w, object(&w, "Secret", "s", "", "")));
	assert_int_equal(sp_store_delete(w.s, "Secret", "default", "s", &opt, NULL, &err), -1);
	assert_int_equal(err.code, SP_E_CONFLICT);
	close_store(&w);
}

static void test_finalizers(void **state)
{
	struct world w = {0};
	struct sp_stored *o;
	struct sp_error err;

	open_store(&w, NULL);
	(void)sp_stored_unref(
		create(&w, object(&w, "ConfigMap", "m", "\"finalizers\":[\"a/b\",\"c/d\"]", "")));
	end(&w, "ConfigMap", "m", SP_STORE_BACKGROUND);
	o = sp_store_get(w.s, "ConfigMap", "default", "m");
	assert_true(o && o->deleting);
	(void)sp_stored_unref(o);
	assert_int_equal(
		sp_store_update(w.s, SP_STORE_OBJECT,
				object(&w, "ConfigMap", "m", "\"finalizers\":[\"e/f\"]", ""), NULL,
				&err),
		-1);
	assert_int_equal(err.code, SP_E_INVALID);
	assert_int_equal(
		sp_store_update(w.s, SP_STORE_OBJECT,
				object(&w, "ConfigMap", "m", "\"finalizers\":[\"c/d\"]", ""), NULL,
				&err),
		0);
	assert_true(there(&w, "ConfigMap", "m"));
	assert_int_equal(sp_store_update(w.s, SP_STORE_OBJECT, object(&w, "ConfigMap", "m", "", ""),
					 NULL, &err),
			 0);
	assert_false(there(&w, "ConfigMap", "m"));
	close_store(&w);
}

static void test_background(void **state)
{
	struct world w = {0};
	struct sp_store_watch all = {0};
	struct sp_stored *a;
	const char *b;

	open_store(&w, NULL);
	(void)create_dependent(&w, "gone-before", "no-such-uid", false);
	assert_false(there(&w, "ConfigMap", "gone-before")); /* its owner never was */
	a = create(&w, object(&w, "ConfigMap", "a", "", ""));
	b = create_dependent(&w, "b", a->uid, false);
	(void)create_dependent(&w, "c", b, false);
	(void)create_dependent(&w, "d", a->uid, false);
	(void)sp_stored_unref(create(&w, object(&w, "ConfigMap", "other", "", "")));
	all.version = sp_store_version(w.s);
	end(&w, "ConfigMap", "a", SP_STORE_BACKGROUND);
	assert_events(&w, &all, "-a -b -d -c");
	assert_true(there(&w, "ConfigMap", "other"));
	(void)sp_stored_unref(a);
	close_store(&w);
}

/* Who has another owner stays, and forgets the one that is gone. */
static void test_two_owners(void **state)
{
	struct world w = {0};
	struct sp_stored *a, *b, *c;
	const char *uids[2];

	open_store(&w, NULL);
	a = create(&w, object(&w, "ConfigMap", "a", "", ""));
	b = create(&w, object(&w, "ConfigMap", "b", "", ""));
	uids[0] = a->uid;
	uids[1] = b->uid;
	(void)sp_stored_unref(
		create(&w, object(&w, "ConfigMap", "c", owned_by(&w, uids, 2, true), "")));
	end(&w, "ConfigMap", "a", SP_STORE_FOREGROUND);
	assert_false(there(&w, "ConfigMap", "a"));
	c = sp_store_get(w.s, "ConfigMap", "default", "c");
	assert_non_null(c);
	assert_int_equal(sp_node_at(c->node, "metadata.ownerReferences")->n, 1);
	assert_string_equal(sp_node_str(sp_node_at(c->node, "metadata.ownerReferences[0].uid"), ""),
			    b->uid);
	end(&w, "ConfigMap", "b", SP_STORE_BACKGROUND);
	assert_false(there(&w, "ConfigMap", "c"));
	(void)sp_stored_unref(a);
	(void)sp_stored_unref(b);
	(void)sp_stored_unref(c);
	close_store(&w);
}

/* The owner goes last; a pod on its node is waited for. */
static void test_foreground(void **state)
{
	struct world w = {0};
	struct sp_store_watch all = {0};
	struct sp_stored *a, *p;
	struct sp_error err;
	const char *b;

	open_store(&w, NULL);
	a = create(&w, object(&w, "ConfigMap", "a", "", ""));
	b = create_dependent(&w, "b", a->uid, true);
	p = create(&w, object(&w, "Pod", "p", owned_by(&w, &b, 1, true),
			      "\"spec\":{\"nodeName\":\"n\"}"));
	all.version = sp_store_version(w.s);
	end(&w, "ConfigMap", "a", SP_STORE_FOREGROUND);
	assert_events(&w, &all, "~a ~b ~p");
	assert_int_equal(sp_store_remove(w.s, "Pod", "default", "p", p->uid, &err), 0);
	/* the finalizers go, then the objects, from the bottom up */
	assert_events(&w, &all, "-p ~b -b ~a -a");
	(void)sp_stored_unref(a);
	(void)sp_stored_unref(p);
	close_store(&w);
}

static void test_orphan(void **state)
{
	struct world w = {0};
	struct sp_stored *a, *b;

	open_store(&w, NULL);
	a = create(&w, object(&w, "ConfigMap", "a", "", ""));
	(void)create_dependent(&w, "b", a->uid, true);
	end(&w, "ConfigMap", "a", SP_STORE_ORPHAN);
	assert_false(there(&w, "ConfigMap", "a"));
	b = sp_store_get(w.s, "ConfigMap", "default", "b");
	assert_non_null(b);
	assert_null(sp_node_at(b->node, "metadata.ownerReferences"));
	(void)sp_stored_unref(a);
	(void)sp_stored_unref(b);
	close_store(&w);
}

/* Two that call each other owner do not wait for each other for ever. */
static void test_circle(void **state)
{
	struct world w = {0};
	struct sp_stored *a;
	struct sp_error err;
	const char *b;

	open_store(&w, NULL);
	a = create(&w, object(&w, "ConfigMap", "a", "", ""));
	b = create_dependent(&w, "b", a->uid, true);
	assert_int_equal(
		sp_store_update(w.s, SP_STORE_OBJECT,
				object(&w, "ConfigMap", "a", owned_by(&w, &b, 1, true), ""), NULL,
				&err),
		0);
	end(&w, "ConfigMap", "a", SP_STORE_FOREGROUND);
	assert_false(there(&w, "ConfigMap", "a"));
	assert_false(there(&w, "ConfigMap", "b"));
	(void)sp_stored_unref(a);
	close_store(&w);
}

static void test_namespace(void **state)
{
	struct world w = {0};
	struct sp_stored *ns, *p;
	struct sp_error err;

	open_store(&w, NULL);
	(void)sp_stored_unref(create(&w, object(&w, "Namespace", "shop", "", "\"spec\":{}")));
	(void)sp_stored_unref(create(&w, object(&w, "Secret", "s", "\"namespace\":\"shop\"", "")));
	p = create(&w, object(&w, "Pod", "p", "\"namespace\":\"shop\"",
			      "\"spec\":{\"nodeName\":\"n\"}"));
	end(&w, "Namespace", "shop", SP_STORE_BACKGROUND);
	assert_null(sp_store_get(w.s, "Secret", "shop", "s"));
	ns = sp_store_get(w.s, "Namespace", "", "shop");
	assert_string_equal(sp_node_str(sp_node_at(ns->node, "status.phase"), ""), "Terminating");
	assert_int_equal(sp_store_create(w.s,
					 object(&w, "Secret", "t", "\"namespace\":\"shop\"", ""),
					 NULL, &err),
			 -1);
	assert_int_equal(err.code, SP_E_DENIED);
	assert_int_equal(sp_store_remove(w.s, "Pod", "shop", "p", p->uid, &err), 0);
	assert_false(there(&w, "Namespace", "shop"));
	(void)sp_stored_unref(ns);
	(void)sp_stored_unref(p);
	close_store(&w);
}

/* ---- beyond the process ---------------------------------------------------------------------- */

static int load(void *arg, int (*each)(void *store, const struct sp_node *node), void *store,
		struct sp_error *err)
{
	struct world *w = arg;

	for (uint32_t i = 0; i < w->n_kept; i++)
		if (w->kept[i].text && each(store, json(w, w->kept[i].text)) < 0)
			return sp_fail(err, SP_E_CORRUPT, "bad object");
	return 0;
}

static int keep(void *arg, const struct sp_stored *o, bool removed, struct sp_error *err)
{
	struct world *w = arg;
	struct sp_buf b = {0};
	uint32_t i = 0;

	if (w->disk_full)
		return sp_fail(err, SP_E_NO_SPACE, "no room");
	while (i < w->n_kept && !sp_streq(w->kept[i].uid, o->uid))
		i++;
	assert_true(i < SP_ARRAY_LEN(w->kept));
	if (i == w->n_kept)
		(void)snprintf(w->kept[w->n_kept++].uid, sizeof(w->kept[0].uid), "%s", o->uid);
	free(w->kept[i].text);
	w->kept[i].text = NULL;
	if (removed)
		return 0;
	sp_node_json(o->node, -1, &b);
	w->kept[i].text = b.ptr;
	return 0;
}

static void test_backend(void **state)
{
	struct world w = {0};
	struct sp_store_backend disk = {.load = load, .keep = keep, .arg = &w};
	SP_CLEANUP(sp_buf_done) struct sp_buf before = {0};
	SP_CLEANUP(sp_buf_done) struct sp_buf after = {0};
	const struct sp_stored *o = NULL;
	struct sp_stored *a;
	struct sp_error err;
	int64_t version;

	open_store(&w, &disk);
	a = create(&w, object(&w, "ConfigMap", "a", "\"finalizers\":[\"x/y\"]", ""));
	(void)create_dependent(&w, "b", a->uid, true);
	(void)sp_stored_unref(
		create(&w, object(&w, "Pod", "p", "", "\"spec\":{\"nodeName\":\"n\"}")));
	(void)sp_stored_unref(create(&w, object(&w, "Secret", "s", "", "")));
	end(&w, "Pod", "p", SP_STORE_BACKGROUND);
	end(&w, "Secret", "s", SP_STORE_BACKGROUND);
	end(&w, "ConfigMap", "a", SP_STORE_BACKGROUND);
	while ((o = sp_store_next(w.s, "ConfigMap", NULL, o)) != NULL)
		sp_node_json(o->node, -1, &before);
	version = sp_store_version(w.s);

	/* what cannot be kept does not happen */
	w.disk_full = true;
	assert_int_equal(sp_store_create(w.s, object(&w, "Secret", "t", "", ""), NULL, &err), -1);
	assert_int_equal(err.code, SP_E_NO_SPACE);
	assert_int_equal(sp_store_remove(w.s, "Pod", "default", "p", NULL, &err), -1);
	assert_true(there(&w, "Pod", "p"));
	assert_int_equal(sp_store_version(w.s), version);
	w.disk_full = false;

	w.s = sp_store_close(w.s);
	open_store(&w, &disk);
	while ((o = sp_store_next(w.s, "ConfigMap", NULL, o)) != NULL)
		sp_node_json(o->node, -1, &after);
	assert_string_equal(after.ptr, before.ptr);
	assert_true(there(&w, "Pod", "p"));
	assert_false(there(&w, "Secret", "s"));
	assert_true(sp_store_version(w.s) >= version);
	/* and it goes on where it was */
	assert_int_equal(sp_store_update(w.s, SP_STORE_OBJECT, object(&w, "ConfigMap", "a", "", ""),
					 NULL, &err),
			 0);
	assert_false(there(&w, "ConfigMap", "a"));
	assert_false(there(&w, "ConfigMap", "b"));
	(void)sp_stored_unref(a);
	close_store(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_create),     cmocka_unit_test(test_update),
		cmocka_unit_test(test_list),       cmocka_unit_test(test_watch),
		cmocka_unit_test(test_pod_end),    cmocka_unit_test(test_finalizers),
		cmocka_unit_test(test_background), cmocka_unit_test(test_two_owners),
		cmocka_unit_test(test_foreground), cmocka_unit_test(test_orphan),
		cmocka_unit_test(test_circle),     cmocka_unit_test(test_namespace),
		cmocka_unit_test(test_backend),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
