/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who we are to a registry. First byte: a WWW-Authenticate header, a file of credentials, the
 * answer of a credential helper, or a pull secret among others.
 */
#include "registry/auth.h"
#include "registry/challenge.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_file(struct sp_arena *a, const char *text, size_t len)
{
	struct sp_auth_entry e;
	struct sp_error err;

	if (sp_auth_parse(a, text, len, "q.io", "team/app", &e, &err) < 0)
		return;
	assert(!e.helper || (*e.helper && !strchr(e.helper, '/')));
	assert(!e.found || e.credential.user || e.credential.identity_token);
}

static void read_answer(struct sp_arena *a, const char *text, size_t len)
{
	struct sp_credential c;
	struct sp_error err;

	if (sp_auth_answer(a, text, len, &c, &err) == 0)
		assert(c.identity_token ? !c.user && !c.password : c.user && c.password);
}

static const char *no_file(const char *name)
{
	return sp_streq(name, "REGISTRY_AUTH_FILE") ? "/dev/null/none" : NULL;
}

static void read_secret(struct sp_arena *a, const char *text)
{
	const struct sp_auth_secret secrets[] = {
		{"fuzzed", text},
		{"fine", "{\"auths\":{\"q.io\":{\"auth\":\"dTpw\"}}}"},
		{"again", text},
	};
	const struct sp_auth_sources src = {no_file, secrets, SP_ARRAY_LEN(secrets)};
	struct sp_credentials all;
	struct sp_error err;
	bool fine = false;

	if (sp_auth_find(a, &src, "q.io", "team/app", &all, NULL, NULL, &err) < 0)
		return;
	for (uint32_t i = 0; i < all.n; i++) {
		assert(all.v[i].user || all.v[i].identity_token);
		assert(!i || all.v[i].covers <= all.v[i - 1].covers);
		fine |= sp_streq(all.v[i].from, "fine");
	}
	assert(fine); /* whatever the others hold */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sp_arena a = {.limit_bytes = 16u << 20};
	struct sp_challenge ch = {0};
	char *text;

	if (size == 0)
		return 0;
	text = sp_arena_strndup(&a, (const char *)data + 1, size - 1);
	if (text && data[0] % 4 == 1)
		(void)sp_challenge_parse(&a, text, &ch); /* any answer is right */
	else if (text && data[0] % 4 == 0)
		read_file(&a, text, size - 1);
	else if (text && data[0] % 4 == 2)
		read_answer(&a, text, size - 1);
	else if (text)
		read_secret(&a, text);
	sp_arena_done(&a);
	return 0;
}
