/* SPDX-License-Identifier: Apache-2.0 */
#include "floor.h"

#include "base/buf.h"
#include "sys/fd.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <ftw.h>
#include <linux/filter.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <linux/veth.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <time.h>

#define CG_MAX       4
#define PATH_SIZE    192
#define BRIDGE       "spfloor0"
#define BRIDGE_ADDR  0x0a630001u /* 10.99.0.1 */
#define BRIDGE_PLEN  16
#define DEVPTS_FLAGS "newinstance,ptmxmode=0666,mode=620"

struct floor {
	struct floor_config c;
	struct {
		char dir[PATH_SIZE];
		bool v2, memory, cpu, pids;
	} cg[CG_MAX];
	int n_cg;
	int rtnl, bridge_ix;
	char merged[PATH_SIZE];
};

/* All strings of one container, made before the clone: the child only calls the system. */
struct job {
	const struct floor *f;
	char cg[CG_MAX][PATH_SIZE];
	char upper[PATH_SIZE], work[PATH_SIZE], options[4 * PATH_SIZE + 64], veth[IFNAMSIZ];
	uint32_t addr;
	int join_fd; /* pidfd of the first container */
	int report_w;
};

static int64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * SP_SEC + t.tv_nsec;
}

/* ---- rtnetlink, the five requests that are needed ---- */

struct request {
	struct nlmsghdr h;
	char body[512];
};

static void *begin(struct request *r, uint16_t type, uint16_t flags, size_t head)
{
	memset(r, 0, sizeof(*r));
	r->h.nlmsg_len = (uint32_t)NLMSG_LENGTH(head);
	r->h.nlmsg_type = type;
	r->h.nlmsg_flags = (uint16_t)(NLM_F_REQUEST | NLM_F_ACK | flags);
	return NLMSG_DATA(&r->h);
}

static struct rtattr *attr(struct request *r, uint16_t type, const void *bytes, size_t n)
{
	struct rtattr *a = (struct rtattr *)((char *)r + NLMSG_ALIGN(r->h.nlmsg_len));

	a->rta_type = type;
	a->rta_len = (uint16_t)RTA_LENGTH(n);
	if (n)
		memcpy(RTA_DATA(a), bytes, n);
	r->h.nlmsg_len = (uint32_t)(NLMSG_ALIGN(r->h.nlmsg_len) + RTA_ALIGN(a->rta_len));
	return a;
}

static void nest_end(struct request *r, struct rtattr *a)
{
	a->rta_len = (uint16_t)((char *)r + NLMSG_ALIGN(r->h.nlmsg_len) - (char *)a);
}

static int talk(int fd, struct request *r)
{
	char answer[1024];
	struct nlmsghdr *h = (struct nlmsghdr *)(void *)answer;

	if (send(fd, r, r->h.nlmsg_len, 0) < 0 || recv(fd, answer, sizeof(answer), 0) < 0)
		return -errno;
	return h->nlmsg_type == NLMSG_ERROR ? ((struct nlmsgerr *)NLMSG_DATA(h))->error : -EPROTO;
}

static int link_up(int fd, int ix)
{
	struct request r;
	struct ifinfomsg *i = begin(&r, RTM_NEWLINK, 0, sizeof(*i));

	i->ifi_index = ix;
	i->ifi_flags = i->ifi_change = IFF_UP;
	return talk(fd, &r);
}

static int add_address(int fd, int ix, uint32_t addr)
{
	struct request r;
	struct ifaddrmsg *a = begin(&r, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, sizeof(*a));
	uint32_t be = htonl(addr);

	a->ifa_family = AF_INET;
	a->ifa_prefixlen = BRIDGE_PLEN;
	a->ifa_index = (uint32_t)ix;
	attr(&r, IFA_LOCAL, &be, sizeof(be));
	return talk(fd, &r);
}

static int add_route(int fd)
{
	struct request r;
	struct rtmsg *m = begin(&r, RTM_NEWROUTE, NLM_F_CREATE, sizeof(*m));
	uint32_t be = htonl(BRIDGE_ADDR);

	m->rtm_family = AF_INET;
	m->rtm_table = RT_TABLE_MAIN;
	m->rtm_protocol = RTPROT_BOOT;
	m->rtm_type = RTN_UNICAST;
	attr(&r, RTA_GATEWAY, &be, sizeof(be));
	return talk(fd, &r);
}

static int add_bridge(int fd)
{
	struct request r;
	struct ifinfomsg *i = begin(&r, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, sizeof(*i));
	struct rtattr *info;

	i->ifi_flags = i->ifi_change = IFF_UP;
	attr(&r, IFLA_IFNAME, BRIDGE, sizeof(BRIDGE));
	info = attr(&r, IFLA_LINKINFO, NULL, 0);
	attr(&r, IFLA_INFO_KIND, "bridge", 7);
	nest_end(&r, info);
	return talk(fd, &r);
}

/* The pair, our end up and in the bridge, the other end born in its namespace: one request. */
static int add_veth(int fd, const char *name, int bridge_ix, int ns_fd)
{
	struct ifinfomsg peer = {0};
	struct request r;
	struct ifinfomsg *i = begin(&r, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, sizeof(*i));
	struct rtattr *info, *data, *other;

	i->ifi_flags = i->ifi_change = IFF_UP;
	attr(&r, IFLA_IFNAME, name, strlen(name) + 1);
	attr(&r, IFLA_MASTER, &bridge_ix, sizeof(bridge_ix));
	info = attr(&r, IFLA_LINKINFO, NULL, 0);
	attr(&r, IFLA_INFO_KIND, "veth", 5);
	data = attr(&r, IFLA_INFO_DATA, NULL, 0);
	other = attr(&r, VETH_INFO_PEER, &peer, sizeof(peer));
	attr(&r, IFLA_IFNAME, "eth0", 5);
	attr(&r, IFLA_NET_NS_FD, &ns_fd, sizeof(ns_fd));
	nest_end(&r, other);
	nest_end(&r, data);
	nest_end(&r, info);
	return talk(fd, &r);
}

static int put(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), r = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, value, strlen(value)) < 0)
		r = -errno;
	close(fd);
	return r;
}

/* ---- the child ---- */

/* Tells which step failed and why, then ends; the parent reads it instead of an end of file. */
static void die(const struct job *j, const char *what, int e) __attribute__((noreturn));
static void die(const struct job *j, const char *what, int e)
{
	struct sp_error err;

	(void)sp_fail_errno(&err, e, "floor: %s", what);
	_exit(write(j->report_w, &err, sizeof(err)) < 0 ? 2 : 1);
}
#define MUST(what, call)                                                                           \
	do {                                                                                       \
		if ((call) < 0)                                                                    \
			die(j, what, errno);                                                       \
	} while (0)

static void put_cg(const struct job *j, const char *dir, const char *file, const char *value)
{
	char path[PATH_SIZE + 32];
	int r;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, file); /* short by construction */
	r = put(path, value);
	if (r < 0)
		die(j, path, -r);
}

static void child_net(const struct job *j)
{
	int s = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE), r;

	MUST("netlink", s);
	r = link_up(s, 1);
	if (r == 0 && j->f->c.bridge) {
		int ns = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

		MUST("network namespace", ns);
		(void)put("/proc/sys/net/ipv6/conf/default/disable_ipv6",
			  "1"); /* kernel without IPv6 */
		r = add_veth(j->f->rtnl, j->veth, j->f->bridge_ix, ns);
		if (r == 0)
			r = link_up(s, 2);
		if (r == 0)
			r = add_address(s, 2, j->addr);
		if (r == 0)
			r = add_route(s);
		close(ns);
	}
	if (r < 0)
		die(j, "network", -r);
	close(s);
}

static void child_cgroups(const struct job *j)
{
	for (int i = 0; i < j->f->n_cg; i++) {
		if (j->f->cg[i].v2)
			continue; /* born there */
		MUST("cgroup", mkdir(j->cg[i], 0755));
		if (j->f->cg[i].memory)
			put_cg(j, j->cg[i], "memory.limit_in_bytes", "67108864");
		if (j->f->cg[i].cpu)
			put_cg(j, j->cg[i], "cpu.shares", "512");
		put_cg(j, j->cg[i], "tasks", "0");
	}
}

static void child_dev(const struct job *j)
{
	static const struct {
		const char *path;
		unsigned major, minor;
	} nodes[] = {{"dev/null", 1, 3},   {"dev/zero", 1, 5},    {"dev/full", 1, 7},
		     {"dev/random", 1, 8}, {"dev/urandom", 1, 9}, {"dev/tty", 5, 0}};
	static const char *const links[][2] = {{"/proc/self/fd", "dev/fd"},
					       {"/proc/self/fd/0", "dev/stdin"},
					       {"/proc/self/fd/1", "dev/stdout"},
					       {"/proc/self/fd/2", "dev/stderr"},
					       {"pts/ptmx", "dev/ptmx"}};

	MUST("dev", mount("tmpfs", "dev", "tmpfs", MS_NOSUID, "mode=755,size=64k"));
	for (size_t i = 0; i < SP_ARRAY_LEN(nodes); i++)
		MUST(nodes[i].path,
		     mknod(nodes[i].path, S_IFCHR | 0666, makedev(nodes[i].major, nodes[i].minor)));
	for (size_t i = 0; i < SP_ARRAY_LEN(links); i++)
		MUST(links[i][1], symlink(links[i][0], links[i][1]));
	MUST("dev/pts", mkdir("dev/pts", 0755));
	MUST("dev/shm", mkdir("dev/shm", 01777));
	MUST("dev/mqueue", mkdir("dev/mqueue", 0755));
	MUST("devpts", mount("devpts", "dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, DEVPTS_FLAGS));
	MUST("shm", mount("shm", "dev/shm", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "size=64m"));
	MUST("mqueue",
	     mount("mqueue", "dev/mqueue", "mqueue", MS_NOSUID | MS_NOEXEC | MS_NODEV, NULL));
}

static void child(const struct job *j) __attribute__((noreturn));
static void child(const struct job *j)
{
	static char path_env[] = "PATH=/bin";
	char *const env[] = {path_env, NULL};
	const struct floor *f = j->f;

	if (j->join_fd >= 0)
		MUST("join", setns(j->join_fd, CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS));
	else
		child_net(j);
	child_cgroups(j);
	MUST("upper", mkdir(j->upper, 0755));
	MUST("work", mkdir(j->work, 0755));
	MUST("overlay", mount("overlay", f->merged, "overlay", 0, j->options));
	MUST("chdir", chdir(f->merged));
	MUST("proc", mount("proc", "proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL));
	child_dev(j);
	MUST("sys",
	     mount("sysfs", "sys", "sysfs", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL));
	MUST("hosts",
	     mount("../hosts", "etc/passwd", NULL, MS_BIND, NULL)); /* three files, any three */
	MUST("hostname", mount("../hostname", "etc/hostname", NULL, MS_BIND, NULL));
	MUST("resolv.conf", mount("../resolv.conf", "etc/resolv.conf", NULL, MS_BIND, NULL));
	MUST("pivot_root", (int)syscall(SYS_pivot_root, ".", "."));
	MUST("umount", umount2(".", MNT_DETACH));
	MUST("chdir", chdir("/"));
	if (j->join_fd < 0)
		MUST("hostname", sethostname("floor", 5));
	(void)setsid(); /* cannot fail: just born */
	if (f->c.bpf) {
		struct sock_fprog prog = {.len = (unsigned short)f->c.n_bpf};

		memcpy(&prog.filter, &f->c.bpf, sizeof(prog.filter));
		MUST("no_new_privs", prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
		MUST("seccomp", (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &prog));
	}
	execve(f->c.argv[0], f->c.argv, env);
	die(j, "execve", errno);
}

/* ---- the parent ---- */

static int start(struct floor *f, struct floor_pod *p, int k, struct sp_error *err)
{
	struct clone_args a = {.flags = CLONE_NEWPID | CLONE_NEWNS | CLONE_PIDFD,
			       .exit_signal = SIGCHLD};
	struct job j = {
		.f = f, .join_fd = k ? p->pidfd[0] : -EBADF, .addr = BRIDGE_ADDR + 1 + p->id};
	int report[2], v2 = -EBADF, pidfd = -EBADF, e;
	long r;

	if (pipe2(report, O_CLOEXEC) < 0)
		return sp_fail_errno(err, errno, "pipe");
	j.report_w = report[1];
	for (int i = 0; i < f->n_cg; i++) {
		char pod[PATH_SIZE];

		(void)snprintf(pod, sizeof(pod), "%.120s/p%u", f->cg[i].dir, p->id);
		if (k == 0 && mkdir(pod, 0755) < 0)
			return sp_fail_errno(err, errno, "%s", pod);
		(void)snprintf(j.cg[i], sizeof(j.cg[i]), "%.140s/%c", pod, k ? 'a' : 's');
		if (f->cg[i].v2) {
			if (mkdir(j.cg[i], 0755) < 0)
				return sp_fail_errno(err, errno, "%s", j.cg[i]);
			v2 = open(j.cg[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
			a.flags |= CLONE_INTO_CGROUP;
			a.cgroup = (uint64_t)v2;
		}
	}
	(void)snprintf(j.upper, sizeof(j.upper), "%.120s/u%u.%d", f->c.dir, p->id, k);
	(void)snprintf(j.work, sizeof(j.work), "%.120s/w%u.%d", f->c.dir, p->id, k);
	(void)snprintf(j.options, sizeof(j.options), "lowerdir=%s,upperdir=%s,workdir=%s,volatile",
		       f->c.layer, j.upper, j.work);
	(void)snprintf(j.veth, sizeof(j.veth), "spf%u", p->id);
	if (k == 0)
		a.flags |= CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNET;
	a.pidfd = (uint64_t)(uintptr_t)&pidfd;
	r = syscall(SYS_clone3, &a, sizeof(a));
	e = errno;
	if (r == 0)
		child(&j);
	(void)sp_close(v2);
	(void)sp_close(report[1]);
	if (r < 0) {
		(void)sp_close(report[0]);
		return sp_fail_errno(err, e, "clone3");
	}
	p->pid[k] = (pid_t)r;
	p->pidfd[k] = pidfd;
	p->exec_fd[k] = report[0];
	return 0;
}

int floor_begin(struct floor *f, uint32_t id, struct floor_pod *ret, struct sp_error *err)
{
	*ret = (struct floor_pod){.id = id, .pidfd = {-EBADF, -EBADF}, .exec_fd = {-EBADF, -EBADF}};
	ret->t0 = now();
	return start(f, ret, 0, err);
}

int floor_next(struct floor *f, struct floor_pod *p, int k, struct sp_error *err)
{
	struct sp_error child_err;
	ssize_t n = read(p->exec_fd[k], &child_err, sizeof(child_err));

	p->exec_fd[k] = sp_close(p->exec_fd[k]);
	if (n > 0) {
		*err = child_err;
		return -1;
	}
	if (k == 0)
		return start(f, p, 1, err);
	p->t_app = now();
	return 1;
}

static void remove_dir(const char *base, const char *rest)
{
	char path[2 * PATH_SIZE];

	(void)snprintf(path, sizeof(path), "%s%s", base, rest);
	(void)rmdir(path); /* what is left is found by the caller's check for leftovers */
}

void floor_end(struct floor *f, struct floor_pod *p)
{
	for (int k = 0; k < 2; k++)
		if (p->pidfd[k] >= 0)
			(void)syscall(SYS_pidfd_send_signal, p->pidfd[k], SIGKILL, NULL, 0);
	for (int k = 0; k < 2; k++) {
		char path[PATH_SIZE + 64];

		if (p->pidfd[k] < 0)
			continue;
		(void)waitpid(p->pid[k], NULL, 0);
		p->pidfd[k] = sp_close(p->pidfd[k]);
		p->exec_fd[k] = sp_close(p->exec_fd[k]);
		for (int i = 0; i < f->n_cg; i++) {
			(void)snprintf(path, sizeof(path), "%.120s/p%u/%c", f->cg[i].dir, p->id,
				       k ? 'a' : 's');
			for (int tries = 0; rmdir(path) < 0 && errno == EBUSY && tries < 1000;
			     tries++)
				(void)usleep(50);
		}
		(void)snprintf(path, sizeof(path), "%.120s/w%u.%d/work/incompat/volatile/dirty",
			       f->c.dir, p->id, k);
		(void)unlink(path);
		(void)snprintf(path, sizeof(path), "%.120s/w%u.%d", f->c.dir, p->id, k);
		remove_dir(path, "/work/incompat/volatile");
		remove_dir(path, "/work/incompat");
		remove_dir(path, "/work");
		remove_dir(path, "");
		(void)snprintf(path, sizeof(path), "%.120s/u%u.%d", f->c.dir, p->id, k);
		remove_dir(path, "");
	}
	for (int i = 0; i < f->n_cg; i++) {
		char pod[PATH_SIZE];

		(void)snprintf(pod, sizeof(pod), "%.120s/p%u", f->cg[i].dir, p->id);
		remove_dir(pod, "");
	}
}

/* Controllers as this machine has them: each v1 hierarchy we use, and the v2 tree where it is
 * mounted. */
static const struct {
	const char *root;
	bool v2, memory, cpu, pids;
} known[] = {
	{"/sys/fs/cgroup/memory", false, true, false, false},
	{"/sys/fs/cgroup/cpu", false, false, true, false},
	{"/sys/fs/cgroup/pids", false, false, false, true},
	{"/sys/fs/cgroup/unified", true, false, false, false},
};

static int find_cgroups(struct floor *f, struct sp_error *err)
{
	struct stat st;

	for (size_t i = 0; i < SP_ARRAY_LEN(known); i++) {
		if (stat(known[i].root, &st) < 0)
			continue;
		(void)snprintf(f->cg[f->n_cg].dir, PATH_SIZE, "%s/spfloor-%d", known[i].root,
			       (int)getpid());
		if (mkdir(f->cg[f->n_cg].dir, 0755) < 0)
			return sp_fail_errno(err, errno, "%s", f->cg[f->n_cg].dir);
		f->cg[f->n_cg].v2 = known[i].v2;
		f->cg[f->n_cg].memory = known[i].memory;
		f->cg[f->n_cg].cpu = known[i].cpu;
		f->cg[f->n_cg++].pids = known[i].pids;
	}
	if (f->n_cg == 0 && stat("/sys/fs/cgroup/cgroup.controllers", &st) == 0) {
		(void)snprintf(f->cg[0].dir, PATH_SIZE, "/sys/fs/cgroup/spfloor-%d", (int)getpid());
		if (mkdir(f->cg[0].dir, 0755) < 0)
			return sp_fail_errno(err, errno, "%s", f->cg[0].dir);
		f->cg[0].v2 = true;
		f->n_cg = 1;
	}
	return 0;
}

int floor_open(const struct floor_config *c, struct floor **ret, struct sp_error *err)
{
	static const char *const files[] = {"hosts", "hostname", "resolv.conf"};
	struct floor *f = calloc(1, sizeof(*f));
	char path[PATH_SIZE];
	int r;

	if (!f)
		return sp_fail(err, SP_E_NO_MEMORY, "floor");
	f->c = *c;
	f->rtnl = -EBADF;
	*ret = f;
	(void)snprintf(f->merged, sizeof(f->merged), "%.120s/merged", c->dir);
	if (mkdir(f->merged, 0755) < 0)
		return sp_fail_errno(err, errno, "%s", f->merged);
	for (size_t i = 0; i < SP_ARRAY_LEN(files); i++) {
		(void)snprintf(path, sizeof(path), "%.120s/%s", c->dir, files[i]);
		r = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
		if (r < 0)
			return sp_fail_errno(err, errno, "%s", path);
		close(r);
	}
	if (find_cgroups(f, err) < 0)
		return -1;
	if (!c->bridge)
		return 0;
	f->rtnl = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (f->rtnl < 0)
		return sp_fail_errno(err, errno, "netlink");
	r = add_bridge(f->rtnl);
	if (r < 0)
		return sp_fail_errno(err, -r, "bridge " BRIDGE);
	f->bridge_ix = (int)if_nametoindex(BRIDGE);
	(void)put("/proc/sys/net/ipv6/conf/" BRIDGE "/disable_ipv6", "1"); /* kernel without IPv6 */
	r = add_address(f->rtnl, f->bridge_ix, BRIDGE_ADDR);
	return r < 0 ? sp_fail_errno(err, -r, "address of " BRIDGE) : 0;
}

static int remove_cgroup(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)at;
	if (type == FTW_DP)
		(void)rmdir(path); /* what stays is seen by the check for leftovers */
	return 0;
}

static void delete_link(int rtnl, int index)
{
	struct request r;
	struct ifinfomsg *i = begin(&r, RTM_DELLINK, 0, sizeof(*i));

	i->ifi_index = index;
	(void)talk(rtnl, &r); /* the same */
}

void floor_sweep(pid_t owner)
{
	int rtnl = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	int bridge = (int)if_nametoindex(BRIDGE);
	char path[PATH_SIZE];

	for (size_t i = 0; i <= SP_ARRAY_LEN(known); i++) {
		(void)snprintf(path, sizeof(path), "%s/spfloor-%d",
			       i < SP_ARRAY_LEN(known) ? known[i].root : "/sys/fs/cgroup",
			       (int)owner);
		(void)nftw(path, remove_cgroup, 16, FTW_DEPTH | FTW_PHYS);
	}
	if (rtnl >= 0 && bridge > 0)
		delete_link(rtnl, bridge);
	(void)sp_close(rtnl);
}

void floor_close(struct floor *f)
{
	static const char *const files[] = {"hosts", "hostname", "resolv.conf"};
	char path[PATH_SIZE];

	if (!f)
		return;
	for (size_t i = 0; i < SP_ARRAY_LEN(files); i++) {
		(void)snprintf(path, sizeof(path), "%.120s/%s", f->c.dir, files[i]);
		(void)unlink(path);
	}
	(void)rmdir(f->merged);
	for (int i = 0; i < f->n_cg; i++)
		(void)rmdir(f->cg[i].dir);
	if (f->rtnl >= 0) {
		delete_link(f->rtnl, f->bridge_ix);
		(void)sp_close(f->rtnl);
	}
	free(f);
}
