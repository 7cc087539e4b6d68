/* SPDX-License-Identifier: Apache-2.0 */
/* Findings about a file: what is wrong, where, why, how to fix it; printed with the line and a
 * caret. */
#ifndef SP_SPEC_DIAG_H
#define SP_SPEC_DIAG_H

#include "spec/node.h"

enum sp_severity { SP_SEV_ERROR, SP_SEV_WARNING, SP_SEV_INFO, SP_SEVERITIES };

struct sp_diag {
	enum sp_severity severity;
	const char *file;  /* as the user named it; "<stdin>" */
	struct sp_mark at; /* 0: the whole file */
	uint32_t len;      /* columns to underline, at least 1 */
	const char *rule;  /* "VAL-11", "SP003"; NULL none */
	const char *path;  /* "spec.containers[0].image"; NULL none */
	const char *message;
	const char *in;        /* the object and the field, for people; NULL when it is plain */
	const char *why, *fix; /* NULL none */
	/* a line in front of the finding's, and where it begins; 0: from the beginning. Spares the
	 * search when many findings of one file are printed */
	uint32_t near_line;
	size_t near_offset;
};

/* All texts live in the arena. At most `max` are kept; `dropped` counts the rest. */
struct sp_diags {
	struct sp_arena *arena;
	struct sp_diag *v;
	uint32_t n, cap, max, dropped;
	uint32_t n_errors;    /* dropped ones included */
	struct sp_diag spare; /* what sp_diag_add() returns when full */
};

void sp_diags_init(struct sp_diags *d, struct sp_arena *arena);
/** sp_diag_add() - Add a finding; the result may be filled further (rule, why, fix). Never NULL: a
 * spare is returned when full */
struct sp_diag *sp_diag_add(struct sp_diags *d, enum sp_severity sev, const char *file,
			    struct sp_mark at, const char *fmt, ...) SP_PRINTF(5, 6);
/** sp_diags_sort() - By file, line, column; stable */
void sp_diags_sort(struct sp_diags *d);

/**
 * sp_diag_print() - "error: …", " --> file:line:col", the line with a caret, "why:", "fix:", "see:"
 * @source: bytes of the file, NULL when there are none
 * @color: ANSI colours
 */
void sp_diag_print(const struct sp_diag *d, const char *source, size_t source_len, bool color,
		   bool ascii, struct sp_buf *out);

#endif
