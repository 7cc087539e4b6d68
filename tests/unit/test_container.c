/* SPDX-License-Identifier: Apache-2.0 */
/* Users, capabilities, filters, cgroup layouts and the plan, as data. */
#include "container/caps.h"
#include "container/cgroup.h"
#include "container/plan.h"
#include "container/seccomp_default.h"
#include "container/user.h"

#include "cmocka_all.h"
#include "seccomp_interpret.h"

#include <errno.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

/* ---- users ------------------------------------------------------------------------------------
 */

static const char passwd[] = "# comment\n"
			     "broken line\n"
			     "root:x:0:0:root:/root:/bin/sh\n"
			     "web:x:101:102:Web,,,:/srv/web:/sbin/nologin\n"
			     "huge:x:4294967295:0::/:/bin/sh\n"
			     "late:x:7:8::/late:/bin/sh";
static const char group[] = "root:x:0:\nweb:x:102:\naudio:x:29:web,other,root\nvideo:x:44:web\n"
			    "bad:x:nan:web\nlast:x:9:late";

static struct sp_str str(const char *s)
{
	return (struct sp_str){s, strlen(s)};
}

static void test_users(void **state)
{
	static const int64_t extra[] = {2000, 44};
	static const struct {
		int64_t uid, gid;
		const char *image_user;
		bool extra, strict;
		uint32_t ret_uid, ret_gid;
		const char *home;
		uint32_t n_groups, groups[6];
		const char *error;
	} cases[] = {
		{-1, -1, "", false, false, 0, 0, "/root", 2, {0, 29}, NULL},
		{-1, -1, "web", false, false, 101, 102, "/srv/web", 3, {102, 29, 44}, NULL},
		{-1, -1, "101", false, false, 101, 102, "/srv/web", 3, {102, 29, 44}, NULL},
		{-1, -1, "web:audio", false, false, 101, 29, "/srv/web", 2, {29, 44}, NULL},
		{-1, -1, "55:66", false, false, 55, 66, "/", 1, {66}, NULL},
		{-1, -1, "55", false, false, 55, 0, "/", 1, {0}, NULL},
		{-1, -1, "late", false, false, 7, 8, "/late", 2, {8, 9}, NULL},
		{1000, -1, "web:audio", false, false, 1000, 0, "/", 1, {0}, NULL},
		{101, 5, "", false, false, 101, 5, "/srv/web", 3, {5, 29, 44}, NULL},
		{-1, 5, "web", true, false, 101, 5, "/srv/web", 4, {5, 2000, 44, 29}, NULL},
		{-1, 5, "web", true, true, 101, 5, "/srv/web", 3, {5, 2000, 44}, NULL},
		{-1, -1, "nobody",
		 .error = "unable to find user nobody: no matching entries in "
			  "passwd file"},
		{-1, -1, "0:nogroup",
		 .error = "unable to find group nogroup: no matching entries "
			  "in group file"},
	};

	for (size_t i = 0; i < SP_ARRAY_LEN(cases); i++) {
		struct sp_user_request req = {
			.uid = cases[i].uid,
			.gid = cases[i].gid,
			.image_user = cases[i].image_user,
			.extra = extra,
			.n_extra = cases[i].extra ? SP_ARRAY_LEN(extra) : 0,
			.strict = cases[i].strict,
		};
		struct sp_identity id;
		struct sp_error err;

		if (cases[i].error) {
			assert_int_equal(sp_user_resolve(&req, str(passwd), str(group), &id, &err),
					 -1);
			assert_int_equal(err.code, SP_E_INVALID);
			assert_string_equal(err.text, cases[i].error);
			continue;
		}
		assert_int_equal(sp_user_resolve(&req, str(passwd), str(group), &id, &err), 0);
		assert_int_equal(id.uid, cases[i].ret_uid);
		assert_int_equal(id.gid, cases[i].ret_gid);
		assert_string_equal(id.home, cases[i].home);
		assert_int_equal(id.n_groups, cases[i].n_groups);
		for (uint32_t k = 0; k < id.n_groups; k++)
			assert_int_equal(id.groups[k], cases[i].groups[k]);
	}
}

static void test_too_many_groups(void **state)
{
	struct sp_user_request req = {.uid = -1, .gid = -1, .image_user = "web"};
	static char text[64 * 1024];
	struct sp_buf b = sp_buf_fixed(text, sizeof(text));
	struct sp_identity id;
	struct sp_error err;

	for (int i = 0; i < SP_GROUPS_MAX + 1; i++)
		sp_buf_printf(&b, "g%d:x:%d:web\n", i, 5000 + i);
	assert_int_equal(sp_user_resolve(&req, str(passwd), str(text), &id, &err), -1);
	assert_string_equal(err.text, "more than 256 groups");
}

static void test_non_root(void **state)
{
	static const struct {
		int64_t uid;
		const char *image_user, *error;
	} cases[] = {
		{1, "", NULL},
		{-1, "1000:0", NULL},
		{0, "1000",
		 "container's runAsUser breaks non-root policy (pod: \"p_ns(u)\", container: c)"},
		{-1, "",
		 "container has runAsNonRoot and image will run as root (pod: \"p_ns(u)\", "
		 "container: c)"},
		{-1, "0:5",
		 "container has runAsNonRoot and image will run as root (pod: \"p_ns(u)\", "
		 "container: c)"},
		{-1, "web:5",
		 "container has runAsNonRoot and image has non-numeric user (web), cannot verify "
		 "user is non-root (pod: \"p_ns(u)\", container: c)"},
	};

	for (size_t i = 0; i < SP_ARRAY_LEN(cases); i++) {
		struct sp_user_request req = {
			.uid = cases[i].uid, .gid = -1, .image_user = cases[i].image_user};
		struct sp_error err;

		assert_int_equal(sp_user_check_non_root(&req, "p_ns(u)", "c", &err),
				 cases[i].error ? -1 : 0);
		if (cases[i].error)
			assert_string_equal(err.text, cases[i].error);
	}
}

/* ---- capabilities -----------------------------------------------------------------------------
 */

static void test_caps(void **state)
{
	static const char *const all[] = {"ALL"}, *const net[] = {"NET_ADMIN", "CAP_SYS_TIME"},
				 *const chown[] = {"CHOWN"}, *const bad[] = {"FLY"},
				 *const bind_all[] = {"ALL", "NET_BIND_SERVICE"};
	uint64_t extra = SP_CAP(CAP_NET_ADMIN) | SP_CAP(CAP_SYS_TIME), have = SP_CAPS_ALL, got;
	struct sp_error err;

	assert_int_equal(__builtin_popcountll(sp_caps_default), 14);
	assert_true(sp_caps_default == UINT64_C(0xa80425fb));
	assert_int_equal(sp_caps_resolve(NULL, 0, NULL, 0, false, have, &got, &err), 0);
	assert_true(got == sp_caps_default);
	assert_int_equal(sp_caps_resolve(net, 2, chown, 1, false, have, &got, &err), 0);
	assert_true(got == ((sp_caps_default | extra) & ~SP_CAP(CAP_CHOWN)));
	assert_int_equal(sp_caps_resolve(all, 1, chown, 1, false, have, &got, &err), 0);
	assert_true(got == (SP_CAPS_ALL & ~SP_CAP(CAP_CHOWN)));
	assert_int_equal(sp_caps_resolve(NULL, 0, all, 1, false, have, &got, &err), 0);
	assert_true(got == 0);
	assert_int_equal(sp_caps_resolve(net, 2, all, 1, false, have, &got, &err), 0);
	assert_true(got == extra);
	assert_int_equal(sp_caps_resolve(bind_all, 2, all, 1, false, have, &got, &err), 0);
	assert_true(got == SP_CAP(CAP_NET_BIND_SERVICE));
	assert_int_equal(sp_caps_resolve(NULL, 0, all, 1, true, have, &got, &err), 0);
	assert_true(got == SP_CAPS_ALL);
	assert_int_equal(sp_caps_resolve(all, 1, NULL, 0, false, extra, &got, &err), 0);
	assert_true(got == extra);
	assert_int_equal(sp_caps_resolve(bad, 1, NULL, 0, false, have, &got, &err), -1);
	assert_string_equal(err.text, "unknown capability 'FLY'");
}

/* ---- filter -----------------------------------------------------------------------------------
 */

static void test_filter(void **state)
{
#ifdef ARCH
	const uint32_t ok = SECCOMP_RET_ALLOW, refuse = SECCOMP_RET_ERRNO | EPERM,
		       newer = SECCOMP_RET_ERRNO | ENOSYS;
	const uint64_t with_admin = sp_caps_default | SP_CAP(CAP_SYS_ADMIN);
	const struct {
		int nr;
		uint64_t arg;
		uint32_t plain, admin;
	} cases[] = {
		{SYS_read, 0, ok, ok},
		{SYS_execve, 0, ok, ok},
		{SYS_openat2, 0, ok, ok},
		{SYS_chroot, 0, ok, ok},
		{SYS_mount, 0, refuse, ok},
		{SYS_unshare, 0, refuse, ok},
		{SYS_setns, 0, refuse, ok},
		{SYS_bpf, 0, refuse, ok},
		{SYS_reboot, 0, refuse, refuse},
		{SYS_kexec_load, 0, refuse, refuse},
		{SYS_keyctl, 0, refuse, refuse},
		{SYS_io_uring_setup, 0, refuse, refuse},
		{SYS_pivot_root, 0, refuse, refuse},
		{SYS_socket, AF_INET, ok, ok},
		{SYS_socket, AF_VSOCK, refuse, refuse},
		{SYS_clone, SIGCHLD, ok, ok},
		{SYS_clone, CLONE_NEWUSER | SIGCHLD, refuse, ok},
		{SYS_clone, CLONE_NEWNET, refuse, ok},
		{SYS_clone3, 0, newer, ok},
		{SYS_personality, 0, ok, ok},
		{SYS_personality, 0xffffffff, ok, ok},
		{SYS_personality, 0x0040000, refuse, refuse},
		{1000, 0, newer, newer},
		{1023, 0, newer, newer},
		{1024, 0, newer, newer},
		{0x40000000, 0, newer, newer}, /* x32 */
		{-1, 0, newer, newer},
	};
	struct sp_error err;
	void *plain, *admin;
	uint32_t n_plain, n_admin;

	assert_int_equal(sp_seccomp_default_build(sp_caps_default, &plain, &n_plain, &err), 0);
	assert_int_equal(sp_seccomp_default_build(with_admin, &admin, &n_admin, &err), 0);
	assert_true(n_plain < 600 && n_admin < 600); /* installing costs per instruction */
	/* what the command carries is what is compiled here */
	assert_true(sp_seccomp_default.caps == (sp_caps_default & sp_caps_seccomp));
	assert_int_equal(sp_seccomp_default.n, n_plain);
	assert_memory_equal(sp_seccomp_default.bpf, plain, n_plain * sizeof(struct sock_filter));
	for (size_t i = 0; i < SP_ARRAY_LEN(cases); i++) {
		struct seccomp_data d = {.nr = cases[i].nr, .arch = ARCH, .args = {cases[i].arg}};

		assert_int_equal(interpret(plain, n_plain, &d), cases[i].plain);
		assert_int_equal(interpret(admin, n_admin, &d), cases[i].admin);
		d.arch = AUDIT_ARCH_MIPS; /* foreign */
		assert_int_equal(interpret(plain, n_plain, &d), newer);
	}
#if defined(__x86_64__)
	for (int nr = 0; nr < 512; nr++) { /* 32-bit: mount is 21, read 3 */
		struct seccomp_data d = {.nr = nr, .arch = AUDIT_ARCH_I386};
		uint32_t r = interpret(plain, n_plain, &d);

		assert_true(r == ok || r == refuse || r == newer);
		if (nr == 3)
			assert_int_equal(r, ok);
		if (nr == 21)
			assert_int_equal(r, refuse);
	}
#endif
	free(plain);
	free(admin);
#else
	skip();
#endif
}

static void test_filter_choice(void **state)
{
	const uint64_t chroot = SP_CAP(CAP_SYS_CHROOT), admin = SP_CAP(CAP_SYS_ADMIN);
	const struct sp_seccomp all[] = {{.caps = chroot}, {.caps = chroot | admin}};

	assert_null(sp_plan_seccomp(NULL, 0, chroot));
	assert_ptr_equal(sp_plan_seccomp(all, 2, chroot), &all[0]);
	assert_ptr_equal(sp_plan_seccomp(all, 2, chroot | admin), &all[1]);
	assert_ptr_equal(sp_plan_seccomp(all, 2, admin), &all[0]);
	assert_ptr_equal(sp_plan_seccomp(all, 2, 0), &all[0]);
	assert_ptr_equal(sp_plan_seccomp(all, 2, SP_CAPS_ALL), &all[1]);
}

/* ---- cgroups ----------------------------------------------------------------------------------
 */

static const char pure_v2[] =
	"25 30 0:23 / /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime shared:4 - cgroup2 cgroup2 "
	"rw,nsdelegate,memory_recursiveprot\n"
	"30 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n";
static const char pure_v1[] =
	"33 23 0:29 /docker/abc /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
	"34 23 0:30 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
	"35 23 0:31 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids\n"
	"36 23 0:32 / /sys/fs/cgroup/devices rw - cgroup cgroup rw,xattr,devices\n"
	"37 23 0:33 / /sys/fs/cgroup/freezer rw - cgroup cgroup rw,freezer\n"
	"38 23 0:34 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,name=systemd\n"
	"39 23 0:35 / /sys/fs/cgroup/net_cls rw - cgroup cgroup rw,net_cls,net_prio\n"
	"40 23 0:36 / /sys/fs/cgroup/hugetlb rw - cgroup cgroup rw,hugetlb\n";
static const char hybrid[] =
	"32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu\n"
	"33 31 0:30 / /sys/fs/cgroup/cpuacct rw,relatime - cgroup cgroup rw,cpuacct\n"
	"35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n"
	"35 31 0:32 / /mnt/copy rw,relatime - cgroup cgroup rw,memory\n"
	"38 31 0:35 / /sys/fs/cgroup/freezer rw,relatime - cgroup cgroup rw,freezer\n"
	"41 31 0:38 / /sys/fs/cgroup/un\\040ified rw,relatime - cgroup2 cgroup2 rw\n";

static void test_layouts(void **state)
{
	struct sp_cg_layout l;

	sp_cg_layout_parse(pure_v2, &l);
	assert_int_equal(l.n, 1);
	assert_true(l.mounts[0].v2);
	l.mounts[0].ctls = sp_cg_ctls_parse("cpuset cpu io memory hugetlb pids\n", 34);
	sp_cg_layout_select(&l, false);
	assert_int_equal(l.mounts[0].ctls, SP_CG_CPU | SP_CG_MEMORY | SP_CG_HUGETLB);

	sp_cg_layout_parse(pure_v1, &l);
	assert_int_equal(l.n, 6);
	assert_string_equal(l.mounts[0].root, "/docker/abc");
	assert_string_equal(l.mounts[0].data, "cpu,cpuacct");
	assert_string_equal(l.mounts[3].data, "devices");
	sp_cg_layout_select(&l, false);
	assert_int_equal(l.n, 5); /* pids only with a limit */
	assert_int_equal(l.mounts[0].ctls, SP_CG_CPU | SP_CG_CPUACCT);
	assert_int_equal(l.mounts[4].ctls, SP_CG_HUGETLB);
	sp_cg_layout_parse(pure_v1, &l);
	sp_cg_layout_select(&l, true);
	assert_int_equal(l.n, 6);

	sp_cg_layout_parse(hybrid, &l);
	assert_int_equal(l.n, 5);
	l.mounts[4].ctls = SP_CG_HUGETLB; /* what no v1 hierarchy has */
	sp_cg_layout_select(&l, false);
	assert_int_equal(l.n, 3); /* v2 first; it counts and freezes */
	assert_int_equal(l.mounts[0].ctls, SP_CG_HUGETLB);
	assert_true(l.mounts[0].v2);
	assert_string_equal(l.mounts[0].path, "/sys/fs/cgroup/un ified");
	assert_int_equal(l.mounts[1].ctls, SP_CG_CPU);
	assert_int_equal(l.mounts[2].ctls, SP_CG_MEMORY);
	sp_cg_layout_parse("", &l);
	assert_int_equal(l.n, 0);
	sp_cg_layout_parse("1 2 3\n- - -\n36 35 98:0 / /x rw - cgroup\n", &l);
	assert_int_equal(l.n, 0);
}

/* Sizes as the kernel names its files. */
static void test_huge_names(void **state)
{
	static const struct {
		int64_t bytes;
		const char *name;
	} cases[] = {{64 << 10, "64KB"},
		     {2 << 20, "2MB"},
		     {512 << 20, "512MB"},
		     {1 << 30, "1GB"},
		     {(int64_t)16 << 30, "16GB"}};
	char name[16];

	for (size_t i = 0; i < SP_ARRAY_LEN(cases); i++) {
		sp_cg_huge_name(cases[i].bytes, name, sizeof(name));
		assert_string_equal(name, cases[i].name);
	}
}

static void test_self_path(void **state)
{
	static const char text[] = "9:name=systemd:/init.scope\n4:memory:/user/a:b\n"
				   "2:cpu,cpuacct:/\n0::/user.slice/x\n";
	struct sp_str s = sp_cg_self_path(text, SP_CG_MEMORY);

	assert_int_equal(s.len, 9);
	assert_memory_equal(s.ptr, "/user/a:b", 9);
	s = sp_cg_self_path(text, 0);
	assert_memory_equal(s.ptr, "/user.slice/x", s.len);
	assert_int_equal(s.len, 13);
	assert_int_equal(sp_cg_self_path(text, SP_CG_CPUACCT).len, 1);
	assert_int_equal(sp_cg_self_path(text, SP_CG_PIDS).len, 0);
}

/* ---- the plan ---------------------------------------------------------------------------------
 */

struct fixture {
	struct sp_arena arena;
	const char *layers[600];
	struct sp_image image;
	struct sp_ctr_params ctr;
	struct sp_plan_params params;
	struct sp_plan plan;
	struct sp_error err;
};

static void fixture_init(struct fixture *f, uint32_t n_layers)
{
	*f = (struct fixture){.arena = {0}};
	for (uint32_t i = 0; i < n_layers; i++)
		f->layers[i] = "/var/lib/sidepod/layers/0123456789abcdef";
	f->image = (struct sp_image){.ref = "img", .layers = f->layers, .n_layers = n_layers};
	f->ctr = (struct sp_ctr_params){.name = "app", .image = &f->image};
	f->params = (struct sp_plan_params){.ctr = &f->ctr,
					    .dir = "/pods/u/app/0",
					    .restricted = true,
					    .shm_fd = 9,
					    .pts_fd = -EBADF};
}

static int find_step(const struct sp_plan *p, enum sp_step_kind kind, const char *target)
{
	for (uint32_t i = 0; i < p->n_steps; i++)
		if (p->steps[i].kind == kind && sp_streq(p->steps[i].target, target))
			return (int)i;
	return -1;
}

static void test_plan_overlay(void **state)
{
	struct fixture f;

	fixture_init(&f, 2);
	f.layers[0] = "/a:b,c\\d";
	assert_int_equal(sp_plan_rootfs(&f.params, &f.arena, &f.plan, &f.err), 0);
	assert_string_equal(f.plan.overlay_options,
			    "lowerdir=/a\\:b\\,c\\\\d:/var/lib/sidepod/layers/0123456789abcdef,"
			    "upperdir=/pods/u/app/0/upper,workdir=/pods/u/app/0/work,volatile");
	assert_int_equal(f.plan.root_flags, 0);
	sp_arena_done(&f.arena);

	fixture_init(&f, 200); /* more than a page of options */
	f.params.rootless = true;
	f.params.restricted = false;
	assert_int_equal(sp_plan_rootfs(&f.params, &f.arena, &f.plan, &f.err), 0);
	assert_null(f.plan.overlay_options);
	assert_int_equal(f.plan.n_layers, 200);
	assert_true(f.plan.userxattr);
	assert_int_equal(f.plan.root_flags, MS_NODEV);
	sp_arena_done(&f.arena);

	fixture_init(&f, 501);
	assert_int_equal(sp_plan_rootfs(&f.params, &f.arena, &f.plan, &f.err), -1);
	assert_string_equal(f.err.text,
			    "image 'img' has 501 layers; the kernel's overlayfs takes 500");
	sp_arena_done(&f.arena);

	fixture_init(&f, 0);
	assert_int_equal(sp_plan_rootfs(&f.params, &f.arena, &f.plan, &f.err), -1);
	assert_string_equal(f.err.text, "image 'img' has no layers");
	sp_arena_done(&f.arena);
}

static void test_plan_masks(void **state)
{
	/* SEC-5 */
	static const char *const masked[] = {
		"/proc/asound",     "/proc/acpi",        "/proc/interrupts",
		"/proc/kcore",      "/proc/keys",        "/proc/latency_stats",
		"/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug",
		"/proc/scsi",       "/sys/firmware",     "/sys/devices/virtual/powercap"};
	static const char *const read_only[] = {"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys",
						"/proc/sysrq-trigger"};
	struct fixture f;
	int proc;

	fixture_init(&f, 1);
	assert_int_equal(sp_plan_rootfs(&f.params, &f.arena, &f.plan, &f.err), 0);
	proc = find_step(&f.plan, SP_STEP_MOUNT, "/proc");
	assert_int_equal(proc, 0);
	for (size_t i = 0; i < SP_ARRAY_LEN(masked); i++)
		assert_true(find_step(&f.plan, SP_STEP_MASK_DIR, masked[i]) > proc ||
			    find_step(&f.plan, SP_STEP_MASK_FILE, masked[i]) > proc);
	for (size_t i = 0; i < SP_ARRAY_LEN(read_only); i++)
		assert_true(find_step(&f.plan, SP_STEP_READ_ONLY, read_only[i]) > proc);
	assert_true(f.plan.steps[find_step(&f.plan, SP_STEP_MOUNT, "/sys")].flags & MS_RDONLY);
	assert_int_equal(f.plan.steps[find_step(&f.plan, SP_STEP_TREE, "/dev/shm")].fd, 9);
	sp_arena_done(&f.arena);

	fixture_init(&f, 1);
	f.params.privileged = true;
	assert_int_equal(sp_plan_rootfs(&f.params, &f.arena, &f.plan, &f.err), 0);
	assert_int_equal(find_step(&f.plan, SP_STEP_MASK_FILE, "/proc/kcore"), -1);
	assert_int_equal(find_step(&f.plan, SP_STEP_READ_ONLY, "/proc/sys"), -1);
	assert_false(f.plan.steps[find_step(&f.plan, SP_STEP_MOUNT, "/sys")].flags & MS_RDONLY);
	sp_arena_done(&f.arena);
}

static void test_plan_volumes(void **state)
{
	static const struct sp_ctr_mount mounts[] = {
		{.target = "/data/inner/x"}, {.target = "/etc/hosts"}, {.target = "/data"},
		{.target = "/b//c/"},        {.target = "/z"},
	};
	static const char *const order[] = {"/data", "/z", "/etc/hosts", "/b//c/", "/data/inner/x"};
	static const struct sp_ctr_mount bad = {.target = "//proc/sys"};
	const int fds[] = {20, 21, 22, 23, 24};
	const mode_t modes[] = {S_IFDIR, S_IFREG, S_IFDIR, S_IFDIR, S_IFDIR};
	struct fixture f;
	int hidden;

	fixture_init(&f, 1);
	f.ctr.mounts = mounts;
	f.ctr.n_mounts = SP_ARRAY_LEN(mounts);
	f.params.mount_fds = fds;
	f.params.mount_modes = modes;
	assert_int_equal(sp_plan_rootfs(&f.params, &f.arena, &f.plan, &f.err), 0);
	for (size_t i = 0; i < SP_ARRAY_LEN(order); i++) {
		const struct sp_step *s = &f.plan.steps[f.plan.n_steps - SP_ARRAY_LEN(order) + i];

		assert_int_equal(s->kind, SP_STEP_TREE);
		assert_string_equal(s->target, order[i]);
		assert_int_equal(S_ISREG(s->mode), sp_streq(order[i], "/etc/hosts"));
	}
	hidden = find_step(&f.plan, SP_STEP_MASK_FILE, "/proc/kcore");
	assert_true(hidden < find_step(&f.plan, SP_STEP_TREE, "/data"));
	sp_arena_done(&f.arena);

	fixture_init(&f, 1);
	f.ctr.mounts = &bad;
	f.ctr.n_mounts = 1;
	f.params.mount_fds = fds;
	f.params.mount_modes = modes;
	assert_int_equal(sp_plan_rootfs(&f.params, &f.arena, &f.plan, &f.err), -1);
	assert_string_equal(f.err.text, "'//proc/sys': nothing may be mounted below /proc");
	sp_arena_done(&f.arena);
}

static void test_plan_close(void **state)
{
	struct sp_step steps[] = {{.kind = SP_STEP_TREE, .fd = 12},
				  {.kind = SP_STEP_MOUNT, .fd = 99}};
	struct sp_plan p = {.enter_fd = -EBADF,
			    .report_fd = 7,
			    .gate_fd = 3,
			    .n_tasks = 1,
			    .task_fds = {8},
			    .steps = steps,
			    .n_steps = 2};
	static const struct sp_fd_range want[] = {{4, 6}, {9, 11}, {13, ~0U}};
	struct sp_error err;

	assert_int_equal(sp_plan_close(&p, &err), 0);
	assert_int_equal(p.n_close, SP_ARRAY_LEN(want));
	for (size_t i = 0; i < SP_ARRAY_LEN(want); i++) {
		assert_int_equal(p.close[i].first, want[i].first);
		assert_int_equal(p.close[i].last, want[i].last);
	}
}

static void test_plan_env(void **state)
{
	static const char *const with[] = {"PATH=/x:/y", "HOME=/h", NULL}, *const none[] = {NULL};
	struct sp_arena a = {0};
	struct sp_plan p = {0};
	struct sp_error err;

	assert_int_equal(sp_plan_env(with, &a, &p, &err), 0);
	assert_string_equal(p.path, "/x:/y");
	assert_true(p.home_slot == UINT32_MAX);
	assert_null(p.env[2]);
	assert_int_equal(sp_plan_env(none, &a, &p, &err), 0);
	assert_non_null(strstr(p.path, "/usr/bin"));
	assert_int_equal(p.home_slot, 0);
	assert_null(p.env[1]);
	sp_arena_done(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_users),      cmocka_unit_test(test_too_many_groups),
		cmocka_unit_test(test_non_root),   cmocka_unit_test(test_caps),
		cmocka_unit_test(test_filter),     cmocka_unit_test(test_filter_choice),
		cmocka_unit_test(test_layouts),    cmocka_unit_test(test_self_path),
		cmocka_unit_test(test_huge_names), cmocka_unit_test(test_plan_overlay),
		cmocka_unit_test(test_plan_masks), cmocka_unit_test(test_plan_volumes),
		cmocka_unit_test(test_plan_close), cmocka_unit_test(test_plan_env),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
