/* SPDX-License-Identifier: Apache-2.0 */
/*
 * May a stream show colour and characters beyond ASCII? In order of rank: --color, NO_COLOR,
 * CLICOLOR_FORCE, TERM=dumb, whether it is a terminal. Characters follow the locale and --ascii.
 */
#include "cli/cli_internal.h"

#include <strings.h>
#include <sys/ioctl.h>
#include <unistd.h>

static bool set(const char *value)
{
	return value && *value;
}

struct sp_look sp_look_decide(bool tty, const char *color, bool ascii, const char *locale,
			      const char *(*env)(const char *))
{
	struct sp_look look = {.tty = tty, .columns = 80, .rows = 24};
	const char *term = env("TERM"), *force = env("CLICOLOR_FORCE");

	if (sp_streq(color, "always"))
		look.color = true;
	else if (sp_streq(color, "never") || set(env("NO_COLOR")))
		look.color = false;
	else if (set(force) && !sp_streq(force, "0"))
		look.color = true;
	else
		look.color = tty && set(term) && !sp_streq(term, "dumb");
	look.ascii =
		ascii || !locale || !(strcasestr(locale, "utf-8") || strcasestr(locale, "utf8"));
	return look;
}

struct sp_look sp_look_open(int fd, const char *color, bool ascii, const char *(*env)(const char *))
{
	static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
	const char *locale = NULL;
	struct sp_look look;
	struct winsize ws;

	for (size_t i = 0; i < SP_ARRAY_LEN(names) && !set(locale); i++)
		locale = env(names[i]);
	look = sp_look_decide(isatty(fd) == 1, color, ascii, locale, env);
	if (look.tty && ioctl(fd, TIOCGWINSZ, &ws) == 0 && ws.ws_col >= 20 && ws.ws_row >= 4) {
		look.columns = ws.ws_col;
		look.rows = ws.ws_row;
	}
	return look;
}
