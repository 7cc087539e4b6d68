/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

static const char *const code_names[] = {
	[SP_OK] = "ok",
	[SP_E_INVALID] = "invalid",
	[SP_E_NOT_FOUND] = "not-found",
	[SP_E_EXISTS] = "exists",
	[SP_E_CONFLICT] = "conflict",
	[SP_E_EXPIRED] = "expired",
	[SP_E_DENIED] = "denied",
	[SP_E_UNSUPPORTED] = "unsupported",
	[SP_E_CORRUPT] = "corrupt",
	[SP_E_NO_SPACE] = "no-space",
	[SP_E_NO_MEMORY] = "no-memory",
	[SP_E_TIMEOUT] = "timeout",
	[SP_E_UNAVAILABLE] = "unavailable",
	[SP_E_IO] = "io",
	[SP_E_INTERNAL] = "internal",
};
_Static_assert(SP_ARRAY_LEN(code_names) == SP_CODES, "a name for each code");

const char *sp_code_name(enum sp_code code)
{
	return code < SP_CODES ? code_names[code] : "?";
}

/* Mark a text that did not fit, so that nobody takes the cut for the end. */
static void mark_cut(char *text, size_t size, int want)
{
	if (want >= 0 && (size_t)want >= size)
		memcpy(text + size - 4, "...", 4);
}

static void append_cause(struct sp_error *err, const char *cause)
{
	size_t n = strlen(err->text), left = sizeof(err->text) - n;

	if (left < sizeof(": ...")) {
		memcpy(err->text + sizeof(err->text) - 4, "...", 4);
		return;
	}
	mark_cut(err->text + n, left, snprintf(err->text + n, left, ": %s", cause));
}

static enum sp_code code_of_errno(int errnum)
{
	switch (errnum) {
	case ENOENT:
	case ESRCH:
		return SP_E_NOT_FOUND;
	case EEXIST:
		return SP_E_EXISTS;
	case EACCES:
	case EPERM:
	case EROFS:
		return SP_E_DENIED;
	case ENOSYS:
	case EOPNOTSUPP:
	case ENODEV:
		return SP_E_UNSUPPORTED;
	case ENOSPC:
	case EDQUOT:
		return SP_E_NO_SPACE;
	case ENOMEM:
		return SP_E_NO_MEMORY;
	case ETIMEDOUT:
		return SP_E_TIMEOUT;
	case EAGAIN:
	case EBUSY:
	case ECONNREFUSED:
	case EHOSTUNREACH:
	case ENETUNREACH:
		return SP_E_UNAVAILABLE;
	case EINVAL:
	case ENAMETOOLONG:
	case ELOOP:
	case ENOTDIR:
	case EISDIR:
		return SP_E_INVALID;
	default:
		return SP_E_IO;
	}
}

void sp_error_set(struct sp_error *err, enum sp_code code, const char *fmt, ...)
{
	va_list ap;

	if (!err)
		return;
	err->code = code;
	err->errnum = 0;
	va_start(ap, fmt);
	mark_cut(err->text, sizeof(err->text), vsnprintf(err->text, sizeof(err->text), fmt, ap));
	va_end(ap);
}

void sp_error_set_errno(struct sp_error *err, int errnum, const char *fmt, ...)
{
	const char *cause = strerrordesc_np(errnum);
	va_list ap;

	if (!err)
		return;
	err->code = code_of_errno(errnum);
	err->errnum = errnum;
	va_start(ap, fmt);
	(void)vsnprintf(err->text, sizeof(err->text), fmt, ap); /* a cut is marked just below */
	va_end(ap);
	append_cause(err, cause ? cause : "unknown error");
}

void sp_error_wrap(struct sp_error *err, const char *fmt, ...)
{
	char inner[sizeof(err->text)];
	va_list ap;

	if (!err)
		return;
	memcpy(inner, err->text, sizeof(inner));
	va_start(ap, fmt);
	(void)vsnprintf(err->text, sizeof(err->text), fmt, ap); /* a cut is marked just below */
	va_end(ap);
	append_cause(err, inner);
}
