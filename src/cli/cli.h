/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line: what a command is, which flags it takes, and what every command is given.
 *
 * A command is one file, cmd_<name>.c, that defines one `const struct sp_command sp_command_<name>`
 * and is listed in commands.c. That table is the only source: parsing, `--help`, man pages and
 * shell completion all read it. By the time `run` is called the flags have been parsed and checked;
 * argc and argv hold the positional arguments alone (argv[0] is the first of them).
 */
#ifndef SP_CLI_H
#define SP_CLI_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"

#include <stdio.h>

/* The same for every command. 128 + n: interrupted by signal n, after an orderly stop. */
enum sp_exit_code {
	SP_EXIT_OK = 0,
	SP_EXIT_FAILED = 1,      /* the work failed: pod Failed, findings, regression */
	SP_EXIT_USAGE = 2,       /* wrong command line */
	SP_EXIT_INCOMPLETE = 3,  /* manual steps remain; waiting timed out */
	SP_EXIT_MANIFEST = 4,    /* manifest invalid or unsupported; nothing was started */
	SP_EXIT_ENVIRONMENT = 5, /* this machine cannot: permission, cgroups, missing image */
	SP_EXIT_EXEC_ENGINE = 125,
	SP_EXIT_EXEC_DENIED = 126,
	SP_EXIT_EXEC_ABSENT = 127,
	SP_EXIT_SIGNAL = 128,
};

/* What completes a value in the shell. */
enum sp_completes {
	SP_COMPLETE_NONE,
	SP_COMPLETE_FILE,
	SP_COMPLETE_DIR,
	SP_COMPLETE_COMMAND, /* names of commands */
	SP_COMPLETE_NAMESPACE,
	SP_COMPLETE_POD,       /* running pods, with their status */
	SP_COMPLETE_CONTAINER, /* of the pod that the first positional argument names */
	SP_COMPLETE_RUN,       /* kept run records */
	SP_COMPLETE_OWN,       /* sp_command.complete of the command */
};

enum sp_flag_kind {
	SP_FLAG_BOOL, /* --x, --x=false */
	SP_FLAG_TEXT,
	SP_FLAG_LIST,     /* text, may be given several times */
	SP_FLAG_CHOICE,   /* one of sp_flag.choices */
	SP_FLAG_INT,      /* min … max, both inclusive */
	SP_FLAG_DURATION, /* "30s", "1m20s", "500ms", or a bare number of seconds; never negative */
};

struct sp_flag {
	const char *name; /* "grace": --grace, environment twin SIDEPOD_GRACE */
	char letter;      /* 'g': -g; 0 none */
	enum sp_flag_kind kind;
	const char *arg;      /* what the value is called in help: "SECONDS"; NULL for BOOL */
	const char *help;     /* one sentence without full stop; wrapped by the printer */
	const char *choices;  /* CHOICE: "auto|always|never"; others: completion words or NULL */
	const char *if_bare;  /* value of `--x` without "=…" (`--wait[=Ready]`); NULL: required */
	const char *standard; /* value when it is not given, as a user would write it; NULL none */
	int64_t min, max;     /* INT; both 0: not limited */
	enum sp_completes completes;
};

struct sp_example {
	const char *line; /* without "sidepod " */
	const char *what;
};

struct sp_cli;

struct sp_command {
	const char *name;
	const char *summary;           /* "Start pods and follow them until done" */
	const char *args;              /* positional arguments in help: "FILE…"; NULL none */
	const char *about;             /* paragraphs for help and man page, "\n\n" between; NULL */
	struct sp_example examples[3]; /* shown first */
	const struct sp_flag *flags;   /* ended by a zero entry; NULL none */
	const struct sp_command *const *subs; /* subcommands, ended by NULL; then `run` is NULL */
	int min_args, max_args;               /* positional arguments; max -1: any number */
	int raw_after;               /* from this positional on, nothing is a flag; 0: never */
	enum sp_completes completes; /* the positional arguments */
	bool hidden;                 /* for machines: not in the list of commands */

	/** run() - Do it. Return: exit code, see enum sp_exit_code */
	int (*run)(struct sp_cli *cli, int argc, char **argv);

	/** complete() - One candidate per line, "word\tdescription"; only for SP_COMPLETE_OWN */
	void (*complete)(struct sp_cli *cli, struct sp_buf *out);
};

/** sp_flags_text_or_json - For commands with no other flag than `-o text|json` */
extern const struct sp_flag sp_flags_text_or_json[];

/* What a stream can show. */
struct sp_look {
	bool tty;
	bool color;
	bool ascii;  /* no character beyond ASCII */
	int columns; /* width; 80 when it is not a terminal */
	int rows;    /* height; 24 when it is not a terminal */
};

struct sp_flag_value {
	const struct sp_flag *flag;
	const char **v; /* texts as given; the last one counts unless it is a LIST */
	uint32_t n;
	bool given;  /* on the command line or by its environment twin */
	int64_t num; /* BOOL 0/1, INT, DURATION in nanoseconds */
};

struct sp_cli {
	const struct sp_command *command;
	const char *path;      /* "image load" */
	struct sp_arena arena; /* lives as long as the command */
	FILE *out, *err;       /* result; progress, warnings, hints */
	struct sp_look out_look, err_look;
	const char *(*env)(const char *name); /* getenv, or a test's */
	char **words; /* the command line as given, program name first, NULL-terminated */
	struct sp_flag_value *values;
	uint32_t n_values;
};

/* ---- values of flags; asking for a flag that the command does not have is our mistake ---------
 */

bool sp_flag_given(const struct sp_cli *cli, const char *name);
bool sp_flag_bool(const struct sp_cli *cli, const char *name);
/** sp_flag_text() - The value, its standard, or NULL when it has none */
const char *sp_flag_text(const struct sp_cli *cli, const char *name);
/** sp_flag_is() - Does CHOICE or TEXT flag @name have the value @value? */
bool sp_flag_is(const struct sp_cli *cli, const char *name, const char *value);
/** sp_flag_list() - All values in the order given. Return: array of *ret_n, in the arena */
const char *const *sp_flag_list(const struct sp_cli *cli, const char *name, uint32_t *ret_n);
/** sp_flag_int() - The value, or @otherwise when it was not given and has no standard */
int64_t sp_flag_int(const struct sp_cli *cli, const char *name, int64_t otherwise);
sp_time sp_flag_time(const struct sp_cli *cli, const char *name, sp_time otherwise);

/* ---- telling -------------------------------------------------------------------------------- */

/** sp_cli_usage() - "error: …" and where the help is, to stderr. Return: SP_EXIT_USAGE */
int sp_cli_usage(struct sp_cli *cli, const char *fmt, ...) SP_PRINTF(2, 3);

/** sp_cli_error() - "error: …" to stderr; @code is returned, so `return sp_cli_error(…)` reads well
 */
int sp_cli_error(struct sp_cli *cli, int code, const char *fmt, ...) SP_PRINTF(3, 4);

/** sp_cli_fail() - Tell @err; the exit code follows from its class */
int sp_cli_fail(struct sp_cli *cli, const struct sp_error *err);

void sp_cli_warn(struct sp_cli *cli, const char *fmt, ...) SP_PRINTF(2, 3);
/** sp_cli_hint() - "hint: …": an action the user can take, when it is known */
void sp_cli_hint(struct sp_cli *cli, const char *fmt, ...) SP_PRINTF(2, 3);

/**
 * sp_cli_print() - Write a result to stdout
 *
 * Return: SP_EXIT_OK, or SP_EXIT_FAILED when it could not be built or written (told once).
 */
int sp_cli_print(struct sp_cli *cli, const struct sp_buf *b);

/* ---- flags that several commands share --------------------------------------------------------
 */

#define SP_FLAG_FILENAME                                                                           \
	{                                                                                          \
		.name = "filename", .letter = 'f', .kind = SP_FLAG_LIST, .arg = "FILE",            \
		.help = "Manifest file, directory, or - for stdin; may be given several times",    \
		.completes = SP_COMPLETE_FILE                                                      \
	}
#define SP_FLAG_CONTAINER                                                                          \
	{                                                                                          \
		.name = "container", .letter = 'c', .kind = SP_FLAG_TEXT, .arg = "NAME",           \
		.help = "Container in the pod", .completes = SP_COMPLETE_CONTAINER                 \
	}
#define SP_FLAG_SELECTOR                                                                           \
	{                                                                                          \
		.name = "selector", .letter = 'l', .kind = SP_FLAG_TEXT, .arg = "LABELS",          \
		.help = "Only objects with these labels: key=value, key!=value, key, !key"         \
	}
#define SP_FLAG_VALIDATE                                                                           \
	{                                                                                          \
		.name = "validate", .kind = SP_FLAG_CHOICE, .arg = "MODE",                         \
		.choices = "strict|warn|ignore", .standard = "strict",                             \
		.help = "What an unknown field is: an error, a warning, or nothing"                \
	}
#define SP_FLAG_DRY_RUN                                                                            \
	{                                                                                          \
		.name = "dry-run", .kind = SP_FLAG_BOOL,                                           \
		.help = "Say what would be done, change nothing"                                   \
	}
#define SP_FLAG_TEXT_OR_JSON                                                                       \
	{                                                                                          \
		.name = "output", .letter = 'o', .kind = SP_FLAG_CHOICE, .arg = "FORMAT",          \
		.choices = "text|json", .standard = "text", .help = "Print it as"                  \
	}
#define SP_FLAG_KUBE_VERSION                                                                       \
	{                                                                                          \
		.name = "kube-version", .kind = SP_FLAG_TEXT, .arg = "1.N", .standard = "1.36",    \
		.help = "Behave like this Kubernetes release, 1.28 to 1.37"                        \
	}

#endif
