/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A run, as pictures need it: per container what it was doing from when to when, and the instants
 * that matter for the pod. Built line by line from a run record (docs/record.md), so the same
 * model serves a finished record and one that is still being written.
 */
#ifndef SP_DRAW_RUN_H
#define SP_DRAW_RUN_H

#include "record/record.h"

enum sp_band {
	SP_BAND_WAITING, /* not launched yet */
	SP_BAND_BACKOFF, /* between two instances */
	SP_BAND_INIT,    /* an init container at work */
	SP_BAND_GATE,    /* launched; startup probe or postStart still to come */
	SP_BAND_RUNNING, /* gate open, not ready */
	SP_BAND_READY,
	SP_BAND_PRESTOP,
	SP_BAND_STOPPING, /* stop signal sent */
	SP_BAND_DONE,     /* gone and not coming back, as far as is known */
	SP_BANDS,
};
const char *sp_band_name(enum sp_band band); /* "waiting", …, as the legend calls it */

struct sp_span {
	enum sp_band band;
	sp_time from, to; /* to = SP_NEVER while it lasts */
	int64_t attempt;  /* -1 before the first launch */
};

/* The end of one instance. */
struct sp_exit_mark {
	sp_time at;
	int64_t attempt;
	int32_t code;
	bool killed;        /* SIGKILL by the engine, or out of memory */
	const char *reason; /* "Completed", "Error", "OOMKilled", … */
};

struct sp_row {
	const char *name, *image, *gate;
	enum sp_role role;
	struct sp_span *spans; /* without gaps from 0 on */
	uint32_t n_spans, cap_spans;
	struct sp_exit_mark *exits;
	uint32_t n_exits, cap_exits;
	int64_t attempt; /* newest instance, -1 none */

	/* instants; -1: did not happen (yet) */
	sp_time launched_at;       /* first instance */
	sp_time open_at;           /* its gate opened: the next container may start */
	sp_time ready_at;          /* first became ready */
	sp_time launched_again_at; /* newest instance */
	sp_time prestop_at, prestop_end_at, sigterm_at, sigkill_at, gone_at; /* newest instance */
	bool running;
	bool ready;

	/* the newest probe, for progress lines */
	uint32_t n_startup_probes; /* of this instance */
	sp_time first_probe_at, newest_probe_at;
	const char *probe_text; /* its answer */
	const char *waiting;    /* why it does not run: reason of the newest backoff or failure */
};

struct sp_run {
	struct sp_arena arena;
	bool has_header;
	struct sp_record_header header;
	struct sp_row *rows; /* in start order, header.n_ctrs of them */

	sp_time *instants; /* of all facts but probes: what a picture must not squeeze */
	uint32_t n_instants, cap_instants;

	sp_time end;             /* newest fact */
	sp_time ready_at;        /* pod Ready, first time; -1 */
	sp_time stop_at;         /* T0: the termination begins; -1 */
	int64_t grace_s;         /* of the termination; the header's before */
	const char *stop_reason; /* "DELETE", "FINISHED", "DEADLINE" */
	bool finished;
	const char *phase; /* newest; "Pending" at first */
	bool ready_now;
	uint32_t n_facts;
};

void sp_run_init(struct sp_run *r);
void sp_run_done(struct sp_run *r);

/**
 * sp_run_add() - Take the next line of a record
 * @ret_fact: what the line said; strings live as long as @r. NULL when not wanted
 * @err:      SP_E_INVALID for a line that is none, SP_E_UNSUPPORTED for another format,
 *            SP_E_CORRUPT when the first line is not a header
 */
int sp_run_add(struct sp_run *r, const char *line, size_t len, struct sp_record_line *ret_line,
	       struct sp_error *err);

/** sp_run_read() - A whole record. A last line without newline is a line being written and left
 * out. @err names the line */
int sp_run_read(struct sp_run *r, const char *bytes, size_t len, struct sp_error *err);

/** sp_run_row() - Row of a container; NULL when there is none of this name */
struct sp_row *sp_run_row(struct sp_run *r, const char *name);

/** sp_run_span_end() - End of a span in the picture: its own, or the end of the run */
sp_time sp_run_span_end(const struct sp_run *r, const struct sp_span *s);

/* ---- what cost time ---------------------------------------------------------------------------
 */

/* One link of a chain of waits. */
struct sp_link {
	const struct sp_row *row;
	sp_time at, cost;
	char what[96]; /* "startup probe", "exit", "launch", … */
};

/**
 * sp_run_start_path() - The chain of waits that ended in pod Ready (or in the end of the run)
 * @ret: in the order of time; @max of them at most
 *
 * Costs are as measured: they add up to the time of pod Ready.
 */
uint32_t sp_run_start_path(const struct sp_run *r, struct sp_link *ret, uint32_t max);

/** sp_run_stop_path() - The chain that the termination waited for, from T0 to the last exit */
uint32_t sp_run_stop_path(const struct sp_run *r, struct sp_link *ret, uint32_t max);

/**
 * sp_run_why() - One sentence when something cost more than a second: "app waited 9.80s for
 * fluent-bit: startup probe, try 2, periodSeconds 10"
 *
 * Return: false when nothing did.
 */
bool sp_run_why(const struct sp_run *r, struct sp_buf *out);

#endif
