/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where nodes stand in the bytes of their source: offsets, lines, and which lines belong to a pair
 * or an item. Comments directly above something, as deep as it is, are its own; comments below an
 * item that stand deeper than its dash are, too.
 */
#include "spec/edit_internal.h"

#include "base/text.h"

/* Length of the line end at @i as YAML 1.1 counts lines: CR LF, CR, LF, NEL, LS, PS. 0 none. */
static size_t line_end_len(const struct sp_source *s, size_t i)
{
	const unsigned char *b = (const unsigned char *)s->bytes + i;
	size_t left = s->len - i;

	if (left == 0)
		return 0;
	if (b[0] == '\r')
		return left > 1 && b[1] == '\n' ? 2 : 1;
	if (b[0] == '\n')
		return 1;
	if (left > 1 && b[0] == 0xc2 && b[1] == 0x85)
		return 2;
	if (left > 2 && b[0] == 0xe2 && b[1] == 0x80 && (b[2] == 0xa8 || b[2] == 0xa9))
		return 3;
	return 0;
}

static size_t skip_mark(const struct sp_source *s)
{
	return s->len >= 3 && memcmp(s->bytes, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
}

static size_t char_len(const struct sp_source *s, size_t i)
{
	return SP_MAX(sp_utf8_len(s->bytes + i, s->len - i), (size_t)1);
}

int et_init(struct sp_edit_text *t, struct sp_arena *a, const struct sp_source *src)
{
	size_t n = 1, i = skip_mark(src), k;

	t->src = *src;
	t->eol = "\n";
	t->style = (struct sp_yaml_style){2, 0};
	for (k = i; k < src->len; k++)
		n += line_end_len(src, k) != 0;
	t->lines = sp_arena_array(a, n, sizeof(*t->lines));
	if (!t->lines)
		return -1;
	t->lines[t->n_lines++] = i;
	for (k = i; k < src->len;) {
		size_t e = line_end_len(src, k);

		if (e) {
			if (t->n_lines == 1 && e == 2 && src->bytes[k] == '\r')
				t->eol = "\r\n";
			t->lines[t->n_lines++] = k + e;
		}
		k += e ? e : 1;
	}
	while (i < src->len && strchr(" \t\r\n", src->bytes[i]) && src->bytes[i])
		i++;
	t->json = i < src->len && (src->bytes[i] == '{' || src->bytes[i] == '[');
	return 0;
}

size_t et_offset(const struct sp_edit_text *t, struct sp_mark at)
{
	size_t i;

	if (at.line == 0 || at.line > t->n_lines)
		return t->src.len;
	i = t->lines[at.line - 1];
	for (uint32_t c = 1; c < at.col && i < t->src.len && !line_end_len(&t->src, i); c++)
		i += char_len(&t->src, i);
	return SP_MIN(i, t->src.len);
}

size_t sp_edit_offset(const struct sp_source *src, struct sp_mark at)
{
	size_t i = skip_mark(src);

	for (uint32_t line = 1; line < at.line && i < src->len; line++) {
		size_t e = 0;

		while (i < src->len && !(e = line_end_len(src, i)))
			i++;
		i += e;
	}
	for (uint32_t c = 1; c < at.col && i < src->len && !line_end_len(src, i); c++)
		i += char_len(src, i);
	return SP_MIN(i, src->len);
}

static uint32_t line_of(const struct sp_edit_text *t, size_t offset)
{
	uint32_t lo = 0, hi = t->n_lines;

	while (hi - lo > 1) {
		uint32_t mid = (lo + hi) / 2;

		if (t->lines[mid] <= offset)
			lo = mid;
		else
			hi = mid;
	}
	return lo;
}

size_t et_line_start(const struct sp_edit_text *t, size_t offset)
{
	return t->lines[line_of(t, offset)];
}

size_t et_next_line(const struct sp_edit_text *t, size_t offset)
{
	uint32_t i = line_of(t, offset) + 1;

	return i < t->n_lines ? t->lines[i] : t->src.len;
}

size_t et_line_end(const struct sp_edit_text *t, size_t offset)
{
	while (offset < t->src.len && !line_end_len(&t->src, offset))
		offset++;
	return offset;
}

size_t et_spaces(const struct sp_edit_text *t, size_t line)
{
	size_t n = 0;

	while (line + n < t->src.len && t->src.bytes[line + n] == ' ')
		n++;
	return n;
}

bool et_opens_line(const struct sp_edit_text *t, size_t offset)
{
	size_t line = et_line_start(t, offset);

	return line + et_spaces(t, line) == offset;
}

static bool is_blank_line(const struct sp_edit_text *t, size_t line)
{
	size_t i = line, end = et_line_end(t, line);

	while (i < end && (t->src.bytes[i] == ' ' || t->src.bytes[i] == '\t'))
		i++;
	return i == end;
}

static bool is_comment_line(const struct sp_edit_text *t, size_t line)
{
	size_t i = line + et_spaces(t, line);

	return i < t->src.len && t->src.bytes[i] == '#';
}

bool et_anchored(const struct sp_edit_text *t, const struct sp_node *n)
{
	size_t i = et_offset(t, n->at);

	if (n->aliased)
		return false;
	/* a tag may stand in front of the anchor */
	if (i < t->src.len && t->src.bytes[i] == '!') {
		while (i < t->src.len && !strchr(" \t\r\n", t->src.bytes[i]))
			i++;
		while (i < t->src.len && strchr(" \t", t->src.bytes[i]))
			i++;
	}
	return i < t->src.len && t->src.bytes[i] == '&';
}

bool et_own(const struct sp_node *map, uint32_t i)
{
	const struct sp_mark at = map->pairs[i].at;

	return at.line &&
	       (at.line > map->at.line || (at.line == map->at.line && at.col >= map->at.col)) &&
	       (at.line < map->end.line || (at.line == map->end.line && at.col <= map->end.col));
}

/* The scalar that ends a node; NULL when an empty list, an alias or the like does. */
static const struct sp_node *last_leaf(const struct sp_node *n)
{
	while (n && !n->aliased) {
		const struct sp_node *last = NULL;

		if (n->kind == SP_NODE_LIST && n->n)
			last = n->items[n->n - 1];
		for (uint32_t i = 0; n->kind == SP_NODE_MAP && i < n->n; i++)
			if (et_own(n, i))
				last = n->pairs[i].value;
		if (n->kind != SP_NODE_LIST && n->kind != SP_NODE_MAP)
			return n;
		n = last;
	}
	return NULL;
}

size_t et_after(const struct sp_edit_text *t, const struct sp_node *n)
{
	size_t end = et_offset(t, n->end), from = et_offset(t, n->at);
	const struct sp_node *leaf;

	/* Only block scalars end where a line begins: behind their line ends, blank lines too. */
	if (end <= from || !line_end_len(&t->src, end - 1))
		return et_next_line(t, end);
	leaf = last_leaf(n);
	if (leaf && leaf->len && leaf->text[leaf->len - 1] == '\n' &&
	    (leaf->len == 1 || leaf->text[leaf->len - 2] == '\n'))
		return end; /* blank lines that are kept */
	while (end > from) {
		size_t line = et_line_start(t, end - 1);

		if (line <= from || !is_blank_line(t, line))
			break;
		end = line;
	}
	return end;
}

size_t et_end(const struct sp_edit_text *t, const struct sp_node *n)
{
	size_t end = et_offset(t, n->end), from = et_offset(t, n->at);

	if (end <= from || !line_end_len(&t->src, end - 1))
		return end;
	end = et_after(t, n);
	return et_line_end(t, et_line_start(t, end - 1));
}

size_t et_colon(const struct sp_edit_text *t, const struct sp_pair *p)
{
	const char *s = t->src.bytes;
	size_t i = et_offset(t, p->at), end = t->src.len;

	if (i >= end || strchr("&!*?", s[i]))
		return 0;
	if (s[i] == '"' || s[i] == '\'') {
		char quote = s[i++];

		while (i < end && s[i] != quote)
			i += s[i] == '\\' && quote == '"' ? 2 : 1;
		i++;
		while (i < end && s[i] == ' ')
			i++;
		return i < end && s[i] == ':' ? i + 1 : 0;
	}
	for (; i < end && !line_end_len(&t->src, i); i++)
		if (s[i] == ':' && (i + 1 == end || strchr(" \t\r\n,]}", s[i + 1]) ||
				    line_end_len(&t->src, i + 1)))
			return i + 1;
	return 0;
}

/* Comment lines directly above @line, not above @floor, that are between @min and @max deep. */
static size_t comments_above(const struct sp_edit_text *t, size_t line, size_t floor, size_t min,
			     size_t max)
{
	while (line > floor && line > 0) {
		size_t above = et_line_start(t, line - 1), deep = et_spaces(t, above);

		if (above < floor || !is_comment_line(t, above) || deep < min || deep > max)
			break;
		line = above;
	}
	return line;
}

void et_pair(const struct sp_edit_text *t, const struct sp_node *map, uint32_t i,
	     struct sp_mark parent_key, struct sp_extent *ret)
{
	size_t at = et_offset(t, map->pairs[i].at), deep, floor;

	ret->body = et_line_start(t, at);
	ret->whole = et_opens_line(t, at);
	ret->to = et_after(t, map->pairs[i].value);
	ret->from = ret->body;
	if (!ret->whole)
		return;
	deep = at - ret->body;
	if (i > 0 && et_own(map, i - 1))
		floor = et_after(t, map->pairs[i - 1].value);
	else if (parent_key.line)
		floor = et_next_line(t, et_offset(t, parent_key));
	else
		floor = ret->body;
	ret->from = comments_above(t, ret->body, floor, deep, deep);
}

void et_item(const struct sp_edit_text *t, const struct sp_node *list, uint32_t i,
	     struct sp_mark parent_key, struct sp_extent *ret)
{
	size_t dash = et_offset(t, list->at), deep = dash - et_line_start(t, dash), floor;

	*ret = (struct sp_extent){0};
	floor = parent_key.line ? et_next_line(t, et_offset(t, parent_key)) : dash;
	if (i > 0) {
		size_t line = floor = et_after(t, list->items[i - 1]);

		/* comments below the item before, deeper than its dash */
		while (line < t->src.len && is_comment_line(t, line) && et_spaces(t, line) > deep)
			floor = line = et_next_line(t, line);
		while (line < t->src.len &&
		       !(et_spaces(t, line) == deep && line + deep < t->src.len &&
			 t->src.bytes[line + deep] == '-'))
			line = et_next_line(t, line);
		dash = line + deep;
	}
	ret->body = et_line_start(t, dash);
	ret->whole = dash < t->src.len && t->src.bytes[dash] == '-' && et_opens_line(t, dash);
	ret->to = et_after(t, list->items[i]);
	while (ret->to < t->src.len && is_comment_line(t, ret->to) && et_spaces(t, ret->to) > deep)
		ret->to = et_next_line(t, ret->to);
	ret->from = ret->whole ? comments_above(t, ret->body, floor, 0, i ? deep : SIZE_MAX)
			       : ret->body;
}
