/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The part of kubectl's JSONPath templates that people use: {.a.b}, {.a[0]}, {.a[-1]}, {.a[1:3]},
 * {.a[*].b}, {.a['b.c']}, {.a[?(@.b=="c")]}, {range .items[*]}…{end}, {"\n"}, and text around.
 */
#ifndef SP_CLI_JSONPATH_H
#define SP_CLI_JSONPATH_H

#include "base/error.h"
#include "spec/node.h"

/**
 * sp_jsonpath() - Print what a template selects; a template without braces is one expression
 *
 * Results of one expression are separated by a blank; maps and lists are printed as JSON; what is
 * not there prints nothing. @err: SP_E_INVALID, with the place in the template.
 */
int sp_jsonpath(const char *template, const struct sp_node *root, struct sp_buf *out,
		struct sp_error *err);

#endif
