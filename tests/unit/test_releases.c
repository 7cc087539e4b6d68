/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The release history, row by row, for every release that --kube-version takes: from which one on a
 * field is accepted, and from which one on a pod behaves in the newer way.
 */
#include "cmocka_all.h"

#include "sim/check.h"
#include "spec/load.h"

#include <string.h>

#define FIRST 28
#define LAST  37
#define NEVER (LAST + 1)

#define POD(spec) "{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {" spec "}}"
#define APP       "containers: [{name: a, image: 'x:1'}]"
#define CTR(keys) POD("containers: [{name: a, image: 'x:1', " keys "}]")
#define JOB(keys)                                                                                  \
	"{apiVersion: batch/v1, kind: Job, metadata: {name: j}, spec: {" keys                      \
	", template: {spec: {restartPolicy: Never, containers: [{name: a, image: 'x:1'}]}}}}"

/* What the API accepts. Before `known` the field does not exist there; from `known` up to `first`
 * it exists and its value is refused; NEVER: this program leaves it out and says so. */
static const struct {
	const char *feature, *text;
	int known, first;
	const char *refusal; /* from `known` on */
} fields[] = {
	{"native sidecars",
	 POD("initContainers: [{name: s, image: 'x:1', restartPolicy: Always}], " APP), 29, 29, ""},
	{"probe-level termination grace",
	 CTR("livenessProbe: {tcpSocket: {port: 1}, terminationGracePeriodSeconds: 3}"), 28, 28,
	 ""},
	{"sleep hook", CTR("lifecycle: {preStop: {sleep: {seconds: 3}}}"), 30, 30, ""},
	{"sleep hook of zero seconds", CTR("lifecycle: {preStop: {sleep: {seconds: 0}}}"), 30, 33,
	 "zero needs Kubernetes 1.33 or later"},
	{"relaxed environment names", CTR("env: [{name: 'a b', value: x}]"), 28, 32,
	 "must consist of alphabetic characters"},
	{"policy of a regular container", CTR("restartPolicy: OnFailure"), 35, 35, ""},
	{"policy of an init container",
	 POD("initContainers: [{name: s, image: 'x:1', restartPolicy: Never}], " APP), 35, 35, ""},
	{"restart rules",
	 CTR("restartPolicy: Never, restartPolicyRules: [{action: Restart, exitCodes: {operator: In, "
	     "values: [3]}}]"),
	 35, 35, ""},
	{"RestartAllContainers",
	 CTR("restartPolicy: Never, restartPolicyRules: [{action: RestartAllContainers, exitCodes: "
	     "{operator: In, values: [3]}}]"),
	 35, 36, "Unsupported value: \"RestartAllContainers\""},
	{"container stop signals",
	 POD("os: {name: linux}, containers: [{name: a, image: 'x:1', lifecycle: {stopSignal: SIGINT}}]"),
	 33, NEVER, "sidepod does not have container stop signals"},
	{"pod-level resources", POD("resources: {limits: {cpu: 1}}, " APP), 34, 34, ""},
	{"environment from files",
	 POD("volumes: [{name: v, emptyDir: {}}], containers: [{name: a, image: 'x:1', env: [{name: A, "
	     "valueFrom: {fileKeyRef: {volumeName: v, path: p, key: k}}}]}]"),
	 35, NEVER, "sidepod does not have environment variables from files"},
	{"hostname override", POD("hostnameOverride: h, " APP), 35, NEVER,
	 "sidepod does not have hostname override"},
	{"image volumes", POD("volumes: [{name: v, image: {reference: 'x:1'}}], " APP), 33, NEVER,
	 "sidepod does not have image volumes"},
	{"podFailurePolicy",
	 JOB("podFailurePolicy: {rules: [{action: FailJob, onExitCodes: {operator: In, values: [3]}}]}"),
	 28, 28, ""},
	{"backoffLimitPerIndex",
	 JOB("completionMode: Indexed, completions: 2, backoffLimitPerIndex: 1"), 29, 29, ""},
	{"successPolicy",
	 JOB("completionMode: Indexed, completions: 2, successPolicy: {rules: [{succeededCount: 1}]}"),
	 31, 31, ""},
	{"podReplacementPolicy", JOB("podReplacementPolicy: Failed"), 29, 29, ""},
};

static bool says(const struct sp_manifest *m, const char *text)
{
	for (uint32_t i = 0; i < m->diags.n; i++)
		if (m->diags.v[i].severity == SP_SEV_ERROR && strstr(m->diags.v[i].message, text))
			return true;
	return false;
}

static void test_fields(void **state)
{
	for (size_t i = 0; i < SP_ARRAY_LEN(fields); i++)
		for (int minor = FIRST; minor <= LAST; minor++) {
			const struct sp_load_options opt = {.validate = SP_VALIDATE_STRICT,
							    .kube_minor = minor};
			const char *want = minor < fields[i].known   ? "needs Kubernetes 1."
					   : minor < fields[i].first ? fields[i].refusal
								     : NULL;
			struct sp_manifest m;

			sp_manifest_init(&m, &opt);
			assert_int_equal(
				sp_manifest_add(&m, "t", fields[i].text, strlen(fields[i].text)),
				0);
			if (!want != (m.diags.n_errors == 0) || (want && !says(&m, want)))
				fail_msg("%s, 1.%d: expected %s, got %s", fields[i].feature, minor,
					 want ? want : "no error",
					 m.diags.n ? m.diags.v[0].message : "none");
			sp_manifest_done(&m);
		}
}

#define SIDECAR                                                                                    \
	"initContainers: [{name: s, restartPolicy: Always, sigterm: {exits_after: 1, code: 0}}]"
#define LIVE(keys) "pod: {" SIDECAR ", containers: [{name: a" keys "}]}, "

/* What pods do: a scenario that holds from `first` up to (and with) `last`. */
static const struct {
	const char *feature, *entry;
	int first, last;
} behaviours[] = {
	{"ordered termination",
	 LIVE(", sigterm: {exits_after: 2, code: 0}") "stimuli: [{at: 5, delete: {}}], expect: {at: "
						      "{s.sigterm: 7, pod.finished: 8}}",
	 29, LAST},
	{"termination without order",
	 LIVE(", sigterm: {exits_after: 2, code: 0}") "stimuli: [{at: 5, delete: {}}], expect: {at: "
						      "{s.sigterm: 5, pod.finished: 7}}",
	 28, 28},
	{"READY counts sidecars", LIVE("") "expect: {horizon: 2, final: {readyColumn: 2/2}}", 29,
	 LAST},
	{"READY counts regular containers",
	 LIVE("") "expect: {horizon: 2, final: {readyColumn: 1/1}}", 28, 28},
	{"condition PodReadyToStartContainers",
	 LIVE("") "expect: {horizon: 2, final: {conditions: {PodReadyToStartContainers: true}}}",
	 29, LAST},
	{"policy of a container, and its rules",
	 LIVE(", restartPolicy: Never, run: [{exit_after: 1, code: 3}, {exit_after: never}], "
	      "restartPolicyRules: [{action: Restart, exitCodes: {operator: In, values: [3]}}]") "expect: {horizon: 3, final: {restarts: 1}}",
	 28, LAST}, /* before, the pod's own policy has the same effect */
	{"a container's own policy",
	 LIVE(", restartPolicy: Never, run: [{exit_after: 1, code: 3}]") "expect: {horizon: 9, count: "
									 "{a.starts: 1}}",
	 35, LAST},
	{"RestartAllContainers",
	 LIVE(", restartPolicy: Never, run: [{exit_after: 1, code: 3}, {exit_after: never}], "
	      "restartPolicyRules: [{action: RestartAllContainers, exitCodes: {operator: In, values: "
	      "[3]}}]") "expect: {horizon: 9, count: {s.starts: 2, a.starts: 2}}",
	 36, LAST},
	{"readiness survives a restart of the engine",
	 LIVE(", readinessProbe: {periodSeconds: 4, result: always}") "stimuli: [{at: 5, "
								      "daemon_restart: {down_for: "
								      "1}}], expect: {horizon: 12, "
								      "never: [a.notready]}",
	 35, LAST},
	{"event texts",
	 LIVE("") "expect: {horizon: 2, events: [{reason: Created, container: a, message: "
		  "Container created}, {reason: Started, container: a, message: Container "
		  "started}]}",
	 34, LAST},
	{"event texts of before",
	 LIVE("") "expect: {horizon: 2, events: [{reason: Created, container: a, "
		  "message: 'Created container: a'}, {reason: Started, container: "
		  "a, message: Started container a}]}",
	 28, 33},
	{"images with credentials",
	 LIVE("") "expect: {horizon: 2, events: [{reason: Pulled, container: a, message: '<…> already "
		  "present on machine and can be accessed by the pod'}]}",
	 35, LAST},
	{"a suspended job loses its start time",
	 "kind: job, job: {restartPolicy: Never, pods: [{exit_after: 60, code: 0}]}, stimuli: [{at: 5, "
	 "suspend: true}], expect: {status: [{at: 9, startTime: none}]}",
	 36, LAST},
};

static void test_behaviours(void **state)
{
	for (size_t i = 0; i < SP_ARRAY_LEN(behaviours); i++)
		for (int minor = FIRST; minor <= LAST; minor++) {
			SP_CLEANUP(sp_buf_done) struct sp_buf text = {0}, out = {0};
			bool want = minor >= behaviours[i].first && minor <= behaviours[i].last;
			struct sp_tally tally = {0};
			const struct sp_scn_outside outside = {.kube_minor = minor};
			struct sp_source src = {.name = "t"};
			struct sp_error err;

			sp_buf_printf(&text, "scenarios: [{id: x, %s}]", behaviours[i].entry);
			src.bytes = text.ptr;
			src.len = text.len;
			assert_int_equal(sp_check_source(&src, &outside, &out, &tally, &err), 0);
			if (tally.passed + tally.failed != 1 || (tally.passed == 1) != want)
				fail_msg("%s, 1.%d: %s", behaviours[i].feature, minor, out.ptr);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_behaviours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
