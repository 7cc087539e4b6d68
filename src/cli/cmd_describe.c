/* SPDX-License-Identifier: Apache-2.0 */
/* `sidepod describe`: everything about a pod, containers in start order, or about another object.
 */
#include "base/text.h"
#include "cli/describe_object.h"
#include "cli/files.h"
#include "cli/get.h"
#include "cli/pods.h"
#include "cli/sessions.h"
#include "draw/run.h"
#include "supervisor/status_read.h"

static const char *text_of(const struct sp_node *n, const char *path)
{
	const struct sp_node *v = sp_node_at(n, path);

	return sp_node_str(v, "");
}

static void put_state(struct sp_buf *out, const char *title, const struct sp_node *state)
{
	const struct sp_node *s;

	if ((s = sp_node_get(state, "running")) != NULL) {
		sp_buf_printf(out, "    %-14sRunning since %s\n", title, text_of(s, "startedAt"));
	} else if ((s = sp_node_get(state, "terminated")) != NULL) {
		const struct sp_node *code = sp_node_get(s, "exitCode");

		sp_buf_printf(out, "    %-14sTerminated, exit code %lld, %s\n", title,
			      (long long)(code ? code->i : 0), text_of(s, "reason"));
		sp_buf_printf(out, "    %-14s%s to %s\n", "", text_of(s, "startedAt"),
			      text_of(s, "finishedAt"));
		if (*text_of(s, "message"))
			sp_buf_printf(out, "    %-14s%s\n", "  message", text_of(s, "message"));
	} else if ((s = sp_node_get(state, "waiting")) != NULL) {
		sp_buf_printf(out, "    %-14sWaiting, %s\n", title, text_of(s, "reason"));
		if (*text_of(s, "message"))
			sp_buf_printf(out, "    %-14s%s\n", "  message", text_of(s, "message"));
	}
}

static const char *gate_words(const struct sp_record_ctr *c)
{
	if (c->role == SP_ROLE_INIT)
		return "runs to its end before the next starts";
	if (!*c->gate)
		return c->role == SP_ROLE_SIDECAR ? "launched is enough" : "";
	return sp_streq(c->gate, "startupProbe") ? "startup probe"
	       : sp_streq(c->gate, "postStart")  ? "postStart hook"
						 : "postStart hook, then startup probe";
}

static void put_containers(struct sp_buf *out, const struct sp_pod_entry *p)
{
	sp_buf_puts(out, "Containers, in start order:\n");
	for (uint32_t i = 0; i < p->header.n_ctrs; i++) {
		const struct sp_record_ctr *c = &p->header.ctrs[i];
		const struct sp_node *s = sp_status_ctr(p->doc, c->name);
		const struct sp_node *ready = sp_node_get(s, "ready");
		const struct sp_node *restarts = sp_node_get(s, "restartCount");

		sp_buf_printf(out, "  %u. %s (%s)\n", i + 1, c->name, sp_role_name(c->role));
		sp_buf_printf(out, "    %-14s%s\n", "Image:", c->image);
		if (*gate_words(c))
			sp_buf_printf(out, "    %-14s%s\n", "Gate:", gate_words(c));
		put_state(out, "State:", sp_node_get(s, "state"));
		put_state(out, "Last state:", sp_node_get(s, "lastState"));
		sp_buf_printf(out, "    %-14s%s\n", "Ready:", ready && ready->b ? "True" : "False");
		sp_buf_printf(out, "    %-14s%lld\n",
			      "Restarts:", (long long)(restarts ? restarts->i : 0));
	}
}

static void put_conditions(struct sp_buf *out, const struct sp_pod_entry *p)
{
	const struct sp_node *list = sp_node_at(p->doc, "status.conditions");

	sp_buf_puts(out, "Conditions:\n");
	for (uint32_t i = 0; list && i < list->n; i++) {
		const struct sp_node *c = list->items[i];

		sp_buf_printf(out, "  %-26s %s", text_of(c, "type"), text_of(c, "status"));
		if (*text_of(c, "reason"))
			sp_buf_printf(out, "  %s", text_of(c, "reason"));
		if (*text_of(c, "message"))
			sp_buf_printf(out, ": %s", text_of(c, "message"));
		sp_buf_putc(out, '\n');
	}
}

/* The Kubernetes events of the record. */
static int put_events(struct sp_cli *cli, struct sp_buf *out, const struct sp_pod_entry *p,
		      struct sp_error *err)
{
	static const char *const headers[] = {"  AT", "TYPE", "REASON", "CONTAINER", "MESSAGE"};
	const char *path = sp_arena_printf(&cli->arena, "%s/record.jsonl", p->dir);
	struct sp_source src;
	struct sp_table t;
	uint32_t n = 0;

	if (!path || sp_cli_read(cli, path, &src, err) < 0)
		return -1;
	sp_table_init(&t, &cli->arena, headers, SP_ARRAY_LEN(headers));
	for (size_t at = 0; at < src.len;) {
		const char *nl = memchr(src.bytes + at, '\n', src.len - at);
		size_t len = nl ? (size_t)(nl - src.bytes) - at : src.len - at;
		struct sp_record_line l;
		char mem[32];
		struct sp_buf b = sp_buf_fixed(mem, sizeof(mem));

		if (nl && sp_record_parse_line(&cli->arena, src.bytes + at, len, &l, err) == 0 &&
		    !l.is_header && l.fact.is_event) {
			sp_buf_puts(&b, "  ");
			sp_format_elapsed(&b, l.fact.t_ns);
			sp_table_add(&t, mem);
			sp_table_add(&t, l.fact.warning ? "Warning" : "Normal");
			sp_table_add(&t, l.fact.reason);
			sp_table_add(&t, l.fact.ctr);
			sp_table_add(&t, l.fact.message);
			n++;
		}
		at += len + 1;
	}
	sp_buf_puts(out, n ? "Events:\n" : "Events:         <none>\n");
	if (n)
		sp_table_print(&t, true, out);
	return 0;
}

static int describe(struct sp_cli *cli, const struct sp_pod_entry *p, struct sp_buf *out,
		    struct sp_error *err)
{
	sp_buf_printf(out, "%-16s%s\n%-16s%s\n%-16s%s\n", "Name:", p->name, "Namespace:", p->ns,
		      "UID:", p->uid);
	sp_buf_printf(out, "%-16s%s\n", "Start time:", text_of(p->doc, "status.startTime"));
	sp_describe_map(out, "Labels", 16, sp_node_at(p->doc, "metadata.labels"));
	sp_describe_map(out, "Annotations", 16, sp_node_at(p->doc, "metadata.annotations"));
	sp_buf_printf(out, "%-16s%s (phase %s)\n", "Status:", p->status, sp_pod_phase(p));
	if (*text_of(p->doc, "status.reason"))
		sp_buf_printf(out, "%-16s%s\n", "Reason:", text_of(p->doc, "status.reason"));
	if (*text_of(p->doc, "status.message"))
		sp_buf_printf(out, "%-16s%s\n", "Message:", text_of(p->doc, "status.message"));
	sp_buf_printf(out, "%-16s%s\n", "IP:", *p->ip ? p->ip : "<none>");
	sp_buf_printf(out, "%-16s%s\n", "QoS class:", text_of(p->doc, "status.qosClass"));
	sp_buf_printf(out, "%-16s%s\n", "Restart policy:", p->header.restart_policy);
	sp_buf_printf(out, "%-16s%llds\n", "Grace period:", (long long)p->header.grace_s);
	put_containers(out, p);
	put_conditions(out, p);
	return put_events(cli, out, p, err);
}

static int describe_pod(struct sp_cli *cli, const struct sp_place *place, const char *name,
			struct sp_buf *out, struct sp_error *err)
{
	struct sp_pod_entry p;

	return sp_pods_find(cli, place, name, &p, err) < 0 ? -1 : describe(cli, &p, out, err);
}

/* ---- objects of sessions --------------------------------------------------------------------- */

/* Those of one kind in the object's namespace, as trees. */
static uint32_t pick(struct sp_cli *cli, const struct sp_session_object *v, uint32_t n,
		     const char *kind, const char *ns, const struct sp_node *const **ret)
{
	const struct sp_node **list = sp_arena_array(&cli->arena, n + 1u, sizeof(*list));
	uint32_t kept = 0;

	*ret = list;
	for (uint32_t i = 0; list && i < n; i++)
		if (sp_streq(v[i].kind, kind) && sp_streq(v[i].ns, ns))
			list[kept++] = v[i].node;
	return kept;
}

static int describe_objects(struct sp_cli *cli, const struct sp_get_want *w,
			    const struct sp_session_object *v, uint32_t n, struct sp_buf *out,
			    struct sp_error *err)
{
	bool any = false;

	for (uint32_t i = 0; i < n; i++) {
		struct sp_described d = {.object = v[i].node, .now_wall = sp_now_wall()};

		if (!sp_streq(v[i].kind, w->kind->kind) ||
		    (w->name && !sp_streq(v[i].name, w->name)))
			continue;
		sp_buf_puts(out, out->len ? "\n\n" : "");
		any = true;
		d.n_events = pick(cli, v, n, "Event", v[i].ns, &d.events);
		d.n_slices = pick(cli, v, n, "EndpointSlice", v[i].ns, &d.slices);
		sp_describe_object(&cli->arena, &d, out);
	}
	if (any || !w->name)
		return 0;
	return sp_fail(err, SP_E_NOT_FOUND, "no %s '%s' in namespace '%s' of a running session",
		       w->kind->words[1], w->name, sp_flag_text(cli, "namespace"));
}

static int describe_all(struct sp_cli *cli, const struct sp_place *place,
			const struct sp_get_query *q, struct sp_session_link *links,
			uint32_t n_links, struct sp_buf *out, struct sp_error *err)
{
	const char **kinds = sp_arena_array(&cli->arena, q->n + 3u, sizeof(*kinds));
	struct sp_session_object *v;
	uint32_t n;

	if (!kinds)
		return sp_fail(err, SP_E_NO_MEMORY, "describe objects");
	for (uint32_t i = 0; i < q->n; i++)
		kinds[i] = q->v[i].kind->kind;
	kinds[q->n] = "Event";
	kinds[q->n + 1] = "EndpointSlice";
	if (sp_sessions_list(cli, links, n_links, kinds, sp_flag_text(cli, "namespace"), &v, &n,
			     err) < 0)
		return -1;
	for (uint32_t i = 0; i < q->n; i++) {
		bool pod = sp_streq(q->v[i].kind->kind, "Pod") && q->v[i].name;

		if (pod)
			sp_buf_puts(out, out->len ? "\n\n" : "");
		if (pod ? describe_pod(cli, place, q->v[i].name, out, err) < 0
			: describe_objects(cli, &q->v[i], v, n, out, err) < 0)
			return -1;
	}
	return 0;
}

static int run(struct sp_cli *cli, int argc, char **argv)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf out = {0};
	struct sp_session_link *links = NULL;
	struct sp_get_query q;
	struct sp_place place;
	struct sp_error err;
	uint32_t n_links = 0;
	bool words = strchr(argv[0], '/') ||
		     (argc > 1 && sp_resource_find(argv[0], strcspn(argv[0], ",")));
	int r = 0;

	if (sp_place_open(cli, &place, &err) < 0)
		return sp_cli_fail(cli, &err);
	if (words && sp_get_query_parse(cli, argc, argv, &q, &err) < 0)
		return sp_cli_usage(cli, "%s", err.text);
	if (words)
		r = sp_sessions_connect(cli, &place, &links, &n_links, &err);
	if (words && r == 0)
		r = describe_all(cli, &place, &q, links, n_links, &out, &err);
	sp_sessions_hang_up(links, n_links);
	for (int i = 0; !words && r == 0 && i < argc; i++) { /* names alone are those of pods */
		sp_buf_puts(&out, i ? "\n\n" : "");
		r = describe_pod(cli, &place, argv[i], &out, &err);
	}
	return r < 0 ? sp_cli_fail(cli, &err) : sp_cli_print(cli, &out);
}

const struct sp_command sp_command_describe = {
	.name = "describe",
	.summary = "Tell everything about a pod or another object",
	.args = "[KIND] NAME…",
	.about =
		"Of a pod: containers in start order with role and gate, their states and last "
		"states, conditions and events. With a kind in front, or as KIND/NAME, any object of "
		"a running session: its numbers, its pods' template, conditions and events. Values "
		"of Secrets are not shown; `sidepod get secret -o yaml` does.",
	.examples = {{"describe web", "a pod"},
		     {"describe deploy/web", "a Deployment"},
		     {"describe svc web db", "two Services, with those who serve them"}},
	.min_args = 1,
	.max_args = -1,
	.completes = SP_COMPLETE_POD,
	.run = run,
};
