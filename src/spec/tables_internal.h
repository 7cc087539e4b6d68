/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the tables are written. Each file defines S, the struct of types.h that the rows below it
 * fill, and then one array per type:
 *
 *	STR(member, "nameInTheApi", "What it does." DEF("default") VALUES("a, b") WHERE("init"))
 *
 * NO_*: known, not acted on. INFO_*: known, changes nothing. MINOR(n) at the end of a row: first
 * release.
 */
#ifndef SP_SPEC_TABLES_INTERNAL_H
#define SP_SPEC_TABLES_INTERNAL_H

#include "spec/tables.h"

/* Parts of a text follow each other, each ended by NUL, the last one by two. */
#define TEXT(name, doc) name "\0" doc "\0"
#define DEF(s)          "\0d" s
#define VALUES(s)       "\0v" s
#define WHERE(s)        "\0w" s
#define MINOR(n)        .minor = (n)

#define ROW(k, member, name, doc, ...)                                                             \
	{                                                                                          \
		.text = TEXT(name, doc), .offset = offsetof(struct S, member), .kind = SP_F_##k,   \
		##__VA_ARGS__                                                                      \
	}
#define OTHER(k, a, name, doc, ...)                                                                \
	{                                                                                          \
		.text = TEXT(name, doc), .kind = SP_F_##k, .act = (a), ##__VA_ARGS__               \
	}

#define STR(...)        ROW(STR, __VA_ARGS__)
#define INT32(...)      ROW(INT32, __VA_ARGS__)
#define INT64(...)      ROW(INT64, __VA_ARGS__)
#define BOOL(...)       ROW(BOOL, __VA_ARGS__)
#define INT_OR_STR(...) ROW(INT_OR_STR, __VA_ARGS__)
#define QUANTITY(...)   ROW(QUANTITY, __VA_ARGS__)
#define TIME(...)       ROW(TIME, __VA_ARGS__)
#define STRS(...)       ROW(STRS, __VA_ARGS__)
#define INTS(...)       ROW(INTS, __VA_ARGS__)
#define MAP(...)        ROW(MAP, __VA_ARGS__)
#define BYTES_MAP(...)  ROW(BYTES_MAP, __VA_ARGS__)
#define RES(...)        ROW(RES, __VA_ARGS__)
#define OBJ(t, ...)     ROW(OBJ, __VA_ARGS__, .type = SP_T_##t)
#define OBJS(t, ...)    ROW(OBJS, __VA_ARGS__, .type = SP_T_##t)

#define NO(k, ...)      OTHER(k, SP_ACT_NO, __VA_ARGS__)
#define NO_OBJ(t, ...)  OTHER(OBJ, SP_ACT_NO, __VA_ARGS__, .type = SP_T_##t)
#define NO_OBJS(t, ...) OTHER(OBJS, SP_ACT_NO, __VA_ARGS__, .type = SP_T_##t)

#define TREE(k, ...)      OTHER(k, SP_ACT_TREE, __VA_ARGS__)
#define TREE_OBJS(t, ...) OTHER(OBJS, SP_ACT_TREE, __VA_ARGS__, .type = SP_T_##t)

#define INFO(k, ...)      OTHER(k, SP_ACT_INFO, __VA_ARGS__)
#define INFO_OBJ(t, ...)  OTHER(OBJ, SP_ACT_INFO, __VA_ARGS__, .type = SP_T_##t)
#define INFO_OBJS(t, ...) OTHER(OBJS, SP_ACT_INFO, __VA_ARGS__, .type = SP_T_##t)

#define END                                                                                        \
	{                                                                                          \
		.text = NULL                                                                       \
	}

#define SP_TYPE_EXTERN(id, name, fields, size) extern const struct sp_field sp_fields_##fields[];
SP_TYPE_LIST(SP_TYPE_EXTERN)
#undef SP_TYPE_EXTERN

#endif
