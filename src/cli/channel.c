/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/channel.h"

#include "base/json.h"
#include "base/text.h"
#include "cli/place.h"
#include "cli/sessions.h"
#include "supervisor/control.h"
#include "sys/fd.h"
#include "sys/sys.h"

#include <fcntl.h>
#include <linux/sockios.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define CLIENTS_MAX 64
#define LISTENER    UINT32_MAX

struct client {
	int fd; /* -EBADF: nobody */
	uint32_t serial;
};

struct sp_channel {
	int dir_fd, listen_fd, epoll_fd;
	char name[SP_SESSION_NAME_SIZE];
	struct client clients[CLIENTS_MAX];
	char *in; /* SP_CONTROL_MAX bytes */
};

/* ---- the socket ------------------------------------------------------------------------------ */

static int listen_here(struct sp_channel *c, struct sp_error *err)
{
	struct sp_session_address a;

	c->listen_fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (c->listen_fd < 0)
		return sp_fail_errno(err, errno, "the session's socket");
	sp_session_address(c->dir_fd, c->name, &a);
	/* the mode before the name: nobody meets it open */
	if (fchmod(c->listen_fd, 0600) < 0 ||
	    bind(c->listen_fd, (struct sockaddr *)&a.un, a.len) < 0 ||
	    listen(c->listen_fd, CLIENTS_MAX) < 0)
		return sp_fail_errno(err, errno, "the session's socket");
	return 0;
}

static int watch(struct sp_channel *c, int fd, uint32_t slot)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.u32 = slot};

	return epoll_ctl(c->epoll_fd, EPOLL_CTL_ADD, fd, &ev);
}

static int open_all(struct sp_channel *c, const char *run_dir, struct sp_error *err)
{
	SP_CLEANUP(sp_closep) int lock_fd = -EBADF;
	uint8_t chance[8];
	struct sp_buf name = sp_buf_fixed(c->name, sizeof(c->name));

	lock_fd = sp_sessions_lock(run_dir, true, err);
	if (lock_fd < 0)
		return -1;
	c->dir_fd = fcntl(lock_fd, F_DUPFD_CLOEXEC, 3);
	c->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	c->in = malloc(SP_CONTROL_MAX);
	if (c->dir_fd < 0 || c->epoll_fd < 0 || !c->in ||
	    getrandom(chance, sizeof(chance), 0) != sizeof(chance))
		return sp_fail_errno(err, errno, "open the session");
	sp_hex_encode(chance, sizeof(chance), &name);
	if (listen_here(c, err) < 0)
		return -1;
	if (watch(c, c->listen_fd, LISTENER) < 0)
		return sp_fail_errno(err, errno, "open the session");
	/* the lock is one of the open file, which dir_fd shares */
	return sp_sessions_unlock(c->dir_fd, err);
}

int sp_channel_open(const char *run_dir, struct sp_channel **ret, struct sp_error *err)
{
	struct sp_channel *c = calloc(1, sizeof(*c));

	if (!c)
		return sp_fail(err, SP_E_NO_MEMORY, "open the session");
	c->dir_fd = c->listen_fd = c->epoll_fd = -EBADF;
	for (size_t i = 0; i < CLIENTS_MAX; i++)
		c->clients[i].fd = -EBADF;
	if (open_all(c, run_dir, err) < 0) {
		(void)sp_channel_close(c);
		return -1;
	}
	*ret = c;
	return 0;
}

struct sp_channel *sp_channel_close(struct sp_channel *c)
{
	if (!c)
		return NULL;
	if (c->listen_fd >= 0)
		sp_session_forget(c->dir_fd, c->name);
	for (size_t i = 0; i < CLIENTS_MAX; i++)
		sp_close(c->clients[i].fd);
	sp_close(c->listen_fd);
	sp_close(c->epoll_fd);
	sp_close(c->dir_fd);
	free(c->in);
	free(c);
	return NULL;
}

int sp_channel_fd(const struct sp_channel *c)
{
	return c->epoll_fd;
}

int sp_channel_log(const struct sp_channel *c, struct sp_error *err)
{
	char name[SP_SESSION_NAME_SIZE + 8];
	int fd;

	snprintf(name, sizeof(name), "%s.log", c->name);
	fd = openat(c->dir_fd, name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	return fd < 0 ? sp_fail_errno(err, errno, "the session's log") : fd;
}

/* ---- clients --------------------------------------------------------------------------------- */

static void hang_up(struct client *c)
{
	c->fd = sp_close(c->fd); /* the epoll forgets it with that */
	c->serial++;
}

static bool is_welcome(int fd)
{
	struct ucred who;
	socklen_t len = sizeof(who);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) == 0 &&
	       (who.uid == 0 || who.uid == geteuid());
}

static void take_client(struct sp_channel *c)
{
	int fd = accept4(c->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	uint32_t slot = 0;

	while (slot < CLIENTS_MAX && c->clients[slot].fd >= 0)
		slot++;
	if (fd < 0)
		return;
	if (slot == CLIENTS_MAX || !is_welcome(fd) || watch(c, fd, slot) < 0)
		(void)sp_close(fd); /* it sees the end of the stream */
	else
		c->clients[slot].fd = fd;
}

int sp_channel_send(struct sp_channel *c, struct sp_channel_client to, const struct sp_buf *text,
		    int fd)
{
	struct client *k = &c->clients[to.slot];

	if (k->fd < 0 || k->serial != to.serial)
		return -1;
	if (!text->failed &&
	    sys_send_with_fds(k->fd, text->ptr, text->len, &fd, fd >= 0, MSG_DONTWAIT) == 0)
		return 0;
	hang_up(k);
	return -1;
}

bool sp_channel_unread(const struct sp_channel *c, struct sp_channel_client to)
{
	const struct client *k = &c->clients[to.slot];
	int bytes = 0;

	return k->fd >= 0 && k->serial == to.serial && ioctl(k->fd, SIOCOUTQ, &bytes) == 0 &&
	       bytes > 0;
}

void sp_channel_refuse(struct sp_channel *c, struct sp_channel_client to,
		       const struct sp_error *err)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf b = {0};

	sp_buf_puts(&b, "{\"ok\":false");
	sp_json_str(&b, "code", sp_code_name(err->code));
	sp_json_str(&b, "error", err->text);
	sp_buf_putc(&b, '}');
	(void)sp_channel_send(c, to, &b, -EBADF); /* gone: nobody wants to know */
}

/* Return: 1 a request, 0 none */
static int take_message(struct sp_channel *c, uint32_t slot, struct sp_arena *a,
			struct sp_channel_client *ret_from, struct sp_node **ret)
{
	struct client *k = &c->clients[slot];
	ssize_t n = recv(k->fd, c->in, SP_CONTROL_MAX, MSG_DONTWAIT | MSG_TRUNC);
	struct sp_error err;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n <= 0) {
		hang_up(k);
		return 0;
	}
	*ret_from = (struct sp_channel_client){slot, k->serial};
	if (n > SP_CONTROL_MAX)
		(void)sp_fail(&err, SP_E_INVALID, "the request is longer than %d bytes",
			      SP_CONTROL_MAX);
	else if (sp_node_from_json(a, c->in, (size_t)n, ret, &err) == 0)
		return 1;
	sp_channel_refuse(c, *ret_from, &err);
	return 0;
}

int sp_channel_next(struct sp_channel *c, struct sp_arena *a, struct sp_channel_client *ret_from,
		    struct sp_node **ret)
{
	struct epoll_event ev;

	while (epoll_wait(c->epoll_fd, &ev, 1, 0) > 0) {
		if (ev.data.u32 == LISTENER)
			take_client(c);
		else if (c->clients[ev.data.u32].fd >= 0 &&
			 take_message(c, ev.data.u32, a, ret_from, ret))
			return 1;
	}
	return 0;
}
