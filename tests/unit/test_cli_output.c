/* SPDX-License-Identifier: Apache-2.0 */
/* What commands print: tables, formats, jsonpath, progress in all modes, log lines. */
#include "base/text.h"
#include "cli/jsonpath.h"
#include "cli/launch.h"
#include "cli/podlogs.h"
#include "cli/pods.h"
#include "cli/progress.h"
#include "cli/table.h"

#include "cmocka_all.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- tables and formats ------------------------------------------------------------------------
 */

static void test_table(void **state)
{
	static const char *const headers[] = {"NAME", "READY", "AGE"};
	struct sp_arena a = {0};
	struct sp_buf b = {0};
	struct sp_table t;

	sp_table_init(&t, &a, headers, 3);
	sp_table_add(&t, "a-long-name");
	sp_table_addf(&t, "%d/%d", 1, 12);
	sp_table_add(&t, "");
	sp_table_add(&t, "\xc3\xa9"); /* two bytes, one column */
	sp_table_add(&t, "x");
	sp_table_add(&t, "4m");
	sp_table_print(&t, true, &b);
	assert_string_equal(b.ptr, "NAME         READY  AGE\n"
				   "a-long-name  1/12   -\n"
				   "\xc3\xa9            x      4m\n");
	sp_buf_clear(&b);
	sp_table_print(&t, false, &b);
	assert_string_equal(b.ptr, "a-long-name  1/12  -\n"
				   "\xc3\xa9            x     4m\n");
	sp_buf_done(&b);
	sp_arena_done(&a);
}

static const char doc[] =
	"{\"kind\":\"List\",\"items\":["
	"{\"metadata\":{\"name\":\"web\",\"labels\":{\"app.kubernetes.io/name\":\"w\"}},"
	"\"status\":{\"n\":3,\"ok\":true,\"list\":[10,20,30]}},"
	"{\"metadata\":{\"name\":\"db\"},\"status\":{\"n\":12,\"ok\":false,\"list\":[]}}]}";

static void test_jsonpath(void **state)
{
	static const struct {
		const char *template, *want;
	} cases[] = {
		{"{.kind}", "List"},
		{".kind", "List"},
		{"{.items[0].metadata.name}", "web"},
		{"{.items[-1].metadata.name}", "db"},
		{"{.items[*].metadata.name}", "web db"},
		{"{.items[*].status.ok}", "true false"},
		{"{.items[0].status.list[1:]}", "20 30"},
		{"{.items[0].status.list[:2]}", "10 20"},
		{"{.items[0].status.list[0:-1]}", "10 20"},
		{"{.items[0].metadata.labels}", "{\"app.kubernetes.io/name\":\"w\"}"},
		{"{.items[0].metadata.labels['app.kubernetes.io/name']}", "w"},
		{"{.items[0].metadata.labels.app\\.kubernetes\\.io/name}", "w"},
		{"{.items[?(@.metadata.name==\"db\")].status.n}", "12"},
		{"{.items[?(@.status.n > 5)].metadata.name}", "db"},
		{"{.items[?(@.status.n<=3)].metadata.name}", "web"},
		{"{.items[?(@.metadata.labels)].metadata.name}", "web"},
		{"{range .items[*]}{.metadata.name}={.status.n}{\"\\n\"}{end}done",
		 "web=3\ndb=12\ndone"},
		{"{range .items[*]}{$.kind} {end}", "List List "},
		{"{range .items[*]}{range .status.list[*]}<{@}>{end};{end}", "<10><20><30>;;"},
		{"a {\"}\"} b", "a } b"},
		{"{.nothing.here[0]}", ""},
		{"{.items[7].metadata}", ""},
		{"{$.kind}", "List"},
	};
	static const struct {
		const char *template, *text;
	} bad[] = {
		{"{.kind", "jsonpath: { without } at character 1"},
		{"{.items[}", "jsonpath: [ without ] at character 8"},
		{"{.items[x]}", "jsonpath: expected a number, * or a filter at character 9"},
		{"{end}", "jsonpath: {end} without {range} at character 2"},
		{"{range .items[*]}{.kind}", "jsonpath: {range} without {end} at character 2"},
		{"{.kind }}", NULL},
		{"{.a!}", "jsonpath: unexpected character at character 4"},
		{"{.items[?(name)]}", "jsonpath: a filter begins with @ at character 11"},
	};
	struct sp_arena a = {0};
	struct sp_node *root;
	struct sp_error err;

	assert_int_equal(sp_node_from_json(&a, doc, strlen(doc), &root, &err), 0);
	for (size_t i = 0; i < SP_ARRAY_LEN(cases); i++) {
		struct sp_buf b = {0};

		if (sp_jsonpath(cases[i].template, root, &b, &err) < 0)
			fail_msg("%s: %s", cases[i].template, err.text);
		assert_string_equal(b.len ? b.ptr : "", cases[i].want);
		sp_buf_done(&b);
	}
	for (size_t i = 0; i < SP_ARRAY_LEN(bad); i++) {
		struct sp_buf b = {0};
		int r = sp_jsonpath(bad[i].template, root, &b, &err);

		if (bad[i].text) {
			assert_int_equal(r, -1);
			assert_string_equal(err.text, bad[i].text);
		} else {
			assert_int_equal(r, 0);
			assert_string_equal(b.ptr, "List}");
		}
		sp_buf_done(&b);
	}
	sp_arena_done(&a);
}

static void test_labels(void **state)
{
	static const char json[] = "{\"app\":\"web\",\"tier\":\"front\"}";
	static const struct {
		const char *selector;
		int want;
	} cases[] = {{"app=web", 1},
		     {"app==web", 1},
		     {"app=db", 0},
		     {"app!=db", 1},
		     {"app!=web", 0},
		     {"app=web,tier=front", 1},
		     {"app=web,tier=back", 0},
		     {"app", 1},
		     {"nothing", 0},
		     {"!nothing", 1},
		     {"!app", 0},
		     {"nothing!=x", 1},
		     {",", -1}};
	struct sp_arena a = {0};
	struct sp_node *labels;
	struct sp_error err;

	assert_int_equal(sp_node_from_json(&a, json, strlen(json), &labels, &err), 0);
	for (size_t i = 0; i < SP_ARRAY_LEN(cases); i++)
		if (sp_labels_match(cases[i].selector, labels, &err) != cases[i].want)
			fail_msg("%s: not %d", cases[i].selector, cases[i].want);
	sp_arena_done(&a);
}

static void test_publish(void **state)
{
	static const char *const bad[] = {"80",       "80:",     ":80",        "0:80",
					  "80:70000", "x:80:80", "80:80/sctp", "1.2.3:1:1"};
	struct sp_net_port p;
	struct sp_error err;

	assert_int_equal(sp_publish_parse("8080:80", &p, &err), 0);
	assert_int_equal(p.host_port, 8080);
	assert_int_equal(p.ctr_port, 80);
	assert_false(p.udp);
	assert_int_equal(p.host_ip.s_addr, 0);
	assert_int_equal(sp_publish_parse("127.0.0.1:53:5353/udp", &p, &err), 0);
	assert_true(p.udp);
	assert_int_equal(ntohl(p.host_ip.s_addr), 0x7f000001);
	assert_int_equal(p.ctr_port, 5353);
	for (size_t i = 0; i < SP_ARRAY_LEN(bad); i++)
		if (sp_publish_parse(bad[i], &p, &err) == 0)
			fail_msg("'%s' was accepted", bad[i]);
}

/* ---- progress ----------------------------------------------------------------------------------
 */

static const struct sp_look utf8 = {.columns = 80, .rows = 24};
static const struct sp_look ascii = {.columns = 80, .rows = 24, .ascii = true};
static const struct sp_look colored = {.columns = 80, .rows = 24, .color = true};

/* Facts up to and with the one at @until_ns. */
static void load_until(const char *name, sp_time until_ns, struct sp_run *r)
{
	char path[256], line[4096];
	struct sp_record_line l;
	struct sp_error err;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s.jsonl", GOLDEN_DIR, name);
	f = fopen(path, "re");
	assert_non_null(f);
	sp_run_init(r);
	while (fgets(line, sizeof(line), f)) {
		struct sp_arena a = {0};
		bool late;

		assert_int_equal(sp_record_parse_line(&a, line, strlen(line), &l, &err), 0);
		late = !l.is_header && l.fact.t_ns > until_ns;
		sp_arena_done(&a);
		if (late)
			break;
		assert_int_equal(sp_run_add(r, line, strlen(line), NULL, &err), 0);
	}
	fclose(f);
}

/* Against tests/golden/progress/<golden>.txt; SP_UPDATE_GOLDEN=1 rewrites. */
static void check_block(const char *name, sp_time at, const struct sp_look *look,
			const char *golden)
{
	struct sp_buf b = {0}, want = {0};
	char path[256], line[1024];
	struct sp_run r;
	int lines;
	FILE *f;

	load_until(name, at, &r);
	lines = sp_progress_block(&r, at, look, 2, 20, &b);
	snprintf(path, sizeof(path), "%s/../progress/%s.txt", GOLDEN_DIR, golden);
	f = fopen(path, getenv("SP_UPDATE_GOLDEN") ? "we" : "re");
	assert_non_null(f);
	if (getenv("SP_UPDATE_GOLDEN")) {
		fputs(b.ptr, f);
	} else {
		while (fgets(line, sizeof(line), f))
			sp_buf_puts(&want, line);
		assert_string_equal(b.ptr, want.ptr);
	}
	fclose(f);
	for (size_t i = 0; i < b.len; i++)
		lines -= b.ptr[i] == '\n';
	assert_int_equal(lines, 0);
	sp_buf_done(&b);
	sp_buf_done(&want);
	sp_run_done(&r);
}

static void test_block(void **state)
{
	check_block("order", 100 * SP_MSEC, &utf8, "starting");
	check_block("order", 1500 * SP_MSEC, &utf8, "half-way");
	check_block("order", 1500 * SP_MSEC, &colored, "colour");
	check_block("order", 3700 * SP_MSEC, &ascii, "stopping-ascii");
	check_block("killed", 25 * SP_SEC, &utf8, "killed");
	check_block("crashloop", 4 * SP_SEC, &utf8, "crash-loop");
	check_block("pending", 12 * SP_SEC, &ascii, "pending-ascii");
}

/* What does not fit is folded; what is at work is shown first. */
static void test_folding(void **state)
{
	struct sp_run r;
	struct sp_buf b = {0};

	load_until("thirty", 3900 * SP_MSEC, &r);
	assert_int_equal(sp_progress_block(&r, 3900 * SP_MSEC, &utf8, 0, 8, &b), 8);
	assert_non_null(strstr(b.ptr, "sidecar-01"));
	assert_non_null(strstr(b.ptr, " … 24 more\n"));
	sp_buf_clear(&b);
	assert_int_equal(sp_progress_block(&r, 4 * SP_SEC, &ascii, 0, 31, &b), 31);
	assert_null(strstr(b.ptr, "more"));
	sp_buf_done(&b);
	sp_run_done(&r);
}

static void test_block_width(void **state)
{
	for (int columns = 60; columns <= 120; columns += 7) {
		struct sp_look look = {.columns = columns, .rows = 24};
		struct sp_run r;
		struct sp_buf b = {0};

		load_until("pending", 12 * SP_SEC, &r);
		sp_progress_block(&r, 12 * SP_SEC, &look, 0, 20, &b);
		for (char *save = NULL, *line = strtok_r(b.ptr, "\n", &save); line;
		     line = strtok_r(NULL, "\n", &save))
			if (sp_utf8_columns(line) >= (size_t)columns)
				fail_msg("%d columns: %s", columns, line);
		sp_buf_done(&b);
		sp_run_done(&r);
	}
}

static void fact_lines(const char *name, bool json, struct sp_buf *out)
{
	char path[256], line[4096];
	struct sp_record_line l;
	struct sp_error err;
	struct sp_run r;
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s.jsonl", GOLDEN_DIR, name);
	f = fopen(path, "re");
	assert_non_null(f);
	sp_run_init(&r);
	while (fgets(line, sizeof(line), f)) {
		assert_int_equal(sp_run_add(&r, line, strlen(line), &l, &err), 0);
		if (l.is_header)
			continue;
		if (json)
			sp_progress_json(&r, &l.fact, out);
		else
			(void)sp_progress_plain(&r, &l.fact, &utf8, out);
	}
	fclose(f);
	sp_run_done(&r);
}

static void test_plain_and_json(void **state)
{
	struct sp_buf b = {0};
	struct sp_arena a = {0};
	uint32_t n = 0;

	fact_lines("killed", false, &b);
	assert_non_null(strstr(b.ptr, "    0.010  stubborn  log-shipper  start\n"));
	assert_non_null(strstr(b.ptr, "   24.010  stubborn  proxy  exit  code 137  Error\n"));
	assert_non_null(strstr(b.ptr, "   14.000  stubborn  pod.terminating  DELETE\n"));
	assert_null(strstr(b.ptr, "probe."));
	assert_null(strstr(b.ptr, "\033"));
	sp_buf_clear(&b);
	fact_lines("killed", true, &b);
	for (char *save = NULL, *line = strtok_r(b.ptr, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		struct sp_node *o;
		struct sp_error err;

		assert_int_equal(sp_node_from_json(&a, line, strlen(line), &o, &err), 0);
		assert_string_equal(sp_node_str(sp_node_get(o, "pod"), ""), "stubborn");
		assert_non_null(sp_node_get(o, "event"));
		assert_non_null(sp_node_get(o, "ms"));
		n++;
	}
	assert_int_equal(n, 28);
	sp_arena_done(&a);
	sp_buf_done(&b);
}

/* ---- logs --------------------------------------------------------------------------------------
 */

static void test_log_lines(void **state)
{
	struct sp_log_line l;
	struct sp_buf b = {0};
	bool partial;

	assert_true(
		sp_log_parse(SP_STR("2026-01-02T03:04:05.5Z stderr F hello  there"), &l, &partial));
	assert_false(partial);
	assert_true(l.is_stderr);
	sp_log_print("app", 5, &l, false, true, &utf8, &b);
	assert_string_equal(b.ptr, "app   ! hello  there\n");
	sp_buf_clear(&b);
	sp_log_print("app", 5, &l, true, true, &utf8, &b);
	assert_string_equal(b.ptr, "app   ! 2026-01-02T03:04:05.5Z hello  there\n");
	sp_buf_clear(&b);
	sp_log_print("a-longer-name", 5, &l, false, true, &utf8, &b);
	assert_string_equal(b.ptr, "a-lon ! hello  there\n");
	sp_buf_clear(&b);
	sp_log_print("app", 0, &l, false, true, &utf8, &b);
	assert_string_equal(b.ptr, "hello  there\n");
	sp_buf_clear(&b);

	/* what could disturb a terminal is replaced, colours pass where there is colour */
	assert_true(sp_log_parse(
		SP_STR("2026-01-02T03:04:05Z stdout P \033[31mred\033[0m\033[2J\r\x07"), &l,
		&partial));
	assert_true(partial);
	sp_log_print("x", 0, &l, false, true, &utf8, &b);
	assert_string_equal(b.ptr, "red?[2J?\n");
	sp_buf_clear(&b);
	sp_log_print("x", 0, &l, false, true, &colored, &b);
	assert_string_equal(b.ptr, "\033[31mred\033[0m?[2J?\n");
	sp_buf_clear(&b);
	sp_log_print("x", 0, &l, false, false, &utf8, &b); /* into a pipe: as written */
	assert_string_equal(b.ptr, "\033[31mred\033[0m\033[2J\r\x07\n");
	sp_buf_done(&b);

	assert_true(sp_log_parse(SP_STR("2026-01-02T03:04:05Z stdout F "), &l, &partial));
	assert_int_equal(l.text.len, 0);
	assert_false(sp_log_parse(SP_STR("2026-01-02T03:04:05Z stdout"), &l, &partial));
	assert_false(sp_log_parse(SP_STR("yesterday stdout F x"), &l, &partial));
	assert_false(sp_log_parse(SP_STR(""), &l, &partial));
}

static void collect(void *arg, const struct sp_log_line *l)
{
	struct sp_buf *b = arg;

	sp_buf_printf(b, "%u:", l->ctr);
	sp_buf_add(b, l->text.ptr, l->text.len);
	sp_buf_putc(b, '\n');
}

static void append(const char *dir, const char *file, const char *text)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	f = fopen(path, "ae");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

/* Two containers are merged by time; pieces are joined; rotation and restarts are followed. */
static void test_following_logs(void **state)
{
	char dir[] = "/tmp/sidepod-logs-XXXXXX", path[128], moved[128];
	struct sp_podlogs l;
	struct sp_buf b = {0};
	struct sp_error err;

	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/a", dir);
	mkdir(path, 0755);
	snprintf(path, sizeof(path), "%s/b", dir);
	mkdir(path, 0755);
	append(dir, "a/0.log",
	       "2026-01-01T00:00:01Z stdout F one\n2026-01-01T00:00:03Z stdout F three\n");
	append(dir, "b/0.log",
	       "2026-01-01T00:00:02Z stdout P tw\n2026-01-01T00:00:02Z stdout F o\n");
	assert_int_equal(sp_podlogs_newest(dir, "a"), 0);
	assert_int_equal(sp_podlogs_newest(dir, "c"), -1);
	assert_int_equal(sp_podlogs_init(&l, dir, true, &err), 0);
	assert_int_equal(sp_podlogs_add(&l, "a", 0, &err), 0);
	assert_int_equal(sp_podlogs_add(&l, "b", 0, &err), 0);
	assert_int_equal(sp_podlogs_read(&l, false, collect, &b, &err), 0);
	assert_string_equal(b.ptr, "0:one\n1:two\n0:three\n");
	sp_buf_clear(&b);
	append(dir, "a/0.log", "2026-01-01T00:00:04Z stdout F half");
	assert_int_equal(sp_podlogs_read(&l, false, collect, &b, &err), 0);
	assert_int_equal(b.len, 0); /* the line is not complete */
	append(dir, "a/0.log", " and whole\n");
	/* rotated, and restarted */
	snprintf(path, sizeof(path), "%s/a/0.log", dir);
	snprintf(moved, sizeof(moved), "%s/a/0.log.20260101-000005", dir);
	assert_int_equal(rename(path, moved), 0);
	append(dir, "a/0.log", "2026-01-01T00:00:06Z stdout F new file\n");
	append(dir, "a/1.log", "2026-01-01T00:00:07Z stdout F new instance\n");
	assert_int_equal(sp_podlogs_read(&l, false, collect, &b, &err), 0);
	assert_string_equal(b.ptr, "0:half and whole\n0:new file\n0:new instance\n");
	assert_int_equal(sp_podlogs_newest(dir, "a"), 1);
	sp_podlogs_done(&l);
	sp_buf_done(&b);
	unlink(moved);
	for (const char *const *f = (const char *const[]){"a/0.log", "a/1.log", "b/0.log", NULL};
	     *f; f++) {
		snprintf(path, sizeof(path), "%s/%s", dir, *f);
		unlink(path);
	}
	snprintf(path, sizeof(path), "%s/a", dir);
	rmdir(path);
	snprintf(path, sizeof(path), "%s/b", dir);
	rmdir(path);
	assert_int_equal(rmdir(dir), 0);
}

/* Between two reads a file may be rotated more than once, and the oldest be removed; instances may
 * pass. Nothing that is there is skipped, nothing comes twice. */
static void test_rotations_between_reads(void **state)
{
	static const char *const files[] = {
		"0.log", "0.log.20260101-000001", "0.log.20260101-000002", "0.log.20260101-000003",
		"3.log", "3.log.20260101-000004"};
	char dir[] = "/tmp/sidepod-rotate-XXXXXX", path[128], moved[128];
	struct sp_podlogs l;
	struct sp_buf b = {0};
	struct sp_error err;

	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/a", dir);
	mkdir(path, 0755);
#define ROTATE(attempt, stamp)                                                                     \
	do {                                                                                       \
		snprintf(path, sizeof(path), "%s/a/" #attempt ".log", dir);                        \
		snprintf(moved, sizeof(moved), "%s/a/" #attempt ".log.20260101-00000" #stamp,      \
			 dir);                                                                     \
		assert_int_equal(rename(path, moved), 0);                                          \
	} while (0)
#define WRITE(attempt, text)                                                                       \
	append(dir, "a/" #attempt ".log", "2026-01-01T00:00:00Z stdout F " text "\n")
#define EXPECT(text)                                                                               \
	do {                                                                                       \
		sp_buf_clear(&b);                                                                  \
		sp_buf_puts(&b, "");                                                               \
		assert_int_equal(sp_podlogs_read(&l, false, collect, &b, &err), 0);                \
		assert_string_equal(b.len ? b.ptr : "", text);                                     \
	} while (0)

	assert_int_equal(sp_podlogs_init(&l, dir, true, &err), 0);
	assert_int_equal(sp_podlogs_add(&l, "a", 0, &err), 0);
	EXPECT(""); /* there is no file yet */

	/* the first file was full before it was ever read */
	WRITE(0, "one");
	ROTATE(0, 1);
	WRITE(0, "two");
	EXPECT("0:one\n0:two\n");

	/* twice between two reads; the newest not yet there again */
	WRITE(0, "three");
	ROTATE(0, 2);
	WRITE(0, "four");
	ROTATE(0, 3);
	EXPECT("0:three\n0:four\n");
	EXPECT("");
	WRITE(0, "five");
	EXPECT("0:five\n");

	/* all rotated files of before are gone, and so is the one that is open */
	for (int i = 1; i <= 3; i++) {
		snprintf(moved, sizeof(moved), "%s/a/%s", dir, files[i]);
		assert_int_equal(unlink(moved), 0);
	}
	WRITE(0, "six");
	snprintf(path, sizeof(path), "%s/a/0.log", dir);
	assert_int_equal(unlink(path), 0);
	/* the next instances were short: of 1 and 2 nothing is kept, 3 rotated */
	WRITE(3, "seven");
	ROTATE(3, 4);
	WRITE(3, "eight");
	EXPECT("0:six\n0:seven\n0:eight\n");
	EXPECT("");

	sp_podlogs_done(&l);
	sp_buf_done(&b);
	for (size_t i = 0; i < SP_ARRAY_LEN(files); i++) {
		snprintf(path, sizeof(path), "%s/a/%s", dir, files[i]);
		(void)unlink(path); /* some are gone */
	}
	snprintf(path, sizeof(path), "%s/a", dir);
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(rmdir(dir), 0);
#undef ROTATE
#undef WRITE
#undef EXPECT
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_jsonpath),
		cmocka_unit_test(test_labels),
		cmocka_unit_test(test_publish),
		cmocka_unit_test(test_block),
		cmocka_unit_test(test_folding),
		cmocka_unit_test(test_block_width),
		cmocka_unit_test(test_plain_and_json),
		cmocka_unit_test(test_log_lines),
		cmocka_unit_test(test_following_logs),
		cmocka_unit_test(test_rotations_between_reads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
