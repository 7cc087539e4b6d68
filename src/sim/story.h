/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What happened in a simulation of controllers, as named lines, and the expectations that all kinds
 * of controller scenarios share: order, at, never, count, events.
 */
#ifndef SP_SIM_STORY_H
#define SP_SIM_STORY_H

#include "sim/scenario.h"
#include "sim/snapshot.h"

struct sp_story_line {
	sp_time at;
	const char *name; /* "p0.create"; NULL: an API event */
	bool warning;
	const char *reason, *text; /* of API events */
};

/* Zero is an empty story; texts live in the arena of the reader. */
struct sp_story {
	struct sp_story_line *v;
	uint32_t n, cap;
	bool failed; /* memory ran out */
};
void sp_story_done(struct sp_story *s);

void sp_story_add(struct sp_story *s, struct sp_arena *a, sp_time at, const char *fmt, ...)
	SP_PRINTF(4, 5);
void sp_story_event(struct sp_story *s, struct sp_arena *a, sp_time at, bool warning,
		    const char *reason, const char *text);

/** sp_story_find() - The nth line (from 1) of that name, NULL; the name may be a pattern with * */
const struct sp_story_line *sp_story_find(const struct sp_story *s, const char *name, uint32_t nth);

/**
 * sp_story_check() - Compare with the shared keys of @expect
 * @known: is this the name of something that can happen? An unknown one is an error, since it
 *	   would make "never" hold for the wrong reason
 * @from: instant that times in `at` count from
 */
int sp_story_check(const struct sp_scn_reader *r, const struct sp_story *s,
		   const struct sp_node *expect, bool (*known)(const char *name), sp_time tolerance,
		   struct sp_diff *diff);

/** sp_story_keys - The keys of `expect` that sp_story_check() understands, NULL-terminated */
extern const char *const sp_story_keys[];

#endif
