/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pretend world and the matcher of expectations. That the matcher can say no is what most of
 * this file is about: each expectation is tried with a wrong value.
 */
#include "cmocka_all.h"

#include "sim/expect.h"
#include "sim/names.h"

#include <stdlib.h>

/* One scenario from text; the arena is the caller's. */
static struct sp_scenario *read_one(struct sp_arena *a, const char *text)
{
	const struct sp_source src = {"test.yaml", text, strlen(text)};
	struct sp_scenario *v = NULL;
	struct sp_diags diags;
	uint32_t n = 0;

	sp_diags_init(&diags, a);
	if (sp_scenarios_read(a, &src, &diags, &v, &n) < 0)
		fail_msg("%s", diags.n ? diags.v[0].message : "no memory");
	assert_int_equal(n, 1);
	return v;
}

/* Run @text; the differences are left in @why, the error in @err. */
static int check(const char *text, struct sp_buf *why, struct sp_error *err)
{
	struct sp_arena a = {0};
	struct sp_scenario *s = read_one(&a, text);
	struct sp_scn_pod p;
	int n = sp_scenario_pod(&a, s, 36, &p, err);

	if (n == 0)
		n = sp_expect_pod(s, &p, why, err);
	sp_arena_done(&a);
	return n;
}

static void test_glob(void **state)
{
	static const struct {
		const char *pattern, *text;
		bool match;
	} cases[] = {
		{"a", "a", true},
		{"a", "ab", false},
		{"a*", "a", true},
		{"*", "", true},
		{"*b*", "abc", true},
		{"*b", "abc", false},
		{"a*b*c", "a--b--b-c", true},
		{"a*b*c", "a--c", false},
		{"", "x", false},
		{"pod.cond.*=True", "pod.cond.Ready=True", true},
	};

	for (size_t i = 0; i < SP_ARRAY_LEN(cases); i++)
		if (sp_expect_glob(cases[i].pattern, cases[i].text) != cases[i].match)
			fail_msg("%s on %s", cases[i].pattern, cases[i].text);
}

static void test_text(void **state)
{
	static const struct {
		const char *want, *text;
		bool match;
	} cases[] = {
		{"same", "same", true},
		{"same", "samesame", false},
		{"", "", true},
		{"", "x", false},
		{"pod=<pod>_<ns>(<uid>)", "pod=p_default(1-2)", true},
		{"pod=<pod>_<ns>(<uid>)", "pod=p_default()", false},
		{"<a>", "", false},
		{"<a> end", "x end y end", true},
		{"<a> end", "x end y", false},
		{"less < more", "less < more", true},
	};

	for (size_t i = 0; i < SP_ARRAY_LEN(cases); i++)
		if (sp_expect_text(cases[i].want, cases[i].text) != cases[i].match)
			fail_msg("%s on %s", cases[i].want, cases[i].text);
}

/* A sidecar and an app; the app crashes at 3, is ready again at 3, and the pod is deleted at 6. */
#define GROUND                                                                                     \
	"scenarios:\n"                                                                             \
	"- id: ground\n"                                                                           \
	"  pod:\n"                                                                                 \
	"    initContainers:\n"                                                                    \
	"    - {name: side, restartPolicy: Always, preStop: {takes: 1}}\n"                         \
	"    containers:\n"                                                                        \
	"    - {name: app, run: [{exit_after: 3, code: 7}, {exit_after: never}], sigterm: "        \
	"{exits_after: 2, code: 0}}\n"                                                             \
	"  stimuli: [{at: 6, delete: {}}]\n"                                                       \
	"  expect: "

/* Right expectations, and the same with one value changed. */
static void test_says_no(void **state)
{
	static const struct {
		const char *expect, *difference; /* NULL: it holds */
	} cases[] = {
		{"{at: {app.exit: 3, pod.finished: 8}}", NULL},
		{"{at: {app.exit: 4}}", "app.exit: expected at 4 s, got it at 3 s"},
		{"{at: {app.exit: [2, 4]}}", NULL},
		{"{at: {app.exit: [4, 9]}}", "app.exit: expected from 4 to 9 s, got it at 3 s"},
		{"{at: {app.sigkill: 3}}", "app.sigkill: expected at 3 s, got no such event"},
		{"{at: {'app#1.exit': 8}, tolerance: 0.1}", NULL},
		{"{at: {'app#1.exit': 7.5}, tolerance: 1}", NULL},
		{"{order: [[side.start, app.start, app.exit, 'app#1.start']]}", NULL},
		{"{order: [[app.exit, app.start]]}",
		 "order: expected app.start after app.exit (3 s), got it at 0 s"},
		{"{order: [[app.start, side.exit, pod.finished]]}", NULL},
		{"{order: [[app.start, 'app#2.start']]}",
		 "order: expected app#2.start after app.start, got no such event"},
		{"{gap: [{from: app.exit, to: 'app#1.exit', is: 5}]}", NULL},
		{"{gap: [{from: app.exit, to: 'app#1.exit', is: 4}]}",
		 "gap app.exit to app#1.exit: expected 4 s, got 5 s"},
		{"{gap: [{from: app.exit, to: 'app#1.exit', min: 5, max: 5}]}", NULL},
		{"{gap: [{from: app.exit, to: 'app#1.exit', min: 6}]}",
		 "gap app.exit to app#1.exit: expected at least 6 s, got 5 s"},
		{"{gap: [{from: app.exit, to: 'app#1.exit', max: 4}]}",
		 "gap app.exit to app#1.exit: expected at most 4 s, got 5 s"},
		{"{together: [[side.start, app.start]]}", NULL},
		{"{together: [[side.start, app.exit]]}",
		 "together: expected app.exit with side.start at 0 s, got 3 s"},
		{"{never: ['app#2.start', '*.sigkill']}", NULL},
		{"{never: ['app#*.sigterm']}", "app#*.sigterm: expected never, got it at 6 s"},
		{"{never: [app.backoff, app.exit]}", "app.exit: expected never, got it at 3 s"},
		{"{count: {app.starts: 2, app.start: 1, '*.sigterm': 2}}", NULL},
		{"{count: {app.starts: 3}}", "count of app.starts: expected 3, got 2"},
		{"{count: {app.starts: [1, 2]}}", NULL},
		{"{status: [{at: 2, phase: Running, column: Running, readyColumn: 2/2, restarts: "
		 "0}]}",
		 NULL},
		{"{status: [{at: 2, phase: Pending}]}",
		 "at 2 s: phase: expected Pending, got Running"},
		{"{status: [{at: 7, column: Running}]}",
		 "at 7 s: STATUS column: expected Running, got Terminating"},
		{"{status: [{at: 2, readyColumn: 1/2}]}",
		 "at 2 s: READY column: expected 1/2, got 2/2"},
		{"{status: [{at: 4, restarts: 0}]}", "at 4 s: restarts: expected 0, got 1"},
		{"{status: [{at: 2, conditions: {Ready: true}}]}", NULL},
		{"{status: [{at: 2, conditions: {Ready: false}}]}",
		 "at 2 s: condition Ready: expected False, got True"},
		{"{status: [{at: 2, conditions: {Nonsense: true}}]}",
		 "at 2 s: condition Nonsense: expected True, got absent"},
		{"{status: [{at: 4, containers: {app: {state: running, lastExitCode: 7, ready: "
		 "true, started: true, restartCount: 1}}}]}",
		 NULL},
		{"{status: [{at: 4, containers: {app: {lastExitCode: 8}}}]}",
		 "at 4 s: app: lastExitCode: expected 8, got 7"},
		{"{status: [{at: 4, containers: {app: {exitCode: 7}}}]}",
		 "at 4 s: app: exitCode: expected 7, got nothing"},
		{"{final: {phase: Succeeded, at: 8, containers: {app: {exitCode: 0}}}}", NULL},
		{"{final: {phase: Succeeded, at: 9}}", "final: expected the end at 9 s, got 8 s"},
		{"{final: {phase: Failed}}", "at the end: phase: expected Failed, got Succeeded"},
		{"{horizon: 5, final: {at: 5}}",
		 "final: expected the pod to finish at 5 s, got no end up to 5 s"},
		{"{events: [{reason: Killing, container: app, message: 'Stopping container "
		 "app'}]}",
		 NULL},
		{"{events: [{reason: Killing, count: 2}]}", NULL},
		{"{events: [{reason: Killing, count: 3}]}",
		 "event {\"reason\":\"Killing\",\"count\":3}: got 2, first of that reason: "
		 "\"Stopping container side\""},
		{"{events: [{reason: Started, type: Warning}]}",
		 "event {\"reason\":\"Started\",\"type\":\"Warning\"}: got 0, first of that "
		 "reason: \"Container started\""},
		{"{eventSequence: [{reason: Started, fieldPath: 'spec.initContainers{side}'}, "
		 "{reason: Created, fieldPath: 'spec.containers{app}'}, {reason: Killing}]}",
		 NULL},
		{"{eventSequence: [{reason: Killing}, {reason: Started}]}",
		 "eventSequence: expected item 2, {\"reason\":\"Started\"}, got none there"},
		{"{neverEvents: [Unhealthy]}", NULL},
		{"{neverEvents: [Killing]}",
		 "event Killing: expected never, got it at 6 s: Stopping container side"},
		{"{horizon: 5, conditionMessages: {Ready: ''}}", NULL},
		{"{horizon: 5, conditionMessages: {Ready: 'at 2: waiting'}}",
		 "at 2 s: message of Ready: expected \"waiting\", got \"\""},
		{"{messages: ['never said']}",
		 "message: expected \"never said\", got it at no snapshot"},
		{"{initContainerStatuses: [side], containerStatuses: [app]}", NULL},
		{"{containerStatuses: [app, side]}",
		 "containerStatuses item 1: expected side, got nothing"},
	};

	for (size_t i = 0; i < SP_ARRAY_LEN(cases); i++) {
		struct sp_buf text = {0}, why = {0};
		struct sp_error err = {0};
		int n;

		sp_buf_puts(&text, GROUND);
		sp_buf_puts(&text, cases[i].expect);
		n = check(text.ptr, &why, &err);
		if (n < 0)
			fail_msg("%s: %s", cases[i].expect, err.text);
		if (n > 0)
			*strchr(why.ptr, '\n') = 0;
		if ((n == 0) != (cases[i].difference == NULL) ||
		    (n > 0 && !sp_streq(why.ptr, cases[i].difference)))
			fail_msg("%s\n got: %s\nwant: %s", cases[i].expect, n ? why.ptr : "nothing",
				 cases[i].difference ? cases[i].difference : "nothing");
		sp_buf_done(&text);
		sp_buf_done(&why);
	}
}

/* Expectations that cannot be understood are errors, not passes. */
static void test_not_understood(void **state)
{
	static const struct {
		const char *expect, *error;
	} cases[] = {
		{"{at: {ap.exit: 3}}", "the pod has no container 'ap'"},
		{"{never: [app.exti]}", "there is no event 'exti' of a container"},
		{"{never: [pod.gone]}", "there is no event 'pod.gone'"},
		{"{order: [[app]]}", "'app' is no event name"},
		{"{count: {'x*.starts': 1}}", "the pod has no container 'x*'"},
		{"{at: {app.exit@0: 3}}", "a number above 0 is needed behind @"},
		{"{at: {'app#x.exit': 3}}", "a number is needed behind #"},
		{"{at: {app.exit: soon}}", "a number of seconds is needed ('soon')"},
		{"{sometimes: []}", "expect: unknown key 'sometimes'"},
		{"{status: [{at: 1, fase: x}]}", "status: unknown key 'fase'"},
		{"{status: [{phase: x}]}", "a number of seconds is needed"},
		{"{status: [{at: 1, containers: {ap: {}}}]}", "the pod has no container 'ap'"},
		{"{status: [{at: 1, containers: {app: {exit: 1}}}]}", "app: unknown key 'exit'"},
		{"{events: [{cause: x}]}", "events: unknown key 'cause'"},
		{"{order: {a: b}}", "order: a list of chains is needed"},
		{"{gap: [{from: app.exit, upto: app.exit}]}", "gap: unknown key 'upto'"},
		{"{conditionMessages: {Ready: 'at soon: x'}}", "at <seconds>: <text>"},
	};

	for (size_t i = 0; i < SP_ARRAY_LEN(cases); i++) {
		struct sp_buf text = {0}, why = {0};
		struct sp_error err = {0};

		sp_buf_puts(&text, GROUND);
		sp_buf_puts(&text, cases[i].expect);
		if (check(text.ptr, &why, &err) >= 0)
			fail_msg("%s was understood", cases[i].expect);
		if (!strstr(err.text, cases[i].error))
			fail_msg("%s: %s", cases[i].expect, err.text);
		assert_int_equal(strncmp(err.text, "test.yaml:", 10), 0);
		sp_buf_done(&text);
		sp_buf_done(&why);
	}
}

static void test_reader_says_no(void **state)
{
	static const struct {
		const char *pod, *error;
	} cases[] = {
		{"{containers: []}", "at least one regular container"},
		{"{containers: [{run: []}]}", "run: a list with one item per instance"},
		{"{containers: [{name: a, run: [{exit_after: -1}]}]}", "cannot be negative"},
		{"{containers: [{name: a, run: [{code: 256}]}]}", "from 0 to 255"},
		{"{containers: [{name: a, sigterm: maybe}]}", "sigterm: a map is needed"},
		{"{containers: [{name: a, image: perhaps}]}", "image: ok, bad or a map"},
		{"{containers: [{name: a}, {name: a}]}", "two containers are called 'a'"},
		{"{containers: [{name: a, readinessProbe: {result: 3}}]}", "a probe result is"},
		{"{containers: [{name: a, readinessProbe: {result: {windows: [[1]]}}}]}",
		 "a window is [from, to]"},
		{"{containers: [{name: a, readinessProbe: {period: 3}}]}",
		 "probe: unknown key 'period'"},
		{"{containers: [{name: a, preStop: {type: sleep, takes: 0.5}}]}", "whole seconds"},
		{"{containers: [{name: a, preStop: {type: dance}}]}", "exec, http, tcp or sleep"},
		{"{containers: [{name: a, restartPolicy: Sometimes}]}", "restartPolicy: Always"},
		{"{containers: [{name: a, restartPolicyRules: [{action: Stop}]}]}",
		 "Restart or RestartAllContainers"},
		{"{restartpolicy: Always, containers: [{name: a}]}",
		 "pod: unknown key 'restartpolicy'"},
		{"{engine: {maxContainerRestartPeriod: 0.5}, containers: [{name: a}]}",
		 "1 to 300 seconds"},
	};

	for (size_t i = 0; i < SP_ARRAY_LEN(cases); i++) {
		struct sp_buf text = {0}, why = {0};
		struct sp_error err = {0};

		sp_buf_printf(&text, "scenarios: [{id: x, pod: %s, expect: {}}]", cases[i].pod);
		if (check(text.ptr, &why, &err) >= 0)
			fail_msg("%s was read", cases[i].pod);
		if (!strstr(err.text, cases[i].error))
			fail_msg("%s: %s", cases[i].pod, err.text);
		sp_buf_done(&text);
		sp_buf_done(&why);
	}
}

static void test_stimuli_say_no(void **state)
{
	static const struct {
		const char *stimulus, *error;
	} cases[] = {
		{"{at: 1}", "a stimulus is"},
		{"{delete: {}}", "a stimulus is"},
		{"{at: 1, explode: true}", "unknown stimulus 'explode'"},
		{"{at: 1, delete: {grace: soon}}", "a whole number"},
		{"{at: 1, set_image: {container: b, image: x}}", "no container 'b'"},
		{"{at: 1, set_image: {container: a}}", "'image' is missing"},
		{"{at: 1, sandbox_lost: false}", "sandbox_lost: true"},
		{"{at: 1, set_gate: {type: x, status: 'True'}}", "no readiness gate 'x'"},
		{"{at: 1, set_image_availability: {container: a, pullPolicy: Often}}",
		 "a pull policy is"},
	};

	for (size_t i = 0; i < SP_ARRAY_LEN(cases); i++) {
		struct sp_buf text = {0}, why = {0};
		struct sp_error err = {0};

		sp_buf_printf(&text,
			      "scenarios: [{id: x, pod: {containers: [{name: a}]}, stimuli: [%s], "
			      "expect: {}}]",
			      cases[i].stimulus);
		assert_true(check(text.ptr, &why, &err) < 0);
		if (!strstr(err.text, cases[i].error))
			fail_msg("%s: %s", cases[i].stimulus, err.text);
		sp_buf_done(&text);
		sp_buf_done(&why);
	}
}

/* The story of a pod, fact by fact: what the world does is visible in it. */
static void test_story(void **state)
{
	static const char text[] =
		"scenarios:\n"
		"- id: story\n"
		"  pod:\n"
		"    restartPolicy: Never\n"
		"    containers:\n"
		"    - name: c\n"
		"      image: {pull_takes: 2}\n"
		"      run: [{exit_after: 9, code: 3}]\n"
		"      postStart: {takes: 1}\n"
		"      readinessProbe: {periodSeconds: 2, failureThreshold: 1, result: {windows: "
		"[[0, 4]]}, takes: 0.5}\n";
	static const char want[] = "2 start\n"
				   "2 poststart.begin\n"
				   "3 poststart.end\n"
				   "3 started\n"
				   "3 probe.readiness\n"
				   "3.5 probe.readiness.done\n"
				   "3.5 ready\n"
				   "5 probe.readiness\n"
				   "5.5 probe.readiness.done\n"
				   "7 probe.readiness\n"
				   "7.5 probe.readiness.done\n"
				   "7.5 notready\n"
				   "9 probe.readiness\n"
				   "9.5 probe.readiness.done\n"
				   "11 exit\n";
	struct sp_arena a = {0};
	struct sp_scenario *s = read_one(&a, text);
	struct sp_happened h;
	struct sp_scn_pod p;
	struct sp_buf got = {0};
	struct sp_error err;
	struct sp_sim *sim;

	assert_int_equal(sp_scenario_pod(&a, s, 36, &p, &err), 0);
	sim = sp_sim_new(&p.spec, &p.plan);
	assert_non_null(sim);
	assert_int_equal(sp_sim_run(sim, SP_NEVER, &err), 0);
	assert_true(sp_sim_finished(sim));
	assert_true(sp_sim_idle(sim));
	assert_int_equal(sp_happened_read(&a, sim, &h), 0);
	for (size_t i = 0; i < h.n; i++)
		if (h.names[i] && h.lines[i].act.ctr == 0)
			sp_buf_printf(&got, "%g %s\n", (double)h.lines[i].at / 1e9, h.names[i]);
	assert_string_equal(got.ptr, want);
	sp_buf_done(&got);
	sp_sim_free(sim);
	sp_arena_done(&a);
}

/* Looking at the pod in between changes nothing. */
static void test_stops_do_not_matter(void **state)
{
	static const char text[] = GROUND "{}";
	struct sp_arena a = {0};
	struct sp_scenario *s = read_one(&a, text);
	struct sp_sim *one, *many;
	struct sp_scn_pod p;
	struct sp_error err;
	size_t n1, n2;

	assert_int_equal(sp_scenario_pod(&a, s, 36, &p, &err), 0);
	one = sp_sim_new(&p.spec, &p.plan);
	many = sp_sim_new(&p.spec, &p.plan);
	assert_int_equal(sp_sim_run(one, 20 * SP_SEC, &err), 0);
	for (sp_time t = 0; t <= 20 * SP_SEC; t += 100 * SP_MSEC)
		assert_int_equal(sp_sim_run(many, t, &err), 0);
	sp_sim_lines(one, &n1);
	sp_sim_lines(many, &n2);
	assert_int_equal(n1, n2);
	for (size_t i = 0; i < n1; i++)
		assert_true(sp_sim_lines(one, &n1)[i].at == sp_sim_lines(many, &n2)[i].at);
	sp_sim_free(one);
	sp_sim_free(many);
	sp_arena_done(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_glob),           cmocka_unit_test(test_text),
		cmocka_unit_test(test_says_no),        cmocka_unit_test(test_not_understood),
		cmocka_unit_test(test_reader_says_no), cmocka_unit_test(test_stimuli_say_no),
		cmocka_unit_test(test_story),          cmocka_unit_test(test_stops_do_not_matter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
