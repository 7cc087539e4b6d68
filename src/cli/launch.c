/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/launch_internal.h"

#include "base/text.h"
#include "cli/fetch.h"
#include "cli/files.h"
#include "cli/image_commands.h"
#include "cli/interrupt.h"
#include "cli/pods.h"
#include "cli/zone.h"
#include "control/job.h"
#include "image/store.h"
#include "supervisor/pull_secrets.h"
#include "sys/fd.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/random.h>

void sp_launch_init(struct sp_launch *l, struct sp_cli *cli)
{
	*l = (struct sp_launch){.cli = cli};
}

void sp_launch_done(struct sp_launch *l)
{
	sp_manifest_done(&l->manifest);
	*l = (struct sp_launch){0};
}

/* ---- reading --------------------------------------------------------------------------------- */

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

static const struct sp_node *account_of(const struct sp_launch *l, const struct sp_object *o,
					const struct sp_k_pod_spec *pod)
{
	const char *name = sp_node_str(sp_node_get(pod->node, "serviceAccountName"), "default");

	for (uint32_t i = 0; i < l->manifest.n_accounts; i++) {
		const struct sp_node *meta = sp_node_get(l->manifest.accounts[i], "metadata");
		const char *ns =
			sp_node_str(sp_node_get(meta, "namespace"), l->manifest.options.default_ns);

		if (sp_streq(sp_node_str(sp_node_get(meta, "name"), ""), name) &&
		    sp_streq(ns ? ns : "default", o->meta->ns))
			return l->manifest.accounts[i];
	}
	return NULL;
}

/* What admission does in a cluster: a pod without pull secrets gets those of its ServiceAccount. */
static int add_account_secrets(struct sp_launch *l, const struct sp_object *o,
			       const struct sp_k_pod_spec *pod)
{
	const struct sp_node *account = account_of(l, o, pod);
	const struct sp_node *list = account ? sp_node_get(account, "imagePullSecrets") : NULL;
	struct sp_node *spec = (struct sp_node *)(uintptr_t)pod->node;
	struct sp_k_pod_spec *s = (struct sp_k_pod_spec *)(uintptr_t)pod;
	struct sp_arena *a = &l->manifest.arena;

	if (s->image_pull_secrets.n || !list || list->kind != SP_NODE_LIST || !spec)
		return 0;
	s->image_pull_secrets.v = sp_arena_array(a, list->n + 1, sizeof(*s->image_pull_secrets.v));
	if (!s->image_pull_secrets.v)
		return -1;
	for (uint32_t i = 0; i < list->n; i++)
		s->image_pull_secrets.v[i] = (struct sp_k_name_ref){
			.node = list->items[i],
			.name = sp_node_str(sp_node_get(list->items[i], "name"), NULL)};
	s->image_pull_secrets.n = list->n;
	return sp_node_set(a, spec, "imagePullSecrets", sp_node_clone(a, list));
}

static const char *word_of(const struct sp_object *o)
{
	return o->kind == SP_KIND_POD ? "pod" : o->kind == SP_KIND_JOB ? "job" : o->kind_text;
}

static int check_object(struct sp_launch *l, const struct sp_object *o)
{
	const struct sp_k_pod_spec *pod = sp_cli_pod_spec(o);
	struct sp_error err;

	if (pod && pod->init_containers.n + pod->containers.n > SP_CONTAINERS_MAX)
		return sp_cli_error(l->cli, SP_EXIT_MANIFEST,
				    "%s:%u: %s '%s' has %u containers; %d is the most",
				    o->source->name, o->node->at.line, word_of(o), o->meta->name,
				    pod->init_containers.n + pod->containers.n, SP_CONTAINERS_MAX);
	if (o->kind == SP_KIND_JOB && sp_job_check(o->job, &err) < 0)
		return sp_cli_error(l->cli, SP_EXIT_MANIFEST, "%s:%u: %s", o->source->name,
				    o->node->at.line, err.text);
	if (pod && add_account_secrets(l, o, pod) < 0)
		return sp_cli_error(l->cli, SP_EXIT_ENVIRONMENT, "out of memory");
	return 0;
}

int sp_launch_check(struct sp_launch *l)
{
	uint32_t n_pods = 0;
	int r;

	sp_diags_sort(&l->manifest.diags);
	sp_cli_tell_findings(l->cli, &l->manifest);
	if (l->manifest.diags.n_errors)
		return SP_EXIT_MANIFEST;
	for (uint32_t i = 0; i < l->manifest.n_objects; i++) {
		r = check_object(l, &l->manifest.objects[i]);
		if (r != 0)
			return r;
		n_pods += sp_cli_pod_spec(&l->manifest.objects[i]) != NULL;
	}
	if (n_pods == 0)
		return sp_cli_error(l->cli, SP_EXIT_MANIFEST,
				    "nothing in the manifests makes a pod");
	r = sp_launch_huge_pages(l);
	if (r != 0)
		return r;
	tell_unacted(l);
	return 0;
}

static int prepare(struct sp_launch *l)
{
	struct sp_load_options opt = {.default_ns = sp_flag_text(l->cli, "namespace"),
				      .zone_known = sp_zone_known};
	struct sp_error err;
	const char *v = sp_flag_text(l->cli, "validate");

	if (sp_place_open(l->cli, &l->place, &err) < 0)
		return sp_cli_fail(l->cli, &err);
	if (sp_cli_kube_minor(l->cli, SP_KUBE_MINOR_OLDEST, &opt.kube_minor, &err) < 0)
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
	l->paths = paths;
	l->n_paths = n;
	r = prepare(l);
	if (r != 0)
		return r;
	if (sp_cli_load(l->cli, paths, n, &l->manifest, &err) < 0) {
		(void)sp_cli_fail(l->cli, &err);
		return SP_EXIT_MANIFEST;
	}
	return sp_launch_check(l);
}

int sp_launch_load_text(struct sp_launch *l, const char *name, const char *text)
{
	int r = prepare(l);

	if (r != 0)
		return r;
	if (sp_manifest_add(&l->manifest, name, text, strlen(text)) < 0)
		return sp_cli_error(l->cli, SP_EXIT_ENVIRONMENT, "out of memory");
	return sp_launch_check(l);
}

/* ---- images ---------------------------------------------------------------------------------- */

/* Objects of the pod's namespace. */
static uint32_t secrets_of(struct sp_launch *l, const char *ns, struct sp_k_secret **ret)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < l->manifest.n_objects; i++) {
		const struct sp_object *o = &l->manifest.objects[i];

		if (o->kind == SP_KIND_SECRET &&
		    sp_streq(o->meta->ns ? o->meta->ns : "default", ns))
			ret[n++] = o->secret;
	}
	return n;
}

/* The pod's pull secrets; one that is missing is told, the pull may work without it. */
int sp_launch_secrets(struct sp_launch *l, const struct sp_object *o, int *ret_fd,
		      struct sp_error *err)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf missing = {0};
	const struct sp_k_pod_spec *pod = sp_cli_pod_spec(o);
	struct sp_k_secret **v;

	*ret_fd = -EBADF;
	if (!pod->image_pull_secrets.n)
		return 0;
	v = sp_arena_array(&l->cli->arena, l->manifest.n_objects + 1, sizeof(struct sp_k_secret *));
	if (!v)
		return sp_fail(err, SP_E_NO_MEMORY, "pull secrets");
	if (sp_pull_secrets_open(pod, v, secrets_of(l, o->meta->ns, v), &missing, ret_fd, err) < 0)
		return -1;
	if (missing.len)
		sp_cli_warn(l->cli,
			    "%s '%s': no credentials for registries in imagePullSecrets: %s",
			    word_of(o), o->meta->name, missing.ptr);
	return 0;
}

/* ---- starting -------------------------------------------------------------------------------- */

int sp_launch_make_room(struct sp_launch *l, const char *ns, const char *name, struct sp_error *err)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf logs = {0};
	const char *uid = sp_name_owner(l->cli, &l->place, ns, name);
	struct sp_pod_entry old = {.uid = uid, .ns = ns, .name = name};
	int alive;

	if (!uid)
		return 0;
	alive = sp_supervisor_alive(l->place.engine.run_dir, uid, err);
	if (alive > 0 && !sp_flag_bool(l->cli, "replace"))
		return sp_fail(err, SP_E_EXISTS, "pod '%s' is running already", name);
	sp_pod_log_name(ns, name, uid, &logs);
	if (alive < 0 || (alive > 0 && sp_pod_stop(l->cli, &l->place, &old, -1, err) < 0))
		return -1;
	return sp_pod_sweep(&l->place.engine, uid, true, logs.ptr, err);
}

int sp_launch_name_free(struct sp_launch *l, const char *ns, const char *name)
{
	struct sp_error err;
	int r;

	if (sp_launch_make_room(l, ns, name, &err) == 0)
		return 0;
	if (sp_interrupt_pending())
		return SP_EXIT_SIGNAL + sp_interrupt_pending();
	r = sp_cli_fail(l->cli, &err);
	if (err.code != SP_E_EXISTS)
		return r;
	sp_cli_hint(l->cli, "`sidepod down %s` stops it, --replace does so here", name);
	return SP_EXIT_FAILED;
}

int sp_launch_ready(struct sp_launch *l)
{
	struct sp_error err;

	if (sp_launch_engine(l, &err) < 0)
		return err.code == SP_E_INVALID ? sp_cli_usage(l->cli, "%s", err.text)
						: sp_cli_fail(l->cli, &err);
	return 0;
}
