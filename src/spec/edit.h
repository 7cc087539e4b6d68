/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changes to a source that leave every other byte as it is: comments, order, quoting, line ends,
 * other documents. Nodes of the parsed tree say where; the edits are collected, then applied in one
 * go. A value is given as a tree and written in the style of its surroundings.
 *
 * What comes out is read back and compared with the tree that was asked for, so an edit either does
 * exactly what it says or is refused.
 */
#ifndef SP_SPEC_EDIT_H
#define SP_SPEC_EDIT_H

#include "base/diff.h"
#include "spec/load.h"

struct sp_edit_state;

/* All memory is in the arena. Nodes given must stem from sp_yaml_parse() of the same bytes; what
 * defaulting added to the tree does not matter. */
struct sp_edits {
	struct sp_arena *arena;
	struct sp_source src;
	struct sp_edit_state *state;
	uint32_t n; /* edits so far */
};

void sp_edits_init(struct sp_edits *e, struct sp_arena *a, const struct sp_source *src);

/* All return 0, or -1 with *err: SP_E_UNSUPPORTED when the place cannot be edited safely (an alias,
 * an anchor, a node that was not read), SP_E_NO_MEMORY. Indices and keys are those of the source,
 * whatever was asked for before. */

/** sp_edit_scalar() - Replace the scalar @n by the scalar @value; quotes stay where they can */
int sp_edit_scalar(struct sp_edits *e, const struct sp_node *n, const struct sp_node *value,
		   struct sp_error *err);
/** sp_edit_set() - Replace the value of @key in @map, or insert the pair
 * @after: behind this key; NULL or absent: at the end */
int sp_edit_set(struct sp_edits *e, const struct sp_node *map, const char *key,
		const struct sp_node *value, const char *after, struct sp_error *err);
/**
 * sp_edit_set_path() - Like sp_edit_set() for a member further down
 * @path: "lifecycle.preStop.sleep"; maps that are missing on the way are made
 */
int sp_edit_set_path(struct sp_edits *e, const struct sp_node *map, const char *path,
		     const struct sp_node *value, struct sp_error *err);
/** sp_edit_rename() - Another name for @key of @map */
int sp_edit_rename(struct sp_edits *e, const struct sp_node *map, const char *key,
		   const char *new_key, struct sp_error *err);
/** sp_edit_remove() - Take the pair @key out of @map, with its comment; absent is fine. A map that
 * would be left empty becomes {} */
int sp_edit_remove(struct sp_edits *e, const struct sp_node *map, const char *key,
		   struct sp_error *err);
/** sp_edit_insert_item() - Put @value in front of item @at of @list (n: at the end) */
int sp_edit_insert_item(struct sp_edits *e, const struct sp_node *list, uint32_t at,
			const struct sp_node *value, struct sp_error *err);
int sp_edit_remove_item(struct sp_edits *e, const struct sp_node *list, uint32_t at,
			struct sp_error *err);
/**
 * sp_edit_new_list() - An empty list under a new @key of @map, to move and insert items into
 * @before: in front of this key; NULL or absent: at the end
 * @ret: serves as the list of sp_edit_insert_item() and sp_edit_move_item(); items go to its end
 */
int sp_edit_new_list(struct sp_edits *e, const struct sp_node *map, const char *key,
		     const char *before, const struct sp_node **ret, struct sp_error *err);
/** sp_edit_move_item() - Move item @from of @list in front of item @at of @to, comments with it and
 * other edits inside it. @to may be the same list */
int sp_edit_move_item(struct sp_edits *e, const struct sp_node *list, uint32_t from,
		      const struct sp_node *to, uint32_t at, struct sp_error *err);
/** sp_edit_line_comment() - Put "# <text>" on a line of its own above the line of @at */
int sp_edit_line_comment(struct sp_edits *e, struct sp_mark at, const char *text,
			 struct sp_error *err);

/**
 * sp_edits_apply() - The new bytes
 * @err: SP_E_UNSUPPORTED when edits overlap or the result would not read back as the tree that was
 *       asked for
 */
int sp_edits_apply(const struct sp_edits *e, struct sp_buf *out, struct sp_error *err);

/** sp_edit_offset() - Byte offset of @at in @src: columns count code points. A place behind the
 * end is the end */
size_t sp_edit_offset(const struct sp_source *src, struct sp_mark at);

#endif
