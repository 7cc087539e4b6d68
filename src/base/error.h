/* SPDX-License-Identifier: Apache-2.0 */
/* The error object: filled where something failed, wrapped on the way up, told once at the top. */
#ifndef SP_ERROR_H
#define SP_ERROR_H

#include "base/base.h"

/* Stable classes; they pick exit codes and, later, HTTP statuses. */
enum sp_code {
	SP_OK,
	SP_E_INVALID,     /* input that breaks a rule */
	SP_E_NOT_FOUND,   /* named thing does not exist */
	SP_E_EXISTS,      /* name taken */
	SP_E_CONFLICT,    /* changed by somebody else meanwhile */
	SP_E_EXPIRED,     /* lies before what is kept */
	SP_E_DENIED,      /* no permission */
	SP_E_UNSUPPORTED, /* this machine or version cannot */
	SP_E_CORRUPT,     /* stored or received bytes are not what they claim */
	SP_E_NO_SPACE,    /* disk or quota full */
	SP_E_NO_MEMORY,   /* out of memory or over a limit of ours */
	SP_E_TIMEOUT,     /* took longer than allowed */
	SP_E_UNAVAILABLE, /* try again later: network, busy peer */
	SP_E_IO,          /* any other system failure */
	SP_E_INTERNAL,    /* our mistake */
	SP_CODES,
};

struct sp_error {
	enum sp_code code;
	int errnum;     /* errno of the call that failed, 0 when there was none */
	char text[512]; /* "outer: inner: cause"; a cut text ends in "..." */
};

static inline int sp_failed(void)
{
	return -1;
}

/**
 * sp_fail() - Fill @err and return -1
 * @err: may be NULL when the caller does not care for the text
 *
 * The three are macros around functions so that compilers and analysers see the -1.
 */
#define sp_fail(err, code, ...) (sp_error_set(err, code, __VA_ARGS__), sp_failed())

/**
 * sp_fail_errno() - Like sp_fail(), from an errno value; ": <cause>" is appended and the class
 * chosen
 * @errnum: positive errno
 */
#define sp_fail_errno(err, errnum, ...) (sp_error_set_errno(err, errnum, __VA_ARGS__), sp_failed())

/** sp_wrap() - Put "<fmt>: " before the text of @err; code and errnum stay. Return: -1 */
#define sp_wrap(err, ...) (sp_error_wrap(err, __VA_ARGS__), sp_failed())

void sp_error_set(struct sp_error *err, enum sp_code code, const char *fmt, ...) SP_PRINTF(3, 4);
void sp_error_set_errno(struct sp_error *err, int errnum, const char *fmt, ...) SP_PRINTF(3, 4);
void sp_error_wrap(struct sp_error *err, const char *fmt, ...) SP_PRINTF(2, 3);

/** sp_code_name() - Stable lower-case word for a class, e.g. "not-found" */
const char *sp_code_name(enum sp_code code);

#endif
