/* SPDX-License-Identifier: Apache-2.0 */
/* `sidepod logs`: what the containers of a pod wrote. */
#include "base/text.h"
#include "cli/pods.h"
#include "cli/progress.h"
#include "supervisor/spawn.h"
#include "sys/fd.h"

#include <poll.h>

struct sink {
	struct sp_cli *cli;
	struct sp_podlogs *logs;
	struct sp_buf out;
	size_t prefix_cols;
	bool timestamps;
	bool failed; /* an output that cannot be written, which was told */
	int64_t since_wall_ns;
	/* with --tail: where each of the last lines begins in `out` */
	int64_t tail; /* -1: all */
	uint64_t n_lines;
};

static void take(void *arg, const struct sp_log_line *l)
{
	struct sink *s = arg;

	if (l->wall_ns < s->since_wall_ns)
		return;
	sp_log_print(s->logs->files[l->ctr].name, s->prefix_cols, l, s->timestamps,
		     s->cli->out_look.tty, &s->cli->out_look, &s->out);
	s->n_lines++;
}

/* Where the last @lines lines of a text begin. */
static size_t tail_of(const struct sp_buf *b, int64_t lines)
{
	size_t at = b->len;

	if (lines < 0)
		return 0;
	while (at > 0) {
		const char *nl = at > 1 ? memrchr(b->ptr, '\n', at - 1) : NULL;

		if (lines-- <= 0)
			return at;
		at = nl ? (size_t)(nl - b->ptr) + 1 : 0;
	}
	return 0;
}

static int add_containers(struct sp_cli *cli, const struct sp_pod_entry *p, const char *pod_dir,
			  struct sink *s, struct sp_error *err)
{
	const char *only = sp_flag_text(cli, "container");
	bool previous = sp_flag_bool(cli, "previous");
	const char *names[SP_CONTAINERS_MAX], *near;
	uint32_t n = 0;

	for (uint32_t i = 0; i < p->header.n_ctrs && i < SP_CONTAINERS_MAX; i++) {
		const char *name = p->header.ctrs[i].name;
		int64_t newest = sp_podlogs_newest(pod_dir, name);

		names[n++] = name;
		if (only && !sp_streq(only, name))
			continue;
		if (previous && newest < 1) {
			if (only)
				return sp_fail(err, SP_E_NOT_FOUND,
					       "container '%s' has no previous instance", name);
			continue;
		}
		if (sp_podlogs_add(s->logs, name, newest > 0 ? (uint32_t)(newest - previous) : 0,
				   err) < 0)
			return -1;
		s->prefix_cols = SP_MAX(s->prefix_cols, SP_MIN(sp_utf8_columns(name), (size_t)32));
	}
	if (only && s->logs->n_files == 0) {
		near = sp_nearest(only, names, n, 2);
		return near ? sp_fail(err, SP_E_NOT_FOUND,
				      "pod '%s' has no container '%s' (did you mean '%s'?)",
				      p->name, only, near)
			    : sp_fail(err, SP_E_NOT_FOUND, "pod '%s' has no container '%s'",
				      p->name, only);
	}
	if (previous && s->logs->n_files == 0)
		return sp_fail(err, SP_E_NOT_FOUND,
			       "no container of pod '%s' has a previous instance", p->name);
	if (only || p->header.n_ctrs == 1 || !sp_flag_bool(cli, "prefix"))
		s->prefix_cols = 0;
	return 0;
}

/* Hand out what was collected. Return: false, nobody reads any more. */
static bool flush(struct sink *s, int64_t tail)
{
	size_t at = tail_of(&s->out, tail);
	struct sp_buf part = s->out;
	bool ok;

	if (s->out.len == at && !s->out.failed)
		return true;
	part.ptr = s->out.ptr ? s->out.ptr + at : NULL;
	part.len = s->out.len - at;
	s->failed = sp_cli_print(s->cli, &part) != SP_EXIT_OK;
	ok = !s->failed && !ferror(s->cli->out);
	sp_buf_clear(&s->out);
	return ok;
}

/* New lines until the pod is over. */
static int follow(struct sink *s, int pod_fd, bool only_this, struct sp_error *err)
{
	struct pollfd v[2] = {{.fd = s->logs->watch_fd, .events = POLLIN},
			      {.fd = pod_fd, .events = POLLRDHUP}};
	int more;

	for (bool over = false; !over;) {
		if (poll(v, 2, -1) < 0 && errno != EINTR)
			return sp_fail_errno(err, errno, "wait for logs");
		over = (v[1].revents & (POLLRDHUP | POLLHUP)) != 0;
		do {
			more = sp_podlogs_read(s->logs, only_this, take, s, err);
			if (more < 0)
				return -1;
			if (!flush(s, -1))
				return 0;
		} while (more > 0);
	}
	return 0;
}

static int show(struct sp_cli *cli, const struct sp_place *place, const struct sp_pod_entry *p,
		struct sink *s, struct sp_error *err)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf dir = {0};
	SP_CLEANUP(sp_closep) int pod_fd = -EBADF;
	bool previous = sp_flag_bool(cli, "previous");
	bool stay = sp_flag_bool(cli, "follow") && p->alive && !previous;
	int64_t tail = sp_flag_int(cli, "tail", -1);
	int more;

	sp_buf_printf(&dir, "%s/pods/", place->engine.log_dir);
	sp_pod_log_name(p->ns, p->name, p->uid, &dir);
	if (dir.failed)
		return sp_fail(err, SP_E_NO_MEMORY, "read logs");
	if (stay) { /* first the socket, so that no end is missed */
		pod_fd = sp_supervisor_connect(place->engine.run_dir, p->uid, err);
		stay = pod_fd >= 0;
	}
	if (sp_podlogs_init(s->logs, dir.ptr, stay, err) < 0 ||
	    add_containers(cli, p, dir.ptr, s, err) < 0)
		return -1;
	do { /* with --tail all of it is needed before the first line can be shown */
		more = sp_podlogs_read(s->logs, previous, take, s, err);
		if (more < 0)
			return -1;
		if ((more == 0 || tail < 0) && !flush(s, tail))
			return 0;
	} while (more > 0);
	return stay ? follow(s, pod_fd, previous, err) : 0;
}

static int run(struct sp_cli *cli, int argc, char **argv)
{
	struct sp_place place;
	struct sp_pod_entry p;
	struct sp_podlogs logs = {.watch_fd = -EBADF};
	struct sink s = {.cli = cli, .logs = &logs};
	struct sp_error err;
	int r;

	s.timestamps = sp_flag_bool(cli, "timestamps");
	if (sp_flag_given(cli, "since"))
		s.since_wall_ns = sp_now_wall() - sp_flag_time(cli, "since", 0);
	if (sp_place_open(cli, &place, &err) < 0 ||
	    sp_pods_find(cli, &place, argv[0], &p, &err) < 0)
		return sp_cli_fail(cli, &err);
	r = show(cli, &place, &p, &s, &err);
	if (logs.unread)
		sp_cli_warn(cli, "'%s' could not be decompressed; its lines are missing",
			    logs.unread);
	sp_buf_done(&s.out);
	sp_podlogs_done(&logs);
	if (r < 0)
		return sp_cli_fail(cli, &err);
	return s.failed ? SP_EXIT_FAILED : SP_EXIT_OK;
}

static const struct sp_flag flags[] = {
	SP_FLAG_CONTAINER,
	{.name = "follow",
	 .letter = 'f',
	 .kind = SP_FLAG_BOOL,
	 .help = "Stay, and print new lines"},
	{.name = "previous", .kind = SP_FLAG_BOOL, .help = "The instance before the last restart"},
	{.name = "since",
	 .kind = SP_FLAG_DURATION,
	 .arg = "TIME",
	 .help = "Only lines of the last 30s, 5m, 1h30m …"},
	{.name = "tail",
	 .kind = SP_FLAG_INT,
	 .arg = "LINES",
	 .min = 0,
	 .max = INT32_MAX,
	 .help = "Only so many of the lines that are there"},
	{.name = "timestamps", .kind = SP_FLAG_BOOL, .help = "Show when each line was written"},
	{.name = "prefix",
	 .kind = SP_FLAG_BOOL,
	 .standard = "true",
	 .help = "Put the container's name before each line when there are several"},
	{0},
};

const struct sp_command sp_command_logs = {
	.name = "logs",
	.summary = "Show what the containers of a pod wrote",
	.args = "POD",
	.about =
		"Show the logs of all containers of a pod, merged by time, or of one with -c. "
		"`name | text` is standard output, `name ! text` standard error. All that is kept is "
		"shown: of each instance the last five files of 10 MiB.",
	.examples = {{"logs web", "all containers"},
		     {"logs web -c proxy -f", "one, and what it will write"},
		     {"logs web -c app --previous", "before the last restart"}},
	.flags = flags,
	.min_args = 1,
	.max_args = 1,
	.completes = SP_COMPLETE_POD,
	.run = run,
};
