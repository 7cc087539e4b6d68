/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What rules know about a pod: roles, products, ports, who talks to whom over localhost, how long
 * things take. Everything is read from the manifest and the catalogue; what is assumed says so.
 */
#include "lint/lint_internal.h"

#include "base/text.h"

#define STOP_APP_S          5       /* assumed from SIGTERM to the exit */
#define PRE_STOP_MAX_S      1000000 /* longer than any grace */
#define STOP_SIDECAR_S      1
#define PROGRESS_DEADLINE_S 600 /* by default */
#define PORTS_MAX           48
#define REFS_MAX            32

/* ---- command lines --------------------------------------------------------------------------- */

static const char *join(struct sp_arena *a, const struct sp_k_container *k)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf b = {0};
	const char *text;

	for (uint32_t i = 0; i < k->command.n; i++)
		sp_buf_printf(&b, "%s%s", b.len ? " " : "", k->command.v[i]);
	for (uint32_t i = 0; i < k->args.n; i++)
		sp_buf_printf(&b, "%s%s", b.len ? " " : "", k->args.v[i]);
	text = b.failed || !b.ptr ? NULL : sp_arena_strdup(a, b.ptr);
	return text ? text : "";
}

static const char *env_lines(struct sp_arena *a, const struct sp_k_container *k)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf b = {0};
	const char *text;

	for (uint32_t i = 0; i < k->env.n; i++)
		if (k->env.v[i].name)
			sp_buf_printf(&b, "%s=%s\n", k->env.v[i].name,
				      k->env.v[i].value ? k->env.v[i].value : "");
	text = b.failed || !b.ptr ? NULL : sp_arena_strdup(a, b.ptr);
	return text ? text : "";
}

static void parse_command(struct sp_arena *a, const struct sp_k_container *k, struct sh *ret)
{
	uint32_t n = k->command.n + k->args.n;
	const char **argv = sp_arena_array(a, (size_t)n + 1, sizeof(*argv));

	*ret = (struct sh){.text = ""};
	if (!argv)
		return;
	for (uint32_t i = 0; i < k->command.n; i++)
		argv[i] = k->command.v[i];
	for (uint32_t i = 0; i < k->args.n; i++)
		argv[k->command.n + i] = k->args.v[i];
	sh_parse(a, argv, n, ret);
}

static bool five_digits(const char *w)
{
	return strspn(w, "0123456789") == strlen(w) && strlen(w) >= 5;
}

static bool cmd_endless(const struct sh *s, const struct sh_cmd *c)
{
	if (sp_streq(c->after, "&"))
		return false;
	if (sh_is(c, "sleep") && c->n > 1 &&
	    (sp_streq(c->w[1], "infinity") || sp_streq(c->w[1], "inf") || five_digits(c->w[1])))
		return true;
	if (sh_is(c, "tail"))
		for (uint32_t i = 1; i < c->n; i++)
			if (c->w[i][0] == '-' && c->w[i][1] != '-' && strpbrk(c->w[i], "fF"))
				return true;
	if (c->lead == SH_WHILE && !c->negated &&
	    (sh_is(c, "true|:") || (sh_is(c, "[") && c->n == 3 && sp_streq(c->w[1], "1"))))
		return strstr(s->text, "break") == NULL && strstr(s->text, "exit") == NULL;
	if (c->lead == SH_UNTIL && sh_is(c, "false"))
		return true;
	if (sh_is(c, "nginx") && strstr(s->text, "daemon off"))
		return true;
	return sh_is(c, "exec") && c->n > 1 && sp_streq(c->w[1], "envoy");
}

/* --config … --watch, --config.watch */
static bool watches_config(const char *words)
{
	const char *p = strstr(words, "--config");

	return p && sp_switched("watch", p);
}

static void judge_end(struct lctr *c)
{
	const struct sh_cmd *last = c->sh.n ? &c->sh.v[c->sh.n - 1] : NULL;

	for (uint32_t i = 0; i < c->sh.n; i++)
		c->endless |= cmd_endless(&c->sh, &c->sh.v[i]);
	if (strstr(c->words, "for (( ; ; ))") || strstr(c->words, "for ((;;))"))
		c->endless = true;
	c->ends = c->guarded ||
		  (!c->endless && sp_seen("--one-time|-exit-after-auth|istio-iptables", c->words));
	c->endless |= watches_config(c->words);
	if (!c->endless && last && (c->k->command.n || c->sh.shell) &&
	    !sp_streq(last->after, "&") &&
	    sh_is(last, "echo|cp|mv|chown|chmod|mkdir|migrate|curl|wget|true|false|exit|touch")) {
		bool loop = false;

		for (uint32_t i = 0; i < c->sh.n; i++)
			loop |= c->sh.v[i].lead == SH_WHILE || c->sh.v[i].lead == SH_UNTIL;
		c->ends |= !loop || sh_is(last, "exit") || last->lead == SH_NONE;
	}
	if (!c->endless && !c->ends && !c->guarded && c->e && c->known <= SP_LIKELY) {
		c->endless = true;
		c->endless_sure = c->known;
	}
}

/* ---- ports ----------------------------------------------------------------------------------- */

static void add_port(struct lctr *c, int64_t port, bool udp, int from, const struct sp_node *node)
{
	if (port < 1 || port > 65535 || c->n_ports == PORTS_MAX)
		return;
	for (uint32_t i = 0; i < c->n_ports; i++)
		if (c->ports[i].port == port && c->ports[i].udp == udp &&
		    from != LPORT_DECLARED) /* a declared one is worth its own line */
			return;
	c->ports[c->n_ports++] =
		(struct lport){.port = (uint16_t)port, .udp = udp, .from = from, .node = node};
}

static int64_t digits_at(const char *p, const char **end)
{
	int64_t v = 0;
	int n = 0;

	for (; *p >= '0' && *p <= '9' && n < 6; p++, n++)
		v = v * 10 + (*p - '0');
	*end = p;
	return n > 0 && n < 6 && !(*p >= '0' && *p <= '9') ? v : 0;
}

static bool word_end(char ch)
{
	return !ch || strchr(" \t\n\"',;/)?", ch);
}

/* Which address a flag gives: something the program listens on, or something it calls? */
static bool is_listen_flag(const char *word)
{
	return word[0] == '-' &&
	       sp_seen("listen|bind|address|addr|metrics|health|admin|http-port|port", word) &&
	       !sp_seen("upstream|server|url|target|backend|remote|database|dsn|endpoint", word);
}

static void flag_ports(struct lctr *c, const char *const *v, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		const char *w = v[i], *eq = strchr(w, '='), *value = eq ? eq + 1 : NULL, *end;

		if (w[0] == ':' || strncmp(w, "0.0.0.0:", 8) == 0) {
			add_port(c, digits_at(strchr(w, ':') + 1, &end), false, LPORT_FLAG, NULL);
			continue;
		}
		if (w[0] != '-')
			continue;
		if (!value && i + 1 < n && v[i + 1][0] != '-')
			value = v[i + 1];
		if (!value || !(is_listen_flag(w) || sp_streq(w, "-p")))
			continue;
		if (*value == '"')
			value++;
		if (strrchr(value, ':'))
			value = strrchr(value, ':') + 1;
		if (digits_at(value, &end) && word_end(*end))
			add_port(c, digits_at(value, &end), false, LPORT_FLAG, NULL);
	}
}

static void find_ports(struct sp_arena *a, struct lctr *c)
{
	const struct sp_k_container *k = c->k;

	c->ports = sp_arena_array(a, PORTS_MAX, sizeof(*c->ports));
	if (!c->ports)
		return;
	for (uint32_t i = 0; i < k->ports.n; i++)
		if (k->ports.v[i].container_port.set)
			add_port(c, k->ports.v[i].container_port.v,
				 k->ports.v[i].protocol && sp_streq(k->ports.v[i].protocol, "UDP"),
				 LPORT_DECLARED, k->ports.v[i].node);
	flag_ports(c, k->command.v, k->command.n);
	flag_ports(c, k->args.v, k->args.n);
	for (uint32_t i = 0; i < k->env.n; i++) {
		const char *name = k->env.v[i].name, *value = k->env.v[i].value, *end;
		size_t len = name ? strlen(name) : 0;

		if (name && value &&
		    (sp_streq(name, "PORT") || sp_streq(name, "HTTP_PORT") ||
		     (len > 12 && sp_streq(name + len - 12, "_LISTEN_PORT"))) &&
		    digits_at(value, &end) && !*end)
			add_port(c, digits_at(value, &end), false, LPORT_FLAG, NULL);
	}
	for (uint32_t i = 0; c->e && c->known <= SP_LIKELY && i < c->e->n_ports; i++)
		add_port(c, c->e->ports[i].port, c->e->ports[i].udp, LPORT_CATALOGUE, NULL);
}

const struct lport *lctr_port(const struct lctr *c, int64_t port)
{
	for (uint32_t i = 0; i < c->n_ports; i++)
		if (c->ports[i].port == port)
			return &c->ports[i];
	return NULL;
}

int64_t lpod_gates(const struct lpod *p)
{
	int64_t sum = 0;

	EACH_SIDECAR(p, c)
	{
		sum += c->budget_s > 0 ? c->budget_s : 0;
	}
	return sum;
}

int64_t lpod_progress_deadline(const struct lpod *p)
{
	const struct sp_k_workload_spec *s = p->obj->o.workload->spec;

	return s->progress_deadline_s.set ? s->progress_deadline_s.v : PROGRESS_DEADLINE_S;
}

const struct lctr *lpod_owner(const struct lpod *p, int64_t port, const struct lctr * not )
{
	EACH(p, c)
	{
		if (c != not &&lctr_port(c, port))
			return c;
	}
	return NULL;
}

/* ---- who talks to whom ----------------------------------------------------------------------- */

/* The next localhost:P at or behind *@p, which goes behind its host; 0 none. */
static int64_t next_ref(const char *text, const char *host, const char **p)
{
	while ((*p = strstr(*p, host))) {
		bool device = *p - text >= 9 && strncmp(*p - 9, "/dev/tcp/", 9) == 0;
		const char *at = *p + strlen(host), *end;
		int64_t port;

		*p = at;
		if (*at != ':' && *at != ' ' && !(device && *at == '/'))
			continue;
		at++;
		if (strncmp(at, "-p ", 3) == 0 || strncmp(at, "-P ", 3) == 0)
			at += 3; /* -h localhost -p 5432 */
		port = digits_at(at, &end);
		if (port >= 1 && port <= 65535 && word_end(*end))
			return port;
	}
	return 0;
}

static const char *const local_hosts[] = {"localhost", "127.0.0.1", "[::1]"};

bool lref_in(const char *text, int64_t port)
{
	for (size_t h = 0; text && h < SP_ARRAY_LEN(local_hosts); h++) {
		const char *p = text;

		for (int64_t found; (found = next_ref(text, local_hosts[h], &p));)
			if (found == port)
				return true;
	}
	return false;
}

static void find_refs(struct lctr *c, const char *text, const struct sp_node *node)
{
	for (size_t h = 0; text && h < SP_ARRAY_LEN(local_hosts); h++) {
		const char *p = text;

		for (int64_t port; (port = next_ref(text, local_hosts[h], &p));) {
			const char *start = text;

			if (c->n_refs == REFS_MAX)
				return;
			for (const char *q = text; q < p; q++)
				if (*q == ' ' || *q == '\n')
					start = q + 1;
			if (is_listen_flag(start)) {
				add_port(c, port, false, LPORT_FLAG, NULL);
				continue;
			}
			c->refs[c->n_refs++] = (struct lref){(uint16_t)port, node};
		}
	}
}

static const struct sp_node *item(const struct sp_node *list, uint32_t i)
{
	return list && list->kind == SP_NODE_LIST && i < list->n ? list->items[i] : NULL;
}

static void find_all_refs(const struct lpod *p, struct lctr *c)
{
	const struct sp_k_container *k = c->k;

	c->refs = sp_arena_array(&p->l->arena, REFS_MAX, sizeof(*c->refs));
	if (!c->refs)
		return;
	for (uint32_t i = 0; i < k->command.n; i++)
		find_refs(c, k->command.v[i], item(sp_node_get(k->node, "command"), i));
	for (uint32_t i = 0; i < k->args.n; i++)
		find_refs(c, k->args.v[i], item(sp_node_get(k->node, "args"), i));
	for (uint32_t i = 0; i < k->env.n; i++)
		find_refs(c, k->env.v[i].value, node_of(k->env.v[i].node, "value"));
	for (uint32_t i = 0; i < k->mounts.n; i++) {
		const struct sp_k_volume *v =
			k->mounts.v[i].name ? lpod_volume(p, k->mounts.v[i].name) : NULL;
		const struct sp_lint_object *o =
			v && v->config_map && v->config_map->name
				? lpod_object(p, SP_KIND_CONFIG_MAP, v->config_map->name)
				: NULL;

		for (uint32_t d = 0; o && o->o.any && d < o->o.config_map->data.n; d++)
			find_refs(c, o->o.config_map->data.v[d].value, k->mounts.v[i].node);
	}
}

/* ---- times ----------------------------------------------------------------------------------- */

static void find_stop(const struct lpod *p, struct lctr *c)
{
	const struct sp_k_handler *h = c->k->lifecycle ? c->k->lifecycle->pre_stop : NULL;
	const char *key = say(p->l, "sidepod.dev/stop-seconds.%s", c->name), *text = NULL;
	int64_t v;

	if (h && h->sleep)
		c->pre_s = SP_MIN(SP_MAX(h->sleep->seconds.v, 0), PRE_STOP_MAX_S);
	if (h && h->exec) {
		sh_parse(&p->l->arena, h->exec->command.v, h->exec->command.n, &c->pre);
		c->pre_s = sh_sleep(&c->pre);
		if (c->pre_s < 0 || c->pre_s > PRE_STOP_MAX_S)
			c->pre_s = PRE_STOP_MAX_S; /* sleeps for ever */
	}
	c->stop_s = c->role == SP_ROLE_SIDECAR ? STOP_SIDECAR_S : STOP_APP_S;
	c->stop_by = "assumed";
	if (c->e && c->known <= SP_LIKELY && c->e->stop_s >= 0) {
		c->stop_s = c->e->stop_s;
		c->stop_by = "catalogue";
	}
	if (p->obj->meta)
		text = sp_map_get(&p->obj->meta->annotations, key);
	if (!text && p->obj->o.meta)
		text = sp_map_get(&p->obj->o.meta->annotations, key);
	if (text && sp_parse_i64(text, 0, 1000000, &v) == 0) {
		c->stop_s = v;
		c->stop_by = "annotation";
	}
}

int64_t lprobe_period(const struct sp_k_probe *p)
{
	return p->period_s.set && p->period_s.v > 0 ? p->period_s.v : 10;
}

int64_t lprobe_budget(const struct sp_k_probe *p)
{
	int64_t tries = p->failure_threshold.set ? p->failure_threshold.v : 3;
	int64_t delay = p->initial_delay_s.set ? p->initial_delay_s.v : 0;

	return delay + lprobe_period(p) * SP_MAX(tries, 1);
}

int64_t lprobe_port(const struct lctr *c, const struct sp_k_probe *p)
{
	const struct sp_int_or_str *port = p->http ? &p->http->port : p->tcp ? &p->tcp->port : NULL;

	if (p->grpc && p->grpc->port.set)
		return p->grpc->port.v;
	if (!port || !port->set)
		return 0;
	if (!port->str)
		return port->num;
	for (uint32_t i = 0; i < c->k->ports.n; i++)
		if (c->k->ports.v[i].name && sp_streq(c->k->ports.v[i].name, port->str) &&
		    c->k->ports.v[i].container_port.set)
			return c->k->ports.v[i].container_port.v;
	return 0;
}

/* ---- the whole ------------------------------------------------------------------------------- */

const struct sp_node *lctr_env_node(const struct lctr *c, const char *name)
{
	for (uint32_t i = 0; i < c->k->env.n; i++)
		if (c->k->env.v[i].name && sp_streq(c->k->env.v[i].name, name))
			return c->k->env.v[i].node;
	return NULL;
}

const struct sp_k_volume *lpod_volume(const struct lpod *p, const char *name)
{
	for (uint32_t i = 0; i < p->spec->volumes.n; i++)
		if (p->spec->volumes.v[i].name && sp_streq(p->spec->volumes.v[i].name, name))
			return &p->spec->volumes.v[i];
	return NULL;
}

const struct sp_k_mount *lctr_mount_of(const struct lctr *c, const char *path)
{
	const struct sp_k_mount *best = NULL;
	size_t best_len = 0;

	for (uint32_t i = 0; i < c->k->mounts.n; i++) {
		const struct sp_k_mount *m = &c->k->mounts.v[i];
		size_t len = m->mount_path ? strlen(m->mount_path) : 0;

		while (len > 1 && m->mount_path[len - 1] == '/')
			len--;
		if (len && len >= best_len && strncmp(path, m->mount_path, len) == 0 &&
		    (!path[len] || path[len] == '/' || len == 1)) {
			best = m;
			best_len = len;
		}
	}
	return best;
}

static const char *ns_of(const struct sp_lint_object *o)
{
	return o->o.meta && o->o.meta->ns && *o->o.meta->ns ? o->o.meta->ns : "default";
}

const struct sp_lint_object *lpod_object(const struct lpod *p, enum sp_kind kind, const char *name)
{
	for (uint32_t i = 0; i < p->l->n_objects; i++) {
		const struct sp_lint_object *o = &p->l->objects[i];

		if (o->o.kind == kind && o->o.meta && o->o.meta->name &&
		    sp_streq(o->o.meta->name, name) && sp_streq(ns_of(o), ns_of(p->obj)))
			return o;
	}
	return NULL;
}

const struct sp_lint_object *lctr_config(const struct lpod *p, const struct lctr *c, uint32_t nth)
{
	const struct sp_lint_object *o;

	for (uint32_t i = 0; i < c->k->mounts.n; i++) {
		const struct sp_k_volume *v =
			c->k->mounts.v[i].name ? lpod_volume(p, c->k->mounts.v[i].name) : NULL;

		o = v && v->config_map && v->config_map->name
			    ? lpod_object(p, SP_KIND_CONFIG_MAP, v->config_map->name)
			    : NULL;
		if (o && o->o.any && nth-- == 0)
			return o;
	}
	for (uint32_t i = 0; i < c->k->env_from.n; i++) {
		const struct sp_k_env_from *e = &c->k->env_from.v[i];

		o = e->config_map && e->config_map->name
			    ? lpod_object(p, SP_KIND_CONFIG_MAP, e->config_map->name)
			    : NULL;
		if (o && o->o.any && nth-- == 0)
			return o;
	}
	return NULL;
}

static bool find_in(const struct lpod *p, const struct lctr *c, const char *texts,
		    bool (*find)(const char *texts, const char *text))
{
	const struct sp_lint_object *o;

	/* texts begin with a blank where a word begins there: " -H" */
	if (texts && (find(texts, say(p->l, " %s", c->words)) || find(texts, c->env)))
		return true;
	for (uint32_t i = 0; texts && (o = lctr_config(p, c, i)); i++)
		for (uint32_t d = 0; d < o->o.config_map->data.n; d++) {
			const struct sp_kv *kv = &o->o.config_map->data.v[d];

			/* a key may be a variable, a value a whole file */
			if (find(texts, say(p->l, "%s=%s", kv->key, kv->value)))
				return true;
		}
	return false;
}

bool lctr_told(const struct lpod *p, const struct lctr *c, const char *texts)
{
	return find_in(p, c, texts, sp_seen);
}

bool lctr_switched(const struct lpod *p, const struct lctr *c, const char *texts)
{
	return find_in(p, c, texts, sp_switched);
}

const char *lctr_shown(const struct lctr *c)
{
	return c->e && c->e->product ? c->e->product : c->name;
}

static void fill_ctr(struct lpod *p, struct lctr *c, const struct sp_k_container *k, bool init)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf repo = {0}, tag = {0};
	struct sp_arena *a = &p->l->arena;
	struct sp_cat_match m = {0};

	*c = (struct lctr){.k = k, .at = (uint32_t)(c - p->c), .budget_s = -1, .stop_budget_s = -1};
	c->role = !init                                                        ? SP_ROLE_APP
		  : k->restart_policy && sp_streq(k->restart_policy, "Always") ? SP_ROLE_SIDECAR
									       : SP_ROLE_INIT;
	c->name = k->name ? k->name : "";
	c->image = k->image ? k->image : "";
	sp_image_repo(c->image, &repo, &tag);
	c->repo = repo.ptr ? say(p->l, "%s", repo.ptr) : "";
	c->tag = tag.ptr ? say(p->l, "%s", tag.ptr) : "";
	c->words = join(a, k);
	c->env = env_lines(a, k);
	parse_command(a, k, &c->sh);
	if (p->l->opt.catalogue)
		sp_catalogue_find(p->l->opt.catalogue,
				  &(struct sp_cat_query){c->image, c->name, c->words, c->env}, &m);
	c->guarded = m.guarded;
	c->e = m.guarded ? NULL : m.entry;
	c->known = m.confidence;
	c->probe[SP_PROBE_STARTUP] = k->startup;
	c->probe[SP_PROBE_READINESS] = k->readiness;
	c->probe[SP_PROBE_LIVENESS] = k->liveness;
	judge_end(c);
	find_ports(a, c);
	find_stop(p, c);
	p->n_sidecars += c->role == SP_ROLE_SIDECAR;
	p->n_apps += c->role == SP_ROLE_APP;
}

/* A companion that is one only in a Job, beside something else; for certain is it nowhere. */
static void judge_job_companions(struct lpod *p)
{
	EACH(p, c)
	{
		bool alone = p->n_apps + p->n_sidecars < 2;

		if (!c->e || !c->e->jobs_only)
			continue;
		if (c->role == SP_ROLE_APP && (!p->job_like || alone)) {
			c->e = NULL;
			c->endless = c->endless && c->endless_sure == SP_CERTAIN;
		} else if (c->known < SP_LIKELY) {
			c->known = SP_LIKELY;
			c->endless_sure = SP_LIKELY;
		}
	}
}

static bool is_job_like(const struct sp_lint_object *o)
{
	const char *policy = o->spec->restart_policy;

	if (o->o.kind == SP_KIND_JOB || o->o.kind == SP_KIND_CRON_JOB)
		return true;
	return o->o.kind == SP_KIND_POD && policy &&
	       (sp_streq(policy, "Never") || sp_streq(policy, "OnFailure"));
}

bool lint_model(struct sp_lint *l, const struct sp_lint_object *obj, struct lpod *ret)
{
	const struct sp_k_pod_spec *s = obj->spec;
	struct lpod *p = ret;

	*p = (struct lpod){.l = l,
			   .obj = obj,
			   .spec = s,
			   .minor = l->opt.kube_minor ? l->opt.kube_minor : SP_KUBE_MINOR,
			   .job_like = is_job_like(obj),
			   /* a negative one counts as 1 */
			   .grace_s = !s->grace_s.set    ? 30
				      : s->grace_s.v < 0 ? 1
							 : s->grace_s.v,
			   .grace_set = s->grace_s.set,
			   .replicas = 1,
			   .needed_s = -1};
	p->n_init = s->init_containers.n;
	p->n = p->n_init + s->containers.n;
	p->c = sp_arena_array(&l->arena, (size_t)p->n + 1, sizeof(*p->c));
	if (!p->c || p->n > 4 * SP_CONTAINERS_MAX)
		return false;
	for (uint32_t i = 0; i < p->n; i++)
		fill_ctr(p, &p->c[i],
			 i < p->n_init ? &s->init_containers.v[i] : &s->containers.v[i - p->n_init],
			 i < p->n_init);
	judge_job_companions(p);
	EACH(p, c)
	{
		find_all_refs(p, c);
	}
	if (obj->o.any &&
	    (obj->o.kind == SP_KIND_DEPLOYMENT || obj->o.kind == SP_KIND_REPLICA_SET ||
	     obj->o.kind == SP_KIND_STATEFUL_SET) &&
	    obj->o.workload->spec && obj->o.workload->spec->replicas.set)
		p->replicas = obj->o.workload->spec->replicas.v;
	p->has_resources = obj->defaulted && sp_pod_resources(obj->defaulted, &p->res) == 0;
	return true;
}

/* Accounts run nothing and are not decoded: that they are there is enough. */
void lint_add_account(struct sp_lint *l, const struct sp_node *doc)
{
	const struct sp_node **v;

	if ((l->n_accounts & (l->n_accounts - 1)) == 0) {
		v = sp_arena_array(&l->arena, l->n_accounts ? (size_t)l->n_accounts * 2 : 1,
				   sizeof(*v));
		l->no_memory |= !v;
		if (!v)
			return;
		if (l->n_accounts)
			memcpy(v, l->accounts, l->n_accounts * sizeof(*v));
		l->accounts = v;
	}
	l->accounts[l->n_accounts++] = doc;
}

bool lint_has_account(const struct sp_lint *l, const char *name, const char *ns)
{
	for (uint32_t i = 0; i < l->n_accounts; i++) {
		const struct sp_node *meta = sp_node_get(l->accounts[i], "metadata");

		if (sp_streq(sp_node_str(sp_node_get(meta, "name"), ""), name) &&
		    sp_streq(sp_node_str(sp_node_get(meta, "namespace"), "default"), ns))
			return true;
	}
	return false;
}
