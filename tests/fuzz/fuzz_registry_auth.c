/* SPDX-License-Identifier: Apache-2.0 */
/* First byte odd: a WWW-Authenticate header; even: a file of credentials. */
#include "registry/auth.h"
#include "registry/challenge.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sp_arena a = {.limit_bytes = 16u << 20};
	struct sp_challenge ch = {0};
	struct sp_auth_entry e;
	struct sp_error err;
	char *text;

	if (size == 0)
		return 0;
	text = sp_arena_strndup(&a, (const char *)data + 1, size - 1);
	if (text && data[0] % 2)
		(void)sp_challenge_parse(&a, text, &ch); /* any answer is right */
	else if (text && sp_auth_parse(&a, text, size - 1, "q.io", "team/app", &e, &err) == 0 &&
		 e.helper)
		assert(!strchr(e.helper, '/') && *e.helper);
	sp_arena_done(&a);
	return 0;
}
