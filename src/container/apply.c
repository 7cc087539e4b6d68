/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The child's side of a plan. Runs between clone and execve in a process that shares nothing with
 * the supervisor but the report page, and still only makes system calls: a heap or stdio lock would
 * be safe here today, and would not be with CLONE_VM.
 */
#include "base/text.h"
#include "container/caps.h"
#include "container/path.h"
#include "container/plan.h"
#include "sys/fd.h"
#include "sys/sys.h"

#include <grp.h>
#include <limits.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <termios.h>

#define USER_FILE_MAX (4 * 1024 * 1024)
#define EXIT_SETUP    128 /* StartError (IMG-7) */

/* Post-pivot lookups: the cwd is "/", and image links must not lead into /proc/<pid>/root. */
#define IN_ROOTFS (RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS)

static _Noreturn void give_up(const struct sp_plan *p, const struct sp_error *err)
{
	ssize_t n = write(p->report_fd, err, sizeof(*err)); /* one pipe page: all or nothing */

	_exit(n == sizeof(*err) ? EXIT_SETUP : EXIT_SETUP + 1);
}

/* @r: result of a system call wrapper; the step's words are in @fmt. */
#define MUST(r, ...)                                                                               \
	do {                                                                                       \
		long must_ = (r);                                                                  \
		if (must_ < 0) {                                                                   \
			struct sp_error e_;                                                        \
			(void)sp_fail_errno(&e_, (int)-must_, __VA_ARGS__);                        \
			give_up(p, &e_);                                                           \
		}                                                                                  \
	} while (0)

static int neg_errno(int r)
{
	return r < 0 ? -errno : r;
}

/* ---- the process itself -----------------------------------------------------------------------
 */

static void set_up_process(const struct sp_plan *p)
{
	struct rlimit nofile;
	sigset_t none;
	int r;

	/* Lowering it needs CAP_SYS_RESOURCE, which engines in containers and rootless ones lack:
	 * their pods stay as exposed as the engine is. */
	r = p->oom_score_adj
		    ? sys_write_file(AT_FDCWD, "/proc/self/oom_score_adj", p->oom_score_adj)
		    : 0;
	if (r != -EACCES && r != -EPERM)
		MUST(r, "set oom_score_adj to %s", p->oom_score_adj);
	/* Neighbours in a shared PID namespace must not look into a half-made process. */
	MUST(neg_errno(prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)), "prctl dumpable");
	for (int i = 0; i < 3; i++)
		MUST(neg_errno(dup2(p->stdio[i], i)), "standard descriptor %d", i);
	for (uint32_t i = 0; i < p->n_close; i++)
		MUST(sys_close_range(p->close[i].first, p->close[i].last, 0), "close_range");
	MUST(neg_errno(setsid()), "setsid");
	/* execve keeps ignored signals ignored */
	for (int i = 1; i <= 64; i++)
		if (i != SIGKILL && i != SIGSTOP)
			MUST(sys_default_signal(i), "reset signal %d", i);
	(void)sigemptyset(&none); /* cannot fail */
	MUST(neg_errno(sigprocmask(SIG_SETMASK, &none, NULL)), "signal mask");
	(void)umask(0); /* modes in the plan are exact */
	r = neg_errno(setrlimit(RLIMIT_NOFILE, &p->nofile));
	if (r == -EPERM) { /* beyond the hard limit, without the right to raise it */
		MUST(neg_errno(getrlimit(RLIMIT_NOFILE, &nofile)), "read limit of open files");
		nofile.rlim_cur = nofile.rlim_max;
		r = neg_errno(setrlimit(RLIMIT_NOFILE, &nofile));
	}
	MUST(r, "set limit of open files");
}

static void join_cgroups(const struct sp_plan *p)
{
	/* The process itself, by `tasks` on v1: moving by cgroup.procs takes a lock of the whole
	 * machine. */
	for (uint32_t i = 0; i < p->n_tasks; i++)
		MUST(sys_write_file(p->task_fds[i], p->task_files[i], "0"), "join cgroup");
	if (p->enter_fd < 0)
		MUST(sys_unshare(CLONE_NEWCGROUP), "new cgroup namespace");
}

/* ---- root file system -------------------------------------------------------------------------
 */

/*
 * More layers than the one page of mount(2) has room for. Each is opened, and named by the number
 * of its descriptor: on every kernel, where giving them one by one needs a recent one.
 */
static int overlay_by_numbers(const struct sp_plan *p)
{
	char text[4096];
	struct sp_buf b = sp_buf_fixed(text, sizeof(text));
	const char *extra[] = {p->upper, p->work};
	static const char *const names[] = {",upperdir=", ",workdir="};
	int fd, r;

	sp_buf_puts(&b, "lowerdir=");
	for (uint32_t i = 0; i < p->n_layers; i++) {
		fd = open(p->layers[i], O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (fd < 0)
			return -errno;
		sp_buf_printf(&b, "%s%d", i ? ":" : "", fd);
	}
	for (size_t i = 0; i < SP_ARRAY_LEN(extra); i++) {
		fd = open(extra[i], O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (fd < 0)
			return -errno;
		sp_buf_printf(&b, "%s%d", names[i], fd);
	}
	sp_buf_puts(&b, p->userxattr ? ",volatile,userxattr" : ",volatile");
	if (b.failed)
		return -E2BIG;
	r = neg_errno(chdir("/proc/self/fd"));
	return r < 0 ? r : sys_mount("overlay", p->root_dir, "overlay", p->root_flags, text);
}

static void enter_rootfs(const struct sp_plan *p)
{
	if (p->overlay_options)
		MUST(sys_mount("overlay", p->root_dir, "overlay", p->root_flags,
			       p->overlay_options),
		     "mount root file system of %u layers", p->n_layers);
	else
		MUST(overlay_by_numbers(p), "mount root file system of %u layers", p->n_layers);
	MUST(neg_errno(chdir(p->root_dir)), "enter root file system");
	MUST(sys_pivot_root(".", "."), "pivot_root");
	MUST(neg_errno(chdir("/")), "chdir '/'");
}

/* The machine's root lies on top of ours, where no path leads to. */
static void leave_old_root(const struct sp_plan *p)
{
	MUST(neg_errno(umount2(".", MNT_DETACH)), "leave the machine's root");
}

/* Mount points may be missing in an image; they are made in the container's own layer. */
static int make_point(const char *target, enum sp_path_kind kind)
{
	int fd = sp_path_ensure(AT_FDCWD, target, kind, kind == SP_PATH_DIR ? 0755 : 0644,
				IN_ROOTFS);

	return fd < 0 ? fd : (sp_close(fd), 0);
}

static int do_mount(const struct sp_step *s)
{
	int r = sys_mount(s->source, s->target, s->fs, s->flags, s->data);

	if (r != -ENOENT)
		return r;
	r = make_point(s->target, SP_PATH_DIR);
	return r < 0 ? r : sys_mount(s->source, s->target, s->fs, s->flags, s->data);
}

static int do_tree(const struct sp_step *s)
{
	SP_CLEANUP(sp_closep) int fd = -EBADF;
	bool dir = S_ISDIR(s->mode);
	struct stat st;
	int r;

	fd = sp_path_ensure(AT_FDCWD, s->target, dir ? SP_PATH_DIR : SP_PATH_FILE,
			    dir ? 0755 : 0644, IN_ROOTFS);
	if (fd < 0)
		return fd;
	r = sys_move_mount(s->fd, "", fd, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
	/* say what is wrong in the words that open(2) would use */
	if (r == -EINVAL && fstat(fd, &st) == 0 && S_ISDIR(st.st_mode) != dir)
		r = dir ? -ENOTDIR : -EISDIR;
	return r;
}

static int do_read_only(const struct sp_step *s)
{
	int r = sys_mount(s->target, s->target, NULL, MS_BIND | MS_REC, NULL);

	return r < 0 ? r
		     : sys_mount_setattr(AT_FDCWD, s->target, AT_RECURSIVE, MOUNT_ATTR_RDONLY, 0,
					 0);
}

static void run_steps(const struct sp_plan *p)
{
	const char *empty = NULL; /* an empty directory mounted before, to be used again */
	int r;

	for (uint32_t i = 0; i < p->n_steps; i++) {
		const struct sp_step *s = &p->steps[i];

		switch (s->kind) {
		case SP_STEP_MOUNT:
			MUST(do_mount(s), "mount %s on '%s'", s->fs, s->target);
			break;
		case SP_STEP_TREE:
			MUST(do_tree(s), "mount on '%s'", s->target);
			break;
		case SP_STEP_MASK_FILE:
			r = sys_mount("/dev/null", s->target, NULL, MS_BIND, NULL);
			if (r != -ENOENT)
				MUST(r, "mask '%s'", s->target);
			break;
		case SP_STEP_MASK_DIR:
			r = empty ? sys_mount(empty, s->target, NULL, MS_BIND, NULL)
				  : sys_mount("tmpfs", s->target, "tmpfs",
					      MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC,
					      "mode=555");
			if (r == -ENOENT)
				break;
			MUST(r, "mask '%s'", s->target);
			empty = s->target;
			break;
		case SP_STEP_READ_ONLY:
			r = do_read_only(s);
			if (r != -ENOENT)
				MUST(r, "make '%s' read-only", s->target);
			break;
		case SP_STEP_DIR:
			r = neg_errno(mkdir(s->target, s->mode));
			if (r != -EEXIST)
				MUST(r, "make directory '%s'", s->target);
			break;
		case SP_STEP_NODE:
			MUST(neg_errno(mknod(s->target, s->mode, s->dev)), "make device '%s'",
			     s->target);
			break;
		case SP_STEP_LINK:
			MUST(neg_errno(symlink(s->source, s->target)), "make link '%s'", s->target);
			break;
		case SP_STEPS:
			break;
		}
	}
}

/* ---- identity ---------------------------------------------------------------------------------
 */

/* A regular file of the image, in anonymous memory. Missing or odd files are empty. */
static struct sp_str read_user_file(const struct sp_plan *p, const char *path)
{
	SP_CLEANUP(sp_closep)
	int fd = sys_openat2(AT_FDCWD, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0, IN_ROOTFS);
	struct sp_str text = {"", 0};
	struct stat st;
	size_t have = 0;
	ssize_t n = 1;
	char *mem;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size <= 0)
		return text;
	if (st.st_size > USER_FILE_MAX)
		MUST(-EFBIG, "read '%s'", path);
	mem = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		   -1, 0);
	if (mem == MAP_FAILED)
		MUST(-errno, "read '%s'", path);
	while (have < (size_t)st.st_size && n > 0) {
		n = read(fd, mem + have, (size_t)st.st_size - have);
		if (n < 0)
			MUST(-errno, "read '%s'", path);
		have += (size_t)n;
	}
	return (struct sp_str){mem, have};
}

static const struct sp_identity *resolve_identity(const struct sp_plan *p)
{
	struct sp_error err;

	if (p->identity)
		return p->identity;
	if (sp_user_resolve(&p->user, read_user_file(p, "etc/passwd"),
			    read_user_file(p, "etc/group"), &p->shared->id, &err) < 0)
		give_up(p, &err);
	p->shared->resolved = true;
	return &p->shared->id;
}

static void enter_cwd(const struct sp_plan *p)
{
	int r = neg_errno(chdir(p->cwd));

	if (r == -ENOENT) { /* CMD-2 */
		r = make_point(p->cwd, SP_PATH_DIR);
		if (r >= 0)
			r = neg_errno(chdir(p->cwd));
	}
	MUST(r, "chdir to '%s'", p->cwd);
}

/* Pipes and terminals are root's; the user opens them by /dev/stdout and the like. */
static void own_stdio(const struct sp_plan *p, const struct sp_identity *id)
{
	struct stat st;

	if (id->uid == 0 || p->rootless)
		return;
	for (int i = 0; i < 3; i++) {
		MUST(neg_errno(fstat(i, &st)), "standard descriptor %d", i);
		/* pipes that were made for this process, and its terminal; not /dev/null */
		if (p->tty || (i > 0 && S_ISFIFO(st.st_mode)))
			MUST(neg_errno(fchown(i, id->uid, (gid_t)-1)), "standard descriptor %d", i);
	}
}

static void drop_bounding_set(const struct sp_plan *p)
{
	for (int cap = 0; cap < 64; cap++) {
		if (cap < SP_CAPS_COUNT && (p->caps & SP_CAP(cap)))
			continue;
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0) {
			if (errno == EINVAL) /* one above the kernel's last */
				break;
			MUST(-errno, "drop capability %d", cap);
		}
	}
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
		MUST(-errno, "clear ambient capabilities");
}

static void become(const struct sp_plan *p, const struct sp_identity *id)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {0};
	uint64_t caps = id->uid == 0 ? p->caps : 0;
	int r;

	drop_bounding_set(p);
	/* Without no_new_privs a filter needs CAP_SYS_ADMIN: before it is gone. */
	if (p->seccomp && !p->no_new_privs)
		MUST(sys_seccomp_filter(p->seccomp->bpf, (uint16_t)p->seccomp->n,
					p->seccomp->flags),
		     "install system call filter");
	r = neg_errno((int)syscall(SYS_setgroups, (size_t)id->n_groups, id->groups));
	if (r != -EPERM || !p->rootless) /* a user's own namespace may not change groups */
		MUST(r, "set groups");
	MUST(neg_errno((int)syscall(SYS_setresgid, id->gid, id->gid, id->gid)), "set group %u",
	     id->gid);
	MUST(neg_errno((int)syscall(SYS_setresuid, id->uid, id->uid, id->uid)), "set user %u",
	     id->uid);
	data[0].effective = data[0].permitted = (uint32_t)caps;
	data[1].effective = data[1].permitted = (uint32_t)(caps >> 32);
	MUST(neg_errno((int)syscall(SYS_capset, &head, data)), "set capabilities");
	if (p->no_new_privs)
		MUST(neg_errno(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)), "no_new_privs");
	if (p->seccomp && p->no_new_privs)
		MUST(sys_seccomp_filter(p->seccomp->bpf, (uint16_t)p->seccomp->n,
					p->seccomp->flags),
		     "install system call filter");
	/* after the credentials: changing them clears it */
	if (p->death_signal)
		MUST(neg_errno(prctl(PR_SET_PDEATHSIG, p->death_signal, 0, 0, 0)), "death signal");
}

/* ---- execve -----------------------------------------------------------------------------------
 */

/* In the order of $PATH, as shells do: the first that can be executed. */
static int search_and_exec(const struct sp_plan *p, char *const *argv, char *const *env)
{
	char file[PATH_MAX];
	const char *dir = p->path, *end;
	size_t n, len = strlen(argv[0]);
	int r = -ENOENT;

	for (;; dir = end + 1) {
		end = dir + strcspn(dir, ":");
		n = (size_t)(end - dir);
		if (n + len + 2 <= sizeof(file)) {
			memcpy(file, dir, n);
			file[n] = '/';
			memcpy(file + n + (n > 0), argv[0], len + 1);
			(void)execve(file, argv, env); /* returns on failure only */
			if (errno == EACCES)
				r = -EACCES;
			else if (errno != ENOENT && errno != ENOTDIR)
				return -errno;
		}
		if (*end == '\0')
			return r;
	}
}

static _Noreturn void wait_and_exec(const struct sp_plan *p, const struct sp_identity *id)
{
	/* execve wants non-const pointers and does not write through them */
	char *const *argv = (char *const *)(uintptr_t)p->argv;
	char *const *env = (char *const *)(uintptr_t)p->env;
	char home[sizeof(id->home) + 5] = "HOME=", go;
	struct sp_error err;
	ssize_t n;
	int r;

	if (p->home_slot != UINT32_MAX) {
		memcpy(home + 5, id->home, sizeof(id->home));
		p->env[p->home_slot] = home;
	}
	(void)umask(022);
	/* whatever slipped in: nothing of the supervisor survives execve */
	MUST(sys_close_range(3, ~0U, CLOSE_RANGE_CLOEXEC), "close_range");
	if (p->gate_fd >= 0) {
		do
			n = read(p->gate_fd, &go, 1);
		while (n < 0 && errno == EINTR);
		if (n != 1) /* the supervisor is gone, or gave this instance up */
			_exit(EXIT_SETUP);
	}
	if (strchr(argv[0], '/')) {
		(void)execve(argv[0], argv, env); /* returns on failure only */
		r = -errno;
	} else {
		r = argv[0][0] ? search_and_exec(p, argv, env) : -ENOENT;
		if (r == -ENOENT) {
			(void)sp_fail(&err, SP_E_NOT_FOUND,
				      "exec: \"%s\": executable file not found in $PATH", argv[0]);
			give_up(p, &err);
		}
	}
	(void)sp_fail_errno(&err, -r, "exec: \"%s\"", argv[0]);
	give_up(p, &err);
}

_Noreturn void sp_plan_apply(const struct sp_plan *p)
{
	const struct sp_identity *id;

	set_up_process(p);
	join_cgroups(p);
	if (p->enter_fd >= 0) {
		MUST(sys_setns(p->enter_fd, CLONE_NEWNS | CLONE_NEWCGROUP), "enter container");
	} else {
		enter_rootfs(p);
		/* A user's own namespace may only mount a proc or sysfs while it sees another one
		 * that hides nothing: until then the machine's stays. */
		if (!p->rootless)
			leave_old_root(p);
		run_steps(p);
		if (p->rootless)
			leave_old_root(p);
	}
	id = resolve_identity(p);
	if (p->tty)
		MUST(neg_errno(ioctl(0, TIOCSCTTY, 0)), "controlling terminal");
	own_stdio(p, id);
	enter_cwd(p);
	if (p->read_only_root)
		MUST(sys_mount_setattr(AT_FDCWD, "/", 0, MOUNT_ATTR_RDONLY, 0, 0),
		     "make root file system read-only");
	become(p, id);
	wait_and_exec(p, id);
}
