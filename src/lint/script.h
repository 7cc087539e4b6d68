/* SPDX-License-Identifier: Apache-2.0 */
/* Command lines: shell scripts as a sequence of statements with their places, to take some of them
 * out; and programs that were put in front of others to make up for missing sidecars. */
#ifndef SP_LINT_SCRIPT_H
#define SP_LINT_SCRIPT_H

#include "base/buf.h"

#define SP_STATEMENTS_MAX 200

/* One simple command, or a compound one from its first word to its last. */
struct sp_statement {
	size_t from, to;    /* bytes of the script */
	size_t next;        /* where the next one begins */
	const char *joined; /* what stands behind it: ";" "\n" "&&" "||" "|" "&" "" */
	bool compound;
};

struct sp_script {
	const char *text;
	size_t len;
	struct sp_statement v[SP_STATEMENTS_MAX];
	uint32_t n;
	bool odd; /* here-documents, open quotes, too many statements: better left alone */
};

void sp_script_read(const char *text, size_t len, struct sp_script *ret);

/** sp_script_without() - The script without the statements that @gone names; what joined them goes
 * too, and what follows with "||" when it only hides an exit code
 * Return: false when one of them is part of a pipeline or in the background */
bool sp_script_without(const struct sp_script *s, const bool *gone, struct sp_buf *out);

/** sp_script_words() - Words of a script that is one plain command; 0 when it is not */
uint32_t sp_script_words(struct sp_arena *a, const char *text, size_t len, const char **w,
			 uint32_t max);

/* A program that runs another one, and its variables. */
struct sp_wrapper {
	const char *name, *env; /* prefixes of variables, "|"-separated */
};
extern const struct sp_wrapper sp_wrappers[];
extern const size_t sp_wrappers_n;

/** sp_has_prefix() - Does @name begin with one of the "|"-separated texts? */
bool sp_has_prefix(const char *prefixes, const char *name);

#endif
