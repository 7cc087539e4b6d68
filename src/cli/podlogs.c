/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/podlogs.h"

#include "base/text.h"
#include "sys/fd.h"
#include "sys/self.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define LINE_MAX_BYTES (64 * 1024)
#define BATCH_BYTES    (1024 * 1024) /* handed out at once */

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

/* Reap what read a compressed file. Return: false, it failed */
static bool end_child(struct sp_log_file *f)
{
	int status = 0;

	if (f->child <= 0)
		return true;
	while (waitpid(f->child, &status, 0) < 0 && errno == EINTR)
		;
	f->child = 0;
	return status == 0;
}

void sp_podlogs_share(struct sp_podlogs *l, int watch_fd, void (*told)(void *arg, int wd),
		      void *arg)
{
	l->watch_fd = watch_fd;
	l->told = told;
	l->arg = arg;
}

void sp_podlogs_done(struct sp_podlogs *l)
{
	for (uint32_t i = 0; i < l->n_files; i++) {
		sp_tail_done(&l->files[i].tail);
		(void)end_child(&l->files[i]); /* the pipe is closed: it ends */
		sp_buf_done(&l->files[i].part);
		free(l->files[i].path);
	}
	free(l->files);
	if (!l->told)
		sp_close(l->watch_fd);
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

/* "<attempt>.log" */
static bool is_current(const char *name, int64_t *ret_attempt)
{
	char mem[16];
	size_t n = strlen(name);

	if (n < 5 || n - 4 >= sizeof(mem) || !sp_streq(name + n - 4, ".log"))
		return false;
	memcpy(mem, name, n - 4);
	mem[n - 4] = '\0';
	return sp_parse_i64(mem, 0, UINT32_MAX, ret_attempt) == 0;
}

/* The smallest attempt from @from on that has a log; with @newest the greatest. -1: none */
static int64_t find_attempt(const char *ctr_dir, int64_t from, bool newest)
{
	DIR *dir = opendir(ctr_dir);
	int64_t best = -1, k;
	struct dirent *d;

	while (dir && (d = readdir(dir)) != NULL)
		if (is_current(d->d_name, &k) && k >= from && (best < 0 || (k > best) == newest))
			best = k;
	if (dir)
		closedir(dir);
	return best;
}

int64_t sp_podlogs_newest(const char *pod_dir, const char *ctr)
{
	char path[4096];
	struct sp_buf b = sp_buf_fixed(path, sizeof(path));

	sp_buf_printf(&b, "%s/%s", pod_dir, ctr);
	return b.failed ? -1 : find_attempt(path, 0, true);
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

/* ---- one file after another --------------------------------------------------------------------
 *
 * An instance writes <n>.log. When that is full it is renamed to <n>.log.<time>, later replaced by
 * <n>.log.<time>.gz, in the end removed; the names of rotated files sort as the files. All of it
 * may happen between two reads, several times: so the files are taken by their names, the rotated
 * ones first, and `done` is the name up to which they are read.
 */

#define GZ ".gz"

static bool ends_gz(const char *name, size_t n)
{
	return n > strlen(GZ) && sp_streq(name + n - strlen(GZ), GZ);
}

/* The oldest rotated file behind f->done, by its name without ".gz". Return: false, none */
static bool first_rotated(const struct sp_log_file *f, char ret[SP_LOG_NAME_MAX])
{
	char prefix[32];
	int n_prefix = snprintf(prefix, sizeof(prefix), "%u.log.", f->attempt);
	DIR *dir = opendir(f->dir);
	struct dirent *d;
	bool found = false;

	while (dir && (d = readdir(dir)) != NULL) {
		size_t n = strlen(d->d_name);

		if (n >= SP_LOG_NAME_MAX || strncmp(d->d_name, prefix, (size_t)n_prefix) != 0)
			continue;
		if (ends_gz(d->d_name, n))
			d->d_name[n - strlen(GZ)] = '\0';
		if (strcmp(d->d_name, f->done) > 0 && (!found || strcmp(d->d_name, ret) < 0)) {
			memcpy(ret, d->d_name, strlen(d->d_name) + 1);
			found = true;
		}
	}
	if (dir)
		closedir(dir);
	return found;
}

static bool set_path(struct sp_log_file *f, const char *name, const char *suffix)
{
	free(f->path);
	if (asprintf(&f->path, "%s/%s%s", f->dir, name, suffix) < 0)
		f->path = NULL;
	return f->path;
}

/* What sidepod-worker makes of a compressed file comes through a pipe. Return: 1, -1 */
static int open_compressed(struct sp_log_file *f, struct sp_error *err)
{
	SP_CLEANUP(sp_closep) int in_fd = -EBADF, out_fd = -EBADF;
	char worker[PATH_MAX];
	int fds[2];

	if (sp_self_sibling("sidepod-worker", worker, sizeof(worker), err) < 0)
		return -1;
	if (pipe2(fds, O_CLOEXEC) < 0)
		return sp_fail_errno(err, errno, "make a pipe");
	in_fd = fds[0];
	out_fd = fds[1];
	f->child = fork();
	if (f->child < 0)
		return sp_fail_errno(err, errno, "start sidepod-worker");
	if (f->child == 0) {
		sigset_t none;

		sigemptyset(&none);
		(void)sigprocmask(SIG_SETMASK, &none, NULL); /* as every program expects it */
		if (dup2(out_fd, STDOUT_FILENO) == STDOUT_FILENO)
			execl(worker, worker, "decompress", f->path, (char *)NULL);
		_exit(127);
	}
	f->tail.fd = in_fd;
	in_fd = -EBADF;
	return 1;
}

/* Return: 1 open, 0 gone, -1 */
static int open_rotated(struct sp_log_file *f, const char *name, struct sp_error *err)
{
	int r;

	if (!set_path(f, name, ""))
		return sp_fail(err, SP_E_NO_MEMORY, "read logs");
	r = sp_tail_open(&f->tail, f->path, err);
	if (r != 0)
		return r;
	if (!set_path(f, name, GZ))
		return sp_fail(err, SP_E_NO_MEMORY, "read logs");
	return access(f->path, F_OK) < 0 ? 0 : open_compressed(f, err);
}

/* Open the oldest file that is not read yet. Return: 1 open, 0 none is there, -1 */
static int open_file(struct sp_log_file *f, struct sp_error *err)
{
	char name[SP_LOG_NAME_MAX], current[32];
	struct stat st;
	int r;

	if (f->tail.fd >= 0)
		return 1;
	(void)snprintf(current, sizeof(current), "%u.log", f->attempt); /* fits */
	for (;;) {
		while (first_rotated(f, name)) {
			memcpy(f->done, name, sizeof(name));
			f->rotated = true;
			r = open_rotated(f, name, err);
			if (r != 0)
				return r;
		}
		f->rotated = false;
		if (!set_path(f, current, ""))
			return sp_fail(err, SP_E_NO_MEMORY, "read logs");
		r = sp_tail_open(&f->tail, f->path, err);
		if (r < 0)
			return -1;
		/* did a file come in between? it is older */
		if (!first_rotated(f, name)) {
			if (r > 0 && fstat(f->tail.fd, &st) < 0)
				return sp_fail_errno(err, errno, "look at '%s'", f->path);
			f->inode = r > 0 ? st.st_ino : 0;
			return r;
		}
		sp_tail_done(&f->tail);
	}
}

/* Is this rotated file the one that is open? A compressed one has its time. */
static bool is_open_one(const struct sp_log_file *f, const char *name)
{
	char path[4096];
	struct sp_buf b = sp_buf_fixed(path, sizeof(path));
	struct stat st, own;

	sp_buf_printf(&b, "%s/%s", f->dir, name);
	if (b.failed || fstat(f->tail.fd, &own) < 0)
		return false;
	if (stat(path, &st) == 0)
		return st.st_ino == own.st_ino;
	sp_buf_puts(&b, GZ);
	return !b.failed && stat(path, &st) == 0 && st.st_mtim.tv_sec == own.st_mtim.tv_sec &&
	       st.st_mtim.tv_nsec == own.st_mtim.tv_nsec;
}

/* Go on to the next instance that has a log. */
static bool next_attempt(struct sp_log_file *f, bool only_this)
{
	int64_t k = only_this ? -1 : find_attempt(f->dir, (int64_t)f->attempt + 1, false);

	if (k < 0)
		return false;
	f->attempt = (uint32_t)k;
	f->done[0] = '\0';
	return true;
}

/* At the end of the open file: is it the end for good? What was written between the last read and
 * this look still belongs to it, so it is read to its end once more. Return: true, read on. */
static bool next_file(struct sp_podlogs *l, struct sp_log_file *f, bool only_this)
{
	char name[SP_LOG_NAME_MAX], path[4096];
	struct sp_buf b = sp_buf_fixed(path, sizeof(path));
	struct stat st;
	bool renamed = false;

	if (f->rotated) { /* nobody writes to it */
		sp_tail_done(&f->tail);
		if (!end_child(f) && !l->unread)
			l->unread = sp_arena_strdup(&l->arena, f->path);
		return true;
	}
	if (stat(f->path, &st) == 0 && st.st_ino == f->inode) {
		sp_buf_printf(&b, "%s/%u.log", f->dir, f->attempt + 1);
		if (only_this || b.failed || access(path, F_OK) < 0)
			return false;
	} else {
		renamed = true;
	}
	if (!f->over) {
		f->over = true;
		return true;
	}
	f->over = false;
	if (renamed && first_rotated(f, name) && is_open_one(f, name))
		memcpy(f->done, name, sizeof(name));
	sp_tail_done(&f->tail);
	return renamed || next_attempt(f, only_this);
}

/* ---- lines ----------------------------------------------------------------------------------- */

/* One line of a file, joined with the pieces before it. Return: true, f->line is to be shown */
static bool take_line(struct sp_log_file *f, struct sp_str text)
{
	bool partial;

	if (!sp_log_parse(text, &f->line, &partial))
		return false; /* not ours; a foreign line cannot be shown in order */
	if (partial || f->part.len) {
		sp_buf_add(&f->part, f->line.text.ptr, f->line.text.len);
		if (partial && f->part.len < LINE_MAX_BYTES)
			return false;
		f->line.text = (struct sp_str){f->part.ptr, f->part.len};
	}
	return true;
}

/* Have the file's next line in f->line. Return: 1, 0 there is none for now, -1 */
static int next_line(struct sp_podlogs *l, struct sp_log_file *f, bool only_this,
		     struct sp_error *err)
{
	struct sp_str text;
	int r;

	if (f->has_line)
		return 1;
	for (;;) {
		r = open_file(f, err);
		if (r == 0 && next_attempt(f, only_this))
			continue;
		if (r <= 0)
			return r;
		while ((r = sp_tail_line(&f->tail, &text, err)) > 0) {
			f->has_line = take_line(f, text);
			if (f->part.failed)
				return sp_fail(err, SP_E_NO_MEMORY, "read logs");
			if (f->has_line)
				return 1;
		}
		if (r < 0)
			return sp_wrap(err, "'%s'", f->path);
		if (!next_file(l, f, only_this))
			return 0;
	}
}

static bool watch_dir(struct sp_podlogs *l, const char *dir)
{
	const uint32_t mask = IN_CREATE | IN_MODIFY | IN_MOVED_TO | IN_ONLYDIR;
	int wd = inotify_add_watch(l->watch_fd, dir, mask);

	if (wd >= 0 && l->told)
		l->told(l->arg, wd);
	return wd >= 0;
}

/* Directories come when their container starts. */
static void watch(struct sp_podlogs *l)
{
	char drain[4096];

	if (l->watch_fd < 0)
		return;
	while (!l->told && read(l->watch_fd, drain, sizeof(drain)) > 0)
		; /* which file it was does not matter: all are looked at */
	if (!l->watched)
		l->watched = watch_dir(l, l->pod_dir);
	for (uint32_t i = 0; i < l->n_files; i++)
		if (!l->files[i].watched)
			l->files[i].watched = watch_dir(l, l->files[i].dir);
}

int sp_podlogs_read(struct sp_podlogs *l, bool only_this,
		    void (*line)(void *arg, const struct sp_log_line *line), void *arg,
		    struct sp_error *err)
{
	watch(l); /* first, so that nothing written from here on is missed */
	for (uint32_t i = 0; i < l->n_files; i++)
		l->files[i].idle = false;
	for (size_t bytes = 0; bytes < BATCH_BYTES;) {
		struct sp_log_file *first = NULL;

		for (uint32_t i = 0; i < l->n_files; i++) {
			struct sp_log_file *f = &l->files[i];
			int r = f->idle ? 0 : next_line(l, f, only_this, err);

			if (r < 0)
				return -1;
			f->idle = r == 0;
			if (r > 0 && (!first || f->line.wall_ns < first->line.wall_ns))
				first = f;
		}
		if (!first)
			return 0;
		first->line.ctr = (uint32_t)(first - l->files);
		line(arg, &first->line);
		bytes += first->line.text.len + 1;
		sp_buf_clear(&first->part);
		first->has_line = false;
	}
	return 1;
}
