/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as YAML: the limits hold; what can be read prints as JSON and as YAML that read as the
 * same tree; every finding can be shown.
 */
#include "spec/load.h"

#include <stdint.h>

#define ARENA_MAX_BYTES (64u * 1024 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_same(struct sp_arena *a, const struct sp_node *n, const struct sp_buf *text)
{
	struct sp_source src = {"again", text->ptr, text->len};
	struct sp_diags diags;
	struct sp_node **docs;
	uint32_t n_docs;

	assert(!text->failed);
	sp_diags_init(&diags, a);
	if (sp_yaml_parse(a, &src, &diags, &docs, &n_docs) < 0)
		__builtin_trap();
	if (n_docs != 1 || !sp_node_equal(docs[0], n))
		__builtin_trap();
}

/* Numbers that JSON cannot write, and texts that are no UTF-8 (from !!binary), change on the way.
 */
static bool survives(const struct sp_node *n)
{
	if (n->kind == SP_NODE_FLOAT)
		return n->f - n->f == 0;
	for (size_t i = 0; n->kind == SP_NODE_STR && i < n->len; i++)
		if ((unsigned char)n->text[i] >= 0x7f)
			return false;
	for (uint32_t i = 0; n->kind == SP_NODE_LIST && i < n->n; i++)
		if (!survives(n->items[i]))
			return false;
	for (uint32_t i = 0; n->kind == SP_NODE_MAP && i < n->n; i++) {
		for (const char *k = n->pairs[i].key; *k; k++)
			if ((unsigned char)*k >= 0x7f)
				return false;
		/* longer keys need "? " in front, which manifests do not have */
		if (strlen(n->pairs[i].key) > 100 || !survives(n->pairs[i].value))
			return false;
	}
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sp_arena arena = {0};
	struct sp_source src = {"fuzz", (const char *)data, size};
	struct sp_diags diags;
	struct sp_node **docs;
	struct sp_buf b = {0};
	uint32_t n;

	sp_diags_init(&diags, &arena);
	if (sp_yaml_parse(&arena, &src, &diags, &docs, &n) < 0 && diags.n_errors == 0)
		__builtin_trap();
	if (arena.used_bytes > ARENA_MAX_BYTES)
		__builtin_trap();
	for (uint32_t i = 0; i < diags.n; i++) {
		sp_buf_clear(&b);
		sp_diag_print(&diags.v[i], src.bytes, src.len, i % 2, i % 3 == 0, &b);
	}
	for (uint32_t i = 0; i < n && n < 10; i++) {
		if (!survives(docs[i]))
			continue;
		sp_buf_clear(&b);
		sp_node_yaml(docs[i], &b);
		check_same(&arena, docs[i], &b);
		sp_buf_clear(&b);
		sp_node_json(docs[i], -1, &b);
		check_same(&arena, docs[i], &b);
	}
	sp_buf_done(&b);
	sp_arena_done(&arena);
	return 0;
}
