/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/http.h"

#include "base/text.h"
#include "sys/fd.h"
#include "sys/sys.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/stat.h>
#include <time.h>

#define CONNECT_S    15
#define SLOW_BYTES_S 1024 /* slower than this … */
#define SLOW_S       30   /* … for so long is a dead connection */
#define BUFFER_BYTES (512L * 1024)
#define CA_MAX_BYTES (1024u * 1024)
#define HEADERS_MAX  200

struct sp_http {
	CURLM *multi;
	const char *(*env)(const char *name);
};

/* ---- hosts ---- */

void sp_url_host(const char *url, char *ret, size_t size)
{
	struct sp_buf b = sp_buf_fixed(ret, size);
	const char *p = strstr(url, "://"), *at;
	size_t n;

	p = p ? p + 3 : url;
	n = strcspn(p, "/?#");
	at = memrchr(p, '@', n);
	if (at) {
		n -= (size_t)(at + 1 - p);
		p = at + 1;
	}
	sp_buf_add(&b, p, SP_MIN(n, size - 1));
}

bool sp_host_is_loopback(const char *host)
{
	struct in_addr a4;
	char name[256];
	size_t n = host[0] == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":");

	if (n == 0 || n >= sizeof(name) || n > strlen(host))
		return false;
	memcpy(name, host, n);
	name[n] = '\0';
	return sp_streq(name, "localhost") || sp_streq(name, "[::1]") ||
	       (inet_pton(AF_INET, name, &a4) == 1 && ntohl(a4.s_addr) >> 24 == 127);
}

/* ---- certificates of a host: <dir>/<host>/{*.crt, x.cert + x.key} ---- */

static void add_file(int dir_fd, const char *name, struct sp_buf *out)
{
	SP_CLEANUP(sp_closep) int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	char mem[8192];
	ssize_t n;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return;
	while (out->len < CA_MAX_BYTES && (n = read(fd, mem, sizeof(mem))) > 0)
		sp_buf_add(out, mem, (size_t)n);
	sp_buf_putc(out, '\n');
}

static bool ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), k = strlen(end);

	return n > k && sp_streq(s + n - k, end);
}

static bool certs_of(const char *dir, struct sp_request *r)
{
	DIR *d = opendir(dir);
	struct dirent *e;

	if (!d)
		return false;
	while ((e = readdir(d)) != NULL) {
		char cert[4096], key[4096];
		size_t n = strlen(e->d_name);

		if (ends_with(e->d_name, ".crt"))
			add_file(dirfd(d), e->d_name, &r->ca);
		if (!ends_with(e->d_name, ".cert"))
			continue;
		if ((size_t)snprintf(cert, sizeof(cert), "%s/%s", dir, e->d_name) >= sizeof(cert) ||
		    (size_t)snprintf(key, sizeof(key), "%s/%.*s.key", dir, (int)(n - 5),
				     e->d_name) >= sizeof(key))
			continue;
		curl_easy_setopt(r->easy, CURLOPT_SSLCERT, cert);
		curl_easy_setopt(r->easy, CURLOPT_SSLKEY, key);
	}
	closedir(d);
	return true;
}

static void use_certs(struct sp_http *h, struct sp_request *r, const char *host)
{
	const char *home = h->env("HOME");
	char dir[4096];

	if (strchr(host, '/') || host[0] == '.')
		return;
	(void)snprintf(dir, sizeof(dir), "%s/.config/containers/certs.d/%s", home ? home : "",
		       host);
	if (home && *home && certs_of(dir, r))
		goto found;
	(void)snprintf(dir, sizeof(dir), "/etc/containers/certs.d/%s", host);
	if (certs_of(dir, r))
		goto found;
	(void)snprintf(dir, sizeof(dir), "/etc/docker/certs.d/%s", host);
	if (!certs_of(dir, r))
		return;
found:
	if (r->ca.len &&
	    !r->ca.failed) { /* beside those of the system, which stay as a directory */
		struct curl_blob blob = {r->ca.ptr, r->ca.len, CURL_BLOB_NOCOPY};

		curl_easy_setopt(r->easy, CURLOPT_CAINFO_BLOB, &blob);
	}
}

/* ---- callbacks ---- */

static size_t on_body(char *bytes, size_t one, size_t n, void *arg)
{
	struct sp_request *r = arg;

	curl_easy_getinfo(r->easy, CURLINFO_RESPONSE_CODE, &r->status);
	if (r->status / 100 == 2 && r->sink)
		return r->sink(r->arg, r, bytes, n) < 0 ? 0 : n;
	if (r->body.len < SP_HTTP_ERROR_BYTES)
		sp_buf_add(&r->body, bytes, SP_MIN(n, SP_HTTP_ERROR_BYTES - r->body.len));
	/* the rest of an error page is not worth the line; of a redirect neither */
	return n;
}

static void copy_trimmed(char *out, size_t size, const char *p, size_t n)
{
	while (n > 0 && (*p == ' ' || *p == '\t')) {
		p++;
		n--;
	}
	while (n > 0 && strchr(" \t\r\n", p[n - 1]))
		n--;
	if (n >= size)
		n = 0; /* a cut value would be another value */
	memcpy(out, p, n);
	out[n] = '\0';
}

static int64_t parse_retry_after(const char *text)
{
	int64_t n;
	time_t at;

	if (sp_parse_i64(text, 0, 86400, &n) == 0)
		return n;
	at = curl_getdate(text, NULL);
	if (at < 0)
		return -1;
	n = (int64_t)at - (int64_t)time(NULL);
	return SP_MAX(n, 0);
}

static size_t on_header(char *line, size_t one, size_t n, void *arg)
{
	struct sp_request *r = arg;
	const char *colon = memchr(line, ':', n), *value = colon ? colon + 1 : NULL;
	size_t k = colon ? (size_t)(colon - line) : 0, left = n - k - (colon ? 1 : 0);
	char text[128];

	if (n > 5 && memcmp(line, "HTTP/", 5) == 0) { /* after "100 Continue" or a proxy's answer */
		r->n_challenges = 0;
		r->retry_after_s = r->range_start = -1;
		r->digest[0] = '\0';
	}
	if (!value)
		return n;
	if (k == 16 && strncasecmp(line, "WWW-Authenticate", k) == 0) {
		if (r->n_challenges < SP_ARRAY_LEN(r->challenge))
			copy_trimmed(r->challenge[r->n_challenges++], sizeof(r->challenge[0]),
				     value, left);
	} else if (k == 21 && strncasecmp(line, "Docker-Content-Digest", k) == 0) {
		copy_trimmed(r->digest, sizeof(r->digest), value, left);
	} else if (k == 11 && strncasecmp(line, "Retry-After", k) == 0) {
		copy_trimmed(text, sizeof(text), value, left);
		r->retry_after_s = parse_retry_after(text);
	} else if (k == 13 && strncasecmp(line, "Content-Range", k) == 0) {
		copy_trimmed(text, sizeof(text), value, left);
		text[strcspn(text, "-")] = '\0';
		if (strncmp(text, "bytes ", 6) != 0 ||
		    sp_parse_i64(text + 6, 0, INT64_MAX, &r->range_start) < 0)
			r->range_start = -1;
	}
	return n;
}

/* ---- requests ---- */

struct sp_http *sp_http_new(const char *(*env)(const char *name), struct sp_error *err)
{
	struct sp_http *h = calloc(1, sizeof(*h));

	if (!h || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK ||
	    !(h->multi = curl_multi_init())) {
		free(h);
		(void)sp_fail(err, SP_E_NO_MEMORY, "HTTP client");
		return NULL;
	}
	h->env = env;
	return h;
}

struct sp_http *sp_http_free(struct sp_http *h)
{
	if (h) {
		curl_multi_cleanup(h->multi);
		free(h);
	}
	return NULL;
}

static bool add_line(struct sp_request *r, const char *name, const char *value)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf b = {0};
	struct curl_slist *more;

	sp_buf_printf(&b, "%s: %s", name, value);
	more = b.failed ? NULL : curl_slist_append(r->headers, b.ptr);
	if (b.ptr)
		explicit_bzero(b.ptr, b.len);
	if (more)
		r->headers = more;
	return more != NULL;
}

static bool set_options(struct sp_http *h, struct sp_request *r, const char *host)
{
	CURL *c = r->easy;
	char range[32];

	curl_easy_setopt(c, CURLOPT_URL, r->url);
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_USERAGENT, "sidepod/" SP_VERSION);
	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_S);
	curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, (long)SLOW_BYTES_S);
	curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME, (long)SLOW_S);
	curl_easy_setopt(c, CURLOPT_TIMEOUT, (long)r->limit_s);
	curl_easy_setopt(c, CURLOPT_BUFFERSIZE, BUFFER_BYTES);
	curl_easy_setopt(c, CURLOPT_ERRORBUFFER, r->error);
	curl_easy_setopt(c, CURLOPT_PRIVATE, r);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, r);
	curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(c, CURLOPT_HEADERDATA, r);
	curl_easy_setopt(c, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	if (sp_host_is_loopback(host))
		curl_easy_setopt(c, CURLOPT_NOPROXY, "*");
	if (r->unverified) {
		curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 0L);
		curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, 0L);
	}
	if (r->head)
		curl_easy_setopt(c, CURLOPT_NOBODY, 1L);
	if (r->form)
		curl_easy_setopt(c, CURLOPT_COPYPOSTFIELDS, r->form);
	if (r->range_from) {
		(void)snprintf(range, sizeof(range), "%llu-", (unsigned long long)r->range_from);
		curl_easy_setopt(c, CURLOPT_RANGE, range);
	}
	if ((r->accept && !add_line(r, "Accept", r->accept)) ||
	    (r->authorization && !add_line(r, "Authorization", r->authorization)))
		return false;
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, (struct curl_slist *)r->headers);
	use_certs(h, r, host);
	return true;
}

int sp_http_start(struct sp_http *h, struct sp_request *r, struct sp_error *err)
{
	char host[256];

	assert(!r->started);
	r->done = r->tls_fault = r->refused = false;
	r->fault = (struct sp_error){0};
	r->status = 0;
	r->location[0] = r->digest[0] = r->error[0] = '\0';
	r->n_challenges = 0;
	r->retry_after_s = r->range_start = -1;
	sp_buf_clear(&r->body);
	sp_url_host(r->url, host, sizeof(host));
	r->easy = curl_easy_init();
	r->started = true;
	if (!r->easy || !set_options(h, r, host) ||
	    curl_multi_add_handle(h->multi, r->easy) != CURLM_OK) {
		sp_request_end(h, r);
		return sp_fail(err, SP_E_NO_MEMORY, "request to '%s'", host);
	}
	return 0;
}

/* What libcurl says, in words about what to do. URLs may hold signatures: only the host is told. */
static void explain(struct sp_request *r, CURLcode code)
{
	const char *why = r->error[0] ? r->error : curl_easy_strerror(code);
	struct sp_error *err = &r->fault;
	char host[256];
	long tunnel = 0;

	if (err->code != SP_OK)
		return; /* the sink stopped it and said why */
	sp_url_host(r->url, host, sizeof(host));
	switch ((int)code) {
	case CURLE_COULDNT_RESOLVE_HOST:
		r->refused = true;
		(void)sp_fail(
			err, SP_E_UNAVAILABLE,
			sys_has_route()
				? "registry '%s': no address for that name (DNS); is it "
				  "spelled right?"
				: "registry '%s': this machine has no network (no default route)",
			host);
		break;
	case CURLE_COULDNT_RESOLVE_PROXY:
		(void)sp_fail(
			err, SP_E_UNAVAILABLE,
			"registry '%s': no address for the proxy of HTTPS_PROXY or HTTP_PROXY",
			host);
		break;
	case CURLE_COULDNT_CONNECT:
		r->refused = true;
		(void)sp_fail(err, SP_E_UNAVAILABLE, "registry '%s': cannot connect: %s", host,
			      why);
		err->errnum = ECONNREFUSED;
		break;
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_ISSUER_ERROR:
		r->tls_fault = true;
		(void)sp_fail(err, SP_E_DENIED,
			      "registry '%s': its certificate is not trusted (TLS): %s; its CA "
			      "belongs into /etc/containers/certs.d/%s/ca.crt",
			      host, why, host);
		break;
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CIPHER:
		r->tls_fault = true;
		(void)sp_fail(err, SP_E_DENIED,
			      "registry '%s': no TLS connection: %s; a registry that speaks plain "
			      "HTTP needs insecure = true in registries.conf",
			      host, why);
		break;
	case CURLE_OPERATION_TIMEDOUT:
		(void)sp_fail(err, SP_E_TIMEOUT, "registry '%s': too slow or silent: %s", host,
			      why);
		break;
	case CURLE_OUT_OF_MEMORY:
		(void)sp_fail(err, SP_E_NO_MEMORY, "registry '%s'", host);
		break;
	default:
		(void)curl_easy_getinfo(r->easy, CURLINFO_HTTP_CONNECTCODE, &tunnel);
		/* a proxy that has rules, not a fault of the line */
		r->refused = tunnel >= 400 && tunnel < 500;
		(void)sp_fail(err, SP_E_UNAVAILABLE, "registry '%s': %s%s", host,
			      r->refused ? "its proxy refuses: " : "", why);
	}
}

static void finish(struct sp_http *h, CURL *easy, CURLcode code)
{
	struct sp_request *r = NULL;
	char *location = NULL;

	curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&r);
	curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &r->status);
	curl_easy_getinfo(easy, CURLINFO_REDIRECT_URL, &location);
	if (location && strlen(location) < sizeof(r->location))
		memcpy(r->location, location, strlen(location) + 1);
	if (code != CURLE_OK)
		explain(r, code);
	r->done = true;
	(void)curl_multi_remove_handle(h->multi, easy);
}

int sp_http_pump(struct sp_http *h, int timeout_ms, struct sp_error *err)
{
	int running, left;
	CURLMsg *m;

	if (curl_multi_perform(h->multi, &running) != CURLM_OK)
		return sp_fail(err, SP_E_INTERNAL, "HTTP client");
	m = curl_multi_info_read(h->multi, &left);
	if (!m) {
		if (curl_multi_poll(h->multi, NULL, 0, timeout_ms, NULL) != CURLM_OK ||
		    curl_multi_perform(h->multi, &running) != CURLM_OK)
			return sp_fail(err, SP_E_INTERNAL, "HTTP client");
		m = curl_multi_info_read(h->multi, &left);
	}
	for (; m; m = curl_multi_info_read(h->multi, &left))
		if (m->msg == CURLMSG_DONE)
			finish(h, m->easy_handle, m->data.result);
	return 0;
}

int sp_http_run(struct sp_http *h, struct sp_request *r, struct sp_error *err)
{
	if (sp_http_start(h, r, err) < 0)
		return -1;
	while (!r->done)
		if (sp_http_pump(h, 1000, err) < 0)
			return -1;
	return 0;
}

void sp_request_end(struct sp_http *h, struct sp_request *r)
{
	if (r->easy) {
		if (!r->done)
			(void)curl_multi_remove_handle(h->multi, r->easy);
		curl_easy_cleanup(r->easy);
	}
	curl_slist_free_all(r->headers);
	sp_buf_done(&r->body);
	sp_buf_done(&r->ca);
	r->easy = r->headers = NULL;
	r->started = false;
}
