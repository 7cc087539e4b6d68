/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a run asks of the engine beyond the manifest: the kind of network, published ports, filters
 * of system calls. And what becomes of host ports on a network that cannot have them: said before
 * anything starts, since a port that nobody answers on says nothing.
 */
#include "cli/launch.h"

#include "base/text.h"
#include "cli/files.h"
#include "container/container.h"
#include "container/seccomp_default.h"
#include "supervisor/env.h"

#include <arpa/inet.h>
#include <limits.h>
#include <unistd.h>

int sp_publish_parse(const char *text, struct sp_net_port *ret, struct sp_error *err)
{
	char mem[128];
	struct sp_buf b = sp_buf_fixed(mem, sizeof(mem));
	char *slash, *last, *first;
	int64_t host, ctr;

	*ret = (struct sp_net_port){0};
	sp_buf_puts(&b, text);
	slash = strchr(mem, '/');
	if (slash) {
		*slash++ = '\0';
		if (!sp_streq(slash, "udp") && !sp_streq(slash, "tcp"))
			goto bad;
		ret->udp = sp_streq(slash, "udp");
	}
	last = strrchr(mem, ':');
	if (b.failed || !last)
		goto bad;
	*last++ = '\0';
	first = strrchr(mem, ':');
	if (first) {
		*first++ = '\0';
		if (inet_pton(AF_INET, mem, &ret->host_ip) != 1)
			goto bad;
	} else {
		first = mem;
	}
	if (sp_parse_i64(first, 1, 65535, &host) < 0 || sp_parse_i64(last, 1, 65535, &ctr) < 0)
		goto bad;
	ret->host_port = (uint16_t)host;
	ret->ctr_port = (uint16_t)ctr;
	return 0;
bad:
	return sp_fail(err, SP_E_INVALID, "--publish: '%s' is not [IP:]HOST:PORT[/udp]", text);
}

/* The pod that an object is, or makes; NULL for what makes none. */
static bool on_host(const struct sp_engine *e, const struct sp_k_pod_spec *s)
{
	return e->net == SP_NET_HOST || (s->host_network.set && s->host_network.v);
}

/* Add to @lost the host ports of a container that this run does not give. Return: how many host
 * ports it has */
static uint32_t look_at_ports(const struct sp_engine *e, bool host, const struct sp_k_container *c,
			      struct sp_buf *lost)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < c->ports.n; i++) {
		const struct sp_k_port *p = &c->ports.v[i];

		if (!p->host_port.set || !p->host_port.v)
			continue;
		n++;
		if (host ? p->host_port.v != p->container_port.v : e->net == SP_NET_LO)
			sp_buf_printf(lost, "%s%d/%s of container '%s'", lost->len ? ", " : "",
				      (int)p->host_port.v, p->protocol ? p->protocol : "TCP",
				      c->name);
	}
	return n;
}

/* Init containers do not serve anybody: theirs are not published (NET-7). */
static bool publishes(const struct sp_k_pod_spec *s, uint32_t i)
{
	const char *policy =
		i < s->init_containers.n ? s->init_containers.v[i].restart_policy : NULL;

	return i >= s->init_containers.n || (policy && sp_streq(policy, "Always"));
}

static int check_ports(struct sp_launch *l, const struct sp_object *o, struct sp_error *err)
{
	const struct sp_engine *e = &l->place.engine;
	const struct sp_k_pod_spec *s = sp_cli_pod_spec(o);
	SP_CLEANUP(sp_buf_done) struct sp_buf lost = {0};
	bool host = on_host(e, s);
	uint32_t n = e->n_publish;

	for (uint32_t i = 0; i < s->init_containers.n + s->containers.n; i++)
		if (publishes(s, i))
			n += look_at_ports(e, host, sp_pod_container_at(s, i), &lost);
	if (host && e->n_publish)
		return sp_fail(err, SP_E_INVALID,
			       "--publish: pod '%s' is on the machine's network; its ports are the "
			       "machine's already",
			       o->meta->name);
	if (n > SP_NET_PORTS_MAX)
		return sp_fail(err, SP_E_INVALID,
			       "pod '%s' wants %u ports of the machine; %d is the most",
			       o->meta->name, n, SP_NET_PORTS_MAX);
	if (lost.failed)
		return sp_fail(err, SP_E_NO_MEMORY, "look at host ports");
	if (lost.len && host)
		sp_cli_warn(l->cli,
			    "pod '%s' is on the machine's network, where its programs listen on "
			    "their own ports; not forwarded: hostPort %s",
			    o->meta->name, lost.ptr);
	else if (lost.len)
		sp_cli_warn(l->cli,
			    "pod '%s' has a loopback network alone; not published: hostPort %s",
			    o->meta->name, lost.ptr);
	return 0;
}

static int network_options(struct sp_launch *l, struct sp_error *err)
{
	struct sp_engine *e = &l->place.engine;
	const char *net = sp_flag_text(l->cli, "net");
	uint32_t n, n_pods = 0;
	const char *const *v = sp_flag_list(l->cli, "publish", &n);

	e->net = sp_streq(net, "lo")     ? SP_NET_LO
		 : sp_streq(net, "host") ? SP_NET_HOST
					 : SP_NET_BRIDGE;
	if (e->rootless && e->net == SP_NET_BRIDGE && sp_flag_given(l->cli, "net"))
		return sp_fail(
			err, SP_E_INVALID,
			"only root can put pods on the bridge; as an ordinary user: `--net lo` "
			"(alone with itself) or `--net host` (the machine's network)");
	if (e->rootless && n > 0)
		return sp_fail(err, SP_E_INVALID, "--publish: only root can publish ports");
	if (e->net == SP_NET_LO && n > 0)
		return sp_fail(err, SP_E_INVALID,
			       "--publish: with `--net lo` nothing reaches the pods");
	if (n > SP_NET_PORTS_MAX)
		return sp_fail(err, SP_E_INVALID, "--publish: more than %d", SP_NET_PORTS_MAX);
	for (uint32_t i = 0; i < l->manifest.n_objects; i++)
		n_pods += l->manifest.objects[i].kind == SP_KIND_POD;
	if (n > 0 && n_pods > 1)
		return sp_fail(err, SP_E_INVALID,
			       "--publish: a port leads to one pod, and there are %u", n_pods);
	for (uint32_t i = 0; i < n; i++)
		if (sp_publish_parse(v[i], &e->publish[e->n_publish++], err) < 0)
			return -1;
	if (e->rootless && e->net == SP_NET_BRIDGE) {
		e->net = SP_NET_LO;
		sp_cli_warn(l->cli, "not root: pods have a loopback network alone; `--net host` "
				    "gives them the machine's");
	}
	for (uint32_t i = 0; i < l->manifest.n_objects; i++)
		if (sp_cli_pod_spec(&l->manifest.objects[i]) &&
		    check_ports(l, &l->manifest.objects[i], err) < 0)
			return -1;
	return 0;
}

int sp_launch_engine(struct sp_launch *l, struct sp_error *err)
{
	struct sp_engine *e = &l->place.engine;
	char path[PATH_MAX];
	ssize_t len;

	if (network_options(l, err) < 0)
		return -1;
	len = readlink("/proc/self/exe", path, sizeof(path) - 1);
	if (len > 0) {
		path[len] = '\0';
		e->command = sp_arena_strdup(&l->cli->arena, path);
	}
	e->seccomp = &sp_seccomp_default;
	e->n_seccomp = 1;
	e->seccomp_default = !sp_streq(sp_flag_text(l->cli, "seccomp-default"), "off");
	return 0;
}
