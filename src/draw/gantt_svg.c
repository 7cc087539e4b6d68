/* SPDX-License-Identifier: Apache-2.0 */
/* One page about a run: lifecycle Gantt, termination waterfall, critical path to Ready. */
#include "base/text.h"
#include "draw/svg.h"

#define OUTCOME_WIDTH 104.0

struct mark {
	sp_time at;
	const char *word, *classes, *text_classes; /* classes NULL: no line */
	sp_time shown;                             /* time that stands behind the word */
};
#define MARKS_MAX (3 + SP_SCALE_CUTS_MAX)

/* What is told below the rows, in the order of time. */
static uint32_t marks_of(const struct sp_run *r, const struct sp_scale *s, struct mark *v)
{
	uint32_t n = 0;

	if (r->ready_at >= 0)
		v[n++] = (struct mark){r->ready_at, "Ready", "mark", "marktext", r->ready_at};
	if (r->stop_at >= 0)
		v[n++] = (struct mark){r->stop_at, "stop", "mark", "marktext", r->stop_at};
	if (sp_grace_shown(r)) {
		sp_time end = sp_grace_end(r);

		v[n++] = (struct mark){end, "grace end", "mark over", "marktext overtext", end};
	}
	for (uint32_t i = 0; i < s->n_cuts; i++)
		v[n++] = (struct mark){(s->cuts[i].from + s->cuts[i].to) / 2, "cut out", NULL,
				       "dim", s->cuts[i].to - s->cuts[i].from};
	for (uint32_t i = 1; i < n; i++)
		for (uint32_t k = i; k > 0 && v[k].at < v[k - 1].at; k--) {
			struct mark t = v[k];

			v[k] = v[k - 1];
			v[k - 1] = t;
		}
	return n;
}

/* Lines across the rows, their words below in as many lines as needed. */
static void draw_marks(struct sp_svg *g, const struct sp_scale *s, const struct mark *v, uint32_t n,
		       double top)
{
	struct {
		double x, y;
		bool left;
		char text[64];
	} words[MARKS_MAX];
	double free_from[MARKS_MAX] = {0};
	int deepest = 0;

	for (uint32_t i = 0; i < n; i++) {
		double x = g->x0 + sp_scale_at(s, v[i].at), width;
		bool left;
		int level = 0;
		struct sp_buf b = sp_buf_fixed(words[i].text, sizeof(words[i].text));

		sp_buf_printf(&b, "%s ", v[i].word);
		sp_format_elapsed(&b, v[i].shown);
		width = (double)b.len * 6.8;
		left = x + width + 6 > SP_SVG_WIDTH - 16;
		while (level + 1 < MARKS_MAX && (left ? x - width - 6 : x) < free_from[level])
			level++;
		free_from[level] = (left ? x : x + width) + 12;
		deepest = SP_MAX(deepest, level);
		if (v[i].classes)
			sp_buf_printf(g->out, "<path class=\"%s\" d=\"M%.1f %.1fV%.1f\"/>\n",
				      v[i].classes, x, top, g->y + 8 + level * 15);
		words[i].x = left ? x - 5 : x + 5;
		words[i].y = g->y + 12 + level * 15;
		words[i].left = left;
	}
	/* above all lines: a word may stand across one */
	for (uint32_t i = 0; i < n; i++)
		sp_svg_text(g, words[i].x, words[i].y, v[i].text_classes,
			    words[i].left ? "end" : "", words[i].text);
	g->y += n ? 22 + deepest * 15 : 4;
}

static void draw_legend(struct sp_svg *g, const struct sp_run *r)
{
	static const struct {
		enum sp_band band;
		const char *classes, *word;
	} items[] = {
		{SP_BAND_WAITING, "waiting", "waiting"},
		{SP_BAND_BACKOFF, "backoff", "back-off"},
		{SP_BAND_INIT, "init", "init at work"},
		{SP_BAND_GATE, "gate", "gate closed"},
		{SP_BAND_RUNNING, "running", "not ready"},
		{SP_BAND_READY, "ready", "ready"},
		{SP_BAND_PRESTOP, "prestop", "preStop"},
		{SP_BAND_STOPPING, "stopping", "stopping"},
		{SP_BAND_DONE, "killed", "killed"},
	};
	bool used[SP_BANDS] = {false};
	double x = 16;

	for (uint32_t i = 0; i < r->header.n_ctrs; i++) {
		const struct sp_row *row = &r->rows[i];

		for (uint32_t k = 0; k < row->n_spans; k++)
			if (row->spans[k].band != SP_BAND_DONE &&
			    sp_run_span_end(r, &row->spans[k]) > row->spans[k].from)
				used[row->spans[k].band] = true;
		for (uint32_t k = 0; k < row->n_exits; k++)
			used[SP_BAND_DONE] |= row->exits[k].killed;
	}
	for (size_t i = 0; i < SP_ARRAY_LEN(items); i++) {
		bool thin = items[i].band <= SP_BAND_BACKOFF;

		if (!used[items[i].band])
			continue;
		sp_svg_rect(g, items[i].classes, x, g->y + (thin ? 6 : 2),
			    items[i].band == SP_BAND_DONE ? 5 : 18, thin ? 3 : 11, NULL);
		sp_svg_text(g, x + 23, g->y + 11.5, "dim", "", items[i].word);
		x += 23 + (double)strlen(items[i].word) * 6.4 + 16;
	}
	g->y += 26;
}

static void draw_gantt(struct sp_svg *g, const struct sp_run *r)
{
	double height = SP_SVG_ROW * r->header.n_ctrs, top, w;
	struct mark marks[MARKS_MAX];
	struct sp_idle idle[SP_IDLE_MAX];
	sp_time to = r->end;
	struct sp_scale s;

	if (sp_grace_shown(r))
		to = SP_MAX(to, sp_grace_end(r));
	w = SP_SVG_WIDTH - g->x0 - OUTCOME_WIDTH;
	sp_scale_init(&s, 0, to, idle, sp_run_idle(r, NULL, to, idle, SP_IDLE_MAX), w, 56, 76);
	sp_svg_axis(g, &s, height + 4);
	top = g->y;
	for (uint32_t i = 0; i < r->header.n_ctrs; i++) {
		const struct sp_row *row = &r->rows[i];
		char mem[96];
		struct sp_buf b = sp_buf_fixed(mem, sizeof(mem));

		sp_svg_name(g, row, g->y);
		sp_svg_bars(g, r, row, &s, g->y + (SP_SVG_ROW - SP_SVG_BAR) / 2, SP_SVG_BAR, true);
		sp_row_outcome(row, &b);
		sp_svg_text(g, g->x0 + w + 12, g->y + SP_SVG_ROW / 2 + 4,
			    row->n_exits && row->exits[row->n_exits - 1].killed ? "small overtext"
										: "small",
			    "", mem);
		g->y += SP_SVG_ROW;
	}
	sp_svg_cuts(g, &s, top - 10, height + 14);
	draw_marks(g, &s, marks, marks_of(r, &s, marks), top - 4);
	draw_legend(g, r);
}

/* Who used the grace period: one bar, shares with names. */
static void draw_grace(struct sp_svg *g, const struct sp_run *r, double w)
{
	struct sp_link links[SP_CONTAINERS_MAX];
	uint32_t n = sp_run_stop_path(r, links, SP_ARRAY_LEN(links));
	sp_time grace = sp_seconds(SP_MAX(r->grace_s, (int64_t)0));
	sp_time whole = SP_MAX(SP_MAX(grace, r->end - r->stop_at), 1);
	double free_from = g->x0;
	char mem[96];
	struct sp_buf b = sp_buf_fixed(mem, sizeof(mem));

	sp_buf_printf(&b, "grace %llds", (long long)r->grace_s);
	sp_svg_text(g, 16, g->y + 13, "name", "", mem);
	sp_svg_rect(g, "free", g->x0, g->y, w, SP_SVG_BAR, NULL);
	for (uint32_t i = 0; i < n; i++) {
		double x = (double)(links[i].at - r->stop_at) / (double)whole * w;
		double share = SP_MAX((double)links[i].cost / (double)whole * w, 2.0);
		double label_x;

		b = sp_buf_fixed(mem, sizeof(mem));
		sp_buf_printf(&b, "%s ", links[i].row->name);
		if (grace > 0)
			sp_percent(&b, links[i].cost, grace);
		else
			sp_format_elapsed(&b, links[i].cost);
		sp_svg_rect(g, i % 2 ? "share1" : "share0", g->x0 + x, g->y, share, SP_SVG_BAR,
			    mem);
		if (sp_svg_fits(mem, share)) {
			sp_svg_text(g, g->x0 + x + share / 2, g->y + 12, "on", "middle", mem);
			continue;
		}
		label_x = SP_MAX(g->x0 + x, free_from);
		if (label_x + (double)b.len * 6.2 > g->x0 + w)
			continue; /* the tip has it */
		sp_svg_text(g, label_x, g->y + SP_SVG_BAR + 13, "dim", "", mem);
		free_from = label_x + (double)sp_utf8_columns(mem) * 6.2 + 12;
	}
	if (grace > 0) {
		if (whole > grace) {
			double x = g->x0 + (double)grace / (double)whole * w;

			sp_buf_printf(g->out, "<path class=\"mark over\" d=\"M%.1f %.1fv%.1f\"/>\n",
				      x, g->y - 4, SP_SVG_BAR + 8);
		}
		b = sp_buf_fixed(mem, sizeof(mem));
		sp_percent(&b, r->end - r->stop_at, grace);
		sp_buf_puts(&b, " used");
		sp_svg_text(g, g->x0 + w + 12, g->y + 12, "small", "", mem);
	}
	g->y += SP_SVG_BAR + 30;
}

static void draw_stop_row(struct sp_svg *g, const struct sp_run *r, const struct sp_row *row,
			  const struct sp_scale *s, double w)
{
	sp_time gone = row->running ? r->end : row->gone_at;
	sp_time hook_end = row->prestop_end_at >= 0 ? row->prestop_end_at
			   : row->sigterm_at >= 0   ? row->sigterm_at
						    : gone;
	double y = g->y + (SP_SVG_ROW - SP_SVG_BAR) / 2, x, z;
	double end = sp_scale_at(s, gone - r->stop_at);
	char mem[96];
	struct sp_buf b = sp_buf_fixed(mem, sizeof(mem));

	sp_svg_name(g, row, g->y);
	sp_svg_rect(g, "waiting", g->x0, y + SP_SVG_BAR / 2 - 1.5, SP_MAX(end, 1.0), 3,
		    "waiting for its turn");
	if (row->prestop_at >= r->stop_at) {
		x = sp_scale_at(s, row->prestop_at - r->stop_at);
		z = sp_scale_at(s, hook_end - r->stop_at);
		sp_svg_rect(g, "prestop", g->x0 + x, y, SP_MAX(z - x, 2.0), SP_SVG_BAR, "preStop");
	}
	if (row->sigterm_at >= r->stop_at) {
		x = sp_scale_at(s, row->sigterm_at - r->stop_at);
		sp_svg_rect(g, "stopping", g->x0 + x, y, SP_MAX(end - x, 2.0), SP_SVG_BAR,
			    "stop signal to exit");
		sp_format_elapsed(&b, gone - row->sigterm_at);
	} else {
		sp_buf_puts(&b, "left by itself");
	}
	if (row->sigkill_at >= 0) {
		sp_buf_printf(g->out, "<path class=\"killed\" d=\"M%.1f %.1fh5v%.1fh-5z\"/>\n",
			      g->x0 + end - 2, y - 2, SP_SVG_BAR + 4);
		sp_buf_puts(&b, ", killed");
	}
	sp_svg_text(g, g->x0 + w + 12, g->y + SP_SVG_ROW / 2 + 4,
		    row->sigkill_at >= 0 ? "small overtext" : "small", "", mem);
	g->y += SP_SVG_ROW;
}

static void draw_waterfall(struct sp_svg *g, const struct sp_run *r)
{
	double w = SP_SVG_WIDTH - g->x0 - OUTCOME_WIDTH;
	uint32_t n = 0;
	struct sp_scale s;
	char mem[96];
	struct sp_buf b = sp_buf_fixed(mem, sizeof(mem));

	for (uint32_t i = 0; i < r->header.n_ctrs; i++)
		n += r->rows[i].launched_at >= 0 &&
		     (r->rows[i].running || r->rows[i].gone_at >= r->stop_at);
	if (r->stop_at < 0 || n == 0)
		return;
	sp_buf_printf(&b, "Termination (%s), ", *r->stop_reason ? r->stop_reason : "DELETE");
	sp_format_elapsed(&b, r->end - r->stop_at);
	g->y += 14;
	sp_svg_text(g, 16, g->y, "head", "", mem);
	g->y += 16;
	draw_grace(g, r, w);
	sp_scale_init(&s, 0, SP_MAX(r->end - r->stop_at, SP_MSEC), NULL, 0, w, 0, 76);
	sp_svg_axis(g, &s, SP_SVG_ROW * n + 4);
	for (uint32_t i = 0; i < r->header.n_ctrs; i++) {
		const struct sp_row *row = &r->rows[i];

		if (row->launched_at >= 0 && (row->running || row->gone_at >= r->stop_at))
			draw_stop_row(g, r, row, &s, w);
	}
	g->y += 14;
}

static void draw_path(struct sp_svg *g, const struct sp_run *r)
{
	struct sp_link v[2 * SP_CONTAINERS_MAX + 4];
	uint32_t n = sp_run_start_path(r, v, SP_ARRAY_LEN(v));
	sp_time whole = 0, at = 0;
	double w = SP_SVG_WIDTH - g->x0 - OUTCOME_WIDTH, free_from = 0;
	uint32_t shown = 0;
	char mem[192];
	struct sp_buf b = sp_buf_fixed(mem, sizeof(mem));

	for (uint32_t i = 0; i < n; i++)
		whole += v[i].cost;
	if (r->ready_at < 0 || whole <= 0)
		return;
	sp_buf_puts(&b, "Critical path to Ready, ");
	sp_format_elapsed(&b, r->ready_at);
	g->y += 14;
	sp_svg_text(g, 16, g->y, "head", "", mem);
	g->y += 12;
	for (uint32_t i = 0; i < n; i++) {
		double x = (double)at / (double)whole * w, share;

		share = (double)v[i].cost / (double)whole * w;
		at += v[i].cost;
		b = sp_buf_fixed(mem, sizeof(mem));
		sp_buf_printf(&b, "%s @", v[i].row->name);
		sp_format_elapsed(&b, v[i].at);
		sp_buf_puts(&b, " +");
		sp_format_elapsed(&b, v[i].cost);
		sp_buf_printf(&b, " %s", v[i].what);
		shown += share >= w / 50;
		sp_svg_rect(g, shown % 2 ? "ready" : "share1", g->x0 + x, g->y, SP_MAX(share, 1.0),
			    SP_SVG_BAR, mem);
		if (share < w / 50)
			continue;
		b = sp_buf_fixed(mem, sizeof(mem));
		sp_buf_printf(&b, "%s +", v[i].row->name);
		sp_format_elapsed(&b, v[i].cost);
		if (sp_svg_fits(mem, share)) {
			sp_svg_text(g, g->x0 + x + share / 2, g->y + 12, "on", "middle", mem);
		} else if (g->x0 + x >= free_from &&
			   g->x0 + x + (double)b.len * 6.2 < g->x0 + w + 20) {
			sp_svg_text(g, g->x0 + x, g->y + SP_SVG_BAR + 13, "dim", "", mem);
			free_from = g->x0 + x + (double)sp_utf8_columns(mem) * 6.2 + 12;
		}
	}
	g->y += SP_SVG_BAR + 22;
}

void sp_draw_svg(const struct sp_run *r, const struct sp_draw *d, struct sp_buf *out)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf body = {0}, head = {0}, title = {0}, why = {0};
	struct sp_svg g = {.out = &body, .x0 = sp_svg_names_width(r)};

	sp_run_headline(r, &head);
	sp_buf_printf(&title, "Lifecycle of %s%s", d->pods ? "" : "pod ", r->header.pod);
	sp_svg_text(&g, 16, 28, "title", "", r->header.pod);
	sp_svg_text(&g, 16, 47, "dim", "", head.ptr);
	g.y = 60;
	draw_gantt(&g, r);
	draw_path(&g, r);
	draw_waterfall(&g, r);
	if (!d->pods && sp_run_why(r, &why)) {
		sp_svg_text(&g, 16, g.y + 8, "small", "", why.ptr);
		g.y += 16;
		sp_buf_puts(&head, "; ");
		sp_buf_puts(&head, why.ptr);
	}
	sp_buf_putc(&head, '.');
	sp_svg_page(out, title.ptr, head.ptr, d->version, SP_SVG_WIDTH, g.y + 24, &body);
}
