/* SPDX-License-Identifier: Apache-2.0 */
/* What a pod is told about names: /etc/hosts, /etc/resolv.conf, its hostname. Pure printing. */
#include "net/net.h"

#define HOSTNAME_MAX 63 /* NET-1; a DNS label */
#define SERVERS_MAX  3  /* NET-5; what resolvers look at */
#define SEARCHES_MAX 32 /* as a cluster allows */
#define OPTIONS_MAX  32

void sp_pod_hostname(const char *spec_hostname, const char *pod_name, struct sp_buf *out)
{
	const char *s = spec_hostname && spec_hostname[0] ? spec_hostname : pod_name;
	size_t n = strnlen(s, HOSTNAME_MAX);

	while (n && (s[n - 1] == '-' || s[n - 1] == '.'))
		n--;
	sp_buf_add(out, s, n);
}

void sp_hosts_print(const struct sp_hosts *h, struct sp_buf *out)
{
	if (h->host_network) {
		sp_buf_puts(out, "# Kubernetes-managed hosts file (host network).\n");
		sp_buf_puts(out, h->host_file ? h->host_file : "");
	} else {
		sp_buf_puts(out, "# Kubernetes-managed hosts file.\n"
				 "127.0.0.1\tlocalhost\n"
				 "::1\tlocalhost ip6-localhost ip6-loopback\n"
				 "fe00::0\tip6-localnet\n"
				 "fe00::0\tip6-mcastprefix\n"
				 "fe00::1\tip6-allnodes\n"
				 "fe00::2\tip6-allrouters\n");
		if (h->ip && h->subdomain)
			sp_buf_printf(out, "%s\t%s.%s.%s.svc.%s\t%s\n", h->ip, h->hostname,
				      h->subdomain, h->ns, h->domain, h->hostname);
		else if (h->ip)
			sp_buf_printf(out, "%s\t%s\n", h->ip, h->hostname);
	}
	if (!h->n_aliases)
		return;
	sp_buf_puts(out, "\n# Entries added by HostAliases.\n");
	for (uint32_t i = 0; i < h->n_aliases; i++) {
		sp_buf_puts(out, h->aliases[i].ip);
		for (uint32_t j = 0; j < h->aliases[i].n_names; j++)
			sp_buf_printf(out, "\t%s", h->aliases[i].names[j]);
		sp_buf_putc(out, '\n');
	}
}

/* ---- resolv.conf ----------------------------------------------------------------------------- */

struct words {
	struct sp_str w[SEARCHES_MAX];
	size_t n, max;
};

/* What will be in the file. Beyond a limit the rest is left out, as a cluster does. */
struct resolv {
	struct words servers, searches, options;
};

static bool same(struct sp_str a, struct sp_str b)
{
	return a.len == b.len && memcmp(a.ptr, b.ptr, a.len) == 0;
}

static struct sp_str str(const char *s)
{
	return (struct sp_str){s, strlen(s)};
}

static void add_word(struct words *list, struct sp_str w)
{
	for (size_t i = 0; i < list->n; i++)
		if (same(list->w[i], w))
			return;
	if (list->n < list->max)
		list->w[list->n++] = w;
}

static struct sp_str option_name(struct sp_str option)
{
	const char *colon = memchr(option.ptr, ':', option.len);

	return colon ? (struct sp_str){option.ptr, (size_t)(colon - option.ptr)} : option;
}

/* By name, the later one wins. */
static void add_option(struct words *list, struct sp_str option)
{
	struct sp_str name = option_name(option);

	for (size_t i = 0; i < list->n; i++)
		if (same(option_name(list->w[i]), name)) {
			list->w[i] = option;
			return;
		}
	if (list->n < list->max)
		list->w[list->n++] = option;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* The next word of a line at *s, moved past it; empty at the end of the line. */
static struct sp_str next_word(const char **s)
{
	struct sp_str w;

	while (is_blank(**s))
		(*s)++;
	w.ptr = *s;
	while (**s && **s != '\n' && !is_blank(**s))
		(*s)++;
	w.len = (size_t)(*s - w.ptr);
	return w;
}

static bool is_loopback(struct sp_str ip)
{
	return (ip.len >= 4 && memcmp(ip.ptr, "127.", 4) == 0) || same(ip, SP_STR("::1"));
}

/* The machine's file. A later search line replaces the one before, as in the resolver. */
static void read_machine(const struct sp_dns *d, struct resolv *r)
{
	const char *s = d->machine_conf ? d->machine_conf : "";

	while (*s) {
		struct sp_str key = next_word(&s), w;

		if (same(key, SP_STR("search")))
			r->searches.n = 0;
		for (;;) {
			w = next_word(&s);
			if (!w.len || !key.len || key.ptr[0] == '#' || key.ptr[0] == ';')
				break;
			if (same(key, SP_STR("nameserver"))) {
				if (d->host_network || !is_loopback(w))
					add_word(&r->servers, w);
				break;
			}
			if (same(key, SP_STR("search")))
				add_word(&r->searches, w);
			else if (same(key, SP_STR("options")))
				add_option(&r->options, w);
		}
		while (*s && *s != '\n')
			s++;
		s += *s == '\n';
	}
}

/* NET-4. @texts: two buffers for the names made here */
static void use_cluster(const struct sp_dns *d, struct resolv *r, struct sp_buf texts[2])
{
	struct words machine = r->searches;

	r->servers.n = r->searches.n = r->options.n = 0;
	add_word(&r->servers, str(d->cluster_ip));
	sp_buf_printf(&texts[0], "%s.svc.%s", d->ns, d->domain);
	sp_buf_printf(&texts[1], "svc.%s", d->domain);
	add_word(&r->searches, str(texts[0].ptr));
	add_word(&r->searches, str(texts[1].ptr));
	add_word(&r->searches, str(d->domain));
	for (size_t i = 0; i < machine.n; i++)
		add_word(&r->searches, machine.w[i]);
	add_option(&r->options, SP_STR("ndots:5"));
}

static void print_line(const char *key, const struct words *list, struct sp_buf *out)
{
	if (!list->n)
		return;
	sp_buf_puts(out, key);
	for (size_t i = 0; i < list->n; i++)
		sp_buf_printf(out, " " SP_STR_FMT, SP_STR_ARG(list->w[i]));
	sp_buf_putc(out, '\n');
}

bool sp_resolv_print(const struct sp_dns *d, struct sp_buf *out)
{
	struct resolv r = {.servers.max = SERVERS_MAX,
			   .searches.max = SEARCHES_MAX,
			   .options.max = OPTIONS_MAX};
	char mem[2][512], option_mem[OPTIONS_MAX][128];
	struct sp_buf texts[2] = {sp_buf_fixed(mem[0], sizeof(mem[0])),
				  sp_buf_fixed(mem[1], sizeof(mem[1]))};
	bool wants_cluster = sp_streq(d->policy, "ClusterFirstWithHostNet") ||
			     (sp_streq(d->policy, "ClusterFirst") && !d->host_network);

	if (!sp_streq(d->policy, "None"))
		read_machine(d, &r);
	if (wants_cluster && d->cluster_ip)
		use_cluster(d, &r, texts);
	for (uint32_t i = 0; i < d->n_nameservers; i++)
		add_word(&r.servers, str(d->nameservers[i]));
	for (uint32_t i = 0; i < d->n_searches; i++)
		add_word(&r.searches, str(d->searches[i]));
	for (uint32_t i = 0; i < SP_MIN(d->n_options, (uint32_t)OPTIONS_MAX); i++) {
		struct sp_buf b = sp_buf_fixed(option_mem[i], sizeof(option_mem[i]));

		sp_buf_puts(&b, d->option_names[i]);
		if (d->option_values[i])
			sp_buf_printf(&b, ":%s", d->option_values[i]);
		add_option(&r.options, str(b.ptr));
	}
	print_line("search", &r.searches, out);
	for (size_t i = 0; i < r.servers.n; i++)
		sp_buf_printf(out, "nameserver " SP_STR_FMT "\n", SP_STR_ARG(r.servers.w[i]));
	print_line("options", &r.options, out);
	return wants_cluster && !d->cluster_ip;
}
