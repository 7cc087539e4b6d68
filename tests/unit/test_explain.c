/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of explanations: complete, unique, and their references lead somewhere. */
#include "cmocka_all.h"

#include "explain/explain.h"
#include "explain/explain_internal.h"

#include <stdlib.h>

static void test_lookup(void **state)
{
	assert_string_equal(sp_explain_rule("term-12")->key, "TERM-12");
	assert_null(sp_explain_rule("TERM-1200"));
	assert_null(sp_explain_rule("TERM"));
	assert_string_equal(sp_explain_reason("crashloopbackoff")->key, "CrashLoopBackOff");
	assert_null(sp_explain_reason("TERM-12"));
	assert_string_equal(sp_explain_nearest("CrashLopBackOff"), "CrashLoopBackOff");
	assert_null(sp_explain_nearest("something entirely different"));
}

static void test_groups(void **state)
{
	static const struct {
		const char *name;
		size_t n;
	} groups[] = {{"TERM", 27}, {"kill", 9}, {"HOOK", 11}, {"INIT", 2}, {"NONE", 0}};
	const struct sp_explained *v[4];

	for (size_t i = 0; i < SP_ARRAY_LEN(groups); i++)
		assert_int_equal(sp_explain_group(groups[i].name, v, SP_ARRAY_LEN(v)), groups[i].n);
	sp_explain_group("TERM", v, SP_ARRAY_LEN(v));
	assert_string_equal(v[0]->key, "TERM-1");
	assert_string_equal(v[3]->key, "TERM-4");
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void test_unique(void **state)
{
	struct sp_buf b = {0};
	char *keys[600], *save = NULL;
	size_t n = 0;

	sp_explain_words(&b);
	for (char *line = strtok_r(b.ptr, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		assert_true(n < SP_ARRAY_LEN(keys));
		assert_non_null(strchr(line, '\t'));
		*strchr(line, '\t') = 0;
		keys[n++] = line;
	}
	assert_true(n > 390);
	qsort(keys, n, sizeof(*keys), compare);
	for (size_t i = 1; i < n; i++)
		assert_string_not_equal(keys[i - 1], keys[i]);
	sp_buf_done(&b);
}

/* Every rule that a reason refers to exists. */
static void test_references(void **state)
{
	size_t found = 0;

	for (const struct sp_explained *e = sp_reasons; e->key; e++)
		for (const char *p = e->text; (p = strpbrk(p, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"));) {
			size_t n = strspn(p, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
			size_t digits = p[n] == '-' ? strspn(p + n + 1, "0123456789") : 0;
			char id[24];

			if (n >= 2 && digits && n + 1 + digits < sizeof(id)) {
				memcpy(id, p, n + 1 + digits);
				id[n + 1 + digits] = 0;
				if (!sp_explain_rule(id))
					fail_msg("%s refers to %s", e->key, id);
				found++;
			}
			p += n;
		}
	assert_true(found > 40);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lookup),
		cmocka_unit_test(test_groups),
		cmocka_unit_test(test_unique),
		cmocka_unit_test(test_references),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
