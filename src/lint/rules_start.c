/* SPDX-License-Identifier: Apache-2.0 */
/* SP201 … SP212: what waits for whom at the start, and what only seems to. */
#include "lint/lint_internal.h"

#include "base/text.h"

#define GATE_BUDGET_S 60 /* proposed at least */
#define BUDGET_MIN_S  5
#define DELAY_WORTH_S 2

/* What starts after @c: the next init container or, behind the last sidecar, the apps. */
static const char *next_name(const struct lpod *p, const struct lctr *c)
{
	return c->at + 1 < p->n ? p->c[c->at + 1].name : "the next container";
}

static const struct sp_cat_health *cat_health(const struct lctr *c, const char *use)
{
	for (uint32_t i = 0; c->e && i < c->e->n_health; i++)
		if (sp_streq(c->e->health[i].use, use))
			return &c->e->health[i];
	return NULL;
}

static struct sp_node *strs_node(struct sp_arena *a, const struct sp_strs *s)
{
	struct sp_node *n = sp_node_new(a, SP_NODE_LIST);

	for (uint32_t i = 0; n && i < s->n; i++)
		if (sp_node_push(a, n, sp_node_new_str(a, s->v[i])) < 0)
			return NULL;
	return n;
}

/* The startup probe that the catalogue recommends. */
static struct sp_node *cat_probe(struct lpod *p, const struct lctr *c)
{
	const struct sp_cat_health *h = cat_health(c, "startup");
	struct sp_arena *a = &p->l->arena;
	struct sp_node *n, *cmd;

	if (!h)
		return NULL;
	if (h->exec.n) {
		n = fix_yaml(p->l, "{exec: {}, periodSeconds: 1, failureThreshold: 60}");
		cmd = strs_node(a, &h->exec);
		if (!n || !cmd || sp_node_set(a, n->pairs[0].value, "command", cmd) < 0)
			return NULL;
		n->pairs[0].value->flow = false;
		return n;
	}
	if (h->path)
		return fix_yaml(p->l, say(p->l,
					  "httpGet:\n  path: %s\n  port: %u\n%speriodSeconds: 1\n"
					  "failureThreshold: %d\n",
					  h->path, h->port, h->https ? "  scheme: HTTPS\n" : "",
					  SP_MAX(GATE_BUDGET_S, c->e->start_s * 2)));
	return fix_yaml(
		p->l, say(p->l, "tcpSocket:\n  port: %u\nperiodSeconds: 1\nfailureThreshold: %d\n",
			  h->port, GATE_BUDGET_S));
}

static bool has_switch(const struct lpod *p, const struct lctr *c, const struct sp_cat_health *h)
{
	return !h->switch_seen || lctr_switched(p, c, h->switch_seen);
}

/* Arguments that the recommended gate needs and that are not there. */
static struct sp_strs missing_args(struct lpod *p, const struct lctr *c,
				   const struct sp_cat_health *h)
{
	struct sp_strs s = {
		.v = sp_arena_array(&p->l->arena, (size_t)h->switch_add.n + 1, sizeof(*s.v))};

	for (uint32_t i = 0; s.v && !has_switch(p, c, h) && i < h->switch_add.n; i++)
		s.v[s.n++] = h->switch_add.v[i];
	for (uint32_t i = 0; s.v && i < c->e->n_ports; i++) {
		const struct sp_cat_port *port = &c->e->ports[i];

		if (port->port == h->port && !h->exec.n && port->loopback && port->bind_add &&
		    !lctr_told(p, c, port->bind_seen)) {
			s.v[s.n++] = port->bind_add;
			break;
		}
	}
	return s;
}

/* The catalogue's gate, with the arguments that it needs. */
static bool propose_cat_gate(struct lpod *p, struct sp_finding *f, const struct lctr *c)
{
	const struct sp_cat_health *h = cat_health(c, "startup");
	const struct sp_node *old = sp_node_get(c->k->node, "args");
	struct sp_node *probe = cat_probe(p, c);
	SP_CLEANUP(sp_buf_done) struct sp_buf with = {0};
	struct sp_strs more;

	if (!probe || (!has_switch(p, c, h) && h->switch_add.n == 0))
		return false; /* its server is switched on in a place that is not seen here */
	more = missing_args(p, c, h);
	for (uint32_t i = 0; i < more.n; i++)
		sp_buf_printf(&with, "%s%s", i ? " " : ", with the arguments ", more.v[i]);
	if (h->exec.n)
		f->fix =
			say(p->l, "add a startupProbe that runs %s, periodSeconds 1", h->exec.v[0]);
	else
		f->fix = say(p->l, "add a startupProbe: %s%s on port %u, periodSeconds 1%s",
			     h->path ? "GET " : "tcp", h->path ? h->path : "", h->port,
			     with.ptr ? with.ptr : "");
	if (more.n && (!old || c->k->command.n))
		return true; /* without args in the manifest the image's own would be replaced */
	fix_set(p, f, c->k->node, "startupProbe", probe, NULL);
	for (uint32_t i = 0; i < more.n; i++)
		fix_arg(p, f, c, more.v[i]);
	return true;
}

/* Does anything that starts later need @s to be up? *port: which port, 0 none in particular. */
static const struct lctr *who_needs(const struct lpod *p, const struct lctr *s, int64_t *port)
{
	const struct sp_cat_health *h;

	for (const struct lctr *c = s + 1; c < p->c + p->n; c++)
		for (uint32_t r = 0; r < c->n_refs; r++)
			if (lctr_port(s, c->refs[r].port)) {
				*port = c->refs[r].port;
				return c;
			}
	h = cat_health(s, "startup");
	*port = h && h->port ? h->port : s->n_ports ? s->ports[0].port : 0;
	if (s->e && s->known <= SP_LIKELY &&
	    (s->e->type == SP_CAT_MESH || s->e->type == SP_CAT_PROXY ||
	     s->e->type == SP_CAT_DB_PROXY || s->e->type == SP_CAT_SECRETS))
		return s + 1 < p->c + p->n ? s + 1 : NULL;
	return NULL;
}

static void no_gate(struct lpod *p)
{
	EACH_SIDECAR(p, c)
	{
		const struct lctr *needs;
		struct sp_finding *f;
		int64_t port;

		if (c->k->startup || c->k->readiness ||
		    (c->k->lifecycle && c->k->lifecycle->post_start))
			continue;
		needs = who_needs(p, c, &port);
		f = hit(p, "SP201", SP_CERTAIN, c, NULL,
			"%s starts as soon as %s's process exists; nothing waits %s",
			needs ? needs->name : next_name(p, c), c->name,
			port ? say(p->l, "for port %lld", (long long)port)
			     : "until it can be used");
		hit_severity(f, needs ? SP_SEV_WARNING : SP_SEV_INFO);
		(void)propose_cat_gate(p, f, c); /* without a known gate the rule's words do */
	}
}

/* Would this probe fail as a start gate? Then it must not be copied. */
static bool cannot_be_gate(const struct lpod *p, const struct lctr *c, const struct sp_k_probe *pr)
{
	int64_t port = lprobe_port(c, pr);

	for (uint32_t i = 0; c->e && i < c->e->n_ports; i++)
		if (c->e->ports[i].loopback && !pr->exec &&
		    (c->e->ports[i].port == port || c->e->ports[i].port == 0) &&
		    !lctr_told(p, c, c->e->ports[i].bind_seen))
			return true;
	for (uint32_t i = 0; c->e && i < c->e->n_health; i++)
		if (c->e->health[i].port == port && !has_switch(p, c, &c->e->health[i]))
			return true;
	if (lprobe_path_missing(c, pr))
		return true;
	/* the product's listener is on loopback, whatever its port is */
	return c->e && c->e->type == SP_CAT_DB_PROXY && pr->tcp;
}

static void readiness_as_gate(struct lpod *p)
{
	EACH_SIDECAR(p, c)
	{
		const struct sp_k_probe *r = c->k->readiness;
		struct sp_node *copy;
		struct sp_finding *f;

		if (!r || c->k->startup || !r->node)
			continue;
		f = hit(p, "SP202", SP_CERTAIN, c, r->node,
			"readinessProbe only affects pod readiness; it does not delay %s",
			next_name(p, c));
		if (cannot_be_gate(p, c, r)) {
			if (!propose_cat_gate(p, f, c))
				f->fix = "first make the probe work (see the other findings), then "
					 "give it as startupProbe with periodSeconds: 1";
			continue;
		}
		copy = sp_node_clone(&p->l->arena, r->node);
		if (!copy)
			continue;
		for (uint32_t i = 0; i < copy->n;)
			if (sp_streq(copy->pairs[i].key, "initialDelaySeconds") ||
			    sp_streq(copy->pairs[i].key, "successThreshold")) {
				memmove(&copy->pairs[i], &copy->pairs[i + 1],
					(copy->n - i - 1) * sizeof(*copy->pairs));
				copy->n--;
			} else {
				i++;
			}
		if (sp_node_set(&p->l->arena, copy, "periodSeconds",
				sp_node_new_int(&p->l->arena, 1)) == 0 &&
		    sp_node_set(&p->l->arena, copy, "failureThreshold",
				sp_node_new_int(&p->l->arena,
						SP_MAX(GATE_BUDGET_S, lprobe_budget(r)))) == 0)
			fix_set(p, f, c->k->node, "startupProbe", copy, NULL);
	}
}

static void slow_gate(struct lpod *p)
{
	EACH_SIDECAR(p, c)
	{
		const struct sp_k_probe *s = c->k->startup;
		int64_t period = s ? lprobe_period(s) : 0;
		int64_t tries = s && s->failure_threshold.set ? s->failure_threshold.v : 3;
		struct sp_finding *f;

		if (!s || (s->period_s.set && period <= DELAY_WORTH_S))
			continue;
		f = hit(p, "SP203", SP_CERTAIN, c, node_of(s->node, "periodSeconds"),
			"periodSeconds %lld%s: about %lld s is added to every start",
			(long long)period, s->period_s.set ? "" : " (the default)",
			(long long)period);
		f->fix = say(p->l, "periodSeconds: 1 and failureThreshold: %lld",
			     (long long)(tries * period));
		fix_set_int(p, f, s->node, "periodSeconds", 1);
		fix_set_int(p, f, s->node, "failureThreshold", tries * period);
	}
}

static void gate_delay(struct lpod *p)
{
	EACH_SIDECAR(p, c)
	{
		const struct sp_k_probe *s = c->k->startup;

		if (!s || !s->initial_delay_s.set || s->initial_delay_s.v <= 0)
			continue;
		fix_op(p,
		       hit(p, "SP204", SP_CERTAIN, c, node_of(s->node, "initialDelaySeconds"),
			   "initialDelaySeconds adds %lld s even when %s is ready sooner",
			   (long long)s->initial_delay_s.v, c->name),
		       SP_OP_REMOVE, s->node)
			->key = "initialDelaySeconds";
	}
}

static void gate_budget(struct lpod *p)
{
	EACH_SIDECAR(p, c)
	{
		int64_t want = c->e && c->known <= SP_LIKELY && c->e->start_s > BUDGET_MIN_S
				       ? c->e->start_s
				       : BUDGET_MIN_S;
		int64_t budget = c->budget_s, period;
		struct sp_finding *f;

		if (!c->k->startup || budget < 0)
			continue;
		/* a gate of many short periods loses the first one to the launch itself */
		if (budget >= want || lprobe_budget(c->k->startup) >= want)
			continue;
		period = lprobe_period(c->k->startup);
		f = hit(p, "SP205", SP_CERTAIN, c, node_of(c->k->startup->node, "failureThreshold"),
			"%s is killed after %lld s if it is not up; the app then never starts",
			c->name, (long long)budget);
		fix_set_int(p, f, c->k->startup->node, "failureThreshold",
			    (GATE_BUDGET_S + period - 1) / period);
	}
}

static void budget_and_deadline(struct lpod *p)
{
	const struct sp_k_job_spec *job = p->obj->job;
	int64_t sum = lpod_gates(p), deadline = 0;
	const char *field = NULL;
	const struct sp_node *node = NULL;

	if (p->obj->o.kind == SP_KIND_DEPLOYMENT) {
		const struct sp_k_workload_spec *s = p->obj->o.workload->spec;

		deadline = lpod_progress_deadline(p);
		field = s->progress_deadline_s.set ? "progressDeadlineSeconds"
						   : "progressDeadlineSeconds (default)";
		node = node_of(s->node, "progressDeadlineSeconds");
	}
	if (job && job->active_deadline_s.set) {
		deadline = job->active_deadline_s.v;
		node = sp_node_get(job->node, "activeDeadlineSeconds");
		field = "activeDeadlineSeconds";
	} else if (p->spec->active_deadline_s.set) {
		deadline = p->spec->active_deadline_s.v;
		node = sp_node_get(p->spec->node, "activeDeadlineSeconds");
		field = "activeDeadlineSeconds";
	}
	if (field && sum > deadline)
		hit(p, "SP206", SP_CERTAIN, NULL, node,
		    "start gates may take %lld s but %s gives up after %lld s", (long long)sum,
		    field, (long long)deadline);
}

static void post_start_gate(struct lpod *p)
{
	EACH(p, c)
	{
		const struct sp_k_handler *h = c->k->lifecycle ? c->k->lifecycle->post_start : NULL;
		bool waits = false;
		struct sh sh;

		if (!h || !h->exec || c->role == SP_ROLE_INIT)
			continue;
		sh_parse(&p->l->arena, h->exec->command.v, h->exec->command.n, &sh);
		for (uint32_t i = 0; i < sh.n; i++)
			waits |= sh.v[i].lead == SH_UNTIL || sh.v[i].lead == SH_WHILE ||
				 sh_is(&sh.v[i], "sleep|wait|nc|curl") || sh_waits(&sh, i);
		if (waits)
			hit(p, "SP207", SP_CERTAIN, c, h->node,
			    "postStart used as a start gate works by accident of the kubelet's "
			    "serial start; a failing hook kills %s",
			    c->name);
	}
}

/* Does a word of @c, or a file that it writes, name localhost:@port? */
static bool asks_port(struct lpod *p, const struct sh_cmd *c, int64_t port)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf b = {0};

	for (uint32_t i = 0; i < c->n; i++)
		sp_buf_printf(&b, "%s ", c->w[i]);
	for (uint32_t i = 0; i < c->n_out; i++)
		sp_buf_printf(&b, "%s ", c->out[i]);
	p->l->no_memory |= b.failed;
	return !b.failed && b.ptr && lref_in(b.ptr, port);
}

/* A sidecar whose startup probe holds back everything behind it, at one of the places in @text. */
static const struct lctr *gated_owner(struct lpod *p, const struct lctr *c, const char *text)
{
	for (uint32_t r = 0; r < c->n_refs; r++) {
		const struct lctr *s = lpod_owner(p, c->refs[r].port, c);

		if (s && s->role == SP_ROLE_SIDECAR && s->k->startup && s->at < c->at &&
		    (strstr(text, say(p->l, ":%u", c->refs[r].port)) ||
		     strstr(text, say(p->l, " %u", c->refs[r].port))))
			return s;
	}
	return NULL;
}

static bool is_idle_wait(struct lpod *p, const struct lctr *c, const struct sh *st,
			 const char *text)
{
	return sh_only_waits(st) && gated_owner(p, c, text) && !strstr(text, " -- ");
}

/* The words of a tool that waits and then runs something: up to and with "--"; 0 none. */
static uint32_t waiting_words(const struct lctr *c)
{
	for (uint32_t i = 1; i < c->k->command.n; i++)
		if (sp_streq(c->k->command.v[i], "--"))
			return i + 1;
	return 0;
}

static void propose_no_wait(struct lpod *p, struct sp_finding *f, const struct lctr *c)
{
	if (c->sh.shell)
		fix_without(p, f, c, is_idle_wait);
	else if (waiting_words(c) && sh_is(&c->sh.v[0], "wait-for-it|wait-for-it.sh|wait-for") &&
		 gated_owner(p, c, c->words))
		fix_unwrap(p, f, c, waiting_words(c), "");
}

static void wait_loops(struct lpod *p)
{
	EACH(p, c)
	{
		const struct sp_node *at = node_of(
			c->k->node,
			sp_node_get(c->k->node, "args") && c->k->args.n ? "args" : "command");

		for (uint32_t i = 0; i < c->sh.n; i++) {
			const struct lctr *s = NULL;
			int64_t port = 0;

			if (!sh_waits(&c->sh, i))
				continue;
			for (uint32_t r = 0; r < c->n_refs && !s; r++) {
				port = c->refs[r].port;
				if (asks_port(p, &c->sh.v[i], port))
					s = lpod_owner(p, port, c);
			}
			if (s)
				propose_no_wait(
					p,
					hit(p, "SP208", SP_CERTAIN, c, at,
					    "%s polls port %lld of %s; a native gate makes this "
					    "unnecessary",
					    c->name, (long long)port, s->name),
					c);
			else if (p->n_sidecars && (sh_is(&c->sh.v[i], "linkerd-await|scuttle|"
								      "kubexit|envoy-preflight|"
								      "pilot-agent")))
				hit(p, "SP208", SP_CERTAIN, c, at,
				    "%s waits for a sidecar with %s; a native gate makes this "
				    "unnecessary",
				    c->name, c->sh.v[i].w[0]);
			else
				continue;
			break;
		}
	}
}

/* The path that a loop waits for: while [ ! -f PATH ], until [ -e PATH ], inotifywait PATH. */
static const char *awaited_file(const struct sh_cmd *c)
{
	if (sh_is(c, "inotifywait") && c->n > 1)
		return c->w[c->n - 1];
	if (!sh_is(c, "[|test|[[") || (c->lead != SH_WHILE && c->lead != SH_UNTIL))
		return NULL;
	for (uint32_t i = 1; i + 1 < c->n; i++)
		if (sp_streq(c->w[i], "-f") || sp_streq(c->w[i], "-e") || sp_streq(c->w[i], "-s"))
			return c->w[i + 1];
	return NULL;
}

/* Where a path of a container lies on a volume, for comparison; NULL: on none */
static const char *on_volume(struct lpod *p, const struct lctr *c, const char *path)
{
	const struct sp_k_mount *m = lctr_mount_of(c, path);
	size_t len = m ? strlen(m->mount_path) : 0;

	if (!m || !m->name)
		return NULL;
	while (len && m->mount_path[len - 1] == '/')
		len--;
	return say(p->l, "%s:%s%s%s", m->name, m->sub_path && *m->sub_path ? "/" : "",
		   m->sub_path ? m->sub_path : "", path + len);
}

/* Does @c write what is at @where on a volume, in its commands before @end? */
static bool writes_file(struct lpod *p, const struct lctr *c, const char *where, uint32_t end)
{
	for (uint32_t i = 0; i < SP_MIN(end, c->sh.n); i++) {
		const struct sh_cmd *s = &c->sh.v[i];
		const char *path;

		for (uint32_t k = 0; k < s->n_out; k++)
			if ((path = on_volume(p, c, s->out[k])) && sp_streq(path, where))
				return true;
		for (uint32_t k = 1; sh_is(s, "touch|cp|mv|tee|mkfifo") && k < s->n; k++)
			if ((path = on_volume(p, c, s->w[k])) && sp_streq(path, where))
				return true;
	}
	return false;
}

static void flag_files(struct lpod *p)
{
	EACH(p, a)
	{
		for (uint32_t i = 0; i < a->sh.n; i++) {
			const char *path = awaited_file(&a->sh.v[i]);
			const char *where = path ? on_volume(p, a, path) : NULL;

			if (!where)
				continue;
			EACH(p, b)
			{
				if (b != a && writes_file(p, b, where, UINT32_MAX))
					hit(p, "SP209", SP_CERTAIN, a, NULL,
					    "flag file %s couples %s and %s", path, a->name,
					    b->name);
			}
		}
	}
}

static void gate_deadlock(struct lpod *p)
{
	EACH_SIDECAR(p, c)
	{
		const struct sp_k_probe *s = c->k->startup;
		const struct lctr *late = NULL;
		int64_t port = s ? lprobe_port(c, s) : 0;

		if (!s)
			continue;
		if (c->e && c->e->probes_app && s->http && s->http->path &&
		    (sp_streq(s->http->path, "/v1.0/healthz") || !cat_health(c, "startup")) &&
		    c + 1 < p->c + p->n) {
			hit(p, "SP210", SP_LIKELY, c, s->node,
			    "%s waits for %s, and %s waits for %s", c->name, p->c[p->n - 1].name,
			    p->c[p->n - 1].name, c->name);
			continue;
		}
		if (s->exec) {
			struct sh sh;

			sh_parse(&p->l->arena, s->exec->command.v, s->exec->command.n, &sh);
			for (uint32_t i = c->at + 1; i < p->n && !late; i++)
				for (uint32_t k = 0; k < p->c[i].n_ports && !late; k++)
					if (lref_in(sh.text, p->c[i].ports[k].port) &&
					    !lctr_port(c, p->c[i].ports[k].port))
						late = &p->c[i];
		} else if (port && !lctr_port(c, port)) {
			late = lpod_owner(p, port, c);
			if (late && (late->at < c->at))
				late = NULL;
		}
		if (late)
			hit(p, "SP210", SP_CERTAIN, c, s->node,
			    "%s waits for %s, and %s waits for %s", c->name, late->name, late->name,
			    c->name);
	}
}

/* Does the script make the file, or wait for it, before its command @i? */
static bool comes_first(struct lpod *p, const struct lctr *c, const char *path, uint32_t i)
{
	if (writes_file(p, c, on_volume(p, c, path), i))
		return true;
	while (i-- > 0) {
		const char *awaited = awaited_file(&c->sh.v[i]);

		if (awaited && sp_streq(awaited, path))
			return true;
	}
	return false;
}

static void tail_missing(struct lpod *p)
{
	EACH(p, c)
	{
		if (c->role == SP_ROLE_APP)
			continue;
		for (uint32_t i = 0; i < c->sh.n; i++) {
			const struct sh_cmd *t = &c->sh.v[i];
			const struct sp_k_mount *m;
			bool small_f = false;

			if (!sh_is(t, "tail") || t->n < 3)
				continue;
			for (uint32_t k = 1; k + 1 < t->n; k++)
				small_f |= t->w[k][0] == '-' && strchr(t->w[k], 'f') &&
					   t->w[k][1] != '-';
			m = lctr_mount_of(c, t->w[t->n - 1]);
			if (!small_f || !m || !m->name || comes_first(p, c, t->w[t->n - 1], i))
				continue;
			EACH_APP(p, app)
			{
				bool shares = false;
				struct sp_finding *f;
				const char *text = NULL, *where;
				const struct sp_node *list;

				for (uint32_t k = 0; k < app->k->mounts.n; k++)
					shares |= app->k->mounts.v[k].name &&
						  sp_streq(app->k->mounts.v[k].name, m->name);
				if (!shares)
					continue;
				f = hit(p, "SP211", SP_CERTAIN, c, NULL,
					"%s starts before %s exists and exits; use tail -F or touch "
					"it first",
					c->name, t->w[t->n - 1]);
				/* in the text that holds it, -f becomes -F */
				for (int l = 0; l < 2; l++) {
					list = sp_node_get(c->k->node, l ? "args" : "command");
					for (uint32_t k = 0; list && k < list->n; k++) {
						text = list->items[k]->text;
						where = text ? strstr(text, "tail -f ") : NULL;
						if (where)
							fix_op(p, f, SP_OP_SCALAR, list->items[k])
								->value = sp_node_new_str(
								&p->l->arena,
								say(p->l, "%.*stail -F %s",
								    (int)(where - text), text,
								    where + 8));
						else if (text && sp_streq(text, "-f") &&
							 !c->sh.shell)
							fix_op(p, f, SP_OP_SCALAR, list->items[k])
								->value =
								sp_node_new_str(&p->l->arena, "-F");
					}
				}
				break;
			}
		}
	}
}

static bool read_only_in(const struct lctr *c, const char *volume)
{
	bool any = false;

	for (uint32_t i = 0; i < c->k->mounts.n; i++) {
		const struct sp_k_mount *m = &c->k->mounts.v[i];

		if (!m->name || !sp_streq(m->name, volume))
			continue;
		if (!m->read_only.set || !m->read_only.v)
			return false;
		any = true;
	}
	return any;
}

static bool mounts(const struct lctr *c, const char *volume)
{
	for (uint32_t i = 0; i < c->k->mounts.n; i++)
		if (c->k->mounts.v[i].name && sp_streq(c->k->mounts.v[i].name, volume))
			return true;
	return false;
}

static void volume_order(struct lpod *p)
{
	EACH_SIDECAR(p, s)
	{
		for (uint32_t i = 0; i < s->k->mounts.n; i++) {
			const char *name = s->k->mounts.v[i].name;
			const struct sp_k_volume *v = name ? lpod_volume(p, name) : NULL;
			const struct lctr *writer = NULL;
			uint32_t n = 0;

			if (!v || !v->empty_dir || !read_only_in(s, name))
				continue;
			EACH(p, c)
			{
				if (mounts(c, name) && !read_only_in(c, name)) {
					writer = c;
					n++;
				}
			}
			if (n == 1 && writer->at > s->at)
				hit(p, "SP212", SP_LIKELY, s, s->k->mounts.v[i].node,
				    "%s reads %s before %s has written it", s->name, name,
				    writer->name);
		}
	}
}

void rules_start(struct lpod *p)
{
	no_gate(p);
	readiness_as_gate(p);
	slow_gate(p);
	gate_delay(p);
	gate_budget(p);
	budget_and_deadline(p);
	post_start_gate(p);
	wait_loops(p);
	flag_files(p);
	gate_deadlock(p);
	tail_missing(p);
	volume_order(p);
}
