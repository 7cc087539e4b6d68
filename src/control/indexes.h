/* SPDX-License-Identifier: Apache-2.0 */
/* Sets of completion indexes, and their texts: "0,2,4-6" (JOB-52). */
#ifndef SP_CONTROL_INDEXES_H
#define SP_CONTROL_INDEXES_H

#include "base/buf.h"

#define SP_INDEXES_MAX 100000 /* completions of an Indexed job that are kept track of */

/* Zero is the empty set. Indexes outside [0, SP_INDEXES_MAX) are never in it. */
struct sp_indexes {
	uint64_t words[(SP_INDEXES_MAX + 63) / 64];
};

bool sp_indexes_has(const struct sp_indexes *s, int64_t i);
void sp_indexes_add(struct sp_indexes *s, int64_t i);
/** sp_indexes_count() - How many below @limit */
int64_t sp_indexes_count(const struct sp_indexes *s, int64_t limit);

/** sp_indexes_print() - Those below @limit: ascending, runs of three or more as "a-b" */
void sp_indexes_print(const struct sp_indexes *s, int64_t limit, struct sp_buf *b);

/**
 * sp_indexes_next() - Take one interval off a text like "0,2-4"
 * @text: moved behind it
 *
 * Return: false at the end, or where the text breaks off the form.
 */
bool sp_indexes_next(const char **text, int64_t *ret_first, int64_t *ret_last);

#endif
