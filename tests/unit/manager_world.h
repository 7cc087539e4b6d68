/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A cluster without machines, for tests of the manager: a store, a manager, a clock that is moved
 * by hand, and a node that only writes statuses: its pods run as they are told to.
 */
#ifndef MANAGER_WORLD_H
#define MANAGER_WORLD_H

#include "manager/manager.h"

/* How one pod behaves; all times since it was seen, 0 at once. */
struct fake_plan {
	sp_time ready_after;
	sp_time run_for; /* SP_NEVER: until it is stopped */
	int32_t code;
	sp_time stop_takes;
};

struct fake_pod {
	char uid[40], name[64];
	struct fake_plan plan;
	sp_time born, stopped_at; /* stopped_at SP_NEVER: nobody asked */
	int shown;                /* 0 nothing, 1 running, 2 ready, 3 ended */
};

struct cluster {
	struct sp_store *store;
	struct sp_store_env store_env;
	struct sp_manager *manager;
	struct sp_manager_env env;
	struct sp_zone utc;
	sp_time now;
	uint64_t chance;
	struct fake_pod *pods; /* heap; those that the node has */
	uint32_t n_pods, cap_pods;
	struct sp_store_watch watch; /* the node's */
	/* what new pods do; NULL: plan */
	void (*choose)(struct cluster *c, const struct sp_stored *pod, struct fake_plan *ret);
	struct fake_plan plan;
	uint32_t most_pods; /* ever at once, those being stopped left out */
};

void cluster_open(struct cluster *c);
void cluster_close(struct cluster *c);

/** cluster_apply() - YAML documents: created, or their specs replaced */
void cluster_apply(struct cluster *c, const char *yaml);
void cluster_delete(struct cluster *c, const char *kind, const char *name);

/** cluster_run() - Until @until, every event at its time */
void cluster_run(struct cluster *c, sp_time for_ns);

/** cluster_get() - A number or text of an object, as text; "" when it is not there. In @mem */
const char *cluster_get(struct cluster *c, const char *kind, const char *name, const char *path,
			char mem[256]);
uint32_t cluster_count(struct cluster *c, const char *kind);
/** cluster_events() - Events of that reason */
uint32_t cluster_events(struct cluster *c, const char *reason);
uint64_t cluster_random(struct cluster *c, uint64_t below);

#endif
