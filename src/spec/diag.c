/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Findings: collected, sorted, and printed for people.
 *
 * A line of the file is shown with its tabs expanded and its control characters escaped, so that
 * the caret stands under the right place and a file cannot write to the terminal.
 */
#include "spec/diag.h"

#include "base/text.h"

#include <stdio.h>

#define DIAGS_MAX     1000
#define LINE_COLUMNS  100   /* of a shown line; longer ones are cut around the caret */
#define LINE_READ_MAX 32768 /* bytes of a line that are looked at */
#define CARET_COLUMNS 40    /* at most so many in front of the caret when cut */
#define TAB_COLUMNS   8

void sp_diags_init(struct sp_diags *d, struct sp_arena *arena)
{
	*d = (struct sp_diags){.arena = arena, .max = DIAGS_MAX};
}

static struct sp_diag *spare(struct sp_diags *d)
{
	d->dropped++;
	d->spare = (struct sp_diag){.message = "too many findings"};
	return &d->spare;
}

struct sp_diag *sp_diag_add(struct sp_diags *d, enum sp_severity sev, const char *file,
			    struct sp_mark at, const char *fmt, ...)
{
	char *text = NULL;
	va_list ap;
	int n;

	d->n_errors += sev == SP_SEV_ERROR;
	if (d->n >= d->max)
		return spare(d);
	if (d->n == d->cap) {
		uint32_t cap = d->cap ? d->cap * 2 : 8;
		struct sp_diag *v = sp_arena_array(d->arena, cap, sizeof(*v));

		if (!v)
			return spare(d);
		if (d->n)
			memcpy(v, d->v, d->n * sizeof(*v));
		d->v = v;
		d->cap = cap;
	}

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n >= 0)
		text = sp_arena_alloc(d->arena, (size_t)n + 1);
	if (text) {
		va_start(ap, fmt);
		(void)vsnprintf(text, (size_t)n + 1, fmt, ap); /* measured just above */
		va_end(ap);
	}
	d->v[d->n] = (struct sp_diag){.severity = sev,
				      .file = file,
				      .at = at,
				      .len = 1,
				      .message = text ? text : "out of memory"};
	return &d->v[d->n++];
}

static int compare(const struct sp_diag *a, const struct sp_diag *b)
{
	int r = strcmp(a->file ? a->file : "", b->file ? b->file : "");

	if (r)
		return r;
	if (a->at.line != b->at.line)
		return a->at.line < b->at.line ? -1 : 1;
	return a->at.col < b->at.col ? -1 : a->at.col > b->at.col;
}

void sp_diags_sort(struct sp_diags *d)
{
	/* insertion sort: stable, and findings come nearly sorted */
	for (uint32_t i = 1; i < d->n; i++) {
		struct sp_diag x = d->v[i];
		uint32_t k = i;

		for (; k > 0 && compare(&x, &d->v[k - 1]) < 0; k--)
			d->v[k] = d->v[k - 1];
		d->v[k] = x;
	}
}

/* One character of a shown text: what to print, and how wide it is. */
struct glyph {
	char text[12];
	size_t columns;
	size_t bytes; /* of the source */
};

static struct glyph glyph_at(const char *s, size_t n, size_t column, bool ascii)
{
	unsigned char c = (unsigned char)*s;
	struct glyph g;

	if (c >= 0x20 && c < 0x7f) /* nearly all there is */
		return (struct glyph){.text = {(char)c}, .columns = 1, .bytes = 1};
	g = (struct glyph){.bytes = sp_utf8_len(s, n)};
	if (c == '\t') {
		g.columns = TAB_COLUMNS - column % TAB_COLUMNS;
		memset(g.text, ' ', g.columns);
	} else if (g.bytes == 0 || c < 0x20 || c == 0x7f) {
		g.bytes = 1;
		g.columns = (size_t)snprintf(g.text, sizeof(g.text), "\\x%02x", c);
	} else if (g.bytes == 2 && c == 0xc2 && (unsigned char)s[1] < 0xa0) {
		/* C1 controls: terminals obey some of them */
		g.columns =
			(size_t)snprintf(g.text, sizeof(g.text), "\\u%04x", (unsigned char)s[1]);
	} else {
		memcpy(g.text, s, g.bytes);
		g.columns = sp_utf8_columns(g.text);
		if (ascii && g.bytes > 1) {
			memset(g.text, '?', g.columns);
			g.text[g.columns] = '\0';
		}
	}
	return g;
}

static void print_text(const char *s, const char *indent, bool ascii, struct sp_buf *out)
{
	size_t n = strlen(s), i = 0;

	while (i < n) {
		struct glyph g = glyph_at(s + i, n - i, 0, ascii);

		if (s[i] == '\n' && indent) {
			sp_buf_putc(out, '\n');
			sp_buf_puts(out, indent);
		} else {
			sp_buf_puts(out, s[i] == '\t' ? "\\t" : g.text);
		}
		i += g.bytes;
	}
}

static bool find_line(const char *src, size_t len, const struct sp_diag *d, struct sp_str *ret)
{
	bool near = d->near_line && d->near_line <= d->at.line && d->near_offset <= len;
	const char *p = near ? src + d->near_offset : src, *end = src + len, *nl;

	if (p == src && len >= 3 && memcmp(src, "\xef\xbb\xbf", 3) == 0)
		p += 3;
	for (uint32_t i = near ? d->near_line : 1; i < d->at.line; i++) {
		nl = memchr(p, '\n', (size_t)(end - p));
		if (!nl)
			return false;
		p = nl + 1;
	}
	nl = memchr(p, '\n', (size_t)(end - p));
	ret->ptr = p;
	ret->len = (size_t)((nl ? nl : end) - p);
	if (ret->len && p[ret->len - 1] == '\r')
		ret->len--;
	return true;
}

/* What of a line is shown: columns [from, to) of the expanded text, the caret at `caret`. */
struct window {
	size_t from, to, caret, width, total;
};

static struct window measure(struct sp_str line, uint32_t col, uint32_t len, bool ascii)
{
	struct window w = {0};
	size_t column = 0, chars = 0, caret_end = 0;

	for (size_t i = 0; i < line.len; chars++) {
		struct glyph g = glyph_at(line.ptr + i, line.len - i, column, ascii);

		if (chars + 1 == col)
			w.caret = column;
		column += g.columns;
		if (chars + 1 >= col && chars + 1 < (size_t)col + len)
			caret_end = column;
		i += g.bytes;
	}
	w.total = column;
	if (chars < col) /* behind the last character */
		w.caret = column;
	w.width = caret_end > w.caret ? caret_end - w.caret : 1;
	w.to = w.total;
	if (w.total > LINE_COLUMNS) {
		if (w.caret > CARET_COLUMNS)
			w.from = w.caret - CARET_COLUMNS;
		w.to = SP_MIN(w.total, w.from + LINE_COLUMNS);
		w.width = SP_MIN(w.width, SP_MAX(w.to, w.caret + 1) - w.caret);
	}
	return w;
}

static void print_line(struct sp_str line, const struct window *w, bool ascii, struct sp_buf *out)
{
	const char *dots = ascii ? "..." : "…";
	size_t column = 0;

	if (w->from)
		sp_buf_puts(out, dots);
	for (size_t i = 0; i < line.len && column < w->to;) {
		struct glyph g = glyph_at(line.ptr + i, line.len - i, column, ascii);

		if (column >= w->from)
			sp_buf_puts(out, g.text);
		else if (column + g.columns > w->from) /* cut in the middle */
			sp_buf_fill(out, ' ', column + g.columns - w->from);
		column += g.columns;
		i += g.bytes;
	}
	if (w->to < w->total)
		sp_buf_puts(out, dots);
}

static void print_source(const struct sp_diag *d, const char *source, size_t source_len,
			 const char *mark, const char *off, bool ascii, struct sp_buf *out)
{
	struct sp_str line;
	struct window w;
	char number[16];
	int digits;

	if (!source || !d->at.line || !find_line(source, source_len, d, &line))
		return;
	/* what is far to the right is cut anyway */
	line.len =
		SP_MIN(line.len, SP_MAX(((size_t)d->at.col + d->len) * 8, (size_t)LINE_READ_MAX));
	w = measure(line, SP_MAX(d->at.col, 1u), SP_MAX(d->len, 1u), ascii);
	digits = snprintf(number, sizeof(number), "%u", d->at.line);
	sp_buf_printf(out, "%s | ", number);
	print_line(line, &w, ascii, out);
	sp_buf_putc(out, '\n');
	sp_buf_fill(out, ' ', (size_t)digits);
	sp_buf_puts(out, " | ");
	sp_buf_fill(out, ' ', w.caret - w.from + (w.from ? (ascii ? 3 : 1) : 0));
	sp_buf_puts(out, mark);
	sp_buf_fill(out, '^', w.width);
	sp_buf_puts(out, off);
	sp_buf_putc(out, '\n');
}

void sp_diag_print(const struct sp_diag *d, const char *source, size_t source_len, bool color,
		   bool ascii, struct sp_buf *out)
{
	static const char *const words[] = {"error", "warning", "info"};
	static const char *const colors[] = {"\x1b[1;31m", "\x1b[1;33m", "\x1b[36m"};
	const char *mark = color ? colors[d->severity] : "";
	const char *blue = color ? "\x1b[34m" : "", *off = color ? "\x1b[0m" : "";

	_Static_assert(SP_ARRAY_LEN(words) == SP_SEVERITIES, "one word per severity");
	sp_buf_printf(out, "%s%s:%s ", mark, words[d->severity], off);
	print_text(d->message, NULL, ascii, out);
	sp_buf_putc(out, '\n');
	if (d->file) {
		sp_buf_printf(out, "%s -->%s ", blue, off);
		print_text(d->file, NULL, ascii, out);
		if (d->at.line)
			sp_buf_printf(out, ":%u:%u", d->at.line, SP_MAX(d->at.col, 1u));
		sp_buf_putc(out, '\n');
	}
	print_source(d, source, source_len, mark, off, ascii, out);
	if (d->in) {
		sp_buf_puts(out, "in:  ");
		print_text(d->in, "     ", ascii, out);
		sp_buf_putc(out, '\n');
	}
	if (d->why) {
		sp_buf_puts(out, "why: ");
		print_text(d->why, "     ", ascii, out);
		sp_buf_putc(out, '\n');
	}
	if (d->fix) {
		sp_buf_puts(out, "fix: ");
		print_text(d->fix, "     ", ascii, out);
		sp_buf_putc(out, '\n');
	}
	if (d->rule)
		sp_buf_printf(out, "see: sidepod explain %s\n", d->rule);
}
