/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Everything a pod remembers, as plain bytes: fixed size, no pointers, so that it can live in a
 * mapped file and be read again by the next process. Only what belongs to containers that exist
 * is ever touched: a pod of two containers dirties two or three pages of it.
 *
 * Source: the lifecycle rules, section 1.
 */
#ifndef SP_CORE_POD_STATE_H
#define SP_CORE_POD_STATE_H

#include "core/pod.h"

#define SP_POD_MAGIC 0x31646f7044505300 /* "\0SPDpod1": layout of this file, change it with it */

#define SP_IP_MAX         96         /* two addresses, comma separated */
#define SP_IMAGE_TEXT_MAX 1024       /* one changed image reference */
#define SP_IMAGES_BYTES   (4 * 1024) /* all changed image references of a pod */
#define SP_DETAILS_BYTES  (8 * 1024) /* all waiting messages */
#define SP_MESSAGES_BYTES                                                                          \
	(12 * 1024 +                                                                               \
	 SP_CONTAINERS_MAX) /* newest termination messages of all containers, as upstream */
#define SP_PULL_ENTRIES 64

/*
 * The newest instance of a container:
 *
 *   NONE     no record; `cur` may hold a leftover to show as lastState later.
 *   RUNNING  the process was launched and has not been reported gone. Visible as running only
 *            when `post_start` is not RUNNING or FAILED (VOC-8).
 *   EXITED   gone; code and times in `cur`. With `old_sandbox` it ended in an earlier sandbox and
 *            has to run again in this one. Acted upon only when no kill is in flight and no
 *            postStart hook is still running (KILL-7, HOOK-5).
 */
enum sp_rec { SP_REC_NONE, SP_REC_RUNNING, SP_REC_EXITED };

/* How far the next instance has come: IMAGE and CREATE wait for an answer from the shell. */
enum sp_stage { SP_STAGE_IDLE, SP_STAGE_IMAGE, SP_STAGE_CREATE };

/* ABANDONED: the grace period was used up while the hook ran; nobody waits for it any more. */
enum sp_hook_state { SP_HOOK_IDLE, SP_HOOK_RUNNING, SP_HOOK_OK, SP_HOOK_FAILED, SP_HOOK_ABANDONED };

/* Why a kill is in flight. POD: part of the pod termination. ALL: RestartAllContainers. */
enum sp_kill {
	SP_KILL_NONE,
	SP_KILL_IMAGE,
	SP_KILL_LIVENESS,
	SP_KILL_STARTUP,
	SP_KILL_POST_START,
	SP_KILL_POD,
	SP_KILL_ALL
};

/* Waiting reasons of sections 6 and 7; NONE shows the default one (STAT-10, STAT-11). */
enum sp_wait {
	SP_WAIT_NONE,
	SP_WAIT_CRASH,
	SP_WAIT_IMAGE,         /* the reason of image_fail */
	SP_WAIT_IMAGE_BACKOFF, /* ImagePullBackOff */
	SP_WAIT_CONFIG,
	SP_WAIT_CREATE,
	SP_WAIT_RUN,
	SP_WAIT_POST_START
};

enum sp_exit_reason {
	SP_EXIT_COMPLETED,
	SP_EXIT_ERROR,
	SP_EXIT_OOM,
	SP_EXIT_START_ERROR,
	SP_EXIT_UNKNOWN,
	SP_EXIT_RESTART_ALL
};

enum sp_probe_result { SP_RESULT_UNKNOWN, SP_RESULT_SUCCESS, SP_RESULT_FAILURE };

struct sp_worker {
	sp_time next;         /* when the next probe is due; on the grid of PROBE-3 */
	int32_t run;          /* equal outcomes in a row */
	uint8_t last, result; /* enum sp_probe_result */
	uint8_t tries;        /* of the probe in flight, PROBE-9 */
	bool on, in_flight;
};

struct sp_instance {
	sp_time started_at, finished_at;
	int64_t started_wall_ns, finished_wall_ns;
	int32_t code;
	uint32_t attempt;
	uint16_t msg_len; /* in the message slot of this instance */
	uint8_t reason;   /* enum sp_exit_reason, once exited */
	bool set;
};

struct sp_ctr {
	struct sp_instance cur, prev;
	struct sp_worker workers[SP_PROBES];

	sp_time kill_deadline; /* t0 + G of the kill in flight */
	sp_time signalled_at;
	sp_time hook_until; /* end of a preStop sleep */
	sp_time post_until; /* end of a postStart sleep */

	sp_time backoff_delay, backoff_updated; /* BACK-2; delay 0: no entry */
	sp_time retry_at;  /* a wanted start is held back until then; SP_NEVER: not by time */
	sp_time switch_at; /* ErrImagePull turns into ImagePullBackOff; SP_NEVER: no */

	uint32_t next_attempt; /* number of the instance to be created next */
	uint32_t asked;        /* number + 1 of the last one that a start was asked for */
	uint32_t rec_sandbox;  /* sandbox attempt that `rec` belongs to */
	uint16_t detail_len;   /* waiting message in the detail slot */
	uint16_t image_off;    /* changed image in pod->images + 1, 0: the spec's */

	uint8_t rec, stage, kill, wait; /* enums above */
	uint8_t post_start, pre_stop;   /* enum sp_hook_state */
	uint8_t image_fail;             /* enum sp_image_fail, for SP_WAIT_IMAGE* */
	uint8_t msg_slot;               /* which of the two message slots is cur's */

	bool old_sandbox;    /* regular: `cur` is from an earlier sandbox and must run again */
	bool forgotten;      /* SBX-6: the record of a completed init container was lost */
	bool prev_counts;    /* `prev` is a record for BACK-6 */
	bool restart_intent; /* RESTART-3, RESTART-7: restart whatever the code */
	bool backoff_passed; /* BACK-2 was decided for this record: start now */
	bool image_changed;  /* the running instance has another image than wanted */
	bool image_again;    /* the image changed while the old one was being fetched */
	bool lane_done;      /* START-4: the first start sequence in this sandbox has ended */
	bool signalled, killed;
	bool bare;                   /* REL-1: restarted during termination, no hooks, no probes */
	bool in_termination;         /* ran at T0: member of R (section 11.2) */
	bool stopped;                /* its stop sequence is finished (TERM-5) */
	bool was_started, was_ready; /* told as facts */
	bool never_ran;              /* STAT-31, STAT-32: `cur` is made up for the final status */
};

struct sp_pull_entry {
	uint64_t image; /* hash of the reference */
	sp_time delay, updated_at;
};

/*
 * NONE      nothing there; `sandbox_lost` tells whether one is to be made anew
 * STARTING  SANDBOX_START sent     STOPPING  SANDBOX_STOP sent
 */
enum sp_sandbox_state { SP_SBX_NONE, SP_SBX_STARTING, SP_SBX_READY, SP_SBX_STOPPING };

enum sp_cause { SP_CAUSE_NONE, SP_CAUSE_DELETE, SP_CAUSE_FINISHED, SP_CAUSE_DEADLINE };

struct sp_pod_cond {
	sp_time at;
	int64_t wall_ns;
	uint8_t status; /* enum sp_cond_status */
};

struct sp_pod {
	uint64_t magic;
	sp_time start_at; /* acceptance */
	int64_t start_wall_ns;
	sp_time last_now;

	sp_time term_at, term_deadline; /* T0, D */
	int64_t delete_grace_s, delete_wall_ns;
	sp_time sandbox_retry_at;
	uint32_t sandbox_attempt;
	uint16_t n_ctrs; /* of the spec it was made for */

	uint8_t sandbox, cause, phase; /* enums */
	bool accepted;                 /* the first facts were told */
	bool sandbox_had;              /* one was ready at some time */
	bool sandbox_lost;             /* the newest one was lost and not replaced yet */
	bool delete_requested;
	bool deadline_hit;
	bool ordered;  /* the termination keeps an order: G > 0, release >= 1.29 */
	bool terminal; /* the final status stands */
	bool finished; /* SP_ACT_FINISHED was sent */
	bool restarting_all;
	bool restarted_all; /* some RestartAllContainers happened (RESTART-21) */
	bool finished_told;
	uint8_t phase_told; /* enum sp_phase + 1 */

	struct sp_pod_cond conds[SP_COND_TYPES];
	uint8_t gates[SP_GATES_MAX]; /* enum sp_cond_status */
	char ip[SP_IP_MAX];
	uint16_t n_pulls, images_len; /* used of the stores below */

	struct sp_ctr ctrs[SP_CONTAINERS_MAX];

	/* Untouched unless something failed or changed. */
	struct sp_pull_entry pulls[SP_PULL_ENTRIES];
	char images[SP_IMAGES_BYTES];
	char details[SP_DETAILS_BYTES];       /* n_ctrs equal slots */
	char messages[2 * SP_MESSAGES_BYTES]; /* n_ctrs times two equal slots */
};

_Static_assert(sizeof(struct sp_pod) < 64 * 1024, "the pod's state stays small");

#endif
