/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Targets that play libcurl read what servers say from a script: answers one after the other, with
 * "\n%%%\n" between. Each is the text of an HTTP answer, or '!' and a byte, which is a failure of
 * libcurl by number.
 */
#ifndef SP_FUZZ_CURL_SCRIPT_H
#define SP_FUZZ_CURL_SCRIPT_H

#include "base/buf.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <strings.h>

#undef curl_easy_setopt
#undef curl_easy_getinfo

/* Who is told of an answer. */
struct curl_listener {
	curl_write_callback header;
	void *header_arg;
	curl_write_callback write;
	void *write_arg;
	bool body;
	long *status;
	char *location; /* of a redirect; "" none */
	size_t location_size;
};

static inline struct sp_str curl_script_next(struct sp_str *script)
{
	static const char between[] = "\n%%%\n";
	const size_t n = sizeof(between) - 1;
	const char *end = memmem(script->ptr, script->len, between, n);
	struct sp_str s = {script->ptr, end ? (size_t)(end - script->ptr) : script->len};
	size_t step = s.len + (end ? n : 0);

	script->ptr += step;
	script->len -= step;
	return s;
}

/* The status, or a header. Return: did the other side take it? */
static inline bool curl_script_line(const struct curl_listener *l, const char *line, size_t n)
{
	static const char location[] = "location: ", http[] = "HTTP/1.1 ";
	size_t k = sizeof(location) - 1;
	char *mem = malloc(n); /* of its own, so that a step too far is seen */
	bool ok;

	if (!mem)
		abort();
	memcpy(mem, line, n);
	if (n > sizeof(http) + 2 && memcmp(mem, http, sizeof(http) - 1) == 0)
		*l->status = (mem[9] - '0') * 100 + (mem[10] - '0') * 10 + (mem[11] - '0');
	if (n > k && strncasecmp(mem, location, k) == 0 && n - k < l->location_size) {
		memcpy(l->location, mem + k, n - k);
		l->location[n - k] = '\0';
		l->location[strcspn(l->location, "\r\n")] = '\0';
	}
	ok = l->header(mem, 1, n, l->header_arg) == n;
	free(mem);
	return ok;
}

/* The next answer, as libcurl would tell it. */
static inline CURLcode curl_script_play(struct sp_str *script, const struct curl_listener *l)
{
	struct sp_str s = curl_script_next(script);
	const char *p = s.ptr, *end = p + s.len;

	if (p == end)
		return CURLE_COULDNT_CONNECT;
	if (*p == '!')
		return s.len > 1 ? (CURLcode)((unsigned char)p[1] % CURL_LAST) : CURLE_RECV_ERROR;
	while (p < end) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));
		size_t n = nl ? (size_t)(nl + 1 - p) : (size_t)(end - p);
		bool last = *p == '\n' || (*p == '\r' && n == 2);

		if (!curl_script_line(l, p, n))
			return CURLE_WRITE_ERROR;
		p += n;
		if (last)
			break;
	}
	while (p < end && l->body) {
		size_t n = SP_MIN((size_t)(end - p), (size_t)61);

		if (l->write((char *)(uintptr_t)p, 1, n, l->write_arg) != n)
			return CURLE_WRITE_ERROR;
		p += n;
	}
	return CURLE_OK;
}

#endif
