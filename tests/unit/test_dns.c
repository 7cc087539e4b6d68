/* SPDX-License-Identifier: Apache-2.0 */
/* Names of Services: answers as text, one line of records a question. */
#include "base/buf.h"
#include "dns/dns.h"

#include "cmocka_all.h"
#include "dns_text.h"

#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <stdio.h>
#include <stdlib.h>

/* a constant, unlike htonl(): read backwards on the machines that there are */
#define IP(a, b, c, d)                                                                             \
	{                                                                                          \
		(uint32_t)(d) << 24 | (c) << 16 | (b) << 8 | (a)                                   \
	}

static const struct sp_dns_port web_ports[] = {
	{"http", false, 80}, {NULL, false, 81}, {"dns", true, 53}};
static const struct sp_dns_port db_ports[] = {{"sql", false, 5432}};
static const struct sp_dns_endpoint db_endpoints[] = {
	{IP(10, 83, 0, 5), "db-0"}, {IP(10, 83, 0, 6), "db-1"}, {IP(10, 83, 0, 7), NULL}};
static const struct sp_dns_service services[] = {
	{"web", "default", IP(10, 84, 0, 2), web_ports, 3, NULL, 0},
	{"db", "default", {0}, db_ports, 1, db_endpoints, 3},
	{"web", "prod", IP(10, 84, 0, 3), NULL, 0, NULL, 0},
	{"none", "prod", {0}, db_ports, 1, NULL, 0},
};
static const struct sp_dns_table table = {"cluster.local", services, SP_ARRAY_LEN(services)};

static void print_question(const uint8_t *bytes, size_t len, struct sp_buf *out)
{
	ns_msg m;
	ns_rr rr;

	assert_int_equal(ns_initparse(bytes, (int)len, &m), 0);
	assert_int_equal(ns_msg_count(m, ns_s_qd), 1);
	assert_int_equal(ns_parserr(&m, ns_s_qd, 0, &rr), 0);
	assert_true(ns_msg_getflag(m, ns_f_rd) && !ns_msg_getflag(m, ns_f_qr));
	sp_buf_printf(out, "%s %d", ns_rr_name(rr), ns_rr_type(rr));
}

/* The answer to a question as text, in @mem. "forward" when it is somebody else's. */
static const char *ask(const struct sp_dns_table *t, const char *name, uint16_t type, uint16_t edns,
		       bool tcp, uint32_t rotation)
{
	static uint8_t answer[SP_DNS_MESSAGE_MAX];
	static char mem[1 << 17];
	struct sp_buf out = sp_buf_fixed(mem, sizeof(mem));
	uint8_t query[512];
	size_t n = dns_query(name, type, edns, query), len = 0;

	switch (sp_dns_answer(t, query, n, tcp, rotation, answer, &len)) {
	case SP_DNS_ANSWER:
		break;
	case SP_DNS_FORWARD:
		return "forward";
	case SP_DNS_CHASE:
		sp_buf_puts(&out, "chase ");
		print_question(answer, len, &out);
		return mem;
	case SP_DNS_DROP:
		return "drop";
	}
	/* as it was asked, upper case included */
	assert_memory_equal(answer + NS_HFIXEDSZ, query + NS_HFIXEDSZ,
			    n - NS_HFIXEDSZ - (edns ? 11 : 0));
	dns_print(name, answer, len, &out);
	return mem;
}

#define SOA "| (cluster.local) SOA ns.dns.cluster.local"

static void test_answers(void **state)
{
	static const struct {
		const char *name;
		uint16_t type;
		const char *want;
	} cases[] = {
		{"web.default.svc.cluster.local", ns_t_a, "NOERROR A 10.84.0.2"},
		{"WEB.deFault.svc.Cluster.LOCAL", ns_t_a, "NOERROR A 10.84.0.2"},
		{"web.prod.svc.cluster.local", ns_t_a, "NOERROR A 10.84.0.3"},
		{"web.default.svc.cluster.local", ns_t_aaaa, "NOERROR " SOA},
		{"web.default.svc.cluster.local", ns_t_mx, "NOERROR " SOA},
		{"web.default.svc.cluster.local", ns_t_any, "NOERROR A 10.84.0.2"},
		/* headless */
		{"db.default.svc.cluster.local", ns_t_a,
		 "NOERROR A 10.83.0.5 A 10.83.0.6 A 10.83.0.7"},
		{"db.default.svc.cluster.local", ns_t_aaaa, "NOERROR " SOA},
		{"none.prod.svc.cluster.local", ns_t_a, "NOERROR " SOA},
		{"db-0.db.default.svc.cluster.local", ns_t_a, "NOERROR A 10.83.0.5"},
		{"DB-1.db.default.svc.cluster.local", ns_t_a, "NOERROR A 10.83.0.6"},
		{"db-1.db.default.svc.cluster.local", ns_t_aaaa, "NOERROR " SOA},
		{"10-83-0-7.db.default.svc.cluster.local", ns_t_a, "NOERROR A 10.83.0.7"},
		{"10-83-0-5.db.default.svc.cluster.local", ns_t_a, "NXDOMAIN " SOA},
		{"db-2.db.default.svc.cluster.local", ns_t_a, "NXDOMAIN " SOA},
		{"x.web.default.svc.cluster.local", ns_t_a, "NXDOMAIN " SOA},
		/* ports */
		{"_http._tcp.web.default.svc.cluster.local", ns_t_srv,
		 "NOERROR SRV 0 100 80 web.default.svc.cluster.local | "
		 "(web.default.svc.cluster.local) A 10.84.0.2"},
		{"_DNS._UDP.web.default.svc.cluster.local", ns_t_srv,
		 "NOERROR SRV 0 100 53 web.default.svc.cluster.local | "
		 "(web.default.svc.cluster.local) A 10.84.0.2"},
		{"_sql._tcp.db.default.svc.cluster.local", ns_t_srv,
		 "NOERROR SRV 0 33 5432 db-0.db.default.svc.cluster.local "
		 "SRV 0 33 5432 db-1.db.default.svc.cluster.local "
		 "SRV 0 33 5432 10-83-0-7.db.default.svc.cluster.local | "
		 "(db-0.db.default.svc.cluster.local) A 10.83.0.5 "
		 "(db-1.db.default.svc.cluster.local) A 10.83.0.6 "
		 "(10-83-0-7.db.default.svc.cluster.local) A 10.83.0.7"},
		{"_http._tcp.web.default.svc.cluster.local", ns_t_a, "NOERROR " SOA},
		{"_http._udp.web.default.svc.cluster.local", ns_t_srv, "NXDOMAIN " SOA},
		{"_sql._tcp.none.prod.svc.cluster.local", ns_t_srv, "NOERROR " SOA},
		{"_x._tcp.web.default.svc.cluster.local", ns_t_srv, "NXDOMAIN " SOA},
		{"http._tcp.web.default.svc.cluster.local", ns_t_srv, "NXDOMAIN " SOA},
		{"_http._sctp.web.default.svc.cluster.local", ns_t_srv, "NXDOMAIN " SOA},
		/* names in between exist, others do not */
		{"_tcp.web.default.svc.cluster.local", ns_t_srv, "NOERROR " SOA},
		{"_udp.db.default.svc.cluster.local", ns_t_srv, "NXDOMAIN " SOA},
		{"default.svc.cluster.local", ns_t_a, "NOERROR " SOA},
		{"other.svc.cluster.local", ns_t_a, "NXDOMAIN " SOA},
		{"svc.cluster.local", ns_t_a, "NOERROR " SOA},
		{"cluster.local", ns_t_a, "NOERROR | SOA ns.dns.cluster.local"},
		{"cluster.local", ns_t_soa, "NOERROR SOA ns.dns.cluster.local"},
		{"nope.default.svc.cluster.local", ns_t_a, "NXDOMAIN " SOA},
		{"a.b.c.web.default.svc.cluster.local", ns_t_a, "NXDOMAIN " SOA},
		{"web.cluster.local", ns_t_a, "NXDOMAIN " SOA},
		{"web\\.default.svc.cluster.local", ns_t_a, "NXDOMAIN " SOA},
		{"example.com.default.svc.cluster.local", ns_t_a, "NXDOMAIN " SOA},
		/* pods by address */
		{"10-83-0-9.default.pod.cluster.local", ns_t_a, "NOERROR A 10.83.0.9"},
		{"10-83-0-9.default.pod.cluster.local", ns_t_aaaa, "NOERROR " SOA},
		{"10-83-0.default.pod.cluster.local", ns_t_a, "NXDOMAIN " SOA},
		{"pod.cluster.local", ns_t_a, "NOERROR " SOA},
		{"dns-version.cluster.local", ns_t_txt, "NOERROR TXT 1.1.0"},
		/* back */
		{"2.0.84.10.in-addr.arpa", ns_t_ptr, "NOERROR PTR web.default.svc.cluster.local"},
		{"5.0.83.10.IN-ADDR.ARPA", ns_t_ptr,
		 "NOERROR PTR db-0.db.default.svc.cluster.local"},
		{"9.0.83.10.in-addr.arpa", ns_t_ptr, "forward"},
		{"0.83.10.in-addr.arpa", ns_t_ptr, "forward"},
		{"x.0.83.10.in-addr.arpa", ns_t_ptr, "forward"},
		/* somebody else's */
		{"example.com", ns_t_a, "forward"},
		{"notcluster.local", ns_t_a, "forward"},
		{"local", ns_t_a, "forward"},
		{".", ns_t_ns, "forward"},
	};

	for (size_t i = 0; i < SP_ARRAY_LEN(cases); i++) {
		const char *got = ask(&table, cases[i].name, cases[i].type, 0, false, 0);

		if (strcmp(got, cases[i].want) != 0)
			fail_msg("%s %d:\n  %s, not\n  %s", cases[i].name, cases[i].type, got,
				 cases[i].want);
	}
	assert_string_equal(ask(&table, "db.default.svc.cluster.local", ns_t_a, 0, false, 1),
			    "NOERROR A 10.83.0.6 A 10.83.0.7 A 10.83.0.5");
	assert_string_equal(ask(&table, "db.default.svc.cluster.local", ns_t_a, 0, false, 5),
			    "NOERROR A 10.83.0.7 A 10.83.0.5 A 10.83.0.6");
}

/* What a client takes, and what it is told when that is not enough. */
static void test_sizes(void **state)
{
	static struct sp_dns_endpoint many[SP_DNS_ENDPOINTS_MAX];
	const struct sp_dns_service s = {"big", "default",           {0}, db_ports, 1,
					 many,  SP_DNS_ENDPOINTS_MAX};
	const struct sp_dns_table t = {"cluster.local", &s, 1};
	static const struct {
		uint16_t edns;
		bool tcp;
		size_t want;
	} cases[] = {
		/* 12 + 34 bytes before the records, 16 bytes each, 11 for OPT */
		{0, false, (512 - 46) / 16},     {100, false, (512 - 57) / 16},
		{1232, false, (1232 - 57) / 16}, {65535, false, (1232 - 57) / 16},
		{0, true, SP_DNS_ENDPOINTS_MAX}, {1232, true, SP_DNS_ENDPOINTS_MAX},
	};

	for (size_t i = 0; i < SP_ARRAY_LEN(many); i++)
		many[i].ip.s_addr = htonl(0x0a530000 + (uint32_t)i);
	for (size_t i = 0; i < SP_ARRAY_LEN(cases); i++) {
		const char *got = ask(&t, "big.default.svc.cluster.local", ns_t_a, cases[i].edns,
				      cases[i].tcp, 3);
		size_t n = 0;

		for (const char *p = got; (p = strstr(p, " A ")); p += 3)
			n++;
		assert_int_equal(n, cases[i].want);
		assert_int_equal(strstr(got, " TC") != NULL, !cases[i].tcp);
		assert_int_equal(strstr(got, "OPT 1232") != NULL, cases[i].edns != 0);
	}
	/* addresses that do not fit beside complete answers are left out without a word */
	assert_string_equal(
		ask(&table, "_sql._tcp.db.default.svc.cluster.local", ns_t_srv, 512, false, 0),
		"NOERROR SRV 0 33 5432 db-0.db.default.svc.cluster.local "
		"SRV 0 33 5432 db-1.db.default.svc.cluster.local "
		"SRV 0 33 5432 10-83-0-7.db.default.svc.cluster.local | "
		"(db-0.db.default.svc.cluster.local) A 10.83.0.5 "
		"(db-1.db.default.svc.cluster.local) A 10.83.0.6 "
		"(10-83-0-7.db.default.svc.cluster.local) A 10.83.0.7 OPT 1232");
	assert_non_null(
		strstr(ask(&t, "_sql._tcp.big.default.svc.cluster.local", ns_t_srv, 1232, false, 0),
		       "NOERROR TC SRV "));
}

/* Messages that are no good queries. */
static void test_bad_queries(void **state)
{
	uint8_t query[512], answer[SP_DNS_MESSAGE_MAX], refused[512];
	size_t n = dns_query("web.default.svc.cluster.local", ns_t_a, 1232, query), len;
	ns_msg m;
	ns_rr rr;

	for (size_t i = 0; i < n; i++) { /* cut anywhere */
		enum sp_dns_verdict v = sp_dns_answer(&table, query, i, false, 0, answer, &len);

		if (i < NS_HFIXEDSZ) {
			assert_int_equal(v, SP_DNS_DROP);
			assert_int_equal(sp_dns_refuse(query, i, ns_r_servfail, refused), 0);
			continue;
		}
		assert_int_equal(v, SP_DNS_ANSWER);
		assert_int_equal(len, NS_HFIXEDSZ);
		assert_int_equal(answer[3] & 15, ns_r_formerr);
	}
	static const uint8_t pointer[] = {0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0xc0, 1, 0, 1, 0, 1};

	assert_int_equal(sp_dns_answer(&table, pointer, sizeof(pointer), false, 0, answer, &len),
			 SP_DNS_ANSWER);
	assert_int_equal(len, NS_HFIXEDSZ);
	assert_int_equal(answer[3] & 15, ns_r_formerr);
	query[2] |= 0x80; /* an answer */
	assert_int_equal(sp_dns_answer(&table, query, n, false, 0, answer, &len), SP_DNS_DROP);
	query[2] = 0x29; /* UPDATE */
	assert_int_equal(sp_dns_answer(&table, query, n, false, 0, answer, &len), SP_DNS_ANSWER);
	assert_int_equal(answer[3] & 15, ns_r_notimpl);
	assert_int_equal(answer[2], 0xa9);
	query[2] = 0x01;
	query[n - 5] = 1; /* EDNS of another version */
	assert_int_equal(sp_dns_answer(&table, query, n, false, 0, answer, &len), SP_DNS_ANSWER);
	assert_true(ns_initparse(answer, (int)len, &m) == 0);
	assert_true(ns_parserr(&m, ns_s_ar, 0, &rr) == 0);
	assert_int_equal(ns_rr_ttl(rr) >> 24 << 4 | (answer[3] & 15), 16);
	query[n - 5] = 0;
	query[n - 12] = 3; /* another class */
	assert_int_equal(sp_dns_answer(&table, query, n, false, 0, answer, &len), SP_DNS_ANSWER);
	assert_int_equal(answer[3] & 15, ns_r_refused);
	query[n - 12] = ns_c_in;
	len = sp_dns_refuse(query, n, ns_r_servfail, answer);
	assert_true(ns_initparse(answer, (int)len, &m) == 0);
	assert_int_equal(ns_msg_getflag(m, ns_f_rcode), ns_r_servfail);
	assert_int_equal(ns_msg_count(m, ns_s_qd), 1);
	assert_true(sp_dns_same_question(query, n, answer, len));
	answer[NS_HFIXEDSZ + 1] ^= 0x20;
	assert_true(sp_dns_same_question(query, n, answer, len));
	answer[NS_HFIXEDSZ + 1] ^= 0x01;
	assert_false(sp_dns_same_question(query, n, answer, len));
	assert_false(sp_dns_same_question(query, n, query, n));
}

static void test_table_text(void **state)
{
	static const char want[] = "domain cluster.local\n"
				   "service default web 10.84.0.2\n"
				   "port 80 tcp http\n"
				   "port 81 tcp -\n"
				   "port 53 udp dns\n"
				   "service default db 0.0.0.0\n"
				   "port 5432 tcp sql\n"
				   "endpoint 10.83.0.5 db-0\n"
				   "endpoint 10.83.0.6 db-1\n"
				   "endpoint 10.83.0.7 -\n"
				   "service prod web 10.84.0.3\n"
				   "service prod none 0.0.0.0\n"
				   "port 5432 tcp sql\n";
	static const struct {
		const char *text, *error;
	} bad[] = {
		{"", "names: '' is no domain"},
		{"domain a..b\n", "names: 'a..b' is no domain"},
		{"domain x\ndomain y\n", "names: line 2"},
		{"domain x\nport 1 tcp -\n", "names: line 2"},
		{"domain x\nservice a b\n", "names: line 2"},
		{"domain x\nservice a b 1.2.3.4\nport 70000 tcp -\n", "names: line 3"},
		{"domain x\nservice a b 1.2.3.4\nport 1 sctp -\n", "names: line 3"},
		{"domain x\nservice a b 1.2.3.4\nendpoint 1.2.3 -\n", "names: line 3"},
		{"domain x\nservice a b.c 1.2.3.4\n",
		 "names: 'b.c' in 'a' is no name of a service"},
		{"domain x\nservice a b 1.2.3.4\nport 1 udp a.b\n",
		 "names: 'a.b' is no name of a port"},
		{"domain x\nservice a b 1.2.3.4\nendpoint 1.2.3.4 a.b\n",
		 "names: 'a.b' is no hostname"},
		{"what\n", "names: line 1"},
	};
	SP_CLEANUP(sp_buf_done) struct sp_buf first = {0}, second = {0};
	SP_CLEANUP(sp_arena_done) struct sp_arena a = {0};
	struct sp_dns_table got;
	struct sp_error err = {0};

	sp_dns_table_print(&table, &first);
	assert_string_equal(first.ptr, want);
	assert_int_equal(sp_dns_table_parse(&a, first.ptr, &got, &err), 0);
	sp_dns_table_print(&got, &second);
	assert_string_equal(second.ptr, want);
	for (size_t i = 0; i < SP_ARRAY_LEN(bad); i++) {
		char *text = sp_arena_strdup(&a, bad[i].text);

		assert_int_equal(sp_dns_table_parse(&a, text, &got, &err), -1);
		assert_string_equal(err.text, bad[i].error);
	}
}

/* ---- names that stand for others ------------------------------------------------------------- */

static const struct sp_dns_service externals[] = {
	{"web", "default", IP(10, 84, 0, 2), web_ports, 3, NULL, 0, NULL},
	{"db", "default", {0}, db_ports, 1, db_endpoints, 3, NULL},
	{"out", "default", {0}, NULL, 0, NULL, 0, "a.example.com"},
	{"near", "default", {0}, NULL, 0, NULL, 0, "web.default.svc.cluster.local"},
	{"pods", "default", {0}, NULL, 0, NULL, 0, "db.default.svc.Cluster.local"},
	{"far", "default", {0}, NULL, 0, NULL, 0, "out.default.svc.cluster.local"},
	{"lost", "default", {0}, NULL, 0, NULL, 0, "no.default.svc.cluster.local"},
	{"loop", "default", {0}, NULL, 0, NULL, 0, "loop.default.svc.cluster.local"},
};
static const struct sp_dns_table external_table = {"cluster.local", externals,
						   SP_ARRAY_LEN(externals)};

static void test_external(void **state)
{
	static const struct {
		const char *name;
		uint16_t type;
		const char *want;
	} cases[] = {
		{"out", ns_t_cname, "NOERROR CNAME a.example.com"},
		{"out", ns_t_a, "chase a.example.com 1"},
		{"OUT", ns_t_aaaa, "chase a.example.com 28"},
		{"far", ns_t_a, "chase a.example.com 1"},
		{"near", ns_t_a,
		 "NOERROR CNAME web.default.svc.cluster.local (web.default.svc.cluster.local) A "
		 "10.84.0.2"},
		{"near", ns_t_aaaa, "NOERROR CNAME web.default.svc.cluster.local"},
		{"pods", ns_t_a,
		 "NOERROR CNAME db.default.svc.cluster.local (db.default.svc.cluster.local) A "
		 "10.83.0.5 (db.default.svc.cluster.local) A 10.83.0.6 "
		 "(db.default.svc.cluster.local) A 10.83.0.7"},
		{"lost", ns_t_a, "NXDOMAIN CNAME no.default.svc.cluster.local"},
		{"_http._tcp.out", ns_t_srv, "NXDOMAIN " SOA},
	};
	struct sp_buf text = {0};
	struct sp_dns_table back;
	struct sp_arena a = {0};
	struct sp_error err;
	char name[128];

	for (size_t i = 0; i < SP_ARRAY_LEN(cases); i++) {
		snprintf(name, sizeof(name), "%s.default.svc.cluster.local", cases[i].name);
		assert_string_equal(ask(&external_table, name, cases[i].type, 0, false, 0),
				    cases[i].want);
	}
	/* a chain without an end has one */
	assert_non_null(
		strstr(ask(&external_table, "loop.default.svc.cluster.local", ns_t_a, 0, false, 0),
		       "NOERROR CNAME loop"));
	assert_string_equal(ask(&external_table, "4.0.0.0.in-addr.arpa", ns_t_ptr, 0, false, 0),
			    "forward");

	sp_dns_table_print(&external_table, &text);
	assert_int_equal(sp_dns_table_parse(&a, text.ptr, &back, &err), 0);
	assert_string_equal(back.services[2].external, "a.example.com");
	assert_null(back.services[1].external);
	sp_buf_done(&text);
	sp_arena_done(&a);
}

/* What a resolver said about a.example.com, as it comes into the answer. */
static void test_chased(void **state)
{
	/* a.example.com CNAME b.example.com; b.example.com A 1.2.3.4, MX (not passed on) */
	static const char records[] = "\xc0\x0c\0\x05\0\x01\0\0\0\x05\0\x04\1b\xc0\x0e"
				      "\xc0\x2b\0\x01\0\x01\0\0\0\x05\0\4\1\2\3\4"
				      "\xc0\x2b\0\x0f\0\x01\0\0\0\x3c\0\4\0\1\xc0\x0c";
	static uint8_t answer[SP_DNS_MESSAGE_MAX];
	static char mem[1 << 17];
	struct sp_buf out = sp_buf_fixed(mem, sizeof(mem));
	const char *name = "out.default.svc.cluster.local";
	uint8_t query[512], found[1024];
	size_t n = dns_query(name, ns_t_a, 0, query), len, found_len;

	assert_int_equal(sp_dns_answer(&external_table, query, n, false, 0, found, &found_len),
			 SP_DNS_CHASE);
	found[2] |= 0x80;
	found[7] = 3; /* answers */
	memcpy(found + found_len, records, sizeof(records) - 1);
	len = sp_dns_answer_chased(&external_table, query, n, false, found,
				   found_len + sizeof(records) - 1, answer);
	dns_print(name, answer, len, &out);
	assert_string_equal(mem, "NOERROR CNAME a.example.com (a.example.com) CNAME b.example.com "
				 "(b.example.com) A 1.2.3.4");
	/* cut off anywhere: what is whole counts */
	for (size_t cut = 0; cut < found_len + sizeof(records) - 1; cut++) {
		ns_msg m;

		len = sp_dns_answer_chased(&external_table, query, n, false, found, cut, answer);
		assert_int_equal(ns_initparse(answer, (int)len, &m), 0);
		assert_true(ns_msg_count(m, ns_s_an) >= 1);
	}
	/* no answer at all, and one that says no */
	sp_buf_clear(&out);
	len = sp_dns_answer_chased(&external_table, query, n, false, NULL, 0, answer);
	dns_print(name, answer, len, &out);
	assert_string_equal(mem, "NOERROR CNAME a.example.com");
	found[7] = 0;
	found[3] = ns_r_nxdomain;
	sp_buf_clear(&out);
	len = sp_dns_answer_chased(&external_table, query, n, false, found, found_len, answer);
	dns_print(name, answer, len, &out);
	assert_string_equal(mem, "NXDOMAIN CNAME a.example.com");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),     cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_bad_queries), cmocka_unit_test(test_external),
		cmocka_unit_test(test_chased),      cmocka_unit_test(test_table_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
