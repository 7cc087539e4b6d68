/* SPDX-License-Identifier: Apache-2.0 */
/* What cgroups count: time, memory, tasks, kills for want of memory. */
#include "container/cgroup.h"
#include "sys/fd.h"
#include "sys/sys.h"

#include <dirent.h>
#include <stdlib.h>

static int open_below(int fd, const char *name)
{
	return openat(fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
}

/* Value of the line "<key> <number>"; 0 when it is not there. */
static uint64_t keyed(int fd, const char *file, const char *key)
{
	char buf[4096], *s = buf;
	size_t n = strlen(key);

	if (sys_read_file(fd, file, buf, sizeof(buf)) <= 0)
		return 0;
	for (; s && *s; s = strchr(s, '\n'), s = s ? s + 1 : NULL)
		if (strncmp(s, key, n) == 0 && s[n] == ' ')
			return strtoull(s + n + 1, NULL, 10);
	return 0;
}

static uint64_t number(int fd, const char *file)
{
	char buf[32];

	return sys_read_file(fd, file, buf, sizeof(buf)) > 0 ? strtoull(buf, NULL, 10) : 0;
}

uint64_t sp_cgroup_ctr_oom_kills(const struct sp_cgroup_ctr *c)
{
	for (uint32_t i = 0; c->cg && i < c->cg->n; i++)
		if ((c->cg->trees[i].ctls & SP_CG_MEMORY) && c->fds[i] >= 0)
			return keyed(c->fds[i],
				     c->cg->trees[i].v2 ? "memory.events" : "memory.oom_control",
				     "oom_kill");
	return 0;
}

static void usage_of(const struct sp_cg_tree *t, int fd, struct sp_usage *u)
{
	if (t->v2) {
		u->cpu_ns = keyed(fd, "cpu.stat", "usage_usec") * 1000;
		if (t->ctls & SP_CG_CPU)
			u->throttled_ns = keyed(fd, "cpu.stat", "throttled_usec") * 1000;
		if (t->ctls & SP_CG_MEMORY) {
			u->memory_bytes = number(fd, "memory.current");
			u->memory_peak_bytes = number(fd, "memory.peak");
			u->oom_kills = keyed(fd, "memory.events", "oom_kill");
		}
		if (t->ctls & SP_CG_PIDS)
			u->pids = number(fd, "pids.current");
		return;
	}
	if (t->ctls & SP_CG_CPUACCT)
		u->cpu_ns = number(fd, "cpuacct.usage");
	if (t->ctls & SP_CG_CPU)
		u->throttled_ns = keyed(fd, "cpu.stat", "throttled_time");
	if (t->ctls & SP_CG_MEMORY) {
		u->memory_bytes = number(fd, "memory.usage_in_bytes");
		u->memory_peak_bytes = number(fd, "memory.max_usage_in_bytes");
		u->oom_kills = keyed(fd, "memory.oom_control", "oom_kill");
	}
	if (t->ctls & SP_CG_PIDS)
		u->pids = number(fd, "pids.current");
}

/* Where no controller counts tasks, their list does: of this directory and those below. */
static uint64_t count_tasks(const struct sp_cg_tree *t, int fd)
{
	SP_CLEANUP(sp_closep)
	int list = openat(fd, t->v2 ? "cgroup.threads" : "tasks", O_RDONLY | O_CLOEXEC);
	int own = open_below(fd, ".");
	DIR *d = own >= 0 ? fdopendir(own) : NULL;
	struct dirent *e;
	uint64_t count = 0;
	char buf[4096];
	ssize_t n;

	while (list >= 0 && (n = read(list, buf, sizeof(buf))) > 0)
		for (ssize_t i = 0; i < n; i++)
			count += buf[i] == '\n';
	if (!d)
		(void)sp_close(own);
	while (d && (e = readdir(d))) {
		int sub = e->d_type == DT_DIR && e->d_name[0] != '.' ? open_below(fd, e->d_name)
								     : -EBADF;

		count += sub >= 0 ? count_tasks(t, sub) : 0;
		(void)sp_close(sub);
	}
	if (d)
		(void)closedir(d); /* read-only */
	return count;
}

static bool counts_pids(const struct sp_cgroup *cg)
{
	for (uint32_t i = 0; i < cg->n; i++)
		if (cg->trees[i].ctls & SP_CG_PIDS)
			return true;
	return false;
}

void sp_cgroup_ctr_usage(const struct sp_cgroup_ctr *c, struct sp_usage *ret)
{
	*ret = (struct sp_usage){0};
	for (uint32_t i = 0; c->cg && i < c->cg->n; i++)
		if (c->fds[i] >= 0)
			usage_of(&c->cg->trees[i], c->fds[i], ret);
	if (c->cg && c->cg->n && c->fds[0] >= 0 && !counts_pids(c->cg))
		ret->pids = count_tasks(&c->cg->trees[0], c->fds[0]);
}

void sp_cgroup_usage(const struct sp_cgroup *cg, struct sp_usage *ret)
{
	*ret = (struct sp_usage){0};
	for (uint32_t i = 0; i < cg->n; i++)
		usage_of(&cg->trees[i], cg->trees[i].pod_fd, ret);
	if (cg->n && !counts_pids(cg))
		ret->pids = count_tasks(&cg->trees[0], cg->trees[0].pod_fd);
}
