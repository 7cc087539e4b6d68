/* SPDX-License-Identifier: Apache-2.0 */
/* `resources` and `migrate` as commands: exit codes, numbers, files that are written. */
#include "cli/cli_internal.h"

#include "cmocka_all.h"

#include <jansson.h>
#include <stdlib.h>
#include <unistd.h>

struct ran {
	int code;
	char *out, *err;
	size_t out_len, err_len;
};

static const char *no_env(const char *name)
{
	return NULL;
}

/* Words parted by blanks; @R is the folder of resources, @M that of migrations, @T a temporary
 * file. */
static void run(struct ran *r, const char *tmp, const char *line)
{
	struct sp_cli cli = {
		.env = no_env, .out_look = {.columns = 80}, .err_look = {.columns = 80}};
	char *words = strdup(line), *save = NULL, *args[16];
	struct sp_parsed p;
	struct sp_error err;
	int n = 0;

	for (char *w = strtok_r(words, " ", &save); w; w = strtok_r(NULL, " ", &save)) {
		const char *dir = *w != '@'     ? NULL
				  : w[1] == 'R' ? RESOURCES_DIR
				  : w[1] == 'M' ? MIGRATE_DIR
						: tmp;

		args[n++] = dir ? sp_arena_printf(&cli.arena, "%s%s", dir, w + 2) : w;
	}
	*r = (struct ran){0};
	cli.out = open_memstream(&r->out, &r->out_len);
	cli.err = open_memstream(&r->err, &r->err_len);
	assert_int_equal(sp_cli_parse(&cli, sp_commands, n, args, &p, &err), 0);
	r->code = p.command->run(&cli, p.argc, p.argv);
	assert_int_equal(fclose(cli.out) + fclose(cli.err), 0);
	sp_arena_done(&cli.arena);
	free(words);
}

static void ran_done(struct ran *r)
{
	free(r->out);
	free(r->err);
}

static void has(const char *text, const char *part)
{
	if (!strstr(text, part))
		print_error("no '%s' in:\n%s", part, text);
	assert_non_null(strstr(text, part));
}

static void test_resources(void **state)
{
	static const char *const parts[] = {
		"Deployment/web  Burstable\n",
		/* 250m + 1 while the init runs, against 850m afterwards */
		"cpu                 1250m      3500m      vault-agent 250m + db-migrate 1, while\n"
		"                                          db-migrate starts\n",
		"memory              704Mi      2176Mi     vault-agent 64Mi + istio-proxy 128Mi +\n"
		"                                          app 512Mi\n",
		"10 pods (replicas) request cpu 12500m, memory 7040Mi;\nin a rollout 13 pods: cpu "
		"16250m",
		"fits: 3 on a node; 5 nodes for 13 pods\n",
		/* 12.5 cores at 0.03 and 6.875 GiB at 0.004 */
		"bill: 0.4025 an hour, 293.83 a month",
		"app          120m       24%        300.0Mi    58%        29%\n",
		"oom_score_adj for a machine with 16Gi",
	};
	struct ran r;

	run(&r, "",
	    "resources @R/web.yaml --node cpu=4,memory=16Gi --price cpu=0.03,memory=0.004 "
	    "--observed @R/top.txt");
	assert_int_equal(r.code, 0);
	for (size_t i = 0; i < SP_ARRAY_LEN(parts); i++)
		has(r.out, parts[i]);
	ran_done(&r);
}

static void test_resources_json(void **state)
{
	struct ran r;
	json_t *root, *o;

	run(&r, "", "resources @R/web.yaml -o json --replicas 4 --node memory=1Gi");
	assert_int_equal(r.code, 0);
	root = json_loads(r.out, 0, NULL);
	assert_non_null(root);
	o = json_array_get(json_object_get(root, "objects"), 0);
	assert_int_equal(json_integer_value(json_object_get(o, "replicas")), 4);
	assert_int_equal(json_integer_value(json_object_get(o, "fitsOnNode")), 1);
	assert_string_equal(json_string_value(json_object_get(o, "cpuBy")), "db-migrate");
	assert_int_equal(
		json_integer_value(json_object_get(json_object_get(o, "requests"), "cpuMilli")),
		1250);
	assert_int_equal(json_array_size(json_object_get(o, "containers")), 4);
	json_decref(root);
	ran_done(&r);
}

/* RES-1, CG-7: sizes of huge pages are resources of their own. */
static void test_resources_huge(void **state)
{
	static const char *const parts[] = {
		"hugepages-1Gi       1Gi        1Gi        warm 1Gi, while warm starts\n"
		"hugepages-2Mi       6Mi        6Mi        cache 2Mi + app 4Mi\n",
		"HUGETLB             hugepages-1Gi  hugepages-2Mi\n"
		"pod                           1Gi            6Mi\n"
		"warm       init               1Gi              0\n"
		"cache      sidecar              0            2Mi\n"
		"app        app                  0            4Mi\n",
	};
	struct ran r;
	json_t *root, *o, *c;

	run(&r, "", "resources @R/huge.yaml");
	assert_int_equal(r.code, 0);
	for (size_t i = 0; i < SP_ARRAY_LEN(parts); i++)
		has(r.out, parts[i]);
	ran_done(&r);
	run(&r, "", "resources @R/huge.yaml -o json");
	root = json_loads(r.out, 0, NULL);
	assert_non_null(root);
	o = json_array_get(json_object_get(root, "objects"), 0);
	c = json_array_get(json_object_get(o, "containers"), 2);
	o = json_object_get(json_object_get(o, "requests"), "hugePageBytes");
	assert_int_equal(json_integer_value(json_object_get(o, "2Mi")), 6 << 20);
	o = json_object_get(json_object_get(c, "limits"), "hugePageBytes");
	assert_int_equal(json_object_size(o), 1);
	o = json_object_get(json_object_get(c, "cgroup"), "hugePageBytes");
	assert_int_equal(json_integer_value(json_object_get(o, "2Mi")), 4 << 20);
	assert_true(json_is_integer(json_object_get(o, "1Gi")));
	json_decref(root);
	ran_done(&r);
}

/* Use from the text of top, its JSON, and the record of a run: peaks, and averages over instances.
 */
static void test_resources_observed(void **state)
{
	static const struct {
		const char *file, *line;
	} t[] = {
		{"top.txt", "app          120m       24%        300.0Mi    58%"},
		{"top.json", "app          120m       24%        300.0Mi    58%"},
		/* 4 s of cpu in 20 s; the gap between two instances does not count */
		{"run.jsonl", "app          200m       40%        256.0Mi    50%"},
		{"run.jsonl", "vault-agent  -          -          64.0Mi     100%"},
	};

	for (size_t i = 0; i < SP_ARRAY_LEN(t); i++) {
		char line[128];
		struct ran r;

		(void)snprintf(line, sizeof(line), "resources @R/web.yaml --observed @R/%s",
			       t[i].file);
		run(&r, "", line);
		assert_int_equal(r.code, 0);
		has(r.out, t[i].line);
		ran_done(&r);
	}
}

static void test_resources_svg(void **state)
{
	struct ran r;
	size_t wins = 0;

	run(&r, "", "resources @R/web.yaml -o svg");
	assert_int_equal(r.code, 0);
	for (const char *p = r.out; (p = strstr(p, "class=\"win\"")) != NULL; p++)
		wins++;
	assert_int_equal(wins, 2); /* one bar decides cpu, one memory */
	has(r.out, ">limit</text>");
	has(r.out, "db-migrate 1</text>");
	has(r.out, "prefers-color-scheme:dark");
	ran_done(&r);
}

static void test_resources_errors(void **state)
{
	static const struct {
		const char *line, *text;
		int code;
	} t[] = {
		{"resources @R/web.yaml --node cpu", "none of cpu=", 2},
		{"resources @R/web.yaml --node cpu=x", "no quantity", 2},
		{"resources @R/web.yaml --price cpu=-1", "no price", 2},
		{"resources @R/web.yaml --observed @R/web.yaml", "top --containers", 2},
		{"resources @R/none.yaml", "none.yaml", 1},
	};

	for (size_t i = 0; i < SP_ARRAY_LEN(t); i++) {
		struct ran r;

		run(&r, "", t[i].line);
		assert_true(t[i].code == 1 ? r.code != 0 : r.code == t[i].code);
		has(r.err, t[i].text);
		ran_done(&r);
	}
}

static void test_migrate_codes(void **state)
{
	struct ran r;
	json_t *root;

	run(&r, "", "migrate @M/m5-trap.before.yaml");
	assert_int_equal(r.code, 0);
	has(r.out, "+          - name: istio-proxy\n");
	has(r.err, "BEFORE");
	ran_done(&r);
	run(&r, "", "migrate @M/m12-pair.before.yaml"); /* something is left */
	assert_int_equal(r.code, 3);
	has(r.err, "Left for you");
	ran_done(&r);
	run(&r, "", "migrate --check @M/m5-trap.before.yaml");
	assert_int_equal(r.code, 1);
	ran_done(&r);
	run(&r, "", "migrate --check @M/m5-trap.after.yaml");
	assert_int_equal(r.code, 0);
	assert_int_equal(r.out_len, 0);
	ran_done(&r);
	run(&r, "", "migrate --check --write @M/m5-trap.after.yaml");
	assert_int_equal(r.code, 2);
	ran_done(&r);
	run(&r, "", "migrate --kube-version 1.28 @M/m5-trap.before.yaml");
	assert_int_equal(r.code, 4);
	ran_done(&r);
	run(&r, "", "migrate -o json @M/m5-trap.before.yaml");
	assert_int_equal(r.code, 0);
	root = json_loads(r.out, 0, NULL);
	assert_non_null(root);
	json_decref(root);
	has(r.out, "\"schema\":\"sidepod.migrate/v1\"");
	ran_done(&r);
	run(&r, "", "migrate --patch @M/m5-trap.before.yaml");
	has(r.out, "$patch: delete");
	ran_done(&r);
}

static void test_migrate_write(void **state)
{
	char path[] = "/tmp/sidepod-migrate-XXXXXX", line[128];
	static const char text[] = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n"
				   "  containers:\n  - {name: a, image: x}\n"
				   "  - {name: e, image: envoyproxy/envoy}\n";
	int fd = mkstemp(path);
	char now[512] = {0};
	struct ran r;
	FILE *f;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, sizeof(text) - 1), sizeof(text) - 1);
	assert_int_equal(close(fd), 0);
	(void)snprintf(line, sizeof(line), "migrate --write --dry-run @T");
	run(&r, path, line);
	assert_int_equal(r.code, 0);
	ran_done(&r);
	f = fopen(path, "re");
	assert_int_equal(fread(now, 1, sizeof(now) - 1, f), sizeof(text) - 1);
	(void)fclose(f);
	assert_string_equal(now, text); /* a dry run */
	run(&r, path, "migrate --write @T");
	assert_int_equal(r.code, 0);
	ran_done(&r);
	f = fopen(path, "re");
	memset(now, 0, sizeof(now));
	assert_true(fread(now, 1, sizeof(now) - 1, f) > 0);
	(void)fclose(f);
	has(now,
	    "  initContainers:\n  - {name: e, image: envoyproxy/envoy, restartPolicy: Always}\n");
	assert_int_equal(unlink(path), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_resources),      cmocka_unit_test(test_resources_json),
		cmocka_unit_test(test_resources_huge), cmocka_unit_test(test_resources_observed),
		cmocka_unit_test(test_resources_svg),  cmocka_unit_test(test_resources_errors),
		cmocka_unit_test(test_migrate_codes),  cmocka_unit_test(test_migrate_write),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
