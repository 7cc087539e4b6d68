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
#include "kept.h"
#include "spec/load.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#define PATH_MAX_BYTES 4096

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

enum folder { BROKEN, GOOD, OBJECTS };

static bool check(const char *dir, const char *name, enum folder folder)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf got = {0};
	char path[PATH_MAX_BYTES], *bytes;
	size_t len;

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
	return got.len > 0 && same_as_kept(path, got.ptr, got.len);
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
	bool all_good = true;
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
			bool good = check(argv[i], entries[k]->d_name, folder);

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
