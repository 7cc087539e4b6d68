/* SPDX-License-Identifier: Apache-2.0 */
/* `sidepod doctor`: can this machine run pods, and what helps when it cannot. */
#include "base/json.h"
#include "cli/doctor.h"

static void print_text(const struct sp_doctor *d, const struct sp_look *look, struct sp_buf *out)
{
	static const struct {
		const char *utf8, *ascii, *color;
	} symbols[] = {
		[SP_HEALTH_OK] = {"✔", "ok  ", "\033[32m"},
		[SP_HEALTH_LIMITED] = {"!", "WARN", "\033[1;33m"},
		[SP_HEALTH_MISSING] = {"✘", "FAIL", "\033[1;31m"},
	};
	static const char *const verdicts[] = {
		[SP_HEALTH_OK] = "This machine can do everything.",
		[SP_HEALTH_LIMITED] = "Pods run here, with the limits above.",
		[SP_HEALTH_MISSING] = "Pods cannot run here yet.",
	};
	int indent = look->ascii ? 18 : 15;

	for (uint32_t i = 0; i < d->n; i++) {
		const struct sp_check_result *c = &d->v[i];

		sp_buf_printf(out, "%s%s%s %-12s %s\n", look->color ? symbols[c->health].color : "",
			      look->ascii ? symbols[c->health].ascii : symbols[c->health].utf8,
			      look->color ? "\033[0m" : "", c->name, c->found);
		if (c->means)
			sp_buf_printf(out, "%*smeans: %s\n", indent, "", c->means);
		if (c->fix)
			sp_buf_printf(out, "%*sfix:   %s\n", indent, "", c->fix);
	}
	sp_buf_printf(out, "\n%s\n", verdicts[sp_doctor_worst(d)]);
}

static void print_json(const struct sp_doctor *d, struct sp_buf *out)
{
	static const char *const words[] = {"ok", "limited", "missing"};

	sp_buf_putc(out, '{');
	sp_json_str(out, "health", words[sp_doctor_worst(d)]);
	sp_json_key(out, "checks");
	sp_buf_putc(out, '[');
	for (uint32_t i = 0; i < d->n; i++) {
		sp_json_next(out);
		sp_buf_putc(out, '{');
		sp_json_str(out, "name", d->v[i].name);
		sp_json_str(out, "health", words[d->v[i].health]);
		sp_json_str(out, "found", d->v[i].found);
		sp_json_str(out, "means", d->v[i].means);
		sp_json_str(out, "fix", d->v[i].fix);
		sp_buf_putc(out, '}');
	}
	sp_buf_puts(out, "]}\n");
}

static int run(struct sp_cli *cli, int argc, char **argv)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf out = {0};
	struct sp_place place;
	struct sp_doctor d;
	struct sp_error err;
	int r;

	if (sp_place_open(cli, &place, &err) < 0)
		return sp_cli_fail(cli, &err);
	sp_doctor_examine(cli, &place, &d);
	if (sp_flag_is(cli, "output", "json"))
		print_json(&d, &out);
	else
		print_text(&d, &cli->out_look, &out);
	r = sp_cli_print(cli, &out);
	return sp_doctor_worst(&d) == SP_HEALTH_MISSING ? SP_EXIT_ENVIRONMENT : r;
}

const struct sp_command sp_command_doctor = {
	.name = "doctor",
	.summary = "Check what this machine can, and how to fix the rest",
	.about =
		"Find out by trying what pods need: kernel, namespaces, cgroups (v2, v1 or both), "
		"overlayfs, network, programs, room. Nothing is changed. Exit code 5 when pods cannot "
		"run.",
	.examples = {{"doctor", "for people"}, {"doctor -o json", "for scripts"}},
	.flags = sp_flags_text_or_json,
	.run = run,
};
