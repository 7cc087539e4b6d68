/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs whole manifests through reading, decoding, defaulting and validation, as every command does.
 *
 *   broken/<name>.yaml or .json   earns exactly the text of <name>.txt, as a user sees it (VAL-2)
 *   good/<name>.yaml              is accepted without a finding
 *   objects/<name>.yaml           becomes the objects of <name>.txt: JSON, with all defaults
 *
 * A first line "# kube: 33" checks by the rules of that release. SP_UPDATE_GOLDEN=1 rewrites the
 * texts; reviewers read the difference. Speaks TAP.
 */
#include "spec/load.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#define PATH_MAX_BYTES 4096

static void fail(const char *what, const char *name)
{
	fprintf(stderr, "golden: %s: %s\n", name, what);
	exit(1);
}

/* Return: the content, NUL-terminated, from the heap; NULL when there is no such file */
static char *read_file(const char *path, size_t *ret_len)
{
	FILE *f = fopen(path, "rb");
	char *text = NULL;
	long len = -1;

	if (!f)
		return NULL;
	if (fseek(f, 0, SEEK_END) != 0 || (len = ftell(f)) < 0)
		fail("cannot be measured", path);
	rewind(f);
	text = malloc((size_t)len + 1);
	if (!text || fread(text, 1, (size_t)len, f) != (size_t)len)
		fail("cannot be read", path);
	text[len] = '\0';
	*ret_len = (size_t)len;
	(void)fclose(f); /* only read */
	return text;
}

static void write_file(const char *path, const struct sp_buf *b)
{
	FILE *f = fopen(path, "wb");

	if (!f || fwrite(b->ptr, 1, b->len, f) != b->len || fclose(f) != 0)
		fail("cannot be written", path);
}

static void print_all(const struct sp_diags *d, const char *bytes, size_t len, struct sp_buf *out)
{
	for (uint32_t i = 0; i < d->n; i++) {
		if (out->len)
			sp_buf_putc(out, '\n');
		sp_diag_print(&d->v[i], bytes, len, false, false, out);
	}
}

/* The findings of one manifest, as text; empty when there are none */
static void findings(const char *name, const char *bytes, size_t len, struct sp_buf *out)
{
	struct sp_load_options opt = {0};
	struct sp_manifest m;

	if (strncmp(bytes, "# kube: ", 8) == 0)
		opt.kube_minor = atoi(bytes + 8); /* our own files; 0 means the newest */
	sp_manifest_init(&m, &opt);
	if (sp_manifest_add(&m, name, bytes, len) < 0)
		fail("out of memory", name);
	sp_diags_sort(&m.diags); /* as people read a file */
	print_all(&m.diags, bytes, len, out);
	print_all(&m.unacted, bytes, len, out);
	sp_manifest_done(&m);
}

/* The objects of one manifest as JSON, complete with defaults */
static void objects(const char *name, const char *bytes, size_t len, struct sp_buf *out)
{
	struct sp_load_options opt = {.name_seed = 1};
	struct sp_manifest m;

	sp_manifest_init(&m, &opt);
	if (sp_manifest_add(&m, name, bytes, len) < 0)
		fail("out of memory", name);
	print_all(&m.diags, bytes, len, out);
	for (uint32_t i = 0; i < m.n_objects; i++) {
		sp_node_json(m.objects[i].node, 2, out);
		sp_buf_putc(out, '\n');
	}
	sp_manifest_done(&m);
}

static void comment(const char *text)
{
	for (const char *p = text; *p;) {
		size_t n = strcspn(p, "\n");

		printf("# %.*s\n", (int)n, p);
		p += n + (p[n] == '\n');
	}
}

enum folder { BROKEN, GOOD, OBJECTS };

static bool check(const char *dir, const char *name, enum folder folder, bool update)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf got = {0};
	char path[PATH_MAX_BYTES], *bytes, *want;
	size_t len, want_len = 0;
	bool same;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	bytes = read_file(path, &len);
	if (!bytes)
		fail("cannot be opened", path);
	sp_buf_puts(&got, "");
	(folder == OBJECTS ? objects : findings)(name, bytes, len, &got);
	free(bytes);
	if (got.failed)
		fail("out of memory", name);
	if (folder == GOOD) {
		if (got.len)
			comment(got.ptr);
		return got.len == 0;
	}
	(void)snprintf(path, sizeof(path), "%s/%.*s.txt", dir, (int)(strrchr(name, '.') - name),
		       name);
	if (update)
		write_file(path, &got);
	want = read_file(path, &want_len);
	same = want && got.len > 0 && got.len == want_len && memcmp(got.ptr, want, want_len) == 0;
	if (!same) {
		printf("# expected, from %s:\n", path);
		comment(want ? want : "(no such file)");
		printf("# got:\n");
		comment(got.ptr);
	}
	free(want);
	return same;
}

static enum folder folder_of(const char *name)
{
	return sp_streq(name, "broken") ? BROKEN : sp_streq(name, "objects") ? OBJECTS : GOOD;
}

static int manifests_only(const struct dirent *e)
{
	const char *end = strrchr(e->d_name, '.');

	return end && (sp_streq(end, ".yaml") || sp_streq(end, ".json"));
}

int main(int argc, char **argv)
{
	const char *env = getenv("SP_UPDATE_GOLDEN");
	bool update = env && sp_streq(env, "1"), all_good = true;
	int total = 0;

	if (argc < 2)
		fail("name the folders that hold manifests", "usage");
	for (int i = 1; i < argc; i++) {
		const char *base = strrchr(argv[i], '/');
		enum folder folder = folder_of(base ? base + 1 : argv[i]);
		struct dirent **entries;
		int n = scandir(argv[i], &entries, manifests_only, alphasort);

		if (n <= 0)
			fail("holds no manifests", argv[i]);
		for (int k = 0; k < n; k++) {
			bool good = check(argv[i], entries[k]->d_name, folder, update);

			printf("%s %d - %s/%s\n", good ? "ok" : "not ok", ++total,
			       base ? base + 1 : argv[i], entries[k]->d_name);
			all_good &= good;
			free(entries[k]);
		}
		free(entries);
	}
	printf("1..%d\n", total);
	return all_good ? 0 : 1;
}
