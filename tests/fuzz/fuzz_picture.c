/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a run record: every picture of it can be drawn, text in lines that fit. */
#include "base/text.h"
#include "draw/draw.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct sp_draw looks[] = {{.columns = 80, .version = "0"},
					       {.columns = 72, .version = "0", .ascii = true},
					       {.columns = 200, .version = "0", .color = true}};
	struct sp_link links[256];
	struct sp_buf out = {0};
	struct sp_error err;
	struct sp_run r;

	if (size > 65536)
		return 0;
	sp_run_init(&r);
	if (sp_run_read(&r, (const char *)data, size, &err) == 0) {
		struct sp_order_box *boxes =
			sp_arena_array(&r.arena, r.header.n_ctrs + 1, sizeof(*boxes));

		for (size_t i = 0; i < SP_ARRAY_LEN(looks); i++) {
			sp_draw_gantt_text(&r, &looks[i], &out);
			sp_draw_waterfall_text(&r, &looks[i], &out);
			sp_draw_path_text(&r, &looks[i], &out);
			sp_draw_overlay_text(&r, &r, &looks[i], &out);
			sp_buf_clear(&out);
		}
		sp_draw_svg(&r, &looks[0], &out);
		sp_draw_overlay_svg(&r, &r, &looks[0], &out);
		sp_draw_gantt_mermaid(&r, &out);
		if (boxes) {
			sp_order_of_header(&r.header, boxes);
			sp_draw_order_text(boxes, r.header.n_ctrs, &looks[0], &out);
			sp_draw_order_svg(boxes, r.header.n_ctrs, r.header.pod, &looks[0], &out);
		}
		if (sp_run_start_path(&r, links, SP_ARRAY_LEN(links)) > SP_ARRAY_LEN(links) ||
		    sp_run_stop_path(&r, links, SP_ARRAY_LEN(links)) > SP_ARRAY_LEN(links))
			__builtin_trap();
	}
	sp_run_done(&r);
	sp_buf_done(&out);
	return 0;
}
