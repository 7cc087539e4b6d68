/* SPDX-License-Identifier: Apache-2.0 */
#include "kept.h"

#include "base/base.h"

#include <stdio.h>
#include <stdlib.h>

void fail(const char *what, const char *name)
{
	(void)fprintf(stderr, "golden: %s: %s\n", name, what);
	exit(1);
}

char *read_file(const char *path, size_t *ret_len)
{
	FILE *f = fopen(path, "rbe");
	char *text;
	long len = -1;

	if (!f)
		return NULL;
	if (fseek(f, 0, SEEK_END) != 0 || (len = ftell(f)) < 0)
		fail("cannot be measured", path);
	rewind(f);
	text = malloc((size_t)len + 1);
	if (!text || fread(text, 1, (size_t)len, f) != (size_t)len)
		fail("cannot be read", path);
	text[len] = '\0';
	*ret_len = (size_t)len;
	(void)fclose(f); /* only read */
	return text;
}

static bool updates_golden(void)
{
	const char *env = getenv("SP_UPDATE_GOLDEN");

	return env && sp_streq(env, "1");
}

void comment(const char *text)
{
	for (const char *p = text; *p;) {
		size_t n = strcspn(p, "\n");

		printf("# %.*s\n", (int)n, p);
		p += n + (p[n] == '\n');
	}
}

bool same_as_kept(const char *path, const char *got, size_t len)
{
	size_t want_len = 0;
	char *want;
	bool same;

	if (updates_golden()) {
		FILE *f = fopen(path, "wbe");

		if (!f || fwrite(got, 1, len, f) != len || fclose(f) != 0)
			fail("cannot be written", path);
	}
	want = read_file(path, &want_len);
	same = want && want_len == len && memcmp(want, got, len) == 0;
	if (!same) {
		printf("# differs from %s (SP_UPDATE_GOLDEN=1 rewrites it); there:\n", path);
		comment(want ? want : "(no such file)");
		printf("# here:\n");
		comment(got);
	}
	free(want);
	return same;
}
