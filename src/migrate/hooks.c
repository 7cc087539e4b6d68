/* SPDX-License-Identifier: Apache-2.0 */
/* Hooks of the old way (M10, M11, M13, M14, M15), and gates that replace what waited (M4, M7, M8).
 */
#include "migrate/migrate_internal.h"

#include <ctype.h>
#include <stdlib.h>

#define APP_STOP_S 5 /* assumed: from SIGTERM to the exit of an app */

const char *mig_exec_text(struct mpod *p, const struct sp_k_exec *e)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf b = {0};

	if (!e)
		return "";
	if (e->command.n >= 3 && e->command.v[1][0] == '-' && strchr(e->command.v[1], 'c'))
		return e->command.v[2];
	for (uint32_t i = 0; i < e->command.n; i++)
		sp_buf_printf(&b, "%s%s", i ? " " : "", e->command.v[i]);
	return mig_say(p->m, "%s", b.ptr && !b.failed ? b.ptr : "");
}

int64_t mig_sleep_of(const char *text)
{
	char *end;
	long n;

	while (isspace((unsigned char)*text))
		text++;
	if (strncmp(text, "/bin/", 5) == 0)
		text += 5;
	if (strncmp(text, "sleep ", 6) != 0)
		return -1;
	n = strtol(text + 6, &end, 10);
	while (*end == ';' || *end == 's' || isspace((unsigned char)*end))
		end++;
	return *end || n < 0 || n > 100000 ? -1 : n;
}

/* Take one hook out, and lifecycle with it when it holds no other. */
static int remove_hook(struct mpod *p, const struct mctr *c, const char *hook, struct sp_error *err)
{
	const struct sp_node *l = c->k->lifecycle->node;
	uint32_t others = 0;

	for (uint32_t i = 0; i < l->n; i++)
		others += !sp_streq(l->pairs[i].key, hook);
	if (!others || (sp_streq(hook, "preStop") && c->gate_rule && c->k->lifecycle->post_start &&
			others == 1 && sp_streq(c->gate_rule, "M13")))
		return sp_edit_remove(p->edits, c->k->node, "lifecycle", err);
	return sp_edit_remove(p->edits, l, hook, err);
}

static bool acts_on_stop(const struct mctr *c, const char *text)
{
	return sp_seen("quitquitquit|shutdown|POST drain|drain_listeners|healthcheck/fail|-s quit|"
		       "kill|token revoke|revoke-self|graceful_shutdown|/agent/v1/quit",
		       text) ||
	       (c->known.entry && sp_seen(c->known.entry->quit_seen, text));
}

static void sidecar_pre_stop(struct mpod *p, struct mctr *c)
{
	const struct sp_k_handler *h = c->k->lifecycle->pre_stop;
	const char *text =
		h->http ? (h->http->path ? h->http->path : "") : mig_exec_text(p, h->exec);
	struct sp_error err = {0};

	if (h->sleep || mig_sleep_of(text) >= 0) {
		if (mig_done(p, remove_hook(p, c, "preStop", &err), "M10", c, h->node->at,
			     "remove the preStop sleep"))
			mig_step(p, "M10", c, h->node->at,
				 "the preStop sleep goes: it is stopped after the apps, without "
				 "guessing how long they take");
		return;
	}
	if (sp_seen("revoke", text)) {
		mig_manual(p, "M11", c, h->node->at,
			   "preStop revokes a token while the apps still work: use a setting of "
			   "the product that does it at its own end, then remove the hook");
		return;
	}
	if (!acts_on_stop(c, text))
		return;
	if (mig_done(p, remove_hook(p, c, "preStop", &err), "M11", c, h->node->at,
		     "remove the preStop hook"))
		mig_step(p, "M11", c, h->node->at,
			 "the preStop hook goes: it would end it when termination begins; SIGTERM "
			 "comes in its turn");
}

static void sidecar_post_start(struct mpod *p, struct mctr *c)
{
	const struct sp_k_handler *h = c->k->lifecycle->post_start;
	const char *text = mig_exec_text(p, h->exec);
	struct sp_error err = {0};

	if (!sp_seen("pilot-agent wait|linkerd-await|until |while |wait-for|nc -z|sleep ", text))
		return;
	if (!mig_done(p, remove_hook(p, c, "postStart", &err), "M13", c, h->node->at,
		      "remove the postStart hook"))
		return;
	c->gate_rule = "M13";
	mig_step(p, "M13", c, h->node->at,
		 "the postStart hook that held back the next container goes; a startup probe is "
		 "made for that");
	mig_hazard(p, "M13", c,
		   "annotations like holdApplicationUntilProxyStarts have no use any more");
}

/* ---- apps -------------------------------------------------------------------------------------
 */

/* 1 a Service of the input routes here, 0 none does, -1 the input holds no Service at all */
static int is_served(const struct mpod *p)
{
	int r = -1;

	for (uint32_t i = 0; i < p->all->n_objects; i++) {
		const struct sp_object *o = &p->all->objects[i];
		bool all = true;

		if (o->kind != SP_KIND_SERVICE || !o->any || !o->service->spec)
			continue;
		r = SP_MAX(r, 0);
		for (uint32_t k = 0; k < o->service->spec->selector.n; k++) {
			const struct sp_kv *kv = &o->service->spec->selector.v[k];
			const char *v = p->meta ? sp_map_get(&p->meta->labels, kv->key) : NULL;

			all &= v && sp_streq(v, kv->value);
		}
		if (all && o->service->spec->selector.n)
			return 1;
	}
	return r;
}

static bool kills_itself(const char *text, int64_t *sleep_s)
{
	const char *sleep = strstr(text, "sleep ");
	const char *kill = strstr(text, "kill ");
	size_t n;

	if (!kill || !sleep || sleep < kill)
		return false;
	kill += 5;
	while (*kill == '-')
		kill += strcspn(kill, " ") + 1;
	n = strspn(kill, " ");
	if (kill[n] != '1' || isalnum((unsigned char)kill[n + 1]))
		return false;
	*sleep_s = mig_sleep_of(sleep);
	return *sleep_s >= 0;
}

static int64_t grace_of(const struct mpod *p)
{
	return p->spec->grace_s.set ? p->spec->grace_s.v : 30;
}

static int set_sleep(struct mpod *p, const struct mctr *c, int64_t seconds, struct sp_error *err)
{
	struct sp_arena *a = &p->m->arena;
	struct sp_node *hook = sp_node_new(a, SP_NODE_MAP), *sleep = sp_node_new(a, SP_NODE_MAP);

	if (!hook || !sleep || sp_node_set(a, sleep, "seconds", sp_node_new_int(a, seconds)) < 0 ||
	    sp_node_set(a, hook, "sleep", sleep) < 0)
		return sp_fail(err, SP_E_NO_MEMORY, "migrate");
	/* the API refuses a sleep that fills the grace period */
	if (seconds >= grace_of(p)) {
		int64_t longer = ((seconds + APP_STOP_S) * 5 + 3) / 4;

		if (sp_edit_set(p->edits, p->spec->node, "terminationGracePeriodSeconds",
				sp_node_new_int(a, longer), NULL, err) < 0)
			return -1;
		mig_step(p, "M16", c, c->k->lifecycle->node->at,
			 "terminationGracePeriodSeconds: %lld, since its preStop alone fills what "
			 "it had",
			 (long long)longer);
	}
	return sp_edit_set(p->edits, c->k->lifecycle->node, "preStop", hook, NULL, err);
}

static void app_pre_stop(struct mpod *p, struct mctr *c)
{
	const struct sp_k_handler *h = c->k->lifecycle->pre_stop;
	const char *text = mig_exec_text(p, h->exec);
	bool has_action = (p->opt->kube_minor ? p->opt->kube_minor : SP_KUBE_MINOR) >= 30;
	int64_t seconds = h->exec ? mig_sleep_of(text) : -1;
	struct sp_error err = {0};
	int served;

	if (h->exec && kills_itself(text, &seconds) && has_action) {
		if (mig_done(p, set_sleep(p, c, seconds, &err), "M15", c, h->node->at,
			     "rewrite the preStop hook"))
			mig_step(p, "M15", c, h->node->at,
				 "preStop no longer kills PID 1: it serves %lld s more, then "
				 "SIGTERM comes",
				 (long long)seconds);
		return;
	}
	if (seconds < 0)
		return;
	served = p->job_like ? 0 : is_served(p);
	if (served == 0) {
		if (mig_done(p, remove_hook(p, c, "preStop", &err), "M14", c, h->node->at,
			     "remove the preStop sleep"))
			mig_step(p, "M14", c, h->node->at,
				 "the preStop sleep goes: no Service routes here, and sidecars "
				 "stay until it has ended");
	} else if (has_action) {
		if (mig_done(p, set_sleep(p, c, seconds, &err), "M14", c, h->node->at,
			     "rewrite the preStop sleep"))
			mig_step(p, "M14", c, h->node->at,
				 "the preStop sleep of %lld s needs no shell any more",
				 (long long)seconds);
		if (served < 0)
			mig_hazard(p, "M14", c,
				   "the preStop sleep is kept, since the files do not show whether "
				   "a Service routes here; without one it has no use");
	}
}

void mig_hooks(struct mpod *p)
{
	bool any = false;

	for (uint32_t i = 0; i < p->n; i++)
		any |= mig_is_sidecar(&p->c[i]);
	for (uint32_t i = 0; any && i < p->n; i++) {
		struct mctr *c = &p->c[i];

		if (c->removed || !c->k->lifecycle || !mig_wanted(p, c))
			continue;
		if (mig_is_sidecar(c) && c->k->lifecycle->post_start)
			sidecar_post_start(p, c);
		if (c->k->lifecycle->pre_stop) {
			if (mig_is_sidecar(c))
				sidecar_pre_stop(p, c);
			else if (c->role == SP_ROLE_APP)
				app_pre_stop(p, c);
		}
	}
}

/* ---- gates ------------------------------------------------------------------------------------
 */

static const struct sp_cat_port *loopback_port(const struct mctr *c, int64_t port)
{
	const struct sp_cat_entry *e = c->known.entry;

	for (uint32_t i = 0; e && i < e->n_ports; i++)
		if (e->ports[i].port == port && e->ports[i].loopback &&
		    !sp_seen(e->ports[i].bind_seen, c->words) &&
		    !sp_seen(e->ports[i].bind_seen, c->env))
			return &e->ports[i];
	return NULL;
}

static const struct sp_cat_health *catalogue_gate(const struct mctr *c)
{
	const struct sp_cat_entry *e = c->known.entry;

	for (uint32_t i = 0; e && i < e->n_health; i++)
		if (sp_streq(e->health[i].use, "startup"))
			return &e->health[i];
	return NULL;
}

static const struct sp_cat_health *health_of(const struct mctr *c, const char *path, int64_t port)
{
	const struct sp_cat_entry *e = c->known.entry;

	for (uint32_t i = 0; e && i < e->n_health; i++)
		if (e->health[i].path && path && sp_streq(e->health[i].path, path) &&
		    e->health[i].port == port)
			return &e->health[i];
	return NULL;
}

static bool is_on(const struct mctr *c, const struct sp_cat_health *h)
{
	return !h->switch_seen || sp_seen(h->switch_seen, c->words) ||
	       sp_seen(h->switch_seen, c->env);
}

static struct sp_node *yaml(struct mpod *p, const char *text)
{
	struct sp_source src = {"gate", text, strlen(text)};
	struct sp_diags diags;
	struct sp_node **docs;
	uint32_t n;

	sp_diags_init(&diags, &p->m->arena);
	if (sp_yaml_parse(&p->m->arena, &src, &diags, &docs, &n) < 0 || n != 1)
		return NULL;
	return docs[0];
}

/* Period 1, and at least as long as before until it gives up. */
static int finish_probe(struct mpod *p, struct sp_node *probe, int64_t budget_s)
{
	struct sp_arena *a = &p->m->arena;

	return sp_node_set(a, probe, "periodSeconds", sp_node_new_int(a, 1)) < 0 ||
			       sp_node_set(a, probe, "failureThreshold",
					   sp_node_new_int(a, SP_MAX(budget_s, (int64_t)60))) < 0
		       ? -1
		       : 0;
}

static int64_t port_of(const struct mctr *c, const struct sp_int_or_str *port)
{
	if (!port->str)
		return port->num;
	for (uint32_t i = 0; i < c->k->ports.n; i++)
		if (c->k->ports.v[i].name && sp_streq(c->k->ports.v[i].name, port->str))
			return c->k->ports.v[i].container_port.v;
	return 0;
}

/* Would a copy of the readiness probe pass at all, as far as one can see? */
static bool can_pass(const struct mctr *c, const struct sp_k_probe *r)
{
	int64_t port = r->http   ? port_of(c, &r->http->port)
		       : r->tcp  ? port_of(c, &r->tcp->port)
		       : r->grpc ? r->grpc->port.v
				 : 0;
	const struct sp_cat_health *h = r->http ? health_of(c, r->http->path, port) : NULL;

	if (r->exec)
		return true;
	return !loopback_port(c, port) && (!h || is_on(c, h));
}

static struct sp_node *copied_gate(struct mpod *p, const struct mctr *c)
{
	static const char *const handlers[] = {"httpGet", "tcpSocket", "grpc", "exec"};
	const struct sp_k_probe *r = c->k->readiness;
	struct sp_node *probe = sp_node_new(&p->m->arena, SP_NODE_MAP);
	int64_t period = r->period_s.set ? r->period_s.v : 10;
	int64_t times = r->failure_threshold.set ? r->failure_threshold.v : 3;
	const struct sp_node *node = r->node;

	/* what stands in the text alone: defaults are not written down */
	for (size_t i = 0; probe && i < SP_ARRAY_LEN(handlers); i++) {
		const struct sp_node *h = sp_node_get(node, handlers[i]);
		struct sp_node *copy;

		if (!h)
			continue;
		copy = sp_node_new(&p->m->arena, SP_NODE_MAP);
		for (uint32_t k = 0; copy && k < h->n; k++)
			if (h->pairs[k].at.line &&
			    sp_node_set(&p->m->arena, copy, h->pairs[k].key,
					sp_node_clone(&p->m->arena, h->pairs[k].value)) < 0)
				return NULL;
		if (!copy || sp_node_set(&p->m->arena, probe, handlers[i], copy) < 0)
			return NULL;
	}
	if (!probe || finish_probe(p, probe, period * times) < 0)
		return NULL;
	return probe;
}

/* The product's own endpoint, and the flags that it needs. */
static struct sp_node *product_gate(struct mpod *p, struct mctr *c, const struct sp_cat_health *h,
				    struct sp_strs *flags)
{
	const struct sp_cat_port *closed = h->exec.n ? NULL : loopback_port(c, h->port);
	struct sp_node *probe;

	flags->n = 0;
	flags->v = sp_arena_array(&p->m->arena, h->switch_add.n + 1, sizeof(*flags->v));
	if (!flags->v || (closed && !closed->bind_add) || (!is_on(c, h) && !h->switch_add.n))
		return NULL;
	for (uint32_t i = 0; !is_on(c, h) && i < h->switch_add.n; i++)
		flags->v[flags->n++] = h->switch_add.v[i];
	if (closed)
		flags->v[flags->n++] = closed->bind_add;
	if (h->exec.n) {
		struct sp_node *list = sp_node_new(&p->m->arena, SP_NODE_LIST);

		probe = yaml(p, "{exec: {}}");
		for (uint32_t i = 0; list && i < h->exec.n; i++)
			if (sp_node_push(&p->m->arena, list,
					 sp_node_new_str(&p->m->arena, h->exec.v[i])) < 0)
				return NULL;
		if (!probe || !list ||
		    sp_node_set(&p->m->arena, probe->pairs[0].value, "command", list) < 0)
			return NULL;
	} else {
		probe = yaml(p,
			     h->path ? mig_say(p->m, "{httpGet: {path: \"%s\", port: %u%s}}",
					       h->path, h->port, h->https ? ", scheme: HTTPS" : "")
				     : mig_say(p->m, "{tcpSocket: {port: %u}}", h->port));
	}
	return probe && finish_probe(p, probe, 60) == 0 ? probe : NULL;
}

static int add_flags(struct mpod *p, const struct mctr *c, const struct sp_strs *flags,
		     struct sp_error *err)
{
	const struct sp_node *args = sp_node_get(c->k->node, "args"), *to = args;
	struct sp_node *list = sp_node_new(&p->m->arena, SP_NODE_LIST);

	if (!flags->n)
		return 0;
	if (!to && c->k->command.n > 1)
		to = sp_node_get(c->k->node, "command");
	for (uint32_t i = 0; list && i < flags->n; i++) {
		struct sp_node *v = sp_node_new_str(&p->m->arena, flags->v[i]);

		if (!v || sp_node_push(&p->m->arena, list, v) < 0)
			return sp_fail(err, SP_E_NO_MEMORY, "migrate");
		if (to && sp_edit_insert_item(p->edits, to, 0, v, err) < 0)
			return -1;
	}
	return to ? 0 : sp_edit_set(p->edits, c->k->node, "args", list, "image", err);
}

/* It is up when it has written its files: test -e A -a -e B. */
static struct sp_node *files_gate(struct mpod *p, const struct mctr *c, const char *rule)
{
	struct sp_node *probe = yaml(p, "{exec: {command: [test]}}");
	struct sp_node *words = probe ? probe->pairs[0].value->pairs[0].value : NULL;
	bool is_pair = sp_streq(rule, "M12");

	for (uint32_t i = 0; words && i < c->n_files; i++)
		if ((i > 0 &&
		     sp_node_push(&p->m->arena, words, sp_node_new_str(&p->m->arena, "-a")) < 0) ||
		    sp_node_push(&p->m->arena, words,
				 sp_node_new_str(&p->m->arena, is_pair ? "-e" : "-f")) < 0 ||
		    sp_node_push(&p->m->arena, words, sp_node_new_str(&p->m->arena, c->files[i])) <
			    0)
			return NULL;
	return probe && finish_probe(p, probe, 60) == 0 ? probe : NULL;
}

bool mig_has_gate(const struct mctr *c)
{
	const struct sp_cat_health *h = catalogue_gate(c);

	return h && (is_on(c, h) || h->switch_add.n);
}

static void gate(struct mpod *p, struct mctr *c)
{
	const char *rule = c->gate_rule ? c->gate_rule : "M4";
	const struct sp_cat_health *h = catalogue_gate(c);
	struct sp_strs flags = {0};
	struct sp_node *probe = NULL;
	struct sp_error err = {0};
	bool copied = false;

	if (c->n_files) {
		probe = files_gate(p, c, rule);
	} else if (c->k->readiness && can_pass(c, c->k->readiness)) {
		probe = copied_gate(p, c);
		copied = true;
	} else if (h) {
		probe = product_gate(p, c, h, &flags);
	}
	if (!probe) {
		mig_manual(p, rule, c, c->k->node->at,
			   "%s needs a startup probe that tells when it is up%s%s", c->k->name,
			   h && h->switch_text ? "; its health endpoint needs " : "",
			   h && h->switch_text ? h->switch_text : "");
		return;
	}
	if (!mig_done(p, add_flags(p, c, &flags, &err), rule, c, c->k->node->at,
		      "add flags for its health endpoint") ||
	    !mig_done(p,
		      sp_edit_set(p->edits, c->k->node, "startupProbe", probe,
				  c->k->readiness ? "readinessProbe" : NULL, &err),
		      rule, c, c->k->node->at, "add a startup probe"))
		return;
	mig_step(p, rule, c, c->k->node->at,
		 copied ? "a startup probe like its readiness probe holds back what starts later"
			: "a startup probe holds back what starts later");
	if (flags.n)
		mig_step(p, rule, c, c->k->node->at,
			 "arguments that its health endpoint needs: %s%s%s", flags.v[0],
			 flags.n > 1 ? " " : "", flags.n > 1 ? flags.v[1] : "");
	mig_hazard(p, rule, c,
		   "what starts later now waits for this probe; if it can never pass, the pod "
		   "stays in Init");
}

void mig_gates(struct mpod *p)
{
	for (uint32_t i = 0; i < p->n; i++) {
		struct mctr *c = &p->c[i];

		if (!mig_is_sidecar(c) || c->removed || c->k->startup)
			continue;
		if (!c->moves && !c->gate_rule)
			continue;
		if (c->known.entry && c->known.entry->type == SP_CAT_EXPORTER)
			continue; /* it watches the app, and some end when there is none */
		if (c->gate_rule || (c->moves && c->k->readiness))
			gate(p, c);
		else if (c->moves)
			mig_hazard(p, "M4", c,
				   "nothing tells when it is up: what starts later only waits for "
				   "its process, not for its ports");
	}
}
