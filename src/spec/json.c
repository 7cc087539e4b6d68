/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON text into trees, through jansson: for what other sidepod processes wrote, where places do
 * not matter. Files of users go through yaml.c, which reads JSON too and knows the places.
 */
#include "spec/node.h"

#include "spec/load.h"

#include <jansson.h>

struct builder {
	struct sp_arena *arena;
	struct sp_error *err;
	uint32_t n_nodes;
};

static struct sp_node *build(struct builder *b, const json_t *j, unsigned depth);

static struct sp_node *no_memory(struct builder *b)
{
	sp_fail(b->err, SP_E_NO_MEMORY, "read JSON");
	return NULL;
}

static struct sp_node *build_map(struct builder *b, const json_t *j, unsigned depth)
{
	struct sp_node *map = sp_node_new(b->arena, SP_NODE_MAP);
	const char *key;
	json_t *value;

	if (!map)
		return no_memory(b);
	/* the macro wants a pointer it may write through; nothing here does */
	json_object_foreach((json_t *)(uintptr_t)j, key, value)
	{
		struct sp_node *child = build(b, value, depth + 1);
		char *copy = sp_arena_strdup(b->arena, key);

		if (!child)
			return NULL;
		if (!copy || sp_node_append(b->arena, map, copy, (struct sp_mark){0, 0}, child) < 0)
			return no_memory(b);
	}
	return map;
}

static struct sp_node *build_list(struct builder *b, const json_t *j, unsigned depth)
{
	struct sp_node *list = sp_node_new(b->arena, SP_NODE_LIST);

	if (!list)
		return no_memory(b);
	for (size_t i = 0; i < json_array_size(j); i++) {
		struct sp_node *child = build(b, json_array_get(j, i), depth + 1);

		if (!child)
			return NULL;
		if (sp_node_push(b->arena, list, child) < 0)
			return no_memory(b);
	}
	return list;
}

static struct sp_node *build_scalar(struct builder *b, const json_t *j)
{
	struct sp_node *n;

	switch (json_typeof(j)) {
	case JSON_STRING:
		n = sp_node_new(b->arena, SP_NODE_STR);
		if (n)
			n->text = sp_arena_strndup(b->arena, json_string_value(j),
						   json_string_length(j));
		if (!n || !n->text)
			return no_memory(b);
		n->len = (uint32_t)json_string_length(j);
		n->quoted = true;
		return n;
	case JSON_INTEGER:
		n = sp_node_new_int(b->arena, json_integer_value(j));
		break;
	case JSON_REAL:
		n = sp_node_new(b->arena, SP_NODE_FLOAT);
		if (n)
			n->f = json_real_value(j);
		break;
	case JSON_TRUE:
	case JSON_FALSE:
		n = sp_node_new_bool(b->arena, json_is_true(j));
		break;
	case JSON_NULL:
	case JSON_OBJECT:
	case JSON_ARRAY:
	default:
		n = sp_node_new(b->arena, SP_NODE_NULL);
		break;
	}
	return n ? n : no_memory(b);
}

static struct sp_node *build(struct builder *b, const json_t *j, unsigned depth)
{
	if (depth > SP_DEPTH_MAX || ++b->n_nodes > SP_NODES_MAX) {
		sp_fail(b->err, SP_E_INVALID, "read JSON: more than %u %s",
			depth > SP_DEPTH_MAX ? SP_DEPTH_MAX : SP_NODES_MAX,
			depth > SP_DEPTH_MAX ? "levels" : "values");
		return NULL;
	}
	if (json_is_object(j))
		return build_map(b, j, depth);
	if (json_is_array(j))
		return build_list(b, j, depth);
	return build_scalar(b, j);
}

int sp_node_from_json(struct sp_arena *a, const char *bytes, size_t len, struct sp_node **ret,
		      struct sp_error *err)
{
	struct builder b = {.arena = a, .err = err};
	json_error_t why;
	struct sp_node *n;
	json_t *j;

	j = json_loadb(bytes, len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL | JSON_DECODE_ANY, &why);
	if (!j)
		return sp_fail(err, SP_E_INVALID, "read JSON: line %d:%d: %s", why.line, why.column,
			       why.text);
	n = build(&b, j, 1);
	json_decref(j);
	if (!n)
		return -1;
	*ret = n;
	return 0;
}
