/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The controller manager: runs the controllers (control/) for the objects of a store. It reads the
 * store's watch, keeps what each controller remembers, lets it decide, and writes what follows back
 * into the store: children, scales, statuses, events. Pods are made to run by somebody else, who
 * watches the same store and writes their statuses.
 *
 * Kinds: Job, CronJob, Deployment, ReplicaSet, StatefulSet, DaemonSet, PersistentVolumeClaim, and
 * Service with its EndpointSlices. Pure but for the store: no clock, no system calls. All times are
 * nanoseconds since 1970.
 *
 * Source: lifecycle rules, sections 19 and 20.
 */
#ifndef SP_MANAGER_MANAGER_H
#define SP_MANAGER_MANAGER_H

#include "control/zone.h"
#include "spec/load.h"
#include "store/store.h"

struct sp_manager;

/* What the manager cannot know by itself; borrowed until the close. */
struct sp_manager_env {
	uint64_t seed; /* chance for names */
	int kube_minor;
	const char *node_name; /* goes into spec.nodeName of every pod; NULL: left open */
	/* Addresses for Services: IPv4 in host order, [first, last]; 0: none are given */
	uint32_t service_first, service_last;
	/* The zone of that name, NULL the machine's; lives as long as the manager. NULL: there is
	 * none */
	const struct sp_zone *(*zone)(void *arg, const char *name);
	void *arg;
};

int sp_manager_open(struct sp_store *s, const struct sp_manager_env *env, struct sp_manager **ret,
		    struct sp_error *err);
struct sp_manager *sp_manager_close(struct sp_manager *m);

/**
 * sp_manager_step() - Look at what changed and at what is due, until nothing follows any more
 * @ret_wake: the next step is due then at the latest; SP_NEVER: only after a change in the store
 *
 * Return: 0; -1 when memory ran out or the store cannot be written.
 */
int sp_manager_step(struct sp_manager *m, sp_time now, sp_time *ret_wake, struct sp_error *err);

/** sp_manager_event() - Tell something about an object in an Event, as the controllers do; it goes
 * after an hour */
int sp_manager_event(struct sp_manager *m, const struct sp_stored *about, const char *component,
		     bool warning, const char *reason, const char *text, struct sp_error *err);

/* ---- one object, for those who have only a manifest ------------------------------------------ */

/**
 * sp_manager_job_now() - The Job that a CronJob would make at @now, without an owner
 * @ret: in @a, defaults applied
 */
int sp_manager_job_now(struct sp_arena *a, const struct sp_object *cron, sp_time now,
		       const struct sp_zone *zone, struct sp_node **ret, struct sp_error *err);

#endif
