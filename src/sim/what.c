/* SPDX-License-Identifier: Apache-2.0 */
/* A scenario entry from a manifest, and corrections to it; see what.h. */
#include "sim/what.h"

#include "base/text.h"

#include <stdarg.h>

#define EXIT_AFTER 10 /* s: how long programs that end are taken to run */

static const char *const probe_keys[] = {"startupProbe", "readinessProbe", "livenessProbe"};
static const char *const nested_keys[] = {"startupProbe", "readinessProbe", "livenessProbe",
					  "postStart", "preStop"};

static int out_of_memory(struct sp_error *err)
{
	return sp_fail(err, SP_E_NO_MEMORY, "make a scenario of a manifest");
}

/* A tree from YAML text of our own making, or from a user's value. */
static struct sp_node *parse_text(struct sp_arena *a, const char *text, struct sp_error *err)
{
	const struct sp_source src = {"value", text, strlen(text)};
	struct sp_diags diags;
	struct sp_node **docs;
	uint32_t n;

	sp_diags_init(&diags, a);
	if (sp_yaml_parse(a, &src, &diags, &docs, &n) == 0 && n == 1)
		return docs[0];
	sp_fail(err, SP_E_INVALID, "'%s' cannot be read%s%s", text, diags.n ? ": " : "",
		diags.n ? diags.v[0].message : "");
	return NULL;
}

static struct sp_node *parse_fmt(struct sp_arena *a, struct sp_error *err, const char *fmt, ...)
	SP_PRINTF(3, 4);
static struct sp_node *parse_fmt(struct sp_arena *a, struct sp_error *err, const char *fmt, ...)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf b = {0};
	const char *text;
	va_list ap;

	va_start(ap, fmt);
	sp_buf_vprintf(&b, fmt, ap);
	va_end(ap);
	text = b.failed ? NULL : sp_arena_strdup(a, b.ptr);
	if (!text) {
		out_of_memory(err);
		return NULL;
	}
	return parse_text(a, text, err);
}

static int assume(struct sp_what *w, const char *ctr, const char *key, const char *fmt, ...)
	SP_PRINTF(4, 5);
static int assume(struct sp_what *w, const char *ctr, const char *key, const char *fmt, ...)
{
	char mem[256];
	struct sp_buf b = sp_buf_fixed(mem, sizeof(mem));
	va_list ap;

	va_start(ap, fmt);
	sp_buf_vprintf(&b, fmt, ap);
	va_end(ap);
	if (w->n_assumed == w->cap_assumed) {
		uint32_t cap = w->cap_assumed ? w->cap_assumed * 2 : 32;
		struct sp_assumption *v = sp_arena_array(w->arena, cap, sizeof(*v));

		if (!v)
			return -1;
		if (w->n_assumed)
			memcpy(v, w->assumed, w->n_assumed * sizeof(*v));
		w->assumed = v;
		w->cap_assumed = cap;
	}
	w->assumed[w->n_assumed] = (struct sp_assumption){
		.ctr = ctr, .key = key, .text = sp_arena_strdup(w->arena, mem)};
	return w->assumed[w->n_assumed++].text ? 0 : -1;
}

/* Told by the user now: no assumption any more. */
static void forget(struct sp_what *w, const char *ctr, const char *key)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < w->n_assumed; i++)
		if (!sp_streq(w->assumed[i].ctr, ctr) || !sp_streq(w->assumed[i].key, key))
			w->assumed[n++] = w->assumed[i];
	w->n_assumed = n;
}

/* ---- from the manifest ---------------------------------------------------------------------- */

static int put(struct sp_arena *a, struct sp_node *map, const char *key, struct sp_node *v)
{
	return v ? sp_node_set(a, map, key, v) : -1;
}

static int put_int(struct sp_arena *a, struct sp_node *map, const char *key,
		   const struct sp_opt_int *v)
{
	return v->set ? put(a, map, key, sp_node_new_int(a, v->v)) : 0;
}

static int add_probe(struct sp_what *w, struct sp_node *ctr, const char *name, const char *key,
		     const struct sp_k_probe *p, const char *result, const char *sentence)
{
	struct sp_arena *a = w->arena;
	struct sp_node *n;

	if (!p)
		return 0;
	n = sp_node_new(a, SP_NODE_MAP);
	if (!n || put_int(a, n, "initialDelaySeconds", &p->initial_delay_s) < 0 ||
	    put_int(a, n, "periodSeconds", &p->period_s) < 0 ||
	    put_int(a, n, "timeoutSeconds", &p->timeout_s) < 0 ||
	    put_int(a, n, "successThreshold", &p->success_threshold) < 0 ||
	    put_int(a, n, "failureThreshold", &p->failure_threshold) < 0 ||
	    put_int(a, n, "terminationGracePeriodSeconds", &p->grace_s) < 0 ||
	    put(a, n, "result", parse_text(a, result, NULL)) < 0 || put(a, ctr, key, n) < 0)
		return -1;
	return assume(w, name, key, "%s: %s %s", name, key, sentence);
}

/* "sleep 5", also through a shell: the seconds as text. NULL: the command is none like that. */
static const char *slept(struct sp_arena *a, const struct sp_k_exec *exec)
{
	const struct sp_strs *c = &exec->command;
	const char *program = c->n ? strrchr(c->v[0], '/') : NULL, *text = NULL;
	size_t n;

	program = program ? program + 1 : c->n ? c->v[0] : "";
	if (sp_streq(program, "sleep") && c->n == 2)
		text = c->v[1];
	else if ((sp_streq(program, "sh") || sp_streq(program, "bash")) && c->n == 3 &&
		 sp_streq(c->v[1], "-c") && strncmp(c->v[2], "sleep ", 6) == 0)
		text = c->v[2] + 6;
	n = text ? strspn(text, "0123456789") : 0;
	if (n == 0 || n > 6 || (text[n] && !sp_streq(text + n, "s")))
		return NULL;
	return sp_arena_strndup(a, text, n);
}

static int add_hook(struct sp_what *w, struct sp_node *ctr, const char *name, const char *key,
		    const struct sp_k_handler *h)
{
	struct sp_arena *a = w->arena;
	const char *seconds;
	long long span;

	if (!h)
		return 0;
	seconds = h->exec ? slept(a, h->exec) : NULL;
	if (seconds)
		return put(a, ctr, key, parse_fmt(a, NULL, "{type: exec, takes: %s}", seconds)) < 0
			       ? -1
			       : assume(w, name, key, "%s: the %s hook sleeps for %s s, as it says",
					name, key, seconds);
	if (h->sleep) {
		span = h->sleep->seconds.v;
		return put(a, ctr, key, parse_fmt(a, NULL, "{type: sleep, takes: %lld}", span));
	}
	if (h->tcp)
		return put(a, ctr, key, parse_text(a, "{type: tcp, result: fail}", NULL));
	if (put(a, ctr, key,
		parse_fmt(a, NULL, "{type: %s, takes: 1}", h->http ? "http" : "exec")) < 0)
		return -1;
	return assume(w, name, key, "%s: the %s hook succeeds after 1 s", name, key);
}

static bool ends_by_itself(const struct sp_k_container *c, const struct sp_k_pod_spec *spec)
{
	const char *policy = c->restart_policy ? c->restart_policy : spec->restart_policy;

	return policy && !sp_streq(policy, "Always");
}

static int add_run(struct sp_what *w, struct sp_node *ctr, const struct sp_k_container *c,
		   const struct sp_k_pod_spec *spec, enum sp_role role)
{
	int after = role == SP_ROLE_INIT                             ? 1
		    : role == SP_ROLE_APP && ends_by_itself(c, spec) ? EXIT_AFTER
								     : 0;

	if (!after)
		return assume(w, c->name, "run", "%s: runs until it is stopped", c->name);
	if (put(w->arena, ctr, "run",
		parse_fmt(w->arena, NULL, "[{exit_after: %d, code: 0}]", after)) < 0)
		return -1;
	return assume(w, c->name, "run", "%s: exits with 0 after %d s", c->name, after);
}

static struct sp_node *make_ctr(struct sp_what *w, const struct sp_k_container *c,
				const struct sp_k_pod_spec *spec, bool init)
{
	struct sp_arena *a = w->arena;
	struct sp_node *n = sp_node_new(a, SP_NODE_MAP);
	const struct sp_node *rules = sp_node_get(c->node, "restartPolicyRules");
	enum sp_role role = !init ? SP_ROLE_APP
			    : c->restart_policy && sp_streq(c->restart_policy, "Always")
				    ? SP_ROLE_SIDECAR
				    : SP_ROLE_INIT;

	if (!n || put(a, n, "name", sp_node_new_str(a, c->name)) < 0)
		return NULL;
	if (c->restart_policy &&
	    put(a, n, "restartPolicy", sp_node_new_str(a, c->restart_policy)) < 0)
		return NULL;
	if (rules && put(a, n, "restartPolicyRules", sp_node_clone(a, rules)) < 0)
		return NULL;
	if (add_run(w, n, c, spec, role) < 0 ||
	    put(a, n, "sigterm", parse_text(a, "{exits_after: 1, code: 0}", NULL)) < 0 ||
	    assume(w, c->name, "sigterm", "%s: exits with 0, 1 s after SIGTERM", c->name) < 0)
		return NULL;
	if (add_probe(w, n, c->name, probe_keys[SP_PROBE_STARTUP], c->startup, "{after: 2}",
		      "succeeds from 2 s after the launch on") < 0 ||
	    add_probe(w, n, c->name, probe_keys[SP_PROBE_READINESS], c->readiness, "{after: 2}",
		      "succeeds from 2 s after the launch on") < 0 ||
	    add_probe(w, n, c->name, probe_keys[SP_PROBE_LIVENESS], c->liveness, "always",
		      "always succeeds") < 0)
		return NULL;
	if (c->lifecycle && (add_hook(w, n, c->name, "postStart", c->lifecycle->post_start) < 0 ||
			     add_hook(w, n, c->name, "preStop", c->lifecycle->pre_stop) < 0))
		return NULL;
	return n;
}

static int add_list(struct sp_what *w, struct sp_node *pod, const char *key,
		    const struct sp_k_container *v, uint32_t n, const struct sp_k_pod_spec *spec,
		    bool init)
{
	struct sp_node *list = sp_node_new(w->arena, SP_NODE_LIST);

	for (uint32_t i = 0; list && i < n; i++) {
		struct sp_node *c = make_ctr(w, &v[i], spec, init);

		if (!c || sp_node_push(w->arena, list, c) < 0)
			return -1;
	}
	return n ? put(w->arena, pod, key, list) : 0;
}

static int add_gates(struct sp_what *w, struct sp_node *pod, const struct sp_k_pod_spec *spec)
{
	struct sp_node *list = sp_node_new(w->arena, SP_NODE_LIST);

	for (uint32_t i = 0; list && i < spec->readiness_gates.n; i++)
		if (sp_node_push(w->arena, list,
				 sp_node_new_str(w->arena,
						 spec->readiness_gates.v[i].condition_type)) < 0)
			return -1;
	return spec->readiness_gates.n ? put(w->arena, pod, "readinessGates", list) : 0;
}

int sp_what_init(struct sp_arena *a, const char *name, const struct sp_k_pod_spec *spec,
		 struct sp_what *ret, struct sp_error *err)
{
	struct sp_what w = {.arena = a, .entry = sp_node_new(a, SP_NODE_MAP)};
	struct sp_node *pod = sp_node_new(a, SP_NODE_MAP);

	if (!w.entry || !pod || put(a, w.entry, "id", sp_node_new_str(a, name)) < 0 ||
	    put(a, w.entry, "title", sp_node_new_str(a, "made from a manifest")) < 0 ||
	    put(a, w.entry, "pod", pod) < 0)
		return out_of_memory(err);
	if (spec->restart_policy &&
	    put(a, pod, "restartPolicy", sp_node_new_str(a, spec->restart_policy)) < 0)
		return out_of_memory(err);
	if (put_int(a, pod, "terminationGracePeriodSeconds", &spec->grace_s) < 0 ||
	    put_int(a, pod, "activeDeadlineSeconds", &spec->active_deadline_s) < 0 ||
	    add_gates(&w, pod, spec) < 0 ||
	    add_list(&w, pod, "initContainers", spec->init_containers.v, spec->init_containers.n,
		     spec, true) < 0 ||
	    add_list(&w, pod, "containers", spec->containers.v, spec->containers.n, spec, false) <
		    0 ||
	    assume(&w, "", "image", "images are on the machine already") < 0 ||
	    assume(&w, "", "engine", "creating sandboxes and containers takes no time") < 0)
		return out_of_memory(err);
	*ret = w;
	return 0;
}

/* ---- corrections ---------------------------------------------------------------------------- */

static struct sp_node *find_ctr(const struct sp_what *w, const char *name)
{
	static const char *const lists[] = {"initContainers", "containers"};
	const struct sp_node *pod = sp_node_get(w->entry, "pod");

	for (size_t l = 0; l < SP_ARRAY_LEN(lists); l++) {
		const struct sp_node *list = sp_node_get(pod, lists[l]);

		for (uint32_t i = 0; list && i < list->n; i++)
			if (sp_streq(sp_node_str(sp_node_get(list->items[i], "name"), ""), name))
				return list->items[i];
	}
	return NULL;
}

static struct sp_node *child(struct sp_node *map, const char *key)
{
	for (uint32_t i = 0; map->kind == SP_NODE_MAP && i < map->n; i++)
		if (sp_streq(map->pairs[i].key, key))
			return map->pairs[i].value;
	return NULL;
}

static bool is_nested(const char *key)
{
	for (size_t i = 0; i < SP_ARRAY_LEN(nested_keys); i++)
		if (sp_streq(nested_keys[i], key))
			return true;
	return false;
}

/* Put @v at @key of a container; probes and hooks are merged member by member. */
static int correct(struct sp_what *w, struct sp_node *ctr, const char *key, const struct sp_node *v,
		   struct sp_error *err)
{
	const char *name = sp_node_str(sp_node_get(ctr, "name"), "");
	struct sp_node *old = child(ctr, key);

	if (is_nested(key)) {
		if (!old)
			return sp_fail(err, SP_E_INVALID, "container '%s' has no %s", name, key);
		if (v->kind != SP_NODE_MAP)
			return sp_fail(err, SP_E_INVALID,
				       "%s.%s: 'result' or 'takes' can be set, not the whole", name,
				       key);
		for (uint32_t i = 0; i < v->n; i++)
			if (!sp_streq(v->pairs[i].key, "result") &&
			    !sp_streq(v->pairs[i].key, "takes"))
				return sp_fail(err, SP_E_INVALID,
					       "%s.%s.%s comes from the manifest; 'result' and "
					       "'takes' can be set",
					       name, key, v->pairs[i].key);
			else if (put(w->arena, old, v->pairs[i].key,
				     sp_node_clone(w->arena, v->pairs[i].value)) < 0)
				return out_of_memory(err);
	} else if (put(w->arena, ctr, key, sp_node_clone(w->arena, v)) < 0) {
		return out_of_memory(err);
	}
	forget(w, name, key);
	return 0;
}

static int correct_run(struct sp_what *w, struct sp_node *ctr, const char *key,
		       const struct sp_node *v, struct sp_error *err)
{
	const char *name = sp_node_str(sp_node_get(ctr, "name"), "");
	struct sp_node *runs = child(ctr, "run");
	struct sp_node **items = &runs; /* a map is one for all instances */
	uint32_t n = 1;

	if (!runs) {
		runs = parse_text(w->arena, "{}", err);
		if (!runs)
			return -1;
		if (put(w->arena, ctr, "run", runs) < 0)
			return out_of_memory(err);
	}
	if (runs->kind == SP_NODE_LIST) {
		items = runs->items;
		n = runs->n;
	} else if (runs->kind != SP_NODE_MAP) {
		return sp_fail(err, SP_E_INVALID, "container '%s': run is a list or a map", name);
	}
	for (uint32_t i = 0; i < n; i++)
		if (put(w->arena, items[i], key, sp_node_clone(w->arena, v)) < 0)
			return out_of_memory(err);
	forget(w, name, "run");
	if (sp_streq(key, "exit_after"))
		return 0;
	for (uint32_t i = 0; i < n; i++) {
		struct sp_node *run = items[i], *after = child(run, "exit_after");

		if (sp_streq(key, "oom") && v->b && !child(run, "code") &&
		    put(w->arena, run, "code", sp_node_new_int(w->arena, 137)) < 0)
			return out_of_memory(err);
		if (after && !sp_streq(sp_node_str(after, ""), "never"))
			continue;
		/* how it ends is told, so it ends */
		if (put(w->arena, run, "exit_after", sp_node_new_int(w->arena, EXIT_AFTER)) < 0 ||
		    assume(w, name, "run", "%s: exits after %d s", name, EXIT_AFTER) < 0)
			return out_of_memory(err);
	}
	return 0;
}

/* Ready after some time: its probes succeed from then on. */
static int correct_ready(struct sp_what *w, struct sp_node *ctr, const struct sp_node *v,
			 struct sp_error *err)
{
	const char *name = sp_node_str(sp_node_get(ctr, "name"), "");
	struct sp_node *over =
		parse_fmt(w->arena, err, "{result: {after: %s}}", v->text ? v->text : "?");
	bool any = false;

	for (int k = SP_PROBE_STARTUP; over && k <= SP_PROBE_READINESS; k++)
		if (child(ctr, probe_keys[k])) {
			any = true;
			if (correct(w, ctr, probe_keys[k], over, err) < 0)
				return -1;
		}
	if (!over)
		return -1;
	if (!any)
		return sp_fail(err, SP_E_INVALID,
			       "container '%s' has no startup or readiness probe: it is ready as "
			       "soon as it runs",
			       name);
	return 0;
}

static int correct_key(struct sp_what *w, const char *name, const char *key,
		       const struct sp_node *v, struct sp_error *err)
{
	struct sp_node *ctr = find_ctr(w, name), *over;

	if (!ctr)
		return sp_fail(err, SP_E_INVALID, "the pod has no container '%s'", name);
	if (sp_streq(key, "exit_after") || sp_streq(key, "code") || sp_streq(key, "oom"))
		return correct_run(w, ctr, key, v, err);
	if (sp_streq(key, "ready_after"))
		return correct_ready(w, ctr, v, err);
	if (sp_streq(key, "stop_takes") || sp_streq(key, "pull_takes")) {
		bool stop = sp_streq(key, "stop_takes");

		over = parse_fmt(w->arena, err,
				 stop ? "{exits_after: %s, code: 0}" : "{pull_takes: %s}",
				 v->text ? v->text : "?");
		return over ? correct(w, ctr, stop ? "sigterm" : "image", over, err) : -1;
	}
	return correct(w, ctr, key, v, err);
}

/* "result.after" = 3 → {result: {after: 3}} */
static struct sp_node *wrap(struct sp_what *w, const char *path, struct sp_node *value)
{
	const char *dot = strchr(path, '.');
	struct sp_node *map = sp_node_new(w->arena, SP_NODE_MAP);
	const char *key =
		sp_arena_strndup(w->arena, path, dot ? (size_t)(dot - path) : strlen(path));

	if (dot)
		value = wrap(w, dot + 1, value);
	return map && key && value && sp_node_set(w->arena, map, key, value) == 0 ? map : NULL;
}

static int take_set(struct sp_what *w, const char *assignment, struct sp_error *err)
{
	const char *eq = strchr(assignment, '=');
	struct sp_node *value, *wrapped, *ctr, *old;
	char *path, *key, *member;

	path = eq ? sp_arena_strndup(w->arena, assignment, (size_t)(eq - assignment)) : NULL;
	key = path ? strchr(path, '.') : NULL;
	if (!key)
		return sp_fail(err, SP_E_INVALID,
			       "'%s': write <container>.<key>=<value>, for example "
			       "app.exit_after=5",
			       assignment);
	*key++ = 0;
	value = parse_text(w->arena, eq + 1, err);
	if (!value)
		return -1;
	member = strchr(key, '.');
	if (!member)
		return correct_key(w, path, key, value, err);
	*member++ = 0;
	ctr = find_ctr(w, path);
	old = ctr ? child(ctr, key) : NULL;
	if (old && old->kind == SP_NODE_MAP && !is_nested(key) && !strchr(member, '.')) {
		/* one member of what is assumed, the others stay */
		wrapped = sp_node_clone(w->arena, old);
		if (!wrapped || put(w->arena, wrapped, member, value) < 0)
			return out_of_memory(err);
	} else {
		wrapped = wrap(w, member, value);
		if (!wrapped)
			return out_of_memory(err);
	}
	return correct_key(w, path, key, wrapped, err);
}

static int add_stimulus(struct sp_what *w, struct sp_node *st, struct sp_error *err)
{
	struct sp_node *list = child(w->entry, "stimuli");

	if (!list) {
		list = sp_node_new(w->arena, SP_NODE_LIST);
		if (!list || put(w->arena, w->entry, "stimuli", list) < 0)
			return out_of_memory(err);
	}
	return sp_node_push(w->arena, list, st) < 0 ? out_of_memory(err) : 0;
}

static int correct_ctr(struct sp_what *w, const char *name, const struct sp_node *over,
		       struct sp_error *err)
{
	static const char *const skip[] = {"name", "restartPolicy", "restartPolicyRules"};

	if (over->kind != SP_NODE_MAP)
		return sp_fail(err, SP_E_INVALID, "container '%s': a map is needed", name);
	if (!find_ctr(w, name))
		return sp_fail(err, SP_E_INVALID, "the pod has no container '%s'", name);
	for (uint32_t i = 0; i < over->n; i++) {
		const struct sp_pair *p = &over->pairs[i];
		bool spec = false;

		for (size_t k = 0; k < SP_ARRAY_LEN(skip); k++)
			spec |= sp_streq(skip[k], p->key);
		if (!spec && correct_key(w, name, p->key, p->value, err) < 0)
			return -1;
	}
	return 0;
}

/* Only what a scenario says about behaviour; the numbers of its probes are the manifest's. */
static struct sp_node *behaviour_alone(struct sp_arena *a, const struct sp_node *ctr)
{
	struct sp_node *n = sp_node_clone(a, ctr);

	for (size_t k = 0; n && k < SP_ARRAY_LEN(nested_keys); k++) {
		struct sp_node *old = child(n, nested_keys[k]), *kept;

		if (!old)
			continue;
		kept = sp_node_new(a, SP_NODE_MAP);
		if (!kept)
			return NULL;
		if ((child(old, "result") &&
		     sp_node_set(a, kept, "result", child(old, "result")) < 0) ||
		    (child(old, "takes") &&
		     sp_node_set(a, kept, "takes", child(old, "takes")) < 0) ||
		    sp_node_set(a, n, nested_keys[k], kept) < 0)
			return NULL;
	}
	return n;
}

static int take_stimuli(struct sp_what *w, const struct sp_node *list, struct sp_error *err)
{
	for (uint32_t i = 0; list && list->kind == SP_NODE_LIST && i < list->n; i++) {
		struct sp_node *st = sp_node_clone(w->arena, list->items[i]);

		if (!st || add_stimulus(w, st, err) < 0)
			return -1;
	}
	return 0;
}

static int take_file(struct sp_what *w, const struct sp_source *src, struct sp_error *err)
{
	static const char *const lists[] = {"initContainers", "containers"};
	static const char *const keys[] = {"containers", "stimuli", NULL};
	const struct sp_scn_reader r = {.arena = w->arena, .file = src->name, .err = err};
	const struct sp_node *doc, *entry, *map;
	struct sp_diags diags;
	struct sp_node **docs;
	uint32_t n;

	sp_diags_init(&diags, w->arena);
	if (sp_yaml_parse(w->arena, src, &diags, &docs, &n) < 0 || n != 1)
		return sp_fail(err, SP_E_INVALID, "%s: %s", src->name,
			       diags.n ? diags.v[0].message : "one document is needed");
	doc = docs[0];
	entry = sp_node_at(doc, "scenarios[0]");
	if (!entry) {
		if (sp_scn_keys(&r, doc, "scenario", keys, NULL) < 0)
			return -1;
		map = sp_node_get(doc, "containers");
		if (map && map->kind != SP_NODE_MAP)
			return sp_scn_fail(&r, map, "containers: a map by name is needed");
		for (uint32_t i = 0; map && map->kind == SP_NODE_MAP && i < map->n; i++)
			if (correct_ctr(w, map->pairs[i].key, map->pairs[i].value, err) < 0)
				return -1;
		return take_stimuli(w, sp_node_get(doc, "stimuli"), err);
	}
	for (size_t l = 0; l < SP_ARRAY_LEN(lists); l++) {
		const struct sp_node *list = sp_node_get(sp_node_get(entry, "pod"), lists[l]);

		for (uint32_t i = 0; list && list->kind == SP_NODE_LIST && i < list->n; i++) {
			struct sp_node *over = behaviour_alone(w->arena, list->items[i]);

			if (!over)
				return out_of_memory(err);
			if (correct_ctr(w, sp_node_str(sp_node_get(over, "name"), ""), over, err) <
			    0)
				return -1;
		}
	}
	return take_stimuli(w, sp_node_get(entry, "stimuli"), err);
}

/* Can what was told be understood? @file, or @word before the text of the error. */
static int verify(struct sp_what *w, const char *file, const char *word, struct sp_error *err)
{
	const struct sp_scenario s = {.node = w->entry, .file = file, .id = "", .rules = ""};
	struct sp_scn_pod pod;
	const char *text;

	if (sp_scenario_pod(w->arena, &s, SP_KUBE_MINOR, &pod, err) == 0)
		return 0;
	text = strstr(err->text, ": "); /* "file:line: …" */
	if (word && text && err->code == SP_E_INVALID)
		return sp_fail(err, SP_E_INVALID, "'%s': %s", word,
			       sp_arena_strdup(w->arena, text + 2));
	return -1;
}

int sp_what_set(struct sp_what *w, const char *assignment, struct sp_error *err)
{
	return take_set(w, assignment, err) < 0 ? -1 : verify(w, "", assignment, err);
}

int sp_what_file(struct sp_what *w, const struct sp_source *src, struct sp_error *err)
{
	if (take_file(w, src, err) < 0)
		return strncmp(err->text, src->name, strlen(src->name)) == 0
			       ? -1
			       : sp_wrap(err, "%s", src->name);
	return verify(w, src->name, NULL, err);
}

int sp_what_delete_at(struct sp_what *w, sp_time at, const char *why, struct sp_error *err)
{
	struct sp_node *st =
		parse_fmt(w->arena, err, "{at: %.9g, delete: {}}", (double)at / (double)SP_SEC);

	if (!st || add_stimulus(w, st, err) < 0)
		return -1;
	return assume(w, "", "delete", "the pod is deleted at %g s%s", (double)at / (double)SP_SEC,
		      why) < 0
		       ? out_of_memory(err)
		       : 0;
}

bool sp_what_has_stimuli(const struct sp_what *w)
{
	return sp_node_get(w->entry, "stimuli") != NULL;
}

int sp_what_pod(struct sp_what *w, int kube_minor, struct sp_scn_pod *ret, struct sp_error *err)
{
	const struct sp_scenario s = {
		.node = w->entry, .file = "simulation", .id = "", .rules = ""};

	return sp_scenario_pod(w->arena, &s, kube_minor, ret, err);
}

/* ---- sentences ------------------------------------------------------------------------------ */

/*
 * Words must match, letters' case aside. C: a container, T and U: time spans, N: a number; they
 * replace $C, $T, $U and $N in the template: keys of container C, or a stimulus when it has none
 * of the container's keys (it starts with "at").
 */
static const struct {
	const char *words, *makes;
} sentences[] = {
	{"C ignores SIGTERM", "sigterm: ignore"},
	{"C needs T to stop", "sigterm: {exits_after: $T, code: 0}"},
	{"C crashes at T", "{at: $T, crash: {container: $C, code: 1}}"},
	{"C crashes at T with code N", "{at: $T, crash: {container: $C, code: $N}}"},
	{"C crashes after T", "run: [{exit_after: $T, code: 1}]"},
	{"C crashes once after T", "run: [{exit_after: $T, code: 1}, {exit_after: never}]"},
	{"C exits after T", "run: [{exit_after: $T, code: 0}]"},
	{"C exits N after T", "run: [{exit_after: $T, code: $N}]"},
	{"C never exits", "run: [{exit_after: never}]"},
	{"C needs T to start", "start_takes: $T"},
	{"C cannot be launched", "run: [{launch_error: true}]"},
	{"C is OOM-killed at T", "{at: $T, oom: $C}"},
	{"C is ready after T", "ready_after: $T"},
	{"C is never ready", "readinessProbe: {result: never}"},
	{"C never starts up", "startupProbe: {result: never}"},
	{"C liveness fails after T", "livenessProbe: {result: {until: $T}}"},
	{"C readiness fails after T", "readinessProbe: {result: {until: $T}}"},
	{"C image is missing", "image: bad"},
	{"C image takes T", "image: {pull_takes: $T}"},
	{"C image changes at T", "{at: $T, set_image: {container: $C, image: changed}}"},
	{"C preStop takes T", "preStop: {takes: $T}"},
	{"C preStop hangs", "preStop: {takes: forever}"},
	{"C preStop fails", "preStop: {result: fail}"},
	{"C postStart takes T", "postStart: {takes: $T}"},
	{"C postStart hangs", "postStart: {takes: forever}"},
	{"C postStart fails", "postStart: {result: fail}"},
	{"delete at T", "{at: $T, delete: {}}"},
	{"delete at T grace N", "{at: $T, delete: {grace: $N}}"},
	{"sandbox is lost at T", "{at: $T, sandbox_lost: true}"},
	{"reboot at T", "{at: $T, sandbox_lost: true}"},
	{"engine restarts at T for U", "{at: $T, daemon_restart: {down_for: $U}}"},
};

struct words {
	char *v[16];
	uint32_t n;
};

struct bound {
	const char *c, *t, *u, *n;
};

static int split(struct sp_arena *a, const char *text, struct words *ret)
{
	char *copy = sp_arena_strdup(a, text), *p = copy;

	ret->n = 0;
	while (copy && *p && ret->n < SP_ARRAY_LEN(ret->v)) {
		while (*p == ' ')
			p++;
		if (!*p)
			break;
		ret->v[ret->n++] = p;
		p += strcspn(p, " ");
		if (*p)
			*p++ = 0;
	}
	return copy ? 0 : -1;
}

/* "3s", "1m30s", "0.5" → a number of seconds as text; NULL when it is none. */
static const char *span_text(struct sp_arena *a, const char *word)
{
	sp_time t;
	int64_t whole;

	if (sp_parse_i64(word, 0, INT32_MAX, &whole) == 0)
		return word;
	if (sp_parse_go_duration(word, &t) < 0 || t < 0)
		return NULL;
	return sp_arena_printf(a, "%.9g", (double)t / (double)SP_SEC);
}

static bool same_word(const char *a, const char *b)
{
	return sp_edit_distance(a, b, 1) == 0;
}

static bool bind_words(struct sp_arena *a, const struct words *pattern, const struct words *given,
		       struct bound *b)
{
	int64_t number;

	*b = (struct bound){0};
	if (pattern->n != given->n)
		return false;
	for (uint32_t i = 0; i < given->n; i++) {
		const char *p = pattern->v[i], *g = given->v[i];

		if (sp_streq(p, "C"))
			b->c = g;
		else if (sp_streq(p, "T") && !(b->t = span_text(a, g)))
			return false;
		else if (sp_streq(p, "U") && !(b->u = span_text(a, g)))
			return false;
		else if (sp_streq(p, "N") && sp_parse_i64(g, 0, INT32_MAX, &number) < 0)
			return false;
		else if (sp_streq(p, "N"))
			b->n = g;
		else if (!strchr("CTUN", *p) || p[1])
			if (!same_word(p, g))
				return false;
	}
	return true;
}

static const char *fill(struct sp_arena *a, const char *makes, const struct bound *b)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf out = {0};

	for (const char *p = makes; *p; p++) {
		if (*p != '$') {
			sp_buf_putc(&out, *p);
			continue;
		}
		p++;
		sp_buf_puts(&out, *p == 'C' ? b->c : *p == 'T' ? b->t : *p == 'U' ? b->u : b->n);
	}
	return out.failed ? NULL : sp_arena_strdup(a, out.ptr);
}

static int apply_sentence(struct sp_what *w, const char *makes, const struct bound *b,
			  struct sp_error *err)
{
	const char *text;
	struct sp_node *n;

	if (b->c && !find_ctr(w, b->c))
		return sp_fail(err, SP_E_INVALID, "the pod has no container '%s'", b->c);
	text = fill(w->arena, makes, b);
	if (!text)
		return out_of_memory(err);
	n = parse_text(w->arena, text, err);
	if (!n)
		return -1;
	if (sp_node_get(n, "at"))
		return add_stimulus(w, n, err);
	assert(b->c); /* a sentence without a time speaks of a container */
	return correct_ctr(w, b->c, n, err);
}

int sp_what_if(struct sp_what *w, const char *sentence, struct sp_error *err)
{
	struct words given, pattern;
	struct bound b;

	if (split(w->arena, sentence, &given) < 0)
		return out_of_memory(err);
	for (size_t i = 0; i < SP_ARRAY_LEN(sentences); i++) {
		if (split(w->arena, sentences[i].words, &pattern) < 0)
			return out_of_memory(err);
		if (bind_words(w->arena, &pattern, &given, &b))
			return apply_sentence(w, sentences[i].makes, &b, err);
	}
	return sp_fail(err, SP_E_INVALID, "'%s' is not understood", sentence);
}

void sp_what_if_list(struct sp_buf *out)
{
	for (size_t i = 0; i < SP_ARRAY_LEN(sentences); i++)
		sp_buf_printf(out, "%s\n", sentences[i].words);
}
