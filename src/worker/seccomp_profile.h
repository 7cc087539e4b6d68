/* SPDX-License-Identifier: Apache-2.0 */
/*
 * System call filters that users bring along: JSON as container engines read it, to instructions.
 *
 * Both dialects are understood: the runtime specification's (names, action, args) and Docker's,
 * which adds archMap and conditions on capabilities, architectures and the kernel's version.
 * Done by libseccomp, in a process of its own: the file may come from anywhere.
 * Source: OCI runtime-spec, config-linux.md, "Seccomp"; Docker's seccomp profile documentation.
 */
#ifndef SP_WORKER_SECCOMP_PROFILE_H
#define SP_WORKER_SECCOMP_PROFILE_H

#include "base/error.h"

#define SP_SECCOMP_PROFILE_MAX (1024u * 1024)

struct sp_seccomp_machine {
	const char *arch; /* as profiles name it: "amd64", "arm64" */
	int major, minor; /* of the kernel */
};

/** sp_seccomp_machine_here() - This one */
void sp_seccomp_machine_here(struct sp_seccomp_machine *ret);

/**
 * sp_seccomp_profile_compile() - Compile a profile for a container with @caps
 * @ret_bpf: struct sock_filter[], to be released with free()
 * @ret_flags: SECCOMP_FILTER_FLAG_ bits
 *
 * System calls that libseccomp or an architecture does not know are passed over, as everywhere.
 * Errors: SP_E_INVALID: what is wrong and where; SP_E_UNSUPPORTED: an action that needs an agent.
 */
int sp_seccomp_profile_compile(const char *json, size_t len, uint64_t caps,
			       const struct sp_seccomp_machine *machine, void **ret_bpf,
			       uint32_t *ret_n, uint32_t *ret_flags, struct sp_error *err);

#endif
