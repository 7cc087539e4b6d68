/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lint of whole manifests. Speaks TAP.
 *
 *   rules/<family>.yaml   a finding stands exactly on each line that ends in "#~ SP202"; lines
 *                         without such a mark are the cases that must not match
 *   seed/<name>.yaml      headers say what must be found and what must not, before and after
 *                         --fix=all; <name>.fixed is the text after it
 *   output/               one manifest in every format
 *
 * Headers: "# rules: SP2 …" only these, "# kube: 28", "# free: 100m", "# closed: yes",
 * "# catalogue: user"; "# must:
 * SP202:info …",
 * "# must-not: …", "# says: text", "# none-above: info", "# fixed-must: …", "# fixed-must-not: …".
 * SP_UPDATE_GOLDEN=1 rewrites outputs; reviewers read the difference.
 */
#include "base/text.h"
#include "kept.h"
#include "lint/lint.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#define WORDS_MAX 32

static struct sp_catalogue *catalogue, *user_catalogue; /* the second with a user's records */
static int total, failed;
static bool covered[256]; /* rules that some file expects */

static void result(bool ok, const char *area, const char *name)
{
	printf("%s %d - %s/%s\n", ok ? "ok" : "not ok", ++total, area, name);
	failed += !ok;
}

/* ---- headers --------------------------------------------------------------------------------- */

struct words {
	char text[1024];
	const char *v[WORDS_MAX];
	uint32_t n;
};

/* The words behind "# <key>:" of the @nth such line. */
static bool header(const char *bytes, const char *key, int nth, struct words *ret)
{
	char start[64];
	size_t len = (size_t)snprintf(start, sizeof(start), "# %s:", key);

	ret->n = 0;
	for (const char *p = bytes; *p == '#'; p += strcspn(p, "\n"), p += *p == '\n') {
		size_t rest;

		if (strncmp(p, start, len) != 0 || nth-- > 0)
			continue;
		rest = SP_MIN(strcspn(p + len, "\n"), sizeof(ret->text) - 1);
		memcpy(ret->text, p + len, rest);
		ret->text[rest] = '\0';
		for (char *w = strtok(ret->text, " "); w && ret->n < WORDS_MAX;
		     w = strtok(NULL, " "))
			ret->v[ret->n++] = w;
		return true;
	}
	return false;
}

static struct sp_lint_options options(const char *bytes, struct words *rules)
{
	struct sp_lint_options o = {.node_milli = -1, .node_bytes = -1, .catalogue = catalogue};
	struct words kube;

	if (header(bytes, "rules", 0, rules)) {
		o.only = rules->v;
		o.n_only = rules->n;
	}
	if (header(bytes, "kube", 0, &kube) && kube.n)
		o.kube_minor = atoi(kube.v[0]); /* our own files */
	if (header(bytes, "free", 0, &kube))
		o.node_milli = 100;
	o.closed = header(bytes, "closed", 0, &kube);
	if (header(bytes, "catalogue", 0, &kube))
		o.catalogue = user_catalogue;
	return o;
}

static void lint(struct sp_lint *l, const struct sp_lint_options *o, const char *name,
		 const char *bytes, size_t len)
{
	struct sp_error err;

	sp_lint_init(l, o);
	if (sp_lint_add(l, name, bytes, len) < 0 || sp_lint_run(l, &err) < 0)
		fail("out of memory", name);
}

/* ---- rules ----------------------------------------------------------------------------------- */

static uint32_t found_at(const struct sp_lint *l, uint32_t line, const char *id)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < l->n_findings; i++)
		n += sp_finding_shown(&l->findings[i], SP_SEV_INFO, false) &&
		     l->findings[i].at.line == line && sp_streq(l->findings[i].id, id);
	return n;
}

static void cover(const char *id)
{
	const struct sp_lint_rule *r = sp_lint_rule_find(id);

	if (r)
		covered[r - sp_lint_rules] = true;
}

/* Every mark has its findings; the number of marked ones is returned. */
static uint32_t marked(const struct sp_lint *l, const char *bytes, bool *ok)
{
	uint32_t line = 1, sum = 0;

	for (const char *p = bytes; *p; p += *p == '\n', line++) {
		size_t n = strcspn(p, "\n");
		const char *mark = memmem(p, n, "#~ ", 3);
		char text[256], *save = NULL;

		if (mark && strncmp(p, "# ", 2) != 0) {
			snprintf(text, sizeof(text), "%.*s", (int)(p + n - mark - 3), mark + 3);
			for (char *id = strtok_r(text, " ", &save); id;
			     id = strtok_r(NULL, " ", &save)) {
				cover(id);
				if (found_at(l, line, id) == 0) {
					printf("# line %u: no %s\n", line, id);
					*ok = false;
				}
				sum++;
			}
		}
		p += n;
	}
	return sum;
}

static void check_rules(const char *name, const char *bytes, size_t len)
{
	uint32_t shown = 0, n;
	struct words rules;
	struct sp_lint_options o = options(bytes, &rules);
	struct sp_lint l;
	bool ok = true;

	lint(&l, &o, name, bytes, len);
	n = marked(&l, bytes, &ok);
	for (uint32_t i = 0; i < l.n_findings; i++)
		shown += sp_finding_shown(&l.findings[i], SP_SEV_INFO, false);
	if (shown != n) {
		printf("# %u findings, %u marks\n", shown, n);
		for (uint32_t i = 0; i < l.n_findings; i++)
			printf("#   %u %s %s\n", l.findings[i].at.line, l.findings[i].id,
			       l.findings[i].message);
		ok = false;
	}
	sp_lint_done(&l);
	result(ok, "rules", name);
}

/* ---- seed ------------------------------------------------------------------------------------ */

static uint32_t found(const struct sp_lint *l, const char *word)
{
	static const char *const severities[] = {"error", "warning", "info"};
	size_t id = strcspn(word, ":");
	uint32_t n = 0;

	for (uint32_t i = 0; i < l->n_findings; i++) {
		const struct sp_finding *f = &l->findings[i];

		n += sp_finding_shown(f, SP_SEV_INFO, false) && strlen(f->id) == id &&
		     strncmp(f->id, word, id) == 0 &&
		     (!word[id] || sp_streq(word + id + 1, severities[f->severity]));
	}
	return n;
}

static bool check_words(const struct sp_lint *l, const char *bytes, const char *must,
			const char *must_not)
{
	struct words w;
	bool ok = true;

	if (header(bytes, must, 0, &w))
		for (uint32_t i = 0; i < w.n; i++) {
			uint32_t want = 0;
			char id[8];

			snprintf(id, sizeof(id), "%.5s", w.v[i]);
			cover(id);
			for (uint32_t k = 0; k < w.n; k++)
				want += sp_streq(w.v[i], w.v[k]);
			if (found(l, w.v[i]) < want) {
				printf("# %s: only %u of %u %s\n", must, found(l, w.v[i]), want,
				       w.v[i]);
				ok = false;
			}
		}
	if (header(bytes, must_not, 0, &w))
		for (uint32_t i = 0; i < w.n; i++)
			if (found(l, w.v[i])) {
				printf("# %s: %s was found\n", must_not, w.v[i]);
				ok = false;
			}
	return ok;
}

static bool says(struct sp_lint *l, const char *bytes)
{
	const struct sp_lint_report r = {.threshold = SP_SEV_INFO, .ascii = true};
	SP_CLEANUP(sp_buf_done) struct sp_buf out = {0};
	bool ok = true;

	sp_lint_print(l, &r, &out);
	for (const char *p = bytes; *p == '#'; p += strcspn(p, "\n"), p += *p == '\n') {
		char want[128];

		if (strncmp(p, "# says: ", 8) != 0)
			continue;
		snprintf(want, sizeof(want), "%.*s", (int)strcspn(p + 8, "\n"), p + 8);
		if (!out.ptr || !strstr(out.ptr, want)) {
			printf("# nothing says: %s\n", want);
			ok = false;
		}
	}
	return ok;
}

static bool none_above(const struct sp_lint *l, const char *bytes)
{
	struct words w;

	if (!header(bytes, "none-above", 0, &w))
		return true;
	for (uint32_t i = 0; i < l->n_findings; i++)
		if (l->findings[i].severity != SP_SEV_INFO) {
			printf("# %s: %s\n", l->findings[i].id, l->findings[i].message);
			return false;
		}
	return true;
}

static void check_seed(const char *dir, const char *name, const char *bytes, size_t len)
{
	SP_CLEANUP(sp_lint_fixed_done) struct sp_lint_fixed fixed = {0}, again = {0};
	struct words rules;
	struct sp_lint_options o = options(bytes, &rules);
	struct sp_source src = {name, bytes, len};
	char path[4096];
	struct sp_error err;
	struct sp_lint l;
	bool ok;

	lint(&l, &o, name, bytes, len);
	ok = check_words(&l, bytes, "must", "must-not") && says(&l, bytes) && none_above(&l, bytes);
	sp_lint_done(&l);
	result(ok, "seed", name);

	if (sp_lint_fix(&src, &o, SP_FIX_SUGGEST, &fixed, &err) < 0)
		fail(err.text, name);
	lint(&l, &o, name, fixed.text.ptr, fixed.text.len);
	ok = check_words(&l, bytes, "fixed-must", "fixed-must-not");
	sp_lint_done(&l);
	snprintf(path, sizeof(path), "%s/%.*s.fixed", dir, (int)(strrchr(name, '.') - name), name);
	ok &= same_as_kept(path, fixed.text.ptr, fixed.text.len);
	src = (struct sp_source){name, fixed.text.ptr, fixed.text.len};
	if (sp_lint_fix(&src, &o, SP_FIX_SUGGEST, &again, &err) < 0)
		fail(err.text, name);
	if (again.n_fixes) {
		printf("# fixing twice changes it again: %s\n", again.rules[0]->id);
		ok = false;
	}
	result(ok, "fixed", name);
	sp_lint_fixed_done(&again);
}

/* ---- output ---------------------------------------------------------------------------------- */

static void check_output(const char *dir, const char *name, const char *bytes, size_t len)
{
	struct words rules;
	struct sp_lint_options o = options(bytes, &rules);
	struct sp_lint l;

	lint(&l, &o, name, bytes, len);
	for (int f = 0; f < SP_LINT_FORMATS; f++) {
		static const char *const ends[] = {"txt", "json", "sarif", "xml", "github", "tap"};
		const struct sp_lint_report r = {.format = (enum sp_lint_format)f,
						 .threshold = SP_SEV_INFO};
		SP_CLEANUP(sp_buf_done) struct sp_buf out = {0};
		char path[4096];
		bool ok;

		sp_lint_print(&l, &r, &out);
		snprintf(path, sizeof(path), "%s/%.*s.%s", dir, (int)(strrchr(name, '.') - name),
			 name, ends[f]);
		ok = same_as_kept(path, out.ptr, out.len);
		/* machines read these: they must at least be JSON, which YAML can read */
		if (f == SP_LINT_JSON || f == SP_LINT_SARIF) {
			struct sp_arena a = {0};
			struct sp_node *n = NULL;
			struct sp_error err;

			ok &= sp_node_from_json(&a, out.ptr, out.len, &n, &err) == 0;
			if (ok && f == SP_LINT_SARIF)
				ok = sp_node_at(n, "runs[0].tool.driver.rules[0].id") &&
				     sp_node_at(n, "runs[0].results[0].message.text") &&
				     sp_node_at(n, "runs[0].results[0].locations[0]."
						   "physicalLocation.region.startLine") &&
				     sp_streq(sp_node_str(sp_node_get(n, "version"), ""), "2.1.0");
			sp_arena_done(&a);
		}
		result(ok, "output", ends[f]);
	}
	sp_lint_done(&l);
}

static int manifests_only(const struct dirent *e)
{
	const char *end = strrchr(e->d_name, '.');

	return end && sp_streq(end, ".yaml");
}

static void check_dir(const char *root, const char *area)
{
	struct dirent **entries;
	char dir[2048], path[4096];
	int n;

	snprintf(dir, sizeof(dir), "%s/%s", root, area);
	n = scandir(dir, &entries, manifests_only, alphasort);
	if (n <= 0)
		fail("holds no manifests", dir);
	for (int i = 0; i < n; i++) {
		size_t len;
		char *bytes;

		snprintf(path, sizeof(path), "%s/%s", dir, entries[i]->d_name);
		bytes = read_file(path, &len);
		if (!bytes)
			fail("cannot be opened", path);
		if (sp_streq(area, "rules"))
			check_rules(entries[i]->d_name, bytes, len);
		else if (sp_streq(area, "seed"))
			check_seed(dir, entries[i]->d_name, bytes, len);
		else
			check_output(dir, entries[i]->d_name, bytes, len);
		free(bytes);
		free(entries[i]);
	}
	free(entries);
}

static struct sp_catalogue *with_user_records(const char *root)
{
	struct sp_error err;
	struct sp_catalogue *c = sp_catalogue_new(&err);
	struct sp_source src = {.name = "user.catalogue"};
	char path[4096];
	char *bytes;

	snprintf(path, sizeof(path), "%s/rules/user.catalogue", root);
	bytes = read_file(path, &src.len);
	if (!c || !bytes)
		fail("cannot be opened", path);
	src.bytes = bytes;
	if (sp_catalogue_add(c, &src, &err) < 0)
		fail(err.text, path);
	free(bytes);
	return c;
}

int main(int argc, char **argv)
{
	struct sp_error err;

	if (argc != 2)
		fail("name the folder", "usage");
	assert(sp_lint_rules_n <= SP_ARRAY_LEN(covered));
	catalogue = sp_catalogue_new(&err);
	if (!catalogue)
		fail(err.text, "catalogue");
	user_catalogue = with_user_records(argv[1]);
	check_dir(argv[1], "rules");
	check_dir(argv[1], "seed");
	check_dir(argv[1], "output");
	for (size_t i = 0; i < sp_lint_rules_n; i++)
		if (!covered[i])
			result(false, "no case for", sp_lint_rules[i].id);
	sp_catalogue_free(catalogue);
	sp_catalogue_free(user_catalogue);
	printf("1..%d\n", total);
	return failed ? 1 : 0;
}
