/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What runs beside the containers and ends with one answer: image pulls (image.c says what to do),
 * probes, hooks, and the execs of clients. Each is either a process with pipes or a network check.
 */
#include "supervisor/supervisor_internal.h"

#include "spec/load.h"
#include "sys/fd.h"
#include "sys/sys.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/wait.h>

#define READ_CHUNK     (4 * 1024)
#define READS_PER_TURN 8
#define LINGER         (100 * SP_MSEC) /* a container that dies is gone within that */

/* ---- slots ----------------------------------------------------------------------------------- */

struct sup_job *sup_job_new(struct sup *s, enum sup_job_kind kind, uint16_t ctr, uint32_t attempt)
{
	struct sup_job *j = calloc(1, sizeof(*j)), **p;
	uint32_t slot = 0;

	if (!j)
		return NULL;
	while (slot < s->n_jobs && s->jobs[slot])
		slot++;
	if (slot == s->n_jobs) {
		p = slot < SUP_JOBS_MAX ? reallocarray(s->jobs, slot + 4, sizeof(struct sup_job *))
					: NULL;
		if (!p) {
			free(j);
			return NULL;
		}
		s->jobs = p;
		for (uint32_t k = 0; k < 4; k++)
			p[slot + k] = NULL;
		s->n_jobs += 4;
	}
	s->jobs[slot] = j;
	j->kind = kind;
	j->ctr = ctr;
	j->attempt = attempt;
	j->deadline = SP_NEVER;
	j->pidfd = j->out_fd = j->err_fd = j->report_fd = j->check_fd = -EBADF;
	return j;
}

static uint32_t slot_of(const struct sup *s, const struct sup_job *j)
{
	uint32_t k = 0;

	while (s->jobs[k] != j)
		k++;
	return k;
}

/* A process that is still running goes on as nobody's child of ours: kill it before. */
void sup_job_free(struct sup *s, struct sup_job *j)
{
	s->jobs[slot_of(s, j)] = NULL;
	sp_loop_del(&s->loop, &j->check_src);
	sp_loop_del(&s->loop, &j->pid_src);
	sp_loop_del(&s->loop, &j->out_src);
	sp_loop_del(&s->loop, &j->err_src);
	j->check = sp_check_free(j->check);
	sp_close(j->pidfd);
	sp_close(j->out_fd);
	sp_close(j->err_fd);
	sp_close(j->report_fd);
	sp_buf_done(&j->out);
	sp_buf_done(&j->err);
	sp_arena_done(&j->arena);
	free(j);
}

static bool watch_process(struct sup *s, struct sup_job *j)
{
	uint32_t slot = slot_of(s, j);

	if (!sup_nonblock(j->out_fd) || !sup_nonblock(j->err_fd) || !sup_nonblock(j->report_fd))
		return false;
	j->pid_src = sp_loop_add(&s->loop, j->pidfd, SUP_JOB, slot, EPOLLIN);
	if (j->out_fd >= 0)
		j->out_src = sp_loop_add(&s->loop, j->out_fd, SUP_JOB, slot, EPOLLIN);
	if (j->err_fd >= 0)
		j->err_src = sp_loop_add(&s->loop, j->err_fd, SUP_JOB, slot, EPOLLIN);
	return j->pid_src;
}

/* ---- answers --------------------------------------------------------------------------------- */

static void tell_probe(struct sup *s, const struct sup_job *j, enum sp_outcome outcome,
		       const char *text)
{
	sup_tell(s, &(struct sp_event){.kind = SP_EV_PROBE_RESULT,
				       .ctr = j->ctr,
				       .attempt = j->attempt,
				       .probe = j->probe,
				       .outcome = outcome,
				       .text = text});
}

static void tell_hook(struct sup *s, const struct sup_job *j, bool ok, const char *text)
{
	sup_tell(s, &(struct sp_event){.kind = SP_EV_HOOK_DONE,
				       .ctr = j->ctr,
				       .attempt = j->attempt,
				       .hook = j->hook,
				       .ok = ok,
				       .text = text});
}

/* It could not even begin. */
void sup_job_fail(struct sup *s, struct sup_job *j, const char *text)
{
	switch (j->kind) {
	case SUP_JOB_PROBE:
		tell_probe(s, j, SP_OUT_ERROR, text);
		break;
	case SUP_JOB_HOOK:
		tell_hook(s, j, false, text);
		break;
	case SUP_JOB_IMAGE:
		sup_image_tell_failed(s, j->ctr, SP_IMG_UNAVAILABLE, text);
		break;
	case SUP_JOB_EXEC:
		break; /* the caller has the error */
	case SUP_JOB_COMPRESS:
		break; /* the file stays as it is */
	}
	sup_job_free(s, j);
}

/* ---- programs of the machine ----------------------------------------------------------------- */

/* The child's side of a helper: a program of the machine, in the machine's namespaces. @out_fd:
 * -EBADF, nobody reads its answer. @dir_fd: where it works; -EBADF, anywhere. @extra_fd: it gets
 * this one too, under its number; -EBADF none */
static void exec_helper(const struct sup *s, int out_fd, int dir_fd, int extra_fd,
			const char *const *argv)
{
	struct sp_error err = {0};
	sigset_t none;
	int null_fd;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	/* Who is not root there cannot go back: the store is in sight all the same, a registry is
	 * not. */
	if (s->sandbox && !s->bundle.engine.rootless &&
	    sp_sandbox_enter_host(s->sandbox, &err) < 0) {
		sup_log(s, argv[1], &err);
		_exit(126);
	}
	null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null_fd < 0 || dup2(null_fd, STDIN_FILENO) < 0 ||
	    dup2(out_fd >= 0 ? out_fd : null_fd, STDOUT_FILENO) < 0 ||
	    (dir_fd >= 0 && fchdir(dir_fd) < 0) ||
	    (extra_fd >= 0 && fcntl(extra_fd, F_SETFD, 0) < 0))
		_exit(126);
	execv(argv[0], (char *const *)(uintptr_t)argv);
	sp_fail_errno(&err, errno, "execute '%s'", argv[0]);
	sup_log(s, argv[1], &err);
	_exit(127);
}

int sup_job_helper(struct sup *s, struct sup_job *j, int out_fd, int dir_fd, int extra_fd,
		   const char *const *argv, struct sp_error *err)
{
	pid_t pid = fork();

	if (pid < 0)
		return sp_fail_errno(err, errno, "fork");
	if (pid == 0)
		exec_helper(s, out_fd, dir_fd, extra_fd, argv);
	j->pidfd = sys_pidfd_open(pid, 0);
	if (j->pidfd < 0) {
		(void)kill(pid, SIGKILL); /* our child, not yet waited for: the number is its own */
		return sp_fail_errno(err, -j->pidfd, "watch '%s'", argv[0]);
	}
	return watch_process(s, j) ? 0 : sp_fail_errno(err, errno, "watch '%s'", argv[0]);
}

/* ---- rotated logs ---------------------------------------------------------------------------- */

/* One file after another, however fast a container writes. */
void sup_do_compress(struct sup *s)
{
	struct sp_error err = {0};
	char name[SP_LOG_NAME_MAX];
	const char *argv[] = {s->bundle.engine.command, "compress", name, NULL};
	uint32_t k;

	for (k = 0; k < s->n_jobs; k++)
		if (s->jobs[k] && s->jobs[k]->kind == SUP_JOB_COMPRESS)
			return;
	if (!argv[0])
		return;
	for (k = 0; k < s->n_insts; k++)
		if (s->insts[k] && sp_log_compressible(&s->insts[k]->log, name))
			break;
	if (k == s->n_insts)
		return;

	struct sup_job *j =
		sup_job_new(s, SUP_JOB_COMPRESS, s->insts[k]->ctr, s->insts[k]->attempt);

	/* What cannot be compressed is kept as it is, and tried again after the next rotation. */
	if (j && sup_job_helper(s, j, -EBADF, s->insts[k]->log.dir_fd, -EBADF, argv, &err) < 0) {
		sup_log(s, "compress", &err);
		sup_job_free(s, j);
	}
}

/* ---- network checks -------------------------------------------------------------------------- */

static void end_check(struct sup *s, struct sup_job *j)
{
	enum sp_outcome outcome = sp_check_outcome(j->check);
	const char *text = sp_check_text(j->check);

	if (j->kind == SUP_JOB_PROBE)
		tell_probe(s, j, outcome, text);
	else
		tell_hook(s, j, outcome == SP_OUT_SUCCESS || outcome == SP_OUT_WARNING, text);
	sup_job_free(s, j);
}

/* Follow the check to the descriptor it now waits for. */
static bool watch_check(struct sup *s, struct sup_job *j)
{
	uint32_t events = 0;
	int fd = sp_check_fd(j->check, &events);

	j->deadline = sp_check_deadline(j->check);
	if (fd == j->check_fd && events == j->check_events && j->check_src)
		return true;
	sp_loop_del(&s->loop, &j->check_src);
	j->check_fd = fd;
	j->check_events = events;
	if (fd < 0)
		return true; /* it waits for time alone */
	j->check_src = sp_loop_add(&s->loop, fd, SUP_JOB, slot_of(s, j), events);
	return j->check_src;
}

static void step_check(struct sup *s, struct sup_job *j)
{
	/* A descriptor that the check closes leaves epoll by itself, and its number may be used
	 * again at once: stop watching before every step that may do so. */
	sp_loop_del(&s->loop, &j->check_src);
	if (sp_check_step(j->check, s->real))
		end_check(s, j);
	else if (!watch_check(s, j))
		sup_job_fail(s, j, "cannot watch the connection");
}

/* PROBE-23. Return: 0 when there is no such port. */
static uint16_t port_of(const struct sp_k_container *k, const struct sp_int_or_str *port)
{
	if (!port->str)
		return port->num > 0 && port->num <= UINT16_MAX ? (uint16_t)port->num : 0;
	for (uint32_t i = 0; i < k->ports.n; i++)
		if (k->ports.v[i].name && sp_streq(k->ports.v[i].name, port->str))
			return (uint16_t)k->ports.v[i].container_port.v;
	int64_t n = strtol(port->str, NULL, 10); /* a number in quotes; anything else gives 0 */

	return n > 0 && n <= UINT16_MAX ? (uint16_t)n : 0;
}

static const char *host_of(struct sup *s, struct sup_job *j, const char *host)
{
	if (host && host[0])
		return host;
	/* the pod's first address; a pod with loopback only is asked there */
	host = sp_arena_strndup(&j->arena, s->pod_ips, strcspn(s->pod_ips, ","));
	return host && host[0] ? host : "127.0.0.1";
}

static void start_check(struct sup *s, struct sup_job *j)
{
	struct sp_error err = {0};

	j->check_spec.kube_minor = s->spec.kube_minor;
	j->check_spec.helper = s->bundle.engine.command;
	j->check = sp_check_start(&j->check_spec, s->real, &err);
	if (!j->check)
		sup_job_fail(s, j, err.text);
	else if (!watch_check(s, j))
		sup_job_fail(s, j, "cannot watch the connection");
}

static void start_http(struct sup *s, struct sup_job *j, const struct sp_k_http_get *h,
		       sp_time timeout)
{
	const struct sp_k_container *k = s->ctrs[j->ctr].k;
	bool https = h->scheme && (sp_streq(h->scheme, "HTTPS") || sp_streq(h->scheme, "https"));
	struct sp_check_header *headers =
		sp_arena_array(&j->arena, SP_MAX(h->headers.n, 1u), sizeof(*headers));
	uint16_t port = port_of(k, &h->port);

	if (!headers || !port) {
		sup_job_fail(s, j, port ? "out of memory" : "couldn't find port of that name");
		return;
	}
	for (uint32_t i = 0; i < h->headers.n; i++)
		headers[i] = (struct sp_check_header){h->headers.v[i].name, h->headers.v[i].value};
	j->check_spec = (struct sp_check_spec){
		.kind = https ? SP_CHECK_HTTPS : SP_CHECK_HTTP,
		.hook = j->kind == SUP_JOB_HOOK,
		.host = host_of(s, j, h->host),
		.port = port,
		.path = h->path && h->path[0] ? h->path : "/",
		.headers = headers,
		.n_headers = h->headers.n,
		.timeout = timeout,
	};
	start_check(s, j);
}

/* ---- execs ----------------------------------------------------------------------------------- */

static void start_exec(struct sup *s, struct sup_job *j, const char *const *argv, int64_t timeout_s)
{
	struct sup_inst *i = sup_inst_find(s, j->ctr, j->attempt);
	struct sp_exec_params p = {
		.argv = argv, .stdin_fd = -EBADF, .stdout_fd = -EBADF, .stderr_fd = -EBADF};
	struct sp_exec_fds fds;
	struct sp_error err = {0};
	pid_t pid;

	if (!argv || !i || i->state != SUP_RUNNING) {
		sup_job_fail(s, j, argv ? "container is not running" : "out of memory");
		return;
	}
	if (sp_ctr_exec(i->c, &p, &fds, &pid, &err) < 0) {
		sup_job_fail(s, j, err.text);
		return;
	}
	j->argv = argv;
	j->timeout_s = timeout_s;
	j->pidfd = fds.pidfd;
	j->out_fd = fds.stdout_fd;
	j->err_fd = fds.stderr_fd;
	j->report_fd = fds.report_fd;
	if (timeout_s > 0)
		j->deadline = s->real + sup_scaled(s, timeout_s * SP_SEC);
	if (!watch_process(s, j)) {
		(void)sys_pidfd_send_signal(j->pidfd, SIGKILL); /* nobody would hear of its end */
		sup_job_fail(s, j, "cannot watch the process");
	}
}

int64_t sup_exec(struct sup *s, uint16_t ctr, const char *const *argv, const char *const *env,
		 bool tty, const int fds[3], uint32_t client, int *ret_master, struct sp_error *err)
{
	struct sp_exec_params p = {
		.argv = argv,
		.env = env,
		.tty = tty,
		.stdin_fd = tty ? -EBADF : fds[0],
		.stdout_fd = tty ? -EBADF : fds[1],
		.stderr_fd = tty ? -EBADF : fds[2],
	};
	struct sup_inst *i = NULL;
	struct sp_exec_fds got;
	struct sup_job *j;
	pid_t pid;

	for (uint32_t k = 0; k < s->n_insts && !i; k++)
		if (s->insts[k] && s->insts[k]->ctr == ctr && s->insts[k]->state == SUP_RUNNING &&
		    !s->insts[k]->dropped && !s->insts[k]->start_failed)
			i = s->insts[k];
	if (!i)
		return sp_fail(err, SP_E_UNAVAILABLE, "container %s is not running",
			       s->spec.ctrs[ctr].name);
	j = sup_job_new(s, SUP_JOB_EXEC, ctr, i->attempt);
	if (!j)
		return sp_fail(err, SP_E_NO_MEMORY, "exec");
	if (sp_ctr_exec(i->c, &p, &got, &pid, err) < 0) {
		sup_job_free(s, j);
		return -1;
	}
	j->pidfd = got.pidfd;
	j->report_fd = got.report_fd;
	j->client = client;
	j->client_serial = s->clients[client].serial;
	j->number = ++s->exec_number;
	if (tty)
		*ret_master = got.stdout_fd;
	else
		sp_close(got.stdout_fd);
	sp_close(got.stderr_fd);
	if (!watch_process(s, j)) {
		(void)sys_pidfd_send_signal(j->pidfd, SIGKILL); /* nobody would hear of its end */
		sup_job_free(s, j);
		return sp_fail(err, SP_E_NO_MEMORY, "exec");
	}
	return j->number;
}

/* stdout, then stderr, cut (PROBE-20). */
static const char *exec_output(struct sup_job *j)
{
	size_t room = j->out.len < SUP_EXEC_OUTPUT ? SUP_EXEC_OUTPUT - j->out.len : 0;

	if (j->err.len && room)
		sp_buf_add(&j->out, j->err.ptr, SP_MIN(j->err.len, room));
	return j->out.ptr ? j->out.ptr : "";
}

static void end_probe(struct sup *s, struct sup_job *j, int code)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf text = {0};

	if (!j->timed_out) {
		tell_probe(s, j, code ? SP_OUT_FAILURE : SP_OUT_SUCCESS, exec_output(j));
		return;
	}
	sp_buf_puts(&text, "command timed out: \"");
	for (uint32_t i = 0; j->argv[i]; i++) {
		if (i)
			sp_buf_putc(&text, ' ');
		sp_buf_puts(&text, j->argv[i]);
	}
	sp_buf_printf(&text, "\" timed out after %llds", (long long)j->timeout_s);
	tell_probe(s, j, SP_OUT_FAILURE, text.ptr);
}

/* ---- processes ------------------------------------------------------------------------------- */

/* Return: false at the end of the stream. What is over @max is read and forgotten. */
static bool read_pipe(int fd, struct sp_buf *b, size_t max)
{
	char chunk[READ_CHUNK];

	for (int t = 0; t < READS_PER_TURN; t++) {
		ssize_t n = read(fd, chunk, sizeof(chunk));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN;
		if (n == 0)
			return false;
		if (b->len < max)
			sp_buf_add(b, chunk, SP_MIN((size_t)n, max - b->len));
	}
	return true;
}

static const char pulling_line[] = "{\"pulling\":true}\n";

static void read_outputs(struct sup *s, struct sup_job *j)
{
	size_t max = j->kind == SUP_JOB_IMAGE ? SUP_IMAGE_OUTPUT : SUP_EXEC_OUTPUT;

	if (j->out_fd >= 0 && !read_pipe(j->out_fd, &j->out, max)) {
		sp_loop_del(&s->loop, &j->out_src);
		j->out_fd = sp_close(j->out_fd);
	}
	/* The image program says so when it goes to the registry: the event is to come then. */
	if (j->kind == SUP_JOB_IMAGE && !j->pulling && j->out.len &&
	    strncmp(j->out.ptr, pulling_line, strlen(pulling_line)) == 0) {
		j->pulling = true;
		sup_image_tell(s, j->ctr, SP_EV_IMAGE_PULLING, NULL);
	}
	if (j->err_fd >= 0 && !read_pipe(j->err_fd, &j->err, max)) {
		sp_loop_del(&s->loop, &j->err_src);
		j->err_fd = sp_close(j->err_fd);
	}
}

static void tell_process(struct sup *s, struct sup_job *j, int code, const char *error)
{
	switch (j->kind) {
	case SUP_JOB_PROBE:
		end_probe(s, j, code);
		break;
	case SUP_JOB_HOOK:
		tell_hook(s, j, code == 0, exec_output(j));
		break;
	case SUP_JOB_IMAGE:
		sup_image_end(s, j);
		break;
	case SUP_JOB_EXEC:
		sup_exec_done(s, j, code, error);
		break;
	case SUP_JOB_COMPRESS:
		sup_job_free(s, j);
		if (code == 0)
			sup_do_compress(s);
		return;
	}
	sup_job_free(s, j);
}

/*
 * Probes and hooks inside a container die with it, and are reaped before its main process can be:
 * told in that order, their end would look like a failure of a living container. So what was
 * killed, and not by us, waits a moment for the container's own end.
 */
static bool may_have_died_with_container(struct sup *s, const struct sup_job *j,
					 const siginfo_t *si)
{
	return (j->kind == SUP_JOB_PROBE || j->kind == SUP_JOB_HOOK) && !j->timed_out &&
	       si->si_code == CLD_KILLED && si->si_status == SIGKILL &&
	       sup_inst_find(s, j->ctr, j->attempt);
}

static void end_process(struct sup *s, struct sup_job *j)
{
	struct sp_error failed = {0};
	siginfo_t si = {0};
	int code;

	if (sys_waitid(P_PIDFD, (id_t)j->pidfd, &si, WEXITED | WNOHANG) < 0)
		si.si_status = SIGKILL,
		si.si_code = CLD_KILLED; /* taken by the kernel: no status */
	else if (si.si_pid == 0)
		return;
	code = si.si_code == CLD_EXITED ? si.si_status : 128 + si.si_status;
	read_outputs(s, j);
	if (j->report_fd >= 0 &&
	    read(j->report_fd, &failed, sizeof(failed)) == (ssize_t)sizeof(failed)) {
		failed.text[sizeof(failed.text) - 1] = '\0';
		if (j->kind != SUP_JOB_EXEC) {
			sup_job_fail(s, j, failed.text);
			return;
		}
		/* as shells have it: not found, or not executable */
		code = failed.errnum == ENOENT ? 127 : 126;
	}
	if (may_have_died_with_container(s, j, &si)) {
		sp_loop_del(&s->loop, &j->pid_src);
		j->pidfd = sp_close(j->pidfd);
		j->lingers = true;
		j->code = code;
		j->deadline = s->real + LINGER;
		return;
	}
	tell_process(s, j, code, failed.code ? failed.text : NULL);
}

void sup_job_inst_gone(struct sup *s, uint16_t ctr, uint32_t attempt)
{
	for (uint32_t k = 0; k < s->n_jobs; k++)
		if (s->jobs[k] && s->jobs[k]->lingers && s->jobs[k]->ctr == ctr &&
		    s->jobs[k]->attempt == attempt)
			tell_process(s, s->jobs[k], s->jobs[k]->code, NULL);
}

/* ---- wishes of the core ---------------------------------------------------------------------- */

void sup_do_probe(struct sup *s, uint16_t ctr, uint32_t attempt, enum sp_probe_kind probe)
{
	const struct sp_k_container *k = s->ctrs[ctr].k;
	const struct sp_k_probe *p = probe == SP_PROBE_STARTUP     ? k->startup
				     : probe == SP_PROBE_READINESS ? k->readiness
								   : k->liveness;
	int64_t timeout_s = s->spec.ctrs[ctr].probes[probe].timeout_s;
	sp_time timeout = sup_scaled(s, timeout_s * SP_SEC);
	struct sup_job *j = sup_job_new(s, SUP_JOB_PROBE, ctr, attempt);

	if (!j) {
		tell_probe(s, &(struct sup_job){.ctr = ctr, .attempt = attempt, .probe = probe},
			   SP_OUT_ERROR, "out of memory");
		return;
	}
	j->probe = probe;
	if (p->exec) {
		start_exec(s, j, sp_probe_argv(&j->arena, k, &p->exec->command), timeout_s);
	} else if (p->http) {
		start_http(s, j, p->http, timeout);
	} else if (p->tcp || p->grpc) {
		struct sp_int_or_str grpc_port = {.num = p->grpc ? p->grpc->port.v : 0};

		j->check_spec = (struct sp_check_spec){
			.kind = p->tcp ? SP_CHECK_TCP : SP_CHECK_GRPC,
			.host = host_of(s, j, p->tcp ? p->tcp->host : NULL),
			.port = port_of(k, p->tcp ? &p->tcp->port : &grpc_port),
			.service = p->grpc && p->grpc->service ? p->grpc->service : "",
			.timeout = timeout,
		};
		if (j->check_spec.port)
			start_check(s, j);
		else
			sup_job_fail(s, j, "couldn't find port of that name");
	} else {
		sup_job_fail(s, j, "missing probe handler");
	}
}

void sup_do_hook(struct sup *s, uint16_t ctr, uint32_t attempt, enum sp_hook hook)
{
	const struct sp_k_lifecycle *l = s->ctrs[ctr].k->lifecycle;
	const struct sp_k_handler *h =
		l ? hook == SP_HOOK_POST_START ? l->post_start : l->pre_stop : NULL;
	struct sup_job *j = sup_job_new(s, SUP_JOB_HOOK, ctr, attempt);

	if (!j) {
		tell_hook(s, &(struct sup_job){.ctr = ctr, .attempt = attempt, .hook = hook}, false,
			  "out of memory");
		return;
	}
	j->hook = hook;
	if (h && h->exec) {
		const char **argv =
			sp_arena_array(&j->arena, h->exec->command.n + 1u, sizeof(*argv));

		for (uint32_t i = 0; argv && i < h->exec->command.n; i++)
			argv[i] = h->exec->command.v[i];
		start_exec(s, j, argv, 0);
	} else if (h && h->http) {
		start_http(s, j, h->http, 0);
	} else {
		sup_job_fail(s, j, "Cannot run handler");
	}
}

/* ---- events ---------------------------------------------------------------------------------- */

void sup_job_event(struct sup *s, const struct sp_ready *r)
{
	struct sup_job *j = s->jobs[r->owner];

	if (j->check)
		step_check(s, j);
	else if (r->source == j->pid_src)
		end_process(s, j);
	else
		read_outputs(s, j);
}

sp_time sup_job_timers(struct sup *s)
{
	sp_time next = SP_NEVER;

	for (uint32_t k = 0; k < s->n_jobs; k++) {
		struct sup_job *j = s->jobs[k];

		if (j && s->real >= j->deadline) {
			if (j->check) {
				step_check(s, j);
			} else if (j->lingers) {
				tell_process(s, j, j->code, NULL);
			} else {
				j->timed_out = true;
				j->deadline = SP_NEVER;
				(void)sys_pidfd_send_signal(j->pidfd, SIGKILL); /* ends, or has */
			}
		}
		if (s->jobs[k])
			next = SP_MIN(next, s->jobs[k]->deadline);
	}
	return next;
}

void sup_job_client_gone(struct sup *s, uint32_t client)
{
	for (uint32_t k = 0; k < s->n_jobs; k++)
		if (s->jobs[k] && s->jobs[k]->kind == SUP_JOB_EXEC &&
		    s->jobs[k]->client == client &&
		    s->jobs[k]->client_serial == s->clients[client].serial)
			(void)sys_pidfd_send_signal(s->jobs[k]->pidfd, SIGKILL); /* as above */
}

void sup_job_end_all(struct sup *s)
{
	for (uint32_t k = 0; k < s->n_jobs; k++) {
		if (!s->jobs[k])
			continue;
		if (s->jobs[k]->pidfd >= 0)
			(void)sys_pidfd_send_signal(s->jobs[k]->pidfd, SIGKILL); /* as above */
		sup_job_free(s, s->jobs[k]);
	}
}
