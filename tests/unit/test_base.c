/* SPDX-License-Identifier: Apache-2.0 */
/* Texts, numbers, times, arenas and errors: tables of cases. */
#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/text.h"

#include "cmocka_all.h"

#include <errno.h>

static void test_numbers(void **state)
{
	static const struct {
		const char *s;
		int ret;
		int64_t v;
	} cases[] = {
		{"0", 0, 0},   {"-5", 0, -5},   {"+7", 0, 7},   {"", -1, 0},
		{"1x", -1, 0}, {"-", -1, 0},    {"101", -2, 0}, {"99999999999999999999", -2, 0},
		{" 1", -1, 0}, {"-101", -2, 0},
	};
	int64_t v;

	for (size_t i = 0; i < SP_ARRAY_LEN(cases); i++) {
		v = 0;
		assert_int_equal(sp_parse_i64(cases[i].s, -100, 100, &v), cases[i].ret);
		assert_int_equal(v, cases[i].v);
	}
	assert_int_equal(sp_parse_i64("-9223372036854775808", INT64_MIN, INT64_MAX, &v), 0);
	assert_true(v == INT64_MIN);
}

static void test_durations(void **state)
{
	static const struct {
		const char *s;
		sp_time t;
		const char *back;
	} cases[] = {
		{"10s", 10 * SP_SEC, "10s"},
		{"1m20s", 80 * SP_SEC, "1m20s"},
		{"5m", 300 * SP_SEC, "5m0s"},
		{"300ms", 300 * SP_MSEC, "300ms"},
		{"1.5s", 1500 * SP_MSEC, "1.5s"},
		{"1h", 3600 * SP_SEC, "1h0m0s"},
		{"0", 0, "0s"},
		{"-2s", -2 * SP_SEC, "-2s"},
		{"1h0m0.5s", 3600 * SP_SEC + 500 * SP_MSEC, "1h0m0.5s"},
		{"7us", 7 * SP_USEC, "7us"},
		{"3ns", 3, "3ns"},
	};
	static const char *const bad[] = {"", "5", "s", "1x", "1.s.", "9999999999h", ".s"};
	char mem[64];

	for (size_t i = 0; i < SP_ARRAY_LEN(cases); i++) {
		struct sp_buf b = sp_buf_fixed(mem, sizeof(mem));
		sp_time t = -1;

		assert_int_equal(sp_parse_go_duration(cases[i].s, &t), 0);
		assert_true(t == cases[i].t);
		sp_format_go_duration(&b, t);
		assert_string_equal(mem, cases[i].back);
	}
	for (size_t i = 0; i < SP_ARRAY_LEN(bad); i++) {
		sp_time t;

		assert_int_equal(sp_parse_go_duration(bad[i], &t), -1);
	}
}

/* COL-6 */
static void test_ages(void **state)
{
	static const struct {
		int64_t s;
		const char *text;
	} cases[] = {
		{45, "45s"},
		{119, "119s"},
		{192, "3m12s"},
		{600, "10m"},
		{5 * 3600 + 180, "5h3m"},
		{52 * 3600, "2d4h"},
		{9 * 86400, "9d"},
	};
	char mem[64];

	for (size_t i = 0; i < SP_ARRAY_LEN(cases); i++) {
		struct sp_buf b = sp_buf_fixed(mem, sizeof(mem));

		sp_format_age(&b, cases[i].s * SP_SEC);
		assert_string_equal(mem, cases[i].text);
	}
}

static void test_rfc3339(void **state)
{
	char mem[64];
	struct sp_buf b = sp_buf_fixed(mem, sizeof(mem));
	int64_t t = 0;

	assert_int_equal(sp_parse_rfc3339("2026-01-02T03:04:05.123456789Z", &t), 0);
	sp_format_rfc3339(&b, t, 9);
	assert_string_equal(mem, "2026-01-02T03:04:05.123456789Z");
	assert_int_equal(sp_parse_rfc3339("2024-02-29T23:59:59+01:30", &t), 0);
	b = sp_buf_fixed(mem, sizeof(mem));
	sp_format_rfc3339(&b, t, 0);
	assert_string_equal(mem, "2024-02-29T22:29:59Z");
	b = sp_buf_fixed(mem, sizeof(mem));
	sp_format_rfc3339(&b, -1, 9);
	assert_string_equal(mem, "1969-12-31T23:59:59.999999999Z");
	assert_int_equal(sp_parse_rfc3339("2026-13-02T03:04:05Z", &t), -1);
	assert_int_equal(sp_parse_rfc3339("2026-01-02T03:04:05", &t), -1);
}

static void test_escapes(void **state)
{
	char mem[128];
	struct sp_buf b = sp_buf_fixed(mem, sizeof(mem));

	sp_buf_json(&b, "a\"\\\n\x01\xff\xc3\xa9");
	assert_string_equal(mem, "\"a\\\"\\\\\\n\\u0001\xef\xbf\xbd\xc3\xa9\"");
	b = sp_buf_fixed(mem, sizeof(mem));
	sp_buf_quote(&b, "x\ty\x02\xff");
	assert_string_equal(mem, "\"x\\ty\\x02\\xff\"");
	assert_false(b.failed);
	b = sp_buf_fixed(mem, 4);
	sp_buf_puts(&b, "abcdef");
	assert_true(b.failed);
	assert_string_equal(mem, "abc");
}

/* What is too wide loses its middle: the ends tell names apart. */
static void test_cut_text(void **state)
{
	static const struct {
		const char *text;
		size_t cols;
		const char *want;
	} cases[] = {
		{"short", 5, "short"},
		{"container-01", 10, "contai~-01"},
		{"container-01", 1, "~"},
		{"container-01", 0, ""},
		{"container-01", 2, "c~"},
		{"\u4e2d\u4e2d\u4e2dabcd", 7, "\u4e2d\u4e2d~cd"},
		{"", 3, ""},
	};

	for (size_t i = 0; i < SP_ARRAY_LEN(cases); i++) {
		struct sp_buf b = {0};
		size_t n = sp_cut_text(&b, cases[i].text, cases[i].cols, "~");

		assert_string_equal(b.len ? b.ptr : "", cases[i].want);
		assert_int_equal(n, sp_utf8_columns(cases[i].want));
		assert_true(n <= cases[i].cols);
		sp_buf_done(&b);
	}
}

static void test_near_words(void **state)
{
	static const char *const words[] = {"containers", "initContainers", "volumes"};

	assert_string_equal(sp_nearest("contaners", words, 3, 2), "containers");
	assert_string_equal(sp_nearest("initcontainers", words, 3, 2), "initContainers");
	assert_null(sp_nearest("zzz", words, 3, 2));
	assert_int_equal(sp_edit_distance("ab", "ba", 2), 1);
	assert_int_equal(sp_utf8_columns("a\xc3\xa9\xe4\xb8\xad"), 4);
}

static void test_arena(void **state)
{
	struct sp_arena a = {.limit_bytes = 100000};
	char *p = sp_arena_printf(&a, "%d-%s", 7, "x");

	assert_string_equal(p, "7-x");
	assert_null(sp_arena_array(&a, SIZE_MAX / 2, 4));
	assert_null(sp_arena_alloc(&a, 200000));
	for (int i = 0; i < 100; i++) {
		unsigned char *q = sp_arena_alloc(&a, 900);

		assert_non_null(q);
		assert_int_equal((uintptr_t)q % 16, 0);
		assert_int_equal(q[0] | q[899], 0);
		memset(q, 0xff, 900);
	}
	assert_string_equal(p, "7-x");
	sp_arena_done(&a);
}

static void test_errors(void **state)
{
	struct sp_error e;
	char longer[600];

	assert_int_equal(sp_fail_errno(&e, ENOENT, "open '%s'", "/x"), -1);
	assert_int_equal(e.code, SP_E_NOT_FOUND);
	assert_int_equal(sp_wrap(&e, "container '%s'", "app"), -1);
	assert_string_equal(e.text, "container 'app': open '/x': No such file or directory");
	memset(longer, 'y', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	assert_int_equal(sp_fail(&e, SP_E_IO, "%s", longer), -1);
	assert_int_equal(strlen(e.text), sizeof(e.text) - 1);
	assert_string_equal(e.text + sizeof(e.text) - 4, "...");
	assert_int_equal(sp_wrap(&e, "%s", longer), -1);
	assert_string_equal(e.text + sizeof(e.text) - 4, "...");
	assert_int_equal(sp_fail(NULL, SP_E_IO, "nobody listens"), -1);
}

static void test_base64(void **state)
{
	static const char *const cases[][2] = {
		{"", ""},
		{"f", "Zg=="},
		{"fo", "Zm8="},
		{"foo", "Zm9v"},
		{"foob", "Zm9vYg=="},
		{"\xff\xfe?", "//4/"},
		{"fooba", "Zm9vYmE="},
	};
	static const char *const bad[] = {
		"Z", "Zg", "Zg=", "Zg===", "Z===", "Zm=v", "Zm9v!", "Z g="};
	char mem[64];
	size_t len;

	for (size_t i = 0; i < SP_ARRAY_LEN(cases); i++) {
		struct sp_buf b = {0};

		sp_base64_encode(cases[i][0], strlen(cases[i][0]), &b);
		assert_string_equal(b.ptr ? b.ptr : "", cases[i][1]);
		sp_buf_done(&b);
		assert_true(sp_base64_size(strlen(cases[i][1])) >= strlen(cases[i][0]));
		assert_int_equal(sp_base64_decode(cases[i][1], strlen(cases[i][1]), mem, &len), 0);
		assert_int_equal(len, strlen(cases[i][0]));
		assert_memory_equal(mem, cases[i][0], len);
	}
	assert_int_equal(sp_base64_decode("Zm\n9v\r\n", 7, mem, &len), 0);
	assert_int_equal(len, 3);
	for (size_t i = 0; i < SP_ARRAY_LEN(bad); i++)
		assert_int_equal(sp_base64_decode(bad[i], strlen(bad[i]), mem, &len), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cut_text), cmocka_unit_test(test_base64),
		cmocka_unit_test(test_numbers),  cmocka_unit_test(test_durations),
		cmocka_unit_test(test_ages),     cmocka_unit_test(test_rfc3339),
		cmocka_unit_test(test_escapes),  cmocka_unit_test(test_near_words),
		cmocka_unit_test(test_arena),    cmocka_unit_test(test_errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
