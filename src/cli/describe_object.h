/* SPDX-License-Identifier: Apache-2.0 */
/* `describe` for objects that are not pods: everything about one of them, as text. Pure. */
#ifndef SP_CLI_DESCRIBE_OBJECT_H
#define SP_CLI_DESCRIBE_OBJECT_H

#include "base/arena.h"
#include "base/buf.h"
#include "spec/node.h"

/* What stands around the object; all of its namespace. */
struct sp_described {
	const struct sp_node *object;
	const struct sp_node *const *events; /* all there are: those about it are picked */
	uint32_t n_events;
	const struct sp_node *const *slices; /* EndpointSlices, for a Service */
	uint32_t n_slices;
	int64_t now_wall;
};

/** sp_describe_object() - Values of Secrets are not shown, only how long they are */
void sp_describe_object(struct sp_arena *a, const struct sp_described *d, struct sp_buf *out);

/** sp_describe_map() - "Title:  k=v" and a line for each further pair
 * @width: columns before the pairs */
void sp_describe_map(struct sp_buf *out, const char *title, size_t width,
		     const struct sp_node *map);

#endif
