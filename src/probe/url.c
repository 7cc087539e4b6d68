/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/url.h"

#include "base/text.h"

#include <stdio.h>
#include <strings.h>

static bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool may_stand(char c)
{
	return c > ' ' && c < 0x7f && !strchr("\"<>\\^`{|}", c);
}

/* Does each '%' start an escape? Otherwise all of the text is a path, and '%' and '?' are letters
 * of it, as in a cluster. */
static bool escapes_are_whole(const char *s)
{
	for (; *s; s++)
		if (*s == '%' && (!is_hex(s[1]) || !is_hex(s[2])))
			return false;
	return true;
}

/* Path and query as they go over the wire; a fragment does not. */
static void put_target(struct sp_buf *b, const char *s)
{
	bool whole = escapes_are_whole(s);

	if (*s != '/')
		sp_buf_putc(b, '/');
	for (; *s && !(whole && *s == '#'); s++)
		if (may_stand(*s) && (whole || !strchr("%?#", *s)))
			sp_buf_putc(b, *s);
		else
			sp_buf_printf(b, "%%%02X", (unsigned char)*s);
}

int sp_url_make(struct sp_url *u, bool https, const char *host, uint16_t port, const char *path)
{
	struct sp_buf target = sp_buf_fixed(u->target, sizeof(u->target));
	size_t len = strlen(host);

	if (len >= sizeof(u->host))
		return -1;
	memcpy(u->host, host, len + 1);
	u->https = https;
	u->port = port;
	u->port_given = true;
	put_target(&target, path);
	return target.failed ? -1 : 0;
}

/* Section 5.2.4 */
static void remove_dots(char *path)
{
	char *in = path, *out = path;

	while (*in) {
		size_t seg = strcspn(in + 1, "/") + 1; /* with its leading slash */
		bool last = !in[seg];

		if (seg == 2 && in[1] == '.') {
			if (last)
				*out++ = '/';
		} else if (seg == 3 && in[1] == '.' && in[2] == '.') {
			while (out > path && *--out != '/')
				;
			if (last)
				*out++ = '/';
		} else {
			memmove(out, in, seg);
			out += seg;
		}
		in += seg;
	}
	if (out == path)
		*out++ = '/';
	*out = '\0';
}

/* "[::1]:80", "user@host:80", "host"; *rest is what follows. A user's name may hold an '@'. */
static int read_authority(struct sp_url *u, const char *s, const char **rest)
{
	size_t len = strcspn(s, "/?#"), host_len;
	const char *at = memrchr(s, '@', len), *end = s + len, *port;
	char number[6];
	int64_t v;

	*rest = end;
	if (at)
		s = at + 1;
	if (*s == '[') {
		port = memchr(s, ']', (size_t)(end - s));
		if (!port)
			return -1;
		s++;
		host_len = (size_t)(port++ - s);
	} else {
		port = memchr(s, ':', (size_t)(end - s));
		if (!port)
			port = end;
		host_len = (size_t)(port - s);
	}
	if (!host_len || host_len >= sizeof(u->host) || (port < end && *port != ':'))
		return -1;
	for (size_t i = 0; i < host_len; i++)
		if (!may_stand(s[i]) || s[i] == '%')
			return -1;
	memcpy(u->host, s, host_len);
	u->host[host_len] = '\0';
	u->port = u->https ? 443 : 80;
	u->port_given = false;
	len = port < end ? (size_t)(end - port - 1) : 0;
	if (!len)
		return 0;
	if (len >= sizeof(number))
		return -1;
	memcpy(number, port + 1, len);
	number[len] = '\0';
	if (number[0] == '-' || number[0] == '+' || sp_parse_i64(number, 0, 65535, &v) != 0)
		return -1;
	u->port = (uint16_t)v;
	u->port_given = true;
	return 0;
}

/* The path that a relative one replaces: up to the last slash; or all of it before the query. */
static void put_base(struct sp_buf *b, const char *target, bool whole)
{
	size_t len = strcspn(target, "?");

	while (!whole && len && target[len - 1] != '/')
		len--;
	sp_buf_add(b, target, len);
}

int sp_url_follow(struct sp_url *u, const char *location)
{
	size_t scheme = strspn(location, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ+-."
					 "0123456789");
	char mem[SP_URL_TARGET], *query;
	struct sp_buf b = sp_buf_fixed(mem, sizeof(mem));
	struct sp_url to = *u;
	bool own_host = false;

	if (scheme && location[scheme] == ':') {
		to.https = scheme == 5 && strncasecmp(location, "https", 5) == 0;
		if (!to.https && (scheme != 4 || strncasecmp(location, "http", 4) != 0))
			return -1;
		location += scheme + 1;
		if (strncmp(location, "//", 2) != 0)
			return -1;
	}
	if (strncmp(location, "//", 2) == 0) {
		own_host = true;
		if (read_authority(&to, location + 2, &location) < 0)
			return -1;
	} else if (*location == '?') {
		put_base(&b, to.target, true);
	} else if (*location == '\0' || *location == '#') {
		sp_buf_puts(&b, to.target);
	} else if (*location != '/') {
		put_base(&b, to.target, false);
	}
	sp_buf_puts(&b, location);
	if (b.failed)
		return -1;
	b = sp_buf_fixed(to.target, sizeof(to.target));
	put_target(&b, mem);
	if (b.failed)
		return -1;
	query = strchrnul(to.target, '?');
	(void)snprintf(mem, sizeof(mem), "%s", query); /* of the same size */
	*query = '\0';
	remove_dots(to.target); /* never longer than before */
	memcpy(to.target + strlen(to.target), mem, strlen(mem) + 1);
	*u = to;
	return own_host;
}

void sp_url_print_host(const struct sp_url *u, struct sp_buf *out)
{
	sp_buf_printf(out, strchr(u->host, ':') ? "[%s]" : "%s", u->host);
	if (u->port_given)
		sp_buf_printf(out, ":%d", u->port);
}

void sp_url_print(const struct sp_url *u, struct sp_buf *out)
{
	sp_buf_puts(out, u->https ? "https://" : "http://");
	sp_url_print_host(u, out);
	sp_buf_puts(out, u->target);
}
