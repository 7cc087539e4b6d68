/* SPDX-License-Identifier: Apache-2.0 */
/* `sidepod image pull` for people, `sidepod image ensure` for pods. */
#include "registry/pull.h"

#include "base/json.h"
#include "base/text.h"
#include "cli/image_commands.h"
#include "image/demo.h"
#include "image/reference.h"
#include "registry/client.h"
#include "sys/fd.h"
#include "worker/progress.h"
#include "worker/worker.h"

#include <jansson.h>
#include <stdlib.h>

#define SECRETS_MAX 32

/*
 * Pull secrets come through a descriptor, where no list of processes shows them: an array of
 * {"name", "config"}, the latter what the secret has as .dockerconfigjson or .dockercfg.
 */
static int read_secrets(struct sp_cli *cli, int fd, struct sp_auth_sources *ret,
			struct sp_error *err)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf text = {0};
	json_auto_t *doc = NULL;
	struct sp_auth_secret *v;
	char mem[4096];
	ssize_t n;

	while ((n = read(fd, mem, sizeof(mem))) > 0 || (n < 0 && errno == EINTR)) {
		if (n > 0)
			sp_buf_add(&text, mem, (size_t)n);
		if (text.failed || text.len > SP_AUTH_MAX_BYTES)
			return sp_fail(err, SP_E_INVALID, "pull secrets are longer than %u bytes",
				       SP_AUTH_MAX_BYTES);
	}
	if (n < 0)
		return sp_fail_errno(err, errno, "read the pull secrets");
	(void)close(fd); /* no credential helper that we start is to have it */
	doc = json_loadb(text.ptr ? text.ptr : "", text.len, 0, NULL);
	if (text.ptr)
		explicit_bzero(text.ptr, text.len);
	if (!json_is_array(doc) || json_array_size(doc) > SECRETS_MAX)
		return sp_fail(err, SP_E_INVALID, "pull secrets are not a list of at most %d",
			       SECRETS_MAX);
	v = sp_arena_array(&cli->arena, json_array_size(doc) + 1, sizeof(*v));
	if (!v)
		return sp_fail(err, SP_E_NO_MEMORY, "pull secrets");
	for (size_t i = 0; i < json_array_size(doc); i++) {
		const json_t *one = json_array_get(doc, i);
		const char *name = json_string_value(json_object_get(one, "name"));
		const char *config = json_string_value(json_object_get(one, "config"));

		if (!name || !config)
			return sp_fail(err, SP_E_INVALID,
				       "pull secret %zu has no name or no config", i + 1);
		v[i] = (struct sp_auth_secret){
			.name = sp_arena_printf(&cli->arena, "pull secret '%s'", name),
			.config = sp_arena_strdup(&cli->arena, config)};
		if (!v[i].name || !v[i].config)
			return sp_fail(err, SP_E_NO_MEMORY, "pull secrets");
	}
	ret->secrets = v;
	ret->n_secrets = (uint32_t)json_array_size(doc);
	return 0;
}

static int prepare(struct sp_cli *cli, struct sp_pull_view *view, struct sp_pull *ret,
		   struct sp_error *err)
{
	int64_t fd = sp_flag_int(cli, "auth-fd", -1);

	*ret = (struct sp_pull){.auth = {.env = cli->env},
				.progress = sp_pull_view_draw,
				.warn = sp_pull_view_warn,
				.arg = view};
	return fd >= 0 ? read_secrets(cli, (int)fd, &ret->auth, err) : 0;
}

int sp_worker_pull(struct sp_cli *cli, int argc, char **argv)
{
	SP_CLEANUP(sp_image_store_closep) struct sp_image_store *s = NULL;
	bool quiet = sp_flag_bool(cli, "quiet");
	struct sp_pull_view view = {.cli = cli,
				    .mode = quiet ? SP_PROGRESS_QUIET : sp_progress_flag(cli)};
	struct sp_pull pull;
	struct sp_error err;

	if (sp_worker_open_store(cli, sp_image_dir(cli, &err), &s, &err) < 0 ||
	    prepare(cli, &view, &pull, &err) < 0)
		return sp_cli_fail(cli, &err);
	for (int i = 0; i < argc; i++) {
		SP_CLEANUP(sp_buf_done) struct sp_buf out = {0};
		struct sp_pulled pulled;

		view.image = argv[i];
		view.lines = view.n_states = 0;
		view.named = false;
		if (sp_image_pull(s, &cli->arena, argv[i], &pull, &pulled, &err) < 0) {
			(void)sp_wrap(&err, "pull '%s'", argv[i]);
			return sp_cli_fail(cli, &err);
		}
		if (quiet)
			sp_buf_printf(&out, "%s\n", pulled.ref);
		else
			sp_buf_printf(&out, "%s %s\n%s\n",
				      pulled.changed ? "pulled" : "up to date:", pulled.ref,
				      pulled.digest);
		if (sp_cli_print(cli, &out) != SP_EXIT_OK)
			return SP_EXIT_FAILED;
	}
	return SP_EXIT_OK;
}

/* ---- ensure ---- */

/* {"fail":"never","text":"…"} for the supervisor, or a sentence for people. */
static int ensure_failed(struct sp_cli *cli, const char *what, const struct sp_error *err)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf out = {0};

	if (!sp_flag_bool(cli, "json"))
		return sp_cli_fail(cli, err);
	sp_buf_printf(&out, "{\"fail\":\"%s\",\"text\":", what);
	sp_buf_json(&out, err->text);
	sp_buf_puts(&out, "}\n");
	(void)sp_cli_print(cli, &out); /* a reader that is gone needs no answer */
	return SP_EXIT_FAILED;
}

/* The message of the event Pulled; times in Go's notation, to the millisecond. */
static void pulled_text(struct sp_buf *b, const char *image, sp_time took, uint64_t size)
{
	took -= took % SP_MSEC;
	sp_buf_puts(b, "Successfully pulled image ");
	sp_buf_quote(b, image);
	sp_buf_puts(b, " in ");
	sp_format_go_duration(b, took);
	sp_buf_puts(b, " (");
	sp_format_go_duration(b, took);
	sp_buf_printf(b, " including waiting). Image size: %llu bytes.", (unsigned long long)size);
}

static int print_image(struct sp_cli *cli, const struct sp_image *img, const char *pulled)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf out = {0};

	if (!sp_flag_bool(cli, "json")) {
		sp_buf_puts(&out, img->ref);
	} else {
		sp_buf_putc(&out, '{');
		sp_image_json_members(img, &out);
		sp_json_str(&out, "pulled", pulled);
		sp_buf_putc(&out, '}');
	}
	sp_buf_putc(&out, '\n');
	return sp_cli_print(cli, &out);
}

static int pull_and_print(struct sp_cli *cli, struct sp_image_store *s, const char *text)
{
	struct sp_pull_view view = {.cli = cli,
				    .mode = sp_progress_flag(cli),
				    .image = text,
				    .several = sp_flag_bool(cli, "one-of-several")};
	SP_CLEANUP(sp_buf_done) struct sp_buf message = {0};
	sp_time begin = sp_http_now();
	struct sp_pulled pulled;
	struct sp_pull pull;
	struct sp_image img;
	struct sp_error err;

	if (prepare(cli, &view, &pull, &err) < 0)
		return ensure_failed(cli, "pull", &err);
	if (sp_image_pull(s, &cli->arena, text, &pull, &pulled, &err) < 0)
		return ensure_failed(cli, err.errnum == ECONNREFUSED ? "unavailable" : "pull",
				     &err);
	if (sp_image_store_get(s, &cli->arena, pulled.ref, &img, &err) < 0)
		return ensure_failed(cli, "inspect", &err);
	pulled_text(&message, text, sp_http_now() - begin, img.size_bytes);
	return print_image(cli, &img, message.failed ? NULL : message.ptr);
}

int sp_worker_ensure(struct sp_cli *cli, int argc, char **argv)
{
	SP_CLEANUP(sp_image_store_closep) struct sp_image_store *s = NULL;
	const char *dir = sp_flag_text(cli, "store");
	struct sp_reference ref;
	struct sp_image img;
	struct sp_error err;
	bool demo;

	if (sp_reference_parse(&cli->arena, argv[0], &ref, &err) < 0)
		return ensure_failed(cli, "invalid-name", &err);
	sp_fail(&err, SP_E_NO_MEMORY, "image store");
	dir = dir ? sp_arena_printf(&cli->arena, "%s/images", dir) : sp_image_dir(cli, &err);
	if (sp_worker_open_store(cli, dir, &s, &err) < 0)
		return ensure_failed(cli, "inspect", &err);
	demo = sp_streq(ref.full, SP_DEMO_IMAGE); /* it is built in: no registry has it */
	if (demo && sp_image_demo_ensure(s, &err) < 0)
		return ensure_failed(cli, "pull", &err);
	if (!demo && sp_flag_is(cli, "policy", "Always"))
		return pull_and_print(cli, s, argv[0]);
	if (sp_image_store_get(s, &cli->arena, argv[0], &img, &err) == 0)
		return print_image(cli, &img, NULL);
	if (err.code != SP_E_NOT_FOUND)
		return ensure_failed(cli, "inspect", &err);
	if (sp_flag_is(cli, "policy", "Never"))
		return ensure_failed(cli, "never", &err);
	return pull_and_print(cli, s, argv[0]);
}
