/* SPDX-License-Identifier: Apache-2.0 */
/* Virtual addresses for real: pods, the machine and the world outside as clients. Needs root. */
#include "net_world.h"

#include "net/service.h"
#include "sys/fd.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

static struct sp_svc_config svc_conf;

static struct sp_svc *open_session(void)
{
	struct sp_error err = {0};
	struct sp_svc *s = NULL;

	sp_svc_config_default(&svc_conf);
	if (sp_svc_open(&conf, &svc_conf, &s, &err) < 0)
		fail_msg("%s", err.text);
	return s;
}

static struct sp_svc_backend backend(const struct pod *p)
{
	return (struct sp_svc_backend){p->rep.lease.ip, 8080};
}

static struct sp_svc_port tcp_port(const struct sp_svc *s)
{
	return (struct sp_svc_port){.vip = sp_svc_vip(s, 0), .port = 80};
}

static void set(struct sp_svc *s, struct sp_svc_port p, const struct sp_svc_backend *b, uint32_t n)
{
	struct sp_error err = {0};

	if (sp_svc_set(s, &p, b, n, &err) < 0)
		fail_msg("%s", err.text);
}

static void bad_set(struct sp_svc *s, struct sp_svc_port p, enum sp_code code, const char *text)
{
	const struct sp_svc_backend b = {.ip = p.vip, .port = 1};
	struct sp_error err = {0};

	assert_int_equal(sp_svc_set(s, &p, &b, 1, &err), -1);
	assert_string_equal(err.text, text);
	assert_int_equal(err.code, code);
}

static const char *vip_text(struct in_addr ip)
{
	static char texts[4][INET_ADDRSTRLEN];
	static unsigned int next;

	return inet_ntop(AF_INET, &ip, texts[next++ % 4], INET_ADDRSTRLEN);
}

static void enter(pid_t pid)
{
	char path[64];
	int ns;

	if (!pid)
		return;
	snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)pid);
	ns = open(path, O_RDONLY | O_CLOEXEC);
	if (ns < 0 || setns(ns, CLONE_NEWNET) < 0)
		_exit(99);
	close(ns);
}

/* Refused, not timed out. The kernel sends few ICMP messages a second, so a datagram may have to be
 * repeated. @pid: whose network, 0 the machine's */
static void expect_refused(pid_t pid, int type, const char *ip, uint16_t port)
{
	pid_t child = fork();
	int st = 0;

	if (child == 0) {
		struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};
		struct timeval limit = {.tv_usec = 200000};
		int s, r, once = 1;
		char c;

		enter(pid);
		s = socket(AF_INET, type | SOCK_CLOEXEC, 0);
		setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
		setsockopt(s, IPPROTO_TCP, TCP_SYNCNT, &once, sizeof(once));
		inet_pton(AF_INET, ip, &a.sin_addr);
		r = connect(s, (void *)&a, sizeof(a));
		for (int i = 0; r >= 0 && type == SOCK_DGRAM && i < 50; i++) {
			r = (int)send(s, "?", 1, 0);
			if (r >= 0 && recv(s, &c, 1, 0) < 0 && errno != EAGAIN)
				r = -1;
		}
		_exit(r >= 0 ? ETIMEDOUT : errno == ECONNREFUSED ? 0 : errno);
	}
	waitpid(child, &st, 0);
	if (!pid && type == SOCK_DGRAM && WEXITSTATUS(st) == EPERM)
		st = 0; /* the machine's own datagram was not even sent */
	if (st != 0)
		fail_msg("%s %s:%u: not refused but %s", type == SOCK_DGRAM ? "udp" : "tcp", ip,
			 port, strerrordesc_np(WEXITSTATUS(st)));
}

/* Ask @n times; how many were answered by the pods called "a", "b", "c"? All must be answered. */
static void count_answers(pid_t pid, int type, const char *ip, uint16_t port, int n, int ret[3])
{
	char got[64];

	memset(ret, 0, 3 * sizeof(ret[0]));
	for (int i = 0; i < n; i++) {
		ask(pid, type, ip, port, got);
		if (got[0] < 'a' || got[0] > 'c' || got[1] != ' ') {
			sh("nft list ruleset; ip route; ip neigh");
			fail_msg("%d %s:%u: got '%s'", i, ip, port, got);
		}
		ret[got[0] - 'a']++;
	}
}

/* Pods, themselves included, and the machine reach a service, and only those that serve it. */
static void balance(void)
{
	struct pod a = good_pod("a", NULL, 0), b = good_pod("b", NULL, 0),
		   c = good_pod("c", NULL, 0);
	const struct sp_svc_backend two[] = {backend(&a), backend(&b)}, *just_b = &two[1];
	const pid_t clients[] = {c.pid, a.pid, 0};
	static const int types[] = {SOCK_STREAM, SOCK_DGRAM};
	struct sp_svc *s = open_session();
	const char *vip = vip_text(sp_svc_vip(s, 0));

	assert_string_equal(vip, "10.84.0.2");
	assert_string_equal(vip_text(sp_svc_dns_vip(s)), "10.84.0.1");
	assert_string_equal(vip_text(sp_svc_gateway(s)), "10.83.0.1");
	for (size_t t = 0; t < SP_ARRAY_LEN(types); t++) {
		struct sp_svc_port p = tcp_port(s);
		int n[3], one[3];

		p.udp = types[t] == SOCK_DGRAM;
		expect_refused(c.pid, types[t], vip, 80); /* a service that is not known yet */
		set(s, p, two, 2);
		for (size_t i = 0; i < SP_ARRAY_LEN(clients); i++) {
			count_answers(clients[i], types[t], vip, 80, 40, n);
			/* each of both by chance; none of 40: 1 in 10^12 */
			assert_true(n[0] > 0 && n[1] > 0 && n[2] == 0);
		}
		set(s, p, just_b, 1);
		for (size_t i = 0; i < SP_ARRAY_LEN(clients); i++) {
			count_answers(clients[i], types[t], vip, 80, 10, n);
			assert_int_equal(n[1], 10);
		}
		expect(b.pid, types[t], vip, 80, "b 10.83.0.1"); /* to itself */
		expect_refused(c.pid, types[t], vip, 81);
		expect_refused(0, types[t], vip, 81);
		set(s, p, NULL, 0);
		expect_refused(c.pid, types[t], vip, 80);
		expect_refused(0, types[t], vip, 80);
		expect_refused(a.pid, types[t], "10.84.0.77", 80);

		/* a client stays with its backend */
		p.client_ip = true;
		set(s, p, two, 2);
		for (size_t i = 0; i < SP_ARRAY_LEN(clients); i++) {
			count_answers(clients[i], types[t], vip, 80, 20, one);
			assert_true(one[0] == 20 || one[1] == 20);
		}
		/* without affinity again: the same backends, another choice */
		p.client_ip = false;
		set(s, p, two, 2);
		count_answers(c.pid, types[t], vip, 80, 40, n);
		assert_true(n[0] > 0 && n[1] > 0);
	}
	s = sp_svc_close(s);
	kill_pod(&a), kill_pod(&b), kill_pod(&c);
}

static void test_balance(void **state)
{
	balance();
	expect_nothing_left();
}

/* The same with bridged packets passing nftables, or not: the other one of what the machine has. */
static void test_balance_other_bridge_filter(void **state)
{
	static const char path[] = "/proc/sys/net/bridge/bridge-nf-call-iptables";

	if (access(path, W_OK) < 0)
		skip(); /* no br_netfilter: then there is no other way */
	sh("echo $((1 - $(cat %s))) >%s", path, path);
	balance();
	expect_nothing_left();
}

/* And on a machine whose iptables lets nothing through: pods still have theirs. */
static void test_balance_forward_drop(void **state)
{
	sh("nft add table ip filter && nft add chain ip filter FORWARD "
	   "'{ type filter hook forward priority filter; policy drop; }'");
	balance();
	sh("nft delete table ip filter");
	expect_nothing_left();
}

static void test_node_port(void **state)
{
	const struct sp_net_port host_port = {.host_port = 30081, .ctr_port = 8080};
	struct pod a = good_pod("a", NULL, 0), b = good_pod("b", &host_port, 1);
	const struct sp_svc_backend to_a = backend(&a);
	struct sp_svc *s = open_session(), *other;
	struct sp_svc_port p = tcp_port(s), q = p;
	struct sockaddr_in taken = {.sin_family = AF_INET, .sin_port = htons(30082)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	pid_t outside = start_outside();
	struct sp_error err = {0};

	assert_int_equal(bind(fd, (void *)&taken, sizeof(taken)), 0);
	assert_int_equal(listen(fd, 1), 0);
	p.node_port = 30080;
	set(s, p, &to_a, 1);
	expect(outside, SOCK_STREAM, "192.0.2.1", 30080, "a 192.0.2.2"); /* as it is */
	expect(outside, SOCK_STREAM, "192.0.2.1", 30081, "b 192.0.2.2"); /* published: as before */
	expect(0, SOCK_STREAM, "127.0.0.1", 30080, "a 10.83.0.1");
	expect(0, SOCK_STREAM, "192.0.2.1", 30080, "a 192.0.2.1");
	expect(b.pid, SOCK_STREAM, "10.83.0.1", 30080, "a 10.83.0.1");
	expect(a.pid, SOCK_STREAM, "192.0.2.1", 30080, "a 10.83.0.1");
	expect(b.pid, SOCK_STREAM, "10.84.0.2", 80, "a 10.83.0.1");
	expect_refused(outside, SOCK_DGRAM, "192.0.2.1", 30080);

	/* another number, and none */
	p.node_port = 30090;
	set(s, p, &to_a, 1);
	expect_refused(outside, SOCK_STREAM, "192.0.2.1", 30080);
	expect(outside, SOCK_STREAM, "192.0.2.1", 30090, "a 192.0.2.2");
	set(s, p, NULL, 0);
	expect_refused(outside, SOCK_STREAM, "192.0.2.1", 30090);
	p.node_port = 30080;
	set(s, p, NULL, 0);
	set(s, p, &to_a, 1);
	expect(outside, SOCK_STREAM, "192.0.2.1", 30080, "a 192.0.2.2");

	/* taken: by another service, another run, a pod, a program; UDP is another world */
	q.port = 81;
	q.node_port = 30080;
	bad_set(s, q, SP_E_EXISTS, "nodePort 30080/TCP is in use on this machine");
	other = open_session();
	q.vip = sp_svc_vip(other, 0);
	assert_string_equal(vip_text(q.vip), "10.84.1.2");
	bad_set(other, q, SP_E_EXISTS, "nodePort 30080/TCP is in use on this machine");
	q.node_port = 30081;
	bad_set(other, q, SP_E_EXISTS, "nodePort 30081/TCP is in use on this machine");
	q.node_port = 30082;
	bad_set(other, q, SP_E_EXISTS, "nodePort 30082/TCP is in use on this machine");
	assert_int_equal(sp_svc_node_port(other, false), 30000);
	q.udp = true;
	q.node_port = 30080;
	set(other, q, &to_a, 1);
	expect(outside, SOCK_DGRAM, "192.0.2.1", 30080, "a 192.0.2.2");
	expect(outside, SOCK_STREAM, "192.0.2.1", 30080, "a 192.0.2.2");
	other = sp_svc_close(other);
	expect(outside, SOCK_STREAM, "192.0.2.1", 30080, "a 192.0.2.2");

	/* free again when the service is gone */
	assert_int_equal(sp_svc_unset(s, &p, &err), 0);
	assert_int_equal(sp_svc_unset(s, &p, &err), 0);
	expect_refused(b.pid, SOCK_STREAM, "10.84.0.2", 80);
	q = p;
	q.port = 443;
	set(s, q, &to_a, 1);
	expect(outside, SOCK_STREAM, "192.0.2.1", 30080, "a 192.0.2.2");

	close(fd);
	s = sp_svc_close(s);
	kill(outside, SIGKILL);
	waitpid(outside, NULL, 0);
	kill_pod(&a), kill_pod(&b);
	expect_nothing_left();
}

/* ---- while it is used ------------------------------------------------------------------------ */

#define CLIENTS  4
#define CHANGES  300
#define REQUESTS 1500 /* in all, at least; some while everything changes */

struct load {
	_Atomic int done, failed;
	_Atomic bool stop;
};

/* One connection after the other until told to stop. */
static void request_all(struct load *l, pid_t pid, struct in_addr ip, uint16_t port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = ip};
	struct timeval limit = {.tv_sec = 5};
	char text[64];

	enter(pid);
	while (!l->stop) {
		int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

		setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
		setsockopt(s, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
		if (connect(s, (void *)&a, sizeof(a)) < 0 || read(s, text, sizeof(text)) <= 0)
			l->failed++;
		l->done++;
		close(s);
	}
}

/* Backends come and go under load: no request fails, and none goes to one that was removed. */
static void test_replace_under_load(void **state)
{
	struct pod pods[3] = {good_pod("a", NULL, 0), good_pod("b", NULL, 0),
			      good_pod("c", NULL, 0)};
	struct load *l =
		mmap(NULL, sizeof(*l), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct sp_svc *s = open_session();
	const struct sp_svc_port p = tcp_port(s);
	pid_t clients[CLIENTS];
	int64_t t, changing = 0;
	int n[3], changes = 0;

	assert_true(l != MAP_FAILED);
	set(s, p, (struct sp_svc_backend[]){backend(&pods[0])}, 1);
	for (int i = 0; i < CLIENTS; i++) {
		clients[i] = fork();
		if (clients[i] == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			s = sp_svc_forget(s);
			request_all(l, i ? pods[i - 1].pid : 0, p.vip, p.port);
			_exit(0);
		}
	}
	t = now_ns();
	while (changes < CHANGES || l->done < REQUESTS) {
		const struct sp_svc_backend b[] = {backend(&pods[changes % 3]),
						   backend(&pods[(changes + 1) % 3])};
		int64_t before = now_ns();

		set(s, p, b, changes % 2 ? 1 : 2);
		changing += now_ns() - before;
		if (changes % 30 == 0) { /* just asked, and one of the three is not there */
			count_answers(pods[0].pid, SOCK_STREAM, vip_text(p.vip), p.port, 5, n);
			assert_int_equal(n[(changes + 2) % 3], 0);
		}
		changes++;
		if (now_ns() - t > 180 * SP_SEC)
			fail_msg("%d changes, %d requests in three minutes", changes, l->done);
	}
	t = now_ns() - t;
	l->stop = true;
	for (int i = 0; i < CLIENTS; i++)
		waitpid(clients[i], NULL, 0);
	print_message("# %d requests, %d changes of %.2f ms each, %.1f s\n", l->done, changes,
		      (double)changing / changes / 1e6, (double)t / 1e9);
	assert_int_equal(l->failed, 0);
	munmap(l, sizeof(*l));
	s = sp_svc_close(s);
	for (int i = 0; i < 3; i++)
		kill_pod(&pods[i]);
	expect_nothing_left();
}

/* A connection that exists goes on; a UDP flow moves. */
static void test_flows(void **state)
{
	struct pod a = good_pod("a", NULL, 0), b = good_pod("b", NULL, 0);
	const struct sp_svc_backend to_a = backend(&a), to_b = backend(&b);
	struct sp_svc *s = open_session();
	struct sp_svc_port p = tcp_port(s);
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(80), .sin_addr = p.vip};
	const struct timeval limit = {.tv_sec = 5};
	char text[64] = "";
	int fd;

	p.udp = true;
	p.node_port = 30053;
	set(s, p, &to_a, 1);
	for (int node = 0; node < 2; node++) {
		set(s, p, &to_a, 1);
		if (node)
			at = (struct sockaddr_in){.sin_family = AF_INET,
						  .sin_port = htons(30053),
						  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
		fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
		assert_int_equal(connect(fd, (void *)&at, sizeof(at)), 0);
		for (int i = 0; i < 4; i++) { /* the same flow, there and back again */
			assert_int_equal(send(fd, "?", 1, 0), 1);
			assert_true(recv(fd, text, sizeof(text), 0) > 0);
			assert_int_equal(text[0], i % 2 ? 'b' : 'a');
			set(s, p, i % 2 ? &to_a : &to_b, 1);
		}
		close(fd);
	}

	/* TCP: connected to a, which is then replaced; its answer still arrives */
	p = tcp_port(s);
	set(s, p, &to_a, 1);
	kill(a.pid, SIGSTOP); /* it accepts later */
	at = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(80), .sin_addr = p.vip};
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	assert_int_equal(connect(fd, (void *)&at, sizeof(at)), 0);
	set(s, p, &to_b, 1);
	expect(0, SOCK_STREAM, "10.84.0.2", 80, "b 10.83.0.1");
	kill(a.pid, SIGCONT);
	assert_true(read(fd, text, sizeof(text)) > 0);
	assert_int_equal(text[0], 'a');
	close(fd);
	s = sp_svc_close(s);
	kill_pod(&a), kill_pod(&b);
	expect_nothing_left();
}

/* ---- the end of a session -------------------------------------------------------------------- */

/* kill -9 of a run: nothing serves at once, nothing is left, its block is leased again. */
static void test_dead_session(void **state)
{
	struct pod a = good_pod("a", NULL, 0);
	const struct sp_svc_backend to_a = backend(&a);
	struct sp_net_host h;
	struct sp_svc *s;
	struct sp_error err;
	int ready[2];
	pid_t pid;
	char c;

	assert_int_equal(sp_net_host_open(&conf, &h, &err), 0);
	assert_true(sp_svc_possible(&h)); /* and nothing of the question is left */
	sh("! nft list tables | grep -q probe");
	sp_net_host_close(&h);
	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		struct sp_svc_port p;

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		s = open_session();
		p = tcp_port(s);
		p.node_port = 30080;
		set(s, p, &to_a, 1);
		(void)!write(ready[1], "", 1);
		for (;;)
			pause();
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &c, 1), 1);
	close(ready[0]);
	expect(0, SOCK_STREAM, "10.84.0.2", 80, "a 10.83.0.1");
	expect(0, SOCK_STREAM, "127.0.0.1", 30080, "a 10.83.0.1");
	sh("! nft delete table ip sidepod-svc0 2>/dev/null");
	sh("nft flush ruleset"); /* takes the pods' table, which comes back; not ours */
	expect(0, SOCK_STREAM, "10.84.0.2", 80, "a 10.83.0.1");
	/* it keeps the machine's part, also when no pod lives */
	assert_int_equal(sp_net_host_open(&conf, &h, &err), 0);
	kill_pod(&a);
	assert_int_equal(sp_net_machine_down(&conf, &h, &err), 0);

	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	sh("! nft list table ip sidepod-svc0 2>/dev/null");
	expect_refused(0, SOCK_STREAM, "127.0.0.1", 30080);
	s = open_session();
	assert_string_equal(vip_text(sp_svc_vip(s, 0)), "10.84.0.2");
	s = sp_svc_close(s);
	assert_int_equal(sp_net_machine_down(&conf, &h, &err), 1);
	sp_net_host_close(&h);
	expect_nothing_left();
	sh("test -z \"$(ip route show 10.84.0.0/16 | head -1)\"");
}

static void test_limits(void **state)
{
	static struct sp_svc_backend many[SP_SVC_BACKENDS_MAX + 1];
	struct pod a = good_pod("a", NULL, 0);
	struct sp_svc *s = open_session(), *last = NULL, *other;
	struct sp_svc_port p = tcp_port(s);
	struct sp_net_config net = conf;
	struct sp_error err = {0};
	int64_t t = now_ns();
	int n[3];

	for (size_t i = 0; i < SP_ARRAY_LEN(many); i++)
		many[i] = backend(&a);
	set(s, p, many, SP_SVC_BACKENDS_MAX);
	count_answers(0, SOCK_STREAM, "10.84.0.2", 80, 3, n);
	assert_int_equal(sp_svc_set(s, &p, many, SP_SVC_BACKENDS_MAX + 1, &err), -1);
	assert_string_equal(err.text, "1025 backends; at most 1024 are possible");
	p.vip.s_addr = htonl(0x0a540102);
	bad_set(s, p, SP_E_INVALID, "10.84.1.2 is no address of this run's services");
	p = tcp_port(s);
	p.port = 0;
	bad_set(s, p, SP_E_INVALID, "a service port is 0");
	for (uint16_t i = 1; i < SP_SVC_PORTS_MAX; i++) {
		p.port = (uint16_t)(1000 + i);
		p.vip = sp_svc_vip(s, i % SP_SVC_VIPS);
		set(s, p, many, 1);
	}
	print_message("# a port set in %.2f ms, %d of them\n",
		      (double)(now_ns() - t) / SP_SVC_PORTS_MAX / 1e6, SP_SVC_PORTS_MAX);
	expect(0, SOCK_STREAM, vip_text(p.vip), p.port, "a 10.83.0.1");
	p.port = 1;
	bad_set(s, p, SP_E_NO_SPACE, "more than 1024 ports of services");
	p.port = (uint16_t)(1000 + SP_SVC_PORTS_MAX - 1);
	assert_int_equal(sp_svc_unset(s, &p, &err), 0);
	set(s, p, many, 1);
	expect(0, SOCK_STREAM, vip_text(p.vip), p.port, "a 10.83.0.1");

	/* subnets: one block; over the pods' */
	svc_conf = (struct sp_svc_config){.subnet.s_addr = htonl(0x0a550000), .prefix_len = 24};
	assert_int_equal(sp_svc_open(&conf, &svc_conf, &last, &err), -1);
	assert_string_equal(err.text, "services: 1 runs with services: no more are possible");
	assert_int_equal(err.code, SP_E_NO_SPACE);
	svc_conf = (struct sp_svc_config){.subnet.s_addr = htonl(0x0a530000), .prefix_len = 16};
	assert_int_equal(sp_svc_open(&conf, &svc_conf, &last, &err), -1);
	assert_string_equal(err.text, "services: service subnet: it overlaps that of the pods");
	svc_conf = (struct sp_svc_config){.subnet.s_addr = htonl(0x0a550000), .prefix_len = 12};
	assert_int_equal(sp_svc_open(&conf, &svc_conf, &last, &err), -1);
	net.subnet.s_addr = htonl(0x0a630000);
	sp_svc_config_default(&svc_conf);
	assert_int_equal(sp_svc_open(&net, &svc_conf, &other, &err), -1); /* not these pods' */
	assert_int_equal(err.code, SP_E_EXISTS);
	s = sp_svc_close(s);
	kill_pod(&a);
	expect_nothing_left();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_balance, net_world_setup, net_world_teardown),
		cmocka_unit_test_setup_teardown(test_balance_other_bridge_filter, net_world_setup,
						net_world_teardown),
		cmocka_unit_test_setup_teardown(test_balance_forward_drop, net_world_setup,
						net_world_teardown),
		cmocka_unit_test_setup_teardown(test_node_port, net_world_setup,
						net_world_teardown),
		cmocka_unit_test_setup_teardown(test_replace_under_load, net_world_setup,
						net_world_teardown),
		cmocka_unit_test_setup_teardown(test_flows, net_world_setup, net_world_teardown),
		cmocka_unit_test_setup_teardown(test_dead_session, net_world_setup,
						net_world_teardown),
		cmocka_unit_test_setup_teardown(test_limits, net_world_setup, net_world_teardown),
	};

	return net_world_run("service", tests, SP_ARRAY_LEN(tests));
}
