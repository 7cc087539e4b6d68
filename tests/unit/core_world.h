/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A tiny world around the core, for tests that read like stories: containers that live as long as
 * told, images, hooks and probes that answer as told, and a log with one line per fact. Times are
 * virtual seconds. An answer takes no time unless the story says so.
 */
#ifndef CORE_WORLD_H
#define CORE_WORLD_H

#include "core/pod.h"
#include "core/resources.h"

#define NEVER (-1.0) /* runs for ever; a hook that never ends */

/* One instance: how it ends by itself. */
struct cw_run {
	double after; /* seconds from the launch, or NEVER */
	int code;
	bool oom, launch_error;
	const char *message; /* termination message */
};

struct cw_hook {
	double takes; /* or NEVER */
	bool fails;
};

/* Success in [from, until) seconds after the launch of the instance; until 0: for ever. */
struct cw_answer {
	double from, until, takes;
	bool error, never, warning;
};

/* How the world treats one container. The spec says what it is. */
struct cw_ctr {
	struct cw_run runs[6]; /* the last one given repeats */
	int n_runs;            /* 0: runs for ever */
	bool ignores_term;
	double term_after; /* seconds from the stop signal to the exit */
	int term_code;     /* 0 means 143; -1 means 0 */
	struct cw_hook post_start, pre_stop;
	struct cw_answer probes[SP_PROBES][2]; /* first instance; later ones when n_probes is 2 */
	int n_probes[SP_PROBES];
	double pull_takes;
	bool pulled; /* comes from the registry */
	double bad_image_until;
	enum sp_image_fail image_fail;
	double config_error_until;
	bool create_error;
};

struct cw_stimulus {
	double at;
	enum sp_ev_kind kind; /* DELETE, SET_IMAGE, SANDBOX_LOST, … */
	int64_t grace_s;
	uint16_t ctr, gate;
	enum sp_cond_status gate_status;
	bool forget;
	const char *text;
};

enum cw_show { CW_FACTS = 0, CW_EVENTS = 1, CW_PROBES = 2, CW_CONDS = 4, CW_NO_FACTS = 8 };

struct cw_story {
	struct sp_pod_spec spec;
	struct sp_ctr_spec ctrs[8]; /* up to the first without a name; init list first */
	struct cw_ctr world[8];
	struct cw_stimulus stimuli[8]; /* up to the first with kind TICK */
	double horizon;                /* 0: until finished, at most 1000 */
	double sandbox_fails_until;
	enum sp_sandbox_step sandbox_step;
	int show; /* enum cw_show */
};

/* Run it and give the log; static memory, valid until the next call. */
const char *cw_play(struct cw_story *story);

/* Status, columns and pod as the last story left them. */
const struct sp_pod_status *cw_status(void);
const struct sp_pod *cw_pod(void);
const char *cw_columns(const struct cw_story *story); /* "Running 1/2 0" */

/* Play, compare with what is expected, show both when they differ. */
void cw_expect(struct cw_story *story, const char *expected);

/* Numbers that are 0 get their defaults (DEF-10), a probe's grace_s -1; the image is "img". */
#define CW_PROBE(...)                                                                              \
	{                                                                                          \
		.set = true, __VA_ARGS__                                                           \
	}
#define CW_INIT(n, ...)                                                                            \
	{                                                                                          \
		.name = n, .role = SP_ROLE_INIT, __VA_ARGS__                                       \
	}
#define CW_APP(n, ...)                                                                             \
	{                                                                                          \
		.name = n, .role = SP_ROLE_APP, __VA_ARGS__                                        \
	}
#define CW_SIDECAR(n, ...)                                                                         \
	{                                                                                          \
		.name = n, .role = SP_ROLE_SIDECAR, .restart_policy = SP_RESTART_ALWAYS,           \
		__VA_ARGS__                                                                        \
	}
#define CW_EXITS(a, c)                                                                             \
	{                                                                                          \
		.runs = {{.after = (a), .code = (c)}}, .n_runs = 1                                 \
	}

#endif
