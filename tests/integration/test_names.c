/* SPDX-License-Identifier: Apache-2.0 */
/* The name server of a run for real, asked by pods; other resolvers are played here. Needs root. */
#include "net_world.h"

#include "../unit/dns_text.h"
#include "dns/server.h"
#include "net/service.h"
#include "sys/fd.h"
#include "sys/sys.h"

#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

/* A run: a session and its names. */
struct run {
	struct sp_svc *svc;
	struct sp_dns_server *dns;
};

#define PATIENCE_MS 30000 /* what is waited for is there long before */

static char conf_path[96];

/* Beside the program under test. */
static const char *worker_path(void)
{
	static char path[4096];
	const char *sidepod = getenv("SIDEPOD"), *slash = sidepod ? strrchr(sidepod, '/') : NULL;

	assert_non_null(slash);
	snprintf(path, sizeof(path), "%.*s/sidepod-worker", (int)(slash - sidepod), sidepod);
	return path;
}

static struct run start_run(const char *nameservers, int timeout_ms)
{
	struct sp_error err = {0};
	struct sp_svc_config c;
	struct run r = {0};

	sp_svc_config_default(&c);
	if (sp_svc_open(&conf, &c, &r.svc, &err) < 0)
		fail_msg("%s", err.text);
	/* in the folder that goes with the test */
	snprintf(conf_path, sizeof(conf_path), "%s/resolv.conf", conf.state_dir);
	sh("printf '%%b' '%s' >%s", nameservers, conf_path);
	if (sp_dns_start(&(struct sp_dns_params){.listen = sp_svc_gateway(r.svc),
						 .svc = r.svc,
						 .program = worker_path(),
						 .resolv_conf = conf_path,
						 .timeout_ms = timeout_ms},
			 &r.dns, &err) < 0)
		fail_msg("%s", err.text);
	return r;
}

static void end_run(struct run *r)
{
	r->dns = sp_dns_stop(r->dns);
	r->svc = sp_svc_close(r->svc);
	unlink(conf_path);
}

static void publish(struct run *r, const struct sp_dns_service *s, uint32_t n)
{
	const struct sp_dns_table t = {"cluster.local", s, n};
	struct sp_error err;

	if (sp_dns_publish(r->dns, &t, &err) < 0)
		fail_msg("%s", err.text);
}

/* Connected to a name server from the namespace of @pid. Return: socket */
static int connect_from(pid_t pid, int type, const char *ip, uint16_t port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};
	const struct timeval limit = {.tv_sec = PATIENCE_MS / 1000};
	SP_CLEANUP(sp_closep) int back = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	SP_CLEANUP(sp_closep) int there = -EBADF;
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)(pid ? pid : getpid()));
	there = open(path, O_RDONLY | O_CLOEXEC);
	assert_int_equal(setns(there, CLONE_NEWNET), 0);
	fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
	assert_int_equal(setns(back, CLONE_NEWNET), 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	inet_pton(AF_INET, ip, &a.sin_addr);
	assert_int_equal(connect(fd, (void *)&a, sizeof(a)), 0);
	return fd;
}

static size_t read_full(int fd, uint8_t *buf, size_t want)
{
	size_t have = 0;

	while (have < want) {
		ssize_t n = read(fd, buf + have, want - have);

		if (n <= 0)
			break;
		have += (size_t)n;
	}
	return have;
}

/* What the name server at @ip says to a pod (0: to the machine), as text. */
static const char *look_up(pid_t pid, int type, const char *ip, const char *name, uint16_t rr)
{
	static char mem[1 << 17];
	static uint8_t answer[SP_DNS_MESSAGE_MAX];
	struct sp_buf out = sp_buf_fixed(mem, sizeof(mem));
	uint8_t query[514];
	size_t len = dns_query(name, rr, 0, query + 2);
	ssize_t n;
	int fd = connect_from(pid, type, ip, 53);

	query[0] = (uint8_t)(len >> 8);
	query[1] = (uint8_t)len;
	if (type == SOCK_DGRAM) {
		assert_int_equal(send(fd, query + 2, len, 0), len);
		n = recv(fd, answer, sizeof(answer), 0);
	} else {
		/* the length alone, the rest a moment later: a stream has no borders */
		assert_int_equal(write(fd, query, 1), 1);
		assert_int_equal(write(fd, query + 1, len + 1), len + 1);
		assert_int_equal(read_full(fd, answer, 2), 2);
		len = (size_t)answer[0] << 8 | answer[1];
		n = (ssize_t)read_full(fd, answer, len);
		assert_int_equal(n, len);
	}
	close(fd);
	if (n < 0)
		return "no answer";
	dns_print(name, answer, (size_t)n, &out);
	return mem;
}

static void expect_name(pid_t pid, int type, const char *ip, const char *name, uint16_t rr,
			const char *want)
{
	/* a new table may be on its way, everything else is at once */
	const char *got = look_up(pid, type, ip, name, rr);
	int64_t end = now_ns() + PATIENCE_MS * SP_MSEC;

	while (!sp_streq(got, want) && now_ns() < end) {
		poll(NULL, 0, 10);
		got = look_up(pid, type, ip, name, rr);
	}
	if (!sp_streq(got, want))
		fail_msg("%s: %s, not %s", name, got, want);
}

/* Name → address → backend, and everything that a table says; several runs side by side. */
static void test_pods_ask(void **state)
{
	static struct sp_dns_endpoint many[200];
	static const int types[] = {SOCK_DGRAM, SOCK_STREAM};
	struct pod a = good_pod("a", NULL, 0);
	struct run r = start_run("", 0), other;
	const struct sp_dns_port http = {"http", false, 80};
	const struct sp_svc_port p = {.vip = sp_svc_vip(r.svc, 0), .port = 80};
	const struct sp_svc_backend to_a = {a.rep.lease.ip, 8080};
	const struct sp_dns_endpoint pod = {a.rep.lease.ip, "a-0"};
	struct sp_dns_service s[] = {
		{.name = "web", .ns = "default", .cluster_ip = p.vip, .ports = &http, .n_ports = 1},
		{.name = "peers", .ns = "default", .endpoints = &pod, .n_endpoints = 1},
		{.name = "many", .ns = "default", .endpoints = many, .n_endpoints = 200},
	};
	struct sp_error err;
	char got[64];

	for (size_t i = 0; i < SP_ARRAY_LEN(many); i++)
		many[i].ip.s_addr = htonl(0x0a530100 + (uint32_t)i);
	assert_int_equal(sp_svc_set(r.svc, &p, &to_a, 1, &err), 0);
	expect_name(a.pid, SOCK_DGRAM, "10.84.0.1", "web.default.svc.cluster.local", ns_t_a,
		    "SERVFAIL"); /* nothing is known yet */
	publish(&r, s, 3);
	for (size_t t = 0; t < SP_ARRAY_LEN(types); t++) {
		expect_name(a.pid, types[t], "10.84.0.1", "web.default.svc.cluster.local", ns_t_a,
			    "NOERROR A 10.84.0.2");
		expect_name(a.pid, types[t], "10.84.0.1", "a-0.peers.default.svc.cluster.local",
			    ns_t_a, "NOERROR A 10.83.0.2");
		expect_name(a.pid, types[t], "10.84.0.1",
			    "_http._tcp.web.default.svc.cluster.local", ns_t_srv,
			    "NOERROR SRV 0 100 80 web.default.svc.cluster.local | "
			    "(web.default.svc.cluster.local) A 10.84.0.2");
		expect_name(0, types[t], "10.84.0.1", "web.default.svc.cluster.local", ns_t_a,
			    "NOERROR A 10.84.0.2"); /* the machine */
		expect_name(a.pid, types[t], "10.84.0.1", "example.com", ns_t_a, "SERVFAIL");
	}
	ask(a.pid, SOCK_STREAM, "10.84.0.2", 80, got);
	assert_string_equal(got, "a 10.83.0.1");
	/* long answers: cut, and whole over TCP */
	assert_non_null(strstr(
		look_up(a.pid, SOCK_DGRAM, "10.84.0.1", "many.default.svc.cluster.local", ns_t_a),
		"NOERROR TC A "));
	assert_true(strlen(look_up(a.pid, SOCK_STREAM, "10.84.0.1",
				   "many.default.svc.cluster.local", ns_t_a)) > 200 * 12);

	/* another run on this machine has its own names */
	other = start_run("", 0);
	s[0].cluster_ip = sp_svc_vip(other.svc, 7);
	publish(&other, s, 1);
	expect_name(a.pid, SOCK_DGRAM, "10.84.1.1", "web.default.svc.cluster.local", ns_t_a,
		    "NOERROR A 10.84.1.9");
	expect_name(a.pid, SOCK_DGRAM, "10.84.0.1", "web.default.svc.cluster.local", ns_t_a,
		    "NOERROR A 10.84.0.2");
	/* tables are replaced as a whole */
	publish(&r, s + 1, 1);
	expect_name(a.pid, SOCK_DGRAM, "10.84.0.1", "web.default.svc.cluster.local", ns_t_a,
		    "NXDOMAIN | (cluster.local) SOA ns.dns.cluster.local");
	end_run(&other);
	end_run(&r);
	kill_pod(&a);
	expect_nothing_left();
}

/* A firewall that lets nothing in keeps pods from their names: it is found, and what is told helps.
 */
static void test_input_policy_drop(void **state)
{
	struct pod a = good_pod("a", NULL, 0);
	struct sp_net_blocker blocker = {0};
	struct run r = start_run("", 0);

	publish(&r, NULL, 0);
	assert_false(sp_svc_names_blocker(r.svc, &blocker));
	sh("nft add table ip filter && nft add chain ip filter INPUT "
	   "'{ type filter hook input priority filter; policy drop; }'");
	assert_true(sp_svc_names_blocker(r.svc, &blocker));
	assert_string_equal(blocker.what, "chain ip filter INPUT");
	sh("%s", blocker.fix);
	assert_false(sp_svc_names_blocker(r.svc, &blocker));
	expect_name(a.pid, SOCK_DGRAM, "10.84.0.1", "cluster.local", ns_t_a,
		    "NOERROR | SOA ns.dns.cluster.local");
	sh("nft delete table ip filter");
	end_run(&r);
	kill_pod(&a);
	expect_nothing_left();
}

/* ---- other resolvers ------------------------------------------------------------------------- */

/* The answer of a played resolver: A 192.0.2.80, so many times; over UDP one alone, cut. */
static size_t play_answer(uint8_t *m, size_t len, int count, bool tcp)
{
	static const uint8_t record[] = {0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 5, 0, 4, 192, 0, 2, 80};
	int n = tcp ? count : 1;

	m[2] = (uint8_t)(0x81 | (!tcp && count > 1 ? 2 : 0));
	m[3] = 0x80;
	for (int i = 0; i < n; i++) {
		memcpy(m + len, record, sizeof(record));
		len += sizeof(record);
	}
	ns_put16((uint16_t)n, m + 6);
	return len;
}

/* Does what the first label of the name says. */
static void play_udp(int fd)
{
	static int deaf; /* questions that were not heard */
	struct sockaddr_in from;
	socklen_t from_len = sizeof(from);
	uint8_t m[2048];
	size_t len = (size_t)recvfrom(fd, m, 512, 0, (void *)&from, &from_len);
	const char *label = (const char *)m + 13;

	if (strncmp(label, "silent", 6) == 0 || (strncmp(label, "late", 4) == 0 && !deaf++))
		return;
	if (strncmp(label, "fails", 5) == 0) {
		m[2] |= 0x80;
		m[3] = 0x82;
	} else {
		len = play_answer(m, len, strncmp(label, "long", 4) == 0 ? 100 : 1, false);
	}
	if (strncmp(label, "forged", 6) == 0) { /* another number, another question, then good */
		m[0] ^= 1;
		m[len - 1] = 66;
		sendto(fd, m, len, 0, (void *)&from, from_len);
		m[0] ^= 1;
		m[14] ^= 1;
		sendto(fd, m, len, 0, (void *)&from, from_len);
		m[14] ^= 1;
		m[len - 1] = 80;
	}
	sendto(fd, m, len, 0, (void *)&from, from_len);
}

static void play_tcp(int listener)
{
	int fd = accept(listener, NULL, NULL);
	uint8_t m[4096];
	size_t len;

	if (read_full(fd, m, 2) == 2) {
		len = (size_t)m[0] << 8 | m[1];
		len = play_answer(m + 2, read_full(fd, m + 2, len), 100, true);
		ns_put16((uint16_t)len, m);
		(void)!write(fd, m, len + 2);
	}
	close(fd);
}

/* A resolver at @ip, port 53, of this machine. */
static pid_t play_resolver(const char *ip)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(53)};
	struct pollfd p[2] = {{socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), POLLIN, 0},
			      {socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), POLLIN, 0}};
	pid_t pid;

	inet_pton(AF_INET, ip, &a.sin_addr);
	assert_int_equal(bind(p[0].fd, (void *)&a, sizeof(a)), 0);
	assert_int_equal(bind(p[1].fd, (void *)&a, sizeof(a)), 0);
	assert_int_equal(listen(p[1].fd, 8), 0);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;) {
			poll(p, 2, -1);
			if (p[0].revents)
				play_udp(p[0].fd);
			if (p[1].revents)
				play_tcp(p[1].fd);
		}
	}
	close(p[0].fd);
	close(p[1].fd);
	return pid;
}

/* Names outside are the machine's resolvers' business: the first one refuses, the second answers.
 */
static void test_forwarding(void **state)
{
	struct pod a = good_pod("a", NULL, 0);
	pid_t resolver = play_resolver("127.0.0.2");
	struct run r = start_run("# none\\nnameserver 127.0.0.1\\nnameserver\\t127.0.0.2 \\n"
				 "nameserver nonsense\\nsearch x\\n",
				 10 * PATIENCE_MS);
	static const struct {
		const char *name, *want;
	} cases[] = {
		{"example.com", "NOERROR A 192.0.2.80"},
		{"EXAMPLE.com", "NOERROR A 192.0.2.80"},
		{"forged.example.com", "NOERROR A 192.0.2.80"},
		{"fails.example.com", "SERVFAIL"},
		{"long.example.com", "NOERROR TC A 192.0.2.80"},
	};
	static const struct sp_dns_service externals[] = {
		{.name = "out", .ns = "n", .external = "example.com"},
		{.name = "fails", .ns = "n", .external = "fails.example.com"},
		{.name = "long", .ns = "n", .external = "long.example.com"},
		{.name = "silent", .ns = "n", .external = "silent.example.com"},
	};
	static const struct {
		const char *name, *want;
	} chased[] = {
		{"out.n.svc.cluster.local", "NOERROR CNAME example.com (example.com) A 192.0.2.80"},
		{"fails.n.svc.cluster.local", "SERVFAIL CNAME fails.example.com"},
		{"long.n.svc.cluster.local",
		 "NOERROR TC CNAME long.example.com (long.example.com) A 192.0.2.80"},
	};

	publish(&r, NULL, 0);
	/* no resolver is waited for that has refused: that would be longer than we wait */
	for (size_t i = 0; i < SP_ARRAY_LEN(cases); i++)
		expect_name(a.pid, SOCK_DGRAM, "10.84.0.1", cases[i].name, ns_t_a, cases[i].want);
	/* over TCP the whole of it */
	assert_true(strlen(look_up(a.pid, SOCK_STREAM, "10.84.0.1", "long.example.com", ns_t_a)) ==
		    strlen("NOERROR") + 100 * strlen(" A 192.0.2.80"));
	/* Services that stand for such names */
	publish(&r, externals, SP_ARRAY_LEN(externals));
	for (size_t i = 0; i < SP_ARRAY_LEN(chased); i++)
		expect_name(a.pid, SOCK_DGRAM, "10.84.0.1", chased[i].name, ns_t_a, chased[i].want);
	assert_true(strlen(look_up(a.pid, SOCK_STREAM, "10.84.0.1", "long.n.svc.cluster.local",
				   ns_t_a)) > 100 * strlen(" A 192.0.2.80"));
	publish(&r, NULL, 0);
	/* nobody waits for somebody else's answer */
	int slow = connect_from(a.pid, SOCK_DGRAM, "10.84.0.1", 53);
	uint8_t query[512];
	size_t len = dns_query("silent.example.com", ns_t_a, 0, query);

	for (int i = 0; i < 300; i++) /* more than there is room for */
		assert_int_equal(send(slow, query, len, 0), len);
	expect_name(a.pid, SOCK_DGRAM, "10.84.0.1", "x.svc.cluster.local", ns_t_a,
		    "NXDOMAIN | (cluster.local) SOA ns.dns.cluster.local");
	close(slow);
	end_run(&r);

	r = start_run("nameserver 127.0.0.2\\n", 300);
	publish(&r, NULL, 0);
	expect_name(a.pid, SOCK_DGRAM, "10.84.0.1", "silent.example.com", ns_t_a, "SERVFAIL");
	publish(&r, externals, SP_ARRAY_LEN(externals));
	expect_name(a.pid, SOCK_DGRAM, "10.84.0.1", "silent.n.svc.cluster.local", ns_t_a,
		    "NOERROR CNAME silent.example.com");
	end_run(&r);

	/* a lonely one is asked twice */
	r = start_run("nameserver 127.0.0.2\\n", 300);
	publish(&r, NULL, 0);
	expect_name(a.pid, SOCK_DGRAM, "10.84.0.1", "late.example.com", ns_t_a,
		    "NOERROR A 192.0.2.80");
	end_run(&r);
	kill(resolver, SIGKILL);
	waitpid(resolver, NULL, 0);
	kill_pod(&a);
	expect_nothing_left();
}

/* ---- the process ----------------------------------------------------------------------------- */

/* The only child of @parent that is called sidepod-dns; 0 none. */
static pid_t server_of(pid_t parent)
{
	char cmd[256], text[32] = "";
	FILE *f;

	snprintf(cmd, sizeof(cmd),
		 "for p in /proc/[0-9]*; do grep -qs '^Name:.sidepod-dns$' $p/status && "
		 "grep -qs '^PPid:.%d$' $p/status && basename $p; done",
		 (int)parent);
	f = popen(cmd, "re");
	assert_non_null(f);
	(void)!fgets(text, sizeof(text), f);
	pclose(f);
	return (pid_t)atoi(text);
}

static void wait_gone(pid_t pid)
{
	for (int i = 0; i < PATIENCE_MS / 10 && kill(pid, 0) == 0; i++)
		poll(NULL, 0, 10);
	assert_int_equal(kill(pid, 0), -1);
}

static void test_process(void **state)
{
	struct run r = start_run("", 0);
	const struct sp_dns_table bad = {"no domain", NULL, 0}, good = {"cluster.local", NULL, 0};
	struct sp_error err = {0};
	pid_t pid, starter;
	int ready[2], n;
	int64_t t;
	char c;

	publish(&r, NULL, 0);
	expect_name(0, SOCK_DGRAM, "10.84.0.1", "cluster.local", ns_t_a,
		    "NOERROR | SOA ns.dns.cluster.local");
	pid = server_of(getpid());
	assert_true(pid > 0);
	/* a program of its own: what we remember is not to be found in it */
	sh("test $(readlink /proc/%d/exe) = $(readlink -f %s)", (int)pid, worker_path());
	sh("grep -q '^Uid:.65534.65534.65534.65534$' /proc/%d/status", (int)pid);
	sh("grep -q '^Gid:.65534.65534.65534.65534$' /proc/%d/status", (int)pid);
	sh("grep -q '^CapPrm:.0*$' /proc/%d/status && grep -q '^CapEff:.0*$' /proc/%d/status",
	   (int)pid, (int)pid);
	sh("grep -q '^NoNewPrivs:.1$' /proc/%d/status", (int)pid);
	/* three that go nowhere, three sockets, the loop's two, at most a signal descriptor */
	sh("test $(ls /proc/%d/fd | wc -l) -le 9", (int)pid);
	assert_int_equal(sp_dns_publish(r.dns, &bad, &err), -1);
	assert_string_equal(err.text, "names: 'no domain' is no domain");

	/* one that hangs keeps nobody waiting */
	kill(pid, SIGSTOP);
	t = now_ns();
	for (n = 0; n < 10000 && sp_dns_publish(r.dns, &good, &err) == 0; n++)
		;
	assert_true(n < 10000);
	assert_true(now_ns() - t < PATIENCE_MS * SP_MSEC);
	kill(pid, SIGKILL);
	for (n = 0; n < PATIENCE_MS / 10; n++) {
		assert_int_equal(sp_dns_publish(r.dns, &good, &err), -1);
		if (sp_streq(err.text, "the name server has ended"))
			break;
		poll(NULL, 0, 10);
	}
	assert_string_equal(err.text, "the name server has ended");
	end_run(&r);

	/* kill -9 of the starter: its names end, and its addresses */
	assert_int_equal(pipe(ready), 0);
	starter = fork();
	if (starter == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		r = start_run("", 0);
		(void)!write(ready[1], "", 1);
		for (;;)
			pause();
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &c, 1), 1);
	close(ready[0]);
	for (n = 0; n < PATIENCE_MS / 10 && !(pid = server_of(starter)); n++)
		poll(NULL, 0, 10);
	assert_true(pid > 0);
	kill(starter, SIGKILL);
	waitpid(starter, NULL, 0);
	wait_gone(pid);
	sh("! nft list table ip sidepod-svc0 2>/dev/null");
	expect_nothing_left();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_pods_ask, net_world_setup, net_world_teardown),
		cmocka_unit_test_setup_teardown(test_input_policy_drop, net_world_setup,
						net_world_teardown),
		cmocka_unit_test_setup_teardown(test_forwarding, net_world_setup,
						net_world_teardown),
		cmocka_unit_test_setup_teardown(test_process, net_world_setup, net_world_teardown),
	};

	return net_world_run("names", tests, SP_ARRAY_LEN(tests));
}
