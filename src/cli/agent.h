/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The node's agent: makes the pods of a store run. A new Pod gets a supervisor, a deletion becomes
 * a request with its grace, and what the supervisor shows becomes the Pod's status. It decides
 * nothing else.
 */
#ifndef SP_CLI_AGENT_H
#define SP_CLI_AGENT_H

#include "base/uids.h"
#include "cli/follow.h"
#include "cli/launch.h"
#include "store/store.h"

/* A pod of this node. */
struct sp_agent_pod {
	struct sp_agent_pod *next, *prev; /* all of them, in the order they came */
	struct sp_stored *seen;           /* newest version */
	struct sp_supervisor supervisor;
	struct sp_watched *watched; /* NULL: not started */
	bool deleting;              /* it was asked to end */
	int64_t grace_s;            /* with what grace */
	bool removed;               /* it is not in the store any more */
	uint32_t tries;             /* that failed */
	sp_time retry_at;           /* of one that is not started; monotonic */
	void *owner;                /* of whoever listens */
};

struct sp_agent {
	struct sp_launch *launch;
	struct sp_store *store;
	struct sp_follow *follow;
	struct sp_store_watch watch;
	struct sp_uids by_uid;
	struct sp_agent_pod *first, *last;
	uint32_t n, n_waiting, n_started; /* n_waiting: for their start; n_started: ever */

	/* who listens: a pod was started; it is over and everything was read, it is forgotten next;
	 * it could not be started, and is tried again later */
	void (*started)(void *arg, struct sp_agent_pod *p);
	void (*over)(void *arg, struct sp_agent_pod *p);
	void (*failed)(void *arg, struct sp_agent_pod *p, const struct sp_error *why);
	void (*changed)(void *arg, struct sp_agent_pod *p); /* its record went on */
	void *arg;
};

void sp_agent_init(struct sp_agent *a, struct sp_launch *l, struct sp_store *s,
		   struct sp_follow *f);

/** sp_agent_done() - Pods that run are left running */
void sp_agent_done(struct sp_agent *a);

/**
 * sp_agent_turn() - Do what the store asks for, a few pods at a time
 * @ret_wake: when to do so again (monotonic); in the past: at once; SP_NEVER: after a change
 *
 * Return: 0, -1 when the store cannot be read or written.
 */
int sp_agent_turn(struct sp_agent *a, sp_time *ret_wake, struct sp_error *err);

#endif
