/* SPDX-License-Identifier: Apache-2.0 */
/* Between what reads records of known sidecars and what looks them up. */
#ifndef SP_LINT_CATALOGUE_INTERNAL_H
#define SP_LINT_CATALOGUE_INTERNAL_H

#include "lint/catalogue.h"

#define SP_CAT_RECORDS_MAX 2000

/**
 * sp_cat_read() - The records of one file
 * @src: copied as far as it is needed
 * @ret: array in the arena
 * @err: SP_E_INVALID with file, line and what is wrong
 */
int sp_cat_read(struct sp_arena *a, const struct sp_source *src, struct sp_cat_entry **ret,
		uint32_t *ret_n, struct sp_error *err);

#endif
