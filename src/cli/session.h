/* SPDX-License-Identifier: Apache-2.0 */
/* Starting pods and staying with them: what `run`, `up` and `demo` have in common. */
#ifndef SP_CLI_SESSION_H
#define SP_CLI_SESSION_H

#include "cli/follow.h"
#include "cli/launch.h"

/* When the command leaves what it has started alone. */
enum sp_leave {
	SP_LEAVE_NEVER,
	SP_LEAVE_STARTED,  /* others can see it */
	SP_LEAVE_READY,    /* all that can be is Ready, or over */
	SP_LEAVE_COMPLETE, /* Pods and Jobs have ended */
};

struct sp_session {
	struct sp_launch launch;
	bool keep;            /* leave the pods' directories when they are over */
	bool quiet_end;       /* no summary */
	const char *timeline; /* picture at the end: file, "-" for text on stdout; NULL none */
	const char *events;   /* copy of the records; NULL none */
	sp_time stop_after;   /* after the start: stop the pods; 0: they end by themselves */
	bool code_of_app;     /* --exit-code app */
	bool now;             /* CronJobs run once, at once */
	bool watch;           /* apply the files again when they change */
	const char *until;    /* the Job or Pod whose end ends all: "job/migrate"; NULL none */
	enum sp_leave leave;
	sp_time leave_timeout; /* for READY and COMPLETE; 0 none */
};

/* Flags of commands that show logs. */
#define SP_LOG_FLAGS                                                                               \
	{.name = "no-logs", .kind = SP_FLAG_BOOL, .help = "Do not show the logs"},                 \
		{.name = "timestamps",                                                             \
		 .kind = SP_FLAG_BOOL,                                                             \
		 .help = "Show when each line was written"},                                       \
		{.name = "no-prefix",                                                              \
		 .kind = SP_FLAG_BOOL,                                                             \
		 .help = "Show lines without the container's name"},                               \
	{                                                                                          \
		.name = "only", .kind = SP_FLAG_CHOICE, .arg = "ROLE",                             \
		.choices = "sidecars|apps|inits", .help = "Show logs of these containers alone"    \
	}

/* Flags of commands that follow pods to their end. */
#define SP_SESSION_FLAGS                                                                           \
	SP_FLAG_PROGRESS, SP_LOG_FLAGS,                                                            \
		{.name = "timeline",                                                               \
		 .kind = SP_FLAG_TEXT,                                                             \
		 .arg = "FILE",                                                                    \
		 .help = "Draw the run at its end: FILE.svg, FILE.mmd, FILE.txt, or - for the "    \
			 "terminal",                                                               \
		 .completes = SP_COMPLETE_FILE},                                                   \
		{.name = "events",                                                                 \
		 .kind = SP_FLAG_TEXT,                                                             \
		 .arg = "FILE",                                                                    \
		 .help = "Write the run record there",                                             \
		 .completes = SP_COMPLETE_FILE},                                                   \
	{                                                                                          \
		.name = "exit-code", .kind = SP_FLAG_CHOICE, .arg = "WHOSE", .choices = "pod|app", \
		.standard = "pod",                                                                 \
		.help = "Exit with 0 or 1 by the pod's phase, or with the app's own code"          \
	}

/** sp_session_flags() - Fill the options from the flags above */
void sp_session_flags(struct sp_session *s, struct sp_cli *cli);

/**
 * sp_session_begin() - The pods of @f are ours: by the flags, where their facts go
 * sp_session_end() - Close what begin opened, sweep up. Return: @code, or that of what went wrong
 */
void sp_session_begin(struct sp_session *s, struct sp_follow *f);
int sp_session_end(struct sp_session *s, struct sp_follow *f, int code);

/** sp_session_pod_over() - Tell the end of a pod, draw it, clean up. Return: @code, or that of what
 * went wrong */
int sp_session_pod_over(struct sp_session *s, struct sp_follow *f, struct sp_watched *w, int code);

/** sp_session_attach() - Follow a pod that runs already, as if it had been started here. Return:
 * exit code */
int sp_session_attach(struct sp_session *s, const char *name);

/** sp_follow_open() - Follow by the flags --progress, --no-logs, … where the command has them */
int sp_session_follow(struct sp_cli *cli, const struct sp_place *place, bool logs,
		      struct sp_follow *f, struct sp_error *err);

/** sp_session_finish() - A pod is over: keep its record, remove its directories. Return: is nothing
 * left of it? What is was told as a warning */
bool sp_session_finish(struct sp_cli *cli, const struct sp_place *place, const char *name,
		       const char *ns, const char *uid);

/** sp_session_tell_end() - "web Succeeded after 4.02s, …", and why something took long */
void sp_session_tell_end(struct sp_cli *cli, const struct sp_run *r);

/** sp_session_check_picture() - Can sp_session_draw() make @path (NULL: nothing)? Return: 0, or
 * SP_EXIT_USAGE, told */
int sp_session_check_picture(struct sp_cli *cli, const char *path);
/** sp_session_check() - Can what the flags ask for be written at the end? Return: 0, or the exit
 * code, told */
int sp_session_check(struct sp_session *s, struct sp_cli *cli);
/** sp_session_draw() - Picture of a run into a file by its ending, "-": text on stdout. Return: 0,
 * -1 */
int sp_session_draw(struct sp_cli *cli, const struct sp_run *r, const char *path,
		    struct sp_error *err);

#endif
