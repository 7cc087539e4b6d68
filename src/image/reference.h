/* SPDX-License-Identifier: Apache-2.0 */
/* Image references: "nginx" → docker.io/library/nginx:latest. Pure. */
#ifndef SP_IMAGE_REFERENCE_H
#define SP_IMAGE_REFERENCE_H

#include "base/arena.h"
#include "base/error.h"

#define SP_REFERENCE_MAX 512

struct sp_reference {
	const char *host;       /* "docker.io", "localhost:5000" */
	const char *repo;       /* "library/nginx" */
	const char *tag;        /* "latest"; NULL with a digest and no tag */
	const char *digest;     /* "sha256:…"; NULL none */
	const char *full;       /* normalised text: host/repo[:tag][@digest] */
	const char *short_name; /* the repository as written when no host was; NULL otherwise */
};

/**
 * sp_reference_parse() - Check and complete a reference
 *
 * Errors: SP_E_INVALID with the text that InvalidImageName shows.
 * Source: distribution reference grammar; the Docker Hub short forms.
 */
int sp_reference_parse(struct sp_arena *a, const char *text, struct sp_reference *ret,
		       struct sp_error *err);

/** sp_digest_valid() - "sha256:" and 64 lower-case hex digits */
bool sp_digest_valid(const char *s);

#endif
