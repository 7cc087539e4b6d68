/* SPDX-License-Identifier: Apache-2.0 */
/* The files of configMap, secret, downwardAPI and projected volumes, from the bundle's objects. */
#include "supervisor/env.h"

struct files {
	struct sp_arena *arena;
	const struct sp_world *world;
	struct sp_volume_file *v;
	uint32_t n, cap;
	bool secret;
};

#define DEFAULT_MODE 0644

static int put(struct files *f, const char *path, const char *data, size_t len, int64_t mode,
	       struct sp_error *err)
{
	/* A later source of a projected volume covers an earlier one. */
	for (uint32_t i = 0; i < f->n; i++) {
		if (sp_streq(f->v[i].path, path)) {
			f->v[i] = (struct sp_volume_file){path, data, len, (mode_t)mode};
			return 0;
		}
	}
	if (f->n == f->cap) {
		uint32_t cap = SP_MAX(f->cap * 2, 8u);
		struct sp_volume_file *v = sp_arena_array(f->arena, cap, sizeof(*v));

		if (!v)
			return sp_fail(err, SP_E_NO_MEMORY, "volume files");
		if (f->n)
			memcpy(v, f->v, f->n * sizeof(*v));
		f->v = v;
		f->cap = cap;
	}
	f->v[f->n++] = (struct sp_volume_file){path, data, len, (mode_t)mode};
	return 0;
}

static const struct sp_kv *find(const struct sp_map *m, const char *key)
{
	for (uint32_t i = 0; m && i < m->n; i++)
		if (sp_streq(m->v[i].key, key))
			return &m->v[i];
	return NULL;
}

static int64_t mode_of(struct sp_opt_int own, struct sp_opt_int def, int64_t outer)
{
	return own.set ? own.v : def.set ? def.v : outer;
}

/* A ConfigMap or Secret, all keys or the items asked for. @binary may be NULL. */
static int put_object(struct files *f, const struct sp_k_object_volume *o, bool secret,
		      int64_t outer_mode, struct sp_error *err)
{
	const struct sp_bundle *b = f->world->bundle;
	const char *name = o->name ? o->name : "";
	const struct sp_k_config_map *cm = secret ? NULL : sp_bundle_config_map(b, name);
	const struct sp_k_secret *s = secret ? sp_bundle_secret(b, name) : NULL;
	bool optional = o->optional.set && o->optional.v;
	const struct sp_map *maps[2] = {cm  ? &cm->data
					: s ? &s->data
					    : NULL,
					cm ? &cm->binary_data : NULL};

	f->secret |= secret;
	if (!maps[0])
		return optional ? 0
				: sp_fail(err, SP_E_NOT_FOUND, "%s \"%s\" not found",
					  secret ? "secret" : "configmap", name);
	for (int k = 0; k < 2 && !o->items.n; k++)
		for (uint32_t i = 0; maps[k] && i < maps[k]->n; i++) {
			const struct sp_kv *kv = &maps[k]->v[i];

			if (put(f, kv->key, kv->value, kv->len,
				mode_of((struct sp_opt_int){0}, o->default_mode, outer_mode),
				err) < 0)
				return -1;
		}
	for (uint32_t i = 0; i < o->items.n; i++) {
		const struct sp_k_item *item = &o->items.v[i];
		const struct sp_kv *kv = find(maps[0], item->key);

		if (!kv)
			kv = find(maps[1], item->key);
		if (!kv && optional)
			continue;
		if (!kv)
			return sp_fail(err, SP_E_NOT_FOUND, "%s references non-existent %s key: %s",
				       secret ? "secret" : "configmap",
				       secret ? "secret" : "config", item->key);
		if (put(f, item->path, kv->value, kv->len,
			mode_of(item->mode, o->default_mode, outer_mode), err) < 0)
			return -1;
	}
	return 0;
}

static int put_downward(struct files *f, const struct sp_k_downward *d, int64_t outer_mode,
			struct sp_error *err)
{
	for (uint32_t i = 0; i < d->items.n; i++) {
		const struct sp_k_downward_item *item = &d->items.v[i];
		const char *value = "";

		if (item->field && item->field->field_path) {
			if (sp_field_value(f->arena, f->world, item->field->field_path, &value,
					   err) < 0)
				return -1;
		} else if (item->resource) {
			if (sp_resource_value(f->arena, f->world, item->resource, NULL, &value,
					      err) < 0)
				return -1;
		}
		if (put(f, item->path, value, strlen(value),
			mode_of(item->mode, d->default_mode, outer_mode), err) < 0)
			return -1;
	}
	return 0;
}

int sp_volume_content(struct sp_arena *a, const struct sp_world *w, const struct sp_k_volume *v,
		      struct sp_volume_file **ret, uint32_t *ret_n, bool *ret_secret,
		      struct sp_error *err)
{
	struct files f = {.arena = a, .world = w};
	int64_t mode = DEFAULT_MODE;

	if (v->config_map && put_object(&f, v->config_map, false, mode, err) < 0)
		return -1;
	if (v->secret && put_object(&f, v->secret, true, mode, err) < 0)
		return -1;
	if (v->downward && put_downward(&f, v->downward, mode, err) < 0)
		return -1;
	if (v->projected && v->projected->default_mode.set)
		mode = v->projected->default_mode.v;
	for (uint32_t i = 0; v->projected && i < v->projected->sources.n; i++) {
		const struct sp_k_projection *p = &v->projected->sources.v[i];

		if (p->config_map && put_object(&f, p->config_map, false, mode, err) < 0)
			return -1;
		if (p->secret && put_object(&f, p->secret, true, mode, err) < 0)
			return -1;
		if (p->downward && put_downward(&f, p->downward, mode, err) < 0)
			return -1;
	}
	*ret = f.v;
	*ret_n = f.n;
	*ret_secret = f.secret;
	return 0;
}
