/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ctrl-C, a kill, a closed terminal: signals that end a command in an orderly way. While they are
 * held they wait, and whatever takes long looks for them.
 */
#ifndef SP_CLI_INTERRUPT_H
#define SP_CLI_INTERRUPT_H

#include "base/error.h"

#include <signal.h>

/** sp_interrupt_set() - SIGINT, SIGTERM and SIGHUP, but for those that whoever started us ignores
 */
void sp_interrupt_set(sigset_t *ret);
/** sp_interrupt_hold() - Keep them waiting from here on. @ret_before: NULL, or for sigprocmask() */
void sp_interrupt_hold(sigset_t *ret_before);
/** sp_interrupt_pending() - The one that waits, which stays waiting; 0 none */
int sp_interrupt_pending(void);

/**
 * sp_interrupt_wait() - Until @fd has input or hangs up, or one of them waits
 * @events: as for poll(2)
 *
 * Return: 0, the number of the signal, or -1.
 */
int sp_interrupt_wait(int fd, short events, struct sp_error *err);

struct pollfd;
/**
 * sp_interrupt_poll() - The same for several
 * @v: as for poll(2), with room for one more behind the last; @n of them
 */
int sp_interrupt_poll(struct pollfd *v, uint32_t n, struct sp_error *err);

#endif
