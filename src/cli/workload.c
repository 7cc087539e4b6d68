/* SPDX-License-Identifier: Apache-2.0 */
/* The loop of a workload run: the controllers' turn, the agent's turn, then everybody waits. */
#include "cli/workload_internal.h"

#include "base/text.h"
#include "cli/files.h"
#include "cli/interrupt.h"
#include "cli/resource.h"
#include "cli/takedown.h"
#include "cli/tidy.h"
#include "spec/tables.h"
#include "spec/tree.h"
#include "sys/fd.h"

#include <stdlib.h>
#include <sys/random.h>
#include <sys/utsname.h>

static bool standing(enum sp_kind kind)
{
	return wl_makes_pods(kind) && kind != SP_KIND_POD && kind != SP_KIND_JOB;
}

static bool any_standing(const struct workload *w)
{
	for (const struct wl_entry *e = w->first; e; e = e->next)
		if (standing(e->kind))
			return true;
	return false;
}

/* ---- pods that come and go ------------------------------------------------------------------- */

/* What in the manifests the pod comes from: itself, or the owner of its owner. */
static struct wl_entry *entry_of(struct workload *w, const struct sp_stored *pod)
{
	struct sp_stored *o = sp_stored_ref(pod);
	struct wl_entry *found = NULL;

	for (int depth = 0; depth < 3 && o && !found; depth++) {
		const struct sp_node *ref = sp_node_at(o->node, "metadata.ownerReferences[0]");
		struct sp_stored *owner;

		found = wl_find_stored(w, o);
		owner = ref ? sp_store_get(w->store, sp_node_str(sp_node_get(ref, "kind"), ""),
					   o->ns, sp_node_str(sp_node_get(ref, "name"), ""))
			    : NULL;
		(void)sp_stored_unref(o);
		o = owner;
	}
	(void)sp_stored_unref(o);
	return found;
}

static void pod_started(void *arg, struct sp_agent_pod *p)
{
	struct workload *w = arg;
	struct wl_entry *e = entry_of(w, p->seen);

	p->owner = e;
	if (e)
		e->n_living++;
	/* a start is shown as the first one was */
	w->follow.progress.block = true;
	w->follow.progress.waterfall = w->follow.presses > 0;
}

static void keep_app_code(struct workload *w, const struct sp_run *r)
{
	const struct sp_row *app = NULL;

	w->has_app_code = false;
	for (uint32_t i = 0; i < r->header.n_ctrs; i++) {
		if (r->rows[i].role != SP_ROLE_APP)
			continue;
		if (app)
			return;
		app = &r->rows[i];
	}
	if (!app || !app->n_exits)
		return;
	w->has_app_code = true;
	w->app_code = app->exits[app->n_exits - 1].code;
}

static void pod_over(void *arg, struct sp_agent_pod *p)
{
	struct workload *w = arg;
	struct wl_entry *e = p->owner;
	struct sp_watched *v = p->watched;
	int r;

	keep_app_code(w, &v->run);
	wl_forget_hanging(w, p);
	sp_follow_retire(&w->follow, v);
	r = sp_session_pod_over(w->s, &w->follow, v, 0);
	if (r != 0 && w->code == 0)
		w->code = r;           /* told; the others are followed to their end all the same */
	if (w->detached && p->removed) /* the object went before it did */
		sp_session_finish(w->cli, &w->s->launch.place, v->name, v->ns, v->uid);
	if (!e)
		return;
	e->n_living--;
	if (e->kind != SP_KIND_POD || e->waits_for_old)
		return;
	e->ended = true;
	e->good = sp_streq(v->run.phase, "Succeeded");
}

static void pod_failed(void *arg, struct sp_agent_pod *p, const struct sp_error *why)
{
	struct workload *w = arg;
	struct sp_error err = *why;

	if (w->agent.n_started == 0) { /* nothing can be started: it is of no use to go on */
		(void)sp_wrap(&err, "pod '%s'", p->seen->name);
		(void)sp_cli_fail(w->cli, &err);
		if (w->code == 0)
			w->code = err.code == SP_E_EXISTS ? SP_EXIT_FAILED : SP_EXIT_ENVIRONMENT;
		return;
	}
	if (w->follow.progress.mode == SP_PROGRESS_TTY)
		sp_cli_warn(w->cli, "pod '%s' is not started, it is tried again: %s", p->seen->name,
			    why->text);
	if (sp_manager_event(w->manager, p->seen, "sidepod", true, "FailedCreatePodSandBox",
			     why->text, &err) < 0)
		(void)sp_cli_fail(w->cli, &err);
}

static void pod_changed(void *arg, struct sp_agent_pod *p)
{
	wl_note_hanging(arg, p);
}

/* ---- the user's wish to stop ----------------------------------------------------------------- */

/* Two seconds for what is still there; a third press has been acted upon (sp_follow_kill()). */
static void shorten(struct workload *w)
{
	for (struct sp_agent_pod *p = w->agent.first; p; p = p->next) {
		struct sp_store_delete opt = {
			.propagation = SP_STORE_BACKGROUND, .grace_s = 2, .uid = p->seen->uid};
		struct sp_error err;

		if (sp_store_delete(w->store, "Pod", p->seen->ns, p->seen->name, &opt, NULL, &err) <
			    0 &&
		    err.code != SP_E_NOT_FOUND && err.code != SP_E_CONFLICT)
			sp_cli_warn(w->cli, "stop pod '%s': %s", p->seen->name, err.text);
	}
}

static void act_on_presses(struct workload *w)
{
	bool leaves = w->s->leave && !w->detached; /* what was started stays */
	int want = w->follow.presses ? w->follow.presses
				     : (w->code != 0 && !leaves) || (w->until && w->until->ended) ||
					       sp_now_mono() >= w->stop_at;

	if (want >= 1 && w->presses < 1)
		wl_delete_all(w);
	if (want >= 2 && w->presses < 2)
		shorten(w);
	w->presses = SP_MAX(w->presses, want);
}

/* ---- the loop -------------------------------------------------------------------------------- */

static sp_time now_wall(const struct workload *w)
{
	return sp_now_mono() + w->wall_ns;
}

bool wl_is_over(const struct workload *w)
{
	bool any = false, any_taken = false;

	if (w->presses)
		return w->agent.n == 0;
	if (w->agent.n || w->removals)
		return false;
	for (const struct wl_entry *e = w->first; e; e = e->next) {
		if (!wl_makes_pods(e->kind))
			continue;
		any_taken |= e->taken;
		if (e->taken)
			continue;
		/* without a command what has ended is shown until it is taken down */
		if (standing(e->kind) || e->waits_for_old || !e->ended || w->detached)
			return false;
		any = true;
	}
	/* files are watched until all that they hold has been taken down */
	return w->files_fd < 0 || (any_taken && !any);
}

/* Everybody's turn, until nobody has written anything. Return: 0, -1 */
static int turns(struct workload *w, sp_time *ret_wake, struct sp_error *err)
{
	sp_time wake, agent_wake = SP_NEVER;
	int64_t before;

	do {
		before = sp_store_version(w->store);
		if (sp_manager_step(w->manager, now_wall(w), &wake, err) < 0)
			return -1;
		wake = wake == SP_NEVER ? SP_NEVER : wake - w->wall_ns;
		if (w->services && sp_services_turn(w->services, w->store, err) < 0)
			return -1;
		if (agent_wake != 0 && sp_agent_turn(&w->agent, &agent_wake, err) < 0)
			return -1;
	} while (sp_store_version(w->store) != before && agent_wake != 0);
	*ret_wake = SP_MIN(wake, agent_wake);
	return wl_show(w, err);
}

/* Return: 0, or an exit code when following itself fails */
static int follow(struct workload *w)
{
	struct sp_error err;

	for (;;) {
		int64_t before;
		sp_time wake;
		int r;

		act_on_presses(w);
		wl_serve(w);
		if (turns(w, &wake, &err) < 0)
			return sp_cli_fail(w->cli, &err);
		if (wl_removals(w, &err))
			continue;
		wl_tell_listeners(w);
		before = sp_store_version(w->store);
		r = wl_recreate(w);
		if (r != 0)
			return r;
		if (sp_store_version(w->store) != before)
			continue;
		if (((w->code && (!w->s->leave || w->detached)) || (w->until && w->until->ended)) &&
		    !w->presses)
			continue; /* given up just now, or what was waited for is there */
		if (wl_leave(w, &wake) || wl_is_over(w))
			return 0;
		wl_tell_pause(w, wake);
		wl_look_for_hanging(w, &wake);
		if (wl_reload(w, &wake))
			continue;
		wake = w->presses ? wake : SP_MIN(wake, w->stop_at);
		if (sp_follow_wait(&w->follow, SP_UNTIL_CHANGE, wake, &err) < 0)
			return sp_cli_fail(w->cli, &err);
	}
}

static int exit_code(const struct workload *w)
{
	int code = SP_EXIT_OK;

	if (w->follow.signal_number)
		return SP_EXIT_SIGNAL + w->follow.signal_number;
	if (w->code)
		return w->code;
	if (w->until)
		return w->until->good ? SP_EXIT_OK : SP_EXIT_FAILED;
	for (const struct wl_entry *e = w->first; e; e = e->next)
		if ((e->kind == SP_KIND_POD || e->kind == SP_KIND_JOB) && !e->good)
			code = SP_EXIT_FAILED;
	return w->s->code_of_app && w->agent.n_started == 1 && w->has_app_code ? w->app_code : code;
}

/* ---- setting up ------------------------------------------------------------------------------ */

static int64_t store_now(void *arg)
{
	return sp_now_wall();
}

static void store_random(void *arg, void *bytes, size_t n)
{
	uint8_t *at = bytes;

	while (n > 0) {
		ssize_t k = getrandom(at, n, 0);

		if (k <= 0) { /* never on Linux; names need to differ, not to be secret */
			uint64_t t = (uint64_t)sp_now_mono();

			k = (ssize_t)SP_MIN(n, sizeof(t));
			memcpy(at, &t, (size_t)k);
		}
		at += k;
		n -= (size_t)k;
	}
}

/* CronJobs give way to a Job that runs now. */
static int run_now(struct workload *w, struct sp_manifest *m)
{
	bool any = false;

	for (uint32_t i = 0; i < m->n_objects; i++) {
		struct sp_object *o = &m->objects[i], job;
		const struct sp_zone *zone;
		struct sp_node *tree;
		struct sp_error err;

		if (o->kind != SP_KIND_CRON_JOB)
			continue;
		any = true;
		zone = sp_zones_get(&w->zones, o->cron_job->spec->time_zone);
		if (sp_manager_job_now(&m->arena, o, sp_now_wall(), zone, &tree, &err) < 0)
			return sp_cli_fail(w->cli, &err);
		if (sp_object_decode(&m->arena, tree, o->source, &m->options, NULL, NULL, &job) < 0)
			return sp_cli_error(w->cli, SP_EXIT_ENVIRONMENT, "out of memory");
		*o = job;
	}
	return any ? 0 : sp_cli_usage(w->cli, "--now: there is no CronJob in the manifests");
}

/* A run that would wait for ever is told before it begins. */
static int check_suspended(struct workload *w)
{
	const struct sp_manifest *m = &w->s->launch.manifest;

	for (uint32_t i = 0; i < m->n_objects; i++)
		if (standing(m->objects[i].kind))
			return 0;
	for (uint32_t i = 0; i < m->n_objects && !w->s->watch && !w->s->leave; i++) {
		const struct sp_object *o = &m->objects[i];

		if (o->kind != SP_KIND_JOB || !o->job->spec->suspend.v)
			continue;
		(void)sp_cli_error(w->cli, SP_EXIT_FAILED,
				   "job '%s' is suspended: it would never start a pod",
				   o->meta->name);
		sp_cli_hint(w->cli, "take spec.suspend out of '%s'", o->source->name);
		return SP_EXIT_FAILED;
	}
	return 0;
}

/* Objects of the same names in sessions that run: with --replace they give way. What is to stay
 * behind the command has a name of its own; others may stand beside one another. */
static int make_room(struct workload *w)
{
	struct sp_launch *l = &w->s->launch;
	struct sp_takedown t;
	struct sp_error err;
	int r = 0;

	if (!sp_flag_bool(w->cli, "replace") && !w->s->leave)
		return 0;
	if (sp_takedown_manifest(w->cli, &l->place, &l->manifest, &t, &err) < 0) {
		r = sp_cli_fail(w->cli, &err);
	} else if (t.n_objects && sp_flag_bool(w->cli, "replace")) {
		if (sp_takedown_ask(w->cli, &t, &err) < 0 || sp_takedown_wait(w->cli, &t, &err) < 0)
			r = sp_cli_fail(w->cli, &err);
		for (uint32_t i = 0; r == 0 && i < t.n_pods; i++)
			sp_session_finish(w->cli, &l->place, t.pods[i].name, t.pods[i].ns,
					  t.pods[i].uid);
	} else if (t.n_objects) {
		const char *word = sp_resource_of_kind(t.objects[0].kind)->words[1];

		r = sp_cli_error(w->cli, SP_EXIT_FAILED, "%s '%s' is running already", word,
				 t.objects[0].name);
		sp_cli_hint(w->cli, "`sidepod down %s/%s` stops it, --replace does so here", word,
			    t.objects[0].name);
	}
	sp_takedown_done(&t);
	return r;
}

/* Nothing is started unless everything can be. */
static int check_start(struct workload *w)
{
	struct sp_launch *l = &w->s->launch;
	int r = sp_launch_ready(l);

	for (uint32_t i = 0; i < l->manifest.n_objects && r == 0; i++)
		if (sp_cli_pod_spec(&l->manifest.objects[i]))
			r = sp_launch_profiles(l, &l->manifest.objects[i]);
	if (r == 0)
		r = sp_launch_images(l);
	if (r == 0)
		r = make_room(w);
	for (uint32_t i = 0; i < l->manifest.n_objects && r == 0; i++)
		if (l->manifest.objects[i].kind == SP_KIND_POD)
			r = sp_launch_name_free(l, l->manifest.objects[i].meta->ns,
						l->manifest.objects[i].meta->name);
	/* until here Ctrl-C has nothing to stop */
	return r == 0 && sp_interrupt_pending() ? SP_EXIT_SIGNAL + sp_interrupt_pending() : r;
}

static void put_object(const struct sp_object *o, FILE *to)
{
	for (const char *p = o->kind_text; *p; p++)
		fputc(*p >= 'A' && *p <= 'Z' ? *p + 'a' - 'A' : *p, to);
	fprintf(to, "/%s\n", o->meta->name);
}

static void dry_run(struct workload *w)
{
	const struct sp_manifest *m = &w->s->launch.manifest;

	for (uint32_t i = 0; i < m->n_objects; i++) {
		fprintf(w->cli->err, "would %s ",
			wl_makes_pods(m->objects[i].kind) ? "start" : "create");
		put_object(&m->objects[i], w->cli->err);
	}
}

static void tell_started(struct workload *w)
{
	const struct sp_manifest *m = &w->s->launch.manifest;

	for (uint32_t i = 0; i < m->n_objects; i++)
		if (wl_makes_pods(m->objects[i].kind))
			put_object(&m->objects[i], w->cli->out);
}

static bool has_services(const struct workload *w)
{
	const struct sp_manifest *m = &w->s->launch.manifest;

	for (uint32_t i = 0; i < m->n_objects; i++)
		if (m->objects[i].kind == SP_KIND_SERVICE)
			return true;
	return false;
}

/* With Services in the manifests, or with files that may get some: addresses and names, before
 * there is a pod to use them. A pod's name server is settled when it starts. */
static int open_services(struct workload *w, struct sp_error *err)
{
	struct sp_engine *e = &w->s->launch.place.engine;
	bool any = has_services(w);

	if (!any && !w->s->watch)
		return 0;
	if (e->net != SP_NET_BRIDGE)
		return 0; /* told when there is one */
	if (sp_services_open(w->cli, e, &w->services, err) < 0) {
		if (any)
			return -1;
		w->unserved = sp_arena_strdup(&w->cli->arena, err->text);
		return 0;
	}
	sp_services_range(w->services, &w->manager_env.service_first, &w->manager_env.service_last);
	e->cluster_dns = sp_services_dns(w->services);
	return 0;
}

/* Without it the run goes on; only nobody can ask for its objects. */
static int open_channel(struct workload *w, struct sp_error *err)
{
	struct sp_error why;

	if (sp_channel_open(w->s->launch.place.engine.run_dir, &w->channel, &why) < 0) {
		sp_cli_warn(w->cli, "other commands cannot see the objects of this run: %s",
			    why.text);
		return 0;
	}
	return sp_follow_source(&w->follow, sp_channel_fd(w->channel), err);
}

static int open_all(struct workload *w, struct sp_error *err)
{
	static struct utsname machine; /* outlives the manager */

	w->store_env = (struct sp_store_env){.now_wall = store_now, .random = store_random};
	w->manager_env = (struct sp_manager_env){.kube_minor = w->s->launch.place.engine.kube_minor,
						 .zone = sp_zones_get,
						 .arg = &w->zones};
	if (uname(&machine) == 0)
		w->manager_env.node_name = machine.nodename;
	store_random(NULL, &w->manager_env.seed, sizeof(w->manager_env.seed));
	if (open_services(w, err) < 0 || sp_store_open(&w->store_env, NULL, &w->store, err) < 0 ||
	    sp_manager_open(w->store, &w->manager_env, &w->manager, err) < 0 ||
	    sp_session_follow(w->cli, &w->s->launch.place, !w->s->leave, &w->follow, err) < 0 ||
	    open_channel(w, err) < 0)
		return -1;
	if (w->s->leave == SP_LEAVE_STARTED)
		w->follow.progress.mode = SP_PROGRESS_QUIET;
	sp_agent_init(&w->agent, &w->s->launch, w->store, &w->follow);
	w->agent.started = pod_started;
	w->agent.over = pod_over;
	w->agent.failed = pod_failed;
	w->agent.changed = pod_changed;
	w->agent.arg = w;
	w->watch = (struct sp_store_watch){.version = sp_store_version(w->store)};
	return 0;
}

static void close_all(struct workload *w)
{
	while (w->hanging)
		wl_forget_hanging(w, w->agent.first); /* those of pods that are left running */
	sp_agent_done(&w->agent);
	wl_serve_done(w);
	w->services = sp_services_close(w->services);
	w->manager = sp_manager_close(w->manager);
	w->store = sp_store_close(w->store);
	wl_entries_done(w);
	sp_zones_done(&w->zones);
	sp_buf_done(&w->board);
	sp_close(w->files_fd);
	sp_close(w->report_fd);
}

/* A run whose pods may be several tells whose line it is from the first one on. */
static bool may_be_many(const struct workload *w)
{
	uint32_t n = 0;

	for (const struct wl_entry *e = w->first; e; e = e->next)
		n += e->kind == SP_KIND_POD || standing(e->kind) ? 1 : 0;
	return n > 1 || any_standing(w);
}

/* The Job or Pod of --until: "job/migrate", or a name that only one of them has. */
static int find_until(struct workload *w)
{
	const char *text = w->s->until, *slash = text ? strchr(text, '/') : NULL;
	const char *name = slash ? slash + 1 : text;
	uint32_t n = 0;

	for (const struct wl_entry *e = w->first; text && e; e = e->next) {
		const char *kind = e->kind == SP_KIND_JOB ? "job" : "pod";

		if ((e->kind != SP_KIND_JOB && e->kind != SP_KIND_POD) || !sp_streq(e->name, name))
			continue;
		if (slash && (strlen(kind) != (size_t)(slash - text) ||
			      strncmp(kind, text, (size_t)(slash - text)) != 0))
			continue;
		w->until = e;
		n++;
	}
	if (!text || n == 1)
		return 0;
	return sp_cli_usage(
		w->cli,
		n ? "--until %s: several have that name; say job/%s or pod/%s"
		  : "--until %s: there is no Job and no Pod of that name in the manifests",
		text, name, name);
}

static int run(struct workload *w)
{
	struct sp_error err;
	int r;

	sp_session_begin(w->s, &w->follow);
	w->follow.owner = w->s->leave == SP_LEAVE_NEVER || w->detached;
	w->follow.quiet_stop = true;
	w->follow.stay = true;
	w->wall_ns = sp_now_wall() - sp_now_mono();
	r = wl_apply(w, &w->s->launch.manifest);
	if (r == 0)
		r = find_until(w);
	if (r == 0 && w->s->watch)
		r = wl_watch_files(w);
	w->follow.many = may_be_many(w);
	if (w->s->stop_after)
		w->stop_at = sp_time_add(sp_now_mono(), w->s->stop_after);
	if (w->s->leave_timeout)
		w->leave_by = sp_time_add(sp_now_mono(), w->s->leave_timeout);
	if (r == 0)
		r = follow(w);
	if (r == 0 && w->s->leave && !w->detached) {
		r = w->code;
	} else if (r == 0) {
		for (struct wl_entry *e = w->first; e; e = e->next)
			if (e->kind == SP_KIND_JOB && !e->told_verdict)
				wl_tell_verdict(w, e);
		r = exit_code(w);
	}
	w->follow.told = NULL;
	if (wl_show(w, &err) < 0 && r == 0)
		r = sp_cli_fail(w->cli, &err);
	w->services = sp_services_close(w->services); /* it holds the bridge, which is swept up */
	return sp_session_end(w->s, &w->follow, r);
}

/* Everything from the store on: by the command itself, or by a session of its own. */
static int begin(struct workload *w)
{
	struct sp_error err;

	if (w->s->leave && wl_needs_session(&w->s->launch.manifest)) {
		if (wl_background(w, &err) < 0)
			return sp_cli_fail(w->cli, &err);
		if (!w->detached)
			return w->code;
	}
	if (open_all(w, &err) < 0) {
		int r = sp_cli_fail(w->cli, &err);

		sp_follow_done(&w->follow);
		w->services = sp_services_close(w->services);
		sp_tidy(w->cli, &w->s->launch.place);
		return r;
	}
	return run(w);
}

int sp_workload_run(struct sp_session *s)
{
	struct workload w = {.s = s,
			     .cli = s->launch.cli,
			     .told_wake = SP_NEVER,
			     .files_fd = -EBADF,
			     .report_fd = -EBADF,
			     .reload_at = SP_NEVER,
			     .stop_at = SP_NEVER,
			     .leave_by = SP_NEVER,
			     .follow = {.watch_fd = -EBADF}};
	int r = 0;

	w.zones.cli = w.cli;
	if (s->now && s->watch)
		r = sp_cli_usage(w.cli, "--now ends with its Job; --watch does not end");
	else if (s->now)
		r = run_now(&w, &s->launch.manifest);
	if (r == 0)
		r = check_suspended(&w);
	if (r == 0 && sp_flag_bool(w.cli, "dry-run")) {
		r = sp_launch_ready(&s->launch);
		if (r == 0)
			dry_run(&w);
		sp_zones_done(&w.zones);
		return r;
	}
	sp_interrupt_hold(NULL); /* what comes during the start stops what was started */
	if (r == 0)
		r = check_start(&w);
	if (r == 0)
		r = begin(&w);
	if (r == 0 && s->leave == SP_LEAVE_STARTED && !w.detached)
		tell_started(&w);
	close_all(&w);
	return r;
}
