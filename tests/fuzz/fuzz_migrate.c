/* SPDX-License-Identifier: Apache-2.0 */
/* Any manifest with old companions: the result reads, and migrating it again changes nothing. */
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
	if (sp_migrate(&src, &opt, &diags, &m, &err) == 0 && m.changed) {
		src = (struct sp_source){"again", m.text.ptr, m.text.len};
		if (sp_migrate(&src, &opt, &diags, &again, &err) < 0 || again.changed)
			__builtin_trap();
		sp_migration_done(&again);
	}
	sp_migration_done(&m);
	sp_arena_done(&a);
	return 0;
}
