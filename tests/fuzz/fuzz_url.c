/* SPDX-License-Identifier: Apache-2.0 */
/* Where a probe's answer sends it: Location headers, one per line, followed one after the other. */
#include "probe/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct sp_url u, same;
	char line[8192];

	if (sp_url_make(&u, false, "10.0.0.2", 8080, "/a/b?c") < 0)
		__builtin_trap();
	for (size_t at = 0; at < size;) {
		const uint8_t *nl = memchr(data + at, '\n', size - at);
		size_t n = (nl ? (size_t)(nl - data) : size) - at;
		struct sp_buf b = {0};

		if (n < sizeof(line)) {
			memcpy(line, data + at, n);
			line[n] = '\0';
			(void)sp_url_follow(&u, line); /* any answer is right */
		}
		at += n + 1;
		assert(u.target[0] == '/' && memchr(u.target, 0, sizeof(u.target)));
		assert(u.host[0] && memchr(u.host, 0, sizeof(u.host)));
		for (const char *s = u.target; *s; s++) /* nothing that ends a request line */
			assert((unsigned char)*s > ' ' && *s != 0x7f);
		sp_url_print(&u, &b);
		same = u;
		if (b.failed || sp_url_follow(&same, b.ptr) != 1 ||
		    !sp_streq(same.target, u.target) || !sp_streq(same.host, u.host) ||
		    same.port != u.port)
			__builtin_trap();
		sp_buf_done(&b);
	}
	return 0;
}
