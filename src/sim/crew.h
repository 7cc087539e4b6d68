/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A workload of a manifest and all that it makes: the real controllers, pods that the core
 * simulates, one virtual clock. All pods behave alike.
 */
#ifndef SP_SIM_CREW_H
#define SP_SIM_CREW_H

#include "control/zone.h"
#include "sim/scenario.h"

struct sp_crew_plan {
	const struct sp_scn_pod *pod; /* what every pod is and does */
	sp_time horizon;              /* end of observation, SP_NEVER: see fires */
	/* CronJob: the clock at the beginning, its zone, and how many jobs to watch (0: no limit)
	 */
	int64_t start_wall_ns;
	const struct sp_zone *zone;
	uint32_t fires;
	/* Deployment, StatefulSet, DaemonSet: the template changes so long after all pods were
	 * available for the first time; SP_NEVER: it does not */
	sp_time update_after;
};

struct sp_crew_pod {
	const char *name, *owner;
	sp_time born, running_at, ready_at, deleted_at, gone_at; /* but for born: -1 never */
	sp_time unready_at; /* the last time it stopped being ready; -1 */
	enum sp_phase phase;
	bool ready;
};

struct sp_crew_line {
	sp_time at;
	const char *object; /* "deployment/web", "pod/web-5-x" */
	const char *what;   /* "created", "ready", "Succeeded"; NULL: an API event of the object */
	bool warning;
	const char *reason, *message; /* of the event */
};

/* Texts and arrays are in the arena. */
struct sp_crew {
	struct sp_crew_line *lines;
	struct sp_crew_pod *pods;
	uint32_t n_lines, cap_lines, n_pods, cap_pods;
	const char *object;   /* "deployment/web" */
	const char *standing; /* its columns at the end, in words */
	const char *reason;   /* of a job's verdict, with the message; NULL */
	sp_time end;          /* of observation */
	sp_time updated_at;   /* the template changed; -1 */
};

/**
 * sp_crew_kind() - Can workloads of this kind be simulated?
 */
bool sp_crew_kind(enum sp_kind kind);

/**
 * sp_crew_simulate() - Let it run
 * @o: Job, CronJob, Deployment, ReplicaSet, StatefulSet or DaemonSet; defaults applied, valid; its
 *     template is replaced in the course of an update
 * @err: SP_E_UNSUPPORTED: more than the simulator holds
 */
int sp_crew_simulate(struct sp_arena *a, struct sp_object *o, const struct sp_crew_plan *plan,
		     struct sp_crew *ret, struct sp_error *err);

#endif
