/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Image references, and archives made to do harm: whatever a layer says, it stays in its directory.
 * Source of the rules: OCI image-spec v1.1, layer.md.
 */
#include "image/compress.h"
#include "image/load.h"
#include "image/reference.h"
#include "image/unpack.h"
#include "sys/fd.h"

#include "cmocka_all.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <ftw.h>
#include <locale.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

static char base[64];

static int rm_one(const char *path, const struct stat *st, int type, struct FTW *f)
{
	(void)st;
	(void)type;
	(void)f;
	return remove(path);
}

static int setup(void **state)
{
	(void)setlocale(LC_CTYPE, "C.UTF-8"); /* the archive writer wants to understand its names */
	(void)snprintf(base, sizeof(base), "/tmp/sp-image-XXXXXX");
	return mkdtemp(base) ? 0 : -1;
}

static int teardown(void **state)
{
	return nftw(base, rm_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void test_references(void **state)
{
	static const struct {
		const char *in, *full;
	} good[] = {
		{"nginx", "docker.io/library/nginx:latest"},
		{"nginx:1.25", "docker.io/library/nginx:1.25"},
		{"fluent/fluent-bit:3.2.4", "docker.io/fluent/fluent-bit:3.2.4"},
		{"registry.acme.io/orders-api:2026.05.07",
		 "registry.acme.io/orders-api:2026.05.07"},
		{"localhost/x", "localhost/x:latest"},
		{"localhost:5000/a/b-c__d:T_1.x", "localhost:5000/a/b-c__d:T_1.x"},
		{"index.docker.io/nginx", "docker.io/library/nginx:latest"},
		{"[::1]:5000/x:1", "[::1]:5000/x:1"},
		{"a/b@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
		 "docker.io/a/b@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"},
	};
	static const char *const bad[] = {"",      "Nginx",    "nginx:",         "a//b", "a/b/",
					  ":1",    "x:a b",    "x@sha256:12",    "-x",   "a..b",
					  "a___b", "x@md5:00", "host.io:port/x", "/x",   "a/:t"};
	struct sp_arena a = {0};

	for (size_t i = 0; i < SP_ARRAY_LEN(good); i++) {
		struct sp_reference r;
		struct sp_error err = {0};

		if (sp_reference_parse(&a, good[i].in, &r, &err) < 0)
			fail_msg("%s: %s", good[i].in, err.text);
		assert_string_equal(r.full, good[i].full);
	}
	for (size_t i = 0; i < SP_ARRAY_LEN(bad); i++) {
		struct sp_reference r;
		struct sp_error err = {0};

		if (sp_reference_parse(&a, bad[i], &r, &err) == 0)
			fail_msg("'%s' was taken for %s", bad[i], r.full);
		assert_int_equal(err.code, SP_E_INVALID);
	}

	/* "library/" counts */
	char name[300];
	struct sp_reference r;
	struct sp_error err = {0};

	memset(name, 'n', sizeof(name));
	name[247] = '\0';
	assert_int_equal(sp_reference_parse(&a, name, &r, &err), 0);
	name[247] = 'n';
	name[248] = '\0';
	assert_int_equal(sp_reference_parse(&a, name, &r, &err), -1);
	assert_string_equal(err.text, "repository name must not be more than 255 characters");
	sp_arena_done(&a);
}

/* One entry of a made-up layer. */
struct entry {
	const char *path;
	unsigned type;    /* AE_IF… */
	const char *text; /* content; target of a symbolic link */
	const char *hardlink;
	unsigned mode;
	const char *xattr, *value;
};

static int make_tar(const struct entry *v, size_t n, bool gzip)
{
	char name[96];
	struct archive *out = archive_write_new();
	int fd;

	(void)snprintf(name, sizeof(name), "%s/layer.tar", base);
	fd = open(name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	archive_write_set_format_pax(out);
	if (gzip)
		archive_write_add_filter_gzip(out);
	assert_int_equal(archive_write_open_fd(out, fd), ARCHIVE_OK);
	for (size_t i = 0; i < n; i++) {
		struct archive_entry *e = archive_entry_new();
		size_t len = v[i].type == AE_IFREG && v[i].text ? strlen(v[i].text) : 0;

		archive_entry_set_pathname(e, v[i].path);
		archive_entry_set_filetype(e, v[i].type);
		archive_entry_set_perm(e, v[i].mode ? (mode_t)v[i].mode : 0755);
		archive_entry_set_size(e, (la_int64_t)len);
		if (v[i].type == AE_IFLNK)
			archive_entry_set_symlink(e, v[i].text);
		if (v[i].hardlink)
			archive_entry_set_hardlink(e, v[i].hardlink);
		if (v[i].type == AE_IFCHR)
			archive_entry_set_rdev(e, makedev(1, 1));
		if (v[i].xattr)
			archive_entry_xattr_add_entry(e, v[i].xattr, v[i].value,
						      strlen(v[i].value));
		assert_int_equal(archive_write_header(out, e), ARCHIVE_OK);
		if (len)
			assert_int_equal(archive_write_data(out, v[i].text, len), len);
		archive_entry_free(e);
	}
	archive_write_close(out);
	archive_write_free(out);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	return fd;
}

/* Unpack into a new directory below base. Return: its descriptor */
static int unpack(const struct entry *v, size_t n, int want, struct sp_error *err)
{
	static int count;
	struct sp_unpack_stats st;
	char dir[96];
	int fd = make_tar(v, n, count % 2), dir_fd;

	(void)snprintf(dir, sizeof(dir), "%s/d%d", base, count++);
	assert_int_equal(mkdir(dir, 0755), 0);
	dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	*err = (struct sp_error){0};
	if (sp_layer_unpack(dir_fd, fd, NULL, NULL, &st, err) != want)
		fail_msg("unpack: %s", err->text);
	(void)sp_close(fd);
	return dir_fd;
}

static bool exists(const char *dir, const char *name)
{
	char path[128];
	struct stat st;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	return lstat(path, &st) == 0;
}

static void test_layer_contents(void **state)
{
	static const struct entry v[] = {
		{"./", AE_IFDIR},
		{"bin/", AE_IFDIR},
		{"bin/tool", AE_IFREG, "#!x", NULL, 04755},
		{"bin/same", AE_IFREG, NULL, "bin/tool"},
		{"etc/secret", AE_IFREG, "s", NULL, 0600},
		{"etc/link", AE_IFLNK, "../../../etc/passwd"},
		{"var/.wh.old", AE_IFREG, ""},
		{"var/both", AE_IFREG, "new"},
		{"var/.wh.both", AE_IFREG, ""},
		{"opt/app/.wh..wh..opq", AE_IFREG, ""},
		{"opt/app/new", AE_IFREG, "n"},
		{"dev/null", AE_IFCHR},
		{"run/pipe", AE_IFIFO},
		{"evil", AE_IFDIR, NULL, NULL, 0755, "trusted.overlay.redirect", "/etc"},
		{"\xc3\xa9t\xc3\xa9", AE_IFREG, "utf8"},
	};
	struct sp_error err;
	struct stat st, st2;
	char value[8] = {0};
	int d = unpack(v, SP_ARRAY_LEN(v), 0, &err), opt;

	assert_int_equal(fstatat(d, "bin/tool", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 04755);
	assert_int_equal(fstatat(d, "bin/same", &st2, 0), 0);
	assert_true(st.st_ino == st2.st_ino);
	assert_int_equal(fstatat(d, "etc/secret", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(fstatat(d, "etc/link", &st, AT_SYMLINK_NOFOLLOW), 0);
	assert_true(S_ISLNK(st.st_mode));
	/* whiteouts in overlayfs' form; a real file of the same layer wins */
	assert_int_equal(fstatat(d, "var/old", &st, 0), 0);
	assert_true(S_ISCHR(st.st_mode) && st.st_rdev == 0);
	assert_int_equal(fstatat(d, "var/both", &st, 0), 0);
	assert_true(S_ISREG(st.st_mode));
	opt = openat(d, "opt/app", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(fgetxattr(opt, "trusted.overlay.opaque", value, sizeof(value)) == 1 ||
		    fgetxattr(opt, "user.overlay.opaque", value, sizeof(value)) == 1);
	(void)sp_close(opt);
	/* device nodes are not made; notes to overlayfs do not come from archives */
	assert_int_equal(fstatat(d, "dev/null", &st, 0), -1);
	assert_int_equal(fstatat(d, "run/pipe", &st, 0), 0);
	assert_true(S_ISFIFO(st.st_mode));
	opt = openat(d, "evil", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(fgetxattr(opt, "trusted.overlay.redirect", value, sizeof(value)), -1);
	(void)sp_close(opt);
	assert_int_equal(fstatat(d, "\xc3\xa9t\xc3\xa9", &st, 0), 0);
	(void)sp_close(d);
}

static void test_layer_escapes(void **state)
{
	static const struct entry dotdot[] = {{"../escaped", AE_IFREG, "x"}};
	static const struct entry deep[] = {{"a/../../escaped", AE_IFREG, "x"}};
	static const struct entry hard[] = {{"a", AE_IFREG, NULL, "../layer.tar"}};
	static const struct entry hard_abs[] = {{"a", AE_IFREG, NULL, "/etc/passwd"}};
	static const struct entry absolute[] = {{"/abs", AE_IFREG, "x"}};
	static const struct entry through[] = {{"l", AE_IFLNK, ".."}, {"l/escaped", AE_IFREG, "x"}};
	static const struct entry through_abs[] = {{"l", AE_IFLNK, "/"},
						   {"l/tmp/escaped", AE_IFREG, "x"}};
	static const struct entry wh[] = {{"l", AE_IFLNK, "/"}, {"l/.wh.layer.tar", AE_IFREG, ""}};
	static const struct entry wh_dots[] = {{"a/.wh...", AE_IFREG, ""}};
	struct sp_error err;

	(void)sp_close(unpack(dotdot, 1, -1, &err));
	assert_int_equal(err.code, SP_E_CORRUPT);
	(void)sp_close(unpack(deep, 1, -1, &err));
	(void)sp_close(unpack(hard, 1, -1, &err));
	(void)sp_close(unpack(hard_abs, 1, -1, &err)); /* no such file inside */
	(void)sp_close(unpack(absolute, 1, 0, &err));  /* "/" of an image is the layer */
	assert_false(exists("", "abs"));
	/* a link that climbs meets the layer's own root */
	(void)sp_close(unpack(through, 2, 0, &err));
	(void)sp_close(unpack(through_abs, 2, 0, &err));
	(void)sp_close(unpack(wh, 2, 0, &err));
	(void)sp_close(unpack(wh_dots, 1, -1, &err));
	assert_false(exists(base, "escaped"));
	assert_false(exists("/tmp", "escaped"));
	assert_true(exists(base, "layer.tar"));
}

static void test_layer_faults(void **state)
{
	static const struct entry v[] = {{"a", AE_IFREG, "content"}};
	static const char wrong[] =
		"sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
	struct sp_error err = {0};
	char dir[96];
	int d, fd = make_tar(v, 1, true);

	(void)snprintf(dir, sizeof(dir), "%s/faults", base);
	assert_int_equal(mkdir(dir, 0755), 0);
	d = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(sp_layer_unpack(d, fd, wrong, NULL, NULL, &err), -1);
	assert_int_equal(err.code, SP_E_CORRUPT);
	/* cut in the middle */
	assert_int_equal(ftruncate(fd, 40), 0);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	assert_int_equal(sp_layer_unpack(d, fd, NULL, NULL, NULL, &err), -1);
	assert_int_equal(err.code, SP_E_CORRUPT);
	/* no archive at all */
	assert_int_equal(pwrite(fd, "this is not a layer, whatever it may say", 40, 0), 40);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	assert_int_equal(sp_layer_unpack(d, fd, NULL, NULL, NULL, &err), -1);
	(void)sp_close(fd);
	(void)sp_close(d);
}

/* LOG-3: the .gz comes whole and the file goes; what is gone stays gone. */
static void test_compress_file(void **state)
{
	static char lines[200000], got[sizeof(lines) + 1];
	char gz[96];
	struct sp_error err;
	struct stat st;
	int d = open(base, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int fd = openat(d, "0.log.1", O_WRONLY | O_CREAT | O_CLOEXEC, 0640);
	struct archive *in = archive_read_new();
	struct archive_entry *e;

	for (size_t i = 0; i < sizeof(lines); i++)
		lines[i] = (char)(i % 61 ? 'a' + i % 61 % 26 : '\n');
	assert_int_equal(write(fd, lines, sizeof(lines)), sizeof(lines));
	(void)sp_close(fd);
	assert_int_equal(sp_compress_file(d, "0.log.1", &err), 0);
	assert_int_equal(faccessat(d, "0.log.1", F_OK, 0), -1);
	assert_int_equal(fstatat(d, "0.log.1.gz", &st, 0), 0);
	assert_true(st.st_size < 10000);
	assert_int_equal(st.st_mode & 0777, 0640);

	(void)snprintf(gz, sizeof(gz), "%s/0.log.1.gz", base);
	assert_int_equal(archive_read_support_filter_gzip(in), ARCHIVE_OK);
	assert_int_equal(archive_read_support_format_raw(in), ARCHIVE_OK);
	assert_int_equal(archive_read_open_filename(in, gz, 65536), ARCHIVE_OK);
	assert_int_equal(archive_read_next_header(in, &e), ARCHIVE_OK);
	assert_int_equal(archive_read_data(in, got, sizeof(got)), sizeof(lines));
	assert_memory_equal(got, lines, sizeof(lines));
	archive_read_free(in);

	assert_int_equal(sp_compress_file(d, "0.log.1", &err), -1);
	assert_int_equal(symlinkat("0.log.1.gz", d, "0.log.2"), 0);
	assert_int_equal(sp_compress_file(d, "0.log.2", &err), -1); /* not through links */
	(void)sp_close(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_references),    cmocka_unit_test(test_layer_contents),
		cmocka_unit_test(test_layer_escapes), cmocka_unit_test(test_layer_faults),
		cmocka_unit_test(test_compress_file),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
