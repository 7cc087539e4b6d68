/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/fetch.h"

#include "cli/image_commands.h"
#include "cli/interrupt.h"
#include "cli/worker.h"
#include "image/demo.h"
#include "image/store.h"
#include "spec/load.h"
#include "sys/fd.h"

#include <fcntl.h>

#define AT_ONCE 4 /* images; each has its layers side by side */

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

/* The pull secrets from their beginning, for one reader: others read them at the same time. */
static int secrets_for_one(int auth_fd, struct sp_error *err)
{
	char path[32];
	int fd;

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", auth_fd);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? sp_fail_errno(err, errno, "pull secrets") : fd;
}

/* @several: there are others: what it tells says which image it is about, and no line is drawn over
 * another's */
static int begin(const struct sp_fetch *f, const struct sp_fetch_want *w, bool several,
		 struct sp_worker *ret, struct sp_error *err)
{
	const char *root = sp_flag_text(f->cli, "root");
	const char *progress = f->progress ? f->progress : "auto";
	const char *words[SP_WORKER_WORDS + 1] = {"image",   "ensure", w->reference, "--policy",
						  w->policy, "--json", "--progress"};
	SP_CLEANUP(sp_closep) int auth_fd = -EBADF;
	char fd_text[16];
	int n = 7;

	words[n++] = several && (sp_streq(progress, "auto") || sp_streq(progress, "tty"))
			     ? "plain"
			     : progress;
	if (several)
		words[n++] = "--one-of-several";
	if (root) {
		words[n++] = "--root";
		words[n++] = root;
	}
	if (w->auth_fd >= 0) {
		auth_fd = secrets_for_one(w->auth_fd, err);
		if (auth_fd < 0)
			return -1;
		(void)snprintf(fd_text, sizeof(fd_text), "%d", auth_fd);
		words[n++] = "--auth-fd";
		words[n++] = fd_text;
	}
	return sp_worker_start(words, auth_fd, ret, err);
}

/* What the workers were about to unpack goes; what they had downloaded is continued the next time.
 */
static void sweep(const struct sp_fetch *f)
{
	SP_CLEANUP(sp_image_store_closep) struct sp_image_store *s = NULL;
	struct sp_error other; /* that it was interrupted is what is told */

	if (sp_image_open(f->cli, &s, &other) == 0)
		sp_image_store_sweep(s);
}

static int take_answer(const struct sp_fetch *f, struct sp_fetch_want *w,
		       const struct sp_buf *answer, struct sp_error *err)
{
	struct sp_node *doc;

	*w->ret = (struct sp_bundle_image){.reference = w->reference};
	if (answer->failed ||
	    sp_node_from_json(&f->cli->arena, answer->len ? answer->ptr : "", answer->len, &doc,
			      NULL) < 0 ||
	    sp_image_parse(&f->cli->arena, doc, w->ret, err) < 0)
		return sp_fail(err, SP_E_IO, "sidepod-worker could not provide image '%s'",
			       w->reference);
	w->ret->fresh = !w->ret->fail; /* asked just now, whatever the policy */
	return 0;
}

int sp_fetch_images(const struct sp_fetch *f, struct sp_fetch_want *v, uint32_t n,
		    struct sp_error *err)
{
	struct sp_worker workers[AT_ONCE] = {0};
	struct sp_fetch_want *wants[AT_ONCE];
	uint32_t next = 0, n_working = 0;
	int r = 0;

	while ((next < n && r == 0) || n_working) {
		int k;

		for (uint32_t i = 0; i < AT_ONCE && next < n && r == 0; i++) {
			if (workers[i].pid)
				continue;
			wants[i] = &v[next++];
			r = begin(f, wants[i], n > 1, &workers[i], err);
			n_working += r == 0;
		}
		if (!n_working)
			break;
		k = sp_worker_wait(workers, AT_ONCE, err);
		if (k < 0) {
			for (uint32_t i = 0; i < AT_ONCE; i++)
				sp_buf_done(&workers[i].answer);
			if (sp_interrupt_pending())
				sweep(f);
			return -1;
		}
		n_working--;
		if (take_answer(f, wants[k], &workers[k].answer, err) < 0)
			r = -1; /* the others come to their end */
		sp_buf_done(&workers[k].answer);
	}
	return r;
}

int sp_fetch_image(const struct sp_fetch *f, const char *reference, const char *policy,
		   struct sp_bundle_image *ret, struct sp_error *err)
{
	struct sp_fetch_want want = {reference, policy, -EBADF, ret};

	return sp_fetch_images(f, &want, 1, err);
}
