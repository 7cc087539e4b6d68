/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Edits at places that the bytes choose, in any YAML: they are done or refused, and nothing asked
 * is nothing done. That what is done reads back as it should is checked by the editor itself.
 */
#include "spec/edit.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A node of the tree, chosen by one byte per level. */
static struct sp_node *pick(struct sp_node *n, const uint8_t *b, size_t len, size_t *used)
{
	while (*used < len && n->n && b[*used] % 5 != 0) {
		uint32_t i = b[(*used)++] % n->n;

		n = n->kind == SP_NODE_MAP ? n->pairs[i].value : n->items[i];
	}
	return n;
}

static void one_edit(struct sp_edits *e, struct sp_node *n, uint8_t what, struct sp_node *value)
{
	struct sp_error err;
	const struct sp_node *made;

	if (n->kind == SP_NODE_MAP) {
		const char *key = n->n ? n->pairs[what % n->n].key : "k";

		if (what % 4 == 0)
			(void)sp_edit_set(e, n, key, value, NULL, &err);
		else if (what % 4 == 1)
			(void)sp_edit_set(e, n, "new", value, key, &err);
		else if (what % 4 == 2)
			(void)sp_edit_remove(e, n, key, &err);
		else if (sp_edit_new_list(e, n, "made", key, &made, &err) == 0)
			(void)sp_edit_insert_item(e, made, 0, value, &err);
	} else if (n->kind == SP_NODE_LIST) {
		if (what % 3 == 0)
			(void)sp_edit_insert_item(e, n, what / 3, value, &err);
		else if (what % 3 == 1)
			(void)sp_edit_remove_item(e, n, what / 3, &err);
		else
			(void)sp_edit_move_item(e, n, what / 3, n, what / 16, &err);
	} else {
		(void)sp_edit_scalar(e, n, value, &err);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sp_arena arena = {0};
	size_t n_ops = size ? data[0] % 24 : 0, used = 0;
	struct sp_source src;
	struct sp_edits e;
	struct sp_diags diags;
	struct sp_node **docs, *values[3];
	struct sp_buf out = {0};
	struct sp_error err;
	uint32_t n;

	if (size < n_ops + 1)
		return 0;
	src = (struct sp_source){"fuzz", (const char *)data + 1 + n_ops, size - 1 - n_ops};
	sp_diags_init(&diags, &arena);
	sp_edits_init(&e, &arena, &src);
	if (sp_edits_apply(&e, &out, &err) < 0 || out.len != src.len ||
	    (src.len && memcmp(out.ptr, src.bytes, src.len) != 0))
		__builtin_trap();
	values[0] = sp_node_new_str(&arena, "a: b #c");
	values[1] = sp_node_new_int(&arena, 7);
	values[2] = sp_node_new(&arena, SP_NODE_MAP);
	if (sp_node_set(&arena, values[2], "x", values[0]) < 0)
		__builtin_trap();
	if (sp_yaml_parse(&arena, &src, &diags, &docs, &n) == 0 && n) {
		while (used < n_ops) {
			struct sp_node *at = pick(docs[data[1 + used] % n], data + 1, n_ops, &used);
			uint8_t what = used < n_ops ? data[1 + used++] : 0;

			one_edit(&e, at, what,
				 at->kind == SP_NODE_LIST || at->kind == SP_NODE_MAP
					 ? values[what % 3]
					 : values[what % 2]);
		}
		sp_buf_clear(&out);
		if (sp_edits_apply(&e, &out, &err) < 0 && err.code != SP_E_UNSUPPORTED)
			__builtin_trap();
	}
	sp_buf_done(&out);
	sp_arena_done(&arena);
	return 0;
}
