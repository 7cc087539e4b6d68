/* SPDX-License-Identifier: Apache-2.0 */
/* `sidepod image`: what is in the store; loading and saving are sidepod-worker's. */
#include "base/text.h"
#include "cli/cli_internal.h"
#include "cli/image_commands.h"
#include "image/reference.h"
#include "image/store.h"
#include "spec/quantity.h"
#include "sys/self.h"

#include <errno.h>
#include <time.h>
#include <unistd.h>

int sp_cli_run_worker(struct sp_cli *cli, int argc, char **argv)
{
	struct sp_error err;
	char path[4096];

	if (sp_self_sibling("sidepod-worker", path, sizeof(path), &err) < 0)
		return sp_cli_fail(cli, &err);
	(void)fflush(NULL); /* nothing of ours may be printed twice or late */
	execv(path, cli->words);
	(void)sp_fail_errno(&err, errno, "start '%s'", path);
	return sp_cli_fail(cli, &err);
}

static void print_size(struct sp_buf *b, uint64_t bytes)
{
	static const char *const units[] = {"B", "kB", "MB", "GB", "TB"};
	double v = (double)bytes;
	size_t u = 0;

	while (v >= 1000 && u + 1 < SP_ARRAY_LEN(units)) {
		v /= 1000;
		u++;
	}
	sp_buf_printf(b, u && v < 10 ? "%.1f%s" : "%.0f%s", v, units[u]);
}

static void print_columns(struct sp_buf *out, const char *name, size_t width, const char *id,
			  const char *size, const char *age, const char *digest)
{
	sp_buf_printf(out, "%-*s  %-12s  %-6s  ", (int)width, name, id, size);
	if (digest)
		sp_buf_printf(out, "%-6s  %s\n", age, digest);
	else
		sp_buf_printf(out, "%s\n", age);
}

static void print_table(const struct sp_image_info *v, uint32_t n, bool wide, bool headers,
			struct sp_buf *out)
{
	struct timespec now;
	size_t width = strlen("IMAGE");

	clock_gettime(CLOCK_REALTIME, &now);
	for (uint32_t i = 0; i < n; i++)
		width = SP_MAX(width, strlen(v[i].ref));
	if (headers)
		print_columns(out, "IMAGE", width, "ID", "SIZE", "AGE", wide ? "DIGEST" : NULL);
	for (uint32_t i = 0; i < n; i++) {
		char size[16], age[16], id[13];
		struct sp_buf s = sp_buf_fixed(size, sizeof(size)),
			      a = sp_buf_fixed(age, sizeof(age));
		struct sp_buf d = sp_buf_fixed(id, sizeof(id));

		print_size(&s, v[i].size_bytes);
		sp_format_age(&a, (int64_t)now.tv_sec * SP_SEC + now.tv_nsec - v[i].loaded_wall_ns);
		sp_buf_puts(&d, v[i].id + strlen("sha256:")); /* shortened on purpose */
		print_columns(out, v[i].ref, width, id, size, age, wide ? v[i].digest : NULL);
	}
}

static int run_ls(struct sp_cli *cli, int argc, char **argv)
{
	SP_CLEANUP(sp_image_store_closep) struct sp_image_store *s = NULL;
	SP_CLEANUP(sp_buf_done) struct sp_buf out = {0};
	struct sp_image_info *v;
	struct sp_error err;
	uint32_t n;

	if (sp_image_open(cli, &s, &err) < 0 ||
	    sp_image_store_list(s, &cli->arena, &v, &n, &err) < 0)
		return sp_cli_fail(cli, &err);
	if (sp_flag_is(cli, "output", "name")) {
		for (uint32_t i = 0; i < n; i++)
			sp_buf_printf(&out, "%s\n", v[i].ref);
	} else if (sp_flag_is(cli, "output", "json")) {
		sp_buf_puts(&out, "[");
		for (uint32_t i = 0; i < n; i++) {
			sp_buf_printf(&out, "%s\n  {\"ref\":", i ? "," : "");
			sp_buf_json(&out, v[i].ref);
			sp_buf_printf(
				&out,
				",\"id\":\"%s\",\"digest\":\"%s\",\"sizeBytes\":%llu,\"loaded\":\"",
				v[i].id, v[i].digest, (unsigned long long)v[i].size_bytes);
			sp_format_rfc3339(&out, v[i].loaded_wall_ns, 0);
			sp_buf_puts(&out, "\"}");
		}
		sp_buf_puts(&out, n ? "\n]\n" : "]\n");
	} else if (n == 0) {
		sp_cli_hint(
			cli,
			"no images yet; `sidepod image load FILE` adds some, `sidepod demo` needs none");
	} else {
		print_table(v, n, sp_flag_is(cli, "output", "wide"),
			    !sp_flag_bool(cli, "no-headers"), &out);
	}
	return sp_cli_print(cli, &out);
}

static int run_inspect(struct sp_cli *cli, int argc, char **argv)
{
	SP_CLEANUP(sp_image_store_closep) struct sp_image_store *s = NULL;
	SP_CLEANUP(sp_buf_done) struct sp_buf out = {0};
	struct sp_error err;

	if (sp_image_open(cli, &s, &err) < 0)
		return sp_cli_fail(cli, &err);
	for (int i = 0; i < argc; i++) {
		struct sp_image img;

		if (sp_image_store_get(s, &cli->arena, argv[i], &img, &err) < 0)
			return sp_cli_fail(cli, &err);
		sp_image_json(&img, &out);
		sp_buf_putc(&out, '\n');
	}
	return sp_cli_print(cli, &out);
}

static int run_rm(struct sp_cli *cli, int argc, char **argv)
{
	SP_CLEANUP(sp_image_store_closep) struct sp_image_store *s = NULL;
	SP_CLEANUP(sp_buf_done) struct sp_buf out = {0};
	struct sp_error err;
	int code = SP_EXIT_OK;

	if (sp_image_open(cli, &s, &err) < 0)
		return sp_cli_fail(cli, &err);
	for (int i = 0; i < argc; i++) {
		if (sp_image_store_remove(s, argv[i], &err) < 0)
			code = sp_cli_fail(cli, &err);
		else
			sp_buf_printf(&out, "removed %s\n", argv[i]);
	}
	if (code == SP_EXIT_OK)
		sp_cli_hint(cli, "`sidepod image prune` frees the disk space");
	return sp_cli_print(cli, &out) ? SP_EXIT_FAILED : code;
}

static void complete_images(struct sp_cli *cli, struct sp_buf *out)
{
	SP_CLEANUP(sp_image_store_closep) struct sp_image_store *s = NULL;
	struct sp_image_info *v;
	uint32_t n;

	if (sp_image_open(cli, &s, NULL) < 0 ||
	    sp_image_store_list(s, &cli->arena, &v, &n, NULL) < 0)
		return;
	for (uint32_t i = 0; i < n; i++) {
		sp_buf_printf(out, "%s\t", v[i].ref);
		print_size(out, v[i].size_bytes);
		sp_buf_putc(out, '\n');
	}
}

static const struct sp_command pull = SP_IMAGE_PULL_COMMAND(sp_cli_run_worker);
static const struct sp_command load = SP_IMAGE_LOAD_COMMAND(sp_cli_run_worker);
static const struct sp_command save = SP_IMAGE_SAVE_COMMAND(sp_cli_run_worker);
static const struct sp_command prune = SP_IMAGE_PRUNE_COMMAND(sp_cli_run_worker);
static const struct sp_command ensure = SP_IMAGE_ENSURE_COMMAND(sp_cli_run_worker);

static const struct sp_command ls = {
	.name = "ls",
	.summary = "List images",
	.flags = sp_image_ls_flags,
	.examples = {{"image ls", "names, ids, sizes"}, {"image ls -o json", "for scripts"}},
	.run = run_ls,
};
static const struct sp_command inspect = {
	.name = "inspect",
	.summary = "Show what an image is made of",
	.args = "IMAGE…",
	.flags = sp_image_inspect_flags,
	.min_args = 1,
	.max_args = -1,
	.examples = {{"image inspect nginx:1.25", "entry point, user, layers"}},
	.completes = SP_COMPLETE_OWN,
	.run = run_inspect,
	.complete = complete_images,
};
static const struct sp_command rm = {
	.name = "rm",
	.summary = "Forget images",
	.args = "IMAGE…",
	.flags = sp_image_rm_flags,
	.min_args = 1,
	.max_args = -1,
	.about = "Running pods keep what they use. `sidepod image prune` frees the disk space.",
	.examples = {{"image rm nginx:1.25", "one name"}},
	.completes = SP_COMPLETE_OWN,
	.run = run_rm,
	.complete = complete_images,
};

static const struct sp_command *const subs[] = {&pull,  &load, &ls,     &inspect, &rm,
						&prune, &save, &ensure, NULL};

const struct sp_command sp_command_image = {
	.name = "image",
	.summary = "Get, list and remove images",
	.subs = subs,
	.examples = {{"image pull nginx:1.25", "from a registry"},
		     {"image load app.tar", "add the images of an archive"},
		     {"image ls", "what is there"}},
};
