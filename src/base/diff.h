/* SPDX-License-Identifier: Apache-2.0 */
/* What changed between two texts, line by line, in the unified form that patch(1) reads. */
#ifndef SP_BASE_DIFF_H
#define SP_BASE_DIFF_H

#include "base/buf.h"

/**
 * sp_text_diff() - Unified diff of two texts, three lines around; nothing when they are equal
 * @name: of both files, after "a/" and "b/" (without them when it begins with "/" or "<")
 *
 * Shortest edit script (Myers 1986) as long as the texts differ in few thousand lines; what differs
 * in more is shown as one replaced block. out->failed tells when memory ran out.
 */
void sp_text_diff(const char *name, const char *before, size_t before_len, const char *after,
		  size_t after_len, bool color, struct sp_buf *out);

#endif
