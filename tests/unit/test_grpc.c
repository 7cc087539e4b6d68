/* SPDX-License-Identifier: Apache-2.0 */
/* gRPC health checks: header compression, frames, and what every kind of answer means (PROBE-24).
 */
#include "probe_world.h"

#include "probe/grpc.h"
#include "probe/hpack.h"

#include "cmocka_all.h"

#include <stdlib.h>

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
		int timeout_ms; /* that is waited for; 0: longer than anything takes */
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
		{DEADLINE, true, SP_OUT_FAILURE, "timeout: health rpc did not complete within 20s"},
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
		{CUT, true, SP_OUT_FAILURE, "timeout: health rpc did not complete within 1s", 1000},
		{SILENT, true, SP_OUT_FAILURE,
		 "timeout: failed to connect service \"@\" within 60ms: context deadline exceeded",
		 60},
		{HTTP_1, false, SP_OUT_FAILURE,
		 "timeout: failed to connect service \"@\" within 60ms: context deadline exceeded",
		 60},
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
					     .timeout = 20 * SP_SEC};
		struct server s;

		if (cases[i].timeout_ms)
			spec.timeout = cases[i].timeout_ms * SP_MSEC;
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
		cmocka_unit_test(test_hpack_examples),
		cmocka_unit_test(test_hpack_own),
		cmocka_unit_test(test_grpc),
		cmocka_unit_test(test_grpc_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
