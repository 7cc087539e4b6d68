/* SPDX-License-Identifier: Apache-2.0 */
#include "container/plan.h"

#include "container/caps.h"

#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#define MOUNT_DATA_MAX     4096 /* one page, NUL included: mount(2) */
#define OVERLAY_LAYERS_MAX 500  /* OVL_MAX_STACK of the kernel */
#define DEFAULT_PATH       "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define NO_TRICKS          (MS_NOSUID | MS_NODEV | MS_NOEXEC)

const struct sp_plan_device sp_plan_devices[] = {
	{"/dev/null", 1, 3},   {"/dev/zero", 1, 5},    {"/dev/full", 1, 7},
	{"/dev/random", 1, 8}, {"/dev/urandom", 1, 9}, {"/dev/tty", 5, 0},
};
const uint32_t sp_plan_n_devices = SP_ARRAY_LEN(sp_plan_devices);

/* SEC-5 */
static const struct {
	enum sp_step_kind kind;
	const char *path;
} hidden[] = {
	{SP_STEP_MASK_DIR, "/proc/acpi"},
	{SP_STEP_MASK_DIR, "/proc/asound"},
	{SP_STEP_MASK_DIR, "/proc/scsi"},
	{SP_STEP_MASK_DIR, "/sys/firmware"},
	{SP_STEP_MASK_DIR, "/sys/devices/virtual/powercap"},
	{SP_STEP_MASK_FILE, "/proc/interrupts"},
	{SP_STEP_MASK_FILE, "/proc/kcore"},
	{SP_STEP_MASK_FILE, "/proc/keys"},
	{SP_STEP_MASK_FILE, "/proc/latency_stats"},
	{SP_STEP_MASK_FILE, "/proc/sched_debug"},
	{SP_STEP_MASK_FILE, "/proc/timer_list"},
	{SP_STEP_MASK_FILE, "/proc/timer_stats"},
	{SP_STEP_READ_ONLY, "/proc/bus"},
	{SP_STEP_READ_ONLY, "/proc/fs"},
	{SP_STEP_READ_ONLY, "/proc/irq"},
	{SP_STEP_READ_ONLY, "/proc/sys"},
	{SP_STEP_READ_ONLY, "/proc/sysrq-trigger"},
};

/* ---- overlay ----------------------------------------------------------------------------------
 */

/* Commas end an option, colons a layer, and a backslash quotes. */
static void add_path(struct sp_buf *b, const char *path)
{
	for (; *path; path++) {
		if (strchr(",:\\", *path))
			sp_buf_putc(b, '\\');
		sp_buf_putc(b, *path);
	}
}

static int plan_overlay(const struct sp_plan_params *p, struct sp_arena *a, struct sp_plan *ret,
			struct sp_error *err)
{
	const struct sp_image *image = p->ctr->image;
	char mem[MOUNT_DATA_MAX];
	struct sp_buf b = sp_buf_fixed(mem, sizeof(mem));

	if (image->n_layers == 0)
		return sp_fail(err, SP_E_INVALID, "image '%s' has no layers", image->ref);
	if (image->n_layers > OVERLAY_LAYERS_MAX)
		return sp_fail(err, SP_E_UNSUPPORTED,
			       "image '%s' has %u layers; the kernel's overlayfs takes %d",
			       image->ref, image->n_layers, OVERLAY_LAYERS_MAX);
	ret->root_dir = p->dir;
	ret->layers = image->layers;
	ret->n_layers = image->n_layers;
	ret->userxattr = p->rootless;
	ret->root_flags = p->restricted ? 0 : MS_NODEV;
	ret->upper = sp_arena_printf(a, "%s/upper", p->dir);
	ret->work = sp_arena_printf(a, "%s/work", p->dir);
	if (!ret->upper || !ret->work)
		return sp_fail(err, SP_E_NO_MEMORY, "plan of the root file system");
	sp_buf_puts(&b, "lowerdir=");
	for (uint32_t i = 0; i < image->n_layers; i++) {
		if (i)
			sp_buf_putc(&b, ':');
		add_path(&b, image->layers[i]);
	}
	sp_buf_puts(&b, ",upperdir=");
	add_path(&b, ret->upper);
	sp_buf_puts(&b, ",workdir=");
	add_path(&b, ret->work);
	/* the layer dies with the instance: no reason to sync it at unmount */
	sp_buf_puts(&b, p->rootless ? ",volatile,userxattr" : ",volatile");
	if (b.failed)
		return 0; /* by numbers */
	ret->overlay_options = sp_arena_strdup(a, mem);
	return ret->overlay_options ? 0
				    : sp_fail(err, SP_E_NO_MEMORY, "plan of the root file system");
}

/* ---- steps ------------------------------------------------------------------------------------
 */

static void add(struct sp_plan *ret, struct sp_step s)
{
	assert(ret->n_steps < SP_STEPS_MAX); /* plan_size() counted */
	ret->steps[ret->n_steps++] = s;
}

static void add_mount(struct sp_plan *ret, const char *fs, const char *target, unsigned long flags,
		      const char *data)
{
	add(ret, (struct sp_step){.kind = SP_STEP_MOUNT,
				  .source = fs,
				  .fs = fs,
				  .target = target,
				  .flags = flags,
				  .data = data,
				  .fd = -1});
}

static void add_tree(struct sp_plan *ret, int fd, const char *target, mode_t mode)
{
	add(ret, (struct sp_step){.kind = SP_STEP_TREE, .fd = fd, .target = target, .mode = mode});
}

static void add_simple(struct sp_plan *ret, enum sp_step_kind kind, const char *target,
		       const char *source, mode_t mode, dev_t dev)
{
	add(ret, (struct sp_step){.kind = kind,
				  .target = target,
				  .source = source,
				  .mode = mode,
				  .dev = dev,
				  .fd = -1});
}

static void plan_dev(const struct sp_plan_params *p, struct sp_plan *ret)
{
	add_mount(ret, "tmpfs", "/dev", MS_NOSUID | MS_STRICTATIME, "mode=755,size=65536k");
	for (uint32_t i = 0; i < sp_plan_n_devices; i++) {
		const struct sp_plan_device *d = &sp_plan_devices[i];

		if (p->device_fds)
			add_tree(ret, p->device_fds[i], d->path, S_IFREG);
		else
			add_simple(ret, SP_STEP_NODE, d->path, NULL, S_IFCHR | 0666,
				   makedev(d->maj, d->min));
	}
	add_simple(ret, SP_STEP_LINK, "/dev/fd", "/proc/self/fd", 0, 0);
	add_simple(ret, SP_STEP_LINK, "/dev/stdin", "/proc/self/fd/0", 0, 0);
	add_simple(ret, SP_STEP_LINK, "/dev/stdout", "/proc/self/fd/1", 0, 0);
	add_simple(ret, SP_STEP_LINK, "/dev/stderr", "/proc/self/fd/2", 0, 0);
	add_simple(ret, SP_STEP_LINK, "/dev/ptmx", "pts/ptmx", 0, 0);
	add_simple(ret, SP_STEP_DIR, "/dev/pts", NULL, 0755, 0);
	add_simple(ret, SP_STEP_DIR, "/dev/shm", NULL, 01777, 0);
	add_simple(ret, SP_STEP_DIR, "/dev/mqueue", NULL, 0755, 0);
	if (p->pts_fd >= 0)
		add_tree(ret, p->pts_fd, "/dev/pts", S_IFDIR);
	else /* group 5 is tty everywhere, but a user's own namespace does not have it */
		add_mount(ret, "devpts", "/dev/pts", MS_NOSUID | MS_NOEXEC,
			  p->rootless ? "newinstance,ptmxmode=0666,mode=0620"
				      : "newinstance,ptmxmode=0666,mode=0620,gid=5");
	if (p->console) {
		add_simple(ret, SP_STEP_NODE, "/dev/console", NULL, S_IFREG | 0600, 0);
		add(ret, (struct sp_step){.kind = SP_STEP_MOUNT,
					  .source = p->console,
					  .fs = "terminal",
					  .target = "/dev/console",
					  .flags = MS_BIND,
					  .fd = -1});
	}
	if (p->shm_fd >= 0)
		add_tree(ret, p->shm_fd, "/dev/shm", S_IFDIR);
	add_mount(ret, "mqueue", "/dev/mqueue", NO_TRICKS, NULL);
	for (uint32_t i = 0; i < p->n_host_devices; i++)
		add(ret, p->host_devices[i]);
}

/*
 * The container's own part of the cgroup tree. It is in a cgroup namespace, so a new mount shows
 * its directory as the root. On v1 and hybrid machines the mounts stand where the machine has them.
 * Each new mount of a v1 hierarchy makes the kernel look at all cgroups of the machine, with the
 * lock of them all held: a mount of the directory that exists shows the same for nothing.
 */
static int plan_cgroups(const struct sp_plan_params *p, struct sp_arena *a, struct sp_plan *ret,
			struct sp_error *err)
{
	unsigned long flags = NO_TRICKS | (p->privileged ? 0 : MS_RDONLY);
	const struct sp_cgroup *cg = p->cg;

	if (!cg || cg->n == 0)
		return 0;
	if (cg->n == 1 && cg->trees[0].v2) {
		add_mount(ret, "cgroup2", "/sys/fs/cgroup", flags, NULL);
		return 0;
	}
	add_mount(ret, "tmpfs", "/sys/fs/cgroup", NO_TRICKS, "mode=755");
	for (uint32_t i = 0; i < cg->n; i++) {
		const char *name = strrchr(cg->trees[i].path, '/');
		const char *target =
			sp_arena_printf(a, "/sys/fs/cgroup%s", name ? name : "/cgroup");
		const struct sp_cg_mount *m = NULL;

		for (uint32_t k = 0; k < cg->layout.n; k++)
			if (cg->layout.mounts[k].path == cg->trees[i].path)
				m = &cg->layout.mounts[k];
		if (!target || !m)
			return sp_fail(err, SP_E_NO_MEMORY, "plan of cgroup mounts");
		if (p->cg_fds && p->cg_fds[i] >= 0) {
			add_tree(ret, p->cg_fds[i], target, S_IFDIR);
			continue;
		}
		add_simple(ret, SP_STEP_DIR, target, NULL, 0755, 0);
		add_mount(ret, m->v2 ? "cgroup2" : "cgroup", target, flags, m->v2 ? NULL : m->data);
	}
	if (!p->privileged)
		add_mount(ret, "tmpfs", "/sys/fs/cgroup",
			  MS_REMOUNT | MS_BIND | MS_RDONLY | NO_TRICKS, NULL);
	return 0;
}

/* Parents before what is mounted inside them; otherwise in the order of the manifest. */
static int by_depth(const void *x, const void *y)
{
	const struct sp_step *a = x, *b = y;
	size_t na = 0, nb = 0;

	for (const char *s = a->target; *s; s++)
		na += *s == '/' && s[1] != '/' && s[1] != '\0';
	for (const char *s = b->target; *s; s++)
		nb += *s == '/' && s[1] != '/' && s[1] != '\0';
	if (na != nb)
		return na < nb ? -1 : 1;
	return a->dev < b->dev ? -1 : a->dev > b->dev; /* the index, see plan_volumes() */
}

static bool below_proc(const char *target)
{
	while (*target == '/')
		target++;
	return strncmp(target, "proc", 4) == 0 && (target[4] == '/' || target[4] == '\0');
}

static int plan_volumes(const struct sp_plan_params *p, struct sp_plan *ret, struct sp_error *err)
{
	uint32_t first = ret->n_steps, n = p->ctr->n_mounts;

	for (uint32_t i = 0; i < n; i++) {
		/* what is mounted there could undo the masks */
		if (below_proc(p->ctr->mounts[i].target) && !p->privileged)
			return sp_fail(err, SP_E_INVALID,
				       "'%s': nothing may be mounted below /proc",
				       p->ctr->mounts[i].target);
		add(ret, (struct sp_step){.kind = SP_STEP_TREE,
					  .fd = p->mount_fds[i],
					  .target = p->ctr->mounts[i].target,
					  .mode = p->mount_modes[i],
					  .dev = i});
	}
	qsort(ret->steps + first, n, sizeof(*ret->steps), by_depth);
	return 0;
}

int sp_plan_rootfs(const struct sp_plan_params *p, struct sp_arena *a, struct sp_plan *ret,
		   struct sp_error *err)
{
	unsigned long sys = NO_TRICKS | (p->privileged ? 0 : MS_RDONLY);
	size_t size = 48 + SP_ARRAY_LEN(hidden) + 2 * SP_CG_TREES_MAX + p->ctr->n_mounts +
		      p->n_host_devices;

	if (size > SP_STEPS_MAX)
		return sp_fail(err, SP_E_INVALID, "more than %d mounts and devices", SP_STEPS_MAX);
	ret->steps = sp_arena_array(a, size, sizeof(*ret->steps));
	if (!ret->steps)
		return sp_fail(err, SP_E_NO_MEMORY, "plan of the root file system");
	ret->n_steps = 0;
	ret->read_only_root = p->read_only_root;
	if (plan_overlay(p, a, ret, err) < 0)
		return -1;
	add_mount(ret, "proc", "/proc", NO_TRICKS, NULL);
	plan_dev(p, ret);
	/* a user's own namespace may only see its own network in /sys */
	if (p->rootless && p->host_network)
		add_mount(ret, "tmpfs", "/sys", sys, "mode=755");
	else
		add_mount(ret, "sysfs", "/sys", sys, NULL);
	if (!(p->rootless && p->host_network) && plan_cgroups(p, a, ret, err) < 0)
		return -1;
	for (size_t i = 0; !p->privileged && i < SP_ARRAY_LEN(hidden); i++)
		add_simple(ret, hidden[i].kind, hidden[i].path, NULL, 0, 0);
	return plan_volumes(p, ret, err);
}

/* ---- the rest ---------------------------------------------------------------------------------
 */

int sp_plan_env(const char *const *env, struct sp_arena *a, struct sp_plan *ret,
		struct sp_error *err)
{
	uint32_t n = 0;

	while (env[n])
		n++;
	ret->env = sp_arena_array(a, n + 2, sizeof(*ret->env));
	if (!ret->env)
		return sp_fail(err, SP_E_NO_MEMORY, "environment");
	ret->home_slot = n;
	ret->path = DEFAULT_PATH;
	for (uint32_t i = 0; i < n; i++) {
		ret->env[i] = sp_arena_strdup(a, env[i]);
		if (!ret->env[i])
			return sp_fail(err, SP_E_NO_MEMORY, "environment");
		if (strncmp(env[i], "HOME=", 5) == 0)
			ret->home_slot = UINT32_MAX;
		if (strncmp(env[i], "PATH=", 5) == 0)
			ret->path = ret->env[i] + 5;
	}
	return 0;
}

static int by_number(const void *x, const void *y)
{
	const int *a = x, *b = y;

	return *a < *b ? -1 : *a > *b;
}

int sp_plan_close(struct sp_plan *p, struct sp_error *err)
{
	int keep[SP_PLAN_FDS_MAX], last = 2;
	uint32_t n = 0;

#define KEEP(fd)                                                                                   \
	do {                                                                                       \
		if ((fd) > 2 && n == SP_PLAN_FDS_MAX)                                              \
			return sp_fail(err, SP_E_INVALID, "more than %d descriptors",              \
				       SP_PLAN_FDS_MAX);                                           \
		if ((fd) > 2)                                                                      \
			keep[n++] = (fd);                                                          \
	} while (0)
	KEEP(p->report_fd);
	KEEP(p->gate_fd);
	KEEP(p->enter_fd);
	for (uint32_t i = 0; i < p->n_tasks; i++)
		KEEP(p->task_fds[i]);
	for (uint32_t i = 0; i < p->n_steps; i++)
		if (p->steps[i].kind == SP_STEP_TREE)
			KEEP(p->steps[i].fd);
#undef KEEP
	qsort(keep, n, sizeof(*keep), by_number);
	p->n_close = 0;
	for (uint32_t i = 0; i < n; i++) {
		if (keep[i] > last + 1)
			p->close[p->n_close++] =
				(struct sp_fd_range){(unsigned)last + 1, (unsigned)keep[i] - 1};
		last = keep[i];
	}
	p->close[p->n_close++] = (struct sp_fd_range){(unsigned)last + 1, ~0U};
	return 0;
}

const struct sp_seccomp *sp_plan_seccomp(const struct sp_seccomp *all, uint32_t n, uint64_t caps)
{
	const struct sp_seccomp *best = NULL, *first = NULL;

	for (uint32_t i = 0; i < n; i++) {
		if (all[i].profile)
			continue;
		first = first ? first : &all[i];
		if ((all[i].caps & ~caps) == 0 &&
		    (!best || __builtin_popcountll(all[i].caps) > __builtin_popcountll(best->caps)))
			best = &all[i];
	}
	/* Less than the default: what the filter lets through still needs the capability. */
	return best ? best : first;
}

const struct sp_seccomp *sp_plan_seccomp_profile(const struct sp_seccomp *all, uint32_t n,
						 const char *profile, uint64_t caps)
{
	for (uint32_t i = 0; i < n; i++)
		if (all[i].profile && sp_streq(all[i].profile, profile) && all[i].caps == caps)
			return &all[i];
	return NULL;
}
