/* SPDX-License-Identifier: Apache-2.0 */
/* Known sidecars: every record has a container that it knows and one that it does not. */
#include "lint/catalogue.h"

#include "cmocka_all.h"

#include <stdio.h>

static char bytes[1 << 17];
static struct sp_arena arena;
static struct sp_node *cases; /* a list */

static int load(void **state)
{
	struct sp_source src = {"containers.yaml", bytes, 0};
	FILE *f = fopen(CATALOGUE_CASES, "re");
	struct sp_diags diags;
	struct sp_node **docs;
	uint32_t n;

	assert_non_null(f);
	src.len = fread(bytes, 1, sizeof(bytes), f);
	assert_true(src.len < sizeof(bytes));
	(void)fclose(f);
	sp_diags_init(&diags, &arena);
	assert_int_equal(sp_yaml_parse(&arena, &src, &diags, &docs, &n), 0);
	assert_int_equal(n, 1);
	cases = docs[0];
	return 0;
}

static int unload(void **state)
{
	sp_arena_done(&arena);
	return 0;
}

static void query(const struct sp_node *c, struct sp_buf *words, struct sp_buf *env,
		  struct sp_cat_query *ret)
{
	const struct sp_node *args = sp_node_get(c, "args"), *vars = sp_node_get(c, "env");

	sp_buf_puts(words, "");
	sp_buf_puts(env, "");
	for (uint32_t i = 0; args && i < args->n; i++)
		sp_buf_printf(words, "%s%s", i ? " " : "", args->items[i]->text);
	for (uint32_t i = 0; vars && i < vars->n; i++)
		sp_buf_printf(env, "%s=%s\n", sp_node_get(vars->items[i], "name")->text,
			      sp_node_get(vars->items[i], "value")->text);
	*ret = (struct sp_cat_query){sp_node_get(c, "image")->text, sp_node_get(c, "name")->text,
				     words->ptr, env->ptr};
}

static void test_cases(void **state)
{
	struct sp_catalogue *c = sp_catalogue_new(NULL);

	assert_non_null(c);
	for (uint32_t i = 0; i < cases->n; i++) {
		const struct sp_node *t = cases->items[i], *guarded = sp_node_get(t, "guarded");
		const char *is = sp_node_str(sp_node_get(t, "is"), NULL);
		const char *is_not = sp_node_str(sp_node_get(t, "is_not"), NULL);
		struct sp_buf words = {0}, env = {0};
		struct sp_cat_query q;
		struct sp_cat_match m;

		query(sp_node_get(t, "container"), &words, &env, &q);
		sp_catalogue_find(c, &q, &m);
		if (is) {
			assert_non_null(m.entry);
			assert_string_equal(m.entry->id, is);
			assert_string_equal(sp_confidence_name(m.confidence),
					    sp_node_str(sp_node_get(t, "sure"), "certain"));
			assert_int_equal(m.guarded, guarded && guarded->b);
		} else {
			assert_true(!m.entry || !sp_streq(m.entry->id, is_not));
		}
		sp_buf_done(&words);
		sp_buf_done(&env);
	}
	assert_null(sp_catalogue_free(c));
}

/* Each record is complete, and stands among the cases both ways. */
static void test_records(void **state)
{
	struct sp_catalogue *c = sp_catalogue_new(NULL);

	assert_true(sp_catalogue_size(c) >= 60);
	for (uint32_t i = 0; i < sp_catalogue_size(c); i++) {
		const struct sp_cat_entry *e = sp_catalogue_at(c, i);
		bool is = false, is_not = false;

		for (uint32_t k = 0; k < cases->n; k++) {
			const struct sp_node *t = cases->items[k];

			is |= sp_streq(sp_node_str(sp_node_get(t, "is"), ""), e->id);
			is_not |= sp_streq(sp_node_str(sp_node_get(t, "is_not"), ""), e->id);
		}
		if (!is || !is_not)
			print_error("record %s has no %s\n", e->id, is ? "is_not" : "is");
		assert_true(is && is_not);
		assert_true(e->order == 10 || e->order == 20 || e->order == 30 || e->order == 40);
		assert_int_equal(strlen(e->checked), 7);
		assert_non_null(strpbrk(e->source, "/:")); /* a place, not just a kind of text */
		for (uint32_t k = 0; k < e->n_facts; k++) {
			assert_int_equal(strlen(e->facts[k].checked), 7);
			assert_true(*e->facts[k].source != '\0');
			assert_true(e->facts[k].of.n > 0);
		}
		for (uint32_t k = 0; k < e->n_health; k++)
			assert_non_null(
				strstr("startup readiness liveness quit other", e->health[k].use));
		for (uint32_t k = 0; k < i; k++)
			assert_string_not_equal(sp_catalogue_at(c, k)->id, e->id);
	}
	sp_catalogue_free(c);
}

static void test_switched(void **state)
{
	static const struct {
		const char *text;
		bool on;
	} t[] = {{"", false},
		 {"--health-check", true},
		 {"a --health-check b", true},
		 {"--health-check=true", true},
		 {"--health-check=false", false},
		 {"--health-check false --health-check", true},
		 {"Health_Check  Off\n", false},
		 {"Health_Check On\n", true},
		 {"\"Health_Check\": \"no\"", false},
		 {"Health_Check 0.0.0.0:1", true},
		 {"Health_Check = 0", false},
		 {"Health_Check offset", true},
		 {"Health_Check\noff", true}};

	for (size_t i = 0; i < SP_ARRAY_LEN(t); i++)
		assert_int_equal(sp_switched("--health-check|Health_Check", t[i].text), t[i].on);
	assert_false(sp_switched(NULL, "x"));
	assert_false(sp_switched("x", NULL));
}

static void test_facts(void **state)
{
	struct sp_catalogue *c = sp_catalogue_new(NULL);
	const struct sp_cat_query q = {.image = "gcr.io/cloud-sql-connectors/cloud-sql-proxy:2.1"};
	const struct sp_cat_entry *e;
	struct sp_cat_match m;

	sp_catalogue_find(c, &q, &m);
	e = m.entry;
	assert_string_equal(e->health[0].path, "/startup");
	assert_int_equal(e->health[0].port, 9090);
	assert_int_equal(e->health[0].switch_add.n, 1);
	assert_string_equal(e->health[0].switch_add.v[0], "--health-check");
	assert_true(sp_seen(e->ports[3].bind_seen, "--port 5432 --http-address=0.0.0.0"));
	assert_true(e->ports[3].loopback);
	assert_int_equal(e->start_s, -1);
	assert_int_equal(e->drain_s, 0);
	assert_int_equal(e->type, SP_CAT_DB_PROXY);
	assert_string_equal(sp_cat_type_name(e->type), "db-proxy");
	sp_catalogue_find(c, &(struct sp_cat_query){.image = "fluent/fluent-bit:3"}, &m);
	assert_string_equal(m.entry->health[3].path, "/api/v2/health");
	assert_int_equal(m.entry->health[3].from_major, 4);
	assert_int_equal(m.entry->health[3].from_minor, 2);
	sp_catalogue_find(c, &(struct sp_cat_query){.image = "timberio/vector:1"}, &m);
	assert_string_equal(sp_cat_fact_of(m.entry, "drain_s").checked, "2026-11");
	assert_string_equal(sp_cat_fact_of(m.entry, "ports").checked, m.entry->checked);
	sp_catalogue_find(c, &(struct sp_cat_query){0}, &m);
	assert_null(m.entry);
	sp_catalogue_free(c);
}

static void test_repo(void **state)
{
	static const char *const t[][3] = {
		{"nginx", "nginx", ""},
		{"nginx:1.27", "nginx", "1.27"},
		{"docker.io/library/nginx:1", "nginx", "1"},
		{"library/nginx", "nginx", ""},
		{"localhost/app:1", "app", "1"},
		{"localhost:5000/a/b", "a/b", ""},
		{"registry:5000/app:2@sha256:00", "app", "2"},
		{"quay.io/a/b@sha256:00", "a/b", ""},
		{"team/app:x", "team/app", "x"},
		{"a.b/c/d/e:1", "c/d/e", "1"},
		{"", "", ""},
		{":", "", ""},
		{"x:", "x", ""},
	};

	for (size_t i = 0; i < SP_ARRAY_LEN(t); i++) {
		struct sp_buf repo = {0}, tag = {0};

		sp_image_repo(t[i][0], &repo, &tag);
		assert_string_equal(repo.ptr, t[i][1]);
		assert_string_equal(tag.ptr, t[i][2]);
		sp_buf_done(&repo);
		sp_buf_done(&tag);
	}
	assert_true(sp_seen("a|bc", "xbcx"));
	assert_false(sp_seen("a|bc", "xbx"));
	assert_false(sp_seen("", "x"));
	assert_false(sp_seen(NULL, "x"));
	assert_false(sp_seen("x", NULL));
}

#define HEAD  "catalogue: sidepod.catalogue/v1\nrecords:\n"
#define TAIL  "  source: us\n  checked: 2026-06\n  verified: true\n"
#define START "- id: mine\n  product: Mine\n  type: log\n  order: 30\n"

static void test_own(void **state)
{
	static const char mine[] = HEAD START "  repo: team/.*-shipper|fluent/fluent-bit\n" TAIL;
	struct sp_source src = {"mine.yaml", mine, sizeof(mine) - 1};
	struct sp_catalogue *c = sp_catalogue_new(NULL);
	uint32_t n = sp_catalogue_size(c);
	struct sp_cat_match m;

	assert_int_equal(sp_catalogue_add(c, &src, NULL), 0);
	assert_int_equal(sp_catalogue_size(c), n + 1);
	sp_catalogue_find(c, &(struct sp_cat_query){.image = "x.io/team/log-shipper:1"}, &m);
	assert_string_equal(m.entry->id, "mine");
	sp_catalogue_find(c, &(struct sp_cat_query){.image = "fluent/fluent-bit:1"}, &m);
	assert_string_equal(m.entry->id, "mine"); /* asked before the built-in one */
	sp_catalogue_free(c);
}

static void test_bad(void **state)
{
	static const char *const t[][2] = {
		{"a: [", "mine.yaml:2:1: a value is missing"},
		{"records: []\n", "first line must be"},
		{"catalogue: sidepod.catalogue/v1\n", "'records' must be a list"},
		{HEAD "- 1\n", "mine.yaml:3:3: a record must be a map"},
		{HEAD START "  repo: x\n", "'source' is missing"},
		{HEAD START "  repo: (x\n" TAIL, "'(x' is no pattern"},
		{HEAD START "  repo: x\n  prots: []\n" TAIL, "mine.yaml:8:3: 'prots' is no key"},
		{HEAD START "  repo: x\n  ports: [{port: 70000}]\n" TAIL,
		 "'port' must be a number"},
		{HEAD START "  repo: x\n  stop_s: -1\n" TAIL, "'stop_s' must be a number"},
		{HEAD START "  repo: x\n  both: 1\n" TAIL, "'both' must be true or false"},
		{HEAD START "  repo: x\n  at_best: sure\n" TAIL, "'at_best' is none of its words"},
		{HEAD START "  repo: x\n  documented: x\n" TAIL, "'documented' must be a list"},
		{HEAD START
		 "  repo: x\n  facts: [{of: [drian_s], source: a, checked: 2026-01}]\n" TAIL,
		 "'drian_s' is no key"},
		{HEAD START "  repo: x\n  facts: [{of: [ports], source: a}]\n" TAIL,
		 "'checked' is missing"},
		{HEAD START "  repo: x\n  health: [{use: startup, from: x}]\n" TAIL,
		 "'from' must be a release"},
	};

	for (size_t i = 0; i < SP_ARRAY_LEN(t); i++) {
		struct sp_source src = {"mine.yaml", t[i][0], strlen(t[i][0])};
		struct sp_catalogue *c = sp_catalogue_new(NULL);
		uint32_t n = sp_catalogue_size(c);
		struct sp_error err = {0};

		assert_int_equal(sp_catalogue_add(c, &src, &err), -1);
		assert_int_equal(err.code, SP_E_INVALID);
		if (!strstr(err.text, t[i][1]))
			print_error("%s: not in: %s\n", t[i][1], err.text);
		assert_non_null(strstr(err.text, t[i][1]));
		assert_int_equal(sp_catalogue_size(c), n);
		sp_catalogue_free(c);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),    cmocka_unit_test(test_records),
		cmocka_unit_test(test_switched), cmocka_unit_test(test_facts),
		cmocka_unit_test(test_repo),     cmocka_unit_test(test_own),
		cmocka_unit_test(test_bad),
	};

	return cmocka_run_group_tests(tests, load, unload);
}
