/* SPDX-License-Identifier: Apache-2.0 */
/* Directories of pods and containers in the hierarchies: made, limited, emptied, measured, removed.
 */
#include "container/cgroup.h"

#include "base/text.h"
#include "sys/fd.h"
#include "sys/sys.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/xattr.h>

/* The tier's cpu share is a sum over its pods (CG-25); each pod adds and takes away its part. */
#define TIER_XATTR     "trusted.sidepod.milli"
#define MOUNTINFO_MAX  (256 * 1024)
#define KILL_ROUNDS    16
#define SOON_NS        1000000     /* of a supervisor's time: the loop waits meanwhile */
#define DEATH_NS       10000000000 /* after which a process is not dying but stuck */
#define LIMITING_CTLS  (SP_CG_CPU | SP_CG_MEMORY | SP_CG_PIDS | SP_CG_HUGETLB)
#define SHARES_DEFAULT 1024 /* what a new cgroup has: cpu.shares */
#define WEIGHT_DEFAULT 100  /* and cpu.weight */

/* ---- opening ----------------------------------------------------------------------------------
 */

static int open_dir(int fd, const char *name)
{
	int r = openat(fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

	return r < 0 ? -errno : r;
}

/* Directory @name below @fd, made when missing. */
static int make_dir(int fd, const char *name)
{
	if (mkdirat(fd, name, 0755) < 0 && errno != EEXIST)
		return -errno;
	return open_dir(fd, name);
}

static int read_layout(struct sp_cg_layout *l, bool pids)
{
	char *text = malloc(MOUNTINFO_MAX), names[256], path[sizeof(l->mounts[0].path) + 32];
	ssize_t n;

	if (!text)
		return -ENOMEM;
	n = sys_read_file(AT_FDCWD, "/proc/self/mountinfo", text, MOUNTINFO_MAX);
	if (n >= 0)
		sp_cg_layout_parse(text, l);
	free(text);
	if (n < 0)
		return (int)n;
	for (uint32_t i = 0; i < l->n; i++) {
		if (!l->mounts[i].v2)
			continue;
		(void)snprintf(path, sizeof(path), "%s/cgroup.controllers", l->mounts[i].path);
		n = sys_read_file(AT_FDCWD, path, names, sizeof(names));
		l->mounts[i].ctls = n > 0 ? sp_cg_ctls_parse(names, (size_t)n) : 0;
	}
	sp_cg_layout_select(l, pids);
	return 0;
}

/* Let the children of a v2 directory use the controllers. */
static int enable(int fd, uint32_t ctls)
{
	char text[64] = "";
	struct sp_buf b = sp_buf_fixed(text, sizeof(text));

	for (uint32_t left = ctls & LIMITING_CTLS; left; left &= left - 1)
		sp_buf_printf(&b, "%s+%s", b.len ? " " : "", sp_cg_ctl_name(left & -left));
	return b.len ? sys_write_file(fd, "cgroup.subtree_control", text) : 0;
}

/*
 * Down to the pod; those below a base and a tier that others use do not need it. The hierarchy's
 * top is touched by the first pod after a boot alone.
 */
static int enable_chain(const struct sp_cg_tree *t, uint32_t inside)
{
	int r = enable(t->base_fd, t->ctls);

	if (r == -ENOENT) {
		r = enable(t->mount_fd, t->ctls);
		if (r >= 0)
			r = enable(t->base_fd, t->ctls);
	}
	if (r >= 0 && t->tier_fd != t->base_fd)
		r = enable(t->tier_fd, t->ctls);
	return r < 0 ? r : enable(t->pod_fd, inside);
}

static void tree_close(struct sp_cg_tree *t)
{
	t->pod_fd = sp_close(t->pod_fd);
	if (t->tier_fd != t->base_fd)
		(void)sp_close(t->tier_fd);
	t->tier_fd = -EBADF;
	t->base_fd = sp_close(t->base_fd);
	t->mount_fd = sp_close(t->mount_fd);
}

/*
 * Where our directories go: the hierarchy's top, or, when that is not ours to change (a container,
 * a user's session), the cgroup in which we run.
 */
static int open_base(const struct sp_cg_mount *m, const char *root, struct sp_cg_tree *t)
{
	char self[4096], path[sizeof(m->path) + 512];
	struct sp_str own;
	size_t skip;

	(void)snprintf(t->top, sizeof(t->top), "%s", m->path); /* shorter */
	t->mount_fd = open_dir(AT_FDCWD, m->path);
	if (t->mount_fd < 0)
		return t->mount_fd;
	t->base_fd = make_dir(t->mount_fd, root);
	if (t->base_fd >= 0 || (t->base_fd != -EACCES && t->base_fd != -EPERM))
		return t->base_fd;
	if (sys_read_file(AT_FDCWD, "/proc/self/cgroup", self, sizeof(self)) < 0)
		return t->base_fd;
	own = sp_cg_self_path(self, m->v2 ? 0 : m->ctls);
	skip = sp_streq(m->root, "/") ? 0 : strlen(m->root);
	if (own.len <= skip + 1 || (skip && memcmp(own.ptr, m->root, skip) != 0))
		return t->base_fd;
	(void)snprintf(path, sizeof(path), "%s" SP_STR_FMT, m->path, (int)(own.len - skip),
		       own.ptr + skip);
	t->mount_fd = sp_close(t->mount_fd);
	if ((size_t)snprintf(t->top, sizeof(t->top), "%s", path) >= sizeof(t->top))
		return -ENAMETOOLONG;
	t->mount_fd = open_dir(AT_FDCWD, path);
	if (t->mount_fd < 0)
		return t->mount_fd;
	t->base_fd = make_dir(t->mount_fd, root);
	return t->base_fd;
}

static int open_tree_dirs(const struct sp_cg_mount *m, const struct sp_cgroup *cg,
			  struct sp_cg_tree *t)
{
	int r = -ENOENT;

	*t = (struct sp_cg_tree){.pod_fd = -EBADF,
				 .tier_fd = -EBADF,
				 .base_fd = -EBADF,
				 .mount_fd = -EBADF,
				 .v2 = m->v2,
				 .ctls = m->ctls,
				 .path = m->path};
	/* a closing pod removes empty parents: between two steps of ours, too */
	for (int i = 0; i < 8 && r == -ENOENT; i++) {
		tree_close(t);
		r = open_base(m, cg->base, t);
		if (r < 0)
			continue;
		t->tier_fd = cg->tier[0] ? make_dir(t->base_fd, cg->tier) : t->base_fd;
		r = t->tier_fd;
		if (r < 0)
			continue;
		t->pod_fd = make_dir(t->tier_fd, cg->pod);
		r = t->pod_fd;
	}
	return r;
}

static int write_num(int fd, const char *file, int64_t v)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%lld", (long long)v);
	return sys_write_file(fd, file, text);
}

/* The directory's limits; values that a new directory has anyway are not written. */
static int write_values(const struct sp_cg_tree *t, int fd, const struct sp_cg_values *v, bool pod,
			int64_t pids, const char **ret_file)
{
	uint64_t weight;
	char text[48];
	int r;

#define WRITE(file, value)                                                                         \
	do {                                                                                       \
		*ret_file = (file);                                                                \
		r = write_num(fd, *ret_file, (int64_t)(value));                                    \
		if (r < 0)                                                                         \
			return r;                                                                  \
	} while (0)

	if (t->ctls & SP_CG_CPU) {
		weight = pod ? sp_cg_weight_pod(v->cpu_shares)
			     : sp_cg_weight_container(v->cpu_shares);
		if (t->v2 && weight != WEIGHT_DEFAULT)
			WRITE("cpu.weight", weight);
		if (!t->v2 && v->cpu_shares != SHARES_DEFAULT)
			WRITE("cpu.shares", v->cpu_shares);
		if (v->cpu_quota_us >= 0 && t->v2) {
			*ret_file = "cpu.max";
			(void)snprintf(text, sizeof(text), "%lld %lld", (long long)v->cpu_quota_us,
				       (long long)v->cpu_period_us);
			r = sys_write_file(fd, "cpu.max", text);
			if (r < 0)
				return r;
		} else if (v->cpu_quota_us >= 0) {
			if (v->cpu_period_us != 100000)
				WRITE("cpu.cfs_period_us", v->cpu_period_us);
			WRITE("cpu.cfs_quota_us", v->cpu_quota_us);
		}
	}
	if (t->ctls & SP_CG_MEMORY) {
		if (v->memory_bytes >= 0 && t->v2) {
			WRITE("memory.max", v->memory_bytes);
			/* CG-9; the file is missing on kernels without swap */
			r = sys_write_file(fd, "memory.swap.max", "0");
			if (r < 0 && r != -ENOENT)
				return r;
		} else if (v->memory_bytes >= 0) {
			WRITE("memory.limit_in_bytes", v->memory_bytes);
			r = write_num(fd, "memory.memsw.limit_in_bytes", v->memory_bytes);
			if (r < 0 && r != -ENOENT && r != -EOPNOTSUPP)
				return r;
		}
		if (t->v2 && !pod) { /* CG-5 */
			*ret_file = "memory.oom.group";
			r = sys_write_file(fd, "memory.oom.group", "1");
			if (r < 0 && r != -ENOENT)
				return r;
		}
	}
	if ((t->ctls & SP_CG_PIDS) && pids >= 0)
		WRITE("pids.max", pids);
	return 0;
#undef WRITE
}

static int64_t read_xattr(int fd)
{
	char text[24];
	ssize_t n = fgetxattr(fd, TIER_XATTR, text, sizeof(text) - 1);
	int64_t v;

	if (n <= 0)
		return 0;
	text[n] = '\0';
	return sp_parse_i64(text, 0, INT64_MAX, &v) == 0 ? v : 0;
}

/*
 * Add to the burstable tier's share. A hint about fairness between tiers: where it cannot be kept
 * (no right to set the attribute) pods still have their own shares, so failures are passed over.
 */
static void tier_add(const struct sp_cg_tree *t, const char *tier, int64_t milli)
{
	char text[24];
	int64_t sum;
	uint64_t shares;

	if (!(t->ctls & SP_CG_CPU) || !sp_streq(tier, "burstable") || milli == 0)
		return;
	if (flock(t->tier_fd, LOCK_EX) < 0)
		return;
	sum = SP_MAX(read_xattr(t->tier_fd) + milli, 0);
	(void)snprintf(text, sizeof(text), "%lld", (long long)sum);
	shares = sp_cg_shares(sum);
	if (fsetxattr(t->tier_fd, TIER_XATTR, text, strlen(text), 0) == 0)
		(void)write_num(t->tier_fd, t->v2 ? "cpu.weight" : "cpu.shares",
				(int64_t)(t->v2 ? sp_cg_weight_pod(shares) : shares));
	(void)flock(t->tier_fd, LOCK_UN);
}

/* CG-25: the lowest share for the best-effort tier, once per directory. */
static void tier_init(const struct sp_cg_tree *t, const struct sp_cgroup *cg)
{
	char text[24];

	if (!(t->ctls & SP_CG_CPU) || !sp_streq(cg->tier, "besteffort"))
		return;
	if (sys_read_file(t->tier_fd, t->v2 ? "cpu.weight" : "cpu.shares", text, sizeof(text)) >
		    0 &&
	    strcmp(text, t->v2 ? "1\n" : "2\n") != 0)
		(void)write_num(t->tier_fd, t->v2 ? "cpu.weight" : "cpu.shares", t->v2 ? 1 : 2);
}

/* Let containers use the controllers that limit them, and limit the pod. */
static int tree_limit(struct sp_cgroup *cg, const struct sp_cg_tree *t,
		      const struct sp_cgroup_params *p, const char **ret_file)
{
	uint32_t inside = cg->huge_named ? t->ctls : t->ctls & ~(uint32_t)SP_CG_HUGETLB;
	int r = 0;

	for (int i = 0; i < 2; i++) {
		*ret_file = "cgroup.subtree_control";
		if (t->v2)
			r = i ? enable_chain(t, inside) : enable(t->pod_fd, inside);
		if (r >= 0)
			r = write_values(t, t->pod_fd, &p->values, true, p->pids_limit, ret_file);
		if (r >= 0) {
			*ret_file = cg->huge_file;
			r = sp_cgroup_huge_write(cg, t, t->pod_fd, &p->values);
		}
		/* neither the controller nor its files are there: it is off further up */
		if (r != -ENOENT || !t->v2)
			return r;
	}
	return r;
}

static int tree_set_up(struct sp_cgroup *cg, struct sp_cg_tree *t, const struct sp_cgroup_params *p,
		       struct sp_error *err)
{
	const char *file;
	char text[24];
	int r;

	r = tree_limit(cg, t, p, &file);
	if (r < 0 && (!cg->huge_named || p->lenient) && (t->ctls & SP_CG_HUGETLB)) {
		/* a machine that keeps this controller to itself serves pods that ask for no huge
		 * pages as well as one without it */
		t->ctls &= ~(uint32_t)SP_CG_HUGETLB;
		r = tree_limit(cg, t, p, &file);
	}
	if (r < 0 && p->lenient) {
		t->ctls = 0;
		return 0;
	}
	if (r < 0)
		return sp_fail_errno(err, -r, "cgroup '%s/%s/%s': write %s", t->path, cg->base,
				     cg->pod, file);
	tier_init(t, cg);
	tier_add(t, cg->tier, cg->tier_milli);
	if ((t->ctls & SP_CG_CPU) && cg->tier_milli) {
		(void)snprintf(text, sizeof(text), "%lld", (long long)cg->tier_milli);
		/* for sp_cgroup_clean(); without it the tier keeps a little too much */
		(void)fsetxattr(t->pod_fd, TIER_XATTR, text, strlen(text), 0);
	}
	return 0;
}

int sp_cgroup_open(const struct sp_cgroup_params *p, struct sp_cgroup **ret, struct sp_error *err)
{
	static const char *const tiers[] = {
		[SP_QOS_GUARANTEED] = "",
		[SP_QOS_BURSTABLE] = "burstable",
		[SP_QOS_BEST_EFFORT] = "besteffort",
	};
	struct sp_cgroup *cg;
	struct sp_cg_tree *t;
	int r;

	if (strlen(p->uid) > sizeof(cg->pod) - 4 || strchr(p->uid, '/') ||
	    strlen(p->root) >= sizeof(cg->base) || strchr(p->root, '/') || !p->root[0])
		return sp_fail(err, SP_E_INVALID, "cgroup names '%s' and '%s' are not usable",
			       p->root, p->uid);
	cg = calloc(1, sizeof(*cg));
	if (!cg)
		return sp_fail(err, SP_E_NO_MEMORY, "pod cgroup");
	cg->device_prog_fd = -EBADF;
	(void)snprintf(cg->base, sizeof(cg->base), "%s", p->root);
	(void)snprintf(cg->tier, sizeof(cg->tier), "%s", tiers[p->qos]);
	(void)snprintf(cg->pod, sizeof(cg->pod), "pod%s", p->uid);
	cg->tier_milli = p->qos == SP_QOS_BURSTABLE ? p->cpu_request_milli : 0;
	r = read_layout(&cg->layout, p->pids_limit >= 0);
	if (r < 0) {
		(void)sp_fail_errno(err, -r, "read /proc/self/mountinfo");
		goto failed;
	}
	r = sp_cgroup_huge_init(cg, &p->values);
	if (r < 0) {
		(void)sp_fail_errno(err, -r, "sizes of huge pages");
		goto failed;
	}
	for (uint32_t i = 0; i < cg->layout.n; i++) {
		t = &cg->trees[cg->n];
		r = open_tree_dirs(&cg->layout.mounts[i], cg, t);
		if (r < 0) {
			tree_close(t);
			if (p->lenient || r == -EROFS)
				continue;
			(void)sp_fail_errno(err, -r, "cgroup '%s/%s'", cg->layout.mounts[i].path,
					    cg->base);
			goto failed;
		}
		cg->n++;
		if (tree_set_up(cg, t, p, err) < 0)
			goto failed;
	}
	*ret = cg;
	return 0;
failed:
	(void)sp_cgroup_close(cg);
	return -1;
}

uint32_t sp_cgroup_unenforced(const struct sp_cgroup *cg, const struct sp_cg_values *v)
{
	uint32_t wanted = (v->memory_bytes >= 0 ? (uint32_t)SP_CG_MEMORY : 0) |
			  (v->cpu_quota_us >= 0 ? (uint32_t)SP_CG_CPU : 0) |
			  (v->n_huge ? (uint32_t)SP_CG_HUGETLB : 0);

	for (uint32_t i = 0; i < cg->n; i++)
		wanted &= ~cg->trees[i].ctls;
	return wanted;
}

const struct sp_cg_tree *sp_cgroup_v2(const struct sp_cgroup *cg)
{
	return cg->n && cg->trees[0].v2 ? &cg->trees[0] : NULL;
}

/* ---- killing and removing ---------------------------------------------------------------------
 */

static bool file_has(int fd, const char *file, const char *text)
{
	char buf[512];

	return sys_read_file(fd, file, buf, sizeof(buf)) > 0 && strstr(buf, text);
}

/* SIGKILL to the processes of this directory. Return: how many, or -errno */
static int kill_listed(int fd)
{
	char buf[16 * 1024], *s, *end;
	ssize_t n = sys_read_file(fd, "cgroup.procs", buf, sizeof(buf));
	int count = 0;
	long pid;

	if (n < 0)
		return (int)n;
	for (s = buf; *s; s = end) {
		pid = strtol(s, &end, 10);
		if (end == s)
			break;
		/* 0: a process outside of our PID namespace, which cannot be one of ours */
		if (pid > 1 && kill((pid_t)pid, SIGKILL) == 0)
			count++;
		end += *end == '\n';
	}
	return count;
}

static int kill_subtree(int fd)
{
	DIR *d;
	struct dirent *e;
	int sub, r = kill_listed(fd), k, dup_fd;

	dup_fd = open_dir(fd, ".");
	d = dup_fd >= 0 ? fdopendir(dup_fd) : NULL;
	if (!d) {
		(void)sp_close(dup_fd);
		return r;
	}
	while ((e = readdir(d))) {
		if (e->d_type != DT_DIR || e->d_name[0] == '.')
			continue;
		sub = open_dir(fd, e->d_name);
		k = sub >= 0 ? kill_subtree(sub) : 0;
		(void)sp_close(sub);
		if (r >= 0 && k > 0)
			r += k;
	}
	(void)closedir(d); /* read-only */
	return r;
}

/* One write where the kernel has cgroup.kill (v2, 5.14); else freeze, kill what is listed, thaw. */
static int kill_dir(const struct sp_cg_tree *t, int fd)
{
	int r = t->v2 ? sys_write_file(fd, "cgroup.kill", "1") : -ENOENT;
	bool freezer = t->v2 || (t->ctls & SP_CG_FREEZER);

	if (r != -ENOENT)
		return r;
	/* a frozen process cannot fork away between reading the list and the signal; a process that
	 * is killed while frozen dies as soon as it is thawed */
	if (freezer)
		(void)sys_write_file(fd, t->v2 ? "cgroup.freeze" : "freezer.state",
				     t->v2 ? "1" : "FROZEN");
	for (int i = 0; i < KILL_ROUNDS; i++) {
		r = kill_subtree(fd);
		if (r <= 0 || freezer)
			break;
	}
	if (freezer)
		(void)sys_write_file(fd, t->v2 ? "cgroup.freeze" : "freezer.state",
				     t->v2 ? "0" : "THAWED");
	return r < 0 ? r : 0;
}

/* The tree that kills best: v2, else the freezer, else any. */
static uint32_t kill_tree(const struct sp_cgroup *cg)
{
	for (uint32_t i = 0; i < cg->n; i++)
		if (cg->trees[i].v2 || (cg->trees[i].ctls & SP_CG_FREEZER))
			return i;
	return 0;
}

/* Remove directory @name, with what a container made below it. */
static int remove_dir(int fd, const char *name)
{
	DIR *d;
	struct dirent *e;
	int sub;

	if (unlinkat(fd, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
		return 0;
	if (errno != EBUSY && errno != ENOTEMPTY)
		return -errno;
	sub = open_dir(fd, name);
	d = sub >= 0 ? fdopendir(sub) : NULL;
	if (!d) {
		(void)sp_close(sub);
		return sub < 0 ? sub : -ENOMEM;
	}
	while ((e = readdir(d)))
		if (e->d_type == DT_DIR && e->d_name[0] != '.')
			(void)remove_dir(dirfd(d), e->d_name); /* the parent's rmdir tells */
	(void)closedir(d);                                     /* read-only */
	return unlinkat(fd, name, AT_REMOVEDIR) < 0 && errno != ENOENT ? -errno : 0;
}

/* An exiting process leaves its cgroup shortly after it can be reaped: give it the processor. */
static int remove_dir_soon(int fd, const char *name)
{
	int64_t waited = 0;
	int r;

	do
		r = remove_dir(fd, name);
	while (r == -EBUSY && sys_pause(&waited, SOON_NS));
	return r;
}

/*
 * The pod of a dead supervisor. Nobody has waited for its processes: the kernel begins to kill them
 * after the supervisor's locks are free, and one that is killed goes on until it has the processor
 * and has given its memory back, which takes as long as it takes.
 */
static int kill_and_remove(const struct sp_cg_tree *t, const char *pod)
{
	int64_t waited = 0;
	int r;

	do {
		(void)kill_dir(t, t->pod_fd); /* the removal tells */
		r = remove_dir(t->tier_fd, pod);
	} while (r == -EBUSY && sys_pause(&waited, DEATH_NS));
	return r;
}

struct sp_cgroup *sp_cgroup_close(struct sp_cgroup *cg)
{
	if (!cg)
		return NULL;
	if (cg->n) {
		const struct sp_cg_tree *t = &cg->trees[kill_tree(cg)];

		(void)kill_dir(t, t->pod_fd); /* what cannot be killed keeps the directory */
	}
	for (uint32_t i = 0; i < cg->n; i++) {
		struct sp_cg_tree *t = &cg->trees[i];

		if (t->pod_fd >= 0 && remove_dir_soon(t->tier_fd, cg->pod) == 0)
			tier_add(t, cg->tier, -cg->tier_milli);
		if (cg->tier[0] && t->base_fd >= 0) /* stays while others use it */
			(void)unlinkat(t->base_fd, cg->tier, AT_REMOVEDIR);
		if (t->mount_fd >= 0)
			(void)unlinkat(t->mount_fd, cg->base, AT_REMOVEDIR);
		tree_close(t);
	}
	(void)sp_close(cg->device_prog_fd);
	free(cg);
	return NULL;
}

int sp_cgroup_clean(const char *root, const char *uid, struct sp_error *err)
{
	static const char *const tiers[] = {"", "burstable", "besteffort"};
	struct sp_cgroup cg = {.device_prog_fd = -EBADF};
	int r = read_layout(&cg.layout, true), bad = 0;

	if (r < 0)
		return sp_fail_errno(err, -r, "read /proc/self/mountinfo");
	(void)snprintf(cg.base, sizeof(cg.base), "%s", root);
	(void)snprintf(cg.pod, sizeof(cg.pod), "pod%s", uid);
	for (uint32_t i = 0; i < cg.layout.n; i++) {
		struct sp_cg_tree t = {.pod_fd = -EBADF,
				       .tier_fd = -EBADF,
				       .base_fd = -EBADF,
				       .mount_fd = -EBADF,
				       .v2 = cg.layout.mounts[i].v2,
				       .ctls = cg.layout.mounts[i].ctls};

		r = open_base(&cg.layout.mounts[i], cg.base, &t);
		for (size_t k = 0; r >= 0 && k < SP_ARRAY_LEN(tiers); k++) {
			int64_t milli;

			t.tier_fd = tiers[k][0] ? open_dir(t.base_fd, tiers[k]) : t.base_fd;
			t.pod_fd = t.tier_fd >= 0 ? open_dir(t.tier_fd, cg.pod) : -EBADF;
			if (t.pod_fd >= 0) {
				milli = read_xattr(t.pod_fd);
				r = kill_and_remove(&t, cg.pod);
				if (r == 0)
					tier_add(&t, tiers[k], -milli);
				bad = r < 0 ? r : bad;
				r = 0;
			}
			t.pod_fd = sp_close(t.pod_fd);
			if (t.tier_fd != t.base_fd)
				(void)sp_close(t.tier_fd);
			t.tier_fd = -EBADF;
			if (tiers[k][0]) /* stays while others use it */
				(void)unlinkat(t.base_fd, tiers[k], AT_REMOVEDIR);
		}
		if (t.mount_fd >= 0)
			(void)unlinkat(t.mount_fd, cg.base, AT_REMOVEDIR);
		tree_close(&t);
	}
	return bad < 0 ? sp_fail_errno(err, -bad, "remove cgroup '%s/%s'", root, cg.pod) : 0;
}

/* ---- containers -------------------------------------------------------------------------------
 */

/* Return: is it enforced? Machines without either mechanism are told to the caller. */
static bool restrict_devices(struct sp_cgroup *cg, const struct sp_cgroup_ctr *c)
{
	for (uint32_t i = 0; i < cg->n; i++) {
		if (cg->trees[i].v2) {
			if (cg->device_prog_fd == -EBADF)
				cg->device_prog_fd = sp_device_prog_load();
			if (cg->device_prog_fd >= 0 &&
			    sp_device_prog_attach(cg->device_prog_fd, c->fds[i]) >= 0)
				return true;
		} else if ((cg->trees[i].ctls & SP_CG_DEVICES) &&
			   sp_device_rules_v1(c->fds[i]) >= 0) {
			return true;
		}
	}
	return false;
}

int sp_cgroup_ctr_open(struct sp_cgroup *cg, const char *name, const struct sp_cg_values *v,
		       bool all_devices, struct sp_cgroup_ctr *ret, bool *ret_restricted,
		       struct sp_error *err)
{
	struct sp_cgroup_ctr c = {.cg = cg, .name = name};
	const char *file = "";
	int r = 0;

	for (uint32_t i = 0; i < SP_CG_TREES_MAX; i++)
		c.fds[i] = -EBADF;
	for (uint32_t i = 0; i < cg->n; i++) {
		struct sp_cg_tree *t = &cg->trees[i];

		file = "directory";
		r = mkdirat(t->pod_fd, name, 0755) < 0 ? -errno : 0;
		if (r == -EEXIST) {
			/* an instance that could not be removed: counters and processes of it must
			 * not become ours */
			int old = open_dir(t->pod_fd, name);

			if (old >= 0)
				(void)kill_dir(t, old); /* the removal tells */
			(void)sp_close(old);
			r = remove_dir_soon(t->pod_fd, name);
			if (r == 0)
				r = mkdirat(t->pod_fd, name, 0755) < 0 ? -errno : 0;
		}
		if (r == 0)
			r = c.fds[i] = open_dir(t->pod_fd, name);
		if (r >= 0)
			r = write_values(t, c.fds[i], v, false, -1, &file);
		if (r >= 0 && cg->huge_named) {
			file = cg->huge_file;
			r = sp_cgroup_huge_write(cg, t, c.fds[i], v);
		}
		if (r < 0) {
			(void)sp_fail_errno(err, -r, "cgroup '%s/%s/%s/%s': %s", t->path, cg->base,
					    cg->pod, name, file);
			(void)sp_cgroup_ctr_remove(&c);
			return -1;
		}
	}
	*ret_restricted = all_devices || restrict_devices(cg, &c);
	*ret = c;
	return 0;
}

int sp_cgroup_ctr_path(const struct sp_cgroup_ctr *c, uint32_t i, char *ret, size_t size)
{
	const struct sp_cgroup *cg = c->cg;
	int n = snprintf(ret, size, "%s/%s%s%s/%s/%s", cg->trees[i].top, cg->base,
			 cg->tier[0] ? "/" : "", cg->tier, cg->pod, c->name);

	return n < 0 || (size_t)n >= size ? -1 : 0;
}

int sp_cgroup_ctr_kill(const struct sp_cgroup_ctr *c)
{
	uint32_t i;

	if (!c->cg || c->cg->n == 0)
		return -ENODEV;
	i = kill_tree(c->cg);
	return c->fds[i] < 0 ? -ENODEV : kill_dir(&c->cg->trees[i], c->fds[i]);
}

bool sp_cgroup_ctr_populated(const struct sp_cgroup_ctr *c)
{
	char buf[32];

	if (!c->cg || c->cg->n == 0 || c->fds[0] < 0)
		return false;
	if (c->cg->trees[0].v2)
		return file_has(c->fds[0], "cgroup.events", "populated 1");
	return sys_read_file(c->fds[0], "cgroup.procs", buf, sizeof(buf)) > 0;
}

int sp_cgroup_ctr_remove(struct sp_cgroup_ctr *c)
{
	int busy = 0;

	for (uint32_t i = 0; c->cg && i < c->cg->n; i++) {
		if (c->fds[i] < 0)
			continue;
		if (remove_dir_soon(c->cg->trees[i].pod_fd, c->name) == -EBUSY) {
			busy = 1;
			continue;
		}
		c->fds[i] = sp_close(c->fds[i]);
	}
	return busy;
}
