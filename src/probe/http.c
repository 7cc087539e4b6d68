/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/http.h"

#include "base/text.h"

#include <strings.h>

#define INTERIM_MAX 5 /* 1xx responses before the real one */
#define BROKEN      "net/http: HTTP/1.x transport connection broken: "

void sp_http_init(struct sp_http *h)
{
	memset(h, 0, sizeof(*h));
}

/* The connection is of no use any more; @text is cut when it has to be. */
static void broken(struct sp_http *h, const char *fmt, ...) SP_PRINTF(2, 3);
static void broken(struct sp_http *h, const char *fmt, ...)
{
	struct sp_buf b = sp_buf_fixed(h->error, sizeof(h->error));
	va_list ap;

	va_start(ap, fmt);
	sp_buf_vprintf(&b, fmt, ap);
	va_end(ap);
	h->state = SP_HTTP_BROKEN;
}

static void broken_quoted(struct sp_http *h, const char *what, const char *text)
{
	struct sp_buf b = sp_buf_fixed(h->error, sizeof(h->error));

	sp_buf_printf(&b, "%s%s ", BROKEN, what);
	sp_buf_quote(&b, text);
	h->state = SP_HTTP_BROKEN;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* "HTTP/1.1 200 OK"; the reason may be missing */
static void take_status(struct sp_http *h)
{
	const char *s = h->line, *code = strchr(s, ' ');

	if (!code) {
		broken_quoted(h, "malformed HTTP response", s);
		return;
	}
	if (strncmp(s, "HTTP/", 5) != 0 || !is_digit(s[5]) || s[6] != '.' || !is_digit(s[7]) ||
	    s + 8 != code) {
		h->line[code - s] = '\0';
		broken_quoted(h, "malformed HTTP version", s);
		return;
	}
	code += strspn(code, " ");
	if (!is_digit(code[0]) || !is_digit(code[1]) || !is_digit(code[2]) ||
	    (code[3] && code[3] != ' ')) {
		h->line[code - s + (ptrdiff_t)strcspn(code, " ")] = '\0';
		broken_quoted(h, "malformed HTTP status code", code);
		return;
	}
	h->status = (code[0] - '0') * 100 + (code[1] - '0') * 10 + (code[2] - '0');
	h->state = SP_HTTP_FIELDS;
}

static void take_length(struct sp_http *h, const char *value)
{
	int64_t v;

	if (!is_digit(value[0]) || sp_parse_i64(value, 0, INT64_MAX, &v) != 0 ||
	    (h->has_length && h->left != (uint64_t)v)) {
		broken_quoted(h, "bad Content-Length", value);
		return;
	}
	h->has_length = true;
	h->left = (uint64_t)v;
}

/* One field of the head. Lines that continue another are of an older world and rare: skipped. */
static void take_field(struct sp_http *h)
{
	char *colon = strchr(h->line, ':'), *value;
	size_t n;

	if (h->line[0] == ' ' || h->line[0] == '\t')
		return;
	if (!colon || colon == h->line) {
		if (!h->line_cut)
			broken(h, BROKEN "malformed MIME header line: %s", h->line);
		return;
	}
	*colon = '\0';
	value = colon + 1 + strspn(colon + 1, " \t");
	for (n = strlen(value); n && (value[n - 1] == ' ' || value[n - 1] == '\t'); n--)
		value[n - 1] = '\0';
	if (strcasecmp(h->line, "Content-Length") == 0) {
		take_length(h, value);
	} else if (strcasecmp(h->line, "Transfer-Encoding") == 0) {
		h->chunked = strcasecmp(value, "chunked") == 0;
		if (!h->chunked && strcasecmp(value, "identity") != 0)
			broken_quoted(h, "unsupported transfer encoding:", value);
	} else if (strcasecmp(h->line, "Location") == 0 && !h->has_location) {
		if (h->line_cut || n >= sizeof(h->location)) {
			broken(h, "Location header is longer than %d bytes", SP_HTTP_LOCATION);
			return;
		}
		memcpy(h->location, value, n + 1);
		h->has_location = n > 0;
	}
}

/* The empty line after the fields: what follows? */
static void end_of_head(struct sp_http *h)
{
	if (h->status >= 100 && h->status < 200 && h->status != 101) {
		if (++h->n_interim > INTERIM_MAX) {
			broken(h, "net/http: too many 1xx informational responses");
			return;
		}
		h->has_location = h->chunked = h->has_length = false;
		h->left = 0;
		h->state = SP_HTTP_STATUS;
		return;
	}
	h->head = true;
	if (h->status == 101 || h->status == 204 || h->status == 304)
		h->state = SP_HTTP_DONE;
	else if (h->chunked)
		h->state = SP_HTTP_CHUNK_SIZE;
	else if (h->has_length)
		h->state = h->left ? SP_HTTP_FIXED : SP_HTTP_DONE;
	else
		h->state = SP_HTTP_UNTIL_EOF;
}

/* "1f;extension" */
static void take_chunk_size(struct sp_http *h)
{
	const char *s = h->line;
	uint64_t v = 0;
	size_t n = 0;

	for (;; n++, s++) {
		int digit = is_digit(*s)             ? *s - '0'
			    : *s >= 'a' && *s <= 'f' ? *s - 'a' + 10
			    : *s >= 'A' && *s <= 'F' ? *s - 'A' + 10
						     : -1;

		if (digit < 0)
			break;
		if (n == 16) {
			broken(h, "http chunk length too large");
			return;
		}
		v = v << 4 | (uint64_t)digit;
	}
	if (h->line_cut) {
		broken(h, "header line too long");
		return;
	}
	s += strspn(s, " \t");
	if (n == 0 || (*s && *s != ';')) {
		broken(h, "invalid byte in chunk length");
		return;
	}
	h->left = v;
	h->state = v ? SP_HTTP_CHUNK : SP_HTTP_TRAILERS;
}

/* A complete line, without its end. */
static void take_line(struct sp_http *h)
{
	bool empty = h->n_line == 0 && !h->line_cut;

	/* the states beyond have no lines */
	if (h->state == SP_HTTP_STATUS) {
		take_status(h);
	} else if (h->state == SP_HTTP_FIELDS) {
		if (empty)
			end_of_head(h);
		else
			take_field(h);
	} else if (h->state == SP_HTTP_CHUNK_SIZE) {
		take_chunk_size(h);
	} else if (h->state == SP_HTTP_CHUNK_END) {
		if (empty)
			h->state = SP_HTTP_CHUNK_SIZE;
		else
			broken(h, "malformed chunked encoding");
	} else if (empty) { /* of trailers */
		h->state = SP_HTTP_DONE;
	}
}

static void take_line_byte(struct sp_http *h, char c)
{
	/* trailers and chunk extensions count too: nothing is read for ever */
	if (++h->n_head > SP_HTTP_HEADERS) {
		broken(h, BROKEN "net/http: server response headers exceeded %zu bytes; aborted",
		       SP_HTTP_HEADERS);
		return;
	}
	if (c != '\n') {
		if (h->n_line < sizeof(h->line) - 1)
			h->line[h->n_line++] = c ? c : '?'; /* NUL is nowhere allowed */
		else
			h->line_cut = true;
		return;
	}
	if (h->n_line && h->line[h->n_line - 1] == '\r')
		h->n_line--;
	h->line[h->n_line] = '\0';
	take_line(h);
	h->n_line = 0;
	h->line_cut = false;
}

/* Return: bytes taken. */
static size_t take_body(struct sp_http *h, const char *bytes, size_t n)
{
	size_t room = SP_HTTP_BODY - h->n_body;

	if (h->state != SP_HTTP_UNTIL_EOF && n > h->left)
		n = (size_t)h->left;
	for (size_t i = 0; i < SP_MIN(n, room); i++)
		h->body[h->n_body++] = bytes[i] ? bytes[i] : '?';
	if (h->state != SP_HTTP_UNTIL_EOF)
		h->left -= n;
	if (h->n_body == SP_HTTP_BODY)
		h->state = SP_HTTP_DONE;
	else if (h->state == SP_HTTP_FIXED && !h->left)
		h->state = SP_HTTP_DONE;
	else if (h->state == SP_HTTP_CHUNK && !h->left)
		h->state = SP_HTTP_CHUNK_END;
	return n;
}

void sp_http_feed(struct sp_http *h, const char *bytes, size_t n)
{
	for (size_t i = 0; i < n && h->state < SP_HTTP_DONE;) {
		h->began = true;
		if (h->state == SP_HTTP_FIXED || h->state == SP_HTTP_UNTIL_EOF ||
		    h->state == SP_HTTP_CHUNK)
			i += take_body(h, bytes + i, n - i);
		else
			take_line_byte(h, bytes[i++]);
	}
}

void sp_http_eof(struct sp_http *h)
{
	if (h->state >= SP_HTTP_DONE)
		return;
	if (h->state == SP_HTTP_UNTIL_EOF)
		h->state = SP_HTTP_DONE;
	else
		broken(h, h->began ? "unexpected EOF" : "EOF");
}
