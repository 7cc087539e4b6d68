/* SPDX-License-Identifier: Apache-2.0 */
/* Out of the store: what no name leads to and no pod uses. */
#include "image/store_internal.h"

#include "image/manifest.h"
#include "sys/fd.h"
#include "sys/sys.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>

/* Sorted hex names that must stay. */
struct keep {
	struct sp_arena arena;
	const char **v;
	size_t n, cap;
};

static int keep_add(struct keep *k, const char *digest)
{
	if (k->n == k->cap) {
		size_t cap = k->cap ? k->cap * 2 : 64;
		const char **v = realloc(k->v, cap * sizeof(*v));

		if (!v)
			return -1;
		k->v = v;
		k->cap = cap;
	}
	k->v[k->n] = sp_arena_strdup(&k->arena, sp_hex_of(digest));
	return k->v[k->n++] ? 0 : -1;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool kept(const struct keep *k, const char *hex)
{
	return k->n && bsearch(&hex, k->v, k->n, sizeof(*k->v), by_text);
}

static void keep_done(struct keep *k)
{
	sp_arena_done(&k->arena);
	free(k->v);
}

static int collect(struct sp_image_store *s, struct keep *blobs, struct keep *layers,
		   struct sp_error *err)
{
	SP_CLEANUP(sp_arena_done) struct sp_arena a = {0};
	struct sp_image_info *v;
	uint32_t n;

	if (sp_image_store_list(s, &a, &v, &n, err) < 0)
		return -1;
	for (uint32_t i = 0; i < n; i++) {
		struct sp_image_config config;
		struct sp_manifest_doc doc;
		size_t len;
		char *json = sp_image_store_read_blob(s, &a, v[i].digest, SP_MANIFEST_MAX_BYTES,
						      &len, err);

		if (!json || sp_manifest_doc_parse(&a, json, len, &doc, err) < 0)
			return sp_wrap(err, "image '%s'", v[i].ref);
		json = sp_image_store_read_blob(s, &a, v[i].id, SP_CONFIG_MAX_BYTES, &len, err);
		if (!json || sp_image_config_parse(&a, json, len, &config, err) < 0)
			return sp_wrap(err, "image '%s'", v[i].ref);
		if (keep_add(blobs, v[i].digest) < 0 || keep_add(blobs, v[i].id) < 0)
			return sp_fail(err, SP_E_NO_MEMORY, "prune");
		for (uint32_t k = 0; k < doc.n_layers; k++)
			if (keep_add(blobs, doc.layers[k].digest) < 0)
				return sp_fail(err, SP_E_NO_MEMORY, "prune");
		for (uint32_t k = 0; k < config.n_diff_ids; k++)
			if (keep_add(layers, config.diff_ids[k]) < 0)
				return sp_fail(err, SP_E_NO_MEMORY, "prune");
	}
	if (blobs->n)
		qsort(blobs->v, blobs->n, sizeof(*blobs->v), by_text);
	if (layers->n)
		qsort(layers->v, layers->n, sizeof(*layers->v), by_text);
	return 0;
}

static void prune_layer(struct sp_image_store *s, const char *hex, uint32_t *in_use)
{
	SP_CLEANUP(sp_closep)
	int fd = openat(s->layers_fd, hex, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	char ok[SP_STORE_NAME];

	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0) {
		++*in_use;
		return;
	}
	/* the mark goes first: a half removed layer is no layer */
	(void)snprintf(ok, sizeof(ok), "%s.ok", hex);
	(void)unlinkat(s->layers_fd, ok, 0); /* may be missing */
	(void)sys_remove_tree(s->layers_fd,
			      hex); /* what stays is unmarked and goes with the next prune */
	(void)unlinkat(s->locks_fd, hex, 0); /* nobody unpacks it: we hold the store's lock */
}

static void prune_dir(struct sp_image_store *s, int dir_fd, const struct keep *k, bool layers,
		      uint64_t *freed, uint32_t *in_use)
{
	DIR *d = sp_store_list_dir(dir_fd);
	struct dirent *e;

	if (!d)
		return;
	while ((e = readdir(d)) != NULL) {
		struct stat st;

		if (strlen(e->d_name) != SP_HEX_LEN || kept(k, e->d_name))
			continue;
		if (layers) {
			prune_layer(s, e->d_name, in_use);
		} else if (fstatat(dir_fd, e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
			   unlinkat(dir_fd, e->d_name, 0) == 0) {
			*freed += (uint64_t)st.st_size;
		}
	}
	closedir(d);
}

/* Downloads that were interrupted and never continued: we hold the store alone, nobody writes one.
 */
static void prune_partial(struct sp_image_store *s, uint64_t *freed)
{
	SP_CLEANUP(sp_closep)
	int fd = openat(s->dir_fd, "partial", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	const struct keep none = {0};

	if (fd >= 0)
		prune_dir(s, fd, &none, false, freed, NULL);
}

int sp_image_store_prune(struct sp_image_store *s, uint64_t *freed_bytes, uint32_t *kept_in_use,
			 struct sp_error *err)
{
	struct keep blobs = {0}, layers = {0};
	uint64_t freed = 0;
	uint32_t in_use = 0;
	int r;

	/* alone in the store: nobody is between putting blobs and writing the name */
	if (flock(s->lock_fd, LOCK_EX | LOCK_NB) < 0)
		return sp_fail(err, SP_E_UNAVAILABLE,
			       "another sidepod is using the image store; try again");
	r = collect(s, &blobs, &layers, err);
	if (r == 0) {
		prune_dir(s, s->layers_fd, &layers, true, &freed, &in_use);
		prune_dir(s, s->blobs_fd, &blobs, false, &freed, &in_use);
		prune_partial(s, &freed);
		if (freed_bytes)
			*freed_bytes = freed;
		if (kept_in_use)
			*kept_in_use = in_use;
	}
	(void)flock(s->lock_fd, LOCK_SH); /* cannot fail: we hold it exclusively */
	keep_done(&blobs);
	keep_done(&layers);
	return r;
}
