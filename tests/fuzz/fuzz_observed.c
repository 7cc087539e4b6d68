/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as measured use: a run record, the JSON of `top`, or what it prints. */
#include "cli/observed.h"

#include "cli/files.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Linked in the place of the product's. */
int __wrap_sp_cli_read(struct sp_cli *cli, const char *path, struct sp_source *ret,
		       struct sp_error *err);

static const uint8_t *content;
static size_t n_content;

int __wrap_sp_cli_read(struct sp_cli *cli, const char *path, struct sp_source *ret,
		       struct sp_error *err)
{
	char *text = sp_arena_strndup(&cli->arena, (const char *)content, n_content);

	if (!text)
		return sp_fail(err, SP_E_NO_MEMORY, "read");
	*ret = (struct sp_source){.name = path, .bytes = text, .len = n_content};
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sp_cli cli = {.arena = {.limit_bytes = 64u << 20}};
	struct sp_use *v = NULL;
	struct sp_error err;
	uint32_t n = 0;

	content = data;
	n_content = size;
	if (sp_observed_read(&cli, "-", &v, &n, &err) == 0) {
		assert(n > 0);
		for (uint32_t i = 0; i < n; i++)
			assert(v[i].ctr && v[i].cpu_milli >= -1 && v[i].memory_bytes >= -1);
	}
	sp_arena_done(&cli.arena);
	return 0;
}
