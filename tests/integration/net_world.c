/* SPDX-License-Identifier: Apache-2.0 */
#include "net_world.h"

#include "net/link.h"
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
#include <sys/wait.h>
#include <time.h>

#define PATIENCE_S 30 /* for an answer; nothing is judged by it */

static char state_dir[64];
struct sp_net_config conf;

int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * SP_SEC + t.tv_nsec;
}

void sh(const char *fmt, ...)
{
	char cmd[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(cmd, sizeof(cmd), fmt, ap);
	va_end(ap);
	if (system(cmd) != 0)
		fail_msg("failed: %s", cmd);
}

struct server {
	int tcp, udp;
};

/* Sockets on TCP and UDP port 8080; clients may come from now on. */
static struct server start_server(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(8080)};
	struct server s = {socket(AF_INET, SOCK_STREAM, 0), socket(AF_INET, SOCK_DGRAM, 0)};
	int one = 1;

	setsockopt(s.tcp, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(s.tcp, (void *)&a, sizeof(a)) || listen(s.tcp, 16) ||
	    bind(s.udp, (void *)&a, sizeof(a)))
		_exit(3);
	return s;
}

/* Answers with the name and the client's address as seen; never returns. */
static void serve(struct server s, const char *name)
{
	int tcp = s.tcp, udp = s.udp;
	struct pollfd p[2] = {{tcp, POLLIN, 0}, {udp, POLLIN, 0}};

	for (;;) {
		char text[64], ip[32];
		struct sockaddr_in from;
		socklen_t len = sizeof(from);
		int fd, n;

		poll(p, 2, -1);
		if (p[0].revents) {
			fd = accept(tcp, (void *)&from, &len);
			n = snprintf(text, sizeof(text), "%s %s", name,
				     inet_ntop(AF_INET, &from.sin_addr, ip, sizeof(ip)));
			(void)!write(fd, text, (size_t)n);
			close(fd);
		}
		if (p[1].revents) {
			recvfrom(udp, text, sizeof(text), 0, (void *)&from, &len);
			n = snprintf(text, sizeof(text), "%s %s", name,
				     inet_ntop(AF_INET, &from.sin_addr, ip, sizeof(ip)));
			sendto(udp, text, (size_t)n, 0, (void *)&from, len);
		}
	}
}

/* The life of a pod process; never returns. */
void run_pod(const char *uid, enum sp_net_mode mode, const struct sp_net_port *ports,
	     uint32_t n_ports, int out)
{
	struct sp_net_pod pod = {.mode = mode, .uid = uid, .ports = ports, .n_ports = n_ports};
	struct server server = {0};
	struct report rep = {0};
	struct sp_net_host h;
	int64_t t;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	rep.r = sp_net_host_open(&conf, &h, &rep.err);
	if (rep.r == 0 && unshare(CLONE_NEWNET) < 0)
		_exit(2);
	t = now_ns();
	if (rep.r == 0)
		rep.r = sp_net_pod_up(&conf, &h, &pod, &rep.lease, &rep.err);
	rep.ns = now_ns() - t;
	if (rep.r == 0)
		server = start_server();
	if (write(out, &rep, sizeof(rep)) != sizeof(rep))
		_exit(2);
	if (rep.r == 0)
		serve(server, uid);
	_exit(0);
}

struct pod start_pod(const char *uid, const struct sp_net_port *ports, uint32_t n_ports)
{
	struct pod p = {0};
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	p.pid = fork();
	assert_true(p.pid >= 0);
	if (p.pid == 0)
		run_pod(uid, SP_NET_BRIDGE, ports, n_ports, fds[1]);
	close(fds[1]);
	assert_int_equal(read(fds[0], &p.rep, sizeof(p.rep)), sizeof(p.rep));
	close(fds[0]);
	return p;
}

void kill_pod(struct pod *p)
{
	if (p->pid > 0) {
		kill(p->pid, SIGKILL);
		assert_int_equal(waitpid(p->pid, NULL, 0), p->pid);
	}
	p->pid = 0;
}

struct pod good_pod(const char *uid, const struct sp_net_port *ports, uint32_t n_ports)
{
	struct pod p = start_pod(uid, ports, n_ports);

	if (p.rep.r)
		fail_msg("%s: %s", uid, p.rep.err.text);
	return p;
}

struct timeval patience = {.tv_sec = PATIENCE_S};

/* Ask the server at ip:port from the namespace of @pid (0: this one). "" no answer. */
void ask(pid_t pid, int type, const char *ip, uint16_t port, char ret[64])
{
	int fds[2];
	pid_t child;
	ssize_t n;

	memset(ret, 0, 64);
	assert_int_equal(pipe(fds), 0);
	child = fork();
	if (child == 0) {
		struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};
		struct timeval limit = patience;
		char path[64], text[63];
		int ns, s;

		snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)pid);
		if (pid && ((ns = open(path, O_RDONLY)) < 0 || setns(ns, CLONE_NEWNET) < 0))
			_exit(1);
		s = socket(AF_INET, type, 0);
		setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
		setsockopt(s, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
		inet_pton(AF_INET, ip, &a.sin_addr);
		if (connect(s, (void *)&a, sizeof(a)) < 0)
			_exit(1);
		if (type == SOCK_DGRAM)
			(void)!write(s, "?", 1);
		n = read(s, text, sizeof(text));
		if (n > 0)
			(void)!write(fds[1], text, (size_t)n);
		_exit(0);
	}
	close(fds[1]);
	n = read(fds[0], ret, 63);
	ret[n > 0 ? n : 0] = '\0';
	close(fds[0]);
	waitpid(child, NULL, 0);
}

void expect(pid_t pid, int type, const char *ip, uint16_t port, const char *want)
{
	char got[64];

	/* silence is not waited for to its end */
	patience = want[0] ? (struct timeval){.tv_sec = PATIENCE_S}
			   : (struct timeval){.tv_usec = 400000};
	ask(pid, type, ip, port, got);
	if (!sp_streq(got, want))
		fail_msg("%s %s:%u: got '%s', not '%s'", type == SOCK_DGRAM ? "udp" : "tcp", ip,
			 port, got, want);
}

const char *ip_text(const struct pod *p)
{
	static char texts[4][INET_ADDRSTRLEN];
	static unsigned int next;

	return inet_ntop(AF_INET, &p->rep.lease.ip, texts[next++ % 4], INET_ADDRSTRLEN);
}

/* A namespace outside, 192.0.2.2, wired to the machine's 192.0.2.1, with a server. */
pid_t start_outside(void)
{
	int ready[2], go[2];
	struct server server;
	pid_t pid;
	char c;

	assert_int_equal(pipe(ready), 0);
	assert_int_equal(pipe(go), 0);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (unshare(CLONE_NEWNET) < 0 || write(ready[1], "", 1) != 1 ||
		    read(go[0], &c, 1) != 1)
			_exit(1);
		if (system("ip addr add 192.0.2.2/24 dev out1 && ip link set out1 up") != 0)
			_exit(1);
		server = start_server();
		(void)!write(ready[1], "", 1);
		serve(server, "outside");
	}
	close(ready[1]); /* so that its end is seen */
	assert_int_equal(read(ready[0], &c, 1), 1);
	sh("ip link add out0 type veth peer name out1 netns %d && ip addr add 192.0.2.1/24 dev out0 && "
	   "ip link set out0 up",
	   (int)pid);
	assert_int_equal(write(go[1], "", 1), 1);
	assert_int_equal(read(ready[0], &c, 1), 1);
	close(ready[0]), close(go[0]), close(go[1]);
	return pid;
}

int net_world_setup(void **state)
{
	snprintf(state_dir, sizeof(state_dir), "/tmp/sp-test-net.%d/a/b", (int)getpid());
	if (unshare(CLONE_NEWNET) < 0)
		return -1;
	sp_net_config_default(&conf);
	conf.state_dir = state_dir;
	/* a new namespace takes the machine's value over */
	sh("ip link set lo up && echo 0 >/proc/sys/net/ipv4/ip_forward");
	return 0;
}

int net_world_teardown(void **state)
{
	sh("rm -rf /tmp/sp-test-net.%d", (int)getpid());
	return 0;
}

void expect_nothing_left(void)
{
	struct sp_net_host h;
	struct sp_error err;
	struct sp_link l;

	assert_int_equal(sp_net_host_open(&conf, &h, &err), 0);
	if (sp_net_machine_down(&conf, &h, &err) != 1)
		fail_msg("machine down: %s", err.text);
	assert_int_equal(sp_link_get(h.rtnl_fd, "sidepod0", &l), -ENODEV);
	assert_int_equal(sp_nft_present(h.nft_fd), 0);
	assert_int_equal(sp_net_machine_down(&conf, &h, &err), 1); /* again: fine */
	sp_net_host_close(&h);
	sh("test -z \"$(nft list ruleset)\"");
}

int net_world_run(const char *name, const struct CMUnitTest *tests, size_t n)
{
	pid_t probe = fork();
	int st = 0;

	if (probe == 0)
		_exit(unshare(CLONE_NEWNET) < 0);
	waitpid(probe, &st, 0);
	if (st != 0) {
		if (getenv("SP_TESTS_MUST_RUN"))
			return 1;
		puts("1..0 # SKIP no network namespaces: needs root");
		return 0;
	}
	return _cmocka_run_group_tests(name, tests, n, NULL, NULL);
}
