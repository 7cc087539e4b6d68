/* SPDX-License-Identifier: Apache-2.0 */
/* Cron grammar: what is read, what is refused and in which words. */
#include "core/cron.h"

#include "cmocka_all.h"

/* CRON-2, CRON-4 */
static void test_sets(void **state)
{
	static const struct {
		const char *text;
		uint64_t minute, hour, dom, month, dow;
		bool dom_any, dow_any;
	} cases[] = {
		{"0 3 * * *", 1, 1 << 3, 0xfffffffe, 0x1ffe, 0x7f, true, true},
		{"5,10-12 0 1 jan SUN", 0x1c20, 1, 1 << 1, 1 << 1, 1, false, false},
		{"*/20 */12 ?/1 */6 mon-wed", 0x10000100001, 0x1001, 0xfffffffe, 0x82, 0x0e, true,
		 false},
		{"50/5 22-23 */2 12 6", (UINT64_C(1) << 50) | (UINT64_C(1) << 55), 0xc00000,
		 0xaaaaaaaa, 1 << 12, 1 << 6, false, false},
		{"  1\t1  1 1 *,1 ", 2, 2, 2, 2, 0x7f, false, true},
		{"@weekly", 1, 1, 0xfffffffe, 0x1ffe, 1, true, false},
		{"@yearly", 1, 1, 2, 2, 0x7f, false, true},
	};

	for (size_t i = 0; i < SP_ARRAY_LEN(cases); i++) {
		struct sp_cron c;
		struct sp_error err;

		if (sp_cron_parse(cases[i].text, &c, &err) < 0)
			fail_msg("%s: %s", cases[i].text, err.text);
		assert_true(c.every == 0);
		assert_true(c.minute == cases[i].minute);
		assert_true(c.hour == cases[i].hour);
		assert_true(c.dom == cases[i].dom);
		assert_true(c.month == cases[i].month);
		assert_true(c.dow == cases[i].dow);
		assert_int_equal(c.dom_any, cases[i].dom_any);
		assert_int_equal(c.dow_any, cases[i].dow_any);
	}
}

static void test_every(void **state)
{
	struct sp_cron c;
	struct sp_error err;

	assert_int_equal(sp_cron_parse("@every 1h30m", &c, &err), 0);
	assert_true(c.every == 5400 * SP_SEC);
	assert_int_equal(sp_cron_parse("@every 2900ms", &c, &err), 0);
	assert_true(c.every == 2 * SP_SEC);
	assert_int_equal(sp_cron_parse("@every 10ms", &c, &err), 0);
	assert_true(c.every == SP_SEC);
}

static void test_errors(void **state)
{
	static const struct {
		const char *text, *error;
	} cases[] = {
		{"", "empty spec string"},
		{"0 3 * *", "expected exactly 5 fields, found 4: [0 3 * *]"},
		{"0 0 3 * * *", "expected exactly 5 fields, found 6: [0 0 3 * * *]"},
		{"60 * * * *", "end of range (60) above maximum (59): 60"},
		{"* 24 * * *", "end of range (24) above maximum (23): 24"},
		{"* * 0 * *", "beginning of range (0) below minimum (1): 0"},
		{"* * * 13 *", "end of range (13) above maximum (12): 13"},
		{"* * * * 7", "end of range (7) above maximum (6): 7"},
		{"* 5-3 * * *", "beginning of range (5) beyond end of range (3): 5-3"},
		{"*/0 * * * *", "step of range should be a positive number: */0"},
		{"*/2/3 * * * *", "too many slashes: */2/3"},
		{"1-2-3 * * * *", "too many hyphens: 1-2-3"},
		{"* * * foo *", "failed to parse int from foo: strconv.Atoi: parsing \"foo\": "
				"invalid syntax"},
		{"a * * * *",
		 "failed to parse int from a: strconv.Atoi: parsing \"a\": invalid syntax"},
		{"@reboot", "unrecognized descriptor: @reboot"},
		{"@every soon", "failed to parse duration @every soon: time: invalid duration "
				"\"soon\""},
	};

	for (size_t i = 0; i < SP_ARRAY_LEN(cases); i++) {
		struct sp_cron c;
		struct sp_error err = {0};

		assert_int_equal(sp_cron_parse(cases[i].text, &c, &err), -1);
		assert_int_equal(err.code, SP_E_INVALID);
		assert_string_equal(err.text, cases[i].error);
	}
}

/* CRON-3 */
static void test_days(void **state)
{
	struct sp_cron c;

	/* Friday or the 13th: both are restricted, either suffices. */
	assert_int_equal(sp_cron_parse("0 0 13 * 5", &c, NULL), 0);
	assert_true(sp_cron_day_matches(&c, 1, 13, 0));
	assert_true(sp_cron_day_matches(&c, 1, 2, 5));
	assert_false(sp_cron_day_matches(&c, 1, 2, 4));
	/* Mondays only */
	assert_int_equal(sp_cron_parse("0 0 * * 1", &c, NULL), 0);
	assert_true(sp_cron_day_matches(&c, 1, 13, 1));
	assert_false(sp_cron_day_matches(&c, 1, 13, 0));
	/* every second day is a restriction */
	assert_int_equal(sp_cron_parse("0 0 */2 2 1", &c, NULL), 0);
	assert_true(sp_cron_day_matches(&c, 2, 3, 0));
	assert_true(sp_cron_day_matches(&c, 2, 2, 1));
	assert_false(sp_cron_day_matches(&c, 3, 3, 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sets),
		cmocka_unit_test(test_every),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_days),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
