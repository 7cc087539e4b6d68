/* SPDX-License-Identifier: Apache-2.0 */
/* `simulate --check`: every scenario of a file, one TAP line each. */
#ifndef SP_SIM_CHECK_H
#define SP_SIM_CHECK_H

#include "sim/scenario.h"

struct sp_tally {
	uint32_t passed, failed, skipped;
};

/* What became of one scenario. */
struct sp_verdict {
	bool failed;
	const char *skipped; /* reason, NULL: it was checked */
	struct sp_buf why;   /* differences, one per line, the first one first */
	bool tell_all;       /* of the differences, not the first alone */
};

/** sp_verdict_tell() - Its TAP line; a failure is followed by the first difference, or by @err */
void sp_verdict_tell(const struct sp_scenario *s, const struct sp_verdict *v,
		     const struct sp_error *err, struct sp_buf *out, struct sp_tally *tally);

/** sp_check_unreadable() - The TAP line of a file that holds no scenarios: a failure */
void sp_check_unreadable(const struct sp_source *src, const struct sp_diags *diags,
			 struct sp_buf *out, struct sp_tally *tally);

/**
 * sp_check_source() - Check all scenarios of one file
 * @out: receives "ok …" and "not ok …" lines; a failure is followed by its first difference
 * @tally: counted on
 *
 * A file that cannot be read as scenarios is one failure.
 *
 * Return: 0, or -1 when memory ran out.
 */
int sp_check_source(const struct sp_source *src, const struct sp_scn_outside *outside,
		    struct sp_buf *out, struct sp_tally *tally, struct sp_error *err);

/** sp_check_end() - The plan and the last line, "N passed, N failed, N skipped" */
void sp_check_end(const struct sp_tally *tally, struct sp_buf *out);

#endif
