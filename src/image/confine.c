/* SPDX-License-Identifier: Apache-2.0 */
#include "image/confine.h"

#include "sys/fd.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <locale.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define MEMORY_DEFAULT (1ull << 30)

/* What unpacking files of any owner and mode needs, and no more. */
static const int kept_caps[] = {CAP_CHOWN,  CAP_DAC_OVERRIDE, CAP_FOWNER,
				CAP_FSETID, CAP_MKNOD,        CAP_SETFCAP};

static int drop_caps(void)
{
	struct __user_cap_header_struct h = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct d[2] = {0};

	if (syscall(SYS_capget, &h, d) < 0)
		return -errno;
	for (int i = 0; i < 2; i++) {
		uint32_t keep = 0;

		for (size_t k = 0; k < SP_ARRAY_LEN(kept_caps); k++)
			if (kept_caps[k] / 32 == i)
				keep |= 1u << (kept_caps[k] % 32);
		d[i].permitted &= keep;
		d[i].effective = d[i].permitted;
		d[i].inheritable = 0;
	}
	return syscall(SYS_capset, &h, d) < 0 ? -errno : 0;
}

/* Close every descriptor from 3 on but the given ones. */
static int close_others(const int keep[], size_t n)
{
	unsigned from = 3;

	for (;;) {
		unsigned next = ~0u;

		for (size_t i = 0; i < n; i++)
			if (keep[i] >= 0 && (unsigned)keep[i] >= from && (unsigned)keep[i] < next)
				next = (unsigned)keep[i];
		if (next > from &&
		    syscall(SYS_close_range, from, next == ~0u ? next : next - 1, 0) < 0)
			return -errno;
		if (next == ~0u)
			return 0;
		from = next + 1;
	}
}

static int child_setup(const struct sp_confine *c, int out_fd, int err_fd, struct sp_error *err)
{
	uint64_t bytes = c->memory_bytes ? c->memory_bytes : MEMORY_DEFAULT;
	const struct rlimit mem = {bytes, bytes}, core = {0, 0};
	const int keep[] = {c->in_fd, out_fd, err_fd};
	int r;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* best effort: the parent also waits for us */
	/* a network and an IPC namespace of its own; without the right to make one there is none to
	 * lose */
	(void)unshare(CLONE_NEWNET | CLONE_NEWIPC);
	if (fchdir(c->root_fd) < 0)
		return sp_fail_errno(err, errno, "confine: enter the directory");
	/* not root: a user namespace gives the right to chroot */
	if (chroot(".") < 0 && (unshare(CLONE_NEWUSER) < 0 || chroot(".") < 0))
		return sp_fail_errno(err, errno, "confine: chroot");
	r = close_others(keep, SP_ARRAY_LEN(keep));
	if (r < 0)
		return sp_fail_errno(err, -r, "confine: close descriptors");
	if (setrlimit(RLIMIT_CORE, &core) < 0 || (!SP_SANITIZED && setrlimit(RLIMIT_AS, &mem) < 0))
		return sp_fail_errno(err, errno, "confine: limits");
	r = drop_caps();
	if (r < 0)
		return sp_fail_errno(err, -r, "confine: capabilities");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return sp_fail_errno(err, errno, "confine: no_new_privs");
	(void)umask(0); /* modes come from the archive */
	return 0;
}

static void child_main(const struct sp_confine *c, int out_fd, int err_fd)
	__attribute__((noreturn));
static void child_main(const struct sp_confine *c, int out_fd, int err_fd)
{
	struct sp_error err = {0};

	if (child_setup(c, out_fd, err_fd, &err) == 0 && c->fn(c->arg, out_fd, &err) == 0)
		_exit(0);
	_exit(write(err_fd, &err, sizeof(err)) < 0 ? 2 : 1);
}

int sp_confine_run(const struct sp_confine *c, struct sp_error *err)
{
	SP_CLEANUP(sp_closep) int out_r = -EBADF, out_w = -EBADF, err_r = -EBADF, err_w = -EBADF;
	struct sp_error child_err = {0};
	int p[2], status, failed = 0;
	locale_t utf8, before;
	char buf[16 * 1024];
	ssize_t n;
	pid_t pid;

	if (pipe2(p, O_CLOEXEC) < 0)
		return sp_fail_errno(err, errno, "pipe");
	out_r = p[0];
	out_w = p[1];
	if (pipe2(p, O_CLOEXEC) < 0)
		return sp_fail_errno(err, errno, "pipe");
	err_r = p[0];
	err_w = p[1];
	/* names in archives are UTF-8, and libarchive asks the locale; its file cannot be opened
	 * after chroot */
	utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", NULL);
	before = utf8 ? uselocale(utf8) : NULL;
	pid = fork();
	if (pid == 0)
		child_main(c, out_w, err_w);
	if (utf8) {
		(void)uselocale(before);
		freelocale(utf8);
	}
	if (pid < 0)
		return sp_fail_errno(err, errno, "fork");
	out_w = sp_close(out_w);
	err_w = sp_close(err_w);
	while ((n = read(out_r, buf, sizeof(buf))) > 0 || (n < 0 && errno == EINTR))
		if (n > 0 && !failed && c->on_output &&
		    c->on_output(c->arg, buf, (size_t)n, err) < 0) {
			failed = 1;
			(void)kill(pid, SIGKILL); /* its result is not wanted any more */
		}
	n = read(err_r, &child_err, sizeof(child_err));
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return sp_fail_errno(err, errno, "wait for the unpacking process");
	if (failed)
		return -1;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	if (n == (ssize_t)sizeof(child_err)) {
		child_err.text[sizeof(child_err.text) - 1] = '\0';
		if (err)
			*err = child_err;
		return -1;
	}
	if (WIFSIGNALED(status))
		return sp_fail(err, SP_E_CORRUPT, "the unpacking process died of signal %d (%s)",
			       WTERMSIG(status), sigabbrev_np(WTERMSIG(status)));
	return sp_fail(err, SP_E_IO, "the unpacking process failed");
}
