/* SPDX-License-Identifier: Apache-2.0 */
/* Services: each gets an address of the run's block, and EndpointSlices that say who serves it. */
#include "manager/endpoints.h"
#include "manager/manager_internal.h"

#include <stdlib.h>

static const struct sp_source from_store = {.name = "<store>"};

struct pods {
	const struct sp_stored **v; /* heap; counted */
	uint32_t n, cap;
};

static void pods_done(struct pods *p)
{
	while (p->n)
		(void)sp_stored_unref(p->v[--p->n]);
	free(p->v);
	*p = (struct pods){0};
}

static int pods_of(struct sp_manager *m, const char *ns, struct pods *p, struct sp_error *err)
{
	const struct sp_stored *o = NULL;

	while ((o = sp_store_next(m->store, "Pod", ns, o)) != NULL) {
		if (p->n == p->cap) {
			uint32_t cap = p->cap ? p->cap * 2 : 64;
			const struct sp_stored **v =
				reallocarray(p->v, cap, sizeof(struct sp_stored *));

			if (!v)
				return sp_fail(err, SP_E_NO_MEMORY, "look for endpoints");
			p->v = v;
			p->cap = cap;
		}
		p->v[p->n++] = sp_stored_ref(o);
	}
	return 0;
}

/* ---- addresses ------------------------------------------------------------------------------- */

static const char *cluster_ip(const struct sp_stored *o)
{
	return sp_node_str(sp_node_at(o->node, "spec.clusterIP"), "");
}

/* "a.b.c.d" in host order, 0 for anything else. */
static uint32_t address_of(const char *text)
{
	uint32_t a = 0, part = 0;
	int dots = 0, digits = 0;

	for (; *text; text++) {
		if (*text == '.') {
			if (!digits || ++dots > 3)
				return 0;
			a = a << 8 | part;
			part = 0;
			digits = 0;
		} else if (*text >= '0' && *text <= '9' && ++digits <= 3) {
			part = part * 10 + (uint32_t)(*text - '0');
			if (part > 255)
				return 0;
		} else {
			return 0;
		}
	}
	return dots == 3 && digits ? a << 8 | part : 0;
}

static bool is_ours(const struct sp_manager *m, uint32_t a)
{
	return a && a >= m->env->service_first && a <= m->env->service_last;
}

/* The first address that no Service has. 0: none is left, or there are none at all */
static uint32_t free_address(struct sp_manager *m)
{
	uint32_t n = m->env->service_last - m->env->service_first + 1, found = 0;
	const struct sp_stored *o = NULL;
	bool *taken;

	if (!m->env->service_first)
		return 0;
	taken = calloc(n, sizeof(*taken));
	while (taken && (o = sp_store_next(m->store, "Service", NULL, o)) != NULL) {
		uint32_t a = address_of(cluster_ip(o));

		if (is_ours(m, a))
			taken[a - m->env->service_first] = true;
	}
	for (uint32_t i = 0; taken && i < n && !found; i++)
		if (!taken[i])
			found = m->env->service_first + i;
	free(taken);
	return found;
}

static int give_address(struct sp_manager *m, const struct sp_stored *o, struct sp_error *err)
{
	SP_CLEANUP(sp_arena_done) struct sp_arena a = {0};
	struct sp_tree t = {.a = &a};
	const char *text = cluster_ip(o), *type;
	struct sp_node *copy, *spec;
	uint32_t addr = address_of(text);

	type = sp_node_str(sp_node_at(o->node, "spec.type"), "ClusterIP");
	if (sp_streq(text, "None") || sp_streq(type, "ExternalName") || is_ours(m, addr))
		return 0;
	addr = free_address(m);
	if (!addr)
		return 0;
	if (*text && mgr_event(m, o, "service-controller", true, "ClusterIPReplaced",
			       "the address asked for is not of this run's block", err) < 0)
		return -1;
	text = sp_arena_printf(&a, "%u.%u.%u.%u", addr >> 24, addr >> 16 & 255, addr >> 8 & 255,
			       addr & 255);
	copy = sp_node_clone(&a, o->node);
	if (!copy || !text)
		return sp_fail(err, SP_E_NO_MEMORY, "give service '%s' an address", o->name);
	spec = sp_tree_child(&t, copy, "spec", SP_NODE_MAP);
	sp_tree_text(&t, spec, "clusterIP", text);
	sp_tree_push(&t, sp_tree_put(&t, spec, "clusterIPs", sp_tree_list(&t)),
		     sp_node_new_str(&a, text));
	if (t.failed)
		return sp_fail(err, SP_E_NO_MEMORY, "give service '%s' an address", o->name);
	if (sp_store_update(m->store, SP_STORE_OBJECT, copy, NULL, err) < 0)
		return err->code == SP_E_NOT_FOUND || err->code == SP_E_CONFLICT ? 0 : -1;
	return 0;
}

/* ---- slices ---------------------------------------------------------------------------------- */

static int put_slice(struct sp_manager *m, const struct sp_node *tree, struct sp_error *err)
{
	int r = sp_store_update(m->store, SP_STORE_OBJECT, tree, NULL, err);

	if (r < 0 && err->code == SP_E_NOT_FOUND)
		r = sp_store_create(m->store, tree, NULL, err);
	return r;
}

/* Slices beyond the last one that is needed. */
static int drop_slices(struct sp_manager *m, const struct sp_stored *o, uint32_t from,
		       struct sp_error *err)
{
	for (uint32_t i = from;; i++) {
		char name[300];
		struct sp_buf b = sp_buf_fixed(name, sizeof(name));

		sp_buf_printf(&b, "%s-%u", o->name, i);
		if (sp_store_delete(m->store, "EndpointSlice", o->ns, name, NULL, NULL, err) < 0)
			return err->code == SP_E_NOT_FOUND ? 0 : -1;
	}
}

static int put_slices(struct sp_manager *m, const struct sp_stored *o, struct sp_error *err)
{
	SP_CLEANUP(sp_arena_done) struct sp_arena a = {0};
	SP_CLEANUP(pods_done) struct pods pods = {0};
	struct sp_object typed;
	struct sp_node **slices;
	uint32_t n;

	if (sp_object_decode(&a, o->node, &from_store, &m->options, NULL, NULL, &typed) < 0 ||
	    !typed.service->spec || typed.service->spec->selector.n == 0)
		return 0; /* its endpoints are somebody else's */
	if (pods_of(m, o->ns, &pods, err) < 0)
		return -1;
	if (sp_endpoints_make(&a, typed.service, pods.v, pods.n, &slices, &n) < 0)
		return sp_fail(err, SP_E_NO_MEMORY, "endpoints of '%s'", o->name);
	for (uint32_t i = 0; i < n; i++)
		if (put_slice(m, slices[i], err) < 0)
			return -1;
	return drop_slices(m, o, n, err);
}

int mgr_run_services(struct sp_manager *m, struct sp_error *err)
{
	struct sp_stored *o = NULL, *next;

	for (;; o = next) {
		const struct sp_stored *at = sp_store_next(m->store, "Service", NULL, o);

		next = at ? sp_stored_ref(at) : NULL; /* what follows writes */
		(void)sp_stored_unref(o);
		if (!next)
			return 0;
		if (!next->deleting &&
		    (give_address(m, next, err) < 0 || put_slices(m, next, err) < 0)) {
			(void)sp_stored_unref(next);
			return -1;
		}
	}
}
