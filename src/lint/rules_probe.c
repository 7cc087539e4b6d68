/* SPDX-License-Identifier: Apache-2.0 */
/* SP213 … SP222: probes that cannot succeed, test the wrong thing, or cost too much. */
#include "lint/lint_internal.h"

#include "base/text.h"

static const char *const keys[] = {"startupProbe", "readinessProbe", "livenessProbe"};

/* The catalogue's port that a probe of @c dials; a listener without a number is any other. */
static const struct sp_cat_port *dialled(const struct lctr *c, int64_t port)
{
	for (uint32_t i = 0; i < c->e->n_ports; i++)
		if (c->e->ports[i].port == port)
			return &c->e->ports[i];
	for (uint32_t i = 0; i < c->e->n_ports; i++)
		if (c->e->ports[i].port == 0)
			return &c->e->ports[i];
	return NULL;
}

static void loopback_server(struct lpod *p, const struct lctr *c, int k)
{
	const struct sp_k_probe *pr = c->probe[k];
	const struct sp_cat_port *port;
	struct sp_finding *f;
	enum sp_confidence conf;
	const char *host = pr->http ? pr->http->host : pr->tcp ? pr->tcp->host : NULL;

	if (!c->e || pr->exec || host || lprobe_port(c, pr) == 0)
		return;
	port = dialled(c, lprobe_port(c, pr));
	if (!port || !port->loopback || lctr_told(p, c, port->bind_seen))
		return;
	conf = c->e->verified ? c->known : SP_MAX(c->known, SP_LIKELY);
	f = hit(p, "SP213", conf, c, pr->node,
		"the kubelet dials the pod IP; %s listens on "
		"127.0.0.1 only",
		lctr_shown(c));
	if (k == SP_PROBE_STARTUP)
		hit_severity(f, SP_SEV_ERROR);
	if (port->bind_add)
		f->fix = say(p->l, "add %s, or use an exec probe", port->bind_add);
	fix_arg(p, f, c, port->bind_add);
}

static void release(const char *tag, int64_t *major, int64_t *minor)
{
	const char *p = *tag == 'v' ? tag + 1 : tag;

	*major = *minor = -1;
	for (int64_t *to = major; *p >= '0' && *p <= '9'; to = minor) {
		*to = 0;
		for (int n = 0; *p >= '0' && *p <= '9' && n < 6; p++, n++)
			*to = *to * 10 + (*p - '0');
		if (*p != '.' || to == minor)
			break;
		p++;
	}
}

static bool newer(const struct sp_cat_health *h, const char *tag)
{
	int64_t major, minor;

	if (h->from_major == 0 && h->from_minor == 0)
		return false;
	release(tag, &major, &minor);
	if (major < 0)
		return false;
	return major < h->from_major ||
	       (major == h->from_major && (minor < 0 ? 0 : minor) < h->from_minor);
}

static bool same_path(const char *a, const char *b)
{
	size_t n = strcspn(a, "?"), m = strcspn(b, "?");

	return n == m && strncmp(a, b, n) == 0;
}

static const char *last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash : path;
}

static void health_off(struct lpod *p, const struct lctr *c, int k)
{
	const struct sp_k_probe *pr = c->probe[k];
	int64_t port = lprobe_port(c, pr);
	const struct sp_cat_health *best = NULL;
	struct sp_finding *f;

	if (!c->e || pr->exec || port == 0)
		return;
	for (uint32_t i = 0; i < c->e->n_health; i++) {
		const struct sp_cat_health *h = &c->e->health[i];

		if (h->port != port || sp_streq(h->use, "quit") || h->exec.n)
			continue;
		if (!best ||
		    (h->path && pr->http && pr->http->path && same_path(h->path, pr->http->path)))
			best = h;
	}
	if (!best || !best->switch_seen || lctr_switched(p, c, best->switch_seen))
		return;
	f = hit(p, "SP214", lctr_config(p, c, 0) ? SP_CERTAIN : SP_LIKELY, c, pr->node,
		"%s serves %s only with %s", lctr_shown(c),
		best->path ? best->path : say(p->l, "port %u", best->port),
		best->switch_text ? best->switch_text : best->switch_seen);
	if (lctr_config(p, c, 0))
		hit_severity(f, SP_SEV_ERROR);
	for (uint32_t i = 0; i < best->switch_add.n && best->switch_add.n == 1; i++)
		fix_arg(p, f, c, best->switch_add.v[i]);
}

/* The path that a probe asks for, when the product does not serve it; NULL: it does, or who knows.
 * *sure: how certain; *alt: what it serves instead, NULL unknown */
static const char *missing_path(const struct lctr *c, const struct sp_k_probe *pr,
				enum sp_confidence *sure, const struct sp_cat_health **alt)
{
	const char *path = pr->http ? pr->http->path ? pr->http->path : "/" : NULL;
	int64_t port = path ? lprobe_port(c, pr) : 0;
	bool later = false; /* a later release serves it */
	uint32_t of_port = 0;

	*alt = NULL;
	if (!c->e || !path || c->known > SP_LIKELY)
		return NULL;
	for (uint32_t i = 0; i < c->e->n_health; i++) {
		const struct sp_cat_health *h = &c->e->health[i];

		if (!h->path || h->port != port || sp_streq(h->use, "quit"))
			continue;
		of_port++;
		if (same_path(h->path, path)) {
			if (!newer(h, c->tag))
				return NULL;
			later = true;
		} else if (!newer(h, c->tag) && !sp_streq(h->use, "other") &&
			   (!*alt || (!same_path(last_part((*alt)->path), last_part(path)) &&
				      same_path(last_part(h->path), last_part(path))))) {
			*alt = h; /* best one that ends alike */
		}
	}
	*sure = later ? SP_CERTAIN : SP_LIKELY;
	return of_port && (later || (of_port > 1 && c->e->verified)) ? path : NULL;
}

bool lprobe_path_missing(const struct lctr *c, const struct sp_k_probe *p)
{
	const struct sp_cat_health *alt;
	enum sp_confidence sure;

	return missing_path(c, p, &sure, &alt) != NULL;
}

static void path_unknown(struct lpod *p, const struct lctr *c, int k)
{
	const struct sp_k_probe *pr = c->probe[k];
	const struct sp_cat_health *alt;
	enum sp_confidence sure;
	const char *path = missing_path(c, pr, &sure, &alt);
	struct sp_finding *f;

	if (!path)
		return;
	f = hit(p, "SP215", sure, c, node_of(pr->http->node, "path"),
		"%s does not exist in %s %s%s%s", path, lctr_shown(c), c->tag, alt ? "; use " : "",
		alt ? alt->path : "");
	if (alt && sp_node_get(pr->http->node, "path"))
		fix_op(p, f, SP_OP_SCALAR, sp_node_get(pr->http->node, "path"))->value =
			sp_node_new_str(&p->l->arena, alt->path);
}

static void port_of_probe(struct lpod *p, const struct lctr *c, int k)
{
	const struct sp_k_probe *pr = c->probe[k];
	const struct sp_int_or_str *port = pr->http  ? &pr->http->port
					   : pr->tcp ? &pr->tcp->port
						     : NULL;
	const struct sp_node *node = pr->http ? pr->http->node : pr->tcp ? pr->tcp->node : pr->node;
	int64_t number = lprobe_port(c, pr);
	const struct lctr *other;
	struct sp_finding *f;

	if (port && port->set && port->str && number == 0) {
		f = hit(p, "SP216", SP_CERTAIN, c, node_of(node, "port"), "no port named %s",
			port->str);
		hit_severity(f, SP_SEV_ERROR);
		return;
	}
	if (number == 0 || lctr_port(c, number))
		return;
	other = lpod_owner(p, number, c);
	if (other)
		hit(p, "SP217", c->n_ports ? SP_CERTAIN : SP_LIKELY, c, node_of(node, "port"),
		    "this probe tests %s, not %s: containers share one network", other->name,
		    c->name);
	else
		hit(p, "SP216", SP_CERTAIN, c, node_of(node, "port"),
		    "probe port %lld is not declared by %s", (long long)number, c->name);
}

static void host_loopback(struct lpod *p, const struct lctr *c, int k)
{
	const struct sp_k_probe *pr = c->probe[k];
	const char *host = pr->http ? pr->http->host : pr->tcp ? pr->tcp->host : NULL;
	const struct sp_node *node = pr->http ? pr->http->node : pr->tcp ? pr->tcp->node : NULL;

	if (!host ||
	    !(sp_streq(host, "127.0.0.1") || sp_streq(host, "localhost") || sp_streq(host, "::1")))
		return;
	fix_op(p,
	       hit(p, "SP218", SP_CERTAIN, c, node_of(node, "host"),
		   "host is resolved on the node, not in the pod"),
	       SP_OP_REMOVE, node)
		->key = "host";
}

static void probe_numbers(struct lpod *p, const struct lctr *c, int k)
{
	const struct sp_k_probe *pr = c->probe[k];

	if (pr->timeout_s.set && pr->timeout_s.v > lprobe_period(pr))
		hit(p, "SP219", SP_CERTAIN, c, node_of(pr->node, "timeoutSeconds"),
		    "a probe may take %lld s but starts every %lld s; the next one waits",
		    (long long)pr->timeout_s.v, (long long)lprobe_period(pr));
	if (k != SP_PROBE_READINESS && pr->success_threshold.set && pr->success_threshold.v != 1)
		fix_set_int(p,
			    hit(p, "SP220", SP_CERTAIN, c, node_of(pr->node, "successThreshold"),
				"%s.successThreshold must be 1", keys[k]),
			    pr->node, "successThreshold", 1);
}

static void exec_cost(struct lpod *p, const struct lctr *c, int k)
{
	const struct sp_k_probe *pr = c->probe[k];
	struct sh sh;

	/* a startup probe runs for seconds only */
	if (!pr->exec || k == SP_PROBE_STARTUP || lprobe_period(pr) > 2)
		return;
	sh_parse(&p->l->arena, pr->exec->command.v, pr->exec->command.n, &sh);
	if (sh.shell && sh.n > 0)
		hit(p, "SP221", SP_CERTAIN, c, pr->node,
		    "%lld processes per minute; zombies if PID 1 does not reap",
		    (long long)((60 / lprobe_period(pr)) * (sh.n + 1)));
}

static void liveness_too_early(struct lpod *p, const struct lctr *c)
{
	const struct sp_k_probe *pr = c->k->liveness;
	int64_t want = c->e && c->e->start_s > 0 ? c->e->start_s : 5;

	if (c->role == SP_ROLE_SIDECAR && pr && !c->k->startup && lprobe_budget(pr) < want)
		hit(p, "SP222", SP_CERTAIN, c, pr->node,
		    "liveness may kill %s after %lld s while it still starts", c->name,
		    (long long)lprobe_budget(pr));
}

void rules_probe(struct lpod *p)
{
	EACH(p, c)
	{
		if (c->role == SP_ROLE_INIT)
			continue;
		for (int k = 0; k < SP_PROBES; k++) {
			if (!c->probe[k] || !c->probe[k]->node)
				continue;
			loopback_server(p, c, k);
			health_off(p, c, k);
			path_unknown(p, c, k);
			port_of_probe(p, c, k);
			host_loopback(p, c, k);
			probe_numbers(p, c, k);
			exec_cost(p, c, k);
		}
		liveness_too_early(p, c);
	}
}
