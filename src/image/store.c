/* SPDX-License-Identifier: Apache-2.0 */
/* The store as its readers see it: open, list, find, forget a name. No digest is computed here. */
#include "image/store_internal.h"

#include "image/manifest.h"
#include "image/reference.h"
#include "sys/fd.h"
#include "sys/sys.h"

#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>

#define REF_FILE_MAX 4096 /* a name, two digests, two numbers */

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

DIR *sp_store_list_dir(int fd)
{
	int own = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = own < 0 ? NULL : fdopendir(own);

	if (own >= 0 && !d)
		(void)close(own);
	return d;
}

void sp_image_store_sweep(struct sp_image_store *s)
{
	DIR *d = sp_store_list_dir(s->tmp_fd);
	struct dirent *e;

	if (!d)
		return;
	while ((e = readdir(d)) != NULL) {
		SP_CLEANUP(sp_closep) int fd = -EBADF;

		if (e->d_name[0] == '.')
			continue;
		fd = openat(s->tmp_fd, e->d_name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
		if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
			(void)sys_remove_tree(s->tmp_fd,
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
	if (s->lock_fd < 0 && errno == EROFS) /* good enough for reading */
		s->lock_fd = openat(s->dir_fd, "lock", O_RDONLY | O_CLOEXEC);
	if (s->lock_fd < 0)
		return sp_fail_errno(err, errno, "image store: lock in '%s'", dir);
	while (flock(s->lock_fd, LOCK_SH) < 0)
		if (errno != EINTR)
			return sp_fail_errno(err, errno, "image store: lock");
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

/* ---- blobs ---- */

bool sp_image_store_has_blob(const struct sp_image_store *s, const char *digest)
{
	return sp_digest_valid(digest) && faccessat(s->blobs_fd, sp_hex_of(digest), F_OK, 0) == 0;
}

int sp_image_store_open_blob(const struct sp_image_store *s, const char *digest,
			     struct sp_error *err)
{
	int fd;

	if (!sp_digest_valid(digest))
		return sp_fail(err, SP_E_INVALID, "'%s' is not a sha256 digest", digest);
	fd = openat(s->blobs_fd, sp_hex_of(digest), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return sp_fail_errno(err, errno, "blob %s", digest);
	return fd;
}

char *sp_image_store_read_blob(const struct sp_image_store *s, struct sp_arena *a,
			       const char *digest, size_t max, size_t *len, struct sp_error *err)
{
	SP_CLEANUP(sp_closep) int fd = sp_image_store_open_blob(s, digest, err);
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
	*len = n;
	return p;
}

/* ---- names ---- */

void sp_store_layer_mark(const char *diff_id, char name[static SP_STORE_NAME])
{
	(void)snprintf(name, SP_STORE_NAME, "%s.ok", sp_hex_of(diff_id));
}

bool sp_store_layer_complete(const struct sp_image_store *s, const char *diff_id)
{
	char ok[SP_STORE_NAME];

	sp_store_layer_mark(diff_id, ok);
	return faccessat(s->layers_fd, ok, F_OK, 0) == 0;
}

void sp_store_ref_file(const char *ref, char name[static SP_STORE_NAME])
{
	struct sp_buf b = sp_buf_fixed(name, SP_STORE_NAME);
	uint64_t hash = 14695981039346656037u; /* FNV-1a */

	for (const char *p = ref; *p; p++) {
		hash = (hash ^ (unsigned char)*p) * 1099511628211u;
		if (b.len < SP_STORE_NAME - 32)
			sp_buf_putc(&b, *p == '/' || *p == ':' || *p == '@' ? '_' : *p);
	}
	sp_buf_printf(&b, "-%016llx.json", (unsigned long long)hash);
}

static int read_ref_file(const struct sp_image_store *s, struct sp_arena *a, const char *file,
			 struct sp_image_info *ret, struct sp_error *err)
{
	const char *ref, *digest, *id;
	json_auto_t *j = NULL;
	char mem[REF_FILE_MAX];
	json_error_t je;
	ssize_t n = sys_read_file(s->refs_fd, file, mem, sizeof(mem));

	if (n < 0)
		return sp_fail_errno(err, (int)-n, "image store");
	j = json_loadb(mem, (size_t)n, 0, &je); /* json_loadfd() would read byte by byte */
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
	struct sp_error one = {0};
	struct dirent *e;
	int r = 0;
	DIR *d;

	d = sp_store_list_dir(s->refs_fd);
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
		r = read_ref_file(s, a, e->d_name, &v[len], &one);
		if (r < 0 && one.errnum == ENOENT)
			r = 0; /* removed while we were reading */
		else if (r < 0 && err)
			*err = one;
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
	struct sp_error absent = {0};
	struct sp_reference ref;
	struct sp_image_info *v;
	char file[SP_STORE_NAME];
	uint32_t n;

	if (strspn(hex, "0123456789abcdef") == strlen(hex) && strlen(hex) >= 12) {
		if (sp_image_store_list(s, a, &v, &n, err) < 0)
			return -1;
		for (uint32_t i = 0; i < n; i++)
			if (strncmp(sp_hex_of(v[i].id), hex, strlen(hex)) == 0 ||
			    strncmp(sp_hex_of(v[i].digest), hex, strlen(hex)) == 0) {
				*ret = v[i];
				return 0;
			}
		if (hex != text)
			return sp_fail(err, SP_E_NOT_FOUND, "no image with digest or id '%s'",
				       text);
	}
	if (sp_reference_parse(a, text, &ref, err) < 0)
		return -1;
	sp_store_ref_file(ref.full, file);
	if (read_ref_file(s, a, file, ret, &absent) == 0)
		return 0;
	if (absent.errnum != ENOENT) {
		if (err)
			*err = absent;
		return -1;
	}
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

		if (!sp_store_layer_complete(s, id))
			return sp_fail(err, SP_E_NOT_FOUND,
				       "image '%s': layer %s is missing from the store", info.ref,
				       id);
		layers[i] = sp_arena_printf(a, "%s/layers/%s", s->dir, sp_hex_of(id));
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
	char file[SP_STORE_NAME];

	if (find_info(s, &a, text, &info, err) < 0)
		return -1;
	sp_store_ref_file(info.ref, file);
	if (unlinkat(s->refs_fd, file, 0) < 0)
		return sp_fail_errno(err, errno, "image '%s'", info.ref);
	return 0;
}
