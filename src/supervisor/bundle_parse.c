/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a bundle: the supervisor's side. */
#include "supervisor/bundle.h"

#include "base/text.h"
#include "container/container.h"
#include "spec/load.h"
#include "sys/fd.h"

#include <arpa/inet.h>
#include <linux/filter.h>
#include <sys/mman.h>
#include <sys/stat.h>

static int no_memory(struct sp_error *err)
{
	return sp_fail(err, SP_E_NO_MEMORY, "bundle");
}

static const char *get_str(const struct sp_node *n, const char *key, const char *def)
{
	return sp_node_str(sp_node_get(n, key), def);
}

static int64_t get_int(const struct sp_node *n, const char *key, int64_t def)
{
	const struct sp_node *v = sp_node_get(n, key);

	return v && v->kind == SP_NODE_INT ? v->i : def;
}

static bool get_bool(const struct sp_node *n, const char *key)
{
	const struct sp_node *v = sp_node_get(n, key);

	return v && v->kind == SP_NODE_BOOL && v->b;
}

static uint32_t list_len(const struct sp_node *n)
{
	return n && n->kind == SP_NODE_LIST ? n->n : 0;
}

/* A list of strings. Return: the array, never NULL for an empty list; NULL out of memory. */
static const char *const *get_strs(struct sp_arena *a, const struct sp_node *n, const char *key,
				   uint32_t *ret_n)
{
	const struct sp_node *l = sp_node_get(n, key);
	uint32_t count = list_len(l);
	const char **v = sp_arena_array(a, SP_MAX(count, 1u), sizeof(*v));

	for (uint32_t i = 0; v && i < count; i++)
		v[i] = sp_node_str(l->items[i], "");
	*ret_n = count;
	return v;
}

int sp_image_parse(struct sp_arena *a, const struct sp_node *n, struct sp_bundle_image *ret,
		   struct sp_error *err)
{
	struct sp_image i = {
		.ref = get_str(n, "ref", ""),
		.id = get_str(n, "id", ""),
		.digest = get_str(n, "digest", ""),
		.size_bytes = (uint64_t)SP_MAX(get_int(n, "sizeBytes", 0), (int64_t)0),
		.working_dir = get_str(n, "workingDir", ""),
		.user = get_str(n, "user", ""),
		.stop_signal = get_str(n, "stopSignal", ""),
	};

	if (!n || n->kind != SP_NODE_MAP)
		return sp_fail(err, SP_E_CORRUPT, "image: not an object");
	ret->fail = get_str(n, "fail", NULL);
	ret->fail_text = get_str(n, "text", "");
	if (ret->fail)
		return 0;
	i.layers = get_strs(a, n, "layers", &i.n_layers);
	i.entrypoint = get_strs(a, n, "entrypoint", &i.n_entrypoint);
	i.cmd = get_strs(a, n, "cmd", &i.n_cmd);
	i.env = get_strs(a, n, "env", &i.n_env);
	if (!i.layers || !i.entrypoint || !i.cmd || !i.env)
		return no_memory(err);
	if (!i.n_layers)
		return sp_fail(err, SP_E_CORRUPT, "image '%s' has no layers", i.ref);
	ret->image = i;
	ret->fresh = get_bool(n, "fresh");
	ret->pulled = get_str(n, "pulled", NULL);
	return 0;
}

static int parse_publish(const struct sp_node *l, struct sp_engine *e, struct sp_error *err)
{
	uint32_t n = list_len(l);

	if (n > SP_NET_PORTS_MAX)
		return sp_fail(err, SP_E_INVALID, "%u published ports; at most %d are possible", n,
			       SP_NET_PORTS_MAX);
	for (uint32_t i = 0; i < n; i++) {
		const struct sp_node *p = l->items[i];
		int64_t host = get_int(p, "hostPort", 0), port = get_int(p, "port", 0);
		struct sp_net_port *to = &e->publish[i];

		if (host < 1 || host > UINT16_MAX || port < 1 || port > UINT16_MAX ||
		    inet_pton(AF_INET, get_str(p, "hostIP", "0.0.0.0"), &to->host_ip) != 1)
			return sp_fail(err, SP_E_CORRUPT, "engine.publish[%u]", i);
		to->udp = get_bool(p, "udp");
		to->host_port = (uint16_t)host;
		to->ctr_port = (uint16_t)port;
	}
	e->n_publish = n;
	return 0;
}

static int parse_seccomp(struct sp_arena *a, const struct sp_node *l, struct sp_engine *e,
			 struct sp_error *err)
{
	uint32_t n = list_len(l);
	struct sp_seccomp *v = sp_arena_array(a, SP_MAX(n, 1u), sizeof(*v));

	if (!v)
		return no_memory(err);
	for (uint32_t i = 0; i < n; i++) {
		const char *hex = get_str(l->items[i], "bpf", "");
		size_t len = strlen(hex) / 2;
		uint8_t *bytes = sp_arena_alloc(a, SP_MAX(len, (size_t)1));

		if (!bytes)
			return no_memory(err);
		if (sp_hex_decode(hex, strlen(hex), bytes) < 0 || !len ||
		    len % sizeof(struct sock_filter))
			return sp_fail(err, SP_E_CORRUPT, "engine.seccomp[%u]", i);
		v[i] = (struct sp_seccomp){
			.profile = get_str(l->items[i], "profile", NULL),
			.flags = (uint32_t)get_int(l->items[i], "flags", 0),
			.caps = (uint64_t)get_int(l->items[i], "caps", 0),
			.bpf = bytes,
			.n = (uint32_t)(len / sizeof(struct sock_filter)),
		};
	}
	e->seccomp = v;
	e->n_seccomp = n;
	return 0;
}

static int parse_engine(struct sp_arena *a, const struct sp_node *n, struct sp_engine *e,
			struct sp_error *err)
{
	const char *net = get_str(n, "net", "bridge");

	*e = (struct sp_engine){
		.root = get_str(n, "root", NULL),
		.run_dir = get_str(n, "runDir", NULL),
		.log_dir = get_str(n, "logDir", NULL),
		.net = sp_streq(net, "host") ? SP_NET_HOST
		       : sp_streq(net, "lo") ? SP_NET_LO
					     : SP_NET_BRIDGE,
		.bridge = get_str(n, "bridge", NULL),
		.subnet = get_str(n, "subnet", NULL),
		.ipv6 = get_bool(n, "ipv6"),
		.cgroup_root = get_str(n, "cgroupRoot", "sidepod"),
		.pids_limit = get_int(n, "podPidsLimit", -1),
		.kube_minor = (int)get_int(n, "kubeMinor", 0),
		.seccomp_default = get_bool(n, "seccompDefault"),
		.command = get_str(n, "command", NULL),
		.rootless = get_bool(n, "rootless"),
		.cluster_dns = get_str(n, "clusterDNS", NULL),
		.cluster_domain = get_str(n, "clusterDomain", "cluster.local"),
		.time_scale = (int32_t)get_int(n, "timeScale", 1),
		.restart_sidecars_on_termination = get_bool(n, "restartSidecarsDuringTermination"),
		.backoff_initial = get_int(n, "backoffInitialMs", 0) * SP_MSEC,
		.backoff_max = get_int(n, "backoffMaxMs", 0) * SP_MSEC,
	};
	if (!e->root || !e->run_dir || !e->log_dir)
		return sp_fail(err, SP_E_CORRUPT,
			       "engine: 'root', 'runDir' or 'logDir' is missing");
	if (e->kube_minor == 0)
		e->kube_minor = 36;
	e->time_scale = SP_MAX(e->time_scale, 1);
	if (parse_publish(sp_node_get(n, "publish"), e, err) < 0 ||
	    parse_seccomp(a, sp_node_get(n, "seccomp"), e, err) < 0)
		return -1;
	return 0;
}

/* One object, which must be of kind @want. */
static int parse_object(struct sp_arena *a, const struct sp_node *n, enum sp_kind want, void **ret,
			struct sp_error *err)
{
	const struct sp_load_options opt = {.validate = SP_VALIDATE_IGNORE};
	struct sp_object o = {0};

	if (!n || n->kind != SP_NODE_MAP ||
	    sp_object_decode(a, n, NULL, &opt, NULL, NULL, &o) < 0 || o.kind != want || !o.any)
		return sp_fail(err, SP_E_CORRUPT, "not a readable %s", sp_kind_name(want));
	*ret = o.any;
	return 0;
}

static int parse_images(struct sp_bundle *b, const struct sp_node *m, struct sp_error *err)
{
	uint32_t n = m && m->kind == SP_NODE_MAP ? m->n : 0;

	b->images = sp_arena_array(&b->arena, SP_MAX(n, 1u), sizeof(*b->images));
	if (!b->images)
		return no_memory(err);
	for (uint32_t i = 0; i < n; i++) {
		b->images[i].reference = m->pairs[i].key;
		if (sp_image_parse(&b->arena, m->pairs[i].value, &b->images[i], err) < 0)
			return -1;
	}
	b->n_images = n;
	return 0;
}

static int parse_service_ports(struct sp_arena *a, const struct sp_node *l,
			       struct sp_bundle_service *to, struct sp_error *err)
{
	uint32_t n = list_len(l);
	struct sp_bundle_service_port *v = sp_arena_array(a, SP_MAX(n, 1u), sizeof(*v));

	if (!v)
		return no_memory(err);
	for (uint32_t i = 0; i < n; i++) {
		int64_t port = get_int(l->items[i], "port", 0);

		if (port < 1 || port > UINT16_MAX)
			return sp_fail(err, SP_E_CORRUPT, "service '%s': port", to->name);
		v[i] = (struct sp_bundle_service_port){.name = get_str(l->items[i], "name", NULL),
						       .udp = get_bool(l->items[i], "udp"),
						       .port = (uint16_t)port};
	}
	to->ports = v;
	to->n_ports = n;
	return 0;
}

static int parse_services(struct sp_bundle *b, const struct sp_node *l, struct sp_error *err)
{
	uint32_t n = list_len(l);

	b->services = sp_arena_array(&b->arena, SP_MAX(n, 1u), sizeof(*b->services));
	if (!b->services)
		return no_memory(err);
	for (uint32_t i = 0; i < n; i++) {
		struct sp_bundle_service *s = &b->services[i];

		s->name = get_str(l->items[i], "name", NULL);
		s->ip = get_str(l->items[i], "ip", NULL);
		if (!s->name || !s->ip)
			return sp_fail(err, SP_E_CORRUPT, "services[%u]", i);
		if (parse_service_ports(&b->arena, sp_node_get(l->items[i], "ports"), s, err) < 0)
			return -1;
	}
	b->n_services = n;
	return 0;
}

int sp_bundle_objects(struct sp_arena *a, const struct sp_node *doc, struct sp_bundle *b,
		      struct sp_error *err)
{
	const struct sp_node *cm = sp_node_get(doc, "configMaps");
	const struct sp_node *s = sp_node_get(doc, "secrets");
	void *any = NULL;

	b->config_maps = sp_arena_array(a, list_len(cm) + 1u, sizeof(*b->config_maps));
	b->secrets = sp_arena_array(a, list_len(s) + 1u, sizeof(*b->secrets));
	b->n_config_maps = b->n_secrets = 0;
	if (!b->config_maps || !b->secrets)
		return no_memory(err);
	for (uint32_t i = 0; i < list_len(cm); i++) {
		if (parse_object(a, cm->items[i], SP_KIND_CONFIG_MAP, &any, err) < 0)
			return -1;
		b->config_maps[b->n_config_maps++] = any;
	}
	for (uint32_t i = 0; i < list_len(s); i++) {
		if (parse_object(a, s->items[i], SP_KIND_SECRET, &any, err) < 0)
			return -1;
		b->secrets[b->n_secrets++] = any;
	}
	return 0;
}

/*
 * The command has validated the pod; what the rules promise is relied upon everywhere else, so a
 * document that does not keep it is none of ours.
 */
static bool container_complete(const struct sp_k_container *c)
{
	if (!c->name || !c->image)
		return false;
	for (uint32_t i = 0; i < c->env.n; i++)
		if (!c->env.v[i].name)
			return false;
	for (uint32_t i = 0; i < c->mounts.n; i++)
		if (!c->mounts.v[i].name || !c->mounts.v[i].mount_path)
			return false;
	return true;
}

static bool items_complete(const struct sp_k_object_volume *o)
{
	for (uint32_t i = 0; o && i < o->items.n; i++)
		if (!o->items.v[i].key || !o->items.v[i].path)
			return false;
	return true;
}

static bool downward_complete(const struct sp_k_downward *d)
{
	for (uint32_t i = 0; d && i < d->items.n; i++)
		if (!d->items.v[i].path)
			return false;
	return true;
}

static bool volume_complete(const struct sp_k_volume *v)
{
	if (!v->name || !items_complete(v->config_map) || !items_complete(v->secret) ||
	    !downward_complete(v->downward) || (v->host_path && !v->host_path->path) ||
	    (v->pvc && !v->pvc->claim_name))
		return false;
	for (uint32_t i = 0; v->projected && i < v->projected->sources.n; i++) {
		const struct sp_k_projection *p = &v->projected->sources.v[i];

		if (!items_complete(p->config_map) || !items_complete(p->secret) ||
		    !downward_complete(p->downward))
			return false;
	}
	return true;
}

static bool pod_complete(const struct sp_k_pod *pod)
{
	const struct sp_k_pod_spec *p = pod->spec;

	if (!pod->meta || !p || !pod->meta->name || !pod->meta->uid || !p->containers.n)
		return false;
	for (uint32_t i = 0; i < p->init_containers.n; i++)
		if (!container_complete(&p->init_containers.v[i]))
			return false;
	for (uint32_t i = 0; i < p->containers.n; i++)
		if (!container_complete(&p->containers.v[i]))
			return false;
	for (uint32_t i = 0; i < p->volumes.n; i++)
		if (!volume_complete(&p->volumes.v[i]))
			return false;
	for (uint32_t i = 0; i < p->readiness_gates.n; i++)
		if (!p->readiness_gates.v[i].condition_type)
			return false;
	return true;
}

static int parse(struct sp_bundle *b, const char *bytes, size_t len, struct sp_error *err)
{
	struct sp_node *doc = NULL;
	void *pod = NULL;

	if (sp_node_from_json(&b->arena, bytes, len, &doc, err) < 0)
		return -1;
	if (!sp_streq(get_str(doc, "format", ""), SP_BUNDLE_FORMAT))
		return sp_fail(err, SP_E_UNSUPPORTED, "format '%s' is not known",
			       get_str(doc, "format", ""));
	if (parse_object(&b->arena, sp_node_get(doc, "pod"), SP_KIND_POD, &pod, err) < 0)
		return -1;
	b->pod = pod;
	if (!pod_complete(b->pod))
		return sp_fail(err, SP_E_CORRUPT, "the pod is not complete");
	if (!b->pod->meta->ns)
		b->pod->meta->ns = "default";
	if (sp_bundle_objects(&b->arena, doc, b, err) < 0 ||
	    parse_services(b, sp_node_get(doc, "services"), err) < 0 ||
	    parse_images(b, sp_node_get(doc, "images"), err) < 0 ||
	    parse_engine(&b->arena, sp_node_get(doc, "engine"), &b->engine, err) < 0)
		return -1;
	b->resume = get_bool(doc, "resume");
	return 0;
}

int sp_bundle_parse(const char *bytes, size_t len, struct sp_bundle *ret, struct sp_error *err)
{
	*ret = (struct sp_bundle){0};
	if (parse(ret, bytes, len, err) < 0) {
		sp_bundle_done(ret);
		return sp_wrap(err, "bundle");
	}
	return 0;
}

int sp_bundle_read(int fd, struct sp_bundle *ret, struct sp_error *err)
{
	struct stat st;
	void *p;
	int r;

	if (fstat(fd, &st) < 0)
		return sp_fail_errno(err, errno, "bundle");
	if (st.st_size <= 0 || st.st_size > SP_BUNDLE_MAX_BYTES)
		return sp_fail(err, SP_E_CORRUPT, "bundle: %lld bytes", (long long)st.st_size);
	p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (p == MAP_FAILED)
		return sp_fail_errno(err, errno, "bundle");
	r = sp_bundle_parse(p, (size_t)st.st_size, ret, err);
	(void)munmap(p, (size_t)st.st_size); /* a mapping of ours, whole: cannot fail */
	return r;
}

void sp_bundle_done(struct sp_bundle *b)
{
	sp_arena_done(&b->arena);
	*b = (struct sp_bundle){0};
}

int sp_engine_net_config(struct sp_arena *a, const struct sp_engine *e, struct sp_net_config *ret,
			 struct sp_error *err)
{
	struct sp_net_config c;

	sp_net_config_default(&c);
	/* bridge and addresses are the machine's, so their leases are not below --root; but who is
	 * not root there has the machine for itself alone */
	if (e->rootless)
		c.state_dir = sp_arena_printf(a, "%s/net", e->run_dir);
	if (!c.state_dir)
		return no_memory(err);
	if (e->bridge)
		c.bridge = e->bridge;
	if (e->subnet) {
		const char *slash = strchr(e->subnet, '/');
		char *ip = sp_arena_strndup(a, e->subnet, strcspn(e->subnet, "/"));
		int64_t len = 0;

		if (!ip)
			return no_memory(err);
		if (!slash || inet_pton(AF_INET, ip, &c.subnet) != 1 ||
		    sp_parse_i64(slash + 1, 8, 30, &len) < 0)
			return sp_fail(err, SP_E_INVALID, "subnet '%s'", e->subnet);
		c.prefix_len = (int)len;
	}
	c.ipv6 = e->ipv6;
	*ret = c;
	return 0;
}
