/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/challenge.h"

#include <strings.h>

#define VALUE_MAX 4096

static bool is_token(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c && strchr("!#$%&'*+-.^_`|~", c));
}

static const char *skip(const char *p, const char *chars)
{
	return p + strspn(p, chars);
}

static size_t token_len(const char *p)
{
	size_t n = 0;

	while (is_token(p[n]))
		n++;
	return n;
}

/* A token or a quoted string with backslash escapes, unescaped into the arena; NULL malformed. */
static char *read_value(struct sp_arena *a, const char **p)
{
	const char *s = *p;
	size_t n = 0;
	char *out;

	if (*s != '"') {
		n = token_len(s);
		*p = s + n;
		return n ? sp_arena_strndup(a, s, n) : NULL;
	}
	out = sp_arena_alloc(a, strlen(s) + 1);
	if (!out)
		return NULL;
	for (s++; *s && *s != '"'; s++) {
		if (*s == '\\' && s[1])
			s++;
		out[n++] = *s;
	}
	if (*s != '"')
		return NULL;
	*p = s + 1;
	return out;
}

static void keep(struct sp_challenge *ret, const char *name, size_t n, const char *value)
{
	if (n == 5 && strncasecmp(name, "realm", n) == 0 && !ret->realm)
		ret->realm = value;
	else if (n == 7 && strncasecmp(name, "service", n) == 0 && !ret->service)
		ret->service = value;
	else if (n == 5 && strncasecmp(name, "scope", n) == 0 && !ret->scope)
		ret->scope = value;
}

int sp_challenge_parse(struct sp_arena *a, const char *value, struct sp_challenge *ret)
{
	const char *p = skip(value, " \t,");
	bool bearer = false;

	if (strlen(value) > VALUE_MAX)
		return -1;
	while (*p) {
		size_t n = token_len(p);
		const char *name = p, *after = skip(p + n, " \t");

		if (n == 0)
			return -1;
		if (*after == '=' && after > p + n)
			return -1;   /* "name =": no scheme has that */
		if (*after != '=') { /* a scheme */
			bearer = n == 6 && strncasecmp(name, "bearer", n) == 0;
			ret->bearer |= bearer;
			ret->basic |= n == 5 && strncasecmp(name, "basic", n) == 0;
			p = after;
		} else {
			char *text;

			p = skip(after + 1, " \t");
			text = read_value(a, &p);
			if (!text)
				return -1;
			if (bearer)
				keep(ret, name, n, text);
		}
		p = skip(p, " \t,");
	}
	return 0;
}
