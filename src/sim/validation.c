/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `validation` scenarios: a manifest is made of each case, loaded as a user's file would be, and
 * the problems found are compared with the expected list, in order.
 */
#include "sim/expect.h"
#include "sim/tables.h"
#include "spec/validate.h"

struct job {
	const struct sp_scn_reader *r;
	struct sp_diff *diff;
	const struct sp_node *whole; /* the scenario, where it has no cases */
	char label[32];
};

/* "containers[0].livenessProbe" below `pod`: puts @value there. */
static int put_probe(struct sp_arena *a, struct sp_node *pod, const char *path,
		     const struct sp_node *value)
{
	const char *dot = strrchr(path, '.');
	const struct sp_node *ctr;
	char mem[128];

	if (!dot || (size_t)(dot - path) >= sizeof(mem) || strncmp(path, "spec.", 5) != 0)
		return -1;
	memcpy(mem, path + 5, (size_t)(dot - path - 5));
	mem[dot - path - 5] = 0;
	ctr = sp_node_at(pod, mem);
	for (uint32_t i = 0; ctr && i < pod->n; i++) {
		struct sp_node *list = pod->pairs[i].value;

		for (uint32_t k = 0; list->kind == SP_NODE_LIST && k < list->n; k++)
			if (list->items[k] == ctr)
				return sp_node_set(a, list->items[k], dot + 1,
						   sp_node_clone(a, value));
	}
	return -1;
}

static int put_plain_ctr(struct sp_arena *a, struct sp_node *pod, const char *key, const char *name)
{
	struct sp_node *list = sp_node_new(a, SP_NODE_LIST), *ctr = sp_node_new(a, SP_NODE_MAP);

	if (!list || !ctr || sp_node_set(a, ctr, "name", sp_node_new_str(a, name)) < 0 ||
	    sp_node_set(a, ctr, "image", sp_node_new_str(a, "x")) < 0 ||
	    sp_node_push(a, list, ctr) < 0)
		return -1;
	return sp_node_set(a, pod, key, list);
}

/* A pod with one good container, the ground for cases about a single field; and with an init
 * container where @field is one of it. */
static struct sp_node *plain_pod(struct sp_arena *a, const char *field)
{
	struct sp_node *pod = sp_node_new(a, SP_NODE_MAP);

	if (!pod || put_plain_ctr(a, pod, "containers", "app") < 0)
		return NULL;
	if (strncmp(field, "spec.initContainers[", 20) == 0 &&
	    put_plain_ctr(a, pod, "initContainers", "init") < 0)
		return NULL;
	return pod;
}

static struct sp_node *wrap_pod(struct sp_arena *a, struct sp_node *spec)
{
	struct sp_node *doc = sp_node_new(a, SP_NODE_MAP), *meta = sp_node_new(a, SP_NODE_MAP);

	if (!doc || !meta || !spec || sp_node_set(a, meta, "name", sp_node_new_str(a, "p")) < 0 ||
	    sp_node_set(a, doc, "kind", sp_node_new_str(a, "Pod")) < 0 ||
	    sp_node_set(a, doc, "metadata", meta) < 0 || sp_node_set(a, doc, "spec", spec) < 0)
		return NULL;
	return doc;
}

/* A workload of @spec: its template, told as a short pod like {restartPolicy}, made whole. */
static struct sp_node *wrap_workload(struct sp_arena *a, const char *group, const char *kind,
				     const char *name, struct sp_node *spec,
				     const struct sp_node *labels)
{
	struct sp_node *doc = sp_node_new(a, SP_NODE_MAP), *meta = sp_node_new(a, SP_NODE_MAP);
	struct sp_node *template = sp_node_new(a, SP_NODE_MAP), *pod = plain_pod(a, "");
	struct sp_node *pod_meta = sp_node_new(a, SP_NODE_MAP);
	const struct sp_node *told = sp_node_get(spec, "template");

	if (!doc || !meta || !spec || !template || !pod || !pod_meta)
		return NULL;
	for (uint32_t i = 0; told && i < told->n; i++)
		if (sp_node_set(a, pod, told->pairs[i].key,
				sp_node_clone(a, told->pairs[i].value)) < 0)
			return NULL;
	if (labels && (sp_node_set(a, pod_meta, "labels", sp_node_clone(a, labels)) < 0 ||
		       sp_node_set(a, template, "metadata", pod_meta) < 0))
		return NULL;
	if (sp_node_set(a, doc, "apiVersion", sp_node_new_str(a, group)) < 0 ||
	    sp_node_set(a, doc, "kind", sp_node_new_str(a, kind)) < 0 ||
	    sp_node_set(a, meta, "name", sp_node_new_str(a, name)) < 0 ||
	    sp_node_set(a, doc, "metadata", meta) < 0 ||
	    sp_node_set(a, template, "spec", pod) < 0 ||
	    sp_node_set(a, spec, "template", template) < 0 || sp_node_set(a, doc, "spec", spec) < 0)
		return NULL;
	return doc;
}

/* Without completions it is a work queue. */
static struct sp_node *wrap_job(struct sp_arena *a, const struct sp_node *job)
{
	struct sp_node *spec = sp_node_clone(a, job);

	if (!spec || (!sp_node_get(spec, "parallelism") &&
		      sp_node_set(a, spec, "parallelism", sp_node_new_int(a, 1)) < 0))
		return NULL;
	return wrap_workload(a, "batch/v1", "Job", "j", spec, NULL);
}

/* The DeploymentSpec with the selector and the labels that go together. */
static struct sp_node *wrap_deployment(struct sp_arena *a, const struct sp_node *deployment)
{
	struct sp_node *spec = sp_node_clone(a, deployment);
	struct sp_node *selector = sp_node_new(a, SP_NODE_MAP),
		       *labels = sp_node_new(a, SP_NODE_MAP);

	if (!spec || !selector || !labels ||
	    sp_node_set(a, labels, "app", sp_node_new_str(a, "d")) < 0 ||
	    sp_node_set(a, selector, "matchLabels", labels) < 0 ||
	    (!sp_node_get(spec, "selector") && sp_node_set(a, spec, "selector", selector) < 0))
		return NULL;
	return wrap_workload(a, "apps/v1", "Deployment", "d", spec, labels);
}

/* The CronJobSpec and its `name`; what it does not tell is a job of one pod each minute. */
static struct sp_node *wrap_cron_job(struct sp_arena *a, const struct sp_node *cron_job)
{
	static const char *const defaults[] = {"schedule", "jobTemplate"};
	struct sp_node *doc = sp_node_new(a, SP_NODE_MAP), *meta = sp_node_new(a, SP_NODE_MAP);
	struct sp_node *spec = sp_node_new(a, SP_NODE_MAP), *job = sp_node_new(a, SP_NODE_MAP);
	struct sp_node *never = sp_node_new(a, SP_NODE_MAP),
		       *template = sp_node_new(a, SP_NODE_MAP);
	const struct sp_node *values[SP_ARRAY_LEN(defaults)] = {sp_node_new_str(a, "* * * * *"),
								template};
	const char *name = sp_node_str(sp_node_get(cron_job, "name"), "c");

	if (!doc || !meta || !spec || !job || !never || !template || !values[0] ||
	    sp_node_set(a, never, "restartPolicy", sp_node_new_str(a, "Never")) < 0 ||
	    sp_node_set(a, job, "template", never) < 0 ||
	    sp_node_set(a, template, "spec",
			sp_node_clone(a, sp_node_get(wrap_job(a, job), "spec"))) < 0)
		return NULL;
	for (uint32_t i = 0; i < cron_job->n; i++)
		if (!sp_streq(cron_job->pairs[i].key, "name") &&
		    sp_node_set(a, spec, cron_job->pairs[i].key,
				sp_node_clone(a, cron_job->pairs[i].value)) < 0)
			return NULL;
	for (size_t i = 0; i < SP_ARRAY_LEN(defaults); i++)
		if (!sp_node_get(spec, defaults[i]) &&
		    sp_node_set(a, spec, defaults[i], sp_node_clone(a, values[i])) < 0)
			return NULL;
	if (sp_node_set(a, doc, "apiVersion", sp_node_new_str(a, "batch/v1")) < 0 ||
	    sp_node_set(a, doc, "kind", sp_node_new_str(a, "CronJob")) < 0 ||
	    sp_node_set(a, meta, "name", sp_node_new_str(a, name)) < 0 ||
	    sp_node_set(a, doc, "metadata", meta) < 0 || sp_node_set(a, doc, "spec", spec) < 0)
		return NULL;
	return doc;
}

static struct sp_node *case_document(const struct job *j, const struct sp_node *c)
{
	struct sp_arena *a = j->r->arena;
	const struct sp_node *n = sp_node_get(c, "manifest");
	struct sp_node *doc = NULL, *pod;

	if (n) {
		doc = sp_node_clone(a, n);
	} else if ((n = sp_node_get(c, "pod"))) {
		doc = wrap_pod(a, sp_node_clone(a, n));
	} else if ((n = sp_node_get(c, "job"))) {
		doc = wrap_job(a, n);
	} else if ((n = sp_node_get(c, "cronjob"))) {
		doc = wrap_cron_job(a, n);
	} else if ((n = sp_node_get(c, "deployment"))) {
		doc = wrap_deployment(a, n);
	} else if ((n = sp_node_get(c, "probe"))) {
		const char *field = sp_node_str(sp_node_get(c, "field"), "");

		pod = plain_pod(a, field);
		if (pod && put_probe(a, pod, field, n) == 0)
			doc = wrap_pod(a, pod);
	}
	if (doc && !sp_node_get(doc, "apiVersion") &&
	    sp_node_set(a, doc, "apiVersion", sp_node_new_str(a, "v1")) < 0)
		return NULL;
	return doc;
}

/* A finding as the API words it: "<path>: <Type>: …". */
static const char *rendered(struct sp_arena *a, const struct sp_diag *d)
{
	if (!d->path || !*d->path || strncmp(d->message, d->path, strlen(d->path)) == 0)
		return d->message;
	return sp_arena_printf(a, "%s: %s", d->path, d->message);
}

static bool ends_with(const char *text, const char *suffix)
{
	size_t n = strlen(text), m = strlen(suffix);

	return n >= m && sp_streq(text + n - m, suffix);
}

static void compare_errors(struct job *j, const struct sp_node *c, const struct sp_manifest *m)
{
	const struct sp_node *want = sp_node_get(c, "errors");
	const char *suffix = sp_node_str(sp_node_get(c, "errorSuffix"), NULL);
	uint32_t n = 0;
	bool suffix_seen = false;

	for (uint32_t i = 0; i < m->diags.n; i++) {
		const char *got;

		if (m->diags.v[i].severity != SP_SEV_ERROR)
			continue;
		got = rendered(j->r->arena, &m->diags.v[i]);
		suffix_seen |= suffix && ends_with(got, suffix);
		if (want && n >= want->n)
			sp_diff_add(j->diff, "%s: expected %u problems, got also \"%s\"", j->label,
				    want->n, got);
		else if (want && !sp_streq(sp_node_str(want->items[n], ""), got))
			sp_diff_add(j->diff, "%s: expected \"%s\", got \"%s\"", j->label,
				    sp_node_str(want->items[n], ""), got);
		n++;
	}
	for (; want && n < want->n; n++)
		sp_diff_add(j->diff, "%s: expected \"%s\", got no such problem", j->label,
			    sp_node_str(want->items[n], ""));
	if (suffix && !suffix_seen)
		sp_diff_add(j->diff, "%s: expected a problem that ends with \"%s\", got none",
			    j->label, suffix);
}

/* What a client is told, as a whole or its first line. */
static void compare_message(struct job *j, const struct sp_node *c, const struct sp_manifest *m)
{
	const char *whole = sp_node_str(sp_node_get(c, "clientMessage"), NULL);
	const char *first = sp_node_str(sp_node_get(c, "clientMessageFirstLine"), NULL);
	SP_CLEANUP(sp_buf_done) struct sp_buf got = {0};
	size_t n;

	if (!whole && !first)
		return;
	if (m->n_objects && m->diags.n_errors)
		sp_validation_text(&m->objects[0], &m->diags, 0, &got);
	n = got.len ? strcspn(got.ptr, "\n") : 0;
	if (whole && !sp_expect_text(whole, got.len ? got.ptr : ""))
		sp_diff_add(j->diff, "%s: expected the client's message \"%s\", got \"%s\"",
			    j->label, whole, got.len ? got.ptr : "");
	if (first && (strlen(first) != n || strncmp(first, n ? got.ptr : "", n) != 0))
		sp_diff_add(j->diff,
			    "%s: expected the client's message to begin \"%s\", got \"%.*s\"",
			    j->label, first, (int)n, n ? got.ptr : "");
}

static void compare_defaults(struct job *j, const struct sp_node *c, const struct sp_manifest *m)
{
	const struct sp_node *want = sp_node_get(c, "defaulted"), *got;

	if (!want || m->n_objects == 0)
		return;
	got = sp_node_at(m->objects[0].node, sp_node_str(sp_node_get(c, "field"), ""));
	for (uint32_t i = 0; i < want->n; i++) {
		const struct sp_node *v = sp_node_get(got, want->pairs[i].key);

		if (!v || !sp_node_equal(v, want->pairs[i].value))
			sp_diff_add(j->diff, "%s: default of %s: expected %s, got %s", j->label,
				    want->pairs[i].key, want->pairs[i].value->text,
				    v && v->text ? v->text : "nothing");
	}
}

static const char *const case_keys[] = {
	"manifest", "pod",    "job",         "cronjob",   "deployment",    "probe",
	"field",    "errors", "errorSuffix", "defaulted", "clientMessage", "clientMessageFirstLine",
	"note",     NULL};
static const char *const scenario_keys[] = {
	"id", "title", "source", "upstream_test", "rules", "kind", "optional", "cases", NULL};

static bool zone_known(void *arg, const char *name)
{
	const struct sp_scn_outside *o = arg;

	return o->zone(o->zone_arg, name) != NULL;
}

static int check_case(struct job *j, const struct sp_node *c)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf text = {0};
	const struct sp_scn_outside *o = j->r->outside;
	const struct sp_load_options opt = {.kube_minor = o ? o->kube_minor : 0,
					    .zone_known = o && o->zone ? zone_known : NULL,
					    .arg = (void *)(uintptr_t)o};
	const struct sp_node *doc = case_document(j, c);
	struct sp_manifest m;
	int r;

	if (sp_scn_keys(j->r, c, "case", case_keys, c == j->whole ? scenario_keys : NULL) < 0)
		return -1;
	if (!sp_node_get(c, "errors") && !sp_node_get(c, "errorSuffix") &&
	    !sp_node_get(c, "defaulted"))
		return sp_scn_fail(j->r, c,
				   "a case expects errors, an errorSuffix or what is defaulted");
	if (sp_node_get(c, "errors") && sp_node_get(c, "errors")->kind != SP_NODE_LIST)
		return sp_scn_fail(j->r, c, "errors: a list is needed");
	if (!doc)
		return sp_scn_fail(
			j->r, c,
			"a case needs a manifest, a pod, a job, a cronjob, a deployment, or a "
			"probe and its field");
	sp_node_json(doc, -1, &text);
	if (text.failed)
		return sp_fail(j->r->err, SP_E_NO_MEMORY, "check a validation scenario");
	sp_manifest_init(&m, &opt);
	r = sp_manifest_add(&m, "case", text.ptr, text.len);
	if (r < 0)
		sp_fail(j->r->err, SP_E_NO_MEMORY, "check a validation scenario");
	else
		compare_errors(j, c, &m);
	if (r == 0) {
		compare_message(j, c, &m);
		compare_defaults(j, c, &m);
	}
	sp_manifest_done(&m);
	return r;
}

int sp_table_validation(const struct sp_scn_reader *r, const struct sp_scenario *s,
			struct sp_diff *diff, enum sp_table_result *ret, const char **reason)
{
	const struct sp_node *cases = sp_node_get(s->node, "cases");
	struct job j = {.r = r, .diff = diff, .label = "the manifest", .whole = s->node};

	*ret = SP_TABLE_CHECKED;
	if (!cases)
		return check_case(&j, s->node);
	if (sp_scn_keys(r, s->node, "scenario", scenario_keys, case_keys) < 0)
		return -1;
	for (uint32_t i = 0; i < cases->n; i++) {
		struct sp_buf b = sp_buf_fixed(j.label, sizeof(j.label));

		if (cases->kind != SP_NODE_LIST)
			return sp_scn_fail(r, cases, "cases: a list is needed");
		sp_buf_printf(&b, "case %u", i + 1);
		if (check_case(&j, cases->items[i]) < 0)
			return -1;
	}
	return 0;
}
