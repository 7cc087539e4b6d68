/* SPDX-License-Identifier: Apache-2.0 */
/* Compressing one finished file, for rotated logs. */
#ifndef SP_IMAGE_COMPRESS_H
#define SP_IMAGE_COMPRESS_H

#include "base/error.h"

/**
 * sp_compress_file() - Put <name>.gz in the place of a file
 * @dir_fd: its directory; @name: in there
 *
 * The new file appears when it is complete, and only then the old one goes. A file that is removed
 * meanwhile is not brought back.
 */
int sp_compress_file(int dir_fd, const char *name, struct sp_error *err);

#endif
