/* SPDX-License-Identifier: Apache-2.0 */
/* Findings, as rules tell them, and the changes that they propose. */
#include "lint/lint_internal.h"

#define FINDINGS_MAX 20000
#define OPS_MAX      256

const char *say(struct sp_lint *l, const char *fmt, ...)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf b = {0};
	const char *text = NULL;
	va_list ap;

	sp_buf_puts(&b, "");
	va_start(ap, fmt);
	sp_buf_vprintf(&b, fmt, ap);
	va_end(ap);
	if (!b.failed)
		text = sp_arena_strdup(&l->arena, b.ptr);
	l->no_memory |= !text;
	return text ? text : "";
}

static bool names(const char *const *v, uint32_t n, const struct sp_lint_rule *r, const char *id)
{
	for (uint32_t i = 0; i < n; i++) {
		size_t len = strlen(v[i]);

		if (len && strlen(id) >= len && strncasecmp(v[i], id, len) == 0)
			return true;
		if (r && sp_streq(v[i], r->name))
			return true;
	}
	return false;
}

static struct sp_finding *spare(struct sp_lint *l)
{
	/* written to and never read; one for each so that callers may fill it in peace */
	struct sp_finding *f = sp_arena_alloc(&l->arena, sizeof(*f));
	static struct sp_finding last;

	l->no_memory |= !f;
	return f ? f : &last;
}

bool lint_wanted(const struct sp_lint *l, const char *id)
{
	const struct sp_lint_rule *r = sp_lint_rule_find(id);

	/* a file that cannot be read is told whatever is asked for: nothing else in it is */
	return (!l->opt.n_only || names(l->opt.only, l->opt.n_only, r, id) ||
		sp_streq(id, "SP001") || sp_streq(id, "SP005")) &&
	       !names(l->opt.except, l->opt.n_except, r, id);
}

struct sp_finding *lint_new_finding(struct sp_lint *l, const char *id)
{
	const struct sp_lint_rule *r = sp_lint_rule_find(id);
	struct sp_finding *v;

	if (!lint_wanted(l, id))
		return NULL;
	if (l->n_findings == FINDINGS_MAX) {
		l->dropped++;
		return NULL;
	}
	if (l->n_findings == l->cap_findings) {
		uint32_t cap = l->cap_findings ? l->cap_findings * 2 : 32;

		v = sp_arena_array(&l->arena, cap, sizeof(*v));
		if (!v) {
			l->no_memory = true;
			return NULL;
		}
		if (l->n_findings)
			memcpy(v, l->findings, l->n_findings * sizeof(*v));
		l->findings = v;
		l->cap_findings = cap;
	}
	v = &l->findings[l->n_findings++];
	*v = (struct sp_finding){.rule = r, .id = r ? r->id : id, .len = 1};
	if (r) {
		v->severity = r->severity;
		v->why = r->why;
		v->fix = r->how;
	}
	return v;
}

void hit_severity(struct sp_finding *f, enum sp_severity s)
{
	f->severity = s == SP_SEV_ERROR && f->confidence != SP_CERTAIN ? SP_SEV_WARNING : s;
}

static struct sp_finding *vadd(struct sp_lint *l, const struct sp_lint_object *obj, const char *id,
			       enum sp_confidence conf, const struct sp_node *node, const char *fmt,
			       va_list ap) SP_PRINTF(6, 0);
static struct sp_finding *vadd(struct sp_lint *l, const struct sp_lint_object *obj, const char *id,
			       enum sp_confidence conf, const struct sp_node *node, const char *fmt,
			       va_list ap)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf text = {0};
	struct sp_finding *f = lint_new_finding(l, id);

	if (!f)
		return spare(l);
	sp_buf_vprintf(&text, fmt, ap);
	f->message = say(l, "%s", text.ptr && !text.failed ? text.ptr : "");
	f->confidence = conf;
	hit_severity(f, f->severity);
	lint_locate(l, obj, node, f);
	return f;
}

struct sp_finding *lint_add(struct sp_lint *l, const struct sp_lint_object *obj, const char *id,
			    enum sp_confidence conf, const struct sp_node *node, const char *fmt,
			    ...)
{
	struct sp_finding *f;
	va_list ap;

	va_start(ap, fmt);
	f = vadd(l, obj, id, conf, node, fmt, ap);
	va_end(ap);
	return f;
}

struct sp_finding *hit(const struct lpod *p, const char *id, enum sp_confidence conf,
		       const struct lctr *c, const struct sp_node *node, const char *fmt, ...)
{
	struct sp_finding *f;
	va_list ap;

	va_start(ap, fmt);
	f = vadd(p->l, p->obj, id, conf, node ? node : c ? c->k->node : NULL, fmt, ap);
	va_end(ap);
	f->container = c ? c->name : NULL;
	return f;
}

/* ---- what a finding proposes ------------------------------------------------------------------
 */

struct sp_lint_op *fix_op(const struct lpod *p, struct sp_finding *f, enum sp_lint_op_kind kind,
			  const struct sp_node *node)
{
	static struct sp_lint_op lost;

	if ((f->n_ops & (f->n_ops - 1)) == 0) { /* room for the next power of two */
		struct sp_lint_op *v =
			f->n_ops == OPS_MAX
				? NULL
				: sp_arena_array(&p->l->arena, f->n_ops ? f->n_ops * 2 : 1,
						 sizeof(*f->ops));

		if (!v) {
			f->n_ops = 0; /* half of a change is none */
			f->lost = true;
		} else if (f->n_ops) {
			memcpy(v, f->ops, f->n_ops * sizeof(*v));
		}
		f->ops = v;
	}
	if (f->lost)
		return &lost;
	f->ops[f->n_ops] = (struct sp_lint_op){.kind = kind, .node = lint_twin(p->l, p->obj, node)};
	return &f->ops[f->n_ops++];
}

void fix_set(const struct lpod *p, struct sp_finding *f, const struct sp_node *map, const char *key,
	     const struct sp_node *value, const char *after)
{
	struct sp_lint_op *op;

	if (!value)
		return;
	op = fix_op(p, f, SP_OP_SET, map);
	op->key = key;
	op->value = value;
	op->after = after;
}

void fix_set_int(const struct lpod *p, struct sp_finding *f, const struct sp_node *map,
		 const char *key, int64_t value)
{
	fix_set(p, f, map, key, sp_node_new_int(&p->l->arena, value), NULL);
}

void fix_move(const struct lpod *p, struct sp_finding *f, const char *from, uint32_t index,
	      uint32_t to)
{
	struct sp_lint_op *op = fix_op(p, f, SP_OP_MOVE, p->spec->node);

	op->key = from;
	op->index = index;
	op->to = to;
}

void fix_arg(const struct lpod *p, struct sp_finding *f, const struct lctr *c, const char *arg)
{
	const struct sp_node *old = sp_node_get(c->k->node, "args");
	struct sp_node *value = arg ? sp_node_new_str(&p->l->arena, arg) : NULL;

	/* behind a command of the manifest nobody knows whose argument it would be, and without
	 * args the image's own would be gone */
	if (value && arg[0] == '-' && !c->k->command.n && old && old->kind == SP_NODE_LIST)
		fix_op(p, f, SP_OP_INSERT_ITEM, old)->value = value;
}

struct sp_node *fix_yaml(struct sp_lint *l, const char *text)
{
	const struct sp_source src = {"fix", text, strlen(text)};
	struct sp_diags diags;
	struct sp_node **docs;
	uint32_t n;

	sp_diags_init(&diags, &l->arena);
	return sp_yaml_parse(&l->arena, &src, &diags, &docs, &n) == 0 && n == 1 ? docs[0] : NULL;
}
