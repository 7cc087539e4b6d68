/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/client.h"

#include "base/text.h"
#include "registry/challenge.h"

#include <jansson.h>
#include <time.h>

#define FAULTS_MAX      5
#define HOPS_MAX        5
#define BACKOFF_FIRST   (SP_SEC / 2)
#define BACKOFF_MOST    (30 * SP_SEC)
#define RETRY_AFTER_MAX 60 /* seconds; who wants us to wait longer gets no second request */
#define TOKEN_MAX_BYTES (256u * 1024)
#define TOKEN_LIMIT_S   30

sp_time sp_http_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (sp_time)t.tv_sec * SP_SEC + t.tv_nsec;
}

void sp_endpoint_init(struct sp_endpoint *e)
{
	e->host = sp_streq(e->source.host, "docker.io") ? "registry-1.docker.io" : e->source.host;
	/* as docker: nobody listens in between on the way to this machine itself */
	e->source.insecure |= sp_host_is_loopback(e->host);
	e->chance = (uint64_t)sp_http_now() | 1;
}

/* ---- tokens ---- */

struct token_body {
	struct sp_buf text;
};

static int take_token_bytes(void *arg, struct sp_request *r, const char *bytes, size_t n)
{
	struct token_body *t = arg;

	sp_buf_add(&t->text, bytes, n);
	if (t->text.failed || t->text.len > TOKEN_MAX_BYTES)
		return sp_fail(&r->fault, SP_E_CORRUPT, "the token server's answer is too long");
	return 0;
}

static void add_escaped(struct sp_buf *b, const char *s)
{
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;

		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		    strchr("-._~", c))
			sp_buf_putc(b, (char)c);
		else
			sp_buf_printf(b, "%%%02X", c);
	}
}

static const char *basic_value(struct sp_arena *a, const struct sp_credential *c)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf plain = {0}, b = {0};
	const char *ret;

	sp_buf_printf(&plain, "%s:%s", c->user ? c->user : "", c->password ? c->password : "");
	sp_buf_puts(&b, "Basic ");
	if (!plain.failed)
		sp_base64_encode(plain.ptr, plain.len, &b);
	ret = plain.failed || b.failed ? NULL : sp_arena_strdup(a, b.ptr);
	if (plain.ptr)
		explicit_bzero(plain.ptr, plain.len);
	if (b.ptr)
		explicit_bzero(b.ptr, b.len);
	return ret;
}

static const char *token_of(struct sp_arena *a, const struct sp_buf *text)
{
	json_auto_t *doc = text->len ? json_loadb(text->ptr, text->len, 0, NULL) : NULL;
	const char *token = json_string_value(json_object_get(doc, "token"));

	if (!token || !*token)
		token = json_string_value(json_object_get(doc, "access_token"));
	if (!token || !*token || strpbrk(token, "\r\n"))
		return NULL;
	return sp_arena_printf(a, "Bearer %s", token);
}

/*
 * Ask the token server. Return: 1 it refuses this credential, 0 *ret is the header's value, -1.
 */
static int fetch_token(struct sp_endpoint *e, const struct sp_challenge *ch,
		       const struct sp_credential *cred, const char **ret, struct sp_error *err)
{
	const char *scope =
		ch->scope ? ch->scope
			  : sp_arena_printf(e->arena, "repository:%s:pull", e->source.repo);
	SP_CLEANUP(sp_buf_done) struct sp_buf query = {0}, url = {0};
	struct token_body body = {0};
	struct sp_request r = {.limit_s = TOKEN_LIMIT_S, .sink = take_token_bytes, .arg = &body};
	bool post = cred && cred->identity_token;
	char host[256];
	int result = -1;

	sp_url_host(ch->realm, host, sizeof(host));
	if (strncmp(ch->realm, "https://", 8) != 0 &&
	    !(e->source.insecure && strncmp(ch->realm, "http://", 7) == 0))
		return sp_fail(err, SP_E_DENIED,
			       "registry '%s' sends us to a token server without TLS ('%s')",
			       e->host, host);
	if (ch->service) {
		sp_buf_puts(&query, "&service=");
		add_escaped(&query, ch->service);
	}
	sp_buf_puts(&query, "&scope=");
	add_escaped(&query, scope ? scope : "");
	sp_buf_puts(&url, ch->realm);
	if (post) {
		sp_buf_puts(&query, "&grant_type=refresh_token&client_id=sidepod&refresh_token=");
		add_escaped(&query, cred->identity_token);
		r.form = query.ptr + 1;
	} else {
		if (cred) {
			r.authorization = basic_value(e->arena, cred);
			if (!r.authorization)
				return sp_fail(err, SP_E_NO_MEMORY, "token");
		}
		sp_buf_putc(&url, strchr(ch->realm, '?') ? '&' : '?');
		sp_buf_puts(&url, query.failed ? "" : query.ptr + 1);
	}
	if (query.failed || url.failed)
		return sp_fail(err, SP_E_NO_MEMORY, "token");
	r.url = url.ptr;
	r.unverified = e->source.insecure && sp_host_is_loopback(host);
	for (unsigned faults = 0; faults < 3; faults++) {
		if (sp_http_run(e->http, &r, err) < 0)
			break;
		if (r.fault.code == SP_OK && r.status == 200) {
			*ret = token_of(e->arena, &body.text);
			result = *ret ? 0
				      : sp_fail(err, SP_E_CORRUPT,
						"token server '%s': no token in its answer", host);
			break;
		}
		if (r.fault.code == SP_OK && r.status / 100 == 4 && r.status != 429) {
			result = 1;
			break;
		}
		if (r.fault.code != SP_OK)
			*err = r.fault;
		else
			(void)sp_fail(err, SP_E_UNAVAILABLE, "token server '%s' answers %ld", host,
				      r.status);
		(void)sp_wrap(err, "get a token");
		sp_buf_clear(&body.text);
		sp_request_end(e->http, &r);
	}
	sp_request_end(e->http, &r);
	if (body.text.ptr)
		explicit_bzero(body.text.ptr, body.text.len);
	if (query.ptr)
		explicit_bzero(query.ptr, query.len);
	sp_buf_done(&body.text);
	return result;
}

/* ---- who we are ---- */

/* Take the next credential that leads to an Authorization. Return: 1 there is none left, 0, -1 */
static int log_in(struct sp_endpoint *e, const struct sp_challenge *ch, struct sp_error *err)
{
	if (!e->looked) {
		e->looked = true;
		if (sp_auth_find(e->arena, e->auth, e->source.host, e->source.repo, &e->creds,
				 e->warn, e->arg, err) < 0)
			return -1;
	}
	while (e->next <= e->creds.n) {
		const struct sp_credential *cred =
			e->next < e->creds.n ? &e->creds.v[e->next] : NULL;
		const char *value = NULL;
		int r;

		e->next++;
		if (ch->bearer && ch->realm) {
			r = fetch_token(e, ch, cred, &value, err);
			if (r < 0)
				return -1;
			if (r > 0)
				continue;
		} else if (ch->basic && cred && cred->user) {
			value = basic_value(e->arena, cred);
			if (!value)
				return sp_fail(err, SP_E_NO_MEMORY, "credentials");
		} else {
			continue;
		}
		e->authorization = value;
		e->serial++;
		e->accepted = false;
		return 0;
	}
	return 1;
}

static int refused(struct sp_endpoint *e, long status, struct sp_error *err)
{
	if (e->creds.n == 0)
		return sp_fail(
			err, SP_E_DENIED,
			"registry '%s' wants credentials for '%s' (%ld), and there are none: it "
			"does not exist or is private; `docker login` or `podman login` stores "
			"some, a pod names its own in imagePullSecrets",
			e->source.host, e->source.repo, status);
	return sp_fail(err, SP_E_DENIED,
		       "registry '%s' refuses the credentials for '%s' (%ld; tried: %s%s)",
		       e->source.host, e->source.repo, status, e->creds.v[0].from,
		       e->creds.n > 1 ? " and others" : "");
}

static enum sp_verdict unauthorized(struct sp_endpoint *e, struct sp_exchange *x,
				    struct sp_error *err)
{
	struct sp_request *r = &x->request;
	struct sp_challenge ch = {0};
	int k;

	if (x->elsewhere) {
		(void)sp_fail(err, SP_E_DENIED,
			      "registry '%s' redirects to a place that answers %ld", e->source.host,
			      r->status);
		return SP_VERDICT_FAIL;
	}
	if (x->serial != e->serial) /* somebody logged in meanwhile */
		return SP_VERDICT_AGAIN;
	for (unsigned i = 0; i < r->n_challenges; i++)
		(void)sp_challenge_parse(e->arena, r->challenge[i],
					 &ch); /* keeps what it understood */
	if (r->status == 403 && (e->accepted || !(ch.basic || ch.bearer))) {
		(void)refused(e, r->status, err);
		return SP_VERDICT_FAIL;
	}
	if (e->accepted && ch.bearer && x->logins == 0) /* the token has expired */
		e->next -= e->next > 0;
	x->logins++;
	k = log_in(e, &ch, err);
	if (k == 0)
		return SP_VERDICT_AGAIN;
	if (k > 0)
		(void)refused(e, r->status, err);
	return SP_VERDICT_FAIL;
}

/* ---- exchanges ---- */

int sp_exchange_start(struct sp_endpoint *e, struct sp_exchange *x, struct sp_error *err)
{
	struct sp_request *r = &x->request;

	sp_request_end(e->http, r);
	x->serial = e->serial;
	if (x->elsewhere) {
		char host[256];

		sp_url_host(x->elsewhere, host, sizeof(host));
		r->url = x->elsewhere;
		/* the same host and scheme may know who we are; nobody else */
		r->authorization =
			sp_streq(host, e->host) && (strncmp(r->url, "https:", 6) == 0) == !e->plain
				? e->authorization
				: NULL;
		r->unverified = e->source.insecure && sp_host_is_loopback(host);
	} else {
		r->url = sp_arena_printf(e->arena, "%s://%s/v2/%s/%s", e->plain ? "http" : "https",
					 e->host, e->source.repo, x->path);
		if (!r->url)
			return sp_fail(err, SP_E_NO_MEMORY, "request");
		r->authorization = e->authorization;
		r->unverified = e->source.insecure;
	}
	return sp_http_start(e->http, r, err);
}

/* Between half and all of twice the delay before, at least what the server asks for. */
static enum sp_verdict later(struct sp_endpoint *e, struct sp_exchange *x)
{
	sp_time delay = BACKOFF_FIRST << SP_MIN(x->faults, 10u);
	int64_t asked = x->request.retry_after_s;

	if (++x->faults >= FAULTS_MAX || asked > RETRY_AFTER_MAX)
		return SP_VERDICT_FAIL;
	delay = SP_MIN(delay, BACKOFF_MOST);
	e->chance ^= e->chance << 13; /* xorshift: several pulls must not march in step */
	e->chance ^= e->chance >> 7;
	e->chance ^= e->chance << 17;
	delay = delay / 2 + (sp_time)(e->chance % (uint64_t)(delay / 2));
	if (asked > 0)
		delay = SP_MAX(delay, asked * SP_SEC);
	x->not_before = sp_http_now() + delay;
	x->elsewhere = NULL; /* a signed address may have expired: ask the registry for a new one */
	return SP_VERDICT_LATER;
}

static enum sp_verdict redirect(struct sp_endpoint *e, struct sp_exchange *x, struct sp_error *err)
{
	const char *to = x->request.location;
	char host[256];

	sp_url_host(to, host, sizeof(host));
	if (++x->hops > HOPS_MAX) {
		(void)sp_fail(err, SP_E_UNAVAILABLE, "registry '%s' redirects in circles",
			      e->source.host);
		return SP_VERDICT_FAIL;
	}
	if (strncmp(to, "https://", 8) != 0 &&
	    !(e->source.insecure && strncmp(to, "http://", 7) == 0)) {
		(void)sp_fail(err, SP_E_DENIED, "registry '%s' redirects to '%s' without TLS",
			      e->source.host, host);
		return SP_VERDICT_FAIL;
	}
	x->elsewhere = sp_arena_strdup(e->arena, to);
	if (!x->elsewhere) {
		(void)sp_fail(err, SP_E_NO_MEMORY, "redirect");
		return SP_VERDICT_FAIL;
	}
	return SP_VERDICT_AGAIN;
}

/* The registry's own words: {"errors":[{"code":…,"message":…}]}; cut, one line. */
static void own_words(const struct sp_request *r, char *out, size_t size)
{
	json_auto_t *doc = r->body.len ? json_loadb(r->body.ptr, r->body.len, 0, NULL) : NULL;
	const json_t *one = json_array_get(json_object_get(doc, "errors"), 0);
	const char *text = json_string_value(json_object_get(one, "message"));
	struct sp_buf b = sp_buf_fixed(out, size);

	if (!text || !*text)
		return;
	sp_buf_puts(&b, ": ");
	for (size_t i = 0; i < 150 && text[i] && b.len + 2 < size; i++)
		sp_buf_putc(&b, (unsigned char)text[i] < ' ' ? ' ' : text[i]);
}

static enum sp_verdict answered(struct sp_endpoint *e, struct sp_exchange *x, struct sp_error *err)
{
	const struct sp_request *r = &x->request;
	char words[200] = "";

	own_words(r, words, sizeof(words));
	switch (r->status) {
	case 401:
	case 403:
		return unauthorized(e, x, err);
	case 301:
	case 302:
	case 303:
	case 307:
	case 308:
		if (r->location[0])
			return redirect(e, x, err);
		break;
	case 404:
		(void)sp_fail(err, SP_E_NOT_FOUND, "registry '%s' does not have '%s' (404%s)",
			      e->source.host, e->source.name, words);
		return SP_VERDICT_FAIL;
	case 429:
		(void)sp_fail(err, SP_E_UNAVAILABLE,
			      "registry '%s' limits the rate of pulls (429%s); credentials may "
			      "raise the limit",
			      e->source.host, words);
		return later(e, x);
	default:
		break;
	}
	(void)sp_fail(err, r->status >= 500 ? SP_E_UNAVAILABLE : SP_E_IO,
		      "registry '%s' answers %ld%s", e->source.host, r->status, words);
	return r->status >= 500 || r->status == 408 ? later(e, x) : SP_VERDICT_FAIL;
}

enum sp_verdict sp_exchange_judge(struct sp_endpoint *e, struct sp_exchange *x,
				  struct sp_error *err)
{
	const struct sp_request *r = &x->request;

	if (r->fault.code != SP_OK) {
		*err = r->fault;
		/* no TLS there, and none is asked for: as plain text */
		if ((r->tls_fault || r->refused) && e->source.insecure && !e->plain &&
		    !x->elsewhere && !e->accepted) {
			e->plain = true;
			return SP_VERDICT_AGAIN;
		}
		/* where nobody is, nobody will be a moment later; who wants the image asks again */
		if ((err->code == SP_E_UNAVAILABLE && !r->refused) || err->code == SP_E_TIMEOUT)
			return later(e, x);
		return SP_VERDICT_FAIL;
	}
	if (r->status / 100 == 2) {
		e->accepted = true;
		x->logins = 0;
		return SP_VERDICT_OK;
	}
	return answered(e, x, err);
}

int sp_exchange_run(struct sp_endpoint *e, struct sp_exchange *x, struct sp_error *err)
{
	for (;;) {
		if (sp_exchange_start(e, x, err) < 0)
			return -1;
		while (!x->request.done)
			if (sp_http_pump(e->http, 1000, err) < 0)
				return -1;
		switch (sp_exchange_judge(e, x, err)) {
		case SP_VERDICT_OK:
			return 0;
		case SP_VERDICT_FAIL:
			return -1;
		case SP_VERDICT_LATER:
			for (sp_time t; (t = x->not_before - sp_http_now()) > 0;)
				if (sp_http_pump(e->http, (int)(t / SP_MSEC) + 1, err) < 0)
					return -1;
			break;
		case SP_VERDICT_AGAIN:
			break;
		}
	}
}

void sp_exchange_end(struct sp_endpoint *e, struct sp_exchange *x)
{
	sp_request_end(e->http, &x->request);
}
