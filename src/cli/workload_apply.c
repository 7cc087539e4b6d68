/* SPDX-License-Identifier: Apache-2.0 */
/* The manifests of a run and the store: what was read goes in, again whenever a file changes. */
#include "cli/workload_internal.h"

#include "cli/files.h"
#include "cli/pods.h"
#include "spec/tables.h"
#include "spec/tree.h"
#include "sys/fd.h"

#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#define SETTLE (100 * SP_MSEC) /* editors write in several steps */

bool wl_makes_pods(enum sp_kind kind)
{
	return kind == SP_KIND_POD || kind == SP_KIND_JOB || kind == SP_KIND_CRON_JOB ||
	       kind == SP_KIND_DEPLOYMENT || kind == SP_KIND_REPLICA_SET ||
	       kind == SP_KIND_STATEFUL_SET || kind == SP_KIND_DAEMON_SET;
}

/* What others need comes before those who need it. */
static int rank(enum sp_kind kind)
{
	return kind == SP_KIND_NAMESPACE                              ? 0
	       : kind == SP_KIND_CONFIG_MAP || kind == SP_KIND_SECRET ? 1
	       : kind == SP_KIND_PVC || kind == SP_KIND_SERVICE       ? 2
								      : 3;
}
#define RANKS 4

/* ---- entries --------------------------------------------------------------------------------- */

static void entry_free(struct wl_entry *e)
{
	free(e->ns);
	free(e->name);
	free(e->text);
	free(e);
}

void wl_entries_done(struct workload *w)
{
	while (w->first) {
		struct wl_entry *next = w->first->next;

		entry_free(w->first);
		w->first = next;
	}
}

static struct wl_entry *entry_add(struct workload *w, const struct sp_object *o)
{
	struct wl_entry *e = calloc(1, sizeof(*e)), **at = &w->first;

	if (!e)
		return NULL;
	e->kind = o->kind;
	e->ns = strdup(o->kind == SP_KIND_NAMESPACE || !o->meta->ns ? "" : o->meta->ns);
	e->name = strdup(o->meta->name);
	e->file = sp_arena_strdup(&w->cli->arena, o->source->name);
	e->began = sp_now_mono();
	if (!e->ns || !e->name || !e->file) {
		entry_free(e);
		return NULL;
	}
	while (*at)
		at = &(*at)->next;
	*at = e;
	return e;
}

struct wl_entry *wl_find(const struct workload *w, enum sp_kind kind, const char *ns,
			 const char *name)
{
	for (struct wl_entry *e = w->first; e; e = e->next)
		if (!e->taken && e->kind == kind && sp_streq(e->name, name) && sp_streq(e->ns, ns))
			return e;
	return NULL;
}

struct wl_entry *wl_find_stored(const struct workload *w, const struct sp_stored *o)
{
	const char *api = sp_node_str(sp_node_get(o->node, "apiVersion"), "");

	return wl_find(w, sp_kind_find(api, o->kind), o->ns, o->name);
}

void wl_see_lost(struct workload *w)
{
	for (struct wl_entry *e = w->first; e; e = e->next) {
		struct sp_stored *o;

		if (e->taken || e->waits_for_old)
			continue;
		o = sp_store_get(w->store, sp_kind_name(e->kind), e->ns, e->name);
		e->taken = !o;
		(void)sp_stored_unref(o);
	}
}

/* ---- writing --------------------------------------------------------------------------------- */

static int out_of_memory(struct workload *w)
{
	return sp_cli_error(w->cli, SP_EXIT_ENVIRONMENT, "out of memory");
}

/* What the store or a controller filled in, and the manifest leaves open. */
static void keep_given(struct sp_tree *t, struct sp_node *spec, const struct sp_node *old)
{
	static const char *const keys[] = {"clusterIP", "clusterIPs", "volumeName"};

	for (size_t i = 0; i < SP_ARRAY_LEN(keys); i++)
		if (!sp_node_get(spec, keys[i]))
			sp_tree_copy(t, spec, keys[i], sp_node_get(old, keys[i]));
}

static int create(struct workload *w, enum sp_kind kind, struct sp_tree *t, struct sp_node *doc,
		  struct sp_error *err)
{
	if (kind == SP_KIND_POD)
		sp_tree_text(t, sp_tree_child(t, doc, "spec", SP_NODE_MAP), "nodeName",
			     w->manager_env.node_name);
	return t->failed ? sp_fail(err, SP_E_NO_MEMORY, "take in an object")
			 : sp_store_create(w->store, doc, NULL, err);
}

/* Pods and Jobs cannot be changed: the old one goes, and the new one comes when it is gone. */
static bool is_fixed(enum sp_kind kind)
{
	return kind == SP_KIND_POD || kind == SP_KIND_JOB;
}

static int replace(struct workload *w, struct wl_entry *e, struct sp_error *err)
{
	e->waits_for_old = true;
	if (sp_store_delete(w->store, sp_kind_name(e->kind), e->ns, e->name, NULL, NULL, err) < 0)
		return err->code == SP_E_NOT_FOUND ? 0 : -1;
	return 0;
}

static int put(struct workload *w, struct wl_entry *e, const struct sp_node *node, bool is_new,
	       struct sp_error *err)
{
	SP_CLEANUP(sp_arena_done) struct sp_arena a = {0};
	struct sp_tree t = {.a = &a};
	struct sp_node *doc = sp_node_clone(&a, node);
	struct sp_stored *old;
	int r;

	if (!doc)
		return sp_fail(err, SP_E_NO_MEMORY, "take in an object");
	if (is_new)
		return create(w, e->kind, &t, doc, err);
	if (is_fixed(e->kind))
		return replace(w, e, err);
	old = sp_store_get(w->store, sp_kind_name(e->kind), e->ns, e->name);
	if (old)
		keep_given(&t, sp_tree_child(&t, doc, "spec", SP_NODE_MAP),
			   sp_node_get(old->node, "spec"));
	(void)sp_stored_unref(old);
	r = t.failed ? sp_fail(err, SP_E_NO_MEMORY, "take in an object")
		     : sp_store_update(w->store, SP_STORE_OBJECT, doc, NULL, err);
	return r < 0 && err->code == SP_E_NOT_FOUND ? create(w, e->kind, &t, doc, err) : r;
}

static int take_in(struct workload *w, const struct sp_object *o)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf text = {0};
	const char *ns = o->kind == SP_KIND_NAMESPACE || !o->meta->ns ? "" : o->meta->ns;
	struct wl_entry *e = wl_find(w, o->kind, ns, o->meta->name);
	bool is_new = !e;
	struct sp_error err;

	sp_node_json(o->node, -1, &text);
	if (is_new)
		e = entry_add(w, o);
	if (!e || text.failed)
		return out_of_memory(w);
	e->found = true;
	if (!is_new && e->text && sp_streq(e->text, text.ptr))
		return 0;
	free(e->text);
	e->text = strdup(text.ptr);
	if (!e->text)
		return out_of_memory(w);
	e->ended = false;
	if (put(w, e, o->node, is_new, &err) < 0) {
		(void)sp_wrap(&err, "%s '%s'", o->kind_text, o->meta->name);
		return sp_cli_fail(w->cli, &err);
	}
	return 0;
}

/* Objects that stand in no file any more. */
static void drop_lost(struct workload *w)
{
	struct wl_entry **at = &w->first;
	struct sp_error err;

	while (*at) {
		struct wl_entry *e = *at;

		if (e->found || e->taken) {
			at = &e->next;
			continue;
		}
		if (sp_store_delete(w->store, sp_kind_name(e->kind), e->ns, e->name, NULL, NULL,
				    &err) < 0 &&
		    err.code != SP_E_NOT_FOUND)
			sp_cli_warn(w->cli, "delete %s '%s': %s", sp_kind_name(e->kind), e->name,
				    err.text);
		for (struct sp_agent_pod *p = w->agent.first; p; p = p->next)
			if (p->owner == e)
				p->owner = NULL;
		*at = e->next;
		entry_free(e);
	}
}

int wl_apply(struct workload *w, struct sp_manifest *m)
{
	for (struct wl_entry *e = w->first; e; e = e->next)
		e->found = false;
	for (int r = 0; r < RANKS; r++)
		for (uint32_t i = 0; i < m->n_objects; i++) {
			int code = rank(m->objects[i].kind) == r ? take_in(w, &m->objects[i]) : 0;

			if (code != 0)
				return code;
		}
	drop_lost(w);
	for (uint32_t i = 0; i < m->n_objects && !w->services; i++)
		if (m->objects[i].kind == SP_KIND_SERVICE)
			wl_tell_unserved(w, w->unserved ? w->unserved
							: "their pods need --net bridge");
	return 0;
}

int wl_recreate(struct workload *w)
{
	for (struct wl_entry *e = w->first; e; e = e->next) {
		SP_CLEANUP(sp_arena_done) struct sp_arena a = {0};
		struct sp_tree t = {.a = &a};
		struct sp_stored *old;
		struct sp_node *doc;
		struct sp_error err;

		if (!e->waits_for_old || e->n_living)
			continue;
		old = sp_store_get(w->store, sp_kind_name(e->kind), e->ns, e->name);
		(void)sp_stored_unref(old);
		if (old)
			continue;
		e->waits_for_old = false;
		e->began = sp_now_mono();
		if (sp_node_from_json(&a, e->text, strlen(e->text), &doc, &err) < 0 ||
		    create(w, e->kind, &t, doc, &err) < 0)
			return sp_cli_fail(w->cli, &err);
	}
	return 0;
}

void wl_delete_all(struct workload *w)
{
	struct sp_error err;

	for (int pods = 0; pods < 2; pods++)
		for (struct wl_entry *e = w->first; e; e = e->next) {
			e->waits_for_old = false;
			if (!wl_makes_pods(e->kind) || (e->kind == SP_KIND_POD) != pods)
				continue;
			if (sp_store_delete(w->store, sp_kind_name(e->kind), e->ns, e->name, NULL,
					    NULL, &err) < 0 &&
			    err.code != SP_E_NOT_FOUND)
				sp_cli_warn(w->cli, "delete %s '%s': %s", sp_kind_name(e->kind),
					    e->name, err.text);
		}
}

/* ---- files ----------------------------------------------------------------------------------- */

int wl_watch_files(struct workload *w)
{
	const struct sp_launch *l = &w->s->launch;
	const uint32_t mask = IN_CLOSE_WRITE | IN_MOVED_TO | IN_DELETE | IN_MOVED_FROM;
	struct sp_error err;

	w->files_fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	if (w->files_fd < 0) {
		sp_fail_errno(&err, errno, "watch the manifests");
		return sp_cli_fail(w->cli, &err);
	}
	for (uint32_t i = 0; i < l->n_paths; i++) {
		char path[PATH_MAX];
		struct sp_buf b = sp_buf_fixed(path, sizeof(path));
		struct stat st;
		const char *dir = path;

		if (sp_streq(l->paths[i], "-"))
			return sp_cli_usage(w->cli, "--watch: standard input cannot be read twice");
		sp_buf_puts(&b, l->paths[i]);
		/* the directory: editors put a new file in the place of the old one */
		if (stat(path, &st) < 0 || !S_ISDIR(st.st_mode))
			dir = dirname(path);
		if (b.failed || inotify_add_watch(w->files_fd, dir, mask) < 0) {
			sp_fail_errno(&err, errno, "watch '%s'", dir);
			return sp_cli_fail(w->cli, &err);
		}
	}
	return sp_follow_source(&w->follow, w->files_fd, &err) < 0 ? sp_cli_fail(w->cli, &err) : 0;
}

static void read_again(struct workload *w)
{
	struct sp_launch *l = &w->s->launch;
	struct sp_manifest old = l->manifest;
	struct sp_error err;
	int r;

	sp_progress_erase(&w->follow.progress);
	sp_manifest_init(&l->manifest, &old.options);
	r = sp_cli_load(w->cli, l->paths, l->n_paths, &l->manifest, &err) < 0
		    ? sp_cli_fail(w->cli, &err)
		    : sp_launch_check(l);
	for (uint32_t i = 0; i < l->manifest.n_objects && r == 0; i++)
		if (sp_cli_pod_spec(&l->manifest.objects[i]))
			r = sp_launch_profiles(l, &l->manifest.objects[i]);
	if (r != 0) {
		sp_cli_hint(w->cli, "what runs stays as it is until the manifests are right");
		sp_manifest_done(&l->manifest);
		l->manifest = old;
		return;
	}
	sp_manifest_done(&old);
	(void)wl_apply(w, &l->manifest); /* told */
	w->follow.progress.block = true;
}

bool wl_reload(struct workload *w, sp_time *wake)
{
	char drain[4096];

	while (w->files_fd >= 0 && read(w->files_fd, drain, sizeof(drain)) > 0)
		w->reload_at = sp_now_mono() + SETTLE;
	if (w->presses || w->reload_at == SP_NEVER)
		return false;
	if (sp_now_mono() < w->reload_at) {
		*wake = SP_MIN(*wake, w->reload_at);
		return false;
	}
	w->reload_at = SP_NEVER;
	read_again(w);
	return true;
}
