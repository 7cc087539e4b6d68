/* SPDX-License-Identifier: Apache-2.0 */
/* The supervisor's sandbox: volumes, namespaces, network, identity files. */
#include "supervisor/supervisor_internal.h"

#include "base/text.h"
#include "spec/load.h"
#include "sys/fd.h"
#include "sys/sys.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <sys/sysinfo.h>

#define SMALL_FILE_MAX (64 * 1024) /* of the machine's /etc/hosts and resolv.conf */

static bool is_set(struct sp_opt_bool b)
{
	return b.set && b.v;
}

static bool host_network(const struct sup *s)
{
	return is_set(s->bundle.pod->spec->host_network) || s->bundle.engine.net == SP_NET_HOST;
}

/* ---- facts about the machine ----------------------------------------------------------------- */

/* The address that the machine would send from; no packet is sent. */
static void find_host_ip(char *ret, size_t size)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(53)};
	struct sockaddr_in me = {0};
	socklen_t len = sizeof(me);
	SP_CLEANUP(sp_closep) int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	to.sin_addr.s_addr = htonl(0xc0000201); /* 192.0.2.1, an address of nobody (RFC 5737) */
	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0 ||
	    getsockname(fd, (struct sockaddr *)&me, &len) < 0)
		me.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	(void)inet_ntop(AF_INET, &me.sin_addr, ret, (socklen_t)size); /* size fits every address */
}

void sup_world_init(struct sup *s)
{
	const struct sp_k_pod_spec *p = s->bundle.pod->spec;
	struct sp_buf b = sp_buf_fixed(s->hostname, sizeof(s->hostname));
	struct statvfs disk;
	struct sysinfo si;
	cpu_set_t cpus;

	find_host_ip(s->host_ips, sizeof(s->host_ips));
	if (host_network(s)) {
		(void)gethostname(s->hostname, sizeof(s->hostname) - 1); /* else it stays "" */
	} else {
		sp_pod_hostname(p->hostname, s->spec.name, &b);
		if (is_set(p->fqdn_hostname) && p->subdomain) {
			char name[64];

			memcpy(name, s->hostname, sizeof(name));
			sp_buf_clear(&b);
			sp_buf_printf(&b, "%s.%s.%s.svc.%s", name, p->subdomain, s->spec.ns,
				      s->bundle.engine.cluster_domain);
		}
	}
	s->world = (struct sp_world){
		.bundle = &s->bundle,
		.pod_ips = s->pod_ips,
		.host_ips = s->host_ips,
		.hostname = s->hostname,
		.machine_cpu_milli = 1000,
	};
	if (sysinfo(&si) == 0)
		s->world.machine_memory_bytes = (int64_t)(si.totalram * si.mem_unit);
	if (sched_getaffinity(0, sizeof(cpus), &cpus) == 0)
		s->world.machine_cpu_milli = CPU_COUNT(&cpus) * 1000;
	if (statvfs(s->pod_dir, &disk) == 0)
		s->world.machine_storage_bytes = (int64_t)(disk.f_blocks * disk.f_frsize);
}

/* ---- volumes --------------------------------------------------------------------------------- */

static int64_t fs_group(const struct sup *s)
{
	const struct sp_k_pod_security *sec = s->bundle.pod->spec->security;

	return sec && sec->fs_group.set ? sec->fs_group.v : -1;
}

static bool has_files(const struct sp_k_volume *v)
{
	return v->config_map || v->secret || v->downward || v->projected;
}

/* Return: -1 none */
static int64_t size_limit(const struct sp_k_empty_dir *e)
{
	struct sp_quantity q;

	return e->size_limit && sp_quantity_parse(e->size_limit, &q) == 0 && q.nano > 0
		       ? sp_quantity_ceil(&q)
		       : -1;
}

/* VOL-1: the smallest of sizeLimit, the pod's memory limit and the machine's memory. */
static int64_t tmpfs_size(const struct sup *s, const struct sp_k_empty_dir *e)
{
	int64_t size = s->world.machine_memory_bytes, own = size_limit(e);
	int64_t limit = sp_res_limit(&s->res, SP_RES_MEMORY, NULL, NULL);

	if (limit > 0 && sp_res_limit_declared(&s->res, SP_RES_MEMORY))
		size = SP_MIN(size, limit);
	if (own > 0)
		size = SP_MIN(size, own);
	return size > 0 ? size : -1;
}

static int files_volume(struct sup *s, const struct sp_k_volume *v, struct sp_volume *ret,
			struct sp_error *err)
{
	SP_CLEANUP(sp_arena_done) struct sp_arena a = {0};
	struct sp_volume_file *files;
	bool secret;
	uint32_t n;

	if (sp_volume_content(&a, &s->world, v, &files, &n, &secret, err) < 0)
		return -1;
	return sp_volume_files(s->sandbox, v->name, secret, files, n, fs_group(s), ret, err);
}

/* Claims are directories below <root>/volumes; they outlive the pod. */
static int claim_volume(struct sup *s, const struct sp_k_volume *v, struct sp_volume *ret,
			struct sp_error *err)
{
	SP_CLEANUP(sp_arena_done) struct sp_arena a = {0};
	const char *root = s->bundle.engine.root;
	const char *path[] = {
		sp_arena_printf(&a, "%s/volumes", root),
		sp_arena_printf(&a, "%s/volumes/%s", root, s->spec.ns),
		sp_arena_printf(&a, "%s/volumes/%s/%s", root, s->spec.ns, v->pvc->claim_name),
	};

	for (size_t i = 0; i < SP_ARRAY_LEN(path); i++) {
		if (!path[i])
			return sp_fail(err, SP_E_NO_MEMORY, "volume");
		if (mkdir(path[i], 0755) == 0) {
			/* the last one is the containers' own, whoever they run as */
			if (i == SP_ARRAY_LEN(path) - 1 && chmod(path[i], 0777) < 0)
				return sp_fail_errno(err, errno, "chmod '%s'", path[i]);
		} else if (errno != EEXIST) {
			return sp_fail_errno(err, errno, "create '%s'", path[i]);
		}
	}
	if (sp_volume_host_path(s->sandbox, v->name, path[2], "Directory", ret, err) < 0)
		return -1;
	ret->read_only = is_set(v->pvc->read_only);
	return 0;
}

static int make_volume(struct sup *s, const struct sp_k_volume *v, struct sp_volume *ret,
		       struct sp_error *err)
{
	static const struct sp_k_empty_dir plain;

	if (has_files(v))
		return files_volume(s, v, ret, err);
	if (v->host_path)
		return sp_volume_host_path(s->sandbox, v->name, v->host_path->path,
					   v->host_path->type, ret, err);
	if (v->pvc)
		return claim_volume(s, v, ret, err);
	const struct sp_k_empty_dir *e = v->empty_dir ? v->empty_dir : &plain; /* DEF-15 */
	bool memory = e->medium && sp_streq(e->medium, "Memory");
	int64_t page = sp_medium_huge(e->medium, &s->res, err);

	if (page < 0)
		return -1;
	if (page > 0)
		return sp_volume_huge_pages(s->sandbox, v->name, page, size_limit(e), fs_group(s),
					    ret, err);
	return sp_volume_empty_dir(s->sandbox, v->name, memory, memory ? tmpfs_size(s, e) : -1,
				   fs_group(s), ret, err);
}

/* SBX-1: objects that are missing are found before anything is made. */
static const char *missing_object(struct sup *s, struct sp_error *err)
{
	const struct sp_k_pod_spec *p = s->bundle.pod->spec;

	for (uint32_t i = 0; i < p->volumes.n; i++) {
		SP_CLEANUP(sp_arena_done) struct sp_arena a = {0};
		struct sp_volume_file *files;
		bool secret;
		uint32_t n;

		if (has_files(&p->volumes.v[i]) &&
		    sp_volume_content(&a, &s->world, &p->volumes.v[i], &files, &n, &secret, err) <
			    0)
			return p->volumes.v[i].name;
	}
	return NULL;
}

void sup_volumes_update(struct sup *s)
{
	const struct sp_k_pod_spec *p = s->bundle.pod->spec;

	for (uint32_t i = 0; s->sandbox && s->volumes && i < p->volumes.n; i++) {
		struct sp_error err = {0};

		/* An object that went away leaves the files as they are, as upstream does. */
		if (has_files(&p->volumes.v[i]) && s->volumes[i].name &&
		    files_volume(s, &p->volumes.v[i], &s->volumes[i], &err) < 0)
			sup_log(s, "volume update", &err);
	}
}

static int make_volumes(struct sup *s, struct sp_error *err)
{
	const struct sp_k_pod_spec *p = s->bundle.pod->spec;

	if (!s->volumes) {
		s->volumes =
			sp_arena_array(&s->arena, SP_MAX(p->volumes.n, 1u), sizeof(*s->volumes));
		if (!s->volumes)
			return sp_fail(err, SP_E_NO_MEMORY, "volumes");
	}
	for (uint32_t i = 0; i < p->volumes.n; i++) {
		struct sp_volume v = {.fd = -EBADF};

		if (s->volumes[i].name)
			continue; /* made by an earlier attempt at this sandbox */
		if (make_volume(s, &p->volumes.v[i], &v, err) < 0) {
			struct sp_error cause = *err;

			return sp_fail(err, cause.code,
				       "MountVolume.SetUp failed for volume \"%s\" : %s",
				       p->volumes.v[i].name, cause.text);
		}
		v.name = p->volumes.v[i].name;
		s->volumes[i] = v;
	}
	return 0;
}

static void forget_volumes(struct sup *s)
{
	for (uint32_t i = 0; s->volumes && i < s->bundle.pod->spec->volumes.n; i++) {
		if (s->volumes[i].name)
			sp_close(s->volumes[i].fd);
		s->volumes[i] = (struct sp_volume){.fd = -EBADF};
	}
}

/* ---- identity files -------------------------------------------------------------------------- */

/* A file of the machine, whole or not at all; freed by the caller. */
static char *read_machine(const char *path)
{
	char *mem = malloc(SMALL_FILE_MAX);

	if (mem && sys_read_file(AT_FDCWD, path, mem, SMALL_FILE_MAX) < 0)
		mem[0] = '\0';
	return mem;
}

static int write_identity(struct sup *s, const char *name, const struct sp_buf *b, int *ret,
			  struct sp_error *err)
{
	SP_CLEANUP(sp_closep) int fd = -EBADF;

	*ret = sp_close(*ret);
	if (b->failed)
		return sp_fail(err, SP_E_NO_MEMORY, "%s", name);
	fd = openat(s->pod_dir_fd, name, O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0 || (b->len && write(fd, b->ptr, b->len) != (ssize_t)b->len))
		return sp_fail_errno(err, errno, "write '%s/%s'", s->pod_dir, name);
	*ret = sp_take_fd(&fd);
	return 0;
}

static int write_hosts(struct sup *s, struct sp_error *err)
{
	const struct sp_k_pod_spec *p = s->bundle.pod->spec;
	SP_CLEANUP(sp_arena_done) struct sp_arena a = {0};
	SP_CLEANUP(sp_buf_done) struct sp_buf b = {0};
	struct sp_hosts_alias *aliases =
		sp_arena_array(&a, SP_MAX(p->host_aliases.n, 1u), sizeof(*aliases));
	bool host = host_network(s);
	char *machine = host ? read_machine("/etc/hosts") : NULL;
	char first_ip[64];

	if (!aliases || (host && !machine)) {
		free(machine);
		return sp_fail(err, SP_E_NO_MEMORY, "hosts");
	}
	for (uint32_t i = 0; i < p->host_aliases.n; i++)
		aliases[i] = (struct sp_hosts_alias){.ip = p->host_aliases.v[i].ip,
						     .names = p->host_aliases.v[i].hostnames.v,
						     .n_names = p->host_aliases.v[i].hostnames.n};
	memcpy(first_ip, s->pod_ips, sizeof(first_ip));
	first_ip[strcspn(first_ip, ",")] = '\0';
	struct sp_hosts h = {
		.host_network = host,
		.host_file = machine,
		.ip = first_ip[0] ? first_ip : "127.0.0.1", /* a pod with loopback only */
		.hostname = s->hostname,
		.subdomain = p->subdomain && p->subdomain[0] ? p->subdomain : NULL,
		.ns = s->spec.ns,
		.domain = s->bundle.engine.cluster_domain,
		.aliases = aliases,
		.n_aliases = p->host_aliases.n,
	};

	sp_hosts_print(&h, &b);
	free(machine);
	return write_identity(s, "hosts", &b, &s->hosts_fd, err);
}

static int write_resolv(struct sup *s, struct sp_error *err)
{
	const struct sp_k_pod_spec *p = s->bundle.pod->spec;
	const struct sp_k_dns_config *c = p->dns_config;
	SP_CLEANUP(sp_arena_done) struct sp_arena a = {0};
	SP_CLEANUP(sp_buf_done) struct sp_buf b = {0};
	uint32_t n_options = c ? c->options.n : 0;
	const char **names = sp_arena_array(&a, n_options + 1u, sizeof(*names));
	const char **values = sp_arena_array(&a, n_options + 1u, sizeof(*values));
	char *machine = read_machine("/etc/resolv.conf");

	if (!names || !values || !machine) {
		free(machine);
		return sp_fail(err, SP_E_NO_MEMORY, "resolv.conf");
	}
	for (uint32_t i = 0; i < n_options; i++) {
		names[i] = c->options.v[i].name;
		values[i] = c->options.v[i].value;
	}
	struct sp_dns d = {
		.policy = p->dns_policy ? p->dns_policy : "ClusterFirst",
		.host_network = host_network(s),
		.cluster_ip = s->bundle.engine.cluster_dns,
		.ns = s->spec.ns,
		.domain = s->bundle.engine.cluster_domain,
		.machine_conf = machine,
		.nameservers = c ? c->nameservers.v : NULL,
		.searches = c ? c->searches.v : NULL,
		.n_nameservers = c ? c->nameservers.n : 0,
		.n_searches = c ? c->searches.n : 0,
		.option_names = names,
		.option_values = values,
		.n_options = n_options,
	};
	bool tell = sp_resolv_print(&d, &b) && s->bundle.engine.cluster_dns;

	free(machine);
	if (tell) { /* NET-6; an engine without a DNS of its own does not nag about it */
		char text[512];
		struct sp_buf t = sp_buf_fixed(text, sizeof(text));

		sp_buf_printf(&t,
			      "pod: \"%s\". kubelet does not have ClusterDNS IP configured and "
			      "cannot create Pod using \"ClusterFirst\" policy. Falling back to "
			      "\"Default\" policy.",
			      s->spec.name);
		sup_warn(s, "MissingClusterDNS", text);
	}
	return write_identity(s, "resolv.conf", &b, &s->resolv_fd, err);
}

static int write_identities(struct sup *s, struct sp_error *err)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf b = {0};

	sp_buf_puts(&b, s->hostname);
	sp_buf_putc(&b, '\n');
	if (write_identity(s, "hostname", &b, &s->hostname_fd, err) < 0 ||
	    write_hosts(s, err) < 0 || write_resolv(s, err) < 0)
		return -1;
	return 0;
}

/* ---- network --------------------------------------------------------------------------------- */

/*
 * NET-7: host ports of regular containers and sidecars, and what the run asked for. None on a
 * network that nothing reaches. Return: how many, -1
 */
static int collect_ports(const struct sup *s, struct sp_net_port ret[SP_NET_PORTS_MAX],
			 struct sp_error *err)
{
	const struct sp_engine *e = &s->bundle.engine;
	uint32_t n = e->n_publish;

	if (e->net == SP_NET_LO)
		return 0;
	memcpy(ret, e->publish, n * sizeof(*ret));
	for (uint16_t i = 0; i < s->spec.n_ctrs; i++) {
		const struct sp_k_container *k = s->ctrs[i].k;

		if (s->spec.ctrs[i].role == SP_ROLE_INIT)
			continue;
		for (uint32_t p = 0; p < k->ports.n; p++) {
			const struct sp_k_port *port = &k->ports.v[p];
			const char *proto = port->protocol ? port->protocol : "TCP";

			if (!port->host_port.set || !port->host_port.v || sp_streq(proto, "SCTP"))
				continue;
			if (n == SP_NET_PORTS_MAX)
				return sp_fail(err, SP_E_INVALID, "more than %d host ports",
					       SP_NET_PORTS_MAX);
			ret[n] = (struct sp_net_port){
				.udp = sp_streq(proto, "UDP"),
				.host_port = (uint16_t)port->host_port.v,
				.ctr_port = (uint16_t)port->container_port.v,
			};
			/* no or an unreadable address: all of them */
			if (port->host_ip &&
			    inet_pton(AF_INET, port->host_ip, &ret[n].host_ip) != 1)
				ret[n].host_ip.s_addr = 0;
			n++;
		}
	}
	return (int)n;
}

/* What the first pod on the bridge changed, or found, on the machine. */
static void tell_changes(struct sup *s, const struct sp_net_lease *l)
{
	char text[sizeof(l->blocked) + 128];

	if (l->forwarding)
		sup_warn(
			s, "ForwardingEnabled",
			"net.ipv4.ip_forward of this machine was off; it is on now, for pods reach "
			"the outside through it");
	if (l->allowed)
		sup_warn(s, "ForwardingAllowed",
			 "packets of the pods would not pass the chain FORWARD of iptables; it has "
			 "rules for their bridge now");
	if (l->blocked.what[0]) {
		(void)snprintf(text, sizeof(text),
			       "the machine's firewall drops the packets of pods to the outside, "
			       "%s; what helps: %s",
			       l->blocked.what, l->blocked.fix); /* fits */
		sup_warn(s, "ForwardingBlocked", text);
	}
}

static int network_up(struct sup *s, struct sp_error *err)
{
	struct sp_net_port ports[SP_NET_PORTS_MAX];
	struct sp_net_pod pod = {
		.mode = s->bundle.engine.net,
		.uid = s->spec.uid,
		.ports = ports,
	};
	struct sp_net_lease lease = {0};
	char name[128];
	int n;

	s->pod_ips[0] = '\0';
	if (host_network(s)) {
		memcpy(s->pod_ips, s->host_ips, sizeof(s->pod_ips));
		return 0;
	}
	n = collect_ports(s, ports, err);
	if (n < 0)
		return -1;
	pod.n_ports = (uint32_t)n;
	(void)snprintf(name, sizeof(name), "%s/%s", s->spec.ns, s->spec.name); /* cut when long */
	pod.name = name;
	if (sp_net_pod_up(&s->net_config, &s->net_host, &pod, &lease, err) < 0)
		return -1;
	s->net_up = true;
	tell_changes(s, &lease);
	if (s->bundle.engine.rootless && !s->net_told) {
		s->net_told = true;
		sup_note(s, "LoopbackOnly",
			 "the pod has a loopback network alone: the bridge belongs to root");
	}
	if (lease.ip.s_addr) /* the buffer fits every address */
		(void)inet_ntop(AF_INET, &lease.ip, s->pod_ips, sizeof(s->pod_ips));
	return 0;
}

static void network_down(struct sup *s)
{
	struct sp_error err;

	if (s->net_up && s->net_opened &&
	    sp_net_pod_down(&s->net_config, &s->net_host, s->spec.uid, &err) < 0)
		sup_log(s, "network", &err);
	s->net_up = false;
}

/* ---- start and stop -------------------------------------------------------------------------- */

static int open_sandbox(struct sup *s, struct sp_error *err)
{
	const struct sp_engine *e = &s->bundle.engine;
	const struct sp_k_pod_spec *p = s->bundle.pod->spec;
	uint32_t n_sysctls = p->security ? p->security->sysctls.n : 0;
	/* all of it is kept by the sandbox */
	const char **names = sp_arena_array(&s->arena, n_sysctls + 1u, sizeof(*names));
	const char **values = sp_arena_array(&s->arena, n_sysctls + 1u, sizeof(*values));
	struct sp_sandbox_params *params = sp_arena_alloc(&s->arena, sizeof(*params));
	char *pod_text =
		sp_arena_printf(&s->arena, "%s_%s(%s)", s->spec.name, s->spec.ns, s->spec.uid);

	if (!names || !values || !params || !pod_text)
		return sp_fail(err, SP_E_NO_MEMORY, "sandbox");
	for (uint32_t i = 0; i < n_sysctls; i++) {
		names[i] = p->security->sysctls.v[i].name;
		values[i] = p->security->sysctls.v[i].value;
	}
	/* The machine's network is still the current one, the first time. A loopback needs nothing
	 * of it. */
	if (!host_network(s) && e->net == SP_NET_BRIDGE && !s->net_opened) {
		if (sp_net_host_open(&s->net_config, &s->net_host, err) < 0)
			return -1;
		s->net_opened = true;
	}
	*params = (struct sp_sandbox_params){
		.uid = s->spec.uid,
		.pod_text = pod_text,
		.pod_dir = s->pod_dir,
		.run_dir = s->run_dir,
		.hostname = host_network(s) ? NULL : s->hostname,
		.host_network = host_network(s),
		.host_ipc = is_set(p->host_ipc),
		.host_pid = is_set(p->host_pid),
		.share_pid = is_set(p->share_pid),
		.rootless = e->rootless,
		.res = &s->res,
		.pids_limit = e->pids_limit,
		.machine_bytes = s->world.machine_memory_bytes,
		.cgroup_root = e->cgroup_root,
		.sysctl_names = names,
		.sysctl_values = values,
		.n_sysctls = n_sysctls,
		.seccomp = e->seccomp,
		.n_seccomp = e->n_seccomp,
		.seccomp_if_named = !e->seccomp_default,
	};
	if (sp_sandbox_open(params, &s->sandbox, err) < 0)
		return -1;
	/* What is to be mounted must be opened in the mount namespace we are in now. */
	sp_close(s->pod_dir_fd);
	s->pod_dir_fd = open(s->pod_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return s->pod_dir_fd < 0 ? sp_fail_errno(err, errno, "open '%s'", s->pod_dir) : 0;
}

/* Once per pod: what the manifest asks for and this user or machine cannot give. */
static void tell_unenforced(struct sup *s)
{
	char mem[64] = "", text[256];
	struct sp_buf limits = sp_buf_fixed(mem, sizeof(mem));

	sp_sandbox_unenforced(s->sandbox, &limits);
	if (!limits.len || s->limits_told)
		return;
	s->limits_told = true;
	(void)snprintf(text, sizeof(text), "limits are not enforced: %s; %s", mem,
		       s->bundle.engine.rootless
			       ? "this user may not change control groups"
			       : "no control group hierarchy with them is mounted"); /* fits */
	sup_warn(s, "LimitsNotEnforced", text);
}

/* OOM-1: lowering the score needs CAP_SYS_RESOURCE, which engines in containers and those of users
 * lack. Whether we may is found by trying; ours is as before then. */
static void tell_oom_score(struct sup *s)
{
	static const char path[] = "/proc/self/oom_score_adj";
	char mem[16], want[16], text[256];
	int lowest = 1000;
	int64_t own;

	for (uint16_t i = 0; i < s->res.n_ctrs; i++)
		lowest =
			SP_MIN(lowest, sp_oom_score_adj(&s->res, i, s->world.machine_memory_bytes));
	if (s->oom_told || sys_read_file(AT_FDCWD, path, mem, sizeof(mem)) <= 0)
		return;
	mem[strcspn(mem, "\n")] = '\0';
	if (sp_parse_i64(mem, -1000, 1000, &own) < 0 || lowest >= own)
		return;
	(void)snprintf(want, sizeof(want), "%d", lowest); /* fits */
	if (sys_write_file(AT_FDCWD, path, want) >= 0) {
		(void)sys_write_file(AT_FDCWD, path, mem); /* raising is always allowed */
		return;
	}
	s->oom_told = true;
	(void)snprintf(text, sizeof(text),
		       "oom_score_adj cannot be lowered to %d: when the machine is short of memory "
		       "the pod is killed as any other process of score %lld",
		       lowest, (long long)own); /* fits */
	sup_warn(s, "OOMScoreNotSet", text);
}

static void start_failed(struct sup *s, uint32_t attempt, enum sp_sandbox_step step,
			 const char *text)
{
	sup_tell(s, &(struct sp_event){.kind = SP_EV_SANDBOX_FAILED,
				       .attempt = attempt,
				       .step = step,
				       .text = text});
}

void sup_do_sandbox_start(struct sup *s, uint32_t attempt)
{
	struct sp_error err = {0};
	const char *volume = missing_object(s, &err);

	if (volume) {
		char text[1024];
		struct sp_buf b = sp_buf_fixed(text, sizeof(text));

		sp_buf_printf(&b, "MountVolume.SetUp failed for volume \"%s\" : %s", volume,
			      err.text);
		start_failed(s, attempt, SP_SBX_STEP_MOUNT, text);
		return;
	}
	s->state->sandbox_attempt = s->sandbox_attempt = attempt;
	s->state->had_sandbox = true;
	if (!s->sandbox && open_sandbox(s, &err) < 0) {
		start_failed(s, attempt, SP_SBX_STEP_SANDBOX, err.text);
		return;
	}
	tell_unenforced(s);
	tell_oom_score(s);
	if (make_volumes(s, &err) < 0) {
		start_failed(s, attempt, SP_SBX_STEP_MOUNT, err.text);
		return;
	}
	if ((!s->net_up && network_up(s, &err) < 0) || write_identities(s, &err) < 0) {
		start_failed(s, attempt, SP_SBX_STEP_SANDBOX, err.text);
		return;
	}
	sup_tell(s, &(struct sp_event){
			    .kind = SP_EV_SANDBOX_READY, .attempt = attempt, .text = s->pod_ips});
}

/* Who is not root there cannot go back; the mounts are taken off instead. */
static void detach_mounts(struct sup *s)
{
	const struct sp_k_pod_spec *p = s->bundle.pod->spec;
	char path[PATH_MAX];

	for (uint32_t i = 0; i <= p->volumes.n; i++) {
		struct sp_buf b = sp_buf_fixed(path, sizeof(path));

		if (i < p->volumes.n)
			sp_buf_printf(&b, "%s/volumes/%s", s->pod_dir, p->volumes.v[i].name);
		else
			sp_buf_printf(&b, "%s/shm", s->pod_dir);
		/* most volumes are directories: there is nothing to take off */
		(void)umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW);
	}
}

/* Back to the machine's namespaces: with us goes the last process of the pod's, and with them every
 * mount in the pod's directory, which is then a plain one that can be removed. */
static void close_sandbox(struct sup *s)
{
	struct sp_error err;

	network_down(s);
	forget_volumes(s);
	if (!s->sandbox)
		return;
	s->hosts_fd = sp_close(s->hosts_fd);
	s->hostname_fd = sp_close(s->hostname_fd);
	s->resolv_fd = sp_close(s->resolv_fd);
	if (s->bundle.engine.rootless)
		detach_mounts(s);
	else if (sp_sandbox_enter_host(s->sandbox, &err) < 0)
		sup_log(s, "leave the sandbox", &err);
	s->sandbox = sp_sandbox_close(s->sandbox);
}

void sup_do_sandbox_stop(struct sup *s, uint32_t attempt)
{
	s->sandbox_stopping = true;
	s->sandbox_attempt = attempt;
	sup_inst_kill_all(s);
	sup_sandbox_progress(s);
}

void sup_sandbox_progress(struct sup *s)
{
	if (!s->sandbox_stopping)
		return;
	for (uint32_t i = 0; i < s->n_insts; i++)
		if (s->insts[i])
			return;
	s->sandbox_stopping = false;
	close_sandbox(s);
	s->pod_ips[0] = '\0';
	sup_tell(s, &(struct sp_event){.kind = SP_EV_SANDBOX_GONE, .attempt = s->sandbox_attempt});
}

void sup_sandbox_end(struct sup *s)
{
	SP_CLEANUP(sp_closep) int pods_fd = -EBADF;
	int r;

	close_sandbox(s);
	if (s->net_opened)
		sp_net_host_close(&s->net_host);
	s->net_opened = false;
	s->pod_dir_fd = sp_close(s->pod_dir_fd);
	pods_fd = open(s->pods_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	r = pods_fd < 0 ? -errno : sys_remove_tree(pods_fd, s->spec.uid);
	if (r < 0) { /* the manager's sweep meets it again */
		struct sp_error err;

		sp_fail_errno(&err, -r, "remove '%s'", s->pod_dir);
		sup_log(s, "clean up", &err);
	}
}
