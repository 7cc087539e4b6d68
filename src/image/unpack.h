/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One layer archive becomes one directory in the form that overlayfs reads: whiteouts are 0/0
 * character devices, opaque directories carry an attribute.
 * Source: OCI image-spec v1.1, layer.md ("Whiteouts", "Opaque Whiteout"); kernel, overlayfs.rst.
 */
#ifndef SP_IMAGE_UNPACK_H
#define SP_IMAGE_UNPACK_H

#include "base/error.h"

/* Most files and bytes of one layer; a bomb meets these before the disk is full. */
#define SP_LAYER_FILES_MAX (4u * 1000 * 1000)
#define SP_LAYER_BYTES_MAX (64ull << 30)

struct sp_unpack_stats {
	uint64_t files, bytes;
	uint64_t skipped_devices; /* device nodes are not made: /dev of a container is built by the
				     engine */
};

/**
 * sp_layer_unpack() - Unpack a layer below an empty directory
 * @dir_fd:    directory; nothing outside it is touched (image/confine.h)
 * @blob_fd:   tar, plain or compressed (gzip, zstd, xz, bzip2), read from its current offset to the
 * end
 * @want_diff_id: digest of the uncompressed bytes; NULL: not checked
 * @diff_id:   receives the digest found (SP_DIGEST_SIZE bytes)
 * @err:       SP_E_CORRUPT on a digest or archive fault, SP_E_NO_SPACE, SP_E_IO
 *
 * Return: 0, or -1. On failure the directory holds a partial layer; discard it.
 */
int sp_layer_unpack(int dir_fd, int blob_fd, const char *want_diff_id, char *diff_id,
		    struct sp_unpack_stats *stats, struct sp_error *err);

#endif
