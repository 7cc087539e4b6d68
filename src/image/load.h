/* SPDX-License-Identifier: Apache-2.0 */
/* Images from files: an OCI layout (folder or tar) or a docker-archive, also compressed. */
#ifndef SP_IMAGE_LOAD_H
#define SP_IMAGE_LOAD_H

#include "image/store.h"

struct sp_image_loaded {
	const char *ref, *digest;
};

/**
 * sp_image_load() - Add every image of a file, folder or stream
 * @path: file or folder; "-" reads standard input
 * @name: reference to give; NULL: the names in the archive
 * @ret:  array in @a, one entry per name written
 * @err:  SP_E_CORRUPT, SP_E_INVALID (no name anywhere), SP_E_NO_SPACE, …; what was complete before
 * the fault stays
 *
 * Source: OCI image-spec v1.1, image-layout.md; the tar that `docker save` writes.
 */
int sp_image_load(struct sp_image_store *s, struct sp_arena *a, const char *path, const char *name,
		  struct sp_image_loaded **ret, uint32_t *n, sp_image_progress_fn progress,
		  void *arg, struct sp_error *err);

/** sp_image_save() - Write images as one OCI layout tar to @fd; readable by sidepod, skopeo, podman
 * and docker */
int sp_image_save(struct sp_image_store *s, const char *const *refs, uint32_t n, int fd,
		  struct sp_error *err);

#endif
