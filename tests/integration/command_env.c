/* SPDX-License-Identifier: Apache-2.0 */
#include "command_env.h"

#include "base/text.h"

#include "../unit/cmocka_all.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

char root[64];

#define PATIENCE_MS 120000 /* nothing is judged by it */

static char command_path[512];

void result_done(struct result *r)
{
	sp_buf_done(&r->out);
	sp_buf_done(&r->err);
}

const char *text(const struct sp_buf *b)
{
	return b->len ? b->ptr : "";
}

static void become(const char *const *args)
{
	const char *argv[32] = {command_path};
	int n = 1;

	for (; args[n - 1] && n < 31; n++)
		argv[n] = args[n - 1];
	execv(command_path, (char **)(uintptr_t)argv);
	_exit(99);
}

/* A shell's background job ignores SIGINT, what nohup starts SIGHUP. */
static void default_signals(void)
{
	(void)signal(SIGINT, SIG_DFL);
	(void)signal(SIGHUP, SIG_DFL);
	(void)signal(SIGTERM, SIG_DFL);
}

/* Start with pipes for both streams; @in: standard input, -1 none. */
pid_t start(const char *const *args, int in, int *out_fd, int *err_fd)
{
	int out[2], err[2];
	pid_t pid;

	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	assert_int_equal(pipe2(err, O_CLOEXEC), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		int null = open("/dev/null", O_RDONLY);

		default_signals();
		dup2(in >= 0 ? in : null, 0);
		dup2(out[1], 1);
		dup2(err[1], 2);
		become(args);
	}
	close(out[1]);
	close(err[1]);
	*out_fd = out[0];
	*err_fd = err[0];
	return pid;
}

void collect(int out_fd, int err_fd, struct result *r)
{
	struct pollfd v[2] = {{.fd = out_fd, .events = POLLIN}, {.fd = err_fd, .events = POLLIN}};
	struct sp_buf *to[2] = {&r->out, &r->err};

	while (v[0].fd >= 0 || v[1].fd >= 0) {
		if (poll(v, 2, PATIENCE_MS) <= 0)
			fail_msg("no output for two minutes; so far:\n%s%s", text(&r->out),
				 text(&r->err));
		for (int i = 0; i < 2; i++) {
			char mem[4096];
			ssize_t n;

			if (v[i].fd < 0 || !v[i].revents)
				continue;
			n = read(v[i].fd, mem, sizeof(mem));
			if (n > 0) {
				sp_buf_add(to[i], mem, (size_t)n);
			} else {
				close(v[i].fd);
				v[i].fd = -1;
			}
		}
	}
}

int reap(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

struct result run(const char *const *args)
{
	struct result r = {0};
	int out_fd, err_fd;
	pid_t pid = start(args, -1, &out_fd, &err_fd);

	collect(out_fd, err_fd, &r);
	r.code = reap(pid);
	return r;
}

void expect_at_last(const char *needle, const char *const *args)
{
	struct timespec begin, now;
	struct result r = {0};

	clock_gettime(CLOCK_MONOTONIC, &begin);
	do {
		result_done(&r);
		r = run(args);
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while (!strstr(text(&r.out), needle) && now.tv_sec - begin.tv_sec < PATIENCE_MS / 1000);
	expect_text(needle, &r.out);
	result_done(&r);
}

/* Run, check the exit code, forget the output. */
void expect(int code, const char *const *args)
{
	struct result r = run(args);

	if (r.code != code)
		fail_msg("%s: exit code %d instead of %d\n%s%s", args[0], r.code, code,
			 text(&r.out), text(&r.err));
	result_done(&r);
}

void expect_text(const char *needle, const struct sp_buf *b)
{
	if (!strstr(text(b), needle))
		fail_msg("'%s' is missing in:\n%s", needle, text(b));
}

/* Read from @fd until @needle stands in @b. */
void read_until(int fd, const char *needle, struct sp_buf *b)
{
	char mem[4096];

	while (!strstr(text(b), needle)) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		ssize_t n;

		if (poll(&p, 1, PATIENCE_MS) <= 0)
			fail_msg("'%s' does not come:\n%s", needle, text(b));
		n = read(fd, mem, sizeof(mem));
		if (n <= 0)
			fail_msg("ended before '%s':\n%s", needle, text(b));
		sp_buf_add(b, mem, (size_t)n);
	}
}

/* ---- manifests ---------------------------------------------------------------------------------
 */

const char *manifest(const char *name, const char *body)
{
	static char path[160];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s.yaml", root, name);
	f = fopen(path, "we");
	assert_non_null(f);
	fprintf(f, "apiVersion: v1\nkind: Pod\nmetadata: {name: %s, labels: {app: %s}}\nspec:\n%s",
		name, name, body);
	fclose(f);
	return path;
}

int count_dir(const char *below)
{
	char command[256];
	FILE *f;
	int n = -1;

	snprintf(command, sizeof(command), "ls -A %s/%s 2>/dev/null | wc -l", root, below);
	f = popen(command, "re");
	assert_non_null(f);
	assert_int_equal(fscanf(f, "%d", &n), 1);
	pclose(f);
	return n;
}

pid_t start_on_terminal(const char *const *args, int *fd)
{
	struct winsize ws = {.ws_row = 24, .ws_col = 80};
	pid_t pid = forkpty(fd, NULL, NULL, &ws);

	assert_true(pid >= 0);
	if (pid == 0) {
		setenv("TERM", "xterm", 1);
		setenv("LC_ALL", "C.UTF-8", 1);
		unsetenv("NO_COLOR");
		default_signals();
		become(args);
	}
	return pid;
}

int collect_terminal(pid_t pid, int fd, struct sp_buf *out)
{
	char mem[4096];
	ssize_t n;

	while ((n = read(fd, mem, sizeof(mem))) > 0 || (n < 0 && errno == EINTR))
		if (n > 0)
			sp_buf_add(out, mem, (size_t)n);
	close(fd);
	return reap(pid);
}

int on_terminal(const char *const *args, struct sp_buf *out)
{
	int fd;
	pid_t pid = start_on_terminal(args, &fd);

	return collect_terminal(pid, fd, out);
}

int env_set_up(void **state)
{
	const char *sidepod = getenv("SIDEPOD");

	assert_non_null(sidepod);
	assert_true(strlen(sidepod) < sizeof(command_path));
	memcpy(command_path, sidepod, strlen(sidepod) + 1);
	snprintf(root, sizeof(root), "/tmp/sidepod-commands-XXXXXX");
	assert_non_null(mkdtemp(root));
	setenv("SIDEPOD_ROOT", root, 1);
	unsetenv("CLICOLOR_FORCE");
	return 0;
}

int env_tear_down(void **state)
{
	char command[128];

	expect(0, ARGS("down", "--all", "--now"));
	snprintf(command, sizeof(command), "rm -rf '%s'", root);
	return system(command);
}
