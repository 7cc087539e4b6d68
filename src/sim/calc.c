/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `calc` scenarios: tables of inputs and results. What a table computes is known by the keys of its
 * first case. Resources of pods go through a manifest and the loader, because defaults (DEF-13) are
 * part of the result.
 */
#include "sim/calc_internal.h"

#include "base/text.h"
#include "core/resources.h"

#include <stdio.h>

void sp_calc_differs(struct sp_calc *t, const char *what, const char *want, const char *got)
{
	if (!sp_streq(want, got))
		sp_diff_add(t->diff, "case %u: %s: expected %s, got %s", t->row, what, want, got);
}

void sp_calc_differs_int(struct sp_calc *t, const char *what, const struct sp_node *want,
			 int64_t got)
{
	char mem[24];

	if (!want)
		return;
	snprintf(mem, sizeof(mem), "%lld", (long long)got);
	sp_calc_differs(t, what, want->text ? want->text : "no number", mem);
}

/* ---- pods from short descriptions ----------------------------------------------------------- */

/* {name, cpu, memory} or {requests, limits} → an API container. */
static struct sp_node *make_ctr(struct sp_arena *a, const struct sp_node *d, const char *role,
				uint32_t i)
{
	static const char *const direct[] = {"cpu", "memory"};
	struct sp_node *c = sp_node_new(a, SP_NODE_MAP), *res = sp_node_new(a, SP_NODE_MAP);
	struct sp_node *req = sp_node_new(a, SP_NODE_MAP);
	const char *name = sp_node_str(sp_node_get(d, "name"), NULL);
	int r = 0;

	if (!name)
		name = sp_arena_printf(a, "%s-%u", role, i);
	if (!c || !res || !req || !name)
		return NULL;
	for (size_t k = 0; k < SP_ARRAY_LEN(direct); k++)
		if (sp_node_get(d, direct[k]))
			r |= sp_node_set(a, req, direct[k],
					 sp_node_clone(a, sp_node_get(d, direct[k])));
	if (req->n)
		r |= sp_node_set(a, res, "requests", req);
	if (sp_node_get(d, "requests"))
		r |= sp_node_set(a, res, "requests", sp_node_clone(a, sp_node_get(d, "requests")));
	if (sp_node_get(d, "limits"))
		r |= sp_node_set(a, res, "limits", sp_node_clone(a, sp_node_get(d, "limits")));
	r |= sp_node_set(a, c, "name", sp_node_new_str(a, name));
	r |= sp_node_set(a, c, "image", sp_node_new_str(a, "x"));
	r |= sp_node_set(a, c, "resources", res);
	if (sp_streq(role, "sidecar"))
		r |= sp_node_set(a, c, "restartPolicy", sp_node_new_str(a, "Always"));
	return r ? NULL : c;
}

static int add_ctrs(struct sp_arena *a, struct sp_node *to, const struct sp_node *list,
		    const char *role)
{
	for (uint32_t i = 0; list && list->kind == SP_NODE_LIST && i < list->n; i++) {
		struct sp_node *c = make_ctr(a, list->items[i], role, i);

		if (!c || sp_node_push(a, to, c) < 0)
			return -1;
	}
	return 0;
}

int sp_calc_load(struct sp_calc *t, const struct sp_node *spec, struct sp_manifest *m)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf text = {0};
	const struct sp_load_options opt = {0};

	sp_buf_puts(&text, "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"p\"},"
			   "\"spec\":");
	sp_node_json(spec, -1, &text);
	sp_buf_putc(&text, '}');
	sp_manifest_init(m, &opt);
	if (text.failed || sp_manifest_add(m, "case", text.ptr, text.len) < 0)
		return sp_fail(t->r->err, SP_E_NO_MEMORY, "compute a table");
	if (m->diags.n_errors || m->n_objects != 1 || m->objects[0].kind != SP_KIND_POD)
		return sp_scn_fail(t->r, t->s->node, "case %u describes no valid pod: %s", t->row,
				   m->diags.n ? m->diags.v[0].message : "");
	return 0;
}

/* Lists `init`, `sidecars` and `regular` of a case, as a loaded pod. */
static int load_case(struct sp_calc *t, const struct sp_node *c, struct sp_manifest *m)
{
	struct sp_arena *a = t->r->arena;
	struct sp_node *spec = sp_node_new(a, SP_NODE_MAP), *init = sp_node_new(a, SP_NODE_LIST);
	struct sp_node *regular = sp_node_new(a, SP_NODE_LIST);

	if (!spec || !init || !regular || add_ctrs(a, init, sp_node_get(c, "init"), "init") < 0 ||
	    add_ctrs(a, init, sp_node_get(c, "sidecars"), "sidecar") < 0 ||
	    add_ctrs(a, regular, sp_node_get(c, "regular"), "app") < 0 ||
	    (init->n && sp_node_set(a, spec, "initContainers", init) < 0) ||
	    sp_node_set(a, spec, "containers", regular) < 0)
		return sp_fail(t->r->err, SP_E_NO_MEMORY, "compute a table");
	return sp_calc_load(t, spec, m);
}

/* ---- the tables ----------------------------------------------------------------------------- */

static int64_t as_milli(const struct sp_node *n)
{
	return n && n->kind == SP_NODE_INT ? n->i : SP_RES_UNSET;
}

/* init: [[i|s, milli], …], regular: [milli, …] → effective cpu request (RES-2). */
static int calc_requests(struct sp_calc *t, const struct sp_node *c)
{
	const struct sp_node *init = sp_node_get(c, "init"), *regular = sp_node_get(c, "regular");
	const struct sp_node *overhead = sp_node_get(c, "overhead");
	struct sp_res_pod *p = sp_arena_alloc(t->r->arena, sizeof(*p));
	uint32_t n = 0;

	if (!p)
		return sp_fail(t->r->err, SP_E_NO_MEMORY, "compute a table");
	if (regular->kind != SP_NODE_LIST || (init && init->kind != SP_NODE_LIST))
		return sp_scn_fail(t->r, c, "init and regular are lists");
	if ((init ? init->n : 0) + regular->n > SP_CONTAINERS_MAX)
		return sp_scn_fail(t->r, c, "too many containers");
	for (size_t i = 0; i < SP_CONTAINERS_MAX; i++)
		for (int k = 0; k < SP_RES_ALL; k++)
			p->ctrs[i].req[k] = p->ctrs[i].lim[k] = SP_RES_UNSET;
	for (int k = 0; k < SP_RES_ALL; k++)
		p->pod.req[k] = p->pod.lim[k] = SP_RES_UNSET;
	for (uint32_t i = 0; init && i < init->n; i++, n++) {
		const struct sp_node *pair = init->items[i];

		if (pair->kind != SP_NODE_LIST || pair->n != 2)
			return sp_scn_fail(t->r, pair, "an init entry is [i, milli] or [s, milli]");
		p->roles[n] = sp_streq(sp_node_str(pair->items[0], ""), "s") ? SP_ROLE_SIDECAR
									     : SP_ROLE_INIT;
		p->ctrs[n].req[SP_RES_CPU] = as_milli(pair->items[1]);
	}
	p->n_init = (uint16_t)n;
	for (uint32_t i = 0; i < regular->n; i++, n++) {
		p->roles[n] = SP_ROLE_APP;
		p->ctrs[n].req[SP_RES_CPU] = as_milli(regular->items[i]);
	}
	p->n_ctrs = (uint16_t)n;
	p->overhead[SP_RES_CPU] = overhead ? overhead->i : 0;
	sp_calc_differs_int(t, "cpu", sp_node_get(c, "cpu"),
			    sp_res_request(p, SP_RES_CPU, NULL, NULL));
	return 0;
}

static int calc_qos(struct sp_calc *t, const struct sp_node *c)
{
	struct sp_res_pod *p = sp_arena_alloc(t->r->arena, sizeof(*p));
	struct sp_manifest m = {0};
	int r;

	if (!p)
		return sp_fail(t->r->err, SP_E_NO_MEMORY, "compute a table");
	r = load_case(t, c, &m);
	if (r == 0 && sp_pod_resources(m.objects[0].pod->spec, p) == 0)
		sp_calc_differs(t, "qos", sp_node_str(sp_node_get(c, "qos"), ""),
				sp_qos_name(sp_res_qos(p)));
	sp_manifest_done(&m);
	return r;
}

/* A pod of the named class, where a case gives the class alone. */
static const char *pod_of_class(const char *qos)
{
	if (!sp_streq(qos, "Guaranteed") && !sp_streq(qos, "BestEffort"))
		return NULL; /* of the others the requests matter */
	if (sp_streq(qos, "Guaranteed"))
		return "{regular: [{name: app, limits: {cpu: 1, memory: 1Gi}}]}";
	return "{regular: [{name: app}]}";
}

static int calc_oom(struct sp_calc *t, const struct sp_node *c)
{
	const char *name = sp_node_str(sp_node_get(c, "container"), "");
	const char *qos = sp_node_str(sp_node_get(c, "qos"), NULL);
	struct sp_res_pod *p = sp_arena_alloc(t->r->arena, sizeof(*p));
	const struct sp_k_pod_spec *spec;
	struct sp_quantity machine;
	struct sp_manifest m = {0};
	uint16_t ctr = 0;
	int r;

	if (!p)
		return sp_fail(t->r->err, SP_E_NO_MEMORY, "compute a table");
	if (sp_quantity_parse(sp_node_str(sp_node_get(t->s->node, "machineMemory"), ""), &machine) <
	    0)
		return sp_scn_fail(t->r, t->s->node, "machineMemory is missing");
	if (qos) {
		const char *text = pod_of_class(qos);
		const struct sp_source src = {"case", text, text ? strlen(text) : 0};
		struct sp_diags diags;
		struct sp_node **docs;
		uint32_t n;

		if (!text)
			return sp_scn_fail(t->r, c,
					   "qos: Guaranteed or BestEffort; of a Burstable "
					   "pod tell the containers");
		sp_diags_init(&diags, t->r->arena);
		if (sp_yaml_parse(t->r->arena, &src, &diags, &docs, &n) < 0 || n != 1)
			return sp_fail(t->r->err, SP_E_NO_MEMORY, "compute a table");
		r = load_case(t, docs[0], &m);
	} else {
		r = load_case(t, c, &m);
	}
	if (r == 0 && sp_pod_resources(m.objects[0].pod->spec, p) == 0) {
		spec = m.objects[0].pod->spec;
		for (uint32_t i = 0; i < spec->init_containers.n; i++)
			if (sp_streq(spec->init_containers.v[i].name, name))
				ctr = (uint16_t)i;
		for (uint32_t i = 0; i < spec->containers.n; i++)
			if (sp_streq(spec->containers.v[i].name, name))
				ctr = (uint16_t)(spec->init_containers.n + i);
		sp_calc_differs_int(t, "oom_score_adj", sp_node_get(c, "adj"),
				    sp_oom_score_adj(p, ctr, sp_quantity_ceil(&machine)));
	}
	sp_manifest_done(&m);
	return r;
}

static int calc_cgroup(struct sp_calc *t, const struct sp_node *c)
{
	const struct sp_node *quota = sp_node_get(c, "quota");
	int64_t milli = as_milli(sp_node_get(c, "milliCPU"));
	int64_t got = sp_cg_quota_us(milli, 100000);
	uint64_t shares = sp_cg_shares(milli);

	sp_calc_differs_int(t, "shares", sp_node_get(c, "shares"), (int64_t)shares);
	sp_calc_differs_int(t, "podWeight", sp_node_get(c, "podWeight"),
			    (int64_t)sp_cg_weight_pod(shares));
	sp_calc_differs_int(t, "containerWeight", sp_node_get(c, "containerWeight"),
			    (int64_t)sp_cg_weight_container(shares));
	if (quota && sp_streq(sp_node_str(quota, ""), "none"))
		sp_calc_differs(t, "quota", "none", got < 0 ? "none" : "a limit");
	else
		sp_calc_differs_int(t, "quota", quota, got);
	return 0;
}

static int calc_pull_policy(struct sp_calc *t, const struct sp_node *c)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf text = {0};
	const struct sp_load_options opt = {0};
	struct sp_manifest m = {0};
	int r = -1;

	sp_buf_puts(&text, "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"p\"},"
			   "\"spec\":{\"containers\":[{\"name\":\"a\",\"image\":");
	sp_buf_json(&text, sp_node_str(sp_node_get(c, "image"), ""));
	sp_buf_puts(&text, "}]}}");
	sp_manifest_init(&m, &opt);
	if (text.failed || sp_manifest_add(&m, "case", text.ptr, text.len) < 0 || !m.n_objects ||
	    !m.objects[0].pod) {
		sp_scn_fail(t->r, c, "case %u describes no valid pod", t->row);
	} else {
		const char *got = m.objects[0].pod->spec->containers.v[0].image_pull_policy;

		sp_calc_differs(t, "imagePullPolicy", sp_node_str(sp_node_get(c, "policy"), ""),
				got ? got : "nothing");
		r = 0;
	}
	sp_manifest_done(&m);
	return r;
}

static int calc_duration(struct sp_calc *t, const struct sp_node *c)
{
	char mem[40];
	struct sp_buf b = sp_buf_fixed(mem, sizeof(mem));
	sp_time span;

	if (sp_scn_seconds(t->r, sp_node_get(c, "seconds"), &span) < 0)
		return -1;
	sp_format_go_duration(&b, span);
	sp_calc_differs(t, "text", sp_node_str(sp_node_get(c, "text"), ""), mem);
	return 0;
}

/* A table is known by keys that its first case has and has not; no case has any beside `keys`. */
static const struct {
	const char *has[2], *has_not;
	int (*row)(struct sp_calc *t, const struct sp_node *c);
	const char *keys[10];
} tables[] = {
	{{"adj", "container"},
	 NULL,
	 calc_oom,
	 {"adj", "container", "qos", "init", "sidecars", "regular"}},
	{{"regular", "qos"}, "adj", calc_qos, {"init", "sidecars", "regular", "qos"}},
	{{"regular", "cpu"}, NULL, calc_requests, {"init", "regular", "overhead", "cpu"}},
	{{"milliCPU", "shares"},
	 NULL,
	 calc_cgroup,
	 {"milliCPU", "shares", "podWeight", "containerWeight", "quota"}},
	{{"image", "policy"}, NULL, calc_pull_policy, {"image", "policy"}},
	{{"seconds", "text"}, NULL, calc_duration, {"seconds", "text"}},
	{{"argv", "argv"}, NULL, sp_calc_argv, {"command", "args", "argv"}},
	{{"field", "result"},
	 NULL,
	 sp_calc_downward,
	 {"field", "value", "divisor", "unset", "result"}},
	{{"set", "text"}, NULL, sp_calc_indexes, {"set", "text"}},
	{{"surge", "unavailable"},
	 NULL,
	 sp_calc_bounds,
	 {"replicas", "maxSurge", "maxUnavailable", "surge", "unavailable"}},
	{{"schedule", "next"},
	 NULL,
	 sp_calc_schedule,
	 {"schedule", "after", "timeZone", "zoneRule", "next"}},
	{{"policy", "exitCode"},
	 NULL,
	 sp_calc_termination,
	 /* path and user decide where it is written and by whom: not what is read */
	 {"policy", "path", "runAsUser", "file", "log", "exitCode", "message"}},
};

static int check_row(struct sp_calc *t, size_t table, const struct sp_node *c)
{
	static const char *const note[] = {"note", NULL};

	if (sp_scn_keys(t->r, c, "case", tables[table].keys, note) < 0)
		return -1;
	for (size_t i = 0; i < SP_ARRAY_LEN(tables[table].has); i++)
		if (!sp_node_get(c, tables[table].has[i]))
			return sp_scn_fail(t->r, c, "case %u: '%s' is missing", t->row,
					   tables[table].has[i]);
	return tables[table].row(t, c);
}

int sp_table_calc(const struct sp_scn_reader *r, const struct sp_scenario *s, struct sp_diff *diff,
		  enum sp_table_result *ret, const char **reason)
{
	const struct sp_node *cases = sp_node_get(s->node, "cases"), *first;
	struct sp_calc t = {.r = r, .s = s, .diff = diff};

	*ret = SP_TABLE_SKIPPED;
	*reason = "no part of the simulator computes this";
	if (sp_node_get(s->node, "env") && sp_node_get(s->node, "result")) {
		*ret = SP_TABLE_CHECKED;
		return sp_calc_environment(&t, NULL);
	}
	if (sp_node_get(s->node, "writes") && sp_node_get(s->node, "lines")) {
		*ret = SP_TABLE_CHECKED;
		return sp_calc_log(&t, sp_node_get(s->node, "writes"),
				   sp_node_get(s->node, "lines"));
	}
	first = cases && cases->kind == SP_NODE_LIST && cases->n ? cases->items[0] : NULL;
	for (size_t i = 0; first && i < SP_ARRAY_LEN(tables); i++) {
		if (!sp_node_get(first, tables[i].has[0]) ||
		    !sp_node_get(first, tables[i].has[1]) ||
		    (tables[i].has_not && sp_node_get(first, tables[i].has_not)))
			continue;
		*ret = SP_TABLE_CHECKED;
		for (t.row = 1; t.row <= cases->n; t.row++)
			if (check_row(&t, i, cases->items[t.row - 1]) < 0)
				return -1;
		sp_calc_no_schedules(&t);
		return 0;
	}
	return 0;
}
