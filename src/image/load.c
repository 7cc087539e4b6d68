/* SPDX-License-Identifier: Apache-2.0 */
#include "image/load.h"

#include "image/manifest.h"
#include "image/outer.h"
#include "image/reference.h"
#include "sys/fd.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#define DOCUMENT_MAX (4u * 1024 * 1024)
#define INDEX_DEPTH  4

/* Where the files of an archive are: a folder, or the parts of a tar. */
struct archive_files {
	int dir_fd;
	struct sp_outer outer;
	bool folder;
};

struct loading {
	struct sp_image_store *store;
	struct sp_arena *arena;
	const struct archive_files *files;
	const char *name; /* wanted by the caller, NULL none */
	sp_image_progress_fn progress;
	void *arg;
	struct sp_image_loaded *v;
	uint32_t n, cap;
	uint32_t images;
};

static int open_file(const struct archive_files *f, const char *name,
		     const struct sp_outer_file **entry, struct sp_error *err)
{
	struct open_how how = {.flags = O_RDONLY | O_CLOEXEC,
			       .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS};
	const struct sp_outer_file *e = NULL;
	int fd;

	if (!f->folder) {
		e = sp_outer_find(&f->outer, name);
		if (!e)
			return sp_fail(err, SP_E_NOT_FOUND, "'%s' is missing from the archive",
				       name);
		name = e->number;
	}
	if (entry)
		*entry = e;
	fd = (int)syscall(SYS_openat2, f->dir_fd, name, &how, sizeof(how));
	if (fd < 0)
		return sp_fail_errno(err, errno, "'%s' of the archive", name);
	return fd;
}

static bool has_file(const struct archive_files *f, const char *name)
{
	SP_CLEANUP(sp_closep) int fd = open_file(f, name, NULL, NULL);

	return fd >= 0;
}

static char *read_file(struct loading *l, const char *name, size_t *len, struct sp_error *err)
{
	SP_CLEANUP(sp_closep) int fd = open_file(l->files, name, NULL, err);
	struct stat st;
	size_t n = 0;
	char *p;

	if (fd < 0)
		return NULL;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || (uint64_t)st.st_size > DOCUMENT_MAX) {
		(void)sp_fail(err, SP_E_CORRUPT, "'%s' is not a file of at most %u bytes", name,
			      DOCUMENT_MAX);
		return NULL;
	}
	p = sp_arena_alloc(l->arena, (size_t)st.st_size + 1);
	if (!p) {
		(void)sp_fail(err, SP_E_NO_MEMORY, "'%s'", name);
		return NULL;
	}
	while (n < (size_t)st.st_size) {
		ssize_t k = read(fd, p + n, (size_t)st.st_size - n);

		if (k <= 0) {
			(void)sp_fail_errno(err, k < 0 ? errno : EIO, "read '%s'", name);
			return NULL;
		}
		n += (size_t)k;
	}
	*len = n;
	return p;
}

/* Bring one file into the store; what a tar held is hashed already and only linked. */
static int take_blob(struct loading *l, const char *name, const char *want, int64_t size,
		     char digest[static SP_DIGEST_SIZE], struct sp_error *err)
{
	const struct sp_outer_file *e;
	SP_CLEANUP(sp_closep) int fd = -EBADF;

	if (want && sp_image_store_has_blob(l->store, want)) {
		memcpy(digest, want, SP_DIGEST_SIZE);
		return 0;
	}
	fd = open_file(l->files, name, &e, err);
	if (fd < 0)
		return -1;
	if (!e)
		return sp_image_store_put(l->store, fd, want, size, digest, NULL, err) < 0
			       ? sp_wrap(err, "'%s'", name)
			       : 0;
	if (want && !sp_streq(want, e->digest))
		return sp_fail(err, SP_E_CORRUPT, "'%s': content is %s", name, e->digest);
	if (size >= 0 && (uint64_t)size != e->size)
		return sp_fail(err, SP_E_CORRUPT, "'%s' has %llu bytes, its descriptor says %lld",
			       name, (unsigned long long)e->size, (long long)size);
	memcpy(digest, e->digest, SP_DIGEST_SIZE);
	return sp_image_store_adopt(l->store, l->files->dir_fd, e->number, e->digest, err);
}

static int commit(struct loading *l, const char *manifest, const char *const *names,
		  uint32_t n_names, struct sp_error *err)
{
	const char **refs = sp_arena_array(l->arena, n_names + 1, sizeof(*refs));
	uint32_t n = 0;

	if (!refs)
		return sp_fail(err, SP_E_NO_MEMORY, "load image");
	if (l->name) {
		names = &l->name;
		n_names = 1;
	}
	for (uint32_t i = 0; i < n_names; i++) {
		struct sp_reference ref;

		if (sp_reference_parse(l->arena, names[i], &ref, err) < 0)
			return -1;
		refs[n++] = ref.full;
	}
	if (n == 0)
		return sp_fail(err, SP_E_INVALID,
			       "the archive gives its image no name; give one with --name");
	if (sp_image_store_commit(l->store, manifest, refs, n, l->progress, l->arg, err) < 0)
		return -1;
	l->images++;
	for (uint32_t i = 0; i < n; i++) {
		if (l->n == l->cap) {
			uint32_t cap = l->cap ? l->cap * 2 : 8;
			struct sp_image_loaded *v = sp_arena_array(l->arena, cap, sizeof(*v));

			if (!v)
				return sp_fail(err, SP_E_NO_MEMORY, "load image");
			if (l->n)
				memcpy(v, l->v, l->n * sizeof(*v));
			l->v = v;
			l->cap = cap;
		}
		l->v[l->n++] =
			(struct sp_image_loaded){refs[i], sp_arena_strdup(l->arena, manifest)};
	}
	return 0;
}

/* ---- OCI layout ---- */

static const char *blob_path(struct loading *l, const char *digest)
{
	return sp_arena_printf(l->arena, "blobs/sha256/%s", digest + strlen("sha256:"));
}

static int load_manifest(struct loading *l, const struct sp_descriptor *d, const char *name,
			 int depth, struct sp_error *err)
{
	char digest[SP_DIGEST_SIZE];
	struct sp_manifest_doc doc;
	size_t len;
	char *json;

	if (take_blob(l, blob_path(l, d->digest), d->digest, d->size, digest, err) < 0)
		return -1;
	json = sp_image_store_read_checked(l->store, l->arena, d->digest, SP_MANIFEST_MAX_BYTES,
					   &len, err);
	if (!json || sp_manifest_doc_parse(l->arena, json, len, &doc, err) < 0)
		return -1;
	if (doc.kind == SP_DOC_INDEX) {
		const struct sp_descriptor *mine =
			sp_manifest_pick(&doc, "linux", sp_platform_arch());

		if (depth >= INDEX_DEPTH)
			return sp_fail(err, SP_E_CORRUPT, "indexes are nested too deeply");
		if (!mine)
			return sp_fail(err, SP_E_UNSUPPORTED,
				       "the image has no variant for linux/%s", sp_platform_arch());
		return load_manifest(l, mine, name, depth + 1, err);
	}
	if (take_blob(l, blob_path(l, doc.config.digest), doc.config.digest, doc.config.size,
		      digest, err) < 0)
		return -1;
	for (uint32_t i = 0; i < doc.n_layers; i++)
		if (take_blob(l, blob_path(l, doc.layers[i].digest), doc.layers[i].digest,
			      doc.layers[i].size, digest, err) < 0)
			return -1;
	return commit(l, d->digest, &name, name ? 1 : 0, err);
}

/* A ref.name annotation may be a whole name or only a tag; a bare tag names nothing. */
static const char *usable_name(const char *ref_name)
{
	return ref_name && (strchr(ref_name, '/') || strchr(ref_name, ':')) ? ref_name : NULL;
}

static int load_layout(struct loading *l, struct sp_error *err)
{
	struct sp_manifest_doc index;
	size_t len;
	char *json = read_file(l, "index.json", &len, err);

	if (!json || sp_manifest_doc_parse(l->arena, json, len, &index, err) < 0)
		return -1;
	if (index.kind != SP_DOC_INDEX || index.n_manifests == 0)
		return sp_fail(err, SP_E_CORRUPT, "index.json lists no image");
	if (l->name && index.n_manifests > 1)
		return sp_fail(err, SP_E_INVALID,
			       "the archive holds %u images; --name is for archives with one image",
			       index.n_manifests);
	for (uint32_t i = 0; i < index.n_manifests; i++)
		if (load_manifest(l, &index.manifests[i], usable_name(index.manifests[i].ref_name),
				  0, err) < 0)
			return -1;
	return 0;
}

/* ---- docker-archive ---- */

/* docker-archive has no OCI manifest; write the one it stands for. */
static int load_docker_image(struct loading *l, const struct sp_docker_entry *e,
			     struct sp_error *err)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf b = {0};
	char digest[SP_DIGEST_SIZE];
	size_t len;
	char *config = read_file(l, e->config, &len, err);

	if (!config || sp_image_store_put_bytes(l->store, config, len, digest, err) < 0)
		return -1;
	sp_buf_printf(
		&b,
		"{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\","
		"\"config\":{\"mediaType\":\"application/vnd.oci.image.config.v1+json\",\"digest\":\"%s\","
		"\"size\":%zu},\"layers\":[",
		digest, len);
	for (uint32_t i = 0; i < e->n_layers; i++) {
		SP_CLEANUP(sp_closep) int fd = -EBADF;
		struct stat st;

		if (take_blob(l, e->layers[i], NULL, -1, digest, err) < 0)
			return -1;
		fd = sp_image_store_open_blob(l->store, digest, err);
		if (fd < 0)
			return -1;
		if (fstat(fd, &st) < 0)
			return sp_fail_errno(err, errno, "layer '%s'", e->layers[i]);
		sp_buf_printf(
			&b,
			"%s{\"mediaType\":\"application/vnd.oci.image.layer.v1.tar\",\"digest\":\"%s\",\"size\":%lld}",
			i ? "," : "", digest, (long long)st.st_size);
	}
	sp_buf_puts(&b, "]}");
	if (b.failed)
		return sp_fail(err, SP_E_NO_MEMORY, "load image");
	if (sp_image_store_put_bytes(l->store, b.ptr, b.len, digest, err) < 0)
		return -1;
	return commit(l, digest, e->repo_tags, e->n_repo_tags, err);
}

static int load_docker(struct loading *l, struct sp_error *err)
{
	struct sp_docker_entry *v;
	uint32_t n;
	size_t len;
	char *json = read_file(l, "manifest.json", &len, err);

	if (!json || sp_docker_manifest_parse(l->arena, json, len, &v, &n, err) < 0)
		return -1;
	if (n == 0)
		return sp_fail(err, SP_E_CORRUPT, "manifest.json lists no image");
	if (l->name && n > 1)
		return sp_fail(err, SP_E_INVALID,
			       "the archive holds %u images; --name is for archives with one image",
			       n);
	for (uint32_t i = 0; i < n; i++)
		if (load_docker_image(l, &v[i], err) < 0)
			return -1;
	return 0;
}

/* ---- the entry ---- */

static int load_any(struct loading *l, struct sp_error *err)
{
	/* `docker save` of today writes both; the layout is the better description */
	if (has_file(l->files, "index.json") && has_file(l->files, "oci-layout"))
		return load_layout(l, err);
	if (has_file(l->files, "manifest.json"))
		return load_docker(l, err);
	return sp_fail(
		err, SP_E_INVALID,
		"neither an OCI layout (index.json, oci-layout) nor a docker-archive (manifest.json)");
}

static int load_tar(struct loading *l, struct archive_files *files, int fd, struct sp_error *err)
{
	char tmp[32];
	int r;

	(void)snprintf(tmp, sizeof(tmp), "a-%d", (int)getpid());
	if (mkdirat(l->store->tmp_fd, tmp, 0700) < 0)
		return sp_fail_errno(err, errno, "image store: make a temporary directory");
	files->dir_fd =
		openat(l->store->tmp_fd, tmp, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (files->dir_fd < 0)
		return sp_fail_errno(err, errno, "image store: temporary directory");
	(void)flock(files->dir_fd, LOCK_EX); /* nobody else knows the name; keeps sweepers away */
	r = sp_outer_unpack(l->arena, files->dir_fd, fd, &files->outer, err);
	if (r == 0)
		r = load_any(l, err);
	for (uint32_t i = 0; i < SP_OUTER_FILES_MAX; i++) {
		char name[12];

		(void)snprintf(name, sizeof(name), "%u", i);
		if (unlinkat(files->dir_fd, name, 0) < 0 && i >= files->outer.n)
			break;
	}
	(void)unlinkat(l->store->tmp_fd, tmp,
		       AT_REMOVEDIR); /* swept later when something is left */
	return r;
}

int sp_image_load(struct sp_image_store *s, struct sp_arena *a, const char *path, const char *name,
		  struct sp_image_loaded **ret, uint32_t *n, sp_image_progress_fn progress,
		  void *arg, struct sp_error *err)
{
	struct archive_files files = {.dir_fd = -EBADF};
	struct loading l = {.store = s,
			    .arena = a,
			    .files = &files,
			    .name = name,
			    .progress = progress,
			    .arg = arg};
	SP_CLEANUP(sp_closep) int fd = -EBADF;
	struct stat st;
	int r;

	fd = sp_streq(path, "-") ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return sp_fail_errno(err, errno, "open '%s'", path);
	if (S_ISDIR(st.st_mode)) {
		files.folder = true;
		files.dir_fd = fd;
		r = load_any(&l, err);
	} else {
		r = load_tar(&l, &files, fd, err);
		(void)sp_close(files.dir_fd);
	}
	*ret = l.v;
	*n = l.n;
	return r < 0 ? sp_wrap(err, "load '%s'", path) : 0;
}
