/* SPDX-License-Identifier: Apache-2.0 */
/* A command line, one word per line: a command with its flags, or a sentence that says what is
 * wrong. Each word also as a published port. */
#include "cli/cli_internal.h"
#include "cli/launch.h"

#include <stdlib.h>

#define WORDS_MAX 32

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *no_env(const char *name)
{
	return NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sp_cli cli = {.env = no_env, .arena = {.limit_bytes = 16u << 20}};
	char *words[WORDS_MAX + 1] = {NULL}, *text;
	struct sp_parsed parsed;
	struct sp_error err = {0};
	int n = 0;

	text = sp_arena_strndup(&cli.arena, (const char *)data, size);
	for (char *next = text; next && n < WORDS_MAX;) {
		struct sp_net_port port;
		char *word = strsep(&next, "\n");

		words[n++] = word;
		if (sp_publish_parse(word, &port, &err) == 0)
			assert(port.host_port && port.ctr_port);
	}
	err = (struct sp_error){0};
	if (sp_cli_parse(&cli, sp_commands, n, words, &parsed, &err) == 0)
		assert(parsed.argc >= 0 && parsed.argc <= n);
	else
		assert(err.text[0]);
	sp_arena_done(&cli.arena);
	return 0;
}
