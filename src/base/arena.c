/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define BLOCK_MIN_BYTES (8 * 1024)
#define BLOCK_MAX_BYTES (1024 * 1024)
#define ALIGN           16

struct sp_arena_block {
	struct sp_arena_block *next;
	size_t size, used;
	_Alignas(ALIGN) unsigned char data[];
};

void sp_arena_done(struct sp_arena *a)
{
	struct sp_arena_block *b = a->blocks, *next;

	for (; b; b = next) {
		next = b->next;
		free(b);
	}
	a->blocks = NULL;
	a->used_bytes = 0;
}

void *sp_arena_alloc(struct sp_arena *a, size_t size)
{
	struct sp_arena_block *b = a->blocks;
	size_t want;
	void *p;

	if (__builtin_add_overflow(size, (size_t)(ALIGN - 1), &want))
		return NULL;
	want &= ~(size_t)(ALIGN - 1);
	if (want == 0)
		want = ALIGN;
	if (a->limit_bytes && (want > a->limit_bytes || a->used_bytes > a->limit_bytes - want))
		return NULL;
	if (!b || b->size - b->used < want) {
		/* grow with the arena: few blocks for big inputs, little waste for small ones */
		size_t n = b ? SP_MIN(b->size * 2, (size_t)BLOCK_MAX_BYTES) : BLOCK_MIN_BYTES;

		n = SP_MAX(n, want);
		if (n > SIZE_MAX - sizeof(*b))
			return NULL;
		b = malloc(sizeof(*b) + n);
		if (!b)
			return NULL;
		b->size = n;
		b->used = 0;
		b->next = a->blocks;
		a->blocks = b;
	}
	p = b->data + b->used;
	b->used += want;
	a->used_bytes += want;
	return memset(p, 0, want);
}

void *sp_arena_array(struct sp_arena *a, size_t n, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(n, size, &bytes))
		return NULL;
	return sp_arena_alloc(a, bytes);
}

char *sp_arena_strndup(struct sp_arena *a, const char *s, size_t n)
{
	char *p = n < SIZE_MAX ? sp_arena_alloc(a, n + 1) : NULL;

	if (p && n)
		memcpy(p, s, n);
	return p;
}

char *sp_arena_strdup(struct sp_arena *a, const char *s)
{
	return s ? sp_arena_strndup(a, s, strlen(s)) : NULL;
}

char *sp_arena_printf(struct sp_arena *a, const char *fmt, ...)
{
	va_list ap;
	char *p;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		return NULL;
	p = sp_arena_alloc(a, (size_t)n + 1);
	if (!p)
		return NULL;
	va_start(ap, fmt);
	(void)vsnprintf(p, (size_t)n + 1, fmt, ap); /* measured just above */
	va_end(ap);
	return p;
}
