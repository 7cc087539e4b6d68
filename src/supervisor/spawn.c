/* SPDX-License-Identifier: Apache-2.0 */
/* Starting a supervisor and talking to it: the command's side. */
#include "supervisor/spawn.h"

#include "supervisor/control.h"
#include "sys/fd.h"
#include "sys/self.h"
#include "sys/sys.h"

#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <linux/fs.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#define PROGRAM     "sidepod-supervisor"
#define GLANCE_NS   2000000000  /* a look at a lock takes less, also when it meets a busy machine */
#define STACK_BYTES (64 * 1024) /* of the child between clone and exec, which shares our memory */

void sp_pod_log_name(const char *ns, const char *pod, const char *uid, struct sp_buf *out)
{
	sp_buf_printf(out, "%s_%s_%s", ns, pod, uid);
}

/* ---- paths ----------------------------------------------------------------------------------- */

/*
 * Directories of pods come and go, and have nothing to do with each other. ext4 puts a directory
 * near its parent unless told so, and looks for an inode there past every one that was given back
 * in the last minutes: on a machine that has run some hundred pods that was most of a pod's start.
 * A hint, and one that other file systems do not know.
 */
static void spread_children(const char *path)
{
	SP_CLEANUP(sp_closep) int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int flags;

	if (fd >= 0 && ioctl(fd, FS_IOC_GETFLAGS, &flags) == 0) {
		flags |= FS_TOPDIR_FL;
		(void)ioctl(fd, FS_IOC_SETFLAGS, &flags); /* slower without it, not wrong */
	}
}

/* The pod's own directory @path, making what is missing. Return: descriptor (O_PATH), -1 */
static int make_path(const char *path, mode_t last_mode, struct sp_error *err)
{
	char mem[PATH_MAX];
	size_t n = strlen(path);
	int fd, r;

	if (n >= sizeof(mem))
		return sp_fail(err, SP_E_INVALID, "'%s' is too long", path);
	/* Usually everything is there but the last part. */
	r = mkdir(path, last_mode);
	if (r < 0 && errno == ENOENT) {
		memcpy(mem, path, n + 1);
		for (char *p = strchr(mem + 1, '/'); p; p = strchr(p + 1, '/')) {
			*p = '\0';
			r = mkdir(mem, 0755);
			if (r < 0 && errno != EEXIST)
				return sp_fail_errno(err, errno, "create '%s'", mem);
			if (r == 0 && !strchr(p + 1, '/'))
				spread_children(mem);
			*p = '/';
		}
		r = mkdir(path, last_mode);
	}
	if (r < 0 && errno != EEXIST)
		return sp_fail_errno(err, errno, "create '%s'", path);
	fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? sp_fail_errno(err, errno, "open '%s'", path) : fd;
}

static int open_program(const char *given, struct sp_error *err)
{
	char path[PATH_MAX];
	int fd;

	if (!given) {
		if (sp_self_sibling(PROGRAM, path, sizeof(path), err) < 0)
			return -1;
		given = path;
	}
	fd = open(given, O_PATH | O_CLOEXEC);
	return fd < 0 ? sp_fail_errno(err, errno, "open '%s'", given) : fd;
}

/* The address of the control socket by way of a descriptor: a path of any length fits. */
static void control_address(int run_fd, struct sockaddr_un *a, socklen_t *len)
{
	char mem[sizeof(a->sun_path)];
	struct sp_buf b = sp_buf_fixed(mem, sizeof(mem));

	sp_buf_printf(&b, "/proc/self/fd/%d/control", run_fd);
	*a = (struct sockaddr_un){.sun_family = AF_UNIX};
	memcpy(a->sun_path, mem, b.len + 1);
	*len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + b.len + 1);
}

/* ---- the process ----------------------------------------------------------------------------- */

struct launch {
	int program_fd, null_fd, log_fd, bundle_fd, control_fd, lock_fd;
	const char *title;
	bool rootless;
	const char *uid_map, *gid_map;
	volatile int errnum; /* the child shares our memory until it has executed */
};

/* A user namespace in which we are root: needs nobody's help for a single user. */
static int map_self(const struct launch *l)
{
	int r = sys_write_file(AT_FDCWD, "/proc/self/setgroups", "deny");

	if (r >= 0)
		r = sys_write_file(AT_FDCWD, "/proc/self/gid_map", l->gid_map);
	if (r >= 0)
		r = sys_write_file(AT_FDCWD, "/proc/self/uid_map", l->uid_map);
	return r;
}

/* Between clone and execve: system calls only, in the parent's memory, the parent waits. */
static int child(void *arg)
{
	struct launch *l = arg;
	const int want[] = {l->null_fd,   l->null_fd,    l->log_fd,
			    l->bundle_fd, l->control_fd, l->lock_fd};
	char *const argv[] = {(char *)(uintptr_t)PROGRAM, (char *)(uintptr_t)l->title, NULL};
	int high[SP_ARRAY_LEN(want)], program;
	sigset_t none;

	l->errnum = 0;
	if (l->rootless && map_self(l) < 0)
		goto fail;
	if (setsid() < 0)
		goto fail;
	/* First above all targets, then down: no source is overwritten by another's target. */
	program = fcntl(l->program_fd, F_DUPFD_CLOEXEC, 64);
	if (program < 0)
		goto fail;
	for (size_t i = 0; i < SP_ARRAY_LEN(want); i++) {
		high[i] = fcntl(want[i], F_DUPFD_CLOEXEC, 64);
		if (high[i] < 0)
			goto fail;
	}
	for (size_t i = 0; i < SP_ARRAY_LEN(want); i++)
		if (dup2(high[i], (int)i) < 0)
			goto fail;
	/* Whatever the caller had open without close-on-exec is not the supervisor's business. */
	if (sys_close_range(SP_ARRAY_LEN(want), ~0u, CLOSE_RANGE_CLOEXEC) < 0)
		goto fail;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	(void)!chdir("/"); /* nobody's directory is held; a failure only holds one */
	execveat(program, "", argv, environ, AT_EMPTY_PATH);
fail:
	l->errnum = errno;
	_exit(127);
}

static int launch(struct launch *l, bool own_pids, pid_t *ret_pid, int *ret_pidfd,
		  struct sp_error *err)
{
	int flags = CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD;
	sigset_t all, old;
	int pidfd = -EBADF, saved;
	char *stack;
	pid_t pid;

	if (own_pids)
		flags |= CLONE_NEWPID;
	if (l->rootless)
		flags |= CLONE_NEWUSER;
	stack = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
	if (stack == MAP_FAILED)
		return sp_fail_errno(err, errno, "start the supervisor");
	/* No handler of ours may run in the child, which has our memory. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	pid = clone(child, stack + STACK_BYTES, flags, l, &pidfd);
	saved = errno;
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	(void)munmap(stack, STACK_BYTES); /* a mapping of ours, whole: cannot fail */
	if (pid < 0)
		return sp_fail_errno(err, saved, "start the supervisor");
	if (l->errnum) {
		siginfo_t si;

		(void)sys_waitid(P_PIDFD, (id_t)pidfd, &si, WEXITED); /* it has exited */
		sp_close(pidfd);
		return sp_fail_errno(err, l->errnum, "start the supervisor");
	}
	*ret_pid = pid;
	*ret_pidfd = pidfd;
	return 0;
}

/* ---- spawn ----------------------------------------------------------------------------------- */

struct dirs {
	int run_fd, lock_fd, control_fd, log_fd;
};

static void close_dirs(struct dirs *d)
{
	sp_close(d->run_fd);
	sp_close(d->lock_fd);
	sp_close(d->control_fd);
	sp_close(d->log_fd);
}

static int listen_control(int run_fd, struct sp_error *err)
{
	SP_CLEANUP(sp_closep) int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	struct sockaddr_un a;
	socklen_t len;

	if (fd < 0)
		return sp_fail_errno(err, errno, "control socket");
	control_address(run_fd, &a, &len);
	/* One that a dead supervisor left; we hold the lock. */
	(void)unlinkat(run_fd, "control", 0);
	/* The mode before the name: nobody meets it open. */
	if (fchmod(fd, 0600) < 0 || bind(fd, (struct sockaddr *)&a, len) < 0 || listen(fd, 16) < 0)
		return sp_fail_errno(err, errno, "control socket");
	return sp_take_fd(&fd);
}

int sp_pod_lock(int lock_fd, struct sp_error *err)
{
	int64_t waited = 0;

	while (flock(lock_fd, LOCK_EX | LOCK_NB) < 0)
		if (errno != EWOULDBLOCK)
			return sp_fail_errno(err, errno, "lock the pod");
		else if (!sys_pause(&waited, GLANCE_NS))
			return sp_fail(err, SP_E_EXISTS, "the pod is running");
	return 0;
}

static int make_dirs(const struct sp_engine *e, const char *uid, const char *log_name,
		     struct dirs *d, struct sp_error *err)
{
	SP_CLEANUP(sp_arena_done) struct sp_arena a = {0};
	const char *run = sp_arena_printf(&a, "%s/pods/%s", e->run_dir, uid);
	const char *pod = sp_arena_printf(&a, "%s/pods/%s", e->root, uid);
	const char *log = sp_arena_printf(&a, "%s/pods/%s", e->log_dir, log_name);
	const char *links = sp_arena_printf(&a, "%s/containers", e->log_dir);
	int fd;

	if (!run || !pod || !log || !links)
		return sp_fail(err, SP_E_NO_MEMORY, "start the supervisor");
	d->run_fd = make_path(run, 0700, err);
	if (d->run_fd < 0)
		return -1;
	d->lock_fd = openat(d->run_fd, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (d->lock_fd < 0)
		return sp_fail_errno(err, errno, "open '%s/lock'", run);
	if (sp_pod_lock(d->lock_fd, err) < 0)
		return -1;
	fd = make_path(pod, 0711, err);
	if (fd < 0)
		return -1;
	sp_close(fd);
	fd = make_path(log, 0755, err);
	if (fd < 0)
		return -1;
	sp_close(fd);
	(void)mkdir(links, 0755); /* links are a courtesy: without the directory there are none */
	d->log_fd = openat(d->run_fd, "supervisor.log", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC,
			   0600);
	if (d->log_fd < 0)
		return sp_fail_errno(err, errno, "open '%s/supervisor.log'", run);
	d->control_fd = listen_control(d->run_fd, err);
	return d->control_fd < 0 ? -1 : 0;
}

static int connect_at(int run_fd, struct sp_error *err)
{
	SP_CLEANUP(sp_closep) int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	struct sockaddr_un a;
	socklen_t len;

	if (fd < 0)
		return sp_fail_errno(err, errno, "control socket");
	control_address(run_fd, &a, &len);
	if (connect(fd, (struct sockaddr *)&a, len) < 0)
		return errno == ENOENT || errno == ECONNREFUSED
			       ? sp_fail(err, SP_E_NOT_FOUND, "the pod is not running")
			       : sp_fail_errno(err, errno, "connect to the supervisor");
	return sp_take_fd(&fd);
}

int sp_supervisor_spawn(const struct sp_bundle_params *b, struct sp_supervisor *ret,
			struct sp_error *err)
{
	const struct sp_node *meta = sp_node_get(b->pod, "metadata");
	const char *uid = sp_node_str(sp_node_get(meta, "uid"), "");
	const char *name = sp_node_str(sp_node_get(meta, "name"), "");
	const char *ns = sp_node_str(sp_node_get(meta, "namespace"), "default");
	const struct sp_node *host_pid = sp_node_at(b->pod, "spec.hostPID");
	SP_CLEANUP(close_dirs)
	struct dirs d = {-EBADF, -EBADF, -EBADF, -EBADF};
	SP_CLEANUP(sp_closep) int bundle_fd = -EBADF;
	SP_CLEANUP(sp_closep) int program_fd = -EBADF;
	SP_CLEANUP(sp_closep) int null_fd = -EBADF;
	SP_CLEANUP(sp_closep) int conn_fd = -EBADF;
	char log_name[1024], title[512], uid_map[64], gid_map[64];
	struct sp_buf buf = sp_buf_fixed(log_name, sizeof(log_name));
	struct sp_buf tb = sp_buf_fixed(title, sizeof(title));
	struct sp_buf ub = sp_buf_fixed(uid_map, sizeof(uid_map));
	struct sp_buf gb = sp_buf_fixed(gid_map, sizeof(gid_map));
	struct launch l;

	if (!uid[0] || strchr(uid, '/') || uid[0] == '.' || !name[0])
		return sp_fail(err, SP_E_INVALID, "the pod has no name or no usable uid");
	sp_pod_log_name(ns, name, uid, &buf);
	sp_buf_printf(&tb, "%s/%s", ns, name);
	sp_buf_printf(&ub, "0 %u 1", (unsigned)geteuid());
	sp_buf_printf(&gb, "0 %u 1", (unsigned)getegid());
	if (make_dirs(b->engine, uid, log_name, &d, err) < 0)
		return -1;
	bundle_fd = sp_bundle_write(b, err);
	program_fd = bundle_fd < 0 ? -1 : open_program(b->engine->supervisor, err);
	if (program_fd < 0)
		return -1;
	null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null_fd < 0)
		return sp_fail_errno(err, errno, "open '/dev/null'");
	conn_fd = connect_at(d.run_fd, err);
	if (conn_fd < 0)
		return -1;
	l = (struct launch){
		.program_fd = program_fd,
		.null_fd = null_fd,
		.log_fd = d.log_fd,
		.bundle_fd = bundle_fd,
		.control_fd = d.control_fd,
		.lock_fd = d.lock_fd,
		.title = title,
		.rootless = b->engine->rootless,
		.uid_map = uid_map,
		.gid_map = gid_map,
	};
	/* A pod that is to see the machine's processes cannot live in a namespace below them. */
	if (launch(&l, !(host_pid && host_pid->b), &ret->pid, &ret->pidfd, err) < 0)
		return -1;
	ret->control_fd = sp_take_fd(&conn_fd);
	return 0;
}

/* ---- clients --------------------------------------------------------------------------------- */

static int open_run(const char *run_dir, const char *uid, struct sp_error *err)
{
	SP_CLEANUP(sp_arena_done) struct sp_arena a = {0};
	const char *path = sp_arena_printf(&a, "%s/pods/%s", run_dir, uid);
	int fd;

	if (!path)
		return sp_fail(err, SP_E_NO_MEMORY, "pod");
	fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? sp_fail(err, SP_E_NOT_FOUND, "the pod is not running")
				       : sp_fail_errno(err, errno, "open '%s'", path);
	return fd;
}

int sp_supervisor_connect(const char *run_dir, const char *uid, struct sp_error *err)
{
	SP_CLEANUP(sp_closep) int run_fd = open_run(run_dir, uid, err);

	return run_fd < 0 ? -1 : connect_at(run_fd, err);
}

int sp_supervisor_alive(const char *run_dir, const char *uid, struct sp_error *err)
{
	struct sp_error e = {0};
	SP_CLEANUP(sp_closep) int run_fd = open_run(run_dir, uid, &e);
	SP_CLEANUP(sp_closep) int fd = -EBADF;

	if (run_fd < 0) {
		if (e.code == SP_E_NOT_FOUND)
			return 0;
		if (err)
			*err = e;
		return -1;
	}
	fd = openat(run_fd, "lock", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0 : sp_fail_errno(err, errno, "open the pod's lock");
	if (flock(fd, LOCK_SH | LOCK_NB) == 0)
		return 0;
	return errno == EWOULDBLOCK ? 1 : sp_fail_errno(err, errno, "try the pod's lock");
}

/* A supervisor that ends, or is killed, with our question still unread. */
static bool is_over(int errnum)
{
	return errnum == ECONNRESET || errnum == EPIPE;
}

static int send_request(int fd, const char *request, size_t len, const int *fds, uint32_t n_fds,
			struct sp_error *err)
{
	int r = sys_send_with_fds(fd, request, len, fds, n_fds, 0);

	if (r == 0)
		return 0;
	return is_over(-r) ? sp_fail(err, SP_E_NOT_FOUND, "the pod is over")
			   : sp_fail_errno(err, -r, "ask the supervisor");
}

static int receive_answer(int fd, int *ret_fd, json_t **ret, struct sp_error *err)
{
	union {
		struct cmsghdr head;
		char mem[CMSG_SPACE(sizeof(int))];
	} control = {0};
	size_t size = 2 * SP_CONTROL_MAX;
	char *mem = malloc(size);
	struct iovec iov = {.iov_base = mem, .iov_len = size};
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = control.mem,
			     .msg_controllen = sizeof(control.mem)};
	json_error_t je;
	ssize_t n;

	if (!mem)
		return sp_fail(err, SP_E_NO_MEMORY, "answer of the supervisor");
	do
		n = recvmsg(fd, &msg, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n <= 0) {
		int saved = errno;

		free(mem);
		return n == 0 || is_over(saved)
			       ? sp_fail(err, SP_E_NOT_FOUND, "the pod is over")
			       : sp_fail_errno(err, saved, "answer of the supervisor");
	}
	(void)sys_received_fds(&msg, ret_fd, ret_fd ? 1 : 0); /* *ret_fd is -EBADF without */
	*ret = json_loadb(mem, (size_t)n, 0, &je);
	free(mem);
	return *ret ? 0 : sp_fail(err, SP_E_CORRUPT, "answer of the supervisor: %s", je.text);
}

int sp_supervisor_call(int control_fd, const char *request, size_t len, const int *fds,
		       uint32_t n_fds, int *ret_fd, json_t **ret_answer, struct sp_error *err)
{
	json_t *answer = NULL;
	const char *text, *code;
	enum sp_code c = SP_E_INTERNAL;

	if (ret_fd)
		*ret_fd = -EBADF;
	if (send_request(control_fd, request, len, fds, n_fds, err) < 0 ||
	    receive_answer(control_fd, ret_fd, &answer, err) < 0)
		goto failed;
	if (json_is_true(json_object_get(answer, "ok"))) {
		if (ret_answer)
			*ret_answer = answer;
		else
			json_decref(answer);
		return 0;
	}
	text = json_string_value(json_object_get(answer, "error"));
	code = json_string_value(json_object_get(answer, "code"));
	for (int i = 0; code && i < SP_CODES; i++)
		if (sp_streq(sp_code_name((enum sp_code)i), code))
			c = (enum sp_code)i;
	sp_fail(err, c, "%s", text ? text : "the supervisor refused");
failed:
	json_decref(answer);
	if (ret_fd)
		*ret_fd = sp_close(*ret_fd);
	return -1;
}
