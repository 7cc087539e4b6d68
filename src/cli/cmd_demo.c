/* SPDX-License-Identifier: Apache-2.0 */
/* `sidepod demo`: a pod of our own, run for real and drawn, without network and images. */
#include "cli/cli_internal.h"
#include "cli/demo_scenes.h"
#include "cli/fetch.h"
#include "cli/workload.h"

#include "base/text.h"

#include <errno.h>
#include <stdlib.h>

static const struct sp_demo_scene *find(const char *name)
{
	for (const struct sp_demo_scene *s = sp_demo_scenes; s->name; s++)
		if (sp_streq(s->name, name))
			return s;
	return NULL;
}

static void list(struct sp_buf *out, const char *between)
{
	for (const struct sp_demo_scene *s = sp_demo_scenes; s->name; s++)
		sp_buf_printf(out, "%s%s%s\n", s->name, between, s->what);
}

static int unknown(struct sp_cli *cli, const char *name)
{
	const char *names[16], *near;
	size_t n = 0;

	for (const struct sp_demo_scene *s = sp_demo_scenes; s->name; s++)
		names[n++] = s->name;
	near = sp_nearest(name, names, n, 2);
	return near ? sp_cli_usage(cli, "no scene '%s' (did you mean '%s'?)", name, near)
		    : sp_cli_usage(cli, "no scene '%s'; --list shows them", name);
}

static void say(struct sp_cli *cli, const char *text)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf b = {0};

	sp_wrap_text(&b, text, 0, 0, 80);
	if (b.ptr)
		fputs(b.ptr, cli->err);
}

static int play(struct sp_cli *cli, const struct sp_demo_scene *scene)
{
	struct sp_session s = {.quiet_end = true, .timeline = "-"};
	const struct sp_fetch fetch = {.cli = cli};
	struct sp_bundle_image image;
	struct sp_error err;
	int r;

	sp_launch_init(&s.launch, cli);
	s.stop_after = scene->stop_after_ms * SP_MSEC;
	fprintf(cli->err, "%s: %s\n\n", scene->name, scene->what);
	/* the image belongs to this very program: an older one in the store may not know the words
	 */
	if (sp_fetch_image(&fetch, "sidepod.local/demo", "IfNotPresent", &image, &err) < 0)
		return sp_cli_fail(cli, &err);
	if (image.fail)
		return sp_cli_error(cli, SP_EXIT_ENVIRONMENT, "%s", image.fail_text);
	r = sp_launch_load_text(&s.launch, "demo", scene->manifest);
	if (r == 0)
		r = sp_workload_run(&s);
	sp_launch_done(&s.launch);
	if (r >= SP_EXIT_SIGNAL || r == SP_EXIT_ENVIRONMENT || r == SP_EXIT_MANIFEST)
		return r;
	fputc('\n', cli->err);
	say(cli, scene->look_at);
	fprintf(cli->err, "\nnext: %s\n", scene->next);
	return SP_EXIT_OK; /* a pod that fails as the scene wants it is a success of the scene */
}

static int run(struct sp_cli *cli, int argc, char **argv)
{
	const struct sp_demo_scene *scene = find(argc ? argv[0] : "order");

	if (sp_flag_bool(cli, "list")) {
		SP_CLEANUP(sp_buf_done) struct sp_buf out = {0};

		for (const struct sp_demo_scene *s = sp_demo_scenes; s->name; s++)
			sp_buf_printf(&out, "%-10s %s\n", s->name, s->what);
		return sp_cli_print(cli, &out);
	}
	if (!scene)
		return unknown(cli, argv[0]);
	if (sp_flag_bool(cli, "manifest")) {
		SP_CLEANUP(sp_buf_done) struct sp_buf out = {0};

		sp_buf_puts(&out, scene->manifest);
		return sp_cli_print(cli, &out);
	}
	return play(cli, scene);
}

static void complete(struct sp_cli *cli, struct sp_buf *out)
{
	list(out, "\t");
}

static const struct sp_flag flags[] = {
	{.name = "list", .kind = SP_FLAG_BOOL, .help = "List the scenes"},
	{.name = "manifest", .kind = SP_FLAG_BOOL, .help = "Print the scene's manifest instead"},
	SP_FLAG_PROGRESS,
	SP_LAUNCH_OPTIONS("lo"),
	SP_LOG_FLAGS,
	{0},
};

const struct sp_command sp_command_demo = {
	.name = "demo",
	.summary = "See a pod with sidecars start and stop",
	.args = "[SCENE]",
	.about = "Run a built-in pod for real and draw what happened. It needs neither network nor "
		 "images: the image is a small program that sidepod carries inside. Scenes: order, "
		 "gate, job, shutdown, oom, legacy.",
	.examples = {{"demo", "start order of sidecars and init containers"},
		     {"demo shutdown", "who uses the grace period"},
		     {"demo job --manifest", "what is run"}},
	.flags = flags,
	.max_args = 1,
	.completes = SP_COMPLETE_OWN,
	.complete = complete,
	.run = run,
};
