/* SPDX-License-Identifier: Apache-2.0 */
/* Command lines, read well enough to say what they do: simple commands, how they are joined, which
 * files they write. */
#ifndef SP_LINT_SHELL_H
#define SP_LINT_SHELL_H

#include "base/arena.h"

/* How a simple command is joined to what stands before it, or which word of the shell opens it. */
enum sh_lead { SH_NONE, SH_WHILE, SH_UNTIL, SH_IF, SH_DO, SH_END, SH_OTHER };
struct sh_cmd {
	enum sh_lead lead;
	bool negated;   /* "! cmd" */
	const char **w; /* words without quotes; assignments and redirections left out */
	uint32_t n;
	const char **out; /* files written by > and >> */
	uint32_t n_out;
	const char *after; /* ";" "&" "|" "&&" "||" or "" */
};
struct sh {
	struct sh_cmd *v;
	uint32_t n;
	bool shell;       /* run by sh -c; else one program */
	const char *text; /* of the script, or the words joined */
};
void sh_parse(struct sp_arena *a, const char *const *argv, uint32_t n, struct sh *ret);
/** sh_is() - Is the program of @c one of the "|"-separated names (paths left out)? */
bool sh_is(const struct sh_cmd *c, const char *names);
bool sh_has_word(const struct sh_cmd *c, const char *word);
/** sh_sleep() - Seconds of all `sleep N` that run one after the other; -1: for ever */
int64_t sh_sleep(const struct sh *s);
/** sh_signal() - Does it signal a process (kill, pkill, killall)? *pid1: PID 1 */
bool sh_signal(const struct sh_cmd *c, bool *pid1);
/** sh_waits() - Is command @i the question of a loop that waits, or a tool that only waits? */
bool sh_waits(const struct sh *s, uint32_t i);
/** sh_only_waits() - Is all of it a loop that waits, or a tool that does, and nothing else? */
bool sh_only_waits(const struct sh *s);

#endif
