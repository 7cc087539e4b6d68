/* SPDX-License-Identifier: Apache-2.0 */
/* A short-lived child that does what would block, and says its result through a pipe. */
#ifndef SP_PROBE_HELPER_H
#define SP_PROBE_HELPER_H

struct sp_helper {
	int out_fd; /* non-blocking read end; -EBADF when there is none */
	int pidfd;
};
#define SP_HELPER_NONE                                                                             \
	{                                                                                          \
		.out_fd = -EBADF, .pidfd = -EBADF                                                  \
	}

/**
 * sp_helper_start() - Fork; the child runs @run with the pipe's write end and ends
 *
 * The child has default signals, and dies with this process. Return: 0, -errno.
 */
int sp_helper_start(struct sp_helper *h, void (*run)(void *arg, int out_fd), void *arg);

/** sp_helper_stop() - Kill when it still runs, reap, close. Also for one that was never started */
void sp_helper_stop(struct sp_helper *h);

#endif
