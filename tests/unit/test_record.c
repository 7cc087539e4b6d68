/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of the run record: what is written, that it reads back, and what is refused. */
#include "record/record.h"

#include "cmocka_all.h"

#include <stdio.h>

#define WALL 1767323045123456789 /* 2026-01-02T03:04:05.123456789Z */

static const struct sp_ctr_spec ctrs[] = {
	{.name = "setup", .image = "busybox", .role = SP_ROLE_INIT},
	{.name = "proxy",
	 .image = "envoy:1",
	 .role = SP_ROLE_SIDECAR,
	 .probes[SP_PROBE_STARTUP].set = true},
	{.name = "both",
	 .role = SP_ROLE_SIDECAR,
	 .probes[SP_PROBE_STARTUP].set = true,
	 .post_start.kind = SP_HOOK_EXEC},
	{.name = "app",
	 .image = "app:\"1\"",
	 .role = SP_ROLE_APP,
	 .probes[SP_PROBE_STARTUP].set = true},
	{.name = "hooked", .role = SP_ROLE_APP, .post_start.kind = SP_HOOK_SLEEP},
};

static const struct sp_pod_spec spec = {
	.name = "web",
	.ns = "default",
	.uid = "u-1",
	.restart_policy = SP_RESTART_ON_FAILURE,
	.grace_s = 30,
	.ctrs = ctrs,
	.n_init = 3,
	.n_ctrs = SP_ARRAY_LEN(ctrs),
	.kube_minor = 36,
};

static void test_header(void **state)
{
	static const char want[] =
		"{\"format\":\"sidepod.run/v1\",\"mode\":\"real\",\"pod\":\"web\",\"namespace\":"
		"\"default\",\"uid\":\"u-1\",\"startTime\":\"2026-01-02T03:04:05.123456789Z\","
		"\"kubeVersion\":\"1.36\",\"restartPolicy\":\"OnFailure\",\"graceSeconds\":30,"
		"\"containers\":["
		"{\"name\":\"setup\",\"role\":\"init\",\"gate\":\"exit\",\"image\":\"busybox\"},"
		"{\"name\":\"proxy\",\"role\":\"sidecar\",\"gate\":\"startupProbe\",\"image\":"
		"\"envoy:1\"},"
		"{\"name\":\"both\",\"role\":\"sidecar\",\"gate\":\"startupProbe+postStart\","
		"\"image\":\"\"},"
		"{\"name\":\"app\",\"role\":\"app\",\"gate\":\"\",\"image\":\"app:\\\"1\\\"\"},"
		"{\"name\":\"hooked\",\"role\":\"app\",\"gate\":\"postStart\",\"image\":\"\"}]}\n";
	struct sp_arena arena = {0};
	struct sp_record_line l;
	struct sp_error err;
	struct sp_buf b = {0};

	sp_record_header_print(&b, &spec, SP_RECORD_REAL, WALL);
	assert_false(b.failed);
	assert_string_equal(b.ptr, want);
	assert_int_equal(sp_record_parse_line(&arena, b.ptr, b.len, &l, &err), 0);
	assert_true(l.is_header);
	assert_int_equal(l.header.mode, SP_RECORD_REAL);
	assert_string_equal(l.header.restart_policy, "OnFailure");
	assert_true(l.header.start_wall_ns == WALL);
	assert_int_equal(l.header.n_ctrs, spec.n_ctrs);
	for (uint16_t i = 0; i < spec.n_ctrs; i++) {
		assert_string_equal(l.header.ctrs[i].name, ctrs[i].name);
		assert_int_equal(l.header.ctrs[i].role, ctrs[i].role);
		assert_string_equal(l.header.ctrs[i].gate, sp_record_gate(&ctrs[i]));
	}

	sp_buf_clear(&b);
	sp_record_header_print(&b, &spec, SP_RECORD_SIMULATED, 0);
	assert_null(strstr(b.ptr, "startTime"));
	assert_int_equal(sp_record_parse_line(&arena, b.ptr, b.len, &l, &err), 0);
	assert_int_equal(l.header.mode, SP_RECORD_SIMULATED);
	assert_true(l.header.start_wall_ns == 0);
	sp_buf_done(&b);
	sp_arena_done(&arena);
}

static void test_facts(void **state)
{
	static const struct {
		struct sp_action act;
		const char *rest; /* of the line, behind the two times */
	} cases[] = {
		{{.fact = SP_FACT_EXIT, .ctr = 3, .attempt = 2, .code = 137, .text = "OOMKilled"},
		 "\"event\":\"exit\",\"container\":\"app\",\"role\":\"app\",\"attempt\":2,"
		 "\"exitCode\":137,\"reason\":\"OOMKilled\"}\n"},
		{{.fact = SP_FACT_START, .ctr = 1},
		 "\"event\":\"start\",\"container\":\"proxy\",\"role\":\"sidecar\",\"attempt\":0}\n"},
		{{.fact = SP_FACT_KILL,
		  .ctr = 1,
		  .text = "Init container proxy failed startup probe"},
		 "\"event\":\"kill\",\"container\":\"proxy\",\"role\":\"sidecar\",\"attempt\":0,"
		 "\"message\":\"Init container proxy failed startup probe\"}\n"},
		{{.fact = SP_FACT_PROBE, .ctr = 1, .probe = SP_PROBE_READINESS},
		 "\"event\":\"probe.readiness\",\"container\":\"proxy\",\"role\":\"sidecar\","
		 "\"attempt\":0}\n"},
		{{.fact = SP_FACT_PROBE_DONE,
		  .ctr = 1,
		  .probe = SP_PROBE_LIVENESS,
		  .outcome = SP_OUT_FAILURE,
		  .text = "a\n\"b\""},
		 "\"event\":\"probe.liveness.done\",\"container\":\"proxy\",\"role\":\"sidecar\","
		 "\"attempt\":0,\"reason\":\"failure\",\"message\":\"a\\n\\\"b\\\"\"}\n"},
		{{.fact = SP_FACT_POD_TERMINATING, .ctr = SP_NO_CTR, .code = 30, .text = "DELETE"},
		 "\"event\":\"pod.terminating\",\"reason\":\"DELETE\",\"graceSeconds\":30}\n"},
		{{.fact = SP_FACT_SANDBOX_READY, .ctr = SP_NO_CTR, .attempt = 1},
		 "\"event\":\"sandbox.ready\",\"attempt\":1}\n"},
		{{.fact = SP_FACT_PHASE, .ctr = SP_NO_CTR, .text = "Running"},
		 "\"event\":\"pod.phase.Running\"}\n"},
		{{.fact = SP_FACT_COND, .ctr = SP_NO_CTR, .text = "Ready=True"},
		 "\"event\":\"pod.cond.Ready=True\"}\n"},
		{{.fact = SP_FACT_POD_FINISHED, .ctr = SP_NO_CTR, .text = "Failed"},
		 "\"event\":\"pod.finished\",\"reason\":\"Failed\"}\n"},
	};
	struct sp_arena arena = {0};
	struct sp_buf b = {0};

	for (size_t i = 0; i < SP_ARRAY_LEN(cases); i++) {
		struct sp_action act = cases[i].act;
		struct sp_record_line l;
		struct sp_error err;
		char head[128];

		act.kind = SP_ACT_FACT;
		sp_buf_clear(&b);
		assert_true(sp_record_fact_print(&b, &spec, &act, 1203456, WALL));
		snprintf(head, sizeof(head),
			 "{\"tNs\":1203456,\"time\":\"2026-01-02T03:04:05.123456789Z\",");
		assert_memory_equal(b.ptr, head, strlen(head));
		assert_string_equal(b.ptr + strlen(head), cases[i].rest);

		assert_int_equal(sp_record_parse_line(&arena, b.ptr, b.len, &l, &err), 0);
		assert_false(l.is_header);
		assert_true(l.fact.t_ns == 1203456 && l.fact.wall_ns == WALL);
		assert_true(l.fact.known);
		assert_int_equal(l.fact.fact, act.fact);
		if (act.fact == SP_FACT_PROBE || act.fact == SP_FACT_PROBE_DONE)
			assert_int_equal(l.fact.probe, act.probe);
		if (act.fact == SP_FACT_PHASE || act.fact == SP_FACT_COND)
			assert_string_equal(l.fact.value, act.text);
		assert_string_equal(l.fact.ctr,
				    act.ctr == SP_NO_CTR ? "" : spec.ctrs[act.ctr].name);
		assert_int_equal(l.fact.has_code, act.fact == SP_FACT_EXIT);
		assert_int_equal(l.fact.code, act.fact == SP_FACT_EXIT ? act.code : 0);
	}

	/* Simulations have no wall clock; other kinds of actions are no lines. */
	struct sp_action act = {
		.kind = SP_ACT_FACT, .fact = SP_FACT_POD_ACCEPTED, .ctr = SP_NO_CTR};

	sp_buf_clear(&b);
	assert_true(sp_record_fact_print(&b, &spec, &act, 0, 0));
	assert_string_equal(b.ptr, "{\"tNs\":0,\"event\":\"pod.accepted\"}\n");
	act.kind = SP_ACT_CTR_START;
	assert_false(sp_record_fact_print(&b, &spec, &act, 0, 0));
	sp_buf_done(&b);
	sp_arena_done(&arena);
}

static void test_events(void **state)
{
	struct sp_action act = {
		.kind = SP_ACT_EVENT,
		.ctr = 3,
		.warning = true,
		.reason = "BackOff",
		.text = "Back-off restarting failed container app",
	};
	struct sp_arena arena = {0};
	struct sp_record_line l;
	struct sp_error err;
	struct sp_buf b = {0};

	sp_record_fact_print(&b, &spec, &act, 5, 0);
	assert_string_equal(b.ptr,
			    "{\"tNs\":5,\"event\":\"event\",\"container\":\"app\",\"role\":"
			    "\"app\",\"type\":\"Warning\",\"reason\":\"BackOff\",\"message\":"
			    "\"Back-off restarting failed container app\"}\n");
	assert_int_equal(sp_record_parse_line(&arena, b.ptr, b.len, &l, &err), 0);
	assert_true(l.fact.is_event && l.fact.warning && !l.fact.known);
	assert_string_equal(l.fact.reason, "BackOff");
	assert_true(l.fact.attempt == -1 && l.fact.grace_s == -1);
	sp_buf_done(&b);
	sp_arena_done(&arena);
}

/* Every fact's name leads back to the fact. */
static void test_names(void **state)
{
	for (int i = 0; i < SP_FACTS; i++) {
		struct sp_action act = {.kind = SP_ACT_FACT,
					.fact = (enum sp_fact)i,
					.probe = SP_PROBE_LIVENESS,
					.text = "X=Y"};
		struct sp_buf b = {0};
		enum sp_probe_kind probe;
		enum sp_fact fact;
		const char *value;

		sp_fact_print(&act, &b);
		assert_true(sp_record_fact_of_name(b.ptr, &fact, &probe, &value));
		assert_int_equal(fact, i);
		sp_buf_done(&b);
	}
	static const char *const unknown[] = {"",      "exits", "probe.",   "probe.startup.",
					      "probe", "event", "pod.phase"};
	enum sp_fact fact;

	for (size_t i = 0; i < SP_ARRAY_LEN(unknown); i++)
		assert_false(sp_record_fact_of_name(unknown[i], &fact, NULL, NULL));
}

static void test_bad_lines(void **state)
{
	static const struct {
		const char *line;
		enum sp_code code;
	} cases[] = {
		{"", SP_E_INVALID},
		{"[]", SP_E_INVALID},
		{"{\"tNs\":1}", SP_E_INVALID},
		{"{\"event\":\"exit\"}", SP_E_INVALID},
		{"{\"tNs\":\"1\",\"event\":\"exit\"}", SP_E_INVALID},
		{"{\"tNs\":1,\"event\":\"exit\"} x", SP_E_INVALID},
		{"{\"tNs\":1,\"tNs\":2,\"event\":\"exit\"}", SP_E_INVALID},
		{"{\"format\":\"sidepod.run/v2\"}", SP_E_UNSUPPORTED},
		{"{\"format\":7}", SP_E_UNSUPPORTED},
	};
	struct sp_arena arena = {0};
	struct sp_record_line l;

	for (size_t i = 0; i < SP_ARRAY_LEN(cases); i++) {
		struct sp_error err = {0};

		assert_int_equal(sp_record_parse_line(&arena, cases[i].line, strlen(cases[i].line),
						      &l, &err),
				 -1);
		assert_int_equal(err.code, cases[i].code);
	}
	/* What a later version may add is read as far as it is understood. */
	static const char later[] = "{\"tNs\":1,\"event\":\"pod.dream\",\"exitCode\":99999999999,"
				    "\"depth\":[{}],\"reason\":5,\"time\":\"yesterday\"}";
	struct sp_error err = {0};

	assert_int_equal(sp_record_parse_line(&arena, later, sizeof(later) - 1, &l, &err), 0);
	assert_false(l.fact.known);
	assert_string_equal(l.fact.event, "pod.dream");
	assert_string_equal(l.fact.reason, "");
	assert_int_equal(l.fact.code, INT32_MAX);
	assert_true(l.fact.wall_ns == 0);
	sp_arena_done(&arena);
}

static void test_usage(void **state)
{
	const struct sp_record_usage u = {120000000, 4096};
	struct sp_arena arena = {0};
	struct sp_record_line l;
	struct sp_error err;
	struct sp_buf b = {0};

	sp_record_usage_print(&b, &spec, 3, 2, 7, WALL, &u);
	assert_string_equal(b.ptr, "{\"tNs\":7,\"time\":\"2026-01-02T03:04:05.123456789Z\","
				   "\"event\":\"usage\",\"container\":\"app\",\"role\":\"app\","
				   "\"attempt\":2,\"cpuNs\":120000000,\"memoryPeakBytes\":4096}\n");
	assert_int_equal(sp_record_parse_line(&arena, b.ptr, b.len, &l, &err), 0);
	assert_true(l.fact.is_usage);
	assert_false(l.fact.known);
	assert_string_equal(l.fact.ctr, "app");
	assert_int_equal(l.fact.attempt, 2);
	assert_int_equal(l.fact.usage.cpu_ns, u.cpu_ns);
	assert_int_equal(l.fact.usage.memory_peak_bytes, u.memory_peak_bytes);
	sp_arena_done(&arena);
	sp_buf_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_header), cmocka_unit_test(test_usage),
		cmocka_unit_test(test_facts),  cmocka_unit_test(test_events),
		cmocka_unit_test(test_names),  cmocka_unit_test(test_bad_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
