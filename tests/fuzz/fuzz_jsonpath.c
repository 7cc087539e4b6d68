/* SPDX-License-Identifier: Apache-2.0 */
/* Any text as a jsonpath template: an answer or an error, never a long time. */
#include "cli/jsonpath.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char doc[] = "{\"a\":[{\"b\":1,\"c\":\"x\"},{\"b\":[1,2,3],\"c\":\"y\"}],"
				  "\"d\":{\"e.f\":null,\"g\":true}}";
	struct sp_arena a = {0};
	struct sp_buf out = {0};
	struct sp_node *root;
	struct sp_error err;
	char text[512];

	if (size >= sizeof(text))
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	if (sp_node_from_json(&a, doc, sizeof(doc) - 1, &root, &err) < 0)
		__builtin_trap();
	if (sp_jsonpath(text, root, &out, &err) < 0 && err.code != SP_E_INVALID)
		__builtin_trap();
	sp_buf_done(&out);
	sp_arena_done(&a);
	return 0;
}
