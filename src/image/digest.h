/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256 of streams, by libcrypto (it has the CPU's instructions). */
#ifndef SP_IMAGE_DIGEST_H
#define SP_IMAGE_DIGEST_H

#include "base/error.h"

#define SP_DIGEST_SIZE 72 /* "sha256:" + 64 hex + NUL */

struct sp_sha256; /* heap; one running hash */

/** sp_sha256_new() - Return: NULL when memory ran out */
struct sp_sha256 *sp_sha256_new(void);
void sp_sha256_add(struct sp_sha256 *h, const void *bytes, size_t n);
/** sp_sha256_text() - End the hash; "sha256:…" into @ret */
void sp_sha256_text(struct sp_sha256 *h, char ret[static SP_DIGEST_SIZE]);
struct sp_sha256 *sp_sha256_free(struct sp_sha256 *h);
static inline void sp_sha256_freep(struct sp_sha256 **h)
{
	*h = sp_sha256_free(*h);
}

/** sp_sha256_bytes() - Of a block in memory */
int sp_sha256_bytes(const void *bytes, size_t n, char ret[static SP_DIGEST_SIZE]);

#endif
