/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The program when things go wrong at the worst moment: killed commands and supervisors, Ctrl-C
 * anywhere. Whatever happened, after `down` the machine is as before.
 *
 * Moments are chosen by chance; SP_SEED repeats a run, SP_ROUNDS makes it longer.
 */
#include "command_env.h"
#include "own_machine.h"

#include "../unit/cmocka_all.h"

#include <errno.h>
#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

static unsigned seed, chance;
static char doing[256]; /* told when a test fails */

static int below(int n)
{
	return rand_r(&chance) % n;
}

static void moment(int max_ms)
{
	usleep((useconds_t)below(max_ms * 1000)); /* no wait: the moment of the blow */
}

static int rounds(int otherwise)
{
	const char *s = getenv("SP_ROUNDS");

	return s ? atoi(s) : otherwise;
}

/* Every part of a pod: an init container, a sidecar, both kinds of volume, a published port. */
#define BODY                                                                                       \
	"  terminationGracePeriodSeconds: 2\n"                                                     \
	"  volumes: [{name: d, emptyDir: {}}, {name: m, emptyDir: {medium: Memory}}]\n"            \
	"  initContainers:\n"                                                                      \
	"  - {name: proxy, " IMAGE ", restartPolicy: Always,\n"                                    \
	"     command: [demo, act, 'say=proxy up,term=0.01:0']}\n"                                 \
	"  - {name: setup, " IMAGE ", command: [demo, act, 'say=set up,exit=0.01']}\n"             \
	"  containers:\n"                                                                          \
	"  - {name: app, " IMAGE ", command: [demo, act, 'say=serving,term=0.01:0'],\n"            \
	"     ports: [{containerPort: 80, hostPort: 18080}],\n"                                    \
	"     volumeMounts: [{name: d, mountPath: /d}, {name: m, mountPath: /m}]}\n"

/* ---- the command is killed ------------------------------------------------------------------- */

/* `run` dies; a pod that was started lives on, is found, followed and ended. */
static void round_of_command(const char *path, const char *name)
{
	struct result r = {0};
	int out_fd, err_fd, code;
	pid_t pid = start(ARGS("run", path), -1, &out_fd, &err_fd);
	bool lives;

	moment(150);
	kill(pid, SIGKILL);
	code = reap(pid);
	assert_true(code == 1000 + SIGKILL);
	lives = own_machine_supervisors(NULL, 0) > 0;
	close(out_fd);
	close(err_fd);
	if (!lives)
		return;
	r = run(ARGS("ps", "-o", "name"));
	assert_int_equal(r.code, 0);
	expect_text(name, &r.out);
	result_done(&r);
	pid = start(ARGS("run", "--attach", name), -1, &out_fd, &err_fd);
	read_until(out_fd, "serving", &r.out);
	expect(0, ARGS("down", name));
	collect(out_fd, err_fd, &r);
	assert_int_equal(reap(pid), 0);
	result_done(&r);
}

/* ---- a supervisor is killed ------------------------------------------------------------------ */

/* While it starts, runs or stops; the command that follows it tells, and ends. */
static void round_of_supervisor(const char *path, const char *name)
{
	struct result r = {0};
	int out_fd, err_fd, n;
	bool stop = below(2) == 0;
	pid_t pid = start(ARGS("run", path), -1, &out_fd, &err_fd);

	if (stop) {
		read_until(out_fd, "serving", &r.out);
		kill(pid, SIGINT);
		moment(40);
	} else {
		moment(150);
	}
	n = own_machine_kill_supervisors();
	if (n == 0) /* it is not born yet, or is over */
		kill(pid, SIGINT);
	collect(out_fd, err_fd, &r);
	r.code = reap(pid);
	if (n > 0 && r.code != 1 && r.code != 5 && r.code != 128 + SIGINT)
		fail_msg("%s: exit code %d\n%s", doing, r.code, text(&r.err));
	result_done(&r);
	r = run(ARGS("ps"));
	assert_int_equal(r.code, 0);
	result_done(&r);
}

/* ---- everything is killed -------------------------------------------------------------------- */

/* The command, the supervisor, and a `down` that was to tidy up, one after another. */
static void round_of_all(const char *path, const char *name)
{
	int out_fd, err_fd;
	pid_t pid = start(ARGS("up", "-d", path), -1, &out_fd, &err_fd);

	moment(100);
	if (below(2))
		(void)own_machine_kill_supervisors();
	kill(pid, SIGKILL);
	(void)reap(pid);
	close(out_fd);
	close(err_fd);
	if (below(2))
		(void)own_machine_kill_supervisors();
	pid = start(ARGS("down", name), -1, &out_fd, &err_fd);
	moment(40);
	kill(pid, SIGKILL);
	(void)reap(pid);
	close(out_fd);
	close(err_fd);
}

static void test_kills(void **state)
{
	static void (*const kinds[])(const char *, const char *) = {
		round_of_command, round_of_supervisor, round_of_all};
	char path[160], name[32];

	for (int i = 0; i < rounds(24); i++) {
		int kind = i % 3;

		chance = seed + (unsigned)i;
		snprintf(name, sizeof(name), "victim-%d", i);
		snprintf(path, sizeof(path), "%s", manifest(name, BODY));
		snprintf(doing, sizeof(doing), "SP_SEED=%u, round %d", seed, i);
		kinds[kind](path, name);
		expect(0, ARGS("down", "--all", "--now"));
		unlink(path);
		own_machine_clean(doing);
	}
}

/* ---- signals --------------------------------------------------------------------------------- */

/* Any of the signals that end a command, once or twice, at any moment of its life. */
static void test_signals(void **state)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
	char path[160], name[32];

	for (int i = 0; i < rounds(24); i++) {
		struct result r = {0};
		int out_fd, err_fd, sig, again;
		pid_t pid;

		chance = seed + (unsigned)i;
		sig = signals[below(3)];
		again = below(2);
		snprintf(name, sizeof(name), "stopped-%d", i);
		snprintf(path, sizeof(path), "%s", manifest(name, BODY));
		snprintf(doing, sizeof(doing), "SP_SEED=%u, signal %d, round %d", seed, sig, i);
		pid = start(ARGS("run", path), -1, &out_fd, &err_fd);
		moment(120);
		kill(pid, sig);
		if (again) {
			moment(20);
			kill(pid, sig);
		}
		collect(out_fd, err_fd, &r);
		r.code = reap(pid);
		/* before it has begun, the command ends as any program does */
		if (r.code != 128 + sig && !(r.code == 1000 + sig && r.out.len == 0))
			fail_msg("%s: exit code %d\n%s", doing, r.code, text(&r.err));
		result_done(&r);
		unlink(path);
		own_machine_clean(doing);
	}
}

/* While the image is unpacked: the next one begins anew. */
static void test_signal_while_unpacking(void **state)
{
	for (int i = 0; i < rounds(8); i++) {
		const char *path = manifest("unpacked", BODY);
		struct result r = {0};
		int out_fd, err_fd;
		pid_t pid;

		chance = seed + (unsigned)i;
		snprintf(doing, sizeof(doing), "SP_SEED=%u, unpacking, round %d", seed, i);
		expect(0, ARGS("image", "rm", "sidepod.local/demo"));
		expect(0, ARGS("image", "prune"));
		pid = start(ARGS("run", path), -1, &out_fd, &err_fd);
		moment(60);
		kill(pid, SIGINT);
		collect(out_fd, err_fd, &r);
		r.code = reap(pid);
		if (r.code != 128 + SIGINT && !(r.code == 1000 + SIGINT && r.out.len == 0))
			fail_msg("%s: exit code %d\n%s", doing, r.code, text(&r.err));
		result_done(&r);
		expect(0, ARGS("run", manifest("whole", "  restartPolicy: Never\n  containers:\n"
							"  - {name: c, " IMAGE
							", command: [demo, act, 'exit=0']}\n")));
		own_machine_clean(doing);
	}
}

/* In an init container; with the manifest from a pipe; with nobody reading the output. */
static void test_signal_at_rest(void **state)
{
	static const char text_of_pod[] =
		"apiVersion: v1\nkind: Pod\nmetadata: {name: piped}\nspec:\n"
		"  terminationGracePeriodSeconds: 2\n"
		"  initContainers:\n"
		"  - {name: wait, " IMAGE ", command: [demo, act, 'say=waiting,term=0:0']}\n"
		"  containers: [{name: app, " IMAGE ", command: [demo, act, 'term=0:0']}]\n";

	for (int reader = 0; reader < 2; reader++) {
		struct result r = {0};
		int in[2], out_fd, err_fd;
		pid_t pid;

		assert_int_equal(pipe2(in, O_CLOEXEC), 0);
		assert_true(write(in[1], text_of_pod, sizeof(text_of_pod) - 1) > 0);
		close(in[1]);
		pid = start(ARGS("run", "-"), in[0], &out_fd, &err_fd);
		close(in[0]);
		if (!reader)
			close(out_fd); /* sidepod run … | true */
		else
			read_until(out_fd, "waiting", &r.out);
		read_until(err_fd, "wait  started", &r.err);
		kill(pid, SIGTERM);
		if (reader) {
			collect(out_fd, err_fd, &r);
		} else {
			read_until(err_fd, "stopped in", &r.err);
			close(err_fd);
		}
		assert_int_equal(reap(pid), 128 + SIGTERM);
		expect_text("wait  sigterm", &r.err);
		assert_null(strstr(text(&r.err), "error"));
		result_done(&r);
		own_machine_clean(reader ? "a signal in an init container" : "nobody reads");
	}
}

/* A terminal that `exec -it` made raw is as before, also when the command is ended by a signal. */
static void test_terminal_is_restored(void **state)
{
	struct termios before, now = {0};
	char mem[256];
	int master, slave, status;
	pid_t pid;

	expect(0, ARGS("up", "--wait", manifest("shell", BODY)));
	assert_int_equal(openpty(&master, &slave, NULL, NULL, NULL), 0);
	assert_int_equal(tcgetattr(slave, &before), 0);
	pid = fork();
	if (pid == 0) {
		dup2(slave, 0);
		dup2(slave, 1);
		dup2(slave, 2);
		execl(getenv("SIDEPOD"), "sidepod", "exec", "-it", "shell", "-c", "app", "--",
		      "demo", "act", "say=here,term=0:0", (char *)NULL);
		_exit(99);
	}
	/* what it says comes through the raw terminal */
	assert_true(read(master, mem, sizeof(mem)) > 0);
	assert_int_equal(tcgetattr(slave, &now), 0);
	assert_int_equal(now.c_lflag & ICANON, 0);
	kill(pid, SIGTERM);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 128 + SIGTERM);
	assert_int_equal(tcgetattr(slave, &now), 0);
	assert_int_equal(now.c_lflag, before.c_lflag);
	assert_int_equal(now.c_iflag, before.c_iflag);
	assert_int_equal(now.c_oflag, before.c_oflag);
	close(master);
	close(slave);
	expect(0, ARGS("down", "shell"));
	own_machine_clean("exec -it and a signal");
}

/* ---- a reader that stands still -------------------------------------------------------------- */

/* While nobody reads, logs rotate and are compressed; then every line comes, once, in order. */
static void test_stalled_reader(void **state)
{
	enum { LINES = 300000 };
	static const char *const pod =
		"  restartPolicy: Never\n"
		"  terminationGracePeriodSeconds: 1\n"
		"  volumes: [{name: v, hostPath: {path: /tmp/lines}}]\n"
		"  containers:\n"
		"  - {name: c, " IMAGE ", command: [cat, /v/lines], volumeMounts: [{name: v, "
		"mountPath: /v}]}\n"
		"  - {name: stay, " IMAGE ", command: [demo, act, 'term=0:0']}\n";
	char command[160], line[64];
	struct result r = {0};
	int out_fd, err_fd;
	const char *at;
	pid_t pid;
	FILE *f;

	assert_int_equal(mkdir("/tmp/lines", 0755), 0);
	f = fopen("/tmp/lines/lines", "we");
	assert_non_null(f);
	for (int i = 0; i < LINES; i++)
		fprintf(f, "line %06d with so many letters that the files become full\n", i);
	fclose(f);
	pid = start(ARGS("run", manifest("chatty", pod), "--no-prefix", "--net", "lo"), -1, &out_fd,
		    &err_fd);
	/* two rotations, of which the first is compressed by then */
	snprintf(command, sizeof(command),
		 "until ls %s/log/pods/*/c/*.gz >/dev/null 2>&1; do sleep 0.02; done", root);
	assert_int_equal(system(command), 0);
	snprintf(command, sizeof(command),
		 "until grep -q '\"exit\"' %s/run/pods/*/record.jsonl; do sleep 0.02; done", root);
	assert_int_equal(system(command), 0);
	kill(pid, SIGINT);
	collect(out_fd, err_fd, &r);
	assert_int_equal(reap(pid), 128 + SIGINT);
	at = text(&r.out);
	for (int i = 0; i < LINES; i++) {
		snprintf(line, sizeof(line), "line %06d ", i);
		if (strncmp(at, line, strlen(line)) != 0)
			fail_msg("'%s' is not where it should be: %.80s", line, at);
		at = strchr(at, '\n') + 1;
	}
	assert_int_equal(*at, '\0');
	result_done(&r);
	assert_int_equal(system("rm -r /tmp/lines"), 0);
	unlink(manifest("chatty", pod));
	own_machine_clean("a stalled reader");
}

static int set_up(void **state)
{
	const char *s = getenv("SP_SEED");

	seed = s ? (unsigned)strtoul(s, NULL, 10) : (unsigned)getpid() ^ (unsigned)time(NULL);
	printf("# SP_SEED=%u\n", seed);
	return env_set_up(state);
}

/* What a first pod makes for good (the image, directories) belongs to the state before. */
static int begin(void **state)
{
	const char *path =
		manifest("first", "  restartPolicy: Never\n  containers:\n"
				  "  - {name: c, " IMAGE ", command: [demo, act, 'exit=0']}\n");

	expect(0, ARGS("run", path));
	unlink(path);
	own_machine_mark(root);
	return 0;
}

static int tests(void)
{
	const struct CMUnitTest all[] = {
		cmocka_unit_test_setup(test_kills, begin),
		cmocka_unit_test_setup(test_signals, begin),
		cmocka_unit_test_setup(test_stalled_reader, begin),
		cmocka_unit_test_setup(test_signal_while_unpacking, begin),
		cmocka_unit_test_setup(test_signal_at_rest, begin),
		cmocka_unit_test_setup(test_terminal_is_restored, begin),
	};

	return cmocka_run_group_tests(all, set_up, env_tear_down);
}

int main(void)
{
	return own_machine_run(tests);
}
