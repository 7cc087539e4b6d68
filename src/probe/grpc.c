/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/grpc.h"

#include "base/text.h"

#include <strings.h>

/* RFC 9113, section 6 */
enum {
	F_DATA,
	F_HEADERS,
	F_PRIORITY,
	F_RST_STREAM,
	F_SETTINGS,
	F_PUSH_PROMISE,
	F_PING,
	F_GOAWAY,
	F_WINDOW_UPDATE,
	F_CONTINUATION
};
#define FLAG_END_STREAM  0x01
#define FLAG_ACK         0x01
#define FLAG_END_HEADERS 0x04
#define FLAG_PADDED      0x08
#define FLAG_PRIORITY    0x20

#define SET_ENABLE_PUSH    2
#define SET_INITIAL_WINDOW 4
#define WINDOW             65535 /* before anyone says otherwise */
#define WINDOW_MAX         0x7fffffff

#define STREAM  1
#define OUT_MAX 65536 /* answers that a server does not take off our hands: enough is enough */

static const char *const code_names[] = {
	"OK",
	"Canceled",
	"Unknown",
	"InvalidArgument",
	"DeadlineExceeded",
	"NotFound",
	"AlreadyExists",
	"PermissionDenied",
	"ResourceExhausted",
	"FailedPrecondition",
	"Aborted",
	"OutOfRange",
	"Unimplemented",
	"Internal",
	"Unavailable",
	"DataLoss",
	"Unauthenticated",
};
_Static_assert(SP_ARRAY_LEN(code_names) == SP_GRPC_UNAUTHENTICATED + 1, "a name for each code");

/* HTTP/2 errors by number, and what gRPC makes of them. */
static const struct {
	const char *name;
	int code;
} rst_codes[] = {
	{"NO_ERROR", SP_GRPC_INTERNAL},
	{"PROTOCOL_ERROR", SP_GRPC_INTERNAL},
	{"INTERNAL_ERROR", SP_GRPC_INTERNAL},
	{"FLOW_CONTROL_ERROR", SP_GRPC_RESOURCE_EXHAUSTED},
	{"SETTINGS_TIMEOUT", SP_GRPC_INTERNAL},
	{"STREAM_CLOSED", SP_GRPC_INTERNAL},
	{"FRAME_SIZE_ERROR", SP_GRPC_INTERNAL},
	{"REFUSED_STREAM", SP_GRPC_UNAVAILABLE},
	{"CANCEL", SP_GRPC_CANCELED},
	{"COMPRESSION_ERROR", SP_GRPC_INTERNAL},
	{"CONNECT_ERROR", SP_GRPC_INTERNAL},
	{"ENHANCE_YOUR_CALM", SP_GRPC_RESOURCE_EXHAUSTED},
	{"INADEQUATE_SECURITY", SP_GRPC_PERMISSION_DENIED},
	{"HTTP_1_1_REQUIRED", SP_GRPC_INTERNAL},
};

static uint32_t get32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void put32(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 24);
	p[1] = (uint8_t)(v >> 16);
	p[2] = (uint8_t)(v >> 8);
	p[3] = (uint8_t)v;
}

static void put_frame(struct sp_grpc *g, uint8_t type, uint8_t flags, uint32_t stream,
		      const void *payload, size_t len)
{
	uint8_t head[9] = {(uint8_t)(len >> 16), (uint8_t)(len >> 8), (uint8_t)len, type, flags};

	put32(head + 5, stream);
	sp_buf_add(&g->out, head, sizeof(head));
	sp_buf_add(&g->out, payload, len);
}

static void fail(struct sp_grpc *g, const char *why)
{
	struct sp_buf b = sp_buf_fixed(g->error, sizeof(g->error));

	if (g->state >= SP_GRPC_OVER)
		return;
	sp_buf_puts(&b, why); /* may be cut */
	g->state = SP_GRPC_BROKEN;
}

void sp_grpc_init(struct sp_grpc *g, const struct sp_grpc_call *call)
{
	static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
	static const uint8_t no_push[] = {0, SET_ENABLE_PUSH, 0, 0, 0, 0};

	memset(g, 0, sizeof(*g));
	sp_hpack_init(&g->hpack);
	g->call = *call;
	g->window = g->stream_window = g->initial_window = WINDOW;
	g->code = -1;
	sp_buf_add(&g->out, preface, sizeof(preface) - 1);
	put_frame(g, F_SETTINGS, 0, 0, no_push, sizeof(no_push));
}

void sp_grpc_done(struct sp_grpc *g)
{
	sp_buf_done(&g->out);
}

static void put_request(struct sp_grpc *g)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf h = {0};
	char timeout[32];
	struct sp_buf t = sp_buf_fixed(timeout, sizeof(timeout));

	sp_hpack_literal(&h, ":method", "POST");
	sp_hpack_literal(&h, ":scheme", "http");
	sp_hpack_literal(&h, ":path", "/grpc.health.v1.Health/Check");
	sp_hpack_literal(&h, ":authority", g->call.authority);
	sp_hpack_literal(&h, "content-type", "application/grpc");
	sp_hpack_literal(&h, "user-agent", g->call.user_agent);
	sp_hpack_literal(&h, "te", "trailers");
	if (g->call.timeout_ms > 0) { /* at most 8 digits */
		bool in_s = g->call.timeout_ms > 99999999;
		int64_t v = in_s ? g->call.timeout_ms / 1000 : g->call.timeout_ms;

		sp_buf_printf(&t, "%lld%c", (long long)SP_MIN(v, 99999999), in_s ? 'S' : 'm');
		sp_hpack_literal(&h, "grpc-timeout", timeout);
	}
	put_frame(g, F_HEADERS, FLAG_END_HEADERS, STREAM, h.ptr, h.len);
	g->out.failed |= h.failed;
}

/* HealthCheckRequest{service = 1}, behind gRPC's five bytes; waits until both windows are open */
static void put_body(struct sp_grpc *g)
{
	size_t len = strnlen(g->call.service, SP_GRPC_SERVICE);
	uint8_t head[8] = {0}, *p = head + 5;
	SP_CLEANUP(sp_buf_done) struct sp_buf body = {0};

	if (len) {
		*p++ = 1 << 3 | 2; /* field 1, bytes */
		if (len >= 128)
			*p++ = (uint8_t)(0x80 | (len & 0x7f));
		*p++ = (uint8_t)(len >= 128 ? len >> 7 : len);
	}
	put32(head + 1, (uint32_t)((size_t)(p - head) - 5 + len));
	sp_buf_add(&body, head, (size_t)(p - head));
	sp_buf_add(&body, g->call.service, len);
	if ((int64_t)body.len > g->window || (int64_t)body.len > g->stream_window)
		return;
	put_frame(g, F_DATA, FLAG_END_STREAM, STREAM, body.ptr, body.len);
	g->out.failed |= body.failed;
	g->body_sent = true;
}

/* ---- the answer ------------------------------------------------------------------------------ */

static bool is(struct sp_str s, const char *lit)
{
	return s.len == strlen(lit) && memcmp(s.ptr, lit, s.len) == 0;
}

/* Decimal, -1 when it is none or too big to be one of ours. */
static int small_number(struct sp_str s)
{
	int v = 0;

	if (s.len < 1 || s.len > 4)
		return -1;
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] < '0' || s.ptr[i] > '9')
			return -1;
		v = v * 10 + s.ptr[i] - '0';
	}
	return v;
}

static int hex(char c)
{
	return c >= '0' && c <= '9'   ? c - '0'
	       : c >= 'a' && c <= 'f' ? c - 'a' + 10
	       : c >= 'A' && c <= 'F' ? c - 'A' + 10
				      : -1;
}

/* grpc-message is percent-encoded. Control characters have no place in an event. */
static void take_message(struct sp_grpc *g, struct sp_str s)
{
	struct sp_buf b = sp_buf_fixed(g->message, sizeof(g->message));

	for (size_t i = 0; i < s.len; i++) {
		char c = s.ptr[i];

		if (c == '%' && i + 2 < s.len && hex(s.ptr[i + 1]) >= 0 && hex(s.ptr[i + 2]) >= 0) {
			c = (char)(hex(s.ptr[i + 1]) << 4 | hex(s.ptr[i + 2]));
			i += 2;
		}
		sp_buf_putc(&b, (unsigned char)c < ' ' ? ' ' : c);
	}
}

static void take_field(void *arg, struct sp_str name, struct sp_str value)
{
	static const char grpc[] = "application/grpc";
	struct sp_grpc *g = arg;

	if (is(name, ":status")) {
		g->http_status = small_number(value);
	} else if (is(name, "content-type")) {
		struct sp_buf b = sp_buf_fixed(g->content_type, sizeof(g->content_type));

		sp_buf_add(&b, value.ptr, value.len);
		g->content_type_seen = true;
		g->content_type_ok = value.len >= sizeof(grpc) - 1 &&
				     strncasecmp(value.ptr, grpc, sizeof(grpc) - 1) == 0 &&
				     (value.len == sizeof(grpc) - 1 ||
				      strchr("+;", value.ptr[sizeof(grpc) - 1]));
	} else if (is(name, "grpc-status")) {
		g->code = small_number(value);
		if (g->code < 0)
			g->code = SP_GRPC_UNKNOWN;
	} else if (is(name, "grpc-message")) {
		take_message(g, value);
	}
}

static void end_stream(struct sp_grpc *g)
{
	g->state = SP_GRPC_OVER;
}

static void end_block(struct sp_grpc *g)
{
	g->in_block = false;
	if (sp_hpack_decode(&g->hpack, g->block, g->n_block, take_field, g) < 0) {
		fail(g, "connection error: COMPRESSION_ERROR");
		return;
	}
	/* interim responses come before the one that counts */
	if (g->http_status >= 100 && g->http_status < 200 && !g->block_ends_stream)
		return;
	if (g->block_ends_stream)
		end_stream(g);
}

static void add_block(struct sp_grpc *g, const uint8_t *p, size_t len, uint8_t flags)
{
	if (len > sizeof(g->block) - g->n_block) {
		fail(g, "header block is too long");
		return;
	}
	memcpy(g->block + g->n_block, p, len);
	g->n_block += len;
	g->in_block = true;
	if (flags & FLAG_END_HEADERS)
		end_block(g);
}

/* Take the padding off. Return: false when it is longer than the frame. */
static bool unpad(const uint8_t **p, size_t *len, uint8_t flags)
{
	size_t pad;

	if (!(flags & FLAG_PADDED))
		return true;
	if (*len < 1)
		return false;
	pad = (*p)[0];
	(*p)++;
	(*len)--;
	if (pad > *len)
		return false;
	*len -= pad;
	return true;
}

static void take_data(struct sp_grpc *g, const uint8_t *p, size_t len, uint8_t flags)
{
	size_t n;

	if (!unpad(&p, &len, flags)) {
		fail(g, "connection error: PROTOCOL_ERROR");
		return;
	}
	n = SP_MIN(len, sizeof(g->reply) - g->n_reply);
	memcpy(g->reply + g->n_reply, p, n);
	g->n_reply += n;
	if (n < len) {
		g->reply_too_long = true; /* no window is given for more, so it ends here */
		end_stream(g);
	} else if (flags & FLAG_END_STREAM) {
		end_stream(g);
	}
}

static void take_headers(struct sp_grpc *g, const uint8_t *p, size_t len, uint8_t flags)
{
	size_t prio = flags & FLAG_PRIORITY ? 5 : 0;

	if (!unpad(&p, &len, flags) || len < prio) {
		fail(g, "connection error: PROTOCOL_ERROR");
		return;
	}
	g->n_block = 0;
	g->block_ends_stream = flags & FLAG_END_STREAM;
	add_block(g, p + prio, len - prio, flags);
}

static void take_settings(struct sp_grpc *g, const uint8_t *p, size_t len, uint8_t flags)
{
	if (flags & FLAG_ACK)
		return;
	if (len % 6) {
		fail(g, "connection error: FRAME_SIZE_ERROR");
		return;
	}
	for (; len; p += 6, len -= 6)
		if (p[0] == 0 && p[1] == SET_INITIAL_WINDOW) {
			int64_t v = get32(p + 2);

			if (v > WINDOW_MAX) {
				fail(g, "connection error: FLOW_CONTROL_ERROR");
				return;
			}
			g->stream_window += v - g->initial_window;
			g->initial_window = v;
		}
	put_frame(g, F_SETTINGS, FLAG_ACK, 0, NULL, 0);
	if (g->state == SP_GRPC_OPENING) {
		g->state = SP_GRPC_CALLING;
		g->opened = true;
		put_request(g);
	}
}

static void take_window(struct sp_grpc *g, uint32_t stream, const uint8_t *p, size_t len)
{
	int64_t *w = stream == 0 ? &g->window : stream == STREAM ? &g->stream_window : NULL;
	int64_t add;

	if (len != 4) {
		fail(g, "connection error: FRAME_SIZE_ERROR");
		return;
	}
	add = get32(p) & WINDOW_MAX;
	if (!w)
		return;
	if (add == 0 || *w + add > WINDOW_MAX) {
		fail(g, "connection error: FLOW_CONTROL_ERROR");
		return;
	}
	*w += add;
}

static void take_rst(struct sp_grpc *g, const uint8_t *p, size_t len)
{
	if (len != 4) {
		fail(g, "connection error: FRAME_SIZE_ERROR");
		return;
	}
	/* a server that said its status and then resets what it does not want to read is done */
	if (g->code < 0) {
		struct sp_buf b = sp_buf_fixed(g->message, sizeof(g->message));
		uint32_t e = get32(p);

		g->code = e < SP_ARRAY_LEN(rst_codes) ? rst_codes[e].code : SP_GRPC_UNKNOWN;
		sp_buf_puts(&b, "stream terminated by RST_STREAM with error code: ");
		if (e < SP_ARRAY_LEN(rst_codes))
			sp_buf_puts(&b, rst_codes[e].name);
		else
			sp_buf_printf(&b, "%u", e);
	}
	end_stream(g);
}

static void take_goaway(struct sp_grpc *g, const uint8_t *p, size_t len)
{
	if (len < 8)
		fail(g, "connection error: FRAME_SIZE_ERROR");
	else if ((get32(p) & WINDOW_MAX) < STREAM || g->state == SP_GRPC_OPENING)
		fail(g, "the connection is draining");
	/* else our stream is still served */
}

static void take_frame(struct sp_grpc *g)
{
	uint8_t type = g->head[3], flags = g->head[4];
	uint32_t stream = get32(g->head + 5) & WINDOW_MAX;
	const uint8_t *p = g->frame;
	size_t len = g->n_frame;
	bool ours = stream == STREAM && g->state == SP_GRPC_CALLING;

	if (g->state == SP_GRPC_OPENING && (type != F_SETTINGS || flags & FLAG_ACK)) {
		fail(g, "server preface is no SETTINGS frame");
		return;
	}
	if (g->in_block && (type != F_CONTINUATION || stream != STREAM)) {
		fail(g, "connection error: PROTOCOL_ERROR");
		return;
	}
	switch (type) {
	case F_DATA:
		if (ours)
			take_data(g, p, len, flags);
		break;
	case F_HEADERS:
		/* of no other stream: the table would miss a block */
		if (ours)
			take_headers(g, p, len, flags);
		else
			fail(g, "connection error: PROTOCOL_ERROR");
		break;
	case F_RST_STREAM:
		if (ours)
			take_rst(g, p, len);
		break;
	case F_SETTINGS:
		take_settings(g, p, len, flags);
		break;
	case F_PUSH_PROMISE:
		fail(g, "connection error: PROTOCOL_ERROR");
		break;
	case F_PING:
		if (len != 8)
			fail(g, "connection error: FRAME_SIZE_ERROR");
		else if (!(flags & FLAG_ACK))
			put_frame(g, F_PING, FLAG_ACK, 0, p, len);
		break;
	case F_GOAWAY:
		take_goaway(g, p, len);
		break;
	case F_WINDOW_UPDATE:
		take_window(g, stream, p, len);
		break;
	case F_CONTINUATION:
		if (g->in_block)
			add_block(g, p, len, flags);
		else
			fail(g, "connection error: PROTOCOL_ERROR");
		break;
	default: /* priorities, and frames of later days */
		break;
	}
	if (g->state == SP_GRPC_CALLING && !g->body_sent)
		put_body(g);
	if (g->out.failed || g->out.len > OUT_MAX)
		fail(g, "the server does not read");
}

void sp_grpc_feed(struct sp_grpc *g, const uint8_t *bytes, size_t n)
{
	while (n && g->state < SP_GRPC_OVER) {
		size_t want, take;

		if (g->n_head < sizeof(g->head)) {
			g->head[g->n_head++] = *bytes++;
			n--;
			if (g->n_head < sizeof(g->head))
				continue;
			g->n_frame = 0;
		}
		want = (size_t)g->head[0] << 16 | (size_t)g->head[1] << 8 | g->head[2];
		if (want > sizeof(g->frame)) {
			fail(g, "connection error: FRAME_SIZE_ERROR");
			return;
		}
		take = SP_MIN(n, want - g->n_frame);
		memcpy(g->frame + g->n_frame, bytes, take);
		g->n_frame += take;
		bytes += take;
		n -= take;
		if (g->n_frame == want) {
			take_frame(g);
			g->n_head = 0;
		}
	}
}

void sp_grpc_broke(struct sp_grpc *g, const char *why)
{
	fail(g, why);
}

/* ---- verdict --------------------------------------------------------------------------------- */

static uint64_t varint(const uint8_t **p, const uint8_t *end)
{
	uint64_t v = 0;

	for (unsigned int shift = 0; *p < end; shift += 7) {
		uint8_t b = *(*p)++;

		if (shift < 64)
			v |= (uint64_t)(b & 0x7f) << shift;
		if (!(b & 0x80))
			break;
	}
	return v;
}

/* HealthCheckResponse{status = 1}; other fields are passed over. Return: status, -1 malformed. */
static int64_t reply_status(const struct sp_grpc *g)
{
	const uint8_t *p = g->reply + 5, *end = g->reply + g->n_reply;
	int64_t status = 0; /* proto3: not there is zero */

	if (g->n_reply < 5 || g->reply[0] != 0 || get32(g->reply + 1) > g->n_reply - 5)
		return -1;
	end = p + get32(g->reply + 1);
	while (p < end) {
		uint64_t tag = varint(&p, end), skip = 0;

		switch (tag & 7) {
		case 0:
			skip = varint(&p, end);
			if (tag >> 3 == 1)
				status = (int64_t)(skip & INT32_MAX);
			continue;
		case 1:
			skip = 8;
			break;
		case 2:
			skip = varint(&p, end);
			break;
		case 5:
			skip = 4;
			break;
		default:
			return -1;
		}
		if (skip > (uint64_t)(end - p))
			return -1;
		p += skip;
	}
	return status;
}

static void put_rpc_error(struct sp_buf *text, int code, const char *message)
{
	sp_buf_puts(text, "error: health rpc probe failed: rpc error: code = ");
	if (code >= 0 && (size_t)code < SP_ARRAY_LEN(code_names))
		sp_buf_puts(text, code_names[code]);
	else
		sp_buf_printf(text, "Code(%d)", code);
	sp_buf_printf(text, " desc = %s", message);
}

static int code_of_http(int status)
{
	switch (status) {
	case 400:
		return SP_GRPC_INTERNAL;
	case 401:
		return SP_GRPC_UNAUTHENTICATED;
	case 403:
		return SP_GRPC_PERMISSION_DENIED;
	case 404:
		return SP_GRPC_UNIMPLEMENTED;
	case 429:
	case 502:
	case 503:
	case 504:
		return SP_GRPC_UNAVAILABLE;
	default:
		return SP_GRPC_UNKNOWN;
	}
}

/* The status of the call: the server's own, or what a proxy's answer or none at all amounts to. */
static int call_code(const struct sp_grpc *g, char *mem, size_t size)
{
	struct sp_buf b = sp_buf_fixed(mem, size);

	if (g->code >= 0 && (g->content_type_ok || !g->http_status || g->http_status == 200)) {
		sp_buf_puts(&b, g->message);
		return g->code;
	}
	if (!g->http_status) {
		sp_buf_puts(&b, "malformed header: missing HTTP status");
		return SP_GRPC_INTERNAL;
	}
	if (g->http_status != 200 || !g->content_type_ok) {
		if (g->http_status != 200)
			sp_buf_printf(&b, "unexpected HTTP status code received from server: %d",
				      g->http_status);
		if (!g->content_type_ok && b.len)
			sp_buf_puts(&b, "; ");
		if (!g->content_type_seen) {
			sp_buf_puts(&b, "malformed header: missing HTTP content-type");
		} else if (!g->content_type_ok) {
			sp_buf_puts(&b, "transport: received unexpected content-type ");
			sp_buf_quote(&b, g->content_type);
		}
		return code_of_http(g->http_status);
	}
	sp_buf_puts(&b, "server closed the stream without sending trailers");
	return SP_GRPC_INTERNAL;
}

bool sp_grpc_verdict(const struct sp_grpc *g, sp_time timeout, struct sp_buf *text)
{
	static const char *const names[] = {"UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"};
	char message[512];
	int64_t status;
	int code;

	if (g->state != SP_GRPC_OVER) {
		put_rpc_error(text, SP_GRPC_UNAVAILABLE, g->error);
		return false;
	}
	if (g->reply_too_long) {
		put_rpc_error(text, SP_GRPC_RESOURCE_EXHAUSTED, "received message is too long");
		return false;
	}
	code = call_code(g, message, sizeof(message));
	if (code == SP_GRPC_UNIMPLEMENTED) {
		sp_buf_printf(text,
			      "error: this server does not implement the grpc health protocol "
			      "(grpc.health.v1.Health): %s",
			      message);
		return false;
	}
	if (code == SP_GRPC_DEADLINE_EXCEEDED) {
		sp_buf_puts(text, "timeout: health rpc did not complete within ");
		sp_format_go_duration(text, timeout);
		return false;
	}
	if (code != SP_GRPC_OK) {
		put_rpc_error(text, code, message);
		return false;
	}
	status = reply_status(g);
	if (status < 0) {
		put_rpc_error(text, SP_GRPC_INTERNAL, "the answer is no health response");
		return false;
	}
	if (status == 1) {
		sp_buf_puts(text, "service healthy");
		return true;
	}
	if ((size_t)status < SP_ARRAY_LEN(names))
		sp_buf_printf(text, "service unhealthy (responded with \"%s\")", names[status]);
	else
		sp_buf_printf(text, "service unhealthy (responded with \"%lld\")",
			      (long long)status);
	return false;
}
