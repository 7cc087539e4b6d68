/* SPDX-License-Identifier: Apache-2.0 */
/*
 * YAML and JSON streams into trees, through libyaml's event interface.
 *
 * Limits on bytes, depth and nodes hold also behind aliases, which are copied: a tree is a tree,
 * and defaulting one place must not change another. What the parser says about broken text is
 * turned into what a person can do about it in yaml_error.c.
 */
#include "spec/yaml_internal.h"

#include "base/text.h"

#include <stdlib.h>

#define ANCHORS_MAX        1000
#define ANCHOR_BUCKETS     64
#define TAG_DIRECTIVES_MAX 64                  /* libyaml compares each with all others */
#define MERGE_WORK_MAX     (10u * 1000 * 1000) /* key comparisons for merge keys of one stream */

/* Why there are limits. */
#define TOO_MUCH "a file is kept whole in memory, so there is a limit to what one may hold"

struct anchor {
	struct anchor *next;
	const char *name;
	struct sp_node *node; /* NULL: still being read */
};

/* A place where a surrogate pair of JSON became one character: later columns of the line grow. */
struct shift {
	uint32_t line, col; /* of the character, as libyaml counts */
};

struct reader {
	yaml_parser_t parser;
	struct sp_arena *arena;
	struct sp_diags *diags;
	const char *file;
	const char *bytes; /* what libyaml reads: without byte order mark */
	size_t len;
	struct anchor *anchors[ANCHOR_BUCKETS];
	uint32_t n_anchors, n_nodes, n_duplicates;
	uint64_t merge_work;
	struct shift *shifts;
	uint32_t n_shifts;
	struct sp_node **docs;
	uint32_t n_docs;
};

#define SHIFT_COLUMNS 11 /* "\ud83d\ude00" is 12 characters, its text is one */

static struct sp_mark mark_of(const struct reader *r, const yaml_mark_t *m)
{
	struct sp_mark at = {(uint32_t)m->line + 1, (uint32_t)m->column + 1};
	uint32_t lo = 0, hi = r->n_shifts;

	while (lo < hi) { /* the first shift at or behind this place */
		uint32_t mid = (lo + hi) / 2;
		const struct shift *s = &r->shifts[mid];

		if (s->line < at.line || (s->line == at.line && s->col < at.col))
			lo = mid + 1;
		else
			hi = mid;
	}
	while (lo-- > 0 && r->shifts[lo].line == (uint32_t)m->line + 1)
		at.col += SHIFT_COLUMNS;
	return at;
}

static struct sp_diag *fail_at(struct reader *r, struct sp_mark at, const char *rule,
			       const char *message)
{
	struct sp_diag *d = sp_diag_add(r->diags, SP_SEV_ERROR, r->file, at, "%s", message);

	d->rule = rule;
	return d;
}

static int no_memory(struct reader *r)
{
	fail_at(r, (struct sp_mark){0, 0}, NULL, "out of memory");
	return -1;
}

/* ---- nodes ---------------------------------------------------------------------------------- */

static struct sp_node *new_node(struct reader *r, enum sp_node_kind kind, struct sp_mark at,
				bool expanding)
{
	struct sp_node *n;

	if (r->n_nodes >= SP_NODES_MAX) {
		struct sp_diag *d =
			sp_diag_add(r->diags, SP_SEV_ERROR, r->file, at,
				    expanding ? "the aliases (*name) grow to more than %u values"
					      : "the file has more than %u values",
				    SP_NODES_MAX);

		d->rule = "SP001";
		d->why = TOO_MUCH;
		d->fix = expanding ? "write the values out instead of nesting aliases"
				   : "split the file, say one for each namespace or kind";
		return NULL;
	}
	n = sp_node_new(r->arena, kind);
	if (!n) {
		no_memory(r);
		return NULL;
	}
	r->n_nodes++;
	n->at = at;
	return n;
}

static int check_depth(struct reader *r, struct sp_mark at, unsigned depth)
{
	struct sp_diag *d;

	if (depth <= SP_DEPTH_MAX)
		return 0;
	d = sp_diag_add(r->diags, SP_SEV_ERROR, r->file, at, "values nest more than %d levels deep",
			SP_DEPTH_MAX);
	d->rule = "SP001";
	d->why = "no kind of Kubernetes nests like that, and deep nesting is a way to do harm";
	d->fix = "look for a bracket that is not closed, or for lines that are indented ever more";
	return -1;
}

/* A copy of what an alias stands for. Texts are shared: nobody changes them in place. */
static struct sp_node *expand(struct reader *r, const struct sp_node *n, struct sp_mark at,
			      unsigned depth)
{
	struct sp_node *c, *child;
	int k = 0;

	if (check_depth(r, at, depth) < 0)
		return NULL;
	c = new_node(r, n->kind, at, true);
	if (!c)
		return NULL;
	*c = *n;
	c->n = 0;
	c->items = NULL;
	for (uint32_t i = 0; n->kind == SP_NODE_LIST && i < n->n && k == 0; i++) {
		child = expand(r, n->items[i], n->items[i]->at, depth + 1);
		k = child ? sp_node_push(r->arena, c, child) : -2;
	}
	for (uint32_t i = 0; n->kind == SP_NODE_MAP && i < n->n && k == 0; i++) {
		const struct sp_pair *p = &n->pairs[i];

		child = expand(r, p->value, p->value->at, depth + 1);
		k = child ? sp_node_append(r->arena, c, p->key, p->at, child) : -2;
	}
	if (k == -1)
		no_memory(r);
	return k == 0 ? c : NULL;
}

static unsigned bucket_of(const char *name)
{
	uint32_t h = 2166136261u;

	for (; *name; name++)
		h = (h ^ (unsigned char)*name) * 16777619u;
	return h % ANCHOR_BUCKETS;
}

static int add_anchor(struct reader *r, const yaml_char_t *name, struct sp_mark at,
		      struct anchor **ret)
{
	struct anchor *a;
	unsigned b;

	*ret = NULL;
	if (!name)
		return 0;
	if (r->n_anchors++ >= ANCHORS_MAX) {
		struct sp_diag *d =
			sp_diag_add(r->diags, SP_SEV_ERROR, r->file, at,
				    "the file has more than %d anchors (&name)", ANCHORS_MAX);

		d->rule = "SP001";
		return -1;
	}
	a = sp_arena_alloc(r->arena, sizeof(*a));
	if (a)
		a->name = sp_arena_strdup(r->arena, (const char *)name);
	if (!a || !a->name)
		return no_memory(r);
	b = bucket_of(a->name);
	a->next = r->anchors[b];
	r->anchors[b] = a;
	*ret = a;
	return 0;
}

static struct sp_node *read_alias(struct reader *r, const yaml_event_t *ev, unsigned depth)
{
	const char *name = (const char *)ev->data.alias.anchor;
	struct sp_mark at = mark_of(r, &ev->start_mark);
	struct anchor *a = r->anchors[bucket_of(name)];
	struct sp_diag *d;
	struct sp_node *n;

	while (a && !sp_streq(a->name, name))
		a = a->next;
	if (!a || !a->node) {
		d = sp_diag_add(r->diags, SP_SEV_ERROR, r->file, at,
				a ? "the alias *%s stands inside its own anchor"
				  : "no anchor &%s before this alias",
				name);
		d->rule = "SP001";
		d->len = (uint32_t)strlen(name) + 1;
		if (!a)
			d->fix = "if the * belongs to the text, quote the value";
		return NULL;
	}
	n = expand(r, a->node, at, depth);
	if (n) {
		n->at = at;
		n->end = mark_of(r, &ev->end_mark);
		n->aliased = true;
	}
	return n;
}

/* ---- scalars -------------------------------------------------------------------------------- */

#define TAG_PREFIX "tag:yaml.org,2002:"

static bool is_core_tag(const char *tag, const char *name)
{
	return strncmp(tag, TAG_PREFIX, sizeof(TAG_PREFIX) - 1) == 0 &&
	       sp_streq(tag + sizeof(TAG_PREFIX) - 1, name);
}

static int read_binary(struct reader *r, struct sp_node *n)
{
	char *bytes = sp_arena_alloc(r->arena, sp_base64_size(n->len) + 1);
	size_t len;

	if (!bytes)
		return no_memory(r);
	if (sp_base64_decode(n->text, n->len, bytes, &len) < 0) {
		fail_at(r, n->at, "SP001", "the !!binary value is not base64");
		return -1;
	}
	n->text = bytes;
	n->len = (uint32_t)len;
	n->kind = SP_NODE_STR;
	return 0;
}

/* A tag in front of a scalar: the core ones say the type, all others leave a string. */
static int apply_tag(struct reader *r, struct sp_node *n, const char *tag)
{
	static const struct {
		const char *name;
		enum sp_node_kind kind;
	} tags[] = {
		{"null", SP_NODE_NULL},
		{"bool", SP_NODE_BOOL},
		{"int", SP_NODE_INT},
		{"float", SP_NODE_FLOAT},
	};

	if (is_core_tag(tag, "binary"))
		return read_binary(r, n);
	n->kind = SP_NODE_STR;
	for (size_t i = 0; i < SP_ARRAY_LEN(tags); i++) {
		struct sp_diag *d;

		if (!is_core_tag(tag, tags[i].name))
			continue;
		sp_scalar_resolve(n->text, n->len, n);
		if (n->kind == SP_NODE_INT && tags[i].kind == SP_NODE_FLOAT)
			n->kind = SP_NODE_FLOAT;
		if (n->kind == tags[i].kind)
			return 0;
		d = sp_diag_add(r->diags, SP_SEV_ERROR, r->file, n->at,
				"the value is not what its tag !!%s says", tags[i].name);
		d->rule = "SP001";
		return -1;
	}
	return 0;
}

static struct sp_node *read_scalar(struct reader *r, const yaml_event_t *ev)
{
	const char *tag = (const char *)ev->data.scalar.tag;
	struct sp_node *n;

	n = new_node(r, SP_NODE_STR, mark_of(r, &ev->start_mark), false);
	if (!n)
		return NULL;
	n->end = mark_of(r, &ev->end_mark);
	n->text = sp_arena_strndup(r->arena, (const char *)ev->data.scalar.value,
				   ev->data.scalar.length);
	if (!n->text) {
		no_memory(r);
		return NULL;
	}
	n->len = (uint32_t)ev->data.scalar.length;
	n->quoted = ev->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
	if (tag && !sp_streq(tag, "!"))
		return apply_tag(r, n, tag) < 0 ? NULL : n;
	if (!n->quoted)
		sp_scalar_resolve(n->text, n->len, n);
	return n;
}

/* ---- maps ----------------------------------------------------------------------------------- */

static int by_key(const void *pa, const void *pb)
{
	const struct sp_pair *const *a = pa, *const *b = pb;
	int r = strcmp((*a)->key, (*b)->key);

	return r ? r : *a < *b ? -1 : *a > *b;
}

/* Report each second place of a key; the first one stays in the tree. */
static int check_duplicates(struct reader *r, struct sp_node *map)
{
	const struct sp_pair **v;
	uint32_t kept = 0;
	bool any = false;

	if (map->n < 2)
		return 0;
	v = sp_arena_array(r->arena, map->n, sizeof(*v)); /* little beside the nodes */
	if (!v)
		return no_memory(r);
	for (uint32_t i = 0; i < map->n; i++)
		v[i] = &map->pairs[i];
	qsort(v, map->n, sizeof(struct sp_pair *), by_key);
	for (uint32_t i = 1, first = 0; i < map->n; i++) {
		struct sp_diag *d;

		if (!sp_streq(v[i]->key, v[first]->key)) {
			first = i;
			continue;
		}
		d = sp_diag_add(r->diags, SP_SEV_ERROR, r->file, v[i]->at,
				"the key \"%.100s\" stands here a second time", v[i]->key);
		d->rule = "SP001";
		d->len = (uint32_t)sp_utf8_columns(v[i]->key);
		d->why = sp_arena_printf(r->arena,
					 "the first one is in line %u; only one could count",
					 v[first]->at.line);
		d->fix = "remove or rename one of the two";
		r->n_duplicates++;
		map->pairs[v[i] - map->pairs].value = NULL;
		any = true;
	}
	for (uint32_t i = 0; any && i < map->n; i++)
		if (map->pairs[i].value)
			map->pairs[kept++] = map->pairs[i];
	if (any)
		map->n = kept;
	return 0;
}

/* Keys of @from that @map does not have. */
static int merge_map(struct reader *r, struct sp_node *map, const struct sp_node *from,
		     unsigned depth)
{
	if (from->kind != SP_NODE_MAP) {
		struct sp_diag *d = fail_at(r, from->at, "SP001",
					    "the merge key << wants a map or a list of maps");

		d->fix = "give it an alias of a map: <<: *name";
		return -1;
	}
	for (uint32_t i = 0; i < from->n; i++) {
		const struct sp_pair *p = &from->pairs[i];
		struct sp_node *copy;

		r->merge_work += map->n;
		if (r->merge_work > MERGE_WORK_MAX) {
			fail_at(r, from->at, "SP001", "the merge keys << of this file are too big");
			return -1;
		}
		if (sp_node_pair(map, p->key))
			continue;
		copy = expand(r, p->value, p->value->at, depth + 1);
		if (!copy)
			return -1;
		if (sp_node_append(r->arena, map, p->key, p->at, copy) < 0)
			return no_memory(r);
	}
	return 0;
}

static int merge_value(struct reader *r, struct sp_node *map, const struct sp_node *from,
		       unsigned depth)
{
	if (from->kind != SP_NODE_LIST)
		return merge_map(r, map, from, depth);
	for (uint32_t i = 0; i < from->n; i++)
		if (merge_map(r, map, from->items[i], depth) < 0)
			return -1;
	return 0;
}

static void warn_word_key(struct reader *r, const struct sp_node *key, const char *name)
{
	struct sp_diag *d;

	if (sp_streq(key->text, name))
		return;
	d = sp_diag_add(r->diags, SP_SEV_WARNING, r->file, key->at,
			"the key %s is read as the %s %s and becomes \"%s\"", key->text,
			sp_node_kind_name(key->kind), name, name);
	d->rule = "SP004";
	d->len = (uint32_t)sp_utf8_columns(key->text);
	d->fix = sp_arena_printf(r->arena, "quote it: \"%s\"", key->text);
}

/* Keys of other types become texts, as the Kubernetes tools do it. */
static const char *key_text(struct reader *r, const struct sp_node *key)
{
	struct sp_buf b;
	char mem[64];
	char *text;

	switch (key->kind) {
	case SP_NODE_STR:
		if (strlen(key->text) == key->len)
			return key->text;
		fail_at(r, key->at, "SP001", "a key must not hold a NUL character");
		return NULL;
	case SP_NODE_BOOL:
	case SP_NODE_INT:
	case SP_NODE_FLOAT:
		b = sp_buf_fixed(mem, sizeof(mem));
		sp_node_json(key, -1, &b);
		text = sp_arena_strdup(r->arena, mem);
		if (text)
			warn_word_key(r, key, text);
		else
			no_memory(r);
		return text;
	case SP_NODE_NULL:
		fail_at(r, key->at, "SP001", "a key is missing in front of the colon");
		return NULL;
	case SP_NODE_LIST:
	case SP_NODE_MAP:
		break;
	}
	sp_yaml_complex_key(r->diags, r->file, (struct sp_str){r->bytes, r->len}, key->at);
	return NULL;
}

static int next_event(struct reader *r, yaml_event_t *ev);
static struct sp_node *read_node(struct reader *r, const yaml_event_t *ev, unsigned depth);

/* Reads the events up to the end of the map. @merges collects the values of << keys. */
static int read_pairs(struct reader *r, struct sp_node *map, struct sp_node *merges, unsigned depth)
{
	for (;;) {
		SP_CLEANUP(yaml_event_delete) yaml_event_t ev = {0};
		SP_CLEANUP(yaml_event_delete) yaml_event_t value_ev = {0};
		struct sp_node *key, *value;
		const char *name;

		if (next_event(r, &ev) < 0)
			return -1;
		if (ev.type == YAML_MAPPING_END_EVENT) {
			if (map->flow)
				map->end = mark_of(r, &ev.end_mark);
			return 0;
		}
		key = read_node(r, &ev, depth + 1);
		if (!key)
			return -1;
		if (!key->quoted && !key->aliased && key->kind == SP_NODE_STR &&
		    sp_streq(key->text, "<<")) {
			name = NULL;
		} else {
			name = key_text(r, key);
			if (!name)
				return -1;
		}
		if (next_event(r, &value_ev) < 0)
			return -1;
		value = read_node(r, &value_ev, depth + 1);
		if (!value)
			return -1;
		map->end = value->end;
		if (name ? sp_node_append(r->arena, map, name, key->at, value) < 0
			 : sp_node_push(r->arena, merges, value) < 0)
			return no_memory(r);
	}
}

static struct sp_node *read_map(struct reader *r, const yaml_event_t *ev, unsigned depth)
{
	struct sp_node *map = new_node(r, SP_NODE_MAP, mark_of(r, &ev->start_mark), false);
	struct sp_node merges = {.kind = SP_NODE_LIST};
	struct anchor *anchor;

	if (!map)
		return NULL;
	map->end = map->at;
	map->flow = ev->data.mapping_start.style == YAML_FLOW_MAPPING_STYLE;
	if (add_anchor(r, ev->data.mapping_start.anchor, map->at, &anchor) < 0 ||
	    read_pairs(r, map, &merges, depth) < 0 || check_duplicates(r, map) < 0)
		return NULL;
	for (uint32_t i = 0; i < merges.n; i++)
		if (merge_value(r, map, merges.items[i], depth) < 0)
			return NULL;
	if (anchor)
		anchor->node = map;
	return map;
}

static struct sp_node *read_list(struct reader *r, const yaml_event_t *ev, unsigned depth)
{
	struct sp_node *list = new_node(r, SP_NODE_LIST, mark_of(r, &ev->start_mark), false);
	struct anchor *anchor;

	if (!list || add_anchor(r, ev->data.sequence_start.anchor, list->at, &anchor) < 0)
		return NULL;
	list->end = list->at;
	list->flow = ev->data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE;
	for (;;) {
		SP_CLEANUP(yaml_event_delete) yaml_event_t item_ev = {0};
		struct sp_node *item;

		if (next_event(r, &item_ev) < 0)
			return NULL;
		if (item_ev.type == YAML_SEQUENCE_END_EVENT) {
			if (list->flow)
				list->end = mark_of(r, &item_ev.end_mark);
			if (anchor)
				anchor->node = list;
			return list;
		}
		item = read_node(r, &item_ev, depth + 1);
		if (!item)
			return NULL;
		list->end = item->end;
		if (sp_node_push(r->arena, list, item) < 0) {
			no_memory(r);
			return NULL;
		}
	}
}

static struct sp_node *read_node(struct reader *r, const yaml_event_t *ev, unsigned depth)
{
	struct sp_mark at = mark_of(r, &ev->start_mark);
	struct anchor *anchor;
	struct sp_node *n;

	if (check_depth(r, at, depth) < 0)
		return NULL;
	if (ev->type == YAML_MAPPING_START_EVENT)
		return read_map(r, ev, depth);
	if (ev->type == YAML_SEQUENCE_START_EVENT)
		return read_list(r, ev, depth);
	if (ev->type == YAML_ALIAS_EVENT)
		return read_alias(r, ev, depth);
	assert(ev->type == YAML_SCALAR_EVENT);
	if (add_anchor(r, ev->data.scalar.anchor, at, &anchor) < 0)
		return NULL;
	n = read_scalar(r, ev);
	if (n && anchor)
		anchor->node = n;
	return n;
}

/* ---- streams -------------------------------------------------------------------------------- */

static int next_event(struct reader *r, yaml_event_t *ev)
{
	if (yaml_parser_parse(&r->parser, ev))
		return 0;
	if (r->parser.error == YAML_MEMORY_ERROR)
		return no_memory(r);
	sp_yaml_syntax_error(r->diags, r->file, (struct sp_str){r->bytes, r->len}, &r->parser);
	return -1;
}

static int read_document(struct reader *r)
{
	SP_CLEANUP(yaml_event_delete) yaml_event_t ev = {0};
	SP_CLEANUP(yaml_event_delete) yaml_event_t end = {0};
	struct sp_node *root;

	memset(r->anchors, 0, sizeof(r->anchors));
	if (next_event(r, &ev) < 0)
		return -1;
	root = read_node(r, &ev, 1);
	if (!root)
		return -1;
	if (root->kind != SP_NODE_NULL) {
		/* the list of documents grows like a list of nodes */
		struct sp_node list = {.kind = SP_NODE_LIST, .items = r->docs, .n = r->n_docs};

		if (sp_node_push(r->arena, &list, root) < 0)
			return no_memory(r);
		r->docs = list.items;
		r->n_docs = list.n;
	}
	return next_event(r, &end); /* end of document */
}

static int read_stream(struct reader *r)
{
	for (;;) {
		SP_CLEANUP(yaml_event_delete) yaml_event_t ev = {0};

		if (next_event(r, &ev) < 0)
			return -1;
		if (ev.type == YAML_STREAM_END_EVENT)
			return r->n_duplicates ? -1 : 0;
		if (ev.type == YAML_DOCUMENT_START_EVENT && read_document(r) < 0)
			return -1;
	}
}

static int hex4(const char *s)
{
	int v = 0;

	for (int i = 0; i < 4; i++) {
		char c = s[i];
		int d = c >= '0' && c <= '9'   ? c - '0'
			: c >= 'a' && c <= 'f' ? c - 'a' + 10
			: c >= 'A' && c <= 'F' ? c - 'A' + 10
					       : -1;

		if (d < 0)
			return -1;
		v = v * 16 + d;
	}
	return v;
}

/* The code point of a surrogate pair "\uD83D\uDE00" at @s, 0 when there is none. */
static uint32_t surrogate_pair(const char *s, size_t n)
{
	int hi, lo;

	if (n < 12 || s[1] != 'u' || s[6] != '\\' || s[7] != 'u')
		return 0;
	hi = hex4(s + 2);
	lo = hex4(s + 8);
	if (hi < 0xd800 || hi > 0xdbff || lo < 0xdc00 || lo > 0xdfff)
		return 0;
	return 0x10000 + (((uint32_t)hi - 0xd800) << 10) + ((uint32_t)lo - 0xdc00);
}

static void put_utf8_4(char *to, uint32_t c)
{
	to[0] = (char)(0xf0 | (c >> 18));
	to[1] = (char)(0x80 | ((c >> 12) & 0x3f));
	to[2] = (char)(0x80 | ((c >> 6) & 0x3f));
	to[3] = (char)(0x80 | (c & 0x3f));
}

/*
 * JSON writes characters beyond U+FFFF as two escapes, which YAML does not know. They are put in
 * as characters before parsing, and mark_of() makes up for it.
 */
static int join_surrogates(struct reader *r)
{
	size_t pairs = 0, n = 0;
	uint32_t line = 1, col = 1;
	bool in_string = false;
	char *to;

	for (size_t i = 0; i + 12 <= r->len; i++)
		pairs += r->bytes[i] == '\\' && surrogate_pair(r->bytes + i, r->len - i) != 0;
	if (!pairs)
		return 0;
	to = sp_arena_alloc(r->arena, r->len);
	r->shifts = sp_arena_array(r->arena, pairs, sizeof(*r->shifts));
	if (!to || !r->shifts)
		return no_memory(r);
	for (size_t i = 0; i < r->len; i++, col++) {
		char c = r->bytes[i];
		uint32_t joined;

		if (c == '"')
			in_string = !in_string;
		if (c == '\n') {
			line++;
			col = 0;
		} else if (((unsigned char)c & 0xc0) == 0x80) {
			col--; /* inside a character */
		} else if (c == '\\' && in_string) {
			joined = surrogate_pair(r->bytes + i, r->len - i);
			if (joined) {
				put_utf8_4(to + n, joined);
				n += 4;
				i += 11;
				r->shifts[r->n_shifts++] = (struct shift){line, col};
				continue;
			}
			if (i + 1 < r->len && r->bytes[i + 1] != '\n') {
				to[n++] = c; /* the escaped character is no quote */
				c = r->bytes[++i];
				col++;
			}
		}
		to[n++] = c;
	}
	r->bytes = to;
	r->len = n;
	return 0;
}

/* Is this a stream that only costs time? */
static int check_size(struct reader *r)
{
	uint32_t tags = 0;
	const char *p = r->bytes, *end = r->bytes + r->len;

	if (r->len > SP_SOURCE_MAX_BYTES) {
		struct sp_diag *d = sp_diag_add(
			r->diags, SP_SEV_ERROR, r->file, (struct sp_mark){0, 0},
			"the file is bigger than %u MiB", SP_SOURCE_MAX_BYTES / 1024 / 1024);

		d->rule = "SP001";
		d->why = TOO_MUCH;
		d->fix = "split the file, say one for each namespace or kind";
		return -1;
	}
	while (p && p < end) {
		if (*p == '%' && ++tags > TAG_DIRECTIVES_MAX) {
			fail_at(r, (struct sp_mark){0, 0}, "SP001",
				"the file has too many lines that begin with %");
			return -1;
		}
		p = memchr(p, '\n', (size_t)(end - p));
		p = p ? p + 1 : NULL;
	}
	return 0;
}

int sp_yaml_parse(struct sp_arena *a, const struct sp_source *src, struct sp_diags *diags,
		  struct sp_node ***ret, uint32_t *ret_n)
{
	struct reader r = {.arena = a,
			   .diags = diags,
			   .file = src->name,
			   .bytes = src->bytes,
			   .len = src->len};
	size_t blank = 0;
	int k;

	*ret = NULL;
	*ret_n = 0;
	if (r.len >= 3 && memcmp(r.bytes, "\xef\xbb\xbf", 3) == 0) {
		r.bytes += 3;
		r.len -= 3;
	}
	if (check_size(&r) < 0)
		return -1;
	while (blank < r.len && strchr(" \t\r\n", r.bytes[blank]) && r.bytes[blank])
		blank++;
	if (blank < r.len && strchr("{[", r.bytes[blank]) && r.bytes[blank] &&
	    join_surrogates(&r) < 0)
		return -1;
	if (!yaml_parser_initialize(&r.parser))
		return no_memory(&r);
	yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&r.parser, (const unsigned char *)r.bytes, r.len);
	k = read_stream(&r);
	yaml_parser_delete(&r.parser);
	*ret = r.docs;
	*ret_n = r.n_docs;
	return k;
}
