/* SPDX-License-Identifier: Apache-2.0 */
/* The termination in a terminal: who used the grace period, and what each container did from T0. */
#include "base/text.h"
#include "draw/draw_internal.h"

#define LEGEND_COLS 32

enum { ROLE_COLS = 7 };

static const struct sp_cell turn[2] = {{"┄", SP_TINT_DIM}, {".", SP_TINT_DIM}};
static const struct sp_cell shares[2][2] = {{{"█", SP_TINT_MAGENTA}, {"#", SP_TINT_MAGENTA}},
					    {{"▓", SP_TINT_CYAN}, {"=", SP_TINT_CYAN}}};
static const struct sp_cell unused[2] = {{"·", SP_TINT_DIM}, {".", SP_TINT_DIM}};

/* Was it running when the termination began? */
static bool takes_part(const struct sp_run *r, const struct sp_row *row)
{
	return row->launched_at >= 0 && (row->running || row->gone_at >= r->stop_at);
}

static size_t place(const struct sp_scale *s, sp_time t, size_t n)
{
	return SP_MIN((size_t)(sp_scale_at(s, t) + 0.5), n);
}

static void fill(struct sp_cell *v, size_t from, size_t to, struct sp_cell cell)
{
	for (size_t x = from; x < to; x++)
		v[x] = cell;
}

static void row_cells(const struct sp_run *r, const struct sp_row *row, const struct sp_scale *s,
		      bool ascii, struct sp_cell *v, size_t n)
{
	sp_time gone = row->running ? r->end : row->gone_at;
	sp_time hook_end = row->prestop_end_at >= 0 ? row->prestop_end_at
			   : row->sigterm_at >= 0   ? row->sigterm_at
						    : gone;
	size_t end = SP_MAX(place(s, gone - r->stop_at, n), (size_t)1), at;

	fill(v, 0, n, (struct sp_cell){" ", SP_TINT_NONE});
	fill(v, 0, end, turn[ascii]);
	if (row->prestop_at >= r->stop_at) {
		at = place(s, row->prestop_at - r->stop_at, n - 1);
		fill(v, at, SP_MAX(place(s, hook_end - r->stop_at, n), at + 1),
		     *sp_band_cell(SP_BAND_PRESTOP, ascii));
	}
	if (row->sigterm_at >= r->stop_at) {
		at = SP_MIN(place(s, row->sigterm_at - r->stop_at, n - 1), end - 1);
		fill(v, at, end, *sp_band_cell(SP_BAND_STOPPING, ascii));
	}
	if (!row->running && row->sigkill_at >= 0)
		v[end - 1] = (struct sp_cell){ascii ? "K" : "☠", SP_TINT_RED};
}

/* The whole grace period as one bar, each part with the name of its user below. */
static void grace_bar(const struct sp_run *r, const struct sp_draw *d, const struct sp_link *links,
		      uint32_t n_links, size_t indent, size_t n, struct sp_buf *out)
{
	struct sp_cell v[SP_CELLS_MAX];
	sp_time grace = sp_seconds(SP_MAX(r->grace_s, (int64_t)0));
	sp_time whole = SP_MAX(grace, r->end - r->stop_at);
	char mem[4 * LEGEND_COLS + 32];
	struct sp_buf b = sp_buf_fixed(mem, sizeof(mem));
	size_t col = 0;
	uint32_t small = 0;

	fill(v, 0, n, unused[d->ascii]);
	for (uint32_t i = 0; i < n_links; i++) {
		sp_time from = links[i].at - r->stop_at, to = from + links[i].cost;
		size_t a = (size_t)((double)from / (double)whole * (double)n + 0.5);
		size_t z = (size_t)((double)to / (double)whole * (double)n + 0.5);

		a = SP_MIN(a, n - 1);
		fill(v, a, SP_MIN(SP_MAX(z, a + 1), n), shares[i % 2][d->ascii]);
	}
	sp_buf_printf(&b, "grace %llds", (long long)r->grace_s);
	sp_padded(out, d, mem, indent);
	sp_cells_print(out, d, v, n);
	if (grace > 0) {
		sp_buf_putc(out, ' ');
		sp_percent(out, r->end - r->stop_at, grace);
	}
	sp_buf_putc(out, '\n');
	sp_buf_fill(out, ' ', indent);
	for (uint32_t i = 0; i < n_links; i++) {
		if (grace > 0 && links[i].cost < grace / 200 && n_links > 4) {
			small++;
			continue;
		}
		b = sp_buf_fixed(mem, sizeof(mem));
		sp_cut_text(&b, links[i].row->name, LEGEND_COLS, d->ascii ? "~" : "…");
		sp_buf_putc(&b, ' ');
		if (grace > 0)
			sp_percent(&b, links[i].cost, grace);
		else
			sp_format_elapsed(&b, links[i].cost);
		if (col && indent + col + 4 + sp_utf8_columns(mem) > (size_t)d->columns) {
			sp_buf_putc(out, '\n');
			sp_buf_fill(out, ' ', indent);
			col = 0;
		}
		sp_buf_puts(out, col ? "  " : "");
		sp_tinted(out, d, shares[i % 2][d->ascii].tint, shares[i % 2][d->ascii].glyph);
		sp_buf_printf(out, " %s", mem);
		col += (col ? 2 : 0) + 2 + sp_utf8_columns(mem);
	}
	if (small)
		sp_buf_printf(out, "%s%u below 1%%", col ? "  " : "", small);
	sp_buf_putc(out, '\n');
}

static void row_words(const struct sp_run *r, const struct sp_row *row, struct sp_buf *out)
{
	if (row->running) {
		sp_buf_puts(out, row->sigterm_at >= r->stop_at ? "stopping" : "waits its turn");
		return;
	}
	if (row->sigterm_at < r->stop_at) {
		sp_buf_puts(out, "left by itself");
		return;
	}
	sp_format_elapsed(out, row->gone_at - row->sigterm_at);
	if (row->sigkill_at >= 0)
		sp_buf_puts(out, " killed");
}

void sp_draw_waterfall_text(const struct sp_run *r, const struct sp_draw *d, struct sp_buf *out)
{
	struct sp_link links[SP_CONTAINERS_MAX];
	struct sp_cell cells[SP_CELLS_MAX];
	size_t name_cols = 4, word_cols = 4, indent, n;
	uint32_t n_links = sp_run_stop_path(r, links, SP_ARRAY_LEN(links));
	char mem[96];
	struct sp_buf b = sp_buf_fixed(mem, sizeof(mem));
	struct sp_scale s;

	if (r->stop_at < 0)
		return;
	for (uint32_t i = 0; i < r->header.n_ctrs; i++) {
		if (!takes_part(r, &r->rows[i]))
			continue;
		b = sp_buf_fixed(mem, sizeof(mem));
		row_words(r, &r->rows[i], &b);
		name_cols = SP_MAX(name_cols, sp_utf8_columns(r->rows[i].name));
		word_cols = SP_MAX(word_cols, sp_utf8_columns(mem));
	}
	name_cols = SP_MIN(name_cols, (size_t)20);
	indent = SP_MAX(name_cols + 1 + ROLE_COLS + 1, (size_t)12);
	n = SP_MIN((size_t)SP_MAX(d->columns, 60) - indent - 1 - SP_MIN(word_cols, (size_t)20),
		   (size_t)SP_CELLS_MAX - 1);
	b = sp_buf_fixed(mem, sizeof(mem));
	sp_buf_printf(&b, "Termination (%s), ", *r->stop_reason ? r->stop_reason : "DELETE");
	sp_format_elapsed(&b, r->end - r->stop_at);
	sp_tinted(out, d, SP_TINT_BOLD, mem);
	sp_buf_puts(out, "\n\n");
	grace_bar(r, d, links, n_links, indent, n, out);
	sp_buf_putc(out, '\n');
	/* no cuts here: every second of a shutdown is of interest */
	sp_scale_init(&s, 0, SP_MAX(r->end - r->stop_at, SP_MSEC), NULL, 0, (double)n, 0, 9);
	s.n_cuts = 0;
	sp_axis_text(&s, d, indent, out);
	for (uint32_t i = 0; i < r->header.n_ctrs; i++) {
		const struct sp_row *row = &r->rows[i];

		if (!takes_part(r, row))
			continue;
		row_cells(r, row, &s, d->ascii, cells, n);
		sp_padded(out, d, row->name, name_cols);
		sp_buf_putc(out, ' ');
		b = sp_buf_fixed(mem, sizeof(mem));
		sp_padded(&b, d, sp_role_name(row->role), indent - name_cols - 2);
		sp_tinted(out, d, SP_TINT_DIM, mem);
		sp_buf_putc(out, ' ');
		sp_cells_print(out, d, cells, n);
		b = sp_buf_fixed(mem, sizeof(mem));
		row_words(r, row, &b);
		sp_buf_putc(out, ' ');
		sp_tinted(out, d, row->sigkill_at >= 0 ? SP_TINT_RED : SP_TINT_NONE, mem);
		sp_buf_putc(out, '\n');
	}
	sp_tinted(out, d, turn[d->ascii].tint, turn[d->ascii].glyph);
	sp_buf_puts(out, " waiting for its turn  ");
	sp_tinted(out, d, SP_TINT_MAGENTA, sp_band_cell(SP_BAND_PRESTOP, d->ascii)->glyph);
	sp_buf_puts(out, " preStop  ");
	sp_tinted(out, d, SP_TINT_MAGENTA, sp_band_cell(SP_BAND_STOPPING, d->ascii)->glyph);
	sp_buf_puts(out, " stop signal to exit  ");
	sp_tinted(out, d, SP_TINT_RED, d->ascii ? "K" : "☠");
	sp_buf_puts(out, " killed\n");
}
