/* SPDX-License-Identifier: Apache-2.0 */
/* SP9xx: images, products past their time, arguments that are missing, wrappers left over. */
#include "lint/lint_internal.h"

#include "lint/script.h"

static void floating(struct lpod *p)
{
	EACH_SIDECAR(p, c)
	{
		if (*c->image && !strchr(c->image, '@') && (!*c->tag || sp_streq(c->tag, "latest")))
			hit(p, "SP901", SP_CERTAIN, c, node_of(c->k->node, "image"),
			    "%s floats: start time and behaviour change without notice", c->image);
	}
}

static void products(struct lpod *p)
{
	EACH(p, c)
	{
		const struct sp_cat_entry *e = c->e;
		enum sp_confidence sure;

		if (!e || c->known > SP_LIKELY || c->role == SP_ROLE_INIT)
			continue;
		if (e->retired_next)
			hit(p, "SP902", c->known, c, node_of(c->k->node, "image"),
			    "%s is retired; use %s", lctr_shown(c), e->retired_next);
		/* arguments may also be in the image or in a command that is not understood */
		sure = c->k->command.n || c->k->args.n ? c->known : SP_MAX(c->known, SP_LIKELY);
		if (e->args_seen && !sp_seen(e->args_seen, c->words) &&
		    !sp_seen(e->args_seen, c->env))
			hit(p, "SP903", sure, c,
			    node_of(c->k->node, c->k->args.n ? "args" : "image"),
			    "%s needs %s to run as a sidecar", lctr_shown(c),
			    e->args_text ? e->args_text : e->args_seen);
	}
}

/* Words in front of what the wrapper runs. */
static uint32_t wrapper_words(const struct lctr *c, const char *name)
{
	uint32_t n = 1;

	if (!sp_streq(name, "linkerd-await"))
		return n;
	while (n < c->k->command.n && c->k->command.v[n][0] == '-')
		if (sp_streq(c->k->command.v[n++], "--"))
			break;
	return n;
}

static void wrappers(struct lpod *p)
{
	bool native = p->n_sidecars > 0;

	EACH_APP(p, c)
	{
		native &= !(c->e && c->known <= SP_LIKELY);
	}
	EACH_APP(p, c)
	{
		for (size_t i = 0; i < sp_wrappers_n; i++) {
			const char *name = sp_wrappers[i].name;
			struct sp_finding *f;
			bool found = false;

			for (uint32_t k = 0; k < c->sh.n; k++)
				found |= sh_is(&c->sh.v[k], name);
			if (!found)
				continue;
			f = hit(p, "SP904", SP_CERTAIN, c,
				node_of(c->k->node, c->k->command.n ? "command" : "args"),
				"%s is not needed with native sidecars", name);
			/* a companion of the old kind still needs to be told */
			if (native && c->sh.n == 1 && c->k->command.n)
				fix_unwrap(p, f, c, wrapper_words(c, name), sp_wrappers[i].env);
		}
	}
}

void rules_image(struct lpod *p)
{
	floating(p);
	products(p);
	wrappers(p);
}
