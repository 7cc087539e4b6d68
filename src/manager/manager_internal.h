/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the manager share. */
#ifndef SP_MANAGER_MANAGER_INTERNAL_H
#define SP_MANAGER_MANAGER_INTERNAL_H

#include "base/uids.h"
#include "control/cronjob.h"
#include "control/deployment.h"
#include "control/job.h"
#include "control/make.h"
#include "control/set.h"
#include "manager/manager.h"
#include "spec/tree.h"

/* What stands behind one row of a controller's table. */
struct mgr_child {
	struct sp_stored *seen;    /* newest version; the row's texts live in it */
	struct sp_child_ctr *ctrs; /* of a pod; heap */
	uint32_t n_ctrs;
};

/* One object that has a controller. */
struct mgr_ctl {
	struct mgr_ctl *next; /* all, in the order they came */
	enum sp_kind kind;
	struct sp_stored *seen; /* newest version */
	struct sp_arena arena;  /* of the typed object */
	struct sp_object typed;
	char hash[SP_HASH_MAX]; /* of the template: Deployment and sets */
	uint32_t collisions;

	/* the table: rows as the controller wants them, and what stands behind each */
	struct mgr_child *children;
	union {
		struct sp_child *pods;
		struct sp_rs_child *sets;   /* Deployment */
		struct sp_cron_child *jobs; /* CronJob */
		void *rows;
	};
	uint32_t n, cap;

	union {
		struct sp_job *job; /* heap */
		struct sp_set set;
		struct sp_deployment deployment;
		struct sp_cron_job cron;
	};
	sp_time wake;
	bool dirty;
	bool status_due; /* the status is to be written though the controller saw no change */
};

struct mgr_event_ref { /* an Event object that is to go some day */
	char *ns, *name;
	sp_time at;
};

struct sp_manager {
	struct sp_store *store;
	const struct sp_manager_env *env;
	struct sp_load_options options;
	struct sp_store_watch watch;
	struct mgr_ctl *first, **last;
	struct sp_uids ctls;     /* uid of the object → its mgr_ctl */
	struct sp_uids children; /* uid of a child → its mgr_ctl */
	struct sp_ctl *ctl;      /* heap; of the step being performed */
	uint64_t chance;
	uint64_t event_number;
	sp_time now;

	struct mgr_event_ref *events; /* ring, oldest first */
	uint32_t n_events, first_event, cap_events;
	bool services_dirty, claims_dirty;
};

/* ---- write.c: what goes into the store ------------------------------------------------------- */

/** mgr_create() - Give a tree its defaults and put it into the store. @ret: NULL or counted */
int mgr_create(struct sp_manager *m, struct sp_arena *a, struct sp_node *tree,
	       struct sp_stored **ret, struct sp_error *err);

/** mgr_put_status() - Write a status; an object that is gone meanwhile is no error */
int mgr_put_status(struct sp_manager *m, struct sp_arena *a, const struct sp_stored *o,
		   struct sp_node *status, struct sp_error *err);

/** mgr_annotate() - Set one annotation, if it has another value */
int mgr_annotate(struct sp_manager *m, const struct sp_stored *o, const char *key,
		 const char *value, struct sp_error *err);

/** mgr_scale() - Set spec.replicas */
int mgr_scale(struct sp_manager *m, const struct sp_stored *o, int64_t replicas,
	      struct sp_error *err);

int mgr_delete(struct sp_manager *m, const struct sp_stored *o, struct sp_error *err);

/** mgr_event() - An Event about @o */
int mgr_event(struct sp_manager *m, const struct sp_stored *o, const char *component, bool warning,
	      const char *reason, const char *text, struct sp_error *err);

/** mgr_forget_events() - Remove those older than an hour. *wake: when the next one is due */
int mgr_forget_events(struct sp_manager *m, sp_time *wake, struct sp_error *err);

/* ---- status.c: statuses as the API has them -------------------------------------------------- */

struct sp_node *mgr_job_status(struct sp_tree *t, const struct mgr_ctl *c);
struct sp_node *mgr_set_status(struct sp_tree *t, const struct mgr_ctl *c);
struct sp_node *mgr_deployment_status(struct sp_tree *t, const struct mgr_ctl *c);
struct sp_node *mgr_cron_status(struct sp_tree *t, const struct mgr_ctl *c);

/* ---- observe.c: rows from objects ------------------------------------------------------------ */

/** mgr_see() - The newest version of a child; a row is made when there is none. Takes no reference
 */
int mgr_see(struct sp_manager *m, struct mgr_ctl *c, const struct sp_stored *o,
	    struct sp_error *err);
/** mgr_lose() - A child is gone from the store */
void mgr_lose(struct sp_manager *m, struct mgr_ctl *c, const struct sp_stored *o);
/** mgr_drop_row() - Forget it altogether */
void mgr_drop_row(struct sp_manager *m, struct mgr_ctl *c, uint32_t i);
/** mgr_mark_outdated() - After the template changed */
void mgr_mark_outdated(struct mgr_ctl *c);
/** mgr_owner_uid() - uid of the controller of @o; NULL none */
const char *mgr_owner_uid(const struct sp_stored *o);

/* ---- run_pods.c, run_parents.c: one step of one controller -------------------------------------
 */

int mgr_run_pods(struct sp_manager *m, struct mgr_ctl *c, struct sp_error *err);
int mgr_run_deployment(struct sp_manager *m, struct mgr_ctl *c, struct sp_error *err);
int mgr_run_cron(struct sp_manager *m, struct mgr_ctl *c, struct sp_error *err);

/** mgr_touch() - Look at this controller again */
void mgr_touch(struct mgr_ctl *c);
/** mgr_ctl_of() - By uid of the object; NULL */
struct mgr_ctl *mgr_ctl_of(struct sp_manager *m, const char *uid);

/* ---- claims.c, services.c ----------------------------------------------------------------------
 */

/** mgr_claims_of() - Make the claims of a StatefulSet's pod, and let the pod use them */
int mgr_claims_of(struct sp_manager *m, struct sp_tree *t, const struct mgr_ctl *c,
		  struct sp_node *pod, int64_t ordinal, struct sp_error *err);
int mgr_run_claims(struct sp_manager *m, struct sp_error *err);
int mgr_run_services(struct sp_manager *m, struct sp_error *err);

#endif
