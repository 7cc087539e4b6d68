/* SPDX-License-Identifier: Apache-2.0 */
#include "image/layer.h"

#include <errno.h>
#include <stdlib.h>

#define BLOCK_BYTES     (256 * 1024)
#define WHITEOUT_PREFIX ".wh."
#define OPAQUE_NAME     ".wh..wh..opq"

int sp_archive_fail(struct archive *a, struct sp_error *err, const char *what, const char *path)
{
	const char *text = archive_error_string(a);
	int e = archive_errno(a);

	if (e == ENOSPC || e == EDQUOT)
		return sp_fail_errno(err, e, "%s '%s'", what, path);
	return sp_fail(err, SP_E_CORRUPT, "%s '%s': %s", what, path, text ? text : "unknown fault");
}

/* ---- entries --------------------------------------------------------------------------------- */

/* "./a//b/" → "a/b"; -1 when a component is "..", or the path is too long. "" is the layer's root.
 */
static int clean_path(const char *in, char out[static SP_ENTRY_PATH_MAX])
{
	size_t n = 0;

	while (*in) {
		size_t k = strcspn(in, "/");

		if (k == 2 && in[0] == '.' && in[1] == '.')
			return -1;
		if (k > 0 && !(k == 1 && in[0] == '.')) {
			if (n + k + 2 > SP_ENTRY_PATH_MAX)
				return -1;
			if (n)
				out[n++] = '/';
			memcpy(out + n, in, k);
			n += k;
		}
		in += k;
		in += *in == '/';
	}
	out[n] = '\0';
	return 0;
}

/* ".wh.name" hides `name`. */
static int judge_whiteout(struct sp_entry *e, char *base, struct sp_error *err)
{
	size_t n = strlen(WHITEOUT_PREFIX);

	memmove(base, base + n, strlen(base) - n + 1);
	if (!*base || sp_streq(base, ".") || sp_streq(base, ".."))
		return sp_fail(err, SP_E_CORRUPT, "whiteout of nothing in '%s'", e->path);
	e->kind = SP_ENTRY_WHITEOUT;
	return 0;
}

int sp_entry_judge(struct archive_entry *e, struct sp_entry *ret, struct sp_error *err)
{
	const char *name = archive_entry_pathname(e), *link = archive_entry_hardlink(e);
	unsigned type = archive_entry_filetype(e);
	char *base;

	ret->kind = SP_ENTRY_FILE;
	ret->hard_link = link != NULL;
	if (!name)
		return sp_fail(err, SP_E_CORRUPT, "an entry has no readable name");
	if (clean_path(name, ret->path) < 0)
		return sp_fail(err, SP_E_CORRUPT, "entry '%.200s' leaves the image", name);
	if (!*ret->path && type != AE_IFDIR)
		return sp_fail(err, SP_E_CORRUPT, "the image's root is not a directory");
	base = strrchr(ret->path, '/');
	base = base ? base + 1 : ret->path;
	if (sp_streq(base, OPAQUE_NAME)) {
		*(base > ret->path ? base - 1 : base) = '\0';
		ret->kind = SP_ENTRY_OPAQUE;
	} else if (strncmp(base, ".wh..wh.", 8) == 0) {
		ret->kind = SP_ENTRY_NOTE;
	} else if (strncmp(base, WHITEOUT_PREFIX, strlen(WHITEOUT_PREFIX)) == 0) {
		return judge_whiteout(ret, base, err);
	} else if (!link && (type == AE_IFCHR || type == AE_IFBLK)) {
		ret->kind = SP_ENTRY_DEVICE;
	} else if (link && (clean_path(link, ret->target) < 0 || !*ret->target)) {
		return sp_fail(err, SP_E_CORRUPT, "hard link '%s' leaves the image", ret->path);
	}
	return 0;
}

/* ---- the archive ----------------------------------------------------------------------------- */

/* Two readers in a row: the first only decompresses, so that what the second reads can be hashed.
 */
static la_ssize_t read_block(struct archive *a, void *client, const void **ret)
{
	struct sp_layer_reader *r = client;
	la_ssize_t n = archive_read_data(r->raw, r->block, BLOCK_BYTES);

	if (n < 0) {
		archive_set_error(a, archive_errno(r->raw), "%s", archive_error_string(r->raw));
		return n;
	}
	sp_sha256_add(r->hash, r->block, (size_t)n);
	*ret = r->block;
	return n;
}

int sp_layer_open(struct sp_layer_reader *r, int fd, struct sp_error *err)
{
	struct archive_entry *e;

	*r = (struct sp_layer_reader){.tar = archive_read_new(),
				      .raw = archive_read_new(),
				      .hash = sp_sha256_new(),
				      .block = malloc(BLOCK_BYTES)};
	if (!r->tar || !r->raw || !r->hash || !r->block)
		return sp_fail(err, SP_E_NO_MEMORY, "unpack layer");
	/* only what layers come in; others would need helper programs that are not there */
	archive_read_support_filter_gzip(r->raw);
	archive_read_support_filter_zstd(r->raw);
	archive_read_support_filter_xz(r->raw);
	archive_read_support_filter_bzip2(r->raw);
	archive_read_support_format_raw(r->raw);
	archive_read_support_format_empty(r->raw);
	archive_read_support_format_tar(r->tar);
	archive_read_support_format_empty(r->tar);
	if (archive_read_open_fd(r->raw, fd, BLOCK_BYTES) != ARCHIVE_OK ||
	    archive_read_next_header(r->raw, &e) != ARCHIVE_OK)
		return sp_archive_fail(r->raw, err, "open", "layer");
	if (archive_read_open(r->tar, r, NULL, read_block, NULL) != ARCHIVE_OK)
		return sp_archive_fail(r->tar, err, "open", "layer");
	return 0;
}

int sp_layer_next(struct sp_layer_reader *r, struct archive_entry **ret, struct sp_error *err)
{
	int k = archive_read_next_header(r->tar, ret);

	if (k == ARCHIVE_EOF)
		return 0;
	return k < ARCHIVE_WARN ? sp_archive_fail(r->tar, err, "read", "layer") : 1;
}

int sp_layer_data(struct sp_layer_reader *r, const char *path, const void **ret, size_t *size,
		  int64_t *offset, struct sp_error *err)
{
	la_int64_t at;
	int k = archive_read_data_block(r->tar, ret, size, &at);

	*offset = at;
	if (k == ARCHIVE_EOF)
		return 0;
	return k != ARCHIVE_OK ? sp_archive_fail(r->tar, err, "read", path) : 1;
}

/* The rest behind the end-of-archive mark belongs to the digest too. */
int sp_layer_digest(struct sp_layer_reader *r, char ret[static SP_DIGEST_SIZE],
		    struct sp_error *err)
{
	la_ssize_t n;

	while ((n = archive_read_data(r->raw, r->block, BLOCK_BYTES)) > 0)
		sp_sha256_add(r->hash, r->block, (size_t)n);
	if (n < 0)
		return sp_archive_fail(r->raw, err, "read", "layer");
	sp_sha256_text(r->hash, ret);
	return 0;
}

void sp_layer_close(struct sp_layer_reader *r)
{
	archive_read_free(r->tar);
	archive_read_free(r->raw);
	sp_sha256_free(r->hash);
	free(r->block);
	*r = (struct sp_layer_reader){0};
}
