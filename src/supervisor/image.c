/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The images of the pod: those that came with the bundle, those that sidepod-worker gets, and what
 * of them must not be pruned.
 */
#include "supervisor/supervisor_internal.h"

#include "image/demo.h"
#include "spec/load.h"
#include "supervisor/pull_secrets.h"
#include "sys/fd.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>

void sup_image_tell(struct sup *s, uint16_t ctr, enum sp_ev_kind kind, const char *text)
{
	sup_tell(s, &(struct sp_event){.kind = kind, .ctr = ctr, .text = text});
}

void sup_image_tell_failed(struct sup *s, uint16_t ctr, enum sp_image_fail fail, const char *text)
{
	sup_tell(s,
		 &(struct sp_event){
			 .kind = SP_EV_IMAGE_FAILED, .ctr = ctr, .image_fail = fail, .text = text});
}

/* ---- layers are kept from being pruned ------------------------------------------------------- */

static bool held(const struct sup *s, const char *layer)
{
	for (uint32_t i = 0; i < s->n_held; i++)
		if (sp_streq(s->held[i], layer))
			return true;
	return false;
}

/*
 * `image prune` leaves a layer alone whose directory somebody has locked. We do, shared, as long as
 * we live: a container may start again at any time. The descriptors need no names: they are closed
 * with us, and never before.
 */
static bool hold_layer(struct sup *s, const char *layer)
{
	SP_CLEANUP(sp_closep) int fd = open(layer, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const char **v;
	struct stat st;

	/* no links: it was pruned between our open and our lock */
	if (fd < 0 || flock(fd, LOCK_SH | LOCK_NB) < 0 || fstat(fd, &st) < 0 || st.st_nlink == 0)
		return false;
	v = reallocarray(s->held, s->n_held + 1u, sizeof(*v));
	if (!v)
		return false;
	s->held = v;
	s->held[s->n_held++] = layer;
	(void)sp_take_fd(&fd);
	return true;
}

static bool hold(struct sup *s, const struct sp_image *image)
{
	for (uint32_t i = 0; i < image->n_layers; i++)
		if (!held(s, image->layers[i]) && !hold_layer(s, image->layers[i]))
			return false;
	return true;
}

void sup_images_hold(struct sup *s)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < s->bundle.n_images; i++)
		if (s->bundle.images[i].fail || hold(s, &s->bundle.images[i].image))
			s->bundle.images[n++] = s->bundle.images[i];
	s->bundle.n_images = n;
}

/* ---- what is known --------------------------------------------------------------------------- */

static struct sp_bundle_image *find_image(struct sup *s, const char *reference)
{
	for (uint32_t i = 0; i < s->bundle.n_images; i++)
		if (sp_streq(s->bundle.images[i].reference, reference))
			return &s->bundle.images[i];
	return NULL;
}

struct sp_bundle_image *sup_image_find(struct sup *s, const char *reference)
{
	struct sp_bundle_image *i = find_image(s, reference);

	return i && !i->fail ? i : NULL;
}

/* A new or newer image by that reference. Instances keep pointers to the old array's strings, so
 * nothing is ever freed: an image is a few hundred bytes. */
static int learn_image(struct sup *s, const char *reference, const struct sp_bundle_image *image)
{
	struct sp_bundle_image *v = sp_arena_array(&s->arena, s->bundle.n_images + 1u, sizeof(*v));
	uint32_t n = 0;

	if (!v)
		return -1;
	if (!hold(s, &image->image))
		return -1;
	v[n] = *image;
	v[n].reference = sp_arena_strdup(&s->arena, reference);
	v[n].fresh = false;
	v[n].pulled = NULL; /* told to the container that waited for it */
	if (!v[n++].reference)
		return -1;
	for (uint32_t i = 0; i < s->bundle.n_images; i++)
		if (!sp_streq(s->bundle.images[i].reference, reference))
			v[n++] = s->bundle.images[i];
	s->bundle.images = v;
	s->bundle.n_images = n;
	return 0;
}

/* ---- asking ------------------------------------------------------------------------------------
 */

/* The pod's pull secrets, for who pulls; those that are not there are told, once. */
static int open_secrets(struct sup *s, int *ret_fd, struct sp_error *err)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf missing = {0}, text = {0};

	if (sp_pull_secrets_open(s->bundle.pod->spec, s->bundle.secrets, s->bundle.n_secrets,
				 &missing, ret_fd, err) < 0)
		return -1;
	if (missing.len && !s->told_secrets) {
		s->told_secrets = true;
		sp_buf_printf(&text,
			      "Unable to retrieve some image pull secrets (%s); attempting to pull "
			      "the image may not succeed.",
			      missing.ptr);
		sup_warn(s, "FailedToRetrieveImagePullSecret", text.failed ? "" : text.ptr);
	}
	return 0;
}

static int start_image(struct sup *s, struct sup_job *j, const char *policy, struct sp_error *err)
{
	SP_CLEANUP(sp_closep) int out_fd = -EBADF;
	SP_CLEANUP(sp_closep) int auth_fd = -EBADF;
	const char *argv[16];
	int fds[2], n = 0;

	if (!s->bundle.engine.command)
		return sp_fail(err, SP_E_UNAVAILABLE, "there is no program that could fetch it");
	if (open_secrets(s, &auth_fd, err) < 0)
		return -1;
	argv[n++] = s->bundle.engine.command;
	argv[n++] = "image";
	argv[n++] = "ensure";
	argv[n++] = "--store";
	argv[n++] = s->bundle.engine.root;
	argv[n++] = "--policy";
	argv[n++] = policy;
	argv[n++] = "--json";
	argv[n++] = "--progress"; /* in a supervisor's log it is noise */
	argv[n++] = "quiet";
	argv[n++] = j->image;
	if (auth_fd >= 0) {
		argv[n++] = "--auth-fd";
		argv[n++] = sp_arena_printf(&j->arena, "%d", auth_fd);
		if (!argv[n - 1])
			return sp_fail(err, SP_E_NO_MEMORY, "image");
	}
	argv[n] = NULL;
	if (pipe2(fds, O_CLOEXEC) < 0)
		return sp_fail_errno(err, errno, "pipe");
	j->out_fd = fds[0];
	out_fd = fds[1];
	return sup_job_helper(s, j, out_fd, -EBADF, auth_fd, argv, err);
}

static enum sp_image_fail fail_of(const char *name)
{
	static const struct {
		const char *name;
		enum sp_image_fail fail;
	} table[] = {
		{"pull", SP_IMG_PULL_FAILED},          {"never", SP_IMG_NEVER_PULL},
		{"invalid-name", SP_IMG_INVALID_NAME}, {"inspect", SP_IMG_INSPECT},
		{"unavailable", SP_IMG_UNAVAILABLE},   {"signature", SP_IMG_SIGNATURE},
	};

	for (size_t i = 0; i < SP_ARRAY_LEN(table); i++)
		if (sp_streq(table[i].name, name))
			return table[i].fail;
	return SP_IMG_PULL_FAILED;
}

bool sup_image_asked(const struct sup *s, uint16_t ctr, const struct sp_bundle_image *image)
{
	const struct sp_engine *e = &s->bundle.engine;

	/* nobody but we has the built-in one */
	if (sp_streq(image->image.ref, SP_DEMO_IMAGE))
		return true;
	/* without root's rights there is no way back to the machine's network: what was fetched
	 * ahead has to do for restarts, too */
	return image->fresh &&
	       (!s->ctrs[ctr].image_asked || (e->rootless && e->net != SP_NET_HOST));
}

/* An image that is there, or that is known not to be: fetched ahead, or by an earlier start. */
static bool known_image(struct sup *s, uint16_t ctr, struct sp_bundle_image *known,
			const char *policy)
{
	bool always = sp_streq(policy, "Always");
	const char *pulled = NULL;

	if (!known)
		return false;
	if (known->fail) {
		const char *fail = known->fail;

		/* it counts as the first attempt; the next one is made here */
		known->reference = "";
		if (fail_of(fail) == SP_IMG_PULL_FAILED || fail_of(fail) == SP_IMG_UNAVAILABLE)
			sup_image_tell(s, ctr, SP_EV_IMAGE_PULLING, NULL);
		sup_image_tell_failed(s, ctr, fail_of(fail), known->fail_text);
		return true;
	}
	if (always && !sup_image_asked(s, ctr, known))
		return false;
	if (known->pulled && !s->ctrs[ctr].image_asked)
		pulled = known->pulled;
	s->ctrs[ctr].image_asked = true;
	if (!always)
		known->pulled = NULL; /* it was absent for the first container alone */
	if (pulled)
		sup_image_tell(s, ctr, SP_EV_IMAGE_PULLING, NULL);
	sup_image_tell(s, ctr, pulled ? SP_EV_IMAGE_PULLED : SP_EV_IMAGE_PRESENT, pulled);
	return true;
}

void sup_do_image(struct sup *s, uint16_t ctr, const char *image)
{
	const struct sp_k_container *k = s->ctrs[ctr].k;
	const char *policy = k->image_pull_policy ? k->image_pull_policy : "IfNotPresent";
	struct sp_error err = {0};
	struct sup_job *j;

	if (known_image(s, ctr, find_image(s, image), policy))
		return;
	j = sup_job_new(s, SUP_JOB_IMAGE, ctr, 0);
	if (j)
		j->image = sp_arena_strdup(&j->arena, image);
	if (!j || !j->image) {
		if (j)
			sup_job_free(s, j);
		sup_image_tell_failed(s, ctr, SP_IMG_UNAVAILABLE, "out of memory");
		return;
	}
	if (start_image(s, j, policy, &err) < 0)
		sup_job_fail(s, j, err.text);
}

/* The image program's last line: the image, or {"fail":…,"text":…}. */
void sup_image_end(struct sup *s, struct sup_job *j)
{
	const char *line = j->out.ptr ? j->out.ptr : "", *nl;
	struct sp_bundle_image image = {0};
	struct sp_node *doc = NULL;
	struct sp_error err = {0};
	const char *fail;

	while (j->out.ptr && j->out.len && j->out.ptr[j->out.len - 1] == '\n')
		j->out.ptr[--j->out.len] = '\0';
	nl = strrchr(line, '\n');
	line = nl ? nl + 1 : line;
	/* In the supervisor's arena: what is learned stays. */
	if (j->out.failed || sp_node_from_json(&s->arena, line, strlen(line), &doc, &err) < 0) {
		sup_image_tell_failed(s, j->ctr, SP_IMG_PULL_FAILED,
				      "the image program ended without an answer");
		return;
	}
	fail = sp_node_str(sp_node_get(doc, "fail"), NULL);
	if (fail) {
		sup_image_tell_failed(s, j->ctr, fail_of(fail),
				      sp_node_str(sp_node_get(doc, "text"), ""));
		return;
	}
	if (sp_image_parse(&s->arena, doc, &image, &err) < 0 ||
	    learn_image(s, j->image, &image) < 0) {
		sup_image_tell_failed(s, j->ctr, SP_IMG_INSPECT, err.text);
		return;
	}
	if (image.pulled && !j->pulling)
		sup_image_tell(s, j->ctr, SP_EV_IMAGE_PULLING, NULL);
	sup_image_tell(s, j->ctr, image.pulled ? SP_EV_IMAGE_PULLED : SP_EV_IMAGE_PRESENT,
		       image.pulled);
}
