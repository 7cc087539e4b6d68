/* SPDX-License-Identifier: Apache-2.0 */
/* What the pictures share. */
#ifndef SP_DRAW_INTERNAL_H
#define SP_DRAW_INTERNAL_H

#include "draw/draw.h"
#include "draw/scale.h"

/* Colours of a terminal; SP_TINT_NONE prints none. */
enum sp_tint {
	SP_TINT_NONE,
	SP_TINT_DIM,
	SP_TINT_RED,
	SP_TINT_GREEN,
	SP_TINT_YELLOW,
	SP_TINT_BLUE,
	SP_TINT_MAGENTA,
	SP_TINT_CYAN,
	SP_TINT_BOLD,
	SP_TINTS,
};

/** sp_tinted() - Add @text in a colour, if there is colour */
void sp_tinted(struct sp_buf *out, const struct sp_draw *d, enum sp_tint tint, const char *text);

/** sp_padded() - Add @text in exactly @cols columns: filled with blanks or cut with an ellipsis */
void sp_padded(struct sp_buf *out, const struct sp_draw *d, const char *text, size_t cols);

/* One character cell of a text picture. */
struct sp_cell {
	const char *glyph; /* one column wide */
	enum sp_tint tint;
};
#define SP_CELLS_MAX 512

/** sp_cells_print() - A row of cells, with as few colour changes as possible */
void sp_cells_print(struct sp_buf *out, const struct sp_draw *d, const struct sp_cell *v, size_t n);

/** sp_end_line() - Take blanks at the end away, add a newline */
void sp_end_line(struct sp_buf *out);

const struct sp_cell *sp_band_cell(enum sp_band band, bool ascii);

/** sp_cells_row() - Bands of a row into @n cells; bands that matter get a cell however short */
void sp_cells_row(const struct sp_run *r, const struct sp_row *row, const struct sp_scale *s,
		  bool ascii, struct sp_cell *v, size_t n);

/** sp_axis_text() - Two lines: labels, and the rule with its ticks and cuts; @indent blanks first
 */
void sp_axis_text(const struct sp_scale *s, const struct sp_draw *d, size_t indent,
		  struct sp_buf *out);

/** sp_row_outcome() - What became of a container: "ready", "exit 0", "killed 137", "waiting" */
void sp_row_outcome(const struct sp_row *row, struct sp_buf *out);

/** sp_run_headline() - "Succeeded after 4.21s, Ready at 1.40s, …" */
void sp_run_headline(const struct sp_run *r, struct sp_buf *out);

/**
 * sp_run_idle() - Stretches without any fact in which no container starts, works or stops
 * @also: a second run on the same axis; NULL none
 * @to:   end of the axis
 * @ret:  @max of them at most
 */
uint32_t sp_run_idle(const struct sp_run *r, const struct sp_run *also, sp_time to,
		     struct sp_idle *ret, uint32_t max);
#define SP_IDLE_MAX 512

/** sp_grace_shown() - Does the end of the grace period belong into the picture? */
bool sp_grace_shown(const struct sp_run *r);
/** sp_grace_end() - When it is over; a record may name any number of seconds */
sp_time sp_grace_end(const struct sp_run *r);

/** sp_percent() - "63%", "<1%" */
void sp_percent(struct sp_buf *out, sp_time part, sp_time whole);

/** sp_xml() - Text with XML's special characters escaped */
void sp_xml(struct sp_buf *out, const char *s);

#endif
