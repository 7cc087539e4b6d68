/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Container logs in CRI format: `<time> <stdout|stderr> <F|P> <content>`. Lines are collected per
 * wakeup and written at once. A log never holds its container up: what cannot be written is dropped
 * and counted. Source: lifecycle rules, section 18.10.
 *
 * Rotated files are compressed by a helper program, which the supervisor starts: this part tells
 * which file is next.
 */
#ifndef SP_SUPERVISOR_LOGS_H
#define SP_SUPERVISOR_LOGS_H

#include "base/buf.h"
#include "base/error.h"

#define SP_LOG_LINE_MAX   16384              /* content of one line; more is cut into P pieces */
#define SP_LOG_FILE_MAX   (10 * 1024 * 1024) /* LOG-3 */
#define SP_LOG_FILES_MAX  5                  /* with the current one */
#define SP_LOG_NAME_MAX   64
#define SP_LOG_TAIL_LINES 80 /* TMSG-2 */
#define SP_LOG_TAIL_BYTES 2048

/* The unfinished line of one stream; memory is held only while there is one. */
struct sp_log_stream {
	char *pending;
	size_t n;
};

/**
 * sp_log_format() - Turn output of a container into log lines
 * @stream: "stdout" or "stderr"
 * @end:    the stream is over: an unfinished line is a line
 */
void sp_log_format(struct sp_log_stream *s, const char *stream, int64_t wall_ns, const char *bytes,
		   size_t n, bool end, struct sp_buf *out);

/** sp_log_unformat() - Contents of the last lines of @text (log lines; the first may be cut),
 * TMSG-2
 */
void sp_log_unformat(const char *text, size_t n, size_t max_lines, size_t max_bytes,
		     struct sp_buf *out);

#define SP_TERM_MAX 4096 /* TMSG-1 */

/**
 * sp_termination_message() - What a container left as its last word (TMSG-1 to TMSG-3)
 * @policy: terminationMessagePolicy; NULL: File
 * @file:   content of its message file; of a long one the end counts
 * @out:    the message
 *
 * Return: true when @out is left empty and the end of the log is to be shown instead.
 */
bool sp_termination_message(const char *policy, const char *file, size_t n, int32_t code,
			    struct sp_buf *out);

/* Where the logs of a pod go; kept by its container logs. */
struct sp_log_place {
	int pod_dir_fd;       /* <log_dir>/pods/<ns>_<pod>_<uid> */
	int links_dir_fd;     /* <log_dir>/containers; -EBADF: no links */
	const char *pod_path; /* absolute path of the former, for links */
	const char *pod, *ns, *uid;
	uint64_t file_max; /* bytes after which a file is rotated */
};

/* The log of one instance. */
struct sp_log {
	const struct sp_log_place *place;
	const char *ctr;
	uint32_t attempt;
	int dir_fd, fd;
	uint64_t size_bytes;     /* of the current file */
	int64_t rotated_wall_ns; /* in the name of the newest rotated file */
	uint64_t dropped_bytes;  /* could not be written */
	int errnum;              /* why */
	bool torn;               /* the disk was full in the middle of a line */
	bool rotated;            /* sp_log_compressible() may find something */
	struct sp_log_stream streams[2];
	struct sp_buf out;
};

/** sp_log_init() - Nothing is opened before there is something to write, or sp_log_touch() */
void sp_log_init(struct sp_log *l, const struct sp_log_place *place, const char *ctr,
		 uint32_t attempt);

/** sp_log_add() - Output of stream @which (0 stdout, 1 stderr); n == 0: its end */
void sp_log_add(struct sp_log *l, int which, int64_t wall_ns, const char *bytes, size_t n);

/** sp_log_flush() - Write what was collected; rotate when the file is full. Never fails: look at
 * dropped_bytes */
void sp_log_flush(struct sp_log *l, int64_t wall_ns);

/**
 * sp_log_compressible() - The oldest rotated file that is to be compressed, LOG-3
 * @ret: its name in dir_fd, SP_LOG_NAME_MAX bytes
 *
 * The newest rotated file stays as it is: readers may still be at its end.
 * Return: false when there is none; it is not looked for again before the next rotation.
 */
bool sp_log_compressible(struct sp_log *l, char *ret);

/** sp_log_touch() - Make the (empty) file, so that readers find it */
void sp_log_touch(struct sp_log *l);

/** sp_log_tail() - The last lines as a termination message */
void sp_log_tail(struct sp_log *l, struct sp_buf *out);

/** sp_log_done() - Flush was called before; close and free */
void sp_log_done(struct sp_log *l);

#endif
