/* SPDX-License-Identifier: Apache-2.0 */
#include "image/compress.h"

#include "base/buf.h"
#include "sys/fd.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#define COPY_BYTES (64 * 1024)

static int copy(struct archive *out, int in_fd, struct sp_error *err)
{
	static char bytes[COPY_BYTES];
	struct archive_entry *e = archive_entry_new();
	ssize_t n;
	int r;

	if (!e)
		return sp_fail(err, SP_E_NO_MEMORY, "compress");
	archive_entry_set_filetype(e, AE_IFREG);
	r = archive_write_header(out, e);
	archive_entry_free(e);
	while (r == ARCHIVE_OK && (n = read(in_fd, bytes, sizeof(bytes))) != 0) {
		if (n < 0)
			return sp_fail_errno(err, errno, "read");
		if (archive_write_data(out, bytes, (size_t)n) < 0)
			r = ARCHIVE_FATAL;
	}
	if (r != ARCHIVE_OK || archive_write_close(out) != ARCHIVE_OK)
		return sp_fail_errno(err, archive_errno(out), "write");
	return 0;
}

static int compress_to(int in_fd, int out_fd, struct sp_error *err)
{
	struct archive *out = archive_write_new();
	int r;

	if (!out)
		return sp_fail(err, SP_E_NO_MEMORY, "compress");
	if (archive_write_add_filter_gzip(out) != ARCHIVE_OK ||
	    archive_write_set_format_raw(out) != ARCHIVE_OK ||
	    archive_write_open_fd(out, out_fd) != ARCHIVE_OK)
		r = sp_fail(err, SP_E_INTERNAL, "%s", archive_error_string(out));
	else
		r = copy(out, in_fd, err);
	archive_write_free(out);
	return r;
}

int sp_compress_file(int dir_fd, const char *name, struct sp_error *err)
{
	SP_CLEANUP(sp_closep) int in_fd = -EBADF, out_fd = -EBADF;
	char gz[256], link[64];
	struct stat st;

	if (snprintf(gz, sizeof(gz), "%s.gz", name) >= (int)sizeof(gz))
		return sp_fail(err, SP_E_INVALID, "compress '%s': the name is too long", name);
	in_fd = openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (in_fd < 0 || fstat(in_fd, &st) < 0)
		return sp_fail_errno(err, errno, "open '%s'", name);
	if (!S_ISREG(st.st_mode))
		return sp_fail(err, SP_E_INVALID, "compress '%s': not a regular file", name);
	/* Without a name: half a file is never seen, and goes with this process. */
	out_fd = openat(dir_fd, ".", O_WRONLY | O_TMPFILE | O_CLOEXEC, st.st_mode & 0777);
	if (out_fd < 0)
		return sp_fail_errno(err, errno, "make '%s'", gz);
	if (compress_to(in_fd, out_fd, err) < 0)
		return sp_wrap(err, "compress '%s'", name);
	/* readers of logs know it by its time */
	if (futimens(out_fd, (const struct timespec[]){st.st_atim, st.st_mtim}) < 0)
		return sp_fail_errno(err, errno, "set the time of '%s'", gz);
	(void)snprintf(link, sizeof(link), "/proc/self/fd/%d", out_fd); /* fits */
	if (linkat(AT_FDCWD, link, dir_fd, gz, AT_SYMLINK_FOLLOW) < 0)
		return sp_fail_errno(err, errno, "make '%s'", gz);
	if (unlinkat(dir_fd, name, 0) < 0) {
		int e = errno;

		(void)unlinkat(dir_fd, gz, 0); /* too old to be kept, as we see */
		return e == ENOENT ? 0 : sp_fail_errno(err, e, "remove '%s'", name);
	}
	return 0;
}

int sp_decompress_file(int dir_fd, const char *name, int out_fd, struct sp_error *err)
{
	SP_CLEANUP(sp_closep) int in_fd = openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	struct archive_entry *e;
	struct archive *in;
	int r = 0;

	if (in_fd < 0)
		return sp_fail_errno(err, errno, "open '%s'", name);
	in = archive_read_new();
	if (!in)
		return sp_fail(err, SP_E_NO_MEMORY, "decompress");
	if (archive_read_support_filter_gzip(in) != ARCHIVE_OK ||
	    archive_read_support_format_raw(in) != ARCHIVE_OK ||
	    archive_read_open_fd(in, in_fd, COPY_BYTES) != ARCHIVE_OK ||
	    archive_read_next_header(in, &e) != ARCHIVE_OK)
		r = sp_fail(err, SP_E_CORRUPT, "decompress '%s': %s", name,
			    archive_error_string(in));
	else if (archive_read_data_into_fd(in, out_fd) != ARCHIVE_OK)
		r = sp_fail_errno(err, archive_errno(in), "decompress '%s'", name);
	archive_read_free(in);
	return r;
}
