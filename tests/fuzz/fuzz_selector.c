/* SPDX-License-Identifier: Apache-2.0 */
/* A selector of --selector, over labels of a pod. */
#include "cli/pods.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char labels[] = "{\"app\":\"web\",\"tier\":\"\",\"a.b/c\":\"x\"}";
	struct sp_arena a = {.limit_bytes = 4u << 20};
	struct sp_node *doc;
	struct sp_error err;
	char *text = sp_arena_strndup(&a, (const char *)data, size);

	if (text && sp_node_from_json(&a, labels, sizeof(labels) - 1, &doc, &err) == 0) {
		int r = sp_labels_match(text, doc, &err);

		assert(r >= -1 && r <= 1);
	}
	sp_arena_done(&a);
	return 0;
}
