/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checks against a scripted server on loopback: what goes over the wire, outcome and text of each
 * kind of answer (PROBE-21 to PROBE-25, HOOK-9); and the parsers by themselves.
 */
#include "probe/dial.h"
#include "probe/grpc.h"
#include "probe/hpack.h"
#include "probe/http.h"
#include "probe/probe.h"
#include "probe/request.h"
#include "probe/url.h"
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

struct reply {
	const char *bytes;
	size_t len; /* 0: strlen */
	bool hang;  /* stays open afterwards */
	bool reset; /* closes with a reset instead of an orderly end */
};

struct server {
	pid_t pid;
	uint16_t port;
	int seen_fd; /* what clients sent */
};

static int listen_any(uint16_t *port)
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
	if (r->reset)
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	close(fd);
}

static struct server start_server(const struct reply *replies, size_t n)
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
static void stop_server(struct server *s, char *seen, size_t size)
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

static struct sp_check *run(const struct sp_check_spec *spec)
{
	struct sp_error err;
	struct sp_check *c = sp_check_start(spec, now_mono(), &err);
	uint32_t events;

	assert_non_null(c);
	for (int i = 0; i < 100000; i++) {
		sp_time left = sp_check_deadline(c) - now_mono();
		struct pollfd p = {sp_check_fd(c, &events), POLLIN, 0};

		if (sp_check_deadline(c) == SP_NEVER)
			left = 10 * SP_SEC;
		if (left > 0 && poll(&p, 1, (int)(left / SP_MSEC) + 1) == 0 &&
		    sp_check_deadline(c) == SP_NEVER)
			fail_msg("nothing happened for 10 s");
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

static void expect(const struct sp_check_spec *spec, enum sp_outcome outcome, const char *text)
{
	struct sp_check *c = run(spec);

	expect_text(sp_check_text(c), text, spec->port);
	assert_int_equal(sp_check_outcome(c), outcome);
	sp_check_free(c);
}

/* ---- http --------------------------------------------------------------------------------------
 */

#define OK_REPLY "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
#define AWAIT                                                                                      \
	"Get \"http://@/\": context deadline exceeded (Client.Timeout exceeded while awaiting "    \
	"headers)"
#define NET_BROKEN "Get \"http://@/\": net/http: HTTP/1.x transport connection broken: "

static void test_http_answers(void **state)
{
	static const struct {
		struct reply reply;
		enum sp_outcome probe;
		const char *text;
		enum sp_outcome hook;
	} cases[] = {
		{{.bytes = OK_REPLY}, SP_OUT_SUCCESS, "", SP_OUT_SUCCESS},
		{{.bytes = "HTTP/1.0 200\r\n\r\nno length"}, SP_OUT_SUCCESS, "", SP_OUT_SUCCESS},
		{{.bytes = "HTTP/1.1 204 No Content\r\n\r\n", .hang = true},
		 SP_OUT_SUCCESS,
		 "",
		 SP_OUT_SUCCESS},
		{{.bytes =
			  "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nLocation: /x\r\n\r\n" OK_REPLY},
		 SP_OUT_SUCCESS,
		 "",
		 SP_OUT_SUCCESS},
		{{.bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
			   "3;x=y\r\nabc\r\n0\r\nTrailer: x\r\n\r\n",
		  .hang = true},
		 SP_OUT_SUCCESS,
		 "",
		 SP_OUT_SUCCESS},
		{{.bytes = "HTTP/1.1 399 Odd\r\nContent-Length: 1\r\n\r\nx"},
		 SP_OUT_WARNING,
		 "Probe terminated redirects, Response body: x",
		 SP_OUT_SUCCESS},
		{{.bytes = "HTTP/1.1 302 Found\r\nLocation: http://elsewhere.example/\r\n"
			   "Content-Length: 4\r\n\r\nbye!"},
		 SP_OUT_WARNING,
		 "Probe terminated redirects, Response body: bye!",
		 SP_OUT_SUCCESS},
		{{.bytes = "HTTP/1.1 400 Bad\r\nContent-Length: 0\r\n\r\n"},
		 SP_OUT_FAILURE,
		 "HTTP probe failed with statuscode: 400",
		 SP_OUT_SUCCESS},
		{{.bytes = "HTTP/1.1 503 No\r\nContent-Length: 3\r\n\r\nabc"},
		 SP_OUT_FAILURE,
		 "HTTP probe failed with statuscode: 503",
		 SP_OUT_SUCCESS},
		{{.bytes = "HTTP/1.1 199 Odd\r\n\r\n", .hang = true},
		 SP_OUT_FAILURE,
		 AWAIT,
		 SP_OUT_FAILURE},
		/* nothing, or not all */
		{{.bytes = ""}, SP_OUT_FAILURE, "Get \"http://@/\": EOF", SP_OUT_FAILURE},
		{{.bytes = "HTTP/1.1 20"},
		 SP_OUT_FAILURE,
		 "Get \"http://@/\": unexpected EOF",
		 SP_OUT_FAILURE},
		{{.bytes = "", .hang = true}, SP_OUT_FAILURE, AWAIT, SP_OUT_FAILURE},
		{{.bytes = "", .reset = true},
		 SP_OUT_FAILURE,
		 "Get \"http://@/\": read tcp 127.0.0.1:*->@: read: connection reset by peer",
		 SP_OUT_FAILURE},
		{{.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc"},
		 SP_OUT_FAILURE,
		 "unexpected EOF",
		 SP_OUT_SUCCESS},
		{{.bytes = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc", .hang = true},
		 SP_OUT_FAILURE,
		 "context deadline exceeded (Client.Timeout or context cancellation while reading "
		 "body)",
		 SP_OUT_SUCCESS},
		/* not HTTP */
		{{.bytes = "hello\r\n"},
		 SP_OUT_FAILURE,
		 NET_BROKEN "malformed HTTP response \"hello\"",
		 SP_OUT_FAILURE},
		{{.bytes = "SSH-2.0-x y\r\n"},
		 SP_OUT_FAILURE,
		 NET_BROKEN "malformed HTTP version \"SSH-2.0-x\"",
		 SP_OUT_FAILURE},
		{{.bytes = "HTTP/1.1 2x0 OK\r\n"},
		 SP_OUT_FAILURE,
		 NET_BROKEN "malformed HTTP status code \"2x0\"",
		 SP_OUT_FAILURE},
		{{.bytes = "HTTP/1.1 200 OK\r\nnonsense\r\n\r\n"},
		 SP_OUT_FAILURE,
		 NET_BROKEN "malformed MIME header line: nonsense",
		 SP_OUT_FAILURE},
		{{.bytes = "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"},
		 SP_OUT_FAILURE,
		 NET_BROKEN "bad Content-Length \"-1\"",
		 SP_OUT_FAILURE},
		{{.bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n"},
		 SP_OUT_FAILURE,
		 NET_BROKEN "unsupported transfer encoding: \"gzip\"",
		 SP_OUT_FAILURE},
		{{.bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"},
		 SP_OUT_FAILURE,
		 "invalid byte in chunk length",
		 SP_OUT_SUCCESS},
		{{.bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n"},
		 SP_OUT_FAILURE,
		 "malformed chunked encoding",
		 SP_OUT_SUCCESS},
		{{.bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
			   "11111111111111111\r\n"},
		 SP_OUT_FAILURE,
		 "http chunk length too large",
		 SP_OUT_SUCCESS},
		{{.bytes = "HTTP/1.1 302 Found\r\nLocation: ftp://127.0.0.1/\r\n\r\n"},
		 SP_OUT_FAILURE,
		 "Get \"http://@/\": failed to parse Location header \"ftp://127.0.0.1/\"",
		 SP_OUT_FAILURE},
	};

	for (size_t i = 0; i < SP_ARRAY_LEN(cases); i++) {
		struct sp_check_spec spec = {.kind = SP_CHECK_HTTP,
					     .host = "127.0.0.1",
					     .path = "/",
					     .kube_minor = 36,
					     .timeout = cases[i].reply.hang ? 60 * SP_MSEC
									    : 10 * SP_SEC};
		struct server s = start_server((struct reply[]){cases[i].reply, cases[i].reply}, 2);
		struct sp_check *c;

		spec.port = s.port;
		expect(&spec, cases[i].probe, cases[i].text);
		spec.hook = true;
		c = run(&spec);
		assert_int_equal(sp_check_outcome(c), cases[i].hook);
		sp_check_free(c);
		stop_server(&s, NULL, 0);
	}
}

static void test_http_request(void **state)
{
	static const struct sp_check_header own[] = {
		{"X-One", "1"},         {"host", "given.example"}, {"X-Two", ""},
		{"user-agent", "mine"}, {"X-One", "again"},        {"accept", "text/plain"},
	};
	static const struct sp_check_header none[] = {{"Accept", ""}, {"User-Agent", ""}};
	static const struct {
		const struct sp_check_header *headers;
		uint32_t n;
		const char *path;
		bool hook;
		const char *want;
	} cases[] = {
		{NULL, 0, "/healthz?a=b%20c&d", false,
		 "GET /healthz?a=b%20c&d HTTP/1.1\r\nHost: @\r\nUser-Agent: kube-probe/1.36\r\n"
		 "Accept: */"
		 "*\r\nConnection: close\r\n\r\n"},
		{NULL, 0, "no slash", true,
		 "GET /no%20slash HTTP/1.1\r\nHost: @\r\nUser-Agent: kube-lifecycle/1.36\r\n"
		 "Accept: */"
		 "*\r\nConnection: close\r\n\r\n"},
		{own, 6, "/", false,
		 "GET / HTTP/1.1\r\nHost: given.example\r\nUser-Agent: mine\r\nX-One: 1\r\nX-Two: "
		 "\r\nX-One: again\r\naccept: text/plain\r\nConnection: close\r\n\r\n"},
		{none, 2, "/#part", false,
		 "GET / HTTP/1.1\r\nHost: @\r\nConnection: close\r\n\r\n"},
		{NULL, 0, "/50%?x", false,
		 "GET /50%25%3Fx HTTP/1.1\r\nHost: @\r\nUser-Agent: kube-probe/1.36\r\n"
		 "Accept: */"
		 "*\r\nConnection: close\r\n\r\n"},
	};
	static const struct reply reply = {.bytes = OK_REPLY};

	for (size_t i = 0; i < SP_ARRAY_LEN(cases); i++) {
		struct server s = start_server(&reply, 1);
		struct sp_check_spec spec = {.kind = SP_CHECK_HTTP,
					     .host = "localhost",
					     .port = s.port,
					     .path = cases[i].path,
					     .headers = cases[i].headers,
					     .n_headers = cases[i].n,
					     .hook = cases[i].hook,
					     .kube_minor = 36,
					     .timeout = 10 * SP_SEC};
		char seen[4096], want[4096];
		char *at;

		expect(&spec, SP_OUT_SUCCESS, "");
		stop_server(&s, seen, sizeof(seen));
		snprintf(want, sizeof(want), "%s", cases[i].want);
		at = strchr(want, '@');
		if (at)
			snprintf(want + (at - want), sizeof(want) - (size_t)(at - want),
				 "localhost:%d%s", s.port, cases[i].want + (at - want) + 1);
		assert_string_equal(seen, want);
	}
}

static void test_bad_headers(void **state)
{
	static const struct sp_check_header value = {"X-A", "1\r\nX-B: 2"}, name = {"X A", "1"};
	struct sp_check_spec spec = {.kind = SP_CHECK_HTTP,
				     .host = "127.0.0.1",
				     .port = 1,
				     .path = "/",
				     .headers = &value,
				     .n_headers = 1};

	expect(&spec, SP_OUT_FAILURE,
	       "Get \"http://@/\": net/http: invalid header field value for \"X-A\"");
	spec.headers = &name;
	expect(&spec, SP_OUT_FAILURE,
	       "Get \"http://@/\": net/http: invalid header field name \"X A\"");
}

static void test_redirects(void **state)
{
	static const struct sp_check_header host = {"Host", "given.example"};
	SP_CLEANUP(sp_buf_done) struct sp_buf sent = {0}, text = {0};
	static struct sp_request r;
	char seen[8192], want[64];
	struct reply replies[12];
	struct sp_check_spec spec = {.kind = SP_CHECK_HTTP,
				     .host = "127.0.0.1",
				     .path = "/a/b",
				     .headers = &host,
				     .n_headers = 1,
				     .timeout = 10 * SP_SEC};
	struct server s;
	const char *p;
	size_t n = 0;

	/* relative ones keep the manifest's Host */
	replies[0] = (struct reply){.bytes = "HTTP/1.1 301 x\r\nLocation: ../c?q=1\r\n\r\n",
				    .hang = true};
	replies[1] = (struct reply){.bytes = "HTTP/1.1 308 x\r\nLocation: /end\r\n\r\nabc"};
	replies[2] = (struct reply){.bytes = "HTTP/1.1 200 x\r\n\r\nabc"};
	s = start_server(replies, 3);
	spec.port = s.port;
	expect(&spec, SP_OUT_SUCCESS, "");
	stop_server(&s, seen, sizeof(seen));
	for (p = seen; (p = strstr(p, "Host: given.example\r\n")); p++)
		n++;
	assert_int_equal(n, 3);
	assert_non_null(strstr(seen, "GET /c?q=1 HTTP/1.1\r\n"));
	assert_non_null(strstr(seen, "GET /end HTTP/1.1\r\n"));
	snprintf(want, sizeof(want), "Referer: http://127.0.0.1:%d/a/b\r\n", s.port);
	assert_non_null(strstr(seen, want));

	/* one with a host of its own drops it, for good */
	assert_int_equal(sp_request_init(&r, &spec, &text), 0);
	assert_int_equal(sp_request_redirect(&r, 301, "http://127.0.0.1:9/x", &text),
			 SP_REDIRECT_FOLLOW);
	assert_int_equal(sp_request_redirect(&r, 301, "/y", &text), SP_REDIRECT_FOLLOW);
	assert_int_equal(sp_request_redirect(&r, 304, "/y", &text), SP_REDIRECT_NONE);
	assert_int_equal(sp_request_redirect(&r, 301, "//127.0.0.2/", &text), SP_REDIRECT_NONE);
	sp_request_print(&r, &sent);
	assert_non_null(strstr(sent.ptr, "GET /y HTTP/1.1\r\nHost: 127.0.0.1:9\r\n"));

	/* ten are followed, the eleventh is an error */
	for (size_t i = 0; i < 11; i++)
		replies[i] = (struct reply){.bytes = "HTTP/1.1 302 x\r\nLocation: /next\r\n\r\n"};
	replies[11] = (struct reply){.bytes = OK_REPLY};
	s = start_server(replies + 1, 11);
	spec.port = s.port;
	expect(&spec, SP_OUT_SUCCESS, "");
	stop_server(&s, NULL, 0);
	s = start_server(replies, 12);
	spec.port = s.port;
	expect(&spec, SP_OUT_FAILURE, "Get \"http://@/next\": stopped after 10 redirects");
	stop_server(&s, NULL, 0);
}

/* Servers that never end cost neither memory nor more than the timeout. */
static void test_hostile(void **state)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf flood = {0}, body = {0};
	struct sp_check_spec spec = {
		.kind = SP_CHECK_HTTP, .host = "127.0.0.1", .path = "/", .timeout = 20 * SP_SEC};
	struct server s;

	sp_buf_puts(&flood, "HTTP/1.1 200 OK\r\n");
	while (flood.len <= SP_HTTP_HEADERS)
		sp_buf_puts(&flood,
			    "X-Flood: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n");
	s = start_server(&(struct reply){.bytes = flood.ptr, .len = flood.len, .hang = true}, 1);
	spec.port = s.port;
	expect(&spec, SP_OUT_FAILURE,
	       NET_BROKEN "net/http: server response headers exceeded 10485760 bytes; aborted");
	stop_server(&s, NULL, 0);

	sp_buf_puts(&body, "HTTP/1.1 200 OK\r\n\r\n");
	sp_buf_fill(&body, 'x', 100000);
	s = start_server(&(struct reply){.bytes = body.ptr, .len = body.len, .hang = true}, 1);
	spec.port = s.port;
	expect(&spec, SP_OUT_SUCCESS, ""); /* 10 KiB are enough */
	stop_server(&s, NULL, 0);
}

static void test_no_server(void **state)
{
	uint16_t port;
	int fd = listen_any(&port);
	struct sp_check_spec spec = {
		.kind = SP_CHECK_HTTP, .host = "127.0.0.1", .path = "/x", .timeout = SP_SEC};

	close(fd);
	spec.port = port;
	expect(&spec, SP_OUT_FAILURE,
	       "Get \"http://@/x\": dial tcp @: connect: connection refused");
	spec.kind = SP_CHECK_TCP;
	expect(&spec, SP_OUT_FAILURE, "dial tcp @: connect: connection refused");
	spec.hook = true;
	expect(&spec, SP_OUT_FAILURE, "Cannot run handler");
	spec.hook = false;
	/* a gRPC client keeps trying until its time is up */
	spec.kind = SP_CHECK_GRPC;
	spec.timeout = 20 * SP_MSEC;
	expect(&spec, SP_OUT_FAILURE,
	       "timeout: failed to connect service \"@\" within 20ms: context deadline exceeded");
	spec.timeout = 0;
	expect(&spec, SP_OUT_FAILURE,
	       "error: failed to connect service at \"@\": dial tcp @: connect: connection refused");
	/* looked up in a child; reserved never to exist (RFC 6761) */
	spec.kind = SP_CHECK_TCP;
	spec.host = "nowhere.invalid";
	spec.timeout = 10 * SP_SEC;
	expect(&spec, SP_OUT_FAILURE, "dial tcp: lookup nowhere.invalid: no such host");
	spec.kind = SP_CHECK_HTTPS;
	spec.path = "/";
	spec.port = 443;
	expect(&spec, SP_OUT_FAILURE,
	       "Get \"https://nowhere.invalid:443/\": this engine has no program for HTTPS");
	spec.helper = "/bin/false";
	expect(&spec, SP_OUT_FAILURE,
	       "Get \"https://nowhere.invalid:443/\": the HTTPS helper ended without an answer");
}

/* PROBE-22 */
static void test_tcp(void **state)
{
	uint16_t port;
	SP_CLEANUP(sp_closep) int fd = listen_any(&port);
	struct sp_check_spec spec = {
		.kind = SP_CHECK_TCP, .host = "localhost", .port = port, .timeout = SP_SEC};

	assert_true(fd >= 0);
	expect(&spec, SP_OUT_SUCCESS, "");
}

static void test_free_in_the_middle(void **state)
{
	uint16_t port;
	SP_CLEANUP(sp_closep) int fd = listen_any(&port);
	struct sp_check_spec spec = {
		.kind = SP_CHECK_HTTP, .host = "127.0.0.1", .port = port, .path = "/"};
	struct sp_error err;
	struct sp_check *c = sp_check_start(&spec, 0, &err);

	assert_true(fd >= 0 && sp_check_deadline(c) == SP_NEVER);
	(void)sp_check_step(c, 1);
	assert_null(sp_check_free(c));
	spec.host = "name.invalid"; /* a child is running */
	c = sp_check_start(&spec, 0, &err);
	assert_null(sp_check_free(c));
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* and is reaped */
}

/* ---- url ---------------------------------------------------------------------------------------
 */

static void test_urls(void **state)
{
	static const struct {
		const char *location;
		int ret;
		const char *want;
	} cases[] = {
		{"/x", 0, "http://h:80/x"},
		{"x", 0, "http://h:80/a/b/x"},
		{"./x", 0, "http://h:80/a/b/x"},
		{"../x", 0, "http://h:80/a/x"},
		{"../../../x", 0, "http://h:80/x"},
		{"..", 0, "http://h:80/a/"},
		{"?z=1", 0, "http://h:80/a/b/c?z=1"},
		{"", 0, "http://h:80/a/b/c?q=/../1"},
		{"#f", 0, "http://h:80/a/b/c?q=/../1"},
		{"/y?../z", 0, "http://h:80/y?../z"},
		{"//other/x", 1, "http://other/x"},
		{"//other:81", 1, "http://other:81/"},
		{"http://h", 1, "http://h/"},
		{"HTTPS://h:444/s", 1, "https://h:444/s"},
		{"http://u:p@h:1/", 1, "http://h:1/"},
		{"http://u@v:p@h:1/", 1, "http://h:1/"},
		{"http://[::1]:8080/v6", 1, "http://[::1]:8080/v6"},
		{"http://[::1/v6", -1, NULL},
		{"http://h:99999/", -1, NULL},
		{"http://h:-1/", -1, NULL},
		{"http:///x", -1, NULL},
		{"http:x", -1, NULL},
		{"mailto:x@y", -1, NULL},
		{"/a b\"c", 0, "http://h:80/a%20b%22c"},
	};

	for (size_t i = 0; i < SP_ARRAY_LEN(cases); i++) {
		char mem[256];
		struct sp_buf b = sp_buf_fixed(mem, sizeof(mem));
		struct sp_url u;

		assert_int_equal(sp_url_make(&u, false, "h", 80, "/a/b/c?q=/../1"), 0);
		assert_int_equal(sp_url_follow(&u, cases[i].location), cases[i].ret);
		sp_url_print(&u, &b);
		assert_string_equal(mem,
				    cases[i].want ? cases[i].want : "http://h:80/a/b/c?q=/../1");
	}
}

/* ---- hpack -------------------------------------------------------------------------------------
 */

static void collect(void *arg, struct sp_str name, struct sp_str value)
{
	sp_buf_printf(arg, SP_STR_FMT ": " SP_STR_FMT "\n", SP_STR_ARG(name), SP_STR_ARG(value));
}

static size_t unhex(const char *s, uint8_t *out)
{
	size_t n = 0;

	for (; s[0] && s[1]; s += 2)
		out[n++] = (uint8_t)strtoul((char[]){s[0], s[1], '\0'}, NULL, 16);
	return n;
}

/* RFC 7541, appendix C.4 and C.6: one connection's blocks after each other. */
static void test_hpack_examples(void **state)
{
	static const struct {
		bool start; /* of a connection */
		const char *hex, *want;
	} cases[] = {
		{true, "828684418cf1e3c2e5f23a6ba0ab90f4ff",
		 ":method: GET\n:scheme: http\n:path: /\n:authority: www.example.com\n"},
		{false, "828684be5886a8eb10649cbf",
		 ":method: GET\n:scheme: http\n:path: /\n:authority: www.example.com\n"
		 "cache-control: no-cache\n"},
		{false, "828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf",
		 ":method: GET\n:scheme: https\n:path: /index.html\n:authority: www.example.com\n"
		 "custom-key: custom-value\n"},
		/* a table of 256 bytes, so that fields fall out */
		{true,
		 "3fe101488264025885aec3771a4b6196d07abe941054d444a8200595040b8166e082a62d1bff6e919d29"
		 "ad171863c78f0b97c8e9ae82ae43d3",
		 ":status: 302\ncache-control: private\ndate: Mon, 21 Oct 2013 20:13:21 GMT\n"
		 "location: https://www.example.com\n"},
		{false, "4883640effc1c0bf",
		 ":status: 307\ncache-control: private\ndate: Mon, 21 Oct 2013 20:13:21 GMT\n"
		 "location: https://www.example.com\n"},
		{true, "", ""},
		{true, "80", NULL},               /* index 0 */
		{true, "be", NULL},               /* nothing in the dynamic table */
		{true, "3fe21f", NULL},           /* a table larger than agreed */
		{true, "0085ffffffffff", NULL},   /* the end mark as a letter */
		{true, "008118ff", NULL},         /* padding of zeros */
		{true, "0005aa", NULL},           /* shorter than it says */
		{true, "7fffffffff7f", NULL},     /* a number without end */
		{true, "20400161016220be", NULL}, /* table of size 0 keeps nothing */
		{true, "400161016220", "a: b\n"},
	};
	static struct sp_hpack h;

	for (size_t i = 0; i < SP_ARRAY_LEN(cases); i++) {
		SP_CLEANUP(sp_buf_done) struct sp_buf got = {0};
		uint8_t block[256];
		size_t n = unhex(cases[i].hex, block);
		int r;

		if (cases[i].start)
			sp_hpack_init(&h);
		r = sp_hpack_decode(&h, block, n, collect, &got);
		assert_int_equal(r, cases[i].want ? 0 : -1);
		if (cases[i].want)
			assert_string_equal(got.ptr ? got.ptr : "", cases[i].want);
	}
}

static void test_hpack_own(void **state)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf block = {0}, got = {0}, value = {0}, want = {0};
	static struct sp_hpack h;

	sp_buf_fill(&value, 'v', 3000); /* a length of several bytes */
	sp_hpack_literal(&block, "name", value.ptr);
	sp_hpack_literal(&block, "n", "");
	sp_hpack_init(&h);
	assert_int_equal(sp_hpack_decode(&h, (uint8_t *)block.ptr, block.len, collect, &got), 0);
	sp_buf_printf(&want, "name: %s\nn: \n", value.ptr);
	assert_string_equal(got.ptr, want.ptr);
}

/* ---- grpc --------------------------------------------------------------------------------------
 */

/* A frame: length is filled in. */
static void frame(struct sp_buf *b, uint8_t type, uint8_t flags, uint32_t stream, const void *p,
		  size_t n)
{
	uint8_t head[9] = {(uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n, type, flags};

	head[8] = (uint8_t)stream;
	sp_buf_add(b, head, 9);
	sp_buf_add(b, p, n);
}

static void headers(struct sp_buf *b, uint8_t flags, const char *const *nv)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf block = {0};

	for (; *nv; nv += 2)
		sp_hpack_literal(&block, nv[0], nv[1]);
	frame(b, 1, flags, 1, block.ptr, block.len);
}

#define NV(...) ((const char *const[]){__VA_ARGS__, NULL})
#define GOOD    ":status", "200", "content-type", "application/grpc"

enum story {
	SERVING,
	NOT_SERVING,
	NO_STATUS,
	CHATTY,
	IN_PIECES,
	UNIMPLEMENTED,
	NOT_FOUND,
	DEADLINE,
	PROXY_404,
	PROXY_503,
	RESET,
	GOAWAY,
	CUT,
	SILENT,
	HTTP_1,
	TOO_LONG,
	NO_TRAILERS,
	HUFFMAN,
	BAD_BLOCK,
};

static void tell(enum story story, struct sp_buf *b)
{
	static const uint8_t serving[] = {0, 0, 0, 0, 2, 8, 1},
			     not_serving[] = {0, 0, 0, 0, 2, 8, 2};
	static const uint8_t empty[] = {0, 0, 0, 0, 0}, padded[] = {2, 0, 0, 0, 0, 2, 8, 1, 0, 0};
	static const uint8_t ping[8] = {1, 2, 3, 4, 5, 6, 7, 8}, window[4] = {0, 0, 1, 0};
	static const uint8_t refused[4] = {0, 0, 0, 7}, away[8] = {0},
			     settings[6] = {0, 3, 0, 0, 0, 9};
	/* grpc-status: 12, grpc-message: Huffman-coded "unknown service" */
	static const char huffman[] = "88400b677270632d737461747573023132"
				      "400c677270632d6d657373616765"
				      "8bb6aeb51fc54a20b677310b";
	static uint8_t flood[16000];
	uint8_t block[128];

	if (story == HTTP_1) {
		sp_buf_puts(b, "HTTP/1.1 400 Bad Request\r\n\r\n");
		return;
	}
	if (story == SILENT)
		return;
	frame(b, 4, 0, 0, settings, story == CHATTY ? 6 : 0);
	if (story == CHATTY) {
		frame(b, 4, 1, 0, NULL, 0);
		frame(b, 6, 0, 0, ping, 8);
		frame(b, 8, 0, 0, window, 4);
		frame(b, 2, 0, 1, "\0\0\0\0\1", 5);
		frame(b, 0xbe, 0xff, 77, "later days", 10);
		headers(b, 4, NV(":status", "103"));
	}
	switch (story) {
	case SERVING:
	case CHATTY:
	case NOT_SERVING:
		headers(b, 4, NV(GOOD));
		frame(b, 0, 0, 1, story == NOT_SERVING ? not_serving : serving, 7);
		headers(b, 5, NV("grpc-status", "0"));
		break;
	case NO_STATUS:
		headers(b, 4, NV(GOOD));
		frame(b, 0, 0, 1, empty, 5);
		headers(b, 5, NV("grpc-status", "0"));
		break;
	case IN_PIECES:
		frame(b, 1, 0x28, 1, "\x03\0\0\0\0\x10\x88\0\0\0", 10); /* padded, with priority */
		frame(b, 9, 4, 1,
		      "\0\x0c"
		      "content-type\x10"
		      "application/grpc",
		      31);
		frame(b, 0, 8, 1, padded, sizeof(padded));
		headers(b, 5, NV("grpc-status", "0", "grpc-message", ""));
		break;
	case UNIMPLEMENTED:
		headers(b, 5, NV(GOOD, "grpc-status", "12", "grpc-message", "unknown%20service"));
		break;
	case NOT_FOUND:
		headers(b, 5, NV(GOOD, "grpc-status", "5", "grpc-message", "unknown service"));
		break;
	case DEADLINE:
		headers(b, 5, NV(GOOD, "grpc-status", "4"));
		break;
	case PROXY_404:
		headers(b, 5, NV(":status", "404", "content-type", "text/html"));
		break;
	case PROXY_503:
		headers(b, 5, NV(":status", "503"));
		break;
	case RESET:
		frame(b, 3, 0, 1, refused, 4);
		break;
	case GOAWAY:
		frame(b, 7, 0, 0, away, 8);
		break;
	case CUT:
		headers(b, 4, NV(GOOD));
		break;
	case TOO_LONG:
		headers(b, 4, NV(GOOD));
		frame(b, 0, 0, 1, flood, sizeof(flood));
		break;
	case NO_TRAILERS:
		headers(b, 4, NV(GOOD));
		frame(b, 0, 1, 1, serving, 7);
		break;
	case HUFFMAN:
		frame(b, 1, 5, 1, block, unhex(huffman, block));
		break;
	case BAD_BLOCK:
		frame(b, 1, 5, 1, "\x80", 1);
		break;
	case SILENT:
	case HTTP_1:
		break;
	}
}

#define RPC "error: health rpc probe failed: rpc error: code = "

/* PROBE-24 */
static void test_grpc(void **state)
{
	static const struct {
		enum story story;
		bool hang;
		enum sp_outcome outcome;
		const char *text;
	} cases[] = {
		{SERVING, true, SP_OUT_SUCCESS, "service healthy"},
		{CHATTY, true, SP_OUT_SUCCESS, "service healthy"},
		{IN_PIECES, true, SP_OUT_SUCCESS, "service healthy"},
		{NOT_SERVING, true, SP_OUT_FAILURE,
		 "service unhealthy (responded with \"NOT_SERVING\")"},
		{NO_STATUS, true, SP_OUT_FAILURE, "service unhealthy (responded with \"UNKNOWN\")"},
		{UNIMPLEMENTED, true, SP_OUT_FAILURE,
		 "error: this server does not implement the grpc health protocol "
		 "(grpc.health.v1.Health): unknown service"},
		{HUFFMAN, true, SP_OUT_FAILURE,
		 "error: this server does not implement the grpc health protocol "
		 "(grpc.health.v1.Health): unknown service"},
		{NOT_FOUND, true, SP_OUT_FAILURE, RPC "NotFound desc = unknown service"},
		{DEADLINE, true, SP_OUT_FAILURE,
		 "timeout: health rpc did not complete within 60ms"},
		{PROXY_404, true, SP_OUT_FAILURE,
		 "error: this server does not implement the grpc health protocol "
		 "(grpc.health.v1.Health): unexpected HTTP status code received from server: 404; "
		 "transport: received unexpected content-type \"text/html\""},
		{PROXY_503, true, SP_OUT_FAILURE,
		 RPC "Unavailable desc = unexpected HTTP status code received from server: 503; "
		     "malformed header: missing HTTP content-type"},
		{RESET, true, SP_OUT_FAILURE,
		 RPC "Unavailable desc = stream terminated by RST_STREAM with error code: "
		     "REFUSED_STREAM"},
		{GOAWAY, true, SP_OUT_FAILURE, RPC "Unavailable desc = the connection is draining"},
		{CUT, false, SP_OUT_FAILURE,
		 RPC "Unavailable desc = error reading from server: EOF"},
		{CUT, true, SP_OUT_FAILURE, "timeout: health rpc did not complete within 60ms"},
		{SILENT, true, SP_OUT_FAILURE,
		 "timeout: failed to connect service \"@\" within 60ms: context deadline exceeded"},
		{HTTP_1, false, SP_OUT_FAILURE,
		 "timeout: failed to connect service \"@\" within 60ms: context deadline exceeded"},
		{TOO_LONG, true, SP_OUT_FAILURE,
		 RPC "ResourceExhausted desc = received message is too long"},
		{NO_TRAILERS, true, SP_OUT_FAILURE,
		 RPC "Internal desc = server closed the stream without sending trailers"},
		{BAD_BLOCK, true, SP_OUT_FAILURE,
		 RPC "Unavailable desc = connection error: COMPRESSION_ERROR"},
	};

	for (size_t i = 0; i < SP_ARRAY_LEN(cases); i++) {
		SP_CLEANUP(sp_buf_done) struct sp_buf b = {0};
		struct reply reply = {.hang = cases[i].hang};
		struct sp_check_spec spec = {.kind = SP_CHECK_GRPC,
					     .host = "127.0.0.1",
					     .service = "my.service",
					     .kube_minor = 36,
					     .timeout = 60 * SP_MSEC};
		struct server s;

		tell(cases[i].story, &b);
		reply.bytes = b.ptr ? b.ptr : "";
		reply.len = b.len;
		s = start_server(&reply, 1);
		spec.port = s.port;
		expect(&spec, cases[i].outcome, cases[i].text);
		stop_server(&s, NULL, 0);
	}
}

/* Byte by byte, and a window that opens only later: what we send, in frames. */
static void test_grpc_bytes(void **state)
{
	struct sp_grpc_call call = {
		.authority = "h:1", .user_agent = "ua", .service = "abc", .timeout_ms = 1500};
	static const uint8_t body[] = {0,    0, 10,  0,   1,  0, 0, 0, 1, /* DATA, END_STREAM */
				       0,    0, 0,   0,   5, /* not compressed, 5 bytes */
				       0x0a, 3, 'a', 'b', 'c'};
	static const uint8_t small[6] = {0, 4, 0, 0, 0, 3}, more[4] = {0, 0, 0, 7};
	SP_CLEANUP(sp_buf_done) struct sp_buf in = {0}, fields = {0};
	static struct sp_grpc g;
	static struct sp_hpack h;
	const uint8_t *p;

	sp_grpc_init(&g, &call);
	assert_memory_equal(g.out.ptr, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 24);
	sp_buf_clear(&g.out);
	frame(&in, 4, 0, 0, small, 6); /* initial window 3: too small for the request */
	for (size_t i = 0; i < in.len; i++)
		sp_grpc_feed(&g, (uint8_t *)in.ptr + i, 1);
	assert_int_equal(g.state, SP_GRPC_CALLING);
	assert_false(g.body_sent);
	p = (uint8_t *)g.out.ptr;
	assert_memory_equal(p, ((uint8_t[]){0, 0, 0, 4, 1, 0, 0, 0, 0}), 9); /* SETTINGS ACK */
	assert_int_equal(p[12], 1);                                          /* HEADERS */
	assert_int_equal(p[13], 4);                                          /* END_HEADERS */
	sp_hpack_init(&h);
	assert_int_equal(sp_hpack_decode(&h, p + 18, p[11], collect, &fields), 0);
	assert_string_equal(fields.ptr,
			    ":method: POST\n:scheme: http\n:path: /grpc.health.v1.Health/Check\n"
			    ":authority: h:1\ncontent-type: application/grpc\nuser-agent: ua\n"
			    "te: trailers\ngrpc-timeout: 1500m\n");
	sp_buf_clear(&g.out);
	sp_buf_clear(&in);
	frame(&in, 8, 0, 1, more, 4);
	sp_grpc_feed(&g, (uint8_t *)in.ptr, in.len);
	assert_true(g.body_sent);
	assert_int_equal(g.out.len, sizeof(body));
	assert_memory_equal(g.out.ptr, body, sizeof(body));
	sp_grpc_done(&g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_http_answers), cmocka_unit_test(test_http_request),
		cmocka_unit_test(test_bad_headers),  cmocka_unit_test(test_redirects),
		cmocka_unit_test(test_hostile),      cmocka_unit_test(test_no_server),
		cmocka_unit_test(test_tcp),          cmocka_unit_test(test_free_in_the_middle),
		cmocka_unit_test(test_urls),         cmocka_unit_test(test_hpack_examples),
		cmocka_unit_test(test_hpack_own),    cmocka_unit_test(test_grpc),
		cmocka_unit_test(test_grpc_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
