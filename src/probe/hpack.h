/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HPACK, the decoding side: header blocks of HTTP/2 into names and values, with the static and a
 * dynamic table and Huffman-coded strings. Fixed memory, no allocation, no system calls.
 * Source: RFC 7541.
 */
#ifndef SP_PROBE_HPACK_H
#define SP_PROBE_HPACK_H

#include "base/buf.h"

#define SP_HPACK_TABLE   4096  /* what a peer may use before we say otherwise, and we never do */
#define SP_HPACK_BLOCK   16384 /* longest header block that is taken */
#define SP_HPACK_ENTRIES (SP_HPACK_TABLE / 32) /* each counts its bytes plus 32 */

/* Zero is not ready: sp_hpack_init(). */
struct sp_hpack {
	/* dynamic table, newest first; names and values one behind the other */
	uint16_t name_len[SP_HPACK_ENTRIES], value_len[SP_HPACK_ENTRIES];
	uint8_t bytes[SP_HPACK_TABLE];
	size_t n, n_bytes;
	size_t max; /* as last set by the peer */
	/* strings of the field being decoded; a Huffman code has 5 bits at least */
	char scratch[SP_HPACK_TABLE + SP_HPACK_BLOCK * 8 / 5 + 1];
	size_t n_scratch;
};

/* Called per field, in order; both views are valid for the call. */
typedef void sp_hpack_field(void *arg, struct sp_str name, struct sp_str value);

void sp_hpack_init(struct sp_hpack *h);

/** sp_hpack_decode() - One complete header block. Return: 0, -1 malformed or too long: the
 * connection is of no use then */
int sp_hpack_decode(struct sp_hpack *h, const uint8_t *block, size_t len, sp_hpack_field *fn,
		    void *arg);

/** sp_hpack_literal() - Encode one field in the plainest way: not indexed, not Huffman-coded */
void sp_hpack_literal(struct sp_buf *out, const char *name, const char *value);

#endif
