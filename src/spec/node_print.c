/* SPDX-License-Identifier: Apache-2.0 */
/* Trees as text: JSON with numbers as Go writes them, and block-style YAML. */
#include "spec/node.h"

#include "base/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Shortest digits that read back as the same number; exponent form only for very small or big
 * ones (below 1e-6, from 1e21), as encoding/json does. */
static void print_float(double f, struct sp_buf *out)
{
	char mem[64], *e;
	int exp10;

	if (!isfinite(f)) {
		sp_buf_puts(out, "null"); /* JSON has no word for it; decoders refuse it before */
		return;
	}
	if (f == 0) {
		sp_buf_puts(out, signbit(f) ? "-0" : "0");
		return;
	}
	for (int digits = 0; digits < 17; digits++) {
		(void)snprintf(mem, sizeof(mem), "%.*e", digits, f); /* fits: 24 characters */
		if (strtod(mem, NULL) == f)
			break;
	}
	e = strchr(mem, 'e');
	exp10 = (int)strtol(e + 1, NULL, 10);
	if (exp10 < -6 || exp10 >= 21) {
		sp_buf_add(out, mem, (size_t)(e - mem));
		sp_buf_printf(out, "e%c%02d", exp10 < 0 ? '-' : '+', abs(exp10));
	} else {
		int decimals = (int)(e - mem) - (mem[0] == '-') - 1; /* digits behind the first */

		decimals = SP_MAX(decimals ? decimals - 1 : 0, 0);
		sp_buf_printf(out, "%.*f", SP_MAX(decimals - exp10, 0), f);
	}
}

static void print_scalar_json(const struct sp_node *n, struct sp_buf *out)
{
	switch (n->kind) {
	case SP_NODE_BOOL:
		sp_buf_puts(out, n->b ? "true" : "false");
		return;
	case SP_NODE_INT:
		sp_buf_printf(out, "%lld", (long long)n->i);
		return;
	case SP_NODE_FLOAT:
		print_float(n->f, out);
		return;
	case SP_NODE_STR:
		sp_buf_json_n(out, n->text, n->len);
		return;
	case SP_NODE_NULL:
	case SP_NODE_LIST:
	case SP_NODE_MAP:
		break;
	}
	sp_buf_puts(out, "null");
}

static void newline(int indent, int depth, struct sp_buf *out)
{
	if (indent < 0)
		return;
	sp_buf_putc(out, '\n');
	sp_buf_fill(out, ' ', (size_t)indent * (size_t)depth);
}

static void print_json(const struct sp_node *n, int indent, int depth, struct sp_buf *out)
{
	bool map = n->kind == SP_NODE_MAP;

	if (!map && n->kind != SP_NODE_LIST) {
		print_scalar_json(n, out);
		return;
	}
	sp_buf_putc(out, map ? '{' : '[');
	for (uint32_t i = 0; i < n->n; i++) {
		if (i)
			sp_buf_putc(out, ',');
		newline(indent, depth + 1, out);
		if (map) {
			sp_buf_json(out, n->pairs[i].key);
			sp_buf_puts(out, indent < 0 ? ":" : ": ");
		}
		print_json(map ? n->pairs[i].value : n->items[i], indent, depth + 1, out);
	}
	if (n->n)
		newline(indent, depth, out);
	sp_buf_putc(out, map ? '}' : ']');
}

void sp_node_json(const struct sp_node *n, int indent, struct sp_buf *out)
{
	print_json(n, indent, 0, out);
}

static bool is_printable(uint32_t c)
{
	return (c >= 0x20 && c <= 0x7e) ||
	       (c >= 0xa0 && c <= 0xd7ff && c != 0x2028 && c != 0x2029) ||
	       (c >= 0xe000 && c <= 0xfffd && c != 0xfeff) || (c >= 0x10000 && c <= 0x10ffff);
}

static uint32_t code_point(const char *s, size_t k)
{
	const unsigned char *u = (const unsigned char *)s;

	switch (k) {
	case 2:
		return ((u[0] & 0x1fu) << 6) | (u[1] & 0x3fu);
	case 3:
		return ((u[0] & 0x0fu) << 12) | ((u[1] & 0x3fu) << 6) | (u[2] & 0x3fu);
	case 4:
		return ((u[0] & 0x07u) << 18) | ((u[1] & 0x3fu) << 12) | ((u[2] & 0x3fu) << 6) |
		       (u[3] & 0x3fu);
	default:
		return u[0];
	}
}

static void print_double_quoted(const char *s, size_t len, struct sp_buf *out)
{
	sp_buf_putc(out, '"');
	for (size_t i = 0, k; i < len; i += k) {
		uint32_t c;

		k = sp_utf8_len(s + i, len - i);
		if (k == 0) {
			k = 1;
			sp_buf_puts(out, "\xef\xbf\xbd");
			continue;
		}
		c = code_point(s + i, k);
		if (c == '"' || c == '\\')
			sp_buf_printf(out, "\\%c", (char)c);
		else if (c == '\n')
			sp_buf_puts(out, "\\n");
		else if (c == '\t')
			sp_buf_puts(out, "\\t");
		else if (c == '\r')
			sp_buf_puts(out, "\\r");
		else if (!is_printable(c))
			sp_buf_printf(out, c < 0x100 ? "\\x%02x" : "\\u%04x", c);
		else
			sp_buf_add(out, s + i, k);
	}
	sp_buf_putc(out, '"');
}

/* May @s stand there without quotes and still be read as the same string? */
static bool is_plain(const char *s, size_t len)
{
	struct sp_node v = {0};

	sp_scalar_resolve(s, len, &v);
	if (v.kind != SP_NODE_STR || strchr("-?:,[]{}#&*!|>'\"%@`= ", s[0]) || s[len - 1] == ' ' ||
	    s[len - 1] == ':' || (len == 2 && memcmp(s, "<<", 2) == 0))
		return false;
	if (len >= 3 && memcmp(s, "...", 3) == 0)
		return false;
	for (size_t i = 0, k; i < len; i += k) {
		k = sp_utf8_len(s + i, len - i);
		if (k == 0 || !is_printable(code_point(s + i, k)))
			return false;
		if (s[i] == ':' && s[i + 1] == ' ')
			return false;
		if (s[i] == ' ' && s[i + 1] == '#')
			return false;
	}
	return true;
}

/* A literal block keeps every byte if lines are printable and the first is not indented. */
static bool is_block(const char *s, size_t len)
{
	if (len < 2 || s[0] == ' ' || s[0] == '\n' || !memchr(s, '\n', len - 1))
		return false;
	for (size_t i = 0, k; i < len; i += k) {
		k = sp_utf8_len(s + i, len - i);
		if (k == 0)
			return false;
		if (s[i] == '\n' || s[i] == '\t')
			continue;
		if (!is_printable(code_point(s + i, k)))
			return false;
	}
	return true;
}

static void print_block(const char *s, size_t len, size_t indent, struct sp_buf *out)
{
	size_t tail = 0;

	while (tail < len && s[len - 1 - tail] == '\n')
		tail++;
	sp_buf_puts(out, tail == 0 ? "|-" : tail == 1 ? "|" : "|+");
	for (size_t i = 0; i < len;) {
		const char *nl = memchr(s + i, '\n', len - i);
		size_t n = nl ? (size_t)(nl - s) - i : len - i;

		sp_buf_putc(out, '\n');
		if (n) {
			sp_buf_fill(out, ' ', indent);
			sp_buf_add(out, s + i, n);
		}
		i += n + 1;
	}
}

/* Inside [] and {} commas and brackets part values too. */
static bool is_plain_in_flow(const char *s, size_t len)
{
	return is_plain(s, len) && !strpbrk(s, ",[]{}");
}

static void print_str_yaml(const char *s, size_t len, size_t indent, bool key, struct sp_buf *out)
{
	if (!key && is_block(s, len))
		print_block(s, len, indent, out);
	else if (is_plain(s, len) && !(key && len > 1000))
		sp_buf_add(out, s, len);
	else
		print_double_quoted(s, len, out);
}

static void print_yaml(const struct sp_node *n, size_t indent, bool in_list,
		       const struct sp_yaml_style *st, struct sp_buf *out);

/* The value behind "key:" or "-", at @indent columns plus a step; ends its line. */
static void print_value(const struct sp_node *n, size_t indent, bool after_key,
			const struct sp_yaml_style *st, struct sp_buf *out)
{
	size_t deeper = indent + (after_key ? st->step : 2);

	if ((n->kind == SP_NODE_MAP || n->kind == SP_NODE_LIST) && n->n) {
		bool list = n->kind == SP_NODE_LIST;

		if (after_key) {
			sp_buf_putc(out, '\n');
			print_yaml(n, list ? indent + st->list_step : deeper, false, st, out);
		} else {
			sp_buf_putc(out, ' ');
			print_yaml(n, deeper, true, st, out);
		}
		return;
	}
	sp_buf_putc(out, ' ');
	if (n->kind == SP_NODE_MAP)
		sp_buf_puts(out, "{}");
	else if (n->kind == SP_NODE_LIST)
		sp_buf_puts(out, "[]");
	else if (n->kind == SP_NODE_STR)
		print_str_yaml(n->text, n->len, deeper, false, out);
	else
		print_scalar_json(n, out);
	sp_buf_putc(out, '\n');
}

/* @in_list: the first line stands behind "- " already. */
static void print_yaml(const struct sp_node *n, size_t indent, bool in_list,
		       const struct sp_yaml_style *st, struct sp_buf *out)
{
	for (uint32_t i = 0; i < n->n; i++) {
		if (i || !in_list)
			sp_buf_fill(out, ' ', indent);
		if (n->kind == SP_NODE_MAP) {
			const char *key = n->pairs[i].key;

			print_str_yaml(key, strlen(key), indent, true, out);
			sp_buf_putc(out, ':');
			print_value(n->pairs[i].value, indent, true, st, out);
		} else {
			sp_buf_putc(out, '-');
			print_value(n->items[i], indent, false, st, out);
		}
	}
}

void sp_node_yaml_styled(const struct sp_node *n, size_t indent, const struct sp_yaml_style *st,
			 struct sp_buf *out)
{
	print_yaml(n, indent, false, st, out);
}

void sp_node_yaml(const struct sp_node *n, struct sp_buf *out)
{
	/* lists stand below their key, not deeper, as kubectl prints them */
	static const struct sp_yaml_style style = {.step = 2, .list_step = 0};

	if ((n->kind == SP_NODE_MAP || n->kind == SP_NODE_LIST) && n->n) {
		print_yaml(n, 0, false, &style, out);
		return;
	}
	if (n->kind == SP_NODE_STR)
		print_double_quoted(n->text, n->len, out);
	else
		print_json(n, -1, 0, out);
	sp_buf_putc(out, '\n');
}

static void print_text_inline(const char *s, size_t len, bool flow, struct sp_buf *out)
{
	if (len && (flow ? is_plain_in_flow(s, len) : is_plain(s, len)))
		sp_buf_add(out, s, len);
	else
		print_double_quoted(s, len, out);
}

void sp_node_yaml_inline(const struct sp_node *n, bool flow, struct sp_buf *out)
{
	bool map = n->kind == SP_NODE_MAP;

	if (n->kind == SP_NODE_STR) {
		print_text_inline(n->text, n->len, flow, out);
		return;
	}
	if (!map && n->kind != SP_NODE_LIST) {
		print_scalar_json(n, out);
		return;
	}
	sp_buf_putc(out, map ? '{' : '[');
	for (uint32_t i = 0; i < n->n; i++) {
		if (i)
			sp_buf_puts(out, ", ");
		if (map) {
			print_text_inline(n->pairs[i].key, strlen(n->pairs[i].key), true, out);
			sp_buf_puts(out, ": ");
		}
		sp_node_yaml_inline(map ? n->pairs[i].value : n->items[i], true, out);
	}
	sp_buf_putc(out, map ? '}' : ']');
}
