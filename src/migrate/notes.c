/* SPDX-License-Identifier: Apache-2.0 */
/* What a migration tells: steps, things left to a person, hazards, rows of the table of behaviour.
 */
#include "migrate/migrate_internal.h"

#define ROOM 8

static void *room(struct sp_migration *m, void *v, uint32_t n, uint32_t *cap, size_t size)
{
	void *p;

	if (n < *cap)
		return v;
	p = sp_arena_array(&m->arena, *cap ? *cap * 2 : ROOM, size);
	if (!p) {
		m->no_memory = true;
		return NULL;
	}
	if (n)
		memcpy(p, v, n * size);
	*cap = *cap ? *cap * 2 : ROOM;
	return p;
}

SP_PRINTF(2, 0)
static const char *vsay(struct sp_migration *m, const char *fmt, va_list ap)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf b = {0};
	const char *s;

	sp_buf_vprintf(&b, fmt, ap);
	s = sp_arena_strdup(&m->arena, b.ptr && !b.failed ? b.ptr : "");
	if (!s)
		m->no_memory = true;
	return s ? s : "";
}

const char *mig_say(struct sp_migration *m, const char *fmt, ...)
{
	const char *s;
	va_list ap;

	va_start(ap, fmt);
	s = vsay(m, fmt, ap);
	va_end(ap);
	return s;
}

static void add_step(struct mpod *p, const char *rule, const struct mctr *c, struct sp_mark at,
		     bool manual, const char *text)
{
	struct sp_migration *m = p->m;
	struct sp_mig_step *v = room(m, m->steps, m->n_steps, &m->cap_steps, sizeof(*v));

	if (!v)
		return;
	m->steps = v;
	v[m->n_steps++] = (struct sp_mig_step){
		rule, p->object, c ? mig_say(m, "%s", c->k->name) : NULL, text, at, manual};
	m->n_manual += manual;
}

void mig_step(struct mpod *p, const char *rule, const struct mctr *c, struct sp_mark at,
	      const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add_step(p, rule, c, at, false, vsay(p->m, fmt, ap));
	va_end(ap);
}

void mig_manual(struct mpod *p, const char *rule, const struct mctr *c, struct sp_mark at,
		const char *fmt, ...)
{
	const char *text, *comment;
	struct sp_error err;
	va_list ap;

	va_start(ap, fmt);
	text = vsay(p->m, fmt, ap);
	va_end(ap);
	for (uint32_t i = 0; i < p->m->n_steps; i++)
		if (p->m->steps[i].manual && sp_streq(p->m->steps[i].text, text) &&
		    sp_streq(p->m->steps[i].object, p->object))
			return; /* told already */
	add_step(p, rule, c, at, true, text);
	if (!p->edits)
		return; /* nothing that a comment could be put into */
	comment = mig_say(p->m, "sidepod: %s: %s", rule, text);
	/* it stands there since the last time */
	if (memmem(p->o->source->bytes, p->o->source->len, comment, strlen(comment)))
		return;
	(void)sp_edit_line_comment(p->edits, at, comment,
				   &err); /* JSON has none: told, not noted */
}

void mig_hazard(struct mpod *p, const char *rule, const struct mctr *c, const char *fmt, ...)
{
	struct sp_migration *m = p->m;
	struct sp_mig_hazard *v = room(m, m->hazards, m->n_hazards, &m->cap_hazards, sizeof(*v));
	const char *text, *name = c ? mig_say(m, "%s", c->k->name) : "";
	va_list ap;

	if (!v)
		return;
	m->hazards = v;
	va_start(ap, fmt);
	text = vsay(m, fmt, ap);
	va_end(ap);
	for (uint32_t i = 0; i < m->n_hazards; i++)
		if (sp_streq(v[i].rule, rule) && sp_streq(v[i].object, p->object) &&
		    sp_streq(v[i].container ? v[i].container : "", name) &&
		    sp_streq(v[i].text, text))
			return; /* told already */
	v[m->n_hazards++] = (struct sp_mig_hazard){rule, p->object, c ? name : NULL, text};
}

void mig_row(struct sp_migration *m, const char *object, const char *what, const char *before,
	     const char *after)
{
	struct sp_mig_row *v = room(m, m->rows, m->n_rows, &m->cap_rows, sizeof(*v));

	if (!v)
		return;
	m->rows = v;
	v[m->n_rows++] = (struct sp_mig_row){object, what, before, after};
}

bool mig_done(struct mpod *p, int r, const char *rule, const struct mctr *c, struct sp_mark at,
	      const char *what)
{
	if (r == 0)
		return true;
	mig_manual(p, rule, c, at, "%s by hand: the layout of the file does not allow it here",
		   what);
	return false;
}
