/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Manifests: several sources, each with several documents, each an object or a list of objects;
 * decoded, defaulted, named and validated, with all findings in one place.
 */
#include "spec/load.h"

#include "base/text.h"

#define LIST_DEPTH_MAX 4  /* lists in lists */
#define SUFFIX_LEN     5  /* of a made-up name (JOB-20) */
#define NAME_BASE_MAX  58 /* so that the whole has at most 63 characters */

void sp_manifest_init(struct sp_manifest *m, const struct sp_load_options *opt)
{
	*m = (struct sp_manifest){0};
	if (opt)
		m->options = *opt;
	sp_diags_init(&m->diags, &m->arena);
	sp_diags_init(&m->unacted, &m->arena);
}

void sp_manifest_done(struct sp_manifest *m)
{
	sp_arena_done(&m->arena);
	*m = (struct sp_manifest){0};
}

/* Grows an array of the manifest whose size is the next power of two (at least 4). Objects are
 * found by pointers into sources, so those are given out one by one. */
static void *room_for_one(struct sp_arena *a, void *v, uint32_t n, size_t size)
{
	void *p;

	if (n != 0 && (n < 4 || (n & (n - 1)) != 0))
		return v;
	p = sp_arena_array(a, n ? (size_t)n * 2 : 4, size);
	if (p && n)
		memcpy(p, v, n * size);
	return p;
}

static struct sp_source *add_source(struct sp_manifest *m, const char *name, const char *bytes,
				    size_t len)
{
	struct sp_source **v = room_for_one(&m->arena, m->sources, m->n_sources, sizeof(*v));
	struct sp_source *s = sp_arena_alloc(&m->arena, sizeof(*s));

	if (!v || !s)
		return NULL;
	s->name = sp_arena_strdup(&m->arena, name);
	/* too big ones are refused, so their bytes are not worth a copy */
	s->len = len > SP_SOURCE_MAX_BYTES ? 0 : len;
	s->bytes = sp_arena_strndup(&m->arena, bytes, s->len);
	if (!s->name || !s->bytes)
		return NULL;
	m->sources = v;
	m->sources[m->n_sources++] = s;
	return s;
}

/* ---- names ---------------------------------------------------------------------------------- */

/* splitmix64: good enough to tell names apart, and the same for the same seed. */
static uint64_t chance(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15u;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

/* metadata.generateName: the prefix and five characters. */
static int generate_name(struct sp_manifest *m, struct sp_k_meta *meta)
{
	uint64_t v = chance(&m->options.name_seed);
	char suffix[SUFFIX_LEN + 1] = {0};
	const char *name;

	if ((meta->name && *meta->name) || !meta->generate_name || !*meta->generate_name)
		return 0;
	for (int i = 0; i < SUFFIX_LEN; i++, v /= sizeof(SP_NAME_ALPHABET) - 1)
		suffix[i] = SP_NAME_ALPHABET[v % (sizeof(SP_NAME_ALPHABET) - 1)];
	name = sp_arena_printf(&m->arena, "%.*s%s", NAME_BASE_MAX, meta->generate_name, suffix);
	if (!name)
		return -1;
	meta->name = name;
	return sp_node_set(&m->arena, (struct sp_node *)(uintptr_t)meta->node, "name",
			   sp_node_new_str(&m->arena, name));
}

static bool same_text(const char *a, const char *b)
{
	return sp_streq(a ? a : "", b ? b : "");
}

/* Where the name stands, else the metadata, else the document. */
static struct sp_mark place_of(const struct sp_object *o)
{
	const struct sp_node *name = sp_node_at(o->node, "metadata.name");

	if (name && name->at.line)
		return name->at;
	return o->meta && o->meta->node && o->meta->node->at.line ? o->meta->node->at : o->node->at;
}

static void check_duplicate(struct sp_manifest *m, const struct sp_object *o)
{
	if (!o->meta || !o->meta->name)
		return;
	for (uint32_t i = 0; i < m->n_objects; i++) {
		const struct sp_object *other = &m->objects[i];
		struct sp_diag *g;

		if (other->kind != o->kind || !other->meta ||
		    !same_text(other->meta->name, o->meta->name) ||
		    !same_text(other->meta->ns, o->meta->ns))
			continue;
		g = sp_diag_add(&m->diags, SP_SEV_ERROR, o->source->name, place_of(o),
				"%s %s is given a second time", sp_kind_name(o->kind),
				o->meta->name);
		g->rule = "SP004";
		g->path = "metadata.name";
		g->len = (uint32_t)sp_utf8_columns(o->meta->name);
		g->why = sp_arena_printf(&m->arena, "the first one is at %s:%u",
					 other->source->name, place_of(other).line);
		g->fix = "rename one of the two, or take it out";
		return;
	}
}

/* What validation refuses is told once, not also as something that is not acted on. */
static void drop_refused(struct sp_manifest *m, uint32_t first_unacted, uint32_t first_diag)
{
	uint32_t kept = first_unacted;

	for (uint32_t i = first_unacted; i < m->unacted.n; i++) {
		bool refused = false;

		for (uint32_t k = first_diag; k < m->diags.n && !refused; k++)
			refused = m->diags.v[k].severity == SP_SEV_ERROR &&
				  same_text(m->diags.v[k].path, m->unacted.v[i].path);
		if (!refused)
			m->unacted.v[kept++] = m->unacted.v[i];
	}
	m->unacted.n = kept;
}

/* ---- objects -------------------------------------------------------------------------------- */

static int add_object(struct sp_manifest *m, const struct sp_source *src, struct sp_node *doc)
{
	uint32_t first_unacted = m->unacted.n, first_diag = m->diags.n;
	struct sp_object o, *v;
	int r;

	if (m->n_objects >= SP_OBJECTS_MAX) {
		sp_diag_add(&m->diags, SP_SEV_ERROR, src->name, doc->at, "more than %d objects",
			    SP_OBJECTS_MAX);
		return 0;
	}
	r = sp_object_check(&m->arena, doc, src, &m->options, &m->diags, &m->unacted, &o);
	if (r > 0 && sp_streq(o.kind_text, "ServiceAccount")) {
		const struct sp_node **w =
			room_for_one(&m->arena, m->accounts, m->n_accounts, sizeof(*w));

		if (!w)
			return -1;
		m->accounts = w;
		m->accounts[m->n_accounts++] = doc;
	}
	if (r)
		return r < 0 ? -1 : 0;
	if (o.any && generate_name(m, o.meta) < 0)
		return -1;
	drop_refused(m, first_unacted, first_diag);
	check_duplicate(m, &o);
	v = room_for_one(&m->arena, m->objects, m->n_objects, sizeof(*v));
	if (!v)
		return -1;
	m->objects = v;
	m->objects[m->n_objects++] = o;
	return 0;
}

/* "List", and "PodList" and the like, hold objects. */
static const struct sp_node *list_items(const struct sp_node *doc)
{
	const char *kind = sp_node_str(sp_node_get(doc, "kind"), "");
	size_t len = strlen(kind);
	const struct sp_node *items = sp_node_get(doc, "items");

	if (len < 4 || !sp_streq(kind + len - 4, "List"))
		return NULL;
	return items && items->kind == SP_NODE_LIST ? items : NULL;
}

/* Items of a typed list may leave out what its name says. */
static int name_kind(struct sp_manifest *m, const struct sp_node *list, struct sp_node *item)
{
	const struct sp_node *kind = sp_node_get(list, "kind");
	const struct sp_node *version = sp_node_get(list, "apiVersion");
	char *text;

	if (item->kind != SP_NODE_MAP || kind->len == 4)
		return 0;
	if (!sp_node_get(item, "kind")) {
		text = sp_arena_strndup(&m->arena, kind->text, kind->len - 4);
		if (!text ||
		    sp_node_set(&m->arena, item, "kind", sp_node_new_str(&m->arena, text)) < 0)
			return -1;
	}
	if (version && version->kind == SP_NODE_STR && !sp_node_get(item, "apiVersion"))
		return sp_node_set(&m->arena, item, "apiVersion",
				   sp_node_new_str(&m->arena, version->text));
	return 0;
}

static int add_document(struct sp_manifest *m, const struct sp_source *src, struct sp_node *doc,
			int depth)
{
	const struct sp_node *items = list_items(doc);

	if (!items || depth >= LIST_DEPTH_MAX)
		return add_object(m, src, doc);
	for (uint32_t i = 0; i < items->n; i++)
		if (name_kind(m, doc, items->items[i]) < 0 ||
		    add_document(m, src, items->items[i], depth + 1) < 0)
			return -1;
	return 0;
}

int sp_manifest_add(struct sp_manifest *m, const char *name, const char *bytes, size_t len)
{
	struct sp_source *src = add_source(m, name, bytes, len), whole;
	struct sp_node **docs;
	uint32_t n;

	if (!src)
		return -1;
	whole = (struct sp_source){src->name, bytes, len};
	/* what could be read before a syntax error is checked all the same */
	(void)sp_yaml_parse(&m->arena, &whole, &m->diags, &docs, &n);
	for (uint32_t i = 0; i < n; i++)
		if (add_document(m, src, docs[i], 0) < 0)
			return -1;
	return 0;
}
