/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/interrupt.h"

#include "sys/fd.h"

#include <poll.h>
#include <sys/signalfd.h>

static const int signals[] = {SIGINT, SIGTERM, SIGHUP};

void sp_interrupt_set(sigset_t *ret)
{
	sigemptyset(ret);
	for (size_t i = 0; i < SP_ARRAY_LEN(signals); i++) {
		struct sigaction a;

		if (sigaction(signals[i], NULL, &a) == 0 && a.sa_handler != SIG_IGN)
			sigaddset(ret, signals[i]);
	}
}

void sp_interrupt_hold(sigset_t *ret_before)
{
	sigset_t set;

	sp_interrupt_set(&set);
	(void)sigprocmask(SIG_BLOCK, &set, ret_before); /* a valid set: cannot fail */
}

int sp_interrupt_pending(void)
{
	sigset_t set;

	if (sigpending(&set) < 0)
		return 0;
	for (size_t i = 0; i < SP_ARRAY_LEN(signals); i++)
		if (sigismember(&set, signals[i]) == 1)
			return signals[i];
	return 0;
}

int sp_interrupt_poll(struct pollfd *v, uint32_t n, struct sp_error *err)
{
	SP_CLEANUP(sp_closep) int signal_fd = -EBADF;
	sigset_t set;

	sp_interrupt_set(&set);
	signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (signal_fd < 0)
		return sp_fail_errno(err, errno, "watch signals");
	v[n] = (struct pollfd){.fd = signal_fd, .events = POLLIN};
	while (poll(v, n + 1, -1) < 0)
		if (errno != EINTR)
			return sp_fail_errno(err, errno, "wait");
	return v[n].revents ? sp_interrupt_pending() : 0;
}

int sp_interrupt_wait(int fd, short events, struct sp_error *err)
{
	struct pollfd v[2] = {{.fd = fd, .events = events}};

	return sp_interrupt_poll(v, 1, err);
}
