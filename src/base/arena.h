/* SPDX-License-Identifier: Apache-2.0 */
/* Memory for one request or one parse: many allocations, freed as a whole. */
#ifndef SP_ARENA_H
#define SP_ARENA_H

#include "base/base.h"

struct sp_arena_block;

/* Zero is an empty arena without a limit. */
struct sp_arena {
	struct sp_arena_block *blocks;
	size_t used_bytes;  /* handed out so far */
	size_t limit_bytes; /* 0: none. An allocation beyond it fails */
};

/** sp_arena_done() - Free everything; the arena is empty and usable again */
void sp_arena_done(struct sp_arena *a);

/** sp_arena_alloc() - Zeroed, 16-byte aligned. Return: NULL over the limit or out of memory */
void *sp_arena_alloc(struct sp_arena *a, size_t size) __attribute__((malloc, alloc_size(2)));

/** sp_arena_array() - Like sp_arena_alloc() for @n elements; checks the product */
void *sp_arena_array(struct sp_arena *a, size_t n, size_t size);

/** sp_arena_strdup() - Copy; NULL in, NULL out */
char *sp_arena_strdup(struct sp_arena *a, const char *s);

/** sp_arena_strndup() - Copy @n bytes and end them with NUL */
char *sp_arena_strndup(struct sp_arena *a, const char *s, size_t n);

/** sp_arena_printf() - Formatted copy. Return: NULL when memory ran out */
char *sp_arena_printf(struct sp_arena *a, const char *fmt, ...) SP_PRINTF(2, 3);

#endif
