/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Following pods that run: their records, their logs, their end, and what the user's Ctrl-C asks
 * for. Everything is waited for with descriptors; nothing is polled, and what happens to one pod
 * costs nothing for the others.
 */
#ifndef SP_CLI_FOLLOW_H
#define SP_CLI_FOLLOW_H

#include "cli/place.h"
#include "cli/progress.h"
#include "loop/loop.h"

enum sp_until {
	SP_UNTIL_OVER,     /* the pods are gone */
	SP_UNTIL_READY,    /* all are Ready, or over */
	SP_UNTIL_COMPLETE, /* all are Succeeded or Failed */
	SP_UNTIL_CHANGE,   /* a fact came, a pod is over, or the user asked to stop */
};

/* One pod that is followed. */
struct sp_watched {
	const char *name, *ns, *uid; /* as given, or in `arena` */
	struct sp_arena arena;
	uint32_t slot; /* in sp_follow.v */
	const char *dir, *record_path;
	struct sp_run run;
	struct sp_tail record;
	struct sp_podlogs logs;
	uint32_t *log_rows; /* per log file: row of the run */
	int64_t start_wall_ns;
	int end_fd; /* readable when the supervisor is gone: its pidfd or its socket; borrowed */
	bool is_socket;
	sp_source end;
	bool over;
	bool retired; /* over, told, and not looked at any more */
	bool logs_open;

	/* what is to be looked at; a list of those with something */
	struct sp_watched *next_due;
	bool due, record_due, logs_due, status_due;
	void *owner; /* of whom listens */
};

struct sp_watch_ref { /* an inotify watch of a pod */
	int wd;
	struct sp_watched *w;
};

struct sp_follow {
	struct sp_cli *cli;
	const struct sp_place *place;
	struct sp_watched **v; /* heap; NULL: forgotten */
	uint32_t n, cap, n_living;
	struct sp_loop loop;
	int watch_fd;              /* one inotify for all */
	struct sp_watch_ref *refs; /* by wd; heap */
	uint32_t n_refs, cap_refs;
	struct sp_watched *due; /* list */
	/* scratch of the painting; heap */
	struct sp_run **shown;
	sp_time *now;
	uint32_t cap_shown;
	struct sp_progress progress;
	FILE *events; /* copy of the record lines; NULL */

	bool show_logs;
	bool timestamps, prefix;
	bool many;        /* there may be several pods: lines tell whose they are */
	const char *only; /* "sidecars", "apps", "inits"; NULL all */
	size_t prefix_cols;
	/* Ctrl-C stops the pods; otherwise it ends the following alone */
	bool owner;
	bool quiet_stop; /* whoever owns the pods stops them: presses are counted and told alone */

	bool changed; /* since SP_UNTIL_CHANGE was last waited for */
	bool stay;    /* more waiting follows: leave the block as it is */
	bool stopping;

	int presses;       /* how often the user asked to stop */
	int signal_number; /* the first signal; 0 none */
	bool left;         /* the user does not want to follow any longer */
	bool timed_out;

	/* whoever wants to know: a pod's status.json is new, its record went on, it is over */
	void (*told)(void *arg, struct sp_watched *w, bool status, bool record);
	void *arg;
};

int sp_follow_init(struct sp_follow *f, struct sp_cli *cli, const struct sp_place *place,
		   struct sp_error *err);
void sp_follow_done(struct sp_follow *f);

/**
 * sp_follow_add() - One more pod
 * @name, @ns, @uid: copied
 * @end_fd: borrowed; @is_socket: a control socket, over when it hangs up; else a pidfd
 * @ret: NULL, or the pod
 *
 * @err: SP_E_NOT_FOUND when another command has stopped and removed it meanwhile
 */
int sp_follow_add(struct sp_follow *f, const char *name, const char *ns, const char *uid,
		  int end_fd, bool is_socket, struct sp_watched **ret, struct sp_error *err);

/**
 * sp_follow_retire() - A pod that is over takes no more part: its files are closed, its run is kept
 *
 * What stands on the terminal is taken away, so that its end can be told.
 */
void sp_follow_retire(struct sp_follow *f, struct sp_watched *w);

/** sp_follow_forget() - The same, and @w is freed */
void sp_follow_forget(struct sp_follow *f, struct sp_watched *w);

/** sp_follow_source() - Wake up for this descriptor too: that is a change. Level-triggered */
int sp_follow_source(struct sp_follow *f, int fd, struct sp_error *err);

/** sp_follow_wait() - Until @until is reached, the user leaves, or @deadline (monotonic) passes */
int sp_follow_wait(struct sp_follow *f, enum sp_until until, sp_time deadline,
		   struct sp_error *err);

/** sp_follow_kill() - A supervisor's death takes its containers along; nothing gentler is left */
void sp_follow_kill(struct sp_follow *f);

/** sp_follow_exit_code() - By the final phases: 0 when all Succeeded, 1 when one Failed, 128 + n
 * after a signal */
int sp_follow_exit_code(const struct sp_follow *f);

#endif
