/* SPDX-License-Identifier: Apache-2.0 */
/* Manifests as scenarios: assumptions, corrections, and the way back to a scenario file. */
#include "cmocka_all.h"

#include "control/zone.h"
#include "sim/check.h"
#include "sim/what.h"

#include <stdio.h>
#include <string.h>

static const char manifest[] =
	"apiVersion: v1\n"
	"kind: Pod\n"
	"metadata: {name: web}\n"
	"spec:\n"
	"  restartPolicy: OnFailure\n"
	"  initContainers:\n"
	"  - {name: proxy, image: p, restartPolicy: Always, startupProbe: {tcpSocket: {port: 1}, "
	"periodSeconds: 1, failureThreshold: 30}}\n"
	"  - {name: prep, image: p}\n"
	"  containers:\n"
	"  - {name: app, image: a, lifecycle: {preStop: {exec: {command: [x]}}}}\n";

struct made {
	struct sp_manifest m;
	struct sp_arena arena;
	struct sp_what what;
};

static void make(struct made *t)
{
	struct sp_error err;

	memset(t, 0, sizeof(*t));
	sp_manifest_init(&t->m, &(struct sp_load_options){0});
	assert_int_equal(sp_manifest_add(&t->m, "pod.yaml", manifest, strlen(manifest)), 0);
	assert_int_equal(t->m.diags.n_errors, 0);
	assert_int_equal(sp_what_init(&t->arena, "web", t->m.objects[0].pod->spec, &t->what, &err),
			 0);
}

static void done(struct made *t)
{
	sp_manifest_done(&t->m);
	sp_arena_done(&t->arena);
}

static bool assumes(const struct sp_what *w, const char *text)
{
	for (uint32_t i = 0; i < w->n_assumed; i++)
		if (sp_streq(w->assumed[i].text, text))
			return true;
	return false;
}

/* What is assumed is told; what was told is not assumed any more. */
static void test_assumptions(void **state)
{
	struct sp_error err;
	struct made t;

	make(&t);
	assert_true(assumes(&t.what, "prep: exits with 0 after 1 s"));
	assert_true(assumes(&t.what, "proxy: runs until it is stopped"));
	assert_true(assumes(&t.what, "app: exits with 0 after 10 s"));
	assert_true(assumes(&t.what, "app: the preStop hook succeeds after 1 s"));
	assert_int_equal(sp_what_set(&t.what, "app.exit_after=3", &err), 0);
	assert_false(assumes(&t.what, "app: exits with 0 after 10 s"));
	assert_true(assumes(&t.what, "prep: exits with 0 after 1 s"));
	done(&t);
}

/* A hook that only sleeps tells how long. */
static void test_hooks_that_sleep(void **state)
{
	static const struct {
		const char *command, *assumed;
	} cases[] = {
		{"[sleep, '15']", "c: the preStop hook sleeps for 15 s, as it says"},
		{"[/bin/sh, -c, sleep 5]", "c: the preStop hook sleeps for 5 s, as it says"},
		{"[bash, -c, sleep 20s]", "c: the preStop hook sleeps for 20 s, as it says"},
		{"[sh, -c, sleep 5 && kill 1]", "c: the preStop hook succeeds after 1 s"},
		{"[sleep]", "c: the preStop hook succeeds after 1 s"},
		{"[sleep, 5m]", "c: the preStop hook succeeds after 1 s"},
	};

	for (size_t i = 0; i < SP_ARRAY_LEN(cases); i++) {
		SP_CLEANUP(sp_buf_done) struct sp_buf text = {0};
		struct sp_manifest m;
		struct sp_arena a = {0};
		struct sp_what w;
		struct sp_error err;

		sp_buf_printf(
			&text,
			"{apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {containers: "
			"[{name: c, image: x, lifecycle: {preStop: {exec: {command: %s}}}}]}}",
			cases[i].command);
		sp_manifest_init(&m, &(struct sp_load_options){0});
		assert_int_equal(sp_manifest_add(&m, "t", text.ptr, text.len), 0);
		assert_int_equal(m.n_objects, 1);
		assert_int_equal(sp_what_init(&a, "p", m.objects[0].pod->spec, &w, &err), 0);
		if (!assumes(&w, cases[i].assumed))
			fail_msg("%s", cases[i].command);
		sp_manifest_done(&m);
		sp_arena_done(&a);
	}
}

/* Each correction, and a fact that follows from it. */
static void test_corrections(void **state)
{
	static const struct {
		bool sentence;
		const char *text, *at, *fact; /* at @at seconds, "<container>.<fact>" */
	} cases[] = {
		{false, "app.exit_after=4", "7", "app.exit"}, /* 2 s gate, 1 s prep */
		{false, "proxy.ready_after=5", "5", "proxy.started"},
		{false, "prep.exit_after=6", "8", "prep.exit"},
		{false, "app.run=[{exit_after: 2, code: 1}, {exit_after: 1, code: 0}]", "5",
		 "app.exit"},
		{true, "proxy is ready after 1s", "1", "proxy.started"},
		{true, "app crashes after 2s", "5", "app.exit"},
		{true, "app crashes at 4s with code 9", "4", "app.exit"},
		{true, "delete at 4s grace 10", "5", "app.prestop.end"},
		{true, "app preStop takes 3s", "", ""},
		{true, "reboot at 5s", "5", "sandbox.lost"},
		{true, "app image takes 7s", "10", "app.start"},
		{true, "app ignores SIGTERM;delete at 4s grace 5", "9", "app.sigkill"},
		{true, "app needs 4s to stop;delete at 5s", "10", "app.exit"},
		{true, "app crashes once after 2s", "5", "app.start"},
		{true, "app exits after 2s", "5", "app.exit"},
		{true, "app exits 3 after 2s", "5", "app.exit"},
		{true, "app never exits;delete at 20s", "20", "app.prestop.begin"},
		{true, "app needs 2s to start", "5", "app.start"},
		{true, "app cannot be launched", "3", "app.starterror"},
		{true, "app is OOM-killed at 6s", "6", "app.exit"},
		{true, "proxy never starts up", "29", "proxy.kill"},
		{true, "app image is missing", "3", "app.pullfail"},
		{true, "app image changes at 6s", "6", "app.kill"},
		{true, "app preStop hangs;delete at 5s grace 4", "9", "app.sigterm"},
		{true, "app preStop fails;delete at 5s", "6", "app.sigterm"},
		{true, "sandbox is lost at 6s", "6", "sandbox.lost"},
		{true, "engine restarts at 5s for 3s;app exits after 4s", "8", "app.exit"},
		{false, "proxy.startupProbe.result.after=6", "6", "proxy.started"},
		{false, "app.sigterm.exits_after=4", "", ""},
		{false, "app.code=3", "13", "app.exit"}, /* it ends, after the usual time */
		{false, "app.oom=true;app.exit_after=2", "5", "app.exit"},
		{false, "app.start_takes=2", "5", "app.start"},
		{false, "app.pull_takes=4", "7", "app.start"},
		{false, "app.config_error={until: 12, message: no}", "12", "app.start"},
		{true, "APP IGNORES sigterm", "", ""},
	};

	for (size_t i = 0; i < SP_ARRAY_LEN(cases); i++) {
		struct sp_buf got = {0}, want = {0};
		struct sp_scn_pod p;
		struct sp_error err;
		struct sp_sim *sim;
		struct made t;
		const struct sp_sim_line *v;
		char all[128];
		size_t n;
		int r;

		make(&t);
		snprintf(all, sizeof(all), "%s", cases[i].text);
		r = 0;
		for (char *save = NULL, *w = strtok_r(all, ";", &save); w && r == 0;
		     w = strtok_r(NULL, ";", &save))
			r = cases[i].sentence ? sp_what_if(&t.what, w, &err)
					      : sp_what_set(&t.what, w, &err);
		if (sp_streq(cases[i].text, "APP IGNORES sigterm")) { /* names keep their case */
			assert_int_equal(r, -1);
			done(&t);
			continue;
		}
		if (r < 0)
			fail_msg("%s: %s", cases[i].text, err.text);
		assert_int_equal(sp_what_pod(&t.what, 36, &p, &err), 0);
		sim = sp_sim_new(&p.spec, &p.plan);
		assert_int_equal(sp_sim_run(sim, 100 * SP_SEC, &err), 0);
		v = sp_sim_lines(sim, &n);
		for (size_t k = 0; k < n; k++) {
			if (v[k].kind != SP_SIM_FACT)
				continue;
			sp_buf_printf(&got, "%g ", (double)v[k].at / 1e9);
			if (v[k].act.ctr != SP_NO_CTR)
				sp_buf_printf(&got, "%s.", p.spec.ctrs[v[k].act.ctr].name);
			sp_fact_print(&v[k].act, &got);
			sp_buf_putc(&got, '\n');
		}
		sp_buf_printf(&want, "%s %s\n", cases[i].at, cases[i].fact);
		if (*cases[i].at && !strstr(got.ptr, want.ptr))
			fail_msg("%s: no %s in\n%s", cases[i].text, want.ptr, got.ptr);
		sp_buf_done(&got);
		sp_buf_done(&want);
		sp_sim_free(sim);
		done(&t);
	}
}

static void test_refused(void **state)
{
	static const struct {
		bool sentence;
		const char *text, *error;
	} cases[] = {
		{false, "app", "write <container>.<key>=<value>"},
		{false, "exit_after=3", "write <container>.<key>=<value>"},
		{false, "other.code=3", "the pod has no container 'other'"},
		{false, "app.livenessProbe.result=never", "container 'app' has no livenessProbe"},
		{false, "proxy.startupProbe.periodSeconds=3", "comes from the manifest"},
		{false, "app.preStop=never", "'result' or 'takes' can be set"},
		{false, "app.ready_after=3", "it is ready as soon as it runs"},
		{false, "app.code=[", "cannot be read"},
		{false, "app.readynessProbe.takes=1", "unknown key 'readynessProbe'"},
		{false, "app.sigterm=ignored", "'app.sigterm=ignored': sigterm: a map is needed"},
		{false, "app.exit_after=x", "a number of seconds is needed ('x')"},
		{true, "app dances", "'app dances' is not understood"},
		{true, "app crashes at noon", "is not understood"},
		{true, "other ignores SIGTERM", "the pod has no container 'other'"},
		{true, "", "is not understood"},
	};

	for (size_t i = 0; i < SP_ARRAY_LEN(cases); i++) {
		struct sp_error err = {0};
		struct made t;
		int r;

		make(&t);
		r = cases[i].sentence ? sp_what_if(&t.what, cases[i].text, &err)
				      : sp_what_set(&t.what, cases[i].text, &err);
		if (r == 0 || !strstr(err.text, cases[i].error))
			fail_msg("%s: %s", cases[i].text, r ? err.text : "taken");
		done(&t);
	}
}

/* Files of behaviour: what they cannot mean is told with file and line. */
static void test_files(void **state)
{
	static const struct {
		const char *text, *error; /* NULL: taken */
	} cases[] = {
		{"containers: {app: {sigterm: ignore}}\nstimuli: [{at: 5, delete: {grace: 3}}]\n",
		 NULL},
		{"scenarios: [{id: x, pod: {containers: [{name: app, sigterm: ignore}]}}]\n", NULL},
		{"containers:\n  app: {sigterm: ignored}\n", "b.yaml:2: sigterm: a map is needed"},
		{"containers: {nobody: {}}\n", "b.yaml: the pod has no container 'nobody'"},
		{"contaners: {app: {}}\n", "b.yaml:1: scenario: unknown key 'contaners'"},
		{"containers: [app]\n", "b.yaml:1: containers: a map by name is needed"},
		{"stimuli: [{at: 5, explode: true}]\n", "b.yaml:1: unknown stimulus 'explode'"},
		{"containers: {app: [\n", "b.yaml: "},
	};

	for (size_t i = 0; i < SP_ARRAY_LEN(cases); i++) {
		const struct sp_source src = {"b.yaml", cases[i].text, strlen(cases[i].text)};
		struct sp_error err = {0};
		struct made t;
		int r;

		make(&t);
		r = sp_what_file(&t.what, &src, &err);
		if ((r < 0) != !!cases[i].error ||
		    (cases[i].error && strncmp(err.text, cases[i].error, strlen(cases[i].error))))
			fail_msg("%s: %s", cases[i].text, r < 0 ? err.text : "taken");
		done(&t);
	}
}

/* A printed scenario holds; with a changed number it does not. */
static void test_round_trip(void **state)
{
	struct sp_buf text = {0}, out = {0};
	struct sp_tally tally = {0};
	struct sp_scn_pod p;
	struct sp_error err;
	struct sp_source src = {.name = "printed"};
	struct sp_sim *sim;
	struct made t;
	char *exit_after;

	make(&t);
	assert_int_equal(sp_what_if(&t.what, "delete at 8s", &err), 0);
	assert_int_equal(sp_what_pod(&t.what, 36, &p, &err), 0);
	sim = sp_sim_new(&p.spec, &p.plan);
	assert_int_equal(sp_sim_run(sim, 100 * SP_SEC, &err), 0);
	assert_int_equal(sp_what_print(&t.what, sim, &text, &err), 0);
	src.bytes = text.ptr;
	src.len = text.len;
	assert_int_equal(sp_check_source(&src, &(struct sp_scn_outside){36}, &out, &tally, &err),
			 0);
	assert_int_equal(tally.passed, 1);

	exit_after = strstr(text.ptr, "exit_after: 1\n");
	assert_non_null(exit_after);
	exit_after[strlen("exit_after: ")] = '2';
	assert_int_equal(sp_check_source(&src, &(struct sp_scn_outside){36}, &out, &tally, &err),
			 0);
	assert_int_equal(tally.passed, 1);
	assert_int_equal(tally.failed, 1);
	assert_non_null(strstr(out.ptr, "not ok 2 - web"));
	assert_non_null(strstr(out.ptr, "#   prep.exit: expected at 3 s, got it at 4 s"));
	sp_sim_free(sim);
	sp_buf_done(&text);
	sp_buf_done(&out);
	done(&t);
}

/* The only zone of this world. */
static const struct sp_zone *one_zone(void *arg, const char *name)
{
	static struct sp_zone zone;
	struct sp_error err;

	if (!sp_streq(name, "Test/Berlin"))
		return NULL;
	assert_int_equal(sp_zone_from_rule("CET-1CEST,M3.5.0,M10.5.0/3", &zone, &err), 0);
	return &zone;
}

/* Kinds without a pod: wrong tables fail, unknown ones are skipped with a reason. */
static void test_tables(void **state)
{
	static const struct {
		const char *entry;
		uint32_t passed, failed, skipped;
		const char *text;
	} cases[] = {
		{"{id: a, kind: calc, cases: [{init: [], regular: [1, 2], cpu: 3}]}", 1, 0, 0, ""},
		{"{id: a, kind: calc, cases: [{init: [], regular: [1, 2], cpu: 4}]}", 0, 1, 0,
		 "case 1: cpu: expected 4, got 3"},
		{"{id: a, kind: calc, cases: [{seconds: 80, text: 80s}]}", 0, 1, 0,
		 "expected 80s, got 1m20s"},
		{"{id: a, kind: calc, cases: [{regular: [{}], qos: Guaranteed}]}", 0, 1, 0,
		 "expected Guaranteed, got BestEffort"},
		{"{id: a, kind: calc, env: [{name: A, value: b}], result: {A: c}}", 0, 1, 0,
		 "A: expected c, got b"},
		{"{id: a, kind: calc, image: {entrypoint: [e]}, cases: [{args: [x], argv: [x]}]}",
		 0, 1, 0, "argv: expected [\"x\"], got [\"e\",\"x\"]"},
		{"{id: a, kind: calc, cases: [{field: limits.cpu, value: 1500m, result: 1}]}", 0, 1,
		 0, "limits.cpu: expected "},
		{"{id: a, kind: calc, cases: [{moon: full}]}", 0, 0, 1, "# SKIP"},
		{"{id: a, kind: probe}", 0, 0, 1, "# SKIP there is nothing to probe here"},
		{"{id: a, kind: validation, cases: [{pod: {containers: []}, errors: []}]}", 0, 1, 0,
		 "got also \"spec.containers: Required value\""},
		{"{id: a, kind: validation, cases: [{pod: {containers: [{name: a, image: x}]}, "
		 "errors: [x]}]}",
		 0, 1, 0, "expected \"x\", got no such problem"},
		{"{id: a, kind: validation, cases: [{pod: {containers: [{name: a, image: x}]}, "
		 "errorSuffix: x}]}",
		 0, 1, 0, "ends with \"x\", got none"},
		{"{id: a, kind: probe, cases: [{response: '200'}]}", 0, 0, 1, "# SKIP"},
		{"{id: a, kind: job, jb: 1, job: {}, expect: {}}", 0, 1, 0, "unknown key 'jb'"},
		{"{id: a, kind: validation, pod: {containers: []}}", 0, 1, 0,
		 "a case expects errors"},
		{"{id: a, kind: calc, after: '2026-03-28T12:00:00Z', timeZone: Test/Berlin, cases: "
		 "[{schedule: '30 2 * * *', next: ['2026-03-30T00:30:00Z', "
		 "'2026-03-31T02:30:00+02:00']}, {schedule: '0 3 * * *', timeZone: UTC, next: "
		 "['2026-03-29T03:00:00Z']}]}",
		 1, 0, 0, "ok 1"},
		{"{id: a, kind: calc, after: '2026-03-28T12:00:00Z', cases: [{schedule: '0 3 * * *', "
		 "timeZone: Test/Berlin, next: ['2026-03-29T03:00:00Z']}]}",
		 0, 1, 0, "expected 2026-03-29T03:00:00Z, got 2026-03-29T03:00:00+02:00"},
		{"{id: a, kind: cronjob, cronjob: {name: c, schedule: '0 9 * * *', timeZone: "
		 "Test/Berlin, created: '2026-03-27T12:00:00Z', jobRuns: 5}, expect: {at: "
		 "{'2026-03-28T08:00:00Z': create c-29578080, '2026-03-29T07:00:00Z': create "
		 "c-29579460}, annotation: {batch.kubernetes.io/cronjob-scheduled-timestamp: "
		 "'2026-03-28T09:00:00+01:00'}}}",
		 1, 0, 0, "ok 1"},
		{"{id: a, kind: calc, after: '2026-03-28T12:00:00Z', timeZone: Mars/Olympus, cases: "
		 "[{schedule: '@daily', next: [never]}]}",
		 0, 1, 0, "time zone 'Mars/Olympus' is not known here"},
		{"{id: a, kind: validation, cases: [{cronjob: {timeZone: Mars/Olympus}, errors: "
		 "['spec.timeZone: Invalid value: \"Mars/Olympus\": unknown time zone "
		 "Mars/Olympus']}, {cronjob: {timeZone: Test/Berlin}, errors: []}]}",
		 1, 0, 0, "ok 1"},
		{"{id: a, kind: calc, cases: [{set: [1], text: '1', txt: 2}]}", 0, 1, 0,
		 "t:1: case: unknown key 'txt'"},
		{"{id: a, kind: calc, cases: [{set: [1], text: '1'}, {set: [2]}]}", 0, 1, 0,
		 "case 2: 'text' is missing"},
		{"{id: a, pod: {containers: [{name: c}]}}", 0, 1, 0, "nothing is expected"},
		{"]\nscenarois: [", 0, 1, 0, "unknown key 'scenarois'"},
		{"{id: a, kind: dream}", 0, 1, 0, "unknown scenario kind 'dream'"},
		{"{title: a}", 0, 1, 0, "needs an 'id'"},
		{"{id: a, kind: dream}, {id: b, kind: calc, cases: [{set: [1], text: '1'}]}, 7", 1,
		 2, 0, "ok 2 - b"},
	};
	const struct sp_scn_outside outside = {.kube_minor = 36, .zone = one_zone};

	for (size_t i = 0; i < SP_ARRAY_LEN(cases); i++) {
		struct sp_buf text = {0}, out = {0};
		struct sp_tally tally = {0};
		struct sp_error err;

		sp_buf_printf(&text, "scenarios: [%s]", cases[i].entry);
		assert_int_equal(sp_check_source(&(struct sp_source){"t", text.ptr, text.len},
						 &outside, &out, &tally, &err),
				 0);
		if (tally.passed != cases[i].passed || tally.failed != cases[i].failed ||
		    tally.skipped != cases[i].skipped || !strstr(out.ptr, cases[i].text))
			fail_msg("%s\n%s", cases[i].entry, out.ptr);
		sp_buf_done(&text);
		sp_buf_done(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hooks_that_sleep),
		cmocka_unit_test(test_assumptions),
		cmocka_unit_test(test_corrections),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_tables),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
