/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes of all kinds to a small store; after each, what a watch has told is what a list shows, and
 * nobody is left whose owners are gone.
 */
#include "base/base.h"
#include "store/store.h"

#include <stdio.h>
#include <stdlib.h>

#define NAMES 8

static const char *const kinds[] = {"Pod", "ConfigMap", "Namespace"};
static const char *const spaces[] = {"default", "n0"};
static const char *const finalizers[] = {"a/b", "c/d"};

struct input {
	const uint8_t *p;
	size_t n;
};

/* What a watch has told: the versions that are there. */
struct shadow {
	struct sp_stored *v[SP_ARRAY_LEN(kinds) * SP_ARRAY_LEN(spaces) * NAMES];
	size_t n;
};

static uint8_t next(struct input *in)
{
	if (in->n == 0)
		return 0;
	in->n--;
	return *in->p++;
}

static void must(bool ok, const char *what)
{
	if (ok)
		return;
	(void)fprintf(stderr, "%s\n", what);
	abort();
}

static int64_t now_wall(void *arg)
{
	return ++*(int64_t *)arg * SP_SEC;
}

static void chance(void *arg, void *bytes, size_t n)
{
	/* different every time is all that a uid needs */
	memset(bytes, 0, n);
	memcpy(bytes, &(int64_t){++*(int64_t *)arg}, SP_MIN(n, sizeof(int64_t)));
}

static const struct sp_stored *any(struct sp_store *s, const struct shadow *sh, uint8_t k)
{
	(void)s;
	return sh->n ? sh->v[k % sh->n] : NULL;
}

/* A whole object: kind, name, namespace, up to two owners of those there are, a finalizer. */
static const struct sp_node *make(struct sp_arena *a, struct sp_store *s, const struct shadow *sh,
				  struct input *in)
{
	uint8_t what = next(in), who = next(in), owner = next(in);
	struct sp_buf b = {0};
	struct sp_node *n = NULL;
	struct sp_error err;

	sp_buf_printf(
		&b,
		"{\"apiVersion\":\"v1\",\"kind\":\"%s\",\"metadata\":{\"name\":\"n%u\",\"namespace\":\"%s\"",
		kinds[what % SP_ARRAY_LEN(kinds)], who % NAMES,
		spaces[(who >> 4) % SP_ARRAY_LEN(spaces)]);
	if (owner & 1) {
		sp_buf_puts(&b, ",\"ownerReferences\":[");
		for (unsigned k = 0; k < 1 + (owner >> 1 & 1); k++) {
			const struct sp_stored *o = any(s, sh, next(in));

			sp_buf_printf(&b, "%s{\"uid\":\"%s\",\"blockOwnerDeletion\":%s}",
				      k ? "," : "", o && !(owner & 16) ? o->uid : "nobody",
				      owner & 8 ? "true" : "false");
		}
		sp_buf_puts(&b, "]");
	}
	if (owner & 4)
		sp_buf_printf(&b, ",\"finalizers\":[\"%s\"]", finalizers[owner >> 5 & 1]);
	sp_buf_printf(&b, "},\"spec\":{\"x\":%u%s},\"status\":{\"phase\":\"%s\"}}", next(in) % 3,
		      owner & 64 ? ",\"nodeName\":\"here\"" : "",
		      owner & 128 ? "Succeeded" : "Running");
	must(!b.failed && sp_node_from_json(a, b.ptr, b.len, &n, &err) == 0, "json");
	sp_buf_done(&b);
	return n;
}

static void write_once(struct sp_store *s, const struct shadow *sh, struct input *in)
{
	SP_CLEANUP(sp_arena_done) struct sp_arena a = {0};
	uint8_t op = next(in);
	struct sp_store_delete opt = {.propagation = (enum sp_store_propagation)(op / 8 % 3),
				      .grace_s = op / 32 - 1};
	const struct sp_stored *o;
	struct sp_error err;

	switch (op % 5) {
	case 0:
		(void)sp_store_create(s, make(&a, s, sh, in), NULL, &err);
		break;
	case 1:
		(void)sp_store_update(s, SP_STORE_OBJECT, make(&a, s, sh, in), NULL, &err);
		break;
	case 2:
		(void)sp_store_update(s, SP_STORE_STATUS, make(&a, s, sh, in), NULL, &err);
		break;
	default:
		o = any(s, sh, next(in));
		if (o && op % 5 == 3)
			(void)sp_store_delete(s, o->kind, o->ns, o->name, &opt, NULL, &err);
		else if (o)
			(void)sp_store_remove(s, o->kind, o->ns, o->name, o->uid, &err);
		break;
	}
}

static void catch_up(struct sp_store *s, struct sp_store_watch *w, struct shadow *sh)
{
	struct sp_store_event e;
	struct sp_error err;
	int64_t last = w->version;

	while (sp_store_watch_next(s, w, &e, &err) > 0) {
		size_t i = 0;

		must(e.object->version > last, "versions go up");
		last = e.object->version;
		while (i < sh->n && !sp_streq(sh->v[i]->uid, e.object->uid))
			i++;
		must((e.type == SP_STORE_ADDED) == (i == sh->n), "added once, then known");
		if (i < sh->n)
			(void)sp_stored_unref(sh->v[i]);
		else
			must(++sh->n <= SP_ARRAY_LEN(sh->v), "no more than there are names");
		if (e.type == SP_STORE_DELETED)
			sh->v[i] = sh->v[--sh->n];
		else
			sh->v[i] = sp_stored_ref(e.object);
	}
	must(w->version == sp_store_version(s), "seen to the end");
}

static bool there(const struct shadow *sh, const char *uid)
{
	for (size_t i = 0; i < sh->n; i++)
		if (sp_streq(sh->v[i]->uid, uid))
			return true;
	return false;
}

static void judge(struct sp_store *s, const struct shadow *sh)
{
	size_t n = 0;

	for (size_t k = 0; k < SP_ARRAY_LEN(kinds); k++)
		for (const struct sp_stored *o = NULL;
		     (o = sp_store_next(s, kinds[k], NULL, o)) != NULL; n++) {
			const struct sp_node *owners =
				sp_node_at(o->node, "metadata.ownerReferences");
			const struct sp_node *holds = sp_node_at(o->node, "metadata.finalizers");
			const struct sp_node *grace =
				sp_node_at(o->node, "metadata.deletionGracePeriodSeconds");
			bool owned = !owners || owners->n == 0;

			must(there(sh, o->uid), "a list shows what a watch told");
			for (uint32_t i = 0; owners && i < owners->n; i++)
				owned |= there(
					sh, sp_node_str(sp_node_get(owners->items[i], "uid"), ""));
			must(owned || o->deleting, "dependents follow their owners");
			must(!o->deleting || (holds && holds->n) || (grace && grace->i > 0) ||
				     sp_streq(o->kind, "Namespace"),
			     "what is to go and is not held has gone");
		}
	must(n == sh->n, "a watch tells what a list shows");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {.p = data, .n = size < 512 ? size : 512};
	int64_t clock = 1;
	struct sp_store_env env = {.now_wall = now_wall, .random = chance, .arg = &clock};
	struct sp_store_watch w = {0};
	struct shadow sh = {.n = 0};
	struct sp_store *s;
	struct sp_error err;

	must(sp_store_open(&env, NULL, &s, &err) == 0, "open");
	w.version = sp_store_version(s);
	while (in.n) {
		write_once(s, &sh, &in);
		catch_up(s, &w, &sh);
		judge(s, &sh);
	}
	for (size_t i = 0; i < sh.n; i++)
		(void)sp_stored_unref(sh.v[i]);
	(void)sp_store_close(s);
	return 0;
}
