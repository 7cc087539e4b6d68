/* SPDX-License-Identifier: Apache-2.0 */
/* Probes (section 8): schedule, counting, what results cause. */
#include "cmocka_all.h"

#include "core_world.h"

/* LAT-5, PROBE-2, PROBE-3, PROBE-7, PROBE-8, RESTART-3: default numbers, killed 20 s after the
 * launch */
static void test_liveness_kills(void **state)
{
	struct cw_story story = {
		.ctrs = {CW_APP("r1", .probes = {[SP_PROBE_LIVENESS] = CW_PROBE()})},
		.world = {{.probes = {[SP_PROBE_LIVENESS] = {{.never = true}, {0}}},
			   .n_probes = {[SP_PROBE_LIVENESS] = 2}}},
		.horizon = 35,
		.show = CW_EVENTS | CW_PROBES,
	};

	cw_expect(
		&story,
		"[0] pod.phase.Pending\n"
		"[0] r1 Normal Pulled: Container image \"img\" already present on machine and can be accessed by the pod\n"
		"[0] r1 Normal Created: Container created\n"
		"[0] r1 Normal Started: Container started\n"
		"[0] r1 start\n"
		"[0] r1 started\n"
		"[0] r1 probe.liveness\n"
		"[0] pod.phase.Running\n"
		"[0] r1 probe.liveness.done 1\n"
		"[0] r1 Warning Unhealthy: Liveness probe failed: no answer\n"
		"[10] r1 probe.liveness\n"
		"[10] r1 probe.liveness.done 1\n"
		"[10] r1 Warning Unhealthy: Liveness probe failed: no answer\n"
		"[20] r1 probe.liveness\n"
		"[20] r1 probe.liveness.done 1\n"
		"[20] r1 Warning Unhealthy: Liveness probe failed: no answer\n"
		"[20] r1 Normal Killing: Container r1 failed liveness probe, will be restarted\n"
		"[20] r1 kill Container r1 failed liveness probe, will be restarted\n"
		"[20] r1 sigterm\n"
		"[20] r1 exit 143 Error\n"
		"[20] r1 Normal Pulled: Container image \"img\" already present on machine and can be accessed by the pod\n"
		"[20] r1 Normal Created: Container created\n"
		"[20] r1 Normal Started: Container started\n"
		"[20] r1#1 start\n"
		"[20] r1#1 started\n"
		"[20] r1#1 probe.liveness\n"
		"[20] r1#1 probe.liveness.done 0\n"
		"[30] r1#1 probe.liveness\n"
		"[30] r1#1 probe.liveness.done 0\n");
}

/* PROBE-7, PROBE-43, PROBE-41, COND-12: runs are reset by the opposite outcome */
static void test_thresholds(void **state)
{
	struct cw_story story = {
		.ctrs = {CW_APP("r1",
				.probes = {[SP_PROBE_READINESS] =
						   CW_PROBE(.period_s = 1, .success_threshold = 2,
							    .failure_threshold = 2)})},
		.world = {{.probes = {[SP_PROBE_READINESS] = {{.from = 3, .until = 7}}}}},
		.horizon = 12,
		.show = CW_CONDS,
	};

	cw_expect(&story, "[0] pod.phase.Pending\n"
			  "[0] pod.cond.PodReadyToStartContainers=False\n"
			  "[0] pod.cond.Initialized=True\n"
			  "[0] pod.cond.Ready=False\n"
			  "[0] pod.cond.ContainersReady=False\n"
			  "[0] pod.cond.PodScheduled=True\n"
			  "[0] pod.cond.PodReadyToStartContainers=True\n"
			  "[0] r1 start\n"
			  "[0] r1 started\n"
			  "[0] pod.phase.Running\n"
			  "[4] r1 ready\n"
			  "[4] pod.cond.Ready=True\n"
			  "[4] pod.cond.ContainersReady=True\n"
			  "[8] r1 notready\n"
			  "[8] pod.cond.Ready=False\n"
			  "[8] pod.cond.ContainersReady=False\n");
}

/* PROBE-5, PROBE-6, PROBE-40: the startup probe gates the others; ready at once after it */
static void test_startup_gates(void **state)
{
	struct cw_story story = {
		.ctrs = {CW_APP(
			"r1", .probes = {[SP_PROBE_STARTUP] = CW_PROBE(.initial_delay_s = 5),
					 [SP_PROBE_READINESS] = CW_PROBE(.period_s = 60),
					 [SP_PROBE_LIVENESS] =
						 CW_PROBE(.initial_delay_s = 40, .period_s = 3)})},
		.world = {{.probes = {[SP_PROBE_STARTUP] = {{.from = 20}}}}},
		.horizon = 46,
		.show = CW_PROBES | CW_CONDS,
	};

	cw_expect(&story, "[0] pod.phase.Pending\n"
			  "[0] pod.cond.PodReadyToStartContainers=False\n"
			  "[0] pod.cond.Initialized=True\n"
			  "[0] pod.cond.Ready=False\n"
			  "[0] pod.cond.ContainersReady=False\n"
			  "[0] pod.cond.PodScheduled=True\n"
			  "[0] pod.cond.PodReadyToStartContainers=True\n"
			  "[0] r1 start\n"
			  "[0] pod.phase.Running\n"
			  "[5] r1 probe.startup\n"
			  "[5] r1 probe.startup.done 1\n"
			  "[15] r1 probe.startup\n"
			  "[15] r1 probe.startup.done 1\n"
			  "[25] r1 probe.startup\n"
			  "[25] r1 probe.startup.done 0\n"
			  "[25] r1 started\n"
			  "[25] r1 probe.readiness\n"
			  "[25] r1 probe.readiness.done 0\n"
			  "[25] r1 ready\n"
			  "[25] pod.cond.Ready=True\n"
			  "[25] pod.cond.ContainersReady=True\n"
			  "[40] r1 probe.liveness\n"
			  "[40] r1 probe.liveness.done 0\n"
			  "[43] r1 probe.liveness\n"
			  "[43] r1 probe.liveness.done 0\n"
			  "[46] r1 probe.liveness\n"
			  "[46] r1 probe.liveness.done 0\n");
}

/* PROBE-3, VOC-8: the first startup probe waits for postStart */
static void test_after_post_start(void **state)
{
	struct cw_story story = {
		.ctrs = {CW_APP("r1", .post_start = {SP_HOOK_SLEEP, 7},
				.probes = {[SP_PROBE_STARTUP] = CW_PROBE(.initial_delay_s = 2)})},
		.horizon = 10,
		.show = CW_PROBES,
	};

	cw_expect(&story, "[0] pod.phase.Pending\n"
			  "[0] r1 start\n"
			  "[0] r1 poststart.begin\n"
			  "[7] r1 poststart.end\n"
			  "[7] r1 probe.startup\n"
			  "[7] pod.phase.Running\n"
			  "[7] r1 probe.startup.done 0\n"
			  "[7] r1 started\n");
}

/* PROBE-4: a probe that lasts 2.5 periods: one missed tick is made up, the grid stays */
static void test_slow_probe(void **state)
{
	struct cw_story story = {
		.ctrs = {CW_APP("r1", .probes = {[SP_PROBE_READINESS] = CW_PROBE(.period_s = 2)})},
		.world = {{.probes = {[SP_PROBE_READINESS] = {{.takes = 5}}}}},
		.horizon = 14,
		.show = CW_PROBES,
	};

	cw_expect(&story, "[0] pod.phase.Pending\n"
			  "[0] r1 start\n"
			  "[0] r1 started\n"
			  "[0] r1 probe.readiness\n"
			  "[0] pod.phase.Running\n"
			  "[5] r1 probe.readiness.done 0\n"
			  "[5] r1 probe.readiness\n"
			  "[10] r1 probe.readiness.done 0\n"
			  "[10] r1 probe.readiness\n");
}

/* PROBE-9: what cannot be carried out is tried three times, then counts for nothing */
static void test_probe_error(void **state)
{
	struct cw_story story = {
		.ctrs = {CW_APP("r1",
				.probes = {[SP_PROBE_LIVENESS] = CW_PROBE(.failure_threshold = 1),
					   [SP_PROBE_READINESS] = CW_PROBE()})},
		.world = {{.probes = {[SP_PROBE_LIVENESS] = {{.error = true}},
				      [SP_PROBE_READINESS] = {{.error = true}}}}},
		.horizon = 15,
		.show = CW_EVENTS | CW_PROBES,
	};

	cw_expect(
		&story,
		"[0] pod.phase.Pending\n"
		"[0] r1 Normal Pulled: Container image \"img\" already present on machine and can be accessed by the pod\n"
		"[0] r1 Normal Created: Container created\n"
		"[0] r1 Normal Started: Container started\n"
		"[0] r1 start\n"
		"[0] r1 started\n"
		"[0] r1 probe.readiness\n"
		"[0] r1 probe.liveness\n"
		"[0] pod.phase.Running\n"
		"[0] r1 probe.readiness.done 2\n"
		"[0] r1 Warning Unhealthy: Readiness probe errored and resulted in unknown state: no answer\n"
		"[0] r1 probe.liveness.done 2\n"
		"[0] r1 Warning Unhealthy: Liveness probe errored and resulted in unknown state: no answer\n"
		"[10] r1 probe.readiness\n"
		"[10] r1 probe.liveness\n"
		"[10] r1 probe.readiness.done 2\n"
		"[10] r1 Warning Unhealthy: Readiness probe errored and resulted in unknown state: no answer\n"
		"[10] r1 probe.liveness.done 2\n"
		"[10] r1 Warning Unhealthy: Liveness probe errored and resulted in unknown state: no answer\n");
	assert_false(cw_status()->ctrs[0].ready);
}

/* PROBE-21: a redirect elsewhere counts as success, with an event */
static void test_probe_warning(void **state)
{
	struct cw_story story = {
		.ctrs = {CW_APP("r1", .probes = {[SP_PROBE_READINESS] = CW_PROBE()})},
		.world = {{.probes = {[SP_PROBE_READINESS] = {{.warning = true}}}}},
		.horizon = 1,
		.show = CW_EVENTS | CW_NO_FACTS,
	};

	assert_non_null(
		strstr(cw_play(&story),
		       "[0] r1 Warning ProbeWarning: Readiness probe warning: no answer\n"));
	assert_true(cw_status()->ctrs[0].ready);
}

/* PROBE-1, PROBE-42, START-13: a new instance has to earn both again */
static void test_earned_again(void **state)
{
	struct cw_story story = {
		.ctrs = {CW_APP("r1", .probes = {[SP_PROBE_STARTUP] = CW_PROBE(.period_s = 1),
						 [SP_PROBE_READINESS] = CW_PROBE(.period_s = 2)})},
		.world = {{.runs = {{10, 1}, {NEVER}},
			   .n_runs = 2,
			   .probes = {[SP_PROBE_STARTUP] = {{.from = 2}},
				      [SP_PROBE_READINESS] = {{.from = 4}}}}},
		.horizon = 20,
		.show = CW_CONDS,
	};

	cw_expect(&story, "[0] pod.phase.Pending\n"
			  "[0] pod.cond.PodReadyToStartContainers=False\n"
			  "[0] pod.cond.Initialized=True\n"
			  "[0] pod.cond.Ready=False\n"
			  "[0] pod.cond.ContainersReady=False\n"
			  "[0] pod.cond.PodScheduled=True\n"
			  "[0] pod.cond.PodReadyToStartContainers=True\n"
			  "[0] r1 start\n"
			  "[0] pod.phase.Running\n"
			  "[2] r1 started\n"
			  "[4] r1 ready\n"
			  "[4] pod.cond.Ready=True\n"
			  "[4] pod.cond.ContainersReady=True\n"
			  "[10] r1 exit 1 Error\n"
			  "[10] r1 notready\n"
			  "[10] pod.cond.Ready=False\n"
			  "[10] pod.cond.ContainersReady=False\n"
			  "[10] r1#1 start\n"
			  "[12] r1#1 started\n"
			  "[14] r1#1 ready\n"
			  "[14] pod.cond.Ready=True\n"
			  "[14] pod.cond.ContainersReady=True\n");
}

/* PROBE-30, PROBE-31, PROBE-32: readiness goes on during the termination, liveness does not */
static void test_during_termination(void **state)
{
	struct cw_story story = {
		.ctrs = {CW_APP(
			"r1", .pre_stop = {SP_HOOK_EXEC},
			.probes = {[SP_PROBE_READINESS] =
					   CW_PROBE(.period_s = 5, .failure_threshold = 1),
				   [SP_PROBE_LIVENESS] =
					   CW_PROBE(.period_s = 5, .failure_threshold = 1)})},
		.world = {{.pre_stop = {.takes = 12},
			   .probes = {[SP_PROBE_READINESS] = {{.until = 15}},
				      [SP_PROBE_LIVENESS] = {{.until = 15}}}}},
		.stimuli = {{.at = 8, .kind = SP_EV_DELETE, .grace_s = 60}},
		.show = CW_PROBES | CW_CONDS,
	};

	cw_expect(&story, "[0] pod.phase.Pending\n"
			  "[0] pod.cond.PodReadyToStartContainers=False\n"
			  "[0] pod.cond.Initialized=True\n"
			  "[0] pod.cond.Ready=False\n"
			  "[0] pod.cond.ContainersReady=False\n"
			  "[0] pod.cond.PodScheduled=True\n"
			  "[0] pod.cond.PodReadyToStartContainers=True\n"
			  "[0] r1 start\n"
			  "[0] r1 started\n"
			  "[0] r1 probe.readiness\n"
			  "[0] r1 probe.liveness\n"
			  "[0] pod.phase.Running\n"
			  "[0] r1 probe.readiness.done 0\n"
			  "[0] r1 ready\n"
			  "[0] pod.cond.Ready=True\n"
			  "[0] pod.cond.ContainersReady=True\n"
			  "[0] r1 probe.liveness.done 0\n"
			  "[5] r1 probe.readiness\n"
			  "[5] r1 probe.liveness\n"
			  "[5] r1 probe.readiness.done 0\n"
			  "[5] r1 probe.liveness.done 0\n"
			  "[8] pod.delete 60s\n"
			  "[8] pod.terminating DELETE 60s\n"
			  "[8] r1 prestop.begin\n"
			  "[10] r1 probe.readiness\n"
			  "[10] r1 probe.readiness.done 0\n"
			  "[15] r1 probe.readiness\n"
			  "[15] r1 probe.readiness.done 1\n"
			  "[15] r1 notready\n"
			  "[15] pod.cond.Ready=False\n"
			  "[15] pod.cond.ContainersReady=False\n"
			  "[20] r1 prestop.end\n"
			  "[20] r1 probe.readiness\n"
			  "[20] r1 sigterm\n"
			  "[20] r1 exit 143 Error\n"
			  "[20] pod.phase.Failed\n"
			  "[20] pod.cond.PodReadyToStartContainers=False\n"
			  "[20] pod.finished Failed\n");
}

/* PROBE-33, KILL-8: during a single kill the readiness worker goes on, siblings are left alone */
static void test_during_kill(void **state)
{
	struct cw_story story = {
		.ctrs = {CW_APP("a",
				.probes = {[SP_PROBE_READINESS] = CW_PROBE(.period_s = 2),
					   [SP_PROBE_LIVENESS] = CW_PROBE(.failure_threshold = 1)}),
			 CW_APP("b", .probes = {[SP_PROBE_LIVENESS] =
							CW_PROBE(.failure_threshold = 1)})},
		.world = {{.term_after = 5,
			   .probes = {[SP_PROBE_LIVENESS] = {{.never = true}, {0}}},
			   .n_probes = {[SP_PROBE_LIVENESS] = 2}},
			  {.term_after = 1,
			   .probes = {[SP_PROBE_LIVENESS] = {{.never = true}, {0}}},
			   .n_probes = {[SP_PROBE_LIVENESS] = 2}}},
		.horizon = 7,
		.show = CW_PROBES,
	};

	cw_expect(&story, "[0] pod.phase.Pending\n"
			  "[0] a start\n"
			  "[0] a started\n"
			  "[0] a probe.readiness\n"
			  "[0] a probe.liveness\n"
			  "[0] b start\n"
			  "[0] b started\n"
			  "[0] b probe.liveness\n"
			  "[0] pod.phase.Running\n"
			  "[0] a probe.readiness.done 0\n"
			  "[0] a probe.liveness.done 1\n"
			  "[0] a kill Container a failed liveness probe, will be restarted\n"
			  "[0] a sigterm\n"
			  "[0] b probe.liveness.done 1\n"
			  "[0] b kill Container b failed liveness probe, will be restarted\n"
			  "[0] b sigterm\n"
			  "[1] b exit 143 Error\n"
			  "[1] b#1 start\n"
			  "[1] b#1 started\n"
			  "[1] b#1 probe.liveness\n"
			  "[1] b#1 probe.liveness.done 0\n"
			  "[2] a probe.readiness\n"
			  "[2] a probe.readiness.done 0\n"
			  "[4] a probe.readiness\n"
			  "[4] a probe.readiness.done 0\n"
			  "[5] a exit 143 Error\n"
			  "[5] a#1 start\n"
			  "[5] a#1 started\n"
			  "[5] a#1 probe.readiness\n"
			  "[5] a#1 probe.liveness\n"
			  "[5] a#1 probe.readiness.done 0\n"
			  "[5] a#1 probe.liveness.done 0\n"
			  "[7] a#1 probe.readiness\n"
			  "[7] a#1 probe.readiness.done 0\n");
}

/* RUN-2, KILL-9: a probe failure that ends the pod is a termination kill with the pod's grace */
static void test_kill_ends_pod(void **state)
{
	struct cw_story story = {
		.spec = {.restart_policy = SP_RESTART_NEVER, .grace_s = 7},
		.ctrs = {CW_SIDECAR("s1"),
			 CW_APP("r1",
				.probes = {[SP_PROBE_LIVENESS] = CW_PROBE(.failure_threshold = 1,
									  .grace_s = 3)})},
		.world = {[1] = {.ignores_term = true,
				 .probes = {[SP_PROBE_LIVENESS] = {{.never = true}}}}},
		.show = CW_EVENTS,
	};

	cw_expect(
		&story,
		"[0] pod.phase.Pending\n"
		"[0] s1 Normal Pulled: Container image \"img\" already present on machine and can be accessed by the pod\n"
		"[0] s1 Normal Created: Container created\n"
		"[0] s1 Normal Started: Container started\n"
		"[0] s1 start\n"
		"[0] s1 started\n"
		"[0] r1 Normal Pulled: Container image \"img\" already present on machine and can be accessed by the pod\n"
		"[0] r1 Normal Created: Container created\n"
		"[0] r1 Normal Started: Container started\n"
		"[0] r1 start\n"
		"[0] r1 started\n"
		"[0] pod.phase.Running\n"
		"[0] r1 Warning Unhealthy: Liveness probe failed: no answer\n"
		"[0] pod.terminating FINISHED 7s\n"
		"[0] s1 Normal Killing: Stopping container s1\n"
		"[0] r1 Normal Killing: Stopping container r1\n"
		"[0] r1 sigterm\n"
		"[7] s1 sigterm\n"
		"[7] r1 sigkill\n"
		"[7] s1 exit 143 Error\n"
		"[7] r1 exit 137 Error\n"
		"[7] pod.phase.Failed\n"
		"[7] pod.finished Failed\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_liveness_kills),     cmocka_unit_test(test_thresholds),
		cmocka_unit_test(test_startup_gates),      cmocka_unit_test(test_after_post_start),
		cmocka_unit_test(test_slow_probe),         cmocka_unit_test(test_probe_error),
		cmocka_unit_test(test_probe_warning),      cmocka_unit_test(test_earned_again),
		cmocka_unit_test(test_during_termination), cmocka_unit_test(test_during_kill),
		cmocka_unit_test(test_kill_ends_pod),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
