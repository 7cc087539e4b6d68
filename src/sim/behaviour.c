/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads the behaviour part of scenarios: how containers run, react, answer probes and what happens
 * to the pod from outside. What the pod itself is stands in scenario.c.
 */
#include "sim/scenario.h"

#include <stdarg.h>

void sp_scn_tell(const struct sp_scn_reader *r, const struct sp_node *at, const char *fmt, ...)
{
	char mem[384];
	struct sp_buf b = sp_buf_fixed(mem, sizeof(mem));
	va_list ap;

	va_start(ap, fmt);
	sp_buf_vprintf(&b, fmt, ap);
	va_end(ap);
	if (at && at->at.line)
		(void)sp_fail(r->err, SP_E_INVALID, "%s:%u: %s", r->file, at->at.line, mem);
	else /* made by us, from what stands nowhere */
		(void)sp_fail(r->err, SP_E_INVALID, "%s: %s", r->file, mem);
}

static int out_of_memory(const struct sp_scn_reader *r)
{
	return sp_fail(r->err, SP_E_NO_MEMORY, "%s: read a scenario", r->file);
}

int sp_scn_keys(const struct sp_scn_reader *r, const struct sp_node *n, const char *what,
		const char *const *a, const char *const *b)
{
	if (n->kind != SP_NODE_MAP)
		return sp_scn_fail(r, n, "%s: a map is needed, this is a %s", what,
				   sp_node_kind_name(n->kind));
	for (uint32_t i = 0; i < n->n; i++) {
		bool known = false;

		for (const char *const *k = a; k && *k && !known; k++)
			known = sp_streq(*k, n->pairs[i].key);
		for (const char *const *k = b; k && *k && !known; k++)
			known = sp_streq(*k, n->pairs[i].key);
		if (!known)
			return sp_scn_fail(r, n->pairs[i].value, "%s: unknown key '%s'", what,
					   n->pairs[i].key);
	}
	return 0;
}

int sp_scn_seconds(const struct sp_scn_reader *r, const struct sp_node *n, sp_time *ret)
{
	if (!n || (n->kind != SP_NODE_INT && n->kind != SP_NODE_FLOAT) || !(n->f > -1e9) ||
	    !(n->f < 1e9))
		return sp_scn_fail(r, n, "a number of seconds is needed%s%s%s", n ? " ('" : "",
				   n && n->text ? n->text : "", n ? "')" : "");
	*ret = (sp_time)(n->f * 1e9 + (n->f < 0 ? -0.5 : 0.5));
	return 0;
}

int sp_scn_int(const struct sp_scn_reader *r, const struct sp_node *n, const char *what,
	       int64_t *ret)
{
	if (!n || n->kind != SP_NODE_INT)
		return sp_scn_fail(r, n, "%s: a whole number is needed", what);
	*ret = n->i;
	return 0;
}

int sp_scn_bool(const struct sp_scn_reader *r, const struct sp_node *n, const char *what, bool *ret)
{
	if (!n || n->kind != SP_NODE_BOOL)
		return sp_scn_fail(r, n, "%s: true or false is needed", what);
	*ret = n->b;
	return 0;
}

int sp_scn_event_type(const struct sp_scn_reader *r, const struct sp_node *n)
{
	const char *s = sp_node_str(n, "");

	if (n && !sp_streq(s, "Normal") && !sp_streq(s, "Warning"))
		return sp_scn_fail(r, n, "type: Normal or Warning is needed");
	return 0;
}

/* Seconds, or `word` for SP_NEVER; absent: *ret stays. */
static int read_span(const struct sp_scn_reader *r, const struct sp_node *n, const char *word,
		     sp_time *ret)
{
	sp_time t;

	if (!n)
		return 0;
	if (*word && sp_streq(sp_node_str(n, ""), word)) {
		*ret = SP_NEVER;
		return 0;
	}
	if (sp_scn_seconds(r, n, &t) < 0)
		return -1;
	if (t < 0)
		return sp_scn_fail(r, n, "a time span cannot be negative");
	*ret = t;
	return 0;
}

static int read_code(const struct sp_scn_reader *r, const struct sp_node *n, int32_t *ret)
{
	if (!n)
		return 0;
	if (n->kind != SP_NODE_INT || n->i < 0 || n->i > 255)
		return sp_scn_fail(r, n, "an exit code is a number from 0 to 255");
	*ret = (int32_t)n->i;
	return 0;
}

static int read_bool(const struct sp_scn_reader *r, const struct sp_node *n, bool *ret)
{
	if (!n)
		return 0;
	if (n->kind != SP_NODE_BOOL)
		return sp_scn_fail(r, n, "true or false is needed");
	*ret = n->b;
	return 0;
}

static int read_run(const struct sp_scn_reader *r, const struct sp_node *n, struct sp_sim_run *ret)
{
	static const char *const keys[] = {"exit_after", "code", "oom", "launch_error", NULL};
	const struct sp_node *launch;

	*ret = (struct sp_sim_run){.exit_after = SP_NEVER};
	if (sp_scn_keys(r, n, "run", keys, NULL) < 0)
		return -1;
	if (read_bool(r, sp_node_get(n, "oom"), &ret->oom) < 0)
		return -1;
	if (ret->oom)
		ret->code = 137;
	launch = sp_node_get(n, "launch_error");
	if (launch && launch->kind == SP_NODE_STR)
		ret->launch_error = launch->text;
	else if (launch && launch->kind == SP_NODE_BOOL && launch->b)
		ret->launch_error = "exec: no such file or directory";
	return read_span(r, sp_node_get(n, "exit_after"), "never", &ret->exit_after) < 0 ||
			       read_code(r, sp_node_get(n, "code"), &ret->code) < 0
		       ? -1
		       : 0;
}

static int read_runs(const struct sp_scn_reader *r, const struct sp_node *n, struct sp_sim_ctr *c)
{
	bool one = n && n->kind == SP_NODE_MAP; /* all instances behave alike */
	struct sp_sim_run *runs;
	uint32_t count;

	if (!n)
		return 0;
	if (!one && (n->kind != SP_NODE_LIST || n->n == 0))
		return sp_scn_fail(r, n, "run: a list with one item per instance is needed");
	count = one ? 1 : n->n;
	runs = sp_arena_array(r->arena, count, sizeof(*runs));
	if (!runs)
		return out_of_memory(r);
	for (uint32_t i = 0; i < count; i++)
		if (read_run(r, one ? n : n->items[i], &runs[i]) < 0)
			return -1;
	c->runs = runs;
	c->n_runs = count;
	return 0;
}

static int read_sigterm(const struct sp_scn_reader *r, const struct sp_node *n,
			struct sp_sim_ctr *c)
{
	static const char *const keys[] = {"exits_after", "code", NULL};

	if (!n)
		return 0;
	if (sp_streq(sp_node_str(n, ""), "ignore")) {
		c->sigterm_takes = SP_NEVER;
		return 0;
	}
	c->sigterm_takes = 0;
	c->sigterm_code = 143;
	if (sp_scn_keys(r, n, "sigterm", keys, NULL) < 0 ||
	    read_span(r, sp_node_get(n, "exits_after"), "never", &c->sigterm_takes) < 0)
		return -1;
	return read_code(r, sp_node_get(n, "code"), &c->sigterm_code);
}

static int read_policy(const struct sp_scn_reader *r, const struct sp_node *n,
		       enum sp_sim_pull *ret)
{
	static const char *const names[] = {"IfNotPresent", "Always", "Never"};

	for (size_t i = 0; i < SP_ARRAY_LEN(names); i++)
		if (sp_streq(sp_node_str(n, ""), names[i])) {
			*ret = (enum sp_sim_pull)i;
			return 0;
		}
	return sp_scn_fail(r, n, "a pull policy is Always, IfNotPresent or Never");
}

static int read_image(const struct sp_scn_reader *r, const struct sp_node *n,
		      struct sp_sim_image *im)
{
	static const char *const keys[] = {"pull_takes", "policy", "present", "fails", NULL};
	static const char *const fails[] = {"pull",    "never-pull",  "invalid-name",
					    "inspect", "unavailable", "signature"};
	const struct sp_node *v;

	if (!n)
		return 0;
	if (sp_streq(sp_node_str(n, ""), "ok")) {
		*im = (struct sp_sim_image){.present = true};
		return 0;
	}
	if (sp_streq(sp_node_str(n, ""), "bad")) {
		*im = (struct sp_sim_image){.broken = true};
		return 0;
	}
	if (n->kind != SP_NODE_MAP)
		return sp_scn_fail(r, n, "image: ok, bad or a map with pull_takes is needed");
	im->present = false;
	im->broken = false;
	if (sp_scn_keys(r, n, "image", keys, NULL) < 0 ||
	    read_span(r, sp_node_get(n, "pull_takes"), "forever", &im->pull_takes) < 0 ||
	    read_bool(r, sp_node_get(n, "present"), &im->present) < 0)
		return -1;
	v = sp_node_get(n, "policy");
	if (v && read_policy(r, v, &im->policy) < 0)
		return -1;
	v = sp_node_get(n, "fails");
	if (!v)
		return 0;
	for (size_t i = 0; i < SP_ARRAY_LEN(fails); i++)
		if (sp_streq(sp_node_str(v, ""), fails[i])) {
			im->broken = true;
			im->fail = (enum sp_image_fail)i;
			return 0;
		}
	return sp_scn_fail(r, v,
			   "image.fails: pull, never-pull, invalid-name, inspect, "
			   "unavailable or signature");
}

/* One answer: always | never | error | warning | {after} | {until} | {windows}. */
static int read_answers(const struct sp_scn_reader *r, const struct sp_node *n,
			struct sp_sim_answers *ret)
{
	static const char *const keys[] = {"after", "until", "windows", NULL};
	const char *word = sp_node_str(n, "");
	const struct sp_node *list;
	struct sp_sim_window *w;
	uint32_t count;

	*ret = (struct sp_sim_answers){0};
	if (sp_streq(word, "never"))
		return 0;
	if (sp_streq(word, "error")) {
		ret->error = true;
		return 0;
	}
	list = n->kind == SP_NODE_MAP ? sp_node_get(n, "windows") : NULL;
	count = list && list->kind == SP_NODE_LIST ? list->n : 1;
	w = sp_arena_array(r->arena, SP_MAX(count, 1u), sizeof(*w));
	if (!w)
		return out_of_memory(r);
	*w = (struct sp_sim_window){0, SP_NEVER};
	ret->v = w;
	ret->n = count;
	ret->warning = sp_streq(word, "warning");
	if (ret->warning || sp_streq(word, "always"))
		return 0;
	if (n->kind != SP_NODE_MAP)
		return sp_scn_fail(r, n,
				   "a probe result is always, never, error, warning, "
				   "{after: s}, {until: s} or {windows: [[a, b], ...]}");
	if (sp_scn_keys(r, n, "result", keys, NULL) < 0)
		return -1;
	if (!list)
		return read_span(r, sp_node_get(n, "after"), "never", &w->from) < 0 ||
				       read_span(r, sp_node_get(n, "until"), "never", &w->to) < 0
			       ? -1
			       : 0;
	if (list->kind != SP_NODE_LIST)
		return sp_scn_fail(r, list, "windows: a list of [from, to] is needed");
	for (uint32_t i = 0; i < count; i++) {
		const struct sp_node *pair = list->items[i];

		if (pair->kind != SP_NODE_LIST || pair->n != 2)
			return sp_scn_fail(r, pair, "a window is [from, to]");
		if (read_span(r, pair->items[0], "", &w[i].from) < 0 ||
		    read_span(r, pair->items[1], "never", &w[i].to) < 0)
			return -1;
	}
	return 0;
}

static int read_probe(const struct sp_scn_reader *r, const struct sp_node *n,
		      struct sp_sim_probe *ret)
{
	static const char *const keys[] = {"result", "takes", NULL};
	static const char *const numbers[] = {"initialDelaySeconds",
					      "periodSeconds",
					      "timeoutSeconds",
					      "successThreshold",
					      "failureThreshold",
					      "terminationGracePeriodSeconds",
					      NULL};
	const struct sp_node *result;
	struct sp_sim_answers *v;
	uint32_t count;

	if (!n)
		return 0;
	if (sp_scn_keys(r, n, "probe", keys, r->manifest ? NULL : numbers) < 0 ||
	    read_span(r, sp_node_get(n, "takes"), "forever", &ret->takes) < 0)
		return -1;
	result = sp_node_get(n, "result");
	if (!result)
		return 0;
	if (result->kind == SP_NODE_LIST && result->n == 0)
		return sp_scn_fail(r, result, "result: the list is empty");
	count = result->kind == SP_NODE_LIST ? result->n : 1;
	v = sp_arena_array(r->arena, count, sizeof(*v));
	if (!v)
		return out_of_memory(r);
	for (uint32_t i = 0; i < count; i++)
		if (read_answers(r, result->kind == SP_NODE_LIST ? result->items[i] : result,
				 &v[i]) < 0)
			return -1;
	ret->v = v;
	ret->n = count;
	return 0;
}

static int read_hook(const struct sp_scn_reader *r, const struct sp_node *n,
		     struct sp_sim_hook *ret)
{
	static const char *const keys[] = {"takes", "result", NULL};
	static const char *const type[] = {"type", NULL};
	const char *result;

	if (!n)
		return 0;
	if (sp_scn_keys(r, n, "hook", keys, r->manifest ? NULL : type) < 0 ||
	    read_span(r, sp_node_get(n, "takes"), "forever", &ret->takes) < 0)
		return -1;
	result = sp_node_str(sp_node_get(n, "result"), "ok");
	if (!sp_streq(result, "ok") && !sp_streq(result, "fail"))
		return sp_scn_fail(r, n, "a hook's result is ok or fail");
	ret->fails = sp_streq(result, "fail");
	return 0;
}

static int read_config_error(const struct sp_scn_reader *r, const struct sp_node *n,
			     struct sp_sim_ctr *c)
{
	static const char *const keys[] = {"until", "message", NULL};

	if (!n)
		return 0;
	if (sp_scn_keys(r, n, "config_error", keys, NULL) < 0)
		return -1;
	c->config_error_until = SP_NEVER;
	c->config_error = sp_node_str(sp_node_get(n, "message"), "configmap \"missing\" not found");
	return read_span(r, sp_node_get(n, "until"), "never", &c->config_error_until);
}

struct sp_sim_ctr sp_scn_quiet(void)
{
	return (struct sp_sim_ctr){.sigterm_code = 143, .image.present = true};
}

int sp_scn_behaviour(const struct sp_scn_reader *r, const struct sp_node *n, struct sp_sim_ctr *c)
{
	static const char *const keys[] = {"run",
					   "sigterm",
					   "image",
					   "start_takes",
					   "config_error",
					   "startupProbe",
					   "readinessProbe",
					   "livenessProbe",
					   "postStart",
					   "preStop",
					   NULL};
	static const char *const pod_keys[] = {"name", "restartPolicy", "restartPolicyRules", NULL};

	if (sp_scn_keys(r, n, "container", keys, r->manifest ? NULL : pod_keys) < 0 ||
	    read_runs(r, sp_node_get(n, "run"), c) < 0 ||
	    read_sigterm(r, sp_node_get(n, "sigterm"), c) < 0 ||
	    read_image(r, sp_node_get(n, "image"), &c->image) < 0 ||
	    read_span(r, sp_node_get(n, "start_takes"), "forever", &c->start_takes) < 0 ||
	    read_config_error(r, sp_node_get(n, "config_error"), c) < 0 ||
	    read_probe(r, sp_node_get(n, "startupProbe"), &c->probes[SP_PROBE_STARTUP]) < 0 ||
	    read_probe(r, sp_node_get(n, "readinessProbe"), &c->probes[SP_PROBE_READINESS]) < 0 ||
	    read_probe(r, sp_node_get(n, "livenessProbe"), &c->probes[SP_PROBE_LIVENESS]) < 0 ||
	    read_hook(r, sp_node_get(n, "postStart"), &c->hooks[SP_HOOK_POST_START]) < 0)
		return -1;
	return read_hook(r, sp_node_get(n, "preStop"), &c->hooks[SP_HOOK_PRE_STOP]);
}

/* ---- stimuli -------------------------------------------------------------------------------- */

uint16_t sp_scn_ctr(const struct sp_pod_spec *spec, const char *name)
{
	for (uint16_t i = 0; i < spec->n_ctrs; i++)
		if (sp_streq(spec->ctrs[i].name, name))
			return i;
	return SP_NO_CTR;
}

static int read_target(const struct sp_scn_reader *r, const struct sp_node *n,
		       const struct sp_pod_spec *spec, uint16_t *ret)
{
	*ret = sp_scn_ctr(spec, sp_node_str(n, ""));
	if (*ret == SP_NO_CTR)
		return sp_scn_fail(r, n, "no container '%s' in this pod", sp_node_str(n, ""));
	return 0;
}

static int read_delete(const struct sp_scn_reader *r, const struct sp_node *v,
		       const struct sp_pod_spec *spec, struct sp_sim_stimulus *st)
{
	static const char *const keys[] = {"grace", NULL};
	const struct sp_node *grace;

	st->kind = SP_SIM_DELETE;
	st->grace_s = -1;
	if (v->kind == SP_NODE_NULL || (v->kind == SP_NODE_BOOL && v->b))
		return 0;
	if (sp_scn_keys(r, v, "delete", keys, NULL) < 0)
		return -1;
	grace = sp_node_get(v, "grace");
	if (!grace || grace->kind == SP_NODE_NULL)
		return 0;
	if (grace->kind != SP_NODE_INT)
		return sp_scn_fail(r, grace, "grace: a whole number of seconds is needed");
	st->grace_s = SP_MAX(grace->i, (int64_t)0); /* both count as 1 (11.1) */
	return 0;
}

static int read_set_image(const struct sp_scn_reader *r, const struct sp_node *v,
			  const struct sp_pod_spec *spec, struct sp_sim_stimulus *st)
{
	static const char *const keys[] = {"container", "image", NULL};

	st->kind = SP_SIM_SET_IMAGE;
	if (sp_scn_keys(r, v, "set_image", keys, NULL) < 0)
		return -1;
	st->text = sp_node_str(sp_node_get(v, "image"), NULL);
	if (!st->text)
		return sp_scn_fail(r, v, "set_image: 'image' is missing");
	return read_target(r, sp_node_get(v, "container"), spec, &st->ctr);
}

static int read_image_available(const struct sp_scn_reader *r, const struct sp_node *v,
				const struct sp_pod_spec *spec, struct sp_sim_stimulus *st)
{
	st->kind = SP_SIM_IMAGE_STATE;
	st->flag = true;
	return read_target(r, v, spec, &st->ctr);
}

static int read_availability(const struct sp_scn_reader *r, const struct sp_node *v,
			     const struct sp_pod_spec *spec, struct sp_sim_stimulus *st)
{
	static const char *const keys[] = {"container", "available", "pullPolicy", NULL};
	const struct sp_node *policy;

	st->kind = SP_SIM_IMAGE_STATE;
	if (sp_scn_keys(r, v, "set_image_availability", keys, NULL) < 0 ||
	    read_bool(r, sp_node_get(v, "available"), &st->flag) < 0)
		return -1;
	policy = sp_node_get(v, "pullPolicy");
	st->has_policy = policy != NULL;
	if (policy && read_policy(r, policy, &st->policy) < 0)
		return -1;
	return read_target(r, sp_node_get(v, "container"), spec, &st->ctr);
}

static int read_sandbox_lost(const struct sp_scn_reader *r, const struct sp_node *v,
			     const struct sp_pod_spec *spec, struct sp_sim_stimulus *st)
{
	st->kind = SP_SIM_SANDBOX_LOST;
	if (v->kind != SP_NODE_BOOL || !v->b)
		return sp_scn_fail(r, v, "write 'sandbox_lost: true'");
	return 0;
}

static int read_daemon_restart(const struct sp_scn_reader *r, const struct sp_node *v,
			       const struct sp_pod_spec *spec, struct sp_sim_stimulus *st)
{
	static const char *const keys[] = {"down_for", "forget_records", NULL};
	const struct sp_node *forget;

	st->kind = SP_SIM_ENGINE_RESTART;
	if (v->kind == SP_NODE_BOOL && v->b) /* it is back at once */
		return 0;
	if (sp_scn_keys(r, v, "daemon_restart", keys, NULL) < 0)
		return -1;
	forget = sp_node_get(v, "forget_records");
	if (forget)
		st->flag = forget->kind == SP_NODE_LIST ? forget->n > 0 : forget->b;
	return read_span(r, sp_node_get(v, "down_for"), "", &st->takes);
}

static int read_gate(const struct sp_scn_reader *r, const struct sp_node *v,
		     const struct sp_pod_spec *spec, struct sp_sim_stimulus *st)
{
	static const char *const keys[] = {"type", "status", NULL};
	static const char *const statuses[] = {"", "False", "True", "Unknown"};
	const char *type, *status;
	const struct sp_node *n;

	st->kind = SP_SIM_SET_GATE;
	if (sp_scn_keys(r, v, "set_gate", keys, NULL) < 0)
		return -1;
	type = sp_node_str(sp_node_get(v, "type"), "");
	for (st->gate = 0; st->gate < spec->n_gates; st->gate++)
		if (sp_streq(spec->gates[st->gate], type))
			break;
	if (st->gate == spec->n_gates)
		return sp_scn_fail(r, v, "no readiness gate '%s' in this pod", type);
	n = sp_node_get(v, "status");
	status = n && n->kind == SP_NODE_BOOL ? (n->b ? "True" : "False") : sp_node_str(n, "");
	for (size_t i = 1; i < SP_ARRAY_LEN(statuses); i++)
		if (sp_streq(statuses[i], status)) {
			st->gate_status = (enum sp_cond_status)i;
			return 0;
		}
	return sp_scn_fail(r, v, "set_gate: status is True, False or Unknown");
}

static int read_oom(const struct sp_scn_reader *r, const struct sp_node *v,
		    const struct sp_pod_spec *spec, struct sp_sim_stimulus *st)
{
	st->kind = SP_SIM_OOM;
	return read_target(r, v, spec, &st->ctr);
}

static int read_crash(const struct sp_scn_reader *r, const struct sp_node *v,
		      const struct sp_pod_spec *spec, struct sp_sim_stimulus *st)
{
	static const char *const keys[] = {"container", "code", NULL};

	st->kind = SP_SIM_CRASH;
	st->code = 1;
	if (sp_scn_keys(r, v, "crash", keys, NULL) < 0 ||
	    read_code(r, sp_node_get(v, "code"), &st->code) < 0)
		return -1;
	return read_target(r, sp_node_get(v, "container"), spec, &st->ctr);
}

static int read_objects(const struct sp_scn_reader *r, const struct sp_node *v,
			const struct sp_pod_spec *spec, struct sp_sim_stimulus *st)
{
	st->kind = SP_SIM_OBJECTS_CHANGED;
	return 0;
}

static const struct {
	const char *key;
	int (*read)(const struct sp_scn_reader *r, const struct sp_node *v,
		    const struct sp_pod_spec *spec, struct sp_sim_stimulus *st);
} stimulus_kinds[] = {
	{"delete", read_delete},
	{"set_image", read_set_image},
	{"image_available", read_image_available},
	{"set_image_availability", read_availability},
	{"sandbox_lost", read_sandbox_lost},
	{"daemon_restart", read_daemon_restart},
	{"set_gate", read_gate},
	{"oom", read_oom},
	{"crash", read_crash},
	{"objects_changed", read_objects},
};

static int read_stimulus(const struct sp_scn_reader *r, const struct sp_node *n,
			 const struct sp_pod_spec *spec, struct sp_sim_stimulus *ret)
{
	if (n->kind != SP_NODE_MAP || n->n != 2 || !sp_node_get(n, "at"))
		return sp_scn_fail(r, n, "a stimulus is {at: seconds, <what>: ...}");
	if (read_span(r, sp_node_get(n, "at"), "", &ret->at) < 0)
		return -1;
	for (uint32_t i = 0; i < n->n; i++) {
		if (sp_streq(n->pairs[i].key, "at"))
			continue;
		for (size_t k = 0; k < SP_ARRAY_LEN(stimulus_kinds); k++)
			if (sp_streq(stimulus_kinds[k].key, n->pairs[i].key))
				return stimulus_kinds[k].read(r, n->pairs[i].value, spec, ret);
		return sp_scn_fail(r, n, "unknown stimulus '%s'", n->pairs[i].key);
	}
	return sp_scn_fail(r, n, "a stimulus needs a key besides 'at'");
}

int sp_scn_stimuli(const struct sp_scn_reader *r, const struct sp_node *list,
		   const struct sp_pod_spec *spec, struct sp_sim_plan *plan)
{
	struct sp_sim_stimulus *v;
	uint32_t old = plan->n_stimuli;

	if (!list)
		return 0;
	if (list->kind != SP_NODE_LIST)
		return sp_scn_fail(r, list, "stimuli: a list is needed");
	v = sp_arena_array(r->arena, (size_t)old + list->n + 1, sizeof(*v));
	if (!v)
		return out_of_memory(r);
	if (old)
		memcpy(v, plan->stimuli, old * sizeof(*v));
	for (uint32_t i = 0; i < list->n; i++)
		if (read_stimulus(r, list->items[i], spec, &v[old + i]) < 0)
			return -1;
	plan->stimuli = v;
	plan->n_stimuli = old + list->n;
	return 0;
}
