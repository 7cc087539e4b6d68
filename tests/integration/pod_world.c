/* SPDX-License-Identifier: Apache-2.0 */
#include "pod_world.h"

#include "loop/loop.h"
#include "spec/load.h"
#include "supervisor/logs.h"
#include "sys/fd.h"
#include "sys/sys.h"

#include "../unit/cmocka_all.h"

#include <fcntl.h>
#include <glob.h>
#include <grp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define BUSYBOX "/bin/busybox"
#define WAIT_MS 120000 /* a hanging test ends; nothing is judged by it */

static unsigned serial; /* of pods, for their uids */

/* ---- world ----------------------------------------------------------------------------------- */

static void copy_file(const char *from, const char *to)
{
	char mem[65536];
	int in = open(from, O_RDONLY | O_CLOEXEC);
	int out = open(to, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
	ssize_t n;

	assert_true(in >= 0 && out >= 0);
	while ((n = read(in, mem, sizeof(mem))) > 0)
		assert_int_equal(write(out, mem, (size_t)n), n);
	assert_int_equal(n, 0);
	close(in);
	close(out);
}

static void make_layer(const char *layer)
{
	static const char *const dirs[] = {"bin", "etc", "tmp", "root"};
	static const char *const applets[] = {
		"sh", "sleep", "cat", "echo",  "kill", "ls",   "true",  "false", "stat",
		"dd", "tail",  "id",  "httpd", "nc",   "date", "mkdir", "touch", "env",
		"tr", "test",  "seq", "yes",   "head", "rm",   "wc",    "ps",    "ip"};
	char path[256];

	for (size_t i = 0; i < SP_ARRAY_LEN(dirs); i++) {
		snprintf(path, sizeof(path), "%s/%s", layer, dirs[i]);
		assert_int_equal(mkdir(path, 0755), 0);
	}
	snprintf(path, sizeof(path), "%s/bin/busybox", layer);
	copy_file(BUSYBOX, path);
	for (size_t i = 0; i < SP_ARRAY_LEN(applets); i++) {
		snprintf(path, sizeof(path), "%s/bin/%s", layer, applets[i]);
		assert_int_equal(symlink("busybox", path), 0);
	}
	snprintf(path, sizeof(path), "%s/etc/passwd", layer);
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	assert_true(write(fd, "root:x:0:0::/root:/bin/sh\nuser:x:1000:1000::/tmp:/bin/sh\n", 57) >
		    0);
	close(fd);
}

static bool skip_all(const char *why)
{
	printf("1..0 # SKIP %s\n", why);
	assert_null(getenv("SP_TESTS_MUST_RUN"));
	return false;
}

/* The same tests as somebody who is not root: from here on this process is that user. */
static bool become(const char *uid)
{
	uid_t u = (uid_t)strtoul(uid, NULL, 10);

	if (geteuid() != 0)
		return skip_all("only root can become somebody else");
	assert_int_equal(setgroups(0, NULL) | setresgid(u, u, u) | setresuid(u, u, u), 0);
	/* changing users made our files in /proc root's; a user's own process has them */
	assert_int_equal(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0), 0);
	if (access(POD_DIR, X_OK) == 0 && access(getenv("SIDEPOD_SUPERVISOR"), X_OK) == 0)
		return true;
	return skip_all("the build folder is not readable for others");
}

bool world_open(struct pod_world *w)
{
	static const char *env[] = {"PATH=/bin"};
	static const char *layers[1];
	char path[128];

	if (access(BUSYBOX, X_OK) < 0)
		return skip_all("busybox-static is not installed");
	if (getenv("SIDEPOD_TEST_UID") && !become(getenv("SIDEPOD_TEST_UID")))
		return false;
	*w = (struct pod_world){.open.pidfd = -EBADF};
	snprintf(w->top, sizeof(w->top), "/tmp/sidepod-itest-XXXXXX");
	assert_non_null(mkdtemp(w->top));
	assert_int_equal(chmod(w->top, 0755), 0);
	snprintf(path, sizeof(path), "%s/layer", w->top);
	assert_int_equal(mkdir(path, 0755), 0);
	make_layer(path);
	assert_int_equal(sp_engine_default(&w->arena, w->top, &w->engine), 0);
	snprintf(w->cgroup, sizeof(w->cgroup), "sidepod-itest-%d", (int)getpid());
	w->engine.cgroup_root = w->cgroup;
	w->engine.net = SP_NET_LO;
	w->engine.rootless = geteuid() != 0;
	w->engine.supervisor = getenv("SIDEPOD_SUPERVISOR");
	layers[0] = sp_arena_strdup(&w->arena, path);
	w->image = (struct sp_bundle_image){
		.reference = "busybox:1",
		.image = {.ref = "test.local/busybox:1",
			  .id = "sha256:0123",
			  .digest = "",
			  .layers = layers,
			  .n_layers = 1,
			  .env = env,
			  .n_env = 1,
			  .working_dir = "",
			  .user = "",
			  .stop_signal = ""},
	};
	return true;
}

/* Lines of a file of /proc that name us. */
static int count_lines(const char *path, const char *word)
{
	FILE *f = fopen(path, "re");
	char line[4096];
	int n = 0;

	while (f && fgets(line, sizeof(line), f))
		n += strstr(line, word) != NULL;
	if (f)
		fclose(f);
	return n;
}

static void remove_cgroup_roots(const char *name)
{
	static const char *const trees[] = {"",        "memory",  "cpu",     "cpu,cpuacct",
					    "cpuacct", "pids",    "devices", "freezer",
					    "unified", "hugetlb", "blkio",   "cpuset"};
	char path[256];

	for (size_t i = 0; i < SP_ARRAY_LEN(trees); i++) {
		/* Empty ones go; one that is not empty is found below. */
		static const char *const tiers[] = {"/burstable", "/besteffort", ""};

		for (size_t t = 0; t < SP_ARRAY_LEN(tiers); t++) {
			snprintf(path, sizeof(path), "/sys/fs/cgroup/%s/%s%s", trees[i], name,
				 tiers[t]);
			(void)rmdir(path);
		}
		if (access(path, F_OK) == 0)
			fail_msg("left behind: %s", path);
	}
}

void world_close(struct pod_world *w)
{
	char path[128];

	if (!w->top[0])
		return;
	remove_cgroup_roots(w->cgroup);
	assert_int_equal(count_lines("/proc/self/mountinfo", w->top), 0);
	/* What pods had on disk is gone; only the folders that hold such things remain. */
	snprintf(path, sizeof(path), "%s/lib/pods", w->top);
	assert_true(rmdir(path) == 0 || errno == ENOENT);
	snprintf(path, sizeof(path), "%s/run/pods", w->top);
	assert_true(rmdir(path) == 0 || errno == ENOENT);
	snprintf(path, sizeof(path), "%s/log/pods", w->top);
	assert_true(rmdir(path) == 0 || errno == ENOENT);
	snprintf(path, sizeof(path), "%s/log/containers", w->top);
	assert_true(rmdir(path) == 0 || errno == ENOENT);
	assert_int_equal(sys_remove_tree(AT_FDCWD, w->top), 0);
	sp_arena_done(&w->arena);
}

/* ---- pods ------------------------------------------------------------------------------------ */

void pod_start(struct pod_world *w, struct pod_run *p, const char *name)
{
	const struct sp_load_options opt = {.validate = SP_VALIDATE_STRICT};
	const struct sp_node **maps, **secrets;
	char path[256], yaml[8192];
	struct sp_manifest m;
	struct sp_node *meta;
	ssize_t n;

	*p = (struct pod_run){.w = w, .sup = {.pidfd = -EBADF, .control_fd = -EBADF}};
	snprintf(p->uid, sizeof(p->uid), "itest-%d-%u", (int)getpid(), serial++);
	snprintf(path, sizeof(path), POD_DIR "/%s.yaml", name);
	n = sys_read_file(AT_FDCWD, path, yaml, sizeof(yaml));
	assert_true(n > 0);
	sp_manifest_init(&m, &opt);
	assert_int_equal(sp_manifest_add(&m, path, yaml, (size_t)n), 0);
	for (uint32_t i = 0; i < m.diags.n; i++)
		print_message("%s: %s\n", m.diags.v[i].path ? m.diags.v[i].path : "",
			      m.diags.v[i].message);
	assert_int_equal(m.diags.n_errors, 0);
	maps = sp_arena_array(&p->arena, m.n_objects + 1, sizeof(*maps));
	secrets = sp_arena_array(&p->arena, m.n_objects + 1, sizeof(*secrets));
	p->params = (struct sp_bundle_params){
		.config_maps = maps,
		.secrets = secrets,
		.images = &w->image,
		.n_images = 1,
		.engine = &w->engine,
	};
	for (uint32_t i = 0; i < m.n_objects; i++) {
		const struct sp_node *doc = sp_node_clone(&p->arena, m.objects[i].node);

		if (m.objects[i].kind == SP_KIND_CONFIG_MAP)
			maps[p->params.n_config_maps++] = doc;
		else if (m.objects[i].kind == SP_KIND_SECRET)
			secrets[p->params.n_secrets++] = doc;
		else
			p->params.pod = doc;
	}
	sp_manifest_done(&m);
	assert_non_null(p->params.pod);
	meta = (struct sp_node *)(uintptr_t)sp_node_get(p->params.pod, "metadata");
	assert_int_equal(sp_node_set(&p->arena, meta, "uid", sp_node_new_str(&p->arena, p->uid)),
			 0);

	struct sp_buf b = sp_buf_fixed(p->log_name, sizeof(p->log_name));

	sp_pod_log_name("default", sp_node_str(sp_node_get(meta, "name"), ""), p->uid, &b);
	pod_spawn(p, false);
}

void pod_spawn(struct pod_run *p, bool resume)
{
	struct sp_error err = {0};

	p->params.resume = resume;
	if (sp_supervisor_spawn(&p->params, &p->sup, &err) < 0)
		fail_msg("%s", err.text);
	(void)sp_close(p->w->open.pidfd);
	p->w->open.pidfd = fcntl(p->sup.pidfd, F_DUPFD_CLOEXEC, 0);
	memcpy(p->w->open.uid, p->uid, sizeof(p->uid));
	memcpy(p->w->open.log_name, p->log_name, sizeof(p->log_name));
}

static const char *log_path(struct pod_run *p, const char *ctr, unsigned attempt)
{
	return sp_arena_printf(&p->arena, "%s/pods/%s/%s/%u.log", p->w->engine.log_dir, p->log_name,
			       ctr, attempt);
}

static char *run_path(struct pod_run *p, const char *name)
{
	return sp_arena_printf(&p->arena, "%s/pods/%s/%s", p->w->engine.run_dir, p->uid, name);
}

const char *pod_file(struct pod_run *p, const char *name)
{
	FILE *f = fopen(run_path(p, name), "re");
	size_t size = 1 << 20, n;
	char *mem = sp_arena_alloc(&p->arena, size);

	if (!f)
		return "";
	n = fread(mem, 1, size - 1, f);
	fclose(f);
	mem[n] = '\0';
	return mem;
}

void pod_read(struct pod_run *p)
{
	const char *text = pod_file(p, "record.jsonl");
	uint32_t n = 0;

	for (const char *t = text; (t = strchr(t, '\n')); t++)
		n++;
	p->facts = sp_arena_array(&p->arena, n + 1, sizeof(*p->facts));
	p->n_facts = 0;
	for (const char *nl; (nl = strchr(text, '\n')); text = nl + 1) {
		struct sp_record_line l;
		struct sp_error err = {0};

		if (sp_record_parse_line(&p->arena, text, (size_t)(nl - text), &l, &err) < 0)
			fail_msg("%s: %.*s", err.text, (int)(nl - text), text);
		if (!l.is_header)
			p->facts[p->n_facts++] = l.fact;
	}
}

void pod_wait(struct pod_run *p)
{
	struct pollfd pfd = {.fd = p->sup.pidfd, .events = POLLIN};
	siginfo_t si = {0};

	if (poll(&pfd, 1, WAIT_MS) != 1)
		fail_msg("the pod did not end");
	assert_int_equal(sys_waitid(P_PIDFD, (id_t)p->sup.pidfd, &si, WEXITED), 0);
	p->exit_code = si.si_code == CLD_EXITED ? si.si_status : 128 + si.si_status;
	p->sup.pidfd = sp_close(p->sup.pidfd);
	p->sup.control_fd = sp_close(p->sup.control_fd);
	pod_read(p);
}

void pod_wait_fact(struct pod_run *p, const char *event, const char *ctr, int64_t attempt)
{
	int watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	struct pollfd pfds[] = {{.fd = watch, .events = POLLIN},
				{.fd = p->sup.pidfd, .events = POLLIN}};
	char mem[4096];

	assert_true(inotify_add_watch(watch, run_path(p, ""), IN_MODIFY | IN_CREATE) >= 0);
	for (;;) {
		pod_read(p);
		if (fact_at(p, event, ctr, attempt) >= 0)
			break;
		if (poll(pfds, 2, WAIT_MS) < 1 || (pfds[1].revents & POLLIN))
			fail_msg("waited in vain for '%s' of '%s'", event, ctr ? ctr : "the pod");
		while (read(watch, mem, sizeof(mem)) > 0)
			;
	}
	close(watch);
}

void pod_wait_log(struct pod_run *p, const char *ctr, const char *part)
{
	struct pollfd pfd = {.fd = p->sup.pidfd, .events = POLLIN};
	const char *path = log_path(p, ctr, 0);
	char mem[4096];

	for (int ms = 0;; ms += 10) {
		ssize_t n = sys_read_file(AT_FDCWD, path, mem, sizeof(mem));

		if (n > 0 && strstr(mem, part))
			return;
		if (ms > WAIT_MS || poll(&pfd, 1, 10) != 0)
			fail_msg("'%s' did not write '%s'", ctr, part);
	}
}

void pod_end(struct pod_run *p)
{
	struct sp_error err = {0};

	if (p->sup.pidfd >= 0) {
		(void)sys_pidfd_send_signal(p->sup.pidfd, SIGKILL);
		pod_wait(p);
	}
	if (pod_file(p, "supervisor.log")[0]) /* it complains about what should not happen */
		fail_msg("the supervisor had something to say");
	if (sp_pod_sweep(&p->w->engine, p->uid, true, p->log_name, &err) < 0)
		fail_msg("%s", err.text);
	p->w->open.uid[0] = '\0';
	p->w->open.pidfd = sp_close(p->w->open.pidfd);
	sp_arena_done(&p->arena);
}

/* ---- when a test fails ----------------------------------------------------------------------- */

/* As comments of TAP. */
static void show(const char *path)
{
	FILE *f = fopen(path, "re");
	char line[4096];

	print_message("# --- %s\n", path);
	while (f && fgets(line, sizeof(line), f))
		print_message("# %.*s\n", (int)strcspn(line, "\n"), line);
	if (f)
		fclose(f);
}

void world_after_test(struct pod_world *w)
{
	static const char *const files[] = {"record.jsonl", "supervisor.log", "status.json"};
	struct sp_error err = {0};
	char path[512];
	siginfo_t si;
	glob_t logs;

	if (!w->open.uid[0])
		return;
	for (size_t i = 0; i < SP_ARRAY_LEN(files); i++) {
		snprintf(path, sizeof(path), "%s/pods/%s/%s", w->engine.run_dir, w->open.uid,
			 files[i]);
		show(path);
	}
	snprintf(path, sizeof(path), "%s/pods/%s/*/*.log", w->engine.log_dir, w->open.log_name);
	if (glob(path, 0, NULL, &logs) == 0)
		for (size_t i = 0; i < logs.gl_pathc; i++)
			show(logs.gl_pathv[i]);
	globfree(&logs);
	(void)sys_pidfd_send_signal(w->open.pidfd, SIGKILL); /* it may be gone */
	(void)sys_waitid(P_PIDFD, (id_t)w->open.pidfd, &si, WEXITED);
	w->open.pidfd = sp_close(w->open.pidfd);
	if (sp_pod_sweep(&w->engine, w->open.uid, true, w->open.log_name, &err) < 0)
		print_message("# %s\n", err.text);
	w->open.uid[0] = '\0';
}

/* ---- what happened --------------------------------------------------------------------------- */

int fact_at(const struct pod_run *p, const char *event, const char *ctr, int64_t attempt)
{
	for (uint32_t i = 0; i < p->n_facts; i++)
		if (sp_streq(p->facts[i].event, event) &&
		    sp_streq(p->facts[i].ctr, ctr ? ctr : "") &&
		    (attempt < 0 || p->facts[i].attempt == attempt))
			return (int)i;
	return -1;
}

const struct sp_record_fact *fact(const struct pod_run *p, const char *event, const char *ctr,
				  int64_t attempt)
{
	int i = fact_at(p, event, ctr, attempt);

	if (i < 0)
		fail_msg("no fact '%s' of '%s' attempt %lld", event, ctr ? ctr : "the pod",
			 (long long)attempt);
	return &p->facts[i];
}

void assert_order(const struct pod_run *p, ...)
{
	const char *want;
	uint32_t at = 0;
	va_list ap;

	va_start(ap, p);
	while ((want = va_arg(ap, const char *))) {
		char have[256] = "";

		for (; at < p->n_facts; at++) {
			const struct sp_record_fact *f = &p->facts[at];

			snprintf(have, sizeof(have), "%s%s%s", f->event, f->ctr[0] ? " " : "",
				 f->ctr);
			if (sp_streq(have, want))
				break;
		}
		if (at++ >= p->n_facts)
			fail_msg("'%s' is missing, or too early", want);
	}
	va_end(ap);
}

int event_at(const struct pod_run *p, const char *reason, const char *part)
{
	for (uint32_t i = 0; i < p->n_facts; i++)
		if (p->facts[i].is_event && sp_streq(p->facts[i].reason, reason) &&
		    strstr(p->facts[i].message, part))
			return (int)i;
	return -1;
}

json_t *pod_call(struct pod_run *p, const char *request)
{
	struct sp_error err = {0};
	json_t *answer = NULL;

	if (sp_supervisor_call(p->sup.control_fd, request, strlen(request), NULL, 0, NULL, &answer,
			       &err) < 0)
		fail_msg("%s: %s", request, err.text);
	return answer;
}

const char *pod_log(struct pod_run *p, const char *ctr, unsigned attempt)
{
	FILE *f = fopen(log_path(p, ctr, attempt), "re");
	size_t size = 1 << 20, n;
	char *mem = sp_arena_alloc(&p->arena, size);
	struct sp_buf b = {0};
	const char *r;

	if (!f)
		return "(no log)";
	n = fread(mem, 1, size, f);
	fclose(f);
	sp_log_unformat(mem, n, 1000000, 1 << 20, &b);
	r = sp_arena_strdup(&p->arena, b.ptr ? b.ptr : "");
	sp_buf_done(&b);
	return r;
}
