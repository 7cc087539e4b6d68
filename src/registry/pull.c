/* SPDX-License-Identifier: Apache-2.0 */
#include "registry/pull.h"

#include "image/manifest.h"
#include "registry/blobs.h"
#include "registry/client.h"
#include "sys/fd.h"

#include <stdlib.h>

#define MANIFEST_LIMIT_S 60
#define INDEX_DEPTH      4

static const char accept_manifests[] = "application/vnd.oci.image.manifest.v1+json, "
				       "application/vnd.oci.image.index.v1+json, "
				       "application/vnd.docker.distribution.manifest.v2+json, "
				       "application/vnd.docker.distribution.manifest.list.v2+json";

struct pulling {
	struct sp_image_store *store;
	struct sp_arena *arena;
	const struct sp_pull *p;
	struct sp_endpoint endpoint;
	struct sp_pull_layer *layers; /* configuration first, as it is downloaded like them */
	uint32_t n_layers;
	uint64_t received_bytes;
};

static int take_manifest(void *arg, struct sp_request *r, const char *bytes, size_t n)
{
	struct sp_buf *b = arg;

	sp_buf_add(b, bytes, n);
	if (b->failed || b->len > SP_MANIFEST_MAX_BYTES)
		return sp_fail(&r->fault, SP_E_CORRUPT, "the manifest is longer than %u bytes",
			       SP_MANIFEST_MAX_BYTES);
	return 0;
}

/* GET one manifest by tag or digest into the store; its digest is checked when one is known. */
static int get_manifest(struct pulling *w, const char *which, bool by_digest,
			char digest[static SP_DIGEST_SIZE], struct sp_error *err)
{
	SP_CLEANUP(sp_buf_done) struct sp_buf body = {0};
	struct sp_exchange x = {.path = sp_arena_printf(w->arena, "manifests/%s", which)};
	const char *want = by_digest ? which : NULL;
	int r;

	if (!x.path)
		return sp_fail(err, SP_E_NO_MEMORY, "pull");
	x.request.accept = accept_manifests;
	x.request.limit_s = MANIFEST_LIMIT_S;
	x.request.sink = take_manifest;
	x.request.arg = &body;
	r = sp_exchange_run(&w->endpoint, &x, err);
	if (r == 0 && sp_sha256_bytes(body.ptr ? body.ptr : "", body.len, digest) < 0)
		r = sp_fail(err, SP_E_NO_MEMORY, "pull");
	if (r == 0 && !want && sp_digest_valid(x.request.digest))
		want = x.request.digest;
	if (r == 0 && want && !sp_streq(want, digest))
		r = sp_fail(err, SP_E_CORRUPT,
			    "registry '%s' sent another manifest than %s: its digest is %s",
			    w->endpoint.source.host, want, digest);
	sp_exchange_end(&w->endpoint, &x);
	if (r < 0)
		return -1;
	w->received_bytes += body.len;
	return sp_image_store_put_bytes(w->store, body.ptr ? body.ptr : "", body.len, digest, err);
}

/* What the tag stands for now, by HEAD; "" when the registry does not say. */
static int ask_digest(struct pulling *w, const char *tag, char digest[static SP_DIGEST_SIZE],
		      struct sp_error *err)
{
	struct sp_exchange x = {.path = sp_arena_printf(w->arena, "manifests/%s", tag)};
	int r;

	digest[0] = '\0';
	if (!x.path)
		return sp_fail(err, SP_E_NO_MEMORY, "pull");
	x.request.head = true;
	x.request.accept = accept_manifests;
	x.request.limit_s = MANIFEST_LIMIT_S;
	r = sp_exchange_run(&w->endpoint, &x, err);
	if (r == 0 && sp_digest_valid(x.request.digest))
		memcpy(digest, x.request.digest, SP_DIGEST_SIZE);
	sp_exchange_end(&w->endpoint, &x);
	return r;
}

/* From tag or digest, through indexes, to the manifest for this machine. */
static int find_manifest(struct pulling *w, const struct sp_reference *ref,
			 char digest[static SP_DIGEST_SIZE], struct sp_manifest_doc *doc,
			 struct sp_error *err)
{
	if (ref->digest)
		memcpy(digest, ref->digest, SP_DIGEST_SIZE);
	else if (ask_digest(w, ref->tag, digest, err) < 0)
		return -1;
	for (int depth = 0; depth < INDEX_DEPTH; depth++) {
		const struct sp_descriptor *mine;
		size_t len;
		char *json;

		if (!digest[0]) {
			if (get_manifest(w, ref->tag, false, digest, err) < 0)
				return -1;
		} else if (!sp_image_store_has_blob(w->store, digest)) {
			char want[SP_DIGEST_SIZE];

			memcpy(want, digest, sizeof(want));
			if (get_manifest(w, want, true, digest, err) < 0)
				return -1;
		}
		json = sp_image_store_read_checked(w->store, w->arena, digest,
						   SP_MANIFEST_MAX_BYTES, &len, err);
		if (!json || sp_manifest_doc_parse(w->arena, json, len, doc, err) < 0)
			return -1;
		if (doc->kind == SP_DOC_MANIFEST)
			return 0;
		mine = sp_manifest_pick(doc, "linux", sp_platform_arch());
		if (!mine)
			return sp_fail(err, SP_E_UNSUPPORTED, "'%s' has no variant for linux/%s",
				       ref->full, sp_platform_arch());
		memcpy(digest, mine->digest, SP_DIGEST_SIZE);
	}
	return sp_fail(err, SP_E_CORRUPT, "indexes are nested too deeply");
}

static void tell(struct pulling *w)
{
	if (w->p->progress && w->n_layers)
		w->p->progress(w->p->arg, w->layers + 1, w->n_layers - 1);
}

/* The fetcher shows all blobs; people want to see the layers only. */
static void on_fetch(void *arg, const struct sp_pull_layer *v, uint32_t n)
{
	tell(arg);
}

static void on_unpack(void *arg, const char *digest, uint32_t k, uint32_t n)
{
	struct pulling *w = arg;

	for (uint32_t i = 1; i < w->n_layers; i++)
		w->layers[i].state = i < k    ? SP_LAYER_DONE
				     : i == k ? SP_LAYER_UNPACKING
					      : SP_LAYER_DOWNLOADED;
	tell(w);
}

static int get_blobs(struct pulling *w, const struct sp_manifest_doc *doc, struct sp_error *err)
{
	struct sp_pull inner = {.progress = on_fetch, .arg = w};
	uint32_t n = doc->n_layers + 1;
	struct sp_descriptor *v = sp_arena_array(w->arena, n, sizeof(*v));

	w->layers = sp_arena_array(w->arena, n, sizeof(*w->layers));
	if (!v || !w->layers)
		return sp_fail(err, SP_E_NO_MEMORY, "pull");
	if (doc->config.size > (int64_t)SP_CONFIG_MAX_BYTES)
		return sp_fail(err, SP_E_CORRUPT, "the image configuration is longer than %u bytes",
			       SP_CONFIG_MAX_BYTES);
	w->n_layers = n;
	v[0] = doc->config;
	for (uint32_t i = 0; i < doc->n_layers; i++)
		v[i + 1] = doc->layers[i];
	return sp_blobs_fetch(w->store, &w->endpoint, v, n, w->layers, &inner, &w->received_bytes,
			      err);
}

static int pull_from(struct pulling *w, const struct sp_reference *ref,
		     const struct sp_source *source, struct sp_pulled *ret, struct sp_error *err)
{
	char digest[SP_DIGEST_SIZE];
	const char *refs[2] = {ref->full, source->name};
	bool other = !source->mirror && !sp_streq(source->name, ref->full);
	struct sp_image old;
	struct sp_manifest_doc doc;

	w->endpoint.source = *source;
	sp_endpoint_init(&w->endpoint);
	if (find_manifest(w, ref, digest, &doc, err) < 0)
		return -1;
	ret->ref = ref->full;
	ret->digest = sp_arena_strdup(w->arena, digest);
	if (!ret->digest)
		return sp_fail(err, SP_E_NO_MEMORY, "pull");
	/* complete, and by this very name: nothing to do */
	if (sp_image_store_get(w->store, w->arena, ref->full, &old, NULL) == 0 &&
	    sp_streq(old.digest, digest) && sp_streq(old.ref, ref->full))
		return 0;
	ret->changed = true;
	if (get_blobs(w, &doc, err) < 0 ||
	    sp_image_store_commit(w->store, digest, refs, 1 + other, on_unpack, w, err) < 0)
		return -1;
	for (uint32_t i = 1; i < w->n_layers; i++)
		w->layers[i].state = SP_LAYER_DONE;
	tell(w);
	return 0;
}

int sp_image_pull(struct sp_image_store *s, struct sp_arena *a, const char *text,
		  const struct sp_pull *p, struct sp_pulled *ret, struct sp_error *err)
{
	SP_CLEANUP(sp_http_freep) struct sp_http *http = NULL;
	struct sp_registries conf;
	struct sp_source *v = NULL;
	struct sp_reference ref;
	uint32_t n = 0;

	*ret = (struct sp_pulled){0};
	if (sp_reference_parse(a, text, &ref, err) < 0 ||
	    sp_registries_load(a, p->auth.env, &conf, err) < 0 ||
	    sp_registries_sources(a, &conf, &ref, &v, &n, err) < 0)
		return -1;
	http = sp_http_new(p->auth.env, err);
	if (!http)
		return -1;
	for (uint32_t i = 0; i < n; i++) {
		struct pulling w = {.store = s, .arena = a, .p = p};

		w.endpoint = (struct sp_endpoint){
			.http = http, .arena = a, .auth = &p->auth, .warn = p->warn, .arg = p->arg};
		if (pull_from(&w, &ref, &v[i], ret, err) == 0) {
			ret->received_bytes = w.received_bytes;
			return 0;
		}
		if (err->code == SP_E_NO_SPACE || err->code == SP_E_NO_MEMORY)
			return -1; /* no other place would help */
		if (i + 1 < n && p->warn)
			p->warn(p->arg, err->text);
	}
	return -1;
}
