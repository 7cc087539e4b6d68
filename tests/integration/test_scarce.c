/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The program on machines that lack something: room on the disk, the right to write, a network.
 * It says what is missing, breaks nothing, and goes on when it is there again.
 */
#include "command_env.h"
#include "own_machine.h"

#include "../unit/cmocka_all.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define FINISHES                                                                                   \
	"  restartPolicy: Never\n"                                                                 \
	"  containers: [{name: c, " IMAGE ", command: [demo, act, 'say=hello,exit=0']}]\n"

static const char *below_root(const char *name)
{
	static char path[160];

	snprintf(path, sizeof(path), "%s/%s", root, name);
	return path;
}

/* Take all the room that is left. */
static void fill(void)
{
	static const char bytes[4096];
	int fd = open(below_root("fill"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	for (size_t n = sizeof(bytes); n > 0; n = n == 1 ? 0 : 1)
		while (write(fd, bytes, n) > 0)
			;
	close(fd);
}

static void make_room(void)
{
	assert_int_equal(unlink(below_root("fill")), 0);
}

static off_t size_of(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? st.st_size : -1;
}

/* An archive is there as a whole or not at all. */
static void test_save_without_room(void **state)
{
	char path[192], dir[160];
	struct result r;
	FILE *f;

	snprintf(dir, sizeof(dir), "%s", below_root("small"));
	assert_int_equal(mkdir(dir, 0755), 0);
	assert_int_equal(mount("tmpfs", dir, "tmpfs", 0, "size=200k"), 0);
	snprintf(path, sizeof(path), "%s/archive.tar", dir);
	r = run(ARGS("image", "save", "sidepod.local/demo", "-o", path));
	assert_int_equal(r.code, 5);
	expect_text("No space left on device", &r.err);
	result_done(&r);
	assert_int_equal(size_of(path), -1);
	f = fopen(path, "we");
	assert_non_null(f);
	fputs("precious", f);
	fclose(f);
	expect(5, ARGS("image", "save", "sidepod.local/demo", "-o", path));
	assert_int_equal(size_of(path), 8);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(umount(dir), 0);
	assert_int_equal(rmdir(dir), 0);

	/* into a pipe: nothing at all when a name is wrong */
	r = run(ARGS("image", "save", "sidepod.local/demo", "nobody:1"));
	assert_int_not_equal(r.code, 0);
	assert_int_equal(r.out.len, 0);
	expect_text("nobody:1", &r.err);
	result_done(&r);
	own_machine_clean("image save without room");
}

/* There is room for the archive, none for what is in it: half a file is no file. */
static void test_load_without_room(void **state)
{
	const char *archive = "/tmp/archive.tar";
	char dir[160], path[160];
	struct result r;

	snprintf(path, sizeof(path), "%s", manifest("loaded", FINISHES));
	expect(0, ARGS("image", "save", "sidepod.local/demo", "-o", archive));
	snprintf(dir, sizeof(dir), "%s", below_root("small"));
	assert_int_equal(mkdir(dir, 0755), 0);
	assert_int_equal(mount("tmpfs", dir, "tmpfs", 0, "size=1500k"), 0);
	r = run(ARGS("image", "load", archive, "--root", dir));
	assert_int_equal(r.code, 5);
	expect_text("No space left on device", &r.err);
	result_done(&r);
	assert_int_equal(mount(NULL, dir, NULL, MS_REMOUNT, "size=8m"), 0);
	expect(0, ARGS("image", "load", archive, "--root", dir));
	expect(0, ARGS("run", path, "--root", dir));
	assert_int_equal(umount(dir), 0);
	assert_int_equal(rmdir(dir), 0);
	unlink(path);
	unlink(archive);
	own_machine_clean("image load without room");
}

static void test_run_without_room(void **state)
{
	char archive[160], path[160];
	struct result r;

	snprintf(archive, sizeof(archive), "/tmp/archive.tar");
	snprintf(path, sizeof(path), "%s", manifest("crowded", FINISHES));
	expect(0, ARGS("image", "save", "sidepod.local/demo", "-o", archive));
	fill();
	r = run(ARGS("run", path));
	assert_int_equal(r.code, 5);
	expect_text("pod 'crowded' could not begin: ", &r.err);
	expect_text("pace", &r.err); /* "no space is left", "No space left on device" */
	result_done(&r);
	r = run(ARGS("up", "-d", path));
	assert_int_equal(r.code, 5);
	expect_text("pace", &r.err);
	result_done(&r);
	r = run(ARGS("image", "load", archive, "--name", "other:1"));
	assert_int_equal(r.code, 5);
	expect_text("No space left on device", &r.err);
	result_done(&r);
	expect(0, ARGS("ps"));
	expect(0, ARGS("image", "ls"));
	expect(0, ARGS("down", "--all"));
	make_room();
	expect(0, ARGS("run", path));
	unlink(path);
	unlink(archive);
	own_machine_clean("run without room");
}

/* The disk gets full while a pod runs: the pod does not mind, and its end is known. */
static void test_full_meanwhile(void **state)
{
	const char *path;
	char body[4096];
	struct sp_buf b = sp_buf_fixed(body, sizeof(body));
	struct result r = {0};
	int out_fd, err_fd;
	pid_t pid;

	/* what the end writes is more than the page that the record has already */
	sp_buf_puts(&b, "  containers:\n");
	for (int i = 0; i < 16; i++)
		sp_buf_printf(&b,
			      "  - {name: app-%d, " IMAGE ", command: [demo, act, "
			      "'say=serving,every=0.01:more,term=0:0']}\n",
			      i);
	path = manifest("meanwhile", body);
	pid = start(ARGS("run", path, "--no-logs"), -1, &out_fd, &err_fd);
	read_until(err_fd, "Ready=True", &r.err);
	for (int i = 0; i < 16; i++) { /* from here on it listens to signals */
		char name[16];

		snprintf(name, sizeof(name), "app-%d", i);
		expect_at_last("serving", ARGS("logs", "meanwhile", "-c", name));
	}
	fill();
	expect(0, ARGS("exec", "meanwhile", "--", "/bin/true"));
	expect(0, ARGS("ps"));
	expect(0, ARGS("down", "meanwhile"));
	collect(out_fd, err_fd, &r);
	r.code = reap(pid);
	assert_int_equal(r.code, 0); /* the supervisor's own state makes room for the end */
	expect_text("pod/meanwhile Succeeded after", &r.err);
	result_done(&r);
	make_room();
	unlink(path);
	own_machine_clean("a disk that gets full");
}

/* ... and has room again before the end: nothing of the record is missing. */
static void test_room_again(void **state)
{
	const char *path = manifest(
		"again",
		"  containers:\n"
		"  - {name: app, " IMAGE
		", command: [demo, act, 'say=serving,every=0.01:more,term=0:0'],\n"
		"     readinessProbe: {exec: {command: [/bin/true]}, periodSeconds: 1}}\n");
	struct result r = {0};
	int out_fd, err_fd;
	pid_t pid = start(ARGS("run", path), -1, &out_fd, &err_fd);

	read_until(err_fd, "Ready=True", &r.err);
	read_until(out_fd, "serving", &r.out);
	fill();
	expect(0, ARGS("exec", "again", "--", "/bin/true"));
	usleep(1200000); /* a probe that cannot be recorded */
	make_room();
	expect(0, ARGS("down", "again"));
	collect(out_fd, err_fd, &r);
	assert_int_equal(reap(pid), 0);
	expect_text("pod/again Succeeded after", &r.err);
	result_done(&r);
	r = run(ARGS("events", "again", "-o", "json"));
	result_done(&r);
	expect(0, ARGS("timeline", "again"));
	unlink(path);
	own_machine_clean("a disk with room again");
}

static void test_read_only_root(void **state)
{
	char path[160];
	struct result r;

	snprintf(path, sizeof(path), "%s", manifest("nowhere", FINISHES));
	assert_int_equal(mount(NULL, root, NULL, MS_REMOUNT | MS_RDONLY, NULL), 0);
	r = run(ARGS("run", path));
	assert_int_equal(r.code, 5);
	expect_text("Read-only file system", &r.err);
	result_done(&r);
	expect(0, ARGS("ps"));
	expect(0, ARGS("image", "ls"));
	expect(0, ARGS("timeline"));
	assert_int_equal(mount(NULL, root, NULL, MS_REMOUNT, "size=4m"), 0);
	expect(0, ARGS("run", path));
	unlink(path);
	own_machine_clean("a read-only root");
}

/* There is nothing but this machine: what is here runs, what is elsewhere is said to be. */
static void test_no_network(void **state)
{
	const char *none = "/tmp/no-resolver";
	struct result r;
	char path[160];
	int fd = open(none, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	close(fd);
	/* answers at once, where others would be waited for */
	assert_int_equal(mount(none, "/etc/resolv.conf", NULL, MS_BIND, NULL), 0);
	snprintf(path, sizeof(path), "%s", manifest("alone", FINISHES));
	expect(0, ARGS("run", path));
	expect(0, ARGS("run", path, "--net", "lo"));
	r = run(ARGS("image", "pull", "registry.example/some:1"));
	assert_int_equal(r.code, 1);
	expect_text("this machine has no network", &r.err);
	result_done(&r);
	r = run(ARGS("doctor"));
	assert_int_equal(r.code, 0);
	expect_text("no default route", &r.out);
	result_done(&r);
	assert_int_equal(umount("/etc/resolv.conf"), 0);
	unlink(none);
	unlink(path);
	own_machine_clean("no network");
}

/* ---- older kernels --------------------------------------------------------------------------- */

#define MISSING "Function not implemented"

/* As on a kernel without this system call. Return: what the command said, both streams in `err` */
static struct result run_without(int call, const char *const *args)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)call, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog prog = {.len = SP_ARRAY_LEN(code), .filter = code};
	struct result r = {0};
	char mem[4096];
	int fds[2];
	pid_t pid;
	ssize_t n;

	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog) < 0)
			_exit(98);
		dup2(fds[1], 1);
		dup2(fds[1], 2);
		execv(getenv("SIDEPOD"), (char **)(uintptr_t)args);
		_exit(99);
	}
	close(fds[1]);
	while ((n = read(fds[0], mem, sizeof(mem))) > 0) {
		sp_buf_add(&r.err, mem, (size_t)n);
		if (strstr(text(&r.err), MISSING))
			kill(pid, SIGINT); /* a pod is tried again and again */
	}
	close(fds[0]);
	r.code = reap(pid);
	return r;
}

/* What pods cannot do without is named; what they can do without is not missed. */
static void test_missing_calls(void **state)
{
	static const struct {
		const char *name;
		int call;
		bool needed;
	} calls[] = {
		{"clone3", SYS_clone3, true},
		{"openat2", SYS_openat2, true},
		{"mount_setattr", SYS_mount_setattr, true},
		{"pidfd_open", SYS_pidfd_open, true},
		{"close_range", SYS_close_range, true},
		{"keyctl", SYS_keyctl, false},
		{"add_key", SYS_add_key, false},
		{"io_uring_setup", SYS_io_uring_setup, false},
	};
	char path[160];

	snprintf(path, sizeof(path), "%s", manifest("old", FINISHES));
	for (size_t i = 0; i < SP_ARRAY_LEN(calls); i++) {
		struct result r = run_without(calls[i].call, ARGS("sidepod", "run", path));

		if (!calls[i].needed && r.code != 0)
			fail_msg("%s: exit code %d\n%s", calls[i].name, r.code, text(&r.err));
		if (r.code != 0 && !strstr(text(&r.err), MISSING))
			fail_msg("%s is not said to be missing:\n%s", calls[i].name, text(&r.err));
		result_done(&r);
		expect(0, ARGS("down", "--all", "--now"));
		own_machine_clean(calls[i].name);
	}
	struct result r = run_without(SYS_clone3, ARGS("sidepod", "doctor"));

	assert_int_equal(r.code, 5);
	expect_text("no pod can run", &r.err);
	result_done(&r);
	unlink(path);
}

/* Without the v2 tree there is no cgroup.kill: the freezer helps to kill what does not want to go.
 */
static void test_no_unified_tree(void **state)
{
	const char *path;

	if (umount2("/sys/fs/cgroup/unified", MNT_DETACH) < 0 ||
	    umount2("/sys/fs/cgroup/unified", MNT_DETACH) < 0)
		skip(); /* no hybrid machine: the other trees are tried in test_container */
	own_machine_mark(root);
	path = manifest("stubborn",
			"  terminationGracePeriodSeconds: 600\n"
			"  containers:\n"
			"  - {name: c, " IMAGE ", command: [demo, act, 'say=no,term=ignore']}\n");
	expect(0, ARGS("up", "--wait", path));
	expect(0, ARGS("down", "stubborn", "--now"));
	unlink(path);
	own_machine_clean("no cgroup.kill");
}

/* The whole state on four megabytes, with the image in it. */
static int set_up(void **state)
{
	if (env_set_up(state) != 0 || mount("tmpfs", root, "tmpfs", 0, "size=4m") < 0)
		return -1;
	expect(0, ARGS("run", manifest("first", FINISHES)));
	unlink(below_root("first.yaml"));
	own_machine_mark(root);
	return 0;
}

static int tests(void)
{
	const struct CMUnitTest all[] = {
		cmocka_unit_test(test_save_without_room), cmocka_unit_test(test_load_without_room),
		cmocka_unit_test(test_run_without_room),  cmocka_unit_test(test_full_meanwhile),
		cmocka_unit_test(test_room_again),        cmocka_unit_test(test_read_only_root),
		cmocka_unit_test(test_no_network),        cmocka_unit_test(test_missing_calls),
		cmocka_unit_test(test_no_unified_tree),
	};

	return cmocka_run_group_tests(all, set_up, NULL);
}

int main(void)
{
	return own_machine_run(tests);
}
