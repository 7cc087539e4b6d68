/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing JSON into a buffer, member by member. Braces and brackets are the caller's; commas come
 * by themselves: there is one in front of everything that does not stand behind an opening one.
 */
#ifndef SP_BASE_JSON_H
#define SP_BASE_JSON_H

#include "base/buf.h"

/** sp_json_next() - Separate the next element from what stands before it */
void sp_json_next(struct sp_buf *b);

/** sp_json_key() - Separate, then `"key":` */
void sp_json_key(struct sp_buf *b, const char *key);

/** sp_json_str() - A string member; nothing at all when @value is NULL */
void sp_json_str(struct sp_buf *b, const char *key, const char *value);
void sp_json_int(struct sp_buf *b, const char *key, int64_t value);
void sp_json_bool(struct sp_buf *b, const char *key, bool value);
/** sp_json_strs() - A list of strings */
void sp_json_strs(struct sp_buf *b, const char *key, const char *const *v, uint32_t n);

#endif
