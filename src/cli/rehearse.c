/* SPDX-License-Identifier: Apache-2.0 */
/* See rehearse.h. The server is a child, `sidepod-worker answer`; the probe is the supervisor's. */
#include "cli/rehearse.h"

#include "cli/place.h"
#include "probe/answer.h"
#include "probe/probe.h"
#include "sys/fd.h"
#include "sys/self.h"

#include <arpa/inet.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#define TIMEOUT      (20 * SP_SEC)   /* no answer takes long; a loaded machine may */
#define TIMEOUT_LATE (200 * SP_MSEC) /* to be waited for in full */

struct server {
	char worker[PATH_MAX];
	int fd; /* bound; -EBADF none */
	uint16_t port;
	pid_t pid; /* 0 none */
	struct sp_buf first, target;
};

static void server_done(struct server *s)
{
	if (s->pid > 0) {
		(void)kill(s->pid, SIGKILL);
		(void)waitpid(s->pid, NULL, 0); /* our child, nobody else's */
	}
	sp_close(s->fd);
	sp_buf_done(&s->first);
	sp_buf_done(&s->target);
}

static void print_plain(struct sp_buf *b, int status, size_t body)
{
	sp_buf_printf(b, "HTTP/1.1 %d Rehearsed\r\nContent-Length: %zu\r\n\r\n", status,
		      SP_MAX(body, (size_t)2));
	for (size_t i = 0; i < SP_MAX(body, (size_t)2); i++)
		sp_buf_putc(b, 'o');
}

static void print_redirect(struct sp_buf *b, int status, const char *to)
{
	sp_buf_printf(b, "HTTP/1.1 %d Elsewhere\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n",
		      status, to);
}

/* What it says. Of many redirects each leads to the next, the last one to the target. */
static void write_script(struct server *s, const struct sp_table_answer *a)
{
	char mem[32];
	struct sp_buf hops = sp_buf_fixed(mem, sizeof(mem));

	if (a->late)
		return;
	if (a->elsewhere) {
		print_redirect(&s->first, a->status, "http://elsewhere.invalid/");
		return;
	}
	if (a->redirects == 0) {
		print_plain(&s->first, a->status, a->body);
		return;
	}
	sp_buf_printf(&hops, SP_ANSWER_HOPS "%u", a->redirects - 1);
	print_redirect(&s->first, a->status, a->redirects > 1 ? mem : SP_ANSWER_TARGET);
	print_plain(&s->target, a->target, 0);
}

static int start(struct server *s, const struct sp_table_answer *a, struct sp_error *err)
{
	struct sockaddr_in addr = {.sin_family = AF_INET,
				   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(addr);
	const char *argv[] = {s->worker, "answer", a->https ? "https" : "http", "", "", NULL};

	s->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (s->fd < 0 || bind(s->fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 ||
	    getsockname(s->fd, (struct sockaddr *)&addr, &len) < 0)
		return sp_fail_errno(err, errno, "a port on loopback");
	s->port = ntohs(addr.sin_port);
	if (a->refuses)
		return 0; /* bound and not listening: nobody else gets it, and it refuses */
	write_script(s, a);
	if (s->first.failed || s->target.failed)
		return sp_fail(err, SP_E_NO_MEMORY, "rehearse an answer");
	argv[3] = s->first.len ? s->first.ptr : "";
	argv[4] = s->target.len ? s->target.ptr : "";
	if (sp_self_sibling("sidepod-worker", s->worker, sizeof(s->worker), err) < 0)
		return -1;
	if (listen(s->fd, 8) < 0)
		return sp_fail_errno(err, errno, "listen on loopback");
	s->pid = fork();
	if (s->pid < 0)
		return sp_fail_errno(err, errno, "start '%s'", s->worker);
	if (s->pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (dup2(s->fd, STDIN_FILENO) >= 0)
			execv(argv[0], (char *const *)(uintptr_t)argv);
		_exit(127);
	}
	return 0;
}

static int probe(const struct sp_check_spec *spec, enum sp_outcome *ret, struct sp_buf *text,
		 struct sp_error *err)
{
	struct sp_check *c = sp_check_start(spec, sp_now_mono(), err);

	if (!c)
		return -1;
	while (!sp_check_step(c, sp_now_mono())) {
		struct pollfd p = {.events = POLLIN};
		sp_time left = SP_MAX(sp_check_deadline(c) - sp_now_mono(), (sp_time)0);
		struct timespec ts = {left / SP_SEC, left % SP_SEC};
		uint32_t events;

		p.fd = sp_check_fd(c, &events);
		(void)ppoll(&p, 1, &ts, NULL); /* interrupted or not: there is a deadline */
	}
	*ret = sp_check_outcome(c);
	sp_buf_puts(text, sp_check_text(c));
	sp_check_free(c);
	return 0;
}

int sp_rehearse(void *arg, const struct sp_table_answer *answer, bool https, enum sp_outcome *ret,
		struct sp_buf *text, struct sp_error *err)
{
	SP_CLEANUP(server_done) struct server s = {.fd = -EBADF};
	const int *kube_minor = arg;
	struct sp_check_spec spec = {
		.kind = https ? SP_CHECK_HTTPS : SP_CHECK_HTTP,
		.host = "127.0.0.1",
		.path = "/",
		.timeout = answer->late ? TIMEOUT_LATE : TIMEOUT,
		.helper = s.worker,
		.kube_minor = *kube_minor,
	};

	if (start(&s, answer, err) < 0)
		return -1;
	if (https && !*s.worker &&
	    sp_self_sibling("sidepod-worker", s.worker, sizeof(s.worker), err) < 0)
		return -1;
	spec.port = s.port;
	return probe(&spec, ret, text, err);
}
