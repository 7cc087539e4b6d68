/* SPDX-License-Identifier: Apache-2.0 */
/* Edits are noted here, by their places in the source; edit_apply.c puts the new text together. */
#include "spec/edit_internal.h"

#include <stdlib.h>

static int no_memory(struct sp_error *err)
{
	return sp_fail(err, SP_E_NO_MEMORY, "edit a file");
}

/* ---- finding ----------------------------------------------------------------------------------
 */

static bool is_before(struct sp_mark a, struct sp_mark b)
{
	return a.line < b.line || (a.line == b.line && a.col < b.col);
}

static bool same_mark(struct sp_mark a, struct sp_mark b)
{
	return a.line == b.line && a.col == b.col;
}

static bool is_it(const struct sp_node *n, const struct sp_node *wanted)
{
	return n->kind == wanted->kind && same_mark(n->at, wanted->at) &&
	       same_mark(n->end, wanted->end) && n->aliased == wanted->aliased;
}

bool sp_edit_find(struct sp_node **docs, uint32_t n_docs, const struct sp_node *wanted,
		  struct sp_edit_place *ret)
{
	*ret = (struct sp_edit_place){0};
	if (!wanted->at.line)
		return false;
	for (uint32_t i = 0; i < n_docs && !ret->node; i++)
		if (!is_before(wanted->at, docs[i]->at) && !is_before(docs[i]->end, wanted->end))
			ret->node = docs[i];
	while (ret->node && !is_it(ret->node, wanted)) {
		struct sp_node *n = ret->node, *next = NULL;
		uint32_t at = 0;
		struct sp_mark key = {0};

		for (uint32_t i = 0; !n->aliased && i < n->n && !next; i++) {
			struct sp_node *child;

			if (n->kind == SP_NODE_MAP && !et_own(n, i))
				continue;
			child = n->kind == SP_NODE_MAP ? n->pairs[i].value : n->items[i];
			if (is_before(wanted->at, child->at) || is_before(child->end, wanted->end))
				continue;
			next = child;
			at = i;
			key = n->kind == SP_NODE_MAP ? n->pairs[i].at : (struct sp_mark){0};
		}
		*ret = (struct sp_edit_place){next, n, at, ret->depth + 1, key};
	}
	return ret->node != NULL;
}

/* Does a node below @n, or itself, have an anchor? */
static bool holds_anchor(const struct sp_edit_text *t, const struct sp_node *n)
{
	if (n->aliased)
		return false;
	if (et_anchored(t, n))
		return true;
	for (uint32_t i = 0; n->kind == SP_NODE_LIST && i < n->n; i++)
		if (holds_anchor(t, n->items[i]))
			return true;
	for (uint32_t i = 0; n->kind == SP_NODE_MAP && i < n->n; i++)
		if (et_own(n, i) && holds_anchor(t, n->pairs[i].value))
			return true;
	return false;
}

static bool holds_alias(const struct sp_node *n)
{
	if (n->aliased)
		return true;
	for (uint32_t i = 0; n->kind == SP_NODE_LIST && i < n->n; i++)
		if (holds_alias(n->items[i]))
			return true;
	for (uint32_t i = 0; n->kind == SP_NODE_MAP && i < n->n; i++)
		if (!et_own(n, i) || holds_alias(n->pairs[i].value))
			return true;
	return false;
}

/* Is a node on the way to @wanted anchored? */
static bool below_anchor(const struct sp_edit_state *s, const struct sp_node *wanted)
{
	struct sp_edit_place p;
	const struct sp_node *n = wanted;

	while (n) {
		if (et_anchored(&s->text, n))
			return true;
		if (!sp_edit_find(s->docs, s->n_docs, n, &p))
			return false;
		n = p.parent;
	}
	return false;
}

/* How deep maps and lists stand below their keys, from the first of each; walks into the last map.
 */
static bool learn_style(struct sp_yaml_style *style, const struct sp_node *n)
{
	while (n && !n->flow && !n->aliased) {
		const struct sp_node *next = NULL;

		for (uint32_t k = 0; n->kind == SP_NODE_MAP && k < n->n; k++) {
			const struct sp_node *v = n->pairs[k].value;
			uint32_t col = n->pairs[k].at.col;

			if (!et_own(n, k) || v->flow || v->n == 0 || v->at.col < col ||
			    v->at.line == n->pairs[k].at.line)
				continue;
			if (v->kind == SP_NODE_LIST) {
				style->list_step = v->at.col - col;
				return true;
			}
			if (v->kind == SP_NODE_MAP) {
				style->step = SP_MAX(v->at.col - col, 1u);
				next = v;
			}
		}
		n = next;
	}
	return false;
}

void sp_edits_init(struct sp_edits *e, struct sp_arena *a, const struct sp_source *src)
{
	struct sp_edit_state *s = sp_arena_alloc(a, sizeof(*s));
	struct sp_diags diags;

	*e = (struct sp_edits){.arena = a, .src = *src, .state = s};
	if (!s)
		return;
	s->last_touched = &s->touched;
	s->last_change = &s->changes;
	sp_diags_init(&diags, a);
	if (et_init(&s->text, a, src) < 0)
		s->broken = "out of memory";
	else if (sp_yaml_parse(a, src, &diags, &s->docs, &s->n_docs) < 0)
		s->broken = diags.n ? diags.v[0].message : "it cannot be read";
	for (uint32_t i = 0; i < s->n_docs && !s->aliases; i++)
		s->aliases = holds_alias(s->docs[i]);
	for (uint32_t i = 0; i < s->n_docs; i++)
		if (learn_style(&s->text.style, s->docs[i]))
			return;
}

/* ---- noting -----------------------------------------------------------------------------------
 */

static int locate(struct sp_edits *e, const struct sp_node *n, struct sp_edit_place *ret,
		  struct sp_error *err)
{
	struct sp_edit_state *s = e->state;

	if (!s)
		return no_memory(err);
	if (s->broken)
		return sp_fail(err, SP_E_UNSUPPORTED, "'%s' cannot be edited: %s", e->src.name,
			       s->broken);
	if (!sp_edit_find(s->docs, s->n_docs, n, ret))
		return sp_fail(err, SP_E_UNSUPPORTED,
			       "'%s': this value does not stand in the file as it is", e->src.name);
	if (n->aliased)
		return sp_fail(err, SP_E_UNSUPPORTED,
			       "%s:%u: an alias cannot be edited without its anchor", e->src.name,
			       n->at.line);
	if (s->aliases && below_anchor(s, ret->node))
		return sp_fail(err, SP_E_UNSUPPORTED,
			       "%s:%u: this value has an anchor, and may be used elsewhere too",
			       e->src.name, n->at.line);
	return 0;
}

static struct sp_edit_change *note(struct sp_edits *e, enum sp_edit_kind kind,
				   const struct sp_edit_place *p)
{
	struct sp_edit_change *c = sp_arena_alloc(e->arena, sizeof(*c));

	if (!c)
		return NULL;
	c->kind = kind;
	if (p)
		c->place = *p;
	*e->state->last_change = c;
	e->state->last_change = &c->next;
	e->n++;
	return c;
}

static struct sp_edit_touched *new_touched(struct sp_edits *e, const struct sp_edit_place *p)
{
	struct sp_edit_touched *t = sp_arena_alloc(e->arena, sizeof(*t));

	if (t && p)
		t->gone = sp_arena_array(e->arena, p->node->n + 1, sizeof(*t->gone));
	if (!t || (p && !t->gone))
		return NULL;
	if (p)
		t->place = *p;
	t->last = &t->added;
	*e->state->last_touched = t;
	e->state->last_touched = &t->next;
	return t;
}

static struct sp_edit_touched *touch(struct sp_edits *e, const struct sp_edit_place *p)
{
	for (struct sp_edit_touched *t = e->state->touched; t; t = t->next)
		if (!t->is_made && t->place.node == p->node)
			return t;
	return new_touched(e, p);
}

static struct sp_edit_added *add_to(struct sp_edits *e, struct sp_edit_touched *t, uint32_t at)
{
	struct sp_edit_added *m = sp_arena_alloc(e->arena, sizeof(*m));

	if (!m)
		return NULL;
	m->at = at;
	*t->last = m;
	t->last = &m->next;
	e->n++;
	return m;
}

static struct sp_edit_touched *made_list(struct sp_edits *e, const struct sp_node *n)
{
	for (struct sp_edit_touched *t = e->state ? e->state->touched : NULL; t; t = t->next)
		if (t->is_made && t->handle == n)
			return t;
	return NULL;
}

/* Index of @key among the pairs that stand in the text; -1 none. */
static int64_t own_pair(const struct sp_node *map, const char *key)
{
	for (uint32_t i = 0; key && i < map->n; i++)
		if (et_own(map, i) && sp_streq(map->pairs[i].key, key))
			return i;
	return -1;
}

static bool is_scalar(const struct sp_node *n)
{
	return n->kind != SP_NODE_LIST && n->kind != SP_NODE_MAP;
}

static int locate_map(struct sp_edits *e, const struct sp_node *map, struct sp_edit_place *ret,
		      struct sp_error *err)
{
	if (!map || map->kind != SP_NODE_MAP)
		return sp_fail(err, SP_E_UNSUPPORTED, "'%s': no map stands here", e->src.name);
	return locate(e, map, ret, err);
}

static int locate_list(struct sp_edits *e, const struct sp_node *list, struct sp_edit_place *ret,
		       struct sp_error *err)
{
	if (!list || list->kind != SP_NODE_LIST)
		return sp_fail(err, SP_E_UNSUPPORTED, "'%s': no list stands here", e->src.name);
	return locate(e, list, ret, err);
}

int sp_edit_scalar(struct sp_edits *e, const struct sp_node *n, const struct sp_node *value,
		   struct sp_error *err)
{
	struct sp_edit_place p;
	struct sp_edit_change *c;

	if (!is_scalar(n) || !is_scalar(value))
		return sp_fail(err, SP_E_UNSUPPORTED, "'%s': no single value stands here",
			       e->src.name);
	if (locate(e, n, &p, err) < 0)
		return -1;
	c = note(e, SP_EDIT_SCALAR, &p);
	if (!c)
		return no_memory(err);
	c->value = value;
	return 0;
}

static int check_value(struct sp_edits *e, const struct sp_edit_place *map, uint32_t i,
		       struct sp_error *err)
{
	const struct sp_edit_text *t = &e->state->text;
	const struct sp_node *v = map->node->pairs[i].value;

	if (v->aliased)
		return 0; /* the alias as such goes */
	if (e->state->aliases && holds_anchor(t, v))
		return sp_fail(err, SP_E_UNSUPPORTED,
			       "%s:%u: an anchor stands in it, which may be used elsewhere",
			       e->src.name, v->at.line);
	return 0;
}

/* A new value of pair @i of a map; the caller fills in which. NULL: out of memory */
static struct sp_edit_change *new_value(struct sp_edits *e, const struct sp_edit_place *p,
					int64_t i)
{
	struct sp_edit_change *c = note(e, SP_EDIT_VALUE, p);

	if (c)
		c->index = (uint32_t)i;
	return c;
}

/* A new pair of a map beside the one of key @beside, or at its end; NULL: out of memory */
static struct sp_edit_added *new_pair(struct sp_edits *e, struct sp_edit_place *p, const char *key,
				      int64_t beside)
{
	struct sp_edit_touched *t = touch(e, p);
	struct sp_edit_added *m =
		t ? add_to(e, t, beside < 0 ? p->node->n : (uint32_t)beside) : NULL;

	if (m)
		m->key = sp_arena_strdup(e->arena, key);
	return m && m->key ? m : NULL;
}

int sp_edit_set(struct sp_edits *e, const struct sp_node *map, const char *key,
		const struct sp_node *value, const char *after, struct sp_error *err)
{
	struct sp_edit_added *m;
	struct sp_edit_change *c;
	struct sp_edit_place p;
	int64_t i;

	if (locate_map(e, map, &p, err) < 0)
		return -1;
	i = own_pair(p.node, key);
	if (i >= 0) {
		const struct sp_node *old = p.node->pairs[i].value;

		if (check_value(e, &p, (uint32_t)i, err) < 0)
			return -1;
		if (!old->aliased && is_scalar(old) && is_scalar(value))
			return sp_edit_scalar(e, old, value, err);
		c = new_value(e, &p, i);
		if (!c)
			return no_memory(err);
		c->value = value;
		return 0;
	}
	m = new_pair(e, &p, key, own_pair(p.node, after));
	if (!m)
		return no_memory(err);
	m->value = value;
	return 0;
}

int sp_edit_set_path(struct sp_edits *e, const struct sp_node *map, const char *path,
		     const struct sp_node *value, struct sp_error *err)
{
	const struct sp_node *in_file = map;
	struct sp_edit_place p;

	for (;;) {
		size_t len = strcspn(path, ".");
		char *key = sp_arena_strndup(e->arena, path, len);
		const struct sp_node *next;
		int64_t i;

		if (!key)
			return no_memory(err);
		if (locate_map(e, in_file, &p, err) < 0)
			return -1;
		if (!path[len])
			return sp_edit_set(e, p.node, key, value, NULL, err);
		path += len + 1;
		i = own_pair(p.node, key);
		next = i < 0 ? NULL : p.node->pairs[i].value;
		if (next && next->kind == SP_NODE_MAP) {
			in_file = next;
			continue;
		}
		/* the rest of the way is made: from its end back to here */
		for (size_t end = strlen(path); end > 0;) {
			size_t from = end;
			struct sp_node *outer = sp_node_new(e->arena, SP_NODE_MAP);
			char *name;

			while (from > 0 && path[from - 1] != '.')
				from--;
			name = sp_arena_strndup(e->arena, path + from, end - from);
			if (!outer || !name ||
			    sp_node_set(e->arena, outer, name, sp_node_clone(e->arena, value)) < 0)
				return no_memory(err);
			value = outer;
			end = from ? from - 1 : 0;
		}
		return sp_edit_set(e, p.node, key, value, NULL, err);
	}
}

static bool goes_away(const struct sp_edits *e, const struct sp_node *map, const char *key)
{
	int64_t i = own_pair(map, key);

	for (const struct sp_edit_touched *t = e->state->touched; t; t = t->next)
		if (!t->is_made && t->place.node == map && i >= 0 && t->gone[i])
			return true;
	return false;
}

int sp_edit_rename(struct sp_edits *e, const struct sp_node *map, const char *key,
		   const char *new_key, struct sp_error *err)
{
	struct sp_edit_place p;
	struct sp_edit_change *c;
	int64_t i;

	if (locate_map(e, map, &p, err) < 0)
		return -1;
	i = own_pair(p.node, key);
	if (i < 0 || (sp_node_get(p.node, new_key) && !goes_away(e, p.node, new_key)) ||
	    !et_colon(&e->state->text, &p.node->pairs[i]))
		return sp_fail(err, SP_E_UNSUPPORTED,
			       "'%s': the key '%s' cannot be renamed to '%s'", e->src.name, key,
			       new_key);
	c = note(e, SP_EDIT_RENAME, &p);
	if (!c)
		return no_memory(err);
	c->index = (uint32_t)i;
	c->text = sp_arena_strdup(e->arena, new_key);
	return c->text ? 0 : no_memory(err);
}

int sp_edit_remove(struct sp_edits *e, const struct sp_node *map, const char *key,
		   struct sp_error *err)
{
	struct sp_edit_place p;
	struct sp_edit_touched *t;
	int64_t i;

	if (locate_map(e, map, &p, err) < 0)
		return -1;
	i = own_pair(p.node, key);
	if (i < 0)
		return sp_node_get(p.node, key)
			       ? sp_fail(err, SP_E_UNSUPPORTED, "'%s': '%s' comes from a merge key",
					 e->src.name, key)
			       : 0;
	if (check_value(e, &p, (uint32_t)i, err) < 0)
		return -1;
	t = touch(e, &p);
	if (!t)
		return no_memory(err);
	t->n_gone += !t->gone[i];
	t->gone[i] = true;
	e->n++;
	return 0;
}

int sp_edit_insert_item(struct sp_edits *e, const struct sp_node *list, uint32_t at,
			const struct sp_node *value, struct sp_error *err)
{
	struct sp_edit_touched *t = made_list(e, list);
	struct sp_edit_place p;
	struct sp_edit_added *m;

	if (!t) {
		if (locate_list(e, list, &p, err) < 0)
			return -1;
		t = touch(e, &p);
		at = SP_MIN(at, p.node->n);
	} else {
		at = 0;
	}
	m = t ? add_to(e, t, at) : NULL;
	if (!m)
		return no_memory(err);
	m->value = value;
	return 0;
}

static int take_out(struct sp_edits *e, const struct sp_node *list, uint32_t at,
		    struct sp_edit_touched **ret, struct sp_error *err)
{
	struct sp_edit_place p;

	if (locate_list(e, list, &p, err) < 0)
		return -1;
	if (at >= p.node->n)
		return sp_fail(err, SP_E_UNSUPPORTED, "'%s': the list has no item %u", e->src.name,
			       at);
	if (e->state->aliases && holds_anchor(&e->state->text, p.node->items[at]))
		return sp_fail(err, SP_E_UNSUPPORTED,
			       "%s:%u: an anchor stands in it, which may be used elsewhere",
			       e->src.name, p.node->items[at]->at.line);
	*ret = touch(e, &p);
	if (!*ret)
		return no_memory(err);
	if ((*ret)->gone[at])
		return sp_fail(err, SP_E_UNSUPPORTED, "%s:%u: this item was taken out already",
			       e->src.name, p.node->items[at]->at.line);
	(*ret)->gone[at] = true;
	(*ret)->n_gone++;
	return 0;
}

int sp_edit_remove_item(struct sp_edits *e, const struct sp_node *list, uint32_t at,
			struct sp_error *err)
{
	struct sp_edit_touched *t;

	if (take_out(e, list, at, &t, err) < 0)
		return -1;
	e->n++;
	return 0;
}

int sp_edit_move_item(struct sp_edits *e, const struct sp_node *list, uint32_t from,
		      const struct sp_node *to, uint32_t at, struct sp_error *err)
{
	struct sp_edit_touched *source, *target = made_list(e, to);
	struct sp_edit_added *m;
	struct sp_edit_place p;

	if (!target) {
		if (locate_list(e, to, &p, err) < 0)
			return -1;
		target = touch(e, &p);
		at = SP_MIN(at, p.node->n);
	} else {
		at = 0;
	}
	if (!target)
		return no_memory(err);
	if (take_out(e, list, from, &source, err) < 0)
		return -1;
	m = add_to(e, target, at);
	if (!m)
		return no_memory(err);
	m->from = source;
	m->from_at = from;
	return 0;
}

int sp_edit_new_list(struct sp_edits *e, const struct sp_node *map, const char *key,
		     const char *before, const struct sp_node **ret, struct sp_error *err)
{
	struct sp_edit_touched *made;
	struct sp_edit_added *m;
	struct sp_edit_change *c;
	struct sp_edit_place p;
	int64_t i;

	if (locate_map(e, map, &p, err) < 0)
		return -1;
	made = new_touched(e, NULL);
	if (made)
		made->handle = sp_node_new(e->arena, SP_NODE_LIST);
	if (!made || !made->handle)
		return no_memory(err);
	made->is_made = true;
	*ret = made->handle;
	i = own_pair(p.node, key);
	if (i >= 0) {
		const struct sp_node *old = p.node->pairs[i].value;

		if (old->n || (is_scalar(old) && old->kind != SP_NODE_NULL))
			return sp_fail(err, SP_E_UNSUPPORTED, "'%s': '%s' is there already",
				       e->src.name, key);
		c = new_value(e, &p, i);
		if (!c)
			return no_memory(err);
		c->made = made;
		return 0;
	}
	i = own_pair(p.node, before);
	m = new_pair(e, &p, key, i);
	if (!m)
		return no_memory(err);
	m->before = i >= 0;
	m->made = made;
	return 0;
}

int sp_edit_line_comment(struct sp_edits *e, struct sp_mark at, const char *text,
			 struct sp_error *err)
{
	struct sp_edit_change *c;

	if (!e->state)
		return no_memory(err);
	if (e->state->broken || e->state->text.json || !at.line)
		return sp_fail(err, SP_E_UNSUPPORTED, "'%s': no comment can stand here",
			       e->src.name);
	c = note(e, SP_EDIT_COMMENT, NULL);
	if (!c)
		return no_memory(err);
	c->at = at;
	c->text = sp_arena_strdup(e->arena, text);
	return c->text ? 0 : no_memory(err);
}
