/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answering a query. Messages are taken apart by the C library's resolver functions
 * (arpa/nameser.h), and names are packed by them; what they lack, the framing of records, is here.
 * Sources: RFC 1035, 2308 (negative answers), 2782 (SRV), 6891 (EDNS); the record schema is that of
 * Kubernetes' DNS specification 1.1.0.
 */
#include "dns/dns.h"

#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <stdio.h>
#include <strings.h>

#define SCHEMA_VERSION "1.1.0"
#define LABELS_MAX     5  /* of a name before the domain: _port._proto.service.ns.svc */
#define OPT_BYTES      11 /* an OPT record without options */
#define TEXT_SIZE      NS_MAXDNAME
#define BADVERS        16
#define CHAIN_MAX      8 /* names that stand for names */

struct query {
	uint16_t type, class;
	char name[NS_MAXDNAME]; /* as text, without a dot at the end */
	size_t question_end;    /* in the bytes of the query */
	bool edns;
	uint8_t edns_version;
	size_t room; /* what the client takes over UDP */
};

/* An answer under construction. Records are counted per section; sections come in order. */
struct out {
	uint8_t *buf;
	size_t len, room;
	const uint8_t *names[32]; /* for ns_name_compress(): where names stand */
	uint16_t count[ns_s_max];
	int rcode;
	bool authoritative, cut;
	const char
		*chase; /* the last name of a chain that leads out of the domain; NULL: none does */
};

/* Record owner: the name of the question. */
static const char asked[] = "";

/* ---- bytes ----------------------------------------------------------------------------------- */

static bool put16(struct out *o, uint16_t v)
{
	if (o->room - o->len < 2)
		return false;
	ns_put16(v, o->buf + o->len);
	o->len += 2;
	return true;
}

static bool put32(struct out *o, uint32_t v)
{
	return put16(o, (uint16_t)(v >> 16)) && put16(o, (uint16_t)v);
}

static bool put_bytes(struct out *o, const void *bytes, size_t len)
{
	if (o->room - o->len < len)
		return false;
	memcpy(o->buf + o->len, bytes, len);
	o->len += len;
	return true;
}

/* @packed: parts that stood before may be pointed at */
static bool put_name(struct out *o, const char *name, bool packed)
{
	int n;

	if (name == asked)
		return put16(o, 0xc000 | NS_HFIXEDSZ);
	n = ns_name_compress(name, o->buf + o->len, o->room - o->len, packed ? o->names : NULL,
			     packed ? o->names + SP_ARRAY_LEN(o->names) : NULL);
	if (n < 0)
		return false;
	o->len += (size_t)n;
	return true;
}

/* Owner, type, class, time to live, and the place of the length. Return: that, 0 no room */
static size_t begin_record(struct out *o, const char *owner, uint16_t type)
{
	if (!put_name(o, owner, true) || !put16(o, type) || !put16(o, ns_c_in) ||
	    !put32(o, SP_DNS_TTL) || !put16(o, 0))
		return 0;
	return o->len - 2;
}

/* A record is there as a whole or not at all. @start: where it began; @length_at: 0 it failed */
static bool end_record(struct out *o, ns_sect section, size_t start, size_t length_at)
{
	if (!length_at) {
		o->len = start;
		o->names[1] = o->buf + NS_HFIXEDSZ; /* names of what is cut are no more */
		o->names[2] = NULL;
		if (section == ns_s_an)
			o->cut = true;
		return false;
	}
	ns_put16((uint16_t)(o->len - length_at - 2), o->buf + length_at);
	o->count[section]++;
	return true;
}

static void add_a(struct out *o, ns_sect section, const char *owner, struct in_addr ip)
{
	size_t start = o->len, at = begin_record(o, owner, ns_t_a);

	end_record(o, section, start, at && put_bytes(o, &ip.s_addr, 4) ? at : 0);
}

static void add_cname(struct out *o, const char *owner, const char *target)
{
	size_t start = o->len, at = begin_record(o, owner, ns_t_cname);

	end_record(o, ns_s_an, start, at && put_name(o, target, true) ? at : 0);
}

static void add_srv(struct out *o, uint16_t weight, uint16_t port, const char *target)
{
	size_t start = o->len, at = begin_record(o, asked, ns_t_srv);

	if (at &&
	    !(put16(o, 0) && put16(o, weight) && put16(o, port) && put_name(o, target, false)))
		at = 0;
	end_record(o, ns_s_an, start, at);
}

static void add_ptr(struct out *o, const char *target)
{
	size_t start = o->len, at = begin_record(o, asked, ns_t_ptr);

	end_record(o, ns_s_an, start, at && put_name(o, target, true) ? at : 0);
}

static void add_txt(struct out *o, const char *text)
{
	size_t start = o->len, at = begin_record(o, asked, ns_t_txt);
	uint8_t len = (uint8_t)strlen(text);

	end_record(o, ns_s_an, start,
		   at && put_bytes(o, &len, 1) && put_bytes(o, text, len) ? at : 0);
}

static void add_soa(struct out *o, ns_sect section, const char *domain)
{
	char server[TEXT_SIZE], mailbox[TEXT_SIZE];
	size_t start = o->len, at = begin_record(o, domain, ns_t_soa);

	(void)snprintf(server, sizeof(server), "ns.dns.%s", domain);       /* fits: a domain of */
	(void)snprintf(mailbox, sizeof(mailbox), "hostmaster.%s", domain); /* a table is short */
	if (at && !(put_name(o, server, true) && put_name(o, mailbox, true) && put32(o, 1) &&
		    put32(o, 7200) && put32(o, 1800) && put32(o, 86400) && put32(o, SP_DNS_TTL)))
		at = 0;
	end_record(o, section, start, at);
}

/* ---- the question ---------------------------------------------------------------------------- */

/* No pointer: there is nothing before the first name that it could stand for, and in an answer it
 * would stand for something else. @p: a name that can be skipped */
static bool is_plain(const uint8_t *p)
{
	while (*p && !(*p & NS_CMPRSFLGS))
		p += *p + 1;
	return !*p;
}

/* Return: 0, or the error code to answer with. */
static int read_query(const uint8_t *bytes, size_t len, struct query *q)
{
	const uint8_t *p = bytes + NS_HFIXEDSZ;
	ns_msg msg;
	ns_rr rr;

	*q = (struct query){.room = NS_PACKETSZ};
	if (ns_initparse(bytes, (int)len, &msg) < 0 || ns_msg_count(msg, ns_s_qd) != 1 ||
	    ns_parserr(&msg, ns_s_qd, 0, &rr) < 0 || ns_name_skip(&p, bytes + len) < 0 ||
	    !is_plain(bytes + NS_HFIXEDSZ))
		return ns_r_formerr;
	q->question_end = (size_t)(p - bytes) + NS_QFIXEDSZ;
	q->type = ns_rr_type(rr);
	q->class = ns_rr_class(rr);
	(void)snprintf(q->name, sizeof(q->name), "%s", ns_rr_name(rr)); /* fits; the root is "." */
	for (int i = 0; i < ns_msg_count(msg, ns_s_ar); i++) {
		if (ns_parserr(&msg, ns_s_ar, i, &rr) < 0)
			return ns_r_formerr;
		if (ns_rr_type(rr) != ns_t_opt)
			continue;
		if (q->edns) /* one is what there may be */
			return ns_r_formerr;
		q->edns = true;
		q->edns_version = (uint8_t)(ns_rr_ttl(rr) >> 16);
		q->room = SP_MIN(SP_MAX((size_t)ns_rr_class(rr), (size_t)NS_PACKETSZ),
				 (size_t)SP_DNS_UDP_MAX);
	}
	return 0;
}

/* The labels of a name before the domain. */
struct labels {
	struct sp_str v[LABELS_MAX];
	size_t n;
};

static bool is(struct sp_str s, const char *word)
{
	return s.len == strlen(word) && strncasecmp(s.ptr, word, s.len) == 0;
}

/* What stands before @domain in @name. Return: -1 another domain, 0 more labels than any name of
 * ours has, 1 */
static int split(const char *name, const char *domain, struct labels *ret)
{
	size_t len = strlen(name), tail = strlen(domain);

	ret->n = 0;
	if (len < tail || strcasecmp(name + len - tail, domain) != 0)
		return -1;
	if (len == tail)
		return 1;
	len -= tail + 1;
	if (name[len] != '.')
		return -1;
	/* an escaped dot makes a label that none of ours has: it may be split wrongly */
	for (size_t at = 0; at <= len;) {
		size_t n = 0;

		while (at + n < len && name[at + n] != '.')
			n++;
		if (ret->n == LABELS_MAX)
			return 0;
		ret->v[ret->n++] = (struct sp_str){name + at, n};
		at += n + 1;
	}
	return 1;
}

/* ---- answers --------------------------------------------------------------------------------- */

static bool is_headless(const struct sp_dns_service *s)
{
	return s->cluster_ip.s_addr == htonl(INADDR_ANY) && !s->external;
}

/* "10-83-0-5" */
static void dashed(struct in_addr ip, char ret[INET_ADDRSTRLEN])
{
	(void)inet_ntop(AF_INET, &ip, ret, INET_ADDRSTRLEN); /* fits */
	for (char *p = ret; *p; p++)
		if (*p == '.')
			*p = '-';
}

/* What stands before the service in the name of an endpoint. */
static const char *endpoint_name(const struct sp_dns_endpoint *e, char mem[INET_ADDRSTRLEN])
{
	if (e->hostname)
		return e->hostname;
	dashed(e->ip, mem);
	return mem;
}

static const struct sp_dns_service *find_service(const struct sp_dns_table *t, struct sp_str name,
						 struct sp_str ns)
{
	for (uint32_t i = 0; i < t->n_services; i++)
		if (is(name, t->services[i].name) && is(ns, t->services[i].ns))
			return &t->services[i];
	return NULL;
}

static bool has_namespace(const struct sp_dns_table *t, struct sp_str ns)
{
	for (uint32_t i = 0; i < t->n_services; i++)
		if (is(ns, t->services[i].ns))
			return true;
	return false;
}

static bool wants(const struct query *q, uint16_t type)
{
	return q->type == type || q->type == ns_t_any;
}

/* Addresses of a service that has some, for a name that stands for it. */
static void add_addresses(const struct sp_dns_service *s, const char *owner, uint32_t rotation,
			  struct out *o)
{
	if (!is_headless(s))
		add_a(o, ns_s_an, owner, s->cluster_ip);
	else
		for (uint32_t i = 0; i < s->n_endpoints && !o->cut; i++)
			add_a(o, ns_s_an, owner, s->endpoints[(rotation + i) % s->n_endpoints].ip);
}

/* From name to name: services that stand for others, until one has addresses, or somebody else has
 * to be asked. Chains that do not end are cut. */
static void answer_external(const struct query *q, const struct sp_dns_table *t,
			    const struct sp_dns_service *s, uint32_t rotation, struct out *o)
{
	const char *owner = asked;

	for (int i = 0; i < CHAIN_MAX && s && s->external; i++) {
		const char *target = s->external;
		struct labels l;
		int ours = split(target, t->domain, &l);

		add_cname(o, owner, target);
		if (q->type == ns_t_cname)
			return;
		owner = target;
		s = NULL;
		if (ours < 0)
			o->chase = target;
		else if (ours > 0 && l.n == 3 && is(l.v[2], "svc"))
			s = find_service(t, l.v[0], l.v[1]);
		if (ours >= 0 && !s)
			o->rcode = ns_r_nxdomain;
	}
	if (s && !s->external && wants(q, ns_t_a))
		add_addresses(s, owner, rotation, o);
}

static void answer_service(const struct query *q, const struct sp_dns_service *s, uint32_t rotation,
			   struct out *o)
{
	if (wants(q, ns_t_a))
		add_addresses(s, asked, rotation, o);
}

/* One endpoint of a headless service. Return: it exists */
static bool answer_endpoint(const struct query *q, const struct sp_dns_service *s,
			    struct sp_str name, struct out *o)
{
	char mem[INET_ADDRSTRLEN];
	bool found = false;

	for (uint32_t i = 0; is_headless(s) && i < s->n_endpoints && !o->cut; i++) {
		if (!is(name, endpoint_name(&s->endpoints[i], mem)))
			continue;
		found = true;
		if (wants(q, ns_t_a))
			add_a(o, ns_s_an, asked, s->endpoints[i].ip);
	}
	return found;
}

static void srv_target(const struct sp_dns_table *t, const struct sp_dns_service *s,
		       const struct sp_dns_endpoint *e, char ret[TEXT_SIZE])
{
	char mem[INET_ADDRSTRLEN];

	/* labels and domain were checked: at most 280 of 1025 */
	(void)snprintf(ret, TEXT_SIZE, "%s%s%s.%s.svc.%s", e ? endpoint_name(e, mem) : "",
		       e ? "." : "", s->name, s->ns, t->domain);
}

/* Return: the port exists */
static bool answer_port(const struct query *q, const struct sp_dns_table *t,
			const struct sp_dns_service *s, struct sp_str name, bool udp,
			uint32_t rotation, struct out *o)
{
	uint32_t n = is_headless(s) ? s->n_endpoints : 1;
	const struct sp_dns_port *port = NULL;
	char target[TEXT_SIZE];

	for (uint32_t i = 0; i < s->n_ports && !port; i++)
		if (s->ports[i].name && s->ports[i].udp == udp && is(name, s->ports[i].name))
			port = &s->ports[i];
	if (!port)
		return false;
	for (uint32_t i = 0; wants(q, ns_t_srv) && i < n && !o->cut; i++) {
		const struct sp_dns_endpoint *e =
			is_headless(s) ? &s->endpoints[(rotation + i) % n] : NULL;

		srv_target(t, s, e, target);
		add_srv(o, (uint16_t)SP_MAX(100 / n, 1u), port->port, target);
	}
	/* their addresses, as far as there is room: it saves the next question */
	for (uint32_t i = 0; i < o->count[ns_s_an] && !o->cut; i++) {
		const struct sp_dns_endpoint *e =
			is_headless(s) ? &s->endpoints[(rotation + i) % n] : NULL;
		size_t before = o->len;

		srv_target(t, s, e, target);
		add_a(o, ns_s_ar, target, e ? e->ip : s->cluster_ip);
		if (o->len == before)
			break;
	}
	return true;
}

static bool has_protocol(const struct sp_dns_service *s, bool udp)
{
	for (uint32_t i = 0; i < s->n_ports; i++)
		if (s->ports[i].name && s->ports[i].udp == udp)
			return true;
	return false;
}

/* "_tcp", "_udp". Return: 0 TCP, 1 UDP, -1 neither */
static int protocol(struct sp_str label)
{
	return is(label, "_tcp") ? 0 : is(label, "_udp") ? 1 : -1;
}

/* …svc.<domain>, @l without the "svc". Return: the name exists */
static bool answer_svc(const struct query *q, const struct sp_dns_table *t, const struct labels *l,
		       uint32_t rotation, struct out *o)
{
	const struct sp_str *v = l->v;
	const struct sp_dns_service *s;
	int proto;

	if (l->n < 2)
		return l->n == 0 || has_namespace(t, v[0]);
	s = find_service(t, v[l->n - 2], v[l->n - 1]);
	if (!s)
		return false;
	if (l->n == 2 && s->external) {
		answer_external(q, t, s, rotation, o);
		return true;
	}
	if (l->n == 2) {
		answer_service(q, s, rotation, o);
		return true;
	}
	if (s->external)
		return false; /* nothing stands below such a name */
	proto = protocol(v[l->n - 3]);
	if (l->n == 3)
		return proto >= 0 ? has_protocol(s, proto) : answer_endpoint(q, s, v[0], o);
	if (proto < 0 || !v[0].len || v[0].ptr[0] != '_')
		return false;
	return answer_port(q, t, s, (struct sp_str){v[0].ptr + 1, v[0].len - 1}, proto, rotation,
			   o);
}

/* …pod.<domain>, @l without the "pod": an address with dashes, of any pod. Return: it exists */
static bool answer_pod(const struct query *q, const struct labels *l, struct out *o)
{
	char text[INET_ADDRSTRLEN] = "";
	struct in_addr ip;

	if (l->n < 2)
		return true;
	if (l->n > 2 || l->v[0].len >= sizeof(text))
		return false;
	memcpy(text, l->v[0].ptr, l->v[0].len);
	for (char *p = text; *p; p++)
		*p = *p == '-' ? '.' : *p == '.' ? '-' : *p;
	if (inet_pton(AF_INET, text, &ip) != 1)
		return false;
	if (wants(q, ns_t_a))
		add_a(o, ns_s_an, asked, ip);
	return true;
}

/* A name of the domain. Return: it exists */
static bool answer_ours(const struct query *q, const struct sp_dns_table *t, struct labels *l,
			uint32_t rotation, struct out *o)
{
	if (l->n == 0) {
		if (wants(q, ns_t_soa))
			add_soa(o, ns_s_an, t->domain);
		return true;
	}
	l->n--;
	if (is(l->v[l->n], "svc"))
		return answer_svc(q, t, l, rotation, o);
	if (is(l->v[l->n], "pod"))
		return answer_pod(q, l, o);
	if (l->n == 0 && is(l->v[0], "dns-version")) {
		if (wants(q, ns_t_txt))
			add_txt(o, SCHEMA_VERSION);
		return true;
	}
	return false;
}

/* The address of "5.0.83.10.in-addr.arpa" */
static bool reverse_address(const char *name, struct in_addr *ret)
{
	struct labels l;
	char text[TEXT_SIZE];

	if (split(name, "in-addr.arpa", &l) != 1 || l.n != 4)
		return false;
	(void)snprintf(text, sizeof(text), SP_STR_FMT "." SP_STR_FMT "." SP_STR_FMT "." SP_STR_FMT,
		       SP_STR_ARG(l.v[3]), SP_STR_ARG(l.v[2]), SP_STR_ARG(l.v[1]),
		       SP_STR_ARG(l.v[0])); /* shorter than the name */
	return inet_pton(AF_INET, text, ret) == 1;
}

/* Return: false when the address is none of ours */
static bool answer_reverse(const struct sp_dns_table *t, struct in_addr ip, struct out *o)
{
	char target[TEXT_SIZE];

	for (uint32_t i = 0; i < t->n_services; i++) {
		const struct sp_dns_service *s = &t->services[i];

		if (!is_headless(s) && !s->external && s->cluster_ip.s_addr == ip.s_addr) {
			srv_target(t, s, NULL, target);
			add_ptr(o, target);
		}
		for (uint32_t k = 0; is_headless(s) && k < s->n_endpoints; k++)
			if (s->endpoints[k].ip.s_addr == ip.s_addr) {
				srv_target(t, s, &s->endpoints[k], target);
				add_ptr(o, target);
			}
	}
	return o->count[ns_s_an] > 0 || o->cut;
}

/* ---- the whole message ----------------------------------------------------------------------- */

/* Header and question, as far as they were understood. */
static void begin_answer(struct out *o, const uint8_t *query, const struct query *q, uint8_t *mem,
			 size_t room)
{
	*o = (struct out){.buf = mem, .len = NS_HFIXEDSZ, .room = room};
	o->names[0] = mem;
	memset(mem, 0, NS_HFIXEDSZ);
	if (!q->question_end)
		return;
	memcpy(mem + NS_HFIXEDSZ, query + NS_HFIXEDSZ, q->question_end - NS_HFIXEDSZ);
	o->len = q->question_end;
	o->names[1] = mem + NS_HFIXEDSZ;
	o->count[ns_s_qd] = 1;
	if (q->edns)
		o->room -= OPT_BYTES;
}

static size_t end_answer(struct out *o, const uint8_t *query, const struct query *q)
{
	memcpy(o->buf, query, 2); /* its number */
	o->buf[2] = (uint8_t)(0x80 | (query[2] & 0x79) | (o->authoritative ? 0x04 : 0) |
			      (o->cut ? 0x02 : 0));
	o->buf[3] = (uint8_t)(0x80 | (query[3] & 0x10) | (o->rcode & 0x0f));
	if (q->edns) {
		o->room += OPT_BYTES;
		/* room was kept: cannot fail */
		(void)(put_bytes(o, "", 1) && put16(o, ns_t_opt) && put16(o, SP_DNS_UDP_MAX) &&
		       put32(o, (uint32_t)o->rcode >> 4 << 24) && put16(o, 0));
		o->count[ns_s_ar]++;
	}
	for (int s = 0; s < ns_s_max; s++)
		ns_put16(o->count[s], o->buf + 4 + (size_t)s * 2);
	return o->len;
}

/* Queries alone are answered, else two servers could keep one another busy. */
static bool is_query(const uint8_t *bytes, size_t len)
{
	return len >= NS_HFIXEDSZ && len <= SP_DNS_MESSAGE_MAX && !(bytes[2] & 0x80);
}

size_t sp_dns_refuse(const uint8_t *query, size_t len, int rcode, uint8_t ret[512])
{
	struct query q;
	struct out o;

	if (!is_query(query, len))
		return 0;
	if (read_query(query, len, &q) != 0)
		q = (struct query){0};
	begin_answer(&o, query, &q, ret, 512);
	o.rcode = rcode;
	return end_answer(&o, query, &q);
}

/* ---- names of others ------------------------------------------------------------------------- */

/* One record of somebody else's answer, when it is of a kind that can be passed on. */
static void add_found(struct out *o, const struct query *q, const ns_msg *m, const ns_rr *rr)
{
	size_t start = o->len, at;
	char target[NS_MAXDNAME];
	bool ok;

	if (ns_rr_class(*rr) != ns_c_in ||
	    (ns_rr_type(*rr) != ns_t_cname &&
	     (!wants(q, ns_rr_type(*rr)) ||
	      (ns_rr_type(*rr) != ns_t_a && ns_rr_type(*rr) != ns_t_aaaa &&
	       ns_rr_type(*rr) != ns_t_txt))))
		return; /* others may hold names of the message that they come from */
	if (!put_name(o, ns_rr_name(*rr), true) || !put16(o, ns_rr_type(*rr)) ||
	    !put16(o, ns_c_in) || !put32(o, ns_rr_ttl(*rr)) || !put16(o, 0)) {
		end_record(o, ns_s_an, start, 0);
		return;
	}
	at = o->len - 2;
	if (ns_rr_type(*rr) != ns_t_cname)
		ok = put_bytes(o, ns_rr_rdata(*rr), ns_rr_rdlen(*rr));
	else
		ok = ns_name_uncompress(ns_msg_base(*m), ns_msg_end(*m), ns_rr_rdata(*rr), target,
					sizeof(target)) >= 0 &&
		     put_name(o, target, true);
	end_record(o, ns_s_an, start, ok ? at : 0);
}

static void add_all_found(struct out *o, const struct query *q, const uint8_t *found, size_t len)
{
	ns_msg m;
	ns_rr rr;

	if (len > SP_DNS_MESSAGE_MAX || ns_initparse(found, (int)len, &m) < 0)
		return;
	o->rcode = ns_msg_getflag(m, ns_f_rcode);
	for (int i = 0; i < ns_msg_count(m, ns_s_an) && !o->cut; i++) {
		if (ns_parserr(&m, ns_s_an, i, &rr) < 0)
			break;
		add_found(o, q, &m, &rr);
	}
	o->cut |= ns_msg_getflag(m, ns_f_tc) != 0;
}

/* The question that goes on, in place of the answer so far. Return: its bytes, 0 no such name */
static size_t ask_on(const struct query *q, const char *name, uint8_t *ret)
{
	struct out o = {.buf = ret, .len = NS_HFIXEDSZ, .room = SP_DNS_UDP_MAX};

	memset(ret, 0, NS_HFIXEDSZ);
	ret[2] = 1; /* recursion desired */
	ret[5] = 1; /* one question */
	if (!put_name(&o, name, false) || !put16(&o, q->type) || !put16(&o, ns_c_in))
		return 0;
	return o.len;
}

/* @found: NULL: nothing was asked yet */
static enum sp_dns_verdict make_answer(const struct sp_dns_table *t, const uint8_t *query,
				       size_t len, bool tcp, uint32_t rotation,
				       const uint8_t *found, size_t found_len, uint8_t *ret,
				       size_t *ret_len)
{
	struct in_addr ip;
	struct labels l;
	struct query q;
	struct out o;
	int r, ours;

	if (!is_query(query, len))
		return SP_DNS_DROP;
	r = (query[2] & 0x78) ? ns_r_notimpl : read_query(query, len, &q);
	if (r == 0 && q.edns_version)
		r = BADVERS;
	else if (r == 0 && q.class != ns_c_in)
		r = ns_r_refused;
	if (r != 0) {
		*ret_len = sp_dns_refuse(query, len, r, ret);
		return SP_DNS_ANSWER;
	}
	begin_answer(&o, query, &q, ret, tcp ? SP_DNS_MESSAGE_MAX : q.room);
	o.authoritative = true;
	ours = split(q.name, t->domain, &l);
	if (ours < 0) {
		if (q.type != ns_t_ptr || !reverse_address(q.name, &ip) ||
		    !answer_reverse(t, ip, &o))
			return SP_DNS_FORWARD;
	} else {
		if (!ours || !answer_ours(&q, t, &l, rotation, &o))
			o.rcode = ns_r_nxdomain;
		if (o.chase && !o.cut && !found) {
			*ret_len = ask_on(&q, o.chase, ret);
			return *ret_len ? SP_DNS_CHASE : SP_DNS_DROP;
		}
		if (o.chase && !o.cut && found_len)
			add_all_found(&o, &q, found, found_len);
		if (!o.count[ns_s_an] && !o.cut)
			add_soa(&o, ns_s_ns, t->domain);
	}
	*ret_len = end_answer(&o, query, &q);
	return SP_DNS_ANSWER;
}

enum sp_dns_verdict sp_dns_answer(const struct sp_dns_table *t, const uint8_t *query, size_t len,
				  bool tcp, uint32_t rotation, uint8_t *ret, size_t *ret_len)
{
	return make_answer(t, query, len, tcp, rotation, NULL, 0, ret, ret_len);
}

size_t sp_dns_answer_chased(const struct sp_dns_table *t, const uint8_t *query, size_t len,
			    bool tcp, const uint8_t *found, size_t found_len, uint8_t *ret)
{
	static const uint8_t nothing[1];
	size_t n;

	return make_answer(t, query, len, tcp, 0, found_len ? found : nothing, found_len, ret,
			   &n) == SP_DNS_ANSWER
		       ? n
		       : 0;
}

bool sp_dns_same_question(const uint8_t *query, size_t query_len, const uint8_t *answer,
			  size_t answer_len)
{
	struct query a, b;

	if (!is_query(query, query_len) || read_query(query, query_len, &a) != 0 ||
	    answer_len < NS_HFIXEDSZ || answer_len > SP_DNS_MESSAGE_MAX || !(answer[2] & 0x80) ||
	    read_query(answer, answer_len, &b) != 0)
		return false;
	return a.type == b.type && a.class == b.class && strcasecmp(a.name, b.name) == 0;
}
