/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Start speed against the floor, side by side in one run: for every pod of the floor one of the
 * product, same root file system, same kind of network, same machine state. Prints medians and
 * ratios; asserts nothing, because other work on the machine would decide.
 *
 *   bench_floor [-n PODS] [-k IN-FLIGHT] [sequential] [bridge] [parallel] [idle] [command] [memory]
 *	[crowd]
 */
#include "floor.h"

#include "base/buf.h"
#include "record/record.h"
#include "spec/load.h"
#include "supervisor/bundle.h"
#include "supervisor/spawn.h"
#include "sys/fd.h"
#include "sys/self.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#define PODS_MAX 1000

static const char manifest_text[] =
	"apiVersion: v1\n"
	"kind: Pod\n"
	"metadata: {name: bench}\n"
	"spec:\n"
	"  initContainers:\n"
	"  - name: sidecar\n"
	"    image: sidepod.local/demo\n"
	"    imagePullPolicy: IfNotPresent\n"
	"    restartPolicy: Always\n"
	"    command: [/bin/sleep, infinity]\n"
	"    resources: {limits: {memory: 64Mi}, requests: {cpu: 500m}}\n"
	"  containers:\n"
	"  - name: app\n"
	"    image: sidepod.local/demo\n"
	"    imagePullPolicy: IfNotPresent\n"
	"    command: [/bin/sleep, infinity]\n"
	"    resources: {limits: {memory: 64Mi}, requests: {cpu: 500m}}\n";

struct bench {
	char dir[64], layer[4096], bin[4096];
	struct sp_manifest manifest;
	struct sp_engine engine;
	const char *layers[1];
	struct sp_bundle_image image;
	size_t n, k; /* pods, pods in flight */
	char **rows;
	int n_rows;
	int inotify_fd; /* for all records: a user may have no more than a hundred of these */
	int64_t floor_ns[PODS_MAX], product_ns[PODS_MAX];
};

/* A pod of the product, watched from outside through its record. */
struct product_pod {
	char uid[40], record[256];
	struct sp_supervisor sup;
	int watch, record_fd;
	int64_t t0_wall, t_app_wall;
	struct sp_buf tail;
};

static void die(const char *what, const struct sp_error *err) __attribute__((noreturn));
static void die(const char *what, const struct sp_error *err)
{
	(void)fprintf(stderr, "bench_floor: %s: %s\n", what, err->text);
	exit(1);
}

static int64_t clock_ns(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (int64_t)t.tv_sec * SP_SEC + t.tv_nsec;
}

static int by_value(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

static double quantile_ms(int64_t *v, size_t n, double q)
{
	qsort(v, n, sizeof(*v), by_value);
	return (double)v[(size_t)(q * (double)(n - 1))] / 1e6;
}

/* ---- one pod of the product ---- */

static void product_begin(struct bench *b, uint32_t id, struct product_pod *p)
{
	const struct sp_node *pod = b->manifest.objects[0].node;
	struct sp_bundle_params params = {
		.pod = pod, .images = &b->image, .n_images = 1, .engine = &b->engine};
	struct sp_node *meta, *uid;
	struct sp_error err;

	*p = (struct product_pod){.record_fd = -EBADF};
	(void)snprintf(p->uid, sizeof(p->uid), "%08x-0000-4000-8000-%012x", (unsigned)getpid(), id);
	(void)snprintf(p->record, sizeof(p->record), "%.160s/pods/%s/record.jsonl",
		       b->engine.run_dir, p->uid);
	meta = sp_node_clone(&b->manifest.arena, pod);
	uid = sp_node_new_str(&b->manifest.arena, p->uid);
	if (!meta || !uid)
		exit(1);
	for (uint32_t i = 0; i < meta->n; i++)
		if (sp_streq(meta->pairs[i].key, "metadata") &&
		    sp_node_set(&b->manifest.arena, meta->pairs[i].value, "uid", uid) < 0)
			exit(1);
	params.pod = meta;
	p->t0_wall = clock_ns(CLOCK_REALTIME);
	if (sp_supervisor_spawn(&params, &p->sup, &err) < 0)
		die("start a supervisor", &err);
	(void)sp_close(open(p->record, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	p->record_fd = open(p->record, O_RDONLY | O_CLOEXEC);
	p->watch = inotify_add_watch(b->inotify_fd, p->record, IN_MODIFY);
	if (p->record_fd < 0 || p->watch < 0) {
		perror(p->record);
		exit(1);
	}
}

/* Sleep until the record of one of the pods has grown. Return: that pod */
static struct product_pod *next_changed(struct bench *b, struct product_pod *v, size_t n)
{
	static _Alignas(struct inotify_event) char events[4096];
	static size_t at, len;
	struct pollfd pf = {.fd = b->inotify_fd, .events = POLLIN};
	ssize_t got;

	for (;;) {
		while (at < len) {
			const struct inotify_event *e = (const void *)(events + at);

			at += sizeof(*e) + e->len;
			for (size_t i = n; i > 0 && (e->mask & IN_MODIFY); i--)
				if (v[i - 1].watch == e->wd)
					return &v[i - 1];
		}
		if (poll(&pf, 1, 20000) <= 0) {
			(void)fprintf(stderr,
				      "bench_floor: nothing happened for 20 s; record of "
				      "%s:\n%s\n",
				      v[n - 1].uid, v[n - 1].tail.ptr ? v[n - 1].tail.ptr : "");
			exit(1);
		}
		got = read(b->inotify_fd, events, sizeof(events));
		at = 0;
		len = got > 0 ? (size_t)got : 0;
	}
}

/* Read what was added to the record. Return: true once the app's process was launched */
static bool product_up(struct product_pod *p)
{
	char chunk[8192], *line, *end;
	ssize_t n;

	while ((n = read(p->record_fd, chunk, sizeof(chunk))) > 0)
		sp_buf_add(&p->tail, chunk, (size_t)n);
	for (line = p->tail.ptr;
	     line && (end = memchr(line, '\n', (size_t)(p->tail.ptr + p->tail.len - line))) != NULL;
	     line = end + 1) {
		struct sp_arena a = {0};
		struct sp_record_line l;

		if (sp_record_parse_line(&a, line, (size_t)(end - line), &l, NULL) == 0 &&
		    !l.is_header) {
			if (sp_streq(l.fact.event, "start") && sp_streq(l.fact.ctr, "app"))
				p->t_app_wall = l.fact.wall_ns;
			if (l.fact.is_event && l.fact.warning) {
				(void)fprintf(stderr, "bench_floor: %s: %s\n", l.fact.reason,
					      l.fact.message);
				exit(1);
			}
		}
		sp_arena_done(&a);
	}
	return p->t_app_wall != 0;
}

static void product_end(struct bench *b, struct product_pod *p)
{
	struct sp_buf log = {0};
	struct sp_error err;

	(void)syscall(SYS_pidfd_send_signal, p->sup.pidfd, SIGKILL, NULL, 0);
	(void)waitpid(p->sup.pid, NULL, 0);
	p->sup.pidfd = sp_close(p->sup.pidfd);
	p->sup.control_fd = sp_close(p->sup.control_fd);
	p->record_fd = sp_close(p->record_fd);
	sp_buf_done(&p->tail);
	sp_pod_log_name("default", "bench", p->uid, &log);
	if (sp_pod_sweep(&b->engine, p->uid, true, log.ptr, &err) < 0)
		die("sweep", &err);
	sp_buf_done(&log);
}

static int64_t product_one(struct bench *b, uint32_t id)
{
	struct product_pod p;
	int64_t t;

	product_begin(b, id, &p);
	while (!product_up(&p))
		(void)next_changed(b, &p, 1);
	t = p.t_app_wall - p.t0_wall;
	product_end(b, &p);
	return t;
}

static int64_t floor_one(struct floor *f, uint32_t id)
{
	struct floor_pod p;
	struct sp_error err;
	int64_t t;

	if (floor_begin(f, id, &p, &err) < 0)
		die("floor", &err);
	for (int k = 0; k < 2; k++) {
		struct pollfd pf = {.fd = p.exec_fd[k], .events = POLLIN};

		if (poll(&pf, 1, -1) < 0 || floor_next(f, &p, k, &err) < 0)
			die("floor", &err);
	}
	t = p.t_app - p.t0;
	floor_end(f, &p);
	return t;
}

/* ---- the rows ---- */

static struct floor *open_floor(struct bench *b, bool bridge)
{
	static char name[] = "/bin/sleep", arg[] = "infinity";
	static char *const argv[] = {name, arg, NULL};
	static char dir[128];
	struct floor_config c = {.dir = dir, .layer = b->layer, .argv = argv, .bridge = bridge};
	struct sp_error err;
	struct floor *f;

	(void)snprintf(dir, sizeof(dir), "%s/floor", b->dir);
	if (mkdir(dir, 0755) < 0 && errno != EEXIST) {
		perror(dir);
		exit(1);
	}
	if (floor_open(&c, &f, &err) < 0)
		die("floor", &err);
	return f;
}

static void row(const char *what, double floor, double product, const char *unit, double ratio,
		const char *target)
{
	printf("%-34s %9.2f %9.2f %-7s %6.2fx   %s\n", what, floor, product, unit, ratio, target);
	(void)fflush(stdout);
}

static void one_after_another(struct bench *b, size_t n, bool bridge, int pause_ms)
{
	struct floor *f = open_floor(b, bridge);
	double fm, pm;

	b->engine.net = bridge ? SP_NET_BRIDGE : SP_NET_LO;
	(void)floor_one(f, 0); /* the first of each finds cold caches */
	(void)product_one(b, 0);
	for (uint32_t i = 0; i < n; i++) {
		struct timespec pause = {0, pause_ms * 1000000L};

		if (pause_ms)
			(void)nanosleep(&pause, NULL);
		b->floor_ns[i] = floor_one(f, i + 1);
		if (pause_ms)
			(void)nanosleep(&pause, NULL);
		b->product_ns[i] = product_one(b, i + 1);
	}
	floor_close(f);
	fm = quantile_ms(b->floor_ns, n, 0.5);
	pm = quantile_ms(b->product_ns, n, 0.5);
	row(pause_ms ? "lone pod, idle machine, p50"
	    : bridge ? "sequential, bridge, p50"
		     : "sequential, lo, p50",
	    fm, pm, "ms", pm / fm, "target 2x or less");
	fm = quantile_ms(b->floor_ns, n, 0.99);
	pm = quantile_ms(b->product_ns, n, 0.99);
	row("  p99", fm, pm, "ms", pm / fm, "");
}

static double floor_rate(struct bench *b, size_t n, size_t k)
{
	struct floor *f = open_floor(b, false);
	struct floor_pod *pods = calloc(n, sizeof(*pods));
	struct pollfd *pf = calloc(2 * n, sizeof(*pf));
	size_t begun = 0, up = 0;
	struct sp_error err;
	int64_t t0;

	if (!pods || !pf)
		exit(1);
	t0 = clock_ns(CLOCK_MONOTONIC);
	while (up < n) {
		while (begun < n && begun - up < k) {
			if (floor_begin(f, (uint32_t)begun, &pods[begun], &err) < 0)
				die("floor", &err);
			begun++;
		}
		for (size_t i = 0; i < begun; i++)
			for (int c = 0; c < 2; c++)
				pf[2 * i + (size_t)c] =
					(struct pollfd){.fd = pods[i].exec_fd[c], .events = POLLIN};
		if (poll(pf, 2 * begun, -1) < 0)
			exit(1);
		for (size_t i = 0; i < 2 * begun; i++) {
			int r;

			if (!(pf[i].revents & (POLLIN | POLLHUP)))
				continue;
			r = floor_next(f, &pods[i / 2], (int)(i % 2), &err);
			if (r < 0)
				die("floor", &err);
			up += (size_t)r;
		}
	}
	t0 = clock_ns(CLOCK_MONOTONIC) - t0;
	for (size_t i = 0; i < n; i++)
		floor_end(f, &pods[i]);
	floor_close(f);
	free(pods);
	free(pf);
	return (double)n / ((double)t0 / 1e9);
}

static double product_rate(struct bench *b, size_t n, size_t k)
{
	struct product_pod *pods = calloc(n, sizeof(*pods));
	size_t begun = 0, up = 0;
	int64_t t0;

	if (!pods)
		exit(1);
	b->engine.net = SP_NET_LO;
	t0 = clock_ns(CLOCK_MONOTONIC);
	while (up < n) {
		while (begun < n && begun - up < k) {
			product_begin(b, (uint32_t)begun, &pods[begun]);
			up += product_up(&pods[begun++]); /* it may have been faster than we */
		}
		if (up < n) {
			struct product_pod *p = next_changed(b, pods, begun);

			up += !p->t_app_wall && product_up(p);
		}
	}
	t0 = clock_ns(CLOCK_MONOTONIC) - t0;
	for (size_t i = 0; i < n; i++)
		product_end(b, &pods[i]);
	free(pods);
	return (double)n / ((double)t0 / 1e9);
}

static void in_parallel(struct bench *b, size_t n, size_t k)
{
	char what[64];
	double f = 0, p = 0;

	/* halves taken in turns, so that a change of the machine meets both */
	for (int turn = 0; turn < 2; turn++) {
		f += floor_rate(b, n / 2, k) / 2;
		p += product_rate(b, n / 2, k) / 2;
	}
	(void)snprintf(what, sizeof(what), "%zu in flight, lo", k);
	row(what, f, p, "pods/s", p / f, "target 0.5x or more");
}

/* Start pods @from … @to, @k in flight; they go on running. Return: milliseconds per pod */
static double fill(struct bench *b, struct product_pod *pods, size_t from, size_t to, size_t k)
{
	size_t begun = from, up = from;
	int64_t t0 = clock_ns(CLOCK_MONOTONIC);

	while (up < to) {
		while (begun < to && begun - up < k) {
			product_begin(b, (uint32_t)begun, &pods[begun]);
			up += product_up(&pods[begun++]);
		}
		if (up < to) {
			struct product_pod *p = next_changed(b, pods, begun);

			up += !p->t_app_wall && product_up(p);
		}
	}
	return (double)(clock_ns(CLOCK_MONOTONIC) - t0) / 1e6 / (double)(to - from);
}

/*
 * What a pod costs while others run. Some of it is the kernel's: a pivot_root looks at all
 * processes, a new port of a bridge at all others. The floor meets that, too.
 */
static void crowd(struct bench *b, size_t n)
{
	static const size_t sizes[] = {10, 100, 500};
	struct product_pod *pods = calloc(sizes[SP_ARRAY_LEN(sizes) - 1], sizeof(*pods));
	double floor_at_ten = 0, at_ten = 0, each_at_ten = 0;
	struct floor *f = open_floor(b, true);
	char what[64], note[64];
	size_t have = 0;

	if (!pods)
		exit(1);
	b->engine.net = SP_NET_BRIDGE;
	(void)floor_one(f, 0);
	(void)product_one(b, PODS_MAX);
	for (size_t s = 0; s < SP_ARRAY_LEN(sizes); s++) {
		double each, floor_lone, lone;

		if (sizes[s] > 20)
			(void)fill(b, pods, have, sizes[s] - 20, b->k);
		have = sizes[s] > 20 ? sizes[s] - 20 : 0;
		each = fill(b, pods, have, sizes[s], 2);
		have = sizes[s];
		for (uint32_t i = 0; i < n; i++) {
			b->floor_ns[i] = floor_one(f, i + 1);
			b->product_ns[i] = product_one(b, PODS_MAX + 1 + i);
		}
		floor_lone = quantile_ms(b->floor_ns, n, 0.5);
		lone = quantile_ms(b->product_ns, n, 0.5);
		if (s == 0) {
			floor_at_ten = floor_lone;
			at_ten = lone;
			each_at_ten = each;
		}
		(void)snprintf(what, sizeof(what), "%zu run: one more, p50", have);
		(void)snprintf(note, sizeof(note), "%.2fx that beside 10; floor %.2fx",
			       lone / at_ten, floor_lone / floor_at_ten);
		row(what, floor_lone, lone, "ms", lone / floor_lone, note);
		printf("%-34s %9s %9.2f %-7s %6s    %.2fx that beside 10; target 1.3x or less\n",
		       "  the last 20 of them, 2 in flight", "", each, "ms/pod", "",
		       each / each_at_ten);
	}
	for (size_t i = 0; i < have; i++)
		product_end(b, &pods[i]);
	floor_close(f);
	free(pods);
}

/* Start `sidepod run`. Return: its standard output */
static FILE *start_command(const char *sidepod, const char *file, const char *root, pid_t *ret_pid)
{
	const char *const argv[] = {sidepod, "run",      file,          "--root",
				    root,    "--net",    "lo",          "--progress",
				    "quiet", "--events", "/dev/stdout", NULL};
	posix_spawn_file_actions_t to_pipe;
	int p[2], r;

	if (pipe2(p, O_CLOEXEC) < 0 || posix_spawn_file_actions_init(&to_pipe) != 0 ||
	    posix_spawn_file_actions_adddup2(&to_pipe, p[1], STDOUT_FILENO) != 0)
		exit(1);
	r = posix_spawn(ret_pid, sidepod, &to_pipe, NULL, (char **)(uintptr_t)argv, environ);
	(void)posix_spawn_file_actions_destroy(&to_pipe);
	close(p[1]);
	if (r != 0) {
		(void)fprintf(stderr, "bench_floor: %s: %s\n", sidepod, strerror(r));
		exit(1);
	}
	return fdopen(p[0], "r");
}

/* From execve of the command to the app's execve, with everything that lies between. */
static void whole_command(struct bench *b, size_t n)
{
	struct floor *f = open_floor(b, false);
	char file[128], root[128], sidepod[4224];
	double fm, pm;
	int fd;

	(void)snprintf(file, sizeof(file), "%s/pod.yaml", b->dir);
	(void)snprintf(root, sizeof(root), "%s/root", b->dir);
	(void)snprintf(sidepod, sizeof(sidepod), "%s/sidepod", b->bin);
	fd = open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	if (fd < 0 || sp_write_all(fd, manifest_text, strlen(manifest_text)) < 0)
		exit(1);
	close(fd);
	for (uint32_t i = 0; i < n; i++) {
		int64_t t0, t1 = 0;
		char line[4096];
		FILE *out;
		pid_t pid;

		b->floor_ns[i] = floor_one(f, i);
		t0 = clock_ns(CLOCK_REALTIME);
		out = start_command(sidepod, file, root, &pid);
		while (out && fgets(line, sizeof(line), out)) {
			struct sp_arena a = {0};
			struct sp_record_line l;

			if (sp_record_parse_line(&a, line, strlen(line), &l, NULL) == 0 &&
			    !l.is_header && sp_streq(l.fact.event, "start") &&
			    sp_streq(l.fact.ctr, "app")) {
				char down[4700];

				t1 = l.fact.wall_ns;
				(void)snprintf(down, sizeof(down),
					       "%s down bench --now --root %s >/dev/null 2>&1",
					       sidepod, root);
				(void)!system(down); /* the run ends and closes its pipe; nothing
							else to learn */
			}
			sp_arena_done(&a);
		}
		if (out)
			(void)fclose(out);
		(void)waitpid(pid, NULL, 0); /* 128+n after `down`; not the question here */
		if (!t1) {
			(void)fprintf(stderr, "bench_floor: `%s run` did not start the app\n",
				      sidepod);
			exit(1);
		}
		b->product_ns[i] = t1 - t0;
	}
	floor_close(f);
	fm = quantile_ms(b->floor_ns, n, 0.5);
	pm = quantile_ms(b->product_ns, n, 0.5);
	row("sidepod run, exec to app's exec", fm, pm, "ms", pm / fm,
	    "target floor + 10 ms or less");
}

/* Two pods: what only one of two supervisors has is its own; the program's text they share. */
static void memory(struct bench *b)
{
	struct product_pod p[2];
	char path[64], line[256];
	long kb = 0, v;
	FILE *f;

	b->engine.net = SP_NET_LO;
	for (uint32_t i = 0; i < 2; i++) {
		product_begin(b, i + 1, &p[i]);
		while (!product_up(&p[i]))
			(void)next_changed(b, &p[i], 1);
	}
	(void)usleep(100000); /* let them come to rest */
	(void)snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", (int)p[0].sup.pid);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "Private_Clean: %ld", &v) == 1 ||
		    sscanf(line, "Private_Dirty: %ld", &v) == 1)
			kb += v;
	if (f)
		(void)fclose(f);
	printf("%-34s %9s %9ld %-7s %6s    %s\n", "supervisor's private memory", "", kb, "kB", "",
	       "target 250 kB or less");
	product_end(b, &p[0]);
	product_end(b, &p[1]);
}

static void setup(struct bench *b)
{
	struct sp_load_options opt = {0};
	SP_CLEANUP(sp_buf_done) struct sp_buf cmd = {0};
	char root[128], *slash;
	ssize_t n;
	FILE *f;

	(void)snprintf(b->dir, sizeof(b->dir), "/var/tmp/sp-bench-XXXXXX");
	if (!mkdtemp(b->dir))
		exit(1);
	n = readlink("/proc/self/exe", b->bin, sizeof(b->bin) - 1);
	if (n < 0)
		exit(1);
	b->bin[n] = '\0';
	slash = strrchr(b->bin, '/'); /* the programs stand beside this one */
	if (slash)
		*slash = '\0';
	(void)snprintf(root, sizeof(root), "%s/root", b->dir);
	b->inotify_fd = inotify_init1(IN_CLOEXEC);
	if (b->inotify_fd < 0) {
		perror("inotify");
		exit(1);
	}
	sp_manifest_init(&b->manifest, &opt);
	if (sp_manifest_add(&b->manifest, "bench", manifest_text, strlen(manifest_text)) < 0 ||
	    b->manifest.diags.n_errors) {
		(void)fprintf(stderr, "bench_floor: %s\n", b->manifest.diags.v[0].message);
		exit(1);
	}
	if (sp_engine_default(&b->manifest.arena, root, &b->engine) < 0)
		exit(1);
	/* the built-in image, unpacked in the product's own store */
	sp_buf_printf(
		&cmd,
		"%s/sidepod-worker image ensure sidepod.local/demo --root %s >/dev/null && ls -d %s/lib/images/layers/*/",
		b->bin, root, root);
	f = popen(cmd.ptr, "re");
	if (!f || !fgets(b->layer, sizeof(b->layer), f) || pclose(f) != 0) {
		(void)fprintf(stderr, "bench_floor: no demo image\n");
		exit(1);
	}
	b->layer[strcspn(b->layer, "\n")] = '\0';
	b->layers[0] = b->layer;
	b->image = (struct sp_bundle_image){
		.reference = "sidepod.local/demo",
		.fresh = true,
		.image = {.ref = "sidepod.local/demo:latest",
			  .id = "sha256:0",
			  .digest = "",
			  .layers = b->layers,
			  .n_layers = 1,
			  .working_dir = "",
			  .user = "",
			  .stop_signal = ""},
	};
}

/* ---- the end, also a bad one ------------------------------------------------------------------
 */

/* Everything below this process, which is what orphans of the rows come to: killed and reaped. */
static void kill_children(void)
{
	char path[64];
	long pid;
	FILE *f;

	(void)snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
	f = fopen(path, "re");
	while (f && fscanf(f, "%ld", &pid) == 1)
		(void)kill((pid_t)pid, SIGKILL);
	if (f)
		(void)fclose(f);
	while (waitpid(-1, NULL, 0) > 0)
		;
}

static void sweep_pods(struct bench *b)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf path = {0};
	struct sp_error err;
	struct dirent *e;
	DIR *d;

	sp_buf_printf(&path, "%s/pods", b->engine.run_dir);
	d = path.ptr ? opendir(path.ptr) : NULL;
	while (d && (e = readdir(d)) != NULL)
		if (e->d_name[0] != '.' &&
		    sp_pod_sweep(&b->engine, e->d_name, true, NULL, &err) < 0)
			(void)fprintf(stderr, "bench_floor: sweep: %s\n", err.text);
	if (d)
		(void)closedir(d);
}

/* The rows run in a child; what they leave, by an error or by Ctrl-C, this process takes away. */
static int in_child(struct bench *b, void (*rows)(struct bench *b))
{
	struct sp_error err;
	int status = 0;
	char cmd[128];
	pid_t pid;

	(void)prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	pid = fork();
	if (pid < 0)
		exit(1);
	if (pid == 0) {
		rows(b);
		exit(0);
	}
	(void)signal(SIGINT, SIG_IGN); /* the child's: it dies of it */
	(void)signal(SIGTERM, SIG_IGN);
	(void)waitpid(pid, &status, 0);
	for (int i = 0; i < 3; i++) /* who dies leaves children of its own */
		kill_children();
	sweep_pods(b);
	floor_sweep(pid);
	if (sp_machine_tidy(&b->engine, &err) < 0)
		(void)fprintf(stderr, "bench_floor: %s\n", err.text);
	(void)snprintf(cmd, sizeof(cmd), "rm -rf --one-file-system %s", b->dir);
	(void)!system(cmd); /* the check for leftovers sees what stays */
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void run_rows(struct bench *b)
{
	static const char *const all[] = {"sequential", "bridge",  "idle",
					  "parallel",   "command", "memory"};

	printf("%-34s %9s %9s %-7s %7s\n", "", "floor", "sidepod", "", "ratio");
	for (int i = 0; i < (b->n_rows ? b->n_rows : (int)SP_ARRAY_LEN(all)); i++) {
		const char *r = b->n_rows ? b->rows[i] : all[i];

		if (sp_streq(r, "sequential"))
			one_after_another(b, b->n, false, 0);
		else if (sp_streq(r, "bridge"))
			one_after_another(b, b->n, true, 0);
		else if (sp_streq(r, "idle"))
			one_after_another(b, SP_MIN(b->n, (size_t)100), false, 60);
		else if (sp_streq(r, "parallel"))
			in_parallel(b, SP_MIN(b->n * 2, (size_t)PODS_MAX - 1), b->k);
		else if (sp_streq(r, "command"))
			whole_command(b, SP_MIN(b->n, (size_t)30));
		else if (sp_streq(r, "memory"))
			memory(b);
		else if (sp_streq(r, "crowd"))
			crowd(b, SP_MIN(b->n, (size_t)20));
		else
			(void)fprintf(stderr, "bench_floor: no row '%s'\n", r);
	}
}

int main(int argc, char **argv)
{
	static struct bench b = {.n = 200, .k = 50};
	int o, r;

	while ((o = getopt(argc, argv, "n:k:")) != -1) {
		long v = optarg ? strtol(optarg, NULL, 10) : 0;

		if (o == '?' || v < 1 || v > PODS_MAX - 1) {
			(void)fprintf(
				stderr,
				"usage: bench_floor [-n PODS] [-k IN-FLIGHT] [ROW…], at most %d\n",
				PODS_MAX - 1);
			return 2;
		}
		*(o == 'n' ? &b.n : &b.k) = (size_t)v;
	}
	if (geteuid() != 0) {
		(void)fprintf(stderr, "bench_floor: needs root\n");
		return 5;
	}
	b.rows = argv + optind;
	b.n_rows = argc - optind;
	setup(&b);
	r = in_child(&b, run_rows);
	sp_manifest_done(&b.manifest);
	return r;
}
