/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The name rules, each as a small scanner instead of a regular expression; the expressions stand in
 * the messages because that is how Kubernetes words them, quirks of its list formatting included
 * ("',  or '").
 */
#include "spec/names.h"

#include <arpa/inet.h>

#define LABEL_RE     "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
#define QUALIFIED_RE "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"

static const char label_msg[] =
	"a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and "
	"must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex "
	"used for validation is '" LABEL_RE "')";
static const char subdomain_msg[] =
	"a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or "
	"'.', and must start and end with an alphanumeric character (e.g. 'example.com', regex "
	"used for validation is '" LABEL_RE "(\\." LABEL_RE ")*')";
static const char env_msg[] = "a valid environment variable name must consist only of printable "
			      "ASCII characters other than '='";
static const char env_strict_msg[] =
	"a valid environment variable name must consist of alphabetic characters, digits, '_', "
	"'-', or '.', and must not start with a digit (e.g. 'my.env-name',  or 'MY_ENV.NAME',  or "
	"'MyEnvName1', regex used for validation is '[-._a-zA-Z][-._a-zA-Z0-9]*')";
static const char key_msg[] =
	"a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. "
	"'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is "
	"'[-._a-zA-Z0-9]+')";
static const char header_msg[] =
	"a valid HTTP header must consist of alphanumeric characters or '-' (e.g. 'X-Header-Name', "
	"regex used for validation is '[-A-Za-z0-9]+')";
static const char qualified_part_msg[] =
	"name part must consist of alphanumeric characters, '-', '_' or '.', and must start and "
	"end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex "
	"used for validation is '" QUALIFIED_RE "')";
static const char qualified_msg[] =
	"a qualified name must consist of alphanumeric characters, '-', '_' or '.', and must start "
	"and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', "
	"regex used for validation is '" QUALIFIED_RE "') with an optional DNS subdomain prefix "
	"and '/' (e.g. 'example.com/MyName')";
static const char prefix_msg[] =
	"prefix part a lowercase RFC 1123 subdomain must consist of lower case alphanumeric "
	"characters, '-' or '.', and must start and end with an alphanumeric character (e.g. "
	"'example.com', regex used for validation is '" LABEL_RE "(\\." LABEL_RE ")*')";
static const char label_value_msg[] =
	"a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or "
	"'.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or "
	"'my_value',  or '12345', regex used for validation is '(" QUALIFIED_RE ")?')";
static const char sysctl_msg[] =
	"must have at most 253 characters and match regex "
	"^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$";

static void add(struct sp_name_msgs *m, const char *text)
{
	assert(m->n < SP_NAME_MSGS_MAX);
	m->v[m->n++] = text;
}

static bool is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_lower_alnum(char c)
{
	return is_lower(c) || is_digit(c);
}

static bool is_alnum(char c)
{
	return is_lower_alnum(c) || (c >= 'A' && c <= 'Z');
}

/* One character class in the middle, another at both ends; at least one character. */
static bool is_word(const char *s, size_t n, bool (*edge)(char), const char *inner)
{
	if (n == 0 || !edge(s[0]) || !edge(s[n - 1]))
		return false;
	for (size_t i = 1; i + 1 < n; i++)
		if (!edge(s[i]) && (s[i] == '\0' || !strchr(inner, s[i])))
			return false;
	return true;
}

/* Words of lower-case letters and digits, joined by one of @seps. */
static bool is_dotted(const char *s, size_t n, const char *seps, const char *inner)
{
	size_t from = 0;

	for (size_t i = 0; i <= n; i++) {
		if (i < n && !strchr(seps, s[i]))
			continue;
		if (!is_word(s + from, i - from, is_lower_alnum, inner))
			return false;
		from = i + 1;
	}
	return true;
}

static bool all_of(const char *s, bool (*plain)(char), const char *more)
{
	for (; *s; s++)
		if (!plain(*s) && !strchr(more, *s))
			return false;
	return true;
}

void sp_name_label(const char *s, struct sp_name_msgs *ret)
{
	size_t n = strlen(s);

	ret->n = 0;
	if (n > 63)
		add(ret, "must be no more than 63 characters");
	if (is_word(s, n, is_lower_alnum, "-"))
		return;
	add(ret, is_dotted(s, n, ".", "-") ? "must not contain dots" : label_msg);
}

void sp_name_subdomain(const char *s, struct sp_name_msgs *ret)
{
	size_t n = strlen(s);

	ret->n = 0;
	if (n > 253)
		add(ret, "must be no more than 253 characters");
	if (!is_dotted(s, n, ".", "-"))
		add(ret, subdomain_msg);
}

void sp_name_port(const char *s, struct sp_name_msgs *ret)
{
	size_t n = strlen(s);
	bool letter = false;

	ret->n = 0;
	if (n > 15)
		add(ret, "must be no more than 15 characters");
	if (n == 0 || !all_of(s, is_lower_alnum, "-"))
		add(ret, "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)");
	for (size_t i = 0; i < n; i++)
		letter |= is_lower(s[i]);
	if (!letter)
		add(ret, "must contain at least one letter (a-z)");
	if (strstr(s, "--"))
		add(ret, "must not contain consecutive hyphens");
	if (n > 0 && (s[0] == '-' || s[n - 1] == '-'))
		add(ret, "must not begin or end with a hyphen");
}

/* Names that would be directory steps when they become files or parts of paths. */
static void check_dots(const char *s, struct sp_name_msgs *ret)
{
	if (sp_streq(s, "."))
		add(ret, "must not be '.'");
	else if (sp_streq(s, ".."))
		add(ret, "must not be '..'");
	else if (strncmp(s, "..", 2) == 0)
		add(ret, "must not start with '..'");
}

void sp_name_env(const char *s, bool relaxed, struct sp_name_msgs *ret)
{
	ret->n = 0;
	if (relaxed) {
		bool good = *s != '\0';

		for (const char *p = s; *p; p++)
			good = good && *p >= ' ' && *p <= '~' && *p != '=';
		if (!good)
			add(ret, env_msg);
		return;
	}
	if (*s == '\0' || is_digit(*s) || !all_of(s, is_alnum, "-._"))
		add(ret, env_strict_msg);
	check_dots(s, ret);
}

void sp_name_config_key(const char *s, struct sp_name_msgs *ret)
{
	ret->n = 0;
	if (strlen(s) > 253)
		add(ret, "must be no more than 253 characters");
	if (*s == '\0' || !all_of(s, is_alnum, "-._"))
		add(ret, key_msg);
	check_dots(s, ret);
}

void sp_name_header(const char *s, struct sp_name_msgs *ret)
{
	ret->n = 0;
	if (*s == '\0' || !all_of(s, is_alnum, "-"))
		add(ret, header_msg);
}

void sp_name_qualified(const char *s, struct sp_name_msgs *ret)
{
	const char *slash = strchr(s, '/');
	const char *name = slash ? slash + 1 : s;
	size_t n = strlen(name);

	ret->n = 0;
	if (slash && strchr(name, '/')) {
		add(ret, qualified_msg);
		return;
	}
	if (slash) {
		size_t prefix_len = (size_t)(slash - s);

		if (prefix_len == 0)
			add(ret, "prefix part must be non-empty");
		else if (prefix_len > 253)
			add(ret, "prefix part must be no more than 253 characters");
		else if (!is_dotted(s, prefix_len, ".", "-"))
			add(ret, prefix_msg);
	}
	if (n == 0)
		add(ret, "name part must be non-empty");
	else if (n > 63)
		add(ret, "name part must be no more than 63 characters");
	if (!is_word(name, n, is_alnum, "-_."))
		add(ret, qualified_part_msg);
}

void sp_name_label_value(const char *s, struct sp_name_msgs *ret)
{
	size_t n = strlen(s);

	ret->n = 0;
	if (n > 63)
		add(ret, "must be no more than 63 characters");
	if (n > 0 && !is_word(s, n, is_alnum, "-_."))
		add(ret, label_value_msg);
}

void sp_name_sysctl(const char *s, struct sp_name_msgs *ret)
{
	size_t n = strlen(s);

	ret->n = 0;
	if (n > 253 || !is_dotted(s, n, "./", "-_"))
		add(ret, sysctl_msg);
}

void sp_name_ip(const char *s, struct sp_name_msgs *ret)
{
	uint8_t addr[16];

	ret->n = 0;
	if (inet_pton(AF_INET, s, addr) != 1 && inet_pton(AF_INET6, s, addr) != 1)
		add(ret, "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)");
}

bool sp_path_has_backstep(const char *s)
{
	for (;;) {
		size_t n = strcspn(s, "/");

		if (n == 2 && s[0] == '.' && s[1] == '.')
			return true;
		if (s[n] == '\0')
			return false;
		s += n + 1;
	}
}

void sp_name_relative(const char *s, struct sp_name_msgs *ret)
{
	ret->n = 0;
	if (*s == '/')
		add(ret, "must be a relative path");
	if (sp_path_has_backstep(s))
		add(ret, "must not contain '..'");
}

void sp_name_file(const char *s, struct sp_name_msgs *ret)
{
	sp_name_relative(s, ret);
	if (strncmp(s, "..", 2) == 0 && s[2] != '/' && s[2] != '\0')
		add(ret, "must not start with '..'");
}

bool sp_signal_name_valid(const char *s)
{
	static const char *const names[] = {
		"SIGABRT",   "SIGALRM",   "SIGBUS",  "SIGCHLD", "SIGCLD",   "SIGCONT",
		"SIGFPE",    "SIGHUP",    "SIGILL",  "SIGINT",  "SIGIO",    "SIGIOT",
		"SIGKILL",   "SIGPIPE",   "SIGPOLL", "SIGPROF", "SIGPWR",   "SIGQUIT",
		"SIGSEGV",   "SIGSTKFLT", "SIGSTOP", "SIGSYS",  "SIGTERM",  "SIGTRAP",
		"SIGTSTP",   "SIGTTIN",   "SIGTTOU", "SIGURG",  "SIGUSR1",  "SIGUSR2",
		"SIGVTALRM", "SIGWINCH",  "SIGXCPU", "SIGXFSZ", "SIGRTMIN", "SIGRTMAX",
	};
	static const struct {
		const char *base;
		int max;
	} ranges[] = {{"SIGRTMIN+", 15}, {"SIGRTMAX-", 14}};

	for (size_t i = 0; i < SP_ARRAY_LEN(names); i++)
		if (sp_streq(s, names[i]))
			return true;
	for (size_t i = 0; i < SP_ARRAY_LEN(ranges); i++) {
		size_t n = strlen(ranges[i].base);
		int v = 0;

		if (strncmp(s, ranges[i].base, n) != 0 || !is_digit(s[n]) || s[n] == '0')
			continue;
		for (s += n; is_digit(*s) && v <= ranges[i].max; s++)
			v = v * 10 + (*s - '0');
		return *s == '\0' && v <= ranges[i].max;
	}
	return false;
}
