/* SPDX-License-Identifier: Apache-2.0 */
/* The tree that the edits ask for, made beside the text to compare with. */
#include "spec/edit_apply.h"

static bool wanted_list(struct ea_job *j, const struct sp_edit_touched *made, struct sp_node *list)
{
	for (const struct sp_edit_added *m = made->added; m; m = m->next) {
		struct sp_node *item =
			m->from ? m->from->members[m->from_at] : sp_node_clone(j->arena, m->value);

		if (!item || sp_node_push(j->arena, list, item) < 0)
			return false;
	}
	return true;
}

static bool wanted_change(struct ea_job *j, const struct sp_edit_change *c, struct sp_node *twin)
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

static bool wanted_added(struct ea_job *j, const struct sp_edit_touched *t, uint32_t i, bool behind,
			 struct sp_node *to)
{
	bool map = t->place.node->kind == SP_NODE_MAP;

	for (const struct sp_edit_added *m = t->added; m; m = m->next) {
		struct sp_node *v;

		if (i < t->place.node->n ? !ea_goes(m, i, behind, map) : m->at < i)
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

static bool wanted_members(struct ea_job *j, struct sp_edit_touched *t)
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
int ea_wanted(struct ea_job *j, struct sp_error *err)
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

int ea_check(struct ea_job *j, const struct sp_buf *out, struct sp_error *err)
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
