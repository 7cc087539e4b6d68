/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sweeping up behind a supervisor that died. Its processes, namespaces and mounts died with it;
 * what outlives it is in cgroups, on disk, in the address pool and in the packet filter.
 */
#include "supervisor/spawn.h"

#include "container/container.h"
#include "sys/fd.h"
#include "sys/sys.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>

#define DEATH_NS 10000000000 /* after which a process is not dying but stuck */

/* Could a link of this name be the pod's? "<pod>_<namespace>_…", of "<namespace>_<pod>_<uid>" */
static bool may_be_of(const char *link, const char *log_name)
{
	const char *pod = strchr(log_name, '_'), *uid = pod ? strchr(pod + 1, '_') : NULL;
	size_t n_ns = pod ? (size_t)(pod - log_name) : 0, n_pod = uid ? (size_t)(uid - pod) - 1 : 0;

	return uid && strncmp(link, pod + 1, n_pod) == 0 && link[n_pod] == '_' &&
	       strncmp(link + n_pod + 1, log_name, n_ns) == 0;
}

/* Links that point into the pod's log directory. Those of all pods of the machine are there: only
 * likely ones are read. */
static void remove_links(int links_fd, const char *log_path)
{
	const char *log_name = strrchr(log_path, '/') + 1;
	int fd = openat(links_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	size_t n = strlen(log_path);
	struct dirent *e;

	if (!d) {
		sp_close(fd);
		return;
	}
	while ((e = readdir(d))) {
		char target[PATH_MAX];
		ssize_t len = may_be_of(e->d_name, log_name)
				      ? readlinkat(links_fd, e->d_name, target, sizeof(target))
				      : -1;

		/* it does not know that readlinkat(2) writes */
		/* NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult) */
		if (len > (ssize_t)n && memcmp(target, log_path, n) == 0 && target[n] == '/')
			(void)unlinkat(links_fd, e->d_name, 0); /* gone is what we want */
	}
	(void)closedir(d); /* was read only */
}

static int remove_in(const char *dir, const char *name, struct sp_error *err)
{
	SP_CLEANUP(sp_closep) int fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int r;

	if (fd < 0)
		return errno == ENOENT ? 0 : sp_fail_errno(err, errno, "open '%s'", dir);
	r = sys_remove_tree(fd, name);
	return r < 0 ? sp_fail_errno(err, -r, "remove '%s/%s'", dir, name) : 0;
}

static int remove_log(struct sp_arena *a, const struct sp_engine *e, const char *name,
		      struct sp_error *err)
{
	const char *pods = sp_arena_printf(a, "%s/pods", e->log_dir);
	const char *log = sp_arena_printf(a, "%s/pods/%s", e->log_dir, name);
	const char *links = sp_arena_printf(a, "%s/containers", e->log_dir);
	SP_CLEANUP(sp_closep) int links_fd = -EBADF;

	if (!pods || !log || !links)
		return sp_fail(err, SP_E_NO_MEMORY, "sweep");
	links_fd = open(links, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (links_fd >= 0)
		remove_links(links_fd, log);
	return remove_in(pods, name, err);
}

static int give_address_back(struct sp_arena *a, const struct sp_engine *e, const char *uid,
			     struct sp_error *err)
{
	struct sp_error e_net;
	struct sp_net_config c;
	struct sp_net_host h;
	int64_t waited = 0;
	int r;

	if (sp_engine_net_config(a, e, &c, err) < 0)
		return -1;
	if (access(c.state_dir, F_OK) < 0)
		return 0; /* nobody ever had an address */
	if (sp_net_host_open(&c, &h, err) < 0)
		return -1;
	/* its lock is free, but processes that it was about to start may hold the lease while they
	 * die */
	do
		r = sp_net_pod_down(&c, &h, uid, &e_net);
	while (r < 0 && e_net.code == SP_E_UNAVAILABLE && sys_pause(&waited, DEATH_NS));
	sp_net_host_close(&h);
	if (r < 0 && err)
		*err = e_net;
	return r;
}

int sp_machine_tidy(const struct sp_engine *e, struct sp_error *err)
{
	SP_CLEANUP(sp_arena_done) struct sp_arena a = {0};
	struct sp_net_config c;
	struct sp_net_host h;
	int r;

	if (e->net != SP_NET_BRIDGE || e->rootless)
		return 0;
	if (sp_engine_net_config(&a, e, &c, err) < 0)
		return -1;
	if (access(c.state_dir, F_OK) < 0)
		return 0;
	if (sp_net_host_open(&c, &h, err) < 0)
		return -1;
	r = sp_net_machine_down(&c, &h, err);
	sp_net_host_close(&h);
	return r < 0 ? sp_wrap(err, "remove the pods' bridge") : 0;
}

int sp_pod_sweep(const struct sp_engine *e, const char *uid, bool remove_run_dir,
		 const char *remove_logs, struct sp_error *err)
{
	SP_CLEANUP(sp_arena_done) struct sp_arena a = {0};
	const char *runs = sp_arena_printf(&a, "%s/pods", e->run_dir);
	const char *lock = sp_arena_printf(&a, "%s/pods/%s/lock", e->run_dir, uid);
	const char *pod_dir = sp_arena_printf(&a, "%s/pods/%s", e->root, uid);
	SP_CLEANUP(sp_closep) int lock_fd = -EBADF;
	struct sp_error first = {0}, *to = &first;
	int ret = 0;

	if (!runs || !lock || !pod_dir)
		return sp_fail(err, SP_E_NO_MEMORY, "sweep");
	/* Held until the end: no supervisor starts on what is being removed. */
	lock_fd = open(lock, O_RDWR | O_CLOEXEC);
	if (lock_fd >= 0 && sp_pod_lock(lock_fd, err) < 0)
		return sp_wrap(err, "sweep pod %s", uid);
	/* Everything is tried; the first failure is told. */
	if (sp_sandbox_clean(uid, pod_dir, e->cgroup_root ? e->cgroup_root : "sidepod",
			     !remove_run_dir, to) < 0) {
		ret = -1;
		to = NULL;
	}
	if (e->net == SP_NET_BRIDGE && give_address_back(&a, e, uid, to) < 0) {
		ret = -1;
		to = NULL;
	}
	if (remove_logs && remove_log(&a, e, remove_logs, to) < 0) {
		ret = -1;
		to = NULL;
	}
	if (remove_run_dir && remove_in(runs, uid, to) < 0)
		ret = -1;
	if (ret < 0 && err)
		*err = first;
	return ret < 0 ? sp_wrap(err, "sweep pod %s", uid) : 0;
}
