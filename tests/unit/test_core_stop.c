/* SPDX-License-Identifier: Apache-2.0 */
/* Killing one container (section 10), hooks (section 9), the pod termination (section 11). */
#include "cmocka_all.h"

#include "core_world.h"

#define DELETE(t, g)                                                                               \
	{                                                                                          \
		.at = (t), .kind = SP_EV_DELETE, .grace_s = (g)                                    \
	}

/* TERM-10, TERM-11, TERM-12, TERM-5, TERM-18, HOOK-11, EVT-1: the worked example, grace 30 */
static void test_worked_example(void **state)
{
	struct cw_story story = {
		.ctrs = {CW_SIDECAR("s1"), CW_SIDECAR("s2", .pre_stop = {SP_HOOK_EXEC}),
			 CW_SIDECAR("s3"), CW_APP("app")},
		.world = {{.term_after = 5, .term_code = -1},
			  {.term_after = 5, .term_code = -1, .pre_stop = {.takes = 6}},
			  {.term_after = 5, .term_code = -1},
			  {.term_after = 4, .term_code = -1}},
		.stimuli = {DELETE(10, -1)},
	};

	cw_expect(&story, "[0] pod.phase.Pending\n"
			  "[0] s1 start\n"
			  "[0] s1 started\n"
			  "[0] s2 start\n"
			  "[0] s2 started\n"
			  "[0] s3 start\n"
			  "[0] s3 started\n"
			  "[0] app start\n"
			  "[0] app started\n"
			  "[0] pod.phase.Running\n"
			  "[10] pod.delete 30s\n"
			  "[10] pod.terminating DELETE 30s\n"
			  "[10] s2 prestop.begin\n"
			  "[10] app sigterm\n"
			  "[14] app exit 0 Completed\n"
			  "[14] s3 sigterm\n"
			  "[16] s2 prestop.end\n"
			  "[19] s3 exit 0 Completed\n"
			  "[19] s2 sigterm\n"
			  "[24] s2 exit 0 Completed\n"
			  "[24] s1 sigterm\n"
			  "[29] s1 exit 0 Completed\n"
			  "[29] pod.phase.Succeeded\n"
			  "[29] pod.finished Succeeded\n");
	/* TERM-15, TERM-16, KILL-4: the same with grace 5 */
	story.spec.grace_s = 5;
	cw_expect(&story, "[0] pod.phase.Pending\n"
			  "[0] s1 start\n"
			  "[0] s1 started\n"
			  "[0] s2 start\n"
			  "[0] s2 started\n"
			  "[0] s3 start\n"
			  "[0] s3 started\n"
			  "[0] app start\n"
			  "[0] app started\n"
			  "[0] pod.phase.Running\n"
			  "[10] pod.delete 5s\n"
			  "[10] pod.terminating DELETE 5s\n"
			  "[10] s2 prestop.begin\n"
			  "[10] app sigterm\n"
			  "[14] app exit 0 Completed\n"
			  "[14] s3 sigterm\n"
			  "[15] s1 sigterm\n"
			  "[15] s2 sigterm\n"
			  "[16] s2 prestop.end\n"
			  "[16] s3 sigkill\n"
			  "[16] s3 exit 137 Error\n"
			  "[17] s1 sigkill\n"
			  "[17] s2 sigkill\n"
			  "[17] s1 exit 137 Error\n"
			  "[17] s2 exit 137 Error\n"
			  "[17] pod.phase.Succeeded\n"
			  "[17] pod.finished Succeeded\n");
	/* REL-2: 1.28 knew no order */
	story.spec.grace_s = 30;
	story.spec.kube_minor = 28;
	cw_expect(&story, "[0] pod.phase.Pending\n"
			  "[0] s1 start\n"
			  "[0] s1 started\n"
			  "[0] s2 start\n"
			  "[0] s2 started\n"
			  "[0] s3 start\n"
			  "[0] s3 started\n"
			  "[0] app start\n"
			  "[0] app started\n"
			  "[0] pod.phase.Running\n"
			  "[10] pod.delete 30s\n"
			  "[10] pod.terminating DELETE 30s\n"
			  "[10] s2 prestop.begin\n"
			  "[10] s1 sigterm\n"
			  "[10] s3 sigterm\n"
			  "[10] app sigterm\n"
			  "[14] app exit 0 Completed\n"
			  "[15] s1 exit 0 Completed\n"
			  "[15] s3 exit 0 Completed\n"
			  "[16] s2 prestop.end\n"
			  "[16] s2 sigterm\n"
			  "[21] s2 exit 0 Completed\n"
			  "[21] pod.phase.Succeeded\n"
			  "[21] pod.finished Succeeded\n");
}

/* TERM-32, TERM-33, PHASE-20, PHASE-21: natural end; sidecars' codes do not matter */
static void test_natural_end(void **state)
{
	struct cw_story story = {
		.spec = {.restart_policy = SP_RESTART_NEVER, .grace_s = 3},
		.ctrs = {CW_SIDECAR("s1"), CW_SIDECAR("s2"), CW_APP("r1")},
		.world = {{.term_after = 1, .term_code = 9},
			  {.ignores_term = true},
			  CW_EXITS(5, 0)},
	};

	cw_expect(&story, "[0] pod.phase.Pending\n"
			  "[0] s1 start\n"
			  "[0] s1 started\n"
			  "[0] s2 start\n"
			  "[0] s2 started\n"
			  "[0] r1 start\n"
			  "[0] r1 started\n"
			  "[0] pod.phase.Running\n"
			  "[5] r1 exit 0 Completed\n"
			  "[5] pod.terminating FINISHED 3s\n"
			  "[5] s2 sigterm\n"
			  "[8] s1 sigterm\n"
			  "[8] s2 sigkill\n"
			  "[8] s2 exit 137 Error\n"
			  "[9] s1 exit 9 Error\n"
			  "[9] pod.phase.Succeeded\n"
			  "[9] pod.finished Succeeded\n");
}

/* TERM-17, HOOK-7, KILL-4: grace 0, at a natural end: no preStop, no order, two seconds */
static void test_grace_zero(void **state)
{
	struct cw_story story = {
		.spec = {.restart_policy = SP_RESTART_NEVER, .grace_s = -1 /* 0 */},
		.ctrs = {CW_SIDECAR("s1", .pre_stop = {SP_HOOK_SLEEP, 0}), CW_SIDECAR("s2"),
			 CW_APP("r1")},
		.world = {{.ignores_term = true}, {.term_after = 1}, CW_EXITS(5, 0)},
	};

	cw_expect(&story, "[0] pod.phase.Pending\n"
			  "[0] s1 start\n"
			  "[0] s1 started\n"
			  "[0] s2 start\n"
			  "[0] s2 started\n"
			  "[0] r1 start\n"
			  "[0] r1 started\n"
			  "[0] pod.phase.Running\n"
			  "[5] r1 exit 0 Completed\n"
			  "[5] pod.terminating FINISHED 0s\n"
			  "[5] s1 sigterm\n"
			  "[5] s2 sigterm\n"
			  "[6] s2 exit 143 Error\n"
			  "[7] s1 sigkill\n"
			  "[7] s1 exit 137 Error\n"
			  "[7] pod.phase.Succeeded\n"
			  "[7] pod.finished Succeeded\n");
}

/* TERM-31: force is a grace of one second: a hook of up to a second, then two more */
static void test_force(void **state)
{
	struct cw_story story = {
		.ctrs = {CW_SIDECAR("s1"), CW_APP("r1", .pre_stop = {SP_HOOK_EXEC})},
		.world = {{.ignores_term = true},
			  {.ignores_term = true, .pre_stop = {.takes = NEVER}}},
		.stimuli = {DELETE(5, 0)},
	};

	cw_expect(&story, "[0] pod.phase.Pending\n"
			  "[0] s1 start\n"
			  "[0] s1 started\n"
			  "[0] r1 start\n"
			  "[0] r1 started\n"
			  "[0] pod.phase.Running\n"
			  "[5] pod.delete 1s\n"
			  "[5] pod.terminating DELETE 1s\n"
			  "[5] r1 prestop.begin\n"
			  "[6] s1 sigterm\n"
			  "[6] r1 sigterm\n"
			  "[8] s1 sigkill\n"
			  "[8] r1 sigkill\n"
			  "[8] s1 exit 137 Error\n"
			  "[8] r1 exit 137 Error\n"
			  "[8] r1 prestop.end\n"
			  "[8] pod.phase.Failed\n"
			  "[8] pod.finished Failed\n");
}

/* HOOK-8, TERM-16: endless hooks; abandoned at D, told as failed when the container is gone */
static void test_endless_hooks(void **state)
{
	struct cw_story story = {
		.spec = {.grace_s = 10},
		.ctrs = {CW_SIDECAR("s1", .pre_stop = {SP_HOOK_EXEC}),
			 CW_SIDECAR("s2", .pre_stop = {SP_HOOK_SLEEP, 50}), CW_APP("r1")},
		.world = {{.ignores_term = true, .pre_stop = {.takes = NEVER}},
			  {.ignores_term = true}},
		.stimuli = {DELETE(5, -1)},
		.show = CW_EVENTS,
	};
	const char *log = strstr(cw_play(&story), "[5] pod.delete");

	assert_non_null(log);
	story.show = CW_FACTS;
	cw_expect(&story, "[0] pod.phase.Pending\n"
			  "[0] s1 start\n"
			  "[0] s1 started\n"
			  "[0] s2 start\n"
			  "[0] s2 started\n"
			  "[0] r1 start\n"
			  "[0] r1 started\n"
			  "[0] pod.phase.Running\n"
			  "[5] pod.delete 10s\n"
			  "[5] pod.terminating DELETE 10s\n"
			  "[5] s1 prestop.begin\n"
			  "[5] s2 prestop.begin\n"
			  "[5] r1 sigterm\n"
			  "[5] r1 exit 143 Error\n"
			  "[15] s1 sigterm\n"
			  "[15] s2 prestop.end\n"
			  "[15] s2 sigterm\n"
			  "[17] s1 sigkill\n"
			  "[17] s2 sigkill\n"
			  "[17] s1 exit 137 Error\n"
			  "[17] s1 prestop.end\n"
			  "[17] s2 exit 137 Error\n"
			  "[17] pod.phase.Failed\n"
			  "[17] pod.finished Failed\n");
	story.show = CW_EVENTS | CW_NO_FACTS;
	assert_non_null(
		strstr(cw_play(&story), "[17] s1 Warning FailedPreStopHook: PreStopHook failed\n"));
	assert_null(strstr(cw_play(&story), "s2 Warning"));
}

/* HOOK-6, HOOK-8, HOOK-9: failing and unsupported hooks have no consequence but an event */
static void test_failing_hooks(void **state)
{
	struct cw_story story = {
		.ctrs = {CW_APP("a", .pre_stop = {SP_HOOK_EXEC}),
			 CW_APP("b", .pre_stop = {SP_HOOK_TCP}),
			 CW_APP("c", .pre_stop = {SP_HOOK_SLEEP, 0})},
		.world = {{.pre_stop = {.takes = 1, .fails = true}, .term_code = -1},
			  {.term_code = -1},
			  {.term_code = -1}},
		.stimuli = {DELETE(3, -1)},
		.show = CW_EVENTS,
	};

	assert_non_null(strstr(cw_play(&story), "a Warning FailedPreStopHook: PreStopHook failed"));
	assert_non_null(strstr(cw_play(&story), "b Warning FailedPreStopHook: PreStopHook failed"));
	assert_null(strstr(cw_play(&story), "c Warning"));
	story.show = CW_FACTS;
	cw_expect(&story, "[0] pod.phase.Pending\n"
			  "[0] a start\n"
			  "[0] a started\n"
			  "[0] b start\n"
			  "[0] b started\n"
			  "[0] c start\n"
			  "[0] c started\n"
			  "[0] pod.phase.Running\n"
			  "[3] pod.delete 30s\n"
			  "[3] pod.terminating DELETE 30s\n"
			  "[3] a prestop.begin\n"
			  "[3] b prestop.begin\n"
			  "[3] b prestop.end\n"
			  "[3] c prestop.begin\n"
			  "[3] b sigterm\n"
			  "[3] c prestop.end\n"
			  "[3] c sigterm\n"
			  "[3] b exit 0 Completed\n"
			  "[3] c exit 0 Completed\n"
			  "[4] a prestop.end\n"
			  "[4] a sigterm\n"
			  "[4] a exit 0 Completed\n"
			  "[4] pod.phase.Succeeded\n"
			  "[4] pod.finished Succeeded\n");
}

/* KILL-7, TERM-5: the container exits during its hook: exec dies with it, sleep runs on */
static void test_exit_during_hook(void **state)
{
	struct cw_story story = {
		.ctrs = {CW_SIDECAR("s1"), CW_APP("a", .pre_stop = {SP_HOOK_EXEC}),
			 CW_APP("b", .pre_stop = {SP_HOOK_SLEEP, 6})},
		.world = {{.term_code = -1},
			  {.runs = {{7, 5}}, .n_runs = 1, .pre_stop = {.takes = 20}},
			  {.runs = {{8, 0}}, .n_runs = 1}},
		.stimuli = {DELETE(5, -1)},
	};

	cw_expect(&story, "[0] pod.phase.Pending\n"
			  "[0] s1 start\n"
			  "[0] s1 started\n"
			  "[0] a start\n"
			  "[0] a started\n"
			  "[0] b start\n"
			  "[0] b started\n"
			  "[0] pod.phase.Running\n"
			  "[5] pod.delete 30s\n"
			  "[5] pod.terminating DELETE 30s\n"
			  "[5] a prestop.begin\n"
			  "[5] b prestop.begin\n"
			  "[7] a exit 5 Error\n"
			  "[7] a prestop.end\n"
			  "[8] b exit 0 Completed\n"
			  "[11] b prestop.end\n"
			  "[11] s1 sigterm\n"
			  "[11] s1 exit 0 Completed\n"
			  "[11] pod.phase.Failed\n"
			  "[11] pod.finished Failed\n");
}

/* KILL-7, KILL-1: the same in a single kill: the restart waits for the sleep hook */
static void test_single_kill_hook(void **state)
{
	struct cw_story story = {
		.ctrs = {CW_APP(
			"a", .pre_stop = {SP_HOOK_SLEEP, 6},
			.probes = {[SP_PROBE_LIVENESS] = CW_PROBE(.failure_threshold = 1)})},
		.world = {{.runs = {{2, 5}, {NEVER}},
			   .n_runs = 2,
			   .probes = {[SP_PROBE_LIVENESS] = {{.never = true}, {0}}},
			   .n_probes = {[SP_PROBE_LIVENESS] = 2}}},
		.horizon = 9,
	};

	cw_expect(&story, "[0] pod.phase.Pending\n"
			  "[0] a start\n"
			  "[0] a started\n"
			  "[0] pod.phase.Running\n"
			  "[0] a kill Container a failed liveness probe, will be restarted\n"
			  "[0] a prestop.begin\n"
			  "[2] a exit 5 Error\n"
			  "[6] a prestop.end\n"
			  "[6] a#1 start\n"
			  "[6] a#1 started\n");
}

/* KILL-2, KILL-3, KILL-6: a probe's own grace period, longer or shorter than the pod's */
static void test_probe_grace(void **state)
{
	struct cw_story story = {
		.ctrs = {CW_APP("a",
				.probes = {[SP_PROBE_LIVENESS] =
						   CW_PROBE(.failure_threshold = 1, .grace_s = 5)}),
			 CW_SIDECAR(NULL)},
		.world = {{.ignores_term = true,
			   .probes = {[SP_PROBE_LIVENESS] = {{.never = true}, {0}}},
			   .n_probes = {[SP_PROBE_LIVENESS] = 2}}},
		.horizon = 20,
	};

	cw_expect(&story, "[0] pod.phase.Pending\n"
			  "[0] a start\n"
			  "[0] a started\n"
			  "[0] pod.phase.Running\n"
			  "[0] a kill Container a failed liveness probe, will be restarted\n"
			  "[0] a sigterm\n"
			  "[5] a sigkill\n"
			  "[5] a exit 137 Error\n"
			  "[5] a#1 start\n"
			  "[5] a#1 started\n");
	story.ctrs[0].probes[SP_PROBE_STARTUP] = story.ctrs[0].probes[SP_PROBE_LIVENESS];
	story.ctrs[0].probes[SP_PROBE_STARTUP].grace_s = 1;
	story.world[0].probes[SP_PROBE_STARTUP][0].never = true;
	story.world[0].n_probes[SP_PROBE_STARTUP] = 2;
	assert_non_null(strstr(cw_play(&story), "[2] a sigkill\n")); /* KILL-4 */
}

/* TERM-13, TERM-14, TERM-35, PHASE-25, STAT-31: deleted in the middle of the initialisation */
static void test_delete_during_init(void **state)
{
	struct cw_story story = {
		.ctrs = {CW_SIDECAR("s1"), CW_INIT("i2"), CW_SIDECAR("s3"), CW_APP("r1")},
		.world = {{.term_after = 2}, {.term_after = 1}},
		.stimuli = {DELETE(5, 3)},
	};
	struct cw_story nothing = {
		.ctrs = {CW_INIT("i1"), CW_APP("r1")},
		.sandbox_fails_until = 100,
		.stimuli = {DELETE(5, -1)},
	};

	cw_expect(&story, "[0] pod.phase.Pending\n"
			  "[0] s1 start\n"
			  "[0] s1 started\n"
			  "[0] i2 start\n"
			  "[0] i2 started\n"
			  "[5] pod.delete 3s\n"
			  "[5] pod.terminating DELETE 3s\n"
			  "[5] s1 sigterm\n"
			  "[5] i2 sigterm\n"
			  "[6] i2 exit 143 Error\n"
			  "[7] s1 exit 143 Error\n"
			  "[7] pod.phase.Failed\n"
			  "[7] pod.finished Failed\n");
	assert_int_equal(cw_status()->ctrs[0].state, SP_CTR_TERMINATED);
	assert_int_equal(cw_status()->ctrs[2].state, SP_CTR_WAITING);
	assert_string_equal(cw_status()->ctrs[3].reason, "PodInitializing");
	cw_expect(&nothing, "[0] pod.phase.Pending\n"
			    "[5] pod.delete 30s\n"
			    "[5] pod.terminating DELETE 30s\n"
			    "[5] pod.phase.Failed\n"
			    "[5] pod.finished Failed\n");
	assert_string_equal(cw_status()->ctrs[0].term.reason, "ContainerStatusUnknown");
	assert_false(cw_status()->ctrs[0].has_run);
	assert_int_equal(cw_status()->ctrs[1].state, SP_CTR_WAITING);
	nothing.ctrs[0].role = SP_ROLE_APP; /* STAT-32 */
	(void)cw_play(&nothing);
	assert_int_equal(cw_status()->ctrs[1].term.code, 137);
}

/* TERM-3: a pull is abandoned; TERM-14, STAT-18, STAT-30: what waits in back-off counts as gone */
static void test_not_running(void **state)
{
	struct cw_story pull = {
		.ctrs = {CW_APP("a"), CW_APP("b")},
		.world = {{.term_after = 2, .term_code = -1}, {.pull_takes = 50}},
		.stimuli = {DELETE(5, -1)},
	};
	struct cw_story backoff = {
		.ctrs = {CW_APP("a")},
		.world = {CW_EXITS(1, 3)},
		.stimuli = {DELETE(6, -1)},
	};

	cw_expect(&pull, "[0] pod.phase.Pending\n"
			 "[0] a start\n"
			 "[0] a started\n"
			 "[5] pod.delete 30s\n"
			 "[5] pod.terminating DELETE 30s\n"
			 "[5] a sigterm\n"
			 "[7] a exit 0 Completed\n"
			 "[7] pod.phase.Failed\n"
			 "[7] pod.finished Failed\n");
	cw_expect(&backoff, "[0] pod.phase.Pending\n"
			    "[0] a start\n"
			    "[0] a started\n"
			    "[0] pod.phase.Running\n"
			    "[1] a exit 3 Error\n"
			    "[1] a#1 start\n"
			    "[1] a#1 started\n"
			    "[2] a#1 exit 3 Error\n"
			    "[2] a#1 backoff\n"
			    "[6] pod.delete 30s\n"
			    "[6] pod.terminating DELETE 30s\n"
			    "[6] pod.phase.Failed\n"
			    "[6] pod.finished Failed\n");
	assert_int_equal(cw_status()->ctrs[0].state, SP_CTR_TERMINATED);
	assert_int_equal(cw_status()->ctrs[0].term.code, 3);
	assert_string_equal(cw_columns(&backoff), "Error 0/1 1");
}

/* TERM-19: a sidecar that exits before its turn does not shorten the chain */
static void test_early_exit(void **state)
{
	struct cw_story story = {
		.ctrs = {CW_SIDECAR("s1"), CW_SIDECAR("s2"), CW_SIDECAR("s3"), CW_APP("r1")},
		.world = {{.term_code = -1},
			  {.runs = {{6, 4}}, .n_runs = 1},
			  {.term_after = 3, .term_code = -1},
			  {.term_after = 4, .term_code = -1}},
		.stimuli = {DELETE(5, -1)},
	};

	cw_expect(&story, "[0] pod.phase.Pending\n"
			  "[0] s1 start\n"
			  "[0] s1 started\n"
			  "[0] s2 start\n"
			  "[0] s2 started\n"
			  "[0] s3 start\n"
			  "[0] s3 started\n"
			  "[0] r1 start\n"
			  "[0] r1 started\n"
			  "[0] pod.phase.Running\n"
			  "[5] pod.delete 30s\n"
			  "[5] pod.terminating DELETE 30s\n"
			  "[5] r1 sigterm\n"
			  "[6] s2 exit 4 Error\n"
			  "[9] r1 exit 0 Completed\n"
			  "[9] s3 sigterm\n"
			  "[12] s3 exit 0 Completed\n"
			  "[12] s1 sigterm\n"
			  "[12] s1 exit 0 Completed\n"
			  "[12] pod.phase.Succeeded\n"
			  "[12] pod.finished Succeeded\n");
	assert_int_equal(cw_status()->ctrs[1].term.code, 4);
	/* REL-1: runs again without hooks and probes, and is stopped in its turn */
	story.spec.kube_minor = 37;
	story.spec.restart_sidecars_on_termination = true;
	story.ctrs[1].pre_stop = (struct sp_hook_spec){SP_HOOK_SLEEP, 0};
	cw_expect(&story, "[0] pod.phase.Pending\n"
			  "[0] s1 start\n"
			  "[0] s1 started\n"
			  "[0] s2 start\n"
			  "[0] s2 started\n"
			  "[0] s3 start\n"
			  "[0] s3 started\n"
			  "[0] r1 start\n"
			  "[0] r1 started\n"
			  "[0] pod.phase.Running\n"
			  "[5] pod.delete 30s\n"
			  "[5] pod.terminating DELETE 30s\n"
			  "[5] s2 prestop.begin\n"
			  "[5] s2 prestop.end\n"
			  "[5] r1 sigterm\n"
			  "[6] s2 exit 4 Error\n"
			  "[6] s2#1 start\n"
			  "[6] s2#1 started\n"
			  "[9] r1 exit 0 Completed\n"
			  "[9] s3 sigterm\n"
			  "[12] s2#1 exit 4 Error\n"
			  "[12] s2#1 backoff\n"
			  "[12] s3 exit 0 Completed\n"
			  "[12] s1 sigterm\n"
			  "[12] s1 exit 0 Completed\n"
			  "[12] pod.phase.Succeeded\n"
			  "[12] pod.finished Succeeded\n");
}

/* TERM-21: behind a gap a sidecar waits for the regular containers only */
static void test_gap(void **state)
{
	struct cw_story story = {
		.ctrs = {CW_SIDECAR("s1"), CW_SIDECAR("s2"), CW_SIDECAR("s3"), CW_APP("r1")},
		.world = {{.term_code = -1},
			  {.runs = {{0, 4}}, .n_runs = 1},
			  {.term_after = 3, .term_code = -1},
			  {.term_after = 1, .term_code = -1}},
		.stimuli = {DELETE(5, -1)},
	};

	cw_expect(&story, "[0] pod.phase.Pending\n"
			  "[0] s1 start\n"
			  "[0] s1 started\n"
			  "[0] s2 start\n"
			  "[0] s2 started\n"
			  "[0] s2 exit 4 Error\n"
			  "[0] s3 start\n"
			  "[0] s3 started\n"
			  "[0] s2#1 start\n"
			  "[0] s2#1 started\n"
			  "[0] s2#1 exit 4 Error\n"
			  "[0] s2#1 backoff\n"
			  "[0] r1 start\n"
			  "[0] r1 started\n"
			  "[0] pod.phase.Running\n"
			  "[5] pod.delete 30s\n"
			  "[5] pod.terminating DELETE 30s\n"
			  "[5] r1 sigterm\n"
			  "[6] r1 exit 0 Completed\n"
			  "[6] s1 sigterm\n"
			  "[6] s3 sigterm\n"
			  "[6] s1 exit 0 Completed\n"
			  "[9] s3 exit 0 Completed\n"
			  "[9] pod.phase.Succeeded\n"
			  "[9] pod.finished Succeeded\n");
}

/* TERM-4: a kill in flight at T0 goes on, no second hook, its deadline is not later than D */
static void test_kill_in_flight(void **state)
{
	struct cw_story story = {
		.spec = {.grace_s = 20},
		.ctrs = {CW_SIDECAR("s1"),
			 CW_APP("a", .pre_stop = {SP_HOOK_EXEC},
				.probes = {[SP_PROBE_LIVENESS] =
						   CW_PROBE(.failure_threshold = 1)})},
		.world = {[1] = {.ignores_term = true,
				 .pre_stop = {.takes = 3},
				 .probes = {[SP_PROBE_LIVENESS] = {{.never = true}}}}},
		.stimuli = {DELETE(2, 5)},
	};

	cw_expect(&story, "[0] pod.phase.Pending\n"
			  "[0] s1 start\n"
			  "[0] s1 started\n"
			  "[0] a start\n"
			  "[0] a started\n"
			  "[0] pod.phase.Running\n"
			  "[0] a kill Container a failed liveness probe, will be restarted\n"
			  "[0] a prestop.begin\n"
			  "[2] pod.delete 5s\n"
			  "[2] pod.terminating DELETE 5s\n"
			  "[3] a prestop.end\n"
			  "[3] a sigterm\n"
			  "[7] s1 sigterm\n"
			  "[7] a sigkill\n"
			  "[7] s1 exit 143 Error\n"
			  "[7] a exit 137 Error\n"
			  "[7] pod.phase.Failed\n"
			  "[7] pod.finished Failed\n");
}

/* TERM-30, TERM-1: a second delete may only shorten */
static void test_second_delete(void **state)
{
	struct cw_story story = {
		.ctrs = {CW_SIDECAR("s1"), CW_APP("a"),
			 CW_APP("b", .pre_stop = {SP_HOOK_SLEEP, 20})},
		.world = {{.ignores_term = true}, {.ignores_term = true}},
		.stimuli = {DELETE(1, 30), DELETE(5, 100), DELETE(6, 4), DELETE(11, 0)},
	};

	cw_expect(&story, "[0] pod.phase.Pending\n"
			  "[0] s1 start\n"
			  "[0] s1 started\n"
			  "[0] a start\n"
			  "[0] a started\n"
			  "[0] b start\n"
			  "[0] b started\n"
			  "[0] pod.phase.Running\n"
			  "[1] pod.delete 30s\n"
			  "[1] pod.terminating DELETE 30s\n"
			  "[1] b prestop.begin\n"
			  "[1] a sigterm\n"
			  "[5] pod.delete 100s\n"
			  "[6] pod.delete 4s\n"
			  "[10] s1 sigterm\n"
			  "[10] a sigkill\n"
			  "[10] b prestop.end\n"
			  "[10] b sigterm\n"
			  "[10] a exit 137 Error\n"
			  "[10] b exit 143 Error\n"
			  "[11] pod.delete 1s\n"
			  "[12] s1 sigkill\n"
			  "[12] s1 exit 137 Error\n"
			  "[12] pod.phase.Failed\n"
			  "[12] pod.finished Failed\n");
	assert_int_equal(cw_status()->deletion_grace_s, 4);
}

/* TERM-40, PHASE-24, COND-15, LAT-7: the active deadline, in order, Failed at the end */
static void test_active_deadline(void **state)
{
	struct cw_story story = {
		.spec = {.active_deadline_s = 20},
		.ctrs = {CW_SIDECAR("s1"), CW_APP("r1")},
		.world = {{.term_after = 1, .term_code = -1}, {.term_after = 4, .term_code = -1}},
		.show = CW_EVENTS,
	};

	assert_non_null(strstr(cw_play(&story),
			       "[20] Normal DeadlineExceeded: Pod was active on the "
			       "node longer than the specified deadline\n"));
	story.show = CW_FACTS;
	cw_expect(&story, "[0] pod.phase.Pending\n"
			  "[0] s1 start\n"
			  "[0] s1 started\n"
			  "[0] r1 start\n"
			  "[0] r1 started\n"
			  "[0] pod.phase.Running\n"
			  "[20] pod.deadline\n"
			  "[20] pod.terminating DEADLINE 30s\n"
			  "[20] r1 sigterm\n"
			  "[24] r1 exit 0 Completed\n"
			  "[24] s1 sigterm\n"
			  "[25] s1 exit 0 Completed\n"
			  "[25] pod.phase.Failed\n"
			  "[25] pod.finished Failed\n");
	assert_string_equal(cw_status()->reason, "DeadlineExceeded");
	assert_string_equal(cw_status()->message,
			    "Pod was active on the node longer than the specified deadline");
	assert_string_equal(cw_columns(&story), "Completed 0/2 0");
	story.horizon = 22;
	(void)cw_play(&story);
	assert_string_equal(cw_status()->reason, "");
}

/* TERM-41, TERM-42: it passes while sidecars stop after a natural end */
static void test_deadline_during_end(void **state)
{
	struct cw_story story = {
		.spec = {.active_deadline_s = 6, .restart_policy = SP_RESTART_NEVER},
		.ctrs = {CW_SIDECAR("s1"), CW_APP("r1")},
		.world = {{.term_after = 3}, CW_EXITS(5, 0)},
	};

	cw_expect(&story, "[0] pod.phase.Pending\n"
			  "[0] s1 start\n"
			  "[0] s1 started\n"
			  "[0] r1 start\n"
			  "[0] r1 started\n"
			  "[0] pod.phase.Running\n"
			  "[5] r1 exit 0 Completed\n"
			  "[5] pod.terminating FINISHED 30s\n"
			  "[5] s1 sigterm\n"
			  "[6] pod.deadline\n"
			  "[8] s1 exit 143 Error\n"
			  "[8] pod.phase.Failed\n"
			  "[8] pod.finished Failed\n");
	story.spec.active_deadline_s = 9;
	assert_non_null(strstr(cw_play(&story), "pod.finished Succeeded"));
}

/* RUN-1, RUN-3, RUN-4, TERM-14: a sidecar in back-off neither keeps nor delays the end */
static void test_sidecar_in_backoff(void **state)
{
	struct cw_story story = {
		.spec = {.restart_policy = SP_RESTART_ON_FAILURE},
		.ctrs = {CW_SIDECAR("s1"), CW_SIDECAR("s2"), CW_APP("r1")},
		.world = {CW_EXITS(1, 9), {.term_code = -1}, CW_EXITS(20, 0)},
	};

	cw_expect(&story, "[0] pod.phase.Pending\n"
			  "[0] s1 start\n"
			  "[0] s1 started\n"
			  "[0] s2 start\n"
			  "[0] s2 started\n"
			  "[0] r1 start\n"
			  "[0] r1 started\n"
			  "[0] pod.phase.Running\n"
			  "[1] s1 exit 9 Error\n"
			  "[1] s1#1 start\n"
			  "[1] s1#1 started\n"
			  "[2] s1#1 exit 9 Error\n"
			  "[2] s1#1 backoff\n"
			  "[12] s1#2 start\n"
			  "[12] s1#2 started\n"
			  "[13] s1#2 exit 9 Error\n"
			  "[13] s1#2 backoff\n"
			  "[20] r1 exit 0 Completed\n"
			  "[20] pod.terminating FINISHED 30s\n"
			  "[20] s2 sigterm\n"
			  "[20] s2 exit 0 Completed\n"
			  "[20] pod.phase.Succeeded\n"
			  "[20] pod.finished Succeeded\n");
	assert_int_equal(cw_status()->ctrs[0].term.code, 9);
	assert_int_equal(cw_status()->ctrs[0].restart_count, 2);
}

/* VOC-9, TERM-34, TERM-36: nothing happens any more once the final status stands */
static void test_over_is_over(void **state)
{
	struct cw_story story = {
		.spec = {.restart_policy = SP_RESTART_NEVER},
		.ctrs = {CW_APP("r1")},
		.world = {CW_EXITS(1, 0)},
	};
	struct sp_pod *pod = test_malloc(sp_pod_size());
	struct sp_actions *out = test_malloc(sizeof(*out));

	(void)cw_play(&story);
	memcpy(pod, cw_pod(), sp_pod_size());
	for (int kind = 0; kind < SP_EVS; kind++) {
		struct sp_event ev = {.kind = (enum sp_ev_kind)kind, .text = "x"};

		sp_pod_step(&story.spec, pod, &ev, 100 * SP_SEC, out);
		for (uint32_t i = 0; i < out->n; i++)
			assert_true(out->items[i].kind == SP_ACT_STATUS ||
				    out->items[i].fact == SP_FACT_POD_DELETE);
	}
	assert_true(sp_pod_deadline(&story.spec, pod) == SP_NEVER);
	test_free(pod);
	test_free(out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_worked_example),
		cmocka_unit_test(test_natural_end),
		cmocka_unit_test(test_grace_zero),
		cmocka_unit_test(test_force),
		cmocka_unit_test(test_endless_hooks),
		cmocka_unit_test(test_failing_hooks),
		cmocka_unit_test(test_exit_during_hook),
		cmocka_unit_test(test_single_kill_hook),
		cmocka_unit_test(test_probe_grace),
		cmocka_unit_test(test_delete_during_init),
		cmocka_unit_test(test_not_running),
		cmocka_unit_test(test_early_exit),
		cmocka_unit_test(test_gap),
		cmocka_unit_test(test_kill_in_flight),
		cmocka_unit_test(test_second_delete),
		cmocka_unit_test(test_active_deadline),
		cmocka_unit_test(test_deadline_during_end),
		cmocka_unit_test(test_sidecar_in_backoff),
		cmocka_unit_test(test_over_is_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
