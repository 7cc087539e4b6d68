/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Controllers: what a Job, a CronJob, a Deployment or a set does about the pods it has. Each is one
 * pure function from the object, what is observed of its children and the time to actions, a
 * status and the time of its next look: no I/O, no clock, no allocation, fixed limits. The same
 * code runs behind `run`, behind `simulate` and in the tests.
 *
 * The caller owns the table of children. It performs the actions before the next step: for each
 * SP_CTL_CREATE it adds a child, for each SP_CTL_DELETE it marks the child as being deleted. All
 * times are one axis of nanoseconds, since 1970 when they are to be shown.
 *
 * Source: the lifecycle rules (docs/lifecycle.md), sections 19 and 20; rule ids stand beside the
 * code.
 */
#ifndef SP_CONTROL_H
#define SP_CONTROL_H

#include "base/text.h"
#include "core/pod.h"

#define SP_CTL_ACTIONS_MAX 512
#define SP_CTL_TEXT_MAX    (128 * 1024)
#define SP_CTL_BATCH_MAX   100 /* pods created or deleted in one step; the rest in the next */
#define SP_CTL_MESSAGE_MAX 512 /* of a condition */
#define SP_NAME_MAX        253 /* of an object; a pod's own name keeps to 63 where it can */
#define SP_NO_CHILD        UINT32_MAX

/* ---- children ------------------------------------------------------------------------------- */

/* What is observed of one container of a child. */
struct sp_child_ctr {
	const char *name;
	enum sp_role role;
	bool terminated;
	int32_t code;
	sp_time finished_at;
};

struct sp_child_cond { /* a condition of the pod that is True */
	const char *type, *status;
};

/*
 * A pod that a controller created. The caller keeps the first part up to date; the notes belong to
 * the controller and are only kept. Everything else zero is a pod that was created just now.
 */
struct sp_child {
	const char *name;
	enum sp_phase phase; /* as published */
	sp_time created_at;
	bool deleting; /* deletion was requested */
	sp_time deleted_at;
	bool gone; /* nothing of it is left; the last phase stands */
	bool ready;
	sp_time ready_changed_at;
	uint32_t restarts; /* of all its containers */
	int64_t deletion_cost;
	bool outdated;                   /* made from an earlier template of its set */
	const struct sp_child_ctr *ctrs; /* in spec order */
	uint16_t n_ctrs;
	const struct sp_child_cond *conds; /* beside Ready */
	uint16_t n_conds;

	/* set from the action that created it */
	int64_t index;                          /* completion index or ordinal; -1 none */
	uint32_t index_failures, index_ignored; /* JOB-58 */
	/* notes */
	bool counted; /* its end stands in the counters, or never will */
	bool spared;  /* removed by the controller: its failure is none (JOB-34) */
};

static inline bool sp_child_terminal(const struct sp_child *c)
{
	return c->phase == SP_PHASE_SUCCEEDED || c->phase == SP_PHASE_FAILED;
}
static inline bool sp_child_active(const struct sp_child *c)
{
	return !sp_child_terminal(c) && !c->deleting && !c->gone;
}
static inline bool sp_child_terminating(const struct sp_child *c)
{
	return !sp_child_terminal(c) && c->deleting && !c->gone;
}

/**
 * sp_child_observe() - Take over what a pod's status shows
 * @offset: added to the status' times to put them on the controller's axis
 * @ctrs: room for spec->n_ctrs; kept by @c
 *
 * Leaves name, creation, deletion cost and notes alone.
 */
void sp_child_observe(const struct sp_pod_spec *spec, const struct sp_pod_status *st,
		      sp_time offset, struct sp_child_ctr *ctrs, struct sp_child *c);

/** sp_child_finished_at() - When a pod that ended, or is being deleted, finished (JOB-56) */
sp_time sp_child_finished_at(const struct sp_child *c);

/**
 * sp_child_rank() - Which of two pods is to be deleted first (JOB-46, DEPLOY-12)
 *
 * Return: < 0 when @a goes before @b.
 */
int sp_child_rank(const struct sp_child *a, const struct sp_child *b);

/* ---- actions -------------------------------------------------------------------------------- */

enum sp_ctl_kind {
	SP_CTL_CREATE, /* a child: text = its name; index and failure counts as in sp_child */
	SP_CTL_DELETE, /* child: delete it gracefully */
	SP_CTL_SCALE,  /* child (a replica set): size is its new number of replicas */
	SP_CTL_EVENT,  /* API event: warning, reason, text */
	SP_CTL_STATUS, /* the status changed */
	SP_CTL_REMOVE, /* the object itself is to be deleted (JOB-72), or may go now (JOB-73) */
	SP_CTLS,
};

struct sp_ctl_action {
	enum sp_ctl_kind kind;
	uint32_t child; /* index into the table of children */
	int64_t index;
	uint32_t index_failures, index_ignored;
	int64_t size;
	sp_time time; /* of a created job: its scheduled time (CRON-11) */
	bool warning;
	const char *reason; /* static */
	const char *text;   /* in sp_ctl.texts or static; valid until the next step */
};

/* The caller's memory; a step overwrites it. Big: on the heap. */
struct sp_ctl {
	sp_time wake; /* the next step is due then at the latest; SP_NEVER: only when something
			 changes */
	uint32_t n;
	struct sp_buf texts;
	struct sp_ctl_action items[SP_CTL_ACTIONS_MAX];
	char mem[SP_CTL_TEXT_MAX];
};

void sp_ctl_begin(struct sp_ctl *ctl);
struct sp_ctl_action *sp_ctl_add(struct sp_ctl *ctl, enum sp_ctl_kind kind);
void sp_ctl_event(struct sp_ctl *ctl, bool warning, const char *reason, const char *fmt, ...)
	SP_PRINTF(4, 5);
void sp_ctl_wake(struct sp_ctl *ctl, sp_time at); /* the earliest one wins */
const char *sp_ctl_text(struct sp_ctl *ctl, const char *fmt, ...) SP_PRINTF(2, 3);

/* ---- names ---------------------------------------------------------------------------------- */

/** sp_ctl_random() - The next number of the generator in @state (any start value) */
uint64_t sp_ctl_random(uint64_t *state);

/**
 * sp_ctl_name() - "<base>-<5 random>", @base cut to 58 characters (JOB-20)
 *
 * Never the name of one of @pods.
 */
const char *sp_ctl_name(struct sp_ctl *ctl, uint64_t *chance, const char *base,
			const struct sp_child *pods, uint32_t n_pods);

/* ---- conditions ----------------------------------------------------------------------------- */

struct sp_ctl_cond {
	enum sp_cond_status status; /* ABSENT until it is set */
	const char *reason;         /* static */
	sp_time changed_at;         /* lastTransitionTime */
	char message[SP_CTL_MESSAGE_MAX];
};

/** sp_ctl_cond_set() - Return: true when anything changed; changed_at moves with the status */
bool sp_ctl_cond_set(struct sp_ctl_cond *c, bool value, const char *reason, const char *message,
		     sp_time now);

#endif
