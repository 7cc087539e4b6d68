/* SPDX-License-Identifier: Apache-2.0 */
#include "image/manifest.h"

#include "image/reference.h"
#include "image/store.h"

#include <jansson.h>

#define INDEX_MAX   1000
#define STRINGS_MAX 4096

static json_t *parse(const char *what, const char *json, size_t len, struct sp_error *err)
{
	json_error_t je;
	json_t *j = json_loadb(json, len, 0, &je);

	if (!j)
		(void)sp_fail(err, SP_E_CORRUPT, "%s: line %d: %s", what, je.line, je.text);
	return j;
}

/* NULL when absent; an empty string stays one. */
static const char *dup_str(struct sp_arena *a, const json_t *obj, const char *key)
{
	const json_t *v = json_object_get(obj, key);

	return json_is_string(v) ? sp_arena_strdup(a, json_string_value(v)) : NULL;
}

static int dup_list(struct sp_arena *a, const json_t *v, const char ***ret, uint32_t *ret_n,
		    const char *what, struct sp_error *err)
{
	size_t n = json_array_size(v), i;

	*ret = NULL;
	*ret_n = 0;
	if (!v || json_is_null(v))
		return 0;
	if (!json_is_array(v) || n > STRINGS_MAX)
		return sp_fail(err, SP_E_CORRUPT, "%s is not a list of at most %d strings", what,
			       STRINGS_MAX);
	*ret = sp_arena_array(a, n + 1, sizeof(**ret));
	if (!*ret)
		return sp_fail(err, SP_E_NO_MEMORY, "%s", what);
	for (i = 0; i < n; i++) {
		const json_t *s = json_array_get(v, i);

		if (!json_is_string(s))
			return sp_fail(err, SP_E_CORRUPT, "%s[%zu] is not a string", what, i);
		(*ret)[i] = sp_arena_strdup(a, json_string_value(s));
		if (!(*ret)[i])
			return sp_fail(err, SP_E_NO_MEMORY, "%s", what);
	}
	*ret_n = (uint32_t)n;
	return 0;
}

static int read_descriptor(struct sp_arena *a, const json_t *j, const char *what,
			   struct sp_descriptor *ret, struct sp_error *err)
{
	const json_t *platform = json_object_get(j, "platform"),
		     *notes = json_object_get(j, "annotations");
	const json_t *size = json_object_get(j, "size");

	ret->media_type = dup_str(a, j, "mediaType");
	ret->digest = dup_str(a, j, "digest");
	if (!ret->digest || !sp_digest_valid(ret->digest))
		return sp_fail(err, SP_E_CORRUPT, "%s has no valid sha256 digest", what);
	if (!json_is_integer(size) || json_integer_value(size) < 0)
		return sp_fail(err, SP_E_CORRUPT, "%s has no valid size", what);
	ret->size = json_integer_value(size);
	ret->os = dup_str(a, platform, "os");
	ret->arch = dup_str(a, platform, "architecture");
	ret->variant = dup_str(a, platform, "variant");
	ret->ref_name = dup_str(a, notes, "io.containerd.image.name");
	if (!ret->ref_name)
		ret->ref_name = dup_str(a, notes, "org.opencontainers.image.ref.name");
	if (!ret->media_type)
		ret->media_type = "";
	return 0;
}

static int read_descriptors(struct sp_arena *a, const json_t *list, const char *what, size_t max,
			    struct sp_descriptor **ret, uint32_t *ret_n, struct sp_error *err)
{
	size_t n = json_array_size(list), i;

	if (!json_is_array(list) || n > max)
		return sp_fail(err, SP_E_CORRUPT, "%s: not a list of at most %zu entries", what,
			       max);
	*ret = sp_arena_array(a, n, sizeof(**ret));
	if (!*ret && n)
		return sp_fail(err, SP_E_NO_MEMORY, "%s", what);
	for (i = 0; i < n; i++)
		if (read_descriptor(a, json_array_get(list, i), what, &(*ret)[i], err) < 0)
			return -1;
	*ret_n = (uint32_t)n;
	return 0;
}

int sp_manifest_doc_parse(struct sp_arena *a, const char *json, size_t len,
			  struct sp_manifest_doc *ret, struct sp_error *err)
{
	json_auto_t *j = parse("manifest", json, len, err);
	const json_t *version;

	if (!j)
		return -1;
	version = json_object_get(j, "schemaVersion");
	if (json_integer_value(version) != 2)
		return sp_fail(err, SP_E_UNSUPPORTED, "manifest: schema version is not 2");
	*ret = (struct sp_manifest_doc){0};
	if (json_object_get(j, "manifests")) {
		ret->kind = SP_DOC_INDEX;
		return read_descriptors(a, json_object_get(j, "manifests"), "index: manifests",
					INDEX_MAX, &ret->manifests, &ret->n_manifests, err);
	}
	ret->kind = SP_DOC_MANIFEST;
	if (read_descriptor(a, json_object_get(j, "config"), "manifest: config", &ret->config,
			    err) < 0)
		return -1;
	return read_descriptors(a, json_object_get(j, "layers"), "manifest: layers", SP_LAYERS_MAX,
				&ret->layers, &ret->n_layers, err);
}

const struct sp_descriptor *sp_manifest_pick(const struct sp_manifest_doc *index, const char *os,
					     const char *arch)
{
	const struct sp_descriptor *plain = NULL;

	for (uint32_t i = 0; i < index->n_manifests; i++) {
		const struct sp_descriptor *d = &index->manifests[i];

		if (d->os && d->arch && sp_streq(d->os, os) && sp_streq(d->arch, arch))
			return d;
		if (!d->os && !d->arch && !plain)
			plain = d;
	}
	return plain;
}

int sp_image_config_parse(struct sp_arena *a, const char *json, size_t len,
			  struct sp_image_config *ret, struct sp_error *err)
{
	json_auto_t *j = parse("image configuration", json, len, err);
	const json_t *c, *rootfs;
	struct sp_image *img = &ret->image;
	const char **list;

	if (!j)
		return -1;
	*ret = (struct sp_image_config){0};
	c = json_object_get(j, "config");
	rootfs = json_object_get(j, "rootfs");
	ret->os = dup_str(a, j, "os");
	ret->arch = dup_str(a, j, "architecture");
	if (dup_list(a, json_object_get(c, "Entrypoint"), &list, &img->n_entrypoint, "Entrypoint",
		     err) < 0)
		return -1;
	img->entrypoint = list;
	if (dup_list(a, json_object_get(c, "Cmd"), &list, &img->n_cmd, "Cmd", err) < 0)
		return -1;
	img->cmd = list;
	if (dup_list(a, json_object_get(c, "Env"), &list, &img->n_env, "Env", err) < 0)
		return -1;
	img->env = list;
	img->working_dir = dup_str(a, c, "WorkingDir");
	img->user = dup_str(a, c, "User");
	img->stop_signal = dup_str(a, c, "StopSignal");
	if (!img->working_dir)
		img->working_dir = "";
	if (!img->user)
		img->user = "";
	if (!img->stop_signal)
		img->stop_signal = "";
	if (dup_list(a, json_object_get(rootfs, "diff_ids"), &ret->diff_ids, &ret->n_diff_ids,
		     "diff_ids", err) < 0)
		return -1;
	if (ret->n_diff_ids > SP_LAYERS_MAX)
		return sp_fail(err, SP_E_UNSUPPORTED,
			       "image has %u layers, at most %d can be stacked", ret->n_diff_ids,
			       SP_LAYERS_MAX);
	for (uint32_t i = 0; i < ret->n_diff_ids; i++)
		if (!sp_digest_valid(ret->diff_ids[i]))
			return sp_fail(err, SP_E_CORRUPT,
				       "image configuration: diff ID %u is not a sha256 digest", i);
	return 0;
}

int sp_docker_manifest_parse(struct sp_arena *a, const char *json, size_t len,
			     struct sp_docker_entry **ret, uint32_t *n, struct sp_error *err)
{
	json_auto_t *j = parse("manifest.json", json, len, err);
	size_t count = json_array_size(j), i;

	if (!j)
		return -1;
	if (!json_is_array(j) || count > INDEX_MAX)
		return sp_fail(err, SP_E_CORRUPT, "manifest.json: not a list of images");
	*ret = sp_arena_array(a, count, sizeof(**ret));
	if (!*ret && count)
		return sp_fail(err, SP_E_NO_MEMORY, "manifest.json");
	for (i = 0; i < count; i++) {
		const json_t *e = json_array_get(j, i);
		struct sp_docker_entry *d = &(*ret)[i];

		d->config = dup_str(a, e, "Config");
		if (!d->config)
			return sp_fail(err, SP_E_CORRUPT,
				       "manifest.json: image %zu names no configuration", i);
		if (dup_list(a, json_object_get(e, "RepoTags"), &d->repo_tags, &d->n_repo_tags,
			     "RepoTags", err) < 0 ||
		    dup_list(a, json_object_get(e, "Layers"), &d->layers, &d->n_layers, "Layers",
			     err) < 0)
			return -1;
		if (d->n_layers > SP_LAYERS_MAX)
			return sp_fail(err, SP_E_UNSUPPORTED,
				       "image has %u layers, at most %d can be stacked",
				       d->n_layers, SP_LAYERS_MAX);
	}
	*n = (uint32_t)count;
	return 0;
}

const char *sp_platform_arch(void)
{
#if defined(__x86_64__)
	return "amd64";
#elif defined(__aarch64__)
	return "arm64";
#elif defined(__arm__)
	return "arm";
#elif defined(__riscv) && __riscv_xlen == 64
	return "riscv64";
#elif defined(__powerpc64__) && defined(__LITTLE_ENDIAN__)
	return "ppc64le";
#elif defined(__s390x__)
	return "s390x";
#elif defined(__i386__)
	return "386";
#else
#error "name this architecture as Go does"
#endif
}
