/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/fetch.h"

#include "cli/image_commands.h"
#include "cli/interrupt.h"
#include "image/demo.h"
#include "image/store.h"
#include "spec/load.h"
#include "sys/fd.h"
#include "sys/self.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/wait.h>

int sp_fetch_stored(struct sp_cli *cli, struct sp_image_store *s, const char *reference,
		    struct sp_bundle_image *ret, struct sp_error *err)
{
	struct sp_error one = {0};

	*ret = (struct sp_bundle_image){.reference = reference};
	if (sp_image_store_get(s, &cli->arena, reference, &ret->image, &one) == 0) {
		ret->fresh = sp_image_demo_current(&ret->image);
		/* one of another version of the program may not know the words of this one */
		return ret->fresh || !sp_streq(ret->image.ref, SP_DEMO_IMAGE);
	}
	if (one.code == SP_E_NOT_FOUND || one.code == SP_E_INVALID)
		return 0;
	*err = one;
	return -1;
}

static void worker_child(const char *path, const char *const *argv, int out_fd, int keep_fd)
	__attribute__((noreturn));
static void worker_child(const char *path, const char *const *argv, int out_fd, int keep_fd)
{
	sigset_t none;

	sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL); /* as every program expects it */
	if (dup2(out_fd, STDOUT_FILENO) < 0 || (keep_fd >= 0 && fcntl(keep_fd, F_SETFD, 0) < 0))
		_exit(126);
	execv(path, (char **)(uintptr_t)argv);
	_exit(127);
}

int sp_worker_run(const char *const *words, int keep_fd, struct sp_buf *answer,
		  struct sp_error *err)
{
	SP_CLEANUP(sp_closep) int read_fd = -EBADF, write_fd = -EBADF;
	const char *argv[SP_WORKER_WORDS + 2];
	int pipes[2], status, signal_number, n = 0;
	char path[PATH_MAX], mem[4096];
	ssize_t k;
	pid_t pid;

	if (sp_self_sibling("sidepod-worker", path, sizeof(path), err) < 0)
		return -1;
	argv[n++] = path;
	for (; words[n - 1]; n++) {
		assert(n <= SP_WORKER_WORDS); /* our own words */
		argv[n] = words[n - 1];
	}
	argv[n] = NULL;
	if (pipe2(pipes, O_CLOEXEC) < 0)
		return sp_fail_errno(err, errno, "make a pipe");
	read_fd = pipes[0];
	write_fd = pipes[1];
	pid = fork();
	if (pid == 0)
		worker_child(path, argv, write_fd, keep_fd);
	if (pid < 0)
		return sp_fail_errno(err, errno, "start '%s'", path);
	write_fd = sp_close(write_fd);
	while ((signal_number = sp_interrupt_wait(read_fd, POLLIN, err)) == 0 &&
	       ((k = read(read_fd, mem, sizeof(mem))) > 0 || (k < 0 && errno == EINTR)))
		if (k > 0)
			sp_buf_add(answer, mem, (size_t)k);
	if (signal_number != 0)
		(void)kill(pid, SIGTERM); /* gone already: as wanted */
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return sp_fail_errno(err, errno, "wait for '%s'", path);
	if (signal_number > 0)
		return sp_fail(err, SP_E_UNAVAILABLE, "interrupted");
	return signal_number;
}

static int ensure(const struct sp_fetch *f, const char *reference, const char *policy,
		  struct sp_buf *answer, struct sp_error *err)
{
	const char *root = sp_flag_text(f->cli, "root");
	const char *words[SP_WORKER_WORDS + 1] = {
		"image", "ensure", reference,    "--policy",
		policy,  "--json", "--progress", f->progress ? f->progress : "auto"};
	char fd_text[16];
	int n = 8, r;

	if (root) {
		words[n++] = "--root";
		words[n++] = root;
	}
	if (f->auth_fd >= 0) {
		(void)snprintf(fd_text, sizeof(fd_text), "%d", f->auth_fd);
		words[n++] = "--auth-fd";
		words[n++] = fd_text;
		if (lseek(f->auth_fd, 0, SEEK_SET) < 0) /* an earlier worker has read it */
			return sp_fail_errno(err, errno, "pull secrets");
	}
	r = sp_worker_run(words, f->auth_fd, answer, err);
	if (r < 0 && sp_interrupt_pending()) {
		/* What the worker was about to unpack goes; what it had downloaded is continued the
		 * next time. */
		SP_CLEANUP(sp_image_store_closep) struct sp_image_store *s = NULL;
		struct sp_error other; /* that it was interrupted is what is told */

		if (sp_image_open(f->cli, &s, &other) == 0)
			sp_image_store_sweep(s);
	}
	return r;
}

int sp_fetch_image(const struct sp_fetch *f, const char *reference, const char *policy,
		   struct sp_bundle_image *ret, struct sp_error *err)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf answer = {0};
	struct sp_node *doc;

	*ret = (struct sp_bundle_image){.reference = reference};
	if (ensure(f, reference, policy, &answer, err) < 0)
		return -1;
	if (answer.failed ||
	    sp_node_from_json(&f->cli->arena, answer.len ? answer.ptr : "", answer.len, &doc,
			      NULL) < 0 ||
	    sp_image_parse(&f->cli->arena, doc, ret, err) < 0)
		return sp_fail(err, SP_E_IO, "sidepod-worker could not provide image '%s'",
			       reference);
	ret->fresh = !ret->fail; /* asked just now, whatever the policy */
	return 0;
}

int sp_fetch_by_policy(const struct sp_fetch *f, struct sp_image_store *s, const char *reference,
		       const char *policy, struct sp_bundle_image *ret, struct sp_error *err)
{
	int r = sp_fetch_stored(f->cli, s, reference, ret, err);

	if (r < 0)
		return -1;
	if (r > 0 && (ret->fresh || !sp_streq(policy, "Always")))
		return 0;
	return sp_fetch_image(f, reference, policy, ret, err);
}
