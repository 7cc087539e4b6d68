/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/toml.h"

#include "base/buf.h"
#include "base/text.h"

#define KEY_MAX   256
#define DEPTH_MAX 4

struct reader {
	struct sp_arena *arena;
	const char *p, *end;
	uint32_t line;
	const char *table;
	sp_toml_fn fn;
	void *arg;
	struct sp_error *err;
};

#define FAIL(r, ...) fail_at(r, sp_fail((r)->err, SP_E_INVALID, __VA_ARGS__))
static int fail_at(struct reader *r, int result)
{
	(void)sp_wrap(r->err, "line %u", r->line);
	return result;
}

static char peek(const struct reader *r)
{
	return r->p < r->end ? *r->p : '\0';
}

static void blanks(struct reader *r)
{
	while (peek(r) == ' ' || peek(r) == '\t')
		r->p++;
	if (peek(r) == '#')
		while (r->p < r->end && *r->p != '\n')
			r->p++;
}

/* Blanks, comments and ends of lines. */
static void space(struct reader *r)
{
	for (blanks(r); r->p < r->end && (*r->p == '\n' || *r->p == '\r'); blanks(r))
		r->line += *r->p++ == '\n';
}

static int end_of_line(struct reader *r)
{
	blanks(r);
	if (peek(r) == '\r')
		r->p++;
	if (r->p == r->end)
		return 0;
	if (*r->p != '\n')
		return FAIL(r, "unexpected text behind the value");
	r->p++;
	r->line++;
	return 0;
}

static int add_code_point(struct reader *r, struct sp_buf *b, int digits)
{
	uint32_t c = 0;

	for (int i = 0; i < digits; i++) {
		char h = peek(r);

		if (h >= '0' && h <= '9')
			c = c * 16 + (uint32_t)(h - '0');
		else if ((h | 32) >= 'a' && (h | 32) <= 'f')
			c = c * 16 + (uint32_t)((h | 32) - 'a' + 10);
		else
			return FAIL(r, "bad \\u in a string");
		r->p++;
	}
	if (c == 0 || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return FAIL(r, "bad \\u in a string");
	if (c < 0x80) {
		sp_buf_putc(b, (char)c);
	} else if (c < 0x800) {
		sp_buf_putc(b, (char)(0xc0 | c >> 6));
		sp_buf_putc(b, (char)(0x80 | (c & 63)));
	} else if (c < 0x10000) {
		sp_buf_putc(b, (char)(0xe0 | c >> 12));
		sp_buf_putc(b, (char)(0x80 | (c >> 6 & 63)));
		sp_buf_putc(b, (char)(0x80 | (c & 63)));
	} else {
		sp_buf_putc(b, (char)(0xf0 | c >> 18));
		sp_buf_putc(b, (char)(0x80 | (c >> 12 & 63)));
		sp_buf_putc(b, (char)(0x80 | (c >> 6 & 63)));
		sp_buf_putc(b, (char)(0x80 | (c & 63)));
	}
	return 0;
}

static int escape(struct reader *r, struct sp_buf *b)
{
	static const char from[] = "btnfr\"\\", to[] = "\b\t\n\f\r\"\\";
	char c = peek(r);
	const char *at = c ? strchr(from, c) : NULL;

	if (c)
		r->p++;
	if (at)
		sp_buf_putc(b, to[at - from]);
	else if (c == 'u' || c == 'U')
		return add_code_point(r, b, c == 'u' ? 4 : 8);
	else
		return FAIL(r, "unknown escape in a string");
	return 0;
}

static int read_string(struct reader *r, const char **ret)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf b = {0};
	char quote = *r->p++;

	if (r->end - r->p >= 2 && r->p[0] == quote && r->p[1] == quote)
		return FAIL(r, "strings over several lines are not understood here");
	while (r->p < r->end && *r->p != quote) {
		char c = *r->p++;

		if (c == '\n' || c == '\0')
			return FAIL(r, "a string does not end on its line");
		if (c == '\\' && quote == '"') {
			if (escape(r, &b) < 0)
				return -1;
		} else {
			sp_buf_putc(&b, c);
		}
	}
	if (r->p == r->end)
		return FAIL(r, "a string does not end");
	r->p++;
	*ret = b.failed ? NULL : sp_arena_strdup(r->arena, b.len ? b.ptr : "");
	return *ret ? 0 : sp_fail(r->err, SP_E_NO_MEMORY, "configuration");
}

static bool is_bare(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '-';
}

static size_t bare_len(const struct reader *r)
{
	size_t n = 0;

	while (r->p + n < r->end && is_bare(r->p[n]))
		n++;
	return n;
}

/* a.b."c": joined by dots. */
static int read_key(struct reader *r, const char **ret)
{
	char mem[KEY_MAX];
	struct sp_buf b = sp_buf_fixed(mem, sizeof(mem));

	for (;;) {
		blanks(r);
		if (peek(r) == '"' || peek(r) == '\'') {
			const char *s;

			if (read_string(r, &s) < 0)
				return -1;
			sp_buf_puts(&b, s);
		} else {
			size_t n = bare_len(r);

			if (n == 0)
				return FAIL(r, "a name is expected");
			sp_buf_add(&b, r->p, n);
			r->p += n;
		}
		blanks(r);
		if (peek(r) != '.')
			break;
		r->p++;
		sp_buf_putc(&b, '.');
	}
	if (b.failed)
		return FAIL(r, "a name is longer than %d bytes", KEY_MAX - 1);
	*ret = sp_arena_strdup(r->arena, mem);
	return *ret ? 0 : sp_fail(r->err, SP_E_NO_MEMORY, "configuration");
}

static int tell(struct reader *r, struct sp_toml_event *ev)
{
	ev->table = r->table;
	ev->line = r->line;
	if (r->fn(r->arg, ev, r->err) == 0)
		return 0;
	return fail_at(r, -1);
}

static int read_value(struct reader *r, const char *key, int depth);

static int read_array(struct reader *r, const char *key, int depth)
{
	struct sp_toml_event ev = {.kind = SP_TOML_ARRAY, .key = key, .element = depth > 0};

	if (depth == DEPTH_MAX)
		return FAIL(r, "arrays are nested too deeply");
	if (tell(r, &ev) < 0)
		return -1;
	for (r->p++;;) {
		space(r);
		if (peek(r) == ']')
			break;
		if (read_value(r, key, depth + 1) < 0)
			return -1;
		space(r);
		if (peek(r) == ',')
			r->p++;
		else if (peek(r) != ']')
			return FAIL(r, "',' or ']' is expected");
	}
	r->p++;
	return 0;
}

static int read_value(struct reader *r, const char *key, int depth)
{
	struct sp_toml_event ev = {.key = key, .element = depth > 0};
	char word[32];
	size_t n;

	if (peek(r) == '[')
		return read_array(r, key, depth);
	if (peek(r) == '"' || peek(r) == '\'') {
		ev.kind = SP_TOML_STRING;
		return read_string(r, &ev.text) < 0 ? -1 : tell(r, &ev);
	}
	n = bare_len(r);
	if (n == 0 || n >= sizeof(word))
		return FAIL(r, "a string, number, boolean or array is expected");
	memcpy(word, r->p, n);
	word[n] = '\0';
	r->p += n;
	if (sp_streq(word, "true") || sp_streq(word, "false")) {
		ev.kind = SP_TOML_BOOL;
		ev.number = word[0] == 't';
	} else if (sp_parse_i64(word, INT64_MIN, INT64_MAX, &ev.number) == 0) {
		ev.kind = SP_TOML_INT;
	} else {
		return FAIL(r, "'%s' is no value", word);
	}
	return tell(r, &ev);
}

static int read_table(struct reader *r)
{
	struct sp_toml_event ev = {.kind = SP_TOML_TABLE};

	r->p++;
	if (peek(r) == '[') {
		ev.repeated = true;
		r->p++;
	}
	if (read_key(r, &r->table) < 0)
		return -1;
	for (int i = 0; i < 1 + ev.repeated; i++)
		if (peek(r) != ']')
			return FAIL(r, "']' is expected");
		else
			r->p++;
	if (tell(r, &ev) < 0)
		return -1;
	return end_of_line(r);
}

int sp_toml_read(struct sp_arena *a, const char *text, size_t len, sp_toml_fn fn, void *arg,
		 struct sp_error *err)
{
	struct sp_error own = {0};
	struct reader r = {.arena = a,
			   .p = text,
			   .end = text + len,
			   .line = 1,
			   .table = "",
			   .fn = fn,
			   .arg = arg,
			   .err = err ? err : &own};

	for (;;) {
		const char *key;

		space(&r);
		if (r.p == r.end)
			return 0;
		if (*r.p == '[') {
			if (read_table(&r) < 0)
				return -1;
			continue;
		}
		if (read_key(&r, &key) < 0)
			return -1;
		if (peek(&r) != '=')
			return FAIL(&r, "'=' is expected behind '%s'", key);
		r.p++;
		blanks(&r);
		if (read_value(&r, key, 0) < 0 || end_of_line(&r) < 0)
			return -1;
	}
}
