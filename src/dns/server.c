/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starting the name server's process and talking to it. What it needs is opened before it becomes
 * nobody: from then on it can read its sockets and open new ones, and nothing else.
 */
#include "dns/server.h"

#include "dns/serve.h"
#include "loop/loop.h"
#include "net/service.h"
#include "sys/fd.h"
#include "sys/sys.h"

#include <arpa/inet.h>
#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#define NOBODY      65534
#define PORT_TRIES  16
#define TIMEOUT     (2 * SP_SEC)
#define QUEUE_BYTES (1 << 20) /* of datagrams: many pods may ask at once */
#define RESOLV_MAX  65536
#define FIRST_FD    3 /* of the child's: behind the three that everybody has */
#define CHILD_FDS   3

struct sp_dns_server {
	pid_t pid;
	int pidfd, control_fd;
	uint16_t port;
};

uint32_t sp_dns_upstreams(const char *text, struct sockaddr_in6 ret[SP_DNS_UPSTREAMS_MAX])
{
	static const char key[] = "nameserver";
	uint32_t n = 0;

	while (*text && n < SP_DNS_UPSTREAMS_MAX) {
		const char *p = text + strspn(text, " \t");
		char word[INET6_ADDRSTRLEN + 7] = "::ffff:"; /* IPv4 as IPv6 writes it */
		size_t len;

		text += strcspn(text, "\n");
		text += *text == '\n';
		if (strncmp(p, key, sizeof(key) - 1) != 0)
			continue;
		p += sizeof(key) - 1;
		p += strspn(p, " \t");
		len = strcspn(p, " \t\r\n");
		if (len >= INET6_ADDRSTRLEN)
			continue;
		memcpy(word + 7, p, len);
		ret[n] = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = htons(53)};
		if (inet_pton(AF_INET6, word, &ret[n].sin6_addr) == 1 ||
		    inet_pton(AF_INET6, word + 7, &ret[n].sin6_addr) == 1)
			n++;
	}
	return n;
}

/* ---- the child ------------------------------------------------------------------------------- */

/* Exactly these descriptors, as FIRST_FD and on; 0 to 2 go nowhere. */
static int keep_only(const int fds[CHILD_FDS])
{
	int moved[CHILD_FDS], null;

	for (int i = 0; i < CHILD_FDS; i++) { /* out of the way first */
		moved[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, FIRST_FD + CHILD_FDS + 1);
		if (moved[i] < 0)
			return -errno;
	}
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	for (int i = 0; null >= 0 && i < FIRST_FD; i++)
		if (dup2(null, i) < 0)
			return -errno;
	for (int i = 0; i < CHILD_FDS; i++)
		if (dup2(moved[i], FIRST_FD + i) < 0)
			return -errno;
	return sys_close_range(FIRST_FD + CHILD_FDS, ~0u, 0);
}

static int become_nobody(void)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[2] = {0};
	const struct rlimit no_core = {0};

	if (geteuid() == 0 && (setgroups(0, NULL) < 0 || setresgid(NOBODY, NOBODY, NOBODY) < 0 ||
			       setresuid(NOBODY, NOBODY, NOBODY) < 0))
		return -errno;
	if (syscall(SYS_capset, &head, none) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 || setrlimit(RLIMIT_CORE, &no_core) < 0)
		return -errno;
	return 0;
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

static _Noreturn void run_child(struct sp_dns_serve *p, pid_t starter)
{
	const int fds[CHILD_FDS] = {p->udp_fd, p->tcp_fd, p->control_fd};

	default_signals();
	/* an own session: Ctrl-C is for the command, which still has pods that need names */
	(void)setsid();
	(void)prctl(PR_SET_NAME, "sidepod-dns", 0, 0, 0);
	if (keep_only(fds) < 0 || become_nobody() < 0)
		_exit(1);
	/* last: changing the user clears it */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0 || getppid() != starter)
		_exit(1);
	p->udp_fd = FIRST_FD;
	p->tcp_fd = FIRST_FD + 1;
	p->control_fd = FIRST_FD + 2;
	_exit(sp_dns_serve(p));
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

static void read_upstreams(const char *path, struct sp_dns_serve *ret)
{
	char *text = calloc(1, RESOLV_MAX);

	/* without it, and without memory, nothing is forwarded: such queries fail */
	if (text && sys_read_file(AT_FDCWD, path, text, RESOLV_MAX) > 0)
		ret->n_upstreams = sp_dns_upstreams(text, ret->upstreams);
	free(text);
}

static int start(const struct sp_dns_params *p, struct sp_dns_server *d, struct sp_error *err)
{
	SP_CLEANUP(sp_closep) int udp_fd = -EBADF;
	SP_CLEANUP(sp_closep) int tcp_fd = -EBADF;
	SP_CLEANUP(sp_closep) int child_fd = -EBADF;
	struct sp_dns_serve serve = {.timeout = p->timeout_ms ? p->timeout_ms * SP_MSEC : TIMEOUT};
	int pair[2], r = listen_both(p->listen, &udp_fd, &tcp_fd, &d->port);
	pid_t starter = getpid();

	if (r < 0)
		return sp_fail_errno(err, -r, "listen for names");
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return sp_fail_errno(err, errno, "start the name server");
	d->control_fd = pair[0];
	child_fd = pair[1];
	read_upstreams(p->resolv_conf ? p->resolv_conf : "/etc/resolv.conf", &serve);
	serve.udp_fd = udp_fd;
	serve.tcp_fd = tcp_fd;
	serve.control_fd = child_fd;
	if (p->svc && point_at(p->svc, p->listen, d->port, err) < 0)
		return -1;
	d->pid = fork();
	if (d->pid == 0) {
		(void)sp_svc_forget(p->svc);
		run_child(&serve, starter);
	}
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

/* One descriptor in a message of one byte. Return: 0, -errno */
static int send_fd(int sock, int fd)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = {0};
	char byte = 0;
	struct iovec io = {&byte, 1};
	struct msghdr m = {.msg_iov = &io,
			   .msg_iovlen = 1,
			   .msg_control = control.bytes,
			   .msg_controllen = sizeof(control.bytes)};
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	ssize_t n;

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	do
		n = sendmsg(sock, &m, MSG_NOSIGNAL | MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
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
	r = send_fd(d->control_fd, fd);
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
