/* SPDX-License-Identifier: Apache-2.0 */
/* Fixes of command lines: statements taken out of scripts, wrappers taken off. */
#include "lint/lint_internal.h"

#include "lint/script.h"

const struct sp_node *lctr_script_node(const struct lctr *c)
{
	static const char *const keys[] = {"command", "args"};

	for (size_t k = 0; c->sh.shell && k < SP_ARRAY_LEN(keys); k++) {
		const struct sp_node *list = sp_node_get(c->k->node, keys[k]);

		for (uint32_t i = 0; list && list->kind == SP_NODE_LIST && i < list->n; i++)
			if (list->items[i]->kind == SP_NODE_STR &&
			    sp_streq(list->items[i]->text, c->sh.text))
				return list->items[i];
	}
	return NULL;
}

void fix_without(struct lpod *p, struct sp_finding *f, const struct lctr *c,
		 bool (*goes)(struct lpod *p, const struct lctr *c, const struct sh *statement,
			      const char *text))
{
	const struct sp_node *node = lctr_script_node(c);
	struct sp_script *s = node ? sp_arena_alloc(&p->l->arena, sizeof(*s)) : NULL;
	SP_CLEANUP(sp_buf_done) struct sp_buf left = {0};
	bool gone[SP_STATEMENTS_MAX] = {0}, any = false;

	if (!s)
		return;
	sp_script_read(node->text, node->len, s);
	for (uint32_t i = 0; i < s->n && !s->odd; i++) {
		const char *argv[] = {"sh", "-c",
				      say(p->l, "%.*s", (int)(s->v[i].to - s->v[i].from),
					  s->text + s->v[i].from)};
		struct sh sh;

		sh_parse(&p->l->arena, argv, 3, &sh);
		gone[i] = sh.n && goes(p, c, &sh, argv[2]);
		any |= gone[i];
	}
	/* a command that is nothing but the call is for a person */
	if (any && sp_script_without(s, gone, &left) && !left.failed && left.len)
		fix_op(p, f, SP_OP_SCALAR, node)->value =
			sp_node_new_str(&p->l->arena, say(p->l, "%s", left.ptr));
}

static void drop_env(struct lpod *p, struct sp_finding *f, const struct lctr *c,
		     const char *prefixes)
{
	const struct sp_node *list = sp_node_get(c->k->node, "env");
	uint32_t n = 0;

	for (uint32_t i = 0; i < c->k->env.n; i++)
		n += c->k->env.v[i].name && sp_has_prefix(prefixes, c->k->env.v[i].name);
	if (n && n == c->k->env.n) {
		fix_op(p, f, SP_OP_REMOVE, c->k->node)->key = "env";
		return;
	}
	for (uint32_t i = 0; n && i < c->k->env.n; i++)
		if (c->k->env.v[i].name && sp_has_prefix(prefixes, c->k->env.v[i].name))
			fix_op(p, f, SP_OP_REMOVE_ITEM, list)->index = i;
}

void fix_unwrap(struct lpod *p, struct sp_finding *f, const struct lctr *c, uint32_t n,
		const char *prefixes)
{
	const struct sp_node *command = sp_node_get(c->k->node, "command");
	uint32_t have = c->k->command.n;

	if (c->sh.shell || !command || command->kind != SP_NODE_LIST || n > have ||
	    n + (n == have) > have + c->k->args.n)
		return;
	drop_env(p, f, c, prefixes);
	if (n == have) { /* what it ran stands in args */
		fix_op(p, f, SP_OP_REMOVE, c->k->node)->key = "command";
		fix_op(p, f, SP_OP_RENAME, c->k->node)->key = "args";
		f->ops[f->n_ops - 1].text = "command";
		return;
	}
	for (uint32_t i = 0; i < n; i++)
		fix_op(p, f, SP_OP_REMOVE_ITEM, command)->index = i;
}
