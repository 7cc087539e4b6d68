/* SPDX-License-Identifier: Apache-2.0 */
/* What a session answers to other commands (cli/channel.h), and how objects are taken down. */
#include "cli/workload_internal.h"

#include "base/json.h"
#include "cli/resource.h"
#include "spec/tree.h"
#include "sys/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>

#define REQUESTS_AT_ONCE 32 /* then pods have their turn */
#define OWNERS_MAX       4  /* levels above a pod: pod, job, cron job */

/* Objects that are on their way out, and who waits for that. */
struct wl_removal {
	struct wl_removal *next;
	struct sp_channel_client client;
	struct sp_arena arena;
	struct sp_stored **objects; /* counted */
	uint32_t n_objects;
	const char **pods; /* uids */
	uint32_t n_pods;
};

/* Somebody who wants to know of changes. */
struct wl_listener {
	struct wl_listener *next;
	struct sp_channel_client client;
	struct sp_arena arena;
	const struct sp_node *kinds; /* list */
	struct sp_store_watch watch;
};

static const char *text_of(const struct sp_node *n, const char *key)
{
	return sp_node_str(sp_node_get(n, key), "");
}

static uint32_t length(const struct sp_node *list)
{
	return list && list->kind == SP_NODE_LIST ? list->n : 0;
}

static bool has_word(const struct sp_node *list, const char *word)
{
	for (uint32_t i = 0; i < length(list); i++)
		if (sp_streq(sp_node_str(list->items[i], ""), word))
			return true;
	return false;
}

/* ---- lists ----------------------------------------------------------------------------------- */

/* Return: a descriptor that nobody can write any more, -errno */
static int seal(const struct sp_buf *b)
{
	SP_CLEANUP(sp_closep) int fd = memfd_create("sidepod", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	const int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL;
	int r = fd < 0 ? -errno : sp_write_all(fd, b->len ? b->ptr : "", b->len);

	if (r < 0)
		return r;
	return fcntl(fd, F_ADD_SEALS, seals) < 0 ? -errno : sp_take_fd(&fd);
}

static void list_kind(struct workload *w, const char *kind, const char *ns, struct sp_buf *out)
{
	const struct sp_stored *o = NULL;

	while ((o = sp_store_next(w->store, kind, ns, o)) != NULL) {
		sp_node_json(o->node, -1, out);
		sp_buf_putc(out, '\n');
	}
}

static int op_list(struct workload *w, struct sp_channel_client from, const struct sp_node *request,
		   struct sp_error *err)
{
	const struct sp_node *kinds = sp_node_get(request, "kinds");
	const char *ns = sp_node_str(sp_node_get(request, "namespace"), NULL);
	SP_CLEANUP(sp_buf_done) struct sp_buf out = {0}, answer = {0};
	SP_CLEANUP(sp_closep) int fd = -EBADF;

	for (const struct sp_resource *r = sp_resources; r->kind; r++)
		if (kinds ? has_word(kinds, r->kind) : !sp_streq(r->kind, "Event"))
			list_kind(w, r->kind, sp_streq(r->kind, "Namespace") ? NULL : ns, &out);
	if (out.failed)
		return sp_fail(err, SP_E_NO_MEMORY, "list objects");
	fd = seal(&out);
	if (fd < 0)
		return sp_fail_errno(err, -fd, "list objects");
	sp_buf_puts(&answer, "{\"ok\":true}");
	(void)sp_channel_send(w->channel, from, &answer, fd); /* gone: nobody wants to know */
	return 0;
}

/* ---- taking down ----------------------------------------------------------------------------- */

static void removal_free(struct wl_removal *r)
{
	for (uint32_t i = 0; i < r->n_objects; i++)
		(void)sp_stored_unref(r->objects[i]);
	sp_arena_done(&r->arena);
	free(r);
}

static bool is_named(const struct wl_removal *r, const struct sp_stored *o)
{
	for (uint32_t i = 0; i < r->n_objects; i++)
		if (sp_streq(r->objects[i]->uid, o->uid))
			return true;
	return false;
}

/* Does the pod go with one of the objects: itself, or an owner of its owners? */
static bool goes_with(struct workload *w, const struct wl_removal *r, const struct sp_stored *pod)
{
	struct sp_stored *o = sp_stored_ref(pod);
	bool found = false;

	for (int depth = 0; depth < OWNERS_MAX && o && !found; depth++) {
		const struct sp_node *ref = sp_node_at(o->node, "metadata.ownerReferences[0]");
		struct sp_stored *owner = ref ? sp_store_get(w->store, text_of(ref, "kind"), o->ns,
							     text_of(ref, "name"))
					      : NULL;

		found = is_named(r, o);
		(void)sp_stored_unref(o);
		o = owner;
	}
	(void)sp_stored_unref(o);
	return found;
}

static int find_objects(struct workload *w, const struct sp_node *list, struct wl_removal *r)
{
	r->objects = sp_arena_array(&r->arena, length(list) + 1u, sizeof(struct sp_stored *));
	if (!r->objects)
		return -1;
	for (uint32_t i = 0; i < length(list); i++) {
		const struct sp_node *n = list->items[i];
		const char *kind = text_of(n, "kind");
		const char *ns = sp_streq(kind, "Namespace") ? "" : text_of(n, "namespace");
		struct sp_stored *o = sp_store_get(w->store, kind, ns, text_of(n, "name"));

		if (o && is_named(r, o))
			o = sp_stored_unref(o);
		if (o)
			r->objects[r->n_objects++] = o;
	}
	return 0;
}

static int find_pods(struct workload *w, struct wl_removal *r)
{
	const struct sp_stored *o = NULL;
	uint32_t n = 0;

	while ((o = sp_store_next(w->store, "Pod", NULL, o)) != NULL)
		n++;
	r->pods = sp_arena_array(&r->arena, n + 1u, sizeof(*r->pods));
	if (!r->pods)
		return -1;
	while ((o = sp_store_next(w->store, "Pod", NULL, o)) != NULL) {
		if (!goes_with(w, r, o))
			continue;
		r->pods[r->n_pods] = sp_arena_strdup(&r->arena, o->uid);
		if (!r->pods[r->n_pods++])
			return -1;
	}
	return 0;
}

static int delete_one(struct workload *w, const struct sp_stored *o, int64_t grace_s,
		      struct sp_error *err)
{
	const struct sp_store_delete opt = {
		.propagation = SP_STORE_BACKGROUND, .grace_s = grace_s, .uid = o->uid};

	if (sp_store_delete(w->store, o->kind, o->ns, o->name, &opt, NULL, err) < 0 &&
	    err->code != SP_E_NOT_FOUND && err->code != SP_E_CONFLICT)
		return -1;
	return 0;
}

static bool is_maker(const struct sp_stored *o)
{
	const struct sp_resource *r = sp_resource_of_kind(o->kind);

	return r && r->makes_pods;
}

/* Pods get their grace before they lose their owner, which would give them their own. */
static int begin_removal(struct workload *w, struct wl_removal *r, int64_t grace_s,
			 struct sp_error *err)
{
	for (uint32_t i = 0; grace_s >= 0 && i < r->n_pods; i++) {
		const struct sp_agent_pod *p = sp_uids_get(&w->agent.by_uid, r->pods[i]);

		if (p && delete_one(w, p->seen, grace_s, err) < 0)
			return -1;
	}
	for (int pods = 0; pods < 2; pods++)
		for (uint32_t i = 0; i < r->n_objects; i++) {
			const struct sp_stored *o = r->objects[i];
			struct wl_entry *e = wl_find_stored(w, o);

			if (e)
				e->waits_for_old = false;
			if (is_maker(o) && sp_streq(o->kind, "Pod") == pods &&
			    delete_one(w, o, grace_s, err) < 0)
				return -1;
		}
	return 0;
}

static void print_removal(const struct wl_removal *r, struct sp_buf *out)
{
	sp_buf_puts(out, "{\"ok\":true,\"objects\":[");
	for (uint32_t i = 0; i < r->n_objects; i++) {
		sp_buf_puts(out, i ? ",{" : "{");
		sp_json_str(out, "kind", r->objects[i]->kind);
		sp_json_str(out, "namespace", r->objects[i]->ns);
		sp_json_str(out, "name", r->objects[i]->name);
		sp_buf_putc(out, '}');
	}
	sp_buf_putc(out, ']');
	sp_json_strs(out, "pods", r->pods, r->n_pods);
	sp_buf_putc(out, '}');
}

static int op_delete(struct workload *w, struct sp_channel_client from,
		     const struct sp_node *request, struct sp_error *err)
{
	struct wl_removal *r = calloc(1, sizeof(*r));
	SP_CLEANUP(sp_buf_done) struct sp_buf answer = {0};
	bool dry = sp_node_bool(sp_node_get(request, "dryRun"), false);

	if (!r || find_objects(w, sp_node_get(request, "objects"), r) < 0 || find_pods(w, r) < 0) {
		if (r)
			removal_free(r);
		return sp_fail(err, SP_E_NO_MEMORY, "take objects down");
	}
	r->client = from;
	print_removal(r, &answer);
	if (dry ||
	    begin_removal(w, r, sp_node_int(sp_node_get(request, "graceSeconds"), -1), err) < 0) {
		removal_free(r);
		if (dry)
			(void)sp_channel_send(w->channel, from, &answer, -EBADF); /* gone: fine */
		return dry ? 0 : -1;
	}
	/* whoever has gone is not told; what was asked for is done all the same */
	(void)sp_channel_send(w->channel, from, &answer, -EBADF);
	r->next = w->removals;
	w->removals = r;
	return 0;
}

static bool pods_are_gone(const struct workload *w, const struct wl_removal *r)
{
	for (uint32_t i = 0; i < r->n_pods; i++)
		if (sp_uids_get(&w->agent.by_uid, r->pods[i]))
			return false;
	return true;
}

bool wl_removals(struct workload *w, struct sp_error *err)
{
	bool any = false;

	for (struct wl_removal **at = &w->removals; *at;) {
		SP_CLEANUP(sp_buf_done) struct sp_buf done = {0};
		struct wl_removal *r = *at;

		if (!pods_are_gone(w, r)) {
			at = &r->next;
			continue;
		}
		any = true;
		*at = r->next;
		for (uint32_t i = 0; i < r->n_objects; i++)
			if (!is_maker(r->objects[i]) && delete_one(w, r->objects[i], -1, err) < 0)
				sp_cli_warn(w->cli, "delete %s '%s': %s", r->objects[i]->kind,
					    r->objects[i]->name, err->text);
		wl_see_lost(w);
		sp_buf_puts(&done, "{\"done\":true");
		sp_json_bool(&done, "over", wl_is_over(w));
		sp_buf_putc(&done, '}');
		(void)sp_channel_send(w->channel, r->client, &done, -EBADF); /* gone: fine */
		removal_free(r);
	}
	return any;
}

/* ---- changes --------------------------------------------------------------------------------- */

static void listener_free(struct wl_listener *l)
{
	sp_arena_done(&l->arena);
	free(l);
}

static int op_watch(struct workload *w, struct sp_channel_client from,
		    const struct sp_node *request, struct sp_error *err)
{
	struct wl_listener *l = calloc(1, sizeof(*l));
	SP_CLEANUP(sp_buf_done) struct sp_buf answer = {0};
	const struct sp_node *kinds = sp_node_get(request, "kinds");

	if (l)
		l->kinds = kinds ? sp_node_clone(&l->arena, kinds) : NULL;
	if (!l || !l->kinds) {
		if (l)
			listener_free(l);
		return kinds ? sp_fail(err, SP_E_NO_MEMORY, "watch objects")
			     : sp_fail(err, SP_E_INVALID, "'kinds' is missing");
	}
	l->client = from;
	l->watch.version = sp_store_version(w->store);
	l->next = w->listeners;
	w->listeners = l;
	sp_buf_puts(&answer, "{\"ok\":true}");
	(void)sp_channel_send(w->channel, from, &answer, -EBADF); /* seen at the first change */
	return 0;
}

static bool has_news(struct workload *w, struct wl_listener *l)
{
	struct sp_store_event ev;
	struct sp_error err;
	bool any = false;
	int r;

	while ((r = sp_store_watch_next(w->store, &l->watch, &ev, &err)) > 0)
		any |= has_word(l->kinds, ev.object->kind);
	if (r == 0)
		return any;
	l->watch.version = sp_store_version(w->store); /* too much has changed to be told */
	return true;
}

void wl_tell_listeners(struct workload *w)
{
	struct sp_buf news = {0};

	sp_buf_puts(&news, "{\"changed\":true}");
	for (struct wl_listener **at = &w->listeners; *at;) {
		struct wl_listener *l = *at;

		/* who has not read the last one yet will look for everything when it does */
		if (sp_channel_unread(w->channel, l->client) || !has_news(w, l) ||
		    sp_channel_send(w->channel, l->client, &news, -EBADF) == 0) {
			at = &l->next;
			continue;
		}
		*at = l->next;
		listener_free(l);
	}
	sp_buf_done(&news);
}

/* ---- requests -------------------------------------------------------------------------------- */

static void answer(struct workload *w, struct sp_channel_client from, const struct sp_node *request)
{
	static const struct {
		const char *op;
		int (*run)(struct workload *w, struct sp_channel_client from,
			   const struct sp_node *request, struct sp_error *err);
	} ops[] = {{"list", op_list}, {"delete", op_delete}, {"watch", op_watch}};
	const char *op = text_of(request, "op");
	struct sp_error err;

	for (size_t i = 0; i < SP_ARRAY_LEN(ops); i++)
		if (sp_streq(op, ops[i].op)) {
			if (ops[i].run(w, from, request, &err) < 0)
				sp_channel_refuse(w->channel, from, &err);
			return;
		}
	sp_error_set(&err, SP_E_UNSUPPORTED, "request '%s' is not known", op);
	sp_channel_refuse(w->channel, from, &err);
}

void wl_serve(struct workload *w)
{
	for (int i = 0; w->channel && i < REQUESTS_AT_ONCE; i++) {
		SP_CLEANUP(sp_arena_done) struct sp_arena a = {0};
		struct sp_channel_client from;
		struct sp_node *request;

		if (!sp_channel_next(w->channel, &a, &from, &request))
			break;
		answer(w, from, request);
	}
}

void wl_serve_done(struct workload *w)
{
	while (w->removals) {
		struct wl_removal *next = w->removals->next;

		removal_free(w->removals);
		w->removals = next;
	}
	while (w->listeners) {
		struct wl_listener *next = w->listeners->next;

		listener_free(w->listeners);
		w->listeners = next;
	}
	w->channel = sp_channel_close(w->channel);
}
