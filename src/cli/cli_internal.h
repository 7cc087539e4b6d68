/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the command line share among themselves and with their tests. */
#ifndef SP_CLI_INTERNAL_H
#define SP_CLI_INTERNAL_H

#include "cli/cli.h"

/* In the order in which help lists them; ended by NULL. */
extern const struct sp_command *const sp_commands[];

/* Flags that every command takes; ended by a zero entry. */
extern const struct sp_flag sp_global_flags[];

/** sp_cli_run_worker() - Become sidepod-worker, which knows the same words; a command's run */
int sp_cli_run_worker(struct sp_cli *cli, int argc, char **argv);

/* ---- options.c ------------------------------------------------------------------------------- */

struct sp_parsed {
	const struct sp_command *command; /* NULL: no command was named */
	bool help;
	int argc; /* positional arguments */
	char **argv;
};

/**
 * sp_cli_parse() - From words to a command, its flags and its positional arguments
 * @cli:  env and arena are used; command, path and values are filled
 * @args: without the program's name; borrowed for as long as @cli lives
 * @err:  the sentence for the user; SP_E_INVALID
 */
int sp_cli_parse(struct sp_cli *cli, const struct sp_command *const *commands, int n, char **args,
		 struct sp_parsed *ret, struct sp_error *err);

/** sp_command_find() - By name in a NULL-ended list; NULL when there is none */
const struct sp_command *sp_command_find(const struct sp_command *const *list, const char *name);

/** sp_flag_env_name() - "dry-run" → "SIDEPOD_DRY_RUN" */
void sp_flag_env_name(const char *name, struct sp_buf *out);

/* ---- help.c ---------------------------------------------------------------------------------- */

/** sp_help_command() - Help of one command: examples, then flags; at most 80 columns */
void sp_help_command(const struct sp_command *c, const char *path, struct sp_buf *out);
/** sp_help_overview() - `sidepod --help`: all commands in one line each */
void sp_help_overview(const struct sp_command *const *commands, struct sp_buf *out);
/** sp_help_roff() - Text for a man page, so that troff leaves it as it is */
void sp_help_roff(struct sp_buf *out, const char *s);
/** sp_help_man() - Man page sidepod-<path>(1) in roff; @c NULL: sidepod(1) itself */
void sp_help_man(const struct sp_command *const *commands, const struct sp_command *c,
		 const char *path, struct sp_buf *out);

/** sp_help_first() - What `sidepod` alone shows: one screen. Return: exit code */
int sp_help_first(struct sp_cli *cli);

/** sp_wrap_text() - Words of @text, wrapped before column @width; lines after the first start with
 * @indent blanks. @col: column where the text begins */
void sp_wrap_text(struct sp_buf *out, const char *text, size_t col, size_t indent, size_t width);

/* ---- complete.c ------------------------------------------------------------------------------ */

/** sp_complete_script() - What `sidepod completion <shell>` prints. Return: false, unknown shell */
bool sp_complete_script(const char *shell, struct sp_buf *out);

/**
 * sp_complete_words() - Candidates for the last of @n words, one "word\tdescription" per line
 *
 * The first line may be ":file" or ":dir" alone: the shell completes files instead.
 */
void sp_complete_words(struct sp_cli *cli, const struct sp_command *const *commands, int n,
		       char **words, struct sp_buf *out);

/**
 * sp_complete_objects() - Things of this machine that a value can name, one line each
 * @first_arg: first positional argument typed so far, NULL none (the pod of a container)
 */
void sp_complete_objects(struct sp_cli *cli, const struct sp_command *c, enum sp_completes what,
			 const char *first_arg, struct sp_buf *out);

/* ---- look.c ---------------------------------------------------------------------------------- */

/** sp_look_decide() - Colour and character set of a stream from what is known about it; pure
 * @tty:    it is a terminal
 * @color:  value of --color
 * @ascii:  --ascii was given
 * @locale: value of LC_ALL, LC_CTYPE or LANG, the first that is set; NULL none
 */
struct sp_look sp_look_decide(bool tty, const char *color, bool ascii, const char *locale,
			      const char *(*env)(const char *));
/** sp_look_open() - sp_look_decide() for @fd, with its size */
struct sp_look sp_look_open(int fd, const char *color, bool ascii,
			    const char *(*env)(const char *));

#endif
