/* SPDX-License-Identifier: Apache-2.0 */
/* SP1xx: where containers stand, and fields that do not mean what they seem to. */
#include "lint/lint_internal.h"

#include "base/text.h"

/* Move item @at of the regular containers into initContainers, as a sidecar. */
static void propose_sidecar(const struct lpod *p, struct sp_finding *f, const struct lctr *c)
{
	uint32_t to = UINT32_MAX;

	/* in front of an init container that calls it, else behind all of them */
	for (uint32_t i = p->n_init; i-- > 0;)
		for (uint32_t r = 0; r < p->c[i].n_refs; r++)
			if (lctr_port(c, p->c[i].refs[r].port))
				to = i;
	fix_set(p, f, c->k->node, "restartPolicy", sp_node_new_str(&p->l->arena, "Always"),
		"image");
	fix_move(p, f, "containers", c->at - p->n_init, to);
}

/* The first init container that calls a port that @ctr declares; behind all of them when none does.
 */
static uint32_t first_caller(const struct lpod *p, const struct sp_node *ctr)
{
	const struct sp_node *ports = sp_node_get(ctr, "ports");

	for (uint32_t i = 0; i < p->n_init; i++)
		for (uint32_t r = 0; r < p->c[i].n_refs; r++)
			for (uint32_t k = 0; ports && ports->kind == SP_NODE_LIST && k < ports->n;
			     k++) {
				const struct sp_node *port =
					sp_node_get(ports->items[k], "containerPort");

				if (port && port->kind == SP_NODE_INT &&
				    port->i == p->c[i].refs[r].port)
					return i;
			}
	return UINT32_MAX;
}

static void sidecar_list(struct lpod *p)
{
	const struct sp_node *spec = p->obj->spec_read;

	for (uint32_t i = 0; spec && spec->kind == SP_NODE_MAP && i < spec->n; i++) {
		const struct sp_pair *e = &spec->pairs[i];
		struct sp_finding *f;
		struct sp_lint_op *op;

		if (strcasecmp(e->key, "sidecarContainers") != 0 &&
		    strcasecmp(e->key, "sidecars") != 0)
			continue;
		f = hit(p, "SP101", SP_CERTAIN, NULL, e->value,
			"there is no %s: native sidecars are initContainers with restartPolicy: "
			"Always",
			e->key);
		f->at = e->at;
		f->len = (uint32_t)sp_utf8_columns(e->key);
		if (e->value->kind != SP_NODE_LIST)
			continue;
		for (uint32_t k = 0; k < e->value->n; k++) {
			if (e->value->items[k]->kind != SP_NODE_MAP)
				continue;
			fix_set(p, f, e->value->items[k], "restartPolicy",
				sp_node_new_str(&p->l->arena, "Always"), "image");
			if (p->n_init)
				fix_move(p, f, e->key, k, first_caller(p, e->value->items[k]));
		}
		op = fix_op(p, f, p->n_init ? SP_OP_REMOVE : SP_OP_RENAME, spec);
		op->key = e->key;
		op->text = "initContainers";
	}
}

/* The first regular container that is not this one and does the work. */
static const struct lctr *other_app(const struct lpod *p, const struct lctr *c)
{
	EACH_APP(p, o)
	{
		if (o != c && !(o->e && o->known <= SP_LIKELY))
			return o;
	}
	return NULL;
}

static void known_in_containers(struct lpod *p)
{
	EACH_APP(p, c)
	{
		struct sp_finding *f;

		if (!c->e || p->n_apps < 2 || c->e->stays)
			continue;
		f = hit(p, "SP102", c->known, c, NULL,
			"%s (%s) runs as a regular container: no start or stop order%s", c->name,
			lctr_shown(c), p->job_like ? ", and it keeps the Job alive" : "");
		propose_sidecar(p, f, c);
	}
}

static void job_companion(struct lpod *p)
{
	if (!p->job_like || p->n_apps < 2)
		return;
	EACH_APP(p, c)
	{
		struct sp_finding *f;

		if (!c->endless || c->ends || !other_app(p, c) || (c->e && c->known == SP_GUESS))
			continue;
		f = hit(p, "SP103", c->endless_sure, c, NULL, "this %s cannot finish while %s runs",
			p->obj->o.kind == SP_KIND_POD ? "pod" : "Job", c->name);
		propose_sidecar(p, f, c);
		p->never_ends = true;
	}
}

static void init_never_ends(struct lpod *p)
{
	EACH_INIT(p, c)
	{
		struct sp_finding *f;

		if (!c->endless || c->ends || (c->e && c->known == SP_GUESS))
			continue;
		f = hit(p, "SP104", c->endless_sure, c, NULL,
			"plain init %s never exits, so the pod stays in Init; did you forget "
			"restartPolicy: Always?",
			c->name);
		fix_set(p, f, c->k->node, "restartPolicy", sp_node_new_str(&p->l->arena, "Always"),
			"image");
	}
}

static void init_with_probe(struct lpod *p)
{
	static const char *const keys[] = {"startupProbe", "readinessProbe", "livenessProbe",
					   "lifecycle"};

	EACH_INIT(p, c)
	{
		struct sp_finding *f = NULL;

		for (size_t i = 0; i < SP_ARRAY_LEN(keys); i++) {
			const struct sp_node *n = sp_node_get(c->k->node, keys[i]);

			if (!n || n->kind == SP_NODE_NULL)
				continue;
			if (!f)
				f = hit(p, "SP105", SP_CERTAIN, c, n,
					"probes and hooks may not be set for init containers "
					"without restartPolicy: Always");
			if (!c->endless)
				fix_op(p, f, SP_OP_REMOVE, c->k->node)->key = keys[i];
		}
		if (f && c->endless)
			fix_set(p, f, c->k->node, "restartPolicy",
				sp_node_new_str(&p->l->arena, "Always"), "image");
	}
}

static void policy_on_app(struct lpod *p)
{
	EACH_APP(p, c)
	{
		const struct sp_node *n = sp_node_get(c->k->node, "restartPolicy");
		struct sp_finding *f;

		if (!c->k->restart_policy || !n)
			continue;
		if (p->minor < 34)
			f = hit(p, "SP106", SP_CERTAIN, c, n,
				"Kubernetes 1.%d rejects restartPolicy on a regular container",
				p->minor);
		else
			f = hit(p, "SP106", SP_CERTAIN, c, n,
				"restartPolicy restarts %s but does not make it a sidecar: no "
				"order, and it still blocks a Job",
				c->name);
		hit_severity(f, p->minor < 34    ? SP_SEV_ERROR
				: p->minor == 34 ? SP_SEV_WARNING
						 : SP_SEV_INFO);
		if (sp_streq(c->k->restart_policy, "Always") && p->n_apps > 1)
			fix_move(p, f, "containers", c->at - p->n_init, UINT32_MAX);
	}
}

static void policy_of_init(struct lpod *p)
{
	EACH_INIT(p, c)
	{
		const struct sp_node *n = sp_node_get(c->k->node, "restartPolicy");
		struct sp_finding *f;
		struct sp_lint_op *op;

		if (!c->k->restart_policy || !n)
			continue;
		f = hit(p, "SP107", SP_CERTAIN, c, n,
			"restartPolicy %s is only valid with container restart rules (1.35) and "
			"is not a sidecar",
			c->k->restart_policy);
		hit_severity(f, p->minor < 34 ? SP_SEV_ERROR : SP_SEV_INFO);
		op = fix_op(p, f, SP_OP_SCALAR, n);
		op->value = sp_node_new_str(&p->l->arena, "Always");
	}
}

static void old_version(struct lpod *p)
{
	if (p->minor > 28)
		return;
	EACH_SIDECAR(p, c)
	{
		const struct sp_node *at = sp_node_get(c->k->node, "restartPolicy");

		if (p->minor < 28)
			hit(p, "SP108", SP_CERTAIN, c, at,
			    "Kubernetes 1.%d: the field is dropped and %s blocks initialisation",
			    p->minor, c->name);
		else
			hit_severity(hit(p, "SP108", SP_CERTAIN, c, at,
					 "Kubernetes 1.28 has native sidecars as an alpha that is "
					 "off by default: %s blocks the start",
					 c->name),
				     SP_SEV_WARNING);
	}
}

static void init_before_sidecar(struct lpod *p)
{
	EACH_INIT(p, c)
	{
		for (uint32_t r = 0; r < c->n_refs; r++) {
			for (uint32_t i = c->at + 1; i < p->n_init; i++) {
				const struct lctr *s = &p->c[i];
				struct sp_finding *f;

				if (s->role != SP_ROLE_SIDECAR || !lctr_port(s, c->refs[r].port) ||
				    lctr_port(c, c->refs[r].port))
					continue;
				f = hit(p, "SP109", SP_CERTAIN, c, c->refs[r].node,
					"%s calls port %u served by %s, which starts later",
					c->name, c->refs[r].port, s->name);
				fix_move(p, f, "initContainers", i, c->at);
			}
		}
	}
}

static void sidecar_ends(struct lpod *p)
{
	EACH_SIDECAR(p, c)
	{
		if (c->ends)
			fix_op(p,
			       hit(p, "SP110", SP_CERTAIN, c, NULL,
				   "%s exits by itself and will be restarted for ever", c->name),
			       SP_OP_REMOVE, c->k->node)
				->key = "restartPolicy";
	}
}

static void duplicate_names(struct lpod *p)
{
	const struct sp_node *extra = sp_node_get(p->obj->spec_read, "ephemeralContainers");

	EACH(p, c)
	{
		uint32_t n = 1, before = 0, also = 0;

		EACH(p, o)
		{
			n += o != c && c->name[0] && sp_streq(o->name, c->name);
			before += o < c && sp_streq(o->name, c->name);
		}
		for (uint32_t i = 0; extra && extra->kind == SP_NODE_LIST && i < extra->n; i++)
			also += c->name[0] &&
				sp_streq(sp_node_str(sp_node_get(extra->items[i], "name"), ""),
					 c->name);
		/* told at the second one, or at the one that an ephemeral container repeats */
		if ((n > 1 && before == 1) || (n == 1 && also))
			hit(p, "SP111", SP_CERTAIN, c, NULL,
			    "%s is used %u times; container names must be unique across all lists",
			    c->name, n + also);
	}
}

static void pair_of_product(struct lpod *p)
{
	const struct sp_catalogue *cat = p->l->opt.catalogue;

	EACH_INIT(p, c)
	{
		struct sp_cat_match m = {0};

		if (!c->guarded || !cat)
			continue;
		sp_catalogue_find(cat, &(struct sp_cat_query){c->image, c->name, c->words, c->env},
				  &m);
		EACH(p, o)
		{
			/* capture rules of a mesh are set up by an init, and that is no pair */
			if (o->role != SP_ROLE_INIT && o->e && o->e == m.entry &&
			    o->e->type != SP_CAT_MESH)
				hit(p, "SP112", SP_LIKELY, c, NULL,
				    "%s and %s are both %s: one native sidecar with a startup "
				    "probe can replace them",
				    c->name, o->name, lctr_shown(o));
		}
	}
}

/* holdApplicationUntilProxyStarts: true, as YAML or JSON. */
static bool holds_app(const char *config)
{
	const char *at = strstr(config, "holdApplicationUntilProxyStarts");

	if (!at)
		return false;
	at += strcspn(at, ":");
	at += strspn(at, ": \"'");
	return strncmp(at, "true", 4) == 0;
}

static void annotation_conflicts(struct lpod *p)
{
	const struct sp_k_meta *meta = p->obj->meta;

	for (uint32_t i = 0; meta && i < meta->annotations.n; i++) {
		const struct sp_kv *a = &meta->annotations.v[i];
		const struct sp_node *map = sp_node_get(meta->node, "annotations");
		struct sp_finding *f;
		bool bad = false;

		if (sp_streq(a->key, "sidecar.istio.io/nativeSidecar"))
			bad = p->job_like && sp_streq(a->value, "false");
		else if (sp_streq(a->key, "proxy.istio.io/config"))
			bad = p->n_sidecars && holds_app(a->value);
		else if (sp_streq(a->key, "config.alpha.linkerd.io/proxy-wait-before-exit-seconds"))
			bad = p->n_sidecars && !sp_streq(a->value, "0");
		if (!bad)
			continue;
		f = hit(p, "SP113", SP_CERTAIN, NULL, sp_node_get(map, a->key),
			"%s has no use with native sidecars", a->key);
		if (!sp_streq(a->key, "proxy.istio.io/config")) /* may hold more */
			fix_op(p, f, SP_OP_REMOVE, map)->key = a->key;
	}
}

static const struct sh_cmd *only_command(const struct lctr *c)
{
	return c->sh.n == 1 ? &c->sh.v[0] : NULL;
}

/* Does it only wait: sleep, or the image whose one program is pause? */
static bool only_waits(const struct lctr *c)
{
	const char *slash = strrchr(c->repo, '/');

	if (only_command(c))
		return sh_is(only_command(c), "sleep|pause");
	return c->sh.n == 0 && sp_streq(slash ? slash + 1 : c->repo, "pause");
}

static void work_in_sidecar(struct lpod *p)
{
	const struct lctr *app = NULL;
	bool own = false;

	EACH(p, c)
	{
		if (c->role == SP_ROLE_APP)
			app = c;
		own |= c->role == SP_ROLE_SIDECAR && !c->e;
	}
	if (p->n_apps != 1 || !own || !app || !only_waits(app))
		return;
	hit(p, "SP114", SP_CERTAIN, app, NULL,
	    "the pod's result will be that of %s; sidecar failures are ignored", app->name);
}

static void app_ends_at_once(struct lpod *p)
{
	enum sp_kind k = p->obj->o.kind;

	if (k != SP_KIND_DEPLOYMENT && k != SP_KIND_STATEFUL_SET && k != SP_KIND_DAEMON_SET &&
	    k != SP_KIND_REPLICA_SET)
		return;
	EACH_APP(p, c)
	{
		if (c->ends)
			hit(p, "SP115", SP_CERTAIN, c, NULL,
			    "%s exits at once, so this %s restarts it for ever; is it a Job?",
			    c->name, sp_kind_name(k));
	}
}

void rules_place(struct lpod *p)
{
	sidecar_list(p);
	known_in_containers(p);
	job_companion(p);
	init_never_ends(p);
	init_with_probe(p);
	policy_on_app(p);
	policy_of_init(p);
	old_version(p);
	init_before_sidecar(p);
	sidecar_ends(p);
	duplicate_names(p);
	pair_of_product(p);
	annotation_conflicts(p);
	work_in_sidecar(p);
	app_ends_at_once(p);
}
