/* SPDX-License-Identifier: Apache-2.0 */
/* Phase, conditions, container statuses, columns, event texts (sections 12 to 16). */
#include "cmocka_all.h"

#include "core_world.h"

#include "core/pod_internal.h"

static const struct sp_condition *cond(enum sp_cond_type type)
{
	const struct sp_pod_status *st = cw_status();

	for (uint16_t i = 0; i < st->n_conds; i++)
		if (st->conds[i].type == type)
			return &st->conds[i];
	return NULL;
}

/* What a pod shows at one moment; NULL is not looked at. */
struct look {
	double at;
	enum sp_phase phase;
	const char *columns, *initialized, *ready; /* condition messages, "" when True */
};

static void look_at(struct cw_story *story, const struct look *looks, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		story->horizon = looks[i].at;
		(void)cw_play(story);
		assert_string_equal(cw_columns(story), looks[i].columns);
		assert_int_equal(cw_status()->phase, looks[i].phase);
		if (looks[i].initialized) {
			assert_int_equal(cond(SP_COND_INITIALIZED)->status,
					 *looks[i].initialized ? SP_COND_FALSE : SP_COND_TRUE);
			assert_string_equal(cond(SP_COND_INITIALIZED)->message,
					    looks[i].initialized);
		}
		if (looks[i].ready) {
			assert_int_equal(cond(SP_COND_READY)->status,
					 *looks[i].ready ? SP_COND_FALSE : SP_COND_TRUE);
			assert_string_equal(cond(SP_COND_READY)->message, looks[i].ready);
			assert_string_equal(cond(SP_COND_CONTAINERS_READY)->message,
					    looks[i].ready);
		}
	}
}

/* PHASE-2, PHASE-3, PHASE-5, PHASE-13, COND-1 to COND-5, COND-10, COND-13, COL-1, COL-2, COL-4 */
static void test_gated_pod(void **state)
{
	struct cw_story story = {
		.ctrs = {CW_INIT("i1"),
			 CW_SIDECAR("s2", .probes = {[SP_PROBE_STARTUP] =
							     CW_PROBE(.period_s = 1,
								      .failure_threshold = 9)}),
			 CW_APP("r1", .probes = {[SP_PROBE_READINESS] = CW_PROBE(.period_s = 1)})},
		.world = {CW_EXITS(2, 0),
			  {.probes = {[SP_PROBE_STARTUP] = {{.from = 3}}}},
			  {.probes = {[SP_PROBE_READINESS] = {{.from = 4}}}}},
	};
	static const struct look looks[] = {
		{1, SP_PHASE_PENDING, "Init:0/2 0/2 0",
		 "containers with incomplete status: [i1 s2]",
		 "containers with unready status: [s2 r1]"},
		{3, SP_PHASE_PENDING, "Init:1/2 0/2 0", "containers with incomplete status: [s2]",
		 "containers with unready status: [s2 r1]"},
		{6, SP_PHASE_RUNNING, "Running 1/2 0", "", "containers with unready status: [r1]"},
		{10, SP_PHASE_RUNNING, "Running 2/2 0", "", ""},
	};

	look_at(&story, looks, SP_ARRAY_LEN(looks));
	assert_int_equal(cond(SP_COND_SCHEDULED)->status, SP_COND_TRUE);
	assert_int_equal(cond(SP_COND_READY_TO_START)->status, SP_COND_TRUE);
	assert_null(cond(SP_COND_ALL_RESTARTING));
	assert_int_equal(cond(SP_COND_READY)->transition_at, 9 * SP_SEC);
	assert_string_equal(cw_status()->pod_ip, "10.0.0.2");
	story.spec.kube_minor = 28; /* REL-2: before the condition, and before sidecars counted */
	(void)cw_play(&story);
	assert_null(cond(SP_COND_READY_TO_START));
	assert_string_equal(cw_columns(&story), "Running 1/1 0");
}

/* COND-11, COL-4, PHASE-23, PHASE-5: a sidecar crash-loops beside a running application */
static void test_crashing_sidecar(void **state)
{
	struct cw_story story = {
		.ctrs = {CW_SIDECAR("s1"), CW_APP("r1")},
		.world = {CW_EXITS(5, 1)},
	};
	static const struct look looks[] = {
		{11, SP_PHASE_RUNNING, "Init:CrashLoopBackOff 1/2 1", "",
		 "containers with unready status: [s1]"},
	};

	look_at(&story, looks, SP_ARRAY_LEN(looks));
	assert_int_equal(cw_status()->ctrs[0].last.code, 1); /* STAT-17, STAT-20 */
	assert_int_equal(cw_status()->ctrs[0].last.attempt, 1);
}

/* PHASE-11, PHASE-23, COL-2, STAT-1: in back-off still Running; the first by name has the column */
static void test_column_by_name(void **state)
{
	struct cw_story story = {
		.spec = {.restart_policy = SP_RESTART_ON_FAILURE},
		.ctrs = {CW_APP("b"), CW_APP("a")},
		.world = {{.runs = {{1, 7}, {1, 7}, {3, 0}}, .n_runs = 3}, CW_EXITS(2, 0)},
	};
	static const struct look looks[] = {
		{5, SP_PHASE_RUNNING, "Completed 0/2 1", "", NULL},
		{14, SP_PHASE_RUNNING, "NotReady 1/2 2", "", NULL},
		{100, SP_PHASE_SUCCEEDED, "Completed 0/2 2", "", NULL},
	};

	look_at(&story, looks, SP_ARRAY_LEN(looks));
	assert_string_equal(cond(SP_COND_READY)->reason, "PodCompleted");
	assert_string_equal(cond(SP_COND_INITIALIZED)->reason, "PodCompleted");
}

/* COL-5, COL-2: a finished application while sidecars stop; Terminating; errors */
static void test_columns_at_the_end(void **state)
{
	struct cw_story job = {
		.spec = {.restart_policy = SP_RESTART_NEVER},
		.ctrs = {CW_SIDECAR("s1"), CW_APP("r1")},
		.world = {{.term_after = 10}, CW_EXITS(5, 0)},
	};
	static const struct look at_end[] = {
		{10, SP_PHASE_RUNNING, "Completed 1/2 0", "",
		 "containers with unready status: [r1]"},
		{20, SP_PHASE_SUCCEEDED, "Completed 0/2 0", "", NULL},
	};
	struct cw_story deleted = {
		.ctrs = {CW_APP("r1")},
		.world = {{.term_after = 10}},
		.stimuli = {{.at = 5, .kind = SP_EV_DELETE, .grace_s = -1}},
	};
	static const struct look deleting[] = {
		{14, SP_PHASE_RUNNING, "Terminating 1/1 0", "", ""}, /* COND-12 */
		{20, SP_PHASE_FAILED, "Error 0/1 0", "", NULL},
	};

	look_at(&job, at_end, SP_ARRAY_LEN(at_end));
	look_at(&deleted, deleting, SP_ARRAY_LEN(deleting));
	assert_string_equal(cond(SP_COND_READY)->reason, "PodFailed");
	assert_int_equal(cond(SP_COND_READY_TO_START)->status, SP_COND_FALSE);
}

/* PHASE-4, PHASE-22, STAT-10 to STAT-14, COL-4: default waiting reasons */
static void test_waiting(void **state)
{
	struct cw_story story = {
		.ctrs = {CW_APP("a"), CW_APP("b")},
		.world = {{.pull_takes = 3}},
	};
	static const struct look looks[] = {
		{1, SP_PHASE_PENDING, "ContainerCreating 0/2 0", "", NULL},
		{4, SP_PHASE_RUNNING, "Running 2/2 0", "", ""},
	};
	struct cw_story with_init = {
		.ctrs = {CW_INIT("i1"), CW_APP("r1")},
		.world = {CW_EXITS(1, 0), {.pull_takes = 3}},
	};
	static const struct look after_init[] = {
		{2, SP_PHASE_PENDING, "PodInitializing 0/1 0", "",
		 "containers with unready status: [r1]"},
	};

	look_at(&story, looks, SP_ARRAY_LEN(looks));
	assert_string_equal(cw_status()->ctrs[0].reason, "");
	look_at(&with_init, after_init, SP_ARRAY_LEN(after_init));
	assert_int_equal(cw_status()->ctrs[0].state, SP_CTR_TERMINATED); /* STAT-15, STAT-23 */
	assert_true(cw_status()->ctrs[0].ready);                         /* PROBE-41 */
	assert_false(cw_status()->ctrs[0].started);
	assert_int_equal(cw_status()->ctrs[1].state, SP_CTR_WAITING);
}

/* PHASE-10, PHASE-12, PHASE-26: the final phase from the last codes */
static void test_final_phases(void **state)
{
	static const struct {
		enum sp_restart_policy policy;
		int a, b;
		double deleted_at; /* 0: ends by itself */
		enum sp_phase expect;
	} cases[] = {
		{SP_RESTART_NEVER, 0, 0, 0, SP_PHASE_SUCCEEDED},
		{SP_RESTART_NEVER, 0, 3, 0, SP_PHASE_FAILED},
		{SP_RESTART_ON_FAILURE, 0, 0, 0, SP_PHASE_SUCCEEDED},
		{SP_RESTART_ALWAYS, 0, 0, 0.5, SP_PHASE_SUCCEEDED},
		{SP_RESTART_ALWAYS, 0, 1, 0.5, SP_PHASE_FAILED},
		{SP_RESTART_NEVER, 0, 1, 0.5, SP_PHASE_FAILED},
	};

	for (size_t i = 0; i < SP_ARRAY_LEN(cases); i++) {
		struct cw_story story = {
			.spec = {.restart_policy = cases[i].policy},
			.ctrs = {CW_SIDECAR("s"), CW_APP("a"), CW_APP("b")},
			.world = {{.term_code = 9},
				  {.runs = {{1, cases[i].a}},
				   .n_runs = 1,
				   .term_code = cases[i].a ? cases[i].a : -1},
				  {.runs = {{1, cases[i].b}},
				   .n_runs = 1,
				   .term_code = cases[i].b ? cases[i].b : -1}},
		};

		if (cases[i].deleted_at > 0)
			story.stimuli[0] = (struct cw_stimulus){
				.at = cases[i].deleted_at, .kind = SP_EV_DELETE, .grace_s = -1};
		(void)cw_play(&story);
		assert_true(sp_pod_finished(cw_pod()));
		assert_int_equal(cw_status()->phase, cases[i].expect);
	}
}

/* COND-5, COND-14: readiness gates */
static void test_gates(void **state)
{
	static const char *const gates[] = {"example.com/one", "example.com/two"};
	struct cw_story story = {
		.spec = {.gates = gates, .n_gates = 2},
		.ctrs = {CW_APP("r1")},
		.stimuli =
			{{.at = 2, .kind = SP_EV_SET_GATE, .gate = 1, .gate_status = SP_COND_FALSE},
			 {.at = 4, .kind = SP_EV_SET_GATE, .gate = 0, .gate_status = SP_COND_TRUE},
			 {.at = 6, .kind = SP_EV_SET_GATE, .gate = 1, .gate_status = SP_COND_TRUE}},
		.horizon = 3,
	};

	(void)cw_play(&story);
	assert_int_equal(cond(SP_COND_CONTAINERS_READY)->status, SP_COND_TRUE);
	assert_string_equal(cond(SP_COND_READY)->reason, "ReadinessGatesNotReady");
	assert_string_equal(
		cond(SP_COND_READY)->message,
		"corresponding condition of pod readiness gate \"example.com/one\" does "
		"not exist., the status of pod readiness gate \"example.com/two\" is "
		"not \"True\", but False");
	story.horizon = 7;
	(void)cw_play(&story);
	assert_int_equal(cond(SP_COND_READY)->status, SP_COND_TRUE);
}

/* EVT-1, EVT-2, EVT-3: a plain start, and the texts of older releases */
static void test_events(void **state)
{
	struct cw_story story = {
		.spec = {.restart_policy = SP_RESTART_NEVER},
		.ctrs = {CW_APP("r1")},
		.world = {{.runs = {{1, 0}}, .n_runs = 1, .pulled = true}},
		.show = CW_EVENTS | CW_NO_FACTS,
	};

	cw_expect(
		&story,
		"[0] r1 Normal Pulling: Pulling image \"img\"\n"
		"[0] r1 Normal Pulled: Successfully pulled image \"img\" in 1s (1s including waiting). Image size: 5 bytes.\n"
		"[0] r1 Normal Created: Container created\n"
		"[0] r1 Normal Started: Container started\n");
	story.spec.kube_minor = 33;
	story.world[0].pulled = false;
	cw_expect(&story,
		  "[0] r1 Normal Pulled: Container image \"img\" already present on machine\n"
		  "[0] r1 Normal Created: Created container: r1\n"
		  "[0] r1 Normal Started: Started container r1\n");
}

/* STAT-17, IMG-2: messages of what waits; IMG-6 is with the start errors */
static void test_wait_messages(void **state)
{
	struct cw_story story = {
		.ctrs = {CW_APP("r1")},
		.world = {{.bad_image_until = 100}},
		.horizon = 0.5,
	};

	(void)cw_play(&story);
	assert_string_equal(cw_status()->ctrs[0].reason, "ErrImagePull");
	assert_string_equal(cw_status()->ctrs[0].message, "not found");
	assert_string_equal(cw_columns(&story), "ErrImagePull 0/1 0");
	story.horizon = 2;
	(void)cw_play(&story);
	assert_string_equal(cw_status()->ctrs[0].reason, "ImagePullBackOff");
	assert_string_equal(cw_status()->ctrs[0].message,
			    "Back-off pulling image \"img\": ErrImagePull: not found");
}

/* STAT-15, STAT-20, STAT-21, STAT-22, KILL-6: what an exit leaves behind */
static void test_terminated(void **state)
{
	static char longest[SP_MESSAGE_MAX + 100];
	struct cw_story story = {
		.spec = {.restart_policy = SP_RESTART_ON_FAILURE},
		.ctrs = {CW_APP("a"), CW_APP("b"), CW_APP("c")},
		.world = {{.runs = {{1, 2, .message = "first"}, {1, 0, .message = "second"}},
			   .n_runs = 2},
			  {.runs = {{2, 5, .oom = true}, {NEVER}}, .n_runs = 2},
			  {.runs = {{1, 0, .message = longest}}, .n_runs = 1}},
		.horizon = 4,
	};
	const struct sp_ctr_status *st;

	memset(longest, 'x', sizeof(longest) - 1);
	(void)cw_play(&story);
	st = cw_status()->ctrs;
	assert_int_equal(st[0].state, SP_CTR_TERMINATED);
	assert_string_equal(st[0].term.reason, "Completed");
	assert_string_equal(st[0].term.message, "second");
	assert_int_equal(st[0].term.started_at, SP_SEC);
	assert_int_equal(st[0].term.finished_at, 2 * SP_SEC);
	assert_string_equal(st[0].last.message, "first");
	assert_int_equal(st[0].last.code, 2);
	assert_string_equal(st[1].last.reason, "OOMKilled");
	assert_int_equal(st[1].state, SP_CTR_RUNNING);
	assert_int_equal(strlen(st[2].term.message), SP_MESSAGE_MAX); /* TMSG-1 */
}

/* STAT-2, STAT-3, STAT-16: names of things, and that they are all there */
static void test_names(void **state)
{
	assert_string_equal(sp_role_name(SP_ROLE_SIDECAR), "sidecar");
	assert_string_equal(sp_probe_name(SP_PROBE_READINESS), "readiness");
	assert_string_equal(sp_fact_name(SP_FACT_POD_TERMINATING), "pod.terminating");
	assert_string_equal(sp_fact_name(SP_FACT_COND), "pod.cond");
	assert_string_equal(sp_cond_name(SP_COND_ALL_RESTARTING), "AllContainersRestarting");
}

/* The state is small, and a pod of two containers touches little of it. */
static void test_memory(void **state)
{
	struct cw_story story = {
		.ctrs = {CW_SIDECAR("s1"), CW_APP("r1")},
		.world = {[1] = CW_EXITS(3, 1)},
		.horizon = 100,
	};
	const unsigned char *bytes = (const unsigned char *)cw_pod();
	size_t touched = 0;

	assert_true(sp_pod_size() < 64 * 1024);
	(void)cw_play(&story);
	for (size_t page = 0; page < sp_pod_size(); page += 4096)
		for (size_t i = page; i < SP_MIN(page + 4096, sp_pod_size()); i++)
			if (bytes[i] != 0xa5) { /* the filling of cw_play() */
				touched++;
				break;
			}
	assert_true(touched <= 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_gated_pod),      cmocka_unit_test(test_crashing_sidecar),
		cmocka_unit_test(test_column_by_name), cmocka_unit_test(test_columns_at_the_end),
		cmocka_unit_test(test_waiting),        cmocka_unit_test(test_final_phases),
		cmocka_unit_test(test_gates),          cmocka_unit_test(test_events),
		cmocka_unit_test(test_wait_messages),  cmocka_unit_test(test_terminated),
		cmocka_unit_test(test_names),          cmocka_unit_test(test_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
