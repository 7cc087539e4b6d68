/* SPDX-License-Identifier: Apache-2.0 */
/* Expectations about the visible status at one instant, and about its texts. */
#ifndef SP_SIM_SNAPSHOT_H
#define SP_SIM_SNAPSHOT_H

#include "sim/scenario.h"

/* Differences found: one line each; beyond `max` they are only counted. */
struct sp_diff {
	struct sp_buf *out;
	uint32_t n, max;
};
void sp_diff_add(struct sp_diff *d, const char *fmt, ...) SP_PRINTF(2, 3);

struct sp_number {
	const char *key;
	int64_t v;
};
/**
 * sp_diff_numbers() - Compare numbers with those that the map @want names
 * @when: for the messages
 *
 * Return: 0, or -1 and r->err when one of @want is none.
 */
int sp_diff_numbers(struct sp_diff *d, const struct sp_scn_reader *r, const struct sp_node *want,
		    const char *when, const struct sp_number *v, size_t n);

/**
 * sp_snapshot_check() - Compare @st with the expectation map @want
 * @at: for the messages; negative: the end
 *
 * Return: 0, or -1 and r->err when @want cannot be understood.
 */
int sp_snapshot_check(const struct sp_scn_reader *r, const struct sp_pod_spec *spec,
		      const struct sp_pod_status *st, const struct sp_node *want, sp_time at,
		      struct sp_diff *diff);

/** sp_snapshot_names() - Containers in the order of the API's status lists (STAT-1) */
uint32_t sp_snapshot_names(const struct sp_pod_spec *spec, const struct sp_pod_status *st,
			   bool init, const char *ret[SP_CONTAINERS_MAX]);

/*
 * Texts that must be shown: `conditionMessages` of one condition, `messages` of anything. With a
 * time ("at 5: …; at 9: …") then; without one, at some snapshot or at the end.
 */
struct sp_text_want {
	sp_time at;       /* -1: no time given */
	const char *cond; /* condition type; NULL: any message */
	const char *text;
	bool seen;
};
struct sp_texts {
	struct sp_text_want *v;
	uint32_t n;
};
int sp_texts_read(const struct sp_scn_reader *r, const struct sp_node *expect,
		  struct sp_texts *ret);
/** sp_texts_look() - Compare with the status at @at; negative: the end */
void sp_texts_look(struct sp_texts *t, const struct sp_pod_spec *spec,
		   const struct sp_pod_status *st, sp_time at, struct sp_diff *diff);
/** sp_texts_end() - Tell which texts without a time were never seen */
void sp_texts_end(const struct sp_texts *t, struct sp_diff *diff);

#endif
