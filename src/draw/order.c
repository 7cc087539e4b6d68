/* SPDX-License-Identifier: Apache-2.0 */
/* The start order as boxes, with what opens each gate: text and Mermaid. */
#include "base/text.h"
#include "draw/draw_internal.h"

void sp_order_of_header(const struct sp_record_header *h, struct sp_order_box *ret)
{
	int turn = 1;

	for (uint32_t i = 0; i < h->n_ctrs; i++) {
		const char *gate = h->ctrs[i].gate;

		ret[i] = (struct sp_order_box){.name = h->ctrs[i].name, .role = h->ctrs[i].role};
		ret[i].gate = h->ctrs[i].role == SP_ROLE_INIT  ? "exit 0"
			      : sp_streq(gate, "startupProbe") ? "startup probe passed"
			      : sp_streq(gate, "postStart")    ? "postStart hook done"
			      : *gate                          ? "postStart hook, startup probe"
							       : "launched";
		ret[i].stop_turn = h->ctrs[i].role == SP_ROLE_APP ? 1 : 0;
	}
	for (uint32_t i = h->n_ctrs; i-- > 0;)
		if (h->ctrs[i].role == SP_ROLE_SIDECAR)
			ret[i].stop_turn = ++turn;
}

struct glyphs {
	const char *tl, *tr, *bl, *br, *h, *v, *down, *out, *arrow;
};

static void line(struct sp_buf *out, const char *g, size_t n)
{
	while (n--)
		sp_buf_puts(out, g);
}

static const char *ordinal(int n)
{
	static const char *const words[] = {"th", "st", "nd", "rd"};

	return n % 100 / 10 != 1 && n % 10 < 4 ? words[n % 10] : "th";
}

static void print_stop(const struct sp_order_box *b, struct sp_buf *out)
{
	if (b->stop_turn)
		sp_buf_printf(out, "stops %d%s", b->stop_turn, ordinal(b->stop_turn));
	else
		sp_buf_puts(out, "gone by then");
}

/* One box of the rows @from … @to - 1; the gate below it unless it is the last. */
static void text_box(const struct sp_order_box *v, uint32_t from, uint32_t to, bool last,
		     size_t name_cols, const struct sp_draw *d, const struct glyphs *g,
		     struct sp_buf *out)
{
	size_t inner = 1 + 3 + name_cols + 2 + 7 + 1;

	sp_buf_puts(out, g->tl);
	line(out, g->h, inner);
	sp_buf_printf(out, "%s\n", g->tr);
	for (uint32_t i = from; i < to; i++) {
		sp_buf_printf(out, "%s %2u ", g->v, i + 1);
		sp_padded(out, d, v[i].name, name_cols);
		sp_buf_puts(out, "  ");
		sp_padded(out, d, sp_role_name(v[i].role), 7);
		sp_buf_printf(out, " %s  ", g->v);
		print_stop(&v[i], out);
		sp_buf_putc(out, '\n');
	}
	sp_buf_puts(out, g->bl);
	line(out, g->h, 5);
	sp_buf_puts(out, last ? g->h : g->out);
	line(out, g->h, inner - 6);
	sp_buf_printf(out, "%s\n", g->br);
	if (!last) {
		sp_buf_printf(out, "      %s ", g->down);
		sp_tinted(out, d, SP_TINT_YELLOW, v[to - 1].gate);
		sp_buf_printf(out, "\n      %s\n", g->arrow);
	}
}

void sp_draw_order_text(const struct sp_order_box *v, uint32_t n, const struct sp_draw *d,
			struct sp_buf *out)
{
	static const struct glyphs sets[2] = {
		{"┌", "┐", "└", "┘", "─", "│", "│", "┬", "▼"},
		{"+", "+", "+", "+", "-", "|", "|", "+", "v"},
	};
	size_t name_cols = 3;
	uint32_t first_app = 0;

	while (first_app < n && v[first_app].role != SP_ROLE_APP)
		first_app++;
	for (uint32_t i = 0; i < n; i++)
		name_cols = SP_MAX(name_cols, sp_utf8_columns(v[i].name));
	name_cols = SP_MIN(name_cols, (size_t)40);
	for (uint32_t i = 0; i < first_app; i++)
		text_box(v, i, i + 1, i + 1 == n, name_cols, d, &sets[d->ascii], out);
	/* regular containers do not wait for one another: one box */
	if (first_app < n)
		text_box(v, first_app, n, true, name_cols, d, &sets[d->ascii], out);
}

/* Mermaid has its own ideas about quotes and brackets in labels. */
static void mermaid_text(struct sp_buf *out, const char *s)
{
	for (; *s; s++)
		if (strchr("\"<>#;:{}[]|", *s) || (unsigned char)*s < 0x20)
			sp_buf_printf(out, "#%d;", (unsigned char)*s);
		else
			sp_buf_putc(out, *s);
}

void sp_draw_order_mermaid(const struct sp_order_box *v, uint32_t n, struct sp_buf *out)
{
	uint32_t first_app = 0;

	sp_buf_puts(out, "flowchart TD\n");
	for (uint32_t i = 0; i < n; i++) {
		sp_buf_printf(out, "  c%u[\"", i);
		mermaid_text(out, v[i].name);
		sp_buf_printf(out, "<br/>%s\"]\n", sp_role_name(v[i].role));
		first_app += v[i].role != SP_ROLE_APP;
	}
	for (uint32_t i = 0; i + 1 < n && i < first_app; i++)
		for (uint32_t k = i + 1; k < n && (k == i + 1 || i + 1 == first_app); k++) {
			sp_buf_printf(out, "  c%u -->|\"", i);
			mermaid_text(out, v[i].gate);
			sp_buf_printf(out, "\"| c%u\n", k);
		}
}

void sp_draw_gantt_mermaid(const struct sp_run *r, struct sp_buf *out)
{
	static const char *const kinds[SP_BANDS] = {
		[SP_BAND_INIT] = "active, ",   [SP_BAND_GATE] = "active, ",
		[SP_BAND_READY] = "done, ",    [SP_BAND_PRESTOP] = "crit, ",
		[SP_BAND_STOPPING] = "crit, ",
	};

	sp_buf_puts(out, "gantt\n  title ");
	mermaid_text(out, r->header.pod);
	sp_buf_puts(out, "\n  dateFormat x\n  axisFormat %M:%S.%L\n");
	for (uint32_t i = 0; i < r->header.n_ctrs; i++) {
		const struct sp_row *row = &r->rows[i];

		sp_buf_puts(out, "  section ");
		mermaid_text(out, row->name);
		sp_buf_putc(out, '\n');
		for (uint32_t k = 0; k < row->n_spans; k++) {
			const struct sp_span *s = &row->spans[k];
			sp_time to = sp_run_span_end(r, s);

			if (s->band == SP_BAND_DONE || s->band == SP_BAND_WAITING || to <= s->from)
				continue;
			sp_buf_printf(out, "  %s :%s%lld, %lld\n", sp_band_name(s->band),
				      kinds[s->band] ? kinds[s->band] : "",
				      (long long)(s->from / SP_MSEC),
				      (long long)SP_MAX(to / SP_MSEC, s->from / SP_MSEC + 1));
		}
	}
	if (r->ready_at >= 0)
		sp_buf_printf(out, "  section pod\n  Ready :milestone, %lld, 0ms\n",
			      (long long)(r->ready_at / SP_MSEC));
}
