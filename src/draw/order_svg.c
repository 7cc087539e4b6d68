/* SPDX-License-Identifier: Apache-2.0 */
/* The start order as boxes on a page: who waits for what, and who is stopped when. */
#include "base/text.h"
#include "draw/svg.h"

#include <stdio.h>

#define BOX_WIDTH  300.0
#define BOX_HEIGHT 46.0
#define GAP        44.0
#define LEFT       16.0
#define PAGE_WIDTH 620.0

static void draw_box(struct sp_svg *g, const struct sp_order_box *b, uint32_t number)
{
	static const struct sp_draw utf8 = {0};
	char mem[160];
	struct sp_buf t = sp_buf_fixed(mem, sizeof(mem));

	sp_buf_printf(g->out,
		      "<rect class=\"box\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" "
		      "rx=\"6\"/>\n",
		      LEFT, g->y, BOX_WIDTH, BOX_HEIGHT);
	sp_svg_rect(g,
		    b->role == SP_ROLE_INIT      ? "init"
		    : b->role == SP_ROLE_SIDECAR ? "ready"
						 : "stopping",
		    LEFT, g->y, 5, BOX_HEIGHT, NULL);
	sp_buf_printf(&t, "%u  ", number);
	sp_padded(&t, &utf8, b->name, SP_MIN(sp_utf8_columns(b->name), (size_t)32));
	sp_svg_text(g, LEFT + 18, g->y + 20, "name", "", mem);
	sp_svg_text(g, LEFT + 18, g->y + 37, "dim", "", sp_role_name(b->role));
	if (b->stop_turn)
		snprintf(mem, sizeof(mem), "stop turn %d", b->stop_turn);
	else
		snprintf(mem, sizeof(mem), "gone before the stop");
	sp_svg_text(g, LEFT + BOX_WIDTH - 12, g->y + 37, "dim", "end", mem);
	g->y += BOX_HEIGHT;
}

void sp_draw_order_svg(const struct sp_order_box *v, uint32_t n, const char *title,
		       const struct sp_draw *d, struct sp_buf *out)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf body = {0}, desc = {0};
	struct sp_svg g = {.out = &body, .y = 58};
	double x = LEFT + 40;

	sp_svg_text(&g, 16, 28, "title", "", title);
	sp_svg_text(&g, 16, 47, "dim", "",
		    "Start order, top to bottom. Beside an arrow: what the "
		    "next container waits for.");
	sp_buf_puts(&desc, "Start order:");
	for (uint32_t i = 0; i < n; i++) {
		bool waits = i + 1 < n && v[i].role != SP_ROLE_APP;

		sp_buf_printf(&desc, " %s%s", v[i].name, waits ? "," : i + 1 < n ? " and" : ".");
		g.y += i == 0 ? 6 : 0;
		draw_box(&g, &v[i], i + 1);
		if (waits) {
			sp_buf_printf(&body,
				      "<path class=\"arrow\" d=\"M%.1f %.1fv%.1f\"/><path "
				      "class=\"tip\" d=\"M%.1f %.1fl-5 -9h10z\"/>\n",
				      x, g.y + 2, GAP - 8, x, g.y + GAP - 2);
			sp_svg_text(&g, x + 12, g.y + GAP / 2 + 4, "small", "", v[i].gate);
			g.y += GAP;
		} else {
			g.y += 8; /* regular containers do not wait for one another */
		}
	}
	sp_svg_page(out, title, desc.ptr, d->version, PAGE_WIDTH, g.y + 30, &body);
}
