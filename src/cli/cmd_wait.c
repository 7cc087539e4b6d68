/* SPDX-License-Identifier: Apache-2.0 */
/* `sidepod wait`: until a pod is what one waits for. */
#include "cli/pods.h"
#include "supervisor/spawn.h"
#include "sys/fd.h"

#include <poll.h>
#include <strings.h>
#include <sys/inotify.h>

struct want {
	bool deleted;
	const char *condition, *status; /* "Ready", "True" */
	const char *phase;              /* "Succeeded"; "" any final one */
};

/* "condition=Ready", "condition=Ready=False", "delete", "phase=Running", "complete" */
static int parse_want(struct sp_cli *cli, const char *text, struct want *ret, struct sp_error *err)
{
	char *eq;

	*ret = (struct want){.status = "True"};
	if (strcasecmp(text, "delete") == 0) {
		ret->deleted = true;
		return 0;
	}
	if (strncasecmp(text, "condition=", 10) == 0) {
		ret->condition = sp_arena_strdup(&cli->arena, text + 10);
		if (!ret->condition)
			return sp_fail(err, SP_E_NO_MEMORY, "--for");
		eq = strchr((char *)(uintptr_t)ret->condition, '=');
		if (eq) {
			*eq = '\0';
			ret->status = eq + 1;
		}
		/* of a Job in Kubernetes; of a pod it is its phase */
		if (strcasecmp(ret->condition, "Complete") == 0) {
			ret->condition = NULL;
			ret->phase = "Succeeded";
		}
		return 0;
	}
	if (strncasecmp(text, "phase=", 6) == 0) {
		ret->phase = text + 6;
		return 0;
	}
	return sp_fail(err, SP_E_INVALID,
		       "--for: '%s' is none of condition=TYPE[=STATUS], condition=Complete, "
		       "phase=PHASE and delete",
		       text);
}

/* 1: met. 0: not yet. -1: can never be met any more. */
static int check(const struct want *w, const struct sp_pod_entry *p)
{
	const char *phase, *have;

	if (w->deleted)
		return 0; /* the caller sees it go */
	if (sp_streq(p->status, "Lost"))
		return -1; /* what it was last is not what it is */
	phase = sp_pod_phase(p);
	if (w->phase) {
		if (strcasecmp(phase, w->phase) == 0)
			return 1;
	} else {
		have = sp_pod_condition(p, w->condition);
		if (have && strcasecmp(have, w->status) == 0)
			return 1;
	}
	return p->alive ? 0 : -1;
}

static int wait_for(struct sp_cli *cli, const struct sp_place *place, const char *name,
		    const struct want *w, sp_time deadline)
{
	SP_CLEANUP(sp_closep) int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	SP_CLEANUP(sp_closep) int pod_fd = -EBADF; /* hangs up when the supervisor is gone */
	struct sp_pod_entry p;
	struct sp_error err;
	char drain[4096];

	if (fd < 0)
		return sp_cli_error(cli, SP_EXIT_FAILED, "watch pods: %s", strerrordesc_np(errno));
	for (bool first = true;; first = false) {
		struct pollfd v[2];
		sp_time left;
		int met;

		if (sp_pods_find(cli, place, name, &p, &err) < 0) {
			if (err.code == SP_E_NOT_FOUND && w->deleted)
				break;
			return sp_cli_fail(cli, &err);
		}
		if (first) {
			/* gone already: seen in the next round */
			(void)inotify_add_watch(fd, p.dir,
						IN_MOVED_TO | IN_DELETE_SELF | IN_ONLYDIR);
			pod_fd = sp_supervisor_connect(place->engine.run_dir, p.uid, &err);
			continue; /* look again: what changed in between is not told */
		}
		met = check(w, &p);
		if (met > 0)
			break;
		if (met < 0)
			return sp_cli_error(cli, SP_EXIT_FAILED,
					    sp_streq(p.status, "Lost")
						    ? "pod '%s' was %s when its supervisor died"
						    : "pod '%s' is over with phase %s",
					    p.name, sp_pod_phase(&p));
		left = deadline - sp_now_mono();
		if (left <= 0)
			return sp_cli_error(cli, SP_EXIT_INCOMPLETE,
					    "timed out waiting for pod '%s'", name);
		v[0] = (struct pollfd){.fd = fd, .events = POLLIN};
		v[1] = (struct pollfd){.fd = pod_fd, .events = POLLRDHUP};
		/* interrupted: it looks again, which does no harm */
		(void)poll(v, 2,
			   deadline == SP_NEVER ? -1 : (int)SP_MIN(left / SP_MSEC + 1, INT32_MAX));
		if (v[1].revents)
			pod_fd = sp_close(pod_fd);
		while (read(fd, drain, sizeof(drain)) > 0)
			; /* what it was does not matter */
	}
	fprintf(cli->out, "pod/%s %s\n", name, w->deleted ? "deleted" : "condition met");
	return SP_EXIT_OK;
}

static int run(struct sp_cli *cli, int argc, char **argv)
{
	sp_time timeout = sp_flag_time(cli, "timeout", 0);
	sp_time deadline = timeout ? sp_time_add(sp_now_mono(), timeout) : SP_NEVER;
	struct sp_place place;
	struct sp_error err;
	struct want w;
	int code = SP_EXIT_OK;

	if (parse_want(cli, sp_flag_text(cli, "for"), &w, &err) < 0)
		return sp_cli_usage(cli, "%s", err.text);
	if (sp_place_open(cli, &place, &err) < 0)
		return sp_cli_fail(cli, &err);
	for (int i = 0; i < argc && code == SP_EXIT_OK; i++)
		code = wait_for(cli, &place, argv[i], &w, deadline);
	return code;
}

static const struct sp_flag flags[] = {
	{.name = "for",
	 .kind = SP_FLAG_TEXT,
	 .arg = "WHAT",
	 .standard = "condition=Ready",
	 .choices = "condition=Ready|condition=Complete|phase=Running|delete",
	 .help = "condition=TYPE[=STATUS], condition=Complete, phase=PHASE, or delete"},
	{.name = "timeout",
	 .kind = SP_FLAG_DURATION,
	 .arg = "TIME",
	 .standard = "30s",
	 .help = "Give up after this time, with exit code 3; 0: never"},
	{0},
};

const struct sp_command sp_command_wait = {
	.name = "wait",
	.summary = "Wait until pods are ready, complete or gone",
	.args = "POD…",
	.examples = {{"wait web --for=condition=Ready", "until it can serve"},
		     {"wait job --for=condition=Complete --timeout 5m", "until it is done"},
		     {"wait web --for=delete", "until it is gone"}},
	.flags = flags,
	.min_args = 1,
	.max_args = -1,
	.completes = SP_COMPLETE_POD,
	.run = run,
};
