/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which product is this container? Records are asked in their order, a user's before the built-in
 * ones, and the most certain answer counts: the image's own repository, then a mirror of it (known
 * by its last path parts), then the container's name.
 *
 * Patterns are compiled when they are first asked for.
 */
#include "lint/catalogue_internal.h"

#include "catalogue_text.h"

#include <regex.h>
#include <stdlib.h>

static const char *const type_names[] = {
	"mesh",     "proxy",    "db-proxy", "secrets", "log", "telemetry",
	"exporter", "reloader", "sync",     "auth",    "vpn", "dev",
};
_Static_assert(SP_ARRAY_LEN(type_names) == SP_CAT_TYPES, "a name for each type");

static const char *const confidence_names[] = {"certain", "likely", "guess"};
_Static_assert(SP_ARRAY_LEN(confidence_names) == SP_CONFIDENCES, "a name for each");

const char *sp_cat_type_name(enum sp_cat_type type)
{
	return type_names[type];
}

const char *sp_confidence_name(enum sp_confidence c)
{
	return confidence_names[c];
}

enum pattern { REPO, NAME, TAG, PATTERNS };

struct record {
	const struct sp_cat_entry *e;
	regex_t re[PATTERNS];
	bool compiled[PATTERNS];
};

struct sp_catalogue {
	struct sp_arena arena;
	struct record *v;
	uint32_t n;
};

static const char *pattern_of(const struct sp_cat_entry *e, enum pattern p)
{
	return p == REPO ? e->repo : p == NAME ? e->name : e->tag;
}

static int compile(struct record *r, enum pattern p)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf b = {0};

	sp_buf_printf(&b, "^(%s)$", pattern_of(r->e, p));
	if (b.failed || regcomp(&r->re[p], b.ptr, REG_EXTENDED | REG_NOSUB) != 0)
		return -1;
	r->compiled[p] = true;
	return 0;
}

static bool matches(struct record *r, enum pattern p, const char *text)
{
	if (!pattern_of(r->e, p) || (!r->compiled[p] && compile(r, p) < 0))
		return false;
	return regexec(&r->re[p], text, 0, NULL, 0) == 0;
}

static int add(struct sp_catalogue *c, const struct sp_source *src, bool check,
	       struct sp_error *err)
{
	struct sp_cat_entry *v;
	struct record *grown;
	uint32_t n;

	if (sp_cat_read(&c->arena, src, &v, &n, err) < 0)
		return -1;
	grown = sp_arena_array(&c->arena, c->n + n + 1, sizeof(*grown));
	if (!grown)
		return sp_fail(err, SP_E_NO_MEMORY, "read the catalogue '%s'", src->name);
	for (uint32_t i = 0; i < n; i++) {
		grown[i].e = &v[i];
		for (int p = 0; check && p < PATTERNS; p++)
			if (pattern_of(&v[i], (enum pattern)p) &&
			    compile(&grown[i], (enum pattern)p) < 0) {
				for (uint32_t k = 0; k <= i; k++)
					for (int q = 0; q < PATTERNS; q++)
						if (grown[k].compiled[q])
							regfree(&grown[k].re[q]);
				return sp_fail(err, SP_E_INVALID,
					       "%s: record '%s': '%s' is no pattern", src->name,
					       v[i].id, pattern_of(&v[i], (enum pattern)p));
			}
	}
	if (c->n)
		memcpy(grown + n, c->v, c->n * sizeof(*grown));
	c->v = grown;
	c->n += n;
	return 0;
}

struct sp_catalogue *sp_catalogue_new(struct sp_error *err)
{
	struct sp_source src = {"built-in catalogue", catalogue_text, sizeof(catalogue_text) - 1};
	struct sp_catalogue *c = calloc(1, sizeof(*c));

	if (!c) {
		sp_error_set(err, SP_E_NO_MEMORY, "read the catalogue");
		return NULL;
	}
	return add(c, &src, false, err) < 0 ? sp_catalogue_free(c) : c;
}

struct sp_catalogue *sp_catalogue_free(struct sp_catalogue *c)
{
	if (!c)
		return NULL;
	for (uint32_t i = 0; i < c->n; i++)
		for (int p = 0; p < PATTERNS; p++)
			if (c->v[i].compiled[p])
				regfree(&c->v[i].re[p]);
	sp_arena_done(&c->arena);
	free(c);
	return NULL;
}

int sp_catalogue_add(struct sp_catalogue *c, const struct sp_source *src, struct sp_error *err)
{
	return add(c, src, true, err);
}

struct sp_cat_fact sp_cat_fact_of(const struct sp_cat_entry *e, const char *key)
{
	for (uint32_t i = 0; i < e->n_facts; i++)
		for (uint32_t k = 0; k < e->facts[i].of.n; k++)
			if (sp_streq(e->facts[i].of.v[k], key))
				return e->facts[i];
	return (struct sp_cat_fact){.source = e->source, .checked = e->checked};
}

uint32_t sp_catalogue_size(const struct sp_catalogue *c)
{
	return c->n;
}

const struct sp_cat_entry *sp_catalogue_at(const struct sp_catalogue *c, uint32_t i)
{
	return c->v[i].e;
}

bool sp_seen(const char *texts, const char *text)
{
	if (!texts || !text)
		return false;
	while (*texts) {
		size_t len = strcspn(texts, "|");

		if (len && memmem(text, strlen(text), texts, len))
			return true;
		texts += len;
		texts += *texts == '|';
	}
	return false;
}

/* Does what stands behind a switch turn it off? "Health_Check Off", "--health-check=false" */
static bool is_off(const char *p)
{
	static const char *const words[] = {"off", "false", "no", "0", "disabled"};

	p += strspn(p, " \t:=\"'");
	for (size_t i = 0; i < SP_ARRAY_LEN(words); i++) {
		size_t len = strlen(words[i]);

		if (strncasecmp(p, words[i], len) == 0 &&
		    (!p[len] || strchr(" \t\r\n\"',}", p[len])))
			return true;
	}
	return false;
}

bool sp_switched(const char *texts, const char *text)
{
	if (!texts || !text)
		return false;
	for (; *texts; texts += strcspn(texts, "|"), texts += *texts == '|') {
		size_t len = strcspn(texts, "|");

		for (const char *p = text; len && (p = memmem(p, strlen(p), texts, len));) {
			p += len;
			if (!is_off(p))
				return true;
		}
	}
	return false;
}

void sp_image_repo(const char *image, struct sp_buf *repo, struct sp_buf *tag)
{
	size_t slash = strcspn(image, "/"), end = strcspn(image, "@"), colon = end;
	size_t from = 0;

	if (image[slash] == '/' && (memchr(image, '.', slash) || memchr(image, ':', slash) ||
				    (slash == 9 && memcmp(image, "localhost", 9) == 0)))
		from = slash + 1;
	for (size_t i = end; i > from && image[i - 1] != '/'; i--)
		if (image[i - 1] == ':')
			colon = i - 1;
	if (strncmp(image + from, "library/", 8) == 0)
		from += 8;
	sp_buf_puts(repo, "");
	sp_buf_add(repo, image + from, colon > from ? colon - from : 0);
	if (!tag)
		return;
	sp_buf_puts(tag, "");
	if (colon < end)
		sp_buf_add(tag, image + colon + 1, end - colon - 1);
}

/* The last @n parts of a path; NULL when it has no more than that. */
static const char *last_parts(const char *repo, int n)
{
	const char *p = repo + strlen(repo);

	while (p > repo) {
		if (p[-1] == '/' && --n == 0)
			return p;
		p--;
	}
	return NULL;
}

static bool repo_matches(struct record *r, const char *repo, const char *tag, const char *words)
{
	return matches(r, REPO, repo) && (!r->e->tag || matches(r, TAG, tag)) &&
	       (!r->e->need || sp_seen(r->e->need, words));
}

/* Return: false, no match. */
static bool judge(struct record *r, const struct sp_cat_query *q, const char *repo, const char *tag,
		  enum sp_confidence *ret)
{
	const char *one = last_parts(repo, 1), *two = last_parts(repo, 2);
	bool name = q->name && *q->name && matches(r, NAME, q->name);
	enum sp_confidence c = SP_LIKELY;

	if (r->e->both && !name)
		return false;
	if (repo_matches(r, repo, tag, q->words))
		c = SP_CERTAIN;
	else if ((!two || !repo_matches(r, two, tag, q->words)) &&
		 (!one || !repo_matches(r, one, tag, q->words)) && (!name || r->e->both))
		return false;
	if (r->e->jobs_only)
		c = SP_MAX(c, SP_LIKELY);
	*ret = SP_MAX(c, r->e->at_best);
	return true;
}

void sp_catalogue_find(const struct sp_catalogue *c, const struct sp_cat_query *q,
		       struct sp_cat_match *ret)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf repo = {0};
	SP_CLEANUP(sp_buf_done) struct sp_buf tag = {0};

	*ret = (struct sp_cat_match){0};
	sp_image_repo(q->image ? q->image : "", &repo, &tag);
	if (repo.failed || tag.failed)
		return;
	for (uint32_t i = 0; i < c->n; i++) {
		enum sp_confidence sure;

		if (!judge(&c->v[i], q, repo.ptr, tag.ptr, &sure) ||
		    (ret->entry && ret->confidence <= sure))
			continue;
		ret->entry = c->v[i].e;
		ret->confidence = sure;
		if (sure == SP_CERTAIN)
			break;
	}
	if (ret->entry)
		ret->guarded = sp_seen(ret->entry->guard, q->words) ||
			       sp_seen(ret->entry->guard, q->env) ||
			       sp_seen(ret->entry->guard, q->name);
}
