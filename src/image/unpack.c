/* SPDX-License-Identifier: Apache-2.0 */
#include "image/unpack.h"

#include "image/confine.h"
#include "image/digest.h"
#include "image/layer.h"
#include "sys/fd.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

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
	char path[SP_ENTRY_PATH_MAX];
	size_t n_path;
	enum { TAG, OPAQUE_PATH, RESULT } reading;
	struct result result;
	size_t n_result;
};

/* ---- child ---- */

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

/* Hide what the layers below have by that name; in the same layer a real file wins. */
static int make_whiteout(char *path, struct sp_error *err)
{
	struct stat st;

	if (lstat(path, &st) == 0)
		return 0;
	if (make_parents(path, err) < 0)
		return -1;
	if (mknod(path, S_IFCHR | 0000, makedev(0, 0)) < 0)
		return sp_fail_errno(err, errno, "whiteout '%s'", path);
	return 0;
}

static int make_opaque(char *path, int out_fd, struct sp_error *err)
{
	char tag = 'O';

	if (make_parents(path, err) < 0)
		return -1;
	if (*path && mkdir(path, 0755) < 0 && errno != EEXIST)
		return sp_fail_errno(err, errno, "make directory '%s'", path);
	if (sp_write_all(out_fd, &tag, 1) < 0 || sp_write_all(out_fd, path, strlen(path) + 1) < 0)
		return sp_fail(err, SP_E_IO, "report an opaque directory");
	return 0;
}

static int write_content(struct sp_layer_reader *in, struct archive *disk, const char *path,
			 struct result *res, struct sp_error *err)
{
	const void *block;
	int64_t offset;
	size_t size;
	int r;

	while ((r = sp_layer_data(in, path, &block, &size, &offset, err)) > 0) {
		res->stats.bytes += size;
		if (res->stats.bytes > SP_LAYER_BYTES_MAX)
			return sp_fail(err, SP_E_NO_MEMORY, "layer is larger than %llu bytes",
				       (unsigned long long)SP_LAYER_BYTES_MAX);
		/* a write that fails is a mere warning to it */
		if (archive_write_data_block(disk, block, size, offset) < ARCHIVE_OK)
			return sp_archive_fail(disk, err, "write", path);
	}
	return r;
}

static int write_entry(const struct job *j, struct sp_layer_reader *in, struct archive *disk,
		       struct archive_entry *e, const struct sp_entry *what, struct result *res,
		       struct sp_error *err)
{
	const char *path = what->path;

	if (what->hard_link)
		archive_entry_set_hardlink(e, what->target);
	archive_entry_set_pathname(e, *path ? path : ".");
	drop_overlay_xattrs(e);
	if (!j->root) {
		archive_entry_set_uid(e, (la_int64_t)geteuid());
		archive_entry_set_gid(e, (la_int64_t)getegid());
	}
	if (archive_write_header(disk, e) < ARCHIVE_WARN)
		return sp_archive_fail(disk, err, "write", path);
	if (archive_entry_size(e) > 0 && write_content(in, disk, path, res, err) < 0)
		return -1;
	if (archive_write_finish_entry(disk) < ARCHIVE_WARN)
		return sp_archive_fail(disk, err, "write", path);
	return 0;
}

static int unpack_entry(const struct job *j, struct sp_layer_reader *in, struct archive *disk,
			struct archive_entry *e, int out_fd, struct result *res,
			struct sp_error *err)
{
	struct sp_entry what;

	/* whatever it is: hiding costs a file as well */
	if (++res->stats.files > SP_LAYER_FILES_MAX)
		return sp_fail(err, SP_E_NO_MEMORY, "layer has more than %u files",
			       SP_LAYER_FILES_MAX);
	if (sp_entry_judge(e, &what, err) < 0)
		return -1;
	switch (what.kind) {
	case SP_ENTRY_FILE:
		return write_entry(j, in, disk, e, &what, res, err);
	case SP_ENTRY_WHITEOUT:
		return make_whiteout(what.path, err);
	case SP_ENTRY_OPAQUE:
		return make_opaque(what.path, out_fd, err);
	case SP_ENTRY_DEVICE:
		res->stats.skipped_devices++;
		break;
	case SP_ENTRY_NOTE:
		break;
	}
	return 0;
}

static int unpack_stream(const struct job *j, struct sp_layer_reader *in, struct archive *disk,
			 int out_fd, struct sp_error *err)
{
	struct result res = {0};
	struct archive_entry *e;
	char tag = 'R';
	int r;

	if (!disk)
		return sp_fail(err, SP_E_NO_MEMORY, "unpack layer");
	/* numeric owners, exact modes, attributes; what lies below "/" is the layer alone
	 * (confine.h) */
	archive_write_disk_set_options(disk, ARCHIVE_EXTRACT_OWNER | ARCHIVE_EXTRACT_PERM |
						     ARCHIVE_EXTRACT_TIME | ARCHIVE_EXTRACT_XATTR |
						     ARCHIVE_EXTRACT_ACL | ARCHIVE_EXTRACT_UNLINK |
						     ARCHIVE_EXTRACT_SECURE_NODOTDOT);
	if (sp_layer_open(in, j->blob_fd, err) < 0)
		return -1;
	while ((r = sp_layer_next(in, &e, err)) > 0)
		if (unpack_entry(j, in, disk, e, out_fd, &res, err) < 0)
			return -1;
	if (r < 0)
		return -1;
	/* directories get their times and modes now */
	if (archive_write_close(disk) < ARCHIVE_WARN)
		return sp_archive_fail(disk, err, "finish", "layer");
	if (sp_layer_digest(in, res.diff_id, err) < 0)
		return -1;
	if (sp_write_all(out_fd, &tag, 1) < 0 || sp_write_all(out_fd, &res, sizeof(res)) < 0)
		return sp_fail(err, SP_E_IO, "report the layer's digest");
	return 0;
}

static int unpack_child(void *arg, int out_fd, struct sp_error *err)
{
	const struct job *j = arg;
	struct archive *disk = archive_write_disk_new();
	struct sp_layer_reader in = {0};
	int r = unpack_stream(j, &in, disk, out_fd, err);

	archive_write_free(disk);
	sp_layer_close(&in);
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
