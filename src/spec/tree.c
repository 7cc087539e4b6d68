/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/tree.h"

#include "base/text.h"

static struct sp_node *checked(struct sp_tree *t, struct sp_node *n)
{
	t->failed |= !n;
	return n;
}

struct sp_node *sp_tree_map(struct sp_tree *t)
{
	return checked(t, sp_node_new(t->a, SP_NODE_MAP));
}

struct sp_node *sp_tree_list(struct sp_tree *t)
{
	return checked(t, sp_node_new(t->a, SP_NODE_LIST));
}

struct sp_node *sp_tree_put(struct sp_tree *t, struct sp_node *map, const char *key,
			    struct sp_node *value)
{
	t->failed |= !map || !value || sp_node_set(t->a, map, key, value) < 0;
	return value;
}

void sp_tree_text(struct sp_tree *t, struct sp_node *map, const char *key, const char *text)
{
	if (text)
		sp_tree_put(t, map, key, sp_node_new_str(t->a, text));
}

void sp_tree_int(struct sp_tree *t, struct sp_node *map, const char *key, int64_t v)
{
	sp_tree_put(t, map, key, sp_node_new_int(t->a, v));
}

void sp_tree_bool(struct sp_tree *t, struct sp_node *map, const char *key, bool v)
{
	sp_tree_put(t, map, key, sp_node_new_bool(t->a, v));
}

void sp_tree_time(struct sp_tree *t, struct sp_node *map, const char *key, int64_t wall_ns)
{
	char mem[40];
	struct sp_buf b = sp_buf_fixed(mem, sizeof(mem));

	if (wall_ns < 0)
		return;
	sp_format_rfc3339(&b, wall_ns, 0);
	sp_tree_text(t, map, key, mem);
}

void sp_tree_copy(struct sp_tree *t, struct sp_node *map, const char *key,
		  const struct sp_node *value)
{
	if (value)
		sp_tree_put(t, map, key, sp_node_clone(t->a, value));
}

struct sp_node *sp_tree_child(struct sp_tree *t, struct sp_node *map, const char *key,
			      enum sp_node_kind kind)
{
	const struct sp_pair *p = map ? sp_node_pair(map, key) : NULL;

	if (p && p->value->kind == kind)
		return p->value;
	return sp_tree_put(t, map, key, sp_node_new(t->a, kind));
}

struct sp_node *sp_tree_push(struct sp_tree *t, struct sp_node *list, struct sp_node *value)
{
	t->failed |= !list || !value || sp_node_push(t->a, list, value) < 0;
	return value;
}

int64_t sp_node_int(const struct sp_node *n, int64_t def)
{
	return n && n->kind == SP_NODE_INT ? n->i : def;
}

bool sp_node_bool(const struct sp_node *n, bool def)
{
	return n && n->kind == SP_NODE_BOOL ? n->b : def;
}

int64_t sp_node_time(const struct sp_node *n, int64_t def)
{
	const char *text = sp_node_str(n, NULL);
	int64_t t;

	return text && sp_parse_rfc3339(text, &t) == 0 ? t : def;
}
