/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A place to run pods for tests: a directory of its own with an image made from busybox, cgroups
 * with a name of their own, and the run record read back. Nothing of it is left afterwards.
 */
#ifndef POD_WORLD_H
#define POD_WORLD_H

#include "record/record.h"
#include "supervisor/spawn.h"

#include <jansson.h>

struct pod_world {
	char top[64];
	char cgroup[64];
	struct sp_arena arena;
	struct sp_engine engine;
	struct sp_bundle_image image; /* "busybox:1" */
	struct {
		char uid[64], log_name[256];
		int pidfd;
	} open; /* the pod between pod_start() and pod_end(), "": none */
};

/* One pod of a test, from its manifest to its record. */
struct pod_run {
	struct pod_world *w;
	struct sp_arena arena;
	char uid[64], log_name[256];
	struct sp_bundle_params params;
	struct sp_supervisor sup;
	int exit_code;
	struct sp_record_fact *facts; /* pod_read() */
	uint32_t n_facts;
};

/** world_open() - With SIDEPOD_TEST_UID set: as that user. Return: false (the reason was printed)
 * when this machine cannot run pods */
bool world_open(struct pod_world *w);
/** world_after_test() - A test that failed leaves its pod: show what there is of it, end it */
void world_after_test(struct pod_world *w);
/** world_close() - Remove it; fails the test when something was left on the machine */
void world_close(struct pod_world *w);

/** pod_start() - pods/<name>.yaml: one Pod, and the ConfigMaps and Secrets it names */
void pod_start(struct pod_world *w, struct pod_run *p, const char *name);
/** pod_spawn() - Start (again, with @resume) the supervisor of a run that was made */
void pod_spawn(struct pod_run *p, bool resume);
/** pod_wait() - Until the supervisor has exited; reads the record */
void pod_wait(struct pod_run *p);
/** pod_wait_fact() - Until the record has that fact; NULL container: of the pod */
void pod_wait_fact(struct pod_run *p, const char *event, const char *ctr, int64_t attempt);
/** pod_wait_log() - Until the container's first instance has written that; it must not end first */
void pod_wait_log(struct pod_run *p, const char *ctr, const char *part);
/** pod_read() - The record as it stands */
void pod_read(struct pod_run *p);
/** pod_end() - Sweep with everything, free */
void pod_end(struct pod_run *p);

/** fact_at() - Index of the first such fact, -1 none. @attempt -1: any */
int fact_at(const struct pod_run *p, const char *event, const char *ctr, int64_t attempt);
/** fact() - The same, which must exist */
const struct sp_record_fact *fact(const struct pod_run *p, const char *event, const char *ctr,
				  int64_t attempt);
/** assert_order() - "event ctr" texts, each behind the one before; ends with NULL */
void assert_order(const struct pod_run *p, ...);
/** event_at() - Kubernetes event of that reason with @part in its message; -1 none */
int event_at(const struct pod_run *p, const char *reason, const char *part);

/** pod_call() - A request; the answer, freed with the world */
json_t *pod_call(struct pod_run *p, const char *request);
/** pod_log() - Contents of the log of an instance, without the heads of its lines */
const char *pod_log(struct pod_run *p, const char *ctr, unsigned attempt);
/** pod_file() - A file of the run directory */
const char *pod_file(struct pod_run *p, const char *name);

#endif
