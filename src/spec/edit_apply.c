/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From noted edits to new bytes: patches are collected, put in order and put together. Beside that
 * the tree that is wanted is made, and what comes out must read back as that tree.
 */
#include "spec/edit_apply.h"

#include <stdlib.h>

static struct ea_patch spare_patch;

/* ---- patches ----------------------------------------------------------------------------------
 */

struct ea_patch *ea_patch(struct ea_job *j, size_t from, size_t to, uint32_t depth)
{
	struct ea_patch *p = sp_arena_alloc(j->arena, sizeof(*p));

	if (j->n == j->cap) {
		uint32_t cap = j->cap ? j->cap * 2 : 16;
		struct ea_patch **v = sp_arena_array(j->arena, cap, sizeof(struct ea_patch *));

		if (v && j->n)
			memcpy(v, j->v, j->n * sizeof(struct ea_patch *));
		if (v) {
			j->v = v;
			j->cap = cap;
		} else {
			p = NULL;
		}
	}
	if (!p) {
		j->failed = true;
		spare_patch = (struct ea_patch){.last = &spare_patch.first};
		return &spare_patch;
	}
	*p = (struct ea_patch){
		.from = from, .to = to, .depth = depth, .seq = j->n, .last = &p->first};
	j->v[j->n++] = p;
	return p;
}

static struct ea_piece *add_piece(struct ea_job *j, struct ea_patch *p)
{
	struct ea_piece *e = sp_arena_alloc(j->arena, sizeof(*e));

	if (!e) {
		j->failed = true;
		return NULL;
	}
	*p->last = e;
	p->last = &e->next;
	return e;
}

void ea_put_n(struct ea_job *j, struct ea_patch *p, const char *text, size_t len)
{
	struct ea_piece *e = len ? add_piece(j, p) : NULL;

	if (!e)
		return;
	e->text = sp_arena_strndup(j->arena, text, len);
	e->len = len;
	j->failed |= !e->text;
}

void ea_put(struct ea_job *j, struct ea_patch *p, const char *text)
{
	ea_put_n(j, p, text, strlen(text));
}

void ea_put_buf(struct ea_job *j, struct ea_patch *p, struct sp_buf *b)
{
	j->failed |= b->failed;
	if (!b->failed && b->ptr)
		ea_put_n(j, p, b->ptr, b->len);
	sp_buf_done(b);
}

void ea_put_range(struct ea_job *j, struct ea_patch *p, size_t from, size_t to, uint32_t depth,
		  int64_t shift)
{
	struct ea_piece *e = to > from ? add_piece(j, p) : NULL;

	if (!e)
		return;
	e->from = from;
	e->to = to;
	e->depth = depth;
	e->shift = shift;
}

/* Bytes of the source as they are. */
void ea_put_raw(struct ea_job *j, struct ea_patch *p, size_t from, size_t to)
{
	ea_put_n(j, p, j->t->src.bytes + from, to - from);
}

/* ---- putting it together ----------------------------------------------------------------------
 */

static int by_place(const void *pa, const void *pb)
{
	const struct ea_patch *a = *(struct ea_patch *const *)pa,
			      *b = *(struct ea_patch *const *)pb;
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

static bool inside(const struct ea_patch *p, size_t from, size_t to, uint32_t depth)
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

static void render(struct ea_job *j, size_t from, size_t to, uint32_t depth, struct sp_buf *out);

static void render_pieces(struct ea_job *j, const struct ea_patch *p, struct sp_buf *out)
{
	if (p->lines && out->len && out->ptr[out->len - 1] != '\n')
		sp_buf_puts(out, j->t->eol);
	for (const struct ea_piece *e = p->first; e; e = e->next) {
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

static void render(struct ea_job *j, size_t from, size_t to, uint32_t depth, struct sp_buf *out)
{
	size_t at = from, covered = 0, covers = 0;
	uint32_t covered_depth = 0;

	for (uint32_t i = 0; i < j->n; i++) {
		struct ea_patch *p = j->v[i];

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
	struct ea_job j = {.s = e->state, .arena = e->arena};

	if (!e->n) {
		sp_buf_add(out, e->src.bytes, e->src.len);
		return out->failed ? sp_fail(err, SP_E_NO_MEMORY, "edit '%s'", e->src.name) : 0;
	}
	j.t = &j.s->text;
	if (ea_wanted(&j, err) < 0)
		return -1;
	find_dropped(j.s);
	for (const struct sp_edit_change *c = j.s->changes; c; c = c->next) {
		if (c->kind == SP_EDIT_SCALAR)
			ea_scalar(&j, c);
		else if (c->kind == SP_EDIT_VALUE)
			ea_value_change(&j, c);
		else if (c->kind == SP_EDIT_RENAME)
			ea_rename(&j, c);
		else
			ea_comment(&j, c);
	}
	for (const struct sp_edit_touched *t = j.s->touched; t; t = t->next)
		ea_touched(&j, t);
	if (j.refused)
		return sp_fail(err, SP_E_UNSUPPORTED, "'%s': cannot change %s; do it by hand",
			       e->src.name, j.refused);
	if (j.failed)
		return sp_fail(err, SP_E_NO_MEMORY, "edit '%s'", e->src.name);
	qsort(j.v, j.n, sizeof(struct ea_patch *), by_place);
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
	if (ea_check(&j, &b, err) < 0)
		return -1;
	sp_buf_add(out, b.ptr ? b.ptr : "", b.len);
	return out->failed ? sp_fail(err, SP_E_NO_MEMORY, "edit '%s'", e->src.name) : 0;
}
