/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A parsed document: YAML and JSON become the same tree, with the place of each value in its file.
 * Everything lives in the arena of the parse.
 */
#ifndef SP_SPEC_NODE_H
#define SP_SPEC_NODE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"

enum sp_node_kind {
	SP_NODE_NULL,
	SP_NODE_BOOL,
	SP_NODE_INT,
	SP_NODE_FLOAT,
	SP_NODE_STR,
	SP_NODE_LIST,
	SP_NODE_MAP
};
const char *
sp_node_kind_name(enum sp_node_kind kind); /* "string", "integer", "list", … for messages */

/* 1-based; columns count code points. 0: unknown (made by the program, not read). */
struct sp_mark {
	uint32_t line, col;
};

struct sp_pair;

struct sp_node {
	enum sp_node_kind kind;
	bool quoted;            /* scalar written with quotes or as a block */
	bool flow;              /* list or map in flow style */
	bool aliased;           /* this place is an alias (*x); marks are those of the alias */
	bool b;                 /* BOOL */
	struct sp_mark at, end; /* first character; one past the last */
	const char *
		text; /* scalars: the text without quotes, NUL-terminated; may hold NULs: see len */
	uint32_t len;
	uint32_t n; /* LIST, MAP: number of children */
	int64_t i;  /* INT; integers beyond int64 are FLOAT with their text */
	double f;   /* INT and FLOAT */
	union {
		struct sp_node **items; /* LIST */
		struct sp_pair *pairs;  /* MAP, in file order; keys are unique */
	};
};
/* A limit on nodes is a limit on memory. */
_Static_assert(sizeof(void *) != 8 || sizeof(struct sp_node) == 64, "node grew");

struct sp_pair {
	const char *key;
	struct sp_mark at; /* of the key */
	struct sp_node *value;
};

/** sp_node_get() - Value of @key in a map; NULL when absent or @n is NULL or no map */
const struct sp_node *sp_node_get(const struct sp_node *n, const char *key);
const struct sp_pair *sp_node_pair(const struct sp_node *n, const char *key);
/** sp_node_at() - Follow "spec.containers[0].image"; NULL when something on the way is absent */
const struct sp_node *sp_node_at(const struct sp_node *n, const char *path);
/** sp_node_str() - Text of a string scalar, @def otherwise */
const char *sp_node_str(const struct sp_node *n, const char *def);

/* Building, for programs that make documents. All return NULL when memory ran out. */
struct sp_node *sp_node_new(struct sp_arena *a, enum sp_node_kind kind);
struct sp_node *sp_node_new_str(struct sp_arena *a, const char *text);
struct sp_node *sp_node_new_int(struct sp_arena *a, int64_t v);
struct sp_node *sp_node_new_bool(struct sp_arena *a, bool v);
int sp_node_set(struct sp_arena *a, struct sp_node *map, const char *key,
		struct sp_node *value); /* adds or replaces */
int sp_node_push(struct sp_arena *a, struct sp_node *list, struct sp_node *value);
/** sp_node_append() - Add a pair that is known to be new; @key is kept, not copied */
int sp_node_append(struct sp_arena *a, struct sp_node *map, const char *key, struct sp_mark at,
		   struct sp_node *value);
struct sp_node *sp_node_clone(struct sp_arena *a, const struct sp_node *n); /* deep */
bool sp_node_equal(const struct sp_node *a, const struct sp_node *b);

/**
 * sp_scalar_resolve() - What an unquoted scalar means to the Kubernetes tools
 * @ret: kind, b, i and f are set; text and len are not touched
 *
 * YAML 1.1 words: yes, no, on, off, y, n are booleans; 0644 is octal; 1_000 is a number.
 */
void sp_scalar_resolve(const char *text, size_t len, struct sp_node *ret);

/**
 * sp_node_from_json() - Strict JSON text (RFC 8259) into a tree without places
 *
 * For input of other sidepod processes; what users write goes through sp_yaml_parse(). Limits are
 * those of spec/load.h. Errors tell line and column.
 */
int sp_node_from_json(struct sp_arena *a, const char *bytes, size_t len, struct sp_node **ret,
		      struct sp_error *err);

/** sp_node_json() - Print as JSON; @indent < 0: one line */
void sp_node_json(const struct sp_node *n, int indent, struct sp_buf *out);
/** sp_node_yaml() - Print as block-style YAML with two blanks per level, ready to be a file */
void sp_node_yaml(const struct sp_node *n, struct sp_buf *out);

struct sp_yaml_style {
	size_t step;      /* columns that a map stands deeper than its key */
	size_t list_step; /* columns that a list stands deeper than its key */
};
/** sp_node_yaml_styled() - Lines of a list or map that is not empty, @indent columns deep */
void sp_node_yaml_styled(const struct sp_node *n, size_t indent, const struct sp_yaml_style *st,
			 struct sp_buf *out);
/** sp_node_yaml_inline() - On one line without its end; lists and maps in flow style
 * @flow: it will stand inside a list or map in flow style */
void sp_node_yaml_inline(const struct sp_node *n, bool flow, struct sp_buf *out);

#endif
