/* SPDX-License-Identifier: Apache-2.0 */
/* One version of an object: built from the parts that a write brings and the parts it leaves alone.
 */
#include "store/store_internal.h"

#include "base/text.h"

#include <stdlib.h>

static const char *const server_owned[] = {
	"name",
	"namespace",
	"uid",
	"resourceVersion",
	"generation",
	"creationTimestamp",
	"deletionTimestamp",
	"deletionGracePeriodSeconds",
	"managedFields",
	"selfLink",
};

/* ---- counting -------------------------------------------------------------------------------- */

static struct sp_store_share *share_new(void)
{
	struct sp_store_share *s = calloc(1, sizeof(*s));

	if (s)
		s->refs = 1;
	return s;
}

static void share_unref(struct sp_store_share *s)
{
	if (!s || --s->refs > 0)
		return;
	sp_arena_done(&s->arena);
	free(s);
}

struct sp_stored *sp_stored_ref(const struct sp_stored *o)
{
	struct sp_version *v = (struct sp_version *)(uintptr_t)o;

	v->refs++;
	return &v->pub;
}

struct sp_stored *sp_stored_unref(const struct sp_stored *o)
{
	struct sp_version *v = (struct sp_version *)(uintptr_t)o;

	if (!v || --v->refs > 0)
		return NULL;
	share_unref(v->rest);
	share_unref(v->status);
	sp_arena_done(&v->arena);
	free(v);
	return NULL;
}

/* ---- metadata -------------------------------------------------------------------------------- */

static bool is_server_owned(const char *key)
{
	for (size_t i = 0; i < SP_ARRAY_LEN(server_owned); i++)
		if (sp_streq(key, server_owned[i]))
			return true;
	return false;
}

static int set_text(struct sp_arena *a, struct sp_node *map, const char *key, const char *text)
{
	struct sp_node *n = sp_node_new_str(a, text);

	return n ? sp_node_set(a, map, key, n) : -1;
}

static int set_int(struct sp_arena *a, struct sp_node *map, const char *key, int64_t v)
{
	struct sp_node *n = sp_node_new_int(a, v);

	return n ? sp_node_set(a, map, key, n) : -1;
}

static int set_facts(struct sp_arena *a, struct sp_node *meta, const struct sp_version_facts *f)
{
	char version[24];
	struct sp_buf b = sp_buf_fixed(version, sizeof(version));

	sp_buf_printf(&b, "%lld", (long long)f->version);
	if (set_text(a, meta, "name", f->name) < 0 ||
	    (*f->ns && set_text(a, meta, "namespace", f->ns) < 0) ||
	    set_text(a, meta, "uid", f->uid) < 0 ||
	    set_text(a, meta, "resourceVersion", b.ptr) < 0 ||
	    (f->generation && set_int(a, meta, "generation", f->generation) < 0) ||
	    set_text(a, meta, "creationTimestamp", f->created) < 0)
		return -1;
	if (!f->deleted)
		return 0;
	return set_text(a, meta, "deletionTimestamp", f->deleted) < 0 ||
			       (f->grace_s >= 0 &&
				set_int(a, meta, "deletionGracePeriodSeconds", f->grace_s) < 0)
		       ? -1
		       : 0;
}

/* The list without what is to go, with what is to come; NULL in *ret: nothing is left. */
static int copy_finalizers(struct sp_arena *a, const struct sp_node *from,
			   const struct sp_version_parts *p, struct sp_node **ret)
{
	struct sp_node *list = sp_node_new(a, SP_NODE_LIST);
	struct sp_node *item;

	if (!list)
		return -1;
	for (uint32_t i = 0; from && from->kind == SP_NODE_LIST && i < from->n; i++) {
		const char *name = sp_node_str(from->items[i], "");

		if (p->drop_finalizer && sp_streq(name, p->drop_finalizer))
			continue;
		item = sp_node_clone(a, from->items[i]);
		if (!item || sp_node_push(a, list, item) < 0)
			return -1;
	}
	if (p->add_finalizer) {
		item = sp_node_new_str(a, p->add_finalizer);
		if (!item || sp_node_push(a, list, item) < 0)
			return -1;
	}
	*ret = list->n ? list : NULL;
	return 0;
}

static int copy_owners(struct sp_arena *a, const struct sp_node *from, const char *without,
		       struct sp_node **ret)
{
	struct sp_node *list = sp_node_new(a, SP_NODE_LIST);

	if (!list)
		return -1;
	for (uint32_t i = 0; from->kind == SP_NODE_LIST && i < from->n; i++) {
		struct sp_node *item;

		if (without &&
		    sp_streq(sp_node_str(sp_node_get(from->items[i], "uid"), ""), without))
			continue;
		item = sp_node_clone(a, from->items[i]);
		if (!item || sp_node_push(a, list, item) < 0)
			return -1;
	}
	*ret = list->n ? list : NULL;
	return 0;
}

static struct sp_node *make_meta(struct sp_arena *a, const struct sp_version_facts *f,
				 const struct sp_version_parts *p)
{
	const struct sp_node *from = p->meta ? p->meta : p->base->meta;
	struct sp_node *meta = sp_node_new(a, SP_NODE_MAP), *value;

	if (!meta || set_facts(a, meta, f) < 0)
		return NULL;
	for (uint32_t i = 0; from->kind == SP_NODE_MAP && i < from->n; i++) {
		const char *key = from->pairs[i].key;

		if (is_server_owned(key) || sp_streq(key, "finalizers"))
			continue;
		value = NULL;
		if (sp_streq(key, "ownerReferences")) {
			if (copy_owners(a, from->pairs[i].value, p->drop_owner, &value) < 0)
				return NULL;
			if (!value)
				continue;
		} else {
			value = sp_node_clone(a, from->pairs[i].value);
		}
		if (!value || sp_node_set(a, meta, key, value) < 0)
			return NULL;
	}
	if (copy_finalizers(a, sp_node_get(from, "finalizers"), p, &value) < 0 ||
	    (value && sp_node_set(a, meta, "finalizers", value) < 0))
		return NULL;
	return meta;
}

static int read_meta(struct sp_version *v)
{
	const struct sp_node *owners = sp_node_get(v->meta, "ownerReferences");
	const struct sp_node *finalizers = sp_node_get(v->meta, "finalizers");
	uint32_t n = owners ? owners->n : 0;

	v->owners = sp_arena_array(&v->arena, n + 1, sizeof(*v->owners));
	if (!v->owners)
		return -1;
	for (uint32_t i = 0; i < n; i++) {
		const struct sp_node *blocks = sp_node_get(owners->items[i], "blockOwnerDeletion");

		v->owners[i].uid = sp_node_str(sp_node_get(owners->items[i], "uid"), "");
		v->owners[i].blocks = blocks && blocks->b;
	}
	v->n_owners = n;
	v->n_finalizers = finalizers ? finalizers->n : 0;
	v->foreground = sp_version_has_finalizer(v, "foregroundDeletion");
	return 0;
}

bool sp_version_has_finalizer(const struct sp_version *v, const char *name)
{
	const struct sp_node *list = sp_node_get(v->meta, "finalizers");

	for (uint32_t i = 0; list && i < list->n; i++)
		if (sp_streq(sp_node_str(list->items[i], ""), name))
			return true;
	return false;
}

/* ---- the whole ------------------------------------------------------------------------------- */

static bool is_rest(const char *key)
{
	return !sp_streq(key, "metadata") && !sp_streq(key, "status");
}

/* Take the pairs of @from that belong to the rest: copied into @share, or as they are. */
static int add_rest(struct sp_version *v, struct sp_node *root, const struct sp_node *from,
		    struct sp_arena *copy)
{
	static const struct sp_mark nowhere;

	for (uint32_t i = 0; i < from->n; i++) {
		const char *key = from->pairs[i].key;
		struct sp_node *value = from->pairs[i].value;

		if (!is_rest(key))
			continue;
		if (copy) {
			key = sp_arena_strdup(copy, key);
			value = sp_node_clone(copy, value);
		}
		if (!key || !value || sp_node_append(&v->arena, root, key, nowhere, value) < 0)
			return -1;
	}
	return 0;
}

static int add_status(struct sp_version *v, struct sp_node *root, const struct sp_version_parts *p)
{
	static const struct sp_mark nowhere;
	struct sp_node *value;

	if (p->status && p->status->kind == SP_NODE_MAP && p->status->n == 0)
		return 0;
	if (p->status) {
		v->status = share_new();
		value = v->status ? sp_node_clone(&v->status->arena, p->status) : NULL;
		if (!value)
			return -1;
	} else {
		if (!p->base || !p->base->status)
			return 0;
		v->status = p->base->status;
		v->status->refs++;
		value = (struct sp_node *)(uintptr_t)p->base->status_node;
	}
	v->status_node = value;
	return sp_node_append(&v->arena, root, "status", nowhere, value);
}

static int add_all(struct sp_version *v, const struct sp_version_facts *f,
		   const struct sp_version_parts *p)
{
	static const struct sp_mark nowhere;
	struct sp_node *root = sp_node_new(&v->arena, SP_NODE_MAP);
	struct sp_node *meta = make_meta(&v->arena, f, p);
	int r;

	if (!root || !meta)
		return -1;
	v->meta = meta;
	if (p->rest) {
		v->rest = share_new();
		r = v->rest ? add_rest(v, root, p->rest, &v->rest->arena) : -1;
	} else {
		v->rest = p->base->rest;
		v->rest->refs++;
		r = add_rest(v, root, p->base->pub.node, NULL);
	}
	if (r < 0 || sp_node_append(&v->arena, root, "metadata", nowhere, meta) < 0 ||
	    add_status(v, root, p) < 0)
		return -1;
	v->pub.node = root;
	return read_meta(v);
}

struct sp_version *sp_version_new(const struct sp_version_facts *f,
				  const struct sp_version_parts *p)
{
	struct sp_version *v = calloc(1, sizeof(*v));

	if (!v)
		return NULL;
	v->refs = 1;
	if (add_all(v, f, p) < 0) {
		(void)sp_stored_unref(&v->pub); /* gives back what there is of it */
		return NULL;
	}
	v->pub.kind = sp_node_str(sp_node_get(v->pub.node, "kind"), "");
	v->pub.ns = sp_node_str(sp_node_get(v->meta, "namespace"), "");
	v->pub.name = sp_node_str(sp_node_get(v->meta, "name"), "");
	v->pub.uid = sp_node_str(sp_node_get(v->meta, "uid"), "");
	v->pub.version = f->version;
	v->pub.generation = f->generation;
	v->pub.deleting = f->deleted != NULL;
	return v;
}

struct sp_version_facts sp_version_facts_of(const struct sp_version *v)
{
	const struct sp_node *grace = sp_node_get(v->meta, "deletionGracePeriodSeconds");

	return (struct sp_version_facts){
		.ns = v->pub.ns,
		.name = v->pub.name,
		.uid = v->pub.uid,
		.created = sp_node_str(sp_node_get(v->meta, "creationTimestamp"), ""),
		.version = v->pub.version,
		.generation = v->pub.generation,
		.deleted = sp_node_str(sp_node_get(v->meta, "deletionTimestamp"), NULL),
		.grace_s = grace ? grace->i : -1,
	};
}

/* ---- comparing ------------------------------------------------------------------------------- */

static bool is_version_key(const char *key)
{
	return sp_streq(key, "resourceVersion") || sp_streq(key, "generation");
}

static uint32_t count(const struct sp_node *map, bool (*left_out)(const char *key))
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < map->n; i++)
		n += !left_out(map->pairs[i].key);
	return n;
}

static bool same_but(const struct sp_node *a, const struct sp_node *b,
		     bool (*left_out)(const char *key))
{
	for (uint32_t i = 0; i < a->n; i++) {
		const char *key = a->pairs[i].key;

		if (!left_out(key) && !sp_node_equal(a->pairs[i].value, sp_node_get(b, key)))
			return false;
	}
	return count(a, left_out) == count(b, left_out);
}

static bool is_not_rest(const char *key)
{
	return !is_rest(key);
}

bool sp_version_rest_same(const struct sp_version *a, const struct sp_node *object)
{
	return same_but(a->pub.node, object, is_not_rest);
}

bool sp_version_same(const struct sp_version *a, const struct sp_version *b)
{
	return same_but(a->meta, b->meta, is_version_key) &&
	       (a->rest == b->rest || sp_version_rest_same(a, b->pub.node)) &&
	       (a->status == b->status || sp_node_equal(a->status_node, b->status_node));
}
