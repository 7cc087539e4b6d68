/* SPDX-License-Identifier: Apache-2.0 */
/* SP9xx: images, products past their time, arguments that are missing, wrappers left over. */
#include "lint/lint_internal.h"

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

static void wrappers(struct lpod *p)
{
	static const char *const names[] = {"kubexit", "scuttle", "envoy-preflight",
					    "linkerd-await"};

	EACH_APP(p, c)
	{
		for (size_t i = 0; i < SP_ARRAY_LEN(names); i++) {
			bool found = false;

			for (uint32_t k = 0; k < c->sh.n; k++)
				found |= sh_is(&c->sh.v[k], names[i]);
			if (found)
				hit(p, "SP904", SP_CERTAIN, c,
				    node_of(c->k->node, c->k->command.n ? "command" : "args"),
				    "%s is not needed with native sidecars", names[i]);
		}
	}
}

void rules_image(struct lpod *p)
{
	floating(p);
	products(p);
	wrappers(p);
}
