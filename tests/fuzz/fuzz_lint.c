/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a file to lint, with every report; and fixed. The first byte chooses the release
 * and whether fixes are tried, which takes longer. What fixing gives must not be worse to read than
 * what it was given.
 */
#include "lint/lint.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void report(struct sp_lint *l)
{
	for (int f = 0; f < SP_LINT_FORMATS; f++) {
		const struct sp_lint_report r = {
			.format = (enum sp_lint_format)f, .threshold = SP_SEV_INFO, .all = true};
		SP_CLEANUP(sp_buf_done) struct sp_buf out = {0};

		sp_lint_print(l, &r, &out);
	}
}

static uint32_t broken(const struct sp_lint_options *o, const char *bytes, size_t len, bool print)
{
	struct sp_error err;
	struct sp_lint l;
	uint32_t n;

	sp_lint_init(&l, o);
	if (sp_lint_add(&l, "fuzz.yaml", bytes, len) == 0 && sp_lint_run(&l, &err) == 0 && print)
		report(&l);
	n = l.n_broken;
	sp_lint_done(&l);
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct sp_catalogue *catalogue;
	struct sp_lint_options o = {.node_milli = 100, .node_bytes = 1 << 20};
	struct sp_error err;
	const char *bytes = (const char *)data + 1;

	if (size < 1 || size > 16 * 1024)
		return 0;
	if (!catalogue && !(catalogue = sp_catalogue_new(&err)))
		abort();
	o.catalogue = catalogue;
	o.kube_minor = 28 + (data[0] & 7);
	o.closed = data[0] & 8;
	if (broken(&o, bytes, size - 1, true) == 0 && (data[0] & 0x30) == 0x30) {
		const struct sp_source src = {"fuzz.yaml", bytes, size - 1};
		struct sp_lint_fixed f = {0};

		if (sp_lint_fix(&src, &o, SP_FIX_SUGGEST, &f, &err) == 0 && f.n_fixes &&
		    broken(&o, f.text.ptr, f.text.len, false))
			abort();
		sp_lint_fixed_done(&f);
	}
	return 0;
}
