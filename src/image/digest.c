/* SPDX-License-Identifier: Apache-2.0 */
#include "image/digest.h"

#include <openssl/evp.h>
#include <stdlib.h>

struct sp_sha256 {
	EVP_MD_CTX *md;
};

struct sp_sha256 *sp_sha256_new(void)
{
	struct sp_sha256 *h = calloc(1, sizeof(*h));

	if (!h)
		return NULL;
	h->md = EVP_MD_CTX_new();
	if (!h->md || EVP_DigestInit_ex(h->md, EVP_sha256(), NULL) != 1)
		return sp_sha256_free(h);
	return h;
}

void sp_sha256_add(struct sp_sha256 *h, const void *bytes, size_t n)
{
	int ok = EVP_DigestUpdate(h->md, bytes, n);

	assert(ok == 1); /* fails on misuse only */
}

void sp_sha256_text(struct sp_sha256 *h, char ret[static SP_DIGEST_SIZE])
{
	static const char hex[] = "0123456789abcdef";
	unsigned char md[32];
	unsigned n = 0;
	int ok = EVP_DigestFinal_ex(h->md, md, &n);

	assert(ok == 1 && n == sizeof(md));
	memcpy(ret, "sha256:", 7);
	for (size_t i = 0; i < sizeof(md); i++) {
		ret[7 + 2 * i] = hex[md[i] >> 4];
		ret[8 + 2 * i] = hex[md[i] & 15];
	}
	ret[SP_DIGEST_SIZE - 1] = '\0';
}

struct sp_sha256 *sp_sha256_free(struct sp_sha256 *h)
{
	if (h) {
		EVP_MD_CTX_free(h->md);
		free(h);
	}
	return NULL;
}

int sp_sha256_bytes(const void *bytes, size_t n, char ret[static SP_DIGEST_SIZE])
{
	SP_CLEANUP(sp_sha256_freep) struct sp_sha256 *h = sp_sha256_new();

	if (!h)
		return -1;
	sp_sha256_add(h, bytes, n);
	sp_sha256_text(h, ret);
	return 0;
}
