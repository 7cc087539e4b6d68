/* SPDX-License-Identifier: Apache-2.0 */
/* `simulate --check`: every scenario of a file, one TAP line each. */
#ifndef SP_SIM_CHECK_H
#define SP_SIM_CHECK_H

#include "sim/scenario.h"

struct sp_tally {
	uint32_t passed, failed, skipped;
};

/**
 * sp_check_source() - Check all scenarios of one file
 * @kube_minor: release whose behaviour is simulated; scenarios may name another
 * @out: receives "ok …" and "not ok …" lines; a failure is followed by its first difference
 * @tally: counted on
 *
 * A file that cannot be read as scenarios is one failure.
 *
 * Return: 0, or -1 when memory ran out.
 */
int sp_check_source(const struct sp_source *src, int kube_minor, struct sp_buf *out,
		    struct sp_tally *tally, struct sp_error *err);

/** sp_check_end() - The plan and the last line, "N passed, N failed, N skipped" */
void sp_check_end(const struct sp_tally *tally, struct sp_buf *out);

#endif
