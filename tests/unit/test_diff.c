/* SPDX-License-Identifier: Apache-2.0 */
/* Unified diffs: known ones by text, random ones by applying them again. */
#include "base/diff.h"
#include "base/text.h"

#include "cmocka_all.h"

#include <stdlib.h>

static void check(const char *before, const char *after, const char *want)
{
	struct sp_buf b = {0};

	sp_text_diff("f", before, strlen(before), after, strlen(after), false, &b);
	assert_false(b.failed);
	assert_string_equal(b.ptr ? b.ptr : "", want);
	sp_buf_done(&b);
}

static void test_texts(void **state)
{
	check("a\nb\n", "a\nb\n", "");
	check("", "", "");
	check("", "a\n", "--- a/f\n+++ b/f\n@@ -0,0 +1 @@\n+a\n");
	check("a\n", "", "--- a/f\n+++ b/f\n@@ -1 +0,0 @@\n-a\n");
	check("a\nb\nc\n", "a\nx\nc\n", "--- a/f\n+++ b/f\n@@ -1,3 +1,3 @@\n a\n-b\n+x\n c\n");
	check("a", "a\n", "--- a/f\n+++ b/f\n@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+a\n");
	check("a\r\nb\r\n", "a\r\nc\r\n", "--- a/f\n+++ b/f\n@@ -1,2 +1,2 @@\n a\r\n-b\r\n+c\r\n");
	/* six quiet lines join two changes, seven part them */
	check("x\n1\n2\n3\n4\n5\n6\ny\n", "X\n1\n2\n3\n4\n5\n6\nY\n",
	      "--- a/f\n+++ b/f\n@@ -1,8 +1,8 @@\n-x\n+X\n 1\n 2\n 3\n 4\n 5\n 6\n-y\n+Y\n");
	check("x\n1\n2\n3\n4\n5\n6\n7\ny\n", "X\n1\n2\n3\n4\n5\n6\n7\nY\n",
	      "--- a/f\n+++ b/f\n@@ -1,4 +1,4 @@\n-x\n+X\n 1\n 2\n 3\n@@ -6,4 +6,4 @@\n 5\n 6\n "
	      "7\n-y\n+Y\n");
}

static void test_color(void **state)
{
	struct sp_buf b = {0};

	sp_text_diff("/x", "a\n", 2, "b\n", 2, true, &b);
	assert_string_equal(b.ptr, "\x1b[1m--- /x\x1b[0m\n\x1b[1m+++ /x\x1b[0m\n"
				   "\x1b[36m@@ -1 +1 @@\x1b[0m\n"
				   "\x1b[31m-a\x1b[0m\n\x1b[32m+b\x1b[0m\n");
	sp_buf_done(&b);
}

/* Apply a diff of texts whose lines all end, by its own numbers. */
static void apply(const char *before, const char *diff, struct sp_buf *out)
{
	const char *at = before;
	long line = 1;

	diff = strchr(strchr(diff, '\n') + 1, '\n') + 1;
	while (*diff) {
		char *end;
		long from = strtol(diff + 4, &end, 10), n = 1;

		assert_memory_equal(diff, "@@ -", 4);
		if (*end == ',')
			n = strtol(end + 1, &end, 10);
		if (n == 0)
			from++;
		for (; line < from; line++) {
			const char *nl = strchr(at, '\n') + 1;

			sp_buf_add(out, at, (size_t)(nl - at));
			at = nl;
		}
		diff = strchr(diff, '\n') + 1;
		while (*diff && *diff != '@') {
			const char *nl = strchr(diff, '\n') + 1;
			size_t len = (size_t)(nl - diff) - 1;

			if (*diff != '+') {
				assert_memory_equal(at, diff + 1, len);
				at += len;
				line++;
			}
			if (*diff != '-')
				sp_buf_add(out, diff + 1, len);
			diff = nl;
		}
	}
	sp_buf_puts(out, at);
}

static uint32_t chance(uint32_t *seed, uint32_t n)
{
	*seed = *seed * 1664525u + 1013904223u;
	return (*seed >> 8) % n;
}

static void test_random(void **state)
{
	uint32_t seed = 7;

	for (int round = 0; round < 2000; round++) {
		struct sp_buf a = {0}, b = {0}, diff = {0}, again = {0};
		uint32_t n = chance(&seed, 30), letters = 1 + chance(&seed, 5);
		size_t changed = 0;

		sp_buf_puts(&a, "");
		sp_buf_puts(&b, "");
		for (uint32_t i = 0; i < n; i++) {
			char c = (char)('a' + chance(&seed, letters));
			uint32_t what = chance(&seed, 4);

			if (what != 0)
				sp_buf_printf(&a, "%c\n", c);
			if (what != 1)
				sp_buf_printf(&b, "%c\n", c);
			changed += what < 2;
		}
		sp_text_diff("f", a.ptr, a.len, b.ptr, b.len, false, &diff);
		if (diff.ptr) {
			size_t marks = 0;

			apply(a.ptr, diff.ptr, &again);
			for (const char *p = strstr(diff.ptr, "@@"); *p; p = strchr(p, '\n') + 1)
				marks += *p == '-' || *p == '+';
			assert_true(marks <= changed); /* the shortest script */
		} else {
			sp_buf_puts(&again, a.ptr);
		}
		assert_string_equal(again.ptr ? again.ptr : "", b.ptr);
		sp_buf_done(&a);
		sp_buf_done(&b);
		sp_buf_done(&diff);
		sp_buf_done(&again);
	}
}

static void test_much(void **state)
{
	struct sp_buf a = {0}, b = {0}, diff = {0}, again = {0};

	for (int i = 0; i < 3000; i++) {
		sp_buf_printf(&a, "a%d\n", i);
		sp_buf_printf(&b, "b%d\n", i);
	}
	sp_text_diff("f", a.ptr, a.len, b.ptr, b.len, false, &diff);
	apply(a.ptr, diff.ptr, &again);
	assert_string_equal(again.ptr, b.ptr);
	sp_buf_done(&a);
	sp_buf_done(&b);
	sp_buf_done(&diff);
	sp_buf_done(&again);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_color),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_much),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
