/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Container logs of a pod, read from the files in CRI format: all that is there, rotated files too,
 * then what is added. Lines of several containers are merged by their times.
 */
#ifndef SP_CLI_PODLOGS_H
#define SP_CLI_PODLOGS_H

#include "base/arena.h"
#include "cli/tail.h"
#include "supervisor/logs.h"

#include <sys/types.h>

struct sp_log_line {
	uint32_t ctr; /* index as added */
	bool is_stderr;
	int64_t wall_ns;
	struct sp_str time, text;
};

struct sp_log_file {
	const char *name, *dir;     /* container, its log directory */
	uint32_t attempt;           /* instance that is read */
	char done[SP_LOG_NAME_MAX]; /* newest rotated file that was read; "" none */
	bool rotated;               /* the open file is a rotated one */
	uint64_t inode;             /* of the open file otherwise */
	bool over;                  /* nothing more is written to it */
	pid_t child;                /* decompresses the open file; 0 none */
	bool idle;                  /* had nothing more, this time */
	bool watched;               /* its directory is */
	struct sp_tail tail;
	struct sp_buf part; /* pieces of a long line */
	bool has_line;      /* `line` is still to be handed out; it borrows from the above */
	struct sp_log_line line;
	char *path; /* of the open file */
};

struct sp_podlogs {
	struct sp_arena arena;
	const char *pod_dir; /* <log_dir>/pods/<ns>_<pod>_<uid> */
	struct sp_log_file *files;
	uint32_t n_files, cap;
	int watch_fd; /* inotify, for poll(); -EBADF: do not follow */
	bool watched; /* pod_dir is */
	/* with a watch_fd that is shared: told of each watch; whoever shares reads the events */
	void (*told)(void *arg, int wd);
	void *arg;
	const char *unread; /* a compressed file that could not be read to its end; NULL none */
};

/** sp_podlogs_init() - @pod_dir: copied; need not exist yet. @follow: make watch_fd */
int sp_podlogs_init(struct sp_podlogs *l, const char *pod_dir, bool follow, struct sp_error *err);
void sp_podlogs_done(struct sp_podlogs *l);

/** sp_podlogs_share() - Follow with somebody else's inotify instead; there are few per user */
void sp_podlogs_share(struct sp_podlogs *l, int watch_fd, void (*told)(void *arg, int wd),
		      void *arg);

/** sp_podlogs_add() - Read this container's logs too, from instance @attempt on */
int sp_podlogs_add(struct sp_podlogs *l, const char *ctr, uint32_t attempt, struct sp_error *err);

/**
 * sp_podlogs_read() - Hand out what is new, oldest first
 * @only_this: do not go on to the next instance
 *
 * Return: 0 that was all, 1 there may be more at once, -1.
 */
int sp_podlogs_read(struct sp_podlogs *l, bool only_this,
		    void (*line)(void *arg, const struct sp_log_line *line), void *arg,
		    struct sp_error *err);

/** sp_podlogs_attempts() - Newest instance that has a log, -1 none */
int64_t sp_podlogs_newest(const char *pod_dir, const char *ctr);

/** sp_log_parse() - "<time> <stream> <F|P> <content>". Return: false, no log line */
bool sp_log_parse(struct sp_str line, struct sp_log_line *ret, bool *ret_partial);

#endif
