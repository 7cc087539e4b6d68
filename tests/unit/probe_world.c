/* SPDX-License-Identifier: Apache-2.0 */
#include "probe_world.h"

#include "sys/fd.h"

#include "cmocka_all.h"

#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

/* ---- a server that says what it is told, one reply per connection -----------------------------
 */

int listen_any(uint16_t *port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (void *)&a, sizeof(a)), 0);
	assert_int_equal(listen(fd, 8), 0);
	assert_int_equal(getsockname(fd, (void *)&a, &len), 0);
	*port = ntohs(a.sin_port);
	return fd;
}

static void serve_one(int fd, const struct reply *r, int seen)
{
	size_t len = r->len ? r->len : strlen(r->bytes);
	struct linger now = {.l_onoff = 1};
	char buf[4096];
	size_t n = 0;

	while (n < sizeof(buf) - 1) {
		ssize_t got = read(fd, buf + n, sizeof(buf) - 1 - n);

		if (got <= 0)
			break;
		n += (size_t)got;
		buf[n] = '\0';
		if (strstr(buf, "\r\n\r\n"))
			break;
	}
	(void)!write(seen, buf, n);
	for (size_t at = 0; at < len;) {
		ssize_t put = send(fd, r->bytes + at, len - at, MSG_NOSIGNAL);

		if (put <= 0)
			break;
		at += (size_t)put;
	}
	if (r->hang)
		while (read(fd, buf, sizeof(buf)) > 0)
			;
	if (r->reset) {
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	} else {
		/* what is not read when a socket is closed turns its end into a reset */
		(void)shutdown(fd, SHUT_WR);
		while (read(fd, buf, sizeof(buf)) > 0)
			;
	}
	close(fd);
}

struct server start_server(const struct reply *replies, size_t n)
{
	int fds[2], listener;
	struct server s;

	listener = listen_any(&s.port);
	assert_int_equal(pipe(fds), 0);
	s.pid = fork();
	if (s.pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(fds[0]);
		for (size_t i = 0; i < n; i++)
			serve_one(accept(listener, NULL, NULL), &replies[i], fds[1]);
		_exit(0);
	}
	close(fds[1]);
	close(listener);
	s.seen_fd = fds[0];
	return s;
}

/* All that clients sent, when the server is done or killed. */
void stop_server(struct server *s, char *seen, size_t size)
{
	size_t n = 0;
	ssize_t r;

	kill(s->pid, SIGKILL);
	waitpid(s->pid, NULL, 0);
	while (seen && n < size - 1 && (r = read(s->seen_fd, seen + n, size - 1 - n)) > 0)
		n += (size_t)r;
	if (seen)
		seen[n] = '\0';
	close(s->seen_fd);
}

/* ---- driving ----------------------------------------------------------------------------------
 */

static sp_time now_mono(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * SP_SEC + t.tv_nsec;
}

struct sp_check *run(const struct sp_check_spec *spec)
{
	struct sp_error err;
	struct sp_check *c = sp_check_start(spec, now_mono(), &err);
	uint32_t events;

	assert_non_null(c);
	for (int i = 0; i < 100000; i++) {
		sp_time left = sp_check_deadline(c) - now_mono();
		struct pollfd p = {sp_check_fd(c, &events), POLLIN, 0};

		if (sp_check_deadline(c) == SP_NEVER)
			left = 60 * SP_SEC;
		if (left > 0 && poll(&p, 1, (int)(left / SP_MSEC) + 1) == 0 &&
		    sp_check_deadline(c) == SP_NEVER)
			fail_msg("nothing happened for a minute");
		if (sp_check_step(c, now_mono()))
			return c;
	}
	fail_msg("does not come to an end");
	return NULL;
}

/* "@" in @want stands for the address of the server, "*" for anything up to the next letter. */
static void expect_text(const char *got, const char *want, uint16_t port)
{
	char addr[32];
	const char *g = got, *w = want;

	snprintf(addr, sizeof(addr), "127.0.0.1:%d", port);
	for (; *w; w++) {
		if (*w == '@' && strncmp(g, addr, strlen(addr)) == 0)
			g += strlen(addr);
		else if (*w == '*')
			while (*g && *g != w[1])
				g++;
		else if (*g++ != *w)
			break;
	}
	if (*w || *g)
		fail_msg("got '%s'\nwant '%s'", got, want);
}

void expect(const struct sp_check_spec *spec, enum sp_outcome outcome, const char *text)
{
	struct sp_check *c = run(spec);

	expect_text(sp_check_text(c), text, spec->port);
	assert_int_equal(sp_check_outcome(c), outcome);
	sp_check_free(c);
}
