/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `sidepod-worker`: the slow and risky work, in a process of its own: archives, digests, downloads,
 * TLS. Its command line is that of `sidepod image …` and `sidepod https-check`, which become this
 * program.
 */
#include "worker/worker.h"

#include "base/json.h"
#include "base/text.h"
#include "cli/cli_internal.h"
#include "cli/image_commands.h"
#include "dns/serve.h"
#include "image/compress.h"
#include "image/load.h"
#include "probe/answer.h"
#include "probe/look_up.h"
#include "probe/probe.h"
#include "sys/fd.h"
#include "sys/replace.h"
#include "sys/sys.h"
#include "worker/seccomp_profile.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <locale.h>
#include <signal.h>
#include <stdlib.h>

int sp_worker_open_store(struct sp_cli *cli, const char *dir, struct sp_image_store **ret,
			 struct sp_error *err)
{
	if (!dir || sp_image_store_open(dir, ret, err) < 0)
		return -1;
	sp_image_store_sweep(*ret);
	return 0;
}

static void say_layer(void *arg, const char *digest, uint32_t k, uint32_t n)
{
	struct sp_cli *cli = arg;

	(void)fprintf(cli->err, "layer %u/%u  %.19s\n", k, n,
		      digest); /* progress: nobody depends on it */
}

static int run_load(struct sp_cli *cli, int argc, char **argv)
{
	SP_CLEANUP(sp_image_store_closep) struct sp_image_store *s = NULL;
	SP_CLEANUP(sp_buf_done) struct sp_buf out = {0};
	bool quiet = sp_flag_bool(cli, "quiet");
	struct sp_image_loaded *v = NULL;
	struct sp_error err;
	uint32_t n = 0;
	int r;

	if (sp_worker_open_store(cli, sp_image_dir(cli, &err), &s, &err) < 0)
		return sp_cli_fail(cli, &err);
	r = sp_image_load(s, &cli->arena, argv[0], sp_flag_text(cli, "name"), &v, &n,
			  quiet ? NULL : say_layer, cli, &err);
	for (uint32_t i = 0; i < n; i++)
		sp_buf_printf(&out, quiet ? "%s\n" : "loaded %s\n", v[i].ref);
	if (sp_cli_print(cli, &out) != SP_EXIT_OK)
		return SP_EXIT_FAILED;
	return r < 0 ? sp_cli_fail(cli, &err) : SP_EXIT_OK;
}

static int run_save(struct sp_cli *cli, int argc, char **argv)
{
	SP_CLEANUP(sp_image_store_closep) struct sp_image_store *s = NULL;
	const char *path = sp_flag_text(cli, "output");
	struct sp_error err;
	SP_CLEANUP(sp_replace_done)
	struct sp_replace to = {.fd = -EBADF, .dir_fd = -EBADF};
	int r;

	if (sp_worker_open_store(cli, sp_image_dir(cli, &err), &s, &err) < 0)
		return sp_cli_fail(cli, &err);
	if (!path && isatty(STDOUT_FILENO))
		return sp_cli_usage(
			cli, "an archive is not for a terminal; use --output FILE or a pipe");
	r = path ? sp_replace_open(path, 0644, &to, &err) : 0;
	if (r == 0)
		r = sp_image_save(s, (const char *const *)argv, (uint32_t)argc,
				  path ? to.fd : STDOUT_FILENO, &err);
	if (r == 0 && path)
		r = sp_replace_commit(&to, &err);
	return r < 0 ? sp_cli_fail(cli, &err) : SP_EXIT_OK;
}

static int run_prune(struct sp_cli *cli, int argc, char **argv)
{
	SP_CLEANUP(sp_image_store_closep) struct sp_image_store *s = NULL;
	SP_CLEANUP(sp_buf_done) struct sp_buf out = {0};
	struct sp_error err;
	uint64_t freed;
	uint32_t in_use;

	if (sp_worker_open_store(cli, sp_image_dir(cli, &err), &s, &err) < 0 ||
	    sp_image_store_prune(s, &freed, &in_use, &err) < 0)
		return sp_cli_fail(cli, &err);
	sp_buf_printf(&out, "freed %llu bytes\n", (unsigned long long)freed);
	if (in_use)
		sp_buf_printf(&out, "%u layers are still used by pods\n", in_use);
	return sp_cli_print(cli, &out);
}

static const struct sp_command load = SP_IMAGE_LOAD_COMMAND(run_load);
static const struct sp_command save = SP_IMAGE_SAVE_COMMAND(run_save);
static const struct sp_command prune = SP_IMAGE_PRUNE_COMMAND(run_prune);
static const struct sp_command ensure = SP_IMAGE_ENSURE_COMMAND(sp_worker_ensure);
static const struct sp_command pull = SP_IMAGE_PULL_COMMAND(sp_worker_pull);
static const struct sp_command *const image_subs[] = {&pull, &load, &save, &prune, &ensure, NULL};
static const struct sp_command image = {
	.name = "image",
	.summary = "Work on the image store",
	.subs = image_subs,
};

static int run_https_check(struct sp_cli *cli, int argc, char **argv)
{
	return sp_https_check_main(argc, argv);
}

static const struct sp_command https_check = {
	.name = "https-check",
	.summary = "One HTTPS request for the supervisor",
	.run = run_https_check,
};
static int run_look_up(struct sp_cli *cli, int argc, char **argv)
{
	return sp_look_up_main(argv[0]);
}

static int run_compress(struct sp_cli *cli, int argc, char **argv)
{
	struct sp_error err;

	return sp_compress_file(AT_FDCWD, argv[0], &err) < 0 ? sp_cli_fail(cli, &err) : SP_EXIT_OK;
}

static int run_decompress(struct sp_cli *cli, int argc, char **argv)
{
	struct sp_error err;

	return sp_decompress_file(AT_FDCWD, argv[0], STDOUT_FILENO, &err) < 0
		       ? sp_cli_fail(cli, &err)
		       : SP_EXIT_OK;
}

static const struct sp_command compress = {
	.name = "compress",
	.summary = "Put FILE.gz in the place of FILE",
	.args = "FILE",
	.min_args = 1,
	.max_args = 1,
	.run = run_compress,
};
static const struct sp_command decompress = {
	.name = "decompress",
	.summary = "Write the content of FILE.gz",
	.args = "FILE.gz",
	.min_args = 1,
	.max_args = 1,
	.run = run_decompress,
};
static const struct sp_command look_up = {
	.name = "look-up",
	.summary = "Addresses of a name",
	.args = "HOST",
	.min_args = 1,
	.max_args = 1,
	.run = run_look_up,
};

static int run_answer(struct sp_cli *cli, int argc, char **argv)
{
	return sp_answer_main(argv[0], argv[1], argv[2]);
}

static const struct sp_command answer = {
	.name = "answer",
	.summary = "A server that says what it is told, for probe tables of scenarios",
	.args = "SCHEME FIRST TARGET",
	.min_args = 3,
	.max_args = 3,
	.run = run_answer,
};

static int run_seccomp(struct sp_cli *cli, int argc, char **argv)
{
	SP_CLEANUP(sp_closep) int root_fd = open(argv[0], O_PATH | O_DIRECTORY | O_CLOEXEC);
	SP_CLEANUP(sp_buf_done) struct sp_buf out = {0};
	SP_CLEANUP(sp_closep) int fd = -EBADF;
	struct sp_seccomp_machine machine;
	struct sp_error err = {0};
	char *json = sp_arena_alloc(&cli->arena, SP_SECCOMP_PROFILE_MAX + 2);
	uint32_t n, flags;
	void *bpf = NULL;
	ssize_t len;

	fd = root_fd < 0 ? -errno : sys_openat2(root_fd, argv[1], O_RDONLY, 0, RESOLVE_BENEATH);
	len = fd < 0 || !json ? fd : sp_read_all(fd, json, SP_SECCOMP_PROFILE_MAX + 1);
	sp_seccomp_machine_here(&machine);
	if (!json)
		(void)sp_fail(&err, SP_E_NO_MEMORY, "seccomp profile");
	else if (len < 0)
		(void)sp_fail_errno(&err, (int)-len, "open '%s/%s'", argv[0], argv[1]);
	else if (sp_seccomp_profile_compile(json, (size_t)len, strtoull(argv[2], NULL, 16),
					    &machine, &bpf, &n, &flags, &err) < 0)
		(void)sp_wrap(&err, "'%s/%s'", argv[0], argv[1]);
	sp_buf_putc(&out, '{');
	if (bpf) {
		sp_json_int(&out, "flags", flags);
		sp_json_key(&out, "bpf");
		sp_buf_putc(&out, '"');
		sp_hex_encode(bpf, n * sizeof(struct sock_filter), &out);
		sp_buf_putc(&out, '"');
	} else {
		sp_json_str(&out, "text", err.text);
	}
	sp_buf_puts(&out, "}\n");
	free(bpf);
	return sp_cli_print(cli, &out);
}

static const struct sp_command seccomp = {
	.name = "seccomp",
	.summary = "Compile a system call filter, for a container with these capabilities",
	.args = "ROOT PROFILE CAPS",
	.min_args = 3,
	.max_args = 3,
	.run = run_seccomp,
};

static int run_names(struct sp_cli *cli, int argc, char **argv)
{
	return sp_dns_main(argc, argv);
}

static const struct sp_command names = {
	.name = "names",
	.summary = "The name server of a run",
	.args = "STARTER TIMEOUT_MS [ADDRESS…]",
	.min_args = 2,
	.max_args = 2 + SP_DNS_UPSTREAMS_MAX,
	.run = run_names,
};
static const struct sp_command *const commands[] = {
	&image, &https_check, &look_up, &compress, &decompress, &answer, &seccomp, &names, NULL};

static const char *from_environment(const char *name)
{
	return getenv(name);
}

int main(int argc, char **argv)
{
	struct sp_cli cli = {.out = stdout, .err = stderr, .env = from_environment, .words = argv};
	struct sp_parsed parsed;
	struct sp_error err;
	int r;

	(void)setlocale(LC_CTYPE, ""); /* for libraries; our own texts are UTF-8 or ASCII */
	(void)signal(SIGPIPE, SIG_IGN);
	r = sp_cli_parse(&cli, commands, argc > 0 ? argc - 1 : 0, argv + 1, &parsed, &err);
	cli.out_look = sp_look_open(STDOUT_FILENO, "auto", false, cli.env);
	cli.err_look = sp_look_open(STDERR_FILENO, "auto", false, cli.env);
	if (r < 0)
		r = sp_cli_usage(&cli, "%s", err.text);
	else if (!parsed.command || !parsed.command->run)
		r = sp_cli_usage(&cli, "sidepod-worker is started by sidepod");
	else
		r = parsed.command->run(&cli, parsed.argc, parsed.argv);
	sp_arena_done(&cli.arena);
	return r;
}
