/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The HTTPS child: one GET with libcurl, in a process of its own, so that TLS with its megabytes
 * and its history of faults stays out of the supervisor. What to send and what an answer means is
 * request.c, the same as without TLS.
 */
#include "probe/dial.h"
#include "probe/http.h"
#include "probe/request.h"

#include <curl/curl.h>
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#define JOB_MAX ((size_t)4 << 20) /* as much as a pod object may have */

/* One request's response, as it comes in. */
struct answer {
	struct sp_request *request;
	bool has_location;
	size_t n_head, n_body;
	char location[SP_HTTP_LOCATION];
	char body[SP_HTTP_BODY + 1];
	bool enough; /* ended by us, not by a fault */
};

static int say(const char *word, const char *text)
{
	return printf("%s\n%s", word, text) < 0 || fflush(stdout) != 0;
}

/* ---- the job --------------------------------------------------------------------------------- */

static char *read_all(FILE *f, size_t *ret_len)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf b = {0};
	char some[4096];
	size_t n;

	while ((n = fread(some, 1, sizeof(some), f)) > 0 && b.len < JOB_MAX)
		sp_buf_add(&b, some, n);
	if (b.failed || ferror(f))
		return NULL;
	*ret_len = b.len;
	return sp_take_ptr(&b.ptr);
}

static int read_headers(json_t *list, struct sp_check_spec *s, struct sp_check_header **ret)
{
	struct sp_check_header *h = calloc(json_array_size(list) + 1, sizeof(*h));

	if (!h)
		return -1;
	s->headers = *ret = h;
	for (size_t i = 0; i < json_array_size(list); i++, s->n_headers++)
		if (json_unpack(json_array_get(list, i), "[ss]", &h[i].name, &h[i].value) < 0)
			return -1;
	return 0;
}

/* @doc keeps what spec and request point to, but for the list in *ret_headers, for free(). */
static int read_job(json_t *doc, struct sp_check_spec *s, struct sp_request *r,
		    struct sp_check_header **ret_headers)
{
	char mem[256];
	struct sp_buf text = sp_buf_fixed(mem, sizeof(mem));
	int port, port_given, hook, redirects, drop_host;
	const char *referer;
	json_t *headers;

	if (json_unpack(doc, "{s:s, s:i, s:b, s:s, s:b, s:i, s:i, s:b, s:s, s:o}", "host", &s->host,
			"port", &port, "portGiven", &port_given, "target", &s->path, "hook", &hook,
			"kubeMinor", &s->kube_minor, "redirects", &redirects, "dropHost",
			&drop_host, "referer", &referer, "headers", &headers) < 0 ||
	    read_headers(headers, s, ret_headers) < 0)
		return -1;
	s->kind = SP_CHECK_HTTPS;
	s->hook = hook;
	s->port = (uint16_t)port;
	if (sp_request_init(r, s, &text) < 0 || strlen(referer) >= sizeof(r->referer))
		return -1;
	r->url.port_given = port_given;
	r->redirects = (unsigned int)redirects;
	r->drop_host = drop_host;
	memcpy(r->referer, referer, strlen(referer) + 1);
	return 0;
}

/* ---- libcurl --------------------------------------------------------------------------------- */

/* Header lines of the response; of interim ones too, so each status line starts anew. */
static size_t take_header(char *line, size_t size, size_t n, void *arg)
{
	static const char location[] = "location:";
	struct answer *a = arg;
	size_t len = size * n, skip = sizeof(location) - 1;

	a->n_head += len;
	if (a->n_head > SP_HTTP_HEADERS)
		return 0;
	if (len >= 5 && strncmp(line, "HTTP/", 5) == 0)
		a->has_location = false;
	if (len <= skip || strncasecmp(line, location, skip) != 0 || a->has_location)
		return len;
	while (skip < len && (line[skip] == ' ' || line[skip] == '\t'))
		skip++;
	line += skip;
	size = len - skip;
	while (size && (unsigned char)line[size - 1] <= ' ')
		size--;
	if (!size || size >= sizeof(a->location))
		return size ? 0 : len;
	memcpy(a->location, line, size);
	a->location[size] = '\0';
	a->has_location = true;
	return len;
}

static size_t take_body(char *bytes, size_t size, size_t n, void *arg)
{
	struct answer *a = arg;
	size_t len = size * n, room = SP_HTTP_BODY - a->n_body;

	for (size_t i = 0; i < SP_MIN(len, room); i++)
		a->body[a->n_body++] = bytes[i] ? bytes[i] : '?';
	a->body[a->n_body] = '\0';
	a->enough = len >= room || a->request->spec->hook;
	return a->enough ? 0 : len;
}

/* The header lines of the request, made by the same function as without TLS. */
static struct curl_slist *header_list(const struct sp_request *r)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf b = {0};
	struct curl_slist *list = NULL;
	bool accept = false;
	char *line, *end;

	sp_request_print(r, &b);
	if (b.failed)
		return NULL;
	line = strstr(b.ptr, "\r\n") + 2; /* the request line is libcurl's */
	for (; (end = strstr(line, "\r\n")) && end != line; line = end + 2) {
		*end = '\0';
		accept |= strncasecmp(line, "Accept:", 7) == 0;
		/* a header with an empty value is written "Name;" */
		if (end - line >= 2 && end[-2] == ':')
			memcpy(end - 2, ";", 2);
		list = curl_slist_append(list, line);
	}
	/* libcurl adds one by itself unless told not to */
	return accept ? list : curl_slist_append(list, "Accept:");
}

/* A server that answered the first TLS bytes in plain text; each TLS library has its own words. */
static bool is_plain_server(CURLcode r, const char *detail)
{
	static const char *const words[] = {"wrong version number", "http request",
					    "unexpected TLS packet", "packet length too long"};

	if (r != CURLE_SSL_CONNECT_ERROR)
		return false;
	for (size_t i = 0; i < SP_ARRAY_LEN(words); i++)
		if (strcasestr(detail, words[i]))
			return true;
	return false;
}

/* What went wrong, as Go would say it where it has a counterpart. */
static void put_cause(CURL *curl, CURLcode r, const char *detail, const struct sp_request *rq,
		      struct sp_buf *b)
{
	long errnum = 0;

	(void)curl_easy_getinfo(curl, CURLINFO_OS_ERRNO, &errnum);
	if (r == CURLE_COULDNT_CONNECT) {
		sp_buf_puts(b, "dial tcp ");
		sp_put_host_port(b, rq->url.host, rq->url.port);
		sp_buf_printf(b, ": connect: %s", errnum ? sp_errno_text((int)errnum) : detail);
	} else if (r == CURLE_COULDNT_RESOLVE_HOST) {
		sp_buf_printf(b, "dial tcp: lookup %s: no such host", rq->url.host);
	} else if (r == CURLE_GOT_NOTHING) {
		sp_buf_puts(b, "EOF");
	} else if (r == CURLE_PARTIAL_FILE) {
		sp_buf_puts(b, "unexpected EOF");
	} else {
		sp_buf_puts(b, detail[0] ? detail : curl_easy_strerror(r));
	}
}

static int set_up(CURL *curl, struct answer *a, struct curl_slist *headers, const char *url,
		  char *detail)
{
	CURLcode r = CURLE_OK;

	curl_easy_reset(curl);
	r |= curl_easy_setopt(curl, CURLOPT_URL, url);
	r |= curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
	r |= curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	r |= curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	r |= curl_easy_setopt(curl, CURLOPT_PROXY, "");
	r |= curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L);
	r |= curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);
	r |= curl_easy_setopt(curl, CURLOPT_FORBID_REUSE, 1L);
	r |= curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	r |= curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS,
			      0x7fffffffL); /* the caller ends us */
	r |= curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	r |= curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
	r |= curl_easy_setopt(curl, CURLOPT_HEADERDATA, a);
	r |= curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
	r |= curl_easy_setopt(curl, CURLOPT_WRITEDATA, a);
	r |= curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, detail);
	return r == CURLE_OK ? 0 : -1;
}

/* One round trip. Return: 1 a response is there, 0 redirected: again, -1 it is said. */
static int round_trip(CURL *curl, struct sp_request *rq, struct answer *a, long *status)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf url = {0}, text = {0}, cause = {0};
	char detail[CURL_ERROR_SIZE] = "";
	struct curl_slist *headers = header_list(rq);
	enum sp_redirect next;
	CURLcode r = CURLE_OUT_OF_MEMORY;

	*a = (struct answer){.request = rq};
	*status = 0;
	sp_url_print(&rq->url, &url);
	if (headers && !url.failed && set_up(curl, a, headers, url.ptr, detail) == 0)
		r = curl_easy_perform(curl);
	(void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, status); /* 0 when there is none */
	curl_slist_free_all(headers);
	if (r != CURLE_OK && !a->enough && !(*status && rq->spec->hook)) {
		bool plain = is_plain_server(r, detail);

		if (plain)
			sp_buf_puts(&cause, "http: server gave HTTP response to HTTPS client");
		else
			put_cause(curl, r, detail, rq, &cause);
		sp_request_error(rq, cause.ptr ? cause.ptr : "", &text);
		(void)say(plain ? "plain" : "failure", text.ptr ? text.ptr : "");
		return -1;
	}
	next = sp_request_redirect(rq, (int)*status, a->has_location ? a->location : NULL, &text);
	if (next == SP_REDIRECT_ERROR) {
		(void)say("failure", text.ptr ? text.ptr : "");
		return -1;
	}
	return next == SP_REDIRECT_NONE;
}

int sp_https_check_main(int argc, char **argv)
{
	static const char *const words[] = {[SP_OUT_SUCCESS] = "success",
					    [SP_OUT_FAILURE] = "failure",
					    [SP_OUT_WARNING] = "warning"};
	static struct answer a;
	static struct sp_request rq;
	SP_CLEANUP(sp_buf_done) struct sp_buf text = {0};
	struct sp_check_spec spec = {0};
	struct sp_check_header *headers = NULL;
	enum sp_outcome outcome;
	size_t len = 0;
	char *job = read_all(stdin, &len);
	json_t *doc = job ? json_loadb(job, len, 0, NULL) : NULL;
	CURL *curl;
	long status;
	int r = 0;

	(void)argc;
	(void)argv;
	if (!doc || read_job(doc, &spec, &rq, &headers) < 0) {
		fputs("https-check: one request as JSON is expected on standard input\n", stderr);
		return 2;
	}
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK || !(curl = curl_easy_init()))
		return 1;
	while (r == 0)
		r = round_trip(curl, &rq, &a, &status);
	if (r > 0) {
		outcome = sp_request_verdict(&rq, (int)status, a.body, &text);
		r = say(words[outcome], text.ptr ? text.ptr : "");
	}
	curl_easy_cleanup(curl);
	json_decref(doc);
	free(job);
	free(headers);
	return r > 0;
}
