/* SPDX-License-Identifier: Apache-2.0 */
/* One real pod of a scenario: started, poked when the scenario says so, looked at, ended. */
#include "conform/conform_internal.h"

#include "base/json.h"
#include "loop/loop.h"
#include "supervisor/status_read.h"
#include "sys/fd.h"
#include "sys/sys.h"

#include <jansson.h>
#include <stdlib.h>
#include <sys/socket.h>

#define START_TIMEOUT  (20 * SP_SEC)
#define ANSWER_SECONDS 10
#define POLL_START     (3 * SP_MSEC)

/* The scenario went wrong in a way that is no difference of the pod. */
static void fail_run(struct conform_run *r, const struct sp_error *err)
{
	if (!r->verdict.failed)
		r->err = *err;
	r->verdict.failed = true;
	if (r->sup.pidfd >= 0)
		(void)sys_pidfd_send_signal(r->sup.pidfd, SIGKILL); /* ends, or has */
}

/* ---- start ----------------------------------------------------------------------------------- */

static int make_dir(struct conform_run *r, const char *path, mode_t mode, struct sp_error *err)
{
	/* the mode as told, whatever the umask: programs of any user write there */
	if (!path || mkdir(path, mode) < 0 || chmod(path, mode) < 0)
		return path ? sp_fail_errno(err, errno, "create '%s'", path)
			    : sp_fail(err, SP_E_NO_MEMORY, "scenario %s", r->scenario->id);
	return 0;
}

static int make_place(struct conform_run *r, struct sp_error *err)
{
	struct sp_arena *a = &r->arena;

	r->top = sp_arena_printf(a, "%s/%s", r->w->top, r->uid);
	r->share = sp_arena_printf(a, "%s/share", r->top);
	if (sp_engine_default(a, r->top, &r->engine) < 0)
		return sp_fail(err, SP_E_NO_MEMORY, "scenario %s", r->scenario->id);
	if (make_dir(r, r->top, 0755, err) < 0 || make_dir(r, r->share, 0777, err) < 0 ||
	    make_dir(r, r->engine.root, 0755, err) < 0 ||
	    make_dir(r, sp_arena_printf(a, "%s/registry", r->engine.root), 0755, err) < 0)
		return -1;
	r->engine.net = SP_NET_LO;
	r->engine.cgroup_root = r->w->cgroup;
	r->engine.supervisor = r->w->options->supervisor;
	r->engine.command = r->w->applets;
	r->engine.kube_minor = r->pod.spec.kube_minor;
	r->engine.time_scale = r->w->options->time_scale;
	r->engine.backoff_initial = r->pod.spec.backoff_initial;
	r->engine.backoff_max = r->pod.spec.backoff_max;
	r->engine.restart_sidecars_on_termination = r->pod.spec.restart_sidecars_on_termination;
	return 0;
}

static void add_image(const struct conform_run *r, struct sp_bundle_image *v, uint32_t *n,
		      const char *reference)
{
	for (uint32_t i = 0; i < *n; i++)
		if (sp_streq(v[i].reference, reference))
			return;
	v[(*n)++] = (struct sp_bundle_image){.reference = reference, .image = r->w->image};
}

/* Images that are there from the start, and those of set_image; the others are the registry's. */
static int make_images(struct conform_run *r, struct sp_error *err)
{
	const struct sp_sim_plan *plan = &r->pod.plan;
	struct sp_bundle_image *v =
		sp_arena_array(&r->arena, (size_t)r->pod.spec.n_ctrs + plan->n_stimuli, sizeof(*v));
	uint32_t n = 0;

	if (!v)
		return sp_fail(err, SP_E_NO_MEMORY, "scenario %s", r->scenario->id);
	for (uint16_t i = 0; i < r->pod.spec.n_ctrs; i++) {
		const char *image = r->pod.spec.ctrs[i].image;

		if (plan->ctrs[i].image.present)
			add_image(r, v, &n, image);
		if (conform_registry(r, i, image, &plan->ctrs[i].image, err) < 0)
			return -1;
	}
	for (uint32_t i = 0; i < plan->n_stimuli; i++) {
		const struct sp_sim_stimulus *s = &plan->stimuli[i];
		const struct sp_sim_image bad = {.broken = true};

		if (s->kind != SP_SIM_SET_IMAGE)
			continue;
		if (!sp_streq(s->text, "bad"))
			add_image(r, v, &n, s->text);
		else if (conform_registry(r, s->ctr, s->text, &bad, err) < 0)
			return -1;
	}
	r->params.images = v;
	r->params.n_images = n;
	return 0;
}

static int spawn(struct conform_run *r, bool resume, struct sp_error *err)
{
	const struct timeval patience = {.tv_sec = ANSWER_SECONDS};

	r->params.engine = &r->engine;
	r->params.resume = resume;
	if (sp_supervisor_spawn(&r->params, &r->sup, err) < 0)
		return -1;
	if (setsockopt(r->sup.control_fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) < 0)
		return sp_fail_errno(err, errno, "control socket");
	return 0;
}

int conform_start(struct conform_run *r, struct sp_error *err)
{
	struct sp_buf b = sp_buf_fixed(r->log_name, sizeof(r->log_name));
	struct sp_node *doc = NULL;

	if (make_place(r, err) < 0 || conform_manifest(r, &doc, err) < 0 || make_images(r, err) < 0)
		return -1;
	r->params.pod = doc;
	sp_pod_log_name(r->pod.spec.ns, r->pod.spec.name, r->uid, &b);
	if (spawn(r, false, err) < 0)
		return -1;
	r->state = CONFORM_STARTING;
	r->started = sp_clock_mono();
	return 0;
}

/* ---- asking ---------------------------------------------------------------------------------- */

static int ask(struct conform_run *r, const struct sp_buf *request, const int *fds, uint32_t n_fds,
	       json_t **ret, struct sp_error *err)
{
	if (request->failed)
		return sp_fail(err, SP_E_NO_MEMORY, "ask the supervisor");
	return sp_supervisor_call(r->sup.control_fd, request->ptr, request->len, fds, n_fds, NULL,
				  ret, err);
}

static int look(struct conform_run *r, struct sp_pod_status **ret, struct sp_error *err)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf b = {0};
	struct sp_pod_status *st = sp_arena_alloc(&r->arena, sizeof(*st));
	struct sp_node *doc = NULL;
	json_t *answer = NULL;
	char *text;
	int n;

	sp_buf_puts(&b, "{\"op\":\"status\"}");
	if (ask(r, &b, NULL, 0, &answer, err) < 0)
		return -1;
	text = json_dumps(answer, JSON_COMPACT);
	json_decref(answer);
	n = text ? sp_node_from_json(&r->arena, text, strlen(text), &doc, err)
		 : sp_fail(err, SP_E_NO_MEMORY, "status");
	free(text);
	if (n < 0 || !st)
		return n < 0 ? -1 : sp_fail(err, SP_E_NO_MEMORY, "status");
	sp_status_read(&r->pod.spec, sp_node_get(doc, "pod"), st);
	*ret = st;
	return 0;
}

/* ---- stimuli --------------------------------------------------------------------------------- */

/* To `act`, from inside its container: as a crash or the kernel would have it. */
static int tell_act(struct conform_run *r, const struct sp_sim_stimulus *s, struct sp_error *err)
{
	SP_CLEANUP(sp_closep) int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	const int fds[] = {null_fd, null_fd, null_fd};
	SP_CLEANUP(sp_buf_done) struct sp_buf b = {0};

	sp_buf_puts(&b, "{\"op\":\"exec\"");
	sp_json_str(&b, "container", r->pod.spec.ctrs[s->ctr].name);
	sp_buf_puts(&b, ",\"argv\":[\"/bin/tell\",");
	if (s->kind == SP_SIM_CRASH)
		sp_buf_printf(&b, "\"crash=%d\"]}", s->code);
	else
		sp_buf_puts(&b, "\"oom\"]}");
	return ask(r, &b, fds, 3, NULL, err);
}

/* The supervisor dies, and with it everything; the next one goes on. */
static int lose_sandbox(struct conform_run *r, struct sp_error *err)
{
	siginfo_t si;

	(void)sys_pidfd_send_signal(r->sup.pidfd, SIGKILL); /* dead already is dead enough */
	(void)sys_waitid(P_PIDFD, (id_t)r->sup.pidfd, &si, WEXITED); /* a child of ours, killed */
	r->sup.pidfd = sp_close(r->sup.pidfd);
	r->sup.control_fd = sp_close(r->sup.control_fd);
	if (sp_pod_sweep(&r->engine, r->uid, false, NULL, err) < 0)
		return -1;
	r->resumed = true;
	return spawn(r, true, err);
}

/* A supervisor is its pod, so it cannot be replaced; but it can be away. What runs goes on. */
static int engine_leaves(struct conform_run *r, struct sp_error *err)
{
	int n;

	if (look(r, &r->before, err) < 0)
		return -1;
	n = sys_pidfd_send_signal(r->sup.pidfd, SIGSTOP);
	return n < 0 ? sp_fail_errno(err, -n, "stop the supervisor") : 0;
}

static int engine_returns(struct conform_run *r, const struct sp_sim_stimulus *s,
			  struct sp_error *err)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf b = {0};

	r->before = NULL;
	(void)sys_pidfd_send_signal(r->sup.pidfd, SIGCONT); /* dead already: the request fails */
	sp_buf_printf(&b, "{\"op\":\"restarted\",\"forgetRecords\":%s}",
		      s->flag ? "true" : "false");
	return ask(r, &b, NULL, 0, NULL, err);
}

static int stimulate(struct conform_run *r, const struct sp_sim_stimulus *s, struct sp_error *err)
{
	static const char *const statuses[] = {"", "False", "True", "Unknown"};
	SP_CLEANUP(sp_buf_done) struct sp_buf b = {0};
	struct sp_sim_image image;

	switch (s->kind) {
	case SP_SIM_DELETE:
		sp_buf_puts(&b, "{\"op\":\"delete\"");
		if (s->grace_s >= 0)
			sp_json_int(&b, "graceSeconds", s->grace_s);
		break;
	case SP_SIM_SET_IMAGE:
		sp_buf_puts(&b, "{\"op\":\"setImage\"");
		sp_json_str(&b, "container", r->pod.spec.ctrs[s->ctr].name);
		sp_json_str(&b, "image", s->text);
		break;
	case SP_SIM_IMAGE_STATE:
		image = r->pod.plan.ctrs[s->ctr].image;
		image.broken = !s->flag;
		image.fail = SP_IMG_PULL_FAILED;
		return conform_registry(r, s->ctr, r->pod.spec.ctrs[s->ctr].image, &image, err);
	case SP_SIM_SANDBOX_LOST:
		return lose_sandbox(r, err);
	case SP_SIM_SET_GATE:
		sp_buf_puts(&b, "{\"op\":\"gate\"");
		sp_json_str(&b, "type", r->pod.spec.gates[s->gate]);
		sp_json_str(&b, "status", statuses[s->gate_status]);
		break;
	case SP_SIM_OOM:
	case SP_SIM_CRASH:
		return tell_act(r, s, err);
	case SP_SIM_OBJECTS_CHANGED:
		sp_buf_puts(&b, "{\"op\":\"objects\"");
		conform_objects(r, s->at, &b);
		break;
	case SP_SIM_ENGINE_RESTART:
		return engine_leaves(r, err);
	}
	sp_buf_putc(&b, '}');
	return ask(r, &b, NULL, 0, NULL, err);
}

/* ---- the agenda ------------------------------------------------------------------------------ */

/* Second 0 is there when the record says that the sandbox is. Return: false, not yet. */
static bool find_zero(struct conform_run *r)
{
	static const char want[] = "\"event\":\"sandbox.ready\"";
	struct sp_record_line l;
	char mem[32 * 1024], *p, *from;
	const char *path =
		sp_arena_printf(&r->arena, "%s/pods/%s/record.jsonl", r->engine.run_dir, r->uid);
	struct sp_error err;

	if (!path || sys_read_file(AT_FDCWD, path, mem, sizeof(mem)) <= 0)
		return false;
	p = strstr(mem, want);
	if (!p || !strchr(p, '\n'))
		return false;
	for (from = p; from > mem && from[-1] != '\n'; from--)
		;
	if (sp_record_parse_line(&r->arena, from, strcspn(from, "\n"), &l, &err) < 0)
		return false;
	r->zero = sp_clock_mono() - (sp_clock_wall() - l.fact.wall_ns);
	return true;
}

static sp_time due(const struct conform_run *r, const struct conform_item *i)
{
	return r->zero + i->at / r->w->options->time_scale + i->delay;
}

static int perform(struct conform_run *r, const struct conform_item *i, struct sp_error *err)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf b = {0};

	switch (i->act) {
	case CONFORM_STIMULUS:
		return stimulate(r, &r->pod.plan.stimuli[i->index], err);
	case CONFORM_OBJECTS:
		sp_buf_puts(&b, "{\"op\":\"objects\"");
		conform_objects(r, i->at, &b);
		sp_buf_putc(&b, '}');
		return ask(r, &b, NULL, 0, NULL, err);
	case CONFORM_BACK:
		return engine_returns(r, &r->pod.plan.stimuli[i->index], err);
	case CONFORM_LOOK:
		r->looks[i->index] = r->before;
		return r->before ? 0 : look(r, &r->looks[i->index], err);
	case CONFORM_END:
		r->final = r->before;
		if (!r->before && look(r, &r->final, err) < 0)
			return -1;
		(void)sys_pidfd_send_signal(r->sup.pidfd, SIGKILL); /* ends, or has */
		break;
	}
	return 0;
}

sp_time conform_progress(struct conform_run *r, sp_time now)
{
	struct sp_error err;

	if (r->state == CONFORM_STARTING) {
		if (find_zero(r)) {
			r->state = CONFORM_RUNNING;
		} else if (now - r->started > START_TIMEOUT) {
			sp_fail(&err, SP_E_TIMEOUT, "the sandbox was not ready in time");
			fail_run(r, &err);
			return SP_NEVER;
		} else {
			return now + POLL_START;
		}
	}
	while (r->next < r->n_agenda && !r->verdict.failed) {
		const struct conform_item *i = &r->agenda[r->next];

		if (due(r, i) > now)
			return due(r, i);
		r->next++;
		/* A pod that is over has nothing to be told and shows its last status. */
		if (perform(r, i, &err) < 0 && err.code != SP_E_NOT_FOUND && err.errnum != EPIPE &&
		    err.errnum != ECONNRESET)
			fail_run(r, &err);
	}
	return SP_NEVER;
}

/* ---- the end --------------------------------------------------------------------------------- */

void conform_gone(struct conform_run *r)
{
	siginfo_t si = {0};

	if (sys_waitid(P_PIDFD, (id_t)r->sup.pidfd, &si, WEXITED) == 0)
		r->over = si.si_code == CLD_EXITED && si.si_status == 0;
	r->sup.pidfd = sp_close(r->sup.pidfd);
	r->sup.control_fd = sp_close(r->sup.control_fd);
}

int conform_sweep(struct conform_run *r, struct sp_error *err)
{
	static const char *const places[] = {"root", "run", "log"};
	const char *const dirs[] = {r->engine.root, r->engine.run_dir, r->engine.log_dir};
	int n;

	if (!r->top || access(r->top, F_OK) < 0)
		return 0;
	if (r->log_name[0] && sp_pod_sweep(&r->engine, r->uid, true, r->log_name, err) < 0)
		return -1;
	for (size_t i = 0; i < SP_ARRAY_LEN(dirs); i++) {
		const char *path = sp_arena_printf(&r->arena, "%s/pods", dirs[i]);

		/* only the folders that hold such things remain, and they are empty */
		if (path && rmdir(path) < 0 && errno != ENOENT)
			return sp_fail_errno(err, errno, "left behind below the %s directory",
					     places[i]);
	}
	n = sys_remove_tree(AT_FDCWD, r->top);
	return n < 0 ? sp_fail_errno(err, -n, "remove '%s'", r->top) : 0;
}
