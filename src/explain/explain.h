/* SPDX-License-Identifier: Apache-2.0 */
/* What rules and reasons mean, in one or two sentences. Tables; nothing here decides anything. */
#ifndef SP_EXPLAIN_EXPLAIN_H
#define SP_EXPLAIN_EXPLAIN_H

#include "base/buf.h"

/* One explained word: a rule id, a reason, a condition, a phase. */
struct sp_explained {
	const char *key, *text;
};

/** sp_explain_rule() - By rule id, letters' case ignored ("TERM-12"); NULL when there is none */
const struct sp_explained *sp_explain_rule(const char *id);

/** sp_explain_reason() - By reason, phase or condition ("CrashLoopBackOff"); NULL when unknown */
const struct sp_explained *sp_explain_reason(const char *reason);

/**
 * sp_explain_group() - All rules of a group ("TERM"), in order
 * @ret: filled with at most @max of them
 *
 * Return: how many there are; 0 when there is no such group.
 */
size_t sp_explain_group(const char *group, const struct sp_explained **ret, size_t max);

/** sp_explain_rules() - Every rule, one "id\ttext" per line, in the order of the tables */
void sp_explain_rules(struct sp_buf *out);

/** sp_explain_words() - Every key that can be explained, one "key\tfirst words" per line */
void sp_explain_words(struct sp_buf *out);

/** sp_explain_nearest() - The known key that looks most like @word; NULL when none does */
const char *sp_explain_nearest(const char *word);

#endif
