/* SPDX-License-Identifier: Apache-2.0 */
/* Letting sidepod-worker do something: one of them, or several side by side. */
#ifndef SP_CLI_WORKER_H
#define SP_CLI_WORKER_H

#include "base/buf.h"
#include "base/error.h"

#include <sys/types.h>

#define SP_WORKER_WORDS 16

/* A worker that works. */
struct sp_worker {
	pid_t pid;            /* 0: none, or it has ended */
	int out_fd;           /* what it prints */
	struct sp_buf answer; /* that, so far; the owner's */
};

/**
 * sp_worker_start() - Its own words, progress and warnings, go to stderr
 * @words: its command line, at most SP_WORKER_WORDS, ended by NULL
 * @keep_fd: a descriptor that it inherits; -EBADF none
 */
int sp_worker_start(const char *const *words, int keep_fd, struct sp_worker *ret,
		    struct sp_error *err);

/**
 * sp_worker_wait() - Until one of several has ended, however it did
 * @v: those that have ended already are passed over; at least one has not
 *
 * Return: which one; -1: SP_E_UNAVAILABLE when a signal told us to stop. Then all have ended.
 */
int sp_worker_wait(struct sp_worker *v, uint32_t n, struct sp_error *err);

/** sp_worker_run() - One of them, to its end. @answer: what it printed. Return: 0, however it
 * ended; -1 as above */
int sp_worker_run(const char *const *words, int keep_fd, struct sp_buf *answer,
		  struct sp_error *err);

#endif
