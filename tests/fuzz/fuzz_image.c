/* SPDX-License-Identifier: Apache-2.0 */
/* The JSON documents of an image; the first byte says which. */
#include "image/manifest.h"
#include "image/reference.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_descriptor(const struct sp_descriptor *d)
{
	assert(d->digest && sp_digest_valid(d->digest)); /* it becomes a file name */
	assert(d->size >= 0);
}

static void read_manifest(struct sp_arena *a, const char *json, size_t len)
{
	struct sp_manifest_doc doc;
	const struct sp_descriptor *mine;
	struct sp_error err;

	if (sp_manifest_doc_parse(a, json, len, &doc, &err) < 0)
		return;
	if (doc.kind == SP_DOC_MANIFEST) {
		check_descriptor(&doc.config);
		for (uint32_t i = 0; i < doc.n_layers; i++)
			check_descriptor(&doc.layers[i]);
		return;
	}
	for (uint32_t i = 0; i < doc.n_manifests; i++)
		check_descriptor(&doc.manifests[i]);
	mine = sp_manifest_pick(&doc, "linux", "amd64");
	assert(!mine || (mine >= doc.manifests && mine < doc.manifests + doc.n_manifests));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sp_arena a = {.limit_bytes = 16u << 20};
	struct sp_image_config config;
	struct sp_docker_entry *entries;
	struct sp_error err;
	const char *json = (const char *)data + 1;
	uint32_t n;

	if (size == 0)
		return 0;
	switch (data[0] % 3) {
	case 0:
		read_manifest(&a, json, size - 1);
		break;
	case 1:
		if (sp_image_config_parse(&a, json, size - 1, &config, &err) == 0)
			for (uint32_t i = 0; i < config.n_diff_ids; i++)
				assert(sp_digest_valid(config.diff_ids[i]));
		break;
	default:
		if (sp_docker_manifest_parse(&a, json, size - 1, &entries, &n, &err) == 0)
			for (uint32_t i = 0; i < n; i++)
				assert(entries[i].config &&
				       (entries[i].layers || !entries[i].n_layers));
	}
	sp_arena_done(&a);
	return 0;
}
