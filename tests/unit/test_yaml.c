/* SPDX-License-Identifier: Apache-2.0 */
/* Trees from YAML and JSON: scalars, structure, limits, positions, error texts, printing. */
#include "spec/load.h"

#include "cmocka_all.h"

#include <stdio.h>
#include <stdlib.h>

struct parsed {
	struct sp_arena arena;
	struct sp_diags diags;
	struct sp_node **docs;
	uint32_t n;
	int ret;
};

static void parse_n(struct parsed *p, const char *text, size_t len)
{
	struct sp_source src = {"t.yaml", text, len};

	*p = (struct parsed){0};
	sp_diags_init(&p->diags, &p->arena);
	p->ret = sp_yaml_parse(&p->arena, &src, &p->diags, &p->docs, &p->n);
}

static void parse(struct parsed *p, const char *text)
{
	parse_n(p, text, strlen(text));
}

static void check_json(const struct sp_node *n, const char *json)
{
	struct sp_buf b = {0};

	sp_node_json(n, -1, &b);
	assert_false(b.failed);
	assert_string_equal(b.ptr, json);
	sp_buf_done(&b);
}

/* YAML on the left, what the Kubernetes tools make of it on the right. */
static void test_scalars(void **state)
{
	static const char *const cases[][2] = {
		{"yes", "true"},
		{"Off", "false"},
		{"y", "true"},
		{"NO", "false"},
		{"TRUE", "true"},
		{"tRUE", "\"tRUE\""},
		{"'yes'", "\"yes\""},
		{"\"1\"", "\"1\""},
		{"~", "null"},
		{"Null", "null"},
		{"12", "12"},
		{"-7", "-7"},
		{"+7", "7"},
		{"0644", "420"},
		{"0o17", "15"},
		{"0x1F", "31"},
		{"0b101", "5"},
		{"08", "8"},
		{"0x", "\"0x\""},
		{"1_000", "1000"},
		{"_1", "\"_1\""},
		{"1:30", "\"1:30\""},
		{"9223372036854775807", "9223372036854775807"},
		{"9223372036854775808", "9223372036854775808"},
		{"-9223372036854775808", "-9223372036854775808"},
		{"1.5", "1.5"},
		{"1e3", "1000"},
		{"1e21", "1e+21"},
		{"0.000001", "0.000001"},
		{"1e-7", "1e-07"},
		{".5", "0.5"},
		{"5.", "5"},
		{"0.1", "0.1"},
		{"-0.0", "-0"},
		{"1e999", "\"1e999\""},
		{"1.2.3", "\"1.2.3\""},
		{"2001-01-01", "\"2001-01-01\""},
		{"500m", "\"500m\""},
		{"!!str 12", "\"12\""},
		{"!!int \"12\"", "12"},
		{"!!float 3", "3"},
		{"!!binary aGk=", "\"hi\""},
		{"!mine 12", "\"12\""},
		{"|\n  a\n  b\n", "\"a\\nb\\n\""},
		{">-\n  a\n  b\n", "\"a b\""},
		{"\"\\x41\\u00e9\\n\"", "\"A\xc3\xa9\\n\""},
	};

	for (size_t i = 0; i < SP_ARRAY_LEN(cases); i++) {
		struct parsed p;
		char text[128];

		(void)snprintf(text, sizeof(text), "k: %s\n", cases[i][0]);
		parse(&p, text);
		assert_int_equal(p.ret, 0);
		assert_int_equal(p.n, 1);
		check_json(sp_node_get(p.docs[0], "k"), cases[i][1]);
		sp_arena_done(&p.arena);
	}
}

static void test_structure(void **state)
{
	static const char *const cases[][2] = {
		{"a: {b: [1, x]}\n", "{\"a\":{\"b\":[1,\"x\"]}}"},
		{"\xef\xbb\xbf"
		 "a: 1\r\nb:\r\n- 2\r\n",
		 "{\"a\":1,\"b\":[2]}"},
		{"%YAML 1.1\n---\na: 1\n", "{\"a\":1}"},
		{"a: &x {b: 1}\nc: *x\n", "{\"a\":{\"b\":1},\"c\":{\"b\":1}}"},
		{"a: &x {b: 1, c: 2}\nd:\n  <<: *x\n  c: 3\n",
		 "{\"a\":{\"b\":1,\"c\":2},\"d\":{\"c\":3,\"b\":1}}"},
		{"d:\n  <<: [{a: 1}, {a: 2, b: 3}]\n", "{\"d\":{\"a\":1,\"b\":3}}"},
		{"\"<<\": 1\n", "{\"<<\":1}"},
		{"{\"a\":\"\\ud83d\\ude00!\",\"b\":1}", "{\"a\":\"\xf0\x9f\x98\x80!\",\"b\":1}"},
		{"{\"a\":\"\\\\ud83d\\\\ude00\"}", "{\"a\":\"\\\\ud83d\\\\ude00\"}"},
		{"[\"\\u00e9\\/\"]", "[\"\xc3\xa9/\"]"},
		{"8080: x\n", "{\"8080\":\"x\"}"},
		{"on: x\n", "{\"true\":\"x\"}"},
		{"{}", "{}"},
	};

	for (size_t i = 0; i < SP_ARRAY_LEN(cases); i++) {
		struct parsed p;

		parse(&p, cases[i][0]);
		assert_int_equal(p.ret, 0);
		assert_int_equal(p.n, 1);
		check_json(p.docs[0], cases[i][1]);
		sp_arena_done(&p.arena);
	}
}

static void test_documents(void **state)
{
	struct parsed p;

	parse(&p, "---\n# nothing\n---\na: 1\n...\n---\nb: 2\n---\n");
	assert_int_equal(p.ret, 0);
	assert_int_equal(p.n, 2);
	check_json(p.docs[1], "{\"b\":2}");
	sp_arena_done(&p.arena);

	/* anchors end with their document */
	parse(&p, "a: &x 1\n---\nb: *x\n");
	assert_int_equal(p.ret, -1);
	assert_int_equal(p.n, 1);
	assert_int_equal(p.diags.v[0].at.line, 3);
	sp_arena_done(&p.arena);

	parse(&p, "");
	assert_int_equal(p.ret, 0);
	assert_int_equal(p.n, 0);
	sp_arena_done(&p.arena);
}

static void test_marks(void **state)
{
	struct parsed p;
	const struct sp_node *n;
	const struct sp_pair *pair;

	parse(&p,
	      "spec:\n  list:\n  - name: \xc3\xa9\xc3\xa9\n    value: [1, 2]\n  x: &a 'q'\n  z: *a\n");
	assert_int_equal(p.ret, 0);
	n = sp_node_at(p.docs[0], "spec.list[0].name");
	assert_int_equal(n->at.line, 3);
	assert_int_equal(n->at.col, 11);
	assert_int_equal(n->end.col, 13);
	assert_false(n->quoted);
	n = sp_node_at(p.docs[0], "spec.list[0].value");
	assert_true(n->flow);
	assert_int_equal(n->end.col, 18);
	n = sp_node_at(p.docs[0], "spec.z");
	assert_true(n->aliased && n->quoted);
	assert_int_equal(n->at.line, 6);
	pair = sp_node_pair(sp_node_at(p.docs[0], "spec.list[0]"), "value");
	assert_int_equal(pair->at.line, 4);
	assert_int_equal(pair->at.col, 5);
	assert_null(sp_node_at(p.docs[0], "spec.list[1].name"));
	assert_null(sp_node_at(p.docs[0], "spec.nothing.name"));
	sp_arena_done(&p.arena);

	/* joined surrogates do not move what follows them */
	parse(&p, "{\"a\":\"\\ud83d\\ude00\", \"b\": 1}");
	assert_int_equal(p.ret, 0);
	assert_int_equal(sp_node_get(p.docs[0], "b")->at.col, 27);
	sp_arena_done(&p.arena);
}

static void test_errors(void **state)
{
	static const struct {
		const char *text;
		uint32_t line, col;
		const char *message, *rule;
	} cases[] = {
		{"a:\n\tb: 1\n", 2, 1, "a tab cannot indent a line", "SP001"},
		{"a: \"x\nb: 1\n", 1, 4, "this quote is never closed", "SP001"},
		{"a: b: c\n", 1, 5, "a colon is not expected here", "SP001"},
		{"a: 1\nb:2\nc: 3\n", 2, 2, "a blank is missing behind the colon", "SP001"},
		{"a: [1, 2\nb: 3\n", 1, 4,
		 "this list [ … is not closed, or a comma is missing in it", "SP001"},
		{"a: {{ .Values.x }}\n", 1, 5, "this is a template, not YAML", "SP005"},
		{"a: 1\n{{- if .x }}\nb: 2\n", 2, 1, NULL, "SP005"},
		{"a: 1\n  b: 2\n", 2, 4, "a colon is not expected here", "SP001"},
		{"a:\n    b: 1\n  c: 2\n", 3, 3, "this does not belong to the map around it",
		 "SP001"},
		{"a: @x\n", 1, 4, "a value cannot begin with this character", "SP001"},
		{"a: \"x\" y\n", 1, 8, "text stands behind the closing quote", "SP001"},
		{"a: *.example.com\n", 1, 4, NULL, "SP001"},
		{"a: \"\\d\"\n", 1, 5, "this escape is not known inside double quotes", "SP001"},
		{"a: 1\nb: 2\na: 3\n", 3, 1, "the key \"a\" stands here a second time", "SP001"},
		{"a: *x\n", 1, 4, "no anchor &x before this alias", "SP001"},
		{"a: &x [*x]\n", 1, 8, "the alias *x stands inside its own anchor", "SP001"},
		{"? [a]\n: 1\n", 1, 3, "a key must be a text, not a list or a map", "SP001"},
		{"~: 1\n", 1, 1, "a key is missing in front of the colon", "SP001"},
		{"<<: 1\n", 1, 5, "the merge key << wants a map or a list of maps", "SP001"},
		{"a: 1\nb: x\xff\n", 2, 5, "the file is not UTF-8 text", "SP001"},
		{"a: x\x01\n", 1, 5, NULL, "SP001"},
		{"a: !!int x\n", 1, 4, "the value is not what its tag !!int says", "SP001"},
		{"a: 1\n- b\n", 2, 1, NULL, "SP001"},
	};

	for (size_t i = 0; i < SP_ARRAY_LEN(cases); i++) {
		struct parsed p;

		parse(&p, cases[i].text);
		if (p.ret != -1 || p.diags.n != 1 || p.diags.v[0].at.line != cases[i].line ||
		    p.diags.v[0].at.col != cases[i].col)
			print_message("case %zu: %s: %d %u:%u %s\n", i, cases[i].text, p.ret,
				      p.diags.n ? p.diags.v[0].at.line : 0,
				      p.diags.n ? p.diags.v[0].at.col : 0,
				      p.diags.n ? p.diags.v[0].message : "");
		assert_int_equal(p.ret, -1);
		assert_int_equal(p.diags.n, 1);
		assert_int_equal(p.diags.v[0].at.line, cases[i].line);
		assert_int_equal(p.diags.v[0].at.col, cases[i].col);
		assert_string_equal(p.diags.v[0].rule, cases[i].rule);
		if (cases[i].message)
			assert_string_equal(p.diags.v[0].message, cases[i].message);
		sp_arena_done(&p.arena);
	}
}

#define HOSTILE_BYTES (64u * 1024 * 1024)

static void check_hostile(const char *text, size_t len, const char *message)
{
	struct parsed p;

	parse_n(&p, text, len);
	assert_int_equal(p.ret, -1);
	assert_int_equal(p.diags.n, 1);
	if (!strstr(p.diags.v[0].message, message))
		print_message("%s\n", p.diags.v[0].message);
	assert_non_null(strstr(p.diags.v[0].message, message));
	assert_true(p.arena.used_bytes < HOSTILE_BYTES);
	sp_arena_done(&p.arena);
}

/* A text of @n repetitions with a number in each. */
static void repeat(struct sp_buf *b, const char *what, size_t n)
{
	size_t len = strlen(what);

	for (size_t i = 0; i < n; i++)
		sp_buf_add(b, what, len);
}

static void test_hostile(void **state)
{
	struct sp_buf b = {0};

	/* billion laughs: nine levels of nine */
	sp_buf_puts(&b, "a: &a [x,x,x,x,x,x,x,x,x]\n");
	for (char c = 'b'; c <= 'i'; c++) {
		sp_buf_printf(&b, "%c: &%c [", c, c);
		for (int k = 0; k < 9; k++)
			sp_buf_printf(&b, "%s*%c", k ? "," : "", c - 1);
		sp_buf_puts(&b, "]\n");
	}
	check_hostile(b.ptr, b.len, "the aliases (*name) grow to more than 100000 values");

	sp_buf_clear(&b);
	repeat(&b, "[", 500000);
	check_hostile(b.ptr, b.len, "nest more than 100 levels");

	sp_buf_clear(&b);
	repeat(&b, "- ", 500000);
	check_hostile(b.ptr, b.len, "nest more than 100 levels");

	sp_buf_clear(&b);
	sp_buf_puts(&b, "[");
	repeat(&b, "x,", 300000);
	sp_buf_puts(&b, "]");
	check_hostile(b.ptr, b.len, "the file has more than 100000 values");

	sp_buf_clear(&b);
	for (int i = 0; i < 1001; i++)
		sp_buf_printf(&b, "- &a%d x\n", i);
	check_hostile(b.ptr, b.len, "more than 1000 anchors");

	sp_buf_clear(&b);
	for (int i = 0; i < 100; i++)
		sp_buf_printf(&b, "%%TAG !a%d! b\n", i);
	check_hostile(b.ptr, b.len, "lines that begin with %");

	/* merging big maps into big maps */
	sp_buf_clear(&b);
	sp_buf_puts(&b, "a: &a\n");
	for (int i = 0; i < 10000; i++)
		sp_buf_printf(&b, "  k%d: 1\n", i);
	sp_buf_puts(&b, "b:\n  <<: *a\n");
	for (int i = 0; i < 10000; i++)
		sp_buf_printf(&b, "  m%d: 1\n", i);
	check_hostile(b.ptr, b.len, "the merge keys << of this file are too big");

	sp_buf_clear(&b);
	sp_buf_fill(&b, 'a', SP_SOURCE_MAX_BYTES + 1);
	check_hostile(b.ptr, b.len, "the file is bigger than 8 MiB");
	sp_buf_done(&b);
}

static void test_print_yaml(void **state)
{
	static const char text[] = "a: 1\n"
				   "b:\n"
				   "- x: \"yes\"\n"
				   "  z:\n"
				   "  - - 1\n"
				   "    - \"2\"\n"
				   "- {}\n"
				   "- []\n"
				   "c: |\n"
				   "  line 1\n"
				   "\n"
				   "  line 2\n"
				   "d: \"a: b\"\n"
				   "e: \" x\"\n"
				   "f: \"tab\\tbell\\x07\"\n"
				   "g: null\n"
				   "\"8080\": a-b_c/d\n"
				   "h: \"\"\n"
				   "i: |-\n"
				   "  x\n"
				   "  y\n"
				   "j: \"*.example.com\"\n"
				   "k: it's\n"
				   "l: \"x #y\"\n";
	struct sp_buf b = {0};
	struct parsed p, q;

	parse(&p, text);
	assert_int_equal(p.ret, 0);
	sp_node_yaml(p.docs[0], &b);
	assert_string_equal(b.ptr, text);
	parse(&q, b.ptr);
	assert_true(sp_node_equal(p.docs[0], q.docs[0]));
	sp_arena_done(&q.arena);
	sp_buf_done(&b);
	sp_arena_done(&p.arena);
}

static void test_build(void **state)
{
	struct sp_arena a = {0};
	struct sp_node *map = sp_node_new(&a, SP_NODE_MAP), *list = sp_node_new(&a, SP_NODE_LIST);
	struct sp_node *copy;
	struct sp_buf b = {0};

	for (int i = 0; i < 20; i++)
		assert_int_equal(sp_node_push(&a, list, sp_node_new_int(&a, i)), 0);
	assert_int_equal(sp_node_set(&a, map, "l", list), 0);
	assert_int_equal(sp_node_set(&a, map, "s", sp_node_new_str(&a, "x\ny")), 0);
	assert_int_equal(sp_node_set(&a, map, "s", sp_node_new_bool(&a, true)), 0);
	copy = sp_node_clone(&a, map);
	assert_true(sp_node_equal(map, copy));
	assert_int_equal(sp_node_push(&a, list, sp_node_new_int(&a, 20)), 0);
	assert_false(sp_node_equal(map, copy));
	assert_int_equal(sp_node_set(&a, map, "l", sp_node_new(&a, SP_NODE_MAP)), 0);
	sp_node_json(map, 2, &b);
	assert_string_equal(b.ptr, "{\n  \"l\": {},\n  \"s\": true\n}");
	sp_buf_done(&b);
	sp_arena_done(&a);
}

static void check_print(const struct sp_diag *d, const char *src, bool ascii, const char *want)
{
	struct sp_buf b = {0};

	sp_diag_print(d, src, strlen(src), false, ascii, &b);
	assert_string_equal(b.ptr, want);
	sp_buf_done(&b);
}

static void test_diag_print(void **state)
{
	struct sp_diag d = {.severity = SP_SEV_ERROR,
			    .file = "a.yaml",
			    .at = {2, 8},
			    .len = 3,
			    .rule = "VAL-11",
			    .message = "bad \x1b[31m name",
			    .why = "one\ntwo",
			    .fix = "rename"};

	check_print(&d, "x\n  name: b\xc3\xa9\xe4\xb8\xad z\r\n", false,
		    "error: bad \\x1b[31m name\n"
		    " --> a.yaml:2:8\n"
		    "2 |   name: b\xc3\xa9\xe4\xb8\xad z\n"
		    "  |        ^^^\n"
		    "why: one\n"
		    "     two\n"
		    "fix: rename\n"
		    "see: sidepod explain VAL-11\n");

	d = (struct sp_diag){
		.severity = SP_SEV_WARNING, .file = "f", .at = {1, 4}, .len = 2, .message = "m"};
	check_print(&d, "\xe4\xb8\xad\t\x07ok", true,
		    "warning: m\n --> f:1:4\n1 | ??      \\x07ok\n  |             ^^\n");

	d.at = (struct sp_mark){1, 500};
	d.len = 400;
	{
		struct sp_buf src = {0}, b = {0};
		const char *line, *caret;

		sp_buf_fill(&src, 'a', 499);
		sp_buf_fill(&src, 'B', 300);
		sp_diag_print(&d, src.ptr, src.len, false, false, &b);
		line = strstr(b.ptr, "1 | \xe2\x80\xa6");
		caret = strchr(b.ptr, '^');
		assert_non_null(line);
		assert_non_null(caret);
		assert_int_equal(strlen(caret), 61); /* 60 carets and a line end */
		assert_int_equal(strlen(b.ptr) < 300, 1);
		sp_buf_done(&b);
		sp_buf_done(&src);
	}

	/* places behind the end of the file show no line */
	d.at = (struct sp_mark){9, 1};
	check_print(&d, "x\n", false, "warning: m\n --> f:9:1\n");
}

static void test_diag_order(void **state)
{
	struct sp_arena a = {0};
	struct sp_diags d;

	sp_diags_init(&d, &a);
	for (uint32_t i = 0; i < 1200; i++)
		sp_diag_add(&d, SP_SEV_ERROR, i % 2 ? "b" : "a", (struct sp_mark){i % 7 + 1, 1},
			    "%u", i);
	assert_int_equal(d.n_errors, 1200);
	assert_int_equal(d.dropped, 1200 - d.n);
	sp_diags_sort(&d);
	for (uint32_t i = 1; i < d.n; i++) {
		const struct sp_diag *x = &d.v[i - 1], *y = &d.v[i];
		int r = strcmp(x->file, y->file);

		assert_true(r <= 0);
		if (r == 0)
			assert_true(x->at.line <= y->at.line);
		if (r == 0 && x->at.line == y->at.line)
			assert_true(atoi(x->message) < atoi(y->message));
	}
	sp_arena_done(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scalars),    cmocka_unit_test(test_structure),
		cmocka_unit_test(test_documents),  cmocka_unit_test(test_marks),
		cmocka_unit_test(test_errors),     cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_print_yaml), cmocka_unit_test(test_build),
		cmocka_unit_test(test_diag_print), cmocka_unit_test(test_diag_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
