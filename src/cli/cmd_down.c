/* SPDX-License-Identifier: Apache-2.0 */
/* `sidepod down`: stop pods in order, and remove what they leave. */
#include "cli/files.h"
#include "cli/pods.h"
#include "cli/session.h"
#include "cli/tidy.h"
#include "supervisor/spawn.h"
#include "sys/fd.h"

struct targets {
	struct sp_pod_entry *v;
	uint32_t n;
};

static int add(struct targets *t, const struct sp_pod_entry *p)
{
	for (uint32_t i = 0; i < t->n; i++)
		if (sp_streq(t->v[i].uid, p->uid))
			return 0;
	t->v[t->n++] = *p;
	return 0;
}

/* Pods of the manifests' names; one that is not there is not an error: it is down. */
static int find_in_files(struct sp_cli *cli, const struct sp_place *place, struct targets *t,
			 struct sp_error *err)
{
	struct sp_load_options opt = {.validate = SP_VALIDATE_IGNORE,
				      .default_ns = sp_flag_text(cli, "namespace")};
	struct sp_manifest m;
	struct sp_pod_entry *all;
	uint32_t n_files, n_all;
	const char *const *files = sp_flag_list(cli, "filename", &n_files);
	int r;

	if (n_files == 0)
		return 0;
	if (sp_pods_list(cli, place, NULL, &all, &n_all, err) < 0)
		return -1;
	sp_manifest_init(&m, &opt);
	r = sp_cli_load(cli, files, n_files, &m, err);
	for (uint32_t i = 0; r == 0 && i < m.n_objects; i++)
		for (uint32_t k = 0; k < n_all && m.objects[i].kind == SP_KIND_POD; k++)
			if (m.objects[i].meta && m.objects[i].meta->name &&
			    sp_streq(all[k].name, m.objects[i].meta->name) &&
			    sp_streq(all[k].ns, m.objects[i].meta->ns))
				r = add(t, &all[k]);
	sp_manifest_done(&m);
	return r;
}

static int find(struct sp_cli *cli, const struct sp_place *place, int argc, char **argv,
		struct targets *t, struct sp_error *err)
{
	const char *selector = sp_flag_text(cli, "selector");
	struct sp_pod_entry *all;
	uint32_t n;

	if (sp_pods_list(cli, place, NULL, &all, &n, err) < 0)
		return -1;
	t->v = sp_arena_array(&cli->arena, n + 1, sizeof(*t->v));
	if (!t->v)
		return sp_fail(err, SP_E_NO_MEMORY, "find pods");
	for (int i = 0; i < argc; i++) {
		struct sp_pod_entry p;

		if (sp_pods_find(cli, place, argv[i], &p, err) < 0)
			return -1;
		add(t, &p);
	}
	for (uint32_t i = 0; i < n; i++) {
		int match = sp_flag_bool(cli, "all");

		if (!match && selector)
			match = sp_labels_match(selector, sp_node_at(all[i].doc, "metadata.labels"),
						err);
		if (match < 0)
			return -1;
		if (match && sp_streq(all[i].ns, sp_flag_text(cli, "namespace")))
			add(t, &all[i]);
	}
	return find_in_files(cli, place, t, err);
}

static int stop(struct sp_cli *cli, const struct sp_place *place, const struct targets *t,
		struct sp_follow *f, int *fds, struct sp_error *err)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf request = {0};
	bool now = sp_flag_bool(cli, "now");

	sp_pod_delete_request(now ? 0 : sp_flag_int(cli, "grace", -1), &request);
	for (uint32_t i = 0; i < t->n; i++) {
		if (!t->v[i].alive)
			continue;
		fds[i] = sp_supervisor_connect(place->engine.run_dir, t->v[i].uid, err);
		if (fds[i] < 0 || sp_supervisor_call(fds[i], request.ptr, request.len, NULL, 0,
						     NULL, NULL, err) < 0) {
			if (err->code == SP_E_NOT_FOUND)
				continue; /* over meanwhile */
			return sp_wrap(err, "stop pod '%s'", t->v[i].name);
		}
		if (sp_follow_add(f, t->v[i].name, t->v[i].ns, t->v[i].uid, fds[i], true, NULL,
				  err) < 0)
			return -1;
	}
	return f->n ? sp_follow_wait(f, SP_UNTIL_OVER, SP_NEVER, err) : 0;
}

static int take_down(struct sp_cli *cli, const struct sp_place *place, int argc, char **argv)
{
	struct sp_follow f = {0};
	struct targets t = {0};
	struct sp_error err;
	int *fds, r;

	if (find(cli, place, argc, argv, &t, &err) < 0)
		return argc == 0 ? sp_cli_fail_input(cli, &err) : sp_cli_fail(cli, &err);
	if (sp_flag_bool(cli, "dry-run")) {
		for (uint32_t i = 0; i < t.n; i++)
			fprintf(cli->out, "would stop pod/%s\n", t.v[i].name);
		return SP_EXIT_OK;
	}
	fds = sp_arena_array(&cli->arena, t.n + 1, sizeof(*fds));
	if (!fds)
		return sp_cli_error(cli, SP_EXIT_ENVIRONMENT, "out of memory");
	for (uint32_t i = 0; i < t.n; i++)
		fds[i] = -EBADF;
	r = sp_session_follow(cli, place, false, &f, &err);
	f.progress.waterfall = true;
	if (r == 0)
		r = stop(cli, place, &t, &f, fds, &err);
	r = r < 0 ? sp_cli_fail(cli, &err) : SP_EXIT_OK;
	for (uint32_t i = 0; i < t.n; i++)
		sp_close(fds[i]);
	if (r == SP_EXIT_OK && f.left) {
		r = SP_EXIT_SIGNAL +
		    f.signal_number; /* they stop without us, and stay to be seen */
	} else if (r == SP_EXIT_OK) {
		for (uint32_t i = 0; i < t.n; i++) {
			sp_session_finish(cli, place, t.v[i].name, t.v[i].ns, t.v[i].uid);
			fprintf(cli->out, "pod/%s\n", t.v[i].name);
		}
	}
	sp_follow_done(&f);
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
	{.name = "all", .kind = SP_FLAG_BOOL, .help = "All pods of the namespace"},
	{0},
};

const struct sp_command sp_command_down = {
	.name = "down",
	.summary = "Stop pods in order and remove them",
	.args = "[POD…]",
	.about = "Stop pods as a cluster does: preStop hooks first, regular containers, then the "
		 "sidecars in reverse order, within the grace period. Finished pods are removed; "
		 "their run records are kept for `sidepod timeline`. What killed commands and "
		 "supervisors left half done is removed too.",
	.examples = {{"down web", "with the pod's own grace period"},
		     {"down -f pod.yaml --grace 5", "what the manifest names, in 5 seconds"},
		     {"down --all --now", "everything, quickly"}},
	.flags = flags,
	.max_args = -1,
	.completes = SP_COMPLETE_POD,
	.run = run,
};
