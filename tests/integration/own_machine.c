/* SPDX-License-Identifier: Apache-2.0 */
#include "own_machine.h"

#include "base/base.h"
#include "base/buf.h"

#include "../unit/cmocka_all.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE_S 60 /* for what ends by itself; nothing is judged by it */
#define TREES_MAX  24

/* ---- the place ------------------------------------------------------------------------------- */

static struct {
	char mount[128], own[192];
} trees[TREES_MAX];
static int n_trees;

/* A directory for us in every cgroup hierarchy that can have one. */
static void make_cgroups(void)
{
	FILE *f = fopen("/proc/self/mounts", "re");
	char line[1024], fs[32];

	while (f && fgets(line, sizeof(line), f) && n_trees < TREES_MAX) {
		char path[128];

		if (sscanf(line, "%*s %127s %31s", path, fs) != 2 || strncmp(fs, "cgroup", 6) != 0)
			continue;
		memcpy(trees[n_trees].mount, path, sizeof(path));
		snprintf(trees[n_trees].own, sizeof(trees[n_trees].own), "%s/sidepod-own-%d", path,
			 (int)getpid());
		n_trees += mkdir(trees[n_trees].own, 0755) == 0;
	}
	if (f)
		fclose(f);
}

/* Return: was something in them? It is told, and removed all the same. */
static int remove_cgroups(void)
{
	char command[256];
	int left = 0;

	for (int i = 0; i < n_trees; i++) {
		if (rmdir(trees[i].own) == 0)
			continue;
		printf("# left behind: %s: %s\n", trees[i].own, strerror(errno));
		left = 1;
		snprintf(command, sizeof(command), "find %s -depth -type d -exec rmdir {} +",
			 trees[i].own);
		for (int k = 0; k < 100 && system(command) != 0; k++)
			usleep(20000); /* killed processes are on their way out */
	}
	return left;
}

#define MUST(call)                                                                                 \
	do {                                                                                       \
		if ((call) < 0) {                                                                  \
			printf("Bail out! %s: %s\n", #call, strerror(errno));                      \
			_exit(1);                                                                  \
		}                                                                                  \
	} while (0)

/* The folder of a program, which may be hidden by an empty /tmp. */
struct folder {
	char path[PATH_MAX];
	int fd; /* -EBADF: it lies elsewhere */
};

static void open_folder(const char *program, struct folder *f)
{
	f->fd = -EBADF;
	if (!program || strncmp(program, "/tmp/", 5) != 0)
		return;
	snprintf(f->path, sizeof(f->path), "%.*s", (int)(strrchr(program, '/') - program), program);
	MUST(f->fd = open(f->path, O_PATH | O_DIRECTORY | O_CLOEXEC));
}

static void make_folder(const char *path)
{
	if (mkdir(path, 0755) < 0 && errno != EEXIST)
		MUST(-1);
}

static void put_back(struct folder *f)
{
	char from[32];

	if (f->fd < 0)
		return;
	for (char *p = f->path + 5; (p = strchr(p, '/')); *p++ = '/') {
		*p = '\0';
		make_folder(f->path);
	}
	make_folder(f->path);
	snprintf(from, sizeof(from), "/proc/self/fd/%d", f->fd);
	MUST(mount(from, f->path, NULL, MS_BIND, NULL));
	close(f->fd);
}

/* An empty /tmp; the programs that tests need stay in it when the tree lies there. */
static void mount_tmp(void)
{
	struct folder build, tools;

	open_folder(getenv("SIDEPOD"), &build);
	open_folder(LEFTOVERS, &tools);
	MUST(mount("tmpfs", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777"));
	put_back(&build);
	put_back(&tools);
}

static void furnish(void)
{
	struct ifreq lo = {.ifr_name = "lo", .ifr_flags = IFF_UP};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	MUST(fd);
	MUST(ioctl(fd, SIOCSIFFLAGS, &lo));
	close(fd);
	MUST(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
	MUST(mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL));
	mount_tmp();
	MUST(mount("tmpfs", "/var/tmp", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777"));
	MUST(mount("tmpfs", "/dev/shm", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777"));
	MUST(mount("tmpfs", "/run", "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755"));
	for (int i = 0; i < n_trees; i++)
		MUST(mount(trees[i].own, trees[i].mount, NULL, MS_BIND, NULL));
}

/* The first process reaps what others orphan, as on any machine. */
static int be_init(int (*tests)(void))
{
	int status, ret = 1;
	pid_t pid, child = fork();

	MUST(child);
	if (child == 0) {
		ret = tests();
		fflush(NULL);
		_exit(ret);
	}
	while ((pid = wait(&status)) > 0 || errno == EINTR)
		if (pid == child) {
			ret = WIFEXITED(status) ? WEXITSTATUS(status) : 1;
			break; /* what still runs dies with us */
		}
	return ret;
}

static int wait_for(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

/* In a process of its own, because the caller is to stay outside. */
static int enter(int (*tests)(void))
{
	pid_t pid;

	MUST(unshare(CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWPID | CLONE_NEWIPC));
	pid = fork();
	MUST(pid);
	if (pid == 0) {
		MUST(prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0));
		furnish();
		_exit(be_init(tests));
	}
	return wait_for(pid);
}

int own_machine_run(int (*tests)(void))
{
	pid_t pid;
	int r;

	if (geteuid() != 0) {
		printf("1..0 # SKIP needs root\n");
		return getenv("SP_TESTS_MUST_RUN") ? 1 : 0;
	}
	make_cgroups();
	fflush(NULL);
	pid = fork();
	MUST(pid);
	if (pid == 0) {
		/* a runner that loses patience ends everything */
		MUST(prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0));
		_exit(enter(tests));
	}
	r = wait_for(pid);
	return remove_cgroups() ? 1 : r;
}

/* ---- what is left ---------------------------------------------------------------------------- */

static const char *marked_root;
static struct sp_buf marked;
static int marked_fds;

static int count_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	int n = 0;

	while (d && readdir(d))
		n++;
	if (d)
		closedir(d);
	return n;
}

static void list(struct sp_buf *out)
{
	char command[512], mem[4096];
	size_t n;
	FILE *f;

	snprintf(command, sizeof(command), "'%s' '%s'", LEFTOVERS, marked_root);
	f = popen(command, "re");
	assert_non_null(f);
	while ((n = fread(mem, 1, sizeof(mem), f)) > 0)
		sp_buf_add(out, mem, n);
	assert_int_equal(pclose(f), 0);
	sp_buf_puts(out, "");
}

void own_machine_mark(const char *root)
{
	marked_root = root;
	sp_buf_clear(&marked);
	list(&marked);
	marked_fds = count_fds();
}

void own_machine_clean(const char *what)
{
	struct sp_buf now = {0};

	for (time_t until = time(NULL) + PATIENCE_S; time(NULL) <= until;) {
		sp_buf_clear(&now);
		list(&now);
		if (now.len == marked.len && memcmp(now.ptr, marked.ptr, now.len) == 0 &&
		    count_fds() == marked_fds) {
			sp_buf_done(&now);
			return;
		}
		usleep(10000); /* processes end when they are scheduled */
	}
	fail_msg("%s: %d descriptors before, %d now; left:\n%.*s-- before:\n%.*s", what, marked_fds,
		 count_fds(), (int)now.len, now.ptr, (int)marked.len, marked.ptr);
}

/* ---- who is there ---------------------------------------------------------------------------- */

int own_machine_supervisors(pid_t *v, int max)
{
	FILE *f = popen("grep -sl sidepod-supervi /proc/[0-9]*/comm", "re");
	int n = 0, pid;

	assert_non_null(f);
	while (fscanf(f, "/proc/%d/comm ", &pid) == 1) {
		if (n < max)
			v[n] = pid;
		n++;
	}
	pclose(f);
	return n;
}

int own_machine_kill_supervisors(void)
{
	pid_t v[8];
	int n = own_machine_supervisors(v, 8);

	for (int i = 0; i < n && i < 8; i++)
		kill(v[i], SIGKILL); /* gone already: as wanted */
	return n;
}
