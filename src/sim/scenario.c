/* SPDX-License-Identifier: Apache-2.0 */
/* Reads scenario files: the list of entries, and the pod of a pod scenario. */
#include "sim/scenario.h"

#include "control/zone.h"

static const char *const kind_names[] = {"pod",        "job",  "cronjob", "deployment",
					 "validation", "calc", "probe"};
_Static_assert(SP_ARRAY_LEN(kind_names) == SP_SCN_KINDS, "one name per kind");

const char *sp_scn_kind_name(enum sp_scn_kind kind)
{
	return kind_names[kind];
}

static int out_of_memory(const struct sp_scn_reader *r)
{
	return sp_fail(r->err, SP_E_NO_MEMORY, "%s: read a scenario", r->file);
}

static const char *join_rules(struct sp_arena *a, const struct sp_node *list)
{
	struct sp_buf b = {0};
	const char *copy;

	for (uint32_t i = 0; list && list->kind == SP_NODE_LIST && i < list->n; i++) {
		sp_buf_puts(&b, i ? ", " : "");
		sp_buf_puts(&b, sp_node_str(list->items[i], "?"));
	}
	copy = b.len && !b.failed ? sp_arena_strndup(a, b.ptr, b.len) : "";
	sp_buf_done(&b);
	return copy;
}

/* A fault of one entry is told when its turn comes, the others are checked all the same. */
static int read_entry(struct sp_arena *a, const struct sp_source *src, const struct sp_node *n,
		      struct sp_scenario *ret)
{
	const char *kind = sp_node_str(sp_node_get(n, "kind"), "pod");
	struct sp_error err = {0};
	const struct sp_scn_reader r = {.arena = a, .file = src->name, .err = &err};
	int fault = 0;

	*ret = (struct sp_scenario){.node = n, .file = src->name, .kind = SP_SCN_KINDS};
	ret->id = sp_node_str(sp_node_get(n, "id"), "?");
	ret->title = sp_node_str(sp_node_get(n, "title"), "");
	ret->rules = join_rules(a, sp_node_get(n, "rules"));
	for (int k = 0; k < SP_SCN_KINDS; k++)
		if (sp_streq(kind_names[k], kind))
			ret->kind = (enum sp_scn_kind)k;
	if (ret->kind == SP_SCN_KINDS)
		fault = sp_scn_fail(&r, n, "unknown scenario kind '%s'", kind);
	if (!sp_node_str(sp_node_get(n, "id"), NULL))
		fault = sp_scn_fail(&r, n, "a scenario needs an 'id'");
	if (fault < 0)
		ret->fault = sp_arena_strdup(a, err.text);
	return fault < 0 && !ret->fault ? -1 : 0;
}

int sp_scenarios_read(struct sp_arena *a, const struct sp_source *src, struct sp_diags *diags,
		      struct sp_scenario **ret, uint32_t *ret_n)
{
	struct sp_node **docs;
	uint32_t n_docs, n = 0, cap = 0;
	struct sp_scenario *v;

	if (sp_yaml_parse(a, src, diags, &docs, &n_docs) < 0)
		return -1;
	if (n_docs == 0) {
		sp_diag_add(diags, SP_SEV_ERROR, src->name, (struct sp_mark){.line = 1},
			    "a scenario file holds a list called 'scenarios'");
		return -1;
	}
	for (uint32_t d = 0; d < n_docs; d++) {
		static const char *const keys[] = {"version", "scenarios"};
		const struct sp_node *list = sp_node_get(docs[d], "scenarios");

		for (uint32_t i = 0; docs[d]->kind == SP_NODE_MAP && i < docs[d]->n; i++)
			if (!sp_streq(docs[d]->pairs[i].key, keys[0]) &&
			    !sp_streq(docs[d]->pairs[i].key, keys[1]))
				sp_diag_add(diags, SP_SEV_ERROR, src->name, docs[d]->pairs[i].at,
					    "unknown key '%s' beside 'scenarios'",
					    docs[d]->pairs[i].key);
		if (!list || list->kind != SP_NODE_LIST) {
			sp_diag_add(diags, SP_SEV_ERROR, src->name, docs[d]->at,
				    "a scenario file holds a list called 'scenarios'");
			return -1;
		}
		cap += list->n;
	}
	v = sp_arena_array(a, (size_t)cap + 1, sizeof(*v));
	if (!v)
		return -1;
	for (uint32_t d = 0; d < n_docs; d++) {
		const struct sp_node *list = sp_node_get(docs[d], "scenarios");

		for (uint32_t i = 0; i < list->n; i++)
			if (read_entry(a, src, list->items[i], &v[n++]) < 0)
				return -1;
	}
	*ret = v;
	*ret_n = n;
	return diags->n_errors ? -1 : 0;
}

/* ---- the pod -------------------------------------------------------------------------------- */

static int read_restart_policy(const struct sp_scn_reader *r, const struct sp_node *n,
			       enum sp_restart_policy *ret)
{
	const char *s;

	if (!n)
		return 0;
	s = sp_node_str(n, "");
	if (sp_streq(s, "Always"))
		*ret = SP_RESTART_ALWAYS;
	else if (sp_streq(s, "OnFailure"))
		*ret = SP_RESTART_ON_FAILURE;
	else if (sp_streq(s, "Never"))
		*ret = SP_RESTART_NEVER;
	else
		return sp_scn_fail(r, n, "restartPolicy: Always, OnFailure or Never is needed");
	return 0;
}

static int read_int(const struct sp_scn_reader *r, const struct sp_node *map, const char *key,
		    int64_t min, int64_t *ret)
{
	const struct sp_node *n = sp_node_get(map, key);

	if (!n || n->kind == SP_NODE_NULL)
		return 0;
	if (n->kind != SP_NODE_INT || n->i < min || n->i > INT32_MAX)
		return sp_scn_fail(r, n, "%s: a whole number is needed", key);
	*ret = n->i;
	return 0;
}

/* The numbers of a probe, with the defaults of DEF-10 for what is absent or 0. */
static int read_probe_numbers(const struct sp_scn_reader *r, const struct sp_node *n,
			      struct sp_probe_spec *ret)
{
	int64_t delay = 0, period = 0, timeout = 0, success = 0, failure = 0, grace = -1;

	if (!n)
		return 0;
	if (n->kind != SP_NODE_MAP)
		return sp_scn_fail(r, n, "a probe is a map");
	if (read_int(r, n, "initialDelaySeconds", 0, &delay) < 0 ||
	    read_int(r, n, "periodSeconds", 0, &period) < 0 ||
	    read_int(r, n, "timeoutSeconds", 0, &timeout) < 0 ||
	    read_int(r, n, "successThreshold", 0, &success) < 0 ||
	    read_int(r, n, "failureThreshold", 0, &failure) < 0 ||
	    read_int(r, n, "terminationGracePeriodSeconds", 1, &grace) < 0)
		return -1;
	*ret = (struct sp_probe_spec){
		.set = true,
		.initial_delay_s = (int32_t)delay,
		.period_s = period ? (int32_t)period : 10,
		.timeout_s = timeout ? (int32_t)timeout : 1,
		.success_threshold = success ? (int32_t)success : 1,
		.failure_threshold = failure ? (int32_t)failure : 3,
		.grace_s = grace,
	};
	return 0;
}

static int read_hook_kind(const struct sp_scn_reader *r, const struct sp_node *n,
			  struct sp_hook_spec *ret)
{
	const struct sp_node *takes;
	const char *type;
	sp_time span = 0;

	if (!n)
		return 0;
	type = sp_node_str(sp_node_get(n, "type"), "exec");
	if (sp_streq(type, "exec"))
		ret->kind = SP_HOOK_EXEC;
	else if (sp_streq(type, "http"))
		ret->kind = SP_HOOK_HTTP;
	else if (sp_streq(type, "tcp"))
		ret->kind = SP_HOOK_TCP;
	else if (sp_streq(type, "sleep"))
		ret->kind = SP_HOOK_SLEEP;
	else
		return sp_scn_fail(r, n, "a hook's type is exec, http, tcp or sleep");
	if (ret->kind != SP_HOOK_SLEEP)
		return 0;
	takes = sp_node_get(n, "takes");
	if (takes && sp_scn_seconds(r, takes, &span) < 0)
		return -1;
	if (span < 0 || span % SP_SEC)
		return sp_scn_fail(r, takes, "a sleep hook takes whole seconds");
	ret->sleep_s = span / SP_SEC;
	return 0;
}

static int read_rule(const struct sp_scn_reader *r, const struct sp_node *n,
		     struct sp_restart_rule *ret)
{
	const char *action = sp_node_str(sp_node_get(n, "action"), "");
	const struct sp_node *codes = sp_node_get(n, "exitCodes");
	const struct sp_node *values = sp_node_get(codes, "values");
	const char *op = sp_node_str(sp_node_get(codes, "operator"), "");
	static const char *const keys[] = {"action", "exitCodes", NULL};
	static const char *const code_keys[] = {"operator", "values", NULL};
	int32_t *v;

	if (sp_scn_keys(r, n, "restartPolicyRules", keys, NULL) < 0 ||
	    (codes && sp_scn_keys(r, codes, "exitCodes", code_keys, NULL) < 0))
		return -1;

	if (sp_streq(action, "RestartAllContainers"))
		ret->action = SP_RULE_RESTART_ALL;
	else if (!sp_streq(action, "Restart"))
		return sp_scn_fail(r, n, "a rule's action is Restart or RestartAllContainers");
	ret->not_in = sp_streq(op, "NotIn");
	if (!ret->not_in && !sp_streq(op, "In"))
		return sp_scn_fail(r, n, "exitCodes.operator is In or NotIn");
	if (!values || values->kind != SP_NODE_LIST || values->n > 255)
		return sp_scn_fail(r, n, "exitCodes.values: a list of numbers is needed");
	v = sp_arena_array(r->arena, (size_t)values->n + 1, sizeof(*v));
	if (!v)
		return out_of_memory(r);
	for (uint32_t i = 0; i < values->n; i++) {
		if (values->items[i]->kind != SP_NODE_INT)
			return sp_scn_fail(r, values, "exitCodes.values: numbers are needed");
		v[i] = (int32_t)values->items[i]->i;
	}
	ret->codes = v;
	ret->n_codes = (uint16_t)values->n;
	return 0;
}

static int read_rules(const struct sp_scn_reader *r, const struct sp_node *list,
		      struct sp_ctr_spec *c)
{
	struct sp_restart_rule *rules;

	if (!list)
		return 0;
	if (list->kind != SP_NODE_LIST || list->n > SP_RULES_MAX)
		return sp_scn_fail(r, list, "restartPolicyRules: a list of at most %d rules",
				   SP_RULES_MAX);
	rules = sp_arena_array(r->arena, (size_t)list->n + 1, sizeof(*rules));
	if (!rules)
		return out_of_memory(r);
	for (uint32_t i = 0; i < list->n; i++)
		if (read_rule(r, list->items[i], &rules[i]) < 0)
			return -1;
	c->rules = rules;
	c->n_rules = (uint8_t)list->n;
	return 0;
}

static int read_ctr(const struct sp_scn_reader *r, const struct sp_node *n, bool init,
		    struct sp_ctr_spec *c, struct sp_sim_ctr *behaviour)
{
	static const char *const probe_keys[] = {"startupProbe", "readinessProbe", "livenessProbe"};

	_Static_assert(SP_ARRAY_LEN(probe_keys) == SP_PROBES, "one key per probe kind");
	*behaviour = sp_scn_quiet();
	if (sp_scn_behaviour(r, n, behaviour) < 0)
		return -1;
	c->name = sp_node_str(sp_node_get(n, "name"), NULL);
	if (!c->name || !*c->name)
		return sp_scn_fail(r, n, "a container needs a name");
	c->image = sp_arena_printf(r->arena, "registry.example/%s:1", c->name);
	if (!c->image)
		return out_of_memory(r);
	if (read_restart_policy(r, sp_node_get(n, "restartPolicy"), &c->restart_policy) < 0)
		return -1;
	c->role = !init                                    ? SP_ROLE_APP
		  : c->restart_policy == SP_RESTART_ALWAYS ? SP_ROLE_SIDECAR
							   : SP_ROLE_INIT;
	for (int k = 0; k < SP_PROBES; k++)
		if (read_probe_numbers(r, sp_node_get(n, probe_keys[k]), &c->probes[k]) < 0)
			return -1;
	if (read_hook_kind(r, sp_node_get(n, "postStart"), &c->post_start) < 0 ||
	    read_hook_kind(r, sp_node_get(n, "preStop"), &c->pre_stop) < 0)
		return -1;
	return read_rules(r, sp_node_get(n, "restartPolicyRules"), c);
}

static int read_ctrs(const struct sp_scn_reader *r, const struct sp_node *pod,
		     struct sp_scn_pod *ret)
{
	const struct sp_node *lists[] = {sp_node_get(pod, "initContainers"),
					 sp_node_get(pod, "containers")};
	struct sp_ctr_spec *ctrs;
	struct sp_sim_ctr *behaviours;
	uint32_t n = 0, total;

	for (int l = 0; l < 2; l++)
		if (lists[l] && lists[l]->kind != SP_NODE_LIST)
			return sp_scn_fail(r, lists[l], "a list of containers is needed");
	total = (lists[0] ? lists[0]->n : 0) + (lists[1] ? lists[1]->n : 0);
	if (!lists[1] || lists[1]->n == 0)
		return sp_scn_fail(r, pod, "a pod needs at least one regular container");
	if (total > SP_CONTAINERS_MAX)
		return sp_scn_fail(r, pod, "a pod has at most %d containers", SP_CONTAINERS_MAX);
	ctrs = sp_arena_array(r->arena, total, sizeof(*ctrs));
	behaviours = sp_arena_array(r->arena, total, sizeof(*behaviours));
	if (!ctrs || !behaviours)
		return out_of_memory(r);
	for (int l = 0; l < 2; l++)
		for (uint32_t i = 0; lists[l] && i < lists[l]->n; i++, n++) {
			if (read_ctr(r, lists[l]->items[i], l == 0, &ctrs[n], &behaviours[n]) < 0)
				return -1;
			for (uint32_t k = 0; k < n; k++)
				if (sp_streq(ctrs[k].name, ctrs[n].name))
					return sp_scn_fail(r, lists[l]->items[i],
							   "two containers are called '%s'",
							   ctrs[n].name);
		}
	ret->spec.ctrs = ctrs;
	ret->spec.n_ctrs = (uint16_t)total;
	ret->spec.n_init = (uint16_t)(lists[0] ? lists[0]->n : 0);
	ret->plan.ctrs = behaviours;
	return 0;
}

static int read_gates(const struct sp_scn_reader *r, const struct sp_node *list,
		      struct sp_pod_spec *spec)
{
	const char **gates;

	if (!list)
		return 0;
	if (list->kind != SP_NODE_LIST || list->n > SP_GATES_MAX)
		return sp_scn_fail(r, list, "readinessGates: a list of at most %d condition types",
				   SP_GATES_MAX);
	gates = sp_arena_array(r->arena, (size_t)list->n + 1, sizeof(*gates));
	if (!gates)
		return out_of_memory(r);
	for (uint32_t i = 0; i < list->n; i++)
		gates[i] = sp_node_str(list->items[i], "");
	spec->gates = gates;
	spec->n_gates = (uint16_t)list->n;
	return 0;
}

static int read_sandbox(const struct sp_scn_reader *r, const struct sp_node *n,
			struct sp_sim_plan *plan)
{
	static const char *const keys[] = {"takes", "error_until", "step", "message", NULL};
	static const char *const steps[] = {"sandbox", "mount", "cgroup"};
	const struct sp_node *v;

	if (!n)
		return 0;
	if (sp_scn_keys(r, n, "sandbox", keys, NULL) < 0)
		return -1;
	v = sp_node_get(n, "takes");
	if (v && sp_scn_seconds(r, v, &plan->sandbox_takes) < 0)
		return -1;
	v = sp_node_get(n, "error_until");
	if (v && sp_scn_seconds(r, v, &plan->sandbox_error_until) < 0)
		return -1;
	plan->sandbox_error = sp_node_str(sp_node_get(n, "message"), "it cannot be set up");
	v = sp_node_get(n, "step");
	for (size_t i = 0; i < SP_ARRAY_LEN(steps); i++)
		if (sp_streq(steps[i], sp_node_str(v, "sandbox"))) {
			plan->sandbox_error_step = (enum sp_sandbox_step)i;
			return 0;
		}
	return sp_scn_fail(r, v, "sandbox.step: sandbox, mount or cgroup");
}

static int read_engine(const struct sp_scn_reader *r, const struct sp_node *n,
		       struct sp_pod_spec *spec)
{
	static const char *const keys[] = {"kubeMinor", "maxContainerRestartPeriod", "reducedDecay",
					   "restartSidecarsDuringTermination", NULL};
	const struct sp_node *v;
	int64_t minor = spec->kube_minor;

	if (!n)
		return 0;
	if (sp_scn_keys(r, n, "engine", keys, NULL) < 0 ||
	    read_int(r, n, "kubeMinor", 28, &minor) < 0)
		return -1;
	spec->kube_minor = (int32_t)minor;
	v = sp_node_get(n, "reducedDecay");
	if (v && v->b) {
		spec->backoff_initial = SP_SEC;
		spec->backoff_max = 60 * SP_SEC;
	}
	v = sp_node_get(n, "maxContainerRestartPeriod");
	if (v && sp_scn_seconds(r, v, &spec->backoff_max) < 0)
		return -1;
	if (v && (spec->backoff_max < SP_SEC || spec->backoff_max > 300 * SP_SEC))
		return sp_scn_fail(r, v, "maxContainerRestartPeriod: 1 to 300 seconds");
	if (v && spec->backoff_max < 10 * SP_SEC && spec->backoff_initial == 0)
		spec->backoff_initial = spec->backoff_max;
	v = sp_node_get(n, "restartSidecarsDuringTermination");
	spec->restart_sidecars_on_termination = v && v->b;
	return 0;
}

int sp_scn_zone(const struct sp_scn_reader *r, const struct sp_node *n, const struct sp_node *table,
		const struct sp_zone **ret)
{
	const struct sp_node *name = sp_node_get(n, "timeZone"), *rule = sp_node_get(n, "zoneRule");
	const char *text;
	struct sp_zone *zone;

	if (!name && !rule) {
		name = sp_node_get(table, "timeZone");
		rule = sp_node_get(table, "zoneRule");
	}
	text = sp_node_str(name, "Etc/UTC");
	if (rule || sp_streq(text, "Etc/UTC") || sp_streq(text, "UTC")) {
		zone = sp_arena_alloc(r->arena, sizeof(*zone));
		*ret = zone;
		return zone ? sp_zone_from_rule(sp_node_str(rule, "UTC0"), zone, r->err)
			    : sp_fail(r->err, SP_E_NO_MEMORY, "time zone");
	}
	*ret = r->outside && r->outside->zone ? r->outside->zone(r->outside->zone_arg, text) : NULL;
	return *ret ? 0 : sp_scn_fail(r, name, "time zone '%s' is not known here", text);
}

int sp_scenario_pod(struct sp_arena *a, const struct sp_scenario *s, int kube_minor,
		    struct sp_scn_pod *ret, struct sp_error *err)
{
	static const char *const keys[] = {
		"id",   "title", "source",  "upstream_test", "rules",     "kind", "optional",
		"note", "pod",   "stimuli", "expect",        "tolerance", NULL};
	static const char *const pod_keys[] = {"restartPolicy",
					       "terminationGracePeriodSeconds",
					       "activeDeadlineSeconds",
					       "initContainers",
					       "containers",
					       "readinessGates",
					       "sandbox",
					       "engine",
					       NULL};
	struct sp_scn_reader r = {.arena = a, .file = s->file, .err = err};
	const struct sp_node *pod = sp_node_get(s->node, "pod");

	*ret = (struct sp_scn_pod){0};
	if (s->fault)
		return sp_fail(err, SP_E_INVALID, "%s", s->fault);
	ret->spec = (struct sp_pod_spec){
		.name = "p",
		.ns = "default",
		.uid = "00000000-0000-4000-8000-000000000001",
		.restart_policy = SP_RESTART_ALWAYS,
		.grace_s = 30,
		.active_deadline_s = -1,
		.kube_minor = kube_minor,
	};
	if (sp_scn_keys(&r, s->node, "scenario", keys, NULL) < 0)
		return -1;
	if (!pod)
		return sp_scn_fail(&r, s->node, "a pod scenario needs a 'pod'");
	if (sp_scn_keys(&r, pod, "pod", pod_keys, NULL) < 0 ||
	    read_restart_policy(&r, sp_node_get(pod, "restartPolicy"), &ret->spec.restart_policy) <
		    0 ||
	    read_int(&r, pod, "terminationGracePeriodSeconds", INT32_MIN, &ret->spec.grace_s) < 0 ||
	    read_int(&r, pod, "activeDeadlineSeconds", 1, &ret->spec.active_deadline_s) < 0 ||
	    read_ctrs(&r, pod, ret) < 0 ||
	    read_gates(&r, sp_node_get(pod, "readinessGates"), &ret->spec) < 0 ||
	    read_sandbox(&r, sp_node_get(pod, "sandbox"), &ret->plan) < 0 ||
	    read_engine(&r, sp_node_get(pod, "engine"), &ret->spec) < 0 ||
	    sp_scn_stimuli(&r, sp_node_get(s->node, "stimuli"), &ret->spec, &ret->plan) < 0)
		return -1;
	ret->expect = sp_node_get(s->node, "expect");
	return 0;
}
