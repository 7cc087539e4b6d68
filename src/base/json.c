/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"

void sp_json_next(struct sp_buf *b)
{
	/* A brace inside a string never is the last byte: the closing quote is. */
	if (b->len && b->ptr[b->len - 1] != '{' && b->ptr[b->len - 1] != '[')
		sp_buf_putc(b, ',');
}

void sp_json_key(struct sp_buf *b, const char *key)
{
	sp_json_next(b);
	sp_buf_json(b, key);
	sp_buf_putc(b, ':');
}

void sp_json_str(struct sp_buf *b, const char *key, const char *value)
{
	if (!value)
		return;
	sp_json_key(b, key);
	sp_buf_json(b, value);
}

void sp_json_int(struct sp_buf *b, const char *key, int64_t value)
{
	sp_json_key(b, key);
	sp_buf_printf(b, "%lld", (long long)value);
}

void sp_json_bool(struct sp_buf *b, const char *key, bool value)
{
	sp_json_key(b, key);
	sp_buf_puts(b, value ? "true" : "false");
}

void sp_json_strs(struct sp_buf *b, const char *key, const char *const *v, uint32_t n)
{
	sp_json_key(b, key);
	sp_buf_putc(b, '[');
	for (uint32_t i = 0; i < n; i++) {
		sp_json_next(b);
		sp_buf_json(b, v[i]);
	}
	sp_buf_putc(b, ']');
}
