/* SPDX-License-Identifier: Apache-2.0 */
/* Small questions to the typed structs. */
#include "spec/types.h"

const char *sp_map_get(const struct sp_map *m, const char *key)
{
	for (uint32_t i = 0; i < m->n; i++)
		if (sp_streq(m->v[i].key, key))
			return m->v[i].value;
	return NULL;
}

const struct sp_quantity *sp_res_get(const struct sp_res_list *l, const char *name)
{
	for (uint32_t i = 0; i < l->n; i++)
		if (sp_streq(l->v[i].name, name))
			return &l->v[i].q;
	return NULL;
}

bool sp_res_is_huge(const char *name)
{
	return strncmp(name, SP_HUGE_PREFIX, strlen(SP_HUGE_PREFIX)) == 0;
}

int64_t sp_huge_size(const char *size)
{
	struct sp_quantity q;

	if (sp_quantity_parse(size, &q) < 0 || q.nano <= 0 || q.nano % 1000000000 != 0 ||
	    q.nano / 1000000000 > INT64_MAX)
		return -1;
	return (int64_t)(q.nano / 1000000000);
}
