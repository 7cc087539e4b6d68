/* SPDX-License-Identifier: Apache-2.0 */
/* Which containers become native sidecars, where among the init containers, and what is left. */
#include "lint/catalogue.h"
#include "migrate/migrate_internal.h"

#include <stdlib.h>

bool mig_wanted(const struct mpod *p, const struct mctr *c)
{
	return mig_here(p, c) && (!p->opt->only || sp_streq(p->opt->only, c->k->name));
}

bool mig_here(const struct mpod *p, const struct mctr *c)
{
	return !p->just || sp_streq(p->just, c->k->name);
}

bool mig_is_sidecar(const struct mctr *c)
{
	return !c->removed && (c->role == SP_ROLE_SIDECAR || (c->moves && !c->ends));
}

bool mig_serves(const struct mctr *c, int64_t port)
{
	const struct sp_cat_entry *e = c->known.entry;
	char text[16];
	struct sp_buf b = sp_buf_fixed(text, sizeof(text));

	for (uint32_t i = 0; i < c->k->ports.n; i++)
		if (c->k->ports.v[i].container_port.v == port)
			return true;
	for (uint32_t i = 0; e && i < e->n_ports; i++)
		if (e->ports[i].port == port)
			return true;
	sp_buf_printf(&b, "%lld", (long long)port);
	for (const char *at = c->words; (at = strstr(at, text)) != NULL; at++)
		if (at > c->words && strchr("=: ", at[-1]) && (at[b.len] < '0' || at[b.len] > '9'))
			return true;
	return false;
}

bool mig_needs(const struct mctr *init, const struct mctr *c)
{
	static const char *const hosts[] = {"localhost:", "127.0.0.1:", "localhost ", "127.0.0.1 "};
	const char *texts[] = {init->words, init->env};

	for (size_t t = 0; t < SP_ARRAY_LEN(texts); t++)
		for (size_t i = 0; i < SP_ARRAY_LEN(hosts); i++)
			for (const char *at = texts[t]; (at = strstr(at, hosts[i])) != NULL;) {
				at += strlen(hosts[i]);
				if (mig_serves(c, strtol(at, NULL, 10)))
					return true;
			}
	return false;
}

bool mig_quits(const struct mpod *p, const char *text)
{
	bool calls = sp_seen("curl |wget |nc |pilot-agent |linkerd-await|sh -c", text);

	if (sp_seen("/quitquitquit|/agent/v1/quit|/v1.0/shutdown", text))
		return true;
	for (uint32_t i = 0; i < p->n; i++) {
		const struct mctr *c = &p->c[i];
		const char *name = c->k->name;

		if (!mig_is_sidecar(c))
			continue;
		if (calls && c->known.entry && sp_seen(c->known.entry->quit_seen, text))
			return true;
		if (sp_seen("pkill |killall ", text) &&
		    (sp_seen(name, text) || (c->known.entry && sp_seen(c->known.entry->id, text))))
			return true;
	}
	return false;
}

/* A companion of no known product that never ends by itself. */
static bool is_endless(const struct mctr *c)
{
	return sp_seen("sleep infinity|sleep inf|tail -f|tail -F|while true|while :|while [ 1 ]|"
		       "nginx -g daemon off|exec envoy",
		       c->words) &&
	       !sp_seen("break", c->words);
}

void mig_watchers(struct mpod *p)
{
	struct sp_error err = {0};
	bool others = false;
	const struct mctr *gone = NULL;

	if (!p->spec->share_pid.v)
		return;
	for (uint32_t i = 0; i < p->n; i++) {
		struct mctr *c = &p->c[i], *companion = NULL;
		bool watches = c->role == SP_ROLE_APP && !c->known.entry &&
			       sp_seen("pgrep|pidof|ps |kill -0", c->words) &&
			       sp_seen("pkill|killall", c->words);

		if (!watches || !mig_wanted(p, c)) {
			others |= sp_seen("pgrep|pidof|pkill|killall|/proc/", c->words);
			continue;
		}
		for (uint32_t k = 0; k < p->n; k++)
			if (&p->c[k] != c && p->c[k].role == SP_ROLE_APP && p->c[k].known.entry &&
			    !p->c[k].known.guarded)
				companion = &p->c[k];
		if (!companion) {
			mig_manual(
				p, "M9", c, c->k->node->at,
				"it watches for the end of one container and kills another: make "
				"that one a native sidecar, and delete this container");
			others = true;
			continue;
		}
		if (!mig_done(p, sp_edit_remove_item(p->edits, c->list, c->index, &err), "M9", c,
			      c->k->node->at, "delete the watcher"))
			continue;
		c->removed = true;
		gone = c;
		mig_step(p, "M9", c, c->k->node->at,
			 "the watcher goes: %s is stopped when the apps have ended",
			 companion->k->name);
	}
	if (!gone)
		return;
	if (others) {
		mig_hazard(p, "M9", gone, "shareProcessNamespace stays: something else needs it");
		return;
	}
	if (mig_done(p, sp_edit_remove(p->edits, p->spec->node, "shareProcessNamespace", &err),
		     "M9", NULL, p->spec->node->at, "remove shareProcessNamespace"))
		mig_step(p, "M9", NULL, p->spec->node->at,
			 "shareProcessNamespace goes: nothing needs it any more");
}

static void choose(struct mpod *p, struct mctr *c, uint32_t n_apps)
{
	const struct sp_cat_entry *e = c->known.entry;
	bool forced = p->opt->only != NULL, known = e && !c->known.guarded;

	if (known && e->stays) {
		mig_hazard(p, "M23", c, "%s checks the app and answers for it: it stays as it is",
			   e->product);
		return;
	}
	if (known && e->jobs_only && !p->job_like && !forced)
		return;
	if (known && c->known.confidence == SP_GUESS && !forced) {
		mig_hazard(p, "M1", c, "this may be a sidecar (%s); --only %s makes it one",
			   e->product, c->k->name);
		return;
	}
	if (!known && !forced && !(p->job_like && is_endless(c)))
		return;
	if (n_apps < 2) {
		mig_hazard(p, "M1", c, "it is the last regular container, and a pod needs one");
		return;
	}
	c->moves = true;
	c->why = p->job_like ? "M2" : "M1";
	if (known && c->known.confidence == SP_LIKELY)
		mig_hazard(p, "M1", c, "taken for %s by its name or a part of its image's path",
			   e->product);
	if (known && e->retired_next)
		mig_hazard(p, "M24", c, "%s is retired; use %s", e->product, e->retired_next);
}

static void injected(struct mpod *p)
{
	static const struct {
		const char *key, *value, *container, *text;
	} meshes[] = {
		{"sidecar.istio.io/inject", "true", "istio-proxy",
		 "Istio injects its proxy: switch native sidecars on there "
		 "(ENABLE_NATIVE_SIDECARS=true in istiod, the default in new releases)"},
		{"linkerd.io/inject", "enabled", "linkerd-proxy",
		 "Linkerd injects its proxy: annotate the pod with "
		 "config.alpha.linkerd.io/proxy-enable-native-sidecar: \"true\""},
	};

	for (size_t i = 0; p->meta && i < SP_ARRAY_LEN(meshes); i++) {
		const char *v = sp_map_get(&p->meta->annotations, meshes[i].key);
		bool there = false;

		if (!v)
			v = sp_map_get(&p->meta->labels, meshes[i].key);
		for (uint32_t k = 0; k < p->n; k++)
			there |= sp_streq(p->c[k].k->name, meshes[i].container);
		if (v && sp_streq(v, meshes[i].value) && !there)
			mig_hazard(p, "M20", NULL, "%s", meshes[i].text);
	}
}

void mig_choose(struct mpod *p)
{
	uint32_t n_apps = 0;

	for (uint32_t i = p->n_init; i < p->n; i++)
		n_apps += !p->c[i].removed;
	for (uint32_t i = p->n_init; i < p->n; i++) {
		struct mctr *c = &p->c[i];

		if (c->removed || !mig_wanted(p, c))
			continue;
		choose(p, c, n_apps);
		n_apps -= c->moves;
	}
	injected(p);
}

/* ---- moving -----------------------------------------------------------------------------------
 */

static int hint(const struct mctr *c)
{
	if (c->ends) /* behind all sidecars */
		return 100;
	return c->known.entry ? c->known.entry->order : 40;
}

/* In front of which init container it goes: behind what prepares it, before what needs it. */
static uint32_t position(const struct mpod *p, const struct mctr *c)
{
	uint32_t at = p->n_init;

	for (uint32_t i = p->n_init; i-- > 0;) {
		if (p->c[i].role != SP_ROLE_SIDECAR || hint(&p->c[i]) <= hint(c))
			break;
		at = i;
	}
	if (c->before_init)
		at = SP_MIN(at, c->before_init - 1);
	for (uint32_t i = 0; i < p->n_init; i++)
		if (p->c[i].role == SP_ROLE_INIT && !p->c[i].removed && mig_needs(&p->c[i], c))
			return SP_MIN(at, i);
	return at;
}

static bool move_one(struct mpod *p, struct mctr *c, const struct sp_node **made)
{
	const struct sp_node *inits = sp_node_get(p->spec->node, "initContainers");
	struct sp_node *always = sp_node_new_str(&p->m->arena, "Always");
	struct sp_error err = {0};
	int r;

	if (!always) {
		p->m->no_memory = true;
		return false;
	}
	always->quoted = false;
	if (inits && inits->kind == SP_NODE_LIST && inits->at.line)
		r = sp_edit_move_item(p->edits, c->list, c->index, inits, position(p, c), &err);
	else if (!*made && sp_edit_new_list(p->edits, p->spec->node, "initContainers", "containers",
					    made, &err) < 0)
		r = -1;
	else
		r = sp_edit_move_item(p->edits, c->list, c->index, *made, 0, &err);
	if (r == 0 && !c->ends)
		r = sp_edit_set(p->edits, c->k->node, "restartPolicy", always,
				sp_node_get(c->k->node, "image") ? "image" : "name", &err);
	return mig_done(p, r, c->why, c, c->k->node->at,
			c->ends ? "make it an init container" : "make it a native sidecar");
}

/* A volume that it only reads and an app fills, which now starts later. */
static void tell_volumes(struct mpod *p, const struct mctr *c)
{
	for (uint32_t i = 0; i < c->k->mounts.n; i++) {
		const struct sp_k_mount *m = &c->k->mounts.v[i];

		if (sp_seen("tail -f ", c->words)) {
			mig_hazard(p, "M18", c,
				   "it now starts before the app: tail -f ends when the file is "
				   "not there yet, tail -F waits");
			return;
		}
		for (uint32_t k = p->n_init; m->name && m->read_only.v && k < p->n; k++)
			for (uint32_t w = 0; w < p->c[k].k->mounts.n; w++) {
				const struct sp_k_mount *o = &p->c[k].k->mounts.v[w];

				if (&p->c[k] != c && o->name && sp_streq(o->name, m->name) &&
				    !o->read_only.v && mig_is_empty_dir(p, m->name))
					mig_hazard(p, "M18", c,
						   "it now starts before %s, so the volume %s is "
						   "still empty then",
						   p->c[k].k->name, m->name);
			}
	}
}

static void tell_move(struct mpod *p, const struct mctr *c)
{
	if (c->ends)
		return; /* M8 told it */
	mig_step(p, c->why, c, c->k->node->at,
		 "becomes a native sidecar: an init container with restartPolicy: Always%s",
		 p->job_like ? "; it no longer keeps the pod from completing" : "");
	if (c->index == 0)
		mig_hazard(p, "M1", c,
			   "it was the first container: `kubectl logs` and `exec` now mean another "
			   "one, and so may injectors and the default-container annotation");
	if (p->job_like) {
		mig_hazard(p, "M2", c,
			   "its exit code no longer fails the pod; let the app fail, or give it a "
			   "liveness probe");
		if (p->spec->restart_policy && sp_streq(p->spec->restart_policy, "Never"))
			mig_hazard(
				p, "M21", c,
				"with restartPolicy Never it stayed dead after a crash; now it is "
				"restarted");
	}
	tell_volumes(p, c);
	if (c->k->liveness || c->k->readiness)
		mig_step(p, "M17", c, c->k->node->at, "keeps its %s%s%s; %s",
			 c->k->liveness ? "livenessProbe" : "",
			 c->k->liveness && c->k->readiness ? " and " : "",
			 c->k->readiness ? "readinessProbe" : "",
			 c->k->readiness ? "its readiness still counts for the pod's"
					 : "a failing one still restarts it alone");
}

static int by_hint(const void *pa, const void *pb)
{
	const struct mctr *a = *(struct mctr *const *)pa, *b = *(struct mctr *const *)pb;

	return hint(a) != hint(b) ? hint(a) - hint(b) : a < b ? -1 : a > b;
}

void mig_move(struct mpod *p)
{
	struct mctr **v = sp_arena_array(&p->m->arena, p->n + 1, sizeof(*v));
	const struct sp_node *made = NULL;
	uint32_t n = 0;
	bool plain = false;

	if (!v) {
		p->m->no_memory = true;
		return;
	}
	for (uint32_t i = 0; i < p->n; i++) {
		if (p->c[i].moves && !p->c[i].removed)
			v[n++] = &p->c[i];
		plain |= p->c[i].role == SP_ROLE_INIT && !p->c[i].removed;
	}
	qsort(v, n, sizeof(struct mctr *), by_hint);
	for (uint32_t i = 0; i < n; i++) {
		if (!move_one(p, v[i], &made)) {
			v[i]->moves = false;
			continue;
		}
		tell_move(p, v[i]);
		if (plain && !v[i]->ends && position(p, v[i]) == p->n_init)
			mig_hazard(
				p, "M1", v[i],
				"it stands behind the plain init containers; move it up when one "
				"of them needs it");
	}
	if (n)
		mig_hazard(p, "M1", NULL,
			   "dashboards that count containers and admission rules for init "
			   "containers see other numbers");
}
