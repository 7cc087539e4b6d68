/* SPDX-License-Identifier: Apache-2.0 */
/* Volumes as containers see them: subPath, read-only, hostPath, content that changes. */
#include "container_env.h"

#include "sys/fd.h"
#include "sys/sys.h"

#include "../unit/cmocka_all.h"

static void sub_paths(struct env *e)
{
	static const struct {
		const char *sub, *error;
	} cases[] = {
		{"made/deep", NULL},
		{"inside", NULL},
		{"..", "mount '/m': subPath '..' leaves the volume"},
		{"a/../..", "mount '/m': subPath 'a/../..' leaves the volume"},
		{"absolute", "mount '/m': subPath 'absolute' leaves the volume"},
		{"up/etc", "mount '/m': subPath 'up/etc' leaves the volume"},
	};
	struct sp_volume v;
	struct sp_error err;
	struct result r;
	struct stat st;
	struct job j;

	CHECK_ERR(sp_volume_empty_dir(e->sandbox, "data", false, -1, 500, &v, &err) == 0, err);
	CHECK(fstat(v.fd, &st) == 0 && st.st_gid == 500 && (st.st_mode & 07777) == 02777);
	job_sh(e, &j, "writer",
	       "mkdir /m/a; ln -s a /m/inside; ln -s /etc /m/absolute;"
	       "ln -s ../../../.. /m/up");
	j.p.mounts = &(struct sp_ctr_mount){.volume = &v, .target = "/m"};
	j.p.n_mounts = 1;
	CHECK(job_run(e, &j, &r) == 0 && r.exit.code == 0);
	for (size_t i = 0; i < SP_ARRAY_LEN(cases); i++) {
		job_sh(e, &j, "app", "touch /m/was-here; stat -c '%a %g' /m");
		j.p.mounts = &(struct sp_ctr_mount){
			.volume = &v, .target = "/m", .sub_path = cases[i].sub};
		j.p.n_mounts = 1;
		if (!cases[i].error) {
			CHECK_ERR(job_run(e, &j, &r) == 0 && r.error.code == SP_OK, r.error);
			CHECK(r.exit.code == 0);
			continue;
		}
		CHECK(job_run(e, &j, &r) < 0);
		CHECK_STR(r.error.text, cases[i].error);
		CHECK(r.error.code == SP_E_INVALID);
	}
	CHECK(fstatat(v.fd, "made/deep/was-here", &st, 0) == 0);
	CHECK(fstatat(v.fd, "made/deep", &st, 0) == 0 && (st.st_mode & 0777) == 0777);
	CHECK(fstatat(v.fd, "a/was-here", &st, 0) == 0);
	(void)sp_close(v.fd);
}

/* VOL-5 */
static void mount_modes(struct env *e)
{
	struct sp_volume disk, mem;
	struct sp_error err;
	struct result r;
	struct job j;
	struct sp_ctr_mount m[] = {
		{.volume = &disk, .target = "/rw"},
		{.volume = &disk, .target = "/ro", .read_only = true},
		{.volume = &mem, .target = "/mem"},
		{.volume = &mem, .target = "/rro", .read_only = true, .recursive_read_only = true},
	};

	CHECK_ERR(sp_volume_empty_dir(e->sandbox, "disk", false, -1, -1, &disk, &err) == 0, err);
	CHECK_ERR(sp_volume_empty_dir(e->sandbox, "mem", true, 1 << 20, -1, &mem, &err) == 0, err);
	job_sh(e, &j, "app",
	       "touch /rw/a && ls /ro; touch /ro/b 2>/dev/null || echo ro;"
	       "touch /rro/b 2>/dev/null || echo rro;"
	       "dd if=/dev/zero of=/mem/big bs=1M count=2 2>/dev/null || echo full; stat -c %a /mem;"
	       "touch /x 2>/dev/null || echo readonly-root; touch /dev/shm/ok && echo shm");
	j.p.mounts = m;
	j.p.n_mounts = SP_ARRAY_LEN(m);
	j.sec.read_only_rootfs.set = j.sec.read_only_rootfs.v = true;
	CHECK_ERR(job_run(e, &j, &r) == 0 && r.error.code == SP_OK, r.error);
	CHECK_STR(r.out, "a\nro\nrro\nfull\n777\nreadonly-root\nshm\n");
	/* /dev/shm is the pod's, the root file system the instance's */
	CHECK(sh(e, "ls /dev/shm; ls /x 2>/dev/null", &r) == 1);
	CHECK_STR(r.out, "ok\n");
	(void)sp_close(disk.fd);
	(void)sp_close(mem.fd);
}

/* VOL-2 */
static void host_paths(struct env *e)
{
	char dir[128], file[160], missing[160];
	const struct {
		const char *path, *type, *error;
	} cases[] = {
		{dir, "", NULL},
		{dir, "Directory", NULL},
		{dir, "File", "hostPath type check failed: %s is not a file"},
		{file, "FileOrCreate", NULL},
		{file, "File", NULL},
		{file, "Socket", "hostPath type check failed: %s is not a socket"},
		{missing, "Directory", "volume 'h': hostPath '%s': No such file or directory"},
		{missing, "DirectoryOrCreate", NULL},
		{"/dev/null", "CharDevice", NULL},
		{"/dev/null", "BlockDevice",
		 "hostPath type check failed: %s is not a block device"},
	};
	char want[512];
	struct sp_volume v;
	struct sp_error err;
	struct result r;
	struct stat st;
	struct job j;

	(void)snprintf(dir, sizeof(dir), "%s/host", e->base);
	(void)snprintf(file, sizeof(file), "%s/file", dir);
	(void)snprintf(missing, sizeof(missing), "%s/new/deep", dir);
	CHECK(mkdir(dir, 0755) == 0);
	for (size_t i = 0; i < SP_ARRAY_LEN(cases); i++) {
		int k = sp_volume_host_path(e->sandbox, "h", cases[i].path, cases[i].type, &v,
					    &err);

		CHECK_ERR((k == 0) == !cases[i].error, err);
		if (k == 0) {
			(void)sp_close(v.fd);
			continue;
		}
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		(void)snprintf(want, sizeof(want), cases[i].error, cases[i].path);
#pragma GCC diagnostic pop
		CHECK_STR(err.text, want);
	}
	CHECK(stat(file, &st) == 0 && (st.st_mode & 0777) == 0644);
	CHECK(stat(missing, &st) == 0 && (st.st_mode & 0777) == 0755);
	CHECK_ERR(sp_volume_host_path(e->sandbox, "h", dir, "", &v, &err) == 0, err);
	job_sh(e, &j, "app", "echo from-container > /h/file; ls /h");
	j.p.mounts = &(struct sp_ctr_mount){
		.volume = &v, .target = "/h", .propagation = SP_PROPAGATE_FROM_HOST};
	j.p.n_mounts = 1;
	CHECK_ERR(job_run(e, &j, &r) == 0 && r.error.code == SP_OK, r.error);
	CHECK_STR(r.out, "file\nnew\n");
	CHECK(stat(file, &st) == 0 && st.st_size == 15);
	(void)sp_close(v.fd);
}

/* Read up to the first @end. */
static void until(int fd, const char *end, char *out, size_t size)
{
	size_t have = 0;

	do {
		ssize_t n = read(fd, out + have, size - 1 - have);

		CHECK(n > 0);
		have += (size_t)n;
		out[have] = '\0';
	} while (!strstr(out, end));
}

static void content_volumes(struct env *e)
{
	static const struct sp_volume_file first[] = {
		{"a", "one", 3, 0644}, {"sub/b", "two", 3, 0400}, {"gone", "x", 1, 0644}};
	static const struct sp_volume_file second[] = {{"a", "ONE", 3, 0644},
						       {"sub/b", "TWO", 3, 0400}};
	static const struct sp_volume_file evil = {"../x", "", 0, 0644};
	struct sp_volume v, w;
	struct sp_error err;
	struct sp_ctr_fds fds;
	struct sp_exit exit;
	struct sp_ctr *c;
	struct job j;
	char out[512];

	CHECK_ERR(sp_volume_files(e->sandbox, "cm", true, first, 3, 77, &v, &err) == 0, err);
	job_sh(e, &j, "app",
	       "cat /cm/a /cm/sub/b; ls /cm; readlink /cm/a; stat -L -c '%a %g' /cm/sub/b; echo;"
	       "touch /cm/z 2>/dev/null || echo ro;"
	       "while test -e /cm/gone; do sleep 0.01; done; cat /cm/a /cm/sub/b; ls -A /cm");
	j.p.mounts = &(struct sp_ctr_mount){.volume = &v, .target = "/cm"};
	j.p.n_mounts = 1;
	CHECK_ERR(sp_ctr_prepare(e->sandbox, &j.p, &c, &fds, &err) == 0, err);
	CHECK(sp_ctr_release(c, &err) == 0);
	until(fds.stdout_fd, "\nro\n", out, sizeof(out));
	CHECK_STR(out, "onetwoa\ngone\nsub\n..data/a\n440 77\n\nro\n");
	CHECK_ERR(sp_volume_files(e->sandbox, "cm", true, second, 2, 77, &w, &err) == 0, err);
	drain(fds.stdout_fd, out, sizeof(out));
	CHECK_STR(out, "ONETWO..1\n..data\na\nsub\n");
	reap(c, fds.pidfd, &exit);
	(void)sp_ctr_free(c);
	(void)sp_close(fds.stdout_fd);
	(void)sp_close(fds.stderr_fd);
	(void)sp_close(fds.report_fd);
	CHECK(sp_volume_files(e->sandbox, "cm", true, &evil, 1, -1, &w, &err) < 0);
	CHECK_STR(err.text, "volume 'cm': file name '../x' is not usable");
	(void)sp_close(v.fd);
	(void)sp_close(w.fd);
}

BODY_TEST(sub_paths, )
BODY_TEST(mount_modes, )
BODY_TEST(host_paths, )
BODY_TEST(content_volumes, )

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sub_paths),
		cmocka_unit_test(test_mount_modes),
		cmocka_unit_test(test_host_paths),
		cmocka_unit_test(test_content_volumes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
