/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Huge pages as containers get them (CG-7). The machine is made to have some for the time of the
 * tests; one test at a time, of whatever run, changes how many.
 */
#include "container_env.h"

#include "container/cgroup.h"
#include "sys/fd.h"
#include "sys/huge.h"
#include "sys/sys.h"

#include <stdlib.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../unit/cmocka_all.h"

#ifndef MAP_HUGE_SHIFT
#define MAP_HUGE_SHIFT 26
#endif
#define PAGES 8 /* that the tests need */

static int64_t sizes[SYS_HUGE_SIZES_MAX], before; /* pages of sizes[0] */
static int n_sizes, lock_fd = -EBADF;

/* ---- pages of the machine ---------------------------------------------------------------------
 */

static int64_t set_pages(int64_t n)
{
	char path[128], text[24];

	(void)snprintf(path, sizeof(path), "/sys/kernel/mm/hugepages/hugepages-%lldkB/nr_hugepages",
		       (long long)(sizes[0] / 1024));
	(void)snprintf(text, sizeof(text), "%lld", (long long)n);
	return sys_write_file(AT_FDCWD, path, text) < 0 ? 0 : sys_huge_pages(sizes[0]);
}

static int reserve(void **state)
{
	if (env_missing())
		return 0;
	n_sizes = sys_huge_sizes(sizes);
	lock_fd = open("/sys/kernel/mm/hugepages", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (n_sizes <= 0 || lock_fd < 0 || flock(lock_fd, LOCK_EX) < 0)
		return n_sizes < 0;
	before = sys_huge_pages(sizes[0]);
	return before < 0;
}

static int give_back(void **state)
{
	bool ok = lock_fd < 0 || before < 0 || set_pages(before) == before;

	lock_fd = sp_close(lock_fd); /* unlocks */
	return !ok;
}

/* Why not here; NULL when the machine has the pages now. */
static const char *missing(void)
{
	if (env_missing())
		return env_missing();
	if (n_sizes <= 0)
		return "this kernel has no huge pages";
	if (set_pages(before + PAGES) < before + PAGES)
		return "this machine has no memory for huge pages";
	return NULL;
}

/* ---- a pod's limits ---------------------------------------------------------------------------
 */

/* The directory of container @name, or of the pod (NULL), in the tree with the controller. */
static const char *dir_of(const struct env *e, const char *name)
{
	static const char *const trees[] = {"", "/unified", "/hugetlb"};
	static char path[512];
	char file[640];

	for (size_t i = 0; i < SP_ARRAY_LEN(trees); i++) {
		(void)snprintf(file, sizeof(file), "/sys/fs/cgroup%s/cgroup.controllers", trees[i]);
		if (access(file, F_OK) == 0) {
			char text[256];

			if (sys_read_file(AT_FDCWD, file, text, sizeof(text)) <= 0 ||
			    !(sp_cg_ctls_parse(text, strlen(text)) & SP_CG_HUGETLB))
				continue;
		}
		(void)snprintf(path, sizeof(path), "/sys/fs/cgroup%s/%s/besteffort/pod%s%s%s",
			       trees[i], e->cgroup_root, e->uid, name ? "/" : "", name ? name : "");
		if (access(path, F_OK) == 0)
			return path;
	}
	return NULL;
}

/* -1: there is no such file */
static int64_t limit_in(const char *dir, int64_t page, bool reservations)
{
	static const char *const names[][2] = {{"max", "rsvd.max"},
					       {"limit_in_bytes", "rsvd.limit_in_bytes"}};
	char path[640], size[16], text[32];

	sp_cg_huge_name(page, size, sizeof(size));
	for (size_t i = 0; i < SP_ARRAY_LEN(names); i++) {
		(void)snprintf(path, sizeof(path), "%s/hugetlb.%s.%s", dir, size,
			       names[i][reservations]);
		if (sys_read_file(AT_FDCWD, path, text, sizeof(text)) > 0)
			return strtoll(text, NULL, 10);
	}
	return -1;
}

/* Of every size: @bytes of the first, 0 of the others; reservations are limited alike. */
static void check_limits(const char *dir, int64_t bytes)
{
	for (int i = 0; i < n_sizes; i++) {
		int64_t rsvd = limit_in(dir, sizes[i], true);

		CHECK(limit_in(dir, sizes[i], false) == (i == 0 ? bytes : 0));
		CHECK(rsvd == (i == 0 ? bytes : 0) || rsvd == -1);
	}
}

/* Maps and touches @n pages as a process of the cgroup @dir. Return: 0 or an errno */
static int map_pages(const char *dir, int64_t n)
{
	int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB |
		    (__builtin_ctzll((uint64_t)sizes[0]) << MAP_HUGE_SHIFT);
	size_t size = (size_t)(n * sizes[0]);
	pid_t pid = fork();
	int status;
	void *p;

	CHECK(pid >= 0);
	if (pid == 0) {
		char path[640];
		int r = 0;

		(void)snprintf(path, sizeof(path), "%s/cgroup.procs", dir ? dir : "");
		if (dir)
			r = sys_write_file(AT_FDCWD, path, "0");
		if (r < 0)
			_exit(-r);
		p = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, -1, 0);
		if (p == MAP_FAILED)
			_exit(errno);
		memset(p, 1, size);
		_exit(0);
	}
	CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* Runs @check while container @ctr of the pod is there. */
static void with_container(struct env *e, uint16_t ctr, const char *name,
			   void (*check)(struct env *e, const char *name))
{
	struct sp_ctr_fds fds;
	struct sp_error err;
	struct sp_exit exit;
	struct sp_ctr *c;
	struct job j;

	job_sh(e, &j, name, "sleep 60");
	j.p.ctr = ctr;
	CHECK_ERR(sp_ctr_prepare(e->sandbox, &j.p, &c, &fds, &err) == 0, err);
	check(e, name);
	CHECK(sp_ctr_release(c, &err) == 0 && sp_ctr_kill(c) == 0);
	reap(c, fds.pidfd, &exit);
	(void)sp_ctr_free(c);
	(void)sp_close(fds.stdout_fd);
	(void)sp_close(fds.stderr_fd);
	(void)sp_close(fds.report_fd);
}

static void has_two(struct env *e, const char *name)
{
	CHECK(map_pages(NULL, 5) == 0); /* the machine has them, for others */
	check_limits(dir_of(e, name), 2 * sizes[0]);
	CHECK(map_pages(dir_of(e, name), 2) == 0);
	CHECK(map_pages(dir_of(e, name), 3) == ENOMEM);
}

static void has_pods(struct env *e, const char *name)
{
	check_limits(dir_of(e, name), 4 * sizes[0]);
	CHECK(map_pages(dir_of(e, name), 4) == 0);
	CHECK(map_pages(dir_of(e, name), 5) == ENOMEM);
}

static void has_none(struct env *e, const char *name)
{
	check_limits(dir_of(e, name), 0);
	CHECK(map_pages(dir_of(e, name), 1) == ENOMEM);
}

/* The pod's zeros hold for its containers. */
static void has_nothing_said(struct env *e, const char *name)
{
	check_limits(dir_of(e, NULL), 0);
	CHECK(map_pages(dir_of(e, name), 1) == ENOMEM);
}

static void name_pages(struct env *e, int ctr, int64_t n)
{
	struct sp_res_values *v = ctr < 0 ? &e->res.pod : &e->res.ctrs[ctr];

	e->res.n_huge = 1;
	e->res.huge[0] = sizes[0];
	v->req[SP_RES_HUGE] = v->lim[SP_RES_HUGE] = n * sizes[0];
}

static void own_limits(struct env *e)
{
	if (!dir_of(e, NULL))
		return; /* no tree has the controller: nothing to see, and no error */
	check_limits(dir_of(e, NULL), 3 * sizes[0]);
	with_container(e, 0, "app", has_two);
	with_container(e, 1, "other", has_none);
}

static void pod_limits(struct env *e)
{
	if (!dir_of(e, NULL))
		return;
	check_limits(dir_of(e, NULL), 4 * sizes[0]);
	with_container(e, 0, "app", has_two);
	with_container(e, 1, "other", has_pods);
}

static void unnamed(struct env *e)
{
	if (!dir_of(e, NULL))
		return;
	with_container(e, 0, "app", has_nothing_said);
}

/* ---- volumes ----------------------------------------------------------------------------------
 */

/* Space in files is huge pages, of the right size, no more than sizeLimit and the container's own.
 */
static void volumes(struct env *e)
{
	char script[512], want[128];
	struct sp_volume sized, free_size;
	struct sp_error err;
	struct result r;
	struct job j;
	struct sp_ctr_mount m[] = {{.volume = &sized, .target = "/sized"},
				   {.volume = &free_size, .target = "/free"}};

	CHECK_ERR(sp_volume_huge_pages(e->sandbox, "sized", sizes[0], sizes[0], -1, &sized, &err) ==
			  0,
		  err);
	CHECK_ERR(sp_volume_huge_pages(e->sandbox, "free", sizes[0], -1, 500, &free_size, &err) ==
			  0,
		  err);
	(void)snprintf(script, sizeof(script),
		       "stat -f -c %%S /sized; stat -c %%a /sized; stat -c '%%a %%g' /free\n"
		       "fallocate -l %lld /sized/a && echo a\n"
		       "fallocate -l %lld /sized/b 2>/dev/null || { echo full; rm /sized/b; }\n"
		       "fallocate -l %lld /free/c 2>/dev/null || echo limit\n"
		       "rm -f /free/c; fallocate -l %lld /free/d && echo d\n",
		       (long long)sizes[0], (long long)sizes[0], (long long)sizes[0] * 3,
		       (long long)sizes[0]);
	(void)snprintf(want, sizeof(want), "%lld\n777\n2777 500\na\nfull\n%sd\n",
		       (long long)sizes[0], dir_of(e, NULL) ? "limit\n" : "");
	job_sh(e, &j, "app", script);
	j.p.mounts = m;
	j.p.n_mounts = SP_ARRAY_LEN(m);
	CHECK_ERR(job_run(e, &j, &r) == 0 && r.error.code == SP_OK, r.error);
	CHECK_STR(r.out, want);
	/* a next container finds what the first one left */
	job_sh(e, &j, "next", "ls /sized /free");
	j.p.mounts = m;
	j.p.n_mounts = SP_ARRAY_LEN(m);
	CHECK_ERR(job_run(e, &j, &r) == 0, r.error);
	CHECK_STR(r.out, "/free:\nd\n\n/sized:\na\n");
	(void)sp_close(sized.fd);
	(void)sp_close(free_size.fd);
	CHECK(sp_volume_huge_pages(e->sandbox, "odd", 3 << 20, -1, -1, &sized, &err) < 0);
	CHECK_STR(err.text, "mount volume 'odd': Invalid argument");
}

/* ------------------------------------------------------------------------------------------------
 */

#define PAGES_TEST(body, setup)                                                                    \
	static void test_##body(void **state)                                                      \
	{                                                                                          \
		const char *why = missing();                                                       \
		struct env e;                                                                      \
                                                                                                   \
		if (why) {                                                                         \
			print_message("skip: %s\n", why);                                          \
			skip();                                                                    \
		}                                                                                  \
		env_init(&e);                                                                      \
		setup;                                                                             \
		env_run(&e, body);                                                                 \
		env_done(&e);                                                                      \
	}

PAGES_TEST(own_limits, (name_pages(&e, 0, 2), name_pages(&e, 2, 1)))
PAGES_TEST(pod_limits, (name_pages(&e, 0, 2), name_pages(&e, -1, 4)))
PAGES_TEST(unnamed, (void)0)
PAGES_TEST(volumes, name_pages(&e, 0, 2))

#define CASE(name) cmocka_unit_test_setup_teardown(test_##name, reserve, give_back)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(own_limits),
		CASE(pod_limits),
		CASE(unnamed),
		CASE(volumes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
