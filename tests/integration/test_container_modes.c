/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Containers where the machine gives less: as an ordinary user, without a PID namespace around the
 * pod, on kernels that lack a call, without a v2 tree.
 */
#include "container_env.h"

#include "container/cgroup.h"
#include "sys/fd.h"
#include "sys/sys.h"

#include "../unit/cmocka_all.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

/* ---- rootless ---------------------------------------------------------------------------------
 */

static void rootless(struct env *e)
{
	struct sp_volume disk, mem;
	struct sp_error err;
	struct result r;
	struct job j;
	struct sp_ctr_mount m[] = {
		{.volume = &disk, .target = "/disk"},
		{.volume = &mem, .target = "/mem", .read_only = true},
	};

	CHECK_ERR(sp_volume_empty_dir(e->sandbox, "disk", false, -1, 500, &disk, &err) == 0, err);
	CHECK_ERR(sp_volume_empty_dir(e->sandbox, "mem", true, 1 << 20, -1, &mem, &err) == 0, err);
	job_sh(e, &j, "app",
	       "id -u; hostname; echo x > /dev/null && echo null; head -c 2 /dev/zero | wc -c;"
	       "touch /made /disk/made && echo wrote; touch /mem/x 2>/dev/null || echo ro;"
	       "mknod /tmp/sda b 8 0 2>/dev/null || echo no-nodes; echo $HOME; exit 3");
	j.p.mounts = m;
	j.p.n_mounts = 2;
	CHECK_ERR(job_run(e, &j, &r) == 0 && r.error.code == SP_OK, r.error);
	CHECK_STR(r.out, "0\ntest-pod\nnull\n2\nwrote\nro\nno-nodes\n/root\n");
	CHECK(r.exit.code == 3);
	job_sh(e, &j, "app", "");
	j.sec.run_as_user.set = true;
	j.sec.run_as_user.v = 1000;
	CHECK(job_run(e, &j, &r) == 0);
	CHECK_STR(r.error.text, "set user 1000: Invalid argument");
	(void)sp_close(disk.fd);
	(void)sp_close(mem.fd);
}

static void rootless_kill(struct env *e)
{
	struct sp_ctr_fds fds;
	struct sp_error err;
	struct sp_exit exit;
	struct sp_ctr *c;
	struct job j;

	job_sh(e, &j, "app", "sleep 60 & sleep 60");
	CHECK_ERR(sp_ctr_prepare(e->sandbox, &j.p, &c, &fds, &err) == 0, err);
	CHECK(sp_ctr_release(c, &err) == 0);
	CHECK(sp_ctr_kill(c) == 0);
	reap(c, fds.pidfd, &exit);
	CHECK(exit.code == 137);
	(void)sp_ctr_free(c);
	(void)sp_close(fds.stdout_fd);
	(void)sp_close(fds.stderr_fd);
	(void)sp_close(fds.report_fd);
}

/* ---- no PID namespace around the pod -----------------------------------------------------------
 */

static int alive_r, alive_w;

static void dies_with_us(struct env *e)
{
	struct sp_ctr_fds fds;
	struct sp_error err;
	struct sp_ctr *c;
	struct job j;

	/* whoever holds its standard input (the write end of a pipe of the test) is alive */
	job_sh(e, &j, "app", "exec sleep 60");
	j.p.stdin_open = true;
	j.p.stdin_fd = alive_w;
	j.sec.run_as_user.set = true; /* a change of user clears the death signal */
	j.sec.run_as_user.v = 1000;
	CHECK_ERR(sp_ctr_prepare(e->sandbox, &j.p, &c, &fds, &err) == 0, err);
	CHECK(sp_ctr_release(c, &err) == 0);
	CHECK(read(fds.report_fd, &err, sizeof(err)) == 0);
	/* one more that waits at the gate */
	job_sh(e, &j, "late", "exec sleep 60");
	j.p.stdin_open = true;
	j.p.stdin_fd = alive_w;
	CHECK_ERR(sp_ctr_prepare(e->sandbox, &j.p, &c, &fds, &err) == 0, err);
	_exit(77); /* as killed: no clean-up */
}

static void supervisor_dies(bool as_pid1, bool host_pid, bool share_pid)
{
	struct env e;
	struct sp_error err;
	siginfo_t info;
	char buf[1];
	pid_t pid;
	int p[2];

	if (env_missing())
		skip();
	env_init(&e);
	e.as_pid1 = as_pid1;
	e.params.host_pid = host_pid;
	e.params.share_pid = share_pid;
	assert_int_equal(pipe2(p, O_CLOEXEC), 0);
	alive_r = p[0];
	alive_w = p[1];
	(void)fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct clone_args args = {.flags = as_pid1 ? CLONE_NEWPID : 0,
					  .exit_signal = SIGCHLD};
		pid_t sup = sys_clone3(&args);

		CHECK(sup >= 0);
		if (sup == 0) {
			if (sp_sandbox_open(&e.params, &e.sandbox, &err) < 0)
				check_failed(__FILE__, __LINE__, "sandbox", err.text);
			dies_with_us(&e);
		}
		CHECK(sys_waitid(P_PID, (id_t)sup, &info, WEXITED) == 0);
		_exit(info.si_status);
	}
	(void)sp_close(alive_w);
	assert_int_equal(sys_waitid(P_PID, (id_t)pid, &info, WEXITED), 0);
	assert_int_equal(info.si_status, 77);
	/* end of file: every holder is gone */
	assert_int_equal(poll(&(struct pollfd){.fd = alive_r, .events = POLLIN}, 1, 60000), 1);
	assert_int_equal(read(alive_r, buf, 1), 0);
	(void)sp_close(alive_r);
	/* SBX-2: whoever manages the pod sweeps up, and may do so twice */
	assert_int_equal(sp_sandbox_clean(e.uid, e.pod_dir, e.cgroup_root, false, &err), 0);
	assert_int_equal(sp_sandbox_clean(e.uid, e.pod_dir, e.cgroup_root, false, &err), 0);
	assert_int_equal(access(e.pod_dir, F_OK), -1);
	env_done(&e);
}

static void test_supervisor_dies(void **state)
{
	supervisor_dies(true, false, false);
	supervisor_dies(true, false, true);
	supervisor_dies(false, false, false);
	supervisor_dies(false, true, false);
	supervisor_dies(false, false, true);
}

/* ---- older kernels ----------------------------------------------------------------------------
 */

/* From here on, call @nr does not exist for this process and its children. */
static void forget_call(uint32_t nr, uint32_t errnum)
{
	const struct sock_filter f[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | errnum),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};

	CHECK(sys_seccomp_filter(f, SP_ARRAY_LEN(f), 0) == 0);
}

/* no eBPF: devices cannot be restricted, so nodes cannot be made and would be dead */
static void without_bpf(struct env *e)
{
	struct result r;

	forget_call(SYS_bpf, EPERM);
	CHECK(sh(e,
		 "mknod /tmp/sda b 8 0 2>/dev/null || echo refused; echo x > /dev/null && echo null;"
		 "grep -c 'overlay / overlay .*nodev' /proc/mounts; grep CapBnd /proc/self/status",
		 &r) == 0);
	CHECK_STR(r.out, "refused\nnull\n1\nCapBnd:\t00000000a00425fb\n");
}

static void without_keyctl(struct env *e)
{
	struct result r;

	CHECK(sh(e, "echo up", &r) == 0);
}

static void forget_keyctl(struct env *e)
{
	forget_call(SYS_keyctl, ENOSYS);
}

/* no new mount API: layers are mounted by the old call, however many there are */
static void without_fsopen(struct env *e)
{
	static char names[120][128];
	static const char *layers[121];
	const char *const *one = e->image.layers;
	struct result r;

	for (size_t i = 0; i < SP_ARRAY_LEN(names); i++) {
		(void)snprintf(names[i], sizeof(names[i]), "%s/a-rather-long-name-%03zu", e->base,
			       i);
		CHECK(mkdir(names[i], 0755) == 0);
		layers[i] = names[i];
	}
	layers[120] = e->layer;
	forget_call(SYS_fsopen, ENOSYS);
	CHECK(sh(e, "echo one layer works", &r) == 0);
	e->image.layers = layers;
	e->image.n_layers = SP_ARRAY_LEN(layers);
	CHECK(sh(e, "echo up", &r) == 0);
	CHECK_STR(r.out, "up\n");
	e->image.layers = one;
	e->image.n_layers = 1;
}

/* Every step of the preparation fails once: nothing may stay behind. */
static void each_call_fails(struct env *e)
{
	static const uint32_t calls[] = {SYS_clone3, SYS_open_tree, SYS_pipe2, SYS_socketpair};
	struct sp_volume v;
	struct sp_error err;
	struct result r;
	struct stat st;
	char dir[256];
	siginfo_t info;
	struct job j;

	CHECK_ERR(sp_volume_empty_dir(e->sandbox, "v", false, -1, -1, &v, &err) == 0, err);
	for (size_t i = 0; i < SP_ARRAY_LEN(calls); i++) {
		pid_t pid = fork();

		CHECK(pid >= 0);
		if (pid == 0) {
			forget_call(calls[i], ENOMEM);
			job_sh(e, &j, "app", "");
			j.p.mounts = &(struct sp_ctr_mount){.volume = &v, .target = "/v"};
			j.p.n_mounts = 1;
			CHECK(job_run(e, &j, &r) < 0);
			CHECK_ERR(r.error.code == SP_E_NO_MEMORY, r.error);
			_exit(0);
		}
		CHECK(sys_waitid(P_PID, (id_t)pid, &info, WEXITED) == 0);
		CHECK(info.si_code == CLD_EXITED && info.si_status == 0);
		(void)snprintf(dir, sizeof(dir), "%s/app", e->pod_dir);
		CHECK(stat(dir, &st) < 0);
		(void)snprintf(dir, sizeof(dir), "/sys/fs/cgroup/memory/%s/besteffort/pod%s/app",
			       e->cgroup_root, e->uid);
		CHECK(stat(dir, &st) < 0);
	}
	CHECK(sh(e, "true", &r) == 0);
	(void)sp_close(v.fd);
}

/* And every step in the child is told by name. */
static void each_step_fails(struct env *e)
{
	static const struct {
		uint32_t call;
		const char *text;
	} cases[] = {
		{SYS_close_range, "close_range: "},
		{SYS_setsid, "setsid: "},
		{SYS_unshare, "new cgroup namespace: "},
		{SYS_mount, "mount root file system of 1 layers: "},
		{SYS_pivot_root, "pivot_root: "},
		{SYS_umount2, "leave the machine's root: "},
		{SYS_mknodat, "make device '/dev/null': "},
		{SYS_symlinkat, "make link '/dev/fd': "},
		{SYS_setgroups, "set groups: "},
		{SYS_setresgid, "set group 0: "},
		{SYS_setresuid, "set user 0: "},
		{SYS_capset, "set capabilities: "},
		{SYS_execve, "exec: \"/bin/sh\": "},
	};
	struct result r;
	siginfo_t info;
	struct job j;

	for (size_t i = 0; i < SP_ARRAY_LEN(cases); i++) {
		pid_t pid = fork();

		CHECK(pid >= 0);
		if (pid == 0) {
			forget_call(cases[i].call, EIO);
#ifdef SYS_symlink /* the C library takes the old call where there is one */
			if (cases[i].call == SYS_symlinkat)
				forget_call(SYS_symlink, EIO);
#endif
#ifdef SYS_mknod
			if (cases[i].call == SYS_mknodat)
				forget_call(SYS_mknod, EIO);
#endif
			job_sh(e, &j, "app", "");
			CHECK_ERR(job_run(e, &j, &r) == 0, r.error);
			CHECK_ERR(strncmp(r.error.text, cases[i].text, strlen(cases[i].text)) == 0,
				  r.error);
			CHECK_ERR(strstr(r.error.text, "Input/output error"), r.error);
			CHECK(r.exit.code == 128);
			_exit(0);
		}
		CHECK(sys_waitid(P_PID, (id_t)pid, &info, WEXITED) == 0);
		if (info.si_code != CLD_EXITED || info.si_status != 0)
			check_failed(__FILE__, __LINE__, "process", cases[i].text);
	}
	CHECK(sh(e, "true", &r) == 0);
}

/* ---- cgroups without a v2 tree -----------------------------------------------------------------
 */

static void hide_v2(struct env *e)
{
	CHECK(unshare(CLONE_NEWNS) == 0);
	CHECK(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
	CHECK(umount2("/sys/fs/cgroup/unified", MNT_DETACH) == 0);
}

static void v1_alone(struct env *e)
{
	struct sp_usage usage;
	struct sp_ctr_fds fds;
	struct sp_error err;
	struct sp_exit exit;
	struct result r;
	struct sp_ctr *c;
	struct job j;

	/* devices by the v1 controller */
	CHECK(sh(e,
		 "mknod /tmp/kmsg c 1 11; head -c 1 /tmp/kmsg 2>/dev/null || echo refused;"
		 "head -c 2 /dev/zero | wc -c; ls /sys/fs/cgroup",
		 &r) == 0);
	CHECK_STR(r.out, "refused\n2\ncpu\ncpuacct\ndevices\nfreezer\nmemory\n");
	/* kill by the freezer, in a shared PID namespace so that nothing else does */
	job_sh(e, &j, "app", "(sleep 60 &) ; echo up; exec sleep 60");
	CHECK_ERR(sp_ctr_prepare(e->sandbox, &j.p, &c, &fds, &err) == 0, err);
	CHECK(sp_ctr_release(c, &err) == 0);
	CHECK(read(fds.stdout_fd, r.out, 3) == 3);
	CHECK_ERR(sp_sandbox_usage(e->sandbox, "app", &usage, &err) == 0, err);
	CHECK(usage.cpu_ns > 0 && usage.memory_bytes > 0);
	CHECK(sp_ctr_kill(c) == 0);
	reap(c, fds.pidfd, &exit);
	CHECK(exit.code == 137);
	drain(fds.stdout_fd, r.out, sizeof(r.out)); /* ends when the other sleep is dead, too */
	(void)sp_ctr_free(c);
	(void)sp_close(fds.stdout_fd);
	(void)sp_close(fds.stderr_fd);
	(void)sp_close(fds.report_fd);
}

static void no_cgroups(struct env *e)
{
	struct result r;

	CHECK(sh(e, "ls /sys/fs/cgroup; exit 2", &r) == 2);
	CHECK_STR(r.out, "");
}

static void hide_cgroups(struct env *e)
{
	CHECK(unshare(CLONE_NEWNS) == 0);
	CHECK(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
	CHECK(umount2("/sys/fs/cgroup", MNT_DETACH) == 0);
}

/* ---- the tests --------------------------------------------------------------------------------
 */

BODY_TEST(rootless, e.rootless = e.params.rootless = true)
BODY_TEST(rootless_kill, e.rootless = e.params.rootless = true)
BODY_TEST(without_bpf, )
BODY_TEST(without_keyctl, e.before = forget_keyctl)
BODY_TEST(without_fsopen, )
BODY_TEST(each_call_fails, )
BODY_TEST(each_step_fails, )
BODY_TEST(v1_alone, {
	if (cgroup_v2()) {
		env_done(&e);
		skip();
	}
	e.before = hide_v2;
	e.params.share_pid = true;
})
BODY_TEST(no_cgroups, e.before = hide_cgroups)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rootless),        cmocka_unit_test(test_rootless_kill),
		cmocka_unit_test(test_supervisor_dies), cmocka_unit_test(test_without_bpf),
		cmocka_unit_test(test_without_keyctl),  cmocka_unit_test(test_without_fsopen),
		cmocka_unit_test(test_each_call_fails), cmocka_unit_test(test_each_step_fails),
		cmocka_unit_test(test_v1_alone),        cmocka_unit_test(test_no_cgroups),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
