/* SPDX-License-Identifier: Apache-2.0 */
/* The tree of a document: looking things up, building, copying, comparing. */
#include "spec/node.h"

static const char *const kind_names[] = {"null",   "boolean", "integer", "number",
					 "string", "list",    "map"};

_Static_assert(SP_ARRAY_LEN(kind_names) == SP_NODE_MAP + 1, "one name per kind");

const char *sp_node_kind_name(enum sp_node_kind kind)
{
	return kind_names[kind];
}

const struct sp_pair *sp_node_pair(const struct sp_node *n, const char *key)
{
	if (!n || n->kind != SP_NODE_MAP)
		return NULL;
	for (uint32_t i = 0; i < n->n; i++)
		if (sp_streq(n->pairs[i].key, key))
			return &n->pairs[i];
	return NULL;
}

const struct sp_node *sp_node_get(const struct sp_node *n, const char *key)
{
	const struct sp_pair *p = sp_node_pair(n, key);

	return p ? p->value : NULL;
}

static const struct sp_node *get_span(const struct sp_node *n, const char *key, size_t len)
{
	if (n->kind != SP_NODE_MAP)
		return NULL;
	for (uint32_t i = 0; i < n->n; i++) {
		const char *k = n->pairs[i].key;

		if (strncmp(k, key, len) == 0 && !k[len])
			return n->pairs[i].value;
	}
	return NULL;
}

/* "[3]" is an element of a list, "[key]" a member of a map whose key may hold dots. */
static const struct sp_node *get_bracket(const struct sp_node *n, const char *in, size_t len)
{
	uint64_t index = 0;

	if (n->kind == SP_NODE_MAP)
		return get_span(n, in, len);
	if (n->kind != SP_NODE_LIST || len == 0 || len > 9)
		return NULL;
	for (size_t i = 0; i < len; i++) {
		if (in[i] < '0' || in[i] > '9')
			return NULL;
		index = index * 10 + (uint64_t)(in[i] - '0');
	}
	return index < n->n ? n->items[index] : NULL;
}

const struct sp_node *sp_node_at(const struct sp_node *n, const char *path)
{
	while (n && *path) {
		if (*path == '[') {
			const char *end = strchr(path, ']');

			if (!end)
				return NULL;
			n = get_bracket(n, path + 1, (size_t)(end - path - 1));
			path = end + 1;
		} else {
			size_t len;

			if (*path == '.')
				path++;
			len = strcspn(path, ".[");
			if (len == 0)
				return NULL;
			n = get_span(n, path, len);
			path += len;
		}
	}
	return n;
}

const char *sp_node_str(const struct sp_node *n, const char *def)
{
	return n && n->kind == SP_NODE_STR ? n->text : def;
}

struct sp_node *sp_node_new(struct sp_arena *a, enum sp_node_kind kind)
{
	struct sp_node *n = sp_arena_alloc(a, sizeof(*n));

	if (n) {
		n->kind = kind;
		n->text = "";
	}
	return n;
}

struct sp_node *sp_node_new_str(struct sp_arena *a, const char *text)
{
	struct sp_node *n = sp_node_new(a, SP_NODE_STR);
	size_t len = strlen(text);

	if (!n || len > UINT32_MAX)
		return NULL;
	n->text = sp_arena_strndup(a, text, len);
	n->len = (uint32_t)len;
	n->quoted = true;
	return n->text ? n : NULL;
}

struct sp_node *sp_node_new_int(struct sp_arena *a, int64_t v)
{
	struct sp_node *n = sp_node_new(a, SP_NODE_INT);

	if (!n)
		return NULL;
	n->i = v;
	n->f = (double)v;
	n->text = sp_arena_printf(a, "%lld", (long long)v);
	if (!n->text)
		return NULL;
	n->len = (uint32_t)strlen(n->text);
	return n;
}

struct sp_node *sp_node_new_bool(struct sp_arena *a, bool v)
{
	struct sp_node *n = sp_node_new(a, SP_NODE_BOOL);

	if (!n)
		return NULL;
	n->b = v;
	n->text = v ? "true" : "false";
	n->len = (uint32_t)strlen(n->text);
	return n;
}

/* Room for one more of @n elements. Arrays double, so their size is the next power of two (at
 * least 4) and need not be kept. Every child comes in through here, those of parsers too. */
static void *grow(struct sp_arena *a, void *old, uint32_t n, size_t size)
{
	void *p;

	if (n != 0 && (n < 4 || (n & (n - 1)) != 0))
		return old;
	p = sp_arena_array(a, n ? (size_t)n * 2 : 4, size);
	if (p && n)
		memcpy(p, old, n * size);
	return p;
}

int sp_node_append(struct sp_arena *a, struct sp_node *map, const char *key, struct sp_mark at,
		   struct sp_node *value)
{
	struct sp_pair *pairs;

	assert(map->kind == SP_NODE_MAP);
	if (!value)
		return -1;
	pairs = grow(a, map->pairs, map->n, sizeof(*pairs));
	if (!pairs)
		return -1;
	map->pairs = pairs;
	map->pairs[map->n++] = (struct sp_pair){key, at, value};
	return 0;
}

int sp_node_set(struct sp_arena *a, struct sp_node *map, const char *key, struct sp_node *value)
{
	char *copy;

	assert(map->kind == SP_NODE_MAP);
	if (!value)
		return -1;
	for (uint32_t i = 0; i < map->n; i++) {
		if (sp_streq(map->pairs[i].key, key)) {
			map->pairs[i].value = value;
			return 0;
		}
	}
	copy = sp_arena_strdup(a, key);
	return copy ? sp_node_append(a, map, copy, (struct sp_mark){0, 0}, value) : -1;
}

int sp_node_push(struct sp_arena *a, struct sp_node *list, struct sp_node *value)
{
	struct sp_node **items;

	assert(list->kind == SP_NODE_LIST);
	if (!value)
		return -1;
	items = grow(a, list->items, list->n, sizeof(*items));
	if (!items)
		return -1;
	list->items = items;
	list->items[list->n++] = value;
	return 0;
}

struct sp_node *sp_node_clone(struct sp_arena *a, const struct sp_node *n)
{
	struct sp_node *c = sp_arena_alloc(a, sizeof(*c));

	if (!c)
		return NULL;
	*c = *n;
	c->n = 0;
	c->items = NULL;
	if (n->text) {
		c->text = sp_arena_strndup(a, n->text, n->len);
		if (!c->text)
			return NULL;
	}
	for (uint32_t i = 0; n->kind == SP_NODE_LIST && i < n->n; i++)
		if (sp_node_push(a, c, sp_node_clone(a, n->items[i])) < 0)
			return NULL;
	for (uint32_t i = 0; n->kind == SP_NODE_MAP && i < n->n; i++) {
		char *key = sp_arena_strdup(a, n->pairs[i].key);

		if (!key || sp_node_append(a, c, key, n->pairs[i].at,
					   sp_node_clone(a, n->pairs[i].value)) < 0)
			return NULL;
	}
	return c;
}

static bool equal_maps(const struct sp_node *a, const struct sp_node *b)
{
	for (uint32_t i = 0; i < a->n; i++) {
		const struct sp_node *v;

		/* mostly the same order: look there first */
		if (sp_streq(a->pairs[i].key, b->pairs[i].key))
			v = b->pairs[i].value;
		else
			v = sp_node_get(b, a->pairs[i].key);
		if (!v || !sp_node_equal(a->pairs[i].value, v))
			return false;
	}
	return true;
}

bool sp_node_equal(const struct sp_node *a, const struct sp_node *b)
{
	if (!a || !b)
		return a == b;
	if (a->kind != b->kind) {
		/* 1 and 1.0 are the same JSON number */
		bool numbers = (a->kind == SP_NODE_INT && b->kind == SP_NODE_FLOAT) ||
			       (a->kind == SP_NODE_FLOAT && b->kind == SP_NODE_INT);

		return numbers && a->f == b->f;
	}
	switch (a->kind) {
	case SP_NODE_NULL:
		return true;
	case SP_NODE_BOOL:
		return a->b == b->b;
	case SP_NODE_INT:
		return a->i == b->i;
	case SP_NODE_FLOAT:
		return a->f == b->f;
	case SP_NODE_STR:
		return a->len == b->len && memcmp(a->text, b->text, a->len) == 0;
	case SP_NODE_LIST:
		for (uint32_t i = 0; a->n == b->n && i < a->n; i++)
			if (!sp_node_equal(a->items[i], b->items[i]))
				return false;
		return a->n == b->n;
	case SP_NODE_MAP:
		return a->n == b->n && equal_maps(a, b);
	}
	return false;
}
