/* SPDX-License-Identifier: Apache-2.0 */
/* The loop: sources by kind and owner, removed sources, the deadline, signals. */
#include "loop/loop.h"

#include "cmocka_all.h"

#include <sys/epoll.h>
#include <unistd.h>

enum { KIND_PIPE = 1, KIND_OTHER };

static void test_sources(void **state)
{
	struct sp_ready ready[SP_LOOP_BATCH];
	struct sp_error err;
	struct sp_loop l;
	sp_source a, b, old;
	int p[2], q[2];

	assert_int_equal(sp_loop_open(&l, NULL, &err), 0);
	assert_int_equal(pipe(p), 0);
	assert_int_equal(pipe(q), 0);
	a = sp_loop_add(&l, p[0], KIND_PIPE, 7, EPOLLIN);
	b = sp_loop_add(&l, q[0], KIND_OTHER, 8, EPOLLIN);
	assert_true(a && b && a != b);
	assert_int_equal(sp_loop_wait(&l, 0, ready), 0); /* nothing ready: the past only looks */

	assert_int_equal(write(p[1], "x", 1), 1);
	assert_int_equal(sp_loop_wait(&l, SP_NEVER, ready), 1);
	assert_int_equal(ready[0].kind, KIND_PIPE);
	assert_int_equal(ready[0].owner, 7);
	assert_true(ready[0].source == a && (ready[0].events & EPOLLIN));

	/* Level-triggered: told again while unread. Paused: not told. */
	assert_int_equal(sp_loop_wait(&l, SP_NEVER, ready), 1);
	assert_int_equal(sp_loop_change(&l, a, 0), 0);
	assert_int_equal(sp_loop_wait(&l, 0, ready), 0);
	assert_int_equal(sp_loop_change(&l, a, EPOLLIN), 0);

	/* Both ready; the first one removes the other, whose slot is used again at once. */
	assert_int_equal(write(q[1], "y", 1), 1);
	assert_int_equal(sp_loop_wait(&l, SP_NEVER, ready), 2);
	old = b;
	sp_loop_del(&l, &b);
	assert_true(b == 0);
	assert_false(sp_loop_alive(&l, old));
	b = sp_loop_add(&l, q[0], KIND_OTHER, 9, EPOLLIN);
	assert_true(b && b != old);
	assert_true(sp_loop_alive(&l, b));
	assert_false(sp_loop_alive(&l, old));
	assert_true(sp_loop_change(&l, old, EPOLLIN) < 0);
	sp_loop_del(&l, &old);
	assert_true(sp_loop_alive(&l, b));

	assert_true(sp_loop_add(&l, -1, KIND_PIPE, 0, EPOLLIN) == 0);
	for (int i = 0; i < 2; i++) {
		close(p[i]);
		close(q[i]);
	}
	sp_loop_close(&l);
	sp_loop_close(&l);
}

static void test_many(void **state)
{
	struct sp_error err;
	struct sp_loop l;
	sp_source s[100];
	int fds[100];

	assert_int_equal(sp_loop_open(&l, NULL, &err), 0);
	for (int i = 0; i < 100; i++) {
		fds[i] = epoll_create1(EPOLL_CLOEXEC);
		s[i] = sp_loop_add(&l, fds[i], KIND_PIPE, (uint32_t)i, EPOLLIN);
		assert_true(s[i] != 0);
	}
	for (int i = 0; i < 100; i++) {
		assert_true(sp_loop_alive(&l, s[i]));
		sp_loop_del(&l, &s[i]);
		close(fds[i]);
	}
	sp_loop_close(&l);
}

static void test_deadline(void **state)
{
	struct sp_ready ready[SP_LOOP_BATCH];
	struct sp_error err;
	struct sp_loop l;
	sp_time t0;

	assert_int_equal(sp_loop_open(&l, NULL, &err), 0);
	for (int i = 0; i < 3; i++) {
		t0 = sp_clock_mono();
		assert_int_equal(sp_loop_wait(&l, t0 + 2 * SP_MSEC, ready), 0);
		assert_true(sp_clock_mono() >= t0 + 2 * SP_MSEC);
	}
	/* The same deadline again, now past, returns at once and again. */
	assert_int_equal(sp_loop_wait(&l, t0, ready), 0);
	assert_int_equal(sp_loop_wait(&l, t0, ready), 0);
	assert_true(sp_clock_wall() > 1700000000 * SP_SEC);
	sp_loop_close(&l);
}

static void test_signals(void **state)
{
	struct sp_ready ready[SP_LOOP_BATCH];
	struct sp_error err;
	struct sp_loop l;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGUSR1);
	assert_int_equal(sp_loop_open(&l, &set, &err), 0);
	assert_int_equal(sp_loop_signal(&l), 0);
	assert_int_equal(raise(SIGTERM), 0);
	assert_int_equal(sp_loop_wait(&l, SP_NEVER, ready), 1);
	assert_int_equal(ready[0].kind, SP_LOOP_SIGNAL);
	assert_int_equal(sp_loop_signal(&l), SIGTERM);
	assert_int_equal(sp_loop_signal(&l), 0);
	sp_loop_close(&l);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sources),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_deadline),
		cmocka_unit_test(test_signals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
