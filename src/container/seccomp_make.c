/* SPDX-License-Identifier: Apache-2.0 */
/* A program of the build: prints the default filter as C, so that no start of a pod compiles it. */
#include "container/caps.h"
#include "container/seccomp_default.h"

#include <linux/filter.h>
#include <stdio.h>
#include <stdlib.h>

int main(void)
{
	const uint64_t caps = sp_caps_default & sp_caps_seccomp;
	struct sock_filter *insns;
	struct sp_error err;
	void *bpf;
	uint32_t n;

	if (sp_seccomp_default_build(caps, &bpf, &n, &err) < 0) {
		(void)fprintf(stderr, "seccomp-make: %s\n", err.text);
		return 1;
	}
	insns = bpf;
	printf("#include \"container/seccomp_default.h\"\n\n#include <linux/filter.h>\n\n"
	       "static const struct sock_filter insns[] = {\n");
	for (uint32_t i = 0; i < n; i++)
		printf("\t{%#x, %u, %u, %#x},\n", insns[i].code, insns[i].jt, insns[i].jf,
		       insns[i].k);
	printf("};\n\nconst struct sp_seccomp sp_seccomp_default = {\n"
	       "\t.caps = %#llx,\n\t.bpf = insns,\n\t.n = sizeof(insns) / sizeof(*insns),\n};\n",
	       (unsigned long long)caps);
	free(bpf);
	return fflush(stdout) == 0 ? 0 : 1; /* a full disk must not leave half a filter */
}
