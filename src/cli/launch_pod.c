/* SPDX-License-Identifier: Apache-2.0 */
/* Pods that stand in no manifest: made by controllers, from templates whose images were asked for
 * when the run began. */
#include "cli/launch_internal.h"

#include "cli/fetch.h"
#include "cli/files.h"
#include "cli/image_commands.h"
#include "cli/interrupt.h"
#include "cli/pods.h"
#include "image/store.h"
#include "supervisor/env.h"
#include "sys/fd.h"

#include <stdlib.h>
#include <unistd.h>

#define FRESH (10 * SP_SEC) /* a registry that was asked is not asked again so soon */

/* ---- images ---------------------------------------------------------------------------------- */

static struct sp_bundle_image *known_image(struct sp_launch *l, const char *ref)
{
	for (uint32_t i = 0; i < l->n_images; i++)
		if (sp_streq(l->images[i].reference, ref))
			return &l->images[i];
	return NULL;
}

static struct sp_bundle_image *room_for_image(struct sp_launch *l)
{
	uint32_t cap = l->cap_images ? l->cap_images * 2 : 16;
	struct sp_bundle_image *v;

	if (l->n_images == l->cap_images) {
		v = sp_arena_array(&l->cli->arena, cap, sizeof(*v));
		if (!v)
			return NULL;
		if (l->n_images)
			memcpy(v, l->images, l->n_images * sizeof(*v));
		l->images = v;
		l->cap_images = cap;
	}
	l->images[l->n_images] = (struct sp_bundle_image){0};
	return &l->images[l->n_images];
}

/* Images that have to be asked for. Heap, but for the references. */
struct asking {
	struct sp_fetch_want *v;
	uint32_t n, cap;
	uint32_t *places; /* of each in l->images, which may move */
	int *secrets;     /* descriptors that are held until all is there */
	uint32_t n_secrets;
};

static void asking_done(struct asking *a)
{
	for (uint32_t i = 0; i < a->n_secrets; i++)
		sp_close(a->secrets[i]);
	free(a->secrets);
	free(a->places);
	free(a->v);
}

static int want(struct asking *a, uint32_t place, const char *reference, const char *policy,
		int auth_fd)
{
	if (a->n == a->cap) {
		uint32_t cap = SP_MAX(a->cap * 2, 16u);
		struct sp_fetch_want *v = reallocarray(a->v, cap, sizeof(*v));
		uint32_t *places;

		if (v)
			a->v = v;
		places = v ? reallocarray(a->places, cap, sizeof(*places)) : NULL;
		if (!places)
			return -1;
		a->places = places;
		a->cap = cap;
	}
	a->places[a->n] = place;
	a->v[a->n++] = (struct sp_fetch_want){reference, policy, auth_fd, NULL};
	return 0;
}

/* From the store when the policy lets us; else it is asked for with the others. */
static int look_for(struct sp_launch *l, struct sp_image_store *s, const struct sp_k_container *c,
		    int auth_fd, struct asking *a, struct sp_error *err)
{
	const char *policy = c->image_pull_policy ? c->image_pull_policy : "IfNotPresent";
	struct sp_bundle_image *image;
	int r;

	if (known_image(l, c->image))
		return 0;
	image = room_for_image(l);
	if (!image)
		return sp_fail(err, SP_E_NO_MEMORY, "image '%s'", c->image);
	r = sp_fetch_stored(l->cli, s, c->image, image, err);
	if (r < 0)
		return sp_wrap(err, "container '%s'", c->name);
	/* it outlives the manifest, which may be read again */
	image->reference = sp_arena_strdup(&l->cli->arena, c->image);
	if (!image->reference)
		return sp_fail(err, SP_E_NO_MEMORY, "image '%s'", c->image);
	if ((r == 0 || (!image->fresh && sp_streq(policy, "Always"))) &&
	    want(a, l->n_images, image->reference, policy, auth_fd) < 0)
		return sp_fail(err, SP_E_NO_MEMORY, "image '%s'", c->image);
	l->n_images++;
	return 0;
}

static int look_for_all(struct sp_launch *l, const struct sp_object *o, struct asking *a,
			struct sp_error *err)
{
	const struct sp_k_pod_spec *spec = sp_cli_pod_spec(o);
	SP_CLEANUP(sp_image_store_closep) struct sp_image_store *s = NULL;
	int *auth_fd = &a->secrets[a->n_secrets];

	*auth_fd = -EBADF;
	if (sp_image_open(l->cli, &s, err) < 0 || sp_launch_secrets(l, o, auth_fd, err) < 0)
		return -1;
	a->n_secrets++;
	for (uint32_t i = 0; i < spec->init_containers.n + spec->containers.n; i++)
		if (look_for(l, s, sp_pod_container_at(spec, (uint16_t)i), *auth_fd, a, err) < 0)
			return -1;
	return 0;
}

static int fetch_all(struct sp_launch *l, struct asking *a, struct sp_error *err)
{
	const struct sp_fetch f = {.cli = l->cli, .progress = l->progress};

	for (uint32_t i = 0; i < a->n; i++)
		a->v[i].ret = &l->images[a->places[i]];
	return a->n ? sp_fetch_images(&f, a->v, a->n, err) : 0;
}

static int failed(struct sp_launch *l, const struct sp_error *err)
{
	if (sp_interrupt_pending())
		return SP_EXIT_SIGNAL + sp_interrupt_pending();
	(void)sp_cli_fail(l->cli, err);
	return SP_EXIT_ENVIRONMENT;
}

int sp_launch_images(struct sp_launch *l)
{
	SP_CLEANUP(asking_done) struct asking a = {0};
	struct sp_error err;

	a.secrets = calloc(l->manifest.n_objects + 1u, sizeof(*a.secrets));
	if (!a.secrets)
		return sp_cli_error(l->cli, SP_EXIT_ENVIRONMENT, "out of memory");
	for (uint32_t i = 0; i < l->manifest.n_objects; i++) {
		const struct sp_object *o = &l->manifest.objects[i];

		if (!sp_cli_pod_spec(o) || look_for_all(l, o, &a, &err) == 0)
			continue;
		(void)sp_wrap(&err, "%s '%s'", o->kind_text, o->meta->name);
		return failed(l, &err);
	}
	if (fetch_all(l, &a, &err) < 0)
		return failed(l, &err);
	l->images_at = sp_now_mono();
	return 0;
}

/* What a prune took away meanwhile is not there any more. */
static bool has_layers(const struct sp_image *image)
{
	for (uint32_t i = 0; i < image->n_layers; i++)
		if (access(image->layers[i], F_OK) < 0)
			return false;
	return image->n_layers > 0;
}

/* From the store alone: what is not there the pod's supervisor pulls. */
static const struct sp_bundle_image *find_image(struct sp_launch *l, const char *ref)
{
	SP_CLEANUP(sp_image_store_closep) struct sp_image_store *s = NULL;
	struct sp_bundle_image *i = known_image(l, ref), found = {0};
	bool recent = sp_now_mono() - l->images_at < FRESH;
	struct sp_error err;

	if (i && i->fail && recent)
		return i;
	if (i && !i->fail && has_layers(&i->image)) {
		i->fresh &= recent;
		return i;
	}
	if (sp_image_open(l->cli, &s, &err) < 0 ||
	    sp_fetch_stored(l->cli, s, ref, &found, &err) <= 0)
		return NULL;
	found.reference = i ? i->reference : sp_arena_strdup(&l->cli->arena, ref);
	if (!i)
		i = room_for_image(l);
	if (!i || !found.reference)
		return NULL;
	if (i == &l->images[l->n_images])
		l->n_images++;
	*i = found;
	return i;
}

static uint32_t find_images(struct sp_launch *l, const struct sp_node *pod,
			    struct sp_bundle_image ret[SP_CONTAINERS_MAX])
{
	static const char *const lists[] = {"spec.initContainers", "spec.containers"};
	uint32_t n = 0;

	for (size_t k = 0; k < SP_ARRAY_LEN(lists); k++) {
		const struct sp_node *list = sp_node_at(pod, lists[k]);

		for (uint32_t i = 0; list && i < list->n; i++) {
			const char *ref = sp_node_str(sp_node_get(list->items[i], "image"), "");
			const struct sp_bundle_image *image = find_image(l, ref);
			bool there = false;

			for (uint32_t j = 0; j < n; j++)
				there |= sp_streq(ret[j].reference, ref);
			if (image && !there && n < SP_CONTAINERS_MAX)
				ret[n++] = *image;
		}
	}
	return n;
}

/* ---- starting -------------------------------------------------------------------------------- */

int sp_launch_pod(struct sp_launch *l, const struct sp_launch_pod *p, struct sp_supervisor *ret,
		  struct sp_error *err)
{
	/* under one lock: no two commands start the same pod */
	SP_CLEANUP(sp_closep) int lock_fd = sp_names_lock(&l->place, err);
	struct sp_bundle_image *images = calloc(SP_CONTAINERS_MAX, sizeof(*images));
	struct sp_bundle_params b = {.pod = p->doc,
				     .images = images,
				     .config_maps = p->config_maps,
				     .n_config_maps = p->n_config_maps,
				     .secrets = p->secrets,
				     .n_secrets = p->n_secrets,
				     .services = p->services,
				     .n_services = p->n_services,
				     .engine = &l->place.engine};
	int r = -1;

	*ret = (struct sp_supervisor){.pidfd = -EBADF, .control_fd = -EBADF};
	if (!images)
		sp_fail(err, SP_E_NO_MEMORY, "start a pod");
	else if (lock_fd >= 0)
		r = sp_launch_make_room(l, p->ns, p->name, err);
	if (r == 0) {
		b.n_images = find_images(l, p->doc, images);
		r = sp_name_take(&l->place, p->ns, p->name, p->uid, err);
	}
	if (r == 0) {
		r = sp_supervisor_spawn(&b, ret, err);
		if (r < 0)
			sp_name_free(&l->place, p->ns, p->name, p->uid);
	}
	free(images);
	return r;
}
