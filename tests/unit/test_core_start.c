/* SPDX-License-Identifier: Apache-2.0 */
/* Start-up order (section 4), images and start errors (section 7), sandboxes (section 3.2). */
#include "cmocka_all.h"

#include "core_world.h"

/* START-1, START-3, PHASE-2, PHASE-12: init containers one after the other, then the regular one.
 */
static void test_serial_init(void **state)
{
	struct cw_story story = {
		.spec = {.restart_policy = SP_RESTART_NEVER},
		.ctrs = {CW_INIT("i1"), CW_INIT("i2"), CW_APP("r1")},
		.world = {CW_EXITS(1, 0), CW_EXITS(2, 0), CW_EXITS(1, 0)},
	};

	cw_expect(&story, "[0] pod.phase.Pending\n"
			  "[0] i1 start\n"
			  "[0] i1 started\n"
			  "[1] i1 exit 0 Completed\n"
			  "[1] i2 start\n"
			  "[1] i2 started\n"
			  "[3] i2 exit 0 Completed\n"
			  "[3] r1 start\n"
			  "[3] r1 started\n"
			  "[3] pod.phase.Running\n"
			  "[4] r1 exit 0 Completed\n"
			  "[4] pod.terminating FINISHED 30s\n"
			  "[4] pod.phase.Succeeded\n"
			  "[4] pod.finished Succeeded\n");
	assert_string_equal(cw_columns(&story), "Completed 0/1 0");
}

/* START-9, INIT-1, PHASE-1, TERM-13: a failing init container under Never; the sidecar stops first
 */
static void test_init_fails_for_good(void **state)
{
	struct cw_story story = {
		.spec = {.restart_policy = SP_RESTART_NEVER},
		.ctrs = {CW_SIDECAR("s1", .pre_stop = {SP_HOOK_EXEC}), CW_INIT("i2"),
			 CW_SIDECAR("s3"), CW_APP("r1")},
		.world = {{.term_after = 1, .term_code = -1, .pre_stop = {.takes = 2}},
			  CW_EXITS(5, 1)},
	};

	cw_expect(&story, "[0] pod.phase.Pending\n"
			  "[0] s1 start\n"
			  "[0] s1 started\n"
			  "[0] i2 start\n"
			  "[0] i2 started\n"
			  "[5] i2 exit 1 Error\n"
			  "[5] pod.terminating FINISHED 30s\n"
			  "[5] s1 prestop.begin\n"
			  "[7] s1 prestop.end\n"
			  "[7] s1 sigterm\n"
			  "[8] s1 exit 0 Completed\n"
			  "[8] pod.phase.Failed\n"
			  "[8] pod.finished Failed\n");
	assert_string_equal(cw_columns(&story), "Init:Error 0/3 0");
}

/* START-9, INIT-2, BACK-3: OOM-killed with code 0 is a failure; under OnFailure it runs again */
static void test_init_oom(void **state)
{
	struct cw_story story = {
		.spec = {.restart_policy = SP_RESTART_ON_FAILURE},
		.ctrs = {CW_INIT("i1"), CW_APP("r1")},
		.world = {{.runs = {{1, 0, .oom = true}, {1, 3}, {1, 0}}, .n_runs = 3},
			  CW_EXITS(1, 0)},
	};
	struct cw_story never = story;

	cw_expect(&story, "[0] pod.phase.Pending\n"
			  "[0] i1 start\n"
			  "[0] i1 started\n"
			  "[1] i1 exit 0 OOMKilled\n"
			  "[1] i1#1 start\n"
			  "[1] i1#1 started\n"
			  "[2] i1#1 exit 3 Error\n"
			  "[2] i1#1 backoff\n"
			  "[12] i1#2 start\n"
			  "[12] i1#2 started\n"
			  "[13] i1#2 exit 0 Completed\n"
			  "[13] r1 start\n"
			  "[13] r1 started\n"
			  "[13] pod.phase.Running\n"
			  "[14] r1 exit 0 Completed\n"
			  "[14] pod.terminating FINISHED 30s\n"
			  "[14] pod.phase.Succeeded\n"
			  "[14] pod.finished Succeeded\n");
	never.spec.restart_policy = SP_RESTART_NEVER;
	assert_non_null(strstr(cw_play(&never), "[1] pod.finished Failed\n"));
	assert_string_equal(cw_status()->ctrs[0].term.reason, "OOMKilled");
}

/* LAT-1, VOC-3, VOC-7, START-1, START-2, START-10, START-15: every kind in its slot */
static void test_mixed_order(void **state)
{
	struct cw_story story = {
		.spec = {.restart_policy = SP_RESTART_NEVER},
		.ctrs = {CW_INIT("i1"),
			 CW_SIDECAR("s1", .probes = {[SP_PROBE_READINESS] = CW_PROBE()}),
			 CW_SIDECAR("s2", .probes = {[SP_PROBE_STARTUP] = CW_PROBE(.period_s = 1)}),
			 CW_SIDECAR("s3", .post_start = {SP_HOOK_EXEC}), CW_INIT("i4"),
			 CW_APP("r1"), CW_APP("r2")},
		.world = {CW_EXITS(2, 0),
			  {.probes = {[SP_PROBE_READINESS] = {{.never = true}}}},
			  {.probes = {[SP_PROBE_STARTUP] = {{.from = 2}}}},
			  {.post_start = {.takes = 3}},
			  CW_EXITS(1, 0),
			  CW_EXITS(2, 0),
			  CW_EXITS(3, 0)},
	};

	cw_expect(&story, "[0] pod.phase.Pending\n"
			  "[0] i1 start\n"
			  "[0] i1 started\n"
			  "[2] i1 exit 0 Completed\n"
			  "[2] s1 start\n"
			  "[2] s1 started\n"
			  "[2] s2 start\n"
			  "[4] s2 started\n"
			  "[4] s3 start\n"
			  "[4] s3 poststart.begin\n"
			  "[7] s3 poststart.end\n"
			  "[7] s3 started\n"
			  "[7] i4 start\n"
			  "[7] i4 started\n"
			  "[8] i4 exit 0 Completed\n"
			  "[8] r1 start\n"
			  "[8] r1 started\n"
			  "[8] r2 start\n"
			  "[8] r2 started\n"
			  "[8] pod.phase.Running\n"
			  "[10] r1 exit 0 Completed\n"
			  "[11] r2 exit 0 Completed\n"
			  "[11] pod.terminating FINISHED 30s\n"
			  "[11] s3 sigterm\n"
			  "[11] s3 exit 143 Error\n"
			  "[11] s2 sigterm\n"
			  "[11] s2 exit 143 Error\n"
			  "[11] s1 sigterm\n"
			  "[11] s1 exit 143 Error\n"
			  "[11] pod.phase.Succeeded\n"
			  "[11] pod.finished Succeeded\n");
}

/* START-11: liveness failure lets the next container start, startup failure does not */
static void test_sidecar_probe_failures(void **state)
{
	struct cw_story liveness = {
		.ctrs = {CW_SIDECAR("s1", .probes = {[SP_PROBE_LIVENESS] =
							     CW_PROBE(.failure_threshold = 1)}),
			 CW_INIT("i2"), CW_APP("r1")},
		.world = {{.probes = {[SP_PROBE_LIVENESS] = {{.never = true}, {0}}},
			   .n_probes = {[SP_PROBE_LIVENESS] = 2},
			   .term_after = 1},
			  CW_EXITS(5, 0)},
		.horizon = 20,
	};
	struct cw_story startup = {
		.ctrs = {CW_SIDECAR("s1", .probes = {[SP_PROBE_STARTUP] =
							     CW_PROBE(.failure_threshold = 1)}),
			 CW_APP("r1")},
		.world = {{.probes = {[SP_PROBE_STARTUP] = {{.never = true}}}}},
		.horizon = 5,
	};

	cw_expect(&liveness, "[0] pod.phase.Pending\n"
			     "[0] s1 start\n"
			     "[0] s1 started\n"
			     "[0] i2 start\n"
			     "[0] i2 started\n"
			     "[0] s1 kill Init container s1 failed liveness probe\n"
			     "[0] s1 sigterm\n"
			     "[1] s1 exit 143 Error\n"
			     "[1] s1#1 start\n"
			     "[1] s1#1 started\n"
			     "[5] i2 exit 0 Completed\n"
			     "[5] r1 start\n"
			     "[5] r1 started\n"
			     "[5] pod.phase.Running\n");
	cw_expect(&startup, "[0] pod.phase.Pending\n"
			    "[0] s1 start\n"
			    "[0] s1 kill Init container s1 failed startup probe\n"
			    "[0] s1 sigterm\n"
			    "[0] s1 exit 143 Error\n"
			    "[0] s1#1 start\n"
			    "[0] s1#1 kill Init container s1 failed startup probe\n"
			    "[0] s1#1 sigterm\n"
			    "[0] s1#1 exit 143 Error\n"
			    "[0] s1#2 start\n"
			    "[0] s1#2 kill Init container s1 failed startup probe\n"
			    "[0] s1#2 sigterm\n"
			    "[0] s1#2 exit 143 Error\n"
			    "[0] s1#2 backoff\n");
}

/* START-14, START-13, PROBE-1: crashes before it was done, the pod stays at this position */
static void test_sidecar_crashes_early(void **state)
{
	struct cw_story story = {
		.ctrs = {CW_SIDECAR("s1",
				    .probes = {[SP_PROBE_STARTUP] = CW_PROBE(.initial_delay_s = 1,
									     .period_s = 1)}),
			 CW_APP("r1")},
		.world = {{.runs = {{0, 1}, {NEVER}}, .n_runs = 2}},
		.horizon = 10,
	};

	cw_expect(&story, "[0] pod.phase.Pending\n"
			  "[0] s1 start\n"
			  "[0] s1 exit 1 Error\n"
			  "[0] s1#1 start\n"
			  "[1] s1#1 started\n"
			  "[1] r1 start\n"
			  "[1] r1 started\n"
			  "[1] pod.phase.Running\n");
}

/* START-14, LAT-22: without probe and hook the launch is enough, even when it ends at once */
static void test_short_lived_sidecar(void **state)
{
	struct cw_story story = {
		.spec = {.restart_policy = SP_RESTART_NEVER},
		.ctrs = {CW_SIDECAR("s1"), CW_APP("r1")},
		.world = {CW_EXITS(0, 0), CW_EXITS(4, 0)},
	};

	cw_expect(&story, "[0] pod.phase.Pending\n"
			  "[0] s1 start\n"
			  "[0] s1 started\n"
			  "[0] s1 exit 0 Completed\n"
			  "[0] r1 start\n"
			  "[0] r1 started\n"
			  "[0] pod.phase.Running\n"
			  "[0] s1#1 start\n"
			  "[0] s1#1 started\n"
			  "[0] s1#1 exit 0 Completed\n"
			  "[0] s1#1 backoff\n"
			  "[4] r1 exit 0 Completed\n"
			  "[4] pod.terminating FINISHED 30s\n"
			  "[4] pod.phase.Succeeded\n"
			  "[4] pod.finished Succeeded\n");
}

/* START-7, START-12, START-8: all regular ones in back-off wait for the last sidecar's return */
static void test_quirk_last_sidecar(void **state)
{
	struct cw_story story = {
		.ctrs = {CW_INIT("i1"),
			 CW_SIDECAR("s2", .probes = {[SP_PROBE_STARTUP] =
							     CW_PROBE(.period_s = 1,
								      .failure_threshold = 20)}),
			 CW_APP("r1")},
		.world = {CW_EXITS(0, 0),
			  {.runs = {{12, 1}, {NEVER}},
			   .n_runs = 2,
			   .probes = {[SP_PROBE_STARTUP] = {{.from = 0}, {.from = 5}}},
			   .n_probes = {[SP_PROBE_STARTUP] = 2}},
			  CW_EXITS(1, 1)},
		.horizon = 20,
	};

	cw_expect(&story, "[0] pod.phase.Pending\n"
			  "[0] i1 start\n"
			  "[0] i1 started\n"
			  "[0] i1 exit 0 Completed\n"
			  "[0] s2 start\n"
			  "[0] s2 started\n"
			  "[0] r1 start\n"
			  "[0] r1 started\n"
			  "[0] pod.phase.Running\n"
			  "[1] r1 exit 1 Error\n"
			  "[1] r1#1 start\n"
			  "[1] r1#1 started\n"
			  "[2] r1#1 exit 1 Error\n"
			  "[2] r1#1 backoff\n"
			  "[12] s2 exit 1 Error\n"
			  "[12] s2#1 start\n"
			  "[17] s2#1 started\n"
			  "[17] r1#2 start\n"
			  "[17] r1#2 started\n"
			  "[18] r1#2 exit 1 Error\n"
			  "[18] r1#2 backoff\n");
}

/* START-4, START-5, START-6, HOOK-2, PHASE-22: the lane holds for pull and postStart, not for
 * failures */
static void test_lane(void **state)
{
	struct cw_story story = {
		.ctrs = {CW_APP("a", .image = "img"), CW_APP("b", .post_start = {SP_HOOK_SLEEP, 2}),
			 CW_APP("c", .image = "other"), CW_APP("d")},
		.world = {{.bad_image_until = 5},
			  {.runs = {{3, 1}, {NEVER}}, .n_runs = 2},
			  {.pull_takes = 4, .pulled = true}},
		.horizon = 12,
	};

	story.ctrs[1].image = story.ctrs[3].image = "good";
	cw_expect(&story, "[0] pod.phase.Pending\n"
			  "[0] a pullfail not found\n"
			  "[0] b start\n"
			  "[0] b poststart.begin\n"
			  "[2] b poststart.end\n"
			  "[2] b started\n"
			  "[3] b exit 1 Error\n"
			  "[3] b#1 start\n"
			  "[3] b#1 poststart.begin\n"
			  "[5] b#1 poststart.end\n"
			  "[5] b#1 started\n"
			  "[6] c start\n"
			  "[6] c started\n"
			  "[6] d start\n"
			  "[6] d started\n"
			  "[10] a start\n"
			  "[10] a started\n"
			  "[10] pod.phase.Running\n");
}

/* LAT-3, IMG-2, IMG-4, IMG-5, SBX-1: pulls back off; never a failure, also under Never */
static void test_pull_backoff(void **state)
{
	struct cw_story story = {
		.spec = {.restart_policy = SP_RESTART_NEVER},
		.ctrs = {CW_SIDECAR("s1"), CW_APP("r1", .image = "good")},
		.world = {{.bad_image_until = 65}, CW_EXITS(1, 0)},
		.show = CW_EVENTS,
	};

	cw_expect(
		&story,
		"[0] pod.phase.Pending\n"
		"[0] s1 pullfail not found\n"
		"[0] s1 Warning Failed: Failed to pull image \"img\": not found\n"
		"[0] s1 Warning Failed: Error: ErrImagePull\n"
		"[1] s1 Normal BackOff: Back-off pulling image \"img\"\n"
		"[1] s1 Warning Failed: Error: ImagePullBackOff\n"
		"[10] s1 pullfail not found\n"
		"[10] s1 Warning Failed: Failed to pull image \"img\": not found\n"
		"[10] s1 Warning Failed: Error: ErrImagePull\n"
		"[11] s1 Normal BackOff: Back-off pulling image \"img\"\n"
		"[11] s1 Warning Failed: Error: ImagePullBackOff\n"
		"[30] s1 pullfail not found\n"
		"[30] s1 Warning Failed: Failed to pull image \"img\": not found\n"
		"[30] s1 Warning Failed: Error: ErrImagePull\n"
		"[31] s1 Normal BackOff: Back-off pulling image \"img\"\n"
		"[31] s1 Warning Failed: Error: ImagePullBackOff\n"
		"[70] s1 Normal Pulled: Container image \"img\" already present on machine and can be accessed by the pod\n"
		"[70] s1 Normal Created: Container created\n"
		"[70] s1 Normal Started: Container started\n"
		"[70] s1 start\n"
		"[70] s1 started\n"
		"[70] r1 Normal Pulled: Container image \"good\" already present on machine and can be accessed by the pod\n"
		"[70] r1 Normal Created: Container created\n"
		"[70] r1 Normal Started: Container started\n"
		"[70] r1 start\n"
		"[70] r1 started\n"
		"[70] pod.phase.Running\n"
		"[71] r1 exit 0 Completed\n"
		"[71] pod.terminating FINISHED 30s\n"
		"[71] s1 Normal Killing: Stopping container s1\n"
		"[71] s1 sigterm\n"
		"[71] s1 exit 143 Error\n"
		"[71] pod.phase.Succeeded\n"
		"[71] pod.finished Succeeded\n");
}

/* IMG-2: two containers share the entry of their image; the second does not even try */
static void test_pull_backoff_shared(void **state)
{
	struct cw_story story = {
		.ctrs = {CW_APP("a"), CW_APP("b")},
		.world = {{.bad_image_until = 100}, {.bad_image_until = 100}},
		.horizon = 12,
		.show = CW_EVENTS,
	};

	cw_expect(&story, "[0] pod.phase.Pending\n"
			  "[0] a pullfail not found\n"
			  "[0] a Warning Failed: Failed to pull image \"img\": not found\n"
			  "[0] a Warning Failed: Error: ErrImagePull\n"
			  "[0] b Normal BackOff: Back-off pulling image \"img\"\n"
			  "[0] b Warning Failed: Error: ImagePullBackOff\n"
			  "[1] a Normal BackOff: Back-off pulling image \"img\"\n"
			  "[1] a Warning Failed: Error: ImagePullBackOff\n"
			  "[10] a pullfail not found\n"
			  "[10] a Warning Failed: Failed to pull image \"img\": not found\n"
			  "[10] a Warning Failed: Error: ErrImagePull\n"
			  "[11] a Normal BackOff: Back-off pulling image \"img\"\n"
			  "[11] a Warning Failed: Error: ImagePullBackOff\n");
}

/* IMG-1, IMG-3: the other reasons are tried again after ten seconds */
static void test_image_reasons(void **state)
{
	static const struct {
		enum sp_image_fail fail;
		const char *reason, *message, *event;
	} cases[] = {
		{SP_IMG_NEVER_PULL, "ErrImageNeverPull",
		 "Container image \"img\" is not present with pull policy of Never",
		 "Warning ErrImageNeverPull: Container image \"img\" is not present with pull policy "
		 "of Never\n"},
		{SP_IMG_INVALID_NAME, "InvalidImageName", "not found",
		 "Warning InspectFailed: Failed to apply default image tag \"img\": not found\n"},
		{SP_IMG_INSPECT, "ImageInspectError", "not found",
		 "Warning InspectFailed: Failed to inspect image \"img\": not found\n"},
		{SP_IMG_UNAVAILABLE, "RegistryUnavailable", "not found",
		 "Warning Failed: Error: RegistryUnavailable\n"},
		{SP_IMG_SIGNATURE, "SignatureValidationFailed", "not found",
		 "Warning Failed: Error: SignatureValidationFailed\n"},
	};

	for (size_t i = 0; i < SP_ARRAY_LEN(cases); i++) {
		struct cw_story story = {
			.ctrs = {CW_APP("r1")},
			.world = {{.bad_image_until = 5, .image_fail = cases[i].fail}},
			.horizon = 0.5,
			.show = CW_EVENTS,
		};
		const char *log = cw_play(&story);

		assert_non_null(strstr(log, cases[i].event));
		assert_int_equal(cw_status()->ctrs[0].state, SP_CTR_WAITING);
		assert_string_equal(cw_status()->ctrs[0].reason, cases[i].reason);
		assert_string_equal(cw_status()->ctrs[0].message, cases[i].message);
		story.horizon = 15;
		assert_non_null(strstr(cw_play(&story), "[10] r1 start\n"));
	}
}

/* IMG-6, LAT-4: configuration errors, every ten seconds and at once when an object changes */
static void test_config_error(void **state)
{
	struct cw_story story = {
		.ctrs = {CW_APP("a"), CW_APP("b")},
		.world = {{.config_error_until = 13},
			  {.config_error_until = 25, .create_error = true}},
		.stimuli = {{.at = 14, .kind = SP_EV_OBJECTS_CHANGED}},
		.horizon = 40,
		.show = CW_EVENTS,
	};

	cw_expect(
		&story,
		"[0] pod.phase.Pending\n"
		"[0] a Normal Pulled: Container image \"img\" already present on machine and can be accessed by the pod\n"
		"[0] a Warning Failed: Error: configmap \"settings\" not found\n"
		"[0] b Normal Pulled: Container image \"img\" already present on machine and can be accessed by the pod\n"
		"[0] b Warning Failed: Error: configmap \"settings\" not found\n"
		"[10] a Normal Pulled: Container image \"img\" already present on machine and can be accessed by the pod\n"
		"[10] b Normal Pulled: Container image \"img\" already present on machine and can be accessed by the pod\n"
		"[10] a Warning Failed: Error: configmap \"settings\" not found\n"
		"[10] b Warning Failed: Error: configmap \"settings\" not found\n"
		"[14] a Normal Pulled: Container image \"img\" already present on machine and can be accessed by the pod\n"
		"[14] a Normal Created: Container created\n"
		"[14] a Normal Started: Container started\n"
		"[14] a start\n"
		"[14] a started\n"
		"[20] b Normal Pulled: Container image \"img\" already present on machine and can be accessed by the pod\n"
		"[20] b Warning Failed: Error: configmap \"settings\" not found\n"
		"[30] b Normal Pulled: Container image \"img\" already present on machine and can be accessed by the pod\n"
		"[30] b Normal Created: Container created\n"
		"[30] b Normal Started: Container started\n"
		"[30] b start\n"
		"[30] b started\n"
		"[30] pod.phase.Running\n");
	story.horizon = 5;
	(void)cw_play(&story);
	assert_string_equal(cw_status()->ctrs[0].reason, "CreateContainerConfigError");
	assert_string_equal(cw_status()->ctrs[0].message, "configmap \"settings\" not found");
	assert_string_equal(cw_status()->ctrs[1].reason, "CreateContainerError");
	assert_int_equal(cw_status()->ctrs[1].restart_count, 0);
}

/* IMG-7, BACK-12, STAT-21: a launch that fails is an exit with code 128 */
static void test_start_error(void **state)
{
	struct cw_story story = {
		.ctrs = {CW_APP("r1")},
		.world = {{.runs = {{.launch_error = true}}, .n_runs = 1}},
		.horizon = 35,
	};
	struct cw_story never = story;

	cw_expect(&story, "[0] pod.phase.Pending\n"
			  "[0] r1 starterror exec: no such file\n"
			  "[0] pod.phase.Running\n"
			  "[0] r1#1 starterror exec: no such file\n"
			  "[0] r1#1 backoff\n"
			  "[10] r1#2 starterror exec: no such file\n"
			  "[10] r1#2 backoff\n"
			  "[30] r1#3 starterror exec: no such file\n"
			  "[30] r1#3 backoff\n");
	never.spec.restart_policy = SP_RESTART_NEVER;
	cw_expect(&never, "[0] pod.phase.Pending\n"
			  "[0] r1 starterror exec: no such file\n"
			  "[0] pod.terminating FINISHED 30s\n"
			  "[0] pod.phase.Failed\n"
			  "[0] pod.finished Failed\n");
	assert_string_equal(cw_status()->ctrs[0].term.reason, "StartError");
	assert_string_equal(cw_status()->ctrs[0].term.message, "exec: no such file");
}

/* SBX-1, LAT-4: a sandbox that cannot be made is tried again */
static void test_sandbox_fails(void **state)
{
	struct cw_story story = {
		.ctrs = {CW_APP("r1")},
		.sandbox_fails_until = 15,
		.horizon = 30,
		.show = CW_EVENTS,
	};

	cw_expect(
		&story,
		"[0] pod.phase.Pending\n"
		"[0] Warning FailedCreatePodSandBox: Failed to create pod sandbox: no bridge\n"
		"[10] Warning FailedCreatePodSandBox: Failed to create pod sandbox: no bridge\n"
		"[20] r1 Normal Pulled: Container image \"img\" already present on machine and can be accessed by the pod\n"
		"[20] r1 Normal Created: Container created\n"
		"[20] r1 Normal Started: Container started\n"
		"[20] r1 start\n"
		"[20] r1 started\n"
		"[20] pod.phase.Running\n");
	story.sandbox_step = SP_SBX_STEP_MOUNT;
	assert_non_null(strstr(cw_play(&story), "[0] Warning FailedMount: no bridge\n"));
	story.sandbox_step = SP_SBX_STEP_CGROUP;
	assert_non_null(strstr(cw_play(&story), "[0] Warning FailedCreatePodContainer: unable to "
						"ensure pod container exists: no bridge\n"));
}

/* SBX-2, SBX-3, SBX-4, SBX-5, VOC-5: everything again in the original order */
static void test_sandbox_lost(void **state)
{
	struct cw_story story = {
		.ctrs = {CW_INIT("i1"), CW_SIDECAR("s2"), CW_INIT("i3"), CW_APP("r1")},
		.world = {[0] = CW_EXITS(2, 0), [2] = CW_EXITS(2, 0)},
		.stimuli = {{.at = 20, .kind = SP_EV_SANDBOX_LOST}},
		.horizon = 30,
		.show = CW_EVENTS,
	};

	cw_expect(
		&story,
		"[0] pod.phase.Pending\n"
		"[0] i1 Normal Pulled: Container image \"img\" already present on machine and can be accessed by the pod\n"
		"[0] i1 Normal Created: Container created\n"
		"[0] i1 Normal Started: Container started\n"
		"[0] i1 start\n"
		"[0] i1 started\n"
		"[2] i1 exit 0 Completed\n"
		"[2] s2 Normal Pulled: Container image \"img\" already present on machine and can be accessed by the pod\n"
		"[2] s2 Normal Created: Container created\n"
		"[2] s2 Normal Started: Container started\n"
		"[2] s2 start\n"
		"[2] s2 started\n"
		"[2] i3 Normal Pulled: Container image \"img\" already present on machine and can be accessed by the pod\n"
		"[2] i3 Normal Created: Container created\n"
		"[2] i3 Normal Started: Container started\n"
		"[2] i3 start\n"
		"[2] i3 started\n"
		"[4] i3 exit 0 Completed\n"
		"[4] r1 Normal Pulled: Container image \"img\" already present on machine and can be accessed by the pod\n"
		"[4] r1 Normal Created: Container created\n"
		"[4] r1 Normal Started: Container started\n"
		"[4] r1 start\n"
		"[4] r1 started\n"
		"[4] pod.phase.Running\n"
		"[20] sandbox.lost\n"
		"[20] s2 exit 137 ContainerStatusUnknown\n"
		"[20] r1 exit 137 ContainerStatusUnknown\n"
		"[20] Normal SandboxChanged: Pod sandbox changed, it will be killed and re-created.\n"
		"[20] pod.phase.Pending\n"
		"[20] sandbox.ready\n"
		"[20] i1 Normal Pulled: Container image \"img\" already present on machine and can be accessed by the pod\n"
		"[20] i1 Normal Created: Container created\n"
		"[20] i1 Normal Started: Container started\n"
		"[20] i1#1 start\n"
		"[20] i1#1 started\n"
		"[22] i1#1 exit 0 Completed\n"
		"[22] s2 Normal Pulled: Container image \"img\" already present on machine and can be accessed by the pod\n"
		"[22] s2 Normal Created: Container created\n"
		"[22] s2 Normal Started: Container started\n"
		"[22] s2#1 start\n"
		"[22] s2#1 started\n"
		"[22] i3 Normal Pulled: Container image \"img\" already present on machine and can be accessed by the pod\n"
		"[22] i3 Normal Created: Container created\n"
		"[22] i3 Normal Started: Container started\n"
		"[22] i3#1 start\n"
		"[22] i3#1 started\n"
		"[24] i3#1 exit 0 Completed\n"
		"[24] pod.phase.Running\n"
		"[24] r1 Normal Pulled: Container image \"img\" already present on machine and can be accessed by the pod\n"
		"[24] r1 Normal Created: Container created\n"
		"[24] r1 Normal Started: Container started\n"
		"[24] r1#1 start\n"
		"[24] r1#1 started\n");
	assert_int_equal(cw_status()->ctrs[0].restart_count, 1);
	assert_int_equal(cw_status()->ctrs[3].restart_count, 1);
}

/* SBX-2: under Never it is not replaced; under OnFailure finished containers have no part in it */
static void test_sandbox_lost_policies(void **state)
{
	struct cw_story never = {
		.spec = {.restart_policy = SP_RESTART_NEVER},
		.ctrs = {CW_SIDECAR("s1"), CW_APP("r1")},
		.stimuli = {{.at = 5, .kind = SP_EV_SANDBOX_LOST}},
	};
	struct cw_story on_failure = {
		.spec = {.restart_policy = SP_RESTART_ON_FAILURE},
		.ctrs = {CW_APP("a"), CW_APP("b")},
		.world = {CW_EXITS(1, 0), CW_EXITS(10, 0)},
		.stimuli = {{.at = 5, .kind = SP_EV_SANDBOX_LOST}},
	};

	cw_expect(&never, "[0] pod.phase.Pending\n"
			  "[0] s1 start\n"
			  "[0] s1 started\n"
			  "[0] r1 start\n"
			  "[0] r1 started\n"
			  "[0] pod.phase.Running\n"
			  "[5] sandbox.lost\n"
			  "[5] s1 exit 137 ContainerStatusUnknown\n"
			  "[5] r1 exit 137 ContainerStatusUnknown\n"
			  "[5] pod.terminating FINISHED 30s\n"
			  "[5] pod.phase.Failed\n"
			  "[5] pod.finished Failed\n");
	assert_string_equal(cw_status()->ctrs[1].term.reason, "ContainerStatusUnknown"); /* SBX-7 */
	assert_string_equal(cw_status()->ctrs[1].term.message,
			    "The container could not be located when the pod was terminated");
	cw_expect(&on_failure, "[0] pod.phase.Pending\n"
			       "[0] a start\n"
			       "[0] a started\n"
			       "[0] b start\n"
			       "[0] b started\n"
			       "[0] pod.phase.Running\n"
			       "[1] a exit 0 Completed\n"
			       "[5] sandbox.lost\n"
			       "[5] b exit 137 ContainerStatusUnknown\n"
			       "[5] sandbox.ready\n"
			       "[5] b#1 start\n"
			       "[5] b#1 started\n"
			       "[15] b#1 exit 0 Completed\n"
			       "[15] pod.terminating FINISHED 30s\n"
			       "[15] pod.phase.Succeeded\n"
			       "[15] pod.finished Succeeded\n");
}

/* SBX-6: a restart of the engine changes nothing, lost records included */
static void test_engine_restart(void **state)
{
	struct cw_story story = {
		.ctrs = {CW_INIT("i1"),
			 CW_SIDECAR("s2", .probes = {[SP_PROBE_STARTUP] = CW_PROBE(),
						     [SP_PROBE_READINESS] = CW_PROBE()}),
			 CW_APP("r1")},
		.world = {CW_EXITS(1, 0)},
		.stimuli = {{.at = 5, .kind = SP_EV_ENGINE_RESTARTED, .forget = true}},
		.horizon = 30,
		.show = CW_CONDS,
	};

	cw_expect(&story, "[0] pod.phase.Pending\n"
			  "[0] pod.cond.PodReadyToStartContainers=False\n"
			  "[0] pod.cond.Initialized=False\n"
			  "[0] pod.cond.Ready=False\n"
			  "[0] pod.cond.ContainersReady=False\n"
			  "[0] pod.cond.PodScheduled=True\n"
			  "[0] pod.cond.PodReadyToStartContainers=True\n"
			  "[0] i1 start\n"
			  "[0] i1 started\n"
			  "[1] i1 exit 0 Completed\n"
			  "[1] s2 start\n"
			  "[1] s2 started\n"
			  "[1] pod.cond.Initialized=True\n"
			  "[1] r1 start\n"
			  "[1] r1 started\n"
			  "[1] r1 ready\n"
			  "[1] pod.phase.Running\n"
			  "[1] s2 ready\n"
			  "[1] pod.cond.Ready=True\n"
			  "[1] pod.cond.ContainersReady=True\n");
	assert_string_equal(cw_columns(&story), "Running 2/2 0");
	story.spec.kube_minor = 34; /* readiness had to be earned again before 1.35 */
	assert_non_null(strstr(cw_play(&story), "[5] s2 notready\n"));
}

/* HOOK-1, HOOK-3, HOOK-4, VOC-8: a hanging postStart holds the sequence, deletion ends it */
static void test_post_start_hangs(void **state)
{
	struct cw_story story = {
		.ctrs = {CW_APP("a", .post_start = {SP_HOOK_EXEC}, .pre_stop = {SP_HOOK_EXEC}),
			 CW_APP("b")},
		.world = {{.post_start = {.takes = NEVER}, .pre_stop = {.takes = 1}}},
		.stimuli = {{.at = 9, .kind = SP_EV_DELETE, .grace_s = -1}},
	};

	cw_expect(&story, "[0] pod.phase.Pending\n"
			  "[0] a start\n"
			  "[0] a poststart.begin\n"
			  "[9] pod.delete 30s\n"
			  "[9] pod.terminating DELETE 30s\n"
			  "[9] a prestop.begin\n"
			  "[10] a prestop.end\n"
			  "[10] a sigterm\n"
			  "[10] a exit 143 Error\n"
			  "[10] a poststart.end\n"
			  "[10] pod.phase.Failed\n"
			  "[10] pod.finished Failed\n");
	story.stimuli[0].kind = SP_EV_TICK;
	story.horizon = 8;
	(void)cw_play(&story);
	assert_int_equal(cw_status()->ctrs[0].state, SP_CTR_WAITING);
	assert_string_equal(cw_status()->ctrs[0].reason, "ContainerCreating");
	assert_false(cw_status()->ctrs[0].started);
}

/* HOOK-5, RESTART-10, KILL-2: a failed postStart kills with the pod's grace and with preStop */
static void test_post_start_fails(void **state)
{
	struct cw_story story = {
		.spec = {.restart_policy = SP_RESTART_NEVER},
		.ctrs = {CW_APP("a", .post_start = {SP_HOOK_HTTP}, .pre_stop = {SP_HOOK_EXEC}),
			 CW_APP("b", .post_start = {SP_HOOK_TCP})},
		.world = {{.post_start = {.takes = 2, .fails = true},
			   .pre_stop = {.takes = 1},
			   .term_after = 1},
			  {.term_code = -1}},
		.show = CW_EVENTS,
	};
	struct cw_story always = {
		.ctrs = {CW_SIDECAR("s1", .post_start = {SP_HOOK_EXEC}), CW_APP("r1")},
		.world = {{.post_start = {.takes = 1, .fails = true}}},
		.horizon = 30,
	};

	cw_expect(
		&story,
		"[0] pod.phase.Pending\n"
		"[0] a Normal Pulled: Container image \"img\" already present on machine and can be accessed by the pod\n"
		"[0] a Normal Created: Container created\n"
		"[0] a Normal Started: Container started\n"
		"[0] a start\n"
		"[0] a poststart.begin\n"
		"[2] a poststart.end\n"
		"[2] a Warning FailedPostStartHook: PostStartHook failed\n"
		"[2] a Normal Killing: FailedPostStartHook\n"
		"[2] a kill FailedPostStartHook\n"
		"[2] a prestop.begin\n"
		"[3] a prestop.end\n"
		"[3] a sigterm\n"
		"[4] a exit 143 Error\n"
		"[4] b Normal Pulled: Container image \"img\" already present on machine and can be accessed by the pod\n"
		"[4] b Normal Created: Container created\n"
		"[4] b Normal Started: Container started\n"
		"[4] b start\n"
		"[4] b poststart.begin\n"
		"[4] b poststart.end\n"
		"[4] b Warning FailedPostStartHook: PostStartHook failed\n"
		"[4] b Normal Killing: FailedPostStartHook\n"
		"[4] b kill FailedPostStartHook\n"
		"[4] b sigterm\n"
		"[4] b exit 0 Completed\n"
		"[4] pod.terminating FINISHED 30s\n"
		"[4] pod.phase.Failed\n"
		"[4] pod.finished Failed\n");
	cw_expect(&always, "[0] pod.phase.Pending\n"
			   "[0] s1 start\n"
			   "[0] s1 poststart.begin\n"
			   "[1] s1 poststart.end\n"
			   "[1] s1 kill FailedPostStartHook\n"
			   "[1] s1 sigterm\n"
			   "[1] s1 exit 143 Error\n"
			   "[1] s1#1 start\n"
			   "[1] s1#1 poststart.begin\n"
			   "[2] s1#1 poststart.end\n"
			   "[2] s1#1 kill FailedPostStartHook\n"
			   "[2] s1#1 sigterm\n"
			   "[2] s1#1 exit 143 Error\n"
			   "[2] s1#1 backoff\n"
			   "[12] s1#2 start\n"
			   "[12] s1#2 poststart.begin\n"
			   "[13] s1#2 poststart.end\n"
			   "[13] s1#2 kill FailedPostStartHook\n"
			   "[13] s1#2 sigterm\n"
			   "[13] s1#2 exit 143 Error\n"
			   "[13] s1#2 backoff\n");
}

/* HOOK-5: the container ends by itself while the hook runs: exec fails with it, sleep runs on */
static void test_exit_during_post_start(void **state)
{
	struct cw_story story = {
		.spec = {.restart_policy = SP_RESTART_NEVER},
		.ctrs = {CW_APP("a", .post_start = {SP_HOOK_EXEC}),
			 CW_APP("b", .post_start = {SP_HOOK_SLEEP, 5})},
		.world = {{.runs = {{1, 0}}, .n_runs = 1, .post_start = {.takes = 4}},
			  CW_EXITS(1, 0)},
		.show = CW_EVENTS,
	};

	cw_expect(
		&story,
		"[0] pod.phase.Pending\n"
		"[0] a Normal Pulled: Container image \"img\" already present on machine and can be accessed by the pod\n"
		"[0] a Normal Created: Container created\n"
		"[0] a Normal Started: Container started\n"
		"[0] a start\n"
		"[0] a poststart.begin\n"
		"[1] a exit 0 Completed\n"
		"[1] a poststart.end\n"
		"[1] a Warning FailedPostStartHook: PostStartHook failed\n"
		"[1] b Normal Pulled: Container image \"img\" already present on machine and can be accessed by the pod\n"
		"[1] b Normal Created: Container created\n"
		"[1] b Normal Started: Container started\n"
		"[1] b start\n"
		"[1] b poststart.begin\n"
		"[2] b exit 0 Completed\n"
		"[6] b poststart.end\n"
		"[6] pod.terminating FINISHED 30s\n"
		"[6] pod.phase.Succeeded\n"
		"[6] pod.finished Succeeded\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_serial_init),
		cmocka_unit_test(test_init_fails_for_good),
		cmocka_unit_test(test_init_oom),
		cmocka_unit_test(test_mixed_order),
		cmocka_unit_test(test_sidecar_probe_failures),
		cmocka_unit_test(test_sidecar_crashes_early),
		cmocka_unit_test(test_short_lived_sidecar),
		cmocka_unit_test(test_quirk_last_sidecar),
		cmocka_unit_test(test_lane),
		cmocka_unit_test(test_pull_backoff),
		cmocka_unit_test(test_pull_backoff_shared),
		cmocka_unit_test(test_image_reasons),
		cmocka_unit_test(test_config_error),
		cmocka_unit_test(test_start_error),
		cmocka_unit_test(test_sandbox_fails),
		cmocka_unit_test(test_sandbox_lost),
		cmocka_unit_test(test_sandbox_lost_policies),
		cmocka_unit_test(test_engine_restart),
		cmocka_unit_test(test_post_start_hangs),
		cmocka_unit_test(test_post_start_fails),
		cmocka_unit_test(test_exit_during_post_start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
