/* SPDX-License-Identifier: Apache-2.0 */
/* Asking a system call filter without installing it, for tests. */
#ifndef SP_TESTS_SECCOMP_INTERPRET_H
#define SP_TESTS_SECCOMP_INTERPRET_H

#include "cmocka_all.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

/* The kernel's classic BPF, as far as filters of system calls use it. */
static inline uint32_t interpret(const struct sock_filter *f, uint32_t n,
				 const struct seccomp_data *d)
{
	uint32_t a = 0;

	for (uint32_t i = 0; i < n; i++) {
		switch (f[i].code) {
		case BPF_LD | BPF_W | BPF_ABS:
			assert_true(f[i].k + 4 <= sizeof(*d) && f[i].k % 4 == 0);
			memcpy(&a, (const char *)d + f[i].k, 4);
			break;
		case BPF_JMP | BPF_JA:
			i += f[i].k;
			break;
		case BPF_JMP | BPF_JEQ | BPF_K:
			i += a == f[i].k ? f[i].jt : f[i].jf;
			break;
		case BPF_JMP | BPF_JGE | BPF_K:
			i += a >= f[i].k ? f[i].jt : f[i].jf;
			break;
		case BPF_JMP | BPF_JGT | BPF_K:
			i += a > f[i].k ? f[i].jt : f[i].jf;
			break;
		case BPF_ALU | BPF_AND | BPF_K:
			a &= f[i].k;
			break;
		case BPF_JMP | BPF_JSET | BPF_K:
			i += a & f[i].k ? f[i].jt : f[i].jf;
			break;
		case BPF_RET | BPF_K:
			return f[i].k;
		default:
			fail_msg("instruction %u: code %x", i, f[i].code);
		}
	}
	fail_msg("ran off the end");
	return 0;
}

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#endif

#endif
