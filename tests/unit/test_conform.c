/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Performed scenarios without performing them: which can be, the pods that play them, and the
 * judgement of a record that differs from the simulation in one way at a time.
 */
#include "cmocka_all.h"

#include "conform/conform_internal.h"

#include <stdio.h>
#include <stdlib.h>

/* A scenario that has been simulated; its "real" record is a copy that cases change. */
struct made {
	struct sp_arena arena;
	struct sp_conform_options options;
	struct conform_world world;
	struct sp_scenario scenario;
	struct conform_run run;
	struct sp_sim_line *real;
	const char **names;
};

static void read_one(struct made *m, const char *entry)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf text = {0};
	struct sp_scenario *v;
	struct sp_diags diags;
	struct sp_source src;
	uint32_t n;

	memset(m, 0, sizeof(*m));
	sp_buf_printf(&text, "scenarios: [{id: x, %s}]", entry);
	src = (struct sp_source){"t", sp_arena_strndup(&m->arena, text.ptr, text.len), text.len};
	sp_diags_init(&diags, &m->arena);
	if (sp_scenarios_read(&m->arena, &src, &diags, &v, &n) < 0)
		fail_msg("%s: %s", entry, diags.n ? diags.v[0].message : "");
	m->scenario = v[0];
	m->options = (struct sp_conform_options){
		.kube_minor = 36, .time_scale = 1, .tolerance = SP_CONFORM_TOLERANCE};
	m->world.options = &m->options;
	m->run.w = &m->world;
	m->run.scenario = &m->scenario;
	snprintf(m->run.uid, sizeof(m->run.uid), "the-uid");
	if (sp_scenario_pod(&m->run.arena, &m->scenario, 36, &m->run.pod, &m->run.err) < 0)
		fail_msg("%s: %s", entry, m->run.err.text);
}

static void made_done(struct made *m)
{
	sp_sim_free(m->run.sim);
	sp_buf_done(&m->run.verdict.why);
	sp_arena_done(&m->run.arena);
	sp_arena_done(&m->arena);
}

/* ---- what can be performed ------------------------------------------------------------------- */

#define APP(keys) "pod: {containers: [{name: a, " keys "}]}"

static void test_cannot(void **state)
{
	static const struct {
		const char *entry, *why; /* NULL: it can */
	} cases[] = {
		{APP("run: [{exit_after: 1, code: 0}]"), NULL},
		{APP("run: [{exit_after: 600, code: 1}]"), "chance"},
		{APP("start_takes: 1"), "a launch cannot be made slow"},
		{APP("run: [{exit_after: 1, code: 0, oom: true}]"), "code 137"},
		{APP("run: [{exit_after: 1, code: 137, oom: true}]"), NULL},
		{APP("run: [{launch_error: true}]"), NULL},
		{APP("run: [{launch_error: true}, {exit_after: 1, code: 0}]"), "only some"},
		{APP("livenessProbe: {result: error}"), NULL},
		{APP("livenessProbe: {result: [error, always]}"), "only some"},
		{APP("livenessProbe: {result: warning}"), "no warnings"},
		{APP("livenessProbe: {timeoutSeconds: 2, takes: 2}"), "chance"},
		{APP("livenessProbe: {timeoutSeconds: 2, takes: 3}"), NULL},
		{APP("postStart: {type: http, takes: 1}"), "nobody listens"},
		{APP("preStop: {type: http, takes: 1}"), NULL},
		{APP("postStart: {type: tcp}"), "knows no signals yet"},
		{APP("preStop: {type: tcp}"), NULL},
		{APP("config_error: {until: 2, message: 'secret \"s\" not found'}"), NULL},
		{APP("config_error: {until: 2, message: no luck}"), "not found"},
		{APP("image: ok") ", stimuli: [{at: 1, daemon_restart: {down_for: 2}}]", NULL},
		{APP("image: ok") ", stimuli: [{at: 1, sandbox_lost: true}]", NULL},
		{APP("image: ok") ", stimuli: [{at: 1, set_image_availability: {container: a, "
				  "available: false}}]",
		 "does not vanish"},
		{"pod: {sandbox: {takes: 2}, containers: [{name: a}]}", "sandbox"},
	};

	for (size_t i = 0; i < SP_ARRAY_LEN(cases); i++) {
		struct made m;
		const char *why;

		read_one(&m, cases[i].entry);
		why = conform_cannot(&m.run.pod);
		if (!why != !cases[i].why || (why && !strstr(why, cases[i].why)))
			fail_msg("%s: %s", cases[i].entry, why ? why : "can be performed");
		made_done(&m);
	}
}

/* ---- the pods that play them ----------------------------------------------------------------- */

static void test_manifest(void **state)
{
	static const struct {
		const char *entry;
		int32_t time_scale;
		const char *has;
	} cases[] = {
		{APP("run: [{exit_after: 2, code: 3}, {exit_after: never}]"), 1,
		 "\"command\":[\"/bin/act\",\"count=/conform/a,exit=2.0000,code=3,term=0.0000:143\","
		 "\"count=/conform/a,exit=never,code=0,term=0.0000:143\"]"},
		{APP("run: [{exit_after: 2, code: 3}]"), 4, "exit=0.5000"},
		{APP("sigterm: ignore"), 1, "term=ignore"},
		{APP("sigterm: {exits_after: 3, code: 7}"), 1, "term=3.0000:7"},
		{APP("run: [{launch_error: true}]"), 1, "\"/bin/no-such-program\""},
		{APP("run: [{exit_after: 1, code: 137, oom: true}]"), 1, "\"memory\":\"24Mi\""},
		{APP("readinessProbe: {periodSeconds: 3, result: {after: 4}}"), 1,
		 "\"periodSeconds\":3"},
		{APP("readinessProbe: {result: {after: 4}}"), 1, "window=4.0000-never"},
		{APP("readinessProbe: {result: {windows: [[1, 2], [6, 8]]}}"), 2,
		 "window=0.5000-1.0000,window=3.0000-4.0000"},
		{APP("readinessProbe: {result: never, takes: 2}"), 1, "takes=2.0000,never"},
		{APP("livenessProbe: {result: error}"), 1, "/bin/no-such-probe"},
		{APP("preStop: {takes: 6, result: fail}"), 1,
		 "\"preStop\":{\"exec\":{\"command\":[\"/bin/hook\",\"takes=6.0000,fail\"]}}"},
		{APP("preStop: {type: http, takes: forever}"), 1, "/hook?takes=forever"},
		{APP("preStop: {type: sleep, takes: 5}"), 1, "{\"sleep\":{\"seconds\":5}}"},
		{APP("restartPolicy: Never, restartPolicyRules: [{action: Restart, exitCodes: "
		     "{operator: In, values: [4, 5]}}]"),
		 1, "\"values\":[4,5]"},
		{APP("config_error: {until: 2, message: 'configmap \"c\" not found'}"), 1,
		 "{\"configMapKeyRef\":{\"name\":\"c\",\"key\":\"k\"}}"},
		{"pod: {terminationGracePeriodSeconds: 7, initContainers: [{name: s, restartPolicy: "
		 "Always}], containers: [{name: a}]}",
		 1, "\"terminationGracePeriodSeconds\":7"},
	};

	for (size_t i = 0; i < SP_ARRAY_LEN(cases); i++) {
		SP_CLEANUP(sp_buf_done) struct sp_buf text = {0};
		struct sp_node *doc = NULL;
		struct sp_error err;
		struct made m;

		read_one(&m, cases[i].entry);
		m.options.time_scale = cases[i].time_scale;
		m.run.share = "/share";
		if (conform_manifest(&m.run, &doc, &err) < 0)
			fail_msg("%s: %s", cases[i].entry, err.text);
		sp_node_json(doc, -1, &text);
		if (!strstr(text.ptr, cases[i].has) || !strstr(text.ptr, "\"uid\":\"the-uid\""))
			fail_msg("%s: no %s in %s", cases[i].entry, cases[i].has, text.ptr);
		made_done(&m);
	}
}

/* ---- judgement ------------------------------------------------------------------------------- */

static const char story[] =
	"pod: {restartPolicy: Never, initContainers: [{name: s, restartPolicy: Always, sigterm: "
	"{exits_after: 1, code: 0}}], containers: [{name: a, run: [{exit_after: 2, code: 0}], "
	"readinessProbe: {periodSeconds: 1, result: {after: 1}}}, {name: b, run: [{exit_after: 4, "
	"code: 0}]}]}, expect: {order: [[s.start, a.start, b.start, s.sigterm]], at: {pod.finished: "
	"5}, status: [{at: 3, phase: Running}], final: {phase: Succeeded}}";

static void perform(struct made *m, const char *entry)
{
	struct conform_run *r = &m->run;
	struct sp_error *err = &r->err;
	struct sp_pod_status *v;
	uint32_t n;

	read_one(m, entry);
	assert_int_equal(sp_expect_times(&r->arena, &m->scenario, &r->pod, &r->times, err), 0);
	r->sim = sp_sim_new(&r->pod.spec, &r->pod.plan);
	assert_non_null(r->sim);
	n = r->times.n_looks;
	v = sp_arena_array(&r->arena, n + 1u, sizeof(*v));
	r->looks = sp_arena_array(&r->arena, n + 1u, sizeof(*r->looks));
	for (uint32_t i = 0; i < n; i++) {
		assert_int_equal(sp_sim_run(r->sim, r->times.looks[i], err), 0);
		sp_sim_status(r->sim, &v[i]);
		r->looks[i] = &v[i];
	}
	assert_int_equal(sp_sim_run(r->sim, r->times.horizon, err), 0);
	sp_sim_status(r->sim, &v[n]);
	r->final = &v[n];
	assert_int_equal(sp_happened_read(&r->arena, r->sim, &r->simulated), 0);
	r->happened = r->simulated;
	m->real = sp_arena_array(&r->arena, r->simulated.n + 1, sizeof(*m->real));
	m->names = sp_arena_array(&r->arena, r->simulated.n + 1, sizeof(*m->names));
	memcpy(m->real, r->simulated.lines, r->simulated.n * sizeof(*m->real));
	memcpy(m->names, r->simulated.names, r->simulated.n * sizeof(*m->names));
	r->happened.lines = m->real;
	r->happened.names = m->names;
}

static size_t find(const struct made *m, const char *ctr, const char *name)
{
	for (size_t i = 0; i < m->run.happened.n; i++) {
		const struct sp_action *a = &m->real[i].act;

		if (m->names[i] && sp_streq(m->names[i], name) &&
		    (a->ctr == SP_NO_CTR ? !*ctr
					 : sp_streq(m->run.pod.spec.ctrs[a->ctr].name, ctr)))
			return i;
	}
	fail_msg("%s.%s did not happen", ctr, name);
	return 0;
}

static void swap(struct made *m, size_t i, size_t k)
{
	struct sp_sim_line l = m->real[i];
	const char *n = m->names[i];

	m->real[i] = m->real[k];
	m->names[i] = m->names[k];
	m->real[k] = l;
	m->names[k] = n;
}

enum change { NOTHING, LATER, DROPPED, CODE, AGAIN, ORDER, PHASE, ALL_LATER };

static void apply(struct made *m, enum change what, const char *ctr, const char *name, sp_time by)
{
	size_t i = *name ? find(m, ctr, name) : 0;
	struct conform_run *r = &m->run;
	sp_time then;

	switch (what) {
	case NOTHING:
		break;
	case ALL_LATER: /* chained waits add up: from here on */
		for (; i < r->happened.n; i++)
			m->real[i].at += by;
		break;
	case LATER: /* with what follows from it in that instant */
		then = m->real[i].at;
		for (size_t k = i; k < r->happened.n && m->real[k].at == then; k++)
			m->real[k].at += by;
		break;
	case DROPPED:
		m->names[i] = NULL;
		break;
	case CODE:
		m->real[i].act.code = 9;
		break;
	case AGAIN:
		m->real[r->happened.n] = m->real[i];
		m->names[r->happened.n] = m->names[i];
		m->real[r->happened.n].at = m->real[r->happened.n - 1].at;
		r->happened.n++;
		break;
	case ORDER: /* before what caused it */
		for (size_t k = find(m, "b", "exit"); i > k; i--) {
			swap(m, i, i - 1);
			m->real[i - 1].at = m->real[i].at;
		}
		break;
	case PHASE:
		r->looks[0]->phase = SP_PHASE_PENDING;
		break;
	}
}

static void test_judgement(void **state)
{
	static const struct {
		enum change what;
		const char *ctr, *name;
		sp_time by, slow;
		const char *why; /* NULL: it conforms */
		uint32_t tries;
	} cases[] = {
		{NOTHING, "", "", 0, 0, NULL},
		{LATER, "a", "exit", 200 * SP_MSEC, 0, NULL},
		{LATER, "a", "exit", 400 * SP_MSEC, 0, "a.exit: simulated at 2 s, really at 2.4 s"},
		/* a machine that is slow at that time is granted more */
		{LATER, "a", "exit", 400 * SP_MSEC, 100 * SP_MSEC, NULL},
		{LATER, "a", "exit", 400 * SP_MSEC, 50 * SP_MSEC, "a.exit: simulated at 2 s"},
		/* as is one that was slow before, within limits */
		{LATER, "a", "exit", 400 * SP_MSEC, 0, NULL, 1},
		{LATER, "a", "exit", 600 * SP_MSEC, 0, "a.exit: simulated at 2 s", 1},
		{LATER, "a", "exit", 1200 * SP_MSEC, 0, "a.exit: simulated at 2 s", 3},
		/* what follows a late step may be as late */
		{ALL_LATER, "a", "exit", 240 * SP_MSEC, 0, NULL},
		{ALL_LATER, "a", "exit", 3 * SP_SEC, 0, "pod.finished: expected at 5 s"},
		{DROPPED, "s", "sigterm", 0, 0,
		 "expected s.sigterm after b.start, got no such event"},
		{DROPPED, "a", "ready", 0, 0, "a.ready: the simulation has it at 1 s"},
		{AGAIN, "b", "exit", 0, 0, "b.exit: the real pod has it at 5 s"},
		{CODE, "b", "exit", 0, 0, "b.exit: simulated with code 0, really with 9"},
		/* the sidecar may not be stopped before the last regular container is gone */
		{ORDER, "s", "sigterm", 0, 0,
		 "b.exit and s.sigterm: simulated in this order, really in the other"},
		{PHASE, "", "", 0, 0, "at 3 s: phase: expected Running, got Pending"},
	};

	for (size_t i = 0; i < SP_ARRAY_LEN(cases); i++) {
		struct made m;
		const char *why;

		perform(&m, story);
		apply(&m, cases[i].what, cases[i].ctr, cases[i].name, cases[i].by);
		m.run.slow = cases[i].slow;
		m.run.tries = cases[i].tries;
		assert_int_equal(conform_judge(&m.run, &m.run.err), 0);
		why = m.run.verdict.why.len ? m.run.verdict.why.ptr : "";
		if (m.run.verdict.failed != !!cases[i].why ||
		    (cases[i].why && !strstr(why, cases[i].why)))
			fail_msg("case %zu: %s", i, why);
		made_done(&m);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cannot),
		cmocka_unit_test(test_manifest),
		cmocka_unit_test(test_judgement),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
