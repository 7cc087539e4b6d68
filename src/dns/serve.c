/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One loop for everything: queries over UDP, connections, what was forwarded, new tables. Whatever
 * comes in is bounded: so many connections, so many questions under way, so much time for each.
 *
 * A forwarded question has a socket and a number of its own, both by chance, so that nobody beside
 * the way can answer in a resolver's place; over TCP when the client came so, since then the answer
 * is expected to be long.
 */
#include "dns/serve.h"

#include "loop/loop.h"
#include "sys/fd.h"
#include "sys/sys.h"

#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>

#define ASKS_MAX        256 /* questions under way to other resolvers */
#define CONNS_MAX       64  /* connections of clients */
#define CONN_TIME       (10 * SP_SEC)
#define BATCH           64 /* datagrams or connections in a row */
#define TABLE_BYTES_MAX (16 << 20)
#define MESSAGE_SIZE    (2 + SP_DNS_MESSAGE_MAX) /* over TCP: the length before it */

enum kind { CONTROL = 1, UDP, TCP, CONN, ASK };

/* A message over TCP, while it is read or written. */
struct stream {
	uint8_t *mem; /* MESSAGE_SIZE, heap */
	size_t at;
};

/* A connection of a client: reads a query, waits for the answer, writes it, reads the next. */
struct conn {
	bool used;
	int fd;
	sp_source source;
	uint32_t generation;
	bool writing, waiting;
	struct stream s;
	sp_time deadline;
};

/* A question under way. */
struct ask {
	bool used;
	int fd;
	sp_source source;
	bool tcp, sent;
	uint32_t upstream, tries;
	sp_time deadline;
	uint16_t id; /* of this try */
	uint8_t client_id[2];
	uint8_t *query;
	size_t len;
	uint8_t *asked; /* what the client asked, when this is another question (SP_DNS_CHASE); else
			   NULL */
	size_t asked_len;
	struct sockaddr_in client; /* over UDP */
	uint32_t conn, generation; /* over TCP */
	struct stream s;
};

struct server {
	const struct sp_dns_serve *p;
	struct sp_loop loop;
	struct sp_arena arena; /* of the table */
	struct sp_dns_table table;
	bool has_table;
	uint32_t rotation;
	struct conn conns[CONNS_MAX];
	struct ask asks[ASKS_MAX];
	uint8_t in[SP_DNS_MESSAGE_MAX], out[MESSAGE_SIZE];
};

static bool would_wait(ssize_t n)
{
	return n < 0 && (errno == EAGAIN || errno == EINTR);
}

/* ---- streams --------------------------------------------------------------------------------- */

static size_t message_len(const uint8_t *mem)
{
	return ((size_t)mem[0] << 8 | mem[1]) + 2;
}

/* Return: 1 a whole message is there, 0 not yet, -1 the end */
static int read_stream(int fd, struct stream *s)
{
	for (;;) {
		size_t want = s->at < 2 ? 2 : message_len(s->mem);
		ssize_t n;

		if (s->at == want && want > 2)
			return 1;
		if (s->at == 2 && want == 2) /* an empty message */
			return -1;
		n = recv(fd, s->mem + s->at, want - s->at, 0);
		if (would_wait(n))
			return 0;
		if (n <= 0)
			return -1;
		s->at += (size_t)n;
	}
}

/* Return: 1 all is written, 0 not yet, -1 failed */
static int write_stream(int fd, struct stream *s)
{
	while (s->at < message_len(s->mem)) {
		ssize_t n = send(fd, s->mem + s->at, message_len(s->mem) - s->at, MSG_NOSIGNAL);

		if (would_wait(n))
			return 0;
		if (n < 0)
			return -1;
		s->at += (size_t)n;
	}
	return 1;
}

static void fill_stream(struct stream *s, const uint8_t *bytes, size_t len)
{
	s->mem[0] = (uint8_t)(len >> 8);
	s->mem[1] = (uint8_t)len;
	memcpy(s->mem + 2, bytes, len);
	s->at = 0;
}

/* ---- answers to clients ---------------------------------------------------------------------- */

static void drop_conn(struct server *s, struct conn *c)
{
	sp_loop_del(&s->loop, &c->source);
	c->fd = sp_close(c->fd);
	free(c->s.mem);
	c->s = (struct stream){0};
	c->used = false;
	c->generation++;
}

static void answer_conn(struct server *s, struct conn *c, const uint8_t *bytes, size_t len)
{
	c->waiting = false;
	c->writing = true;
	c->deadline = sp_time_add(sp_clock_mono(), CONN_TIME);
	fill_stream(&c->s, bytes, len);
	if (sp_loop_change(&s->loop, c->source, EPOLLOUT) < 0)
		drop_conn(s, c);
}

/* To whoever asked; a client that is gone, or a full socket, loses a datagram as a network would.
 */
static void deliver(struct server *s, const struct ask *a, const uint8_t *bytes, size_t len)
{
	if (!a->tcp)
		(void)sendto(s->p->udp_fd, bytes, len, 0, (const struct sockaddr *)&a->client,
			     sizeof(a->client));
	else if (s->conns[a->conn].used && s->conns[a->conn].generation == a->generation)
		answer_conn(s, &s->conns[a->conn], bytes, len);
}

static void drop_ask(struct server *s, struct ask *a)
{
	sp_loop_del(&s->loop, &a->source);
	a->fd = sp_close(a->fd);
	free(a->query);
	free(a->asked);
	free(a->s.mem);
	*a = (struct ask){.fd = -EBADF};
}

/* What the client asked for is answered with what was found on the way. */
static void answer_asked(struct server *s, struct ask *a, const uint8_t *found, size_t len)
{
	size_t n = s->has_table ? sp_dns_answer_chased(&s->table, a->asked, a->asked_len, a->tcp,
						       found, len, s->out)
				: 0;

	if (n)
		deliver(s, a, s->out, n);
	drop_ask(s, a);
}

static void fail_ask(struct server *s, struct ask *a)
{
	uint8_t answer[512];
	size_t n;

	if (a->asked) {
		answer_asked(s, a, NULL, 0);
		return;
	}
	n = sp_dns_refuse(a->query, a->len, ns_r_servfail, answer);

	memcpy(answer, a->client_id, sizeof(a->client_id));
	deliver(s, a, answer, n);
	drop_ask(s, a);
}

/* ---- forwarding ------------------------------------------------------------------------------ */

/* Without a wait: also over TCP, whose end is told as an event. Return: descriptor, -1 */
static int connect_to(const struct sockaddr_in6 *to, int type)
{
	struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = to->sin6_port};
	const bool is_four = IN6_IS_ADDR_V4MAPPED(&to->sin6_addr);
	int fd = socket(is_four ? AF_INET : AF_INET6, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), r;

	if (fd < 0)
		return -1;
	memcpy(&four.sin_addr, to->sin6_addr.s6_addr + 12, 4);
	r = is_four ? connect(fd, (const struct sockaddr *)&four, sizeof(four))
		    : connect(fd, (const struct sockaddr *)to, sizeof(*to));
	if (r < 0 && errno != EINPROGRESS)
		return sp_close(fd);
	return fd;
}

/* Ask resolver a->upstream. Return: 0, -1 it cannot be asked */
static int try_ask(struct server *s, struct ask *a)
{
	sp_loop_del(&s->loop, &a->source);
	a->fd = sp_close(a->fd);
	a->sent = false;
	a->deadline = sp_time_add(sp_clock_mono(), s->p->timeout);
	a->fd = connect_to(&s->p->upstreams[a->upstream], a->tcp ? SOCK_STREAM : SOCK_DGRAM);
	if (a->fd < 0 || getrandom(&a->id, sizeof(a->id), 0) != sizeof(a->id))
		return -1;
	memcpy(a->query, &a->id, sizeof(a->id));
	if (a->tcp)
		fill_stream(&a->s, a->query, a->len);
	else if (send(a->fd, a->query, a->len, 0) < 0)
		return -1;
	a->source = sp_loop_add(&s->loop, a->fd, ASK, (uint32_t)(a - s->asks),
				a->tcp ? EPOLLOUT : EPOLLIN);
	return a->source ? 0 : -1;
}

/* Every resolver once, a lonely one twice. */
static void next_try(struct server *s, struct ask *a)
{
	while (s->p->n_upstreams && a->tries < SP_MAX(s->p->n_upstreams, 2u)) {
		a->upstream = a->tries++ % s->p->n_upstreams;
		if (try_ask(s, a) == 0)
			return;
	}
	fail_ask(s, a);
}

/* @asked: what the client asked; NULL: @query itself. @c: the connection that it came by; NULL: UDP
 * from @client */
static void forward(struct server *s, const uint8_t *query, size_t len, const uint8_t *asked,
		    size_t asked_len, const struct sockaddr_in *client, const struct conn *c)
{
	uint8_t refused[512];
	struct ask none = {.tcp = c != NULL, .fd = -EBADF}, *a = NULL;

	if (c) {
		none.conn = (uint32_t)(c - s->conns);
		none.generation = c->generation;
	} else {
		none.client = *client;
	}
	for (size_t i = 0; i < ASKS_MAX && !a; i++)
		if (!s->asks[i].used)
			a = &s->asks[i];
	if (a) {
		*a = none;
		a->query = malloc(len);
		a->asked = asked ? malloc(asked_len) : NULL;
		a->s.mem = c ? malloc(MESSAGE_SIZE) : NULL;
	}
	if (!a || !a->query || (asked && !a->asked) || (c && !a->s.mem)) {
		deliver(s, &none, refused,
			sp_dns_refuse(asked ? asked : query, asked ? asked_len : len, ns_r_servfail,
				      refused));
		if (a)
			drop_ask(s, a);
		return;
	}
	a->used = true;
	if (asked) {
		memcpy(a->asked, asked, asked_len);
		a->asked_len = asked_len;
	}
	memcpy(a->query, query, len);
	a->len = len;
	memcpy(a->client_id, query, sizeof(a->client_id)); /* to be put back */
	next_try(s, a);
}

/* Something came from the resolver. */
static void take_answer(struct server *s, struct ask *a, uint8_t *bytes, size_t len)
{
	int rcode;

	if (len < NS_HFIXEDSZ || memcmp(bytes, &a->id, sizeof(a->id)) != 0 ||
	    !sp_dns_same_question(a->query, a->len, bytes, len))
		return; /* not to this question: wait on */
	rcode = bytes[3] & 15;
	if ((rcode == ns_r_servfail || rcode == ns_r_notimpl || rcode == ns_r_refused) &&
	    a->tries < s->p->n_upstreams) {
		next_try(s, a); /* others may know */
		return;
	}
	if (a->asked) {
		answer_asked(s, a, bytes, len);
		return;
	}
	memcpy(bytes, a->client_id, sizeof(a->client_id));
	deliver(s, a, bytes, len);
	drop_ask(s, a);
}

static void on_ask_tcp(struct server *s, struct ask *a)
{
	int r;

	if (!a->sent) {
		r = write_stream(a->fd, &a->s);
		if (r < 0)
			next_try(s, a);
		if (r <= 0)
			return;
		a->sent = true;
		a->s.at = 0;
		if (sp_loop_change(&s->loop, a->source, EPOLLIN) < 0)
			next_try(s, a);
		return;
	}
	r = read_stream(a->fd, &a->s);
	if (r < 0) {
		next_try(s, a);
	} else if (r > 0) {
		size_t len = message_len(a->s.mem) - 2;

		memcpy(s->in, a->s.mem + 2, len);
		a->s.at = 0;
		take_answer(s, a, s->in, len);
	}
}

static void on_ask(struct server *s, struct ask *a)
{
	ssize_t n;

	if (a->tcp) {
		on_ask_tcp(s, a);
		return;
	}
	n = recv(a->fd, s->in, sizeof(s->in), 0);
	if (would_wait(n))
		return;
	if (n < 0)
		next_try(s, a); /* refused */
	else
		take_answer(s, a, s->in, (size_t)n);
}

/* ---- queries --------------------------------------------------------------------------------- */

/* Answer from the table, or have it answered. Return: bytes at s->out, 0 none (yet) */
static size_t answer(struct server *s, const uint8_t *query, size_t len,
		     const struct sockaddr_in *client, const struct conn *c)
{
	size_t n = 0;

	if (!s->has_table)
		return sp_dns_refuse(query, len, ns_r_servfail, s->out);
	switch (sp_dns_answer(&s->table, query, len, c != NULL, s->rotation++, s->out, &n)) {
	case SP_DNS_ANSWER:
		return n;
	case SP_DNS_FORWARD:
		forward(s, query, len, NULL, 0, client, c);
		return 0;
	case SP_DNS_CHASE:
		forward(s, s->out, n, query, len, client, c);
		return 0;
	case SP_DNS_DROP:
		break;
	}
	return 0;
}

static void on_udp(struct server *s)
{
	for (int i = 0; i < BATCH; i++) {
		struct sockaddr_in from;
		socklen_t from_len = sizeof(from);
		ssize_t n = recvfrom(s->p->udp_fd, s->in, sizeof(s->in), 0,
				     (struct sockaddr *)&from, &from_len);
		size_t len;

		if (n < 0)
			return;
		len = answer(s, s->in, (size_t)n, &from, NULL);
		if (len)
			(void)sendto(s->p->udp_fd, s->out, len, 0, (struct sockaddr *)&from,
				     from_len); /* lost like any datagram */
	}
}

static void on_tcp(struct server *s)
{
	for (int i = 0; i < BATCH; i++) {
		int fd = accept4(s->p->tcp_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		struct conn *c = NULL;

		if (fd < 0)
			return;
		for (size_t k = 0; k < CONNS_MAX && !c; k++)
			if (!s->conns[k].used)
				c = &s->conns[k];
		if (!c) {
			(void)sp_close(fd);
			continue;
		}
		c->used = true;
		c->fd = fd;
		c->writing = c->waiting = false;
		c->deadline = sp_time_add(sp_clock_mono(), CONN_TIME);
		c->s = (struct stream){.mem = malloc(MESSAGE_SIZE)};
		c->source = c->s.mem ? sp_loop_add(&s->loop, fd, CONN, (uint32_t)(c - s->conns),
						   EPOLLIN)
				     : 0;
		if (!c->source)
			drop_conn(s, c);
	}
}

static void on_conn(struct server *s, struct conn *c)
{
	size_t n, len;
	int r;

	if (c->waiting) { /* only hang-ups are told meanwhile */
		drop_conn(s, c);
		return;
	}
	if (c->writing) {
		r = write_stream(c->fd, &c->s);
		if (r > 0) {
			c->writing = false;
			c->s.at = 0;
			r = sp_loop_change(&s->loop, c->source, EPOLLIN);
		}
		if (r < 0)
			drop_conn(s, c);
		return;
	}
	r = read_stream(c->fd, &c->s);
	if (r < 0)
		drop_conn(s, c);
	if (r <= 0)
		return;
	len = message_len(c->s.mem) - 2;
	memcpy(s->in, c->s.mem + 2, len);
	c->waiting = true;
	if (sp_loop_change(&s->loop, c->source, 0) < 0) {
		drop_conn(s, c);
		return;
	}
	c->deadline = SP_NEVER; /* the question's counts */
	n = answer(s, s->in, len, NULL, c);
	if (n)
		answer_conn(s, c, s->out, n);
	else if (len < NS_HFIXEDSZ || s->in[2] & 0x80) /* no query */
		drop_conn(s, c);
}

/* ---- tables ---------------------------------------------------------------------------------- */

/* The text behind a descriptor, in the arena; NULL when there is none. */
static char *read_text(struct sp_arena *a, int fd)
{
	struct stat st;
	char *text;

	if (fstat(fd, &st) < 0 || st.st_size <= 0 || st.st_size > TABLE_BYTES_MAX)
		return NULL;
	text = sp_arena_alloc(a, (size_t)st.st_size + 1);
	if (!text || pread(fd, text, (size_t)st.st_size, 0) != st.st_size)
		return NULL;
	return text;
}

static void take_table(struct server *s, int fd)
{
	struct sp_arena arena = {0};
	struct sp_dns_table table;
	char *text = read_text(&arena, fd);

	/* it was checked where it was made: what is wrong now is left alone */
	if (!text || sp_dns_table_parse(&arena, text, &table, NULL) < 0) {
		sp_arena_done(&arena);
		return;
	}
	sp_arena_done(&s->arena);
	s->arena = arena;
	s->table = table;
	s->has_table = true;
}

/* Return: false when the starter is gone */
static bool on_control(struct server *s)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control;
	char byte;
	struct iovec io = {&byte, 1};
	struct msghdr m = {.msg_iov = &io,
			   .msg_iovlen = 1,
			   .msg_control = control.bytes,
			   .msg_controllen = sizeof(control.bytes)};
	ssize_t n = recvmsg(s->p->control_fd, &m, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	int fd;

	if (would_wait(n))
		return true;
	if (n <= 0)
		return false;
	if (!sys_received_fds(&m, &fd, 1))
		return true;
	take_table(s, fd);
	(void)sp_close(fd);
	return true;
}

/* ---- the loop -------------------------------------------------------------------------------- */

/* Return: false when the starter is gone */
static bool on_ready(struct server *s, const struct sp_ready *r)
{
	switch ((enum kind)r->kind) {
	case CONTROL:
		return on_control(s);
	case UDP:
		on_udp(s);
		break;
	case TCP:
		on_tcp(s);
		break;
	case CONN:
		on_conn(s, &s->conns[r->owner]);
		break;
	case ASK:
		on_ask(s, &s->asks[r->owner]);
		break;
	}
	return true;
}

/* Drop what took too long. Return: when the next one does */
static sp_time expire(struct server *s)
{
	sp_time now = sp_clock_mono(), next = SP_NEVER;

	for (size_t i = 0; i < ASKS_MAX; i++) {
		if (s->asks[i].used && s->asks[i].deadline <= now)
			next_try(s, &s->asks[i]);
		if (s->asks[i].used)
			next = SP_MIN(next, s->asks[i].deadline);
	}
	for (size_t i = 0; i < CONNS_MAX; i++) {
		if (s->conns[i].used && s->conns[i].deadline <= now)
			drop_conn(s, &s->conns[i]);
		if (s->conns[i].used)
			next = SP_MIN(next, s->conns[i].deadline);
	}
	return next;
}

static void serve(struct server *s)
{
	struct sp_ready ready[SP_LOOP_BATCH];

	for (;;) {
		int n = sp_loop_wait(&s->loop, expire(s), ready);

		for (int i = 0; i < n; i++)
			if (sp_loop_alive(&s->loop, ready[i].source) && !on_ready(s, &ready[i]))
				return;
		if (n < 0)
			return;
	}
}

int sp_dns_serve(const struct sp_dns_serve *p)
{
	struct server *s = calloc(1, sizeof(*s));
	struct sp_error err;
	int r = 1;

	if (!s)
		return 1;
	s->p = p;
	for (size_t i = 0; i < ASKS_MAX; i++)
		s->asks[i].fd = -EBADF;
	for (size_t i = 0; i < CONNS_MAX; i++)
		s->conns[i].fd = -EBADF;
	if (sp_loop_open(&s->loop, NULL, &err) == 0 &&
	    sp_loop_add(&s->loop, p->control_fd, CONTROL, 0, EPOLLIN) &&
	    sp_loop_add(&s->loop, p->udp_fd, UDP, 0, EPOLLIN) &&
	    sp_loop_add(&s->loop, p->tcp_fd, TCP, 0, EPOLLIN)) {
		serve(s);
		r = 0;
	}
	for (size_t i = 0; i < ASKS_MAX; i++)
		if (s->asks[i].used)
			drop_ask(s, &s->asks[i]);
	for (size_t i = 0; i < CONNS_MAX; i++)
		if (s->conns[i].used)
			drop_conn(s, &s->conns[i]);
	sp_loop_close(&s->loop);
	sp_arena_done(&s->arena);
	free(s);
	return r;
}
