/* SPDX-License-Identifier: Apache-2.0 */
/* Parts of text pictures: cells, colours, the time axis. */
#include "base/text.h"
#include "draw/draw_internal.h"

static const char *const tint_codes[SP_TINTS] = {
	[SP_TINT_NONE] = "",
	[SP_TINT_DIM] = "\033[2m",
	[SP_TINT_RED] = "\033[31m",
	[SP_TINT_GREEN] = "\033[32m",
	[SP_TINT_YELLOW] = "\033[33m",
	[SP_TINT_BLUE] = "\033[34m",
	[SP_TINT_MAGENTA] = "\033[35m",
	[SP_TINT_CYAN] = "\033[36m",
	[SP_TINT_BOLD] = "\033[1m",
};

/* Shape tells a band apart where colour cannot. */
static const struct sp_cell band_cells[SP_BANDS][2] = {
	[SP_BAND_WAITING] = {{"·", SP_TINT_DIM}, {".", SP_TINT_DIM}},
	[SP_BAND_BACKOFF] = {{"╌", SP_TINT_YELLOW}, {"~", SP_TINT_YELLOW}},
	[SP_BAND_INIT] = {{"▓", SP_TINT_BLUE}, {"i", SP_TINT_BLUE}},
	[SP_BAND_GATE] = {{"▒", SP_TINT_YELLOW}, {"+", SP_TINT_YELLOW}},
	[SP_BAND_RUNNING] = {{"▄", SP_TINT_CYAN}, {"-", SP_TINT_CYAN}},
	[SP_BAND_READY] = {{"█", SP_TINT_GREEN}, {"#", SP_TINT_GREEN}},
	[SP_BAND_PRESTOP] = {{"▚", SP_TINT_MAGENTA}, {"p", SP_TINT_MAGENTA}},
	[SP_BAND_STOPPING] = {{"░", SP_TINT_MAGENTA}, {"s", SP_TINT_MAGENTA}},
	[SP_BAND_DONE] = {{" ", SP_TINT_NONE}, {" ", SP_TINT_NONE}},
};

const struct sp_cell *sp_band_cell(enum sp_band band, bool ascii)
{
	return &band_cells[band][ascii];
}

void sp_tinted(struct sp_buf *out, const struct sp_draw *d, enum sp_tint tint, const char *text)
{
	bool on = d->color && tint != SP_TINT_NONE;

	if (on)
		sp_buf_puts(out, tint_codes[tint]);
	sp_buf_puts(out, text);
	if (on)
		sp_buf_puts(out, "\033[0m");
}

void sp_padded(struct sp_buf *out, const struct sp_draw *d, const char *text, size_t cols)
{
	sp_buf_fill(out, ' ', cols - sp_cut_text(out, text, cols, d->ascii ? "~" : "…"));
}

void sp_cells_print(struct sp_buf *out, const struct sp_draw *d, const struct sp_cell *v, size_t n)
{
	enum sp_tint now = SP_TINT_NONE;

	for (size_t i = 0; i < n; i++) {
		enum sp_tint want = sp_streq(v[i].glyph, " ") ? SP_TINT_NONE : v[i].tint;

		if (d->color && want != now) {
			sp_buf_puts(out, now != SP_TINT_NONE ? "\033[0m" : "");
			sp_buf_puts(out, tint_codes[want]);
			now = want;
		}
		sp_buf_puts(out, v[i].glyph);
	}
	if (now != SP_TINT_NONE)
		sp_buf_puts(out, "\033[0m");
}

void sp_end_line(struct sp_buf *out)
{
	while (out->len && out->ptr[out->len - 1] == ' ')
		out->ptr[--out->len] = '\0';
	sp_buf_putc(out, '\n');
}

static size_t column_of(const struct sp_scale *s, sp_time t, size_t n)
{
	double x = sp_scale_at(s, t) + 0.5;

	return x <= 0 ? 0 : SP_MIN((size_t)x, n);
}

void sp_cells_row(const struct sp_run *r, const struct sp_row *row, const struct sp_scale *s,
		  bool ascii, struct sp_cell *v, size_t n)
{
	size_t next = 0; /* first cell that is still free */

	for (size_t i = 0; i < n; i++)
		v[i] = band_cells[SP_BAND_DONE][ascii];
	for (uint32_t i = 0; i < row->n_spans; i++) {
		const struct sp_span *p = &row->spans[i];
		size_t from = column_of(s, p->from, n), to = column_of(s, sp_run_span_end(r, p), n);
		bool filler = p->band == SP_BAND_WAITING || p->band == SP_BAND_BACKOFF ||
			      (p->band == SP_BAND_RUNNING && i + 1 < row->n_spans &&
			       row->spans[i + 1].band == SP_BAND_READY);

		if (p->band == SP_BAND_DONE || (!r->finished && p->from > s->to))
			continue;
		from = SP_MAX(from, next);
		if (to <= from && filler)
			continue;
		from = SP_MIN(from, n - 1);
		to = SP_MAX(to, from + 1);
		for (size_t x = from; x < to; x++)
			v[x] = band_cells[p->band][ascii];
		if (!filler)
			next = to;
	}
	/* a cut goes through what lasts on both of its sides */
	for (uint32_t i = 0; i < s->n_cuts; i++) {
		size_t x = column_of(s, (s->cuts[i].from + s->cuts[i].to) / 2, n);

		if (x > 0 && x + 1 < n && v[x].glyph == v[x - 1].glyph &&
		    v[x].glyph == v[x + 1].glyph && !sp_streq(v[x].glyph, " "))
			v[x] = (struct sp_cell){ascii ? "/" : "╱", SP_TINT_DIM};
	}
	/* how instances ended: over the last cell of each, the newest on top */
	for (uint32_t i = 0; i < row->n_exits; i++) {
		const struct sp_exit_mark *e = &row->exits[i];
		size_t x = column_of(s, e->at, n);

		if (!e->killed && e->code == 0)
			continue;
		while (x > 0 && (x >= n || sp_streq(v[x].glyph, " ") ||
				 v[x].glyph == band_cells[SP_BAND_BACKOFF][ascii].glyph))
			x--;
		/* a stop signal's 143 is an orderly end, not a failure */
		if (e->killed)
			v[x] = (struct sp_cell){ascii ? "K" : "☠", SP_TINT_RED};
		else if (i + 1 < row->n_exits || row->sigterm_at < 0)
			v[x] = (struct sp_cell){ascii ? "x" : "✘", SP_TINT_RED};
	}
}

void sp_axis_text(const struct sp_scale *s, const struct sp_draw *d, size_t indent,
		  struct sp_buf *out)
{
	struct sp_cell rule[SP_CELLS_MAX];
	size_t n = SP_MIN((size_t)s->size, (size_t)SP_CELLS_MAX - 1), col = 0;
	sp_time t;

	sp_buf_fill(out, ' ', indent);
	for (size_t i = 0; i <= n; i++)
		rule[i] = (struct sp_cell){d->ascii ? "-" : "─", SP_TINT_DIM};
	for (uint32_t i = 0; i < s->n_cuts; i++) {
		size_t from = column_of(s, s->cuts[i].from, n), to = column_of(s, s->cuts[i].to, n);

		for (size_t x = from + 1; x < to; x++)
			rule[x].glyph = d->ascii ? "/" : "╱";
	}
	for (uint32_t i = 0; sp_scale_tick(s, i, &t); i++) {
		char mem[32];
		struct sp_buf label = sp_buf_fixed(mem, sizeof(mem));
		size_t at = column_of(s, t, n - 1);

		rule[at].glyph = d->ascii ? "+" : "┴";
		sp_scale_label(s, t, &label);
		if (at < col || at + label.len > n + 8 ||
		    indent + at + label.len > (size_t)SP_MAX(d->columns, 60))
			continue; /* no room: the tick alone stands */
		sp_buf_fill(out, ' ', at - col);
		sp_tinted(out, d, SP_TINT_BLUE, mem);
		col = at + label.len + 1;
		sp_buf_putc(out, ' ');
	}
	sp_end_line(out);
	sp_buf_fill(out, ' ', indent);
	sp_cells_print(out, d, rule, n);
	sp_buf_putc(out, '\n');
}

void sp_row_outcome(const struct sp_row *row, struct sp_buf *out)
{
	const struct sp_exit_mark *e = row->n_exits ? &row->exits[row->n_exits - 1] : NULL;

	if (row->running)
		sp_buf_puts(out, row->ready ? "ready" : "running");
	else if (!e)
		sp_buf_puts(out, *row->waiting ? row->waiting : "waiting");
	else if (sp_streq(e->reason, "OOMKilled"))
		sp_buf_printf(out, "OOM %d", e->code);
	else if (e->killed)
		sp_buf_printf(out, "killed %d", e->code);
	else
		sp_buf_printf(out, "exit %d", e->code);
	if (row->attempt > 0)
		sp_buf_printf(out, " (%lld)", (long long)row->attempt);
}

/* Is a container of @r starting, working to its end or stopping between two instants? */
static bool busy_between(const struct sp_run *r, sp_time from, sp_time to)
{
	for (uint32_t i = 0; r && i < r->header.n_ctrs; i++)
		for (uint32_t k = 0; k < r->rows[i].n_spans; k++) {
			const struct sp_span *s = &r->rows[i].spans[k];
			bool busy = s->band == SP_BAND_INIT || s->band == SP_BAND_GATE ||
				    s->band == SP_BAND_PRESTOP || s->band == SP_BAND_STOPPING;

			if (busy && s->from < to && sp_run_span_end(r, s) > from)
				return true;
		}
	return false;
}

uint32_t sp_run_idle(const struct sp_run *r, const struct sp_run *also, sp_time to,
		     struct sp_idle *ret, uint32_t max)
{
	uint32_t i = 0, k = 0, n = 0, n_also = also ? also->n_instants : 0;
	sp_time prev = 0;

	while (n < max && prev < to) {
		sp_time at = to;

		if (i < r->n_instants && (k >= n_also || r->instants[i] <= also->instants[k]))
			at = r->instants[i++];
		else if (k < n_also)
			at = also->instants[k++];
		if (at > prev && !busy_between(r, prev, at) && !busy_between(also, prev, at))
			ret[n++] = (struct sp_idle){prev, at};
		prev = SP_MAX(prev, at);
	}
	return n;
}

bool sp_grace_shown(const struct sp_run *r)
{
	sp_time used = r->end - r->stop_at;

	return r->stop_at >= 0 && r->grace_s >= 0 && used >= sp_seconds(r->grace_s) / 2;
}

sp_time sp_grace_end(const struct sp_run *r)
{
	return sp_time_add(r->stop_at, sp_seconds(r->grace_s));
}

void sp_run_headline(const struct sp_run *r, struct sp_buf *out)
{
	sp_buf_printf(out, "%s ", r->phase);
	sp_buf_puts(out, r->finished ? "after " : "for ");
	sp_format_elapsed(out, r->end);
	if (r->ready_at >= 0) {
		sp_buf_puts(out, ", Ready at ");
		sp_format_elapsed(out, r->ready_at);
	}
	if (r->stop_at >= 0) {
		sp_buf_puts(out, r->finished ? ", stopped in " : ", stopping for ");
		sp_format_elapsed(out, r->end - r->stop_at);
		if (r->grace_s >= 0)
			sp_buf_printf(out, " of %llds grace", (long long)r->grace_s);
	}
	if (r->header.mode == SP_RECORD_SIMULATED)
		sp_buf_puts(out, " (simulated)");
}

void sp_percent(struct sp_buf *out, sp_time part, sp_time whole)
{
	int64_t p = whole > 0 ? (int64_t)((double)part * 100 / (double)whole + 0.5) : 0;

	if (p == 0 && part > 0)
		sp_buf_puts(out, "<1%");
	else
		sp_buf_printf(out, "%lld%%", (long long)p);
}

void sp_xml(struct sp_buf *out, const char *s)
{
	size_t n = strlen(s), k;

	for (; n > 0; s += k, n -= k) {
		k = sp_utf8_len(s, n);
		if (k == 0) {
			k = 1;
			sp_buf_puts(out, "\xef\xbf\xbd");
		} else if (*s == '<') {
			sp_buf_puts(out, "&lt;");
		} else if (*s == '>') {
			sp_buf_puts(out, "&gt;");
		} else if (*s == '&') {
			sp_buf_puts(out, "&amp;");
		} else if (*s == '"') {
			sp_buf_puts(out, "&quot;");
		} else if ((unsigned char)*s < 0x20 && *s != '\t' && *s != '\n') {
			sp_buf_puts(out, "\xef\xbf\xbd");
		} else {
			sp_buf_add(out, s, k);
		}
	}
}
