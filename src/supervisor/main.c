/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sidepod-supervisor: drives one pod. Wait, read facts, let the core decide, perform, report back;
 * the run record and the status are what others see of it.
 *
 * It is started by sp_supervisor_spawn() with the bundle, the listening control socket and the lock
 * as descriptors 3, 4 and 5.
 */
#include "supervisor/supervisor_internal.h"

#include "base/json.h"
#include "base/text.h"
#include "record/record.h"
#include "spec/load.h"
#include "supervisor/spawn.h"
#include "supervisor/status_json.h"
#include "sys/fd.h"
#include "sys/sys.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define STATUS_DELAY                                                                               \
	(10 * SP_MSEC) /* status.json lags this much, so that it never stands in the way */
#define RECORD_WAITS_MAX (1024 * 1024)  /* bytes of the record that wait for a disk with room */
#define ORPHAN_AGE       (50 * SP_MSEC) /* a zombie that nobody took for so long is nobody's */

/* Facts, ranked by LAT-22: what comes first when several things happened in one wakeup. */
static uint8_t rank_of(enum sp_ev_kind kind)
{
	switch (kind) {
	case SP_EV_SANDBOX_READY:
	case SP_EV_SANDBOX_FAILED:
	case SP_EV_SANDBOX_LOST:
	case SP_EV_SANDBOX_GONE:
	case SP_EV_IMAGE_PRESENT:
	case SP_EV_IMAGE_PULLING:
	case SP_EV_IMAGE_PULLED:
	case SP_EV_IMAGE_FAILED:
	case SP_EV_CREATE_FAILED:
	case SP_EV_STARTED:
	case SP_EV_START_FAILED:
		return 0;
	case SP_EV_EXITED:
		return 1;
	case SP_EV_HOOK_DONE:
	case SP_EV_PROBE_RESULT:
		return 2;
	case SP_EV_DELETE:
		return 3;
	case SP_EV_SET_IMAGE:
	case SP_EV_OBJECTS_CHANGED:
	case SP_EV_SET_GATE:
	case SP_EV_ENGINE_RESTARTED:
		return 4;
	case SP_EV_TICK:
	case SP_EVS:
		break;
	}
	return 5;
}

void sup_tell(struct sup *s, const struct sp_event *ev)
{
	struct sup_fact f = {.ev = *ev, .rank = rank_of(ev->kind)};
	uint32_t at;

	if (s->n_facts == s->cap_facts) {
		uint32_t cap = SP_MAX(s->cap_facts * 2, 16u);
		struct sup_fact *p = reallocarray(s->facts, cap, sizeof(*p));

		/* A lost fact would leave the pod in a state that nobody gets it out of. Our death
		 * is a lost sandbox, which the manager knows how to handle. */
		if (!p)
			abort();
		s->facts = p;
		s->cap_facts = cap;
	}
	if (ev->text) {
		f.ev.text = strdup(ev->text);
		if (!f.ev.text)
			abort();
	}
	for (at = s->n_facts; at > 0 && s->facts[at - 1].rank > f.rank; at--)
		s->facts[at] = s->facts[at - 1];
	s->facts[at] = f;
	s->n_facts++;
}

void sup_log(const struct sup *s, const char *what, const struct sp_error *err)
{
	char mem[1024];
	struct sp_buf b = sp_buf_fixed(mem, sizeof(mem));

	sp_buf_puts(&b, "level=warning pod=");
	sp_buf_quote(&b, s->spec.name ? s->spec.name : "");
	sp_buf_printf(&b, " what=\"%s\" err=", what);
	sp_buf_quote(&b, err ? err->text : "");
	fprintf(stderr, "%s\n", mem);
}

sp_time sup_scaled(const struct sup *s, sp_time t)
{
	return t == SP_NEVER ? SP_NEVER : t / s->bundle.engine.time_scale;
}

/* ---- clocks ---------------------------------------------------------------------------------- */

static void set_now(struct sup *s)
{
	s->real = sp_clock_mono();
	s->wall = sp_clock_wall();
	s->now = s->state->accepted_mono +
		 (s->real - s->state->accepted_mono) * s->bundle.engine.time_scale;
}

/* Real time of a moment of the core's clock; rounded up, or the core would be asked too early. */
static sp_time to_real(const struct sup *s, sp_time t)
{
	int32_t scale = s->bundle.engine.time_scale;

	if (t == SP_NEVER)
		return SP_NEVER;
	return s->state->accepted_mono + (t - s->state->accepted_mono + scale - 1) / scale;
}

/* ---- record and status ----------------------------------------------------------------------- */

/* A full disk never costs the pod; lines that do not fit wait for room, without gaps or torn ones.
 */
static void write_record(struct sup *s)
{
	size_t done = 0;
	ssize_t n = 1;

	while (done < s->record.len && n > 0) {
		n = write(s->record_fd, s->record.ptr + done, s->record.len - done);
		if (n > 0)
			done += (size_t)n;
		else if (errno == EINTR)
			n = 1;
	}
	if (done == s->record.len) {
		sp_buf_clear(&s->record);
		s->record_full = false;
		return;
	}
	if (!s->record_full) {
		struct sp_error err;

		sp_fail_errno(&err, errno, "run record");
		sup_log(s, "record", &err);
	}
	s->record_full = true;
	s->record.len -= done;
	memmove(s->record.ptr, s->record.ptr + done, s->record.len);
	if (s->record.len > RECORD_WAITS_MAX) { /* the newest lines are lost, as wholes */
		const char *nl = memrchr(s->record.ptr, '\n', RECORD_WAITS_MAX);

		s->record.len = nl ? (size_t)(nl + 1 - s->record.ptr) : 0;
	}
}

static void own_event(struct sup *s, bool warning, const char *reason, const char *text)
{
	const struct sp_action a = {.kind = SP_ACT_EVENT,
				    .ctr = SP_NO_CTR,
				    .warning = warning,
				    .reason = reason,
				    .text = text};

	sp_record_fact_print(&s->record, &s->spec, &a, s->now - s->state->accepted_mono, s->wall);
}

void sup_warn(struct sup *s, const char *reason, const char *text)
{
	own_event(s, true, reason, text);
}

void sup_note(struct sup *s, const char *reason, const char *text)
{
	own_event(s, false, reason, text);
}

void sup_status_print(struct sup *s, bool spec, struct sp_buf *out)
{
	const char *ids[SP_CONTAINERS_MAX];
	struct sp_pod_status *st = malloc(sizeof(*st)); /* big, and rarely needed */
	struct sp_status_view v = {
		.meta = s->bundle.pod->meta,
		.spec = &s->spec,
		.st = st,
		.qos = sp_res_qos(&s->res),
		.host_ip = s->host_ips,
		.image_ids = ids,
		.gates = s->gates,
	};

	if (!st) {
		out->failed = true;
		return;
	}
	for (uint16_t i = 0; i < s->spec.n_ctrs; i++)
		ids[i] = s->ctrs[i].image_id;
	sp_pod_status(&s->spec, s->pod, s->now, st);
	sp_buf_puts(out, "{\"metadata\":");
	sp_metadata_print(&v, out);
	if (spec) {
		sp_json_key(out, "spec");
		sp_node_json(s->bundle.pod->spec->node, -1, out);
	}
	sp_json_key(out, "status");
	sp_pod_status_print(&v, out);
	sp_buf_putc(out, '}');
	free(st);
}

static void write_status(struct sup *s)
{
	static const char name[] = "status.json", next[] = "status.json.new";
	SP_CLEANUP(sp_buf_done) struct sp_buf b = {0};
	SP_CLEANUP(sp_closep) int fd = -EBADF;

	s->status_dirty = false;
	s->status_at = SP_NEVER;
	sp_buf_printf(&b, "{\"pid\":%d,\"pod\":", (int)s->host_pid);
	sup_status_print(s, false, &b);
	sp_buf_puts(&b, "}\n");
	fd = openat(s->run_fd, next, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (b.failed || fd < 0 || write(fd, b.ptr, b.len) != (ssize_t)b.len ||
	    renameat(s->run_fd, next, s->run_fd, name) < 0) {
		struct sp_error err;

		sp_fail_errno(&err, errno, "status.json");
		if (!s->status_full)
			sup_log(s, "status", &err);
		(void)unlinkat(s->run_fd, next, 0); /* it may not even be there */
		s->status_dirty = s->status_full = true;
		s->status_at = s->real + SP_SEC; /* the disk may have room again */
		return;
	}
	s->status_full = false;
}

/* ---- the core -------------------------------------------------------------------------------- */

static void perform(struct sup *s, const struct sp_action *a)
{
	switch (a->kind) {
	case SP_ACT_SANDBOX_START:
		sup_do_sandbox_start(s, a->attempt);
		break;
	case SP_ACT_SANDBOX_STOP:
		sup_do_sandbox_stop(s, a->attempt);
		break;
	case SP_ACT_IMAGE_ENSURE:
		sup_do_image(s, a->ctr, a->text);
		break;
	case SP_ACT_CTR_START:
		sup_do_start(s, a->ctr, a->attempt);
		break;
	case SP_ACT_CTR_SIGNAL:
		sup_do_signal(s, a->ctr, a->attempt);
		break;
	case SP_ACT_CTR_KILL:
		sup_do_kill(s, a->ctr, a->attempt);
		break;
	case SP_ACT_HOOK_RUN:
		sup_do_hook(s, a->ctr, a->attempt, a->hook);
		break;
	case SP_ACT_PROBE_RUN:
		sup_do_probe(s, a->ctr, a->attempt, a->probe);
		break;
	case SP_ACT_EVENT:
	case SP_ACT_FACT:
		sp_record_fact_print(&s->record, &s->spec, a, s->now - s->state->accepted_mono,
				     s->wall);
		if (a->kind == SP_ACT_FACT && a->fact == SP_FACT_POD_TERMINATING)
			sup_inst_drop_prepared(s);
		break;
	case SP_ACT_STATUS:
		if (!s->status_dirty) {
			s->status_dirty = true;
			s->status_at = s->real + STATUS_DELAY;
		}
		break;
	case SP_ACT_FINISHED:
		s->finished = true;
		break;
	case SP_ACTS:
		break;
	}
}

/* Facts one by one; what they cause may tell more, which is taken in the same turn. */
static void drain(struct sup *s)
{
	while (s->n_facts) {
		struct sp_event ev = s->facts[0].ev;

		s->n_facts--;
		memmove(s->facts, s->facts + 1, s->n_facts * sizeof(*s->facts));
		set_now(s); /* what was performed before took its time */
		ev.wall_ns = s->wall;
		sp_pod_step(&s->spec, s->pod, &ev, s->now, s->acts);
		for (uint32_t i = 0; i < s->acts->n; i++)
			perform(s, &s->acts->items[i]);
		free((void *)(uintptr_t)ev.text); /* a copy of ours */
	}
}

/* ---- processes that are nobody's --------------------------------------------------------------
 */

/*
 * As the first process of a PID namespace we inherit orphans (with a shared PID namespace, or from
 * execs). waitid() shows one zombie at a time; those of ours are taken through their pidfds in the
 * wakeup that tells of them, so one that is still there a little later is an orphan.
 */
static void reap_orphans(struct sup *s)
{
	for (;;) {
		siginfo_t si = {0};

		if (waitid(P_ALL, 0, &si, WEXITED | WNOHANG | WNOWAIT) < 0 || si.si_pid == 0) {
			s->orphans = false;
			s->orphan = 0;
			return;
		}
		if (si.si_pid != s->orphan) {
			s->orphan = si.si_pid;
			s->orphan_at = s->real + ORPHAN_AGE;
			return;
		}
		if (s->real < s->orphan_at)
			return;
		(void)waitid(P_PID, (id_t)si.si_pid, &si, WEXITED | WNOHANG); /* gone either way */
		s->orphan = 0;
	}
}

static void take_signals(struct sup *s)
{
	int sig;

	while ((sig = sp_loop_signal(&s->loop))) {
		if (sig == SIGCHLD)
			s->orphans = true;
		else if (sig == SIGTERM)
			sup_tell(s, &(struct sp_event){.kind = SP_EV_DELETE, .grace_s = -1});
		/* SIGINT and SIGHUP belong to somebody's terminal, not to the pod. */
	}
}

/* ---- the loop -------------------------------------------------------------------------------- */

static void dispatch(struct sup *s, const struct sp_ready *r)
{
	if (!sp_loop_alive(&s->loop, r->source))
		return;
	switch (r->kind) {
	case SP_LOOP_SIGNAL:
		take_signals(s);
		break;
	case SUP_CONTROL:
		sup_control_event(s);
		break;
	case SUP_CLIENT:
		sup_client_event(s, r);
		break;
	case SUP_INST_PID:
	case SUP_INST_REPORT:
	case SUP_INST_OUT:
	case SUP_INST_ERR:
		sup_inst_event(s, r);
		break;
	case SUP_JOB:
		sup_job_event(s, r);
		break;
	default:
		assert(!"a source kind of ours");
	}
}

/* What waits for time, in real time. */
static sp_time run_timers(struct sup *s)
{
	sp_time next = sup_job_timers(s);

	next = SP_MIN(next, sup_inst_timers(s));
	if (s->orphans) {
		reap_orphans(s);
		if (s->orphans)
			next = SP_MIN(next, s->orphan_at);
	}
	return next;
}

static int run(struct sup *s, struct sp_error *err)
{
	struct sp_ready ready[SP_LOOP_BATCH];
	sp_time next;

	while (!s->finished) {
		int n;

		drain(s);
		if (s->finished)
			break;
		next = run_timers(s); /* after the wishes: they begin what has deadlines */
		sup_inst_idle(s);
		write_record(s);
		if (s->status_dirty && s->real >= s->status_at)
			write_status(s);
		next = SP_MIN(next, to_real(s, sp_pod_deadline(&s->spec, s->pod)));
		if (s->status_dirty)
			next = SP_MIN(next, s->status_at);
		if (s->n_facts)
			next = 0;
		n = sp_loop_wait(&s->loop, next, ready);
		if (n < 0)
			return sp_fail_errno(err, errno, "wait for events");
		set_now(s);
		for (int i = 0; i < n; i++)
			dispatch(s, &ready[i]);
		if (s->now >= sp_pod_deadline(&s->spec, s->pod))
			sup_tell(s, &(struct sp_event){.kind = SP_EV_TICK});
	}
	return 0;
}

/* ---- start ----------------------------------------------------------------------------------- */

static int map_state(struct sup *s, struct sp_error *err)
{
	size_t size = sizeof(struct sup_state) + sp_pod_size();
	SP_CLEANUP(sp_closep) int fd = -EBADF;
	struct stat st;
	void *p;

	fd = openat(s->run_fd, "state", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || fstat(fd, &st) < 0)
		return sp_fail_errno(err, errno, "open 'state'");
	if (s->bundle.resume && (size_t)st.st_size != size)
		return sp_fail(err, SP_E_CORRUPT, "'state' is of another version of sidepod");
	if (!s->bundle.resume) {
		int r = ftruncate(fd, 0) < 0 ? errno : posix_fallocate(fd, 0, (off_t)size);

		if (r) /* without room a write to the mapping would kill us */
			return sp_fail_errno(err, r, "make 'state'");
	}
	p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		return sp_fail_errno(err, errno, "map 'state'");
	s->state = p;
	s->pod = (struct sp_pod *)(s->state + 1);
	if (s->bundle.resume &&
	    (s->state->magic != SUP_STATE_MAGIC || s->state->size != (uint32_t)size))
		return sp_fail(err, SP_E_CORRUPT, "'state' is of another version of sidepod");
	if (s->bundle.resume && !sp_pod_valid(&s->spec, s->pod))
		return sp_fail(err, SP_E_CORRUPT, "'state' is damaged");
	return 0;
}

/* Begin the pod, or go on with it after a dead supervisor. */
static void begin(struct sup *s)
{
	if (!s->bundle.resume) {
		sp_time now = sp_clock_mono();
		int64_t wall = sp_clock_wall();

		s->state->size = (uint32_t)(sizeof(*s->state) + sp_pod_size());
		s->state->accepted_mono = now;
		s->state->accepted_wall_ns = wall;
		sp_pod_init(&s->spec, s->pod, now, wall);
		s->state->magic = SUP_STATE_MAGIC; /* last: before, there is nothing to resume */
		sp_record_header_print(&s->record, &s->spec, SP_RECORD_REAL, wall);
		set_now(s);
		sup_tell(s, &(struct sp_event){.kind = SP_EV_TICK});
		return;
	}
	set_now(s);
	if (s->state->had_sandbox)
		sup_tell(s, &(struct sp_event){.kind = SP_EV_SANDBOX_LOST,
					       .attempt = s->state->sandbox_attempt});
	else
		sup_tell(s, &(struct sp_event){.kind = SP_EV_TICK});
}

/* A supervisor that was killed may have left half a line; the next one would be glued to it. */
static int cut_torn_line(int record_fd)
{
	char mem[4096];
	struct stat st;
	off_t end;

	if (fstat(record_fd, &st) < 0)
		return -errno;
	for (end = st.st_size; end > 0;) {
		off_t from = SP_MAX(end - (off_t)sizeof(mem), (off_t)0);
		ssize_t n = pread(record_fd, mem, (size_t)(end - from), from);
		const char *nl = n > 0 ? memrchr(mem, '\n', (size_t)n) : NULL;

		if (n < 0)
			return -errno;
		end = nl ? from + (nl + 1 - mem) : from;
		if (nl)
			break;
	}
	return end < st.st_size && ftruncate(record_fd, end) < 0 ? -errno : 0;
}

static int open_dirs(struct sup *s, struct sp_error *err)
{
	const struct sp_engine *e = &s->bundle.engine;
	const struct sp_k_meta *m = s->bundle.pod->meta;
	char log_name[1024], pid[16] = "";
	struct sp_buf b = sp_buf_fixed(log_name, sizeof(log_name));
	int64_t host_pid = 0;

	sp_pod_log_name(m->ns, m->name, m->uid, &b);
	s->run_dir = sp_arena_printf(&s->arena, "%s/pods/%s", e->run_dir, m->uid);
	s->pods_dir = sp_arena_printf(&s->arena, "%s/pods", e->root);
	s->pod_dir = sp_arena_printf(&s->arena, "%s/pods/%s", e->root, m->uid);
	s->log_pod_path = sp_arena_printf(&s->arena, "%s/pods/%s", e->log_dir, log_name);
	if (!s->run_dir || !s->pods_dir || !s->pod_dir || !s->log_pod_path)
		return sp_fail(err, SP_E_NO_MEMORY, "start");
	s->run_fd = open(s->run_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->run_fd < 0)
		return sp_fail_errno(err, errno, "open '%s'", s->run_dir);
	s->pod_dir_fd = open(s->pod_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->pod_dir_fd < 0)
		return sp_fail_errno(err, errno, "open '%s'", s->pod_dir);
	s->record_fd =
		openat(s->run_fd, "record.jsonl", O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (s->record_fd < 0)
		return sp_fail_errno(err, errno, "open the run record");
	if (s->bundle.resume) {
		int r = cut_torn_line(s->record_fd);

		if (r < 0)
			return sp_fail_errno(err, -r, "cut the run record");
	}
	s->logs = (struct sp_log_place){
		.pod_dir_fd = open(s->log_pod_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC),
		.links_dir_fd = -EBADF,
		.pod_path = s->log_pod_path,
		.pod = m->name,
		.ns = m->ns,
		.uid = m->uid,
		.file_max = SP_LOG_FILE_MAX,
	};
	if (s->logs.pod_dir_fd < 0)
		return sp_fail_errno(err, errno, "open '%s'", s->log_pod_path);
	sp_buf_clear(&b);
	sp_buf_printf(&b, "%s/containers", e->log_dir);
	s->logs.links_dir_fd = open(log_name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	/* /proc still is the one of the machine: it tells our number there. */
	if (readlink("/proc/self", pid, sizeof(pid) - 1) > 0 &&
	    sp_parse_i64(pid, 1, INT32_MAX, &host_pid) == 0)
		s->host_pid = (pid_t)host_pid;
	return 0;
}

static int make_spec(struct sup *s, struct sp_error *err)
{
	const struct sp_engine *e = &s->bundle.engine;
	const struct sp_k_pod *pod = s->bundle.pod;

	if (sp_pod_spec_core(&s->arena, pod->meta, pod->spec, e->kube_minor, &s->spec, err) < 0 ||
	    sp_pod_resources(pod->spec, &s->res) < 0)
		return sp_wrap(err, "pod");
	s->spec.backoff_initial = e->backoff_initial;
	s->spec.backoff_max = e->backoff_max;
	s->spec.restart_sidecars_on_termination = e->restart_sidecars_on_termination;
	s->ctrs = sp_arena_array(&s->arena, s->spec.n_ctrs, sizeof(*s->ctrs));
	if (!s->ctrs)
		return sp_fail(err, SP_E_NO_MEMORY, "start");
	for (uint16_t i = 0; i < s->spec.n_ctrs; i++)
		s->ctrs[i].k = sp_pod_container_at(pod->spec, i);
	return sp_engine_net_config(&s->arena, e, &s->net_config, err);
}

static int start(struct sup *s, struct sp_error *err)
{
	sigset_t signals;
	int r;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGHUP);
	sigaddset(&signals, SIGCHLD);
	if (sp_loop_open(&s->loop, &signals, err) < 0)
		return -1;
	if (getpid() != 1 && prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0)
		return sp_fail_errno(err, errno, "become a subreaper");
	for (int fd = SP_BUNDLE_FD; fd <= SP_LOCK_FD; fd++)
		if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
			return sp_fail_errno(err, errno,
					     "descriptor %d (this program is started "
					     "by sidepod, not by hand)",
					     fd);
	r = sp_bundle_read(SP_BUNDLE_FD, &s->bundle, err);
	(void)close(SP_BUNDLE_FD); /* read: nobody needs the secrets any more */
	if (r < 0 || make_spec(s, err) < 0 || open_dirs(s, err) < 0 || map_state(s, err) < 0)
		return -1;
	s->acts = malloc(sizeof(*s->acts)); /* big, and most of it never touched */
	if (!s->acts)
		return sp_fail(err, SP_E_NO_MEMORY, "start");
	s->control_fd = SP_CONTROL_FD;
	if (!sp_loop_add(&s->loop, s->control_fd, SUP_CONTROL, 0, EPOLLIN))
		return sp_fail_errno(err, errno, "watch the control socket");
	sup_images_hold(s);
	sup_world_init(s);
	begin(s);
	return 0;
}

/* The disk is full: what only a next supervisor would need makes room for the last lines. */
static void give_state_up(struct sup *s)
{
	size_t size = s->state->size;
	void *copy = malloc(size);

	if (!copy)
		return;
	memcpy(copy, s->state, size);
	(void)munmap(s->state, size); /* a mapping of ours, whole: cannot fail */
	s->state = copy;
	s->pod = (struct sp_pod *)(s->state + 1);
	(void)unlinkat(s->run_fd, "state", 0); /* then there is no room, as before */
	write_record(s);
}

/* The pod is over: the last word, then everything goes. */
static void end(struct sup *s)
{
	sup_job_end_all(s);
	write_record(s);
	if (s->record_full || s->status_full)
		give_state_up(s);
	sup_sandbox_end(s);
	write_status(s);
	(void)unlinkat(s->run_fd, "control",
		       0);                     /* who comes later finds no socket, not a dead one */
	(void)unlinkat(s->run_fd, "state", 0); /* nothing is left to be resumed */
}

int main(int argc, char **argv)
{
	static struct sup s; /* zero pages until used; everything in it lives as long as we do */
	struct sp_error err = {0};

	s.control_fd = s.run_fd = s.record_fd = s.pod_dir_fd = -EBADF;
	s.hosts_fd = s.hostname_fd = s.resolv_fd = -EBADF;
	s.logs.pod_dir_fd = s.logs.links_dir_fd = -EBADF;
	s.status_at = SP_NEVER;
	s.ahead = SP_NO_CTR;
	for (uint32_t i = 0; i < SUP_CLIENTS_MAX; i++)
		s.clients[i].fd = -EBADF;
	if (start(&s, &err) < 0 || run(&s, &err) < 0) {
		sup_log(&s, "start", &err);
		return 1;
	}
	end(&s);
	return 0;
}
