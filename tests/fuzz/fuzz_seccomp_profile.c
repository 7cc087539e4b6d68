/* SPDX-License-Identifier: Apache-2.0 */
/* Any text as a seccomp profile: a filter that the kernel would take, or a reason. */
#include "worker/seccomp_profile.h"

#include <linux/filter.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct sp_seccomp_machine machine = {.arch = "amd64", .major = 6, .minor = 1};
	struct sp_error err = {0};
	uint32_t n, flags;
	void *bpf;

	if (sp_seccomp_profile_compile((const char *)data, size, 0, &machine, &bpf, &n, &flags,
				       &err) < 0) {
		if (!err.text[0])
			__builtin_trap();
		return 0;
	}
	if (n == 0 || n > BPF_MAXINSNS)
		__builtin_trap();
	free(bpf);
	return 0;
}
