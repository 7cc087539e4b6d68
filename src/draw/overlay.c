/* SPDX-License-Identifier: Apache-2.0 */
/* Two runs of one pod on one time axis: a simulation and what really happened, or two real runs. */
#include "base/text.h"
#include "draw/svg.h"

enum { WORD_COLS = 5 };

static const char *run_word(const struct sp_run *r, bool second, const struct sp_run *other)
{
	if (r->header.mode == other->header.mode)
		return second ? "B" : "A";
	return r->header.mode == SP_RECORD_SIMULATED ? "sim" : "real";
}

static const struct sp_row *same_row(const struct sp_run *r, const char *name)
{
	for (uint32_t i = 0; i < r->header.n_ctrs; i++)
		if (sp_streq(r->rows[i].name, name))
			return &r->rows[i];
	return NULL;
}

/* One compared instant of a container. */
struct instant {
	const char *word;
	sp_time a, b; /* -1: did not happen */
};
enum { INSTANTS = 5 };

static void instants_of(const struct sp_row *x, const struct sp_row *y, struct instant *v)
{
	v[0] = (struct instant){"start", x->launched_at, y ? y->launched_at : -1};
	v[1] = (struct instant){"open", x->open_at, y ? y->open_at : -1};
	v[2] = (struct instant){"ready", x->ready_at, y ? y->ready_at : -1};
	v[3] = (struct instant){"SIGTERM", x->sigterm_at, y ? y->sigterm_at : -1};
	v[4] = (struct instant){"gone", x->gone_at, y ? y->gone_at : -1};
}

static void put_difference(struct sp_buf *out, sp_time d)
{
	sp_buf_putc(out, d < 0 ? '-' : '+');
	sp_format_elapsed(out, d < 0 ? -d : d);
}

/* "start +6ms, open +12ms": where b differs from a by more than @eps */
static void row_differences(const struct sp_row *x, const struct sp_row *y, sp_time eps,
			    struct sp_buf *out)
{
	struct instant v[INSTANTS];
	bool any = false;

	instants_of(x, y, v);
	for (int i = 0; i < INSTANTS; i++) {
		if (v[i].a < 0 && v[i].b < 0)
			continue;
		if (v[i].a < 0 || v[i].b < 0) {
			sp_buf_printf(out, "%s%s only in %s", any ? ", " : "", v[i].word,
				      v[i].a < 0 ? "the second" : "the first");
			any = true;
		} else if (v[i].b - v[i].a > eps || v[i].a - v[i].b > eps) {
			sp_buf_printf(out, "%s%s ", any ? ", " : "", v[i].word);
			put_difference(out, v[i].b - v[i].a);
			any = true;
		}
	}
	if (!any)
		sp_buf_puts(out, "same");
}

/* Differences below their row, broken after a comma where the line is full. */
static void print_words(const char *words, size_t columns, size_t indent, const struct sp_draw *d,
			struct sp_buf *out)
{
	enum sp_tint tint = sp_streq(words, "same") ? SP_TINT_DIM : SP_TINT_YELLOW;

	while (*words) {
		size_t take = strlen(words);
		SP_CLEANUP(sp_buf_done) struct sp_buf part = {0};

		while (take > columns) {
			const char *comma = memrchr(words, ',', take - 1);

			if (!comma)
				break;
			take = (size_t)(comma - words) + 1;
		}
		sp_buf_add(&part, words, take);
		sp_buf_fill(out, ' ', indent);
		sp_tinted(out, d, tint, part.ptr);
		sp_buf_putc(out, '\n');
		words += take;
		words += *words == ' ';
	}
}

static sp_time epsilon(const struct sp_run *a, const struct sp_run *b)
{
	return SP_MAX(a->end, b->end) / 500; /* what no picture could show */
}

void sp_draw_overlay_text(const struct sp_run *a, const struct sp_run *b, const struct sp_draw *d,
			  struct sp_buf *out)
{
	struct sp_cell cells[SP_CELLS_MAX];
	struct sp_idle idle[SP_IDLE_MAX];
	sp_time to = SP_MAX(a->end, b->end);
	size_t name_cols = 4, indent, n;
	const struct sp_run *both[2] = {a, b};
	struct sp_scale s;

	for (uint32_t i = 0; i < a->header.n_ctrs; i++)
		name_cols = SP_MAX(name_cols, sp_utf8_columns(a->rows[i].name));
	name_cols = SP_MIN(name_cols, (size_t)20);
	indent = name_cols + 1 + WORD_COLS;
	n = SP_MIN((size_t)SP_MAX(d->columns, 60) - indent - 2, (size_t)SP_CELLS_MAX - 1);
	sp_scale_init(&s, 0, to, idle, sp_run_idle(a, b, to, idle, SP_IDLE_MAX), (double)n, 5, 9);
	sp_axis_text(&s, d, indent, out);
	for (uint32_t i = 0; i < a->header.n_ctrs; i++) {
		const struct sp_row *y = same_row(b, a->rows[i].name);
		SP_CLEANUP(sp_buf_done) struct sp_buf words = {0};

		for (int k = 0; k < 2; k++) {
			const struct sp_row *row = k ? y : &a->rows[i];

			if (!row)
				continue;
			sp_padded(out, d, k ? "" : row->name, name_cols);
			sp_buf_putc(out, ' ');
			sp_padded(out, d, run_word(both[k], k == 1, both[!k]), WORD_COLS);
			sp_cells_row(both[k], row, &s, d->ascii, cells, n);
			sp_cells_print(out, d, cells, n);
			sp_end_line(out);
		}
		row_differences(&a->rows[i], y, epsilon(a, b), &words);
		print_words(words.ptr, n, indent, d, out);
	}
}

/* Shade what one of the two did earlier than the other. */
static void shade(struct sp_svg *g, const struct sp_row *x, const struct sp_row *y,
		  const struct sp_scale *s, double top, double h)
{
	struct instant v[INSTANTS];

	instants_of(x, y, v);
	for (int i = 0; i < INSTANTS; i++) {
		double from, to;
		char mem[96];
		struct sp_buf tip = sp_buf_fixed(mem, sizeof(mem));

		if (v[i].a < 0 || v[i].b < 0)
			continue;
		from = sp_scale_at(s, SP_MIN(v[i].a, v[i].b));
		to = sp_scale_at(s, SP_MAX(v[i].a, v[i].b));
		if (to - from < 1)
			continue;
		sp_buf_printf(&tip, "%s: %s ", x->name, v[i].word);
		put_difference(&tip, v[i].b - v[i].a);
		sp_svg_rect(g, "diff", g->x0 + from, top, to - from, h, mem);
	}
}

void sp_draw_overlay_svg(const struct sp_run *a, const struct sp_run *b, const struct sp_draw *d,
			 struct sp_buf *out)
{
	enum { BAR = 11, ROW = 44 };
	SP_CLEANUP(sp_buf_done) struct sp_buf body = {0}, desc = {0}, title = {0};
	struct sp_svg g = {.out = &body, .x0 = sp_svg_names_width(a)};
	struct sp_idle idle[SP_IDLE_MAX];
	sp_time to = SP_MAX(a->end, b->end);
	double w = SP_SVG_WIDTH - g.x0 - 64, height = (double)ROW * a->header.n_ctrs;
	struct sp_scale s;

	sp_scale_init(&s, 0, to, idle, sp_run_idle(a, b, to, idle, SP_IDLE_MAX), w, 56, 76);
	sp_buf_printf(&title, "%s: %s and %s", a->header.pod, run_word(a, false, b),
		      run_word(b, true, a));
	sp_svg_text(&g, 16, 28, "title", "", title.ptr);
	sp_buf_printf(&desc, "upper bar %s, lower bar %s, differences shaded.",
		      run_word(a, false, b), run_word(b, true, a));
	sp_svg_text(&g, 16, 47, "dim", "", desc.ptr);
	g.y = 60;
	sp_svg_axis(&g, &s, height);
	for (uint32_t i = 0; i < a->header.n_ctrs; i++) {
		const struct sp_row *x = &a->rows[i], *y = same_row(b, x->name);
		SP_CLEANUP(sp_buf_done) struct sp_buf words = {0};

		sp_svg_name(&g, x, g.y - 2);
		sp_svg_bars(&g, a, x, &s, g.y + 1, BAR, false);
		sp_svg_text(&g, g.x0 + w + 8, g.y + 11, "dim", "", run_word(a, false, b));
		if (y) {
			sp_svg_bars(&g, b, y, &s, g.y + 3 + BAR, BAR, false);
			sp_svg_text(&g, g.x0 + w + 8, g.y + 13 + BAR, "dim", "",
				    run_word(b, true, a));
			shade(&g, x, y, &s, g.y + 1, 2 * BAR + 2);
		}
		row_differences(x, y, epsilon(a, b), &words);
		sp_svg_text(&g, g.x0, g.y + 2 * BAR + 14, "dim", "", words.ptr);
		g.y += ROW;
	}
	sp_svg_cuts(&g, &s, 76, height);
	sp_svg_page(out, title.ptr, desc.ptr, d->version, SP_SVG_WIDTH, g.y + 34, &body);
}
