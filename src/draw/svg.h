/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Building blocks of SVG pictures: one style for light and dark, bars, axis, lines, legend. Colours
 * are set by class alone, and no CSS variables are used, so that converters draw them too.
 */
#ifndef SP_DRAW_SVG_H
#define SP_DRAW_SVG_H

#include "draw/draw_internal.h"

#define SP_SVG_WIDTH 960.0
#define SP_SVG_ROW   28.0 /* height of a row */
#define SP_SVG_BAR   16.0 /* height of a bar in it */

struct sp_svg {
	struct sp_buf *out;
	double x0, size; /* the time axis: left end and width */
	double y;        /* where the next part begins */
};

/** sp_svg_page() - A whole page: head, title, description, styles, and @body, which is built first
 * because only then its height is known */
void sp_svg_page(struct sp_buf *out, const char *title, const char *desc, const char *version,
		 double width, double height, const struct sp_buf *body);

void sp_svg_text(struct sp_svg *g, double x, double y, const char *classes, const char *anchor,
		 const char *text);
void sp_svg_rect(struct sp_svg *g, const char *classes, double x, double y, double w, double h,
		 const char *tip);

/** sp_svg_names_width() - Width of the column of names of @r */
double sp_svg_names_width(const struct sp_run *r);
/** sp_svg_name() - Name and role left of a row at @y */
void sp_svg_name(struct sp_svg *g, const struct sp_row *row, double y);

/** sp_svg_axis() - Labels at g->y, grid lines over @height below; g->y moves under the labels */
void sp_svg_axis(struct sp_svg *g, const struct sp_scale *s, double height);
/** sp_svg_cuts() - Marks of the cuts across @height from @y on; after the bars */
void sp_svg_cuts(struct sp_svg *g, const struct sp_scale *s, double y, double height);

/** sp_svg_bars() - The bands of one row, bar height @h, top at @y; @labels: durations inside */
void sp_svg_bars(struct sp_svg *g, const struct sp_run *r, const struct sp_row *row,
		 const struct sp_scale *s, double y, double h, bool labels);

/** sp_svg_fits() - Does @text in the small size fit into @width? */
bool sp_svg_fits(const char *text, double width);

#endif
