/* SPDX-License-Identifier: Apache-2.0 */
/* Header blocks one after the other on one connection: each is a length byte and that many bytes.
 */
#include "probe/hpack.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Reads every byte of a field, so that the sanitizer sees views that lead nowhere. */
static void touch(void *arg, struct sp_str name, struct sp_str value)
{
	unsigned int *sum = arg;

	for (size_t i = 0; i < name.len; i++)
		*sum += (unsigned char)name.ptr[i];
	for (size_t i = 0; i < value.len; i++)
		*sum += (unsigned char)value.ptr[i];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct sp_hpack h;
	static volatile unsigned int sink;
	unsigned int sum = 0;

	sp_hpack_init(&h);
	while (size) {
		size_t len = SP_MIN((size_t)data[0], size - 1);

		if (sp_hpack_decode(&h, data + 1, len, touch, &sum) < 0)
			break;
		assert(h.n_bytes + h.n * 32 <= h.max && h.max <= SP_HPACK_TABLE);
		data += 1 + len;
		size -= 1 + len;
	}
	sink = sum;
	(void)sink; /* kept so that the reads are */
	return 0;
}
