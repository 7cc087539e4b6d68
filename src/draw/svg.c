/* SPDX-License-Identifier: Apache-2.0 */
#include "draw/svg.h"

#include "base/text.h"

static const char style[] =
	"<style>\n"
	"text{font-family:ui-sans-serif,system-ui,'Segoe UI',Roboto,'DejaVu Sans',sans-serif;"
	"font-size:12px;fill:#1b1f24}\n"
	".bg{fill:#fff}.title{font-size:16px;font-weight:600}.head{font-size:13px;font-weight:600}\n"
	".name{font-size:13px}.dim{fill:#59636e;font-size:11px}.small{font-size:11px}\n"
	".on{fill:#fff;font-size:11px}.dark{fill:#1b1f24;font-size:11px}\n"
	".grid{stroke:#e3e7ec;stroke-width:1}.axis{stroke:#aab2bd;stroke-width:1}\n"
	".mark{stroke:#3b5bdb;stroke-width:1.5;stroke-dasharray:3 3}.marktext{fill:#3b5bdb;"
	"font-size:11px;font-weight:600;paint-order:stroke;stroke:#fff;stroke-width:4px;"
	"stroke-linejoin:round}\n"
	".over{stroke:#c62f3b}.overtext{fill:#c62f3b}\n"
	".waiting{fill:#c3cbd5}.backoff{fill:#d99a1c}\n"
	".init{fill:#3f6fc4}.gate{fill:#f2c76b}.gateline{stroke:#a86f00;stroke-width:1.6}\n"
	".running{fill:#9bd5c6}.ready{fill:#16856a}\n"
	".prestop{fill:#d9b8e8}.prestopline{stroke:#7b3fa0;stroke-width:1.6}.stopping{fill:#a66bc4}\n"
	".killed{fill:#c62f3b}.share0{fill:#a66bc4}.share1{fill:#3f6fc4}.free{fill:#e9edf2}\n"
	".box{fill:#f6f8fa;stroke:#aab2bd;stroke-width:1.2}.arrow{stroke:#59636e;stroke-width:1.4;"
	"fill:none}.tip{fill:#59636e}.diff{fill:#c62f3b;fill-opacity:.22}.cut{fill:#fff}"
	".cutline{stroke:#aab2bd;stroke-width:1.2;fill:none}\n"
	"@media (prefers-color-scheme:dark){\n"
	"text{fill:#e6edf3}.bg,.cut{fill:#0d1117}.dim{fill:#9aa5b1}.on{fill:#fff}"
	".dark{fill:#12161b}\n"
	".grid{stroke:#252c35}.axis,.cutline{stroke:#57606a}.mark{stroke:#8fb0ff}"
	".marktext{fill:#8fb0ff;stroke:#0d1117}.over{stroke:#ff7b82}.overtext{fill:#ff7b82}\n"
	".waiting{fill:#424c58}.init{fill:#4f83dd}.gate{fill:#c99a3a}.gateline{stroke:#4a3200}\n"
	".running{fill:#7cc4b2}.ready{fill:#1c8f73}.prestop{fill:#b48fca}.prestopline"
	"{stroke:#3c1a52}.stopping{fill:#9a5fba}.killed{fill:#e5484d}\n"
	".share0{fill:#9a5fba}.share1{fill:#4f83dd}.free{fill:#1d242c}\n"
	".box{fill:#161b22;stroke:#57606a}.arrow{stroke:#9aa5b1}.tip{fill:#9aa5b1}\n"
	"}\n</style>\n"
	"<defs><pattern id=\"pg\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\" "
	"patternTransform=\"rotate(45)\"><rect width=\"6\" height=\"6\" class=\"gate\"/>"
	"<path d=\"M0 0V6\" class=\"gateline\"/></pattern>"
	"<pattern id=\"pp\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\" "
	"patternTransform=\"rotate(-45)\"><rect width=\"6\" height=\"6\" class=\"prestop\"/>"
	"<path d=\"M0 0V6\" class=\"prestopline\"/></pattern></defs>\n";

void sp_svg_page(struct sp_buf *out, const char *title, const char *desc, const char *version,
		 double width, double height, const struct sp_buf *body)
{
	sp_buf_printf(out,
		      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %.0f %.0f\" "
		      "width=\"%.0f\" height=\"%.0f\" role=\"img\" aria-labelledby=\"t d\">\n"
		      "<title id=\"t\">",
		      width, height, width, height);
	sp_xml(out, title);
	sp_buf_puts(out, "</title>\n<desc id=\"d\">");
	sp_xml(out, desc);
	sp_buf_puts(out, " Drawn by sidepod ");
	sp_xml(out, version);
	sp_buf_puts(out, ".</desc>\n");
	sp_buf_puts(out, style);
	sp_buf_puts(out, "<rect class=\"bg\" width=\"100%\" height=\"100%\"/>\n");
	sp_buf_add(out, body->ptr ? body->ptr : "", body->len);
	sp_buf_printf(out, "<text x=\"%.0f\" y=\"%.0f\" class=\"dim\" text-anchor=\"end\">sidepod ",
		      width - 16, height - 10);
	sp_xml(out, version);
	sp_buf_puts(out, "</text>\n</svg>\n");
	out->failed |= body->failed;
}

void sp_svg_text(struct sp_svg *g, double x, double y, const char *classes, const char *anchor,
		 const char *text)
{
	sp_buf_printf(g->out, "<text x=\"%.1f\" y=\"%.1f\" class=\"%s\"", x, y, classes);
	if (*anchor)
		sp_buf_printf(g->out, " text-anchor=\"%s\"", anchor);
	sp_buf_putc(g->out, '>');
	sp_xml(g->out, text);
	sp_buf_puts(g->out, "</text>\n");
}

void sp_svg_rect(struct sp_svg *g, const char *classes, double x, double y, double w, double h,
		 const char *tip)
{
	sp_buf_puts(g->out, "<rect ");
	if (sp_streq(classes, "gate"))
		sp_buf_puts(g->out, "fill=\"url(#pg)\"");
	else if (sp_streq(classes, "prestop"))
		sp_buf_puts(g->out, "fill=\"url(#pp)\"");
	else
		sp_buf_printf(g->out, "class=\"%s\"", classes);
	sp_buf_printf(g->out, " x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"", x, y, w, h);
	if (!tip) {
		sp_buf_puts(g->out, "/>\n");
		return;
	}
	sp_buf_puts(g->out, "><title>");
	sp_xml(g->out, tip);
	sp_buf_puts(g->out, "</title></rect>\n");
}

bool sp_svg_fits(const char *text, double width)
{
	return (double)sp_utf8_columns(text) * 6.4 + 8 <= width;
}

#define NAME_MAX_COLS 26

double sp_svg_names_width(const struct sp_run *r)
{
	size_t cols = 6;

	for (uint32_t i = 0; i < r->header.n_ctrs; i++)
		cols = SP_MAX(cols, sp_utf8_columns(r->rows[i].name));
	return (double)SP_MIN(cols, (size_t)NAME_MAX_COLS) * 7.8 + 70;
}

void sp_svg_name(struct sp_svg *g, const struct sp_row *row, double y)
{
	static const struct sp_draw utf8 = {0};
	char mem[128];
	struct sp_buf b = sp_buf_fixed(mem, sizeof(mem));

	sp_padded(&b, &utf8, row->name, SP_MIN(sp_utf8_columns(row->name), (size_t)NAME_MAX_COLS));
	sp_svg_text(g, 16, y + SP_SVG_ROW / 2 + 4.5, "name", "", mem);
	sp_svg_text(g, g->x0 - 10, y + SP_SVG_ROW / 2 + 4.5, "dim", "end", sp_role_name(row->role));
}

void sp_svg_axis(struct sp_svg *g, const struct sp_scale *s, double height)
{
	double y = g->y + 16, free_from = 0;
	sp_time t;

	for (uint32_t i = 0; sp_scale_tick(s, i, &t); i++) {
		char mem[32];
		struct sp_buf label = sp_buf_fixed(mem, sizeof(mem));
		double x = g->x0 + sp_scale_at(s, t);

		sp_buf_printf(g->out, "<path class=\"grid\" d=\"M%.1f %.1fV%.1f\"/>\n", x, y,
			      y + height);
		sp_scale_label(s, t, &label);
		if (x - (double)label.len * 3.4 < free_from)
			continue;
		sp_svg_text(g, x, y - 5, "dim", "middle", mem);
		free_from = x + (double)label.len * 3.4 + 6;
	}
	sp_buf_printf(g->out, "<path class=\"axis\" d=\"M%.1f %.1fH%.1f\"/>\n", g->x0, y,
		      g->x0 + s->size);
	g->y = y + 4;
}

void sp_svg_cuts(struct sp_svg *g, const struct sp_scale *s, double y, double height)
{
	for (uint32_t i = 0; i < s->n_cuts; i++) {
		double x = g->x0 +
			   (sp_scale_at(s, s->cuts[i].from) + sp_scale_at(s, s->cuts[i].to)) / 2;

		sp_buf_printf(g->out,
			      "<path class=\"cut\" d=\"M%.1f %.1fl6 %.1fh-8l-6 %.1fz\"/>"
			      "<path class=\"cutline\" d=\"M%.1f %.1fl-6 %.1fm8 0l6 %.1f\"/>\n",
			      x + 1, y, height, -height, x - 7 + 6, y, height, -height);
	}
}

static const char *const band_classes[SP_BANDS] = {
	[SP_BAND_WAITING] = "waiting", [SP_BAND_BACKOFF] = "backoff",   [SP_BAND_INIT] = "init",
	[SP_BAND_GATE] = "gate",       [SP_BAND_RUNNING] = "running",   [SP_BAND_READY] = "ready",
	[SP_BAND_PRESTOP] = "prestop", [SP_BAND_STOPPING] = "stopping", [SP_BAND_DONE] = "",
};

void sp_svg_bars(struct sp_svg *g, const struct sp_run *r, const struct sp_row *row,
		 const struct sp_scale *s, double y, double h, bool labels)
{
	for (uint32_t i = 0; i < row->n_spans; i++) {
		const struct sp_span *p = &row->spans[i];
		sp_time end = sp_run_span_end(r, p);
		double x = sp_scale_at(s, p->from), w = sp_scale_at(s, end) - x;
		bool thin = p->band == SP_BAND_WAITING || p->band == SP_BAND_BACKOFF;
		char mem[160];
		struct sp_buf tip = sp_buf_fixed(mem, sizeof(mem));

		if (p->band == SP_BAND_DONE || end == p->from)
			continue;
		if (!thin)
			w = SP_MAX(w, 2.0); /* however short: it was there */
		x += g->x0;
		sp_buf_printf(&tip, "%s: %s from ", row->name, sp_band_name(p->band));
		sp_format_elapsed(&tip, p->from);
		sp_buf_puts(&tip, " for ");
		sp_format_elapsed(&tip, end - p->from);
		if (p->attempt > 0)
			sp_buf_printf(&tip, " (restart %lld)", (long long)p->attempt);
		sp_svg_rect(g, band_classes[p->band], x, thin ? y + h / 2 - 1.5 : y, w,
			    thin ? 3 : h, mem);
		if (!labels || thin || p->band == SP_BAND_READY || p->band == SP_BAND_RUNNING)
			continue;
		tip = sp_buf_fixed(mem, sizeof(mem));
		sp_format_elapsed(&tip, end - p->from);
		if (sp_svg_fits(mem, w) && (p->band == SP_BAND_INIT || p->band == SP_BAND_STOPPING))
			sp_svg_text(g, x + w / 2, y + h / 2 + 4, "on", "middle", mem);
	}
	for (uint32_t i = 0; i < row->n_exits; i++) {
		const struct sp_exit_mark *e = &row->exits[i];
		double x = g->x0 + sp_scale_at(s, e->at), m = y + h / 2;
		bool orderly = i + 1 == row->n_exits && row->sigterm_at >= 0;

		/* a notch where the next instance began at once */
		if (i + 1 < row->n_exits || row->running)
			sp_svg_rect(g, "cut", x - 0.75, y, 1.5, h, NULL);
		if (e->killed)
			sp_buf_printf(g->out,
				      "<path class=\"killed\" d=\"M%.1f %.1fh5v%.1fh-5z\"/>\n",
				      x - 2, y - 2, h + 4);
		else if (e->code && !orderly)
			sp_buf_printf(
				g->out,
				"<path class=\"over\" stroke-width=\"2\" d=\"M%.1f %.1fl7 7m0 "
				"-7l-7 7\"/>\n",
				x - 3.5, m - 3.5);
	}
}
