/* SPDX-License-Identifier: Apache-2.0 */
/* One performed scenario, as the files of this folder share it. */
#ifndef SP_CONFORM_INTERNAL_H
#define SP_CONFORM_INTERNAL_H

#include "conform/conform.h"
#include "record/record.h"
#include "sim/expect.h"
#include "supervisor/spawn.h"

enum conform_state { CONFORM_WAITING, CONFORM_STARTING, CONFORM_RUNNING, CONFORM_DONE };

enum conform_act {
	CONFORM_BACK,     /* the engine of plan.stimuli[index] is there again */
	CONFORM_STIMULUS, /* plan.stimuli[index] */
	CONFORM_OBJECTS,  /* objects whose time has come exist from now on */
	CONFORM_LOOK,     /* times.looks[index] */
	CONFORM_END,      /* the horizon, or long after the pod should have ended */
};

struct conform_item {
	sp_time at;    /* of the scenario */
	sp_time delay; /* real time after that */
	enum conform_act act;
	uint32_t index;
};

struct conform_run {
	const struct conform_world *w;
	const struct sp_scenario *scenario;
	struct sp_arena arena;
	struct sp_verdict verdict;
	struct sp_error err;

	/* what is to come */
	struct sp_scn_pod pod;
	struct sp_expect_times times;
	struct sp_sim *sim;
	struct sp_happened simulated;
	sp_time finest; /* of the scenario: between two of its instants, at least */
	struct conform_item *agenda;
	uint32_t n_agenda, next;

	/* the real pod */
	enum conform_state state;
	char uid[64], log_name[256];
	const char *top, *share; /* its directory on the machine, and what containers see of it */
	struct sp_engine engine;
	struct sp_bundle_params params;
	struct sp_supervisor sup;
	uint32_t tries; /* before this one, on a machine that was too slow */
	bool resumed, over;
	struct sp_pod_status *before; /* while the engine is away: what it said last; else NULL */
	sp_time started;              /* real */
	sp_time zero;                 /* real time of second 0 of the scenario */
	sp_time offset;               /* of second 0 in the record */
	sp_time pressure;             /* conform_pace_pressure() then */
	sp_time slow; /* real: what a process took meanwhile that had nothing to do, at most */
	sp_time cut;  /* of the scenario: what is later was not waited for */

	/* what came of it */
	struct sp_pod_status **looks; /* parallel to times.looks; NULL: the pod was over */
	struct sp_pod_status *final;
	struct sp_happened happened;
};

/* What all runs share. */
struct conform_world {
	const struct sp_conform_options *options;
	struct sp_arena arena;
	char top[64];
	char cgroup[64];
	struct sp_image image; /* the demo image */
	const char *applets;   /* its program, as a file of the machine */
};

/* plan.c */

/** conform_cannot() - Why this pod cannot be performed for real; NULL when it can */
const char *conform_cannot(const struct sp_scn_pod *p);
/** conform_manifest() - The Pod that behaves as the scenario says, loaded, with all defaults.
 * SP_E_INVALID: the API would refuse it */
int conform_manifest(struct conform_run *r, struct sp_node **ret, struct sp_error *err);
/** conform_registry() - What the registry has to say of a container's image from now on.
 * @image: as asked for */
int conform_registry(struct conform_run *r, uint16_t ctr, const char *image,
		     const struct sp_sim_image *how, struct sp_error *err);
/** conform_objects() - Objects that exist at @at, as members "configMaps" and "secrets" */
void conform_objects(const struct conform_run *r, sp_time at, struct sp_buf *out);

/* instants.c */

/** conform_finest() - The shortest time between two instants of the scenario; SP_NEVER: it has one
 * alone. Return: 0, or -1 when memory ran out */
int conform_finest(struct conform_run *r, sp_time *ret);
/** conform_cut() - Fill r->cut: as late as the tolerance, but before what comes next behind the end
 */
int conform_cut(struct conform_run *r, struct sp_error *err);

/* pod.c */

int conform_start(struct conform_run *r, struct sp_error *err);
/** conform_progress() - Do what is due. Return: real time at which it wants to be called again */
sp_time conform_progress(struct conform_run *r, sp_time now);
/** conform_gone() - Its supervisor has exited */
void conform_gone(struct conform_run *r);
/** conform_sweep() - Nothing is left of it */
int conform_sweep(struct conform_run *r, struct sp_error *err);

/* judge.c */

/** conform_read() - The record and the last status. */
int conform_read(struct conform_run *r, struct sp_error *err);
/** conform_judge() - Fill r->verdict from what was read */
int conform_judge(struct conform_run *r, struct sp_error *err);

#endif
