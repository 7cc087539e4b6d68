/* SPDX-License-Identifier: Apache-2.0 */
/* Values as text in the style of their surroundings, and in the place of other values. */
#include "spec/edit_apply.h"

/* ---- values as text ---------------------------------------------------------------------------
 */

/* Lines of text with the file's own line ends. */
static void put_lines(struct ea_job *j, struct ea_patch *p, const struct sp_buf *b, bool last_end)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf out = {0};
	size_t len = b->len;

	j->failed |= b->failed;
	if (b->failed)
		return;
	if (!last_end && len && b->ptr[len - 1] == '\n')
		len--;
	for (size_t i = 0; i < len; i++) {
		if (b->ptr[i] == '\n')
			sp_buf_puts(&out, j->t->eol);
		else
			sp_buf_putc(&out, b->ptr[i]);
	}
	j->failed |= out.failed;
	if (!out.failed && out.ptr)
		ea_put_n(j, p, out.ptr, out.len);
}

void ea_put_block(struct ea_job *j, struct ea_patch *p, const char *key,
		  const struct sp_node *value, size_t indent, bool last_end)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf b = {0};
	struct sp_node *child = (struct sp_node *)(uintptr_t)value;
	struct sp_pair pair = {key, {0, 0}, child};
	struct sp_node outer = {.kind = key ? SP_NODE_MAP : SP_NODE_LIST, .n = 1};

	if (key)
		outer.pairs = &pair;
	else
		outer.items = &child;
	sp_node_yaml_styled(&outer, indent, &j->t->style, &b);
	put_lines(j, p, &b, last_end);
}

static void print_json(const struct sp_node *n, struct sp_buf *out)
{
	bool map = n->kind == SP_NODE_MAP;

	if (!map && n->kind != SP_NODE_LIST) {
		sp_node_json(n, -1, out);
		return;
	}
	sp_buf_putc(out, map ? '{' : '[');
	for (uint32_t i = 0; i < n->n; i++) {
		if (i)
			sp_buf_puts(out, ", ");
		if (map) {
			sp_buf_json(out, n->pairs[i].key);
			sp_buf_puts(out, ": ");
		}
		print_json(map ? n->pairs[i].value : n->items[i], out);
	}
	sp_buf_putc(out, map ? '}' : ']');
}

void ea_flow_text(const struct ea_job *j, const struct sp_node *n, int64_t indent,
		  struct sp_buf *out)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf b = {0};

	if (!j->t->json) {
		sp_node_yaml_inline(n, true, out);
		return;
	}
	if (indent < 0) {
		print_json(n, out);
		return;
	}
	sp_node_json(n, 2, &b);
	out->failed |= b.failed;
	for (size_t i = 0; i < b.len; i++) {
		if (b.ptr[i] == '\n') {
			sp_buf_puts(out, j->t->eol);
			sp_buf_fill(out, ' ', (size_t)indent);
		} else {
			sp_buf_putc(out, b.ptr[i]);
		}
	}
}

void ea_flow_member(const struct ea_job *j, const char *key, const struct sp_node *n,
		    int64_t indent, struct sp_buf *out)
{
	struct sp_node text = {.kind = SP_NODE_STR, .text = key, .len = 0};

	if (key) {
		text.len = (uint32_t)strlen(key);
		ea_flow_text(j, &text, -1, out);
		sp_buf_puts(out, ": ");
	}
	ea_flow_text(j, n, indent, out);
}

static bool is_one_line(const struct sp_node *n)
{
	for (uint32_t i = 0; i < n->len; i++)
		if ((unsigned char)n->text[i] < ' ' || (unsigned char)n->text[i] >= 0x7f)
			return false;
	return true;
}

/* A block scalar in the place of another: the same depth, the end marks it needs. */
static bool block_scalar(const struct ea_job *j, size_t from, size_t end, const struct sp_node *v,
			 struct sp_buf *out)
{
	size_t body = et_next_line(j->t, from), tail = 0, deep;

	while (body < end && et_spaces(j->t, body) == et_line_end(j->t, body) - body)
		body = et_next_line(j->t, body);
	deep = et_spaces(j->t, body);
	while (tail < v->len && v->text[v->len - 1 - tail] == '\n')
		tail++;
	if (body >= end || !v->len || v->text[0] == ' ' || v->text[0] == '\n' || tail > 1)
		return false;
	for (uint32_t i = 0; i < v->len; i++)
		if ((unsigned char)v->text[i] < ' ' && v->text[i] != '\n' && v->text[i] != '\t')
			return false;
	sp_buf_puts(out, tail ? "|" : "|-");
	/* a comment behind the mark stays */
	for (size_t i = from; i < et_line_end(j->t, from); i++)
		if (j->t->src.bytes[i] == ' ') {
			sp_buf_add(out, j->t->src.bytes + i, et_line_end(j->t, from) - i);
			break;
		}
	for (size_t i = 0; i < v->len - tail;) {
		const char *nl = memchr(v->text + i, '\n', v->len - tail - i);
		size_t n = nl ? (size_t)(nl - v->text) - i : v->len - tail - i;

		sp_buf_puts(out, j->t->eol);
		if (n)
			sp_buf_fill(out, ' ', deep);
		sp_buf_add(out, v->text + i, n);
		i += n + 1;
	}
	return true;
}

/* Behind "&name" and "!tag" in front of a value. */
static size_t skip_anchor(const struct ea_job *j, size_t i, size_t end)
{
	const char *s = j->t->src.bytes;

	while (i < end && s[i] == '&') {
		while (i < end && !strchr(" \t\r\n", s[i]))
			i++;
		while (i < end && strchr(" \t", s[i]))
			i++;
	}
	return i;
}

void ea_scalar(struct ea_job *j, const struct sp_edit_change *c)
{
	const struct sp_node *old = c->place.node, *v = c->value;
	size_t end = et_end(j->t, old), from = skip_anchor(j, et_offset(j->t, old->at), end);
	bool flow = c->place.parent && c->place.parent->flow;
	char first = from < end ? j->t->src.bytes[from] : '\0';
	struct ea_patch *p = ea_patch(j, from, end, c->place.depth);
	struct sp_buf b = {0};

	if (from == end) { /* "key:" without a value */
		p->tail = true;
		sp_buf_putc(&b, ' ');
	}
	if (j->t->json || v->kind != SP_NODE_STR) {
		sp_node_json(v, -1, &b);
	} else if (first == '\'' && is_one_line(v)) {
		sp_buf_putc(&b, '\'');
		for (uint32_t i = 0; i < v->len; i++) {
			sp_buf_putc(&b, v->text[i]);
			if (v->text[i] == '\'')
				sp_buf_putc(&b, '\'');
		}
		sp_buf_putc(&b, '\'');
	} else if (first == '"') {
		sp_buf_json_n(&b, v->text, v->len);
	} else if ((first != '|' && first != '>') || !block_scalar(j, from, end, v, &b)) {
		sp_node_yaml_inline(v, flow, &b);
	}
	ea_put_buf(j, p, &b);
}

/* ---- lists and maps ---------------------------------------------------------------------------
 */

const struct sp_pair *ea_pair_of(const struct sp_edit_place *p)
{
	return p->parent && p->parent->kind == SP_NODE_MAP ? &p->parent->pairs[p->index] : NULL;
}

bool ea_goes(const struct sp_edit_added *m, uint32_t i, bool behind, bool map)
{
	if (m->at != i)
		return false;
	return map ? m->before != behind : !behind;
}

void ea_put_item(struct ea_job *j, struct ea_patch *p, const struct sp_edit_added *m, size_t indent,
		 bool last_end)
{
	const struct sp_edit_place *from = m->from ? &m->from->place : NULL;
	size_t begin, end;

	if (!from) {
		ea_put_block(j, p, NULL, m->value, indent, last_end);
		return;
	}
	if (from->node->flow) {
		const struct sp_node *n = from->node->items[m->from_at];
		struct sp_buf b = {0};

		begin = et_offset(j->t, n->at);
		end = et_offset(j->t, n->end);
		sp_buf_fill(&b, ' ', indent);
		sp_buf_puts(&b, "- ");
		ea_put_buf(j, p, &b);
		ea_put_range(j, p, begin, end, from->depth + 1,
			     SP_MAX((int64_t)indent + 2 -
					    (int64_t)et_spaces(j->t, et_line_start(j->t, begin)),
				    (int64_t)0));
		if (last_end)
			ea_put(j, p, j->t->eol);
	} else {
		struct sp_extent x;

		et_item(j->t, from->node, m->from_at, from->parent_key, &x);
		if (!x.whole) {
			j->refused = "an item that shares its line with another list";
			return;
		}
		begin = x.from;
		end = last_end ? x.to : et_line_end(j->t, et_line_start(j->t, x.to - 1));
		ea_put_range(j, p, begin, end, from->depth + 1,
			     (int64_t)indent - (int64_t)et_spaces(j->t, x.body));
		if (last_end && (end == 0 || j->t->src.bytes[end - 1] != '\n'))
			ea_put(j, p, j->t->eol);
	}
}

static void put_items(struct ea_job *j, struct ea_patch *p, const struct sp_edit_touched *made,
		      size_t indent, bool last_end)
{
	for (const struct sp_edit_added *m = made->added; m; m = m->next)
		ea_put_item(j, p, m, indent, last_end || m->next);
}

void ea_put_made(struct ea_job *j, struct ea_patch *p, const char *key,
		 const struct sp_edit_touched *made, size_t indent)
{
	struct sp_node text = {.kind = SP_NODE_STR, .text = key, .len = (uint32_t)strlen(key)};
	struct sp_buf b = {0};

	sp_buf_fill(&b, ' ', indent);
	sp_node_yaml_inline(&text, false, &b);
	sp_buf_puts(&b, made->added ? ":" : ": []");
	sp_buf_puts(&b, j->t->eol);
	ea_put_buf(j, p, &b);
	put_items(j, p, made, indent + j->t->style.list_step, true);
}

size_t ea_map_indent(const struct sp_node *map)
{
	for (uint32_t i = 0; i < map->n; i++)
		if (et_own(map, i))
			return map->pairs[i].at.col - 1;
	return map->at.col - 1;
}

struct ea_patch *ea_value_patch(struct ea_job *j, const struct sp_pair *pair, uint32_t depth,
				bool block, const char *text)
{
	size_t colon = et_colon(j->t, pair), end, line_end, at;
	struct ea_patch *p;

	if (!colon) {
		j->refused = "a key that is not written as \"key:\"";
		colon = et_offset(j->t, pair->value->at);
	}
	end = SP_MAX(et_end(j->t, pair->value), colon);
	line_end = et_line_end(j->t, colon);
	at = et_offset(j->t, pair->value->at);
	if (block && at <= line_end && end <= line_end) {
		/* a comment behind the old value stays on this line */
		p = ea_patch(j, colon, line_end, depth);
		ea_put_raw(j, p, end, line_end);
	} else if (at > line_end) {
		p = ea_patch(j, colon, end, depth);
		if (!block) {
			ea_put(j, p, " ");
			ea_put(j, p, text);
		}
		ea_put_raw(j, p, colon, line_end);
	} else {
		p = ea_patch(j, colon, end, depth);
		if (!block) {
			ea_put(j, p, " ");
			ea_put(j, p, text);
		}
	}
	if (block)
		ea_put(j, p, j->t->eol);
	return p;
}

void ea_value_change(struct ea_job *j, const struct sp_edit_change *c)
{
	const struct sp_edit_place *map = &c->place;
	const struct sp_pair *pair = &map->node->pairs[c->index];
	SP_CLEANUP(sp_buf_done) struct sp_buf b = {0};
	struct ea_patch *p;
	size_t indent = pair->at.col - 1;

	if (map->node->flow) {
		const struct sp_node *old = pair->value;

		p = ea_patch(j, et_offset(j->t, old->at), et_offset(j->t, old->end), map->depth);
		if (p->from == p->to)
			ea_put(j, p, " ");
		if (c->made) {
			j->refused = "a list that is made inside {}";
			return;
		}
		ea_flow_text(j, c->value, -1, &b);
		j->failed |= b.failed;
		ea_put_n(j, p, b.ptr ? b.ptr : "", b.len);
		return;
	}
	if (c->made && c->made->added) {
		p = ea_value_patch(j, pair, map->depth, true, NULL);
		put_items(j, p, c->made, indent + j->t->style.list_step, false);
	} else if (c->made) {
		(void)ea_value_patch(j, pair, map->depth, false, "[]");
	} else if ((c->value->kind == SP_NODE_MAP || c->value->kind == SP_NODE_LIST) &&
		   c->value->n) {
		p = ea_value_patch(j, pair, map->depth, true, NULL);
		sp_node_yaml_styled(c->value,
				    indent + (c->value->kind == SP_NODE_MAP
						      ? j->t->style.step
						      : j->t->style.list_step),
				    &j->t->style, &b);
		put_lines(j, p, &b, false);
	} else {
		sp_node_yaml_inline(c->value, false, &b);
		j->failed |= b.failed;
		if (!b.failed)
			(void)ea_value_patch(j, pair, map->depth, false, b.ptr ? b.ptr : "");
	}
}

void ea_rename(struct ea_job *j, const struct sp_edit_change *c)
{
	const struct sp_pair *pair = &c->place.node->pairs[c->index];
	struct sp_node text = {.kind = SP_NODE_STR, .text = c->text};
	size_t from = et_offset(j->t, pair->at), to = et_colon(j->t, pair) - 1;
	struct ea_patch *p;
	struct sp_buf b = {0};

	while (to > from && j->t->src.bytes[to - 1] == ' ')
		to--;
	p = ea_patch(j, from, to, c->place.depth);
	text.len = (uint32_t)strlen(c->text);
	ea_flow_text(j, &text, -1, &b);
	ea_put_buf(j, p, &b);
}

void ea_comment(struct ea_job *j, const struct sp_edit_change *c)
{
	size_t line = et_line_start(j->t, et_offset(j->t, c->at));
	struct ea_patch *p = ea_patch(j, line, line, UINT32_MAX);
	struct sp_buf b = {0};

	p->lines = true;
	for (const char *s = c->text;;) {
		size_t n = strcspn(s, "\n");

		sp_buf_fill(&b, ' ', et_spaces(j->t, line));
		sp_buf_puts(&b, "# ");
		sp_buf_add(&b, s, n);
		sp_buf_puts(&b, j->t->eol);
		if (!s[n])
			break;
		s += n + 1;
	}
	ea_put_buf(j, p, &b);
}
