/* SPDX-License-Identifier: Apache-2.0 */
/* Quantities: reading, rounding (RES-4), comparing, the canonical form. */
#include "spec/quantity.h"

#include "cmocka_all.h"

static void test_parse(void **state)
{
	static const struct {
		const char *s;
		int64_t milli, units;
	} cases[] = {
		{"0", 0, 0},
		{"250m", 250, 1},
		{"1", 1000, 1},
		{"1.5", 1500, 2},
		{".5", 500, 1},
		{"5.", 5000, 5},
		{"+2", 2000, 2},
		{"-1", -1000, -1},
		{"-1500m", -1500, -1},
		{"64Mi", 67108864000, 67108864},
		{"1Ki", 1024000, 1024},
		{"1k", 1000000, 1000},
		{"1e3", 1000000, 1000},
		{"1E3", 1000000, 1000},
		{"1e-3", 1, 1},
		{"12E", INT64_MAX, INT64_MAX},
		{"1E", INT64_MAX, 1000000000000000000},
		{"0.1Gi", 107374182400, 107374183},
		{"1n", 1, 1},
		{"0.0000000001", 1, 1},
		{"1u", 1, 1},
		{"0.3", 300, 1},
		{"1e100000", INT64_MAX, INT64_MAX},
		{"1e-100000", 1, 1},
		{"0e99", 0, 0},
		{"00012", 12000, 12},
		{"1000000000000000000000000e-20", 10000000, 10000},
		{"0.00000000000000000000000000000001Ei", 1, 1},
	};
	static const char *const bad[] = {"",     " 1",  "1 ",  "m",   ".",     "1KiB",
					  "1mi",  "1e",  "1e+", "--1", "1.2.3", "0x10",
					  "1Kii", "1,5", "Mi",  "1K"};
	struct sp_quantity q;

	for (size_t i = 0; i < SP_ARRAY_LEN(cases); i++) {
		assert_int_equal(sp_quantity_parse(cases[i].s, &q), 0);
		if (sp_quantity_milli(&q) != cases[i].milli ||
		    sp_quantity_ceil(&q) != cases[i].units)
			print_message("%s\n", cases[i].s);
		assert_true(sp_quantity_milli(&q) == cases[i].milli);
		assert_true(sp_quantity_ceil(&q) == cases[i].units);
		assert_string_equal(q.text, cases[i].s);
	}
	for (size_t i = 0; i < SP_ARRAY_LEN(bad); i++)
		assert_int_equal(sp_quantity_parse(bad[i], &q), -1);
}

static void test_compare(void **state)
{
	struct sp_quantity a, b;

	assert_int_equal(sp_quantity_parse("1Gi", &a), 0);
	assert_int_equal(sp_quantity_parse("1024Mi", &b), 0);
	assert_int_equal(sp_quantity_cmp(&a, &b), 0);
	assert_int_equal(sp_quantity_parse("1G", &b), 0);
	assert_int_equal(sp_quantity_cmp(&a, &b), 1);
	assert_int_equal(sp_quantity_cmp(&b, &a), -1);
}

static void test_print(void **state)
{
	static const struct {
		const char *s;
		bool binary;
		const char *text;
	} cases[] = {
		{"1.5", false, "1500m"},      {"2000m", false, "2"},      {"65536Ki", true, "64Mi"},
		{"1024Mi", true, "1Gi"},      {"1536Mi", true, "1536Mi"}, {"100", true, "100"},
		{"1000000", true, "1000000"}, {"0", true, "0"},           {"0", false, "0"},
		{"-250m", false, "-250m"},    {"1e9", false, "1G"},       {"0.0001", false, "100u"},
		{"1.5", true, "1500m"},       {"1e6", false, "1M"},
	};
	char mem[64];

	for (size_t i = 0; i < SP_ARRAY_LEN(cases); i++) {
		struct sp_buf b = sp_buf_fixed(mem, sizeof(mem));
		struct sp_quantity q;

		assert_int_equal(sp_quantity_parse(cases[i].s, &q), 0);
		sp_quantity_print(q.nano, cases[i].binary, &b);
		assert_string_equal(mem, cases[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_compare),
		cmocka_unit_test(test_print),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
