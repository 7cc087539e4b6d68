/* SPDX-License-Identifier: Apache-2.0 */
/* The name rules: tables of good and bad texts, and the exact messages where others quote them. */
#include "spec/names.h"

#include "cmocka_all.h"

typedef void check_fn(const char *, struct sp_name_msgs *);

static void relaxed_env(const char *s, struct sp_name_msgs *m)
{
	sp_name_env(s, true, m);
}

static void strict_env(const char *s, struct sp_name_msgs *m)
{
	sp_name_env(s, false, m);
}

#define A63  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define A255 A63 "." A63 "." A63 "." A63

/* How many messages each text earns; 0 is a good name. */
static const struct {
	check_fn *check;
	const char *text;
	uint32_t n;
} cases[] = {
	{sp_name_label, "a", 0},
	{sp_name_label, "0", 0},
	{sp_name_label, "my-name-1", 0},
	{sp_name_label, A63, 0},
	{sp_name_label, A63 "a", 1},
	{sp_name_label, A63 "A", 2},
	{sp_name_label, "", 1},
	{sp_name_label, "-a", 1},
	{sp_name_label, "a-", 1},
	{sp_name_label, "A", 1},
	{sp_name_label, "a.b", 1},
	{sp_name_label, "a_b", 1},
	{sp_name_label, "caf\xc3\xa9", 1},

	{sp_name_subdomain, "a", 0},
	{sp_name_subdomain, "a.b-c.d", 0},
	{sp_name_subdomain, A63 "a", 0},
	{sp_name_subdomain, A63 "." A63 "." A63 ".aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	 0},
	{sp_name_subdomain, A255, 1},
	{sp_name_subdomain, "", 1},
	{sp_name_subdomain, "a..b", 1},
	{sp_name_subdomain, ".a", 1},
	{sp_name_subdomain, "a.", 1},
	{sp_name_subdomain, "a.-b", 1},

	{sp_name_port, "http", 0},
	{sp_name_port, "8080-tcp", 0},
	{sp_name_port, "abcdefghijklmno", 0},
	{sp_name_port, "abcdefghijklmnop", 1},
	{sp_name_port, "8080", 1},
	{sp_name_port, "-80-", 2},
	{sp_name_port, "a--b", 1},
	{sp_name_port, "HTTP", 2},
	{sp_name_port, "http_web", 1},
	{sp_name_port, "", 2},

	{relaxed_env, "PATH", 0},
	{relaxed_env, "1 x!", 0},
	{relaxed_env, "..", 0},
	{relaxed_env, "A=B", 1},
	{relaxed_env, "", 1},
	{relaxed_env, "caf\xc3\xa9", 1},
	{relaxed_env, "a\tb", 1},
	{strict_env, "PATH", 0},
	{strict_env, "my.env-name_1", 0},
	{strict_env, "1A", 1},
	{strict_env, "A B", 1},
	{strict_env, "..", 1},
	{strict_env, "..a", 1},
	{strict_env, ".", 1},
	{strict_env, ".a", 0},

	{sp_name_config_key, "app.conf", 0},
	{sp_name_config_key, ".hidden", 0},
	{sp_name_config_key, "a/b", 1},
	{sp_name_config_key, "", 1},
	{sp_name_config_key, ".", 1},
	{sp_name_config_key, "..data", 1},
	{sp_name_config_key, A63 "." A63 "." A63, 0},
	{sp_name_config_key, A255, 1},

	{sp_name_header, "X-Api-Key", 0},
	{sp_name_header, "X_Api", 1},
	{sp_name_header, "", 1},

	{sp_name_qualified, "app", 0},
	{sp_name_qualified, "app.kubernetes.io/name", 0},
	{sp_name_qualified, "My_Name.x-1", 0},
	{sp_name_qualified, "a/b/c", 1},
	{sp_name_qualified, "/b", 1},
	{sp_name_qualified, "a/", 2},
	{sp_name_qualified, "A.com/b", 1},
	{sp_name_qualified, "-b", 1},
	{sp_name_qualified, A63 "a", 1},

	{sp_name_label_value, "", 0},
	{sp_name_label_value, "v1.2_3-x", 0},
	{sp_name_label_value, "a b", 1},
	{sp_name_label_value, "x-", 1},
	{sp_name_label_value, A63 "a", 1},

	{sp_name_sysctl, "net.core.somaxconn", 0},
	{sp_name_sysctl, "net/ipv4/ip_local_port_range", 0},
	{sp_name_sysctl, "net..core", 1},
	{sp_name_sysctl, "Net.core", 1},

	{sp_name_ip, "10.0.0.1", 0},
	{sp_name_ip, "2001:db8::1", 0},
	{sp_name_ip, "::", 0},
	{sp_name_ip, "10.0.0", 1},
	{sp_name_ip, "10.0.0.01", 1},
	{sp_name_ip, "localhost", 1},
	{sp_name_ip, "", 1},

	{sp_name_relative, "a/b", 0},
	{sp_name_relative, "a..b/c", 0},
	{sp_name_relative, "..a", 0},
	{sp_name_relative, "/a", 1},
	{sp_name_relative, "a/../b", 1},
	{sp_name_relative, "/..", 2},
	{sp_name_file, "a/b", 0},
	{sp_name_file, "..a", 1},
	{sp_name_file, "..", 1},
	{sp_name_file, "../a", 1},
};

static void test_cases(void **state)
{
	for (size_t i = 0; i < SP_ARRAY_LEN(cases); i++) {
		struct sp_name_msgs m;

		cases[i].check(cases[i].text, &m);
		if (m.n != cases[i].n)
			fail_msg("case %zu, \"%s\": %u messages, expected %u; first: %s", i,
				 cases[i].text, m.n, cases[i].n, m.n ? m.v[0] : "none");
	}
}

static void test_messages(void **state)
{
	static const struct {
		check_fn *check;
		const char *text, *msg;
	} exact[] = {
		{sp_name_label, "A",
		 "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or "
		 "'-', and must start and end with an alphanumeric character (e.g. 'my-name',  or "
		 "'123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"},
		{sp_name_label, "a.b", "must not contain dots"},
		{sp_name_label, A63 "a", "must be no more than 63 characters"},
		{sp_name_subdomain, "A",
		 "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric "
		 "characters, '-' or '.', and must start and end with an alphanumeric character "
		 "(e.g. 'example.com', regex used for validation is "
		 "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"},
		{sp_name_port, "8080", "must contain at least one letter (a-z)"},
		{sp_name_port, "abcdefghijklmnop", "must be no more than 15 characters"},
		{sp_name_port, "a_b",
		 "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)"},
		{sp_name_port, "a--b", "must not contain consecutive hyphens"},
		{sp_name_port, "a-", "must not begin or end with a hyphen"},
		{relaxed_env, "a=b",
		 "a valid environment variable name must consist only of printable ASCII "
		 "characters other than '='"},
		{sp_name_config_key, "a b",
		 "a valid config key must consist of alphanumeric characters, '-', '_' or '.' "
		 "(e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is "
		 "'[-._a-zA-Z0-9]+')"},
		{sp_name_header, "a b",
		 "a valid HTTP header must consist of alphanumeric characters or '-' (e.g. "
		 "'X-Header-Name', regex used for validation is '[-A-Za-z0-9]+')"},
	};

	for (size_t i = 0; i < SP_ARRAY_LEN(exact); i++) {
		struct sp_name_msgs m;

		exact[i].check(exact[i].text, &m);
		assert_int_equal(m.n, 1);
		assert_string_equal(m.v[0], exact[i].msg);
	}
}

static void test_signals(void **state)
{
	static const char *const good[] = {"SIGTERM",    "SIGINT",      "SIGRTMIN",
					   "SIGRTMIN+1", "SIGRTMIN+15", "SIGRTMAX-14",
					   "SIGRTMAX-1", "SIGRTMAX",    "SIGUSR1"};
	static const char *const bad[] = {"TERM",
					  "SIGFOO",
					  "",
					  "SIGRTMIN+0",
					  "SIGRTMIN+16",
					  "SIGRTMAX-15",
					  "SIGRTMIN+1x",
					  "SIGRTMIN+",
					  "sigterm",
					  "15",
					  "SIGRTMIN+99999999999"};

	for (size_t i = 0; i < SP_ARRAY_LEN(good); i++)
		assert_true(sp_signal_name_valid(good[i]));
	for (size_t i = 0; i < SP_ARRAY_LEN(bad); i++)
		assert_false(sp_signal_name_valid(bad[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_messages),
		cmocka_unit_test(test_signals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
