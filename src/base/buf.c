/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"

#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>

struct sp_buf sp_buf_fixed(char *mem, size_t size)
{
	assert(size > 0);
	mem[0] = '\0';
	return (struct sp_buf){.ptr = mem, .size = size, .fixed = true};
}

void sp_buf_done(struct sp_buf *b)
{
	if (!b->fixed)
		free(b->ptr);
	*b = (struct sp_buf){0};
}

void sp_buf_clear(struct sp_buf *b)
{
	b->len = 0;
	b->failed = false;
	if (b->ptr)
		b->ptr[0] = '\0';
}

/* Make room for n more bytes and the NUL; false when there is none. */
static bool reserve(struct sp_buf *b, size_t n)
{
	size_t need, size;
	char *p;

	if (__builtin_add_overflow(b->len, n, &need) ||
	    __builtin_add_overflow(need, (size_t)1, &need)) {
		b->failed = true;
		return false;
	}
	if (need <= b->size)
		return true;
	if (b->fixed) {
		b->failed = true;
		return false;
	}
	size = SP_MAX(need, SP_MAX(b->size * 2, (size_t)64));
	p = realloc(b->ptr, size);
	if (!p) {
		b->failed = true;
		return false;
	}
	b->ptr = p;
	b->size = size;
	return true;
}

void sp_buf_add(struct sp_buf *b, const void *bytes, size_t n)
{
	/* a fixed buffer takes what fits: a cut message is better than none */
	if (b->fixed && n > b->size - 1 - b->len) {
		n = b->size - 1 - b->len;
		b->failed = true;
	}
	if (!reserve(b, n))
		return;
	if (n)
		memcpy(b->ptr + b->len, bytes, n);
	b->len += n;
	b->ptr[b->len] = '\0';
}

void sp_buf_puts(struct sp_buf *b, const char *s)
{
	sp_buf_add(b, s, strlen(s));
}

void sp_buf_putc(struct sp_buf *b, char c)
{
	sp_buf_add(b, &c, 1);
}

void sp_buf_fill(struct sp_buf *b, char c, size_t n)
{
	while (n--)
		sp_buf_add(b, &c, 1);
}

void sp_buf_vprintf(struct sp_buf *b, const char *fmt, va_list ap)
{
	va_list again;
	int n;

	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	if (n < 0) {
		b->failed = true;
		return;
	}
	if (b->fixed && (size_t)n > b->size - 1 - b->len) {
		(void)vsnprintf(b->ptr + b->len, b->size - b->len, fmt, ap); /* cut on purpose */
		b->len = b->size - 1;
		b->failed = true;
		return;
	}
	if (!reserve(b, (size_t)n))
		return;
	(void)vsnprintf(b->ptr + b->len, (size_t)n + 1, fmt, ap); /* measured just above */
	b->len += (size_t)n;
}

void sp_buf_printf(struct sp_buf *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	sp_buf_vprintf(b, fmt, ap);
	va_end(ap);
}

static const char hex[] = "0123456789abcdef";

void sp_buf_json_n(struct sp_buf *b, const char *s, size_t n)
{
	size_t i = 0, k;

	sp_buf_putc(b, '"');
	while (i < n) {
		unsigned char c = (unsigned char)s[i];

		if (c == '"' || c == '\\') {
			sp_buf_putc(b, '\\');
			sp_buf_putc(b, (char)c);
			i++;
		} else if (c == '\n') {
			sp_buf_puts(b, "\\n");
			i++;
		} else if (c == '\t') {
			sp_buf_puts(b, "\\t");
			i++;
		} else if (c == '\r') {
			sp_buf_puts(b, "\\r");
			i++;
		} else if (c < 0x20 || c == 0x7f) {
			char esc[6] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};

			sp_buf_add(b, esc, sizeof(esc));
			i++;
		} else if ((k = sp_utf8_len(s + i, n - i)) > 0) {
			sp_buf_add(b, s + i, k);
			i += k;
		} else {
			sp_buf_puts(b, "\xef\xbf\xbd");
			i++;
		}
	}
	sp_buf_putc(b, '"');
}

void sp_buf_json(struct sp_buf *b, const char *s)
{
	sp_buf_json_n(b, s, strlen(s));
}

void sp_buf_quote(struct sp_buf *b, const char *s)
{
	size_t n = strlen(s), i = 0, k;

	sp_buf_putc(b, '"');
	while (i < n) {
		unsigned char c = (unsigned char)s[i];
		static const char plain[] = "\a\b\f\n\r\t\v", name[] = "abfnrtv";
		const char *at;

		if (c == '"' || c == '\\') {
			sp_buf_putc(b, '\\');
			sp_buf_putc(b, (char)c);
			i++;
		} else if (c && (at = strchr(plain, c)) != NULL) {
			sp_buf_putc(b, '\\');
			sp_buf_putc(b, name[at - plain]);
			i++;
		} else if (c >= 0x20 && c != 0x7f && (k = sp_utf8_len(s + i, n - i)) > 0) {
			sp_buf_add(b, s + i, k);
			i += k;
		} else {
			char esc[4] = {'\\', 'x', hex[c >> 4], hex[c & 15]};

			sp_buf_add(b, esc, sizeof(esc));
			i++;
		}
	}
	sp_buf_putc(b, '"');
}
