/* SPDX-License-Identifier: Apache-2.0 */
/* Sets of completion indexes as bits. */
#include "control/indexes.h"

bool sp_indexes_has(const struct sp_indexes *s, int64_t i)
{
	return i >= 0 && i < SP_INDEXES_MAX && (s->words[i / 64] >> (i % 64) & 1);
}

void sp_indexes_add(struct sp_indexes *s, int64_t i)
{
	if (i >= 0 && i < SP_INDEXES_MAX)
		s->words[i / 64] |= UINT64_C(1) << (i % 64);
}

int64_t sp_indexes_count(const struct sp_indexes *s, int64_t limit)
{
	int64_t n = 0, words;

	limit = SP_MAX(SP_MIN(limit, SP_INDEXES_MAX), 0);
	words = limit / 64;
	for (int64_t w = 0; w < words; w++)
		n += __builtin_popcountll(s->words[w]);
	if (limit % 64)
		n += __builtin_popcountll(s->words[words] & ((UINT64_C(1) << (limit % 64)) - 1));
	return n;
}

void sp_indexes_print(const struct sp_indexes *s, int64_t limit, struct sp_buf *b)
{
	bool some = false;

	limit = SP_MIN(limit, SP_INDEXES_MAX);
	for (int64_t i = 0; i < limit; i++) {
		int64_t last = i;

		if (!sp_indexes_has(s, i))
			continue;
		while (last + 1 < limit && sp_indexes_has(s, last + 1))
			last++;
		sp_buf_printf(b, "%s%lld", some ? "," : "", (long long)i);
		if (last > i)
			sp_buf_printf(b, "%c%lld", last > i + 1 ? '-' : ',', (long long)last);
		some = true;
		i = last;
	}
}

static bool number(const char **text, int64_t *ret)
{
	const char *p = *text;
	int64_t v = 0;

	if (*p < '0' || *p > '9')
		return false;
	for (; *p >= '0' && *p <= '9'; p++) {
		v = v * 10 + (*p - '0');
		if (v > INT32_MAX)
			return false;
	}
	*ret = v;
	*text = p;
	return true;
}

bool sp_indexes_next(const char **text, int64_t *ret_first, int64_t *ret_last)
{
	const char *p = *text;
	int64_t first, last;

	if (*p == ',')
		p++;
	if (!number(&p, &first))
		return false;
	last = first;
	if (*p == '-') {
		p++;
		if (!number(&p, &last) || last < first)
			return false;
	}
	*text = p;
	*ret_first = first;
	*ret_last = last;
	return true;
}
