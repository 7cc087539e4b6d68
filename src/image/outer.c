/* SPDX-License-Identifier: Apache-2.0 */
#include "image/outer.h"

#include "image/confine.h"
#include "image/unpack.h"
#include "sys/fd.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#define BLOCK_BYTES (256 * 1024)
#define NAME_MAX_   1024

/* What the child writes for each entry, followed by name and target without their NULs. */
struct row {
	uint32_t number;
	uint32_t n_name, n_target;
	uint64_t size;
	char digest[SP_DIGEST_SIZE];
};

struct job {
	int fd;
	struct sp_arena *arena;
	struct sp_outer *out;
	uint32_t cap;
	/* one row being assembled from the pipe's pieces */
	char buf[sizeof(struct row) + 2 * NAME_MAX_];
	size_t n_buf;
};

/* ---- child ---- */

static int read_fail(struct archive *in, struct sp_error *err)
{
	const char *text = archive_error_string(in);

	return sp_fail(err, SP_E_CORRUPT, "image archive: %s", text ? text : "unknown fault");
}

static int copy_file(struct archive *in, struct row *row, void *block, uint64_t *total,
		     struct sp_error *err)
{
	SP_CLEANUP(sp_sha256_freep) struct sp_sha256 *hash = sp_sha256_new();
	SP_CLEANUP(sp_closep) int fd = -EBADF;
	char name[12];
	la_ssize_t n;

	if (!hash)
		return sp_fail(err, SP_E_NO_MEMORY, "image archive");
	(void)snprintf(name, sizeof(name), "%u", row->number);
	fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return sp_fail_errno(err, errno, "image archive: file %u", row->number);
	while ((n = archive_read_data(in, block, BLOCK_BYTES)) > 0) {
		int r = sp_write_all(fd, block, (size_t)n);

		if (r < 0)
			return sp_fail_errno(err, -r, "image archive: write");
		sp_sha256_add(hash, block, (size_t)n);
		row->size += (uint64_t)n;
		*total += (uint64_t)n;
		if (*total > SP_LAYER_BYTES_MAX)
			return sp_fail(err, SP_E_NO_MEMORY,
				       "image archive is larger than %llu bytes",
				       (unsigned long long)SP_LAYER_BYTES_MAX);
	}
	if (n < 0)
		return read_fail(in, err);
	sp_sha256_text(hash, row->digest);
	return 0;
}

static int one_entry(struct archive *in, struct archive_entry *e, uint32_t number, void *block,
		     uint64_t *total, int out_fd, struct sp_error *err)
{
	const char *name = archive_entry_pathname(e), *target = archive_entry_hardlink(e);
	struct row row = {.number = number};

	if (!target && archive_entry_filetype(e) == AE_IFLNK)
		target = archive_entry_symlink(e);
	if (!target && archive_entry_filetype(e) != AE_IFREG)
		return 0;
	if (!name || strlen(name) >= NAME_MAX_ || (target && strlen(target) >= NAME_MAX_))
		return sp_fail(err, SP_E_CORRUPT,
			       "image archive: an entry's name is missing or too long");
	row.n_name = (uint32_t)strlen(name);
	row.n_target = target ? (uint32_t)strlen(target) : 0;
	if (!target && copy_file(in, &row, block, total, err) < 0)
		return -1;
	if (sp_write_all(out_fd, &row, sizeof(row)) < 0 ||
	    sp_write_all(out_fd, name, row.n_name) < 0 ||
	    (target && sp_write_all(out_fd, target, row.n_target) < 0))
		return sp_fail(err, SP_E_IO, "image archive: report");
	return 0;
}

static int outer_child(void *arg, int out_fd, struct sp_error *err)
{
	const struct job *j = arg;
	struct archive *in = archive_read_new();
	void *block = malloc(BLOCK_BYTES);
	struct archive_entry *e;
	uint32_t number = 0;
	uint64_t total = 0;
	int r = -1, k;

	if (!in || !block) {
		(void)sp_fail(err, SP_E_NO_MEMORY, "image archive");
		goto out;
	}
	archive_read_support_filter_gzip(in);
	archive_read_support_filter_zstd(in);
	archive_read_support_filter_xz(in);
	archive_read_support_filter_bzip2(in);
	archive_read_support_format_tar(in);
	if (archive_read_open_fd(in, j->fd, BLOCK_BYTES) != ARCHIVE_OK) {
		(void)read_fail(in, err);
		goto out;
	}
	while ((k = archive_read_next_header(in, &e)) != ARCHIVE_EOF) {
		if (k < ARCHIVE_WARN) {
			(void)read_fail(in, err);
			goto out;
		}
		if (number == SP_OUTER_FILES_MAX) {
			(void)sp_fail(err, SP_E_CORRUPT, "image archive has more than %d files",
				      SP_OUTER_FILES_MAX);
			goto out;
		}
		if (one_entry(in, e, number++, block, &total, out_fd, err) < 0)
			goto out;
	}
	r = 0;
out:
	archive_read_free(in);
	free(block);
	return r;
}

/* ---- parent ---- */

static const char *without_dot(const char *name)
{
	while (name[0] == '.' && name[1] == '/')
		name += 2;
	return name;
}

static int take_row(struct job *j, const struct row *row, const char *names, struct sp_error *err)
{
	struct sp_outer_file *f;

	if (j->out->n == SP_OUTER_FILES_MAX) /* the child counts, too, as long as it is itself */
		return sp_fail(err, SP_E_CORRUPT, "image archive has more than %d files",
			       SP_OUTER_FILES_MAX);
	if (j->out->n == j->cap) {
		uint32_t cap = j->cap ? j->cap * 2 : 32;
		struct sp_outer_file *v = sp_arena_array(j->arena, cap, sizeof(*v));

		if (!v)
			return sp_fail(err, SP_E_NO_MEMORY, "image archive");
		if (j->out->n)
			memcpy(v, j->out->v, j->out->n * sizeof(*v));
		j->out->v = v;
		j->cap = cap;
	}
	f = &j->out->v[j->out->n++];
	f->name = sp_arena_strndup(j->arena, names, row->n_name);
	f->target = row->n_target ? sp_arena_strndup(j->arena, names + row->n_name, row->n_target)
				  : NULL;
	if (!f->name || (row->n_target && !f->target))
		return sp_fail(err, SP_E_NO_MEMORY, "image archive");
	f->name = without_dot(f->name);
	memcpy(f->digest, row->digest, sizeof(f->digest));
	f->digest[SP_DIGEST_SIZE - 1] = '\0';
	f->size = row->size;
	(void)snprintf(f->number, sizeof(f->number), "%u", row->number);
	return 0;
}

static int on_output(void *arg, const char *bytes, size_t n, struct sp_error *err)
{
	struct job *j = arg;

	while (n > 0) {
		size_t want = sizeof(struct row), k;
		struct row row;

		if (j->n_buf >= sizeof(row)) {
			memcpy(&row, j->buf, sizeof(row));
			want += (size_t)row.n_name + row.n_target;
		}
		k = SP_MIN(want - j->n_buf, n);
		memcpy(j->buf + j->n_buf, bytes, k);
		j->n_buf += k;
		bytes += k;
		n -= k;
		if (j->n_buf < sizeof(row))
			continue;
		memcpy(&row, j->buf, sizeof(row));
		if (row.n_name >= NAME_MAX_ || row.n_target >= NAME_MAX_)
			return sp_fail(err, SP_E_CORRUPT, "image archive: name too long");
		if (j->n_buf == sizeof(row) + row.n_name + row.n_target) {
			if (take_row(j, &row, j->buf + sizeof(row), err) < 0)
				return -1;
			j->n_buf = 0;
		}
	}
	return 0;
}

int sp_outer_unpack(struct sp_arena *a, int dir_fd, int fd, struct sp_outer *ret,
		    struct sp_error *err)
{
	struct job j = {.fd = fd, .arena = a, .out = ret};
	struct sp_confine c = {.root_fd = dir_fd,
			       .in_fd = fd,
			       .fn = outer_child,
			       .arg = &j,
			       .on_output = on_output};

	*ret = (struct sp_outer){0};
	return sp_confine_run(&c, err);
}

static const struct sp_outer_file *by_name(const struct sp_outer *o, const char *name)
{
	for (uint32_t i = 0; i < o->n; i++)
		if (sp_streq(o->v[i].name, name))
			return &o->v[i];
	return NULL;
}

const struct sp_outer_file *sp_outer_find(const struct sp_outer *o, const char *name)
{
	char path[2 * NAME_MAX_];

	name = without_dot(name);
	for (int hops = 0; hops < 8; hops++) {
		const struct sp_outer_file *f = by_name(o, name);
		const char *slash;
		size_t n;

		if (!f || !f->target)
			return f;
		/* docker writes "<id>/layer.tar -> ../<other id>/layer.tar"; hard links name the
		 * whole path */
		name = without_dot(f->target);
		if (by_name(o, name))
			continue;
		slash = strrchr(f->name, '/');
		n = slash ? (size_t)(slash - f->name) : 0;
		name = f->target;
		while (strncmp(name, "../", 3) == 0) {
			if (n == 0)
				return NULL;
			while (n > 0 && f->name[n - 1] != '/')
				n--;
			n -= n > 0;
			name += 3;
		}
		if ((size_t)snprintf(path, sizeof(path), "%.*s%s%s", (int)n, f->name, n ? "/" : "",
				     name) >= sizeof(path))
			return NULL;
		name = path;
	}
	return NULL;
}
