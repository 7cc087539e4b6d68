/* SPDX-License-Identifier: Apache-2.0 */
/* Restart decisions (section 5) and back-off (section 6). */
#include "cmocka_all.h"

#include "core_world.h"

#include "core/pod_internal.h"

#include <stdio.h>

/* RESTART-1, RESTART-2, VOC-1: policy of the pod, of the container, rules; a table */
static void test_should_restart(void **state)
{
	static const int32_t c42[] = {42, 7};
	static const struct sp_restart_rule in[] = {
		{.action = SP_RULE_RESTART, .codes = c42, .n_codes = 2}};
	static const struct sp_restart_rule not_in[] = {
		{.action = SP_RULE_RESTART, .not_in = true, .codes = c42, .n_codes = 2}};
	enum {
		UNSET = SP_RESTART_UNSET,
		ALWAYS = SP_RESTART_ALWAYS,
		FAIL = SP_RESTART_ON_FAILURE,
		NEVER_ = SP_RESTART_NEVER
	};
	static const struct {
		int pod, ctr;
		const struct sp_restart_rule *rule;
		int32_t code;
		int minor;
		bool expect;
	} cases[] = {
		{ALWAYS, UNSET, NULL, 0, 36, true},
		{ALWAYS, UNSET, NULL, 1, 36, true},
		{FAIL, UNSET, NULL, 0, 36, false},
		{FAIL, UNSET, NULL, 137, 36, true},
		{NEVER_, UNSET, NULL, 1, 36, false},
		{NEVER_, UNSET, NULL, 0, 36, false},
		{ALWAYS, NEVER_, NULL, 1, 36, false},
		{NEVER_, ALWAYS, NULL, 0, 36, true},
		{NEVER_, FAIL, NULL, 0, 36, false},
		{NEVER_, FAIL, NULL, 3, 36, true},
		{NEVER_, NEVER_, in, 42, 36, true},
		{NEVER_, NEVER_, in, 7, 36, true},
		{NEVER_, NEVER_, in, 1, 36, false},
		{NEVER_, NEVER_, not_in, 42, 36, false},
		{NEVER_, NEVER_, not_in, 1, 36, true},
		/* before 1.35 a container had no policy of its own */
		{ALWAYS, NEVER_, NULL, 1, 34, true},
		{NEVER_, NEVER_, in, 42, 34, false},
	};

	for (size_t i = 0; i < SP_ARRAY_LEN(cases); i++) {
		struct sp_ctr_spec ctr = {.name = "r",
					  .role = SP_ROLE_APP,
					  .restart_policy = (enum sp_restart_policy)cases[i].ctr,
					  .rules = cases[i].rule,
					  .n_rules = cases[i].rule != NULL};
		struct sp_pod_spec spec = {.restart_policy = (enum sp_restart_policy)cases[i].pod,
					   .ctrs = &ctr,
					   .n_ctrs = 1,
					   .kube_minor = cases[i].minor};

		assert_int_equal(sp_should_restart(&spec, 0, cases[i].code), cases[i].expect);
	}
}

/* LAT-2, BACK-1 to BACK-4, BACK-9, BACK-10, STAT-17, STAT-24: 0, 10, 20, 40 … 300 s after the exit
 */
static void test_crash_loop(void **state)
{
	struct cw_story story = {
		.ctrs = {CW_APP("r1")},
		.world = {CW_EXITS(1, 3)},
		.horizon = 1300,
		.show = CW_EVENTS | CW_NO_FACTS,
	};
	static const struct {
		double at;
		const char *message;
	} cases[] = {{5, "10s"},     {20, "20s"},    {50, "40s"},
		     {100, "1m20s"}, {200, "2m40s"}, {500, "5m0s"}};

	story.show = CW_FACTS;
	cw_expect(&story, "[0] pod.phase.Pending\n"
			  "[0] r1 start\n"
			  "[0] r1 started\n"
			  "[0] pod.phase.Running\n"
			  "[1] r1 exit 3 Error\n"
			  "[1] r1#1 start\n"
			  "[1] r1#1 started\n"
			  "[2] r1#1 exit 3 Error\n"
			  "[2] r1#1 backoff\n"
			  "[12] r1#2 start\n"
			  "[12] r1#2 started\n"
			  "[13] r1#2 exit 3 Error\n"
			  "[13] r1#2 backoff\n"
			  "[33] r1#3 start\n"
			  "[33] r1#3 started\n"
			  "[34] r1#3 exit 3 Error\n"
			  "[34] r1#3 backoff\n"
			  "[74] r1#4 start\n"
			  "[74] r1#4 started\n"
			  "[75] r1#4 exit 3 Error\n"
			  "[75] r1#4 backoff\n"
			  "[155] r1#5 start\n"
			  "[155] r1#5 started\n"
			  "[156] r1#5 exit 3 Error\n"
			  "[156] r1#5 backoff\n"
			  "[316] r1#6 start\n"
			  "[316] r1#6 started\n"
			  "[317] r1#6 exit 3 Error\n"
			  "[317] r1#6 backoff\n"
			  "[617] r1#7 start\n"
			  "[617] r1#7 started\n"
			  "[618] r1#7 exit 3 Error\n"
			  "[618] r1#7 backoff\n"
			  "[918] r1#8 start\n"
			  "[918] r1#8 started\n"
			  "[919] r1#8 exit 3 Error\n"
			  "[919] r1#8 backoff\n"
			  "[1219] r1#9 start\n"
			  "[1219] r1#9 started\n"
			  "[1220] r1#9 exit 3 Error\n"
			  "[1220] r1#9 backoff\n");
	for (size_t i = 0; i < SP_ARRAY_LEN(cases); i++) {
		char want[128];

		story.horizon = cases[i].at;
		(void)cw_play(&story);
		(void)snprintf(want, sizeof(want),
			       "back-off %s restarting failed container=r1 pod=p_default(u1)",
			       cases[i].message);
		assert_string_equal(cw_status()->ctrs[0].reason, "CrashLoopBackOff");
		assert_string_equal(cw_status()->ctrs[0].message, want);
		assert_int_equal(cw_status()->ctrs[0].last.code, 3);
		assert_int_equal(cw_status()->ctrs[0].restart_count,
				 cw_status()->ctrs[0].last.attempt);
	}
	story.show = CW_EVENTS | CW_NO_FACTS;
	story.horizon = 5;
	assert_non_null(strstr(cw_play(&story),
			       "[2] r1 Warning BackOff: Back-off restarting failed "
			       "container r1 in pod p_default(u1)\n"));
}

/* BACK-5: a run of more than ten minutes since the decision to start it begins anew */
static void test_long_run_resets(void **state)
{
	struct cw_story story = {
		.ctrs = {CW_APP("r1")},
		.world = {{.runs = {{1, 1}, {1, 1}, {1, 1}, {700, 1}, {1, 1}}, .n_runs = 5}},
		.horizon = 760,
	};

	cw_expect(&story, "[0] pod.phase.Pending\n"
			  "[0] r1 start\n"
			  "[0] r1 started\n"
			  "[0] pod.phase.Running\n"
			  "[1] r1 exit 1 Error\n"
			  "[1] r1#1 start\n"
			  "[1] r1#1 started\n"
			  "[2] r1#1 exit 1 Error\n"
			  "[2] r1#1 backoff\n"
			  "[12] r1#2 start\n"
			  "[12] r1#2 started\n"
			  "[13] r1#2 exit 1 Error\n"
			  "[13] r1#2 backoff\n"
			  "[33] r1#3 start\n"
			  "[33] r1#3 started\n"
			  "[733] r1#3 exit 1 Error\n"
			  "[733] r1#4 start\n"
			  "[733] r1#4 started\n"
			  "[734] r1#4 exit 1 Error\n"
			  "[734] r1#4 backoff\n"
			  "[744] r1#5 start\n"
			  "[744] r1#5 started\n"
			  "[745] r1#5 exit 1 Error\n"
			  "[745] r1#5 backoff\n");
}

/* BACK-6, RESTART-3, RESTART-4, KILL-1: kill-and-restart looks at the record before */
static void test_probe_kill_backoff(void **state)
{
	struct cw_story story = {
		.spec = {.restart_policy = SP_RESTART_ON_FAILURE},
		.ctrs = {CW_APP(
			"r1", .probes = {[SP_PROBE_LIVENESS] = CW_PROBE(.initial_delay_s = 35,
									.failure_threshold = 1)})},
		.world = {{.probes = {[SP_PROBE_LIVENESS] = {{.never = true}}}, .term_code = -1}},
		.horizon = 400,
	};

	cw_expect(&story, "[0] pod.phase.Pending\n"
			  "[0] r1 start\n"
			  "[0] r1 started\n"
			  "[0] pod.phase.Running\n"
			  "[35] r1 kill Container r1 failed liveness probe, will be restarted\n"
			  "[35] r1 sigterm\n"
			  "[35] r1 exit 0 Completed\n"
			  "[35] r1#1 start\n"
			  "[35] r1#1 started\n"
			  "[70] r1#1 kill Container r1 failed liveness probe, will be restarted\n"
			  "[70] r1#1 sigterm\n"
			  "[70] r1#1 exit 0 Completed\n"
			  "[70] r1#2 start\n"
			  "[70] r1#2 started\n"
			  "[105] r1#2 kill Container r1 failed liveness probe, will be restarted\n"
			  "[105] r1#2 sigterm\n"
			  "[105] r1#2 exit 0 Completed\n"
			  "[105] r1#3 start\n"
			  "[105] r1#3 started\n"
			  "[140] r1#3 kill Container r1 failed liveness probe, will be restarted\n"
			  "[140] r1#3 sigterm\n"
			  "[140] r1#3 exit 0 Completed\n"
			  "[140] r1#4 start\n"
			  "[140] r1#4 started\n"
			  "[175] r1#4 kill Container r1 failed liveness probe, will be restarted\n"
			  "[175] r1#4 sigterm\n"
			  "[175] r1#4 exit 0 Completed\n"
			  "[175] r1#4 backoff\n"
			  "[215] r1#5 start\n"
			  "[215] r1#5 started\n"
			  "[250] r1#5 kill Container r1 failed liveness probe, will be restarted\n"
			  "[250] r1#5 sigterm\n"
			  "[250] r1#5 exit 0 Completed\n"
			  "[250] r1#5 backoff\n"
			  "[330] r1#6 start\n"
			  "[330] r1#6 started\n"
			  "[365] r1#6 kill Container r1 failed liveness probe, will be restarted\n"
			  "[365] r1#6 sigterm\n"
			  "[365] r1#6 exit 0 Completed\n"
			  "[365] r1#6 backoff\n");
}

/* BACK-7, BACK-8, RESTART-5, RESTART-8, RESTART-9, START-6: code 0 too, each on its own */
static void test_independent(void **state)
{
	struct cw_story story = {
		.ctrs = {CW_SIDECAR("s1"), CW_APP("a"), CW_APP("b")},
		.world = {CW_EXITS(3, 1), CW_EXITS(1, 0)},
		.horizon = 40,
	};

	cw_expect(&story, "[0] pod.phase.Pending\n"
			  "[0] s1 start\n"
			  "[0] s1 started\n"
			  "[0] a start\n"
			  "[0] a started\n"
			  "[0] b start\n"
			  "[0] b started\n"
			  "[0] pod.phase.Running\n"
			  "[1] a exit 0 Completed\n"
			  "[1] a#1 start\n"
			  "[1] a#1 started\n"
			  "[2] a#1 exit 0 Completed\n"
			  "[2] a#1 backoff\n"
			  "[3] s1 exit 1 Error\n"
			  "[3] s1#1 start\n"
			  "[3] s1#1 started\n"
			  "[6] s1#1 exit 1 Error\n"
			  "[6] s1#1 backoff\n"
			  "[12] a#2 start\n"
			  "[12] a#2 started\n"
			  "[13] a#2 exit 0 Completed\n"
			  "[13] a#2 backoff\n"
			  "[16] s1#2 start\n"
			  "[16] s1#2 started\n"
			  "[19] s1#2 exit 1 Error\n"
			  "[19] s1#2 backoff\n"
			  "[33] a#3 start\n"
			  "[33] a#3 started\n"
			  "[34] a#3 exit 0 Completed\n"
			  "[34] a#3 backoff\n"
			  "[39] s1#3 start\n"
			  "[39] s1#3 started\n");
	story.horizon = 38;
	(void)cw_play(&story);
	assert_string_equal(cw_columns(&story), "CrashLoopBackOff 1/3 5");
}

/* BACK-11: maximum and initial delay are options */
static void test_backoff_options(void **state)
{
	struct cw_story story = {
		.spec = {.backoff_max = 5 * SP_SEC},
		.ctrs = {CW_APP("r1")},
		.world = {CW_EXITS(1, 1)},
		.horizon = 15,
	};
	struct cw_story reduced = {
		.spec = {.backoff_initial = SP_SEC, .backoff_max = 60 * SP_SEC},
		.ctrs = {CW_APP("r1")},
		.world = {CW_EXITS(1, 1)},
		.horizon = 12,
	};

	cw_expect(&story, "[0] pod.phase.Pending\n"
			  "[0] r1 start\n"
			  "[0] r1 started\n"
			  "[0] pod.phase.Running\n"
			  "[1] r1 exit 1 Error\n"
			  "[1] r1#1 start\n"
			  "[1] r1#1 started\n"
			  "[2] r1#1 exit 1 Error\n"
			  "[2] r1#1 backoff\n"
			  "[7] r1#2 start\n"
			  "[7] r1#2 started\n"
			  "[8] r1#2 exit 1 Error\n"
			  "[8] r1#2 backoff\n"
			  "[13] r1#3 start\n"
			  "[13] r1#3 started\n"
			  "[14] r1#3 exit 1 Error\n"
			  "[14] r1#3 backoff\n");
	cw_expect(&reduced, "[0] pod.phase.Pending\n"
			    "[0] r1 start\n"
			    "[0] r1 started\n"
			    "[0] pod.phase.Running\n"
			    "[1] r1 exit 1 Error\n"
			    "[1] r1#1 start\n"
			    "[1] r1#1 started\n"
			    "[2] r1#1 exit 1 Error\n"
			    "[2] r1#1 backoff\n"
			    "[3] r1#2 start\n"
			    "[3] r1#2 started\n"
			    "[4] r1#2 exit 1 Error\n"
			    "[4] r1#2 backoff\n"
			    "[6] r1#3 start\n"
			    "[6] r1#3 started\n"
			    "[7] r1#3 exit 1 Error\n"
			    "[7] r1#3 backoff\n"
			    "[11] r1#4 start\n"
			    "[11] r1#4 started\n"
			    "[12] r1#4 exit 1 Error\n"
			    "[12] r1#4 backoff\n");
}

/* RESTART-6, RESTART-7, BACK-6: a changed image restarts a running container, even under Never */
static void test_set_image(void **state)
{
	struct cw_story story = {
		.spec = {.restart_policy = SP_RESTART_NEVER},
		.ctrs = {CW_APP("r1"), CW_APP("r2")},
		.world = {{.term_after = 1, .term_code = -1}},
		.stimuli = {{.at = 10, .kind = SP_EV_SET_IMAGE, .text = "new"}},
		.horizon = 20,
		.show = CW_EVENTS,
	};
	struct cw_story looping = {
		.ctrs = {CW_APP("r1")},
		.world = {CW_EXITS(1, 1)},
		.stimuli = {{.at = 20, .kind = SP_EV_SET_IMAGE, .text = "new"}},
		.horizon = 32,
	};
	struct cw_story init = {
		.ctrs = {CW_INIT("i1"), CW_SIDECAR("s2"), CW_APP("r1")},
		.world = {CW_EXITS(5, 0)},
		.stimuli = {{.at = 2, .kind = SP_EV_SET_IMAGE, .text = "new"},
			    {.at = 7, .kind = SP_EV_SET_IMAGE, .ctr = 1, .text = "new"}},
		.horizon = 9,
	};

	cw_expect(
		&story,
		"[0] pod.phase.Pending\n"
		"[0] r1 Normal Pulled: Container image \"img\" already present on machine and can be accessed by the pod\n"
		"[0] r1 Normal Created: Container created\n"
		"[0] r1 Normal Started: Container started\n"
		"[0] r1 start\n"
		"[0] r1 started\n"
		"[0] r2 Normal Pulled: Container image \"img\" already present on machine and can be accessed by the pod\n"
		"[0] r2 Normal Created: Container created\n"
		"[0] r2 Normal Started: Container started\n"
		"[0] r2 start\n"
		"[0] r2 started\n"
		"[0] pod.phase.Running\n"
		"[10] r1 Normal Killing: Container r1 definition changed, will be restarted\n"
		"[10] r1 kill Container r1 definition changed, will be restarted\n"
		"[10] r1 sigterm\n"
		"[11] r1 exit 0 Completed\n"
		"[11] r1 Normal Pulled: Container image \"new\" already present on machine and can be accessed by the pod\n"
		"[11] r1 Normal Created: Container created\n"
		"[11] r1 Normal Started: Container started\n"
		"[11] r1#1 start\n"
		"[11] r1#1 started\n");
	assert_string_equal(cw_status()->ctrs[0].image, "new");
	cw_expect(&looping, "[0] pod.phase.Pending\n"
			    "[0] r1 start\n"
			    "[0] r1 started\n"
			    "[0] pod.phase.Running\n"
			    "[1] r1 exit 1 Error\n"
			    "[1] r1#1 start\n"
			    "[1] r1#1 started\n"
			    "[2] r1#1 exit 1 Error\n"
			    "[2] r1#1 backoff\n"
			    "[12] r1#2 start\n"
			    "[12] r1#2 started\n"
			    "[13] r1#2 exit 1 Error\n"
			    "[13] r1#2 backoff\n"
			    "[20] r1#3 start\n"
			    "[20] r1#3 started\n"
			    "[21] r1#3 exit 1 Error\n"
			    "[21] r1#3 backoff\n"
			    "[31] r1#4 start\n"
			    "[31] r1#4 started\n"
			    "[32] r1#4 exit 1 Error\n"
			    "[32] r1#4 backoff\n");
	cw_expect(&init, "[0] pod.phase.Pending\n"
			 "[0] i1 start\n"
			 "[0] i1 started\n"
			 "[5] i1 exit 0 Completed\n"
			 "[5] s2 start\n"
			 "[5] s2 started\n"
			 "[5] r1 start\n"
			 "[5] r1 started\n"
			 "[5] pod.phase.Running\n"
			 "[7] s2 kill Init container s2 definition changed\n"
			 "[7] s2 sigterm\n"
			 "[7] s2 exit 143 Error\n"
			 "[7] s2#1 start\n"
			 "[7] s2#1 started\n");
}

/* RESTART-7, TERM-2: without effect once the termination began */
static void test_set_image_too_late(void **state)
{
	struct cw_story story = {
		.ctrs = {CW_APP("r1")},
		.world = {{.term_after = 5}},
		.stimuli = {{.at = 1, .kind = SP_EV_DELETE, .grace_s = -1},
			    {.at = 2, .kind = SP_EV_SET_IMAGE, .text = "new"}},
	};

	cw_expect(&story, "[0] pod.phase.Pending\n"
			  "[0] r1 start\n"
			  "[0] r1 started\n"
			  "[0] pod.phase.Running\n"
			  "[1] pod.delete 30s\n"
			  "[1] pod.terminating DELETE 30s\n"
			  "[1] r1 sigterm\n"
			  "[6] r1 exit 143 Error\n"
			  "[6] pod.phase.Failed\n"
			  "[6] pod.finished Failed\n");
	assert_string_equal(cw_status()->ctrs[0].image, "img");
}

/* RESTART-7: the image changes while the old one is being pulled, and while the container waits */
static void test_set_image_during_pull(void **state)
{
	struct cw_story story = {
		.ctrs = {CW_APP("r1")},
		.world = {{.bad_image_until = 100}},
		.stimuli = {{.at = 3, .kind = SP_EV_SET_IMAGE, .text = "new"}},
		.horizon = 9,
	};
	struct cw_story pulling = {
		.ctrs = {CW_APP("r1")},
		.world = {{.pull_takes = 2}},
		.stimuli = {{.at = 1, .kind = SP_EV_SET_IMAGE, .text = "new"}},
		.horizon = 9,
		.show = CW_EVENTS,
	};

	cw_expect(&story, "[0] pod.phase.Pending\n"
			  "[0] r1 pullfail not found\n"
			  "[3] r1 start\n"
			  "[3] r1 started\n"
			  "[3] pod.phase.Running\n");
	cw_expect(
		&pulling,
		"[0] pod.phase.Pending\n"
		"[0] r1 Normal Pulling: Pulling image \"img\"\n"
		"[2] r1 Normal Pulling: Pulling image \"new\"\n"
		"[4] r1 Normal Pulled: Successfully pulled image \"img\" in 1s (1s including waiting). Image size: 5 bytes.\n"
		"[4] r1 Normal Created: Container created\n"
		"[4] r1 Normal Started: Container started\n"
		"[4] r1 start\n"
		"[4] r1 started\n"
		"[4] pod.phase.Running\n");
}

/* RESTART-20, RESTART-21, RESTART-22: one exit restarts them all */
static void test_restart_all(void **state)
{
	static const int32_t codes[] = {42};
	static const struct sp_restart_rule rules[] = {
		{.action = SP_RULE_RESTART_ALL, .codes = codes, .n_codes = 1}};
	struct cw_story story = {
		.spec = {.restart_policy = SP_RESTART_NEVER},
		.ctrs = {CW_INIT("i1"), CW_SIDECAR("s1", .pre_stop = {SP_HOOK_SLEEP, 5}),
			 CW_APP("a", .restart_policy = SP_RESTART_NEVER, .rules = rules,
				.n_rules = 1),
			 CW_APP("b")},
		.world = {CW_EXITS(1, 0),
			  {.ignores_term = true},
			  {.runs = {{3, 42}, {2, 0}}, .n_runs = 2},
			  {.runs = {{100, 0}, {1, 0}}, .n_runs = 2}},
		.show = CW_CONDS,
	};

	cw_expect(&story, "[0] pod.phase.Pending\n"
			  "[0] pod.cond.PodReadyToStartContainers=False\n"
			  "[0] pod.cond.Initialized=False\n"
			  "[0] pod.cond.Ready=False\n"
			  "[0] pod.cond.ContainersReady=False\n"
			  "[0] pod.cond.PodScheduled=True\n"
			  "[0] pod.cond.AllContainersRestarting=False\n"
			  "[0] pod.cond.PodReadyToStartContainers=True\n"
			  "[0] i1 start\n"
			  "[0] i1 started\n"
			  "[1] i1 exit 0 Completed\n"
			  "[1] s1 start\n"
			  "[1] s1 started\n"
			  "[1] s1 ready\n"
			  "[1] pod.cond.Initialized=True\n"
			  "[1] a start\n"
			  "[1] a started\n"
			  "[1] a ready\n"
			  "[1] b start\n"
			  "[1] b started\n"
			  "[1] b ready\n"
			  "[1] pod.phase.Running\n"
			  "[1] pod.cond.Ready=True\n"
			  "[1] pod.cond.ContainersReady=True\n"
			  "[4] a exit 42 Error\n"
			  "[4] a notready\n"
			  "[4] s1 sigterm\n"
			  "[4] b sigterm\n"
			  "[4] pod.cond.Ready=False\n"
			  "[4] pod.cond.ContainersReady=False\n"
			  "[4] pod.cond.AllContainersRestarting=True\n"
			  "[4] b exit 143 Error\n"
			  "[4] b notready\n"
			  "[6] s1 sigkill\n"
			  "[6] s1 exit 137 Error\n"
			  "[6] s1 notready\n"
			  "[6] pod.phase.Pending\n"
			  "[6] pod.cond.AllContainersRestarting=False\n"
			  "[6] i1#1 start\n"
			  "[6] i1#1 started\n"
			  "[7] i1#1 exit 0 Completed\n"
			  "[7] s1#1 start\n"
			  "[7] s1#1 started\n"
			  "[7] s1#1 ready\n"
			  "[7] a#1 start\n"
			  "[7] a#1 started\n"
			  "[7] a#1 ready\n"
			  "[7] b#1 start\n"
			  "[7] b#1 started\n"
			  "[7] b#1 ready\n"
			  "[7] pod.phase.Running\n"
			  "[7] pod.cond.Ready=True\n"
			  "[7] pod.cond.ContainersReady=True\n"
			  "[8] b#1 exit 0 Completed\n"
			  "[8] b#1 notready\n"
			  "[8] pod.cond.Ready=False\n"
			  "[8] pod.cond.ContainersReady=False\n"
			  "[9] a#1 exit 0 Completed\n"
			  "[9] a#1 notready\n"
			  "[9] pod.terminating FINISHED 30s\n"
			  "[9] s1#1 prestop.begin\n"
			  "[14] s1#1 prestop.end\n"
			  "[14] s1#1 sigterm\n"
			  "[39] s1#1 sigkill\n"
			  "[39] s1#1 exit 137 Error\n"
			  "[39] s1#1 notready\n"
			  "[39] pod.phase.Succeeded\n"
			  "[39] pod.cond.PodReadyToStartContainers=False\n"
			  "[39] pod.finished Succeeded\n");
	for (int i = 0; i < 4; i++) {
		assert_int_equal(cw_status()->ctrs[i].restart_count, 1);
		assert_string_equal(cw_status()->ctrs[i].last.reason, "RestartingAllContainers");
		assert_int_equal(cw_status()->ctrs[i].last.code, 137);
	}
	story.spec.kube_minor = 35; /* off by default then */
	assert_null(strstr(cw_play(&story), "AllContainersRestarting"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_should_restart),
		cmocka_unit_test(test_crash_loop),
		cmocka_unit_test(test_long_run_resets),
		cmocka_unit_test(test_probe_kill_backoff),
		cmocka_unit_test(test_independent),
		cmocka_unit_test(test_backoff_options),
		cmocka_unit_test(test_set_image),
		cmocka_unit_test(test_set_image_too_late),
		cmocka_unit_test(test_set_image_during_pull),
		cmocka_unit_test(test_restart_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
