/* SPDX-License-Identifier: Apache-2.0 */
/* Compressing one finished file, and reading it again, for rotated logs. */
#ifndef SP_IMAGE_COMPRESS_H
#define SP_IMAGE_COMPRESS_H

#include "base/error.h"

/**
 * sp_compress_file() - Put <name>.gz in the place of a file
 * @dir_fd: its directory; @name: in there
 *
 * The new file appears when it is complete, with the time of the old one, and only then the old one
 * goes. A file that is removed meanwhile is not brought back.
 */
int sp_compress_file(int dir_fd, const char *name, struct sp_error *err);

/** sp_decompress_file() - Write the content of a file that sp_compress_file() made to @out_fd */
int sp_decompress_file(int dir_fd, const char *name, int out_fd, struct sp_error *err);

#endif
