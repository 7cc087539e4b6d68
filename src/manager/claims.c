/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PersistentVolumeClaims: each is bound at once, to a directory that the node names after it. A
 * StatefulSet has one per template and ordinal, <template>-<set>-<ordinal>, which outlives its pod:
 * the next pod of that ordinal finds its files.
 */
#include "manager/manager_internal.h"

static int make_claim(struct sp_manager *m, const struct mgr_ctl *c, const struct sp_node *template,
		      const char *name, struct sp_error *err)
{
	SP_CLEANUP(sp_arena_done) struct sp_arena a = {0};
	struct sp_tree t = {.a = &a};
	struct sp_node *claim = sp_tree_map(&t), *meta, *labels;
	const struct sp_node *given = sp_node_get(template, "metadata");
	const struct sp_k_workload_spec *spec = c->typed.workload->spec;
	int r;

	sp_tree_text(&t, claim, "apiVersion", "v1");
	sp_tree_text(&t, claim, "kind", "PersistentVolumeClaim");
	meta = sp_tree_put(&t, claim, "metadata", sp_tree_map(&t));
	sp_tree_text(&t, meta, "name", name);
	sp_tree_text(&t, meta, "namespace", c->seen->ns);
	sp_tree_copy(&t, meta, "annotations", sp_node_get(given, "annotations"));
	sp_tree_copy(&t, meta, "labels", sp_node_get(given, "labels"));
	labels = sp_tree_child(&t, meta, "labels", SP_NODE_MAP);
	for (uint32_t i = 0; spec->selector && i < spec->selector->labels.n; i++)
		sp_tree_text(&t, labels, spec->selector->labels.v[i].key,
			     spec->selector->labels.v[i].value);
	sp_tree_copy(&t, claim, "spec", sp_node_get(template, "spec"));
	if (t.failed)
		return sp_fail(err, SP_E_NO_MEMORY, "make claim '%s'", name);
	r = mgr_create(m, &a, claim, NULL, err);
	return r < 0 && err->code == SP_E_EXISTS ? 0 : r;
}

/* A volume of that name in the template gives way. */
static void use_claim(struct sp_tree *t, struct sp_node *volumes, const char *volume,
		      const char *claim)
{
	struct sp_node *v = sp_tree_map(t), *ref;

	for (uint32_t i = 0; volumes && i < volumes->n; i++)
		if (sp_streq(sp_node_str(sp_node_get(volumes->items[i], "name"), ""), volume)) {
			volumes->items[i] = volumes->items[--volumes->n];
			break;
		}
	sp_tree_text(t, v, "name", volume);
	ref = sp_tree_put(t, v, "persistentVolumeClaim", sp_tree_map(t));
	sp_tree_text(t, ref, "claimName", claim);
	sp_tree_push(t, volumes, v);
}

int mgr_claims_of(struct sp_manager *m, struct sp_tree *t, const struct mgr_ctl *c,
		  struct sp_node *pod, int64_t ordinal, struct sp_error *err)
{
	const struct sp_node *templates =
		sp_node_get(c->typed.workload->spec->node, "volumeClaimTemplates");
	struct sp_node *spec, *volumes;

	if (!templates || templates->kind != SP_NODE_LIST || templates->n == 0)
		return 0;
	spec = sp_tree_child(t, pod, "spec", SP_NODE_MAP);
	volumes = sp_tree_child(t, spec, "volumes", SP_NODE_LIST);
	for (uint32_t i = 0; i < templates->n; i++) {
		const char *volume =
			sp_node_str(sp_node_at(templates->items[i], "metadata.name"), "");
		const char *name = sp_arena_printf(t->a, "%s-%s-%lld", volume, c->seen->name,
						   (long long)ordinal);

		if (!name)
			return sp_fail(err, SP_E_NO_MEMORY, "make a claim");
		if (make_claim(m, c, templates->items[i], name, err) < 0)
			return -1;
		use_claim(t, volumes, volume, name);
	}
	return 0;
}

/* ---- binding --------------------------------------------------------------------------------- */

static int bind_claim(struct sp_manager *m, const struct sp_stored *o, struct sp_error *err)
{
	SP_CLEANUP(sp_arena_done) struct sp_arena a = {0};
	struct sp_tree t = {.a = &a};
	const struct sp_node *size = sp_node_at(o->node, "spec.resources.requests");
	struct sp_node *copy = sp_node_clone(&a, o->node), *status = sp_tree_map(&t), *spec;

	if (!copy)
		return sp_fail(err, SP_E_NO_MEMORY, "bind claim '%s'", o->name);
	spec = sp_tree_child(&t, copy, "spec", SP_NODE_MAP);
	if (!sp_node_get(spec, "volumeName"))
		sp_tree_text(&t, spec, "volumeName", sp_arena_printf(&a, "pvc-%s", o->uid));
	sp_tree_text(&t, status, "phase", "Bound");
	sp_tree_copy(&t, status, "accessModes", sp_node_at(o->node, "spec.accessModes"));
	sp_tree_copy(&t, status, "capacity", size);
	if (t.failed)
		return sp_fail(err, SP_E_NO_MEMORY, "bind claim '%s'", o->name);
	if (sp_store_update(m->store, SP_STORE_OBJECT, copy, NULL, err) < 0 &&
	    err->code != SP_E_NOT_FOUND && err->code != SP_E_CONFLICT)
		return -1;
	return mgr_put_status(m, &a, o, status, err);
}

int mgr_run_claims(struct sp_manager *m, struct sp_error *err)
{
	struct sp_stored *o = NULL, *next;

	for (;; o = next) {
		const struct sp_stored *at =
			sp_store_next(m->store, "PersistentVolumeClaim", NULL, o);

		next = at ? sp_stored_ref(at) : NULL; /* binding writes */
		(void)sp_stored_unref(o);
		if (!next)
			return 0;
		if (next->deleting ||
		    sp_streq(sp_node_str(sp_node_at(next->node, "status.phase"), ""), "Bound"))
			continue;
		if (bind_claim(m, next, err) < 0) {
			(void)sp_stored_unref(next);
			return -1;
		}
	}
}
