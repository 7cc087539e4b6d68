/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The event loop: level-triggered epoll, one timer with an absolute deadline, signals as a
 * descriptor. What a descriptor is for is told by a kind and an owner's number, not by a pointer:
 * a source that was removed earlier in the same batch finds nobody home.
 */
#ifndef SP_LOOP_LOOP_H
#define SP_LOOP_LOOP_H

#include "base/error.h"

#include <signal.h>

#define SP_LOOP_SOURCES_MAX 4096 /* descriptors watched at once */
#define SP_LOOP_BATCH       64   /* events of one wakeup */

/* Number of a source; 0 is none. Holds slot and generation, so an old number is never mistaken. */
typedef uint32_t sp_source;

struct sp_loop_slot {
	int fd;
	uint16_t gen;
	uint8_t kind;
	bool used;
	uint32_t owner;
};

struct sp_loop {
	int epoll_fd, timer_fd, signal_fd;
	sp_time armed; /* deadline in the timer; SP_NEVER when disarmed */
	struct sp_loop_slot *slots;
	uint32_t n_slots;
};

/* One ready source. Kinds are the user's; 0 is the loop's own (signals). */
struct sp_ready {
	sp_source source;
	uint8_t kind;
	uint32_t owner;
	uint32_t events; /* EPOLLIN, … */
};

#define SP_LOOP_SIGNAL 0 /* kind of the signal descriptor */

/**
 * sp_loop_open() - Set up
 * @signals: blocked for the process and delivered as events; NULL none
 */
int sp_loop_open(struct sp_loop *l, const sigset_t *signals, struct sp_error *err);
void sp_loop_close(struct sp_loop *l);

/**
 * sp_loop_add() - Watch a descriptor; it stays the caller's
 * @kind: 1 … 255
 *
 * Return: the source, or 0 when there is no room (errno tells why).
 */
sp_source sp_loop_add(struct sp_loop *l, int fd, uint8_t kind, uint32_t owner, uint32_t events);

/** sp_loop_change() - Watch for other events; 0 pauses it (hang-ups are still told) */
int sp_loop_change(struct sp_loop *l, sp_source s, uint32_t events);

/** sp_loop_del() - Stop watching, before the descriptor is closed. *s becomes 0; 0 is fine */
void sp_loop_del(struct sp_loop *l, sp_source *s);

/** sp_loop_alive() - Is this source still watched? Ask for each event of a batch */
bool sp_loop_alive(const struct sp_loop *l, sp_source s);

/**
 * sp_loop_wait() - Sleep until something is ready or @deadline has come
 * @deadline: CLOCK_MONOTONIC; SP_NEVER: no limit; in the past: only look
 *
 * Return: number of events in @ret, 0 when only the deadline passed (or a signal interrupted), -1
 * with errno.
 */
int sp_loop_wait(struct sp_loop *l, sp_time deadline, struct sp_ready ret[SP_LOOP_BATCH]);

/** sp_loop_signal() - Take one pending signal. Return: its number, 0 none */
int sp_loop_signal(struct sp_loop *l);

sp_time sp_clock_mono(void);
int64_t sp_clock_wall(void);

#endif
