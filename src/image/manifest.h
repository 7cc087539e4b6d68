/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The JSON documents of an image: index, manifest, configuration. Bytes in, structs out; strict
 * about what is used, silent about the rest.
 * Source: OCI image-spec v1.1 (image-index.md, manifest.md, config.md); Docker image manifest v2,
 * schema 2.
 */
#ifndef SP_IMAGE_MANIFEST_H
#define SP_IMAGE_MANIFEST_H

#include "base/arena.h"
#include "base/error.h"
#include "image/image.h"

struct sp_descriptor {
	const char *media_type, *digest;
	int64_t size;
	const char *os, *arch, *variant; /* platform, NULL when absent */
	const char *ref_name;            /* annotation with the image's name, NULL none */
};

enum sp_document { SP_DOC_INDEX, SP_DOC_MANIFEST };

struct sp_manifest_doc {
	enum sp_document kind;
	struct sp_descriptor *manifests; /* index */
	uint32_t n_manifests;
	struct sp_descriptor config; /* manifest */
	struct sp_descriptor *layers;
	uint32_t n_layers;
};

/** sp_manifest_doc_parse() - An index (manifest list) or an image manifest. @err: SP_E_CORRUPT */
int sp_manifest_doc_parse(struct sp_arena *a, const char *json, size_t len,
			  struct sp_manifest_doc *ret, struct sp_error *err);

/** sp_manifest_pick() - The entry for this machine's platform. Return: NULL when there is none */
const struct sp_descriptor *sp_manifest_pick(const struct sp_manifest_doc *index, const char *os,
					     const char *arch);

struct sp_image_config {
	struct sp_image image; /* entrypoint, cmd, env, working_dir, user, stop_signal */
	const char *os, *arch;
	const char **diff_ids;
	uint32_t n_diff_ids;
};
int sp_image_config_parse(struct sp_arena *a, const char *json, size_t len,
			  struct sp_image_config *ret, struct sp_error *err);

/* docker-archive: manifest.json */
struct sp_docker_entry {
	const char *config;
	const char **repo_tags, **layers;
	uint32_t n_repo_tags, n_layers;
};
int sp_docker_manifest_parse(struct sp_arena *a, const char *json, size_t len,
			     struct sp_docker_entry **ret, uint32_t *n, struct sp_error *err);

/** sp_platform_arch() - GOARCH name of this program's architecture, e.g. "amd64" */
const char *sp_platform_arch(void);

#endif
