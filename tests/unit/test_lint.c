/* SPDX-License-Identifier: Apache-2.0 */
/* Lint beside its golden files: command lines, broken input, options, ignores, limits, fixes. */
#include "lint/lint_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static struct sp_catalogue *catalogue;

static int setup(void **state)
{
	struct sp_error err;

	catalogue = sp_catalogue_new(&err);
	return catalogue ? 0 : -1;
}

static int teardown(void **state)
{
	catalogue = sp_catalogue_free(catalogue);
	return 0;
}

#define POD(ctrs) "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n" ctrs
#define APP       "  containers:\n  - {name: app, image: a/app:1}\n"

static void lint(struct sp_lint *l, const struct sp_lint_options *opt, const char *text)
{
	struct sp_lint_options o = opt ? *opt : (struct sp_lint_options){.node_milli = -1};
	struct sp_error err;

	o.catalogue = catalogue;
	sp_lint_init(l, &o);
	assert_int_equal(sp_lint_add(l, "t.yaml", text, strlen(text)), 0);
	assert_int_equal(sp_lint_run(l, &err), 0);
}

static uint32_t count(const struct sp_lint *l, const char *id)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < l->n_findings; i++)
		n += !l->findings[i].ignored && sp_streq(l->findings[i].id, id);
	return n;
}

/* ---- command lines ----------------------------------------------------------------------------
 */

static void test_shell(void **state)
{
	static const struct {
		const char *script, *want; /* words parted by blanks, commands by their joiner */
	} cases[] = {
		{"a b; c", "a b;c"},
		{"a && b || c | d & e", "a b"},
		{"X=1 Y=2 a 'b c' \"d $e\"", "a b c d $e"},
		{"while ! nc -z localhost 1; do sleep 1; done", "nc -z localhost 1;sleep 1;"},
		{"a > /x 2>&1; b >> y", "a;b"},
		{"a # c\nb", "a;b"},
		{"a $(b; c) d", "a $(b; c) d"},
		{"", ""},
		{"'", ""},
		{"a `b; c", "a `b; c"},
		{"((((", ""},
		{"exec a", "exec a"},
	};

	for (size_t i = 0; i < SP_ARRAY_LEN(cases); i++) {
		const char *argv[] = {"/bin/sh", "-c", cases[i].script};
		SP_CLEANUP(sp_arena_done) struct sp_arena a = {0};
		SP_CLEANUP(sp_buf_done) struct sp_buf got = {0};
		struct sh sh;

		sp_buf_puts(&got, "");
		sh_parse(&a, argv, 3, &sh);
		assert_true(sh.shell);
		for (uint32_t k = 0; k < sh.n && i != 1; k++) {
			for (uint32_t w = 0; w < sh.v[k].n; w++)
				sp_buf_printf(&got, "%s%s", w ? " " : "", sh.v[k].w[w]);
			sp_buf_puts(&got, sh.v[k].after);
		}
		if (i == 1) {
			assert_int_equal(sh.n, 5);
			assert_string_equal(sh.v[0].after, "&&");
			assert_string_equal(sh.v[1].after, "||");
			assert_string_equal(sh.v[2].after, "|");
			assert_string_equal(sh.v[3].after, "&");
			assert_string_equal(sh.v[4].w[0], "e");
		} else {
			assert_string_equal(got.ptr, cases[i].want);
		}
	}
}

static void test_shell_details(void **state)
{
	static const struct {
		const char *script;
		int64_t sleep_s;
	} sleeps[] = {{"sleep 5", 5},         {"sleep 5 && a; sleep 2m", 125},
		      {"sleep infinity", -1}, {"sleep x", 0},
		      {"sleep 10 & a", 0},    {"a", 0},
		      {"sleep 1h", 3600}};
	SP_CLEANUP(sp_arena_done) struct sp_arena a = {0};
	const char *loop[] = {"sh", "-ec", "until [ -f /x ]; do :; done; touch /y > /z"};
	const char *init[] = {"tini", "-g", "--", "server", "-x"};
	struct sh sh;
	bool pid1;

	for (size_t i = 0; i < SP_ARRAY_LEN(sleeps); i++) {
		const char *argv[] = {"bash", "-c", sleeps[i].script};

		sh_parse(&a, argv, 3, &sh);
		assert_int_equal(sh_sleep(&sh), sleeps[i].sleep_s);
	}
	sh_parse(&a, loop, 3, &sh);
	assert_int_equal(sh.v[0].lead, SH_UNTIL);
	assert_int_equal(sh.v[1].lead, SH_DO);
	assert_string_equal(sh.v[sh.n - 1].out[0], "/z");
	sh_parse(&a, init, 5, &sh);
	assert_false(sh.shell);
	assert_true(sh_is(&sh.v[0], "a|server|b"));
	assert_false(sh_is(&sh.v[0], "serve|servers"));
	sh_parse(&a, (const char *[]){"kill", "-TERM", "1"}, 3, &sh);
	assert_true(sh_signal(&sh.v[0], &pid1) && pid1);
	sh_parse(&a, (const char *[]){"kill", "-0", "1"}, 3, &sh);
	assert_false(sh_signal(&sh.v[0], &pid1));
	sh_parse(&a, NULL, 0, &sh);
	assert_int_equal(sh.n, 0);
}

/* ---- broken input -----------------------------------------------------------------------------
 */

/* None of these may crash; what can be judged is judged. */
static void test_partial(void **state)
{
	static const char *const texts[] = {
		"",
		"a",
		"[]",
		"kind: Pod",
		"kind: Pod\napiVersion: v1",
		"kind: Pod\napiVersion: v1\nspec:",
		"kind: Pod\napiVersion: v1\nspec: {containers: }",
		"kind: Pod\napiVersion: v1\nspec: {containers: [null, 1, {}, {name: }, []]}",
		"kind: Pod\napiVersion: v1\nmetadata: 3\nspec: {initContainers: {a: b}, containers: [{name: "
		"1, image: [x], command: a, args: {}, ports: [1], env: [{}], lifecycle: {preStop: {}}}]}",
		"kind: Pod\napiVersion: v1\nspec: {containers: [{startupProbe: {httpGet: {}}, "
		"readinessProbe: {tcpSocket: }, lifecycle: {preStop: {exec: {command: [1]}}}}]}",
		"kind: Pod\napiVersion: v1\nspec: {initContainers: [{restartPolicy: Always, "
		"startupProbe: {}}], volumes: [{}, {name: a}, 1], containers: [{volumeMounts: [{}]}]}",
		"kind: Pod\napiVersion: v1\nspec: {volumes: [{emptyDir: {}}], containers: [{image: a, env: "
		"[{value: '80'}], envFrom: [{configMapRef: {}}], volumeMounts: [{mountPath: /a}], "
		"volumeDevices: [{}], ports: [{}], resources: {claims: [{}]}}]}",
		"kind: Deployment\napiVersion: apps/v1\nspec: {template: {spec: {containers: []}}}",
		"kind: Deployment\napiVersion: apps/v1\nspec: {replicas: -1, strategy: {rollingUpdate: "
		"{maxSurge: '%'}}, selector: {matchLabels: {a: }}, template: {spec: {containers: [{}]}}}",
		"kind: Job\napiVersion: batch/v1\nspec: {podFailurePolicy: {rules: [{onExitCodes: {}}]}, "
		"template: {spec: {initContainers: [{restartPolicy: Always}], containers: [{}]}}}",
		"kind: CronJob\napiVersion: batch/v1\nspec: {jobTemplate: {spec: {template: {}}}}",
		"kind: CronJob\napiVersion: batch/v1\nspec: {jobTemplate: {spec: {template: {spec: {}}}}}",
		"kind: List\nitems: [{kind: Pod}, null, 1, {kind: List, items: [{}]}]",
		"kind: Widget\napiVersion: x/v1\nspec: {template: {spec: {containers: [{name: a}]}}}",
		"\xff\xfe",
		"a: &x [*x]",
	};

	for (size_t i = 0; i < SP_ARRAY_LEN(texts); i++)
		for (int f = 0; f < SP_LINT_FORMATS; f++) {
			const struct sp_lint_report r = {.format = (enum sp_lint_format)f,
							 .threshold = SP_SEV_INFO,
							 .all = true};
			SP_CLEANUP(sp_buf_done) struct sp_buf out = {0};
			struct sp_lint l;

			lint(&l, NULL, texts[i]);
			sp_lint_print(&l, &r, &out);
			assert_false(out.failed);
			sp_lint_done(&l);
		}
}

static void test_partial_is_judged(void **state)
{
	struct sp_lint l;

	/* one field is wrong; everything else is seen all the same */
	lint(&l, NULL,
	     POD("  unknown: 1\n  initContainers:\n  - name: log\n    image: a/log:1\n    "
		 "restartPolicy: Always\n    readinessProbe: {tcpSocket: {port: 1}}\n" APP));
	assert_int_equal(count(&l, "SP003"), 1);
	assert_int_equal(count(&l, "SP202"), 1);
	assert_int_equal(count(&l, "SP401"), 1);
	sp_lint_done(&l);

	/* other kinds are passed over, but for pods in them */
	lint(&l, NULL, "apiVersion: x/v1\nkind: Widget\nspec: {size: 3}\n");
	assert_int_equal(l.n_findings, 0);
	sp_lint_done(&l);
	lint(&l, NULL,
	     "apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata: {name: r}\nspec:\n  "
	     "template:\n    spec:\n      initContainers:\n      - {name: log, image: a/log:1, "
	     "restartPolicy: Always}\n      containers:\n      - {name: app, image: a/app:1}\n");
	assert_int_equal(count(&l, "SP401"), 1);
	assert_string_equal(l.findings[0].kind, "Rollout");
	assert_string_equal(l.findings[0].path, "spec.template.spec.initContainers[0]");
	sp_lint_done(&l);
}

static void test_too_much(void **state)
{
	size_t len = 10u << 20;
	struct sp_lint l = {0};
	struct sp_error err;
	char *big = malloc(len + 1), deep[4096];
	size_t n;

	/* 10 MB: told, not read */
	assert_non_null(big);
	memset(big, '#', len);
	big[len] = '\0';
	sp_lint_init(&l, NULL);
	assert_int_equal(sp_lint_add(&l, "big.yaml", big, len), 0);
	assert_int_equal(sp_lint_run(&l, &err), 0);
	assert_int_equal(l.n_findings, 1);
	assert_int_equal(l.n_broken, 1);
	assert_int_equal(l.findings[0].severity, SP_SEV_ERROR);
	sp_lint_done(&l);
	free(big);

	/* a tower of lists */
	n = (size_t)snprintf(deep, sizeof(deep), "kind: Pod\napiVersion: v1\nspec: ");
	memset(deep + n, '[', 2000);
	deep[n + 2000] = '\0';
	lint(&l, NULL, deep);
	assert_int_equal(l.n_broken, 1);
	assert_true(l.n_findings >= 1);
	sp_lint_done(&l);
}

/* ---- options and ignores ----------------------------------------------------------------------
 */

#define NOISY POD("  initContainers:\n  - {name: log, image: a/log, restartPolicy: Always}\n" APP)

static void test_options(void **state)
{
	static const struct {
		const char *only, *except;
		uint32_t sp401, sp901;
	} cases[] = {
		{NULL, NULL, 1, 1},           {"SP4", NULL, 1, 0}, {"sp901", NULL, 0, 1},
		{"floating-tag", NULL, 0, 1}, {NULL, "SP9", 1, 0}, {"SP", "SP401", 0, 1},
		{"SP2", NULL, 0, 0},
	};

	for (size_t i = 0; i < SP_ARRAY_LEN(cases); i++) {
		const struct sp_lint_options o = {.only = &cases[i].only,
						  .n_only = cases[i].only != NULL,
						  .except = &cases[i].except,
						  .n_except = cases[i].except != NULL,
						  .node_milli = -1,
						  .node_bytes = -1};
		struct sp_lint l;

		lint(&l, &o, NOISY);
		assert_int_equal(count(&l, "SP401"), cases[i].sp401);
		assert_int_equal(count(&l, "SP901"), cases[i].sp901);
		sp_lint_done(&l);
	}
}

static void test_closed(void **state)
{
	static const char text[] =
		POD("  containers:\n  - {name: app, image: a/app:1, envFrom: [{secretRef: {name: "
		    "s}}]}\n");

	for (int closed = 0; closed < 2; closed++) {
		const struct sp_lint_options o = {.closed = closed, .node_milli = -1};
		struct sp_lint l;

		lint(&l, &o, text);
		assert_int_equal(count(&l, "SP701"), 1);
		for (uint32_t i = 0; i < l.n_findings; i++)
			if (sp_streq(l.findings[i].id, "SP701"))
				assert_int_equal(l.findings[i].severity,
						 closed ? SP_SEV_ERROR : SP_SEV_INFO);
		sp_lint_done(&l);
	}
}

static void test_ignores(void **state)
{
	static const struct {
		const char *text;
		uint32_t sp401, sp901, sp002;
	} cases[] = {
		{POD("  initContainers:\n  - name: log # sidepod:ignore SP401 known\n    image: "
		     "a/log\n    restartPolicy: Always\n" APP),
		 0, 1, 0},
		{POD("  initContainers:\n  # sidepod:ignore SP401,SP402\n  # and why\n  - name: "
		     "log\n    image: a/log # sidepod:ignore SP901\n    restartPolicy: Always\n" APP),
		 0, 0, 0},
		{POD("  initContainers:\n  - name: log\n    image: a/log # sidepod:ignore SP403\n    "
		     "restartPolicy: Always\n" APP),
		 1, 1, 1},
		{"apiVersion: v1\nkind: Pod\nmetadata:\n  name: p\n  annotations: "
		 "{sidepod.dev/ignore: \"SP401, SP901\"}\nspec:\n  initContainers:\n  - {name: log, "
		 "image: a/log, restartPolicy: Always}\n" APP,
		 0, 0, 0},
		{"apiVersion: v1\nkind: Pod\nmetadata:\n  name: p\n  annotations: "
		 "{sidepod.dev/ignore: \"SP401,SP403,SP998\"}\nspec:\n  initContainers:\n  - {name: "
		 "log, image: a/log, restartPolicy: Always}\n" APP,
		 0, 1, 2},
	};

	for (size_t i = 0; i < SP_ARRAY_LEN(cases); i++) {
		struct sp_lint l;

		lint(&l, NULL, cases[i].text);
		assert_int_equal(count(&l, "SP401"), cases[i].sp401);
		assert_int_equal(count(&l, "SP901"), cases[i].sp901);
		assert_int_equal(count(&l, "SP002"), cases[i].sp002);
		sp_lint_done(&l);
	}
}

/* ---- rules ------------------------------------------------------------------------------------
 */

static void test_table(void **state)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf b = {0};

	for (size_t i = 0; i < sp_lint_rules_n; i++) {
		const struct sp_lint_rule *r = &sp_lint_rules[i];

		if (i)
			assert_true(strcmp(sp_lint_rules[i - 1].id, r->id) < 0);
		assert_true(r->what[0] && r->why[0] && r->how[0]);
		assert_ptr_equal(sp_lint_rule_find(r->id), r);
		assert_ptr_equal(sp_lint_rule_find(r->name), r);
		sp_lint_rule_text(r, &b);
	}
	assert_null(sp_lint_rule_find("SP000"));
	assert_null(sp_lint_rule_find(""));
	assert_false(b.failed);
}

/* ---- fixes ------------------------------------------------------------------------------------
 */

static void test_fix(void **state)
{
	static const struct {
		const char *before, *after;
		enum sp_fix_class least;
	} cases[] = {
		{POD("  containers:\n  - name: app\n    image: a/app:1\n    command: [sh, -c, 'setup && "
		     "server -x']\n"),
		 POD("  containers:\n  - name: app\n    image: a/app:1\n    command: [sh, -c, 'setup && "
		     "exec server -x']\n"),
		 SP_FIX_SUGGEST},
		{POD("  initContainers:\n  - name: g # keep\n    image: a/g:1\n    restartPolicy: "
		     "Always\n    resources: {requests: {cpu: 1m, memory: 1Mi}}\n    startupProbe:\n  "
		     "    tcpSocket: {port: 1}\n      periodSeconds: 10 # slow\n      "
		     "failureThreshold: 6\n" APP),
		 POD("  initContainers:\n  - name: g # keep\n    image: a/g:1\n    restartPolicy: "
		     "Always\n    resources: {requests: {cpu: 1m, memory: 1Mi}}\n    startupProbe:\n  "
		     "    tcpSocket: {port: 1}\n      periodSeconds: 1 # slow\n      "
		     "failureThreshold: 60\n" APP),
		 SP_FIX_SAFE},
		{POD("  containers:\n  - name: app\n    image: a/app:1\n    env:\n    - name: A\n    "
		     "  value: 1\r\n"),
		 POD("  containers:\n  - name: app\n    image: a/app:1\n    env:\n    - name: A\n    "
		     "  value: \"1\"\r\n"),
		 SP_FIX_SAFE},
		{POD("  volumes:\n  - name: x\n    emptyDir: {}\n" APP
		     "  # sidepod:ignore SP401\n"),
		 POD(APP), SP_FIX_SAFE},
	};

	for (size_t i = 0; i < SP_ARRAY_LEN(cases); i++) {
		const struct sp_source src = {"t.yaml", cases[i].before, strlen(cases[i].before)};
		const struct sp_lint_options o = {
			.node_milli = -1, .node_bytes = -1, .catalogue = catalogue};
		SP_CLEANUP(sp_lint_fixed_done) struct sp_lint_fixed f = {0};
		struct sp_error err;

		assert_int_equal(sp_lint_fix(&src, &o, cases[i].least, &f, &err), 0);
		assert_true(f.n_fixes > 0);
		assert_string_equal(f.text.ptr, cases[i].after);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shell),    cmocka_unit_test(test_shell_details),
		cmocka_unit_test(test_partial),  cmocka_unit_test(test_partial_is_judged),
		cmocka_unit_test(test_too_much), cmocka_unit_test(test_options),
		cmocka_unit_test(test_closed),   cmocka_unit_test(test_ignores),
		cmocka_unit_test(test_table),    cmocka_unit_test(test_fix),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
