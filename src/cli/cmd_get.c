/* SPDX-License-Identifier: Apache-2.0 */
/* `sidepod ps` and `sidepod get`: the pods of this machine as a table or as objects. */
#include "base/text.h"
#include "cli/get.h"
#include "cli/pods.h"
#include "supervisor/spawn.h"
#include "supervisor/status_read.h"
#include "sys/fd.h"

#include <jansson.h>
#include <poll.h>
#include <sys/inotify.h>

static bool wanted(const struct sp_get_view *v, const struct sp_pod_entry *p)
{
	for (int i = 0; i < v->n_names; i++)
		if (sp_streq(v->names[i], p->name) || sp_streq(v->names[i], p->uid))
			return true;
	return v->n_names == 0;
}

static int list(const struct sp_get_view *v, struct sp_pod_entry **ret, uint32_t *ret_n,
		struct sp_error *err)
{
	const char *ns = v->all_namespaces ? NULL : sp_flag_text(v->cli, "namespace");
	struct sp_pod_entry *all;
	uint32_t n, kept = 0;

	if (sp_pods_list(v->cli, &v->place, ns, &all, &n, err) < 0)
		return -1;
	for (uint32_t i = 0; i < n; i++) {
		int match = wanted(v, &all[i]);

		if (match && v->selector)
			match = sp_labels_match(v->selector,
						sp_node_at(all[i].doc, "metadata.labels"), err);
		if (match < 0)
			return -1;
		if (match)
			all[kept++] = all[i];
	}
	*ret = all;
	*ret_n = kept;
	return 0;
}

/* ---- as a table -------------------------------------------------------------------------------
 */

static void add_age(struct sp_table *t, int64_t since_wall_ns)
{
	char mem[32];
	struct sp_buf b = sp_buf_fixed(mem, sizeof(mem));

	if (since_wall_ns)
		sp_format_age(&b, sp_now_wall() - since_wall_ns);
	sp_table_add(t, mem);
}

static void add_restarts(struct sp_table *t, const struct sp_pod_entry *p)
{
	char mem[32];
	struct sp_buf b = sp_buf_fixed(mem, sizeof(mem));

	if (p->restarts == 0 || p->restarted_wall_ns == 0) {
		sp_table_addf(t, "%u", p->restarts);
		return;
	}
	sp_format_age(&b, sp_now_wall() - p->restarted_wall_ns);
	sp_table_addf(t, "%u (%s ago)", p->restarts, mem); /* COL-3 */
}

/* "done/all" of one role. */
static void add_role(struct sp_table *t, const struct sp_pod_entry *p, enum sp_role role)
{
	uint32_t n = 0, good = 0;

	for (uint32_t i = 0; i < p->header.n_ctrs; i++) {
		const struct sp_node *c;
		const struct sp_node *flag;

		if (p->header.ctrs[i].role != role)
			continue;
		c = sp_status_ctr(p->doc, p->header.ctrs[i].name);
		flag = sp_node_get(c, "ready"); /* of an init container: it succeeded */
		n++;
		good += flag && flag->kind == SP_NODE_BOOL && flag->b;
	}
	if (n)
		sp_table_addf(t, "%u/%u", good, n);
	else
		sp_table_add(t, "");
}

static void add_usage(struct sp_table *t, const struct sp_get_view *v, const struct sp_pod_entry *p)
{
	SP_CLEANUP(sp_closep) int fd = -EBADF;
	static const char request[] = "{\"op\":\"usage\"}";
	json_t *answer = NULL;
	struct sp_error err;
	const json_t *pod;

	if (p->alive)
		fd = sp_supervisor_connect(v->place.engine.run_dir, p->uid, &err);
	if (fd < 0 ||
	    sp_supervisor_call(fd, request, strlen(request), NULL, 0, NULL, &answer, &err) < 0) {
		sp_table_add(t, ""); /* over, or about to be: it uses nothing */
		sp_table_add(t, "");
		return;
	}
	pod = json_object_get(answer, "pod");
	sp_table_addf(t, "%.2fs", (double)json_integer_value(json_object_get(pod, "cpuNs")) / 1e9);
	sp_table_addf(t, "%.1fMi",
		      (double)json_integer_value(json_object_get(pod, "memoryBytes")) / 1048576);
	json_decref(answer);
}

static void print_table(const struct sp_get_view *v, const struct sp_pod_entry *p, uint32_t n,
			bool headers, struct sp_buf *out)
{
	static const char *const names[] = {"NAMESPACE", "NAME", "READY", "STATUS",
					    "RESTARTS",  "AGE",  "IP",    "INIT",
					    "SIDECARS",  "CPU",  "MEM"};
	bool wide = v->format == SP_FORMAT_WIDE;
	uint32_t first = v->all_namespaces ? 0 : 1;
	struct sp_table t;

	sp_table_init(&t, &v->cli->arena, names + first, (wide ? 11 : 6) - first);
	for (uint32_t i = 0; i < n; i++) {
		if (v->all_namespaces)
			sp_table_add(&t, p[i].ns);
		sp_table_addf(&t, "%s%s", v->prefix ? v->prefix : "", p[i].name);
		sp_table_add(&t, p[i].ready);
		sp_table_add(&t, p[i].status);
		add_restarts(&t, &p[i]);
		add_age(&t, p[i].start_wall_ns);
		if (!wide)
			continue;
		sp_table_add(&t, p[i].ip);
		add_role(&t, &p[i], SP_ROLE_INIT);
		add_role(&t, &p[i], SP_ROLE_SIDECAR);
		add_usage(&t, v, &p[i]);
	}
	sp_table_print(&t, headers, out);
}

/* ---- as objects -------------------------------------------------------------------------------
 */

/* {"apiVersion","kind","metadata","spec","status"}; the spec comes from the supervisor. */
static struct sp_node *as_object(const struct sp_get_view *v, const struct sp_pod_entry *p)
{
	struct sp_arena *a = &v->cli->arena;
	struct sp_node *o = sp_node_new(a, SP_NODE_MAP);
	const struct sp_node *spec =
		p->alive ? sp_node_get(sp_pod_ask_doc(v->cli, &v->place, p->uid), "spec") : NULL;

	if (!o || sp_node_set(a, o, "apiVersion", sp_node_new_str(a, "v1")) < 0 ||
	    sp_node_set(a, o, "kind", sp_node_new_str(a, "Pod")) < 0)
		return NULL;
	if (sp_node_get(p->doc, "metadata"))
		(void)sp_node_set(a, o, "metadata",
				  sp_node_clone(a, sp_node_get(p->doc, "metadata")));
	if (spec)
		(void)sp_node_set(a, o, "spec", sp_node_clone(a, spec));
	if (sp_node_get(p->doc, "status"))
		(void)sp_node_set(a, o, "status", sp_node_clone(a, sp_node_get(p->doc, "status")));
	return o;
}

int sp_get_print_list(const struct sp_get_view *v, struct sp_node *items, bool single,
		      struct sp_buf *out, struct sp_error *err)
{
	struct sp_arena *a = &v->cli->arena;
	struct sp_node *root;

	if (single && items->n == 1)
		return sp_format_node(v->format, v->template, items->items[0], out, err);
	root = sp_node_new(a, SP_NODE_MAP);
	if (!root || sp_node_set(a, root, "apiVersion", sp_node_new_str(a, "v1")) < 0 ||
	    sp_node_set(a, root, "items", items) < 0 ||
	    sp_node_set(a, root, "kind", sp_node_new_str(a, "List")) < 0)
		return sp_fail(err, SP_E_NO_MEMORY, "print objects");
	return sp_format_node(v->format, v->template, root, out, err);
}

static int add_objects(const struct sp_get_view *v, const struct sp_pod_entry *p, uint32_t n,
		       struct sp_node *items, struct sp_error *err)
{
	for (uint32_t i = 0; i < n; i++) {
		struct sp_node *o = as_object(v, &p[i]);

		if (!o || sp_node_push(&v->cli->arena, items, o) < 0)
			return sp_fail(err, SP_E_NO_MEMORY, "print pods");
	}
	return 0;
}

static int print_objects(const struct sp_get_view *v, const struct sp_pod_entry *p, uint32_t n,
			 struct sp_buf *out, struct sp_error *err)
{
	struct sp_node *items = sp_node_new(&v->cli->arena, SP_NODE_LIST);

	if (!items)
		return sp_fail(err, SP_E_NO_MEMORY, "print pods");
	return add_objects(v, p, n, items, err) < 0
		       ? -1
		       : sp_get_print_list(v, items, v->n_names == 1, out, err);
}

static int print(const struct sp_get_view *v, const struct sp_pod_entry *p, uint32_t n,
		 bool headers, struct sp_buf *out, struct sp_error *err)
{
	switch (v->format) {
	case SP_FORMAT_TABLE:
	case SP_FORMAT_WIDE:
		print_table(v, p, n, headers, out);
		return 0;
	case SP_FORMAT_NAME:
		for (uint32_t i = 0; i < n; i++)
			sp_buf_printf(out, "pod/%s\n", p[i].name);
		return 0;
	case SP_FORMAT_JSON:
	case SP_FORMAT_YAML:
	case SP_FORMAT_JSONPATH:
		break;
	}
	return print_objects(v, p, n, out, err);
}

/* ---- watching ---------------------------------------------------------------------------------
 */

/* Anything that can change a row: pods that come and go, status files that are replaced. */
static int watch_all(const struct sp_get_view *v, int fd, const struct sp_pod_entry *p, uint32_t n)
{
	const char *dir = sp_arena_printf(&v->cli->arena, "%s/pods", v->place.engine.run_dir);

	if (!dir || inotify_add_watch(fd, dir, IN_CREATE | IN_DELETE | IN_ONLYDIR) < 0)
		return -1;
	for (uint32_t i = 0; i < n; i++)
		(void)inotify_add_watch(fd, p[i].dir, IN_MOVED_TO | IN_DELETE_SELF | IN_ONLYDIR);
	return 0;
}

static bool same_row(const struct sp_pod_entry *a, const struct sp_pod_entry *b)
{
	return sp_streq(a->uid, b->uid) && sp_streq(a->status, b->status) &&
	       sp_streq(a->ready, b->ready) && a->restarts == b->restarts;
}

/* Every change prints the changed pods again, as kubectl does. */
static int watch(struct sp_get_view *v, struct sp_pod_entry *old, uint32_t n_old,
		 struct sp_error *err)
{
	SP_CLEANUP(sp_closep) int fd = inotify_init1(IN_CLOEXEC);
	char drain[4096];

	if (fd < 0)
		return sp_fail_errno(err, errno, "watch pods");
	if (watch_all(v, fd, old, n_old) < 0)
		return sp_fail_errno(err, errno, "watch '%s/pods'", v->place.engine.run_dir);
	while (read(fd, drain, sizeof(drain)) > 0 || errno == EINTR) {
		struct sp_pod_entry *now;
		uint32_t n;

		if (list(v, &now, &n, err) < 0)
			return -1;
		(void)watch_all(v, fd, now, n); /* the directory was there a moment ago */
		for (uint32_t i = 0; i < n; i++) {
			SP_CLEANUP(sp_buf_done) struct sp_buf out = {0};
			uint32_t k;

			for (k = 0; k < n_old && !same_row(&old[k], &now[i]); k++)
				;
			if (k < n_old)
				continue;
			if (print(v, &now[i], 1, false, &out, err) < 0)
				return -1;
			if (sp_cli_print(v->cli, &out) != SP_EXIT_OK)
				return 0;
		}
		old = now;
		n_old = n;
	}
	return 0;
}

/* ---- the commands -----------------------------------------------------------------------------
 */

int sp_get_pods_print(const struct sp_get_view *v, struct sp_buf *out, struct sp_error *err)
{
	struct sp_pod_entry *p;
	uint32_t n;

	if (list(v, &p, &n, err) < 0 || print(v, p, n, v->headers && n > 0, out, err) < 0)
		return -1;
	return (int)n;
}

int sp_get_pods_add(const struct sp_get_view *v, struct sp_node *items, struct sp_error *err)
{
	struct sp_pod_entry *p;
	uint32_t n;

	return list(v, &p, &n, err) < 0 ? -1 : add_objects(v, p, n, items, err);
}

int sp_get_view_open(struct sp_cli *cli, struct sp_get_view *ret)
{
	struct sp_error err;

	*ret = (struct sp_get_view){
		.cli = cli,
		.headers = !sp_flag_bool(cli, "no-headers"),
		.all_namespaces = sp_flag_bool(cli, "all-namespaces"),
		.selector = sp_flag_text(cli, "selector"),
	};
	if (sp_format_flag(cli, &ret->format, &ret->template, &err) < 0)
		return sp_cli_usage(cli, "%s", err.text);
	return sp_place_open(cli, &ret->place, &err) < 0 ? sp_cli_fail(cli, &err) : 0;
}

static int show(struct sp_get_view *v, const char *const *names, int n_names)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf out = {0};
	struct sp_cli *cli = v->cli;
	struct sp_pod_entry *p;
	struct sp_error err;
	uint32_t n;
	int r;

	v->names = names;
	v->n_names = n_names;
	for (int i = 0; i < n_names; i++) { /* a name that is not there is an error */
		struct sp_pod_entry one;

		if (!v->all_namespaces && sp_pods_find(cli, &v->place, names[i], &one, &err) < 0)
			return sp_cli_fail(cli, &err);
	}
	if (list(v, &p, &n, &err) < 0 || print(v, p, n, v->headers && n > 0, &out, &err) < 0)
		return sp_cli_fail(cli, &err);
	if (n == 0 && (v->format == SP_FORMAT_TABLE || v->format == SP_FORMAT_WIDE))
		sp_cli_hint(cli, "no pods; `sidepod up -d FILE` starts some");
	r = sp_cli_print(cli, &out);
	if (r == SP_EXIT_OK && sp_flag_bool(cli, "watch") && watch(v, p, n, &err) < 0)
		return sp_cli_fail(cli, &err);
	return r;
}

static int run_ps(struct sp_cli *cli, int argc, char **argv)
{
	struct sp_get_view v;
	int r = sp_get_view_open(cli, &v);

	for (int i = 0; i < argc; i++)
		if (strncmp(argv[i], "pod/", 4) == 0)
			argv[i] += 4;
	return r ? r : show(&v, (const char *const *)argv, argc);
}

static int run_get(struct sp_cli *cli, int argc, char **argv)
{
	struct sp_get_query q;
	struct sp_get_view v;
	struct sp_error err;
	const char **names;
	int n = 0, r = sp_get_view_open(cli, &v);

	if (r != 0)
		return r;
	if (sp_get_query_parse(cli, argc, argv, &q, &err) < 0)
		return sp_cli_usage(cli, "%s", err.text);
	for (uint32_t i = 0; i < q.n; i++)
		if (!sp_streq(q.v[i].kind->kind, "Pod"))
			return sp_get_objects(&v, &q);
	names = sp_arena_array(&cli->arena, q.n + 1u, sizeof(*names));
	if (!names)
		return sp_cli_error(cli, SP_EXIT_ENVIRONMENT, "out of memory");
	for (uint32_t i = 0; i < q.n; i++)
		if (q.v[i].name)
			names[n++] = q.v[i].name;
	return show(&v, names, n);
}

static const struct sp_flag flags[] = {
	SP_FLAG_OUTPUT,
	SP_FLAG_NO_HEADERS,
	SP_FLAG_SELECTOR,
	{.name = "all-namespaces",
	 .letter = 'A',
	 .kind = SP_FLAG_BOOL,
	 .help = "Of all namespaces"},
	{.name = "watch",
	 .letter = 'w',
	 .kind = SP_FLAG_BOOL,
	 .help = "Stay, and print what changes"},
	{0},
};

const struct sp_command sp_command_ps = {
	.name = "ps",
	.summary = "List pods",
	.args = "[POD…]",
	.about = "List the pods of this machine with the columns of `kubectl get pods`. Sidecars "
		 "count in READY. Lost: the pod's supervisor died, and its containers with it.",
	.examples = {{"ps", "pods of the namespace"},
		     {"ps -o wide",
		      "with address, init containers, sidecars, use of CPU and memory"},
		     {"ps web -o jsonpath='{.status.phase}'", "one value"}},
	.flags = flags,
	.max_args = -1,
	.completes = SP_COMPLETE_POD,
	.run = run_ps,
};

const struct sp_command sp_command_get = {
	.name = "get",
	.summary = "List pods and other objects, in kubectl's words",
	.args = "KIND [NAME…]",
	.about =
		"List objects with the columns of `kubectl get`. KIND is pods, deployments, "
		"replicasets, statefulsets, daemonsets, jobs, cronjobs, services, "
		"persistentvolumeclaims, configmaps, secrets, namespaces, endpointslices or events, "
		"their short names, several with commas between, or all; KIND/NAME names one.\n\n"
		"Pods are those of this machine. All others live in the sessions that made them, "
		"`sidepod run` and `sidepod up -d`, and go with them.",
	.examples = {{"get pods -w", "pods, and what changes"},
		     {"get all", "what runs, and what makes it run"},
		     {"get deploy/web -o yaml", "the whole object"}},
	.flags = flags,
	.min_args = 1,
	.max_args = -1,
	.completes = SP_COMPLETE_POD,
	.run = run_get,
};
