/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of one check: find addresses, connect, talk, say what came out. What is said on the wire
 * is in http.c, grpc.c and the HTTPS child; here are descriptors, time and verdicts.
 *
 * Phases: LOOKUP (a child asks for addresses) → CONNECT (one address after the other) → TALK →
 * OVER. HTTPS goes from anywhere to CHILD; a gRPC check whose server is not there yet waits in
 * PAUSE and connects again, since that is what gRPC clients do until the time is up.
 */
#include "probe/probe.h"

#include "base/text.h"
#include "probe/dial.h"
#include "probe/grpc.h"
#include "probe/helper.h"
#include "probe/http.h"
#include "probe/request.h"
#include "sys/fd.h"

#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>

#define ROUNDS      16 /* reads per step: others want their turn */
#define CHILD_TEXT  (12 * 1024)
#define RETRY_FIRST SP_SEC /* gRPC's connection backoff: 1 s, then 1.6 times the one before */
#define RETRY_MAX   (120 * SP_SEC)

enum phase { LOOKUP, CONNECT, TALK, CHILD, PAUSE, OVER };

struct sp_check {
	const struct sp_check_spec *spec;
	enum phase phase;
	enum sp_outcome outcome;
	struct sp_buf text;
	int ep_fd; /* what the caller polls; below is what is in it */
	int fd;    /* connection */
	struct sp_helper child;
	sp_time deadline, retry_at, retry_wait;

	union sp_addr addrs[SP_ADDRS_MAX];
	int n_addrs, at;
	int first_error; /* of connecting, with the address it came from */
	union sp_addr error_addr;

	struct sp_buf out; /* being sent: http request, or what the grpc machine said */
	size_t n_sent;
	struct sp_request request; /* http */
	bool fallback;             /* an HTTPS hook goes on in plain text */
	struct sp_http *http;
	struct sp_grpc *grpc;
	char authority[SP_URL_HOST + 8], agent[32];
	struct sp_buf child_out;
};

/* ---- ends ------------------------------------------------------------------------------------ */

static void hang_up(struct sp_check *c)
{
	c->fd = sp_close(c->fd); /* leaves the epoll set by that */
	sp_helper_stop(&c->child);
}

static void over(struct sp_check *c, enum sp_outcome outcome)
{
	hang_up(c);
	c->outcome = outcome;
	c->phase = OVER;
}

static void over_text(struct sp_check *c, enum sp_outcome outcome, const char *text)
{
	sp_buf_clear(&c->text);
	sp_buf_puts(&c->text, text);
	over(c, outcome);
}

static bool is_http(const struct sp_check *c)
{
	return c->spec->kind == SP_CHECK_HTTP || c->spec->kind == SP_CHECK_HTTPS;
}

/* A failure before a response: 'Get "http://…": <cause>' for http, the cause alone for tcp. */
static void fail_early(struct sp_check *c, const char *cause)
{
	sp_buf_clear(&c->text);
	if (is_http(c)) {
		sp_request_error(&c->request, cause, &c->text);
	} else if (c->spec->kind == SP_CHECK_GRPC) {
		sp_buf_printf(&c->text, "error: failed to connect service at \"%s\": %s",
			      c->authority, cause);
	} else {
		sp_buf_puts(&c->text, cause);
	}
	over(c, SP_OUT_FAILURE);
}

static void fail_system(struct sp_check *c, const char *what, int errnum)
{
	char mem[256];
	struct sp_buf b = sp_buf_fixed(mem, sizeof(mem));

	sp_buf_printf(&b, "%s: %s", what, sp_errno_text(errnum));
	fail_early(c, mem);
}

static void http_succeeded(struct sp_check *c, enum sp_outcome outcome)
{
	if (c->fallback && outcome == SP_OUT_SUCCESS) {
		sp_buf_clear(&c->text);
		sp_buf_puts(&c->text, "request to HTTPS lifecycle hook ");
		sp_url_print_host(&c->request.url, &c->text);
		sp_buf_puts(&c->text, " got HTTP response, retry with HTTP succeeded");
		outcome = SP_OUT_WARNING;
	}
	over(c, outcome);
}

static void timed_out(struct sp_check *c)
{
	char mem[512];
	struct sp_buf b = sp_buf_fixed(mem, sizeof(mem));

	sp_buf_clear(&c->text);
	switch (c->spec->kind) {
	case SP_CHECK_HTTP:
	case SP_CHECK_HTTPS:
		if (c->phase == TALK && c->http->head)
			sp_buf_puts(&c->text,
				    "context deadline exceeded (Client.Timeout or context "
				    "cancellation while reading body)");
		else
			sp_request_error(&c->request,
					 "context deadline exceeded (Client.Timeout exceeded while "
					 "awaiting headers)",
					 &c->text);
		break;
	case SP_CHECK_TCP:
		if (c->phase == LOOKUP)
			sp_buf_printf(&b, "lookup %s", c->spec->host);
		else
			sp_put_addr(&b, &c->addrs[c->at]);
		sp_buf_printf(&c->text, "dial tcp%s %s: i/o timeout", c->phase == LOOKUP ? ":" : "",
			      mem);
		break;
	case SP_CHECK_GRPC:
		if (c->phase == TALK && c->grpc->opened)
			sp_buf_puts(&c->text, "timeout: health rpc did not complete within ");
		else
			sp_buf_printf(&c->text, "timeout: failed to connect service \"%s\" within ",
				      c->authority);
		sp_format_go_duration(&c->text, c->spec->timeout);
		if (c->phase != TALK || !c->grpc->opened)
			sp_buf_puts(&c->text, ": context deadline exceeded");
		break;
	}
	over(c, SP_OUT_FAILURE);
}

/* ---- connecting ------------------------------------------------------------------------------ */

static bool watch(struct sp_check *c, int fd, uint32_t events, int op)
{
	struct epoll_event e = {.events = events, .data.fd = fd};

	if (epoll_ctl(c->ep_fd, op, fd, &e) == 0)
		return true;
	fail_system(c, "epoll", errno);
	return false;
}

/* gRPC only: this connection came to nothing, try another one later. */
static void pause_and_retry(struct sp_check *c, sp_time now)
{
	hang_up(c);
	c->phase = PAUSE;
	c->retry_at = sp_time_add(now, c->retry_wait);
	c->retry_wait = SP_MIN(c->retry_wait * 8 / 5, RETRY_MAX);
}

static void connect_failed(struct sp_check *c, sp_time now)
{
	char mem[256];
	struct sp_buf b = sp_buf_fixed(mem, sizeof(mem));

	sp_buf_puts(&b, "dial tcp ");
	sp_put_addr(&b, &c->error_addr);
	sp_buf_printf(&b, ": connect: %s", sp_errno_text(-c->first_error));
	if (c->spec->kind == SP_CHECK_GRPC && c->spec->timeout > 0)
		pause_and_retry(c, now);
	else
		fail_early(c, mem);
}

/* The next address that can be tried. The first one's error is the one to tell. */
static void try_addresses(struct sp_check *c, sp_time now)
{
	for (; c->at < c->n_addrs; c->at++) {
		int fd = sp_dial(&c->addrs[c->at]);

		if (fd >= 0) {
			c->fd = fd;
			c->phase = CONNECT;
			(void)watch(c, fd, EPOLLOUT,
				    EPOLL_CTL_ADD); /* ends the check if it fails */
			return;
		}
		if (!c->first_error) {
			c->first_error = fd;
			c->error_addr = c->addrs[c->at];
		}
	}
	connect_failed(c, now);
}

static uint16_t port_of(const struct sp_check *c)
{
	return is_http(c) ? c->request.url.port : c->spec->port;
}

static void start_dialing(struct sp_check *c, sp_time now)
{
	c->at = 0;
	c->first_error = 0;
	for (int i = 0; i < c->n_addrs; i++)
		sp_addr_set_port(&c->addrs[i], port_of(c));
	try_addresses(c, now);
}

/*
 * In the child: become `HELPER look-up HOST`. The C library's lookups load modules at run time,
 * which a static program cannot count on.
 */
static void look_up(void *arg, int out_fd)
{
	const struct sp_check *c = arg;
	char program[] = "sidepod", name[] = "look-up", host[SP_URL_HOST];
	char *argv[] = {program, name, host, NULL};
	char *envp[] = {NULL};

	if ((size_t)snprintf(host, sizeof(host), "%s", c->spec->host) >= sizeof(host) ||
	    !c->spec->helper || dup2(out_fd, 1) < 0)
		_exit(127);
	(void)execve(c->spec->helper, argv, envp); /* no answer is "no such host" */
	_exit(127);
}

static void start_child(struct sp_check *c, enum phase phase, void (*run)(void *, int), void *arg)
{
	int r = sp_helper_start(&c->child, run, arg);

	sp_buf_clear(&c->child_out);
	c->phase = phase;
	if (r < 0)
		fail_system(c, "start a helper process", -r);
	else
		(void)watch(c, c->child.out_fd, EPOLLIN, EPOLL_CTL_ADD); /* ends it if it fails */
}

static void find_addresses(struct sp_check *c, sp_time now)
{
	/* redirects stay on their host, so this is the one in all of them */
	if (!c->n_addrs)
		c->n_addrs = sp_addrs_numeric(c->spec->host, c->addrs);
	if (c->n_addrs)
		start_dialing(c, now);
	else
		start_child(c, LOOKUP, look_up, c);
}

/* Read what the child wrote. Return: true at its end. */
static bool read_child(struct sp_check *c)
{
	char some[4096];
	ssize_t n;

	for (int i = 0; i < ROUNDS; i++) {
		n = read(c->child.out_fd, some, sizeof(some));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return false;
		if (n <= 0)
			return true;
		sp_buf_add(&c->child_out, some, SP_MIN((size_t)n, CHILD_TEXT - c->child_out.len));
	}
	return false;
}

static void step_lookup(struct sp_check *c, sp_time now)
{
	char mem[SP_URL_HOST + 64];
	struct sp_buf b = sp_buf_fixed(mem, sizeof(mem));

	if (!read_child(c))
		return;
	hang_up(c);
	c->n_addrs = (int)SP_MIN(c->child_out.len / sizeof(c->addrs[0]), (size_t)SP_ADDRS_MAX);
	if (c->n_addrs) {
		memcpy(c->addrs, c->child_out.ptr, (size_t)c->n_addrs * sizeof(c->addrs[0]));
		start_dialing(c, now);
		return;
	}
	sp_buf_printf(&b, "dial tcp: lookup %s: no such host", c->spec->host);
	fail_early(c, mem);
}

/* ---- talking --------------------------------------------------------------------------------- */

static void start_talking(struct sp_check *c)
{
	struct sp_grpc_call call = {.authority = c->authority,
				    .user_agent = c->agent,
				    .service = c->spec->service ? c->spec->service : "",
				    .timeout_ms = c->spec->timeout / SP_MSEC};

	sp_buf_clear(&c->out);
	c->n_sent = 0;
	c->phase = TALK;
	if (c->spec->kind == SP_CHECK_GRPC) {
		sp_grpc_done(c->grpc);
		sp_grpc_init(c->grpc, &call);
	} else {
		sp_http_init(c->http);
		sp_request_print(&c->request, &c->out);
	}
	(void)watch(c, c->fd, EPOLLIN | EPOLLOUT, EPOLL_CTL_MOD); /* ends it if it fails */
}

static void step_connect(struct sp_check *c, sp_time now)
{
	int r = sp_dial_result(c->fd);

	if (r == 0) {
		if (c->spec->kind == SP_CHECK_TCP)
			over(c, SP_OUT_SUCCESS);
		else
			start_talking(c);
		return;
	}
	c->fd = sp_close(c->fd);
	if (!c->first_error) {
		c->first_error = r;
		c->error_addr = c->addrs[c->at];
	}
	c->at++;
	try_addresses(c, now);
}

static struct sp_buf *out_of(struct sp_check *c)
{
	return c->spec->kind == SP_CHECK_GRPC ? &c->grpc->out : &c->out;
}

/*
 * Send what there is; then only reading is of interest. A failure to send is no verdict: what the
 * server said before it closed is still to be read, and reading tells.
 */
static void send_some(struct sp_check *c)
{
	struct sp_buf *out = out_of(c);

	while (c->n_sent < out->len) {
		ssize_t n = send(c->fd, out->ptr + c->n_sent, out->len - c->n_sent, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN) {
			(void)watch(c, c->fd, EPOLLIN | EPOLLOUT, EPOLL_CTL_MOD);
			return;
		}
		if (n < 0)
			break;
		c->n_sent += (size_t)n;
	}
	sp_buf_clear(out);
	c->n_sent = 0;
	(void)watch(c, c->fd, EPOLLIN, EPOLL_CTL_MOD); /* ends the check if it fails */
}

static void start_http(struct sp_check *c, sp_time now);

static void http_step(struct sp_check *c, sp_time now)
{
	struct sp_http *h = c->http;

	if (h->head && h->state != SP_HTTP_BROKEN) {
		sp_buf_clear(&c->text);
		switch (sp_request_redirect(&c->request, h->status,
					    h->has_location ? h->location : NULL, &c->text)) {
		case SP_REDIRECT_FOLLOW:
			hang_up(c);
			start_http(c, now);
			return;
		case SP_REDIRECT_ERROR:
			over(c, SP_OUT_FAILURE);
			return;
		case SP_REDIRECT_NONE:
			break;
		}
	}
	if (h->head && c->spec->hook) {
		http_succeeded(c, SP_OUT_SUCCESS);
	} else if (h->state == SP_HTTP_DONE) {
		sp_buf_clear(&c->text);
		http_succeeded(c, sp_request_verdict(&c->request, h->status, h->body, &c->text));
	} else if (h->state == SP_HTTP_BROKEN) {
		if (h->head)
			over_text(c, SP_OUT_FAILURE, h->error);
		else
			fail_early(c, h->error);
	}
}

static void grpc_step(struct sp_check *c, sp_time now)
{
	if (c->grpc->state < SP_GRPC_OVER)
		return;
	if (!c->grpc->opened && c->spec->timeout > 0) {
		pause_and_retry(c, now);
		return;
	}
	sp_buf_clear(&c->text);
	over(c, sp_grpc_verdict(c->grpc, c->spec->timeout, &c->text) ? SP_OUT_SUCCESS
								     : SP_OUT_FAILURE);
}

/* The connection ended, cleanly (@errnum 0) or not. */
static void lost(struct sp_check *c, int errnum, sp_time now)
{
	char mem[256];
	struct sp_buf b = sp_buf_fixed(mem, sizeof(mem));

	if (errnum) {
		sp_buf_puts(&b, "read tcp ");
		sp_put_ends(&b, c->fd, &c->addrs[c->at]);
		sp_buf_printf(&b, ": read: %s", sp_errno_text(errnum));
	}
	if (c->spec->kind == SP_CHECK_GRPC) {
		sp_grpc_broke(c->grpc, errnum ? mem : "error reading from server: EOF");
		grpc_step(c, now);
	} else if (!errnum) {
		sp_http_eof(c->http);
		http_step(c, now);
	} else if (c->http->head) {
		over_text(c, SP_OUT_FAILURE, mem);
	} else {
		fail_early(c, mem);
	}
}

static void step_talk(struct sp_check *c, sp_time now)
{
	char some[4096];

	if (out_of(c)->len)
		send_some(c);
	for (int i = 0; i < ROUNDS && c->phase == TALK; i++) {
		ssize_t n = recv(c->fd, some, sizeof(some), 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			break;
		if (n <= 0) {
			lost(c, n < 0 ? errno : 0, now);
			return;
		}
		if (c->spec->kind == SP_CHECK_GRPC) {
			sp_grpc_feed(c->grpc, (const uint8_t *)some, (size_t)n);
			grpc_step(c, now);
		} else {
			bool had_head = c->http->head;

			sp_http_feed(c->http, some, (size_t)n);
			if (c->http->state >= SP_HTTP_DONE || c->http->head != had_head)
				http_step(c, now);
		}
	}
	if (c->phase == TALK && out_of(c)->len)
		send_some(c);
}

/* ---- HTTPS: the child ------------------------------------------------------------------------ */

struct https_job {
	const char *helper;
	int in_fd;
};

static void run_https(void *arg, int out_fd)
{
	const struct https_job *job = arg;
	char name[] = "https-check", program[] = "sidepod";
	char *argv[] = {program, name, NULL};
	/* no proxies, no configuration: an empty environment has none */
	char *envp[] = {NULL};

	if (dup2(job->in_fd, 0) < 0 || dup2(out_fd, 1) < 0)
		_exit(127);
	(void)execve(job->helper, argv, envp);
	_exit(127);
}

/* What sp_https_check_main() reads. */
static void put_job(const struct sp_check *c, struct sp_buf *b)
{
	const struct sp_check_spec *s = c->spec;
	const struct sp_request *r = &c->request;

	sp_buf_puts(b, "{\"host\":");
	sp_buf_json(b, r->url.host);
	sp_buf_printf(b, ",\"port\":%d,\"portGiven\":%s,\"target\":", r->url.port,
		      r->url.port_given ? "true" : "false");
	sp_buf_json(b, r->url.target);
	sp_buf_printf(b,
		      ",\"hook\":%s,\"kubeMinor\":%d,\"redirects\":%u,\"dropHost\":%s,\"referer\":",
		      s->hook ? "true" : "false", s->kube_minor, r->redirects,
		      r->drop_host ? "true" : "false");
	sp_buf_json(b, r->referer);
	sp_buf_puts(b, ",\"headers\":[");
	for (uint32_t i = 0; i < s->n_headers; i++) {
		sp_buf_puts(b, i ? ",[" : "[");
		sp_buf_json(b, s->headers[i].name);
		sp_buf_putc(b, ',');
		sp_buf_json(b, s->headers[i].value);
		sp_buf_putc(b, ']');
	}
	sp_buf_puts(b, "]}");
}

static void start_https(struct sp_check *c)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf b = {0};
	SP_CLEANUP(sp_closep) int fd = -EBADF;
	struct https_job job = {.helper = c->spec->helper};

	if (!job.helper) {
		fail_early(c, "this engine has no program for HTTPS");
		return;
	}
	put_job(c, &b);
	fd = memfd_create("https-check", MFD_CLOEXEC);
	if (fd < 0 || b.failed || write(fd, b.ptr, b.len) != (ssize_t)b.len ||
	    lseek(fd, 0, SEEK_SET) < 0) {
		fail_system(c, "hand over the request", fd < 0 ? errno : ENOMEM);
		return;
	}
	job.in_fd = fd;
	start_child(c, CHILD, run_https, &job);
}

static void step_https(struct sp_check *c, sp_time now)
{
	static const struct {
		const char *word;
		enum sp_outcome outcome;
	} words[] = {{"success", SP_OUT_SUCCESS},
		     {"failure", SP_OUT_FAILURE},
		     {"warning", SP_OUT_WARNING}};
	char *text;

	if (!read_child(c))
		return;
	text = c->child_out.ptr ? strchr(c->child_out.ptr, '\n') : NULL;
	if (!text) {
		fail_early(c, "the HTTPS helper ended without an answer");
		return;
	}
	*text++ = '\0';
	for (size_t i = 0; i < SP_ARRAY_LEN(words); i++)
		if (sp_streq(c->child_out.ptr, words[i].word)) {
			over_text(c, words[i].outcome, text);
			return;
		}
	if (!sp_streq(c->child_out.ptr, "plain")) {
		fail_early(c, "the HTTPS helper ended without an answer");
	} else if (!c->spec->hook) {
		over_text(c, SP_OUT_FAILURE, text);
	} else { /* HOOK-9: once more, in plain text */
		hang_up(c);
		c->fallback = true;
		c->request.url.https = false;
		c->request.drop_authorization = true;
		start_http(c, now);
	}
}

static void start_http(struct sp_check *c, sp_time now)
{
	if (c->request.url.https)
		start_https(c);
	else
		find_addresses(c, now);
}

/* ---- outside --------------------------------------------------------------------------------- */

static bool make_parts(struct sp_check *c)
{
	if (c->spec->kind == SP_CHECK_GRPC)
		return (c->grpc = calloc(1, sizeof(*c->grpc)));
	if (is_http(c))
		return (c->http = calloc(1, sizeof(*c->http)));
	return true;
}

static void begin(struct sp_check *c, sp_time now)
{
	struct sp_buf agent = sp_buf_fixed(c->agent, sizeof(c->agent));
	struct sp_buf authority = sp_buf_fixed(c->authority, sizeof(c->authority));

	sp_put_host_port(&authority, c->spec->host, c->spec->port);
	sp_buf_printf(&agent, "kube-probe/1.%d", c->spec->kube_minor);
	if (c->spec->kind == SP_CHECK_TCP && c->spec->hook)
		over_text(c, SP_OUT_FAILURE, "Cannot run handler"); /* VAL-50 */
	else if (!is_http(c))
		find_addresses(c, now);
	else if (sp_request_init(&c->request, c->spec, &c->text) < 0)
		over(c, SP_OUT_FAILURE);
	else
		start_http(c, now);
}

struct sp_check *sp_check_start(const struct sp_check_spec *spec, sp_time now, struct sp_error *err)
{
	struct sp_check *c = calloc(1, sizeof(*c));

	if (!c) {
		(void)sp_fail(err, SP_E_NO_MEMORY, "start a check");
		return NULL;
	}
	c->spec = spec;
	c->fd = c->ep_fd = -EBADF;
	c->child = (struct sp_helper)SP_HELPER_NONE;
	c->deadline = spec->timeout > 0 ? sp_time_add(now, spec->timeout) : SP_NEVER;
	c->retry_wait = RETRY_FIRST;
	c->ep_fd = epoll_create1(EPOLL_CLOEXEC);
	if (c->ep_fd < 0 || !make_parts(c)) {
		(void)sp_fail_errno(err, errno, "start a check");
		return sp_check_free(c);
	}
	begin(c, now);
	return c;
}

int sp_check_fd(const struct sp_check *c, uint32_t *events)
{
	*events = EPOLLIN;
	return c->ep_fd;
}

sp_time sp_check_deadline(const struct sp_check *c)
{
	if (c->phase == OVER)
		return 0;
	return c->phase == PAUSE ? SP_MIN(c->deadline, c->retry_at) : c->deadline;
}

bool sp_check_step(struct sp_check *c, sp_time now)
{
	struct epoll_event e;
	/* phases that wait for a descriptor do so for exactly one */
	bool ready = c->phase != OVER && c->phase != PAUSE && epoll_wait(c->ep_fd, &e, 1, 0) == 1;

	if (c->phase == PAUSE && now >= c->retry_at && now < c->deadline)
		start_dialing(c, now);
	else if (ready && c->phase == LOOKUP)
		step_lookup(c, now);
	else if (ready && c->phase == CONNECT)
		step_connect(c, now);
	else if (ready && c->phase == TALK)
		step_talk(c, now);
	else if (ready && c->phase == CHILD)
		step_https(c, now);
	if (c->phase != OVER && now >= c->deadline)
		timed_out(c);
	return c->phase == OVER;
}

enum sp_outcome sp_check_outcome(const struct sp_check *c)
{
	return c->outcome;
}

const char *sp_check_text(const struct sp_check *c)
{
	return c->text.ptr ? c->text.ptr : "";
}

struct sp_check *sp_check_free(struct sp_check *c)
{
	if (!c)
		return NULL;
	hang_up(c);
	(void)sp_close(c->ep_fd);
	if (c->grpc)
		sp_grpc_done(c->grpc);
	free(c->grpc);
	free(c->http);
	sp_buf_done(&c->text);
	sp_buf_done(&c->out);
	sp_buf_done(&c->child_out);
	free(c);
	return NULL;
}
