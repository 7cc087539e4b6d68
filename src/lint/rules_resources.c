/* SPDX-License-Identifier: Apache-2.0 */
/* SP4xx: requests, limits, quality of service, what a fleet costs. Arithmetic is the core's. */
#include "lint/lint_internal.h"

#include "base/text.h"
#include "control/deployment.h"

#define ONE_CORE 1000
#define ONE_GI   ((int64_t)1 << 30)

static const struct sp_quantity *value(const struct lctr *c, bool limit, const char *name)
{
	const struct sp_k_resources *r = c->k->resources;

	return r ? sp_res_get(limit ? &r->limits : &r->requests, name) : NULL;
}

static const char *amount(struct lpod *p, enum sp_res r, int64_t v)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf b = {0};
	__int128 nano = (__int128)v * (r == SP_RES_CPU ? 1000000 : 1000000000);

	sp_quantity_print(nano, r != SP_RES_CPU, &b);
	return say(p->l, "%s", b.ptr && !b.failed ? b.ptr : "");
}

/* Set requests or limits of what is missing to the catalogue's values. */
static void propose(struct lpod *p, struct sp_finding *f, const struct lctr *c, const char *which,
		    const char *cpu, const char *memory)
{
	const struct sp_node *res = sp_node_get(c->k->node, "resources");
	const struct sp_node *list = sp_node_get(res, which);
	SP_CLEANUP(sp_buf_done) struct sp_buf b = {0};

	if (cpu)
		sp_buf_printf(&b, "cpu: %s\n", cpu);
	if (memory)
		sp_buf_printf(&b, "memory: %s\n", memory);
	if (!b.len)
		return;
	f->fix = say(p->l, "%s: %s%s%s%s%s", which, cpu ? "cpu " : "", cpu ? cpu : "",
		     cpu && memory ? ", " : "", memory ? "memory " : "", memory ? memory : "");
	if (list && list->kind == SP_NODE_MAP) {
		if (cpu)
			fix_set(p, f, list, "cpu", sp_node_new_str(&p->l->arena, cpu), NULL);
		if (memory)
			fix_set(p, f, list, "memory", sp_node_new_str(&p->l->arena, memory), NULL);
	} else if (res && res->kind == SP_NODE_MAP) {
		fix_set(p, f, res, which, fix_yaml(p->l, b.ptr), NULL);
	} else {
		struct sp_node *n = sp_node_new(&p->l->arena, SP_NODE_MAP);
		struct sp_node *v = fix_yaml(p->l, b.ptr);

		if (n && v && sp_node_set(&p->l->arena, n, which, v) == 0)
			fix_set(p, f, c->k->node, "resources", n, NULL);
	}
}

static void sidecar_requests(struct lpod *p)
{
	EACH_SIDECAR(p, c)
	{
		/* a limit without a request is its own request */
		bool cpu = value(c, false, "cpu") || value(c, true, "cpu");
		bool memory = value(c, false, "memory") || value(c, true, "memory");
		struct sp_finding *f;

		if (!cpu || !memory) {
			f = hit(p, "SP401", SP_CERTAIN, c, node_of(c->k->node, "resources"),
				"%s has no %s%s%s request: the scheduler thinks it is free, and it "
				"is first to be OOM-killed",
				c->name, cpu ? "" : "cpu", !cpu && !memory ? " and no " : "",
				memory ? "" : "memory");
			propose(p, f, c, "requests",
				cpu    ? NULL
				: c->e ? c->e->cpu
				       : NULL,
				memory ? NULL
				: c->e ? c->e->memory
				       : NULL);
		}
		if (!value(c, true, "memory")) {
			f = hit(p, "SP402", SP_CERTAIN, c, node_of(c->k->node, "resources"),
				"%s has no memory limit; one leak takes the node's memory",
				c->name);
			propose(p, f, c, "limits", NULL, c->e ? c->e->memory_limit : NULL);
		}
	}
}

static void too_low(struct lpod *p)
{
	EACH(p, c)
	{
		const struct sp_quantity *l = value(c, true, "memory");
		struct sp_quantity least;
		struct sp_finding *f;

		if (!c->e || c->known > SP_LIKELY || !c->e->memory_min || !l ||
		    sp_quantity_parse(c->e->memory_min, &least) < 0 ||
		    sp_quantity_cmp(l, &least) >= 0)
			continue;
		f = hit(p, "SP403", SP_MAX(c->known, SP_LIKELY), c,
			sp_node_get(sp_node_get(c->k->resources->node, "limits"), "memory"),
			"%s usually needs %s, limit is %s: expect OOMKilled (137)", lctr_shown(c),
			c->e->memory_min, l->text);
		f->fix = say(p->l, "memory: %s", c->e->memory_min);
		fix_set(p, f, sp_node_get(c->k->resources->node, "limits"), "memory",
			sp_node_new_str(&p->l->arena, c->e->memory_min), NULL);
	}
}

static void qos(struct lpod *p)
{
	if (!p->has_resources || p->n_apps == 0 || sp_res_qos(&p->res) == SP_QOS_GUARANTEED)
		return;
	EACH_SIDECAR(p, c)
	{
		struct sp_res_pod without = p->res;

		/* as if it asked for the same as its limit of something */
		without.ctrs[c->at] = (struct sp_res_values){.req = {1, 1, SP_RES_UNSET},
							     .lim = {1, 1, SP_RES_UNSET}};
		if (sp_res_qos(&without) == SP_QOS_GUARANTEED)
			hit(p, "SP404", SP_CERTAIN, c, node_of(c->k->node, "resources"),
			    "without %s this pod would be Guaranteed; with it %s", c->name,
			    sp_qos_name(sp_res_qos(&p->res)));
	}
}

static void init_peak(struct lpod *p)
{
	static const char *const names[] = {"cpu", "memory"};

	if (!p->has_resources || p->n_sidecars == 0)
		return;
	for (int r = SP_RES_CPU; r <= SP_RES_MEMORY; r++) {
		enum sp_res_term term;
		uint16_t at = 0;
		int64_t all = sp_res_request(&p->res, (enum sp_res)r, &term, &at), run = 0;
		bool before = false;

		if (term != SP_TERM_INIT || at >= p->n_init || p->c[at].role != SP_ROLE_INIT)
			continue;
		EACH(p, c)
		{
			int64_t v = p->res.ctrs[c->at].req[r];

			if (v != SP_RES_UNSET && c->role != SP_ROLE_INIT)
				run += v;
			before |= c->role == SP_ROLE_SIDECAR && c->at < at;
		}
		if (before)
			hit(p, "SP405", SP_CERTAIN, &p->c[at], NULL,
			    "%s: %s + sidecars before it = %s decides the request, not the apps "
			    "(%s)",
			    names[r], p->c[at].name, amount(p, (enum sp_res)r, all),
			    amount(p, (enum sp_res)r, run));
	}
}

static void sum_sidecars(const struct lpod *p, int64_t *cpu, int64_t *memory)
{
	*cpu = *memory = 0;
	for (uint32_t i = 0; i < p->n && p->has_resources; i++) {
		const struct sp_res_values *v = &p->res.ctrs[i];

		if (p->c[i].role != SP_ROLE_SIDECAR)
			continue;
		*cpu += v->req[SP_RES_CPU] != SP_RES_UNSET ? v->req[SP_RES_CPU] : 0;
		*memory += v->req[SP_RES_MEMORY] != SP_RES_UNSET ? v->req[SP_RES_MEMORY] : 0;
	}
}

static const char *sidecar_names(struct lpod *p)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf b = {0};

	EACH_SIDECAR(p, c)
	{
		sp_buf_printf(&b, "%s%s", b.len ? ", " : "", c->name);
	}
	return say(p->l, "%s", b.ptr && !b.failed ? b.ptr : "");
}

static void costs(struct lpod *p)
{
	int64_t cpu, memory, n = p->replicas;

	sum_sidecars(p, &cpu, &memory);
	if (p->obj->job && p->obj->job->parallelism.set && p->obj->job->parallelism.v > 1) {
		n = p->obj->job->parallelism.v;
		if (p->n_sidecars && cpu + memory > 0 && n < 100000)
			hit(p, "SP809", SP_CERTAIN, NULL,
			    sp_node_get(p->obj->job->node, "parallelism"),
			    "%lld parallel pods reserve %s cpu and %s for sidecars", (long long)n,
			    amount(p, SP_RES_CPU, cpu * n), amount(p, SP_RES_MEMORY, memory * n));
		return;
	}
	/* a bare pod is no fleet */
	if (p->obj->o.kind == SP_KIND_POD || n < 1 || n > 100000 ||
	    (cpu * n < ONE_CORE && memory * n < ONE_GI &&
	     !(p->n_sidecars && memory * n * 4 >= ONE_GI)))
		return;
	hit(p, "SP406", SP_CERTAIN, NULL,
	    p->obj->o.kind >= SP_KIND_DEPLOYMENT && p->obj->o.workload->spec
		    ? node_of(p->obj->o.workload->spec->node, "replicas")
		    : NULL,
	    "%lld replicas reserve %s cpu and %s for %s alone", (long long)n,
	    amount(p, SP_RES_CPU, cpu * n), amount(p, SP_RES_MEMORY, memory * n), sidecar_names(p));
}

/* How many pods a rollout may add. */
static int64_t surge(const struct lpod *p)
{
	const struct sp_k_strategy *s = p->obj->o.workload->spec->strategy;
	int64_t more, unavailable;

	if (s && s->type && sp_streq(s->type, "Recreate"))
		return 0;
	sp_deployment_bounds(s ? s->rolling : NULL, p->replicas, &more, &unavailable);
	return more;
}

static void surge_cost(struct lpod *p)
{
	const int64_t free_of[] = {p->l->opt.node_milli, p->l->opt.node_bytes};

	if (p->obj->o.kind != SP_KIND_DEPLOYMENT || !p->has_resources || p->replicas > 100000)
		return;
	for (int r = SP_RES_CPU; r <= SP_RES_MEMORY; r++) {
		int64_t more = surge(p) * sp_res_request(&p->res, (enum sp_res)r, NULL, NULL);

		if (free_of[r] >= 0 && more > free_of[r])
			hit(p, "SP407", SP_CERTAIN, NULL,
			    node_of(p->obj->o.workload->spec->node, "strategy"),
			    "a rollout adds %lld pods = %s %s; free capacity is %s",
			    (long long)surge(p), amount(p, (enum sp_res)r, more),
			    r == SP_RES_CPU ? "cpu" : "memory",
			    amount(p, (enum sp_res)r, free_of[r]));
	}
}

static void limit_below(struct lpod *p)
{
	EACH(p, c)
	{
		const struct sp_k_resources *r = c->k->resources;

		for (uint32_t i = 0; r && i < r->limits.n; i++) {
			const struct sp_res_item *l = &r->limits.v[i];
			const struct sp_quantity *q = sp_res_get(&r->requests, l->name);

			if (q && sp_quantity_cmp(&l->q, q) < 0)
				hit(p, "SP408", SP_CERTAIN, c,
				    sp_node_get(sp_node_get(r->node, "limits"), l->name),
				    "%s limit %s is below request %s", l->name, l->q.text, q->text);
		}
	}
}

static void memory_volumes(struct lpod *p)
{
	for (uint32_t i = 0; i < p->spec->volumes.n; i++) {
		const struct sp_k_volume *v = &p->spec->volumes.v[i];

		if (v->empty_dir && v->empty_dir->medium &&
		    sp_streq(v->empty_dir->medium, "Memory") && !v->empty_dir->size_limit)
			hit(p, "SP409", SP_CERTAIN, NULL, v->node,
			    "memory-backed %s has no sizeLimit and counts against memory limits",
			    v->name ? v->name : "volume");
	}
}

static void balloons(struct lpod *p)
{
	if (!p->has_resources)
		return;
	for (int r = SP_RES_CPU; r <= SP_RES_MEMORY; r++) {
		int64_t apps = 0;

		EACH_APP(p, c)
		{
			if (p->res.ctrs[c->at].req[r] != SP_RES_UNSET)
				apps += p->res.ctrs[c->at].req[r];
		}
		EACH_SIDECAR(p, c)
		{
			if (apps > 0 && p->res.ctrs[c->at].req[r] > apps)
				hit(p, "SP410", SP_CERTAIN, c, node_of(c->k->node, "resources"),
				    "%s requests more %s than all apps together", c->name,
				    r == SP_RES_CPU ? "cpu" : "memory");
		}
	}
}

static void pod_level(struct lpod *p)
{
	const struct sp_k_resources *r = p->spec->resources;
	struct sp_finding *f;

	if (!r)
		return;
	if (p->minor < 34) {
		f = hit(p, "SP411", SP_CERTAIN, NULL, r->node,
			"pod-level resources need Kubernetes 1.34");
		hit_severity(f, SP_SEV_ERROR);
		return;
	}
	for (uint32_t i = 0; i < r->requests.n; i++) {
		const struct sp_res_item *q = &r->requests.v[i];
		struct sp_quantity sum = {0};

		EACH(p, c)
		{
			const struct sp_quantity *v = value(c, false, q->name);

			if (v && c->role != SP_ROLE_INIT)
				sum.nano += v->nano;
		}
		if (sp_quantity_cmp(&q->q, &sum) < 0) {
			SP_CLEANUP(sp_buf_done) struct sp_buf b = {0};

			sp_quantity_print(sum.nano, !sp_streq(q->name, "cpu"), &b);
			hit(p, "SP411", SP_CERTAIN, NULL,
			    sp_node_get(sp_node_get(r->node, "requests"), q->name),
			    "pod-level %s %s is below the sum of containers %s", q->name, q->q.text,
			    b.ptr ? b.ptr : "");
		}
	}
}

/* 128M where nearly everybody writes 128Mi; thousandths of a thousandth; grams of memory. */
static void odd_quantity(struct lpod *p, const struct lctr *c, const struct sp_node *list,
			 const struct sp_res_item *it)
{
	const struct sp_node *n = sp_node_get(list, it->name);
	const char *text = it->q.text;
	size_t digits = strspn(text, "0123456789.");
	struct sp_finding *f;

	if (!n)
		return;
	if (sp_streq(it->name, "memory") &&
	    (sp_streq(text + digits, "M") || sp_streq(text + digits, "G"))) {
		f = hit(p, "SP412", SP_LIKELY, c, n, "%s is decimal, did you mean %si?", text,
			text);
		hit_severity(f, SP_SEV_INFO);
		fix_op(p, f, SP_OP_SCALAR, n)->value =
			sp_node_new_str(&p->l->arena, say(p->l, "%si", text));
	} else if (sp_streq(it->name, "memory") && digits && sp_streq(text + digits, "m")) {
		f = hit(p, "SP412", SP_CERTAIN, c, n,
			"%s is thousandths of a byte, did you mean %.*sMi?", text, (int)digits,
			text);
		hit_severity(f, SP_SEV_WARNING);
		fix_op(p, f, SP_OP_SCALAR, n)->value =
			sp_node_new_str(&p->l->arena, say(p->l, "%.*sMi", (int)digits, text));
	} else if (sp_streq(it->name, "cpu") && it->q.nano % 1000000 != 0) {
		f = hit(p, "SP412", SP_CERTAIN, c, n,
			"%s is finer than a thousandth of a cpu, the smallest step", text);
		hit_severity(f, SP_SEV_ERROR);
	}
}

static void quantities(struct lpod *p)
{
	EACH(p, c)
	{
		const struct sp_k_resources *r = c->k->resources;

		for (uint32_t i = 0; r && i < r->requests.n; i++)
			odd_quantity(p, c, sp_node_get(r->node, "requests"), &r->requests.v[i]);
		for (uint32_t i = 0; r && i < r->limits.n; i++)
			odd_quantity(p, c, sp_node_get(r->node, "limits"), &r->limits.v[i]);
	}
}

void rules_resources(struct lpod *p)
{
	sidecar_requests(p);
	too_low(p);
	qos(p);
	init_peak(p);
	costs(p);
	surge_cost(p);
	limit_below(p);
	memory_volumes(p);
	balloons(p);
	pod_level(p);
	quantities(p);
}
