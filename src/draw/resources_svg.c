/* SPDX-License-Identifier: Apache-2.0 */
/* Requests of pods as stacked bars: see resources_svg.h. */
#include "draw/resources_svg.h"

#include "draw/svg.h"
#include "spec/quantity.h"

#define LEFT   190.0
#define RIGHT  130.0
#define TOP    64.0
#define PANEL  34.0 /* head of a panel */
#define BOTTOM 40.0

/* Fills that differ in lightness too, and the text that can be read on them. */
static const char *const fills[] = {"ready", "gate-flat", "init", "running", "stopping", "waiting"};
static const char *const inks[] = {"on", "dark", "on", "dark", "on", "dark"};

static int64_t value_of(const struct sp_res_pod *p, uint16_t i, enum sp_res r)
{
	return p->ctrs[i].req[r] == SP_RES_UNSET ? 0 : p->ctrs[i].req[r];
}

static void amount(enum sp_res r, int64_t v, struct sp_buf *b)
{
	sp_quantity_print((__int128)v * (r == SP_RES_CPU ? 1000000 : 1000000000), r != SP_RES_CPU,
			  b);
}

/* Is container @i part of phase @phase? phase == n_init: the running pod. */
static bool counts(const struct sp_res_pod *p, uint16_t phase, uint16_t i)
{
	if (phase == p->n_init)
		return i >= p->n_init || p->roles[i] == SP_ROLE_SIDECAR;
	return i == phase || (i < phase && p->roles[i] == SP_ROLE_SIDECAR);
}

static int64_t total(const struct sp_res_pod *p, uint16_t phase, enum sp_res r)
{
	int64_t sum = 0;

	for (uint16_t i = 0; i < p->n_ctrs; i++)
		if (counts(p, phase, i) && __builtin_add_overflow(sum, value_of(p, i, r), &sum))
			return INT64_MAX;
	return sum;
}

static bool is_phase(const struct sp_res_pod *p, uint16_t phase)
{
	return phase == p->n_init || p->roles[phase] == SP_ROLE_INIT;
}

static void bar(struct sp_svg *g, const struct sp_draw_pod *pod, uint16_t phase, enum sp_res r,
		double scale, bool wins)
{
	double x = LEFT, y = g->y + (SP_SVG_ROW - SP_SVG_BAR) / 2;
	char mem[96];
	struct sp_buf b = sp_buf_fixed(mem, sizeof(mem));

	sp_svg_text(g, LEFT - 10, y + 12, "name", "end",
		    phase == pod->res->n_init ? "running" : pod->names[phase]);
	for (uint16_t i = 0; i < pod->res->n_ctrs; i++) {
		double w = (double)value_of(pod->res, i, r) * scale;

		if (!counts(pod->res, phase, i) || w <= 0)
			continue;
		sp_buf_clear(&b);
		sp_buf_printf(&b, "%s ", pod->names[i]);
		amount(r, value_of(pod->res, i, r), &b);
		sp_svg_rect(g, fills[i % SP_ARRAY_LEN(fills)], x, y, w, SP_SVG_BAR, mem);
		if (sp_svg_fits(mem, w))
			sp_svg_text(g, x + 5, y + 12, inks[i % SP_ARRAY_LEN(inks)], "", mem);
		else if (sp_svg_fits(pod->names[i], w))
			sp_svg_text(g, x + 5, y + 12, inks[i % SP_ARRAY_LEN(inks)], "",
				    pod->names[i]);
		x += w;
	}
	if (wins && x > LEFT)
		sp_buf_printf(g->out,
			      "<rect class=\"win\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" "
			      "height=\"%.1f\"/>\n",
			      LEFT - 2, y - 2, x - LEFT + 4, SP_SVG_BAR + 4);
	sp_buf_clear(&b);
	amount(r, total(pod->res, phase, r), &b);
	sp_svg_text(g, x + 8, y + 12, wins ? "small win-text" : "small", "", mem);
	g->y += SP_SVG_ROW;
}

static void panel(struct sp_svg *g, const struct sp_draw_pod *pod, enum sp_res r)
{
	static const char *const names[] = {"cpu", "memory", "ephemeral storage"};
	const struct sp_res_pod *p = pod->res;
	enum sp_res_term term;
	uint16_t at = 0;
	int64_t request = sp_res_request(p, r, &term, &at), limit = 0, most = request;
	uint16_t winner = term == SP_TERM_INIT ? at : p->n_init;
	double scale, top;
	char mem[160];
	struct sp_buf b = sp_buf_fixed(mem, sizeof(mem));

	if (sp_res_limit_declared(p, r))
		limit = sp_res_limit(p, r, NULL, NULL);
	for (uint16_t i = 0; i <= p->n_init; i++)
		most = SP_MAX(most, total(p, i, r));
	most = SP_MAX(most, limit);
	sp_buf_printf(&b, "%s: request ", names[r]);
	amount(r, request, &b);
	sp_buf_puts(&b, limit ? ", limit " : ", no limit");
	if (limit)
		amount(r, limit, &b);
	if (term == SP_TERM_POD_LEVEL)
		sp_buf_puts(&b, " (set for the whole pod)");
	else if (p->overhead[r])
		sp_buf_puts(&b, " (with overhead)");
	sp_svg_text(g, 16, g->y + 20, "head", "", mem);
	g->y += PANEL;
	top = g->y;
	scale = most > 0 ? (SP_SVG_WIDTH - LEFT - RIGHT) / (double)most : 0;
	for (uint16_t i = 0; i <= p->n_init; i++)
		if (is_phase(p, i))
			bar(g, pod, i, r, scale,
			    term != SP_TERM_POD_LEVEL && i == winner && request > 0);
	if (limit) {
		double x = LEFT + (double)limit * scale;

		sp_buf_printf(g->out,
			      "<path class=\"mark over\" d=\"M%.1f %.1fV%.1f\" fill=\"none\"/>\n",
			      x, top - 4, g->y + 2);
		sp_svg_text(g, x, top - 8, "marktext overtext", "middle", "limit");
	}
	g->y += 8;
}

/* Colours and names of the containers, wrapped. */
static void legend(struct sp_svg *g, const struct sp_draw_pod *pod)
{
	double x = LEFT;

	for (uint16_t i = 0; i < pod->res->n_ctrs; i++) {
		double w = (double)strlen(pod->names[i]) * 7.2 + 34;

		if (x + w > SP_SVG_WIDTH - 16 && x > LEFT) {
			x = LEFT;
			g->y += 18;
		}
		sp_svg_rect(g, fills[i % SP_ARRAY_LEN(fills)], x, g->y + 2, 11, 11, NULL);
		sp_svg_text(g, x + 16, g->y + 12, "small", "", pod->names[i]);
		x += w;
	}
	g->y += 24;
}

void sp_draw_resources_svg(const struct sp_draw_pod *v, uint32_t n, const struct sp_draw *d,
			   struct sp_buf *out)
{
	static const char own[] =
		"<style>.gate-flat{fill:#f2c76b}.win{fill:none;stroke:#1b1f24;stroke-width:1.8}"
		".win-text{font-weight:700}"
		"@media (prefers-color-scheme:dark){.gate-flat{fill:#c99a3a}.win{stroke:#e6edf3}}"
		"</style>\n";
	SP_CLEANUP(sp_buf_done) struct sp_buf body = {0};
	struct sp_svg g = {.out = &body, .y = TOP};

	sp_buf_puts(&body, own);
	sp_svg_text(&g, 16, 28, "title", "", "Requests by phase");
	sp_svg_text(
		&g, 16, 48, "dim", "",
		"Each plain init container runs beside the sidecars before it; the outlined bar "
		"decides what the pod requests.");
	for (uint32_t i = 0; i < n; i++) {
		sp_svg_text(&g, 16, g.y + 18, "title", "", v[i].title);
		g.y += 28;
		panel(&g, &v[i], SP_RES_CPU);
		panel(&g, &v[i], SP_RES_MEMORY);
		legend(&g, &v[i]);
		g.y += 12;
	}
	sp_svg_page(out, "Requests by phase",
		    "Stacked bars of the requests of containers for each phase of a pod's life.",
		    d->version, SP_SVG_WIDTH, g.y + BOTTOM, &body);
}
