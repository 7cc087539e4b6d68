/* SPDX-License-Identifier: Apache-2.0 */
#include "image/store.h"

#include "base/text.h"
#include "image/manifest.h"
#include "image/reference.h"
#include "image/unpack.h"
#include "sys/fd.h"

#include <dirent.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#define COPY_BYTES (256 * 1024)
#define HEX_LEN    64
#define NAME_SIZE  (HEX_LEN + 16)

static const char *hex_of(const char *digest)
{
	return digest + strlen("sha256:");
}

static int64_t wall_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * SP_SEC + t.tv_nsec;
}

/* ---- directories ---- */

static int open_dir(int at, const char *name, int *ret, struct sp_error *err)
{
	if (mkdirat(at, name, 0700) < 0 && errno != EEXIST)
		return sp_fail_errno(err, errno, "image store: make '%s'", name);
	*ret = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (*ret < 0)
		return sp_fail_errno(err, errno, "image store: open '%s'", name);
	return 0;
}

static int make_path(const char *dir, struct sp_error *err)
{
	char path[4096];
	size_t n = strlen(dir);

	if (n >= sizeof(path))
		return sp_fail(err, SP_E_INVALID, "image store: path too long");
	memcpy(path, dir, n + 1);
	for (char *p = path + 1; (p = strchr(p, '/')) != NULL; *p++ = '/') {
		*p = '\0';
		if (mkdir(path, 0755) < 0 && errno != EEXIST)
			return sp_fail_errno(err, errno, "image store: make '%s'", path);
	}
	return 0;
}

/* A reader of its own: a duplicated descriptor would share the position. */
static DIR *list_dir(int fd)
{
	int own = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = own < 0 ? NULL : fdopendir(own);

	if (own >= 0 && !d)
		(void)close(own);
	return d;
}

/* Remove a tree below @at; names in it came from archives, so nothing is followed. */
static int remove_tree(int at, const char *name)
{
	SP_CLEANUP(sp_closep) int fd = -EBADF;
	struct dirent *e;
	int again = 0;
	DIR *d;

	if (unlinkat(at, name, 0) == 0 || errno == ENOENT)
		return 0;
	fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	(void)fchmod(fd,
		     0700); /* a directory of the image may deny its owner; as root this is moot */
	d = list_dir(fd);
	if (!d)
		return -errno;
	while ((e = readdir(d)) != NULL)
		if (!sp_streq(e->d_name, ".") && !sp_streq(e->d_name, "..")) {
			int r = remove_tree(fd, e->d_name);

			if (r < 0)
				again = r;
		}
	closedir(d);
	if (again < 0)
		return again;
	return unlinkat(at, name, AT_REMOVEDIR) < 0 ? -errno : 0;
}

/* Work of processes that died: its lock is free. */
static void sweep_tmp(struct sp_image_store *s)
{
	DIR *d = list_dir(s->tmp_fd);
	struct dirent *e;

	if (!d)
		return;
	while ((e = readdir(d)) != NULL) {
		SP_CLEANUP(sp_closep) int fd = -EBADF;

		if (e->d_name[0] == '.')
			continue;
		fd = openat(s->tmp_fd, e->d_name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
		if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
			(void)remove_tree(s->tmp_fd,
					  e->d_name); /* tried again by whoever opens next */
	}
	closedir(d);
}

int sp_image_store_open(const char *dir, struct sp_image_store **ret, struct sp_error *err)
{
	SP_CLEANUP(sp_image_store_closep) struct sp_image_store *s = calloc(1, sizeof(*s));
	SP_CLEANUP(sp_closep) int blobs = -EBADF;

	if (!s)
		return sp_fail(err, SP_E_NO_MEMORY, "image store");
	s->dir_fd = s->blobs_fd = s->layers_fd = s->refs_fd = s->tmp_fd = s->locks_fd = s->lock_fd =
		-EBADF;
	if (dir[0] != '/')
		return sp_fail(err, SP_E_INTERNAL, "image store: '%s' is not an absolute path",
			       dir);
	s->dir = strdup(dir);
	if (!s->dir)
		return sp_fail(err, SP_E_NO_MEMORY, "image store");
	if (make_path(dir, err) < 0 || open_dir(AT_FDCWD, dir, &s->dir_fd, err) < 0 ||
	    open_dir(s->dir_fd, "blobs", &blobs, err) < 0 ||
	    open_dir(blobs, "sha256", &s->blobs_fd, err) < 0 ||
	    open_dir(s->dir_fd, "layers", &s->layers_fd, err) < 0 ||
	    open_dir(s->dir_fd, "refs", &s->refs_fd, err) < 0 ||
	    open_dir(s->dir_fd, "tmp", &s->tmp_fd, err) < 0 ||
	    open_dir(s->dir_fd, "locks", &s->locks_fd, err) < 0)
		return -1;
	s->lock_fd = openat(s->dir_fd, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (s->lock_fd < 0)
		return sp_fail_errno(err, errno, "image store: lock");
	while (flock(s->lock_fd, LOCK_SH) < 0)
		if (errno != EINTR)
			return sp_fail_errno(err, errno, "image store: lock");
	sweep_tmp(s);
	*ret = sp_take_ptr(&s);
	return 0;
}

struct sp_image_store *sp_image_store_close(struct sp_image_store *s)
{
	if (s) {
		(void)sp_close(s->dir_fd);
		(void)sp_close(s->blobs_fd);
		(void)sp_close(s->layers_fd);
		(void)sp_close(s->refs_fd);
		(void)sp_close(s->tmp_fd);
		(void)sp_close(s->locks_fd);
		(void)sp_close(s->lock_fd);
		free(s->dir);
		free(s);
	}
	return NULL;
}

/* A file of our own in tmp/, locked while we live. */
static int tmp_file(struct sp_image_store *s, char name[static NAME_SIZE], struct sp_error *err)
{
	static unsigned count;
	int fd;

	(void)snprintf(name, NAME_SIZE, "b-%d-%u", (int)getpid(), count++);
	fd = openat(s->tmp_fd, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return sp_fail_errno(err, errno, "image store: make a temporary file");
	(void)flock(fd, LOCK_EX); /* nobody else knows the name yet */
	return fd;
}

/* ---- blobs ---- */

bool sp_image_store_has_blob(const struct sp_image_store *s, const char *digest)
{
	return sp_digest_valid(digest) && faccessat(s->blobs_fd, hex_of(digest), F_OK, 0) == 0;
}

int sp_image_store_open_blob(const struct sp_image_store *s, const char *digest,
			     struct sp_error *err)
{
	int fd;

	if (!sp_digest_valid(digest))
		return sp_fail(err, SP_E_INVALID, "'%s' is not a sha256 digest", digest);
	fd = openat(s->blobs_fd, hex_of(digest), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return sp_fail_errno(err, errno, "blob %s", digest);
	return fd;
}

static int finish_blob(struct sp_image_store *s, int fd, const char *tmp, const char *digest,
		       struct sp_error *err)
{
	if (fsync(fd) < 0)
		return sp_fail_errno(err, errno, "blob %s", digest);
	if (renameat(s->tmp_fd, tmp, s->blobs_fd, hex_of(digest)) < 0)
		return sp_fail_errno(err, errno, "blob %s", digest);
	return 0;
}

static int copy_hashed(int from, int to, struct sp_sha256 *hash, uint64_t *size,
		       struct sp_error *err)
{
	char *block = malloc(COPY_BYTES);
	int r = 0;

	if (!block)
		return sp_fail(err, SP_E_NO_MEMORY, "copy blob");
	for (;;) {
		ssize_t n = read(from, block, COPY_BYTES);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			r = sp_fail_errno(err, errno, "read");
		if (n <= 0)
			break;
		sp_sha256_add(hash, block, (size_t)n);
		*size += (uint64_t)n;
		r = sp_write_all(to, block, (size_t)n);
		if (r < 0) {
			r = sp_fail_errno(err, -r, "write to the image store");
			break;
		}
	}
	free(block);
	return r;
}

int sp_image_store_put(struct sp_image_store *s, int fd, const char *want_digest, int64_t want_size,
		       char digest[static SP_DIGEST_SIZE], uint64_t *size, struct sp_error *err)
{
	SP_CLEANUP(sp_sha256_freep) struct sp_sha256 *hash = sp_sha256_new();
	SP_CLEANUP(sp_closep) int out = -EBADF;
	char tmp[NAME_SIZE];
	uint64_t n = 0;
	int r = -1;

	if (!hash)
		return sp_fail(err, SP_E_NO_MEMORY, "image store");
	out = tmp_file(s, tmp, err);
	if (out < 0)
		return -1;
	if (copy_hashed(fd, out, hash, &n, err) < 0)
		goto out;
	sp_sha256_text(hash, digest);
	if (want_size >= 0 && n != (uint64_t)want_size) {
		(void)sp_fail(err, SP_E_CORRUPT, "blob has %llu bytes, its descriptor says %lld",
			      (unsigned long long)n, (long long)want_size);
		goto out;
	}
	if (want_digest && !sp_streq(want_digest, digest)) {
		(void)sp_fail(err, SP_E_CORRUPT, "content is %s, not %s", digest, want_digest);
		goto out;
	}
	r = finish_blob(s, out, tmp, digest, err);
	if (r == 0 && size)
		*size = n;
out:
	if (r < 0)
		(void)unlinkat(s->tmp_fd, tmp, 0); /* swept later when this fails */
	return r;
}

int sp_image_store_put_bytes(struct sp_image_store *s, const void *bytes, size_t n,
			     char digest[static SP_DIGEST_SIZE], struct sp_error *err)
{
	SP_CLEANUP(sp_closep) int out = -EBADF;
	char tmp[NAME_SIZE];
	int r;

	if (sp_sha256_bytes(bytes, n, digest) < 0)
		return sp_fail(err, SP_E_NO_MEMORY, "image store");
	if (sp_image_store_has_blob(s, digest))
		return 0;
	out = tmp_file(s, tmp, err);
	if (out < 0)
		return -1;
	r = sp_write_all(out, bytes, n);
	if (r < 0)
		r = sp_fail_errno(err, -r, "write to the image store");
	else
		r = finish_blob(s, out, tmp, digest, err);
	if (r < 0)
		(void)unlinkat(s->tmp_fd, tmp, 0); /* swept later when this fails */
	return r;
}

int sp_image_store_adopt(struct sp_image_store *s, int dir_fd, const char *name, const char *digest,
			 struct sp_error *err)
{
	SP_CLEANUP(sp_closep) int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0 || fsync(fd) < 0)
		return sp_fail_errno(err, errno, "blob %s", digest);
	if (linkat(dir_fd, name, s->blobs_fd, hex_of(digest), 0) < 0 && errno != EEXIST)
		return sp_fail_errno(err, errno, "blob %s", digest);
	return 0;
}

char *sp_image_store_read_blob(const struct sp_image_store *s, struct sp_arena *a,
			       const char *digest, size_t max, size_t *len, struct sp_error *err)
{
	SP_CLEANUP(sp_closep) int fd = sp_image_store_open_blob(s, digest, err);
	char have[SP_DIGEST_SIZE];
	struct stat st;
	size_t n = 0;
	char *p;

	if (fd < 0)
		return NULL;
	if (fstat(fd, &st) < 0 || st.st_size < 0 || (uint64_t)st.st_size > max) {
		(void)sp_fail(err, SP_E_CORRUPT, "blob %s is larger than %zu bytes", digest, max);
		return NULL;
	}
	p = sp_arena_alloc(a, (size_t)st.st_size + 1);
	if (!p) {
		(void)sp_fail(err, SP_E_NO_MEMORY, "blob %s", digest);
		return NULL;
	}
	while (n < (size_t)st.st_size) {
		ssize_t k = read(fd, p + n, (size_t)st.st_size - n);

		if (k <= 0) {
			(void)sp_fail_errno(err, k < 0 ? errno : EIO, "blob %s", digest);
			return NULL;
		}
		n += (size_t)k;
	}
	if (sp_sha256_bytes(p, n, have) < 0 || !sp_streq(have, digest)) {
		(void)sp_fail(
			err, SP_E_CORRUPT,
			"blob %s is damaged (its content is %s); pull or load the image again",
			digest, have);
		return NULL;
	}
	*len = n;
	return p;
}

/* ---- layers ---- */

static void layer_ok_name(const char *diff_id, char name[static NAME_SIZE])
{
	(void)snprintf(name, NAME_SIZE, "%s.ok", hex_of(diff_id));
}

static bool layer_complete(const struct sp_image_store *s, const char *diff_id)
{
	char ok[NAME_SIZE];

	layer_ok_name(diff_id, ok);
	return faccessat(s->layers_fd, ok, F_OK, 0) == 0;
}

static int unpack_into(struct sp_image_store *s, const char *blob, const char *diff_id,
		       const char *tmp, struct sp_error *err)
{
	SP_CLEANUP(sp_closep) int dir = -EBADF, fd = -EBADF;

	if (mkdirat(s->tmp_fd, tmp, 0755) < 0)
		return sp_fail_errno(err, errno, "layer %s", diff_id);
	dir = openat(s->tmp_fd, tmp, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (dir < 0)
		return sp_fail_errno(err, errno, "layer %s", diff_id);
	(void)flock(dir, LOCK_EX); /* keeps sweep_tmp() of others away */
	fd = sp_image_store_open_blob(s, blob, err);
	if (fd < 0 || sp_layer_unpack(dir, fd, diff_id, NULL, NULL, err) < 0)
		return sp_wrap(err, "layer %s", blob);
	/* one flush of the file system; a flush per file would take many times as long */
	if (syncfs(dir) < 0)
		return sp_fail_errno(err, errno, "layer %s", diff_id);
	/* an unmarked directory is the work of somebody who died before marking it */
	if (remove_tree(s->layers_fd, hex_of(diff_id)) < 0 ||
	    renameat(s->tmp_fd, tmp, s->layers_fd, hex_of(diff_id)) < 0)
		return sp_fail_errno(err, errno, "layer %s", diff_id);
	return 0;
}

static int unpack_layer(struct sp_image_store *s, const char *blob, const char *diff_id,
			struct sp_error *err)
{
	SP_CLEANUP(sp_closep) int lock = -EBADF, ok_fd = -EBADF;
	char tmp[NAME_SIZE], ok[NAME_SIZE];

	if (layer_complete(s, diff_id))
		return 0;
	lock = openat(s->locks_fd, hex_of(diff_id), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (lock < 0)
		return sp_fail_errno(err, errno, "layer %s: lock", diff_id);
	while (flock(lock, LOCK_EX) < 0)
		if (errno != EINTR)
			return sp_fail_errno(err, errno, "layer %s: lock", diff_id);
	if (layer_complete(s, diff_id)) /* another process did it while we waited */
		return 0;
	(void)snprintf(tmp, sizeof(tmp), "l-%d-%.16s", (int)getpid(), hex_of(diff_id));
	if (unpack_into(s, blob, diff_id, tmp, err) < 0) {
		(void)remove_tree(s->tmp_fd, tmp); /* swept later when this fails */
		return -1;
	}
	layer_ok_name(diff_id, ok);
	ok_fd = openat(s->layers_fd, ok, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (ok_fd < 0 || fsync(s->layers_fd) < 0)
		return sp_fail_errno(err, errno, "layer %s", diff_id);
	return 0;
}

/* ---- names ---- */

static int ref_file(const char *ref, char name[static NAME_SIZE], struct sp_error *err)
{
	char digest[SP_DIGEST_SIZE];

	if (sp_sha256_bytes(ref, strlen(ref), digest) < 0)
		return sp_fail(err, SP_E_NO_MEMORY, "image store");
	(void)snprintf(name, NAME_SIZE, "%s.json", hex_of(digest));
	return 0;
}

static int write_ref(struct sp_image_store *s, const char *ref, const char *manifest,
		     const char *config, uint64_t size, struct sp_error *err)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf b = {0};
	SP_CLEANUP(sp_closep) int fd = -EBADF;
	char name[NAME_SIZE], tmp[NAME_SIZE];
	int r;

	if (ref_file(ref, name, err) < 0)
		return -1;
	sp_buf_puts(&b, "{\"ref\":");
	sp_buf_json(&b, ref);
	sp_buf_printf(
		&b, ",\"digest\":\"%s\",\"id\":\"%s\",\"sizeBytes\":%llu,\"loadedWallNs\":%lld}\n",
		manifest, config, (unsigned long long)size, (long long)wall_now());
	if (b.failed)
		return sp_fail(err, SP_E_NO_MEMORY, "image store");
	fd = tmp_file(s, tmp, err);
	if (fd < 0)
		return -1;
	r = sp_write_all(fd, b.ptr, b.len);
	if (r == 0 && (fsync(fd) < 0 || renameat(s->tmp_fd, tmp, s->refs_fd, name) < 0 ||
		       fsync(s->refs_fd) < 0))
		r = -errno;
	if (r < 0) {
		(void)unlinkat(s->tmp_fd, tmp, 0); /* swept later when this fails */
		return sp_fail_errno(err, -r, "image store: write the name '%s'", ref);
	}
	return 0;
}

static int read_ref_file(const struct sp_image_store *s, struct sp_arena *a, const char *file,
			 struct sp_image_info *ret, struct sp_error *err)
{
	SP_CLEANUP(sp_closep) int fd = openat(s->refs_fd, file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	json_auto_t *j = NULL;
	const char *ref, *digest, *id;
	json_error_t je;

	if (fd < 0)
		return sp_fail_errno(err, errno, "image store");
	j = json_loadfd(fd, 0, &je);
	ref = json_string_value(json_object_get(j, "ref"));
	digest = json_string_value(json_object_get(j, "digest"));
	id = json_string_value(json_object_get(j, "id"));
	if (!ref || !digest || !id || !sp_digest_valid(digest) || !sp_digest_valid(id))
		return sp_fail(err, SP_E_CORRUPT, "image store: '%s/refs/%s' is damaged; remove it",
			       s->dir, file);
	ret->ref = sp_arena_strdup(a, ref);
	ret->digest = sp_arena_strdup(a, digest);
	ret->id = sp_arena_strdup(a, id);
	ret->size_bytes = (uint64_t)json_integer_value(json_object_get(j, "sizeBytes"));
	ret->loaded_wall_ns = json_integer_value(json_object_get(j, "loadedWallNs"));
	return ret->ref && ret->digest && ret->id ? 0 : sp_fail(err, SP_E_NO_MEMORY, "image store");
}

static int by_ref(const void *a, const void *b)
{
	return strcmp(((const struct sp_image_info *)a)->ref,
		      ((const struct sp_image_info *)b)->ref);
}

int sp_image_store_list(struct sp_image_store *s, struct sp_arena *a, struct sp_image_info **ret,
			uint32_t *n, struct sp_error *err)
{
	struct sp_image_info *v = NULL;
	uint32_t len = 0, cap = 0;
	struct dirent *e;
	int r = 0;
	DIR *d;

	d = list_dir(s->refs_fd);
	if (!d)
		return sp_fail_errno(err, errno, "image store");
	while (r == 0 && (e = readdir(d)) != NULL) {
		if (e->d_name[0] == '.')
			continue;
		if (len == cap) {
			uint32_t more = cap ? cap * 2 : 16;
			struct sp_image_info *w = sp_arena_array(a, more, sizeof(*w));

			if (!w) {
				r = sp_fail(err, SP_E_NO_MEMORY, "image store");
				break;
			}
			if (len)
				memcpy(w, v, len * sizeof(*v));
			v = w;
			cap = more;
		}
		r = read_ref_file(s, a, e->d_name, &v[len], err);
		if (r < 0 && err && err->errnum == ENOENT)
			r = 0; /* removed while we were reading */
		else
			len++;
	}
	closedir(d);
	if (r < 0)
		return -1;
	if (len)
		qsort(v, len, sizeof(*v), by_ref);
	*ret = v;
	*n = len;
	return 0;
}

/* A name, or a digest or id (also shortened to 12 digits or more) of a listed image. */
static int find_info(struct sp_image_store *s, struct sp_arena *a, const char *text,
		     struct sp_image_info *ret, struct sp_error *err)
{
	const char *hex = strncmp(text, "sha256:", 7) == 0 ? text + 7 : text;
	struct sp_reference ref;
	struct sp_image_info *v;
	char file[NAME_SIZE];
	uint32_t n;

	if (strspn(hex, "0123456789abcdef") == strlen(hex) && strlen(hex) >= 12) {
		if (sp_image_store_list(s, a, &v, &n, err) < 0)
			return -1;
		for (uint32_t i = 0; i < n; i++)
			if (strncmp(hex_of(v[i].id), hex, strlen(hex)) == 0 ||
			    strncmp(hex_of(v[i].digest), hex, strlen(hex)) == 0) {
				*ret = v[i];
				return 0;
			}
		if (hex != text)
			return sp_fail(err, SP_E_NOT_FOUND, "no image with digest or id '%s'",
				       text);
	}
	if (sp_reference_parse(a, text, &ref, err) < 0 || ref_file(ref.full, file, err) < 0)
		return -1;
	if (read_ref_file(s, a, file, ret, err) == 0)
		return 0;
	if (err && err->errnum != ENOENT)
		return -1;
	if (ref.digest) { /* name@digest: any name with that content will do */
		if (sp_image_store_list(s, a, &v, &n, err) < 0)
			return -1;
		for (uint32_t i = 0; i < n; i++)
			if (sp_streq(v[i].digest, ref.digest)) {
				*ret = v[i];
				return 0;
			}
	}
	return sp_fail(err, SP_E_NOT_FOUND, "image '%s' is not in the store", ref.full);
}

int sp_image_store_get(struct sp_image_store *s, struct sp_arena *a, const char *text,
		       struct sp_image *ret, struct sp_error *err)
{
	struct sp_image_config config;
	struct sp_image_info info;
	const char **layers;
	size_t len;
	char *json;

	if (find_info(s, a, text, &info, err) < 0)
		return -1;
	json = sp_image_store_read_blob(s, a, info.id, SP_CONFIG_MAX_BYTES, &len, err);
	if (!json || sp_image_config_parse(a, json, len, &config, err) < 0)
		return sp_wrap(err, "image '%s'", info.ref);
	layers = sp_arena_array(a, config.n_diff_ids + 1, sizeof(*layers));
	if (!layers)
		return sp_fail(err, SP_E_NO_MEMORY, "image '%s'", info.ref);
	for (uint32_t i = 0; i < config.n_diff_ids; i++) {
		const char *id = config.diff_ids[config.n_diff_ids - 1 - i];

		if (!layer_complete(s, id))
			return sp_fail(err, SP_E_NOT_FOUND,
				       "image '%s': layer %s is missing from the store", info.ref,
				       id);
		layers[i] = sp_arena_printf(a, "%s/layers/%s", s->dir, hex_of(id));
		if (!layers[i])
			return sp_fail(err, SP_E_NO_MEMORY, "image '%s'", info.ref);
	}
	*ret = config.image;
	ret->ref = info.ref;
	ret->id = info.id;
	ret->digest = info.digest;
	ret->size_bytes = info.size_bytes;
	ret->layers = layers;
	ret->n_layers = config.n_diff_ids;
	return 0;
}

int sp_image_store_remove(struct sp_image_store *s, const char *text, struct sp_error *err)
{
	SP_CLEANUP(sp_arena_done) struct sp_arena a = {0};
	struct sp_image_info info;
	char file[NAME_SIZE];

	if (find_info(s, &a, text, &info, err) < 0 || ref_file(info.ref, file, err) < 0)
		return -1;
	if (unlinkat(s->refs_fd, file, 0) < 0)
		return sp_fail_errno(err, errno, "image '%s'", info.ref);
	return 0;
}

/* ---- commit ---- */

int sp_image_store_commit(struct sp_image_store *s, const char *manifest, const char *const *refs,
			  uint32_t n_refs, sp_image_progress_fn progress, void *arg,
			  struct sp_error *err)
{
	SP_CLEANUP(sp_arena_done) struct sp_arena a = {0};
	struct sp_image_config config;
	struct sp_manifest_doc doc;
	uint64_t size = 0;
	size_t len;
	char *json;

	json = sp_image_store_read_blob(s, &a, manifest, SP_MANIFEST_MAX_BYTES, &len, err);
	if (!json || sp_manifest_doc_parse(&a, json, len, &doc, err) < 0)
		return -1;
	if (doc.kind != SP_DOC_MANIFEST)
		return sp_fail(err, SP_E_INTERNAL, "%s is an index, not an image", manifest);
	size += len;
	json = sp_image_store_read_blob(s, &a, doc.config.digest, SP_CONFIG_MAX_BYTES, &len, err);
	if (!json || sp_image_config_parse(&a, json, len, &config, err) < 0)
		return -1;
	size += len;
	if (config.n_diff_ids != doc.n_layers)
		return sp_fail(err, SP_E_CORRUPT,
			       "manifest has %u layers, the image configuration %u", doc.n_layers,
			       config.n_diff_ids);
	if (config.os && !sp_streq(config.os, "linux"))
		return sp_fail(err, SP_E_UNSUPPORTED, "the image is made for %s, not for linux",
			       config.os);
	if (config.arch && !sp_streq(config.arch, sp_platform_arch()))
		return sp_fail(err, SP_E_UNSUPPORTED,
			       "the image is made for %s, this machine is %s", config.arch,
			       sp_platform_arch());
	for (uint32_t i = 0; i < doc.n_layers; i++) {
		size += (uint64_t)doc.layers[i].size;
		if (progress)
			progress(arg, doc.layers[i].digest, i + 1, doc.n_layers);
		if (unpack_layer(s, doc.layers[i].digest, config.diff_ids[i], err) < 0)
			return -1;
	}
	for (uint32_t i = 0; i < n_refs; i++)
		if (write_ref(s, refs[i], manifest, doc.config.digest, size, err) < 0)
			return -1;
	return 0;
}

/* ---- prune ---- */

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
	k->v[k->n] = sp_arena_strdup(&k->arena, hex_of(digest));
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
	char ok[NAME_SIZE];

	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0) {
		++*in_use;
		return;
	}
	/* the mark goes first: a half removed layer is no layer */
	(void)snprintf(ok, sizeof(ok), "%s.ok", hex);
	(void)unlinkat(s->layers_fd, ok, 0); /* may be missing */
	(void)remove_tree(s->layers_fd,
			  hex); /* what stays is unmarked and goes with the next prune */
	(void)unlinkat(s->locks_fd, hex, 0); /* nobody unpacks it: we hold the store's lock */
}

static void prune_dir(struct sp_image_store *s, int dir_fd, const struct keep *k, bool layers,
		      uint64_t *freed, uint32_t *in_use)
{
	DIR *d = list_dir(dir_fd);
	struct dirent *e;

	if (!d)
		return;
	while ((e = readdir(d)) != NULL) {
		struct stat st;

		if (strlen(e->d_name) != HEX_LEN || kept(k, e->d_name))
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

/* ---- JSON ---- */

static void put_list(struct sp_buf *out, const char *key, const char *const *v, uint32_t n)
{
	sp_buf_printf(out, ",\"%s\":[", key);
	for (uint32_t i = 0; i < n; i++) {
		if (i)
			sp_buf_putc(out, ',');
		sp_buf_json(out, v[i]);
	}
	sp_buf_putc(out, ']');
}

void sp_image_json(const struct sp_image *img, struct sp_buf *out)
{
	sp_buf_puts(out, "{\"ref\":");
	sp_buf_json(out, img->ref);
	sp_buf_printf(out, ",\"id\":\"%s\",\"digest\":\"%s\",\"sizeBytes\":%llu", img->id,
		      img->digest, (unsigned long long)img->size_bytes);
	put_list(out, "layers", img->layers, img->n_layers);
	put_list(out, "entrypoint", img->entrypoint, img->n_entrypoint);
	put_list(out, "cmd", img->cmd, img->n_cmd);
	put_list(out, "env", img->env, img->n_env);
	sp_buf_puts(out, ",\"workingDir\":");
	sp_buf_json(out, img->working_dir);
	sp_buf_puts(out, ",\"user\":");
	sp_buf_json(out, img->user);
	sp_buf_puts(out, ",\"stopSignal\":");
	sp_buf_json(out, img->stop_signal);
	sp_buf_putc(out, '}');
}
