/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rehearsal server, in the worker for the sake of TLS. It is no web server: it reads a request
 * up to the empty line, says what it was told, and hangs up.
 */
#include "probe/answer.h"

#include "base/buf.h"
#include "sys/fd.h"

#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#define REQUEST_MAX 8192

/* One client, with or without TLS. */
struct peer {
	int fd;
	SSL *tls; /* NULL: plain */
};

static ssize_t peer_read(struct peer *p, char *buf, size_t n)
{
	return p->tls ? SSL_read(p->tls, buf, (int)n) : read(p->fd, buf, n);
}

static void peer_say(struct peer *p, const char *text)
{
	/* a client that hangs up early has its reasons */
	if (!*text)
		return;
	if (p->tls)
		(void)SSL_write(p->tls, text, (int)strlen(text));
	else
		(void)sp_write_all(p->fd, text, strlen(text));
}

/* "/hop/3" leads to "/hop/2", "/hop/1" to the target. */
static void say_hop(struct peer *p, unsigned long left)
{
	char mem[128], to[32];
	struct sp_buf b = sp_buf_fixed(mem, sizeof(mem)), t = sp_buf_fixed(to, sizeof(to));

	sp_buf_printf(&t, SP_ANSWER_HOPS "%lu", left - 1);
	sp_buf_printf(&b, "HTTP/1.1 302 Found\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n",
		      left > 1 ? to : SP_ANSWER_TARGET);
	peer_say(p, mem);
}

static void serve(struct peer *p, const char *first, const char *target)
{
	static const char hops[] = "GET " SP_ANSWER_HOPS, wanted[] = "GET " SP_ANSWER_TARGET " ";
	char buf[REQUEST_MAX] = "";
	const char *answer = first;
	size_t n = 0;
	ssize_t got;

	while (n < sizeof(buf) - 1 && (got = peer_read(p, buf + n, sizeof(buf) - 1 - n)) > 0) {
		n += (size_t)got;
		buf[n] = '\0';
		/* no method, no HTTP: TLS, say; a server answers that at once, too */
		if (strstr(buf, "\r\n\r\n") || buf[0] < 'A' || buf[0] > 'Z')
			break;
	}
	if (strncmp(buf, hops, strlen(hops)) == 0) {
		say_hop(p, strtoul(buf + strlen(hops), NULL, 10));
	} else {
		if (strncmp(buf, wanted, strlen(wanted)) == 0)
			answer = target;
		peer_say(p, answer);
	}
	if (*answer && p->tls)
		(void)SSL_shutdown(p->tls); /* our half of the goodbye; theirs ends the loop */
	if (*answer)
		(void)shutdown(p->fd, SHUT_WR);
	while (peer_read(p, buf, sizeof(buf)) > 0)
		;
}

/* A key, and a certificate that it signs itself. */
static int be_somebody(SSL_CTX *ctx)
{
	static const unsigned char name[] = "rehearsal";
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = X509_new();
	X509_NAME *subject = cert ? X509_get_subject_name(cert) : NULL;
	int ok = key && subject && X509_set_version(cert, 2) &&
		 ASN1_INTEGER_set(X509_get_serialNumber(cert), 1) &&
		 X509_gmtime_adj(X509_getm_notBefore(cert), -60) &&
		 X509_gmtime_adj(X509_getm_notAfter(cert), 3600) && X509_set_pubkey(cert, key) &&
		 X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, name, -1, -1, 0) &&
		 X509_set_issuer_name(cert, subject) && X509_sign(cert, key, EVP_sha256()) &&
		 SSL_CTX_use_certificate(ctx, cert) == 1 && SSL_CTX_use_PrivateKey(ctx, key) == 1;

	X509_free(cert);
	EVP_PKEY_free(key);
	return ok ? 0 : -1;
}

int sp_answer_main(const char *scheme, const char *first, const char *target)
{
	SSL_CTX *ctx = NULL;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (sp_streq(scheme, "https") &&
	    (!(ctx = SSL_CTX_new(TLS_server_method())) || be_somebody(ctx) < 0))
		return 1;
	for (;;) {
		struct peer p = {.fd = accept4(STDIN_FILENO, NULL, NULL, SOCK_CLOEXEC)};

		if (p.fd < 0)
			return 1;
		if (!ctx) {
			serve(&p, first, target);
		} else if ((p.tls = SSL_new(ctx)) && SSL_set_fd(p.tls, p.fd) &&
			   SSL_accept(p.tls) == 1) {
			serve(&p, first, target);
		}
		SSL_free(p.tls);
		(void)sp_close(p.fd);
	}
}
