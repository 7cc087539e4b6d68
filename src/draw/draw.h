/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pictures of a run: for a terminal (text), for a page (SVG, Mermaid). Pure: a model in, text out.
 * Text pictures fit the given columns; SVG is self-contained, light and dark, with selectable text.
 */
#ifndef SP_DRAW_DRAW_H
#define SP_DRAW_DRAW_H

#include "draw/run.h"

struct sp_draw {
	int columns;         /* of text pictures; at least 60 */
	bool ascii;          /* no character beyond ASCII */
	bool color;          /* ANSI colours */
	const char *version; /* shown in SVG */
	bool pods;           /* rows are pods of a workload: none waits for another */
};

/* Lifecycle Gantt: a row per container in start order, one band per state, lines for pod Ready,
 * the begin of the termination and the end of the grace period. */
void sp_draw_gantt_text(const struct sp_run *r, const struct sp_draw *d, struct sp_buf *out);
/** sp_draw_svg() - Gantt, and below it the termination waterfall and the path to Ready */
void sp_draw_svg(const struct sp_run *r, const struct sp_draw *d, struct sp_buf *out);
void sp_draw_gantt_mermaid(const struct sp_run *r, struct sp_buf *out);

/** sp_draw_waterfall_text() - Who used the grace period, from T0 on. Adds nothing before T0 */
void sp_draw_waterfall_text(const struct sp_run *r, const struct sp_draw *d, struct sp_buf *out);

/** sp_draw_path_text() - Critical path to Ready: "name @offset +duration", largest first */
void sp_draw_path_text(const struct sp_run *r, const struct sp_draw *d, struct sp_buf *out);

/** sp_draw_overlay_text() - Two runs of the same pod, and by how much they differ */
void sp_draw_overlay_text(const struct sp_run *a, const struct sp_run *b, const struct sp_draw *d,
			  struct sp_buf *out);
void sp_draw_overlay_svg(const struct sp_run *a, const struct sp_run *b, const struct sp_draw *d,
			 struct sp_buf *out);

/* ---- start order ----------------------------------------------------------------------------- */

/* One container in the order; what it gates is told in words. */
struct sp_order_box {
	const char *name;
	enum sp_role role;
	const char *gate; /* "startup probe GET :8080/ready every 1s, 30 tries", "exit 0", … ; "" */
	int stop_turn;    /* 1: stopped first; 0: not running then */
};

/** sp_order_of_header() - Boxes from a record's header; @ret has room for header->n_ctrs */
void sp_order_of_header(const struct sp_record_header *h, struct sp_order_box *ret);

void sp_draw_order_text(const struct sp_order_box *v, uint32_t n, const struct sp_draw *d,
			struct sp_buf *out);
void sp_draw_order_svg(const struct sp_order_box *v, uint32_t n, const char *title,
		       const struct sp_draw *d, struct sp_buf *out);
void sp_draw_order_mermaid(const struct sp_order_box *v, uint32_t n, struct sp_buf *out);

#endif
