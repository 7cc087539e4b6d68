/* SPDX-License-Identifier: Apache-2.0 */
#include "loop/loop.h"

#include "sys/fd.h"

#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <time.h>

#define TIMER_SLOT UINT32_MAX /* in epoll_data: the timer, which has no slot */

/* epoll_data and sp_source alike: generation above, slot + 1 below, so that 0 is no source. */
static sp_source pack(uint32_t slot, uint16_t gen)
{
	return (uint32_t)gen << 16 | (slot + 1);
}

static struct sp_loop_slot *find(const struct sp_loop *l, sp_source s)
{
	uint32_t slot = (s & 0xffff) - 1;

	if (!s || slot >= l->n_slots || !l->slots[slot].used || l->slots[slot].gen != s >> 16)
		return NULL;
	return &l->slots[slot];
}

sp_time sp_clock_mono(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t); /* cannot fail: the clock exists everywhere */
	return (sp_time)t.tv_sec * SP_SEC + t.tv_nsec;
}

int64_t sp_clock_wall(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_REALTIME, &t); /* as above */
	return (int64_t)t.tv_sec * SP_SEC + t.tv_nsec;
}

int sp_loop_open(struct sp_loop *l, const sigset_t *signals, struct sp_error *err)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.u32 = TIMER_SLOT};

	*l = (struct sp_loop){
		.epoll_fd = -EBADF, .timer_fd = -EBADF, .signal_fd = -EBADF, .armed = SP_NEVER};
	l->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (l->epoll_fd < 0)
		goto fail;
	l->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (l->timer_fd < 0 || epoll_ctl(l->epoll_fd, EPOLL_CTL_ADD, l->timer_fd, &ev) < 0)
		goto fail;
	if (signals) {
		if (sigprocmask(SIG_BLOCK, signals, NULL) < 0)
			goto fail;
		l->signal_fd = signalfd(-1, signals, SFD_CLOEXEC | SFD_NONBLOCK);
		if (l->signal_fd < 0 || !sp_loop_add(l, l->signal_fd, SP_LOOP_SIGNAL, 0, EPOLLIN))
			goto fail;
	}
	return 0;
fail:
	sp_fail_errno(err, errno, "event loop");
	sp_loop_close(l);
	return -1;
}

void sp_loop_close(struct sp_loop *l)
{
	l->epoll_fd = sp_close(l->epoll_fd);
	l->timer_fd = sp_close(l->timer_fd);
	l->signal_fd = sp_close(l->signal_fd);
	free(l->slots);
	l->slots = NULL;
	l->n_slots = 0;
}

/* A free slot, making more when there is none. Return: its number, -1 with errno. */
static int take_slot(struct sp_loop *l)
{
	struct sp_loop_slot *p;
	uint32_t n, first;

	for (uint32_t i = 0; i < l->n_slots; i++)
		if (!l->slots[i].used)
			return (int)i;
	if (l->n_slots >= SP_LOOP_SOURCES_MAX) {
		errno = ENOSPC;
		return -1;
	}
	n = SP_MIN(SP_MAX(l->n_slots * 2, (uint32_t)16), (uint32_t)SP_LOOP_SOURCES_MAX);
	p = reallocarray(l->slots, n, sizeof(*p));
	if (!p)
		return -1;
	first = l->n_slots;
	memset(p + first, 0, (n - first) * sizeof(*p));
	l->slots = p;
	l->n_slots = n;
	return (int)first;
}

sp_source sp_loop_add(struct sp_loop *l, int fd, uint8_t kind, uint32_t owner, uint32_t events)
{
	int slot = take_slot(l);
	struct sp_loop_slot *s;
	struct epoll_event ev;

	if (slot < 0)
		return 0;
	s = &l->slots[slot];
	ev = (struct epoll_event){.events = events, .data.u32 = pack((uint32_t)slot, s->gen)};
	if (epoll_ctl(l->epoll_fd, EPOLL_CTL_ADD, fd, &ev) < 0)
		return 0;
	s->fd = fd;
	s->kind = kind;
	s->owner = owner;
	s->used = true;
	return ev.data.u32;
}

int sp_loop_change(struct sp_loop *l, sp_source src, uint32_t events)
{
	struct sp_loop_slot *s = find(l, src);
	struct epoll_event ev = {.events = events, .data.u32 = src};

	if (!s)
		return -ENOENT;
	return epoll_ctl(l->epoll_fd, EPOLL_CTL_MOD, s->fd, &ev) < 0 ? -errno : 0;
}

void sp_loop_del(struct sp_loop *l, sp_source *src)
{
	struct sp_loop_slot *s = find(l, *src);

	if (s) {
		/* The only failure would be a descriptor that was closed already. */
		(void)epoll_ctl(l->epoll_fd, EPOLL_CTL_DEL, s->fd, NULL);
		s->used = false;
		s->gen++;
	}
	*src = 0;
}

bool sp_loop_alive(const struct sp_loop *l, sp_source s)
{
	return find(l, s);
}

/* Only when the deadline changed or has fired: most wakeups need no call. */
static int arm(struct sp_loop *l, sp_time deadline)
{
	struct itimerspec t = {0};

	if (deadline == l->armed)
		return 0;
	if (deadline != SP_NEVER) {
		/* A zero time would disarm: the past is one nanosecond after boot. */
		t.it_value.tv_sec = SP_MAX(deadline, (sp_time)1) / SP_SEC;
		t.it_value.tv_nsec = SP_MAX(deadline, (sp_time)1) % SP_SEC;
	}
	if (timerfd_settime(l->timer_fd, TFD_TIMER_ABSTIME, &t, NULL) < 0)
		return -1;
	l->armed = deadline;
	return 0;
}

int sp_loop_wait(struct sp_loop *l, sp_time deadline, struct sp_ready ret[SP_LOOP_BATCH])
{
	struct epoll_event evs[SP_LOOP_BATCH];
	int n, n_ret = 0;

	if (arm(l, deadline) < 0)
		return -1;
	n = epoll_wait(l->epoll_fd, evs, SP_LOOP_BATCH, -1);
	if (n < 0)
		return errno == EINTR ? 0 : -1;
	for (int i = 0; i < n; i++) {
		sp_source src = evs[i].data.u32;
		struct sp_loop_slot *s;

		if (src == TIMER_SLOT) {
			uint64_t count;

			/* Taken off, so that it is not told again; the next wait arms it anew. */
			(void)!read(l->timer_fd, &count, sizeof(count));
			l->armed = SP_NEVER;
			continue;
		}
		s = find(l, src);
		if (s)
			ret[n_ret++] = (struct sp_ready){
				.source = src,
				.kind = s->kind,
				.owner = s->owner,
				.events = evs[i].events,
			};
	}
	return n_ret;
}

int sp_loop_signal(struct sp_loop *l)
{
	struct signalfd_siginfo si;

	return read(l->signal_fd, &si, sizeof(si)) == (ssize_t)sizeof(si) ? (int)si.ssi_signo : 0;
}
