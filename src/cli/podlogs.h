/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Container logs of a pod, read from the files in CRI format: all that is there, then what is
 * added. Lines of several containers are merged by their times.
 */
#ifndef SP_CLI_PODLOGS_H
#define SP_CLI_PODLOGS_H

#include "base/arena.h"
#include "cli/tail.h"

struct sp_log_line {
	uint32_t ctr; /* index as added */
	bool is_stderr;
	int64_t wall_ns;
	struct sp_str time, text;
};

struct sp_log_file {
	const char *name, *dir; /* container, its log directory */
	uint32_t attempt;       /* instance that is read */
	uint64_t inode;
	bool over; /* nothing more is written to the open file */
	struct sp_tail tail;
	struct sp_buf part; /* pieces of a long line */
	char *path;
};

struct sp_podlogs {
	struct sp_arena arena;
	const char *pod_dir; /* <log_dir>/pods/<ns>_<pod>_<uid> */
	struct sp_log_file *files;
	uint32_t n_files, cap;
	int watch_fd; /* inotify, for poll(); -EBADF: do not follow */
};

/** sp_podlogs_init() - @pod_dir: copied; need not exist yet. @follow: make watch_fd */
int sp_podlogs_init(struct sp_podlogs *l, const char *pod_dir, bool follow, struct sp_error *err);
void sp_podlogs_done(struct sp_podlogs *l);

/** sp_podlogs_add() - Read this container's logs too, from instance @attempt on */
int sp_podlogs_add(struct sp_podlogs *l, const char *ctr, uint32_t attempt, struct sp_error *err);

/**
 * sp_podlogs_read() - Hand out everything that is new, oldest first
 * @only_this: do not go on to the next instance
 */
int sp_podlogs_read(struct sp_podlogs *l, bool only_this,
		    void (*line)(void *arg, const struct sp_log_line *line), void *arg,
		    struct sp_error *err);

/** sp_podlogs_attempts() - Newest instance that has a log, -1 none */
int64_t sp_podlogs_newest(const char *pod_dir, const char *ctr);

/** sp_log_parse() - "<time> <stream> <F|P> <content>". Return: false, no log line */
bool sp_log_parse(struct sp_str line, struct sp_log_line *ret, bool *ret_partial);

#endif
