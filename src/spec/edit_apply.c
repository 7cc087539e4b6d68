/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From noted edits to new bytes. Each edit becomes patches: a range of the source, and pieces that
 * stand there instead. A piece is text, or another range of the source with the patches inside it,
 * which is how things move. Beside that the tree that is wanted is made, and what comes out must
 * read back as that tree.
 */
#include "spec/edit_internal.h"

#include <stdlib.h>

struct piece {
	struct piece *next;
	const char *text; /* NULL: a range */
	size_t len;
	size_t from, to;
	uint32_t depth; /* patches of at least this depth are inside */
	int64_t shift;  /* columns to the right */
};

struct patch {
	size_t from, to;
	uint32_t depth, seq;
	bool tail;     /* an insertion that belongs to what stands in front of it */
	bool lines;    /* whole lines: begins behind a line end */
	size_t covers; /* patches inside what is replaced reach to here, when not to `to` */
	unsigned applied;
	struct piece *first, **last;
};

struct job {
	const struct sp_edit_state *s;
	const struct sp_edit_text *t;
	struct sp_arena *arena;
	struct sp_node **want;
	uint32_t n_want;
	struct patch **v;
	uint32_t n, cap;
	bool failed; /* memory */
	const char *refused;
};

static struct patch spare_patch;

/* ---- patches ----------------------------------------------------------------------------------
 */

static struct patch *patch(struct job *j, size_t from, size_t to, uint32_t depth)
{
	struct patch *p = sp_arena_alloc(j->arena, sizeof(*p));

	if (j->n == j->cap) {
		uint32_t cap = j->cap ? j->cap * 2 : 16;
		struct patch **v = sp_arena_array(j->arena, cap, sizeof(struct patch *));

		if (v && j->n)
			memcpy(v, j->v, j->n * sizeof(struct patch *));
		if (v) {
			j->v = v;
			j->cap = cap;
		} else {
			p = NULL;
		}
	}
	if (!p) {
		j->failed = true;
		spare_patch = (struct patch){.last = &spare_patch.first};
		return &spare_patch;
	}
	*p = (struct patch){.from = from, .to = to, .depth = depth, .seq = j->n, .last = &p->first};
	j->v[j->n++] = p;
	return p;
}

static struct piece *add_piece(struct job *j, struct patch *p)
{
	struct piece *e = sp_arena_alloc(j->arena, sizeof(*e));

	if (!e) {
		j->failed = true;
		return NULL;
	}
	*p->last = e;
	p->last = &e->next;
	return e;
}

static void put_n(struct job *j, struct patch *p, const char *text, size_t len)
{
	struct piece *e = len ? add_piece(j, p) : NULL;

	if (!e)
		return;
	e->text = sp_arena_strndup(j->arena, text, len);
	e->len = len;
	j->failed |= !e->text;
}

static void put(struct job *j, struct patch *p, const char *text)
{
	put_n(j, p, text, strlen(text));
}

static void put_buf(struct job *j, struct patch *p, struct sp_buf *b)
{
	j->failed |= b->failed;
	if (!b->failed && b->ptr)
		put_n(j, p, b->ptr, b->len);
	sp_buf_done(b);
}

static void put_range(struct job *j, struct patch *p, size_t from, size_t to, uint32_t depth,
		      int64_t shift)
{
	struct piece *e = to > from ? add_piece(j, p) : NULL;

	if (!e)
		return;
	e->from = from;
	e->to = to;
	e->depth = depth;
	e->shift = shift;
}

/* Bytes of the source as they are. */
static void put_raw(struct job *j, struct patch *p, size_t from, size_t to)
{
	put_n(j, p, j->t->src.bytes + from, to - from);
}

/* ---- values as text ---------------------------------------------------------------------------
 */

/* Lines of text with the file's own line ends. */
static void put_lines(struct job *j, struct patch *p, const struct sp_buf *b, bool last_end)
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
		put_n(j, p, out.ptr, out.len);
}

/* "key: value" or "- value" in block style, @indent deep. */
static void put_block(struct job *j, struct patch *p, const char *key, const struct sp_node *value,
		      size_t indent, bool last_end)
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

/* @indent: columns of lines after the first; -1: on one line. */
static void flow_text(const struct job *j, const struct sp_node *n, int64_t indent,
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

static void flow_member(const struct job *j, const char *key, const struct sp_node *n,
			int64_t indent, struct sp_buf *out)
{
	struct sp_node text = {.kind = SP_NODE_STR, .text = key, .len = 0};

	if (key) {
		text.len = (uint32_t)strlen(key);
		flow_text(j, &text, -1, out);
		sp_buf_puts(out, ": ");
	}
	flow_text(j, n, indent, out);
}

static bool is_one_line(const struct sp_node *n)
{
	for (uint32_t i = 0; i < n->len; i++)
		if ((unsigned char)n->text[i] < ' ' || (unsigned char)n->text[i] >= 0x7f)
			return false;
	return true;
}

/* A block scalar in the place of another: the same depth, the end marks it needs. */
static bool block_scalar(const struct job *j, size_t from, size_t end, const struct sp_node *v,
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
static size_t skip_anchor(const struct job *j, size_t i, size_t end)
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

static void scalar_patch(struct job *j, const struct sp_edit_change *c)
{
	const struct sp_node *old = c->place.node, *v = c->value;
	size_t end = et_end(j->t, old), from = skip_anchor(j, et_offset(j->t, old->at), end);
	bool flow = c->place.parent && c->place.parent->flow;
	char first = from < end ? j->t->src.bytes[from] : '\0';
	struct patch *p = patch(j, from, end, c->place.depth);
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
	put_buf(j, p, &b);
}

/* ---- lists and maps ---------------------------------------------------------------------------
 */

static const struct sp_pair *pair_of(const struct sp_edit_place *p)
{
	return p->parent && p->parent->kind == SP_NODE_MAP ? &p->parent->pairs[p->index] : NULL;
}

/* Does an addition stand in front of member @i, or behind it? */
static bool goes(const struct sp_edit_added *m, uint32_t i, bool behind, bool map)
{
	if (m->at != i)
		return false;
	return map ? m->before != behind : !behind;
}

static void put_item(struct job *j, struct patch *p, const struct sp_edit_added *m, size_t indent,
		     bool last_end)
{
	const struct sp_edit_place *from = m->from ? &m->from->place : NULL;
	size_t begin, end;

	if (!from) {
		put_block(j, p, NULL, m->value, indent, last_end);
		return;
	}
	if (from->node->flow) {
		const struct sp_node *n = from->node->items[m->from_at];
		struct sp_buf b = {0};

		begin = et_offset(j->t, n->at);
		end = et_offset(j->t, n->end);
		sp_buf_fill(&b, ' ', indent);
		sp_buf_puts(&b, "- ");
		put_buf(j, p, &b);
		put_range(j, p, begin, end, from->depth + 1,
			  SP_MAX((int64_t)indent + 2 -
					 (int64_t)et_spaces(j->t, et_line_start(j->t, begin)),
				 (int64_t)0));
		if (last_end)
			put(j, p, j->t->eol);
	} else {
		struct sp_extent x;

		et_item(j->t, from->node, m->from_at, from->parent_key, &x);
		if (!x.whole) {
			j->refused = "an item that shares its line with another list";
			return;
		}
		begin = x.from;
		end = last_end ? x.to : et_line_end(j->t, et_line_start(j->t, x.to - 1));
		put_range(j, p, begin, end, from->depth + 1,
			  (int64_t)indent - (int64_t)et_spaces(j->t, x.body));
		if (last_end && (end == 0 || j->t->src.bytes[end - 1] != '\n'))
			put(j, p, j->t->eol);
	}
}

static void put_items(struct job *j, struct patch *p, const struct sp_edit_touched *made,
		      size_t indent, bool last_end)
{
	for (const struct sp_edit_added *m = made->added; m; m = m->next)
		put_item(j, p, m, indent, last_end || m->next);
}

static void put_made(struct job *j, struct patch *p, const char *key,
		     const struct sp_edit_touched *made, size_t indent)
{
	struct sp_node text = {.kind = SP_NODE_STR, .text = key, .len = (uint32_t)strlen(key)};
	struct sp_buf b = {0};

	sp_buf_fill(&b, ' ', indent);
	sp_node_yaml_inline(&text, false, &b);
	sp_buf_puts(&b, made->added ? ":" : ": []");
	sp_buf_puts(&b, j->t->eol);
	put_buf(j, p, &b);
	put_items(j, p, made, indent + j->t->style.list_step, true);
}

static size_t map_indent(const struct sp_node *map)
{
	for (uint32_t i = 0; i < map->n; i++)
		if (et_own(map, i))
			return map->pairs[i].at.col - 1;
	return map->at.col - 1;
}

/* The value of a pair in block style, from its colon on. @block: lines follow, which the caller
 * adds; else @text stands behind the colon. */
static struct patch *value_patch(struct job *j, const struct sp_pair *pair, uint32_t depth,
				 bool block, const char *text)
{
	size_t colon = et_colon(j->t, pair), end, line_end, at;
	struct patch *p;

	if (!colon) {
		j->refused = "a key that is not written as \"key:\"";
		colon = et_offset(j->t, pair->value->at);
	}
	end = SP_MAX(et_end(j->t, pair->value), colon);
	line_end = et_line_end(j->t, colon);
	at = et_offset(j->t, pair->value->at);
	if (block && at <= line_end && end <= line_end) {
		/* a comment behind the old value stays on this line */
		p = patch(j, colon, line_end, depth);
		put_raw(j, p, end, line_end);
	} else if (at > line_end) {
		p = patch(j, colon, end, depth);
		if (!block) {
			put(j, p, " ");
			put(j, p, text);
		}
		put_raw(j, p, colon, line_end);
	} else {
		p = patch(j, colon, end, depth);
		if (!block) {
			put(j, p, " ");
			put(j, p, text);
		}
	}
	if (block)
		put(j, p, j->t->eol);
	return p;
}

static void value_change(struct job *j, const struct sp_edit_change *c)
{
	const struct sp_edit_place *map = &c->place;
	const struct sp_pair *pair = &map->node->pairs[c->index];
	SP_CLEANUP(sp_buf_done) struct sp_buf b = {0};
	struct patch *p;
	size_t indent = pair->at.col - 1;

	if (map->node->flow) {
		const struct sp_node *old = pair->value;

		p = patch(j, et_offset(j->t, old->at), et_offset(j->t, old->end), map->depth);
		if (p->from == p->to)
			put(j, p, " ");
		if (c->made) {
			j->refused = "a list that is made inside {}";
			return;
		}
		flow_text(j, c->value, -1, &b);
		j->failed |= b.failed;
		put_n(j, p, b.ptr ? b.ptr : "", b.len);
		return;
	}
	if (c->made && c->made->added) {
		p = value_patch(j, pair, map->depth, true, NULL);
		put_items(j, p, c->made, indent + j->t->style.list_step, false);
	} else if (c->made) {
		(void)value_patch(j, pair, map->depth, false, "[]");
	} else if ((c->value->kind == SP_NODE_MAP || c->value->kind == SP_NODE_LIST) &&
		   c->value->n) {
		p = value_patch(j, pair, map->depth, true, NULL);
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
			(void)value_patch(j, pair, map->depth, false, b.ptr ? b.ptr : "");
	}
}

static void rename_patch(struct job *j, const struct sp_edit_change *c)
{
	const struct sp_pair *pair = &c->place.node->pairs[c->index];
	struct sp_node text = {.kind = SP_NODE_STR, .text = c->text};
	size_t from = et_offset(j->t, pair->at), to = et_colon(j->t, pair) - 1;
	struct patch *p;
	struct sp_buf b = {0};

	while (to > from && j->t->src.bytes[to - 1] == ' ')
		to--;
	p = patch(j, from, to, c->place.depth);
	text.len = (uint32_t)strlen(c->text);
	flow_text(j, &text, -1, &b);
	put_buf(j, p, &b);
}

static void comment_patch(struct job *j, const struct sp_edit_change *c)
{
	size_t line = et_line_start(j->t, et_offset(j->t, c->at));
	struct patch *p = patch(j, line, line, UINT32_MAX);
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
	put_buf(j, p, &b);
}

/* ---- flow style -------------------------------------------------------------------------------
 */

struct flow {
	struct job *j;
	const struct sp_edit_touched *t;
	struct patch *p;
	const struct sp_node *n;
	size_t open, close; /* inside the brackets */
	const char *sep;    /* in front of a member that is not the first */
	size_t sep_len;
	int64_t indent;            /* of members on lines of their own; -1 */
	uint32_t out;              /* members so far */
	size_t kept_from, kept_to; /* comments of a member that goes */
};

static size_t member_start(const struct flow *f, uint32_t i)
{
	return et_offset(f->j->t,
			 f->n->kind == SP_NODE_MAP ? f->n->pairs[i].at : f->n->items[i]->at);
}

static size_t member_end(const struct flow *f, uint32_t i)
{
	return et_offset(f->j->t, f->n->kind == SP_NODE_MAP ? f->n->pairs[i].value->end
							    : f->n->items[i]->end);
}

/* Behind the comma in front of member @i. */
static size_t lead_start(const struct flow *f, uint32_t i)
{
	const char *s = f->j->t->src.bytes;
	size_t at;

	if (i == 0)
		return f->open;
	for (at = member_end(f, i - 1); at < f->close && s[at] != ','; at++)
		if (s[at] == '#')
			at = et_line_end(f->j->t, at);
	return SP_MIN(at + 1, member_start(f, i));
}

static bool has(const struct flow *f, size_t from, size_t to, char c)
{
	return to > from && memchr(f->j->t->src.bytes + from, c, to - from);
}

/* What stands in front of the next member; @i: which one of the source, n: an added one. */
static void flow_lead(struct flow *f, uint32_t i)
{
	size_t from = i < f->n->n ? lead_start(f, i) : 0;
	size_t to = i < f->n->n ? member_start(f, i) : 0;

	if (f->out)
		put(f->j, f->p, ",");
	if (f->kept_to)
		put_raw(f->j, f->p, f->kept_from, f->kept_to);
	f->kept_to = 0;
	if (to && (has(f, from, to, '#') || (i > 0 && f->out) || (i == 0 && !f->out)))
		put_raw(f->j, f->p, from, to);
	else if (f->out)
		put_n(f->j, f->p, f->sep, f->sep_len);
	else if (f->n->n)
		put_raw(f->j, f->p, f->open, member_start(f, 0));
	f->out++;
}

static void flow_value(struct flow *f, const struct sp_edit_added *m);

/* "key": [items] */
static void flow_made(struct flow *f, const struct sp_edit_added *m)
{
	struct sp_node text = {
		.kind = SP_NODE_STR, .text = m->key, .len = (uint32_t)strlen(m->key)};
	struct sp_buf b = {0};

	flow_text(f->j, &text, -1, &b);
	sp_buf_puts(&b, ": [");
	put_buf(f->j, f->p, &b);
	for (const struct sp_edit_added *i = m->made->added; i; i = i->next) {
		flow_value(f, i);
		if (i->next)
			put(f->j, f->p, ", ");
	}
	put(f->j, f->p, "]");
}

static void flow_value(struct flow *f, const struct sp_edit_added *m)
{
	struct job *j = f->j;
	struct sp_buf b = {0};

	if (m->made) {
		flow_made(f, m);
		return;
	}
	if (m->from && m->from->place.node->flow) {
		const struct sp_node *n = m->from->place.node->items[m->from_at];

		put_range(j, f->p, et_offset(j->t, n->at), et_offset(j->t, n->end),
			  m->from->place.depth + 1, 0);
		return;
	}
	if (m->from) { /* from block style: as the wanted tree has it; comments have no place */
		struct sp_extent x;

		et_item(j->t, m->from->place.node, m->from_at, m->from->place.parent_key, &x);
		if (has(f, x.from, x.to, '#'))
			j->refused = "an item with comments that would move into []";
		for (uint32_t i = 0; i < j->n; i++)
			if (j->v[i]->from >= x.from && j->v[i]->to <= x.to &&
			    j->v[i]->depth > m->from->place.depth)
				j->v[i]->applied = 1;
	}
	flow_member(j, m->key, m->from ? m->from->members[m->from_at] : m->value, f->indent, &b);
	put_buf(j, f->p, &b);
}

static void flow_added(struct flow *f, const struct sp_edit_added *m)
{
	flow_lead(f, UINT32_MAX);
	flow_value(f, m);
}

static void flow_added_at(struct flow *f, uint32_t i, bool behind)
{
	for (const struct sp_edit_added *m = f->t->added; m; m = m->next)
		if (goes(m, i, behind, f->n->kind == SP_NODE_MAP))
			flow_added(f, m);
}

static void flow_patch(struct job *j, const struct sp_edit_touched *t)
{
	struct flow f = {
		.j = j, .t = t, .n = t->place.node, .indent = -1, .sep = " ", .sep_len = 1};
	size_t end = et_offset(j->t, f.n->end), at = et_offset(j->t, f.n->at);
	uint32_t n = f.n->n;

	while (at < end && j->t->src.bytes[at] != '[' && j->t->src.bytes[at] != '{')
		at++;
	f.open = at + 1;
	f.close = end - 1;
	if (f.close < f.open) {
		j->refused = "a list or map without brackets";
		return;
	}
	if (n) {
		size_t from = lead_start(&f, n > 1), to = member_start(&f, n > 1);

		if ((n > 1 || has(&f, from, to, '\n')) && !has(&f, from, to, '#')) {
			f.sep = j->t->src.bytes + from;
			f.sep_len = to - from;
		}
	}
	for (size_t i = 0; i < f.sep_len; i++)
		if (f.sep[i] == '\n')
			f.indent = (int64_t)(f.sep_len - i - 1);
	f.p = patch(j, f.open, f.close, t->place.depth);
	for (uint32_t i = 0; i < n; i++) {
		flow_added_at(&f, i, false);
		if (f.n->kind == SP_NODE_MAP && !et_own(f.n, i))
			continue;
		if (t->gone[i]) {
			if (has(&f, lead_start(&f, i), member_start(&f, i), '#')) {
				f.kept_from = lead_start(&f, i);
				f.kept_to = member_start(&f, i);
			}
		} else {
			flow_lead(&f, i);
			put_range(j, f.p, member_start(&f, i), member_end(&f, i),
				  t->place.depth + 1, 0);
		}
		flow_added_at(&f, i, true);
	}
	for (const struct sp_edit_added *m = t->added; m; m = m->next)
		if (m->at >= n)
			flow_added(&f, m);
	if (f.out && n)
		put_raw(j, f.p, member_end(&f, n - 1), f.close);
}

/* ---- block style ------------------------------------------------------------------------------
 */

static void lines_patch_added(struct job *j, const struct sp_edit_touched *t,
			      const struct sp_edit_added *m)
{
	const struct sp_node *n = t->place.node;
	bool map = n->kind == SP_NODE_MAP, tail = true;
	size_t at = et_after(j->t, n), indent;
	struct sp_extent x = {0};
	struct patch *p;

	if (map) {
		if (m->at < n->n) {
			et_pair(j->t, n, m->at, t->place.parent_key, &x);
			if (!m->before) {
				at = x.to;
			} else if (x.whole) {
				at = x.from;
				tail = false;
			}
		}
		indent = map_indent(n);
	} else {
		et_item(j->t, n, SP_MIN(m->at, n->n - 1), t->place.parent_key, &x);
		at = m->at < n->n ? x.from : x.to;
		tail = m->at >= n->n;
		indent = n->at.col - 1;
		if (!x.whole && !tail)
			j->refused = "a place in front of an item that shares its line";
	}
	p = patch(j, at, at, t->place.depth);
	p->tail = tail;
	p->lines = true;
	if (m->made)
		put_made(j, p, m->key, m->made, indent);
	else if (map)
		put_block(j, p, m->key, m->value, indent, true);
	else
		put_item(j, p, m, indent, true);
}

static bool is_blank(const struct job *j, size_t line)
{
	return line < j->t->src.len && et_line_end(j->t, line) == line + et_spaces(j->t, line);
}

static void block_item_gone(struct job *j, const struct sp_edit_touched *t, uint32_t i)
{
	const struct sp_node *n = t->place.node;
	struct sp_extent x;
	size_t from, to;

	et_item(j->t, n, i, t->place.parent_key, &x);
	if (!x.whole)
		j->refused = "an item that shares its line with another list";
	from = x.from;
	to = x.to;
	/* of the blank lines around it one group stays */
	if (i > 0 && (i + 1 == n->n || is_blank(j, to))) {
		size_t floor = et_after(j->t, n->items[i - 1]);

		while (from > floor && is_blank(j, et_line_start(j->t, from - 1)) &&
		       et_line_start(j->t, from - 1) >= floor)
			from = et_line_start(j->t, from - 1);
	} else if (i == 0 && n->n > 1 && !t->gone[1]) {
		while (is_blank(j, to))
			to = et_next_line(j->t, to);
	}
	(void)patch(j, from, to, t->place.depth);
}

/* The first pair of a map that begins behind a dash: the next one takes its place. */
static void dash_pair_gone(struct job *j, const struct sp_edit_touched *t, uint32_t i)
{
	const struct sp_node *n = t->place.node;
	size_t from = et_offset(j->t, n->pairs[i].at), to;
	uint32_t next = i + 1;
	struct patch *p;

	while (next < n->n && (t->gone[next] || !et_own(n, next)))
		next++;
	if (next >= n->n) {
		j->refused = "the only pair of an item";
		return;
	}
	to = et_offset(j->t, n->pairs[next].at);
	/* comments in between move above the dash */
	for (size_t line = et_after(j->t, n->pairs[next - 1].value); line < et_line_start(j->t, to);
	     line = et_next_line(j->t, line)) {
		size_t dash = et_line_start(j->t, from), deep = et_spaces(j->t, line);
		struct sp_buf b = {0};

		if (line + deep >= j->t->src.len || j->t->src.bytes[line + deep] != '#')
			continue;
		p = patch(j, dash, dash, t->place.depth);
		p->lines = true;
		sp_buf_fill(&b, ' ', et_spaces(j->t, dash));
		sp_buf_add(&b, j->t->src.bytes + line + deep,
			   et_next_line(j->t, line) - line - deep);
		put_buf(j, p, &b);
	}
	(void)patch(j, from, to, t->place.depth);
}

static void block_pair_gone(struct job *j, const struct sp_edit_touched *t, uint32_t i)
{
	const struct sp_node *n = t->place.node;
	struct sp_extent x;

	et_pair(j->t, n, i, t->place.parent_key, &x);
	if (x.whole) {
		(void)patch(j, x.from, x.to, t->place.depth);
		return;
	}
	/* one patch covers all that go from the beginning on */
	for (uint32_t k = 0; k < i; k++)
		if (et_own(n, k) && !t->gone[k]) {
			j->refused = "a pair that shares its line with another";
			return;
		}
	dash_pair_gone(j, t, i);
}

static void all_gone(struct job *j, const struct sp_edit_touched *t)
{
	const char *text = t->place.node->kind == SP_NODE_MAP ? "{}" : "[]";
	const struct sp_pair *pair = pair_of(&t->place);
	struct patch *p;

	if (pair && !t->place.parent->flow) {
		const struct sp_node *n = t->place.node;
		struct sp_extent x = {.to = et_after(j->t, n)};

		if (n->kind == SP_NODE_LIST)
			et_item(j->t, n, n->n - 1, t->place.parent_key, &x);
		p = value_patch(j, pair, t->place.depth, false, text);
		p->to = SP_MAX(p->to, et_line_end(j->t, et_line_start(j->t, x.to - 1)));
		p->covers = x.to;
		return;
	}
	p = patch(j, et_offset(j->t, t->place.node->at), et_end(j->t, t->place.node),
		  t->place.depth);
	put(j, p, text);
}

static bool first_pairs_gone(const struct sp_edit_touched *t, uint32_t i)
{
	for (uint32_t k = 0; k <= i; k++)
		if (et_own(t->place.node, k) && !t->gone[k])
			return false;
	return true;
}

static void block_patch(struct job *j, const struct sp_edit_touched *t)
{
	const struct sp_node *n = t->place.node;
	bool map = n->kind == SP_NODE_MAP, dash = false;
	uint32_t own = 0;

	for (uint32_t i = 0; i < n->n; i++)
		own += !map || et_own(n, i);
	if (t->n_gone == own && !t->added) {
		all_gone(j, t);
		return;
	}
	for (uint32_t i = 0; i < n->n; i++) {
		struct sp_extent x;

		if (!t->gone[i])
			continue;
		if (!map) {
			block_item_gone(j, t, i);
			continue;
		}
		if (i == 0) {
			et_pair(j->t, n, 0, t->place.parent_key, &x);
			dash = !x.whole;
		}
		/* the patch for the first pair behind a dash reaches to the first that stays */
		if (i == 0 || !dash || !first_pairs_gone(t, i))
			block_pair_gone(j, t, i);
	}
	for (const struct sp_edit_added *m = t->added; m; m = m->next)
		lines_patch_added(j, t, m);
}

/* An empty [] or {} as the value of a key in block style: what is added stands below the key. */
static bool grows_below(const struct job *j, const struct sp_edit_touched *t)
{
	return t->place.node->n == 0 && t->added && pair_of(&t->place) && !t->place.parent->flow &&
	       !j->t->json && et_colon(j->t, pair_of(&t->place));
}

static void grow_below(struct job *j, const struct sp_edit_touched *t)
{
	const struct sp_pair *pair = pair_of(&t->place);
	bool map = t->place.node->kind == SP_NODE_MAP;
	size_t indent = pair->at.col - 1 + (map ? j->t->style.step : j->t->style.list_step);
	struct patch *p = value_patch(j, pair, t->place.depth, true, NULL);

	for (const struct sp_edit_added *m = t->added; m; m = m->next) {
		if (!map)
			put_item(j, p, m, indent, m->next != NULL);
		else if (m->made)
			j->refused = "a list that is made inside {}";
		else
			put_block(j, p, m->key, m->value, indent, m->next != NULL);
	}
}

static void touched_patch(struct job *j, const struct sp_edit_touched *t)
{
	if (t->is_made || t->is_dropped)
		return;
	if (grows_below(j, t))
		grow_below(j, t);
	else if (t->place.node->flow)
		flow_patch(j, t);
	else
		block_patch(j, t);
}

/* ---- putting it together ----------------------------------------------------------------------
 */

static int by_place(const void *pa, const void *pb)
{
	const struct patch *a = *(struct patch *const *)pa, *b = *(struct patch *const *)pb;
	bool a_in = a->from == a->to, b_in = b->from == b->to;

	if (a->from != b->from)
		return a->from < b->from ? -1 : 1;
	/* first what belongs to the text in front, the innermost first */
	if (a->tail != b->tail)
		return a->tail ? -1 : 1;
	if (a->depth != b->depth)
		return (a->depth < b->depth) != a->tail ? -1 : 1;
	if (a_in != b_in)
		return a_in ? -1 : 1;
	return a->seq < b->seq ? -1 : a->seq > b->seq;
}

static bool inside(const struct patch *p, size_t from, size_t to, uint32_t depth)
{
	if (p->depth < depth || p->from < from || p->to > to)
		return false;
	if (p->from != p->to || depth == 0)
		return true;
	return (p->from != from || !p->tail) && (p->from != to || p->tail);
}

/* Lines of @text moved right or left; the first too when the text begins a line. */
static void shift_lines(const struct sp_buf *text, int64_t shift, bool first, struct sp_buf *out)
{
	for (size_t i = 0; i < text->len;) {
		const char *nl = memchr(text->ptr + i, '\n', text->len - i);
		size_t end = nl ? (size_t)(nl - text->ptr) + 1 : text->len;
		bool empty = text->ptr[i] == '\n' || text->ptr[i] == '\r';

		if ((i || first) && !empty && shift > 0)
			sp_buf_fill(out, ' ', (size_t)shift);
		for (int64_t k = shift; (i || first) && k < 0 && text->ptr[i] == ' '; k++)
			i++;
		sp_buf_add(out, text->ptr + i, end - i);
		i = end;
	}
}

static void render(struct job *j, size_t from, size_t to, uint32_t depth, struct sp_buf *out);

static void render_pieces(struct job *j, const struct patch *p, struct sp_buf *out)
{
	if (p->lines && out->len && out->ptr[out->len - 1] != '\n')
		sp_buf_puts(out, j->t->eol);
	for (const struct piece *e = p->first; e; e = e->next) {
		SP_CLEANUP(sp_buf_done) struct sp_buf b = {0};

		if (e->text) {
			sp_buf_add(out, e->text, e->len);
			continue;
		}
		render(j, e->from, e->to, e->depth, &b);
		out->failed |= b.failed;
		shift_lines(&b, e->shift, et_line_start(j->t, e->from) == e->from, out);
	}
}

static void render(struct job *j, size_t from, size_t to, uint32_t depth, struct sp_buf *out)
{
	size_t at = from, covered = 0, covers = 0;
	uint32_t covered_depth = 0;

	for (uint32_t i = 0; i < j->n; i++) {
		struct patch *p = j->v[i];

		if (!inside(p, from, to, depth) || p->from < covered)
			continue;
		if (p->from <= covers && p->tail && p->depth > covered_depth)
			continue; /* inside what was just replaced */
		sp_buf_add(out, j->t->src.bytes + at, p->from - at);
		at = p->to;
		if (p->to > p->from) {
			covered = p->to;
			covers = SP_MAX(p->to, p->covers);
			covered_depth = p->depth;
		}
		p->applied++;
		if (p->applied > 1)
			return;
		render_pieces(j, p, out);
	}
	sp_buf_add(out, j->t->src.bytes + at, to - at);
}

/* ---- the tree that is wanted ------------------------------------------------------------------
 */

static bool wanted_list(struct job *j, const struct sp_edit_touched *made, struct sp_node *list)
{
	for (const struct sp_edit_added *m = made->added; m; m = m->next) {
		struct sp_node *item =
			m->from ? m->from->members[m->from_at] : sp_node_clone(j->arena, m->value);

		if (!item || sp_node_push(j->arena, list, item) < 0)
			return false;
	}
	return true;
}

static bool wanted_change(struct job *j, const struct sp_edit_change *c, struct sp_node *twin)
{
	struct sp_node *value = NULL;

	if (c->made) {
		value = sp_node_new(j->arena, SP_NODE_LIST);
		if (!value || !wanted_list(j, c->made, value))
			return false;
	} else if (c->value) {
		value = sp_node_clone(j->arena, c->value);
		if (!value)
			return false;
	}
	if (c->kind == SP_EDIT_SCALAR && value)
		*twin = *value;
	else if (c->kind == SP_EDIT_VALUE)
		twin->pairs[c->index].value = value;
	else if (c->kind == SP_EDIT_RENAME)
		twin->pairs[c->index].key = c->text;
	return true;
}

static bool wanted_added(struct job *j, const struct sp_edit_touched *t, uint32_t i, bool behind,
			 struct sp_node *to)
{
	bool map = t->place.node->kind == SP_NODE_MAP;

	for (const struct sp_edit_added *m = t->added; m; m = m->next) {
		struct sp_node *v;

		if (i < t->place.node->n ? !goes(m, i, behind, map) : m->at < i)
			continue;
		v = m->made   ? sp_node_new(j->arena, SP_NODE_LIST)
		    : m->from ? m->from->members[m->from_at]
			      : sp_node_clone(j->arena, m->value);
		if (!v || (m->made && !wanted_list(j, m->made, v)))
			return false;
		if (map ? sp_node_set(j->arena, to, m->key, v) < 0
			: sp_node_push(j->arena, to, v) < 0)
			return false;
	}
	return true;
}

static bool wanted_members(struct job *j, struct sp_edit_touched *t)
{
	struct sp_node to = {.kind = t->place.node->kind};
	struct sp_node *twin = t->twin;

	for (uint32_t i = 0; i < t->place.node->n; i++) {
		if (!wanted_added(j, t, i, false, &to))
			return false;
		if (!t->gone[i] && to.kind == SP_NODE_LIST &&
		    sp_node_push(j->arena, &to, t->members[i]) < 0)
			return false;
		if (!t->gone[i] && to.kind == SP_NODE_MAP &&
		    sp_node_set(j->arena, &to, twin->pairs[i].key, twin->pairs[i].value) < 0)
			return false;
		if (!wanted_added(j, t, i, true, &to))
			return false;
	}
	if (!wanted_added(j, t, t->place.node->n, false, &to))
		return false;
	twin->n = to.n;
	if (to.kind == SP_NODE_LIST)
		twin->items = to.items;
	else
		twin->pairs = to.pairs;
	return true;
}

/* Everything is found first: changed nodes are not found by their places. */
static int make_wanted(struct job *j, struct sp_error *err)
{
	const struct sp_edit_state *s = j->s;
	struct sp_edit_place p;
	struct sp_diags diags;
	struct sp_node **twins;
	uint32_t n = 0, i = 0;
	bool ok = true;

	sp_diags_init(&diags, j->arena);
	if (sp_yaml_parse(j->arena, &j->t->src, &diags, &j->want, &j->n_want) < 0)
		return sp_fail(err, SP_E_NO_MEMORY, "edit '%s'", j->t->src.name);
	for (const struct sp_edit_change *c = s->changes; c; c = c->next)
		n++;
	twins = sp_arena_array(j->arena, n + 1, sizeof(*twins));
	if (!twins)
		return sp_fail(err, SP_E_NO_MEMORY, "edit '%s'", j->t->src.name);
	for (const struct sp_edit_change *c = s->changes; c; c = c->next)
		twins[i++] = c->kind != SP_EDIT_COMMENT &&
					     sp_edit_find(j->want, j->n_want, c->place.node, &p)
				     ? p.node
				     : NULL;
	for (struct sp_edit_touched *t = s->touched; t; t = t->next) {
		if (t->is_made)
			continue;
		(void)sp_edit_find(j->want, j->n_want, t->place.node, &p);
		t->twin = p.node;
		if (t->twin->kind == SP_NODE_LIST)
			t->members = t->twin->items;
	}
	i = 0;
	for (const struct sp_edit_change *c = s->changes; c && ok; c = c->next, i++)
		ok = !twins[i] || wanted_change(j, c, twins[i]);
	for (struct sp_edit_touched *t = s->touched; t && ok; t = t->next)
		ok = t->is_made || wanted_members(j, t);
	return ok ? 0 : sp_fail(err, SP_E_NO_MEMORY, "edit '%s'", j->t->src.name);
}

static int check(struct job *j, const struct sp_buf *out, struct sp_error *err)
{
	struct sp_source src = {j->t->src.name, out->ptr ? out->ptr : "", out->len};
	struct sp_diags diags;
	struct sp_node **docs;
	uint32_t n;
	bool same;

	sp_diags_init(&diags, j->arena);
	same = sp_yaml_parse(j->arena, &src, &diags, &docs, &n) == 0 && n == j->n_want;
	for (uint32_t i = 0; same && i < n; i++)
		same = sp_node_equal(docs[i], j->want[i]);
	if (!same)
		return sp_fail(err, SP_E_UNSUPPORTED,
			       "'%s': its layout does not allow this change; make it by hand",
			       src.name);
	return 0;
}

/* A list whose pair goes away as a whole needs no patches of its own. */
static void find_dropped(const struct sp_edit_state *s)
{
	for (struct sp_edit_touched *t = s->touched; t; t = t->next)
		for (const struct sp_edit_touched *up = s->touched; up; up = up->next)
			if (!t->is_made && !up->is_made && up->place.node == t->place.parent &&
			    up->gone[t->place.index] && t->place.parent->kind == SP_NODE_MAP)
				t->is_dropped = true;
}

int sp_edits_apply(const struct sp_edits *e, struct sp_buf *out, struct sp_error *err)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf b = {0};
	struct job j = {.s = e->state, .arena = e->arena};

	if (!e->n) {
		sp_buf_add(out, e->src.bytes, e->src.len);
		return out->failed ? sp_fail(err, SP_E_NO_MEMORY, "edit '%s'", e->src.name) : 0;
	}
	j.t = &j.s->text;
	if (make_wanted(&j, err) < 0)
		return -1;
	find_dropped(j.s);
	for (const struct sp_edit_change *c = j.s->changes; c; c = c->next) {
		if (c->kind == SP_EDIT_SCALAR)
			scalar_patch(&j, c);
		else if (c->kind == SP_EDIT_VALUE)
			value_change(&j, c);
		else if (c->kind == SP_EDIT_RENAME)
			rename_patch(&j, c);
		else
			comment_patch(&j, c);
	}
	for (const struct sp_edit_touched *t = j.s->touched; t; t = t->next)
		touched_patch(&j, t);
	if (j.refused)
		return sp_fail(err, SP_E_UNSUPPORTED, "'%s': cannot change %s; do it by hand",
			       e->src.name, j.refused);
	if (j.failed)
		return sp_fail(err, SP_E_NO_MEMORY, "edit '%s'", e->src.name);
	qsort(j.v, j.n, sizeof(struct patch *), by_place);
	render(&j, 0, e->src.len, 0, &b);
	for (uint32_t i = 0; i < j.n; i++)
		if (j.v[i]->applied != 1)
			return sp_fail(err, SP_E_UNSUPPORTED, "'%s': two changes overlap",
				       e->src.name);
	/* a file without a line end at its end stays one */
	if (e->src.len && e->src.bytes[e->src.len - 1] != '\n' && b.len && b.ptr[b.len - 1] == '\n')
		b.len -= b.len > 1 && b.ptr[b.len - 2] == '\r' ? 2 : 1;
	if (b.failed || j.failed)
		return sp_fail(err, SP_E_NO_MEMORY, "edit '%s'", e->src.name);
	if (check(&j, &b, err) < 0)
		return -1;
	sp_buf_add(out, b.ptr ? b.ptr : "", b.len);
	return out->failed ? sp_fail(err, SP_E_NO_MEMORY, "edit '%s'", e->src.name) : 0;
}
