/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/doctor.h"

#include "net/net.h"
#include "net/service.h"
#include "sys/fd.h"
#include "sys/self.h"
#include "sys/sys.h"

#include <limits.h>
#include <linux/magic.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/statfs.h>
#include <sys/utsname.h>

static struct sp_check_result *add(struct sp_doctor *d, const char *name)
{
	struct sp_check_result *c = &d->v[d->n];

	assert(d->n < SP_CHECKS_MAX);
	d->n++;
	*c = (struct sp_check_result){.name = name};
	return c;
}

static void found(struct sp_check_result *c, const char *fmt, ...) SP_PRINTF(2, 3);
static void found(struct sp_check_result *c, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(c->found, sizeof(c->found), fmt, ap); /* cut when it is long */
	va_end(ap);
}

static void bad(struct sp_check_result *c, enum sp_health health, const char *means,
		const char *fix)
{
	c->health = health;
	c->means = means;
	c->fix = fix;
}

/* System calls are there unless they answer ENOSYS. */
static void check_kernel(struct sp_doctor *d)
{
	struct sp_check_result *c = add(d, "kernel");
	struct utsname u;
	int fd;

	if (uname(&u) == 0)
		found(c, "Linux %s, %s", u.release, u.machine);
	fd = sys_pidfd_open(getpid(), 0);
	if (fd == -ENOSYS || sys_openat2(AT_FDCWD, "/", O_PATH, 0, 0) == -ENOSYS ||
	    sys_clone3(NULL) == -ENOSYS || sys_mount_setattr(-1, "", 0, 0, 0, 0) == -ENOSYS)
		bad(c, SP_HEALTH_MISSING,
		    "pidfd_open, openat2, clone3 or mount_setattr is missing: no pod can run",
		    "use Linux 5.12 or newer; in a container, allow these system calls");
	sp_close(fd);
}

static void check_user(struct sp_doctor *d)
{
	struct sp_check_result *c = add(d, "user");

	if (geteuid() == 0) {
		found(c, "root");
		return;
	}
	found(c, "uid %u, rootless", (unsigned)geteuid());
	bad(c, SP_HEALTH_LIMITED,
	    "rootless pods have one user id, no limits on v1 cgroups, and no bridge network",
	    "use sudo for everything; without it pods are on loopback, or `--net host`");
}

/* Tried in a child, which ends at once. */
static int try_unshare(int flags)
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(unshare(flags) == 0 ? 0 : 1);
	if (pid < 0)
		return -1;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -1;
}

static void check_namespaces(struct sp_doctor *d)
{
	struct sp_check_result *c = add(d, "namespaces");
	const int kinds = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS;
	bool user = try_unshare(CLONE_NEWUSER) == 0;
	bool all = try_unshare(geteuid() == 0 ? kinds : kinds | CLONE_NEWUSER) == 0;

	found(c, "user namespaces %s, the others %s", user ? "work" : "do not work",
	      all ? "work" : "do not work");
	if (!all)
		bad(c, SP_HEALTH_MISSING, "a pod needs namespaces of its own",
		    geteuid() == 0
			    ? "in a container: run it privileged"
			    : "sysctl kernel.unprivileged_userns_clone=1 (Debian), "
			      "kernel.apparmor_restrict_unprivileged_userns=0 (Ubuntu), or sudo");
	else if (!user)
		bad(c, SP_HEALTH_LIMITED, "pods with hostUsers: false do not start",
		    "sysctl user.max_user_namespaces=15000");
}

static bool is_cgroup2(const char *path)
{
	struct statfs fs;

	return statfs(path, &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC;
}

static void check_cgroups(struct sp_doctor *d)
{
	static const char *const wanted[] = {"memory", "cpu", "pids"};
	struct sp_check_result *c = add(d, "cgroups");
	bool v2 = is_cgroup2("/sys/fs/cgroup"), hybrid = is_cgroup2("/sys/fs/cgroup/unified");
	SP_CLEANUP(sp_buf_done) struct sp_buf have = {0};
	char controllers[512] = "";
	uint32_t n = 0;

	if (v2 && sys_read_file(AT_FDCWD, "/sys/fs/cgroup/cgroup.controllers", controllers,
				sizeof(controllers)) < 0)
		controllers[0] = '\0';
	for (size_t i = 0; i < SP_ARRAY_LEN(wanted); i++) {
		char path[64];
		bool there;

		snprintf(path, sizeof(path), "/sys/fs/cgroup/%s", wanted[i]);
		there = v2 ? strstr(controllers, wanted[i]) != NULL : access(path, F_OK) == 0;
		if (there)
			sp_buf_printf(&have, "%s%s", n++ ? ", " : "", wanted[i]);
	}
	found(c, "%s%s%s",
	      v2       ? "v2: "
	      : hybrid ? "hybrid: v2 for kill and events, v1 for "
		       : "v1: ",
	      have.len ? have.ptr : "no controller", "");
	if (n == 0 && !v2 && !hybrid)
		bad(c, SP_HEALTH_MISSING, "no cgroup tree is mounted: pods cannot be held together",
		    "mount -t cgroup2 none /sys/fs/cgroup");
	else if (n < SP_ARRAY_LEN(wanted))
		bad(c, SP_HEALTH_LIMITED, "limits without their controller are not enforced",
		    "enable them: echo '+memory +cpu +pids' > /sys/fs/cgroup/cgroup.subtree_control");
	else if (geteuid() == 0 && access("/sys/fs/cgroup", W_OK) < 0)
		bad(c, SP_HEALTH_MISSING, "/sys/fs/cgroup is read-only",
		    "in a container: run it with --privileged --cgroupns=host");
}

static bool file_has_word(const char *path, const char *word)
{
	SP_CLEANUP(sp_fclosep) FILE *f = fopen(path, "re");
	char line[256];

	while (f && fgets(line, sizeof(line), f))
		if (strstr(line, word))
			return true;
	return false;
}

static void check_overlay(struct sp_doctor *d)
{
	struct sp_check_result *c = add(d, "overlayfs");
	int fd = sys_fsopen("overlay");

	if (fd >= 0 || file_has_word("/proc/filesystems", "\toverlay\n")) {
		found(c, "works");
	} else {
		found(c, "not there");
		bad(c, SP_HEALTH_MISSING, "containers have no root file system",
		    "modprobe overlay");
	}
	sp_close(fd);
}

static void check_network(struct sp_doctor *d)
{
	struct sp_check_result *c = add(d, "network");
	struct sp_net_config config;
	struct sp_net_host host;
	struct sp_error err;
	bool bridge = access("/sys/module/bridge", F_OK) == 0 ||
		      access("/proc/sys/net/bridge", F_OK) == 0,
	     services;

	sp_net_config_default(&config);
	if (sp_net_host_open(&config, &host, &err) < 0) {
		found(c, "%s", err.text);
		bad(c, SP_HEALTH_LIMITED, "only `--net lo` and `--net host` work", NULL);
		return;
	}
	services = geteuid() == 0 && sp_svc_possible(&host);
	found(c, "netlink, %s%s%s", host.nft_fd >= 0 ? "nftables" : "no nftables",
	      bridge ? ", bridge" : "", services ? ", Services" : "");
	if (host.nft_fd < 0)
		bad(c, SP_HEALTH_LIMITED,
		    "pods on the bridge reach neither the internet nor published ports",
		    "modprobe nf_tables nft_chain_nat nft_masq");
	else if (geteuid() == 0 && !services)
		bad(c, SP_HEALTH_LIMITED, "a run with Services cannot start",
		    "modprobe -a nf_conntrack nft_chain_nat nft_fib_ipv4 nft_reject_ipv4 "
		    "nft_numgen nft_hash");
	sp_net_host_close(&host);
}

/* Can packets of pods leave the machine? */
static void check_forwarding(struct sp_doctor *d)
{
	struct sp_check_result *c;
	struct sp_net_config config;
	struct sp_net_host host;
	char on[4] = "";
	struct sp_error err;
	int r;

	sp_net_config_default(&config);
	if (geteuid() != 0 || sp_net_host_open(&config, &host, &err) < 0)
		return; /* no bridge then, and that has been said */
	c = add(d, "forwarding");
	(void)sys_read_file(AT_FDCWD, "/proc/sys/net/ipv4/ip_forward", on, sizeof(on));
	found(c, "%s", on[0] == '1' ? "on" : "off; the first pod on the bridge switches it on");
	r = sp_net_find_blocker(&config, &host, &d->blocker, &err);
	sp_net_host_close(&host);
	if (r < 0) {
		found(c, "%s", err.text);
	} else if (d->blocker.what[0]) {
		found(c, "dropped by %s", d->blocker.what);
		bad(c, SP_HEALTH_LIMITED,
		    "pods on the bridge do not reach the outside, nor do published ports work from "
		    "there",
		    d->blocker.fix);
	}
}

/* Images come from other machines; everything else works without. */
static void check_outside(struct sp_doctor *d)
{
	struct sp_check_result *c = add(d, "outside");

	found(c, "%s", sys_has_route() ? "a default route" : "no default route");
	if (!sys_has_route())
		bad(c, SP_HEALTH_LIMITED, "images cannot be pulled from registries",
		    "`sidepod image load FILE` adds images from archives");
}

static void check_seccomp(struct sp_doctor *d)
{
	struct sp_check_result *c = add(d, "seccomp");

	if (prctl(PR_GET_SECCOMP) >= 0 || access("/proc/sys/kernel/seccomp", F_OK) == 0) {
		found(c, "works");
		return;
	}
	found(c, "not there");
	bad(c, SP_HEALTH_LIMITED, "containers run without a system call filter",
	    "use a kernel with CONFIG_SECCOMP_FILTER");
}

static void check_programs(struct sp_doctor *d)
{
	static const char *const names[] = {"sidepod-supervisor", "sidepod-worker"};
	struct sp_check_result *c = add(d, "programs");
	char path[PATH_MAX] = "";
	struct sp_error err;

	for (size_t i = 0; i < SP_ARRAY_LEN(names); i++)
		if (sp_self_sibling(names[i], path, sizeof(path), &err) < 0) {
			found(c, "%s", err.text);
			bad(c, SP_HEALTH_MISSING, "no pod can run",
			    "install all of sidepod: make install");
			return;
		}
	*strrchr(path, '/') = '\0';
	found(c, "%s", path);
}

/* The nearest directory above @path that is there. */
static void check_state(struct sp_doctor *d, const struct sp_place *place)
{
	struct sp_check_result *c = add(d, "state");
	char path[PATH_MAX];
	struct statfs fs;

	snprintf(path, sizeof(path), "%s", place->engine.root);
	while (access(path, F_OK) < 0 && strrchr(path, '/') > path)
		*strrchr(path, '/') = '\0';
	if (access(path, W_OK) < 0) {
		found(c, "%s", place->engine.root);
		bad(c, SP_HEALTH_MISSING, "the directory cannot be written to",
		    "name another one with --root");
		return;
	}
	if (statfs(path, &fs) == 0) {
		double gib = (double)fs.f_bavail * (double)fs.f_bsize / (1 << 30);

		found(c, "%s, %.1f GiB free", place->engine.root, gib);
		if (gib < 0.5)
			bad(c, SP_HEALTH_LIMITED, "little room for images",
			    "sidepod image prune, or another place with --root");
	}
}

void sp_doctor_examine(struct sp_cli *cli, const struct sp_place *place, struct sp_doctor *ret)
{
	ret->n = 0;
	check_kernel(ret);
	check_user(ret);
	check_namespaces(ret);
	check_cgroups(ret);
	check_overlay(ret);
	check_network(ret);
	check_forwarding(ret);
	check_outside(ret);
	check_seccomp(ret);
	check_programs(ret);
	check_state(ret, place);
}

enum sp_health sp_doctor_worst(const struct sp_doctor *d)
{
	enum sp_health worst = SP_HEALTH_OK;

	for (uint32_t i = 0; i < d->n; i++)
		worst = SP_MAX(worst, d->v[i].health);
	return worst;
}
