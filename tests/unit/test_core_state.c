/* SPDX-License-Identifier: Apache-2.0 */
/* The state as bytes: limits, a new process that goes on with it, answers in any order. */
#include "cmocka_all.h"

#include "core/pod_state.h"

static struct sp_pod pod;
static struct sp_actions out;
static struct sp_pod_status status;

static const struct sp_ctr_spec pair[] = {
	{.name = "s",
	 .image = "i",
	 .role = SP_ROLE_SIDECAR,
	 .restart_policy = SP_RESTART_ALWAYS,
	 .post_start = {SP_HOOK_EXEC}},
	{.name = "a", .image = "i", .role = SP_ROLE_APP},
};

static struct sp_pod_spec spec_of(const struct sp_ctr_spec *ctrs, uint16_t n_init, uint16_t n_ctrs)
{
	return (struct sp_pod_spec){.name = "p",
				    .ns = "default",
				    .uid = "u1",
				    .restart_policy = SP_RESTART_ALWAYS,
				    .grace_s = 30,
				    .active_deadline_s = -1,
				    .ctrs = ctrs,
				    .n_init = n_init,
				    .n_ctrs = n_ctrs,
				    .kube_minor = 36};
}

static void step(const struct sp_pod_spec *spec, sp_time now, struct sp_event ev)
{
	sp_pod_step(spec, &pod, &ev, now, &out);
}

static const struct sp_action *wish(enum sp_act_kind kind, uint16_t ctr)
{
	for (uint32_t i = 0; i < out.n; i++)
		if (out.items[i].kind == kind && (ctr == SP_NO_CTR || out.items[i].ctr == ctr))
			return &out.items[i];
	return NULL;
}

static void begin(const struct sp_pod_spec *spec)
{
	sp_pod_init(spec, &pod, 0, 0);
	step(spec, 0, (struct sp_event){.kind = SP_EV_TICK});
	assert_non_null(wish(SP_ACT_SANDBOX_START, SP_NO_CTR));
}

static void launch(const struct sp_pod_spec *spec, sp_time now, uint16_t ctr, uint32_t attempt)
{
	step(spec, now, (struct sp_event){.kind = SP_EV_IMAGE_PRESENT, .ctr = ctr});
	assert_int_equal(wish(SP_ACT_CTR_START, ctr)->attempt, attempt);
	step(spec, now, (struct sp_event){.kind = SP_EV_STARTED, .ctr = ctr, .attempt = attempt});
}

/* VOC-9: the same bytes and the same event give the same actions and the same bytes */
static void test_deterministic(void **state)
{
	struct sp_pod_spec spec = spec_of(pair, 1, 2);
	struct sp_pod *copy = test_malloc(sizeof(*copy));
	struct sp_event ev = {.kind = SP_EV_SANDBOX_READY, .text = "10.0.0.2"};
	uint32_t n;

	memset(&pod, 0, sizeof(pod));
	begin(&spec);
	memcpy(copy, &pod, sizeof(pod));
	step(&spec, SP_SEC, ev);
	n = out.n;
	sp_pod_step(&spec, copy, &ev, SP_SEC, &out);
	assert_int_equal(out.n, n);
	assert_memory_equal(copy, &pod, sizeof(pod));
	test_free(copy);
}

/* SBX-2, VOC-5: a process died while the sandbox was being made: it is made again, with a new
 * number */
static void test_resume_starting(void **state)
{
	struct sp_pod_spec spec = spec_of(pair, 1, 2);

	begin(&spec);
	assert_true(sp_pod_valid(&spec, &pod));
	step(&spec, SP_SEC, (struct sp_event){.kind = SP_EV_SANDBOX_LOST});
	assert_non_null(wish(SP_ACT_SANDBOX_STOP, SP_NO_CTR));
	step(&spec, SP_SEC, (struct sp_event){.kind = SP_EV_SANDBOX_GONE});
	assert_int_equal(wish(SP_ACT_SANDBOX_START, SP_NO_CTR)->attempt, 1);
	assert_null(wish(SP_ACT_EVENT, SP_NO_CTR)); /* there was no old one to speak of */
	step(&spec, SP_SEC, (struct sp_event){.kind = SP_EV_SANDBOX_READY}); /* stale */
	assert_int_equal(pod.sandbox, SP_SBX_STARTING);
}

/* SBX-2: … or while it was being removed: that is asked for again */
static void test_resume_stopping(void **state)
{
	struct sp_pod_spec spec = spec_of(pair, 1, 2);

	begin(&spec);
	step(&spec, 0, (struct sp_event){.kind = SP_EV_SANDBOX_READY});
	step(&spec, 0, (struct sp_event){.kind = SP_EV_DELETE, .grace_s = -1});
	assert_non_null(wish(SP_ACT_SANDBOX_STOP, SP_NO_CTR));
	step(&spec, SP_SEC, (struct sp_event){.kind = SP_EV_SANDBOX_LOST});
	assert_non_null(wish(SP_ACT_SANDBOX_STOP, SP_NO_CTR));
	assert_false(sp_pod_finished(&pod));
	step(&spec, SP_SEC, (struct sp_event){.kind = SP_EV_SANDBOX_GONE});
	assert_non_null(wish(SP_ACT_FINISHED, SP_NO_CTR));
}

/* SBX-4, VOC-4: a launch that was under way counts; nothing of the old sandbox is believed later */
static void test_resume_launching(void **state)
{
	struct sp_pod_spec spec = spec_of(pair, 1, 2);

	begin(&spec);
	step(&spec, 0, (struct sp_event){.kind = SP_EV_SANDBOX_READY});
	step(&spec, 0, (struct sp_event){.kind = SP_EV_IMAGE_PRESENT});
	assert_int_equal(wish(SP_ACT_CTR_START, 0)->attempt, 0);
	step(&spec, SP_SEC, (struct sp_event){.kind = SP_EV_SANDBOX_LOST});
	assert_null(wish(SP_ACT_HOOK_RUN, 0)); /* its postStart has nobody to run in */
	step(&spec, SP_SEC, (struct sp_event){.kind = SP_EV_SANDBOX_GONE});
	step(&spec, SP_SEC, (struct sp_event){.kind = SP_EV_SANDBOX_READY, .attempt = 1});
	step(&spec, SP_SEC, (struct sp_event){.kind = SP_EV_STARTED}); /* stale */
	assert_int_equal(pod.ctrs[0].rec, SP_REC_NONE);
	launch(&spec, SP_SEC, 0, 1);
	sp_pod_status(&spec, &pod, SP_SEC, &status);
	assert_int_equal(status.ctrs[0].restart_count, 1);
}

/* Bytes of another layout, of another pod, or torn ones are refused. */
static void test_valid(void **state)
{
	struct sp_pod_spec spec = spec_of(pair, 1, 2), other = spec_of(pair, 0, 1);

	begin(&spec);
	assert_true(sp_pod_valid(&spec, &pod));
	assert_false(sp_pod_valid(&other, &pod));
	pod.ctrs[1].kill = 77;
	assert_false(sp_pod_valid(&spec, &pod));
	pod.ctrs[1].kill = 0;
	pod.ctrs[0].cur.msg_len = UINT16_MAX;
	assert_false(sp_pod_valid(&spec, &pod));
	pod.ctrs[0].cur.msg_len = 0;
	pod.magic++;
	assert_false(sp_pod_valid(&spec, &pod));
}

/* LAT-22: an exit that overtakes its launch is believed all the same, and the launch not twice */
static void test_overtaken(void **state)
{
	struct sp_pod_spec spec = spec_of(pair, 1, 2);

	begin(&spec);
	step(&spec, 0, (struct sp_event){.kind = SP_EV_SANDBOX_READY});
	step(&spec, 0, (struct sp_event){.kind = SP_EV_IMAGE_PRESENT});
	step(&spec, 1, (struct sp_event){.kind = SP_EV_EXITED, .code = 4});
	assert_int_equal(pod.ctrs[0].rec, SP_REC_EXITED);
	assert_null(wish(SP_ACT_HOOK_RUN, 0));
	assert_non_null(wish(SP_ACT_IMAGE_ENSURE, 0)); /* RESTART-5 */
	step(&spec, 2, (struct sp_event){.kind = SP_EV_STARTED});
	assert_int_equal(pod.ctrs[0].rec, SP_REC_EXITED);
	step(&spec, 2, (struct sp_event){.kind = SP_EV_EXITED, .code = 0});
	assert_int_equal(pod.ctrs[0].cur.code, 4);
}

/* RESTART-7: the image changes between the wish to start and the launch */
static void test_image_between(void **state)
{
	struct sp_pod_spec spec = spec_of(pair + 1, 0, 1);

	begin(&spec);
	step(&spec, 0, (struct sp_event){.kind = SP_EV_SANDBOX_READY});
	step(&spec, 0, (struct sp_event){.kind = SP_EV_IMAGE_PRESENT});
	step(&spec, 0, (struct sp_event){.kind = SP_EV_SET_IMAGE, .text = "new"});
	step(&spec, 0, (struct sp_event){.kind = SP_EV_STARTED});
	assert_non_null(wish(SP_ACT_CTR_SIGNAL, 0)); /* it was launched with the old one */
	step(&spec, 0, (struct sp_event){.kind = SP_EV_EXITED, .code = 143});
	assert_string_equal(wish(SP_ACT_IMAGE_ENSURE, 0)->text, "new");
	launch(&spec, 0, 0, 1);
	assert_null(wish(SP_ACT_CTR_SIGNAL, 0));
}

/* Changed references have a store of limited size; what does not fit is not taken. */
static void test_image_store(void **state)
{
	static char longest[SP_IMAGE_TEXT_MAX + 1];
	struct sp_pod_spec spec;
	struct sp_ctr_spec ctrs[6];

	for (int i = 0; i < 6; i++)
		ctrs[i] = pair[1];
	spec = spec_of(ctrs, 0, 6);
	begin(&spec);
	memset(longest, 'x', sizeof(longest) - 1);
	step(&spec, 0, (struct sp_event){.kind = SP_EV_SET_IMAGE, .text = longest});
	assert_string_equal(sp_pod_image(&spec, &pod, 0), "i");
	for (uint16_t i = 0; i < 6; i++) {
		longest[0] = (char)('a' + i);
		longest[SP_IMAGE_TEXT_MAX - 1] = '\0';
		step(&spec, 0,
		     (struct sp_event){.kind = SP_EV_SET_IMAGE, .ctr = i, .text = longest});
	}
	assert_int_equal(sp_pod_image(&spec, &pod, 0)[0], 'a');
	assert_int_equal(sp_pod_image(&spec, &pod, 3)[0], 'd');
	assert_string_equal(sp_pod_image(&spec, &pod, 4), "i"); /* the store was full */
	step(&spec, 0, (struct sp_event){.kind = SP_EV_SET_IMAGE, .ctr = 1, .text = "i"});
	assert_int_equal(pod.ctrs[1].image_off, 0); /* back to the spec's */
	assert_int_equal(sp_pod_image(&spec, &pod, 3)[0], 'd');
	step(&spec, 0, (struct sp_event){.kind = SP_EV_SET_IMAGE, .ctr = 5, .text = "short"});
	assert_string_equal(sp_pod_image(&spec, &pod, 5), "short");
}

/* As many containers as allowed, all at once: lists of actions and texts are large enough. */
static void test_sixty_four(void **state)
{
	static struct sp_ctr_spec ctrs[SP_CONTAINERS_MAX];
	static char names[SP_CONTAINERS_MAX][64];
	struct sp_probe_spec probe = {.set = true,
				      .period_s = 1,
				      .timeout_s = 1,
				      .success_threshold = 1,
				      .failure_threshold = 1,
				      .grace_s = -1};
	struct sp_pod_spec spec = spec_of(ctrs, 0, SP_CONTAINERS_MAX);
	uint32_t most = 0;

	for (uint16_t i = 0; i < SP_CONTAINERS_MAX; i++) {
		memset(names[i], 'n', sizeof(names[i]) - 1);
		names[i][0] = (char)('A' + i % 26);
		ctrs[i] = (struct sp_ctr_spec){.name = names[i],
					       .image = "i",
					       .role = SP_ROLE_APP,
					       .pre_stop = {SP_HOOK_SLEEP, 0},
					       .probes = {probe, probe, probe}};
	}
	begin(&spec);
	step(&spec, 0, (struct sp_event){.kind = SP_EV_SANDBOX_READY});
	for (uint16_t i = 0; i < SP_CONTAINERS_MAX; i++) {
		launch(&spec, 0, i, 0);
		step(&spec, 0,
		     (struct sp_event){
			     .kind = SP_EV_PROBE_RESULT, .ctr = i, .probe = SP_PROBE_STARTUP});
		step(&spec, 0,
		     (struct sp_event){
			     .kind = SP_EV_PROBE_RESULT, .ctr = i, .probe = SP_PROBE_READINESS});
		step(&spec, 0,
		     (struct sp_event){
			     .kind = SP_EV_PROBE_RESULT, .ctr = i, .probe = SP_PROBE_LIVENESS});
	}
	step(&spec, 5 * SP_SEC, (struct sp_event){.kind = SP_EV_TICK}); /* all probes are due */
	most = SP_MAX(most, out.n);
	step(&spec, 6 * SP_SEC, (struct sp_event){.kind = SP_EV_DELETE, .grace_s = 1});
	most = SP_MAX(most, out.n);
	step(&spec, 60 * SP_SEC, (struct sp_event){.kind = SP_EV_TICK});
	most = SP_MAX(most, out.n);
	step(&spec, 61 * SP_SEC, (struct sp_event){.kind = SP_EV_SANDBOX_LOST});
	most = SP_MAX(most, out.n);
	assert_true(most >= 4 * SP_CONTAINERS_MAX && most < SP_ACTIONS_MAX / 2);
	sp_pod_status(&spec, &pod, 61 * SP_SEC, &status);
	assert_int_equal(status.phase, SP_PHASE_FAILED);
	assert_true(status.n_text < sizeof(status.texts));
}

/* LAT-6, LAT-9, LAT-20, TERM-20, HOOK-10: exact fractions; hook output goes nowhere */
static void test_exact(void **state)
{
	static const struct sp_ctr_spec ctr = {
		.name = "a", .image = "i", .role = SP_ROLE_APP, .pre_stop = {SP_HOOK_EXEC}};
	struct sp_pod_spec spec = spec_of(&ctr, 0, 1);

	begin(&spec);
	step(&spec, 0, (struct sp_event){.kind = SP_EV_SANDBOX_READY});
	launch(&spec, 0, 0, 0);
	step(&spec, 100 * SP_MSEC, (struct sp_event){.kind = SP_EV_DELETE, .grace_s = 3});
	assert_true(sp_pod_deadline(&spec, &pod) == 3100 * SP_MSEC);
	step(&spec, 1234 * SP_MSEC,
	     (struct sp_event){
		     .kind = SP_EV_HOOK_DONE, .hook = SP_HOOK_PRE_STOP, .text = "secret output"});
	assert_non_null(wish(SP_ACT_CTR_SIGNAL, 0));
	for (uint32_t i = 0; i < out.n; i++)
		assert_null(strstr(out.items[i].text, "secret"));
	assert_true(sp_pod_deadline(&spec, &pod) == 3234 * SP_MSEC); /* t_sig + 2 s, past D */
	step(&spec, 3233 * SP_MSEC, (struct sp_event){.kind = SP_EV_TICK});
	assert_null(wish(SP_ACT_CTR_KILL, 0));
	step(&spec, 3234 * SP_MSEC, (struct sp_event){.kind = SP_EV_TICK});
	assert_non_null(wish(SP_ACT_CTR_KILL, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_deterministic),   cmocka_unit_test(test_resume_starting),
		cmocka_unit_test(test_resume_stopping), cmocka_unit_test(test_resume_launching),
		cmocka_unit_test(test_valid),           cmocka_unit_test(test_overtaken),
		cmocka_unit_test(test_image_between),   cmocka_unit_test(test_image_store),
		cmocka_unit_test(test_sixty_four),      cmocka_unit_test(test_exact),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
