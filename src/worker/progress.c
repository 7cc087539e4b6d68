/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/progress.h"

#include "base/json.h"
#include "registry/client.h"

#define DRAW_EVERY (100 * SP_MSEC)
#define BAR        24

static const char *const state_names[] = {"waiting",  "downloaded elsewhere", "downloading",
					  "retrying", "downloaded",           "unpacking",
					  "done"};
_Static_assert(SP_ARRAY_LEN(state_names) == SP_LAYER_STATES, "a name for each state");

static void add_size(struct sp_buf *b, uint64_t bytes)
{
	if (bytes < 1000 * 1000)
		sp_buf_printf(b, "%.1f kB", (double)bytes / 1e3);
	else if (bytes < 1000ull * 1000 * 1000)
		sp_buf_printf(b, "%.1f MB", (double)bytes / 1e6);
	else
		sp_buf_printf(b, "%.2f GB", (double)bytes / 1e9);
}

static void add_layer(const struct sp_look *look, const struct sp_pull_layer *l, struct sp_buf *b)
{
	sp_buf_printf(b, "%.12s  ", l->digest + strlen("sha256:"));
	if (l->state == SP_LAYER_DOWNLOADING && look->columns >= 12 + 2 + BAR + 2 + 24) {
		uint64_t full = l->size_bytes ? l->size_bytes : 1;
		size_t k = (size_t)((double)SP_MIN(l->done_bytes, full) / (double)full * BAR);

		sp_buf_putc(b, '[');
		sp_buf_fill(b, '=', k);
		sp_buf_putc(b, k < BAR ? '>' : '=');
		sp_buf_fill(b, ' ', BAR - k);
		sp_buf_puts(b, "] ");
		add_size(b, l->done_bytes);
		sp_buf_puts(b, " of ");
	} else {
		sp_buf_printf(b, "%-12s ", state_names[l->state]);
	}
	add_size(b, l->size_bytes);
	sp_buf_putc(b, '\n');
}

uint32_t sp_pull_view_lines(const struct sp_look *look, const struct sp_pull_layer *v, uint32_t n,
			    struct sp_buf *out)
{
	uint32_t room = (uint32_t)SP_MAX(look->rows - 2, 1), lines = 0, hidden;
	uint64_t done = 0, size = 0;

	if (n <= room) {
		for (uint32_t i = 0; i < n; i++)
			add_layer(look, &v[i], out);
		return n;
	}
	/* those under way, and the rest in one line */
	for (uint32_t i = 0; i < n; i++) {
		done += v[i].done_bytes;
		size += v[i].size_bytes;
		if (lines + 1 < room && v[i].state != SP_LAYER_WAITING &&
		    v[i].state != SP_LAYER_DONE && v[i].state != SP_LAYER_DOWNLOADED) {
			add_layer(look, &v[i], out);
			lines++;
		}
	}
	hidden = n - lines;
	sp_buf_printf(out, "%u more layers, ", hidden);
	add_size(out, done);
	sp_buf_puts(out, " of ");
	add_size(out, size);
	sp_buf_puts(out, " in all\n");
	return lines + 1;
}

static void erase(struct sp_pull_view *view, struct sp_buf *out)
{
	if (view->lines)
		sp_buf_printf(out, "\033[%uA\033[J", view->lines);
	view->lines = 0;
}

static void put(struct sp_pull_view *view, const struct sp_buf *out)
{
	if (!out->failed && out->len)
		(void)fwrite(out->ptr, 1, out->len, view->cli->err); /* progress: nobody needs it */
	(void)fflush(view->cli->err);
}

static void add_json(const struct sp_pull_view *view, const struct sp_pull_layer *l, uint32_t i,
		     uint32_t n, struct sp_buf *out)
{
	sp_buf_putc(out, '{');
	sp_json_str(out, "image", view->image);
	sp_json_int(out, "layer", i + 1);
	sp_json_int(out, "layers", n);
	sp_json_str(out, "digest", l->digest);
	sp_json_str(out, "state", state_names[l->state]);
	sp_json_int(out, "bytes", (int64_t)l->done_bytes);
	sp_json_int(out, "size", (int64_t)l->size_bytes);
	sp_buf_puts(out, "}\n");
}

/* Steps that are worth a line in a log. Return: does any layer have another state than before? */
static bool note_states(struct sp_pull_view *view, const struct sp_pull_layer *v, uint32_t n,
			struct sp_buf *out)
{
	bool moved = false;

	if (view->n_states != n) {
		view->states = sp_arena_array(&view->cli->arena, n, 1);
		view->n_states = view->states ? n : 0;
	}
	for (uint32_t i = 0; i < view->n_states; i++) {
		if (view->states[i] == v[i].state)
			continue;
		view->states[i] = (uint8_t)v[i].state;
		moved = true;
		if (v[i].state != SP_LAYER_DOWNLOADED && v[i].state != SP_LAYER_RETRYING &&
		    v[i].state != SP_LAYER_ELSEWHERE && v[i].state != SP_LAYER_DONE)
			continue;
		if (view->mode == SP_PROGRESS_JSON) {
			add_json(view, &v[i], i, n, out);
		} else {
			if (view->several)
				sp_buf_printf(out, "%s  ", view->image);
			sp_buf_printf(out, "layer %u/%u  ", i + 1, n);
			add_layer(&view->cli->err_look, &v[i], out);
		}
	}
	return moved;
}

void sp_pull_view_draw(void *arg, const struct sp_pull_layer *v, uint32_t n)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf out = {0}, steps = {0};
	struct sp_pull_view *view = arg;
	sp_time now = sp_http_now();
	bool first = !view->named, moved;

	if (view->mode == SP_PROGRESS_QUIET)
		return;
	if (first && view->mode != SP_PROGRESS_JSON)
		sp_buf_printf(view->mode == SP_PROGRESS_TTY ? &out : &steps, "pulling %s\n",
			      view->image);
	view->named = true;
	moved = note_states(view, v, n, &steps);
	if (view->mode != SP_PROGRESS_TTY) {
		put(view, &steps);
		return;
	}
	if (!first && !moved && now - view->drawn_at < DRAW_EVERY)
		return;
	view->drawn_at = now;
	erase(view, &out);
	view->lines = sp_pull_view_lines(&view->cli->err_look, v, n, &out);
	put(view, &out);
}

void sp_pull_view_warn(void *arg, const char *text)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf out = {0};
	struct sp_pull_view *view = arg;

	erase(view, &out);
	if (view->mode == SP_PROGRESS_JSON) {
		sp_buf_putc(&out, '{');
		sp_json_str(&out, "image", view->image);
		sp_json_str(&out, "warning", text);
		sp_buf_puts(&out, "}\n");
	} else {
		sp_buf_puts(&out, "warning: ");
		if (view->several)
			sp_buf_printf(&out, "%s: ", view->image);
		sp_buf_printf(&out, "%s\n", text);
	}
	put(view, &out);
}
