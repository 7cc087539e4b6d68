/* SPDX-License-Identifier: Apache-2.0 */
/* `sidepod timeline`: pictures of a run, from its record. */
#include "base/text.h"
#include "cli/files.h"
#include "cli/runs.h"
#include "cli/table.h"
#include "draw/draw.h"
#include "supervisor/spawn.h"

static int list(struct sp_cli *cli, const struct sp_place *place)
{
	static const char *const headers[] = {"RUN", "AGE"};
	SP_CLEANUP(sp_buf_done) struct sp_buf out = {0};
	struct sp_kept_run *v;
	struct sp_table t;
	struct sp_error err;
	uint32_t n;

	if (sp_runs_list(cli, place, &v, &n, &err) < 0)
		return sp_cli_fail(cli, &err);
	if (n == 0) {
		sp_cli_hint(cli, "no run was kept yet; `sidepod demo` makes one");
		return SP_EXIT_OK;
	}
	sp_table_init(&t, &cli->arena, headers, 2);
	for (uint32_t i = 0; i < n; i++) {
		char mem[32];
		struct sp_buf b = sp_buf_fixed(mem, sizeof(mem));

		sp_format_age(&b, sp_now_wall() - v[i].wall_ns);
		sp_table_add(&t, v[i].name);
		sp_table_add(&t, mem);
	}
	sp_table_print(&t, true, &out);
	return sp_cli_print(cli, &out);
}

static void draw_text(struct sp_cli *cli, const struct sp_run *r, struct sp_buf *out)
{
	struct sp_draw d = {.columns = SP_MIN(cli->out_look.columns, 140),
			    .ascii = cli->out_look.ascii,
			    .color = cli->out_look.color,
			    .version = SP_VERSION};

	sp_draw_gantt_text(r, &d, out);
	sp_buf_putc(out, '\n');
	sp_draw_path_text(r, &d, out);
	if (sp_run_why(r, out))
		sp_buf_putc(out, '\n');
	if (r->stop_at >= 0) {
		sp_buf_putc(out, '\n');
		sp_draw_waterfall_text(r, &d, out);
	}
}

/* A pod that runs: until now. Its record ends with whatever happened last. */
static void go_on(const struct sp_place *place, struct sp_run *r)
{
	struct sp_error err; /* then it is drawn as far as it was recorded */

	if (!r->finished && r->header.start_wall_ns && *r->header.uid &&
	    sp_supervisor_alive(place->engine.run_dir, r->header.uid, &err) > 0)
		r->end = SP_MAX(r->end, sp_now_wall() - r->header.start_wall_ns);
}

static int draw(struct sp_cli *cli, const struct sp_place *place, const char *path)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf out = {0};
	const struct sp_draw d = {.columns = 80, .version = SP_VERSION};
	struct sp_source src;
	struct sp_error err;
	struct sp_run r;
	int code;

	if (sp_cli_read(cli, path, &src, &err) < 0)
		return sp_cli_fail(cli, &err);
	if (sp_flag_is(cli, "output", "json")) {
		sp_buf_add(&out, src.bytes, src.len);
		return sp_cli_print(cli, &out);
	}
	sp_run_init(&r);
	if (sp_run_read(&r, src.bytes, src.len, &err) < 0) {
		(void)sp_wrap(&err, "'%s'", path);
		code = sp_cli_fail(cli, &err);
	} else {
		go_on(place, &r);
		if (sp_flag_is(cli, "output", "svg"))
			sp_draw_svg(&r, &d, &out);
		else if (sp_flag_is(cli, "output", "mermaid"))
			sp_draw_gantt_mermaid(&r, &out);
		else
			draw_text(cli, &r, &out);
		code = sp_cli_print(cli, &out);
	}
	sp_run_done(&r);
	return code;
}

static int run(struct sp_cli *cli, int argc, char **argv)
{
	struct sp_place place;
	struct sp_error err;
	const char *path;

	if (sp_place_open(cli, &place, &err) < 0)
		return sp_cli_fail(cli, &err);
	if (sp_flag_bool(cli, "list"))
		return list(cli, &place);
	if (sp_runs_find(cli, &place, argc ? argv[0] : NULL, &path, &err) < 0)
		return sp_cli_fail(cli, &err);
	return draw(cli, &place, path);
}

static const struct sp_flag flags[] = {
	{.name = "output",
	 .letter = 'o',
	 .kind = SP_FLAG_CHOICE,
	 .arg = "FORMAT",
	 .choices = "text|svg|mermaid|json",
	 .standard = "text",
	 .help = "Print it as"},
	{.name = "list", .kind = SP_FLAG_BOOL, .help = "List the runs that are kept"},
	{0},
};

const struct sp_command sp_command_timeline = {
	.name = "timeline",
	.summary = "Draw what happened in a run",
	.args = "[RUN]",
	.about =
		"Draw the life of a pod: when each container waited, started, was ready and stopped, "
		"what the start waited for, and who used the grace period. RUN is a kept run, a pod "
		"that runs, or a record file; without it the newest run is drawn. The last 20 runs "
		"are kept.",
	.examples = {{"timeline", "the newest run"},
		     {"timeline web -o svg > web.svg", "of pod web, as a picture"},
		     {"timeline --list", "which runs there are"}},
	.flags = flags,
	.max_args = 1,
	.completes = SP_COMPLETE_RUN,
	.run = run,
};
