/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starting the name server's process and talking to it. What it needs is opened before it begins,
 * and becomes nobody: from then on it can read its sockets and open new ones, and nothing else.
 */
#include "dns/server.h"

#include "dns/serve.h"
#include "net/service.h"
#include "sys/fd.h"
#include "sys/self.h"
#include "sys/sys.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>

#define PORT_TRIES  16
#define TIMEOUT_MS  2000
#define QUEUE_BYTES (1 << 20) /* of datagrams: many pods may ask at once */
#define RESOLV_MAX  65536

struct sp_dns_server {
	pid_t pid;
	int pidfd, control_fd;
	uint16_t port;
};

/* ---- the child ------------------------------------------------------------------------------- */

/* Exactly these descriptors, as SP_DNS_FIRST_FD and on; 0 to 2 go nowhere. */
static int keep_only(const int fds[SP_DNS_FDS])
{
	int moved[SP_DNS_FDS], null;

	for (int i = 0; i < SP_DNS_FDS; i++) { /* out of the way first */
		moved[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, SP_DNS_FIRST_FD + SP_DNS_FDS + 1);
		if (moved[i] < 0)
			return -errno;
	}
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	for (int i = 0; null >= 0 && i < SP_DNS_FIRST_FD; i++)
		if (dup2(null, i) < 0)
			return -errno;
	for (int i = 0; i < SP_DNS_FDS; i++)
		if (dup2(moved[i], SP_DNS_FIRST_FD + i) < 0)
			return -errno;
	return sys_close_range(SP_DNS_FIRST_FD + SP_DNS_FDS, ~0u, 0);
}

static void default_signals(void)
{
	sigset_t none;

	for (int sig = 1; sig < NSIG; sig++)
		(void)sys_default_signal(
			sig); /* those that cannot be changed are as they should be */
	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

/* A program of its own: nothing of the starter's memory goes along, neither manifests nor Secrets.
 */
static _Noreturn void become_server(const char *program, char **argv, const int fds[SP_DNS_FDS])
{
	default_signals();
	/* an own session: Ctrl-C is for the command, which still has pods that need names */
	(void)setsid();
	if (keep_only(fds) == 0)
		execv(program, argv);
	_exit(1);
}

/* ---- the starter ----------------------------------------------------------------------------- */

/* One number for both. Return: 0, -errno */
static int listen_both(struct in_addr ip, int *udp_fd, int *tcp_fd, uint16_t *port)
{
	const int queue = QUEUE_BYTES;
	int r = -EADDRINUSE;

	for (int i = 0; i < PORT_TRIES && r == -EADDRINUSE; i++) {
		struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr = ip};
		socklen_t len = sizeof(a);

		*udp_fd = sp_close(*udp_fd);
		*tcp_fd = sp_close(*tcp_fd);
		*udp_fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		*tcp_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		if (*udp_fd < 0 || *tcp_fd < 0 ||
		    bind(*udp_fd, (struct sockaddr *)&a, sizeof(a)) < 0 ||
		    getsockname(*udp_fd, (struct sockaddr *)&a, &len) < 0)
			return -errno;
		*port = ntohs(a.sin_port);
		/* what we may not have is no reason to do without names */
		(void)setsockopt(*udp_fd, SOL_SOCKET, SO_RCVBUFFORCE, &queue, sizeof(queue));
		r = bind(*tcp_fd, (struct sockaddr *)&a, sizeof(a)) < 0 ||
				    listen(*tcp_fd, SOMAXCONN) < 0
			    ? -errno
			    : 0;
	}
	return r;
}

/* The session's name server address leads to it. */
static int point_at(struct sp_svc *svc, struct in_addr ip, uint16_t port, struct sp_error *err)
{
	const struct sp_svc_backend b = {ip, port};

	for (int udp = 0; udp < 2; udp++) {
		const struct sp_svc_port p = {.vip = sp_svc_dns_vip(svc), .udp = udp, .port = 53};

		if (sp_svc_set(svc, &p, &b, 1, err) < 0)
			return -1;
	}
	return 0;
}

/* Without it, and without memory, nothing is forwarded. */
static uint32_t read_upstreams(const char *path, struct sockaddr_in6 ret[SP_DNS_UPSTREAMS_MAX])
{
	char *text = calloc(1, RESOLV_MAX);
	uint32_t n = 0;

	if (text && sys_read_file(AT_FDCWD, path, text, RESOLV_MAX) > 0)
		n = sp_dns_upstreams(text, ret);
	free(text);
	return n;
}

/* Its command line: who starts it, how long it waits, whom it asks. */
struct words {
	char starter[16], timeout[16], upstreams[SP_DNS_UPSTREAMS_MAX][INET6_ADDRSTRLEN];
	char *argv[5 + SP_DNS_UPSTREAMS_MAX];
};

static void make_words(const struct sp_dns_params *p, struct words *w)
{
	static char program[] = "sidepod-worker", command[] = "names";
	struct sockaddr_in6 upstreams[SP_DNS_UPSTREAMS_MAX];
	uint32_t n =
		read_upstreams(p->resolv_conf ? p->resolv_conf : "/etc/resolv.conf", upstreams);

	(void)snprintf(w->starter, sizeof(w->starter), "%d", (int)getpid());
	(void)snprintf(w->timeout, sizeof(w->timeout), "%d",
		       p->timeout_ms ? p->timeout_ms : TIMEOUT_MS);
	w->argv[0] = program;
	w->argv[1] = command;
	w->argv[2] = w->starter;
	w->argv[3] = w->timeout;
	for (uint32_t i = 0; i < n; i++) {
		(void)inet_ntop(AF_INET6, &upstreams[i].sin6_addr, w->upstreams[i],
				sizeof(w->upstreams[i])); /* fits */
		w->argv[4 + i] = w->upstreams[i];
	}
	w->argv[4 + n] = NULL;
}

static int start(const struct sp_dns_params *p, struct sp_dns_server *d, struct sp_error *err)
{
	SP_CLEANUP(sp_closep) int udp_fd = -EBADF;
	SP_CLEANUP(sp_closep) int tcp_fd = -EBADF;
	SP_CLEANUP(sp_closep) int child_fd = -EBADF;
	int pair[2], r = listen_both(p->listen, &udp_fd, &tcp_fd, &d->port);
	const char *program = p->program;
	char path[PATH_MAX];
	struct words words;

	if (r < 0)
		return sp_fail_errno(err, -r, "listen for names");
	if (!program && sp_self_sibling("sidepod-worker", path, sizeof(path), err) < 0)
		return -1;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return sp_fail_errno(err, errno, "start the name server");
	d->control_fd = pair[0];
	child_fd = pair[1];
	make_words(p, &words);
	if (p->svc && point_at(p->svc, p->listen, d->port, err) < 0)
		return -1;
	d->pid = fork();
	if (d->pid == 0)
		become_server(program ? program : path, words.argv,
			      (const int[SP_DNS_FDS]){udp_fd, tcp_fd, child_fd});
	if (d->pid < 0)
		return sp_fail_errno(err, errno, "start the name server");
	d->pidfd = sys_pidfd_open(d->pid, 0);
	return d->pidfd < 0 ? sp_fail_errno(err, -d->pidfd, "start the name server") : 0;
}

int sp_dns_start(const struct sp_dns_params *p, struct sp_dns_server **ret, struct sp_error *err)
{
	SP_CLEANUP(sp_dns_stopp) struct sp_dns_server *d = calloc(1, sizeof(*d));

	if (!d)
		return sp_fail(err, SP_E_NO_MEMORY, "name server");
	d->pidfd = d->control_fd = -EBADF;
	if (start(p, d, err) < 0)
		return sp_wrap(err, "name server");
	*ret = sp_take_ptr(&d);
	return 0;
}

uint16_t sp_dns_port(const struct sp_dns_server *d)
{
	return d->port;
}

int sp_dns_publish(struct sp_dns_server *d, const struct sp_dns_table *t, struct sp_error *err)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf text = {0};
	SP_CLEANUP(sp_closep) int fd = -EBADF;
	int r;

	if (sp_dns_table_check(t, err) < 0)
		return -1;
	sp_dns_table_print(t, &text);
	if (text.failed)
		return sp_fail(err, SP_E_NO_MEMORY, "names");
	fd = memfd_create("sidepod-names", MFD_CLOEXEC);
	r = fd < 0 ? -errno : sp_write_all(fd, text.ptr, text.len);
	if (r < 0)
		return sp_fail_errno(err, -r, "names");
	r = sys_send_with_fds(d->control_fd, "", 1, &fd, 1, MSG_DONTWAIT);
	if (r == -EPIPE || r == -ECONNRESET)
		return sp_fail(err, SP_E_UNAVAILABLE, "the name server has ended");
	return r < 0 ? sp_fail_errno(err, -r, "tell the name server") : 0;
}

struct sp_dns_server *sp_dns_stop(struct sp_dns_server *d)
{
	siginfo_t info;

	if (!d)
		return NULL;
	(void)sp_close(d->control_fd);
	if (d->pid > 0) {
		/* it ends by itself now; this is for one that hangs. Gone already is fine */
		if (d->pidfd >= 0)
			(void)sys_pidfd_send_signal(d->pidfd, SIGKILL);
		(void)sys_waitid(P_PID, (id_t)d->pid, &info, WEXITED);
	}
	(void)sp_close(d->pidfd);
	free(d);
	return NULL;
}

void sp_dns_stopp(struct sp_dns_server **d)
{
	*d = sp_dns_stop(*d);
}
