/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between the parts that apply edits. Each edit becomes patches: a range of the source, and pieces
 * that stand there instead. A piece is text, or another range of the source with the patches inside
 * it, which is how things move.
 */
#ifndef SP_SPEC_EDIT_APPLY_H
#define SP_SPEC_EDIT_APPLY_H

#include "spec/edit_internal.h"

struct ea_piece {
	struct ea_piece *next;
	const char *text; /* NULL: a range */
	size_t len;
	size_t from, to;
	uint32_t depth; /* patches of at least this depth are inside */
	int64_t shift;  /* columns to the right */
};

struct ea_patch {
	size_t from, to;
	uint32_t depth, seq;
	bool tail;     /* an insertion that belongs to what stands in front of it */
	bool lines;    /* whole lines: begins behind a line end */
	size_t covers; /* patches inside what is replaced reach to here, when not to `to` */
	unsigned applied;
	struct ea_piece *first, **last;
};

struct ea_job {
	const struct sp_edit_state *s;
	const struct sp_edit_text *t;
	struct sp_arena *arena;
	struct sp_node **want;
	uint32_t n_want;
	struct ea_patch **v;
	uint32_t n, cap;
	bool failed; /* memory */
	const char *refused;
};

/* ---- edit_apply.c: patches and pieces -------------------------------------------------------- */

/** ea_patch() - A new patch; never NULL, a spare one when memory ran out (j->failed) */
struct ea_patch *ea_patch(struct ea_job *j, size_t from, size_t to, uint32_t depth);
void ea_put_n(struct ea_job *j, struct ea_patch *p, const char *text, size_t len);
void ea_put(struct ea_job *j, struct ea_patch *p, const char *text);
void ea_put_buf(struct ea_job *j, struct ea_patch *p, struct sp_buf *b); /* and frees it */
/** ea_put_range() - A range of the source, with the patches in it of at least @depth */
void ea_put_range(struct ea_job *j, struct ea_patch *p, size_t from, size_t to, uint32_t depth,
		  int64_t shift);
void ea_put_raw(struct ea_job *j, struct ea_patch *p, size_t from, size_t to);

/* ---- edit_value.c: values as text, and in the place of others ----------------------------------
 */

/** ea_put_block() - "key: value" or "- value" in block style, @indent deep */
void ea_put_block(struct ea_job *j, struct ea_patch *p, const char *key,
		  const struct sp_node *value, size_t indent, bool last_end);
/** ea_flow_text() - @indent: columns of lines after the first; -1: on one line */
void ea_flow_text(const struct ea_job *j, const struct sp_node *n, int64_t indent,
		  struct sp_buf *out);
void ea_flow_member(const struct ea_job *j, const char *key, const struct sp_node *n,
		    int64_t indent, struct sp_buf *out);
/** ea_pair_of() - The pair that holds the node; NULL when it is no value of a map */
const struct sp_pair *ea_pair_of(const struct sp_edit_place *p);
/** ea_goes() - Does an addition stand in front of member @i, or behind it? */
bool ea_goes(const struct sp_edit_added *m, uint32_t i, bool behind, bool map);
void ea_put_item(struct ea_job *j, struct ea_patch *p, const struct sp_edit_added *m, size_t indent,
		 bool last_end);
void ea_put_made(struct ea_job *j, struct ea_patch *p, const char *key,
		 const struct sp_edit_touched *made, size_t indent);
size_t ea_map_indent(const struct sp_node *map);
/** ea_value_patch() - The value of a pair in block style, from its colon on
 * @block: lines follow, which the caller adds; else @text stands behind the colon */
struct ea_patch *ea_value_patch(struct ea_job *j, const struct sp_pair *pair, uint32_t depth,
				bool block, const char *text);
void ea_scalar(struct ea_job *j, const struct sp_edit_change *c);
void ea_value_change(struct ea_job *j, const struct sp_edit_change *c);
void ea_rename(struct ea_job *j, const struct sp_edit_change *c);
void ea_comment(struct ea_job *j, const struct sp_edit_change *c);

/* ---- edit_flow.c, edit_block.c: lists and maps whose members change ----------------------------
 */

void ea_flow(struct ea_job *j, const struct sp_edit_touched *t);
void ea_touched(struct ea_job *j, const struct sp_edit_touched *t); /* of either style */

/* ---- edit_wanted.c: the tree that is asked for -------------------------------------------------
 */

int ea_wanted(struct ea_job *j, struct sp_error *err);
/** ea_check() - Does the text read back as that tree? */
int ea_check(struct ea_job *j, const struct sp_buf *out, struct sp_error *err);

#endif
