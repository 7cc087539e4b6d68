/* SPDX-License-Identifier: Apache-2.0 */
/* Making a bundle: the command's side. Reading one is in bundle_parse.c. */
#include "supervisor/bundle.h"

#include "base/json.h"
#include "base/text.h"
#include "container/container.h"
#include "sys/fd.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <sys/mman.h>

void sp_image_print(const struct sp_bundle_image *bi, struct sp_buf *b)
{
	sp_buf_putc(b, '{');
	if (bi->fail) {
		sp_json_str(b, "fail", bi->fail);
		sp_json_str(b, "text", bi->fail_text);
	} else {
		sp_image_json_members(&bi->image, b);
		sp_json_bool(b, "fresh", bi->fresh);
		sp_json_str(b, "pulled", bi->pulled);
	}
	sp_buf_putc(b, '}');
}

static const char *net_name(enum sp_net_mode mode)
{
	static const char *const names[] = {
		[SP_NET_BRIDGE] = "bridge",
		[SP_NET_LO] = "lo",
		[SP_NET_HOST] = "host",
	};

	return names[mode];
}

static void put_publish(struct sp_buf *b, const struct sp_engine *e)
{
	sp_json_key(b, "publish");
	sp_buf_putc(b, '[');
	for (uint32_t i = 0; i < e->n_publish; i++) {
		const struct sp_net_port *p = &e->publish[i];
		char ip[INET_ADDRSTRLEN];

		sp_json_next(b);
		sp_buf_putc(b, '{');
		sp_json_bool(b, "udp", p->udp);
		sp_json_str(b, "hostIP", inet_ntop(AF_INET, &p->host_ip, ip, sizeof(ip)));
		sp_json_int(b, "hostPort", p->host_port);
		sp_json_int(b, "port", p->ctr_port);
		sp_buf_putc(b, '}');
	}
	sp_buf_putc(b, ']');
}

static void put_seccomp(struct sp_buf *b, const struct sp_engine *e)
{
	sp_json_key(b, "seccomp");
	sp_buf_putc(b, '[');
	for (uint32_t i = 0; i < e->n_seccomp; i++) {
		const struct sp_seccomp *s = &e->seccomp[i];

		sp_json_next(b);
		sp_buf_putc(b, '{');
		sp_json_int(b, "caps", (int64_t)s->caps);
		sp_json_str(b, "profile", s->profile);
		if (s->flags)
			sp_json_int(b, "flags", s->flags);
		sp_json_key(b, "bpf");
		sp_buf_putc(b, '"');
		sp_hex_encode(s->bpf, s->n * sizeof(struct sock_filter), b);
		sp_buf_puts(b, "\"}");
	}
	sp_buf_putc(b, ']');
}

static void put_engine(struct sp_buf *b, const struct sp_engine *e)
{
	sp_buf_putc(b, '{');
	sp_json_str(b, "root", e->root);
	sp_json_str(b, "runDir", e->run_dir);
	sp_json_str(b, "logDir", e->log_dir);
	sp_json_str(b, "net", net_name(e->net));
	sp_json_str(b, "bridge", e->bridge);
	sp_json_str(b, "subnet", e->subnet);
	sp_json_bool(b, "ipv6", e->ipv6);
	put_publish(b, e);
	sp_json_str(b, "cgroupRoot", e->cgroup_root);
	sp_json_int(b, "podPidsLimit", e->pids_limit);
	sp_json_int(b, "kubeMinor", e->kube_minor);
	put_seccomp(b, e);
	sp_json_bool(b, "seccompDefault", e->seccomp_default);
	sp_json_str(b, "command", e->command);
	sp_json_bool(b, "rootless", e->rootless);
	sp_json_str(b, "clusterDNS", e->cluster_dns);
	sp_json_str(b, "clusterDomain", e->cluster_domain);
	sp_json_int(b, "timeScale", e->time_scale);
	sp_json_bool(b, "restartSidecarsDuringTermination", e->restart_sidecars_on_termination);
	sp_json_int(b, "backoffInitialMs", e->backoff_initial / SP_MSEC);
	sp_json_int(b, "backoffMaxMs", e->backoff_max / SP_MSEC);
	sp_buf_putc(b, '}');
}

static void put_nodes(struct sp_buf *b, const char *key, const struct sp_node *const *v, uint32_t n)
{
	sp_json_key(b, key);
	sp_buf_putc(b, '[');
	for (uint32_t i = 0; i < n; i++) {
		sp_json_next(b);
		sp_node_json(v[i], -1, b);
	}
	sp_buf_putc(b, ']');
}

static void put_services(struct sp_buf *b, const struct sp_bundle_service *v, uint32_t n)
{
	sp_json_key(b, "services");
	sp_buf_putc(b, '[');
	for (uint32_t i = 0; i < n; i++) {
		sp_json_next(b);
		sp_buf_putc(b, '{');
		sp_json_str(b, "name", v[i].name);
		sp_json_str(b, "ip", v[i].ip);
		sp_json_key(b, "ports");
		sp_buf_putc(b, '[');
		for (uint32_t k = 0; k < v[i].n_ports; k++) {
			sp_json_next(b);
			sp_buf_putc(b, '{');
			sp_json_str(b, "name", v[i].ports[k].name);
			sp_json_bool(b, "udp", v[i].ports[k].udp);
			sp_json_int(b, "port", v[i].ports[k].port);
			sp_buf_putc(b, '}');
		}
		sp_buf_puts(b, "]}");
	}
	sp_buf_putc(b, ']');
}

void sp_bundle_print(const struct sp_bundle_params *p, struct sp_buf *b)
{
	sp_buf_putc(b, '{');
	sp_json_str(b, "format", SP_BUNDLE_FORMAT);
	sp_json_key(b, "pod");
	sp_node_json(p->pod, -1, b);
	put_nodes(b, "configMaps", p->config_maps, p->n_config_maps);
	put_nodes(b, "secrets", p->secrets, p->n_secrets);
	put_services(b, p->services, p->n_services);
	sp_json_key(b, "images");
	sp_buf_putc(b, '{');
	for (uint32_t i = 0; i < p->n_images; i++) {
		sp_json_key(b, p->images[i].reference);
		sp_image_print(&p->images[i], b);
	}
	sp_buf_putc(b, '}');
	sp_json_key(b, "engine");
	put_engine(b, p->engine);
	sp_json_bool(b, "resume", p->resume);
	sp_buf_puts(b, "}\n");
}

int sp_bundle_write(const struct sp_bundle_params *p, struct sp_error *err)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf b = {0};
	SP_CLEANUP(sp_closep) int fd = -EBADF;
	int r;

	sp_bundle_print(p, &b);
	if (b.failed)
		return sp_fail(err, SP_E_NO_MEMORY, "bundle");
	if (b.len > SP_BUNDLE_MAX_BYTES)
		return sp_fail(err, SP_E_INVALID,
			       "the pod with its objects is %zu bytes; at most "
			       "%u are possible",
			       b.len, SP_BUNDLE_MAX_BYTES);
	fd = memfd_create("sidepod-bundle", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return sp_fail_errno(err, errno, "bundle");
	r = sp_write_all(fd, b.ptr, b.len);
	if (r < 0)
		return sp_fail_errno(err, -r, "bundle");
	/* What the supervisor read stays what it was given, also for those who look later. */
	if (fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) < 0)
		return sp_fail_errno(err, errno, "bundle");
	return sp_take_fd(&fd);
}

int sp_engine_default(struct sp_arena *a, const char *root, struct sp_engine *ret)
{
	*ret = (struct sp_engine){
		.root = root ? sp_arena_printf(a, "%s/lib", root) : "/var/lib/sidepod",
		.run_dir = root ? sp_arena_printf(a, "%s/run", root) : "/run/sidepod",
		.log_dir = root ? sp_arena_printf(a, "%s/log", root) : "/var/log",
		.net = SP_NET_BRIDGE,
		.pids_limit = -1,
		.kube_minor = 36,
		.time_scale = 1,
	};
	return ret->root && ret->run_dir && ret->log_dir ? 0 : -1;
}
