/* SPDX-License-Identifier: Apache-2.0 */
/*
 * M12: an init container that fetches something once, and a companion of the same product that
 * keeps it fresh. One native sidecar does both, when it is known how to tell that the first fetch
 * is done: by the product's own endpoint, or by the files that others read.
 */
#include "migrate/migrate_internal.h"

static const char *mount_path(const struct mctr *c, const char *volume)
{
	for (uint32_t i = 0; i < c->k->mounts.n; i++) {
		const struct sp_k_mount *m = &c->k->mounts.v[i];

		if (m->name && m->mount_path && sp_streq(m->name, volume))
			return m->mount_path;
	}
	return NULL;
}

static const struct sp_k_volume *volume_of(const struct mpod *p, const char *name)
{
	for (uint32_t i = 0; i < p->spec->volumes.n; i++)
		if (p->spec->volumes.v[i].name && sp_streq(p->spec->volumes.v[i].name, name))
			return &p->spec->volumes.v[i];
	return NULL;
}

bool mig_is_empty_dir(const struct mpod *p, const char *volume)
{
	const struct sp_k_volume *v = volume_of(p, volume);

	return v && v->empty_dir;
}

static bool add_file(struct mctr *c, const char *path)
{
	for (uint32_t i = 0; i < c->n_files; i++)
		if (sp_streq(c->files[i], path))
			return true;
	if (c->n_files == MIG_FILES_MAX)
		return false;
	c->files[c->n_files++] = path;
	return true;
}

/* Files below @dir that @text names, as paths below @as. */
static void files_in(struct mpod *p, struct mctr *c, const char *text, const char *dir,
		     const char *as)
{
	size_t len = strlen(dir);

	for (const char *at = text; text && (at = strstr(at, dir)) != NULL; at += len) {
		size_t n;

		/* "/a" stands neither in "/b/a" nor in "/ab" */
		if ((at > text && !strchr(" \t\n\"'=:(,", at[-1])) || at[len] != '/')
			continue;
		n = strcspn(at + len + 1, " \t\r\n\"'`;|&<>(){}$*?,");
		if (n && at[len + n] != '/')
			(void)add_file(c, mig_say(p->m, "%s%.*s", as, (int)(n + 1), at + len));
	}
}

/* What the product's configuration says that it writes. */
static void files_of_config(struct mpod *p, struct mctr *c, const struct mctr *with,
			    const char *dir)
{
	for (uint32_t i = 0; i < with->k->mounts.n; i++) {
		const struct sp_k_volume *v =
			with->k->mounts.v[i].name ? volume_of(p, with->k->mounts.v[i].name) : NULL;

		for (uint32_t k = 0; v && v->config_map && k < p->all->n_objects; k++) {
			const struct sp_object *o = &p->all->objects[k];

			if (o->kind != SP_KIND_CONFIG_MAP || !o->any || !o->meta ||
			    !o->meta->name || !v->config_map->name ||
			    !sp_streq(o->meta->name, v->config_map->name))
				continue;
			for (uint32_t d = 0; d < o->config_map->data.n; d++)
				files_in(p, c, o->config_map->data.v[d].value, dir, dir);
		}
	}
}

/* What others read from a volume that both of the pair mount. */
static void find_files(struct mpod *p, struct mctr *c, const struct mctr *init)
{
	for (uint32_t i = 0; i < c->k->mounts.n; i++) {
		const char *volume = c->k->mounts.v[i].name, *dir = c->k->mounts.v[i].mount_path;

		if (!volume || !dir || !mount_path(init, volume) || !mig_is_empty_dir(p, volume))
			continue;
		files_of_config(p, c, c, dir);
		files_of_config(p, c, init, mount_path(init, volume));
		for (uint32_t k = 0; c->n_files == 0 && k < p->n; k++) {
			const char *theirs = mount_path(&p->c[k], volume);

			if (&p->c[k] == c || &p->c[k] == init || !theirs)
				continue;
			files_in(p, c, p->c[k].words, theirs, dir);
			for (uint32_t e = 0; e < p->c[k].k->env.n; e++)
				files_in(p, c, p->c[k].k->env.v[e].value, theirs, dir);
		}
	}
}

/* A sidecar that stands behind the init container comes to where that one was. */
static int take_place(struct mpod *p, struct mctr *c, const struct mctr *init, struct sp_error *err)
{
	if (sp_edit_remove_item(p->edits, init->list, init->index, err) < 0)
		return -1;
	c->before_init = init->index + 1;
	if (c->moves || c->index <= init->index + 1)
		return 0;
	return sp_edit_move_item(p->edits, c->list, c->index, init->list, init->index, err);
}

static void merge(struct mpod *p, struct mctr *init, struct mctr *c)
{
	struct sp_error err = {0};
	bool own = c->k->startup || (c->known.entry->type == SP_CAT_SYNC && mig_has_gate(c));

	if (!own)
		find_files(p, c, init);
	if (!own && c->n_files == 0) {
		mig_manual(p, "M12", init, init->k->node->at,
			   "%s and %s are one product: a startup probe that tests for the first "
			   "file it writes lets one sidecar do both",
			   init->k->name, c->k->name);
		return;
	}
	if (!mig_done(p, take_place(p, c, init, &err), "M12", init, init->k->node->at,
		      "let one sidecar do the work of both")) {
		c->n_files = c->before_init = 0;
		return;
	}
	init->removed = true;
	if (!c->k->startup)
		c->gate_rule = "M12";
	mig_step(p, "M12", init, init->k->node->at,
		 "goes: %s does its work first, and what starts later waits for its startup probe",
		 c->k->name);
	mig_hazard(p, "M12", c,
		   "its first fetch must be done within the time that its startup probe gives; "
		   "what only the init container was told (arguments, rights, configuration) must "
		   "be there too");
}

void mig_pairs(struct mpod *p)
{
	for (uint32_t i = 0; i < p->n_init; i++) {
		struct mctr *init = &p->c[i];

		/* capture rules of a mesh are set up by an init, and that is no pair */
		if (init->role != SP_ROLE_INIT || !init->known.guarded || init->removed ||
		    init->known.entry->type == SP_CAT_MESH)
			continue;
		for (uint32_t k = 0; k < p->n && !init->removed; k++)
			if (mig_is_sidecar(&p->c[k]) && !p->c[k].known.guarded &&
			    p->c[k].known.entry == init->known.entry && mig_here(p, &p->c[k]))
				merge(p, init, &p->c[k]);
	}
}
