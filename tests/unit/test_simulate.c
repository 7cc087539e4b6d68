/* SPDX-License-Identifier: Apache-2.0 */
/* The commands `simulate`, `diff` and `explain`, from their words to output and exit code. */
#include "cmocka_all.h"

#include "base/text.h"
#include "cli/cli_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char *no_env(const char *name)
{
	return NULL;
}

/* Run one command; @out and @err receive what it printed and are to be freed. */
static int run(const char *line, char **out, char **err)
{
	struct sp_cli cli = {.env = no_env, .out_look = {.columns = 80, .ascii = true}};
	struct sp_parsed parsed;
	struct sp_error why;
	char copy[512], *words[32], *save = NULL;
	size_t out_len, err_len;
	int n = 0, code;

	cli.err_look = cli.out_look;
	snprintf(copy, sizeof(copy), "%s", line);
	for (char *w = strtok_r(copy, "|", &save); w; w = strtok_r(NULL, "|", &save))
		words[n++] = w;
	cli.out = open_memstream(out, &out_len);
	cli.err = open_memstream(err, &err_len);
	assert_int_equal(sp_cli_parse(&cli, sp_commands, n, words, &parsed, &why), 0);
	code = parsed.command->run(&cli, parsed.argc, parsed.argv);
	(void)fclose(cli.out);
	(void)fclose(cli.err);
	sp_arena_done(&cli.arena);
	return code;
}

static void write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static const char job[] = "apiVersion: batch/v1\n"
			  "kind: Job\n"
			  "metadata: {name: nightly}\n"
			  "spec:\n"
			  "  template:\n"
			  "    spec:\n"
			  "      restartPolicy: Never\n"
			  "      initContainers:\n"
			  "      - {name: log, image: l:1, restartPolicy: Always}\n"
			  "      containers:\n"
			  "      - {name: work, image: w:1}\n";

static void test_commands(void **state)
{
	/* F, G and H stand for files: the job, its record, another record */
	static const struct {
		const char *line;
		int code;
		const char *out, *err;
	} cases[] = {
		{"simulate|F", SP_EXIT_OK, "work: exits with 0 after 10 s", ""},
		{"simulate|F", SP_EXIT_OK, "phase Succeeded at 11.0s", ""},
		{"simulate|F", SP_EXIT_OK,
		 "job/nightly  Complete  completions 1/1  duration 11s\n  CompletionsReached", ""},
		/* what is to happen late is watched, unless --for says how long */
		{"simulate|F|--what-if|work never exits|--what-if|delete at 3h", SP_EXIT_OK,
		 "stop 3h00m", ""},
		{"simulate|F|--what-if|work never exits|--what-if|delete at 3h|--for|1m",
		 SP_EXIT_OK, "Running for 1m00s", "--for 1m ends before all has happened"},
		{"simulate|F|--set|work.code=3|--for|1h", SP_EXIT_OK, "BackoffLimitExceeded", ""},
		{"simulate|F|--set|work.code=3", SP_EXIT_OK, "phase Failed", ""},
		{"simulate|F|--what-if|log ignores SIGTERM", SP_EXIT_OK, "sigkill", ""},
		{"simulate|F|--pod|other", SP_EXIT_MANIFEST, "", "no pod 'other'"},
		{"simulate|F|--set|work.colour=red", SP_EXIT_USAGE, "", "unknown key 'colour'"},
		{"simulate|F|-o|json", SP_EXIT_OK, "\"format\":\"sidepod.run/v1\"", ""},
		{"simulate|F|-o|scenario", SP_EXIT_OK, "pod.finished: 11", ""},
		{"simulate|F|-o|svg", SP_EXIT_OK, "<svg", ""},
		{"simulate|F|-o|mermaid", SP_EXIT_OK, "gantt", ""},
		{"simulate|--check|F", SP_EXIT_FAILED, "not ok 1", ""},
		{"simulate|--list-what-if", SP_EXIT_OK, "C ignores SIGTERM", ""},
		{"simulate|F|--kube-version|1.20", SP_EXIT_USAGE, "", "1.28 to 1.37"},
		{"simulate", SP_EXIT_USAGE, "", "which file?"},
		{"diff|G|G", SP_EXIT_OK, "no difference", ""},
		{"diff|G|H", SP_EXIT_FAILED, "work.exit  10.000 s and 12.000 s, +2.000 s", ""},
		{"diff|G|H|--tolerance|3s", SP_EXIT_OK, "no difference", ""},
		{"explain|term-12", SP_EXIT_OK, "TERM-12\n", ""},
		{"explain|job.spec.template.spec.containers.image", SP_EXIT_OK, "<string>", ""},
		{"explain|pod.spec.containers.colour", SP_EXIT_USAGE, "", "nothing is known"},
		{"explain|--order|F", SP_EXIT_OK, "log", ""},
	};
	char paths[3][64], *out, *err;

	for (int i = 0; i < 3; i++)
		snprintf(paths[i], sizeof(paths[i]), "/tmp/sidepod-test-%d-%d", (int)getpid(), i);
	write_file(paths[0], job);
	for (int i = 1; i < 3; i++) {
		char line[256];

		snprintf(line, sizeof(line), "simulate|%s|-o|json%s", paths[0],
			 i == 2 ? "|--set|work.exit_after=12" : "");
		assert_int_equal(run(line, &out, &err), SP_EXIT_OK);
		write_file(paths[i], out);
		free(out);
		free(err);
	}
	for (size_t i = 0; i < SP_ARRAY_LEN(cases); i++) {
		struct sp_buf line = {0};
		int code;

		for (const char *p = cases[i].line; *p; p++)
			if (p > cases[i].line && p[-1] == '|' && strchr("FGH", *p) &&
			    (!p[1] || p[1] == '|'))
				sp_buf_puts(&line, paths[*p - 'F']);
			else
				sp_buf_putc(&line, *p);
		code = run(line.ptr, &out, &err);
		if (code != cases[i].code || !strstr(out, cases[i].out) ||
		    !strstr(err, cases[i].err))
			fail_msg("%s: %d\n%s\n%s", cases[i].line, code, out, err);
		free(out);
		free(err);
		sp_buf_done(&line);
	}
	for (int i = 0; i < 3; i++)
		assert_int_equal(unlink(paths[i]), 0);
}

static void check_columns(const char *what, const char *text, size_t columns)
{
	while (*text) {
		size_t n = strcspn(text, "\n");
		char line[1024];

		assert_true(n < sizeof(line));
		memcpy(line, text, n);
		line[n] = '\0';
		if (sp_utf8_columns(line) > columns)
			fail_msg("%s: %zu columns:\n%s", what, sp_utf8_columns(line), line);
		text += n + (text[n] == '\n');
	}
}

/* A pod template with a gate and a readiness probe, under each kind. */
#define TEMPLATE                                                                                   \
	"    metadata: {labels: {a: b}}\n"                                                         \
	"    spec:\n"                                                                              \
	"      initContainers:\n"                                                                  \
	"      - {name: log, image: l:1, restartPolicy: Always}\n"                                 \
	"      containers:\n"                                                                      \
	"      - {name: work, image: w:1, readinessProbe: {tcpSocket: {port: 1}, periodSeconds: "  \
	"1}}\n"
#define SET(kind, fields)                                                                          \
	"apiVersion: apps/v1\n"                                                                    \
	"kind: " kind "\n"                                                                         \
	"metadata: {name: web}\n"                                                                  \
	"spec:\n"                                                                                  \
	"  selector: {matchLabels: {a: b}}\n" fields "  template:\n" TEMPLATE

static const char cron[] = "apiVersion: batch/v1\n"
			   "kind: CronJob\n"
			   "metadata: {name: tick}\n"
			   "spec:\n"
			   "  schedule: '*/10 * * * *'\n"
			   "  timeZone: Etc/UTC\n"
			   "  jobTemplate:\n"
			   "    spec:\n"
			   "      template:\n"
			   "        spec:\n"
			   "          restartPolicy: Never\n"
			   "          containers: [{name: work, image: w:1}]\n";

/* Workloads run under their controllers, with all their pods. */
static void test_workloads(void **state)
{
	static const char deployment[] = SET("Deployment", "  replicas: 2\n");
	static const struct {
		const char *manifest, *line;
		int code;
		const char *out, *err;
	} cases[] = {
		{deployment, "", SP_EXIT_OK, "Scaled up replica set", ""},
		{deployment, "", SP_EXIT_OK, "deployment/web  gets a new template", ""},
		{deployment, "", SP_EXIT_OK, "deployment/web  ready 2/2  up-to-date 2  available 2",
		 ""},
		{deployment, "", SP_EXIT_OK, "One of its pods:", ""},
		{deployment, "|--set|work.ready_after=3", SP_EXIT_OK, "    3.000  pod/web-", ""},
		{deployment, "|--what-if|work is never ready", SP_EXIT_OK,
		 "deployment/web  ready 0/2", ""},
		{deployment, "|-o|svg", SP_EXIT_OK, "<svg", ""},
		{deployment, "|-o|mermaid", SP_EXIT_OK, "section web-", ""},
		{deployment, "|-o|json", SP_EXIT_OK, "\"format\":\"sidepod.workload/v1\"", ""},
		{deployment, "|-o|json|--show|pod", SP_EXIT_OK, "\"format\":\"sidepod.run/v1\"",
		 ""},
		{deployment, "|-o|scenario", SP_EXIT_USAGE, "",
		 "a scenario of a Deployment cannot be written"},
		{deployment, "|-o|scenario|--show|pod", SP_EXIT_OK, "pod.finished", ""},
		{SET("StatefulSet", "  replicas: 2\n  serviceName: web\n"),
		 "|--set|work.ready_after=3", SP_EXIT_OK, "    3.000  pod/web-1  created", ""},
		/* the update goes down from the highest ordinal; both pods are made again */
		{SET("StatefulSet", "  replicas: 2\n  serviceName: web\n"), "|-o|json", SP_EXIT_OK,
		 "\"object\":\"pod/web-1\",\"event\":\"is being deleted\"", ""},
		{SET("StatefulSet", "  replicas: 2\n  serviceName: web\n"), "", SP_EXIT_OK,
		 "ready (1)", ""},
		{SET("DaemonSet", ""), "", SP_EXIT_OK, "daemonset/web  ready 1/1", ""},
		{SET("ReplicaSet", "  replicas: 3\n"), "", SP_EXIT_OK, "replicaset/web  ready 3/3",
		 ""},
		{cron, "|--at|2026-03-01T10:02:30Z", SP_EXIT_OK,
		 "2026-03-01T10:30:10Z  job/tick-29539350  Complete", ""},
		{cron, "|--at|2026-03-01T10:02:30Z", SP_EXIT_OK, "jobs started 3  active 0", ""},
		{cron, "|--at|2026-03-01T10:02:30Z|--for|8m", SP_EXIT_OK, "jobs started 1  active",
		 ""},
		{cron, "|--at|soon", SP_EXIT_USAGE, "", "is no time like"},
		{cron, "|--set|work.code=2|--at|2026-03-01T10:02:30Z|--for|2h", SP_EXIT_OK,
		 "BackoffLimitExceeded", ""},
		{job, "|--show|pods|-o|svg", SP_EXIT_OK, "job/nightly", ""},
		{job, "|--show|pods|-o|scenario", SP_EXIT_USAGE, "", "--show pod"},
	};
	char path[64];

	snprintf(path, sizeof(path), "/tmp/sidepod-test-%d-w", (int)getpid());
	for (size_t i = 0; i < SP_ARRAY_LEN(cases); i++) {
		char line[256], *out, *err;
		int code;

		write_file(path, cases[i].manifest);
		snprintf(line, sizeof(line), "simulate|%s%s", path, cases[i].line);
		code = run(line, &out, &err);
		if (code != cases[i].code || !strstr(out, cases[i].out) ||
		    !strstr(err, cases[i].err))
			fail_msg("%s: %d\n%s\n%s", cases[i].line, code, out, err);
		if (!strstr(cases[i].line, "-o"))
			check_columns(cases[i].line, out, 80);
		free(out);
		free(err);
	}
	assert_int_equal(unlink(path), 0);
}

/* A pod of @n containers: a third sidecars, some with names that are too long for any column. */
static void write_pod(const char *path, int n)
{
	struct sp_buf b = {0};

	sp_buf_puts(&b, "apiVersion: v1\nkind: Pod\nmetadata: {name: wide}\nspec:\n"
			"  restartPolicy: OnFailure\n  initContainers:\n");
	for (int i = 0; i < (n + 2) / 3; i++)
		sp_buf_printf(&b,
			      "  - {name: %s-%d, image: i:1, restartPolicy: Always, startupProbe: "
			      "{tcpSocket: {port: 1}, periodSeconds: 1, failureThreshold: 600}}\n",
			      i % 4 == 1 ? "log-shipper-with-a-name-beyond-all-measure" : "proxy",
			      i);
	for (int i = 0; i < n / 5; i++)
		sp_buf_printf(&b, "  - {name: prepare-%d, image: i:1}\n", i);
	sp_buf_puts(&b, "  containers:\n");
	for (int i = (n + 2) / 3 + n / 5; i < n; i++)
		sp_buf_printf(&b,
			      "  - {name: %s-%d, image: i:1, readinessProbe: {tcpSocket: {port: "
			      "1}, periodSeconds: 60}}\n",
			      i == n - 1 ? "app" : "the-other-worker", i);
	write_file(path, b.ptr);
	sp_buf_done(&b);
}

/* Text fits 80 columns: few containers and many, lives of 50 ms, 12 s and 3 hours, two records. */
static void test_columns(void **state)
{
	static const int sizes[] = {2, 5, 12, 30};
	static const struct {
		const char *flags;
	} lives[] = {
		{"|--set|%s.exit_after=0.05"},
		{"|--set|%s.exit_after=12"},
		{"|--set|%s.exit_after=12|--what-if|%s ignores SIGTERM|--what-if|delete at 5s"},
		{"|--set|%s.exit_after=12|--set|%s.code=3"},
		{"|--set|%s.exit_after=10800"},
		{"|--set|proxy-0.startupProbe.result={after: 33}|--set|%s.exit_after=10800"},
		{"|--what-if|%s image is missing"},
	};

	char paths[3][64];

	for (int i = 0; i < 3; i++)
		snprintf(paths[i], sizeof(paths[i]), "/tmp/sidepod-test-%d-c%d", (int)getpid(), i);
	for (size_t k = 0; k < SP_ARRAY_LEN(sizes) * SP_ARRAY_LEN(lives); k++) {
		const char *flags = lives[k % SP_ARRAY_LEN(lives)].flags;
		int n = sizes[k / SP_ARRAY_LEN(lives)];
		struct sp_buf told = {0};
		char line[512], *out, *err;

		write_pod(paths[0], n);
		for (const char *p = flags; *p; p++)
			if (p[0] == '%' && p[1] == 's' && p++)
				sp_buf_printf(&told, "app-%d", n - 1);
			else
				sp_buf_putc(&told, *p);
		for (int f = 0; f < 2; f++) {
			if (f == 0)
				snprintf(line, sizeof(line), "simulate|%s|--for|4h%s", paths[0],
					 told.ptr);
			else
				snprintf(line, sizeof(line), "explain|--order|%s", paths[0]);
			assert_int_equal(run(line, &out, &err), SP_EXIT_OK);
			check_columns(line, out, 80);
			free(out);
			free(err);
		}
		for (int i = 1; i < 3; i++) {
			snprintf(line, sizeof(line), "simulate|%s|-o|json%s%s", paths[0], told.ptr,
				 i == 2 ? "|--what-if|proxy-0 needs 3s to stop" : "");
			assert_int_equal(run(line, &out, &err), SP_EXIT_OK);
			write_file(paths[i], out);
			free(out);
			free(err);
		}
		snprintf(line, sizeof(line), "diff|%s|%s", paths[1], paths[2]);
		(void)run(line, &out, &err); /* they may differ or not */
		check_columns(line, out, 80);
		free(out);
		free(err);
		sp_buf_done(&told);
	}
	for (int i = 0; i < 3; i++)
		assert_int_equal(unlink(paths[i]), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_commands),
		cmocka_unit_test(test_workloads),
		cmocka_unit_test(test_columns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
