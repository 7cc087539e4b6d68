/* SPDX-License-Identifier: Apache-2.0 */
/* Lists and maps in flow style, [a, b] and {k: v}, whose members change. */
#include "spec/edit_apply.h"

struct flow {
	struct ea_job *j;
	const struct sp_edit_touched *t;
	struct ea_patch *p;
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
		ea_put(f->j, f->p, ",");
	if (f->kept_to)
		ea_put_raw(f->j, f->p, f->kept_from, f->kept_to);
	f->kept_to = 0;
	if (to && (has(f, from, to, '#') || (i > 0 && f->out) || (i == 0 && !f->out)))
		ea_put_raw(f->j, f->p, from, to);
	else if (f->out)
		ea_put_n(f->j, f->p, f->sep, f->sep_len);
	else if (f->n->n)
		ea_put_raw(f->j, f->p, f->open, member_start(f, 0));
	f->out++;
}

static void flow_value(struct flow *f, const struct sp_edit_added *m);

/* "key": [items] */
static void flow_made(struct flow *f, const struct sp_edit_added *m)
{
	struct sp_node text = {
		.kind = SP_NODE_STR, .text = m->key, .len = (uint32_t)strlen(m->key)};
	struct sp_buf b = {0};

	ea_flow_text(f->j, &text, -1, &b);
	sp_buf_puts(&b, ": [");
	ea_put_buf(f->j, f->p, &b);
	for (const struct sp_edit_added *i = m->made->added; i; i = i->next) {
		flow_value(f, i);
		if (i->next)
			ea_put(f->j, f->p, ", ");
	}
	ea_put(f->j, f->p, "]");
}

static void flow_value(struct flow *f, const struct sp_edit_added *m)
{
	struct ea_job *j = f->j;
	struct sp_buf b = {0};

	if (m->made) {
		flow_made(f, m);
		return;
	}
	if (m->from && m->from->place.node->flow) {
		const struct sp_node *n = m->from->place.node->items[m->from_at];

		ea_put_range(j, f->p, et_offset(j->t, n->at), et_offset(j->t, n->end),
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
	ea_flow_member(j, m->key, m->from ? m->from->members[m->from_at] : m->value, f->indent, &b);
	ea_put_buf(j, f->p, &b);
}

static void flow_added(struct flow *f, const struct sp_edit_added *m)
{
	flow_lead(f, UINT32_MAX);
	flow_value(f, m);
}

static void flow_added_at(struct flow *f, uint32_t i, bool behind)
{
	for (const struct sp_edit_added *m = f->t->added; m; m = m->next)
		if (ea_goes(m, i, behind, f->n->kind == SP_NODE_MAP))
			flow_added(f, m);
}

void ea_flow(struct ea_job *j, const struct sp_edit_touched *t)
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
	f.p = ea_patch(j, f.open, f.close, t->place.depth);
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
			ea_put_range(j, f.p, member_start(&f, i), member_end(&f, i),
				     t->place.depth + 1, 0);
		}
		flow_added_at(&f, i, true);
	}
	for (const struct sp_edit_added *m = t->added; m; m = m->next)
		if (m->at >= n)
			flow_added(&f, m);
	if (f.out && n)
		ea_put_raw(j, f.p, member_end(&f, n - 1), f.close);
}
