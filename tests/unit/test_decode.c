/* SPDX-License-Identifier: Apache-2.0 */
/* Decoding by the tables: every kind of field, what is unknown, misplaced, too new, not acted on.
 */
#include "spec/tables.h"

#include "cmocka_all.h"

#include <stdio.h>

struct decoded {
	struct sp_arena arena;
	struct sp_diags diags, unacted;
	struct sp_source src;
	struct sp_load_options opt;
	struct sp_object o;
	int ret;
};

static void decode_with(struct decoded *d, const char *text, enum sp_validate validate, int minor)
{
	struct sp_node **docs;
	uint32_t n;

	*d = (struct decoded){.src = {"t.yaml", text, strlen(text)},
			      .opt = {.validate = validate, .kube_minor = minor}};
	sp_diags_init(&d->diags, &d->arena);
	sp_diags_init(&d->unacted, &d->arena);
	assert_int_equal(sp_yaml_parse(&d->arena, &d->src, &d->diags, &docs, &n), 0);
	assert_int_equal(n, 1);
	d->ret = sp_object_decode(&d->arena, docs[0], &d->src, &d->opt, &d->diags, &d->unacted,
				  &d->o);
}

static void decode(struct decoded *d, const char *text)
{
	decode_with(d, text, SP_VALIDATE_STRICT, 0);
}

static void done(struct decoded *d)
{
	sp_arena_done(&d->arena);
}

static const char full_pod[] =
	"apiVersion: v1\n"
	"kind: Pod\n"
	"metadata:\n"
	"  name: web\n"
	"  labels: {app: web}\n"
	"  creationTimestamp: 2026-01-02T03:04:05Z\n"
	"  generation: 3\n"
	"spec:\n"
	"  terminationGracePeriodSeconds: 1e1\n"
	"  shareProcessNamespace: yes\n"
	"  hostname: null\n"
	"  overhead: {cpu: 0.25, memory: 64Mi}\n"
	"  securityContext: {supplementalGroups: [1, 2], fsGroup: 5000000000}\n"
	"  volumes:\n"
	"  - name: v\n"
	"    emptyDir: {sizeLimit: 1Gi}\n"
	"  - name: c\n"
	"    configMap: {name: cm, defaultMode: 0644, items: [{key: a, path: b}]}\n"
	"  initContainers:\n"
	"  - name: proxy\n"
	"    image: proxy:1\n"
	"    restartPolicy: Always\n"
	"    startupProbe: {httpGet: {port: http, path: /r}, periodSeconds: 2}\n"
	"  containers:\n"
	"  - name: app\n"
	"    image: app:1\n"
	"    command: [sh, -c, 'true']\n"
	"    ports: [{name: http, containerPort: 8080}]\n"
	"    env:\n"
	"    - {name: A, value: \"1\"}\n"
	"    - {name: B, valueFrom: {secretKeyRef: {name: s, key: k, optional: true}}}\n"
	"    resources: {limits: {cpu: 2, memory: 1e9}}\n"
	"    livenessProbe: {tcpSocket: {port: 8080}}\n"
	"    restartPolicyRules:\n"
	"    - {action: Restart, exitCodes: {operator: In, values: [1, 2]}}\n";

static void test_pod(void **state)
{
	struct decoded d;
	struct sp_k_pod_spec *spec;
	struct sp_k_container *c;

	decode(&d, full_pod);
	assert_int_equal(d.ret, 0);
	assert_int_equal(d.diags.n, 0);
	assert_int_equal(d.unacted.n, 0);
	assert_int_equal(d.o.kind, SP_KIND_POD);
	assert_string_equal(d.o.meta->name, "web");
	assert_string_equal(sp_map_get(&d.o.meta->labels, "app"), "web");
	assert_string_equal(d.o.meta->creation_timestamp, "2026-01-02T03:04:05Z");
	assert_int_equal(d.o.meta->generation.v, 3);
	spec = d.o.pod->spec;
	assert_true(spec->grace_s.set && spec->grace_s.v == 10);
	assert_true(spec->share_pid.set && spec->share_pid.v);
	assert_null(spec->hostname);
	assert_int_equal(sp_quantity_milli(sp_res_get(&spec->overhead, "cpu")), 250);
	assert_int_equal(spec->security->supplemental_groups.n, 2);
	assert_true(spec->security->fs_group.v == 5000000000);
	assert_int_equal(spec->volumes.n, 2);
	assert_string_equal(spec->volumes.v[0].empty_dir->size_limit, "1Gi");
	assert_int_equal(spec->volumes.v[1].config_map->default_mode.v, 420);
	assert_string_equal(spec->volumes.v[1].config_map->items.v[0].path, "b");
	c = &spec->init_containers.v[0];
	assert_string_equal(c->restart_policy, "Always");
	assert_string_equal(c->startup->http->port.str, "http");
	assert_int_equal(c->startup->period_s.v, 2);
	assert_int_equal(c->node->at.line, 20);
	c = &spec->containers.v[0];
	assert_int_equal(c->command.n, 3);
	assert_string_equal(c->command.v[2], "true");
	assert_int_equal(c->ports.v[0].container_port.v, 8080);
	assert_string_equal(c->env.v[0].value, "1");
	assert_string_equal(c->env.v[1].from->secret->key, "k");
	assert_true(c->env.v[1].from->secret->optional.v);
	assert_int_equal(sp_quantity_ceil(sp_res_get(&c->resources->limits, "memory")), 1000000000);
	assert_string_equal(sp_res_get(&c->resources->limits, "memory")->text, "1000000000");
	assert_int_equal(c->liveness->tcp->port.num, 8080);
	assert_null(c->liveness->tcp->port.str);
	assert_int_equal(c->restart_rules.v[0].exit_codes->values.v[1], 2);
	done(&d);
}

static void test_data(void **state)
{
	struct decoded d;

	decode(&d, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n"
		   "data: {a: \"1\", b: }\nbinaryData: {x: AGE=}\nimmutable: true\n");
	assert_int_equal(d.ret, 0);
	assert_string_equal(sp_map_get(&d.o.config_map->data, "b"), "");
	assert_string_equal(sp_node_str(sp_node_at(d.o.node, "data.b"), "?"), "");
	assert_int_equal(d.o.config_map->binary_data.v[0].len, 2);
	assert_memory_equal(d.o.config_map->binary_data.v[0].value, "\0a", 2);
	assert_true(d.o.config_map->immutable.v);
	done(&d);

	decode(&d, "apiVersion: v1\nkind: Secret\nmetadata: {name: c}\n"
		   "data: {a: aGk=}\nstringData: {b: x}\n");
	assert_int_equal(d.ret, 0);
	assert_string_equal(sp_map_get(&d.o.secret->data, "a"), "hi");
	assert_string_equal(sp_map_get(&d.o.secret->string_data, "b"), "x");
	done(&d);
}

#define POD(spec)       "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {" spec "}\n"
#define CONTAINER(text) POD("containers: [{name: c, image: i, " text "}]")

/* One error each: its message, what helps. */
static void test_errors(void **state)
{
	static const struct {
		const char *text, *message, *fix, *rule;
	} cases[] = {
		{POD("hostname: 1"), "spec.hostname must be a string, not an integer",
		 "quote it: \"1\"", "SP004"},
		{POD("hostname: yes"), "spec.hostname must be a string, not a boolean",
		 "quote it: \"yes\"", "SP004"},
		{POD("hostname: [a]"), "spec.hostname must be a string, not a list", NULL, "SP004"},
		{POD("terminationGracePeriodSeconds: \"5\""),
		 "spec.terminationGracePeriodSeconds must be an integer, not a string",
		 "remove the quotes: 5", "SP004"},
		{POD("terminationGracePeriodSeconds: 1.5"),
		 "spec.terminationGracePeriodSeconds must be an integer, not a number",
		 "write a whole number", "SP004"},
		{POD("terminationGracePeriodSeconds: 1m30s"),
		 "spec.terminationGracePeriodSeconds must be an integer, not a string",
		 "write 90, a number of seconds", "SP004"},
		{POD("terminationGracePeriodSeconds: 99999999999999999999"),
		 "spec.terminationGracePeriodSeconds is too large a number", NULL, "SP004"},
		{POD("hostNetwork: \"true\""), "spec.hostNetwork must be a boolean, not a string",
		 "remove the quotes: true", "SP004"},
		{POD("hostNetwork: 1"), "spec.hostNetwork must be a boolean, not an integer",
		 "write true or false", "SP004"},
		{POD("containers: {name: a}"), "spec.containers must be a list, not a map",
		 "begin each item with \"- \", on lines of their own", "SP004"},
		{POD("containers: [x]"), "spec.containers[0] must be a map, not a string", NULL,
		 "SP004"},
		{POD("securityContext: [{}]"), "spec.securityContext must be a map, not a list",
		 "write the fields without \"- \" in front", "SP004"},
		{CONTAINER("env: [{name: A, value: 1}]"),
		 "spec.containers[0].env[0].value must be a string, not an integer",
		 "quote it: \"1\"", "SP004"},
		{CONTAINER("command: [sleep, 5]"),
		 "spec.containers[0].command[1] must be a string, not an integer",
		 "quote it: \"5\"", "SP004"},
		{CONTAINER("command: nginx -g x"),
		 "spec.containers[0].command must be a list of strings, not a string",
		 "write [\"sh\", \"-c\", \"nginx -g x\"]", "SP004"},
		{CONTAINER("args: a b"),
		 "spec.containers[0].args must be a list of strings, not a "
		 "string",
		 "write [\"a b\"]", "SP004"},
		{CONTAINER("ports: [{containerPort: 99999999999}]"),
		 "spec.containers[0].ports[0].containerPort must fit in 32 bits", NULL, "SP004"},
		{CONTAINER("resources: {limits: {memory: 64MB}}"),
		 "spec.containers[0].resources.limits[memory] is not a quantity", "write 64M",
		 "SP004"},
		{CONTAINER("resources: {limits: {memory: 64 mib}}"),
		 "spec.containers[0].resources.limits[memory] is not a quantity", "write 64Mi",
		 "SP004"},
		{CONTAINER("livenessProbe: {httpGet: {port: [1]}}"),
		 "spec.containers[0].livenessProbe.httpGet.port must be an integer or a string, "
		 "not a list",
		 NULL, "SP004"},
		{CONTAINER("imagee: x"), "unknown field spec.containers[0].imagee",
		 "did you mean image?", "SP003"},
		{CONTAINER("ImagePullPolicy: x"),
		 "unknown field spec.containers[0].ImagePullPolicy",
		 "did you mean imagePullPolicy?", "SP003"},
		{"apiVersion: v1\nkind: Pod\nmetadata: {name: p, restartPolicy: Never}\n",
		 "unknown field metadata.restartPolicy", "it belongs to spec or spec.containers[]",
		 "SP003"},
		{POD("image: nginx"), "unknown field spec.image", "it belongs to spec.containers[]",
		 "SP003"},
		{POD("xyzzy: 1"), "unknown field spec.xyzzy", NULL, "SP003"},
		{POD("sidecarContainers: []"), "unknown field spec.sidecarContainers",
		 "move the entries to spec.initContainers, in start order, and add "
		 "restartPolicy: Always to each",
		 "SP003"},
		{POD("SidecarContainers: []"), "unknown field spec.SidecarContainers",
		 "move the entries to spec.initContainers, in start order, and add "
		 "restartPolicy: Always to each",
		 "SP003"},
		{"apiVersion: apps/v1\nkind: Deployment\nspec: {containers: []}\n",
		 "unknown field spec.containers", "it belongs to spec.template.spec", "SP003"},
		{"apiVersion: batch/v1\nkind: CronJob\nspec: {parallelism: 1}\n",
		 "unknown field spec.parallelism", NULL, "SP003"},
		{"kind: Pod\nspec: {}\n", "apiVersion is missing", "add apiVersion: v1", "SP004"},
		{"apiVersion: v1\nspec: {}\n", "kind is missing", "add a line like kind: Pod",
		 "SP004"},
		{"apiVersion: extensions/v1beta1\nkind: Deployment\n",
		 "there is no kind Deployment in apiVersion extensions/v1beta1",
		 "write apiVersion: apps/v1", "SP004"},
		{"apiVersion: v1\nkind: Pood\n", "there is no kind Pood in apiVersion v1",
		 "did you mean Pod?", "SP004"},
		{"apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\n",
		 "kind CiliumNetworkPolicy of cilium.io/v2 does not run here",
		 "sidepod runs Pod, Job, CronJob and Deployment, with ConfigMap, Secret and the "
		 "like beside them",
		 "SP004"},
		{"- a\n", "a manifest must be a map with apiVersion, kind, metadata and spec",
		 "sidepod explain pod shows an example", "SP004"},
		{"apiVersion: v1\nkind: Secret\ndata: {a: hello!}\n", "data[a] is not base64",
		 "encode it with base64 -w0, or write plain text under stringData (Secret) or "
		 "data (ConfigMap)",
		 "SP004"},
		{"apiVersion: v1\nkind: Pod\nmetadata: {creationTimestamp: today}\n",
		 "metadata.creationTimestamp is not a time", "write it like 2006-01-02T15:04:05Z",
		 "SP004"},
		{POD("hostname: \"a\\0b\""), "spec.hostname must not hold a NUL character", NULL,
		 "SP004"},
	};

	for (size_t i = 0; i < SP_ARRAY_LEN(cases); i++) {
		struct decoded d;

		decode(&d, cases[i].text);
		if (d.diags.n != 1 || strcmp(d.diags.v[0].message, cases[i].message) != 0)
			print_message("case %zu: %u: %s\n", i, d.diags.n,
				      d.diags.n ? d.diags.v[0].message : "");
		assert_int_equal(d.ret, -1);
		assert_int_equal(d.diags.n, 1);
		assert_null(d.o.any);
		assert_string_equal(d.diags.v[0].message, cases[i].message);
		assert_string_equal(d.diags.v[0].rule, cases[i].rule);
		assert_true(d.diags.v[0].at.line > 0);
		if (cases[i].fix)
			assert_string_equal(d.diags.v[0].fix, cases[i].fix);
		else
			assert_null(d.diags.v[0].fix);
		done(&d);
	}
}

static void test_all_at_once(void **state)
{
	struct decoded d;

	decode(&d, POD("hostname: 1, foo: 2, containers: [{image: 3}, 4], volumes: {}"));
	assert_int_equal(d.ret, -1);
	assert_int_equal(d.diags.n, 5);
	assert_string_equal(d.o.meta->name, "p");
	done(&d);
}

static void test_validate_modes(void **state)
{
	static const char text[] = POD("foo: 2, hostname: h, sidecars: []");
	struct decoded d;

	decode_with(&d, text, SP_VALIDATE_WARN, 0);
	assert_int_equal(d.ret, 0);
	assert_int_equal(d.diags.n, 2);
	assert_int_equal(d.diags.n_errors, 0);
	assert_int_equal(d.diags.v[0].severity, SP_SEV_WARNING);
	assert_null(sp_node_at(d.o.node, "spec.foo")); /* as the API server stores it */
	assert_non_null(sp_node_at(d.o.node, "spec.hostname"));
	done(&d);

	decode_with(&d, text, SP_VALIDATE_IGNORE, 0);
	assert_int_equal(d.ret, 0);
	assert_int_equal(d.diags.n, 0);
	done(&d);
}

/* Section 22 of the lifecycle rules: what older releases do not have. */
static void test_minors(void **state)
{
	static const struct {
		const char *text;
		int first;
	} cases[] = {
		{POD("initContainers: [{name: a, image: b, restartPolicy: Always}]"), 29},
		{CONTAINER("restartPolicyRules: []"), 35},
		{CONTAINER("lifecycle: {preStop: {sleep: {seconds: 1}}}"), 30},
		{POD("resources: {}"), 34},
		{POD("hostnameOverride: a"), 35},
		{POD("volumes: [{name: a, image: {reference: b}}]"), 33},
		{"apiVersion: batch/v1\nkind: Job\nspec: {backoffLimitPerIndex: 1}\n", 29},
	};

	for (size_t i = 0; i < SP_ARRAY_LEN(cases); i++) {
		struct decoded d;

		decode_with(&d, cases[i].text, SP_VALIDATE_STRICT, cases[i].first);
		assert_int_equal(d.ret, 0);
		done(&d);
		decode_with(&d, cases[i].text, SP_VALIDATE_STRICT, cases[i].first - 1);
		assert_int_equal(d.ret, -1);
		assert_non_null(strstr(d.diags.v[0].message, "needs Kubernetes 1."));
		done(&d);
	}
}

static void test_unacted(void **state)
{
	struct decoded d;

	decode(&d,
	       "apiVersion: v1\nkind: Pod\n"
	       "metadata: {name: p, annotations: {a: b}, ownerReferences: [{name: x}]}\n"
	       "spec:\n"
	       "  nodeSelector: {a: b}\n"
	       "  affinity: {podAffinity: {requiredDuringSchedulingIgnoredDuringExecution: []}}\n"
	       "  volumes: [{name: disk, nfs: {server: s, path: /}}]\n"
	       "  containers: [{name: c, image: i, securityContext: {seLinuxOptions: {}}}]\n"
	       "status: {phase: Running, anything: 1}\n");
	assert_int_equal(d.ret, 0);
	assert_int_equal(d.unacted.n, 4);
	assert_string_equal(d.unacted.v[0].path, "spec.nodeSelector");
	assert_int_equal(d.unacted.v[0].at.line, 5);
	assert_string_equal(d.unacted.v[2].message, "spec.volumes[0].nfs is not acted on");
	assert_int_equal(d.unacted.v[2].severity, SP_SEV_INFO);
	done(&d);

	/* what is not acted on is checked all the same */
	decode(&d, POD("tolerations: [{key: 1, oops: 2}]"));
	assert_int_equal(d.diags.n, 2);
	assert_int_equal(d.unacted.n, 1);
	done(&d);

	decode(&d, "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: x}\n");
	assert_int_equal(d.ret, 1);
	assert_int_equal(d.diags.n, 0);
	assert_int_equal(d.unacted.n, 1);
	done(&d);
}

static void test_controllers(void **state)
{
	struct decoded d;
	const struct sp_k_job_spec *job;
	const struct sp_k_workload_spec *w;

	decode(&d, "apiVersion: batch/v1\nkind: CronJob\nspec:\n"
		   "  schedule: '@daily'\n"
		   "  jobTemplate:\n"
		   "    spec:\n"
		   "      completions: 3\n"
		   "      podFailurePolicy:\n"
		   "        rules:\n"
		   "        - action: FailJob\n"
		   "          onExitCodes: {operator: In, values: [1]}\n"
		   "      template:\n"
		   "        spec: {restartPolicy: Never, containers: [{name: a, image: b}]}\n");
	assert_int_equal(d.ret, 0);
	assert_string_equal(d.o.cron_job->spec->schedule, "@daily");
	job = d.o.cron_job->spec->job_template->spec;
	assert_int_equal(job->completions.v, 3);
	assert_int_equal(job->failure_policy->rules.v[0].codes->values.v[0], 1);
	assert_string_equal(job->template->spec->containers.v[0].name, "a");
	done(&d);

	decode(&d,
	       "apiVersion: apps/v1\nkind: Deployment\nspec:\n"
	       "  selector: {matchLabels: {a: b}, matchExpressions: [{key: k, operator: Exists}]}\n"
	       "  strategy: {rollingUpdate: {maxSurge: 30%, maxUnavailable: 1}}\n"
	       "  template: {metadata: {labels: {a: b}}}\n");
	assert_int_equal(d.ret, 0);
	w = d.o.workload->spec;
	assert_string_equal(w->strategy->rolling->max_surge.str, "30%");
	assert_int_equal(w->strategy->rolling->max_unavailable.num, 1);
	assert_string_equal(w->selector->exprs.v[0].op, "Exists");
	assert_string_equal(sp_map_get(&w->template->meta->labels, "a"), "b");
	done(&d);
}

static void test_trusted(void **state)
{
	static const char good[] = "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"spec\":{\"hostname\":"
				   "\"\\ud83d\\ude00\",\"terminationGracePeriodSeconds\":5}}";
	static const char bad[] = "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"spec\":1}";
	struct sp_arena a = {0};
	struct sp_source src = {"pod.json", "", 0};
	struct sp_error err;
	struct sp_object o;
	struct sp_node *n;

	assert_int_equal(sp_node_from_json(&a, good, strlen(good), &n, &err), 0);
	assert_int_equal(sp_object_decode(&a, n, &src, NULL, NULL, NULL, &o), 0);
	assert_int_equal(o.pod->spec->grace_s.v, 5);
	assert_string_equal(o.pod->spec->hostname, "\xf0\x9f\x98\x80");
	assert_int_equal(sp_node_from_json(&a, bad, strlen(bad), &n, &err), 0);
	assert_int_equal(sp_object_decode(&a, n, &src, NULL, NULL, NULL, &o), -1);

	assert_int_equal(sp_node_from_json(&a, "{\"a\":1,\n\"a\":2}", 15, &n, &err), -1);
	assert_non_null(strstr(err.text, "line 2:"));
	assert_int_equal(sp_node_from_json(&a, "{} x", 4, &n, &err), -1);
	assert_int_equal(sp_node_from_json(&a, "[1.5,true,null,\"x\",-3]", 22, &n, &err), 0);
	{
		struct sp_buf b = {0};

		sp_node_json(n, -1, &b);
		assert_string_equal(b.ptr, "[1.5,true,null,\"x\",-3]");
		sp_buf_clear(&b);
		sp_buf_fill(&b, '[', 101);
		sp_buf_fill(&b, ']', 101);
		assert_int_equal(sp_node_from_json(&a, b.ptr, b.len, &n, &err), -1);
		assert_string_equal(err.text, "read JSON: more than 100 levels");
		sp_buf_done(&b);
	}
	sp_arena_done(&a);
}

/* The tables themselves: texts in order, no name twice, types of fields exist. */
static void test_tables(void **state)
{
	uint32_t n = 0;

	for (int t = SP_T_NONE + 1; t < SP_TYPES; t++) {
		const struct sp_type *type = sp_type_get((enum sp_type_id)t);

		for (const struct sp_field *f = type->fields; f->text; f++, n++) {
			size_t doc = strlen(sp_field_doc(f));

			assert_ptr_equal(sp_type_field((enum sp_type_id)t, sp_field_name(f)), f);
			assert_true(doc > 4 && doc < 160);
			assert_non_null(strchr(".?", sp_field_doc(f)[doc - 1]));
			assert_true(f->act != SP_ACT_YES || f->offset < type->size);
			if (f->kind == SP_F_OBJ || f->kind == SP_F_OBJS) {
				assert_true(f->type > SP_T_NONE && f->type < SP_TYPES);
				assert_true(f->act != SP_ACT_YES || sp_type_get(f->type)->size > 0);
			}
		}
	}
	assert_true(n > 600);
	assert_string_equal(sp_field_default(sp_type_field(SP_T_PROBE, "periodSeconds")), "10");
	assert_string_equal(sp_field_values(sp_type_field(SP_T_CONTAINER, "restartPolicy")),
			    "Always, OnFailure, Never");
	assert_string_equal(sp_field_where(sp_type_field(SP_T_CONTAINER, "lifecycle")),
			    "sidecar, regular");
	assert_null(sp_field_default(sp_type_field(SP_T_CONTAINER, "image")));
	assert_string_equal(sp_field_kind_name(sp_type_field(SP_T_CONTAINER, "args")),
			    "list of strings");
}

/* Lists and maps have sizes that people use; checks compare all with all. */
static void test_sizes(void **state)
{
	struct sp_buf b = {0};
	struct decoded d;

	sp_buf_puts(&b, "apiVersion: v1\nkind: Pod\nspec: {overhead: {");
	for (int i = 0; i <= SP_RESOURCES_MAX; i++)
		sp_buf_printf(&b, "a/r%d: 1, ", i);
	sp_buf_puts(&b, "}, containers: [");
	for (int i = 0; i <= SP_ITEMS_MAX; i++)
		sp_buf_puts(&b, "{}, ");
	sp_buf_puts(&b, "], nodeSelector: {");
	for (int i = 0; i <= SP_ITEMS_MAX; i++)
		sp_buf_printf(&b, "k%d: v, ", i);
	sp_buf_puts(&b, "}}\n");
	decode(&d, b.ptr);
	assert_int_equal(d.diags.n, 3);
	assert_string_equal(d.diags.v[0].message, "spec.overhead has more than 64 items");
	assert_string_equal(d.diags.v[1].message, "spec.containers has more than 10000 items");
	assert_string_equal(d.diags.v[2].message, "spec.nodeSelector has more than 10000 items");
	done(&d);
	sp_buf_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pod),
		cmocka_unit_test(test_data),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_all_at_once),
		cmocka_unit_test(test_validate_modes),
		cmocka_unit_test(test_minors),
		cmocka_unit_test(test_unacted),
		cmocka_unit_test(test_controllers),
		cmocka_unit_test(test_trusted),
		cmocka_unit_test(test_tables),
		cmocka_unit_test(test_sizes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
