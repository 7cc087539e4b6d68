/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An image, ready to be run: its configuration and the unpacked layers. The type that the image
 * store gives and that the supervisor is handed in the pod's bundle.
 */
#ifndef SP_IMAGE_IMAGE_H
#define SP_IMAGE_IMAGE_H

#include "base/buf.h"

struct sp_image {
	const char *ref; /* normalised reference: docker.io/library/nginx:latest */
	const char *id;  /* config digest, sha256:… */
	const char
		*digest; /* manifest digest, sha256:… ; "" when the image was loaded without one */
	uint64_t size_bytes;
	/* unpacked layers, absolute directories, topmost first (the order of overlayfs lowerdir) */
	const char *const *layers;
	uint32_t n_layers;
	/* from the image configuration */
	const char *const *entrypoint;
	uint32_t n_entrypoint;
	const char *const *cmd;
	uint32_t n_cmd;
	const char *const *env; /* "NAME=value" */
	uint32_t n_env;
	const char *working_dir, *user, *stop_signal; /* "" when unset */
};

/** sp_image_json() - The object that `image inspect` shows */
void sp_image_json(const struct sp_image *img, struct sp_buf *out);
/** sp_image_json_members() - Its members alone, for objects that say more about an image */
void sp_image_json_members(const struct sp_image *img, struct sp_buf *out);

#endif
