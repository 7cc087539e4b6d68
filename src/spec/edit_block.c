/* SPDX-License-Identifier: Apache-2.0 */
/* Lists and maps in block style whose members change, and which style a place has. */
#include "spec/edit_apply.h"

static void lines_patch_added(struct ea_job *j, const struct sp_edit_touched *t,
			      const struct sp_edit_added *m)
{
	const struct sp_node *n = t->place.node;
	bool map = n->kind == SP_NODE_MAP, tail = true;
	size_t at = et_after(j->t, n), indent;
	struct sp_extent x = {0};
	struct ea_patch *p;

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
		indent = ea_map_indent(n);
	} else {
		et_item(j->t, n, SP_MIN(m->at, n->n - 1), t->place.parent_key, &x);
		at = m->at < n->n ? x.from : x.to;
		tail = m->at >= n->n;
		indent = n->at.col - 1;
		if (!x.whole && !tail)
			j->refused = "a place in front of an item that shares its line";
	}
	p = ea_patch(j, at, at, t->place.depth);
	p->tail = tail;
	p->lines = true;
	if (m->made)
		ea_put_made(j, p, m->key, m->made, indent);
	else if (map)
		ea_put_block(j, p, m->key, m->value, indent, true);
	else
		ea_put_item(j, p, m, indent, true);
}

static bool is_blank(const struct ea_job *j, size_t line)
{
	return line < j->t->src.len && et_line_end(j->t, line) == line + et_spaces(j->t, line);
}

static void block_item_gone(struct ea_job *j, const struct sp_edit_touched *t, uint32_t i)
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
	(void)ea_patch(j, from, to, t->place.depth);
}

/* The first pair of a map that begins behind a dash: the next one takes its place. */
static void dash_pair_gone(struct ea_job *j, const struct sp_edit_touched *t, uint32_t i)
{
	const struct sp_node *n = t->place.node;
	size_t from = et_offset(j->t, n->pairs[i].at), to;
	uint32_t next = i + 1;
	struct ea_patch *p;

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
		p = ea_patch(j, dash, dash, t->place.depth);
		p->lines = true;
		sp_buf_fill(&b, ' ', et_spaces(j->t, dash));
		sp_buf_add(&b, j->t->src.bytes + line + deep,
			   et_next_line(j->t, line) - line - deep);
		ea_put_buf(j, p, &b);
	}
	(void)ea_patch(j, from, to, t->place.depth);
}

static void block_pair_gone(struct ea_job *j, const struct sp_edit_touched *t, uint32_t i)
{
	const struct sp_node *n = t->place.node;
	struct sp_extent x;

	et_pair(j->t, n, i, t->place.parent_key, &x);
	if (x.whole) {
		(void)ea_patch(j, x.from, x.to, t->place.depth);
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

static void all_gone(struct ea_job *j, const struct sp_edit_touched *t)
{
	const char *text = t->place.node->kind == SP_NODE_MAP ? "{}" : "[]";
	const struct sp_pair *pair = ea_pair_of(&t->place);
	struct ea_patch *p;

	if (pair && !t->place.parent->flow) {
		const struct sp_node *n = t->place.node;
		struct sp_extent x = {.to = et_after(j->t, n)};

		if (n->kind == SP_NODE_LIST)
			et_item(j->t, n, n->n - 1, t->place.parent_key, &x);
		p = ea_value_patch(j, pair, t->place.depth, false, text);
		p->to = SP_MAX(p->to, et_line_end(j->t, et_line_start(j->t, x.to - 1)));
		p->covers = x.to;
		return;
	}
	p = ea_patch(j, et_offset(j->t, t->place.node->at), et_end(j->t, t->place.node),
		     t->place.depth);
	ea_put(j, p, text);
}

static bool first_pairs_gone(const struct sp_edit_touched *t, uint32_t i)
{
	for (uint32_t k = 0; k <= i; k++)
		if (et_own(t->place.node, k) && !t->gone[k])
			return false;
	return true;
}

static void block_patch(struct ea_job *j, const struct sp_edit_touched *t)
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
static bool grows_below(const struct ea_job *j, const struct sp_edit_touched *t)
{
	return t->place.node->n == 0 && t->added && ea_pair_of(&t->place) &&
	       !t->place.parent->flow && !j->t->json && et_colon(j->t, ea_pair_of(&t->place));
}

static void grow_below(struct ea_job *j, const struct sp_edit_touched *t)
{
	const struct sp_pair *pair = ea_pair_of(&t->place);
	bool map = t->place.node->kind == SP_NODE_MAP;
	size_t indent = pair->at.col - 1 + (map ? j->t->style.step : j->t->style.list_step);
	struct ea_patch *p = ea_value_patch(j, pair, t->place.depth, true, NULL);

	for (const struct sp_edit_added *m = t->added; m; m = m->next) {
		if (!map)
			ea_put_item(j, p, m, indent, m->next != NULL);
		else if (m->made)
			j->refused = "a list that is made inside {}";
		else
			ea_put_block(j, p, m->key, m->value, indent, m->next != NULL);
	}
}

void ea_touched(struct ea_job *j, const struct sp_edit_touched *t)
{
	if (t->is_made || t->is_dropped)
		return;
	if (grows_below(j, t))
		grow_below(j, t);
	else if (t->place.node->flow)
		ea_flow(j, t);
	else
		block_patch(j, t);
}
