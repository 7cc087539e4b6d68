/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Instances of containers: made up to their execve, released, read, signalled, buried.
 *
 * While a sidecar or a regular container starts, the next one of the start order is prepared up to
 * its execve, where it waits until the core asks for it: the order stays what the contract says,
 * and the work of setting up is done beside that of the one before.
 */
#include "supervisor/supervisor_internal.h"

#include "record/record.h"

#include "base/text.h"
#include "supervisor/status_json.h"
#include "sys/fd.h"
#include "sys/sys.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/epoll.h>

#define READ_CHUNK     (16 * 1024)
#define READS_PER_TURN 4             /* of one pipe: a noisy container leaves room for others */
#define RETRY_FIRST    (1 * SP_MSEC) /* processes that are still dying are looked at again */
#define RETRY_MAX      (20 * SP_MSEC)
#define INSTS_MAX      (SP_CONTAINERS_MAX * 2)

static const char *const identity_paths[] = {"/etc/hosts", "/etc/hostname", "/etc/resolv.conf"};

/* ---- slots ----------------------------------------------------------------------------------- */

static int add_slot(struct sup *s, struct sup_inst *i)
{
	struct sup_inst **p;

	for (uint32_t k = 0; k < s->n_insts; k++) {
		if (!s->insts[k]) {
			s->insts[k] = i;
			return (int)k;
		}
	}
	p = reallocarray(s->insts, s->n_insts + 4, sizeof(struct sup_inst *));
	if (!p)
		return -1;
	s->insts = p;
	for (uint32_t k = 0; k < 4; k++)
		p[s->n_insts + k] = NULL;
	p[s->n_insts] = i;
	s->n_insts += 4;
	return (int)s->n_insts - 4;
}

static uint32_t slot_of(const struct sup *s, const struct sup_inst *i)
{
	uint32_t k = 0;

	while (s->insts[k] != i)
		k++;
	return k;
}

struct sup_inst *sup_inst_find(struct sup *s, uint16_t ctr, uint32_t attempt)
{
	for (uint32_t k = 0; k < s->n_insts; k++) {
		struct sup_inst *i = s->insts[k];

		if (i && i->ctr == ctr && i->attempt == attempt && !i->dropped)
			return i;
	}
	return NULL;
}

static struct sup_inst *find_dropped(struct sup *s, uint16_t ctr)
{
	for (uint32_t k = 0; k < s->n_insts; k++)
		if (s->insts[k] && s->insts[k]->ctr == ctr && s->insts[k]->dropped)
			return s->insts[k];
	return NULL;
}

static void free_inst(struct sup *s, struct sup_inst *i)
{
	s->insts[slot_of(s, i)] = NULL;
	sp_loop_del(&s->loop, &i->pid_src);
	sp_loop_del(&s->loop, &i->report_src);
	sp_loop_del(&s->loop, &i->out_src);
	sp_loop_del(&s->loop, &i->err_src);
	sp_close(i->fds.pidfd);
	sp_close(i->fds.report_fd);
	sp_close(i->fds.stdout_fd);
	sp_close(i->fds.stderr_fd);
	sp_close(i->stdin_fd);
	if (i->term_fd >= 0) {
		sp_close(i->term_fd);
		(void)unlinkat(s->pod_dir_fd, i->term_name, 0); /* goes with the pod otherwise */
	}
	sp_log_done(&i->log);
	free(i);
}

/* ---- preparing ------------------------------------------------------------------------------- */

static unsigned depth_of(const char *path)
{
	unsigned n = 0;

	for (; *path; path++)
		n += *path == '/' && path[1] && path[1] != '/';
	return n;
}

/* Outer mounts first, whatever the order of the manifest. */
static void add_mount(struct sp_ctr_mount *v, uint32_t *n, struct sp_ctr_mount m)
{
	uint32_t at = (*n)++;

	for (; at > 0 && depth_of(v[at - 1].target) > depth_of(m.target); at--)
		v[at] = v[at - 1];
	v[at] = m;
}

static bool mounts_over(const struct sp_k_container *k, const char *path)
{
	for (uint32_t i = 0; i < k->mounts.n; i++)
		if (sp_streq(k->mounts.v[i].mount_path, path))
			return true;
	return false;
}

static const struct sp_volume *find_volume(const struct sup *s, const char *name)
{
	for (uint32_t i = 0; s->volumes && i < s->bundle.pod->spec->volumes.n; i++)
		if (s->volumes[i].name && sp_streq(s->volumes[i].name, name))
			return &s->volumes[i];
	return NULL;
}

static int plan_mounts(struct sup *s, struct sup_inst *i, struct sp_arena *a,
		       const struct sp_env *env, struct sp_ctr_params *p, struct sp_error *err)
{
	const struct sp_k_container *k = s->ctrs[i->ctr].k;
	const int identity_fds[] = {s->hosts_fd, s->hostname_fd, s->resolv_fd};
	struct sp_ctr_mount *v =
		sp_arena_array(a, k->mounts.n + SP_ARRAY_LEN(identity_paths) + 1, sizeof(*v));
	uint32_t n = 0;

	if (!v)
		return sp_fail(err, SP_E_NO_MEMORY, "mounts");
	for (size_t x = 0; x < SP_ARRAY_LEN(identity_paths); x++)
		if (!mounts_over(k, identity_paths[x]))
			add_mount(v, &n,
				  (struct sp_ctr_mount){.source_fd = identity_fds[x],
							.target = identity_paths[x]});
	for (uint32_t x = 0; x < k->mounts.n; x++) {
		const struct sp_k_mount *m = &k->mounts.v[x];
		struct sp_ctr_mount cm = {
			.volume = find_volume(s, m->name),
			.source_fd = -EBADF,
			.target = m->mount_path,
			.read_only = m->read_only.set && m->read_only.v,
			.recursive_read_only = m->recursive_read_only &&
					       !sp_streq(m->recursive_read_only, "Disabled"),
		};

		if (!cm.volume)
			return sp_fail(err, SP_E_INVALID, "volume '%s' not found", m->name);
		cm.read_only |= cm.volume->read_only;
		if (m->propagation && sp_streq(m->propagation, "HostToContainer"))
			cm.propagation = SP_PROPAGATE_FROM_HOST;
		else if (m->propagation && sp_streq(m->propagation, "Bidirectional"))
			cm.propagation = SP_PROPAGATE_BOTH;
		if (sp_sub_path(a, m, env, &cm.sub_path, err) < 0)
			return -1;
		if (m->mount_path[0] != '/') /* as upstream: from the root */
			cm.target = sp_arena_printf(a, "/%s", m->mount_path);
		if (!cm.target)
			return sp_fail(err, SP_E_NO_MEMORY, "mounts");
		add_mount(v, &n, cm);
	}
	if (i->term_fd >= 0)
		add_mount(v, &n,
			  (struct sp_ctr_mount){.source_fd = i->term_fd,
						.target = k->termination_message_path});
	p->mounts = v;
	p->n_mounts = n;
	return 0;
}

/* TMSG-1 */
static int make_term_file(struct sup *s, struct sup_inst *i, struct sp_error *err)
{
	const struct sp_k_container *k = s->ctrs[i->ctr].k;
	struct sp_buf b = sp_buf_fixed(i->term_name, sizeof(i->term_name));

	if (!k->termination_message_path || k->termination_message_path[0] != '/')
		return 0;
	sp_buf_printf(&b, "message.%s.%u", k->name, i->attempt);
	i->term_fd = openat(s->pod_dir_fd, i->term_name,
			    O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0666);
	/* Whoever the container runs as may write it; the umask is in the way of saying so above.
	 */
	if (i->term_fd < 0 || fchmod(i->term_fd, 0666) < 0)
		return sp_fail_errno(err, errno, "create the termination message file");
	return 0;
}

static int plan(struct sup *s, struct sup_inst *i, struct sp_arena *a, struct sp_ctr_params *p,
		struct sp_error *err)
{
	const struct sp_k_container *k = s->ctrs[i->ctr].k;
	const struct sp_image *image = &s->ctrs[i->ctr].image->image;
	struct sp_env env;

	if (sp_env_build(a, &s->world, k, &env, err) < 0)
		return -1;
	*p = (struct sp_ctr_params){
		.name = k->name,
		.ctr = i->ctr,
		.attempt = i->attempt,
		.image = image,
		.security = k->security,
		.pod_security = s->bundle.pod->spec->security,
		.argv = sp_argv_build(a, k, image, &env),
		.env = sp_env_list(a, &s->world, k, image, &env),
		.working_dir = k->working_dir && k->working_dir[0] ? k->working_dir
			       : image->working_dir[0]             ? image->working_dir
								   : "/",
		.tty = k->tty.set && k->tty.v,
		.stdin_open = k->stdin_open.set && k->stdin_open.v,
		.stdin_fd = -EBADF,
	};
	if (!p->argv || !p->env)
		return sp_fail(err, SP_E_NO_MEMORY, "container '%s'", k->name);
	if (!p->argv[0])
		return sp_fail(err, SP_E_IO, "no command specified");
	if (make_term_file(s, i, err) < 0)
		return -1;
	return plan_mounts(s, i, a, &env, p, err);
}

/* Up to the execve. Errors: SP_E_INVALID is CreateContainerConfigError, others
 * CreateContainerError. Return: the instance, or NULL. */
static struct sup_inst *prepare(struct sup *s, uint16_t ctr, uint32_t attempt, struct sp_error *err)
{
	SP_CLEANUP(sp_arena_done) struct sp_arena a = {0};
	SP_CLEANUP(sp_closep) int stdin_read = -EBADF;
	const char *image = sp_pod_image(&s->spec, s->pod, ctr);
	struct sup_inst *i = calloc(1, sizeof(*i));
	struct sp_ctr_params p;
	int r;

	if (!i || add_slot(s, i) < 0) {
		free(i);
		sp_fail(err, SP_E_NO_MEMORY, "container '%s'", s->spec.ctrs[ctr].name);
		return NULL;
	}
	i->ctr = ctr;
	i->attempt = attempt;
	i->stdin_fd = i->term_fd = -EBADF;
	i->fds = (struct sp_ctr_fds){-EBADF, -EBADF, -EBADF, -EBADF};
	i->retry_at = SP_NEVER;
	sp_log_init(&i->log, &s->logs, s->spec.ctrs[ctr].name, attempt);
	s->ctrs[ctr].image = sup_image_find(s, image);
	if (!s->ctrs[ctr].image) {
		sp_fail(err, SP_E_NOT_FOUND, "image \"%s\" is not there", image);
		free_inst(s, i);
		return NULL;
	}
	r = plan(s, i, &a, &p, err);
	if (r == 0 && p.stdin_open && !p.tty) {
		int fds[2];

		if (pipe2(fds, O_CLOEXEC) < 0) {
			r = sp_fail_errno(err, errno, "stdin");
		} else {
			p.stdin_fd = stdin_read = fds[0];
			i->stdin_fd = fds[1];
		}
	}
	if (r < 0 || sp_ctr_prepare(s->sandbox, &p, &i->c, &i->fds, err) < 0) {
		free_inst(s, i);
		return NULL;
	}
	/* A terminal is read and written through one open file: its clients share the flag. */
	if (!sup_nonblock(i->fds.stdout_fd) || !sup_nonblock(i->fds.stderr_fd) ||
	    !sup_nonblock(i->fds.report_fd))
		sup_log(s, "container output", NULL);
	return i;
}

/* May this container be prepared before its turn? What the containers before it do to a shared
 * volume must not matter to the set-up: sub paths, working directories and mount points in volumes
 * are looked up, or made, by it. */
static bool may_prepare_ahead(const struct sup *s, uint16_t ctr)
{
	const struct sp_k_container *k = s->ctrs[ctr].k;
	const struct sp_bundle_image *b =
		sup_image_find((struct sup *)(uintptr_t)s, sp_pod_image(&s->spec, s->pod, ctr));
	const char *dir = k->working_dir && k->working_dir[0] ? k->working_dir
			  : b                                 ? b->image.working_dir
							      : "";

	if (!b || s->ctrs[ctr].launched || (k->stdin_open.set && k->stdin_open.v))
		return false;
	if (k->image_pull_policy && sp_streq(k->image_pull_policy, "Always") &&
	    !sup_image_asked(s, ctr, b))
		return false;
	for (uint32_t i = 0; i < k->mounts.n; i++) {
		const struct sp_k_mount *m = &k->mounts.v[i];
		size_t n = strlen(m->mount_path);

		if (m->sub_path || m->sub_path_expr || strncmp(dir, m->mount_path, n) == 0)
			return false;
		for (uint32_t o = 0; o < k->mounts.n; o++)
			if (o != i && strncmp(k->mounts.v[o].mount_path, m->mount_path, n) == 0)
				return false;
	}
	return true;
}

bool sup_nonblock(int fd)
{
	return fd < 0 || fcntl(fd, F_SETFL, O_NONBLOCK) == 0;
}

static bool watch(struct sup *s, struct sup_inst *i)
{
	uint32_t slot = slot_of(s, i);

	if (!i->pid_src)
		i->pid_src = sp_loop_add(&s->loop, i->fds.pidfd, SUP_INST_PID, slot, EPOLLIN);
	if (i->dropped)
		return i->pid_src;
	i->report_src = sp_loop_add(&s->loop, i->fds.report_fd, SUP_INST_REPORT, slot, EPOLLIN);
	if (i->fds.stdout_fd >= 0)
		i->out_src = sp_loop_add(&s->loop, i->fds.stdout_fd, SUP_INST_OUT, slot, EPOLLIN);
	if (i->fds.stderr_fd >= 0)
		i->err_src = sp_loop_add(&s->loop, i->fds.stderr_fd, SUP_INST_ERR, slot, EPOLLIN);
	return i->pid_src && i->report_src;
}

static void drop(struct sup *s, struct sup_inst *i)
{
	i->dropped = true;
	(void)sp_ctr_kill(i->c); /* gone already, or it dies with the sandbox */
	if (!watch(s, i))
		i->retry_at = s->real;
}

void sup_inst_drop_prepared(struct sup *s)
{
	s->ahead = SP_NO_CTR;
	for (uint32_t k = 0; k < s->n_insts; k++)
		if (s->insts[k] && s->insts[k]->state == SUP_PREPARED && !s->insts[k]->dropped)
			drop(s, s->insts[k]);
}

static void create_failed(struct sup *s, uint16_t ctr, uint32_t attempt, const struct sp_error *err)
{
	sup_tell(s, &(struct sp_event){.kind = SP_EV_CREATE_FAILED,
				       .ctr = ctr,
				       .attempt = attempt,
				       .config = err->code == SP_E_INVALID,
				       .text = err->text});
}

static const char *image_id_of(struct sup *s, const struct sp_bundle_image *b)
{
	/* "<repository>@<digest>" when it came from a registry, the id otherwise. */
	if (b->image.digest && b->image.digest[0] && b->image.ref) {
		const char *slash = strrchr(b->image.ref, '/');
		const char *end = strpbrk(slash ? slash : b->image.ref, ":@");
		size_t n = end ? (size_t)(end - b->image.ref) : strlen(b->image.ref);
		const char *id = sp_arena_printf(&s->arena, "%.*s@%s", (int)n, b->image.ref,
						 b->image.digest);

		return id ? id : b->image.id;
	}
	return b->image.id;
}

void sup_do_start(struct sup *s, uint16_t ctr, uint32_t attempt)
{
	struct sup_ctr *c = &s->ctrs[ctr];
	struct sup_inst *i = sup_inst_find(s, ctr, attempt);
	struct sp_error err = {0};

	if (!i && find_dropped(s, ctr)) {
		/* Its cgroup still has the name. */
		c->start_waiting = true;
		c->start_attempt = attempt;
		return;
	}
	if (i && i->state != SUP_PREPARED)
		return;
	if (!i)
		i = prepare(s, ctr, attempt, &err);
	if (!i) {
		create_failed(s, ctr, attempt, &err);
		return;
	}
	c->launched = true;
	if (c->image != c->image_shown) {
		c->image_id = image_id_of(s, c->image);
		c->image_shown = c->image;
	}
	i->state = SUP_STARTING;
	if (!watch(s, i)) {
		sp_fail_errno(&err, errno, "watch the container");
	} else if (sp_ctr_release(i->c, &err) == 0) {
		if (s->spec.ctrs[ctr].role != SP_ROLE_INIT && ctr + 1 < s->spec.n_ctrs)
			s->ahead = (uint16_t)(ctr + 1);
		return;
	}
	/* It still waits before its execve: it ends as one whose launch failed. */
	i->start_failed = true;
	i->start_err = err;
	(void)sp_ctr_kill(i->c);
}

static void prepare_ahead(struct sup *s)
{
	uint16_t ctr = s->ahead;
	struct sp_error err = {0};
	struct sup_inst *i;

	s->ahead = SP_NO_CTR;
	/* After a dead supervisor the numbers of instances go on: ask the core, do not guess. */
	if (ctr == SP_NO_CTR || s->bundle.resume || !s->sandbox || s->sandbox_stopping ||
	    !may_prepare_ahead(s, ctr) || sup_inst_find(s, ctr, 0) || find_dropped(s, ctr))
		return;
	/* An error is met, and told, when its turn comes. */
	i = prepare(s, ctr, 0, &err);
	if (!i)
		return;
	i->state = SUP_PREPARED;
	i->pid_src = sp_loop_add(&s->loop, i->fds.pidfd, SUP_INST_PID, slot_of(s, i), EPOLLIN);
	if (!i->pid_src)
		drop(s, i);
}

/* ---- signals --------------------------------------------------------------------------------- */

static int stop_signal(const struct sup *s, const struct sup_inst *i)
{
	static const char prefix[] = "SIG";
	const struct sp_k_lifecycle *l = s->ctrs[i->ctr].k->lifecycle;
	const char *name = l ? l->stop_signal : NULL;

	if (name && strncmp(name, prefix, 3) == 0) {
		int64_t n = 0;

		for (int sig = 1; sig < 32; sig++) {
			const char *abbrev = sigabbrev_np(sig);

			if (abbrev && sp_streq(abbrev, name + 3))
				return sig;
		}
		if (strncmp(name, "SIGRTMIN", 8) == 0 &&
		    (!name[8] || sp_parse_i64(name + 8, 0, 15, &n) == 0))
			return SIGRTMIN + (int)n;
		if (strncmp(name, "SIGRTMAX", 8) == 0 &&
		    (!name[8] || sp_parse_i64(name + 8, -14, 0, &n) == 0))
			return SIGRTMAX + (int)n;
	}
	return sp_ctr_stop_signal(i->c);
}

void sup_do_signal(struct sup *s, uint16_t ctr, uint32_t attempt)
{
	struct sup_inst *i = sup_inst_find(s, ctr, attempt);

	if (i) /* gone meanwhile: its exit is on the way to the core */
		(void)sp_ctr_signal(i->c, stop_signal(s, i));
}

void sup_do_kill(struct sup *s, uint16_t ctr, uint32_t attempt)
{
	struct sup_inst *i = sup_inst_find(s, ctr, attempt);

	if (i)
		(void)sp_ctr_kill(i->c); /* as above */
}

void sup_inst_kill_all(struct sup *s)
{
	sup_inst_drop_prepared(s);
	for (uint32_t k = 0; k < s->n_insts; k++)
		if (s->insts[k] && !s->insts[k]->dropped)
			(void)sp_ctr_kill(s->insts[k]->c); /* as above */
}

/* ---- output ---------------------------------------------------------------------------------- */

/* Read what is there, at most @turns chunks. Return: false at the end of the stream. */
static bool read_output(struct sup *s, struct sup_inst *i, int which, int turns)
{
	static char chunk[READ_CHUNK];
	int fd = which ? i->fds.stderr_fd : i->fds.stdout_fd;

	for (int t = 0; t < turns; t++) {
		ssize_t n = read(fd, chunk, sizeof(chunk));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			return true;
		/* A terminal whose last user has gone answers EIO. */
		sp_log_add(&i->log, which, s->wall, chunk, n > 0 ? (size_t)n : 0);
		if (n <= 0)
			return false;
		if ((size_t)n < sizeof(chunk))
			return true;
	}
	return true;
}

static void close_output(struct sup *s, struct sup_inst *i, int which)
{
	int *fd = which ? &i->fds.stderr_fd : &i->fds.stdout_fd;

	sp_loop_del(&s->loop, which ? &i->err_src : &i->out_src);
	*fd = sp_close(*fd);
}

static void flush_log(struct sup *s, struct sup_inst *i)
{
	uint64_t dropped = i->log.dropped_bytes;
	int64_t rotated = i->log.rotated_wall_ns;

	sp_log_flush(&i->log, s->wall);
	if (i->log.rotated_wall_ns != rotated)
		sup_do_compress(s);
	if (i->log.dropped_bytes == dropped || s->logs_dropped_told)
		return;
	s->logs_dropped_told = 1;

	struct sp_error err;
	char text[1024];
	struct sp_buf b = sp_buf_fixed(text, sizeof(text));

	sp_fail_errno(&err, i->log.errnum, "logs of container %s cannot be written",
		      s->spec.ctrs[i->ctr].name);
	sp_buf_printf(&b, "%s; what it writes is dropped until they can", err.text);
	sup_warn(s, "FailedLogging", text);
}

/* ---- the end of an instance ------------------------------------------------------------------ */

/* TMSG-1 … TMSG-3. *ret in @b. */
static void termination_message(struct sup *s, struct sup_inst *i, struct sp_buf *b)
{
	const char *policy = s->ctrs[i->ctr].k->termination_message_policy;
	char mem[SP_TERM_MAX];
	off_t size = i->term_fd >= 0 ? lseek(i->term_fd, 0, SEEK_END) : 0;
	ssize_t n = 0;

	if (size > 0)
		n = pread(i->term_fd, mem, sizeof(mem), SP_MAX(size - SP_TERM_MAX, (off_t)0));
	if (sp_termination_message(policy, mem, n > 0 ? (size_t)n : 0, i->exit.code, b))
		sp_log_tail(&i->log, b);
}

static void record_usage(struct sup *s, const struct sup_inst *i)
{
	const struct sp_record_usage u = {(int64_t)i->exit.usage.cpu_ns,
					  (int64_t)i->exit.usage.memory_peak_bytes};

	if (u.cpu_ns || u.memory_peak_bytes)
		sp_record_usage_print(&s->record, &s->spec, i->ctr, i->attempt,
				      s->now - s->state->accepted_mono, s->wall, &u);
}

static void told_gone(struct sup *s, struct sup_inst *i)
{
	struct sp_event ev = {.ctr = i->ctr, .attempt = i->attempt};
	SP_CLEANUP(sp_buf_done) struct sp_buf message = {0};

	if (i->start_failed) {
		ev.kind = SP_EV_START_FAILED;
		ev.text = i->start_err.text;
	} else {
		termination_message(s, i, &message);
		record_usage(s, i);
		ev.kind = SP_EV_EXITED;
		ev.code = i->exit.code;
		ev.oom = i->exit.oom;
		ev.text = message.ptr ? message.ptr : "";
	}
	sup_tell(s, &ev);
}

static void gone(struct sup *s, struct sup_inst *i)
{
	uint16_t ctr = i->ctr;
	bool dropped = i->dropped;

	if (!dropped) {
		/* All writers are dead: what is in the pipes is all there will be. */
		for (int which = 0; which < 2; which++) {
			int fd = which ? i->fds.stderr_fd : i->fds.stdout_fd;

			if (fd >= 0 && read_output(s, i, which, 1 << 10))
				sp_log_add(&i->log, which, s->wall, "", 0);
			close_output(s, i, which);
		}
		flush_log(s, i);
		told_gone(s, i);
		sup_job_inst_gone(s, ctr, i->attempt);
		flush_log(s, i);
	}
	i->c = sp_ctr_free(i->c);
	free_inst(s, i);
	if (dropped && s->ctrs[ctr].start_waiting) {
		s->ctrs[ctr].start_waiting = false;
		sup_do_start(s, ctr, s->ctrs[ctr].start_attempt);
	}
	sup_sandbox_progress(s);
}

static void reap(struct sup *s, struct sup_inst *i)
{
	struct sp_error err = {0};
	int r = sp_ctr_reap(i->c, &i->exit, &err);

	sp_loop_del(&s->loop, &i->pid_src);
	if (r == 1) {
		i->state = SUP_DYING;
		i->retry_step = i->retry_step ? SP_MIN(i->retry_step * 2, RETRY_MAX) : RETRY_FIRST;
		i->retry_at = s->real + i->retry_step;
		return;
	}
	if (r < 0) /* it is dead all the same; what could not be removed is swept later */
		sup_log(s, "container end", &err);
	gone(s, i);
}

/* ---- events ---------------------------------------------------------------------------------- */

/* End of file: execve worked. An error: it did not, or something before it. */
static void read_report(struct sup *s, struct sup_inst *i)
{
	ssize_t n;

	if (i->state != SUP_STARTING)
		return;
	n = read(i->fds.report_fd, &i->start_err, sizeof(i->start_err));
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	sp_loop_del(&s->loop, &i->report_src);
	i->fds.report_fd = sp_close(i->fds.report_fd);
	i->state = SUP_RUNNING;
	if (n == (ssize_t)sizeof(i->start_err)) {
		i->start_err.text[sizeof(i->start_err.text) - 1] = '\0';
		i->start_failed = true; /* told when its process is gone */
		return;
	}
	if (i->start_failed)
		return;
	i->log_touch = true;
	sup_tell(s,
		 &(struct sp_event){.kind = SP_EV_STARTED, .ctr = i->ctr, .attempt = i->attempt});
}

void sup_inst_event(struct sup *s, const struct sp_ready *r)
{
	struct sup_inst *i = s->insts[r->owner];

	switch (r->kind) {
	case SUP_INST_REPORT:
		read_report(s, i);
		break;
	case SUP_INST_OUT:
	case SUP_INST_ERR:
		if (!read_output(s, i, r->kind == SUP_INST_ERR, READS_PER_TURN))
			close_output(s, i, r->kind == SUP_INST_ERR);
		break;
	default:
		/* One that could not even be set up is forgotten: when its turn comes it is tried
		 * again, and what is wrong is told. */
		if (i->state == SUP_PREPARED)
			i->dropped = true;
		/* LAT-22: the launch before the exit of the same instance. */
		if (!i->dropped)
			read_report(s, i);
		reap(s, i);
	}
}

sp_time sup_inst_timers(struct sup *s)
{
	sp_time next = SP_NEVER;

	for (uint32_t k = 0; k < s->n_insts; k++) {
		if (s->insts[k] && s->real >= s->insts[k]->retry_at)
			reap(s, s->insts[k]);
		if (s->insts[k])
			next = SP_MIN(next, s->insts[k]->retry_at);
	}
	return next;
}

void sup_inst_idle(struct sup *s)
{
	prepare_ahead(s);
	for (uint32_t k = 0; k < s->n_insts; k++) {
		struct sup_inst *i = s->insts[k];

		if (!i || i->dropped)
			continue;
		flush_log(s, i);
		if (i->log_touch)
			sp_log_touch(&i->log);
		i->log_touch = false;
	}
}
