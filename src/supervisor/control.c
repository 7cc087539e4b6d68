/* SPDX-License-Identifier: Apache-2.0 */
/* The control socket: requests of clients (supervisor/control.h), answered at once. */
#include "supervisor/control.h"

#include "base/json.h"
#include "spec/load.h"
#include "supervisor/supervisor_internal.h"
#include "sys/fd.h"
#include "sys/sys.h"

#include <fcntl.h>
#include <jansson.h>

#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#define FDS_MAX 3

struct request {
	json_t *doc;
	uint32_t client;
	int fds[FDS_MAX]; /* that came with it */
	uint32_t n_fds;
	struct sp_buf answer;
	int answer_fd; /* to be handed over; -EBADF none */
};

/* ---- clients --------------------------------------------------------------------------------- */

static void hang_up(struct sup *s, uint32_t client)
{
	struct sup_client *c = &s->clients[client];

	sup_job_client_gone(s, client);
	sp_loop_del(&s->loop, &c->src);
	c->fd = sp_close(c->fd);
}

void sup_control_event(struct sup *s)
{
	int fd = accept4(s->control_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	uint32_t slot = 0;

	if (fd < 0)
		return; /* gone again, or out of descriptors: it may try again */
	while (slot < SUP_CLIENTS_MAX && s->clients[slot].fd >= 0)
		slot++;
	if (slot < SUP_CLIENTS_MAX) {
		struct sup_client *c = &s->clients[slot];

		c->src = sp_loop_add(&s->loop, fd, SUP_CLIENT, slot, EPOLLIN);
		if (c->src) {
			c->fd = fd;
			c->serial = ++s->client_serial;
			return;
		}
	}
	sp_close(fd);
}

/* Never waits: a client that does not read its answers loses them, and its connection. */
static void send_message(struct sup *s, uint32_t client, const struct sp_buf *b, int fd)
{
	if (b->failed || sys_send_with_fds(s->clients[client].fd, b->ptr, b->len, &fd, fd >= 0,
					   MSG_DONTWAIT) < 0)
		hang_up(s, client);
}

void sup_exec_done(struct sup *s, const struct sup_job *j, int code, const char *error)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf b = {0};

	if (s->clients[j->client].fd < 0 || s->clients[j->client].serial != j->client_serial)
		return;
	sp_buf_putc(&b, '{');
	sp_json_int(&b, "exec", j->number);
	sp_json_int(&b, "exitCode", code);
	sp_json_str(&b, "error", error);
	sp_buf_putc(&b, '}');
	send_message(s, j->client, &b, -EBADF);
}

/* ---- parts of requests ----------------------------------------------------------------------- */

static const char *get_str(const struct request *r, const char *key)
{
	return json_string_value(json_object_get(r->doc, key));
}

/* Index of the container that the request names. Return: 0 or -1. */
static int get_ctr(const struct sup *s, const struct request *r, uint16_t *ret,
		   struct sp_error *err)
{
	const char *name = get_str(r, "container");

	for (uint16_t i = 0; name && i < s->spec.n_ctrs; i++) {
		if (sp_streq(s->spec.ctrs[i].name, name)) {
			*ret = i;
			return 0;
		}
	}
	return sp_fail(err, SP_E_NOT_FOUND, "container %s is not valid for pod %s",
		       name ? name : "\"\"", s->spec.name);
}

/* The running instance of that container; NULL with an error. */
static struct sup_inst *running(struct sup *s, uint16_t ctr, struct sp_error *err)
{
	for (uint32_t k = 0; k < s->n_insts; k++) {
		struct sup_inst *i = s->insts[k];

		if (i && i->ctr == ctr && i->state == SUP_RUNNING && !i->dropped)
			return i;
	}
	sp_fail(err, SP_E_UNAVAILABLE, "container %s is not running", s->spec.ctrs[ctr].name);
	return NULL;
}

/* A list of strings, NULL-terminated, borrowed from the request; NULL: not a list of strings. */
static const char *const *get_list(const struct request *r, struct sp_arena *a, const char *key)
{
	const json_t *l = json_object_get(r->doc, key);
	size_t n = json_array_size(l);
	const char **v = json_is_array(l) ? sp_arena_array(a, n + 1, sizeof(*v)) : NULL;

	for (size_t i = 0; v && i < n; i++)
		if (!(v[i] = json_string_value(json_array_get(l, i))))
			return NULL;
	return v;
}

/* ---- operations ------------------------------------------------------------------------------ */

typedef int (*op_fn)(struct sup *s, struct request *r, struct sp_error *err);

static void print_status(struct sup *s, struct request *r, bool spec)
{
	sp_buf_clear(&r->answer);
	sp_buf_printf(&r->answer, "{\"ok\":true,\"pid\":%d,\"pod\":", (int)s->host_pid);
	sup_status_print(s, spec, &r->answer);
	sp_buf_putc(&r->answer, '}');
}

static int op_status(struct sup *s, struct request *r, struct sp_error *err)
{
	print_status(s, r, true);
	if (r->answer.len > SP_CONTROL_MAX)
		print_status(s, r, false);
	return 0;
}

static int op_delete(struct sup *s, struct request *r, struct sp_error *err)
{
	const json_t *grace = json_object_get(r->doc, "graceSeconds");

	sup_tell(s,
		 &(struct sp_event){
			 .kind = SP_EV_DELETE,
			 .grace_s = json_is_integer(grace)
					    ? SP_MAX((int64_t)json_integer_value(grace), (int64_t)0)
					    : -1});
	return 0;
}

static int op_set_image(struct sup *s, struct request *r, struct sp_error *err)
{
	struct sp_event ev = {.kind = SP_EV_SET_IMAGE, .text = get_str(r, "image")};

	if (get_ctr(s, r, &ev.ctr, err) < 0)
		return -1;
	if (!ev.text || !ev.text[0])
		return sp_fail(err, SP_E_INVALID, "'image' is missing");
	sup_inst_drop_prepared(s);
	sup_tell(s, &ev);
	return 0;
}

static int set_size(int tty_fd, const struct request *r, struct sp_error *err)
{
	struct winsize w = {
		.ws_row = (unsigned short)json_integer_value(json_object_get(r->doc, "rows")),
		.ws_col = (unsigned short)json_integer_value(json_object_get(r->doc, "cols")),
	};

	if (!w.ws_row || !w.ws_col)
		return 0;
	return ioctl(tty_fd, TIOCSWINSZ, &w) < 0 ? sp_fail_errno(err, errno, "resize") : 0;
}

static int op_exec(struct sup *s, struct request *r, struct sp_error *err)
{
	SP_CLEANUP(sp_arena_done) struct sp_arena a = {0};
	const char *const *argv = get_list(r, &a, "argv");
	const char *const *env = get_list(r, &a, "env");
	bool tty = json_is_true(json_object_get(r->doc, "tty"));
	uint16_t ctr;
	int64_t k;

	if (get_ctr(s, r, &ctr, err) < 0)
		return -1;
	if (!argv || !argv[0])
		return sp_fail(err, SP_E_INVALID, "'argv' is missing");
	if (!tty && r->n_fds != 3)
		return sp_fail(err, SP_E_INVALID, "stdin, stdout and stderr did not come along");
	k = sup_exec(s, ctr, argv, env, tty, r->fds, r->client, &r->answer_fd, err);
	if (k < 0)
		return -1;
	if (tty && set_size(r->answer_fd, r, err) < 0)
		return -1;
	sp_buf_printf(&r->answer, "{\"ok\":true,\"exec\":%lld}", (long long)k);
	return 0;
}

static int op_attach(struct sup *s, struct request *r, struct sp_error *err)
{
	const struct sp_k_container *k;
	struct sup_inst *i;
	uint16_t ctr;
	bool tty;

	if (get_ctr(s, r, &ctr, err) < 0 || !(i = running(s, ctr, err)))
		return -1;
	k = s->ctrs[ctr].k;
	tty = k->tty.set && k->tty.v;
	if (!k->stdin_open.set || !k->stdin_open.v)
		return sp_fail(err, SP_E_INVALID, "container %s has no stdin", k->name);
	r->answer_fd = fcntl(tty ? i->fds.stdout_fd : i->stdin_fd, F_DUPFD_CLOEXEC, 0);
	if (r->answer_fd < 0)
		return sp_fail(err, SP_E_UNAVAILABLE, "stdin of container %s is closed", k->name);
	/* CMD-3: the first client's end is the last one; when it leaves, the stream is over. */
	if (k->stdin_once.set && k->stdin_once.v && !tty)
		i->stdin_fd = sp_close(i->stdin_fd);
	sp_buf_printf(&r->answer, "{\"ok\":true,\"tty\":%s}", tty ? "true" : "false");
	return 0;
}

static int op_resize(struct sup *s, struct request *r, struct sp_error *err)
{
	struct sup_inst *i;
	uint16_t ctr;

	if (get_ctr(s, r, &ctr, err) < 0 || !(i = running(s, ctr, err)))
		return -1;
	if (!s->ctrs[ctr].k->tty.v)
		return sp_fail(err, SP_E_INVALID, "container %s has no terminal",
			       s->spec.ctrs[ctr].name);
	return set_size(i->fds.stdout_fd, r, err);
}

static void put_usage(struct sp_buf *b, const struct sp_usage *u)
{
	sp_buf_putc(b, '{');
	sp_json_int(b, "cpuNs", (int64_t)u->cpu_ns);
	sp_json_int(b, "memoryBytes", (int64_t)u->memory_bytes);
	sp_json_int(b, "memoryPeakBytes", (int64_t)u->memory_peak_bytes);
	sp_json_int(b, "pids", (int64_t)u->pids);
	sp_json_int(b, "oomKills", (int64_t)u->oom_kills);
	sp_json_int(b, "throttledNs", (int64_t)u->throttled_ns);
	sp_buf_putc(b, '}');
}

static int op_usage(struct sup *s, struct request *r, struct sp_error *err)
{
	struct sp_usage u = {0};

	if (!s->sandbox)
		return sp_fail(err, SP_E_UNAVAILABLE, "the pod has no sandbox");
	if (sp_sandbox_usage(s->sandbox, NULL, &u, err) < 0)
		return -1;
	sp_buf_puts(&r->answer, "{\"ok\":true,\"pod\":");
	put_usage(&r->answer, &u);
	sp_json_key(&r->answer, "containers");
	sp_buf_putc(&r->answer, '{');
	for (uint16_t i = 0; i < s->spec.n_ctrs; i++) {
		struct sp_error none;

		/* A container that does not run has no usage. */
		if (!running(s, i, &none) ||
		    sp_sandbox_usage(s->sandbox, s->spec.ctrs[i].name, &u, &none) < 0)
			continue;
		sp_json_key(&r->answer, s->spec.ctrs[i].name);
		put_usage(&r->answer, &u);
	}
	sp_buf_puts(&r->answer, "}}");
	return 0;
}

/* The objects named in the message take the place of all there were. */
static int op_objects(struct sup *s, struct request *r, struct sp_error *err)
{
	struct sp_bundle next = s->bundle;
	char *text = json_dumps(r->doc, JSON_COMPACT);
	struct sp_node *doc = NULL;
	int ret;

	if (!text)
		return sp_fail(err, SP_E_NO_MEMORY, "objects");
	/* Old objects stay in memory: environments of running containers do not refer to them, but
	 * volumes are written from them, and changes are rare. */
	ret = sp_node_from_json(&s->arena, text, strlen(text), &doc, err);
	free(text);
	if (ret < 0 || sp_bundle_objects(&s->arena, doc, &next, err) < 0)
		return -1;
	s->bundle.config_maps = next.config_maps;
	s->bundle.n_config_maps = next.n_config_maps;
	s->bundle.secrets = next.secrets;
	s->bundle.n_secrets = next.n_secrets;
	sup_inst_drop_prepared(s);
	sup_volumes_update(s);
	sup_tell(s, &(struct sp_event){.kind = SP_EV_OBJECTS_CHANGED});
	return 0;
}

static int op_gate(struct sup *s, struct request *r, struct sp_error *err)
{
	static const struct {
		const char *name;
		enum sp_cond_status status;
	} words[] = {
		{"True", SP_COND_TRUE}, {"False", SP_COND_FALSE}, {"Unknown", SP_COND_UNKNOWN}};
	const char *type = get_str(r, "type"), *status = get_str(r, "status");

	for (uint16_t g = 0; type && status && g < s->spec.n_gates; g++) {
		if (!sp_streq(s->spec.gates[g], type))
			continue;
		for (size_t i = 0; i < SP_ARRAY_LEN(words); i++) {
			if (!sp_streq(words[i].name, status))
				continue;
			s->gates[g] = words[i].status;
			sup_tell(s, &(struct sp_event){.kind = SP_EV_SET_GATE,
						       .gate = g,
						       .gate_status = words[i].status});
			return 0;
		}
		return sp_fail(err, SP_E_INVALID, "status '%s'", status);
	}
	return sp_fail(err, SP_E_NOT_FOUND, "the pod has no readiness gate '%s'", type ? type : "");
}

static int op_restarted(struct sup *s, struct request *r, struct sp_error *err)
{
	sup_tell(s,
		 &(struct sp_event){
			 .kind = SP_EV_ENGINE_RESTARTED,
			 .forget_records = json_is_true(json_object_get(r->doc, "forgetRecords")),
		 });
	return 0;
}

static const struct {
	const char *name;
	op_fn run;
} ops[] = {
	{"status", op_status},       {"delete", op_delete},   {"setImage", op_set_image},
	{"exec", op_exec},           {"attach", op_attach},   {"resize", op_resize},
	{"usage", op_usage},         {"objects", op_objects}, {"gate", op_gate},
	{"restarted", op_restarted},
};

/* ---- requests -------------------------------------------------------------------------------- */

static void answer(struct sup *s, struct request *r)
{
	const char *op = get_str(r, "op");
	struct sp_error err = {0};
	int ret = -1;
	size_t i;

	for (i = 0; op && i < SP_ARRAY_LEN(ops); i++)
		if (sp_streq(ops[i].name, op))
			break;
	if (!op || i == SP_ARRAY_LEN(ops))
		sp_fail(&err, SP_E_UNSUPPORTED, "request '%s' is not known", op ? op : "");
	else
		ret = ops[i].run(s, r, &err);
	if (ret < 0) {
		sp_buf_clear(&r->answer);
		sp_buf_puts(&r->answer, "{\"ok\":false");
		sp_json_str(&r->answer, "code", sp_code_name(err.code));
		sp_json_str(&r->answer, "error", err.text);
		sp_buf_putc(&r->answer, '}');
		r->answer_fd = sp_close(r->answer_fd);
	} else if (!r->answer.len) {
		sp_buf_puts(&r->answer, "{\"ok\":true}");
	}
	send_message(s, r->client, &r->answer, r->answer_fd);
}

void sup_client_event(struct sup *s, const struct sp_ready *ready)
{
	struct sup_client *c = &s->clients[ready->owner];
	struct request r = {.client = ready->owner, .answer_fd = -EBADF};
	union {
		struct cmsghdr head;
		char mem[CMSG_SPACE(FDS_MAX * sizeof(int))];
	} control = {0};
	struct iovec iov;
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = control.mem,
			     .msg_controllen = sizeof(control.mem)};
	ssize_t n = recv(c->fd, NULL, 0, MSG_PEEK | MSG_TRUNC | MSG_DONTWAIT);
	char *mem;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	mem = n > 0 && n <= SP_CONTROL_MAX ? malloc((size_t)n) : NULL;
	if (!mem) { /* hung up, or not one of ours */
		hang_up(s, ready->owner);
		return;
	}
	iov = (struct iovec){.iov_base = mem, .iov_len = (size_t)n};
	n = recvmsg(c->fd, &msg, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	if (n > 0) {
		r.n_fds = sys_received_fds(&msg, r.fds, FDS_MAX);
		r.doc = json_loadb(mem, (size_t)n, JSON_REJECT_DUPLICATES, NULL);
		answer(s, &r);
	} else {
		hang_up(s, ready->owner);
	}
	json_decref(r.doc);
	for (uint32_t i = 0; i < r.n_fds; i++)
		sp_close(r.fds[i]);
	sp_close(r.answer_fd);
	sp_buf_done(&r.answer);
	free(mem);
}
