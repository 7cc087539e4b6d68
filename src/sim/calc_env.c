/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `calc` tables of what a container is told: environment, command line, downward API. They go
 * through the functions that the supervisor uses for real containers.
 */
#include "sim/calc_internal.h"

#include "image/image.h"
#include "supervisor/env.h"

static int out_of_memory(struct sp_calc *t)
{
	return sp_fail(t->r->err, SP_E_NO_MEMORY, "compute a table");
}

/* A pod with one container that has @value at @key; @more too, when it is not NULL. */
static int load_with(struct sp_calc *t, const char *key, const struct sp_node *value,
		     const char *more, const struct sp_node *more_value, struct sp_manifest *m)
{
	struct sp_arena *a = t->r->arena;
	struct sp_node *spec = sp_node_new(a, SP_NODE_MAP), *list = sp_node_new(a, SP_NODE_LIST);
	struct sp_node *c = sp_node_new(a, SP_NODE_MAP);

	if (!spec || !list || !c || sp_node_set(a, c, "name", sp_node_new_str(a, "a")) < 0 ||
	    sp_node_set(a, c, "image", sp_node_new_str(a, "x")) < 0 ||
	    (value && sp_node_set(a, c, key, sp_node_clone(a, value)) < 0) ||
	    (more_value && sp_node_set(a, c, more, sp_node_clone(a, more_value)) < 0) ||
	    sp_node_push(a, list, c) < 0 || sp_node_set(a, spec, "containers", list) < 0)
		return out_of_memory(t);
	return sp_calc_load(t, spec, m);
}

/* A list of texts as JSON, for comparing and for messages. */
static const char *joined(struct sp_calc *t, const char *const *v, const struct sp_node *list)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf b = {0};

	sp_buf_putc(&b, '[');
	for (uint32_t i = 0; v ? v[i] != NULL : list && i < list->n; i++) {
		sp_buf_puts(&b, i ? "," : "");
		sp_buf_json(&b, v ? v[i] : sp_node_str(list->items[i], ""));
	}
	sp_buf_putc(&b, ']');
	return b.failed ? NULL : sp_arena_strdup(t->r->arena, b.ptr);
}

static int compare_argv(struct sp_calc *t, const char *what, const struct sp_node *want,
			const char *const *argv)
{
	const char *w = joined(t, NULL, want), *g = argv ? joined(t, argv, NULL) : NULL;

	if (!w || !g)
		return out_of_memory(t);
	sp_calc_differs(t, what, w, g);
	return 0;
}

static const char *const *texts(struct sp_calc *t, const struct sp_node *list, uint32_t *ret_n)
{
	const char **v;

	*ret_n = list && list->kind == SP_NODE_LIST ? list->n : 0;
	v = sp_arena_array(t->r->arena, *ret_n + 1u, sizeof(*v));
	for (uint32_t i = 0; v && i < *ret_n; i++)
		v[i] = sp_node_str(list->items[i], "");
	return v;
}

/* `image` of the scenario: {entrypoint, cmd}; a row: {command, args, argv}. */
int sp_calc_argv(struct sp_calc *t, const struct sp_node *c)
{
	const struct sp_node *conf = sp_node_get(t->s->node, "image");
	const struct sp_env env = {0};
	struct sp_image image = {0};
	struct sp_manifest m = {0};
	int r = load_with(t, "command", sp_node_get(c, "command"), "args", sp_node_get(c, "args"),
			  &m);

	image.entrypoint = texts(t, sp_node_get(conf, "entrypoint"), &image.n_entrypoint);
	image.cmd = texts(t, sp_node_get(conf, "cmd"), &image.n_cmd);
	if (r == 0 && (!image.entrypoint || !image.cmd))
		r = out_of_memory(t);
	if (r == 0)
		r = compare_argv(t, "argv", sp_node_get(c, "argv"),
				 sp_argv_build(t->r->arena,
					       &m.objects[0].pod->spec->containers.v[0], &image,
					       &env));
	sp_manifest_done(&m);
	return r;
}

/* The scenario itself: env, result, args, argsResult. */
int sp_calc_environment(struct sp_calc *t, const struct sp_node *c)
{
	const struct sp_node *n = t->s->node, *want = sp_node_get(n, "result");
	const struct sp_bundle bundle = {0};
	const struct sp_world world = {.bundle = &bundle, .pod_ips = "", .host_ips = ""};
	const struct sp_image image = {0};
	struct sp_manifest m = {0};
	struct sp_env env = {0};
	int r = load_with(t, "env", sp_node_get(n, "env"), "args", sp_node_get(n, "args"), &m);

	if (r == 0)
		r = sp_env_build(t->r->arena, &world, &m.objects[0].pod->spec->containers.v[0],
				 &env, t->r->err);
	for (uint32_t i = 0; r == 0 && i < want->n; i++) {
		const char *got = "nothing";

		for (uint32_t k = 0; k < env.n; k++)
			if (sp_streq(env.v[k].name, want->pairs[i].key))
				got = env.v[k].value;
		sp_calc_differs(t, want->pairs[i].key, sp_node_str(want->pairs[i].value, ""), got);
	}
	if (r == 0 && sp_node_get(n, "argsResult"))
		r = compare_argv(t, "args", sp_node_get(n, "argsResult"),
				 sp_argv_build(t->r->arena,
					       &m.objects[0].pod->spec->containers.v[0], &image,
					       &env));
	sp_manifest_done(&m);
	return r;
}

/* {field: limits.cpu, value, divisor, result}: the value of a resource field. */
int sp_calc_downward(struct sp_calc *t, const struct sp_node *c)
{
	struct sp_arena *a = t->r->arena;
	const char *field = sp_node_str(sp_node_get(c, "field"), "");
	const char *dot = strchr(field, '.');
	const struct sp_node *value = sp_node_get(c, "value");
	const struct sp_k_res_field_ref ref = {
		.resource = field, .divisor = sp_node_str(sp_node_get(c, "divisor"), NULL)};
	struct sp_node *res = sp_node_new(a, SP_NODE_MAP), *list = sp_node_new(a, SP_NODE_MAP);
	struct sp_bundle bundle = {0};
	const struct sp_world world = {.bundle = &bundle};
	struct sp_manifest m = {0};
	const char *got = "nothing", *key;
	int r;

	if (!dot)
		return sp_scn_fail(t->r, c, "field: limits.<resource> or requests.<resource>");
	key = sp_arena_strndup(a, field, (size_t)(dot - field));
	if (!res || !list || !key ||
	    (value && sp_node_set(a, list, dot + 1, sp_node_clone(a, value)) < 0) ||
	    sp_node_set(a, res, key, list) < 0)
		return out_of_memory(t);
	r = load_with(t, "resources", res, NULL, NULL, &m);
	if (r == 0) {
		bundle.pod = m.objects[0].pod;
		r = sp_resource_value(a, &world, &ref, &bundle.pod->spec->containers.v[0], &got,
				      t->r->err);
	}
	if (r == 0)
		sp_calc_differs(t, field, sp_node_str(sp_node_get(c, "result"), ""), got);
	sp_manifest_done(&m);
	return r;
}
