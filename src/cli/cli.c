/* SPDX-License-Identifier: Apache-2.0 */
/* How a command speaks: errors, warnings and hints on stderr, results on stdout. */
#include "cli/cli_internal.h"

#include <errno.h>

enum { RED_BOLD, YELLOW_BOLD, CYAN };

static void say(struct sp_cli *cli, int tint, const char *word, const char *fmt, va_list ap)
	SP_PRINTF(4, 0);
static void say(struct sp_cli *cli, int tint, const char *word, const char *fmt, va_list ap)
{
	static const char *const codes[] = {"\033[1;31m", "\033[1;33m", "\033[36m"};
	bool color = cli->err_look.color;

	(void)fflush(cli->out); /* keep the order when both are the same terminal */
	fprintf(cli->err, "%s%s:%s ", color ? codes[tint] : "", word, color ? "\033[0m" : "");
	vfprintf(cli->err, fmt, ap);
	fputc('\n', cli->err);
}

int sp_cli_usage(struct sp_cli *cli, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(cli, RED_BOLD, "error", fmt, ap);
	va_end(ap);
	fprintf(cli->err, "see: sidepod %s%s--help\n", cli->path ? cli->path : "",
		cli->path && *cli->path ? " " : "");
	return SP_EXIT_USAGE;
}

int sp_cli_error(struct sp_cli *cli, int code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(cli, RED_BOLD, "error", fmt, ap);
	va_end(ap);
	return code;
}

int sp_cli_fail(struct sp_cli *cli, const struct sp_error *err)
{
	static const int codes[SP_CODES] = {
		[SP_OK] = SP_EXIT_FAILED,
		[SP_E_INVALID] = SP_EXIT_USAGE,
		[SP_E_NOT_FOUND] = SP_EXIT_FAILED,
		[SP_E_EXISTS] = SP_EXIT_FAILED,
		[SP_E_CONFLICT] = SP_EXIT_FAILED,
		[SP_E_EXPIRED] = SP_EXIT_FAILED,
		[SP_E_DENIED] = SP_EXIT_ENVIRONMENT,
		[SP_E_UNSUPPORTED] = SP_EXIT_ENVIRONMENT,
		[SP_E_CORRUPT] = SP_EXIT_FAILED,
		[SP_E_NO_SPACE] = SP_EXIT_ENVIRONMENT,
		[SP_E_NO_MEMORY] = SP_EXIT_ENVIRONMENT,
		[SP_E_TIMEOUT] = SP_EXIT_INCOMPLETE,
		[SP_E_UNAVAILABLE] = SP_EXIT_FAILED,
		[SP_E_IO] = SP_EXIT_FAILED,
		[SP_E_INTERNAL] = SP_EXIT_FAILED,
	};

	return sp_cli_error(cli, codes[err->code], "%s", err->text);
}

void sp_cli_warn(struct sp_cli *cli, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(cli, YELLOW_BOLD, "warning", fmt, ap);
	va_end(ap);
}

void sp_cli_hint(struct sp_cli *cli, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(cli, CYAN, "hint", fmt, ap);
	va_end(ap);
}

int sp_cli_print(struct sp_cli *cli, const struct sp_buf *b)
{
	if (b->failed)
		return sp_cli_error(cli, SP_EXIT_FAILED, "the output does not fit into memory");
	if (fwrite(b->ptr ? b->ptr : "", 1, b->len, cli->out) != b->len || fflush(cli->out) != 0) {
		if (errno == EPIPE) /* the reader has seen enough: `sidepod ps | head -1` */
			return SP_EXIT_OK;
		return sp_cli_error(cli, SP_EXIT_FAILED, "write: %s", strerrordesc_np(errno));
	}
	return SP_EXIT_OK;
}
