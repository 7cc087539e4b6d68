/* SPDX-License-Identifier: Apache-2.0 */
/* Records of known sidecars from YAML, by tables of their keys. Unknown keys are errors: a fact
 * under a misspelt key would silently not count. */
#include "lint/catalogue_internal.h"

#include <stdio.h>

enum key_kind {
	KEY_TEXT,
	KEY_SECONDS, /* int, -1 when absent */
	KEY_UID,     /* the same */
	KEY_PORT,    /* uint16_t */
	KEY_FLAG,
	KEY_TEXTS,   /* struct sp_strs */
	KEY_TYPE,    /* enum sp_cat_type */
	KEY_SURE,    /* enum sp_confidence */
	KEY_RELEASE, /* "4.2": two uint16_t */
	KEY_PORTS,
	KEY_HEALTH,
	KEY_FACTS,
};

struct key {
	const char *name;
	enum key_kind kind;
	size_t offset;
	bool must;
};

#define ENTRY(name, kind, member)                                                                  \
	{                                                                                          \
		name, kind, offsetof(struct sp_cat_entry, member), false                           \
	}
#define ENTRY_(name, kind, member)                                                                 \
	{                                                                                          \
		name, kind, offsetof(struct sp_cat_entry, member), true                            \
	}
static const struct key entry_keys[] = {
	ENTRY_("id", KEY_TEXT, id),
	ENTRY_("product", KEY_TEXT, product),
	ENTRY_("type", KEY_TYPE, type),
	ENTRY_("order", KEY_SECONDS, order),
	ENTRY_("repo", KEY_TEXT, repo),
	ENTRY("name", KEY_TEXT, name),
	ENTRY("tag", KEY_TEXT, tag),
	ENTRY("need", KEY_TEXT, need),
	ENTRY("guard", KEY_TEXT, guard),
	ENTRY("at_best", KEY_SURE, at_best),
	ENTRY("both", KEY_FLAG, both),
	ENTRY("jobs_only", KEY_FLAG, jobs_only),
	ENTRY("ports", KEY_PORTS, ports),
	ENTRY("health", KEY_HEALTH, health),
	ENTRY("probes_app", KEY_FLAG, probes_app),
	ENTRY("stays", KEY_FLAG, stays),
	ENTRY("args_seen", KEY_TEXT, args_seen),
	ENTRY("args_text", KEY_TEXT, args_text),
	ENTRY("quit_seen", KEY_TEXT, quit_seen),
	ENTRY("reload", KEY_TEXT, reload),
	ENTRY("exit_flag", KEY_TEXT, exit_flag),
	ENTRY("drain_flag", KEY_TEXT, drain_flag),
	ENTRY("idle_exit", KEY_TEXT, idle_exit),
	ENTRY("idle_seen", KEY_TEXT, idle_seen),
	ENTRY("idle_off", KEY_TEXT, idle_off),
	ENTRY("retired_next", KEY_TEXT, retired_next),
	ENTRY("start_s", KEY_SECONDS, start_s),
	ENTRY("stop_s", KEY_SECONDS, stop_s),
	ENTRY("drain_s", KEY_SECONDS, drain_s),
	ENTRY("uid", KEY_UID, uid),
	ENTRY("no_shell", KEY_FLAG, no_shell),
	ENTRY("cpu", KEY_TEXT, cpu),
	ENTRY("memory", KEY_TEXT, memory),
	ENTRY("memory_limit", KEY_TEXT, memory_limit),
	ENTRY("memory_min", KEY_TEXT, memory_min),
	ENTRY("notes", KEY_TEXT, notes),
	ENTRY_("source", KEY_TEXT, source),
	ENTRY_("checked", KEY_TEXT, checked),
	ENTRY("facts", KEY_FACTS, facts),
	ENTRY_("verified", KEY_FLAG, verified),
	ENTRY("documented", KEY_TEXTS, documented),
};

#define PORT(name, kind, member)                                                                   \
	{                                                                                          \
		name, kind, offsetof(struct sp_cat_port, member), false                            \
	}
static const struct key port_keys[] = {
	PORT("what", KEY_TEXT, what),
	{"port", KEY_PORT, offsetof(struct sp_cat_port, port), true},
	PORT("udp", KEY_FLAG, udp),
	PORT("loopback", KEY_FLAG, loopback),
	PORT("bind_seen", KEY_TEXT, bind_seen),
	PORT("bind_add", KEY_TEXT, bind_add),
};

#define HEALTH(name, kind, member)                                                                 \
	{                                                                                          \
		name, kind, offsetof(struct sp_cat_health, member), false                          \
	}
static const struct key health_keys[] = {
	{"use", KEY_TEXT, offsetof(struct sp_cat_health, use), true},
	HEALTH("path", KEY_TEXT, path),
	HEALTH("port", KEY_PORT, port),
	HEALTH("https", KEY_FLAG, https),
	HEALTH("exec", KEY_TEXTS, exec),
	HEALTH("switch_seen", KEY_TEXT, switch_seen),
	HEALTH("switch_add", KEY_TEXTS, switch_add),
	HEALTH("switch_text", KEY_TEXT, switch_text),
	HEALTH("from", KEY_RELEASE, from_major),
};
_Static_assert(offsetof(struct sp_cat_health, from_minor) ==
		       offsetof(struct sp_cat_health, from_major) + sizeof(uint16_t),
	       "a release is two numbers side by side");

static const struct key fact_keys[] = {
	{"of", KEY_TEXTS, offsetof(struct sp_cat_fact, of), true},
	{"source", KEY_TEXT, offsetof(struct sp_cat_fact, source), true},
	{"checked", KEY_TEXT, offsetof(struct sp_cat_fact, checked), true},
};

struct catalogue_reader {
	struct sp_arena *arena;
	const char *file;
	struct sp_error *err;
};

static int bad(const struct catalogue_reader *r, const struct sp_node *n, const char *what,
	       const char *name)
{
	return sp_fail(r->err, SP_E_INVALID, "%s:%u:%u: %s%s%s%s", r->file, n->at.line, n->at.col,
		       name ? "'" : "", name ? name : "", name ? "' " : "", what);
}

static int no_memory(const struct catalogue_reader *r)
{
	return sp_fail(r->err, SP_E_NO_MEMORY, "read the catalogue '%s'", r->file);
}

/* Numbers may stand where a text is meant: "2026", 1.0. */
static const char *text_of(const struct sp_node *n)
{
	return n->kind == SP_NODE_NULL || n->kind == SP_NODE_LIST || n->kind == SP_NODE_MAP
		       ? NULL
		       : n->text;
}

static int read_texts(const struct catalogue_reader *r, const struct sp_node *n, const char *name,
		      struct sp_strs *ret)
{
	if (n->kind != SP_NODE_LIST)
		return bad(r, n, "must be a list of texts", name);
	ret->v = sp_arena_array(r->arena, n->n + 1, sizeof(*ret->v));
	if (!ret->v)
		return no_memory(r);
	for (uint32_t i = 0; i < n->n; i++) {
		ret->v[ret->n] = text_of(n->items[i]);
		if (!ret->v[ret->n++])
			return bad(r, n->items[i], "must be a list of texts", name);
	}
	return 0;
}

static int read_word(const struct catalogue_reader *r, const struct sp_node *n, const char *name,
		     const char *(*word)(int), int count, int *ret)
{
	for (int i = 0; i < count; i++) {
		if (n->kind == SP_NODE_STR && sp_streq(word(i), n->text)) {
			*ret = i;
			return 0;
		}
	}
	return bad(r, n, "is none of its words", name);
}

static const char *type_word(int i)
{
	return sp_cat_type_name((enum sp_cat_type)i);
}

static const char *sure_word(int i)
{
	return sp_confidence_name((enum sp_confidence)i);
}

static int read_release(const struct catalogue_reader *r, const struct sp_node *n, const char *name,
			uint16_t *ret)
{
	unsigned major, minor;
	char rest;

	/* NOLINTNEXTLINE(cert-err34-c): five digits cannot overflow */
	if (!text_of(n) || sscanf(n->text, "%5u.%5u%c", &major, &minor, &rest) != 2 ||
	    major > UINT16_MAX || minor > UINT16_MAX)
		return bad(r, n, "must be a release like \"4.2\"", name);
	ret[0] = (uint16_t)major;
	ret[1] = (uint16_t)minor;
	return 0;
}

static int read_record(const struct catalogue_reader *r, const struct sp_node *n,
		       const struct key *keys, size_t n_keys, void *to);

static int read_records(const struct catalogue_reader *r, const struct sp_node *n, const char *name,
			const struct key *keys, size_t n_keys, size_t size, void **ret,
			uint32_t *ret_n)
{
	char *v;

	if (n->kind != SP_NODE_LIST)
		return bad(r, n, "must be a list", name);
	v = sp_arena_array(r->arena, n->n + 1, size);
	if (!v)
		return no_memory(r);
	for (uint32_t i = 0; i < n->n; i++)
		if (read_record(r, n->items[i], keys, n_keys, v + i * size) < 0)
			return -1;
	*ret = v;
	*ret_n = n->n;
	return 0;
}

/* A fact about a key that no record has would be one about nothing. */
static int check_facts(const struct catalogue_reader *r, const struct sp_node *n,
		       const struct sp_cat_entry *e)
{
	for (uint32_t i = 0; i < e->n_facts; i++)
		for (uint32_t k = 0; k < e->facts[i].of.n; k++) {
			bool known = false;

			for (size_t x = 0; x < SP_ARRAY_LEN(entry_keys); x++)
				known |= sp_streq(entry_keys[x].name, e->facts[i].of.v[k]);
			if (!known)
				return bad(r, n->items[i], "is no key of a record",
					   e->facts[i].of.v[k]);
		}
	return 0;
}

static int read_key(const struct catalogue_reader *r, const struct sp_node *n, const struct key *k,
		    char *to)
{
	struct sp_cat_entry *e;
	void *v = NULL;
	int64_t max = k->kind == KEY_PORT ? 65535 : INT32_MAX;
	int word;

	switch (k->kind) {
	case KEY_TEXT:
		if (!text_of(n))
			return bad(r, n, "must be a text", k->name);
		*(const char **)(to + k->offset) = text_of(n);
		return 0;
	case KEY_SECONDS:
	case KEY_UID:
	case KEY_PORT:
		if (n->kind != SP_NODE_INT || n->i < 0 || n->i > max)
			return bad(r, n, "must be a number that fits", k->name);
		if (k->kind == KEY_PORT)
			*(uint16_t *)(to + k->offset) = (uint16_t)n->i;
		else
			*(int *)(to + k->offset) = (int)n->i;
		return 0;
	case KEY_FLAG:
		if (n->kind != SP_NODE_BOOL)
			return bad(r, n, "must be true or false", k->name);
		*(bool *)(to + k->offset) = n->b;
		return 0;
	case KEY_TEXTS:
		return read_texts(r, n, k->name, (struct sp_strs *)(to + k->offset));
	case KEY_TYPE:
		if (read_word(r, n, k->name, type_word, SP_CAT_TYPES, &word) < 0)
			return -1;
		*(enum sp_cat_type *)(to + k->offset) = (enum sp_cat_type)word;
		return 0;
	case KEY_SURE:
		if (read_word(r, n, k->name, sure_word, SP_CONFIDENCES, &word) < 0)
			return -1;
		*(enum sp_confidence *)(to + k->offset) = (enum sp_confidence)word;
		return 0;
	case KEY_RELEASE:
		return read_release(r, n, k->name, (uint16_t *)(to + k->offset));
	case KEY_PORTS:
		e = (struct sp_cat_entry *)to;
		if (read_records(r, n, k->name, port_keys, SP_ARRAY_LEN(port_keys),
				 sizeof(*e->ports), &v, &e->n_ports) < 0)
			return -1;
		e->ports = v;
		return 0;
	case KEY_HEALTH:
		e = (struct sp_cat_entry *)to;
		if (read_records(r, n, k->name, health_keys, SP_ARRAY_LEN(health_keys),
				 sizeof(*e->health), &v, &e->n_health) < 0)
			return -1;
		e->health = v;
		return 0;
	case KEY_FACTS:
		e = (struct sp_cat_entry *)to;
		if (read_records(r, n, k->name, fact_keys, SP_ARRAY_LEN(fact_keys),
				 sizeof(*e->facts), &v, &e->n_facts) < 0)
			return -1;
		e->facts = v;
		return check_facts(r, n, e);
	}
	return 0;
}

static int read_record(const struct catalogue_reader *r, const struct sp_node *n,
		       const struct key *keys, size_t n_keys, void *to)
{
	if (n->kind != SP_NODE_MAP)
		return bad(r, n, "a record must be a map", NULL);
	for (uint32_t i = 0; i < n->n; i++) {
		const struct key *k = NULL;

		for (size_t x = 0; x < n_keys && !k; x++)
			if (sp_streq(keys[x].name, n->pairs[i].key))
				k = &keys[x];
		if (!k) {
			const struct sp_node place = {.at = n->pairs[i].at};

			return bad(r, &place, "is no key of a record", n->pairs[i].key);
		}
		if (read_key(r, n->pairs[i].value, k, to) < 0)
			return -1;
	}
	for (size_t x = 0; x < n_keys; x++)
		if (keys[x].must && !sp_node_get(n, keys[x].name))
			return bad(r, n, "is missing in this record", keys[x].name);
	return 0;
}

int sp_cat_read(struct sp_arena *a, const struct sp_source *src, struct sp_cat_entry **ret,
		uint32_t *ret_n, struct sp_error *err)
{
	const struct catalogue_reader r = {a, src->name, err};
	const struct sp_node *list;
	struct sp_node **docs;
	struct sp_diags diags;
	uint32_t n;

	sp_diags_init(&diags, a);
	if (sp_yaml_parse(a, src, &diags, &docs, &n) < 0)
		return sp_fail(err, SP_E_INVALID, "%s:%u:%u: %s", src->name,
			       diags.n ? diags.v[0].at.line : 0, diags.n ? diags.v[0].at.col : 0,
			       diags.n ? diags.v[0].message : "out of memory");
	if (n != 1)
		return sp_fail(err, SP_E_INVALID, "%s: a catalogue is one document", src->name);
	if (!sp_streq(sp_node_str(sp_node_get(docs[0], "catalogue"), ""), "sidepod.catalogue/v1"))
		return bad(&r, docs[0], "the first line must be catalogue: sidepod.catalogue/v1",
			   NULL);
	list = sp_node_get(docs[0], "records");
	if (!list || list->kind != SP_NODE_LIST || list->n > SP_CAT_RECORDS_MAX)
		return bad(&r, list ? list : docs[0], "must be a list of records", "records");
	*ret = sp_arena_array(a, list->n + 1, sizeof(**ret));
	if (!*ret)
		return no_memory(&r);
	for (uint32_t i = 0; i < list->n; i++) {
		struct sp_cat_entry *e = &(*ret)[i];

		e->start_s = e->stop_s = e->drain_s = e->uid = -1;
		if (read_record(&r, list->items[i], entry_keys, SP_ARRAY_LEN(entry_keys), e) < 0)
			return -1;
	}
	*ret_n = list->n;
	return 0;
}
