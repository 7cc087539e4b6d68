/* SPDX-License-Identifier: Apache-2.0 */
/* Where nodes hang: the path, line and underlined width of what a finding is about. */
#include "lint/lint_internal.h"

#include "base/text.h"

#define PATH_STEPS 128

struct trail {
	uint32_t v[PATH_STEPS]; /* child numbers from the root */
	uint32_t n;
};

/* Where each node of a tree hangs, by its address: a document may have many findings. */
struct lint_index {
	struct lint_slot {
		const struct sp_node *node; /* NULL free */
		uint32_t parent, child;     /* slot of the parent; UINT32_MAX: the root */
	} * v;
	uint32_t mask;
};

static uint32_t slot_of(const struct lint_index *x, const struct sp_node *n)
{
	uint32_t i = (uint32_t)(((uintptr_t)n >> 4) * 2654435761u) & x->mask;

	while (x->v[i].node && x->v[i].node != n)
		i = (i + 1) & x->mask;
	return i;
}

static uint32_t count_nodes(const struct sp_node *n)
{
	uint32_t sum = 1;

	for (uint32_t i = 0; i < n->n && n->kind == SP_NODE_LIST; i++)
		sum += count_nodes(n->items[i]);
	for (uint32_t i = 0; i < n->n && n->kind == SP_NODE_MAP; i++)
		sum += count_nodes(n->pairs[i].value);
	return sum;
}

static void index_nodes(struct lint_index *x, const struct sp_node *n, uint32_t parent,
			uint32_t child)
{
	uint32_t at = slot_of(x, n);

	if (x->v[at].node) /* of a node that stands in two places the first one counts */
		return;
	x->v[at] = (struct lint_slot){n, parent, child};
	for (uint32_t i = 0; i < n->n && n->kind == SP_NODE_LIST; i++)
		index_nodes(x, n->items[i], at, i);
	for (uint32_t i = 0; i < n->n && n->kind == SP_NODE_MAP; i++)
		index_nodes(x, n->pairs[i].value, at, i);
}

static const struct lint_index *index_of(struct sp_lint *l, const struct sp_node *root,
					 struct lint_index **kept)
{
	struct lint_index *x = *kept;
	uint32_t cap = 16, n;

	if (x)
		return x;
	n = count_nodes(root);
	while (cap < 2 * n)
		cap *= 2;
	x = sp_arena_alloc(&l->arena, sizeof(*x));
	if (x)
		x->v = sp_arena_array(&l->arena, cap, sizeof(*x->v));
	if (!x || !x->v) {
		l->no_memory = true;
		return NULL;
	}
	x->mask = cap - 1;
	index_nodes(x, root, UINT32_MAX, 0);
	*kept = x;
	return x;
}

enum which_tree { TREE_ROOT, TREE_READ };

static bool find_node(struct sp_lint *l, const struct sp_lint_object *obj, enum which_tree tree,
		      const struct sp_node *wanted, struct trail *t)
{
	/* objects are const to rules; the index is no part of what they are */
	struct lint_index **kept = &((struct sp_lint_object *)(uintptr_t)obj)->index[tree];
	const struct lint_index *x = index_of(l, tree == TREE_ROOT ? obj->root : obj->read, kept);
	uint32_t at;

	t->n = 0;
	if (!x || !wanted)
		return false;
	at = slot_of(x, wanted);
	if (!x->v[at].node)
		return false;
	for (; x->v[at].parent != UINT32_MAX; at = x->v[at].parent) {
		if (t->n == PATH_STEPS)
			return false;
		t->v[t->n++] = x->v[at].child;
	}
	for (uint32_t i = 0; i < t->n / 2; i++) {
		uint32_t swap = t->v[i];

		t->v[i] = t->v[t->n - 1 - i];
		t->v[t->n - 1 - i] = swap;
	}
	return true;
}

static bool plain_key(const char *key)
{
	return key[0] && !strpbrk(key, ".[]/ ");
}

static uint32_t width(const struct sp_node *n)
{
	if (n->end.line == n->at.line && n->end.col > n->at.col)
		return n->end.col - n->at.col;
	return 1;
}

/* Path, line and underlined width of what the trail leads to. */
static void place(struct sp_lint *l, const struct sp_node *root, const struct trail *t,
		  struct sp_finding *f)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf path = {0};
	const struct sp_pair *pair = NULL;
	const struct sp_node *n = root, *name;

	sp_buf_puts(&path, "");
	for (uint32_t i = 0; i < t->n; i++) {
		pair = NULL;
		if (n->kind == SP_NODE_LIST) {
			sp_buf_printf(&path, "[%u]", t->v[i]);
			n = n->items[t->v[i]];
			continue;
		}
		pair = &n->pairs[t->v[i]];
		if (plain_key(pair->key))
			sp_buf_printf(&path, "%s%s", path.len ? "." : "", pair->key);
		else
			sp_buf_printf(&path, "[\"%s\"]", pair->key);
		n = pair->value;
	}
	f->path = path.len && !path.failed ? say(l, "%s", path.ptr) : NULL;
	name = n->kind == SP_NODE_MAP ? sp_node_get(n, "name") : NULL;
	if (pair && (n->kind == SP_NODE_MAP || n->kind == SP_NODE_LIST || n->aliased ||
		     n->end.line != n->at.line)) {
		f->at = pair->at;
		f->len = (uint32_t)sp_utf8_columns(pair->key);
	} else if (name && name->at.line && t->n) {
		f->at = name->at;
		f->len = width(name);
	} else {
		f->at = n->at;
		f->len = width(n);
	}
}

const struct sp_node *node_of(const struct sp_node *n, const char *key)
{
	const struct sp_node *v = sp_node_get(n, key);

	return v ? v : n;
}

void lint_locate(struct sp_lint *l, const struct sp_lint_object *obj, const struct sp_node *node,
		 struct sp_finding *f)
{
	struct trail t = {.n = 0};

	f->object = obj;
	f->source = obj->o.source;
	f->kind = obj->o.kind_text;
	f->name = obj->name;
	if (!node)
		node = node_of(node_of(obj->root, "metadata"), "name");
	if (find_node(l, obj, TREE_ROOT, node, &t)) {
		place(l, obj->root, &t, f);
		return;
	}
	if (find_node(l, obj, TREE_READ, node, &t)) {
		place(l, obj->read, &t, f);
		return;
	}
	f->at = obj->read->at;
}

const struct sp_node *lint_twin(struct sp_lint *l, const struct sp_lint_object *obj,
				const struct sp_node *n)
{
	const struct sp_node *root = obj->root, *read = obj->read;
	struct trail t = {.n = 0};

	if (!find_node(l, obj, TREE_ROOT, n, &t))
		return find_node(l, obj, TREE_READ, n, &t) ? n : NULL;
	for (uint32_t i = 0; read && i < t.n; i++) {
		if (root->kind == SP_NODE_LIST) {
			read = read->kind == SP_NODE_LIST && t.v[i] < read->n ? read->items[t.v[i]]
									      : NULL;
			root = root->items[t.v[i]];
		} else {
			read = sp_node_get(read, root->pairs[t.v[i]].key);
			root = root->pairs[t.v[i]].value;
		}
	}
	return read;
}
