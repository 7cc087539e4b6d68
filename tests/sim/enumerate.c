/* SPDX-License-Identifier: Apache-2.0 */
#include "enumerate.h"

#include "pod_check.h"

#include <stdio.h>

/*
 * The alphabet: everything that may happen to a sidecar `s` and an application `a`. The attempt is
 * filled in from the pod: the newest instance, or the one that is being started.
 */
static const struct letter {
	const char *name;
	struct sp_event ev;
	sp_time after; /* time passes first; -1: up to the next deadline */
} letters[] = {
	{"time", {.kind = SP_EV_TICK}, -1},
	{"ready", {.kind = SP_EV_SANDBOX_READY}, 0},
	{"lost", {.kind = SP_EV_SANDBOX_LOST}, 0},
	{"gone", {.kind = SP_EV_SANDBOX_GONE}, 0},
	{"s.image", {.kind = SP_EV_IMAGE_PRESENT, .ctr = 0}, 0},
	{"a.image", {.kind = SP_EV_IMAGE_PRESENT, .ctr = 1}, 0},
	{"a.noimage", {.kind = SP_EV_IMAGE_FAILED, .ctr = 1}, 0},
	{"s.start", {.kind = SP_EV_STARTED, .ctr = 0}, 0},
	{"a.start", {.kind = SP_EV_STARTED, .ctr = 1}, 0},
	{"a.nostart", {.kind = SP_EV_START_FAILED, .ctr = 1}, 0},
	{"s.exit", {.kind = SP_EV_EXITED, .ctr = 0, .code = 1}, 0},
	{"a.exit", {.kind = SP_EV_EXITED, .ctr = 1, .code = 0}, SP_SEC},
	{"a.fail", {.kind = SP_EV_EXITED, .ctr = 1, .code = 3}, 0},
	{"s.stopped", {.kind = SP_EV_HOOK_DONE, .ctr = 0, .hook = SP_HOOK_PRE_STOP, .ok = true}, 0},
	{"a.hook", {.kind = SP_EV_HOOK_DONE, .ctr = 1, .hook = SP_HOOK_POST_START, .ok = true}, 0},
	{"a.nohook", {.kind = SP_EV_HOOK_DONE, .ctr = 1, .hook = SP_HOOK_POST_START}, 0},
	{"s.up",
	 {.kind = SP_EV_PROBE_RESULT,
	  .ctr = 0,
	  .probe = SP_PROBE_STARTUP,
	  .outcome = SP_OUT_SUCCESS},
	 0},
	{"s.notup",
	 {.kind = SP_EV_PROBE_RESULT,
	  .ctr = 0,
	  .probe = SP_PROBE_STARTUP,
	  .outcome = SP_OUT_FAILURE},
	 0},
	{"a.sick",
	 {.kind = SP_EV_PROBE_RESULT,
	  .ctr = 1,
	  .probe = SP_PROBE_LIVENESS,
	  .outcome = SP_OUT_FAILURE},
	 0},
	{"delete", {.kind = SP_EV_DELETE, .grace_s = 4}, 0},
	{"image", {.kind = SP_EV_SET_IMAGE, .ctr = 1, .text = "new"}, 0},
	{"restart", {.kind = SP_EV_ENGINE_RESTARTED, .forget_records = true}, 0},
};

#define DEPTH_MAX 12

/* A pod and its judge at one point of the tree; the stores behind the containers are shared. */
struct point {
	struct sp_pod pod;
	struct pod_check check;
	sp_time now;
};

static struct sp_actions out;
static struct sp_pod_status status;
static struct point points[DEPTH_MAX + 1];
static size_t path[DEPTH_MAX];
static unsigned long long n_steps;

/* Only what two containers use is worth copying. */
static void copy(struct point *to, const struct point *from)
{
	size_t n = offsetof(struct sp_pod, ctrs) + 2 * sizeof(struct sp_ctr);

	memcpy(&to->pod, &from->pod, n);
	memcpy(to->pod.pulls, from->pod.pulls, 4 * sizeof(from->pod.pulls[0]));
	memcpy(to->pod.images, from->pod.images, 64);
	memcpy(&to->check, &from->check, offsetof(struct pod_check, ctrs));
	memcpy(to->check.ctrs, from->check.ctrs, 2 * sizeof(from->check.ctrs[0]));
	memcpy(&to->check.accepted, &from->check.accepted,
	       sizeof(to->check) - offsetof(struct pod_check, accepted));
	to->now = from->now;
}

static const char *feed(struct point *p, const struct letter *l)
{
	const struct sp_pod_spec *spec = p->check.spec;
	struct sp_event ev = l->ev;
	const struct sp_ctr *c = &p->pod.ctrs[ev.ctr];

	if (l->after < 0)
		p->now = SP_MIN(sp_pod_deadline(spec, &p->pod), p->now + 400 * SP_SEC);
	else
		p->now += l->after;
	ev.attempt = ev.kind >= SP_EV_IMAGE_PRESENT
			     ? (c->stage == SP_STAGE_CREATE ? c->next_attempt : c->cur.attempt)
			     : p->pod.sandbox_attempt;
	sp_pod_step(spec, &p->pod, &ev, p->now, &out);
	n_steps++;
	return pod_check_step(&p->check, &p->pod, &ev, p->now, &out);
}

static const char *walk(int depth, int left)
{
	const char *wrong = NULL;

	if (!left)
		return pod_check_status(&points[depth].check, &points[depth].pod, points[depth].now,
					&status);
	for (size_t l = 0; l < SP_ARRAY_LEN(letters) && !wrong; l++) {
		path[depth] = l;
		copy(&points[depth + 1], &points[depth]);
		wrong = feed(&points[depth + 1], &letters[l]);
		if (!wrong)
			wrong = walk(depth + 1, left - 1);
	}
	return wrong;
}

/* Where the enumeration begins: what happened before, by letter. */
static const char *const beginnings[][16] = {
	{"ready", NULL},
	{"ready", "s.image", "s.start", "time", "s.up", "a.image", "a.start", "a.hook", NULL},
	{"ready", "s.image", "s.start", "time", "s.up", "a.image", "a.start", "a.hook", "delete",
	 NULL},
	{"ready", "s.image", "s.start", "time", "s.up", "a.image", "a.start", "a.hook", "a.sick",
	 NULL},
	{"ready", "s.image", "s.start", "time", "s.up", "a.image", "a.start", "a.hook", "a.fail",
	 "a.image", "a.start", "a.hook", "a.fail", NULL},
};

static const char *begin(const struct sp_pod_spec *spec, const char *const *names)
{
	const char *wrong = NULL;

	memset(&points[0], 0, sizeof(points[0]));
	sp_pod_init(spec, &points[0].pod, 0, 0);
	pod_check_init(&points[0].check, spec);
	wrong = feed(&points[0], &(struct letter){.name = "begin", .ev = {.kind = SP_EV_TICK}});
	for (; *names && !wrong; names++)
		for (size_t l = 0; l < SP_ARRAY_LEN(letters); l++)
			if (sp_streq(letters[l].name, *names))
				wrong = feed(&points[0], &letters[l]);
	return wrong;
}

static int one_pod(const struct sp_pod_spec *spec, int depth)
{
	for (size_t b = 0; b < SP_ARRAY_LEN(beginnings); b++) {
		const char *wrong = begin(spec, beginnings[b]);

		if (!wrong)
			wrong = walk(0, depth);
		if (!wrong)
			continue;
		printf("%s\n policy %d, grace %lld, beginning %zu:", wrong, spec->restart_policy,
		       (long long)spec->grace_s, b);
		for (int i = 0; i < depth; i++)
			printf(" %s", letters[path[i]].name);
		printf("\n");
		return 1;
	}
	return 0;
}

int enumerate_pods(int depth)
{
	static const int32_t codes[] = {3};
	static const struct sp_restart_rule rule = {
		.action = SP_RULE_RESTART_ALL, .codes = codes, .n_codes = 1};
	struct sp_probe_spec probe = {.set = true,
				      .period_s = 3,
				      .timeout_s = 1,
				      .success_threshold = 1,
				      .failure_threshold = 1,
				      .grace_s = -1};
	struct sp_ctr_spec ctrs[] = {
		{.name = "s",
		 .image = "i",
		 .role = SP_ROLE_SIDECAR,
		 .restart_policy = SP_RESTART_ALWAYS,
		 .probes = {[SP_PROBE_STARTUP] = probe},
		 .pre_stop = {SP_HOOK_EXEC}},
		{.name = "a",
		 .image = "i",
		 .role = SP_ROLE_APP,
		 .probes = {[SP_PROBE_LIVENESS] = probe},
		 .post_start = {SP_HOOK_EXEC},
		 .pre_stop = {SP_HOOK_SLEEP, 1}},
	};
	struct sp_pod_spec spec = {.name = "p",
				   .ns = "n",
				   .uid = "u",
				   .active_deadline_s = -1,
				   .ctrs = ctrs,
				   .n_init = 1,
				   .n_ctrs = 2,
				   .kube_minor = 36};

	if (depth < 1 || depth > DEPTH_MAX)
		return 2;
	for (int policy = SP_RESTART_ALWAYS; policy <= SP_RESTART_NEVER; policy++)
		for (int variant = 0; variant < 3; variant++) {
			spec.restart_policy = (enum sp_restart_policy)policy;
			spec.grace_s = variant == 1 ? 0 : 5;
			ctrs[1].restart_policy = variant == 2 ? SP_RESTART_NEVER : SP_RESTART_UNSET;
			ctrs[1].rules = &rule;
			ctrs[1].n_rules = variant == 2;
			spec.restart_sidecars_on_termination = variant == 2;
			if (one_pod(&spec, depth))
				return 1;
		}
	printf("every sequence of %d events: %llu steps\n", depth, n_steps);
	return 0;
}
