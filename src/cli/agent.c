/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/agent.h"

#include "cli/files.h"
#include "cli/pods.h"
#include "cli/services.h"
#include "spec/tree.h"
#include "sys/fd.h"
#include "sys/sys.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define STARTS_AT_ONCE 4 /* then signals and other pods have their turn */
#define RETRY_FIRST    SP_SEC
#define RETRY_MOST     (60 * SP_SEC)

/* ---- the list -------------------------------------------------------------------------------- */

static struct sp_agent_pod *pod_add(struct sp_agent *a, const struct sp_stored *o)
{
	struct sp_agent_pod *p = calloc(1, sizeof(*p));

	if (!p || sp_uids_set(&a->by_uid, o->uid, p) < 0) {
		free(p);
		return NULL;
	}
	p->seen = sp_stored_ref(o);
	p->supervisor.pidfd = p->supervisor.control_fd = -EBADF;
	p->prev = a->last;
	if (a->last)
		a->last->next = p;
	else
		a->first = p;
	a->last = p;
	a->n++;
	a->n_waiting++;
	return p;
}

static void pod_drop(struct sp_agent *a, struct sp_agent_pod *p)
{
	if (p->prev)
		p->prev->next = p->next;
	else
		a->first = p->next;
	if (p->next)
		p->next->prev = p->prev;
	else
		a->last = p->prev;
	a->n--;
	a->n_waiting -= !p->watched;
	sp_uids_remove(&a->by_uid, p->seen->uid);
	(void)sp_stored_unref(p->seen);
	sp_close(p->supervisor.pidfd);
	sp_close(p->supervisor.control_fd);
	free(p);
}

void sp_agent_done(struct sp_agent *a)
{
	while (a->first)
		pod_drop(a, a->first);
	sp_uids_done(&a->by_uid);
}

/* ---- statuses -------------------------------------------------------------------------------- */

static struct sp_node *head(struct sp_tree *t, const struct sp_stored *o)
{
	struct sp_node *root = sp_tree_map(t), *meta;

	sp_tree_text(t, root, "apiVersion", "v1");
	sp_tree_text(t, root, "kind", "Pod");
	meta = sp_tree_put(t, root, "metadata", sp_tree_map(t));
	sp_tree_text(t, meta, "name", o->name);
	sp_tree_text(t, meta, "namespace", o->ns);
	sp_tree_text(t, meta, "uid", o->uid);
	return root;
}

static int put_status(struct sp_agent *a, struct sp_tree *t, const struct sp_stored *o,
		      struct sp_node *status, struct sp_error *err)
{
	struct sp_node *root = head(t, o);

	sp_tree_put(t, root, "status", status);
	if (t->failed)
		return sp_fail(err, SP_E_NO_MEMORY, "status of pod '%s'", o->name);
	if (sp_store_update(a->store, SP_STORE_STATUS, root, NULL, err) < 0 &&
	    err->code != SP_E_NOT_FOUND && err->code != SP_E_CONFLICT)
		return -1;
	return 0;
}

static char *read_whole(const char *path, size_t *ret_len)
{
	SP_CLEANUP(sp_closep) int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	char *mem;
	ssize_t n;

	if (fd < 0 || fstat(fd, &st) < 0)
		return NULL;
	mem = malloc((size_t)st.st_size + 1);
	n = mem ? read(fd, mem, (size_t)st.st_size) : -1;
	if (n < 0) {
		free(mem);
		return NULL;
	}
	*ret_len = (size_t)n;
	return mem;
}

/* What the supervisor shows; it replaces the file as a whole. */
static int take_status(struct sp_agent *a, struct sp_agent_pod *p, struct sp_error *err)
{
	SP_CLEANUP(sp_arena_done) struct sp_arena mem = {0};
	struct sp_tree t = {.a = &mem};
	const char *path = sp_arena_printf(&mem, "%s/status.json", p->watched->dir);
	const struct sp_node *status;
	struct sp_node *root;
	size_t len = 0;
	char *text = path ? read_whole(path, &len) : NULL;
	int r;

	if (!text)
		return 0; /* not there yet */
	r = sp_node_from_json(&mem, text, len, &root, NULL);
	free(text);
	status = r == 0 ? sp_node_at(root, "pod.status") : NULL;
	return status ? put_status(a, &t, p->seen, (struct sp_node *)(uintptr_t)status, err) : 0;
}

/* A supervisor that was killed leaves no last word. */
static int put_lost(struct sp_agent *a, struct sp_agent_pod *p, struct sp_error *err)
{
	SP_CLEANUP(sp_arena_done) struct sp_arena mem = {0};
	struct sp_tree t = {.a = &mem};
	struct sp_stored *now = sp_store_get(a->store, "Pod", p->seen->ns, p->seen->name);
	const struct sp_node *old = now ? sp_node_get(now->node, "status") : NULL;
	struct sp_node *status = old ? sp_node_clone(&mem, old) : sp_tree_map(&t);
	int r;

	sp_tree_text(&t, status, "phase", "Failed");
	sp_tree_text(&t, status, "reason", "SupervisorLost");
	sp_tree_text(&t, status, "message", "The supervisor of the pod ended before the pod did");
	r = put_status(a, &t, p->seen, status, err);
	(void)sp_stored_unref(now);
	return r;
}

/* ---- ends ------------------------------------------------------------------------------------ */

/* The supervisor is our child; it has ended, or is about to. */
static void reap(struct sp_agent_pod *p)
{
	siginfo_t si;

	while (waitid(P_PIDFD, (id_t)p->supervisor.pidfd, &si, WEXITED) < 0 && errno == EINTR)
		;
	p->supervisor.pidfd = sp_close(p->supervisor.pidfd);
}

static int finish(struct sp_agent *a, struct sp_agent_pod *p, struct sp_error *err)
{
	struct sp_watched *w = p->watched;
	int r = 0;

	if (!p->removed) {
		r = take_status(a, p, err);
		if (r == 0 && !w->run.finished)
			r = put_lost(a, p, err);
		if (r == 0 && p->seen->deleting)
			r = sp_store_remove(a->store, "Pod", p->seen->ns, p->seen->name,
					    p->seen->uid, err);
		if (r < 0 && (err->code == SP_E_NOT_FOUND || err->code == SP_E_CONFLICT))
			r = 0;
	}
	a->over(a->arg, p);
	sp_follow_forget(a->follow, w);
	reap(p);
	pod_drop(a, p);
	return r;
}

/* A pod that was never started goes at once. */
static int drop_unstarted(struct sp_agent *a, struct sp_agent_pod *p, struct sp_error *err)
{
	int r = 0;

	if (!p->removed)
		r = sp_store_remove(a->store, "Pod", p->seen->ns, p->seen->name, p->seen->uid, err);
	if (r < 0 && (err->code == SP_E_NOT_FOUND || err->code == SP_E_CONFLICT))
		r = 0;
	pod_drop(a, p);
	return r;
}

static void ask_to_end(struct sp_agent *a, struct sp_agent_pod *p)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf request = {0};
	int64_t grace_s = p->removed
				  ? 0
				  : sp_node_int(sp_node_at(p->seen->node,
							   "metadata.deletionGracePeriodSeconds"),
						-1);
	struct sp_error err;

	if (p->deleting && grace_s >= p->grace_s)
		return;
	p->deleting = true;
	p->grace_s = grace_s;
	sp_pod_delete_request(grace_s, &request);
	if (sp_pod_ask(&a->launch->place, p->seen->uid, request.ptr, &err) < 0 &&
	    err.code != SP_E_NOT_FOUND) /* over meanwhile */
		sp_cli_warn(a->launch->cli, "stop pod '%s': %s", p->seen->name, err.text);
}

/* ---- starts ---------------------------------------------------------------------------------- */

struct objects { /* heap */
	const struct sp_node **v;
	uint32_t n, cap;
};

static int objects_of(struct sp_agent *a, const char *kind, const char *ns, struct objects *ret)
{
	const struct sp_stored *o = NULL;

	while ((o = sp_store_next(a->store, kind, ns, o)) != NULL) {
		if (ret->n == ret->cap) {
			uint32_t cap = ret->cap ? ret->cap * 2 : 16;
			const struct sp_node **v =
				reallocarray(ret->v, cap, sizeof(struct sp_node *));

			if (!v)
				return -1;
			ret->v = v;
			ret->cap = cap;
		}
		ret->v[ret->n++] = o->node;
	}
	return 0;
}

static void objects_done(struct objects *o)
{
	free(o->v);
}

static int launch(struct sp_agent *a, struct sp_agent_pod *p, struct sp_error *err)
{
	SP_CLEANUP(objects_done) struct objects maps = {0}, secrets = {0};
	SP_CLEANUP(sp_arena_done) struct sp_arena arena = {0};
	const struct sp_stored *o = p->seen;
	struct sp_bundle_service *services;
	int n_services = sp_services_of(&arena, a->store, o->ns, &services);
	struct sp_launch_pod pod = {.doc = o->node, .ns = o->ns, .name = o->name, .uid = o->uid};

	if (n_services < 0 || objects_of(a, "ConfigMap", o->ns, &maps) < 0 ||
	    objects_of(a, "Secret", o->ns, &secrets) < 0)
		return sp_fail(err, SP_E_NO_MEMORY, "start pod '%s'", o->name);
	pod.config_maps = maps.v;
	pod.n_config_maps = maps.n;
	pod.secrets = secrets.v;
	pod.n_secrets = secrets.n;
	pod.services = services;
	pod.n_services = (uint32_t)n_services;
	if (sp_launch_pod(a->launch, &pod, &p->supervisor, err) < 0)
		return -1;
	/* requests come seldom: a connection each time leaves more descriptors for pods */
	p->supervisor.control_fd = sp_close(p->supervisor.control_fd);
	if (sp_follow_add(a->follow, o->name, o->ns, o->uid, p->supervisor.pidfd, false,
			  &p->watched, err) < 0) {
		/* nobody would see it */
		(void)sys_pidfd_send_signal(p->supervisor.pidfd, SIGKILL);
		reap(p);
		return -1;
	}
	p->watched->owner = p;
	a->n_waiting--;
	return 0;
}

static void start(struct sp_agent *a, struct sp_agent_pod *p)
{
	sp_time delay = RETRY_FIRST;
	struct sp_error err;

	if (launch(a, p, &err) == 0) {
		a->n_started++;
		a->started(a->arg, p);
		return;
	}
	for (uint32_t i = 0; i < p->tries && delay < RETRY_MOST; i++)
		delay *= 2;
	p->tries++;
	p->retry_at = sp_now_mono() + SP_MIN(delay, RETRY_MOST);
	a->failed(a->arg, p, &err);
}

/* ---- the store ------------------------------------------------------------------------------- */

static int take_pod(struct sp_agent *a, const struct sp_store_event *ev, struct sp_error *err)
{
	struct sp_agent_pod *p = sp_uids_get(&a->by_uid, ev->object->uid);
	struct sp_stored *old;

	if (!p && (ev->type == SP_STORE_DELETED || ev->object->deleting))
		return 0; /* it has been dealt with */
	if (!p && ev->type == SP_STORE_MODIFIED)
		return 0; /* it has ended */
	if (!p)
		return pod_add(a, ev->object)
			       ? 0
			       : sp_fail(err, SP_E_NO_MEMORY, "start pod '%s'", ev->object->name);
	old = p->seen;
	p->seen = sp_stored_ref(ev->object);
	(void)sp_stored_unref(old);
	p->removed |= ev->type == SP_STORE_DELETED;
	if (!p->removed && !p->seen->deleting)
		return 0;
	if (!p->watched)
		return drop_unstarted(a, p, err);
	ask_to_end(a, p);
	return 0;
}

/* A ConfigMap or Secret changed: pods of its namespace that run see it. */
static void tell_objects(struct sp_agent *a, const char *ns)
{
	SP_CLEANUP(objects_done) struct objects maps = {0}, secrets = {0};
	SP_CLEANUP(sp_buf_done) struct sp_buf b = {0};
	struct sp_error err;

	if (objects_of(a, "ConfigMap", ns, &maps) < 0 || objects_of(a, "Secret", ns, &secrets) < 0)
		return;
	sp_buf_puts(&b, "{\"op\":\"objects\",\"configMaps\":[");
	for (uint32_t i = 0; i < maps.n; i++) {
		sp_buf_puts(&b, i ? "," : "");
		sp_node_json(maps.v[i], -1, &b);
	}
	sp_buf_puts(&b, "],\"secrets\":[");
	for (uint32_t i = 0; i < secrets.n; i++) {
		sp_buf_puts(&b, i ? "," : "");
		sp_node_json(secrets.v[i], -1, &b);
	}
	sp_buf_puts(&b, "]}");
	for (struct sp_agent_pod *p = a->first; p && !b.failed; p = p->next)
		if (p->watched && !p->watched->over && sp_streq(p->seen->ns, ns) &&
		    sp_pod_ask(&a->launch->place, p->seen->uid, b.ptr, &err) < 0 &&
		    err.code != SP_E_NOT_FOUND)
			sp_cli_warn(a->launch->cli, "tell pod '%s' of its objects: %s",
				    p->seen->name, err.text);
}

static int take_event(struct sp_agent *a, const struct sp_store_event *ev, struct sp_error *err)
{
	const char *kind = ev->object->kind;

	if (sp_streq(kind, "Pod"))
		return take_pod(a, ev, err);
	if (a->n_started && (sp_streq(kind, "ConfigMap") || sp_streq(kind, "Secret")) &&
	    ev->type != SP_STORE_DELETED)
		tell_objects(a, ev->object->ns);
	return 0;
}

/* The history does not reach back far enough: what there is counts. */
static int look_anew(struct sp_agent *a, struct sp_error *err)
{
	struct sp_store_event ev = {.type = SP_STORE_ADDED};
	struct sp_agent_pod *next;

	a->watch.version = sp_store_version(a->store);
	for (struct sp_agent_pod *p = a->first; p; p = next) {
		struct sp_stored *now = sp_store_get(a->store, "Pod", p->seen->ns, p->seen->name);
		bool there = now && sp_streq(now->uid, p->seen->uid);

		next = p->next;
		ev.type = there ? SP_STORE_MODIFIED : SP_STORE_DELETED;
		ev.object = there ? now : sp_stored_ref(p->seen);
		if (take_pod(a, &ev, err) < 0)
			return -1;
		if (!there)
			(void)sp_stored_unref(ev.object);
		(void)sp_stored_unref(now);
	}
	ev = (struct sp_store_event){.type = SP_STORE_ADDED};
	while ((ev.object = sp_store_next(a->store, "Pod", NULL, ev.object)) != NULL) {
		const char *phase =
			sp_node_str(sp_node_at(ev.object->node, "status.phase"), "Pending");

		if (!sp_uids_get(&a->by_uid, ev.object->uid) && sp_streq(phase, "Pending") &&
		    take_pod(a, &ev, err) < 0)
			return -1;
	}
	return 0;
}

static int read_watch(struct sp_agent *a, struct sp_error *err)
{
	struct sp_store_event ev;
	int r;

	while ((r = sp_store_watch_next(a->store, &a->watch, &ev, err)) > 0) {
		struct sp_stored *o = sp_stored_ref(ev.object); /* what follows may write */

		ev.object = o;
		r = take_event(a, &ev, err);
		(void)sp_stored_unref(o);
		if (r < 0)
			return -1;
	}
	return r < 0 && err->code == SP_E_EXPIRED ? look_anew(a, err) : r;
}

/* ---- the turn -------------------------------------------------------------------------------- */

/* A pod that is followed has something new. */
static void take_news(void *arg, struct sp_watched *w, bool status, bool record)
{
	struct sp_agent *a = arg;
	struct sp_agent_pod *p = w->owner;
	struct sp_error err;
	int r = 0;

	if (!p)
		return;
	if (record)
		a->changed(a->arg, p);
	/* somebody may have to act on it; the end may come with the last of its logs alone */
	a->follow->changed |= status || w->over;
	if (w->over && !w->logs_due)
		r = finish(a, p, &err);
	else if (status && !p->removed)
		r = take_status(a, p, &err);
	if (r < 0)
		sp_cli_warn(a->launch->cli, "%s", err.text);
}

void sp_agent_init(struct sp_agent *a, struct sp_launch *l, struct sp_store *s, struct sp_follow *f)
{
	a->launch = l;
	a->store = s;
	a->follow = f;
	a->watch = (struct sp_store_watch){.version = sp_store_version(s)};
	f->told = take_news;
	f->arg = a;
}

int sp_agent_turn(struct sp_agent *a, sp_time *ret_wake, struct sp_error *err)
{
	sp_time now = sp_now_mono();
	int budget = STARTS_AT_ONCE;

	*ret_wake = SP_NEVER;
	if (read_watch(a, err) < 0)
		return -1;
	for (struct sp_agent_pod *p = a->n_waiting ? a->first : NULL; p; p = p->next) {
		if (p->watched)
			continue;
		if (p->retry_at <= now && budget > 0) {
			budget--;
			start(a, p);
		}
		if (!p->watched)
			*ret_wake = SP_MIN(*ret_wake, SP_MAX(p->retry_at, (sp_time)0));
	}
	return 0;
}
