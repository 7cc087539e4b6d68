/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/dial.h"

#include "sys/fd.h"

#include <arpa/inet.h>
#include <strings.h>
#include <sys/socket.h>

static bool set_numeric(union sp_addr *a, const char *host)
{
	memset(a, 0, sizeof(*a));
	if (inet_pton(AF_INET, host, &a->in.sin_addr) == 1)
		a->sa.sa_family = AF_INET;
	else if (inet_pton(AF_INET6, host, &a->in6.sin6_addr) == 1)
		a->sa.sa_family = AF_INET6;
	else
		return false;
	return true;
}

int sp_addrs_numeric(const char *host, union sp_addr ret[SP_ADDRS_MAX])
{
	if (strcasecmp(host, "localhost") == 0)
		return set_numeric(&ret[0], "127.0.0.1") + set_numeric(&ret[1], "::1");
	return set_numeric(&ret[0], host);
}

void sp_addr_set_port(union sp_addr *a, uint16_t port)
{
	if (a->sa.sa_family == AF_INET)
		a->in.sin_port = htons(port);
	else
		a->in6.sin6_port = htons(port);
}

int sp_dial(const union sp_addr *a)
{
	SP_CLEANUP(sp_closep)
	int fd = socket(a->sa.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct linger now = {.l_onoff = 1};
	socklen_t len = a->sa.sa_family == AF_INET ? sizeof(a->in) : sizeof(a->in6);

	if (fd < 0)
		return -errno;
	/* a probe every second must not pile up connections in TIME_WAIT */
	(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	if (connect(fd, &a->sa, len) < 0 && errno != EINPROGRESS)
		return -errno;
	return sp_take_fd(&fd);
}

int sp_dial_result(int fd)
{
	int e = 0;
	socklen_t len = sizeof(e);

	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &e, &len) < 0)
		return -errno;
	return -e;
}

void sp_put_host_port(struct sp_buf *out, const char *host, uint16_t port)
{
	if (strchr(host, ':'))
		sp_buf_printf(out, "[%s]:%d", host, port);
	else
		sp_buf_printf(out, "%s:%d", host, port);
}

void sp_put_addr(struct sp_buf *out, const union sp_addr *a)
{
	char text[INET6_ADDRSTRLEN] = "?";

	if (a->sa.sa_family == AF_INET) {
		(void)inet_ntop(AF_INET, &a->in.sin_addr, text, sizeof(text)); /* fits */
		sp_put_host_port(out, text, ntohs(a->in.sin_port));
	} else {
		(void)inet_ntop(AF_INET6, &a->in6.sin6_addr, text, sizeof(text)); /* fits */
		sp_put_host_port(out, text, ntohs(a->in6.sin6_port));
	}
}

void sp_put_ends(struct sp_buf *out, int fd, const union sp_addr *peer)
{
	union sp_addr here = {0};
	socklen_t len = sizeof(here);

	if (getsockname(fd, &here.sa, &len) == 0) {
		sp_put_addr(out, &here);
		sp_buf_puts(out, "->");
	}
	sp_put_addr(out, peer);
}

const char *sp_errno_text(int errnum)
{
	switch (errnum) {
	case ECONNREFUSED:
		return "connection refused";
	case ECONNRESET:
		return "connection reset by peer";
	case ENETUNREACH:
		return "network is unreachable";
	case EHOSTUNREACH:
		return "no route to host";
	case ETIMEDOUT:
		return "connection timed out";
	case EPIPE:
		return "broken pipe";
	case EACCES:
		return "permission denied";
	case EADDRNOTAVAIL:
		return "cannot assign requested address";
	case EINVAL:
		return "invalid argument";
	default:
		return strerrordesc_np(errnum) ? strerrordesc_np(errnum) : "unknown error";
	}
}
