/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The RuntimeDefault system call filter of the container world. It is compiled with libseccomp's
 * numbers while the product is built; the command carries the finished instructions, and
 * supervisors get them with the pod.
 */
#ifndef SP_CONTAINER_SECCOMP_DEFAULT_H
#define SP_CONTAINER_SECCOMP_DEFAULT_H

#include "base/error.h"
#include "container/container.h"

/* For containers with the default capabilities; written by seccomp_make.c. */
extern const struct sp_seccomp sp_seccomp_default;

/**
 * sp_seccomp_default_build() - Compile the filter for containers with @caps
 * @caps: capability bits; those outside of sp_caps_seccomp make no difference
 * @ret_bpf: struct sock_filter[], to be released with free()
 *
 * Calls that the profile knows and does not allow fail with EPERM; calls that are newer than the
 * profile fail with ENOSYS, so that programs take their fallback.
 */
int sp_seccomp_default_build(uint64_t caps, void **ret_bpf, uint32_t *ret_n, struct sp_error *err);

#endif
