/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What must hold for fixes and migrations of any manifest: all golden manifests, each in several
 * dresses - comments, CRLF, JSON, other documents around it, no line end at the end. Speaks TAP.
 *
 *   nothing asked, nothing changed; other documents stay byte for byte; doing it twice is doing it
 *   once; what was fixed is found no more; what a migration moved starts before the apps and stops
 *   after them; comments stay where what they stand at stays.
 */
#include "base/text.h"
#include "kept.h"
#include "lint/lint.h"
#include "migrate/migrate.h"
#include "spec/edit.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#define BEFORE                                                                                     \
	"# in front\n---\nkind: ConfigMap\napiVersion: v1\nmetadata: {name: first}\ndata:\n"       \
	"  script: |\n    # no comment\n\tx\n  tabs: \"a\tb\"\n---\n"
#define BEHIND                                                                                     \
	"---\n# behind\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: last # \xc3\xa4\xe2\x82\xac\n"

enum dress { PLAIN, CRLF, NO_END, COMMENTS, TRAILING, AROUND, LONG, BOM, JSON, DRESSES };
static const char *const dresses[] = {"plain",
				      "CRLF",
				      "no line end",
				      "comments",
				      "comments behind lines",
				      "between documents",
				      "long document",
				      "byte order mark",
				      "JSON"};

static struct sp_catalogue *catalogue;
static int total, failed, n_fixed, n_migrated;

/* ---- dressing ---------------------------------------------------------------------------------
 */

/* Is this line inside a block scalar, or does it belong to a value of several lines? */
struct block {
	size_t deep; /* of the key that opened it */
	bool on;
};

static bool is_plain_line(struct block *b, const char *line, size_t n)
{
	size_t deep = 0;

	while (deep < n && line[deep] == ' ')
		deep++;
	if (b->on && (deep > b->deep || deep == n))
		return false;
	b->on = n > 0 && (memchr("|>", line[n - 1], 2) || (n > 1 && memchr("|>", line[n - 2], 2)));
	b->deep = deep;
	/* plain "key: word" or "- key: word" without brackets, quotes, anchors, comments */
	for (size_t i = deep; i < n; i++)
		if (strchr("[]{}\"'#&*|>", line[i]))
			return false;
	return deep < n && memchr(line, ':', n);
}

static void add_comments(const char *text, bool trailing, struct sp_buf *out)
{
	struct block b = {0};
	unsigned n = 0;

	while (*text) {
		size_t len = strcspn(text, "\n"), deep = strspn(text, " ");
		bool plain = is_plain_line(&b, text, len);

		if (plain && !trailing) {
			sp_buf_fill(out, ' ', deep);
			sp_buf_printf(out, "# note %u \xe2\x80\x94 \t\n", n++);
		}
		sp_buf_add(out, text, len);
		if (plain && trailing)
			sp_buf_printf(out, "  # note %u", n++);
		text += len;
		if (*text)
			sp_buf_putc(out, *text++);
	}
}

static bool as_json(const char *text, struct sp_buf *out)
{
	SP_CLEANUP(sp_arena_done) struct sp_arena a = {0};
	const struct sp_source src = {"t", text, strlen(text)};
	struct sp_node **docs;
	struct sp_diags d;
	uint32_t n;

	sp_diags_init(&d, &a);
	if (sp_yaml_parse(&a, &src, &d, &docs, &n) < 0 || n != 1 || docs[0]->kind != SP_NODE_MAP)
		return false;
	sp_node_json(docs[0], 2, out);
	sp_buf_putc(out, '\n');
	return true;
}

/* Return: false when this manifest cannot wear it */
static bool dress(enum dress how, const char *text, struct sp_buf *out)
{
	size_t len = strlen(text);

	switch (how) {
	case PLAIN:
		sp_buf_puts(out, text);
		return true;
	case CRLF:
		for (; *text; text++)
			sp_buf_printf(out, *text == '\n' ? "\r\n" : "%c", *text);
		return true;
	case NO_END:
		while (len && text[len - 1] == '\n')
			len--;
		sp_buf_add(out, text, len);
		return true;
	case COMMENTS:
	case TRAILING:
		add_comments(text, how == TRAILING, out);
		return true;
	case AROUND:
	case LONG:
		sp_buf_printf(out, "%s%s%s", BEFORE, text, BEHIND);
		for (int i = 0; how == LONG && i < 3000; i++)
			sp_buf_printf(out, "%s  key%d: 'v%d' # \xf0\x9f\x90\xb3\n",
				      i ? "" : "data:\n", i, i);
		return strncmp(text, "---", 3) != 0;
	case BOM:
		sp_buf_printf(out, "\xef\xbb\xbf%s", text);
		return true;
	case JSON:
		return as_json(text, out);
	case DRESSES:
		break;
	}
	return false;
}

/* ---- what must hold ---------------------------------------------------------------------------
 */

struct trial {
	const char *name;
	enum dress how;
	struct sp_source src;
	bool ok;
};

static void wrong(struct trial *t, const char *what, const char *more)
{
	printf("# %s (%s): %s%s%s\n", t->name, dresses[t->how], what, more ? ": " : "",
	       more ? more : "");
	t->ok = false;
}

static bool ends_with(const char *text, size_t len, const char *end)
{
	size_t n = strlen(end);

	return len >= n && memcmp(text + len - n, end, n) == 0;
}

/* Documents that have nothing to do with it are the same bytes. */
static void check_around(struct trial *t, const char *text, size_t len)
{
	const char *behind = memmem(t->src.bytes, t->src.len, BEHIND, strlen(BEHIND));

	if (t->how != AROUND && t->how != LONG)
		return;
	if (strncmp(text, BEFORE, strlen(BEFORE)) != 0)
		wrong(t, "the document in front changed", NULL);
	if (!behind || !ends_with(text, len, behind))
		wrong(t, "the document behind changed", NULL);
}

static void check_no_op(struct trial *t)
{
	SP_CLEANUP(sp_arena_done) struct sp_arena a = {0};
	SP_CLEANUP(sp_buf_done) struct sp_buf out = {0};
	struct sp_edits e;
	struct sp_error err;

	sp_edits_init(&e, &a, &t->src);
	if (sp_edits_apply(&e, &out, &err) < 0 || out.len != t->src.len ||
	    (out.len && memcmp(out.ptr, t->src.bytes, out.len) != 0))
		wrong(t, "an edit of nothing changed something", NULL);
}

static uint32_t count(const struct sp_lint_options *o, const char *text, size_t len, const char *id)
{
	struct sp_error err;
	struct sp_lint l;
	uint32_t n = 0;

	sp_lint_init(&l, o);
	if (sp_lint_add(&l, "t.yaml", text, len) < 0 || sp_lint_run(&l, &err) < 0)
		fail("out of memory", "lint");
	for (uint32_t i = 0; i < l.n_findings; i++)
		n += !l.findings[i].ignored && sp_streq(l.findings[i].id, id);
	sp_lint_done(&l);
	return n;
}

/* The fixes of one rule leave fewer findings of it; others may bring new ones up. */
static void check_gone(struct trial *t, enum sp_fix_class least, const char *id)
{
	const struct sp_lint_options o = {.node_milli = -1,
					  .node_bytes = -1,
					  .catalogue = catalogue,
					  .only = &id,
					  .n_only = 1};
	uint32_t before = count(&o, t->src.bytes, t->src.len, id);
	struct sp_lint_fixed fixed = {0};
	struct sp_error err;

	if (sp_lint_fix(&t->src, &o, least, &fixed, &err) < 0)
		fail(err.text, t->name);
	/* of the two numbers that SP401 asks for the catalogue may know one */
	if (fixed.n_fixes && !sp_streq(id, "SP401") &&
	    count(&o, fixed.text.ptr, fixed.text.len, id) >= before)
		wrong(t, "found as often after its fix", id);
	sp_lint_fixed_done(&fixed);
}

static void check_fix(struct trial *t, enum sp_fix_class least)
{
	const struct sp_lint_options o = {
		.node_milli = -1, .node_bytes = -1, .catalogue = catalogue};
	struct sp_lint_fixed once = {0}, twice = {0};
	struct sp_source next;
	struct sp_error err;

	if (sp_lint_fix(&t->src, &o, least, &once, &err) < 0)
		fail(err.text, t->name);
	n_fixed += once.n_fixes > 0;
	next = (struct sp_source){t->src.name, once.text.ptr ? once.text.ptr : "", once.text.len};
	check_around(t, next.bytes, next.len);
	if (!once.n_fixes && (next.len != t->src.len || memcmp(next.bytes, t->src.bytes, next.len)))
		wrong(t, "changed without a fix", NULL);
	if (sp_lint_fix(&next, &o, least, &twice, &err) < 0)
		fail(err.text, t->name);
	if (twice.n_fixes)
		wrong(t, "fixed again", twice.rules[0]->id);
	for (uint32_t i = 0; t->how == PLAIN && i < once.n_fixes; i++)
		check_gone(t, least, once.rules[i]->id);
	sp_lint_fixed_done(&once);
	sp_lint_fixed_done(&twice);
}

/* Is @name in the list "a 0 s, b 3 s" in front of @other? Absent ones are in order. */
static bool stands_before(const char *list, const char *name, const char *other)
{
	const char *at[2] = {NULL, NULL}, *names[2] = {name, other};

	for (int i = 0; i < 2; i++)
		for (const char *p = list; *p && !at[i]; p += strcspn(p, ","), p += *p ? 2 : 0) {
			size_t n = strlen(names[i]);

			if (strncmp(p, names[i], n) == 0 && p[n] == ' ')
				at[i] = p;
		}
	return !at[0] || !at[1] || at[0] < at[1];
}

static void check_order(struct trial *t, const struct sp_migration *m)
{
	for (uint32_t s = 0; s < m->n_steps; s++) {
		const struct sp_mig_step *step = &m->steps[s];

		if (step->manual || (!sp_streq(step->rule, "M1") && !sp_streq(step->rule, "M2")))
			continue;
		for (uint32_t r = 0; r < m->n_rows; r++) {
			const struct sp_mig_row *row = &m->rows[r];
			bool start = sp_streq(row->what, "start");

			if (!sp_streq(row->object, step->object) ||
			    (!start && !sp_streq(row->what, "stop")))
				continue;
			/* the golden manifests call their apps so */
			if (start ? !stands_before(row->after, step->container, "app")
				  : !stands_before(row->after, "app", step->container))
				wrong(t, "not the order that was promised", row->after);
		}
	}
}

static uint32_t notes(const char *text, size_t len)
{
	uint32_t n = 0;

	for (const char *p = text; (p = memmem(p, len - (size_t)(p - text), "# note ", 7)); p++)
		n++;
	return n;
}

/* Steps that take things out may take what is written about them along. */
static bool removes(const struct sp_migration *m)
{
	for (uint32_t i = 0; i < m->n_steps; i++)
		if (!m->steps[i].manual && !sp_streq(m->steps[i].rule, "M1") &&
		    !sp_streq(m->steps[i].rule, "M2") && !sp_streq(m->steps[i].rule, "M4") &&
		    !sp_streq(m->steps[i].rule, "M16") && !sp_streq(m->steps[i].rule, "M17"))
			return true;
	return false;
}

static void check_migrate(struct trial *t)
{
	const struct sp_mig_options o = {.catalogue = catalogue};
	struct sp_migration once, twice;
	struct sp_source next;
	struct sp_error err;

	if (sp_migrate(&t->src, &o, NULL, &once, &err) < 0) {
		if (err.code != SP_E_INVALID)
			wrong(t, "cannot be migrated", err.text);
		sp_migration_done(&once);
		return;
	}
	n_migrated += once.changed;
	next = (struct sp_source){t->src.name, once.text.ptr, once.text.len};
	check_around(t, next.bytes, next.len);
	check_order(t, &once);
	if (!removes(&once) && notes(next.bytes, next.len) != notes(t->src.bytes, t->src.len))
		wrong(t, "a comment is lost", NULL);
	if (sp_migrate(&next, &o, NULL, &twice, &err) < 0)
		wrong(t, "what came out cannot be migrated", err.text);
	else if (twice.changed)
		wrong(t, "migrated again",
		      twice.n_steps ? twice.steps[twice.n_steps - 1].text : NULL);
	for (uint32_t i = 0; once.changed && i < once.n_steps; i++) {
		const struct sp_lint_options lo = {
			.node_milli = -1, .node_bytes = -1, .catalogue = catalogue};
		const char *id = sp_streq(once.steps[i].rule, "M1")   ? "SP102"
				 : sp_streq(once.steps[i].rule, "M2") ? "SP103"
				 : sp_streq(once.steps[i].rule, "M3") ? "SP101"
								      : NULL;
		uint32_t before =
			id && !once.steps[i].manual ? count(&lo, t->src.bytes, t->src.len, id) : 0;

		if (before && count(&lo, next.bytes, next.len, id) >= before)
			wrong(t, "found as often after the migration", id);
	}
	sp_migration_done(&once);
	sp_migration_done(&twice);
}

static void try_all(const char *name, const char *text)
{
	bool ok = true;

	for (int how = 0; how < DRESSES; how++) {
		SP_CLEANUP(sp_buf_done) struct sp_buf b = {0};
		struct trial t = {.name = name, .how = (enum dress)how, .ok = true};

		sp_buf_puts(&b, "");
		if (!dress(t.how, text, &b) || b.failed)
			continue;
		t.src = (struct sp_source){"t.yaml", b.ptr, b.len};
		check_no_op(&t);
		check_fix(&t, SP_FIX_SAFE);
		check_fix(&t, SP_FIX_SUGGEST);
		check_migrate(&t);
		ok &= t.ok;
	}
	printf("%s %d - %s\n", ok ? "ok" : "not ok", ++total, name);
	failed += !ok;
}

static int is_manifest(const struct dirent *e)
{
	const char *end = strrchr(e->d_name, '.');

	return end && sp_streq(end, ".yaml");
}

int main(int argc, char **argv)
{
	catalogue = sp_catalogue_new(NULL);
	if (!catalogue || argc < 2)
		fail("name the folders", "usage");
	for (int i = 1; i < argc; i++) {
		struct dirent **v;
		int n = scandir(argv[i], &v, is_manifest, alphasort);

		if (n <= 0)
			fail("holds no manifests", argv[i]);
		for (int k = 0; k < n; k++) {
			char path[4096];
			char *text;
			size_t len;

			snprintf(path, sizeof(path), "%s/%s", argv[i], v[k]->d_name);
			text = read_file(path, &len);
			if (!text)
				fail("cannot be read", path);
			try_all(v[k]->d_name, text);
			free(text);
			free(v[k]);
		}
		free(v);
	}
	/* a corpus that nothing happens to proves nothing */
	if (n_fixed < 200 || n_migrated < 200)
		fail("too few manifests were fixed or migrated", "corpus");
	printf("# %d fixed, %d migrated\n1..%d\n", n_fixed, n_migrated, total);
	sp_catalogue_free(catalogue);
	return failed ? 1 : 0;
}
