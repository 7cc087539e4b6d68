/* SPDX-License-Identifier: Apache-2.0 */
/* Manifests: several sources and documents, lists, names, duplicates; defaults; the core's view. */
#include "spec/load.h"

#include "core/pod.h"
#include "core/resources.h"

#include "cmocka_all.h"

static void load(struct sp_manifest *m, const char *text)
{
	sp_manifest_init(m, NULL);
	assert_int_equal(sp_manifest_add(m, "t.yaml", text, strlen(text)), 0);
}

static void check_json(const struct sp_node *n, const char *json)
{
	struct sp_buf b = {0};

	sp_node_json(n, -1, &b);
	assert_string_equal(b.ptr, json);
	sp_buf_done(&b);
}

#define POD_HEAD "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n"

static void test_sources(void **state)
{
	static const char a[] = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n---\n"
				"apiVersion: v1\nkind: List\nitems:\n"
				"- apiVersion: v1\n  kind: Secret\n  metadata: {name: s}\n"
				"- apiVersion: v1\n  kind: PodList\n  items:\n"
				"  - metadata: {name: p, namespace: x}\n"
				"    spec: {containers: [{name: c, image: i}]}\n";
	static const char b[] = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n";
	static const char c[] =
		"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: z}\n";
	struct sp_load_options opt = {.default_ns = "team"};
	struct sp_manifest m;

	sp_manifest_init(&m, &opt);
	assert_int_equal(sp_manifest_add(&m, "a.yaml", a, sizeof(a) - 1), 0);
	assert_int_equal(m.diags.n, 0);
	assert_int_equal(m.n_objects, 3);
	assert_int_equal(m.objects[1].kind, SP_KIND_SECRET);
	assert_string_equal(m.objects[1].meta->ns, "team");
	assert_int_equal(m.objects[2].kind, SP_KIND_POD);
	assert_string_equal(m.objects[2].meta->ns, "x");
	assert_string_equal(sp_node_str(sp_node_get(m.objects[2].node, "apiVersion"), ""), "v1");

	assert_int_equal(sp_manifest_add(&m, "c.yaml", c, sizeof(c) - 1), 0);
	assert_int_equal(m.diags.n, 0);
	assert_int_equal(sp_manifest_add(&m, "b.yaml", b, sizeof(b) - 1), 0);
	assert_int_equal(m.diags.n, 1);
	assert_string_equal(m.diags.v[0].message, "ConfigMap a is given a second time");
	assert_string_equal(m.diags.v[0].file, "b.yaml");
	assert_string_equal(m.diags.v[0].why, "the first one is at a.yaml:3");
	assert_int_equal(m.diags.v[0].at.line, 3);
	sp_manifest_done(&m);
}

static void test_names(void **state)
{
	static const char text[] =
		"apiVersion: v1\nkind: ConfigMap\nmetadata: {generateName: job-}\n"
		"---\n"
		"apiVersion: v1\nkind: ConfigMap\nmetadata: {generateName: job-}\n";
	struct sp_load_options opt = {.name_seed = 7};
	struct sp_manifest m, again;

	sp_manifest_init(&m, &opt);
	sp_manifest_init(&again, &opt);
	assert_int_equal(sp_manifest_add(&m, "t", text, sizeof(text) - 1), 0);
	assert_int_equal(sp_manifest_add(&again, "t", text, sizeof(text) - 1), 0);
	assert_int_equal(m.diags.n, 0);
	assert_int_equal(strlen(m.objects[0].meta->name), 9);
	assert_int_equal(strncmp(m.objects[0].meta->name, "job-", 4), 0);
	assert_int_equal(strspn(m.objects[0].meta->name + 4, "bcdfghjklmnpqrstvwxz2456789"), 5);
	assert_string_not_equal(m.objects[0].meta->name, m.objects[1].meta->name);
	assert_string_equal(m.objects[0].meta->name, again.objects[0].meta->name);
	assert_string_equal(sp_node_str(sp_node_at(m.objects[0].node, "metadata.name"), ""),
			    m.objects[0].meta->name);
	sp_manifest_done(&m);
	sp_manifest_done(&again);
}

/* One bad document does not hide the findings of the others. */
static void test_all_findings(void **state)
{
	struct sp_manifest m;

	load(&m,
	     "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {hostname: 1}\n---\n" POD_HEAD
	     "  containers: [{name: C_, image: i}]\n---\n"
	     "apiVersion: v1\nkind: Wombat\n---\n"
	     "a: [\n");
	assert_true(m.diags.n_errors >= 4);
	assert_int_equal(m.n_objects, 3);
	assert_null(m.objects[0].any);
	assert_string_equal(m.objects[0].meta->name, "a");
	assert_non_null(m.objects[1].any);
	sp_manifest_done(&m);
}

static void test_too_big(void **state)
{
	static char big[SP_SOURCE_MAX_BYTES + 1];
	struct sp_manifest m;

	memset(big, '#', sizeof(big));
	sp_manifest_init(&m, NULL);
	assert_int_equal(sp_manifest_add(&m, "big", big, sizeof(big)), 0);
	assert_int_equal(m.diags.n_errors, 1);
	assert_true(m.arena.used_bytes < 4096);
	sp_manifest_done(&m);
}

/* A fragment of a pod on the left, the same place after defaulting on the right. (DEF-1, DEF-2,
 * DEF-3, DEF-4, DEF-5, DEF-7, DEF-15, DEF-16, DEF-17, DEF-18, DEF-19, DEF-20) */
static void test_pod_defaults(void **state)
{
	static const struct {
		const char *spec, *path, *json;
	} cases[] = {
		{"", "spec.restartPolicy", "\"Always\""},
		{"", "spec.terminationGracePeriodSeconds", "30"},
		{"  terminationGracePeriodSeconds: 0\n", "spec.terminationGracePeriodSeconds", "0"},
		{"", "spec.dnsPolicy", "\"ClusterFirst\""},
		{"", "spec.securityContext", "{}"},
		{"", "spec.enableServiceLinks", "true"},
		{"", "metadata.namespace", "\"default\""},
		{"  hostname: null\n", "spec",
		 "{\"containers\":[{\"name\":\"c\",\"image\":\"i\",\"imagePullPolicy\":\"Always\","
		 "\"terminationMessagePath\":\"/dev/termination-log\","
		 "\"terminationMessagePolicy\":\"File\"}],\"restartPolicy\":\"Always\","
		 "\"terminationGracePeriodSeconds\":30,\"dnsPolicy\":\"ClusterFirst\","
		 "\"securityContext\":{},\"enableServiceLinks\":true}"},
		{"  volumes: [{name: a}]\n", "spec.volumes[0]", "{\"name\":\"a\",\"emptyDir\":{}}"},
		{"  volumes: [{name: a, secret: {secretName: s}}]\n",
		 "spec.volumes[0].secret.defaultMode", "420"},
		{"  volumes: [{name: a, hostPath: {path: /x}}]\n", "spec.volumes[0].hostPath",
		 "{\"path\":\"/x\",\"type\":\"\"}"},
		{"  volumes: [{name: a, projected: {sources: [{serviceAccountToken: {path: t}}]}}]\n",
		 "spec.volumes[0].projected",
		 "{\"sources\":[{\"serviceAccountToken\":{\"path\":\"t\",\"expirationSeconds\":"
		 "3600}}],\"defaultMode\":420}"},
		{"  volumes: [{name: a, downwardAPI: {items: [{path: b, fieldRef: {fieldPath: "
		 "metadata.name}}]}}]\n",
		 "spec.volumes[0].downwardAPI.items[0].fieldRef",
		 "{\"fieldPath\":\"metadata.name\",\"apiVersion\":\"v1\"}"},
	};

	for (size_t i = 0; i < SP_ARRAY_LEN(cases); i++) {
		struct sp_manifest m;
		struct sp_buf b = {0};

		sp_buf_printf(&b, POD_HEAD "  containers: [{name: c, image: i}]\n%s",
			      cases[i].spec);
		load(&m, b.ptr);
		if (m.diags.n)
			print_message("%zu: %s\n", i, m.diags.v[0].message);
		assert_int_equal(m.diags.n, 0);
		check_json(sp_node_at(m.objects[0].node, cases[i].path), cases[i].json);
		/* a second time changes nothing */
		assert_int_equal(sp_object_default(&m.arena, &m.objects[0], NULL), 0);
		check_json(sp_node_at(m.objects[0].node, cases[i].path), cases[i].json);
		sp_manifest_done(&m);
		sp_buf_done(&b);
	}
}

/* DEF-8, DEF-11, DEF-12 */
static void test_container_defaults(void **state)
{
	static const struct {
		const char *container, *path, *json;
	} cases[] = {
		{"image: a", "imagePullPolicy", "\"Always\""},
		{"image: a:latest", "imagePullPolicy", "\"Always\""},
		{"image: a:1", "imagePullPolicy", "\"IfNotPresent\""},
		{"image: host:5000/a", "imagePullPolicy", "\"Always\""},
		{"image: a@sha256:0000", "imagePullPolicy", "\"IfNotPresent\""},
		{"image: a:latest@sha256:0000", "imagePullPolicy", "\"Always\""},
		{"image: a, imagePullPolicy: Never", "imagePullPolicy", "\"Never\""},
		{"image: a, ports: [{containerPort: 1}]", "ports[0]",
		 "{\"containerPort\":1,\"protocol\":\"TCP\"}"},
		{"image: a, livenessProbe: {httpGet: {port: 1}}", "livenessProbe",
		 "{\"httpGet\":{\"port\":1,\"path\":\"/\",\"scheme\":\"HTTP\"},\"timeoutSeconds\":1,"
		 "\"periodSeconds\":10,\"successThreshold\":1,\"failureThreshold\":3}"},
		{"image: a, readinessProbe: {grpc: {port: 1}, periodSeconds: 0, timeoutSeconds: 7}",
		 "readinessProbe",
		 "{\"grpc\":{\"port\":1,\"service\":\"\"},\"periodSeconds\":10,\"timeoutSeconds\":7,"
		 "\"successThreshold\":1,\"failureThreshold\":3}"},
		{"image: a, lifecycle: {preStop: {httpGet: {port: 1}}}",
		 "lifecycle.preStop.httpGet", "{\"port\":1,\"path\":\"/\",\"scheme\":\"HTTP\"}"},
		{"image: a, resources: {limits: {cpu: 1, memory: 1Gi}, requests: {cpu: 500m}}",
		 "resources.requests", "{\"cpu\":\"500m\",\"memory\":\"1Gi\"}"},
		{"image: a, resources: {limits: {cpu: 1}}", "resources.requests",
		 "{\"cpu\":\"1\"}"},
		{"image: a, env: [{name: A, valueFrom: {fieldRef: {fieldPath: metadata.uid}}}]",
		 "env[0].valueFrom.fieldRef",
		 "{\"fieldPath\":\"metadata.uid\",\"apiVersion\":\"v1\"}"},
	};

	for (size_t i = 0; i < SP_ARRAY_LEN(cases); i++) {
		struct sp_manifest m;
		struct sp_buf b = {0};
		const struct sp_node *c;

		sp_buf_printf(&b, POD_HEAD "  containers: [{name: c, %s}]\n", cases[i].container);
		load(&m, b.ptr);
		assert_int_equal(m.diags.n, 0);
		c = sp_node_at(m.objects[0].node, "spec.containers[0]");
		check_json(sp_node_at(c, cases[i].path), cases[i].json);
		sp_manifest_done(&m);
		sp_buf_done(&b);
	}
}

/* DEF-9 */
static void test_pod_only_defaults(void **state)
{
	static const char spec[] = "{hostNetwork: true, containers: [{name: c, image: i, ports: "
				   "[{containerPort: 80}], resources: {limits: {cpu: 1}}}]}";
	struct sp_manifest m;
	struct sp_buf b = {0};
	const struct sp_k_pod_spec *s;

	sp_buf_printf(&b, "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: %s\n", spec);
	load(&m, b.ptr);
	assert_int_equal(m.diags.n, 0);
	s = m.objects[0].pod->spec;
	assert_int_equal(s->containers.v[0].ports.v[0].host_port.v, 80);
	assert_int_equal(s->containers.v[0].resources->requests.n, 1);
	assert_true(s->enable_service_links.set);
	sp_manifest_done(&m);

	sp_buf_clear(&b);
	sp_buf_printf(&b,
		      "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\nspec:\n"
		      "  selector: {matchLabels: {a: b}}\n"
		      "  template: {metadata: {labels: {a: b}}, spec: %s}\n",
		      spec);
	load(&m, b.ptr);
	s = m.objects[0].workload->spec->template->spec;
	assert_false(s->containers.v[0].ports.v[0].host_port.set);
	assert_int_equal(s->containers.v[0].resources->requests.n, 0);
	assert_false(s->enable_service_links.set);
	assert_string_equal(s->restart_policy, "Always");
	sp_manifest_done(&m);
	sp_buf_done(&b);
}

/* DEF-14: what the containers request together, else the limit. */
static void test_pod_level_requests(void **state)
{
	struct sp_manifest m;

	load(&m, POD_HEAD "  resources: {limits: {cpu: 4, memory: 1Gi, hugepages-2Mi: 4Mi}}\n"
			  "  initContainers:\n"
			  "  - {name: i, image: x, resources: {requests: {cpu: 100m}}}\n"
			  "  - {name: s, image: x, restartPolicy: Always, resources: {requests: "
			  "{cpu: 500m}}}\n"
			  "  containers:\n"
			  "  - {name: c, image: x, resources: {requests: {cpu: 1}}}\n");
	assert_int_equal(m.diags.n, 0);
	check_json(sp_node_at(m.objects[0].node, "spec.resources.requests"),
		   "{\"cpu\":\"1500m\",\"memory\":\"1Gi\",\"hugepages-2Mi\":\"4Mi\"}");
	assert_int_equal(m.objects[0].pod->spec->resources->requests.n, 3);
	sp_manifest_done(&m);
}

static void test_object_defaults(void **state)
{
	static const struct {
		const char *text, *path, *json;
	} cases[] = {
		{"apiVersion: v1\nkind: Secret\nmetadata: {name: s}\n"
		 "data: {a: aGk=, b: eA==}\nstringData: {b: \"y\", c: zz}\n",
		 "",
		 "{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"metadata\":{\"name\":\"s\","
		 "\"namespace\":\"default\"},\"data\":{\"a\":\"aGk=\",\"b\":\"eQ==\",\"c\":"
		 "\"eno=\"},\"type\":\"Opaque\"}"},
		{"apiVersion: batch/v1\nkind: Job\nmetadata: {name: j}\nspec: {template: {}}\n",
		 "spec",
		 "{\"template\":{},\"parallelism\":1,\"completions\":1,\"completionMode\":"
		 "\"NonIndexed\",\"backoffLimit\":6,\"suspend\":false,\"podReplacementPolicy\":"
		 "\"TerminatingOrFailed\"}"},
		{"apiVersion: batch/v1\nkind: Job\nmetadata: {name: j}\n"
		 "spec: {parallelism: 3, backoffLimitPerIndex: 1, podFailurePolicy: {rules: []}}\n",
		 "spec",
		 "{\"parallelism\":3,\"backoffLimitPerIndex\":1,\"podFailurePolicy\":{\"rules\":[]},"
		 "\"completionMode\":\"NonIndexed\",\"backoffLimit\":2147483647,\"suspend\":false,"
		 "\"podReplacementPolicy\":\"Failed\"}"},
		{"apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: c}\n"
		 "spec: {schedule: '@daily'}\n",
		 "spec",
		 "{\"schedule\":\"@daily\",\"concurrencyPolicy\":\"Allow\",\"suspend\":false,"
		 "\"successfulJobsHistoryLimit\":3,\"failedJobsHistoryLimit\":1}"},
		{"apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\nspec: {}\n", "spec",
		 "{\"replicas\":1,\"revisionHistoryLimit\":10,\"progressDeadlineSeconds\":600,"
		 "\"strategy\":{\"type\":\"RollingUpdate\",\"rollingUpdate\":{\"maxUnavailable\":"
		 "\"25%\",\"maxSurge\":\"25%\"}}}"},
		{"apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\n"
		 "spec: {strategy: {type: Recreate}}\n",
		 "spec.strategy", "{\"type\":\"Recreate\"}"},
		{"apiVersion: apps/v1\nkind: DaemonSet\nmetadata: {name: d}\nspec: {}\n",
		 "spec.updateStrategy",
		 "{\"type\":\"RollingUpdate\",\"rollingUpdate\":{\"maxUnavailable\":1,\"maxSurge\":"
		 "0}}"},
		{"apiVersion: v1\nkind: Service\nmetadata: {name: s}\nspec: {ports: [{port: 80}]}\n",
		 "spec",
		 "{\"ports\":[{\"port\":80,\"protocol\":\"TCP\",\"targetPort\":80}],\"type\":"
		 "\"ClusterIP\"}"},
		{"apiVersion: v1\nkind: Namespace\nmetadata: {name: n1}\n", "metadata",
		 "{\"name\":\"n1\"}"},
	};

	for (size_t i = 0; i < SP_ARRAY_LEN(cases); i++) {
		struct sp_manifest m;

		load(&m, cases[i].text);
		assert_int_equal(m.n_objects, 1);
		check_json(sp_node_at(m.objects[0].node, cases[i].path), cases[i].json);
		sp_manifest_done(&m);
	}
}

/* What is printed as JSON decodes to the same object: the way into the supervisor. */
static void test_round_trip(void **state)
{
	struct sp_object o;
	struct sp_source src = {"json", "", 0};
	struct sp_manifest m;
	struct sp_buf b = {0};
	struct sp_error err;
	struct sp_node *n;

	load(&m, POD_HEAD "  containers:\n"
			  "  - name: c\n    image: i\n    env: [{name: A, value: \"\\u00e9\\n\"}]\n"
			  "    resources: {limits: {cpu: 0.5, memory: 1e9}}\n");
	assert_int_equal(m.diags.n, 0);
	sp_node_json(m.objects[0].node, -1, &b);
	assert_int_equal(sp_node_from_json(&m.arena, b.ptr, b.len, &n, &err), 0);
	assert_true(sp_node_equal(n, m.objects[0].node));
	assert_int_equal(sp_object_decode(&m.arena, n, &src, NULL, NULL, NULL, &o), 0);
	assert_int_equal(sp_object_default(&m.arena, &o, NULL), 0);
	assert_true(sp_node_equal(o.node, m.objects[0].node));
	assert_string_equal(o.pod->spec->containers.v[0].env.v[0].value, "\xc3\xa9\n");
	sp_buf_done(&b);
	sp_manifest_done(&m);
}

static void test_core(void **state)
{
	struct sp_manifest m;
	struct sp_pod_spec spec;
	struct sp_res_pod res;
	struct sp_error err;
	const struct sp_ctr_spec *c;

	load(&m,
	     "apiVersion: v1\nkind: Pod\nmetadata: {name: p, uid: u-1}\nspec:\n"
	     "  restartPolicy: OnFailure\n"
	     "  activeDeadlineSeconds: 60\n"
	     "  overhead: {cpu: 10m}\n"
	     "  readinessGates: [{conditionType: example.com/a}]\n"
	     "  initContainers:\n"
	     "  - {name: i, image: x}\n"
	     "  - name: s\n    image: x\n    restartPolicy: Always\n"
	     "    startupProbe: {tcpSocket: {port: 1}, periodSeconds: 2}\n"
	     "    livenessProbe: {tcpSocket: {port: 1}, terminationGracePeriodSeconds: 5}\n"
	     "    lifecycle: {postStart: {sleep: {seconds: 3}}, preStop: {exec: {command: [a]}}}\n"
	     "    resources: {requests: {cpu: 250m, memory: 1Mi}, limits: {memory: 2Mi}}\n"
	     "  containers:\n"
	     "  - name: c\n    image: x\n    restartPolicy: Never\n"
	     "    restartPolicyRules:\n"
	     "    - {action: Restart, exitCodes: {operator: NotIn, values: [1, 3]}}\n"
	     "    - {action: RestartAllContainers, exitCodes: {operator: In, values: [9]}}\n");
	assert_int_equal(m.diags.n, 0);
	assert_int_equal(sp_pod_spec_core(&m.arena, m.objects[0].meta, m.objects[0].pod->spec, 0,
					  &spec, &err),
			 0);
	assert_string_equal(spec.name, "p");
	assert_string_equal(spec.ns, "default");
	assert_string_equal(spec.uid, "u-1");
	assert_int_equal(spec.restart_policy, SP_RESTART_ON_FAILURE);
	assert_int_equal(spec.grace_s, 30);
	assert_int_equal(spec.active_deadline_s, 60);
	assert_int_equal(spec.n_init, 2);
	assert_int_equal(spec.n_ctrs, 3);
	assert_int_equal(spec.n_gates, 1);
	assert_int_equal(spec.kube_minor, SP_KUBE_MINOR);
	assert_int_equal(spec.ctrs[0].role, SP_ROLE_INIT);
	assert_false(spec.ctrs[0].probes[SP_PROBE_STARTUP].set);
	c = &spec.ctrs[1];
	assert_int_equal(c->role, SP_ROLE_SIDECAR);
	assert_int_equal(c->restart_policy, SP_RESTART_ALWAYS);
	assert_int_equal(c->probes[SP_PROBE_STARTUP].period_s, 2);
	assert_int_equal(c->probes[SP_PROBE_STARTUP].failure_threshold, 3);
	assert_int_equal(c->probes[SP_PROBE_STARTUP].grace_s, -1);
	assert_int_equal(c->probes[SP_PROBE_LIVENESS].grace_s, 5);
	assert_false(c->probes[SP_PROBE_READINESS].set);
	assert_int_equal(c->post_start.kind, SP_HOOK_SLEEP);
	assert_int_equal(c->post_start.sleep_s, 3);
	assert_int_equal(c->pre_stop.kind, SP_HOOK_EXEC);
	c = &spec.ctrs[2];
	assert_int_equal(c->role, SP_ROLE_APP);
	assert_int_equal(c->n_rules, 2);
	assert_true(c->rules[0].not_in);
	assert_int_equal(c->rules[0].codes[1], 3);
	assert_int_equal(c->rules[1].action, SP_RULE_RESTART_ALL);

	assert_int_equal(sp_pod_resources(m.objects[0].pod->spec, &res), 0);
	assert_int_equal(res.n_init, 2);
	assert_int_equal(res.roles[1], SP_ROLE_SIDECAR);
	assert_int_equal(res.ctrs[1].req[SP_RES_CPU], 250);
	assert_int_equal(res.ctrs[1].req[SP_RES_MEMORY], 1024 * 1024);
	assert_int_equal(res.ctrs[1].lim[SP_RES_MEMORY], 2 * 1024 * 1024);
	assert_true(res.ctrs[1].lim[SP_RES_CPU] == SP_RES_UNSET);
	assert_true(res.pod.req[SP_RES_CPU] == SP_RES_UNSET);
	assert_int_equal(res.overhead[SP_RES_CPU], 10);
	assert_int_equal(res.overhead[SP_RES_MEMORY], 0);
	sp_manifest_done(&m);
}

/* Sizes by their bytes, whatever they are called; volumes of huge pages. */
static void test_huge_pages(void **state)
{
	static const struct {
		const char *medium;
		int64_t bytes;
		const char *error;
	} mediums[] = {
		{NULL, 0, NULL},
		{"", 0, NULL},
		{"Memory", 0, NULL},
		{"HugePagesX", 0, NULL},
		{"HugePages-2Mi", 2 << 20, NULL},
		{"HugePages-1024Mi", 1 << 30, NULL},
		{"HugePages", -1, "the pod requests huge pages of several sizes"},
		{"HugePages-64Ki", -1, "the pod does not request hugepages-64Ki"},
		{"HugePages-", -1, "the pod does not request hugepages-"},
	};
	struct sp_manifest m;
	struct sp_res_pod res;
	struct sp_error err;

	load(&m, POD_HEAD
	     "  initContainers:\n"
	     "  - {name: i, image: x, resources: {limits: {cpu: 1, hugepages-1Gi: 2Gi}}}\n"
	     "  containers:\n"
	     "  - {name: a, image: x, resources: {limits: {cpu: 1, hugepages-2Mi: 4Mi}}}\n"
	     "  - {name: b, image: x, resources: {limits: {cpu: 1, hugepages-2048Ki: 2Mi}}}\n");
	assert_int_equal(m.diags.n, 0);
	assert_int_equal(sp_pod_resources(m.objects[0].pod->spec, &res), 0);
	assert_int_equal(res.n_huge, 2);
	assert_int_equal(res.huge[0], 1 << 30);
	assert_int_equal(res.huge[1], 2 << 20);
	assert_int_equal(sp_res_request(&res, SP_RES_HUGE, NULL, NULL), (int64_t)2 << 30);
	assert_int_equal(sp_res_request(&res, SP_RES_HUGE + 1, NULL, NULL), 6 << 20);
	assert_int_equal(res.ctrs[2].lim[SP_RES_HUGE + 1], 2 << 20);
	assert_true(res.ctrs[2].lim[SP_RES_HUGE] == SP_RES_UNSET);
	for (size_t i = 0; i < SP_ARRAY_LEN(mediums); i++) {
		assert_int_equal(sp_medium_huge(mediums[i].medium, &res, &err), mediums[i].bytes);
		if (mediums[i].error)
			assert_string_equal(err.text, mediums[i].error);
	}
	res.n_huge = 1;
	assert_int_equal(sp_medium_huge("HugePages", &res, &err), 1 << 30);
	res.n_huge = 0;
	assert_int_equal(sp_medium_huge("HugePages", &res, &err), -1);
	assert_string_equal(err.text, "the pod requests no huge pages");
	sp_manifest_done(&m);

	load(&m, POD_HEAD "  containers:\n"
			  "  - name: a\n    image: x\n    resources:\n"
			  "      limits: {cpu: 1, hugepages-1Mi: 1Mi, hugepages-2Mi: 2Mi,\n"
			  "        hugepages-3Mi: 3Mi, hugepages-4Mi: 4Mi, hugepages-5Mi: 5Mi}\n");
	assert_int_equal(sp_pod_resources(m.objects[0].pod->spec, &res), -1);
	sp_manifest_done(&m);
}

static void test_core_limits(void **state)
{
	struct sp_manifest m;
	struct sp_pod_spec spec;
	struct sp_res_pod res;
	struct sp_error err;
	struct sp_buf b = {0};

	sp_buf_puts(&b, POD_HEAD "  containers:\n");
	for (int i = 0; i < 65; i++)
		sp_buf_printf(&b, "  - {name: c%d, image: x}\n", i);
	load(&m, b.ptr);
	assert_int_equal(sp_pod_spec_core(&m.arena, m.objects[0].meta, m.objects[0].pod->spec, 36,
					  &spec, &err),
			 -1);
	assert_string_equal(err.text, "pod 'p': more than 64 containers");
	assert_int_equal(sp_pod_resources(m.objects[0].pod->spec, &res), -1);
	sp_manifest_done(&m);
	sp_buf_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sources),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_all_findings),
		cmocka_unit_test(test_too_big),
		cmocka_unit_test(test_pod_defaults),
		cmocka_unit_test(test_container_defaults),
		cmocka_unit_test(test_pod_only_defaults),
		cmocka_unit_test(test_pod_level_requests),
		cmocka_unit_test(test_object_defaults),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_core),
		cmocka_unit_test(test_huge_pages),
		cmocka_unit_test(test_core_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
