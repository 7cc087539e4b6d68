/* SPDX-License-Identifier: Apache-2.0 */
/* From the API's pod to what the core decides by: roles, policies, probes, hooks, resources. */
#include "core/pod.h"
#include "core/resources.h"
#include "spec/load.h"

static enum sp_restart_policy policy_of(const char *text)
{
	if (!text || !*text)
		return SP_RESTART_UNSET;
	return sp_streq(text, "Always")      ? SP_RESTART_ALWAYS
	       : sp_streq(text, "OnFailure") ? SP_RESTART_ON_FAILURE
					     : SP_RESTART_NEVER;
}

static enum sp_role role_of(const struct sp_k_container *c, bool init)
{
	if (!init)
		return SP_ROLE_APP;
	return policy_of(c->restart_policy) == SP_RESTART_ALWAYS ? SP_ROLE_SIDECAR : SP_ROLE_INIT;
}

/* Numbers of the API have 32 bits; @def stands for absent ones (DEF-10). */
static int32_t number(const struct sp_opt_int *v, int32_t def)
{
	if (!v->set || v->v > INT32_MAX || v->v < INT32_MIN)
		return def;
	return (int32_t)v->v;
}

static void copy_probe(const struct sp_k_probe *p, struct sp_probe_spec *ret)
{
	if (!p)
		return;
	*ret = (struct sp_probe_spec){
		.set = true,
		.initial_delay_s = number(&p->initial_delay_s, 0),
		.period_s = number(&p->period_s, 10),
		.timeout_s = number(&p->timeout_s, 1),
		.success_threshold = number(&p->success_threshold, 1),
		.failure_threshold = number(&p->failure_threshold, 3),
		.grace_s = p->grace_s.set ? p->grace_s.v : -1,
	};
}

static void copy_hook(const struct sp_k_handler *h, struct sp_hook_spec *ret)
{
	if (!h)
		return;
	if (h->exec) {
		ret->kind = SP_HOOK_EXEC;
	} else if (h->http) {
		ret->kind = SP_HOOK_HTTP;
	} else if (h->sleep) {
		ret->kind = SP_HOOK_SLEEP;
		ret->sleep_s = h->sleep->seconds.set ? h->sleep->seconds.v : 0;
	} else if (h->tcp) {
		ret->kind = SP_HOOK_TCP;
	}
}

static int copy_rules(struct sp_arena *a, const struct sp_k_container *c, struct sp_ctr_spec *ret)
{
	uint32_t n = SP_MIN(c->restart_rules.n, (uint32_t)SP_RULES_MAX);
	struct sp_restart_rule *rules = sp_arena_array(a, n, sizeof(*rules));

	if (!rules)
		return -1;
	for (uint32_t i = 0; i < n; i++) {
		const struct sp_k_restart_rule *from = &c->restart_rules.v[i];
		const struct sp_ints *values = from->exit_codes ? &from->exit_codes->values : NULL;
		int32_t *codes = NULL;

		if (from->action && sp_streq(from->action, "RestartAllContainers"))
			rules[i].action = SP_RULE_RESTART_ALL;
		if (!values)
			continue;
		codes = sp_arena_array(a, values->n, sizeof(*codes));
		if (!codes)
			return -1;
		rules[i].not_in = from->exit_codes->op && sp_streq(from->exit_codes->op, "NotIn");
		rules[i].codes = codes;
		rules[i].n_codes = (uint16_t)SP_MIN(values->n, (uint32_t)UINT16_MAX);
		for (uint16_t k = 0; k < rules[i].n_codes; k++)
			codes[k] = (int32_t)values->v[k];
	}
	ret->rules = rules;
	ret->n_rules = (uint8_t)n;
	return 0;
}

static int copy_container(struct sp_arena *a, const struct sp_k_container *c, bool init,
			  struct sp_ctr_spec *ret)
{
	*ret = (struct sp_ctr_spec){
		.name = c->name ? c->name : "",
		.image = c->image ? c->image : "",
		.role = role_of(c, init),
		.restart_policy = policy_of(c->restart_policy),
	};
	copy_probe(c->startup, &ret->probes[SP_PROBE_STARTUP]);
	copy_probe(c->readiness, &ret->probes[SP_PROBE_READINESS]);
	copy_probe(c->liveness, &ret->probes[SP_PROBE_LIVENESS]);
	if (c->lifecycle) {
		copy_hook(c->lifecycle->post_start, &ret->post_start);
		copy_hook(c->lifecycle->pre_stop, &ret->pre_stop);
	}
	return copy_rules(a, c, ret);
}

static bool fits(const struct sp_k_pod_spec *pod)
{
	return pod->init_containers.n <= SP_CONTAINERS_MAX &&
	       pod->containers.n <= SP_CONTAINERS_MAX - pod->init_containers.n;
}

static const struct sp_k_container *container_at(const struct sp_k_pod_spec *pod, uint32_t i)
{
	uint32_t n_init = pod->init_containers.n;

	return i < n_init ? &pod->init_containers.v[i] : &pod->containers.v[i - n_init];
}

int sp_pod_spec_core(struct sp_arena *a, const struct sp_k_meta *meta,
		     const struct sp_k_pod_spec *pod, int kube_minor, struct sp_pod_spec *ret,
		     struct sp_error *err)
{
	uint32_t n_init = pod->init_containers.n, n = n_init + pod->containers.n;
	enum sp_restart_policy policy = policy_of(pod->restart_policy);
	struct sp_ctr_spec *ctrs;
	const char **gates;

	if (!fits(pod))
		return sp_fail(err, SP_E_INVALID, "pod '%s': more than %d containers",
			       meta->name ? meta->name : "", SP_CONTAINERS_MAX);
	if (pod->readiness_gates.n > SP_GATES_MAX)
		return sp_fail(err, SP_E_INVALID, "pod '%s': more than %d readiness gates",
			       meta->name ? meta->name : "", SP_GATES_MAX);
	ctrs = sp_arena_array(a, n, sizeof(*ctrs));
	gates = sp_arena_array(a, pod->readiness_gates.n, sizeof(*gates));
	if (!ctrs || !gates)
		return sp_fail(err, SP_E_NO_MEMORY, "pod '%s'", meta->name ? meta->name : "");
	for (uint32_t i = 0; i < n; i++) {
		if (copy_container(a, container_at(pod, i), i < n_init, &ctrs[i]) < 0)
			return sp_fail(err, SP_E_NO_MEMORY, "container '%s'", ctrs[i].name);
	}
	for (uint32_t i = 0; i < pod->readiness_gates.n; i++) {
		const char *type = pod->readiness_gates.v[i].condition_type;

		gates[i] = type ? type : "";
	}
	*ret = (struct sp_pod_spec){
		.name = meta->name ? meta->name : "",
		.ns = meta->ns ? meta->ns : "",
		.uid = meta->uid ? meta->uid : "",
		.restart_policy = policy == SP_RESTART_UNSET ? SP_RESTART_ALWAYS : policy,
		.grace_s = pod->grace_s.set ? pod->grace_s.v : 30,
		.active_deadline_s = pod->active_deadline_s.set ? pod->active_deadline_s.v : -1,
		.ctrs = ctrs,
		.n_init = (uint16_t)n_init,
		.n_ctrs = (uint16_t)n,
		.gates = gates,
		.n_gates = (uint16_t)pod->readiness_gates.n,
		.kube_minor = kube_minor ? kube_minor : SP_KUBE_MINOR,
	};
	return 0;
}

/* ---- resources ------------------------------------------------------------------------------ */

static const char *const res_names[SP_RES_KINDS] = {
	[SP_RES_CPU] = "cpu",
	[SP_RES_MEMORY] = "memory",
	[SP_RES_STORAGE] = "ephemeral-storage",
};

static int64_t value_of(const struct sp_res_list *l, enum sp_res r, int64_t absent)
{
	const struct sp_quantity *q = sp_res_get(l, res_names[r]);

	if (!q)
		return absent;
	return r == SP_RES_CPU ? sp_quantity_milli(q) : sp_quantity_ceil(q); /* RES-4 */
}

/* One size may have several names: hugepages-1Gi and hugepages-1024Mi. */
static int64_t huge_of(const struct sp_res_list *l, int64_t page_bytes, int64_t absent)
{
	int64_t sum = absent;

	for (uint32_t i = 0; i < l->n; i++) {
		const struct sp_res_item *it = &l->v[i];

		if (!sp_res_is_huge(it->name) ||
		    sp_huge_size(it->name + strlen(SP_HUGE_PREFIX)) != page_bytes)
			continue;
		if (sum == absent)
			sum = 0;
		if (__builtin_add_overflow(sum, sp_quantity_ceil(&it->q), &sum))
			sum = INT64_MAX;
	}
	return sum;
}

/* Note the sizes that @l names; names that are no sizes are for the validation. */
static int note_sizes(const struct sp_res_list *l, struct sp_res_pod *ret)
{
	for (uint32_t i = 0; i < l->n; i++) {
		const char *name = l->v[i].name;
		int64_t bytes =
			sp_res_is_huge(name) ? sp_huge_size(name + strlen(SP_HUGE_PREFIX)) : -1;
		uint16_t k = 0;

		while (k < ret->n_huge && ret->huge[k] != bytes)
			k++;
		if (bytes < 0 || k < ret->n_huge)
			continue;
		if (k == SP_HUGE_SIZES_MAX)
			return -1;
		ret->huge[ret->n_huge++] = bytes;
	}
	return 0;
}

static int note_resources(const struct sp_k_resources *from, struct sp_res_pod *ret)
{
	return from && (note_sizes(&from->limits, ret) < 0 || note_sizes(&from->requests, ret) < 0)
		       ? -1
		       : 0;
}

static void copy_list(const struct sp_res_list *from, const struct sp_res_pod *p, int64_t absent,
		      int64_t ret[SP_RES_ALL])
{
	for (int r = 0; r < SP_RES_KINDS; r++)
		ret[r] = value_of(from, (enum sp_res)r, absent);
	for (uint16_t k = 0; k < SP_HUGE_SIZES_MAX; k++)
		ret[SP_RES_HUGE + k] = k < p->n_huge ? huge_of(from, p->huge[k], absent) : absent;
}

static void copy_resources(const struct sp_k_resources *from, const struct sp_res_pod *p,
			   struct sp_res_values *ret)
{
	static const struct sp_k_resources none;

	copy_list(from ? &from->requests : &none.requests, p, SP_RES_UNSET, ret->req);
	copy_list(from ? &from->limits : &none.limits, p, SP_RES_UNSET, ret->lim);
}

int sp_pod_resources(const struct sp_k_pod_spec *pod, struct sp_res_pod *ret)
{
	uint32_t n_init = pod->init_containers.n, n = n_init + pod->containers.n;

	if (!fits(pod))
		return -1;
	*ret = (struct sp_res_pod){.n_init = (uint16_t)n_init, .n_ctrs = (uint16_t)n};
	for (uint32_t i = 0; i < n; i++)
		if (note_resources(container_at(pod, i)->resources, ret) < 0)
			return -1;
	if (note_resources(pod->resources, ret) < 0)
		return -1;
	for (uint32_t i = 0; i < n; i++) {
		const struct sp_k_container *c = container_at(pod, i);

		ret->roles[i] = role_of(c, i < n_init);
		copy_resources(c->resources, ret, &ret->ctrs[i]);
	}
	copy_resources(pod->resources, ret, &ret->pod);
	copy_list(&pod->overhead, ret, 0, ret->overhead);
	return 0;
}

int64_t sp_medium_huge(const char *medium, const struct sp_res_pod *res, struct sp_error *err)
{
	static const char name[] = "HugePages";
	const char *size = medium ? medium + strlen(name) : NULL;
	int64_t bytes;

	if (!medium || strncmp(medium, name, strlen(name)) != 0 || (*size && *size != '-'))
		return 0;
	if (!*size) {
		if (res->n_huge == 0)
			return sp_fail(err, SP_E_INVALID, "the pod requests no huge pages");
		if (res->n_huge > 1)
			return sp_fail(err, SP_E_INVALID,
				       "the pod requests huge pages of several sizes");
		return res->huge[0];
	}
	bytes = sp_huge_size(size + 1);
	for (uint16_t i = 0; i < res->n_huge; i++)
		if (res->huge[i] == bytes)
			return bytes;
	return sp_fail(err, SP_E_INVALID, "the pod does not request " SP_HUGE_PREFIX "%s",
		       size + 1);
}
