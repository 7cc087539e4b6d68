/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checks against a scripted server on loopback: what goes over the wire, outcome and text of each
 * kind of answer (PROBE-21 to PROBE-25, HOOK-9); and URLs by themselves.
 */
#include "probe_world.h"

#include "probe/http.h"
#include "probe/probe.h"
#include "probe/request.h"
#include "probe/url.h"
#include "sys/fd.h"

#include "cmocka_all.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>

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
					     .timeout = 20 * SP_SEC};
		struct server s = start_server((struct reply[]){cases[i].reply, cases[i].reply}, 2);
		struct sp_check *c;

		spec.port = s.port;
		if (strstr(cases[i].text, "Client.Timeout")) /* what is waited for */
			spec.timeout = 500 * SP_MSEC;
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
					     .timeout = 20 * SP_SEC};
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
				     .timeout = 20 * SP_SEC};
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
		.kind = SP_CHECK_HTTP, .host = "127.0.0.1", .path = "/x", .timeout = 20 * SP_SEC};

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
	spec.timeout = 20 * SP_SEC;
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
		.kind = SP_CHECK_TCP, .host = "localhost", .port = port, .timeout = 20 * SP_SEC};

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_http_answers), cmocka_unit_test(test_http_request),
		cmocka_unit_test(test_bad_headers),  cmocka_unit_test(test_redirects),
		cmocka_unit_test(test_hostile),      cmocka_unit_test(test_no_server),
		cmocka_unit_test(test_tcp),          cmocka_unit_test(test_free_in_the_middle),
		cmocka_unit_test(test_urls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
