/* SPDX-License-Identifier: Apache-2.0 */
/* SP5xx: the one network that containers of a pod share. */
#include "lint/lint_internal.h"

static const char *proto(bool udp)
{
	return udp ? "UDP" : "TCP";
}

/* Ports that a product can be told to change are worth a warning only when it was not told. */
static void clashes(struct lpod *p)
{
	EACH(p, a)
	{
		for (uint32_t i = 0; i < a->n_ports; i++) {
			const struct lport *x = &a->ports[i];

			if (a->role == SP_ROLE_INIT || x->from == LPORT_CATALOGUE)
				continue;
			EACH(p, b)
			{
				const struct lport *y = NULL;

				for (uint32_t k = 0; k < b->n_ports && b > a && !y; k++)
					if (b->ports[k].port == x->port &&
					    b->ports[k].udp == x->udp &&
					    b->ports[k].from != LPORT_CATALOGUE)
						y = &b->ports[k];
				if (!y || b->role == SP_ROLE_INIT)
					continue;
				hit(p, "SP501",
				    x->from == LPORT_DECLARED && y->from == LPORT_DECLARED
					    ? SP_CERTAIN
					    : SP_LIKELY,
				    b, y->node ? y->node : x->node,
				    "%s and %s both bind %u/%s; containers of a pod share one "
				    "network",
				    a->name, b->name, x->port, proto(x->udp));
			}
		}
	}
}

static bool same_host_ip(const char *a, const char *b)
{
	bool any_a = !a || !*a || sp_streq(a, "0.0.0.0"),
	     any_b = !b || !*b || sp_streq(b, "0.0.0.0");

	return any_a || any_b || sp_streq(a, b);
}

static void host_clashes(struct lpod *p)
{
	EACH(p, a)
	{
		for (uint32_t i = 0; i < a->k->ports.n; i++) {
			const struct sp_k_port *x = &a->k->ports.v[i];
			bool found = false;

			if (!x->host_port.set || x->host_port.v == 0 || a->role == SP_ROLE_INIT)
				continue;
			for (struct lctr *b = p->c; b <= a && !found; b++)
				for (uint32_t k = 0; k < (b == a ? i : b->k->ports.n) && !found;
				     k++) {
					const struct sp_k_port *y = &b->k->ports.v[k];

					found = y->host_port.set && b->role != SP_ROLE_INIT &&
						y->host_port.v == x->host_port.v &&
						sp_streq(x->protocol ? x->protocol : "TCP",
							 y->protocol ? y->protocol : "TCP") &&
						same_host_ip(x->host_ip, y->host_ip);
				}
			if (found)
				hit(p, "SP502", SP_CERTAIN, a, sp_node_get(x->node, "hostPort"),
				    "hostPort %lld is used twice", (long long)x->host_port.v);
		}
	}
}

static void product_ports(struct lpod *p)
{
	EACH(p, app)
	{
		if (app->role == SP_ROLE_INIT || (app->e && app->known <= SP_LIKELY))
			continue;
		for (uint32_t i = 0; i < app->n_ports; i++) {
			EACH(p, s)
			{
				const struct lport *y = lctr_port(s, app->ports[i].port);

				if (s == app || !y || y->from != LPORT_CATALOGUE ||
				    y->udp != app->ports[i].udp || s->role == SP_ROLE_INIT)
					continue;
				hit(p, "SP503", SP_MAX(s->known, SP_LIKELY), app,
				    app->ports[i].node,
				    "%s uses %u, which %s also binds by default", app->name,
				    app->ports[i].port, lctr_shown(s));
			}
		}
	}
}

static void on_the_node(struct lpod *p)
{
	if (!p->spec->host_network.set || !p->spec->host_network.v)
		return;
	EACH_SIDECAR(p, c)
	{
		SP_CLEANUP(sp_buf_done) struct sp_buf b = {0};

		for (uint32_t i = 0; i < c->n_ports; i++)
			sp_buf_printf(&b, "%s%u", i ? ", " : "", c->ports[i].port);
		if (c->n_ports && !b.failed)
			hit(p, "SP504", SP_CERTAIN, c, NULL,
			    "hostNetwork: %s's ports %s are opened on the node", c->name, b.ptr);
	}
}

/* A port of a mesh's proxy, which is injected: no manifest shows it. */
static bool may_be_injected(const struct lpod *p, uint32_t port)
{
	const struct sp_catalogue *cat = p->l->opt.catalogue;

	for (uint32_t i = 0; i < sp_catalogue_size(cat); i++) {
		const struct sp_cat_entry *e = sp_catalogue_at(cat, i);

		for (uint32_t k = 0; e->type == SP_CAT_MESH && k < e->n_ports; k++)
			if (e->ports[k].port == port)
				return true;
	}
	return false;
}

static void dangling(struct lpod *p)
{
	EACH(p, c)
	{
		for (uint32_t i = 0; i < c->n_refs; i++) {
			/* a container that declares nothing may listen, too */
			bool silent = may_be_injected(p, c->refs[i].port);

			EACH(p, o)
			{
				silent |= o != c && o->n_ports == 0 && !o->ends &&
					  o->role != SP_ROLE_INIT;
			}
			if (!lctr_port(c, c->refs[i].port) && !lpod_owner(p, c->refs[i].port, c))
				hit(p, "SP505", silent ? SP_GUESS : SP_LIKELY, c, c->refs[i].node,
				    "%s talks to localhost:%u but nothing in this pod listens "
				    "there",
				    c->name, c->refs[i].port);
		}
	}
}

static int64_t user_of(const struct lpod *p, const struct lctr *c)
{
	if (c->k->security && c->k->security->run_as_user.set)
		return c->k->security->run_as_user.v;
	if (p->spec->security && p->spec->security->run_as_user.set)
		return p->spec->security->run_as_user.v;
	return -1;
}

static void bypassing_user(struct lpod *p)
{
	EACH(p, proxy)
	{
		if (!proxy->e || proxy->known > SP_LIKELY || proxy->e->uid <= 0)
			continue;
		EACH_APP(p, app)
		{
			if (app != proxy && user_of(p, app) == proxy->e->uid)
				hit(p, "SP506", SP_CERTAIN, app,
				    app->k->security
					    ? sp_node_get(app->k->security->node, "runAsUser")
					    : NULL,
				    "traffic of %s would bypass the proxy", app->name);
		}
	}
}

void rules_ports(struct lpod *p)
{
	clashes(p);
	host_clashes(p);
	product_ports(p);
	on_the_node(p);
	dangling(p);
	bypassing_user(p);
}
