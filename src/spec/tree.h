/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Building documents without asking after every step: the first failure sticks, and is looked at
 * once at the end. NULL values and maps are failures too.
 */
#ifndef SP_SPEC_TREE_H
#define SP_SPEC_TREE_H

#include "spec/node.h"

struct sp_tree {
	struct sp_arena *a;
	bool failed; /* memory ran out */
};

struct sp_node *sp_tree_map(struct sp_tree *t);
struct sp_node *sp_tree_list(struct sp_tree *t);

/** sp_tree_put() - Add or replace. Return: @value */
struct sp_node *sp_tree_put(struct sp_tree *t, struct sp_node *map, const char *key,
			    struct sp_node *value);
/** sp_tree_text() - A string; NULL is left out */
void sp_tree_text(struct sp_tree *t, struct sp_node *map, const char *key, const char *text);
void sp_tree_int(struct sp_tree *t, struct sp_node *map, const char *key, int64_t v);
void sp_tree_bool(struct sp_tree *t, struct sp_node *map, const char *key, bool v);
/** sp_tree_time() - As the API writes times: whole seconds, UTC; a negative one is left out */
void sp_tree_time(struct sp_tree *t, struct sp_node *map, const char *key, int64_t wall_ns);
/** sp_tree_copy() - A deep copy of @value; NULL is left out */
void sp_tree_copy(struct sp_tree *t, struct sp_node *map, const char *key,
		  const struct sp_node *value);

/** sp_tree_child() - The map or list at @key, made when it is not there */
struct sp_node *sp_tree_child(struct sp_tree *t, struct sp_node *map, const char *key,
			      enum sp_node_kind kind);
/** sp_tree_push() - Return: @value */
struct sp_node *sp_tree_push(struct sp_tree *t, struct sp_node *list, struct sp_node *value);

/** sp_node_int() - Value of an integer, @def otherwise */
int64_t sp_node_int(const struct sp_node *n, int64_t def);
bool sp_node_bool(const struct sp_node *n, bool def);
/** sp_node_time() - Nanoseconds since 1970 of an RFC 3339 text, @def otherwise */
int64_t sp_node_time(const struct sp_node *n, int64_t def);

#endif
