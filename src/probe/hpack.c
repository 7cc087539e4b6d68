/* SPDX-License-Identifier: Apache-2.0 */
#include "probe/hpack.h"

static const struct {
	const char *name, *value;
} static_table[] = {
	/* RFC 7541, appendix A; the first has index 1 */
	{":authority", ""},
	{":method", "GET"},
	{":method", "POST"},
	{":path", "/"},
	{":path", "/index.html"},
	{":scheme", "http"},
	{":scheme", "https"},
	{":status", "200"},
	{":status", "204"},
	{":status", "206"},
	{":status", "304"},
	{":status", "400"},
	{":status", "404"},
	{":status", "500"},
	{"accept-charset", ""},
	{"accept-encoding", "gzip, deflate"},
	{"accept-language", ""},
	{"accept-ranges", ""},
	{"accept", ""},
	{"access-control-allow-origin", ""},
	{"age", ""},
	{"allow", ""},
	{"authorization", ""},
	{"cache-control", ""},
	{"content-disposition", ""},
	{"content-encoding", ""},
	{"content-language", ""},
	{"content-length", ""},
	{"content-location", ""},
	{"content-range", ""},
	{"content-type", ""},
	{"cookie", ""},
	{"date", ""},
	{"etag", ""},
	{"expect", ""},
	{"expires", ""},
	{"from", ""},
	{"host", ""},
	{"if-match", ""},
	{"if-modified-since", ""},
	{"if-none-match", ""},
	{"if-range", ""},
	{"if-unmodified-since", ""},
	{"last-modified", ""},
	{"link", ""},
	{"location", ""},
	{"max-forwards", ""},
	{"proxy-authenticate", ""},
	{"proxy-authorization", ""},
	{"range", ""},
	{"referer", ""},
	{"refresh", ""},
	{"retry-after", ""},
	{"server", ""},
	{"set-cookie", ""},
	{"strict-transport-security", ""},
	{"transfer-encoding", ""},
	{"user-agent", ""},
	{"vary", ""},
	{"via", ""},
	{"www-authenticate", ""},
};

/*
 * Code lengths of the 256 bytes and the end mark (RFC 7541, appendix B). The code is canonical:
 * sorted by length, then by byte, codes are consecutive numbers, so lengths say it all.
 */
#define SYMBOLS  257
#define END_MARK 256
#define MAX_BITS 30
static const uint8_t code_bits[SYMBOLS] = {
	13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28,
	30, 28, 28, 28, 28, 28, 28, 28, 28, 28, 6,  10, 10, 12, 13, 6,  8,  11, 10, 10, 8,  11,
	8,  6,  6,  6,  5,  5,  5,  6,  6,  6,  6,  6,  6,  6,  7,  8,  15, 6,  12, 10, 13, 6,
	7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,  7,
	8,  7,  8,  13, 19, 13, 14, 6,  15, 5,  6,  5,  6,  5,  6,  6,  6,  5,  7,  7,  6,  6,
	6,  5,  6,  7,  6,  5,  5,  6,  7,  7,  7,  7,  7,  15, 11, 14, 13, 28, 20, 22, 20, 20,
	22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21,
	22, 23, 22, 23, 23, 24, 22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23,
	21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23, 26, 26, 20, 19, 22, 23,
	22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26,
	28, 27, 27, 27, 20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27,
	26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26, 30,
};

/* What lengths unfold to: per length the first code, and where its symbols start. */
struct huffman {
	uint32_t first_code[MAX_BITS + 1];
	uint16_t first_symbol[MAX_BITS + 1], count[MAX_BITS + 1];
	uint16_t symbols[SYMBOLS];
};

static const struct huffman *huffman(void)
{
	static struct huffman t;
	static bool made;
	uint32_t code = 0;
	uint16_t at = 0;

	if (made)
		return &t;
	made = true;
	for (unsigned int bits = 1; bits <= MAX_BITS; bits++) {
		code <<= 1;
		t.first_code[bits] = code;
		t.first_symbol[bits] = at;
		for (unsigned int s = 0; s < SYMBOLS; s++)
			if (code_bits[s] == bits) {
				t.symbols[at++] = (uint16_t)s;
				code++;
			}
		t.count[bits] = (uint16_t)(at - t.first_symbol[bits]);
	}
	return &t;
}

void sp_hpack_init(struct sp_hpack *h)
{
	memset(h, 0, sizeof(*h));
	h->max = SP_HPACK_TABLE;
}

/* The rest of a block. */
struct reader {
	const uint8_t *p, *end;
};

/* Section 5.1; numbers of more than 21 bits are nothing that we could use. */
static int read_int(struct reader *r, unsigned int prefix_bits, size_t *ret)
{
	size_t mask = (1u << prefix_bits) - 1, v;

	if (r->p == r->end)
		return -1;
	v = *r->p++ & mask;
	if (v == mask)
		for (unsigned int shift = 0;; shift += 7) {
			uint8_t b;

			if (shift > 14 || r->p == r->end)
				return -1;
			b = *r->p++;
			v += (size_t)(b & 0x7f) << shift;
			if (!(b & 0x80))
				break;
		}
	*ret = v;
	return 0;
}

static int put_scratch(struct sp_hpack *h, char c)
{
	if (h->n_scratch >= sizeof(h->scratch))
		return -1;
	h->scratch[h->n_scratch++] = c;
	return 0;
}

/* Section 5.2: what is left at the end is less than a byte of ones, the end mark itself an error */
static int unhuff(struct sp_hpack *h, const uint8_t *p, size_t len)
{
	const struct huffman *t = huffman();
	uint32_t code = 0;
	unsigned int bits = 0;

	for (size_t i = 0; i < len * 8; i++) {
		uint32_t at;

		code = code << 1 | (p[i / 8] >> (7 - i % 8) & 1);
		bits++;
		at = code - t->first_code[bits];
		if (code >= t->first_code[bits] && at < t->count[bits]) {
			uint16_t s = t->symbols[t->first_symbol[bits] + at];

			if (s == END_MARK || put_scratch(h, (char)s) < 0)
				return -1;
			code = bits = 0;
		} else if (bits == MAX_BITS) {
			return -1;
		}
	}
	return bits < 8 && code == (1u << bits) - 1 ? 0 : -1;
}

static int read_string(struct sp_hpack *h, struct reader *r, struct sp_str *ret)
{
	bool huff = r->p < r->end && *r->p & 0x80;
	size_t len, start = h->n_scratch;

	if (read_int(r, 7, &len) < 0 || len > (size_t)(r->end - r->p))
		return -1;
	if (huff) {
		if (unhuff(h, r->p, len) < 0)
			return -1;
		*ret = (struct sp_str){h->scratch + start, h->n_scratch - start};
	} else {
		*ret = (struct sp_str){(const char *)r->p, len};
	}
	r->p += len;
	return 0;
}

/* Field @index of both tables. */
static int look_up(const struct sp_hpack *h, size_t index, struct sp_str *name,
		   struct sp_str *value)
{
	size_t at = 0, i;

	if (index == 0)
		return -1;
	if (index <= SP_ARRAY_LEN(static_table)) {
		const char *n = static_table[index - 1].name, *v = static_table[index - 1].value;

		*name = (struct sp_str){n, strlen(n)};
		*value = (struct sp_str){v, strlen(v)};
		return 0;
	}
	index -= SP_ARRAY_LEN(static_table) + 1;
	if (index >= h->n)
		return -1;
	for (i = 0; i < index; i++)
		at += (size_t)h->name_len[i] + h->value_len[i];
	*name = (struct sp_str){(const char *)h->bytes + at, h->name_len[i]};
	*value = (struct sp_str){(const char *)h->bytes + at + name->len, h->value_len[i]};
	return 0;
}

static size_t table_size(const struct sp_hpack *h)
{
	return h->n_bytes + h->n * 32;
}

/* Drop the oldest until @room more fits. */
static void evict(struct sp_hpack *h, size_t room)
{
	while (h->n && table_size(h) + room > h->max) {
		h->n--;
		h->n_bytes -= (size_t)h->name_len[h->n] + h->value_len[h->n];
	}
}

/* Section 4.4: a field larger than the table empties it, and that is no error. */
static void insert(struct sp_hpack *h, struct sp_str name, struct sp_str value)
{
	size_t len = name.len + value.len;

	evict(h, len + 32);
	if (len + 32 > h->max)
		return;
	memmove(h->bytes + len, h->bytes, h->n_bytes);
	memcpy(h->bytes, name.ptr, name.len);
	memcpy(h->bytes + name.len, value.ptr, value.len);
	memmove(h->name_len + 1, h->name_len, h->n * sizeof(h->name_len[0]));
	memmove(h->value_len + 1, h->value_len, h->n * sizeof(h->value_len[0]));
	h->name_len[0] = (uint16_t)name.len;
	h->value_len[0] = (uint16_t)value.len;
	h->n++;
	h->n_bytes += len;
}

/* A literal's name is an index or a string. One from the table is copied: inserting moves it. */
static int read_literal(struct sp_hpack *h, struct reader *r, unsigned int prefix_bits,
			struct sp_str *name, struct sp_str *value)
{
	size_t index, start = h->n_scratch;
	struct sp_str ignored;

	if (read_int(r, prefix_bits, &index) < 0)
		return -1;
	if (index == 0)
		return read_string(h, r, name) < 0 ? -1 : read_string(h, r, value);
	if (look_up(h, index, name, &ignored) < 0 || name->len > sizeof(h->scratch) - h->n_scratch)
		return -1;
	memcpy(h->scratch + start, name->ptr, name->len);
	h->n_scratch += name->len;
	name->ptr = h->scratch + start;
	return read_string(h, r, value);
}

int sp_hpack_decode(struct sp_hpack *h, const uint8_t *block, size_t len, sp_hpack_field *fn,
		    void *arg)
{
	struct reader r = {block, block + len};
	struct sp_str name, value;
	size_t v;

	if (len > SP_HPACK_BLOCK)
		return -1;
	while (r.p < r.end) {
		uint8_t b = *r.p;

		h->n_scratch = 0;
		if (b & 0x80) { /* 6.1: indexed */
			if (read_int(&r, 7, &v) < 0 || look_up(h, v, &name, &value) < 0)
				return -1;
		} else if (b & 0x40) { /* 6.2.1: literal, to be indexed */
			if (read_literal(h, &r, 6, &name, &value) < 0)
				return -1;
			insert(h, name, value);
		} else if (b & 0x20) { /* 6.3: table size */
			if (read_int(&r, 5, &v) < 0 || v > SP_HPACK_TABLE)
				return -1;
			h->max = v;
			evict(h, 0);
			continue;
		} else if (read_literal(h, &r, 4, &name, &value) < 0) { /* 6.2.2, 6.2.3 */
			return -1;
		}
		fn(arg, name, value);
	}
	return 0;
}

static void put_string(struct sp_buf *out, const char *s)
{
	size_t len = strlen(s);

	if (len < 127) {
		sp_buf_putc(out, (char)len);
	} else {
		sp_buf_putc(out, 127);
		for (len -= 127; len >= 128; len >>= 7)
			sp_buf_putc(out, (char)(0x80 | (len & 0x7f)));
		sp_buf_putc(out, (char)len);
	}
	sp_buf_puts(out, s);
}

void sp_hpack_literal(struct sp_buf *out, const char *name, const char *value)
{
	sp_buf_putc(out, 0);
	put_string(out, name);
	put_string(out, value);
}
