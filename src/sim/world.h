/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pretend world around the core: processes, hooks, probes, registries and sandboxes that do
 * what a plan says, in virtual time. Nothing here decides what a pod does; the core does, and the
 * world only answers its wishes and writes down what happened.
 *
 * Pulls, creation and bookkeeping take no time unless the plan says so. Facts of one instant come
 * in the order of LAT-22: answers of the engine's own machinery, then requests from outside, exits,
 * ends of hooks and pulls, probe results, and at last the passing of time.
 */
#ifndef SP_SIM_WORLD_H
#define SP_SIM_WORLD_H

#include "base/error.h"
#include "core/pod.h"

/* ---- the plan: what the world does; borrowed, constant while it runs ------------------------ */

/* One instance of a container. Times count from the launch. */
struct sp_sim_run {
	sp_time exit_after; /* SP_NEVER: runs until it is stopped */
	int32_t code;
	bool oom;
	const char *launch_error; /* not NULL: the launch fails with this text */
};

/* From `from` on, before `to`; since the launch of the instance. */
struct sp_sim_window {
	sp_time from, to;
};

/* When a probe of one instance succeeds: inside a window, by the time it begins. */
struct sp_sim_answers {
	const struct sp_sim_window *v;
	uint32_t n;   /* 0: never */
	bool error;   /* the probe cannot be carried out at all (PROBE-9) */
	bool warning; /* a success is one with a warning */
};

struct sp_sim_probe {
	const struct sp_sim_answers *v; /* one per instance, the last one repeats */
	uint32_t n;                     /* 0: always succeeds */
	sp_time takes;                  /* until the answer; beyond the timeout it is a failure */
};

struct sp_sim_hook {
	sp_time takes; /* SP_NEVER: hangs */
	bool fails;
};

enum sp_sim_pull { SP_SIM_PULL_IF_NOT_PRESENT, SP_SIM_PULL_ALWAYS, SP_SIM_PULL_NEVER };

struct sp_sim_image {
	enum sp_sim_pull policy;
	bool present;            /* on the machine already */
	bool broken;             /* every pull fails */
	enum sp_image_fail fail; /* how, when broken */
	sp_time pull_takes;
};

struct sp_sim_ctr {
	const struct sp_sim_run *runs; /* one per instance, the last one repeats */
	uint32_t n_runs;               /* 0: never exits by itself */
	sp_time sigterm_takes;         /* from the stop signal to the exit; SP_NEVER: ignores it */
	int32_t sigterm_code;
	sp_time start_takes; /* from the wish to the launched process */
	struct sp_sim_image image;
	sp_time config_error_until; /* it cannot be created before; 0: no error */
	const char *config_error;
	struct sp_sim_probe probes[SP_PROBES];
	struct sp_sim_hook hooks[2]; /* by enum sp_hook; sleep hooks are the core's own */
};

enum sp_sim_stimulus_kind {
	SP_SIM_DELETE,         /* grace_s, -1: the spec's */
	SP_SIM_SET_IMAGE,      /* ctr, text; an image called "bad" cannot be pulled */
	SP_SIM_IMAGE_STATE,    /* ctr, flag: pulls work from now on; policy when has_policy */
	SP_SIM_SANDBOX_LOST,   /* machine reboot: everything dies, the engine goes on */
	SP_SIM_ENGINE_RESTART, /* takes: the engine is away that long; flag: records are lost */
	SP_SIM_SET_GATE,       /* index, status */
	SP_SIM_OOM,            /* ctr: the kernel kills it now */
	SP_SIM_CRASH,          /* ctr, code: it ends now */
	SP_SIM_OBJECTS_CHANGED,
};

struct sp_sim_stimulus {
	sp_time at;
	enum sp_sim_stimulus_kind kind;
	uint16_t ctr, gate;
	bool flag, has_policy;
	enum sp_sim_pull policy;
	enum sp_cond_status gate_status;
	int32_t code;
	int64_t grace_s;
	sp_time takes;
	const char *text;
};

struct sp_sim_plan {
	const struct sp_sim_ctr *ctrs; /* as many as the spec has */
	const struct sp_sim_stimulus *stimuli;
	uint32_t n_stimuli;
	sp_time sandbox_takes;
	sp_time sandbox_error_until; /* the sandbox cannot be set up before; 0: no error */
	enum sp_sandbox_step sandbox_error_step;
	const char *sandbox_error;
};

/* ---- what happened -------------------------------------------------------------------------- */

enum sp_sim_line_kind { SP_SIM_FACT, SP_SIM_EVENT };

/* One fact of the record or one API event; texts belong to the simulation. */
struct sp_sim_line {
	sp_time at;
	enum sp_sim_line_kind kind;
	struct sp_action act; /* SP_ACT_FACT or SP_ACT_EVENT */
};

struct sp_sim;

/**
 * sp_sim_new() - A pod accepted at time 0
 * @spec, @plan: kept
 *
 * Return: NULL when memory ran out. Nothing has run yet; see sp_sim_run().
 */
struct sp_sim *sp_sim_new(const struct sp_pod_spec *spec, const struct sp_sim_plan *plan);
struct sp_sim *sp_sim_free(struct sp_sim *s); /* Return: NULL */

/**
 * sp_sim_run() - Let everything happen up to and including @until
 * @err: SP_E_INTERNAL when the pod does not come to rest within one instant, SP_E_NO_MEMORY
 *
 * Return: 0, or -1. Ends early when the pod has finished.
 */
int sp_sim_run(struct sp_sim *s, sp_time until, struct sp_error *err);

/**
 * sp_sim_delete() - Delete the pod now, at sp_sim_now()
 * @grace_s: -1: the spec's
 */
void sp_sim_delete(struct sp_sim *s, int64_t grace_s);

bool sp_sim_finished(const struct sp_sim *s);
/** sp_sim_next() - When something happens next by itself; SP_NEVER: nothing will */
sp_time sp_sim_next(const struct sp_sim *s);
sp_time sp_sim_now(const struct sp_sim *s);
/** sp_sim_idle() - True when nothing will ever happen again by itself */
bool sp_sim_idle(const struct sp_sim *s);
const struct sp_pod_spec *sp_sim_spec(const struct sp_sim *s);
void sp_sim_status(const struct sp_sim *s, struct sp_pod_status *ret);
const struct sp_sim_line *sp_sim_lines(const struct sp_sim *s, size_t *ret_n);

#endif
