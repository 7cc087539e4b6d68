/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/launch.h"

#include "base/text.h"
#include "cli/files.h"
#include "cli/image_commands.h"
#include "cli/interrupt.h"
#include "cli/pods.h"
#include "control/job.h"
#include "image/store.h"
#include "sys/fd.h"
#include "sys/self.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/wait.h>

void sp_launch_init(struct sp_launch *l, struct sp_cli *cli)
{
	*l = (struct sp_launch){.cli = cli};
}

void sp_launch_done(struct sp_launch *l)
{
	for (uint32_t i = 0; i < l->n_pods; i++) {
		sp_close(l->pods[i].supervisor.pidfd);
		sp_close(l->pods[i].supervisor.control_fd);
	}
	sp_manifest_done(&l->manifest);
	*l = (struct sp_launch){0};
}

/* ---- reading --------------------------------------------------------------------------------- */

static bool can_start(const struct sp_launch *l, const struct sp_object *o)
{
	return o->kind == SP_KIND_POD || o->kind == SP_KIND_CONFIG_MAP ||
	       o->kind == SP_KIND_SECRET || o->kind == SP_KIND_NAMESPACE ||
	       (o->kind == SP_KIND_JOB && l->jobs);
}

static int cannot_start(const struct sp_launch *l, const struct sp_object *o)
{
	(void)sp_cli_error(l->cli, SP_EXIT_MANIFEST, "%s:%u: kind %s cannot be %s", o->source->name,
			   o->node->at.line, o->kind_text,
			   l->jobs ? "run" : "started by this command");
	if (l->jobs)
		sp_cli_hint(l->cli,
			    "Pods can be run, or one Job, with their ConfigMaps and Secrets");
	else if (o->kind == SP_KIND_JOB)
		sp_cli_hint(l->cli, "`sidepod run` follows a Job to its end");
	else
		sp_cli_hint(l->cli, "Pods can be started, with their ConfigMaps and Secrets");
	return SP_EXIT_MANIFEST;
}

/* Known to Kubernetes, not done by this engine: told before anything starts, never dropped. */
static void tell_unacted(struct sp_launch *l)
{
	const struct sp_diags *d = &l->manifest.unacted;

	if (d->n == 0)
		return;
	sp_cli_warn(l->cli, "%u field%s of the manifest %s not acted on:", d->n + d->dropped,
		    d->n + d->dropped == 1 ? "" : "s", d->n + d->dropped == 1 ? "is" : "are");
	for (uint32_t i = 0; i < d->n; i++)
		fprintf(l->cli->err, "  %s:%u:%u  %s\n", d->v[i].file, d->v[i].at.line,
			d->v[i].at.col, d->v[i].path ? d->v[i].path : d->v[i].message);
}

static bool wants_huge_pages(const struct sp_res_list *list)
{
	for (uint32_t i = 0; i < list->n; i++)
		if (strncmp(list->v[i].name, "hugepages-", 10) == 0)
			return true;
	return false;
}

/* What would change how a pod runs, were it passed over. Return: what it is, NULL nothing */
static const char *refused(const struct sp_k_resources *r, const struct sp_k_seccomp *f)
{
	if (f && sp_streq(f->type, "Localhost"))
		return "seccompProfile: Localhost profiles are not supported; use RuntimeDefault or "
		       "Unconfined";
	if (r && (wants_huge_pages(&r->limits) || wants_huge_pages(&r->requests)))
		return "hugepages are not supported";
	return NULL;
}

static const char *pod_refused(const struct sp_k_pod_spec *s)
{
	const char *why = refused(s->resources, s->security ? s->security->seccomp : NULL);

	for (uint32_t i = 0; i < s->init_containers.n + s->containers.n && !why; i++) {
		const struct sp_k_container *c =
			i < s->init_containers.n ? &s->init_containers.v[i]
						 : &s->containers.v[i - s->init_containers.n];

		why = refused(c->resources, c->security ? c->security->seccomp : NULL);
	}
	return why;
}

/* Pods side by side, or one Job alone: one verdict at the end. */
static int check_job(struct sp_launch *l, const struct sp_object *o, uint32_t n_pods)
{
	struct sp_error err;

	if (l->job || n_pods)
		return sp_cli_error(l->cli, SP_EXIT_MANIFEST,
				    "%s:%u: job '%s': a Job is run alone, without Pods and other "
				    "Jobs",
				    o->source->name, o->node->at.line, o->meta->name);
	if (sp_job_check(o->job, &err) < 0)
		return sp_cli_error(l->cli, SP_EXIT_MANIFEST, "%s:%u: %s", o->source->name,
				    o->node->at.line, err.text);
	l->job = o;
	return 0;
}

static int check(struct sp_launch *l)
{
	struct sp_cli *cli = l->cli;
	uint32_t n_pods = 0;

	sp_diags_sort(&l->manifest.diags);
	sp_cli_tell_findings(cli, &l->manifest);
	if (l->manifest.diags.n_errors)
		return SP_EXIT_MANIFEST;
	for (uint32_t i = 0; i < l->manifest.n_objects; i++) {
		const struct sp_object *o = &l->manifest.objects[i];

		if (!can_start(l, o))
			return cannot_start(l, o);
		if (sp_object_pod(o) && pod_refused(sp_object_pod(o)))
			return sp_cli_error(cli, SP_EXIT_MANIFEST, "%s:%u: %s '%s': %s",
					    o->source->name, o->node->at.line,
					    o->kind == SP_KIND_POD ? "pod" : "job", o->meta->name,
					    pod_refused(sp_object_pod(o)));
		if (o->kind == SP_KIND_JOB && check_job(l, o, n_pods) != 0)
			return SP_EXIT_MANIFEST;
		if (o->kind == SP_KIND_POD && l->job)
			return check_job(l, l->job, 1);
		n_pods += o->kind == SP_KIND_POD;
	}
	if (n_pods == 0 && !l->job)
		return sp_cli_error(cli, SP_EXIT_MANIFEST, "there is no Pod%s in the manifests",
				    l->jobs ? " and no Job" : "");
	tell_unacted(l);
	return 0;
}

static int prepare(struct sp_launch *l)
{
	struct sp_load_options opt = {.default_ns = sp_flag_text(l->cli, "namespace")};
	struct sp_error err;
	const char *v = sp_flag_text(l->cli, "validate");

	if (sp_place_open(l->cli, &l->place, &err) < 0)
		return sp_cli_fail(l->cli, &err);
	if (sp_cli_kube_minor(l->cli, &opt.kube_minor, &err) < 0)
		return sp_cli_usage(l->cli, "%s", err.text);
	opt.validate = sp_streq(v, "warn")     ? SP_VALIDATE_WARN
		       : sp_streq(v, "ignore") ? SP_VALIDATE_IGNORE
					       : SP_VALIDATE_STRICT;
	if (getrandom(&opt.name_seed, sizeof(opt.name_seed), 0) < 0)
		opt.name_seed =
			(uint64_t)sp_now_wall(); /* names need to differ, not to be secret */
	l->place.engine.kube_minor = opt.kube_minor;
	sp_manifest_init(&l->manifest, &opt);
	return 0;
}

int sp_launch_load(struct sp_launch *l, int argc, char **argv)
{
	uint32_t n, n_flags;
	const char *const *flags = sp_flag_list(l->cli, "filename", &n_flags);
	const char **paths =
		sp_arena_array(&l->cli->arena, n_flags + (size_t)argc + 1, sizeof(*paths));
	struct sp_error err;
	int r;

	if (!paths)
		return sp_cli_error(l->cli, SP_EXIT_ENVIRONMENT, "out of memory");
	for (n = 0; n < (uint32_t)argc; n++)
		paths[n] = argv[n];
	for (uint32_t i = 0; i < n_flags; i++)
		paths[n++] = flags[i];
	if (n == 0)
		return sp_cli_usage(l->cli, "no manifest was named");
	r = prepare(l);
	if (r != 0)
		return r;
	if (sp_cli_load(l->cli, paths, n, &l->manifest, &err) < 0) {
		(void)sp_cli_fail(l->cli, &err);
		return SP_EXIT_MANIFEST;
	}
	return check(l);
}

int sp_launch_load_text(struct sp_launch *l, const char *name, const char *text)
{
	int r = prepare(l);

	if (r != 0)
		return r;
	if (sp_manifest_add(&l->manifest, name, text, strlen(text)) < 0)
		return sp_cli_error(l->cli, SP_EXIT_ENVIRONMENT, "out of memory");
	return check(l);
}

/* ---- images ---------------------------------------------------------------------------------- */

/* Ask sidepod-worker; its own words go to stderr. */
static int ask_worker(struct sp_cli *cli, const char *ref, const char *policy, const char **pulled,
		      struct sp_error *err)
{
	char path[PATH_MAX];
	const char *root = sp_flag_text(cli, "root");
	const char *argv[12] = {path, "image", "ensure", ref, "--policy", policy, "--json"};
	SP_CLEANUP(sp_buf_done) struct sp_buf answer = {0};
	SP_CLEANUP(sp_closep) int read_fd = -EBADF;
	struct sp_node *root_node = NULL;
	struct sp_arena a = {0};
	int pipes[2], status, r, signal_number = 0;
	char mem[4096];
	ssize_t n;
	pid_t pid;

	if (sp_self_sibling("sidepod-worker", path, sizeof(path), err) < 0)
		return -1;
	if (root) {
		argv[7] = "--root";
		argv[8] = root;
	}
	if (pipe2(pipes, O_CLOEXEC) < 0)
		return sp_fail_errno(err, errno, "make a pipe");
	read_fd = pipes[0];
	pid = fork();
	if (pid == 0) {
		sigset_t none;

		sigemptyset(&none);
		(void)sigprocmask(SIG_SETMASK, &none, NULL); /* as every program expects it */
		dup2(pipes[1], STDOUT_FILENO);
		execv(path, (char **)(uintptr_t)argv);
		_exit(127);
	}
	close(pipes[1]);
	if (pid < 0)
		return sp_fail_errno(err, errno, "start '%s'", path);
	while ((signal_number = sp_interrupt_wait(read_fd, POLLIN, err)) == 0 &&
	       ((n = read(read_fd, mem, sizeof(mem))) > 0 || (n < 0 && errno == EINTR)))
		if (n > 0)
			sp_buf_add(&answer, mem, (size_t)n);
	if (signal_number != 0)
		(void)kill(pid, SIGTERM); /* gone already: as wanted */
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (sp_node_from_json(&a, answer.len ? answer.ptr : "", answer.len, &root_node, NULL) < 0)
		root_node = NULL;
	if (signal_number < 0) {
		r = -1;
	} else if (signal_number > 0) {
		SP_CLEANUP(sp_image_store_closep) struct sp_image_store *s = NULL;

		if (sp_image_store_open(sp_image_dir(cli), &s, err) == 0)
			sp_image_store_sweep(s);
		r = sp_fail(err, SP_E_UNAVAILABLE, "interrupted");
	} else if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
		*pulled = sp_arena_strdup(&cli->arena,
					  sp_node_str(sp_node_get(root_node, "pulled"), NULL));
		r = 0;
	} else if (sp_node_get(root_node, "text")) {
		r = sp_fail(err, SP_E_NOT_FOUND, "%s",
			    sp_node_str(sp_node_get(root_node, "text"), ""));
	} else {
		r = sp_fail(err, SP_E_IO, "sidepod-worker could not provide image '%s'", ref);
	}
	sp_arena_done(&a);
	return r;
}

int sp_image_ensure(struct sp_cli *cli, const char *ref, const char *policy, bool always,
		    struct sp_image *ret, const char **pulled, struct sp_error *err)
{
	const char *message = NULL;

	for (int try = always; try < 2; try++) {
		SP_CLEANUP(sp_image_store_closep) struct sp_image_store *s = NULL;

		if (try == 1 && ask_worker(cli, ref, policy, &message, err) < 0)
			return -1;
		if (sp_image_store_open(sp_image_dir(cli), &s, err) < 0)
			return -1;
		if (sp_image_store_get(s, &cli->arena, ref, ret, err) == 0) {
			if (pulled)
				*pulled = message;
			return 0;
		}
		if (err->code != SP_E_NOT_FOUND)
			return -1;
	}
	return -1;
}

static int add_image(struct sp_launch *l, const struct sp_k_container *c, struct sp_bundle_image *v,
		     uint32_t *n)
{
	const char *policy = c->image_pull_policy ? c->image_pull_policy : "IfNotPresent";
	struct sp_error err;

	for (uint32_t i = 0; i < *n; i++)
		if (sp_streq(v[i].reference, c->image))
			return 0;
	v[*n] = (struct sp_bundle_image){.reference = c->image};
	if (sp_image_ensure(l->cli, c->image, policy, false, &v[*n].image, &v[*n].pulled, &err) <
	    0) {
		if (sp_interrupt_pending())
			return SP_EXIT_SIGNAL + sp_interrupt_pending();
		(void)sp_cli_error(l->cli, SP_EXIT_ENVIRONMENT, "container '%s': %s", c->name,
				   err.text);
		if (err.code == SP_E_NOT_FOUND)
			sp_cli_hint(l->cli,
				    "`sidepod image load FILE` adds an image from an archive");
		return SP_EXIT_ENVIRONMENT;
	}
	v[*n].fresh = v[*n].pulled != NULL; /* the registry was asked just now */
	(*n)++;
	return 0;
}

/* ---- starting -------------------------------------------------------------------------------- */

static int random_uid(struct sp_arena *a, const char **ret)
{
	uint8_t b[16];

	if (getrandom(b, sizeof(b), 0) != sizeof(b))
		return -1;
	b[6] = (uint8_t)((b[6] & 0x0f) | 0x40); /* version 4 */
	b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
	*ret = sp_arena_printf(
		a, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0],
		b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13],
		b[14], b[15]);
	return *ret ? 0 : -1;
}

/* The document as the API would hold it: with uid, namespace and creation time. */
static int complete_metadata(struct sp_launch *l, const struct sp_object *o, const char *uid)
{
	struct sp_arena *a = &l->manifest.arena;
	char mem[40];
	struct sp_buf t = sp_buf_fixed(mem, sizeof(mem));
	struct sp_node *meta = (struct sp_node *)(uintptr_t)sp_node_get(o->node, "metadata");

	sp_format_rfc3339(&t, sp_now_wall(), 0);
	return meta && sp_node_set(a, meta, "uid", sp_node_new_str(a, uid)) == 0 &&
			       sp_node_set(a, meta, "namespace", sp_node_new_str(a, o->meta->ns)) ==
				       0 &&
			       sp_node_set(a, meta, "creationTimestamp",
					   sp_node_new_str(a, sp_arena_strdup(a, mem))) == 0
		       ? 0
		       : -1;
}

const char *sp_launch_uid(struct sp_launch *l, const struct sp_object *o)
{
	const char *uid;

	return random_uid(&l->manifest.arena, &uid) < 0 || complete_metadata(l, o, uid) < 0 ? NULL
											    : uid;
}

/* Objects of the pod's namespace; the supervisor takes what the pod names. */
static uint32_t objects_of(struct sp_launch *l, enum sp_kind kind, const char *ns,
			   const struct sp_node **ret)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < l->manifest.n_objects; i++) {
		const struct sp_object *o = &l->manifest.objects[i];

		if (o->kind == kind && sp_streq(o->meta->ns ? o->meta->ns : "default", ns))
			ret[n++] = o->node;
	}
	return n;
}

/* A pod of this name that is there already: swept when it is over, an error when it runs. */
static int make_room(struct sp_launch *l, const char *ns, const char *name)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf logs = {0};
	const char *uid = sp_name_owner(l->cli, &l->place, ns, name);
	struct sp_pod_entry old = {.uid = uid, .ns = ns, .name = name};
	struct sp_error err;
	int alive;

	if (!uid)
		return 0;
	alive = sp_supervisor_alive(l->place.engine.run_dir, uid, &err);
	if (alive > 0 && !sp_flag_bool(l->cli, "replace")) {
		(void)sp_cli_error(l->cli, SP_EXIT_FAILED, "pod '%s' is running already", name);
		sp_cli_hint(l->cli, "`sidepod down %s` stops it, --replace does so here", name);
		return SP_EXIT_FAILED;
	}
	sp_pod_log_name(ns, name, uid, &logs);
	if (alive < 0 || (alive > 0 && sp_pod_stop(l->cli, &l->place, &old, -1, &err) < 0) ||
	    sp_pod_sweep(&l->place.engine, uid, true, logs.ptr, &err) < 0)
		return sp_interrupt_pending() ? SP_EXIT_SIGNAL + sp_interrupt_pending()
					      : sp_cli_fail(l->cli, &err);
	return 0;
}

/* What stands between the manifest and a running pod. */
struct plan {
	const struct sp_object *object;
	const char *uid;
	struct sp_bundle_image images[SP_CONTAINERS_MAX];
	uint32_t n_images;
};

static int plan_pod(struct sp_launch *l, const struct sp_object *o, struct plan *p)
{
	const struct sp_k_pod_spec *spec = o->pod->spec;
	int r = 0;

	p->object = o;
	if (spec->init_containers.n + spec->containers.n > SP_CONTAINERS_MAX)
		return sp_cli_error(l->cli, SP_EXIT_MANIFEST,
				    "pod '%s' has more than %d containers", o->meta->name,
				    SP_CONTAINERS_MAX);
	for (uint32_t i = 0; i < spec->init_containers.n && r == 0; i++)
		r = add_image(l, &spec->init_containers.v[i], p->images, &p->n_images);
	for (uint32_t i = 0; i < spec->containers.n && r == 0; i++)
		r = add_image(l, &spec->containers.v[i], p->images, &p->n_images);
	if (r == 0)
		r = make_room(l, o->meta->ns, o->meta->name);
	if (r != 0)
		return r;
	p->uid = sp_launch_uid(l, o);
	return p->uid ? 0 : sp_cli_error(l->cli, SP_EXIT_ENVIRONMENT, "out of memory");
}

static int start_pod(struct sp_launch *l, const struct plan *p)
{
	const struct sp_object *o = p->object;
	const struct sp_node **maps =
		sp_arena_array(&l->cli->arena, l->manifest.n_objects + 1, sizeof(*maps));
	const struct sp_node **secrets =
		sp_arena_array(&l->cli->arena, l->manifest.n_objects + 1, sizeof(*secrets));
	struct sp_launched *pod = &l->pods[l->n_pods];
	struct sp_bundle_params b = {.pod = o->node,
				     .images = p->images,
				     .n_images = p->n_images,
				     .engine = &l->place.engine};
	struct sp_error err;

	if (!maps || !secrets)
		return sp_cli_error(l->cli, SP_EXIT_ENVIRONMENT, "out of memory");
	b.config_maps = maps;
	b.n_config_maps = objects_of(l, SP_KIND_CONFIG_MAP, o->meta->ns, maps);
	b.secrets = secrets;
	b.n_secrets = objects_of(l, SP_KIND_SECRET, o->meta->ns, secrets);
	*pod = (struct sp_launched){
		.name = o->meta->name, .ns = o->meta->ns, .uid = p->uid, .pod = o->pod};
	pod->supervisor.pidfd = pod->supervisor.control_fd = -EBADF;
	if (sp_supervisor_spawn(&b, &pod->supervisor, &err) < 0) {
		(void)sp_wrap(&err, "pod '%s'", pod->name);
		(void)sp_cli_fail(l->cli, &err);
		return SP_EXIT_ENVIRONMENT;
	}
	l->n_pods++;
	return 0;
}

/* Names are given and pods are started under one lock: no two commands start the same pod. */
static int start_pods(struct sp_launch *l, const struct plan *v, uint32_t n)
{
	struct sp_error err;
	SP_CLEANUP(sp_closep) int lock_fd = sp_names_lock(&l->place, &err);
	int r = lock_fd < 0 ? sp_cli_fail(l->cli, &err) : 0;

	for (uint32_t i = 0; i < n && r == 0; i++)
		r = make_room(l, v[i].object->meta->ns, v[i].object->meta->name);
	for (uint32_t i = 0; i < n && r == 0; i++) {
		const struct sp_k_meta *meta = v[i].object->meta;

		if (sp_name_take(&l->place, meta->ns, meta->name, v[i].uid, &err) < 0)
			r = sp_cli_fail(l->cli, &err);
		else
			r = start_pod(l, &v[i]);
		if (r != 0)
			sp_name_free(&l->place, meta->ns, meta->name, v[i].uid);
	}
	return r;
}

int sp_launch_room(struct sp_launch *l, uint32_t max)
{
	struct sp_error err;

	l->pods = sp_arena_array(&l->cli->arena, max, sizeof(*l->pods));
	if (!l->pods)
		return sp_cli_error(l->cli, SP_EXIT_ENVIRONMENT, "out of memory");
	if (sp_launch_engine(l, &err) < 0)
		return err.code == SP_E_INVALID ? sp_cli_usage(l->cli, "%s", err.text)
						: sp_cli_fail(l->cli, &err);
	return 0;
}

int sp_launch_pod(struct sp_launch *l, const struct sp_object *o)
{
	struct plan *p = calloc(1, sizeof(*p)); /* big; nothing of it is needed afterwards */
	int r;

	if (!p)
		return sp_cli_error(l->cli, SP_EXIT_ENVIRONMENT, "out of memory");
	r = plan_pod(l, o, p);
	if (r == 0)
		r = start_pods(l, p, 1);
	free(p);
	return r;
}

/* Plan all, then start all. */
static int start(struct sp_launch *l)
{
	uint32_t n = 0, n_plans = 0;
	struct plan *plans;
	int r;

	for (uint32_t i = 0; i < l->manifest.n_objects; i++)
		n += l->manifest.objects[i].kind == SP_KIND_POD;
	plans = sp_arena_array(&l->cli->arena, n, sizeof(*plans));
	if (!plans)
		return sp_cli_error(l->cli, SP_EXIT_ENVIRONMENT, "out of memory");
	r = sp_launch_room(l, n);
	for (uint32_t i = 0; i < l->manifest.n_objects && r == 0; i++)
		if (l->manifest.objects[i].kind == SP_KIND_POD)
			r = plan_pod(l, &l->manifest.objects[i], &plans[n_plans++]);
	if (r == 0 && sp_flag_bool(l->cli, "dry-run")) {
		for (uint32_t i = 0; i < n_plans; i++)
			fprintf(l->cli->err, "would start pod/%s\n", plans[i].object->meta->name);
		return 0;
	}
	/* until here Ctrl-C has nothing to stop */
	if (r == 0 && sp_interrupt_pending())
		return SP_EXIT_SIGNAL + sp_interrupt_pending();
	return r ? r : start_pods(l, plans, n_plans);
}

int sp_launch_start(struct sp_launch *l)
{
	sigset_t before;
	int r;

	sp_interrupt_hold(&before); /* no pod is begun by halves */
	r = start(l);
	(void)sigprocmask(SIG_SETMASK, &before, NULL); /* a valid set: cannot fail */
	return r;
}
