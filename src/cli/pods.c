/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/pods.h"

#include "base/text.h"
#include "cli/files.h"
#include "cli/interrupt.h"
#include "core/pod.h"
#include "supervisor/spawn.h"
#include "supervisor/status_read.h"
#include "sys/fd.h"

#include <dirent.h>
#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/statvfs.h>

#define PODS_MAX 10000

const char *sp_pod_phase(const struct sp_pod_entry *p)
{
	return sp_node_str(sp_node_at(p->doc, "status.phase"), "Unknown");
}

const char *sp_pod_condition(const struct sp_pod_entry *p, const char *type)
{
	const struct sp_node *list = sp_node_at(p->doc, "status.conditions");

	for (uint32_t i = 0; list && i < list->n; i++)
		if (sp_streq(sp_node_str(sp_node_get(list->items[i], "type"), ""), type))
			return sp_node_str(sp_node_get(list->items[i], "status"), NULL);
	return NULL;
}

/* COL-1 … COL-3, by the core: the same words as everywhere. */
static int fill_columns(struct sp_cli *cli, struct sp_pod_entry *p, struct sp_error *err)
{
	struct sp_ctr_spec *ctrs = sp_arena_array(&cli->arena, SP_CONTAINERS_MAX, sizeof(*ctrs));
	struct sp_pod_status *st = sp_arena_alloc(&cli->arena, sizeof(*st));
	struct sp_pod_spec spec = {.kube_minor = 36, .ctrs = ctrs};
	SP_CLEANUP(sp_buf_done) struct sp_buf status = {0}, ready = {0};

	if (!ctrs || !st)
		return sp_fail(err, SP_E_NO_MEMORY, "read the pods");
	for (uint32_t i = 0; i < p->header.n_ctrs && i < SP_CONTAINERS_MAX; i++) {
		ctrs[i].name = p->header.ctrs[i].name;
		ctrs[i].role = p->header.ctrs[i].role;
		spec.n_ctrs++;
		spec.n_init += ctrs[i].role != SP_ROLE_APP;
	}
	sp_status_read(&spec, p->doc, st);
	p->start_wall_ns = st->start_wall_ns;
	for (uint32_t i = 0; i < spec.n_ctrs; i++)
		p->restarted_wall_ns =
			SP_MAX(p->restarted_wall_ns, st->ctrs[i].last.finished_wall_ns);
	sp_pod_column(&spec, st, &status, &ready, &p->restarts);
	p->status = sp_arena_strdup(&cli->arena, status.ptr);
	p->ready = sp_arena_strdup(&cli->arena, ready.ptr);
	/* a supervisor that died took its containers with it */
	if (!p->alive && st->phase < SP_PHASE_SUCCEEDED)
		p->status = "Lost";
	return p->status && p->ready ? 0 : sp_fail(err, SP_E_NO_MEMORY, "read the pods");
}

/* ---- reading --------------------------------------------------------------------------------- */

static bool read_header(struct sp_cli *cli, struct sp_pod_entry *p)
{
	SP_CLEANUP(sp_fclosep) FILE *f = NULL;
	const char *path = sp_arena_printf(&cli->arena, "%s/record.jsonl", p->dir);
	char *line = NULL;
	size_t size = 0;
	struct sp_record_line l;
	struct sp_error err;
	ssize_t n;
	bool ok = false;

	f = path ? fopen(path, "re") : NULL;
	if (!f)
		return false;
	n = getline(&line, &size, f);
	if (n > 0 && sp_record_parse_line(&cli->arena, line, (size_t)n, &l, &err) == 0 &&
	    l.is_header) {
		p->header = l.header;
		ok = true;
	}
	free(line);
	return ok;
}

struct sp_node *sp_pod_ask_doc(struct sp_cli *cli, const struct sp_place *place, const char *uid)
{
	static const char request[] = "{\"op\":\"status\"}";
	struct sp_error err; /* whoever does not answer is over */
	SP_CLEANUP(sp_closep) int fd = sp_supervisor_connect(place->engine.run_dir, uid, &err);
	struct sp_node *doc = NULL;
	json_t *answer = NULL;
	char *text;

	if (fd < 0 ||
	    sp_supervisor_call(fd, request, strlen(request), NULL, 0, NULL, &answer, &err) < 0)
		return NULL;
	text = json_dumps(json_object_get(answer, "pod"), 0);
	if (text && sp_node_from_json(&cli->arena, text, strlen(text), &doc, &err) < 0)
		doc = NULL;
	free(text);
	json_decref(answer);
	return doc;
}

/* What the supervisor wrote last; of one that is so young that it has not written yet, what it
 * says. Return: 1, 0 there is nothing, -1. */
static int read_doc(struct sp_cli *cli, const struct sp_place *place, struct sp_pod_entry *p,
		    struct sp_error *err)
{
	const char *path = sp_arena_printf(&cli->arena, "%s/status.json", p->dir);
	struct sp_source src;
	struct sp_node *root;

	if (!path)
		return sp_fail(err, SP_E_NO_MEMORY, "read the pods");
	if (sp_cli_read(cli, path, &src, err) == 0) {
		if (sp_node_from_json(&cli->arena, src.bytes, src.len, &root, err) < 0)
			return sp_wrap(err, "'%s'", path);
		p->doc = sp_node_get(root, "pod");
		return 1;
	}
	if (err->code != SP_E_NOT_FOUND)
		return -1;
	p->doc = p->alive ? sp_pod_ask_doc(cli, place, p->uid) : NULL;
	return p->doc != NULL;
}

/* Return: 1 an entry, 0 nothing to show, -1. */
static int read_pod(struct sp_cli *cli, const struct sp_place *place, const char *uid,
		    struct sp_pod_entry *ret, struct sp_error *err)
{
	struct sp_pod_entry p = {.uid = sp_arena_strdup(&cli->arena, uid)};
	int r;

	p.dir = sp_arena_printf(&cli->arena, "%s/pods/%s", place->engine.run_dir, uid);
	if (!p.uid || !p.dir)
		return sp_fail(err, SP_E_NO_MEMORY, "read the pods");
	r = sp_supervisor_alive(place->engine.run_dir, uid, err);
	if (r < 0)
		return -1;
	p.alive = r > 0;
	r = read_doc(cli, place, &p, err);
	if (r <= 0)
		return r;
	p.ns = sp_node_str(sp_node_at(p.doc, "metadata.namespace"), "default");
	p.name = sp_node_str(sp_node_at(p.doc, "metadata.name"), "");
	p.ip = sp_node_str(sp_node_at(p.doc, "status.podIP"), "");
	p.has_header = read_header(cli, &p);
	if (fill_columns(cli, &p, err) < 0)
		return -1;
	*ret = p;
	return 1;
}

static int by_name(const void *a, const void *b)
{
	const struct sp_pod_entry *x = a, *y = b;
	int r = strcmp(x->ns, y->ns);

	return r ? r : strcmp(x->name, y->name);
}

int sp_pods_list(struct sp_cli *cli, const struct sp_place *place, const char *ns,
		 struct sp_pod_entry **ret, uint32_t *ret_n, struct sp_error *err)
{
	const char *path = sp_arena_printf(&cli->arena, "%s/pods", place->engine.run_dir);
	struct sp_pod_entry *v = NULL;
	uint32_t n = 0, cap = 0;
	struct dirent *d;
	DIR *dir;
	int r = 0;

	*ret = NULL;
	*ret_n = 0;
	dir = path ? opendir(path) : NULL;
	if (!dir)
		return path && errno == ENOENT ? 0 : sp_fail_errno(err, errno, "open '%s'", path);
	while (r >= 0 && (d = readdir(dir)) != NULL) {
		if (d->d_name[0] == '.')
			continue;
		if (n == cap) {
			struct sp_pod_entry *more;

			cap = cap ? cap * 2 : 16;
			more = cap <= PODS_MAX ? sp_arena_array(&cli->arena, cap, sizeof(*v))
					       : NULL;
			if (!more) {
				r = sp_fail(err, SP_E_NO_MEMORY, "more than %d pods", PODS_MAX);
				break;
			}
			if (n)
				memcpy(more, v, n * sizeof(*v));
			v = more;
		}
		r = read_pod(cli, place, d->d_name, &v[n], err);
		if (r > 0 && (!ns || sp_streq(v[n].ns, ns)))
			n++;
	}
	closedir(dir);
	if (r < 0)
		return -1;
	if (n)
		qsort(v, n, sizeof(*v), by_name);
	*ret = v;
	*ret_n = n;
	return 0;
}

int sp_pods_find(struct sp_cli *cli, const struct sp_place *place, const char *name,
		 struct sp_pod_entry *ret, struct sp_error *err)
{
	const char *ns = sp_flag_text(cli, "namespace"), *slash = strchr(name, '/'), *near;
	const char **names;
	struct sp_pod_entry *v;
	uint32_t n;

	if (slash) { /* "pod/web", as other commands print it */
		size_t k = (size_t)(slash - name);

		if (strncmp("pods", name, k) != 0 && strncmp("po", name, k) != 0)
			return sp_fail(err, SP_E_INVALID, "'%s' does not name a pod", name);
		name = slash + 1;
	}
	if (sp_pods_list(cli, place, NULL, &v, &n, err) < 0)
		return -1;
	for (uint32_t i = 0; i < n; i++)
		if ((sp_streq(v[i].name, name) && sp_streq(v[i].ns, ns)) ||
		    sp_streq(v[i].uid, name)) {
			*ret = v[i];
			return 0;
		}
	names = sp_arena_array(&cli->arena, n + 1, sizeof(*names));
	for (uint32_t i = 0; names && i < n; i++)
		names[i] = v[i].name;
	near = names ? sp_nearest(name, names, n, 3) : NULL;
	return near ? sp_fail(err, SP_E_NOT_FOUND, "no pod '%s' (did you mean '%s'?)", name, near)
		    : sp_fail(err, SP_E_NOT_FOUND, "no pod '%s' in namespace '%s'", name, ns);
}

int sp_labels_match(const char *selector, const struct sp_node *labels, struct sp_error *err)
{
	while (*selector) {
		size_t n = strcspn(selector, ",");
		char term[256], *eq;
		const char *have, *key = term;
		bool negative = false;

		if (n >= sizeof(term) || n == 0)
			return sp_fail(err, SP_E_INVALID, "--selector: bad term '%.*s'", (int)n,
				       selector);
		memcpy(term, selector, n);
		term[n] = '\0';
		selector += n + (selector[n] == ',');
		eq = strchr(term, '=');
		if (!eq) {
			negative = *key == '!';
			key += negative;
			if ((sp_node_get(labels, key) != NULL) == negative)
				return 0;
			continue;
		}
		*eq = '\0';
		if (eq > term && eq[-1] == '!') {
			negative = true;
			eq[-1] = '\0';
		}
		eq += eq[1] == '='; /* a==b is a=b */
		have = sp_node_str(sp_node_get(labels, key), NULL);
		if ((have && sp_streq(have, eq + 1)) == negative)
			return 0;
	}
	return 1;
}

/* ---- asking ---------------------------------------------------------------------------------- */

void sp_pod_delete_request(int64_t grace_s, struct sp_buf *out)
{
	sp_buf_puts(out, "{\"op\":\"delete\"");
	if (grace_s >= 0)
		sp_buf_printf(out, ",\"graceSeconds\":%lld", (long long)grace_s);
	sp_buf_putc(out, '}');
}

int sp_pod_ask(const struct sp_place *place, const char *uid, const char *request,
	       struct sp_error *err)
{
	SP_CLEANUP(sp_closep) int fd = sp_supervisor_connect(place->engine.run_dir, uid, err);

	if (fd < 0)
		return -1;
	return sp_supervisor_call(fd, request, strlen(request), NULL, 0, NULL, NULL, err);
}

int sp_pod_stop(struct sp_cli *cli, const struct sp_place *place, const struct sp_pod_entry *p,
		int64_t grace_s, struct sp_error *err)
{
	SP_CLEANUP(sp_closep) int fd = sp_supervisor_connect(place->engine.run_dir, p->uid, err);
	SP_CLEANUP(sp_buf_done) struct sp_buf request = {0};
	int r;

	if (fd < 0)
		return err->code == SP_E_NOT_FOUND ? 0 : -1; /* over meanwhile */
	sp_pod_delete_request(grace_s, &request);
	if (sp_supervisor_call(fd, request.ptr, request.len, NULL, 0, NULL, NULL, err) < 0)
		return err->code == SP_E_NOT_FOUND ? sp_pod_wait_gone(place, p->uid, err) : -1;
	/* the supervisor hangs up when the pod is over */
	r = sp_interrupt_wait(fd, POLLRDHUP, err);
	if (r != 0)
		return r < 0 ? sp_wrap(err, "wait for pod '%s'", p->name)
			     : sp_fail(err, SP_E_UNAVAILABLE,
				       "interrupted; pod '%s' goes on stopping", p->name);
	return sp_pod_wait_gone(place, p->uid, err);
}

const char *sp_pod_last_words(struct sp_cli *cli, const struct sp_place *place, const char *uid)
{
	static const char key[] = " err=\"";
	const char *dir = sp_arena_printf(&cli->arena, "%s/pods/%s", place->engine.run_dir, uid);
	const char *path = dir ? sp_arena_printf(&cli->arena, "%s/supervisor.log", dir) : NULL;
	const char *at, *last = NULL, *end;
	struct sp_source src;
	struct sp_error err;
	struct statvfs fs;

	if (path && sp_cli_read(cli, path, &src, &err) == 0)
		for (at = src.bytes;
		     at && (at = memmem(at, src.len - (size_t)(at - src.bytes), key, strlen(key)));)
			last = at += strlen(key);
	end = last ? memchr(last, '\n', src.len - (size_t)(last - src.bytes)) : NULL;
	if (end && end[-1] == '"')
		return sp_arena_strndup(&cli->arena, last, (size_t)(end - 1 - last));
	if (dir && statvfs(dir, &fs) == 0 && fs.f_bavail == 0)
		return sp_arena_printf(&cli->arena, "no space is left in '%s'",
				       place->engine.run_dir);
	return "its supervisor was killed";
}

int sp_pod_wait_shown(struct sp_cli *cli, const struct sp_place *place, const char *uid, int pidfd,
		      struct sp_error *err)
{
	SP_CLEANUP(sp_closep) int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	struct pollfd v[2] = {{.fd = fd, .events = POLLIN}, {.fd = pidfd, .events = POLLIN}};
	char dir[PATH_MAX], path[PATH_MAX + 16], drain[4096];

	snprintf(dir, sizeof(dir), "%s/pods/%s", place->engine.run_dir, uid);
	snprintf(path, sizeof(path), "%s/status.json", dir);
	if (fd < 0 || inotify_add_watch(fd, dir, IN_MOVED_TO | IN_ONLYDIR) < 0)
		return sp_fail_errno(err, errno, "watch '%s'", dir);
	while (access(path, F_OK) < 0) {
		if (poll(v, 2, -1) < 0 && errno != EINTR)
			return sp_fail_errno(err, errno, "wait for a pod's status");
		if (v[1].revents && access(path, F_OK) < 0)
			return sp_fail(err, SP_E_IO, "%s", sp_pod_last_words(cli, place, uid));
		while (read(fd, drain, sizeof(drain)) > 0)
			; /* which file it was is looked at above */
	}
	return 0;
}

int sp_pod_wait_gone(const struct sp_place *place, const char *uid, struct sp_error *err)
{
	SP_CLEANUP(sp_closep) int fd = -EBADF;
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/pods/%s/lock", place->engine.run_dir, uid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? 0 : sp_fail_errno(err, errno, "open '%s'", path);
	while (flock(fd, LOCK_SH) < 0) /* held as long as the supervisor lives */
		if (errno != EINTR)
			return sp_fail_errno(err, errno, "lock '%s'", path);
	return 0;
}

/* ---- names ----------------------------------------------------------------------------------- */

/* A name is a symbolic link to the uid: made and read in one step. */
static void name_path(const struct sp_place *place, const char *ns, const char *name, char *path,
		      size_t size)
{
	snprintf(path, size, "%s/names/%s_%s", place->engine.run_dir, ns, name);
}

int sp_names_lock(const struct sp_place *place, struct sp_error *err)
{
	SP_CLEANUP(sp_closep) int fd = -EBADF;
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/names", place->engine.run_dir);
	if (sp_dirs_make(path, err) < 0)
		return -1;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return sp_fail_errno(err, errno, "open '%s'", path);
	while (flock(fd, LOCK_EX) < 0)
		if (errno != EINTR)
			return sp_fail_errno(err, errno, "lock '%s'", path);
	return sp_take_fd(&fd);
}

const char *sp_name_owner(struct sp_cli *cli, const struct sp_place *place, const char *ns,
			  const char *name)
{
	char path[PATH_MAX], uid[128];
	ssize_t n;

	name_path(place, ns, name, path, sizeof(path));
	n = readlink(path, uid, sizeof(uid));
	return n > 0 && (size_t)n < sizeof(uid) ? sp_arena_strndup(&cli->arena, uid, (size_t)n)
						: NULL;
}

int sp_name_take(const struct sp_place *place, const char *ns, const char *name, const char *uid,
		 struct sp_error *err)
{
	char path[PATH_MAX];

	name_path(place, ns, name, path, sizeof(path));
	if (unlink(path) < 0 && errno != ENOENT)
		return sp_fail_errno(err, errno, "replace '%s'", path);
	if (symlink(uid, path) < 0)
		return sp_fail_errno(err, errno, "create '%s'", path);
	return 0;
}

void sp_name_free(const struct sp_place *place, const char *ns, const char *name, const char *uid)
{
	char path[PATH_MAX], owner[128];
	ssize_t n;

	name_path(place, ns, name, path, sizeof(path));
	n = readlink(path, owner, sizeof(owner) - 1);
	if (n <= 0)
		return;
	owner[n] = '\0';
	if (sp_streq(owner, uid))
		(void)unlink(path); /* a stale name is taken over by the next pod that wants it */
}
