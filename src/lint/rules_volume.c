/* SPDX-License-Identifier: Apache-2.0 */
/* SP7xx: volumes, mounts, and objects that are referred to. */
#include "lint/lint_internal.h"

#include "base/text.h"

static bool yes(const struct sp_opt_bool *b)
{
	return b->set && b->v;
}

/* An object that must be there. @key: NULL any */
static void need(struct lpod *p, const struct lctr *c, enum sp_kind kind, const char *name,
		 const char *key, bool optional, const struct sp_node *node)
{
	const struct sp_lint_object *o;
	struct sp_finding *f;
	bool found = false;

	if (!name || !*name || optional)
		return;
	o = lpod_object(p, kind, name);
	if (!o) {
		f = hit(p, "SP701", SP_CERTAIN, c, node, "%s %s is not among the given files",
			sp_kind_name(kind), name);
		if (p->l->opt.closed)
			hit_severity(f, SP_SEV_ERROR);
		return;
	}
	if (!key || !o->o.any)
		return;
	if (kind == SP_KIND_CONFIG_MAP)
		found = sp_node_get(sp_node_get(o->root, "data"), key) ||
			sp_node_get(sp_node_get(o->root, "binaryData"), key);
	else
		found = sp_node_get(sp_node_get(o->root, "data"), key) ||
			sp_node_get(sp_node_get(o->root, "stringData"), key);
	if (!found)
		hit(p, "SP703", SP_CERTAIN, c, node, "%s %s has no key %s", sp_kind_name(kind),
		    name, key);
}

static void env_references(struct lpod *p)
{
	EACH(p, c)
	{
		for (uint32_t i = 0; i < c->k->env_from.n; i++) {
			const struct sp_k_env_from *e = &c->k->env_from.v[i];

			if (e->config_map)
				need(p, c, SP_KIND_CONFIG_MAP, e->config_map->name, NULL,
				     yes(&e->config_map->optional),
				     node_of(e->config_map->node, "name"));
			if (e->secret)
				need(p, c, SP_KIND_SECRET, e->secret->name, NULL,
				     yes(&e->secret->optional), node_of(e->secret->node, "name"));
		}
		for (uint32_t i = 0; i < c->k->env.n; i++) {
			const struct sp_k_env_source *s = c->k->env.v[i].from;

			if (s && s->config_map)
				need(p, c, SP_KIND_CONFIG_MAP, s->config_map->name,
				     s->config_map->key, yes(&s->config_map->optional),
				     node_of(s->config_map->node, "key"));
			if (s && s->secret)
				need(p, c, SP_KIND_SECRET, s->secret->name, s->secret->key,
				     yes(&s->secret->optional), node_of(s->secret->node, "key"));
		}
	}
}

static void object_volume(struct lpod *p, enum sp_kind kind, const struct sp_k_object_volume *v)
{
	const char *field = sp_node_get(v->node, "secretName") ? "secretName" : "name";

	need(p, NULL, kind, v->name, NULL, yes(&v->optional), node_of(v->node, field));
	for (uint32_t i = 0; i < v->items.n; i++)
		if (lpod_object(p, kind, v->name ? v->name : ""))
			need(p, NULL, kind, v->name, v->items.v[i].key, yes(&v->optional),
			     node_of(v->items.v[i].node, "key"));
}

/* "default" is made with each namespace. */
static void account_reference(struct lpod *p, const struct sp_node *sa)
{
	const struct sp_k_meta *meta = p->obj->o.meta;
	struct sp_finding *f;

	if (!sa || sa->kind != SP_NODE_STR || !*sa->text || sp_streq(sa->text, "default") ||
	    lint_has_account(p->l, sa->text, meta && meta->ns && *meta->ns ? meta->ns : "default"))
		return;
	f = hit(p, "SP701", SP_CERTAIN, NULL, sa, "ServiceAccount %s is not among the given files",
		sa->text);
	if (p->l->opt.closed)
		hit_severity(f, SP_SEV_ERROR);
}

static void volume_references(struct lpod *p)
{
	const struct sp_node *sa = sp_node_get(p->spec->node, "serviceAccountName");

	for (uint32_t i = 0; i < p->spec->volumes.n; i++) {
		const struct sp_k_volume *v = &p->spec->volumes.v[i];

		if (v->config_map)
			object_volume(p, SP_KIND_CONFIG_MAP, v->config_map);
		if (v->secret)
			object_volume(p, SP_KIND_SECRET, v->secret);
		if (v->pvc)
			need(p, NULL, SP_KIND_PVC, v->pvc->claim_name, NULL, false,
			     node_of(v->pvc->node, "claimName"));
		for (uint32_t k = 0; v->projected && k < v->projected->sources.n; k++) {
			const struct sp_k_projection *s = &v->projected->sources.v[k];

			if (s->config_map)
				object_volume(p, SP_KIND_CONFIG_MAP, s->config_map);
			if (s->secret)
				object_volume(p, SP_KIND_SECRET, s->secret);
		}
	}
	account_reference(p, sa);
}

/* Volumes of a StatefulSet also come from its claim templates. */
static bool claimed(const struct lpod *p, const char *name)
{
	const struct sp_node *t = sp_node_at(p->obj->root, "spec.volumeClaimTemplates");

	for (uint32_t i = 0; t && t->kind == SP_NODE_LIST && i < t->n; i++)
		if (sp_streq(sp_node_str(sp_node_at(t->items[i], "metadata.name"), ""), name))
			return true;
	return false;
}

static void missing_volumes(struct lpod *p)
{
	const char *names[64];
	size_t n = 0;

	for (uint32_t i = 0; i < p->spec->volumes.n && n < SP_ARRAY_LEN(names); i++)
		if (p->spec->volumes.v[i].name)
			names[n++] = p->spec->volumes.v[i].name;
	EACH(p, c)
	{
		for (uint32_t i = 0; i < c->k->mounts.n; i++) {
			const struct sp_k_mount *m = &c->k->mounts.v[i];
			const char *near;
			struct sp_finding *f;

			if (!m->name || lpod_volume(p, m->name) || claimed(p, m->name))
				continue;
			near = sp_nearest(m->name, names, n, 2);
			f = hit(p, "SP702", SP_CERTAIN, c, node_of(m->node, "name"),
				"no volume named %s%s%s%s", m->name, near ? "; did you mean " : "",
				near ? near : "", near ? "?" : "");
			if (near)
				fix_op(p, f, SP_OP_SCALAR, sp_node_get(m->node, "name"))->value =
					sp_node_new_str(&p->l->arena, near);
		}
	}
}

static bool scratch_path(const char *path)
{
	return strncmp(path, "/dev/", 5) == 0 || strncmp(path, "/proc/", 6) == 0;
}

static void check_write(struct lpod *p, const struct lctr *c, const char *path)
{
	bool root_ro = c->k->security && yes(&c->k->security->read_only_rootfs);
	const struct sp_k_mount *m;
	const struct sp_k_volume *v;

	if (path[0] != '/' || scratch_path(path))
		return;
	m = lctr_mount_of(c, path);
	v = m && m->name ? lpod_volume(p, m->name) : NULL;
	if (m ? yes(&m->read_only) ||
			    (v && (v->config_map || v->secret || v->downward || v->projected))
	      : root_ro)
		hit(p, "SP704", SP_CERTAIN, c, m ? m->node : NULL, "%s writes %s, which is %s",
		    c->name, path, m ? "mounted read-only" : "on a read-only root file system");
}

static bool edits_in_place(const struct sh_cmd *c)
{
	for (uint32_t i = 1; sh_is(c, "sed") && i < c->n; i++)
		if (strncmp(c->w[i], "-i", 2) == 0)
			return true;
	return false;
}

static void read_only_writes(struct lpod *p)
{
	EACH(p, c)
	{
		for (uint32_t i = 0; i < c->sh.n; i++) {
			const struct sh_cmd *s = &c->sh.v[i];

			for (uint32_t k = 0; k < s->n_out; k++)
				check_write(p, c, s->out[k]);
			/* these write their last word, those all of them */
			if (s->n > 1 && (sh_is(s, "cp|mv|install|ln") || edits_in_place(s)))
				check_write(p, c, s->w[s->n - 1]);
			for (uint32_t k = 1;
			     sh_is(s, "touch|tee|mkdir|rm|rmdir|truncate|chown|chmod") && k < s->n;
			     k++)
				check_write(p, c, s->w[k]);
		}
	}
}

static uint32_t users(const struct lpod *p, const char *volume, const struct lctr * not )
{
	uint32_t n = 0;

	EACH(p, c)
	{
		for (uint32_t i = 0; c != not &&i < c->k->mounts.n; i++)
			if (c->k->mounts.v[i].name && sp_streq(c->k->mounts.v[i].name, volume)) {
				n++;
				break;
			}
	}
	return n;
}

/* A log shipper, or something called like one that works on files. */
static bool is_logger(const struct lctr *c)
{
	if (c->e && c->known <= SP_LIKELY)
		return c->e->type == SP_CAT_LOG;
	return c->role == SP_ROLE_SIDECAR && sp_seen("log", c->name);
}

static bool is_for_logs(const struct sp_k_mount *m)
{
	return sp_seen("log", m->name) || sp_seen("log", m->mount_path);
}

/* What it collects from is called so, or shared; what else it mounts may be its buffer. */
static bool knows_source(const struct lpod *p, const struct lctr *c)
{
	for (uint32_t i = 0; i < c->k->mounts.n; i++) {
		const struct sp_k_mount *m = &c->k->mounts.v[i];
		const struct sp_k_volume *v = m->name ? lpod_volume(p, m->name) : NULL;

		if (v &&
		    (v->empty_dir ? is_for_logs(m) || users(p, m->name, c) > 0
				  : !v->config_map && !v->secret && !v->projected && !v->downward))
			return true;
	}
	return false;
}

static void log_volumes(struct lpod *p)
{
	EACH(p, c)
	{
		if (!is_logger(c) || c->role == SP_ROLE_INIT)
			continue;
		for (uint32_t i = 0; i < c->k->mounts.n; i++) {
			const struct sp_k_mount *m = &c->k->mounts.v[i];
			const struct sp_k_volume *v = m->name ? lpod_volume(p, m->name) : NULL;

			if (!v || !v->empty_dir)
				continue;
			if (users(p, m->name, c) == 0 && (is_for_logs(m) || !knows_source(p, c)))
				hit(p, "SP705", SP_LIKELY, c, m->node,
				    "%s collects from %s, but no other container mounts it",
				    c->name, m->name);
			if (!v->empty_dir->size_limit && c->role == SP_ROLE_SIDECAR)
				hit(p, "SP706", SP_CERTAIN, c, v->node,
				    "%s can grow until the node evicts the pod", m->name);
		}
	}
}

/* Lists of sidecars that the API does not know are judged for what they mean. */
static void log_volumes_of_list(struct lpod *p)
{
	const struct sp_node *spec = p->obj->spec_read, *list = NULL;

	for (uint32_t i = 0; spec && spec->kind == SP_NODE_MAP && i < spec->n; i++)
		if (strcasecmp(spec->pairs[i].key, "sidecarContainers") == 0)
			list = spec->pairs[i].value;
	for (uint32_t i = 0; list && list->kind == SP_NODE_LIST && i < list->n; i++) {
		const struct sp_node *ctr = list->items[i];
		const struct sp_node *mounts = sp_node_get(ctr, "volumeMounts");
		const char *name = sp_node_str(sp_node_get(ctr, "name"), "");

		if (!sp_seen("log", name))
			continue;
		for (uint32_t k = 0; mounts && mounts->kind == SP_NODE_LIST && k < mounts->n; k++) {
			const char *v = sp_node_str(sp_node_get(mounts->items[k], "name"), "");
			const struct sp_k_volume *volume = lpod_volume(p, v);

			if (volume && volume->empty_dir && users(p, v, NULL) == 0)
				hit(p, "SP705", SP_LIKELY, NULL, mounts->items[k],
				    "%s collects from %s, but no other container mounts it", name,
				    v);
		}
	}
}

static void sub_paths(struct lpod *p)
{
	EACH(p, c)
	{
		if (c->role == SP_ROLE_INIT)
			continue;
		for (uint32_t i = 0;
		     c->e && (c->e->type == SP_CAT_RELOADER || c->e->reload) && i < c->k->mounts.n;
		     i++) {
			const struct sp_k_mount *m = &c->k->mounts.v[i];
			const struct sp_k_volume *v = m->name ? lpod_volume(p, m->name) : NULL;

			if (v && (v->config_map || v->secret) && m->sub_path && *m->sub_path)
				hit(p, "SP707", SP_CERTAIN, c, m->node,
				    "subPath mounts never update, so %s has nothing to reload",
				    c->name);
		}
	}
}

/* Also by what should have been a text: "on" without quotes is a boolean. */
static bool is_named(const struct sp_node *n, const char *name)
{
	const struct sp_node *v = sp_node_get(n, "name");

	return v && v->kind != SP_NODE_LIST && v->kind != SP_NODE_MAP && v->text &&
	       sp_streq(v->text, name);
}

/* Devices count as use; so do lists that the decoder did not understand. */
static bool used_otherwise(const struct lpod *p, const char *name)
{
	static const char *const lists[] = {"containers", "initContainers", "ephemeralContainers",
					    "sidecarContainers"};
	static const char *const uses[] = {"volumeMounts", "volumeDevices"};

	for (size_t l = 0; l < SP_ARRAY_LEN(lists); l++) {
		const struct sp_node *list = sp_node_get(p->obj->spec_read, lists[l]);

		for (uint32_t i = 0; list && list->kind == SP_NODE_LIST && i < list->n; i++)
			for (size_t u = 0; u < SP_ARRAY_LEN(uses); u++) {
				const struct sp_node *v = sp_node_get(list->items[i], uses[u]);

				for (uint32_t k = 0; v && v->kind == SP_NODE_LIST && k < v->n; k++)
					if (is_named(v->items[k], name))
						return true;
			}
	}
	return false;
}

static void unused_volumes(struct lpod *p)
{
	const struct sp_node *list = sp_node_get(p->spec->node, "volumes");

	for (uint32_t i = 0; i < p->spec->volumes.n; i++) {
		const struct sp_k_volume *v = &p->spec->volumes.v[i];
		struct sp_finding *f;
		struct sp_lint_op *op;

		if (!v->name || users(p, v->name, NULL) || used_otherwise(p, v->name))
			continue;
		f = hit(p, "SP708", SP_CERTAIN, NULL, v->node, "volume %s is not mounted", v->name);
		if (p->spec->volumes.n == 1) {
			fix_op(p, f, SP_OP_REMOVE, p->spec->node)->key = "volumes";
		} else {
			op = fix_op(p, f, SP_OP_REMOVE_ITEM, list);
			op->index = i;
		}
	}
}

void rules_volume(struct lpod *p)
{
	env_references(p);
	volume_references(p);
	missing_volumes(p);
	read_only_writes(p);
	log_volumes(p);
	log_volumes_of_list(p);
	sub_paths(p);
	unused_volumes(p);
}
