/* SPDX-License-Identifier: Apache-2.0 */
/* Where the programs of this installation are. */
#ifndef SP_SYS_SELF_H
#define SP_SYS_SELF_H

#include "base/error.h"

/**
 * sp_self_sibling() - Path of another program of sidepod
 * @name: "sidepod-supervisor", "sidepod-worker"
 *
 * Looked for beside the running program (a build folder), then in ../libexec/sidepod/ (installed).
 */
int sp_self_sibling(const char *name, char *ret, size_t size, struct sp_error *err);

#endif
