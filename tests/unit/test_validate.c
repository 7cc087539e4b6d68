/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Validation: pods in short form with the exact problems they have, in order; the message of an API
 * server; updates of a live pod; release differences.
 */
#include "spec/validate.h"

#include "cmocka_all.h"

#define MAX_PROBLEMS 8
#define NO_INIT      ": Forbidden: may not be set for init containers without restartPolicy=Always"
#define APP          "containers: [{name: app, image: x}]"
#define PROBE        "{exec: {command: [a]}}"

/* A pod spec in flow style, and its problems. */
struct test_case {
	const char *spec;
	const char *problems[MAX_PROBLEMS];
	int kube_minor;
};

static void load(struct sp_manifest *m, const char *text, int kube_minor)
{
	struct sp_load_options opt = {.kube_minor = kube_minor};

	sp_manifest_init(m, &opt);
	assert_int_equal(sp_manifest_add(m, "test.yaml", text, strlen(text)), 0);
}

static void print_pod(const char *spec, struct sp_buf *out)
{
	sp_buf_printf(out, "{apiVersion: v1, kind: Pod, metadata: {name: web}, spec: {%s}}", spec);
	assert_false(out->failed);
}

static void load_pod(struct sp_manifest *m, const char *spec, int kube_minor)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf b = {0};

	print_pod(spec, &b);
	load(m, b.ptr, kube_minor);
}

/* The problems again, in the order of VAL-4: the manifest's own findings are sorted by line. */
static void revalidate(struct sp_manifest *m, struct sp_diags *ret)
{
	sp_diags_init(ret, &m->arena);
	assert_int_equal(m->n_objects, 1);
	sp_object_validate(&m->arena, &m->objects[0], &m->options, ret);
}

static void check_text(const struct test_case *c, const char *text)
{
	struct sp_manifest m;
	struct sp_diags d;
	uint32_t n = 0;

	load(&m, text, c->kube_minor);
	revalidate(&m, &d);
	for (; n < MAX_PROBLEMS && c->problems[n]; n++) {
		if (n >= d.n)
			fail_msg("{%s}: missing: %s", c->spec, c->problems[n]);
		assert_string_equal(d.v[n].message, c->problems[n]);
	}
	if (d.n > n)
		fail_msg("{%s}: unexpected: %s", c->spec, d.v[n].message);
	assert_int_equal(m.diags.n_errors, n);
	sp_manifest_done(&m);
}

static void check(const struct test_case *c)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf b = {0};

	print_pod(c->spec, &b);
	check_text(c, b.ptr);
}

static void check_all(const struct test_case *cases, size_t n)
{
	for (size_t i = 0; i < n; i++)
		check(&cases[i]);
}

static void test_init_containers(void **state)
{
	static const struct test_case cases[] = {
		{APP ", initContainers: [{name: i, image: x, livenessProbe: " PROBE "}]",
		 {"spec.initContainers[0].livenessProbe" NO_INIT}},
		{APP
		 ", initContainers: [{name: h, image: x}, {name: i, image: x, readinessProbe: " PROBE
		 "}]",
		 {"spec.initContainers[1].readinessProbe" NO_INIT}},
		{APP ", initContainers: [{name: i, image: x, startupProbe: " PROBE
		     ", lifecycle: {preStop: " PROBE "}}]",
		 {"spec.initContainers[0].lifecycle" NO_INIT,
		  "spec.initContainers[0].startupProbe" NO_INIT}},
		{APP ", initContainers: [{name: i, image: x, restartPolicy: OnFailure, "
		     "startupProbe: " PROBE "}]",
		 {"spec.initContainers[0].startupProbe" NO_INIT}},
		{APP
		 ", initContainers: [{name: s, image: x, restartPolicy: Always, livenessProbe: " PROBE
		 ", readinessProbe: " PROBE ", startupProbe: " PROBE ", lifecycle: {preStop: " PROBE
		 "}}]",
		 {NULL}},
	};

	check_all(cases, SP_ARRAY_LEN(cases));
}

static void test_names(void **state)
{
	static const struct test_case cases[] = {
		{"containers: []", {"spec.containers: Required value"}},
		{"containers: [{name: app, image: x}, {name: app, image: x}]",
		 {"spec.containers[1].name: Duplicate value: \"app\""}},
		{APP ", initContainers: [{name: i, image: x}, {name: app, image: x, restartPolicy: "
		     "Always}]",
		 {"spec.initContainers[1].name: Duplicate value: \"app\""}},
		{"containers: [{name: a.b, image: x}]",
		 {"spec.containers[0].name: Invalid value: \"a.b\": must not contain dots"}},
		{"containers: [{name: app}]", {"spec.containers[0].image: Required value"}},
		{"containers: [{name: app, image: \" x\"}]",
		 {"spec.containers[0].image: Invalid value: \" x\": must not have leading or "
		  "trailing whitespace"}},
		{"restartPolicy: Sometimes, " APP,
		 {"spec.restartPolicy: Unsupported value: \"Sometimes\": supported values: "
		  "\"Always\", \"OnFailure\", \"Never\""}},
		{"containers: [{name: a, image: x, restartPolicy: Sometimes}]",
		 {"spec.containers[0].restartPolicy: Unsupported value: \"Sometimes\": supported "
		  "values: \"Always\", \"Never\", \"OnFailure\""}},
		{"containers: [{name: a, image: x, restartPolicyRules: [{action: Restart, "
		 "exitCodes: {operator: In, values: [1]}}]}]",
		 {"spec.containers[0].restartPolicy: Required value: must specify restartPolicy "
		  "when restart rules are used"}},
		{"containers: [{name: a, image: x, restartPolicy: Never, restartPolicyRules: "
		 "[{action: Restart}]}]",
		 {"spec.containers[0].restartPolicyRules[0].exitCodes: Required value: must be "
		  "specified"}},
	};

	check_all(cases, SP_ARRAY_LEN(cases));
}

#define LIVENESS(p)  "containers: [{name: a, image: x, livenessProbe: " p "}]"
#define READINESS(p) "containers: [{name: a, image: x, readinessProbe: " p "}]"
#define STARTUP(p)   "containers: [{name: a, image: x, startupProbe: " p "}]"
#define LIVE         "spec.containers[0].livenessProbe"

static void test_probes(void **state)
{
	static const struct test_case cases[] = {
		{LIVENESS("{}"), {LIVE ": Required value: must specify a handler type"}},
		{LIVENESS("{exec: {command: [a]}, successThreshold: 2}"),
		 {LIVE ".successThreshold: Invalid value: 2: must be 1"}},
		{READINESS("{exec: {command: [a]}, successThreshold: 2}"), {NULL}},
		{READINESS("{exec: {command: [a]}, terminationGracePeriodSeconds: 10}"),
		 {"spec.containers[0].readinessProbe.terminationGracePeriodSeconds: Invalid "
		  "value: 10: must not be set for readinessProbes"}},
		{STARTUP("{exec: {command: [a]}, terminationGracePeriodSeconds: 0}"),
		 {"spec.containers[0].startupProbe.terminationGracePeriodSeconds: Invalid value: "
		  "0: must be greater than 0"}},
		{LIVENESS("{exec: {command: [a]}, initialDelaySeconds: -1}"),
		 {LIVE ".initialDelaySeconds: Invalid value: -1: must be greater than or equal "
		       "to 0"}},
		{LIVENESS("{exec: {command: [a]}, periodSeconds: 0, timeoutSeconds: 0, "
			  "failureThreshold: 0, successThreshold: 0}"),
		 {NULL}},
		{LIVENESS("{exec: {command: [a]}, tcpSocket: {port: 80}}"),
		 {LIVE ".tcpSocket: Forbidden: may not specify more than 1 handler type"}},
		{LIVENESS("{httpGet: {port: \"8080\"}}"),
		 {LIVE ".httpGet.port: Invalid value: \"8080\": must contain at least one letter "
		       "(a-z)"}},
	};

	check_all(cases, SP_ARRAY_LEN(cases));
}

#define PRE_STOP(s, grace)                                                                         \
	"terminationGracePeriodSeconds: " grace ", containers: [{name: a, image: x, lifecycle: "   \
	"{preStop: {sleep: {seconds: " s "}}}}]"
#define SLEEP "spec.containers[0].lifecycle.preStop.sleep: "

static void test_hooks(void **state)
{
	static const struct test_case cases[] = {
		{PRE_STOP("40", "30"),
		 {SLEEP "Invalid value: 40: must be non-negative and less than "
			"terminationGracePeriodSeconds (30)"}},
		{PRE_STOP("30", "30"), {NULL}},
		{PRE_STOP("0", "30"), {NULL}},
		{PRE_STOP("0", "30"),
		 {SLEEP "Invalid value: 0: must be greater than 0 and less than "
			"terminationGracePeriodSeconds (30); zero needs Kubernetes 1.33 or later"},
		 32},
		{"terminationGracePeriodSeconds: -5, " APP, {NULL}},
		{"activeDeadlineSeconds: 0, " APP,
		 {"spec.activeDeadlineSeconds: Invalid value: 0: must be between 1 and "
		  "2147483647, inclusive"}},
	};

	check_all(cases, SP_ARRAY_LEN(cases));
}

/* VAL-36 */
static void test_ports(void **state)
{
	static const struct test_case cases[] = {
		{"containers: [{name: a, image: x, ports: [{name: http, containerPort: 80}, {name: "
		 "http, containerPort: 81}]}]",
		 {"spec.containers[0].ports[1].name: Duplicate value: \"http\""}},
		{"containers: [{name: a, image: x, ports: [{name: http, containerPort: 80}]}, "
		 "{name: b, image: x, ports: [{name: http, containerPort: 80}]}]",
		 {NULL}},
		{"containers: [{name: a, image: x, ports: [{containerPort: 80, hostPort: 80}]}, "
		 "{name: b, image: x, ports: [{containerPort: 81, hostPort: 80}]}]",
		 {"spec.containers[1].ports[0].hostPort: Duplicate value: \"TCP//80\""}},
		{"containers: [{name: a, image: x, ports: [{containerPort: 80, hostPort: 80}]}], "
		 "initContainers: [{name: s, image: x, restartPolicy: Always, ports: "
		 "[{containerPort: 80, hostPort: 80}]}]",
		 {NULL}},
		/* the path says 0 for every init container */
		{APP ", initContainers: [{name: i, image: x}, {name: s, image: x, ports: "
		     "[{containerPort: 80, hostPort: 80}, {containerPort: 81, hostPort: 80}]}]",
		 {"spec.initContainers[0].ports[1].hostPort: Duplicate value: \"TCP//80\""}},
		{"containers: [{name: a, image: x, ports: [{containerPort: 70000}]}]",
		 {"spec.containers[0].ports[0].containerPort: Invalid value: 70000: must be "
		  "between 1 and 65535, inclusive"}},
		{"containers: [{name: a, image: x, ports: [{name: \"8080\", containerPort: 80}]}]",
		 {"spec.containers[0].ports[0].name: Invalid value: \"8080\": must contain at "
		  "least one letter (a-z)"}},
		{"hostNetwork: true, containers: [{name: a, image: x, ports: [{containerPort: 80, "
		 "hostPort: 81}]}]",
		 {"spec.containers[0].ports[0].hostPort: Invalid value: 81: must match "
		  "`containerPort` when `hostNetwork` is true"}},
	};

	check_all(cases, SP_ARRAY_LEN(cases));
}

static void test_volumes_env_resources(void **state)
{
	static const struct test_case cases[] = {
		{"containers: [{name: a, image: x, volumeMounts: [{name: v, mountPath: /d}]}]",
		 {"spec.containers[0].volumeMounts[0].name: Not found: \"v\""}},
		{"volumes: [{name: v, emptyDir: {}}], containers: [{name: a, image: x, "
		 "volumeMounts: [{name: v, mountPath: /d}, {name: v, mountPath: /d}]}]",
		 {"spec.containers[0].volumeMounts[1].mountPath: Invalid value: \"/d\": must be "
		  "unique"}},
		{"containers: [{name: a, image: x, env: [{name: A, value: \"1\"}, {name: A, value: "
		 "\"2\"}]}]",
		 {NULL}},
		{"containers: [{name: a, image: x, env: [{name: A, value: v, valueFrom: {fieldRef: "
		 "{fieldPath: metadata.name}}}]}]",
		 {"spec.containers[0].env[0].valueFrom: Invalid value: \"\": may not be specified "
		  "when `value` is not empty"}},
		{"containers: [{name: a, image: x, resources: {requests: {cpu: \"2\"}, limits: "
		 "{cpu: \"1\"}}}]",
		 {"spec.containers[0].resources.requests: Invalid value: \"2\": must be less than "
		  "or equal to cpu limit of 1"}},
		{"containers: [{name: a, image: x, resources: {limits: {cpu: -1}}}]",
		 {"spec.containers[0].resources.limits[cpu]: Invalid value: \"-1\": must be "
		  "greater than or equal to 0",
		  "spec.containers[0].resources.requests[cpu]: Invalid value: \"-1\": must be "
		  "greater than or equal to 0"}},
		{"resources: {requests: {cpu: 100m}}, containers: [{name: a, image: x, resources: "
		 "{requests: {cpu: 200m}}}]",
		 {"spec.resources.requests[cpu]: Invalid value: \"100m\": must be greater than or "
		  "equal to aggregate container requests of 200m"}},
		{"hostPID: true, shareProcessNamespace: true, " APP,
		 {"spec.shareProcessNamespace: Invalid value: true: ShareProcessNamespace and "
		  "HostPID cannot both be enabled"}},
		{"containers: [{name: a, image: x, securityContext: {privileged: true, "
		 "allowPrivilegeEscalation: false}}]",
		 {"spec.containers[0].securityContext: Invalid value: "
		  "{\"privileged\":true,\"allowPrivilegeEscalation\":false}: cannot set "
		  "`allowPrivilegeEscalation` to false and `privileged` to true"}},
	};

	check_all(cases, SP_ARRAY_LEN(cases));
}

#define TEMPLATE(policy)                                                                           \
	"template: {spec: {restartPolicy: " policy ", containers: [{name: main, image: x}]}}"
#define ON_CODES(action, values, policy)                                                           \
	"podFailurePolicy: {rules: [{action: " action                                              \
	", onExitCodes: {operator: In, values: " values "}}]}, " TEMPLATE(policy)
#define RULE "spec.podFailurePolicy.rules[0]."

static void test_jobs(void **state)
{
	static const struct test_case cases[] = {
		{TEMPLATE("Always"),
		 {"spec.template.spec.restartPolicy: Required value: valid values: \"OnFailure\", "
		  "\"Never\""}},
		{"completionMode: Indexed, parallelism: 2, " TEMPLATE("Never"),
		 {"spec.completions: Required value: when completion mode is Indexed"}},
		{"backoffLimitPerIndex: 1, completions: 2, " TEMPLATE("Never"),
		 {"spec.backoffLimitPerIndex: Invalid value: 1: requires indexed completion "
		  "mode"}},
		{ON_CODES("FailJob", "[3]", "OnFailure"),
		 {"spec.template.spec.restartPolicy: Invalid value: \"OnFailure\": only \"Never\" "
		  "is supported when podFailurePolicy is specified"}},
		{ON_CODES("FailJob", "[0]", "Never"),
		 {RULE "onExitCodes.values[0]: Invalid value: 0: must not be 0 for the In "
		       "operator"}},
		{ON_CODES("FailJob", "[5, 3]", "Never"),
		 {RULE "onExitCodes.values: Invalid value: [5,3]: must be ordered"}},
		{ON_CODES("FailIndex", "[3]", "Never"),
		 {RULE "action: Invalid value: \"FailIndex\": requires the backoffLimitPerIndex to "
		       "be set"}},
		{ON_CODES("FailJob", "[3, 5]", "Never"), {NULL}},
	};

	for (size_t i = 0; i < SP_ARRAY_LEN(cases); i++) {
		SP_CLEANUP(sp_buf_done) struct sp_buf b = {0};

		sp_buf_printf(&b,
			      "{apiVersion: batch/v1, kind: Job, metadata: {name: j}, spec: {%s}}",
			      cases[i].spec);
		check_text(&cases[i], b.ptr);
	}
}

/* VAL-3 */
static void test_order_and_message(void **state)
{
	static const char spec[] =
		"restartPolicy: X, containers: [{name: app}], initContainers: [{name: i, image: x, "
		"startupProbe: " PROBE "}]";
	static const struct test_case c = {
		spec,
		{"spec.containers[0].image: Required value",
		 "spec.initContainers[0].startupProbe" NO_INIT,
		 "spec.restartPolicy: Unsupported value: \"X\": supported values: \"Always\", "
		 "\"OnFailure\", \"Never\""}};
	SP_CLEANUP(sp_buf_done) struct sp_buf text = {0};
	struct sp_manifest m;
	struct sp_diags d;

	check(&c);
	load_pod(&m, spec, 0);
	revalidate(&m, &d);
	sp_validation_text(&m.objects[0], &d, 0, &text);
	assert_string_equal(text.ptr,
			    "The Pod \"web\" is invalid: \n"
			    "* spec.containers[0].image: Required value\n"
			    "* spec.initContainers[0].startupProbe" NO_INIT "\n"
			    "* spec.restartPolicy: Unsupported value: \"X\": supported values: "
			    "\"Always\", \"OnFailure\", \"Never\"");
	sp_manifest_done(&m);

	sp_buf_clear(&text);
	load_pod(&m, "containers: [{name: app}]", 0);
	revalidate(&m, &d);
	sp_validation_text(&m.objects[0], &d, 0, &text);
	assert_string_equal(text.ptr, "The Pod \"web\" is invalid: "
				      "spec.containers[0].image: Required value");
	sp_manifest_done(&m);
}

static void test_places(void **state)
{
	static const char text[] = "apiVersion: v1\n"
				   "kind: Pod\n"
				   "metadata:\n"
				   "  name: web\n"
				   "spec:\n"
				   "  containers:\n"
				   "  - name: app\n"
				   "    image: x\n"
				   "    ports:\n"
				   "    - containerPort: 70000\n"
				   "  - name: other\n";
	struct sp_manifest m;

	load(&m, text, 0);
	assert_int_equal(m.diags.n, 2);
	assert_int_equal(m.diags.v[0].at.line, 10);
	assert_int_equal(m.diags.v[0].at.col, 22);
	assert_int_equal(m.diags.v[0].len, 5);
	assert_string_equal(m.diags.v[0].path, "spec.containers[0].ports[0].containerPort");
	assert_string_equal(m.diags.v[0].rule, "VAL-32");
	assert_int_equal(m.diags.v[1].at.line, 11);
	assert_string_equal(m.diags.v[1].path, "spec.containers[1].image");
	sp_manifest_done(&m);
}

#define UPDATE                                                                                     \
	"spec: Forbidden: pod updates may not change fields other than "                           \
	"`spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,"  \
	"`spec.tolerations` (only additions to existing "                                          \
	"tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was "    \
	"previously negative)"

/* VAL-80 */
static void test_updates(void **state)
{
	static const struct {
		const char *live, *wanted, *problems[MAX_PROBLEMS];
	} cases[] = {
		{APP, APP, {NULL}},
		{APP, "containers: [{name: app, image: z}]", {NULL}},
		{APP, "activeDeadlineSeconds: 5, " APP, {NULL}},
		{"activeDeadlineSeconds: 5, " APP, "activeDeadlineSeconds: 4, " APP, {NULL}},
		{"activeDeadlineSeconds: 5, " APP,
		 "activeDeadlineSeconds: 6, " APP,
		 {"spec.activeDeadlineSeconds: Invalid value: 6: must be less than or equal to "
		  "previous value"}},
		{"activeDeadlineSeconds: 5, " APP,
		 APP,
		 {"spec.activeDeadlineSeconds: Required value: must not update from a positive "
		  "integer to nil value"}},
		{"tolerations: [{key: a}], " APP,
		 "tolerations: [{key: b}, {key: a}], " APP,
		 {NULL}},
		{"terminationGracePeriodSeconds: -1, " APP,
		 "terminationGracePeriodSeconds: 1, " APP,
		 {NULL}},
		{"terminationGracePeriodSeconds: 30, " APP,
		 "terminationGracePeriodSeconds: 1, " APP,
		 {UPDATE "\n-spec.terminationGracePeriodSeconds: 30"
			 "\n+spec.terminationGracePeriodSeconds: 1"}},
		{APP,
		 "containers: [{name: app, image: x, command: [a]}]",
		 {UPDATE "\n+spec.containers[0].command: [\"a\"]"}},
	};

	for (size_t i = 0; i < SP_ARRAY_LEN(cases); i++) {
		struct sp_manifest live, wanted;
		struct sp_diags d;
		uint32_t n = 0;

		load_pod(&live, cases[i].live, 0);
		load_pod(&wanted, cases[i].wanted, 0);
		sp_diags_init(&d, &wanted.arena);
		sp_pod_update_validate(&wanted.arena, &live.objects[0], &wanted.objects[0], &d);
		for (; cases[i].problems[n]; n++) {
			assert_true(n < d.n);
			assert_string_equal(d.v[n].message, cases[i].problems[n]);
		}
		if (d.n > n)
			fail_msg("%s: unexpected: %s", cases[i].wanted, d.v[n].message);
		sp_manifest_done(&live);
		sp_manifest_done(&wanted);
	}
}

static void test_refused(void **state)
{
	for (size_t i = 0; i < sp_refused_fields_n; i++) {
		const struct sp_refused *r = &sp_refused_fields[i];

		assert_non_null(sp_refused_where(r->place));
		assert_true(strlen(r->feature) > 0 && strlen(r->fix) > 0);
		for (size_t k = 0; k < i; k++)
			assert_false(r->place == sp_refused_fields[k].place &&
				     sp_streq(r->field, sp_refused_fields[k].field));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_init_containers),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_probes),
		cmocka_unit_test(test_hooks),
		cmocka_unit_test(test_ports),
		cmocka_unit_test(test_volumes_env_resources),
		cmocka_unit_test(test_jobs),
		cmocka_unit_test(test_order_and_message),
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_updates),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
