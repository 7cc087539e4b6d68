/* SPDX-License-Identifier: Apache-2.0 */
#include "container_env.h"

#include "sys/fd.h"
#include "sys/sys.h"

#include "../unit/cmocka_all.h"

#include <dirent.h>
#include <grp.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/prctl.h>

#define NOBODY 65534

static const char *const busybox_paths[] = {"/bin/busybox", "/usr/bin/busybox"};

_Noreturn void check_failed(const char *file, int line, const char *what, const char *text)
{
	(void)fprintf(stderr, "%s:%d: %s%s%s\n", file, line, what, text[0] ? ": " : "", text);
	_exit(1);
}

static const char *busybox(void)
{
	for (size_t i = 0; i < SP_ARRAY_LEN(busybox_paths); i++)
		if (access(busybox_paths[i], X_OK) == 0)
			return busybox_paths[i];
	return NULL;
}

const char *env_missing(void)
{
	if (geteuid() != 0)
		return "needs root";
	return busybox() ? NULL : "needs busybox-static";
}

bool cgroup_v2(void)
{
	return access("/sys/fs/cgroup/cgroup.controllers", F_OK) == 0;
}

static void copy_file(const char *from, const char *to)
{
	SP_CLEANUP(sp_closep) int in = open(from, O_RDONLY | O_CLOEXEC);
	SP_CLEANUP(sp_closep) int out = open(to, O_CREAT | O_WRONLY | O_CLOEXEC, 0755);
	char buf[65536];
	ssize_t n;

	assert_true(in >= 0 && out >= 0);
	while ((n = read(in, buf, sizeof(buf))) > 0)
		assert_int_equal(write(out, buf, (size_t)n), n);
	assert_int_equal(n, 0);
}

static void put(const char *dir, const char *name, const char *text)
{
	char path[256];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "we");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

void env_init(struct env *e)
{
	static const char *const dirs[] = {"bin", "etc", "tmp", "dev", "proc"};
	static const char *const applets[] = {
		"sh",    "cat",      "ls",   "id",     "sleep", "mknod",    "env",      "stat",
		"mount", "touch",    "echo", "chroot", "dd",    "readlink", "ps",       "kill",
		"test",  "hostname", "grep", "mkdir",  "ln",    "tty",      "head",     "pwd",
		"rm",    "true",     "wc",   "ulimit", "nproc", "umount",   "fallocate"};
	char path[256];

	*e = (struct env){.as_pid1 = true};
	(void)strcpy(e->base, "/tmp/sidepod-container.XXXXXX");
	assert_non_null(mkdtemp(e->base));
	(void)snprintf(e->layer, sizeof(e->layer), "%s/layer", e->base);
	(void)snprintf(e->pod_dir, sizeof(e->pod_dir), "%s/pod", e->base);
	(void)snprintf(e->run_dir, sizeof(e->run_dir), "%s/run", e->base);
	(void)snprintf(e->uid, sizeof(e->uid), "test-%d", getpid());
	(void)snprintf(e->cgroup_root, sizeof(e->cgroup_root), "sidepod-test-%d", getpid());
	assert_int_equal(chmod(e->base, 0755), 0);
	assert_int_equal(mkdir(e->layer, 0755), 0);
	assert_int_equal(mkdir(e->pod_dir, 0700), 0);
	assert_int_equal(mkdir(e->run_dir, 0700), 0);
	for (size_t i = 0; i < SP_ARRAY_LEN(dirs); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", e->layer, dirs[i]);
		assert_int_equal(mkdir(path, 0755), 0);
	}
	(void)snprintf(path, sizeof(path), "%s/tmp", e->layer);
	assert_int_equal(chmod(path, 01777), 0);
	(void)snprintf(path, sizeof(path), "%s/bin/busybox", e->layer);
	copy_file(busybox(), path);
	for (size_t i = 0; i < SP_ARRAY_LEN(applets); i++) {
		(void)snprintf(path, sizeof(path), "%s/bin/%s", e->layer, applets[i]);
		assert_int_equal(symlink("busybox", path), 0);
	}
	put(e->layer, "etc/passwd",
	    "root:x:0:0:root:/root:/bin/sh\nweb:x:101:102:web:/srv/web:/bin/sh\n");
	put(e->layer, "etc/group", "root:x:0:\nweb:x:102:\naudio:x:29:web,other\n");
	e->layers[0] = e->layer;
	e->image = (struct sp_image){.ref = "test",
				     .id = "",
				     .digest = "",
				     .layers = e->layers,
				     .n_layers = 1,
				     .working_dir = "",
				     .user = "",
				     .stop_signal = ""};
	e->res.n_ctrs = 4;
	for (int i = 0; i < SP_CONTAINERS_MAX; i++) {
		e->res.roles[i] = SP_ROLE_APP;
		for (int r = 0; r < SP_RES_ALL; r++)
			e->res.ctrs[i].req[r] = e->res.ctrs[i].lim[r] = SP_RES_UNSET;
	}
	for (int r = 0; r < SP_RES_ALL; r++)
		e->res.pod.req[r] = e->res.pod.lim[r] = SP_RES_UNSET;
	e->params = (struct sp_sandbox_params){
		.uid = e->uid,
		.pod_text = "test_default(uid)",
		.pod_dir = e->pod_dir,
		.run_dir = e->run_dir,
		.hostname = "test-pod",
		.res = &e->res,
		.pids_limit = -1,
		.machine_bytes = INT64_C(8) << 30,
		.cgroup_root = e->cgroup_root,
	};
}

void env_done(struct env *e)
{
	assert_int_equal(sys_remove_tree(AT_FDCWD, e->base), 0);
}

/* Mounts and cgroups of ours that outlived the pod. */
static void check_leaks(const struct env *e)
{
	char line[4096], path[512];
	FILE *f = fopen("/proc/self/mountinfo", "re");
	struct dirent *d;
	DIR *dir;

	assert_non_null(f);
	while (fgets(line, sizeof(line), f))
		assert_null(strstr(line, e->base));
	(void)fclose(f);
	dir = opendir("/sys/fs/cgroup");
	assert_non_null(dir);
	(void)snprintf(path, sizeof(path), "/sys/fs/cgroup/%s", e->cgroup_root);
	if (access(path, F_OK) == 0)
		fail_msg("left over: %s", path);
	while ((d = readdir(dir))) {
		(void)snprintf(path, sizeof(path), "/sys/fs/cgroup/%s/%s", d->d_name,
			       e->cgroup_root);
		if (access(path, F_OK) == 0)
			fail_msg("left over: %s", path);
	}
	(void)closedir(dir);
}

static _Noreturn void supervise(struct env *e, void (*body)(struct env *e))
{
	struct sp_error err;

	if (e->before)
		e->before(e);
	if (sp_sandbox_open(&e->params, &e->sandbox, &err) < 0)
		check_failed(__FILE__, __LINE__, "sandbox", err.text);
	body(e);
	e->sandbox = sp_sandbox_close(e->sandbox);
	_exit(0);
}

/* An ordinary user, and from there what `unshare --user --map-root-user` does. */
static _Noreturn void become_rootless(struct env *e, void (*body)(struct env *e))
{
	struct clone_args args = {.flags = CLONE_NEWUSER | CLONE_NEWNS |
					   (e->as_pid1 ? CLONE_NEWPID : 0),
				  .exit_signal = SIGCHLD};
	siginfo_t info;
	char map[32];
	pid_t pid;

	CHECK(lchown(e->pod_dir, NOBODY, NOBODY) == 0 && lchown(e->run_dir, NOBODY, NOBODY) == 0);
	CHECK(setgroups(0, NULL) == 0 && setresgid(NOBODY, NOBODY, NOBODY) == 0 &&
	      setresuid(NOBODY, NOBODY, NOBODY) == 0 && prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) == 0);
	pid = sys_clone3(&args);
	CHECK(pid >= 0);
	if (pid == 0) {
		(void)snprintf(map, sizeof(map), "0 %d 1", NOBODY);
		CHECK(sys_write_file(AT_FDCWD, "/proc/self/uid_map", map) == 0);
		CHECK(sys_write_file(AT_FDCWD, "/proc/self/setgroups", "deny") == 0);
		CHECK(sys_write_file(AT_FDCWD, "/proc/self/gid_map", map) == 0);
		supervise(e, body);
	}
	CHECK(sys_waitid(P_PID, (id_t)pid, &info, WEXITED) == 0);
	_exit(info.si_code == CLD_EXITED ? info.si_status : 1);
}

void env_run(struct env *e, void (*body)(struct env *e))
{
	struct clone_args args = {.flags = e->as_pid1 && !e->rootless ? CLONE_NEWPID : 0,
				  .exit_signal = SIGCHLD};
	siginfo_t info;
	pid_t pid;

	(void)fflush(NULL);
	pid = sys_clone3(&args);
	assert_true(pid >= 0);
	if (pid == 0 && e->rootless)
		become_rootless(e, body);
	if (pid == 0)
		supervise(e, body);
	assert_int_equal(sys_waitid(P_PID, (id_t)pid, &info, WEXITED), 0);
	if (info.si_code != CLD_EXITED || info.si_status != 0) {
		(void)sp_sandbox_clean(e->uid, e->pod_dir, e->cgroup_root, false, NULL);
		fail_msg("the supervisor ended with %d", info.si_status);
	}
	check_leaks(e);
}

void drain(int fd, char *buf, size_t size)
{
	size_t have = 0;
	char rest[1024];
	ssize_t n;

	do {
		n = have < size - 1 ? read(fd, buf + have, size - 1 - have)
				    : read(fd, rest, sizeof(rest));
		if (n > 0 && have < size - 1)
			have += (size_t)n;
	} while (n > 0 || (n < 0 && errno == EINTR));
	buf[have] = '\0';
}

void reap(struct sp_ctr *c, int pidfd, struct sp_exit *ret)
{
	struct pollfd p = {.fd = pidfd, .events = POLLIN};
	struct sp_error err;
	int r;

	CHECK(poll(&p, 1, 60000) == 1);
	do
		r = sp_ctr_reap(c, ret, &err);
	while (r == 1);
	CHECK_ERR(r == 0, err);
	(void)sp_close(pidfd);
}

void job_sh(struct env *e, struct job *j, const char *name, const char *script)
{
	*j = (struct job){.argv = {"/bin/sh", "-c", script}, .env = {"PATH=/bin", "A=b"}};
	j->p = (struct sp_ctr_params){.name = name,
				      .attempt = e->attempt++,
				      .image = &e->image,
				      .security = &j->sec,
				      .pod_security = &j->pod,
				      .argv = j->argv,
				      .env = j->env,
				      .working_dir = "/",
				      .stdin_fd = -EBADF};
}

int job_run(struct env *e, const struct job *j, struct result *ret)
{
	struct sp_ctr_fds fds;
	struct sp_ctr *c;
	ssize_t n;

	*ret = (struct result){.exit.code = -1};
	if (sp_ctr_prepare(e->sandbox, &j->p, &c, &fds, &ret->error) < 0)
		return -1;
	CHECK_ERR(sp_ctr_release(c, &ret->error) == 0, ret->error);
	n = read(fds.report_fd, &ret->error, sizeof(ret->error));
	CHECK(n == 0 || n == sizeof(ret->error));
	drain(fds.stdout_fd, ret->out, sizeof(ret->out));
	if (fds.stderr_fd >= 0)
		drain(fds.stderr_fd, ret->err, sizeof(ret->err));
	reap(c, fds.pidfd, &ret->exit);
	(void)sp_ctr_free(c);
	(void)sp_close(fds.stdout_fd);
	(void)sp_close(fds.stderr_fd);
	(void)sp_close(fds.report_fd);
	return 0;
}

int sh(struct env *e, const char *script, struct result *ret)
{
	struct job j;

	job_sh(e, &j, "app", script);
	CHECK_ERR(job_run(e, &j, ret) == 0, ret->error);
	CHECK_ERR(ret->error.code == SP_OK, ret->error);
	return ret->exit.code;
}
