/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/request.h"

#include <stdio.h>
#include <strings.h>

/* First header of a name; NULL none. */
static const char *header(const struct sp_check_spec *s, const char *name)
{
	for (uint32_t i = 0; i < s->n_headers; i++)
		if (strcasecmp(s->headers[i].name, name) == 0)
			return s->headers[i].value;
	return NULL;
}

void sp_request_error(const struct sp_request *r, const char *cause, struct sp_buf *text)
{
	sp_buf_puts(text, "Get \"");
	sp_url_print(&r->url, text);
	sp_buf_printf(text, "\": %s", cause);
}

static bool is_name(const char *s)
{
	if (!*s)
		return false;
	for (; *s; s++)
		if (*s <= ' ' || *s >= 0x7f || strchr("\"(),/:;<=>?@[\\]{}", *s))
			return false;
	return true;
}

static bool is_value(const char *s)
{
	for (; *s; s++)
		if (((unsigned char)*s < ' ' && *s != '\t') || *s == 0x7f)
			return false;
	return true;
}

int sp_request_init(struct sp_request *r, const struct sp_check_spec *spec, struct sp_buf *text)
{
	char mem[256];
	struct sp_buf b = sp_buf_fixed(mem, sizeof(mem));

	memset(r, 0, sizeof(*r));
	r->spec = spec;
	if (sp_url_make(&r->url, spec->kind == SP_CHECK_HTTPS, spec->host, spec->port, spec->path) <
	    0) {
		sp_buf_puts(text, "the URL is too long");
		return -1;
	}
	memcpy(r->first_host, r->url.host, sizeof(r->first_host));
	for (uint32_t i = 0; i < spec->n_headers; i++) {
		const struct sp_check_header *h = &spec->headers[i];
		bool name = is_name(h->name);

		if (name && is_value(h->value))
			continue;
		sp_buf_printf(&b, "net/http: invalid header field %s ",
			      name ? "value for" : "name");
		sp_buf_quote(&b, h->name);
		sp_request_error(r, mem, text);
		return -1;
	}
	return 0;
}

/* Those that are not sent as given: they have their own rules, or would lie about our body. */
static bool is_special(const char *name)
{
	static const char *const special[] = {"Host",           "User-Agent", "Accept",
					      "Content-Length", "Trailer",    "Transfer-Encoding"};

	for (size_t i = 0; i < SP_ARRAY_LEN(special); i++)
		if (strcasecmp(name, special[i]) == 0)
			return true;
	return false;
}

static void put_header(struct sp_buf *out, const char *name, const char *value)
{
	sp_buf_printf(out, "%s: %s\r\n", name, value);
}

void sp_request_print(const struct sp_request *r, struct sp_buf *out)
{
	const struct sp_check_spec *s = r->spec;
	const char *host = r->drop_host ? NULL : header(s, "Host");
	const char *agent = header(s, "User-Agent"), *accept = header(s, "Accept");

	sp_buf_printf(out, "GET %s HTTP/1.1\r\nHost: ", r->url.target);
	if (host && *host)
		sp_buf_puts(out, host);
	else
		sp_url_print_host(&r->url, out);
	sp_buf_puts(out, "\r\n");
	if (agent && *agent)
		put_header(out, "User-Agent", agent);
	else if (!agent)
		sp_buf_printf(out, "User-Agent: kube-%s/1.%d\r\n", s->hook ? "lifecycle" : "probe",
			      s->kube_minor);
	for (uint32_t i = 0; i < s->n_headers; i++) {
		const char *name = s->headers[i].name;

		if (strcasecmp(name, "Accept") == 0 ? !accept || !*accept : is_special(name))
			continue;
		if (r->drop_authorization && strcasecmp(name, "Authorization") == 0)
			continue;
		put_header(out, name, s->headers[i].value);
	}
	if (!accept)
		put_header(out, "Accept", "*/*");
	if (r->referer[0] && !header(s, "Referer"))
		put_header(out, "Referer", r->referer);
	if (!header(s, "Connection") || strcasecmp(header(s, "Connection"), "close") != 0)
		put_header(out, "Connection", "close");
	sp_buf_puts(out, "\r\n");
}

static bool is_redirect(int status)
{
	return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

enum sp_redirect sp_request_redirect(struct sp_request *r, int status, const char *location,
				     struct sp_buf *text)
{
	struct sp_url next = r->url;
	struct sp_buf referer = sp_buf_fixed(r->referer, sizeof(r->referer));
	char mem[512];
	struct sp_buf b = sp_buf_fixed(mem, sizeof(mem));
	int own_host;

	if (!is_redirect(status) || !location)
		return SP_REDIRECT_NONE;
	own_host = sp_url_follow(&next, location);
	if (own_host < 0) {
		sp_buf_puts(&b, "failed to parse Location header ");
		sp_buf_quote(&b, location);
		sp_request_error(r, mem, text);
		return SP_REDIRECT_ERROR;
	}
	if (!sp_streq(next.host, r->first_host))
		return SP_REDIRECT_NONE;
	if (r->redirects == SP_REDIRECTS_MAX) {
		sp_request_error(r, "stopped after 10 redirects", text);
		return SP_REDIRECT_ERROR;
	}
	r->redirects++;
	if (!r->url.https || next.https)
		sp_url_print(&r->url, &referer);
	r->drop_host |= own_host;
	r->url = next;
	return SP_REDIRECT_FOLLOW;
}

enum sp_outcome sp_request_verdict(const struct sp_request *r, int status, const char *body,
				   struct sp_buf *text)
{
	if (r->spec->hook)
		return SP_OUT_SUCCESS;
	if (status < 200 || status >= 400) {
		sp_buf_printf(text, "HTTP probe failed with statuscode: %d", status);
		return SP_OUT_FAILURE;
	}
	if (status < 300)
		return SP_OUT_SUCCESS;
	sp_buf_printf(text, "Probe terminated redirects, Response body: %s", body);
	return SP_OUT_WARNING;
}
