/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One object by all rules, in one go. What could not be decoded is taken out of the object, so that
 * the rest can be defaulted and validated; and what validation then says only because something is
 * missing that the user did write is not told.
 */
#include "spec/load.h"

#include "base/text.h"

static bool is_sep(char c)
{
	return !c || c == '.' || c == '[';
}

/* Is one path the other, or a place inside it? */
static bool related(const char *a, const char *b)
{
	size_t n = SP_MIN(strlen(a), strlen(b));

	return strncmp(a, b, n) == 0 && is_sep(a[n]) && is_sep(b[n]);
}

static size_t parent_len(const char *path)
{
	const char *dot = strrchr(path, '.');

	return dot ? (size_t)(dot - path) : 0;
}

/* Fields that nearly every path passes through, and that texts name without speaking of them. */
static bool is_frame(const char *name, size_t len)
{
	static const char *const frames[] = {"spec",       "metadata",       "template",
					     "containers", "initContainers", "name",
					     "value",      "path",           "port"};

	for (size_t i = 0; i < SP_ARRAY_LEN(frames); i++)
		if (strlen(frames[i]) == len && strncmp(frames[i], name, len) == 0)
			return true;
	return false;
}

/* Does a text speak of a field on this path? */
static bool speaks_of(const char *text, const char *path)
{
	while (*path) {
		size_t len = strcspn(path, ".[");

		if (len > 2 && !is_frame(path, len) && memmem(text, strlen(text), path, len))
			return true;
		path += len;
		while (*path == '[') /* an index or a key */
			path += strcspn(path, "]") + (path[strcspn(path, "]")] == ']');
		path += *path == '.';
	}
	return false;
}

/* What a finding says about its field; behind the field's path, unless that one is missing. */
static const char *words_of(const struct sp_diag *v)
{
	size_t n = strlen(v->path);

	return strncmp(v->message, v->path, n) == 0 &&
			       strncmp(v->message + n, ": Invalid value", 15) == 0
		       ? v->message + n
		       : v->message;
}

/* Would the finding @v be there without the fault @e of the decoder? When in doubt: no. */
static bool follows(const struct sp_diag *v, const struct sp_diag *e)
{
	size_t n, m;

	if (e->severity != SP_SEV_ERROR)
		return false;
	if (!e->path || !v->path)
		return true;
	if (related(v->path, e->path) || speaks_of(words_of(v), e->path))
		return true;
	n = parent_len(e->path);
	m = parent_len(v->path);
	/* a field under a wrong name or in a wrong place is missing in the right one */
	if (e->rule && sp_streq(e->rule, "SP003") && strstr(v->message, "Required value") &&
	    ((n == m && strncmp(v->path, e->path, n) == 0) ||
	     sp_streq(e->path + n + (n > 0), v->path + m + (m > 0))))
		return true;
	/* what is looked for may be what could not be read */
	return strstr(v->message, "Not found") &&
	       (strstr(e->path, ".volumes") || (e->rule && sp_streq(e->rule, "SP003")));
}

static void drop_follow_ups(struct sp_diags *d, uint32_t first, uint32_t first_late)
{
	uint32_t kept = first_late;

	for (uint32_t i = first_late; i < d->n; i++) {
		bool twice = false;

		for (uint32_t k = first; k < first_late && !twice; k++)
			twice = follows(&d->v[i], &d->v[k]);
		if (twice)
			d->n_errors -= d->v[i].severity == SP_SEV_ERROR;
		else
			d->v[kept++] = d->v[i];
	}
	d->n = kept;
}

int sp_object_check(struct sp_arena *a, const struct sp_node *doc, const struct sp_source *src,
		    const struct sp_load_options *opt, struct sp_diags *diags,
		    struct sp_diags *unacted, struct sp_object *ret)
{
	struct sp_load_options all = opt ? *opt : (struct sp_load_options){0};
	uint32_t first = diags->n, late;
	int r;

	all.partial = true;
	r = sp_object_decode(a, doc, src, &all, diags, unacted, ret);
	if (r > 0)
		return r;
	if (!ret->any)
		return r < 0 && diags->n == first && !diags->dropped ? -1 : 0;
	late = diags->n;
	if (sp_object_default(a, ret, &all) < 0)
		return -1;
	sp_object_validate(a, ret, &all, diags);
	if (r == 0)
		return 0;
	drop_follow_ups(diags, first, late);
	if (!opt || !opt->partial)
		ret->any = NULL;
	return 0;
}
