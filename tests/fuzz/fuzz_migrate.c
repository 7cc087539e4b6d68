/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any manifest with old companions: the result reads, and migrating it again changes nothing; what
 * did not change is the same bytes; what is not allowed is no fault of ours; both make a patch.
 */
#include "lint/catalogue.h"
#include "migrate/migrate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct sp_catalogue *catalogue;
	struct sp_source src = {"fuzz", (const char *)data, size};
	struct sp_migration m, again;
	struct sp_arena a = {0};
	struct sp_diags diags;
	struct sp_error err;

	if (!catalogue)
		catalogue = sp_catalogue_new(&err);
	assert(catalogue);

	const struct sp_mig_options opt = {.catalogue = catalogue};

	sp_diags_init(&diags, &a);
	if (sp_migrate(&src, &opt, &diags, &m, &err) < 0) {
		if (err.code == SP_E_INTERNAL || err.code == SP_E_UNSUPPORTED)
			__builtin_trap();
	} else if (m.changed) {
		const struct sp_source next = {"again", m.text.ptr, m.text.len};
		struct sp_buf patch = {0};

		if (sp_migrate(&next, &opt, &diags, &again, &err) < 0 || again.changed)
			__builtin_trap();
		sp_migration_done(&again);
		(void)sp_migrate_patch(&src, &next, &patch, &err); /* may be refused */
		sp_buf_done(&patch);
	} else if (m.text.len != size || (size && memcmp(m.text.ptr, data, size) != 0)) {
		__builtin_trap();
	}
	sp_migration_done(&m);
	sp_arena_done(&a);
	return 0;
}
