/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/podlogs.h"

#include "base/text.h"
#include "sys/fd.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#define LINE_MAX_BYTES (64 * 1024)
#define BATCH_BYTES    (4u * 1024 * 1024) /* merged at once */

int sp_podlogs_init(struct sp_podlogs *l, const char *pod_dir, bool follow, struct sp_error *err)
{
	*l = (struct sp_podlogs){.watch_fd = -EBADF};
	l->pod_dir = sp_arena_strdup(&l->arena, pod_dir);
	if (!l->pod_dir)
		return sp_fail(err, SP_E_NO_MEMORY, "read logs");
	if (follow) {
		l->watch_fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
		if (l->watch_fd < 0)
			return sp_fail_errno(err, errno, "watch logs");
	}
	return 0;
}

void sp_podlogs_done(struct sp_podlogs *l)
{
	for (uint32_t i = 0; i < l->n_files; i++) {
		sp_tail_done(&l->files[i].tail);
		sp_buf_done(&l->files[i].part);
		free(l->files[i].path);
	}
	free(l->files);
	l->watch_fd = sp_close(l->watch_fd);
	sp_arena_done(&l->arena);
	*l = (struct sp_podlogs){.watch_fd = -EBADF};
}

int sp_podlogs_add(struct sp_podlogs *l, const char *ctr, uint32_t attempt, struct sp_error *err)
{
	struct sp_log_file *f;

	if (l->n_files == l->cap) {
		uint32_t cap = l->cap ? l->cap * 2 : 8;
		struct sp_log_file *v = reallocarray(l->files, cap, sizeof(*v));

		if (!v)
			return sp_fail(err, SP_E_NO_MEMORY, "read logs");
		l->files = v;
		l->cap = cap;
	}
	f = &l->files[l->n_files];
	*f = (struct sp_log_file){.attempt = attempt, .tail = sp_tail_init(LINE_MAX_BYTES)};
	f->name = sp_arena_strdup(&l->arena, ctr);
	f->dir = sp_arena_printf(&l->arena, "%s/%s", l->pod_dir, ctr);
	if (!f->name || !f->dir)
		return sp_fail(err, SP_E_NO_MEMORY, "read logs");
	l->n_files++;
	return 0;
}

int64_t sp_podlogs_newest(const char *pod_dir, const char *ctr)
{
	char path[4096];
	struct sp_buf b = sp_buf_fixed(path, sizeof(path));
	struct dirent *d;
	int64_t best = -1;
	DIR *dir;

	sp_buf_printf(&b, "%s/%s", pod_dir, ctr);
	dir = opendir(path);
	while (dir && (d = readdir(dir)) != NULL) {
		size_t n = strlen(d->d_name);
		int64_t k;

		if (n < 5 || n > 16 || !sp_streq(d->d_name + n - 4, ".log"))
			continue;
		d->d_name[n - 4] = '\0';
		if (sp_parse_i64(d->d_name, 0, UINT32_MAX, &k) == 0)
			best = SP_MAX(best, k);
	}
	if (dir)
		closedir(dir);
	return best;
}

bool sp_log_parse(struct sp_str line, struct sp_log_line *ret, bool *ret_partial)
{
	const char *end = line.ptr + line.len;
	const char *time_end = memchr(line.ptr, ' ', line.len);
	const char *stream = time_end ? time_end + 1 : end;
	const char *stream_end = stream < end ? memchr(stream, ' ', (size_t)(end - stream)) : NULL;
	const char *tag = stream_end ? stream_end + 1 : end;
	char mem[64];
	size_t n;

	if (!stream_end || end - tag < 1 || (*tag != 'F' && *tag != 'P'))
		return false;
	*ret = (struct sp_log_line){0};
	n = (size_t)(time_end - line.ptr);
	ret->time = (struct sp_str){line.ptr, n};
	if (n >= sizeof(mem))
		return false;
	memcpy(mem, line.ptr, n);
	mem[n] = '\0';
	if (sp_parse_rfc3339(mem, &ret->wall_ns) < 0)
		return false;
	ret->is_stderr = stream_end - stream == 6 && memcmp(stream, "stderr", 6) == 0;
	*ret_partial = *tag == 'P';
	tag += 1 + (end - tag > 1);
	ret->text = (struct sp_str){tag, (size_t)(end - tag)};
	return true;
}

/* ---- merging --------------------------------------------------------------------------------- */

/* Lines read in one go; texts are offsets into `bytes`, which may move while it grows. */
struct batch {
	struct sp_buf bytes;
	struct item {
		uint32_t ctr;
		bool is_stderr;
		int64_t wall_ns;
		size_t at, time_len, len;
	} * v;
	size_t n, cap;
	bool failed;
};

static void batch_add(struct batch *b, uint32_t ctr, const struct sp_log_line *l)
{
	if (b->n == b->cap) {
		size_t cap = b->cap ? b->cap * 2 : 64;
		struct item *v = reallocarray(b->v, cap, sizeof(*v));

		if (!v) {
			b->failed = true;
			return;
		}
		b->v = v;
		b->cap = cap;
	}
	b->v[b->n++] = (struct item){ctr,          l->is_stderr, l->wall_ns,
				     b->bytes.len, l->time.len,  l->text.len};
	sp_buf_add(&b->bytes, l->time.ptr, l->time.len);
	sp_buf_add(&b->bytes, l->text.ptr, l->text.len);
}

/* By time; lines of one container stay in their order. */
static void batch_sort(struct batch *b)
{
	for (size_t i = 1; i < b->n; i++) { /* nearly sorted already: insertion is cheap */
		struct item t = b->v[i];
		size_t k = i;

		for (; k > 0 && b->v[k - 1].wall_ns > t.wall_ns; k--)
			b->v[k] = b->v[k - 1];
		b->v[k] = t;
	}
}

static void take_line(struct batch *b, struct sp_log_file *f, uint32_t index, struct sp_str text)
{
	struct sp_log_line l;
	bool partial;

	if (!sp_log_parse(text, &l, &partial))
		return; /* not ours; a foreign line cannot be shown in order */
	if (partial || f->part.len) {
		sp_buf_add(&f->part, l.text.ptr, l.text.len);
		if (partial && f->part.len < LINE_MAX_BYTES)
			return;
		l.text = (struct sp_str){f->part.ptr, f->part.len};
	}
	batch_add(b, index, &l);
	sp_buf_clear(&f->part);
}

/* Open the file of the instance that is read. Return: false, it is not there. */
static bool open_file(struct sp_log_file *f)
{
	struct sp_error err;
	struct stat st;

	if (f->tail.fd >= 0)
		return true;
	free(f->path);
	f->path = NULL;
	if (asprintf(&f->path, "%s/%u.log", f->dir, f->attempt) < 0) {
		f->path = NULL;
		return false;
	}
	if (sp_tail_open(&f->tail, f->path, &err) <= 0 || fstat(f->tail.fd, &st) < 0)
		return false;
	f->inode = st.st_ino;
	return true;
}

/* At the end of a file: did it rotate, or is there a next instance? What was written between the
 * last read and this look still belongs to the old file, so that one is read to its end once more.
 * Return: true, read on. */
static bool next_file(struct sp_log_file *f, bool only_this)
{
	struct stat st;
	char path[4096];
	struct sp_buf b = sp_buf_fixed(path, sizeof(path));
	bool rotated = stat(f->path, &st) == 0 && st.st_ino != f->inode;

	if (!rotated) {
		sp_buf_printf(&b, "%s/%u.log", f->dir, f->attempt + 1);
		if (only_this || b.failed || access(path, F_OK) < 0)
			return false;
	}
	if (!f->over) {
		f->over = true;
		return true;
	}
	f->over = false;
	f->attempt += !rotated;
	sp_tail_done(&f->tail);
	return true;
}

static int read_file(struct batch *b, struct sp_log_file *f, uint32_t index, bool only_this,
		     struct sp_error *err)
{
	struct sp_str text;
	int r;

	if (!open_file(f))
		return 0;
	do {
		while (b->bytes.len < BATCH_BYTES &&
		       (r = sp_tail_line(&f->tail, &text, err)) != 0) {
			if (r < 0)
				return sp_wrap(err, "'%s'", f->path);
			take_line(b, f, index, text);
		}
	} while (b->bytes.len < BATCH_BYTES && next_file(f, only_this) && open_file(f));
	return 0;
}

/* Directories come when their container starts; a watch that exists already changes nothing. */
static void watch(struct sp_podlogs *l)
{
	const uint32_t mask = IN_CREATE | IN_MODIFY | IN_MOVED_TO | IN_ONLYDIR;
	char drain[4096];

	if (l->watch_fd < 0)
		return;
	while (read(l->watch_fd, drain, sizeof(drain)) > 0)
		; /* which file it was does not matter: all are looked at */
	(void)inotify_add_watch(l->watch_fd, l->pod_dir, mask); /* may not be there yet */
	for (uint32_t i = 0; i < l->n_files; i++)
		(void)inotify_add_watch(l->watch_fd, l->files[i].dir, mask);
}

int sp_podlogs_read(struct sp_podlogs *l, bool only_this,
		    void (*line)(void *arg, const struct sp_log_line *line), void *arg,
		    struct sp_error *err)
{
	struct batch b;
	int r = 0;

	do {
		b = (struct batch){0};
		watch(l); /* first, so that nothing written from here on is missed */
		for (uint32_t i = 0; i < l->n_files && r == 0; i++)
			r = read_file(&b, &l->files[i], i, only_this, err);
		batch_sort(&b);
		if (b.failed || b.bytes.failed)
			r = sp_fail(err, SP_E_NO_MEMORY, "read logs");
		for (size_t i = 0; i < b.n && r == 0; i++) {
			const struct item *it = &b.v[i];
			struct sp_log_line out = {
				.ctr = it->ctr, .is_stderr = it->is_stderr, .wall_ns = it->wall_ns};

			out.time = (struct sp_str){b.bytes.ptr + it->at, it->time_len};
			out.text = (struct sp_str){b.bytes.ptr + it->at + it->time_len, it->len};
			line(arg, &out);
		}
		free(b.v);
		r = r < 0 ? -1 : b.bytes.len >= BATCH_BYTES;
		sp_buf_done(&b.bytes);
	} while (r > 0);
	return r;
}
