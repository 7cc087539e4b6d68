/* SPDX-License-Identifier: Apache-2.0 */
/* Text building and borrowed strings. */
#ifndef SP_BUF_H
#define SP_BUF_H

#include "base/arena.h"
#include "base/base.h"

#include <stdarg.h>

/* A borrowed view of bytes; not NUL-terminated. */
struct sp_str {
	const char *ptr;
	size_t len;
};
#define SP_STR_FMT    "%.*s"
#define SP_STR_ARG(s) (int)(s).len, (s).ptr
#define SP_STR(lit)   ((struct sp_str){(lit), sizeof(lit) - 1})

/* The same bytes? Two empty texts are, wherever they point. */
static inline bool sp_str_eq(struct sp_str a, struct sp_str b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

/*
 * A growing or fixed text. Always NUL-terminated once something was added (and in fixed form from
 * the start). Errors stick: check `failed` once, at the end.
 */
struct sp_buf {
	char *ptr;
	size_t len;
	size_t size;
	bool fixed;  /* ptr is the caller's memory and does not grow */
	bool failed; /* something did not fit, or memory ran out */
};

/** sp_buf_fixed() - Build into @mem (NUL included in @size, which is at least 1) */
struct sp_buf sp_buf_fixed(char *mem, size_t size);

/** sp_buf_done() - Free a growing buffer */
void sp_buf_done(struct sp_buf *b);

/** sp_buf_clear() - Forget the content, keep the memory */
void sp_buf_clear(struct sp_buf *b);

void sp_buf_add(struct sp_buf *b, const void *bytes, size_t n);
void sp_buf_puts(struct sp_buf *b, const char *s);
void sp_buf_putc(struct sp_buf *b, char c);
void sp_buf_fill(struct sp_buf *b, char c, size_t n);
void sp_buf_printf(struct sp_buf *b, const char *fmt, ...) SP_PRINTF(2, 3);
void sp_buf_vprintf(struct sp_buf *b, const char *fmt, va_list ap) SP_PRINTF(2, 0);

/**
 * sp_buf_json() - Add @s as a JSON string with quotes
 *
 * Control characters, quotes and backslashes are escaped; bytes that are not valid UTF-8 become
 * U+FFFD, so the result is always valid JSON.
 */
void sp_buf_json(struct sp_buf *b, const char *s);
void sp_buf_json_n(struct sp_buf *b, const char *s, size_t n);

/** sp_buf_quote() - Add @s in double quotes with Go-style escaping (strconv.Quote) */
void sp_buf_quote(struct sp_buf *b, const char *s);

#endif
