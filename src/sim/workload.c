/* SPDX-License-Identifier: Apache-2.0 */
/* Objects and pods of controller scenarios; see workload.h. */
#include "sim/workload.h"

int sp_scn_entry_keys(const struct sp_scn_reader *r, const struct sp_scenario *s, const char *own)
{
	static const char *const keys[] = {"id",      "title",  "source",   "upstream_test",
					   "rules",   "kind",   "optional", "note",
					   "stimuli", "expect", NULL};
	const char *const mine[] = {own, NULL};

	return sp_scn_keys(r, s->node, "scenario", keys, mine);
}

/* ---- trees ---------------------------------------------------------------------------------- */

struct sp_node *sp_scn_map(struct sp_scn_tree *t)
{
	struct sp_node *n = sp_node_new(t->a, SP_NODE_MAP);

	t->failed |= !n;
	return n;
}

struct sp_node *sp_scn_put(struct sp_scn_tree *t, struct sp_node *map, const char *key,
			   struct sp_node *value)
{
	t->failed |= !map || !value || sp_node_set(t->a, map, key, value) < 0;
	return value;
}

void sp_scn_put_text(struct sp_scn_tree *t, struct sp_node *map, const char *key, const char *text)
{
	sp_scn_put(t, map, key, sp_node_new_str(t->a, text));
}

static bool listed(const char *const *list, const char *word)
{
	for (; list && *list; list++)
		if (sp_streq(*list, word))
			return true;
	return false;
}

void sp_scn_copy(struct sp_scn_tree *t, struct sp_node *map, const struct sp_node *from,
		 const char *const *without)
{
	for (uint32_t i = 0; from && from->kind == SP_NODE_MAP && i < from->n; i++)
		if (!listed(without, from->pairs[i].key))
			sp_scn_put(t, map, from->pairs[i].key,
				   sp_node_clone(t->a, from->pairs[i].value));
}

static void push(struct sp_scn_tree *t, struct sp_node *list, struct sp_node *value)
{
	t->failed |= !list || !value || sp_node_push(t->a, list, value) < 0;
}

int sp_scn_object(const struct sp_scn_reader *r, const struct sp_node *at, struct sp_node *tree,
		  int kube_minor, struct sp_object *ret)
{
	const struct sp_load_options opt = {.validate = SP_VALIDATE_STRICT,
					    .kube_minor = kube_minor};
	struct sp_source *src = sp_arena_alloc(r->arena, sizeof(*src));
	struct sp_diags diags;
	int n;

	if (!src || !tree)
		return sp_fail(r->err, SP_E_NO_MEMORY, "%s: read a scenario", r->file);
	src->name = r->file;
	sp_diags_init(&diags, r->arena);
	n = sp_object_decode(r->arena, tree, src, &opt, &diags, NULL, ret);
	if (n == 0 && diags.n_errors == 0) {
		n = sp_object_default(r->arena, ret, &opt);
		if (n == 0)
			sp_object_validate(r->arena, ret, &opt, &diags);
	}
	for (uint32_t i = 0; i < diags.n; i++)
		if (diags.v[i].severity == SP_SEV_ERROR)
			return sp_scn_fail(r, at, "%s", diags.v[i].message);
	return n < 0 ? sp_scn_fail(r, at, "this is no valid object") : 0;
}

/* ---- templates ------------------------------------------------------------------------------ */

/* The list of one kind of containers, in the words of a pod scenario. */
static void add_init(struct sp_scn_tree *t, struct sp_node *list, const struct sp_node *from,
		     bool sidecar)
{
	for (uint32_t i = 0; from && from->kind == SP_NODE_LIST && i < from->n; i++) {
		const struct sp_node *c = from->items[i];
		struct sp_node *map = sp_scn_map(t), *runs, *run;

		sp_scn_copy(t, map, c, NULL);
		if (c->kind == SP_NODE_STR) /* a name alone: it ends at once */
			sp_scn_put_text(t, map, "name", c->text);
		if (c->kind == SP_NODE_STR && !sidecar) {
			runs = sp_scn_put(t, map, "run", sp_node_new(t->a, SP_NODE_LIST));
			run = sp_scn_map(t);
			sp_scn_put(t, run, "exit_after", sp_node_new_int(t->a, 0));
			push(t, runs, run);
		}
		if (sidecar)
			sp_scn_put_text(t, map, "restartPolicy", "Always");
		push(t, list, map);
	}
}

static struct sp_node *init_list(struct sp_scn_tree *t, const struct sp_node *w)
{
	struct sp_node *list = sp_node_new(t->a, SP_NODE_LIST);

	add_init(t, list, sp_node_get(w, "initContainers"), false);
	add_init(t, list, sp_node_get(w, "sidecars"), true);
	t->failed |= !list;
	return list;
}

static void add_pod_fields(struct sp_scn_tree *t, struct sp_node *pod, const struct sp_node *w)
{
	static const char *const keys[] = {"restartPolicy", "terminationGracePeriodSeconds"};

	for (size_t i = 0; i < SP_ARRAY_LEN(keys); i++)
		if (sp_node_get(w, keys[i]))
			sp_scn_put(t, pod, keys[i], sp_node_clone(t->a, sp_node_get(w, keys[i])));
}

static struct sp_node *real_ctr(struct sp_scn_tree *t, const char *name, const char *image)
{
	struct sp_node *c = sp_scn_map(t);

	sp_scn_put_text(t, c, "name", name);
	sp_scn_put_text(t, c, "image", image);
	return c;
}

struct sp_node *sp_scn_template(struct sp_scn_tree *t, const struct sp_node *w, const char *main,
				const char *image)
{
	struct sp_node *template = sp_scn_map(t), *spec, *list, *labels;
	struct sp_node *inits = init_list(t, w);

	labels = sp_scn_put(t, sp_scn_put(t, template, "metadata", sp_scn_map(t)), "labels",
			    sp_scn_map(t));
	sp_scn_put_text(t, labels, "app", "a");
	spec = sp_scn_put(t, template, "spec", sp_scn_map(t));
	add_pod_fields(t, spec, w);
	list = sp_scn_put(t, spec, "initContainers", sp_node_new(t->a, SP_NODE_LIST));
	for (uint32_t i = 0; inits && i < inits->n; i++) {
		const struct sp_node *c = inits->items[i];
		struct sp_node *real = real_ctr(t, sp_node_str(sp_node_get(c, "name"), ""), image);

		if (sp_node_get(c, "restartPolicy"))
			sp_scn_put_text(t, real, "restartPolicy", "Always");
		push(t, list, real);
	}
	list = sp_scn_put(t, spec, "containers", sp_node_new(t->a, SP_NODE_LIST));
	push(t, list, real_ctr(t, main, image));
	return template;
}

int sp_scn_template_pod(const struct sp_scn_reader *r, const struct sp_node *w, const char *main,
			const struct sp_node *behaviour, int kube_minor, struct sp_scn_pod *ret)
{
	static const char *const run_keys[] = {"exit_after", "code", "oom", "launch_error", NULL};
	static const char *const not_for_ctr[] = {"exit_after",   "code",      "oom",
						  "launch_error", "container", NULL};
	struct sp_scn_tree t = {.a = r->arena};
	struct sp_node *root = sp_scn_map(&t), *pod, *list, *ctr, *run;
	struct sp_scenario scenario = {.node = root, .file = r->file};

	pod = sp_scn_put(&t, root, "pod", sp_scn_map(&t));
	add_pod_fields(&t, pod, w);
	sp_scn_put(&t, pod, "initContainers", init_list(&t, w));
	list = sp_scn_put(&t, pod, "containers", sp_node_new(t.a, SP_NODE_LIST));
	ctr = sp_scn_map(&t);
	sp_scn_put_text(&t, ctr, "name", main);
	sp_scn_copy(&t, ctr, behaviour, not_for_ctr);
	if (behaviour && sp_node_get(behaviour, "exit_after")) {
		run = sp_scn_map(&t);
		for (const char *const *k = run_keys; *k; k++)
			if (sp_node_get(behaviour, *k))
				sp_scn_put(&t, run, *k,
					   sp_node_clone(t.a, sp_node_get(behaviour, *k)));
		push(&t, sp_scn_put(&t, ctr, "run", sp_node_new(t.a, SP_NODE_LIST)), run);
	}
	push(&t, list, ctr);
	if (t.failed)
		return sp_fail(r->err, SP_E_NO_MEMORY, "%s: read a scenario", r->file);
	return sp_scenario_pod(r->arena, &scenario, kube_minor, ret, r->err);
}
