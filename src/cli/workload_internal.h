/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of a workload run share. */
#ifndef SP_CLI_WORKLOAD_INTERNAL_H
#define SP_CLI_WORKLOAD_INTERNAL_H

#include "cli/agent.h"
#include "cli/channel.h"
#include "cli/services.h"
#include "cli/workload.h"
#include "cli/zone.h"
#include "manager/manager.h"

/* One object of the manifests. */
struct wl_entry {
	struct wl_entry *next;
	enum sp_kind kind;
	char *ns, *name;
	char *text;        /* the document as it was read, to see what a new reading changes */
	const char *file;  /* in the command's arena */
	uint32_t n_living; /* pods that run for it */
	bool found;        /* by the newest reading */
	bool taken;        /* the object was deleted, and not by a change of the files */

	/* of a Pod or a Job: its end */
	bool ended, good;
	int64_t want, have, fresh; /* replicas; ready ones; those of the newest template */
	bool settled;              /* nothing is under way: all that is to be is ready */
	bool stuck;                /* its progress deadline has passed */
	bool told_hanging, told_verdict;
	bool waits_for_old; /* it was changed: made anew when the old one is gone */
	char shown[64];     /* what was told last */
	char counts[64];    /* of a Job: "1/3" */
	char reason[640];   /* why a Job failed: "Reason: message" */
	sp_time began;
};

struct workload {
	struct sp_session *s;
	struct sp_cli *cli;
	struct sp_follow follow;
	struct sp_store *store;
	struct sp_store_env store_env;
	struct sp_manager *manager;
	struct sp_manager_env manager_env;
	struct sp_zones zones;
	struct sp_agent agent;
	struct sp_services *services; /* NULL: there are none, or they cannot be served */
	const char *unserved;         /* why they cannot; NULL: their pods are on no bridge */
	bool told_unserved;
	struct sp_store_watch watch; /* for what is shown */
	struct wl_entry *first;
	struct sp_buf board; /* lines of the workloads above the pods */
	int64_t wall_ns;     /* added to the monotonic clock: the controllers' axis */
	sp_time told_wake;
	struct sp_channel *channel; /* NULL: nobody can ask */
	struct wl_removal *removals;
	struct wl_listener *listeners;
	struct wl_hanging *hanging; /* pods that do not end, though their app has */
	int app_code;               /* of the only regular container of the newest pod that ended */
	bool has_app_code;
	const struct wl_entry *until; /* whose end ends all; NULL: nobody's */
	int presses;                  /* that were acted upon */
	int code;                     /* why it was given up; 0 it was not */
	sp_time stop_at;              /* it is stopped then */
	bool detached;                /* a session of its own, without the command that began it */
	int report_fd;                /* there it tells the command that it may go; -EBADF it has */
	sp_time leave_by;             /* how long the command waits for that */

	int files_fd; /* inotify on the manifests, with --watch */
	sp_time reload_at;
};

/* ---- workload.c ------------------------------------------------------------------------------ */

bool wl_talks(const struct workload *w);
/** wl_is_over() - Is there nothing to stay for? */
bool wl_is_over(const struct workload *w);
/** wl_find() - An object of the manifests that is there, or is to come; NULL */
struct wl_entry *wl_find(const struct workload *w, enum sp_kind kind, const char *ns,
			 const char *name);
struct wl_entry *wl_find_stored(const struct workload *w, const struct sp_stored *o);

/* ---- workload_apply.c: manifests into the store ---------------------------------------------- */

/** wl_apply() - Bring the store to what @m says; what is gone from it is deleted. Return: 0, or an
 * exit code */
int wl_apply(struct workload *w, struct sp_manifest *m);
/** wl_see_lost() - Mark objects that are not in the store any more */
void wl_see_lost(struct workload *w);
/** wl_recreate() - Objects that wait for the end of an older one. Return: 0, or an exit code */
int wl_recreate(struct workload *w);
/** wl_delete_all() - What makes pods, then the pods */
void wl_delete_all(struct workload *w);
/** wl_makes_pods() - Does a kind? */
bool wl_makes_pods(enum sp_kind kind);
void wl_entries_done(struct workload *w);

/** wl_watch_files() - Wake up when a manifest changes. Return: 0, or an exit code */
int wl_watch_files(struct workload *w);
/** wl_reload() - Look whether one did. *wake: when to look again. Return: true when the store may
 * have changed */
bool wl_reload(struct workload *w, sp_time *wake);

/* ---- workload_serve.c: other commands ---------------------------------------------------------
 */

/** wl_serve() - Answer what has come in */
void wl_serve(struct workload *w);
/** wl_removals() - Go on with what is being taken down. Return: true when something came to its end
 */
bool wl_removals(struct workload *w, struct sp_error *err);
void wl_tell_listeners(struct workload *w);
void wl_serve_done(struct workload *w);

/* ---- workload_leave.c: without the command ----------------------------------------------------
 */

/** wl_needs_session() - Is there something that works only as long as somebody controls it? */
bool wl_needs_session(const struct sp_manifest *m);
/** wl_leave() - May the command go? Of a session of its own: then it is told so. *wake: when to ask
 * again. Return: true: we are the command, and go with w->code */
bool wl_leave(struct workload *w, sp_time *wake);
/** wl_background() - Begin a session of its own: from here on there are two of us. The command
 * comes back when it may go, with w->code and without w->detached */
int wl_background(struct workload *w, struct sp_error *err);

/* ---- workload_show.c: what is told ------------------------------------------------------------
 */

/** wl_show() - Read what is new in the store and tell it. Return: 0, -1 */
int wl_show(struct workload *w, struct sp_error *err);
void wl_tell_pause(struct workload *w, sp_time wake);
/** wl_tell_unserved() - Services have no addresses here; told once */
void wl_tell_unserved(struct workload *w, const char *why);
void wl_tell_verdict(struct workload *w, struct wl_entry *e);
/** wl_look_for_hanging() - Pods whose app has ended, but not they. *wake: when to look again */
void wl_look_for_hanging(struct workload *w, sp_time *wake);
void wl_note_hanging(struct workload *w, struct sp_agent_pod *p);
void wl_forget_hanging(struct workload *w, const struct sp_agent_pod *p);

#endif
