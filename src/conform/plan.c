/* SPDX-License-Identifier: Apache-2.0 */
/* From the behaviour of a scenario's pod to a manifest whose containers play it. */
#include "conform/conform_internal.h"

#include "base/json.h"
#include "sys/fd.h"
#include "sys/sys.h"

#define SHARE     "/conform" /* where containers see r->share */
#define HOOK_PORT 18080      /* plus the container's index: they share one network */
#define OOM_LIMIT "24Mi"
#define SLACK     0.2 /* s by which a probe may begin early and still count as in time */

/* ---- what cannot be performed ---------------------------------------------------------------- */

static const char *cannot_run(const struct sp_sim_ctr *c)
{
	uint32_t errors = 0;

	for (uint32_t i = 0; i < c->n_runs; i++) {
		errors += c->runs[i].launch_error != NULL;
		if (c->runs[i].exit_after == 600 * SP_SEC)
			return "whether a life of exactly ten minutes was longer is chance";
		if (c->runs[i].oom && c->runs[i].code != 137)
			return "a main process that the kernel kills has code 137";
	}
	if (errors && errors != c->n_runs)
		return "only some instances of one program would fail to launch";
	return c->start_takes ? "a launch cannot be made slow" : NULL;
}

static const char *cannot_probe(const struct sp_sim_probe *p, const struct sp_probe_spec *spec)
{
	uint32_t errors = 0;

	if (spec->set && p->takes == spec->timeout_s * SP_SEC)
		return "an answer exactly at its timeout is chance";

	for (uint32_t i = 0; i < p->n; i++) {
		if (p->v[i].warning)
			return "a probe of the applets gives no warnings";
		errors += p->v[i].error;
	}
	return errors && errors != p->n ? "only some instances would have no program to probe with"
					: NULL;
}

static const char *cannot_post_start(const struct sp_hook_spec *spec)
{
	if (spec->kind == SP_HOOK_HTTP)
		return "nobody listens yet when a postStart hook over HTTP begins";
	if (spec->kind == SP_HOOK_TCP) /* it fails at once */
		return "a program that is stopped as it is launched knows no signals yet";
	return NULL;
}

/* 'configmap "x" not found' → its kind and name. */
static bool missing_object(const char *text, bool *ret_secret, struct sp_str *ret_name)
{
	static const char *const kinds[] = {"configmap \"", "secret \""};

	for (int k = 0; k < 2; k++) {
		size_t n = strlen(kinds[k]);
		const char *end;

		if (strncmp(text, kinds[k], n) != 0)
			continue;
		end = strchr(text + n, '"');
		if (!end || !sp_streq(end, "\" not found"))
			return false;
		*ret_secret = k == 1;
		*ret_name = (struct sp_str){text + n, (size_t)(end - text) - n};
		return true;
	}
	return false;
}

static const char *cannot_stimulus(const struct sp_scn_pod *p, const struct sp_sim_stimulus *s)
{
	if (s->kind != SP_SIM_IMAGE_STATE)
		return NULL;
	if (s->has_policy && s->policy != p->plan.ctrs[s->ctr].image.policy)
		return "the pull policy of a pod does not change";
	if (!s->flag && p->plan.ctrs[s->ctr].image.policy != SP_SIM_PULL_ALWAYS)
		return "an image that a pod runs does not vanish";
	return NULL;
}

const char *conform_cannot(const struct sp_scn_pod *p)
{
	const char *why = NULL;

	if (p->plan.sandbox_takes || p->plan.sandbox_error_until)
		return "a sandbox cannot be made slow or failing";
	for (uint16_t i = 0; i < p->spec.n_ctrs && !why; i++) {
		const struct sp_sim_ctr *c = &p->plan.ctrs[i];
		const struct sp_ctr_spec *s = &p->spec.ctrs[i];
		struct sp_str name;
		bool secret;

		why = cannot_run(c);
		for (int k = 0; k < SP_PROBES && !why; k++)
			why = cannot_probe(&c->probes[k], &s->probes[k]);
		if (!why)
			why = cannot_post_start(&s->post_start);
		if (!why && c->config_error && !missing_object(c->config_error, &secret, &name))
			why = "a configuration error is a ConfigMap or Secret that is not found";
	}
	for (uint32_t i = 0; i < p->plan.n_stimuli && !why; i++)
		why = cannot_stimulus(p, &p->plan.stimuli[i]);
	return why;
}

/* ---- words for the applets ------------------------------------------------------------------- */

static void put_span(struct sp_buf *b, const struct conform_run *r, const char *key, sp_time t,
		     const char *never)
{
	if (t == SP_NEVER)
		sp_buf_printf(b, ",%s=%s", key, never);
	else
		sp_buf_printf(b, ",%s=%.4f", key,
			      (double)t / (double)SP_SEC / r->w->options->time_scale);
}

static void put_word(struct sp_buf *list, const struct sp_buf *word)
{
	sp_json_next(list);
	sp_buf_json(list, word->len ? word->ptr : "");
}

static void put_run(const struct conform_run *r, uint16_t i, const struct sp_sim_run *run,
		    struct sp_buf *list)
{
	const struct sp_sim_ctr *c = &r->pod.plan.ctrs[i];
	SP_CLEANUP(sp_buf_done) struct sp_buf b = {0};

	sp_buf_printf(&b, "count=" SHARE "/%s", r->pod.spec.ctrs[i].name);
	put_span(&b, r, "exit", run ? run->exit_after : SP_NEVER, "never");
	if (run)
		sp_buf_printf(&b, ",code=%d%s", run->code, run->oom ? ",oom" : "");
	if (c->sigterm_takes == SP_NEVER) {
		sp_buf_puts(&b, ",term=ignore");
	} else {
		put_span(&b, r, "term", c->sigterm_takes, "");
		sp_buf_printf(&b, ":%d", c->sigterm_code);
	}
	if (r->pod.spec.ctrs[i].pre_stop.kind == SP_HOOK_HTTP)
		sp_buf_printf(&b, ",listen=%u", HOOK_PORT + i);
	put_word(list, &b);
}

static void put_answers(const struct conform_run *r, uint16_t i, const struct sp_sim_answers *v,
			sp_time takes, struct sp_buf *list)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf b = {0};
	double scale = r->w->options->time_scale;

	sp_buf_printf(&b, "count=" SHARE "/%s,slack=%.4f", r->pod.spec.ctrs[i].name, SLACK / scale);
	if (takes)
		put_span(&b, r, "takes", takes, "forever");
	if (!v)
		sp_buf_puts(&b, ",always");
	else if (v->n == 0)
		sp_buf_puts(&b, ",never");
	for (uint32_t k = 0; v && k < v->n; k++) {
		sp_buf_printf(&b, ",window=%.4f-", (double)v->v[k].from / (double)SP_SEC / scale);
		if (v->v[k].to == SP_NEVER)
			sp_buf_puts(&b, "never");
		else
			sp_buf_printf(&b, "%.4f", (double)v->v[k].to / (double)SP_SEC / scale);
	}
	put_word(list, &b);
}

/* ---- the manifest ---------------------------------------------------------------------------- */

static void put_probe(const struct conform_run *r, uint16_t i, enum sp_probe_kind kind,
		      struct sp_buf *b)
{
	static const char *const keys[] = {"startupProbe", "readinessProbe", "livenessProbe"};
	const struct sp_probe_spec *p = &r->pod.spec.ctrs[i].probes[kind];
	const struct sp_sim_probe *plan = &r->pod.plan.ctrs[i].probes[kind];

	_Static_assert(SP_ARRAY_LEN(keys) == SP_PROBES, "one key per kind");
	if (!p->set)
		return;
	sp_json_key(b, keys[kind]);
	sp_buf_putc(b, '{');
	sp_json_int(b, "initialDelaySeconds", p->initial_delay_s);
	sp_json_int(b, "periodSeconds", p->period_s);
	sp_json_int(b, "timeoutSeconds", p->timeout_s);
	sp_json_int(b, "successThreshold", p->success_threshold);
	sp_json_int(b, "failureThreshold", p->failure_threshold);
	if (p->grace_s >= 0)
		sp_json_int(b, "terminationGracePeriodSeconds", p->grace_s);
	sp_json_key(b, "exec");
	sp_buf_puts(b, "{\"command\":[");
	sp_buf_json(b, plan->n && plan->v[0].error ? "/bin/no-such-probe" : "/bin/check");
	if (!plan->n)
		put_answers(r, i, NULL, plan->takes, b);
	for (uint32_t k = 0; k < plan->n; k++)
		put_answers(r, i, &plan->v[k], plan->takes, b);
	sp_buf_puts(b, "]}}");
}

static void put_hook(const struct conform_run *r, uint16_t i, enum sp_hook hook, struct sp_buf *b)
{
	const struct sp_ctr_spec *s = &r->pod.spec.ctrs[i];
	const struct sp_hook_spec *h = hook == SP_HOOK_POST_START ? &s->post_start : &s->pre_stop;
	const struct sp_sim_hook *plan = &r->pod.plan.ctrs[i].hooks[hook];
	SP_CLEANUP(sp_buf_done) struct sp_buf word = {0};

	if (h->kind == SP_HOOK_NONE)
		return;
	sp_json_key(b, hook == SP_HOOK_POST_START ? "postStart" : "preStop");
	put_span(&word, r, "takes", plan->takes, "forever");
	switch (h->kind) {
	case SP_HOOK_EXEC:
		if (plan->fails)
			sp_buf_puts(&word, ",fail");
		sp_buf_puts(b, "{\"exec\":{\"command\":[\"/bin/hook\"");
		sp_json_next(b);
		sp_buf_json(b, word.ptr + 1); /* without the comma */
		sp_buf_puts(b, "]}}");
		break;
	case SP_HOOK_HTTP:
		sp_buf_printf(b, "{\"httpGet\":{\"port\":%u,\"path\":\"/hook?%s%s\"}}",
			      HOOK_PORT + i, word.ptr + 1, plan->fails ? "&fail" : "");
		break;
	case SP_HOOK_TCP:
		sp_buf_printf(b, "{\"tcpSocket\":{\"port\":%u}}", HOOK_PORT + i);
		break;
	case SP_HOOK_SLEEP:
		sp_buf_printf(b, "{\"sleep\":{\"seconds\":%lld}}", (long long)h->sleep_s);
		break;
	case SP_HOOK_NONE:
		break;
	}
}

static void put_rules(const struct sp_ctr_spec *c, struct sp_buf *b)
{
	if (c->n_rules == 0)
		return;
	sp_json_key(b, "restartPolicyRules");
	sp_buf_putc(b, '[');
	for (int i = 0; i < c->n_rules; i++) {
		const struct sp_restart_rule *rule = &c->rules[i];

		sp_json_next(b);
		sp_buf_printf(
			b, "{\"action\":\"%s\",\"exitCodes\":{\"operator\":\"%s\",\"values\":[",
			rule->action == SP_RULE_RESTART_ALL ? "RestartAllContainers" : "Restart",
			rule->not_in ? "NotIn" : "In");
		for (uint16_t k = 0; k < rule->n_codes; k++)
			sp_buf_printf(b, "%s%d", k ? "," : "", rule->codes[k]);
		sp_buf_puts(b, "]}}");
	}
	sp_buf_putc(b, ']');
}

/* A variable from an object that is not there yet. */
static void put_config_error(const struct sp_sim_ctr *c, struct sp_buf *b)
{
	struct sp_str name;
	bool secret;

	if (!c->config_error || !missing_object(c->config_error, &secret, &name))
		return;
	sp_buf_printf(
		b,
		",\"env\":[{\"name\":\"WAITED_FOR\",\"valueFrom\":{\"%s\":{\"name\":\"" SP_STR_FMT
		"\",\"key\":\"k\"}}}]",
		secret ? "secretKeyRef" : "configMapKeyRef", SP_STR_ARG(name));
}

static bool eats_memory(const struct conform_run *r, uint16_t i)
{
	const struct sp_sim_ctr *c = &r->pod.plan.ctrs[i];

	for (uint32_t k = 0; k < c->n_runs; k++)
		if (c->runs[k].oom)
			return true;
	for (uint32_t k = 0; k < r->pod.plan.n_stimuli; k++)
		if (r->pod.plan.stimuli[k].kind == SP_SIM_OOM && r->pod.plan.stimuli[k].ctr == i)
			return true;
	return false;
}

static void put_command(const struct conform_run *r, uint16_t i, struct sp_buf *b)
{
	const struct sp_sim_ctr *c = &r->pod.plan.ctrs[i];
	bool broken = c->n_runs && c->runs[0].launch_error;

	sp_json_key(b, "command");
	sp_buf_putc(b, '[');
	sp_buf_json(b, broken ? "/bin/no-such-program" : "/bin/act");
	if (c->n_runs == 0)
		put_run(r, i, NULL, b);
	for (uint32_t k = 0; k < c->n_runs; k++)
		put_run(r, i, &c->runs[k], b);
	sp_buf_putc(b, ']');
}

static void put_ctr(const struct conform_run *r, uint16_t i, struct sp_buf *b)
{
	static const char *const policies[] = {"IfNotPresent", "Always", "Never"};
	const struct sp_ctr_spec *s = &r->pod.spec.ctrs[i];

	sp_json_next(b);
	sp_buf_putc(b, '{');
	sp_json_str(b, "name", s->name);
	sp_json_str(b, "image", s->image);
	sp_json_str(b, "imagePullPolicy", policies[r->pod.plan.ctrs[i].image.policy]);
	if (s->restart_policy != SP_RESTART_UNSET)
		sp_json_str(b, "restartPolicy", sp_record_policy_name(s->restart_policy));
	put_rules(s, b);
	put_command(r, i, b);
	put_config_error(&r->pod.plan.ctrs[i], b);
	if (eats_memory(r, i))
		sp_buf_puts(b, ",\"resources\":{\"limits\":{\"memory\":\"" OOM_LIMIT "\"}}");
	for (int k = 0; k < SP_PROBES; k++)
		put_probe(r, i, (enum sp_probe_kind)k, b);
	if (s->post_start.kind != SP_HOOK_NONE || s->pre_stop.kind != SP_HOOK_NONE) {
		sp_json_key(b, "lifecycle");
		sp_buf_putc(b, '{');
		put_hook(r, i, SP_HOOK_POST_START, b);
		put_hook(r, i, SP_HOOK_PRE_STOP, b);
		sp_buf_putc(b, '}');
	}
	sp_buf_puts(b, ",\"volumeMounts\":[{\"name\":\"conform\",\"mountPath\":\"" SHARE "\"}]}");
}

static void put_pod(const struct conform_run *r, struct sp_buf *b)
{
	const struct sp_pod_spec *s = &r->pod.spec;

	sp_buf_puts(b, "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{");
	sp_json_str(b, "name", s->name);
	sp_json_str(b, "namespace", s->ns);
	sp_buf_puts(b, "},\"spec\":{");
	sp_json_str(b, "restartPolicy", sp_record_policy_name(s->restart_policy));
	sp_json_int(b, "terminationGracePeriodSeconds", s->grace_s);
	if (s->active_deadline_s >= 0)
		sp_json_int(b, "activeDeadlineSeconds", s->active_deadline_s);
	for (uint16_t i = 0; i < s->n_gates; i++) {
		sp_buf_puts(b, i ? ",{\"conditionType\":"
				 : ",\"readinessGates\":[{\"conditionType\":");
		sp_buf_json(b, s->gates[i]);
		sp_buf_puts(b, i + 1 == s->n_gates ? "}]" : "}");
	}
	for (uint16_t i = 0; i < s->n_ctrs; i++) {
		if (i == 0 && s->n_init)
			sp_buf_puts(b, ",\"initContainers\":[");
		if (i == s->n_init)
			sp_buf_puts(b, s->n_init ? "],\"containers\":[" : ",\"containers\":[");
		put_ctr(r, i, b);
	}
	sp_buf_puts(b, "],\"volumes\":[{\"name\":\"conform\",\"hostPath\":{\"path\":");
	sp_buf_json(b, r->share);
	sp_buf_puts(b, "}}]}}");
}

int conform_manifest(struct conform_run *r, struct sp_node **ret, struct sp_error *err)
{
	const struct sp_load_options opt = {.validate = SP_VALIDATE_STRICT,
					    .kube_minor = r->pod.spec.kube_minor};
	SP_CLEANUP(sp_buf_done) struct sp_buf b = {0};
	struct sp_manifest m;
	struct sp_node *meta;
	int ret_code = -1;

	put_pod(r, &b);
	sp_manifest_init(&m, &opt);
	if (b.failed || sp_manifest_add(&m, r->scenario->id, b.ptr, b.len) < 0) {
		sp_fail(err, SP_E_NO_MEMORY, "make a manifest");
	} else if (m.diags.n_errors || m.n_objects != 1) {
		const struct sp_diag *d = &m.diags.v[0];

		sp_fail(err, SP_E_INVALID, "the API refuses this pod: %s%s%s",
			d->path ? d->path : "", d->path ? ": " : "", d->message);
	} else {
		*ret = sp_node_clone(&r->arena, m.objects[0].node);
		meta = *ret ? (struct sp_node *)(uintptr_t)sp_node_get(*ret, "metadata") : NULL;
		if (meta &&
		    sp_node_set(&r->arena, meta, "uid", sp_node_new_str(&r->arena, r->uid)) == 0)
			ret_code = 0;
		else
			sp_fail(err, SP_E_NO_MEMORY, "make a manifest");
	}
	sp_manifest_done(&m);
	return ret_code;
}

/* ---- images ---------------------------------------------------------------------------------- */

int conform_registry(struct conform_run *r, uint16_t ctr, const char *image,
		     const struct sp_sim_image *how, struct sp_error *err)
{
	static const char *const fails[] = {"pull",    "never",       "invalid-name",
					    "inspect", "unavailable", "signature"};
	struct sp_bundle_image answer = {.image = r->w->image};
	SP_CLEANUP(sp_buf_done) struct sp_buf b = {0}, pulled = {0};
	SP_CLEANUP(sp_closep) int fd = -EBADF;
	double takes = (double)how->pull_takes / (double)SP_SEC;
	char *path = sp_arena_printf(&r->arena, "%s/registry/%s", r->engine.root, image);
	int w;

	if (!path)
		return sp_fail(err, SP_E_NO_MEMORY, "registry");
	for (char *c = path + strlen(r->engine.root) + strlen("/registry/"); *c; c++)
		if (*c == '/')
			*c = '%';
	sp_buf_printf(&b, "takes=%.4f", takes / r->w->options->time_scale);
	if (how->broken) {
		/* only a pull gets as far as the registry */
		sp_buf_puts(&b, how->fail == SP_IMG_PULL_FAILED ? "\n" : ",fail\n");
		sp_buf_printf(&b, "{\"fail\":\"%s\",\"text\":\"the image cannot be had\"}\n",
			      fails[how->fail]);
	} else {
		sp_buf_puts(&pulled, "Successfully pulled image ");
		sp_buf_quote(&pulled, image);
		sp_buf_printf(&pulled, " in %gs (%gs including waiting). Image size: %llu bytes.",
			      takes, takes, (unsigned long long)r->w->image.size_bytes);
		answer.pulled = pulled.ptr;
		sp_buf_putc(&b, '\n');
		sp_image_print(&answer, &b);
		sp_buf_putc(&b, '\n');
	}
	if (b.failed || pulled.failed)
		return sp_fail(err, SP_E_NO_MEMORY, "registry");
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	w = fd < 0 ? -errno : sp_write_all(fd, b.ptr, b.len);
	return w < 0 ? sp_fail_errno(err, -w, "write '%s'", path) : 0;
}

/* ---- objects --------------------------------------------------------------------------------- */

void conform_objects(const struct conform_run *r, sp_time at, struct sp_buf *out)
{
	for (int secrets = 0; secrets < 2; secrets++) {
		sp_json_key(out, secrets ? "secrets" : "configMaps");
		sp_buf_putc(out, '[');
		for (uint16_t i = 0; i < r->pod.spec.n_ctrs; i++) {
			const struct sp_sim_ctr *c = &r->pod.plan.ctrs[i];
			struct sp_str name;
			bool secret;

			if (!c->config_error || c->config_error_until > at ||
			    !missing_object(c->config_error, &secret, &name) || secret != secrets)
				continue;
			sp_json_next(out);
			sp_buf_printf(out,
				      "{\"apiVersion\":\"v1\",\"kind\":\"%s\",\"metadata\":"
				      "{\"name\":\"" SP_STR_FMT "\"},\"data\":{\"k\":\"%s\"}}",
				      secret ? "Secret" : "ConfigMap", SP_STR_ARG(name),
				      secret ? "djE=" : "v1");
		}
		sp_buf_putc(out, ']');
	}
}
