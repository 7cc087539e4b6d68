/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages on a supervisor's control socket, over a socket: each has a byte that says how many
 * descriptors come along, two bytes of its length, and its text. Every one is answered by JSON with
 * "ok", or the connection ends; no descriptor stays behind; and what the core is told of it is fine
 * with the core.
 */
#include "supervisor/control.h"

#include "spec/load.h"
#include "supervisor/status_json.h"
#include "supervisor/supervisor_internal.h"
#include "sys/fd.h"
#include "sys/sys.h"

#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#define FDS_MAX 5 /* more than the supervisor takes */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

/* Linked in the place of the product's: nothing is executed here. */
int __wrap_sp_ctr_exec(struct sp_ctr *c, const struct sp_exec_params *p, struct sp_exec_fds *ret,
		       pid_t *ret_pid, struct sp_error *err);

static const char bundle[] =
	"{\"format\":\"sidepod.bundle/v1\",\"pod\":{\"apiVersion\":\"v1\",\"kind\":\"Pod\","
	"\"metadata\":{\"name\":\"a\",\"namespace\":\"d\",\"uid\":\"u\"},\"spec\":{"
	"\"readinessGates\":[{\"conditionType\":\"ready.example/gate\"}],"
	"\"initContainers\":[{\"name\":\"proxy\",\"image\":\"p\",\"restartPolicy\":\"Always\"}],"
	"\"containers\":[{\"name\":\"app\",\"image\":\"i\",\"stdin\":true,\"stdinOnce\":true},"
	"{\"name\":\"shell\",\"image\":\"i\",\"stdin\":true,\"tty\":true}]}},"
	"\"configMaps\":[],\"secrets\":[],\"images\":{},"
	"\"engine\":{\"root\":\"/r\",\"runDir\":\"/u\",\"logDir\":\"/l\",\"net\":\"lo\"}}";

static struct sup s;
static struct sp_arena of_spec;
static struct sp_bundle fresh; /* what `s.bundle` is at the beginning of every input */
static int null_fd = -EBADF;

/* ---- what main.c has --------------------------------------------------------------------------
 */

void sup_tell(struct sup *sup, const struct sp_event *ev)
{
	struct sp_event copy = *ev;

	copy.text = ev->text ? strdup(ev->text) : NULL;
	copy.wall_ns = 1700000000 * SP_SEC;
	sp_pod_step(&sup->spec, sup->pod, &copy, sup->now, sup->acts);
	sup->now += SP_MSEC;
	free((void *)(uintptr_t)copy.text);
}

void sup_log(const struct sup *sup, const char *what, const struct sp_error *err)
{
	assert(what && err);
}

void sup_warn(struct sup *sup, const char *reason, const char *text)
{
	assert(reason && text);
}

void sup_note(struct sup *sup, const char *reason, const char *text)
{
	assert(reason && text);
}

sp_time sup_scaled(const struct sup *sup, sp_time t)
{
	return t;
}

void sup_status_print(struct sup *sup, bool spec, struct sp_buf *out)
{
	static struct sp_pod_status st;
	const char *ids[SP_CONTAINERS_MAX] = {NULL};
	const struct sp_status_view v = {.meta = sup->bundle.pod->meta,
					 .spec = &sup->spec,
					 .st = &st,
					 .host_ip = "",
					 .image_ids = ids,
					 .gates = sup->gates};

	sp_pod_status(&sup->spec, sup->pod, sup->now, &st);
	sp_status_print(&v, out);
}

int __wrap_sp_ctr_exec(struct sp_ctr *c, const struct sp_exec_params *p, struct sp_exec_fds *ret,
		       pid_t *ret_pid, struct sp_error *err)
{
	size_t all = 0;

	for (size_t i = 0; p->argv[i]; i++)
		all += strlen(p->argv[i]);
	for (size_t i = 0; p->env && p->env[i]; i++)
		all += strlen(p->env[i]);
	assert(p->argv[0] && all <= SP_CONTROL_MAX);
	assert(p->tty || (p->stdin_fd >= 0 && p->stdout_fd >= 0 && p->stderr_fd >= 0));
	return sp_fail(err, SP_E_UNAVAILABLE, "not here");
}

/* ---- the pod ----------------------------------------------------------------------------------
 */

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static struct sup_inst insts[2];
	static struct sup_inst *slots[SP_ARRAY_LEN(insts)];
	struct sp_error err;

	null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (sp_bundle_parse(bundle, strlen(bundle), &fresh, &err) < 0 ||
	    sp_pod_spec_core(&of_spec, fresh.pod->meta, fresh.pod->spec, 0, &s.spec, &err) < 0 ||
	    sp_loop_open(&s.loop, NULL, &err) < 0)
		abort();
	s.pod = malloc(sp_pod_size());
	s.acts = malloc(sizeof(*s.acts));
	s.ctrs = calloc(s.spec.n_ctrs, sizeof(*s.ctrs));
	if (!s.pod || !s.acts || !s.ctrs)
		abort();
	for (uint16_t i = 0; i < s.spec.n_ctrs; i++)
		s.ctrs[i].k = sp_pod_container_at(fresh.pod->spec, i);
	for (uint16_t i = 0; i < SP_ARRAY_LEN(insts); i++) {
		insts[i] = (struct sup_inst){.state = SUP_RUNNING, .ctr = i + 1u};
		slots[i] = &insts[i];
	}
	s.insts = slots;
	s.n_insts = SP_ARRAY_LEN(insts);
	for (uint32_t i = 0; i < SUP_CLIENTS_MAX; i++)
		s.clients[i].fd = -EBADF;
	return 0;
}

static void begin(void)
{
	s.bundle = fresh;
	s.now = SP_SEC;
	sp_pod_init(&s.spec, s.pod, s.now, 1700000000 * SP_SEC);
	sup_tell(&s, &(struct sp_event){.kind = SP_EV_TICK});
	for (uint32_t k = 0; k < s.n_insts; k++) {
		s.insts[k]->stdin_fd = fcntl(null_fd, F_DUPFD_CLOEXEC, 0);
		s.insts[k]->fds.stdout_fd = null_fd;
	}
}

static void end(void)
{
	for (uint32_t k = 0; k < s.n_insts; k++)
		sp_close(s.insts[k]->stdin_fd);
	sp_arena_done(&s.arena);
}

/* ---- the client -------------------------------------------------------------------------------
 */

static void send_message(int fd, unsigned n_fds, const uint8_t *bytes, size_t n)
{
	int fds[FDS_MAX];

	for (unsigned i = 0; i < n_fds; i++)
		fds[i] = null_fd;
	if (sys_send_with_fds(fd, bytes, n, fds, n_fds, 0) < 0)
		abort();
}

static void take_answer(int fd)
{
	static char mem[2 * SP_CONTROL_MAX];
	union {
		struct cmsghdr head;
		char mem[CMSG_SPACE(FDS_MAX * sizeof(int))];
	} control = {0};
	struct iovec iov = {.iov_base = mem, .iov_len = sizeof(mem)};
	struct msghdr msg = {.msg_iov = &iov,
			     .msg_iovlen = 1,
			     .msg_control = control.mem,
			     .msg_controllen = sizeof(control.mem)};
	ssize_t n = recvmsg(fd, &msg, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	const struct cmsghdr *c = n > 0 ? CMSG_FIRSTHDR(&msg) : NULL;
	json_t *o;
	int got;

	if (n <= 0) {
		assert(s.clients[0].fd < 0); /* it hung up instead */
		return;
	}
	o = json_loadb(mem, (size_t)n, 0, NULL);
	assert(json_is_boolean(json_object_get(o, "ok")));
	json_decref(o);
	if (c) {
		assert(c->cmsg_len == CMSG_LEN(sizeof(int)));
		memcpy(&got, CMSG_DATA(c), sizeof(int));
		sp_close(got);
	}
}

static int lowest_free(void)
{
	int fd = fcntl(null_fd, F_DUPFD_CLOEXEC, 0);

	return sp_close(fd), fd;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct sp_ready ready = {.kind = SUP_CLIENT, .owner = 0};
	int fds[2], free_fd = lowest_free();

	begin();
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) < 0)
		abort();
	s.clients[0].fd = fds[1];
	s.clients[0].src = sp_loop_add(&s.loop, fds[1], SUP_CLIENT, 0, EPOLLIN);
	while (size > 3 && s.clients[0].fd >= 0) {
		size_t n = (size_t)data[1] | (size_t)data[2] << 8;
		unsigned n_fds = data[0] % (FDS_MAX + 1);

		data += 3;
		size -= 3;
		n = SP_MAX(SP_MIN(n, size), (size_t)1); /* an empty one is a hang-up */
		send_message(fds[0], n_fds, data, n);
		sup_client_event(&s, &ready);
		take_answer(fds[0]);
		data += n;
		size -= n;
	}
	sp_close(fds[0]);
	if (s.clients[0].fd >= 0)
		sup_client_event(&s, &ready); /* sees the end */
	assert(s.clients[0].fd < 0);
	end();
	assert(lowest_free() == free_fd);
	return 0;
}
