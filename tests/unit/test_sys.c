/* SPDX-License-Identifier: Apache-2.0 */
/* Removing trees: what stands in the way and what must not be touched. Files that appear whole.
 * Pauses. Huge pages. */
#include "sys/fd.h"
#include "sys/huge.h"
#include "sys/replace.h"
#include "sys/sys.h"

#include "cmocka_all.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>

static void test_remove_tree(void **state)
{
	char base[] = "/tmp/sidepod-sys.XXXXXX", path[128];
	int dir, keep;

	assert_non_null(mkdtemp(base));
	dir = open(base, O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_true(dir >= 0);
	keep = openat(dir, "keep", O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	assert_true(keep >= 0);
	(void)sp_close(keep);
	assert_int_equal(mkdirat(dir, "t", 0700), 0);
	assert_int_equal(mkdirat(dir, "t/a", 0700), 0);
	assert_int_equal(mkdirat(dir, "t/a/locked", 0), 0);
	assert_int_equal(symlinkat("../keep", dir, "t/link"), 0);
	assert_int_equal(symlinkat("..", dir, "t/a/up"), 0);
	assert_int_equal(mkfifoat(dir, "t/a/fifo", 0600), 0);
	/* by a path through a link, which is followed; the links inside are not */
	assert_int_equal(symlinkat(".", dir, "here"), 0);
	(void)snprintf(path, sizeof(path), "%s/here/t", base);
	assert_int_equal(sys_remove_tree(AT_FDCWD, path), 0);
	assert_int_equal(faccessat(dir, "t", F_OK, AT_SYMLINK_NOFOLLOW), -1);
	assert_int_equal(faccessat(dir, "keep", F_OK, 0), 0);
	assert_int_equal(sys_remove_tree(dir, "t"), 0); /* not there */
	assert_int_equal(sys_remove_tree(dir, "no/where"), 0);
	assert_int_equal(sys_remove_tree(dir, "here"), 0); /* the link alone */
	assert_int_equal(faccessat(dir, "keep", F_OK, 0), 0);
	assert_int_equal(sys_remove_tree(AT_FDCWD, base), 0);
	assert_int_equal(access(base, F_OK), -1);
	(void)sp_close(dir);
}

/* Deeper than a process may have descriptors, on several ways, with names that are taken. */
static void test_remove_deep(void **state)
{
	char base[] = "/tmp/sidepod-sys.XXXXXX";
	struct rlimit before, few;
	int dir;

	assert_non_null(mkdtemp(base));
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	few = (struct rlimit){.rlim_cur = 96, .rlim_max = before.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	dir = open(base, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(mkdirat(dir, ".sidepod-0", 0700), 0);
	assert_int_equal(mkdirat(dir, ".sidepod-0/full", 0700), 0);
	assert_int_equal(mknodat(dir, ".sidepod-1", S_IFREG | 0600, 0), 0);
	for (int way = 0; way < 2; way++) {
		int at = dup(dir);

		for (int depth = 0; depth < 150; depth++) {
			const char *name = depth ? "d" : way ? "b" : "a";
			int next;

			assert_int_equal(mkdirat(at, name, 0700), 0);
			next = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
			assert_true(next >= 0);
			(void)sp_close(at);
			at = next;
		}
		(void)sp_close(at);
	}
	(void)sp_close(dir);
	assert_int_equal(sys_remove_tree(AT_FDCWD, base), 0);
	assert_int_equal(access(base, F_OK), -1);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
}

/* An ordinary user's own directories, which a container has closed to everyone. */
static void test_remove_denied(void **state)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		char base[] = "/tmp/sidepod-sys.XXXXXX";
		int dir;

		if (geteuid() == 0 && setresuid(65534, 65534, 65534) < 0)
			_exit(1);
		dir = mkdtemp(base) ? open(base, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
		if (dir < 0 || mkdirat(dir, "d", 0700) < 0 || mkdirat(dir, "d/e", 0700) < 0 ||
		    mknodat(dir, "d/e/f", S_IFREG | 0600, 0) < 0 ||
		    fchmodat(dir, "d/e", 0500, 0) < 0 || fchmodat(dir, "d", 0500, 0) < 0)
			_exit(2);
		_exit(sys_remove_tree(AT_FDCWD, base) == 0 && access(base, F_OK) < 0 ? 0 : 3);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void test_small_files(void **state)
{
	int fd = memfd_create("t", MFD_CLOEXEC);
	char path[40], buf[8];

	assert_true(fd >= 0);
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	assert_int_equal(sys_write_file(AT_FDCWD, path, "0123456789"), 0);
	assert_int_equal(sys_read_file(AT_FDCWD, path, buf, sizeof(buf)), 7);
	assert_string_equal(buf, "0123456"); /* cut, and ended */
	assert_int_equal(sys_read_file(AT_FDCWD, "/nonexistent", buf, sizeof(buf)), -ENOENT);
	assert_int_equal(sys_write_file(AT_FDCWD, "/nonexistent", "x"), -ENOENT);
	(void)sp_close(fd);
}

static void put(const char *path, const char *text, bool commit)
{
	struct sp_replace r;
	struct sp_error err;

	assert_int_equal(sp_replace_open(path, 0600, &r, &err), 0);
	assert_int_equal(sp_write_all(r.fd, text, strlen(text)), 0);
	if (commit)
		assert_int_equal(sp_replace_commit(&r, &err), 0);
	sp_replace_done(&r);
}

/* Also beside what a killed process left, whose number comes again. */
static void test_replace(void **state)
{
	char base[] = "/tmp/sidepod-sys.XXXXXX", path[64], litter[64], buf[8];
	int dir, fd;

	assert_non_null(mkdtemp(base));
	(void)snprintf(path, sizeof(path), "%s/f", base);
	(void)snprintf(litter, sizeof(litter), "%s/.sidepod-%d", base, (int)getpid());
	put(path, "no", false);
	assert_int_equal(access(path, F_OK), -1);
	put(path, "one", true);
	fd = open(litter, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	(void)sp_close(fd);
	put(path, "no", false);
	put(path, "two", true);
	assert_int_equal(sys_read_file(AT_FDCWD, path, buf, sizeof(buf)), 3);
	assert_string_equal(buf, "two");
	assert_int_equal(access(litter, F_OK), -1);
	/* one that is being written stays */
	fd = open(litter, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	dir = open(base, O_PATH | O_DIRECTORY | O_CLOEXEC);
	sp_replace_sweep(dir);
	assert_int_equal(access(litter, F_OK), 0);
	(void)sp_close(fd);
	sp_replace_sweep(dir);
	assert_int_equal(access(litter, F_OK), -1);
	assert_int_equal(access(path, F_OK), 0);
	(void)sp_close(dir);
	assert_int_equal(sys_remove_tree(AT_FDCWD, base), 0);
}

static void test_pause(void **state)
{
	int64_t waited = 0;
	int n = 0;

	while (sys_pause(&waited, 1000000))
		n++;
	assert_int_equal(n, 6); /* 50 µs, 50, 100, 200, 400, 800 */
	assert_int_equal(waited, 1600000);
}

/* What the kernel says of itself, whichever sizes it has. */
static void test_huge_pages(void **state)
{
	int64_t sizes[SYS_HUGE_SIZES_MAX];
	int n = sys_huge_sizes(sizes);

	assert_true(n >= 0 && n <= SYS_HUGE_SIZES_MAX);
	for (int i = 0; i < n; i++) {
		assert_true(sizes[i] % 4096 == 0 && (i == 0 || sizes[i] > sizes[i - 1]));
		assert_true(sys_huge_pages(sizes[i]) >= 0);
	}
	assert_int_equal(sys_huge_pages(3 << 20), -ENOENT);
	assert_int_equal(sys_huge_pages(1000), -ENOENT);
}

/* Two descriptors go along; the one that there is no room for is closed, not lost. */
static void test_descriptors(void **state)
{
	union {
		struct cmsghdr head;
		char mem[CMSG_SPACE(2 * sizeof(int))];
	} control;
	char text[8] = "";
	struct iovec iov = {.iov_base = text, .iov_len = sizeof(text)};
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = control.mem,
			     .msg_controllen = sizeof(control.mem)};
	int pair[2], pipes[2], got, next;

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	assert_int_equal(sys_send_with_fds(pair[0], "hello", 6, pipes, 2, 0), 0);
	next = fcntl(pair[0], F_DUPFD_CLOEXEC, 0);
	(void)sp_close(next);
	assert_int_equal(recvmsg(pair[1], &msg, MSG_CMSG_CLOEXEC), 6);
	assert_string_equal(text, "hello");
	assert_int_equal(sys_received_fds(&msg, &got, 1), 1);
	assert_int_equal(got, next);
	assert_int_equal(fcntl(next + 1, F_GETFD), -1);
	/* it is the reading end */
	assert_int_equal(write(pipes[1], "x", 1), 1);
	assert_int_equal(read(got, text, 1), 1);
	(void)sp_close(got);
	(void)sp_close(pipes[0]);
	(void)sp_close(pipes[1]);
	(void)sp_close(pair[1]);
	assert_int_equal(sys_send_with_fds(pair[0], "more", 4, NULL, 0, MSG_DONTWAIT), -EPIPE);
	(void)sp_close(pair[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_remove_tree),   cmocka_unit_test(test_remove_deep),
		cmocka_unit_test(test_remove_denied), cmocka_unit_test(test_small_files),
		cmocka_unit_test(test_replace),       cmocka_unit_test(test_pause),
		cmocka_unit_test(test_descriptors),   cmocka_unit_test(test_huge_pages)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
