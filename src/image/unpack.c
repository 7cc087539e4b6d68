/* SPDX-License-Identifier: Apache-2.0 */
#include "image/unpack.h"

#include "image/confine.h"
#include "image/digest.h"
#include "sys/fd.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#define BLOCK_BYTES     (256 * 1024)
#define PATH_MAX_LAYER  4096
#define WHITEOUT_PREFIX ".wh."
#define OPAQUE_NAME     ".wh..wh..opq"

/* What the child tells at its end; opaque directories come before it, NUL-terminated, behind an
 * 'O'. */
struct result {
	char diff_id[SP_DIGEST_SIZE];
	struct sp_unpack_stats stats;
};

struct job {
	int dir_fd, blob_fd;
	bool root; /* owners can be kept */
	/* parent: assembling the child's output */
	char path[PATH_MAX_LAYER];
	size_t n_path;
	enum { TAG, OPAQUE_PATH, RESULT } reading;
	struct result result;
	size_t n_result;
};

/* ---- child ---- */

/* Two readers in a row: the first only decompresses, so that what the second reads can be hashed.
 */
struct source {
	struct archive *raw;
	struct sp_sha256 *hash;
	unsigned char *block;
	uint64_t bytes;
};

static la_ssize_t source_read(struct archive *a, void *client, const void **ret)
{
	struct source *s = client;
	la_ssize_t n = archive_read_data(s->raw, s->block, BLOCK_BYTES);

	if (n < 0) {
		archive_set_error(a, archive_errno(s->raw), "%s", archive_error_string(s->raw));
		return n;
	}
	s->bytes += (uint64_t)n;
	sp_sha256_add(s->hash, s->block, (size_t)n);
	*ret = s->block;
	return n;
}

/* libarchive's code says where the fault lies: the disk's errno, or the archive. */
static int archive_fail(struct archive *a, struct sp_error *err, const char *what, const char *path)
{
	const char *text = archive_error_string(a);
	int e = archive_errno(a);

	if (e == ENOSPC || e == EDQUOT)
		return sp_fail_errno(err, e, "%s '%s'", what, path);
	return sp_fail(err, SP_E_CORRUPT, "%s '%s': %s", what, path, text ? text : "unknown fault");
}

/* "./a//b/" → "a/b"; -1 when a component is "..", or the path is too long. "" is the layer's root.
 */
static int clean_path(const char *in, char out[static PATH_MAX_LAYER])
{
	size_t n = 0;

	while (*in) {
		size_t k = strcspn(in, "/");

		if (k == 2 && in[0] == '.' && in[1] == '.')
			return -1;
		if (k > 0 && !(k == 1 && in[0] == '.')) {
			if (n + k + 2 > PATH_MAX_LAYER)
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

/*
 * Overlayfs keeps its own notes in these attributes; from an archive they would be commands to the
 * file system. The rest of trusted.* is not a layer's to set either.
 */
static void drop_overlay_xattrs(struct archive_entry *e)
{
	const char *name;
	const void *value;
	size_t size;
	bool bad = false;

	archive_entry_xattr_reset(e);
	while (archive_entry_xattr_next(e, &name, &value, &size) == ARCHIVE_OK)
		if (strncmp(name, "trusted.", 8) == 0 || strncmp(name, "user.overlay.", 13) == 0)
			bad = true;
	if (bad)
		archive_entry_xattr_clear(e);
}

static int make_parents(char *path, struct sp_error *err)
{
	for (char *p = path; (p = strchr(p, '/')) != NULL; *p++ = '/') {
		*p = '\0';
		if (mkdir(path, 0755) < 0 && errno != EEXIST) {
			*p = '/';
			return sp_fail_errno(err, errno, "make directory above '%s'", path);
		}
	}
	return 0;
}

/* ".wh.name" hides `name` of the layers below; in the same layer a real `name` wins. */
static int make_whiteout(char *path, char *base, struct sp_error *err)
{
	struct stat st;

	memmove(base, base + strlen(WHITEOUT_PREFIX), strlen(base) - strlen(WHITEOUT_PREFIX) + 1);
	if (!*base || sp_streq(base, ".") || sp_streq(base, ".."))
		return sp_fail(err, SP_E_CORRUPT, "whiteout of nothing in '%s'", path);
	if (lstat(path, &st) == 0)
		return 0;
	if (make_parents(path, err) < 0)
		return -1;
	if (mknod(path, S_IFCHR | 0000, makedev(0, 0)) < 0)
		return sp_fail_errno(err, errno, "whiteout '%s'", path);
	return 0;
}

static int write_entry(struct archive *in, struct archive *disk, struct archive_entry *e,
		       const char *path, struct result *res, struct sp_error *err)
{
	const void *block;
	la_int64_t offset;
	size_t size;
	int r;

	if (archive_write_header(disk, e) < ARCHIVE_WARN)
		return archive_fail(disk, err, "write", path);
	if (archive_entry_size(e) > 0) {
		while ((r = archive_read_data_block(in, &block, &size, &offset)) == ARCHIVE_OK) {
			res->stats.bytes += size;
			if (res->stats.bytes > SP_LAYER_BYTES_MAX)
				return sp_fail(err, SP_E_NO_MEMORY,
					       "layer is larger than %llu bytes",
					       (unsigned long long)SP_LAYER_BYTES_MAX);
			if (archive_write_data_block(disk, block, size, offset) < ARCHIVE_WARN)
				return archive_fail(disk, err, "write", path);
		}
		if (r != ARCHIVE_EOF)
			return archive_fail(in, err, "read", path);
	}
	if (archive_write_finish_entry(disk) < ARCHIVE_WARN)
		return archive_fail(disk, err, "write", path);
	return 0;
}

static int unpack_entry(const struct job *j, struct archive *in, struct archive *disk,
			struct archive_entry *e, int out_fd, struct result *res,
			struct sp_error *err)
{
	const char *name = archive_entry_pathname(e), *link = archive_entry_hardlink(e);
	char path[PATH_MAX_LAYER], target[PATH_MAX_LAYER], *base;
	unsigned type = archive_entry_filetype(e);

	if (!name)
		return sp_fail(err, SP_E_CORRUPT, "an entry has no readable name");
	if (clean_path(name, path) < 0)
		return sp_fail(err, SP_E_CORRUPT, "entry '%.200s' leaves the image", name);
	if (!*path && type != AE_IFDIR)
		return sp_fail(err, SP_E_CORRUPT, "the image's root is not a directory");
	base = strrchr(path, '/');
	base = base ? base + 1 : path;
	if (sp_streq(base, OPAQUE_NAME)) {
		char tag = 'O';

		*(base > path ? base - 1 : base) = '\0';
		if (make_parents(path, err) < 0)
			return -1;
		if (*path && mkdir(path, 0755) < 0 && errno != EEXIST)
			return sp_fail_errno(err, errno, "make directory '%s'", path);
		if (sp_write_all(out_fd, &tag, 1) < 0 ||
		    sp_write_all(out_fd, path, strlen(path) + 1) < 0)
			return sp_fail(err, SP_E_IO, "report an opaque directory");
		return 0;
	}
	if (strncmp(base, WHITEOUT_PREFIX, strlen(WHITEOUT_PREFIX)) == 0) {
		/* other ".wh..wh." names are notes of an old union file system */
		if (strncmp(base, ".wh..wh.", 8) == 0)
			return 0;
		return make_whiteout(path, base, err);
	}
	if (!link && (type == AE_IFCHR || type == AE_IFBLK)) {
		res->stats.skipped_devices++;
		return 0;
	}
	if (link) {
		if (clean_path(link, target) < 0 || !*target)
			return sp_fail(err, SP_E_CORRUPT, "hard link '%s' leaves the image", path);
		archive_entry_set_hardlink(e, target);
	}
	archive_entry_set_pathname(e, *path ? path : ".");
	drop_overlay_xattrs(e);
	if (!j->root) {
		archive_entry_set_uid(e, (la_int64_t)geteuid());
		archive_entry_set_gid(e, (la_int64_t)getegid());
	}
	if (++res->stats.files > SP_LAYER_FILES_MAX)
		return sp_fail(err, SP_E_NO_MEMORY, "layer has more than %u files",
			       SP_LAYER_FILES_MAX);
	return write_entry(in, disk, e, path, res, err);
}

static int open_source(const struct job *j, struct source *s, struct sp_error *err)
{
	struct archive_entry *e;

	if (!s->raw || !s->hash || !s->block)
		return sp_fail(err, SP_E_NO_MEMORY, "unpack layer");
	/* only what layers come in; others would need helper programs that are not there */
	archive_read_support_filter_gzip(s->raw);
	archive_read_support_filter_zstd(s->raw);
	archive_read_support_filter_xz(s->raw);
	archive_read_support_filter_bzip2(s->raw);
	archive_read_support_format_raw(s->raw);
	archive_read_support_format_empty(s->raw);
	if (archive_read_open_fd(s->raw, j->blob_fd, BLOCK_BYTES) != ARCHIVE_OK ||
	    archive_read_next_header(s->raw, &e) != ARCHIVE_OK)
		return archive_fail(s->raw, err, "open", "layer");
	return 0;
}

/* The rest behind the end-of-archive mark belongs to the digest too. */
static int drain(struct source *s, struct sp_error *err)
{
	la_ssize_t n;

	while ((n = archive_read_data(s->raw, s->block, BLOCK_BYTES)) > 0)
		sp_sha256_add(s->hash, s->block, (size_t)n);
	return n < 0 ? archive_fail(s->raw, err, "read", "layer") : 0;
}

static int unpack_stream(const struct job *j, struct source *s, struct archive *in,
			 struct archive *disk, int out_fd, struct sp_error *err)
{
	struct result res = {0};
	struct archive_entry *e;
	char tag = 'R';
	int r;

	if (!in || !disk)
		return sp_fail(err, SP_E_NO_MEMORY, "unpack layer");
	archive_read_support_format_tar(in);
	archive_read_support_format_empty(in);
	/* numeric owners, exact modes, attributes; what lies below "/" is the layer alone
	 * (confine.h) */
	archive_write_disk_set_options(disk, ARCHIVE_EXTRACT_OWNER | ARCHIVE_EXTRACT_PERM |
						     ARCHIVE_EXTRACT_TIME | ARCHIVE_EXTRACT_XATTR |
						     ARCHIVE_EXTRACT_ACL | ARCHIVE_EXTRACT_UNLINK |
						     ARCHIVE_EXTRACT_SECURE_NODOTDOT);
	if (open_source(j, s, err) < 0)
		return -1;
	if (archive_read_open(in, s, NULL, source_read, NULL) != ARCHIVE_OK)
		return archive_fail(in, err, "open", "layer");
	while ((r = archive_read_next_header(in, &e)) != ARCHIVE_EOF) {
		if (r < ARCHIVE_WARN)
			return archive_fail(in, err, "read", "layer");
		if (unpack_entry(j, in, disk, e, out_fd, &res, err) < 0)
			return -1;
	}
	/* directories get their times and modes now */
	if (archive_write_close(disk) < ARCHIVE_WARN)
		return archive_fail(disk, err, "finish", "layer");
	if (drain(s, err) < 0)
		return -1;
	sp_sha256_text(s->hash, res.diff_id);
	if (sp_write_all(out_fd, &tag, 1) < 0 || sp_write_all(out_fd, &res, sizeof(res)) < 0)
		return sp_fail(err, SP_E_IO, "report the layer's digest");
	return 0;
}

static int unpack_child(void *arg, int out_fd, struct sp_error *err)
{
	const struct job *j = arg;
	struct source s = {
		.raw = archive_read_new(), .hash = sp_sha256_new(), .block = malloc(BLOCK_BYTES)};
	struct archive *in = archive_read_new(), *disk = archive_write_disk_new();
	int r = unpack_stream(j, &s, in, disk, out_fd, err);

	archive_read_free(in);
	archive_write_free(disk);
	archive_read_free(s.raw);
	sp_sha256_free(s.hash);
	free(s.block);
	return r;
}

/* ---- parent ---- */

static int mark_opaque(const struct job *j, const char *path, struct sp_error *err)
{
	struct open_how how = {.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC,
			       .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS};
	SP_CLEANUP(sp_closep)
	int fd = (int)syscall(SYS_openat2, j->dir_fd, *path ? path : ".", &how, sizeof(how));

	if (fd < 0)
		return sp_fail_errno(err, errno, "opaque directory '%s'", path);
	if (fsetxattr(fd, "trusted.overlay.opaque", "y", 1, 0) == 0)
		return 0;
	/* without privilege overlayfs is mounted with `userxattr` and looks here */
	if (errno == EPERM && fsetxattr(fd, "user.overlay.opaque", "y", 1, 0) == 0)
		return 0;
	return sp_fail_errno(err, errno, "opaque directory '%s'", path);
}

static int on_output(void *arg, const char *bytes, size_t n, struct sp_error *err)
{
	struct job *j = arg;

	while (n > 0) {
		switch (j->reading) {
		case TAG:
			j->reading = *bytes == 'O' ? OPAQUE_PATH : RESULT;
			j->n_path = 0;
			bytes++;
			n--;
			break;
		case OPAQUE_PATH:
			if (j->n_path == sizeof(j->path))
				return sp_fail(err, SP_E_CORRUPT, "opaque directory name too long");
			j->path[j->n_path++] = *bytes;
			if (!*bytes++) {
				if (mark_opaque(j, j->path, err) < 0)
					return -1;
				j->reading = TAG;
			}
			n--;
			break;
		case RESULT: {
			size_t k = SP_MIN(n, sizeof(j->result) - j->n_result);

			if (k == 0)
				return sp_fail(err, SP_E_CORRUPT,
					       "unexpected output of the unpacking process");
			memcpy((char *)&j->result + j->n_result, bytes, k);
			j->n_result += k;
			bytes += k;
			n -= k;
			break;
		}
		}
	}
	return 0;
}

int sp_layer_unpack(int dir_fd, int blob_fd, const char *want_diff_id, char *diff_id,
		    struct sp_unpack_stats *stats, struct sp_error *err)
{
	struct job j = {.dir_fd = dir_fd, .blob_fd = blob_fd, .root = geteuid() == 0};
	struct sp_confine c = {.root_fd = dir_fd,
			       .in_fd = blob_fd,
			       .fn = unpack_child,
			       .arg = &j,
			       .on_output = on_output};

	if (sp_confine_run(&c, err) < 0)
		return -1;
	if (j.n_result != sizeof(j.result))
		return sp_fail(err, SP_E_IO, "the unpacking process ended early");
	j.result.diff_id[SP_DIGEST_SIZE - 1] = '\0';
	if (want_diff_id && !sp_streq(want_diff_id, j.result.diff_id))
		return sp_fail(err, SP_E_CORRUPT, "layer content is %s, the image says %s",
			       j.result.diff_id, want_diff_id);
	if (diff_id)
		memcpy(diff_id, j.result.diff_id, SP_DIGEST_SIZE);
	if (stats)
		*stats = j.result.stats;
	return 0;
}
