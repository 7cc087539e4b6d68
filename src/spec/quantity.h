/* SPDX-License-Identifier: Apache-2.0 */
/* Kubernetes quantities: "250m", "64Mi", "1e3", "0.5". */
#ifndef SP_SPEC_QUANTITY_H
#define SP_SPEC_QUANTITY_H

#include "base/buf.h"

struct sp_quantity {
	__int128 nano;    /* value · 10^9, rounded away from zero */
	const char *text; /* as written; borrowed */
};

/** sp_quantity_parse() - Return: 0, or -1 when @s is not a quantity. ret->text = @s */
int sp_quantity_parse(const char *s, struct sp_quantity *ret);
/** sp_quantity_ceil() - Whole units, rounded up, saturated to int64 (bytes) */
int64_t sp_quantity_ceil(const struct sp_quantity *q);
/** sp_quantity_milli() - Thousandths, rounded up, saturated (cpu) */
int64_t sp_quantity_milli(const struct sp_quantity *q);
int sp_quantity_cmp(const struct sp_quantity *a, const struct sp_quantity *b);
/** sp_quantity_print() - Canonical form: 1500m, 2, 64Mi, 1Gi. @binary: powers of 1024 for sizes */
void sp_quantity_print(__int128 nano, bool binary, struct sp_buf *out);

#endif
