/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table as text, for its way to the server. A line is an object, words are separated by one
 * blank, "-" is no name; ports and endpoints belong to the service above them:
 *
 *	domain cluster.local
 *	service default web 10.84.0.2
 *	port 80 tcp http
 *	service default db 0.0.0.0
 *	endpoint 10.83.0.5 db-0
 *	service default mail 0.0.0.0
 *	external mail.example.com
 */
#include "base/text.h"
#include "dns/dns.h"

#include <arpa/inet.h>
#include <ctype.h>

#define LABEL_MAX  63
#define HOST_MAX   253
#define DOMAIN_MAX 80 /* leaves room for three labels before it */

static bool is_label(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)s[i]) && s[i] != '-' && s[i] != '_')
			return false;
	return len > 0 && len <= LABEL_MAX;
}

static bool is_name(const char *s)
{
	return s && is_label(s, strlen(s));
}

static bool is_domain(const char *s, size_t max)
{
	if (!s || strlen(s) > max)
		return false;
	for (;;) {
		size_t n = strcspn(s, ".");

		if (!is_label(s, n))
			return false;
		if (!s[n])
			return true;
		s += n + 1;
	}
}

static int check_service(const struct sp_dns_service *s, struct sp_error *err)
{
	if (!is_name(s->name) || !is_name(s->ns))
		return sp_fail(err, SP_E_INVALID, "names: '%s' in '%s' is no name of a service",
			       s->name ? s->name : "", s->ns ? s->ns : "");
	if (s->external && !is_domain(s->external, HOST_MAX))
		return sp_fail(err, SP_E_INVALID,
			       "names: service '%s' stands for '%s', which is no name", s->name,
			       s->external);
	if (s->n_ports > SP_DNS_PORTS_MAX || s->n_endpoints > SP_DNS_ENDPOINTS_MAX)
		return sp_fail(err, SP_E_INVALID,
			       "names: service '%s' has more than %d ports or %d endpoints",
			       s->name, SP_DNS_PORTS_MAX, SP_DNS_ENDPOINTS_MAX);
	for (uint32_t i = 0; i < s->n_ports; i++)
		if (s->ports[i].name && !is_name(s->ports[i].name))
			return sp_fail(err, SP_E_INVALID, "names: '%s' is no name of a port",
				       s->ports[i].name);
	for (uint32_t i = 0; i < s->n_endpoints; i++)
		if (s->endpoints[i].hostname && !is_name(s->endpoints[i].hostname))
			return sp_fail(err, SP_E_INVALID, "names: '%s' is no hostname",
				       s->endpoints[i].hostname);
	return 0;
}

int sp_dns_table_check(const struct sp_dns_table *t, struct sp_error *err)
{
	if (!is_domain(t->domain, DOMAIN_MAX))
		return sp_fail(err, SP_E_INVALID, "names: '%s' is no domain",
			       t->domain ? t->domain : "");
	if (t->n_services > SP_DNS_SERVICES_MAX)
		return sp_fail(err, SP_E_INVALID, "names: %u services; at most %d are possible",
			       t->n_services, SP_DNS_SERVICES_MAX);
	for (uint32_t i = 0; i < t->n_services; i++)
		if (check_service(&t->services[i], err) < 0)
			return -1;
	return 0;
}

void sp_dns_table_print(const struct sp_dns_table *t, struct sp_buf *out)
{
	char ip[INET_ADDRSTRLEN];

	sp_buf_printf(out, "domain %s\n", t->domain);
	for (uint32_t i = 0; i < t->n_services; i++) {
		const struct sp_dns_service *s = &t->services[i];

		sp_buf_printf(out, "service %s %s %s\n", s->ns, s->name,
			      inet_ntop(AF_INET, &s->cluster_ip, ip, sizeof(ip)));
		if (s->external)
			sp_buf_printf(out, "external %s\n", s->external);
		for (uint32_t k = 0; k < s->n_ports; k++)
			sp_buf_printf(out, "port %d %s %s\n", s->ports[k].port,
				      s->ports[k].udp ? "udp" : "tcp",
				      s->ports[k].name ? s->ports[k].name : "-");
		for (uint32_t k = 0; k < s->n_endpoints; k++)
			sp_buf_printf(out, "endpoint %s %s\n",
				      inet_ntop(AF_INET, &s->endpoints[k].ip, ip, sizeof(ip)),
				      s->endpoints[k].hostname ? s->endpoints[k].hostname : "-");
	}
}

/* ---- reading --------------------------------------------------------------------------------- */

/* Cut the text at *at up to @end off, and move on behind it. */
static char *cut(char **at, char end)
{
	char *word = *at, *stop = strchr(word, end);

	if (stop)
		*stop = '\0';
	*at = stop ? stop + 1 : word + strlen(word);
	return word;
}

static const char *name_or_none(const char *word)
{
	return sp_streq(word, "-") ? NULL : word;
}

/* What is being read; the arrays are as long as the text has lines. */
struct reader {
	struct sp_dns_table *t;
	struct sp_dns_service *services;
	struct sp_dns_port *ports;
	struct sp_dns_endpoint *endpoints;
	uint32_t n_ports, n_endpoints;
};

/* One line. Return: false when it is none of ours. */
static bool read_line(struct reader *r, char *line)
{
	struct sp_dns_service *s = r->t->n_services ? &r->services[r->t->n_services - 1] : NULL;
	const char *kind = cut(&line, ' '), *first = cut(&line, ' ');
	const char *second = cut(&line, ' '), *third = line;
	int64_t number;

	if (sp_streq(kind, "domain") && !r->t->domain) {
		r->t->domain = first;
		return !second[0];
	}
	if (sp_streq(kind, "service")) {
		s = &r->services[r->t->n_services++];
		*s = (struct sp_dns_service){.ns = first,
					     .name = second,
					     .ports = &r->ports[r->n_ports],
					     .endpoints = &r->endpoints[r->n_endpoints]};
		return inet_pton(AF_INET, third, &s->cluster_ip) == 1;
	}
	if (sp_streq(kind, "external") && s && !s->external) {
		s->external = first;
		return !second[0];
	}
	if (sp_streq(kind, "port") && s && sp_parse_i64(first, 0, UINT16_MAX, &number) == 0) {
		r->ports[r->n_ports++] = (struct sp_dns_port){.name = name_or_none(third),
							      .udp = sp_streq(second, "udp"),
							      .port = (uint16_t)number};
		s->n_ports++;
		return sp_streq(second, "udp") || sp_streq(second, "tcp");
	}
	if (sp_streq(kind, "endpoint") && s) {
		struct sp_dns_endpoint *e = &r->endpoints[r->n_endpoints++];

		e->hostname = name_or_none(second);
		s->n_endpoints++;
		return inet_pton(AF_INET, first, &e->ip) == 1 && !third[0];
	}
	return false;
}

int sp_dns_table_parse(struct sp_arena *a, char *text, struct sp_dns_table *ret,
		       struct sp_error *err)
{
	struct sp_dns_table t = {0};
	struct reader r = {.t = &t};
	size_t lines = 1;

	for (const char *p = text; *p; p++)
		lines += *p == '\n';
	r.services = sp_arena_array(a, lines, sizeof(*r.services));
	r.ports = sp_arena_array(a, lines, sizeof(*r.ports));
	r.endpoints = sp_arena_array(a, lines, sizeof(*r.endpoints));
	if (!r.services || !r.ports || !r.endpoints)
		return sp_fail(err, SP_E_NO_MEMORY, "names");
	for (int line = 1; *text; line++)
		if (!read_line(&r, cut(&text, '\n')))
			return sp_fail(err, SP_E_CORRUPT, "names: line %d", line);
	t.services = r.services;
	if (sp_dns_table_check(&t, err) < 0)
		return -1;
	*ret = t;
	return 0;
}
