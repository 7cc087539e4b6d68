/* SPDX-License-Identifier: Apache-2.0 */
/*
 * seccompProfile of type Localhost: files of the machine, compiled by sidepod-worker before
 * anything starts. What a profile allows may depend on the capabilities of the container, so each
 * pair of both is a filter of its own.
 */
#include "cli/launch.h"

#include "base/text.h"
#include "cli/files.h"
#include "cli/worker.h"
#include "container/caps.h"
#include "container/container.h"
#include "supervisor/env.h"

#include <errno.h>
#include <linux/filter.h>
#include <stdlib.h>

static bool known(const struct sp_engine *e, const char *profile, uint64_t caps)
{
	for (uint32_t i = 0; i < e->n_seccomp; i++)
		if (e->seccomp[i].profile && sp_streq(e->seccomp[i].profile, profile) &&
		    e->seccomp[i].caps == caps)
			return true;
	return false;
}

/* One more at the end; supervisors that run already have theirs. */
static int append(struct sp_launch *l, const struct sp_seccomp *filter)
{
	struct sp_engine *e = &l->place.engine;
	struct sp_seccomp *v = sp_arena_array(&l->manifest.arena, e->n_seccomp + 1u, sizeof(*v));

	if (!v)
		return -1;
	memcpy(v, e->seccomp, e->n_seccomp * sizeof(*v));
	v[e->n_seccomp] = *filter;
	e->seccomp = v;
	e->n_seccomp++;
	return 0;
}

static int take_answer(struct sp_launch *l, const struct sp_node *answer, struct sp_seccomp *f,
		       struct sp_error *err)
{
	const struct sp_node *bpf = sp_node_get(answer, "bpf"),
			     *flags = sp_node_get(answer, "flags");
	uint8_t *bytes;

	if (!bpf || bpf->kind != SP_NODE_STR)
		return sp_fail(err, SP_E_INVALID, "%s",
			       sp_node_str(sp_node_get(answer, "text"),
					   "sidepod-worker did not compile it"));
	bytes = sp_arena_alloc(&l->manifest.arena, bpf->len / 2 + 1);
	if (!bytes)
		return sp_fail(err, SP_E_NO_MEMORY, "compile it");
	if (sp_hex_decode(bpf->text, bpf->len, bytes) < 0 ||
	    bpf->len % (2 * sizeof(struct sock_filter)))
		return sp_fail(err, SP_E_CORRUPT, "sidepod-worker answered nonsense");
	f->bpf = bytes;
	f->n = (uint32_t)(bpf->len / (2 * sizeof(struct sock_filter)));
	f->flags = flags && flags->kind == SP_NODE_INT ? (uint32_t)flags->i : 0;
	return 0;
}

static int compile(struct sp_launch *l, const char *profile, uint64_t caps, struct sp_error *err)
{
	SP_CLEANUP(sp_arena_done) struct sp_arena a = {0};
	const char *root = sp_flag_text(l->cli, "seccomp-root");
	char text[20];
	/* copied: it outlives the manifest, which may be read again */
	struct sp_seccomp f = {.profile = sp_arena_strdup(&l->cli->arena, profile), .caps = caps};
	SP_CLEANUP(sp_buf_done) struct sp_buf answer = {0};
	struct sp_node *doc = NULL;

	if (!root)
		root = sp_arena_printf(&a, "%s/seccomp", l->place.engine.root);
	if (!root || !f.profile)
		return sp_fail(err, SP_E_NO_MEMORY, "compile it");
	(void)snprintf(text, sizeof(text), "%llx", (unsigned long long)caps); /* fits */
	if (sp_worker_run((const char *const[]){"seccomp", root, profile, text, NULL}, -EBADF,
			  &answer, err) < 0)
		return -1;
	if (answer.failed ||
	    sp_node_from_json(&a, answer.len ? answer.ptr : "", answer.len, &doc, NULL) < 0)
		doc = NULL;
	if (take_answer(l, doc, &f, err) < 0)
		return -1;
	return append(l, &f) < 0 ? sp_fail(err, SP_E_NO_MEMORY, "compile it") : 0;
}

int sp_launch_profiles(struct sp_launch *l, const struct sp_object *o)
{
	const struct sp_k_pod_spec *s = sp_cli_pod_spec(o);

	for (uint32_t i = 0; i < s->init_containers.n + s->containers.n; i++) {
		const struct sp_k_container *c = sp_pod_container_at(s, (uint16_t)i);
		const struct sp_k_security *sec = c->security;
		const struct sp_k_seccomp *f = sec && sec->seccomp ? sec->seccomp
					       : s->security       ? s->security->seccomp
								   : NULL;
		struct sp_error err;
		uint64_t caps;

		if (!f || !f->type || !sp_streq(f->type, "Localhost") || !f->localhost_profile ||
		    (sec && sec->privileged.set && sec->privileged.v))
			continue;
		if (sp_caps_declared(sec, &caps, &err) < 0 ||
		    (!known(&l->place.engine, f->localhost_profile, caps) &&
		     compile(l, f->localhost_profile, caps, &err) < 0))
			return sp_cli_error(l->cli, SP_EXIT_MANIFEST,
					    "pod '%s': container '%s': seccompProfile: %s",
					    o->meta->name, c->name, err.text);
	}
	return 0;
}
