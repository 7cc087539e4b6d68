/* SPDX-License-Identifier: Apache-2.0 */
/* The critical path to Ready: which wait cost how much, largest first. */
#include "base/text.h"
#include "draw/draw_internal.h"

void sp_draw_path_text(const struct sp_run *r, const struct sp_draw *d, struct sp_buf *out)
{
	struct sp_link v[2 * SP_CONTAINERS_MAX + 4];
	uint32_t n = sp_run_start_path(r, v, SP_ARRAY_LEN(v));
	sp_time whole = 0;
	size_t name_cols = 4;
	char mem[96];
	struct sp_buf b = sp_buf_fixed(mem, sizeof(mem));

	if (n == 0)
		return;
	for (uint32_t i = 0; i < n; i++) {
		whole += v[i].cost;
		name_cols = SP_MAX(name_cols, sp_utf8_columns(v[i].row->name));
	}
	name_cols = SP_MIN(name_cols, (size_t)30);
	for (uint32_t i = 1; i < n; i++) /* largest first; equal ones by time */
		for (uint32_t k = i; k > 0 && v[k].cost > v[k - 1].cost; k--) {
			struct sp_link t = v[k];

			v[k] = v[k - 1];
			v[k - 1] = t;
		}
	sp_buf_puts(&b, r->ready_at >= 0 ? "Critical path to Ready, " : "Critical path so far, ");
	sp_format_elapsed(&b, r->ready_at >= 0 ? r->ready_at : r->end);
	sp_tinted(out, d, SP_TINT_BOLD, mem);
	sp_buf_puts(out, "\n\n");
	for (uint32_t i = 0; i < n; i++) {
		if (v[i].cost < whole / 200 && i >= 3) { /* what is below half a percent is noise */
			sp_buf_printf(out, "%s %u more, below 0.5%%\n", d->ascii ? "..." : "…",
				      n - i);
			break;
		}
		sp_padded(out, d, v[i].row->name, name_cols);
		b = sp_buf_fixed(mem, sizeof(mem));
		sp_buf_puts(&b, " @");
		sp_format_elapsed(&b, v[i].at);
		sp_padded(out, d, mem, 9);
		b = sp_buf_fixed(mem, sizeof(mem));
		sp_buf_puts(&b, " +");
		sp_format_elapsed(&b, v[i].cost);
		sp_padded(out, d, mem, 9);
		b = sp_buf_fixed(mem, sizeof(mem));
		sp_percent(&b, v[i].cost, whole);
		sp_buf_printf(out, " %4s  %s\n", mem, v[i].what);
	}
}
