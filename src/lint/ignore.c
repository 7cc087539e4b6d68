/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Findings that the author has seen and wants to keep: the annotation sidepod.dev/ignore on an
 * object or its template, and comments "# sidepod:ignore SP202 reason" behind a line or above it.
 */
#include "lint/lint_internal.h"

#include "base/text.h"

#define MARKER     "sidepod:ignore"
#define ANNOTATION "sidepod.dev/ignore"
#define IDS_MAX    32

struct ids {
	const char *v[IDS_MAX];
	uint32_t n;
};

static bool id_char(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
	       c == '-';
}

/* "SP202, SP401 because …": ids up to the first word that is none. */
static void read_ids(struct sp_lint *l, const char *p, const char *end, struct ids *ret)
{
	ret->n = 0;
	while (p < end && ret->n < IDS_MAX) {
		const char *start;
		bool comma = false;

		for (; p < end && (*p == ' ' || *p == ',' || *p == '\t'); p++)
			comma |= *p == ',';
		start = p;
		while (p < end && id_char(*p))
			p++;
		if (p == start || p - start > 40)
			return;
		if (ret->n && !comma && strncmp(start, "SP", 2) != 0)
			return; /* the reason begins */
		ret->v[ret->n] = say(l, "%.*s", (int)(p - start), start);
		if (ret->n && !sp_lint_rule_find(ret->v[ret->n]) &&
		    strncmp(ret->v[ret->n], "SP", 2) != 0)
			return;
		ret->n++;
	}
}

static bool suppresses(const char *id, const struct sp_finding *f)
{
	const struct sp_lint_rule *r = sp_lint_rule_find(id);

	if (sp_streq(f->id, "SP002") || sp_streq(f->id, "SP001"))
		return false;
	return r ? f->rule == r : strcasecmp(id, f->id) == 0;
}

/* SP002 beside what is wrong with one id. */
static void useless(struct sp_lint *l, const struct sp_source *src, struct sp_mark at,
		    const char *id, uint32_t from, uint32_t to)
{
	struct sp_lint_object none = {.o = {.source = src}};
	struct sp_node *n = sp_node_new_str(&l->arena, id);
	struct sp_finding *f;
	bool known = sp_lint_rule_find(id) || strncmp(id, "VAL-", 4) == 0;

	/* of a rule that was not asked nobody knows what it would have found */
	if (!n || (known && !lint_wanted(l, id)))
		return;
	n->at = at;
	none.root = none.read = n;
	f = lint_add(l, &none, "SP002", SP_CERTAIN, n, "ignore %s %s", id,
		     known ? "does nothing" : "names no rule");
	f->at = at;
	if (to > from) {
		f->ops = sp_arena_alloc(&l->arena, sizeof(*f->ops));
		if (f->ops) {
			f->ops[0] = (struct sp_lint_op){
				.kind = SP_OP_CUT, .from_byte = from, .to_byte = to};
			f->n_ops = 1;
		}
	}
}

/* ---- comments -------------------------------------------------------------------------------- */

static bool blank(const char *from, const char *to)
{
	for (; from < to; from++)
		if (*from != ' ' && *from != '\t' && *from != '\r')
			return false;
	return true;
}

/* A comment of its own line speaks of the next line that is no comment. */
static uint32_t next_line(const char *p, const char *end, uint32_t line)
{
	while (p < end) {
		const char *nl = memchr(p, '\n', (size_t)(end - p)), *stop = nl ? nl : end;
		const char *first = p;

		while (first < stop && (*first == ' ' || *first == '\t'))
			first++;
		if (first < stop && *first != '#' && *first != '\r')
			return line;
		line++;
		p = nl ? nl + 1 : end;
	}
	return line;
}

/* The first finding at this line of a file of this name, or behind it; they are sorted. */
static uint32_t first_at(const struct sp_lint *l, uint32_t n, const char *name, uint32_t line)
{
	uint32_t low = 0, high = n;

	while (low < high) {
		uint32_t mid = (low + high) / 2;
		const struct sp_finding *f = &l->findings[mid];
		int r = strcmp(f->source->name, name);

		if (r < 0 || (r == 0 && f->at.line < line))
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static bool ignore_line(struct sp_lint *l, uint32_t n, const struct sp_source *src, uint32_t line,
			const char *id)
{
	bool used = false;

	for (uint32_t i = first_at(l, n, src->name, line);
	     i < n && l->findings[i].at.line == line &&
	     sp_streq(l->findings[i].source->name, src->name);
	     i++)
		if (l->findings[i].source == src && suppresses(id, &l->findings[i]))
			l->findings[i].ignored = used = true;
	return used;
}

/* One pass over a source. */
struct scan {
	struct sp_lint *l;
	const struct sp_source *src;
	uint32_t n_findings;
	uint32_t about; /* the line that the comments above it speak of */
};

static void comment(struct scan *s, const char *hash, const char *line_start, const char *line_end,
		    uint32_t line)
{
	const struct sp_source *src = s->src;
	const char *end = src->bytes + src->len;
	const char *ids_at = strstr(hash, MARKER) + strlen(MARKER);
	bool own = blank(line_start, hash);
	struct ids ids;

	if (own && s->about <= line)
		s->about = next_line(SP_MIN(line_end + 1, end), end, line + 1);
	read_ids(s->l, ids_at, line_end, &ids);
	for (uint32_t k = 0; k < ids.n; k++) {
		bool used = ignore_line(s->l, s->n_findings, src, line, ids.v[k]);

		if (own)
			used |= ignore_line(s->l, s->n_findings, src, s->about, ids.v[k]);
		if (!used) {
			const char *cut = hash;
			const char *to = own ? SP_MIN(line_end + 1, end) : line_end;

			if (own)
				cut = line_start;
			while (!own && cut > line_start && (cut[-1] == ' ' || cut[-1] == '\t'))
				cut--;
			if (!own && to > cut && to[-1] == '\r')
				to--;
			useless(s->l, src,
				(struct sp_mark){line, (uint32_t)(hash - line_start) + 1}, ids.v[k],
				(uint32_t)(cut - src->bytes),
				ids.n == 1 ? (uint32_t)(to - src->bytes) : 0);
		}
	}
}

static void comments(struct sp_lint *l, const struct sp_source *src, uint32_t n_findings)
{
	struct scan s = {l, src, n_findings, 0};
	const char *p = src->bytes, *end = src->bytes + src->len;

	if (!memmem(p, src->len, MARKER, strlen(MARKER)))
		return;
	for (uint32_t line = 1; p < end; line++) {
		const char *nl = memchr(p, '\n', (size_t)(end - p)), *stop = nl ? nl : end;
		const char *at = memmem(p, (size_t)(stop - p), MARKER, strlen(MARKER));
		const char *hash = at;

		while (hash && hash > p && (hash[-1] == ' ' || hash[-1] == '#') && *hash != '#')
			hash--;
		if (hash && *hash == '#')
			comment(&s, hash, p, stop, line);
		p = nl ? nl + 1 : end;
	}
}

/* ---- annotations ----------------------------------------------------------------------------- */

static void annotation(struct sp_lint *l, const struct sp_lint_object *o,
		       const struct sp_k_meta *meta, uint32_t n_findings)
{
	const char *text = meta ? sp_map_get(&meta->annotations, ANNOTATION) : NULL;
	const struct sp_node *node;
	struct ids ids;

	if (!text)
		return;
	node = sp_node_get(sp_node_get(meta->node, "annotations"), ANNOTATION);
	read_ids(l, text, text + strlen(text), &ids);
	for (uint32_t k = 0; k < ids.n; k++) {
		bool used = false;

		for (uint32_t i = 0; i < n_findings; i++) {
			struct sp_finding *f = &l->findings[i];

			if (f->object == o && suppresses(ids.v[k], f))
				f->ignored = used = true;
		}
		if (!used)
			useless(l, o->o.source, node ? node->at : o->root->at, ids.v[k], 0, 0);
	}
}

void lint_ignore(struct sp_lint *l)
{
	uint32_t n = l->n_findings;

	for (uint32_t i = 0; i < l->n_objects; i++) {
		const struct sp_lint_object *o = &l->objects[i];

		annotation(l, o, o->o.meta, n);
		if (o->meta != o->o.meta)
			annotation(l, o, o->meta, n);
	}
	for (uint32_t i = 0; i < l->n_sources; i++)
		comments(l, l->sources[i], n);
}
