/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/worker.h"

#include "cli/interrupt.h"
#include "sys/fd.h"
#include "sys/self.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

#define WORKERS_MAX 16

static void become_worker(const char *path, const char *const *argv, int out_fd, int keep_fd)
	__attribute__((noreturn));
static void become_worker(const char *path, const char *const *argv, int out_fd, int keep_fd)
{
	sigset_t none;

	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL); /* as every program expects it */
	if (dup2(out_fd, STDOUT_FILENO) < 0 || (keep_fd >= 0 && fcntl(keep_fd, F_SETFD, 0) < 0))
		_exit(126);
	execv(path, (char **)(uintptr_t)argv);
	_exit(127);
}

int sp_worker_start(const char *const *words, int keep_fd, struct sp_worker *ret,
		    struct sp_error *err)
{
	SP_CLEANUP(sp_closep) int read_fd = -EBADF, write_fd = -EBADF;
	const char *argv[SP_WORKER_WORDS + 2];
	char path[PATH_MAX];
	int pipes[2], n = 0;
	pid_t pid;

	if (sp_self_sibling("sidepod-worker", path, sizeof(path), err) < 0)
		return -1;
	argv[n++] = path;
	for (; words[n - 1]; n++) {
		assert(n <= SP_WORKER_WORDS); /* our own words */
		argv[n] = words[n - 1];
	}
	argv[n] = NULL;
	if (pipe2(pipes, O_CLOEXEC) < 0)
		return sp_fail_errno(err, errno, "make a pipe");
	read_fd = pipes[0];
	write_fd = pipes[1];
	pid = fork();
	if (pid == 0)
		become_worker(path, argv, write_fd, keep_fd);
	if (pid < 0)
		return sp_fail_errno(err, errno, "start '%s'", path);
	*ret = (struct sp_worker){.pid = pid, .out_fd = sp_take_fd(&read_fd)};
	return 0;
}

static int reap(struct sp_worker *w, struct sp_error *err)
{
	int status;

	w->out_fd = sp_close(w->out_fd);
	while (waitpid(w->pid, &status, 0) < 0)
		if (errno != EINTR)
			return sp_fail_errno(err, errno, "wait for sidepod-worker");
	w->pid = 0;
	return 0;
}

/* They end by themselves, and leave what they have for the next time. */
static int stop_all(struct sp_worker *v, uint32_t n, struct sp_error *err)
{
	for (uint32_t i = 0; i < n; i++)
		if (v[i].pid)
			(void)kill(v[i].pid, SIGTERM); /* gone already: as wanted */
	for (uint32_t i = 0; i < n; i++)
		if (v[i].pid && reap(&v[i], err) < 0)
			return -1;
	return sp_fail(err, SP_E_UNAVAILABLE, "interrupted");
}

/* Return: whether there is more to come */
static bool read_some(struct sp_worker *w)
{
	char mem[4096];
	ssize_t k = read(w->out_fd, mem, sizeof(mem));

	if (k > 0)
		sp_buf_add(&w->answer, mem, (size_t)k);
	return k > 0 || (k < 0 && errno == EINTR);
}

int sp_worker_wait(struct sp_worker *v, uint32_t n, struct sp_error *err)
{
	struct pollfd p[WORKERS_MAX + 1];

	assert(n <= WORKERS_MAX);
	for (;;) {
		int signal_number;

		for (uint32_t i = 0; i < n; i++)
			p[i] = (struct pollfd){.fd = v[i].pid ? v[i].out_fd : -1, .events = POLLIN};
		signal_number = sp_interrupt_poll(p, n, err);
		if (signal_number < 0)
			return -1;
		if (signal_number > 0)
			return stop_all(v, n, err);
		for (uint32_t i = 0; i < n; i++)
			if (p[i].fd >= 0 && p[i].revents && !read_some(&v[i]))
				return reap(&v[i], err) < 0 ? -1 : (int)i;
	}
}

int sp_worker_run(const char *const *words, int keep_fd, struct sp_buf *answer,
		  struct sp_error *err)
{
	struct sp_worker w;
	int r;

	if (sp_worker_start(words, keep_fd, &w, err) < 0)
		return -1;
	r = sp_worker_wait(&w, 1, err);
	*answer = w.answer;
	return r < 0 ? -1 : 0;
}
