/* SPDX-License-Identifier: Apache-2.0 */
/* `sidepod down`: stop pods in order, remove what they leave, and the objects that made them. */
#include "cli/files.h"
#include "cli/interrupt.h"
#include "cli/resource.h"
#include "cli/session.h"
#include "cli/takedown.h"
#include "cli/tidy.h"
#include "supervisor/spawn.h"
#include "sys/fd.h"

/* "deployment/web"; pods are told as pods. */
static void tell_objects(struct sp_cli *cli, const struct sp_takedown *t, const char *before)
{
	for (uint32_t i = 0; i < t->n_objects; i++) {
		const struct sp_resource *r = sp_resource_of_kind(t->objects[i].kind);

		if (r && !sp_streq(r->kind, "Pod"))
			fprintf(cli->out, "%s%s/%s\n", before, r->words[1], t->objects[i].name);
	}
}

/* Those without a session are stopped here; all are looked at until they are over. */
static int stop(struct sp_cli *cli, const struct sp_place *place, struct sp_takedown *t,
		struct sp_follow *f, int *fds, struct sp_error *err)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf request = {0};

	sp_pod_delete_request(t->grace_s, &request);
	for (uint32_t i = 0; i < t->n_pods; i++) {
		const struct sp_pod_entry *p = &t->pods[i];

		if (!p->alive)
			continue;
		fds[i] = sp_supervisor_connect(place->engine.run_dir, p->uid, err);
		if ((fds[i] < 0 ||
		     (!t->of_session[i] && sp_supervisor_call(fds[i], request.ptr, request.len,
							      NULL, 0, NULL, NULL, err) < 0) ||
		     sp_follow_add(f, p->name, p->ns, p->uid, fds[i], true, NULL, err) < 0) &&
		    err->code != SP_E_NOT_FOUND) /* it is over meanwhile */
			return sp_wrap(err, "stop pod '%s'", p->name);
	}
	if (sp_takedown_ask(cli, t, err) < 0)
		return -1;
	return f->n ? sp_follow_wait(f, SP_UNTIL_OVER, SP_NEVER, err) : 0;
}

/* The pods of @t are over: sessions sweep what was theirs, we the rest. */
static int sweep(struct sp_cli *cli, const struct sp_place *place, struct sp_takedown *t)
{
	int r = SP_EXIT_OK;
	struct sp_error err;

	if (sp_takedown_wait(cli, t, &err) < 0)
		return sp_interrupt_pending() ? SP_EXIT_SIGNAL + sp_interrupt_pending()
					      : sp_cli_fail(cli, &err);
	tell_objects(cli, t, "");
	for (uint32_t i = 0; i < t->n_pods; i++) {
		const struct sp_pod_entry *p = &t->pods[i];

		if (sp_session_finish(cli, place, p->name, p->ns, p->uid))
			fprintf(cli->out, "pod/%s\n", p->name);
		else
			r = SP_EXIT_ENVIRONMENT;
	}
	return r;
}

static int stop_and_sweep(struct sp_cli *cli, const struct sp_place *place, struct sp_takedown *t)
{
	int *fds = sp_arena_array(&cli->arena, t->n_pods + 1, sizeof(*fds)), r;
	struct sp_follow f = {0};
	struct sp_error err;

	if (!fds)
		return sp_cli_error(cli, SP_EXIT_ENVIRONMENT, "out of memory");
	for (uint32_t i = 0; i < t->n_pods; i++)
		fds[i] = -EBADF;
	r = sp_session_follow(cli, place, false, &f, &err);
	f.progress.waterfall = true;
	if (r == 0)
		r = stop(cli, place, t, &f, fds, &err);
	r = r < 0 ? sp_cli_fail(cli, &err) : SP_EXIT_OK;
	for (uint32_t i = 0; i < t->n_pods; i++)
		sp_close(fds[i]);
	if (r == SP_EXIT_OK && f.left)
		r = SP_EXIT_SIGNAL +
		    f.signal_number; /* they stop without us, and stay to be seen */
	else if (r == SP_EXIT_OK)
		r = sweep(cli, place, t);
	sp_follow_done(&f);
	return r;
}

static int take_down(struct sp_cli *cli, const struct sp_place *place, int argc, char **argv)
{
	struct sp_takedown t;
	struct sp_error err;
	int r;

	if (sp_takedown_find(cli, place, argc, argv, &t, &err) < 0) {
		r = argc == 0 ? sp_cli_fail_input(cli, &err) : sp_cli_fail(cli, &err);
	} else if (sp_flag_bool(cli, "dry-run")) {
		tell_objects(cli, &t, "would delete ");
		for (uint32_t i = 0; i < t.n_pods; i++)
			fprintf(cli->out, "would stop pod/%s\n", t.pods[i].name);
		r = SP_EXIT_OK;
	} else {
		r = stop_and_sweep(cli, place, &t);
	}
	sp_takedown_done(&t);
	return r;
}

static int run(struct sp_cli *cli, int argc, char **argv)
{
	struct sp_place place;
	struct sp_error err;
	uint32_t n_files;
	int r;

	(void)sp_flag_list(cli, "filename", &n_files);
	if (argc == 0 && n_files == 0 && !sp_flag_bool(cli, "all") &&
	    !sp_flag_given(cli, "selector"))
		return sp_cli_usage(cli, "which pods? Name them, or use -f, -l or --all");
	if (sp_place_open(cli, &place, &err) < 0)
		return sp_cli_fail(cli, &err);
	r = take_down(cli, &place, argc, argv);
	/* also what others left half done: nobody else looks for it */
	if (!sp_flag_bool(cli, "dry-run"))
		sp_tidy(cli, &place);
	return r;
}

static const struct sp_flag flags[] = {
	SP_FLAG_FILENAME,
	SP_FLAG_SELECTOR,
	SP_FLAG_PROGRESS,
	SP_FLAG_DRY_RUN,
	{.name = "grace",
	 .kind = SP_FLAG_INT,
	 .arg = "SECONDS",
	 .min = 0,
	 .max = 86400 * 365,
	 .help = "Grace period instead of the pod's own"},
	{.name = "now", .kind = SP_FLAG_BOOL, .help = "Shortest grace: no hooks, kill after 2 s"},
	{.name = "all",
	 .kind = SP_FLAG_BOOL,
	 .help = "All pods of the namespace, and all that makes them"},
	{0},
};

const struct sp_command sp_command_down = {
	.name = "down",
	.summary = "Stop pods in order and remove them",
	.args = "[[KIND/]NAME…]",
	.about =
		"Stop pods as a cluster does: preStop hooks first, regular containers, then the "
		"sidecars in reverse order, within the grace period. Finished pods are removed; "
		"their run records are kept for `sidepod timeline`. What killed commands and "
		"supervisors left half done is removed too.\n\n"
		"With -f everything that the files name is taken down, as `kubectl delete -f` "
		"does: Deployments, Jobs and the other kinds of a running session go, their pods "
		"with them, then Services, ConfigMaps and Secrets. A session that has nothing left "
		"ends. A name alone is a pod's; deploy/NAME, job/NAME and so on name the others. A "
		"pod that a Deployment wants is made anew.",
	.examples = {{"down web", "with the pod's own grace period"},
		     {"down -f app.yaml --grace 5", "what the manifest names, in 5 seconds"},
		     {"down deploy/web", "a Deployment of a running session, with its pods"}},
	.flags = flags,
	.max_args = -1,
	.completes = SP_COMPLETE_POD,
	.run = run,
};
