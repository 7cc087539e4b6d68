/* SPDX-License-Identifier: Apache-2.0 */
/* Which products were recognised, how surely, and where what is known about them was read. */
#include "lint/lint_internal.h"

#include "base/json.h"

/* Every recognised container of every pod. */
static void each(struct sp_lint *l, struct sp_buf *out,
		 void (*tell)(const struct lpod *p, const struct lctr *c, struct sp_buf *out))
{
	for (uint32_t i = 0; i < l->n_objects && !l->no_memory; i++) {
		struct lpod p;

		if (!l->objects[i].spec || !lint_model(l, &l->objects[i], &p))
			continue;
		EACH(&p, c)
		{
			if (c->e)
				tell(&p, c, out);
		}
	}
}

static void tell_text(const struct lpod *p, const struct lctr *c, struct sp_buf *out)
{
	const struct sp_cat_entry *e = c->e;

	sp_buf_printf(out, "  %s/%s %s: %s (%s, %s)\n", p->obj->o.kind_text,
		      p->obj->name ? p->obj->name : "", c->name, e->product,
		      sp_confidence_name(c->known), sp_cat_type_name(e->type));
	sp_buf_printf(out, "    %s; checked %s\n", e->source, e->checked);
	for (uint32_t i = 0; i < e->n_facts; i++) {
		sp_buf_puts(out, "    ");
		for (uint32_t k = 0; k < e->facts[i].of.n; k++)
			sp_buf_printf(out, "%s%s", k ? ", " : "", e->facts[i].of.v[k]);
		sp_buf_printf(out, ": %s; checked %s\n", e->facts[i].source, e->facts[i].checked);
	}
}

static void tell_json(const struct lpod *p, const struct lctr *c, struct sp_buf *out)
{
	const struct sp_cat_entry *e = c->e;

	sp_json_next(out);
	sp_buf_putc(out, '{');
	sp_json_str(out, "kind", p->obj->o.kind_text);
	sp_json_str(out, "object", p->obj->name);
	sp_json_str(out, "container", c->name);
	sp_json_str(out, "id", e->id);
	sp_json_str(out, "product", e->product);
	sp_json_str(out, "type", sp_cat_type_name(e->type));
	sp_json_str(out, "confidence", sp_confidence_name(c->known));
	sp_json_str(out, "source", e->source);
	sp_json_str(out, "checked", e->checked);
	sp_json_key(out, "facts");
	sp_buf_putc(out, '[');
	for (uint32_t i = 0; i < e->n_facts; i++)
		for (uint32_t k = 0; k < e->facts[i].of.n; k++) {
			sp_json_next(out);
			sp_buf_putc(out, '{');
			sp_json_str(out, "key", e->facts[i].of.v[k]);
			sp_json_str(out, "source", e->facts[i].source);
			sp_json_str(out, "checked", e->facts[i].checked);
			sp_buf_putc(out, '}');
		}
	sp_buf_puts(out, "]}");
}

void sp_lint_products(struct sp_lint *l, bool json, struct sp_buf *out)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf b = {0};

	each(l, &b, json ? tell_json : tell_text);
	out->failed |= b.failed;
	if (json)
		sp_buf_printf(out, "[%s]", b.ptr ? b.ptr : "");
	else if (b.len)
		sp_buf_printf(out, "\nProducts that were recognised:\n%s", b.ptr);
}
