/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fixes: one finding at a time is applied to the bytes, then the result is judged anew, so that
 * fixes never build on places that another one has moved. What an edit cannot do safely is left to
 * the user.
 */
#include "lint/lint_internal.h"

#include "spec/edit.h"

#include <stdlib.h>

#define ROUNDS_MAX 500

/* Fixes by rule, object, container and message, which stay the same while places move. */
struct names {
	char *v[ROUNDS_MAX];
	uint32_t left[ROUNDS_MAX]; /* findings of that name that were to be left by the fix */
	uint32_t n;
};
struct tried {
	struct names done;
	struct names
		refused; /* since the last one that was done: that may have made room for them */
};

static void forget(struct names *t)
{
	for (uint32_t i = 0; i < t->n; i++)
		free(t->v[i]);
	t->n = 0;
}

static void tried_done(struct tried *t)
{
	forget(&t->done);
	forget(&t->refused);
}

/* Return: where @name is, or would go; ROUNDS_MAX when there is no room */
static uint32_t find(const struct names *t, const char *name)
{
	uint32_t i = 0;

	while (i < t->n && !sp_streq(t->v[i], name))
		i++;
	return i;
}

void sp_lint_fixed_done(struct sp_lint_fixed *f)
{
	sp_buf_done(&f->text);
	free(f->rules);
	*f = (struct sp_lint_fixed){0};
}

/* Return: a name from the heap; NULL out of memory */
static char *name_of(const struct sp_finding *f)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf key = {0};

	sp_buf_printf(&key, "%s %s %s %s %s", f->id, f->kind ? f->kind : "", f->name ? f->name : "",
		      f->container ? f->container : "", f->message);
	return key.failed ? NULL : sp_take_ptr(&key.ptr);
}

static bool same_text(const char *a, const char *b)
{
	return sp_streq(a ? a : "", b ? b : "");
}

/* Findings that have the same name as @f: two probes of a container may fail for one reason. */
static uint32_t count_like(const struct sp_lint *l, const struct sp_finding *f)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < l->n_findings; i++) {
		const struct sp_finding *o = &l->findings[i];

		n += sp_streq(o->id, f->id) && same_text(o->kind, f->kind) &&
		     same_text(o->name, f->name) && same_text(o->container, f->container) &&
		     same_text(o->message, f->message);
	}
	return n;
}

/* May this be tried? Not again what did not help, and not what could not be applied. */
static bool is_new(const struct sp_lint *l, const struct sp_finding *f, const struct tried *t,
		   const char *name)
{
	uint32_t at = find(&t->done, name);

	if (find(&t->refused, name) < t->refused.n || t->refused.n == ROUNDS_MAX)
		return false;
	return at == t->done.n ? at < ROUNDS_MAX : count_like(l, f) <= t->done.left[at];
}

static bool takes_items(const struct sp_finding *f)
{
	for (uint32_t i = 0; i < f->n_ops; i++)
		if (f->ops[i].kind == SP_OP_REMOVE_ITEM)
			return true;
	return false;
}

/* Remember @name, which is taken. */
static void note(struct names *t, char *name, uint32_t left)
{
	uint32_t at = find(t, name);

	if (at < t->n)
		free(t->v[at]);
	else
		t->n++;
	t->v[at] = name;
	t->left[at] = left;
}

static int move(struct sp_edits *e, const struct sp_lint_op *op, struct sp_error *err)
{
	const struct sp_node *from = sp_node_get(op->node, op->key);
	const struct sp_node *to = sp_node_get(op->node, "initContainers");
	uint32_t at = to ? SP_MIN(op->to, to->n) : 0;

	if (!from || from->kind != SP_NODE_LIST || op->index >= from->n)
		return sp_fail(err, SP_E_UNSUPPORTED, "nothing to move");
	if ((!to || to->kind != SP_NODE_LIST || to->n == 0) &&
	    sp_edit_new_list(e, op->node, "initContainers", "containers", &to, err) < 0)
		return -1;
	return sp_edit_move_item(e, from, op->index, to, at, err);
}

static int edit(struct sp_edits *e, const struct sp_lint_op *op, struct sp_error *err)
{
	switch (op->kind) {
	case SP_OP_SET:
		return sp_edit_set(e, op->node, op->key, op->value, op->after, err);
	case SP_OP_SCALAR:
		return sp_edit_scalar(e, op->node, op->value, err);
	case SP_OP_REMOVE:
		return sp_edit_remove(e, op->node, op->key, err);
	case SP_OP_REMOVE_ITEM:
		return sp_edit_remove_item(e, op->node, op->index, err);
	case SP_OP_INSERT_ITEM:
		return sp_edit_insert_item(e, op->node, op->node->n, op->value, err);
	case SP_OP_RENAME:
		return sp_edit_rename(e, op->node, op->key, op->text, err);
	case SP_OP_MOVE:
		return move(e, op, err);
	case SP_OP_CUT:
		break;
	}
	return sp_fail(err, SP_E_INTERNAL, "a cut is no edit of the tree");
}

/* The bytes with one finding fixed. */
static int apply(struct sp_lint *l, const struct sp_finding *f, struct sp_buf *out,
		 struct sp_error *err)
{
	const struct sp_source *src = f->source;
	struct sp_edits e;

	if (f->ops[0].kind == SP_OP_CUT) {
		sp_buf_add(out, src->bytes, f->ops[0].from_byte);
		sp_buf_add(out, src->bytes + f->ops[0].to_byte, src->len - f->ops[0].to_byte);
		return 0;
	}
	sp_edits_init(&e, &l->arena, src);
	for (uint32_t i = 0; i < f->n_ops; i++)
		if (!f->ops[i].node)
			return sp_fail(err, SP_E_UNSUPPORTED, "the place was not read");
		else if (edit(&e, &f->ops[i], err) < 0)
			return -1;
	return sp_edits_apply(&e, out, err);
}

/* Return: 1 something was fixed, 0 nothing left to try, -1 and *err */
static int round_of(const struct sp_source *src, const struct sp_lint_options *opt,
		    enum sp_fix_class least, struct tried *tried, struct sp_buf *next,
		    const struct sp_lint_rule **rule, struct sp_error *err)
{
	struct sp_lint l;
	int r = 0;

	sp_lint_init(&l, opt);
	if (sp_lint_add(&l, src->name, src->bytes, src->len) < 0)
		r = sp_fail(err, SP_E_NO_MEMORY, "fix '%s'", src->name);
	else
		r = sp_lint_run(&l, err);
	for (uint32_t i = 0; r == 0 && i < l.n_findings; i++) {
		const struct sp_finding *f = &l.findings[i];
		struct sp_error why;
		char *name;

		if (!f->rule || f->ignored || f->n_ops == 0 || f->rule->fix < least ||
		    f->confidence == SP_GUESS)
			continue;
		name = name_of(f);
		if (!name) {
			r = sp_fail(err, SP_E_NO_MEMORY, "fix '%s'", src->name);
			break;
		}
		if (!is_new(&l, f, tried, name)) {
			free(name);
			continue;
		}
		sp_buf_clear(next);
		r = apply(&l, f, next, &why) == 0 && !next->failed;
		if (r && next->len == src->len && memcmp(next->ptr, src->bytes, src->len) == 0)
			r = 0;
		if (r)
			forget(&tried->refused);
		/* names with places count from the beginning when items are gone in front of them
		 */
		if (r && takes_items(f))
			forget(&tried->done);
		note(r ? &tried->done : &tried->refused, name, count_like(&l, f) - 1);
		*rule = f->rule;
	}
	sp_lint_done(&l);
	return r;
}

int sp_lint_fix(const struct sp_source *src, const struct sp_lint_options *opt,
		enum sp_fix_class least, struct sp_lint_fixed *ret, struct sp_error *err)
{
	SP_CLEANUP(tried_done) struct tried tried = {.done = {.n = 0}};
	struct sp_lint_fixed out = {.rules = calloc(ROUNDS_MAX, sizeof(struct sp_lint_rule *))};
	SP_CLEANUP(sp_buf_done) struct sp_buf next = {0};
	int r = 1;

	sp_buf_add(&out.text, src->bytes, src->len);
	if (!out.rules || out.text.failed)
		r = sp_fail(err, SP_E_NO_MEMORY, "fix '%s'", src->name);
	while (r > 0 && out.n_fixes < ROUNDS_MAX) {
		const struct sp_source now = {src->name, out.text.ptr ? out.text.ptr : "",
					      out.text.len};
		const struct sp_lint_rule *rule = NULL;
		struct sp_buf swap;

		r = round_of(&now, opt, least, &tried, &next, &rule, err);
		if (r <= 0)
			break;
		swap = out.text;
		out.text = next;
		next = swap;
		out.rules[out.n_fixes++] = rule;
	}
	if (r < 0) {
		sp_lint_fixed_done(&out);
		return -1;
	}
	*ret = out;
	return 0;
}
