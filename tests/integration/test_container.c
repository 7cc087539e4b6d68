/* SPDX-License-Identifier: Apache-2.0 */
/* Real containers from a busybox root file system: isolation, limits, identity, volumes, the end.
 */
#include "container_env.h"

#include "container/caps.h"
#include "container/seccomp_default.h"
#include "sys/fd.h"
#include "sys/sys.h"

#include "../unit/cmocka_all.h"

#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

/* ---- isolation --------------------------------------------------------------------------------
 */

static void nothing_inherited(struct env *e)
{
	struct result r;
	struct job j;
	int leak = open("/etc", O_RDONLY | O_DIRECTORY); /* on purpose without O_CLOEXEC */

	CHECK(leak >= 0);
	CHECK(setenv("SECRET_OF_THE_HOST", "1", 1) == 0);
	CHECK(signal(SIGUSR1, SIG_IGN) != SIG_ERR);
	job_sh(e, &j, "app", "");
	j.argv[0] = "/bin/ls"; /* 3 is its own */
	j.argv[1] = "/proc/self/fd";
	j.argv[2] = NULL;
	CHECK(job_run(e, &j, &r) == 0);
	CHECK_STR(r.out, "0\n1\n2\n3\n");
	j.argv[0] = "env";
	j.argv[1] = NULL;
	CHECK(job_run(e, &j, &r) == 0);
	CHECK_STR(r.out, "PATH=/bin\nA=b\nHOME=/root\n");
	j.argv[0] = "grep";
	j.argv[1] = "-E";
	j.argv[2] = "SigIgn|SigBlk|Umask";
	j.argv[3] = "/proc/self/status";
	CHECK(job_run(e, &j, &r) == 0);
	CHECK_STR(r.out, "Umask:\t0022\nSigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
	(void)sp_close(leak);
}

static void own_view(struct env *e)
{
	struct result r;

	CHECK(sh(e, "echo $$; hostname; ls /; ls /../../tmp; ls -d /proc/[0-9]* | head -1", &r) ==
	      0);
	CHECK_STR(r.out, "1\ntest-pod\nbin\ndev\netc\nproc\nsys\ntmp\n/proc/1\n");
	/* the only mounts are the container's own, the only cgroup its own */
	CHECK(sh(e, "grep -vE ' (/|/dev.*|/proc.*|/sys.*) ' /proc/mounts", &r) == 1);
	CHECK(sh(e, "grep sidepod /proc/self/cgroup", &r) == 1);
}

static void masked(struct env *e)
{
	struct result r;

	CHECK(sh(e,
		 "cat /proc/kcore /proc/keys /proc/timer_list 2>/dev/null | wc -c; ls -A /sys/firmware /proc/acpi;"
		 "for f in /proc/sys/kernel/hostname /proc/sysrq-trigger /sys/kernel/mm/ksm/run; do "
		 "(echo x > $f) 2>/dev/null && echo wrote $f; done; "
		 "touch /sys/fs/cgroup/x 2>/dev/null && echo cg; true",
		 &r) == 0);
	CHECK_STR(r.out, "0\n/proc/acpi:\n\n/sys/firmware:\n");
	/* its own control groups are the roots of what it sees, in every hierarchy, and it is in
	 * them */
	CHECK(sh(e,
		 "grep ' - cgroup' /proc/self/mountinfo | grep -v ' / /sys/fs/cgroup'; "
		 "for f in /sys/fs/cgroup/cgroup.procs /sys/fs/cgroup/*/cgroup.procs; do "
		 "test ! -e $f || grep -qx $$ $f || echo not in $f; done; "
		 "grep ' /sys/fs/cgroup.* - cgroup' /proc/self/mountinfo | grep -v ' ro,' ; echo end",
		 &r) == 0);
	CHECK_STR(r.out, "end\n");
}

static void devices(struct env *e)
{
	struct result r;

	CHECK(sh(e,
		 "for d in null zero full random urandom tty; do test -c /dev/$d || echo no $d; done;"
		 "head -c 3 /dev/zero | wc -c; echo x > /dev/null && echo null;"
		 "mknod /tmp/sda b 8 0 && echo made; cat /tmp/sda; mknod /tmp/kmsg c 1 11;"
		 "head -c 1 /tmp/kmsg; mknod /tmp/zero c 1 5; head -c 2 /tmp/zero | wc -c",
		 &r) == 0);
	CHECK_STR(r.out, "3\nnull\nmade\n2\n");
	CHECK_STR(r.err, "cat: can't open '/tmp/sda': Operation not permitted\n"
			 "head: /tmp/kmsg: Operation not permitted\n");
}

/* SEC-3 */
static void capabilities(struct env *e)
{
	const char *drop[] = {"ALL"}, *add[] = {"NET_ADMIN", "KILL"};
	struct result r;
	struct job j;

	CHECK(sh(e, "grep Cap /proc/self/status; mount -t tmpfs x /tmp 2>/dev/null || echo denied",
		 &r) == 0);
	CHECK_STR(r.out, "CapInh:\t0000000000000000\nCapPrm:\t00000000a80425fb\n"
			 "CapEff:\t00000000a80425fb\nCapBnd:\t00000000a80425fb\n"
			 "CapAmb:\t0000000000000000\ndenied\n");
	job_sh(e, &j, "app",
	       "grep -E 'CapPrm|CapBnd|NoNew' /proc/self/status; chroot / /bin/true || "
	       "echo denied");
	j.caps.add.v = add;
	j.caps.add.n = 2;
	j.caps.drop.v = drop;
	j.caps.drop.n = 1;
	j.sec.caps = &j.caps;
	j.sec.allow_escalation.set = true;
	CHECK(job_run(e, &j, &r) == 0);
	CHECK_STR(r.out, "CapPrm:\t0000000000001020\nCapBnd:\t0000000000001020\nNoNewPrivs:\t1\n"
			 "denied\n");
	/* a user has none, and cannot get any */
	job_sh(e, &j, "app", "id; grep -E 'CapPrm|CapEff|CapBnd' /proc/self/status");
	j.sec.run_as_user.set = true;
	j.sec.run_as_user.v = 1234;
	CHECK(job_run(e, &j, &r) == 0);
	CHECK_STR(r.out, "uid=1234 gid=0(root) groups=0(root)\nCapPrm:\t0000000000000000\n"
			 "CapEff:\t0000000000000000\nCapBnd:\t00000000a80425fb\n");
	add[0] = "FLY";
	job_sh(e, &j, "app", "");
	j.caps.add.v = add;
	j.caps.add.n = 1;
	j.sec.caps = &j.caps;
	CHECK(job_run(e, &j, &r) < 0 && r.error.code == SP_E_INVALID);
	CHECK_STR(r.error.text, "unknown capability 'FLY'");
}

/* SEC-6 */
static void filtered(struct env *e)
{
	static const struct sock_filter no_mkdir[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
#ifdef SYS_mkdir
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mkdir, 1, 0),
#endif
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mkdirat, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EOPNOTSUPP),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sp_seccomp own[] = {
		{.profile = "p.json",
		 .caps = sp_caps_default,
		 .bpf = no_mkdir,
		 .n = SP_ARRAY_LEN(no_mkdir),
		 .flags = SECCOMP_FILTER_FLAG_LOG},
		sp_seccomp_default,
	};
	struct result r;
	struct job j;

	CHECK(sh(e, "grep Seccomp: /proc/self/status; mount -t tmpfs x /tmp", &r) != 0);
	CHECK_STR(r.out, "Seccomp:\t2\n");
	CHECK_STR(r.err, "mount: permission denied (are you root?)\n");
	job_sh(e, &j, "app", "grep Seccomp: /proc/self/status");
	j.seccomp.type = "Unconfined";
	j.pod.seccomp = &j.seccomp;
	CHECK(job_run(e, &j, &r) == 0);
	CHECK_STR(r.out, "Seccomp:\t0\n");
	/* the default can be switched off (SEC-6); what a profile asks for stays */
	e->params.seccomp_if_named = true;
	CHECK(sh(e, "grep Seccomp: /proc/self/status", &r) == 0);
	CHECK_STR(r.out, "Seccomp:\t0\n");
	j.seccomp.type = "RuntimeDefault";
	CHECK(job_run(e, &j, &r) == 0);
	CHECK_STR(r.out, "Seccomp:\t2\n");
	e->params.seccomp_if_named = false;
	job_sh(e, &j, "app", "grep -E 'Seccomp:|NoNew' /proc/self/status");
	j.sec.allow_escalation.set = true;
	j.sec.run_as_user.set = true;
	j.sec.run_as_user.v = 1;
	CHECK(job_run(e, &j, &r) == 0);
	CHECK_STR(r.out, "NoNewPrivs:\t1\nSeccomp:\t2\n");
	job_sh(e, &j, "app", "");
	j.seccomp.type = "Localhost";
	j.seccomp.localhost_profile = "p.json";
	j.sec.seccomp = &j.seccomp;
	CHECK(job_run(e, &j, &r) < 0 && r.error.code == SP_E_INVALID);
	CHECK_STR(r.error.text, "seccomp profile 'p.json' was not compiled");
	/* one of the user's own, made for just the capabilities that the manifest asks for */
	e->params.seccomp = own;
	e->params.n_seccomp = SP_ARRAY_LEN(own);
	job_sh(e, &j, "app", "mkdir /tmp/x; test -d /tmp");
	j.seccomp.type = "Localhost";
	j.seccomp.localhost_profile = "p.json";
	j.sec.seccomp = &j.seccomp;
	CHECK(job_run(e, &j, &r) == 0);
	CHECK_STR(r.err, "mkdir: can't create directory '/tmp/x': Operation not supported\n");
	CHECK(sh(e, "mkdir /tmp/x", &r) == 0); /* the default is found behind it */
}

static void privileged(struct env *e)
{
	struct result r;
	struct job j;

	job_sh(e, &j, "app",
	       "grep -E 'Seccomp:' /proc/self/status; mount -t tmpfs x /tmp && echo ok;"
	       "test -c /dev/loop-control && echo loop; test -f /proc/keys && echo keys;"
	       "echo 1 > /proc/sys/net/ipv4/ip_forward && echo sysctl");
	j.sec.privileged.set = j.sec.privileged.v = true;
	CHECK(job_run(e, &j, &r) == 0);
	CHECK_STR(r.out, "Seccomp:\t0\nok\nloop\nkeys\nsysctl\n");
}

/* Links of an image that want out of it. */
static void evil_image(struct env *e)
{
	struct sp_volume v;
	struct sp_ctr_mount m[3];
	struct result r;
	struct sp_error err;
	struct job j;

	CHECK_ERR(sp_volume_empty_dir(e->sandbox, "data", false, -1, -1, &v, &err) == 0, err);
	for (int i = 0; i < 3; i++)
		m[i] = (struct sp_ctr_mount){.volume = &v, .source_fd = -EBADF};
	m[0].target = "/abs/x";      /* image: abs -> /etc */
	m[1].target = "/dots/new";   /* image: dots -> ../../../../../../tmp */
	m[2].target = "/proc1/evil"; /* image: proc1 -> /proc/1/root */
	job_sh(e, &j, "app", "ls -d /etc/x /tmp/new");
	j.p.mounts = m;
	j.p.n_mounts = 2;
	CHECK_ERR(job_run(e, &j, &r) == 0 && r.error.code == SP_OK, r.error);
	CHECK_STR(r.out, "/etc/x\n/tmp/new\n");
	CHECK(access("/etc/x", F_OK) < 0 && access("/tmp/new", F_OK) < 0);
	job_sh(e, &j, "app", "");
	j.p.mounts = m + 2;
	j.p.n_mounts = 1;
	CHECK(job_run(e, &j, &r) == 0);
	CHECK_STR(r.error.text, "mount on '/proc1/evil': Too many levels of symbolic links");
	CHECK(r.exit.code == 128);
	(void)sp_close(v.fd);
}

static void link_in_layer(const struct env *e, const char *to, const char *name)
{
	char path[256];

	(void)snprintf(path, sizeof(path), "%s/%s", e->layer, name);
	assert_int_equal(symlink(to, path), 0);
}

/* ---- identity and process ---------------------------------------------------------------------
 */

/* SEC-2, SEC-4, CMD-2, OOM-5 */
static void identity(struct env *e)
{
	int64_t groups[] = {3000};
	struct result r;
	struct job j;

	e->image.user = "web";
	job_sh(e, &j, "app",
	       "id; echo $HOME; echo out > /dev/stdout; pwd; cat /proc/self/oom_score_adj");
	j.p.working_dir = "/made/by/runtime";
	j.pod.fs_group.set = true;
	j.pod.fs_group.v = 2000;
	j.pod.supplemental_groups.v = groups;
	j.pod.supplemental_groups.n = 1;
	CHECK_ERR(job_run(e, &j, &r) == 0 && r.error.code == SP_OK, r.error);
	CHECK_STR(r.out, "uid=101(web) gid=102(web) groups=29(audio),102(web),2000,3000\n/srv/web\n"
			 "out\n/made/by/runtime\n1000\n");
	/* SEC-1: the container's word counts, field by field; the rest is the pod's */
	job_sh(e, &j, "app", "id -u; id -g");
	j.pod.run_as_user.set = j.pod.run_as_group.set = j.sec.run_as_user.set = true;
	j.pod.run_as_user.v = 1000;
	j.pod.run_as_group.v = 1001;
	j.sec.run_as_user.v = 1234;
	CHECK(job_run(e, &j, &r) == 0);
	CHECK_STR(r.out, "1234\n1001\n");
	e->image.user = "ghost";
	job_sh(e, &j, "app", "");
	CHECK(job_run(e, &j, &r) == 0);
	CHECK_STR(r.error.text, "unable to find user ghost: no matching entries in passwd file");
	job_sh(e, &j, "app", "");
	j.pod.run_as_non_root.set = j.pod.run_as_non_root.v = true;
	CHECK(job_run(e, &j, &r) < 0 && r.error.code == SP_E_INVALID);
	CHECK_STR(r.error.text,
		  "container has runAsNonRoot and image has non-numeric user (ghost), "
		  "cannot verify user is non-root (pod: \"test_default(uid)\", "
		  "container: app)");
	e->image.user = "";
}

static void exit_codes(struct env *e)
{
	struct result r;
	struct job j;

	CHECK(sh(e, "exit 0", &r) == 0);
	CHECK(sh(e, "exit 42", &r) == 42);
	CHECK(sh(e, "kill -9 $$; exit 3", &r) == 3); /* PID 1 is immune to its own */
	CHECK(!r.exit.oom);
	job_sh(e, &j, "app", "");
	j.argv[0] = "no-such-program";
	CHECK(job_run(e, &j, &r) == 0);
	CHECK_STR(r.error.text, "exec: \"no-such-program\": executable file not found in $PATH");
	CHECK(r.error.code == SP_E_NOT_FOUND && r.exit.code == 128);
	j.argv[0] = "/etc/passwd";
	CHECK(job_run(e, &j, &r) == 0);
	CHECK_STR(r.error.text, "exec: \"/etc/passwd\": Permission denied");
	j.argv[0] = "/bin/sh";
	j.p.working_dir = "/etc/passwd";
	CHECK(job_run(e, &j, &r) == 0);
	CHECK_STR(r.error.text, "chdir to '/etc/passwd': Not a directory");
	/* a relative program comes from PATH, with the environment given */
	job_sh(e, &j, "app", "echo $0");
	j.argv[0] = "sh";
	CHECK(job_run(e, &j, &r) == 0 && r.exit.code == 0);
}

static void signals(struct env *e)
{
	struct sp_ctr_fds fds;
	struct sp_exit exit;
	struct sp_error err;
	struct sp_ctr *c;
	struct job j;
	char ready[3];

	e->image.stop_signal = "SIGINT";
	job_sh(e, &j, "app", "trap 'exit 9' INT; echo up; sleep 60 & wait");
	CHECK_ERR(sp_ctr_prepare(e->sandbox, &j.p, &c, &fds, &err) == 0, err);
	/* not before it is released */
	CHECK(poll(&(struct pollfd){.fd = fds.report_fd, .events = POLLIN}, 1, 30) == 0);
	CHECK(sp_ctr_release(c, &err) == 0 && sp_ctr_release(c, &err) == 0);
	CHECK(read(fds.stdout_fd, ready, 3) == 3);
	CHECK(sp_ctr_stop_signal(c) == SIGINT);
	CHECK(sp_ctr_reap(c, &exit, &err) < 0 && err.code == SP_E_UNAVAILABLE);
	CHECK(sp_ctr_signal(c, sp_ctr_stop_signal(c)) == 0);
	reap(c, fds.pidfd, &exit);
	CHECK(exit.code == 9);
	CHECK(sp_ctr_signal(c, SIGTERM) == -ESRCH);
	(void)sp_ctr_free(c);
	(void)sp_close(fds.stdout_fd);
	(void)sp_close(fds.stderr_fd);
	(void)sp_close(fds.report_fd);

	job_sh(e, &j, "app", "sleep 60 & sleep 60");
	CHECK_ERR(sp_ctr_prepare(e->sandbox, &j.p, &c, &fds, &err) == 0, err);
	CHECK(sp_ctr_release(c, &err) == 0);
	CHECK(sp_ctr_kill(c) == 0);
	reap(c, fds.pidfd, &exit);
	CHECK(exit.code == 137 && !exit.oom);
	(void)sp_ctr_free(c);
	(void)sp_close(fds.stdout_fd);
	(void)sp_close(fds.stderr_fd);
	(void)sp_close(fds.report_fd);

	/* given up while it waits */
	CHECK_ERR(sp_ctr_prepare(e->sandbox, &j.p, &c, &fds, &err) == 0, err);
	(void)sp_ctr_free(c);
	(void)sp_close(fds.pidfd);
	(void)sp_close(fds.stdout_fd);
	(void)sp_close(fds.stderr_fd);
	(void)sp_close(fds.report_fd);
}

/* ---- cgroups ----------------------------------------------------------------------------------
 */

static void check_file(const char *path, const char *want)
{
	char got[256];
	ssize_t n = sys_read_file(AT_FDCWD, path, got, sizeof(got));

	CHECK(n > 0);
	CHECK_STR(got, want);
}

/* CG-6, CG-9, CG-24, CG-25 */
static void limits(struct env *e)
{
	char path[256];
	struct result r;
	struct job j;
	struct limit {
		const char *tree, *ctr, *file, *want;
	};
	static const struct limit v1[] = {
		{"/cpu", "", "cpu.shares", "512\n"},
		{"/cpu", "", "cpu.cfs_quota_us", "100000\n"},
		{"/memory", "", "memory.limit_in_bytes", "67108864\n"},
		{"/pids", "", "pids.max", "100\n"},
		{"/cpu", "/app", "cpu.shares", "512\n"},
		{"/cpu", "/app", "cpu.cfs_quota_us", "100000\n"},
		{"/memory", "/app", "memory.limit_in_bytes", "67108864\n"},
		{"/memory", "/app", "memory.memsw.limit_in_bytes", "67108864\n"},
		/* CG-8: as the kernel has it */
		{"/memory", "/app", "memory.soft_limit_in_bytes", "9223372036854771712\n"},
		{"/cpu", "/..", "cpu.shares", "512\n"}, /* the tier */
		{NULL, NULL, NULL, NULL},
	};
	static const struct limit v2[] = {
		{"", "", "cpu.weight", "20\n"},
		{"", "", "cpu.max", "100000 100000\n"},
		{"", "", "memory.max", "67108864\n"},
		{"", "", "memory.oom.group", "0\n"},
		{"", "", "pids.max", "100\n"},
		{"", "", "memory.min", "0\n"}, /* CG-8: as the kernel has them */
		{"", "", "memory.low", "0\n"},
		{"", "", "memory.high", "max\n"},
		{"", "/app", "memory.min", "0\n"},
		{"", "/app", "memory.low", "0\n"},
		{"", "/app", "memory.high", "max\n"},
		{"", "/app", "cpu.weight", "59\n"},
		{"", "/app", "cpu.max", "100000 100000\n"},
		{"", "/app", "memory.max", "67108864\n"},
		{"", "/app", "memory.swap.max", "0\n"},
		{"", "/app", "memory.oom.group", "1\n"},
		{"", "/..", "cpu.weight", "20\n"},
		{NULL, NULL, NULL, NULL},
	};
	const struct limit *want = cgroup_v2() ? v2 : v1;
	struct sp_ctr_fds fds;
	struct sp_usage usage;
	struct sp_exit exit;
	struct sp_error err;
	struct sp_ctr *c;

	job_sh(e, &j, "app", "exec sleep 60");
	CHECK_ERR(sp_ctr_prepare(e->sandbox, &j.p, &c, &fds, &err) == 0, err);
	CHECK(sp_ctr_release(c, &err) == 0);
	CHECK(read(fds.report_fd, &err, sizeof(err)) == 0);
	for (; want->file; want++) {
		(void)snprintf(path, sizeof(path), "/sys/fs/cgroup%s/%s/burstable/pod%s%s/%s",
			       want->tree, e->cgroup_root, e->uid, want->ctr, want->file);
		check_file(path, want->want);
	}
	CHECK_ERR(sp_sandbox_usage(e->sandbox, "app", &usage, &err) == 0, err);
	CHECK(usage.cpu_ns > 0 && usage.memory_bytes > 0 && usage.oom_kills == 0);
	CHECK_ERR(sp_sandbox_usage(e->sandbox, NULL, &usage, &err) == 0, err);
	CHECK(usage.cpu_ns > 0 && usage.pids == 1);
	CHECK(sp_sandbox_usage(e->sandbox, "none", &usage, &err) < 0);
	CHECK(sp_ctr_kill(c) == 0);
	reap(c, fds.pidfd, &exit);
	(void)sp_ctr_free(c);
	(void)sp_close(fds.stdout_fd);
	(void)sp_close(fds.stderr_fd);
	(void)sp_close(fds.report_fd);

	/* v1: the kernel kills a child of the shell, the exit code alone would not tell; v2: all of
	 * the container's processes (CG-5) */
	job_sh(e, &j, "app", "dd if=/dev/zero of=/dev/null bs=100M count=1; exit 5");
	CHECK_ERR(job_run(e, &j, &r) == 0 && r.error.code == SP_OK, r.error);
	CHECK(r.exit.oom && r.exit.code == (cgroup_v2() ? 137 : 5));
	CHECK(sh(e, "exit 1", &r) == 1);
	CHECK(!r.exit.oom); /* a new instance starts at zero */
}

/* ---- exec, terminal, shared PIDs --------------------------------------------------------------
 */

static int exec_sh(struct sp_ctr *c, const char *script, char *out, size_t size)
{
	const char *argv[] = {"sh", "-c", script, NULL};
	struct sp_exec_params p = {
		.argv = argv, .stdin_fd = -EBADF, .stdout_fd = -EBADF, .stderr_fd = -EBADF};
	struct sp_exec_fds fds;
	struct sp_error err;
	siginfo_t info;
	char rest[256];
	pid_t pid;
	ssize_t n;

	CHECK_ERR(sp_ctr_exec(c, &p, &fds, &pid, &err) == 0, err);
	n = read(fds.report_fd, &err, sizeof(err));
	CHECK_ERR(n == 0, err);
	drain(fds.stdout_fd, out, size);
	drain(fds.stderr_fd, rest, sizeof(rest));
	CHECK(sys_waitid(P_PIDFD, (id_t)fds.pidfd, &info, WEXITED) == 0);
	(void)sp_close(fds.pidfd);
	(void)sp_close(fds.stdout_fd);
	(void)sp_close(fds.stderr_fd);
	(void)sp_close(fds.report_fd);
	return info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
}

static void close_all(struct sp_ctr_fds *fds)
{
	(void)sp_close(fds->stdout_fd);
	(void)sp_close(fds->stderr_fd);
	(void)sp_close(fds->report_fd);
}

static void execs(struct env *e)
{
	char out[1024], inside[1024], name[] = "/proc/self/cgroup";
	const char *argv[] = {"missing", NULL};
	struct sp_exec_params p = {
		.argv = argv, .stdin_fd = -EBADF, .stdout_fd = -EBADF, .stderr_fd = -EBADF};
	struct sp_exec_fds xf;
	struct sp_ctr_fds fds;
	struct sp_error err;
	struct sp_exit exit;
	struct sp_ctr *c;
	struct job j;
	pid_t pid;

	e->image.user = "web";
	job_sh(e, &j, "app", "touch /tmp/mine; echo ready; exec sleep 60");
	j.p.working_dir = "/tmp";
	j.sec.allow_escalation.set = true;
	CHECK_ERR(sp_ctr_prepare(e->sandbox, &j.p, &c, &fds, &err) == 0, err);
	CHECK(sp_ctr_exec(c, &p, &xf, &pid, &err) < 0 && err.code == SP_E_NOT_FOUND);
	CHECK(sp_ctr_release(c, &err) == 0);
	CHECK(read(fds.report_fd, &err, sizeof(err)) == 0);
	e->image.user = "";
	CHECK(exec_sh(c,
		      "until test -e mine; do sleep 0.01; done; id; pwd; echo $HOME $A; "
		      "ls /proc/self/fd | wc -l; grep -E 'Seccomp:|CapBnd|NoNew' "
		      "/proc/self/status; exit 4",
		      out, sizeof(out)) == 4);
	CHECK_STR(out, "uid=101(web) gid=102(web) groups=29(audio),102(web)\n/tmp\n/srv/web b\n4\n"
		       "CapBnd:\t00000000a80425fb\nNoNewPrivs:\t1\nSeccomp:\t2\n");
	/* the same cgroups, seen from inside as the root */
	CHECK(exec_sh(c, "cat /proc/self/cgroup", out, sizeof(out)) == 0);
	CHECK(exec_sh(c, "cat /proc/1/cgroup", inside, sizeof(inside)) == 0);
	CHECK_STR(out, inside);
	CHECK(strstr(out, cgroup_v2() ? "0::/\n" : "memory:/\n"));
	CHECK(!strstr(out, name));
	CHECK(exec_sh(c, "kill -9 $$", out, sizeof(out)) == 137);
	CHECK_ERR(sp_ctr_exec(c, &p, &xf, &pid, &err) == 0, err);
	CHECK(read(xf.report_fd, &err, sizeof(err)) == sizeof(err));
	CHECK_STR(err.text, "exec: \"missing\": executable file not found in $PATH");
	CHECK(waitpid(pid, NULL, 0) == pid);
	(void)sp_close(xf.pidfd);
	(void)sp_close(xf.stdout_fd);
	(void)sp_close(xf.stderr_fd);
	(void)sp_close(xf.report_fd);
	CHECK(sp_ctr_kill(c) == 0);
	reap(c, fds.pidfd, &exit);
	CHECK(sp_ctr_exec(c, &p, &xf, &pid, &err) < 0);
	CHECK_STR(err.text, "container 'app' is not running");
	(void)sp_ctr_free(c);
	close_all(&fds);
}

static void terminals(struct env *e)
{
	const char *argv[] = {"sh", "-c", "tty; test -t 1 && echo is-tty; exit 3", NULL};
	struct sp_exec_params p = {.argv = argv,
				   .tty = true,
				   .stdin_fd = -EBADF,
				   .stdout_fd = -EBADF,
				   .stderr_fd = -EBADF};
	struct winsize ws = {.ws_row = 33, .ws_col = 99}, got = {0};
	struct sp_exec_fds xf;
	struct sp_ctr_fds fds;
	struct sp_error err;
	struct sp_exit exit;
	struct sp_ctr *c;
	struct job j;
	char out[512];
	pid_t pid;

	job_sh(e, &j, "app",
	       "tty; echo to-err >&2; test -c /dev/console && echo console; read x; "
	       "echo got $x");
	j.p.tty = true;
	CHECK_ERR(sp_ctr_prepare(e->sandbox, &j.p, &c, &fds, &err) == 0, err);
	CHECK(fds.stderr_fd == -EBADF);
	CHECK(ioctl(fds.stdout_fd, TIOCSWINSZ, &ws) == 0);
	CHECK(ioctl(fds.stdout_fd, TIOCGWINSZ, &got) == 0 && got.ws_col == 99);
	CHECK(sp_ctr_release(c, &err) == 0);
	CHECK(read(fds.report_fd, &err, sizeof(err)) == 0);
	CHECK_ERR(sp_ctr_exec(c, &p, &xf, &pid, &err) == 0, err);
	CHECK(read(xf.report_fd, &err, sizeof(err)) == 0);
	drain(xf.stdout_fd, out, sizeof(out));
	CHECK_STR(out, "/dev/pts/1\r\nis-tty\r\n");
	CHECK(waitpid(pid, NULL, 0) == pid);
	CHECK(write(fds.stdout_fd, "line\n", 5) == 5);
	drain(fds.stdout_fd, out, sizeof(out));
	CHECK(strstr(out, "/dev/pts/0\r\n") && strstr(out, "to-err\r\n") &&
	      strstr(out, "console\r\n") && strstr(out, "got line\r\n"));
	reap(c, fds.pidfd, &exit);
	CHECK(exit.code == 0);
	(void)sp_ctr_free(c);
	close_all(&fds);
	(void)sp_close(xf.pidfd);
	(void)sp_close(xf.stdout_fd);
	(void)sp_close(xf.report_fd);
}

/* CMD-3 */
static void stdin_given(struct env *e)
{
	struct result r;
	struct job j;
	int p[2];

	CHECK(pipe2(p, O_CLOEXEC) == 0);
	CHECK(write(p[1], "typed", 5) == 5);
	(void)sp_close(p[1]);
	job_sh(e, &j, "app", "cat");
	j.p.stdin_open = true;
	j.p.stdin_fd = p[0];
	CHECK(job_run(e, &j, &r) == 0);
	CHECK_STR(r.out, "typed");
	(void)sp_close(p[0]);
	CHECK(sh(e, "cat", &r) == 0); /* /dev/null */
	CHECK_STR(r.out, "");
}

/* NS-3, KILL-5 */
static void shared_pids(struct env *e)
{
	struct sp_ctr_fds fds, side;
	struct sp_error err;
	struct sp_exit exit;
	struct result r;
	struct sp_ctr *c, *d;
	struct job j;
	char out[256];

	/* from the start the pod's first process has nothing that is ours */
	CHECK(system("read -r _ _ _ us _ </proc/self/stat; " /* /proc is the machine's */
		     "read -r init _ </proc/$us/task/$us/children; "
		     "grep -q '^CapPrm:.0*$' /proc/$init/status && test -z \"$(ls /proc/$init/fd)\"") ==
	      0);
	job_sh(e, &j, "side", "exec sleep 61");
	CHECK_ERR(sp_ctr_prepare(e->sandbox, &j.p, &d, &side, &err) == 0, err);
	CHECK(sp_ctr_release(d, &err) == 0);
	CHECK(read(side.report_fd, &err, sizeof(err)) == 0);
	/* the pod's first process has nothing to show */
	CHECK(sh(e,
		 "ls /proc/1/root/ /proc/1/fd/ 2>&1; "
		 "grep -c sleep /proc/2/cmdline; grep -E 'Name|CapPrm' /proc/1/status",
		 &r) == 0);
	CHECK_STR(
		r.out,
		"ls: /proc/1/root/: Permission denied\n/proc/1/fd/:\n1\nName:\tpod-init\nCapPrm:\t0000000000000000\n");
	CHECK(exec_sh(d, "echo $PPID", out, sizeof(out)) == 0);
	/* the main process ends the container; a process that left its session is killed, too */
	job_sh(e, &j, "app", "(sleep 62 >/dev/null 2>&1 &) ; exit 6");
	CHECK_ERR(sp_ctr_prepare(e->sandbox, &j.p, &c, &fds, &err) == 0, err);
	CHECK(sp_ctr_release(c, &err) == 0);
	reap(c, fds.pidfd, &exit);
	CHECK(exit.code == 6);
	(void)sp_ctr_free(c);
	close_all(&fds);
	CHECK(sh(e, "ps | grep -c 'sleep 6[2]'", &r) == 1);
	CHECK(sp_ctr_kill(d) == 0);
	reap(d, side.pidfd, &exit);
	CHECK(exit.code == 137);
	(void)sp_ctr_free(d);
	close_all(&side);
}

/* ---- pod level --------------------------------------------------------------------------------
 */

static void sysctls(struct env *e)
{
	struct result r;

	CHECK(sh(e, "cat /proc/sys/net/ipv4/ip_unprivileged_port_start /proc/sys/kernel/shmmax",
		 &r) == 0);
	CHECK_STR(r.out, "80\n123456\n");
}

static void host_namespaces(struct env *e)
{
	char want[256], path[] = "/proc/self/ns/net";
	struct sp_error err;
	struct result r;
	ssize_t n = readlink(path, want, sizeof(want) - 2);

	CHECK(n > 0);
	want[n] = '\n';
	want[n + 1] = '\0';
	CHECK(sh(e, "readlink /proc/self/ns/net", &r) == 0);
	CHECK_STR(r.out, want);
	CHECK_ERR(sp_sandbox_enter_host(e->sandbox, &err) == 0, err);
	CHECK(access(e->base, F_OK) == 0);
	sp_close(-EBADF);
}

static void failing_steps(struct env *e)
{
	struct sp_volume v = {.name = "v", .fd = open("/etc/passwd", O_PATH | O_CLOEXEC)};
	struct sp_ctr_mount m = {.volume = &v, .target = "/bin", .sub_path = "x"};
	const char *missing[] = {"/nonexistent/layer"}, *const *layers = e->image.layers;
	struct result r;
	struct job j;
	char dir[256];

	CHECK(v.fd >= 0);
	e->image.layers = missing;
	job_sh(e, &j, "app", "");
	CHECK(job_run(e, &j, &r) == 0 && r.exit.code == 128);
	CHECK_STR(r.error.text, "mount root file system of 1 layers: No such file or directory");
	e->image.layers = layers;
	e->image.n_layers = 0;
	job_sh(e, &j, "app", "");
	CHECK(job_run(e, &j, &r) < 0);
	CHECK_STR(r.error.text, "image 'test' has no layers");
	e->image.n_layers = 1;
	job_sh(e, &j, "app", "");
	j.p.mounts = &m;
	j.p.n_mounts = 1;
	CHECK(job_run(e, &j, &r) < 0);
	CHECK_STR(r.error.text, "mount '/bin': subPath x: Not a directory");
	m.sub_path = NULL; /* a file on a directory */
	job_sh(e, &j, "app", "");
	j.p.mounts = &m;
	j.p.n_mounts = 1;
	CHECK(job_run(e, &j, &r) == 0);
	CHECK_STR(r.error.text, "mount on '/bin': Is a directory");
	job_sh(e, &j, "app", "");
	j.argv[0] = NULL;
	CHECK(job_run(e, &j, &r) < 0);
	CHECK_STR(r.error.text, "no command specified");
	/* nothing of them stays */
	(void)snprintf(dir, sizeof(dir), "%s/app", e->pod_dir);
	CHECK(access(dir, F_OK) < 0);
	CHECK(sh(e, "echo fine", &r) == 0);
	(void)sp_close(v.fd);
}

static void many_layers(struct env *e)
{
	static char paths[120][128];
	static const char *layers[121];
	const char *const *one = e->image.layers;
	struct result r;
	char file[160];

	for (int i = 0; i < 120; i++) {
		(void)snprintf(paths[i], sizeof(paths[i]), "%s/a-rather-long-layer-name-%03d",
			       e->base, i);
		CHECK(mkdir(paths[i], 0755) == 0);
		(void)snprintf(file, sizeof(file), "%s/f%d", paths[i], i);
		CHECK(mkdir(file, 0755) == 0);
		layers[i] = paths[i];
	}
	layers[120] = one[0];
	e->image.layers = layers;
	e->image.n_layers = 121;
	CHECK(sh(e, "ls -d /f* | wc -l", &r) == 0);
	CHECK_STR(r.out, "120\n");
	e->image.layers = one;
	e->image.n_layers = 1;
}

/* ---- the tests --------------------------------------------------------------------------------
 */

static void use_filter(struct env *e)
{
	e->params.seccomp = &sp_seccomp_default;
	e->params.n_seccomp = 1;
}

static void set_limits(struct env *e)
{
	e->res.n_ctrs = 1;
	e->res.ctrs[0].req[SP_RES_CPU] = 500;
	e->res.ctrs[0].lim[SP_RES_CPU] = 1000;
	e->res.ctrs[0].req[SP_RES_MEMORY] = 32 << 20;
	e->res.ctrs[0].lim[SP_RES_MEMORY] = 64 << 20;
	e->params.pids_limit = 100;
}

static const char *const sysctl_names[] = {"net.ipv4.ip_unprivileged_port_start", "kernel/shmmax"};
static const char *const sysctl_values[] = {"80", "123456"};

BODY_TEST(nothing_inherited, )
BODY_TEST(own_view, )
BODY_TEST(masked, )
BODY_TEST(devices, )
BODY_TEST(capabilities, )
BODY_TEST(filtered, use_filter(&e))
BODY_TEST(privileged, use_filter(&e))
BODY_TEST(evil_image, {
	link_in_layer(&e, "/etc", "abs");
	link_in_layer(&e, "../../../../../../tmp", "dots");
	link_in_layer(&e, "/proc/1/root", "proc1");
})
BODY_TEST(identity, )
BODY_TEST(exit_codes, )
BODY_TEST(signals, )
BODY_TEST(limits, set_limits(&e))
BODY_TEST(execs, use_filter(&e))
BODY_TEST(terminals, )
BODY_TEST(stdin_given, )
BODY_TEST(shared_pids, e.params.share_pid = true)
BODY_TEST(sysctls, {
	e.params.sysctl_names = sysctl_names;
	e.params.sysctl_values = sysctl_values;
	e.params.n_sysctls = 2;
})
BODY_TEST(host_namespaces, e.params.host_network = e.params.host_ipc = true)
BODY_TEST(failing_steps, )
BODY_TEST(many_layers, )

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_inherited),
		cmocka_unit_test(test_own_view),
		cmocka_unit_test(test_masked),
		cmocka_unit_test(test_devices),
		cmocka_unit_test(test_capabilities),
		cmocka_unit_test(test_filtered),
		cmocka_unit_test(test_privileged),
		cmocka_unit_test(test_evil_image),
		cmocka_unit_test(test_identity),
		cmocka_unit_test(test_exit_codes),
		cmocka_unit_test(test_signals),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_execs),
		cmocka_unit_test(test_terminals),
		cmocka_unit_test(test_stdin_given),
		cmocka_unit_test(test_shared_pids),
		cmocka_unit_test(test_sysctls),
		cmocka_unit_test(test_host_namespaces),
		cmocka_unit_test(test_failing_steps),
		cmocka_unit_test(test_many_layers),
	};
	int r = cmocka_run_group_tests(tests, NULL, NULL);

	return r;
}
