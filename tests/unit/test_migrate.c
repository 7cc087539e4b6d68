/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Migrations: pairs of manifests with the report of each (SP_UPDATE_GOLDEN=1 writes them); what
 * comes out is valid, keeps its comments, and is not changed a second time. Scripts by tables.
 */
#include "lint/script.h"
#include "migrate/migrate.h"

#include "cmocka_all.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

static struct sp_catalogue *catalogue;

static int setup(void **state)
{
	catalogue = sp_catalogue_new(NULL);
	return catalogue ? 0 : -1;
}

static int teardown(void **state)
{
	sp_catalogue_free(catalogue);
	return 0;
}

static bool read_file(const char *path, struct sp_buf *b)
{
	char chunk[4096];
	size_t n;
	FILE *f = fopen(path, "re");

	if (!f)
		return false;
	sp_buf_puts(b, "");
	while ((n = fread(chunk, 1, sizeof(chunk), f)) > 0)
		sp_buf_add(b, chunk, n);
	(void)fclose(f);
	return true;
}

static void golden(const char *path, const struct sp_buf *is)
{
	struct sp_buf want = {0};

	if (getenv("SP_UPDATE_GOLDEN")) {
		FILE *f = fopen(path, "we");

		assert_non_null(f);
		assert_int_equal(fwrite(is->ptr, 1, is->len, f), is->len);
		assert_int_equal(fclose(f), 0);
	}
	if (!read_file(path, &want))
		fail_msg("%s is missing", path);
	if (!sp_streq(want.ptr, is->ptr))
		print_error("differs: %s\n", path);
	assert_string_equal(is->ptr, want.ptr);
	sp_buf_done(&want);
}

static void report(const struct sp_migration *m, struct sp_buf *b)
{
	sp_buf_puts(b, "");
	for (uint32_t i = 0; i < m->n_steps; i++)
		sp_buf_printf(b, "%s %s %s %s: %s\n", m->steps[i].manual ? "left" : "step",
			      m->steps[i].rule, m->steps[i].object,
			      m->steps[i].container ? m->steps[i].container : "-",
			      m->steps[i].text);
	for (uint32_t i = 0; i < m->n_hazards; i++)
		sp_buf_printf(b, "look %s %s %s: %s\n", m->hazards[i].rule, m->hazards[i].object,
			      m->hazards[i].container ? m->hazards[i].container : "-",
			      m->hazards[i].text);
	for (uint32_t i = 0; i < m->n_rows; i++)
		sp_buf_printf(b, "does %s %s | %s | %s\n", m->rows[i].object, m->rows[i].what,
			      m->rows[i].before, m->rows[i].after);
}

static void check_valid(const struct sp_source *src)
{
	const struct sp_load_options opt = {.validate = SP_VALIDATE_STRICT};
	struct sp_manifest m;

	sp_manifest_init(&m, &opt);
	assert_int_equal(sp_manifest_add(&m, src->name, src->bytes, src->len), 0);
	if (m.diags.n_errors)
		print_error("%s\n", m.diags.v[0].message);
	assert_int_equal(m.diags.n_errors, 0);
	sp_manifest_done(&m);
}

static void migrate_once(const struct sp_source *src, const char *only, struct sp_migration *m)
{
	const struct sp_mig_options opt = {.catalogue = catalogue, .only = only};
	struct sp_error err = {0};
	int r = sp_migrate(src, &opt, NULL, m, &err);

	if (r < 0)
		print_error("%s\n", err.text);
	assert_int_equal(r, 0);
}

static void check_pair(const char *name)
{
	struct sp_buf before = {0}, text = {0};
	struct sp_migration m, again;
	struct sp_source src, next;
	char path[512], stem[256];
	struct sp_buf p = sp_buf_fixed(path, sizeof(path));
	size_t len = strlen(name) - strlen(".before.yaml");

	(void)snprintf(stem, sizeof(stem), "%.*s", (int)len, name);
	sp_buf_printf(&p, "%s/%s", MIGRATE_DIR, name);
	assert_true(read_file(path, &before));
	src = (struct sp_source){name, before.ptr, before.len};
	migrate_once(&src, NULL, &m);
	sp_buf_clear(&p);
	sp_buf_printf(&p, "%s/%s.after.yaml", MIGRATE_DIR, stem);
	golden(path, &m.text);
	report(&m, &text);
	sp_buf_clear(&p);
	sp_buf_printf(&p, "%s/%s.report", MIGRATE_DIR, stem);
	golden(path, &text);
	next = (struct sp_source){name, m.text.ptr, m.text.len};
	check_valid(&next);
	migrate_once(&next, NULL, &again);
	if (again.changed)
		print_error("%s changes again:\n%s", name, again.text.ptr);
	assert_false(again.changed);
	assert_int_equal(again.n_manual, m.n_manual); /* what is left stays told */
	sp_migration_done(&again);
	sp_migration_done(&m);
	sp_buf_done(&before);
	sp_buf_done(&text);
}

static int is_before(const struct dirent *e)
{
	const char *dot = strchr(e->d_name, '.');

	return dot && sp_streq(dot, ".before.yaml");
}

static void test_pairs(void **state)
{
	struct dirent **v;
	int n = scandir(MIGRATE_DIR, &v, is_before, alphasort);

	assert_true(n >= 15);
	for (int i = 0; i < n; i++) {
		check_pair(v[i]->d_name);
		free(v[i]);
	}
	free(v);
}

#define POD                                                                                        \
	"apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  containers:\n"                   \
	"  - {name: app, image: a}\n  - {name: helper, image: b}\n"

static void test_only(void **state)
{
	const struct sp_source src = {"p.yaml", POD, sizeof(POD) - 1};
	struct sp_migration m;

	migrate_once(&src, NULL, &m); /* nobody knows it */
	assert_false(m.changed);
	assert_int_equal(m.n_steps, 0);
	sp_migration_done(&m);
	migrate_once(&src, "helper", &m);
	assert_non_null(strstr(m.text.ptr, "initContainers:\n  - {name: helper, image: b, "
					   "restartPolicy: Always}\n  containers:"));
	sp_migration_done(&m);
}

static void test_patch(void **state)
{
	static const char before[] = POD;
	static const char after[] =
		"apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  initContainers:\n"
		"  - {name: helper, image: b, restartPolicy: Always}\n  containers:\n"
		"  - {name: app, image: c}\n";
	const struct sp_source a = {"a", before, sizeof(before) - 1};
	const struct sp_source b = {"b", after, sizeof(after) - 1};
	struct sp_buf out = {0};

	assert_int_equal(sp_migrate_patch(&a, &b, &out, NULL), 0);
	assert_string_equal(out.ptr, "apiVersion: v1\nkind: Pod\nmetadata:\n  name: p\nspec:\n"
				     "  initContainers:\n  - name: helper\n    image: b\n"
				     "    restartPolicy: Always\n  $setElementOrder/containers:\n"
				     "  - name: app\n  containers:\n  - image: c\n    name: app\n"
				     "  - $patch: delete\n    name: helper\n");
	sp_buf_done(&out);
	assert_int_equal(sp_migrate_patch(&a, &a, &out, NULL), 0);
	assert_null(out.ptr);
}

static void test_bad_input(void **state)
{
	static const char text[] = "kind: [\n";
	const struct sp_source src = {"bad.yaml", text, sizeof(text) - 1};
	const struct sp_mig_options opt = {.catalogue = catalogue};
	struct sp_arena arena = {0};
	struct sp_diags diags;
	struct sp_migration m;
	struct sp_error err;

	sp_diags_init(&diags, &arena);
	assert_int_equal(sp_migrate(&src, &opt, &diags, &m, &err), -1);
	assert_int_equal(err.code, SP_E_INVALID);
	assert_true(diags.n_errors >= 1);
	sp_migration_done(&m);
	sp_arena_done(&arena);
}

#define BESIDE                                                                                     \
	"---\napiVersion: v1\nkind: Pod\nmetadata: {name: q}\nspec:\n  containers:\n"              \
	"  - {name: app, image: a}\n  - {name: envoy, image: envoyproxy/envoy}\n"
#define BESIDE_AFTER                                                                               \
	"  initContainers:\n  - {name: envoy, image: envoyproxy/envoy, restartPolicy: Always}\n"

/* What cannot be changed or read does not keep the rest of a file from being changed. */
static void test_parts(void **state)
{
	static const struct {
		const char *text;
		uint32_t n_errors, n_manual;
		const char *left; /* stays in the text */
	} t[] = {
		/* an object with faults; a kind of somebody else */
		{"apiVersion: v1\nkind: Pod\nmetadata: {name: P}\nspec: {}\n" BESIDE, 2, 0,
		 "spec: {}"},
		{"apiVersion: monitoring.coreos.com/v1\nkind: ServiceMonitor\nspec: {a: 1}\n" BESIDE,
		 0, 0, "spec: {a: 1}"},
		{"apiVersion: serving.knative.dev/v1\nkind: Service\nspec: {a: 1}\n" BESIDE, 0, 0,
		 "spec: {a: 1}"},
		/* what this engine lacks is no fault */
		{"apiVersion: v1\nkind: Pod\nmetadata: {name: w}\nspec:\n  os: {name: windows}\n"
		 "  volumes: [{name: v, nfs: {server: s, path: /}}]\n  containers:\n"
		 "  - {name: a, image: b}\n" BESIDE,
		 0, 0, "nfs"},
		/* a layout that does not allow it */
		{"apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  containers:\n"
		 "  - {name: app, image: a}\n  - &x\n    name: envoy\n    image: envoyproxy/envoy\n"
		 "  initContainers:\n  - {<<: *x, name: i, image: b, command: [\"true\"]}\n" BESIDE,
		 0, 1, "- &x"},
	};

	for (size_t i = 0; i < SP_ARRAY_LEN(t); i++) {
		const struct sp_source src = {"f.yaml", t[i].text, strlen(t[i].text)};
		const struct sp_mig_options opt = {.catalogue = catalogue};
		struct sp_arena arena = {0};
		struct sp_diags diags;
		struct sp_migration m;
		struct sp_error err = {0};

		sp_diags_init(&diags, &arena);
		if (sp_migrate(&src, &opt, &diags, &m, &err) < 0)
			fail_msg("case %zu: %s", i, err.text);
		if (!strstr(m.text.ptr, BESIDE_AFTER) || !strstr(m.text.ptr, t[i].left))
			print_error("case %zu:\n%s", i, m.text.ptr);
		assert_non_null(strstr(m.text.ptr, BESIDE_AFTER));
		assert_non_null(strstr(m.text.ptr, t[i].left));
		assert_int_equal(diags.n_errors, t[i].n_errors);
		assert_int_equal(m.n_manual, t[i].n_manual);
		sp_migration_done(&m);
		sp_arena_done(&arena);
	}
}

/* Files of Docker are explained, not changed. */
static void test_compose(void **state)
{
	static const char *const t[] = {
		"services:\n  web: {image: a}\n  log:\n    image: b\n    network_mode: service:web\n",
		"services:\n  log: {image: b, network_mode: \"container:web\"}\n",
		("#!/bin/sh\nset -e\ndocker run -d --name web a\n"
		 "docker run -d --network container:web \"b: c\"\n"),
		"docker run --net=container:web b\n",
	};

	for (size_t i = 0; i < SP_ARRAY_LEN(t); i++) {
		const struct sp_source src = {"f", t[i], strlen(t[i])};
		struct sp_migration m;

		migrate_once(&src, NULL, &m);
		assert_false(m.changed);
		assert_int_equal(m.n_manual, 1);
		assert_string_equal(m.steps[0].rule, "M22");
		assert_non_null(strstr(m.steps[0].text, "shares the network of web"));
		assert_int_equal(m.n_hazards, 2);
		sp_migration_done(&m);
	}
}

/* Statements between bars; '*' in front of the joint: compound. */
static void test_statements(void **state)
{
	static const char *const t[][2] = {
		{"a", "a||"},
		{"a; b && c || d", "a|;|b|&&|c||||d||"},
		{"a 'x;y' \"p && q\" $(b; c) `d; e`; f", "a 'x;y' \"p && q\" $(b; c) `d; e`|;|f||"},
		{"a | b & c", "a|||b|&|c||"},
		{"while ! a; do b; c; done; d", "while ! a; do b; c; done|*;|d||"},
		{"if a; then b; else c; fi\nd\n", "if a; then b; else c; fi|*\n|d|\n|"},
		{"(a; b); c", "(a; b)|*;|c||"},
		{"# note\n\na # b; c\n", "a|\n|"},
		{"X=1 a >x 2>&1; b", "X=1 a >x 2>&1|;|b||"},
		{"a \\\n  b; c", "a \\\n  b|;|c||"},
		{"echo done; echo if; x", "echo done|;|echo if|;|x||"},
	};
	static const char *const odd[] = {"case x in y) a;; esac; b", "a 'b", "cat <<E\nx\nE\n",
					  "while a; do b", "a $(b"};
	struct sp_script *s = calloc(1, sizeof(*s));

	for (size_t i = 0; i < SP_ARRAY_LEN(t); i++) {
		struct sp_buf b = {0};

		sp_script_read(t[i][0], strlen(t[i][0]), s);
		assert_false(s->odd);
		for (uint32_t k = 0; k < s->n; k++) {
			sp_buf_add(&b, s->text + s->v[k].from, s->v[k].to - s->v[k].from);
			sp_buf_printf(&b, "|%s%s|", s->v[k].compound ? "*" : "", s->v[k].joined);
		}
		assert_string_equal(b.ptr, t[i][1]);
		sp_buf_done(&b);
	}
	for (size_t i = 0; i < SP_ARRAY_LEN(odd); i++) {
		sp_script_read(odd[i], strlen(odd[i]), s);
		assert_true(s->odd);
	}
	free(s);
}

/* Statements that hold a Q go. */
static void test_without(void **state)
{
	static const char *const t[][2] = {
		{"a; Q", "a"},
		{"a && Q", "a"},
		{"Q && a", "a"},
		{"Q; a", "a"},
		{"a; Q; b", "a; b"},
		{"a && Q; b", "a && b"},
		{"a; Q || true", "a"},
		{"a; Q || true; b", "a; b"},
		{"a\nQ\nb\n", "a\nb\n"},
		{"a\nb\nQ\n", "a\nb\n"},
		{"# c\nQ\na\n", "# c\na\n"},
		{"a; code=$?; Q; exit $code", "a; code=$?; exit $code"},
		{"a | Q", NULL},
		{"Q & a", NULL},
		{"Q || fallback", NULL},
		{"Q", NULL},
	};
	struct sp_script *s = calloc(1, sizeof(*s));

	for (size_t i = 0; i < SP_ARRAY_LEN(t); i++) {
		bool gone[SP_STATEMENTS_MAX] = {0};
		struct sp_buf b = {0};

		sp_script_read(t[i][0], strlen(t[i][0]), s);
		for (uint32_t k = 0; k < s->n; k++)
			gone[k] = s->text[s->v[k].from] == 'Q';
		assert_int_equal(sp_script_without(s, gone, &b), t[i][1] != NULL);
		if (t[i][1])
			assert_string_equal(b.ptr, t[i][1]);
		sp_buf_done(&b);
	}
	free(s);
}

static void test_words(void **state)
{
	struct sp_arena a = {0};
	const char *w[4];

	assert_int_equal(sp_script_words(&a, "/app/x --y=1 z\n", 15, w, 4), 3);
	assert_string_equal(w[1], "--y=1");
	assert_int_equal(sp_script_words(&a, "a $B", 4, w, 4), 0);
	assert_int_equal(sp_script_words(&a, "X=1 a", 5, w, 4), 0);
	assert_int_equal(sp_script_words(&a, "a; b", 4, w, 4), 0);
	assert_int_equal(sp_script_words(&a, "a b c d e", 9, w, 4), 0);
	assert_int_equal(sp_script_words(&a, "prepare\nrun\n", 12, w, 4), 0);
	assert_int_equal(sp_script_words(&a, "cd /x", 5, w, 4), 0);
	assert_int_equal(sp_script_words(&a, "\n exec a b\n", 11, w, 4), 2);
	assert_string_equal(w[0], "a");
	assert_int_equal(sp_script_words(&a, "exec -a name b", 14, w, 4), 0);
	sp_arena_done(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pairs),      cmocka_unit_test(test_only),
		cmocka_unit_test(test_patch),      cmocka_unit_test(test_bad_input),
		cmocka_unit_test(test_parts),      cmocka_unit_test(test_compose),
		cmocka_unit_test(test_statements), cmocka_unit_test(test_without),
		cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
