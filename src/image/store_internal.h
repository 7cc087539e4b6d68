/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of the image store share: names of files in it, and removing trees. */
#ifndef SP_IMAGE_STORE_INTERNAL_H
#define SP_IMAGE_STORE_INTERNAL_H

#include "image/store.h"

#include <dirent.h>

#define SP_HEX_LEN    64
#define SP_STORE_NAME 160 /* longest file name of the store, with NUL */

static inline const char *sp_hex_of(const char *digest)
{
	return digest + strlen("sha256:");
}

/** sp_store_list_dir() - A reader of its own: a duplicated descriptor would share the position */
DIR *sp_store_list_dir(int fd);

/** sp_store_ref_file() - File name of a reference: readable, made unique by a hash of all of it */
void sp_store_ref_file(const char *ref, char name[static SP_STORE_NAME]);

/** sp_store_layer_mark() - Name of the file that says that a layer is complete */
void sp_store_layer_mark(const char *diff_id, char name[static SP_STORE_NAME]);
bool sp_store_layer_complete(const struct sp_image_store *s, const char *diff_id);

#endif
