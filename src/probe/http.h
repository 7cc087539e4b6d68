/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An HTTP/1.x response read byte by byte: fixed memory whatever the server sends. Headers that
 * nobody asks for pass by; of the body 10 KiB are kept, and then it is over (PROBE-21). Pure.
 * Source: RFC 9112; error texts as Go's net/http words them.
 */
#ifndef SP_PROBE_HTTP_H
#define SP_PROBE_HTTP_H

#include "base/buf.h"

#define SP_HTTP_BODY     (10 * 1024)
#define SP_HTTP_LINE     4352               /* longest line that is understood */
#define SP_HTTP_HEADERS  ((size_t)10 << 20) /* longest head; more is a hostile server */
#define SP_HTTP_LOCATION 4096

enum sp_http_state {
	SP_HTTP_STATUS,
	SP_HTTP_FIELDS,
	SP_HTTP_FIXED, /* body of known length */
	SP_HTTP_UNTIL_EOF,
	SP_HTTP_CHUNK_SIZE,
	SP_HTTP_CHUNK,
	SP_HTTP_CHUNK_END,
	SP_HTTP_TRAILERS,
	SP_HTTP_DONE,
	SP_HTTP_BROKEN, /* `error` says why */
};

struct sp_http {
	enum sp_http_state state;
	int status; /* of the final response; known once `head` is set */
	bool head;  /* the head is complete: status, location */
	bool began; /* something arrived */
	bool has_location, chunked, has_length;
	unsigned int n_interim; /* 1xx responses so far */
	uint64_t left;          /* bytes of the body, or of the chunk */
	size_t n_head, n_line, n_body;
	char line[SP_HTTP_LINE];
	bool line_cut;
	char location[SP_HTTP_LOCATION];
	char body[SP_HTTP_BODY + 1]; /* NUL-terminated; NUL bytes in it are replaced by '?' */
	char error[256];
};

void sp_http_init(struct sp_http *h);

/** sp_http_feed() - Take bytes. Afterwards look at state and head */
void sp_http_feed(struct sp_http *h, const char *bytes, size_t n);

/** sp_http_eof() - The server closed. Afterwards the state is DONE or BROKEN */
void sp_http_eof(struct sp_http *h);

#endif
