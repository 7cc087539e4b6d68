/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Validation of what makes pods: Jobs, CronJobs, Deployments and their like (lifecycle rules of
 * sections 19.1, 19.8 and 20.1). Their own fields are read from the tree, whose types the decoder
 * has checked; pod templates are read from their structs.
 */
#include "core/cron.h"
#include "spec/validate_internal.h"

#define POLICY_RULES_MAX        20
#define EXIT_CODES_MAX          255
#define INDEXED_PARALLELISM_MAX 100000
#define CRON_NAME_MAX           52

static struct sp_opt_int number(const struct sp_node *map, const char *field)
{
	const struct sp_node *n = sp_node_get(map, field);

	return n && n->kind == SP_NODE_INT ? (struct sp_opt_int){true, n->i}
					   : (struct sp_opt_int){false, 0};
}

static const char *text(const struct sp_node *map, const char *field)
{
	return sp_node_str(sp_node_get(map, field), NULL);
}

static void non_negative(struct sp_v *v, const struct sp_vp *p, const char *rule,
			 const struct sp_node *map, const char *field)
{
	struct sp_opt_int i = number(map, field);

	v_non_negative(v, VP_FIELD(p, field), rule, &i);
}

static uint32_t list_len(const struct sp_node *n)
{
	return n && n->kind == SP_NODE_LIST ? n->n : 0;
}

/* ---- jobs -------------------------------------------------------------------------------------
 */

static bool names_container(const struct sp_k_pod_template *t, const char *name)
{
	const struct sp_k_pod_spec *s = t ? t->spec : NULL;

	for (uint32_t i = 0; s && i < s->containers.n; i++)
		if (s->containers.v[i].name && sp_streq(s->containers.v[i].name, name))
			return true;
	for (uint32_t i = 0; s && i < s->init_containers.n; i++)
		if (s->init_containers.v[i].name && sp_streq(s->init_containers.v[i].name, name))
			return true;
	return false;
}

static void exit_codes(struct sp_v *v, const struct sp_vp *p, const struct sp_node *on,
		       const struct sp_k_pod_template *t)
{
	static const char *const operators[] = {"In", "NotIn", NULL};
	const struct sp_node *values = sp_node_get(on, "values");
	const struct sp_vp *list = VP_FIELD(p, "values");
	const char *op = text(on, "operator"), *container = text(on, "containerName");
	uint32_t n = list_len(values);
	bool ordered = true;

	v_one_of(v, VP_FIELD(p, "operator"), "JOB-12", op ? op : "", operators);
	if (!v_empty(container) && !names_container(t, container))
		v_invalid(v, VP_FIELD(p, "containerName"), "JOB-12", container,
			  "must be one of the container or initContainer names in the pod "
			  "template");
	if (n == 0)
		v_invalid_node(v, list, "JOB-12", values, "at least one value is required");
	if (n > EXIT_CODES_MAX)
		v_too_many(v, list, "JOB-12", n, EXIT_CODES_MAX);
	for (uint32_t i = 0; i < n; i++) {
		int64_t code = values->items[i]->i;
		bool twice = false;

		if (op && sp_streq(op, "In") && code == 0)
			v_invalid_int(v, VP_AT(list, i), "JOB-12", code,
				      "must not be 0 for the In operator");
		for (uint32_t k = 0; k < i && i < EXIT_CODES_MAX; k++)
			twice |= values->items[k]->i == code;
		if (twice)
			v_duplicate_int(v, VP_AT(list, i), "JOB-12", code);
		ordered = ordered && (i == 0 || values->items[i - 1]->i <= code);
	}
	if (!ordered)
		v_invalid_node(v, list, "JOB-12", values, "must be ordered");
}

static void pod_conditions(struct sp_v *v, const struct sp_vp *list, const struct sp_node *n)
{
	static const char *const statuses[] = {"False", "True", "Unknown", NULL};

	for (uint32_t i = 0; i < list_len(n); i++) {
		const char *type = text(n->items[i], "type");

		v_name(v, VP_FIELD(VP_AT(list, i), "type"), "JOB-12", type ? type : "",
		       sp_name_qualified);
		v_one_of(v, VP_FIELD(VP_AT(list, i), "status"), "JOB-12",
			 text(n->items[i], "status"), statuses);
	}
}

static void failure_policy(struct sp_v *v, const struct sp_vp *p, const struct sp_node *spec,
			   const struct sp_k_pod_template *t)
{
	static const char *const actions[] = {"Count", "FailIndex", "FailJob", "Ignore", NULL};
	const struct sp_node *rules = sp_node_at(spec, "podFailurePolicy.rules");
	const struct sp_vp *list = VP_FIELD(VP_FIELD(p, "podFailurePolicy"), "rules");

	if (list_len(rules) > POLICY_RULES_MAX)
		v_too_many(v, list, "JOB-12", rules->n, POLICY_RULES_MAX);
	for (uint32_t i = 0; i < list_len(rules); i++) {
		const struct sp_node *r = rules->items[i];
		const struct sp_vp *at = VP_ITEM(list, i, r);
		const struct sp_node *on_codes = sp_node_get(r, "onExitCodes");
		const char *action = text(r, "action");
		bool codes = v_has(r, "onExitCodes");
		bool conditions = list_len(sp_node_get(r, "onPodConditions")) > 0;

		v_one_of(v, VP_FIELD(at, "action"), "JOB-12", action ? action : "", actions);
		if (action && sp_streq(action, "FailIndex") && !v_has(spec, "backoffLimitPerIndex"))
			v_invalid(v, VP_FIELD(at, "action"), "JOB-12", action,
				  "requires the backoffLimitPerIndex to be set");
		if (codes)
			exit_codes(v, VP_FIELD(at, "onExitCodes"), on_codes, t);
		pod_conditions(v, VP_FIELD(at, "onPodConditions"),
			       sp_node_get(r, "onPodConditions"));
		if (codes && conditions)
			v_invalid_node(v, at, "JOB-12", r,
				       "specifying both OnExitCodes and OnPodConditions is not "
				       "supported");
		else if (!codes && !conditions)
			v_invalid_node(v, at, "JOB-12", r,
				       "specifying one of OnExitCodes and OnPodConditions is "
				       "required");
	}
}

/* "0,2-4": ascending, below @completions. Return: how many, or -1 with a reason */
static int64_t count_indexes(const char *s, int64_t completions, const char **ret_why)
{
	int64_t n = 0, next = 0;

	for (;;) {
		int64_t from = 0, to;
		size_t digits = strspn(s, "0123456789");

		if (digits == 0 || digits > 10)
			break;
		for (size_t i = 0; i < digits; i++)
			from = from * 10 + (s[i] - '0');
		s += digits;
		to = from;
		if (*s == '-') {
			s++;
			digits = strspn(s, "0123456789");
			if (digits == 0 || digits > 10)
				break;
			to = 0;
			for (size_t i = 0; i < digits; i++)
				to = to * 10 + (s[i] - '0');
			s += digits;
		}
		if (from < next || to < from) {
			*ret_why = "indexes must ascend";
			return -1;
		}
		if (to >= completions) {
			*ret_why = "indexes must be below completions";
			return -1;
		}
		n += to - from + 1;
		next = to + 1;
		if (*s == '\0')
			return n;
		if (*s++ != ',')
			break;
	}
	*ret_why = "indexes are written like 0,2-4";
	return -1;
}

static void success_policy(struct sp_v *v, const struct sp_vp *p, const struct sp_node *spec)
{
	const struct sp_node *rules = sp_node_at(spec, "successPolicy.rules");
	const struct sp_vp *list = VP_FIELD(VP_FIELD(p, "successPolicy"), "rules");
	struct sp_opt_int completions = number(spec, "completions");
	int64_t total = completions.set ? completions.v : 1;

	if (list_len(rules) == 0)
		v_required(v, list, "JOB-13",
			   "at least one rules must be specified when the successPolicy is "
			   "specified");
	if (list_len(rules) > POLICY_RULES_MAX)
		v_too_many(v, list, "JOB-13", rules->n, POLICY_RULES_MAX);
	for (uint32_t i = 0; i < list_len(rules); i++) {
		const struct sp_node *r = rules->items[i];
		const struct sp_vp *at = VP_ITEM(list, i, r);
		const struct sp_vp *at_count = VP_FIELD(at, "succeededCount");
		struct sp_opt_int count = number(r, "succeededCount");
		const char *indexes = text(r, "succeededIndexes"), *why = NULL;
		int64_t n = -1;

		if (!count.set && !indexes)
			v_required(v, at, "JOB-13",
				   "at least one of succeededCount or succeededIndexes must be "
				   "specified");
		if (indexes) {
			n = count_indexes(indexes, total, &why);
			if (n < 0)
				v_invalid(v, VP_FIELD(at, "succeededIndexes"), "JOB-13", indexes,
					  "error parsing succeededIndexes: %s", why);
		}
		v_non_negative(v, at_count, "JOB-13", &count);
		if (count.set && count.v > total)
			v_invalid_int(v, at_count, "JOB-13", count.v,
				      "must be less than or equal to %lld (the number of specified "
				      "completions)",
				      (long long)total);
		else if (count.set && n >= 0 && count.v > n)
			v_invalid_int(
				v, at_count, "JOB-13", count.v,
				"must be less than or equal to %lld (the number of indexes in "
				"the specified succeededIndexes field)",
				(long long)n);
	}
}

static void needs_indexed(struct sp_v *v, const struct sp_vp *p, const struct sp_node *spec,
			  const char *field)
{
	if (v_has(spec, field))
		v_invalid_node(v, VP_FIELD(p, field), "JOB-8", sp_node_get(spec, field),
			       "requires indexed completion mode")
			->fix = "add completionMode: Indexed, and completions";
}

static void job_modes(struct sp_v *v, const struct sp_vp *p, const struct sp_node *spec)
{
	static const char *const modes[] = {"Indexed", "NonIndexed", NULL};
	static const char *const replacements[] = {"Failed", "TerminatingOrFailed", NULL};
	static const char *const failed_only[] = {"Failed", NULL};
	const char *mode = text(spec, "completionMode");
	struct sp_opt_int completions = number(spec, "completions");
	struct sp_opt_int parallelism = number(spec, "parallelism");
	struct sp_opt_int failed = number(spec, "maxFailedIndexes");

	v_one_of(v, VP_FIELD(p, "completionMode"), "JOB-3", mode, modes);
	if (mode && sp_streq(mode, "Indexed")) {
		if (!completions.set)
			v_required(v, VP_FIELD(p, "completions"), "JOB-3",
				   "when completion mode is Indexed");
		if (parallelism.set && parallelism.v > INDEXED_PARALLELISM_MAX)
			v_invalid_int(v, VP_FIELD(p, "parallelism"), "JOB-1", parallelism.v,
				      "must be less than or equal to %d when completion mode is "
				      "Indexed",
				      INDEXED_PARALLELISM_MAX);
		if (failed.set && completions.set && failed.v > completions.v)
			v_invalid_int(v, VP_FIELD(p, "maxFailedIndexes"), "JOB-8", failed.v,
				      "must be less than or equal to completions");
	} else {
		needs_indexed(v, p, spec, "backoffLimitPerIndex");
		needs_indexed(v, p, spec, "maxFailedIndexes");
		needs_indexed(v, p, spec, "successPolicy");
	}
	if (failed.set && !v_has(spec, "backoffLimitPerIndex"))
		v_required(v, VP_FIELD(p, "backoffLimitPerIndex"), "JOB-8",
			   "when maxFailedIndexes is specified");
	v_one_of(v, VP_FIELD(p, "podReplacementPolicy"), "JOB-6",
		 text(spec, "podReplacementPolicy"),
		 v_has(spec, "podFailurePolicy") ? failed_only : replacements);
}

static void job_restart_policy(struct sp_v *v, const struct sp_vp *p, const struct sp_node *spec,
			       const struct sp_k_pod_template *t)
{
	static const char *const policies[] = {"OnFailure", "Never", NULL};
	const struct sp_vp *at =
		VP_FIELD(VP_FIELD(VP_FIELD(p, "template"), "spec"), "restartPolicy");
	const char *policy = t && t->spec ? t->spec->restart_policy : NULL;

	if (!t || !t->spec)
		return;
	if (v_empty(policy) || sp_streq(policy, "Always"))
		v_required(v, at, "JOB-10", "valid values: \"OnFailure\", \"Never\"")->why =
			"the pods of a job are to end; the default Always would restart them";
	else if (v_one_of(v, at, "JOB-10", policy, policies) && sp_streq(policy, "OnFailure") &&
		 v_has(spec, "podFailurePolicy"))
		v_invalid(v, at, "JOB-11", policy,
			  "only \"Never\" is supported when podFailurePolicy is specified");
}

void v_job_spec(struct sp_v *v, const struct sp_vp *p, const struct sp_node *spec,
		const struct sp_k_pod_template *t)
{
	non_negative(v, p, "JOB-1", spec, "parallelism");
	non_negative(v, p, "JOB-2", spec, "completions");
	non_negative(v, p, "JOB-7", spec, "activeDeadlineSeconds");
	non_negative(v, p, "JOB-4", spec, "backoffLimit");
	non_negative(v, p, "JOB-7", spec, "ttlSecondsAfterFinished");
	non_negative(v, p, "JOB-8", spec, "backoffLimitPerIndex");
	non_negative(v, p, "JOB-8", spec, "maxFailedIndexes");
	job_modes(v, p, spec);
	if (v_has(spec, "podFailurePolicy"))
		failure_policy(v, p, spec, t);
	if (v_has(spec, "successPolicy"))
		success_policy(v, p, spec);
	v_pod_template(v, VP_FIELD(p, "template"), t);
	job_restart_policy(v, p, spec, t);
}

/* ---- cron jobs --------------------------------------------------------------------------------
 */

static void schedule(struct sp_v *v, const struct sp_vp *p, const char *s)
{
	struct sp_cron cron;
	struct sp_error err;
	struct sp_diag *d;

	if (v_empty(s)) {
		v_required(v, p, "CRON-1", NULL);
		return;
	}
	if (strstr(s, "TZ=")) {
		v_invalid(v, p, "CRON-5", s,
			  "cannot use TZ or CRON_TZ in schedule, use timeZone field instead");
		return;
	}
	if (sp_cron_parse(s, &cron, &err) == 0)
		return;
	d = v_invalid(v, p, "CRON-1", s, "%s", err.text);
	if (strstr(err.text, "end of range (7) above maximum (6)"))
		d->fix = "write 0 for Sunday";
	else if (strstr(err.text, "found 6"))
		d->fix = "remove the field of seconds";
}

void v_cron_job_spec(struct sp_v *v, const struct sp_vp *p, const char *name,
		     const struct sp_node *spec, const struct sp_k_pod_template *t)
{
	static const char *const policies[] = {"Allow", "Forbid", "Replace", NULL};
	const struct sp_node *zone = sp_node_get(spec, "timeZone");
	const char *z = sp_node_str(zone, NULL);

	if (!v_empty(name) && strlen(name) > CRON_NAME_MAX)
		v_invalid(v, VP_FIELD(VP_ROOT("metadata", NULL), "name"), "CRON-10", name,
			  "must be no more than %d characters", CRON_NAME_MAX);
	schedule(v, VP_FIELD(p, "schedule"), text(spec, "schedule"));
	if (z && !*z)
		v_invalid(v, VP_FIELD(p, "timeZone"), "CRON-6", z,
			  "timeZone must be nil or non-empty string");
	else if (z && strlen(z) == 5 && sp_edit_distance(z, "Local", 1) == 0)
		v_invalid(v, VP_FIELD(p, "timeZone"), "CRON-6", z,
			  "timeZone must be an explicit time zone as defined in "
			  "https://www.iana.org/time-zones");
	else if (z && v->opt && v->opt->zone_known && !v->opt->zone_known(v->opt->arg, z))
		v_invalid(v, VP_FIELD(p, "timeZone"), "CRON-6", z, "unknown time zone %s", z);
	non_negative(v, p, "CRON-10", spec, "startingDeadlineSeconds");
	v_one_of(v, VP_FIELD(p, "concurrencyPolicy"), "CRON-10", text(spec, "concurrencyPolicy"),
		 policies);
	non_negative(v, p, "CRON-10", spec, "successfulJobsHistoryLimit");
	non_negative(v, p, "CRON-10", spec, "failedJobsHistoryLimit");
	v_job_spec(v, VP_FIELD(VP_FIELD(p, "jobTemplate"), "spec"),
		   sp_node_at(spec, "jobTemplate.spec"), t);
}

/* ---- deployments and their like ---------------------------------------------------------------
 */

static bool expression_matches(const struct sp_node *e, const struct sp_map *labels)
{
	const char *key = text(e, "key"), *op = text(e, "operator");
	const char *value = key ? sp_map_get(labels, key) : NULL;
	const struct sp_node *values = sp_node_get(e, "values");
	bool among = false;

	if (!op)
		return false;
	for (uint32_t i = 0; value && i < list_len(values); i++)
		among |= sp_streq(sp_node_str(values->items[i], ""), value);
	if (sp_streq(op, "In"))
		return among;
	if (sp_streq(op, "NotIn"))
		return !among;
	return sp_streq(op, "Exists") == (value != NULL);
}

static bool selector_matches(const struct sp_node *selector, const struct sp_map *labels)
{
	const struct sp_node *pairs = sp_node_get(selector, "matchLabels");
	const struct sp_node *expressions = sp_node_get(selector, "matchExpressions");

	for (uint32_t i = 0; pairs && pairs->kind == SP_NODE_MAP && i < pairs->n; i++) {
		const char *have = sp_map_get(labels, pairs->pairs[i].key);

		if (!have || !sp_streq(have, sp_node_str(pairs->pairs[i].value, "")))
			return false;
	}
	for (uint32_t i = 0; i < list_len(expressions); i++)
		if (!expression_matches(expressions->items[i], labels))
			return false;
	return true;
}

static void expressions(struct sp_v *v, const struct sp_vp *list, const struct sp_node *n)
{
	static const char *const operators[] = {"DoesNotExist", "Exists", "In", "NotIn", NULL};

	for (uint32_t i = 0; i < list_len(n); i++) {
		const struct sp_vp *p = VP_AT(list, i);
		const char *op = text(n->items[i], "operator");
		bool with_values = op && (sp_streq(op, "In") || sp_streq(op, "NotIn"));
		bool has_values = list_len(sp_node_get(n->items[i], "values")) > 0;

		if (!v_one_of(v, VP_FIELD(p, "operator"), "DEPLOY-1", op ? op : "", operators))
			continue;
		if (with_values && !has_values)
			v_required(v, VP_FIELD(p, "values"), "DEPLOY-1",
				   "must be specified when `operator` is 'In' or 'NotIn'");
		else if (!with_values && has_values)
			v_forbidden(v, VP_FIELD(p, "values"), "DEPLOY-1",
				    "may not be specified when `operator` is 'Exists' or "
				    "'DoesNotExist'");
	}
}

static void selector(struct sp_v *v, const struct sp_vp *p, const struct sp_node *spec,
		     const struct sp_k_pod_template *t, const char *kind)
{
	static const struct sp_map no_labels = {0};
	const struct sp_vp *at = VP_FIELD(p, "selector");
	const struct sp_node *s = sp_node_get(spec, "selector");
	const struct sp_node *pairs = sp_node_get(s, "matchLabels");
	const struct sp_node *exprs = sp_node_get(s, "matchExpressions");
	const struct sp_vp *labels =
		VP_FIELD(VP_FIELD(VP_FIELD(p, "template"), "metadata"), "labels");
	const struct sp_node *have = sp_node_at(spec, "template.metadata.labels");

	if (!v_has(spec, "selector")) {
		v_required(v, at, "DEPLOY-1", NULL)->fix =
			"add selector.matchLabels with labels of the template";
		return;
	}
	expressions(v, VP_FIELD(at, "matchExpressions"), exprs);
	if ((!pairs || pairs->n == 0) && list_len(exprs) == 0) {
		v_invalid_node(v, at, "DEPLOY-1", s, "empty selector is invalid for %s", kind);
		return;
	}
	if (!t || selector_matches(s, t->meta ? &t->meta->labels : &no_labels))
		return;
	v_invalid_node(v, labels, "DEPLOY-1", have, "`selector` does not match template `labels`")
		->fix = "give the template every label that the selector asks for";
}

/* Return: the number or percentage, -1 when it is neither */
static int64_t int_or_percent(struct sp_v *v, const struct sp_vp *p, const struct sp_node *n)
{
	const char *s = sp_node_str(n, NULL);
	size_t digits;
	int64_t value = 0;

	if (!n || n->kind == SP_NODE_NULL)
		return -1;
	if (n->kind == SP_NODE_INT) {
		struct sp_opt_int i = {true, n->i};

		v_non_negative(v, p, "DEPLOY-2", &i);
		return n->i;
	}
	digits = s ? strspn(s, "0123456789") : 0;
	if (digits == 0 || digits > 9 || strcmp(s + digits, "%") != 0) {
		v_invalid(v, p, "DEPLOY-2", s,
			  "a valid percent string must be a numeric string followed by an ending "
			  "'%%' (e.g. '1%%',  or '93%%', regex used for validation is '[0-9]+%%')");
		return -1;
	}
	for (size_t i = 0; i < digits; i++)
		value = value * 10 + (s[i] - '0');
	return value;
}

static void strategy(struct sp_v *v, const struct sp_vp *spec, const struct sp_node *n)
{
	static const char *const types[] = {"Recreate", "RollingUpdate", NULL};
	const struct sp_vp *p = VP_FIELD(spec, "strategy"), *rolling = VP_FIELD(p, "rollingUpdate");
	const struct sp_node *surge = sp_node_at(n, "rollingUpdate.maxSurge");
	const struct sp_node *unavailable = sp_node_at(n, "rollingUpdate.maxUnavailable");
	const char *type = text(n, "type");
	int64_t most, least;

	if (!v_one_of(v, VP_FIELD(p, "type"), "DEPLOY-1", type, types))
		return;
	if (type && sp_streq(type, "Recreate")) {
		if (v_has(n, "rollingUpdate"))
			v_forbidden(v, rolling, "DEPLOY-1",
				    "may not be specified when strategy `type` is 'Recreate'");
		return;
	}
	least = int_or_percent(v, VP_FIELD(rolling, "maxUnavailable"), unavailable);
	most = int_or_percent(v, VP_FIELD(rolling, "maxSurge"), surge);
	if (unavailable && unavailable->kind == SP_NODE_STR && least > 100)
		v_invalid(v, VP_FIELD(rolling, "maxUnavailable"), "DEPLOY-2",
			  sp_node_str(unavailable, ""), "must not be greater than 100%%");
	if (least == 0 && most == 0)
		v_invalid_node(v, VP_FIELD(rolling, "maxUnavailable"), "DEPLOY-2", unavailable,
			       "may not be 0 when `maxSurge` is 0");
}

void v_replicated_spec(struct sp_v *v, const struct sp_vp *p, enum sp_kind kind,
		       const struct sp_node *spec, const struct sp_k_pod_template *t)
{
	static const char *const always[] = {"Always", NULL};
	const struct sp_vp *tmpl = VP_FIELD(VP_FIELD(p, "template"), "spec");
	struct sp_opt_int ready = number(spec, "minReadySeconds");
	struct sp_opt_int progress = number(spec, "progressDeadlineSeconds");
	/* As the API server calls them in this message */
	const char *word = kind == SP_KIND_DEPLOYMENT     ? "deployment"
			   : kind == SP_KIND_STATEFUL_SET ? "statefulset"
			   : kind == SP_KIND_DAEMON_SET   ? "daemonset"
							  : "replicaset";

	non_negative(v, p, "DEPLOY-1", spec, "replicas");
	selector(v, p, spec, t, word);
	v->claims = kind == SP_KIND_STATEFUL_SET ? sp_node_get(spec, "volumeClaimTemplates") : NULL;
	v_pod_template(v, VP_FIELD(p, "template"), t);
	v->claims = NULL;
	if (t && t->spec)
		v_one_of(v, VP_FIELD(tmpl, "restartPolicy"), "DEPLOY-1", t->spec->restart_policy,
			 always);
	if (kind == SP_KIND_DEPLOYMENT)
		strategy(v, p, sp_node_get(spec, "strategy"));
	v_non_negative(v, VP_FIELD(p, "minReadySeconds"), "DEPLOY-1", &ready);
	non_negative(v, p, "DEPLOY-1", spec, "revisionHistoryLimit");
	v_non_negative(v, VP_FIELD(p, "progressDeadlineSeconds"), "DEPLOY-1", &progress);
	if (progress.set && progress.v >= 0 && progress.v <= (ready.set ? ready.v : 0))
		v_invalid_int(v, VP_FIELD(p, "progressDeadlineSeconds"), "DEPLOY-1", progress.v,
			      "must be greater than minReadySeconds");
}
