/* SPDX-License-Identifier: Apache-2.0 */
/* Strategic merge patches: what `kubectl patch` needs to turn one object into another. */
#include "migrate/migrate.h"

/* Lists that Kubernetes merges item by item, and the key of their items. */
static const struct {
	const char *list, *key;
} merged[] = {
	{"containers", "name"},        {"initContainers", "name"},
	{"volumes", "name"},           {"env", "name"},
	{"volumeMounts", "mountPath"}, {"ports", "containerPort"},
	{"imagePullSecrets", "name"},
};

static const char *merge_key(const char *list)
{
	for (size_t i = 0; list && i < SP_ARRAY_LEN(merged); i++)
		if (sp_streq(merged[i].list, list))
			return merged[i].key;
	return NULL;
}

static const struct sp_node *find_item(const struct sp_node *list, const char *key,
				       const struct sp_node *value)
{
	for (uint32_t i = 0; i < list->n; i++) {
		const struct sp_node *v = sp_node_get(list->items[i], key);

		if (v && value && sp_node_equal(v, value))
			return list->items[i];
	}
	return NULL;
}

static struct sp_node *diff_map(struct sp_arena *a, const struct sp_node *old,
				const struct sp_node *new, bool *same);

static bool set(struct sp_arena *a, struct sp_node *map, const char *key, struct sp_node *v)
{
	return sp_node_set(a, map, key, v) == 0;
}

/* Items that changed or are new, those that are gone, and the order. NULL: memory. */
static struct sp_node *diff_list(struct sp_arena *a, const struct sp_node *old,
				 const struct sp_node *new, const char *key, struct sp_node *order,
				 bool *same)
{
	struct sp_node *out = sp_node_new(a, SP_NODE_LIST);
	bool ordered = old->n == new->n;

	for (uint32_t i = 0; out && i < new->n; i++) {
		const struct sp_node *id = sp_node_get(new->items[i], key);
		const struct sp_node *was = find_item(old, key, id);
		struct sp_node *name = sp_node_new(a, SP_NODE_MAP), *item;
		bool item_same = false;

		if (!id || !name || !set(a, name, key, sp_node_clone(a, id)) ||
		    sp_node_push(a, order, name) < 0)
			return NULL;
		ordered = ordered && i < old->n && was == old->items[i];
		item = was ? diff_map(a, was, new->items[i], &item_same)
			   : sp_node_clone(a, new->items[i]);
		if (!item)
			return NULL;
		if (item_same)
			continue;
		if (was && !set(a, item, key, sp_node_clone(a, id)))
			return NULL;
		if (sp_node_push(a, out, item) < 0)
			return NULL;
	}
	for (uint32_t i = 0; out && i < old->n; i++) {
		const struct sp_node *id = sp_node_get(old->items[i], key);
		struct sp_node *gone;

		if (id && find_item(new, key, id))
			continue;
		gone = sp_node_new(a, SP_NODE_MAP);
		if (!id || !gone || !set(a, gone, "$patch", sp_node_new_str(a, "delete")) ||
		    !set(a, gone, key, sp_node_clone(a, id)) || sp_node_push(a, out, gone) < 0)
			return NULL;
	}
	*same = out && !out->n && ordered;
	return out;
}

static struct sp_node *diff_map(struct sp_arena *a, const struct sp_node *old,
				const struct sp_node *new, bool *same)
{
	struct sp_node *out = sp_node_new(a, SP_NODE_MAP);

	for (uint32_t i = 0; out && i < new->n; i++) {
		const char *name = new->pairs[i].key, *key = merge_key(name);
		const struct sp_node *v = new->pairs[i].value, *was = sp_node_get(old, name);
		struct sp_node *order = sp_node_new(a, SP_NODE_LIST), *d;
		bool part_same = false;

		if (was && sp_node_equal(was, v))
			continue;
		if (was && was->kind == SP_NODE_MAP && v->kind == SP_NODE_MAP) {
			d = diff_map(a, was, v, &part_same);
		} else if (was && key && was->kind == SP_NODE_LIST && v->kind == SP_NODE_LIST) {
			d = order ? diff_list(a, was, v, key, order, &part_same) : NULL;
			if (d &&
			    !set(a, out, sp_arena_printf(a, "$setElementOrder/%s", name), order))
				return NULL;
		} else {
			d = sp_node_clone(a, v);
		}
		if (!d || !set(a, out, name, d))
			return NULL;
	}
	for (uint32_t i = 0; out && i < old->n; i++)
		if (!sp_node_get(new, old->pairs[i].key) &&
		    !set(a, out, old->pairs[i].key, sp_node_new(a, SP_NODE_NULL)))
			return NULL;
	*same = out && out->n == 0;
	return out;
}

static struct sp_node *with_head(struct sp_arena *a, const struct sp_node *doc,
				 const struct sp_node *patch)
{
	static const char *const heads[] = {"apiVersion", "kind"};
	static const char *const names[] = {"name", "namespace"};
	struct sp_node *out = sp_node_new(a, SP_NODE_MAP), *meta = sp_node_new(a, SP_NODE_MAP);
	const struct sp_node *changed = sp_node_get(patch, "metadata");

	if (!out || !meta)
		return NULL;
	for (size_t i = 0; i < SP_ARRAY_LEN(heads); i++)
		if (sp_node_get(doc, heads[i]) &&
		    !set(a, out, heads[i], sp_node_clone(a, sp_node_get(doc, heads[i]))))
			return NULL;
	for (size_t i = 0; i < SP_ARRAY_LEN(names); i++) {
		const struct sp_node *v = sp_node_get(sp_node_get(doc, "metadata"), names[i]);

		if (v && !set(a, meta, names[i], sp_node_clone(a, v)))
			return NULL;
	}
	for (uint32_t i = 0; changed && i < changed->n; i++)
		if (!set(a, meta, changed->pairs[i].key, changed->pairs[i].value))
			return NULL;
	if (!set(a, out, "metadata", meta))
		return NULL;
	for (uint32_t i = 0; i < patch->n; i++)
		if (!sp_streq(patch->pairs[i].key, "metadata") &&
		    !set(a, out, patch->pairs[i].key, patch->pairs[i].value))
			return NULL;
	return out;
}

static bool print(struct sp_arena *a, const struct sp_node *old, const struct sp_node *new,
		  struct sp_buf *out)
{
	const struct sp_node *was = sp_node_get(old, "items"), *items = sp_node_get(new, "items");
	struct sp_node *patch, *doc;
	bool same;

	if (was && items && was->kind == SP_NODE_LIST && items->kind == SP_NODE_LIST &&
	    was->n == items->n) {
		for (uint32_t i = 0; i < items->n; i++)
			if (!print(a, was->items[i], items->items[i], out))
				return false;
		return true;
	}
	patch = diff_map(a, old, new, &same);
	if (!patch || same)
		return patch != NULL;
	doc = with_head(a, new, patch);
	if (!doc)
		return false;
	if (out->len)
		sp_buf_puts(out, "---\n");
	sp_node_yaml(doc, out);
	return true;
}

static void free_arena(struct sp_arena *a)
{
	sp_arena_done(a);
}

int sp_migrate_patch(const struct sp_source *before, const struct sp_source *after,
		     struct sp_buf *out, struct sp_error *err)
{
	SP_CLEANUP(free_arena) struct sp_arena a = {0};
	struct sp_diags diags;
	struct sp_node **old, **new;
	uint32_t n, k;

	sp_diags_init(&diags, &a);
	if (sp_yaml_parse(&a, before, &diags, &old, &n) < 0 ||
	    sp_yaml_parse(&a, after, &diags, &new, &k) < 0 || n != k)
		return sp_fail(err, SP_E_INVALID, "'%s' cannot be read", before->name);
	for (uint32_t i = 0; i < n; i++)
		if (!print(&a, old[i], new[i], out))
			return sp_fail(err, SP_E_NO_MEMORY, "make a patch");
	return 0;
}
