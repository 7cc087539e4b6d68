/* SPDX-License-Identifier: Apache-2.0 */
/* Reading and writing small texts: numbers, UTF-8, durations, wall-clock times, near words. */
#ifndef SP_TEXT_H
#define SP_TEXT_H

#include "base/buf.h"

/** sp_parse_i64() - Whole string is a decimal integer in [min, max]. Return: 0, -1 (not a number),
 * -2 (out of range) */
int sp_parse_i64(const char *s, int64_t min, int64_t max, int64_t *ret);

/** sp_parse_go_duration() - "1h2m3.5s", "300ms"; units h m s ms us ns. Return: 0 or -1 */
int sp_parse_go_duration(const char *s, sp_time *ret);

/** sp_base64_encode() - Standard alphabet with padding, one line */
void sp_base64_encode(const char *bytes, size_t len, struct sp_buf *b);

/** sp_base64_size() - Room that decoding @len characters may need */
size_t sp_base64_size(size_t len);

/** sp_base64_decode() - Standard alphabet with padding; line breaks are skipped. Return: 0 or -1 */
int sp_base64_decode(const char *s, size_t len, char *ret, size_t *ret_len);

/** sp_hex_encode() - Two small digits per byte */
void sp_hex_encode(const void *bytes, size_t len, struct sp_buf *b);

/** sp_hex_decode() - The inverse; @ret has room for half of the @len characters. Return: 0 or -1 */
int sp_hex_decode(const char *s, size_t len, void *ret);

/** sp_utf8_len() - Bytes of the valid UTF-8 sequence at @s (at most @n available), 0 when it is not
 * valid */
size_t sp_utf8_len(const char *s, size_t n);

/** sp_utf8_columns() - Terminal columns of @s: one per code point, two for East Asian wide ones,
 * none for combining marks */
size_t sp_utf8_columns(const char *s);

/**
 * sp_cut_text() - Add @text; where it is wider than @cols columns @ellipsis (one column) stands for
 * its middle, because names mostly differ at their ends
 *
 * Return: columns added, at most @cols.
 */
size_t sp_cut_text(struct sp_buf *out, const char *text, size_t cols, const char *ellipsis);

/** sp_edit_distance() - Damerau-Levenshtein distance, capped at @cap + 1; letters' case ignored */
unsigned sp_edit_distance(const char *a, const char *b, unsigned cap);

/** sp_nearest() - Closest of @n words to @word within @cap edits. Return: the word, or NULL */
const char *sp_nearest(const char *word, const char *const *words, size_t n, unsigned cap);

/* Of the made-up endings of names: no vowels, no look-alikes. */
#define SP_NAME_ALPHABET "bcdfghjklmnpqrstvwxz2456789"

#define SP_UID_SIZE 37
/** sp_format_uid() - 16 bytes of chance as a version 4 UUID (RFC 4122) */
void sp_format_uid(const uint8_t chance[16], char ret[SP_UID_SIZE]);

/** sp_format_go_duration() - Go notation without fraction of zero: "10s", "1m20s", "5m0s", "1.5s",
 * "250ms" */
void sp_format_go_duration(struct sp_buf *b, sp_time t);

/** sp_format_age() - Short human form of kubectl: "45s", "3m12s", "5h3m", "2d4h" */
void sp_format_age(struct sp_buf *b, sp_time t);

/** sp_format_elapsed() - For people: "0.31s"-like; milliseconds below 10 s, then one decimal:
 * "12ms", "9.8s", "2m05s" */
void sp_format_elapsed(struct sp_buf *b, sp_time t);

/** sp_format_rfc3339() - @wall_ns since 1970 in UTC, with @digits (0, 3, 6 or 9) of fraction and
 * "Z" */
void sp_format_rfc3339(struct sp_buf *b, int64_t wall_ns, int digits);

/** sp_parse_rfc3339() - Inverse of the above; offsets are honoured. Return: 0 or -1 */
int sp_parse_rfc3339(const char *s, int64_t *ret_wall_ns);

#endif
