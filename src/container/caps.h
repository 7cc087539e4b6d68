/* SPDX-License-Identifier: Apache-2.0 */
/* Capability names and sets. Pure. Source: capabilities(7); lifecycle rule SEC-3. */
#ifndef SP_CONTAINER_CAPS_H
#define SP_CONTAINER_CAPS_H

#include "base/error.h"

struct sp_k_security; /* spec/types.h */

#define SP_CAPS_COUNT 41 /* CAP_CHECKPOINT_RESTORE is the last known */
#define SP_CAPS_ALL   ((UINT64_C(1) << SP_CAPS_COUNT) - 1)
#define SP_CAP(n)     (UINT64_C(1) << (n))

/* What a container has when nobody says anything: the 14 of the container world. */
extern const uint64_t sp_caps_default;

/* Those that make a difference for the system call filter. */
extern const uint64_t sp_caps_seccomp;

/** sp_cap_find() - "NET_ADMIN", with or without "CAP_". Return: number, or -1 */
int sp_cap_find(const char *name);

/**
 * sp_caps_declared() - The set that a manifest asks for, whatever the engine may give: what filters
 * of system calls are made for
 */
int sp_caps_declared(const struct sp_k_security *s, uint64_t *ret, struct sp_error *err);

/**
 * sp_caps_resolve() - The set of a container
 * @add, @drop: names; "ALL" is applied before single names, and add before drop
 * @have:	what the engine itself may give away; others are left out silently
 */
int sp_caps_resolve(const char *const *add, uint32_t n_add, const char *const *drop,
		    uint32_t n_drop, bool privileged, uint64_t have, uint64_t *ret,
		    struct sp_error *err);

#endif
