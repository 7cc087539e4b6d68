/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The time axis of a picture: instants → places, long idle stretches cut out, ticks at round times.
 * The same for columns of a terminal and units of an SVG.
 */
#ifndef SP_DRAW_SCALE_H
#define SP_DRAW_SCALE_H

#include "base/buf.h"

#define SP_SCALE_CUTS_MAX 3

/* A stretch of time in which nothing is under way. */
struct sp_idle {
	sp_time from, to;
};

struct sp_scale {
	sp_time from, to;
	double size;                            /* width of the picture in its units */
	double cut_size;                        /* width of one cut */
	struct sp_idle cuts[SP_SCALE_CUTS_MAX]; /* in the order of time */
	uint32_t n_cuts;
	double per_ns; /* units per nanosecond outside the cuts */
	sp_time step;  /* between ticks */
};

/**
 * sp_scale_init() - Choose cuts and ticks
 * @idle:     stretches that may be cut out, by time
 * @size:     units of the picture
 * @cut_size: units that a cut takes
 * @tick_gap: ticks are at least so many units apart
 */
void sp_scale_init(struct sp_scale *s, sp_time from, sp_time to, const struct sp_idle *idle,
		   uint32_t n_idle, double size, double cut_size, double tick_gap);

/** sp_scale_at() - Place of an instant, 0 … size */
double sp_scale_at(const struct sp_scale *s, sp_time t);

/** sp_scale_tick() - The @i-th tick; ticks inside cuts are left out. Return: false after the last
 */
bool sp_scale_tick(const struct sp_scale *s, uint32_t i, sp_time *ret);

/** sp_scale_label() - A tick's time as short as its step allows: "1.5s", "250ms", "1m30s", "2h" */
void sp_scale_label(const struct sp_scale *s, sp_time t, struct sp_buf *out);

#endif
