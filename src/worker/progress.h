/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What people see of a pull, on standard error: the image's name, then on a terminal one line per
 * layer, redrawn in place and folded to the terminal's height; elsewhere one line per finished
 * step, as text or as JSON:
 * {"image","layer","layers","digest","state","bytes","size"}.
 */
#ifndef SP_WORKER_PROGRESS_H
#define SP_WORKER_PROGRESS_H

#include "cli/cli.h"
#include "cli/progress.h"
#include "registry/pull.h"

struct sp_pull_view {
	struct sp_cli *cli;
	enum sp_progress_mode mode;
	const char *image; /* that is pulled, as the user names it */
	bool several;      /* others are pulled at the same time: every line says which one it is */
	/* private; zero at first */
	bool named; /* which image it is was told */
	sp_time drawn_at;
	uint32_t lines;  /* drawn now */
	uint8_t *states; /* told so far, in the arena of cli */
	uint32_t n_states;
};

/** sp_pull_view_draw() - The callback of struct sp_pull; @arg is a struct sp_pull_view */
void sp_pull_view_draw(void *arg, const struct sp_pull_layer *v, uint32_t n);

/** sp_pull_view_warn() - One warning, above the lines */
void sp_pull_view_warn(void *arg, const char *text);

/** sp_pull_view_lines() - What a terminal would show; for drawing and for tests */
uint32_t sp_pull_view_lines(const struct sp_look *look, const struct sp_pull_layer *v, uint32_t n,
			    struct sp_buf *out);

#endif
