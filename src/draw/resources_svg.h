/* SPDX-License-Identifier: Apache-2.0 */
/* What a pod asks for in each phase of its life, as stacked bars. Pure: numbers in, text out. */
#ifndef SP_DRAW_RESOURCES_SVG_H
#define SP_DRAW_RESOURCES_SVG_H

#include "core/resources.h"
#include "draw/draw.h"

struct sp_draw_pod {
	const char *title;        /* "Deployment/web" */
	const char *const *names; /* of containers, init list first */
	const struct sp_res_pod *res;
};

/** sp_draw_resources_svg() - One page: for each pod cpu and memory, a bar per phase (each plain
 * init container with the sidecars before it, then the running pod), the deciding bar outlined, the
 * effective limit as a line */
void sp_draw_resources_svg(const struct sp_draw_pod *v, uint32_t n, const struct sp_draw *d,
			   struct sp_buf *out);

#endif
