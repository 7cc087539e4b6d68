/* SPDX-License-Identifier: Apache-2.0 */
/* `get` for objects of running sessions: Deployments, Jobs, Services and all the others. */
#include "cli/get.h"

#include "base/json.h"
#include "base/text.h"
#include "cli/object_table.h"
#include "cli/pods.h"
#include "cli/sessions.h"
#include "sys/fd.h"

#include <poll.h>
#include <stdlib.h>
#include <sys/inotify.h>

#define WANTS_MAX 256

/* ---- what is asked for ----------------------------------------------------------------------- */

static int add(struct sp_get_query *q, const struct sp_resource *kind, const char *name,
	       struct sp_error *err)
{
	if (q->n == WANTS_MAX)
		return sp_fail(err, SP_E_INVALID, "more than %d objects were named", WANTS_MAX);
	q->v[q->n++] = (struct sp_get_want){kind, name};
	return 0;
}

static int unknown(const char *word, size_t len, struct sp_error *err)
{
	char mem[64];
	struct sp_buf b = sp_buf_fixed(mem, sizeof(mem));
	const char *near;

	sp_buf_add(&b, word, len);
	near = b.failed ? NULL : sp_resource_nearest(mem);
	return near ? sp_fail(err, SP_E_INVALID, "'%.*s' cannot be listed (did you mean '%s'?)",
			      (int)len, word, near)
		    : sp_fail(err, SP_E_INVALID,
			      "'%.*s' cannot be listed; pods, deployments, jobs, services and "
			      "others can",
			      (int)len, word);
}

/* Every kind of "a,b" with each of the names, or with none. */
static int add_kinds(struct sp_get_query *q, const char *word, char **names, int n,
		     struct sp_error *err)
{
	for (;;) {
		size_t len = strcspn(word, ",");
		const struct sp_resource *r = sp_resource_find(word, len);

		if (!r)
			return unknown(word, len, err);
		if (n == 0 && add(q, r, NULL, err) < 0)
			return -1;
		for (int i = 0; i < n; i++)
			if (add(q, r, names[i], err) < 0)
				return -1;
		if (!word[len])
			return 0;
		word += len + 1;
		q->mixed = true;
	}
}

static int add_pairs(struct sp_get_query *q, int argc, char **argv, struct sp_error *err)
{
	for (int i = 0; i < argc; i++) {
		const char *name;
		const struct sp_resource *r = sp_resource_split(argv[i], &name, err);

		if (!r)
			return err->code != SP_OK
				       ? -1
				       : sp_fail(err, SP_E_INVALID,
						 "'%s' is not of the form KIND/NAME", argv[i]);
		q->mixed |= q->n && q->v[0].kind != r;
		if (add(q, r, name, err) < 0)
			return -1;
	}
	return 0;
}

int sp_get_query_parse(struct sp_cli *cli, int argc, char **argv, struct sp_get_query *ret,
		       struct sp_error *err)
{
	*ret = (struct sp_get_query){.v = sp_arena_array(&cli->arena, WANTS_MAX, sizeof(*ret->v))};
	if (!ret->v)
		return sp_fail(err, SP_E_NO_MEMORY, "get objects");
	if (strchr(argv[0], '/'))
		return add_pairs(ret, argc, argv, err);
	if (!sp_streq(argv[0], "all"))
		return add_kinds(ret, argv[0], argv + 1, argc - 1, err);
	if (argc > 1)
		return sp_fail(err, SP_E_INVALID, "'all' takes no names");
	ret->mixed = true;
	for (const struct sp_resource *r = sp_resources; r->kind; r++)
		if (r->in_all && add(ret, r, NULL, err) < 0)
			return -1;
	return 0;
}

/* ---- finding --------------------------------------------------------------------------------- */

/* What the sessions have, of the kinds that are asked for. */
struct found {
	struct sp_session_link *links;
	uint32_t n_links;
	struct sp_session_object *v;
	uint32_t n;
};

static const char *const *kinds_of(struct sp_cli *cli, const struct sp_get_query *q)
{
	const char **v = sp_arena_array(&cli->arena, q->n + 1u, sizeof(*v));

	for (uint32_t i = 0; v && i < q->n; i++)
		v[i] = q->v[i].kind->kind;
	return v;
}

static int find(const struct sp_get_view *v, const struct sp_get_query *q, struct found *f,
		struct sp_error *err)
{
	const char *ns = v->all_namespaces ? NULL : sp_flag_text(v->cli, "namespace");
	const char *const *kinds = kinds_of(v->cli, q);
	uint32_t kept = 0;

	if (!kinds)
		return sp_fail(err, SP_E_NO_MEMORY, "get objects");
	if (sp_sessions_list(v->cli, f->links, f->n_links, kinds, ns, &f->v, &f->n, err) < 0)
		return -1;
	for (uint32_t i = 0; v->selector && i < f->n; i++) {
		int match = sp_labels_match(v->selector,
					    sp_node_at(f->v[i].node, "metadata.labels"), err);

		if (match < 0)
			return -1;
		if (match)
			f->v[kept++] = f->v[i];
	}
	if (v->selector)
		f->n = kept;
	return 0;
}

static bool is_wanted(const struct sp_get_want *w, const struct sp_session_object *o)
{
	return sp_streq(w->kind->kind, o->kind) && (!w->name || sp_streq(w->name, o->name));
}

/* A name that is not there is an error, with what may have been meant. */
static int check_names(const struct sp_get_view *v, const struct sp_get_query *q,
		       const struct found *f, struct sp_error *err)
{
	const char **names = sp_arena_array(&v->cli->arena, f->n + 1u, sizeof(*names));

	if (!names)
		return sp_fail(err, SP_E_NO_MEMORY, "get objects");
	for (uint32_t i = 0; i < q->n; i++) {
		const struct sp_get_want *w = &q->v[i];
		const char *near;
		uint32_t n = 0;
		bool there = !w->name || sp_streq(w->kind->kind, "Pod");

		for (uint32_t k = 0; k < f->n; k++) {
			there |= is_wanted(w, &f->v[k]);
			if (sp_streq(f->v[k].kind, w->kind->kind))
				names[n++] = f->v[k].name;
		}
		if (there)
			continue;
		near = sp_nearest(w->name, names, n, 3);
		return near ? sp_fail(err, SP_E_NOT_FOUND, "no %s '%s' (did you mean '%s'?)",
				      w->kind->words[1], w->name, near)
			    : sp_fail(err, SP_E_NOT_FOUND,
				      "no %s '%s' in namespace '%s' of a running session",
				      w->kind->words[1], w->name,
				      sp_flag_text(v->cli, "namespace"));
	}
	return 0;
}

/* ---- printing -------------------------------------------------------------------------------- */

/* The wants from @from on that are of one kind. Return: how many */
static uint32_t same_kind(const struct sp_get_query *q, uint32_t from)
{
	uint32_t n = 1;

	while (from + n < q->n && q->v[from + n].kind == q->v[from].kind)
		n++;
	return n;
}

/* "deployment.apps/" */
static const char *prefix_of(struct sp_cli *cli, const struct sp_resource *r)
{
	return sp_arena_printf(&cli->arena, "%s%s%s/", r->words[1], *r->group ? "." : "", r->group);
}

/* The pods among the wants, by the view of pods. */
static struct sp_get_view of_pods(const struct sp_get_view *v, const struct sp_get_want *w,
				  uint32_t n)
{
	struct sp_get_view pods = *v;
	const char **names = sp_arena_array(&v->cli->arena, n + 1u, sizeof(*names));

	pods.prefix = "pod/";
	for (uint32_t i = 0; names && i < n; i++)
		if (w[i].name)
			names[pods.n_names++] = w[i].name;
	pods.names = names;
	return pods;
}

/* Rows of one kind. @skip: objects that are not printed, by place; NULL none. Return: how many */
static int print_kind(const struct sp_get_view *v, const struct sp_get_query *q, uint32_t from,
		      uint32_t n_wants, const struct found *f, const bool *skip, bool headers,
		      struct sp_buf *out)
{
	const struct sp_resource *r = q->v[from].kind;
	const struct sp_object_rows rows = {
		.wide = v->format == SP_FORMAT_WIDE,
		.namespaces = v->all_namespaces,
		.prefix = q->mixed ? prefix_of(v->cli, r) : NULL,
		.now_wall = sp_now_wall(),
	};
	struct sp_table t;
	int n = 0;

	if (!sp_object_table(r, &rows, &v->cli->arena, &t))
		return 0;
	for (uint32_t i = from; i < from + n_wants; i++)
		for (uint32_t k = 0; k < f->n; k++) {
			if ((skip && skip[k]) || !is_wanted(&q->v[i], &f->v[k]))
				continue;
			n++;
			if (v->format == SP_FORMAT_NAME)
				sp_buf_printf(out, "%s%s\n", prefix_of(v->cli, r), f->v[k].name);
			else
				sp_object_row(r, &rows, f->v[k].node, &t);
		}
	if (n && v->format != SP_FORMAT_NAME)
		sp_table_print(&t, headers, out);
	return n;
}

/* Return: how many, -1 */
static int print_rows(const struct sp_get_view *v, const struct sp_get_query *q,
		      const struct found *f, struct sp_buf *out, struct sp_error *err)
{
	uint32_t step;
	int total = 0;

	for (uint32_t i = 0; i < q->n; i += step) {
		SP_CLEANUP(sp_buf_done) struct sp_buf part = {0};
		int n;

		step = same_kind(q, i);
		if (sp_streq(q->v[i].kind->kind, "Pod")) {
			const struct sp_get_view pods = of_pods(v, &q->v[i], step);

			n = sp_get_pods_print(&pods, &part, err);
		} else {
			n = print_kind(v, q, i, step, f, NULL, v->headers, &part);
		}
		if (n < 0)
			return -1;
		if (n == 0)
			continue;
		if (total && v->format != SP_FORMAT_NAME && v->headers)
			sp_buf_putc(out, '\n'); /* between tables */
		sp_buf_add(out, part.ptr, part.len);
		out->failed |= part.failed;
		total += n;
	}
	return total;
}

static int print_nodes(const struct sp_get_view *v, const struct sp_get_query *q,
		       const struct found *f, struct sp_buf *out, struct sp_error *err)
{
	struct sp_arena *a = &v->cli->arena;
	struct sp_node *items = sp_node_new(a, SP_NODE_LIST);

	for (uint32_t i = 0; items && i < q->n; i++) {
		const struct sp_get_view pods = of_pods(v, &q->v[i], 1);

		if (sp_streq(q->v[i].kind->kind, "Pod")) {
			if (sp_get_pods_add(&pods, items, err) < 0)
				return -1;
			continue;
		}
		for (uint32_t k = 0; k < f->n; k++)
			if (is_wanted(&q->v[i], &f->v[k]) &&
			    sp_node_push(a, items, sp_node_clone(a, f->v[k].node)) < 0)
				return sp_fail(err, SP_E_NO_MEMORY, "print objects");
	}
	if (!items)
		return sp_fail(err, SP_E_NO_MEMORY, "print objects");
	return sp_get_print_list(v, items, q->n == 1 && q->v[0].name, out, err);
}

static bool has_rows(const struct sp_get_view *v)
{
	return v->format == SP_FORMAT_TABLE || v->format == SP_FORMAT_WIDE ||
	       v->format == SP_FORMAT_NAME;
}

static int show(const struct sp_get_view *v, const struct sp_get_query *q, const struct found *f)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf out = {0};
	struct sp_error err;
	int n = 0;

	if (has_rows(v))
		n = print_rows(v, q, f, &out, &err);
	else if (print_nodes(v, q, f, &out, &err) < 0)
		n = -1;
	if (n < 0)
		return sp_cli_fail(v->cli, &err);
	if (n == 0 && has_rows(v) && v->format != SP_FORMAT_NAME)
		sp_cli_hint(v->cli, f->n_links ? "the sessions that run have none of them"
					       : "no session runs; `sidepod run FILE` and "
						 "`sidepod up -d FILE` begin one");
	return sp_cli_print(v->cli, &out);
}

/* ---- watching -------------------------------------------------------------------------------- */

static bool is_same(const struct sp_session_object *a, const struct sp_session_object *b)
{
	static const char *const keys[] = {"uid", "resourceVersion"};
	const struct sp_node *x = sp_node_get(a->node, "metadata");
	const struct sp_node *y = sp_node_get(b->node, "metadata");

	for (size_t i = 0; i < SP_ARRAY_LEN(keys); i++)
		if (!sp_streq(sp_node_str(sp_node_get(x, keys[i]), ""),
			      sp_node_str(sp_node_get(y, keys[i]), "")))
			return false;
	return true;
}

/* What is new or has changed. Return: 0, 1 nobody reads any more, -1 */
static int print_news(const struct sp_get_view *v, const struct sp_get_query *q,
		      const struct found *old, const struct found *now, struct sp_error *err)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf out = {0};
	bool *skip = sp_arena_array(&v->cli->arena, now->n + 1u, sizeof(*skip));

	if (!skip)
		return sp_fail(err, SP_E_NO_MEMORY, "watch objects");
	for (uint32_t i = 0; i < now->n; i++)
		for (uint32_t k = 0; k < old->n && !skip[i]; k++)
			skip[i] = is_same(&now->v[i], &old->v[k]);
	for (uint32_t i = 0, step; i < q->n; i += step) {
		step = same_kind(q, i);
		if (!sp_streq(q->v[i].kind->kind, "Pod"))
			(void)print_kind(v, q, i, step, now, skip, false, &out);
	}
	return out.len && sp_cli_print(v->cli, &out) != SP_EXIT_OK ? 1 : 0;
}

static int ask_for_news(const struct sp_get_view *v, const struct sp_get_query *q, struct found *f,
			struct sp_error *err)
{
	const char *const *kinds = kinds_of(v->cli, q);
	SP_CLEANUP(sp_buf_done) struct sp_buf request = {0};

	if (!kinds)
		return sp_fail(err, SP_E_NO_MEMORY, "watch objects");
	sp_buf_puts(&request, "{\"op\":\"watch\"");
	sp_json_strs(&request, "kinds", kinds, q->n);
	sp_buf_putc(&request, '}');
	for (uint32_t i = 0; i < f->n_links; i++) {
		struct sp_node *answer;

		if (sp_session_call(v->cli, &f->links[i], &request, &answer, NULL, err) < 0 &&
		    err->code != SP_E_NOT_FOUND)
			return -1;
	}
	return 0;
}

/* Until something may have changed: a session told so, has ended, or is new. */
static int wait_for_news(const struct sp_get_view *v, struct found *f, int dir_fd,
			 struct sp_error *err)
{
	struct pollfd *p = sp_arena_array(&v->cli->arena, f->n_links + 1u, sizeof(*p));
	char drain[4096];

	if (!p)
		return sp_fail(err, SP_E_NO_MEMORY, "watch objects");
	p[f->n_links] = (struct pollfd){.fd = dir_fd, .events = POLLIN};
	for (uint32_t i = 0; i < f->n_links; i++)
		p[i] = (struct pollfd){.fd = f->links[i].fd, .events = POLLIN};
	if (poll(p, f->n_links + 1, -1) < 0 && errno != EINTR)
		return sp_fail_errno(err, errno, "watch objects");
	while (read(dir_fd, drain, sizeof(drain)) > 0)
		; /* which session it was does not matter */
	return 0;
}

/*
 * In rounds, each with connections and memory of its own: it asks to be told of changes, lists, and
 * then waits. What changes in between has been told, so nothing is missed.
 */
static int watch(const struct sp_get_view *view, const struct sp_get_query *q,
		 const struct found *first, struct sp_error *err)
{
	const char *dir =
		sp_arena_printf(&view->cli->arena, "%s/sessions", view->place.engine.run_dir);
	SP_CLEANUP(sp_closep) int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	struct sp_arena kept = {0};
	struct found old = *first;
	int r = 0;

	if (!dir || fd < 0 || inotify_add_watch(fd, dir, IN_CREATE | IN_DELETE | IN_ONLYDIR) < 0)
		return sp_fail_errno(err, errno, "watch the sessions");
	while (r == 0) {
		struct sp_cli cli = *view->cli;
		struct sp_get_view v = *view;
		struct found now = {0};

		cli.arena = (struct sp_arena){0};
		v.cli = &cli;
		if (sp_sessions_connect(&cli, &v.place, &now.links, &now.n_links, err) < 0 ||
		    ask_for_news(&v, q, &now, err) < 0)
			r = -1;
		if (r == 0) {
			/* lists go by other connections: on these the news come */
			struct sp_session_link *listening = now.links;
			uint32_t n_listening = now.n_links;

			r = sp_sessions_connect(&cli, &v.place, &now.links, &now.n_links, err);
			if (r == 0)
				r = find(&v, q, &now, err);
			sp_sessions_hang_up(now.links, now.n_links);
			now.links = listening;
			now.n_links = n_listening;
		}
		if (r == 0)
			r = print_news(&v, q, &old, &now, err);
		if (r == 0)
			r = wait_for_news(&v, &now, fd, err);
		sp_sessions_hang_up(now.links, now.n_links);
		sp_arena_done(&kept);
		kept = cli.arena;
		old = now;
	}
	sp_arena_done(&kept);
	return r < 0 ? -1 : 0;
}

int sp_get_objects(struct sp_get_view *v, const struct sp_get_query *q)
{
	struct found f = {0};
	struct sp_error err;
	int r;

	if (sp_flag_bool(v->cli, "watch") && !has_rows(v))
		return sp_cli_usage(v->cli, "--watch prints rows: -o table, wide or name");
	if (sp_sessions_connect(v->cli, &v->place, &f.links, &f.n_links, &err) < 0 ||
	    find(v, q, &f, &err) < 0 || check_names(v, q, &f, &err) < 0)
		r = sp_cli_fail(v->cli, &err);
	else
		r = show(v, q, &f);
	sp_sessions_hang_up(f.links, f.n_links);
	if (r == SP_EXIT_OK && sp_flag_bool(v->cli, "watch") && watch(v, q, &f, &err) < 0)
		return sp_cli_fail(v->cli, &err);
	return r;
}
