/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Following pods that run: their records, their logs, their end, and what the user's Ctrl-C asks
 * for. Everything is waited for with descriptors; nothing is polled.
 */
#ifndef SP_CLI_FOLLOW_H
#define SP_CLI_FOLLOW_H

#include "cli/place.h"
#include "cli/progress.h"

struct pollfd;

enum sp_until {
	SP_UNTIL_OVER,     /* the pods are gone */
	SP_UNTIL_READY,    /* all are Ready, or over */
	SP_UNTIL_COMPLETE, /* all are Succeeded or Failed */
	SP_UNTIL_CHANGE,   /* a fact came, a pod is over, or the user asked to stop */
};

/* One pod that is followed. */
struct sp_watched {
	const char *name, *ns, *uid;
	const char *record_path;
	struct sp_run run;
	struct sp_tail record;
	struct sp_podlogs logs;
	uint32_t *log_rows; /* per log file: row of the run */
	int64_t start_wall_ns;
	int end_fd; /* readable when the supervisor is gone: its pidfd or its socket; borrowed */
	short end_events; /* for poll() */
	bool over;
	bool retired; /* over, told, and not looked at any more */
	bool logs_open;
};

struct sp_follow {
	struct sp_cli *cli;
	const struct sp_place *place;
	struct sp_watched *v;
	struct sp_run **runs;
	uint32_t n;
	/* scratch of the waiting: what is polled, what is painted */
	struct pollfd *polls;
	struct sp_run **shown;
	sp_time *now;
	struct sp_progress progress;
	int watch_fd, signal_fd, timer_fd;
	FILE *events; /* copy of the record lines; NULL */

	bool show_logs;
	bool timestamps, prefix;
	const char *only; /* "sidecars", "apps", "inits"; NULL all */
	size_t prefix_cols;
	/* Ctrl-C stops the pods; otherwise it ends the following alone */
	bool owner;

	bool more_logs; /* there may be more at once */
	bool changed;   /* since SP_UNTIL_CHANGE was last waited for */
	bool stay;      /* more waiting follows: leave the block as it is */

	int presses;       /* how often the user asked to stop */
	int signal_number; /* the first signal; 0 none */
	bool left;         /* the user does not want to follow any longer */
	bool timed_out;
};

int sp_follow_init(struct sp_follow *f, struct sp_cli *cli, const struct sp_place *place,
		   uint32_t n, struct sp_error *err);
void sp_follow_done(struct sp_follow *f);

/**
 * sp_follow_add() - One more pod
 * @end_fd: borrowed; @is_socket: a control socket, over when it hangs up; else a pidfd
 */
int sp_follow_add(struct sp_follow *f, const char *name, const char *ns, const char *uid,
		  int end_fd, bool is_socket, struct sp_error *err);

/**
 * sp_follow_retire() - A pod that is over takes no more part: its files are closed, its run is kept
 *
 * What stands on the terminal is taken away, so that its end can be told.
 */
void sp_follow_retire(struct sp_follow *f, struct sp_watched *w);

/** sp_follow_wait() - Until @until is reached, the user leaves, or @deadline (monotonic) passes */
int sp_follow_wait(struct sp_follow *f, enum sp_until until, sp_time deadline,
		   struct sp_error *err);

/** sp_follow_exit_code() - By the final phases: 0 when all Succeeded, 1 when one Failed, 128 + n
 * after a signal */
int sp_follow_exit_code(const struct sp_follow *f);

#endif
