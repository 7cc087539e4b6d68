/* SPDX-License-Identifier: Apache-2.0 */
/* `sidepod events`: what happens in the pods, as lines for people or objects for programs. */
#include "base/text.h"
#include "cli/follow.h"
#include "cli/pods.h"
#include "supervisor/spawn.h"
#include "sys/fd.h"

#include <poll.h>
#include <sys/inotify.h>

struct source {
	struct sp_pod_entry pod;
	struct sp_run run;
	struct sp_tail tail;
	const char *path;
	int end_fd; /* control socket while the pod lives, to see its end */
};

static int tell(struct sp_cli *cli, struct source *s, struct sp_error *err)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf out = {0};
	bool json = sp_flag_is(cli, "output", "json"), record = sp_flag_is(cli, "output", "record");
	struct sp_str text;
	int r = sp_tail_open(&s->tail, s->path, err);

	while (r > 0 && (r = sp_tail_line(&s->tail, &text, err)) > 0) {
		struct sp_record_line l;

		if (text.len == 0)
			continue;
		if (sp_run_add(&s->run, text.ptr, text.len, &l, err) < 0)
			return sp_wrap(err, "'%s'", s->path);
		if (record) {
			sp_buf_add(&out, text.ptr, text.len);
			sp_buf_putc(&out, '\n');
		} else if (json && !l.is_header) {
			sp_progress_json(&s->run, &l.fact, &out);
		} else if (!l.is_header) {
			(void)sp_progress_plain(&s->run, &l.fact, &cli->out_look, &out);
		}
	}
	if (r < 0)
		return -1;
	return out.len && sp_cli_print(cli, &out) != SP_EXIT_OK ? 1 : 0;
}

static int watch(struct sp_cli *cli, struct source *v, uint32_t n, struct sp_error *err)
{
	SP_CLEANUP(sp_closep) int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	struct pollfd *p = sp_arena_array(&cli->arena, n + 1, sizeof(*p));
	uint32_t left = 0;
	char drain[4096];
	int r = 0;

	if (fd < 0 || !p)
		return sp_fail_errno(err, fd < 0 ? errno : ENOMEM, "watch records");
	p[0] = (struct pollfd){.fd = fd, .events = POLLIN};
	for (uint32_t i = 0; i < n; i++) {
		(void)inotify_add_watch(fd, v[i].path, IN_MODIFY); /* over: nothing will come */
		p[i + 1] = (struct pollfd){.fd = v[i].end_fd, .events = POLLRDHUP};
		left += v[i].end_fd >= 0;
	}
	while (left > 0 && r == 0 && !ferror(cli->out)) {
		for (uint32_t i = 0; i < n && r == 0; i++)
			r = tell(cli, &v[i], err);
		if (r == 0 && poll(p, n + 1, -1) < 0 && errno != EINTR)
			return sp_fail_errno(err, errno, "wait for events");
		while (read(fd, drain, sizeof(drain)) > 0)
			; /* all are looked at */
		for (uint32_t i = 0; i < n; i++)
			if (p[i + 1].fd >= 0 && (p[i + 1].revents & (POLLRDHUP | POLLHUP))) {
				p[i + 1].fd = -1;
				left--;
			}
	}
	for (uint32_t i = 0; i < n && r == 0; i++)
		r = tell(cli, &v[i], err);
	return r < 0 ? -1 : 0;
}

static int open_sources(struct sp_cli *cli, const struct sp_place *place, int argc, char **argv,
			struct source **ret, uint32_t *ret_n, struct sp_error *err)
{
	struct sp_pod_entry *all;
	uint32_t n;
	struct source *v;

	if (argc) {
		n = (uint32_t)argc;
		all = sp_arena_array(&cli->arena, n, sizeof(*all));
		for (uint32_t i = 0; all && i < n; i++)
			if (sp_pods_find(cli, place, argv[i], &all[i], err) < 0)
				return -1;
	} else if (sp_pods_list(cli, place, sp_flag_text(cli, "namespace"), &all, &n, err) < 0) {
		return -1;
	}
	v = sp_arena_array(&cli->arena, n + 1, sizeof(*v));
	if (!v || (n && !all))
		return sp_fail(err, SP_E_NO_MEMORY, "read events");
	for (uint32_t i = 0; i < n; i++) {
		v[i] = (struct source){.pod = all[i], .end_fd = -EBADF};
		v[i].tail = sp_tail_init(SP_RECORD_LINE_MAX);
		v[i].path = sp_arena_printf(&cli->arena, "%s/record.jsonl", all[i].dir);
		sp_run_init(&v[i].run);
		if (!v[i].path)
			return sp_fail(err, SP_E_NO_MEMORY, "read events");
		if (all[i].alive && sp_flag_bool(cli, "watch"))
			v[i].end_fd = sp_supervisor_connect(place->engine.run_dir, all[i].uid, err);
	}
	*ret = v;
	*ret_n = n;
	return 0;
}

static int run(struct sp_cli *cli, int argc, char **argv)
{
	struct sp_place place;
	struct source *v = NULL;
	struct sp_error err;
	uint32_t n = 0;
	int r = 0;

	if (sp_place_open(cli, &place, &err) < 0 ||
	    open_sources(cli, &place, argc, argv, &v, &n, &err) < 0)
		return sp_cli_fail(cli, &err);
	if (sp_flag_bool(cli, "watch"))
		r = watch(cli, v, n, &err);
	for (uint32_t i = 0; i < n && r == 0; i++)
		r = tell(cli, &v[i], &err);
	for (uint32_t i = 0; i < n; i++) {
		sp_tail_done(&v[i].tail);
		sp_run_done(&v[i].run);
		sp_close(v[i].end_fd);
	}
	return r < 0 ? sp_cli_fail(cli, &err) : SP_EXIT_OK;
}

static const struct sp_flag flags[] = {
	{.name = "output",
	 .letter = 'o',
	 .kind = SP_FLAG_CHOICE,
	 .arg = "FORMAT",
	 .choices = "text|json|record",
	 .standard = "text",
	 .help = "A line per event, an object per event, or the lines of the run record"},
	{.name = "watch",
	 .letter = 'w',
	 .kind = SP_FLAG_BOOL,
	 .help = "Stay until the pods are over"},
	{0},
};

const struct sp_command sp_command_events = {
	.name = "events",
	.summary = "Show what happened in pods",
	.args = "[POD…]",
	.about =
		"Show the events of pods with the time since each was accepted. With -o json every "
		"event is an object with the keys t, pod, container, role, event, reason, msg and ms; "
		"keys never change their meaning.",
	.examples = {{"events web", "for people"},
		     {"events -o json -w", "for programs: everything, as it happens"},
		     {"events web -o record > web.jsonl", "the run record"}},
	.flags = flags,
	.max_args = -1,
	.completes = SP_COMPLETE_POD,
	.run = run,
};
