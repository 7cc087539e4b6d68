/* SPDX-License-Identifier: Apache-2.0 */
/* What the tables of calc.c, calc_env.c and calc_control.c share. */
#ifndef SP_SIM_CALC_INTERNAL_H
#define SP_SIM_CALC_INTERNAL_H

#include "sim/tables.h"

/* A table at work. */
struct sp_calc {
	const struct sp_scn_reader *r;
	const struct sp_scenario *s;
	struct sp_diff *diff;
	uint32_t row; /* 1-based, for messages */
};

/** sp_calc_differs() - Note a difference unless @want and @got are equal */
void sp_calc_differs(struct sp_calc *t, const char *what, const char *want, const char *got);

void sp_calc_differs_int(struct sp_calc *t, const char *what, const struct sp_node *want,
			 int64_t got);

/** sp_calc_load() - A PodSpec tree as a loaded pod; @m is to be done in any case */
int sp_calc_load(struct sp_calc *t, const struct sp_node *spec, struct sp_manifest *m);

/* calc_env.c; rows, or the whole scenario when @c is NULL */
int sp_calc_argv(struct sp_calc *t, const struct sp_node *c);
int sp_calc_downward(struct sp_calc *t, const struct sp_node *c);
int sp_calc_environment(struct sp_calc *t, const struct sp_node *c);

/* calc_control.c */
int sp_calc_indexes(struct sp_calc *t, const struct sp_node *c);
int sp_calc_bounds(struct sp_calc *t, const struct sp_node *c);
int sp_calc_schedule(struct sp_calc *t, const struct sp_node *c);
void sp_calc_no_schedules(struct sp_calc *t);

/* calc_log.c */
int sp_calc_log(struct sp_calc *t, const struct sp_node *writes, const struct sp_node *lines);
int sp_calc_termination(struct sp_calc *t, const struct sp_node *c);

#endif
