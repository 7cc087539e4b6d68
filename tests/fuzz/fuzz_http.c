/* SPDX-License-Identifier: Apache-2.0 */
/* A server's bytes into the HTTP reader, in pieces of any size, and its Location into the URLs. */
#include "probe/http.h"
#include "probe/url.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The same bytes must mean the same, however they are cut. */
static void feed(struct sp_http *h, const uint8_t *data, size_t size, size_t piece)
{
	sp_http_init(h);
	for (size_t i = 0; i < size; i += piece)
		sp_http_feed(h, (const char *)data + i, SP_MIN(piece, size - i));
	sp_http_eof(h);
	assert(h->state == SP_HTTP_DONE || h->state == SP_HTTP_BROKEN);
	assert(h->n_body <= SP_HTTP_BODY && strlen(h->body) == h->n_body);
	assert((h->state == SP_HTTP_BROKEN) == (h->error[0] != '\0'));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct sp_http a, b;
	struct sp_url u;

	feed(&a, data, size, size ? size : 1);
	feed(&b, data, size, 1);
	assert(a.state == b.state && a.status == b.status && a.n_body == b.n_body);
	assert(strcmp(a.error, b.error) == 0 && strcmp(a.body, b.body) == 0);
	if (a.has_location && sp_url_make(&u, false, "host", 80, "/a/b?c") == 0 &&
	    sp_url_follow(&u, a.location) >= 0) {
		assert(u.target[0] == '/' && u.host[0]);
		assert(!strpbrk(u.target, " \r\n#") && !strpbrk(u.host, " \r\n/"));
	}
	return 0;
}
