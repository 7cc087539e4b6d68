/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a user sees while pods start, run and stop. One model (draw/run.h), five modes: a block
 * repainted in place on a terminal, a line per event, an object per event, or nothing.
 * The renderers are pure; sp_progress owns what stands on the terminal.
 */
#ifndef SP_CLI_PROGRESS_H
#define SP_CLI_PROGRESS_H

#include "cli/cli.h"
#include "cli/podlogs.h"
#include "draw/run.h"

enum sp_progress_mode { SP_PROGRESS_TTY, SP_PROGRESS_PLAIN, SP_PROGRESS_JSON, SP_PROGRESS_QUIET };

#define SP_FLAG_PROGRESS                                                                           \
	{                                                                                          \
		.name = "progress", .kind = SP_FLAG_CHOICE, .arg = "MODE",                         \
		.choices = "auto|tty|plain|json|quiet", .standard = "auto",                        \
		.help = "How to show progress"                                                     \
	}

/** sp_progress_flag() - Mode by --progress; auto: tty on a terminal, else plain */
enum sp_progress_mode sp_progress_flag(const struct sp_cli *cli);

/* ---- renderers ------------------------------------------------------------------------------- */

/** sp_run_column() - STATUS of `get pods` as the record tells it: "Init:1/3", "Running", … */
void sp_run_column(const struct sp_run *r, struct sp_buf *out);

/**
 * sp_progress_block() - One pod: a head line and a line per container, in start order
 * @now:       since the pod was accepted
 * @frame:     of the spinner
 * @max_lines: what does not fit is folded into "… 12 more"
 *
 * Return: lines added, at most @max_lines.
 */
int sp_progress_block(const struct sp_run *r, sp_time now, const struct sp_look *look,
		      unsigned frame, int max_lines, struct sp_buf *out);

/** sp_progress_line() - "name   text   elapsed", as the head lines of pods; @elapsed -1: none */
void sp_progress_line(const char *name, const char *text, sp_time elapsed,
		      const struct sp_look *look, struct sp_buf *out);

/** sp_progress_plain() - One line about a fact. Return: false, the fact is of no interest here */
bool sp_progress_plain(const struct sp_run *r, const struct sp_record_fact *f,
		       const struct sp_look *look, struct sp_buf *out);

/** sp_progress_json() - {"t","pod","container","role","event","reason","msg","ms"} */
void sp_progress_json(const struct sp_run *r, const struct sp_record_fact *f, struct sp_buf *out);

/** sp_progress_working() - Is something under way, so that a spinner makes sense? */
bool sp_progress_working(const struct sp_run *r);

/** sp_log_print() - "name | text", "name ! text" for stderr
 * @width: of the prefix; 0: no prefix
 * @safe:  control characters that would disturb a terminal are replaced
 */
void sp_log_print(const char *name, size_t width, const struct sp_log_line *l, bool timestamps,
		  bool safe, const struct sp_look *look, struct sp_buf *out);

/* ---- what stands on the terminal ---------------------------------------------------------------
 */

struct sp_progress {
	struct sp_cli *cli;
	enum sp_progress_mode mode;
	int painted; /* lines of the block that stand on the terminal */
	unsigned frame;
	bool block;       /* the block is shown */
	bool waterfall;   /* below it: the termination so far */
	bool drawn_later; /* the whole run is drawn at the end: the last block goes without it */
	char note[160];   /* line below everything: what Ctrl-C does next */
	char warned[512]; /* the last warning about a pod */
	const struct sp_buf *board; /* lines above the pods; NULL none */
};

void sp_progress_init(struct sp_progress *p, struct sp_cli *cli, enum sp_progress_mode mode);

/** sp_progress_erase() - Take the block away, to print something else */
void sp_progress_erase(struct sp_progress *p);

/** sp_progress_paint() - The block again; nothing in the other modes */
void sp_progress_paint(struct sp_progress *p, struct sp_run *const *runs, uint32_t n,
		       const sp_time *now);

/** sp_progress_leave() - Paint for the last time; what stands there stays */
void sp_progress_leave(struct sp_progress *p, struct sp_run *const *runs, uint32_t n,
		       const sp_time *now);

/** sp_progress_fact() - Tell one fact, in the modes that do; above the block what is wrong with the
 * pod itself */
void sp_progress_fact(struct sp_progress *p, const struct sp_run *r,
		      const struct sp_record_fact *f);

#endif
