/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pod's control groups in every hierarchy of the machine: cgroup v2, v1, or both side by side.
 *
 * Layout, the same in each hierarchy: <root>/[burstable|besteffort]/pod<uid>/<container>. Which
 * hierarchy does what is decided once, from what is mounted: controllers come from where they are,
 * killing, events, accounting and the device program from the v2 tree whenever there is one.
 * Source: lifecycle rules, section 17.3 (CG-1 … CG-25).
 */
#ifndef SP_CONTAINER_CGROUP_H
#define SP_CONTAINER_CGROUP_H

#include "base/error.h"
#include "container/container.h"
#include "core/resources.h"
#include "sys/huge.h"

enum sp_cg_ctl {
	SP_CG_CPU = 1 << 0,
	SP_CG_CPUACCT = 1 << 1,
	SP_CG_MEMORY = 1 << 2,
	SP_CG_PIDS = 1 << 3,
	SP_CG_DEVICES = 1 << 4,
	SP_CG_FREEZER = 1 << 5,
	SP_CG_HUGETLB = 1 << 6,
};

#define SP_CG_TREES_MAX 8

/* One mounted hierarchy. */
struct sp_cg_mount {
	char path[256]; /* mount point */
	char root[256]; /* which directory of the hierarchy is mounted there */
	bool v2;
	uint32_t ctls; /* enum sp_cg_ctl; of v2 trees from cgroup.controllers */
	char data[64]; /* v1: every controller of the hierarchy, as mount(2) wants them named */
};
struct sp_cg_layout {
	struct sp_cg_mount mounts[SP_CG_TREES_MAX];
	uint32_t n;
};

/** sp_cg_layout_parse() - Cgroup mounts in the text of /proc/self/mountinfo; v2 trees get no
 * controllers yet. Pure */
void sp_cg_layout_parse(const char *mountinfo, struct sp_cg_layout *ret);

/** sp_cg_ctls_parse() - Controller names separated by blanks or commas. Return: bits of enum
 * sp_cg_ctl */
uint32_t sp_cg_ctls_parse(const char *names, size_t len);

/** sp_cg_ctl_name() - Of one enum sp_cg_ctl */
const char *sp_cg_ctl_name(uint32_t ctl);

/**
 * sp_cg_layout_select() - Keep the trees that a pod needs, with only the controllers to be used
 * @pids: a limit of processes is to be set
 *
 * Each controller stays in one tree. Pure.
 */
void sp_cg_layout_select(struct sp_cg_layout *l, bool pids);

/** sp_cg_self_path() - Path of the caller's cgroup in the v1 hierarchy that has @ctls (0: the v2
 * one), from the text of /proc/self/cgroup. Return: "" when it is not there. Pure */
struct sp_str sp_cg_self_path(const char *self_cgroup, uint32_t ctls);

/** sp_cg_huge_name() - "2MB": what the kernel calls pages of that size in its files. Pure */
void sp_cg_huge_name(int64_t page_bytes, char *ret, size_t size);

struct sp_cgroup_params {
	const char *root; /* name below the hierarchy's root */
	const char *uid;
	enum sp_qos qos;
	struct sp_cg_values values;
	int64_t cpu_request_milli; /* of the pod, for the tier's share (CG-25) */
	int64_t pids_limit;        /* -1 none */
	bool lenient; /* run without limits where the machine does not let us set any (rootless) */
};

struct sp_cg_tree {
	int pod_fd, tier_fd, base_fd; /* directories; tier_fd = base_fd for Guaranteed pods */
	int mount_fd;
	bool v2;
	uint32_t ctls;
	const char *path; /* mount point */
	char top[512];    /* directory that holds ours: the mount point, or our own cgroup */
};

/* The pod's cgroup. Trees are listed v2 first. */
struct sp_cgroup {
	struct sp_cg_layout layout;
	struct sp_cg_tree trees[SP_CG_TREES_MAX];
	uint32_t n;
	char base[64], tier[16], pod[80];
	int64_t tier_milli;               /* what this pod adds to its tier */
	int device_prog_fd;               /* loaded when first needed; -EBADF */
	int64_t huge[SYS_HUGE_SIZES_MAX]; /* sizes of pages of the machine, when they can be limited
					   */
	int n_huge;
	bool huge_named;    /* the pod names huge pages: its containers have limits of their own */
	char huge_file[40]; /* that was written last, for messages */
};

/** sp_cgroup_open() - Make the pod's directories and write its limits */
int sp_cgroup_open(const struct sp_cgroup_params *p, struct sp_cgroup **ret, struct sp_error *err);

/** sp_cgroup_unenforced() - Which of the limits in @v no tree of the pod can set: bits of enum
 * sp_cg_ctl */
uint32_t sp_cgroup_unenforced(const struct sp_cgroup *cg, const struct sp_cg_values *v);

/** sp_cgroup_close() - Kill everything in it and remove the directories. Return: NULL */
struct sp_cgroup *sp_cgroup_close(struct sp_cgroup *cg);

/** sp_cgroup_clean() - Remove what a dead supervisor left of pod @uid in any tier */
int sp_cgroup_clean(const char *root, const char *uid, struct sp_error *err);

/** sp_cgroup_v2() - The pod's v2 tree, NULL when the machine has none */
const struct sp_cg_tree *sp_cgroup_v2(const struct sp_cgroup *cg);

/* One container's cgroup. */
struct sp_cgroup_ctr {
	struct sp_cgroup *cg; /* kept */
	const char *name;     /* kept */
	int fds[SP_CG_TREES_MAX];
};

/**
 * sp_cgroup_ctr_open() - Directories and limits of one container instance
 * @name: kept
 * @all_devices: no device restriction (privileged)
 * @ret_restricted: the kernel enforces which devices may be used; when it cannot, the caller must
 *                  see to it that the container cannot make device nodes
 */
int sp_cgroup_ctr_open(struct sp_cgroup *cg, const char *name, const struct sp_cg_values *v,
		       bool all_devices, struct sp_cgroup_ctr *ret, bool *ret_restricted,
		       struct sp_error *err);

/** sp_cgroup_ctr_path() - Its directory in tree @i, absolute. Return: -1 when it does not fit */
int sp_cgroup_ctr_path(const struct sp_cgroup_ctr *c, uint32_t i, char *ret, size_t size);

/** sp_cgroup_ctr_kill() - SIGKILL to every process in it. Return: 0 or -errno; -ENODEV without any
 * tree */
int sp_cgroup_ctr_kill(const struct sp_cgroup_ctr *c);

/** sp_cgroup_ctr_populated() - Does any process, zombies aside, live in it? */
bool sp_cgroup_ctr_populated(const struct sp_cgroup_ctr *c);

/** sp_cgroup_ctr_oom_kills() - How often the kernel's OOM killer hit it */
uint64_t sp_cgroup_ctr_oom_kills(const struct sp_cgroup_ctr *c);

/** sp_cgroup_ctr_remove() - Remove the directories, close descriptors. Return: 0; 1 while the
 * kernel still holds a process in it (call again) */
int sp_cgroup_ctr_remove(struct sp_cgroup_ctr *c);

/** sp_cgroup_ctr_usage(), sp_cgroup_usage() - Accounting of one container, of the pod */
void sp_cgroup_ctr_usage(const struct sp_cgroup_ctr *c, struct sp_usage *ret);
void sp_cgroup_usage(const struct sp_cgroup *cg, struct sp_usage *ret);

/* ---- huge pages, container/cgroup_huge.c ---- */

/** sp_cgroup_huge_init() - Which sizes are to be limited. @pod: limits of the pod. Return: 0 or
 * -errno */
int sp_cgroup_huge_init(struct sp_cgroup *cg, const struct sp_cg_values *pod);
/** sp_cgroup_huge_write() - CG-7: limits of directory @fd for every size of page that the machine
 * has. Return: 0; -errno, cg->huge_file could not be written */
int sp_cgroup_huge_write(struct sp_cgroup *cg, const struct sp_cg_tree *t, int fd,
			 const struct sp_cg_values *v);

/* ---- devices, container/device.c ---- */

/** sp_device_prog_load() - eBPF program that lets containers use the harmless devices and make any
 * node. Return: descriptor or -errno */
int sp_device_prog_load(void);
/** sp_device_prog_attach() - To a v2 cgroup */
int sp_device_prog_attach(int prog_fd, int cgroup_fd);
/** sp_device_rules_v1() - The same for the v1 devices controller of directory @fd */
int sp_device_rules_v1(int fd);

#endif
