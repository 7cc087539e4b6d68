/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Trees into typed structs, by the field tables. Strict: what the tables do not know is told, with
 * the nearest name or the place where the field belongs; all problems of an object are found in
 * one go. A null is an absent field.
 */
#include "spec/decode_internal.h"

#include "base/text.h"

#define PATH_MAX_BYTES 1024

/* ---- places --------------------------------------------------------------------------------- */

static void print_path(const struct step *s, struct sp_buf *b)
{
	if (!s)
		return;
	print_path(s->up, b);
	if (s->in_map)
		sp_buf_printf(b, "[%s]", s->name);
	else if (!s->name)
		sp_buf_printf(b, "[%u]", s->index);
	else
		sp_buf_printf(b, "%s%s", s->up ? "." : "", s->name);
}

const char *sp_decode_path(struct decoder *d, const struct step *s)
{
	char mem[PATH_MAX_BYTES];
	struct sp_buf b = sp_buf_fixed(mem, sizeof(mem));
	const char *path;

	print_path(s, &b);
	path = sp_arena_strdup(d->arena, mem);
	return path ? path : "";
}

uint32_t sp_decode_width(const struct sp_node *n)
{
	if (n->end.line == n->at.line && n->end.col > n->at.col)
		return n->end.col - n->at.col;
	return 1;
}

static void out_of_memory(struct decoder *d)
{
	d->failed = true;
	if (d->diags)
		sp_diag_add(d->diags, SP_SEV_ERROR, d->src->name, (struct sp_mark){0, 0},
			    "out of memory");
}

static void *make(struct decoder *d, size_t n, size_t size)
{
	void *p = sp_arena_array(d->arena, n, size);

	if (!p)
		out_of_memory(d);
	return p;
}

/* ---- wrong values --------------------------------------------------------------------------- */

static const char *with_article(enum sp_node_kind kind)
{
	static const char *const names[] = {"null",     "a boolean", "an integer", "a number",
					    "a string", "a list",    "a map"};

	return names[kind];
}

static bool is_scalar(const struct sp_node *n)
{
	return n->kind != SP_NODE_LIST && n->kind != SP_NODE_MAP;
}

/* A command line as one text: a shell would split it, and nobody else does. */
static const char *words_fix(struct decoder *d, const char *path, const char *text)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf b = {0};
	size_t n = strlen(path);
	bool command = n > 8 && sp_streq(path + n - 8, ".command") && strchr(text, ' ');

	sp_buf_puts(&b, command ? "write [\"sh\", \"-c\", " : "write [");
	sp_buf_json(&b, text);
	sp_buf_putc(&b, ']');
	return b.failed ? NULL : sp_arena_strdup(d->arena, b.ptr);
}

/* What to do about a value of the wrong type. */
static const char *type_fix(struct decoder *d, const char *path, const struct sp_node *n,
			    const char *want)
{
	struct sp_node inside = {0};
	sp_time t;

	if (sp_streq(want, "a string") && is_scalar(n) && n->len < 60)
		return sp_arena_printf(d->arena, "quote it: \"%s\"", n->text);
	if (n->kind == SP_NODE_STR && n->quoted && n->len < 60) {
		sp_scalar_resolve(n->text, n->len, &inside);
		if (sp_streq(want, with_article(inside.kind)))
			return sp_arena_printf(d->arena, "remove the quotes: %s", n->text);
	}
	if (sp_streq(want, "a boolean"))
		return "write true or false";
	if (sp_streq(want, "an integer") && n->kind == SP_NODE_STR && n->len < 60 &&
	    sp_parse_go_duration(n->text, &t) == 0 && t % SP_SEC == 0)
		return sp_arena_printf(d->arena, "write %lld, a number of seconds",
				       (long long)(t / SP_SEC));
	if (sp_streq(want, "an integer") && n->kind == SP_NODE_FLOAT)
		return "write a whole number";
	if (sp_streq(want, "a list of strings") && n->kind == SP_NODE_STR && n->len < 60)
		return words_fix(d, path, n->text);
	if (strncmp(want, "a list", 6) == 0 && n->kind != SP_NODE_LIST)
		return "begin each item with \"- \", on lines of their own";
	if (sp_streq(want, "a map") && n->kind == SP_NODE_LIST)
		return "write the fields without \"- \" in front";
	return NULL;
}

static void wrong_type(struct decoder *d, const struct step *s, const struct sp_node *n,
		       const char *want)
{
	struct sp_diag *g;
	const char *path;

	d->failed = true;
	if (!d->diags)
		return;
	path = sp_decode_path(d, s);
	g = sp_diag_add(d->diags, SP_SEV_ERROR, d->src->name, n->at, "%s must be %s, not %s", path,
			want, with_article(n->kind));
	g->rule = "SP004";
	g->path = path;
	g->len = sp_decode_width(n);
	g->fix = type_fix(d, path, n, want);
}

static struct sp_diag *bad_value(struct decoder *d, const struct step *s, const struct sp_node *n,
				 const char *what)
{
	const char *path;
	struct sp_diag *g;

	d->failed = true;
	if (!d->diags)
		return NULL;
	path = sp_decode_path(d, s);
	g = sp_diag_add(d->diags, SP_SEV_ERROR, d->src->name, n->at, "%s %s", path, what);
	g->rule = "SP004";
	g->path = path;
	g->len = sp_decode_width(n);
	return g;
}

/* The tree belongs to whoever decodes it; so dropped fields, empty texts and quantities show in it
 * as the API server would keep them. */
static struct sp_node *own(const struct sp_node *n)
{
	return (struct sp_node *)(uintptr_t)n;
}

/* An item keeps its place in the list, so that the others keep theirs. */
static void make_empty_map(const struct sp_node *n)
{
	*own(n) = (struct sp_node){.kind = SP_NODE_MAP, .at = n->at, .end = n->end};
}

/* ---- scalars -------------------------------------------------------------------------------- */

static bool get_str(struct decoder *d, const struct step *s, const struct sp_node *n,
		    const char **ret)
{
	if (n->kind != SP_NODE_STR) {
		wrong_type(d, s, n, "a string");
		return false;
	}
	if (strlen(n->text) != n->len) {
		bad_value(d, s, n, "must not hold a NUL character");
		return false;
	}
	*ret = n->text;
	return true;
}

/* Numbers like 1.0 and 1e3 are integers to the Kubernetes tools. */
static bool whole(const struct sp_node *n, int64_t *ret)
{
	if (n->kind == SP_NODE_INT) {
		*ret = n->i;
		return true;
	}
	if (n->kind != SP_NODE_FLOAT || !(n->f >= -9e15 && n->f <= 9e15) ||
	    (double)(int64_t)n->f != n->f)
		return false;
	*ret = (int64_t)n->f;
	return true;
}

static bool get_int(struct decoder *d, const struct step *s, const struct sp_node *n, bool is_32,
		    int64_t *ret)
{
	int64_t v;

	if (!whole(n, &v)) {
		if (n->kind == SP_NODE_FLOAT && (n->f > 9e15 || n->f < -9e15))
			bad_value(d, s, n, "is too large a number");
		else
			wrong_type(d, s, n, "an integer");
		return false;
	}
	if (is_32 && (v < INT32_MIN || v > INT32_MAX)) {
		bad_value(d, s, n, "must fit in 32 bits");
		return false;
	}
	*ret = v;
	return true;
}

/* "64MB", "64mb" and "64mi" are what people write for "64M" and "64Mi". */
static const char *quantity_fix(struct decoder *d, const char *text)
{
	static const char *const forms[][2] = {
		{"kb", "k"},   {"mb", "M"},   {"gb", "G"},   {"tb", "T"},  {"kib", "Ki"},
		{"mib", "Mi"}, {"gib", "Gi"}, {"tib", "Ti"}, {"ki", "Ki"}, {"mi", "Mi"},
		{"gi", "Gi"},  {"ti", "Ti"},  {"g", "G"},    {"k", "k"},   {"t", "T"},
		{"b", ""},     {"core", ""},  {"cores", ""}, {"cpu", ""},
	};
	size_t digits = strspn(text, "0123456789."), blanks;

	blanks = strspn(text + digits, " ");
	for (size_t i = 0; digits && i < SP_ARRAY_LEN(forms); i++)
		if (sp_edit_distance(text + digits + blanks, forms[i][0], 0) == 0)
			return sp_arena_printf(d->arena, "write %.*s%s", (int)SP_MIN(digits, 40u),
					       text, forms[i][1]);
	return "write a number and a unit: 500m of a cpu; 64Mi, 1Gi or 100M of bytes";
}

static bool get_quantity(struct decoder *d, const struct step *s, const struct sp_node *n,
			 struct sp_quantity *ret)
{
	const char *text = n->text;

	if (n->kind == SP_NODE_INT || n->kind == SP_NODE_FLOAT) {
		char mem[64];
		struct sp_buf b = sp_buf_fixed(mem, sizeof(mem));

		sp_node_json(n, -1, &b); /* 0x10 is 16 */
		text = sp_arena_strdup(d->arena, mem);
		if (!text) {
			out_of_memory(d);
			return false;
		}
		own(n)->kind = SP_NODE_STR; /* JSON has quantities as texts */
		own(n)->text = text;
		own(n)->len = (uint32_t)strlen(text);
	} else if (n->kind != SP_NODE_STR) {
		wrong_type(d, s, n, "a quantity");
		return false;
	}
	if (strlen(text) > 100 || sp_quantity_parse(text, ret) < 0) {
		struct sp_diag *g = bad_value(d, s, n, "is not a quantity");

		if (g)
			g->fix = quantity_fix(d, text);
		return false;
	}
	return true;
}

static void decode_time(struct decoder *d, const struct step *s, const struct sp_node *n,
			const char **ret)
{
	struct sp_diag *g;
	const char *text;
	int64_t t;

	if (!get_str(d, s, n, &text))
		return;
	if (sp_parse_rfc3339(text, &t) == 0) {
		*ret = text;
		return;
	}
	g = bad_value(d, s, n, "is not a time");
	if (g)
		g->fix = "write it like 2006-01-02T15:04:05Z";
}

static void decode_int_or_str(struct decoder *d, const struct step *s, const struct sp_node *n,
			      struct sp_int_or_str *ret)
{
	int64_t v;

	if (n->kind == SP_NODE_STR) {
		ret->set = get_str(d, s, n, &ret->str);
	} else if (!whole(n, &v)) {
		wrong_type(d, s, n, "an integer or a string");
	} else if (get_int(d, s, n, true, &v)) {
		ret->set = true;
		ret->num = v;
	}
}

/* Sizes that people use; beyond them checks that compare all with all would take long. */
static bool fits(struct decoder *d, const struct step *s, const struct sp_node *n, uint32_t max)
{
	char text[40];
	struct sp_buf b = sp_buf_fixed(text, sizeof(text));

	if (n->n <= max)
		return true;
	sp_buf_printf(&b, "has more than %u items", max);
	bad_value(d, s, n, text);
	return false;
}

/* Room for the items of @n; NULL: told, or out of memory. */
static void *room(struct decoder *d, const struct step *s, const struct sp_node *n,
		  enum sp_node_kind kind, const char *what, uint32_t max, size_t size)
{
	if (n->kind != kind) {
		wrong_type(d, s, n, what);
		return NULL;
	}
	return fits(d, s, n, max) ? make(d, n->n, size) : NULL;
}

/* ---- lists and maps of scalars -------------------------------------------------------------- */

static void decode_strs(struct decoder *d, const struct step *s, const struct sp_node *n,
			struct sp_strs *ret)
{
	ret->v = room(d, s, n, SP_NODE_LIST, "a list of strings", SP_ITEMS_MAX, sizeof(*ret->v));
	if (!ret->v)
		return;
	for (uint32_t i = 0; i < n->n; i++) {
		struct step at = {.up = s, .index = i};

		if (!get_str(d, &at, n->items[i], &ret->v[i]))
			ret->v[i] = "";
	}
	ret->n = n->n;
}

static void decode_ints(struct decoder *d, const struct step *s, const struct sp_node *n,
			struct sp_ints *ret)
{
	ret->v = room(d, s, n, SP_NODE_LIST, "a list of integers", SP_ITEMS_MAX, sizeof(*ret->v));
	if (!ret->v)
		return;
	for (uint32_t i = 0; i < n->n; i++) {
		struct step at = {.up = s, .index = i};

		(void)get_int(d, &at, n->items[i], false, &ret->v[i]); /* told; 0 stands for it */
	}
	ret->n = n->n;
}

static void decode_bytes(struct decoder *d, const struct step *s, const struct sp_node *n,
			 struct sp_kv *ret)
{
	const char *text;
	struct sp_diag *g;
	char *bytes;

	if (!get_str(d, s, n, &text))
		return;
	bytes = make(d, 1, sp_base64_size(n->len) + 1);
	if (!bytes)
		return;
	if (sp_base64_decode(text, n->len, bytes, &ret->len) == 0) {
		bytes[ret->len] = '\0';
		ret->value = bytes;
		return;
	}
	g = bad_value(d, s, n, "is not base64");
	if (g)
		g->fix = "encode it with base64 -w0, or write plain text under stringData "
			 "(Secret) or data (ConfigMap)";
}

static void decode_map(struct decoder *d, const struct step *s, const struct sp_node *n, bool bytes,
		       struct sp_map *ret)
{
	ret->v = room(d, s, n, SP_NODE_MAP, "a map", SP_ITEMS_MAX, sizeof(*ret->v));
	if (!ret->v)
		return;
	for (uint32_t i = 0; i < n->n; i++) {
		const struct sp_pair *p = &n->pairs[i];
		struct step at = {.up = s, .name = p->key, .in_map = true};
		struct sp_kv *kv = &ret->v[i];

		*kv = (struct sp_kv){.key = p->key, .value = "", .at = p->at};
		if (p->value->kind == SP_NODE_NULL) {
			/* "key:" with nothing behind it is an empty text */
			own(p->value)->kind = SP_NODE_STR;
			own(p->value)->text = "";
			own(p->value)->len = 0;
		}
		if (bytes)
			decode_bytes(d, &at, p->value, kv);
		else if (get_str(d, &at, p->value, &kv->value))
			kv->len = p->value->len;
	}
	ret->n = n->n;
}

static void decode_res(struct decoder *d, const struct step *s, const struct sp_node *n,
		       struct sp_res_list *ret)
{
	ret->v = room(d, s, n, SP_NODE_MAP, "a map", SP_RESOURCES_MAX, sizeof(*ret->v));
	if (!ret->v)
		return;
	for (uint32_t i = 0; i < n->n; i++) {
		const struct sp_pair *p = &n->pairs[i];
		struct step at = {.up = s, .name = p->key, .in_map = true};
		struct sp_res_item *item = &ret->v[ret->n];

		if (p->value->kind == SP_NODE_NULL)
			continue;
		item->name = p->key;
		item->at = p->value->at;
		if (get_quantity(d, &at, p->value, &item->q))
			ret->n++;
	}
}

/* ---- objects -------------------------------------------------------------------------------- */

/* All SP_LIST()s look like this. */
struct any_list {
	void *v;
	uint32_t n;
};

static void decode_list(struct decoder *d, const struct step *s, const struct sp_node *n,
			enum sp_type_id id, struct any_list *ret)
{
	size_t size = sp_type_get(id)->size;
	char *v = NULL;

	if (n->kind != SP_NODE_LIST) {
		wrong_type(d, s, n, "a list");
		return;
	}
	if (!fits(d, s, n, SP_ITEMS_MAX))
		return;
	if (ret && size) {
		v = make(d, n->n, size);
		if (!v)
			return;
		ret->v = v;
		ret->n = n->n;
	}
	for (uint32_t i = 0; i < n->n; i++) {
		struct step at = {.up = s, .index = i};

		if (v) /* also for an item that cannot be decoded: validators want its place */
			*(const struct sp_node **)(void *)(v + i * size) = n->items[i];
		if (n->items[i]->kind != SP_NODE_MAP) {
			wrong_type(d, &at, n->items[i], "a map");
			if (d->opt && d->opt->partial)
				make_empty_map(n->items[i]);
		} else {
			sp_decode_object(d, id, n->items[i], &at, v ? v + i * size : NULL);
		}
	}
}

static void decode_child(struct decoder *d, const struct step *s, const struct sp_node *n,
			 enum sp_type_id id, void **ret)
{
	size_t size = sp_type_get(id)->size;
	void *child = NULL;

	if (n->kind != SP_NODE_MAP) {
		wrong_type(d, s, n, "a map");
		return;
	}
	if (ret && size) {
		child = make(d, 1, size);
		if (!child)
			return;
		*ret = child;
	}
	sp_decode_object(d, id, n, s, child);
}

/* @to: where the field stands in its struct; NULL when it is only checked. */
static void decode_field(struct decoder *d, const struct sp_field *f, const struct sp_node *n,
			 const struct step *s, void *to)
{
	union { /* what is decoded for a field without a place */
		const char *str;
		struct sp_opt_int i;
		struct sp_opt_bool b;
		struct sp_int_or_str is;
		struct sp_strs strs;
		struct sp_ints ints;
		struct sp_map map;
		struct sp_res_list res;
	} none = {0};
	void *p = to ? to : &none;
	struct sp_quantity q;

	switch ((enum sp_field_kind)f->kind) {
	case SP_F_STR:
		(void)get_str(d, s, n, p); /* told; the field stays absent */
		return;
	case SP_F_INT32:
	case SP_F_INT64:
		((struct sp_opt_int *)p)->set =
			get_int(d, s, n, f->kind == SP_F_INT32, &((struct sp_opt_int *)p)->v);
		return;
	case SP_F_BOOL:
		if (n->kind == SP_NODE_BOOL)
			*(struct sp_opt_bool *)p = (struct sp_opt_bool){true, n->b};
		else
			wrong_type(d, s, n, "a boolean");
		return;
	case SP_F_INT_OR_STR:
		decode_int_or_str(d, s, n, p);
		return;
	case SP_F_QUANTITY:
		if (get_quantity(d, s, n, &q))
			*(const char **)p = q.text;
		return;
	case SP_F_TIME:
		decode_time(d, s, n, p);
		return;
	case SP_F_STRS:
		decode_strs(d, s, n, p);
		return;
	case SP_F_INTS:
		decode_ints(d, s, n, p);
		return;
	case SP_F_MAP:
		decode_map(d, s, n, false, p);
		return;
	case SP_F_BYTES_MAP:
		decode_map(d, s, n, true, p);
		return;
	case SP_F_RES:
		decode_res(d, s, n, p);
		return;
	case SP_F_OBJ:
		decode_child(d, s, n, f->type, to);
		return;
	case SP_F_OBJS:
		decode_list(d, s, n, f->type, to);
		return;
	case SP_F_ANY:
	case SP_F_KINDS:
		return;
	}
}

static void list_unacted(struct decoder *d, const struct sp_pair *p, const struct sp_field *f,
			 const struct step *s)
{
	const char *path;
	struct sp_diag *g;

	if (!d->unacted || d->quiet)
		return;
	path = sp_decode_path(d, s);
	g = sp_diag_add(d->unacted, SP_SEV_INFO, d->src->name, p->at, "%s is not acted on", path);
	g->path = path;
	g->len = (uint32_t)sp_utf8_columns(p->key);
	g->why = sp_field_doc(f);
}

/* The tree agrees with what was decoded: whoever walks it finds the kinds that the tables say. */
static bool has_kind(const struct sp_field *f, const struct sp_node *n)
{
	switch ((enum sp_field_kind)f->kind) {
	case SP_F_STR:
	case SP_F_QUANTITY:
	case SP_F_TIME:
		return n->kind == SP_NODE_STR;
	case SP_F_INT32:
	case SP_F_INT64:
		return n->kind == SP_NODE_INT || n->kind == SP_NODE_FLOAT;
	case SP_F_BOOL:
		return n->kind == SP_NODE_BOOL;
	case SP_F_INT_OR_STR:
		return is_scalar(n);
	case SP_F_STRS:
	case SP_F_INTS:
	case SP_F_OBJS:
		return n->kind == SP_NODE_LIST;
	case SP_F_MAP:
	case SP_F_BYTES_MAP:
	case SP_F_RES:
	case SP_F_OBJ:
		return n->kind == SP_NODE_MAP;
	case SP_F_ANY:
	case SP_F_KINDS:
		break;
	}
	return true;
}

/* Return: false when the field does not count and is to be dropped. */
static bool decode_pair(struct decoder *d, enum sp_type_id id, const struct sp_pair *p,
			const struct step *up, char *base)
{
	struct step s = {.up = up, .name = p->key};
	const struct sp_field *f = sp_type_field(id, p->key);
	bool typed = base && f && f->act == SP_ACT_YES, was_quiet = d->quiet;

	if (!f) {
		if (sp_type_is_object(id) &&
		    (sp_streq(p->key, "apiVersion") || sp_streq(p->key, "kind")))
			return true;
		sp_decode_unknown(d, id, p, &s);
		return false;
	}
	if (f->minor > sp_decode_minor(d)) {
		sp_decode_too_new(d, f, p, &s);
		return false;
	}
	if (p->value->kind == SP_NODE_NULL)
		return true;
	if (f->act == SP_ACT_NO) {
		list_unacted(d, p, f, &s);
		d->quiet = true;
	}
	decode_field(d, f, p->value, &s, typed ? base + f->offset : NULL);
	d->quiet = was_quiet;
	return !(d->opt && d->opt->partial) || has_kind(f, p->value);
}

void sp_decode_object(struct decoder *d, enum sp_type_id id, const struct sp_node *n,
		      const struct step *s, void *base)
{
	uint32_t kept = 0;

	if (base)
		*(const struct sp_node **)base = n;
	for (uint32_t i = 0; i < n->n; i++)
		if (decode_pair(d, id, &n->pairs[i], s, base))
			own(n)->pairs[kept++] = n->pairs[i];
	own(n)->n = kept;
}
