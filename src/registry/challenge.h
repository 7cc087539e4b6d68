/* SPDX-License-Identifier: Apache-2.0 */
/* What a registry's 401 asks for: the WWW-Authenticate header. Pure. */
#ifndef SP_REGISTRY_CHALLENGE_H
#define SP_REGISTRY_CHALLENGE_H

#include "base/arena.h"

struct sp_challenge {
	bool basic, bearer;
	const char *realm, *service, *scope; /* of bearer; NULL when absent */
};

/**
 * sp_challenge_parse() - Add what one WWW-Authenticate value offers
 * @ret: zero, or what earlier values of the same answer offered; texts are in @a
 *
 * Schemes other than Basic and Bearer are skipped. Return: 0, or -1 when the text is malformed or
 * memory ran out; what was understood before stays.
 * Source: RFC 9110, section 11.6.1; distribution, "Token Authentication Specification".
 */
int sp_challenge_parse(struct sp_arena *a, const char *value, struct sp_challenge *ret);

#endif
