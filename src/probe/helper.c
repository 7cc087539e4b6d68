/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/helper.h"

#include "base/base.h"
#include "sys/fd.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define HELPER_BYTES ((rlim_t)512 << 20) /* address space: enough for TLS, not for a bomb */

/* In the child. Failures of the limits do not matter: they are a second line of defence. */
_Noreturn static void child(void (*run)(void *arg, int out_fd), void *arg, int out_fd)
{
	struct rlimit memory = {HELPER_BYTES, HELPER_BYTES}, none = {0, 0};
	sigset_t empty;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (!SP_SANITIZED)
		(void)setrlimit(RLIMIT_AS, &memory);
	(void)setrlimit(RLIMIT_CORE, &none);
	for (int sig = 1; sig < NSIG; sig++)
		(void)signal(sig, SIG_DFL); /* KILL and STOP refuse, and need it not */
	(void)sigemptyset(&empty);
	(void)sigprocmask(SIG_SETMASK, &empty, NULL);
	run(arg, out_fd);
	_exit(0);
}

int sp_helper_start(struct sp_helper *h, void (*run)(void *arg, int out_fd), void *arg)
{
	int fds[2], saved;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	pid = fork();
	if (pid == 0)
		child(run, arg, fds[1]);
	saved = errno;
	(void)sp_close(fds[1]);
	if (pid < 0) {
		(void)sp_close(fds[0]);
		return -saved;
	}
	h->out_fd = fds[0];
	(void)fcntl(fds[0], F_SETFL, O_NONBLOCK); /* of a fresh pipe: cannot fail */
	/* nobody reaps between fork and here: this process has one thread */
	h->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (h->pidfd < 0) {
		saved = errno;
		(void)kill(pid, SIGKILL);
		(void)waitpid(pid, NULL, 0);
		h->out_fd = sp_close(h->out_fd);
		h->pidfd = -EBADF;
		return -saved;
	}
	return 0;
}

void sp_helper_stop(struct sp_helper *h)
{
	siginfo_t info;

	if (h->pidfd >= 0) {
		/* gone already, or reaped by the one who reaps for all: both fine */
		(void)syscall(SYS_pidfd_send_signal, h->pidfd, SIGKILL, NULL, 0);
		(void)waitid(P_PIDFD, (id_t)h->pidfd, &info, WEXITED);
	}
	h->pidfd = sp_close(h->pidfd);
	h->out_fd = sp_close(h->out_fd);
}
