/* SPDX-License-Identifier: Apache-2.0 */
/* SP6xx: process namespaces, reaping, signals across containers. */
#include "lint/lint_internal.h"

static bool shares_pid(const struct lpod *p)
{
	return p->spec->share_pid.set && p->spec->share_pid.v;
}

/* Inits that refuse to run, or kill everything, when they are not PID 1. */
static bool wants_pid1(const struct lctr *c)
{
	return sp_seen("s6-overlay|linuxserver/|systemd|phusion/baseimage", c->repo) ||
	       sp_seen("/init|s6-svscan|/sbin/init|/lib/systemd/systemd", c->words) ||
	       (sp_seen("dumb-init", c->words) && !sp_seen("-c|--single-child", c->words));
}

static bool signals_pid1(const struct lctr *c)
{
	bool pid1 = false, one;

	for (uint32_t i = 0; i < c->pre.n; i++)
		if (sh_signal(&c->pre.v[i], &one))
			pid1 |= one;
	return pid1;
}

static void shared_pid(struct lpod *p)
{
	if (!shares_pid(p))
		return;
	EACH(p, c)
	{
		if (wants_pid1(c))
			hit(p, "SP601", SP_LIKELY, c, NULL,
			    "%s expects to be PID 1, but with shareProcessNamespace it is not",
			    c->name);
		else if (signals_pid1(c))
			hit(p, "SP601", SP_CERTAIN, c, c->k->lifecycle->node,
			    "%s signals PID 1, which is the pause process with "
			    "shareProcessNamespace",
			    c->name);
	}
}

static bool has_init(const struct lctr *c)
{
	return sp_seen("tini|dumb-init|s6-|catatonit|/init", c->words);
}

static void no_reaper(struct lpod *p)
{
	if (shares_pid(p))
		return;
	EACH(p, c)
	{
		bool forks = false;

		if (c->role == SP_ROLE_INIT || has_init(c))
			continue;
		for (uint32_t i = 0; i < c->sh.n; i++)
			forks |= sp_streq(c->sh.v[i].after, "&") ||
				 sh_is(&c->sh.v[i], "cron|crond|supervisord|runsvdir");
		for (int k = SP_PROBE_READINESS; k < SP_PROBES; k++)
			if (c->probe[k] && c->probe[k]->exec && lprobe_period(c->probe[k]) <= 2 &&
			    !c->sh.shell) {
				struct sh sh;

				sh_parse(&p->l->arena, c->probe[k]->exec->command.v,
					 c->probe[k]->exec->command.n, &sh);
				forks |= sh.shell;
			}
		/* shells reap their own children while they wait */
		if (forks)
			hit(p, "SP602", SP_LIKELY, c, NULL,
			    "%s forks and nothing reaps: zombies accumulate (measure with bench "
			    "zombies)",
			    c->name);
	}
}

static void host_pid(struct lpod *p)
{
	if (p->spec->host_pid.set && p->spec->host_pid.v)
		hit(p, "SP603", SP_CERTAIN, NULL, sp_node_get(p->spec->node, "hostPID"),
		    "hostPID: no init inside the pod can reap, and s6-like inits may kill host "
		    "processes");
}

static const char *last_part(const char *repo)
{
	const char *slash = strrchr(repo, '/');

	return slash ? slash + 1 : repo;
}

/* Is it the name of the container, its image, its product or its command? */
static bool is_called(const struct lctr *o, const char *name, size_t len)
{
	const char *const names[] = {
		o->name, last_part(o->repo), o->e ? o->e->id : NULL,
		o->sh.n && o->sh.v[o->sh.n - 1].n ? last_part(o->sh.v[o->sh.n - 1].w[0]) : NULL};

	for (size_t i = 0; i < SP_ARRAY_LEN(names); i++)
		if (names[i] && strlen(names[i]) == len && memcmp(names[i], name, len) == 0)
			return true;
	return false;
}

/* pkill envoy, killall cloud-sql-proxy */
static bool names_other(const struct sh_cmd *k, const struct lctr *o)
{
	for (uint32_t i = 1; i < k->n; i++) {
		const char *w = k->w[i];

		if (*w == '-')
			continue;
		/* $(pidof envoy), /usr/local/bin/envoy */
		for (size_t len; *(w += strspn(w, " \t`$()/\"'")); w += len) {
			len = strcspn(w, " \t`$()/\"'");
			if (len >= 3 && is_called(o, w, len))
				return true;
		}
	}
	return false;
}

/* pkill NAME, kill $(pidof NAME) */
static bool kills_by_name(const struct sh_cmd *c)
{
	bool by_name = sh_is(c, "pkill|killall");

	for (uint32_t i = 1; sh_is(c, "kill") && i < c->n; i++)
		by_name |= sp_seen("pidof|pgrep", c->w[i]);
	return by_name;
}

static void kill_in(struct lpod *p, const struct lctr *c, const struct sh *sh,
		    const struct sp_node *at)
{
	for (uint32_t i = 0; i < sh->n; i++) {
		if (!kills_by_name(&sh->v[i]))
			continue;
		EACH(p, o)
		{
			if (o != c && o->role != SP_ROLE_INIT && names_other(&sh->v[i], o)) {
				hit(p, "SP604", SP_CERTAIN, c, at,
				    "%s signals processes of %s: needs shareProcessNamespace, and "
				    "a sidecar is restarted afterwards",
				    c->name, o->name);
				return;
			}
		}
	}
}

static void cross_kill(struct lpod *p)
{
	EACH(p, c)
	{
		kill_in(p, c, &c->sh, node_of(c->k->node, c->k->args.n ? "args" : "command"));
		if (c->pre.n)
			kill_in(p, c, &c->pre, c->k->lifecycle->node);
	}
}

void rules_process(struct lpod *p)
{
	shared_pid(p);
	no_reaper(p);
	host_pid(p);
	cross_kill(p);
}
