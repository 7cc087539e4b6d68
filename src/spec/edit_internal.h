/* SPDX-License-Identifier: Apache-2.0 */
/* Between the parts of the editor: where things stand in the text, what was asked for, and how it
 * is put together. */
#ifndef SP_SPEC_EDIT_INTERNAL_H
#define SP_SPEC_EDIT_INTERNAL_H

#include "spec/edit.h"

/* ---- edit_text.c: the source as lines -------------------------------------------------------- */

struct sp_edit_text {
	struct sp_source src;
	size_t *lines; /* offsets where lines begin */
	uint32_t n_lines;
	const char *eol;            /* "\n" or "\r\n" */
	bool json;                  /* a file of JSON: everything is quoted */
	struct sp_yaml_style style; /* how deep things stand */
};

int et_init(struct sp_edit_text *t, struct sp_arena *a, const struct sp_source *src);
size_t et_offset(const struct sp_edit_text *t, struct sp_mark at);
size_t et_line_start(const struct sp_edit_text *t, size_t offset); /* of the line that holds it */
size_t et_next_line(const struct sp_edit_text *t, size_t offset);
size_t et_line_end(const struct sp_edit_text *t, size_t offset); /* before its end marks */
size_t et_spaces(const struct sp_edit_text *t, size_t line);     /* in front of a line */
/** et_opens_line() - Nothing but blanks in front of @offset */
bool et_opens_line(const struct sp_edit_text *t, size_t offset);
bool et_anchored(const struct sp_edit_text *t, const struct sp_node *n); /* "&name" in front */
/** et_after() - Where the line behind a node in block style begins; a comment on its last line is
 * part of that line */
size_t et_after(const struct sp_edit_text *t, const struct sp_node *n);
/** et_end() - Behind the last character of a node, line end not included */
size_t et_end(const struct sp_edit_text *t, const struct sp_node *n);
/** et_own() - Does pair @i stand in this map's own text, and not behind a merge key? */
bool et_own(const struct sp_node *map, uint32_t i);
/** et_colon() - Behind the colon of a pair; 0 when it is not a plain "key:" */
size_t et_colon(const struct sp_edit_text *t, const struct sp_pair *p);

/* Lines of a pair or an item in block style. */
struct sp_extent {
	size_t from; /* with its own comments */
	size_t body; /* the line it begins on */
	size_t to;   /* where the next line begins */
	bool whole;  /* lines of its own: false when something stands in front on its line */
};
/** et_pair() - @parent_key: where the key of the map itself stands, {0} none */
void et_pair(const struct sp_edit_text *t, const struct sp_node *map, uint32_t i,
	     struct sp_mark parent_key, struct sp_extent *ret);
void et_item(const struct sp_edit_text *t, const struct sp_node *list, uint32_t i,
	     struct sp_mark parent_key, struct sp_extent *ret);

/* ---- what was asked for ---------------------------------------------------------------------- */

/* A node in the tree that the editor read for itself. */
struct sp_edit_place {
	struct sp_node *node, *parent; /* parent NULL: the document */
	uint32_t index;                /* in the parent */
	uint32_t depth;                /* 0: the document */
	struct sp_mark parent_key;     /* of the pair that holds it; {0} none */
};

/* Something put into a list or map. */
struct sp_edit_added {
	struct sp_edit_added *next;
	uint32_t at;                  /* in front of this member; n: at the end */
	bool before;                  /* a pair in front of `at`, not behind */
	const char *key;              /* maps */
	const struct sp_node *value;  /* NULL: made list or moved item */
	struct sp_edit_touched *made; /* a new list */
	struct sp_edit_touched *from; /* a moved item … */
	uint32_t from_at;             /* … and which one */
};

/* A list or map whose members change. */
struct sp_edit_touched {
	struct sp_edit_touched *next;
	struct sp_edit_place place;
	struct sp_node *twin;     /* its copy in the tree that is wanted; while applying */
	struct sp_node **members; /* of the twin, before anything was done to it */
	bool *gone;               /* by member */
	uint32_t n_gone;
	struct sp_edit_added *added, **last;
	bool is_made;    /* not in the source; `handle` stands for it */
	bool is_dropped; /* its pair goes away as a whole */
	struct sp_node *handle;
};

enum sp_edit_kind {
	SP_EDIT_SCALAR,  /* place is the scalar */
	SP_EDIT_VALUE,   /* value of pair `index` of place */
	SP_EDIT_RENAME,  /* key of pair `index` of place */
	SP_EDIT_COMMENT, /* above the line of `at` */
};
struct sp_edit_change {
	struct sp_edit_change *next;
	enum sp_edit_kind kind;
	struct sp_edit_place place;
	uint32_t index;
	const struct sp_node *value;
	struct sp_edit_touched *made; /* VALUE: an empty value becomes this list */
	const char *text;
	struct sp_mark at;
};

struct sp_edit_state {
	struct sp_edit_text text;
	struct sp_node **docs;
	uint32_t n_docs;
	const char *broken; /* why nothing can be edited */
	bool aliases;       /* some node is used a second time */
	struct sp_edit_touched *touched, **last_touched;
	struct sp_edit_change *changes, **last_change;
};

/** sp_edit_find() - The node of @docs that @n was read as; false when there is none */
bool sp_edit_find(struct sp_node **docs, uint32_t n_docs, const struct sp_node *n,
		  struct sp_edit_place *ret);

#endif
