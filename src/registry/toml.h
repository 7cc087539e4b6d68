/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A strict reader for the part of TOML that configuration files of containers use: tables, arrays
 * of tables, strings, booleans, integers, arrays. It calls back for each thing it meets and keeps
 * nothing. What it does not know (dates, floats, inline tables) is an error with a line number.
 * Pure.
 */
#ifndef SP_REGISTRY_TOML_H
#define SP_REGISTRY_TOML_H

#include "base/arena.h"
#include "base/error.h"

enum sp_toml_kind { SP_TOML_TABLE, SP_TOML_STRING, SP_TOML_BOOL, SP_TOML_INT, SP_TOML_ARRAY };

struct sp_toml_event {
	enum sp_toml_kind kind;
	const char *table; /* "registry.mirror"; "" at the top. For TABLE: the one that begins */
	bool repeated;     /* TABLE: of an array of tables */
	const char *key;   /* "location"; NULL for TABLE */
	const char *text;  /* STRING, also each string of an array */
	bool element;      /* it is an element of the array `key` */
	int64_t number;    /* BOOL 0 or 1, INT */
	uint32_t line;
};

/* Return: 0, or -1 and *err to stop. */
typedef int (*sp_toml_fn)(void *arg, const struct sp_toml_event *ev, struct sp_error *err);

/**
 * sp_toml_read() - Read a whole document
 *
 * An array is told as ARRAY when it begins, then element by element. Texts are in @a.
 * @err: SP_E_INVALID, "line 12: …". Source: TOML v1.0.0.
 */
int sp_toml_read(struct sp_arena *a, const char *text, size_t len, sp_toml_fn fn, void *arg,
		 struct sp_error *err);

#endif
