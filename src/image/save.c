/* SPDX-License-Identifier: Apache-2.0 */
/* Images out of the store, as one OCI layout tar. */
#include "image/load.h"
#include "image/manifest.h"
#include "image/reference.h"
#include "sys/fd.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdlib.h>
#include <sys/stat.h>

#define COPY_BYTES (256 * 1024)

/* Digests already in the tar; images share layers. */
struct written {
	const char **v;
	uint32_t n, cap;
};

struct saving {
	struct sp_image_store *store;
	struct sp_arena arena;
	struct archive *out;
	struct written written;
};

static int out_fail(const struct saving *s, struct sp_error *err)
{
	int e = archive_errno(s->out);

	return sp_fail_errno(err, e > 0 ? e : EIO, "write the archive");
}

static int put_header(struct saving *s, const char *name, int64_t size, struct sp_error *err)
{
	struct archive_entry *e = archive_entry_new();
	int r;

	if (!e)
		return sp_fail(err, SP_E_NO_MEMORY, "save image");
	archive_entry_set_pathname(e, name);
	archive_entry_set_filetype(e, AE_IFREG);
	archive_entry_set_perm(e, 0644);
	archive_entry_set_size(e, size);
	archive_entry_set_mtime(e, 0, 0); /* the same images give the same bytes */
	r = archive_write_header(s->out, e);
	archive_entry_free(e);
	return r < ARCHIVE_WARN ? out_fail(s, err) : 0;
}

static int put_bytes(struct saving *s, const char *name, const char *bytes, size_t n,
		     struct sp_error *err)
{
	if (put_header(s, name, (int64_t)n, err) < 0)
		return -1;
	return archive_write_data(s->out, bytes, n) < 0 ? out_fail(s, err) : 0;
}

static int put_blob(struct saving *s, const char *digest, int64_t *size, struct sp_error *err)
{
	SP_CLEANUP(sp_closep) int fd = sp_image_store_open_blob(s->store, digest, err);
	struct written *w = &s->written;
	char *block;
	struct stat st;
	ssize_t n;
	int r = 0;

	if (fd < 0)
		return -1;
	if (fstat(fd, &st) < 0)
		return sp_fail_errno(err, errno, "blob %s", digest);
	if (size)
		*size = st.st_size;
	for (uint32_t i = 0; i < w->n; i++)
		if (sp_streq(w->v[i], digest))
			return 0;
	if (w->n == w->cap) {
		uint32_t cap = w->cap ? w->cap * 2 : 64;
		const char **v = sp_arena_array(&s->arena, cap, sizeof(*v));

		if (!v)
			return sp_fail(err, SP_E_NO_MEMORY, "save image");
		if (w->n)
			memcpy(v, w->v, w->n * sizeof(*v));
		w->v = v;
		w->cap = cap;
	}
	w->v[w->n++] = digest;
	block = malloc(COPY_BYTES);
	if (!block)
		return sp_fail(err, SP_E_NO_MEMORY, "save image");
	if (put_header(s, sp_arena_printf(&s->arena, "blobs/sha256/%s", digest + 7), st.st_size,
		       err) < 0)
		r = -1;
	while (r == 0 && (n = read(fd, block, COPY_BYTES)) != 0) {
		if (n < 0)
			r = sp_fail_errno(err, errno, "read blob %s", digest);
		else if (archive_write_data(s->out, block, (size_t)n) < 0)
			r = out_fail(s, err);
	}
	free(block);
	return r;
}

static int put_image(struct saving *s, const char *ref, struct sp_buf *index, struct sp_error *err)
{
	struct sp_manifest_doc doc;
	struct sp_image img;
	int64_t size;
	size_t len;
	char *json;

	if (sp_image_store_get(s->store, &s->arena, ref, &img, err) < 0)
		return -1;
	json = sp_image_store_read_checked(s->store, &s->arena, img.digest, SP_MANIFEST_MAX_BYTES,
					   &len, err);
	if (!json || sp_manifest_doc_parse(&s->arena, json, len, &doc, err) < 0 ||
	    put_blob(s, img.digest, &size, err) < 0 ||
	    put_blob(s, doc.config.digest, NULL, err) < 0)
		return -1;
	for (uint32_t i = 0; i < doc.n_layers; i++)
		if (put_blob(s, doc.layers[i].digest, NULL, err) < 0)
			return -1;
	sp_buf_printf(
		index,
		"%s{\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\",\"digest\":\"%s\","
		"\"size\":%lld,\"annotations\":{\"io.containerd.image.name\":",
		index->ptr[index->len - 1] == '[' ? "" : ",", img.digest, (long long)size);
	sp_buf_json(index, img.ref);
	sp_buf_puts(index, ",\"org.opencontainers.image.ref.name\":");
	sp_buf_json(index, img.ref);
	sp_buf_puts(index, "}}");
	return 0;
}

int sp_image_save(struct sp_image_store *store, const char *const *refs, uint32_t n, int fd,
		  struct sp_error *err)
{
	static const char layout[] = "{\"imageLayoutVersion\":\"1.0.0\"}";
	SP_CLEANUP(sp_buf_done) struct sp_buf index = {0};
	struct saving s = {.store = store, .out = archive_write_new()};
	int r = -1;

	if (!s.out)
		return sp_fail(err, SP_E_NO_MEMORY, "save image");
	for (uint32_t i = 0; i < n; i++) { /* a wrong name costs no half archive */
		struct sp_image img;

		if (sp_image_store_get(store, &s.arena, refs[i], &img, err) < 0)
			goto out;
	}
	archive_write_set_format_pax_restricted(s.out);
	archive_write_set_bytes_in_last_block(s.out, 1);
	if (archive_write_open_fd(s.out, fd) != ARCHIVE_OK) {
		(void)out_fail(&s, err);
		goto out;
	}
	sp_buf_puts(
		&index,
		"{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.index.v1+json\",\"manifests\":[");
	for (uint32_t i = 0; i < n; i++)
		if (put_image(&s, refs[i], &index, err) < 0)
			goto out;
	sp_buf_puts(&index, "]}");
	if (index.failed) {
		(void)sp_fail(err, SP_E_NO_MEMORY, "save image");
		goto out;
	}
	if (put_bytes(&s, "index.json", index.ptr, index.len, err) < 0 ||
	    put_bytes(&s, "oci-layout", layout, strlen(layout), err) < 0)
		goto out;
	r = archive_write_close(s.out) == ARCHIVE_OK ? 0 : out_fail(&s, err);
out:
	if (r < 0) /* or it would be filled up with zeros and look whole */
		(void)archive_write_fail(s.out);
	archive_write_free(s.out);
	sp_arena_done(&s.arena);
	return r;
}
