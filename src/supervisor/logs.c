/* SPDX-License-Identifier: Apache-2.0 */
#include "supervisor/logs.h"

#include "base/text.h"
#include "supervisor/status_json.h"
#include "sys/fd.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

/* ---- lines ---------------------------------------------------------------------------------- */

static void put_line(struct sp_buf *out, const char *time, const char *stream, char tag,
		     const struct sp_log_stream *s, const char *bytes, size_t n)
{
	sp_buf_puts(out, time);
	sp_buf_puts(out, stream);
	sp_buf_putc(out, ' ');
	sp_buf_putc(out, tag);
	sp_buf_putc(out, ' ');
	sp_buf_add(out, s->pending, s->n);
	sp_buf_add(out, bytes, n);
	sp_buf_putc(out, '\n');
}

static void keep(struct sp_log_stream *s, const char *bytes, size_t n)
{
	char *p;

	if (!n)
		return;
	p = realloc(s->pending, s->n + n);
	if (!p)
		return; /* out of memory: the piece is lost, the log goes on */
	memcpy(p + s->n, bytes, n);
	s->pending = p;
	s->n += n;
}

static void forget(struct sp_log_stream *s)
{
	free(s->pending);
	*s = (struct sp_log_stream){0};
}

void sp_log_format(struct sp_log_stream *s, const char *stream, int64_t wall_ns, const char *bytes,
		   size_t n, bool end, struct sp_buf *out)
{
	char time_mem[48];
	struct sp_buf time = sp_buf_fixed(time_mem, sizeof(time_mem));

	sp_format_rfc3339(&time, wall_ns, 9);
	sp_buf_putc(&time, ' ');
	while (n) {
		const char *nl = memchr(bytes, '\n', n);
		size_t len = nl ? (size_t)(nl - bytes) : n, room = SP_LOG_LINE_MAX - s->n;

		if (len > room) {
			put_line(out, time_mem, stream, 'P', s, bytes, room);
			forget(s);
			bytes += room;
			n -= room;
			continue;
		}
		if (!nl) {
			keep(s, bytes, len);
			break;
		}
		put_line(out, time_mem, stream, 'F', s, bytes, len);
		if (s->n)
			forget(s);
		bytes += len + 1;
		n -= len + 1;
	}
	if (end && s->n) {
		put_line(out, time_mem, stream, 'F', s, "", 0);
		forget(s);
	}
}

/* Content of one line "<time> <stream> <tag> <content>"; false when it is none. */
static bool split(const char *line, size_t n, const char **content, size_t *len, bool *partial)
{
	const char *end = line + n, *p = line;

	for (int field = 0; field < 3; field++) {
		const char *sp = memchr(p, ' ', (size_t)(end - p));

		if (!sp)
			return false;
		if (field == 2)
			*partial = *p == 'P';
		p = sp + 1;
	}
	*content = p;
	*len = (size_t)(end - p);
	return true;
}

void sp_log_unformat(const char *text, size_t n, size_t max_lines, size_t max_bytes,
		     struct sp_buf *out)
{
	struct sp_buf all = {0};
	size_t from = 0, lines = 0;

	while (n) {
		const char *nl = memchr(text, '\n', n), *content;
		size_t len = nl ? (size_t)(nl - text) : n, clen;
		bool partial = false;

		if (split(text, len, &content, &clen, &partial)) {
			sp_buf_add(&all, content, clen);
			if (!partial)
				sp_buf_putc(&all, '\n');
		}
		text += len + (nl != NULL);
		n -= len + (nl != NULL);
	}
	for (size_t i = all.len; i > 0; i--) {
		/* The last byte is the end of the last line, not the beginning of one more. */
		if (all.ptr[i - 1] == '\n' && i < all.len && ++lines == max_lines) {
			from = i;
			break;
		}
	}
	if (all.len - from > max_bytes)
		from = all.len - max_bytes;
	if (all.len)
		sp_buf_add(out, all.ptr + from, all.len - from);
	sp_buf_done(&all);
}

bool sp_termination_message(const char *policy, const char *file, size_t n, int32_t code,
			    struct sp_buf *out)
{
	size_t cut = n > SP_TERM_MAX ? n - SP_TERM_MAX : 0;

	if (n == 0)
		return policy && sp_streq(policy, "FallbackToLogsOnError") && code != 0;
	/* a NUL would end the message: what is behind it cannot be shown */
	sp_buf_add(out, file + cut, strnlen(file + cut, n - cut));
	return false;
}

/* ---- files ---------------------------------------------------------------------------------- */

void sp_log_init(struct sp_log *l, const struct sp_log_place *place, const char *ctr,
		 uint32_t attempt)
{
	*l = (struct sp_log){
		.place = place, .ctr = ctr, .attempt = attempt, .dir_fd = -EBADF, .fd = -EBADF};
}

static void file_name(const struct sp_log *l, struct sp_buf *b)
{
	sp_buf_printf(b, "%u.log", l->attempt);
}

static void link_name(const struct sp_log *l, uint32_t attempt, struct sp_buf *b)
{
	char id[SP_CONTAINER_ID_LEN + 1];

	sp_container_id(l->place->uid, l->ctr, attempt, id);
	sp_buf_printf(b, "%s_%s_%s-%s.log", l->place->pod, l->place->ns, l->ctr, id);
}

/* Names in the directory that begin with @prefix, sorted. Freed by the caller with free_names(). */
static char **list_names(int dir_fd, const char *prefix, size_t *ret_n)
{
	char **v = NULL;
	size_t n = 0;
	int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;

	*ret_n = 0;
	if (!d) {
		sp_close(fd);
		return NULL;
	}
	while ((e = readdir(d))) {
		char **w, *name;

		if (strncmp(e->d_name, prefix, strlen(prefix)) != 0)
			continue;
		w = reallocarray(v, n + 1, sizeof(*v));
		if (!w)
			break;
		v = w;
		name = strdup(e->d_name);
		if (!name)
			break;
		v[n++] = name;
	}
	(void)closedir(d);             /* was read only */
	for (size_t i = 1; i < n; i++) /* a handful of names */
		for (size_t k = i; k > 0 && strcmp(v[k - 1], v[k]) > 0; k--) {
			char *t = v[k];

			v[k] = v[k - 1];
			v[k - 1] = t;
		}
	*ret_n = n;
	return v;
}

static void free_names(char **v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(v[i]);
	free(v);
}

/* LOG-4: of the instances before the previous one nothing is kept. */
static void remove_old(const struct sp_log *l)
{
	char mem[512];
	struct sp_buf b = sp_buf_fixed(mem, sizeof(mem));
	uint32_t old = l->attempt - 2;
	char **names;
	size_t n;

	if (l->attempt < 2)
		return;
	sp_buf_printf(&b, "%u.log", old);
	names = list_names(l->dir_fd, mem, &n);
	for (size_t i = 0; i < n; i++)
		(void)unlinkat(l->dir_fd, names[i], 0); /* gone is what we want */
	free_names(names, n);
	if (l->place->links_dir_fd >= 0) {
		sp_buf_clear(&b);
		link_name(l, old, &b);
		(void)unlinkat(l->place->links_dir_fd, mem, 0); /* as above */
	}
}

static void make_link(const struct sp_log *l)
{
	char name_mem[512], target_mem[4096];
	struct sp_buf name = sp_buf_fixed(name_mem, sizeof(name_mem));
	struct sp_buf target = sp_buf_fixed(target_mem, sizeof(target_mem));

	if (l->place->links_dir_fd < 0)
		return;
	link_name(l, l->attempt, &name);
	sp_buf_printf(&target, "%s/%s/%u.log", l->place->pod_path, l->ctr, l->attempt);
	/* Log shippers like to have it; nothing here depends on it. */
	if (!name.failed && !target.failed)
		(void)!symlinkat(target_mem, l->place->links_dir_fd, name_mem);
}

static int open_file(struct sp_log *l)
{
	char mem[32];
	struct sp_buf name = sp_buf_fixed(mem, sizeof(mem));
	struct stat st;
	bool first = l->dir_fd < 0;

	if (first) {
		if (mkdirat(l->place->pod_dir_fd, l->ctr, 0755) < 0 && errno != EEXIST)
			return -errno;
		l->dir_fd = openat(l->place->pod_dir_fd, l->ctr,
				   O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (l->dir_fd < 0)
			return -errno;
	}
	file_name(l, &name);
	l->fd = openat(l->dir_fd, mem, O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0640);
	if (l->fd < 0)
		return -errno;
	l->size_bytes = fstat(l->fd, &st) == 0 ? (uint64_t)st.st_size : 0;
	if (first) {
		make_link(l);
		remove_old(l);
	}
	return 0;
}

/* The current file gets its name for the archive, <n>.log.<YYYYMMDD-HHMMSS>. Should that second be
 * taken, the next one: names stay in the order of the files. */
static void rotate(struct sp_log *l, int64_t wall_ns)
{
	char from_mem[32], to_mem[SP_LOG_NAME_MAX], time[32];
	struct sp_buf from = sp_buf_fixed(from_mem, sizeof(from_mem));
	char **names;
	size_t n;

	file_name(l, &from);
	/* Names that were removed already must not come back: they would be the oldest. */
	if (wall_ns < l->rotated_wall_ns + SP_SEC)
		wall_ns = l->rotated_wall_ns + SP_SEC;
	for (int i = 0; i < 1000; i++, wall_ns += SP_SEC) {
		struct sp_buf to = sp_buf_fixed(to_mem, sizeof(to_mem));
		struct sp_buf t = sp_buf_fixed(time, sizeof(time));

		sp_format_rfc3339(&t, wall_ns, 0); /* 2026-01-02T03:04:05Z */
		sp_buf_printf(&to, "%s.%.4s%.2s%.2s-%.2s%.2s%.2s", from_mem, time, time + 5,
			      time + 8, time + 11, time + 14, time + 17);
		if (renameat2(l->dir_fd, from_mem, l->dir_fd, to_mem, RENAME_NOREPLACE) == 0 ||
		    errno != EEXIST)
			break;
	}
	l->rotated_wall_ns = wall_ns;
	l->rotated = true;
	l->fd = sp_close(l->fd);
	sp_buf_putc(&from, '.');
	names = list_names(l->dir_fd, from_mem, &n);
	for (size_t i = 0; i + (SP_LOG_FILES_MAX - 1) < n; i++)
		(void)unlinkat(l->dir_fd, names[i], 0); /* gone is what we want */
	free_names(names, n);
}

void sp_log_add(struct sp_log *l, int which, int64_t wall_ns, const char *bytes, size_t n)
{
	sp_log_format(&l->streams[which], which ? "stderr" : "stdout", wall_ns, bytes, n, n == 0,
		      &l->out);
}

void sp_log_flush(struct sp_log *l, int64_t wall_ns)
{
	const char *p = l->out.ptr;
	size_t n = l->out.len;
	int r = 0;

	if (!n && !l->out.failed)
		return;
	if (l->fd >= 0 && l->size_bytes && l->size_bytes + n > l->place->file_max)
		rotate(l, wall_ns);
	if (l->fd < 0)
		r = open_file(l);
	while (r == 0 && l->torn) { /* the next line is one of its own */
		if (write(l->fd, "\n", 1) == 1) {
			l->torn = false;
			l->size_bytes++;
		} else if (errno != EINTR) {
			r = -errno;
		}
	}
	while (r == 0 && n) {
		ssize_t w = write(l->fd, p, n);

		if (w < 0 && errno == EINTR)
			continue;
		if (w < 0) {
			r = -errno;
			break;
		}
		p += w;
		n -= (size_t)w;
		l->size_bytes += (uint64_t)w;
		l->torn = p[-1] != '\n';
	}
	if (r < 0) {
		l->dropped_bytes += n;
		l->errnum = -r;
	}
	sp_buf_done(&l->out);
}

bool sp_log_compressible(struct sp_log *l, char *ret)
{
	char mem[32];
	struct sp_buf prefix = sp_buf_fixed(mem, sizeof(mem));
	struct sp_buf found = sp_buf_fixed(ret, SP_LOG_NAME_MAX);
	char **names;
	size_t n;

	if (!l->rotated)
		return false;
	file_name(l, &prefix);
	sp_buf_putc(&prefix, '.');
	names = list_names(l->dir_fd, mem, &n);
	for (size_t i = 0; i + 1 < n && !found.len; i++)
		if (!strstr(names[i], ".gz"))
			sp_buf_puts(&found, names[i]);
	free_names(names, n);
	l->rotated = found.len && !found.failed;
	return l->rotated;
}

void sp_log_touch(struct sp_log *l)
{
	int r = l->fd < 0 ? open_file(l) : 0;

	if (r < 0)
		l->errnum = -r; /* told when there is something to lose */
}

void sp_log_tail(struct sp_log *l, struct sp_buf *out)
{
	enum { RAW_MAX = 24 * 1024 }; /* 2048 bytes in 80 lines, heads and a cut long line */
	off_t from = (off_t)l->size_bytes - RAW_MAX;
	char *mem;
	ssize_t n;

	if (l->fd < 0 || !l->size_bytes)
		return;
	mem = malloc(RAW_MAX);
	if (!mem)
		return;
	n = pread(l->fd, mem, RAW_MAX, SP_MAX(from, (off_t)0));
	if (n > 0) {
		const char *p = mem, *nl = from > 0 ? memchr(mem, '\n', (size_t)n) : NULL;

		if (nl) { /* the first line is cut */
			n -= nl + 1 - p;
			p = nl + 1;
		}
		sp_log_unformat(p, (size_t)n, SP_LOG_TAIL_LINES, SP_LOG_TAIL_BYTES, out);
	}
	free(mem);
}

void sp_log_done(struct sp_log *l)
{
	forget(&l->streams[0]);
	forget(&l->streams[1]);
	sp_buf_done(&l->out);
	l->fd = sp_close(l->fd);
	l->dir_fd = sp_close(l->dir_fd);
}
