/* SPDX-License-Identifier: Apache-2.0 */
/* The small texts of manifests and records: what is read prints, and reads as the same. */
#include "base/text.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_base64(const char *bytes, size_t size)
{
	struct sp_buf b = {0};
	char *back = malloc(sp_base64_size(size) + 1), *again;
	size_t n;

	if (back && sp_base64_decode(bytes, size, back, &n) == 0)
		assert(n <= sp_base64_size(size));
	sp_base64_encode(bytes, size, &b);
	again = malloc(sp_base64_size(b.len) + 1);
	if (again && (sp_base64_decode(b.len ? b.ptr : "", b.len, again, &n) < 0 || n != size ||
		      (n && memcmp(again, bytes, n) != 0)))
		__builtin_trap();
	free(back);
	free(again);
	sp_buf_done(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[256], mem[256];
	struct sp_buf b = sp_buf_fixed(mem, sizeof(mem));
	int64_t at, again;
	sp_time t, same;

	check_base64((const char *)data, size);
	if (size >= sizeof(text))
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	if (sp_parse_rfc3339(text, &at) == 0) {
		sp_format_rfc3339(&b, at, 9);
		if (b.failed || sp_parse_rfc3339(mem, &again) < 0 || again != at)
			__builtin_trap();
	}
	sp_buf_clear(&b);
	if (sp_parse_go_duration(text, &t) == 0) {
		sp_format_go_duration(&b, t);
		if (b.failed || sp_parse_go_duration(mem, &same) < 0 || same != t)
			__builtin_trap();
	}
	if (sp_parse_i64(text, -100, 100, &at) == 0)
		assert(at >= -100 && at <= 100);
	assert(sp_utf8_columns(text) <= 2 * size);
	(void)sp_edit_distance(text, "initContainers", 3);
	return 0;
}
