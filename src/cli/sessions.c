/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/sessions.h"

#include "base/json.h"
#include "cli/interrupt.h"
#include "supervisor/control.h"
#include "supervisor/spawn.h"
#include "sys/fd.h"

#include <dirent.h>
#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>

#define SESSIONS_MAX 256
#define PATIENCE_S   20 /* a session that is stopped does not stop us */

/* ---- the directory --------------------------------------------------------------------------- */

void sp_session_address(int dir_fd, const char *name, struct sp_session_address *ret)
{
	*ret = (struct sp_session_address){.un.sun_family = AF_UNIX};
	/* through the descriptor: a path may be longer than an address */
	(void)snprintf(ret->un.sun_path, sizeof(ret->un.sun_path), "/proc/self/fd/%d/%s", dir_fd,
		       name);
	ret->len =
		(socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(ret->un.sun_path) + 1);
}

int sp_sessions_lock(const char *run_dir, bool make, struct sp_error *err)
{
	SP_CLEANUP(sp_closep) int fd = -EBADF;
	char path[PATH_MAX];

	(void)snprintf(path, sizeof(path), "%s/sessions", run_dir);
	if (make && (sp_dirs_make(run_dir, err) < 0 ||
		     (mkdir(path, 0700) < 0 && errno != EEXIST &&
		      sp_fail_errno(err, errno, "create '%s'", path) < 0)))
		return -1;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return sp_fail_errno(err, errno, "open '%s'", path);
	while (flock(fd, LOCK_EX) < 0)
		if (errno != EINTR)
			return sp_fail_errno(err, errno, "lock '%s'", path);
	return sp_take_fd(&fd);
}

int sp_sessions_unlock(int dir_fd, struct sp_error *err)
{
	return flock(dir_fd, LOCK_UN) < 0 ? sp_fail_errno(err, errno, "unlock the sessions") : 0;
}

void sp_session_forget(int dir_fd, const char *name)
{
	char log[NAME_MAX + 1];

	(void)snprintf(log, sizeof(log), "%s.log", name);
	(void)unlinkat(dir_fd, name, 0); /* gone is what we want, of both */
	(void)unlinkat(dir_fd, log, 0);
}

/* Return: a connected socket, -1 with errno */
static int connect_to(int dir_fd, const char *name)
{
	const struct timeval patience = {.tv_sec = PATIENCE_S};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0), saved;
	struct sp_session_address a;

	sp_session_address(dir_fd, name, &a);
	if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) == 0 &&
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) == 0 &&
	    connect(fd, (struct sockaddr *)&a.un, a.len) == 0)
		return fd;
	saved = errno;
	sp_close(fd);
	errno = saved;
	return -1;
}

static bool is_log(const char *name)
{
	return strchr(name, '.') != NULL;
}

void sp_sessions_tidy(const struct sp_place *place)
{
	struct sp_error
		err; /* housekeeping: without it there is nothing to tidy, or another time */
	int fd = sp_sessions_lock(place->engine.run_dir, false, &err);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *d;

	if (!dir)
		sp_close(fd);
	while (dir && (d = readdir(dir)) != NULL) {
		int s = is_log(d->d_name) ? -1 : connect_to(fd, d->d_name);

		if (s < 0 && !is_log(d->d_name) && errno == ECONNREFUSED)
			sp_session_forget(fd, d->d_name);
		sp_close(s);
	}
	if (dir)
		closedir(dir);
}

/* ---- asking ---------------------------------------------------------------------------------- */

int sp_sessions_connect(struct sp_cli *cli, const struct sp_place *place,
			struct sp_session_link **ret, uint32_t *ret_n, struct sp_error *err)
{
	const char *path = sp_arena_printf(&cli->arena, "%s/sessions", place->engine.run_dir);
	struct sp_session_link *v = sp_arena_array(&cli->arena, SESSIONS_MAX, sizeof(*v));
	struct dirent *d;
	uint32_t n = 0;
	DIR *dir;

	*ret = v;
	*ret_n = 0;
	if (!path || !v)
		return sp_fail(err, SP_E_NO_MEMORY, "find the sessions");
	dir = opendir(path);
	if (!dir)
		return errno == ENOENT ? 0 : sp_fail_errno(err, errno, "open '%s'", path);
	while (n < SESSIONS_MAX && (d = readdir(dir)) != NULL) {
		if (is_log(d->d_name))
			continue;
		v[n].fd = connect_to(dirfd(dir), d->d_name);
		n += v[n].fd >= 0; /* others were killed, or have just ended */
	}
	closedir(dir);
	*ret_n = n;
	return 0;
}

void sp_sessions_hang_up(struct sp_session_link *v, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		v[i].fd = sp_close(v[i].fd);
}

static int to_node(struct sp_cli *cli, json_t *doc, struct sp_node **ret, struct sp_error *err)
{
	char *text = json_dumps(doc, JSON_COMPACT);
	int r = text ? sp_node_from_json(&cli->arena, text, strlen(text), ret, err)
		     : sp_fail(err, SP_E_NO_MEMORY, "answer of a session");

	free(text);
	return r;
}

int sp_session_call(struct sp_cli *cli, struct sp_session_link *l, const struct sp_buf *request,
		    struct sp_node **ret, int *ret_fd, struct sp_error *err)
{
	json_t *answer = NULL;
	int r;

	if (request->failed)
		return sp_fail(err, SP_E_NO_MEMORY, "ask a session");
	if (l->fd < 0)
		return sp_fail(err, SP_E_NOT_FOUND, "the session has ended");
	r = sp_supervisor_call(l->fd, request->ptr, request->len, NULL, 0, ret_fd, &answer, err);
	if (r < 0) {
		if (err->errnum == EAGAIN)
			return sp_fail(err, SP_E_TIMEOUT, "a session does not answer");
		if (err->code == SP_E_NOT_FOUND)
			l->fd = sp_close(l->fd);
		return -1;
	}
	r = to_node(cli, answer, ret, err);
	json_decref(answer);
	return r;
}

int sp_session_news(struct sp_cli *cli, struct sp_session_link *l, struct sp_node **ret,
		    struct sp_error *err)
{
	char *mem = sp_arena_alloc(&cli->arena, SP_CONTROL_MAX);
	ssize_t n;
	int r;

	if (!mem)
		return sp_fail(err, SP_E_NO_MEMORY, "answer of a session");
	if (l->fd < 0)
		return 0;
	r = sp_interrupt_wait(l->fd, POLLIN, err);
	if (r != 0)
		return r < 0 ? -1 : sp_fail(err, SP_E_UNAVAILABLE, "interrupted");
	n = recv(l->fd, mem, SP_CONTROL_MAX, 0);
	if (n <= 0) {
		l->fd = sp_close(l->fd);
		return 0;
	}
	return sp_node_from_json(&cli->arena, mem, (size_t)n, ret, err) < 0 ? -1 : 1;
}

/* ---- lists ----------------------------------------------------------------------------------- */

struct list {
	struct sp_cli *cli;
	struct sp_session_object *v;
	uint32_t n, cap;
};

static int add(struct list *l, struct sp_session_link *of, const struct sp_node *node,
	       struct sp_error *err)
{
	const struct sp_node *meta = sp_node_get(node, "metadata");

	if (l->n == l->cap) {
		uint32_t cap = SP_MAX(l->cap * 2, 64u);
		struct sp_session_object *v = sp_arena_array(&l->cli->arena, cap, sizeof(*v));

		if (!v)
			return sp_fail(err, SP_E_NO_MEMORY, "objects of a session");
		if (l->n)
			memcpy(v, l->v, l->n * sizeof(*v));
		l->v = v;
		l->cap = cap;
	}
	l->v[l->n++] = (struct sp_session_object){
		.node = node,
		.kind = sp_node_str(sp_node_get(node, "kind"), ""),
		.ns = sp_node_str(sp_node_get(meta, "namespace"), ""),
		.name = sp_node_str(sp_node_get(meta, "name"), ""),
		.of = of,
	};
	return 0;
}

static int add_lines(struct list *l, struct sp_session_link *of, const char *text, size_t len,
		     struct sp_error *err)
{
	for (size_t at = 0; at < len;) {
		const char *nl = memchr(text + at, '\n', len - at);
		size_t n = nl ? (size_t)(nl - text) - at : len - at;
		struct sp_node *node;

		if (sp_node_from_json(&l->cli->arena, text + at, n, &node, err) < 0 ||
		    add(l, of, node, err) < 0)
			return sp_wrap(err, "objects of a session");
		at += n + 1;
	}
	return 0;
}

static int list_one(struct list *l, struct sp_session_link *of, const struct sp_buf *request,
		    struct sp_error *err)
{
	SP_CLEANUP(sp_closep) int fd = -EBADF;
	struct sp_node *answer;
	struct stat st;
	char *text;
	int r;

	if (sp_session_call(l->cli, of, request, &answer, &fd, err) < 0)
		return err->code == SP_E_NOT_FOUND ? 0 : -1; /* it has ended: it has nothing */
	if (fd < 0 || fstat(fd, &st) < 0)
		return sp_fail(err, SP_E_CORRUPT, "a session sent no objects");
	if (st.st_size == 0)
		return 0;
	text = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (text == MAP_FAILED)
		return sp_fail_errno(err, errno, "objects of a session");
	r = add_lines(l, of, text, (size_t)st.st_size, err);
	(void)munmap(text, (size_t)st.st_size); /* a valid range: cannot fail */
	return r;
}

int sp_sessions_list(struct sp_cli *cli, struct sp_session_link *v, uint32_t n,
		     const char *const *kinds, const char *ns, struct sp_session_object **ret,
		     uint32_t *ret_n, struct sp_error *err)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf request = {0};
	struct list l = {.cli = cli};
	uint32_t n_kinds = 0;

	while (kinds && kinds[n_kinds])
		n_kinds++;
	sp_buf_puts(&request, "{\"op\":\"list\"");
	if (kinds)
		sp_json_strs(&request, "kinds", kinds, n_kinds);
	sp_json_str(&request, "namespace", ns);
	sp_buf_putc(&request, '}');
	for (uint32_t i = 0; i < n; i++)
		if (list_one(&l, &v[i], &request, err) < 0)
			return -1;
	*ret = l.v;
	*ret_n = l.n;
	return 0;
}
