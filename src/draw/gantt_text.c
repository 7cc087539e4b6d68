/* SPDX-License-Identifier: Apache-2.0 */
/* The lifecycle Gantt in a terminal. */
#include "base/text.h"
#include "draw/draw_internal.h"

enum { ROLE_COLS = 7 }; /* "sidecar" */

struct frame {
	size_t name_cols, outcome_cols, indent, n_cells;
};

static void measure(const struct sp_run *r, const struct sp_draw *d, struct frame *f)
{
	size_t name = 4, outcome = 5, columns = (size_t)SP_MAX(d->columns, 60);

	for (uint32_t i = 0; i < r->header.n_ctrs; i++) {
		char mem[96];
		struct sp_buf b = sp_buf_fixed(mem, sizeof(mem));

		sp_row_outcome(&r->rows[i], &b);
		name = SP_MAX(name, sp_utf8_columns(r->rows[i].name));
		outcome = SP_MAX(outcome, sp_utf8_columns(mem));
	}
	f->name_cols = SP_MIN(name, (size_t)20);
	f->outcome_cols = SP_MIN(outcome, (size_t)20);
	f->indent = f->name_cols + 1 + ROLE_COLS + 1;
	f->n_cells = columns - f->indent - 1 - f->outcome_cols;
	f->n_cells = SP_MIN(f->n_cells, (size_t)SP_CELLS_MAX - 1);
}

struct line {
	sp_time at;
	const char *word;
};

static uint32_t lines_of(const struct sp_run *r, struct line *v)
{
	uint32_t n = 0;

	if (r->ready_at >= 0)
		v[n++] = (struct line){r->ready_at, "Ready"};
	if (r->stop_at >= 0)
		v[n++] = (struct line){r->stop_at, "stop"};
	if (sp_grace_shown(r))
		v[n++] = (struct line){sp_grace_end(r), "grace end"};
	return n;
}

/* Is the cell a place where a line may cross without hiding a band? */
static bool may_cross(const struct sp_cell *v, size_t x, size_t n, bool ascii)
{
	const char *g = v[x].glyph;

	if (sp_streq(g, " ") || g == sp_band_cell(SP_BAND_WAITING, ascii)->glyph)
		return true;
	return x > 0 && x + 1 < n && v[x - 1].glyph == g && v[x + 1].glyph == g;
}

/* Under the rows: what the vertical lines mean; a second row when two would touch. */
static void print_lines(const struct line *v, uint32_t n, const struct sp_scale *s,
			const struct sp_draw *d, size_t indent, struct sp_buf *out)
{
	bool told[3] = {false};
	uint32_t left = n;

	while (left > 0) {
		size_t col = 0;

		sp_buf_fill(out, ' ', indent);
		for (uint32_t i = 0; i < n; i++) {
			char mem[64];
			struct sp_buf b = sp_buf_fixed(mem, sizeof(mem));
			size_t at = (size_t)SP_MIN(sp_scale_at(s, v[i].at) + 0.5, s->size - 1);
			size_t cols;
			bool leftwards;

			if (told[i])
				continue;
			sp_buf_printf(&b, "%s ", v[i].word);
			sp_format_elapsed(&b, v[i].at);
			cols = b.len + 2;
			/* close to the right edge the text stands on the left of its line */
			leftwards = indent + at + cols > (size_t)d->columns && at + 1 >= cols;
			if (leftwards)
				at -= cols - 1;
			if (at < col || (col > 0 && at < col + 2 && leftwards))
				continue;
			sp_buf_fill(out, ' ', at - col);
			if (leftwards) {
				sp_tinted(out, d, SP_TINT_BLUE, mem);
				sp_buf_puts(out, d->ascii ? " '" : " ╯");
			} else {
				sp_buf_puts(out, d->ascii ? "' " : "╰ ");
				sp_tinted(out, d, SP_TINT_BLUE, mem);
			}
			col = at + cols;
			told[i] = true;
			left--;
		}
		sp_buf_putc(out, '\n');
	}
}

static void print_legend(const struct sp_run *r, const struct sp_draw *d, struct sp_buf *out)
{
	static const char *const words[SP_BANDS] = {
		[SP_BAND_WAITING] = "waiting",   [SP_BAND_BACKOFF] = "back-off",
		[SP_BAND_INIT] = "init at work", [SP_BAND_GATE] = "gate closed",
		[SP_BAND_RUNNING] = "not ready", [SP_BAND_READY] = "ready",
		[SP_BAND_PRESTOP] = "preStop",   [SP_BAND_STOPPING] = "stopping",
	};
	bool used[SP_BANDS] = {false}, killed = false, failed = false;
	size_t col = 0;

	for (uint32_t i = 0; i < r->header.n_ctrs; i++) {
		const struct sp_row *row = &r->rows[i];

		for (uint32_t k = 0; k < row->n_spans; k++)
			if (sp_run_span_end(r, &row->spans[k]) > row->spans[k].from)
				used[row->spans[k].band] = true;
		for (uint32_t k = 0; k < row->n_exits; k++) {
			bool orderly = k + 1 == row->n_exits && row->sigterm_at >= 0;

			killed |= row->exits[k].killed;
			failed |= !row->exits[k].killed && row->exits[k].code && !orderly;
		}
	}
	for (int b = 0; b <= SP_BANDS + 1; b++) {
		struct sp_cell cell = {NULL, SP_TINT_RED};
		const char *word;

		if (b < SP_BANDS) {
			if (!used[b] || !words[b])
				continue;
			cell = *sp_band_cell((enum sp_band)b, d->ascii);
			word = words[b];
		} else if (b == SP_BANDS ? failed : killed) {
			cell.glyph =
				b == SP_BANDS ? (d->ascii ? "x" : "✘") : (d->ascii ? "K" : "☠");
			word = b == SP_BANDS ? "failed" : "killed";
		} else {
			continue;
		}
		if (col && col + 4 + strlen(word) > (size_t)d->columns) {
			sp_buf_putc(out, '\n');
			col = 0;
		}
		sp_buf_puts(out, col ? "  " : "");
		sp_tinted(out, d, cell.tint, cell.glyph);
		sp_buf_printf(out, " %s", word);
		col += (col ? 2 : 0) + 2 + strlen(word);
	}
	sp_buf_putc(out, '\n');
}

static enum sp_tint outcome_tint(const struct sp_row *row)
{
	const struct sp_exit_mark *e = row->n_exits ? &row->exits[row->n_exits - 1] : NULL;

	if (row->running)
		return row->ready ? SP_TINT_GREEN : SP_TINT_CYAN;
	if (!e)
		return SP_TINT_DIM;
	if (e->killed || (e->code && row->sigterm_at < 0))
		return SP_TINT_RED;
	return SP_TINT_NONE;
}

/* In two lines, parted at the last comma, when it is too long for one. */
static void put_headline(const struct sp_draw *d, const char *text, struct sp_buf *out)
{
	const char *comma = strrchr(text, ',');
	bool fits = sp_utf8_columns(text) <= (size_t)SP_MAX(d->columns, 60);

	if (fits || !comma) {
		sp_buf_puts(out, text);
		return;
	}
	sp_buf_add(out, text, (size_t)(comma - text) + 1);
	sp_buf_putc(out, '\n');
	sp_buf_puts(out, comma + 1 + (comma[1] == ' '));
}

void sp_draw_gantt_text(const struct sp_run *r, const struct sp_draw *d, struct sp_buf *out)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf head = {0};
	struct sp_cell cells[SP_CELLS_MAX];
	struct sp_idle idle[SP_IDLE_MAX];
	struct line lines[3];
	uint32_t n_lines = lines_of(r, lines);
	struct sp_scale s;
	struct frame f;
	sp_time to = r->end;

	if (sp_grace_shown(r))
		to = SP_MAX(to, sp_grace_end(r));
	measure(r, d, &f);
	sp_scale_init(&s, 0, to, idle, sp_run_idle(r, NULL, to, idle, SP_IDLE_MAX),
		      (double)f.n_cells, 5, 9);
	sp_padded(&head, d, r->header.pod,
		  SP_MIN(sp_utf8_columns(r->header.pod), (size_t)SP_MAX(d->columns, 60)));
	sp_tinted(out, d, SP_TINT_BOLD, head.ptr);
	sp_buf_clear(&head);
	sp_run_headline(r, &head);
	sp_buf_putc(out, '\n');
	put_headline(d, head.ptr, out);
	sp_buf_puts(out, "\n\n");
	sp_axis_text(&s, d, f.indent, out);
	for (uint32_t i = 0; i < r->header.n_ctrs; i++) {
		const struct sp_row *row = &r->rows[i];
		char mem[96];
		struct sp_buf b = sp_buf_fixed(mem, sizeof(mem));

		sp_cells_row(r, row, &s, d->ascii, cells, f.n_cells);
		for (uint32_t k = 0; k < n_lines; k++) {
			size_t x = (size_t)SP_MIN(sp_scale_at(&s, lines[k].at) + 0.5,
						  (double)f.n_cells - 1);

			if (may_cross(cells, x, f.n_cells, d->ascii))
				cells[x] = (struct sp_cell){d->ascii ? "|" : "┊", SP_TINT_BLUE};
		}
		sp_padded(out, d, row->name, f.name_cols);
		sp_buf_putc(out, ' ');
		sp_padded(&b, d, sp_role_name(row->role), ROLE_COLS);
		sp_tinted(out, d, SP_TINT_DIM, mem);
		sp_buf_putc(out, ' ');
		sp_cells_print(out, d, cells, f.n_cells);
		sp_buf_putc(out, ' ');
		b = sp_buf_fixed(mem, sizeof(mem));
		sp_row_outcome(row, &b);
		sp_tinted(out, d, outcome_tint(row), mem);
		sp_buf_putc(out, '\n');
	}
	print_lines(lines, n_lines, &s, d, f.indent, out);
	print_legend(r, d, out);
}
