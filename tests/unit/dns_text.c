/* SPDX-License-Identifier: Apache-2.0 */
#include "dns_text.h"

#include "dns/dns.h"

#include "cmocka_all.h"

#include <arpa/inet.h>
#include <arpa/nameser.h>

size_t dns_query(const char *name, uint16_t type, uint16_t edns, uint8_t ret[512])
{
	static const uint8_t head[NS_HFIXEDSZ] = {0x12, 0x34, 0x01, 0, 0, 1};
	size_t n = sizeof(head);
	int len;

	memcpy(ret, head, n);
	len = ns_name_compress(name, ret + n, 512 - n, NULL, NULL);
	assert_true(len > 0);
	n += (size_t)len;
	ns_put16(type, ret + n);
	ns_put16(ns_c_in, ret + n + 2);
	n += 4;
	if (edns) {
		ret[11] = 1;
		memset(ret + n, 0, 11);
		ns_put16(ns_t_opt, ret + n + 1);
		ns_put16(edns, ret + n + 3);
		n += 11;
	}
	return n;
}

static void print_name(const ns_msg *m, const uint8_t *at, struct sp_buf *out)
{
	char name[NS_MAXDNAME];

	assert_true(ns_name_uncompress(ns_msg_base(*m), ns_msg_end(*m), at, name, sizeof(name)) >
		    0);
	sp_buf_puts(out, name);
}

static void print_record(const ns_msg *m, const ns_rr *rr, struct sp_buf *out)
{
	const uint8_t *d = ns_rr_rdata(*rr);
	char ip[INET_ADDRSTRLEN];

	assert_true(ns_rr_type(*rr) == ns_t_opt ||
		    (ns_rr_ttl(*rr) == SP_DNS_TTL && ns_rr_class(*rr) == ns_c_in));
	switch ((int)ns_rr_type(*rr)) {
	case ns_t_a:
		assert_int_equal(ns_rr_rdlen(*rr), 4);
		sp_buf_printf(out, " A %s", inet_ntop(AF_INET, d, ip, sizeof(ip)));
		break;
	case ns_t_srv:
		sp_buf_printf(out, " SRV %d %d %d ", ns_get16(d), ns_get16(d + 2), ns_get16(d + 4));
		print_name(m, d + 6, out);
		break;
	case ns_t_cname:
		sp_buf_puts(out, " CNAME ");
		print_name(m, d, out);
		break;
	case ns_t_ptr:
		sp_buf_puts(out, " PTR ");
		print_name(m, d, out);
		break;
	case ns_t_txt:
		sp_buf_printf(out, " TXT %.*s", d[0], d + 1);
		break;
	case ns_t_soa:
		sp_buf_puts(out, " SOA ");
		print_name(m, d, out);
		break;
	case ns_t_opt:
		sp_buf_printf(out, " OPT %d", ns_rr_class(*rr));
		break;
	default:
		fail_msg("record of type %d", ns_rr_type(*rr));
	}
}

void dns_print(const char *name, const uint8_t *bytes, size_t len, struct sp_buf *out)
{
	static const char *const codes[] = {"NOERROR",  "FORMERR", "SERVFAIL",
					    "NXDOMAIN", "NOTIMP",  "REFUSED"};
	ns_msg m;
	ns_rr rr;

	assert_true(ns_initparse(bytes, (int)len, &m) == 0);
	assert_int_equal(ns_msg_id(m), 0x1234);
	assert_int_equal(ns_msg_getflag(m, ns_f_qr), 1);
	assert_int_equal(ns_msg_getflag(m, ns_f_rd), 1);
	assert_int_equal(ns_msg_getflag(m, ns_f_ra), 1);
	sp_buf_puts(out, codes[ns_msg_getflag(m, ns_f_rcode)]);
	if (ns_msg_getflag(m, ns_f_tc))
		sp_buf_puts(out, " TC");
	for (int s = ns_s_an; s < ns_s_max; s++) {
		for (int i = 0; i < ns_msg_count(m, s); i++) {
			assert_true(ns_parserr(&m, s, i, &rr) == 0);
			if (strcasecmp(ns_rr_name(rr), name) != 0 && ns_rr_type(rr) != ns_t_opt)
				sp_buf_printf(out, " (%s)", ns_rr_name(rr));
			print_record(&m, &rr, out);
		}
		if (s + 1 < ns_s_max && ns_msg_count(m, s + 1))
			sp_buf_puts(out, " |");
	}
}
