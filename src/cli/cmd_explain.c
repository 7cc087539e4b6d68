/* SPDX-License-Identifier: Apache-2.0 */
/* `sidepod explain`: rules, reasons and fields in words; `--order` shows a pod's start order. */
#include "cli/cli_internal.h"
#include "cli/files.h"

#include "base/text.h"
#include "draw/draw.h"
#include "explain/explain.h"
#include "lint/lint.h"
#include "spec/tables.h"

#include <stdlib.h>
#include <strings.h>

#define FIELD_DEPTH 10

/* ---- fields --------------------------------------------------------------------------------- */

/* "pod", "pods", "Deployment" → its kind; SP_KIND_UNKNOWN when it is none. */
static enum sp_kind kind_named(const char *word)
{
	size_t len = strlen(word);

	for (int k = SP_KIND_POD; k < SP_KINDS; k++) {
		const char *name = sp_kind_name((enum sp_kind)k);
		size_t n = strlen(name);

		if ((len == n || (len == n + 1 && word[n] == 's')) &&
		    strncasecmp(name, word, n) == 0)
			return (enum sp_kind)k;
	}
	return SP_KIND_UNKNOWN;
}

static const char *next_word(char **path)
{
	char *word = *path, *end = word + strcspn(word, ".[");

	*path = *end ? end + strcspn(end, ".") : end;
	if (**path)
		(*path)++;
	*end = 0;
	return word;
}

static void print_members(enum sp_type_id type, struct sp_buf *out)
{
	const struct sp_type *t = sp_type_get(type);

	sp_buf_puts(out, "\nFIELDS\n");
	for (const struct sp_field *f = t->fields; f->text; f++)
		sp_buf_printf(out, "  %-32s %s%s\n", sp_field_name(f), sp_field_kind_name(f),
			      f->act == SP_ACT_NO ? "  (not acted on)" : "");
}

static void print_field(const char *path, const struct sp_field *f, struct sp_buf *out)
{
	sp_buf_printf(out, "%s  <%s>\n", path, sp_field_kind_name(f));
	if (*sp_field_doc(f))
		sp_buf_printf(out, "  %s\n", sp_field_doc(f));
	if (sp_field_default(f))
		sp_buf_printf(out, "  default: %s\n", sp_field_default(f));
	if (sp_field_values(f))
		sp_buf_printf(out, "  values: %s\n", sp_field_values(f));
	if (sp_field_where(f))
		sp_buf_printf(out, "  on: %s\n", sp_field_where(f));
	if (f->minor)
		sp_buf_printf(out, "  since: Kubernetes 1.%u\n", f->minor);
	if (f->act == SP_ACT_NO)
		sp_buf_puts(out, "  sidepod knows this field but does not act on it\n");
	if (f->type)
		print_members((enum sp_type_id)f->type, out);
}

/* Follow "spec.containers[0].image" below @kind. Return: the last field, its path in @whole; NULL
 * when there is no such path. */
static const struct sp_field *follow(struct sp_arena *a, enum sp_kind kind, const char *path,
				     struct sp_buf *whole)
{
	enum sp_type_id type = sp_kind_type(kind);
	char *rest = sp_arena_strdup(a, path);
	const struct sp_field *f = NULL;

	sp_buf_clear(whole);
	for (const char *c = sp_kind_name(kind); *c; c++)
		sp_buf_putc(whole, *c >= 'A' && *c <= 'Z' ? (char)(*c + ('a' - 'A')) : *c);
	while (rest && *rest) {
		f = type == SP_T_NONE ? NULL : sp_type_field(type, next_word(&rest));
		if (!f)
			return NULL;
		sp_buf_printf(whole, ".%s", sp_field_name(f));
		type = (enum sp_type_id)f->type;
	}
	return f;
}

/* Paths of fields that are called @name, anywhere below @type; the first one is explained. */
static void find_field(enum sp_type_id type, const char *name, struct sp_buf *path, int depth,
		       struct sp_buf *out, uint32_t *n)
{
	const struct sp_type *t = sp_type_get(type);
	size_t len = path->len;

	for (const struct sp_field *f = t ? t->fields : NULL; f && f->text && depth < FIELD_DEPTH;
	     f++) {
		path->len = len;
		sp_buf_printf(path, ".%s", sp_field_name(f));
		if (sp_streq(sp_field_name(f), name)) {
			if (++*n == 1)
				print_field(path->ptr, f, out);
			else
				sp_buf_printf(out, "%s%s\n", *n == 2 ? "\nALSO\n  " : "  ",
					      path->ptr);
		}
		if (f->type)
			find_field((enum sp_type_id)f->type, name, path, depth + 1, out, n);
	}
	path->len = len;
}

/*
 * "pod.spec.containers.livenessProbe"; "spec.backoffLimit", of the first kind that has it;
 * "livenessProbe", wherever it stands. Return: false when it is no field.
 */
static bool explain_field(struct sp_cli *cli, const char *topic, struct sp_buf *out)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf path = {0};
	const char *dot = strchr(topic, '.');
	const char *first =
		sp_arena_strndup(&cli->arena, topic, dot ? (size_t)(dot - topic) : strlen(topic));
	enum sp_kind kind = first ? kind_named(first) : SP_KIND_UNKNOWN;
	const struct sp_field *f = NULL;
	uint32_t n = 0;

	if (kind != SP_KIND_UNKNOWN && sp_kind_type(kind) != SP_T_NONE && !dot) {
		sp_buf_printf(out, "%s  %s\n", sp_kind_name(kind), sp_kind_api_version(kind));
		print_members(sp_kind_type(kind), out);
		return true;
	}
	if (kind != SP_KIND_UNKNOWN && dot)
		f = follow(&cli->arena, kind, dot + 1, &path);
	for (int k = SP_KIND_POD; k < SP_KINDS && kind == SP_KIND_UNKNOWN && !f && dot; k++)
		f = follow(&cli->arena, (enum sp_kind)k, topic, &path);
	if (f) {
		print_field(path.ptr, f, out);
		return true;
	}
	for (int k = SP_KIND_POD; k < SP_KINDS && !dot && n == 0; k++) {
		(void)follow(&cli->arena, (enum sp_kind)k, "", &path);
		find_field(sp_kind_type((enum sp_kind)k), topic, &path, 0, out, &n);
	}
	return n > 0;
}

/* ---- rules and reasons ---------------------------------------------------------------------- */

static void print_text(struct sp_cli *cli, const struct sp_explained *e, struct sp_buf *out)
{
	sp_buf_printf(out, "%s\n  ", e->key);
	sp_wrap_text(out, e->text, 2, 2, (size_t)cli->out_look.columns);
	sp_buf_putc(out, '\n');
}

static bool explain_group(struct sp_cli *cli, const char *topic, struct sp_buf *out)
{
	const struct sp_explained *v[128];
	size_t n = sp_explain_group(topic, v, SP_ARRAY_LEN(v));

	for (size_t i = 0; i < SP_MIN(n, SP_ARRAY_LEN(v)); i++) {
		sp_buf_puts(out, i ? "\n" : "");
		print_text(cli, v[i], out);
	}
	return n > 0;
}

static int explain_topic(struct sp_cli *cli, const char *topic)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf out = {0};
	const struct sp_explained *e;
	const struct sp_lint_rule *lint = sp_lint_rule_find(topic);
	const char *nearest;

	if (strncmp(topic, "Init:", 5) == 0) /* as columns show it */
		topic = strchr(topic, '/') ? "PodInitializing" : topic + 5;
	e = sp_explain_rule(topic);
	if (!e)
		e = sp_explain_reason(topic);
	if (e)
		print_text(cli, e, &out);
	else if (lint)
		sp_lint_rule_text(lint, &out);
	else if (!explain_group(cli, topic, &out) && !explain_field(cli, topic, &out)) {
		nearest = sp_explain_nearest(topic);
		(void)sp_cli_error(cli, SP_EXIT_USAGE, "nothing is known about '%s'", topic);
		if (nearest)
			sp_cli_hint(cli, "did you mean %s?", nearest);
		else
			sp_cli_hint(cli, "rules are called TERM-12, reasons CrashLoopBackOff, "
					 "fields pod.spec.containers.livenessProbe");
		return SP_EXIT_USAGE;
	}
	return sp_cli_print(cli, &out);
}

/* ---- --order -------------------------------------------------------------------------------- */

static const char *probe_text(struct sp_arena *a, const struct sp_k_probe *p)
{
	long long period = p->period_s.set ? p->period_s.v : 10;
	long long tries = p->failure_threshold.set ? p->failure_threshold.v : 3;
	const char *how = p->http ? "GET" : p->tcp ? "tcp" : p->grpc ? "grpc" : "exec";
	const struct sp_int_or_str *port = p->http ? &p->http->port : p->tcp ? &p->tcp->port : NULL;
	const char *path = p->http && p->http->path ? p->http->path : "";

	if (port && port->str)
		return sp_arena_printf(a, "startup probe %s :%s%s every %llds, %lld tries", how,
				       port->str, path, period, tries);
	if (port)
		return sp_arena_printf(a, "startup probe %s :%lld%s every %llds, %lld tries", how,
				       (long long)port->num, path, period, tries);
	return sp_arena_printf(a, "startup probe %s every %llds, %lld tries", how, period, tries);
}

static const char *gate_text(struct sp_arena *a, const struct sp_k_container *c, enum sp_role role)
{
	bool hook = c->lifecycle && c->lifecycle->post_start;

	if (role == SP_ROLE_INIT)
		return "exit 0";
	if (role == SP_ROLE_SIDECAR && c->startup) {
		const char *probe = probe_text(a, c->startup);

		return hook && probe ? sp_arena_printf(a, "postStart, then %s", probe) : probe;
	}
	return hook ? "postStart" : role == SP_ROLE_SIDECAR ? "launched" : "";
}

static int fill_boxes(struct sp_arena *a, const struct sp_k_pod_spec *spec,
		      struct sp_order_box *ret)
{
	uint32_t n = 0;
	int turn = 1;

	for (uint32_t i = 0; i < spec->init_containers.n; i++, n++) {
		const struct sp_k_container *c = &spec->init_containers.v[i];
		bool sidecar = c->restart_policy && sp_streq(c->restart_policy, "Always");

		ret[n] = (struct sp_order_box){.name = c->name,
					       .role = sidecar ? SP_ROLE_SIDECAR : SP_ROLE_INIT};
		ret[n].gate = gate_text(a, c, ret[n].role);
		if (!ret[n].gate)
			return -1;
	}
	for (uint32_t i = 0; i < spec->containers.n; i++, n++) {
		ret[n] = (struct sp_order_box){
			.name = spec->containers.v[i].name, .role = SP_ROLE_APP, .stop_turn = turn};
		ret[n].gate = gate_text(a, &spec->containers.v[i], SP_ROLE_APP);
		if (!ret[n].gate)
			return -1;
	}
	for (uint32_t i = spec->init_containers.n; i-- > 0;)
		if (ret[i].role == SP_ROLE_SIDECAR)
			ret[i].stop_turn = ++turn;
	return 0;
}

static int draw_order(struct sp_cli *cli, const char *name, const struct sp_k_pod_spec *spec)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf out = {0};
	const struct sp_draw draw = {.columns = SP_MAX(cli->out_look.columns, 60),
				     .ascii = cli->out_look.ascii,
				     .color = cli->out_look.color,
				     .version = SP_VERSION};
	uint32_t n = spec->init_containers.n + spec->containers.n;
	struct sp_order_box *v = sp_arena_array(&cli->arena, (size_t)n + 1, sizeof(*v));

	if (!v || fill_boxes(&cli->arena, spec, v) < 0)
		return sp_cli_error(cli, SP_EXIT_FAILED, "out of memory");
	if (sp_flag_is(cli, "output", "svg"))
		sp_draw_order_svg(v, n, name, &draw, &out);
	else if (sp_flag_is(cli, "output", "mermaid"))
		sp_draw_order_mermaid(v, n, &out);
	else
		sp_draw_order_text(v, n, &draw, &out);
	return sp_cli_print(cli, &out);
}

static int explain_order(struct sp_cli *cli, const char *path)
{
	const struct sp_load_options opt = {.validate = SP_VALIDATE_WARN};
	struct sp_manifest m;
	struct sp_error err;
	int r = SP_EXIT_OK, n = 0;

	sp_manifest_init(&m, &opt);
	if (sp_cli_load(cli, &path, 1, &m, &err) < 0) {
		r = sp_cli_fail_input(cli, &err);
	} else {
		sp_cli_tell_findings(cli, &m);
		if (m.diags.n_errors)
			r = SP_EXIT_MANIFEST;
	}
	for (uint32_t i = 0; r == SP_EXIT_OK && i < m.n_objects; i++) {
		const struct sp_k_pod_spec *spec = sp_cli_pod_spec(&m.objects[i]);

		if (!spec)
			continue;
		n++;
		r = draw_order(cli, m.objects[i].meta ? m.objects[i].meta->name : "pod", spec);
	}
	if (r == SP_EXIT_OK && n == 0)
		r = sp_cli_error(cli, SP_EXIT_MANIFEST, "no pod in '%s'", path);
	sp_manifest_done(&m);
	return r;
}

static int run(struct sp_cli *cli, int argc, char **argv)
{
	const char *order = sp_flag_text(cli, "order");

	if (sp_flag_bool(cli, "rules")) {
		SP_CLEANUP(sp_buf_done) struct sp_buf out = {0};

		sp_explain_rules(&out);
		return sp_cli_print(cli, &out);
	}
	if (order)
		return explain_order(cli, order);
	if (argc == 0)
		return sp_cli_usage(cli, "explain what? A rule, a reason or a field");
	return explain_topic(cli, argv[0]);
}

static void complete(struct sp_cli *cli, struct sp_buf *out)
{
	sp_explain_words(out);
	for (size_t i = 0; i < sp_lint_rules_n; i++)
		sp_buf_printf(out, "%s\t%s\n", sp_lint_rules[i].id, sp_lint_rules[i].what);
}

static const struct sp_flag flags[] = {
	{.name = "order",
	 .kind = SP_FLAG_TEXT,
	 .arg = "FILE",
	 .help = "Draw in which order the containers of a manifest start and stop",
	 .completes = SP_COMPLETE_FILE},
	{.name = "rules", .kind = SP_FLAG_BOOL, .help = "List all rules, one per line"},
	{.name = "output",
	 .letter = 'o',
	 .kind = SP_FLAG_CHOICE,
	 .arg = "FORMAT",
	 .choices = "text|svg|mermaid",
	 .standard = "text",
	 .help = "Draw the order as"},
	{0},
};

const struct sp_command sp_command_explain = {
	.name = "explain",
	.summary = "Explain a rule, a status reason, a field, or a pod's order",
	.args = "RULE|REASON|FIELD",
	.flags = flags,
	.min_args = 0,
	.max_args = 1,
	.completes = SP_COMPLETE_OWN,
	.complete = complete,
	.examples = {{"explain CrashLoopBackOff", "what a reason means"},
		     {"explain pod.spec.containers.livenessProbe", "what a field means"},
		     {"explain --order pod.yaml", "who starts when, and who stops when"}},
	.run = run,
};
