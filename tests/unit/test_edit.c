/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Edits of manifests: what changes is what was asked for, byte by byte; everything else stays.
 * Known cases by their texts, and made-up manifests of all styles by what must hold for any.
 */
#include "base/text.h"
#include "spec/edit.h"

#include "cmocka_all.h"

#include <stdio.h>
#include <stdlib.h>

struct doc {
	struct sp_arena arena;
	struct sp_source src;
	struct sp_node **docs;
	uint32_t n;
};

static void doc_done(struct doc *d)
{
	sp_arena_done(&d->arena);
}

static bool parse(struct doc *d, const char *text, size_t len)
{
	struct sp_diags diags;

	*d = (struct doc){.src = {"t.yaml", text, len}};
	sp_diags_init(&diags, &d->arena);
	return sp_yaml_parse(&d->arena, &d->src, &diags, &d->docs, &d->n) == 0;
}

static const struct sp_node *value(struct sp_arena *a, const char *text)
{
	struct sp_source *src = sp_arena_alloc(a, sizeof(*src));
	struct sp_node **docs;
	struct sp_diags diags;
	uint32_t n;

	*src = (struct sp_source){"value", text, strlen(text)};
	sp_diags_init(&diags, a);
	assert_int_equal(sp_yaml_parse(a, src, &diags, &docs, &n), 0);
	return n ? docs[0] : sp_node_new(a, SP_NODE_NULL);
}

/* Words of one line: parted by " | ". */
static uint32_t words_of(struct sp_arena *a, const char *line, size_t len, const char **w)
{
	uint32_t n = 0;

	while (len && n < 8) {
		const char *bar = memmem(line, len, " | ", 3);
		size_t k = bar ? (size_t)(bar - line) : len;

		w[n++] = sp_arena_strndup(a, line, k);
		line += bar ? k + 3 : k;
		len -= bar ? k + 3 : k;
	}
	return n;
}

static const struct sp_node *at(const struct doc *d, const char *path)
{
	const struct sp_node *n = NULL;

	for (uint32_t i = 0; i < d->n && !n; i++)
		n = sp_node_at(d->docs[i], path);
	return n;
}

static uint32_t num(const char *s)
{
	return (uint32_t)strtoul(s, NULL, 10);
}

static int one(struct sp_edits *e, const struct doc *d, const char **w, uint32_t n,
	       const struct sp_node **made, struct sp_error *err)
{
	struct sp_arena *a = e->arena;
	const struct sp_node *p = at(d, sp_streq(w[1], ".") ? "" : w[1]);

	assert_non_null(p);
	if (sp_streq(w[0], "scalar"))
		return sp_edit_scalar(e, p, value(a, w[2]), err);
	if (sp_streq(w[0], "set"))
		return sp_edit_set(e, p, w[2], value(a, w[3]), n > 4 ? w[4] : NULL, err);
	if (sp_streq(w[0], "path"))
		return sp_edit_set_path(e, p, w[2], value(a, w[3]), err);
	if (sp_streq(w[0], "rename"))
		return sp_edit_rename(e, p, w[2], w[3], err);
	if (sp_streq(w[0], "remove"))
		return sp_edit_remove(e, p, w[2], err);
	if (sp_streq(w[0], "insert"))
		return sp_edit_insert_item(e, p, num(w[2]), value(a, w[3]), err);
	if (sp_streq(w[0], "drop"))
		return sp_edit_remove_item(e, p, num(w[2]), err);
	if (sp_streq(w[0], "new"))
		return sp_edit_new_list(e, p, w[2], n > 3 ? w[3] : NULL, made, err);
	if (sp_streq(w[0], "move"))
		return sp_edit_move_item(e, p, num(w[2]), n > 3 ? at(d, w[3]) : *made,
					 n > 4 ? num(w[4]) : 0, err);
	if (sp_streq(w[0], "comment"))
		return sp_edit_line_comment(e, p->at, w[2], err);
	fail_msg("unknown edit %s", w[0]);
	return -1;
}

/* Do the edits of @script, one per line. */
static int edit(const char *text, const char *script, struct sp_buf *out, struct sp_error *err)
{
	SP_CLEANUP(doc_done) struct doc d;
	const struct sp_node *made = NULL;
	struct sp_edits e;
	int r = 0;

	assert_true(parse(&d, text, strlen(text)));
	sp_edits_init(&e, &d.arena, &d.src);
	while (*script && r == 0) {
		const char *w[8];
		size_t len = strcspn(script, "\n");
		uint32_t n = words_of(&d.arena, script, len, w);

		r = one(&e, &d, w, n, &made, err);
		script += len;
		script += *script == '\n';
	}
	sp_buf_puts(out, "");
	return r < 0 ? r : sp_edits_apply(&e, out, err);
}

struct example {
	const char *before, *script, *after; /* after NULL: refused */
};

static void check(const struct example *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct sp_buf out = {0};
		struct sp_error err = {0};
		int r = edit(v[i].before, v[i].script, &out, &err);

		if ((r < 0) != !v[i].after)
			print_error("case %zu: %s: %s\n%s", i, v[i].script, err.text, v[i].before);
		assert_int_equal(r < 0, !v[i].after);
		if (v[i].after)
			assert_string_equal(out.ptr, v[i].after);
		else
			assert_int_equal(err.code, SP_E_UNSUPPORTED);
		sp_buf_done(&out);
	}
}

static void test_scalars(void **state)
{
	static const struct example v[] = {
		{"a: 1\nb: 2\n", "scalar | a | 7", "a: 7\nb: 2\n"},
		{"a: 1 # one\n", "scalar | a | '1'", "a: \"1\" # one\n"},
		{"a: 'x' # c\n", "scalar | a | it's", "a: 'it''s' # c\n"},
		{"a: \"x\"\n", "scalar | a | 'say \"hi\"'", "a: \"say \\\"hi\\\"\"\n"},
		{"a: x\n", "scalar | a | 'b: c'", "a: \"b: c\"\n"},
		{"a:\nb: 1\n", "scalar | a | 1", "a: 1\nb: 1\n"},
		{"a: # none\nb: 1\n", "scalar | a | 1", "a: 1 # none\nb: 1\n"},
		{"- x\n-\n- y\n", "scalar | [1] | z", "- x\n- z\n- y\n"},
		{"[a, b]\n", "scalar | [1] | 'x, y'", "[a, \"x, y\"]\n"},
		{"k: [a, b]\n", "scalar | k[1] | 'x, y'", "k: [a, \"x, y\"]\n"},
		{"{\"a\": \"b\"}\n", "scalar | a | c", "{\"a\": \"c\"}\n"},
		{"\xef\xbb\xbf"
		 "a: \xc3\xa4\xf0\x9f\x90\xb3 # \xc3\xb6\nb: c\n",
		 "scalar | a | d\nscalar | b | e",
		 "\xef\xbb\xbf"
		 "a: d # \xc3\xb6\nb: e\n"},
		{"a: 1\r\nb: 2\r\n", "scalar | b | 3", "a: 1\r\nb: 3\r\n"},
		{"a: |\n  one\n  two\n\nb: 1\n", "scalar | a | \"one\\nthree\\n\"",
		 "a: |\n  one\n  three\n\nb: 1\n"},
		{"a: |- # c\n    one\nb: 1\n", "scalar | a | \"one\\ntwo\"",
		 "a: |- # c\n    one\n    two\nb: 1\n"},
		{"a: |\n  one\nb: 1\n", "scalar | a | x", "a: |-\n  x\nb: 1\n"},
		{"a: one\n  two\nb: 1\n", "scalar | a | x", "a: x\nb: 1\n"},
		{"a: &x 1\nb: 2\n", "scalar | a | 3", "a: &x 3\nb: 2\n"},
		{"a: &x 1\nb: *x\n", "scalar | a | 3", NULL},
		{"a: &x 1\nb: *x\n", "scalar | b | 3", NULL},
		{"a: &x {c: 1}\nb: *x\n", "scalar | a.c | 3", NULL},
		{"a: &x {c: 1}\nb: *x\n", "scalar | b.c | 3", NULL},
		{"a: !!str 1\n", "scalar | a | 2", "a: 2\n"},
		{"a: 1", "scalar | a | 2", "a: 2"},
		{"--- # first\na: 1\n...\n---\nb: 1\n", "scalar | b | 2",
		 "--- # first\na: 1\n...\n---\nb: 2\n"},
	};

	check(v, SP_ARRAY_LEN(v));
}

static void test_pairs(void **state)
{
	static const struct example v[] = {
		{"a: 1\nb: 2 # two\n# end\n", "set | . | c | 3", "a: 1\nb: 2 # two\nc: 3\n# end\n"},
		{"a: 1\nb: 2\n", "set | . | c | 3 | a", "a: 1\nc: 3\nb: 2\n"},
		{"a: 1", "set | . | b | 2", "a: 1\nb: 2"},
		{"a: 1\r\n", "set | . | b | {c: [1, d]}",
		 "a: 1\r\nb:\r\n  c:\r\n  - 1\r\n  - d\r\n"},
		{"x:\n  w:\n    - 1\n", "set | x | z | [2]", "x:\n  w:\n    - 1\n  z:\n    - 2\n"},
		{"x:\n    w:\n        q: 1\n", "set | x | z | {r: 2}",
		 "x:\n    w:\n        q: 1\n    z:\n        r: 2\n"},
		{"- name: a\n  image: b\n\n- name: c\n", "set | [0] | tty | true",
		 "- name: a\n  image: b\n  tty: true\n\n- name: c\n"},
		{"a: {b: 1}\n", "set | a | c | x y", "a: {b: 1, c: x y}\n"},
		{"a: {}\n", "set | a | c | 1", "a:\n  c: 1\n"},
		{"a: {} # empty\nb: 1\n", "set | a | c | 1", "a: # empty\n  c: 1\nb: 1\n"},
		{"[{}]\n", "set | [0] | c | 1", "[{\"c\": 1}]\n"},
		{"{\n  \"a\": 1,\n  \"b\": {\"c\": 2}\n}\n", "set | . | d | {e: [1]}",
		 "{\n  \"a\": 1,\n  \"b\": {\"c\": 2},\n  \"d\": {\n    \"e\": [\n      1\n    ]\n  }\n}\n"},
		{"a: 1\nb: 2\n", "set | . | a | {c: d}", "a:\n  c: d\nb: 2\n"},
		{"a: # why\n  c: d\nb: 2\n", "set | . | a | 1", "a: 1 # why\nb: 2\n"},
		{"a: 1 # why\nb: 2\n", "set | . | a | [x]", "a: # why\n- x\nb: 2\n"},
		{"a: |\n  x\n\nb: 1\n", "set | . | a | {c: 1}", "a:\n  c: 1\n\nb: 1\n"},
		{"a: |\n  x\n\nb: 1\n", "set | . | c | 1 | a", "a: |\n  x\nc: 1\n\nb: 1\n"},
		{"a: |+\n  x\n\nb: 1\n", "set | . | c | 1 | a", "a: |+\n  x\n\nc: 1\nb: 1\n"},
		{"a: 1\n", "path | . | b.c.d | 5", "a: 1\nb:\n  c:\n    d: 5\n"},
		{"b:\n  c:\n    e: 1\n", "path | . | b.c.d | 5", "b:\n  c:\n    e: 1\n    d: 5\n"},
		{"b:\nz: 1\n", "path | . | b.c | 5", "b:\n  c: 5\nz: 1\n"},
		{"a: 1\n# own\nb: 2\nc: 3\n", "remove | . | b", "a: 1\nc: 3\n"},
		{"a: 1\n# not own\n\nb: 2\n", "remove | . | b", "a: 1\n# not own\n\n"},
		{"a: {b: 1, c: 2}\n", "remove | a | b", "a: {c: 2}\n"},
		{"a: {b: 1, c: 2}\n", "remove | a | c", "a: {b: 1}\n"},
		{"a: {b: 1, c: 2, d: 3}\n", "remove | a | c\nset | a | e | 4",
		 "a: {b: 1, d: 3, e: 4}\n"},
		{"a: {b: 1}\n", "remove | a | b", "a: {}\n"},
		{"a:\n  b: 1\nc: 2\n", "remove | a | b", "a: {}\nc: 2\n"},
		{"- a: 1\n  b: 2\n", "remove | [0] | a", "- b: 2\n"},
		{"- a: 1\n  # of b\n  b: 2\n", "remove | [0] | a", "# of b\n- b: 2\n"},
		{"- a: 1\n  b: 2\n", "remove | [0] | a\nremove | [0] | b", "- {}\n"},
		{"- a: 1\n  b: 2\n  c: 3\n", "remove | [0] | a\nremove | [0] | b", "- c: 3\n"},
		{"a: 1\n", "remove | . | zz", "a: 1\n"},
		{"a: 1 # c\nb: 2\n", "rename | . | a | x", "x: 1 # c\nb: 2\n"},
		{"\"a\" : 1\n", "rename | . | a | x y", "x y : 1\n"},
		{"{\"a\": 1}\n", "rename | . | a | x", "{\"x\": 1}\n"},
		{"a: 1\nb: 2\n", "rename | . | a | b", NULL},
		{"x: &m {p: 1}\nw:\n  <<: *m\n  q: 2\n", "remove | w | p", NULL},
		{"x: &m {p: 1}\nw:\n  <<: *m\n  q: 2\n", "set | w | p | 5",
		 "x: &m {p: 1}\nw:\n  <<: *m\n  q: 2\n  p: 5\n"},
		{"a: 1\nb: 2\n", "comment | b | why\nremove | . | a", "# why\nb: 2\n"},
		{"a: 1\nb: 2\n", "comment | b | one\\ two", "a: 1\n# one\\ two\nb: 2\n"},
		{"l:\n  - a: 1\n", "comment | l[0] | here", "l:\n  # here\n  - a: 1\n"},
		{"a: 'x\n  # no\n  y'\n", "comment | a | here", "# here\na: 'x\n  # no\n  y'\n"},
		{"a: 1\n", "scalar | a | 2\nscalar | a | 3", NULL},
		{"a:\n  b: 1\n", "scalar | a.b | 2\nremove | . | a", NULL},
	};

	check(v, SP_ARRAY_LEN(v));
}

static void test_items(void **state)
{
	static const struct example v[] = {
		{"l:\n- a\n- b\n", "insert | l | 1 | x", "l:\n- a\n- x\n- b\n"},
		{"l:\n- a\n# of b\n- b\n", "insert | l | 1 | x", "l:\n- a\n- x\n# of b\n- b\n"},
		{"l:\n  - a\n", "insert | l | 9 | {k: v, m: {na: 1}}",
		 "l:\n  - a\n  - k: v\n    m:\n      na: 1\n"},
		{"l: []\n", "insert | l | 0 | a\ninsert | l | 0 | b", "l:\n- a\n- b\n"},
		{"l: [ a, b ]\n", "insert | l | 1 | x", "l: [ a, x, b ]\n"},
		{"l: [a, b]\n", "insert | l | 0 | x\ninsert | l | 2 | v", "l: [x, a, b, v]\n"},
		{"l: [\n  a, # first\n  b,\n]\n", "insert | l | 2 | v",
		 "l: [\n  a, # first\n  b, v,\n]\n"},
		{"l:\n- a\n- b\n- c\n", "drop | l | 1", "l:\n- a\n- c\n"},
		{"l:\n- k: a\n\n# own\n- k: b\n  # tail\n\n- k: c\n", "drop | l | 1",
		 "l:\n- k: a\n\n- k: c\n"},
		{"l:\n- k: a\n\n- k: b\n\n- k: c\n", "drop | l | 0", "l:\n- k: b\n\n- k: c\n"},
		{"l:\n- k: a\n\n- k: b\nm: 1\n", "drop | l | 1", "l:\n- k: a\nm: 1\n"},
		{"l:\n- a\n- b\nm: 1\n", "drop | l | 0\ndrop | l | 1", "l: []\nm: 1\n"},
		{"l: [a, b, c]\n", "drop | l | 0\ndrop | l | 2", "l: [b]\n"},
		{"l: [a]\n", "drop | l | 0", "l: []\n"},
		{"[1,2,3]", "drop | . | 1", "[1,3]"},
		{"a:\n- x\n# of y\n- y\nb:\n- z\n", "move | a | 1 | b | 0",
		 "a:\n- x\nb:\n# of y\n- y\n- z\n"},
		{"a:\n- x\nb:\n- z\n", "move | a | 0 | b | 1", "a: []\nb:\n- z\n- x\n"},
		{"a:\n  - k: |\n      x\n       y\n\n      z\n    # tail\n    l: 1\nb:\n- z\n",
		 "move | a | 0 | b | 0",
		 "a: []\nb:\n- k: |\n    x\n     y\n\n    z\n  # tail\n  l: 1\n- z\n"},
		{"a:\n- x: 1\n  w: 2\nb:\n    - z\n",
		 "move | a | 0 | b | 1\nset | a[0] | na | new\nremove | a[0] | w",
		 "a: []\nb:\n    - z\n    - x: 1\n      na: new\n"},
		{"a:\n- x\n- y\n- z\n", "move | a | 2 | a | 0", "a:\n- z\n- x\n- y\n"},
		{"s:\n  # the apps\n  c:\n  - na: a\n  # proxy\n  - na: p # p\n    i: x\n  - na: b\n",
		 "new | s | i | c\nmove | s.c | 1\nset | s.c[1] | r | Always | na",
		 "s:\n  i:\n  # proxy\n  - na: p # p\n    r: Always\n    i: x\n  # the apps\n  c:\n  - na: a\n  - na: b\n"},
		{"s:\n  c:\n    - na: a\n    - na: p\n    - na: q",
		 "new | s | i | c\nmove | s.c | 2\nmove | s.c | 1",
		 "s:\n  i:\n    - na: q\n    - na: p\n  c:\n    - na: a"},
		{"s:\n  i: []\n  c:\n  - na: a\n  - na: p\n", "new | s | i\nmove | s.c | 1",
		 "s:\n  i:\n  - na: p\n  c:\n  - na: a\n"},
		{"s:\n  i: [] # none\n  c:\n  - na: a\n  - na: p\n", "move | s.c | 1 | s.i | 0",
		 "s:\n  i: # none\n  - na: p\n  c:\n  - na: a\n"},
		{"s:\n  i: [{na: q}]\n  c:\n  - na: a\n  - na: p\n", "move | s.c | 1 | s.i | 1",
		 "s:\n  i: [{na: q}, {na: p}]\n  c:\n  - na: a\n"},
		{"s:\n  i: [{na: q}]\n  c:\n  - na: a\n  - na: p # c\n", "move | s.c | 1 | s.i | 1",
		 NULL},
		{"s: {c: [{na: a}, {na: p}]}\n", "new | s | i | c\nmove | s.c | 1",
		 "s: {i: [{na: p}], c: [{na: a}]}\n"},
		{"{\"i\": [], \"c\": [{\"n\": \"a\"}, {\"n\": \"p\"}]}\n",
		 "move | c | 1 | i | 0\nset | c[1] | r | Always",
		 "{\"i\": [{\"n\": \"p\", \"r\": \"Always\"}], \"c\": [{\"n\": \"a\"}]}\n"},
		{"s:\n  c: [{na: a}, {na: p}]\n", "new | s | i | c\nmove | s.c | 1",
		 "s:\n  i:\n  - {na: p}\n  c: [{na: a}]\n"},
		{"s:\n  x:\n  - na: a\n  - na: b\n  c:\n  - na: q\n",
		 "new | s | i | x\nmove | s.x | 0\nmove | s.x | 1\nremove | s | x\nset | s.x[0] | r | Always",
		 "s:\n  i:\n  - na: a\n    r: Always\n  - na: b\n  c:\n  - na: q\n"},
		{"a:\n- &x k\n- y\nb:\n- *x\n", "drop | a | 0", NULL},
		{"a:\n- &x k\n- y\n", "drop | a | 0", "a:\n- y\n"},
		{"- - a\n  - b\n", "drop | [0] | 0", NULL},
		{"- - a\n  - b\n", "drop | [0] | 1", "- - a\n"},
		{"a:\r\n- x: 1\r\nb:\r\n- z\r\n", "move | a | 0 | b | 1\nset | a[0] | w | 2",
		 "a: []\r\nb:\r\n- z\r\n- x: 1\r\n  w: 2\r\n"},
	};

	check(v, SP_ARRAY_LEN(v));
}

/* ---- made-up manifests -------------------------------------------------------------------------
 */

static uint32_t chance(uint32_t *seed, uint32_t n)
{
	*seed = *seed * 1664525u + 1013904223u;
	return (*seed >> 8) % n;
}

struct maker {
	struct sp_buf out;
	uint32_t seed;
	const char *eol;
	uint32_t step, list_step;
	bool comments, blank;
};

static void line(struct maker *m, uint32_t deep, const char *text)
{
	static const char *const notes[] = {"# note", "#no blank",
					    "# \xc3\xa4\xe2\x82\xac \xf0\x9f\x90\xb3",
					    "# tab\there", "# - like: an item"};

	if (m->blank && chance(&m->seed, 12) == 0)
		sp_buf_puts(&m->out, m->eol);
	if (m->comments && chance(&m->seed, 6) == 0) {
		sp_buf_fill(&m->out, ' ', deep);
		sp_buf_printf(&m->out, "%s%s", notes[chance(&m->seed, SP_ARRAY_LEN(notes))],
			      m->eol);
	}
	sp_buf_fill(&m->out, ' ', deep);
	sp_buf_puts(&m->out, text);
	if (m->comments && chance(&m->seed, 7) == 0 && !strpbrk(text, "|>"))
		sp_buf_puts(&m->out, "  # at the end");
	sp_buf_puts(&m->out, m->eol);
}

static void block(struct maker *m, uint32_t deep)
{
	sp_buf_fill(&m->out, ' ', deep);
	sp_buf_printf(&m->out, "script: |%s", m->eol);
	for (uint32_t i = 0, n = 1 + chance(&m->seed, 4); i < n; i++) {
		sp_buf_fill(&m->out, ' ', deep + 2);
		sp_buf_printf(&m->out, "%s%s",
			      i % 2 ? "  # not a comment\t" : "echo \"one\"; \xc3\xb6", m->eol);
	}
}

static void container(struct maker *m, uint32_t deep, uint32_t i)
{
	char name[64];
	struct sp_buf b = sp_buf_fixed(name, sizeof(name));

	if (chance(&m->seed, 6) == 0) {
		sp_buf_printf(&b, "- {name: c%u, image: \"x:1\", args: [a, 'b']}", i);
		line(m, deep, name);
		return;
	}
	sp_buf_printf(&b, "- name: c%u", i);
	line(m, deep, name);
	line(m, deep + 2, chance(&m->seed, 2) ? "image: 'reg.example.com/a/b:1.2'" : "image: a");
	if (chance(&m->seed, 2))
		line(m, deep + 2, "args: [\"--flag\", 'it''s', plain]");
	if (chance(&m->seed, 3) == 0)
		line(m, deep + 2, "text: \"tab\\t \t and \\\"quotes\\\"\"");
	if (chance(&m->seed, 3) == 0) {
		line(m, deep + 2, "env:");
		line(m, deep + 2 + m->list_step, "- name: A");
		line(m, deep + 4 + m->list_step, "value: \"1\"");
		line(m, deep + 2 + m->list_step, "- {name: B, value: ''}");
	}
	if (chance(&m->seed, 3) == 0) {
		line(m, deep + 2, "resources:");
		line(m, deep + 2 + m->step, "requests: {cpu: 100m}");
	}
	if (chance(&m->seed, 4) == 0)
		block(m, deep + 2);
}

static void make(struct maker *m, uint32_t seed)
{
	uint32_t n;

	*m = (struct maker){.seed = seed * 7919 + 1};
	m->eol = chance(&m->seed, 4) ? "\n" : "\r\n";
	m->step = chance(&m->seed, 3) ? 2 : 4;
	m->list_step = chance(&m->seed, 2) ? 0 : 2;
	m->comments = chance(&m->seed, 3) != 0;
	m->blank = chance(&m->seed, 2);
	if (chance(&m->seed, 5) == 0)
		sp_buf_puts(&m->out, "\xef\xbb\xbf");
	if (chance(&m->seed, 3) == 0)
		line(m, 0, "---");
	line(m, 0, "kind: Pod");
	if (chance(&m->seed, 3) == 0) {
		line(m, 0, "labels: &labels");
		line(m, m->step, "app: web");
		line(m, 0, "again: *labels");
	}
	line(m, 0, "spec:");
	line(m, m->step, "volumes: []");
	line(m, m->step, "containers:");
	n = 2 + chance(&m->seed, 4);
	for (uint32_t i = 0; i < n; i++)
		container(m, m->step + m->list_step, i);
	if (chance(&m->seed, 2))
		line(m, m->step, "grace: 30");
	if (chance(&m->seed, 3) == 0) {
		line(m, 0, "---");
		line(m, 0, "kind: Other # \xe2\x80\x94 untouched");
		for (uint32_t i = 0; i < 40; i++) {
			char key[24];
			struct sp_buf b = sp_buf_fixed(key, sizeof(key));

			sp_buf_printf(&b, "key%u: 'v%u'", i, i);
			line(m, 0, key);
		}
	}
	if (chance(&m->seed, 5) == 0)
		while (m->out.len && strchr("\r\n", m->out.ptr[m->out.len - 1]))
			m->out.ptr[--m->out.len] = '\0';
}

/* Lines without blanks around them, sorted: moving changes nothing about them. */
static int by_line(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static uint32_t lines_of(struct sp_arena *a, const char *text, size_t len, const char ***ret)
{
	uint32_t n = 0;

	*ret = sp_arena_array(a, len + 1, sizeof(**ret));
	for (size_t i = 0; i < len;) {
		const char *nl = memchr(text + i, '\n', len - i);
		size_t end = nl ? (size_t)(nl - text) : len, from = i, to = end;

		while (from < to && strchr(" \r", text[from]))
			from++;
		while (to > from && strchr(" \r", text[to - 1]))
			to--;
		if (to > from)
			(*ret)[n++] = sp_arena_strndup(a, text + from, to - from);
		i = end + 1;
	}
	qsort(*ret, n, sizeof(**ret), by_line);
	return n;
}

/* Lines of @more that @less does not have; -1 when @less has others. */
static int64_t extra(struct sp_arena *a, const struct sp_buf *less, const struct sp_buf *more)
{
	const char **x, **y;
	uint32_t n = lines_of(a, less->ptr, less->len, &x),
		 m = lines_of(a, more->ptr, more->len, &y);
	uint32_t k = 0;

	for (uint32_t i = 0; i < m; i++)
		k += k < n && sp_streq(x[k], y[i]);
	return k == n ? (int64_t)m - n : -1;
}

static void test_made(void **state)
{
	uint32_t done = 0, refused = 0;

	for (uint32_t seed = 0; seed < 400; seed++) {
		struct maker m;
		struct sp_buf out = {0};
		struct sp_error err = {0};
		struct sp_edits e;
		struct doc d;
		const struct sp_node *list, *spec, *made = NULL;
		int64_t more = 0;
		int r = 0;

		make(&m, seed);
		assert_true(parse(&d, m.out.ptr, m.out.len));
		spec = at(&d, "spec");
		list = at(&d, "spec.containers");
		sp_edits_init(&e, &d.arena, &d.src);
		assert_int_equal(sp_edits_apply(&e, &out, &err), 0);
		assert_int_equal(out.len, m.out.len); /* nothing asked, nothing done */
		assert_memory_equal(out.ptr, m.out.ptr, out.len);
		sp_buf_clear(&out);
		switch (seed % 6) {
		case 0:
			r = sp_edit_scalar(&e, sp_node_get(list->items[1], "image"),
					   value(&d.arena, "new:2"), &err);
			break;
		case 1:
			r = sp_edit_set(&e, list->items[1], "tty", value(&d.arena, "true"), "name",
					&err);
			more = list->items[1]->flow ? 0 : 1;
			break;
		case 2:
			r = sp_edit_insert_item(&e, list, seed % (list->n + 1),
						value(&d.arena, "{name: new, image: i}"), &err);
			more = 2;
			break;
		case 3:
			r = sp_edit_remove_item(&e, list, seed % list->n, &err);
			break;
		case 4:
			r = sp_edit_new_list(&e, spec, "initContainers", "containers", &made, &err);
			if (r == 0)
				r = sp_edit_move_item(&e, list, 1, made, 0, &err);
			more = 1;
			break;
		default:
			r = sp_edit_move_item(&e, list, 0, list, list->n, &err);
			break;
		}
		assert_int_equal(r, 0);
		r = sp_edits_apply(&e, &out, &err);
		if (r < 0) {
			/* a block scalar at the very end without a line end would get one */
			assert_true(m.out.ptr[m.out.len - 1] != '\n');
			assert_int_equal(err.code, SP_E_UNSUPPORTED);
			refused++;
		} else {
			done++;
			if (seed % 6 == 0 || (seed % 6 == 1 && more == 0)) {
				const char **x, **y;
				uint32_t n = lines_of(&d.arena, m.out.ptr, m.out.len, &x);

				assert_int_equal(lines_of(&d.arena, out.ptr, out.len, &y), n);
			} else if (seed % 6 == 3) {
				assert_true(extra(&d.arena, &out, &m.out) > 0);
			} else {
				if (extra(&d.arena, &m.out, &out) != more)
					print_error("seed %u\n%s\n----\n%s\n", seed, m.out.ptr,
						    out.ptr);
				assert_int_equal(extra(&d.arena, &m.out, &out), more);
			}
			if (strcmp(m.eol, "\n") != 0) /* no line end of the other kind */
				for (size_t i = 0; i < out.len; i++)
					assert_true(out.ptr[i] != '\n' || out.ptr[i - 1] == '\r');
		}
		sp_buf_done(&out);
		sp_buf_done(&m.out);
		sp_arena_done(&d.arena);
	}
	assert_true(refused <= 2);
	assert_int_equal(done + refused, 400);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scalars),
		cmocka_unit_test(test_pairs),
		cmocka_unit_test(test_items),
		cmocka_unit_test(test_made),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
