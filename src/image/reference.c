/* SPDX-License-Identifier: Apache-2.0 */
#include "image/reference.h"

#define TAG_MAX    128
#define REPO_MAX   255 /* with "library/" before it */
#define DIGEST_LEN (7 + 64)

static bool is_lower(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool is_word(char c)
{
	return is_lower(c) || (c >= 'A' && c <= 'Z') || c == '_';
}

bool sp_digest_valid(const char *s)
{
	size_t i;

	if (strlen(s) != DIGEST_LEN || strncmp(s, "sha256:", 7) != 0)
		return false;
	for (i = 7; s[i]; i++)
		if (!((s[i] >= '0' && s[i] <= '9') || (s[i] >= 'a' && s[i] <= 'f')))
			return false;
	return true;
}

/* Lower-case words joined by one '.', one or two '_', or any number of '-'. */
static bool component_valid(const char *s, size_t n)
{
	size_t i = 0;

	if (n == 0 || !is_lower(s[0]) || !is_lower(s[n - 1]))
		return false;
	while (i < n) {
		char c = s[i];
		size_t run = 0;

		if (is_lower(c)) {
			i++;
			continue;
		}
		while (i < n && s[i] == c) {
			i++;
			run++;
		}
		if (!(c == '-' || (c == '.' && run == 1) || (c == '_' && run <= 2)))
			return false;
		if (i < n && !is_lower(s[i]))
			return false;
	}
	return true;
}

static bool host_valid(const char *s, size_t n)
{
	size_t i, colon = n;

	if (n > 0 && s[0] == '[') /* IPv6 */
		for (i = 1; i < n; i++)
			if (s[i] == ']')
				return i > 1 && (i + 1 == n || s[i + 1] == ':');
	for (i = 0; i < n; i++)
		if (s[i] == ':') {
			colon = i;
			break;
		}
	if (colon == 0 || s[0] == '-' || s[colon - 1] == '-')
		return false;
	for (i = 0; i < colon; i++)
		if (!(is_lower(s[i]) || (s[i] >= 'A' && s[i] <= 'Z') || s[i] == '-' || s[i] == '.'))
			return false;
	if (colon == n)
		return true;
	for (i = colon + 1; i < n; i++)
		if (s[i] < '0' || s[i] > '9')
			return false;
	return colon + 1 < n;
}

static bool looks_like_host(const char *s, size_t n)
{
	size_t i;

	if (n == 9 && strncmp(s, "localhost", 9) == 0)
		return true;
	for (i = 0; i < n; i++)
		if (s[i] == '.' || s[i] == ':' || (s[i] >= 'A' && s[i] <= 'Z'))
			return true;
	return false;
}

int sp_reference_parse(struct sp_arena *a, const char *text, struct sp_reference *ret,
		       struct sp_error *err)
{
	const char *rest = text, *at, *slash, *colon, *end, *p;
	struct sp_reference r = {0};

	if (!*text)
		return sp_fail(err, SP_E_INVALID, "invalid reference format: it is empty");
	if (strlen(text) > SP_REFERENCE_MAX)
		return sp_fail(err, SP_E_INVALID, "invalid reference format: longer than %d bytes",
			       SP_REFERENCE_MAX);
	end = text + strlen(text);
	at = strchr(text, '@');
	if (at) {
		if (!sp_digest_valid(at + 1))
			return sp_fail(err, SP_E_INVALID,
				       "invalid reference format: '%s' is not a sha256 digest",
				       at + 1);
		r.digest = sp_arena_strdup(a, at + 1);
		end = at;
	}
	/* a tag is what follows the last ':' behind the last '/' */
	for (slash = end; slash > text && slash[-1] != '/'; slash--)
		;
	colon = memchr(slash, ':', (size_t)(end - slash));
	if (colon) {
		size_t n = (size_t)(end - colon - 1);

		if (n == 0 || n > TAG_MAX || !is_word(colon[1]))
			return sp_fail(err, SP_E_INVALID,
				       "invalid reference format: bad tag in '%s'", text);
		for (p = colon + 1; p < end; p++)
			if (!is_word(*p) && *p != '.' && *p != '-')
				return sp_fail(err, SP_E_INVALID,
					       "invalid reference format: bad tag in '%s'", text);
		r.tag = sp_arena_strndup(a, colon + 1, n);
		end = colon;
	}
	slash = memchr(rest, '/', (size_t)(end - rest));
	if (slash && looks_like_host(rest, (size_t)(slash - rest))) {
		if (!host_valid(rest, (size_t)(slash - rest)))
			return sp_fail(err, SP_E_INVALID,
				       "invalid reference format: bad registry host in '%s'", text);
		r.host = sp_arena_strndup(a, rest, (size_t)(slash - rest));
		rest = slash + 1;
		if (r.host && (sp_streq(r.host, "index.docker.io") ||
			       sp_streq(r.host, "registry-1.docker.io")))
			r.host = "docker.io";
	} else {
		r.host = "docker.io";
		r.short_name = sp_arena_strndup(a, rest, (size_t)(end - rest));
	}
	for (p = rest; p <= end; p = slash + 1) {
		size_t n;

		slash = p < end ? memchr(p, '/', (size_t)(end - p)) : NULL;
		if (!slash)
			slash = end;
		n = (size_t)(slash - p);
		if (!component_valid(p, n)) {
			for (size_t i = 0; i < n; i++)
				if (p[i] >= 'A' && p[i] <= 'Z')
					return sp_fail(
						err, SP_E_INVALID,
						"invalid reference format: repository name '%.*s' must be "
						"lowercase",
						(int)(end - rest), rest);
			return sp_fail(err, SP_E_INVALID, "invalid reference format: '%s'", text);
		}
	}
	if (r.host && sp_streq(r.host, "docker.io") && !memchr(rest, '/', (size_t)(end - rest)))
		r.repo = sp_arena_printf(a, "library/%.*s", (int)(end - rest), rest);
	else
		r.repo = sp_arena_strndup(a, rest, (size_t)(end - rest));
	if (!r.tag && !r.digest)
		r.tag = "latest";
	r.full = sp_arena_printf(a, "%s/%s%s%s%s%s", r.host, r.repo, r.tag ? ":" : "",
				 r.tag ? r.tag : "", r.digest ? "@" : "", r.digest ? r.digest : "");
	if (!r.repo || !r.full || !r.host)
		return sp_fail(err, SP_E_NO_MEMORY, "image reference '%s'", text);
	if (strlen(r.repo) > REPO_MAX)
		return sp_fail(err, SP_E_INVALID,
			       "repository name must not be more than %d characters", REPO_MAX);
	/* what it becomes is a reference too */
	if (strlen(r.full) > SP_REFERENCE_MAX)
		return sp_fail(err, SP_E_INVALID, "invalid reference format: longer than %d bytes",
			       SP_REFERENCE_MAX);
	*ret = r;
	return 0;
}
