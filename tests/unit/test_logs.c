/* SPDX-License-Identifier: Apache-2.0 */
/* Log files of containers: lines, tails, rotation, and a full disk (LOG-2 to LOG-4). */
#include "supervisor/logs.h"
#include "supervisor/status_json.h"
#include "sys/fd.h"
#include "sys/sys.h"

#include "cmocka_all.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#define WALL(s) ((1767323045ll + (s)) * SP_SEC) /* 2026-01-02T03:04:05Z */
#define STAMP   "2026-01-02T03:04:05.000000000Z "

/* LOG-2 */
static void test_log_lines(void **state)
{
	static const struct {
		const char *in[4]; /* pieces as read; a last "" is the end of the stream */
		const char *want;
	} cases[] = {
		{{"a\n"}, STAMP "stdout F a\n"},
		{{"a\nb\n"}, STAMP "stdout F a\n" STAMP "stdout F b\n"},
		{{"a", "b", "c\nd"}, STAMP "stdout F abc\n"},
		{{"a", ""}, STAMP "stdout F a\n"},
		{{"\n\n"}, STAMP "stdout F \n" STAMP "stdout F \n"},
		{{"", ""}, ""},
	};

	for (size_t i = 0; i < SP_ARRAY_LEN(cases); i++) {
		struct sp_log_stream s = {0};
		struct sp_buf b = {0};

		for (size_t k = 0; k < 4 && cases[i].in[k]; k++)
			sp_log_format(&s, "stdout", WALL(0), cases[i].in[k], strlen(cases[i].in[k]),
				      !cases[i].in[k][0], &b);
		assert_string_equal(b.ptr ? b.ptr : "", cases[i].want);
		free(s.pending);
		sp_buf_done(&b);
	}
}

static void test_log_long_lines(void **state)
{
	static const size_t sizes[] = {SP_LOG_LINE_MAX - 1, SP_LOG_LINE_MAX, SP_LOG_LINE_MAX + 1,
				       3 * SP_LOG_LINE_MAX};
	static char line[3 * SP_LOG_LINE_MAX + 2];

	for (size_t i = 0; i < SP_ARRAY_LEN(sizes); i++) {
		for (size_t piece = 4096; piece <= sizeof(line); piece *= 7) {
			struct sp_log_stream s = {0};
			struct sp_buf b = {0}, back = {0};
			size_t n = sizes[i] + 1, partial = 0;

			memset(line, 'x', sizes[i]);
			line[sizes[i]] = '\n';
			for (size_t at = 0; at < n; at += piece)
				sp_log_format(&s, "stderr", WALL(0), line + at,
					      SP_MIN(piece, n - at), false, &b);
			for (const char *p = b.ptr; (p = strstr(p, " P ")); p++)
				partial++;
			assert_int_equal(partial, (sizes[i] - 1) / SP_LOG_LINE_MAX);
			assert_int_equal(s.n, 0);
			assert_null(s.pending);
			/* and back: one line of the same length */
			sp_log_unformat(b.ptr, b.len, 10, 1 << 20, &back);
			assert_int_equal(back.len, n);
			assert_memory_equal(back.ptr, line, n);
			sp_buf_done(&b);
			sp_buf_done(&back);
		}
	}
}

static void test_log_tail(void **state)
{
	struct sp_log_stream s = {0};
	struct sp_buf b = {0}, t = {0};

	for (int i = 0; i < 100; i++) {
		char line[16];
		int n = snprintf(line, sizeof(line), "%d\n", i);

		sp_log_format(&s, "stdout", WALL(i), line, (size_t)n, false, &b);
	}
	sp_log_unformat(b.ptr, b.len, 3, 1000, &t);
	assert_string_equal(t.ptr, "97\n98\n99\n");
	sp_buf_clear(&t);
	sp_log_unformat(b.ptr, b.len, 1000, 4, &t);
	assert_string_equal(t.ptr, "\n99\n");
	sp_buf_clear(&t);
	sp_log_unformat("no log line", 11, 3, 100, &t);
	assert_int_equal(t.len, 0);
	sp_buf_done(&b);
	sp_buf_done(&t);
}

struct log_dirs {
	char path[64];
	struct sp_log_place place;
};

static void make_log_dirs(struct log_dirs *d)
{
	snprintf(d->path, sizeof(d->path), "/tmp/sidepod-test-XXXXXX");
	assert_non_null(mkdtemp(d->path));
	d->place = (struct sp_log_place){
		.pod_dir_fd = open(d->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC),
		.links_dir_fd = open(d->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC),
		.pod_path = d->path,
		.pod = "web",
		.ns = "prod",
		.uid = "u",
		.file_max = 1000,
	};
	assert_true(d->place.pod_dir_fd >= 0);
}

static void remove_log_dirs(struct log_dirs *d)
{
	close(d->place.pod_dir_fd);
	close(d->place.links_dir_fd);
	assert_int_equal(sys_remove_tree(AT_FDCWD, d->path), 0);
}

static bool exists(struct log_dirs *d, const char *name)
{
	return faccessat(d->place.pod_dir_fd, name, F_OK, 0) == 0;
}

/* LOG-3 */
static void test_log_rotation(void **state)
{
	struct log_dirs d;
	struct sp_log l;
	char link[512], target[512] = "", id[SP_CONTAINER_ID_LEN + 1];

	make_log_dirs(&d);
	sp_log_init(&l, &d.place, "app", 0);
	assert_false(exists(&d, "app"));
	sp_log_touch(&l);
	assert_true(exists(&d, "app/0.log"));
	sp_container_id("u", "app", 0, id);
	snprintf(link, sizeof(link), "web_prod_app-%s.log", id);
	assert_true(readlinkat(d.place.pod_dir_fd, link, target, sizeof(target) - 1) > 0);
	assert_memory_equal(target, d.path, strlen(d.path));

	/* 8 files of about 900 bytes in the same second: five are kept, with the newest content */
	for (int i = 0; i < 8; i++) {
		char line[860];

		memset(line, 'a' + i, sizeof(line));
		line[sizeof(line) - 1] = '\n';
		sp_log_add(&l, 0, WALL(0), line, sizeof(line));
		sp_log_flush(&l, WALL(0));
	}
	assert_true(exists(&d, "app/0.log"));
	assert_false(exists(&d, "app/0.log.20260102-030405"));
	assert_false(exists(&d, "app/0.log.20260102-030407"));
	assert_true(exists(&d, "app/0.log.20260102-030411"));
	assert_true(l.size_bytes < 1000);

	/* All but the newest of the four are to be compressed, the oldest first. */
	char name[SP_LOG_NAME_MAX], gz[SP_LOG_NAME_MAX + 4];

	for (int i = 8; i < 11; i++) {
		snprintf(gz, sizeof(gz), "0.log.20260102-0304%02d", i);
		assert_true(sp_log_compressible(&l, name));
		assert_string_equal(name, gz);
		snprintf(gz, sizeof(gz), "%s.gz", name);
		assert_int_equal(renameat(l.dir_fd, name, l.dir_fd, gz), 0);
	}
	assert_false(sp_log_compressible(&l, name));
	assert_false(l.rotated);

	struct sp_buf tail = {0};

	sp_log_tail(&l, &tail);
	assert_int_equal(tail.len, 860);
	assert_int_equal(tail.ptr[0], 'h');
	sp_buf_done(&tail);
	sp_log_done(&l);

	/* LOG-4: the third instance removes what the first one wrote */
	for (uint32_t attempt = 1; attempt <= 2; attempt++) {
		sp_log_init(&l, &d.place, "app", attempt);
		sp_log_add(&l, 1, WALL(0), "x\n", 2);
		sp_log_flush(&l, WALL(0));
		sp_log_done(&l);
	}
	assert_false(exists(&d, "app/0.log"));
	assert_false(exists(&d, "app/0.log.20260102-030411"));
	assert_false(exists(&d, link));
	assert_true(exists(&d, "app/1.log"));
	assert_true(exists(&d, "app/2.log"));
	remove_log_dirs(&d);
}

/* What cannot be written is dropped and counted; the log goes on when it can be again. */
static void test_log_full(void **state)
{
	struct rlimit old, small = {0};
	struct log_dirs d;
	struct sp_log l;

	make_log_dirs(&d);
	d.place.file_max = 1 << 20;
	sp_log_init(&l, &d.place, "app", 0);
	sp_log_touch(&l);
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	small = old;
	small.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	sp_log_add(&l, 0, WALL(0), "lost\n", 5);
	sp_log_flush(&l, WALL(0));
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_true(l.dropped_bytes > 0);
	assert_int_equal(l.errnum, EFBIG);
	sp_log_add(&l, 0, WALL(0), "kept\n", 5);
	sp_log_flush(&l, WALL(0));

	struct sp_buf tail = {0};

	sp_log_tail(&l, &tail);
	assert_string_equal(tail.ptr, "kept\n");
	sp_buf_done(&tail);
	sp_log_done(&l);
	remove_log_dirs(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_log_lines), cmocka_unit_test(test_log_long_lines),
		cmocka_unit_test(test_log_tail),  cmocka_unit_test(test_log_rotation),
		cmocka_unit_test(test_log_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
