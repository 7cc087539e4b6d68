/* SPDX-License-Identifier: Apache-2.0 */
/* Downloads of blobs, several at a time, each into a file that survives and is continued. */
#ifndef SP_REGISTRY_BLOBS_H
#define SP_REGISTRY_BLOBS_H

#include "image/manifest.h"
#include "registry/client.h"
#include "registry/pull.h"

/**
 * sp_blobs_fetch() - Bring @n blobs into the store
 * @layers: progress, one per blob; state and done_bytes are kept up to date
 * @received_bytes: added to
 *
 * A blob under way is <images>/partial/<hex>, locked (flock) by who writes it: others wait for it,
 * and continue it when its writer died. Digest and size are checked while it is written.
 */
int sp_blobs_fetch(struct sp_image_store *s, struct sp_endpoint *e,
		   const struct sp_descriptor *blobs, uint32_t n, struct sp_pull_layer *layers,
		   const struct sp_pull *p, uint64_t *received_bytes, struct sp_error *err);

#endif
