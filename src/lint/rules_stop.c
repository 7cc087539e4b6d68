/* SPDX-License-Identifier: Apache-2.0 */
/* SP3xx: hooks, grace and the order of stopping. Seconds come from simulating the pod core. */
#include "lint/lint_internal.h"

#include "base/text.h"

#define QUIT_WORDS                                                                                 \
	"/quitquitquit|drain_listeners|healthcheck/fail|/agent/v1/quit|graceful_shutdown|"         \
	"token revoke|POST drain|-s quit|/shutdown"
#define MANY_SIDECARS 3

static const struct sp_k_handler *pre_stop(const struct lctr *c)
{
	return c->k->lifecycle ? c->k->lifecycle->pre_stop : NULL;
}

static void propose_grace(struct lpod *p, struct sp_finding *f)
{
	int64_t want = (p->needed_s * 5 + 3) / 4; /* a quarter more, rounded up */

	if (p->needed_s < 0 || p->needed_s > 100000)
		return;
	f->fix = say(p->l, "terminationGracePeriodSeconds: %lld", (long long)want);
	fix_set_int(p, f, p->spec->node, "terminationGracePeriodSeconds", want);
}

static void grace(struct lpod *p)
{
	const struct sp_node *at = node_of(p->spec->node, "terminationGracePeriodSeconds");
	struct sp_finding *f;

	if (p->grace_s == 0 && p->n_sidecars)
		hit(p, "SP312", SP_CERTAIN, NULL, at,
		    "grace 0 leaves no time for hooks or ordering");
	if (!p->grace_set && p->n_sidecars >= MANY_SIDECARS)
		hit(p, "SP313", SP_CERTAIN, NULL, NULL,
		    "%u sidecars stop one after another inside the default 30 s", p->n_sidecars);
	if (p->needed_s <= p->grace_s || p->grace_s == 0 || p->needed_s < 0 ||
	    p->needed_s > 100000) /* a hook that never ends is SP302's */
		return;
	f = hit(p, "SP301", SP_LIKELY, NULL, at,
		"stopping needs about %lld s (%s) but the pod gets %lld s%s",
		(long long)p->needed_s, p->breakdown ? p->breakdown : "", (long long)p->grace_s,
		p->victim ? say(p->l, "; %s would have 2 s", p->victim->name) : "");
	propose_grace(p, f);
}

static void hook_and_grace(struct lpod *p)
{
	EACH(p, c)
	{
		const struct sp_k_handler *h = pre_stop(c);
		struct sp_finding *f;
		bool over;

		if (!h || c->pre_s == 0 || c->role == SP_ROLE_INIT || p->grace_s == 0)
			continue;
		over = c->pre_s > p->grace_s;
		if (c->pre_s < p->grace_s - 2 && !over)
			continue;
		f = hit(p, "SP302", h->sleep ? SP_CERTAIN : SP_LIKELY, c, h->node,
			"%s's preStop uses the whole grace period (%lld of %lld s)", c->name,
			(long long)c->pre_s, (long long)p->grace_s);
		hit_severity(f, h->sleep && over ? SP_SEV_ERROR : SP_SEV_WARNING);
		propose_grace(p, f);
	}
}

/* All texts of a hook: command, or the path it calls. */
static const char *hook_text(const struct lctr *c)
{
	const struct sp_k_handler *h = pre_stop(c);

	if (h && h->http && h->http->path)
		return h->http->path;
	return c->pre.text ? c->pre.text : "";
}

static bool quits(const struct lctr *c)
{
	const char *text = hook_text(c);
	bool pid1;

	if (sp_seen(QUIT_WORDS, text) || (c->e && sp_seen(c->e->quit_seen, text)))
		return true;
	for (uint32_t i = 0; i < c->pre.n; i++) {
		if (sh_signal(&c->pre.v[i], &pid1))
			return true;
		for (uint32_t w = 0; w < c->pre.v[i].n; w++) /* cloud-sql-proxy shutdown */
			if (w > 0 && (sp_streq(c->pre.v[i].w[w], "shutdown") ||
				      sp_streq(c->pre.v[i].w[w], "drain")))
				return true;
	}
	return false;
}

static void remove_hook(struct lpod *p, struct sp_finding *f, const struct lctr *c)
{
	const struct sp_node *lifecycle = c->k->lifecycle->node;

	if (lifecycle->n == 1)
		fix_op(p, f, SP_OP_REMOVE, c->k->node)->key = "lifecycle";
	else
		fix_op(p, f, SP_OP_REMOVE, lifecycle)->key = "preStop";
}

static const char *first_app(const struct lpod *p)
{
	EACH_APP(p, c)
	{
		return c->name;
	}
	return "the app";
}

static void sidecar_hooks(struct lpod *p)
{
	EACH_SIDECAR(p, c)
	{
		const struct sp_k_handler *h = pre_stop(c);
		bool only_sleep = c->pre.n > 0;

		if (!h)
			continue;
		for (uint32_t i = 0; i < c->pre.n; i++)
			only_sleep &= sh_is(&c->pre.v[i], "sleep");
		if (h->sleep || only_sleep)
			remove_hook(p,
				    hit(p, "SP304", SP_CERTAIN, c, h->node,
					"ordering already keeps %s alive; the sleep only delays "
					"its own SIGTERM",
					c->name),
				    c);
		else if (quits(c))
			remove_hook(p,
				    hit(p, "SP303", SP_CERTAIN, c, h->node,
					"preStop of a native sidecar runs when termination starts, "
					"together with the app's SIGTERM, not when its turn comes: "
					"%s stops serving while %s still works",
					c->name, first_app(p)),
				    c);
	}
	EACH_APP(p, c)
	{
		if (pre_stop(c) && c->pre_s > 0 && p->n_sidecars)
			hit(p, "SP305", SP_CERTAIN, c, pre_stop(c)->node,
			    "%s sleeps %lld s in preStop: keep it if a Service routes here "
			    "(endpoint propagation), drop it if it was for the sidecar",
			    c->name, (long long)c->pre_s);
	}
}

static void kills_itself(struct lpod *p)
{
	bool shared = p->spec->share_pid.set && p->spec->share_pid.v;

	EACH(p, c)
	{
		bool pid1 = false, any = false;

		for (uint32_t i = 0; i < c->pre.n; i++) {
			bool one;

			if (!sh_signal(&c->pre.v[i], &one) &&
			    !(sh_is(&c->pre.v[i], "nginx") && sh_has_word(&c->pre.v[i], "stop")))
				continue;
			any |= one || !sh_is(&c->pre.v[i], "kill");
			pid1 |= one;
		}
		if (any) {
			struct sp_finding *f = hit(
				p, "SP306", SP_CERTAIN, c, pre_stop(c)->node,
				"%s ends here, the rest of the hook is cut short and connections "
				"are not drained; SIGTERM is sent anyway%s",
				c->name,
				shared && pid1 ? " (with shareProcessNamespace PID 1 is the pause "
						 "process)"
					       : "");

			if (c->pre_s > 0 && c->pre_s < 10000 && p->minor >= 30)
				fix_set(p, f, c->k->lifecycle->node, "preStop",
					fix_yaml(p->l, say(p->l, "sleep:\n  seconds: %lld\n",
							   (long long)c->pre_s)),
					NULL);
		}
	}
}

static bool no_shell(const struct lctr *c)
{
	return (c->e && c->known <= SP_LIKELY && c->e->no_shell) ||
	       sp_seen("distroless|scratch", c->repo) || sp_seen("distroless|-static", c->tag) ||
	       (strlen(c->repo) > 7 && sp_streq(c->repo + strlen(c->repo) - 7, "-static"));
}

static void needs_shell(struct lpod *p)
{
	EACH(p, c)
	{
		const struct sp_k_handler *h = pre_stop(c);
		struct sp_finding *f;

		if (!h || !h->exec || !no_shell(c) || sp_seen(":debug|-debug", c->image) ||
		    !(c->pre.shell || (c->pre.n && sh_is(&c->pre.v[0], "sleep"))))
			continue;
		f = hit(p, "SP307", SP_LIKELY, c, h->node,
			"the image has no %s: the hook fails with FailedPreStopHook",
			c->pre.shell ? "shell" : "sleep");
		if (c->pre_s > 0 && p->minor >= 30)
			fix_set(p, f, c->k->lifecycle->node, "preStop",
				fix_yaml(p->l, say(p->l, "sleep:\n  seconds: %lld\n",
						   (long long)c->pre_s)),
				NULL);
	}
}

/* Whom a command tells to quit; NULL nobody. */
static const struct lctr *told_to_quit(const struct lpod *p, const struct lctr *c, const char *text)
{
	EACH(p, s)
	{
		if (s != c && s->role != SP_ROLE_INIT && s->e &&
		    (sp_seen(s->e->quit_seen, text) || sp_seen(QUIT_WORDS, text)))
			return s;
	}
	return NULL;
}

/* Only what a native sidecar is told has no use: a companion of the old kind needs it. */
static bool tells_native(struct lpod *p, const struct lctr *c, const char *text)
{
	const struct lctr *s = told_to_quit(p, c, text);

	EACH_APP(p, o)
	{
		if (o != c && o->e && o->known <= SP_LIKELY)
			return false;
	}
	return s && s->role == SP_ROLE_SIDECAR;
}

static bool is_idle_quit(struct lpod *p, const struct lctr *c, const struct sh *st,
			 const char *text)
{
	bool pid1;

	return st->n == 1 && (sh_is(&st->v[0], "curl|wget") || sh_signal(&st->v[0], &pid1)) &&
	       tells_native(p, c, text);
}

static bool is_idle_trap(struct lpod *p, const struct lctr *c, const struct sh *st,
			 const char *text)
{
	return st->n == 1 && sh_is(&st->v[0], "trap") && sh_has_word(&st->v[0], "EXIT") &&
	       st->v[0].n == 3 && !strpbrk(st->v[0].w[1], ";&|\n") && tells_native(p, c, text);
}

/* trap '…quit…' EXIT; also the name of a function of a script that holds a quit call */
static bool trap_quits(struct lpod *p, const struct sh *sh, const struct sh_cmd *c)
{
	const char *name = c->n > 1 ? c->w[1] : "";

	if (!sh_is(c, "trap") || !(sh_has_word(c, "EXIT") || sh_has_word(c, "0")))
		return false;
	if (sp_seen(QUIT_WORDS "|kill", name))
		return true;
	return *name &&
	       (strstr(sh->text, say(p->l, "%s()", name)) ||
		strstr(sh->text, say(p->l, "%s ()", name)) ||
		strstr(sh->text, say(p->l, "function %s", name))) &&
	       sp_seen(QUIT_WORDS, sh->text);
}

/* The last command that does something: what only hands on an exit code is passed over. */
static const struct sh_cmd *last_work(const struct sh *sh)
{
	uint32_t n = sh->n;

	while (n > 1 && sh_is(&sh->v[n - 1], "exit|true|:"))
		n--;
	return n ? &sh->v[n - 1] : NULL;
}

static void quit_calls(struct lpod *p)
{
	EACH_APP(p, c)
	{
		const struct sh_cmd *last = last_work(&c->sh);
		const struct lctr *s = told_to_quit(p, c, c->sh.text);
		const struct sp_node *at = node_of(c->k->node, c->k->args.n ? "args" : "command");
		bool trap = false, pid1;

		if (!c->sh.shell || !last)
			continue;
		for (uint32_t i = 0; i < c->sh.n; i++)
			trap |= trap_quits(p, &c->sh, &c->sh.v[i]);
		if (trap) {
			fix_without(p,
				    hit(p, "SP309", SP_CERTAIN, c, at,
					"the trap tells %s to quit; a native sidecar is stopped "
					"in order anyway",
					s ? s->name : "another container"),
				    c, is_idle_trap);
			continue;
		}
		if ((p->n_apps + p->n_sidecars > 1) &&
		    ((sh_is(last, "curl|wget") && (s || sp_seen(QUIT_WORDS, c->sh.text))) ||
		     (sh_signal(last, &pid1) && c->sh.n > 1 && !strstr(c->sh.text, "$!")) ||
		     (sh_is(last, "touch") && last->n > 1 &&
		      sp_seen("/done|/finished|/complete|/exit", last->w[last->n - 1]))))
			fix_without(p,
				    hit(p, "SP308", SP_CERTAIN, c, at,
					"%s tells %s to quit: not needed with a native sidecar, "
					"and it hides the real exit code",
					c->name, s ? s->name : "another container"),
				    c, is_idle_quit);
	}
}

static bool traps_term(const struct sh *sh)
{
	for (uint32_t i = 0; i < sh->n; i++)
		if (sh_is(&sh->v[i], "trap") &&
		    (sh_has_word(&sh->v[i], "TERM") || sh_has_word(&sh->v[i], "SIGTERM") ||
		     sh_has_word(&sh->v[i], "15")))
			return true;
	return false;
}

/* The script with exec in front of its last command; NULL when that is not safe to say. */
static const char *with_exec(struct lpod *p, const struct lctr *c)
{
	const struct sh_cmd *last = &c->sh.v[c->sh.n - 1], *before = &c->sh.v[c->sh.n - 2];
	const char *text = c->sh.text, *at = NULL;
	size_t len = strlen(last->w[0]);

	if (!sp_streq(before->after, ";") && !sp_streq(before->after, "&&"))
		return NULL;
	for (const char *q = text; (q = strstr(q, last->w[0])); q += len)
		at = q;
	/* the last place of the word must be where the command begins, with nothing to its right
	 * that a shell would read otherwise */
	if (!at || at == text || !strchr(" ;&\n", at[-1]) || (at[len] && at[len] != ' ') ||
	    strpbrk(at, ";&|()<>`$'\"\n"))
		return NULL;
	for (const char *q = at; q > text && q[-1] != ';' && q[-1] != '&' && q[-1] != '\n'; q--)
		if (q[-1] != ' ')
			return NULL; /* an assignment or a word in front */
	return say(p->l, "%.*sexec %s", (int)(at - text), text, at);
}

static void propose_exec(struct lpod *p, struct sp_finding *f, const struct lctr *c)
{
	const struct sp_node *node = lctr_script_node(c);
	const char *text = node ? with_exec(p, c) : NULL;

	if (text)
		fix_op(p, f, SP_OP_SCALAR, node)->value = sp_node_new_str(&p->l->arena, text);
}

/* Does the script start something and go on? */
static bool in_background(const struct sh *sh)
{
	for (uint32_t i = 0; i < sh->n; i++)
		if (sp_streq(sh->v[i].after, "&"))
			return true;
	return false;
}

static void swallowed_term(struct lpod *p)
{
	EACH(p, c)
	{
		const struct sh_cmd *last = c->sh.n ? &c->sh.v[c->sh.n - 1] : NULL;
		struct sp_finding *f;

		/* inits are not told to stop in an orderly way; builtins are the shell itself */
		if (c->role == SP_ROLE_INIT || !c->sh.shell || c->sh.n < 2 || traps_term(&c->sh) ||
		    sh_is(last, "exec") || c->ends)
			continue;
		f = hit(p, "SP310", SP_CERTAIN, c,
			node_of(c->k->node, c->k->args.n ? "args" : "command"),
			"the shell does not pass SIGTERM on: %s is killed after %lld s%s", c->name,
			(long long)p->grace_s,
			c->role == SP_ROLE_APP && p->n_sidecars ? " and sidecars get 2 s" : "");
		if (last->lead != SH_NONE || last->n == 0 || in_background(&c->sh))
			f->fix = "trap TERM in the script, or let a program run in its place";
		else
			f->fix = say(p->l, "exec %s …: the last command takes the shell's place",
				     last->w[0]);
		if (last->lead == SH_NONE && last->n > 0 && !in_background(&c->sh))
			propose_exec(p, f, c);
	}
}

static void stop_signal(struct lpod *p)
{
	const struct sp_node *os = sp_node_get(p->spec->node, "os");

	EACH(p, c)
	{
		const struct sp_node *n =
			c->k->lifecycle ? sp_node_get(c->k->lifecycle->node, "stopSignal") : NULL;

		if (n && n->kind == SP_NODE_STR && !os)
			fix_set(p,
				hit(p, "SP311", SP_CERTAIN, c, n, "stopSignal needs spec.os.name"),
				p->spec->node, "os", fix_yaml(p->l, "name: linux"), NULL);
	}
}

static void grace_on_readiness(struct lpod *p)
{
	EACH(p, c)
	{
		const struct sp_k_probe *r = c->k->readiness;

		if (r && r->grace_s.set)
			fix_op(p,
			       hit(p, "SP315", SP_CERTAIN, c,
				   node_of(r->node, "terminationGracePeriodSeconds"),
				   "terminationGracePeriodSeconds is not allowed on "
				   "readinessProbe"),
			       SP_OP_REMOVE, r->node)
				->key = "terminationGracePeriodSeconds";
	}
}

static int64_t stop_budget(const struct lpod *p, const struct lctr *c)
{
	return c->stop_budget_s >= 0 ? c->stop_budget_s : p->grace_s;
}

static void products(struct lpod *p)
{
	EACH_SIDECAR(p, c)
	{
		const struct sp_cat_entry *e = c->known <= SP_LIKELY ? c->e : NULL;
		struct sp_finding *f;

		if (!e)
			continue;
		if (e->exit_flag && !lctr_told(p, c, e->exit_flag)) {
			f = hit(p, "SP314", c->known, c, NULL,
				"%s makes monitoring quieter; Kubernetes ignores the exit code of "
				"a sidecar either way",
				e->exit_flag);
			fix_arg(p, f, c, e->exit_flag);
		}
		if (e->drain_s > stop_budget(p, c) && !lctr_told(p, c, e->drain_flag)) {
			f = hit(p, "SP316", c->known == SP_CERTAIN ? SP_LIKELY : c->known, c, NULL,
				"%s waits up to %d s by itself, and %lld s are left when its turn "
				"comes",
				lctr_shown(c), e->drain_s, (long long)stop_budget(p, c));
			if (e->drain_flag)
				f->fix = say(p->l, "set %.*s below that",
					     (int)strcspn(e->drain_flag, "|"), e->drain_flag);
		}
		/* from 1.37 on a feature gate, still off, restarts it */
		if (e->idle_exit && (!e->idle_seen || lctr_switched(p, c, e->idle_seen)) &&
		    !lctr_told(p, c, e->idle_off))
			hit(p, "SP317", SP_LIKELY, c, NULL,
			    "%s may exit by itself while %s drains (%s); it is not restarted during "
			    "termination",
			    lctr_shown(c), first_app(p), e->idle_exit);
	}
}

void rules_stop(struct lpod *p)
{
	grace(p);
	hook_and_grace(p);
	sidecar_hooks(p);
	kills_itself(p);
	needs_shell(p);
	quit_calls(p);
	swallowed_term(p);
	stop_signal(p);
	grace_on_readiness(p);
	products(p);
}
