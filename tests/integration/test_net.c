/* SPDX-License-Identifier: Apache-2.0 */
/* The pod network for real. Needs root; times are printed, not judged. */
#include "net_world.h"

#include "net/link.h"
#include "net/net.h"
#include "net/netlink.h"
#include "net/nft.h"
#include "sys/fd.h"

#include "../unit/cmocka_all.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

static void bad_pod(const char *uid, struct sp_net_port port, enum sp_code code, const char *text)
{
	struct pod p = start_pod(uid, &port, 1);

	assert_int_equal(p.rep.r, -1);
	assert_string_equal(p.rep.err.text, text);
	assert_int_equal(p.rep.err.code, code);
	kill_pod(&p);
}

static bool file_is(const char *path, const char *want)
{
	char text[64] = "";
	FILE *f = fopen(path, "re");

	if (!f)
		return false;
	(void)!fgets(text, sizeof(text), f);
	fclose(f);
	return strncmp(text, want, strlen(want)) == 0;
}

static void test_pods_reach_each_other(void **state)
{
	struct pod a = good_pod("a", NULL, 0), b = good_pod("b", NULL, 0);
	struct sp_net_host h;
	struct sp_error err;

	assert_string_equal(ip_text(&a), "10.83.0.2");
	assert_string_equal(ip_text(&b), "10.83.0.3");
	assert_true(a.rep.lease.forwarding);
	assert_false(b.rep.lease.forwarding);
	assert_true(file_is("/proc/sys/net/ipv4/ip_forward", "1"));
	expect(a.pid, SOCK_STREAM, "10.83.0.3", 8080, "b 10.83.0.2");
	expect(b.pid, SOCK_STREAM, "10.83.0.2", 8080, "a 10.83.0.3");
	expect(b.pid, SOCK_STREAM, "127.0.0.1", 8080, "b 127.0.0.1");
	expect(0, SOCK_STREAM, "10.83.0.2", 8080, "a 10.83.0.1");
	print_message("# first pod %.2f ms, second %.2f ms\n", (double)a.rep.ns / 1e6,
		      (double)b.rep.ns / 1e6);

	assert_int_equal(sp_net_host_open(&conf, &h, &err), 0);
	assert_int_equal(sp_net_machine_down(&conf, &h, &err), 0);
	assert_int_equal(sp_net_pod_down(&conf, &h, "a", &err), -1);
	assert_int_equal(err.code, SP_E_UNAVAILABLE);
	kill_pod(&a);
	assert_int_equal(sp_net_pod_down(&conf, &h, "a", &err), 0);
	assert_int_equal(sp_net_pod_down(&conf, &h, "a", &err), 0);
	/* the lowest address is given again, and reachable at once although it had another owner */
	a = good_pod("c", NULL, 0);
	assert_string_equal(ip_text(&a), "10.83.0.2");
	expect(0, SOCK_STREAM, "10.83.0.2", 8080, "c 10.83.0.1");
	expect(b.pid, SOCK_STREAM, "10.83.0.2", 8080, "c 10.83.0.3");
	kill_pod(&a);
	kill_pod(&b);
	sp_net_host_close(&h);
	expect_nothing_left();
}

/* What `command` prints; an empty text when it cannot be run. */
static const char *output_of(const char *command)
{
	static char text[4096];
	FILE *f = popen(command, "re");
	size_t n;

	assert_non_null(f);
	n = fread(text, 1, sizeof(text) - 1, f);
	text[n] = '\0';
	pclose(f);
	return text;
}

static void test_rules(void **state)
{
	static const char want[] =
		"table ip sidepod {\n"
		"	map ports {\n"
		"		type inet_proto . inet_service : ipv4_addr . inet_service\n"
		"		elements = { udp . 18081 : 10.83.0.2 . 8080 }\n"
		"	}\n"
		"\n"
		"	map ports_ip {\n"
		"		type inet_proto . ipv4_addr . inet_service : ipv4_addr . inet_service\n"
		"		elements = { tcp . 127.0.0.1 . 18080 : 10.83.0.2 . 80 }\n"
		"	}\n"
		"\n"
		"	chain guard {\n"
		"		type filter hook prerouting priority raw; policy accept;\n"
		"		iifname \"sidepod0\" ip daddr 127.0.0.0/8 drop\n"
		"		iifname \"sidepod0\" ip saddr 127.0.0.0/8 drop\n"
		"	}\n"
		"\n"
		"	chain quiet {\n"
		"		type filter hook output priority filter; policy accept;\n"
		"		oifname \"sidepod0\" icmp type redirect drop\n"
		"	}\n"
		"\n"
		"	chain prerouting {\n"
		"		type nat hook prerouting priority dstnat; policy accept;\n"
		"		fib daddr type local dnat ip to meta l4proto . ip daddr . th dport map @ports_ip\n"
		"		fib daddr type local dnat ip to meta l4proto . th dport map @ports\n"
		"	}\n"
		"\n"
		"	chain output {\n"
		"		type nat hook output priority -100; policy accept;\n"
		"		fib daddr type local dnat ip to meta l4proto . ip daddr . th dport map @ports_ip\n"
		"		fib daddr type local dnat ip to meta l4proto . th dport map @ports\n"
		"	}\n"
		"\n"
		"	chain forward {\n"
		"		type filter hook forward priority filter; policy accept;\n"
		"		iifname != \"sidepod0\" oifname \"sidepod0\" ct state invalid,new,untracked "
		"ct status ! dnat drop\n"
		"	}\n"
		"\n"
		"	chain postrouting {\n"
		"		type nat hook postrouting priority srcnat; policy accept;\n"
		"		ip saddr 10.83.0.0/16 oifname != \"sidepod0\" masquerade\n"
		"		ip saddr 10.83.0.0/16 oifname \"sidepod0\" ct status dnat masquerade\n"
		"		ip saddr 127.0.0.0/8 oifname \"sidepod0\" masquerade\n"
		"	}\n"
		"}\n";
	struct sp_net_port ports[] = {
		{.udp = true, .host_port = 18081, .ctr_port = 8080},
		{.host_ip.s_addr = htonl(INADDR_LOOPBACK), .host_port = 18080, .ctr_port = 80},
	};
	struct pod a = good_pod("a", ports, 2);

	for (int round = 0; round < 2; round++) {
		assert_string_equal(output_of("nft list ruleset"), want);
		if (round == 0) { /* flushed by somebody: the next pod brings all of it back */
			struct pod b;

			sh("nft flush ruleset");
			b = good_pod("b", NULL, 0);
			kill_pod(&b);
		}
	}
	kill_pod(&a);
	expect_nothing_left();
}

static void outside_and_ports(void)
{
	struct sp_net_port ports[] = {
		{.host_port = 18080, .ctr_port = 8080},
		{.udp = true, .host_port = 18080, .ctr_port = 8080},
		{.host_ip.s_addr = inet_addr("192.0.2.1"), .host_port = 18090, .ctr_port = 8080},
	};
	pid_t outside = start_outside();
	struct pod a = good_pod("a", ports, 3), b = good_pod("b", NULL, 0);
	static const int types[] = {SOCK_STREAM, SOCK_DGRAM};

	expect(a.pid, SOCK_STREAM, "192.0.2.2", 8080, "outside 192.0.2.1");
	for (size_t i = 0; i < SP_ARRAY_LEN(types); i++) {
		expect(outside, types[i], "192.0.2.1", 18080, "a 192.0.2.2");
		expect(0, types[i], "127.0.0.1", 18080, "a 10.83.0.1");
		expect(0, types[i], "10.83.0.1", 18080, "a 10.83.0.1");
		expect(b.pid, types[i], "192.0.2.1", 18080, "a 10.83.0.1");
		expect(a.pid, types[i], "192.0.2.1", 18080, "a 10.83.0.1"); /* its own port */
	}
	expect(0, SOCK_STREAM, "192.0.2.1", 18080, "a 192.0.2.1");
	expect(outside, SOCK_STREAM, "192.0.2.1", 18090, "a 192.0.2.2");
	expect(0, SOCK_STREAM, "127.0.0.1", 18090, ""); /* published on the other address only */
	/* a pod's own connections to the same port elsewhere are not touched */
	expect(b.pid, SOCK_STREAM, "192.0.2.2", 8080, "outside 192.0.2.1");
	kill_pod(&a);
	kill_pod(&b);
	kill(outside, SIGKILL);
	waitpid(outside, NULL, 0);
	expect_nothing_left();
}

static void test_outside_and_ports(void **state)
{
	outside_and_ports();
}

/* The same where bridged packets do, or do not, pass nftables: whichever is not the default. */
static void test_outside_other_bridge_filter(void **state)
{
	static const char path[] = "/proc/sys/net/bridge/bridge-nf-call-iptables";

	if (access(path, W_OK) < 0)
		skip(); /* no br_netfilter: then there is no other way */
	sh("echo %d >%s", file_is(path, "0"), path);
	outside_and_ports();
}

/* Docker's machines: iptables' chain drops by policy. */
static void test_forward_policy_drop(void **state)
{
	static const char rules[] =
		"		iifname \"sidepod0\" counter packets N bytes N accept comment \"sidepod\"\n"
		"		oifname \"sidepod0\" counter packets N bytes N accept comment \"sidepod\"\n"
		"		tcp dport 1 drop\n"
		"	}\n";
	static const char list[] =
		"nft list chain ip filter FORWARD 2>&1 | sed 's/packets [0-9]* bytes [0-9]*/packets N "
		"bytes N/'";
	struct sp_net_port port = {.host_port = 18080, .ctr_port = 8080};
	pid_t outside = start_outside();
	struct pod a, b;

	sh("nft add table ip filter && nft add chain ip filter FORWARD "
	   "'{ type filter hook forward priority filter; policy drop; }' && "
	   "nft add rule ip filter FORWARD tcp dport 1 drop");
	a = good_pod("a", &port, 1);
	assert_true(a.rep.lease.allowed);
	assert_string_equal(a.rep.lease.blocked.what, "");
	assert_non_null(strstr(output_of(list), rules));
	expect(a.pid, SOCK_STREAM, "192.0.2.2", 8080, "outside 192.0.2.1");
	expect(outside, SOCK_STREAM, "192.0.2.1", 18080, "a 192.0.2.2");
	b = good_pod("b", NULL, 0);
	assert_false(b.rep.lease.allowed); /* once is enough */
	kill_pod(&b);
	/* iptables itself reads what stands in its chain */
	if (system("command -v iptables >/dev/null") == 0) {
		const char *text = output_of("iptables -S FORWARD 2>&1");

		if (!strstr(text,
			    "-A FORWARD -i sidepod0 -m comment --comment sidepod -j ACCEPT\n"))
			fail_msg("iptables -S: %s", text);
	}
	sh("nft flush chain ip filter FORWARD");
	expect(a.pid, SOCK_STREAM, "192.0.2.2", 8080, "");
	b = good_pod("b", NULL, 0);
	assert_true(b.rep.lease.allowed);
	expect(a.pid, SOCK_STREAM, "192.0.2.2", 8080, "outside 192.0.2.1");
	kill_pod(&a);
	kill_pod(&b);
	sh("nft add rule ip filter FORWARD tcp dport 2 drop");
	{
		struct sp_net_host h;
		struct sp_error err;

		assert_int_equal(sp_net_host_open(&conf, &h, &err), 0);
		assert_int_equal(sp_net_machine_down(&conf, &h, &err), 1);
		sp_net_host_close(&h);
	}
	assert_null(strstr(output_of(list), "sidepod"));
	assert_non_null(strstr(output_of(list), "tcp dport 2 drop"));
	/* an open chain needs nothing */
	sh("nft delete table ip filter && nft add table ip filter && nft add chain ip filter FORWARD "
	   "'{ type filter hook forward priority filter; policy accept; }'");
	a = good_pod("a", NULL, 0);
	assert_false(a.rep.lease.allowed);
	kill_pod(&a);
	sh("nft delete table ip filter");
	kill(outside, SIGKILL);
	waitpid(outside, NULL, 0);
	expect_nothing_left();
}

static void expect_blocker(const struct sp_net_host *h, const char *what)
{
	struct sp_net_blocker found;
	struct sp_error err;

	assert_int_equal(sp_net_find_blocker(&conf, h, &found, &err), 0);
	assert_string_equal(found.what, what);
}

/* A chain of somebody's own is told, with what helps; that helps. */
static void test_forward_blocked(void **state)
{
	pid_t outside = start_outside();
	struct sp_net_host h;
	struct sp_error err;
	struct pod a;

	sh("nft add table inet fw && nft add chain inet fw forward "
	   "'{ type filter hook forward priority 10; policy drop; }'");
	a = good_pod("a", NULL, 0);
	assert_false(a.rep.lease.allowed);
	assert_string_equal(a.rep.lease.blocked.what, "chain inet fw forward");
	expect(a.pid, SOCK_STREAM, "192.0.2.2", 8080, "");
	assert_int_equal(sp_net_host_open(&conf, &h, &err), 0);
	expect_blocker(&h, "chain inet fw forward");
	sh("%s", a.rep.lease.blocked.fix);
	expect_blocker(&h, "");
	expect(a.pid, SOCK_STREAM, "192.0.2.2", 8080, "outside 192.0.2.1");
	sh("nft delete table inet fw");
	if (system("iptables-legacy -P FORWARD DROP 2>/dev/null") == 0) {
		struct sp_net_blocker found;

		expect_blocker(&h, "chain FORWARD of iptables-legacy");
		expect(a.pid, SOCK_STREAM, "192.0.2.2", 8080, "");
		assert_int_equal(sp_net_find_blocker(&conf, &h, &found, &err), 0);
		sh("%s", found.fix);
		expect_blocker(&h, "");
		expect(a.pid, SOCK_STREAM, "192.0.2.2", 8080, "outside 192.0.2.1");
	}
	sp_net_host_close(&h);
	kill_pod(&a);
	kill(outside, SIGKILL);
	waitpid(outside, NULL, 0);
	expect_nothing_left();
}

/* Whoever routes packets to the pods' addresses reaches what is published, no more. */
static void test_neighbours_stay_out(void **state)
{
	struct sp_net_port port = {.host_port = 18080, .ctr_port = 8080};
	pid_t outside = start_outside();
	struct pod a = good_pod("a", &port, 1);

	sh("nsenter -t %d -n ip route add 10.83.0.0/16 via 192.0.2.1", (int)outside);
	expect(outside, SOCK_STREAM, ip_text(&a), 8080, "");
	expect(outside, SOCK_DGRAM, ip_text(&a), 8080, "");
	expect(outside, SOCK_STREAM, "192.0.2.1", 18080, "a 192.0.2.2");
	kill_pod(&a);
	kill(outside, SIGKILL);
	waitpid(outside, NULL, 0);
	expect_nothing_left();
}

static void test_conflicts(void **state)
{
	struct sp_net_port any = {.host_port = 18080, .ctr_port = 8080}, one = any, udp = any,
			   taken = {.host_port = 18443, .ctr_port = 1};
	struct sockaddr_in sa = {.sin_family = AF_INET, .sin_port = htons(18443)};
	SP_CLEANUP(sp_closep) int listener = socket(AF_INET, SOCK_STREAM, 0);
	struct pod a, b, c;
	struct sp_net_host h;
	struct sp_error err;

	one.host_ip.s_addr = htonl(INADDR_LOOPBACK);
	udp.udp = true;
	assert_int_equal(bind(listener, (void *)&sa, sizeof(sa)), 0);
	assert_int_equal(listen(listener, 1), 0);
	bad_pod("x", taken, SP_E_EXISTS,
		"hostPort 18443/TCP is in use by a program of this machine");
	a = good_pod("a", &any, 1);
	assert_string_equal(ip_text(&a), "10.83.0.2"); /* x gave its address back */
	bad_pod("x", any, SP_E_EXISTS, "hostPort 18080/TCP is taken by pod a");
	bad_pod("x", one, SP_E_EXISTS, "hostPort 127.0.0.1:18080/TCP is taken by pod a");
	b = good_pod("b", &udp, 1);
	expect(0, SOCK_DGRAM, "127.0.0.1", 18080, "b 10.83.0.1");

	/* killed, nobody cleaned up: address stays reserved until looked at, the port is taken over
	 */
	kill_pod(&a);
	c = good_pod("c", &any, 1);
	expect(0, SOCK_STREAM, "127.0.0.1", 18080, "c 10.83.0.1");
	/* late cleaning of the dead one must not take what is another's now */
	assert_int_equal(sp_net_host_open(&conf, &h, &err), 0);
	assert_int_equal(sp_net_pod_down(&conf, &h, "a", &err), 0);
	expect(0, SOCK_STREAM, "127.0.0.1", 18080, "c 10.83.0.1");
	kill_pod(&c);
	assert_int_equal(sp_net_pod_down(&conf, &h, "c", &err), 0);
	expect(0, SOCK_STREAM, "127.0.0.1", 18080, "");
	/* the same pod again after its supervisor died */
	c = good_pod("c", &any, 1);
	kill_pod(&c);
	c = good_pod("c", &any, 1);
	expect(0, SOCK_STREAM, "127.0.0.1", 18080, "c 10.83.0.1");
	kill_pod(&c);
	kill_pod(&b);

	/* another subnet waits until the first is empty, then replaces it */
	a = good_pod("a", NULL, 0);
	conf.subnet.s_addr = inet_addr("10.99.8.0");
	conf.prefix_len = 29;
	b = start_pod("b", NULL, 0);
	assert_int_equal(b.rep.r, -1);
	assert_int_equal(b.rep.err.code, SP_E_EXISTS);
	kill_pod(&a);
	kill_pod(&b);
	b = good_pod("b", NULL, 0);
	assert_string_equal(ip_text(&b), "10.99.8.2");
	expect(0, SOCK_STREAM, "10.99.8.2", 8080, "b 10.99.8.1");
	kill_pod(&b);
	sp_net_host_close(&h);
	expect_nothing_left();
}

static void test_pool_runs_out(void **state)
{
	struct pod p[5], more;

	conf.prefix_len = 29; /* room for five */
	for (int i = 0; i < 5; i++)
		p[i] = good_pod((char[]){(char)('a' + i), '\0'}, NULL, 0);
	more = start_pod("x", NULL, 0);
	assert_int_equal(more.rep.r, -1);
	assert_int_equal(more.rep.err.code, SP_E_NO_SPACE);
	assert_string_equal(more.rep.err.text, "no address is left: 5 pods have one");
	kill_pod(&more);
	kill_pod(&p[3]); /* dead, not cleaned up: is found when it is needed */
	more = good_pod("x", NULL, 0);
	assert_string_equal(ip_text(&more), "10.83.0.5");
	kill_pod(&more);
	for (int i = 0; i < 5; i++)
		kill_pod(&p[i]);
	expect_nothing_left();
}

#define CROWD 50

static int by_number(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static void test_crowd(void **state)
{
	uint32_t ips[CROWD];
	struct report rep;
	pid_t pids[CROWD];
	int fds[2];
	int64_t t, worst = 0;

	assert_int_equal(pipe(fds), 0);
	t = now_ns();
	for (int i = 0; i < CROWD; i++) {
		pids[i] = fork();
		assert_true(pids[i] >= 0);
		if (pids[i] == 0) {
			struct sp_net_port port = {.host_port = (uint16_t)(20000 + i),
						   .ctr_port = 8080};
			char uid[16];

			snprintf(uid, sizeof(uid), "crowd-%d", i);
			run_pod(uid, SP_NET_BRIDGE, &port, i % 2, fds[1]);
		}
	}
	for (int i = 0; i < CROWD; i++) {
		assert_int_equal(read(fds[0], &rep, sizeof(rep)), sizeof(rep));
		if (rep.r)
			fail_msg("crowd: %s", rep.err.text);
		ips[i] = ntohl(rep.lease.ip.s_addr);
		worst = SP_MAX(worst, rep.ns);
	}
	t = now_ns() - t;
	close(fds[0]), close(fds[1]);
	qsort(ips, CROWD, sizeof(ips[0]), by_number);
	for (uint32_t i = 0; i < CROWD; i++)
		assert_int_equal(ips[i], 0x0a530002 + i);
	expect(0, SOCK_STREAM, "10.83.0.51", 8080 + 1, "");
	for (int i = 1; i < CROWD; i += 16) {
		char want[64];

		snprintf(want, sizeof(want), "crowd-%d 10.83.0.1", i);
		expect(0, SOCK_STREAM, "127.0.0.1", (uint16_t)(20000 + i), want);
	}
	print_message("# %d pods at once: %.1f ms, slowest %.1f ms\n", CROWD, (double)t / 1e6,
		      (double)worst / 1e6);
	for (int i = 0; i < CROWD; i++)
		kill(pids[i], SIGKILL);
	for (int i = 0; i < CROWD; i++)
		waitpid(pids[i], NULL, 0);
	expect_nothing_left();
}

static void test_without_bridge(void **state)
{
	struct sp_net_port port = {.host_port = 18080, .ctr_port = 80};
	struct sp_net_pod pod = {.mode = SP_NET_LO, .uid = "lo", .ports = &port, .n_ports = 1};
	struct sp_net_lease l;
	struct sp_net_host h;
	struct sp_error err;
	struct sp_link lo;

	assert_int_equal(sp_net_host_open(&conf, &h, &err), 0);
	assert_int_equal(unshare(CLONE_NEWNET), 0);
	assert_int_equal(sp_net_pod_up(&conf, &h, &pod, &l, &err), -1);
	assert_int_equal(err.code, SP_E_UNSUPPORTED);
	pod.n_ports = 0;
	assert_int_equal(sp_net_pod_up(&conf, &h, &pod, &l, &err), 0);
	assert_int_equal(l.ip.s_addr, 0);
	assert_string_equal(l.veth, "");
	sp_net_host_close(&h);
	assert_int_equal(sp_net_host_open(&conf, &h, &err), 0);
	assert_int_equal(sp_link_get(h.rtnl_fd, "lo", &lo), 0);
	assert_true(lo.flags & 1); /* IFF_UP */
	sp_net_host_close(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_pods_reach_each_other, net_world_setup,
						net_world_teardown),
		cmocka_unit_test_setup_teardown(test_rules, net_world_setup, net_world_teardown),
		cmocka_unit_test_setup_teardown(test_outside_and_ports, net_world_setup,
						net_world_teardown),
		cmocka_unit_test_setup_teardown(test_outside_other_bridge_filter, net_world_setup,
						net_world_teardown),
		cmocka_unit_test_setup_teardown(test_forward_policy_drop, net_world_setup,
						net_world_teardown),
		cmocka_unit_test_setup_teardown(test_forward_blocked, net_world_setup,
						net_world_teardown),
		cmocka_unit_test_setup_teardown(test_neighbours_stay_out, net_world_setup,
						net_world_teardown),
		cmocka_unit_test_setup_teardown(test_conflicts, net_world_setup,
						net_world_teardown),
		cmocka_unit_test_setup_teardown(test_pool_runs_out, net_world_setup,
						net_world_teardown),
		cmocka_unit_test_setup_teardown(test_crowd, net_world_setup, net_world_teardown),
		cmocka_unit_test_setup_teardown(test_without_bridge, net_world_setup,
						net_world_teardown),
	};

	return net_world_run("net", tests, SP_ARRAY_LEN(tests));
}
