/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Controllers that keep a number of pods alive: ReplicaSet, StatefulSet, DaemonSet.
 *
 * Source: lifecycle rules DEPLOY-10 to DEPLOY-13. Of a StatefulSet: names by ordinal, ordered start
 * and stop, updates from the highest ordinal down. A DaemonSet has one pod, as there is one node.
 */
#ifndef SP_CONTROL_SET_H
#define SP_CONTROL_SET_H

#include "control/control.h"
#include "spec/types.h"

/* State and status of one set, plain bytes. */
struct sp_set {
	/* status; replicas: neither terminal nor terminating (DEPLOY-13) */
	int64_t replicas, ready, available, terminating, updated;
	/* memory */
	uint64_t chance;
	bool deleting; /* set by the caller: the object is being deleted */
	bool removed;
};

void sp_set_init(struct sp_set *s, uint64_t seed);

/** sp_child_available() - Ready for @min_ready_s without interruption; else *@ret_at is when it
 * will be (SP_NEVER: not by time alone) (DEPLOY-11) */
bool sp_child_available(const struct sp_child *c, int64_t min_ready_s, sp_time now,
			sp_time *ret_at);

/**
 * sp_replica_set_step(), sp_stateful_set_step(), sp_daemon_set_step() - Look at the pods, decide
 * what follows
 * @pods: all rows, in any order
 * @ret: overwritten
 */
void sp_replica_set_step(const struct sp_k_workload *set, struct sp_set *s, struct sp_child *pods,
			 uint32_t n_pods, sp_time now, struct sp_ctl *ret);
void sp_stateful_set_step(const struct sp_k_workload *set, struct sp_set *s, struct sp_child *pods,
			  uint32_t n_pods, sp_time now, struct sp_ctl *ret);
void sp_daemon_set_step(const struct sp_k_workload *set, struct sp_set *s, struct sp_child *pods,
			uint32_t n_pods, sp_time now, struct sp_ctl *ret);

#endif
