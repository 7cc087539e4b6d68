/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The commands as a user types them: real binaries, real pods of the built-in image, a state
 * directory of their own. Exit codes, what goes to which stream, what is left behind, Ctrl-C, and
 * what a terminal shows. As root; every wait is for an event.
 */
#include "command_env.h"

#include "../unit/cmocka_all.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* ---- run ---------------------------------------------------------------------------------------
 */

static void test_run(void **state)
{
	const char *path = manifest(
		"job", "  restartPolicy: Never\n"
		       "  initContainers:\n"
		       "  - {name: setup, " IMAGE ", command: [demo, act, 'say=set up,exit=0']}\n"
		       "  containers:\n"
		       "  - {name: work, " IMAGE ", command: [demo, act, 'say=work,exit=0.05']}\n");
	struct result r = run(ARGS("run", path, "--net", "lo"));

	assert_int_equal(r.code, 0);
	assert_string_equal(text(&r.out), "setup | set up\nwork  | work\n");
	expect_text("pod/job Succeeded after ", &r.err);
	expect_text("  job  work  exit  code 0  Completed", &r.err);
	/* a pipe is no terminal: nothing is repainted, nothing is coloured */
	assert_null(strchr(text(&r.err), '\033'));
	result_done(&r);
	/* nothing is left but the record */
	assert_int_equal(count_dir("run/pods"), 0);
	assert_int_equal(count_dir("run/names"), 0);
	assert_int_equal(count_dir("log/pods"), 0);
	r = run(ARGS("timeline", "job"));
	assert_int_equal(r.code, 0);
	expect_text("Succeeded after ", &r.out);
	expect_text("Critical path to Ready", &r.out);
	result_done(&r);
	r = run(ARGS("timeline", "job", "-o", "svg"));
	assert_int_equal(r.code, 0);
	assert_memory_equal(r.out.ptr, "<svg ", 5);
	result_done(&r);
}

static void test_exit_codes(void **state)
{
	const char *path = manifest("bad-end", "  restartPolicy: Never\n"
					       "  containers:\n"
					       "  - {name: c, " IMAGE
					       ", command: [demo, act, 'exit=0,code=7']}\n");

	expect(1, ARGS("run", path, "--net", "lo"));
	expect(7, ARGS("run", path, "--net", "lo", "--exit-code", "app"));
	expect(2, ARGS("run", path, "--nett", "lo"));
	expect(2, ARGS("run"));
	expect(2, ARGS("rnu"));
	/* a file that is not there is the same everywhere */
	expect(4, ARGS("run", "/nonexistent.yaml"));
	expect(4, ARGS("down", "-f", "/nonexistent.yaml"));
	expect(4, ARGS("lint", "/nonexistent.yaml"));
	expect(4, ARGS("simulate", "/nonexistent.yaml"));
	expect(4, ARGS("simulate", "--check", "/nonexistent.yaml"));
	expect(4, ARGS("migrate", "/nonexistent.yaml"));
	expect(4, ARGS("resources", "/nonexistent.yaml"));
	expect(4, ARGS("explain", "--order", "/nonexistent.yaml"));
	expect(4, ARGS("conform", "/nonexistent.yaml"));
	expect(2, ARGS("run", path, "--net", "lo", "--timeline", "picture.pdf"));
	expect(2, ARGS("timeline", "-o", "picture.pdf"));
	expect(1, ARGS("logs", "nobody"));
	expect(125, ARGS("exec", "nobody", "true"));
	expect(0, ARGS("run", path, "--dry-run"));
}

static void test_nothing_starts(void **state)
{
	const char *path = manifest("broken", "  containers:\n"
					      "  - {name: a, " IMAGE ", comand: [x]}\n"
					      "  - {name: b, " IMAGE ", imagPullPolicy: Never}\n");
	struct result r = run(ARGS("run", path, "--net", "lo"));

	/* all findings in one go, with their places */
	assert_int_equal(r.code, 4);
	expect_text("broken.yaml:6:", &r.err);
	expect_text("did you mean command?", &r.err);
	expect_text("broken.yaml:7:", &r.err);
	expect_text("did you mean imagePullPolicy?", &r.err);
	result_done(&r);

	path = manifest("invalid", "  containers:\n"
				   "  - {name: Bad_Name, " IMAGE "}\n"
				   "  - {name: twice, " IMAGE "}\n"
				   "  - {name: twice, " IMAGE "}\n");
	r = run(ARGS("run", path, "--net", "lo"));
	assert_int_equal(r.code, 4);
	expect_text("Bad_Name", &r.err);
	expect_text("twice", &r.err);
	result_done(&r);

	/* what could not be written at the end is found before the beginning */
	path = manifest("written", "  restartPolicy: Never\n"
				   "  containers: [{name: c, " IMAGE
				   ", command: [demo, act, 'say=here,exit=0']}]\n");
	for (int i = 0; i < 2; i++) {
		const char *flag = i ? "--events" : "--timeline";

		r = run(ARGS("run", path, "--net", "lo", flag, "/nonexistent/x.svg"));
		assert_int_equal(r.code, 5);
		expect_text("create '/nonexistent/x.svg'", &r.err);
		assert_int_equal(r.out.len, 0);
		result_done(&r);
	}
	assert_int_equal(count_dir("run/pods"), 0);
	r = run(ARGS("run", path, "--net", "lo", "--events", "/dev/full"));
	assert_int_equal(r.code, 1);
	expect_text("write '/dev/full'", &r.err);
	result_done(&r);
}

static void test_unacted(void **state)
{
	const char *path =
		manifest("fields", "  restartPolicy: Never\n"
				   "  priorityClassName: high\n"
				   "  containers:\n"
				   "  - {name: c, " IMAGE ", command: [demo, act, 'exit=0']}\n");
	struct result r = run(ARGS("run", path, "--net", "lo"));

	assert_int_equal(r.code, 0);
	expect_text("1 field of the manifest is not acted on:", &r.err);
	expect_text("fields.yaml:6:", &r.err);
	expect_text("spec.priorityClassName", &r.err);
	result_done(&r);
}

/* ---- pods that stay ----------------------------------------------------------------------------
 */

static void test_up_and_down(void **state)
{
	const char *path = manifest("web", SERVING);
	struct result r = run(ARGS("up", "-d", path, "--net", "lo"));

	assert_int_equal(r.code, 0);
	assert_string_equal(text(&r.out), "pod/web\n");
	result_done(&r);
	expect(0, ARGS("wait", "web", "--timeout", "60s"));
	r = run(ARGS("up", "-d", path, "--net", "lo")); /* the name is taken */
	assert_int_equal(r.code, 1);
	expect_text("running already", &r.err);
	result_done(&r);

	r = run(ARGS("ps"));
	expect_text("NAME  READY  STATUS   RESTARTS  AGE\nweb   2/2    Running  0  ", &r.out);
	result_done(&r);
	r = run(ARGS("get", "pods", "-l", "app=other", "-o", "name"));
	assert_string_equal(text(&r.out), "");
	result_done(&r);
	r = run(ARGS("get", "pod", "web", "-o",
		     "jsonpath={.status.phase} {.spec.containers[0].name}"));
	assert_string_equal(text(&r.out), "Running app");
	result_done(&r);
	r = run(ARGS("get", "pod", "web", "-o", "yaml"));
	expect_text("kind: Pod\n", &r.out);
	result_done(&r);
	expect(2, ARGS("get", "pod", "web", "-o", "jsn"));

	/* ready is who runs; what it writes comes later */
	expect_at_last("proxy | proxy up\n", ARGS("logs", "web"));
	expect_at_last("app   | serving\n", ARGS("logs", "web"));
	r = run(ARGS("logs", "web", "-c", "app"));
	assert_string_equal(text(&r.out), "serving\n");
	result_done(&r);
	expect(1, ARGS("logs", "web", "-c", "ap"));
	expect(1, ARGS("logs", "web", "-c", "app", "--previous"));
	expect(1, ARGS("logs", "web", "--previous"));

	r = run(ARGS("exec", "web", "--", "/bin/echo", "a", "b"));
	assert_int_equal(r.code, 0);
	assert_string_equal(text(&r.out), "a b\n");
	result_done(&r);
	expect(1, ARGS("exec", "web", "-c", "proxy", "/bin/false"));
	expect(127, ARGS("exec", "web", "/bin/absent"));
	expect(126, ARGS("exec", "web", "/etc/hosts"));
	expect(125, ARGS("exec", "web", "-c", "nobody", "true"));

	r = run(ARGS("describe", "web"));
	expect_text("  1. proxy (sidecar)\n", &r.out);
	expect_text("  2. app (app)\n", &r.out);
	expect_text("Events:\n", &r.out);
	result_done(&r);
	r = run(ARGS("events", "web", "-o", "json"));
	expect_text("\"container\":\"app\",\"role\":\"app\",\"event\":\"start\"", &r.out);
	result_done(&r);
	r = run(ARGS("top", "web", "--containers", "--interval", "20ms"));
	expect_text("web  proxy", &r.out);
	result_done(&r);
	r = run(ARGS("top", "web", "-o", "json", "--interval", "20ms"));
	expect_text("\"pids\":2", &r.out); /* of the pod; also where no controller counts them */
	expect_text("\"name\":\"proxy\"", &r.out);
	expect_text("\"pids\":1", &r.out);
	result_done(&r);
	r = run(ARGS("explain", "TERM-12"));
	expect_text("and the\n  sidecar behind it", &r.out); /* wrapped as the terminal is wide */
	result_done(&r);
	r = run(ARGS("explain", "spec.containers[0].livenessProbe.periodSeconds"));
	expect_text("pod.spec.containers.livenessProbe.periodSeconds  <integer>", &r.out);
	result_done(&r);
	r = run(ARGS("explain", "spec.backoffLimit"));
	expect_text("job.spec.backoffLimit  <integer>", &r.out);
	result_done(&r);
	r = run(ARGS("explain", "preStop"));
	expect_text("ALSO\n  pod.spec.containers.lifecycle.preStop\n", &r.out);
	result_done(&r);
	r = run(ARGS("explain", "Init:CrashLoopBackOff"));
	expect_text("CrashLoopBackOff\n  The container ended", &r.out);
	result_done(&r);
	expect(2, ARGS("explain", "spec.nope"));
	expect(2, ARGS("simulate", path, "--at", "never"));
	r = run(ARGS("explain", "--order", path));
	expect_text("│ launched\n", &r.out);
	result_done(&r);
	r = run(ARGS("internal", "page", "lifecycle"));
	expect_text(".TH \"sidepod-lifecycle\" 7", &r.out);
	expect_text(".SH TERM\n.TP\n.B TERM\\-1\n", &r.out);
	result_done(&r);
	r = run(ARGS("internal", "page", "manifest"));
	expect_text(".TH \"sidepod-manifest\" 5", &r.out);
	expect_text(".SH PodSpec\n", &r.out);
	result_done(&r);
	expect(2, ARGS("internal", "page", "nothing"));
	r = run(ARGS("internal", "complete", "--", "logs", "web", "-c", ""));
	assert_string_equal(text(&r.out), "proxy\tsidecar\napp\tapp\n");
	result_done(&r);

	r = run(ARGS("down", "wbe"));
	assert_int_equal(r.code, 1);
	expect_text("did you mean 'web'?", &r.err);
	result_done(&r);
	r = run(ARGS("down", "web"));
	assert_int_equal(r.code, 0);
	assert_string_equal(text(&r.out), "pod/web\n");
	assert_null(strstr(text(&r.err), "warning: clean"));
	result_done(&r);
	assert_int_equal(count_dir("run/pods"), 0);
	assert_int_equal(count_dir("log/pods"), 0);
	expect(0, ARGS("up", "-d", path, "--net", "lo", "--replace"));
	expect(0, ARGS("up", "--wait", path, "--net", "lo", "--replace"));
	expect(0, ARGS("down", "-f", path, "--now"));
	expect(0, ARGS("down", "-f", path)); /* down already */
}

static void test_wait_for_the_end(void **state)
{
	const char *path =
		manifest("short", "  restartPolicy: Never\n"
				  "  containers:\n"
				  "  - {name: c, " IMAGE ", command: [demo, act, 'exit=0.2']}\n");

	expect(0, ARGS("up", "--wait=Complete", path, "--net", "lo"));
	expect(0, ARGS("wait", "short", "--for=condition=Complete"));
	expect(1, ARGS("wait", "short", "--for=phase=Failed")); /* cannot come any more */
	expect(2, ARGS("wait", "short", "--for=nonsense"));
	expect(0, ARGS("down", "short"));
	expect(0, ARGS("wait", "short", "--for=delete"));
	path = manifest("never",
			"  containers:\n"
			"  - name: c\n"
			"    " IMAGE "\n"
			"    command: [demo, act, 'term=0:0']\n"
			"    readinessProbe: {exec: {command: [/bin/false]}, periodSeconds: 1}\n");
	expect(3, ARGS("up", "--wait", "--timeout", "300ms", path, "--net", "lo"));
	expect(3, ARGS("wait", "never", "--timeout", "100ms"));
	expect(0, ARGS("down", "never", "--now"));
}

/* ---- signals and deaths ------------------------------------------------------------------------
 */

static void test_ctrl_c(void **state)
{
	const char *path = manifest("stop-me", SERVING);
	struct result r = {0};
	int out_fd, err_fd;
	pid_t pid = start(ARGS("run", path, "--net", "lo"), -1, &out_fd, &err_fd);

	read_until(err_fd, "pod.cond.Ready=True", &r.err);
	read_until(out_fd, "serving", &r.out); /* from here on it listens to signals */
	kill(pid, SIGINT);
	collect(out_fd, err_fd, &r);
	r.code = reap(pid);
	assert_int_equal(r.code, 128 + SIGINT);
	expect_text("stopping in order; Ctrl-C again", &r.err);
	/* the app goes before the sidecar */
	assert_true(strstr(text(&r.err), "app  exit") < strstr(text(&r.err), "proxy  exit"));
	result_done(&r);
	assert_int_equal(count_dir("run/pods"), 0);
}

static void test_ctrl_c_three_times(void **state)
{
	const char *path = manifest("stubborn", "  terminationGracePeriodSeconds: 600\n"
						"  containers:\n"
						"  - {name: c, " IMAGE
						", command: [demo, act, 'say=no,term=ignore']}\n");
	struct result r = {0};
	int out_fd, err_fd;
	pid_t pid = start(ARGS("run", path, "--net", "lo"), -1, &out_fd, &err_fd);

	read_until(err_fd, "pod.cond.Ready=True", &r.err);
	kill(pid, SIGINT);
	read_until(err_fd, "stopping in order", &r.err);
	kill(pid, SIGINT);
	read_until(err_fd, "2 seconds, then kill", &r.err);
	kill(pid, SIGINT);
	collect(out_fd, err_fd, &r);
	r.code = reap(pid);
	assert_int_equal(r.code, 128 + SIGINT);
	expect_text("killed\n", &r.err);
	result_done(&r);
	assert_int_equal(count_dir("run/pods"), 0);
}

/* A record that ends anywhere: everything that reads it shows what is there. */
static void torn_records(const char *name)
{
	char command[256], record[256] = "";
	long size;
	FILE *f;

	snprintf(command, sizeof(command), "ls %s/run/pods/*/record.jsonl", root);
	f = popen(command, "re");
	assert_non_null(f);
	assert_int_equal(fscanf(f, "%255s", record), 1);
	pclose(f);
	f = fopen(record, "re");
	assert_non_null(f);
	fseek(f, 0, SEEK_END);
	size = ftell(f);
	fclose(f);
	for (; size >= 0; size -= 97) {
		struct result r;

		assert_int_equal(truncate(record, size), 0);
		expect(0, ARGS("ps"));
		expect(0, ARGS("events", name));
		expect(0, ARGS("describe", name));
		r = run(ARGS("timeline", name));
		if (r.code != 0) /* nothing to draw: not even the first line is whole */
			expect_text("not a run record", &r.err);
		result_done(&r);
	}
}

/* Killing the command does not hurt the pod; killing the supervisor ends it, and is swept up. */
/* COL-3: how often, and how long ago the newest of the ends was. */
static void test_restarts_column(void **state)
{
	const char *path =
		manifest("again", "  volumes: [{name: v, emptyDir: {}}]\n"
				  "  containers:\n"
				  "  - name: app\n"
				  "    image: sidepod.local/demo\n"
				  "    volumeMounts: [{name: v, mountPath: /v}]\n"
				  "    command: [/bin/act, 'count=/v/n,exit=0', 'count=/v/n']\n");
	struct result r;

	expect(0, ARGS("up", "-d", path, "--net", "lo"));
	expect_at_last(" ago)", ARGS("ps", "--no-headers"));
	/* "again  1/1    Running  1 (0s ago)  0s" */
	r = run(ARGS("ps", "--no-headers"));
	expect_text("1 (", &r.out);
	expect_text("s ago)  ", &r.out);
	result_done(&r);
	expect(0, ARGS("down", "again"));
}

static void test_deaths(void **state)
{
	const char *path = manifest("tough", SERVING);
	struct result r = {0};
	char command[256];
	int out_fd, err_fd, supervisor = 0;
	pid_t pid = start(ARGS("run", path, "--net", "lo"), -1, &out_fd, &err_fd);
	FILE *f;

	read_until(err_fd, "pod.cond.Ready=True", &r.err);
	kill(pid, SIGKILL);
	assert_int_equal(reap(pid), 1000 + SIGKILL);
	close(out_fd);
	close(err_fd);
	result_done(&r);
	expect(0,
	       ARGS("wait", "tough", "--timeout", "60s")); /* the status lags behind the record */
	r = run(ARGS("ps"));
	expect_text("tough  2/2    Running", &r.out);
	result_done(&r);

	snprintf(command, sizeof(command), "cat %s/run/pods/*/status.json", root);
	f = popen(command, "re");
	assert_non_null(f);
	assert_int_equal(fscanf(f, "{\"pid\":%d", &supervisor), 1);
	pclose(f);
	assert_true(supervisor > 1);
	kill(supervisor, SIGKILL);
	/* the lock goes with the process: that is what `down` waits for */
	snprintf(command, sizeof(command), "flock %s/run/pods/*/lock true", root);
	assert_int_equal(system(command), 0);
	r = run(ARGS("ps"));
	expect_text("Lost", &r.out);
	result_done(&r);
	expect(1, ARGS("wait", "tough", "--timeout", "1s")); /* it was Ready; it is not */
	torn_records("tough");
	expect(0, ARGS("down", "tough"));
	assert_int_equal(count_dir("run/pods"), 0);
}

/* ---- terminals ---------------------------------------------------------------------------------
 */

/* The init container of `shown` ends when it is told to. */
static void finish_setup(void)
{
	struct result r;

	expect_at_last("set up", ARGS("logs", "shown", "-c", "setup"));
	r = run(ARGS("exec", "shown", "-c", "setup", "--", "demo", "tell", "crash=0"));

	/* the container may take it along */
	assert_true(r.code == 0 || r.code == 137);
	result_done(&r);
}

static void test_terminal(void **state)
{
	const char *path = manifest("shown", "  restartPolicy: Never\n"
					     "  initContainers:\n"
					     "  - {name: setup, " IMAGE
					     ", command: [demo, act, 'say=set up']}\n"
					     "  containers:\n"
					     "  - {name: app, " IMAGE
					     ", command: [demo, act, 'say=hello,exit=0.3']}\n");
	struct sp_buf b = {0};
	pid_t pid;
	int fd;

	pid = start_on_terminal(ARGS("run", path, "--net", "lo"), &fd);
	read_until(fd, "pod/shown", &b);
	read_until(fd, "Init:0/1", &b);
	read_until(fd, "waiting   on setup", &b);
	read_until(fd, "\033[36m\xe2\xa0", &b); /* a braille spinner, in colour */
	finish_setup();
	assert_int_equal(collect_terminal(pid, fd, &b), 0);
	expect_text("\033[32m✔\033[0m setup", &b);
	expect_text("A", strstr(text(&b), "\r\033[") ? &b : &(struct sp_buf){0}); /* repainted */
	expect_text("hello", &b);
	assert_null(strstr(text(&b), "pod.phase")); /* no line per event here */
	sp_buf_clear(&b);

	pid = start_on_terminal(ARGS("run", path, "--net", "lo", "--ascii", "--color", "never"),
				&fd);
	finish_setup();
	assert_int_equal(collect_terminal(pid, fd, &b), 0);
	expect_text("ok   setup", &b);
	for (size_t i = 0; i < b.len; i++)
		assert_true((unsigned char)b.ptr[i] < 0x80);
	assert_null(strstr(text(&b), "\033[0m")); /* no colour; the cursor still moves */
	sp_buf_clear(&b);

	pid = start_on_terminal(ARGS("run", path, "--net", "lo", "--progress", "quiet"), &fd);
	finish_setup();
	assert_int_equal(collect_terminal(pid, fd, &b), 0);
	expect_text("hello", &b);
	assert_null(strstr(text(&b), "pod/shown"));
	sp_buf_done(&b);
}

static void test_exec_terminal(void **state)
{
	const char *path = manifest("shell", SERVING);
	struct sp_buf b = {0};

	expect(0, ARGS("up", "--wait", path, "--net", "lo"));
	assert_int_equal(
		on_terminal(ARGS("exec", "-it", "shell", "--", "/bin/echo", "on a terminal"), &b),
		0);
	assert_string_equal(text(&b), "on a terminal\r\n");
	sp_buf_done(&b);
	expect(125, ARGS("exec", "-t", "shell", "/bin/echo")); /* standard input is no terminal */
	expect(0, ARGS("down", "shell"));
}

/* ---- demo and the rest --------------------------------------------------------------------------
 */

static void test_demo(void **state)
{
	static const char *const scenes[] = {"order", "gate", "job", "oom", "legacy", "shutdown"};

	for (size_t i = 0; i < SP_ARRAY_LEN(scenes); i++) {
		struct result r = run(ARGS("demo", scenes[i]));

		if (r.code != 0)
			fail_msg("demo %s: %d\n%s", scenes[i], r.code, text(&r.err));
		expect_text("Termination (", &r.out);
		expect_text("\nnext: sidepod ", &r.err);
		result_done(&r);
	}
	expect(2, ARGS("demo", "ordr"));
}

static void test_plain_commands(void **state)
{
	struct result r = run(ARGS("doctor", "-o", "json"));

	assert_int_equal(r.code, 0);
	expect_text("\"name\":\"cgroups\"", &r.out);
	result_done(&r);
	r = run(ARGS("version", "-o", "json"));
	expect_text("\"recordFormat\":\"sidepod.run/v1\"", &r.out);
	result_done(&r);
	r = run(ARGS("--help"));
	assert_int_equal(r.code, 0);
	assert_int_equal(r.err.len, 0);
	result_done(&r);
	expect(0, ARGS("completion", "bash"));
	expect(0, ARGS("internal", "man", "run"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_run),
		cmocka_unit_test(test_exit_codes),
		cmocka_unit_test(test_nothing_starts),
		cmocka_unit_test(test_unacted),
		cmocka_unit_test(test_up_and_down),
		cmocka_unit_test(test_wait_for_the_end),
		cmocka_unit_test(test_ctrl_c),
		cmocka_unit_test(test_ctrl_c_three_times),
		cmocka_unit_test(test_restarts_column),
		cmocka_unit_test(test_deaths),
		cmocka_unit_test(test_terminal),
		cmocka_unit_test(test_exec_terminal),
		cmocka_unit_test(test_demo),
		cmocka_unit_test(test_plain_commands),
	};

	if (geteuid() != 0) {
		printf("1..0 # SKIP needs root\n");
		return getenv("SP_TESTS_MUST_RUN") ? 1 : 0;
	}
	return cmocka_run_group_tests(tests, env_set_up, env_tear_down);
}
